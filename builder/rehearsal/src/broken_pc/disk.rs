//! Puts a whole disk together: volumes made in files of their own, copied behind a partition table.

use std::path::{Path, PathBuf};

use crate::error::{Context, Result, ensure};
use fs_err as fs;

use super::ntfs_volume::Geometry;
use super::programs::good_svchost;
use super::tree::start::boot_tree;
use super::tree::{Entry, EntryKind, windows_tree};
use super::unclean::{mark_dirty, spoil_log_file};
use super::{
    FileSystem, PcSpec, VolumeState, WindowsSpec, fat32_volume, ntfs_volume, partition_table,
};
use crate::tools::sha256_hex;

/// A disk image and what is on it.
#[derive(Clone, Debug)]
pub struct MadeDisk {
    /// The image, a sparse file.
    pub path: PathBuf,
    /// The volumes with a Windows, in the order of their letters.
    pub volumes: Vec<MadeVolume>,
}

/// One volume of a disk image.
#[derive(Clone, Debug)]
pub struct MadeVolume {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub size: u64,
    /// Its file system.
    pub file_system: FileSystem,
    /// The Windows on it.
    pub windows: WindowsSpec,
    /// SHA-256 of the `svchost.exe` it should have, in hexadecimal.
    pub good_svchost_sha256: String,
    /// SHA-256 of every file it has, by path.
    pub files: Vec<(String, String)>,
}

/// Makes the disk image of a PC; a file that is there is overwritten.
///
/// Needs mkntfs, ntfs-3g, `/dev/fuse` and the right to mount for NTFS; mkfs.fat and mtools for
/// FAT32. See [the module](super) for what is the same every time.
pub fn make_disk(spec: &PcSpec, path: &Path) -> Result<MadeDisk> {
    check(spec)?;
    let devices = partition_table::mounted_devices(spec)?;
    let mut disk = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    disk.set_len(partition_table::disk_size(spec)?)?;
    partition_table::write_table(spec, &mut disk)?;
    let mut volumes = Vec::new();
    for (index, windows) in spec.installations.iter().enumerate() {
        let place = partition_table::windows_place(spec, index)?;
        let mut entries = windows_tree(windows, place, &devices)?;
        if spec.volume_state == VolumeState::Hibernated {
            entries.push(hibernation_file());
        }
        let offset = partition_table::first_lba(spec, index)? * spec.sector_length;
        let mut layout = VolumeLayout {
            file_system: spec.file_system,
            size: spec.volume_size,
            first_lba: partition_table::first_lba(spec, index)?,
            serial: spec.disk_signature.wrapping_add(u32::try_from(index)?),
            sector_length: spec.sector_length,
            state: spec.volume_state,
        };
        if index == 0 && spec.boot_volume {
            add_boot_volume(spec, &layout, &mut disk)?;
            layout.serial = layout.serial.wrapping_add(0x100);
        }
        let volume = make_volume(&layout, &entries)
            .with_context(|| format!("making volume {} of {}", index + 1, path.display()))?;
        ntfs_volume::copy_sparse(volume.path(), &mut disk, offset)?;
        volumes.push(MadeVolume {
            offset,
            size: spec.volume_size,
            file_system: spec.file_system,
            windows: windows.clone(),
            good_svchost_sha256: sha256_hex(&good_svchost(windows)?),
            files: hashes(&entries),
        });
    }
    disk.sync_all()?;
    Ok(MadeDisk {
        path: path.to_owned(),
        volumes,
    })
}

fn check(spec: &PcSpec) -> Result<()> {
    ensure!(
        !spec.installations.is_empty(),
        "installations: none, expected 1 to 4"
    );
    ensure!(
        spec.volume_size >= 32 << 20 && spec.volume_size.is_multiple_of(1 << 20),
        "volume size: {} bytes, expected a multiple of 1 MiB and 32 MiB at least",
        spec.volume_size
    );
    let ntfs_only = matches!(
        spec.volume_state,
        VolumeState::Dirty | VolumeState::UncleanLog
    );
    ensure!(
        spec.sector_length == 512
            || spec.sector_length == 4096 && spec.file_system == FileSystem::Ntfs,
        "sectors of {} bytes: expected 512, or 4096 with NTFS",
        spec.sector_length
    );
    ensure!(
        spec.file_system == FileSystem::Ntfs || !ntfs_only,
        "volume state {:?}: only NTFS has it",
        spec.volume_state
    );
    Ok(())
}

