//! Settings of security products that decide which PCs a bad update hits. Reads only.
//!
//! Two PCs with the same product and the same definitions may fare differently; these settings are why.

use rescue_stick::report::health::SettingHealth;
use rescue_stick::report::line::Line;

use crate::antivirus::product::find_key;
use crate::hive::{Hive, HiveError};

/// A setting as a row of [`ALL_SETTINGS`].
#[derive(Debug)]
pub struct Setting {
    /// Vendor, as in the table of products.
    pub vendor: &'static str,
    /// Stable id.
    pub id: &'static str,
    /// Name as the product shows it.
    pub title: &'static str,
    /// Where it is kept.
    place: Place,
    /// Where this knowledge comes from, and why it matters.
    pub source: &'static str,
}

/// Where a setting is kept, relative to the hive SOFTWARE.
#[derive(Debug)]
enum Place {
    /// In a number below one of these keys whose name has this in it, in any case; 0 is off.
    NumberNamedLike {
        keys: &'static [&'static str],
        part: &'static str,
    },
    /// In the tasks below a key: on if one task has a text `item` in a value whose name begins so.
    ItemOfTasks {
        tasks: &'static str,
        task_name: &'static str,
        value_start: &'static str,
        item: &'static str,
    },
}

/// Tasks that are looked at, at most.
const MOST_TASKS: usize = 200;

/// The settings that `mend` knows.
pub const ALL_SETTINGS: &[Setting] = &[
    Setting {
        vendor: "mcafee",
        id: "scan-processes-on-enable",
        title: "Scan Processes on Enable",
        place: Place::NumberNamedLike {
            keys: &[
                "McAfee\\SystemCore\\VSCore\\On Access Scanner\\McShield\\Configuration",
                "McAfee\\VSCore\\On Access Scanner\\McShield\\Configuration",
                "McAfee\\SystemCore\\VSCore\\On Access Scanner\\McShield\\Configuration\\Default",
                "McAfee\\VSCore\\On Access Scanner\\McShield\\Configuration\\Default",
            ],
            part: "processesonenable",
        },
        source: "The key is that of VirusScan Enterprise 8.7i and 8.8 in public configuration guides; \
                 the value is called scanProcessesOnEnable in the policies of its successor, and no \
                 public source has its full name here, so any prefix is taken. With it on, DAT 5958 \
                 scanned svchost.exe in memory as soon as it was loaded.",
    },
    Setting {
        vendor: "mcafee",
        id: "on-demand-scan-of-processes",
        title: "On-demand scan of running processes",
        place: Place::ItemOfTasks {
            tasks: "McAfee\\DesktopProtection\\Tasks",
            task_name: "szTaskName",
            value_start: "szScanItem",
            item: "SpecialMemory",
        },
        source: "DISA STIG for VirusScan 8.8: a task's szScanItem with SpecialMemory is a scan of \
                 running processes, the other way in which DAT 5958 met svchost.exe.",
    },
];

/// Reads all known settings of `vendor`'s product.
pub fn read_settings(vendor: &str, software: &Hive) -> Vec<SettingHealth> {
    let settings = ALL_SETTINGS
        .iter()
        .filter(|setting| setting.vendor == vendor);
    let read = |setting: &Setting| {
        let read = match &setting.place {
            Place::NumberNamedLike { keys, part } => read_number(software, keys, part),
            Place::ItemOfTasks { .. } => read_tasks(software, &setting.place),
        };
        let (on, evidence) = read.unwrap_or_else(|error| (None, format!("registry: {error}")));
        SettingHealth {
            id: setting.id.into(),
            title: setting.title.into(),
            on,
            evidence: Line::clean(&evidence),
        }
    };
    settings.map(read).collect()
}

type Told = (Option<bool>, String);

fn read_number(software: &Hive, keys: &[&str], part: &str) -> Result<Told, HiveError> {
    let mut seen = None;
    for key in keys {
        let Some((path, key)) = find_key(software, key)? else {
            continue;
        };
        for value in key.values()? {
            if !value.name().to_ascii_lowercase().contains(part) {
                continue;
            }
            if let Some(number) = value.as_u32()? {
                let evidence = format!("{path}: {} is {number}", value.name());
                return Ok((Some(number != 0), evidence));
            }
        }
        seen.get_or_insert(path);
    }
    let reason = match seen {
        Some(path) => format!("{path}: no value for it"),
        None => "the product's settings are not in the registry".to_owned(),
    };
    Ok((None, reason))
}

