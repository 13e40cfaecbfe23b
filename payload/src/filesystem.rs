//! What a volume's own sectors say of it, read without mounting: kind, serial number, state, and which
//! blocks are in use.
//!
//! Nothing is written here, except for the one flag that [`ntfs_volume::dirty_flag::mark_dirty`] sets in an overlay.

use std::io;

use crate::area::Area;
use crate::journal::Allocation;
use crate::machine::{FileSystem, VolumeState};

pub mod fat32;
pub mod foreign;
pub mod ntfs_volume;
pub mod partition_table;

/// Kind and serial number of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identified {
    /// Kind.
    pub file_system: FileSystem,
    /// Serial number; 0 if it has none.
    pub serial: u64,
}

/// What is said of a volume that the partition table calls Windows' and that is noise.
const UNKNOWN_ENCRYPTION: &str = "no file system that is known, though the partition table says Windows, and what is there looks \
     encrypted: find out by which product, unlock or decrypt it by that product's own recovery medium, \
     then start from the stick again";

/// BitLocker To Go's mark at byte 424 of a sector that looks like FAT32's.
/// Source: libbde, BitLocker Drive Encryption format, 3.3; GUID 4967D63B-2E29-4AD8-8399-F6A339E3D001.
const BITLOCKER_TO_GO: [u8; 16] = [
    0x3b, 0xd6, 0x67, 0x49, 0x29, 0x2e, 0xd8, 0x4a, 0x83, 0x99, 0xf6, 0xa3, 0x39, 0xe3, 0xd0, 0x01,
];

/// Identifies the file system in `area` by its first sector.
pub fn identify(area: &dyn Area) -> io::Result<Identified> {
    let mut sector = [0; 512];
    area.read_at(0, &mut sector)?;
    let magic = sector.get(3..11).unwrap_or_default();
    let (file_system, serial) = match magic {
        b"-FVE-FS-" => (FileSystem::BitLocker, 0),
        _ if sector.get(424..440) == Some(&BITLOCKER_TO_GO) => (FileSystem::BitLocker, 0),
        b"NTFS    " => (FileSystem::Ntfs, number(&sector, 72, 8)),
        b"EXFAT   " => (FileSystem::ExFat, number(&sector, 100, 4)),
        _ if fat32::looks_like_fat(&sector) => {
            if number(&sector, 22, 2) == 0 {
                (FileSystem::Fat32, number(&sector, 67, 4))
            } else {
                (FileSystem::Fat16, number(&sector, 39, 4))
            }
        }
        _ => (identify_foreign(area)?, 0),
    };
    Ok(Identified {
        file_system,
        serial,
    })
}

fn identify_foreign(area: &dyn Area) -> io::Result<FileSystem> {
    let found = foreign::recognise_volume(area)?;
    Ok(found.map_or(FileSystem::Unknown, FileSystem::Foreign))
}

/// Returns the state of a volume of kind `file_system`.
pub fn read_state(area: &dyn Area, file_system: FileSystem) -> VolumeState {
    let state = match file_system {
        FileSystem::Ntfs => ntfs_volume::read_state(area),
        FileSystem::Fat32 => fat32::Fat32::parse(area).and_then(|fat| fat.read_state()),
        FileSystem::BitLocker => return VolumeState::Unreadable("locked by BitLocker".into()),
        FileSystem::Foreign(foreign) => return VolumeState::Unreadable(foreign.advice()),
        FileSystem::Encrypted => return VolumeState::Unreadable(UNKNOWN_ENCRYPTION.into()),
        FileSystem::Fat16 | FileSystem::ExFat | FileSystem::Unknown => {
            let reason = format!("{} is not supported", file_system.name());
            return VolumeState::Unreadable(reason);
        }
    };
    state.unwrap_or_else(|error| VolumeState::Unreadable(error.to_string()))
}

/// Returns how many bytes of a volume of kind `file_system` are free; once `wanted` are found, the rest is
/// not counted.
pub fn find_free(area: &dyn Area, file_system: FileSystem, wanted: u64) -> io::Result<u64> {
    match file_system {
        FileSystem::Ntfs => ntfs_volume::clusters::Clusters::read(area)?.find_free(wanted),
        FileSystem::Fat32 => fat32::Fat32::parse(area)?.find_free(wanted),
        _ => Ok(0),
    }
}

/// Returns what of a volume of kind `file_system` is in use.
pub fn read_allocation(
    area: &dyn Area,
    file_system: FileSystem,
) -> io::Result<Box<dyn Allocation + '_>> {
    match file_system {
        FileSystem::Ntfs => Ok(Box::new(ntfs_volume::clusters::Clusters::read(area)?)),
        FileSystem::Fat32 => Ok(Box::new(fat32::Fat32::parse(area)?)),
        other => Err(unsupported(format!(
            "{} volumes are not written",
            other.name()
        ))),
    }
}

fn unsupported(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, text)
}

/// Returns the little-endian number of `length` bytes (8 at most) at `offset`; 0 beyond the end.
fn number(bytes: &[u8], offset: usize, length: usize) -> u64 {
    let end = offset.saturating_add(length);
    let field = bytes.get(offset..end).unwrap_or_default();
    field
        .iter()
        .rev()
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::MemoryArea;

    fn check(patches: &[(usize, &[u8])], file_system: FileSystem, serial: u64) {
        let mut sector = vec![0; 4096];
        for (offset, bytes) in patches {
            sector[*offset..offset + bytes.len()].copy_from_slice(bytes);
        }
        let found = identify(&MemoryArea::new(sector)).unwrap();
        assert_eq!((found.file_system, found.serial), (file_system, serial));
    }

    #[test]
    fn tells_file_systems_apart_by_their_first_sector() {
        check(&[(3, b"NTFS    "), (72, &[1, 2])], FileSystem::Ntfs, 0x0201);
        check(&[(3, b"EXFAT   "), (100, &[5])], FileSystem::ExFat, 5);
        check(&[(3, b"-FVE-FS-")], FileSystem::BitLocker, 0);
        check(
            &[(3, b"MSWIN4.1"), (424, &BITLOCKER_TO_GO)],
            FileSystem::BitLocker,
            0,
        );
        check(&[(510, &[0x55, 0xAA])], FileSystem::Unknown, 0);
    }

    #[test]
    fn locked_and_unknown_volumes_are_unreadable_with_a_reason() {
        let area = MemoryArea::new(vec![0; 4096]);
        let state = read_state(&area, FileSystem::ExFat);
        assert_eq!(state.words(), "exFAT is not supported");
        let state = read_state(&area, FileSystem::Ntfs);
        assert!(matches!(state, VolumeState::Unreadable(_)), "{state:?}");
    }
}
