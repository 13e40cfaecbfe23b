//! Logs of Windows 8.1 and later: entries in a row, each numbered and hashed.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use super::{Log, Replay};
use crate::hive::base_block;
use crate::hive::marvin::marvin32;

/// Bytes before the first entry, whatever the device's sectors. Source: specification, "Sector size and
/// clustering factor".
const FIRST_ENTRY: usize = 512;

/// Bytes that an entry's size is a multiple of. Source: specification, "Log entries".
const ENTRY_UNIT: usize = 512;

/// Flag of the base block that entries carry along. Source: specification, "Log entries", note 11.
const CARRIED_FLAG: u32 = 1;

/// Head of an entry. Source: specification, "Log entries".
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RawEntry {
    signature: [u8; 4],
    size: U32,
    flags: U32,
    sequence_number: U32,
    hive_bins_data_size: U32,
    dirty_pages_count: U32,
    hash_1: U64,
    hash_2: U64,
}
const _: () = assert!(size_of::<RawEntry>() == 40);

/// Place of a page in the bins. Source: specification, "Log entries".
#[derive(Clone, Copy, FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RawPageReference {
    offset: U32,
    size: U32,
}

/// An entry whose hashes are right and whose pages lie in it.
struct Entry<'log> {
    raw: &'log RawEntry,
    pages: Vec<(u32, &'log [u8])>,
}

impl Replay {
    /// Applies logs of the new format, the one with the earliest entries first.
    pub(super) fn apply_new_logs(&mut self, mut logs: Vec<Log<'_>>) {
        logs.sort_by_key(Log::sequence);
        if let Some(base_block) = self.base_block() {
            let written = base_block.secondary_sequence_number.get();
            logs.retain(|log| {
                let fits = log.sequence() >= written;
                if !fits {
                    let what = format!("its entries are older than the hive ({written})");
                    self.evidence.push(format!("log {}: {what}", log.number));
                }
                fits
            });
        } else {
            // Which entries the bins already hold is unknown, so only the log with the latest counts.
            // Source: specification, "Multiple transaction log files", "New format".
            let latest = logs.pop();
            for log in logs {
                self.say(
                    &log,
                    "passed over, since the base block is damaged and a later log exists",
                );
            }
            logs = Vec::from_iter(latest);
        }
        for log in &logs {
            self.apply_new_log(log);
        }
    }

    fn apply_new_log(&mut self, log: &Log<'_>) {
        let first = log.sequence();
        if let Some(last) = self.last_sequence
            && last.wrapping_add(1) != first
        {
            let what = format!("its entries begin at {first}, expected the one after {last}");
            return self.say(log, &what);
        }
        let mut rest = log.bytes.get(FIRST_ENTRY..).unwrap_or_default();
        let (mut count, mut expected) = (0_u32, first);
        let stop = loop {
            let entry = match Entry::parse(rest, expected) {
                Ok(entry) => entry,
                Err(reason) => break reason,
            };
            if count == 0 && self.base_block().is_none() {
                self.restore_base_block(log);
            }
            if let Err(reason) = self.apply_entry(&entry) {
                break reason;
            }
            self.last_sequence = Some(expected);
            expected = expected.wrapping_add(1);
            count = count.saturating_add(1);
            rest = rest.get(entry.size()..).unwrap_or_default();
        };
        let last = self.last_sequence.filter(|_| count > 0);
        let what = last.map_or_else(
            || format!("no entry replayed: {stop}"),
            |last| format!("entries {first} to {last} replayed, then {stop}"),
        );
        self.say(log, &what);
    }

    fn apply_entry(&mut self, entry: &Entry<'_>) -> Result<(), String> {
        let bins_size = entry.raw.hive_bins_data_size.get();
        let lengths = entry.pages.iter().map(|(_, page)| page.len());
        let pages = lengths.fold(0, usize::saturating_add);
        for (offset, page) in &entry.pages {
            let length = u32::try_from(page.len()).unwrap_or(u32::MAX);
            let end = offset.checked_add(length);
            if end.is_none_or(|end| end > bins_size) {
                return Err(format!("a page at {offset:#x} lies beyond the last bin"));
            }
        }
        self.grow(bins_size, pages)?;
        for (offset, page) in &entry.pages {
            if let Some(place) = self.page_mut(*offset, page.len()) {
                place.copy_from_slice(page);
            }
        }
        base_block::rewrite(&mut self.bytes, |raw| {
            raw.hive_bins_data_size.set(bins_size);
            let others = raw.flags.get() & !CARRIED_FLAG;
            raw.flags.set(others | entry.raw.flags.get() & CARRIED_FLAG);
        });
        Ok(())
    }
}

impl<'log> Entry<'log> {
    /// Parses the entry at the start of `bytes`, which should be number `expected`; says why it is none.
    fn parse(bytes: &'log [u8], expected: u32) -> Result<Self, String> {
        let head = RawEntry::ref_from_prefix(bytes).ok();
        let Some((raw, _)) = head.filter(|(raw, _)| raw.signature == *b"HvLE") else {
            return Err("no further entry follows".to_owned());
        };
        let sequence = raw.sequence_number.get();
        if sequence != expected {
            return Err(format!("entry {sequence} follows, not {expected}"));
        }
        let size = usize::try_from(raw.size.get()).unwrap_or(usize::MAX);
        let whole = bytes
            .get(..size)
            .filter(|_| size.is_multiple_of(ENTRY_UNIT));
        let body = whole.and_then(|whole| whole.get(size_of::<RawEntry>()..));
        let (Some(whole), Some(body)) = (whole, body) else {
            return Err(format!("entry {sequence} of {size} bytes is cut off"));
        };
        // The second hash covers the head up to itself, the first hash included.
        let head = whole.get(..32).unwrap_or_default();
        if marvin32(body) != raw.hash_1.get() || marvin32(head) != raw.hash_2.get() {
            return Err(format!("entry {sequence} has another hash"));
        }
        let count = usize::try_from(raw.dirty_pages_count.get()).unwrap_or(usize::MAX);
        let references = <[RawPageReference]>::ref_from_prefix_with_elems(body, count);
        let Ok((references, mut rest)) = references else {
            return Err(format!("entry {sequence} has no room for {count} pages"));
        };
        let mut pages = Vec::new();
        for reference in references {
            let length = usize::try_from(reference.size.get()).unwrap_or(usize::MAX);
            let Some((page, others)) = rest.split_at_checked(length) else {
                return Err(format!("entry {sequence} has no room for its pages"));
            };
            pages.push((reference.offset.get(), page));
            rest = others;
        }
        Ok(Self { raw, pages })
    }

    fn size(&self) -> usize {
        usize::try_from(self.raw.size.get()).unwrap_or(usize::MAX)
    }
}
