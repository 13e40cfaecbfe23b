//! Values: a name, a type, and data that lies in the value itself, in a cell, or in a list of cells.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::hive::cell::CellOffset;
use crate::hive::key::{decode_name, decode_utf16};
use crate::hive::{Hive, HiveError};

/// Flag of a value whose name is Latin-1. Source: specification, "Key value", `VALUE_COMP_NAME`.
pub(super) const COMPRESSED_NAME: u16 = 0x0001;

/// Bit of a data size that says: the data is in the offset field. Source: specification, "Key value".
pub(super) const DATA_IS_INLINE: u32 = 0x8000_0000;

/// Bytes of one segment of big data at most. Source: specification, "Big data".
pub(super) const SEGMENT_SIZE: usize = 16344;

/// Value as it lies in its cell. Source: specification, "Key value".
#[derive(FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct RawValue {
    pub(super) signature: [u8; 2],
    pub(super) name_length: U16,
    pub(super) data_size: U32,
    pub(super) data_offset: U32,
    pub(super) data_type: U32,
    pub(super) flags: U16,
    pub(super) spare: U16,
}
const _: () = assert!(size_of::<RawValue>() == 20);

/// Big data as it lies in its cell, since version 1.4. Source: specification, "Big data".
#[derive(FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct RawBigData {
    pub(super) signature: [u8; 2],
    pub(super) number_of_segments: U16,
    pub(super) list_offset: U32,
}
const _: () = assert!(size_of::<RawBigData>() == 8);

/// Type of a value. Others than the named ones exist. Source: winnt.h, `REG_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueType(pub u32);

impl ValueType {
    /// Text.
    pub const SZ: Self = Self(1);
    /// Text with `%VARIABLES%`.
    pub const EXPAND_SZ: Self = Self(2);
    /// Bytes.
    pub const BINARY: Self = Self(3);
    /// 32-bit number.
    pub const DWORD: Self = Self(4);
    /// 32-bit number, most significant byte first.
    pub const DWORD_BIG_ENDIAN: Self = Self(5);
    /// Several texts.
    pub const MULTI_SZ: Self = Self(7);
    /// 64-bit number.
    pub const QWORD: Self = Self(11);
}

/// A value.
#[derive(Clone, Debug)]
pub struct Value<'hive> {
    hive: &'hive Hive,
    offset: CellOffset,
    name: String,
    value_type: ValueType,
    data_size: u32,
    data_offset: U32,
}

impl<'hive> Value<'hive> {
    /// Reads the value in the cell at `offset`; its data is read later.
    pub(super) fn read(hive: &'hive Hive, offset: CellOffset) -> Result<Self, HiveError> {
        let (raw, name) = hive.raw_value(offset)?;
        Ok(Self {
            hive,
            offset,
            name: decode_name(name, raw.flags.get() & COMPRESSED_NAME != 0),
            value_type: ValueType(raw.data_type.get()),
            data_size: raw.data_size.get(),
            data_offset: raw.data_offset,
        })
    }

    /// Returns where it lies.
    pub(super) fn offset(&self) -> CellOffset {
        self.offset
    }

    /// Returns its name; empty for the default value of a key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its type.
    pub fn value_type(&self) -> ValueType {
        self.value_type
    }

    /// Returns its data.
    pub fn data(&self) -> Result<Vec<u8>, HiveError> {
        let size = usize::try_from(self.data_size & !DATA_IS_INLINE).unwrap_or(usize::MAX);
        if self.data_size & DATA_IS_INLINE != 0 {
            let data = self.data_offset.to_bytes();
            return data.get(..size).map(<[u8]>::to_vec).ok_or_else(|| {
                let finding = format!("{size} bytes inside the value");
                self.offset.corrupt("value", finding, "at most 4")
            });
        }
        if size == 0 {
            return Ok(Vec::new());
        }
        if size > self.hive.bins_size() {
            let finding = format!("{size} bytes of data");
            return Err(self
                .offset
                .corrupt("value", finding, "no more than the file has"));
        }
        let at = CellOffset(self.data_offset.get());
        let cell = self.hive.cell(at, "data of a value")?;
        // Version 1.3 has no big data: such a cell there is plain and may begin with any bytes.
        if size > SEGMENT_SIZE
            && self.hive.minor_version() > 3
            && let Ok((raw, _)) = RawBigData::ref_from_prefix(cell)
            && raw.signature == *b"db"
        {
            return self.read_segments(raw, size);
        }
        cell.get(..size).map(<[u8]>::to_vec).ok_or_else(|| {
            let finding = format!("{} bytes", cell.len());
            at.corrupt("data of a value", finding, "as many as the value says")
        })
    }

