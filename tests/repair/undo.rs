//! The way back on real file systems: block by block, and file by file once Windows has run.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use mend::area::{Area, FileArea};
use mend::journal::recover::{RecoverOutcome, recover};
use mend::journal::{Journal, Target};
use mend::machine::linux::LinuxMachine;
use mend::machine::linux::device::{BlockDevice, DevicePath};
use mend::machine::linux::volume::LinuxVolume;
use mend::repair::undo::{UndoRequest, undo_run};
use mend::repair::{Request, run};
use mend::screen::{Answer, Question, Screen};
use mend::stick::Stick;
use rescue_stick::job::Mode;
use rescue_stick::report::{MachineFacts, Verdict};
use rescue_stick::signature::PublicKey;
use support::broken_pc::{NtfsMount, preset};
use support::inspect::{Security, Volume, verdict};
use support::judges::mdir;
use support::kit::{KitSpec, require_builds};
use support::mtools_volume::{MtoolsMachine, MtoolsVolume};
use support::patient::{Outcome, Patient, StickFolder, require_patients};
use support::tools::{require_tools, run as run_tool, sha256_hex};

const SVCHOST: &str = "WINDOWS/system32/svchost.exe";
const ENGINE: &str = "Program Files/Common Files/McAfee/Engine";
const DAT: [&str; 3] = ["avvclean.dat", "avvnames.dat", "avvscan.dat"];
/// A stream beside the content of a former file, as ntfs-3g names it.
const STREAM: &str = "avvscan.dat:Zone.Identifier";

/// Returns what a person would look at: program and definitions, by content.
fn contents(volume: &Volume) -> Result<BTreeMap<String, Option<String>>> {
    let dat = DAT.iter().map(|name| format!("{ENGINE}/{name}"));
    let paths = dat.chain([SVCHOST.to_owned()]);
    let read = paths.map(|path| Ok((path.clone(), volume.sha256(&path)?)));
    read.collect()
}

/// Returns what the former definitions have beside their content; the change of the record itself
/// cannot be kept.
fn attributes(volume: &Volume) -> Result<Vec<Security>> {
    let read = DAT.iter().map(|name| {
        let mut found = volume.security(&format!("{ENGINE}/{name}"))?;
        found.times.truncate(24);
        Ok(found)
    });
    read.collect()
}

fn write_as_windows(patient: &Patient, path: &str, content: &[u8]) -> Result<()> {
    let mount = NtfsMount::writable(patient.volume().path())?;
    let at = mount.path().join(path);
    fs_err::create_dir_all(at.parent().context("no folder")?)?;
    fs_err::write(at, content)?;
    Ok(mount.unmount()?)
}

fn digest(patient: &Patient) -> Result<String> {
    Ok(sha256_hex(&fs_err::read(patient.volume().path())?))
}

fn repair(patient: &Patient, stick: &StickFolder) -> Result<()> {
    let done = patient.mend(&["repair", "--yes"], stick)?;
    ensure!(done.code == 0, "{}", done.text);
    let found = verdict(patient.volume())?;
    ensure!(found.repaired, "{found:?}");
    Ok(())
}

fn undo(patient: &Patient, stick: &StickFolder) -> Result<Outcome> {
    patient.mend(&["undo", "--yes"], stick)
}

#[test]
fn a_volume_that_nobody_has_written_since_goes_back_block_by_block_and_only_once() -> Result<()> {
    if !require_patients() {
        return Ok(());
    }
    let stick = StickFolder::build(&KitSpec::default())?;
    let patient = Patient::make(&preset("xp-mcafee-5958-missing")?)?;
    let before = contents(patient.volume())?;
    repair(&patient, &stick)?;
    let done = undo(&patient, &stick)?;
    assert_eq!(done.code, 0, "{}", done.text);
    assert!(done.text.contains("was taken back"), "{}", done.text);
    assert_eq!(contents(patient.volume())?, before);
    assert_eq!(patient.volume().find("mendkit")?, None);
    patient.volume().is_sound()?;
    let undone = digest(&patient)?;
    let again = undo(&patient, &stick)?;
    assert_eq!(again.code, 3, "{}", again.text);
    assert_eq!(digest(&patient)?, undone);
    Ok(())
}

