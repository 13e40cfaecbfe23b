//! Power cuts at every write of commit, recover and undo, in process.
#![expect(clippy::as_conversions, reason = "small numbers made up by the tests")]
#![expect(
    clippy::print_stdout,
    reason = "the number of crash points is a result"
)]

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};

use super::commit::{CommitError, commit};
use super::recover::{RecoverOutcome, recover};
use super::undo::{UndoError, undo};
use super::*;
use crate::machine::CommitLabel;
use crate::overlay::Overlay;

/// What survives a power cut, and what may not.
#[derive(Clone, Debug, Default)]
struct Medium {
    durable: Vec<u8>,
    /// Written and not flushed, in order, one sector each.
    pending: Vec<(usize, Vec<u8>)>,
}

/// Counts the writes and flushes that are left before the power goes.
#[derive(Debug, Default)]
struct Power {
    done: usize,
    cut_at: Option<usize>,
    /// Whether the cut is a fault of our own instead: it panics, and what was written stays.
    panics: bool,
}

/// An area in memory whose power can be cut.
#[derive(Clone, Debug)]
pub(crate) struct MemoryArea {
    medium: Arc<Mutex<Medium>>,
    power: Arc<Mutex<Power>>,
}

impl MemoryArea {
    pub(crate) fn new(content: Vec<u8>) -> Self {
        Self::powered(content, &Arc::default())
    }

    fn powered(content: Vec<u8>, power: &Arc<Mutex<Power>>) -> Self {
        let medium = Medium {
            durable: content,
            pending: Vec::new(),
        };
        Self {
            medium: Arc::new(Mutex::new(medium)),
            power: Arc::clone(power),
        }
    }

    fn step(&self) -> io::Result<()> {
        let mut power = self.power.lock().unwrap();
        if power.cut_at == Some(power.done) {
            let panics = power.panics;
            // A panic that holds the lock would poison it for those who look afterwards.
            drop(power);
            assert!(!panics, "a fault on purpose");
            return Err(io::Error::other("power is gone"));
        }
        power.done += 1;
        Ok(())
    }

    fn content(&self) -> Vec<u8> {
        let medium = self.medium.lock().unwrap();
        let mut content = medium.durable.clone();
        for (offset, sector) in &medium.pending {
            content[*offset..offset + sector.len()].copy_from_slice(sector);
        }
        content
    }

    /// Returns what is left on the medium if only the sectors that `keep` says reached it.
    fn after_cut(&self, keep: &mut dyn FnMut() -> bool) -> Vec<u8> {
        let medium = self.medium.lock().unwrap();
        let mut content = medium.durable.clone();
        for (offset, sector) in &medium.pending {
            if keep() {
                content[*offset..offset + sector.len()].copy_from_slice(sector);
            }
        }
        content
    }
}

impl Area for MemoryArea {
    fn len(&self) -> u64 {
        self.medium.lock().unwrap().durable.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        crate::area::check_range(offset, buffer.len(), self.len())?;
        let start = offset as usize;
        let medium = self.medium.lock().unwrap();
        buffer.copy_from_slice(&medium.durable[start..start + buffer.len()]);
        for (place, sector) in &medium.pending {
            for (index, byte) in sector.iter().enumerate() {
                let position = (place + index).checked_sub(start);
                if let Some(target) = position.and_then(|position| buffer.get_mut(position)) {
                    *target = *byte;
                }
            }
        }
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        crate::area::check_range(offset, bytes.len(), self.len())?;
        self.step()?;
        let mut position = offset as usize;
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = rest.len().min(512 - position % 512);
            let (sector, others) = rest.split_at(length);
            let mut medium = self.medium.lock().unwrap();
            medium.pending.push((position, sector.to_vec()));
            (position, rest) = (position + length, others);
        }
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        self.step()?;
        let content = self.content();
        let mut medium = self.medium.lock().unwrap();
        medium.durable = content;
        medium.pending.clear();
        Ok(())
    }
}

const BLOCKS: usize = 24;
const LENGTH: usize = BLOCKS * 4096 + 512;
/// Blocks of the volume that nothing refers to.
const FREE: [u64; 2] = [8, 9];
/// Blocks of the volume that are its `$LogFile`.
const LOG: std::ops::Range<u64> = 12..16;

