//! Being PID 1 of the rescue environment: mounts, modules, consoles, the stick, and the end.
//!
//! The order is the promise: the stick proves itself before any disk of the PC is opened for writing and before
//! a key is asked for, volumes that BitLocker locks are unlocked, and an interrupted commit is finished before
//! anything else is looked at. Where nothing of that is to be done, the PC is looked at while the stick still
//! proves itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};

use fs_err as fs;
use rescue_stick::job::Mode;
use rescue_stick::paths;
use rescue_stick::report::{Report, Timing, Verdict};
use rescue_stick::signature::PublicKey;

use self::arguments::{Arguments, Task};
use self::boot_stick::BootStick;
use self::ending::{Desk, Ending, end};
use self::fault::{fault_lines, keep_faults, tell_fault};
use self::later::read_later;
use self::modules::{Loader, load_modules};
use self::outcome::{Outcome, show};
use self::recovery::{has_unfinished, open_journal, recover_all, with_targets};
use self::undoing::undo_newest;
use self::unlock::unlock_volumes;
use crate::machine::Machine;
use crate::machine::linux::unlocked::Unlocked;
use crate::machine::linux::volume::Resources;
use crate::machine::linux::{LinuxMachine, uptime_ms};
use crate::repair::await_proof;
use crate::repair::undo::blocks::{TakenBack, Trace};
use crate::screen::console::Consoles;
use crate::screen::words::Language;
use crate::screen::{self, Screen};
use crate::stick::proof::{ProofOutcome, StickProof};
use crate::stick::record::Record;
use crate::stick::reports::SealedReport;
use crate::stick::{SignedManifest, Stick, not_as_signed};

pub mod arguments;
pub mod boot_stick;
mod ending;
pub mod environment;
pub mod fault;
mod filing;
mod later;
mod modules;
mod outcome;
mod recovery;
mod undoing;
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
    /// Reads what repairs have left on the PC of how they can be undone.
    pub read_traces: fn(&dyn Machine) -> Vec<Trace>,
    /// Reports a repair that the journal took back, block by block.
    pub report_undo: fn(&TakenBack, &dyn Machine, &Stick, &mut dyn Screen) -> Report,
    /// Renders a report as text in a language.
    pub report_text: fn(&Report, Language) -> String,
    /// Keeps a report on the PC that it is about, if something may be written there.
    pub keep_report: fn(&dyn Machine, &Report, &SealedReport) -> Option<Kept>,
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
    let loaded = load_modules(Path::new(paths::FIRST_MODULES));
    note_time(&mut timings, "modules");
    screen.mark(&format!("modules loaded {loaded} {} ms", uptime_ms()));
    let fault = keep_faults();
    let loader = Loader::start();
    loader.load(paths::MEANWHILE_MODULES);
    let worked = catch_unwind(AssertUnwindSafe(|| {
        work_on(
            &mut screen,
            &arguments,
            work,
            loader,
            (&mut timings, &fault),
        )
    }));
    let mut ending = worked.unwrap_or_else(|_| {
        let outcome = Outcome {
            // The stick has it from where it was; the next start looks at the journal first.
            is_unfinished: true,
            ..Outcome::new(Verdict::Failed, &fault_lines())
        };
        tell_fault(&mut screen, &fault);
        show(&mut screen, &outcome);
        Ending::asked()
    });
    end(&mut screen, arguments.finish, &mut ending)
}

/// Notes a stage of the start, which began where the one before it ended.
fn note_time(timings: &mut Vec<Timing>, stage: &str) {
    let before: u64 = timings.iter().map(|timing| timing.took_ms).sum();
    add_time(timings, stage, uptime_ms().saturating_sub(before));
}

fn add_time(timings: &mut Vec<Timing>, stage: &str, took_ms: u64) {
    timings.push(Timing {
        stage: stage.to_owned(),
        took_ms,
    });
}

/// Does the work and shows the outcome. Returns how the stick's job wants it to end.
fn work_on(
    screen: &mut Consoles,
    arguments: &Arguments,
    work: Work,
    loader: Loader,
    (timings, fault): (&mut Vec<Timing>, &Mutex<String>),
) -> Ending {
    let (boot_stick, mut stick) = match open_stick(screen, arguments, loader, timings) {
        Ok(opened) => opened,
        Err(reason) => return refuse(screen, reason),
    };
    if arguments.language.is_none() {
        screen.set_languages(&stick.job().languages);
    }
    let (record, notes) = begin_record(screen, arguments, &boot_stick, &mut stick);
    let journal = open_journal(screen, &boot_stick);
    let mut resources = Resources {
        journal,
        scratch: boot_stick.place_of(paths::SCRATCH).ok(),
        work: WORK.into(),
        unlocked: Unlocked::default(),
        proof: stick.proof().clone(),
    };
    let mut outcome = loop {
        let place = (&boot_stick, &stick, &mut resources);
        match mend(screen, arguments, place, work) {
            Ok(Some(outcome)) => break outcome,
            Ok(None) => screen.line("A disk came up late, so this PC is looked at again."),
            Err(error) => return refuse(screen, not_as_signed(&error)),
        }
    };
    note_proof(screen, &stick, timings);
    // A fault in the work on one Windows ends that work alone, so there is a report, and it tells.
    let fault = tell_fault(screen, fault);
    let mut desk = Desk {
        language: screen.language(),
        boot_stick,
        stick,
        record,
        resources,
        work,
        outcome: None,
    };
    if let Some(report) = &mut outcome.report {
        report.notes.splice(0..0, notes);
        report.notes.extend(fault);
        report.timings.splice(0..0, timings.drain(..));
        let preset = &desk.stick.job().visit;
        report.visit = desk.record.visit().clone().or(preset);
        report.language = desk.language.code().to_owned();
        screen.mark("filing the report");
        outcome.filed = desk.file(report);
    }
    desk.boot_stick.let_go();
    show(screen, &outcome);
    let job = desk.stick.job();
    if Consoles::is_heard(job.mode) {
        screen.call(outcome.verdict);
    }
    let finish = job.finish;
    desk.outcome = Some(outcome);
    Ending {
        finish,
        desk: Some(desk),
    }
}

