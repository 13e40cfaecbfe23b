//! Spoiled file systems and partition tables.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, ensure};
use fs_err as fs;
use mend::area::{Area, check_range};
use mend::filesystem::ntfs_volume::dirty_flag::dirty_marks;
use mend::filesystem::partition_table::read_table;
use mend::filesystem::{find_free, foreign, identify, read_allocation, read_state};
use mend::machine::linux::place::read_place;
use mend::machine::{FileSystem, VolumeState};
use support::broken_pc::NtfsMount;
use support::tools::{require_ntfs, require_tools, run};

use crate::mutants::{check, limit_memory, mutants};

/// Bytes of a volume that are spoiled: boot sector, tables, and the first files.
const HEAD: usize = 512 << 10;

/// A volume with another head.
struct Spoiled {
    head: Vec<u8>,
    rest: Arc<Vec<u8>>,
}

impl Spoiled {
    fn new(head: &[u8], rest: &Arc<Vec<u8>>) -> Self {
        let mut head = head.to_vec();
        head.resize(HEAD, 0);
        Self {
            head,
            rest: Arc::clone(rest),
        }
    }
}

impl Area for Spoiled {
    fn len(&self) -> u64 {
        u64::try_from(self.rest.len()).unwrap_or(u64::MAX)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        check_range(offset, buffer.len(), self.len())?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(buffer.len());
        buffer.copy_from_slice(&self.rest[start..end]);
        if start < HEAD {
            let here = end.min(HEAD);
            buffer[..here - start].copy_from_slice(&self.head[start..here]);
        }
        Ok(())
    }

    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Does all that is done with a volume before it is mounted, and what a commit asks of it.
fn judge_volume(area: &dyn Area, kind: FileSystem) -> Result<bool> {
    let Ok(found) = identify(area) else {
        return Ok(false);
    };
    let state = read_state(area, found.file_system);
    // As much as is asked for is said where that cannot be told.
    if let Ok(free) = find_free(area, found.file_system, 1 << 40) {
        ensure!(
            free <= area.len() || free == 1 << 40,
            "{free} bytes are free"
        );
    }
    if let Ok(mut allocation) = read_allocation(area, found.file_system) {
        for offset in (0..area.len()).step_by(64 << 10) {
            let _ = (
                allocation.is_free(offset, 4096),
                allocation.is_log(offset, 4096),
            );
        }
        // What lies beyond the end is never free.
        ensure!(
            !allocation.is_free(area.len(), 4096).unwrap_or(false),
            "free beyond the end"
        );
    }
    if found.file_system == FileSystem::Ntfs {
        for (place, bytes) in dirty_marks(area).unwrap_or_default() {
            let end = place.saturating_add(u64::try_from(bytes.len())?);
            ensure!(end <= area.len(), "a mark at {place:#x}");
        }
    }
    Ok(found.file_system == kind && state == VolumeState::Clean)
}

fn check_volume(
    name: &'static str,
    path: &Path,
    kind: FileSystem,
    places: &[std::ops::Range<usize>],
) -> Result<()> {
    let rest = Arc::new(fs::read(path)?);
    let good = rest[..HEAD].to_vec();
    ensure!(
        judge_volume(&Spoiled::new(&good, &rest), kind)?,
        "{name} itself is not taken"
    );
    check(name, mutants(name, &good, places, 1500), move |head| {
        judge_volume(&Spoiled::new(head, &rest), kind)
    })
}

#[test]
fn spoiled_ntfs_volumes_are_left_alone_or_read_to_an_end() -> Result<()> {
    limit_memory();
    if !require_ntfs() {
        return Ok(());
    }
    let file = tempfile::NamedTempFile::new()?;
    file.as_file().set_len(8 << 20)?;
    run(
        "mkntfs",
        &[
            "-F".as_ref(),
            "-Q".as_ref(),
            "-q".as_ref(),
            file.path().as_os_str(),
        ],
    )?;
    let mount = NtfsMount::writable(file.path())?;
    fs::write(mount.path().join("hiberfil.sys"), vec![0; 64 << 10])?;
    fs::create_dir(mount.path().join("Windows"))?;
    mount.unmount()?;
    // $MFT begins at cluster 4 of a volume that mkntfs made; a record has 1 KiB.
    let records = 0x4000..0x4000 + (16 << 10);
    check_volume(
        "ntfs",
        file.path(),
        FileSystem::Ntfs,
        &[0..0x54, records.clone(), records, 0..HEAD],
    )
}

#[test]
fn spoiled_fat32_volumes_are_left_alone_or_read_to_an_end() -> Result<()> {
    limit_memory();
    if !require_tools(&["mkfs.fat", "mcopy"]) {
        return Ok(());
    }
    let file = tempfile::NamedTempFile::new()?;
    file.as_file().set_len(40 << 20)?;
    // Reserved sectors and one FAT only, so that the root folder lies within what is spoiled.
    run(
        "mkfs.fat",
        &[
            "-F".as_ref(),
            "32".as_ref(),
            "-s".as_ref(),
            "1".as_ref(),
            "-f".as_ref(),
            "1".as_ref(),
            file.path().as_os_str(),
        ],
    )?;
    let source = tempfile::NamedTempFile::new()?;
    fs::write(source.path(), vec![0; 8192])?;
    run(
        "mcopy",
        &[
            "-i".as_ref(),
            file.path().as_os_str(),
            source.path().as_os_str(),
            "::/hiberfil.sys".as_ref(),
        ],
    )?;
    check_volume(
        "fat32",
        file.path(),
        FileSystem::Fat32,
        &[0..0x5A, 0x4000..0x4080, 0..HEAD],
    )
}

/// A master boot record with a logical partition behind its chain, or a GUID partition table.
fn table(is_gpt: bool) -> Vec<u8> {
    let mut disk = vec![0; HEAD];
    disk[440..444].copy_from_slice(&0x5958_2010_u32.to_le_bytes());
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    let entry = |disk: &mut [u8], at: usize, kind: u8, first: u32| {
        disk[at + 4] = kind;
        disk[at + 8..at + 12].copy_from_slice(&first.to_le_bytes());
        disk[at + 12..at + 16].copy_from_slice(&64_u32.to_le_bytes());
    };
    if is_gpt {
        entry(&mut disk, 446, 0xEE, 1);
        disk[512..520].copy_from_slice(b"EFI PART");
        disk[512 + 72..512 + 80].copy_from_slice(&2_u64.to_le_bytes());
        disk[512 + 80..512 + 88].copy_from_slice(&[128, 0, 0, 0, 128, 0, 0, 0]);
        // PARTITION_BASIC_DATA_GUID.
        disk[1024..1040].copy_from_slice(&[
            0xa2, 0xa0, 0xd0, 0xeb, 0xe5, 0xb9, 0x33, 0x44, 0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26,
            0x99, 0xc7,
        ]);
        disk[1040..1056].copy_from_slice(&[8; 16]);
        disk[1056..1064].copy_from_slice(&63_u64.to_le_bytes());
        return disk;
    }
    entry(&mut disk, 446, 0x07, 63);
    entry(&mut disk, 462, 0x0F, 100);
    for number in 0..3_usize {
        let at = (100 + number * 64) * 512;
        entry(&mut disk, at + 446, 0x07, 1);
        entry(
            &mut disk,
            at + 462,
            0x05,
            u32::try_from((number + 1) * 64).unwrap_or(0),
        );
        disk[at + 510..at + 512].copy_from_slice(&[0x55, 0xAA]);
    }
    disk
}

#[test]
fn spoiled_partition_tables_are_read_to_an_end() -> Result<()> {
    limit_memory();
    for is_gpt in [false, true] {
        let good = table(is_gpt);
        let rest = Arc::new(good.clone());
        let original = read_table(&Spoiled::new(&good, &rest))?;
        ensure!(!original.windows.is_empty() && !original.is_dynamic);
        let places = [440..512, 512..0x60 + 512, 100 * 512..101 * 512, 0..HEAD];
        check(
            "table",
            mutants("table", &good, &places, 2000),
            move |head| {
                let disk = Spoiled::new(head, &rest);
                let table = read_table(&disk);
                let place = read_place(&disk, 63 * 512);
                let _ = (
                    foreign::recognise_set(&disk),
                    foreign::recognise_loader(&disk),
                );
                let _ = (
                    foreign::recognise_volume(&disk),
                    foreign::looks_encrypted(&disk),
                );
                ensure!(table.as_ref().map_or(0, |table| table.windows.len()) < 4096);
                let is_there = |place: Option<_>| place.is_some();
                Ok(table.is_ok_and(|table| table == original) && place.is_ok_and(is_there))
            },
        )?;
    }
    Ok(())
}