#[test]
fn after_windows_has_run_former_files_come_back_with_all_that_they_had() -> Result<()> {
    if !require_patients() {
        return Ok(());
    }
    let stick = StickFolder::build(&KitSpec::default())?;
    let patient = Patient::make(&preset("xp-mcafee-5958-missing")?)?;
    write_as_windows(&patient, &format!("{ENGINE}/{STREAM}"), b"[ZoneTransfer]")?;
    let former = (contents(patient.volume())?, attributes(patient.volume())?);
    assert!(former.1.iter().all(|found| !found.short_name.is_empty()));
    repair(&patient, &stick)?;
    // The new files have the short names and the times of creation of the former ones.
    for (new, old) in attributes(patient.volume())?.iter().zip(&former.1) {
        assert_eq!(new.short_name, old.short_name);
        assert_eq!(new.attributes, old.attributes);
        assert_eq!(new.times[..8], old.times[..8]);
        assert_ne!(new.times[8..16], old.times[8..16]);
    }
    write_as_windows(&patient, "WINDOWS/bootstat.dat", b"Windows was here")?;
    let done = undo(&patient, &stick)?;
    assert_eq!(done.code, 0, "{}", done.text);
    assert!(
        done.text
            .contains("can no longer be taken back block by block")
    );
    assert!(done.text.contains("UNDONE"), "{}", done.text);
    assert_eq!(contents(patient.volume())?, former.0);
    assert_eq!(attributes(patient.volume())?, former.1);
    let kept = patient.volume().read("WINDOWS/bootstat.dat")?;
    assert_eq!(kept.as_deref(), Some(b"Windows was here".as_slice()));
    let mount = NtfsMount::read_only(patient.volume().path())?;
    let stream = fs_err::read(mount.path().join(ENGINE).join(STREAM))?;
    mount.unmount()?;
    assert_eq!(stream, b"[ZoneTransfer]");
    patient.volume().is_sound()?;
    // Neither the undo nor the repair is taken back now, on this stick or on another.
    let undone = digest(&patient)?;
    let again = undo(&patient, &stick)?;
    assert_eq!(again.code, 3, "{}", again.text);
    assert!(
        again.text.contains("repair this PC again"),
        "{}",
        again.text
    );
    patient.make_journal()?;
    let again = undo(&patient, &stick)?;
    assert_eq!(again.code, 3, "{}", again.text);
    assert_eq!(digest(&patient)?, undone);
    // And it can be repaired again.
    repair(&patient, &stick)
}

#[test]
fn definitions_that_the_product_has_updated_since_are_left_and_the_rest_goes_back() -> Result<()> {
    if !require_patients() {
        return Ok(());
    }
    let stick = StickFolder::build(&KitSpec::default())?;
    let patient = Patient::make(&preset("xp-mcafee-5958-missing")?)?;
    repair(&patient, &stick)?;
    write_as_windows(&patient, &format!("{ENGINE}/avvscan.dat"), b"DAT 5960")?;
    let before = contents(patient.volume())?;
    let done = undo(&patient, &stick)?;
    assert_eq!(done.code, 1, "{}", done.text);
    assert!(
        done.text.contains("changed since the repair"),
        "{}",
        done.text
    );
    let mut expected = before;
    expected.insert(SVCHOST.into(), None);
    assert_eq!(contents(patient.volume())?, expected);
    patient.volume().is_sound()
}

