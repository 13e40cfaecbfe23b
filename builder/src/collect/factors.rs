//! What set the affected apart: every setting and version of the health checks, counted among the affected
//! and the healthy machines, and ranked by Fisher's exact test.
//!
//! Only what differs by more than chance is said, after correcting for the many comparisons. What could
//! not reach significance even if it separated the two perfectly is not compared at all, since it would
//! only drown the rest; that follows from its margins, not from what was seen, so the correction stays
//! sound (Tarone, "A Modified Bonferroni Method for Discrete Data", Biometrics 1990).
//!
//! A difference is no proof of a cause, and no sentence here says so.

use std::cmp::Ordering;
use std::collections::HashMap;

use rescue_stick::report::Report;
use rescue_stick::report::health::WindowsHealth;

use super::facts::line;
use fisher::{LogFactorials, Table, correct_by_holm};

pub mod fisher;
pub mod sentence;

/// What is at most this probable by chance is said.
const SIGNIFICANT: f64 = 0.05;

/// Facts of one report that are compared at most.
const MOST_FACTS: usize = 1500;

/// Rows that are shown at most.
const MOST_ROWS: usize = 12;

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A setting of a security product; the value is `on` or `off`.
    Setting,
    /// Version of a security product.
    Product,
    /// Version of its engine.
    Engine,
    /// Version of its definitions: what remedies look for, so it explains nothing.
    Definitions,
    /// Windows with its service pack.
    Windows,
    /// Build of Windows.
    Build,
    /// Language of Windows.
    Language,
    /// An update of Windows.
    Hotfix,
    /// An installed program with its version.
    Program,
    /// A service that is not as Windows comes.
    Service,
    /// Maker and model of the PC.
    Model,
    /// Version of its firmware.
    Firmware,
    /// BIOS or UEFI.
    Start,
    /// Whether Secure Boot is on; the value is `on` or `off`.
    SecureBoot,
    /// Domain.
    Domain,
}

/// All kinds, by the numbers that the store has for them.
pub const ALL_KINDS: [Kind; 15] = [
    Kind::Setting,
    Kind::Product,
    Kind::Engine,
    Kind::Definitions,
    Kind::Windows,
    Kind::Build,
    Kind::Language,
    Kind::Hotfix,
    Kind::Program,
    Kind::Service,
    Kind::Model,
    Kind::Firmware,
    Kind::Start,
    Kind::SecureBoot,
    Kind::Domain,
];

impl Kind {
    /// Returns the word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Setting => "setting",
            Self::Product => "product",
            Self::Engine => "engine",
            Self::Definitions => "definitions",
            Self::Windows => "windows",
            Self::Build => "build",
            Self::Language => "language",
            Self::Hotfix => "hotfix",
            Self::Program => "program",
            Self::Service => "service",
            Self::Model => "model",
            Self::Firmware => "firmware",
            Self::Start => "start",
            Self::SecureBoot => "secure-boot",
            Self::Domain => "domain",
        }
    }

    /// Tells whether a machine may have several of these; such a fact holds or not on every machine that
    /// tells any list of them.
    fn is_list(self) -> bool {
        matches!(self, Self::Hotfix | Self::Program | Self::Service)
    }

    /// Tells whether remedies themselves look for this.
    pub fn is_defining(self) -> bool {
        self == Self::Definitions
    }
}

/// A fact that may hold on a machine: `Setting`, "Scan Processes on Enable", "on". With an empty value it
/// says that the machine tells about this subject at all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factor {
    /// What it is about.
    pub kind: Kind,
    /// Of what; empty where the kind says it all.
    pub subject: String,
    /// What is there.
    pub value: String,
}

/// Returns every fact of a report that may set a machine apart.
pub fn factors_of(report: &Report) -> Vec<Factor> {
    let mut factors = Vec::new();
    let mut tell = |kind: Kind, subject: &str, value: &str| {
        if !value.is_empty() && factors.len() < MOST_FACTS {
            let subject = line(subject);
            factors.push(Factor {
                kind,
                subject: if kind.is_list() {
                    String::new()
                } else {
                    subject.clone()
                },
                value: String::new(),
            });
            factors.push(Factor {
                kind,
                subject,
                value: line(value),
            });
        }
    };
    let machine = &report.machine;
    let board = &report.health.machine;
    let model = [&machine.vendor, &machine.model].map(|one| one.as_deref().unwrap_or_default());
    tell(Kind::Model, "", model.join(" ").trim());
    tell(Kind::Start, "", &machine.firmware);
    if let Some(version) = &board.firmware_version {
        tell(Kind::Firmware, "", version.as_str());
    }
    if let Some(is_on) = board.secure_boot {
        tell(Kind::SecureBoot, "", on_or_off(is_on));
    }
    for windows in &report.health.installations {
        tell_windows(windows, &mut tell);
    }
    factors.sort();
    factors.dedup();
    factors
}

