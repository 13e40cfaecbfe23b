//! Power cuts in whole repairs and whole undos: after each, the next start ends with the volume as it was
//! or as it was to be.
//!
//! Every write to the PC's volume and to the stick's journal is recorded; then both are brought into the
//! state of a cut after every prefix, with sampled losses of what was not flushed. What is in use by the
//! judgement of the file system's own tables must then be that of one of the two states, bit for bit, and
//! ntfs-3g's programs and fsck.fat look at a sample.

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use fs_err as fs;
use mend::journal::commit::commit;
use mend::journal::recover::recover;
use mend::journal::undo::undo;
use mend::journal::{Journal, Target};
use mend::machine::linux::{LinuxMachine, LinuxVolume, Resources};
use mend::machine::{CommitLabel, Machine as _};
use mend::overlay::{BLOCK_LENGTH, Overlay};
use mend::repair::{Request, run};
use mend::screen::{Answer, Question, Screen};
use mend::stick::Stick;
use rescue_stick::job::Mode;
use rescue_stick::journal::{CommitState, empty_head};
use rescue_stick::report::{MachineFacts, Report, Verdict};
use rescue_stick::signature::PublicKey;
use support::broken_pc::{FileSystem, PcSpec, preset};
use support::crash::{Content, Event, Pair, Powered, SECTOR, visit_cuts};
use support::definitions::{MEMBER_NAMES, synthetic_member};
use support::inspect::verdict;
use support::kit::KitSpec;
use support::patient::{Patient, StickFolder, require_patients};
use support::random::random_bytes;
use support::tools::{command, require_tools, run as run_tool, run_command, sha256_hex};

/// Bytes of the journals made here.
const JOURNAL_LENGTH: usize = 8 << 20;
/// Random losses that are tried at every prefix.
const SAMPLES: usize = 40;
/// One state in so many is shown to the judges.
const JUDGED: usize = 100;
/// Recovery is cut itself after one state in so many.
const CUT_TWICE: usize = 40;

/// Nobody to ask, nothing to show.
pub(crate) struct Silent;

impl Screen for Silent {
    fn line(&mut self, _text: &str) {}

    fn ask(&mut self, _question: Question<'_>) -> Answer {
        Answer::No
    }
}

/// What a volume is, and which of its sectors count.
pub(crate) struct State {
    pc: Content,
    /// A bit for every cluster, and where clusters begin.
    in_use: Vec<bool>,
    first: u64,
    sectors_a_cluster: u64,
}

impl State {
    /// Asks the file system's own tables what is in use.
    fn of(patient: &Patient, pc: &Content) -> Result<Self> {
        let mut sector = [0; SECTOR];
        sector.copy_from_slice(pc.sector(0));
        let sectors_a_cluster = u64::from(sector[13]);
        let (in_use, first) = match patient.made.file_system {
            FileSystem::Ntfs => {
                let path = patient.volume().path().display().to_string();
                // File 6 is $Bitmap.
                let bitmap = run_tool("ntfscat", &["-f", "-i", "6", &path])?.out;
                let bits = bitmap
                    .iter()
                    .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
                (bits.collect(), 0)
            }
            // FAT specification 1.03: reserved sectors, number and length of the FATs, entries of 28 bits.
            FileSystem::Fat32 => {
                let reserved = u64::from(u16::from_le_bytes([sector[14], sector[15]]));
                let field: [u8; 4] = sector[36..40].try_into()?;
                let length = u64::from(u32::from_le_bytes(field));
                let fat =
                    (reserved..reserved + length).flat_map(|number| pc.sector(number).to_vec());
                let fat: Vec<u8> = fat.collect();
                let entries = fat.chunks_exact(4).skip(2);
                let in_use = entries.map(|entry| entry[..3] != [0; 3] || entry[3] & 0x0F != 0);
                (in_use.collect(), reserved + length * u64::from(sector[16]))
            }
        };
        Ok(Self {
            pc: pc.clone(),
            in_use,
            first,
            sectors_a_cluster,
        })
    }