    /// Returns its text up to the first zero; `None` if its type is no text.
    pub fn as_text(&self) -> Result<Option<String>, HiveError> {
        if ![ValueType::SZ, ValueType::EXPAND_SZ].contains(&self.value_type) {
            return Ok(None);
        }
        let text = decode_utf16(&self.data()?);
        let end = text.find('\0').unwrap_or(text.len());
        Ok(text.get(..end).map(str::to_owned))
    }

    /// Returns its texts; `None` if its type is not several texts.
    pub fn as_texts(&self) -> Result<Option<Vec<String>>, HiveError> {
        if self.value_type != ValueType::MULTI_SZ {
            return Ok(None);
        }
        let text = decode_utf16(&self.data()?);
        let texts = text.split('\0').take_while(|text| !text.is_empty());
        Ok(Some(texts.map(str::to_owned).collect()))
    }

    /// Returns its number; `None` if its type is no 32-bit number or its data has another size.
    pub fn as_u32(&self) -> Result<Option<u32>, HiveError> {
        let data = <[u8; 4]>::try_from(self.data()?).ok();
        Ok(match self.value_type {
            ValueType::DWORD => data.map(u32::from_le_bytes),
            ValueType::DWORD_BIG_ENDIAN => data.map(u32::from_be_bytes),
            _ => None,
        })
    }

    /// Returns its number; `None` if its type is no 64-bit number or its data has another size.
    pub fn as_u64(&self) -> Result<Option<u64>, HiveError> {
        if self.value_type != ValueType::QWORD {
            return Ok(None);
        }
        let data = <[u8; 8]>::try_from(self.data()?).ok();
        Ok(data.map(u64::from_le_bytes))
    }

    fn read_segments(&self, raw: &RawBigData, size: usize) -> Result<Vec<u8>, HiveError> {
        let place = "segments of big data";
        let list_at = CellOffset(raw.list_offset.get());
        let list = self.hive.cell(list_at, place)?;
        let (offsets, _) = list.as_chunks::<4>();
        let count = usize::from(raw.number_of_segments.get());
        let mut data = Vec::new();
        for offset in offsets.iter().take(count) {
            let at = CellOffset(u32::from_le_bytes(*offset));
            let cell = self.hive.cell(at, place)?;
            let left = size.saturating_sub(data.len()).min(SEGMENT_SIZE);
            data.extend(cell.iter().take(left));
        }
        if data.len() != size {
            let finding = format!("{} bytes in {count} segments", data.len());
            return Err(list_at.corrupt(place, finding, "as many as the value says"));
        }
        Ok(data)
    }
}

impl Hive {
    /// Returns the value in the cell at `at` and the bytes of its name.
    pub(super) fn raw_value(&self, at: CellOffset) -> Result<(&RawValue, &[u8]), HiveError> {
        let cell = self.cell(at, "value")?;
        let Ok((raw, rest)) = RawValue::ref_from_prefix(cell) else {
            let finding = format!("{} bytes", cell.len());
            return Err(at.corrupt("value", finding, "at least 20"));
        };
        if raw.signature != *b"vk" {
            let finding = format!("magic is {:02x?}", raw.signature);
            return Err(at.corrupt("value", finding, "\"vk\""));
        }
        let length = raw.name_length.get();
        let Some(name) = rest.get(..usize::from(length)) else {
            let finding = format!("a name of {length} bytes in {}", rest.len());
            return Err(at.corrupt("value", finding, "a name inside its cell"));
        };
        Ok((raw, name))
    }

    /// Returns the head of big data in the cell at `at`.
    pub(super) fn raw_big_data(&self, at: CellOffset) -> Result<&RawBigData, HiveError> {
        let cell = self.cell(at, "big data")?;
        let Ok((raw, _)) = RawBigData::ref_from_prefix(cell) else {
            let finding = format!("{} bytes", cell.len());
            return Err(at.corrupt("big data", finding, "at least 8"));
        };
        if raw.signature != *b"db" {
            let finding = format!("magic is {:02x?}", raw.signature);
            return Err(at.corrupt("big data", finding, "\"db\""));
        }
        Ok(raw)
    }
}
