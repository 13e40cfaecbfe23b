//! Reads what is no file, for its digest and for whether it is empty.

use std::io::{Read, Seek, SeekFrom};

use rescue_stick::digest::Sha256Digest;
use sha2::{Digest as _, Sha256};

use super::{InspectedRange, RangeKind, Thoroughness};
use crate::lba::{ByteSize, LbaRange};
use crate::verify::VerifyError;

/// Sectors that are read at once: 1 MiB.
const CHUNK_SECTORS: u64 = 2048;

/// Adds digests to all ranges that have none, and says of free ones whether they are empty.
pub(super) fn add_digests(
    source: &mut (impl Read + Seek),
    ranges: &mut [InspectedRange],
    thoroughness: Thoroughness,
) -> Result<(), VerifyError> {
    for entry in ranges {
        let means_nothing = matches!(entry.kind, RangeKind::Free | RangeKind::WorkArea);
        if means_nothing && thoroughness == Thoroughness::InUse {
            continue;
        }
        let Some(range) = entry.range() else { continue };
        let is_file = entry.sha256.is_some();
        if is_file {
            continue;
        }
        // A work area that is a file is digested to its end, as a file.
        let length = entry.bytes.unwrap_or(range.size().0).min(range.size().0);
        let (sha256, is_zero) = digest(source, range, ByteSize(length))?;
        match entry.kind {
            RangeKind::Free => entry.is_zero = Some(is_zero),
            _ => entry.sha256 = Some(sha256),
        }
    }
    Ok(())
}

fn digest(
    source: &mut (impl Read + Seek),
    range: LbaRange,
    length: ByteSize,
) -> Result<(Sha256Digest, bool), VerifyError> {
    let mut hasher = Sha256::new();
    let mut is_zero = true;
    let mut left = length.0;
    let mut buffer = vec![0; 1 << 20];
    for part in range.parts(CHUNK_SECTORS) {
        let now = left.min(part.size().0);
        let bytes = usize::try_from(now)
            .unwrap_or(buffer.len())
            .min(buffer.len());
        let bytes = &mut buffer[..bytes];
        let mut read = || {
            source.seek(SeekFrom::Start(part.first().byte_offset()))?;
            source.read_exact(bytes)
        };
        read().map_err(|error| VerifyError::Read {
            lba: part.first(),
            length: usize::try_from(now).unwrap_or(usize::MAX),
            source: error,
        })?;
        is_zero = is_zero && bytes.iter().all(|byte| *byte == 0);
        hasher.update(&*bytes);
        left -= now;
    }
    Ok((Sha256Digest(hasher.finalize().into()), is_zero))
}
