//! Copy-on-write view of a PC's volume; the only way to mount one for writing.
//!
//! Nothing here writes the volume: it is read, and blocks that are written are kept in memory, or, when
//! memory is not ample, in the stick's scratch area. [`crate::journal::commit`] makes them real.
//! [`serve`] shows an overlay as a file that `ntfs-3g` or a loop device takes for a disk.

use std::collections::BTreeMap;
use std::io;

use crate::area::{Area, check_range};

pub mod serve;

/// Bytes that are kept together; the last block of a volume may be shorter.
pub const BLOCK_LENGTH: u64 = 4096;

/// What was written, over what is there.
pub struct Overlay {
    origin: Box<dyn Area>,
    blocks: BTreeMap<u64, Slot>,
    memory: Room,
    scratch: Option<Box<dyn Area>>,
    scratch_used: u64,
    is_overfull: bool,
}

/// How much memory may be used, in blocks.
#[derive(Clone, Copy, Debug)]
struct Room {
    used: u64,
    limit: u64,
}

/// Where a changed block is kept.
enum Slot {
    /// Every byte is the same; what `ntfs-3g` writes over a whole `$LogFile`.
    Uniform(u8),
    Memory(Box<[u8]>),
    /// Number of the block in the scratch area.
    Scratch(u64),
}

impl Overlay {
    /// Lays an empty overlay over `origin`. At most `memory_limit` bytes of changed blocks are kept in
    /// memory, further ones in `scratch`.
    pub fn new(origin: Box<dyn Area>, memory_limit: u64, scratch: Option<Box<dyn Area>>) -> Self {
        Self {
            origin,
            blocks: BTreeMap::new(),
            memory: Room {
                used: 0,
                limit: memory_limit / BLOCK_LENGTH,
            },
            scratch,
            scratch_used: 0,
            is_overfull: false,
        }
    }

    /// Returns the length of the volume in bytes.
    pub fn len(&self) -> u64 {
        self.origin.len()
    }

    /// Returns whether the volume has no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.origin.is_empty()
    }

    /// Returns whether a write was refused because memory and scratch area were full. What the file
    /// system then looks like is not to be committed.
    pub fn is_overfull(&self) -> bool {
        self.is_overfull
    }

    /// Returns the numbers of all blocks that were written, in order. Block n begins at byte
    /// n x [`BLOCK_LENGTH`].
    pub fn changed_blocks(&self) -> impl Iterator<Item = u64> + '_ {
        self.blocks.keys().copied()
    }

    /// Returns the length in bytes of block `number`; only the last may be short.
    pub fn block_length(&self, number: u64) -> usize {
        let start = number.saturating_mul(BLOCK_LENGTH);
        let left = self.len().saturating_sub(start).min(BLOCK_LENGTH);
        usize::try_from(left).unwrap_or(0)
    }

    /// Fills `buffer` from `offset`, as written or else as it is on the volume.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        check_range(offset, buffer.len(), self.len())?;
        // One read for the whole range, then what was changed over it: most of it never is. Where all of
        // it was changed, as in a new file, the volume is not asked.
        let is_all_changed =
            || pieces(offset, buffer.len()).all(|piece| self.blocks.contains_key(&piece.block));
        if !is_all_changed() {
            self.origin.read_at(offset, buffer)?;
        }
        for piece in pieces(offset, buffer.len()) {
            if let Some(slot) = self.blocks.get(&piece.block) {
                let target = buffer.get_mut(piece.range.clone()).unwrap_or_default();
                self.read_slot(slot, piece.within, target)?;
            }
        }
        Ok(())
    }

    fn read_slot(&self, slot: &Slot, within: usize, target: &mut [u8]) -> io::Result<()> {
        match slot {
            Slot::Uniform(byte) => target.fill(*byte),
            Slot::Memory(bytes) => {
                let end = within.saturating_add(target.len());
                let source = bytes.get(within..end).ok_or(io::ErrorKind::UnexpectedEof)?;
                target.copy_from_slice(source);
            }
            Slot::Scratch(number) => {
                let scratch = self.scratch.as_ref().ok_or(io::ErrorKind::NotFound)?;
                let within = u64::try_from(within).unwrap_or(0);
                scratch.read_at(number.saturating_mul(BLOCK_LENGTH) + within, target)?;
            }
        }
        Ok(())
    }

    /// Keeps `bytes` as the content at `offset`.
    pub fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        check_range(offset, bytes.len(), self.len())?;
        for piece in pieces(offset, bytes.len()) {
            let source = bytes.get(piece.range.clone()).unwrap_or_default();
            let length = self.block_length(piece.block);
            let mut block = vec![0; length];
            if source.len() < length {
                self.read_at(piece.block.saturating_mul(BLOCK_LENGTH), &mut block)?;
            }
            let end = piece.within.saturating_add(source.len());
            let target = block.get_mut(piece.within..end);
            target
                .ok_or(io::ErrorKind::UnexpectedEof)?
                .copy_from_slice(source);
            self.keep(piece.block, block.into_boxed_slice())?;
        }
        Ok(())
    }

    fn keep(&mut self, number: u64, bytes: Box<[u8]>) -> io::Result<()> {
        let first = bytes.first().copied().unwrap_or(0);
        if bytes.iter().all(|byte| *byte == first) {
            self.release(number);
            self.blocks.insert(number, Slot::Uniform(first));
            return Ok(());
        }
        match self.blocks.get_mut(&number) {
            Some(Slot::Memory(kept)) => *kept = bytes,
            Some(Slot::Scratch(slot)) => {
                let place = slot.saturating_mul(BLOCK_LENGTH);
                let scratch = self.scratch.as_ref().ok_or(io::ErrorKind::NotFound)?;
                scratch.write_at(place, &bytes)?;
            }
            Some(Slot::Uniform(_)) | None => {
                let slot = self.find_room(bytes)?;
                self.blocks.insert(number, slot);
            }
        }
        Ok(())
    }

    fn find_room(&mut self, bytes: Box<[u8]>) -> io::Result<Slot> {
        if self.memory.used < self.memory.limit {
            self.memory.used += 1;
            return Ok(Slot::Memory(bytes));
        }
        let place = self.scratch_used.saturating_mul(BLOCK_LENGTH);
        match &self.scratch {
            Some(scratch) if place.saturating_add(BLOCK_LENGTH) <= scratch.len() => {
                scratch.write_at(place, &bytes)?;
                let slot = Slot::Scratch(self.scratch_used);
                self.scratch_used += 1;
                Ok(slot)
            }
            _ => {
                self.is_overfull = true;
                Err(io::ErrorKind::StorageFull.into())
            }
        }
    }

    fn release(&mut self, number: u64) {
        // A scratch block is not used again: that a block becomes uniform is rare.
        if let Some(Slot::Memory(_)) = self.blocks.remove(&number) {
            self.memory.used = self.memory.used.saturating_sub(1);
        }
    }
}

