//! FAT32 volumes: geometry, dirty bits, free clusters, and whether Windows sleeps on one.
//!
//! Source: Microsoft Extensible Firmware Initiative FAT32 File System Specification 1.03.

use std::io;

use super::{number, unsupported};
use crate::area::Area;
use crate::journal::Allocation;
use crate::machine::VolumeState;

/// Bits of FAT entry 1. Source: specification, "FAT Type Determination", `ClnShutBitMask`, `HrdErrBitMask`.
const CLEAN_BITS: u64 = 0x0C00_0000;
/// Entries of a FAT have 28 bits.
const ENTRY_MASK: u64 = 0x0FFF_FFFF;
/// Bytes of the FAT that are read at once.
const WINDOW_LENGTH: u64 = 4096;
/// The root folder of a system volume has a few dozen entries; more than this many clusters is a loop.
const MAX_ROOT_CLUSTERS: u32 = 4096;

/// Geometry of a FAT32 volume, checked.
pub struct Fat32<'a> {
    area: &'a dyn Area,
    cluster_length: u64,
    fat_offset: u64,
    data_offset: u64,
    cluster_count: u64,
    root_cluster: u64,
    is_flagged_dirty: bool,
    window: Option<(u64, Vec<u8>)>,
}

/// Returns whether the first sector could be that of FAT12, FAT16 or FAT32.
pub fn looks_like_fat(sector: &[u8]) -> bool {
    let sector_length = number(sector, 11, 2);
    let sectors_per_cluster = number(sector, 13, 1);
    number(sector, 510, 2) == 0xAA55
        && (512..=4096).contains(&sector_length)
        && sector_length.is_power_of_two()
        && sectors_per_cluster.is_power_of_two()
        && number(sector, 14, 2) > 0
        && (1..=2).contains(&number(sector, 16, 1))
}

impl<'a> Fat32<'a> {
    /// Parses the first sector of `area`.
    pub fn parse(area: &'a dyn Area) -> io::Result<Self> {
        let mut sector = [0; 512];
        area.read_at(0, &mut sector)?;
        if !looks_like_fat(&sector) || number(&sector, 22, 2) != 0 {
            return Err(unsupported("first sector is not that of FAT32".into()));
        }
        let sector_length = number(&sector, 11, 2);
        let cluster_length = sector_length.saturating_mul(number(&sector, 13, 1));
        let fat_length = number(&sector, 36, 4).saturating_mul(sector_length);
        let fat_offset = number(&sector, 14, 2).saturating_mul(sector_length);
        let fats_length = fat_length.saturating_mul(number(&sector, 16, 1));
        let data_offset = fat_offset.saturating_add(fats_length);
        let total = match number(&sector, 19, 2) {
            0 => number(&sector, 32, 4),
            small => small,
        };
        let end = total.saturating_mul(sector_length);
        let data_length = end.checked_sub(data_offset).filter(|_| end <= area.len());
        let Some(data_length) = data_length else {
            let text = format!("FAT32: {end} bytes long, the partition has {}", area.len());
            return Err(unsupported(text));
        };
        let in_fat = (fat_length / 4).saturating_sub(2);
        Ok(Self {
            area,
            cluster_length,
            fat_offset,
            data_offset,
            cluster_count: (data_length / cluster_length).min(in_fat),
            root_cluster: number(&sector, 44, 4),
            is_flagged_dirty: number(&sector, 65, 1) & 1 != 0,
            window: None,
        })
    }

    /// Returns the state: dirty bits, and a `hiberfil.sys` with a sleeping Windows in it.
    pub fn read_state(mut self) -> io::Result<VolumeState> {
        if let Some(cluster) = self.find_hibernation_file()? {
            let mut magic = [0; 4];
            self.area
                .read_at(self.cluster_offset(cluster)?, &mut magic)?;
            if super::ntfs_volume::is_sleeping(&magic) {
                return Ok(VolumeState::Hibernated);
            }
        }
        let is_clean = self.entry(1)? & CLEAN_BITS == CLEAN_BITS;
        if is_clean && !self.is_flagged_dirty {
            Ok(VolumeState::Clean)
        } else {
            Ok(VolumeState::Dirty)
        }
    }

