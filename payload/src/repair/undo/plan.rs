//! Decides what an undo puts back. Pure.
//!
//! Nothing is written over that is not as the repair left it: such a file or value stays, and is named.
//! What goes is kept, in a folder of the undo's own run. A plan prints as text that a person can refuse:
//!
//! ```text
//! undo of 20100422T101500Z-PC1 (mcafee-5958), installation \WINDOWS on disk 1, partition 1
//! 1 remove   \WINDOWS\system32\svchost.exe
//! 2 restore  3 files of \Program Files\Common Files\McAfee\Engine as they were before
//! 3 mark     the repair as undone in \mendkit\20100422T101500Z-PC1\undo-WINDOWS.json
//! what is there now is kept in \mendkit\undo-20100423T080000Z-PC1
//! nothing else will be written
//! ```

use rescue_stick::digest::Sha256Digest;
use rescue_stick::undo::{FileContent, UndoRecord, Undone};

use super::examine::{HiveState, MovedState, Seen, StepState, ValueVerdict, WrittenState};
use super::find::FoundRecord;
use super::words::{folder_of, spell};
use crate::repair::detect::steps::Content;
use crate::repair::plan::registry::{emptied_logs, write_hive};
use crate::repair::plan::step::{FileMove, FileWrite, Step, WriteSource};
use crate::repair::plan::{RepairPlan, registry_folder};
use crate::windows::path::{PathError, WindowsPath};

/// What an undo comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoPlan {
    /// What is written.
    pub plan: RepairPlan,
    /// What stays as it is although the repair changed it, and why, one line each.
    pub left: Vec<String>,
    /// Number of files and values that are put back.
    pub put_back: usize,
}

/// The run that undoes.
#[derive(Clone, Copy, Debug)]
pub struct UndoRun<'a> {
    /// Its name.
    pub run: &'a str,
    /// The PC's clock, RFC 3339 in UTC.
    pub now: &'a str,
    /// Folder that keeps what is there now.
    pub kept: &'a WindowsPath,
    /// Name of the volume.
    pub volume: &'a str,
}

/// Makes the plan that takes back what `found` tells of, last change first.
pub fn plan_undo(
    found: &FoundRecord,
    states: &[StepState],
    order: &UndoRun<'_>,
) -> Result<UndoPlan, PathError> {
    let mut sorted = Sorted {
        kept: order.kept,
        steps: Vec::new(),
        left: Vec::new(),
        put_back: 0,
    };
    for state in states.iter().rev() {
        sorted.step(state)?;
    }
    let Sorted {
        mut steps,
        left,
        put_back,
        ..
    } = sorted;
    if !left.is_empty() {
        let mut text = vec!["leave    as it is now:".to_owned()];
        text.extend(left.iter().cloned());
        steps.push(step_of(text));
    }
    steps.push(plan_mark(found, &left, order));
    let record = &found.record;
    let windows = WindowsPath::parse(&record.windows, None)?;
    Ok(UndoPlan {
        plan: RepairPlan {
            head: format!(
                "undo of {} ({}), installation {windows} on {}",
                record.run, record.remedy, order.volume
            ),
            steps,
            kept: order.kept.clone(),
            kept_as: registry_folder(&windows),
            record: None,
        },
        left,
        put_back,
    })
}

fn step_of(text: Vec<String>) -> Step {
    Step {
        text,
        package: None,
        writes: Vec::new(),
        moves: Vec::new(),
    }
}

/// Plans the note in the record itself, so that a second undo knows.
fn plan_mark(found: &FoundRecord, left: &[String], order: &UndoRun<'_>) -> Step {
    let marked = UndoRecord {
        undone: Some(Undone {
            run: order.run.to_owned(),
            written: order.now.to_owned(),
            left: left.to_vec(),
        }),
        ..found.record.clone()
    };
    let text = marked.to_text();
    let path = &found.path;
    Step {
        writes: vec![FileWrite {
            target: path.clone(),
            before: Some(found.content),
            kept: None,
            after: Content {
                size: u64::try_from(text.len()).unwrap_or(u64::MAX),
                sha256: Sha256Digest::of(text.as_bytes()),
            },
            source: WriteSource::Text(text),
            security_of: path.clone(),
        }],
        ..step_of(vec![format!("mark     the repair as undone in {path}")])
    }
}

