//! What the disk around a volume says of it, and no sector of the volume itself: that it is one of a set,
//! that Windows' volume manager rules it, that a product which encrypts starts it.

use std::io;

use super::disks::Partition;
use crate::area::{Area, FileArea};
use crate::filesystem::Identified;
use crate::filesystem::foreign::{self, Foreign, looks_encrypted, recognise_loader, recognise_set};
use crate::filesystem::partition_table::{TableFacts, read_table};
use crate::filesystem::read_state;
use crate::machine::{FileSystem, VolumeState};

/// Returns as what a volume must be treated because of its surroundings, or `None` if it is what its own
/// sectors say. A disk whose table cannot be read bars nothing: its volumes speak for themselves.
pub(super) fn find_bar(
    area: &dyn Area,
    partition: &Partition,
    found: Identified,
) -> Option<(Identified, VolumeState)> {
    let file_system = match &partition.disk {
        Some(disk) => match FileArea::open(disk) {
            Ok(disk) => look_around(area, &disk, partition.start, found.file_system),
            Err(_) => return None,
        },
        None => recognise_set(area).map(|set| set.map(FileSystem::Foreign)),
    };
    let file_system = file_system.ok().flatten()?;
    let found = Identified {
        file_system,
        ..found
    };
    Some((found, read_state(area, file_system)))
}

fn look_around(
    area: &dyn Area,
    disk: &dyn Area,
    start: u64,
    own: FileSystem,
) -> io::Result<Option<FileSystem>> {
    // The end of a failing disk may not be readable; then the rest still counts.
    if let Ok(Some(set)) = recognise_set(disk) {
        return Ok(Some(FileSystem::Foreign(set)));
    }
    let table = read_table(disk)?;
    if let Some(set) = ruled_by(&table, start) {
        return Ok(Some(FileSystem::Foreign(set)));
    }
    if own != FileSystem::Unknown || !table.windows.contains(&start) {
        return Ok(None);
    }
    if let Some(product) = recognise_loader(disk)? {
        return Ok(Some(FileSystem::Foreign(product)));
    }
    Ok(looks_encrypted(area)?.then_some(FileSystem::Encrypted))
}

fn ruled_by(table: &TableFacts, start: u64) -> Option<&'static Foreign> {
    if table.is_dynamic {
        return Some(&foreign::DYNAMIC_DISK);
    }
    let is_space = table.storage_spaces.contains(&start);
    is_space.then_some(&foreign::STORAGE_SPACE)
}
