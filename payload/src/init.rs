//! Being PID 1 of the rescue environment: mounts, modules, consoles, the stick, and the end.
//!
//! The order is the promise: the stick proves itself before any disk of the PC is opened for writing, volumes
//! that BitLocker locks are unlocked, and an interrupted commit is finished before anything else is looked at.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fs_err as fs;
use rescue_stick::job::{Finish, Mode};
use rescue_stick::journal::CommitEntry;
use rescue_stick::paths;
use rescue_stick::report::{Report, Timing, Verdict};
use rescue_stick::signature::PublicKey;
use rustix::system::{RebootCommand, reboot};

use self::arguments::{Arguments, Task};
use self::boot_stick::BootStick;
use self::fault::{fault_lines, keep_faults, tell_fault};
use self::filing::{Doors, Filed, file_report};
use self::later::load_later;
use self::unlock::unlock_volumes;
use crate::journal::recover::{RecoverOutcome, recover};
use crate::journal::undo::{UndoError, undo};
use crate::journal::{Journal, Target};
use crate::machine::Machine;
use crate::machine::linux::volume::{LinuxVolume, Resources};
use crate::machine::linux::{LinuxMachine, find_targets, uptime_ms};
use crate::repair::FAULT_OF_MEND;
use crate::screen::console::Consoles;
use crate::screen::words::Language;
use crate::screen::{self, Progress, Screen, guess_time_left, outcome_lines, story};
use crate::stick::record::Record;
use crate::stick::reports::SealedReport;
use crate::stick::{SignedManifest, Stick, StickError};

pub mod arguments;
pub mod boot_stick;
pub mod environment;
pub mod fault;
mod filing;
mod later;
mod unlock;
mod visit;

/// Folder for mount points.
const WORK: &str = "/run/mend";

/// Where something was kept, or why it was not.
pub type Kept = Result<String, String>;

/// The work itself, which this module only calls.
#[derive(Clone, Copy)]
pub struct Work {
    /// Detects, plans and, unless the mode or the person says no, repairs.
    pub repair: fn(Mode, &dyn Machine, &Stick, &mut dyn Screen) -> Report,
    /// Takes the newest repair back, file by file.
    pub undo: fn(Mode, &dyn Machine, &Stick, &mut dyn Screen) -> Report,
    /// Renders a report as text in a language.
    pub report_text: fn(&Report, Language) -> String,
    /// Keeps a report on the PC that it is about, if something may be written there.
    pub keep_report: fn(&dyn Machine, &Report, &SealedReport) -> Option<Kept>,
}

/// What the person sees at the end.
struct Outcome {
    verdict: Verdict,
    /// What was found or done, and what to do next.
    lines: Vec<String>,
    /// Goes to the stick, if there is one.
    report: Option<Report>,
    /// What became of it.
    filed: Filed,
    /// Whether the next start from the stick has something to finish.
    is_unfinished: bool,
}

/// How the run is to end.
struct Ending {
    finish: Finish,
    /// The stick's disk, once it was found.
    disk: Option<String>,
}

impl Outcome {
    fn new(verdict: Verdict, lines: &[String]) -> Self {
        Self {
            verdict,
            lines: lines.to_vec(),
            report: None,
            filed: Filed::default(),
            is_unfinished: false,
        }
    }

    fn of(report: Report) -> Self {
        let mut advice = report.installations.iter().flat_map(|one| &one.advice);
        Self {
            verdict: report.verdict,
            lines: outcome_lines(&report),
            is_unfinished: advice.any(|line| line == FAULT_OF_MEND),
            report: Some(report),
            filed: Filed::default(),
        }
    }
}

impl Ending {
    /// Whatever came in between, a person is there to be asked.
    fn asked() -> Self {
        Self {
            finish: Finish::Ask,
            disk: None,
        }
    }
}

