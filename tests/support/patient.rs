//! One volume of a simulated PC in a file, with the files of a stick beside it: a whole repair on a
//! real file system without a boot. Overlay, `ntfs-3g`, journal and commit are those of the rescue
//! environment.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use fs_err as fs;
use mend::area::FileArea;
use mend::journal::undo::undo;
use mend::journal::{Journal, Target};
use mend::machine::linux::LinuxMachine;
use mend::machine::linux::device::BlockDevice;
use mend::machine::linux::disks::Partition;
use mend::machine::linux::volume::{LinuxVolume, Resources};
use mend::options::{Console, Options, run_command};
use mend::repair::report::render_report;
use mend::repair::{Request, run};
use mend::screen::words::Language;
use mend::stick::Stick;
use mend::terminal::Terminal;
use rescue_stick::job::Mode;
use rescue_stick::journal::empty_head;
use rescue_stick::paths;
use rescue_stick::report::{MachineFacts, Report};
use rescue_stick::signature::PublicKey;
use tempfile::TempDir;

use crate::broken_pc::{FileSystem, MadeVolume, PcSpec, make_disk};
use crate::inspect::Volume;
use crate::judges::extract_fat;
use crate::kit::{Kit, KitSpec, VOLUME_OFFSET, require_builds};
use crate::schema::schema_accepts;
use crate::tools::{require_tools, sha256_hex};

/// Bytes of the journals made here; a stick has 32 MiB.
const JOURNAL_LENGTH: usize = 32 << 20;

/// A stick as the rescue environment sees it: its files in a folder, and its key.
#[derive(Debug)]
pub struct StickFolder {
    kit: Kit,
}

impl StickFolder {
    /// Builds an image and takes its files out.
    pub fn build(spec: &KitSpec) -> Result<Self> {
        let kit = Kit::build(spec)?;
        let stick = Self { kit };
        fs::create_dir(stick.root())?;
        extract_fat(&stick.kit.image(), VOLUME_OFFSET, &stick.root())?;
        Ok(stick)
    }

    /// Returns the folder.
    pub fn root(&self) -> PathBuf {
        self.kit.path("stick")
    }

    /// Returns the public key that its manifest is signed with.
    pub fn key(&self) -> PathBuf {
        self.kit.path("release.key.pub")
    }
}

/// A volume with a Windows on it.
#[derive(Debug)]
pub struct Patient {
    folder: TempDir,
    volume: Volume,
    /// What the generator says of it.
    pub made: MadeVolume,
}

/// What a command of `mend` came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Exit code.
    pub code: u8,
    /// What it printed, errors last.
    pub text: String,
}

/// Tells whether volumes can be mounted and sticks be built here; says what is missing.
pub fn require_patients() -> bool {
    require_builds() && require_tools(&["mkntfs", "ntfs-3g", "ntfsls", "ntfscat", "mcopy"])
}

/// Tells whether this kernel mounts `file_system`. Many a kernel of a container knows no FAT; boots cover
/// it there.
#[expect(clippy::print_stderr, reason = "a test that skips itself says why")]
pub fn is_mountable(file_system: FileSystem) -> Result<bool> {
    let known = fs::read_to_string("/proc/filesystems")?;
    let knows_fat = known.lines().any(|line| line.trim() == "vfat");
    if file_system == FileSystem::Fat32 && !knows_fat {
        eprintln!("skipped for FAT32: this kernel has no vfat");
        return Ok(false);
    }
    Ok(true)
}

