//! The report as a page for people, in their language. Pure.

use std::fmt::Write as _;

use rescue_stick::report::{
    CandidateReport, ChangeReport, InstallationReport, MachineFacts, Report, Verdict, VisitFacts,
    VolumeReport,
};

use crate::health::page::render_health;
use crate::screen::headline::Headline;
use crate::screen::words::sentences::translate;
use crate::screen::words::{Language, Words, page as words, terms};

/// Returns the page.
pub(super) fn write_page(report: &Report, language: Language) -> String {
    let mut page = Page {
        text: String::new(),
        language,
    };
    page.line(0, &page.say(words::TITLE, &[&report.run]));
    page.line(0, "");
    page.line(0, page.verdict(report.verdict));
    page.line(0, "");
    page.field(0, words::PC, &page.machine(&report.machine));
    let stick = &report.stick;
    let id = stick.id.as_ref().map(|id| format!("{id}, "));
    let id = id.unwrap_or_default();
    page.field(
        0,
        words::STICK,
        &format!("{id}{}, {}", stick.title, stick.date),
    );
    page.field(0, words::REPORT, &page.seal(report));
    page.visit(&report.visit);
    page.kit(report);
    let seconds = format!("{}.{}", report.took_ms / 1000, report.took_ms % 1000 / 100);
    let started = page.say(words::BY_CLOCK, &[&report.started, &seconds]);
    page.field(0, words::STARTED, &started);
    for installation in &report.installations {
        page.installation(installation);
    }
    page.line(0, "");
    for line in render_health(&report.health, &report.machine, language) {
        page.line(0, &line);
    }
    page.line(0, "");
    for volume in &report.volumes {
        page.volume(volume);
    }
    for note in &report.notes {
        page.field(0, words::NOTE, &page.sentence(note));
    }
    page.times(report);
    page.text
}

/// A page that is being written.
struct Page {
    text: String,
    language: Language,
}

impl Page {
    fn say(&self, text: Words, values: &[&str]) -> String {
        words::fill(text, values, self.language)
    }

    /// Returns a sentence of the repair in the page's language. English ones stay word for word.
    fn sentence(&self, text: &str) -> String {
        match self.language {
            Language::English => text.to_owned(),
            language => translate(text, language).into_owned(),
        }
    }

