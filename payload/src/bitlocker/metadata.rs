//! What a BitLocker volume says of itself: who it is, how its sectors are encrypted, how far that has come,
//! and by which protectors its key is kept.
//!
//! ```text
//! first sector   0 EB 52 90  3 "-FVE-FS-"  11 bytes a sector  13 sectors a cluster  56 cluster of the metadata
//!                                                                                                 (Vista)
//!                0 EB 58 90  3 "-FVE-FS-"  11 bytes a sector  160 kind (GUID)  176 three places  (Windows 7 on)
//!                0 EB 58 90  3 "MSWIN4.1"  11 bytes a sector  424 kind (GUID)  440 three places  (To Go)
//! metadata       0 "-FVE-FS-"  8 size (u16)  10 version (u16)  12 state  14 next state  16 volume size (u64)
//! (three copies)   24 ?  28 sectors moved (u32)  32 three places (u64)  56 place of the moved sectors (u64)
//!               64 size (u32)  68 version  72 size of this head  76 size  80 volume (GUID)  96 next nonce
//!                  100 method (u16)  102 ?  104 made (FILETIME)
//!              112 entries
//!             size 0 size (u16)  2 version (u16)  4 CRC-32 of all before (u32)  8 …
//! ```
//! The size counts bytes in version 1 (Vista) and 16 bytes in version 2. Version 1 has no checksum.
//!
//! Source: libbde, BitLocker Drive Encryption format, 3 and 4; the checksum observed on 15 volumes of
//! cryptsetup's tests (Windows 7 to 11).

use std::io;

use rescue_stick::guid::Guid;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use super::cipher::Cipher;
use super::entry::{
    DESCRIPTION, PROTECTOR, VALUE_PLACE, VALUE_PROTECTOR, VALUE_SEALED, VALUE_TEXT, VOLUME_HEADER,
    VOLUME_KEY, parse_entries, text_of,
};
use super::first_sector::{Head, Layout};
use super::protector::{Protector, ProtectorKind, SealedKey};
use super::{BitLockerError, corrupt};
use crate::area::Area;
use crate::filesystem::number;

/// Bytes of a copy of the metadata, with what is unused behind it. Source: libbde, 4.
pub const BLOCK_LENGTH: u64 = 64 << 10;

/// Mark of volume and metadata.
pub(super) const MAGIC: [u8; 8] = *b"-FVE-FS-";
/// First part of the metadata.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RawBlock {
    signature: [u8; 8],
    size: U16,
    version: U16,
    curr_state: U16,
    next_state: U16,
    encrypted_volume_size: U64,
    unknown: U32,
    header_sectors: U32,
    information_off: [U64; 3],
    boot_sectors_backup: U64,
}
const _: () = assert!(size_of::<RawBlock>() == 64);

/// Second part of the metadata, and first part of a file with a startup key.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct RawHeader {
    pub(super) metadata_size: U32,
    pub(super) version: U32,
    pub(super) header_size: U32,
    copy_size: U32,
    pub(super) guid: [u8; 16],
    next_counter: U32,
    algorithm: U16,
    unknown: U16,
    timestamp: U64,
}
const _: () = assert!(size_of::<RawHeader>() == 48);

/// What stands behind the metadata since Windows 7.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RawValidation {
    size: U16,
    version: U16,
    crc32: U32,
}
const _: () = assert!(size_of::<RawValidation>() == 8);

/// How far encryption has come, a number that Windows extends. Source: dislocker, `metadata.h`; 4 observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State(pub u16);

impl State {
    /// Nothing is encrypted any more.
    pub const DECRYPTED: Self = Self(1);
    /// It is being encrypted or decrypted.
    pub const SWITCHING: Self = Self(2);
    /// What is written is encrypted.
    pub const ENCRYPT_ON_WRITE: Self = Self(3);
    /// All of it is encrypted.
    pub const ENCRYPTED: Self = Self(4);
    /// It is being encrypted or decrypted, and waits.
    pub const PAUSED: Self = Self(5);
}

/// A range of a volume, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Where it begins.
    pub start: u64,
    /// How long it is.
    pub length: u64,
}

/// A volume's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Which Windows made it.
    pub layout: Layout,
    /// Names the volume.
    pub volume: Guid,
    /// What somebody called it: usually computer, drive and day.
    pub description: Option<String>,
    /// How far encryption has come, and where it is to go.
    pub state: (State, State),
    /// Whether the kind of an ordinary volume stands in the first sector.
    pub is_ordinary: bool,
    /// Bytes of the sectors that are encrypted one by one.
    pub sector_length: u64,
    /// Method of encryption as it is stored.
    pub method: u16,
    /// Where the copies of the metadata are.
    pub places: [u64; 3],
    /// Where the first sectors of the volume were moved to.
    pub moved: Range,
    /// Ways to the key.
    pub protectors: Vec<Protector>,
    /// The volume key under its master key.
    pub(super) sealed_volume_key: SealedKey,
}

