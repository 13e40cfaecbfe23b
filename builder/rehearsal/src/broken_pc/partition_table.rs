//! The disk's first sectors: a master boot record, or a GUID partition table.
//!
//! ```text
//! MBR  0 code (int 18h: try the next device)   440 disk signature   446 four entries   510 55 aa
//! ```
//! Source: UEFI 2.10, 5.2.1 (legacy MBR) and 5.3 (GPT).

use std::collections::BTreeMap;

use crate::error::{Context, Result, ensure};
use fs_err as fs;
use gpt::disk::LogicalBlockSize;
use gpt::mbr::ProtectiveMBR;
use gpt::partition::Partition;

use super::hives::MountedDevice;
use super::tree::WindowsPlace;
use super::{FileSystem, PartitionTable, PcSpec};

/// Heads and sectors a track that XP's setup assumes.
pub(super) const HEADS: u64 = 255;
/// Sectors a track.
pub(super) const SECTORS_A_TRACK: u64 = 63;
/// Drive letters in the order of volumes.
const LETTERS: [char; 4] = ['C', 'D', 'E', 'F'];
/// Room behind the last volume for the second copy of a GPT.
const TAIL_SECTORS: u64 = 2048;

/// Size in bytes of the volume that a PC starts from, where that is one of its own; the smallest that
/// FAT32 is used on here.
pub(super) const BOOT_VOLUME_SIZE: u64 = 64 << 20;

/// Returns the file system of the volume that a PC starts from.
pub(super) fn boot_file_system(spec: &PcSpec) -> FileSystem {
    match spec.table {
        PartitionTable::Mbr => spec.file_system,
        // Source: UEFI 2.10, 13.3.1.
        PartitionTable::Gpt => FileSystem::Fat32,
    }
}

/// Returns first sector, number of sectors and file system of every volume, in order on the disk.
fn all_volumes(spec: &PcSpec) -> Result<Vec<(u64, u64, FileSystem)>> {
    let mut volumes = Vec::new();
    if spec.boot_volume {
        let sectors = BOOT_VOLUME_SIZE / spec.sector_length;
        volumes.push((spec.first_lba, sectors, boot_file_system(spec)));
    }
    for index in 0..spec.installations.len() {
        let sectors = spec.volume_size / spec.sector_length;
        volumes.push((first_lba(spec, index)?, sectors, spec.file_system));
    }
    Ok(volumes)
}

/// Returns the first sector of the volume of the installation number `index`.
pub(super) fn first_lba(spec: &PcSpec, index: usize) -> Result<u64> {
    let boot_sectors = match spec.boot_volume {
        true => BOOT_VOLUME_SIZE / spec.sector_length,
        false => 0,
    };
    let sectors = spec.volume_size / spec.sector_length;
    let before = sectors
        .checked_mul(u64::try_from(index)?)
        .context("volumes: too large")?;
    spec.first_lba
        .checked_add(boot_sectors)
        .and_then(|start| start.checked_add(before))
        .context("volumes: too large")
}

/// Returns the size of the whole disk in bytes.
pub(super) fn disk_size(spec: &PcSpec) -> Result<u64> {
    let end = first_lba(spec, spec.installations.len())?;
    Ok((end + TAIL_SECTORS) * spec.sector_length)
}

/// Tells whether the volume that a PC starts from has a letter. Windows XP has no other kind; later ones
/// hide it.
fn boot_volume_has_letter(spec: &PcSpec) -> bool {
    spec.boot_volume && spec.installations.iter().any(|one| one.kind.is_xp())
}

/// Returns where the installation number `index` lies.
pub(super) fn windows_place(spec: &PcSpec, index: usize) -> Result<WindowsPlace> {
    let before = usize::from(boot_volume_has_letter(spec));
    let letter = LETTERS.get(index + before).with_context(|| {
        format!(
            "volume {index}: no letter for it, expected at most {} volumes",
            LETTERS.len()
        )
    })?;
    Ok(WindowsPlace {
        letter: *letter,
        partition: index + usize::from(spec.boot_volume) + 1,
        starts: !spec.boot_volume,
    })
}

/// Returns every drive letter with its `MountedDevices` value.
pub(super) fn mounted_devices(spec: &PcSpec) -> Result<Vec<MountedDevice>> {
    let mut devices = Vec::new();
    if boot_volume_has_letter(spec) {
        ensure!(
            spec.table == PartitionTable::Mbr,
            "boot volume: Windows XP starts from a master boot record only"
        );
        devices.push(MountedDevice {
            letter: LETTERS[0],
            value: mbr_value(spec, spec.first_lba),
        });
    }
    for index in 0..spec.installations.len() {
        devices.push(mounted_device(spec, index)?);
    }
    Ok(devices)
}

/// Disk signature and byte offset of a partition.
fn mbr_value(spec: &PcSpec, first_lba: u64) -> Vec<u8> {
    let mut value = spec.disk_signature.to_le_bytes().to_vec();
    value.extend_from_slice(&(first_lba * spec.sector_length).to_le_bytes());
    value
}

/// Returns drive letter and `MountedDevices` value of the installation number `index`: disk signature
/// and byte offset, or the partition's GUID.
fn mounted_device(spec: &PcSpec, index: usize) -> Result<MountedDevice> {
    let letter = windows_place(spec, index)?.letter;
    let value = match spec.table {
        PartitionTable::Mbr => mbr_value(spec, first_lba(spec, index)?),
        PartitionTable::Gpt => {
            let partition = partition(spec, index)?;
            [b"DMIO:ID:".as_slice(), &partition.part_guid.to_bytes_le()].concat()
        }
    };
    Ok(MountedDevice { letter, value })
}

