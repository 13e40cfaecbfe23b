//! The stick's journal: what makes a commit to a PC's volume survive a power cut, and undoable.
//!
//! The head (table of commits, two slots) is drawn in [`rescue_stick::journal`], the bodies in
//! [`record`]. The steps of a commit and what a cut between them means:
//!
//! ```text
//! commit   (if a log is emptied) mark -> disk       as before, and Windows will check the volume
//!          undo and redo -> journal, flush          as before: no head names them
//!          blocks that were free -> disk, flush     volume as before: nothing refers to them
//!          head: Prepared, flush                    from here on the next start finishes it
//!          redo -> disk, flush
//!          head: Done, flush
//! undo     head: Undoing; undo -> disk; head: Undone, each flushed
//! recover  Prepared: redo again.  Undoing: undo again.  Both may be repeated for ever.
//! ```
//!
//! The stick may fail at any write, or be pulled out. Before *Prepared* the disk is as it was, and apart
//! from free blocks nothing has been written to it; afterwards it is completed without the stick, and
//! [`Committed::unmarked`](crate::machine::Committed::unmarked) says that the next start will do it again.
//!
//! Only [`commit`], [`recover`] and [`undo`] open a PC's disk for writing. None of them writes a volume
//! that someone else has changed since: before they write, every sector must be one of the two that
//! the journal knows.
#![cfg_attr(
    not(test),
    warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)
)]

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rescue_stick::journal::{
    BODIES_OFFSET, CommitEntry, CommitState, HeadError, JournalHead, MAX_COMMITS, SLOT_LENGTH,
    VolumeIdentity,
};

use crate::area::{Area, RamArea};

pub mod commit;
pub mod record;
pub mod recover;
pub mod undo;

/// The journal of a stick.
pub struct Journal {
    area: Box<dyn Area>,
    table: Mutex<Table>,
}

struct Table {
    head: JournalHead,
    /// Slot that holds `head`; the next one goes to the other.
    slot: usize,
}

/// A volume of this PC, as the journal needs it.
pub trait Target {
    /// Returns what tells it from every other volume.
    fn identity(&self) -> VolumeIdentity;
    /// Returns whether Windows sleeps on it, and so has run since whatever the journal knows of.
    fn is_asleep(&self) -> bool;
    /// Returns whether it is a volume that is locked, so that what is behind the lock cannot be told.
    fn is_locked(&self) -> bool {
        false
    }
    /// Opens it for reading, as it is on the disk now.
    fn open(&self) -> io::Result<Box<dyn Area>>;
    /// Opens it for writing. Called by commit, recover and undo only.
    fn open_for_writing(&self) -> io::Result<Box<dyn Area>>;
    /// Returns what of `area`, the unchanged volume, is in use.
    fn allocation<'a>(&self, area: &'a dyn Area) -> io::Result<Box<dyn Allocation + 'a>>;
    /// Returns the writes, offset and bytes, that make Windows check the volume. Each lies in one
    /// sector and may be made alone.
    fn check_marks(&self, area: &dyn Area) -> io::Result<Vec<(u64, Vec<u8>)>>;
}

/// Which parts of a volume are in use.
pub trait Allocation {
    /// Returns whether no byte of the range belongs to anything.
    fn is_free(&mut self, offset: u64, length: u64) -> io::Result<bool>;
    /// Returns whether the range lies wholly in the file system's own journal (`$LogFile`).
    fn is_log(&self, offset: u64, length: u64) -> bool;
}

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The medium says no.
    #[error("{doing}: {source}")]
    Io {
        /// Gerund and object.
        doing: &'static str,
        /// What it says.
        source: io::Error,
    },
    /// The area is shorter than its two slots.
    #[error("journal: {found} bytes long, expected more than {BODIES_OFFSET}")]
    Short {
        /// Bytes.
        found: u64,
    },
    /// Neither slot holds a table.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The medium took a table, and returns another.
    #[error("journal slot at {offset:#x}: what was written is not what is read back")]
    NotKept {
        /// Offset in the journal, bytes.
        offset: u64,
    },
    /// A body is not what the table says; a torn write cannot cause this.
    #[error("journal body of run {run} at {offset:#x}: {finding}")]
    Corrupt {
        /// Run id.
        run: String,
        /// Offset in the journal, bytes.
        offset: u64,
        /// What was found, and what was expected.
        finding: String,
    },
}

impl JournalError {
    pub(crate) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }
}

impl Journal {
    /// Opens the journal that lies in `area`.
    pub fn open(area: Box<dyn Area>) -> Result<Self, JournalError> {
        if area.len() <= BODIES_OFFSET {
            return Err(JournalError::Short { found: area.len() });
        }
        let mut slots = [vec![0; SLOT_LENGTH], vec![0; SLOT_LENGTH]];
        for (number, slot) in slots.iter_mut().enumerate() {
            let read = area.read_at(slot_offset(number), slot);
            read.map_err(JournalError::io("reading the journal's head"))?;
        }
        let [slot_0, slot_1] = &slots;
        let (head, slot) = JournalHead::choose(slot_0, slot_1)?;
        Ok(Self {
            area,
            table: Mutex::new(Table { head, slot }),
        })
    }

