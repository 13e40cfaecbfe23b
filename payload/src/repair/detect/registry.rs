//! What changing the registry would meet. Reads only, judges nothing.

use std::path::Path;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::remedy::predicate::{HiveName, Scalar};
use rescue_stick::remedy::step::{SetRegistryValue, SetServiceStart, ValueWord};

use crate::hive::edit::HiveEditor;
use crate::hive::key::FileTime;
use crate::hive::log::recover;
use crate::hive::value::ValueType;
use crate::hive::{Hive, HiveError};
use crate::repair::detect::Site;
use crate::repair::detect::observe::{SeenData, find_key, read_data};
use crate::repair::detect::steps::{Content, StepFacts};
use crate::windows::installation::{open_hive, read_hive_file};
use crate::windows::path::WindowsPath;
use crate::windows::services::{control_sets, service_key};

/// What a step that changes the registry would meet.
#[derive(Clone, Debug)]
pub struct RegistryFacts {
    /// The registry file.
    pub hive: HiveName,
    /// The values, or why they cannot be told.
    pub values: Result<Vec<ValueFacts>, String>,
}

/// A value that is to be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueFacts {
    /// Key and value, for people.
    pub place: String,
    /// What it is.
    pub old: Option<SeenData>,
    /// What it must be; anything if `None`.
    pub required: Option<SeenData>,
    /// What it is to be.
    pub new: SeenData,
    /// Whether its type is the one that it is to have, or it is not there.
    pub type_fits: bool,
    /// The change.
    pub edit: HiveEdit,
}

impl ValueFacts {
    /// Returns whether it is as it is to be.
    pub fn is_set(&self) -> bool {
        self.type_fits && self.old.as_ref() == Some(&self.new)
    }
}

/// A change of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiveEdit {
    /// Path of its key from the hive's root.
    pub key: String,
    /// Name of the value.
    pub value: String,
    /// Its type.
    pub value_type: ValueType,
    /// Its data.
    pub data: Vec<u8>,
}

/// Changes of one registry file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiveChange {
    /// Windows folder.
    pub windows: WindowsPath,
    /// Which registry file.
    pub name: HiveName,
    /// The changes, in order; never empty.
    pub edits: Vec<HiveEdit>,
    /// When they are dated.
    pub now: FileTime,
}

/// A registry file before and after all changes of a remedy.
#[derive(Clone, Debug)]
pub struct HiveFacts {
    /// The changes.
    pub change: HiveChange,
    /// Its path, and what is there before and after, or why it cannot be changed.
    pub result: Result<(WindowsPath, Content, Content), String>,
}

pub(super) fn examine_value(site: &Site<'_>, step: &SetRegistryValue) -> RegistryFacts {
    let values = open(site, step.hive).and_then(|hive| {
        look_up_value(&hive, step)
            .map_err(|error| error.to_string())?
            .map(|value| vec![value])
            .ok_or_else(|| {
                format!(
                    "{}\\{}: not there, expected an existing key",
                    step.hive.root(),
                    step.key
                )
            })
    });
    RegistryFacts {
        hive: step.hive,
        values,
    }
}

fn open(site: &Site<'_>, name: HiveName) -> Result<Hive, String> {
    let windows = &site.facts.installation.folders.windows;
    open_hive(site.root, windows, name.file())
}

