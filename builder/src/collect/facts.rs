//! What the page, the tables and the statistics need of a report, drawn from it once when it is collected.
//!
//! A report that is authentic may still hold anything a broken PC told it, so every text is cut to a
//! length and made printable here.

use rescue_stick::report::health::{Condition, DiskHealth};
use rescue_stick::report::line::Line;
use rescue_stick::report::{Report, Verdict};
use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use super::sources::printable;

/// The facts of one report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Run, as in the report.
    pub run: String,
    /// The PC's clock at the start, RFC 3339 in UTC.
    pub started: String,
    /// Whether the report itself doubts that clock.
    pub is_clock_doubtful: bool,
    /// Milliseconds from the start to the report.
    pub took_ms: u64,
    /// Of these, milliseconds in which a person was waited for.
    #[serde(default)]
    pub waited_ms: u64,
    /// What became of the PC.
    pub outcome: Outcome,
    /// Whether the incident was found on the PC, repaired or not.
    pub is_affected: bool,
    /// What tells this PC from others.
    pub machine: String,
    /// What people call it.
    pub name: String,
    /// Serial number; empty if the firmware tells none.
    pub serial: String,
    /// Maker.
    pub vendor: String,
    /// Model.
    pub model: String,
    /// Way of starting.
    pub firmware: String,
    /// The first Windows.
    pub windows: String,
    /// The security products of all of them.
    pub product: String,
    /// Remedies that apply, in one text.
    pub remedy: String,
    /// Title of the stick's image.
    pub title: String,
    /// Where it was; empty if the report does not say.
    pub site: String,
    /// Who did it; empty if the report does not say.
    pub technician: String,
    /// What for; empty if the report does not say.
    pub ticket: String,
    /// Ids of findings.
    pub findings: Vec<String>,
    /// Files that were changed.
    pub changed_files: u64,
    /// What a person should do next; empty if nothing.
    pub next: String,
    /// Disks that speak against themselves.
    pub disks: Vec<DiskFacts>,
}

/// A disk that is failing or worn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskFacts {
    /// Model.
    pub model: String,
    /// Serial number.
    pub serial: String,
    /// How bad it is.
    pub condition: Condition,
    /// What speaks against it.
    pub reasons: Vec<String>,
}

/// Serial numbers that makers leave in place of one. Compared in lower case. Observed: DMI tables of boards
/// sold without a PC.
const NO_SERIALS: [&str; 10] = [
    "to be filled by o.e.m.",
    "system serial number",
    "default string",
    "not specified",
    "not applicable",
    "none",
    "n/a",
    "unknown",
    "invalid",
    "chassis serial number",
];

impl Facts {
    /// Draws the facts from a report.
    pub fn of(report: &Report) -> Self {
        let text = |text: &Option<String>| text.as_deref().map(line).unwrap_or_default();
        let visit = |text: &Option<Line>| {
            text.as_ref()
                .map(|one| line(one.as_str()))
                .unwrap_or_default()
        };
        let machine = &report.machine;
        let serial = serial_of(report);
        let computer = computer_of(report);
        let vendor = text(&machine.vendor);
        let model = text(&machine.model);
        let name = [&computer, &serial].into_iter().find(|one| !one.is_empty());
        let mut remedies: Vec<_> = report
            .installations
            .iter()
            .filter_map(|one| one.remedy.as_deref())
            .map(line)
            .collect();
        remedies.sort();
        remedies.dedup();
        let products = report.installations.iter().flat_map(|one| &one.products);
        let findings = report.installations.iter().flat_map(|one| &one.findings);
        let advice = report.installations.iter().flat_map(|one| &one.advice);
        let outcome = Outcome::of(report);
        let next = advice
            .chain(&report.notes)
            .next()
            .filter(|_| !outcome.is_done());
        Self {
            run: line(&report.run),
            started: line(&report.started),
            is_clock_doubtful: report.health.clock.doubt.is_some(),
            took_ms: report.took_ms,
            waited_ms: report.took_ms.saturating_sub(report.work_ms()),
            outcome,
            is_affected: report
                .installations
                .iter()
                .any(|one| one.remedy.is_some() && one.verdict != Verdict::Healthy),
            machine: key(&[&vendor, &model], &serial, &computer, &report.run),
            name: name.cloned().unwrap_or_else(|| line(&report.run)),
            serial,
            vendor,
            model,
            firmware: line(&machine.firmware),
            windows: report
                .installations
                .first()
                .map(|one| line(&one.windows))
                .unwrap_or_default(),
            product: products.map(|one| line(one)).collect::<Vec<_>>().join("; "),
            remedy: remedies.join(", "),
            title: line(&report.stick.title),
            site: visit(&report.visit.site),
            technician: visit(&report.visit.technician),
            ticket: visit(&report.visit.ticket),
            findings: unique(findings.map(|finding| line(&finding.id))),
            changed_files: count(
                report
                    .installations
                    .iter()
                    .map(|one| one.changes.len())
                    .sum(),
            ),
            next: next.map(|text| line(text)).unwrap_or_default(),
            disks: report.health.disks.iter().filter_map(disk).collect(),
        }
    }
}

