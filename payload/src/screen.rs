//! What the person at the machine sees and answers. Thin for now: lines of text, the same on every
//! console.

use rescue_stick::report::{CandidateReport, InstallationReport, Report, Verdict};

pub mod console;

/// Refused files that the outcome lists at most: the screen of an old PC has 25 lines.
const MOST_REFUSED: usize = 4;

/// A screen and its keys.
pub trait Screen {
    /// Shows one line of progress or detail.
    fn line(&mut self, text: &str);
    /// Shows how far something long has come; `is_done` says that this is the end of it.
    fn progress(&mut self, _text: &str, _is_done: bool) {}
    /// Begins a new page for what matters, where the screen has pages.
    fn page(&mut self) {}
    /// Asks and waits for an answer.
    fn ask(&mut self, question: Question<'_>) -> Answer;
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
        if one.verdict == Verdict::Undone {
            let count = count_files(one.changes.len());
            lines.push(format!(
                "Done: {count} as before the repair; nothing else was written"
            ));
            lines.extend(one.advice.iter().cloned());
            continue;
        }
        let replaced = one.changes.iter().filter(|change| change.before.is_some());
        let replaced = replaced.count();
        let put_back = one.changes.len().saturating_sub(replaced);
        if !one.changes.is_empty() {
            lines.push(format!(
                "Done: {} replaced, {} put back; nothing else was written",
                count_files(replaced),
                count_files(put_back)
            ));
        }
        if one.verdict == Verdict::NeedsYou {
            lines.extend(refused_lines(&one.candidates));
        }
        lines.extend(one.advice.iter().cloned());
    }
    lines.extend(report.notes.iter().cloned());
    lines.extend(report.health.notes.iter().map(ToString::to_string));
    lines
}

/// Returns a line for each file that was found and refused, as many as a screen has room for, and one for
/// all places besides.
fn refused_lines(candidates: &[CandidateReport]) -> Vec<String> {
    let refused = candidates.iter().filter(|candidate| !candidate.accepted);
    let count = refused.clone().count();
    let files = refused.filter(|candidate| candidate.sha256.is_some());
    let mut lines: Vec<String> = files
        .take(MOST_REFUSED)
        .map(|one| format!("Refused: {}: {}", one.place, one.reason))
        .collect();
    match count.saturating_sub(lines.len()) {
        0 => {}
        1 => lines.push("1 more place was looked at; it is in the report".into()),
        more => lines.push(format!(
            "{more} more places were looked at; they are in the report"
        )),
    }
    lines
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
    /// Whether the repair is to be taken back by the plan that was just shown.
    Undo {
        /// Warning to be accepted together with the plan, if any.
        warning: Option<&'a str>,
    },
    /// Whether to go on although the stick cannot be written, so that a power cut is not made good and
    /// nothing can be taken back block by block.
    WithoutJournal {
        /// What is wrong with the stick.
        reason: &'a str,
    },
    /// Nothing but a key: the stick may be taken out.
    Finished,
}

/// What a person accepts who goes on without the stick's journal.
pub(crate) const WITHOUT_JOURNAL: &str = "Without it, this PC must not lose power while it is repaired, and \
                                          the stick cannot take the repair back.";

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
            take the stick out and restart this PC
            locked-volume: disk 1, partition 2 is locked by BitLocker; its recovery key is needed to look at it"#]].assert_eq(&lines);
    }
}