/// Runs the rescue environment, then restarts the PC or switches it off. Returns only, and with the reason,
/// if this is not the rescue environment.
pub fn run(work: Work) -> String {
    if std::process::id() != 1 {
        return "not PID 1, so this is not the rescue environment".into();
    }
    if !Path::new(paths::MARKER_IN_INITRAMFS).exists() {
        let marker = paths::MARKER_IN_INITRAMFS;
        return format!("there is no {marker}, so this is not the rescue environment");
    }
    environment::mount_all();
    let mut screen = Consoles::open(&environment::CONSOLES);
    let arguments = Arguments::parse(&fs::read_to_string("/proc/cmdline").unwrap_or_default());
    screen.set_languages(arguments.language.as_slice());
    screen.mark(&format!("first line {} ms", uptime_ms()));
    let mut timings = Vec::new();
    note_time(&mut timings, "start");
    let loaded = environment::load_modules(Path::new(paths::MODULES_IN_INITRAMFS));
    note_time(&mut timings, "modules");
    screen.mark(&format!("modules loaded {loaded} {} ms", uptime_ms()));
    let fault = keep_faults();
    let worked = catch_unwind(AssertUnwindSafe(|| {
        work_on(&mut screen, &arguments, work, (&mut timings, &fault))
    }));
    let ending = worked.unwrap_or_else(|_| {
        let outcome = Outcome {
            // The stick has it from where it was; the next start looks at the journal first.
            is_unfinished: true,
            ..Outcome::new(Verdict::Failed, &fault_lines())
        };
        tell_fault(&mut screen, &fault);
        show(&mut screen, outcome);
        Ending::asked()
    });
    end(&mut screen, arguments.finish, &ending)
}

/// Notes a stage of the start, which began where the one before it ended.
fn note_time(timings: &mut Vec<Timing>, stage: &str) {
    let before: u64 = timings.iter().map(|timing| timing.took_ms).sum();
    timings.push(Timing {
        stage: stage.to_owned(),
        took_ms: uptime_ms().saturating_sub(before),
    });
}

/// Does the work and shows the outcome. Returns how the stick's job wants it to end.
fn work_on(
    screen: &mut Consoles,
    arguments: &Arguments,
    work: Work,
    (timings, fault): (&mut Vec<Timing>, &Mutex<String>),
) -> Ending {
    let (boot_stick, mut stick) = match prove_stick(screen, arguments, timings) {
        Ok(proven) => proven,
        Err(reason) => {
            let advice =
                "Nothing on this PC was touched. Write the stick again, or use another one.";
            let outcome = Outcome::new(Verdict::Refused, &[reason, advice.into()]);
            show(screen, outcome);
            return Ending::asked();
        }
    };
    if arguments.language.is_none() {
        screen.set_languages(&stick.job().languages);
    }
    let (mut record, notes) = begin_record(screen, arguments, &boot_stick, &mut stick);
    let journal = open_journal(screen, &boot_stick);
    let opened = unlock_volumes(screen, boot_stick.disk(), &stick, stick.job().mode);
    let resources = Resources {
        journal,
        scratch: boot_stick.place_of(paths::SCRATCH).ok(),
        work: WORK.into(),
        unlocked: opened.unlocked,
    };
    let place = (&boot_stick, &stick, &resources);
    let mut outcome = mend(screen, arguments, place, opened.notes, work);
    // A fault in the work on one Windows ends that work alone, so there is a report, and it tells.
    let fault = tell_fault(screen, fault);
    if let Some(report) = &mut outcome.report {
        report.notes.splice(0..0, notes);
        report.notes.extend(fault);
        report.timings.splice(0..0, timings.drain(..));
        report.visit = record.visit().clone().or(&stick.job().visit);
        let language = screen.language();
        report.language = language.code().to_owned();
        let doors = Doors {
            render: &|report| (work.report_text)(report, language),
            save: &|sealed| boot_stick.save_report(sealed),
            keep: &|report, sealed| {
                let machine = LinuxMachine::find(Some(boot_stick.disk()), &resources).ok()?;
                (work.keep_report)(&machine, report, sealed)
            },
        };
        outcome.filed = file_report(report, &mut record, stick.identity(), &doors);
        outcome.lines.append(&mut outcome.filed.lines);
    } else {
        boot_stick.let_go();
    }
    let job = stick.job();
    let verdict = outcome.verdict;
    show(screen, outcome);
    if Consoles::is_heard(job.mode) {
        screen.call(verdict);
    }
    Ending {
        finish: job.finish,
        disk: Some(boot_stick.disk().to_owned()),
    }
}

