//! Security descriptors: shared by keys, counted, in a ring. Their content is never changed here.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::hive::cell::CellOffset;
use crate::hive::{Hive, HiveError};

/// Security item as it lies in its cell, before the descriptor. Source: specification, "Key security".
#[derive(FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct RawSecurity {
    pub(super) signature: [u8; 2],
    reserved: U16,
    pub(super) next: U32,
    pub(super) previous: U32,
    pub(super) reference_count: U32,
    pub(super) descriptor_size: U32,
}
const _: () = assert!(size_of::<RawSecurity>() == 20);

impl Hive {
    /// Returns the security item in the cell at `at`.
    pub(super) fn raw_security(&self, at: CellOffset) -> Result<&RawSecurity, HiveError> {
        let cell = self.cell(at, "security item")?;
        let Ok((raw, rest)) = RawSecurity::ref_from_prefix(cell) else {
            let finding = format!("{} bytes", cell.len());
            return Err(at.corrupt("security item", finding, "at least 20"));
        };
        if raw.signature != *b"sk" {
            let finding = format!("magic is {:02x?}", raw.signature);
            return Err(at.corrupt("security item", finding, "\"sk\""));
        }
        let size = raw.descriptor_size.get();
        if usize::try_from(size).is_ok_and(|size| size <= rest.len()) {
            return Ok(raw);
        }
        let finding = format!("a descriptor of {size} bytes in {}", rest.len());
        Err(at.corrupt("security item", finding, "a descriptor inside its cell"))
    }
}
