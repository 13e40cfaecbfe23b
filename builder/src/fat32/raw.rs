//! FAT32 structures as they lie on the disk. Source: Microsoft FAT specification, revision 1.03.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Attribute bits of a folder entry. Source: as above, "DIR_Attr".
pub(crate) mod attribute {
    /// May be read only.
    pub(crate) const READ_ONLY: u8 = 0x01;
    /// Not shown in a listing.
    pub(crate) const HIDDEN: u8 = 0x02;
    /// Belongs to the operating system.
    pub(crate) const SYSTEM: u8 = 0x04;
    /// The entry is the volume's label.
    pub(crate) const VOLUME_ID: u8 = 0x08;
    /// The entry is a folder.
    pub(crate) const DIRECTORY: u8 = 0x10;
    /// To be archived, as every new file is.
    pub(crate) const ARCHIVE: u8 = 0x20;
    /// The entry is a part of a long name.
    pub(crate) const LONG_NAME: u8 = READ_ONLY | HIDDEN | SYSTEM | VOLUME_ID;
}

/// Sector 0 of the volume.
#[derive(
    Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub(crate) struct RawBootSector {
    pub(crate) jump: [u8; 3],
    pub(crate) oem_name: [u8; 8],
    pub(crate) bytes_per_sector: U16,
    pub(crate) sectors_per_cluster: u8,
    pub(crate) reserved_sectors: U16,
    pub(crate) fats: u8,
    pub(crate) root_entries: U16,
    pub(crate) total_sectors_16: U16,
    pub(crate) media: u8,
    pub(crate) fat_size_16: U16,
    pub(crate) sectors_per_track: U16,
    pub(crate) heads: U16,
    pub(crate) hidden_sectors: U32,
    pub(crate) total_sectors_32: U32,
    pub(crate) fat_size_32: U32,
    pub(crate) extended_flags: U16,
    pub(crate) version: U16,
    pub(crate) root_cluster: U32,
    pub(crate) fs_info_sector: U16,
    pub(crate) backup_boot_sector: U16,
    pub(crate) reserved: [u8; 12],
    pub(crate) drive_number: u8,
    pub(crate) status: u8,
    pub(crate) extended_boot_signature: u8,
    pub(crate) volume_serial: U32,
    pub(crate) volume_label: [u8; 11],
    pub(crate) file_system_type: [u8; 8],
    pub(crate) boot_code: [u8; 420],
    pub(crate) magic: [u8; 2],
}
const _: () = assert!(size_of::<RawBootSector>() == 512);

/// Sector 1 of the volume.
#[derive(
    Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub(crate) struct RawFsInfo {
    pub(crate) lead_signature: [u8; 4],
    pub(crate) reserved_1: [u8; 480],
    pub(crate) struct_signature: [u8; 4],
    pub(crate) free_count: U32,
    pub(crate) next_free: U32,
    pub(crate) reserved_2: [u8; 12],
    pub(crate) trail_signature: [u8; 4],
}
const _: () = assert!(size_of::<RawFsInfo>() == 512);

/// `FSI_LeadSig`.
pub(crate) const FS_INFO_LEAD: [u8; 4] = *b"RRaA";

/// `FSI_StrucSig`.
pub(crate) const FS_INFO_STRUCT: [u8; 4] = *b"rrAa";

/// `FSI_TrailSig`.
pub(crate) const FS_INFO_TRAIL: [u8; 4] = [0, 0, 0x55, 0xaa];

/// Entry of a folder.
#[derive(
    Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub(crate) struct RawFolderEntry {
    pub(crate) name: [u8; 11],
    pub(crate) attributes: u8,
    pub(crate) case_flags: u8,
    pub(crate) created_tenths: u8,
    pub(crate) created_time: U16,
    pub(crate) created_date: U16,
    pub(crate) accessed_date: U16,
    pub(crate) first_cluster_high: U16,
    pub(crate) written_time: U16,
    pub(crate) written_date: U16,
    pub(crate) first_cluster_low: U16,
    pub(crate) size: U32,
}
const _: () = assert!(size_of::<RawFolderEntry>() == ENTRY_SIZE);

/// Bytes of a folder entry, whichever kind.
pub(crate) const ENTRY_SIZE: usize = 32;

/// Part of a long name, in the place of a folder entry.
#[derive(
    Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub(crate) struct RawLongNameEntry {
    pub(crate) order: u8,
    pub(crate) units_1: [U16; 5],
    pub(crate) attributes: u8,
    pub(crate) kind: u8,
    pub(crate) checksum: u8,
    pub(crate) units_2: [U16; 6],
    pub(crate) first_cluster_low: U16,
    pub(crate) units_3: [U16; 2],
}
const _: () = assert!(size_of::<RawLongNameEntry>() == ENTRY_SIZE);

/// UTF-16 units in an entry of a long name.
pub(crate) const LONG_NAME_UNITS: usize = 13;

/// Marks the last part of a long name, which lies first. Source: as above, "LAST_LONG_ENTRY".
pub(crate) const LAST_LONG_ENTRY: u8 = 0x40;

impl RawFolderEntry {
    /// Returns the cluster where the file or folder begins; 0 is none.
    pub(crate) fn first_cluster(&self) -> u32 {
        u32::from(self.first_cluster_high.get()) << 16 | u32::from(self.first_cluster_low.get())
    }
}

impl RawLongNameEntry {
    /// Returns the 13 units of this part.
    pub(crate) fn units(&self) -> impl Iterator<Item = u16> {
        let parts = self.units_1.into_iter().chain(self.units_2);
        parts.chain(self.units_3).map(U16::get)
    }
}
