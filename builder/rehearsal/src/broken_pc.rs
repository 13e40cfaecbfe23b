//! Simulated broken PCs, as a folder or as a whole disk.
//!
//! A PC is described by a [`PcSpec`]; the [presets](ALL_PRESETS) are the cases of the handbook. The
//! same specification gives the same files with the same content, times, attributes and security
//! descriptors; on FAT32 the whole disk is the same byte for byte. On NTFS ntfs-3g stamps the
//! current time beside every name (the `$FILE_NAME` attribute and its copy in the folder's index),
//! as Windows does, so two disks differ there and only there. An ordinary user's volumes have the security
//! descriptors that ntfs-3g gives by itself.
//!
//! Nothing in a simulated PC is Microsoft's or McAfee's: programs are made up, or
//! another one's with another version resource, definitions are made up, hives are built from a handful of keys.

mod containers;
mod details;
mod disk;
mod extras;
mod fat32_volume;
mod hives;
mod ntfs_volume;
mod partition_table;
mod presets;
mod programs;
mod security;
mod tree;
mod unclean;
mod words;

use std::path::Path;
use std::sync::Arc;

use crate::error::{Context, Result};

use crate::definitions::DatSizes;

pub use containers::{compressed_file, lzx_cabinet, quarantine_container, quarantine_container_of};
pub use disk::{MadeDisk, MadeVolume, make_disk};
pub use extras::{Extra, ExtraData, channel_file};
pub use ntfs_volume::{NtfsMount, copy_sparse};
pub use presets::{ALL_PRESETS, Preset, preset};
pub use programs::{good_svchost, program};
pub use tree::{Entry, EntryKind, dat_files};
pub use unclean::{mark_dirty, spoil_log_file};

/// Kind of partition table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionTable {
    /// Master boot record with up to four primary partitions.
    Mbr,
    /// GUID partition table.
    Gpt,
}

/// File system of the Windows volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSystem {
    /// NTFS with security descriptors and 8.3 names.
    Ntfs,
    /// FAT32 with long names.
    Fat32,
}

/// Release of Windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowsKind {
    /// Windows XP Professional, service pack 2, 32 bits.
    XpSp2,
    /// Windows XP Professional, service pack 3, 32 bits.
    XpSp3,
    /// Windows 7 Professional, service pack 1, 64 bits.
    Windows7,
    /// Windows 10 Pro 22H2, 64 bits.
    Windows10,
}

impl WindowsKind {
    /// Tells whether it is a Windows XP, which has 32 bits here and many things elsewhere.
    pub fn is_xp(self) -> bool {
        matches!(self, Self::XpSp2 | Self::XpSp3)
    }
}

/// Language of Windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English (United States).
    English,
    /// French (France).
    French,
    /// German (Germany), the one whose Program Files has another name.
    German,
    /// Japanese.
    Japanese,
}

/// State of one copy of `svchost.exe`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// The right file.
    Good,
    /// Not there.
    Missing,
    /// There, with 0 bytes.
    Empty,
    /// The right file but for one byte of code; the checksum in its header no longer fits.
    Patched,
    /// The file of the other service pack of XP; equally long.
    WrongServicePack,
}

/// What a volume says about how it was last used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumeState {
    /// Unmounted in order.
    Clean,
    /// Windows hibernated: `hiberfil.sys` begins with `hibr`.
    Hibernated,
    /// The flag that asks for chkdsk is set. NTFS only.
    Dirty,
    /// The journal of NTFS says that a client was using it. NTFS only.
    UncleanLog,
}

/// One installation of Windows.
#[derive(Clone, Debug)]
pub struct WindowsSpec {
    /// Release.
    pub kind: WindowsKind,
    /// Language.
    pub language: Language,
    /// Name of the computer, at most 15 characters.
    pub computer_name: String,
    /// `system32\svchost.exe`.
    pub svchost: FileState,
    /// The copy in `system32\dllcache`; XP only.
    pub dllcache: FileState,
    /// The copy in `ServicePackFiles\i386`; XP only.
    pub service_pack_files: FileState,
    /// The copy in McAfee's quarantine; an empty one is a damaged container. Missing also means that
    /// there is no quarantine.
    pub quarantine: FileState,
    /// The compressed copy in `\\i386` of the same volume, which the registry then names as
    /// installation source; XP only.
    pub installation_source: FileState,
    /// DAT release of McAfee VirusScan Enterprise 8.7i, if that is installed.
    pub dat: Option<u32>,
    /// Sizes of the DAT files.
    pub dat_sizes: DatSizes,
    /// Whether SOFTWARE and SYSTEM say that a write to them was not finished.
    pub dirty_hives: bool,
    /// The 32-bit program that those of XP are made from; a made-up one if none.
    pub base_program: Option<Arc<[u8]>>,
    /// What it has beyond what every such Windows has.
    pub extras: Vec<Extra>,
}

