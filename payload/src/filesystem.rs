//! What a volume's own sectors say of it, read without mounting: kind, serial number, state, and which
//! blocks are in use.
//!
//! Nothing is written here, except for the one flag that [`ntfs_volume::dirty_flag::mark_dirty`] sets in an overlay.

use std::io;

use rescue_stick::guid::Guid;

use crate::area::Area;
use crate::bitlocker::BitLockerError;
use crate::bitlocker::first_sector::{KIND_ENCRYPT_ON_WRITE, KIND_ORDINARY};
use crate::bitlocker::metadata::read_metadata;
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

/// Identifies the file system in `area` by its first sector.
pub fn identify(area: &dyn Area) -> io::Result<Identified> {
    let mut sector = [0; 512];
    area.read_at(0, &mut sector)?;
    let magic = sector.get(3..11).unwrap_or_default();
    let (file_system, serial) = match magic {
        b"-FVE-FS-" => (FileSystem::BitLocker, 0),
        _ if is_to_go(&sector) => (FileSystem::BitLocker, 0),
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

/// Returns whether a sector that looks like FAT's is that of a volume of BitLocker To Go. Source: libbde,
/// BitLocker Drive Encryption format, 3.3.
fn is_to_go(sector: &[u8; 512]) -> bool {
    let kind = sector.get(424..440);
    [KIND_ORDINARY, KIND_ENCRYPT_ON_WRITE]
        .iter()
        .any(|known| kind == Some(known))
}

/// What is said of every volume that a key would open.
pub const LOCKED_BY_BITLOCKER: &str = "locked by BitLocker";

/// Returns what a locked volume says of itself: the ids of its recovery keys, or why no key would help.
fn describe_lock(area: &dyn Area) -> String {
    let metadata = match read_metadata(area) {
        Ok(metadata) => metadata,
        Err(error @ BitLockerError::Unsupported(_)) => return error.to_string(),
        Err(error) => return format!("{LOCKED_BY_BITLOCKER}, and damaged: {error}"),
    };
    if let Err(error) = metadata.check_openable() {
        return error.to_string();
    }
    let ids: Vec<String> = metadata
        .recovery_ids()
        .iter()
        .map(Guid::to_string)
        .collect();
    match ids.is_empty() {
        true => LOCKED_BY_BITLOCKER.to_owned(),
        false => format!("{LOCKED_BY_BITLOCKER}, key ID {}", ids.join(" or ")),
    }
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
        FileSystem::BitLocker => return VolumeState::Unreadable(describe_lock(area)),
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
pub(crate) fn number(bytes: &[u8], offset: usize, length: usize) -> u64 {
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
    use crate::bitlocker::fixture::Volume;
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
            &[(3, b"MSWIN4.1"), (424, &KIND_ORDINARY)],
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

    #[test]
    fn a_locked_volume_names_its_key_or_says_why_none_would_help() {
        let words = |volume: &Volume| read_state(&volume.area(), FileSystem::BitLocker).words();
        let mut volume = Volume::locked();
        let id = "64311DEA-4587-4029-924A-BA299647998E";
        assert_eq!(words(&volume), format!("locked by BitLocker, key ID {id}"));
        assert_eq!(words(&Volume::suspended()), "locked by BitLocker");
        volume.edit(|block| block[12] = 2);
        assert!(words(&volume).starts_with("BitLocker was converting it"));
        volume.bytes[160..].fill(0);
        let damaged = words(&volume);
        assert!(
            damaged.starts_with("locked by BitLocker, and damaged: "),
            "{damaged}"
        );
        volume.make_to_go();
        assert_eq!(
            identify(&volume.area()).unwrap().file_system,
            FileSystem::Unknown
        );
    }
}