/// Short names, flags and times of the former definitions and of a folder of the root, as mtools list them.
fn fat_listing(volume: &Volume) -> Result<String> {
    let mut listing = mdir(volume.path(), 0, ENGINE)?;
    for name in DAT {
        let at = format!("::/{ENGINE}/{name}");
        let flags = run_tool(
            "mattrib",
            &["-i".as_ref(), volume.path().as_os_str(), at.as_ref()],
        )?;
        listing.push_str(&flags.text());
    }
    // The folders' own times, and the space that is left, are not of the files.
    let lines = listing.lines();
    let lines = lines.filter(|line| !line.contains("<DIR>") && !line.contains(" bytes"));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// A FAT32 volume with mtools as its driver, so that the same is tried on every host.
fn fat_machine(patient: &Patient) -> Result<MtoolsMachine> {
    let resources = patient.resources()?;
    let journal = resources.journal.clone().context("no journal")?;
    let volume = LinuxVolume::examine(patient.partition()?, resources);
    Ok(MtoolsMachine::of(MtoolsVolume::new(volume, journal)))
}

#[test]
fn a_fat_volume_goes_back_file_by_file_too() -> Result<()> {
    if !require_builds() || !require_tools(&["mcopy", "mkfs.fat", "mattrib", "fsck.fat"]) {
        return Ok(());
    }
    let folder = StickFolder::build(&KitSpec::default())?;
    let key = PublicKey::parse(&fs_err::read_to_string(folder.key())?)?;
    let stick = Stick::prove(&folder.root(), &key, &mut |_| {})?;
    let patient = Patient::make(&preset("xp-fat32")?)?;
    let dat = format!("::/{ENGINE}/avvscan.dat");
    let image = patient.volume().path().as_os_str().to_owned();
    run_tool(
        "mattrib",
        &[
            "-i".as_ref(),
            image.as_os_str(),
            "+r".as_ref(),
            "+h".as_ref(),
            dat.as_ref(),
        ],
    )?;
    let former = (contents(patient.volume())?, fat_listing(patient.volume())?);
    assert!(former.1.contains("HR"), "{}", former.1);
    let done = run(
        &Request::new(Mode::Auto),
        &fat_machine(&patient)?,
        &stick,
        &mut Willing,
    );
    assert_eq!(done.verdict, Verdict::Repaired, "{done:#?}");
    let found = verdict(patient.volume())?;
    assert!(found.repaired, "{found:?}");
    patient.volume().is_sound()?;
    let again = digest(&patient)?;
    let healthy = run(
        &Request::new(Mode::Auto),
        &fat_machine(&patient)?,
        &stick,
        &mut Willing,
    );
    assert_eq!(healthy.verdict, Verdict::Healthy, "{healthy:#?}");
    assert_eq!(digest(&patient)?, again, "the second run wrote");
    // Windows starts and writes what it writes; and without the stick's journal, blocks are out of the question.
    run_tool(
        "mmd",
        &["-i".as_ref(), image.as_os_str(), "::/Windows ran".as_ref()],
    )?;
    patient.make_journal()?;
    let request = UndoRequest {
        mode: Mode::Auto,
        run: None,
    };
    let undone = undo_run(&request, &fat_machine(&patient)?, &stick, &mut Willing);
    assert_eq!(undone.verdict, Verdict::Undone, "{undone:#?}");
    let found = (contents(patient.volume())?, fat_listing(patient.volume())?);
    assert_eq!(found, former);
    assert!(patient.volume().find("Windows ran")?.is_some());
    patient.volume().is_sound()?;
    let again = undo_run(&request, &fat_machine(&patient)?, &stick, &mut Willing);
    assert_eq!(again.verdict, Verdict::Refused, "{again:#?}");
    Ok(())
}

/// A volume's file on a PC whose power goes at the `left`-th write.
struct Failing {
    path: DevicePath,
    left: Arc<AtomicUsize>,
}

struct FailingArea {
    area: Box<dyn Area>,
    left: Arc<AtomicUsize>,
}

impl BlockDevice for Failing {
    fn open(&self) -> io::Result<Box<dyn Area>> {
        self.path.open()
    }

    fn open_for_writing(&self) -> io::Result<Box<dyn Area>> {
        Ok(Box::new(FailingArea {
            area: self.path.open_for_writing()?,
            left: Arc::clone(&self.left),
        }))
    }
}

impl Area for FailingArea {
    fn len(&self) -> u64 {
        self.area.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.area.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let step = |left: usize| left.checked_sub(1);
        let took = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, step);
        took.map_err(|_| io::Error::other("the power is gone"))?;
        self.area.write_at(offset, bytes)
    }

    fn flush(&self) -> io::Result<()> {
        self.area.flush()
    }
}

