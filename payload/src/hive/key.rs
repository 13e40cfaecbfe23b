//! Keys and the lists of their subkeys.
//!
//! A list is a leaf (`lf`, `lh` with a hash beside every offset, `li` without) or an index (`ri`) of
//! leaves. An index of indexes does not exist and is refused.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::hive::cell::CellOffset;
use crate::hive::value::Value;
use crate::hive::{Hive, HiveError, MAX_DEPTH};

/// Flag of a key whose name is Latin-1. Source: specification, "Key node", `KEY_COMP_NAME`.
const COMPRESSED_NAME: u16 = 0x0020;

/// Key as it lies in its cell. Source: specification, "Key node".
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RawKey {
    signature: [u8; 2],
    flags: U16,
    last_written_timestamp: U64,
    access_bits: U32,
    parent: U32,
    number_of_subkeys: U32,
    number_of_volatile_subkeys: U32,
    subkeys_list_offset: U32,
    volatile_subkeys_list_offset: U32,
    number_of_key_values: U32,
    key_values_list_offset: U32,
    key_security_offset: U32,
    class_name_offset: U32,
    largest: [U32; 4],
    work_var: U32,
    key_name_length: U16,
    class_name_length: U16,
}
const _: () = assert!(size_of::<RawKey>() == 76);

/// Head of a list of subkeys. Source: specification, "Subkeys list".
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RawList {
    signature: [u8; 2],
    number_of_elements: U16,
}

/// A key.
#[derive(Clone, Debug)]
pub struct Key<'hive> {
    hive: &'hive Hive,
    offset: CellOffset,
    depth: u16,
    name: String,
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
        let cell = hive.cell(offset, "key")?;
        let Ok((raw, rest)) = RawKey::ref_from_prefix(cell) else {
            let finding = format!("{} bytes", cell.len());
            return Err(offset.corrupt("key", finding, "at least 76"));
        };
        if raw.signature != *b"nk" {
            let finding = format!("magic is {:02x?}", raw.signature);
            return Err(offset.corrupt("key", finding, "\"nk\""));
        }
        let length = raw.key_name_length.get();
        let Some(name) = rest.get(..usize::from(length)) else {
            let finding = format!("a name of {length} bytes in {}", rest.len());
            return Err(offset.corrupt("key", finding, "a name inside its cell"));
        };
        let has_subkeys = raw.number_of_subkeys.get() > 0;
        Ok(Self {
            hive,
            offset,
            depth,
            name: decode_name(name, raw.flags.get() & COMPRESSED_NAME != 0),
            subkeys: has_subkeys.then_some(CellOffset(raw.subkeys_list_offset.get())),
            value_count: raw.number_of_key_values.get(),
            values: CellOffset(raw.key_values_list_offset.get()),
        })
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
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
        let mut offsets = Vec::new();
        let Some(list) = self.subkeys else {
            return Ok(offsets);
        };
        if self.list_magic(list)? == *b"ri" {
            let mut leaves = Vec::new();
            self.read_list(list, &mut leaves)?;
            for leaf in leaves {
                if self.list_magic(leaf)? == *b"ri" {
                    let finding = "an index in an index".to_owned();
                    return Err(leaf.corrupt("list of subkeys", finding, "a leaf"));
                }
                self.read_list(leaf, &mut offsets)?;
            }
        } else {
            self.read_list(list, &mut offsets)?;
        }
        Ok(offsets)
    }

    fn list_magic(&self, at: CellOffset) -> Result<[u8; 2], HiveError> {
        let cell = self.hive.cell(at, "list of subkeys")?;
        let magic = cell.first_chunk::<2>().copied();
        magic.ok_or_else(|| {
            let finding = format!("{} bytes", cell.len());
            at.corrupt("list of subkeys", finding, "at least 4")
        })
    }

    /// Appends what one list names to `offsets`.
    fn read_list(&self, at: CellOffset, offsets: &mut Vec<CellOffset>) -> Result<(), HiveError> {
        let place = "list of subkeys";
        let cell = self.hive.cell(at, place)?;
        let Ok((raw, rest)) = RawList::ref_from_prefix(cell) else {
            let finding = format!("{} bytes", cell.len());
            return Err(at.corrupt(place, finding, "at least 4"));
        };
        let words_each = match &raw.signature {
            b"lf" | b"lh" => 2,
            b"li" | b"ri" => 1,
            other => {
                let finding = format!("magic is {other:02x?}");
                return Err(at.corrupt(place, finding, "\"lf\", \"lh\", \"li\" or \"ri\""));
            }
        };
        let count = usize::from(raw.number_of_elements.get());
        let (words, _) = rest.as_chunks::<4>();
        let Some(words) = words.get(..count.saturating_mul(words_each)) else {
            let finding = format!("{count} elements in {} bytes", rest.len());
            return Err(at.corrupt(place, finding, "elements inside the cell"));
        };
        let heads = words.iter().step_by(words_each);
        offsets.extend(heads.map(|word| CellOffset(u32::from_le_bytes(*word))));
        // Without this bound an index that names one leaf 65535 times would fill the memory.
        let possible = self.hive.bins_size().checked_div(size_of::<RawKey>());
        if offsets.len() > possible.unwrap_or(0) {
            let finding = format!("{} subkeys or more", offsets.len());
            return Err(at.corrupt(place, finding, "no more than fit in the file"));
        }
        Ok(())
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

/// Returns the upper-case letter, or the letter itself where it would become several (`ß`).
fn upper_case(letter: char) -> char {
    let mut upper = letter.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(only), None) => only,
        _ => letter,
    }
}