fn prove_stick(
    screen: &mut Consoles,
    arguments: &Arguments,
    timings: &mut Vec<Timing>,
) -> Result<(BootStick, Stick), String> {
    screen.line("Looking for the stick ...");
    let serial = arguments
        .stick_serial
        .ok_or("the kernel was started without mend.stick=XXXX-XXXX")?;
    let key = fs::read_to_string(paths::TRUSTED_KEY_IN_INITRAMFS)
        .map_err(|error| error.to_string())
        .and_then(|text| PublicKey::parse(&text).map_err(|error| error.to_string()))?;
    let boot_stick = boot_stick::find(serial)?;
    screen.mark(&format!("stick found {} ms", uptime_ms()));
    note_time(timings, "stick");
    let refuse = |error: StickError| format!("This stick is not as it was signed: {error}");
    let signed = SignedManifest::read(boot_stick.root(), &key).map_err(refuse)?;
    // Disks come up while the stick is being read.
    let loaded = load_later(boot_stick.root(), &signed).map_err(refuse)?;
    screen.mark(&format!("later modules loaded {loaded} {} ms", uptime_ms()));
    let (mut shown, started_ms) = (0, uptime_ms());
    let stick = Stick::prove_files(boot_stick.root(), &key, &signed, &mut |progress| {
        let tenths = progress.done.saturating_mul(10) / progress.total.max(1);
        if tenths > shown {
            shown = tenths;
            let taken = Duration::from_millis(uptime_ms().saturating_sub(started_ms));
            screen.advance(Progress {
                text: "Checking the stick ...".to_owned(),
                done: progress.done,
                total: progress.total,
                left: guess_time_left(progress.done, progress.total, taken),
            });
        }
    });
    let stick = stick.map_err(refuse)?;
    screen.mark(&format!("stick proven {} ms", uptime_ms()));
    note_time(timings, "proof");
    Ok((boot_stick, stick))
}

/// Opens the stick's record of its reports and counts this start, which also tells whether the stick can be
/// written at all. Returns what a report is to say of it.
fn begin_record(
    screen: &mut Consoles,
    arguments: &Arguments,
    boot_stick: &BootStick,
    stick: &mut Stick,
) -> (Record, Vec<String>) {
    let mut record = boot_stick.open_record(stick);
    let mut notes = record.notes().to_vec();
    if let Err(error) = record.count_start() {
        notes.push(format!("the stick did not count this start: {error}"));
    }
    if let Err(error) = visit::ask(screen, stick.job(), &mut record, arguments.asks_visit) {
        notes.push(format!("the stick did not keep what was entered: {error}"));
    }
    stick.place_next_report(record.next_link().as_ref());
    (record, notes)
}

fn mend(
    screen: &mut Consoles,
    arguments: &Arguments,
    (boot_stick, stick, resources): (&BootStick, &Stick, &Resources),
    unlocked: Vec<String>,
    work: Work,
) -> Outcome {
    let mut recovered = unlocked;
    if let Some(journal) = &resources.journal {
        if has_unfinished(journal.commits()) {
            screen.turn_to(screen::Work::Repairing);
        }
        let done = with_targets(boot_stick, resources, |targets| {
            recover_all(screen, journal, targets)
        });
        screen.turn_to(screen::Work::Looking);
        match done.and_then(|done| done) {
            Ok(lines) => recovered.extend(lines),
            Err(reason) => {
                let advice = "A repair was interrupted and cannot be finished. Keep the stick, and \
                              ask whoever made it.";
                return Outcome::new(Verdict::Failed, &[reason, advice.into()]);
            }
        }
    }
    let mode = match arguments.task {
        Task::Undo => {
            let mut outcome = undo_newest(screen, (boot_stick, stick), resources, work);
            if let Some(report) = &mut outcome.report {
                report.notes.splice(0..0, recovered);
            }
            return outcome;
        }
        Task::Diagnose => Mode::Diagnose,
        Task::Repair => stick.job().mode,
    };
    let machine = match LinuxMachine::find(Some(boot_stick.disk()), resources) {
        Ok(machine) => machine,
        Err(error) => return Outcome::new(Verdict::Failed, &[error.to_string()]),
    };
    let mut report = (work.repair)(mode, &machine, stick, screen);
    // What was finished or left from an earlier run belongs to this PC's story, so to its report.
    report.notes.splice(0..0, recovered);
    let mut outcome = Outcome::of(report);
    let commits = resources
        .journal
        .iter()
        .flat_map(|journal| journal.commits());
    outcome.is_unfinished |= has_unfinished(commits);
    outcome
}

fn has_unfinished(commits: impl IntoIterator<Item = CommitEntry>) -> bool {
    let mut commits = commits.into_iter();
    commits.any(|commit| commit.state.is_unfinished())
}

fn open_journal(screen: &mut Consoles, boot_stick: &BootStick) -> Option<Arc<Journal>> {
    let opened = boot_stick.place_of(paths::JOURNAL).and_then(|place| {
        let area = place.open().map_err(|error| error.to_string())?;
        Journal::open(Box::new(area)).map_err(|error| error.to_string())
    });
    match opened {
        Ok(journal) => Some(Arc::new(journal)),
        Err(reason) => {
            screen.line(&format!(
                "Without a journal nothing can be repaired: {reason}"
            ));
            None
        }
    }
}

