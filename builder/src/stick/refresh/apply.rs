//! Refreshes one stick by its plan, in the order that the plan gives.

use std::io;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::Identity;
use sha2::{Digest as _, Sha256};

use super::Refusal;
use super::found::{OurStick, Terms, look_at_stick};
use super::layout::ImageLayout;
use super::marker::marker_sector;
use super::pieces::Placed;
use super::plan::{RefreshPlan, plan_refresh};
use super::reader::DeviceReader;
use super::targets::{Content, Target, differing, fill, overlapping};
use crate::lba::{ByteSize, Lba, LbaRange};
use crate::refresh_record::RECORD_LBA;
use crate::stick::Device;
use crate::stick::buffer::AlignedBuffer;
use crate::stick::plan::FinalPiece;
use crate::stick::readback::{check_last, read_ahead};
use crate::stick::source::{CHUNK, CHUNK_SECTORS, SourceImage, part};
use crate::stick::writer::{Progress, Stage, StickError, Written, counting, flush, write};

/// What is to become of a stick.
#[derive(Clone, Debug)]
pub struct Refresh<'a> {
    /// The file system of the image.
    pub layout: &'a ImageLayout,
    /// What may be refreshed.
    pub terms: &'a Terms,
    /// Who the stick was when the person agreed, and is from now on.
    pub identity: Identity,
}

/// Brings the stick to the image; writes nothing if it holds that already.
pub fn refresh_stick(
    image: &SourceImage,
    refresh: &Refresh<'_>,
    device: &mut dyn Device,
    progress: &mut dyn FnMut(Progress),
) -> Result<Written, StickError> {
    let stick = look_at_stick(&mut DeviceReader::new(device), refresh.terms)?;
    let expected = refresh.identity.facts().id;
    if stick.identity.facts().id != expected
        || stick.identity.public_key() != refresh.identity.public_key()
    {
        let found = stick.identity.facts().id.to_string();
        let expected = expected.to_string();
        return Err(Refusal::OtherStick { found, expected }.into());
    }
    let identity = identity_of(&stick, &refresh.identity);
    let title = &refresh.terms.title;
    let plan = plan_refresh(image, refresh.layout, &stick, identity, title)?;
    let mut stick = Stick {
        image,
        plan: &plan,
        device: &mut Counted { device, bytes: 0 },
    };
    let contents = stick.contents();
    let all = ByteSize(contents.iter().map(|(range, _)| range.size().0).sum());
    let (targets, changes) =
        stick.compare(&contents, &mut counting(Stage::Comparing, all, progress))?;
    if changes.is_empty() && stick.is_whole()? {
        let read_back = stick.check(&targets, &mut counting(Stage::ReadingBack, all, progress))?;
        return Ok(Written {
            bytes: ByteSize(0),
            read_back,
        });
    }
    stick.prepare()?;
    let finished = stick.change(&targets, &changes, all, progress);
    let read_back = finished.map_err(|source| StickError::HalfRefreshed {
        source: Box::new(source),
    })?;
    Ok(Written {
        bytes: ByteSize(stick.device.bytes),
        read_back,
    })
}

/// Returns the identity that is there if the stick holds this image already: then nothing changes.
fn identity_of<'a>(stick: &'a OurStick, wanted: &'a Identity) -> &'a Identity {
    let is_same = stick.identity.facts().image == wanted.facts().image && !stick.is_interrupted;
    if is_same { &stick.identity } else { wanted }
}

struct Stick<'a, 'd> {
    image: &'a SourceImage,
    plan: &'a RefreshPlan,
    device: &'a mut Counted<'d>,
}

impl Stick<'_, '_> {
    /// Reads all that the plan is about; returns what it is to hold, and the sectors that do not yet.
    fn compare(
        &mut self,
        contents: &[(LbaRange, Content)],
        progress: &mut dyn FnMut(u64),
    ) -> Result<(Vec<Target>, Vec<LbaRange>), StickError> {
        let (mut targets, mut changes) = (Vec::new(), Vec::new());
        let (mut wanted, mut found) = (AlignedBuffer::zeroed(CHUNK), AlignedBuffer::zeroed(CHUNK));
        for (range, content) in contents.iter().copied() {
            let wanted = part(&mut wanted, range);
            fill(self.image, self.plan, (range, content), wanted)?;
            let sha256 = Sha256Digest::of(wanted);
            targets.push(Target {
                range,
                content,
                sha256,
            });
            let found = part(&mut found, range);
            self.read(range.first(), found)?;
            let runs = differing(range, wanted, found);
            let waiting = |run: &LbaRange| overlapping(&self.plan.waiting, *run);
            changes.extend(runs.iter().flat_map(|run| run.without(&waiting(run))));
            progress(range.size().0);
        }
        Ok((targets, changes))
    }

