//! `mend` on an XP with 100,000 files on a sparse NTFS volume of 64 GB, beside ntfs-3g's own programs
//! doing the reading and the writing that the repair cannot do without.

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use rescue_stick::report::Report;
use support::broken_pc::{NtfsMount, copy_sparse, preset};
use support::inspect::verdict;
use support::kit::{KitSpec, mendkit};
use support::patient::{Patient, StickFolder, text_of};
use support::tools::{command, run_command};

use crate::sample::Sample;

const VOLUME_SIZE: u64 = 64 << 30;
const FILES: usize = 100_000;
const FILES_IN_A_FOLDER: usize = 500;
const RUNS: usize = 5;

/// What the repair reads of such a PC whoever does it: two hives, the definitions, the good copy.
const READ: [&str; 6] = [
    "WINDOWS/system32/config/software",
    "WINDOWS/system32/config/system",
    "Program Files/Common Files/McAfee/Engine/avvscan.dat",
    "Program Files/Common Files/McAfee/Engine/avvnames.dat",
    "Program Files/Common Files/McAfee/Engine/avvclean.dat",
    "WINDOWS/system32/dllcache/svchost.exe",
];

/// Measures and prints.
pub(crate) fn measure() -> Result<()> {
    println!("a sparse NTFS volume of 64 GB with an XP and {FILES} files ...");
    let stick = StickFolder::build(&KitSpec::default())?;
    let mut spec = preset("xp-mcafee-5958-missing")?;
    spec.volume_size = VOLUME_SIZE;
    let patient = Patient::make(&spec)?;
    let started = Instant::now();
    fill(patient.volume().path())?;
    println!("made in {:.0} s", started.elapsed().as_secs_f64());

    let mut own = Sample::default();
    let mut peer = Sample::default();
    for _ in 0..RUNS {
        own.add(time_of(
            mend(&patient, patient.volume().path(), &stick, &["diagnose"])?,
            1,
        )?);
        peer.add(time_to_read(patient.volume().path())?);
    }
    println!("diagnose   mend, whole process, stick proven     {own}");
    println!("           ntfscat of the same six files         {peer}");

    let (mut own, mut inner, mut peer) = (Sample::default(), Sample::default(), Sample::default());
    let mut health = Sample::default();
    let folder = tempfile::tempdir()?;
    let broken = folder.path().join("broken.img");
    copy(patient.volume().path(), &broken)?;
    let good = folder.path().join("svchost.exe");
    for _ in 0..RUNS {
        copy(&broken, patient.volume().path())?;
        patient.make_journal()?;
        let reports = tempfile::tempdir()?;
        let mut repair = mend(
            &patient,
            patient.volume().path(),
            &stick,
            &["repair", "--yes"],
        )?;
        repair.arg("--report").arg(reports.path());
        own.add(time_of(repair, 0)?);
        let found = verdict(patient.volume())?;
        ensure!(found.repaired, "not repaired: {found:?}");
        let report = report_in(reports.path())?;
        inner.add(Duration::from_millis(report.took_ms));
        let mut timings = report.timings.iter();
        let timing = timings.find(|timing| timing.stage == "health");
        health.add(Duration::from_millis(timing.context("no timing")?.took_ms));

        let content = patient.volume().read("WINDOWS/system32/svchost.exe")?;
        fs::write(&good, content.context("svchost.exe is not there")?)?;
        copy(&broken, patient.volume().path())?;
        peer.add(time_to_write(patient.volume().path(), &stick, &good)?);
    }
    println!("repair     mend, whole process, stick proven     {own}");
    println!("           mend, from looking to checked         {inner}");
    println!("           mend, the health check in that        {health}");
    println!("           ntfscp of the same four files, sync   {peer}");
    println!("ntfscp writes in place: no overlay, no journal, no undo, no check, no kept files.");
    Ok(())
}

