//! Reads every file once, in the order of the sectors, and takes its digest.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use rescue_stick::digest::Sha256Digest;
use rescue_stick::paths;
use sha2::{Digest, Sha256};

use super::closed_set::PROOF_PATHS;
use super::folders::FoundFile;
use super::{FileOnImage, Medium, VerifyError};
use crate::fat32::geometry::Geometry;
use crate::lba::{ByteSize, LbaRange};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// Largest file whose content is kept for the checks of the signature.
const MOST_KEPT: usize = 16 << 20;

/// Content of the files that carry the signature, by path.
type Proof = BTreeMap<String, Vec<u8>>;

/// Returns every file without its digest, in the order given.
pub(super) fn unread_files(geometry: Option<&Geometry>, found: &[FoundFile]) -> Vec<FileOnImage> {
    let Some(geometry) = geometry else {
        return Vec::new();
    };
    let extents = |file: &FoundFile| -> Vec<LbaRange> {
        let ranges = file.extents.iter();
        ranges
            .filter_map(|extent| geometry.extent_range(*extent))
            .collect()
    };
    let files = found.iter().map(|file| FileOnImage {
        path: file.path.clone(),
        size: ByteSize(u64::from(file.size)),
        sha256: None,
        ranges: extents(file),
    });
    files.collect()
}

/// Returns every file with its digest, in the order given.
pub(super) fn read_files(
    medium: &mut Medium<'_, impl Read + Seek>,
    geometry: &Geometry,
    found: &[FoundFile],
) -> Result<(Vec<FileOnImage>, Proof), VerifyError> {
    let mut files = unread_files(Some(geometry), found);
    let mut proof = Proof::new();
    let mut in_order: Vec<&mut FileOnImage> = files.iter_mut().collect();
    in_order.sort_by_key(|file| file.ranges.first().map(|range| range.first()));
    let mut buffer = vec![0; CHUNK];
    for file in in_order {
        if file.path == paths::JOURNAL || file.path == paths::SCRATCH {
            continue;
        }
        let mut hasher = Sha256::new();
        let is_kept = PROOF_PATHS.contains(&file.path.as_str());
        let mut kept = Vec::new();
        let mut take = |bytes: &[u8]| {
            hasher.update(bytes);
            if is_kept && kept.len() < MOST_KEPT {
                kept.extend_from_slice(bytes);
            }
        };
        read_file(medium, &file.ranges, file.size, &mut buffer, &mut take)?;
        file.sha256 = Some(Sha256Digest(hasher.finalize().into()));
        if is_kept {
            proof.insert(file.path.clone(), kept);
        }
    }
    Ok((files, proof))
}

/// Returns the bytes of a file, as many as its ranges hold and its size says: a chain may be as long as the stick.
pub(super) fn read_whole(
    medium: &mut Medium<'_, impl Read + Seek>,
    ranges: &[LbaRange],
    size: ByteSize,
) -> Result<Vec<u8>, VerifyError> {
    let mut bytes = Vec::new();
    let mut take = |piece: &[u8]| bytes.extend_from_slice(piece);
    read_file(medium, ranges, size, &mut vec![0; CHUNK], &mut take)?;
    Ok(bytes)
}

/// Gives the bytes of a file to `take`, as many as its ranges hold and its size says.
fn read_file(
    medium: &mut Medium<'_, impl Read + Seek>,
    ranges: &[LbaRange],
    size: ByteSize,
    buffer: &mut [u8],
    take: &mut dyn FnMut(&[u8]),
) -> Result<(), VerifyError> {
    let mut left = size.0;
    for range in ranges {
        let mut lba = range.first();
        let mut sectors = range.sectors();
        while sectors > 0 && left > 0 {
            let chunk = ByteSize(u64::try_from(buffer.len()).unwrap_or(u64::MAX));
            let now = sectors.min(chunk.sectors()).min(ByteSize(left).sectors());
            let length = usize::try_from(now * 512)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            let bytes = &mut buffer[..length];
            medium.read_into(lba, bytes)?;
            let of_file = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
            take(&bytes[..of_file]);
            left -= u64::try_from(of_file).unwrap_or(left);
            lba = lba.advanced_by(now);
            sectors -= now;
        }
    }
    Ok(())
}