    /// Returns a journal in memory, with room for `length` bytes of bodies. It protects nothing; a commit
    /// needs one all the same.
    pub fn in_memory(length: u64) -> Result<Self, JournalError> {
        let area = RamArea::new(BODIES_OFFSET.saturating_add(length));
        let head = rescue_stick::journal::empty_head([0; 16]);
        area.write_at(0, &head)
            .map_err(JournalError::io("making a journal in memory"))?;
        Self::open(Box::new(area))
    }

    /// Writes the table anew and reads it back: better to know that the medium takes no writes before a
    /// repair is begun.
    pub fn check_writable(&self) -> Result<(), JournalError> {
        self.replace(self.commits())?;
        let table = self.table();
        let offset = slot_offset(table.slot);
        let mut slot = vec![0; SLOT_LENGTH];
        let read = self.area.read_at(offset, &mut slot);
        read.map_err(JournalError::io("reading the journal's head back"))?;
        if slot == table.head.to_slot() {
            Ok(())
        } else {
            Err(JournalError::NotKept { offset })
        }
    }

    /// Returns how many bytes of bodies the journal could hold if it were empty.
    pub fn capacity(&self) -> u64 {
        self.area.len().saturating_sub(BODIES_OFFSET)
    }

    /// Returns the commits, oldest first.
    pub fn commits(&self) -> Vec<CommitEntry> {
        self.table().head.commits.clone()
    }

    /// Returns how many bytes of bodies the journal could hold if everything finished were dropped.
    pub fn room(&self) -> u64 {
        let mut kept = self.table().head.commits.clone();
        kept.retain(|commit| commit.state.is_unfinished());
        largest_gap(&kept, self.area.len())
    }

    pub(crate) fn area(&self) -> &dyn Area {
        &*self.area
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // The table changes only after its slot is durable, so a panic cannot leave it half changed.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes `commits` the table, durably.
    pub(crate) fn replace(&self, commits: Vec<CommitEntry>) -> Result<(), JournalError> {
        let mut table = self.table();
        let head = JournalHead {
            id: table.head.id,
            generation: table.head.generation.saturating_add(1),
            commits,
        };
        let slot = 1_usize.saturating_sub(table.slot);
        let written = self.area.write_at(slot_offset(slot), &head.to_slot());
        written
            .and_then(|()| self.area.flush())
            .map_err(JournalError::io("writing the journal's head"))?;
        *table = Table { head, slot };
        Ok(())
    }

    /// Sets the state of the commit whose body begins at `body_offset`, durably.
    pub(crate) fn set_state(
        &self,
        body_offset: u64,
        state: CommitState,
    ) -> Result<(), JournalError> {
        let mut commits = self.commits();
        for commit in &mut commits {
            if commit.body_offset == body_offset {
                commit.state = state;
            }
        }
        self.replace(commits)
    }

    /// Finds room for a body, dropping the oldest finished commits if need be. Returns the offset and
    /// the commits that stay; `None` if there is no room even so.
    pub(crate) fn find_room(&self, length: u64) -> Option<(u64, Vec<CommitEntry>)> {
        let mut kept = self.commits();
        loop {
            if kept.len() < MAX_COMMITS {
                let gaps = gaps(&kept, self.area.len());
                let gap = gaps.into_iter().find(|(_, room)| *room >= length);
                if let Some((offset, _)) = gap {
                    return Some((offset, kept));
                }
            }
            let oldest = kept
                .iter()
                .position(|commit| !commit.state.is_unfinished())?;
            kept.remove(oldest);
        }
    }
}

fn slot_offset(number: usize) -> u64 {
    if number == 0 { 0 } else { BODIES_OFFSET / 2 }
}

fn largest_gap(commits: &[CommitEntry], area_length: u64) -> u64 {
    let gaps = gaps(commits, area_length);
    gaps.into_iter().map(|(_, room)| room).max().unwrap_or(0)
}

/// Returns offset and length of every range without a body.
fn gaps(commits: &[CommitEntry], area_length: u64) -> Vec<(u64, u64)> {
    let mut taken: Vec<_> = commits
        .iter()
        .map(|commit| (commit.body_offset, commit.body_length))
        .collect();
    taken.sort_unstable();
    taken.push((area_length, 0));
    let mut gaps = Vec::new();
    let mut position = BODIES_OFFSET;
    for (offset, length) in taken {
        if let Some(room) = offset.checked_sub(position) {
            gaps.push((position, room));
        }
        position = position.max(offset.saturating_add(length));
    }
    gaps
}

/// Returns the one target that is the volume of `identity`. Two that look the same are none: which of
/// them was meant is not known.
fn find_target<'a>(
    targets: &[&'a dyn Target],
    identity: &VolumeIdentity,
) -> Option<&'a dyn Target> {
    let mut same = targets
        .iter()
        .filter(|target| target.identity().bounded() == *identity);
    let only = same.next()?;
    same.next().is_none().then_some(*only)
}

#[cfg(test)]
pub(crate) mod tests;
