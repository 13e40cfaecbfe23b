//! Services and drivers in the hive SYSTEM, and which control sets count.

use crate::hive::{Hive, HiveError};

/// The key that says which control set is which.
const SELECT_KEY: &str = "Select";

/// The name under which a running Windows shows the control set that it uses.
const CURRENT: &str = "CurrentControlSet";

/// Returns the control set that Windows would use at its next start, `ControlSet001`.
pub fn current_control_set(system: &Hive) -> Result<String, HiveError> {
    let select = system.key(SELECT_KEY)?;
    let number = select.map_or(Ok(None), |key| key.number("Current"))?;
    Ok(name_of_set(number.unwrap_or(1)))
}

/// Returns the control sets that Windows uses now and that it last started well with, those that exist,
/// each once. Source: Microsoft, "HKLM\SYSTEM\Select subkey", `Current` and `LastKnownGood`.
pub fn control_sets(system: &Hive) -> Result<Vec<String>, HiveError> {
    let mut sets = vec![current_control_set(system)?];
    if let Some(select) = system.key(SELECT_KEY)?
        && let Some(number) = select.number("LastKnownGood")?
    {
        let last = name_of_set(number);
        if !sets.contains(&last) && system.key(&last)?.is_some() {
            sets.push(last);
        }
    }
    Ok(sets)
}

fn name_of_set(number: u32) -> String {
    format!("ControlSet{number:03}")
}

/// Returns the path of a service's key in a control set.
pub fn service_key(control_set: &str, name: &str) -> String {
    format!("{control_set}\\Services\\{name}")
}

/// Returns a key of SYSTEM with `CurrentControlSet` replaced by the one that it stands for.
pub fn expand_system_key(system: &Hive, key: &str) -> Result<String, HiveError> {
    let (first, rest) = key.split_once('\\').unwrap_or((key, ""));
    if !first.eq_ignore_ascii_case(CURRENT) {
        return Ok(key.to_owned());
    }
    Ok(format!("{}\\{rest}", current_control_set(system)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use regf::writer::HiveBuilder;

    fn system(current: u32, last: u32) -> Hive {
        let mut builder = HiveBuilder::with_version(1, 3).unwrap();
        for key in [
            "Select",
            "ControlSet001\\Services",
            "ControlSet003\\Services",
        ] {
            builder.create_key(key).unwrap();
        }
        for (name, number) in [("Current", current), ("LastKnownGood", last)] {
            builder
                .add_value_dword("Select", Some(name), number)
                .unwrap();
        }
        Hive::parse(builder.to_bytes().unwrap()).unwrap()
    }

    #[test]
    fn finds_the_control_sets_that_count_each_once() {
        let names = |current, last| control_sets(&system(current, last)).unwrap();
        assert_eq!(names(3, 1), ["ControlSet003", "ControlSet001"]);
        assert_eq!(names(1, 1), ["ControlSet001"]);
        assert_eq!(names(1, 2), ["ControlSet001"], "2 does not exist");
    }

    #[test]
    fn current_control_set_stands_for_the_selected_one() {
        let expand = |key| expand_system_key(&system(3, 1), key).unwrap();
        assert_eq!(
            expand("currentcontrolset\\Control\\X"),
            "ControlSet003\\Control\\X"
        );
        assert_eq!(expand("ControlSet001\\Control"), "ControlSet001\\Control");
    }
}
