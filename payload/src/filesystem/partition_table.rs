//! What a disk's partition table says of the disk: whether Windows' volume manager rules it, and where
//! volumes of Windows begin. The kernel lists partitions, but not what the table calls them.
//!
//! ```text
//! MBR  446 four entries of 16 bytes: 4 type, 8 first sector   510 55 AA
//! GPT  sector 1  0 "EFI PART"  72 sector of the entries  80 their number  84 their length
//!      entry     0 type (GUID)  32 first sector
//! ```
//! Source: UEFI 2.10, 5.2.1 and 5.3; Microsoft, "PARTITION_INFORMATION_GPT".

use std::io;

use super::number;
use crate::area::Area;

/// Types in an MBR. Source: Microsoft, "Disk Partition Types".
const EXTENDED: [u64; 2] = [0x05, 0x0F];
const WINDOWS: [u64; 4] = [0x07, 0x0B, 0x0C, 0x17];
const DYNAMIC: u64 = 0x42;
const PROTECTIVE: u64 = 0xEE;
/// `PARTITION_LDM_METADATA_GUID`, `PARTITION_LDM_DATA_GUID`.
const DYNAMIC_GUIDS: [[u8; 16]; 2] = [
    [
        0xaa, 0xc8, 0x08, 0x58, 0x8f, 0x7e, 0xe0, 0x42, 0x85, 0xd2, 0xe1, 0xe9, 0x04, 0x34, 0xcf,
        0xb3,
    ],
    [
        0xa0, 0x60, 0x9b, 0xaf, 0x31, 0x14, 0x62, 0x4f, 0xbc, 0x68, 0x33, 0x11, 0x71, 0x4a, 0x69,
        0xad,
    ],
];
/// `PARTITION_SPACES_GUID`.
const STORAGE_SPACE: [u8; 16] = [
    0x8f, 0xaf, 0x5c, 0xe7, 0x80, 0xf6, 0xee, 0x4c, 0xaf, 0xa3, 0xb0, 0x01, 0xe5, 0x6e, 0xfc, 0x2d,
];
/// `PARTITION_BASIC_DATA_GUID`.
const BASIC_DATA: [u8; 16] = [
    0xa2, 0xa0, 0xd0, 0xeb, 0xe5, 0xb9, 0x33, 0x44, 0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26, 0x99, 0xc7,
];
/// Logical partitions on one disk at most; a longer chain is a loop.
const MAX_LOGICAL: usize = 128;
/// Entries of a GPT at most; Windows writes 128.
const MAX_ENTRIES: u64 = 1024;

/// What a partition table says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableFacts {
    /// Windows' Logical Disk Manager rules the disk ("dynamic disk").
    pub is_dynamic: bool,
    /// Where partitions of Storage Spaces begin, in bytes.
    pub storage_spaces: Vec<u64>,
    /// Where partitions begin that are typed as Windows' own, in bytes.
    pub windows: Vec<u64>,
}

/// Reads the partition table of a disk. A disk without one has nothing to say.
pub fn read_table(disk: &dyn Area) -> io::Result<TableFacts> {
    let mut facts = TableFacts::default();
    let Some(first) = read_sector(disk, 0)? else {
        return Ok(facts);
    };
    if number(&first, 510, 2) != 0xAA55 {
        return Ok(facts);
    }
    for sector_length in [512_u64, 4096] {
        if let Some(header) = read_sector(disk, sector_length)?
            && header.starts_with(b"EFI PART")
            && entries(&first).any(|(kind, _)| kind == PROTECTIVE)
        {
            read_gpt(disk, &header, sector_length, &mut facts)?;
            return Ok(facts);
        }
    }
    // An MBR does not say how long its sectors are; both are remembered, since only starts that the
    // kernel lists are ever asked for.
    for sector_length in [512_u64, 4096] {
        read_mbr(disk, &first, sector_length, &mut facts)?;
    }
    Ok(facts)
}

fn read_mbr(
    disk: &dyn Area,
    first: &[u8; 512],
    sector_length: u64,
    facts: &mut TableFacts,
) -> io::Result<()> {
    for (kind, start) in entries(first) {
        let place = start.saturating_mul(sector_length);
        facts.is_dynamic |= kind == DYNAMIC;
        if WINDOWS.contains(&kind) {
            facts.windows.push(place);
        }
        if EXTENDED.contains(&kind) {
            read_logical(disk, start, sector_length, facts)?;
        }
    }
    Ok(())
}

/// Follows the chain of an extended partition: each link has one partition, relative to itself, and the
/// next link, relative to the first.
fn read_logical(
    disk: &dyn Area,
    first: u64,
    sector_length: u64,
    facts: &mut TableFacts,
) -> io::Result<()> {
    let mut link = first;
    for _ in 0..MAX_LOGICAL {
        let Some(sector) = read_sector(disk, link.saturating_mul(sector_length))? else {
            return Ok(());
        };
        if number(&sector, 510, 2) != 0xAA55 {
            return Ok(());
        }
        let mut next = None;
        for (kind, start) in entries(&sector) {
            if WINDOWS.contains(&kind) {
                let start = link.saturating_add(start);
                facts.windows.push(start.saturating_mul(sector_length));
            } else if EXTENDED.contains(&kind) {
                next = Some(first.saturating_add(start));
            }
        }
        match next {
            Some(next) => link = next,
            None => return Ok(()),
        }
    }
    Ok(())
}

