//! What a run came to, as the person sees it at the end.

use rescue_stick::report::{Report, Verdict};

use super::filing::Filed;
use crate::machine::linux::uptime_ms;
use crate::repair::FAULT_OF_MEND;
use crate::screen::console::Consoles;
use crate::screen::{outcome_lines, story};

/// What the person sees at the end.
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    /// What was found or done, and what to do next.
    pub(super) lines: Vec<String>,
    /// Goes to the stick, if there is one.
    pub(super) report: Option<Report>,
    /// What became of it.
    pub(super) filed: Filed,
    /// Whether the next start from the stick has something to finish.
    pub(super) is_unfinished: bool,
}

impl Outcome {
    pub(super) fn new(verdict: Verdict, lines: &[String]) -> Self {
        Self {
            verdict,
            lines: lines.to_vec(),
            report: None,
            filed: Filed::default(),
            is_unfinished: false,
        }
    }

    pub(super) fn of(report: Report) -> Self {
        let mut advice = report.installations.iter().flat_map(|one| &one.advice);
        Self {
            verdict: report.verdict,
            lines: outcome_lines(&report),
            is_unfinished: advice.any(|line| line == FAULT_OF_MEND),
            report: Some(report),
            filed: Filed::default(),
        }
    }

    /// Returns it as the screen has it.
    pub(super) fn to_story(&self) -> story::outcome::Outcome {
        let filed = &self.filed;
        let saved_line = filed.saved.as_ref().map(|saved| match saved {
            Ok(folder) => format!("Report on the stick: {folder}"),
            Err(reason) => format!("The report could not be saved on the stick: {reason}"),
        });
        let place = match (&filed.saved, filed.is_kept) {
            (None, _) => None,
            (Some(Ok(_)), _) => Some(story::outcome::ReportPlace::Stick),
            (Some(Err(_)), true) => Some(story::outcome::ReportPlace::Pc),
            (Some(Err(_)), false) => Some(story::outcome::ReportPlace::Memory),
        };
        story::outcome::Outcome {
            verdict: self.verdict,
            lines: self.lines.clone(),
            report: self.report.clone(),
            place,
            saved_line,
            remarks: filed.lines.clone(),
            codes: filed.codes.clone(),
            is_unfinished: self.is_unfinished,
        }
    }
}

/// Shows the outcome, and tells it on the serial line.
pub(super) fn show(screen: &mut Consoles, outcome: &Outcome) {
    screen.show_outcome(outcome.to_story());
    screen.mark(&format!("outcome shown {} ms", uptime_ms()));
    screen.mark(&format!("VERDICT {}", outcome.verdict.word()));
}
