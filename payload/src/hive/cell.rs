//! Cells: the allocation units of a registry file, and the bins that they fill.
//!
//! ```text
//! bin   "hbin", u32 offset from the first bin, u32 size, 20 other bytes; then cells to its end
//! cell  i32 size, negative if in use, itself included; then the content
//! ```

use std::ops::Range;

use zerocopy::{FromBytes, IntoBytes, KnownLayout};

use crate::hive::base_block::BASE_BLOCK_SIZE;
use crate::hive::{Hive, HiveError};

/// Bytes of a bin's head. Source: specification, "Hive bin".
pub(super) const BIN_HEAD_SIZE: u32 = 32;

/// Bytes that every bin's size is a multiple of. Source: specification, "Hive bin", note 1.
pub(super) const BIN_UNIT: u32 = 4096;

/// Bytes that every cell's size is a multiple of. Source: specification, "Cell".
pub(super) const CELL_UNIT: u32 = 8;

/// Offset of a cell from the first bin, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellOffset(pub u32);

/// A cell, in use or free, as it lies in its bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CellExtent {
    /// Where it lies.
    pub(super) offset: CellOffset,
    /// Its bytes, the size field included.
    pub(super) size: u32,
    /// Whether something may refer to it.
    pub(super) in_use: bool,
}

impl CellOffset {
    /// The offset that stands for "none". Source: specification, "Key node", observed in every list that
    /// is not there.
    pub(super) const NONE: Self = Self(u32::MAX);

    /// Returns the offset in the file.
    pub fn in_file(self) -> u64 {
        const BASE: u64 = 4096;
        BASE.saturating_add(u64::from(self.0))
    }

    /// Returns an error about what lies here.
    pub(super) fn corrupt(
        self,
        place: &'static str,
        finding: String,
        expectation: &'static str,
    ) -> HiveError {
        HiveError::Corrupt {
            place,
            offset: self.in_file(),
            finding,
            expectation,
        }
    }
}

impl Hive {
    /// Returns the number of bytes of the bins; nothing in them can be longer.
    pub(super) fn bins_size(&self) -> usize {
        self.bytes.len().saturating_sub(BASE_BLOCK_SIZE)
    }

    /// Returns the version's minor number.
    pub(super) fn minor_version(&self) -> u32 {
        self.base_block.minor_version
    }

    /// Returns the content of a cell in use; `place` names it in errors.
    pub(super) fn cell(&self, at: CellOffset, place: &'static str) -> Result<&[u8], HiveError> {
        let range = self.cell_range(at, place)?;
        Ok(self.bytes.get(range).unwrap_or_default())
    }

    /// Returns the content of a cell in use, to be changed.
    pub(super) fn cell_mut(
        &mut self,
        at: CellOffset,
        place: &'static str,
    ) -> Result<&mut [u8], HiveError> {
        let range = self.cell_range(at, place)?;
        Ok(self.bytes.get_mut(range).unwrap_or_default())
    }

    /// Returns the structure at the start of a cell in use, to be changed.
    pub(super) fn structure_mut<T>(
        &mut self,
        at: CellOffset,
        place: &'static str,
    ) -> Result<&mut T, HiveError>
    where
        T: FromBytes + IntoBytes + KnownLayout,
    {
        let cell = self.cell_mut(at, place)?;
        let length = cell.len();
        match T::mut_from_prefix(cell) {
            Ok((structure, _)) => Ok(structure),
            Err(_) => {
                let finding = format!("{length} bytes");
                Err(at.corrupt(place, finding, "as many as its structure has"))
            }
        }
    }

    /// Writes the size of a cell, and by its sign whether it is in use.
    pub(super) fn set_extent(&mut self, cell: CellExtent) {
        let size = i32::try_from(cell.size).unwrap_or(i32::MAX);
        let size = if cell.in_use {
            size.saturating_neg()
        } else {
            size
        };
        let start = usize::try_from(cell.offset.in_file()).ok();
        let head = start.and_then(|start| self.bytes.get_mut(start..));
        if let Some(head) = head.and_then(|head| head.first_chunk_mut::<4>()) {
            *head = size.to_le_bytes();
        }
    }