/// Reads the metadata of the volume in `area`: the first copy that is whole.
pub fn read_metadata(area: &dyn Area) -> Result<Metadata, BitLockerError> {
    let mut sector = [0; 512];
    area.read_at(0, &mut sector)?;
    let head = Head::parse(&sector)?;
    let mut first_error = None;
    for place in head.places() {
        match read_copy(area, &head, place) {
            Ok(metadata) => return Ok(metadata),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error.unwrap_or_else(|| corrupt("BitLocker volume", "no place", "three places")))
}

fn read_copy(area: &dyn Area, head: &Head, place: u64) -> Result<Metadata, BitLockerError> {
    let is_inside = place
        .checked_add(BLOCK_LENGTH)
        .is_some_and(|end| end <= area.len());
    if !is_inside || place < 512 {
        let finding = format!("at byte {place} of {}", area.len());
        return Err(corrupt(
            "BitLocker's metadata",
            finding,
            "inside the volume",
        ));
    }
    let length = usize::try_from(BLOCK_LENGTH).map_err(io::Error::other)?;
    let mut block = vec![0; length];
    area.read_at(place, &mut block)?;
    let metadata = Metadata::parse(head, &block)?;
    let end = metadata.moved.start.checked_add(metadata.moved.length);
    if end.is_none_or(|end| end > area.len()) {
        let finding = format!("{:?}", metadata.moved);
        return Err(corrupt(
            "moved sectors of BitLocker",
            finding,
            "a range inside the volume",
        ));
    }
    Ok(metadata)
}

impl Metadata {
    /// Parses one copy of the metadata.
    pub(super) fn parse(head: &Head, block: &[u8]) -> Result<Self, BitLockerError> {
        const PLACE: &str = "BitLocker's metadata";
        let (raw, rest) = RawBlock::ref_from_prefix(block)
            .map_err(|_| corrupt(PLACE, format!("{} bytes long", block.len()), "64 KiB"))?;
        if raw.signature != MAGIC {
            let finding = format!("magic is {:02x?}", raw.signature);
            return Err(corrupt(PLACE, finding, "\"-FVE-FS-\""));
        }
        let size = usize::from(raw.size.get());
        let size = match raw.version.get() {
            1 => size,
            2 => size.saturating_mul(16),
            version => {
                let text = format!(
                    "BitLocker's metadata has version {version}, and 1 and 2 are known: unlock the volume \
                     by Windows' own recovery"
                );
                return Err(BitLockerError::Unsupported(text));
            }
        };
        let covered = block.get(..size).filter(|_| size >= 112);
        let covered = covered.ok_or_else(|| {
            corrupt(
                PLACE,
                format!("{size} bytes long"),
                "at least 112 and at most 64 KiB",
            )
        })?;
        if raw.version.get() == 2 {
            check_sum(covered, block.get(size..).unwrap_or_default())?;
        }
        let (header, entries) = RawHeader::ref_from_prefix(rest)
            .map_err(|_| corrupt(PLACE, "no second head", "one of 48 bytes"))?;
        let entries_length = usize::try_from(header.metadata_size.get())
            .ok()
            .and_then(|length| length.checked_sub(size_of::<RawHeader>()));
        let entries = entries_length
            .and_then(|length| entries.get(..length))
            .filter(|entries| entries.len() <= size.saturating_sub(112))
            .ok_or_else(|| {
                let finding = format!("entries of {} bytes", header.metadata_size);
                corrupt(PLACE, finding, "at least 48 and no more than are covered")
            })?;
        let found = Found::parse(entries)?;
        let sealed_volume_key = found
            .volume_key
            .ok_or_else(|| corrupt(PLACE, "no volume key", "one"))?;
        Ok(Self {
            layout: head.layout,
            volume: Guid(header.guid),
            description: found.description,
            state: (State(raw.curr_state.get()), State(raw.next_state.get())),
            is_ordinary: head.is_ordinary,
            sector_length: head.sector_length,
            method: header.algorithm.get(),
            places: raw.information_off.map(U64::get),
            moved: found.moved.unwrap_or(Range {
                start: raw.boot_sectors_backup.get(),
                length: u64::from(raw.header_sectors.get()).saturating_mul(head.sector_length),
            }),
            protectors: found.protectors,
            sealed_volume_key,
        })
    }

    /// Returns how the sectors are encrypted.
    pub fn cipher(&self) -> Result<Cipher, BitLockerError> {
        // Source: libbde, 4.3, encryption methods.
        match self.method {
            0x8000 => Ok(Cipher::CbcDiffuser128),
            0x8001 => Ok(Cipher::CbcDiffuser256),
            0x8002 => Ok(Cipher::Cbc128),
            0x8003 => Ok(Cipher::Cbc256),
            0x8004 => Ok(Cipher::Xts128),
            0x8005 => Ok(Cipher::Xts256),
            method => Err(BitLockerError::Unsupported(format!(
                "BitLocker encrypts it by method {method:#x}, which is not known: unlock the volume by \
                 Windows' own recovery"
            ))),
        }
    }

    /// Returns whether the key lies beside the volume's own: protection is suspended.
    pub fn is_suspended(&self) -> bool {
        let mut kinds = self.protectors.iter().map(|one| one.kind);
        kinds.any(|kind| kind == ProtectorKind::CLEAR_KEY)
    }

    /// Returns the ids of the recovery passwords.
    pub fn recovery_ids(&self) -> Vec<Guid> {
        let passwords = self.protectors.iter();
        passwords
            .filter(|one| one.kind == ProtectorKind::RECOVERY_PASSWORD)
            .map(|one| one.id)
            .collect()
    }

    /// Checks that the volume can be opened by a key; otherwise says what the person can do.
    pub fn check_openable(&self) -> Result<(), BitLockerError> {
        let advice = match self.state {
            _ if self.layout == Layout::Vista => {
                "encrypted by BitLocker of Windows Vista, which is not opened: unlock it by Windows' own \
                 recovery, or decrypt it in another PC with Windows, then start from the stick again"
            }
            (State::DECRYPTED, State::DECRYPTED) => {
                "BitLocker has decrypted it, and its own mark is still there: let Windows start once, or \
                 switch BitLocker off in another PC with Windows (manage-bde -off), then start from the \
                 stick again"
            }
            (State::ENCRYPTED, State::ENCRYPTED) if self.is_ordinary => {
                return self.cipher().map(drop);
            }
            (State::SWITCHING | State::PAUSED | State::DECRYPTED | State::ENCRYPTED, _)
            | (State::ENCRYPT_ON_WRITE, _) => {
                "BitLocker was converting it when the PC stopped, and half of it is encrypted: let Windows \
                 finish (connect the disk to another PC with Windows, unlock it by its recovery key, and \
                 wait until manage-bde -status says 100 %), then start from the stick again"
            }
            (State(now), State(next)) => {
                let text = format!(
                    "BitLocker is in a state that is not known ({now}, then {next}): unlock the volume by \
                     Windows' own recovery"
                );
                return Err(BitLockerError::Unsupported(text));
            }
        };
        Err(BitLockerError::Unsupported(advice.to_owned()))
    }
}

/// What the entries hold.
#[derive(Default)]
struct Found {
    protectors: Vec<Protector>,
    volume_key: Option<SealedKey>,
    description: Option<String>,
    moved: Option<Range>,
}

impl Found {
    fn parse(entries: &[u8]) -> Result<Self, BitLockerError> {
        let mut found = Self::default();
        for entry in parse_entries(entries)? {
            match (entry.kind, entry.value) {
                (PROTECTOR, VALUE_PROTECTOR) => {
                    found.protectors.push(Protector::parse(entry.data)?);
                }
                (VOLUME_KEY, VALUE_SEALED) if found.volume_key.is_none() => {
                    found.volume_key = Some(SealedKey::parse(entry.data)?);
                }
                (DESCRIPTION, VALUE_TEXT) if found.description.is_none() => {
                    found.description = Some(text_of(entry.data)).filter(|text| !text.is_empty());
                }
                (VOLUME_HEADER, VALUE_PLACE) if entry.data.len() >= 16 => {
                    found.moved = Some(Range {
                        start: number(entry.data, 0, 8),
                        length: number(entry.data, 8, 8),
                    });
                }
                _ => {}
            }
        }
        Ok(found)
    }
}

fn check_sum(covered: &[u8], behind: &[u8]) -> Result<(), BitLockerError> {
    const PLACE: &str = "checksum of BitLocker's metadata";
    let (raw, _) = RawValidation::ref_from_prefix(behind)
        .map_err(|_| corrupt(PLACE, format!("{} bytes long", behind.len()), "at least 8"))?;
    let computed = crc32(covered);
    if raw.crc32.get() != computed {
        let finding = format!("{:#x}, computed {computed:#x}", raw.crc32);
        return Err(corrupt(PLACE, finding, "both the same"));
    }
    Ok(())
}

/// Returns the CRC-32 of ISO 3309, as zip files have it.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = crc & 1;
            crc = (crc >> 1) ^ (0xEDB8_8320 * carry);
        }
    }
    !crc
}

#[cfg(test)]
mod tests;
