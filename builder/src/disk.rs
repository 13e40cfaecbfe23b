//! The outermost layer of the image: MBR, GPT, and the two partitions between them.
//!
//! ```text
//! LBA 0           MBR: boot code, disk signature; hybrid: 1 = active FAT32, 2 = 0xEE over LBA 1..=2047
//!                                                 gpt:    1 = 0xEE over the whole disk
//!                                                 mbr:    1 = active FAT32
//! LBA 1..=33      GPT header, 128 entries                               not in the layout mbr
//! LBA 34..=2047   partition 1, BIOS boot: GRUB's core image             no partition in the layout mbr
//! LBA 2048..      partition 2, EFI system: the FAT32 volume; ends on a MiB
//! last 33 sectors backup of the GPT                                     not in the layout mbr
//! ```
//!
//! The usual MBR is a hybrid one so that XP, and a BIOS that wants an active partition, see a plain FAT32
//! stick. The `gpt` crate writes header and entries; it accepts partitions that overlap or end
//! behind the disk, so that is checked here.
#![warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use gpt::partition::Partition;
use gpt::{GptConfig, partition_types};
use rescue_stick::paths::VOLUME_LABEL;
use zerocopy::{FromZeros, IntoBytes};

use crate::lba::{ByteSize, Lba, LbaRange, SECTORS_PER_MIB};

pub(crate) mod ends;
pub mod identity;
pub mod layout;
pub(crate) mod raw;

use ends::DiskEnds;
use identity::DiskIdentity;
use layout::Layout;
use raw::{ChsAddress, RawMbr, RawMbrEntry};

/// Where GRUB's core image lies: the first sector of the BIOS boot partition.
pub const CORE_IMAGE_LBA: Lba = Lba(34);

/// Where the FAT32 volume begins, and with it partition 2.
pub const VOLUME_FIRST_LBA: Lba = Lba(SECTORS_PER_MIB);

/// Last sector before the volume.
const BEFORE_VOLUME_LBA: Lba = Lba(SECTORS_PER_MIB - 1);

/// Sectors of the primary GPT: header and 128 entries of 128 bytes. Source: UEFI 2.10, 5.3.2.
pub(crate) const GPT_SECTORS: u64 = 33;

/// Attribute bit 2, "legacy BIOS bootable". Source: UEFI 2.10, table 5.8.
pub(crate) const LEGACY_BIOS_BOOTABLE: u64 = 1 << 2;

/// Name of partition 1.
pub(crate) const BIOS_BOOT_NAME: &str = "BIOS boot";

/// MBR type of a FAT32 partition addressed by LBA.
pub(crate) const MBR_TYPE_FAT32_LBA: u8 = 0x0c;

/// MBR type of the entry that protects a GPT. Source: UEFI 2.10, table 5.4.
pub(crate) const MBR_TYPE_GPT_PROTECTIVE: u8 = 0xee;

/// A disk layout that cannot be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// A partition reaches into the area of the GPT or behind the disk.
    #[error("partition {name:?}: LBA {range}, expected within {usable}")]
    OutOfBounds {
        /// Name of the partition.
        name: &'static str,
        /// Where it is.
        range: LbaRange,
        /// Where partitions may be.
        usable: LbaRange,
    },
    /// Two partitions share sectors.
    #[error("partition {name:?}: LBA {range} overlaps partition {other:?} at {other_range}")]
    Overlap {
        /// Name of the partition.
        name: &'static str,
        /// Where it is.
        range: LbaRange,
        /// Name of the other.
        other: &'static str,
        /// Where the other is.
        other_range: LbaRange,
    },
    /// A partition does not lie on full MiB.
    #[error("partition {name:?}: LBA {range}, expected to begin and end on a multiple of 2048")]
    Unaligned {
        /// Name of the partition.
        name: &'static str,
        /// Where it is.
        range: LbaRange,
    },
    /// More sectors than MBR and FAT32 can count.
    #[error("disk: {size}, expected less than 2 TiB")]
    TooLarge {
        /// What was asked for.
        size: ByteSize,
    },
    /// The gpt crate refused.
    #[error("GPT of {sectors} sectors: {reason}")]
    Gpt {
        /// Size of the disk.
        sectors: u64,
        /// What the crate says.
        reason: String,
    },
}