/// How one volume is made.
struct VolumeLayout {
    file_system: FileSystem,
    size: u64,
    first_lba: u64,
    serial: u32,
    sector_length: u64,
    state: VolumeState,
}

fn make_volume(layout: &VolumeLayout, entries: &[Entry]) -> Result<tempfile::NamedTempFile> {
    let volume = tempfile::NamedTempFile::new()?;
    let VolumeLayout {
        size,
        first_lba,
        serial,
        ..
    } = *layout;
    match layout.file_system {
        FileSystem::Fat32 => {
            fat32_volume::make_volume(volume.path(), size, first_lba, serial, entries)?;
        }
        FileSystem::Ntfs => {
            let serial = (u64::from(serial) << 32) | 0x4d4b_0001;
            let path = volume.path();
            let geometry = Geometry {
                size,
                sector_length: layout.sector_length,
                first_lba,
            };
            ntfs_volume::make_volume(path, geometry, serial, entries)?;
            match layout.state {
                VolumeState::Dirty => mark_dirty(path)?,
                VolumeState::UncleanLog => spoil_log_file(path)?,
                VolumeState::Clean | VolumeState::Hibernated => {}
            }
        }
    }
    Ok(volume)
}

/// Makes the volume that the PC starts from, before that of its first Windows.
fn add_boot_volume(spec: &PcSpec, first: &VolumeLayout, disk: &mut fs::File) -> Result<()> {
    let file_system = partition_table::boot_file_system(spec);
    let layout = VolumeLayout {
        file_system,
        size: partition_table::BOOT_VOLUME_SIZE,
        first_lba: spec.first_lba,
        serial: first.serial,
        sector_length: spec.sector_length,
        state: VolumeState::Clean,
    };
    let place = partition_table::windows_place(spec, 0)?;
    let windows = spec.installations.first().context("no installation")?;
    let entries = boot_tree(windows, place.partition, file_system);
    let volume = make_volume(&layout, &entries).context("making the boot volume")?;
    ntfs_volume::copy_sparse(volume.path(), disk, spec.first_lba * spec.sector_length)
}

/// What XP leaves when it hibernates: a file that begins with `hibr`.
fn hibernation_file() -> Entry {
    let mut content = vec![0; 64 << 10];
    content[..4].copy_from_slice(b"hibr");
    Entry {
        path: "hiberfil.sys".to_owned(),
        kind: EntryKind::File(content),
        hidden: true,
        time: 1_271_854_800,
    }
}

fn hashes(entries: &[Entry]) -> Vec<(String, String)> {
    entries
        .iter()
        .filter_map(|entry| match &entry.kind {
            EntryKind::File(content) => Some((entry.path.clone(), sha256_hex(content))),
            EntryKind::Folder => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broken_pc::{PartitionTable, preset};

    #[test]
    fn refuses_what_cannot_be_made() {
        let refused = |spec: PcSpec| {
            let file = tempfile::NamedTempFile::new().unwrap();
            make_disk(&spec, file.path()).unwrap_err().to_string()
        };
        let good = preset("xp-fat32").unwrap();
        let dirty = PcSpec {
            volume_state: VolumeState::Dirty,
            ..good.clone()
        };
        assert_eq!(refused(dirty), "volume state Dirty: only NTFS has it");
        let none = PcSpec {
            installations: Vec::new(),
            ..good.clone()
        };
        assert_eq!(refused(none), "installations: none, expected 1 to 4");
        let gpt = PcSpec {
            table: PartitionTable::Gpt,
            first_lba: 2,
            ..good
        };
        assert!(refused(gpt).contains("expected 34 or more"));
    }
}
