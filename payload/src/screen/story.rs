//! Everything the screen knows of a run, and the pages that are made of it. All in English as the repair
//! says it; it is put into the person's language when a page is made, so that a key can change it.

use std::time::Duration;

use rescue_stick::report::{InstallationReport, MachineFacts, Report, StickFacts, Verdict};

use super::code::Code;
use super::headline::Headline;
use super::sheet::{Gauge, Row, Sheet};
use super::words::sentences::{fill, translate};
use super::words::{self, Language, Words};
use super::{ADVICE_TO_RESTART, Progress, Refused, WITHOUT_JOURNAL, Work, done_line};

pub mod asked;
pub mod gather;

/// Lines of the run that are kept for the details; the oldest go first.
const LONGEST_LOG: usize = 400;
/// Lines of the run that are shown while it works.
const SHOWN_LOG: usize = 5;

/// Begins the line that says where a fault of our own lies. It is for whoever can mend it, so it is in the
/// details and in the report, and on no page.
pub const FAULT: &str = "fault of mend: ";

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A key restarts the PC.
    Key,
    /// Pulling the stick, or a key, restarts the PC.
    Removal,
    /// The stick is out; a key restarts the PC.
    StickIsOut,
    /// The PC switches itself off.
    PowerOff,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// What was found or done and what is next, where there is no report.
    pub lines: Vec<String>,
    /// The report, if it came to one.
    pub report: Option<Report>,
    /// Whether the report is on the stick, if that was tried.
    pub is_saved: Option<bool>,
    /// Where the report is, or why it is not.
    pub saved_line: Option<String>,
    /// What of the report is shown as codes to be scanned, in their order.
    pub codes: Vec<Code>,
    /// Whether the next start from the stick has something to finish.
    pub is_unfinished: bool,
}

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
        let stick = match self.stick.date.as_str() {
            "" => String::new(),
            date => format!("{} {date}", self.say(words::STICK)),
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
                sheet
                    .rows
                    .push(Row::new(words::PC.in_language(self.language), maker));
            }
        }
        let recent = self.log.len().saturating_sub(SHOWN_LOG);
        let label = words::NOW.in_language(self.language);
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
        rows.push(Row::new(say(words::PC), parts.join(" · ")));
        rows.push(Row::new(say(words::RUNS), installation.windows.clone()));
    }

    fn push_findings(&self, installation: &InstallationReport, rows: &mut Vec<Row>) {
        let label = words::FOUND.in_language(self.language);
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
            (Headline::ToUndo, words::CAN_BE_UNDONE, words::KEY_UNDO)
        } else {
            let affected = Headline::Verdict(Verdict::Affected);
            (affected, words::CAN_BE_FIXED, words::KEY_REPAIR)
        };
        let mut sheet = self.sheet(headline, self.say(tagline));
        if let Some(installation) = &self.proposed {
            self.push_machine(installation, &mut sheet.rows);
            let guard = words::GUARD.in_language(self.language);
            let products = installation.products.iter();
            for (index, product) in products.enumerate() {
                let label = if index == 0 { guard } else { "" };
                // The engine is in the details; here every row counts.
                let product = product.split(", engine").next().unwrap_or(product);
                sheet.rows.push(Row::new(label, product));
            }
            self.push_findings(installation, &mut sheet.rows);
            if let Some(warning) = warning {
                let label = words::NOTE.in_language(self.language);
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
            (self.say(words::ENTER), self.say(key)),
            ("N".into(), self.say(words::KEY_NOTHING)),
            ("D".into(), self.say(words::KEY_DETAILS)),
        ];
        sheet
    }

    fn push_plan(&self, plan: &str, rows: &mut Vec<Row>) {
        let label = words::WILL.in_language(self.language);
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
        let found = Row::new(label(words::FOUND), self.translate(reason));
        sheet.rows.push(found);
        let note = Row::new(label(words::NOTE), self.translate(WITHOUT_JOURNAL));
        sheet.rows.push(note);
        // Enter is what people press without reading, so here it is a no.
        sheet.keys = vec![
            (self.say(words::ENTER), self.say(words::KEY_NOTHING)),
            (
                words::yes_letter(self.language)
                    .to_ascii_uppercase()
                    .to_string(),
                self.say(words::KEY_UNPROTECTED),
            ),
            ("D".into(), self.say(words::KEY_DETAILS)),
        ];
        sheet
    }

    /// Makes the page of the outcome.
    pub fn outcome_page(&self, ending: Option<Ending>) -> Sheet {
        let Some(outcome) = &self.outcome else {
            return self.work_page();
        };
        let headline = Headline::of(outcome.verdict, outcome.report.as_ref());
        let mut sheet = self.sheet(headline, self.outcome_tagline(outcome));
        match &outcome.report {
            Some(report) => self.push_report(report, &mut sheet.rows),
            None => {
                let (first, rest) = outcome.lines.split_at(outcome.lines.len().min(1));
                let label = |words: Words| words.in_language(self.language);
                self.push_list(
                    label(words::FOUND),
                    first.iter().map(String::as_str),
                    &mut sheet.rows,
                );
                self.push_list(
                    label(words::NEXT),
                    rest.iter().map(String::as_str),
                    &mut sheet.rows,
                );
            }
        }
        let action = match ending {
            Some(Ending::Key | Ending::Removal | Ending::StickIsOut) if outcome.is_unfinished => {
                words::LEAVE_IN
            }
            Some(Ending::Key) => words::TAKE_OUT,
            Some(Ending::Removal) => words::TAKE_OUT_TO_RESTART,
            Some(Ending::StickIsOut) => words::STICK_IS_OUT,
            Some(Ending::PowerOff) => words::SWITCHING_OFF,
            None => return sheet,
        };
        sheet.action = self.say(action);
        if ending != Some(Ending::PowerOff) {
            sheet.keys = vec![
                (self.say(words::ENTER), self.say(words::KEY_RESTART)),
                ("D".into(), self.say(words::KEY_DETAILS)),
            ];
            if !outcome.codes.is_empty() {
                sheet.keys.push(("Q".into(), self.say(words::KEY_CODE)));
            }
        }
        sheet
    }

    fn outcome_tagline(&self, outcome: &Outcome) -> String {
        let mut parts = Vec::new();
        if let Some(report) = &outcome.report {
            parts.push(format!(
                "{}.{} s",
                report.took_ms / 1000,
                report.took_ms % 1000 / 100
            ));
        }
        match outcome.is_saved {
            Some(true) => parts.push(self.say(words::REPORT_SAVED)),
            Some(false) => parts.push(self.say(words::REPORT_NOT_SAVED)),
            None => {}
        }
        let is_diagnosis = outcome.verdict == Verdict::Affected;
        if is_diagnosis {
            parts.insert(0, self.say(words::DIAGNOSED_ONLY));
        }
        parts.join(" · ")
    }

    fn push_report(&self, report: &Report, rows: &mut Vec<Row>) {
        let say = |words: Words| words.in_language(self.language);
        if let [one] = report.installations.as_slice() {
            self.push_machine(one, rows);
            self.push_findings(one, rows);
            if let Some(done) = done_line(one) {
                rows.push(Row::new(say(words::DONE), self.translate(&done)));
            }
            if one.verdict == Verdict::NeedsYou {
                let refused = Refused::of(&one.candidates);
                let files = refused.files.iter().map(String::as_str);
                self.push_list(say(words::REJECTED), files, rows);
                let more = refused.more.as_deref().into_iter();
                self.push_list(say(words::NOTE), more, rows);
            }
            self.push_advice(one, rows);
        } else {
            for one in &report.installations {
                self.push_short(one, rows);
            }
        }
        let notes = report.notes.iter().map(String::as_str);
        let notes = notes.filter(|note| !note.starts_with(FAULT));
        self.push_list(say(words::NOTE), notes, rows);
        let health: Vec<String> = report
            .health
            .notes
            .iter()
            .map(ToString::to_string)
            .collect();
        let health = health.iter().map(String::as_str);
        self.push_list(say(words::HEALTH), health, rows);
        if report.installations.is_empty() && report.notes.is_empty() {
            rows.push(Row::new(say(words::PC), self.maker()));
        }
    }

    /// One of several Windows: its own verdict, and what matters most of it.
    fn push_short(&self, one: &InstallationReport, rows: &mut Vec<Row>) {
        let headline = Headline::Verdict(one.verdict);
        let computer = one.computer.as_deref().unwrap_or(&one.folder);
        let volume = self.translate(&one.volume);
        let word = headline.word(self.language);
        let text = format!("{} {word} · {computer} · {volume}", headline.sign());
        rows.push(Row::new(words::PC.in_language(self.language), text));
        rows.push(Row::quiet(one.windows.clone()));
        let found: Vec<String> = one
            .findings
            .iter()
            .map(|found| self.translate(&found.text))
            .collect();
        if !found.is_empty() {
            rows.push(Row::quiet(found.join("; ")));
        }
        // Of several, only those that need somebody may take more rows.
        if !matches!(one.verdict, Verdict::Healthy | Verdict::Repaired) {
            self.push_advice(one, rows);
        }
    }

    fn push_advice(&self, one: &InstallationReport, rows: &mut Vec<Row>) {
        let label = match one.verdict {
            Verdict::NeedsYou | Verdict::Refused | Verdict::Failed => words::NEXT,
            _ => words::NOTE,
        };
        let advice = one.advice.iter().map(String::as_str);
        let advice = advice.filter(|line| *line != ADVICE_TO_RESTART);
        self.push_list(label.in_language(self.language), advice, rows);
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
