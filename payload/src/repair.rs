//! The repair of a PC, and the only place that knows its order:
//! detect, diagnose, plan, (ask,) apply, verify, report.
//!
//! Every installation goes through it alone, with facts gathered anew, so that what was written for
//! one is seen by the next, and what is wrong with one does not stop the others. `diagnose`, `plan`
//! and `report` are pure: they get facts, never the machine.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rescue_stick::job::Mode;
use rescue_stick::remedy::Remedy;
use rescue_stick::report::{InstallationReport, Report, Verdict};

use crate::machine::{CommitLabel, Machine, Volume, VolumeError, VolumeState};
use crate::repair::apply::{apply_plan, check_packages};
use crate::repair::detect::observe::{Observations, observe};
use crate::repair::detect::steps::examine_steps;
use crate::repair::detect::{InstallationFacts, Site, survey_machine};
use crate::repair::diagnose::{
    diagnose, diagnose_registry, diagnose_undecided, diagnose_volume, sort_remedies,
};
use crate::repair::plan::{FileWrite, Planned, RepairPlan, plan_repair};
use crate::repair::predicates::{Holds, Judgement, Known, judge_remedy};
use crate::repair::report::{Course, assemble_report, begin_installation, name_run};
use crate::repair::stages::{Stage, Stages};
use crate::repair::verify::{Verified, verify_files};
use crate::screen::{ADVICE_TO_RESTART, Answer, Question, Screen, Work};
use crate::stick::Stick;
use crate::windows::catalog::trust::Trust;

pub mod apply;
pub mod candidates;
pub mod detect;
pub mod diagnose;
pub mod package;
pub mod plan;
pub mod predicates;
pub mod report;
mod stages;
pub mod time;
pub mod verify;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

/// How this run behaves.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who decides whether a repair is made: the job's mode, or a stricter one.
    pub mode: Mode,
    /// Whom catalogs of Windows are believed by; `None` if nothing can be proven by them.
    pub trust: Option<Trust>,
}

impl Request {
    /// Returns a request that believes Microsoft.
    pub fn new(mode: Mode) -> Self {
        // The roots are part of this program, and a test reads them.
        let trust = Trust::in_microsoft_for_windows().ok();
        Self { mode, trust }
    }
}

/// What a person accepts together with the plan for a volume that was not shut down cleanly.
const UNCLEAN_WARNING: &str = "Windows did not shut this volume down cleanly; what its own journal \
                               has not finished will be dropped";

/// What is said of an installation whose repair ended in a panic.
const FAULT_OF_MEND: &str =
    "the repair ended in a fault of mend itself; start this PC from the stick again";

/// Looks at the whole PC and repairs what the stick's remedies can, as far as `request` allows.
pub fn run(
    request: &Request,
    machine: &dyn Machine,
    stick: &Stick,
    screen: &mut dyn Screen,
) -> Report {
    let started_ms = machine.uptime_ms();
    let now = machine.now();
    let mut stages = Stages::new(machine);
    screen.meet(machine.facts(), stick.facts());
    screen.line("Looking at this PC ...");
    let inventory = stages.time(Stage::Detect, || survey_machine(machine));
    let name = name_run(now, &inventory);
    let mut installations = Vec::new();
    for (volume, inventory) in machine.volumes().iter().zip(&inventory.volumes) {
        for facts in &inventory.installations {
            let mut case = Case {
                request,
                volume: volume.as_ref(),
                facts,
                stick,
                run: &name,
                now,
                screen: &mut *screen,
                stages: &mut stages,
            };
            // A panic is our bug. An overlay is abandoned by it, and the next installation has its turn.
            let treated = catch_unwind(AssertUnwindSafe(|| case.treat()));
            installations.push(treated.unwrap_or_else(|_| {
                let mut report = begin_installation(&volume.facts().name, facts);
                report.verdict = Verdict::Failed;
                report.advice.push(FAULT_OF_MEND.to_owned());
                report
            }));
        }
    }
    assemble_report(Course {
        run: name,
        started: now,
        took_ms: machine.uptime_ms().saturating_sub(started_ms),
        stick: stick.facts().clone(),
        machine: machine.facts().clone(),
        inventory,
        installations,
        timings: stages.timings(),
    })
}

