//! Makes an overlay real: the only way in which a repair reaches a PC's disk.

use std::io;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::journal::{CommitEntry, CommitState};
use sha2::{Digest as _, Sha256};

use super::record::{Content, RECORD_HEAD_LENGTH, Record, block_record_length};
use super::{Allocation, Journal, Target};
use crate::area::Area;
use crate::machine::{CommitLabel, Committed};
use crate::overlay::{BLOCK_LENGTH, Overlay};

/// What `ntfs-3g` fills an emptied `$LogFile` with.
const EMPTY_LOG_BYTE: u8 = 0xFF;
/// Blocks that are written at once, as far as they lie side by side: slow disks want few large writes.
const RUN_BLOCKS: usize = 256;

/// Why a commit did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Nothing that is in use on the PC's disk was written, but perhaps the mark that asks Windows to
    /// check the volume.
    #[error("{doing}: {reason}")]
    Before {
        /// Gerund and object.
        doing: &'static str,
        /// What was said.
        reason: String,
    },
    /// The journal has no room; nothing was written.
    #[error("the change needs {needed} bytes of the stick's journal, {room} are free")]
    NoRoom {
        /// Bytes needed.
        needed: u64,
        /// Bytes that can be had.
        room: u64,
    },
    /// The journal took the undo and redo blocks, and then not the table that names them. What is in use
    /// on the PC's disk was not written; whether the next start of the stick writes it is not known.
    #[error("{0}")]
    Unrecorded(String),
    /// The disk may be between two states; the next start of the stick finishes the commit.
    #[error("{0}")]
    Unfinished(String),
}

fn before<E: ToString>(doing: &'static str) -> impl FnOnce(E) -> CommitError {
    move |error| CommitError::Before {
        doing,
        reason: error.to_string(),
    }
}

/// What a commit is going to write.
#[derive(Default)]
struct Changes {
    /// Blocks that nothing refers to yet.
    fresh: Vec<u64>,
    /// Blocks that are in use.
    used: Vec<u64>,
    /// Emptied ranges of `$LogFile`: offset and length.
    emptied: Vec<(u64, u64)>,
    changed_bytes: u64,
}

/// Writes everything that `overlay` changes to the volume `target`, through `journal`.
pub fn commit(
    journal: &Journal,
    target: &dyn Target,
    label: &CommitLabel,
    overlay: &Overlay,
) -> Result<Committed, CommitError> {
    let doing = "reading the volume before the commit";
    let origin = target.open().map_err(before(doing))?;
    if overlay.len() != origin.len() || overlay.is_overfull() {
        let reason = "the overlay is not a whole view of the volume";
        return Err(before("checking the overlay")(reason));
    }
    let mut allocation = target.allocation(&*origin).map_err(before(doing))?;
    let changes = sort_changes(overlay, &*origin, &mut *allocation).map_err(before(doing))?;
    if changes.changed_bytes == 0 {
        return Ok(Committed::default());
    }
    let needed = body_length(overlay, &changes);
    let (body_offset, kept) = journal.find_room(needed).ok_or(CommitError::NoRoom {
        needed,
        room: journal.room(),
    })?;
    // Before a body is written over, no table may name it any more.
    if kept.len() < journal.commits().len() {
        let dropped = journal.replace(kept.clone());
        dropped.map_err(before("dropping the oldest commits"))?;
    }
    let disk = target
        .open_for_writing()
        .map_err(before("opening the disk for writing"))?;
    if !changes.emptied.is_empty() {
        // An undo cannot bring the log back, so from now on, repaired or undone, Windows is to check.
        let marks = target.check_marks(&*origin).map_err(before(doing))?;
        write_marks(&marks, &*disk).map_err(before("marking the volume for a check"))?;
    }
    // The journal first: if the stick does not take it, not even a free block was written.
    let digest = write_body(journal.area(), body_offset, overlay, &*origin, &changes)
        .map_err(before("writing the journal"))?;
    write_fresh(overlay, &changes, &*disk).map_err(before("writing free blocks"))?;
    if needed == 0 {
        // Only blocks that nothing refers to changed, so there is nothing to finish or to take back.
        return Ok(Committed {
            changed_bytes: changes.changed_bytes,
            unmarked: None,
        });
    }
    let entry = CommitEntry {
        run: label.run.clone(),
        computer: label.computer.clone(),
        volume: target.identity(),
        state: CommitState::Prepared,
        body_offset,
        body_length: needed,
        body_digest: digest,
    };
    let unmarked = apply(journal, kept, entry, overlay, &changes, &*disk)?;
    Ok(Committed {
        changed_bytes: changes.changed_bytes,
        unmarked,
    })
}

/// The point of no return: from the durable head on, the commit is finished sooner or later. Returns why
/// the journal could not be told that it is, if it could not.
fn apply(
    journal: &Journal,
    mut commits: Vec<CommitEntry>,
    entry: CommitEntry,
    overlay: &Overlay,
    changes: &Changes,
    disk: &dyn Area,
) -> Result<Option<String>, CommitError> {
    let body_offset = entry.body_offset;
    commits.push(entry);
    let recorded = journal.replace(commits);
    recorded.map_err(|error| CommitError::Unrecorded(error.to_string()))?;
    let written = write_used(overlay, changes, disk).and_then(|()| disk.flush());
    written.map_err(|error| CommitError::Unfinished(format!("writing the disk: {error}")))?;
    let marked = journal.set_state(body_offset, CommitState::Done);
    Ok(marked.err().map(|error| error.to_string()))
}