fn with_targets<T>(
    boot_stick: &BootStick,
    resources: &Resources,
    work: impl FnOnce(&[&dyn Target]) -> T,
) -> Result<T, String> {
    let volumes = find_targets(Some(boot_stick.disk()), resources);
    let volumes: Vec<LinuxVolume> = volumes.map_err(|error| error.to_string())?;
    let targets: Vec<&dyn Target> = volumes.iter().map(|one| -> &dyn Target { one }).collect();
    Ok(work(&targets))
}

fn recover_all(
    screen: &mut Consoles,
    journal: &Journal,
    targets: &[&dyn Target],
) -> Result<Vec<String>, String> {
    let recovered = recover(journal, targets).map_err(|error| error.to_string())?;
    let mut lines = Vec::new();
    for one in recovered {
        screen.line(&one.words());
        lines.push(one.words());
        let word = match one.outcome {
            RecoverOutcome::Finished => "finished",
            RecoverOutcome::TakenBack => "taken-back",
            RecoverOutcome::NotHere => "not-here",
            RecoverOutcome::Locked => "locked",
            RecoverOutcome::Abandoned => "abandoned",
        };
        screen.mark(&format!("recovered {word} {}", one.commit.run));
    }
    Ok(lines)
}

/// Takes the newest repair back: block by block if nobody has written the disk since, else file by file
/// by the record that it left on the PC.
fn undo_newest(
    screen: &mut Consoles,
    (boot_stick, stick): (&BootStick, &Stick),
    resources: &Resources,
    work: Work,
) -> Outcome {
    let Some(journal) = &resources.journal else {
        let reason = "The stick has no journal, so nothing can be taken back with it.";
        return Outcome::new(Verdict::Refused, &[reason.into()]);
    };
    screen.turn_to(screen::Work::Undoing);
    let undone = with_targets(boot_stick, resources, |targets| undo(journal, targets));
    screen.turn_to(screen::Work::Looking);
    let reason = match undone {
        Ok(Ok(commits)) => {
            let runs = commits.first().map(|commit| commit.run.clone());
            let line = format!("Repair {} was taken back.", runs.unwrap_or_default());
            return Outcome::new(Verdict::Undone, &[line]);
        }
        Ok(Err(error @ UndoError::Journal(_))) => {
            return Outcome {
                is_unfinished: true,
                ..Outcome::new(Verdict::Failed, &[error.to_string()])
            };
        }
        Ok(Err(error @ (UndoError::Changed { .. } | UndoError::Nothing))) => error.to_string(),
        Ok(Err(error)) => return Outcome::new(Verdict::Refused, &[error.to_string()]),
        Err(reason) => return Outcome::new(Verdict::Failed, &[reason]),
    };
    screen.line(&reason);
    screen.mark("undo by files");
    match LinuxMachine::find(Some(boot_stick.disk()), resources) {
        Ok(machine) => Outcome::of((work.undo)(stick.job().mode, &machine, stick, screen)),
        Err(error) => Outcome::new(Verdict::Failed, &[error.to_string()]),
    }
}

fn show(screen: &mut Consoles, outcome: Outcome) {
    let verdict = outcome.verdict;
    let is_saved = outcome.filed.saved.as_ref().map(Result::is_ok);
    let saved_line = outcome.filed.saved.map(|saved| match saved {
        Ok(folder) => format!("Report on the stick: {folder}"),
        Err(reason) => format!("The report could not be saved on the stick: {reason}"),
    });
    screen.show_outcome(story::Outcome {
        verdict,
        lines: outcome.lines,
        report: outcome.report,
        is_saved,
        saved_line,
        codes: outcome.filed.codes,
        is_unfinished: outcome.is_unfinished,
    });
    screen.mark(&format!("outcome shown {} ms", uptime_ms()));
    screen.mark(&format!("VERDICT {}", verdict.word()));
}

/// Ends the run as the boot arguments want it, or else as the stick's job does. Everything that is needed
/// for it is in memory: the stick may be out.
fn end(screen: &mut Consoles, wanted: Option<Finish>, ending: &Ending) -> ! {
    let finish = wanted.unwrap_or(ending.finish);
    let is_stick_in = || {
        let disk = ending.disk.as_deref();
        disk.is_none_or(|disk| Path::new("/sys/block").join(disk).exists())
    };
    screen.wait_for_end(finish, &is_stick_in);
    rustix::fs::sync();
    let command = match finish {
        Finish::PowerOff => RebootCommand::PowerOff,
        Finish::Ask | Finish::Restart => RebootCommand::Restart,
    };
    screen.mark(&format!("end {} ms", uptime_ms()));
    let _ = reboot(command);
    // PID 1 must not end; the person can still press the button.
    screen.say_switch_off();
    loop {
        std::thread::park();
    }
}
