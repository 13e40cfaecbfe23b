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
//! former files are kept in \mendkit\20100422T101500Z-PC1
//! nothing else will be written
//! ```

use std::fmt;
use std::sync::Arc;

use rescue_stick::definitions::{DefinitionsMember, DefinitionsSet};
use rescue_stick::report::{CandidateReport, Verdict};

use crate::antivirus::quarantine::QuarantineItem;
use crate::repair::detect::InstallationFacts;
use crate::repair::detect::registry::HiveChange;
use crate::repair::detect::steps::{Content, Examined, StepFacts};
use crate::repair::plan::definitions::plan_definitions;
use crate::repair::plan::files::plan_moves;
use crate::repair::plan::quarantined::plan_quarantined;
use crate::repair::plan::registry::plan_values;
use crate::repair::plan::restore::plan_restore;
use crate::windows::path::{PathError, WindowsPath};

mod bring;
mod definitions;
mod files;
mod quarantined;
mod registry;
mod restore;

/// Folder on the volume below which former files are kept, a folder for each run.
pub const KEPT_FOLDER: &str = "mendkit";

/// Bytes that a file takes on the volume beside its content: its record, its name in a folder, the
/// bitmaps, a kept folder. Generous: NTFS writes records of 1 KiB and index blocks of 4 KiB, and
/// begins new folders with a block.
const OVERHEAD_OF_FILE: u64 = 256 << 10;

/// Bytes that a change of a volume takes whatever is written: the file system's own journal.
const OVERHEAD_OF_CHANGE: u64 = 8 << 20;

/// What will be written to one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepairPlan {
    /// Installation and Windows, for the head of the text.
    pub head: String,
    /// Steps in order; never empty.
    pub steps: Vec<Step>,
    /// Folder that keeps former files.
    pub kept: WindowsPath,
}

/// One reversible change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is, one line or several.
    pub text: Vec<String>,
    /// Package of definitions that its files come from, to be checked before anything is written.
    pub package: Option<DefinitionsSet>,
    /// Files that are written.
    pub writes: Vec<FileWrite>,
    /// Files that are moved, after those are written.
    pub moves: Vec<FileMove>,
}

/// One file that is moved as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMove {
    /// Where it is.
    pub from: WindowsPath,
    /// Where it goes; nothing is there.
    pub to: WindowsPath,
    /// What it must be.
    pub before: Content,
}

/// One file that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileWrite {
    /// Where.
    pub target: WindowsPath,
    /// What must be there before; it is kept.
    pub before: Option<Content>,
    /// Where the former content is kept, if there is one.
    pub kept: Option<WindowsPath>,
    /// Where the new content comes from.
    pub source: WriteSource,
    /// What must be there afterwards.
    pub after: Content,
    /// File or folder whose security descriptor it gets.
    pub security_of: WindowsPath,
}

/// Where new content comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteSource {
    /// A member of the step's package.
    Package(DefinitionsMember),
    /// A file on the volume itself.
    Volume(WindowsPath),
    /// A member of a cabinet on the volume.
    Cabinet {
        /// The cabinet.
        cabinet: WindowsPath,
        /// Name of the member.
        member: String,
    },
    /// A file in a quarantine on the volume.
    Quarantine(Box<QuarantineItem>),
    /// A file on the stick, by its path there.
    Stick(String),
    /// What was read on another drive.
    Read(Arc<Vec<u8>>),
    /// The registry file itself, changed.
    Hive(Box<HiveChange>),
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
pub fn plan_repair(
    facts: &InstallationFacts,
    volume: &str,
    run: &str,
    examined: &Examined,
) -> (Planned, Vec<CandidateReport>) {
    let windows = &facts.installation.folders.windows;
    let version = facts.installation.version.as_ref();
    let version = version.map_or_else(|| "unknown".into(), ToString::to_string);
    let kept = WindowsPath::default()
        .join(KEPT_FOLDER)
        .and_then(|folder| folder.join(run));
    let kept = match kept {
        Ok(kept) => kept,
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
        Planned::Plan(RepairPlan {
            head: format!("installation {windows} on {volume}  ({version})"),
            steps: planned,
            kept,
        })
    };
    (result, candidates)
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

    /// Returns the bytes that are written to the volume at most.
    pub fn needed_bytes(&self) -> u64 {
        let written = self.writes().fold(OVERHEAD_OF_CHANGE, |sum, write| {
            sum.saturating_add(write.after.size)
                .saturating_add(OVERHEAD_OF_FILE)
        });
        // A file that is moved stays where it is; only names change.
        self.moves()
            .fold(written, |sum, _| sum.saturating_add(OVERHEAD_OF_FILE))
    }

    /// Returns whether a former file is kept.
    fn keeps_any(&self) -> bool {
        let is_kept = |path: &WindowsPath| path.names().starts_with(self.kept.names());
        self.writes().any(|write| write.kept.is_some()) || self.moves().any(|one| is_kept(&one.to))
    }
}

impl Step {
    /// Returns whether it changes nothing.
    fn is_note(&self) -> bool {
        // Later steps of one registry file leave the writing to the first, and are no notes.
        self.text.iter().any(|line| line.starts_with("note "))
            && self.writes.is_empty()
            && self.moves.is_empty()
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
        if self.keeps_any() {
            writeln!(f, "former files are kept in {}", self.kept)?;
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
