//! Gathers the details of a run: all there is to know, for whoever wants to.

use rescue_stick::report::InstallationReport;
use rescue_stick::report::health::DiskHealth;
use rescue_stick::report::line::Line;

use super::Story;
use super::outcome::health_lines;
use crate::screen::words::{self, Language, Words, disks};

/// A line of the details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The line.
    pub text: String,
    /// Whether it is a heading.
    pub is_heading: bool,
}

impl Story {
    /// Returns all there is to know, for whoever wants to.
    pub fn details(&self) -> Vec<Detail> {
        let mut details = Details {
            story: self,
            lines: Vec::new(),
        };
        details.machine();
        let report = self
            .outcome
            .as_ref()
            .and_then(|outcome| outcome.report.as_ref());
        let installations = report.map_or(&[][..], |report| report.installations.as_slice());
        let proposed = self.proposed.as_ref().filter(|_| installations.is_empty());
        installations
            .iter()
            .chain(proposed)
            .for_each(|one| details.installation(one));
        if let Some(report) = report {
            details.disks(&report.health.disks);
            details.list(
                words::headings::NOTES,
                report.notes.iter().map(String::as_str),
            );
            let health = health_lines(report);
            details.list(words::labels::HEALTH, health.iter().map(String::as_str));
        }
        let outcome = self.outcome.iter();
        let filed = outcome.flat_map(|outcome| outcome.saved_line.iter().chain(&outcome.remarks));
        details.list(words::headings::REPORT, filed.map(String::as_str));
        details.list(words::headings::LOG, self.log.iter().map(String::as_str));
        details.lines
    }
}

/// Details that are being gathered.
struct Details<'s> {
    story: &'s Story,
    lines: Vec<Detail>,
}

impl Details<'_> {
    fn heading(&mut self, text: String) {
        if !self.lines.is_empty() {
            self.text("");
        }
        self.lines.push(Detail {
            text,
            is_heading: true,
        });
    }

    fn text(&mut self, line: &str) {
        let text = self.story.translate(line);
        self.lines.push(Detail {
            text,
            is_heading: false,
        });
    }

    /// Returns a line that proves something: in English word for word, as the report has it.
    fn quoted(&self, line: &str) -> String {
        match self.story.language {
            Language::English => line.to_owned(),
            _ => self.story.translate(line),
        }
    }

    /// A line as the report has it: what stands in it are names and proofs.
    fn exact(&mut self, text: String) {
        self.lines.push(Detail {
            text,
            is_heading: false,
        });
    }

    fn list<'l>(&mut self, heading: Words, lines: impl Iterator<Item = &'l str>) {
        let mut lines = lines.peekable();
        if lines.peek().is_some() {
            self.heading(self.story.say(heading));
            lines.for_each(|line| self.text(line));
        }
    }

    fn machine(&mut self) {
        let machine = &self.story.machine;
        let memory = machine
            .memory_bytes
            .map(|bytes| format!("{} MiB", bytes >> 20));
        let parts = [
            Some(self.story.maker()),
            machine
                .serial
                .as_ref()
                .map(|serial| format!("{} {serial}", self.story.say(disks::SERIAL_NUMBER))),
            Some(machine.firmware.clone()),
            memory,
            machine
                .kernel
                .as_ref()
                .map(|kernel| format!("Linux {kernel}")),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .collect();
        self.list(words::headings::MACHINE, parts.iter().map(String::as_str));
        let outcome = self.story.outcome.as_ref();
        let report = outcome.and_then(|outcome| outcome.report.as_ref());
        for volume in report.iter().flat_map(|report| &report.volumes) {
            let megabytes = volume.size / 1_000_000;
            let name = self.story.translate(&volume.name);
            let model = volume.disk_model.as_deref().unwrap_or_default();
            let (kind, state) = (&volume.file_system, &volume.state);
            self.text(format!("{name}: {kind}, {megabytes} MB, {state}  {model}").trim_end());
        }
    }

    /// What each disk says of itself, in the order in which a technician asks.
    fn disks(&mut self, disks: &[DiskHealth]) {
        if !disks.is_empty() {
            self.heading(self.story.say(disks::DISKS));
        }
        for disk in disks {
            let model = disk.model.as_ref().map_or("", Line::as_str);
            let serial = disk.serial.as_ref().map_or("", Line::as_str);
            let gigabytes = disk.size / 1_000_000_000;
            let condition = disks::of_condition(disk.condition);
            let name = self.story.translate(disk.name.as_str());
            let condition = self.story.say(condition);
            self.exact(format!(
                "{name}: {condition}  {model} {serial} {gigabytes} GB"
            ));
            let counts = [
                (disks::REALLOCATED, disk.reallocated_sectors),
                (disks::PENDING, disk.pending_sectors),
                (disks::UNCORRECTABLE, disk.uncorrectable_sectors),
                (disks::MEDIA_ERRORS, disk.media_errors),
                (disks::POWER_ON_HOURS, disk.power_on_hours),
                (disks::WEAR, disk.percentage_used),
                (disks::SPARE, disk.available_spare),
            ];
            for (label, count) in counts {
                if let Some(count) = count {
                    self.exact(format!("  {}: {count}", self.story.say(label)));
                }
            }
            if let Some(celsius) = disk.temperature_celsius {
                let label = self.story.say(disks::TEMPERATURE);
                self.exact(format!("  {label}: {celsius} °C"));
            }
            for reason in &disk.reasons {
                self.text(reason.as_str());
            }
        }
    }

    fn installation(&mut self, one: &InstallationReport) {
        let computer = one.computer.as_deref().unwrap_or_default();
        self.heading(format!(
            "{computer} {} · {}",
            one.folder,
            self.story.translate(&one.volume)
        ));
        let windows = words::terms::in_list(&one.windows, self.story.language);
        self.text(&windows);
        for product in &one.products {
            self.exact(words::terms::in_product(product, self.story.language));
        }
        if !one.findings.is_empty() {
            self.heading(self.story.say(words::headings::EVIDENCE));
        }
        for finding in &one.findings {
            self.text(&finding.text);
            finding
                .evidence
                .iter()
                .for_each(|line| self.exact(format!("  {}", self.quoted(line))));
        }
        if !one.candidates.is_empty() {
            self.heading(self.story.say(words::headings::CANDIDATES));
        }
        for candidate in &one.candidates {
            self.exact(candidate.place.clone());
            let word = if candidate.accepted {
                words::ACCEPTED
            } else {
                words::REFUSED
            };
            let reason = self.quoted(&candidate.reason);
            self.exact(format!("  {}: {reason}", self.story.say(word)));
        }
        if let Some(plan) = &one.plan {
            self.heading(self.story.say(words::headings::PLAN));
            for line in plan.lines() {
                let text = line.trim_start();
                let indent = line.len().saturating_sub(text.len());
                self.exact(format!("{:indent$}{}", "", self.quoted(text)));
            }
        }
        if !one.changes.is_empty() {
            self.heading(self.story.say(words::headings::CHANGES));
        }
        for change in &one.changes {
            self.exact(change.path.clone());
            if let Some(kept) = &change.kept {
                self.exact(format!("  {kept}"));
            }
        }
        self.list(
            words::headings::NOTES,
            one.advice.iter().map(String::as_str),
        );
    }
}
