//! Everything the screen knows of a run, and the pages that are made of it. All in English as the repair
//! says it; it is put into the person's language when a page is made, so that a key can change it.

use std::time::Duration;

use rescue_stick::report::{InstallationReport, MachineFacts, StickFacts, Verdict};

use self::outcome::Outcome;

use super::headline::Headline;
use super::sheet::{Gauge, Row, Sheet};
use super::words::sentences::{fill, translate};
use super::words::{self, Language, Words};
use super::{Progress, WITHOUT_JOURNAL, Work};

pub mod asked;
pub mod gather;
pub mod outcome;

/// Lines of the run that are kept for the details; the oldest go first.
const LONGEST_LOG: usize = 400;
/// Lines of the run that are shown while it works.
const SHOWN_LOG: usize = 5;

/// Begins the line that says where a fault of our own lies. It is for whoever can mend it, so it is in the
/// details and in the report, and on no page.
pub const FAULT: &str = "fault of mend: ";

/// A run as the screen knows it.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// Language of the pages.
    pub language: Language,
    /// The PC.
    pub machine: MachineFacts,
    /// The stick.
    pub stick: StickFacts,
    /// What is being done.
    pub work: Work,
    /// Progress of it, if it can be told.
    pub progress: Option<Progress>,
    /// The installation whose plan is shown or carried out.
    pub proposed: Option<InstallationReport>,
    /// As what that plan is carried out.
    pub planned: Work,
    /// What came out.
    pub outcome: Option<Outcome>,
    /// Whether the PC is switched off in the end, and not started anew.
    pub is_last: bool,
    log: Vec<String>,
}

impl Story {
    /// Notes a line of the run.
    pub fn note(&mut self, line: &str) {
        if self.log.len() >= LONGEST_LOG {
            self.log.remove(0);
        }
        if !line.trim().is_empty() {
            self.log.push(line.to_owned());
        }
    }

    fn say(&self, words: Words) -> String {
        words.in_language(self.language).to_owned()
    }

    fn translate(&self, line: &str) -> String {
        translate(line, self.language).into_owned()
    }

    fn sheet(&self, headline: Headline, tagline: String) -> Sheet {
        let stick = match (&self.stick.id, self.stick.date.as_str()) {
            (_, "") => String::new(),
            (Some(id), date) => format!("{} {id} · {date}", self.say(words::NAMED_STICK)),
            (None, date) => format!("{} {date}", self.say(words::STICK)),
        };
        Sheet {
            language: self.language,
            title: self.stick.title.clone(),
            stick,
            headline,
            tagline,
            rows: Vec::new(),
            action: String::new(),
            gauge: None,
            field: None,
            code: None,
            keys: Vec::new(),
        }
    }

    /// Makes the page while it works.
    pub fn work_page(&self) -> Sheet {
        let (headline, tagline) = match self.work {
            Work::Looking => (Headline::Checking, words::NOTHING_IS_WRITTEN),
            Work::Repairing => (Headline::Repairing, words::DO_NOT_SWITCH_OFF),
            Work::Undoing => (Headline::Undoing, words::DO_NOT_SWITCH_OFF),
        };
        let mut sheet = self.sheet(headline, self.say(tagline));
        if self.work != Work::Looking
            && let Some(installation) = &self.proposed
        {
            self.push_machine(installation, &mut sheet.rows);
        } else {
            let maker = self.maker();
            if !maker.is_empty() {
                sheet.rows.push(Row::new(
                    words::labels::PC.in_language(self.language),
                    maker,
                ));
            }
        }
        let recent = self.log.len().saturating_sub(SHOWN_LOG);
        let label = words::labels::NOW.in_language(self.language);
        let (older, newest) = self.log.split_at(self.log.len().saturating_sub(1));
        let older = older.iter().skip(recent);
        for line in newest {
            sheet.rows.push(Row::new(label, self.translate(line)));
        }
        // The newest first: it stands where the eye is, and never moves.
        sheet
            .rows
            .extend(older.rev().map(|line| Row::quiet(self.translate(line))));
        sheet.gauge = self.progress.as_ref().map(|progress| self.gauge(progress));
        sheet
    }

    fn gauge(&self, progress: &Progress) -> Gauge {
        let left = progress.left.map(|left| {
            fill(
                words::LEFT.in_language(self.language),
                &[&spell_time(left)],
                self.language,
            )
        });
        Gauge {
            text: self.translate(&progress.text),
            percent: u16::try_from(progress.percent()).unwrap_or(100),
            left: left.unwrap_or_default(),
        }
    }

    fn maker(&self) -> String {
        let parts = [&self.machine.vendor, &self.machine.model];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        parts.join(" ")
    }

