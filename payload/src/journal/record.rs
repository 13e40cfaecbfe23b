//! Body of a commit: a row of records, each with its own checksum.
//!
//! ```text
//! 0    magic "MJRC"                   24   fill byte, then 7 zeros
//! 4    kind (u32)                     32   SHA-256 of bytes 0..32 and the payload
//! 8    offset on the volume (u64)     64   kind 1: undo bytes, redo bytes, `length` each
//! 16   length in bytes (u64)               kind 2: nothing; redo is the fill byte, undo is not kept
//! ```
//!
//! Kind 2 is for a `$LogFile` with unfinished work, which `ntfs-3g` overwrites with 0xFF, often 64 MiB of
//! it, before it changes the volume. Taking a repair back leaves it so: Windows makes the log anew, and
//! checks the volume, which was marked for that before the commit.
//! Numbers are little-endian.

use std::ops::ControlFlow;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::journal::CommitEntry;
use sha2::{Digest as _, Sha256};

use super::JournalError;
use crate::area::Area;
use crate::overlay::BLOCK_LENGTH;

const MAGIC: [u8; 4] = *b"MJRC";
/// Length in bytes of a record without its payload.
pub(crate) const RECORD_HEAD_LENGTH: u64 = 64;
const KIND_BLOCK: u32 = 1;
const KIND_FILL: u32 = 2;

/// One record: a range of the volume before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Offset on the volume in bytes.
    pub offset: u64,
    /// What the range was, and what it becomes.
    pub content: Content,
}

/// Content of a range of the volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// At most one block.
    Block {
        /// Before.
        undo: Vec<u8>,
        /// After; as long as `undo`.
        redo: Vec<u8>,
    },
    /// Any length; stays as it is when the commit is taken back.
    Fill {
        /// Length in bytes.
        length: u64,
        /// Every byte of it.
        byte: u8,
    },
}

/// Returns how many bytes a record of a block of `length` bytes takes.
pub(crate) fn block_record_length(length: usize) -> u64 {
    let length = u64::try_from(length).unwrap_or(u64::MAX / 4);
    length.saturating_mul(2).saturating_add(RECORD_HEAD_LENGTH)
}

impl Record {
    /// Returns the record as it lies in the journal.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let (kind, length, byte, payload) = match &self.content {
            Content::Block { undo, redo } => {
                let length = u64::try_from(undo.len()).unwrap_or(0);
                (KIND_BLOCK, length, 0, [undo.as_slice(), redo].concat())
            }
            Content::Fill { length, byte } => (KIND_FILL, *length, *byte, Vec::new()),
        };
        let mut bytes = Vec::with_capacity(payload.len().saturating_add(64));
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&kind.to_le_bytes());
        bytes.extend_from_slice(&self.offset.to_le_bytes());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&[byte, 0, 0, 0, 0, 0, 0, 0]);
        let sum = sum(&bytes, &payload);
        bytes.extend_from_slice(&sum);
        bytes.extend_from_slice(&payload);
        bytes
    }
}

fn sum(head: &[u8], payload: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(head);
    hasher.update(payload);
    hasher.finalize().into()
}

/// Reads the body of `commit` and gives every record, in order, to `each`, until that breaks off.
/// A record is given only after its own checksum held; [`check_body`] is for the whole.
pub(crate) fn read_body(
    area: &dyn Area,
    commit: &CommitEntry,
    each: &mut dyn FnMut(Record) -> ControlFlow<()>,
) -> Result<(), JournalError> {
    let end = commit.body_offset.saturating_add(commit.body_length);
    let mut position = commit.body_offset;
    while position < end {
        let (record, length) = read_record(area, commit, position)?;
        if each(record).is_break() {
            return Ok(());
        }
        position = position.saturating_add(length);
    }
    if position > end {
        let finding = format!("last record ends at {position:#x}, the body at {end:#x}");
        return Err(corrupt(commit, position, finding));
    }
    Ok(())
}

/// Checks the body of `commit` against the digest in the table.
pub(crate) fn check_body(area: &dyn Area, commit: &CommitEntry) -> Result<(), JournalError> {
    let end = commit.body_offset.saturating_add(commit.body_length);
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut position = commit.body_offset;
    while position < end {
        let left = usize::try_from(end.saturating_sub(position)).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        let piece = buffer.get_mut(..length).unwrap_or_default();
        let read = area.read_at(position, piece);
        read.map_err(JournalError::io("reading the journal"))?;
        hasher.update(&*piece);
        position = position.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
    }
    let found = Sha256Digest(hasher.finalize().into());
    if found == commit.body_digest {
        return Ok(());
    }
    let expect = commit.body_digest.short();
    let finding = format!("SHA-256 is {}, the table says {expect}", found.short());
    Err(corrupt(commit, commit.body_offset, finding))
}

fn read_record(
    area: &dyn Area,
    commit: &CommitEntry,
    position: u64,
) -> Result<(Record, u64), JournalError> {
    let doing = "reading the journal";
    let mut head = [0; 64];
    let read = area.read_at(position, &mut head);
    read.map_err(JournalError::io(doing))?;
    let (fields, stored_sum) = head.split_at(32);
    let [
        magic,
        kind,
        offset_low,
        offset_high,
        length_low,
        length_high,
        fill,
        _,
    ] = words(fields).ok_or_else(|| corrupt(commit, position, "no record".into()))?;
    if magic != u32::from_le_bytes(MAGIC) {
        let finding = format!("record magic is {magic:#010x}, expected \"MJRC\"");
        return Err(corrupt(commit, position, finding));
    }
    let offset = join(offset_low, offset_high);
    let length = join(length_low, length_high);
    let payload_length = match kind {
        KIND_BLOCK if length <= BLOCK_LENGTH => length.saturating_mul(2),
        KIND_FILL => 0,
        _ => {
            let finding = format!("record of kind {kind} and {length} bytes");
            return Err(corrupt(commit, position, finding));
        }
    };
    let mut payload = vec![0; usize::try_from(payload_length).unwrap_or(0)];
    let start = position.saturating_add(RECORD_HEAD_LENGTH);
    let read = area.read_at(start, &mut payload);
    read.map_err(JournalError::io(doing))?;
    if sum(fields, &payload) != stored_sum {
        let finding = "record does not match its checksum".into();
        return Err(corrupt(commit, position, finding));
    }
    let content = if kind == KIND_FILL {
        let [byte, ..] = fill.to_le_bytes();
        Content::Fill { length, byte }
    } else {
        let redo = payload.split_off(payload.len() / 2);
        Content::Block {
            undo: payload,
            redo,
        }
    };
    let record_length = RECORD_HEAD_LENGTH.saturating_add(payload_length);
    Ok((Record { offset, content }, record_length))
}

fn words(bytes: &[u8]) -> Option<[u32; 8]> {
    let words = bytes.chunks_exact(4).map(|word| {
        let word: [u8; 4] = word.try_into().unwrap_or_default();
        u32::from_le_bytes(word)
    });
    words.collect::<Vec<_>>().try_into().ok()
}

fn join(low: u32, high: u32) -> u64 {
    (u64::from(high) << 32) | u64::from(low)
}

fn corrupt(commit: &CommitEntry, offset: u64, finding: String) -> JournalError {
    JournalError::Corrupt {
        run: commit.run.clone(),
        offset,
        finding,
    }
}