fn sort_changes(
    overlay: &Overlay,
    origin: &dyn Area,
    allocation: &mut dyn Allocation,
) -> io::Result<Changes> {
    let mut changes = Changes::default();
    for number in overlay.changed_blocks() {
        let offset = number.saturating_mul(BLOCK_LENGTH);
        let length = u64::try_from(overlay.block_length(number)).unwrap_or(0);
        if allocation.is_free(offset, length)? {
            // What was there does not matter, so it need not be read: with definitions most is of this kind.
            changes.changed_bytes = changes.changed_bytes.saturating_add(length);
            changes.fresh.push(number);
            continue;
        }
        let (offset, old, new) = read_both(overlay, origin, number)?;
        if old == new {
            continue;
        }
        changes.changed_bytes = changes.changed_bytes.saturating_add(length);
        let is_empty_log = new.iter().all(|byte| *byte == EMPTY_LOG_BYTE);
        if is_empty_log && allocation.is_log(offset, length) {
            match changes.emptied.last_mut() {
                Some((start, all)) if start.saturating_add(*all) == offset => {
                    *all = all.saturating_add(length);
                }
                _ => changes.emptied.push((offset, length)),
            }
        } else {
            changes.used.push(number);
        }
    }
    Ok(changes)
}

fn read_both(
    overlay: &Overlay,
    origin: &dyn Area,
    number: u64,
) -> io::Result<(u64, Vec<u8>, Vec<u8>)> {
    let (offset, new) = read_new(overlay, number)?;
    let mut old = vec![0; new.len()];
    origin.read_at(offset, &mut old)?;
    Ok((offset, old, new))
}

fn read_new(overlay: &Overlay, number: u64) -> io::Result<(u64, Vec<u8>)> {
    let offset = number.saturating_mul(BLOCK_LENGTH);
    let mut new = vec![0; overlay.block_length(number)];
    overlay.read_at(offset, &mut new)?;
    Ok((offset, new))
}

fn body_length(overlay: &Overlay, changes: &Changes) -> u64 {
    let fills = u64::try_from(changes.emptied.len()).unwrap_or(u64::MAX);
    let blocks = changes.used.iter();
    blocks
        .map(|number| block_record_length(overlay.block_length(*number)))
        .fold(
            fills.saturating_mul(RECORD_HEAD_LENGTH),
            u64::saturating_add,
        )
}

fn write_marks(marks: &[(u64, Vec<u8>)], disk: &dyn Area) -> io::Result<()> {
    for (offset, bytes) in marks {
        disk.write_at(*offset, bytes)?;
    }
    disk.flush()
}

fn write_fresh(overlay: &Overlay, changes: &Changes, disk: &dyn Area) -> io::Result<()> {
    let mut buffer = Vec::new();
    let runs = changes
        .fresh
        .chunk_by(|one, next| one.saturating_add(1) == *next);
    for run in runs.flat_map(|run| run.chunks(RUN_BLOCKS)) {
        let length = run.iter().map(|number| overlay.block_length(*number));
        buffer.resize(length.sum(), 0);
        let first = run.first().copied().unwrap_or(0);
        let offset = first.saturating_mul(BLOCK_LENGTH);
        overlay.read_at(offset, &mut buffer)?;
        disk.write_at(offset, &buffer)?;
    }
    disk.flush()
}

fn write_used(overlay: &Overlay, changes: &Changes, disk: &dyn Area) -> io::Result<()> {
    for (offset, length) in &changes.emptied {
        write_fill(disk, *offset, *length, EMPTY_LOG_BYTE)?;
    }
    for number in &changes.used {
        let (offset, new) = read_new(overlay, *number)?;
        disk.write_at(offset, &new)?;
    }
    Ok(())
}

/// Writes `length` times `byte` at `offset`.
pub(super) fn write_fill(disk: &dyn Area, offset: u64, length: u64, byte: u8) -> io::Result<()> {
    let piece = vec![byte; 64 * 1024];
    let mut done = 0_u64;
    while done < length {
        let left = usize::try_from(length.saturating_sub(done)).unwrap_or(usize::MAX);
        let bytes = piece.get(..left.min(piece.len())).unwrap_or_default();
        disk.write_at(offset.saturating_add(done), bytes)?;
        done = done.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }
    Ok(())
}

fn write_body(
    area: &dyn Area,
    start: u64,
    overlay: &Overlay,
    origin: &dyn Area,
    changes: &Changes,
) -> io::Result<Sha256Digest> {
    let mut hasher = Sha256::new();
    let mut position = start;
    let mut write = |record: &Record| -> io::Result<()> {
        let bytes = record.to_bytes();
        hasher.update(&bytes);
        area.write_at(position, &bytes)?;
        position = position.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    };
    for (offset, length) in &changes.emptied {
        write(&Record {
            offset: *offset,
            content: Content::Fill {
                length: *length,
                byte: EMPTY_LOG_BYTE,
            },
        })?;
    }
    for number in &changes.used {
        let (offset, undo, redo) = read_both(overlay, origin, *number)?;
        write(&Record {
            offset,
            content: Content::Block { undo, redo },
        })?;
    }
    area.flush()?;
    Ok(Sha256Digest(hasher.finalize().into()))
}
