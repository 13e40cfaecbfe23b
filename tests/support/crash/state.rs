//! A state of a volume: all that is in use, by the judgement of the file system's own tables.

use std::os::unix::fs::FileExt as _;

use anyhow::Result;
use fs_err as fs;

use super::{Content, SECTOR};
use crate::broken_pc::FileSystem;
use crate::inspect::Volume;
use crate::tools::run;

/// What a volume is, and which of its sectors count.
#[derive(Debug)]
pub struct State {
    pc: Content,
    /// A bit for every cluster, and where clusters begin.
    in_use: Vec<bool>,
    first: u64,
    sectors_a_cluster: u64,
}

impl State {
    /// Asks the file system's own tables what is in use. `volume` has that content.
    pub fn of(volume: &Volume, pc: &Content) -> Result<Self> {
        let mut sector = [0; SECTOR];
        sector.copy_from_slice(pc.sector(0));
        let sectors_a_cluster = u64::from(sector[13]);
        let (in_use, first) = match volume.file_system {
            FileSystem::Ntfs => {
                let path = volume.path().display().to_string();
                // File 6 is $Bitmap.
                let bitmap = run("ntfscat", &["-f", "-i", "6", &path])?.out;
                let bits = bitmap
                    .iter()
                    .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
                (bits.collect(), 0)
            }
            // FAT specification 1.03: reserved sectors, number and length of the FATs, entries of 28 bits.
            FileSystem::Fat32 => {
                let reserved = u64::from(u16::from_le_bytes([sector[14], sector[15]]));
                let field: [u8; 4] = sector[36..40].try_into()?;
                let length = u64::from(u32::from_le_bytes(field));
                let fat =
                    (reserved..reserved + length).flat_map(|number| pc.sector(number).to_vec());
                let fat: Vec<u8> = fat.collect();
                let entries = fat.chunks_exact(4).skip(2);
                let in_use = entries.map(|entry| entry[..3] != [0; 3] || entry[3] & 0x0F != 0);
                (in_use.collect(), reserved + length * u64::from(sector[16]))
            }
        };
        Ok(Self {
            pc: pc.clone(),
            in_use,
            first,
            sectors_a_cluster,
        })
    }

    fn counts(&self, sector: u64) -> bool {
        let Some(within) = sector.checked_sub(self.first) else {
            return true;
        };
        let cluster = usize::try_from(within / self.sectors_a_cluster).unwrap_or(usize::MAX);
        self.in_use.get(cluster).copied().unwrap_or(true)
    }

    /// Returns the first sector in use that differs.
    pub fn difference(&self, pc: &Content) -> Option<u64> {
        self.pc.first_difference(pc, &|sector| self.counts(sector))
    }
}

/// Lets the host's tools see `pc` in the file of the volume, which has the content that `pc` started from.
pub fn shown<T>(volume: &Volume, pc: &Content, look: impl FnOnce() -> Result<T>) -> Result<T> {
    let file = fs::OpenOptions::new()
        .write(true)
        .open(volume.path())?
        .into_file();
    for (number, bytes) in pc.written() {
        file.write_all_at(bytes, number * 512)?;
    }
    let seen = look();
    for (number, _) in pc.written() {
        file.write_all_at(pc.base_sector(number), number * 512)?;
    }
    seen
}
