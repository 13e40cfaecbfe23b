//! Takes a repair back after Windows has run: file by file and value by value, by the record that the
//! repair left on the PC ([`rescue_stick::undo`]).
//!
//! An undo is a plan like any other: shown, asked for, carried out on the overlay, checked there, committed
//! through the journal, and checked again. While nobody has written the volume since,
//! [`crate::journal::undo`] is the better way, since it leaves no trace at all.

use rescue_stick::job::Mode;
use rescue_stick::report::{ChangeReport, InstallationReport, Report, Verdict};
use rescue_stick::undo::{UNDO_RUN_PREFIX, UndoRecord};

use crate::health::check_health;
use crate::hive::key::FileTime;
use crate::machine::{CommitLabel, Machine, Volume};
use crate::repair::apply::apply_plan;
use crate::repair::carry_out::{Stopped, lost_name, stop};
use crate::repair::detect::{InstallationFacts, Inventory, survey_machine};
use crate::repair::permission::{Permission, ask_permission};
use crate::repair::plan::kept_folder;
use crate::repair::report::{Course, assemble_report, begin_installation, name_run};
use crate::repair::stages::{Stage, Stages};
use crate::repair::time::format_rfc_3339;
use crate::repair::undo::examine::examine_record;
use crate::repair::undo::find::{FoundRecord, RecordPlace, find_records};
use crate::repair::undo::plan::{UndoPlan, UndoRun, plan_undo};
use crate::repair::verify::verify_files;
use crate::screen::{ADVICE_TO_RESTART, Question, Screen, Work};
use crate::stick::Stick;
use crate::windows::path::PathError;

pub mod blocks;
pub mod examine;
pub mod find;
pub mod plan;
mod words;

/// Which repair is to be taken back, and who decides.
#[derive(Clone, Debug)]
pub struct UndoRequest {
    /// Who decides whether it is done.
    pub mode: Mode,
    /// Names the run; the newest if `None`.
    pub run: Option<String>,
}

/// A record and the volume that it is of.
struct Case<'m> {
    volume: &'m dyn Volume,
    found: FoundRecord,
}

/// Takes a run back wherever on the PC it left a record.
pub fn undo_run(
    request: &UndoRequest,
    machine: &dyn Machine,
    stick: &Stick,
    screen: &mut dyn Screen,
) -> Report {
    let started_ms = machine.uptime_ms();
    let now = machine.now();
    let mut stages = Stages::new(machine);
    screen.meet(machine.facts(), stick.facts());
    screen.line("Looking at this PC ...");
    let inventory = stages.time(Stage::Detect, || survey_machine(machine, None));
    let health = stages.time(Stage::Health, || check_health(machine, &inventory, stick));
    let run = format!("{UNDO_RUN_PREFIX}{}", name_run(now, &inventory));
    let (mut installations, mut notes) = (Vec::new(), Vec::new());
    let mut verdict = Verdict::Healthy;
    match choose_run(request, machine, &mut stages) {
        Ok(cases) => {
            for case in cases {
                if let Some(reason) = health.refusal(&case.volume.facts().name) {
                    let mut report = begin_report(&case, &inventory);
                    report.verdict = Verdict::Refused;
                    report.advice.push(reason.to_owned());
                    installations.push(report);
                    continue;
                }
                let mut undo = Undo {
                    request,
                    stick,
                    run: &run,
                    now,
                    screen: &mut *screen,
                    stages: &mut stages,
                };
                installations.push(undo.treat(&case, &inventory));
            }
        }
        Err((worst, reason)) => {
            verdict = worst;
            notes.push(reason);
        }
    }
    let course = Course {
        run,
        started: now,
        took_ms: machine.uptime_ms().saturating_sub(started_ms),
        stick: stick.facts().clone(),
        machine: machine.facts().clone(),
        inventory,
        installations,
        health: health.report,
        kit: health.kit,
        timings: stages.timings(),
    };
    conclude(course, verdict, notes)
}

/// Puts the report of an undo together, with what is to be said of it first. That there is no Windows, or a
/// locked one, does not make it worse.
fn conclude(course: Course, verdict: Verdict, notes: Vec<String>) -> Report {
    let mut report = assemble_report(course);
    let outcomes = report.installations.iter().map(|one| one.verdict);
    report.verdict = outcomes.fold(verdict, Verdict::max);
    report.notes.splice(0..0, notes);
    report
}