/// One installation on its way through the repair.
struct Case<'a, 'm> {
    request: &'a Request,
    volume: &'a dyn Volume,
    facts: &'a InstallationFacts,
    stick: &'a Stick,
    run: &'a str,
    now: i64,
    screen: &'a mut dyn Screen,
    stages: &'a mut Stages<'m>,
}

impl<'a> Case<'a, '_> {
    fn treat(&mut self) -> InstallationReport {
        let mut report = begin_installation(&self.volume.facts().name, self.facts);
        self.screen.turn_to(Work::Looking);
        self.screen.line(&format!(
            "{} on {}: {}",
            report.folder, report.volume, report.windows
        ));
        let judged = match self.judge_remedies() {
            Ok(judged) => judged,
            Err(error) => {
                report.verdict = stop(&mut report, &error);
                return report;
            }
        };
        let sorted = self.stages.time(Stage::Diagnose, || {
            report.findings.extend(diagnose_registry(self.facts));
            report
                .findings
                .extend(diagnose_volume(&self.volume.facts().state));
            sort_remedies(judged)
        });
        for (remedy, judgement) in &sorted.applies {
            report.remedy = Some(remedy.id.clone());
            report.verdict = self.follow_remedy(remedy, judgement, &mut report);
            if report.verdict != Verdict::Healthy {
                return report;
            }
        }
        if !sorted.undecided.is_empty() {
            report.verdict = Verdict::NeedsYou;
            for (remedy, judgement) in &sorted.undecided {
                let (finding, advice) = diagnose_undecided(remedy, judgement);
                report.findings.push(finding);
                report.advice.push(advice);
            }
            return report;
        }
        if sorted.applies.is_empty() {
            report
                .advice
                .extend(sorted.excluded.iter().map(|(remedy, judgement)| {
                    format!(
                        "{} does not apply: {}",
                        remedy.id,
                        judgement.evidence.join("; ")
                    )
                }));
        }
        report
    }

    /// Judges every remedy of the stick. What a remedy asks of the disk is read only if what is known
    /// already does not exclude it.
    fn judge_remedies(&mut self) -> Result<Vec<(&'a Remedy, Judgement)>, VolumeError> {
        let (volume, facts, stick, site) = (self.volume, self.facts, self.stick, self.site());
        let state = &volume.facts().state;
        fn known<'k>(
            facts: &'k InstallationFacts,
            volume: &'k VolumeState,
            observations: &'k Observations,
        ) -> Known<'k> {
            Known {
                facts,
                volume,
                observations,
            }
        }
        let mut judged = Vec::new();
        for remedy in stick.remedies() {
            let mut observations = Observations::default();
            let mut judgement = judge_remedy(remedy, &known(facts, state, &observations));
            if judgement.answer == Holds::CannotTell {
                observations = self.stages.time(Stage::Detect, || {
                    let view = volume.view()?;
                    Ok::<_, VolumeError>(observe(&site.at(view.root()), &remedy.when))
                })?;
                judgement = judge_remedy(remedy, &known(facts, state, &observations));
            }
            judged.push((remedy, judgement));
        }
        Ok(judged)
    }

    /// Returns where remedies are held against this installation, not mounted yet.
    fn site(&self) -> Site<'a> {
        Site {
            root: Path::new(""),
            file_system: self.volume.facts().file_system,
            facts: self.facts,
            stick: self.stick,
            trust: self.request.trust.as_ref(),
            now: self.now,
        }
    }

    /// Follows one remedy that applies to its end and returns what became of the installation.
    fn follow_remedy(
        &mut self,
        remedy: &Remedy,
        judgement: &Judgement,
        report: &mut InstallationReport,
    ) -> Verdict {
        let (volume, facts, run, site) = (self.volume, self.facts, self.run, self.site());
        let examined = self.stages.time(Stage::Detect, || {
            let view = volume.view()?;
            Ok(examine_steps(&site.at(view.root()), remedy))
        });
        let examined = match examined {
            Ok(examined) => examined,
            Err(error) => return stop(report, &error),
        };
        let findings = self
            .stages
            .time(Stage::Diagnose, || diagnose(judgement, &examined.steps));
        report.findings.extend(findings);
        let (planned, candidates) = self.stages.time(Stage::Plan, || {
            plan_repair(facts, &volume.facts().name, run, &examined)
        });
        report.candidates.extend(candidates);
        let plan = match planned {
            Planned::Plan(plan) => plan,
            Planned::NothingToDo => {
                report
                    .advice
                    .push(format!("{}: nothing is left to do", remedy.id));
                return Verdict::Healthy;
            }
            Planned::Stuck { verdict, advice } => {
                report.advice.extend(advice);
                return verdict;
            }
        };
        report.plan = Some(plan.to_string());
        self.screen.propose(report);
        let notes: Vec<String> = plan.notes().map(str::to_owned).collect();
        if let Some(verdict) = self.ask_permission(report) {
            return verdict;
        }
        match self.carry_out(remedy, &plan) {
            Ok(verified) => {
                let verdict = conclude(report, verified);
                report.advice.extend(notes);
                verdict
            }
            Err(Stopped::Refused(reason)) => {
                report.advice.push(reason);
                report.advice.push("nothing was written".into());
                Verdict::Refused
            }
            Err(Stopped::Volume(error)) => stop(report, &error),
            Err(Stopped::Failed(lines)) => {
                report.advice.extend(lines);
                Verdict::Failed
            }
        }
    }

    /// Returns the verdict with which it ends here, or `None` if the plan may be carried out.
    fn ask_permission(&mut self, report: &mut InstallationReport) -> Option<Verdict> {
        let state = &self.volume.facts().state;
        let mut end = |verdict, advice: &str| {
            report.advice.push(advice.to_owned());
            Some(verdict)
        };
        if self.request.mode == Mode::Diagnose {
            return end(
                Verdict::Affected,
                "nothing was written; this can be repaired",
            );
        }
        let warning = match (state, self.request.mode) {
            (VolumeState::Hibernated, _) => {
                return end(
                    Verdict::Refused,
                    "Windows is hibernated here: start it and shut it down fully (not to sleep), then \
                     start from the stick again; if it does not start, its saved session must be \
                     given up first by someone who may decide that",
                );
            }
            (VolumeState::Unreadable(reason), _) => return end(Verdict::NeedsYou, reason),
            (VolumeState::UncleanLog, Mode::Auto) => {
                return end(
                    Verdict::NeedsYou,
                    "the volume was not shut down cleanly, and nobody is asked in this mode: start \
                     from a stick that asks",
                );
            }
            (VolumeState::UncleanLog, _) => Some(UNCLEAN_WARNING),
            (VolumeState::Clean | VolumeState::Dirty, _) => None,
        };
        if self.request.mode == Mode::Auto {
            return None;
        }
        match self.screen.ask(Question::Repair { warning }) {
            Answer::Yes => None,
            Answer::No => end(Verdict::Affected, "not wanted; nothing was written"),
        }
    }

    /// Applies, checks on the overlay, commits, and looks again from a fresh view.
    fn carry_out(&mut self, remedy: &Remedy, plan: &RepairPlan) -> Result<Verified, Stopped> {
        let (volume, facts, stick, run) = (self.volume, self.facts, self.stick, self.run);
        let site = self.site();
        let label = CommitLabel {
            run: self.run.to_owned(),
            computer: self.facts.installation.computer.clone().unwrap_or_default(),
        };
        let screen = &mut *self.screen;
        screen.turn_to(Work::Repairing);
        self.stages.time(Stage::Apply, || {
            if plan.steps.iter().any(|step| step.package.is_some()) {
                screen.line("Checking the definitions on the stick ...");
            }
            check_packages(plan, stick).map_err(|error| Stopped::Refused(error.to_string()))?;
            let change = volume.begin_change(plan.needed_bytes())?;
            // The definitions have 100 MB; a screen that stands still for a minute is switched off.
            let total = plan.writes().map(|write| write.after.size).sum();
            let mut written: u64 = 0;
            let mut progress = |write: &FileWrite| {
                let megabytes = write.after.size / 1_000_000;
                let size = match megabytes {
                    0 => String::new(),
                    _ => format!(", {megabytes} MB"),
                };
                let text = format!("Writing {}{size} ...", write.target.name());
                screen.line(&text);
                screen.advance("Writing files ...", written, total);
                written = written.saturating_add(write.after.size);
            };
            if let Err(error) = apply_plan(plan, change.as_ref(), stick, &mut progress) {
                return Err(Stopped::failed(vec![error.to_string()]));
            }
            screen.line("Checking the repair before it is made real ...");
            let checked = verify_files(change.root(), plan);
            if !checked.problems.is_empty() {
                return Err(Stopped::failed(checked.problems));
            }
            screen.line("Making the repair real ...");
            change.commit(&label)?;
            Ok(())
        })?;
        self.screen.line("Checking what was written ...");
        self.stages.time(Stage::Verify, || {
            let view = volume
                .view()
                .map_err(|error| Stopped::Failed(vec![unchecked(&error)]))?;
            let mut verified = verify_files(view.root(), plan);
            // The same eyes that found the fault must not find it any more.
            let examined = examine_steps(&site.at(view.root()), remedy);
            let (planned, _) = plan_repair(facts, &volume.facts().name, run, &examined);
            match planned {
                Planned::NothingToDo => {}
                Planned::Plan(left) => verified.problems.push(format!(
                    "{} of {} steps are still to do",
                    left.steps.len(),
                    examined.steps.len()
                )),
                Planned::Stuck { advice, .. } => verified.problems.extend(advice),
            }
            Ok(verified)
        })
    }
}

