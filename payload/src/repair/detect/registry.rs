//! What changing the registry would meet. Reads only, judges nothing.

use rescue_stick::remedy::predicate::{HiveName, Scalar};
use rescue_stick::remedy::step::{SetRegistryValue, SetServiceStart, ValueWord};
use rescue_stick::undo::StoredValue;

use crate::hive::value::ValueType;
use crate::hive::{Hive, HiveError};
use crate::repair::detect::Site;
use crate::repair::detect::hives::HiveEdit;
use crate::repair::detect::observe::{SeenData, find_key, read_data};
use crate::windows::installation::open_hive;
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
            new: Some(StoredValue {
                value_type: value_type.0,
                data,
            }),
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
                new: Some(StoredValue {
                    value_type: ValueType::DWORD.0,
                    data: step.start.to_le_bytes().to_vec(),
                }),
            },
        });
    }
    Ok(values)
}