    fn push_machine(&self, installation: &InstallationReport, rows: &mut Vec<Row>) {
        let say = |words: Words| words.in_language(self.language);
        let volume = self.translate(&installation.volume);
        let parts = [
            installation.computer.clone().unwrap_or_default(),
            self.maker(),
            volume,
        ];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        rows.push(Row::new(say(words::labels::PC), parts.join(" · ")));
        rows.push(Row::new(
            say(words::labels::RUNS),
            words::terms::in_list(&installation.windows, self.language),
        ));
    }

    fn push_findings(&self, installation: &InstallationReport, rows: &mut Vec<Row>) {
        let label = words::labels::FOUND.in_language(self.language);
        let found = installation
            .findings
            .iter()
            .map(|found| found.text.as_str());
        self.push_list(label, found, rows);
    }

    fn push_list<'l>(
        &self,
        label: &'static str,
        lines: impl Iterator<Item = &'l str>,
        rows: &mut Vec<Row>,
    ) {
        for (index, line) in lines.enumerate() {
            let label = if index == 0 { label } else { "" };
            rows.push(Row::new(label, self.translate(line)));
        }
    }

    /// Makes the page that asks whether the plan is to be carried out.
    pub fn proposal_page(&self, warning: Option<&str>) -> Sheet {
        let is_undo = self.planned == Work::Undoing;
        let (headline, tagline, key) = if is_undo {
            (
                Headline::ToUndo,
                words::CAN_BE_UNDONE,
                words::keys::KEY_UNDO,
            )
        } else {
            let affected = Headline::Verdict(Verdict::Affected);
            (affected, words::CAN_BE_FIXED, words::keys::KEY_REPAIR)
        };
        let mut sheet = self.sheet(headline, self.say(tagline));
        if let Some(installation) = &self.proposed {
            self.push_machine(installation, &mut sheet.rows);
            let guard = words::labels::GUARD.in_language(self.language);
            let products = installation.products.iter();
            for (index, product) in products.enumerate() {
                let label = if index == 0 { guard } else { "" };
                // The engine is in the details; here every row counts.
                let product = product.split(", engine").next().unwrap_or(product);
                let product = words::terms::in_product(product, self.language);
                sheet.rows.push(Row::new(label, product));
            }
            self.push_findings(installation, &mut sheet.rows);
            if let Some(warning) = warning {
                let label = words::labels::NOTE.in_language(self.language);
                sheet.rows.push(Row::new(label, self.translate(warning)));
            }
            self.push_plan(
                installation.plan.as_deref().unwrap_or_default(),
                &mut sheet.rows,
            );
            sheet.rows.push(Row::quiet(self.say(if is_undo {
                words::NOTHING_ELSE
            } else {
                words::BOTH_CAN_BE_UNDONE
            })));
        }
        sheet.keys = vec![
            (self.say(words::keys::ENTER), self.say(key)),
            ("N".into(), self.say(words::keys::KEY_NOTHING)),
            ("D".into(), self.say(words::keys::KEY_DETAILS)),
        ];
        sheet
    }

    fn push_plan(&self, plan: &str, rows: &mut Vec<Row>) {
        let label = words::labels::WILL.in_language(self.language);
        let mut count = 0_u32;
        for line in plan.lines() {
            let (number, step) = line.split_once(' ').unwrap_or_default();
            if number.parse::<u32>().is_ok() {
                let label = if count == 0 { label } else { "" };
                count = count.saturating_add(1);
                rows.push(Row::new(
                    label,
                    format!("{number}  {}", self.translate(step)),
                ));
            } else if let Some(more) = line.strip_prefix("           ")
                && !more.starts_with("undo: ")
            {
                rows.push(Row::quiet(format!("   {}", self.translate(more))));
            }
        }
    }

    /// Makes the page that asks whether to go on although the stick protects nothing, for this reason.
    pub fn unprotected_page(&self, reason: &str) -> Sheet {
        let headline = Headline::Verdict(Verdict::NeedsYou);
        let mut sheet = self.sheet(headline, self.say(words::NO_PROTECTION));
        if let Some(installation) = &self.proposed {
            self.push_machine(installation, &mut sheet.rows);
        }
        let label = |words: Words| words.in_language(self.language);
        let found = Row::new(label(words::labels::FOUND), self.translate(reason));
        sheet.rows.push(found);
        let note = Row::new(label(words::labels::NOTE), self.translate(WITHOUT_JOURNAL));
        sheet.rows.push(note);
        // Enter is what people press without reading, so here it is a no.
        sheet.keys = vec![
            (
                self.say(words::keys::ENTER),
                self.say(words::keys::KEY_NOTHING),
            ),
            (
                words::keys::yes_letter(self.language)
                    .to_ascii_uppercase()
                    .to_string(),
                self.say(words::keys::KEY_UNPROTECTED),
            ),
            ("D".into(), self.say(words::keys::KEY_DETAILS)),
        ];
        sheet
    }
}

fn spell_time(time: Duration) -> String {
    // Nobody wants to read that 0 s are left.
    match time.as_secs().saturating_add(1) {
        seconds @ 0..90 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests;