/// The bytes of MBR and GPT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartitionTable {
    /// LBA 0, the MBR.
    pub(crate) mbr: Vec<u8>,
    /// The GPT, if the layout has one.
    pub(crate) gpt: Option<GptBytes>,
}

/// The bytes of both copies of a GPT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GptBytes {
    /// LBA 1..=33, the primary GPT.
    pub(crate) primary: Vec<u8>,
    /// The last 33 sectors: entries, then header.
    pub(crate) backup: Vec<u8>,
    /// Where the primary GPT lies.
    pub(crate) primary_range: LbaRange,
    /// Where the backup lies.
    pub(crate) backup_range: LbaRange,
}

/// A partition before it is written, as far as the checks need it.
#[derive(Clone, Copy)]
struct PlannedPartition {
    name: &'static str,
    range: LbaRange,
    is_aligned: bool,
}

/// Returns how many sectors a disk needs for a volume of `volume_sectors`: a multiple of a MiB.
pub(crate) fn disk_sectors(volume_sectors: u64, layout: Layout) -> u64 {
    VOLUME_FIRST_LBA
        .0
        .saturating_add(volume_sectors)
        .saturating_add(if layout.has_gpt() { GPT_SECTORS } else { 0 })
        .div_ceil(SECTORS_PER_MIB)
        .saturating_mul(SECTORS_PER_MIB)
}

/// Makes MBR and GPT for a disk whose FAT32 volume is `volume`, in the layout of its identity.
pub(crate) fn plan_partition_table(
    sectors: u64,
    volume: LbaRange,
    identity: &DiskIdentity,
    boot_code: &[u8; 440],
) -> Result<PartitionTable, DiskError> {
    let size = ByteSize(Lba(sectors).byte_offset());
    let too_large = |_| DiskError::TooLarge { size };
    u32::try_from(sectors).map_err(too_large)?;
    let bios_boot =
        LbaRange::new(CORE_IMAGE_LBA, BEFORE_VOLUME_LBA).ok_or(DiskError::TooLarge { size })?;
    let partitions = [
        PlannedPartition {
            name: BIOS_BOOT_NAME,
            range: bios_boot,
            is_aligned: false,
        },
        PlannedPartition {
            name: VOLUME_LABEL,
            range: volume,
            is_aligned: true,
        },
    ];
    check_partitions(sectors, identity.layout, &partitions)?;
    let mbr = expected_mbr(sectors, volume, identity, boot_code);
    let mbr = mbr.as_bytes().to_vec();
    if !identity.layout.has_gpt() {
        return Ok(PartitionTable { mbr, gpt: None });
    }

    let entry = |part_type_guid, part_guid, range: LbaRange, flags, name: &str| Partition {
        part_type_guid,
        part_guid,
        first_lba: range.first().0,
        last_lba: range.last().0,
        flags,
        name: name.to_owned(),
    };
    let bios_boot = entry(
        partition_types::BIOS,
        identity.bios_boot_guid,
        bios_boot,
        0,
        BIOS_BOOT_NAME,
    );
    let efi_system = entry(
        partition_types::EFI,
        identity.volume_guid,
        volume,
        LEGACY_BIOS_BOOTABLE,
        VOLUME_LABEL,
    );
    let ends = write_gpt(
        DiskEnds::blank(sectors),
        identity,
        BTreeMap::from([(1, bios_boot), (2, efi_system)]),
    )
    .map_err(|error| DiskError::Gpt {
        sectors,
        reason: error.to_string(),
    })?;

    let (primary, backup) = ends.into_gpt();
    let range =
        |first| LbaRange::starting_at(first, GPT_SECTORS).ok_or(DiskError::TooLarge { size });
    let gpt = GptBytes {
        primary,
        backup,
        primary_range: range(Lba(1))?,
        backup_range: range(Lba(sectors.saturating_sub(GPT_SECTORS)))?,
    };
    let gpt = Some(gpt);
    Ok(PartitionTable { mbr, gpt })
}

