//! Finds out whether a stick holds as much as it says: counterfeit sticks lose what is written behind
//! their true end, or put it at their start again.
//!
//! Blocks that each say where they belong are written, made durable, and read back. The quick probe
//! writes some forty of them: at every power of two, at powers of two times 10^9 bytes, and at the very
//! end. It finds every stick that loses or refuses what lies behind its end, and every one that
//! starts again at a power of two or at a whole number of 10^9 bytes, which is what such controllers do.
//! The full probe writes the whole stick and misses nothing. Neither finds a stick whose own memory
//! answers for more than was written, which is some kilobytes.

use std::io;

use crate::lba::{ByteSize, Lba, SECTOR_SIZE};

use super::buffer::AlignedBuffer;
use super::source::CHUNK;
use super::{Device, write_all};

/// Bytes of a block that says where it belongs: one sector, since a fake stick may start again at any.
const BLOCK: usize = 512;

/// [`BLOCK`] as a distance.
const BLOCK_SIZE: u64 = 512;

/// Where the first block lies: in the room of the BIOS boot partition, whose content comes later. All the
/// others lie at a distance from it, so that one that wraps around meets it.
const BASE: u64 = 512 << 10;

/// Begins a block.
const MAGIC: [u8; 16] = *b"mendkit probe 1\n";

/// How a stick is probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// How much of it.
    pub extent: ProbeExtent,
    /// A number that no former probe of the stick had.
    pub nonce: u64,
}

/// How much of a stick is probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeExtent {
    /// Some forty places.
    Quick,
    /// All of it.
    Full,
}

/// What is wrong with a stick.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// It holds less than it says.
    #[error("fake stick: says {says}, holds {holds}; what is written behind that {fate}")]
    FakeCapacity {
        /// What it says.
        says: ByteSize,
        /// What it holds.
        holds: ByteSize,
        /// What becomes of the rest.
        fate: Fate,
    },
    /// It does not keep what is written to it.
    #[error(
        "byte {offset}: {bad} of {blocks} probed blocks read back other bytes than were written, the first here"
    )]
    Corrupt {
        /// Where the first is.
        offset: u64,
        /// How many.
        bad: usize,
        /// Of how many.
        blocks: usize,
    },
    /// It cannot be written, made durable or read.
    #[error("probing at byte {offset}")]
    Io {
        /// Where.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
}

/// What becomes of bytes that are written behind the true end of a stick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They are not there when they are read.
    Lost,
    /// They land at the start again.
    WrapsAround,
    /// Writing them is an error.
    Refused,
}

impl std::fmt::Display for Fate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Lost => "is lost",
            Self::WrapsAround => "lands at the start again",
            Self::Refused => "is refused",
        })
    }
}

/// What a place held when it was read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Own,
    /// The block of another place.
    Other(u64),
    Nothing,
}

/// Probes a stick. Overwrites what lies at the probed places; no block looks like a start of a disk.
pub fn probe_stick(
    device: &mut dyn Device,
    probe: Probe,
    progress: &mut dyn FnMut(ByteSize, ByteSize),
) -> Result<(), ProbeError> {
    let size = device.size();
    let mut prober = Prober {
        device,
        nonce: probe.nonce,
        size,
    };
    let offsets = match probe.extent {
        ProbeExtent::Quick => quick_offsets(size.0),
        ProbeExtent::Full => return prober.probe_all(progress),
    };
    let total = ByteSize(2 * BLOCK_SIZE * offsets.len().try_into().unwrap_or(u64::MAX));
    let mut done = 0;
    let mut refused = None;
    for offset in &offsets {
        if let Err(error) = prober.write(*offset) {
            refused = Some((*offset, error));
            break;
        }
        done += BLOCK_SIZE;
        progress(ByteSize(done), total);
    }
    prober.flush()?;
    let mut tally = Tally::default();
    for offset in &offsets {
        if refused.as_ref().is_some_and(|(first, _)| offset >= first) {
            break;
        }
        tally.count(*offset, prober.read(*offset)?);
        done += BLOCK_SIZE;
        progress(ByteSize(done), total);
    }
    prober.judge(&tally, refused, true)
}

