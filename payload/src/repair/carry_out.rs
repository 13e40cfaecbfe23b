//! The dangerous half of a repair: apply on the change, check it there, make it real, look again.

use rescue_stick::job::Mode;
use rescue_stick::remedy::Remedy;
use rescue_stick::report::{InstallationReport, Verdict};

use crate::machine::{CommitLabel, Committed, Volume, VolumeChange, VolumeError};
use crate::repair::Case;
use crate::repair::apply::{ApplyError, apply_plan, check_packages};
use crate::repair::detect::steps::examine_steps;
use crate::repair::plan::{Planned, RepairPlan, plan_repair};
use crate::repair::progress::{Percent, await_proof};
use crate::repair::stages::Stage;
use crate::repair::verify::{Verified, verify_files};
use crate::screen::{ADVICE_TO_RESTART, Answer, Question, Work};
use crate::stick::not_as_signed;
use crate::windows::path::WindowsPath;

/// What is said of a repair that was made without the stick's journal.
pub(super) const UNPROTECTED: &str =
    "repaired without the stick's journal, as was agreed: the stick cannot take this repair back";

/// Why a plan was left that was made before every disk of the PC was there.
const LOOK_AGAIN: &str = "a disk came up late, so this PC is to be looked at again";

/// What was carried out.
pub(super) struct Carried {
    verified: Verified,
    /// What else a person is to know, one line each.
    notes: Vec<String>,
}

impl<'a> Case<'a, '_> {
    /// Applies, checks before anything is real, commits, and looks again from a fresh view.
    pub(super) fn carry_out(
        &mut self,
        remedy: &Remedy,
        plan: &RepairPlan,
    ) -> Result<Carried, Stopped> {
        let volume = self.volume;
        let (change, mut notes) = self.begin(volume, plan)?;
        self.screen.turn_to(Work::Repairing);
        if !change.is_provisional() {
            self.clear_the_way()?;
        }
        let lost_names = self.apply(plan, change.as_ref())?;
        self.check(plan, change.as_ref())?;
        self.clear_the_way()?;
        self.screen.line("Making the repair real ...");
        let label = CommitLabel {
            run: self.run.to_owned(),
            computer: self.facts.installation.computer.clone().unwrap_or_default(),
        };
        let committed = self.stages.time(Stage::Commit, || change.commit(&label))?;
        notes.extend(note_unmarked(&committed));
        let mut verified = self.verify(remedy, plan)?;
        verified.remarks.extend(lost_names.iter().map(lost_name));
        Ok(Carried { verified, notes })
    }

    /// Waits until the stick is proven, then checks that the volume can be written at all: before anything is,
    /// and before anybody is asked.
    pub(super) fn clear_the_way(&mut self) -> Result<(), Stopped> {
        await_proof(self.stick, self.screen)
            .map_err(|error| Stopped::Refused(not_as_signed(&error)))?;
        if !self.machine.is_complete() {
            return Err(Stopped::Refused(LOOK_AGAIN.to_owned()));
        }
        self.volume.check_access()?;
        Ok(())
    }

    /// Begins the change; without the stick's journal only if the person says so.
    fn begin(
        &mut self,
        volume: &'a dyn Volume,
        plan: &RepairPlan,
    ) -> Result<(Box<dyn VolumeChange + 'a>, Vec<String>), Stopped> {
        let needed = plan.needed_bytes();
        let begun = self
            .stages
            .time(Stage::Apply, || volume.begin_change(needed));
        let error = match begun {
            Ok(change) => return Ok((change, Vec::new())),
            Err(error) => error,
        };
        if !matches!(error, VolumeError::NoJournal { .. }) || self.request.mode != Mode::Confirm {
            return Err(error.into());
        }
        let reason = error.to_string();
        let question = Question::WithoutJournal { reason: &reason };
        match self.screen.ask(question) {
            Answer::No => Err(error.into()),
            Answer::Yes => {
                let change = volume.begin_unprotected_change(needed)?;
                Ok((change, vec![reason, UNPROTECTED.into()]))
            }
        }
    }

    /// Returns the files that could not keep their short names.
    fn apply(
        &mut self,
        plan: &RepairPlan,
        change: &dyn VolumeChange,
    ) -> Result<Vec<WindowsPath>, Stopped> {
        let (stick, machine, screen) = (self.stick, self.machine, &mut *self.screen);
        self.stages.time(Stage::Apply, || {
            if !change.is_provisional() {
                // Nothing can be thrown away here, so a bad package must be known before the first write.
                check_packages(plan, stick).map_err(|error| Stopped::Refused(error.to_string()))?;
            }
            let total = plan.writes().map(|write| write.after.size).sum();
            let mut percent = Percent::new(machine, total);
            let mut progress = |now: crate::repair::apply::Progress<'_>| {
                percent.show_file(now, screen);
            };
            let applied = apply_plan(plan, change, stick, &mut progress);
            applied
                .map(|applied| applied.lost_names)
                .map_err(|error| match error {
                    ApplyError::Package(error) if change.is_provisional() => {
                        Stopped::Refused(error.to_string())
                    }
                    error => Stopped::failed(vec![error.to_string()]),
                })
        })
    }

    /// Reads everything back from the change.
    fn check(&mut self, plan: &RepairPlan, change: &dyn VolumeChange) -> Result<(), Stopped> {
        let checked = self.read_back(
            Stage::Check,
            plan,
            change.root(),
            "Checking the repair before it is made real ...",
        );
        if checked.problems.is_empty() {
            Ok(())
        } else {
            Err(Stopped::failed(checked.problems))
        }
    }

    fn read_back(
        &mut self,
        stage: Stage,
        plan: &RepairPlan,
        root: &std::path::Path,
        doing: &str,
    ) -> Verified {
        let (machine, screen) = (self.machine, &mut *self.screen);
        screen.line(doing);
        let total = plan.writes().map(|write| write.after.size).sum();
        let mut percent = Percent::new(machine, total);
        self.stages.time(stage, || {
            verify_files(root, plan, &mut |piece| {
                percent.show_piece(doing, piece, screen)
            })
        })
    }

    fn verify(&mut self, remedy: &Remedy, plan: &RepairPlan) -> Result<Verified, Stopped> {
        let (volume, site, order) = (self.volume, self.site(), self.order(remedy));
        let view = self.stages.time(Stage::Verify, || volume.view());
        let view = view.map_err(|error| Stopped::Failed(vec![unchecked(&error)]))?;
        let doing = "Checking what was written ...";
        let mut verified = self.read_back(Stage::Verify, plan, view.root(), doing);
        self.stages.time(Stage::Verify, || {
            // The same eyes that found the fault must not find it any more.
            let examined = examine_steps(&site.at(view.root()), remedy);
            let (planned, _) = plan_repair(&order, &examined);
            match planned {
                Planned::NothingToDo => {}
                Planned::Plan(left) => verified.problems.push(format!(
                    "{} of {} steps are still to do",
                    left.steps.len(),
                    examined.steps.len()
                )),
                Planned::Stuck { advice, .. } => verified.problems.extend(advice),
            }
        });
        Ok(verified)
    }
}

