//! A whole repair in QEMU, with every write and flush that reached stick and disk on record
//! (`blklogwrites`), cut everywhere.
//!
//! Other tests cut what `mend` hands to the kernel; here is what the kernel hands to the devices. The two
//! records have no order between them. It follows from what `mend` waits for: the journal's body, then the
//! free blocks of the disk, then the table that says *prepared*, then the blocks in use, then *done*. That each
//! part ended with a flush before the next began is what is looked at.

use anyhow::{Context as _, Result, bail, ensure};
use fs_err as fs;
use mend::journal::Journal;
use mend::journal::recover::recover;
use mend::machine::linux::disks::Partition;
use mend::machine::linux::unlocked::Unlocked;
use mend::machine::linux::volume::{LinuxVolume, Resources};
use mendkit::verify::read_image;
use rescue_stick::journal::{BODIES_OFFSET, JournalHead, SLOT_LENGTH, VolumeIdentity};
use rescue_stick::paths;
use support::block_log::{LoggedEvent, read_block_log};
use support::broken_pc::preset;
use support::crash::state::{State, shown};
use support::crash::{Content, Event, Loss, Medium, Pair, visit_cuts};
use support::inspect::{Volume, verdict};
use support::kit::{Kit, KitSpec};
use support::qemu::{DiskBus, Firmware, MachineSpec, UsbBus};

use crate::rescue::{Bench, check_verdict, require_boots};

/// Random losses that are tried at every prefix.
const SAMPLES: usize = 30;
/// One state in so many is shown to the judges.
const JUDGED: usize = 60;

/// Where the stick's journal lies on its image: offset and length in bytes.
fn journal_range(bench: &Bench) -> Result<(u64, u64)> {
    let mut stick = std::fs::File::open(bench.stick())?;
    let image = read_image(&mut stick)?;
    let journal = image.files.iter().find(|file| file.path == paths::JOURNAL);
    let journal = journal.context("the stick has no journal")?;
    let range = journal.ranges.first().context("an empty journal")?;
    Ok((range.first().byte_offset(), journal.size.0))
}

fn read_journal(bench: &Bench, (start, length): (u64, u64)) -> Result<Vec<u8>> {
    let image = fs::read(bench.stick())?;
    let (start, length) = (usize::try_from(start)?, usize::try_from(length)?);
    Ok(image[start..start + length].to_vec())
}

/// Returns a device's events from `start` on, of `length` bytes; of writes elsewhere only how many there were.
fn part_of(
    events: Vec<LoggedEvent>,
    (start, length): (u64, u64),
    medium: Medium,
) -> (Vec<Event>, usize) {
    let (mut part, mut elsewhere) = (Vec::new(), 0);
    for event in events {
        match event {
            LoggedEvent::Flush => part.push(Event::Flush(medium)),
            LoggedEvent::Write(offset, bytes) if (start..start + length).contains(&offset) => {
                part.push(Event::Write(medium, offset - start, bytes.into()));
            }
            LoggedEvent::Write(..) => elsewhere += 1,
        }
    }
    (part, elsewhere)
}

/// Puts the events of stick and disk into the order in which they must have happened.
fn merge(stick: &[Event], pc: &[Event]) -> Result<Vec<Event>> {
    let is_table = |event: &Event| matches!(event, Event::Write(Medium::Stick, offset, _) if *offset < BODIES_OFFSET);
    let tables: Vec<usize> = (0..stick.len())
        .filter(|at| is_table(&stick[*at]))
        .collect();
    let [.., prepared, done] = tables[..] else {
        bail!(
            "{} writes of the table, expected two at least",
            tables.len()
        );
    };
    let flush = |medium| Event::Flush(medium);
    let is_flush = |event: Option<&Event>| matches!(event, Some(Event::Flush(_)));
    // A flush behind the last write of each part, or the next part might have begun before.
    let ends_flushed = |events: &[Event]| {
        let write = events
            .iter()
            .rposition(|event| matches!(event, Event::Write(..)));
        write.is_none_or(|at| is_flush(events[at..].iter().find(|event| is_flush(Some(event)))))
    };
    let first_flush = pc.iter().position(|event| is_flush(Some(event)));
    let (fresh, used) = pc.split_at(first_flush.context("the disk was never flushed")? + 1);
    for (part, name) in [
        (&stick[..prepared], "the journal's body"),
        (&stick[prepared..done], "the table that says prepared"),
        (&stick[done..], "the table that says done"),
        (used, "the blocks in use"),
    ] {
        ensure!(ends_flushed(part), "{name}: not flushed");
    }
    ensure!(
        !used.is_empty() && fresh.len() > 1,
        "{} and {} events",
        fresh.len(),
        used.len()
    );
    let mut merged = stick[..prepared].to_vec();
    merged.push(flush(Medium::Stick));
    merged.extend_from_slice(fresh);
    merged.extend_from_slice(&stick[prepared..done]);
    merged.push(flush(Medium::Stick));
    merged.extend_from_slice(used);
    merged.extend_from_slice(&stick[done..]);
    Ok(merged)
}

/// The volume as the PC in QEMU knew it.
fn partition(identity: &VolumeIdentity, made: &std::path::Path) -> Partition {
    let told = |text: &String| (!text.is_empty()).then(|| text.clone());
    Partition {
        name: "disk 1, partition 1".into(),
        device: made.to_owned(),
        disk: None,
        start: identity.start,
        length: identity.length,
        disk_model: told(&identity.disk_model),
        disk_serial: told(&identity.disk_serial),
    }
}

