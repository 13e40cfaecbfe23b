//! The menu's undo: the newest repair goes back block by block if nobody has written the disk since, else file
//! by file by the record that it left on the PC. Either way there is a report of it.

use rescue_stick::report::Verdict;

use super::Work;
use super::boot_stick::BootStick;
use super::outcome::Outcome;
use super::recovery::with_targets;
use crate::journal::Journal;
use crate::journal::undo::{UndoError, undo};
use crate::machine::linux::volume::Resources;
use crate::machine::linux::{LinuxMachine, uptime_ms};
use crate::repair::undo::blocks::TakenBack;
use crate::screen::console::Consoles;
use crate::screen::{self, Screen as _};
use crate::stick::Stick;

/// Takes the newest repair back.
pub(super) fn undo_newest(
    screen: &mut Consoles,
    (boot_stick, stick): (&BootStick, &Stick),
    resources: &Resources,
    work: Work,
) -> Outcome {
    let started_ms = uptime_ms();
    let find = || LinuxMachine::find(Some(boot_stick.disk()), resources);
    let mut taken = TakenBack {
        verdict: Verdict::Refused,
        notes: Vec::new(),
        run: None,
        traces: Vec::new(),
        started_ms,
    };
    match &resources.journal {
        None => {
            let reason = "The stick has no journal, so nothing can be taken back with it.";
            taken.notes.push(reason.to_owned());
        }
        Some(journal) => {
            // Going back takes what the repair left on the PC along, so it is read before.
            match find() {
                Ok(machine) => taken.traces = (work.read_traces)(&machine),
                Err(error) => return Outcome::new(Verdict::Failed, &[error.to_string()]),
            }
            if let Next::ByFiles(reason) =
                undo_blocks(screen, boot_stick, resources, journal, &mut taken)
            {
                screen.line(&reason);
                screen.mark("undo by files");
                return match find() {
                    Ok(machine) => {
                        Outcome::of((work.undo)(stick.job().mode, &machine, stick, screen))
                    }
                    Err(error) => Outcome::new(Verdict::Failed, &[error.to_string()]),
                };
            }
        }
    }
    // Half of it may be back: the next start from the stick goes on.
    let is_unfinished = taken.verdict == Verdict::Failed;
    let outcome = match find() {
        Ok(machine) => Outcome::of((work.report_undo)(&taken, &machine, stick, screen)),
        Err(_) => Outcome::new(taken.verdict, &taken.notes),
    };
    Outcome {
        is_unfinished,
        ..outcome
    }
}

/// How it goes on.
enum Next {
    /// It has ended, well or not.
    Over,
    /// Block by block it cannot be done, for this reason.
    ByFiles(String),
}

fn undo_blocks(
    screen: &mut Consoles,
    boot_stick: &BootStick,
    resources: &Resources,
    journal: &Journal,
    taken: &mut TakenBack,
) -> Next {
    screen.turn_to(screen::Work::Undoing);
    let undone = with_targets(boot_stick, resources, |targets| undo(journal, targets));
    screen.turn_to(screen::Work::Looking);
    let (verdict, note) = match undone {
        Ok(Ok(commits)) => {
            let run = commits.first().map(|commit| commit.run.clone());
            let note = format!(
                "Repair {} was taken back block by block: what it wrote is as before it.",
                run.as_deref().unwrap_or_default()
            );
            taken.run = run;
            (Verdict::Undone, note)
        }
        Ok(Err(error @ UndoError::Journal(_))) => (Verdict::Failed, error.to_string()),
        Ok(Err(error @ (UndoError::Changed { .. } | UndoError::Nothing))) => {
            return Next::ByFiles(error.to_string());
        }
        Ok(Err(error)) => (Verdict::Refused, error.to_string()),
        Err(reason) => (Verdict::Failed, reason),
    };
    taken.verdict = verdict;
    taken.notes.push(note);
    Next::Over
}
