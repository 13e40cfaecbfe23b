//! MBR and GPT as they lie on the disk. Sources: UEFI 2.10, 5.2.3 and 5.3.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::lba::Lba;

/// Ends an MBR and a FAT boot sector.
pub(crate) const BOOT_MAGIC: [u8; 2] = [0x55, 0xaa];

/// LBA 0.
#[derive(
    Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub(crate) struct RawMbr {
    pub(crate) boot_code: [u8; 440],
    pub(crate) disk_signature: U32,
    pub(crate) reserved: [u8; 2],
    pub(crate) entries: [RawMbrEntry; 4],
    pub(crate) magic: [u8; 2],
}
const _: () = assert!(size_of::<RawMbr>() == 512);

/// One of the four partition records of an MBR.
#[derive(
    Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub(crate) struct RawMbrEntry {
    pub(crate) boot_indicator: u8,
    pub(crate) first_chs: ChsAddress,
    pub(crate) partition_type: u8,
    pub(crate) last_chs: ChsAddress,
    pub(crate) first_lba: U32,
    pub(crate) sectors: U32,
}
const _: () = assert!(size_of::<RawMbrEntry>() == 16);

/// A sector's address in cylinder, head and sector, packed as in an MBR.
#[derive(
    Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub(crate) struct ChsAddress {
    head: u8,
    sector_and_cylinder_high: u8,
    cylinder_low: u8,
}

impl ChsAddress {
    /// What stands where the cylinder has more than ten bits.
    const BEYOND: Self = Self {
        head: 0xfe,
        sector_and_cylinder_high: 0xff,
        cylinder_low: 0xff,
    };

    /// Returns the address of a sector on a disk of 255 heads and 63 sectors a track.
    pub(crate) fn of(lba: Lba) -> Self {
        Self::packed(lba).unwrap_or(Self::BEYOND)
    }

    fn packed(lba: Lba) -> Option<Self> {
        let (track, sector) = (lba.0.div_euclid(63), lba.0.rem_euclid(63).saturating_add(1));
        let (cylinder, head) = (track.div_euclid(255), track.rem_euclid(255));
        let cylinder = u16::try_from(cylinder)
            .ok()
            .filter(|cylinder| *cylinder <= 1023)?;
        let [cylinder_high, cylinder_low] = cylinder.to_be_bytes();
        Some(Self {
            head: u8::try_from(head).ok()?,
            sector_and_cylinder_high: u8::try_from(sector).ok()? | cylinder_high << 6,
            cylinder_low,
        })
    }
}

/// GPT header as it lies in LBA 1 and in the last LBA. Source: UEFI 2.10, table 5.5.
#[derive(
    Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub(crate) struct RawGptHeader {
    pub(crate) signature: [u8; 8],
    pub(crate) revision: U32,
    pub(crate) header_size: U32,
    pub(crate) header_crc32: U32,
    pub(crate) reserved: U32,
    pub(crate) my_lba: U64,
    pub(crate) alternate_lba: U64,
    pub(crate) first_usable_lba: U64,
    pub(crate) last_usable_lba: U64,
    pub(crate) disk_guid: [u8; 16],
    pub(crate) partition_entry_lba: U64,
    pub(crate) number_of_partition_entries: U32,
    pub(crate) size_of_partition_entry: U32,
    pub(crate) partition_entry_array_crc32: U32,
}
const _: () = assert!(size_of::<RawGptHeader>() == 92);

/// Entry of a GPT. Source: UEFI 2.10, table 5.6.
#[derive(
    Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub(crate) struct RawGptEntry {
    pub(crate) partition_type_guid: [u8; 16],
    pub(crate) unique_partition_guid: [u8; 16],
    pub(crate) starting_lba: U64,
    pub(crate) ending_lba: U64,
    pub(crate) attributes: U64,
    pub(crate) partition_name: [U16; 36],
}
const _: () = assert!(size_of::<RawGptEntry>() == 128);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_sfdisk() {
        let packed = |lba| ChsAddress::of(Lba(lba)).as_bytes().to_vec();
        assert_eq!(packed(2048), [0x20, 0x21, 0x00]);
        assert_eq!(packed(1), [0x00, 0x02, 0x00]);
        // Cylinder 300 = 0x12c, head 1, sector 1.
        assert_eq!(packed(300 * 255 * 63 + 63), [0x01, 0x41, 0x2c]);
        assert_eq!(packed(1024 * 255 * 63), [0xfe, 0xff, 0xff]);
    }
}