    fn verdict(&self, verdict: Verdict) -> &'static str {
        Headline::Verdict(verdict).word(self.language)
    }

    fn line(&mut self, indent: usize, text: &str) {
        // OK to discard: writing to a String does not fail.
        let _ = writeln!(self.text, "{}", format!("{:indent$}{text}", "").trim_end());
    }

    fn field(&mut self, indent: usize, name: Words, text: &str) {
        let name = name.in_language(self.language);
        self.line(indent, &format!("{name:<10} {text}"));
    }

    fn machine(&self, machine: &MachineFacts) -> String {
        let mut parts = Vec::new();
        parts.extend(
            [&machine.vendor, &machine.model]
                .into_iter()
                .flatten()
                .cloned(),
        );
        let serial = machine.serial.iter();
        parts.extend(serial.map(|serial| self.say(words::SERIAL, &[serial])));
        parts.push(machine.firmware.clone());
        parts.join(", ")
    }

    /// Returns how the report is kept from being changed.
    fn seal(&self, report: &Report) -> String {
        let number = report.chain.as_ref().map(|link| link.number.to_string());
        match (&report.stick.public_key, number) {
            (None, _) => self.say(words::UNSIGNED, &[]),
            (Some(key), Some(number)) => self.say(words::SIGNED, &[&number, key]),
            (Some(key), None) => self.say(words::SIGNED_ASIDE, &[key]),
        }
    }

    fn visit(&mut self, visit: &VisitFacts) {
        let facts = [
            (words::TECHNICIAN, &visit.technician),
            (words::SITE, &visit.site),
            (words::TICKET, &visit.ticket),
        ];
        let told: Vec<String> = facts
            .into_iter()
            .filter_map(|(words, fact)| Some(self.say(words, &[fact.as_ref()?.as_str()])))
            .collect();
        if !told.is_empty() {
            self.field(0, words::VISIT, &told.join(", "));
        }
    }

    fn kit(&mut self, report: &Report) {
        let carried: Vec<String> = report
            .kit
            .definitions
            .iter()
            .map(|(set, version)| format!("{set} {version}"))
            .collect();
        if !carried.is_empty() {
            self.field(0, words::KIT, &carried.join(", "));
        }
    }

    fn times(&mut self, report: &Report) {
        let times = report.timings.iter().filter(|timing| timing.took_ms > 0);
        let times: Vec<String> = times
            .map(|timing| {
                let stage = terms::in_language(&timing.stage, self.language);
                format!("{stage} {} ms", timing.took_ms)
            })
            .collect();
        if !times.is_empty() {
            self.field(0, words::TIMES, &times.join(", "));
        }
    }

    fn volume(&mut self, volume: &VolumeReport) {
        let VolumeReport {
            name,
            file_system,
            size,
            state,
            ..
        } = volume;
        let (name, state) = (self.sentence(name), self.sentence(state));
        let megabytes = size / 1_000_000;
        let what = format!("{file_system}, {megabytes} MB, {state}");
        let text = self.say(words::IS, &[&name, &what]);
        self.field(0, words::VOLUME, &text);
    }

    fn installation(&mut self, installation: &InstallationReport) {
        let InstallationReport {
            volume,
            folder,
            verdict,
            ..
        } = installation;
        self.line(0, "");
        let place = self.say(words::ON, &[folder, &self.sentence(volume)]);
        let text = self.say(words::IS, &[&place, self.verdict(*verdict)]);
        self.line(0, &text);
        if let Some(computer) = &installation.computer {
            self.field(2, words::COMPUTER, computer);
        }
        let windows = terms::in_list(&installation.windows, self.language);
        self.field(2, words::WINDOWS, &windows);
        for product in &installation.products {
            let product = terms::in_product(product, self.language);
            self.field(2, words::SECURITY, &product);
        }
        for finding in &installation.findings {
            let text = self.sentence(&finding.text);
            self.field(2, words::FOUND, &format!("{text} ({})", finding.id));
            for line in &finding.evidence {
                self.line(15, &self.sentence(line));
            }
        }
        for candidate in &installation.candidates {
            self.candidate(candidate);
        }
        if let Some(plan) = &installation.plan {
            self.field(2, words::PLAN, "");
            for line in plan.lines() {
                let text = line.trim_start();
                let indent = line.len().saturating_sub(text.len());
                self.line(indent.saturating_add(4), &self.sentence(text));
            }
        }
        for change in &installation.changes {
            self.change(change);
        }
        for line in &installation.advice {
            self.field(2, words::NEXT, &self.sentence(line));
        }
    }

    fn candidate(&mut self, candidate: &CandidateReport) {
        let CandidateReport {
            place,
            accepted,
            reason,
            ..
        } = candidate;
        let word = match *accepted {
            true => words::ACCEPTED,
            false => words::REFUSED,
        };
        self.field(2, words::LOOKED_AT, place);
        self.line(15, &self.say(word, &[&self.sentence(reason)]));
    }

    fn change(&mut self, change: &ChangeReport) {
        self.field(2, words::CHANGED, &change.path);
        let digest = |digest: &Option<_>| match digest {
            Some(digest) => ToString::to_string(digest),
            None => self.say(words::NOT_THERE, &[]),
        };
        let (before, after) = (digest(&change.before), digest(&change.after));
        self.line(15, &self.say(words::BEFORE, &[&before]));
        self.line(15, &self.say(words::AFTER, &[&after]));
        if let Some(kept) = &change.kept {
            self.line(15, &self.say(words::KEPT, &[kept]));
        }
    }
}

#[cfg(test)]
mod tests;
