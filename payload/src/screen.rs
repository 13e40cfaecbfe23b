//! What the person at the machine sees and answers: one big word, and what belongs to it.
//!
//! A PC's own screen shows pages ([`sheet`]) that are made of what the run has told ([`story`]) in the
//! person's language ([`words`]); a serial line and an ordinary terminal get the same as lines.

use rescue_stick::report::{InstallationReport, MachineFacts, Report, StickFacts};

pub mod console;
pub mod details;
pub mod display;
pub mod headline;
pub mod keymap;
pub mod keys;
pub mod letters;
pub mod sheet;
pub mod sound;
pub mod story;
pub mod words;
pub mod wrap;

/// Advice of a report after a repair. The screen says the same with the key that does it.
pub const ADVICE_TO_RESTART: &str = "take the stick out and restart this PC";

/// A screen and its keys.
pub trait Screen {
    /// Shows one line of progress or detail.
    fn line(&mut self, text: &str);
    /// Begins a new page for what matters, where the screen has pages.
    fn page(&mut self) {}
    /// Asks and waits for an answer.
    fn ask(&mut self, question: Question<'_>) -> Answer;
    /// Learns what PC this is and which stick it was started from.
    fn meet(&mut self, _machine: &MachineFacts, _stick: &StickFacts) {}
    /// Learns that another kind of work begins.
    fn turn_to(&mut self, _work: Work) {}
    /// Learns how far the work in hand has come, in units of which it has `total`.
    fn advance(&mut self, _text: &str, _done: u64, _total: u64) {}
    /// Shows what is wrong with an installation, and the plan for it.
    fn propose(&mut self, installation: &InstallationReport) {
        self.page();
        let plan = installation.plan.as_deref().unwrap_or_default();
        plan.lines().for_each(|line| self.line(line));
    }
}

/// A kind of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Work {
    /// It only reads the PC.
    #[default]
    Looking,
    /// It carries out a plan.
    Repairing,
}

/// Returns what the outcome of a repair says to a person: what was found, what was done, what to do next.
pub fn outcome_lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for one in &report.installations {
        lines.push(installation_line(one));
        let found: Vec<&str> = one
            .findings
            .iter()
            .map(|found| found.text.as_str())
            .collect();
        if !found.is_empty() {
            lines.push(format!("Found: {}", found.join("; ")));
        }
        lines.extend(done_line(one).map(|done| format!("Done: {done}")));
        let advice = one.advice.iter();
        // Whoever shows the outcome says so at its end, once.
        lines.extend(advice.filter(|line| *line != ADVICE_TO_RESTART).cloned());
    }
    lines.extend(report.notes.iter().cloned());
    lines
}

/// Returns what was written to an installation, in words; `None` if nothing was.
fn done_line(one: &InstallationReport) -> Option<String> {
    let replaced = one.changes.iter().filter(|change| change.before.is_some());
    let replaced = replaced.count();
    let put_back = one.changes.len().saturating_sub(replaced);
    (!one.changes.is_empty()).then(|| {
        format!(
            "{} replaced, {} put back; nothing else was written",
            count_files(replaced),
            count_files(put_back)
        )
    })
}

fn installation_line(one: &InstallationReport) -> String {
    match &one.computer {
        Some(computer) => format!("{computer}: {}, on {}", one.windows, one.volume),
        None => format!("{}, on {}", one.windows, one.volume),
    }
}

fn count_files(count: usize) -> String {
    match count {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question<'a> {
    /// Whether the plan, which was just shown, is to be carried out.
    Repair {
        /// Warning to be accepted together with the plan, if any.
        warning: Option<&'a str>,
    },
    /// Nothing but a key: the stick may be taken out.
    Finished,
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Yes,
    /// Leave everything as it is.
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_says_what_was_found_what_was_done_and_what_is_next() {
        // The report that was shipped: of a PC that was repaired.
        let text = include_str!("../rescue-stick/fixtures/report-1.json");
        let lines = outcome_lines(&Report::parse(text).unwrap()).join("\n");
        expect_test::expect![[r#"
            OPTIPLEX-114: Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386, on disk 1, partition 1
            Found: DAT 5958.0000 is in use; svchost.exe is missing
            Done: 1 file replaced, 1 file put back; nothing else was written
            locked-volume: disk 1, partition 2 is locked by BitLocker; its recovery key is needed to look at it"#]].assert_eq(&lines);
    }
}