/// Why carrying out a plan ended early.
pub(super) enum Stopped {
    /// The stick's package is not as signed; nothing was written.
    Refused(String),
    /// The volume said no, or a commit did not end.
    Volume(VolumeError),
    /// Anything else, one line each.
    Failed(Vec<String>),
}

impl Stopped {
    /// Before the commit: the disk is untouched, or was put back.
    pub(super) fn failed(mut lines: Vec<String>) -> Self {
        lines.push(
            "the repair was given up before it was made real; the former files are in place".into(),
        );
        Self::Failed(lines)
    }

    /// Notes why the repair ended early and returns the verdict that goes with it.
    pub(super) fn note(self, report: &mut InstallationReport) -> Verdict {
        match self {
            Self::Refused(reason) => {
                report.advice.push(reason);
                report.advice.push("nothing was written".into());
                Verdict::Refused
            }
            Self::Volume(error) => stop(report, &error),
            Self::Failed(lines) => {
                report.advice.extend(lines);
                Verdict::Failed
            }
        }
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

/// Returns what is said of a file without its short name. Every program that uses the long name finds it.
pub(super) fn lost_name(path: &WindowsPath) -> String {
    format!("{path}: it has no short name any more, since the volume's driver could not give it")
}

fn note_unmarked(committed: &Committed) -> Option<String> {
    let reason = committed.unmarked.as_ref()?;
    Some(format!(
        "the stick could not note that the repair is finished ({reason}); the repair is complete all the \
         same, and the next start from this stick would only confirm it"
    ))
}

/// Notes why a volume stopped the repair and returns the verdict that goes with it.
pub(super) fn stop(report: &mut InstallationReport, error: &VolumeError) -> Verdict {
    report.advice.push(error.to_string());
    match error {
        VolumeError::Refused { .. } => Verdict::Refused,
        VolumeError::NeedsYou { .. } => {
            report.advice.push("nothing was written".into());
            Verdict::NeedsYou
        }
        VolumeError::NoJournal { .. } => {
            report.advice.push("nothing was written".into());
            Verdict::Refused
        }
        VolumeError::Io { .. } => {
            report.advice.push("nothing was written".into());
            Verdict::Failed
        }
        VolumeError::Unrecorded { .. } | VolumeError::Unfinished { .. } => Verdict::Failed,
    }
}

pub(super) fn conclude(report: &mut InstallationReport, carried: Carried) -> Verdict {
    let Carried { verified, notes } = carried;
    report.changes = verified.changes;
    report.advice.extend(verified.remarks);
    let verdict = if verified.problems.is_empty() {
        report.advice.push(ADVICE_TO_RESTART.into());
        Verdict::Repaired
    } else {
        report.advice.push("written, but not as planned:".into());
        report.advice.extend(verified.problems);
        Verdict::Failed
    };
    report.advice.extend(notes);
    verdict
}
