//! What came out of a run: its page, and what the person does at its end.

use rescue_stick::report::{InstallationReport, Report, Verdict};

use super::{FAULT, Story};
use crate::screen::code::Code;
use crate::screen::headline::Headline;
use crate::screen::sheet::{Row, Sheet};
use crate::screen::words::{self, Words};
use crate::screen::{ADVICE_TO_RESTART, Refused, done_line};

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

/// Where a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportPlace {
    /// On the stick, as it should.
    Stick,
    /// On the PC that it is about, since the stick did not take it.
    Pc,
    /// In memory alone, and in the code that the screen shows.
    Memory,
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
    /// Where the report is, if it came to one.
    pub place: Option<ReportPlace>,
    /// Where on the stick the report is, or why it is not there.
    pub saved_line: Option<String>,
    /// What else became of it, one line each.
    pub remarks: Vec<String>,
    /// What of the report is shown as codes to be scanned, in their order.
    pub codes: Vec<Code>,
    /// Whether the next start from the stick has something to finish.
    pub is_unfinished: bool,
}

impl Outcome {
    /// Tells whether somebody must be there at the end: the stick has something to finish, or the report is
    /// gone once the PC is off.
    pub fn needs_somebody(&self) -> bool {
        self.is_unfinished || self.place == Some(ReportPlace::Memory)
    }
}

impl Story {
    /// Makes the page of the outcome.
    pub fn outcome_page(&self, ending: Option<Ending>) -> Sheet {
        let Some(outcome) = &self.outcome else {
            return self.work_page();
        };
        let headline = Headline::of(outcome.verdict, outcome.report.as_ref());
        let mut sheet = self.sheet(headline, self.outcome_tagline(outcome));
        match &outcome.report {
            Some(report) => {
                self.push_report(report, &mut sheet.rows);
                let remarks = outcome.remarks.iter().map(String::as_str);
                self.push_list(
                    words::labels::NOTE.in_language(self.language),
                    remarks,
                    &mut sheet.rows,
                );
            }
            None => {
                let (first, rest) = outcome.lines.split_at(outcome.lines.len().min(1));
                let label = |words: Words| words.in_language(self.language);
                self.push_list(
                    label(words::labels::FOUND),
                    first.iter().map(String::as_str),
                    &mut sheet.rows,
                );
                self.push_list(
                    label(words::labels::NEXT),
                    rest.iter().map(String::as_str),
                    &mut sheet.rows,
                );
            }
        }
        let Some(ending) = ending else {
            return sheet;
        };
        sheet.action = self.say(self.action(outcome, ending));
        if ending != Ending::PowerOff {
            let key = match self.is_last {
                true => words::keys::KEY_SWITCH_OFF,
                false => words::keys::KEY_RESTART,
            };
            sheet.keys = vec![
                (self.say(words::keys::ENTER), self.say(key)),
                ("D".into(), self.say(words::keys::KEY_DETAILS)),
            ];
            if !outcome.codes.is_empty() {
                sheet
                    .keys
                    .push(("Q".into(), self.say(words::keys::KEY_CODE)));
            }
        }
        sheet
    }

    /// Returns what the person is to do at the end.
    fn action(&self, outcome: &Outcome, ending: Ending) -> Words {
        let is_in_memory = outcome.place == Some(ReportPlace::Memory);
        match ending {
            Ending::PowerOff => words::ending::SWITCHING_OFF,
            Ending::StickIsOut if outcome.is_unfinished => words::ending::PUT_BACK_TO_FINISH,
            Ending::StickIsOut if is_in_memory => words::ending::PUT_BACK_TO_SAVE,
            _ if outcome.is_unfinished => words::ending::LEAVE_IN,
            _ if is_in_memory && outcome.codes.is_empty() => words::ending::ONLY_IN_MEMORY,
            _ if is_in_memory => words::ending::SCAN_BEFORE_END,
            _ if self.is_last => words::ending::SWITCH_OFF_BY_KEY,
            Ending::Key => words::ending::TAKE_OUT,
            Ending::Removal => words::ending::TAKE_OUT_TO_RESTART,
            Ending::StickIsOut => words::ending::STICK_IS_OUT,
        }
    }

    fn outcome_tagline(&self, outcome: &Outcome) -> String {
        let mut parts = Vec::new();
        if let Some(report) = &outcome.report {
            parts.push(format!(
                "{}.{} s",
                report.work_ms() / 1000,
                report.work_ms() % 1000 / 100
            ));
        }
        let place = outcome.place.map(|place| match place {
            ReportPlace::Stick => words::ending::REPORT_SAVED,
            ReportPlace::Pc => words::ending::REPORT_ON_PC,
            ReportPlace::Memory => words::ending::REPORT_NOT_SAVED,
        });
        parts.extend(place.map(|words| self.say(words)));
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
                rows.push(Row::new(say(words::labels::DONE), self.translate(&done)));
            }
            if one.verdict == Verdict::NeedsYou {
                let refused = Refused::of(&one.candidates);
                let files = refused.files.iter().map(String::as_str);
                self.push_list(say(words::labels::REJECTED), files, rows);
                let more = refused.more.as_deref().into_iter();
                self.push_list(say(words::labels::NOTE), more, rows);
            }
            self.push_advice(one, rows);
        } else {
            for one in &report.installations {
                self.push_short(one, rows);
            }
        }
        let notes = report.notes.iter().map(String::as_str);
        let notes = notes.filter(|note| !note.starts_with(FAULT));
        self.push_list(say(words::labels::NOTE), notes, rows);
        let health = health_lines(report);
        let health = health.iter().map(String::as_str);
        self.push_list(say(words::labels::HEALTH), health, rows);
        if report.installations.is_empty() && report.notes.is_empty() {
            rows.push(Row::new(say(words::labels::PC), self.maker()));
        }
    }

    /// One of several Windows: its own verdict, and what matters most of it.
    fn push_short(&self, one: &InstallationReport, rows: &mut Vec<Row>) {
        let headline = Headline::Verdict(one.verdict);
        let computer = one.computer.as_deref().unwrap_or(&one.folder);
        let volume = self.translate(&one.volume);
        let word = headline.word(self.language);
        let text = format!("{} {word} · {computer} · {volume}", headline.sign());
        rows.push(Row::new(words::labels::PC.in_language(self.language), text));
        let windows = words::terms::in_list(&one.windows, self.language);
        rows.push(Row::quiet(windows));
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
            Verdict::NeedsYou | Verdict::Refused | Verdict::Failed => words::labels::NEXT,
            _ => words::labels::NOTE,
        };
        let advice = one.advice.iter().map(String::as_str);
        let advice = advice.filter(|line| *line != ADVICE_TO_RESTART);
        self.push_list(label.in_language(self.language), advice, rows);
    }
}

/// Returns what the health check has to say, one line each.
pub(super) fn health_lines(report: &Report) -> Vec<String> {
    let notes = report.health.notes.iter();
    notes.map(ToString::to_string).collect()
}