fn serial_of(report: &Report) -> String {
    let board = report
        .health
        .machine
        .board_serial
        .as_ref()
        .map(|one| one.as_str());
    let told = [report.machine.serial.as_deref(), board]
        .into_iter()
        .flatten();
    let mut told = told.map(line).filter(|one| is_serial(one));
    told.next().unwrap_or_default()
}

/// A placeholder would make one machine of all that have it.
fn is_serial(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut letters = text.chars().filter(|one| one.is_alphanumeric());
    let first = letters.next();
    let is_varied = letters.any(|one| Some(one) != first);
    is_varied
        && !NO_SERIALS.contains(&lower.as_str())
        && lower != "123456789"
        && lower != "0123456789"
}

fn computer_of(report: &Report) -> String {
    let named = report
        .installations
        .iter()
        .filter_map(|one| one.computer.as_deref());
    let checked = report
        .health
        .installations
        .iter()
        .filter_map(|one| one.computer.as_ref());
    let mut names = named.chain(checked.map(|one| one.as_str())).map(line);
    names.find(|name| !name.is_empty()).unwrap_or_default()
}

/// The serial number where there is one, with the maker; else the name; else every run is its own machine.
fn key(kind: &[&str], serial: &str, computer: &str, run: &str) -> String {
    let key = if serial.is_empty() {
        let name = if computer.is_empty() { run } else { computer };
        format!("name {name} {}", kind.join(" "))
    } else {
        format!("serial {serial} {}", kind.join(" "))
    };
    key.to_lowercase()
}

fn disk(disk: &DiskHealth) -> Option<DiskFacts> {
    let is_bad = matches!(disk.condition, Condition::Failing | Condition::Worn);
    is_bad.then(|| DiskFacts {
        model: disk
            .model
            .as_ref()
            .map(|one| one.to_string())
            .unwrap_or_default(),
        serial: disk
            .serial
            .as_ref()
            .map(|one| one.to_string())
            .unwrap_or_default(),
        condition: disk.condition,
        reasons: disk
            .reasons
            .iter()
            .take(8)
            .map(|one| one.to_string())
            .collect(),
    })
}

fn unique(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<_> = items.take(200).collect();
    all.sort();
    all.dedup();
    all
}

/// Returns one line of at most 200 characters.
pub(crate) fn line(text: &str) -> String {
    const MOST: usize = 200;
    let short: String = text.trim().chars().take(MOST).collect();
    printable(&short)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture() -> Report {
        Report::parse(include_str!(
            "../../../payload/rescue-stick/fixtures/report-1.json"
        ))
        .unwrap()
    }

    #[test]
    fn a_machine_is_its_serial_number_then_its_name_then_its_run() {
        let mut report = fixture();
        report.health.machine.board_serial = None;
        let first = Facts::of(&report);
        assert_eq!(
            (first.name.as_str(), first.serial.as_str()),
            ("OPTIPLEX-114", "1XYZ24J")
        );
        report.installations[0].computer = Some("RENAMED".to_owned());
        assert_eq!(Facts::of(&report).machine, first.machine);
        for placeholder in [
            "To Be Filled By O.E.M.",
            "0",
            "000000",
            "  ",
            "Default string",
            "123456789",
        ] {
            report.machine.serial = Some(placeholder.to_owned());
            let facts = Facts::of(&report);
            assert_eq!(facts.serial, "", "{placeholder}");
            assert!(
                facts.machine.starts_with("name renamed"),
                "{}",
                facts.machine
            );
        }
        report.installations.clear();
        report.health.installations.clear();
        let nameless = Facts::of(&report);
        assert!(nameless.machine.contains(&report.run.to_lowercase()));
        assert_eq!(nameless.name, report.run);
    }

    #[test]
    fn texts_are_one_short_line() {
        let mut report = fixture();
        report.machine.model = Some(format!("<script>\n{}", "x".repeat(5000)));
        let model = Facts::of(&report).model;
        assert_eq!(model.chars().count(), 200);
        assert!(!model.contains('\n'));
    }
}
