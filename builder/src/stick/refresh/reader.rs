//! A stick, read through its door as a file is read.

use std::io::{self, Read, Seek, SeekFrom};

use crate::lba::{Lba, SECTOR_SIZE};
use crate::stick::Device;
use crate::stick::buffer::AlignedBuffer;

/// Bytes that are read at once.
const BLOCK: u64 = 128 << 10;

/// Reads a device from byte to byte.
pub(super) struct DeviceReader<'a> {
    device: &'a mut dyn Device,
    size: u64,
    position: u64,
    block: AlignedBuffer,
    /// First byte of what the block holds, and how much that is.
    held: Option<(u64, usize)>,
}

impl<'a> DeviceReader<'a> {
    pub(super) fn new(device: &'a mut dyn Device) -> Self {
        let size = device.size().0 / SECTOR_SIZE * SECTOR_SIZE;
        Self {
            device,
            size,
            position: 0,
            block: AlignedBuffer::zeroed(usize::try_from(BLOCK).unwrap_or_default()),
            held: None,
        }
    }
}

impl Read for DeviceReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size {
            return Ok(0);
        }
        let start = self.position / BLOCK * BLOCK;
        if self.held.is_none_or(|(held, _)| held != start) {
            self.held = None;
            let length = usize::try_from(BLOCK.min(self.size - start)).unwrap_or_default();
            let part = &mut self.block[..length];
            self.device.read_at(Lba(start / SECTOR_SIZE), part)?;
            self.held = Some((start, length));
        }
        let (_, length) = self.held.unwrap_or_default();
        let offset = usize::try_from(self.position - start).unwrap_or(usize::MAX);
        let mut rest = self.block[..length].get(offset..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.position += u64::try_from(read).unwrap_or_default();
        Ok(read)
    }
}

impl Seek for DeviceReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let outside = || io::Error::other("position before the start of the stick");
        self.position = position.ok_or_else(outside)?;
        Ok(self.position)
    }
}
