//! Writes one stick by its plan, in the order that the plan gives.

use std::io;

use rescue_stick::digest::Sha256Digest;

use crate::lba::{ByteSize, Lba, LbaRange};

use super::buffer::AlignedBuffer;
use super::device::IdentityChange;
use super::plan::{FinalPiece, StickPlan};
use super::probe::{Probe, ProbeError, probe_stick};
use super::readback::{check_body, check_last};
use super::refresh::Refusal;
use super::source::{CHUNK, CHUNK_SECTORS, SourceImage, part};
use super::{Device, write_all};

/// Why a stick is bad, or was not touched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StickError {
    /// It could not be opened.
    #[error("opening {path}")]
    Open {
        /// The device.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// It is not what the person agreed to erase; nothing was written.
    #[error(transparent)]
    Changed(#[from] IdentityChange),
    /// Writing went wrong.
    #[error("writing at LBA {lba}")]
    Write {
        /// Where.
        lba: Lba,
        /// What the system said.
        source: io::Error,
    },
    /// What was written could not be made durable.
    #[error("making durable what was written up to LBA {lba}")]
    Flush {
        /// The last sector before.
        lba: Lba,
        /// What the system said.
        source: io::Error,
    },
    /// Reading back went wrong.
    #[error("reading back at LBA {lba}")]
    Read {
        /// Where.
        lba: Lba,
        /// What the system said.
        source: io::Error,
    },
    /// Something else was read back than was written.
    #[error("LBA {range}: reads back other bytes than were written, expected {what}")]
    Differs {
        /// From the first to the last sector that differ.
        range: LbaRange,
        /// What should be there.
        what: &'static str,
    },
    /// The room is not what the stick says.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// The image could not be read.
    #[error("reading the image at LBA {lba}")]
    Image {
        /// Where.
        lba: Lba,
        /// What the system said.
        source: io::Error,
    },
    /// The image is not the one any more that was found good.
    #[error("the image at LBA {range} changed while it was written")]
    ImageChanged {
        /// Where.
        range: LbaRange,
    },
    /// A fault of this program.
    #[error("reading back ended early")]
    Thread,
    /// It is not refreshed; nothing was written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Its refresh was begun and not finished. It starts nothing; what it collected is safe.
    #[error("must be refreshed again before it can be used")]
    HalfRefreshed {
        /// What came in between.
        source: Box<StickError>,
    },
}

impl StickError {
    /// Returns whether the stick is as it was before.
    pub fn left_untouched(&self) -> bool {
        matches!(
            self,
            Self::Open { .. } | Self::Changed(_) | Self::Refused(_)
        )
    }

    /// Returns how much the stick really holds, if that is less than it says.
    pub fn true_size(&self) -> Option<ByteSize> {
        match self {
            Self::Probe(ProbeError::FakeCapacity { holds, .. }) => Some(*holds),
            _ => None,
        }
    }
}

/// What is being done to a stick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// What the stick holds is held against what it is to hold.
    Comparing,
    /// What could start a PC is cleared, and the room is probed.
    Probing,
    /// The image's content is written.
    Writing,
    /// It is read back.
    ReadingBack,
    /// MBR and GPT are written and read back.
    Finishing,
}

/// How far a stage has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Bytes done in this stage.
    pub done: ByteSize,
    /// Bytes of this stage.
    pub total: ByteSize,
}

/// What was put on a good stick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Bytes of content, with the places that were cleared; without probe, MBR and GPT.
    pub bytes: ByteSize,
    /// Digest over the digests of the image's chunks as they were read back, in their order.
    pub read_back: Sha256Digest,
}

/// Clears, probes, writes, reads back, and only then makes the stick bootable.
pub fn write_stick(
    image: &SourceImage,
    plan: &StickPlan,
    probe: Probe,
    device: &mut dyn Device,
    progress: &mut dyn FnMut(Progress),
) -> Result<Written, StickError> {
    clear_first(plan, device)?;
    probe_stick(device, probe, &mut |done, total| {
        progress(Progress {
            stage: Stage::Probing,
            done,
            total,
        });
    })?;
    let total = plan.body_size();
    write_body(
        image,
        plan,
        device,
        &mut counting(Stage::Writing, total, progress),
    )?;
    let read_back = check_body(
        image,
        plan,
        device,
        &mut counting(Stage::ReadingBack, total, progress),
    )?;
    drop(counting(Stage::Finishing, total, progress));
    write_last(&plan.last, device)?;
    check_last(&plan.last, device)?;
    Ok(Written {
        bytes: total,
        read_back,
    })
}

/// Tells that a stage begins, and returns what adds up the bytes that are done in it.
pub(super) fn counting(
    stage: Stage,
    total: ByteSize,
    progress: &mut dyn FnMut(Progress),
) -> impl FnMut(u64) {
    let mut done = ByteSize(0);
    let mut tell = move |bytes| {
        done.0 += bytes;
        progress(Progress { stage, done, total });
    };
    tell(0);
    tell
}

/// Clears what could start a PC. The MBR goes first and alone: from then on nothing starts a PC by BIOS,
/// and once all is durable nothing starts one at all.
fn clear_first(plan: &StickPlan, device: &mut dyn Device) -> Result<(), StickError> {
    for range in &plan.cleared_first {
        clear(*range, device, &mut |_| ())?;
        flush(device, range.last())?;
    }
    Ok(())
}

fn write_body(
    image: &SourceImage,
    plan: &StickPlan,
    device: &mut dyn Device,
    progress: &mut dyn FnMut(u64),
) -> Result<(), StickError> {
    let mut buffer = AlignedBuffer::zeroed(CHUNK);
    let mut last = Lba(0);
    for chunk in &plan.chunks {
        let bytes = part(&mut buffer, chunk.range);
        let lba = chunk.range.first();
        let read = image.read_at(lba, bytes);
        read.map_err(|source| StickError::Image { lba, source })?;
        plan.overlay(lba, bytes);
        write(device, lba, bytes)?;
        last = chunk.range.last();
        progress(chunk.range.size().0);
    }
    for range in &plan.cleared {
        clear(*range, device, progress)?;
        last = range.last();
    }
    flush(device, last)
}

/// Writes the pieces in their order, each durable before the next.
fn write_last(last: &[FinalPiece], device: &mut dyn Device) -> Result<(), StickError> {
    for piece in last {
        let bytes = AlignedBuffer::copy_of(&piece.bytes);
        write(device, piece.range.first(), &bytes)?;
        flush(device, piece.range.last())?;
    }
    Ok(())
}

fn clear(
    range: LbaRange,
    device: &mut dyn Device,
    progress: &mut dyn FnMut(u64),
) -> Result<(), StickError> {
    let mut zeros = AlignedBuffer::zeroed(CHUNK);
    for range in range.parts(CHUNK_SECTORS) {
        write(device, range.first(), part(&mut zeros, range))?;
        progress(range.size().0);
    }
    Ok(())
}

pub(super) fn write(device: &mut dyn Device, lba: Lba, bytes: &[u8]) -> Result<(), StickError> {
    let done = write_all(device, lba, bytes);
    done.map_err(|source| StickError::Write { lba, source })
}

pub(super) fn flush(device: &mut dyn Device, lba: Lba) -> Result<(), StickError> {
    let done = device.flush();
    done.map_err(|source| StickError::Flush { lba, source })
}