/// Ends a run of a stick that is not believed.
fn refuse(screen: &mut Consoles, reason: String) -> Ending {
    let advice = "Nothing on this PC was touched. Write the stick again, or use another one.";
    let outcome = Outcome::new(Verdict::Refused, &[reason, advice.into()]);
    show(screen, &outcome);
    Ending::asked()
}

/// Finds the stick, reads what it is to do, and begins its proof.
fn open_stick(
    screen: &mut Consoles,
    arguments: &Arguments,
    loader: Loader,
    timings: &mut Vec<Timing>,
) -> Result<(BootStick, Stick), String> {
    screen.line("Looking for the stick ...");
    let serial = arguments
        .stick_serial
        .ok_or("the kernel was started without mend.stick, the serial number of the stick")?;
    let key = fs::read_to_string(paths::TRUSTED_KEY_IN_INITRAMFS)
        .map_err(|error| error.to_string())
        .and_then(|text| PublicKey::parse(&text).map_err(|error| error.to_string()))?;
    let boot_stick = boot_stick::find(serial)?;
    screen.mark(&format!("stick found {} ms", uptime_ms()));
    note_time(timings, "stick");
    let root = boot_stick.root();
    let open = || {
        let signed = Arc::new(SignedManifest::read(root, &key)?);
        // Before the proof, which keeps the stick busy.
        let archives = read_later(root, &signed)?;
        let proof = StickProof::begin(root.to_owned(), Arc::clone(&signed));
        for archive in archives {
            archive.unpack()?;
        }
        loader.load(paths::LATER_MODULES);
        Stick::read(root, &signed, &key, proof)
    };
    let stick = open().map_err(|error| not_as_signed(&error))?;
    let loaded = loader.finish();
    screen.mark(&format!(
        "further modules loaded {loaded} {} ms",
        uptime_ms()
    ));
    Ok((boot_stick, stick))
}

/// Notes how long the proof took.
fn note_proof(screen: &mut Consoles, stick: &Stick, timings: &mut Vec<Timing>) {
    let took = stick.proof().took().unwrap_or_default();
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    screen.mark(&format!("stick proven within {took_ms} ms"));
    add_time(timings, "proof", took_ms);
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

/// Unlocks, finishes what was interrupted, and does the work. Returns nothing if disks came up after the PC was
/// looked at, so that it must be looked at again.
fn mend(
    screen: &mut Consoles,
    arguments: &Arguments,
    (boot_stick, stick, resources): (&BootStick, &Stick, &mut Resources),
    work: Work,
) -> ProofOutcome<Option<Outcome>> {
    let opened = unlock_volumes(screen, boot_stick.disk(), stick, stick.job().mode)?;
    resources.unlocked = opened.unlocked;
    let mut recovered = opened.notes;
    if let Some(journal) = &resources.journal
        && has_unfinished(journal.commits())
    {
        await_proof(stick, screen)?;
        screen.turn_to(screen::Work::Repairing);
        let done = with_targets(boot_stick, resources, |targets| {
            recover_all(screen, journal, targets)
        });
        screen.turn_to(screen::Work::Looking);
        match done.and_then(|done| done) {
            Ok(lines) => recovered.extend(lines),
            Err(reason) => {
                let advice = "A repair was interrupted and cannot be finished. Keep the stick, and \
                              ask whoever made it.";
                let outcome = Outcome::new(Verdict::Failed, &[reason, advice.into()]);
                return Ok(Some(outcome));
            }
        }
    }
    let mode = match arguments.task {
        Task::Undo => {
            await_proof(stick, screen)?;
            let mut outcome = undo_newest(screen, (boot_stick, stick), resources, work);
            if let Some(report) = &mut outcome.report {
                report.notes.splice(0..0, recovered);
            }
            return Ok(Some(outcome));
        }
        Task::Diagnose => Mode::Diagnose,
        Task::Repair => stick.job().mode,
    };
    let machine = match LinuxMachine::find(Some(boot_stick.disk()), resources) {
        Ok(machine) => machine,
        Err(error) => {
            await_proof(stick, screen)?;
            return Ok(Some(Outcome::new(Verdict::Failed, &[error.to_string()])));
        }
    };
    let mut report = (work.repair)(mode, &machine, stick, screen);
    await_proof(stick, screen)?;
    if !machine.is_complete() {
        return Ok(None);
    }
    // What was finished or left from an earlier run belongs to this PC's story, so to its report.
    report.notes.splice(0..0, recovered);
    let mut outcome = Outcome::of(report);
    let commits = resources
        .journal
        .iter()
        .flat_map(|journal| journal.commits());
    outcome.is_unfinished |= has_unfinished(commits);
    Ok(Some(outcome))
}