fn read_tasks(software: &Hive, place: &Place) -> Result<Told, HiveError> {
    let Place::ItemOfTasks {
        tasks,
        task_name,
        value_start,
        item,
    } = place
    else {
        return Ok((None, String::new()));
    };
    let Some((path, key)) = find_key(software, tasks)? else {
        return Ok((None, "the product's tasks are not in the registry".into()));
    };
    let tasks = key.subkeys()?;
    for task in tasks.iter().take(MOST_TASKS) {
        for value in task.values()? {
            let name = value.name();
            let start = name.get(..value_start.len()).unwrap_or_default();
            if !start.eq_ignore_ascii_case(value_start) {
                continue;
            }
            let text = value.as_text()?.unwrap_or_default();
            if text.eq_ignore_ascii_case(item) {
                let title = task.text(task_name)?.unwrap_or_default();
                let evidence = format!("{path}\\{}: {name} is {text}, task {title:?}", task.name());
                return Ok((Some(true), evidence));
            }
        }
    }
    if tasks.len() > MOST_TASKS {
        let reason = format!("{path}: {} tasks, only {MOST_TASKS} looked at", tasks.len());
        return Ok((None, reason));
    }
    let count = tasks.len();
    Ok((
        Some(false),
        format!("{path}: none of {count} tasks has {item}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::antivirus::product::ALL_PRODUCTS;
    use regf::writer::HiveBuilder;

    fn settings(build: impl FnOnce(&mut HiveBuilder)) -> Vec<(Option<bool>, String)> {
        let mut builder = HiveBuilder::new().unwrap();
        build(&mut builder);
        let hive = Hive::parse(builder.to_bytes().unwrap()).unwrap();
        let read = read_settings("mcafee", &hive).into_iter();
        read.map(|one| (one.on, one.evidence.to_string())).collect()
    }

    #[test]
    fn both_ways_into_dat_5958_are_told() {
        let shield = "McAfee\\VSCore\\On Access Scanner\\McShield\\Configuration";
        let task = "McAfee\\DesktopProtection\\Tasks\\{21221C11-A06D-4558-B833-98E8C7F6C4D2}";
        let found = settings(|hive| {
            hive.create_key(shield).unwrap();
            hive.create_key(task).unwrap();
            let name = Some("bScanProcessesOnEnable");
            hive.add_value_dword(shield, name, 1).unwrap();
            for (name, text) in [
                ("szTaskName", "Full Scan"),
                ("szScanItem0", "All fixed disks"),
                ("szScanItem1", "SpecialMemory"),
            ] {
                hive.add_value_string(task, Some(name), text).unwrap();
            }
        });
        assert_eq!(
            (found[0].0, found[1].0),
            (Some(true), Some(true)),
            "{found:?}"
        );
        assert!(
            found[0].1.ends_with("bScanProcessesOnEnable is 1"),
            "{found:?}"
        );
        assert!(found[1].1.contains("\"Full Scan\""), "{found:?}");
    }

    #[test]
    fn off_is_not_the_same_as_not_told() {
        let found = settings(|_| {});
        assert_eq!((found[0].0, found[1].0), (None, None));
        let shield =
            "Wow6432Node\\McAfee\\SystemCore\\VSCore\\On Access Scanner\\McShield\\Configuration";
        let tasks = "Wow6432Node\\McAfee\\DesktopProtection\\Tasks";
        let found = settings(|hive| {
            hive.create_key(shield).unwrap();
            hive.create_key(tasks).unwrap();
            let name = Some("ScanProcessesOnEnable");
            hive.add_value_dword(shield, name, 0).unwrap();
        });
        assert_eq!(
            (found[0].0, found[1].0),
            (Some(false), Some(false)),
            "{found:?}"
        );
        let found = settings(|hive| hive.create_key(shield).map(drop).unwrap());
        assert_eq!(found[0].0, None);
        assert!(found[0].1.ends_with("no value for it"), "{found:?}");
    }

    #[test]
    fn every_setting_is_that_of_a_known_product() {
        for setting in ALL_SETTINGS {
            let mut products = ALL_PRODUCTS.iter();
            assert!(products.any(|product| product.vendor == setting.vendor));
            assert!(!setting.source.is_empty() && !setting.title.is_empty());
        }
    }
}