    fn counts(&self, sector: u64) -> bool {
        let Some(within) = sector.checked_sub(self.first) else {
            return true;
        };
        let cluster = usize::try_from(within / self.sectors_a_cluster).unwrap_or(usize::MAX);
        self.in_use.get(cluster).copied().unwrap_or(true)
    }

    pub(crate) fn difference(&self, pc: &Content) -> Option<u64> {
        self.pc.first_difference(pc, &|sector| self.counts(sector))
    }
}

/// Which state a volume is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Before,
    After,
}

/// A PC and a stick between two states.
pub(crate) struct Bench {
    pub(crate) patient: Patient,
    pub(crate) start: Pair,
    /// The stick's files, and what was read of them when they were proven.
    stick: Option<(StickFolder, Stick)>,
}

impl Bench {
    pub(crate) fn set_up(spec: &PcSpec, stick: Option<(StickFolder, Stick)>) -> Result<Self> {
        let patient = Patient::make(spec)?;
        let mut journal = empty_head([7; 16]);
        journal.resize(JOURNAL_LENGTH, 0xD1);
        let start = Pair {
            pc: Content::new(fs::read(patient.volume().path())?),
            stick: Content::new(journal),
        };
        Ok(Self {
            patient,
            start,
            stick,
        })
    }

    fn work(&self) -> PathBuf {
        self.patient.journal_file().with_file_name("work")
    }

    pub(crate) fn volume(&self, powered: &Powered) -> Result<LinuxVolume> {
        let journal = Journal::open(Box::new(powered.stick.clone()))?;
        let resources = Resources {
            journal: Some(Arc::new(journal)),
            scratch: None,
            work: self.work(),
            unlocked: mend::machine::linux::unlocked::Unlocked::default(),
        };
        let partition = self.patient.partition()?;
        let device = Box::new(powered.pc.clone());
        Ok(LinuxVolume::examine_on(device, partition, resources))
    }

    /// The whole repair, as the rescue environment calls it.
    fn repair(&self, powered: &Powered) -> Result<Report> {
        self.repair_with(powered, Mode::Auto, &mut Silent)
    }

    /// A repair in this mode, with this person at the screen.
    pub(crate) fn repair_with(
        &self,
        powered: &Powered,
        mode: Mode,
        screen: &mut dyn Screen,
    ) -> Result<Report> {
        let (_, stick) = self.stick.as_ref().context("no stick")?;
        let machine = LinuxMachine::of(MachineFacts::default(), vec![self.volume(powered)?]);
        ensure!(machine.volumes().len() == 1);
        Ok(run(&Request::new(mode), &machine, stick, screen))
    }

    fn undo(&self, powered: &Powered) -> Result<()> {
        let journal = Journal::open(Box::new(powered.stick.clone()))?;
        let volume = self.volume(powered)?;
        undo(&journal, &[&volume])?;
        Ok(())
    }

    /// What every start of a stick does first.
    pub(crate) fn recover(&self, powered: &Powered) -> Result<()> {
        let journal = Journal::open(Box::new(powered.stick.clone()))?;
        let volume = self.volume(powered)?;
        recover(&journal, &[&volume])?;
        let commits = journal.commits();
        ensure!(
            commits
                .iter()
                .all(|one| matches!(one.state, CommitState::Done | CommitState::Undone)),
            "{commits:?}"
        );
        Ok(())
    }

    /// Lets the host's tools see `pc` in the file of the volume.
    fn shown<T>(&self, pc: &Content, look: impl FnOnce() -> Result<T>) -> Result<T> {
        let path = self.patient.volume().path();
        let file = fs::OpenOptions::new().write(true).open(path)?.into_file();
        for (number, bytes) in pc.written() {
            file.write_all_at(bytes, number * 512)?;
        }
        let seen = look();
        for (number, _) in pc.written() {
            file.write_all_at(pc.base_sector(number), number * 512)?;
        }
        seen
    }

