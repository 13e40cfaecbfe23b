//! Updates of Windows, from the hive SOFTWARE: where XP lists them, and where Windows has since Vista.

use std::collections::BTreeMap;

use rescue_stick::report::health::Hotfix;
use rescue_stick::report::line::{Line, Listing};

use crate::hive::key::{FileTime, Key};
use crate::hive::{Hive, HiveError};
use crate::repair::time::format_rfc_3339;

/// Updates of XP and 2003, a key each. Observed: Windows XP SP3.
const OLD_LIST: &str = "Microsoft\\Windows NT\\CurrentVersion\\HotFix";
/// The same with dates: a key a product, a service pack, an update. Observed: Windows XP SP3.
const OLD_DATES: &str = "Microsoft\\Updates";
/// Packages of the servicing stack since Vista. Source: Microsoft, "Component Based Servicing".
const PACKAGES: &str = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages";

/// States of a package. Source: Microsoft, cbs.log, `CbsInstallState`: 96 is "install pending", 112 is
/// "installed", 128 is "permanent".
const PENDING: u32 = 96;
const INSTALLED: [u32; 2] = [112, 128];

/// Keys of a list that are looked at, at most: a well-kept Windows 7 has some 5,000 packages.
const MOST_KEYS: usize = 20_000;

/// Returns the updates, each once, by name.
pub(super) fn read_hotfixes(software: &Hive) -> Result<Listing<Hotfix>, HiveError> {
    let mut found = BTreeMap::new();
    if let Some(list) = software.key(OLD_LIST)? {
        for key in bounded(&list)? {
            if let Some(name) = find_number(key.name()) {
                add(&mut found, name, false, None);
            }
        }
    }
    if let Some(products) = software.key(OLD_DATES)? {
        for product in bounded(&products)? {
            for pack in bounded(&product)? {
                read_dates(&pack, &mut found)?;
            }
            if found.len() > MOST_KEYS {
                break;
            }
        }
    }
    if let Some(packages) = software.key(PACKAGES)? {
        for package in bounded(&packages)? {
            read_package(&package, &mut found)?;
        }
    }
    let mut listing = Listing::default();
    found.into_values().for_each(|hotfix| listing.push(hotfix));
    Ok(listing)
}

fn bounded<'hive>(key: &Key<'hive>) -> Result<Vec<Key<'hive>>, HiveError> {
    let mut keys = key.subkeys()?;
    keys.truncate(MOST_KEYS);
    Ok(keys)
}

fn read_dates(pack: &Key<'_>, found: &mut BTreeMap<String, Hotfix>) -> Result<(), HiveError> {
    for key in bounded(pack)? {
        if let Some(name) = find_number(key.name()) {
            let date = key.text("InstalledDate")?;
            add(found, name, false, date.as_deref().map(Line::clean));
        }
    }
    Ok(())
}

fn read_package(package: &Key<'_>, found: &mut BTreeMap<String, Hotfix>) -> Result<(), HiveError> {
    let Some(name) = name_package(package.name()) else {
        return Ok(());
    };
    let state = package.number("CurrentState")?.unwrap_or(0);
    let pending = state == PENDING;
    if pending || INSTALLED.contains(&state) {
        let high = package.number("InstallTimeHigh")?;
        let low = package.number("InstallTimeLow")?;
        let time = high.zip(low).map(|(high, low)| {
            let time = FileTime(u64::from(high) << 32 | u64::from(low));
            Line::clean(&format_rfc_3339(time.to_unix_seconds()))
        });
        add(found, name, pending, time);
    }
    Ok(())
}

fn add(found: &mut BTreeMap<String, Hotfix>, name: String, pending: bool, installed: Option<Line>) {
    let hotfix = found.entry(name.to_ascii_uppercase()).or_insert(Hotfix {
        name: Line::clean(&name),
        pending,
        installed: None,
    });
    // One package of several that waits makes the update wait.
    hotfix.pending |= pending;
    hotfix.installed = hotfix.installed.take().or(installed);
}

/// Returns what a package is called: its number, or for a cumulative update its version.
fn name_package(package: &str) -> Option<String> {
    if !package.starts_with("Package_") {
        return None;
    }
    if package.starts_with("Package_for_RollupFix") {
        let version = package.rsplit('~').next()?;
        return Some(format!("rollup {version}"));
    }
    find_number(package)
}