fn tell_windows(windows: &WindowsHealth, tell: &mut impl FnMut(Kind, &str, &str)) {
    let name = windows
        .product_name
        .as_ref()
        .map(|one| one.as_str())
        .unwrap_or_default();
    match windows.service_pack {
        Some(pack) if pack > 0 => tell(Kind::Windows, "", &format!("{name} SP{pack}")),
        _ => tell(Kind::Windows, "", name),
    }
    let single = [
        (Kind::Build, &windows.build),
        (Kind::Language, &windows.language),
        (Kind::Domain, &windows.domain),
    ];
    for (kind, value) in single {
        tell(
            kind,
            "",
            value.as_ref().map(|one| one.as_str()).unwrap_or_default(),
        );
    }
    for product in &windows.products {
        // Names of products often end with their version, which would make every version its own product.
        let version = product.version.as_ref().map(|one| one.as_str());
        let name = product.name.as_str();
        let name = version
            .and_then(|version| name.strip_suffix(version))
            .unwrap_or(name)
            .trim();
        let versions = [
            (Kind::Product, &product.version),
            (Kind::Engine, &product.engine),
            (Kind::Definitions, &product.definitions),
        ];
        for (kind, version) in versions {
            tell(
                kind,
                name,
                version.as_ref().map(|one| one.as_str()).unwrap_or_default(),
            );
        }
        for setting in &product.settings {
            if let Some(is_on) = setting.on {
                tell(Kind::Setting, setting.title.as_str(), on_or_off(is_on));
            }
        }
    }
    // The lists last: where a machine has more than can be compared, it is these that are cut.
    for service in &windows.changed_services {
        let text = format!("{} {} {}", service.name, service.what, service.found);
        tell(Kind::Service, "", &text);
    }
    for hotfix in windows.hotfixes.items.iter().filter(|one| !one.pending) {
        tell(Kind::Hotfix, "", hotfix.name.as_str());
    }
    for program in &windows.programs.items {
        let version = program
            .version
            .as_ref()
            .map(|one| one.as_str())
            .unwrap_or_default();
        tell(
            Kind::Program,
            "",
            format!("{} {version}", program.name).trim(),
        );
    }
}

fn on_or_off(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

/// A fact that sets the affected apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The fact.
    pub factor: Factor,
    /// How often it holds where.
    pub table: Table,
    /// Logarithm (natural) of the probability of such a difference by chance, corrected.
    pub log_p: f64,
}

impl Finding {
    /// Tells whether it holds more often among the affected than among the healthy.
    pub fn is_more_often(&self) -> bool {
        let Table {
            affected_with,
            affected,
            healthy_with,
            healthy,
        } = self.table;
        let product = |one: u32, other: u32| u64::from(one).saturating_mul(u64::from(other));
        product(affected_with, healthy) > product(healthy_with, affected)
    }
}

/// What can be said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Affected machines.
    pub affected: u32,
    /// Healthy machines.
    pub healthy: u32,
    /// Facts that were compared.
    pub compared: usize,
    /// What sets them apart, the clearest first; empty if the data cannot tell.
    pub findings: Vec<Finding>,
}

impl Comparison {
    /// Returns what the sentence for managers is about: the clearest difference that is not the remedy's
    /// own criterion.
    pub fn headline(&self) -> Option<&Finding> {
        self.findings
            .iter()
            .find(|one| !one.factor.kind.is_defining())
    }
}

/// Counts of one fact, by what became of the machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Affected machines for which it holds.
    pub affected: u32,
    /// Healthy machines for which it holds.
    pub healthy: u32,
}