/// Where the volume is marked for a check.
const MARK_OFFSET: u64 = 18 * 4096 + 40;
const MARK: [u8; 2] = *b"!!";

/// A volume in memory.
struct MemoryVolume(MemoryArea, bool);

impl Target for MemoryVolume {
    fn identity(&self) -> VolumeIdentity {
        VolumeIdentity {
            disk_model:
                "A disk whose model name is longer than the sixty-four bytes that the table has"
                    .into(),
            disk_serial: "S1".into(),
            start: 32256,
            length: self.0.len(),
            serial: 77,
        }
    }

    fn is_asleep(&self) -> bool {
        self.1
    }

    fn open(&self) -> io::Result<Box<dyn Area>> {
        Ok(Box::new(self.0.clone()))
    }

    fn open_for_writing(&self) -> io::Result<Box<dyn Area>> {
        Ok(Box::new(self.0.clone()))
    }

    fn allocation<'a>(&self, _: &'a dyn Area) -> io::Result<Box<dyn Allocation + 'a>> {
        Ok(Box::new(FixedAllocation))
    }

    fn check_marks(&self, _: &dyn Area) -> io::Result<Vec<(u64, Vec<u8>)>> {
        Ok(vec![(MARK_OFFSET, MARK.to_vec())])
    }
}

struct FixedAllocation;

impl Allocation for FixedAllocation {
    fn is_free(&mut self, offset: u64, _: u64) -> io::Result<bool> {
        Ok(FREE.contains(&(offset / 4096)))
    }

    fn is_log(&self, offset: u64, _: u64) -> bool {
        LOG.contains(&(offset / 4096))
    }
}

/// A stick and a volume on one power supply.
struct Bench {
    power: Arc<Mutex<Power>>,
    stick: MemoryArea,
    volume: MemoryVolume,
}

impl Bench {
    fn new(stick: Vec<u8>, volume: Vec<u8>) -> Self {
        let power = Arc::default();
        Self {
            stick: MemoryArea::powered(stick, &power),
            volume: MemoryVolume(MemoryArea::powered(volume, &power), false),
            power,
        }
    }

    fn fresh() -> Self {
        let mut stick = vec![0xD1; 256 * 1024];
        stick[..4096].copy_from_slice(&rescue_stick::journal::empty_head([3; 16]));
        Self::new(stick, volume_before())
    }

    fn journal(&self) -> Journal {
        Journal::open(Box::new(self.stick.clone())).unwrap()
    }

    fn commit(&self, change: &dyn Fn(&mut Overlay)) -> Result<u64, CommitError> {
        let origin = Box::new(MemoryArea::new(self.volume.0.content()));
        let mut overlay = Overlay::new(origin, 1 << 20, None);
        change(&mut overlay);
        let label = CommitLabel {
            run: "run-1".into(),
            computer: "OPTIPLEX".into(),
        };
        commit(&self.journal(), &self.volume, &label, &overlay)
            .map(|committed| committed.changed_bytes)
    }

    fn recover(&self) -> Result<Vec<RecoverOutcome>, JournalError> {
        let recovered = recover(&self.journal(), &[&self.volume])?;
        Ok(recovered.into_iter().map(|one| one.outcome).collect())
    }

    fn undo(&self) -> Result<usize, UndoError> {
        undo(&self.journal(), &[&self.volume]).map(|commits| commits.len())
    }

    fn steps(&self) -> usize {
        self.power.lock().unwrap().done
    }

    /// Cuts the power at step `cut_at`, runs `work`, and returns what a new start finds.
    fn cut(&self, cut_at: usize, seed: u64, work: &dyn Fn(&Self)) -> Self {
        self.power.lock().unwrap().cut_at = Some(self.steps() + cut_at);
        work(self);
        let mut random = Random(seed);
        // Seed 0 loses nothing, seed 1 everything that was not flushed, others a part of it.
        let mut keep = || seed == 0 || (seed > 1 && random.next().is_multiple_of(2));
        let stick = self.stick.after_cut(&mut keep);
        Self::new(stick, self.volume.0.after_cut(&mut keep))
    }
}

/// A small generator, so that every run drops the same writes. Xorshift, Marsaglia 2003.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 8
    }
}

