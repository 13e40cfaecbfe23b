//! Cells: the allocation units of a registry file.
//!
//! ```text
//! i32 size, negative if in use, itself included; then the content
//! ```

use crate::hive::base_block::BASE_BLOCK_SIZE;
use crate::hive::{Hive, HiveError};

/// Offset of a cell from the first bin, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellOffset(pub u32);

impl CellOffset {
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
        let bins = self.bytes.get(BASE_BLOCK_SIZE..).unwrap_or_default();
        let rest = usize::try_from(at.0)
            .ok()
            .and_then(|start| bins.get(start..));
        let Some((size, content)) = rest.and_then(|rest| rest.split_first_chunk::<4>()) else {
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
        length
            .and_then(|length| content.get(..length))
            .ok_or_else(|| {
                let finding = format!("a cell of {} bytes", size.unsigned_abs());
                at.corrupt(place, finding, "at least 4 that lie in the file")
            })
    }
}