    /// Returns the first cluster of `hiberfil.sys`. Its name fits 8.3, so no long name is needed.
    fn find_hibernation_file(&mut self) -> io::Result<Option<u64>> {
        let mut cluster = self.root_cluster;
        let mut bytes = vec![0; usize::try_from(self.cluster_length).unwrap_or(0)];
        for _ in 0..MAX_ROOT_CLUSTERS {
            let offset = self.cluster_offset(cluster)?;
            self.area.read_at(offset, &mut bytes)?;
            for entry in bytes.chunks_exact(32) {
                if entry.first() == Some(&0) {
                    return Ok(None);
                }
                let is_file = number(entry, 11, 1) & 0x18 == 0;
                if is_file && entry.get(..11) == Some(b"HIBERFILSYS") {
                    let first = (number(entry, 20, 2) << 16) | number(entry, 26, 2);
                    return Ok((first != 0).then_some(first));
                }
            }
            cluster = self.entry(cluster)?;
            if cluster >= 0x0FFF_FFF8 {
                return Ok(None);
            }
        }
        Err(unsupported(
            "FAT32: chain of the root folder has no end".into(),
        ))
    }

    /// Returns how many bytes are free; once `wanted` are found, the rest is not counted. FSInfo knows that
    /// too, and is not believed: Windows itself calls it a hint.
    pub fn find_free(&mut self, wanted: u64) -> io::Result<u64> {
        let mut free = 0_u64;
        for index in 0..self.cluster_count {
            if free >= wanted {
                break;
            }
            if self.entry(index.saturating_add(2))? == 0 {
                free = free.saturating_add(self.cluster_length);
            }
        }
        Ok(free)
    }

    /// Returns how many bytes lie in one piece of a file from `offset` of the area on, where one of its clusters
    /// begins: as far as each cluster's entry names the one behind it.
    pub fn piece_length(&mut self, offset: u64) -> io::Result<u64> {
        let within = offset.checked_sub(self.data_offset);
        let Some(within) = within.filter(|within| within % self.cluster_length == 0) else {
            let text = format!("FAT32: byte {offset:#x}, expected the beginning of a cluster");
            return Err(unsupported(text));
        };
        let first = (within / self.cluster_length).saturating_add(2);
        let end = self.cluster_count.saturating_add(2);
        let mut cluster = first;
        while cluster < end {
            let next = self.entry(cluster)?;
            cluster = cluster.saturating_add(1);
            if next != cluster {
                break;
            }
        }
        let count = cluster.saturating_sub(first);
        Ok(count.saturating_mul(self.cluster_length))
    }

    fn cluster_offset(&self, cluster: u64) -> io::Result<u64> {
        match cluster.checked_sub(2) {
            Some(index) if index < self.cluster_count => {
                let within = index.saturating_mul(self.cluster_length);
                Ok(self.data_offset.saturating_add(within))
            }
            _ => {
                let last = self.cluster_count.saturating_add(1);
                let text = format!("FAT32: cluster is {cluster}, expected 2 to {last}");
                Err(unsupported(text))
            }
        }
    }

    /// Returns the FAT's entry of a cluster.
    fn entry(&mut self, cluster: u64) -> io::Result<u64> {
        let offset = cluster.saturating_mul(4);
        let start = offset / WINDOW_LENGTH * WINDOW_LENGTH;
        if self.window.as_ref().is_none_or(|(at, _)| *at != start) {
            let place = self.fat_offset.saturating_add(start);
            let left = self.area.len().saturating_sub(place).min(WINDOW_LENGTH);
            let mut bytes = vec![0; usize::try_from(left).unwrap_or(0)];
            self.area.read_at(place, &mut bytes)?;
            self.window = Some((start, bytes));
        }
        let within = usize::try_from(offset.saturating_sub(start)).unwrap_or(usize::MAX);
        let bytes = self.window.as_ref().map(|(_, bytes)| bytes.as_slice());
        Ok(number(bytes.unwrap_or_default(), within, 4) & ENTRY_MASK)
    }
}

