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

use rescue_stick::definitions::{DefinitionsMember, DefinitionsSet};
use rescue_stick::report::{CandidateReport, Verdict};

use crate::antivirus::quarantine::QuarantineItem;
use crate::repair::candidates::{CandidatePlace, Chosen, choose_candidate};
use crate::repair::detect::InstallationFacts;
use crate::repair::detect::steps::{
    Content, DefinitionsFacts, DefinitionsPlace, RestoreFacts, StepFacts,
};
use crate::windows::path::{PathError, WindowsPath};

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
    steps: &[StepFacts],
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
    let mut candidates = Vec::new();
    let mut planned = Vec::new();
    let (mut verdict, mut advice) = (Verdict::Healthy, Vec::new());
    for step in steps {
        let result = match step {
            StepFacts::Definitions(facts) => plan_definitions(facts, &kept),
            StepFacts::Restore(step) => plan_restore(facts, step, &kept, &mut candidates),
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
    } else if planned.is_empty() {
        Planned::NothingToDo
    } else {
        Planned::Plan(RepairPlan {
            head: format!("installation {windows} on {volume}  ({version})"),
            steps: planned,
            kept,
        })
    };
    (result, candidates)
}

/// Verdict and advice of a step that cannot be done.
type Obstacle = (Verdict, Vec<String>);

fn stuck(verdict: Verdict, advice: String) -> Planned {
    Planned::Stuck {
        verdict,
        advice: vec![advice],
    }
}

fn plan_definitions(
    facts: &DefinitionsFacts,
    kept: &WindowsPath,
) -> Result<Option<Step>, Obstacle> {
    let name = &facts.set_name;
    let Some(set) = &facts.set else {
        let advice = format!("no definitions {name} are at hand: use a stick that carries them");
        return Err((Verdict::Affected, vec![advice]));
    };
    let place = facts.place.as_ref().map_err(|reason| {
        let advice = format!("where definitions {name} go cannot be told: {reason}");
        (Verdict::NeedsYou, vec![advice])
    })?;
    if facts.is_installed() {
        return Ok(None);
    }
    if let Err(reason) = &facts.package {
        let advice = format!("the definitions on the stick cannot be used: {reason}");
        let help = "make the stick anew and start this PC from it".to_owned();
        return Err((Verdict::Refused, vec![advice, help]));
    }
    let members = set.members.iter().zip(&place.members);
    let writes = members.map(|(member, file)| FileWrite {
        target: file.path.clone(),
        before: file.content,
        kept: file.content.map(|_| file.path.below(kept)),
        source: WriteSource::Package(member.clone()),
        after: Content {
            size: member.size,
            sha256: member.sha256,
        },
        security_of: security_source(place, file.content.is_some(), &file.path),
    });
    let writes: Vec<FileWrite> = writes.collect();
    let had_any = writes.iter().any(|write| write.before.is_some());
    let word = facts.word;
    let stated = facts.stated.as_deref().unwrap_or("of unknown version");
    let files = if writes.len() == 1 {
        "1 file".to_owned()
    } else {
        format!("{} files", writes.len())
    };
    let undo = if had_any {
        "put the kept copies back"
    } else {
        "remove them"
    };
    Ok(Some(Step {
        text: vec![
            format!(
                "replace  {word} {stated} by {} in {}, {files}",
                set.version, place.folder
            ),
            format!("undo: {undo}"),
        ],
        package: Some(set.clone()),
        writes,
    }))
}

fn security_source(place: &DefinitionsPlace, is_there: bool, path: &WindowsPath) -> WindowsPath {
    if is_there {
        return path.clone();
    }
    place.neighbour.clone()
}

fn plan_restore(
    facts: &InstallationFacts,
    step: &RestoreFacts,
    kept: &WindowsPath,
    candidates: &mut Vec<CandidateReport>,
) -> Result<Option<Step>, Obstacle> {
    let target = step.target.as_ref().map_err(|reason| {
        let advice = format!("{}: its state cannot be told: {reason}", step.step.target);
        (Verdict::NeedsYou, vec![advice])
    })?;
    if step.state().is_none() {
        return Ok(None);
    }
    let accept = &step.step.accept;
    let architecture = facts.installation.architecture;
    let (chosen, reports) = choose_candidate(&step.candidates, accept, architecture);
    candidates.extend(reports);
    let path = &target.path;
    let Some(chosen) = chosen else {
        let machine = architecture.map_or_else(|| "this PC".into(), |m| m.to_string());
        let name = path.name();
        let mut advice = vec![format!(
            "no acceptable copy of {name} was found; bring {name} {} for {machine}, made part of the \
             stick in the recipe under [[files]]",
            accept.version
        )];
        if let Some(language) = &facts.installation.language {
            advice.push(format!("this Windows was installed in {language}"));
        }
        return Err((Verdict::NeedsYou, advice));
    };
    let undo = match target.content {
        Some(_) => "undo: put the kept copy back",
        None => "undo: remove it",
    };
    Ok(Some(Step {
        text: vec![
            format!("restore  {path} from {}", chosen.place),
            chosen.reason.clone(),
            undo.to_owned(),
        ],
        package: None,
        writes: vec![FileWrite {
            target: path.clone(),
            before: target.content,
            kept: target.content.map(|_| path.below(kept)),
            after: Content {
                size: chosen.size,
                sha256: chosen.sha256,
            },
            source: write_source(chosen),
            security_of: step.neighbour.clone(),
        }],
    }))
}

fn write_source(chosen: Chosen) -> WriteSource {
    match chosen.place {
        CandidatePlace::Volume(path) => WriteSource::Volume(path),
        CandidatePlace::Cabinet { cabinet, member } => WriteSource::Cabinet { cabinet, member },
        CandidatePlace::Quarantine(item) => WriteSource::Quarantine(item),
        CandidatePlace::Stick(path) => WriteSource::Stick(path),
    }
}

impl RepairPlan {
    /// Returns every file that is written, in order.
    pub fn writes(&self) -> impl Iterator<Item = &FileWrite> {
        self.steps.iter().flat_map(|step| &step.writes)
    }

    /// Returns the bytes that are written to the volume at most.
    pub fn needed_bytes(&self) -> u64 {
        self.writes().fold(OVERHEAD_OF_CHANGE, |sum, write| {
            sum.saturating_add(write.after.size)
                .saturating_add(OVERHEAD_OF_FILE)
        })
    }

    /// Returns whether a former file is kept.
    fn keeps_any(&self) -> bool {
        self.writes().any(|write| write.kept.is_some())
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
