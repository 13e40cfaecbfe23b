//! Finds room for cells: in free cells, else in a bin at the end of the file.

use std::collections::{BTreeMap, BTreeSet};

use super::{EditError, HiveEditor};
use crate::hive::base_block::{self, BASE_BLOCK_SIZE};
use crate::hive::cell::{BIN_HEAD_SIZE, BIN_UNIT, CELL_UNIT, CellExtent, CellOffset};

/// Bytes that bins may have in all: offsets beyond are those of volatile keys. Source: specification,
/// "Key node", offsets; their highest bit says "volatile" in memory.
const MOST_BINS: u32 = 0x7FFF_F000;

/// Free cells by place and by size.
#[derive(Debug, Default)]
pub(super) struct FreeCells {
    by_offset: BTreeMap<u32, u32>,
    by_size: BTreeSet<(u32, u32)>,
}

impl FreeCells {
    /// Collects the free ones of `cells`. Neighbours that are free are left apart, as they are in the
    /// file: it is changed only where it must be.
    pub(super) fn collect(cells: &[CellExtent]) -> Self {
        let mut free_cells = Self::default();
        for cell in cells.iter().filter(|cell| !cell.in_use) {
            free_cells.insert(cell.offset.0, cell.size);
        }
        free_cells
    }

    fn insert(&mut self, offset: u32, size: u32) {
        self.by_offset.insert(offset, size);
        self.by_size.insert((size, offset));
    }

    fn remove(&mut self, offset: u32) -> Option<u32> {
        let size = self.by_offset.remove(&offset)?;
        self.by_size.remove(&(size, offset));
        Some(size)
    }

    /// Takes the smallest free cell of at least `size` bytes, the first of these in the file.
    fn take(&mut self, size: u32) -> Option<(u32, u32)> {
        let (size, offset) = *self.by_size.range((size, 0)..).next()?;
        self.remove(offset);
        Some((offset, size))
    }

    /// Adds a cell and returns what it became with the free cells on both sides. A bin's head lies
    /// between the cells of two bins, so cells that touch are of one bin.
    fn merge(&mut self, mut offset: u32, mut size: u32) -> (u32, u32) {
        if let Some(more) = self.remove(offset.saturating_add(size)) {
            size = size.saturating_add(more);
        }
        let before = self.by_offset.range(..offset).next_back();
        if let Some((&start, &length)) = before
            && start.saturating_add(length) == offset
        {
            self.remove(start);
            offset = start;
            size = size.saturating_add(length);
        }
        self.insert(offset, size);
        (offset, size)
    }
}

impl HiveEditor {
    /// Puts `content` into a new cell.
    pub(super) fn allocate(&mut self, content: &[u8]) -> Result<CellOffset, EditError> {
        let size = self.cell_size(content.len())?;
        let (offset, available) = match self.free_cells.take(size) {
            Some(cell) => cell,
            None => self.append_bin(size)?,
        };
        let rest = available.saturating_sub(size);
        if rest > 0 {
            let start = offset.saturating_add(size);
            self.free_cells.insert(start, rest);
            self.hive.set_extent(CellExtent {
                offset: CellOffset(start),
                size: rest,
                in_use: false,
            });
        }
        let at = CellOffset(offset);
        self.hive.set_extent(CellExtent {
            offset: at,
            size,
            in_use: true,
        });
        self.fill(at, content)?;
        Ok(at)
    }

    /// Frees a cell in use. Its content stays, as Windows leaves it.
    pub(super) fn release(&mut self, at: CellOffset) -> Result<(), EditError> {
        let length = self.hive.cell(at, "cell")?.len();
        let size = self.cell_size(length)?;
        let (offset, size) = self.free_cells.merge(at.0, size);
        self.hive.set_extent(CellExtent {
            offset: CellOffset(offset),
            size,
            in_use: false,
        });
        self.is_changed = true;
        Ok(())
    }

    /// Puts `content` into the cell at `at` if it has that size, else into another, and returns where.
    pub(super) fn replace(
        &mut self,
        at: CellOffset,
        content: &[u8],
    ) -> Result<CellOffset, EditError> {
        let length = self.hive.cell(at, "cell")?.len();
        if self.cell_size(length)? == self.cell_size(content.len())? {
            self.fill(at, content)?;
            return Ok(at);
        }
        // Freed first, so that a cell may grow into free space behind it.
        self.release(at)?;
        self.allocate(content)
    }

    /// Writes `content` into a cell and zeros behind it: what lay there before does not concern it.
    fn fill(&mut self, at: CellOffset, content: &[u8]) -> Result<(), EditError> {
        let cell = self.hive.cell_mut(at, "cell")?;
        for (to, from) in cell
            .iter_mut()
            .zip(content.iter().chain(std::iter::repeat(&0)))
        {
            *to = *from;
        }
        self.is_changed = true;
        Ok(())
    }

    /// Returns the size of a cell for `length` bytes.
    fn cell_size(&self, length: usize) -> Result<u32, EditError> {
        let size = u32::try_from(length).ok();
        let size = size.and_then(|size| size.checked_add(4)?.checked_next_multiple_of(CELL_UNIT));
        size.ok_or_else(|| self.full(length))
    }

    /// Appends a bin with room for a cell of `size` bytes; returns place and size of its one cell.
    fn append_bin(&mut self, size: u32) -> Result<(u32, u32), EditError> {
        let start = self.hive.base_block.bins_size;
        let bin_size = size
            .checked_add(BIN_HEAD_SIZE)
            .and_then(|size| size.checked_next_multiple_of(BIN_UNIT));
        let end = bin_size.and_then(|bin_size| bin_size.checked_add(start));
        let (Some(bin_size), Some(end)) = (bin_size, end.filter(|end| *end <= MOST_BINS)) else {
            return Err(self.full(usize::try_from(size).unwrap_or(usize::MAX)));
        };
        let in_file = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        let end_in_file = in_file(end).saturating_add(BASE_BLOCK_SIZE);
        // There may be padding behind the last bin, and anything may stand in it.
        if self.hive.bytes.len() < end_in_file {
            self.hive.bytes.resize(end_in_file, 0);
        }
        let place = in_file(start).saturating_add(BASE_BLOCK_SIZE)..end_in_file;
        let bin = self.hive.bytes.get_mut(place).unwrap_or_default();
        bin.fill(0);
        let head = b"hbin".iter().copied();
        let head = head
            .chain(start.to_le_bytes())
            .chain(bin_size.to_le_bytes());
        for (to, from) in bin.iter_mut().zip(head) {
            *to = from;
        }
        self.hive.base_block.bins_size = end;
        base_block::rewrite(&mut self.hive.bytes, |raw| {
            raw.hive_bins_data_size.set(end);
        });
        let cell = start.saturating_add(BIN_HEAD_SIZE);
        Ok((cell, bin_size.saturating_sub(BIN_HEAD_SIZE)))
    }

    fn full(&self, more: usize) -> EditError {
        EditError::Full {
            size: self.hive.base_block.bins_size,
            more,
        }
    }
}