/// What goes back, and what stays.
struct Sorted<'a> {
    kept: &'a WindowsPath,
    steps: Vec<Step>,
    left: Vec<String>,
    put_back: usize,
}

/// What becomes of one file.
enum Fate {
    /// These moves put it back.
    PutBack(Vec<FileMove>),
    /// It is as it was before.
    IsBack,
    /// It stays, for this reason.
    Left(String),
}

impl Sorted<'_> {
    fn step(&mut self, state: &StepState) -> Result<(), PathError> {
        for hive in state.hives.iter().rev() {
            self.hive(hive);
        }
        for file in state.moved.iter().rev() {
            match fate_of_moved(file)? {
                Fate::PutBack(moves) => {
                    let text = format!("restore  {} from {}", file.file.from, file.file.to);
                    self.push(text, moves, 1);
                }
                Fate::IsBack => {}
                Fate::Left(reason) => self.left.push(format!("{}: {reason}", file.file.from)),
            }
        }
        let mut fates = Vec::new();
        for file in state.written.iter().rev() {
            fates.push((file, fate_of_written(file, self.kept)?));
        }
        if state.is_set {
            self.set(fates);
        } else {
            for (file, fate) in fates {
                self.written(file, fate);
            }
        }
        Ok(())
    }

    fn push(&mut self, text: String, moves: Vec<FileMove>, count: usize) {
        self.put_back = self.put_back.saturating_add(count);
        self.steps.push(Step {
            moves,
            ..step_of(vec![text])
        });
    }

    fn written(&mut self, file: &WrittenState, fate: Fate) {
        let path = &file.file.path;
        match (fate, &file.file.before) {
            (Fate::PutBack(moves), Some(before)) => {
                self.push(format!("restore  {path} from {}", before.kept), moves, 1);
            }
            (Fate::PutBack(moves), None) => self.push(format!("remove   {path}"), moves, 1),
            (Fate::IsBack, _) => {}
            (Fate::Left(reason), _) => self.left.push(format!("{path}: {reason}")),
        }
    }

    /// Files of a set go back together: half of one version and half of another is worse than either.
    fn set(&mut self, fates: Vec<(&WrittenState, Fate)>) {
        let (mut moves, mut reason) = (Vec::new(), None);
        let count = fates.len();
        let folder = fates.first().map(|(file, _)| folder_of(&file.file.path));
        for (file, fate) in fates {
            match fate {
                Fate::PutBack(more) => moves.extend(more),
                Fate::IsBack => {}
                Fate::Left(why) => {
                    reason.get_or_insert(format!("{}: {why}", file.file.path));
                }
            }
        }
        let folder = folder.unwrap_or_default();
        let files = match count {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        match reason {
            Some(reason) if count > 1 => self.left.push(format!(
                "{files} of {folder}, which belong together: {reason}"
            )),
            Some(reason) => self.left.push(reason),
            None if moves.is_empty() => {}
            None => self.push(
                format!("restore  {files} of {folder} as before the repair"),
                moves,
                count,
            ),
        }
    }

    fn hive(&mut self, state: &HiveState) {
        let root = state.hive.hive.root();
        let values = match (&state.values, &state.change) {
            (Err(reason), _) => {
                self.left.push(format!("{root}: {reason}"));
                return;
            }
            (Ok(_), Some(change)) if change.result.is_err() => {
                if let Err(reason) = &change.result {
                    self.left.push(format!("{root}: {reason}"));
                }
                return;
            }
            (Ok(values), _) => values,
        };
        let mut text = Vec::new();
        for one in values {
            let value = &one.value;
            let place = format!("{root}\\{}: {}", value.key, value.name);
            match one.verdict {
                ValueVerdict::PutBack => {
                    let (now, before) = (spell(one.now.as_ref()), spell(value.before.as_ref()));
                    text.push(format!("{place} {now} -> {before}"));
                    self.put_back = self.put_back.saturating_add(1);
                }
                ValueVerdict::IsBack => {}
                ValueVerdict::Changed => self.left.push(format!(
                    "{place} is {}, the repair left {}; it was {} before",
                    spell(one.now.as_ref()),
                    spell(value.after.as_ref()),
                    spell(value.before.as_ref())
                )),
            }
        }
        let used = state.used_keys.iter();
        self.left.extend(
            used.map(|key| format!("{root}\\{key}: it holds more than the repair put there")),
        );
        let Some((facts, Ok(examined))) = state
            .change
            .as_ref()
            .map(|facts| (facts, facts.result.as_ref()))
        else {
            return;
        };
        let removed = facts.change.removed_keys.iter();
        text.extend(removed.map(|key| format!("{root}\\{key} -> not there")));
        if let Some(first) = text.first_mut() {
            first.insert_str(0, "set      ");
        }
        text.extend(emptied_logs(examined));
        self.steps.push(Step {
            writes: write_hive(facts, examined, self.kept),
            ..step_of(text)
        });
    }
}