impl Patient {
    /// Makes the PC `spec` and takes its first volume out.
    pub fn make(spec: &PcSpec) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let disk = folder.path().join("disk.img");
        let mut made = make_disk(spec, &disk)?;
        let made = made.volumes.swap_remove(0);
        let volume = Volume::of(&disk, &made)?;
        let patient = Self {
            folder,
            volume,
            made,
        };
        patient.make_journal()?;
        Ok(patient)
    }

    /// Puts an empty journal in the place of the one there is.
    pub fn make_journal(&self) -> Result<()> {
        let mut journal = empty_head([7; 16]);
        journal.resize(JOURNAL_LENGTH, 0);
        Ok(fs::write(self.journal_file(), journal)?)
    }

    /// Returns the volume, for those who look at it and those who change it.
    pub fn volume(&self) -> &Volume {
        &self.volume
    }

    /// Returns the image of the disk that the volume was taken out of. What is written to the volume does
    /// not show there.
    pub fn disk(&self) -> PathBuf {
        self.folder.path().join("disk.img")
    }

    /// Returns the file of the journal.
    pub fn journal_file(&self) -> PathBuf {
        self.folder.path().join("journal.bin")
    }

    /// Returns the digest of the whole volume.
    pub fn digest(&self) -> Result<String> {
        Ok(sha256_hex(&fs::read(self.volume.path())?))
    }

    /// Returns the volume as the rescue environment lists it.
    pub fn partition(&self) -> Result<Partition> {
        Ok(Partition {
            name: "disk 1, partition 1".into(),
            device: self.volume.path().to_owned(),
            disk: Some(self.disk()),
            start: self.made.offset,
            length: fs::metadata(self.volume.path())?.len(),
            disk_model: Some("simulated".into()),
            disk_serial: None,
        })
    }

    /// Returns what a repair of it in this process needs.
    pub fn resources(&self) -> Result<Resources> {
        let area = FileArea::open_for_writing(&self.journal_file())?;
        Ok(Resources {
            journal: Some(Arc::new(Journal::open(Box::new(area))?)),
            scratch: None,
            work: self.folder.path().join("work"),
            unlocked: mend::machine::linux::unlocked::Unlocked::default(),
            proof: mend::stick::proof::StickProof::over(),
        })
    }

    /// Runs a command of `mend` on it, such as `["repair", "--yes"]`.
    pub fn mend(&self, words: &[&str], stick: &StickFolder) -> Result<Outcome> {
        self.mend_answering(words, stick, "")
    }

    /// Runs a command of `mend` on it; `answers` is what the person types.
    pub fn mend_answering(
        &self,
        words: &[&str],
        stick: &StickFolder,
        answers: &str,
    ) -> Result<Outcome> {
        let mut arguments = vec!["mend".to_owned()];
        arguments.extend(words.iter().map(|word| (*word).to_owned()));
        let places = [
            ("--volume", self.volume.path().to_owned()),
            ("--journal", self.journal_file()),
            ("--stick", stick.root()),
            ("--key", stick.key()),
            ("--report", self.reports()),
        ];
        for (option, path) in &places {
            arguments.extend([(*option).to_owned(), text_of(path)?]);
        }
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let console = Console {
            output: &mut output,
            errors: &mut errors,
            input: &mut answers.as_bytes(),
        };
        let code = run_command(&Options::try_parse_from(arguments)?, console)?;
        self.judge_reports()?;
        output.extend(errors);
        let text = String::from_utf8_lossy(&output).into_owned();
        Ok(Outcome { code, text })
    }

    /// Repairs it in this process, unattended, as it is seen through `device`.
    pub fn mend_through(
        &self,
        device: Box<dyn BlockDevice>,
        stick: &StickFolder,
    ) -> Result<Outcome> {
        let volume = LinuxVolume::examine_on(device, self.partition()?, self.resources()?);
        let report = run_on(volume, &Request::new(Mode::Auto), stick)?;
        Ok(Outcome {
            code: report.verdict.exit_code(),
            text: render_report(&report, Language::English),
        })
    }

    /// Runs `mend` on it in this process, with nobody at the screen.
    pub fn run_in_process(&self, request: &Request, stick: &StickFolder) -> Result<Report> {
        let volume = LinuxVolume::examine(self.alone()?, self.resources()?);
        run_on(volume, request, stick)
    }

    /// Returns the volume as `mend` knows it by its file alone.
    fn alone(&self) -> Result<Partition> {
        Ok(Partition {
            device: fs::canonicalize(self.volume.path())?,
            disk: None,
            start: 0,
            disk_model: None,
            ..self.partition()?
        })
    }
}

fn run_on(volume: LinuxVolume, request: &Request, stick: &StickFolder) -> Result<Report> {
    let machine = LinuxMachine::of(MachineFacts::default(), vec![volume]);
    let key = PublicKey::parse(&fs::read_to_string(stick.key())?)?;
    let stick = Stick::prove(&stick.root(), &key, &mut |_| {})?;
    let mut screen = Terminal::new(io::sink(), io::empty());
    let report = run(request, &machine, &stick, &mut screen);
    schema_accepts(&report.to_text())?;
    Ok(report)
}

impl Patient {
    /// Returns the folder that reports are written to.
    pub fn reports(&self) -> PathBuf {
        self.folder.path().join("reports")
    }

    /// Holds every report that there is against the schema.
    fn judge_reports(&self) -> Result<()> {
        // A run that was refused writes none.
        let Ok(runs) = fs::read_dir(self.reports()) else {
            return Ok(());
        };
        for run in runs {
            let report = run?.path().join(paths::REPORT_JSON);
            schema_accepts(&fs::read_to_string(report)?)?;
        }
        Ok(())
    }

    /// Takes the newest repair back through the journal, as the menu of a stick does.
    pub fn undo(&self) -> Result<()> {
        let resources = self.resources()?;
        let journal = resources.journal.clone().context("no journal")?;
        let volume = LinuxVolume::examine(self.alone()?, resources);
        let target: &dyn Target = &volume;
        undo(&journal, &[target])?;
        Ok(())
    }
}

/// Returns a path as text.
pub fn text_of(path: &Path) -> Result<String> {
    let text = path.to_str().map(str::to_owned);
    text.with_context(|| format!("{}: not UTF-8", path.display()))
}
