//! The first sector of a volume: by which Windows it was locked, and where the metadata are. Drawn in
//! [`super::metadata`].

use super::metadata::MAGIC;
use super::{BitLockerError, corrupt};
use crate::filesystem::number;

/// Mark of a volume of To Go, which looks like FAT32 to systems that know no BitLocker.
const MAGIC_TO_GO: [u8; 8] = *b"MSWIN4.1";
/// First bytes of a volume that Vista encrypted.
const BOOT_CODE_VISTA: [u8; 3] = [0xEB, 0x52, 0x90];

/// 4967D63B-2E29-4AD8-8399-F6A339E3D001, the kind of an ordinary volume. Source: libbde, 3.
pub const KIND_ORDINARY: [u8; 16] = [
    0x3b, 0xd6, 0x67, 0x49, 0x29, 0x2e, 0xd8, 0x4a, 0x83, 0x99, 0xf6, 0xa3, 0x39, 0xe3, 0xd0, 0x01,
];
/// 92A84D3B-DD80-4D0E-9E4E-B1E3284EAED8: what is written is encrypted, what was there is not yet.
pub const KIND_ENCRYPT_ON_WRITE: [u8; 16] = [
    0x3b, 0x4d, 0xa8, 0x92, 0x80, 0xdd, 0x0e, 0x4d, 0x9e, 0x4e, 0xb1, 0xe3, 0x28, 0x4e, 0xae, 0xd8,
];

/// Which Windows made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Windows Vista.
    Vista,
    /// Windows 7 and later.
    Windows7,
    /// Windows 7 and later, on a volume that may be carried around.
    ToGo,
}

/// What the first sector says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) layout: Layout,
    pub(super) sector_length: u64,
    pub(super) is_ordinary: bool,
    places: [u64; 3],
}

impl Head {
    /// Parses the first sector of a volume.
    pub(super) fn parse(sector: &[u8; 512]) -> Result<Self, BitLockerError> {
        let magic: &[u8] = sector.get(3..11).unwrap_or_default();
        let layout = match magic {
            _ if magic == MAGIC && sector.starts_with(&BOOT_CODE_VISTA) => Layout::Vista,
            _ if magic == MAGIC => Layout::Windows7,
            _ if magic == MAGIC_TO_GO => Layout::ToGo,
            _ => {
                let finding = format!("magic is {magic:02x?}");
                return Err(corrupt(
                    "first sector of a BitLocker volume",
                    finding,
                    "\"-FVE-FS-\"",
                ));
            }
        };
        let sector_length = match number(sector, 11, 2) {
            // Observed: To Go and some others leave it out.
            0 => 512,
            length => length,
        };
        if ![512, 4096].contains(&sector_length) {
            let finding = format!("sectors of {sector_length} bytes");
            let place = "first sector of a BitLocker volume";
            return Err(corrupt(place, finding, "512 or 4096"));
        }
        let (kind, places) = match layout {
            Layout::Vista => {
                let cluster = number(sector, 13, 1).saturating_mul(sector_length);
                let place = number(sector, 56, 8).saturating_mul(cluster);
                (KIND_ORDINARY.as_slice(), [place; 3])
            }
            Layout::Windows7 => (kind_at(sector, 160), places_at(sector, 176)),
            Layout::ToGo => (kind_at(sector, 424), places_at(sector, 440)),
        };
        Ok(Self {
            layout,
            sector_length,
            is_ordinary: kind == KIND_ORDINARY,
            places,
        })
    }

    /// Returns where copies of the metadata are, none twice.
    pub(super) fn places(&self) -> Vec<u64> {
        let mut places = self.places.to_vec();
        places.dedup();
        places
    }
}

fn kind_at(sector: &[u8; 512], offset: usize) -> &[u8] {
    sector
        .get(offset..offset.saturating_add(16))
        .unwrap_or_default()
}

fn places_at(sector: &[u8; 512], offset: usize) -> [u64; 3] {
    [0, 8, 16].map(|more| number(sector, offset.saturating_add(more), 8))
}
