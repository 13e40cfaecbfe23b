//! A PC's volume and a stick's journal whose every write is recorded, and the states in which a power cut
//! may leave them.
//!
//! The model: what was written before the last flush of a medium is there. Of what was written since, any
//! subset may be there, by writes or by single sectors; a sector is whole or not written at all. The two
//! media lose independently of each other.
//!
//! States are sectors over a base that is shared, so that thousands of them cost little.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use mend::area::{Area, check_range};
use mend::machine::linux::device::BlockDevice;

use crate::random::Random;

pub mod state;

/// Bytes that are written whole or not at all.
pub const SECTOR: usize = 512;

/// One of the two media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// The PC's volume.
    Pc,
    /// The stick's journal.
    Stick,
}

/// What a medium was told.
#[derive(Clone, Debug)]
pub enum Event {
    /// Bytes for an offset.
    Write(Medium, u64, Arc<[u8]>),
    /// Everything so far is to be durable.
    Flush(Medium),
}

/// What lies on a medium.
#[derive(Clone, Debug)]
pub struct Content {
    base: Arc<Vec<u8>>,
    sectors: BTreeMap<u64, [u8; SECTOR]>,
}

/// What lies on both.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The PC's volume.
    pub pc: Content,
    /// The stick's journal.
    pub stick: Content,
}

/// Both media under power.
#[derive(Clone, Debug)]
pub struct Powered {
    /// The PC's volume.
    pub pc: Device,
    /// The stick's journal.
    pub stick: Device,
    tape: Arc<Mutex<Vec<Event>>>,
}

/// A medium that records what it is told, and fails when it is to.
#[derive(Clone, Debug)]
pub struct Device {
    medium: Medium,
    content: Arc<Mutex<Content>>,
    tape: Arc<Mutex<Vec<Event>>>,
    /// Writes and flushes that it still takes; `None` for all.
    patience: Arc<Mutex<Option<usize>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn number_of(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

impl Content {
    /// Starts with these bytes, a whole number of sectors.
    pub fn new(base: Vec<u8>) -> Self {
        Self {
            base: Arc::new(base),
            sectors: BTreeMap::new(),
        }
    }

    /// Returns the length in bytes.
    pub fn length(&self) -> u64 {
        number_of(self.base.len())
    }

    /// Returns all bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.base.len()];
        self.read(0, &mut bytes);
        bytes
    }

    /// Returns every sector that was written, by number.
    pub fn written(&self) -> impl Iterator<Item = (u64, &[u8; SECTOR])> {
        self.sectors.iter().map(|(number, bytes)| (*number, bytes))
    }

    /// Returns a sector.
    pub fn sector(&self, number: u64) -> &[u8] {
        match self.sectors.get(&number) {
            Some(bytes) => bytes,
            None => self.base_sector(number),
        }
    }

    /// Returns a sector as it was before anything was written.
    pub fn base_sector(&self, number: u64) -> &[u8] {
        let start = usize::try_from(number).unwrap_or(0) * SECTOR;
        &self.base[start..start + SECTOR]
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) {
        let start = usize::try_from(offset).unwrap_or(0);
        buffer.copy_from_slice(&self.base[start..start + buffer.len()]);
        let (first, end) = (start / SECTOR, (start + buffer.len()).div_ceil(SECTOR));
        for (number, bytes) in self.sectors.range(number_of(first)..number_of(end)) {
            let at = usize::try_from(*number).unwrap_or(0) * SECTOR;
            let (from, to) = (at.max(start), (at + SECTOR).min(start + buffer.len()));
            buffer[from - start..to - start].copy_from_slice(&bytes[from - at..to - at]);
        }
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) {
        let start = usize::try_from(offset).unwrap_or(0);
        for (range, at) in sectors_of(start, bytes.len()) {
            let number = number_of(at / SECTOR);
            let mut sector = [0; SECTOR];
            sector.copy_from_slice(self.sector(number));
            let within = at % SECTOR;
            sector[within..within + range.len()].copy_from_slice(&bytes[range]);
            self.sectors.insert(number, sector);
        }
    }

    /// Returns the number of the first sector in which the two differ, of those that `counts`.
    pub fn first_difference(&self, other: &Self, counts: &dyn Fn(u64) -> bool) -> Option<u64> {
        let mine = self.sectors.keys();
        let numbers = mine.chain(other.sectors.keys());
        let differs = |number: &u64| self.sector(*number) != other.sector(*number);
        numbers
            .copied()
            .filter(|number| counts(*number) && differs(number))
            .min()
    }
}

/// Splits a write at the borders of sectors: the part of its bytes, and where that begins.
fn sectors_of(
    start: usize,
    length: usize,
) -> impl Iterator<Item = (std::ops::Range<usize>, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let left = length.checked_sub(done).filter(|left| *left > 0)?;
        let at = start + done;
        let here = (SECTOR - at % SECTOR).min(left);
        let range = done..done + here;
        done += here;
        Some((range, at))
    })
}