fn volume_before() -> Vec<u8> {
    (0..LENGTH).map(|n| (n / 5 + n / 4096) as u8).collect()
}

fn change(overlay: &mut Overlay) {
    overlay.write_at(100, b"boot").unwrap();
    overlay.write_at(3 * 4096, &[9; 6000]).unwrap();
    overlay.write_at(8 * 4096, &[5; 8192]).unwrap();
    overlay.write_at(8 * 4096 + 7, b"new file").unwrap();
    overlay.write_at(12 * 4096, &[0xFF; 16384]).unwrap();
    overlay.write_at(LENGTH as u64 - 4, b"tail").unwrap();
    overlay.write_at(MARK_OFFSET, &MARK).unwrap();
    // Written and yet the same: must not count.
    let same = volume_before()[20 * 4096..20 * 4096 + 10].to_vec();
    overlay.write_at(20 * 4096, &same).unwrap();
}

fn volume_after() -> Vec<u8> {
    let mut overlay = Overlay::new(Box::new(MemoryArea::new(volume_before())), 1 << 20, None);
    change(&mut overlay);
    let mut after = vec![0; LENGTH];
    overlay.read_at(0, &mut after).unwrap();
    after
}

/// Compares what is in use, which leaves out free blocks and, if asked, the file system's journal.
fn is_same(left: &[u8], right: &[u8], with_log: bool) -> bool {
    let blocks = left.chunks(4096).zip(right.chunks(4096)).zip(0_u64..);
    // The mark for a check may be there or not.
    let is_marked_block = |number| number == MARK_OFFSET / 4096;
    let is_same_but_mark = |left: &[u8], right: &[u8]| {
        let mut left = left.to_vec();
        left[40..42].copy_from_slice(&right[40..42]);
        left == right
    };
    left.len() == right.len()
        && blocks
            .filter(|(_, number)| !FREE.contains(number) && (with_log || !LOG.contains(number)))
            .all(|((left, right), number)| {
                left == right || (is_marked_block(number) && is_same_but_mark(left, right))
            })
}

#[test]
fn commit_then_undo_leaves_the_volume_as_it_was() {
    let bench = Bench::fresh();
    assert_eq!(bench.commit(&change).unwrap(), 10 * 4096 + 512);
    assert!(bench.volume.0.content() == volume_after());
    assert_eq!(bench.recover().unwrap(), []);
    assert_eq!(bench.undo().unwrap(), 1);
    assert!(is_same(&bench.volume.0.content(), &volume_before(), false));
    let again = bench.undo().unwrap_err().to_string();
    assert_eq!(again, "the repair run-1 has already been taken back");
}

#[test]
fn power_cut_at_every_write_of_a_commit_leaves_before_or_after() {
    let whole = Bench::fresh();
    whole.commit(&change).unwrap();
    let (steps, mut points, mut states) = (whole.steps(), 0, BTreeSet::new());
    for cut_at in 0..steps {
        for seed in 0..12 {
            let started = Bench::fresh();
            // Once the disk is complete, a stick that takes no mark is no fault of the repair.
            let found = started.cut(cut_at, seed, &|bench| drop(bench.commit(&change)));
            let outcomes = found.recover().unwrap();
            let content = found.volume.0.content();
            let is_after = content == volume_after();
            let is_before = is_same(&content, &volume_before(), true);
            assert!(is_before || is_after, "cut at {cut_at}, seed {seed}");
            assert!(
                outcomes.is_empty() || is_after,
                "cut at {cut_at}, seed {seed}"
            );
            states.insert(is_after);
            points += 1;
        }
    }
    assert_eq!(states.len(), 2, "both outcomes were seen");
    println!("commit: {points} crash points over {steps} writes and flushes");
}

#[test]
fn a_fault_of_our_own_at_every_write_of_a_commit_leaves_a_journal_that_finishes_it() {
    let whole = Bench::fresh();
    whole.commit(&change).unwrap();
    let mut states = BTreeSet::new();
    for fault_at in 0..whole.steps() {
        let started = Bench::fresh();
        started.power.lock().unwrap().panics = true;
        let found = started.cut(fault_at, 0, &|bench| {
            let work = std::panic::AssertUnwindSafe(|| drop(bench.commit(&change)));
            assert!(
                std::panic::catch_unwind(work).is_err(),
                "fault at {fault_at}"
            );
        });
        found.recover().unwrap();
        let content = found.volume.0.content();
        let is_after = content == volume_after();
        let is_before = is_same(&content, &volume_before(), true);
        assert!(is_before || is_after, "fault at {fault_at}");
        states.insert(is_after);
    }
    assert_eq!(states.len(), 2, "both outcomes were seen");
}

