//! What an undo would meet, now that Windows may have run: every file and value that the record names.
//! Reads only; the one thing it settles is which values are as the repair left them, since what becomes
//! of a registry file can be told only from its bytes.

use std::collections::BTreeMap;
use std::path::Path;

use rescue_stick::undo::{
    ChangedHive, ChangedValue, MovedFile, StoredValue, UndoRecord, UndoStep, WrittenFile,
};

use crate::hive::key::FileTime;
use crate::hive::{Hive, HiveError};
use crate::repair::detect::hives::{HiveChange, HiveEdit, HiveFacts, examine_change, read_value};
use crate::repair::detect::steps::{FileFacts, examine_file};
use crate::windows::installation::read_hive_file;
use crate::windows::path::WindowsPath;

/// What is at a path, or why that cannot be told.
pub type Seen = Result<FileFacts, String>;

/// What undoing one step would meet.
#[derive(Clone, Debug)]
pub struct StepState {
    /// Whether its files go back together or not at all.
    pub is_set: bool,
    /// Files that were put into place.
    pub written: Vec<WrittenState>,
    /// Files that were moved.
    pub moved: Vec<MovedState>,
    /// Registry files.
    pub hives: Vec<HiveState>,
}

/// A file that was put into place.
#[derive(Clone, Debug)]
pub struct WrittenState {
    /// What the repair did.
    pub file: WrittenFile,
    /// What is there now.
    pub now: Seen,
    /// What is where the former file was kept; `None` if there was none.
    pub kept: Option<Seen>,
}

/// A file that was moved.
#[derive(Clone, Debug)]
pub struct MovedState {
    /// What the repair did.
    pub file: MovedFile,
    /// What is where it was.
    pub from: Seen,
    /// What is where it went.
    pub to: Seen,
}

/// A registry file.
#[derive(Clone, Debug)]
pub struct HiveState {
    /// What the repair did.
    pub hive: ChangedHive,
    /// Its values in the order of undoing, the last change first; or why they cannot be told.
    pub values: Result<Vec<ValueState>, String>,
    /// Keys that the repair made and that hold something else by now.
    pub used_keys: Vec<String>,
    /// What comes of putting back all that can be; `None` if nothing is to be.
    pub change: Option<HiveFacts>,
}

/// A value that the repair changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueState {
    /// What the repair did.
    pub value: ChangedValue,
    /// What it is now.
    pub now: Option<StoredValue>,
    /// What is to be done with it.
    pub verdict: ValueVerdict,
}

/// What is to be done with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueVerdict {
    /// It is as the repair left it: it gets what it was.
    PutBack,
    /// It is what it was before the repair.
    IsBack,
    /// Someone else has set it since.
    Changed,
}

/// Looks at everything that `record` names on the volume mounted at `root`; changes of the registry are
/// dated `now`.
pub fn examine_record(root: &Path, record: &UndoRecord, now: FileTime) -> Vec<StepState> {
    let windows = parse(&record.windows);
    let steps = record.steps.iter();
    let steps = steps.map(|step| examine_step(root, step, &windows, now));
    steps.collect()
}

fn examine_step(
    root: &Path,
    step: &UndoStep,
    windows: &Result<WindowsPath, String>,
    now: FileTime,
) -> StepState {
    let written = step.written.iter().map(|file| WrittenState {
        now: see(root, &file.path),
        kept: file.before.as_ref().map(|before| see(root, &before.kept)),
        file: file.clone(),
    });
    let moved = step.moved.iter().map(|file| MovedState {
        from: see(root, &file.from),
        to: see(root, &file.to),
        file: file.clone(),
    });
    let hives = step.hives.iter().map(|hive| {
        let examined = windows
            .clone()
            .and_then(|windows| examine_hive(root, &windows, hive, now));
        examined.unwrap_or_else(|reason| HiveState {
            hive: hive.clone(),
            values: Err(reason),
            used_keys: Vec::new(),
            change: None,
        })
    });
    StepState {
        is_set: step.is_set,
        written: written.collect(),
        moved: moved.collect(),
        hives: hives.collect(),
    }
}

