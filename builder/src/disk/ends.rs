//! The first and last sectors of a disk as if they were a disk.
//!
//! The gpt crate reads and writes a device; a plan has none. It touches only the two ends, so those
//! are kept and the gigabytes between are not.

use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::lba::{Lba, SECTOR_SIZE};

/// Sectors kept at the start: MBR, header, entries.
const HEAD_SECTORS: u64 = 34;

/// Sectors kept at the end: entries, header.
const TAIL_SECTORS: u64 = 33;

/// A disk of which only the first 34 and the last 33 sectors exist. The rest is refused.
#[derive(Clone, Debug)]
pub(crate) struct DiskEnds {
    size: u64,
    position: u64,
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl DiskEnds {
    /// Returns a disk of zeros.
    pub(crate) fn blank(sectors: u64) -> Self {
        let zeros = |sectors: u64| {
            let bytes = usize::try_from(Lba(sectors).byte_offset()).unwrap_or_default();
            vec![0; bytes]
        };
        Self::holding(sectors, zeros(HEAD_SECTORS), zeros(TAIL_SECTORS))
    }

    /// Returns a disk of so many sectors that begins with `head` and ends with `tail`.
    pub(crate) fn holding(sectors: u64, head: Vec<u8>, tail: Vec<u8>) -> Self {
        Self {
            size: Lba(sectors).byte_offset(),
            position: 0,
            head,
            tail,
        }
    }

    /// Returns the sectors of the primary GPT (without the MBR) and of its backup.
    pub(crate) fn into_gpt(mut self) -> (Vec<u8>, Vec<u8>) {
        let sector = usize::try_from(SECTOR_SIZE).unwrap_or_default();
        (self.head.split_off(sector.min(self.head.len())), self.tail)
    }

    /// Returns the kept bytes from the current position on.
    fn window(&mut self) -> io::Result<&mut [u8]> {
        let tail_start = self
            .size
            .saturating_sub(self.tail.len().try_into().unwrap_or(u64::MAX));
        let (kept, offset) = if self.position >= tail_start {
            (&mut self.tail, self.position.saturating_sub(tail_start))
        } else {
            (&mut self.head, self.position)
        };
        let kept = usize::try_from(offset)
            .ok()
            .and_then(|offset| kept.get_mut(offset..));
        match kept {
            Some(kept) if !kept.is_empty() => Ok(kept),
            _ => Err(io::Error::other(format!(
                "byte {} of {} lies between the two ends of the disk",
                self.position, self.size
            ))),
        }
    }

    fn advance(&mut self, bytes: usize) -> usize {
        let step = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.position = self.position.saturating_add(step);
        bytes
    }
}

impl Read for DiskEnds {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&*self.window()?).read(buffer)?;
        Ok(self.advance(read))
    }
}

impl Write for DiskEnds {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.window()?.as_mut().write(buffer)?;
        Ok(self.advance(written))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for DiskEnds {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position =
            position.ok_or_else(|| io::Error::other("position before the start of the disk"))?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_both_ends_and_refuses_the_middle() {
        let mut ends = DiskEnds::blank(1000);
        ends.seek(SeekFrom::End(-2)).unwrap();
        ends.write_all(b"ab").unwrap();
        ends.seek(SeekFrom::Start(512)).unwrap();
        ends.write_all(b"cd").unwrap();
        let mut two = [0; 2];
        ends.seek(SeekFrom::Start(510)).unwrap();
        ends.read_exact(&mut two).unwrap();
        assert_eq!(two, [0, 0]);
        ends.seek(SeekFrom::Start(40 * 512)).unwrap();
        let error = ends.read_exact(&mut two).unwrap_err().to_string();
        assert_eq!(
            error,
            "byte 20480 of 512000 lies between the two ends of the disk"
        );
        let (primary, backup) = ends.into_gpt();
        assert!(primary.starts_with(b"cd") && backup.ends_with(b"ab"));
    }
}