    /// Returns where in the file the content of a cell in use lies.
    fn cell_range(&self, at: CellOffset, place: &'static str) -> Result<Range<usize>, HiveError> {
        let start = usize::try_from(at.in_file()).ok();
        let rest = start.and_then(|start| self.bytes.get(start..));
        let head = rest.and_then(|rest| rest.split_first_chunk::<4>());
        let (Some(start), Some((size, content))) = (start, head) else {
            let finding = format!("the file ends at {:#x}", self.bytes.len());
            return Err(at.corrupt(place, finding, "a cell"));
        };
        let size = i32::from_le_bytes(*size);
        if size >= 0 {
            let finding = format!("a free cell of {size} bytes");
            return Err(at.corrupt(place, finding, "a cell in use"));
        }
        // The size counts its own four bytes.
        let length = usize::try_from(size.unsigned_abs()).ok();
        let length = length.and_then(|length| length.checked_sub(4));
        let Some(length) = length.filter(|length| *length <= content.len()) else {
            let finding = format!("a cell of {} bytes", size.unsigned_abs());
            return Err(at.corrupt(place, finding, "at least 4 that lie in the file"));
        };
        let start = start.saturating_add(4);
        Ok(start..start.saturating_add(length))
    }

    /// Returns every cell in the order of the file: proves that bins tile the file, and cells the bins.
    pub(super) fn cells(&self) -> Result<Vec<CellExtent>, HiveError> {
        let bins_size = self.base_block.bins_size;
        let available = u32::try_from(self.bins_size()).unwrap_or(u32::MAX);
        if bins_size == 0 || !bins_size.is_multiple_of(BIN_UNIT) || bins_size > available {
            let finding = format!("bins of {bins_size} bytes in {available}");
            let expectation = "a multiple of 4096 that lies in the file";
            return Err(HiveError::Corrupt {
                place: "base block",
                offset: 0x28,
                finding,
                expectation,
            });
        }
        let mut cells = Vec::new();
        let mut bin = 0;
        while bin < bins_size {
            let end = self.check_bin(CellOffset(bin), bins_size)?;
            let mut offset = bin.saturating_add(BIN_HEAD_SIZE);
            while offset < end {
                let cell = self.read_extent(CellOffset(offset), end)?;
                cells.push(cell);
                offset = offset.saturating_add(cell.size);
            }
            bin = end;
        }
        Ok(cells)
    }

    /// Checks the head of the bin at `at` and returns where the bin ends.
    fn check_bin(&self, at: CellOffset, bins_size: u32) -> Result<u32, HiveError> {
        let head = self.words_at(at).unwrap_or_default();
        let [magic, offset, size] = head;
        if magic != u32::from_le_bytes(*b"hbin") || offset != at.0 {
            let finding = format!("magic is {:02x?}, offset {offset:#x}", magic.to_le_bytes());
            return Err(at.corrupt("bin", finding, "\"hbin\" and its own offset"));
        }
        let end = at.0.checked_add(size).filter(|end| *end <= bins_size);
        end.filter(|_| size > 0 && size.is_multiple_of(BIN_UNIT))
            .ok_or_else(|| {
                let finding = format!("{size} bytes");
                at.corrupt(
                    "bin",
                    finding,
                    "a multiple of 4096 up to the last bin's end",
                )
            })
    }

    fn read_extent(&self, at: CellOffset, bin_end: u32) -> Result<CellExtent, HiveError> {
        let [word] = self.words_at(at).unwrap_or_default();
        let size = i32::from_le_bytes(word.to_le_bytes()).unsigned_abs();
        let end = at.0.checked_add(size).filter(|end| *end <= bin_end);
        if end.is_none() || size == 0 || !size.is_multiple_of(CELL_UNIT) {
            let finding = format!("{size} bytes");
            return Err(at.corrupt("cell", finding, "a multiple of 8 up to its bin's end"));
        }
        Ok(CellExtent {
            offset: at,
            size,
            // The sign bit.
            in_use: word >> 31 == 1,
        })
    }

    /// Returns the words at `at`, or `None` beyond the end of the file.
    fn words_at<const COUNT: usize>(&self, at: CellOffset) -> Option<[u32; COUNT]> {
        let start = usize::try_from(at.in_file()).ok()?;
        let (words, _) = self.bytes.get(start..)?.as_chunks::<4>();
        let words = words.first_chunk::<COUNT>()?;
        Some(words.map(u32::from_le_bytes))
    }
}
