//! Replays transaction logs: makes of a hive that Windows did not write to its end the hive that Windows
//! would load at its next start.
//!
//! ```text
//! old  base block (type 1 or 2), "DIRT", a bit for every 512 bytes of the bins, then these pages
//! new  base block (type 6), then entries: "HvLE", sizes, sequence number, two hashes, pages
//! ```
//!
//! Everything happens on a copy in memory. A hive that was written to its end is left as it is, whatever
//! its logs hold (specification, "Dirty state of a hive"). A hive that no log fits is refused: Windows may
//! "heal" such a hive by throwing parts away, which is not ours to do. The logs themselves are not
//! touched; whoever writes the hive back should empty them, although Windows ignores them then.
//!
//! Source: M. Suhanov, "Windows registry file format specification", "Format of transaction log files"
//! to "Multiple transaction log files".

use crate::hive::base_block::{self, BASE_BLOCK_SIZE, BaseBlock, RawBaseBlock};
use crate::hive::cell::BIN_UNIT;
use crate::hive::{Hive, HiveError};

mod new_format;
mod old_format;
#[cfg(test)]
pub(crate) mod tests;

/// File types of logs of the old format: 2 until Windows 2000, 1 since. Source: specification, "Old
/// format" and "Very old versions of Windows".
const OLD_FORMAT_TYPES: [u32; 2] = [1, 2];

/// File type of a log of the new format. Source: specification, "New format".
const NEW_FORMAT_TYPE: u32 = 6;

/// A hive as Windows would load it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The registry file, clean.
    pub bytes: Vec<u8>,
    /// What was replayed and what was passed over, a sentence each; empty if the hive was clean.
    pub evidence: Vec<String>,
}

/// Replays `logs` onto `primary`. The logs are those beside the hive in the order `.LOG`, `.LOG1`,
/// `.LOG2`; empty ones may be left out.
///
/// # Errors
///
/// [`HiveError::NotReplayable`] if the hive needs a log and none fits, with the reason for each;
/// [`HiveError::Corrupt`] or [`HiveError::Unsupported`] if it is no hive, or none after the replay.
pub fn recover(primary: Vec<u8>, logs: &[Vec<u8>]) -> Result<Recovered, HiveError> {
    let Some(dirty) = why_dirty(&primary)? else {
        return Ok(Recovered {
            bytes: primary,
            evidence: Vec::new(),
        });
    };
    let mut evidence = vec![format!("the hive was not written to its end ({dirty})")];
    let mut old = Vec::new();
    let mut new = Vec::new();
    for (log, number) in logs.iter().zip(1..) {
        match Log::parse(log, number) {
            Ok(log) if log.is_new() => new.push(log),
            Ok(log) => old.push(log),
            Err(reason) => evidence.push(format!("log {number}: {reason}")),
        }
    }
    let mut replay = Replay {
        bytes: primary,
        last_sequence: None,
        evidence,
    };
    replay.apply_new_logs(new);
    // A hive that came from Windows 7 may have an old log from then beside the new ones.
    if replay.last_sequence.is_none() {
        replay.apply_old_logs(&old);
    }
    replay.finish()
}

/// Returns why the hive needs a log, or `None` if it does not. A base block that is not even one is no
/// reason to give up: a log holds a copy (specification, "Old format", "Base block", note 4).
fn why_dirty(primary: &[u8]) -> Result<Option<String>, HiveError> {
    match BaseBlock::parse(primary) {
        Ok(base_block) => Ok(base_block.dirty),
        Err(error) => {
            let is_torn = primary.len() >= BASE_BLOCK_SIZE;
            if is_torn && base_block::read_sound(primary).is_none() {
                return Ok(Some(error.to_string()));
            }
            Err(error)
        }
    }
}

/// A log whose base block is sound.
struct Log<'bytes> {
    /// Which one of those given, from 1.
    number: usize,
    bytes: &'bytes [u8],
    base_block: &'bytes RawBaseBlock,
}

