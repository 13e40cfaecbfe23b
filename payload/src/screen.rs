//! What the person at the machine sees and answers: one big word, and what belongs to it.
//!
//! A PC's own screen shows pages ([`sheet`]) that are made of what the run has told ([`story`]) in the
//! person's language ([`words`]); a serial line and an ordinary terminal get the same as lines.

use std::time::Duration;

use rescue_stick::report::{
    CandidateReport, InstallationReport, MachineFacts, Report, StickFacts, Verdict,
};

use self::prompt::{Entry, Prompt, Typed};

pub mod code;
pub mod console;
pub mod details;
pub mod display;
pub mod font;
pub mod headline;
pub mod keymap;
pub mod keys;
pub mod letters;
pub mod prompt;
pub mod sheet;
pub mod sound;
pub mod story;
pub mod words;
pub mod wrap;

/// Advice of a report after a repair. The screen says the same with the key that does it.
pub const ADVICE_TO_RESTART: &str = "take the stick out and restart this PC";

/// Refused files that the outcome lists at most: the screen of an old PC has 25 lines.
const MOST_REFUSED: usize = 4;

/// A screen and its keys.
pub trait Screen {
    /// Shows one line of progress or detail.
    fn line(&mut self, text: &str);
    /// Asks and waits for an answer.
    fn ask(&mut self, question: Question<'_>) -> Answer;
    /// Asks for a text and waits for it; whatever the answer, it is in `entry` alone.
    fn ask_text(&mut self, _prompt: &Prompt<'_>, _entry: &mut Entry) -> Typed {
        Typed::Skipped
    }
    /// Learns what PC this is and which stick it was started from.
    fn meet(&mut self, _machine: &MachineFacts, _stick: &StickFacts) {}
    /// Learns that another kind of work begins.
    fn turn_to(&mut self, _work: Work) {}
    /// Learns how far something long has come.
    fn advance(&mut self, _progress: Progress) {}
    /// Shows what is wrong with an installation, and the plan for it that is carried out as `work`.
    fn propose(&mut self, installation: &InstallationReport, _work: Work) {
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
    /// It carries out the plan of a repair.
    Repairing,
    /// It takes a repair back.
    Undoing,
}

/// Progress of something long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is done.
    pub text: String,
    /// Units done.
    pub done: u64,
    /// Units in all.
    pub total: u64,
    /// How long it will still take, once that can be told.
    pub left: Option<Duration>,
}

impl Progress {
    /// Returns the whole per cent that are done.
    pub fn percent(&self) -> u64 {
        let (done, total) = (u128::from(self.done), u128::from(self.total.max(1)));
        u64::try_from(done.saturating_mul(100) / total).map_or(100, |percent| percent.min(100))
    }
}

/// How long is waited before the time left is guessed.
const TOO_EARLY_TO_GUESS: Duration = Duration::from_secs(2);

/// Guesses how long the rest takes, by what came in the time `taken`.
pub fn guess_time_left(done: u64, total: u64, taken: Duration) -> Option<Duration> {
    if taken < TOO_EARLY_TO_GUESS {
        return None;
    }
    let rest = u128::from(total.saturating_sub(done));
    let millis = taken.as_millis().checked_mul(rest)?;
    let millis = millis.checked_div(u128::from(done))?;
    Some(Duration::from_millis(u64::try_from(millis).ok()?))
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
        if one.verdict == Verdict::NeedsYou {
            let refused = Refused::of(&one.candidates);
            let files = refused.files.iter();
            lines.extend(files.map(|file| format!("Refused: {file}")));
            lines.extend(refused.more);
        }
        let advice = one.advice.iter();
        // Whoever shows the outcome says so at its end, once.
        lines.extend(advice.filter(|line| *line != ADVICE_TO_RESTART).cloned());
    }
    lines.extend(report.notes.iter().cloned());
    lines.extend(report.health.notes.iter().map(ToString::to_string));
    lines
}

/// Files that were found and refused, as many as a screen has room for.
struct Refused {
    /// A line for each.
    files: Vec<String>,
    /// A line for all other places.
    more: Option<String>,
}

impl Refused {
    fn of(candidates: &[CandidateReport]) -> Self {
        let refused = candidates.iter().filter(|candidate| !candidate.accepted);
        let count = refused.clone().count();
        let files = refused.filter(|candidate| candidate.sha256.is_some());
        let files: Vec<String> = files
            .take(MOST_REFUSED)
            .map(|one| format!("{}: {}", one.place, one.reason))
            .collect();
        let more = match count.saturating_sub(files.len()) {
            0 => None,
            1 => Some("1 more place was looked at; it is in the report".into()),
            more => Some(format!(
                "{more} more places were looked at; they are in the report"
            )),
        };
        Self { files, more }
    }
}

/// Returns what was written to an installation, in words; `None` if nothing was.
fn done_line(one: &InstallationReport) -> Option<String> {
    if one.verdict == Verdict::Undone && !one.changes.is_empty() {
        let count = count_files(one.changes.len());
        return Some(format!(
            "{count} as before the repair; nothing else was written"
        ));
    }
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
            locked-volume: disk 1, partition 2 is locked by BitLocker; its recovery key is needed to look at it"#]].assert_eq(&lines);
    }
}