impl Pair {
    /// Switches the power on.
    pub fn start(&self) -> Powered {
        let tape = Arc::default();
        Powered {
            pc: Device::new(Medium::Pc, &self.pc, &tape),
            stick: Device::new(Medium::Stick, &self.stick, &tape),
            tape,
        }
    }

    fn medium(&mut self, medium: Medium) -> &mut Content {
        match medium {
            Medium::Pc => &mut self.pc,
            Medium::Stick => &mut self.stick,
        }
    }
}

impl Powered {
    /// Returns what lies on both when everything that was written arrives.
    pub fn pair(&self) -> Pair {
        Pair {
            pc: lock(&self.pc.content).clone(),
            stick: lock(&self.stick.content).clone(),
        }
    }

    /// Returns what both were told, in order.
    pub fn events(&self) -> Vec<Event> {
        lock(&self.tape).clone()
    }
}

impl Device {
    fn new(medium: Medium, content: &Content, tape: &Arc<Mutex<Vec<Event>>>) -> Self {
        Self {
            medium,
            content: Arc::new(Mutex::new(content.clone())),
            tape: Arc::clone(tape),
            patience: Arc::default(),
        }
    }

    /// Lets every write and flush fail after `count` more.
    pub fn fail_after(&self, count: usize) {
        *lock(&self.patience) = Some(count);
    }

