//! The base block: the first 4096 bytes of a registry file.
//!
//! Of these only the fields up to the checksum at 508 matter here; the rest is for the boot loader.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::hive::HiveError;

/// Bytes before the first bin. Source: specification, "Base block".
pub const BASE_BLOCK_SIZE: usize = 4096;

/// Bytes that the checksum covers. Source: specification, "Base block".
const CHECKSUM_COVERS: usize = 508;

/// Base block as it lies in the file. Source: specification, "Base block".
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RawBaseBlock {
    signature: [u8; 4],
    primary_sequence_number: U32,
    secondary_sequence_number: U32,
    last_written_timestamp: U64,
    major_version: U32,
    minor_version: U32,
    file_type: U32,
    file_format: U32,
    root_cell_offset: U32,
    hive_bins_data_size: U32,
    clustering_factor: U32,
    file_name: [u8; 64],
    reserved: [u8; 396],
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
        let (stored, computed) = (raw.checksum.get(), checksum(bytes));
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
            dirty,
        })
    }
}

/// Returns the XOR of the words before the checksum, which is never 0 or -1. Source: specification,
/// "Base block".
fn checksum(bytes: &[u8]) -> u32 {
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

fn corrupt(finding: String, expectation: &'static str) -> HiveError {
    HiveError::Corrupt {
        place: "base block",
        offset: 0,
        finding,
        expectation,
    }
}
