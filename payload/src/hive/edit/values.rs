//! Sets, adds and removes values.

use zerocopy::{FromZeros, IntoBytes};

use super::names::{check_value_name, encode_name, utf16_size};
use super::{EditError, HiveEditor};
use crate::hive::HiveError;
use crate::hive::cell::CellOffset;
use crate::hive::key::Key;
use crate::hive::value::{
    COMPRESSED_NAME, DATA_IS_INLINE, RawBigData, RawValue, SEGMENT_SIZE, ValueType,
};

/// Flag of a value that says "there is none" in a layered key. Source: specification, "Key value",
/// `IsTombstone`.
const IS_TOMBSTONE: u16 = 0x0002;

/// Bytes of a value's data at most since version 1.4: what 65535 segments hold. Source: specification,
/// "Big data".
const MOST_DATA: usize = SEGMENT_SIZE * 0xFFFF;

/// What a value's data field holds.
struct StoredData {
    size: u32,
    offset: u32,
}

impl HiveEditor {
    /// Sets the value called `name` of the key at `key`, or adds it.
    pub(super) fn set_value_of(
        &mut self,
        key: CellOffset,
        name: &str,
        value_type: ValueType,
        data: &[u8],
    ) -> Result<(), EditError> {
        self.check_size(name, data.len())?;
        let existing = Key::read(&self.hive, key, 0)?.value(name)?;
        if let Some(value) = &existing
            && value.value_type() == value_type
            && value.data()? == data
        {
            return Ok(());
        }
        let at = match existing.map(|value| value.offset()) {
            Some(at) => at,
            None => self.add_value(key, name)?,
        };
        // Freed first, so that the new data may lie where the old did.
        self.release_data(at)?;
        let stored = self.store_data(data)?;
        let raw = self.hive.structure_mut::<RawValue>(at, "value")?;
        raw.data_size.set(stored.size);
        raw.data_offset.set(stored.offset);
        raw.data_type.set(value_type.0);
        raw.flags.set(raw.flags.get() & !IS_TOMBSTONE);
        let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
        self.change_key(key, |raw| {
            let largest = raw.largest_value_data.get().max(size);
            raw.largest_value_data.set(largest);
        })
    }

    /// Removes the value called `name` of the key at `key`; returns whether it was there.
    pub(super) fn remove_value_of(
        &mut self,
        key: CellOffset,
        name: &str,
    ) -> Result<bool, EditError> {
        let existing = Key::read(&self.hive, key, 0)?.value(name)?;
        let Some(at) = existing.map(|value| value.offset()) else {
            return Ok(false);
        };
        let (list_at, mut values) = self.value_list(key)?;
        values.retain(|value| *value != at);
        self.release_data(at)?;
        self.release(at)?;
        let list_at = if values.is_empty() {
            self.release(list_at)?;
            CellOffset::NONE
        } else {
            self.replace(list_at, &list_bytes(&values))?
        };
        self.change_value_list(key, list_at, values.len(), |_| ())?;
        Ok(true)
    }

    /// Adds a value without data.
    fn add_value(&mut self, key: CellOffset, name: &str) -> Result<CellOffset, EditError> {
        check_value_name(name)?;
        let stored = encode_name(name);
        let mut raw = RawValue::new_zeroed();
        raw.signature = *b"vk";
        raw.data_size.set(DATA_IS_INLINE);
        if stored.is_compressed {
            raw.flags.set(COMPRESSED_NAME);
        }
        // A value's name has at most 16383 units, checked above.
        let length = u16::try_from(stored.bytes.len()).unwrap_or(u16::MAX);
        raw.name_length.set(length);
        let at = self.allocate(&[raw.as_bytes(), &stored.bytes].concat())?;
        let (list_at, mut values) = self.value_list(key)?;
        let is_first = values.is_empty();
        values.push(at);
        let list_at = if is_first {
            self.allocate(&list_bytes(&values))?
        } else {
            self.replace(list_at, &list_bytes(&values))?
        };
        let name_size = u32::try_from(utf16_size(name)).unwrap_or(u32::MAX);
        self.change_value_list(key, list_at, values.len(), |largest| {
            *largest = (*largest).max(name_size);
        })?;
        Ok(at)
    }