    /// Demands that the host's tools find the volume sound, and on it what belongs to `side`.
    pub(crate) fn judge(&self, pc: &Content, side: Side) -> Result<()> {
        self.shown(pc, || {
            let volume = self.patient.volume();
            volume.is_sound()?;
            let found = verdict(volume)?;
            let releases: Vec<_> = found.dat_files.iter().map(|dat| dat.2).collect();
            let is_as_expected = match side {
                Side::Before => found.sha256.is_none() && releases == [Some(5958); 3],
                Side::After => {
                    found.repaired
                        && found.sha256.as_ref() == Some(&self.patient.made.good_svchost_sha256)
                        && releases == [Some(5959); 3]
                }
            };
            ensure!(is_as_expected, "{side:?}: {found:?}");
            Ok(())
        })
    }

    pub(crate) fn state(&self, pc: &Content) -> Result<State> {
        self.shown(pc, || State::of(&self.patient, pc))
    }
}

/// A piece of work that was recorded whole, and its two ends.
struct Recorded<'a> {
    bench: &'a Bench,
    start: Pair,
    end: Pair,
    events: Vec<Event>,
    before: State,
    after: State,
}

/// What came of all cuts of one piece of work.
#[derive(Default)]
struct Tally {
    points: usize,
    double: usize,
    judged: usize,
    repaired_again: usize,
    sides: BTreeMap<Side, usize>,
}

impl<'a> Recorded<'a> {
    /// Does `work` and keeps what it wrote. `before` and `after` are what its ends are called.
    fn record(
        bench: &'a Bench,
        start: &Pair,
        work: impl FnOnce(&Powered) -> Result<()>,
    ) -> Result<Self> {
        let powered = start.start();
        work(&powered)?;
        let end = powered.pair();
        Ok(Self {
            bench,
            before: bench.state(&start.pc)?,
            after: bench.state(&end.pc)?,
            start: start.clone(),
            events: powered.events(),
            end,
        })
    }

    /// Starts from a state after a cut, and returns what that leads to.
    fn next_start(&self, pair: &Pair) -> Result<(Powered, Side)> {
        let powered = pair.start();
        self.bench.recover(&powered)?;
        let pc = powered.pair().pc;
        let side = match (self.before.difference(&pc), self.after.difference(&pc)) {
            (None, _) => Side::Before,
            (_, None) => Side::After,
            (Some(before), Some(after)) => {
                bail!("sector {before} is not as before, sector {after} is not as after")
            }
        };
        Ok((powered, side))
    }

    /// Cuts the power everywhere. `judge` sees a sample of where that leads.
    fn cut_everywhere(
        &self,
        judge: &mut dyn FnMut(&Pair, Side, usize) -> Result<usize>,
    ) -> Result<Tally> {
        let mut tally = Tally::default();
        let mut last_with_work = 0;
        let visit = &mut |cut, pair: &Pair| {
            let (powered, side) = self
                .next_start(pair)
                .with_context(|| format!("{cut:?} of {} events", self.events.len()))?;
            let seen = tally.sides.entry(side).or_insert(0);
            *seen += 1;
            // The first of each kind, and then one in so many.
            if *seen == 1 || tally.points % JUDGED == 0 {
                tally.repaired_again += judge(&powered.pair(), side, tally.judged)?;
                tally.judged += 1;
            }
            let events = powered.events();
            // Recovering is work like any other: cut it too, at places that are well apart.
            if !events.is_empty() && tally.points >= last_with_work + CUT_TWICE {
                last_with_work = tally.points;
                tally.double += visit_cuts(pair, &events, 4, &mut |second, pair| {
                    let (_, again) = self.next_start(pair)?;
                    ensure!(again == side, "{cut:?}, then {second:?}: {again:?}");
                    Ok(())
                })?;
            }
            tally.points += 1;
            Ok(())
        };
        visit_cuts(&self.start, &self.events, SAMPLES, visit)?;
        ensure!(tally.sides.len() == 2, "only {:?} was seen", tally.sides);
        Ok(tally)
    }

