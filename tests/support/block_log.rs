//! What QEMU's `blklogwrites` records: every write and every flush of a device, in order.
//!
//! ```text
//! sector 0   0 magic  8 version  16 number of entries  24 bytes of a sector
//! entry      0 first sector  8 sectors  16 flags  24 0   to the end of a sector, then what was written
//! ```
//! Source: Linux, `drivers/md/dm-log-writes.c`; QEMU, `block/blklogwrites.c`.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use fs_err as fs;

const MAGIC: u64 = 0x006a_7366_7773_6872;
const FLUSH: u64 = 1;
const FUA: u64 = 2;
const DISCARD: u64 = 4;

/// What a device was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoggedEvent {
    /// Bytes for an offset.
    Write(u64, Vec<u8>),
    /// Everything so far is to be durable.
    Flush,
}

/// Reads a log whole.
pub fn read_block_log(path: &Path) -> Result<Vec<LoggedEvent>> {
    let bytes = fs::read(path)?;
    let number = |at: usize| -> Result<u64> {
        let field = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>());
        let field = field.with_context(|| format!("{}: ends before {at}", path.display()))?;
        Ok(u64::from_le_bytes(*field))
    };
    ensure!(number(0)? == MAGIC, "{}: no log of writes", path.display());
    let (count, sector) = (number(16)?, usize::try_from(number(24)? & 0xFFFF_FFFF)?);
    let mut events = Vec::new();
    let mut at = sector;
    for _ in 0..count {
        let (first, sectors, flags) = (
            number(at)?,
            usize::try_from(number(at + 8)?)?,
            number(at + 16)?,
        );
        at += sector;
        if flags & DISCARD != 0 {
            bail!(
                "{}: a discard, which nobody here should ask for",
                path.display()
            );
        }
        let offset = first * u64::try_from(sector)?;
        if flags & FLUSH != 0 {
            events.push(LoggedEvent::Flush);
        }
        if sectors > 0 {
            let end = at + sectors * sector;
            let content = bytes.get(at..end).context("the log ends within a write")?;
            events.push(LoggedEvent::Write(offset, content.to_vec()));
            at = end;
        }
        if flags & FUA != 0 {
            events.push(LoggedEvent::Flush);
        }
    }
    Ok(events)
}