#[test]
fn power_cut_at_every_write_of_an_undo_is_finished_by_the_next_start() {
    let whole = Bench::fresh();
    whole.commit(&change).unwrap();
    let before_undo = whole.steps();
    whole.undo().unwrap();
    let (steps, mut points) = (whole.steps() - before_undo, 0);
    for cut_at in 0..steps {
        for seed in 0..12 {
            let started = Bench::fresh();
            started.commit(&change).unwrap();
            let found = started.cut(cut_at, seed, &|bench| {
                bench.undo().unwrap_err();
            });
            let outcomes = found.recover().unwrap();
            let content = found.volume.0.content();
            let is_before = is_same(&content, &volume_before(), false);
            let is_after = content == volume_after();
            assert!(is_before || is_after, "cut at {cut_at}, seed {seed}");
            assert!(
                outcomes.is_empty() || is_before,
                "cut at {cut_at}, seed {seed}"
            );
            points += 1;
        }
    }
    println!("undo: {points} crash points over {steps} writes and flushes");
}

#[test]
fn power_cut_during_recovery_is_recovered_too() {
    let whole = Bench::fresh();
    whole.commit(&change).unwrap();
    let commit_steps = whole.steps();
    let mut points = 0;
    for cut_at in 0..commit_steps {
        let cut = |seed| Bench::fresh().cut(cut_at, seed, &|bench| drop(bench.commit(&change)));
        let probe = cut(cut_at as u64 + 2);
        probe.recover().unwrap();
        for second in 0..probe.steps() {
            let found = cut(cut_at as u64 + 2).cut(second, second as u64 + 5, &|bench| {
                bench.recover().unwrap_err();
            });
            found.recover().unwrap();
            assert!(
                found.volume.0.content() == volume_after(),
                "{cut_at} {second}"
            );
            points += 1;
        }
    }
    assert!(points > 20, "{points}");
    println!("recover: {points} crash points");
}

#[test]
fn a_volume_changed_by_windows_is_neither_finished_nor_taken_back() {
    let bench = Bench::fresh();
    bench.commit(&change).unwrap();
    bench.volume.0.write_at(200, b"Windows").unwrap();
    let message = bench.undo().unwrap_err();
    assert!(matches!(message, UndoError::Changed { .. }), "{message}");

    let cut_after_head = (0..100)
        .map(|cut_at| Bench::fresh().cut(cut_at, 0, &|bench| drop(bench.commit(&change))))
        .find(|found| !found.journal().commits().is_empty())
        .unwrap();
    cut_after_head.volume.0.write_at(200, b"Windows").unwrap();
    let changed = cut_after_head.volume.0.content();
    let outcomes = cut_after_head.recover().unwrap();
    assert_eq!(outcomes, [RecoverOutcome::Abandoned]);
    assert!(cut_after_head.volume.0.content() == changed);
    assert_eq!(cut_after_head.recover().unwrap(), []);
}

#[test]
fn an_unfinished_commit_of_another_pc_is_left_alone() {
    let steps = {
        let whole = Bench::fresh();
        whole.commit(&change).unwrap();
        whole.steps()
    };
    let found = Bench::fresh().cut(steps - 1, 1, &|bench| drop(bench.commit(&change)));
    let recovered = recover(&found.journal(), &[]).unwrap();
    assert_eq!(recovered[0].outcome, RecoverOutcome::NotHere);
    assert!(recovered[0].words().contains("OPTIPLEX"));
    assert!(matches!(
        undo(&found.journal(), &[]),
        Err(UndoError::Nothing)
    ));
    assert_eq!(found.recover().unwrap(), [RecoverOutcome::Finished]);
    assert!(found.volume.0.content() == volume_after());
}

/// The volume of a bench as it is before it is unlocked: at its place, with nothing to be read.
struct LockedVolume<'a>(&'a MemoryVolume);