/// Returns the places of the quick probe, rising.
fn quick_offsets(size: u64) -> Vec<u64> {
    let end = (size / SECTOR_SIZE * SECTOR_SIZE).saturating_sub(BLOCK_SIZE);
    let doubled = |start: u64| {
        let all = std::iter::successors(Some(start), |last| last.checked_mul(2));
        let places = all.map(|distance| distance.saturating_add(BASE));
        places.take_while(move |place| *place <= end)
    };
    // Thrice a power of two, too, so that no gap is wider than half of what lies before it.
    let mut offsets: Vec<u64> = doubled(1 << 20)
        .chain(doubled(1_000_000_000))
        .chain(doubled(3 << 20))
        .chain([BASE, end])
        .collect();
    offsets.sort_unstable();
    offsets.dedup();
    offsets
}

/// What all places held.
#[derive(Default)]
struct Tally {
    blocks: usize,
    bad: usize,
    first_bad: Option<u64>,
    last_good: Option<u64>,
    /// Greatest common divisor of all distances between a block and where it was found; 0 for none.
    wrap: u64,
}

impl Tally {
    fn count(&mut self, offset: u64, found: Found) {
        self.blocks += 1;
        if found == Found::Own {
            self.last_good = Some(offset);
            return;
        }
        self.bad += 1;
        self.first_bad.get_or_insert(offset);
        if let Found::Other(other) = found {
            self.wrap = greatest_common_divisor(self.wrap, other.abs_diff(offset));
        }
    }
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

struct Prober<'a> {
    device: &'a mut dyn Device,
    nonce: u64,
    size: ByteSize,
}