/// A PC with one disk and one volume for each installation, and perhaps one to start from.
#[derive(Clone, Debug)]
pub struct PcSpec {
    /// Kind of partition table.
    pub table: PartitionTable,
    /// File system of every volume.
    pub file_system: FileSystem,
    /// State of every volume.
    pub volume_state: VolumeState,
    /// First sector of the first volume: 63 as XP did, 2048 since Vista.
    pub first_lba: u64,
    /// Size of each volume in bytes, a multiple of 1 MiB; FAT32 needs 64 MiB at least.
    pub volume_size: u64,
    /// Bytes of a sector: 512, or 4096 on disks without any emulation. FAT32 has 512 here.
    pub sector_length: u64,
    /// Signature of the disk in its master boot record.
    pub disk_signature: u32,
    /// Whether a volume without a Windows, from which the PC starts, lies before the others: the EFI
    /// system partition behind a GPT, the "System Reserved" of Windows 7 and later, or drive C of a Windows
    /// XP that was put on drive D.
    pub boot_volume: bool,
    /// Installations, one a volume, with the letters that are left from C on. Never empty; at most 4, with a
    /// drive C to start from 3.
    pub installations: Vec<WindowsSpec>,
}

impl WindowsSpec {
    /// XP SP3 in English, harmed by DAT 5958: `svchost.exe` is missing, good copies are at hand.
    pub fn xp_mcafee_5958() -> Self {
        Self {
            kind: WindowsKind::XpSp3,
            language: Language::English,
            computer_name: "OPTIPLEX-114".to_owned(),
            svchost: FileState::Missing,
            dllcache: FileState::Good,
            service_pack_files: FileState::Good,
            quarantine: FileState::Missing,
            installation_source: FileState::Missing,
            dat: Some(5958),
            dat_sizes: DatSizes::SMALL,
            dirty_hives: false,
            base_program: None,
            extras: Vec::new(),
        }
    }

    /// Name of the Windows folder on its volume.
    pub fn windows_folder(&self) -> &'static str {
        match self.kind {
            WindowsKind::XpSp2 | WindowsKind::XpSp3 => "WINDOWS",
            WindowsKind::Windows7 | WindowsKind::Windows10 => "Windows",
        }
    }

    /// Path of `system32` on its volume, parts separated by `/`.
    pub fn system_folder(&self) -> String {
        match self.kind {
            WindowsKind::XpSp2 | WindowsKind::XpSp3 => "WINDOWS/system32".to_owned(),
            WindowsKind::Windows7 | WindowsKind::Windows10 => "Windows/System32".to_owned(),
        }
    }

    /// Path of `svchost.exe` on its volume, parts separated by `/`.
    pub fn svchost_path(&self) -> String {
        format!("{}/svchost.exe", self.system_folder())
    }

    /// Path of the folder that holds McAfee's engine and DAT files, parts separated by `/`.
    pub fn engine_folder(&self) -> String {
        let program_files = match self.kind.is_xp() {
            true => words::words(self.language).program_files,
            false => "Program Files (x86)",
        };
        format!("{program_files}/Common Files/McAfee/Engine")
    }
}

impl PcSpec {
    /// One Windows on NTFS behind a master boot record, partitioned as Windows itself would.
    pub fn of(windows: WindowsSpec) -> Self {
        Self {
            table: PartitionTable::Mbr,
            file_system: FileSystem::Ntfs,
            volume_state: VolumeState::Clean,
            first_lba: if windows.kind.is_xp() { 63 } else { 2048 },
            volume_size: 96 << 20,
            sector_length: 512,
            disk_signature: 0x5958_2010,
            boot_volume: false,
            installations: vec![windows],
        }
    }
}

/// Writes the files of one installation, as drive C of a disk with an MBR, into a folder.
///
/// Names keep their case and times are set; attributes and security descriptors are left out,
/// since a folder of the host has no place for them.
pub fn make_folder(windows: &WindowsSpec, folder: &Path) -> Result<()> {
    make_folder_of(&PcSpec::of(windows.clone()), folder)
}

/// Writes the files of the first Windows of a PC into a folder, as [`make_folder`] does.
pub fn make_folder_of(spec: &PcSpec, folder: &Path) -> Result<()> {
    let windows = spec.installations.first().context("no installation")?;
    let place = partition_table::windows_place(spec, 0)?;
    let letters = partition_table::mounted_devices(spec)?;
    let entries = tree::windows_tree(windows, place, &letters)?;
    tree::write_to_folder(&entries, folder)
        .with_context(|| format!("writing a simulated PC to {}", folder.display()))
}
