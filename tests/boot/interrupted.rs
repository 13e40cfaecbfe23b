//! A repair that lost its power between two blocks is finished before anything else happens.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use anyhow::{Context as _, Result, ensure};
use mendkit::verify::read_image;
use rescue_stick::journal::{CommitState, JournalHead, SLOT_LENGTH};
use rescue_stick::paths;
use support::broken_pc::{PcSpec, WindowsSpec};
use support::kit::{Kit, KitSpec};
use support::qemu::{DiskBus, Firmware, UsbBus};

use crate::rescue::{Bench, check_verdict, require_boots};

#[test]
fn an_interrupted_repair_is_finished_at_the_next_start() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let spec = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    check_verdict(&bench.run(&spec)?, "REPAIRED");
    let repaired = bench.pc_digest()?;
    let (first, _) = bench.report(&kit)?;

    let taken_back = interrupt_plain(&bench)?;
    assert!(taken_back > 4, "only {taken_back} blocks were taken back");
    assert_ne!(bench.pc_digest()?, repaired);

    let log = bench.run(&spec)?;
    assert!(log.contains("mend: recovered finished"), "{log}");
    check_verdict(&log, "HEALTHY");
    assert_eq!(bench.pc_digest()?, repaired, "{log}");
    let (report, text) = bench.report(&kit)?;
    let notes = report.notes.join(" ");
    assert!(notes.contains(&first.run), "{text}");
    bench.check_repaired()
}

/// Interrupts the repair of a disk that nobody has locked.
pub(crate) fn interrupt_plain(bench: &Bench) -> Result<usize> {
    let disk = File::options().write(true).open(bench.pc())?;
    interrupt(bench, &mut |volume, offset, undo| {
        Ok(disk.write_all_at(undo, volume + offset)?)
    })
}

/// Writes a block as it was before: the byte on the disk where its volume begins, its offset there, its content.
pub(crate) type TakeBack<'t> = dyn FnMut(u64, u64, &[u8]) -> Result<()> + 't;

/// Brings stick and disk into the state of a power cut in the middle of a commit: the journal is
/// complete, and of its blocks every second one is on the disk, since `take_back` was asked to write the others.
/// Returns how many those are.
///
/// Reads the journal by the drawing in its format's documentation, not by `mend`'s own reader.
pub(crate) fn interrupt(bench: &Bench, take_back: &mut TakeBack<'_>) -> Result<usize> {
    let mut stick = File::options().read(true).write(true).open(bench.stick())?;
    let image = read_image(&mut stick)?;
    let journal = image.files.iter().find(|file| file.path == paths::JOURNAL);
    let range = journal
        .and_then(|file| file.ranges.first())
        .context("the stick has no journal")?;
    let start = range.first().byte_offset();
    let mut slots = [[0; SLOT_LENGTH]; 2];
    stick.read_exact_at(&mut slots[0], start)?;
    stick.read_exact_at(&mut slots[1], start + 4096)?;
    let (mut head, slot) = JournalHead::choose(&slots[0], &slots[1])?;
    let commit = head.commits.last_mut().context("the journal is empty")?;
    ensure!(commit.state == CommitState::Done, "{:?}", commit.state);
    commit.state = CommitState::Prepared;
    let mut body = vec![0; usize::try_from(commit.body_length)?];
    stick.read_exact_at(&mut body, start + commit.body_offset)?;
    let (volume, mut at, mut count, mut taken_back) = (commit.volume.start, 0, 0, 0);
    while at < body.len() {
        let number = |offset: usize| -> Result<u64> {
            Ok(u64::from_le_bytes(
                body[at + offset..at + offset + 8].try_into()?,
            ))
        };
        ensure!(&body[at..at + 4] == b"MJRC", "no record at {at}");
        ensure!(body[at + 4] == 1, "record {count} is not of a block");
        let (offset, length) = (number(8)?, usize::try_from(number(16)?)?);
        let undo = &body[at + 64..at + 64 + length];
        if count % 2 == 1 {
            take_back(volume, offset, undo)?;
            taken_back += 1;
        }
        at += 64 + 2 * length;
        count += 1;
    }
    head.generation += 1;
    let other = start + if slot == 0 { 4096 } else { 0 };
    stick.write_all_at(&head.to_slot(), other)?;
    Ok(taken_back)
}