    /// Returns every part of the stick that the plan is about, but for what makes it a disk.
    fn contents(&self) -> Vec<(LbaRange, Content)> {
        let plan = self.plan;
        let mut contents = Vec::new();
        let mut chunks = Vec::new();
        for chunk in &plan.chunks {
            chunks.push(chunk.range);
            // Where the record is pointed to: the last sector that is written.
            let without = chunk.range.without(&[record_head()]);
            contents.extend(
                without
                    .into_iter()
                    .map(|range| (range, Content::Image(*chunk))),
            );
        }
        for placed in &plan.made {
            for left in placed.range.without(&overlapping(&chunks, placed.range)) {
                contents.extend(
                    left.parts(CHUNK_SECTORS)
                        .map(|range| (range, Content::Made)),
                );
            }
        }
        contents.extend(plan.cleared.iter().map(|range| (*range, Content::Zeros)));
        contents
    }

    /// Returns whether MBR and GPT are those of the plan.
    fn is_whole(&mut self) -> Result<bool, StickError> {
        match check_last(&self.plan.last, self.device) {
            Ok(()) => Ok(true),
            Err(StickError::Differs { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Copies what was collected to where it is safe, and says where that is. The stick is what it was.
    fn prepare(&mut self) -> Result<(), StickError> {
        self.place(&self.plan.moved)?;
        self.place(std::slice::from_ref(&self.plan.record))?;
        let head = Placed {
            range: record_head(),
            bytes: self.plan.head.clone(),
        };
        self.place(&[head])
    }

    /// Takes away what starts the stick, changes what differs, and makes it whole again.
    fn change(
        &mut self,
        targets: &[Target],
        changes: &[LbaRange],
        all: ByteSize,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Sha256Digest, StickError> {
        // The MBR goes first: from then on the stick says what it is. Each is a single sector, which a
        // device writes wholly or not at all.
        let size = self.device.size().0 / 512;
        let end = Lba(size.saturating_sub(1));
        for (lba, bytes) in [
            (Lba(0), marker_sector()),
            (Lba(1), vec![0; 512]),
            (end, vec![0; 512]),
        ] {
            // Without a GPT the volume may reach to the end of the stick.
            let range = LbaRange::starting_at(lba, 1);
            let range = range.filter(|range| !range.overlaps(self.image.volume));
            let placed: Vec<_> = range
                .into_iter()
                .map(|range| Placed {
                    range,
                    bytes: bytes.clone(),
                })
                .collect();
            self.place(&placed)?;
        }
        let total = ByteSize(changes.iter().map(|range| range.size().0).sum());
        self.write_changes(
            targets,
            changes,
            &mut counting(Stage::Writing, total, progress),
        )?;
        let read_back = self.check(targets, &mut counting(Stage::ReadingBack, all, progress))?;
        drop(counting(Stage::Finishing, total, progress));
        write_last(&self.plan.last, self.device)?;
        check_last(&self.plan.last, self.device)?;
        // Whole again: the record counts no more. It holds the stick's key, so all of it goes.
        let blank = Placed {
            range: self.plan.record.range,
            bytes: vec![0; self.plan.record.bytes.len()],
        };
        self.place(&[self.head_as_in_image()?, blank])?;
        Ok(read_back)
    }

    fn head_as_in_image(&self) -> Result<Placed, StickError> {
        let mut bytes = vec![0; 512];
        let read = self.image.read_at(RECORD_LBA, &mut bytes);
        read.map_err(|source| StickError::Image {
            lba: RECORD_LBA,
            source,
        })?;
        Ok(Placed {
            range: record_head(),
            bytes,
        })
    }

    fn write_changes(
        &mut self,
        targets: &[Target],
        changes: &[LbaRange],
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), StickError> {
        let mut buffer = AlignedBuffer::zeroed(CHUNK);
        let mut changes = changes.iter().peekable();
        let mut last = Lba(0);
        for target in targets {
            let mut is_filled = false;
            // Changes were found target by target, in this order.
            while let Some(change) = changes.next_if(|change| target.range.overlaps(**change)) {
                let bytes = part(&mut buffer, target.range);
                if !is_filled {
                    fill(self.image, self.plan, (target.range, target.content), bytes)?;
                    is_filled = true;
                }
                let start = change.first().0 - target.range.first().0;
                let start = usize::try_from(start * 512).unwrap_or(usize::MAX);
                let length = usize::try_from(change.size().0).unwrap_or(usize::MAX);
                let mut aligned = AlignedBuffer::zeroed(length);
                aligned.copy_from_slice(&bytes[start..start + length]);
                write(self.device, change.first(), &aligned)?;
                last = change.last();
                progress(change.size().0);
            }
        }
        flush(self.device, last)
    }

    /// Reads everything back, what was not written too; returns the digest of all that.
    fn check(
        &mut self,
        targets: &[Target],
        progress: &mut dyn FnMut(u64),
    ) -> Result<Sha256Digest, StickError> {
        let mut hasher = Sha256::new();
        let ranges: Vec<LbaRange> = targets.iter().map(|target| target.range).collect();
        let mut in_order = targets.iter();
        let (image, plan) = (self.image, self.plan);
        read_ahead(self.device, &ranges, &mut |range, found, sha256| {
            let Some(target) = in_order.next() else {
                return Ok(());
            };
            if sha256 != target.sha256 {
                let mut wanted = AlignedBuffer::zeroed(found.len());
                fill(image, plan, (range, target.content), &mut wanted)?;
                let differs = differing(range, &wanted, found).into_iter().next();
                return Err(StickError::Differs {
                    range: differs.unwrap_or(range),
                    what: "the image",
                });
            }
            hasher.update(sha256.0);
            progress(range.size().0);
            Ok(())
        })?;
        Ok(Sha256Digest(hasher.finalize().into()))
    }

    /// Writes pieces, makes them durable and reads them back.
    fn place(&mut self, pieces: &[Placed]) -> Result<(), StickError> {
        for piece in pieces {
            for (range, bytes) in piece
                .range
                .parts(CHUNK_SECTORS)
                .zip(piece.bytes.chunks(CHUNK))
            {
                write(self.device, range.first(), &AlignedBuffer::copy_of(bytes))?;
            }
        }
        let Some(last) = pieces.last() else {
            return Ok(());
        };
        flush(self.device, last.range.last())?;
        for piece in pieces {
            for (range, bytes) in piece
                .range
                .parts(CHUNK_SECTORS)
                .zip(piece.bytes.chunks(CHUNK))
            {
                let mut found = AlignedBuffer::zeroed(bytes.len());
                self.read(range.first(), &mut found)?;
                if *found != *bytes {
                    let what = "what keeps the stick's own safe";
                    return Err(StickError::Differs { range, what });
                }
            }
        }
        Ok(())
    }

    fn read(&mut self, lba: Lba, buffer: &mut [u8]) -> Result<(), StickError> {
        let done = self.device.read_at(lba, buffer);
        done.map_err(|source| StickError::Read { lba, source })
    }
}

fn write_last(last: &[FinalPiece], device: &mut dyn Device) -> Result<(), StickError> {
    for piece in last {
        write(
            device,
            piece.range.first(),
            &AlignedBuffer::copy_of(&piece.bytes),
        )?;
        flush(device, piece.range.last())?;
    }
    Ok(())
}

fn record_head() -> LbaRange {
    // OK to default: one sector is a range.
    LbaRange::new(RECORD_LBA, RECORD_LBA).unwrap_or_else(|| unreachable!())
}

/// A stick, and how many bytes it was given.
struct Counted<'d> {
    device: &'d mut dyn Device,
    bytes: u64,
}

impl Device for Counted<'_> {
    fn size(&self) -> ByteSize {
        self.device.size()
    }

    fn read_at(&mut self, lba: Lba, buffer: &mut [u8]) -> io::Result<()> {
        self.device.read_at(lba, buffer)
    }

    fn write_at(&mut self, lba: Lba, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.device.write_at(lba, bytes)?;
        self.bytes += u64::try_from(taken).unwrap_or_default();
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.device.flush()
    }
}