fn write_gpt(
    ends: DiskEnds,
    identity: &DiskIdentity,
    partitions: BTreeMap<u32, Partition>,
) -> Result<DiskEnds, gpt::GptError> {
    let mut disk = GptConfig::new()
        .writable(true)
        .create_from_device(ends, Some(identity.disk_guid))?;
    disk.update_partitions(partitions)?;
    disk.write()
}

/// Checks what the gpt crate does not: that partitions lie between the two GPTs, on full MiB where
/// that is asked for, and apart from each other.
fn check_partitions(
    sectors: u64,
    layout: Layout,
    partitions: &[PlannedPartition],
) -> Result<(), DiskError> {
    let size = ByteSize(Lba(sectors).byte_offset());
    let behind = if layout.has_gpt() { GPT_SECTORS } else { 0 };
    let last_usable = Lba(sectors.saturating_sub(behind).saturating_sub(1));
    let usable =
        LbaRange::new(Lba(GPT_SECTORS.saturating_add(1)), last_usable).ok_or(DiskError::Gpt {
            sectors,
            reason: format!("{size} hold no partition"),
        })?;
    for (index, partition) in partitions.iter().enumerate() {
        let PlannedPartition { name, range, .. } = *partition;
        if range.first() < usable.first() || range.last() > usable.last() {
            return Err(DiskError::OutOfBounds {
                name,
                range,
                usable,
            });
        }
        let begins_aligned = range.first().0.is_multiple_of(SECTORS_PER_MIB);
        let ends_aligned = range.sectors().is_multiple_of(SECTORS_PER_MIB);
        if partition.is_aligned && !(begins_aligned && ends_aligned) {
            return Err(DiskError::Unaligned { name, range });
        }
        let earlier = partitions.iter().take(index);
        if let Some(other) = earlier.copied().find(|other| other.range.overlaps(range)) {
            return Err(DiskError::Overlap {
                name,
                range,
                other: other.name,
                other_range: other.range,
            });
        }
    }
    Ok(())
}

/// Returns the MBR of a disk of so many sectors.
///
/// Hybrid: the volume first, since XP looks at no other entry of a stick, then the entry that tells GPT
/// readers to look further; its range ends before the volume, so that no two entries overlap. GPT: only
/// that entry, over the whole disk. MBR: only the volume.
pub(crate) fn expected_mbr(
    sectors: u64,
    volume: LbaRange,
    identity: &DiskIdentity,
    boot_code: &[u8; 440],
) -> RawMbr {
    let empty = RawMbrEntry::new_zeroed();
    let protective = |last| {
        LbaRange::new(Lba(1), last)
            .map_or(empty, |range| mbr_entry(0, MBR_TYPE_GPT_PROTECTIVE, range))
    };
    let volume = mbr_entry(0x80, MBR_TYPE_FAT32_LBA, volume);
    let (first, second) = match identity.layout {
        Layout::Hybrid => (volume, protective(BEFORE_VOLUME_LBA)),
        Layout::Gpt => (protective(Lba(sectors.saturating_sub(1))), empty),
        Layout::Mbr => (volume, empty),
    };
    RawMbr {
        boot_code: *boot_code,
        disk_signature: identity.disk_signature.into(),
        reserved: [0; 2],
        entries: [first, second, empty, empty],
        magic: raw::BOOT_MAGIC,
    }
}