impl Allocation for Fat32<'_> {
    fn is_free(&mut self, offset: u64, length: u64) -> io::Result<bool> {
        let Some(start) = offset.checked_sub(self.data_offset) else {
            return Ok(false);
        };
        let first = start / self.cluster_length;
        let last = start.saturating_add(length.saturating_sub(1)) / self.cluster_length;
        if last >= self.cluster_count {
            return Ok(false);
        }
        for index in first..=last {
            if self.entry(index.saturating_add(2))? != 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_log(&self, _: u64, _: u64) -> bool {
        false
    }
}

#[cfg(test)]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
mod tests {
    use super::*;
    use crate::area::FileArea;
    use crate::machine::FileSystem;
    use std::process::Command;

    /// Makes a FAT32 volume with `mkfs.fat` and a file on it with `mcopy`.
    fn make_volume(name: &str, content: &[u8]) -> Option<tempfile::NamedTempFile> {
        let image = tempfile::NamedTempFile::new().unwrap();
        image.as_file().set_len(40 << 20).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), content).unwrap();
        let made = Command::new("/usr/sbin/mkfs.fat")
            .args(["-F32", "-i", "12345678", "-s", "1"])
            .arg(image.path())
            .output();
        if made.is_err() {
            assert!(std::env::var_os("CI").is_none(), "mkfs.fat is needed");
            println!("skipped: no mkfs.fat");
            return None;
        }
        let copied = Command::new("mcopy")
            .arg("-i")
            .args([image.path(), file.path()])
            .arg(format!("::{name}"))
            .status();
        assert!(copied.unwrap().success());
        Some(image)
    }

    fn state(image: &tempfile::NamedTempFile) -> VolumeState {
        let area = FileArea::open(image.path()).unwrap();
        super::super::read_state(&area, FileSystem::Fat32)
    }

    #[test]
    fn reads_serial_state_and_free_clusters_of_a_volume_made_by_mkfs() {
        let Some(image) = make_volume("FILE.TXT", &[7; 5000]) else {
            return;
        };
        let area = FileArea::open(image.path()).unwrap();
        let found = super::super::identify(&area).unwrap();
        assert_eq!(found.file_system, FileSystem::Fat32);
        assert_eq!(found.serial, 0x1234_5678);
        assert_eq!(state(&image), VolumeState::Clean);
        let mut fat = Fat32::parse(&area).unwrap();
        let data = fat.data_offset;
        // mkfs and mcopy keep FSInfo right: its free count is at byte 488 of sector 1.
        let mut count = [0; 4];
        area.read_at(512 + 488, &mut count).unwrap();
        let free = u64::from(u32::from_le_bytes(count)) * 512;
        assert_eq!(fat.find_free(u64::MAX).unwrap(), free);
        // Cluster 2 is the root folder, 3 to 12 the file.
        assert!(!fat.is_free(data, 512).unwrap());
        assert!(!fat.is_free(data + 10 * 512, 512).unwrap());
        assert!(fat.is_free(data + 11 * 512, 512).unwrap());
        assert!(!fat.is_free(data + 10 * 512, 1024).unwrap());
        assert!(!fat.is_free(0, 4096).unwrap());
        assert!(!fat.is_free(area.len() - 100, 4096).unwrap());
    }

    #[test]
    fn a_piece_ends_where_the_next_cluster_is_another() {
        let Some(image) = make_volume("FILE.TXT", &[7; 5000]) else {
            return;
        };
        let area = FileArea::open_for_writing(image.path()).unwrap();
        let fat = Fat32::parse(&area).unwrap();
        let (data, entries) = (fat.data_offset, fat.fat_offset);
        let length = |offset| Fat32::parse(&area).unwrap().piece_length(offset);
        assert_eq!(length(data + 512).unwrap(), 5120);
        assert_eq!(length(data + 4 * 512).unwrap(), 5120 - 3 * 512);
        // The fifth cluster of the file says that it goes on elsewhere.
        let elsewhere = entries + 4 * 7;
        area.write_at(elsewhere, &100_u32.to_le_bytes()).unwrap();
        assert_eq!(length(data + 512).unwrap(), 5 * 512);
        for wrong in [0, data - 1, data + 1] {
            let error = length(wrong).unwrap_err().to_string();
            assert!(error.contains("beginning of a cluster"), "{error}");
        }
        assert_eq!(length(area.len()).unwrap(), 0);
    }

    #[test]
    fn tells_dirty_and_hibernated_volumes() {
        for (magic, expect) in [
            (b"hibr", VolumeState::Hibernated),
            (b"HIBR", VolumeState::Hibernated),
            (b"wake", VolumeState::Clean),
        ] {
            let Some(image) = make_volume("hiberfil.sys", magic) else {
                return;
            };
            assert_eq!(state(&image), expect);
        }
        let image = make_volume("x", b"x").unwrap();
        let area = FileArea::open_for_writing(image.path()).unwrap();
        area.write_at(65, &[1]).unwrap();
        assert_eq!(state(&image), VolumeState::Dirty);
    }
}