    #[expect(
        clippy::print_stdout,
        reason = "the number of crash points is a result"
    )]
    fn print(&self, what: &str, tally: &Tally) {
        println!(
            "{what}: {} crash points over {} writes and flushes, {} led back and {} on; {} more within \
             recovery; {} judged, {} repaired again",
            tally.points,
            self.events.len(),
            tally.sides.get(&Side::Before).unwrap_or(&0),
            tally.sides.get(&Side::After).unwrap_or(&0),
            tally.double,
            tally.judged,
            tally.repaired_again
        );
    }
}

/// A remedy that uses what the built-in one uses, and the registry and the removal of a file besides.
fn remedy() -> String {
    let doomed = sha256_hex(&random_bytes("svchost.dll", 1000));
    format!(
        r#"
schema = 1
id = "crash"
title = "DAT 5958, a file too many, and a wrong setting"
[[when]]
os = {{ family = "xp", service-pack = 3 }}
[[when]]
product = {{ vendor = "mcafee", definitions = "5958" }}
[[step]]
install-definitions = "mcafee-dat"
[[step]]
restore-file = '{{system32}}\svchost.exe'
if = ["missing", "empty"]
from = ["dllcache"]
accept = {{ signed-catalog = true, version = "5.1.2600.5512", original-name = "svchost.exe" }}
[[step]]
remove-file = '{{system32}}\svchost.dll'
guard = {{ sha256 = ["{doomed}"] }}
[[step]]
set-registry-value = {{ hive = "software", key = "Microsoft\\Windows NT\\CurrentVersion", value = "RegisteredOwner", type = "text", data = "Repaired", old = "Front desk" }}
"#
    )
}

pub(crate) fn prove(folder: &StickFolder) -> Result<Stick> {
    let key = PublicKey::parse(&fs::read_to_string(folder.key())?)?;
    Ok(Stick::prove(&folder.root(), &key, &mut |_| {})?)
}

#[test]
fn power_may_go_at_any_write_of_a_repair_or_undo_on_ntfs() -> Result<()> {
    if !require_patients() {
        return Ok(());
    }
    let folder = StickFolder::build(&KitSpec {
        remedies: Vec::new(),
        own_remedies: vec![remedy()],
        ..KitSpec::default()
    })?;
    let stick = prove(&folder)?;
    let bench = Bench::set_up(&preset("xp-mcafee-5958-missing")?, Some((folder, stick)))?;
    let repair = Recorded::record(&bench, &bench.start, |powered| {
        let report = bench.repair(powered)?;
        ensure!(report.verdict == Verdict::Repaired, "{report:#?}");
        ensure!(report.installations[0].changes.len() == 6, "{report:#?}");
        Ok(())
    })?;
    let tally = repair.cut_everywhere(&mut |pair, side, judged| {
        bench.judge(&pair.pc, side)?;
        // A PC that is as it was is repaired by the same start; each time takes seconds.
        if side == Side::After || judged >= 6 {
            return Ok(0);
        }
        let powered = pair.start();
        let report = bench.repair(&powered)?;
        ensure!(report.verdict == Verdict::Repaired, "{report:#?}");
        bench.judge(&powered.pair().pc, Side::After)?;
        Ok(1)
    })?;
    repair.print("NTFS repair", &tally);
    check_undo(&bench, &repair.end, "NTFS undo")
}

/// Undoes what was committed, with the power cut everywhere.
fn check_undo(bench: &Bench, repaired: &Pair, what: &str) -> Result<()> {
    let undoing = Recorded::record(bench, repaired, |powered| bench.undo(powered))?;
    let original = bench.state(&bench.start.pc)?;
    let left = original.difference(&undoing.end.pc);
    ensure!(left.is_none(), "undo left sector {left:?} changed");
    let tally = undoing.cut_everywhere(&mut |pair, side, _| {
        // Here what was before is the repair.
        match side {
            Side::Before => bench.judge(&pair.pc, Side::After),
            Side::After => bench.judge(&pair.pc, Side::Before),
        }?;
        if side == Side::Before {
            let powered = pair.start();
            bench.undo(&powered)?;
            ensure!(original.difference(&powered.pair().pc).is_none());
        }
        Ok(0)
    })?;
    undoing.print(what, &tally);
    Ok(())
}

