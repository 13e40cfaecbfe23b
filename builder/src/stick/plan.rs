//! Decides what is written to a stick of a certain size, and in which order. Reads and writes nothing.

use crate::disk::{DiskError, plan_partition_table};
use crate::lba::{ByteSize, Lba, LbaRange, SECTOR_SIZE, SECTORS_PER_MIB};

use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::Identity;

use super::identity::Patch;
use super::source::{Chunk, SourceImage};
use super::stale::stale_ranges;

/// Why an image cannot be put on a stick of this size.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StickPlanError {
    /// The stick is smaller than the image.
    #[error("stick of {stick}, expected at least {image} for the image")]
    TooSmall {
        /// The stick.
        stick: ByteSize,
        /// The image.
        image: ByteSize,
    },
    /// No partition table can be made.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// Everything that is written to one stick, in the order of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StickPlan {
    /// Size of the stick, to the last whole sector.
    pub size: ByteSize,
    /// Cleared and made durable before anything else: with these gone, no PC starts from the stick. The
    /// first is a single sector, which a device writes wholly or not at all.
    pub cleared_first: Vec<LbaRange>,
    /// Copied from the image.
    pub chunks: Vec<Chunk>,
    /// What lies over the image's bytes in the chunks, whose digests count it in: the identity of the stick.
    pub patch: Option<Patch>,
    /// Cleared since something else could be found there again.
    pub cleared: Vec<LbaRange>,
    /// What makes the stick a disk, written when all the rest was read back; MBR last.
    pub last: Vec<FinalPiece>,
}

/// Sectors that are made for the stick and not copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalPiece {
    /// Where they lie.
    pub range: LbaRange,
    /// What they are.
    pub label: &'static str,
    /// Their bytes.
    pub bytes: Vec<u8>,
}

/// Plans a stick of `size` bytes.
pub fn plan_stick(image: &SourceImage, size: ByteSize) -> Result<StickPlan, StickPlanError> {
    let sectors = size.0 / SECTOR_SIZE;
    let size = ByteSize(sectors * SECTOR_SIZE);
    if size < image.size {
        return Err(StickPlanError::TooSmall {
            stick: size,
            image: image.size,
        });
    }
    // Made anew for the true end of the stick; partitions and identities stay those of the image.
    let table = plan_partition_table(sectors, image.volume, &image.identity, &image.boot_code)?;
    let piece = |range, label, bytes| FinalPiece {
        range,
        label,
        bytes,
    };
    let mut last = Vec::new();
    if let Some(gpt) = table.gpt {
        last.push(piece(gpt.backup_range, "backup GPT", gpt.backup));
        last.push(piece(gpt.primary_range, "GPT", gpt.primary));
    }
    last.extend(LbaRange::starting_at(Lba(0), 1).map(|range| piece(range, "MBR", table.mbr)));
    let tail = sectors.saturating_sub(SECTORS_PER_MIB);
    let cleared_first = [
        (0, 1),
        (1, 33),
        (34, SECTORS_PER_MIB - 34),
        (tail, SECTORS_PER_MIB),
    ]
    .into_iter()
    .filter_map(|(first, sectors)| LbaRange::starting_at(Lba(first), sectors));
    let written: Vec<_> = (image.chunks.iter().map(|chunk| chunk.range))
        .chain(last.iter().map(|piece| piece.range))
        .collect();
    Ok(StickPlan {
        size,
        cleared_first: cleared_first.collect(),
        chunks: image.chunks.clone(),
        patch: None,
        cleared: left_over(stale_ranges(size, image.size, image.volume), written),
        last,
    })
}

impl StickPlan {
    /// Returns the plan of a stick that has this identity.
    pub fn with_identity(mut self, image: &SourceImage, identity: &Identity) -> Self {
        let patch = image.identity_place().patch(identity);
        for chunk in &mut self.chunks {
            if chunk.range == image.identity_range {
                chunk.sha256 = Sha256Digest::of(&patch.bytes);
            }
        }
        self.patch = Some(patch);
        self
    }

    /// Lays what is the stick's own over the image's bytes from `lba` on.
    pub(crate) fn overlay(&self, lba: Lba, bytes: &mut [u8]) {
        if let Some(patch) = &self.patch {
            patch.overlay(lba.byte_offset(), bytes);
        }
    }

    /// Returns how many bytes are written between the first clearing and the last pieces.
    pub fn body_size(&self) -> ByteSize {
        let chunks = self.chunks.iter().map(|chunk| chunk.range.size().0);
        let cleared = self.cleared.iter().map(|range| range.size().0);
        ByteSize(chunks.chain(cleared).sum())
    }
}

/// Returns what of the stale places is not written otherwise, each sector once.
fn left_over(stale: Vec<LbaRange>, mut taken: Vec<LbaRange>) -> Vec<LbaRange> {
    let mut ranges = Vec::new();
    for place in stale {
        let left = place.without(&taken);
        taken.push(place);
        ranges.extend(left);
    }
    ranges
}