/// Says yes to everything.
struct Willing;

impl Screen for Willing {
    fn line(&mut self, _: &str) {}

    fn ask(&mut self, _: Question<'_>) -> Answer {
        Answer::Yes
    }
}

/// Undoes file by file with power for `left` writes. Returns the verdict and the writes that were left.
fn undo_with_power_for(patient: &Patient, stick: &Stick, left: usize) -> Result<(Verdict, usize)> {
    let left = Arc::new(AtomicUsize::new(left));
    let device = Failing {
        path: DevicePath(patient.volume().path().to_owned()),
        left: Arc::clone(&left),
    };
    let (partition, resources) = (patient.partition()?, patient.resources()?);
    let volume = LinuxVolume::examine_on(Box::new(device), partition, resources);
    let machine = LinuxMachine::of(MachineFacts::default(), vec![volume]);
    let request = UndoRequest {
        mode: Mode::Confirm,
        run: None,
    };
    let report = undo_run(&request, &machine, stick, &mut Willing);
    Ok((report.verdict, left.load(Ordering::SeqCst)))
}

/// Starts the PC from the stick again; returns what became of what was interrupted.
fn recover_after_cut(patient: &Patient) -> Result<Vec<RecoverOutcome>> {
    let area = FileArea::open_for_writing(&patient.journal_file())?;
    let journal = Journal::open(Box::new(area))?;
    let volume = LinuxVolume::examine(patient.partition()?, patient.resources()?);
    let targets: [&dyn Target; 1] = [&volume];
    let recovered = recover(&journal, &targets)?;
    Ok(recovered.into_iter().map(|one| one.outcome).collect())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs_err::copy(from, to)?;
    Ok(())
}

#[test]
fn a_power_cut_in_an_undo_leaves_the_repair_or_what_was_before_it() -> Result<()> {
    if !require_patients() {
        return Ok(());
    }
    let folder = StickFolder::build(&KitSpec::default())?;
    let key = PublicKey::parse(&fs_err::read_to_string(folder.key())?)?;
    let stick = Stick::prove(&folder.root(), &key, &mut |_| {})?;
    let patient = Patient::make(&preset("xp-mcafee-5958-missing")?)?;
    let broken = contents(patient.volume())?;
    repair(&patient, &folder)?;
    let repaired = contents(patient.volume())?;
    let saved = tempfile::tempdir()?;
    let image: PathBuf = saved.path().join("repaired.img");
    copy(patient.volume().path(), &image)?;
    patient.make_journal()?;
    let (verdict, left) = undo_with_power_for(&patient, &stick, 1_000_000)?;
    assert_eq!(verdict, Verdict::Undone);
    let writes = 1_000_000 - left;
    assert!(writes > 4, "{writes}");
    let mut outcomes = [0, 0];
    // Every write is tried where there are few of them, else a dozen from the first to the last.
    let step = writes.div_ceil(12).max(1);
    for cut in (0..writes).step_by(step).chain([writes - 1]) {
        copy(&image, patient.volume().path())?;
        patient.make_journal()?;
        let (verdict, _) = undo_with_power_for(&patient, &stick, cut)?;
        assert_eq!(verdict, Verdict::Failed, "cut at {cut}");
        let recovered = recover_after_cut(&patient)?;
        let (expected, place) = match recovered.as_slice() {
            [] => (&repaired, 0),
            [RecoverOutcome::Finished] => (&broken, 1),
            other => panic!("cut at {cut}: {other:?}"),
        };
        outcomes[place] += 1;
        assert_eq!(contents(patient.volume())?, *expected, "cut at {cut}");
        patient.volume().is_sound()?;
        // What was interrupted before it began can be begun again; what was finished is.
        let (verdict, _) = undo_with_power_for(&patient, &stick, 1_000_000)?;
        let again = [Verdict::Undone, Verdict::Refused][place];
        assert_eq!(verdict, again, "cut at {cut}");
    }
    assert!(outcomes[1] > 0, "{outcomes:?} of {writes} writes");
    Ok(())
}
