//! Plans changes of the registry. A registry file is written once, whatever number of steps change it,
//! by the first of them. Pure.

use rescue_stick::digest::Sha256Digest;
use rescue_stick::remedy::predicate::HiveName;
use rescue_stick::remedy::step::start_word;
use rescue_stick::report::Verdict;

use super::Obstacle;
use crate::repair::detect::hives::{ExaminedHive, HiveFacts};
use crate::repair::detect::observe::SeenData;
use crate::repair::detect::registry::{RegistryFacts, ValueFacts};
use crate::repair::detect::steps::Content;
use crate::repair::plan::step::{FileWrite, Step, WriteSource};
use crate::repair::predicates::others::spell_data;
use crate::windows::path::WindowsPath;

/// Plans one step; `written` names the registry files that earlier steps write already.
pub(super) fn plan_values(
    facts: &RegistryFacts,
    hives: &[HiveFacts],
    kept: &WindowsPath,
    written: &mut Vec<HiveName>,
) -> Result<Option<Step>, Obstacle> {
    let needs_you = |advice: String| (Verdict::NeedsYou, vec![advice]);
    let values = facts
        .values
        .as_ref()
        .map_err(|reason| needs_you(format!("the registry cannot be changed: {reason}")))?;
    let mut text = Vec::new();
    let mut undo = Vec::new();
    for value in values.iter().filter(|value| !value.is_set()) {
        check_value(value)?;
        let before = match &value.old {
            Some(old) => spell(value, old),
            None => "not there".into(),
        };
        text.push(format!(
            "{} {before} -> {}",
            value.place,
            spell(value, &value.new)
        ));
        undo.push(match &value.old {
            Some(old) => spell_data(old),
            None => "take it away".into(),
        });
    }
    if text.is_empty() {
        return Ok(None);
    }
    if let Some(first) = text.first_mut() {
        first.insert_str(0, "set      ");
    }
    let mut writes = Vec::new();
    if !written.contains(&facts.hive) {
        written.push(facts.hive);
        for hive in hives.iter().filter(|hive| hive.change.name == facts.hive) {
            let examined = hive.result.as_ref().map_err(|reason| {
                let help = "the registry is left as it is; have someone look at it".to_owned();
                (Verdict::NeedsYou, vec![reason.clone(), help])
            })?;
            writes.extend(write_hive(hive, examined, kept));
            text.extend(emptied_logs(examined));
        }
    }
    undo.dedup();
    text.push(match undo.as_slice() {
        [one] if one == "take it away" => format!("undo: {one}"),
        [one] => format!("undo: set it to {one} again"),
        _ => "undo: set each to what it was".into(),
    });
    Ok(Some(Step {
        text,
        package: None,
        writes,
        moves: Vec::new(),
    }))
}

/// Returns the writes of a registry file: itself, then its logs, which are emptied.
pub(in crate::repair) fn write_hive(
    hive: &HiveFacts,
    examined: &ExaminedHive,
    kept: &WindowsPath,
) -> Vec<FileWrite> {
    let path = &examined.path;
    let mut writes = vec![FileWrite {
        target: path.clone(),
        before: Some(examined.before),
        kept: Some(path.below(kept)),
        source: WriteSource::Hive(Box::new(hive.change.clone())),
        after: examined.after,
        security_of: path.clone(),
    }];
    writes.extend(examined.logs.iter().map(|(path, before)| FileWrite {
        target: path.clone(),
        before: Some(*before),
        kept: Some(path.below(kept)),
        source: WriteSource::Empty,
        after: Content {
            size: 0,
            sha256: Sha256Digest::of(b""),
        },
        security_of: path.clone(),
    }));
    writes
}

/// Returns what the plan says of logs that are emptied.
pub(in crate::repair) fn emptied_logs(examined: &ExaminedHive) -> Option<String> {
    let names: Vec<&str> = examined.logs.iter().map(|(path, _)| path.name()).collect();
    let file = examined.path.name();
    (!names.is_empty()).then(|| format!("{file} is written whole, {} emptied", names.join(" and ")))
}

fn spell(value: &ValueFacts, data: &SeenData) -> String {
    let is_start = value.place.contains("\\Services\\") && value.place.ends_with(": Start");
    match data {
        SeenData::Number(number) if is_start => {
            let word = u32::try_from(*number).map_or("unknown", start_word);
            format!("{number} ({word})")
        }
        data => spell_data(data),
    }
}

/// Checks that a value is what the remedy says that it must be.
fn check_value(value: &ValueFacts) -> Result<(), Obstacle> {
    let place = &value.place;
    let found = value
        .old
        .as_ref()
        .map_or_else(|| "not there".into(), spell_data);
    let expectation = match &value.required {
        Some(required) if value.old.as_ref() != Some(required) => spell_data(required),
        _ if !value.type_fits => "a value of another type".into(),
        _ => return Ok(()),
    };
    let advice = format!("{place} is {found}, expected {expectation}; have someone look");
    Err((Verdict::NeedsYou, vec![advice]))
}