/// Returns the records of the run that is to be taken back, or why there is nothing to do.
fn choose_run<'m>(
    request: &UndoRequest,
    machine: &'m dyn Machine,
    stages: &mut Stages<'_>,
) -> Result<Vec<Case<'m>>, (Verdict, String)> {
    let mut places: Vec<(&dyn Volume, RecordPlace)> = Vec::new();
    for volume in machine.volumes() {
        // What cannot be looked at is told by the survey.
        let found = stages.time(Stage::Detect, || {
            volume.view().ok().map(|view| find_records(view.root()))
        });
        match found {
            None => {}
            Some(Ok(found)) => {
                let found = found.into_iter().map(|place| (volume.as_ref(), place));
                places.extend(found);
            }
            Some(Err(error)) => {
                let reason = format!("{}: {error}", volume.facts().name);
                return Err((Verdict::Refused, reason));
            }
        }
    }
    let refuse = |reason: String| (Verdict::Refused, reason);
    // A run's name begins with its time.
    let newest = places.iter().map(|(_, place)| &place.run).max().cloned();
    let run = match (&request.run, newest) {
        (Some(run), _) => run.clone(),
        (None, Some(newest)) => newest,
        (None, None) => {
            let reason = "no repair of this PC has left a record here that it could be undone by";
            return Err(refuse(reason.into()));
        }
    };
    let of_run = places.into_iter().filter(|(_, place)| place.run == run);
    let mut cases = Vec::new();
    let mut undone = None;
    for (volume, place) in of_run {
        let found = place.record.map_err(refuse)?;
        match &found.record.undone {
            Some(by) => undone = Some(by.run.clone()),
            None => cases.push(Case { volume, found }),
        }
    }
    match (cases.is_empty(), undone) {
        (false, _) => Ok(cases),
        (true, Some(by)) => {
            let reason = format!(
                "the repair {run} has already been taken back (by {by}); to have it again, repair this \
                 PC again"
            );
            Err(refuse(reason))
        }
        (true, None) if run.starts_with(UNDO_RUN_PREFIX) => {
            let reason =
                format!("{run} is an undo, which cannot be taken back; repair this PC again");
            Err(refuse(reason))
        }
        (true, None) => Err(refuse(format!("the repair {run} has left no record here"))),
    }
}

/// One undo on its way.
struct Undo<'a, 'm> {
    request: &'a UndoRequest,
    stick: &'a Stick,
    run: &'a str,
    now: i64,
    screen: &'a mut dyn Screen,
    stages: &'a mut Stages<'m>,
}

impl Undo<'_, '_> {
    fn treat(&mut self, case: &Case<'_>, inventory: &Inventory) -> InstallationReport {
        let mut report = begin_report(case, inventory);
        self.screen.turn_to(Work::Looking);
        report.verdict = match self.follow(case, &mut report) {
            Ok(verdict) => verdict,
            Err(Stopped::Volume(error)) => stop(&mut report, &error),
            Err(Stopped::Refused(reason)) => {
                report.advice.push(reason);
                Verdict::Refused
            }
            Err(Stopped::Failed(lines)) => {
                report.advice.extend(lines);
                Verdict::Failed
            }
        };
        report
    }

    fn follow(
        &mut self,
        case: &Case<'_>,
        report: &mut InstallationReport,
    ) -> Result<Verdict, Stopped> {
        let (volume, now) = (case.volume, FileTime::from_unix_seconds(self.now));
        let record = &case.found.record;
        let states = self.stages.time(Stage::Detect, || {
            let view = volume.view()?;
            Ok::<_, Stopped>(examine_record(view.root(), record, now))
        })?;
        let refuse = |error: PathError| Stopped::Refused(error.to_string());
        let kept = kept_folder(self.run).map_err(refuse)?;
        let order = UndoRun {
            run: self.run,
            now: &format_rfc_3339(self.now),
            kept: &kept,
            volume: &volume.facts().name,
        };
        let planned = self
            .stages
            .time(Stage::Plan, || plan_undo(&case.found, &states, &order))
            .map_err(refuse)?;
        if planned.put_back == 0 && !planned.left.is_empty() {
            report.advice.push("nothing of it can be put back:".into());
            report.advice.extend(planned.left);
            return Ok(Verdict::Refused);
        }
        report.plan = Some(planned.plan.to_string());
        self.screen.propose(report, Work::Undoing);
        let state = &volume.facts().state;
        if self.request.mode != Mode::Diagnose {
            volume.check_change(planned.plan.added_bytes())?;
            volume.check_access()?;
        }
        let warning_question = |warning| Question::Undo { warning };
        match ask_permission(state, self.request.mode, self.screen, &warning_question) {
            Permission::Given => {}
            Permission::Refused(verdict, reason) => {
                report.advice.push(reason);
                return Ok(verdict);
            }
        }
        self.carry_out(case, &planned, report)
    }