/// Returns the first `KB` with its digits in a name; before 2001 updates had a `Q`.
fn find_number(name: &str) -> Option<String> {
    let upper = name.to_ascii_uppercase();
    let digits = |start: usize| -> Option<&str> {
        let rest = upper.get(start..)?;
        let end = rest.find(|one: char| !one.is_ascii_digit());
        let digits = rest.get(..end.unwrap_or(rest.len()))?;
        (5..=8).contains(&digits.len()).then_some(digits)
    };
    let mut starts = upper.match_indices("KB").map(|(at, _)| at);
    let number = starts.find_map(|at| digits(at.saturating_add(2)));
    let number = number.or_else(|| upper.strip_prefix('Q').and_then(|_| digits(1)));
    number.map(|digits| format!("KB{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use regf::writer::HiveBuilder;
    use rescue_stick::report::line::MOST_ITEMS;

    fn read(build: impl FnOnce(&mut HiveBuilder)) -> Listing<Hotfix> {
        let mut builder = HiveBuilder::new().unwrap();
        build(&mut builder);
        read_hotfixes(&Hive::parse(builder.to_bytes().unwrap()).unwrap()).unwrap()
    }

    fn names(listing: &Listing<Hotfix>) -> Vec<&str> {
        listing.items.iter().map(|one| one.name.as_str()).collect()
    }

    #[test]
    fn lists_updates_of_xp_each_once_with_the_date_that_is_known() {
        let found = read(|hive| {
            for key in ["KB958644", "KB923561", "KB958644-v2", "Q147222", "File 1"] {
                hive.create_key(&format!("{OLD_LIST}\\{key}")).unwrap();
            }
            let dated = format!("{OLD_DATES}\\Windows XP\\SP4\\KB958644");
            hive.create_key(&dated).unwrap();
            let name = Some("InstalledDate");
            hive.add_value_string(&dated, name, "11/3/2008").unwrap();
        });
        assert_eq!(names(&found), ["KB147222", "KB923561", "KB958644"]);
        assert_eq!(
            found.items[2].installed.as_ref().unwrap().as_str(),
            "11/3/2008"
        );
    }

    #[test]
    fn lists_packages_since_vista_by_their_state() {
        let found = read(|hive| {
            for (name, state) in [
                (
                    "Package_for_KB976902~31bf3856ad364e35~amd64~~6.1.1.17514",
                    112,
                ),
                (
                    "Package_1_for_KB976902~31bf3856ad364e35~amd64~~6.1.1.17514",
                    112,
                ),
                ("Package_for_KB2533552~31bf3856ad364e35~amd64~~6.1.1.1", 80),
                ("Package_for_KB4012212~31bf3856ad364e35~amd64~~6.1.1.1", 96),
                (
                    "Package_for_RollupFix~31bf3856ad364e35~amd64~~19041.3803.1.10",
                    112,
                ),
                (
                    "Microsoft-Windows-Foundation-Package~31bf3856ad364e35~amd64~~6.1.7601.17514",
                    112,
                ),
            ] {
                let key = format!("{PACKAGES}\\{name}");
                hive.create_key(&key).unwrap();
                hive.add_value_dword(&key, Some("CurrentState"), state)
                    .unwrap();
                // 2012-04-06T12:00:00Z.
                let high = Some("InstallTimeHigh");
                hive.add_value_dword(&key, high, 0x01CD_13ED).unwrap();
                let low = Some("InstallTimeLow");
                hive.add_value_dword(&key, low, 0x4C7F_4000).unwrap();
            }
        });
        assert_eq!(
            names(&found),
            ["KB4012212", "KB976902", "rollup 19041.3803.1.10"]
        );
        assert!(found.items[0].pending && !found.items[1].pending);
        let time = found.items[1].installed.as_ref().unwrap().as_str();
        assert!(time.starts_with("2012-04-"), "{time}");
    }

    #[test]
    fn a_hive_with_too_many_gives_the_first_and_their_number() {
        let found = read(|hive| {
            for number in 0..MOST_ITEMS + 7 {
                let key = format!("{OLD_LIST}\\KB{}", 900_000 + number);
                hive.create_key(&key).unwrap();
            }
        });
        assert_eq!((found.items.len(), found.left_out), (MOST_ITEMS, 7));
    }

    #[test]
    fn numbers_are_found_where_they_are_and_nowhere_else() {
        for (name, expect) in [
            ("KB958644", Some("KB958644")),
            ("kb958644-IE7", Some("KB958644")),
            ("Q147222", Some("KB147222")),
            ("KB", None),
            ("KB12", None),
            ("KB123456789", None),
            ("QWERTY", None),
            ("", None),
        ] {
            assert_eq!(find_number(name).as_deref(), expect, "{name}");
        }
    }
}