impl Prober<'_> {
    /// Fills everything with blocks, and reads all of them.
    fn probe_all(
        &mut self,
        progress: &mut dyn FnMut(ByteSize, ByteSize),
    ) -> Result<(), ProbeError> {
        let end = self.size.0 / BLOCK_SIZE * BLOCK_SIZE;
        let total = ByteSize(end.saturating_mul(2));
        let mut buffer = AlignedBuffer::zeroed(CHUNK);
        let starts = || (0..end).step_by(CHUNK);
        let length = |start: u64| usize::try_from(end - start).unwrap_or(CHUNK).min(CHUNK);
        let (mut done, mut refused) = (0, None);
        for start in starts() {
            let bytes = &mut buffer[..length(start)];
            for (block, offset) in bytes.chunks_mut(BLOCK).zip((start..).step_by(BLOCK)) {
                fill_block(block, self.nonce, offset);
            }
            if let Err(error) = write_all(self.device, lba_of(start), bytes) {
                refused = Some((start, error));
                break;
            }
            done += BLOCK_SIZE * u64::try_from(bytes.len() / BLOCK).unwrap_or_default();
            progress(ByteSize(done), total);
        }
        self.flush()?;
        let mut tally = Tally::default();
        let written_end = refused.as_ref().map_or(end, |(start, _)| *start);
        for start in starts().take_while(|start| *start < written_end) {
            let bytes = &mut buffer[..length(start)];
            let read = self.device.read_at(lba_of(start), bytes);
            read.map_err(|source| ProbeError::Io {
                offset: start,
                source,
            })?;
            for (block, offset) in bytes.chunks(BLOCK).zip((start..).step_by(BLOCK)) {
                tally.count(offset, recognise(block, self.nonce, offset));
            }
            done += BLOCK_SIZE * u64::try_from(bytes.len() / BLOCK).unwrap_or_default();
            progress(ByteSize(done), total);
        }
        self.judge(&tally, refused, false)
    }

    fn judge(
        &mut self,
        tally: &Tally,
        refused: Option<(u64, io::Error)>,
        is_sparse: bool,
    ) -> Result<(), ProbeError> {
        let says = self.size;
        let fake = |holds, fate| ProbeError::FakeCapacity {
            says,
            holds: ByteSize(holds),
            fate,
        };
        if tally.wrap > 0 && tally.wrap < says.0 {
            return Err(fake(tally.wrap, Fate::WrapsAround));
        }
        let last_good = tally.last_good.unwrap_or_default();
        if let Some(first_bad) = tally.first_bad {
            if first_bad < last_good || tally.last_good.is_none() {
                return Err(ProbeError::Corrupt {
                    offset: first_bad,
                    bad: tally.bad,
                    blocks: tally.blocks,
                });
            }
            let holds = if is_sparse {
                self.find_end(last_good, first_bad)
            } else {
                first_bad
            };
            return Err(fake(holds, Fate::Lost));
        }
        let Some((offset, source)) = refused else {
            return Ok(());
        };
        // An end that refuses everything behind it is a capacity; anything else is a fault.
        let beyond = says.0.saturating_sub(BLOCK_SIZE) / SECTOR_SIZE * SECTOR_SIZE;
        let is_gone = self
            .device
            .read_at(Lba(0), &mut AlignedBuffer::zeroed(BLOCK));
        if tally.last_good.is_none() || is_gone.is_err() || self.keeps(beyond) {
            return Err(ProbeError::Io { offset, source });
        }
        let end = self.find_end(last_good, offset);
        Err(fake(end, Fate::Refused))
    }

    /// Returns where the stick ends, between a block that it kept and one that it did not.
    fn find_end(&mut self, good: u64, bad: u64) -> u64 {
        let (mut good, mut bad) = (good, bad);
        while bad.saturating_sub(good) > BLOCK_SIZE {
            let middle = good + (bad - good) / 2 / SECTOR_SIZE * SECTOR_SIZE;
            if self.keeps(middle) {
                good = middle;
            } else {
                bad = middle;
            }
        }
        good + BLOCK_SIZE
    }

    fn keeps(&mut self, offset: u64) -> bool {
        let is_written = self.write(offset).is_ok() && self.device.flush().is_ok();
        is_written && matches!(self.read(offset), Ok(Found::Own))
    }

    fn write(&mut self, offset: u64) -> io::Result<()> {
        let mut block = AlignedBuffer::zeroed(BLOCK);
        fill_block(&mut block, self.nonce, offset);
        write_all(self.device, lba_of(offset), &block)
    }

    fn read(&mut self, offset: u64) -> Result<Found, ProbeError> {
        let mut block = AlignedBuffer::zeroed(BLOCK);
        let read = self.device.read_at(lba_of(offset), &mut block);
        read.map_err(|source| ProbeError::Io { offset, source })?;
        Ok(recognise(&block, self.nonce, offset))
    }

    fn flush(&mut self) -> Result<(), ProbeError> {
        let done = self.device.flush();
        done.map_err(|source| ProbeError::Io {
            offset: self.size.0,
            source,
        })
    }
}

fn lba_of(offset: u64) -> Lba {
    Lba(offset / SECTOR_SIZE)
}

/// Fills a block: magic, nonce, own place, then bytes that follow from both.
fn fill_block(block: &mut [u8], nonce: u64, offset: u64) {
    let mut state = nonce ^ offset.rotate_left(32);
    let words = block.chunks_exact_mut(8);
    for word in words {
        // The finaliser of SplitMix64: neighbouring places share no pattern.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    let head = MAGIC
        .into_iter()
        .chain(nonce.to_le_bytes())
        .chain(offset.to_le_bytes());
    for (byte, value) in block.iter_mut().zip(head) {
        *byte = value;
    }
    // Never an MBR or a boot sector, wherever a fake stick puts it.
    if let Some(magic) = block.get_mut(510..512) {
        magic.fill(0);
    }
}

/// Tells whose block this is.
fn recognise(block: &[u8], nonce: u64, offset: u64) -> Found {
    let number = |at: usize| {
        let bytes = block.get(at..)?.first_chunk::<8>()?;
        Some(u64::from_le_bytes(*bytes))
    };
    let claim = number(24).filter(|_| block.starts_with(&MAGIC) && number(16) == Some(nonce));
    let Some(claim) = claim else {
        return Found::Nothing;
    };
    let mut expected = [0; BLOCK];
    fill_block(&mut expected, nonce, claim);
    match block == expected {
        true if claim == offset => Found::Own,
        true => Found::Other(claim),
        false => Found::Nothing,
    }
}
