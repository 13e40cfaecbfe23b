//! Where a partition lies, by the partition table of its disk: what Windows' drive letters rest on.
//!
//! ```text
//! sector 0   440 disk signature   446 four entries of 16 bytes, type at 4   510 55 AA
//! sector 1   "EFI PART"   72 first sector of entries   80 their number   84 size of one
//! entry      16 GUID   32 first sector
//! ```
//!
//! Source: UEFI 2.10, 5.2.1 and 5.3. Only what is needed to tell partitions apart is read; whether a
//! table is whole is the kernel's business, which made partitions of it already.

use std::io;

use crate::area::Area;
use crate::machine::PartitionPlace;

/// Sizes that sectors have.
const ALL_SECTOR_SIZES: [u64; 2] = [512, 4096];
/// Type of the entry that stands for a GUID partition table. Source: UEFI 2.10, 5.2.3.
const PROTECTIVE: u8 = 0xEE;
/// Entries of a GUID partition table that are looked at at most. Usual: 128.
const MOST_ENTRIES: u32 = 1024;
/// Bytes of an entry at most.
const LARGEST_ENTRY: u32 = 4096;

/// Returns the place of the partition that begins at `start` bytes of `disk`; `None` if a GUID partition
/// table has no such partition.
pub fn read_place(disk: &dyn Area, start: u64) -> io::Result<Option<PartitionPlace>> {
    let mut sector = [0; 512];
    disk.read_at(0, &mut sector)?;
    let mut place = PartitionPlace {
        disk_signature: number(&sector, 440),
        start,
        guid: None,
    };
    let (entries, _) = sector.get(446..510).unwrap_or_default().as_chunks::<16>();
    if !entries
        .iter()
        .any(|entry| entry.get(4) == Some(&PROTECTIVE))
    {
        return Ok(Some(place));
    }
    for sector_size in ALL_SECTOR_SIZES {
        place.guid = find_guid(disk, start, sector_size)?;
        if place.guid.is_some() {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

fn find_guid(disk: &dyn Area, start: u64, sector_size: u64) -> io::Result<Option<[u8; 16]>> {
    let mut header = [0; 92];
    disk.read_at(sector_size, &mut header)?;
    if !header.starts_with(b"EFI PART") {
        return Ok(None);
    }
    let first = u64_at(&header, 72).saturating_mul(sector_size);
    let count = number(&header, 80).min(MOST_ENTRIES);
    let size = number(&header, 84).min(LARGEST_ENTRY);
    for index in 0..count {
        let at = u64::from(index).saturating_mul(size.into());
        let mut entry = [0; 40];
        disk.read_at(first.saturating_add(at), &mut entry)?;
        if u64_at(&entry, 32).saturating_mul(sector_size) == start
            && let Some(guid) = entry.get(16..).and_then(|rest| rest.first_chunk::<16>())
            && entry.iter().any(|byte| *byte != 0)
        {
            return Ok(Some(*guid));
        }
    }
    Ok(None)
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
    found.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>());
    found.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area::FileArea;

    fn place_of(bytes: &[u8], start: u64) -> io::Result<Option<PartitionPlace>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), bytes).unwrap();
        read_place(&FileArea::open(file.path()).unwrap(), start)
    }

    fn disk(kind: u8) -> Vec<u8> {
        let mut disk = vec![0; 20 * 4096];
        disk[440..444].copy_from_slice(&0x5958_2010_u32.to_le_bytes());
        disk[450] = kind;
        disk
    }

    #[test]
    fn behind_a_master_boot_record_signature_and_start_are_the_place() {
        let place = place_of(&disk(0x07), 63 * 512).unwrap().unwrap();
        assert_eq!((place.disk_signature, place.start), (0x5958_2010, 63 * 512));
        assert_eq!(place.guid, None);
    }

    #[test]
    fn a_guid_is_found_whatever_the_sectors() {
        for sector in [512, 4096] {
            let mut disk = disk(PROTECTIVE);
            disk[sector..sector + 8].copy_from_slice(b"EFI PART");
            disk[sector + 72] = 2;
            disk[sector + 80] = 4;
            disk[sector + 84] = 128;
            let entry = sector * 2 + 128;
            disk[entry + 16..entry + 32].fill(0xAB);
            disk[entry + 32] = 64;
            let start = u64::try_from(sector * 64).unwrap();
            let place = place_of(&disk, start).unwrap().unwrap();
            assert_eq!(place.guid, Some([0xAB; 16]), "{sector}");
            assert_eq!(place_of(&disk, start + 512).unwrap(), None);
        }
    }

    #[test]
    fn a_table_that_lies_beyond_its_disk_is_an_error_and_no_panic() {
        let mut disk = disk(PROTECTIVE);
        disk[512..520].copy_from_slice(b"EFI PART");
        disk[512 + 72..512 + 88].fill(0xFF);
        assert!(place_of(&disk, 2048 * 512).is_err());
        assert!(place_of(&[0; 100], 0).is_err());
    }
}