fn look_up_value(hive: &Hive, step: &SetRegistryValue) -> Result<Option<ValueFacts>, HiveError> {
    let Some((path, key)) = find_key(hive, step.hive, &step.key)? else {
        return Ok(None);
    };
    let (value_type, data) = encode(step.r#type, &step.data);
    let found_type = key.value(&step.value)?.map(|value| value.value_type());
    Ok(Some(ValueFacts {
        place: format!("{}\\{path}: {}", step.hive.root(), step.value),
        old: read_data(&key, &step.value)?,
        required: step.old.as_ref().map(seen),
        new: seen(&step.data),
        type_fits: found_type.is_none_or(|found| found == value_type),
        edit: HiveEdit {
            key: path,
            value: step.value.clone(),
            value_type,
            data,
        },
    }))
}

fn seen(scalar: &Scalar) -> SeenData {
    match scalar {
        Scalar::Number(number) => SeenData::Number(*number),
        Scalar::Text(text) => SeenData::Text(text.clone()),
    }
}

/// Returns type and data as they lie in a hive. The remedy was checked, so the number fits.
fn encode(word: ValueWord, data: &Scalar) -> (ValueType, Vec<u8>) {
    let value_type = match word {
        ValueWord::Dword => ValueType::DWORD,
        ValueWord::Qword => ValueType::QWORD,
        ValueWord::Text => ValueType::SZ,
        ValueWord::ExpandableText => ValueType::EXPAND_SZ,
    };
    let data = match data {
        Scalar::Number(number) if word == ValueWord::Dword => u32::try_from(*number)
            .unwrap_or(u32::MAX)
            .to_le_bytes()
            .to_vec(),
        Scalar::Number(number) => number.to_le_bytes().to_vec(),
        Scalar::Text(text) => {
            let units = text.encode_utf16().chain([0]);
            units.flat_map(u16::to_le_bytes).collect()
        }
    };
    (value_type, data)
}

pub(super) fn examine_service(site: &Site<'_>, step: &SetServiceStart) -> RegistryFacts {
    let values = open(site, HiveName::System).and_then(|system| {
        let values = look_up_starts(&system, step).map_err(|error| error.to_string())?;
        if values.is_empty() {
            return Err(format!("there is no service or driver {}", step.name));
        }
        Ok(values)
    });
    RegistryFacts {
        hive: HiveName::System,
        values,
    }
}

fn look_up_starts(system: &Hive, step: &SetServiceStart) -> Result<Vec<ValueFacts>, HiveError> {
    let mut values = Vec::new();
    for set in control_sets(system)? {
        let path = service_key(&set, &step.name);
        let Some(key) = system.key(&path)? else {
            continue;
        };
        let found_type = key.value("Start")?.map(|value| value.value_type());
        values.push(ValueFacts {
            place: format!("{}\\{path}: Start", HiveName::System.root()),
            old: read_data(&key, "Start")?,
            required: None,
            new: SeenData::Number(step.start.into()),
            type_fits: found_type.is_none_or(|found| found == ValueType::DWORD),
            edit: HiveEdit {
                key: path,
                value: "Start".to_owned(),
                value_type: ValueType::DWORD,
                data: step.start.to_le_bytes().to_vec(),
            },
        });
    }
    Ok(values)
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
            now: FileTime::from_unix_seconds(site.now),
        };
        let result = change_hive(site.root, &change).map(|changed| {
            (
                changed.path,
                content_of(&changed.before),
                content_of(&changed.after),
            )
        });
        hives.push(HiveFacts { change, result });
    }
    hives
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
}

/// Makes the changes in memory, from the file as it lies below `root`, with its logs replayed: the same
/// file, logs and time give the same bytes.
pub fn change_hive(root: &Path, change: &HiveChange) -> Result<ChangedHive, String> {
    let file = read_hive_file(root, &change.windows, change.name.file())?;
    let path = file.path;
    let at_path = |text: String| format!("{path}: {text}");
    let before = file.bytes;
    let recovered = recover(before.clone(), &file.logs).map_err(|e| at_path(e.to_string()))?;
    let edit = || {
        let mut editor = HiveEditor::open(recovered.bytes, change.now)?;
        for edit in &change.edits {
            editor.set_value(&edit.key, &edit.value, edit.value_type, &edit.data)?;
        }
        editor.finish()
    };
    let after = edit().map_err(|error| at_path(error.to_string()))?;
    Ok(ChangedHive {
        path,
        before,
        after,
    })
}
