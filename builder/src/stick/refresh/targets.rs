//! The parts of a stick that a refresh is about, and in what they differ from what they are to hold.

use rescue_stick::digest::Sha256Digest;

use super::plan::RefreshPlan;
use crate::lba::{Lba, LbaRange};
use crate::stick::source::{CHUNK, Chunk, SourceImage, part};
use crate::stick::writer::StickError;

/// Sectors that did not change are written along if they lie between two that did and are so few: 4 KiB is
/// what flash memory writes at once anyway.
const GAP: u64 = 7;

/// A part of the stick, and what it is to hold.
pub(super) struct Target {
    pub(super) range: LbaRange,
    pub(super) content: Content,
    /// Digest of what it is to hold.
    pub(super) sha256: Sha256Digest,
}

#[derive(Clone, Copy)]
pub(super) enum Content {
    /// The image's, with what is made for this stick over it.
    Image(Chunk),
    /// What is made for this stick.
    Made,
    Zeros,
}

/// Fills a buffer with what a part of the stick is to hold.
pub(super) fn fill(
    image: &SourceImage,
    plan: &RefreshPlan,
    (range, content): (LbaRange, Content),
    buffer: &mut [u8],
) -> Result<(), StickError> {
    if let Content::Image(chunk) = content {
        let lba = chunk.range.first();
        let mut bytes = vec![0; CHUNK];
        let bytes = part(&mut bytes, chunk.range);
        let read = image.read_at(lba, bytes);
        read.map_err(|source| StickError::Image { lba, source })?;
        if Sha256Digest::of(bytes) != chunk.sha256 {
            return Err(StickError::ImageChanged { range: chunk.range });
        }
        copy_meeting(chunk.range, bytes, range, buffer);
    } else {
        buffer.fill(0);
    }
    if !matches!(content, Content::Zeros) {
        for placed in &plan.made {
            copy_meeting(placed.range, &placed.bytes, range, buffer);
        }
    }
    Ok(())
}

/// Returns the ranges that meet a certain one; those of an image are in order.
pub(super) fn overlapping(ranges: &[LbaRange], with: LbaRange) -> Vec<LbaRange> {
    let start = ranges.partition_point(|range| range.last() < with.first());
    let met = ranges.iter().skip(start);
    met.take_while(|range| range.first() <= with.last())
        .copied()
        .collect()
}

/// Copies the sectors that two ranges share.
fn copy_meeting(from: LbaRange, bytes: &[u8], to: LbaRange, buffer: &mut [u8]) {
    let first = from.first().max(to.first());
    let Some(both) = LbaRange::new(first, from.last().min(to.last())) else {
        return;
    };
    let offset = |range: LbaRange| {
        let sectors = both.first().0.saturating_sub(range.first().0);
        usize::try_from(sectors * 512).unwrap_or(usize::MAX)
    };
    let length = usize::try_from(both.size().0).unwrap_or(usize::MAX);
    let source = bytes
        .get(offset(from)..)
        .and_then(|rest| rest.get(..length));
    let target = buffer
        .get_mut(offset(to)..)
        .and_then(|rest| rest.get_mut(..length));
    if let (Some(source), Some(target)) = (source, target) {
        target.copy_from_slice(source);
    }
}

/// Returns the runs of sectors that differ.
pub(super) fn differing(range: LbaRange, wanted: &[u8], found: &[u8]) -> Vec<LbaRange> {
    if wanted == found {
        return Vec::new();
    }
    let mut runs: Vec<LbaRange> = Vec::new();
    let sectors = wanted.chunks(512).zip(found.chunks(512));
    for (lba, _) in (range.first().0..)
        .zip(sectors)
        .filter(|(_, (a, b))| a != b)
    {
        let joined = runs.last().and_then(|run| {
            let is_near = lba.saturating_sub(run.last().0) <= GAP + 1;
            LbaRange::new(run.first(), Lba(lba)).filter(|_| is_near)
        });
        match (joined, LbaRange::new(Lba(lba), Lba(lba))) {
            (Some(joined), _) => {
                runs.pop();
                runs.push(joined);
            }
            (None, Some(single)) => runs.push(single),
            (None, None) => {}
        }
    }
    runs
}