/// Writes the partition table into a disk image of the right size.
pub(super) fn write_table(spec: &PcSpec, disk: &mut fs::File) -> Result<()> {
    match spec.table {
        PartitionTable::Mbr => {
            std::io::Write::write_all(disk, &mbr(spec)?)?;
            Ok(())
        }
        PartitionTable::Gpt => write_gpt(spec, disk),
    }
}

fn mbr(spec: &PcSpec) -> Result<[u8; 512]> {
    let mut sector = [0; 512];
    sector[..2].copy_from_slice(&[0xcd, 0x18]);
    sector[440..444].copy_from_slice(&spec.disk_signature.to_le_bytes());
    for (index, (first, count, file_system)) in all_volumes(spec)?.into_iter().enumerate() {
        // NTFS, or FAT32 with LBA. Source: UEFI leaves these to the vendors; Windows uses both so.
        let kind = match file_system {
            FileSystem::Ntfs => 0x07,
            FileSystem::Fat32 => 0x0c,
        };
        let active = if index == 0 { 0x80 } else { 0 };
        let start = chs(first)?;
        let end = chs(first + count - 1)?;
        let mut entry = vec![active];
        entry.extend_from_slice(&start);
        entry.push(kind);
        entry.extend_from_slice(&end);
        entry.extend_from_slice(&u32::try_from(first)?.to_le_bytes());
        entry.extend_from_slice(&u32::try_from(count)?.to_le_bytes());
        let at = 446 + index * 16;
        sector
            .get_mut(at..at + 16)
            .context("MBR: more than 4 volumes")?
            .copy_from_slice(&entry);
    }
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    Ok(sector)
}

/// Returns head, sector and cylinder of a sector as an MBR stores them; the last that fit if the
/// sector lies beyond.
fn chs(lba: u64) -> Result<[u8; 3]> {
    let cylinder = lba / (HEADS * SECTORS_A_TRACK);
    if cylinder > 1023 {
        return Ok([0xfe, 0xff, 0xff]);
    }
    let head = (lba / SECTORS_A_TRACK) % HEADS;
    let sector = lba % SECTORS_A_TRACK + 1;
    Ok([
        u8::try_from(head)?,
        u8::try_from(sector | ((cylinder >> 8) << 6))?,
        u8::try_from(cylinder & 0xff)?,
    ])
}

fn write_gpt(spec: &PcSpec, disk: &mut fs::File) -> Result<()> {
    ensure!(
        spec.first_lba >= 34,
        "first volume at LBA {}: a GPT needs LBA 1 to 33, expected 34 or more",
        spec.first_lba
    );
    let sectors = u32::try_from(disk_size(spec)? / spec.sector_length)?;
    let mut protective = ProtectiveMBR::with_lb_size(sectors - 1);
    protective.set_disk_signature(spec.disk_signature.to_le_bytes());
    protective
        .overwrite_lba0(disk)
        .context("writing the protective MBR")?;
    let guid = format!("{:08x}-5958-4000-8000-000000000000", spec.disk_signature).parse()?;
    let mut table = gpt::GptConfig::new()
        .writable(true)
        .logical_block_size(match spec.sector_length {
            4096 => LogicalBlockSize::Lb4096,
            _ => LogicalBlockSize::Lb512,
        })
        .create_from_device(disk, Some(guid))
        .context("making a GPT")?;
    let mut partitions = BTreeMap::new();
    let mut number = 1;
    if spec.boot_volume {
        partitions.insert(number, boot_partition(spec)?);
        number += 1;
    }
    for index in 0..spec.installations.len() {
        partitions.insert(number, partition(spec, index)?);
        number += 1;
    }
    table
        .update_partitions(partitions)
        .context("filling a GPT")?;
    table.write().context("writing a GPT")?;
    Ok(())
}

fn boot_partition(spec: &PcSpec) -> Result<Partition> {
    let guid = format!("{:08x}-5958-4000-8000-0000000000ef", spec.disk_signature);
    Ok(Partition {
        part_type_guid: gpt::partition_types::EFI,
        part_guid: guid.parse()?,
        first_lba: spec.first_lba,
        last_lba: spec.first_lba + BOOT_VOLUME_SIZE / spec.sector_length - 1,
        flags: 0,
        name: "EFI system partition".to_owned(),
    })
}

fn partition(spec: &PcSpec, index: usize) -> Result<Partition> {
    let first = first_lba(spec, index)?;
    let guid = format!(
        "{:08x}-5958-4000-8000-{:012x}",
        spec.disk_signature,
        index + 1
    );
    Ok(Partition {
        part_type_guid: gpt::partition_types::BASIC,
        part_guid: guid.parse()?,
        first_lba: first,
        last_lba: first + spec.volume_size / spec.sector_length - 1,
        flags: 0,
        name: "Basic data partition".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_old_are_those_of_fdisk() {
        // LBA 63 is cylinder 0, head 1, sector 1; the rest by hand.
        assert_eq!(chs(63).unwrap(), [1, 1, 0]);
        assert_eq!(chs(2048).unwrap(), [32, 33, 0]);
        assert_eq!(chs(300 * 255 * 63).unwrap(), [0, 1 | 0x40, 44]);
        assert_eq!(chs(1024 * 255 * 63).unwrap(), [0xfe, 0xff, 0xff]);
    }
}
