//! Logs of Windows XP to 8: one set of pages, valid if the time of the hive is theirs.

use super::{Log, Replay};
use crate::hive::base_block::{self, BASE_BLOCK_SIZE};

/// Bytes that a bit of the dirty vector stands for. Source: specification, "Dirty vector".
const PAGE: usize = 512;

/// Where the first bin keeps a copy of the time in the base block. Source: specification, "Hive bin".
const TIME_IN_FIRST_BIN: usize = BASE_BLOCK_SIZE + 20;

/// Pages of a log and where they belong.
struct DirtyPages<'log> {
    bins_size: u32,
    pages: Vec<(u32, &'log [u8; PAGE])>,
}

impl Replay {
    /// Applies the first log of the old format that fits, as Windows' boot loader does. Source:
    /// specification, "Multiple transaction log files", "Old format".
    pub(super) fn apply_old_logs(&mut self, logs: &[Log<'_>]) {
        for log in logs {
            if self.last_sequence.is_some() {
                self.say(log, "passed over, since another log was replayed");
                continue;
            }
            match self.apply_old_log(log) {
                Ok(pages) => {
                    self.last_sequence = Some(log.sequence());
                    self.say(log, &format!("{pages} pages of 512 bytes replayed"));
                }
                Err(reason) => self.say(log, &reason),
            }
        }
    }

    fn apply_old_log(&mut self, log: &Log<'_>) -> Result<usize, String> {
        let (hive_time, log_time) = (self.time(), log.base_block.last_written_timestamp.get());
        if hive_time != log_time {
            return Err(format!(
                "its time is {log_time:#018x}, but the hive's is {hive_time:#018x}"
            ));
        }
        let dirty = DirtyPages::parse(log)?;
        let bytes = dirty.pages.len().saturating_mul(PAGE);
        self.grow(dirty.bins_size, bytes)?;
        let primary_sequence = self
            .base_block()
            .map(|base_block| base_block.primary_sequence_number.get());
        // The log's base block was made from memory together with its pages: it knows of bins that the
        // hive's does not.
        self.restore_base_block(log);
        if let Some(sequence) = primary_sequence {
            base_block::rewrite(&mut self.bytes, |raw| {
                let larger = raw.primary_sequence_number.get().max(sequence);
                raw.primary_sequence_number.set(larger);
            });
        }
        for (offset, page) in &dirty.pages {
            if let Some(place) = self.page_mut(*offset, PAGE) {
                place.copy_from_slice(page.as_slice());
            }
        }
        Ok(dirty.pages.len())
    }

    /// Returns the hive's time: the one in the base block, or its copy if that is damaged. Source:
    /// specification, "Old format", "Base block", note 3.
    fn time(&self) -> u64 {
        if let Some(base_block) = self.base_block() {
            return base_block.last_written_timestamp.get();
        }
        let copy = self.bytes.get(TIME_IN_FIRST_BIN..);
        let copy = copy.and_then(|bytes| bytes.first_chunk::<8>());
        copy.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

impl<'log> DirtyPages<'log> {
    /// Reads the dirty vector and finds its pages; says why they are not there.
    fn parse(log: &Log<'log>) -> Result<Self, String> {
        let bins_size = log.base_block.hive_bins_data_size.get();
        let sectors = log.base_block.clustering_factor.get();
        let sector = usize::try_from(sectors)
            .ok()
            .and_then(|n| n.checked_mul(512));
        let Some(sector) = sector.filter(|bytes| (512..=BASE_BLOCK_SIZE).contains(bytes)) else {
            return Err(format!(
                "its clustering factor is {sectors}, expected 1 to 8"
            ));
        };
        let vector = log.bytes.get(sector..).unwrap_or_default();
        let Some(bits) = vector.strip_prefix(b"DIRT") else {
            return Err("no dirty vector follows its base block, expected \"DIRT\"".to_owned());
        };
        // One bit for every page: a byte for every bin of the smallest size.
        let length = usize::try_from(bins_size).unwrap_or(usize::MAX) / PAGE / 8;
        let Some(bits) = bits.get(..length) else {
            return Err(format!("its dirty vector of {length} bytes is cut off"));
        };
        let pages_at = length.saturating_add(4).next_multiple_of(sector);
        let (stored, _) = vector
            .get(pages_at..)
            .unwrap_or_default()
            .as_chunks::<PAGE>();
        let mut stored = stored.iter();
        let mut pages = Vec::new();
        for (byte, first) in bits.iter().zip((0_u32..).step_by(PAGE.saturating_mul(8))) {
            for bit in (0_u32..8).filter(|bit| byte >> bit & 1 == 1) {
                let Some(page) = stored.next() else {
                    return Err(format!("it is cut off after {} pages", pages.len()));
                };
                pages.push((first.saturating_add(bit.saturating_mul(512)), page));
            }
        }
        if pages.is_empty() {
            return Err("it holds no pages".to_owned());
        }
        Ok(Self { bins_size, pages })
    }
}
