//! Registry files with all changes that a plan makes to them, in memory.
//!
//! A hive is read as Windows would load it, with its transaction logs replayed. What is written is clean:
//! sequence numbers equal, above every number in the logs, and the checksum right, so Windows asks no log.
//! The logs are emptied all the same: entries that lie in them would be looked at again as soon as
//! Windows itself leaves the hive unfinished.

use std::path::Path;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::remedy::predicate::HiveName;
use rescue_stick::undo::{ChangedValue, StoredValue};

use crate::hive::edit::{EditError, HiveEditor};
use crate::hive::key::FileTime;
use crate::hive::log::recover;
use crate::hive::value::ValueType;
use crate::hive::{Hive, HiveError};
use crate::repair::detect::Site;
use crate::repair::detect::steps::{Content, StepFacts};
use crate::windows::installation::read_hive_file;
use crate::windows::path::WindowsPath;

/// A change of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiveEdit {
    /// Path of its key from the hive's root.
    pub key: String,
    /// Name of the value.
    pub value: String,
    /// What it is to be; `None` takes it away.
    pub new: Option<StoredValue>,
}

/// Changes of one registry file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiveChange {
    /// Windows folder.
    pub windows: WindowsPath,
    /// Which registry file.
    pub name: HiveName,
    /// The changes, in order.
    pub edits: Vec<HiveEdit>,
    /// Keys that go afterwards, in order. Each must be empty by then.
    pub removed_keys: Vec<String>,
    /// When they are dated.
    pub now: FileTime,
}

/// A registry file before and after all changes of a plan.
#[derive(Clone, Debug)]
pub struct HiveFacts {
    /// The changes.
    pub change: HiveChange,
    /// What is there, or why it cannot be changed.
    pub result: Result<ExaminedHive, String>,
}

/// A registry file that can be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExaminedHive {
    /// Its path.
    pub path: WindowsPath,
    /// What lies there.
    pub before: Content,
    /// What is to lie there.
    pub after: Content,
    /// Transaction logs beside it that hold anything.
    pub logs: Vec<(WindowsPath, Content)>,
}

/// Returns what all changes of `steps` make of each registry file.
pub(super) fn examine_hives(site: &Site<'_>, steps: &[StepFacts]) -> Vec<HiveFacts> {
    let mut hives: Vec<HiveFacts> = Vec::new();
    for name in [HiveName::Software, HiveName::System] {
        let values = steps.iter().filter_map(|step| match step {
            StepFacts::Registry(facts) if facts.hive == name => facts.values.as_ref().ok(),
            _ => None,
        });
        let edits = values.flatten().filter(|value| !value.is_set());
        let edits: Vec<HiveEdit> = edits.map(|value| value.edit.clone()).collect();
        if edits.is_empty() {
            continue;
        }
        let change = HiveChange {
            windows: site.facts.installation.folders.windows.clone(),
            name,
            edits,
            removed_keys: Vec::new(),
            now: FileTime::from_unix_seconds(site.now),
        };
        hives.push(examine_change(site.root, change));
    }
    hives
}

/// Returns what `change` makes of its registry file below `root`.
pub fn examine_change(root: &Path, change: HiveChange) -> HiveFacts {
    let result = change_hive(root, &change).map(|changed| ExaminedHive {
        path: changed.path,
        before: content_of(&changed.before),
        after: content_of(&changed.after),
        logs: changed.logs,
    });
    HiveFacts { change, result }
}

fn content_of(bytes: &[u8]) -> Content {
    Content {
        size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        sha256: Sha256Digest::of(bytes),
    }
}

/// A registry file that was changed in memory.
#[derive(Debug)]
pub struct ChangedHive {
    /// Its path.
    pub path: WindowsPath,
    /// What lies on the volume.
    pub before: Vec<u8>,
    /// What is to lie there.
    pub after: Vec<u8>,
    /// Every value that was changed, in order.
    pub values: Vec<ChangedValue>,
    /// Transaction logs beside it that hold anything.
    pub logs: Vec<(WindowsPath, Content)>,
}

/// Makes the changes in memory, from the file as it lies below `root`, with its logs replayed: the same
/// file, logs and time give the same bytes.
pub fn change_hive(root: &Path, change: &HiveChange) -> Result<ChangedHive, String> {
    let file = read_hive_file(root, &change.windows, change.name.file())?;
    let path = file.path;
    let at_path = |text: String| format!("{path}: {text}");
    let before = file.bytes;
    let recovered = recover(before.clone(), &file.logs).map_err(|e| at_path(e.to_string()))?;
    let (after, values) =
        edit(recovered.bytes, change).map_err(|error| at_path(error.to_string()))?;
    let logs = file.log_paths.into_iter().zip(&file.logs);
    let logs = logs.map(|(path, log)| (path, content_of(log))).collect();
    Ok(ChangedHive {
        path,
        before,
        after,
        values,
        logs,
    })
}

fn edit(bytes: Vec<u8>, change: &HiveChange) -> Result<(Vec<u8>, Vec<ChangedValue>), EditError> {
    let mut editor = HiveEditor::open(bytes, change.now)?;
    let mut values = Vec::new();
    for edit in &change.edits {
        values.push(ChangedValue {
            key: edit.key.clone(),
            name: edit.value.clone(),
            before: read_value(editor.hive(), &edit.key, &edit.value)?,
            after: edit.new.clone(),
        });
        match &edit.new {
            Some(new) => {
                let value_type = ValueType(new.value_type);
                editor.set_value(&edit.key, &edit.value, value_type, &new.data)?;
            }
            None => {
                editor.remove_value(&edit.key, &edit.value)?;
            }
        }
    }
    for key in &change.removed_keys {
        editor.remove_key(key)?;
    }
    Ok((editor.finish()?, values))
}

/// Returns the value called `name` of the key at `key`; `None` if it, or the key, is not there.
pub fn read_value(hive: &Hive, key: &str, name: &str) -> Result<Option<StoredValue>, HiveError> {
    let Some(key) = hive.key(key)? else {
        return Ok(None);
    };
    let Some(value) = key.value(name)? else {
        return Ok(None);
    };
    Ok(Some(StoredValue {
        value_type: value.value_type().0,
        data: value.data()?,
    }))
}
