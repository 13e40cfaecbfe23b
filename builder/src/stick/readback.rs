//! Reads a stick back and holds it against what was to be written.

use std::sync::mpsc;
use std::thread;

use rescue_stick::digest::Sha256Digest;
use sha2::{Digest as _, Sha256};

use crate::lba::{Lba, LbaRange};

use super::Device;
use super::buffer::AlignedBuffer;
use super::plan::{FinalPiece, StickPlan};
use super::source::{CHUNK, CHUNK_SECTORS, Chunk, SourceImage, part};
use super::writer::StickError;

/// Threads that take digests of one stick: SHA-256 takes longer than a good stick needs to read.
const HASHERS: usize = 2;

/// Buffers that are read ahead: while some are hashed, the stick fills the next.
const BUFFERS: usize = 2 * HASHERS;

/// What is done with a part of a stick that was read, and its digest.
pub(super) type Each<'a> = dyn FnMut(LbaRange, &[u8], Sha256Digest) -> Result<(), StickError> + 'a;

/// Reads everything back but the last pieces. Calls `progress` with the bytes read each time. Returns the
/// digest over the digests of what the image's chunks hold on the stick, identity and all, in their order.
pub fn check_body(
    image: &SourceImage,
    plan: &StickPlan,
    device: &mut dyn Device,
    progress: &mut dyn FnMut(u64),
) -> Result<Sha256Digest, StickError> {
    let mut hasher = Sha256::new();
    let mut chunks = plan.chunks.iter();
    let cleared = plan.cleared.iter();
    let cleared = cleared.flat_map(|range| range.parts(CHUNK_SECTORS));
    let all: Vec<LbaRange> = (plan.chunks.iter().map(|chunk| chunk.range))
        .chain(cleared)
        .collect();
    read_ahead(device, &all, &mut |range, bytes, found| {
        if let Some(chunk) = chunks.next() {
            if found != chunk.sha256 {
                return Err(blame(image, plan, *chunk, bytes));
            }
            hasher.update(found.0);
        } else if bytes.iter().any(|byte| *byte != 0) {
            let what = "zeros";
            return Err(StickError::Differs { range, what });
        }
        progress(range.size().0);
        Ok(())
    })?;
    Ok(Sha256Digest(hasher.finalize().into()))
}

/// Reads ranges of at most [`CHUNK`] bytes one after the other, and hands each, in the same order, to `each`
/// with its digest, while the next are read and hashed.
pub(super) fn read_ahead(
    device: &mut dyn Device,
    ranges: &[LbaRange],
    each: &mut Each<'_>,
) -> Result<(), StickError> {
    let (give, free) = mpsc::sync_channel(BUFFERS);
    for _ in 0..BUFFERS {
        // OK to discard: the channel has room for all of them.
        let _ = give.send(AlignedBuffer::zeroed(CHUNK));
    }
    // The channels belong to this closure: when it ends early their ends go with it, and a thread that waits for
    // a buffer ends, too.
    thread::scope(move |scope| {
        // Each hasher gets every second range, so taking from them in turn keeps the order.
        let (filled, hashed): (Vec<_>, Vec<_>) = (0..HASHERS)
            .map(|_| {
                let (fill, filled) = mpsc::sync_channel::<(LbaRange, AlignedBuffer)>(BUFFERS);
                let (hash, hashed) = mpsc::sync_channel(BUFFERS);
                scope.spawn(move || {
                    for (range, mut buffer) in filled {
                        let digest = Sha256Digest::of(part(&mut buffer, range));
                        // When `each` has found a fault there is nobody left to hash for.
                        if hash.send((range, buffer, digest)).is_err() {
                            break;
                        }
                    }
                });
                (fill, hashed)
            })
            .unzip();
        let reader = scope.spawn(move || {
            for (range, fill) in ranges.iter().zip(filled.iter().cycle()) {
                let Ok(mut buffer) = free.recv() else { break };
                read(device, range.first(), part(&mut buffer, *range))?;
                if fill.send((*range, buffer)).is_err() {
                    break;
                }
            }
            Ok(())
        });
        for hashed in hashed.iter().cycle() {
            let Ok((range, mut buffer, digest)) = hashed.recv() else {
                break;
            };
            each(range, part(&mut buffer, range), digest)?;
            // OK to discard: at the end the reader is gone before its last buffers come back.
            let _ = give.send(buffer);
        }
        reader.join().unwrap_or(Err(StickError::Thread))
    })
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
