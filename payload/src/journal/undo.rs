//! Takes the newest repair back, block by block, while nobody else has written the volume since.

use rescue_stick::journal::{CommitEntry, CommitState};

use rescue_stick::undo::UNDO_RUN_PREFIX;

use super::record::{Content, check_body};
use super::recover::{Direction, all_records, write};
use super::{Journal, JournalError, Target, find_target};
use crate::area::Area;

/// Bytes that a run's name in the table has at least if it was cut at a character. Source: the table's
/// drawing, 64 bytes for it.
const SHORTEST_CUT: usize = 60;

/// Why nothing, or not everything, was taken back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UndoError {
    /// The journal knows no repair of this PC.
    #[error("this stick holds no repair of this PC that could be taken back")]
    Nothing,
    /// The newest repair is undone already.
    #[error("the repair {run} has already been taken back")]
    AlreadyUndone {
        /// Run id.
        run: String,
    },
    /// The newest commit is itself an undo, made file by file.
    #[error(
        "the last thing that was done to this PC was taking a repair back ({run}); that is not taken back \
         in turn: repair this PC again"
    )]
    IsUndo {
        /// Run id of the undo.
        run: String,
    },
    /// Somebody wrote the volume since.
    #[error(
        "the repair {run} can no longer be taken back block by block: Windows, or someone else, has \
         written to {disk} since"
    )]
    Changed {
        /// Run id.
        run: String,
        /// Model and serial number of the disk.
        disk: String,
    },
    /// The journal or the disk says no.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Takes back every commit of the newest run that wrote to one of `targets`. Returns the commits, newest
/// first, as the table had them. [`super::recover`] must have run before.
pub fn undo(journal: &Journal, targets: &[&dyn Target]) -> Result<Vec<CommitEntry>, UndoError> {
    undo_run(journal, targets, None)
}

/// Takes back every commit of `wanted`, or of the newest run, as [`undo`] does.
pub fn undo_run(
    journal: &Journal,
    targets: &[&dyn Target],
    wanted: Option<&str>,
) -> Result<Vec<CommitEntry>, UndoError> {
    let here: Vec<_> = journal
        .commits()
        .into_iter()
        .rev()
        .filter_map(|commit| {
            let target = find_target(targets, &commit.volume)?;
            Some((commit, target))
        })
        .collect();
    let newest = here.iter().find(|(commit, _)| {
        matches!(commit.state, CommitState::Done | CommitState::Undone)
            && wanted.is_none_or(|wanted| is_run(&commit.run, wanted))
    });
    let run = match newest {
        None => return Err(UndoError::Nothing),
        Some((commit, _)) => commit.run.clone(),
    };
    if run.starts_with(UNDO_RUN_PREFIX) {
        return Err(UndoError::IsUndo { run });
    }
    let todo: Vec<_> = here
        .into_iter()
        .filter(|(commit, _)| commit.run == run && commit.state == CommitState::Done)
        .collect();
    if todo.is_empty() {
        return Err(UndoError::AlreadyUndone { run });
    }
    // One after the other, since a later commit of the run may lie over an earlier one.
    for (commit, target) in &todo {
        take_back(journal, *target, commit)?;
    }
    Ok(todo.into_iter().map(|(commit, _)| commit).collect())
}

/// Returns whether `wanted` is the run that the table names, whose texts are bounded.
fn is_run(found: &str, wanted: &str) -> bool {
    found == wanted || (found.len() >= SHORTEST_CUT && wanted.starts_with(found))
}

fn take_back(
    journal: &Journal,
    target: &dyn Target,
    commit: &CommitEntry,
) -> Result<(), UndoError> {
    check_body(journal.area(), commit)?;
    let disk = target
        .open()
        .map_err(JournalError::io("reading the volume"))?;
    if target.is_asleep() || !is_as_written(journal, &*disk, commit)? {
        let volume = &commit.volume;
        return Err(UndoError::Changed {
            run: commit.run.clone(),
            disk: format!("{} {}", volume.disk_model, volume.disk_serial),
        });
    }
    journal.set_state(commit.body_offset, CommitState::Undoing)?;
    write(journal, target, commit, Direction::Undo)?;
    journal.set_state(commit.body_offset, CommitState::Undone)?;
    Ok(())
}

fn is_as_written(
    journal: &Journal,
    disk: &dyn Area,
    commit: &CommitEntry,
) -> Result<bool, JournalError> {
    all_records(journal, commit, &mut |record| match &record.content {
        Content::Block { redo, .. } => {
            let mut found = vec![0; redo.len()];
            disk.read_at(record.offset, &mut found)?;
            Ok(found == *redo)
        }
        Content::Fill { length, byte } => is_filled(disk, record.offset, *length, *byte),
    })
}

fn is_filled(disk: &dyn Area, offset: u64, length: u64, byte: u8) -> std::io::Result<bool> {
    let mut buffer = vec![0; 64 * 1024];
    let mut done = 0_u64;
    while done < length {
        let left = usize::try_from(length.saturating_sub(done)).unwrap_or(usize::MAX);
        let count = left.min(buffer.len());
        let piece = buffer.get_mut(..count).unwrap_or_default();
        disk.read_at(offset.saturating_add(done), piece)?;
        if piece.iter().any(|found| *found != byte) {
            return Ok(false);
        }
        done = done.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
    Ok(true)
}
