//! Keys: a name, a time, values and subkeys.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::hive::cell::CellOffset;
use crate::hive::list::ListKind;
use crate::hive::value::Value;
use crate::hive::{Hive, HiveError, MAX_DEPTH};

/// Flag of a key whose name is Latin-1. Source: specification, "Key node", `KEY_COMP_NAME`.
pub(super) const COMPRESSED_NAME: u16 = 0x0020;

/// Flag of a key that leads to another. Source: specification, "Key node", `KEY_SYM_LINK`.
pub(super) const IS_LINK: u16 = 0x0010;

/// Flag of a key whose count of values is a handle. Source: specification, "Key node",
/// `KEY_PREDEF_HANDLE`.
pub(super) const IS_HANDLE: u16 = 0x0040;

/// Key as it lies in its cell, before its name. Source: specification, "Key node".
#[derive(FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct RawKey {
    pub(super) signature: [u8; 2],
    pub(super) flags: U16,
    pub(super) last_written_timestamp: U64,
    pub(super) access_bits: U32,
    pub(super) parent: U32,
    pub(super) number_of_subkeys: U32,
    pub(super) number_of_volatile_subkeys: U32,
    pub(super) subkeys_list_offset: U32,
    pub(super) volatile_subkeys_list_offset: U32,
    pub(super) number_of_key_values: U32,
    pub(super) key_values_list_offset: U32,
    pub(super) key_security_offset: U32,
    pub(super) class_name_offset: U32,
    pub(super) largest_subkey_name: U16,
    /// Four bits of virtualization, four of the user, eight for debugging.
    pub(super) more_flags: U16,
    pub(super) largest_subkey_class_name: U32,
    pub(super) largest_value_name: U32,
    pub(super) largest_value_data: U32,
    pub(super) work_var: U32,
    pub(super) key_name_length: U16,
    pub(super) class_name_length: U16,
}
const _: () = assert!(size_of::<RawKey>() == 76);

/// A moment as Windows stores it: steps of 100 ns since the start of 1601, UTC. Source: Microsoft, FILETIME.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileTime(pub u64);

impl FileTime {
    /// Returns the moment `seconds` after the start of 1970; earlier ones than 1601 become its start.
    pub fn from_unix_seconds(seconds: i64) -> Self {
        // Seconds from the start of 1601 to that of 1970.
        let seconds = seconds.saturating_add(11_644_473_600);
        Self(
            u64::try_from(seconds)
                .unwrap_or(0)
                .saturating_mul(10_000_000),
        )
    }

    /// Returns whole seconds since the start of 1970; negative before it.
    pub fn to_unix_seconds(self) -> i64 {
        let seconds = i64::try_from(self.0 / 10_000_000).unwrap_or(i64::MAX);
        seconds.saturating_sub(11_644_473_600)
    }
}

/// A key.
#[derive(Clone, Debug)]
pub struct Key<'hive> {
    hive: &'hive Hive,
    offset: CellOffset,
    depth: u16,
    name: String,
    written: FileTime,
    subkeys: Option<CellOffset>,
    value_count: u32,
    values: CellOffset,
}

impl<'hive> Key<'hive> {
    /// Reads the key in the cell at `offset`, which lies `depth` keys below the root.
    pub(super) fn read(
        hive: &'hive Hive,
        offset: CellOffset,
        depth: u16,
    ) -> Result<Self, HiveError> {
        let (raw, name) = hive.raw_key(offset)?;
        let has_subkeys = raw.number_of_subkeys.get() > 0;
        Ok(Self {
            hive,
            offset,
            depth,
            name: decode_name(name, raw.flags.get() & COMPRESSED_NAME != 0),
            written: FileTime(raw.last_written_timestamp.get()),
            subkeys: has_subkeys.then_some(CellOffset(raw.subkeys_list_offset.get())),
            value_count: raw.number_of_key_values.get(),
            values: CellOffset(raw.key_values_list_offset.get()),
        })
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns when it was written last: a value set, a subkey made.
    pub fn written(&self) -> FileTime {
        self.written
    }

    /// Returns where it lies.
    pub fn offset(&self) -> CellOffset {
        self.offset
    }

    /// Returns its subkeys in the order of the file.
    pub fn subkeys(&self) -> Result<Vec<Key<'hive>>, HiveError> {
        let offsets = self.subkey_offsets()?;
        let Some(depth) = self.depth.checked_add(1).filter(|d| *d <= MAX_DEPTH) else {
            let finding = format!("subkeys below {} keys", self.depth);
            return Err(self.offset.corrupt("key", finding, "at most 512"));
        };
        offsets
            .into_iter()
            .map(|offset| Key::read(self.hive, offset, depth))
            .collect()
    }

    /// Returns the subkey called `name`, in any case. Subkeys that cannot be read are an error only
    /// if no other is called so.
    pub fn subkey(&self, name: &str) -> Result<Option<Key<'hive>>, HiveError> {
        let depth = self.depth.saturating_add(1);
        let mut first_error = None;
        for offset in self.subkey_offsets()? {
            match Key::read(self.hive, offset, depth) {
                Ok(key) if is_same_name(&key.name, name) => return Ok(Some(key)),
                Ok(_) => {}
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(None), Err)
    }

