//! Lets fatfs read the folders, and holds what it finds against what we found.
//!
//! Only called when we found nothing wrong: fatfs is a good reader of sound volumes, but it follows
//! whatever chain it is given.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom, Write};

use fatfs::{FileSystem, FsOptions};

use super::folders::FoundTree;
use super::{Findings, Medium, VerifyError};
use crate::fat32::geometry::Geometry;
use crate::lba::{Lba, SECTOR_SIZE};

/// Bytes that are read from the medium at once; fatfs asks for single numbers.
const BLOCK_SECTORS: u64 = 64;

/// Reads all folders with fatfs and compares paths and sizes.
pub(super) fn check_with_fatfs(
    medium: &mut Medium<'_, impl Read + Seek>,
    geometry: &Geometry,
    tree: &FoundTree,
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    let ours: BTreeSet<(String, u64)> = tree
        .files
        .iter()
        .map(|file| (file.path.clone(), u64::from(file.size)))
        .chain(
            tree.folders
                .iter()
                .skip(1)
                .map(|folder| (format!("{}/", folder.path), 0)),
        )
        .collect();
    let view = VolumeView {
        medium,
        first: geometry.first_lba,
        size: u64::from(geometry.sectors) * SECTOR_SIZE,
        position: 0,
        block: Vec::new(),
        block_number: None,
    };
    let place = "volume, read by another reader";
    match list(view) {
        Ok(theirs) => {
            if let Some((path, size)) = ours.symmetric_difference(&theirs).next() {
                let finding = format!("{path} of {size} bytes is not the same to both readers");
                findings.problem(place, finding, "one tree");
            }
        }
        Err(error) => findings.problem(place, error.to_string(), "a sound volume"),
    }
    Ok(())
}

fn list(view: VolumeView<'_, '_, impl Read + Seek>) -> io::Result<BTreeSet<(String, u64)>> {
    let volume = FileSystem::new(view, FsOptions::new())?;
    let mut found = BTreeSet::new();
    let mut pending = vec![(String::new(), volume.root_dir())];
    while let Some((parent, folder)) = pending.pop() {
        for entry in folder.iter() {
            let entry = entry?;
            let name = entry.file_name();
            if name == "." || name == ".." {
                continue;
            }
            let path = format!("{parent}{name}");
            if entry.is_dir() {
                let path = format!("{path}/");
                found.insert((path.clone(), 0));
                pending.push((path, entry.to_dir()));
            } else {
                found.insert((path, entry.len()));
            }
        }
    }
    Ok(found)
}

/// The volume as fatfs wants it: from byte 0, and read in blocks. Writing is refused.
struct VolumeView<'a, 'm, S> {
    medium: &'a mut Medium<'m, S>,
    first: Lba,
    size: u64,
    position: u64,
    block: Vec<u8>,
    block_number: Option<u64>,
}

impl<S: Read + Seek> Read for VolumeView<'_, '_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size {
            return Ok(0);
        }
        let block_size = BLOCK_SECTORS * SECTOR_SIZE;
        let number = self.position / block_size;
        if self.block_number != Some(number) {
            let first = number * BLOCK_SECTORS;
            let sectors = BLOCK_SECTORS.min(self.size / SECTOR_SIZE - first);
            let lba = self.first.advanced_by(first);
            let block = self.medium.read_sectors(lba, sectors);
            self.block = block.map_err(io::Error::other)?;
            self.block_number = Some(number);
        }
        let offset = usize::try_from(self.position % block_size).unwrap_or(usize::MAX);
        let mut rest = self.block.get(offset..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.position += u64::try_from(read).unwrap_or_default();
        Ok(read)
    }
}

impl<S: Read + Seek> Write for VolumeView<'_, '_, S> {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other(
            "a stick that is checked is not written to",
        ))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<S: Read + Seek> Seek for VolumeView<'_, '_, S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let outside = || io::Error::other("position before the start of the volume");
        self.position = position.ok_or_else(outside)?;
        Ok(self.position)
    }
}