/// Fills a volume with small files, as a used PC has them.
fn fill(volume: &Path) -> Result<()> {
    let mount = NtfsMount::writable(volume)?;
    let root = mount
        .path()
        .join("Documents and Settings/All Users/Documents");
    fs::create_dir_all(&root)?;
    for number in 0..FILES {
        let folder = root.join(format!("folder {:03}", number / FILES_IN_A_FOLDER));
        if number % FILES_IN_A_FOLDER == 0 {
            fs::create_dir(&folder)?;
        }
        fs::write(
            folder.join(format!("letter {number:06}.txt")),
            "Dear customer,",
        )?;
    }
    Ok(mount.unmount()?)
}

/// Copies a volume over another of the same size; what is a hole stays one.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let length = fs::metadata(from)?.len();
    let mut file = fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .open(to)?;
    file.set_len(length)?;
    copy_sparse(from, &mut file, 0)?;
    file.sync_all()?;
    Ok(())
}

/// Returns the command, with the very program that lies on sticks.
fn mend(patient: &Patient, volume: &Path, stick: &StickFolder, words: &[&str]) -> Result<Command> {
    let mut command = Command::new(mendkit().with_file_name("mend-i586"));
    command.args(words);
    let places = [
        ("--volume", volume.to_owned()),
        ("--journal", patient.journal_file()),
        ("--stick", stick.root()),
        ("--key", stick.key()),
    ];
    for (option, path) in places {
        if words.contains(&"diagnose") && option == "--journal" {
            continue;
        }
        command.args([option.to_owned(), text_of(&path)?]);
    }
    Ok(command)
}

fn time_of(mut command: Command, code: i32) -> Result<std::time::Duration> {
    let started = Instant::now();
    let done = command.output()?;
    let took = started.elapsed();
    let said = String::from_utf8_lossy(&done.stdout);
    ensure!(done.status.code() == Some(code), "{}\n{said}", done.status);
    Ok(took)
}

fn report_in(folder: &Path) -> Result<Report> {
    let run = fs::read_dir(folder)?.next().context("no report")??.path();
    let text = fs::read_to_string(run.join("report.json"))?;
    Ok(Report::parse(&text)?)
}

fn time_to_read(volume: &Path) -> Result<std::time::Duration> {
    let started = Instant::now();
    for path in READ {
        let mut ntfscat = command("ntfscat")?;
        ntfscat.arg(volume).arg(path);
        run_command(ntfscat)?;
    }
    Ok(started.elapsed())
}

fn time_to_write(
    volume: &Path,
    stick: &StickFolder,
    svchost: &Path,
) -> Result<std::time::Duration> {
    let definitions = unpack(stick)?;
    let started = Instant::now();
    let engine = "Program Files/Common Files/McAfee/Engine";
    for name in ["avvscan.dat", "avvnames.dat", "avvclean.dat"] {
        write(
            volume,
            &definitions.path().join(name),
            &format!("{engine}/{name}"),
        )?;
    }
    write(volume, svchost, "WINDOWS/system32/svchost.exe")?;
    fs::File::open(volume)?.sync_all()?;
    Ok(started.elapsed())
}

fn write(volume: &Path, from: &Path, to: &str) -> Result<()> {
    let mut ntfscp = command("ntfscp")?;
    ntfscp.arg("--quiet").arg(volume).arg(from).arg(to);
    run_command(ntfscp)?;
    Ok(())
}

/// Unpacks the stick's definitions, which takes part in no time.
fn unpack(stick: &StickFolder) -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let mut packages = Vec::new();
    find_zips(&stick.root().join("mendkit"), &mut packages)?;
    let package = packages.first().context("the stick has no definitions")?;
    let mut archive = zip::ZipArchive::new(fs::File::open(package)?)?;
    archive.extract(folder.path())?;
    Ok(folder)
}

fn find_zips(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find_zips(&path, found)?;
            continue;
        }
        let mut magic = [0; 2];
        let is_zip = fs::metadata(&path)?.len() > 2
            && fs::File::open(&path)?
                .into_file()
                .read_exact_at(&mut magic, 0)
                .is_ok()
            && &magic == b"PK";
        if is_zip {
            found.push(path);
        }
    }
    Ok(())
}
