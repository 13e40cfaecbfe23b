//! Installed programs, as the settings of Windows list them.

use std::collections::BTreeSet;

use rescue_stick::report::health::Program;
use rescue_stick::report::line::{Line, Listing};

use crate::hive::key::Key;
use crate::hive::{Hive, HiveError};

/// Where installers leave a key each; the second for 32-bit programs on 64-bit Windows. Source:
/// Microsoft, "Uninstall registry key".
const ALL_LISTS: &[&str] = &[
    "Microsoft\\Windows\\CurrentVersion\\Uninstall",
    "Wow6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall",
];

/// Keys of a list that are looked at, at most.
const MOST_KEYS: usize = 20_000;

/// Returns the programs by name, each once.
pub(super) fn read_programs(software: &Hive) -> Result<Listing<Program>, HiveError> {
    let mut found = BTreeSet::new();
    for list in ALL_LISTS {
        let Some(list) = software.key(list)? else {
            continue;
        };
        for key in list.subkeys()?.iter().take(MOST_KEYS) {
            // One that cannot be read does not hide the others.
            found.extend(read_program(key).ok().flatten());
        }
    }
    let mut listing = Listing::default();
    found.into_iter().for_each(|program| listing.push(program));
    Ok(listing)
}

fn read_program(key: &Key<'_>) -> Result<Option<Program>, HiveError> {
    let line = |name: &str| -> Result<Option<Line>, HiveError> {
        let text = key.text(name)?.map(|text| Line::clean(&text));
        Ok(text.filter(|line| !line.is_empty()))
    };
    // Parts of a program and updates are not shown by Windows either.
    let is_part =
        key.number("SystemComponent")? == Some(1) || key.value("ParentKeyName")?.is_some();
    let Some(name) = line("DisplayName")?.filter(|_| !is_part) else {
        return Ok(None);
    };
    Ok(Some(Program {
        name,
        version: line("DisplayVersion")?,
        publisher: line("Publisher")?,
        installed: line("InstallDate")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use regf::writer::HiveBuilder;
    use rescue_stick::report::line::MOST_CHARACTERS;

    fn read(programs: &[(&str, &[(&str, &str)])], hidden: &[&str]) -> Listing<Program> {
        let mut builder = HiveBuilder::new().unwrap();
        for (key, values) in programs {
            builder.create_key(key).unwrap();
            for (name, text) in *values {
                builder.add_value_string(key, Some(name), text).unwrap();
            }
        }
        for key in hidden {
            let name = Some("SystemComponent");
            builder.add_value_dword(key, name, 1).unwrap();
        }
        read_programs(&Hive::parse(builder.to_bytes().unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn lists_what_windows_itself_would_show() {
        let [list, wide] = [ALL_LISTS[0], ALL_LISTS[1]];
        let keys = [
            format!("{list}\\VSE"),
            format!("{list}\\Part"),
            format!("{list}\\KB958644"),
            format!("{list}\\Nameless"),
            format!("{wide}\\Reader"),
        ];
        let found = read(
            &[
                (
                    &keys[0],
                    &[
                        ("DisplayName", "McAfee VirusScan Enterprise"),
                        ("DisplayVersion", "8.7.00004"),
                        ("Publisher", "McAfee, Inc."),
                        ("InstallDate", "20090311"),
                    ],
                ),
                (&keys[1], &[("DisplayName", "Hidden")]),
                (
                    &keys[2],
                    &[
                        ("DisplayName", "Update"),
                        ("ParentKeyName", "OperatingSystem"),
                    ],
                ),
                (&keys[3], &[("DisplayVersion", "1")]),
                (&keys[4], &[("DisplayName", "Adobe Reader 9")]),
            ],
            &[&keys[1]],
        );
        let names: Vec<_> = found.items.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["Adobe Reader 9", "McAfee VirusScan Enterprise"]);
        let mcafee = &found.items[1];
        assert_eq!(mcafee.installed.as_ref().unwrap().as_str(), "20090311");
        assert_eq!(mcafee.publisher.as_ref().unwrap().as_str(), "McAfee, Inc.");
    }

    #[test]
    fn hostile_names_are_cut_and_keys_in_them_left_out() {
        let long = "\u{1b}[2J".repeat(4000);
        let keys = ["A", "B"].map(|key| format!("{}\\{key}", ALL_LISTS[0]));
        let found = read(
            &[
                (&keys[0], &[("DisplayName", long.as_str())]),
                (
                    &keys[1],
                    &[("DisplayName", "Office ABCDE-12345-FGHIJ-67890-KLMNO")],
                ),
            ],
            &[],
        );
        let names: Vec<_> = found.items.iter().map(|one| one.name.as_str()).collect();
        assert!(
            names
                .iter()
                .all(|name| name.chars().count() <= MOST_CHARACTERS)
        );
        assert!(names.contains(&"Office (key left out)"), "{names:?}");
        assert!(!names.concat().contains('\u{1b}'));
    }
}
