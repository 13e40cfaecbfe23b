//! The report of a repair that was taken back block by block. The journal did that, without a plan; what
//! went back is told by the record that the repair had left on the PC, which was read before, and by a fresh
//! look at every file afterwards.

use std::path::Path;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::report::{ChangeReport, InstallationReport, Report, Verdict};
use rescue_stick::undo::{UNDO_RUN_PREFIX, UndoRecord};

use super::find::find_records;
use super::{begin_of_record, conclude, find_facts};
use crate::health::check_health;
use crate::machine::Machine;
use crate::repair::detect::{Inventory, survey_machine};
use crate::repair::report::{Course, name_run};
use crate::repair::stages::{Stage, Stages};
use crate::repair::verify::hash_at;
use crate::screen::{ADVICE_TO_RESTART, Screen};
use crate::stick::Stick;
use crate::windows::path::WindowsPath;

/// A record of a repair, as it lay on the PC before the repair was taken back.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Name of the volume.
    pub volume: String,
    /// What it says.
    pub record: UndoRecord,
}

/// What the journal did, or why it did not.
#[derive(Clone, Debug)]
pub struct TakenBack {
    /// How it went.
    pub verdict: Verdict,
    /// What is to be said of it, one line each.
    pub notes: Vec<String>,
    /// The repair that was taken back, if one was. The journal's table bounds its length.
    pub run: Option<String>,
    /// Every record that lay on the PC before.
    pub traces: Vec<Trace>,
    /// Uptime when it was begun, milliseconds.
    pub started_ms: u64,
}

/// Returns the records on all volumes that can be looked at. One that cannot be believed is left out: the
/// blocks go back without it.
pub fn read_traces(machine: &dyn Machine) -> Vec<Trace> {
    let mut traces = Vec::new();
    for volume in machine.volumes() {
        let places = volume.view().ok().map(|view| find_records(view.root()));
        let places = places.and_then(Result::ok).unwrap_or_default();
        let records = places.into_iter().filter_map(|place| place.record.ok());
        traces.extend(records.map(|found| Trace {
            volume: volume.facts().name.clone(),
            record: found.record,
        }));
    }
    traces
}

/// Looks at the PC again and reports what was taken back.
pub fn report_undo(
    taken: &TakenBack,
    machine: &dyn Machine,
    stick: &Stick,
    screen: &mut dyn Screen,
) -> Report {
    let now = machine.now();
    let mut stages = Stages::new(machine);
    screen.meet(machine.facts(), stick.facts());
    screen.line("Looking at this PC ...");
    let inventory = stages.time(Stage::Detect, || survey_machine(machine, None));
    let health = stages.time(Stage::Health, || check_health(machine, &inventory, stick));
    let run = format!("{UNDO_RUN_PREFIX}{}", name_run(now, &inventory));
    let traces = taken.traces.iter().filter(|trace| {
        let is_of = |run: &String| trace.record.run.starts_with(run.as_str());
        taken.run.as_ref().is_some_and(is_of)
    });
    let installations = stages.time(Stage::Verify, || {
        traces
            .map(|trace| report_trace(trace, machine, &inventory))
            .collect()
    });
    let course = Course {
        run,
        started: now,
        took_ms: machine.uptime_ms().saturating_sub(taken.started_ms),
        stick: stick.facts().clone(),
        machine: machine.facts().clone(),
        inventory,
        installations,
        health: health.report,
        kit: health.kit,
        timings: stages.timings(),
    };
    conclude(course, taken.verdict, taken.notes.clone())
}

fn report_trace(trace: &Trace, machine: &dyn Machine, inventory: &Inventory) -> InstallationReport {
    let Trace { volume, record } = trace;
    let facts = find_facts(inventory, volume, &record.windows);
    let mut report = begin_of_record(volume, record, facts);
    report.verdict = Verdict::Undone;
    let mut volumes = machine.volumes().iter();
    let volume = volumes.find(|one| one.facts().name == *volume);
    let view = match volume.map(|volume| volume.view()) {
        Some(Ok(view)) => view,
        Some(Err(error)) => {
            let line = format!("written, but it cannot be looked at again: {error}");
            report.advice.push(line);
            report.verdict = Verdict::Failed;
            return report;
        }
        None => return report,
    };
    let mut problems = Vec::new();
    for (path, left, before) in files_of(record) {
        let found = hash_path(view.root(), path);
        report.changes.push(ChangeReport {
            path: path.to_owned(),
            before: left,
            after: found.as_ref().ok().copied(),
            kept: None,
        });
        match (found, before) {
            (Ok(found), Some(before)) if found == before => {}
            (Err(_), None) => {}
            (Ok(found), Some(before)) => {
                problems.push(format!("{path}: sha256 is {found}, expected {before}"));
            }
            (Ok(found), None) => {
                problems.push(format!("{path}: sha256 is {found}, expected nothing there"));
            }
            (Err(reason), Some(before)) => {
                problems.push(format!("{path}: {reason}, expected sha256 {before}"));
            }
        }
    }
    if problems.is_empty() {
        report.advice.push(ADVICE_TO_RESTART.into());
    } else {
        report.verdict = Verdict::Failed;
        report.advice.push("written, but not as planned:".into());
        report.advice.extend(problems);
    }
    report
}

/// Returns every file that the repair changed: its path, what the repair left there, and what was there
/// before it.
fn files_of(
    record: &UndoRecord,
) -> impl Iterator<Item = (&str, Option<Sha256Digest>, Option<Sha256Digest>)> {
    record.steps.iter().flat_map(|step| {
        let written = step.written.iter().map(|file| {
            let before = file.before.as_ref().map(|before| before.content.sha256);
            (file.path.as_str(), Some(file.after.sha256), before)
        });
        let moved = step.moved.iter().filter(|file| {
            // What was put in its place is told with the files that were written.
            !step.written.iter().any(|other| other.path == file.from)
        });
        let moved = moved.map(|file| (file.from.as_str(), None, Some(file.content.sha256)));
        let hives = step.hives.iter().map(|hive| {
            let before = Some(hive.before.content.sha256);
            (hive.path.as_str(), Some(hive.after.sha256), before)
        });
        written.chain(moved).chain(hives)
    })
}

fn hash_path(root: &Path, path: &str) -> Result<Sha256Digest, String> {
    let path = WindowsPath::parse(path, None).map_err(|error| error.to_string())?;
    hash_at(root, &path, &mut |_| {})
}
