//! The journal at the start: opened, and what an earlier run did not finish is finished.

use std::sync::Arc;

use rescue_stick::journal::CommitEntry;
use rescue_stick::paths;

use super::boot_stick::BootStick;
use crate::journal::recover::{RecoverOutcome, recover};
use crate::journal::{Journal, Target};
use crate::machine::linux::find_targets;
use crate::machine::linux::volume::{LinuxVolume, Resources};
use crate::screen::Screen as _;
use crate::screen::console::Consoles;

/// Tells whether a commit waits for the next start to finish it.
pub(super) fn has_unfinished(commits: impl IntoIterator<Item = CommitEntry>) -> bool {
    let mut commits = commits.into_iter();
    commits.any(|commit| commit.state.is_unfinished())
}

/// Opens the stick's journal; without one nothing can be repaired, which is said.
pub(super) fn open_journal(screen: &mut Consoles, boot_stick: &BootStick) -> Option<Arc<Journal>> {
    let opened = boot_stick.place_of(paths::JOURNAL).and_then(|place| {
        let area = place.open().map_err(|error| error.to_string())?;
        Journal::open(Box::new(area)).map_err(|error| error.to_string())
    });
    match opened {
        Ok(journal) => Some(Arc::new(journal)),
        Err(reason) => {
            screen.line(&format!(
                "Without a journal nothing can be repaired: {reason}"
            ));
            None
        }
    }
}

/// Gives `work` every volume of the PC as the journal knows it.
pub(super) fn with_targets<T>(
    boot_stick: &BootStick,
    resources: &Resources,
    work: impl FnOnce(&[&dyn Target]) -> T,
) -> Result<T, String> {
    let volumes = find_targets(Some(boot_stick.disk()), resources);
    let volumes: Vec<LinuxVolume> = volumes.map_err(|error| error.to_string())?;
    let targets: Vec<&dyn Target> = volumes.iter().map(|one| -> &dyn Target { one }).collect();
    Ok(work(&targets))
}

/// Finishes what was interrupted. Returns what is to be said of it, one line each.
pub(super) fn recover_all(
    screen: &mut Consoles,
    journal: &Journal,
    targets: &[&dyn Target],
) -> Result<Vec<String>, String> {
    let recovered = recover(journal, targets).map_err(|error| error.to_string())?;
    let mut lines = Vec::new();
    for one in recovered {
        screen.line(&one.words());
        lines.push(one.words());
        let word = match one.outcome {
            RecoverOutcome::Finished => "finished",
            RecoverOutcome::TakenBack => "taken-back",
            RecoverOutcome::NotHere => "not-here",
            RecoverOutcome::Locked => "locked",
            RecoverOutcome::Abandoned => "abandoned",
        };
        screen.mark(&format!("recovered {word} {}", one.commit.run));
    }
    Ok(lines)
}