/// The part of a read or write that lies in one block.
struct Piece {
    block: u64,
    /// First byte within the block.
    within: usize,
    /// Bytes of the caller's buffer.
    range: std::ops::Range<usize>,
}

fn pieces(offset: u64, length: usize) -> impl Iterator<Item = Piece> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let left = length.checked_sub(done).filter(|left| *left > 0)?;
        let position = offset.checked_add(u64::try_from(done).ok()?)?;
        let within = position % BLOCK_LENGTH;
        let here = usize::try_from(BLOCK_LENGTH - within).ok()?.min(left);
        let range = done..done + here;
        done += here;
        Some(Piece {
            block: position / BLOCK_LENGTH,
            within: usize::try_from(within).ok()?,
            range,
        })
    })
}

#[cfg(test)]
#[expect(clippy::as_conversions, reason = "small numbers made up by the tests")]
mod tests {
    use super::*;
    use crate::journal::tests::MemoryArea;

    fn origin() -> Vec<u8> {
        // Not a multiple of the block: partitions of old disks end anywhere.
        (0..10 * 4096 + 512).map(|n: u32| (n / 7) as u8).collect()
    }

    fn overlay(memory: u64, scratch: u64) -> Overlay {
        let area: Box<dyn Area> = Box::new(MemoryArea::new(vec![0; scratch as usize]));
        Overlay::new(Box::new(MemoryArea::new(origin())), memory, Some(area))
    }

    #[test]
    fn reads_what_was_written_over_what_was_there() {
        for (memory, scratch) in [(1 << 20, 0), (0, 1 << 20), (4096, 1 << 20)] {
            let mut overlay = overlay(memory, scratch);
            let mut expect = origin();
            for (offset, length) in [
                (0_usize, 1),
                (4095, 2),
                (5000, 9000),
                (41470, 2),
                (8192, 4096),
            ] {
                let bytes: Vec<u8> = (0..length).map(|n| (n * 3 + offset) as u8).collect();
                overlay.write_at(offset as u64, &bytes).unwrap();
                expect[offset..offset + length].copy_from_slice(&bytes);
            }
            let mut found = vec![0; expect.len()];
            overlay.read_at(0, &mut found).unwrap();
            assert!(found == expect, "memory {memory}");
            let changed: Vec<_> = overlay.changed_blocks().collect();
            assert_eq!(changed, [0, 1, 2, 3, 10]);
            assert_eq!(overlay.block_length(10), 512);
        }
    }

    #[test]
    fn uniform_blocks_need_no_room() {
        let mut overlay = overlay(0, 0);
        overlay.write_at(0, &[0xFF; 8192]).unwrap();
        assert!(overlay.write_at(1, &[0]).is_err());
        assert!(overlay.is_overfull());
        let mut found = [0; 2];
        overlay.read_at(8191, &mut found).unwrap();
        assert_eq!(found[0], 0xFF);
    }

    #[test]
    fn refuses_to_read_or_write_beyond_the_end() {
        let mut overlay = overlay(1 << 20, 0);
        let end = overlay.len();
        assert!(overlay.write_at(end - 1, &[1, 2]).is_err());
        assert!(overlay.read_at(end, &mut [0]).is_err());
        assert_eq!(overlay.changed_blocks().count(), 0);
    }
}