fn parse(path: &str) -> Result<WindowsPath, String> {
    WindowsPath::parse(path, None).map_err(|error| error.to_string())
}

fn see(root: &Path, path: &str) -> Seen {
    examine_file(root, &parse(path)?).map_err(|error| error.to_string())
}

fn examine_hive(
    root: &Path,
    windows: &WindowsPath,
    changed: &ChangedHive,
    now: FileTime,
) -> Result<HiveState, String> {
    let file = read_hive_file(root, windows, changed.hive.file())?;
    let path = file.path;
    // The record names the file for people; what is changed is the one that Windows loads.
    if !path.to_string().eq_ignore_ascii_case(&changed.path) {
        return Err(format!("{path}: the record is of {}", changed.path));
    }
    let text = |error: HiveError| format!("{path}: {error}");
    let hive = Hive::parse_with_logs(file.bytes, &file.logs).map_err(text)?;
    let values = examine_values(&hive, &changed.values).map_err(text)?;
    let edits = values
        .iter()
        .filter(|state| state.verdict == ValueVerdict::PutBack);
    let edits = edits.map(|state| HiveEdit {
        key: state.value.key.clone(),
        value: state.value.name.clone(),
        new: state.value.before.clone(),
    });
    let edits: Vec<HiveEdit> = edits.collect();
    let (removed_keys, used_keys) = sort_keys(&hive, &changed.made_keys, &edits).map_err(text)?;
    let is_change = !edits.is_empty() || !removed_keys.is_empty();
    let change = is_change.then(|| HiveChange {
        windows: windows.clone(),
        name: changed.hive,
        edits,
        removed_keys,
        now,
    });
    Ok(HiveState {
        hive: changed.clone(),
        values: Ok(values),
        used_keys,
        change: change.map(|change| examine_change(root, change)),
    })
}

/// Holds every value against what the repair left, the last change first.
fn examine_values(hive: &Hive, changed: &[ChangedValue]) -> Result<Vec<ValueState>, HiveError> {
    // One value may have been changed twice: undoing the second leaves what the first one made.
    let mut undone: BTreeMap<(String, String), Option<StoredValue>> = BTreeMap::new();
    let mut states = Vec::new();
    for value in changed.iter().rev() {
        let place = (value.key.to_lowercase(), value.name.to_lowercase());
        let now = match undone.get(&place) {
            Some(now) => now.clone(),
            None => read_value(hive, &value.key, &value.name)?,
        };
        let has_key = hive.key(&value.key)?.is_some();
        let verdict = if now == value.before {
            ValueVerdict::IsBack
        } else if now == value.after && has_key {
            undone.insert(place, value.before.clone());
            ValueVerdict::PutBack
        } else {
            ValueVerdict::Changed
        };
        states.push(ValueState {
            value: value.clone(),
            now,
            verdict,
        });
    }
    Ok(states)
}

/// Sorts the keys that the repair made into those that go and those that hold something else by now.
fn sort_keys(
    hive: &Hive,
    made: &[String],
    edits: &[HiveEdit],
) -> Result<(Vec<String>, Vec<String>), HiveError> {
    let (mut removed, mut used): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for path in made.iter().rev() {
        let Some(key) = hive.key(path)? else { continue };
        let goes = |value: &str| {
            edits.iter().any(|edit| {
                edit.new.is_none()
                    && edit.key.eq_ignore_ascii_case(path)
                    && edit.value.eq_ignore_ascii_case(value)
            })
        };
        let values = key.values()?;
        let has_values = values.iter().any(|value| !goes(value.name()));
        let has_subkeys = key.subkeys()?.iter().any(|subkey| {
            let subkey = format!("{path}\\{}", subkey.name());
            !removed
                .iter()
                .any(|gone| gone.eq_ignore_ascii_case(&subkey))
        });
        if has_values || has_subkeys {
            used.push(path.clone());
        } else {
            removed.push(path.clone());
        }
    }
    Ok((removed, used))
}