/// A repair of a PC whose every write was recorded.
struct Recording {
    before: Pair,
    after: Pair,
    events: Vec<Event>,
    /// The volume before it, and after it.
    volumes: [Volume; 2],
}

impl Recording {
    fn make(bench: &Bench) -> Result<Self> {
        let made = bench.made.volumes.first().context("no volume")?;
        let place = journal_range(bench)?;
        let look = || -> Result<(Volume, Pair)> {
            let volume = Volume::of(bench.pc(), made)?;
            let pair = Pair {
                pc: Content::new(fs::read(volume.path())?),
                stick: Content::new(read_journal(bench, place)?),
            };
            Ok((volume, pair))
        };
        let (volume, before) = look()?;
        let logs = tempfile::tempdir()?;
        let spec = MachineSpec {
            logs: Some(logs.path().to_owned()),
            ..bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide)
        };
        check_verdict(&bench.run(&spec)?, "REPAIRED");
        let (repaired, after) = look()?;
        let read = |name: &str| read_block_log(&logs.path().join(name));
        let range = (made.offset, made.size);
        let (pc, elsewhere) = part_of(read("disk0.log")?, range, Medium::Pc);
        ensure!(elsewhere == 0, "something beside the volume was written");
        let (stick, _) = part_of(read("stick.log")?, place, Medium::Stick);
        Ok(Self {
            before,
            after,
            events: merge(&stick, &pc)?,
            volumes: [volume, repaired],
        })
    }

    /// The records are whole: played back, they lead to what lies there.
    fn check_whole(&self) -> Result<()> {
        let mut end = self.before.clone();
        visit_cuts(&self.before, &self.events, 0, &mut |cut, pair| {
            if cut.after == self.events.len() && matches!(cut.loss, Loss::Nothing) {
                end = pair.clone();
            }
            Ok(())
        })?;
        ensure!(
            end.pc.to_vec() == self.after.pc.to_vec(),
            "the disk has more than its record"
        );
        let (found, expected) = (end.stick.to_vec(), self.after.stick.to_vec());
        ensure!(found == expected, "the journal has more than its record");
        Ok(())
    }

    /// Returns which volume the repair was of, as the journal says it.
    fn identity(&self) -> Result<VolumeIdentity> {
        let journal = self.after.stick.to_vec();
        let slots = [&journal[..SLOT_LENGTH], &journal[4096..4096 + SLOT_LENGTH]];
        let (head, _) = JournalHead::choose(slots[0], slots[1])?;
        Ok(head.commits.last().context("no commit")?.volume.clone())
    }
}

#[test]
fn power_may_go_at_any_write_that_reaches_stick_and_disk() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &preset("xp-mcafee-5958-missing")?)?;
    let recording = Recording::make(&bench)?;
    recording.check_whole()?;
    let [volume, repaired] = &recording.volumes;
    let states = [
        State::of(volume, &recording.before.pc)?,
        State::of(repaired, &recording.after.pc)?,
    ];
    let partition = partition(&recording.identity()?, volume.path());
    let work = tempfile::tempdir()?;
    let (mut sides, mut judged) = ([0_usize; 2], 0_usize);
    let events = &recording.events;
    let points = visit_cuts(&recording.before, events, SAMPLES, &mut |cut, pair| {
        let powered = pair.start();
        let journal = Journal::open(Box::new(powered.stick.clone()))?;
        let resources = Resources {
            journal: None,
            scratch: None,
            work: work.path().to_owned(),
            unlocked: Unlocked::default(),
            proof: mend::stick::proof::StickProof::over(),
        };
        let device = Box::new(powered.pc.clone());
        let target = LinuxVolume::examine_on(device, partition.clone(), resources);
        recover(&journal, &[&target])?;
        let found = powered.pair().pc;
        let side = states
            .iter()
            .position(|state| state.difference(&found).is_none());
        let side = side.with_context(|| format!("{cut:?}: neither as before nor as repaired"))?;
        sides[side] += 1;
        if sides[side] == 1 || (sides[0] + sides[1]).is_multiple_of(JUDGED) {
            judged += 1;
            shown(volume, &found, || {
                volume.is_sound()?;
                let told = verdict(volume)?;
                ensure!(told.repaired == (side == 1), "{told:?}");
                Ok(())
            })?;
        }
        Ok(())
    })?;
    print_points(points, events, sides, judged);
    assert!(sides.iter().all(|count| *count > 0), "{sides:?}");
    Ok(())
}

#[expect(
    clippy::print_stdout,
    reason = "the number of crash points is a result"
)]
fn print_points(points: usize, events: &[Event], sides: [usize; 2], judged: usize) {
    let count = |medium| {
        let of = |event: &&Event| matches!(event, Event::Write(found, ..) if *found == medium);
        events.iter().filter(of).count()
    };
    println!(
        "recorded by blklogwrites: {points} crash points over {} writes of the disk and {} of the stick's \
         journal; {} led back and {} on, {judged} judged",
        count(Medium::Pc),
        count(Medium::Stick),
        sides[0],
        sides[1]
    );
}