impl<'bytes> Log<'bytes> {
    /// Checks the base block of a log; says why it is none that can be replayed.
    fn parse(bytes: &'bytes [u8], number: usize) -> Result<Self, String> {
        if bytes.iter().take(BASE_BLOCK_SIZE).all(|byte| *byte == 0) {
            return Err("it is empty".to_owned());
        }
        let Some(base_block) = base_block::read_sound(bytes) else {
            return Err("its base block has another magic or checksum".to_owned());
        };
        let first = base_block.primary_sequence_number.get();
        let second = base_block.secondary_sequence_number.get();
        if first != second {
            return Err(format!("it was not written to its end ({first}, {second})"));
        }
        let file_type = base_block.file_type.get();
        if !OLD_FORMAT_TYPES.contains(&file_type) && file_type != NEW_FORMAT_TYPE {
            return Err(format!("its type is {file_type}, expected 1, 2 or 6"));
        }
        let (major, minor) = (
            base_block.major_version.get(),
            base_block.minor_version.get(),
        );
        if major != 1 || !(3..=6).contains(&minor) {
            return Err(format!(
                "its version is {major}.{minor}, expected 1.3 to 1.6"
            ));
        }
        Ok(Self {
            number,
            bytes,
            base_block,
        })
    }

    fn is_new(&self) -> bool {
        self.base_block.file_type.get() == NEW_FORMAT_TYPE
    }

    fn sequence(&self) -> u32 {
        self.base_block.primary_sequence_number.get()
    }
}

/// A replay under way.
struct Replay {
    bytes: Vec<u8>,
    /// Sequence number of what was replayed last; `None` if nothing was.
    last_sequence: Option<u32>,
    evidence: Vec<String>,
}

impl Replay {
    fn say(&mut self, log: &Log<'_>, what: &str) {
        self.evidence.push(format!("log {}: {what}", log.number));
    }

    /// Returns the hive's base block if its checksum is right.
    fn base_block(&self) -> Option<&RawBaseBlock> {
        base_block::read_sound(&self.bytes)
    }

    /// Puts the base block of `log` in the place of the hive's.
    fn restore_base_block(&mut self, log: &Log<'_>) {
        if let (Some(to), Some(from)) = (
            self.bytes
                .first_chunk_mut::<{ size_of::<RawBaseBlock>() }>(),
            log.bytes.first_chunk(),
        ) {
            *to = *from;
        }
        base_block::rewrite(&mut self.bytes, |raw| raw.file_type.set(0));
    }

    /// Makes room for `bins_size` bytes of bins. Every page of a bin that is new to the file lies in the
    /// log, so a file that must grow by more than `pages` bytes is not the one that the log belongs to.
    fn grow(&mut self, bins_size: u32, pages: usize) -> Result<(), String> {
        let size = usize::try_from(bins_size).ok();
        let size = size.and_then(|size| size.checked_add(BASE_BLOCK_SIZE));
        let most = self.bytes.len().saturating_add(pages);
        match size {
            Some(size) if size <= most && bins_size.is_multiple_of(BIN_UNIT) => {
                if self.bytes.len() < size {
                    self.bytes.resize(size, 0);
                }
                Ok(())
            }
            _ => Err(format!(
                "bins of {bins_size} bytes, expected a multiple of 4096 that file and log can fill"
            )),
        }
    }

    /// Returns the page of `length` bytes at `offset` from the first bin; `None` unless it lies in the
    /// file.
    fn page_mut(&mut self, offset: u32, length: usize) -> Option<&mut [u8]> {
        let start = usize::try_from(offset).ok()?.checked_add(BASE_BLOCK_SIZE)?;
        self.bytes.get_mut(start..start.checked_add(length)?)
    }

    /// Makes the base block that of a clean hive and proves that the bins are whole.
    fn finish(mut self) -> Result<Recovered, HiveError> {
        let Some(last) = self.last_sequence else {
            return Err(HiveError::NotReplayable {
                reasons: self.evidence.join("; "),
            });
        };
        base_block::rewrite(&mut self.bytes, |raw| {
            // Above every number seen: should the hive be dirty again, no entry of these logs fits it.
            let seen = raw.primary_sequence_number.get();
            let next = seen.max(last).wrapping_add(1);
            raw.primary_sequence_number.set(next);
            raw.secondary_sequence_number.set(next);
        });
        let hive = Hive::parse(self.bytes)?;
        hive.cells()?;
        Ok(Recovered {
            bytes: hive.bytes,
            evidence: self.evidence,
        })
    }
}
