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

use crate::health::check_health;
use crate::health::disks::diagnose_disk;
use crate::machine::{Machine, Volume, VolumeError, VolumeState};
use crate::repair::carry_out::{conclude, stop};
use crate::repair::detect::observe::{Observations, observe};
use crate::repair::detect::steps::examine_steps;
use crate::repair::detect::{InstallationFacts, KeptView, OtherVolumes, Site, survey_and_keep};
use crate::repair::diagnose::{
    diagnose, diagnose_registry, diagnose_undecided, diagnose_volume, sort_remedies,
};
use crate::repair::permission::{Permission, ask_permission};
use crate::repair::plan::{Order, Planned, RepairPlan, plan_repair};
use crate::repair::predicates::{Holds, Judgement, Known, judge_remedy};
pub(crate) use crate::repair::progress::await_proof;
use crate::repair::report::{Course, assemble_report, begin_installation, name_run, note_faults};
use crate::repair::stages::{Stage, Stages};
use crate::screen::{Question, Screen, Work};
use crate::stick::Stick;
use crate::windows::catalog::trust::Trust;

pub mod apply;
pub mod candidates;
mod carry_out;
pub mod detect;
pub mod diagnose;
pub mod keep;
pub mod package;
mod permission;
pub mod plan;
pub mod predicates;
mod progress;
pub mod report;
mod stages;
pub mod time;
pub mod undo;
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

/// What is said of an installation whose repair ended in a panic.
pub(crate) const FAULT_OF_MEND: &str =
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
    let (inventory, mut views) = stages.time(Stage::Detect, || {
        survey_and_keep(machine, request.trust.as_ref())
    });
    for volume in &inventory.volumes {
        stages.move_time(Stage::Detect, Stage::Health, volume.look.took_ms);
    }
    let health = stages.time(Stage::Health, || check_health(machine, &inventory, stick));
    let name = name_run(now, &inventory);
    let mut installations = Vec::new();
    let volumes = machine.volumes().iter().zip(&inventory.volumes);
    for ((volume, inventory), view) in volumes.zip(&mut views) {
        for facts in &inventory.installations {
            let mut case = Case {
                request,
                volume: volume.as_ref(),
                view: &mut *view,
                volumes: machine.volumes(),
                facts,
                stick,
                run: &name,
                now,
                machine,
                refusal: health.refusal(&volume.facts().name),
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
        *view = None;
    }
    let mut report = assemble_report(Course {
        run: name,
        started: now,
        took_ms: machine.uptime_ms().saturating_sub(started_ms),
        stick: stick.facts().clone(),
        machine: machine.facts().clone(),
        inventory,
        installations,
        health: health.report,
        kit: health.kit,
        timings: stages.timings(),
    });
    report.notes.extend_from_slice(machine.obstacles());
    let volumes = machine.volumes().iter();
    let failing =
        volumes.filter_map(|volume| note_faults(&volume.facts().name, volume.read_faults()));
    report.notes.extend(failing);
    report
}

/// One installation on its way through the repair.
struct Case<'a, 'm> {
    request: &'a Request,
    volume: &'a dyn Volume,
    view: &'a mut KeptView,
    volumes: &'a [Box<dyn Volume>],
    facts: &'a InstallationFacts,
    stick: &'a Stick,
    run: &'a str,
    now: i64,
    machine: &'a dyn Machine,
    /// Why nothing may be written to the volume, if its disk speaks against it.
    refusal: Option<&'a str>,
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
            report.findings.extend(self.refusal.map(diagnose_disk));
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
        if let Some(reason) = self.refusal {
            report.verdict = Verdict::NeedsYou;
            report.advice.push(reason.to_owned());
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
                let view = &mut *self.view;
                observations = self.stages.time(Stage::Detect, || {
                    let shown = view.take().map_or_else(|| volume.view(), Ok)?;
                    let observations = observe(&site.at(shown.root()), &remedy.when);
                    *view = Some(shown);
                    Ok::<_, VolumeError>(observations)
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
            volumes: OtherVolumes(self.volumes),
            stick: self.stick,
            trust: self.request.trust.as_ref(),
            now: self.now,
        }
    }

    /// Returns what a plan by `remedy` is made for.
    fn order<'o>(&self, remedy: &'o Remedy) -> Order<'o>
    where
        'a: 'o,
    {
        Order {
            facts: self.facts,
            volume: &self.volume.facts().name,
            run: self.run,
            remedy: &remedy.id,
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
        let (volume, site) = (self.volume, self.site());
        let order = self.order(remedy);
        // Nothing of the volume stays mounted while somebody is asked, or while it is changed.
        let kept = self.view.take();
        let examined = self.stages.time(Stage::Detect, || {
            let view = kept.map_or_else(|| volume.view(), Ok)?;
            Ok(examine_steps(&site.at(view.root()), remedy))
        });
        let examined = match examined {
            Ok(examined) => examined,
            Err(error) => return stop(report, &error),
        };
        let findings = self.stages.time(Stage::Diagnose, || {
            diagnose(remedy, judgement, &examined.steps)
        });
        report.findings.extend(findings);
        let (planned, candidates) = self
            .stages
            .time(Stage::Plan, || plan_repair(&order, &examined));
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
        self.screen.propose(report, Work::Repairing);
        if let Some(verdict) = self.find_obstacle(&plan, report) {
            return verdict;
        }
        let notes: Vec<String> = plan.notes().map(str::to_owned).collect();
        match self.carry_out(remedy, &plan) {
            Ok(verified) => {
                let verdict = conclude(report, verified);
                report.advice.extend(notes);
                verdict
            }
            Err(stopped) => stopped.note(report),
        }
    }

    /// Returns what becomes of the installation if `plan` is not to be carried out: its disk is failing, its
    /// volume cannot take it, or nobody allows it.
    fn find_obstacle(
        &mut self,
        plan: &RepairPlan,
        report: &mut InstallationReport,
    ) -> Option<Verdict> {
        // Nobody may overrule this: each write may be the one that ends the disk.
        if let Some(reason) = self.refusal {
            report.advice.push(reason.to_owned());
            return Some(Verdict::Refused);
        }
        let state = &self.volume.facts().state;
        let is_to_be_written = self.request.mode != Mode::Diagnose
            && !matches!(state, VolumeState::Hibernated | VolumeState::Unreadable(_));
        if is_to_be_written && let Err(error) = self.volume.check_change(plan.added_bytes()) {
            return Some(stop(report, &error));
        }
        // Nobody is asked by a stick that may not go on. A run that asks nobody waits when it has something to write.
        let is_over = self.stick.proof().is_over();
        if is_to_be_written
            && (is_over || self.request.mode == Mode::Confirm)
            && let Err(stopped) = self.clear_the_way()
        {
            return Some(stopped.note(report));
        }
        let question = |warning| Question::Repair { warning };
        let (mode, screen) = (self.request.mode, &mut *self.screen);
        let permission = self.stages.time(Stage::Wait, || {
            ask_permission(state, mode, screen, &question)
        });
        match permission {
            Permission::Given => None,
            Permission::Refused(verdict, reason) => {
                report.advice.push(reason);
                Some(verdict)
            }
        }
    }
}