/// Why carrying out a plan ended early.
enum Stopped {
    /// The stick's package is not as signed; nothing was written.
    Refused(String),
    /// The volume said no, or a commit did not end.
    Volume(VolumeError),
    /// Anything else, one line each.
    Failed(Vec<String>),
}

impl Stopped {
    /// Before the commit: the disk is untouched, or was put back.
    fn failed(mut lines: Vec<String>) -> Self {
        lines.push(
            "the repair was given up before it was made real; the former files are in place".into(),
        );
        Self::Failed(lines)
    }
}

impl From<VolumeError> for Stopped {
    fn from(error: VolumeError) -> Self {
        Self::Volume(error)
    }
}

fn unchecked(error: &VolumeError) -> String {
    format!("written, but it cannot be looked at again: {error}")
}

/// Notes why a volume stopped the repair and returns the verdict that goes with it.
fn stop(report: &mut InstallationReport, error: &VolumeError) -> Verdict {
    report.advice.push(error.to_string());
    match error {
        VolumeError::Refused { .. } => Verdict::Refused,
        VolumeError::Io { .. } => {
            report.advice.push("nothing was written".into());
            Verdict::Failed
        }
        VolumeError::Unfinished { .. } => Verdict::Failed,
    }
}

fn conclude(report: &mut InstallationReport, verified: Verified) -> Verdict {
    report.changes = verified.changes;
    if verified.problems.is_empty() {
        report.advice.push(ADVICE_TO_RESTART.into());
        return Verdict::Repaired;
    }
    report.advice.push("written, but not as planned:".into());
    report.advice.extend(verified.problems);
    Verdict::Failed
}