/// Returns type and first sector of the four entries of an MBR.
fn entries(sector: &[u8; 512]) -> impl Iterator<Item = (u64, u64)> + '_ {
    (446..510).step_by(16).map(|at: usize| {
        (
            number(sector, at.saturating_add(4), 1),
            number(sector, at.saturating_add(8), 4),
        )
    })
}

fn read_gpt(
    disk: &dyn Area,
    header: &[u8; 512],
    sector_length: u64,
    facts: &mut TableFacts,
) -> io::Result<()> {
    let start = number(header, 72, 8).saturating_mul(sector_length);
    let count = number(header, 80, 4).min(MAX_ENTRIES);
    let length = number(header, 84, 4);
    if !(128..=4096).contains(&length) {
        return Ok(());
    }
    for index in 0..count {
        let place = start.saturating_add(index.saturating_mul(length));
        let mut entry = [0; 40];
        if place.saturating_add(40) > disk.len() {
            return Ok(());
        }
        disk.read_at(place, &mut entry)?;
        let first = number(&entry, 32, 8).saturating_mul(sector_length);
        let (kind, _) = entry.split_at(16);
        facts.is_dynamic |= DYNAMIC_GUIDS.iter().any(|guid| guid == kind);
        if kind == STORAGE_SPACE {
            facts.storage_spaces.push(first);
        } else if kind == BASIC_DATA {
            facts.windows.push(first);
        }
    }
    Ok(())
}

fn read_sector(disk: &dyn Area, place: u64) -> io::Result<Option<[u8; 512]>> {
    let mut sector = [0; 512];
    if place.saturating_add(512) > disk.len() {
        return Ok(None);
    }
    disk.read_at(place, &mut sector)?;
    Ok(Some(sector))
}

#[cfg(test)]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
mod tests {
    use super::*;
    use crate::area::FileArea;
    use crate::journal::tests::MemoryArea;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    /// Has sfdisk write a partition table.
    fn partitioned(script: &str) -> Option<FileArea> {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(64 << 20).unwrap();
        let sfdisk = Command::new("/usr/sbin/sfdisk")
            .arg("--quiet")
            .arg(file.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn();
        let Ok(mut sfdisk) = sfdisk else {
            assert!(std::env::var_os("CI").is_none(), "sfdisk is needed");
            println!("skipped: no sfdisk");
            return None;
        };
        let mut input = sfdisk.stdin.take().unwrap();
        input.write_all(script.as_bytes()).unwrap();
        drop(input);
        assert!(sfdisk.wait().unwrap().success());
        Some(FileArea::open(file.path()).unwrap())
    }

    #[test]
    fn finds_windows_partitions_of_an_mbr_logical_ones_too() {
        let script = "label: dos\nstart=63,size=2000,type=7\nstart=4096,size=60000,type=f\n\
                      start=6144,size=4096,type=b\nstart=14336,size=4096,type=83\n\
                      start=22528,size=4096,type=7\n";
        let Some(disk) = partitioned(script) else {
            return;
        };
        let facts = read_table(&disk).unwrap();
        for start in [63, 6144, 22528] {
            assert!(facts.windows.contains(&(start * 512)), "{facts:?}");
        }
        assert!(!facts.windows.contains(&(14336 * 512)), "{facts:?}");
        assert!(!facts.is_dynamic);
    }

    #[test]
    fn tells_dynamic_disks_and_storage_spaces() {
        let Some(disk) = partitioned("label: dos\nstart=63,size=2000,type=42\n") else {
            return;
        };
        assert!(read_table(&disk).unwrap().is_dynamic);
        let script = "label: gpt\nstart=2048,size=2048,type=5808C8AA-7E8F-42E0-85D2-E1E90434CFB3\n\
                      start=4096,size=2048,type=AF9B60A0-1431-4F62-BC68-3311714A69AD\n";
        assert!(
            read_table(&partitioned(script).unwrap())
                .unwrap()
                .is_dynamic
        );
        let script = "label: gpt\nstart=2048,size=2048,type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7\n\
                      start=4096,size=2048,type=E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D\n";
        let facts = read_table(&partitioned(script).unwrap()).unwrap();
        assert_eq!(facts.windows, [2048 * 512]);
        assert_eq!(facts.storage_spaces, [4096 * 512]);
        assert!(!facts.is_dynamic);
    }

    #[test]
    fn odd_tables_have_an_end() {
        // An extended partition that leads to itself, and a GPT whose entries lie beyond the disk.
        let mut bytes = vec![0; 4096];
        bytes[450] = 5;
        bytes[510..512].copy_from_slice(&[0x55, 0xAA]);
        assert_eq!(
            read_table(&MemoryArea::new(bytes.clone())).unwrap().windows,
            [0_u64; 0]
        );
        bytes[450] = 0xEE;
        bytes[512..520].copy_from_slice(b"EFI PART");
        bytes[584..600].fill(0xFF);
        bytes[596..600].copy_from_slice(&128_u32.to_le_bytes());
        assert_eq!(
            read_table(&MemoryArea::new(bytes)).unwrap(),
            TableFacts::default()
        );
        for length in [0, 1, 511, 512] {
            let empty = MemoryArea::new(vec![0xFF; length]);
            assert_eq!(read_table(&empty).unwrap(), TableFacts::default());
        }
    }
}
