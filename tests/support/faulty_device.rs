//! Sticks in memory that go wrong in a way that a test chooses.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mendkit::lba::{ByteSize, Lba};
use mendkit::stick::Device;
use rustix::io::Errno;

use crate::random::Random;

/// What sectors hold that were never written.
pub const FILLER: u8 = 0xd1;

const SECTOR: usize = 512;

/// What goes wrong. Writes are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Nothing.
    None,
    /// One bit of a write arrives changed.
    Flip(usize),
    /// A write is forgotten.
    Drop(usize),
    /// A write arrives one sector too far on.
    Misplace(usize),
    /// Two neighbouring writes, this and the next, swap their places as far as they are of one length.
    Swap(usize),
    /// Every write is taken only up to half of it.
    Short,
    /// A write is refused with this error; the ones after it are not.
    Refuse(usize, Errno),
    /// From this write on the stick is gone. Of what was not made durable, any part may be lost, even of
    /// one write: the seed decides.
    Gone(usize, u64),
    /// Any part of one read comes back changed.
    FlipRead(usize),
    /// Holds so many bytes; writes behind them are lost.
    FakeLost(u64),
    /// Holds so many bytes, and starts again behind them.
    FakeWrap(u64),
    /// Holds so many bytes, and refuses writes behind them.
    FakeRefuse(u64),
    /// Takes and gives so many bytes a second.
    Slow(u64),
}

/// What a stick in memory holds. Clones are the same stick.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    sectors: Arc<Mutex<BTreeMap<u64, [u8; SECTOR]>>>,
}

/// A stick in memory, as the writer sees it.
#[derive(Debug)]
pub struct FaultyDevice {
    memory: Memory,
    says: u64,
    fault: Fault,
    writes: usize,
    reads: usize,
    /// Writes that are not durable yet; used by [`Fault::Gone`] alone.
    pending: Vec<(u64, Vec<u8>)>,
    held_back: Option<(u64, Vec<u8>)>,
    is_gone: bool,
    ready_at: Option<Instant>,
}

impl Memory {
    /// Reads sectors; what was never written is [`FILLER`].
    pub fn read(&self, lba: u64, buffer: &mut [u8]) {
        let sectors = self.lock();
        for (lba, part) in (lba..).zip(buffer.chunks_mut(SECTOR)) {
            match sectors.get(&lba) {
                Some(sector) => part.copy_from_slice(&sector[..part.len()]),
                None => part.fill(FILLER),
            }
        }
    }

    /// Writes whole sectors.
    pub fn write(&self, lba: u64, bytes: &[u8]) {
        let mut sectors = self.lock();
        for (lba, part) in (lba..).zip(bytes.as_chunks::<SECTOR>().0) {
            sectors.insert(lba, *part);
        }
    }

