//! What `mendkit verify` reads of an image or a stick: MBR, GPT, FAT32.
//!
//! ```text
//! 0x0  number of sectors of the medium, 32 bits
//! 0x4  what is put right before it is read: see the constants
//! 0x5  sectors that are not all zeros: number, 32 bits; 512 bytes        as many as there are
//! ```

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

use anyhow::{Result, ensure};
use mendkit::verify::place::find_file;
use mendkit::verify::survey::survey;
use mendkit::verify::{check_read_image, read_image};

const SECTOR: usize = 512;

/// The checksums of both GPTs fit what they cover: chance never finds one.
pub const FIT_CHECKSUMS: u8 = 1;

/// The second FAT, the backup of the boot sector and that of FSInfo are copies of the first.
pub const FIT_COPIES: u8 = 2;

/// Sectors of the largest medium: 64 MiB, some more than the least volume has.
const MOST_SECTORS: u32 = 131_072;

/// A medium of which only the sectors that are not all zeros are kept.
#[derive(Clone, Debug)]
pub struct SparseDisk {
    sectors: BTreeMap<u32, [u8; SECTOR]>,
    length: u64,
    position: u64,
}

impl SparseDisk {
    /// Returns the medium that a file of the corpus describes.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (fit, rest) = rest.split_first()?;
        let length = u32::from_le_bytes(*length) % (MOST_SECTORS + 1);
        let mut sectors = BTreeMap::new();
        for record in rest.chunks_exact(4 + SECTOR) {
            let (number, content) = record.split_first_chunk()?;
            sectors.insert(u32::from_le_bytes(*number), *content.first_chunk()?);
        }
        let mut disk = Self {
            sectors,
            length: u64::from(length) * 512,
            position: 0,
        };
        if fit & FIT_COPIES != 0 {
            disk.fit_copies();
        }
        if fit & FIT_CHECKSUMS != 0 {
            disk.fit_checksums();
        }
        Some(disk)
    }

    /// Returns the file of the corpus that describes an image.
    pub fn describe(image: &[u8], fit: u8) -> Vec<u8> {
        let sectors = image.len() / SECTOR;
        let mut bytes = u32::try_from(sectors).unwrap_or(0).to_le_bytes().to_vec();
        bytes.push(fit);
        for (number, sector) in (0_u32..).zip(image.chunks_exact(SECTOR)) {
            if sector.iter().any(|byte| *byte != 0) {
                bytes.extend(number.to_le_bytes());
                bytes.extend(sector);
            }
        }
        bytes
    }

    fn sector(&self, number: u32) -> [u8; SECTOR] {
        self.sectors.get(&number).copied().unwrap_or([0; SECTOR])
    }

    fn u32_at(&self, number: u32, at: usize) -> u32 {
        let bytes = self.sector(number);
        bytes[at..]
            .first_chunk()
            .map_or(0, |four| u32::from_le_bytes(*four))
    }

    fn put_u32(&mut self, number: u32, at: usize, value: u32) {
        let mut sector = self.sector(number);
        sector[at..at + 4].copy_from_slice(&value.to_le_bytes());
        self.sectors.insert(number, sector);
    }

    /// Source: UEFI 2.10, 5.3.2; entries lie behind the primary header and before the backup.
    fn fit_checksums(&mut self) {
        let last = u32::try_from(self.length / 512)
            .unwrap_or(0)
            .saturating_sub(1);
        let alternate = self.u32_at(1, 32).min(MOST_SECTORS);
        for (header, entries) in [
            (1, 2),
            (alternate, alternate.saturating_sub(32)),
            (last, last.saturating_sub(32)),
        ] {
            if self.sector(header)[..8] != *b"EFI PART" {
                continue;
            }
            let entries: Vec<u8> = (entries..entries + 32)
                .flat_map(|number| self.sector(number))
                .collect();
            self.put_u32(header, 88, crc32(&entries));
            self.put_u32(header, 16, 0);
            let own = crc32(&self.sector(header)[..92]);
            self.put_u32(header, 16, own);
        }
    }

    /// Source: Microsoft FAT specification 1.03.
    fn fit_copies(&mut self) {
        const VOLUME: u32 = 2048;
        for (from, to) in [(VOLUME, VOLUME + 6), (VOLUME + 1, VOLUME + 7)] {
            let sector = self.sector(from);
            self.sectors.insert(to, sector);
        }
        let first =
            VOLUME + u32::from(self.sector(VOLUME)[14]) + 256 * u32::from(self.sector(VOLUME)[15]);
        let size = self.u32_at(VOLUME, 36);
        let Some(second) = first.checked_add(size) else {
            return;
        };
        let copies: Vec<_> = (self.sectors.range(first..second))
            .filter_map(|(number, sector)| Some((number.checked_add(size)?, *sector)))
            .collect();
        self.sectors.extend(copies);
    }
}

/// Returns the checksum of IEEE 802.3.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| match crc & 1 {
            1 => crc >> 1 ^ 0xedb8_8320,
            _ => crc >> 1,
        })
    })
}

impl Read for SparseDisk {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
        let buffer = &mut buffer[..length];
        buffer.fill(0);
        let (first, end) = (
            self.position,
            self.position + u64::try_from(length).unwrap_or(0),
        );
        let sectors = u32::try_from(first / 512).unwrap_or(u32::MAX)
            ..u32::try_from(end.div_ceil(512)).unwrap_or(u32::MAX);
        for (number, sector) in self.sectors.range(sectors) {
            let at = u64::from(*number) * 512;
            let (from, to) = (at.max(first), (at + 512).min(end));
            let index = |place: u64, start: u64| usize::try_from(place - start).unwrap_or(0);
            buffer[index(from, first)..index(to, first)]
                .copy_from_slice(&sector[index(from, at)..index(to, at)]);
        }
        self.position = end;
        Ok(length)
    }
}

impl Seek for SparseDisk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| io::Error::other("before the start"))?;
        Ok(self.position)
    }
}

/// Whatever lies on a disk, it is read to its end or found wrong; nothing is found behind its end, and those
/// who are going to write to it trust no disk that `verify` finds wrong in partition table, FATs or folders.
pub(crate) fn read_disk(bytes: &[u8]) -> Result<bool> {
    let Some(mut disk) = SparseDisk::parse(bytes) else {
        return Ok(false);
    };
    let sectors = disk.length / 512;
    let image = read_image(&mut disk)?;
    for range in image
        .files
        .iter()
        .flat_map(|file| &file.ranges)
        .chain(&image.in_use)
    {
        ensure!(range.last().0 < sectors, "LBA {range} of {sectors}");
    }
    for file in &image.files {
        let held: u64 = file.ranges.iter().map(|range| range.size().0).sum();
        ensure!(
            file.size.0 <= held || !image.problems.is_empty(),
            "{} holds {held} of {} bytes, and nothing is said",
            file.path,
            file.size
        );
    }
    let _ = check_read_image(&image, None);
    if let Ok(survey) = survey(&mut disk)? {
        ensure!(survey.files.len() == image.files.len(), "files are missing");
    }
    if let Some(file) = image.files.first()
        && let Ok(placed) = find_file(&mut disk, &file.path)
    {
        ensure!(
            placed.range.last().0 < sectors,
            "LBA {} of {sectors}",
            placed.range
        );
    }
    Ok(image.problems.is_empty())
}