    /// Applies, checks on the overlay, commits, and looks again from a fresh view.
    fn carry_out(
        &mut self,
        case: &Case<'_>,
        planned: &UndoPlan,
        report: &mut InstallationReport,
    ) -> Result<Verdict, Stopped> {
        let (volume, plan) = (case.volume, &planned.plan);
        let label = CommitLabel {
            run: self.run.to_owned(),
            computer: report.computer.clone().unwrap_or_default(),
        };
        let (stick, screen) = (self.stick, &mut *self.screen);
        let lost = self.stages.time(Stage::Apply, || {
            let change = volume.begin_change(plan.needed_bytes())?;
            screen.turn_to(Work::Undoing);
            screen.line("Putting back what was there before ...");
            let applied = apply_plan(plan, change.as_ref(), stick, &mut |_| {})
                .map_err(|error| Stopped::failed(vec![error.to_string()]))?;
            let checked = verify_files(change.root(), plan, &mut |_| {});
            if !checked.problems.is_empty() {
                return Err(Stopped::failed(checked.problems));
            }
            screen.line("Making it real ...");
            change.commit(&label)?;
            Ok::<_, Stopped>(applied.lost_names)
        })?;
        let verified = self.stages.time(Stage::Verify, || {
            let view = volume.view()?;
            Ok::<_, Stopped>(verify_files(view.root(), plan, &mut |_| {}))
        })?;
        report.changes = report_changes(&case.found.record, planned);
        if !verified.problems.is_empty() {
            report.advice.push("written, but not as planned:".into());
            report.advice.extend(verified.problems);
            return Ok(Verdict::Failed);
        }
        report.advice.extend(lost.iter().map(lost_name));
        if planned.left.is_empty() {
            report.advice.push(ADVICE_TO_RESTART.into());
            return Ok(Verdict::Undone);
        }
        report.advice.push("put back, but for:".into());
        report.advice.extend(planned.left.iter().cloned());
        Ok(Verdict::NeedsYou)
    }
}

fn begin_report(case: &Case<'_>, inventory: &Inventory) -> InstallationReport {
    let volume = &case.volume.facts().name;
    let record = &case.found.record;
    begin_of_record(
        volume,
        record,
        find_facts(inventory, volume, &record.windows),
    )
}

/// Returns what is known of the Windows in `folder` on a volume.
fn find_facts<'i>(
    inventory: &'i Inventory,
    volume: &str,
    folder: &str,
) -> Option<&'i InstallationFacts> {
    let installations = inventory
        .volumes
        .iter()
        .filter(|one| one.facts.name == volume);
    let mut installations = installations.flat_map(|one| &one.installations);
    installations.find(|facts| {
        let found = facts.installation.folders.windows.to_string();
        found.eq_ignore_ascii_case(folder)
    })
}

/// Returns the report of the Windows that a record is of, of which nothing but its facts is known yet.
fn begin_of_record(
    volume: &str,
    record: &UndoRecord,
    facts: Option<&InstallationFacts>,
) -> InstallationReport {
    let mut report = match facts {
        Some(facts) => begin_installation(volume, facts),
        None => InstallationReport {
            volume: volume.to_owned(),
            folder: record.windows.clone(),
            windows: "Windows of unknown version".into(),
            computer: None,
            products: Vec::new(),
            verdict: Verdict::Refused,
            remedy: None,
            findings: Vec::new(),
            plan: None,
            candidates: Vec::new(),
            changes: Vec::new(),
            advice: Vec::new(),
        },
    };
    report.remedy = Some(record.remedy.clone());
    report
}

/// Returns what was put back: every path with the digest that the repair left and the one before it.
fn report_changes(record: &UndoRecord, planned: &UndoPlan) -> Vec<ChangeReport> {
    let plan = &planned.plan;
    let moved = plan.moves().map(|one| ChangeReport {
        path: one.to.to_string(),
        before: None,
        after: Some(one.before.sha256),
        kept: None,
    });
    let aside = |path: &str| {
        let kept = plan.moves().find(|one| one.from.to_string() == path);
        kept.map(|one| (one.before.sha256, one.to.to_string()))
    };
    let mut changes: Vec<ChangeReport> = moved
        .filter(|change| !change.path.starts_with(&plan.kept.to_string()))
        .map(|change| match aside(&change.path) {
            Some((before, kept)) => ChangeReport {
                before: Some(before),
                kept: Some(kept),
                ..change
            },
            None => change,
        })
        .collect();
    let added = record.steps.iter().flat_map(|step| &step.written);
    for file in added.filter(|file| file.before.is_none()) {
        if let Some((before, kept)) = aside(&file.path) {
            changes.push(ChangeReport {
                path: file.path.clone(),
                before: Some(before),
                after: None,
                kept: Some(kept),
            });
        }
    }
    let hives = plan.writes().filter(|write| write.kept.is_some());
    changes.extend(hives.map(|write| ChangeReport {
        path: write.target.to_string(),
        before: write.before.map(|before| before.sha256),
        after: Some(write.after.sha256),
        kept: write.kept.as_ref().map(ToString::to_string),
    }));
    changes
}