    /// Returns where the list of a key's values lies, and what it names.
    fn value_list(&self, key: CellOffset) -> Result<(CellOffset, Vec<CellOffset>), HiveError> {
        let (raw, _) = self.hive.raw_key(key)?;
        let at = CellOffset(raw.key_values_list_offset.get());
        let count = usize::try_from(raw.number_of_key_values.get()).unwrap_or(usize::MAX);
        if count == 0 {
            return Ok((at, Vec::new()));
        }
        let (words, _) = self.hive.cell(at, "list of values")?.as_chunks::<4>();
        let values = words.iter().take(count);
        let values = values.map(|word| CellOffset(u32::from_le_bytes(*word)));
        Ok((at, values.collect()))
    }

    fn change_value_list(
        &mut self,
        key: CellOffset,
        list_at: CellOffset,
        count: usize,
        change_largest_name: impl FnOnce(&mut u32),
    ) -> Result<(), EditError> {
        self.change_key(key, |raw| {
            raw.key_values_list_offset.set(list_at.0);
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            raw.number_of_key_values.set(count);
            let mut largest = raw.largest_value_name.get();
            change_largest_name(&mut largest);
            raw.largest_value_name.set(largest);
        })
    }

    fn check_size(&self, name: &str, size: usize) -> Result<(), EditError> {
        let minor = self.hive.minor_version();
        let most = if minor > 3 { MOST_DATA } else { SEGMENT_SIZE };
        if size <= most {
            return Ok(());
        }
        Err(EditError::TooLarge {
            name: name.to_owned(),
            size,
            most,
            minor,
        })
    }

    /// Puts data into the value, a cell or several.
    fn store_data(&mut self, data: &[u8]) -> Result<StoredData, EditError> {
        // At most a gibibyte, checked before.
        let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
        if data.len() <= 4 {
            let mut offset = [0; 4];
            for (to, from) in offset.iter_mut().zip(data) {
                *to = *from;
            }
            return Ok(StoredData {
                size: size | DATA_IS_INLINE,
                offset: u32::from_le_bytes(offset),
            });
        }
        let at = if data.len() <= SEGMENT_SIZE {
            self.allocate(data)?
        } else {
            self.store_big_data(data)?
        };
        Ok(StoredData { size, offset: at.0 })
    }

    fn store_big_data(&mut self, data: &[u8]) -> Result<CellOffset, EditError> {
        let mut segments = Vec::new();
        for segment in data.chunks(SEGMENT_SIZE) {
            segments.push(self.allocate(segment)?);
        }
        let list_at = self.allocate(&list_bytes(&segments))?;
        let mut raw = RawBigData::new_zeroed();
        raw.signature = *b"db";
        let count = u16::try_from(segments.len()).unwrap_or(u16::MAX);
        raw.number_of_segments.set(count);
        raw.list_offset.set(list_at.0);
        self.allocate(raw.as_bytes())
    }

    /// Frees the cells of a value's data; until it has other data, the value has none.
    fn release_data(&mut self, at: CellOffset) -> Result<(), EditError> {
        let (raw, _) = self.hive.raw_value(at)?;
        let (size, data_at) = (raw.data_size.get(), CellOffset(raw.data_offset.get()));
        if size & DATA_IS_INLINE != 0 || size == 0 {
            return Ok(());
        }
        let is_big = usize::try_from(size).is_ok_and(|size| size > SEGMENT_SIZE);
        if is_big && self.hive.minor_version() > 3 {
            let raw = self.hive.raw_big_data(data_at)?;
            let count = usize::from(raw.number_of_segments.get());
            let list_at = CellOffset(raw.list_offset.get());
            let (words, _) = self
                .hive
                .cell(list_at, "segments of big data")?
                .as_chunks::<4>();
            let segments: Vec<_> = words.iter().take(count).copied().collect();
            for segment in segments {
                self.release(CellOffset(u32::from_le_bytes(segment)))?;
            }
            self.release(list_at)?;
        }
        self.release(data_at)?;
        let raw = self.hive.structure_mut::<RawValue>(at, "value")?;
        raw.data_size.set(DATA_IS_INLINE);
        raw.data_offset.set(0);
        Ok(())
    }
}

fn list_bytes(offsets: &[CellOffset]) -> Vec<u8> {
    let words = offsets.iter().map(|offset| offset.0.to_le_bytes());
    words.flatten().collect()
}