    fn step(&self) -> io::Result<()> {
        match &mut *lock(&self.patience) {
            None => Ok(()),
            // EIO, as the kernel says it of a stick that was pulled out.
            Some(0) => Err(io::Error::from_raw_os_error(5)),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}

impl Area for Device {
    fn len(&self) -> u64 {
        lock(&self.content).length()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        check_range(offset, buffer.len(), self.len())?;
        lock(&self.content).read(offset, buffer);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        check_range(offset, bytes.len(), self.len())?;
        self.step()?;
        lock(&self.content).write(offset, bytes);
        lock(&self.tape).push(Event::Write(self.medium, offset, bytes.into()));
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        self.step()?;
        lock(&self.tape).push(Event::Flush(self.medium));
        Ok(())
    }
}

impl BlockDevice for Device {
    fn open(&self) -> io::Result<Box<dyn Area>> {
        Ok(Box::new(self.clone()))
    }

    fn open_for_writing(&self) -> io::Result<Box<dyn Area>> {
        Ok(Box::new(self.clone()))
    }
}

/// A power cut.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// Events that had happened.
    pub after: usize,
    /// What of the unflushed writes was lost.
    pub loss: Loss,
}

/// What of the unflushed writes is lost.
#[derive(Clone, Copy, Debug)]
pub enum Loss {
    /// Nothing: the prefix itself.
    Nothing,
    /// Everything.
    Everything,
    /// Of the last write everything but its first sector.
    TornAfterOneSector,
    /// The first sector of the last write.
    FirstSector,
    /// A random set of writes.
    Writes,
    /// A random set of sectors.
    Sectors,
}

/// Calls `visit` with the state after every prefix of `events` and every loss, `samples` times where it is
/// random. Returns how many states those were.
pub fn visit_cuts(
    before: &Pair,
    events: &[Event],
    samples: usize,
    visit: &mut dyn FnMut(Cut, &Pair) -> Result<()>,
) -> Result<usize> {
    let mut random = Random::from_text("power cuts");
    let mut durable = before.clone();
    let mut pending: Vec<(Medium, u64, Arc<[u8]>)> = Vec::new();
    let mut count = 0;
    for after in 0..=events.len() {
        let mut losses = vec![Loss::Nothing];
        if !pending.is_empty() {
            losses.extend([
                Loss::Everything,
                Loss::TornAfterOneSector,
                Loss::FirstSector,
            ]);
            for sample in 0..samples {
                losses.push([Loss::Writes, Loss::Sectors][sample % 2]);
            }
        }
        for loss in losses {
            let mut state = durable.clone();
            for (index, write) in pending.iter().enumerate() {
                let is_last = index + 1 == pending.len();
                apply_partly(&mut state, write, is_last, loss, &mut random);
            }
            visit(Cut { after, loss }, &state)?;
            count += 1;
        }
        match events.get(after) {
            Some(Event::Write(medium, offset, bytes)) => {
                pending.push((*medium, *offset, Arc::clone(bytes)));
            }
            Some(Event::Flush(flushed)) => {
                for (medium, offset, bytes) in &pending {
                    if medium == flushed {
                        durable.medium(*medium).write(*offset, bytes);
                    }
                }
                pending.retain(|(medium, _, _)| medium != flushed);
            }
            None => {}
        }
    }
    Ok(count)
}

fn apply_partly(
    state: &mut Pair,
    (medium, offset, bytes): &(Medium, u64, Arc<[u8]>),
    is_last: bool,
    loss: Loss,
    random: &mut Random,
) {
    let content = state.medium(*medium);
    let mut coin = || random.next_number().is_multiple_of(2);
    let is_whole = match loss {
        Loss::Nothing => true,
        Loss::Everything => false,
        Loss::Writes => coin(),
        Loss::TornAfterOneSector | Loss::FirstSector => !is_last,
        Loss::Sectors => false,
    };
    if is_whole {
        content.write(*offset, bytes);
        return;
    }
    let start = usize::try_from(*offset).unwrap_or(0);
    for (number, (range, at)) in sectors_of(start, bytes.len()).enumerate() {
        let arrives = match loss {
            Loss::TornAfterOneSector => number == 0,
            Loss::FirstSector => number != 0,
            Loss::Sectors => coin(),
            Loss::Nothing | Loss::Everything | Loss::Writes => false,
        };
        if arrives {
            content.write(number_of(at), &bytes[range]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_flushed_stays_and_the_rest_may_go() -> Result<()> {
        let before = Pair {
            pc: Content::new(vec![0; 4096]),
            stick: Content::new(vec![0; 4096]),
        };
        let powered = before.start();
        powered.pc.write_at(500, &[1; 1000])?;
        powered.stick.flush()?;
        powered.pc.flush()?;
        powered.pc.write_at(0, &[2; 10])?;
        let mut seen = Vec::new();
        let count = visit_cuts(&before, &powered.events(), 2, &mut |cut, pair| {
            let mut byte = [0; 2];
            pair.pc.read(0, &mut byte[..1]);
            pair.pc.read(1200, &mut byte[1..]);
            seen.push((cut.after, byte));
            Ok(())
        })?;
        // Two states without pending writes, and thrice six with.
        assert_eq!((count, seen.len()), (20, 20));
        assert!(seen.contains(&(2, [0, 0])), "a flush of the other medium");
        assert!(seen.iter().all(|(after, byte)| *after < 3 || byte[1] == 1));
        assert!(seen.contains(&(4, [0, 1])) && seen.contains(&(4, [2, 1])));
        powered.pc.fail_after(1);
        powered.pc.flush()?;
        assert!(powered.pc.write_at(0, &[1]).is_err());
        Ok(())
    }
}
