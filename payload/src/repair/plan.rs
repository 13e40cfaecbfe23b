//! Decides what will be written. Pure, and the only place of choices: `apply` has none left.
//!
//! A plan prints as text that a person can refuse:
//!
//! ```text
//! installation \WINDOWS on disk 1, partition 1  (Microsoft Windows XP Service Pack 3 (5.1.2600))
//! 1 replace  DAT 5958.0000 by 5959.0000 in \Program Files\Common Files\McAfee\Engine, 3 files
//!            undo: put the kept copies back
//! 2 restore  \WINDOWS\system32\svchost.exe from \WINDOWS\system32\dllcache\svchost.exe
//!            5.1.2600.5512 for i386, identity matches; not proven by signature
//!            undo: remove it
//! former files and how to undo this are kept in \mendkit\20100422T101500Z-PC1
//! nothing else will be written
//! ```

use std::fmt;

use rescue_stick::report::{CandidateReport, Verdict};
use rescue_stick::undo::{KEPT_FOLDER, UndoRecord};

use crate::repair::detect::InstallationFacts;
use crate::repair::detect::steps::{Examined, StepFacts};
use crate::repair::plan::definitions::plan_definitions;
use crate::repair::plan::files::plan_moves;
use crate::repair::plan::quarantined::plan_quarantined;
use crate::repair::plan::registry::plan_values;
use crate::repair::plan::restore::plan_restore;
use crate::repair::plan::step::{FileMove, FileWrite, Step};
use crate::repair::time::format_rfc_3339;
use crate::windows::path::{PathError, WindowsPath};

mod bring;
mod definitions;
mod files;
mod quarantined;
pub(super) mod registry;
mod restore;
mod room;
pub mod step;

/// What will be written to one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepairPlan {
    /// Installation and Windows, for the head of the text.
    pub head: String,
    /// Steps in order; never empty.
    pub steps: Vec<Step>,
    /// Folder that keeps former files.
    pub kept: WindowsPath,
    /// Folder whose security descriptor that one gets: nobody who may not change Windows may change
    /// what an undo would put back.
    pub kept_as: WindowsPath,
    /// What is written down for an undo after Windows has run; `None` for an undo itself.
    pub record: Option<RecordPlan>,
}

/// The record that a repair leaves beside the former files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordPlan {
    /// Where.
    pub path: WindowsPath,
    /// Names the run.
    pub run: String,
    /// Windows folder.
    pub windows: WindowsPath,
    /// Id of the remedy.
    pub remedy: String,
    /// The PC's clock, RFC 3339 in UTC.
    pub written: String,
}

/// What a plan is made for.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The installation.
    pub facts: &'a InstallationFacts,
    /// Name of its volume.
    pub volume: &'a str,
    /// Names the run.
    pub run: &'a str,
    /// Id of the remedy.
    pub remedy: &'a str,
    /// The PC's clock, seconds since 1970 in UTC.
    pub now: i64,
}

/// What came of planning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// Everything is as the remedy wants it.
    NothingToDo,
    /// This is to be written.
    Plan(RepairPlan),
    /// Something is to be done and cannot; nothing at all will be written.
    Stuck {
        /// What the installation is.
        verdict: Verdict,
        /// What the person can do, one line each.
        advice: Vec<String>,
    },
}

/// Makes the plan for one installation from what the steps of a remedy would meet, with a line for
/// every candidate that was looked at. Any step that cannot be done takes all others with it.
pub fn plan_repair(order: &Order<'_>, examined: &Examined) -> (Planned, Vec<CandidateReport>) {
    let facts = order.facts;
    let version = facts.installation.version.as_ref();
    let version = version.map_or_else(|| "unknown".into(), ToString::to_string);
    let (kept, record) = match plan_record(order) {
        Ok(places) => places,
        Err(error) => return (stuck(Verdict::Failed, error.to_string()), Vec::new()),
    };
    if !examined.steps.is_empty()
        && let Some(notes) = all_notes(&examined.steps)
    {
        return (
            Planned::Stuck {
                verdict: Verdict::NeedsYou,
                advice: notes,
            },
            Vec::new(),
        );
    }
    let mut candidates = Vec::new();
    let mut planned = Vec::new();
    let (mut verdict, mut advice) = (Verdict::Healthy, Vec::new());
    let mut written = Vec::new();
    for step in &examined.steps {
        let result = match step {
            StepFacts::Definitions(facts) => plan_definitions(facts, &kept),
            StepFacts::Restore(step) => plan_restore(facts, step, &kept, &mut candidates),
            StepFacts::Move(facts) => plan_moves(facts, &kept, &mut candidates),
            StepFacts::Registry(facts) => plan_values(facts, &examined.hives, &kept, &mut written),
            StepFacts::Quarantined(facts) => plan_quarantined(facts, &kept, &mut candidates),
            StepFacts::Note(text) => Ok(Some(plan_note(text))),
        };
        match result {
            Ok(step) => planned.extend(step),
            Err((why, lines)) => {
                verdict = verdict.max(why);
                advice.extend(lines);
            }
        }
    }
    let result = if !advice.is_empty() {
        Planned::Stuck { verdict, advice }
    } else if planned.iter().all(Step::is_note) {
        Planned::NothingToDo
    } else if let Some(path) = find_double(&planned) {
        let advice = format!("two steps of this remedy touch {path}: it must be mended first");
        stuck(Verdict::Failed, advice)
    } else {
        let windows = &record.windows;
        Planned::Plan(RepairPlan {
            head: format!("installation {windows} on {}  ({version})", order.volume),
            steps: planned,
            kept_as: registry_folder(windows),
            kept,
            record: Some(record),
        })
    };
    (result, candidates)
}