fn fate_of_written(state: &WrittenState, kept: &WindowsPath) -> Result<Fate, PathError> {
    let file = &state.file;
    let now = match &state.now {
        Ok(now) => now,
        Err(reason) => return Ok(Fate::Left(format!("its place cannot be told: {reason}"))),
    };
    let is_ours = now.content.is_some_and(|now| same(now, file.after));
    let is_gone = now.content.is_none();
    let is_back = match (&file.before, now.content) {
        (None, None) => true,
        (Some(before), Some(now)) => same(now, before.content),
        _ => false,
    };
    if is_back {
        return Ok(Fate::IsBack);
    }
    let stays = file.before.as_ref().map_or_else(String::new, |before| {
        format!("; the former file stays in {}", before.kept)
    });
    if !is_ours && !is_gone {
        return Ok(Fate::Left(format!("changed since the repair{stays}")));
    }
    let mut moves = Vec::new();
    if let Some(content) = now.content {
        moves.push(FileMove {
            from: now.path.clone(),
            to: now.path.below(kept),
            before: content,
            attributes: None,
        });
    }
    if let (Some(before), Some(seen)) = (&file.before, &state.kept) {
        let found = match kept_file(seen, before.content, &before.kept) {
            Ok(found) => found,
            Err(reason) => return Ok(Fate::Left(reason)),
        };
        moves.push(FileMove {
            from: found,
            to: WindowsPath::parse(&file.path, None)?,
            before: content(before.content),
            attributes: Some(before.attributes.clone()),
        });
    }
    Ok(Fate::PutBack(moves))
}

fn fate_of_moved(state: &MovedState) -> Result<Fate, PathError> {
    let file = &state.file;
    let from = match &state.from {
        Ok(from) => from,
        Err(reason) => return Ok(Fate::Left(format!("its place cannot be told: {reason}"))),
    };
    match from.content {
        Some(now) if same(now, file.content) => return Ok(Fate::IsBack),
        Some(_) => {
            let reason = format!(
                "another file is there now; the former one stays in {}",
                file.to
            );
            return Ok(Fate::Left(reason));
        }
        None => {}
    }
    Ok(match kept_file(&state.to, file.content, &file.to) {
        Err(reason) => Fate::Left(reason),
        Ok(found) => Fate::PutBack(vec![FileMove {
            from: found,
            to: WindowsPath::parse(&file.from, None)?,
            before: content(file.content),
            attributes: Some(file.attributes.clone()),
        }]),
    })
}

/// Returns where a former file lies if it is what was kept, else why it cannot be put back.
fn kept_file(seen: &Seen, expected: FileContent, place: &str) -> Result<WindowsPath, String> {
    match seen {
        Ok(found) => match found.content {
            Some(now) if same(now, expected) => Ok(found.path.clone()),
            Some(now) => Err(format!(
                "the former file in {place} is not what was kept: sha256 is {}, expected {}",
                now.sha256, expected.sha256
            )),
            None => Err(format!("the former file is no longer in {place}")),
        },
        Err(reason) => Err(format!("the former file cannot be read: {reason}")),
    }
}

fn same(found: Content, expected: FileContent) -> bool {
    found.size == expected.size && found.sha256 == expected.sha256
}

fn content(content: FileContent) -> Content {
    Content {
        size: content.size,
        sha256: content.sha256,
    }
}