/// Compares: `tallies` has the counts of every factor, `groups` the number of all machines.
pub fn compare(tallies: &[(Factor, Tally)], groups: Tally) -> Comparison {
    let mut comparison = Comparison {
        affected: groups.affected,
        healthy: groups.healthy,
        ..Comparison::default()
    };
    let told: HashMap<(Kind, &str), Tally> = tallies
        .iter()
        .filter(|(factor, _)| factor.value.is_empty())
        .map(|(factor, tally)| ((factor.kind, factor.subject.as_str()), *tally))
        .collect();
    let factorials = LogFactorials::up_to(groups.affected.saturating_add(groups.healthy));
    let mut seen = Vec::new();
    for (factor, tally) in tallies.iter().filter(|(factor, _)| is_compared(factor)) {
        let subject = if factor.kind.is_list() {
            ""
        } else {
            &factor.subject
        };
        let all = told
            .get(&(factor.kind, subject))
            .copied()
            .unwrap_or_default();
        let table = Table {
            affected_with: tally.affected,
            affected: all.affected,
            healthy_with: tally.healthy,
            healthy: all.healthy,
        };
        if factorials.least_fisher(&table) <= SIGNIFICANT.ln() {
            seen.push((factor, table, factorials.fisher(&table)));
        }
    }
    comparison.compared = seen.len();
    let raw: Vec<f64> = seen.iter().map(|(.., log_p)| *log_p).collect();
    let corrected = correct_by_holm(&raw);
    let mut findings: Vec<(Finding, f64)> = seen
        .into_iter()
        .zip(corrected)
        .filter(|(_, log_p)| *log_p <= SIGNIFICANT.ln())
        .map(|((factor, table, raw), log_p)| {
            let factor = factor.clone();
            (
                Finding {
                    factor,
                    table,
                    log_p,
                },
                raw,
            )
        })
        .collect();
    // By the uncorrected value, since Holm's makes many equal; then settings before versions.
    findings.sort_by(
        |(one, one_p), (other, other_p)| match one_p.total_cmp(other_p) {
            Ordering::Equal => one.factor.cmp(&other.factor),
            order => order,
        },
    );
    comparison.findings = findings
        .into_iter()
        .map(|(finding, _)| finding)
        .take(MOST_ROWS)
        .collect();
    comparison
}

/// Off is the other half of on, so only one of the two is compared.
fn is_compared(factor: &Factor) -> bool {
    let is_half = matches!(factor.kind, Kind::Setting | Kind::SecureBoot) && factor.value == "off";
    !factor.value.is_empty() && !is_half
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(name: &str, value: &str) -> Factor {
        Factor {
            kind: Kind::Setting,
            subject: name.to_owned(),
            value: value.to_owned(),
        }
    }

    fn tally(affected: u32, healthy: u32) -> Tally {
        Tally { affected, healthy }
    }

    #[test]
    fn the_setting_of_the_transcript_is_found_among_settings_that_say_nothing() {
        let mut tallies = vec![
            (setting("scan processes on enable", ""), tally(188, 17)),
            (setting("scan processes on enable", "on"), tally(186, 1)),
            (setting("scan processes on enable", "off"), tally(2, 16)),
        ];
        for number in 0..200 {
            let name = format!("other {number}");
            tallies.push((setting(&name, ""), tally(188, 17)));
            tallies.push((setting(&name, "on"), tally(94 + number % 5, 8)));
        }
        let comparison = compare(&tallies, tally(188, 17));
        assert_eq!(comparison.compared, 201);
        let [finding] = comparison.findings.as_slice() else {
            panic!("{comparison:?}")
        };
        assert_eq!(finding.factor.subject, "scan processes on enable");
        assert!(finding.is_more_often() && finding.log_p < (1e-15_f64).ln());
    }

    #[test]
    fn few_machines_or_no_difference_say_nothing() {
        let perfect = [
            (setting("s", ""), tally(2, 2)),
            (setting("s", "on"), tally(2, 0)),
        ];
        let few = compare(&perfect, tally(2, 2));
        assert_eq!((few.findings.len(), few.compared), (0, 0));
        let chance = [
            (setting("s", ""), tally(100, 100)),
            (setting("s", "on"), tally(53, 50)),
        ];
        let same = compare(&chance, tally(100, 100));
        assert_eq!((same.findings.len(), same.compared), (0, 1));
        assert!(compare(&[], tally(0, 0)).headline().is_none());
    }

    #[test]
    fn machines_that_do_not_tell_do_not_count_as_off() {
        // Nine affected do not tell; of those who tell, all have it, healthy and affected alike.
        let tallies = [
            (setting("s", ""), tally(1, 10)),
            (setting("s", "on"), tally(1, 10)),
        ];
        assert!(compare(&tallies, tally(10, 10)).findings.is_empty());
    }

    #[test]
    fn the_remedys_own_criterion_makes_no_headline() {
        let version = |value: &str| Factor {
            kind: Kind::Definitions,
            subject: "VirusScan".to_owned(),
            value: value.to_owned(),
        };
        let tallies = [
            (version(""), tally(100, 100)),
            (version("5958"), tally(100, 0)),
            (setting("s", ""), tally(100, 100)),
            (setting("s", "on"), tally(90, 10)),
        ];
        let comparison = compare(&tallies, tally(100, 100));
        assert_eq!(comparison.findings[0].factor.kind, Kind::Definitions);
        assert_eq!(comparison.headline().unwrap().factor.subject, "s");
    }
}
