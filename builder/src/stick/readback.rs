//! Reads a stick back and holds it against what was to be written.

use rescue_stick::digest::Sha256Digest;
use sha2::{Digest as _, Sha256};

use crate::lba::{Lba, LbaRange};

use super::Device;
use super::buffer::AlignedBuffer;
use super::plan::{FinalPiece, StickPlan};
use super::source::{CHUNK, CHUNK_SECTORS, Chunk, SourceImage, part};
use super::writer::StickError;

/// Reads everything back but the last pieces. Calls `progress` with the bytes read each time. Returns the
/// digest of what the image's sectors hold on the stick, identity and all, in their order.
pub fn check_body(
    image: &SourceImage,
    plan: &StickPlan,
    device: &mut dyn Device,
    progress: &mut dyn FnMut(u64),
) -> Result<Sha256Digest, StickError> {
    let mut hasher = Sha256::new();
    let mut buffer = AlignedBuffer::zeroed(CHUNK);
    for chunk in &plan.chunks {
        let bytes = part(&mut buffer, chunk.range);
        read(device, chunk.range.first(), bytes)?;
        if Sha256Digest::of(bytes) != chunk.sha256 {
            return Err(blame(image, plan, *chunk, bytes));
        }
        hasher.update(&*bytes);
        progress(chunk.range.size().0);
    }
    for range in &plan.cleared {
        for range in range.parts(CHUNK_SECTORS) {
            let bytes = part(&mut buffer, range);
            read(device, range.first(), bytes)?;
            if bytes.iter().any(|byte| *byte != 0) {
                let what = "zeros";
                return Err(StickError::Differs { range, what });
            }
            progress(range.size().0);
        }
    }
    Ok(Sha256Digest(hasher.finalize().into()))
}

/// Reads the last pieces back.
pub fn check_last(last: &[FinalPiece], device: &mut dyn Device) -> Result<(), StickError> {
    for piece in last {
        let mut bytes = AlignedBuffer::zeroed(piece.bytes.len());
        read(device, piece.range.first(), &mut bytes)?;
        if *bytes != *piece.bytes {
            return Err(StickError::Differs {
                range: piece.range,
                what: piece.label,
            });
        }
    }
    Ok(())
}

/// Says whether the stick is to blame, or an image that somebody changed meanwhile; and if the stick, which
/// sectors of it.
fn blame(image: &SourceImage, plan: &StickPlan, chunk: Chunk, found: &[u8]) -> StickError {
    let range = chunk.range;
    let mut original = vec![0; found.len()];
    let lba = range.first();
    if let Err(source) = image.read_at(lba, &mut original) {
        return StickError::Image { lba, source };
    }
    plan.overlay(lba, &mut original);
    if Sha256Digest::of(&original) != chunk.sha256 {
        return StickError::ImageChanged { range };
    }
    let sectors = original.chunks(512).zip(found.chunks(512));
    let differs: Vec<u64> = (lba.0..)
        .zip(sectors)
        .filter_map(|(lba, (a, b))| (a != b).then_some(lba))
        .collect();
    let bounds = (differs.first().copied(), differs.last().copied());
    let narrow = match bounds {
        (Some(first), Some(last)) => LbaRange::new(Lba(first), Lba(last)),
        _ => None,
    };
    StickError::Differs {
        range: narrow.unwrap_or(range),
        what: "the image",
    }
}

fn read(device: &mut dyn Device, lba: Lba, buffer: &mut [u8]) -> Result<(), StickError> {
    let done = device.read_at(lba, buffer);
    done.map_err(|source| StickError::Read { lba, source })
}
