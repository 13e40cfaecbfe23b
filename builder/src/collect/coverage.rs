//! Coverage: which of the machines that were expected are done, and which are left, by site.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::campaign::Campaign;
use super::facts::line;
use super::outcome::Outcome;
use super::table::{GivenTable, TableError};

/// A machine that somebody expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its name; empty if the list has none.
    pub name: String,
    /// Its serial number; empty if the list has none.
    pub serial: String,
    /// Where it is.
    pub site: String,
    /// Whom to ask there.
    pub contact: String,
}

/// What is known of an expected machine. In the order of what is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coverage {
    /// No report tells of it.
    Unvisited,
    /// It was visited, and something is left to do.
    Left,
    /// It was repaired.
    Repaired,
    /// It was healthy.
    Healthy,
}

impl Coverage {
    /// Returns the word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unvisited => "not visited",
            Self::Left => "left to do",
            Self::Repaired => "repaired",
            Self::Healthy => "healthy",
        }
    }
}

/// An expected machine and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoveredMachine {
    /// What the list says.
    pub expected: Expected,
    /// What the reports say.
    pub coverage: Coverage,
    /// Number of the machine in the campaign.
    pub machine: Option<usize>,
}

/// The list held against the reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    /// Every expected machine, in the order of what is to be done, then of sites and names.
    pub machines: Vec<CoveredMachine>,
    /// Numbers of machines that have reports and are on nobody's list.
    pub unexpected: Vec<usize>,
    /// Names and serial numbers that are on the list more than once.
    pub twice: Vec<String>,
}

/// Parses the list of expected machines.
pub fn parse_expected(bytes: &[u8]) -> Result<Vec<Expected>, TableError> {
    let table = GivenTable::parse(bytes)?;
    table.check_columns(
        &["name", "serial"],
        "name or serial, and perhaps site and contact",
    )?;
    let expected = table.rows().map(|row| Expected {
        name: line(row.field("name")),
        serial: line(row.field("serial")),
        site: line(row.field("site")),
        contact: line(row.field("contact")),
    });
    Ok(expected
        .filter(|one| !one.name.is_empty() || !one.serial.is_empty())
        .collect())
}

/// Names and serial numbers are compared without case.
fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

impl Covered {
    /// Holds the list against a campaign. A machine is found by its serial number, else by its name.
    pub fn of(expected: Vec<Expected>, campaign: &Campaign) -> Self {
        let mut by_serial: HashMap<String, usize> = HashMap::new();
        let mut by_name: HashMap<String, usize> = HashMap::new();
        for (number, machine) in campaign.machines.iter().enumerate() {
            for at in &machine.reports {
                let Some(report) = campaign.reports.get(*at) else {
                    continue;
                };
                let facts = &report.stored.facts;
                by_serial.insert(folded(&facts.serial), number);
                by_name.insert(folded(&facts.name), number);
            }
        }
        let mut covered = Self {
            twice: twice(&expected),
            ..Self::default()
        };
        let mut matched = HashSet::new();
        for expected in expected {
            let find = |names: &HashMap<String, usize>, name: &str| {
                let name = folded(name);
                names.get(&name).copied().filter(|_| !name.is_empty())
            };
            let machine =
                find(&by_serial, &expected.serial).or_else(|| find(&by_name, &expected.name));
            matched.extend(machine);
            let outcome = machine
                .and_then(|number| campaign.machines.get(number))
                .map(|one| one.outcome);
            let coverage = match outcome {
                None => Coverage::Unvisited,
                Some(Outcome::Repaired) => Coverage::Repaired,
                Some(Outcome::Healthy) => Coverage::Healthy,
                Some(_) => Coverage::Left,
            };
            covered.machines.push(CoveredMachine {
                expected,
                coverage,
                machine,
            });
        }
        covered
            .machines
            .sort_by(|one, other| key(one).cmp(&key(other)));
        let all = 0..campaign.machines.len();
        covered.unexpected = all.filter(|number| !matched.contains(number)).collect();
        covered
    }

    /// Returns how many there are of each.
    pub fn count(&self, coverage: Coverage) -> usize {
        self.machines
            .iter()
            .filter(|one| one.coverage == coverage)
            .count()
    }

    /// Returns what is left to visit, by site.
    pub fn left_by_site(&self) -> BTreeMap<&str, Vec<&CoveredMachine>> {
        let mut sites: BTreeMap<&str, Vec<&CoveredMachine>> = BTreeMap::new();
        let left = self
            .machines
            .iter()
            .filter(|one| one.coverage <= Coverage::Left);
        for machine in left {
            sites
                .entry(&machine.expected.site)
                .or_default()
                .push(machine);
        }
        for machines in sites.values_mut() {
            machines.sort_by_key(|one| (&one.expected.name, &one.expected.serial));
        }
        sites
    }
}

fn key(machine: &CoveredMachine) -> (Coverage, &str, &str, &str) {
    let Expected {
        name, serial, site, ..
    } = &machine.expected;
    (machine.coverage, site, name, serial)
}

fn twice(expected: &[Expected]) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for one in expected {
        // A list by name and serial number may have two of one name, but not of one serial number.
        let key = if one.serial.is_empty() {
            &one.name
        } else {
            &one.serial
        };
        let count = counts.entry(folded(key)).or_default();
        *count = count.saturating_add(1);
    }
    counts
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|(name, _)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_needs_names_or_serials_and_nothing_else() {
        let list = parse_expected(b"Serial;Contact\nS1;Anna\n;nobody\n").unwrap();
        assert_eq!(list.len(), 1);
        assert_eq!(
            (list[0].serial.as_str(), list[0].contact.as_str()),
            ("S1", "Anna")
        );
        assert!(parse_expected(b"site,contact\na,b\n").is_err());
    }

    #[test]
    fn what_is_expected_twice_is_named() {
        let list = parse_expected(b"name,serial\nA,1\na,2\nB,\nb,\nC,7\nD,7\n").unwrap();
        assert_eq!(twice(&list), ["7", "b"]);
    }
}