fn mbr_entry(boot_indicator: u8, partition_type: u8, range: LbaRange) -> RawMbrEntry {
    // OK to saturate: the caller refused disks that 32 bits do not count.
    let field = |value| u32::try_from(value).unwrap_or(u32::MAX).into();
    RawMbrEntry {
        boot_indicator,
        first_chs: ChsAddress::of(range.first()),
        partition_type,
        last_chs: ChsAddress::of(range.last()),
        first_lba: field(range.first().0),
        sectors: field(range.sectors()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rescue_stick::digest::Sha256Digest;

    fn range(first: u64, last: u64) -> LbaRange {
        LbaRange::new(Lba(first), Lba(last)).unwrap()
    }

    fn table(sectors: u64, volume: LbaRange) -> Result<PartitionTable, DiskError> {
        table_in(Layout::Hybrid, sectors, volume)
    }

    fn table_in(
        layout: Layout,
        sectors: u64,
        volume: LbaRange,
    ) -> Result<PartitionTable, DiskError> {
        let identity = DiskIdentity::derive(Sha256Digest::of(b"seed"), layout);
        plan_partition_table(sectors, volume, &identity, &[0x90; 440])
    }

    #[test]
    fn refuses_partitions_outside_the_usable_area() {
        let error = table(8192, range(2048, 8191)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "partition \"MENDKIT\": LBA 2048..=8191, expected within 34..=8158"
        );
    }

    #[test]
    fn refuses_partitions_that_overlap_or_lie_between_two_mib() {
        let planned = |name, range, is_aligned| PlannedPartition {
            name,
            range,
            is_aligned,
        };
        let (a, b) = (planned("a", range(34, 2048), false), range(2048, 4095));
        let error =
            check_partitions(8192, Layout::Hybrid, &[a, planned("b", b, true)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "partition \"b\": LBA 2048..=4095 overlaps partition \"a\" at 34..=2048"
        );
        let unaligned = [planned("b", range(2049, 4096), true)];
        let error = check_partitions(8192, Layout::Hybrid, &unaligned).unwrap_err();
        assert_eq!(
            error.to_string(),
            "partition \"b\": LBA 2049..=4096, expected to begin and end on a multiple of 2048"
        );
        assert!(matches!(
            check_partitions(60, Layout::Hybrid, &[]),
            Err(DiskError::Gpt { .. })
        ));
    }

    #[test]
    fn refuses_disks_that_an_mbr_cannot_count() {
        let sectors = 1 << 32;
        let error = table(sectors, range(2048, 4095)).unwrap_err();
        assert!(matches!(error, DiskError::TooLarge { .. }), "{error}");
    }

    #[test]
    fn hybrid_entries_mirror_the_volume_and_protect_the_space_before_it() {
        let table = table(8192, range(2048, 6143)).unwrap();
        let entries = table.mbr.get(446..478).unwrap();
        assert_eq!(
            hex::encode(entries),
            "80202100\
             0c612100\
             00080000\
             00100000\
             00000200\
             ee202000\
             01000000\
             ff070000"
        );
        assert_eq!(table.mbr.get(510..), Some(&[0x55, 0xaa][..]));
    }

    #[test]
    fn a_protective_entry_covers_the_whole_disk_and_an_mbr_alone_names_the_volume() {
        let entries = |layout, sectors| {
            let table = table_in(layout, sectors, range(2048, 6143)).unwrap();
            hex::encode(table.mbr.get(446..478).unwrap())
        };
        let nothing = "0".repeat(32);
        assert_eq!(
            entries(Layout::Gpt, 8192),
            format!("00000200ee82020001000000ff1f0000{nothing}")
        );
        // Of a disk that has more cylinders than an MBR counts.
        assert_eq!(
            entries(Layout::Gpt, 30_000_000),
            format!("00000200eefeffff010000007fc3c901{nothing}")
        );
        assert_eq!(
            entries(Layout::Mbr, 6144),
            format!("802021000c6121000008000000100000{nothing}")
        );
    }

    #[test]
    fn only_an_mbr_alone_lets_the_volume_end_with_the_disk() {
        assert_eq!(disk_sectors(4096, Layout::Mbr), 6144);
        assert_eq!(disk_sectors(4096, Layout::Gpt), 8192);
        assert!(table_in(Layout::Mbr, 6144, range(2048, 6143)).is_ok_and(|it| it.gpt.is_none()));
        assert!(table_in(Layout::Gpt, 6144, range(2048, 6143)).is_err());
    }
}
