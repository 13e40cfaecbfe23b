//! Which clusters of an NTFS volume are in use, by its `$Bitmap`.

use std::io;

use ntfs::Ntfs;

use super::{Extents, LOG_FILE, foreign, read_extents};
use crate::area::{Area, AreaReader};
use crate::journal::Allocation;

/// The bitmap's file record. Source: Linux-NTFS documentation, "Files".
const BITMAP: u64 = 6;
/// Bytes of the bitmap that are read at once.
const WINDOW_LENGTH: u64 = 4096;

/// Which clusters of an NTFS volume are in use, by its `$Bitmap`.
pub struct Clusters<'a> {
    area: &'a dyn Area,
    cluster_length: u64,
    count: u64,
    bitmap: Extents,
    log: Extents,
    window: Option<(u64, Vec<u8>)>,
}

impl<'a> Clusters<'a> {
    /// Finds bitmap and `$LogFile` of the volume in `area`.
    pub fn read(area: &'a dyn Area) -> io::Result<Self> {
        let mut reader = AreaReader::new(area);
        let ntfs = Ntfs::new(&mut reader).map_err(foreign)?;
        let cluster_length = u64::from(ntfs.cluster_size());
        let mut extents = |file| read_extents(&ntfs, &mut reader, file);
        Ok(Self {
            area,
            cluster_length,
            // What the boot sector says may be anything; nothing lies beyond the device.
            count: ntfs.size().min(area.len()) / cluster_length,
            bitmap: extents(BITMAP)?,
            log: extents(LOG_FILE)?,
            window: None,
        })
    }

    /// Returns how many bytes are free; once `wanted` are found, the rest is not counted. Returns `wanted`
    /// if that cannot be told, as the bitmap's list of places is itself spread over several file records.
    pub fn find_free(&mut self, wanted: u64) -> io::Result<u64> {
        if self.bitmap.is_empty() {
            return Ok(wanted);
        }
        let mut free = 0_u64;
        let mut first = 0_u64;
        while first < self.count && free < wanted {
            let byte = self.bitmap_byte(first / 8)?;
            // Bits behind the last cluster are set.
            let clusters = u64::from(byte.count_zeros());
            free = free.saturating_add(clusters.saturating_mul(self.cluster_length));
            first = first.saturating_add(8);
        }
        Ok(free)
    }

    /// Returns the byte of the bitmap for clusters 8 x `index` and up; all ones beyond its end.
    fn bitmap_byte(&mut self, index: u64) -> io::Result<u8> {
        let start = index / WINDOW_LENGTH * WINDOW_LENGTH;
        if self.window.as_ref().is_none_or(|(at, _)| *at != start) {
            let bytes = self.read_bitmap(start)?;
            self.window = Some((start, bytes));
        }
        let within = usize::try_from(index.saturating_sub(start)).ok();
        let window = self.window.as_ref().map(|(_, bytes)| bytes);
        let byte = window
            .zip(within)
            .and_then(|(bytes, within)| bytes.get(within));
        Ok(byte.copied().unwrap_or(0xFF))
    }

    fn read_bitmap(&self, start: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut skipped = 0_u64;
        for (offset, length) in &self.bitmap {
            let wanted = WINDOW_LENGTH.saturating_sub(u64::try_from(bytes.len()).unwrap_or(0));
            let position = start.max(skipped).saturating_sub(skipped);
            let here = length.saturating_sub(position).min(wanted);
            skipped = skipped.saturating_add(*length);
            if here == 0 {
                continue;
            }
            let mut piece = vec![0; usize::try_from(here).unwrap_or(0)];
            self.area
                .read_at(offset.saturating_add(position), &mut piece)?;
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

impl Allocation for Clusters<'_> {
    fn is_free(&mut self, offset: u64, length: u64) -> io::Result<bool> {
        let first = offset / self.cluster_length;
        let last = offset.saturating_add(length.saturating_sub(1)) / self.cluster_length;
        if last >= self.count {
            return Ok(false);
        }
        for cluster in first..=last {
            if self.bitmap_byte(cluster / 8)? & (1 << (cluster % 8)) != 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_log(&self, offset: u64, length: u64) -> bool {
        let end = offset.saturating_add(length);
        self.log
            .iter()
            .any(|(start, log_length)| *start <= offset && end <= start.saturating_add(*log_length))
    }
}
