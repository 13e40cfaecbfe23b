//! Entries of BitLocker's metadata: a list whose items have a kind of place and a kind of value.
//!
//! ```text
//! 0 size (u16, with this head)  2 kind of place  4 kind of value  6 version  8 data
//! ```
//! Source: libbde, BitLocker Drive Encryption format, 4.4.

use zerocopy::little_endian::U16;
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use super::{BitLockerError, corrupt};

/// Kinds of place that are read here. Source: libbde, 4.4.1.
pub(super) const PROTECTOR: u16 = 0x0002;
pub(super) const VOLUME_KEY: u16 = 0x0003;
pub(super) const STARTUP_KEY: u16 = 0x0006;
pub(super) const DESCRIPTION: u16 = 0x0007;
pub(super) const VOLUME_HEADER: u16 = 0x000F;

/// Kinds of value that are read here. Source: libbde, 4.4.2.
pub(super) const VALUE_KEY: u16 = 0x0001;
pub(super) const VALUE_TEXT: u16 = 0x0002;
pub(super) const VALUE_STRETCH: u16 = 0x0003;
pub(super) const VALUE_SEALED: u16 = 0x0005;
pub(super) const VALUE_PROTECTOR: u16 = 0x0008;
pub(super) const VALUE_EXTERNAL_KEY: u16 = 0x0009;
pub(super) const VALUE_PLACE: u16 = 0x000F;

/// Head of an entry.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RawEntry {
    size: U16,
    entry_type: U16,
    value_type: U16,
    version: U16,
}
const _: () = assert!(size_of::<RawEntry>() == 8);

/// An entry that lies whole in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Kind of place.
    pub kind: u16,
    /// Kind of value.
    pub value: u16,
    /// What follows the head.
    pub data: &'a [u8],
}

/// Splits `bytes` into entries. A size of zero ends the list, as Windows pads it.
pub fn parse_entries(mut bytes: &[u8]) -> Result<Vec<Entry<'_>>, BitLockerError> {
    const PLACE: &str = "entry of BitLocker's metadata";
    let mut entries = Vec::new();
    while let Ok((raw, _)) = RawEntry::ref_from_prefix(bytes) {
        let size = usize::from(raw.size.get());
        if size == 0 {
            break;
        }
        let entry = bytes.split_at_checked(size);
        let data = entry.and_then(|(entry, _)| entry.get(size_of::<RawEntry>()..));
        let (Some((_, rest)), Some(data)) = (entry, data) else {
            let finding = format!("{size} bytes long with {} left", bytes.len());
            return Err(corrupt(
                PLACE,
                finding,
                "at least 8 and no more than are left",
            ));
        };
        entries.push(Entry {
            kind: raw.entry_type.get(),
            value: raw.value_type.get(),
            data,
        });
        bytes = rest;
    }
    Ok(entries)
}

/// Returns the text of UTF-16 data up to its first zero; what cannot be read is replaced.
pub(super) fn text_of(data: &[u8]) -> String {
    let units = data.chunks_exact(2).filter_map(|pair| pair.try_into().ok());
    let units = units.map(u16::from_le_bytes).take_while(|unit| *unit != 0);
    char::decode_utf16(units)
        .map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER))
        .filter(|one| !one.is_control())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_follow_one_another_until_a_zero() {
        let bytes = [
            10, 0, 2, 0, 8, 0, 1, 0, 0xAA, 0xBB, 8, 0, 7, 0, 2, 0, 1, 0, 0, 0, 9, 9, 9, 9, 9, 9,
        ];
        let entries = parse_entries(&bytes).unwrap();
        let first = Entry {
            kind: PROTECTOR,
            value: VALUE_PROTECTOR,
            data: &[0xAA, 0xBB],
        };
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0], first);
        assert!(entries[1].data.is_empty());
        assert_eq!(parse_entries(&[]).unwrap(), []);
        assert_eq!(parse_entries(&[1, 0, 0]).unwrap(), []);
    }

    #[test]
    fn refuses_entries_that_reach_further_than_their_list() {
        for size in [1, 7, 11, 255] {
            let bytes = [size, 0, 2, 0, 8, 0, 1, 0, 0xAA, 0xBB];
            let refusal = parse_entries(&bytes).unwrap_err().to_string();
            assert!(
                refusal.starts_with(&format!(
                    "entry of BitLocker's metadata: {size} bytes long with 10 left"
                )),
                "{refusal}"
            );
        }
    }

    #[test]
    fn text_ends_at_a_zero_and_is_never_refused() {
        assert_eq!(text_of(&[b'C', 0, 0xE9, 0, 0, 0, b'x', 0]), "Cé");
        assert_eq!(text_of(&[0, 0xD8, b'a', 0, 1]), "\u{FFFD}a");
    }
}
