//! The base block: the first 4096 bytes of a registry file.
//!
//! Of these only the fields up to the checksum at 508 matter here; the rest is for the boot loader.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::hive::HiveError;

/// Bytes before the first bin. Source: specification, "Base block".
pub const BASE_BLOCK_SIZE: usize = 4096;

/// Bytes that the checksum covers. Source: specification, "Base block".
const CHECKSUM_COVERS: usize = 508;

/// Base block as it lies in the file. Source: specification, "Base block".
#[derive(FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct RawBaseBlock {
    pub(super) signature: [u8; 4],
    pub(super) primary_sequence_number: U32,
    pub(super) secondary_sequence_number: U32,
    pub(super) last_written_timestamp: U64,
    pub(super) major_version: U32,
    pub(super) minor_version: U32,
    pub(super) file_type: U32,
    file_format: U32,
    root_cell_offset: U32,
    pub(super) hive_bins_data_size: U32,
    pub(super) clustering_factor: U32,
    file_name: [u8; 64],
    resource_manager_ids: [u8; 32],
    /// Flags since Windows 10; anything before.
    pub(super) flags: U32,
    reserved: [u8; 360],
    checksum: U32,
}
const _: () = assert!(size_of::<RawBaseBlock>() == 512);

/// What the base block says, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseBlock {
    /// Minor version, 3 to 6.
    pub minor_version: u32,
    /// Offset of the root key's cell from the first bin.
    pub root_cell: u32,
    /// Bytes of the bins as the file says; there may be padding after them, or too little.
    pub bins_size: u32,
    /// Number raised when Windows begins to write.
    pub primary_sequence: u32,
    /// Number raised when Windows has written to the end.
    pub secondary_sequence: u32,
    /// Why the file was not written to its end; `None` if it was.
    pub dirty: Option<String>,
}

impl BaseBlock {
    /// Parses the start of a registry file.
    pub fn parse(bytes: &[u8]) -> Result<Self, HiveError> {
        let raw = RawBaseBlock::ref_from_prefix(bytes).ok();
        let Some((raw, _)) = raw.filter(|_| bytes.len() >= BASE_BLOCK_SIZE) else {
            let finding = format!("{} bytes", bytes.len());
            return Err(corrupt(finding, "at least 4096"));
        };
        if raw.signature != *b"regf" {
            let finding = format!("magic is {:02x?}", raw.signature);
            return Err(corrupt(finding, "\"regf\""));
        }
        let (major, minor) = (raw.major_version.get(), raw.minor_version.get());
        if major != 1 || !(3..=6).contains(&minor) {
            return Err(HiveError::Unsupported { major, minor });
        }
        let (first, second) = (
            raw.primary_sequence_number.get(),
            raw.secondary_sequence_number.get(),
        );
        let (stored, computed) = (raw.checksum.get(), compute_checksum(bytes));
        let dirty = if first != second {
            Some(format!("sequence numbers differ: {first} and {second}"))
        } else if stored != computed {
            Some(format!(
                "checksum is {stored:#010x}, should be {computed:#010x}"
            ))
        } else {
            None
        };
        Ok(Self {
            minor_version: minor,
            root_cell: raw.root_cell_offset.get(),
            bins_size: raw.hive_bins_data_size.get(),
            primary_sequence: first,
            secondary_sequence: second,
            dirty,
        })
    }
}

/// Returns the XOR of the words before the checksum, which is never 0 or -1. Source: specification,
/// "Base block".
fn compute_checksum(bytes: &[u8]) -> u32 {
    let covered = bytes.get(..CHECKSUM_COVERS).unwrap_or_default();
    let (words, _) = covered.as_chunks::<4>();
    let sum = words
        .iter()
        .fold(0, |sum, word| sum ^ u32::from_le_bytes(*word));
    match sum {
        0 => 1,
        u32::MAX => u32::MAX ^ 1,
        sum => sum,
    }
}

/// Returns the base block at the start of `bytes` if its magic and checksum are right.
pub(super) fn read_sound(bytes: &[u8]) -> Option<&RawBaseBlock> {
    let (raw, _) = RawBaseBlock::ref_from_prefix(bytes).ok()?;
    let is_sound = raw.signature == *b"regf" && raw.checksum.get() == compute_checksum(bytes);
    is_sound.then_some(raw)
}

/// Changes the base block at the start of `bytes` and makes its checksum right. Fewer bytes than a base
/// block has are left alone.
pub(super) fn rewrite(bytes: &mut [u8], change: impl FnOnce(&mut RawBaseBlock)) {
    if let Ok((raw, _)) = RawBaseBlock::mut_from_prefix(bytes) {
        change(raw);
    }
    let checksum = compute_checksum(bytes);
    if let Ok((raw, _)) = RawBaseBlock::mut_from_prefix(bytes) {
        raw.checksum.set(checksum);
    }
}

fn corrupt(finding: String, expectation: &'static str) -> HiveError {
    HiveError::Corrupt {
        place: "base block",
        offset: 0,
        finding,
        expectation,
    }
}