fn without_flushes(mut events: Vec<Event>) -> Vec<Event> {
    events.retain(|event| matches!(event, Event::Write(..)));
    events
}

/// Repairs a FAT32 volume with mtools: the drivers of many a host know no FAT, and what is tried here is how
/// a change reaches the disk, whoever made it.
fn repair_by_mtools(patient: &Patient) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("copy.img");
    fs::copy(patient.volume().path(), &copy)?;
    let mtool = |name: &str, arguments: &[&str]| -> Result<()> {
        let mut tool = command(name)?;
        tool.args(["-i"]).arg(&copy).args(arguments);
        run_command(tool)?;
        Ok(())
    };
    let engine = format!("::/{}", patient.made.windows.engine_folder());
    mtool("mmd", &["::/mendkit", "::/mendkit/run"])?;
    for name in MEMBER_NAMES {
        let content = synthetic_member(5959, name, 30_000);
        let file = folder.path().join(name);
        fs::write(&file, content)?;
        mtool("mmove", &[&format!("{engine}/{name}"), "::/mendkit/run/"])?;
        let file = file.to_str().context("not UTF-8")?;
        mtool("mcopy", &[file, &format!("{engine}/{name}")])?;
    }
    let cache = format!(
        "{}/dllcache/svchost.exe",
        patient.made.windows.system_folder()
    );
    let good = patient
        .volume()
        .read(&cache)?
        .context("no copy in dllcache")?;
    let file = folder.path().join("svchost.exe");
    fs::write(&file, good)?;
    let file = file.to_str().context("not UTF-8")?;
    let target = format!("::/{}", patient.made.windows.svchost_path());
    mtool("mcopy", &[file, &target])?;
    Ok(fs::read(copy)?)
}

#[test]
fn power_may_go_at_any_write_of_a_repair_or_undo_on_fat32() -> Result<()> {
    let tools = [
        "mkfs.fat", "fsck.fat", "mmd", "mmove", "mcopy", "mdir", "mtype",
    ];
    if !require_tools(&tools) {
        return Ok(());
    }
    let bench = Bench::set_up(&preset("xp-fat32")?, None)?;
    let wanted = repair_by_mtools(&bench.patient)?;
    let repair = Recorded::record(&bench, &bench.start, |powered| {
        let volume = bench.volume(powered)?;
        let mut overlay = Overlay::new(volume.open()?, 64 << 20, None);
        let length = usize::try_from(BLOCK_LENGTH)?;
        for (offset, block) in (0_u64..).step_by(length).zip(wanted.chunks(length)) {
            let mut old = vec![0; block.len()];
            overlay.read_at(offset, &mut old)?;
            if old != block {
                overlay.write_at(offset, block)?;
            }
        }
        let label = CommitLabel {
            run: "run".into(),
            computer: "OPTIPLEX-114".into(),
        };
        let journal = Journal::open(Box::new(powered.stick.clone()))?;
        commit(&journal, &volume, &label, &overlay)?;
        Ok(())
    })?;
    let tally = repair.cut_everywhere(&mut |pair, side, _| {
        bench.judge(&pair.pc, side)?;
        Ok(0)
    })?;
    repair.print("FAT32 repair", &tally);
    // Would the cuts find a fault? Without its flushes the same commit does harm.
    let unordered = Recorded {
        events: without_flushes(repair.events.clone()),
        before: bench.state(&repair.start.pc)?,
        after: bench.state(&repair.end.pc)?,
        start: repair.start.clone(),
        end: repair.end.clone(),
        bench: &bench,
    };
    ensure!(unordered.cut_everywhere(&mut |_, _, _| Ok(0)).is_err());
    check_undo(&bench, &repair.end, "FAT32 undo")
}
