//! How `mend` behaves when it is called on an ordinary system: the command line, and what it runs.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use fs_err as fs;
use rescue_stick::identity::Identity;
use rescue_stick::job::Mode;
use rescue_stick::paths;
use rescue_stick::report::{MachineFacts, Report, Verdict};
use rescue_stick::signature::PublicKey;

use crate::area::FileArea;
use crate::journal::recover::recover;
use crate::journal::undo::UndoError;
use crate::journal::{self, Journal, Target};
use crate::machine::Machine;
use crate::machine::folder::FolderMachine;
use crate::machine::linux::LinuxMachine;
use crate::machine::linux::device::length_of;
use crate::machine::linux::disks::{Partition, list_partitions};
use crate::machine::linux::unlocked::Unlocked;
use crate::machine::linux::volume::{LinuxVolume, Resources};
use crate::repair::report::render_report;
use crate::repair::undo::{UndoRequest, undo_run};
use crate::repair::{Request, run};
use crate::screen::words::Language;
use crate::screen::{Answer, Question, Screen};
use crate::stick::proof::StickProof;
use crate::stick::reports::SealedReport;
use crate::stick::{Stick, StickError};
use crate::terminal::Terminal;

/// Finds, explains and repairs a broken Windows.
#[derive(Debug, Parser)]
#[command(name = "mend", version, max_term_width = 100)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what is wrong and what would be done; write nothing to the PC
    Diagnose {
        /// Where and with what
        #[command(flatten)]
        place: Place,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Repair what the stick's remedies can
    Repair {
        /// Where and with what
        #[command(flatten)]
        place: Place,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Take a repair back: block by block where nobody has written the volume since, else file by file
    Undo {
        /// Where and with what
        #[command(flatten)]
        place: Place,
        /// The run to take back, as its report names it; the newest if not given
        #[arg(long, value_name = "RUN")]
        run: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// What is to be done with the machine.
enum Work<'a> {
    Repair,
    Undo { run: Option<&'a str> },
}

/// Where and with what.
#[derive(Debug, Args)]
pub struct Place {
    /// Folder that the PC's volume is mounted on
    #[arg(long, value_name = "FOLDER", required_unless_present = "volume")]
    pub root: Option<PathBuf>,
    /// Partition of the PC's disk, or an image file of one, not mounted; may be given several times
    #[arg(long, value_name = "FILE", conflicts_with = "root", num_args = 1)]
    pub volume: Vec<PathBuf>,
    /// Journal for changes to a volume; the stick's own if not given
    #[arg(long, value_name = "FILE", requires = "volume")]
    pub journal: Option<PathBuf>,
    /// Folder that the stick is mounted on
    #[arg(long, value_name = "FOLDER", requires = "key")]
    pub stick: Option<PathBuf>,
    /// Public key that the stick must be signed with, a file as minisign writes it
    #[arg(long, value_name = "FILE", requires = "stick")]
    pub key: Option<PathBuf>,
    /// Folder that the report is written to, in a folder named after the run
    #[arg(long, value_name = "FOLDER")]
    pub report: Option<PathBuf>,
}

/// Exit code of a stick that is not believed.
pub const EXIT_REFUSED: u8 = 3;

/// Where output goes and answers come from.
pub struct Console<'a> {
    /// Results.
    pub output: &'a mut dyn Write,
    /// Refusals.
    pub errors: &'a mut dyn Write,
    /// Answers.
    pub input: &'a mut dyn BufRead,
}

/// Carries out what was asked for and returns the exit code.
pub fn run_command(options: &Options, console: Console<'_>) -> anyhow::Result<u8> {
    let asked = |yes: &bool| if *yes { Mode::Auto } else { Mode::Confirm };
    let (place, json, mode, work) = match &options.command {
        Command::Diagnose { place, json } => (place, *json, Mode::Diagnose, Work::Repair),
        Command::Repair { place, yes } => (place, false, asked(yes), Work::Repair),
        Command::Undo { place, yes, run } => {
            let run = run.as_deref();
            (place, false, asked(yes), Work::Undo { run })
        }
    };
    if mode != Mode::Diagnose && place.stick.is_none() {
        anyhow::bail!("no stick given, expected --stick FOLDER and --key FILE");
    }
    let stick = match open_stick(place) {
        Ok(stick) => stick,
        Err(error) => {
            writeln!(console.errors, "error: {error:#}")?;
            return Ok(EXIT_REFUSED);
        }
    };
    let work_folder = tempfile::tempdir().context("making a folder for mount points")?;
    let bench = open_machine(place, mode, work_folder.path())?;
    // JSON has the output to itself.
    let mut silent = io::sink();
    let shown: &mut dyn Write = if json {
        &mut silent
    } else {
        &mut *console.output
    };
    let mut screen = Terminal::new(shown, console.input);
    let report = match work {
        Work::Repair => run(&Request::new(mode), &*bench.machine, &stick, &mut screen),
        Work::Undo { run } => {
            if let Some(verdict) = undo_blocks(&bench, mode, run, &mut screen)? {
                return Ok(verdict.exit_code());
            }
            let run = run.map(str::to_owned);
            let request = UndoRequest { mode, run };
            undo_run(&request, &*bench.machine, &stick, &mut screen)
        }
    };
    screen.line("");
    render_report(&report, Language::English)
        .lines()
        .for_each(|line| screen.line(line));
    if json {
        write!(console.output, "{}", report.to_text())?;
    }
    if let Some(folder) = &place.report {
        save_report(&report, stick.identity(), folder)?;
    }
    Ok(report.verdict.exit_code())
}

/// Takes a run back block by block. Returns `None` if that cannot be, so that the files are next.
fn undo_blocks(
    bench: &Bench,
    mode: Mode,
    run: Option<&str>,
    screen: &mut dyn Screen,
) -> anyhow::Result<Option<Verdict>> {
    let Some(journal) = &bench.journal else {
        return Ok(None);
    };
    let targets: Vec<&dyn Target> = bench
        .targets
        .iter()
        .map(|one| -> &dyn Target { one })
        .collect();
    let newest = journal.commits().pop().map(|commit| commit.run);
    if let (Mode::Confirm, Some(newest)) = (mode, run.map(str::to_owned).or(newest)) {
        screen.line(&format!(
            "taking back {newest}, block by block if that can be"
        ));
        if screen.ask(Question::Undo { warning: None }) == Answer::No {
            screen.line("not wanted; nothing was written");
            return Ok(Some(Verdict::Affected));
        }
    }
    match journal::undo::undo_run(journal, &targets, run) {
        Ok(commits) => {
            let run = commits.first().map_or("", |commit| &commit.run);
            screen.line(&format!("repair {run} was taken back"));
            Ok(Some(Verdict::Undone))
        }
        Err(error @ (UndoError::Changed { .. } | UndoError::Nothing)) => {
            screen.line(&error.to_string());
            Ok(None)
        }
        Err(error @ UndoError::Journal(_)) => Err(error.into()),
        Err(error) => {
            screen.line(&error.to_string());
            Ok(Some(Verdict::Refused))
        }
    }
}

/// What stands for the PC.
struct Bench {
    machine: Box<dyn Machine>,
    journal: Option<Arc<Journal>>,
    /// The volumes as the journal knows them.
    targets: Vec<LinuxVolume>,
}

/// Opens what stands for the PC; mount points go below `work`. Unless nothing is to be written, what was
/// begun on it earlier is finished.
fn open_machine(place: &Place, mode: Mode, work: &Path) -> anyhow::Result<Bench> {
    if let Some(root) = &place.root {
        let machine = FolderMachine::open(root);
        let machine = machine.with_context(|| format!("opening {}", root.display()))?;
        return Ok(Bench {
            machine: Box::new(machine),
            journal: None,
            targets: Vec::new(),
        });
    }
    let resources = Resources {
        journal: match mode {
            Mode::Diagnose => None,
            Mode::Confirm | Mode::Auto => open_journal(place)?,
        },
        scratch: None,
        work: work.to_owned(),
        unlocked: Unlocked::default(),
        // The stick was proven before anything else.
        proof: StickProof::over(),
    };
    let open = || {
        let volumes = place.volume.iter();
        volumes
            .map(|path| examine_volume(path, &resources))
            .collect::<anyhow::Result<Vec<_>>>()
    };
    if let Some(journal) = &resources.journal {
        let volumes = open()?;
        let targets: Vec<&dyn Target> = volumes.iter().map(|one| -> &dyn Target { one }).collect();
        recover(journal, &targets).context("finishing an interrupted repair")?;
    }
    let facts = MachineFacts {
        firmware: "volumes".into(),
        ..MachineFacts::default()
    };
    Ok(Bench {
        machine: Box::new(LinuxMachine::of(facts, open()?)),
        targets: open()?,
        journal: resources.journal,
    })
}

/// Opens the journal that was named, or the stick's. Without either nothing can be changed.
fn open_journal(place: &Place) -> anyhow::Result<Option<Arc<Journal>>> {
    let of_stick = || Some(place.stick.as_ref()?.join(paths::JOURNAL));
    let Some(path) = place.journal.clone().or_else(of_stick) else {
        return Ok(None);
    };
    let open = || anyhow::Ok(Journal::open(Box::new(FileArea::open_for_writing(&path)?))?);
    let journal = open().with_context(|| format!("opening the journal {}", path.display()))?;
    Ok(Some(Arc::new(journal)))
}

/// Looks at a partition, or at a file that stands for one.
fn examine_volume(path: &Path, resources: &Resources) -> anyhow::Result<LinuxVolume> {
    let device = fs::canonicalize(path)?;
    let known = list_partitions(Path::new("/sys"), None).unwrap_or_default();
    let known = known.into_iter().find(|one| one.device == device);
    let length = length_of(&device).with_context(|| format!("opening {}", path.display()))?;
    let partition = known.unwrap_or_else(|| Partition {
        name: path.display().to_string(),
        device,
        disk: None,
        start: 0,
        length,
        disk_model: None,
        disk_serial: None,
    });
    Ok(LinuxVolume::examine(partition, resources.clone()))
}

fn open_stick(place: &Place) -> anyhow::Result<Stick> {
    let (Some(root), Some(key)) = (&place.stick, &place.key) else {
        return Ok(Stick::built_in()?);
    };
    let text = fs::read_to_string(key)?;
    let key = PublicKey::parse(&text).map_err(StickError::from)?;
    Stick::prove(root, &key, &mut |_| {}).with_context(|| format!("proving {}", root.display()))
}

/// Writes the report into a folder named after the run, signed if the stick has a key. It has no place in
/// the stick's chain, since it is not on the stick.
pub fn save_report(
    report: &Report,
    identity: Option<&Identity>,
    folder: &Path,
) -> anyhow::Result<()> {
    let render = |report: &Report| render_report(report, Language::English);
    let sealed = SealedReport::seal(&mut report.clone(), None, identity, &render);
    let folder = folder.join(&report.run);
    fs::create_dir_all(&folder)?;
    for (name, content) in sealed.files() {
        // A temporary name first: a report that is there is whole.
        let temporary = folder.join(format!("{name}.new"));
        let mut file = fs::File::create(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, folder.join(name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::fixture::{SVCHOST_SP3, XP_SP3, dat_5959, make_stick, make_zip};
    use clap::CommandFactory as _;

    #[test]
    fn command_line_is_consistent() {
        Options::command().debug_assert();
    }

    fn call(words: &[&str], folders: &[(&str, &Path)]) -> u8 {
        let mut all = vec!["mend".to_owned()];
        all.extend(words.iter().map(|word| (*word).to_owned()));
        for (name, folder) in folders {
            all.extend([format!("--{name}"), folder.display().to_string()]);
        }
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let code = run_words(&all, &mut output, &mut errors).unwrap();
        if words.contains(&"--json") {
            Report::parse(&String::from_utf8(output).unwrap()).unwrap();
        }
        assert_eq!(code == EXIT_REFUSED, !errors.is_empty());
        code
    }

    fn run_words(
        words: &[String],
        output: &mut Vec<u8>,
        errors: &mut Vec<u8>,
    ) -> anyhow::Result<u8> {
        let input = &mut io::empty();
        let options = Options::try_parse_from(words).unwrap();
        run_command(
            &options,
            Console {
                output,
                errors,
                input,
            },
        )
    }

    #[test]
    fn exit_codes_and_reports_tell_how_it_went() {
        let [pc, stick, reports] = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let [pc, stick, reports] = [&pc, &stick, &reports].map(tempfile::TempDir::path);
        XP_SP3.write(pc);
        make_stick(stick, &dat_5959(), &make_zip(&dat_5959()), &[]);
        let key = stick.join(paths::PUBLIC_KEY);
        let places = [("root", pc), ("stick", stick), ("key", key.as_path())];
        // No candidate yet: a person must bring one.
        assert_eq!(call(&["repair", "--yes"], &places), 1);
        fs::create_dir(pc.join("WINDOWS/system32/dllcache")).unwrap();
        let good = pc.join("WINDOWS/system32/dllcache/svchost.exe");
        fs::write(good, SVCHOST_SP3.build()).unwrap();
        assert_eq!(call(&["diagnose", "--json"], &places), 1);
        let with_report = [places[0], places[1], places[2], ("report", reports)];
        assert_eq!(call(&["repair", "--yes"], &with_report), 0);
        let run = fs::read_dir(reports)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let text = fs::read_to_string(run.join("report.json")).unwrap();
        assert_eq!(Report::parse(&text).unwrap().verdict, Verdict::Repaired);
        assert!(
            fs::read_to_string(run.join("report.txt"))
                .unwrap()
                .contains("REPAIRED")
        );
        assert_eq!(call(&["repair", "--yes"], &places), 0);
        // A stick with one file too many is not believed.
        fs::write(stick.join("extra"), "x").unwrap();
        assert_eq!(call(&["repair", "--yes"], &places), EXIT_REFUSED);
    }

    #[test]
    fn an_undo_ends_with_0_a_second_one_with_3_and_another_run_is_not_known() {
        let [pc, stick] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [pc, stick] = [&pc, &stick].map(tempfile::TempDir::path);
        XP_SP3.write(pc);
        make_stick(stick, &dat_5959(), &make_zip(&dat_5959()), &[]);
        let cache = pc.join("WINDOWS/system32/dllcache");
        fs::create_dir(&cache).unwrap();
        fs::write(cache.join("svchost.exe"), SVCHOST_SP3.build()).unwrap();
        let key = stick.join(paths::PUBLIC_KEY);
        let places = [("root", pc), ("stick", stick), ("key", key.as_path())];
        assert_eq!(call(&["repair", "--yes"], &places), 0);
        let undo = |words: &[&str]| {
            let mut all: Vec<String> = ["mend", "undo"].map(str::to_owned).into();
            all.extend(words.iter().map(|word| (*word).to_owned()));
            for (name, path) in places {
                all.extend([format!("--{name}"), path.display().to_string()]);
            }
            let (mut output, mut errors) = (Vec::new(), Vec::new());
            let code = run_words(&all, &mut output, &mut errors).unwrap();
            (code, String::from_utf8(output).unwrap())
        };
        let (code, text) = undo(&["--yes", "--run", "20000101T000000Z-PC1"]);
        assert!(
            code == 3 && text.contains("has left no record here"),
            "{text}"
        );
        // Nobody answers, which is a no.
        let (code, text) = undo(&[]);
        assert!(
            code == 1 && text.contains("not wanted; nothing was written"),
            "{text}"
        );
        assert!(pc.join("WINDOWS/system32/svchost.exe").exists());
        let (code, text) = undo(&["--yes"]);
        assert!(code == 0 && text.contains("\nUNDONE\n"), "{text}");
        assert!(!pc.join("WINDOWS/system32/svchost.exe").exists());
        let (code, text) = undo(&["--yes"]);
        assert!(
            code == 3 && text.contains("has already been taken back"),
            "{text}"
        );
    }

    #[test]
    fn a_stick_is_not_taken_without_the_key_it_must_have() {
        let parse = |words: &[&str]| Options::try_parse_from(words);
        assert!(parse(&["mend", "diagnose", "--root", "/x", "--stick", "/y"]).is_err());
        assert!(parse(&["mend", "diagnose", "--root", "/x"]).is_ok());
        let words = ["mend", "repair", "--root", "/x"].map(str::to_owned);
        let error = run_words(&words, &mut Vec::new(), &mut Vec::new());
        let error = error.unwrap_err().to_string();
        assert_eq!(
            error,
            "no stick given, expected --stick FOLDER and --key FILE"
        );
    }
}