    /// Returns its values in the order of the file.
    pub fn values(&self) -> Result<Vec<Value<'hive>>, HiveError> {
        if self.value_count == 0 {
            return Ok(Vec::new());
        }
        let cell = self.hive.cell(self.values, "list of values")?;
        let (offsets, _) = cell.as_chunks::<4>();
        let count = usize::try_from(self.value_count).unwrap_or(usize::MAX);
        let Some(offsets) = offsets.get(..count) else {
            let finding = format!("{} values in {} bytes", self.value_count, cell.len());
            return Err(self
                .values
                .corrupt("list of values", finding, "4 bytes each"));
        };
        offsets
            .iter()
            .map(|offset| Value::read(self.hive, CellOffset(u32::from_le_bytes(*offset))))
            .collect()
    }

    /// Returns the value called `name`, in any case.
    pub fn value(&self, name: &str) -> Result<Option<Value<'hive>>, HiveError> {
        let mut values = self.values()?.into_iter();
        Ok(values.find(|value| is_same_name(value.name(), name)))
    }

    /// Returns the text of the value called `name`; `None` if it is not there or is no text.
    pub fn text(&self, name: &str) -> Result<Option<String>, HiveError> {
        self.value(name)?.map_or(Ok(None), |value| value.as_text())
    }

    /// Returns the number in the value called `name`; `None` if it is not there or is no DWORD.
    pub fn number(&self, name: &str) -> Result<Option<u32>, HiveError> {
        self.value(name)?.map_or(Ok(None), |value| value.as_u32())
    }

    fn subkey_offsets(&self) -> Result<Vec<CellOffset>, HiveError> {
        let Some(at) = self.subkeys else {
            return Ok(Vec::new());
        };
        let list = self.hive.list(at)?;
        if list.kind != ListKind::Root {
            return Ok(list.offsets().collect());
        }
        // Without this bound an index that names one leaf 65535 times would fill the memory.
        let possible = self.hive.bins_size().checked_div(size_of::<RawKey>());
        let mut offsets = Vec::new();
        for leaf in list.offsets() {
            offsets.extend(self.hive.leaf(leaf)?.offsets());
            if offsets.len() > possible.unwrap_or(0) {
                let finding = format!("{} subkeys or more", offsets.len());
                let expectation = "no more than fit in the file";
                return Err(at.corrupt("list of subkeys", finding, expectation));
            }
        }
        Ok(offsets)
    }
}

impl Hive {
    /// Returns the key in the cell at `at` and the bytes of its name.
    pub(super) fn raw_key(&self, at: CellOffset) -> Result<(&RawKey, &[u8]), HiveError> {
        let cell = self.cell(at, "key")?;
        let Ok((raw, rest)) = RawKey::ref_from_prefix(cell) else {
            let finding = format!("{} bytes", cell.len());
            return Err(at.corrupt("key", finding, "at least 76"));
        };
        if raw.signature != *b"nk" {
            let finding = format!("magic is {:02x?}", raw.signature);
            return Err(at.corrupt("key", finding, "\"nk\""));
        }
        let length = raw.key_name_length.get();
        let Some(name) = rest.get(..usize::from(length)) else {
            let finding = format!("a name of {length} bytes in {}", rest.len());
            return Err(at.corrupt("key", finding, "a name inside its cell"));
        };
        Ok((raw, name))
    }

    /// Returns the name of the key in the cell at `at`.
    pub(super) fn key_name(&self, at: CellOffset) -> Result<String, HiveError> {
        let (raw, name) = self.raw_key(at)?;
        let compressed = raw.flags.get() & COMPRESSED_NAME != 0;
        Ok(decode_name(name, compressed))
    }
}

/// Returns the text of a name: Latin-1 if `compressed`, else UTF-16.
pub(super) fn decode_name(bytes: &[u8], compressed: bool) -> String {
    if compressed {
        return bytes.iter().copied().map(char::from).collect();
    }
    decode_utf16(bytes)
}

/// Returns the text of little-endian UTF-16; an odd last byte is left out.
pub(super) fn decode_utf16(bytes: &[u8]) -> String {
    let (units, _) = bytes.as_chunks::<2>();
    char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit)))
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Returns whether Windows takes two names for the same: it compares upper-case letters one by one.
pub fn is_same_name(a: &str, b: &str) -> bool {
    a.chars().map(upper_case).eq(b.chars().map(upper_case))
}

/// Returns what lists of subkeys are ordered by: the code units of the upper-case letters.
/// Source: specification, "Index leaf".
pub(super) fn sort_key(name: &str) -> Vec<u16> {
    let upper: String = name.chars().map(upper_case).collect();
    upper.encode_utf16().collect()
}

/// Returns the upper-case letter, or the letter itself where it would become several (`ß`) or one of
/// ASCII (`ı`), which Windows does not do.
fn upper_case(letter: char) -> char {
    let mut upper = letter.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(only), None) if letter.is_ascii() || !only.is_ascii() => only,
        _ => letter,
    }
}
