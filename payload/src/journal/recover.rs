//! Finishes what a power cut left unfinished, before anything else is done with the PC.

use std::io;
use std::ops::ControlFlow;

use rescue_stick::journal::{CommitEntry, CommitState, VolumeIdentity};

use super::commit::write_fill;
use super::record::{Content, Record, check_body, read_body};
use super::{Journal, JournalError, Target, find_target};
use crate::area::Area;

/// A sector is written whole or not at all, even when the power goes.
const SECTOR_LENGTH: usize = 512;

/// An unfinished commit and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The commit, as the table had it.
    pub commit: CommitEntry,
    /// What became of it.
    pub outcome: RecoverOutcome,
}

/// What became of an unfinished commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoverOutcome {
    /// The volume is as the repair wanted it.
    Finished,
    /// The volume is as it was before the repair.
    TakenBack,
    /// The volume is not on this PC; the commit waits for it.
    NotHere,
    /// The volume is on this PC behind a lock; the commit waits until it is unlocked.
    Locked,
    /// The volume was changed by someone else since, so it was not touched and never will be.
    Abandoned,
}

impl Recovered {
    /// Returns one line for people.
    pub fn words(&self) -> String {
        let volume = &self.commit.volume;
        let place = format!(
            "{} (run {}, disk {} {})",
            self.commit.computer, self.commit.run, volume.disk_model, volume.disk_serial
        );
        match self.outcome {
            RecoverOutcome::Finished => format!("interrupted repair finished: {place}"),
            RecoverOutcome::TakenBack => format!("interrupted undo finished: {place}"),
            RecoverOutcome::NotHere => {
                format!("another PC waits for this stick, its repair was interrupted: {place}")
            }
            RecoverOutcome::Locked => format!(
                "an interrupted repair waits until its volume is unlocked, start again with its recovery key: \
                 {place}"
            ),
            RecoverOutcome::Abandoned => format!(
                "a repair was interrupted and Windows has run since; left alone, let Windows check \
                 the disk: {place}"
            ),
        }
    }
}

/// Finishes every unfinished commit whose volume is among `targets`. Returns one line of account for
/// each that was unfinished.
pub fn recover(journal: &Journal, targets: &[&dyn Target]) -> Result<Vec<Recovered>, JournalError> {
    let unfinished = journal.commits().into_iter();
    unfinished
        .filter(|commit| commit.state.is_unfinished())
        .map(|commit| {
            let outcome = match find_target(targets, &commit.volume) {
                Some(target) => finish(journal, target, &commit)?,
                None if is_behind_lock(targets, &commit.volume) => RecoverOutcome::Locked,
                None => RecoverOutcome::NotHere,
            };
            Ok(Recovered { commit, outcome })
        })
        .collect()
}

/// Returns whether the volume, which is not among `targets`, may be one of them that is locked.
fn is_behind_lock(targets: &[&dyn Target], volume: &VolumeIdentity) -> bool {
    targets.iter().any(|target| {
        // All but what only the volume itself says.
        let unlocked = VolumeIdentity {
            serial: volume.serial,
            ..target.identity()
        };
        target.is_locked() && unlocked.bounded() == *volume
    })
}

fn finish(
    journal: &Journal,
    target: &dyn Target,
    commit: &CommitEntry,
) -> Result<RecoverOutcome, JournalError> {
    check_body(journal.area(), commit)?;
    let reading = JournalError::io("reading the volume");
    let is_known =
        !target.is_asleep() && is_between(journal, &*target.open().map_err(reading)?, commit)?;
    if !is_known {
        journal.set_state(commit.body_offset, CommitState::Abandoned)?;
        return Ok(RecoverOutcome::Abandoned);
    }
    if commit.state == CommitState::Undoing {
        write(journal, target, commit, Direction::Undo)?;
        journal.set_state(commit.body_offset, CommitState::Undone)?;
        return Ok(RecoverOutcome::TakenBack);
    }
    write(journal, target, commit, Direction::Redo)?;
    journal.set_state(commit.body_offset, CommitState::Done)?;
    Ok(RecoverOutcome::Finished)
}

/// Returns whether every sector on the disk is the one before or the one after the commit.
fn is_between(
    journal: &Journal,
    disk: &dyn Area,
    commit: &CommitEntry,
) -> Result<bool, JournalError> {
    all_records(journal, commit, &mut |record| {
        let Content::Block { undo, redo } = &record.content else {
            // What an emptied log was before is not known.
            return Ok(true);
        };
        let mut found = vec![0; redo.len()];
        disk.read_at(record.offset, &mut found)?;
        let sectors = found.chunks(SECTOR_LENGTH);
        let known = undo.chunks(SECTOR_LENGTH).zip(redo.chunks(SECTOR_LENGTH));
        Ok(sectors
            .zip(known)
            .all(|(sector, (old, new))| sector == old || sector == new))
    })
}

/// Returns whether `check` holds for every record of `commit`.
pub(super) fn all_records(
    journal: &Journal,
    commit: &CommitEntry,
    check: &mut dyn FnMut(&Record) -> io::Result<bool>,
) -> Result<bool, JournalError> {
    let mut verdict = Ok(true);
    read_body(journal.area(), commit, &mut |record| {
        verdict = check(&record);
        match verdict {
            Ok(true) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    })?;
    verdict.map_err(JournalError::io("reading the volume"))
}

/// Which side of a record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Before the commit.
    Undo,
    /// After the commit.
    Redo,
}

/// Writes one side of every record to the disk and waits until it is durable.
pub(super) fn write(
    journal: &Journal,
    target: &dyn Target,
    commit: &CommitEntry,
    direction: Direction,
) -> Result<(), JournalError> {
    let disk = target
        .open_for_writing()
        .map_err(JournalError::io("opening the disk for writing"))?;
    let mut written = Ok(());
    read_body(journal.area(), commit, &mut |record| {
        written = match (&record.content, direction) {
            (Content::Block { redo, .. }, Direction::Redo) => disk.write_at(record.offset, redo),
            (Content::Block { undo, .. }, Direction::Undo) => disk.write_at(record.offset, undo),
            (Content::Fill { length, byte }, Direction::Redo) => {
                write_fill(&*disk, record.offset, *length, *byte)
            }
            (Content::Fill { .. }, Direction::Undo) => Ok(()),
        };
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    })?;
    written
        .and_then(|()| disk.flush())
        .map_err(JournalError::io("writing the disk"))
}