    /// Returns the first `size` bytes as a file would hold them.
    pub fn to_vec(&self, size: u64) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
        self.read(0, &mut bytes);
        bytes
    }

    /// Returns a stick that holds the same but is another.
    pub fn copied(&self) -> Self {
        let sectors = Arc::new(Mutex::new(self.lock().clone()));
        Self { sectors }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, [u8; SECTOR]>> {
        self.sectors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FaultyDevice {
    /// Returns a stick that says it holds `size` bytes.
    pub fn new(memory: &Memory, size: u64, fault: Fault) -> Self {
        Self {
            memory: memory.clone(),
            says: size,
            fault,
            writes: 0,
            reads: 0,
            pending: Vec::new(),
            held_back: None,
            is_gone: false,
            ready_at: None,
        }
    }

    /// Returns how many writes there were.
    pub fn writes(&self) -> usize {
        self.writes
    }

    /// Takes the time that so many bytes take at the rate of the stick.
    fn wait(&mut self, bytes: usize) {
        let Fault::Slow(rate) = self.fault else {
            return;
        };
        let nanoseconds = u64::try_from(bytes).unwrap_or_default() * 1_000_000_000 / rate;
        let start = self
            .ready_at
            .unwrap_or_else(Instant::now)
            .max(Instant::now());
        let ready = start + Duration::from_nanos(nanoseconds);
        self.ready_at = Some(ready);
        std::thread::sleep(ready.saturating_duration_since(Instant::now()));
    }

    /// Loses some of what is not durable, and is gone.
    fn vanish(&mut self, last: (u64, Vec<u8>), seed: u64) -> io::Error {
        let mut random = Random::from_text(&seed.to_string());
        self.pending.push(last);
        for (lba, bytes) in std::mem::take(&mut self.pending) {
            for (lba, sector) in (lba..).zip(bytes.chunks(SECTOR)) {
                if random.next_number().is_multiple_of(2) {
                    self.memory.write(lba, sector);
                }
            }
        }
        self.is_gone = true;
        Errno::NODEV.into()
    }

    fn store(&mut self, lba: u64, bytes: &[u8]) -> io::Result<()> {
        let end = |lba: u64, bytes: &[u8]| lba * 512 + u64::try_from(bytes.len()).unwrap_or(0);
        match self.fault {
            Fault::FakeLost(holds) if end(lba, bytes) > holds => {
                let fits = holds.saturating_sub(lba * 512) / 512 * 512;
                let fits = usize::try_from(fits).unwrap_or(usize::MAX).min(bytes.len());
                self.memory.write(lba, &bytes[..fits]);
            }
            Fault::FakeRefuse(holds) if end(lba, bytes) > holds => return Err(Errno::IO.into()),
            Fault::FakeWrap(holds) => {
                for (lba, sector) in (lba..).zip(bytes.chunks(SECTOR)) {
                    self.memory.write(lba % (holds / 512), sector);
                }
            }
            _ => self.memory.write(lba, bytes),
        }
        Ok(())
    }
}

impl Device for FaultyDevice {
    fn size(&self) -> ByteSize {
        ByteSize(self.says)
    }

    fn read_at(&mut self, lba: Lba, buffer: &mut [u8]) -> io::Result<()> {
        if self.is_gone {
            return Err(Errno::NODEV.into());
        }
        let number = self.reads;
        self.reads += 1;
        self.wait(buffer.len());
        match self.fault {
            Fault::FakeWrap(holds) => {
                for (lba, sector) in (lba.0..).zip(buffer.chunks_mut(SECTOR)) {
                    self.memory.read(lba % (holds / 512), sector);
                }
            }
            _ => self.memory.read(lba.0, buffer),
        }
        for (start, bytes) in &self.pending {
            for (sector, part) in (*start..).zip(bytes.chunks(SECTOR)) {
                let index = sector
                    .checked_sub(lba.0)
                    .and_then(|at| usize::try_from(at).ok());
                let place = index.and_then(|at| buffer.chunks_mut(SECTOR).nth(at));
                if let Some(place) = place {
                    place.copy_from_slice(part);
                }
            }
        }
        if self.fault == Fault::FlipRead(number) {
            let middle = buffer.len() / 2;
            buffer[middle] ^= 0x10;
        }
        Ok(())
    }

    fn write_at(&mut self, lba: Lba, bytes: &[u8]) -> io::Result<usize> {
        if self.is_gone {
            return Err(Errno::NODEV.into());
        }
        let number = self.writes;
        self.writes += 1;
        self.wait(bytes.len());
        if let Some((held_lba, held)) = self.held_back.take() {
            // The two change places where they can.
            let (first, second) = if held.len() == bytes.len() {
                (bytes.to_vec(), held)
            } else {
                (held, bytes.to_vec())
            };
            self.memory.write(held_lba, &first);
            self.memory.write(lba.0, &second);
            return Ok(bytes.len());
        }
        match self.fault {
            Fault::Flip(at) if at == number => {
                let mut changed = bytes.to_vec();
                changed[bytes.len() / 3] ^= 0x04;
                self.store(lba.0, &changed)?;
            }
            Fault::Drop(at) if at == number => {}
            Fault::Misplace(at) if at == number => self.store(lba.0 + 1, bytes)?,
            Fault::Swap(at) if at == number => self.held_back = Some((lba.0, bytes.to_vec())),
            Fault::Short => {
                // Half a sector more than whole ones, which the writer must write again.
                let some = (bytes.len() / 2 / SECTOR * SECTOR + SECTOR / 2).max(SECTOR);
                let some = some.min(bytes.len());
                self.store(lba.0, &bytes[..some])?;
                return Ok(some);
            }
            Fault::Refuse(at, error) if at == number => return Err(error.into()),
            Fault::Gone(at, seed) if at == number => {
                return Err(self.vanish((lba.0, bytes.to_vec()), seed));
            }
            Fault::Gone(..) => self.pending.push((lba.0, bytes.to_vec())),
            _ => self.store(lba.0, bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_gone {
            return Err(Errno::NODEV.into());
        }
        for (lba, bytes) in std::mem::take(&mut self.pending) {
            self.memory.write(lba, &bytes);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrote(fault: Fault) -> Vec<u8> {
        let memory = Memory::default();
        let mut device = FaultyDevice::new(&memory, 4096, fault);
        for (lba, byte) in [(0, 1), (1, 2), (6, 3)] {
            // OK to discard: some of the faults are errors.
            let _ = device.write_at(Lba(lba), &[byte; SECTOR]);
        }
        let bytes = memory.to_vec(4096);
        bytes.chunks(SECTOR).map(|sector| sector[200]).collect()
    }

    #[test]
    fn each_fault_does_what_it_says() {
        const F: u8 = FILLER;
        assert_eq!(wrote(Fault::None), [1, 2, F, F, F, F, 3, F]);
        assert_eq!(wrote(Fault::Drop(1)), [1, F, F, F, F, F, 3, F]);
        assert_eq!(wrote(Fault::Misplace(1)), [1, F, 2, F, F, F, 3, F]);
        assert_eq!(wrote(Fault::Swap(0)), [2, 1, F, F, F, F, 3, F]);
        assert_eq!(wrote(Fault::Refuse(0, Errno::IO)), [F, 2, F, F, F, F, 3, F]);
        assert_eq!(wrote(Fault::FakeLost(1024)), [1, 2, F, F, F, F, F, F]);
        assert_eq!(wrote(Fault::FakeRefuse(1024)), [1, 2, F, F, F, F, F, F]);
        assert_eq!(wrote(Fault::FakeWrap(2048)), [1, 2, 3, F, F, F, F, F]);
    }
}