impl Target for LockedVolume<'_> {
    fn identity(&self) -> VolumeIdentity {
        VolumeIdentity {
            serial: 0,
            ..self.0.identity()
        }
    }

    fn is_asleep(&self) -> bool {
        false
    }

    fn is_locked(&self) -> bool {
        true
    }

    fn open(&self) -> io::Result<Box<dyn Area>> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn open_for_writing(&self) -> io::Result<Box<dyn Area>> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn allocation<'a>(&self, _: &'a dyn Area) -> io::Result<Box<dyn Allocation + 'a>> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn check_marks(&self, _: &dyn Area) -> io::Result<Vec<(u64, Vec<u8>)>> {
        Ok(Vec::new())
    }
}

#[test]
fn an_unfinished_commit_behind_a_lock_waits_for_the_key() {
    let steps = {
        let whole = Bench::fresh();
        whole.commit(&change).unwrap();
        whole.steps()
    };
    let found = Bench::fresh().cut(steps - 1, 1, &|bench| drop(bench.commit(&change)));
    let locked = LockedVolume(&found.volume);
    let recovered = recover(&found.journal(), &[&locked]).unwrap();
    assert_eq!(recovered[0].outcome, RecoverOutcome::Locked);
    assert!(
        recovered[0]
            .words()
            .contains("start again with its recovery key")
    );
    // Unlocked, it is the same volume as before.
    assert_eq!(found.recover().unwrap(), [RecoverOutcome::Finished]);
    assert!(found.volume.0.content() == volume_after());
}

#[test]
fn a_broken_middle_is_an_error_and_nothing_is_written() {
    let steps = {
        let whole = Bench::fresh();
        whole.commit(&change).unwrap();
        whole.steps()
    };
    let found = Bench::fresh().cut(steps - 2, 1, &|bench| drop(bench.commit(&change)));
    let before = found.volume.0.content();
    found.stick.write_at(BODIES_OFFSET + 5000, b"rot").unwrap();
    let message = found.recover().unwrap_err().to_string();
    assert!(
        message.starts_with("journal body of run run-1 at 0x2000: SHA-256 is "),
        "{message}"
    );
    assert!(found.volume.0.content() == before);
}

#[test]
fn oldest_finished_commits_make_room_and_unfinished_ones_stay() {
    let mut stick = vec![0; BODIES_OFFSET as usize + 40_000];
    stick[..4096].copy_from_slice(&rescue_stick::journal::empty_head([3; 16]));
    let bench = Bench::new(stick.clone(), volume_before());
    for round in 0..30_u8 {
        let write = |overlay: &mut Overlay| overlay.write_at(0, &[round, 1]).unwrap();
        bench.commit(&write).unwrap();
    }
    assert_eq!(bench.journal().commits().len(), 4);
    assert_eq!(bench.undo().unwrap(), 4, "all four are of one run");
    assert_eq!(bench.volume.0.content()[0], 25);

    let small = Bench::new(stick, volume_before());
    let before = small.volume.0.content();
    let too_much = |overlay: &mut Overlay| overlay.write_at(0, &[7; 5 * 4096]).unwrap();
    let message = small.commit(&too_much).unwrap_err().to_string();
    let expect = "the change needs 41280 bytes of the stick's journal, 40000 are free";
    assert_eq!(message, expect);
    assert_eq!(
        (small.steps(), small.volume.0.content() == before),
        (0, true)
    );
}

#[test]
fn a_volume_on_which_windows_sleeps_is_not_taken_back() {
    let mut bench = Bench::fresh();
    bench.commit(&change).unwrap();
    bench.volume.1 = true;
    assert!(matches!(bench.undo(), Err(UndoError::Changed { .. })));
    assert!(bench.volume.0.content() == volume_after());
}

#[test]
fn a_change_of_free_blocks_alone_needs_no_journal() {
    let bench = Bench::fresh();
    let fresh = |overlay: &mut Overlay| overlay.write_at(8 * 4096, b"x").unwrap();
    assert_eq!(bench.commit(&fresh).unwrap(), 4096);
    assert!(bench.journal().commits().is_empty());
}

#[test]
fn nothing_changed_writes_nothing() {
    let bench = Bench::fresh();
    assert_eq!(bench.commit(&|_| {}).unwrap(), 0);
    assert_eq!(bench.steps(), 0);
}