/// Returns the folder that keeps former files of `run`.
pub fn kept_folder(run: &str) -> Result<WindowsPath, PathError> {
    WindowsPath::default().join(KEPT_FOLDER)?.join(run)
}

/// Returns the folder of the registry files, which only administrators may change.
pub fn registry_folder(windows: &WindowsPath) -> WindowsPath {
    let config = windows
        .join("system32")
        .and_then(|path| path.join("config"));
    // OK to default: both names are plain.
    config.unwrap_or_default()
}

fn plan_record(order: &Order<'_>) -> Result<(WindowsPath, RecordPlan), PathError> {
    let windows = order.facts.installation.folders.windows.clone();
    let kept = kept_folder(order.run)?;
    let record = RecordPlan {
        path: kept.join(&UndoRecord::file_name(&windows.to_string()))?,
        run: order.run.to_owned(),
        windows,
        remedy: order.remedy.to_owned(),
        written: format_rfc_3339(order.now),
    };
    Ok((kept, record))
}

/// Returns the notes of a remedy that has nothing else: it cannot be carried out offline, and what is to
/// be done is for the person.
fn all_notes(steps: &[StepFacts]) -> Option<Vec<String>> {
    let notes = steps.iter().map(|step| match step {
        StepFacts::Note(text) => Some(text.clone()),
        _ => None,
    });
    notes.collect()
}

/// Verdict and advice of a step that cannot be done.
type Obstacle = (Verdict, Vec<String>);

fn plan_note(text: &str) -> Step {
    Step {
        text: vec![format!("note     {text}")],
        package: None,
        writes: Vec::new(),
        moves: Vec::new(),
    }
}

/// Returns a path that two changes touch: what the second meets is then not what was examined.
fn find_double(steps: &[Step]) -> Option<&WindowsPath> {
    let mut seen: Vec<String> = Vec::new();
    let writes = steps.iter().flat_map(|step| &step.writes);
    let moves = steps.iter().flat_map(|step| &step.moves);
    let touched = writes
        .map(|write| &write.target)
        .chain(moves.flat_map(|one| [&one.from, &one.to]));
    for path in touched {
        let name = path.to_string().to_lowercase();
        if seen.contains(&name) {
            return Some(path);
        }
        seen.push(name);
    }
    None
}

fn stuck(verdict: Verdict, advice: String) -> Planned {
    Planned::Stuck {
        verdict,
        advice: vec![advice],
    }
}

impl RepairPlan {
    /// Returns every file that is written, in order.
    pub fn writes(&self) -> impl Iterator<Item = &FileWrite> {
        self.steps.iter().flat_map(|step| &step.writes)
    }

    /// Returns every file that is moved, in order.
    pub fn moves(&self) -> impl Iterator<Item = &FileMove> {
        self.steps.iter().flat_map(|step| &step.moves)
    }

    /// Returns what the person is to be told, in order.
    pub fn notes(&self) -> impl Iterator<Item = &str> {
        let notes = self.steps.iter().filter(|step| step.is_note());
        let texts = notes.flat_map(|step| &step.text);
        texts.map(|text| text.strip_prefix("note").unwrap_or(text).trim())
    }

    /// Returns whether a former file is kept.
    fn keeps_any(&self) -> bool {
        let is_kept = |path: &WindowsPath| path.names().starts_with(self.kept.names());
        self.writes().any(|write| write.kept.is_some()) || self.moves().any(|one| is_kept(&one.to))
    }
}

impl fmt::Display for RepairPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.head)?;
        for (number, step) in (1..).zip(&self.steps) {
            for (index, line) in step.text.iter().enumerate() {
                match index {
                    0 => writeln!(f, "{number} {line}")?,
                    _ => writeln!(f, "           {line}")?,
                }
            }
        }
        let kept = &self.kept;
        match (&self.record, self.keeps_any()) {
            (Some(_), true) => {
                writeln!(f, "former files and how to undo this are kept in {kept}")?;
            }
            (Some(_), false) => writeln!(f, "how to undo this is kept in {kept}")?,
            (None, true) => writeln!(f, "what is there now is kept in {kept}")?,
            (None, false) => {}
        }
        writeln!(f, "nothing else will be written")
    }
}

/// Returns the path beside `target` where new content is prepared.
pub fn staged_path(target: &WindowsPath) -> Result<WindowsPath, PathError> {
    target
        .folder()
        .join(&format!("{}.mendkit-new", target.name()))
}
