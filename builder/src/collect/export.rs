//! What goes out for other programs: CSV for spreadsheets, JSON lines, and Parquet tables.
//!
//! Every file is written under a temporary name and renamed, so a reader sees the old one or the new one.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use fs_err as fs;
use serde::Serialize;

use super::campaign::{Campaign, Machine};
use super::claims::{Claims, clock_text, money::Amount};
use super::coverage::Covered;
use super::outcome::ALL_OUTCOMES;
use super::table::OutTable;

pub mod parquet;

/// Writes a file in one go.
pub fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<fs::File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = std::path::PathBuf::from(temporary);
    let mut sink = BufWriter::with_capacity(1 << 18, fs::File::create(&temporary)?);
    write(&mut sink)?;
    sink.flush()?;
    sink.get_ref().sync_all()?;
    drop(sink);
    fs::rename(&temporary, path)
}

/// A machine as a line of machines.jsonl. Stable: fields are only ever added.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct MachineLine<'a> {
    schema: u32,
    name: &'a str,
    serial: &'a str,
    vendor: &'a str,
    model: &'a str,
    firmware: &'a str,
    windows: &'a str,
    products: &'a str,
    outcome: &'static str,
    affected: bool,
    site: &'a str,
    next: &'a str,
    reports: Vec<ReportLine<'a>>,
}

/// A report of it.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ReportLine<'a> {
    sha256: String,
    stick: &'a str,
    number: Option<u64>,
    day: &'a str,
    started: &'a str,
    took_ms: u64,
    outcome: &'static str,
    remedy: &'a str,
    findings: &'a [String],
    changed_files: u64,
    site: &'a str,
    technician: &'a str,
    ticket: &'a str,
}

/// The schema of machines.jsonl.
const MACHINES_SCHEMA: u32 = 1;

/// Writes machines.jsonl: a machine a line, with all its reports.
pub fn write_json_lines(campaign: &Campaign, sink: &mut impl Write) -> io::Result<()> {
    for machine in &campaign.machines {
        let Some(last) = campaign.last_report(machine).map(|one| &one.stored.facts) else {
            continue;
        };
        let reports = machine
            .reports
            .iter()
            .filter_map(|at| campaign.reports.get(*at));
        let line = MachineLine {
            schema: MACHINES_SCHEMA,
            name: &last.name,
            serial: &last.serial,
            vendor: &last.vendor,
            model: &last.model,
            firmware: &last.firmware,
            windows: &last.windows,
            products: &last.product,
            outcome: machine.outcome.word(),
            affected: machine.is_affected,
            site: &last.site,
            next: if machine.outcome.is_done() {
                ""
            } else {
                &last.next
            },
            reports: reports
                .map(|report| {
                    let facts = &report.stored.facts;
                    ReportLine {
                        sha256: report.stored.digest.to_string(),
                        stick: &report.stored.link.stick,
                        number: report.stored.link.number,
                        day: &report.day,
                        started: &facts.started,
                        took_ms: facts.took_ms,
                        outcome: facts.outcome.word(),
                        remedy: &facts.remedy,
                        findings: &facts.findings,
                        changed_files: facts.changed_files,
                        site: &facts.site,
                        technician: &facts.technician,
                        ticket: &facts.ticket,
                    }
                })
                .collect(),
        };
        serde_json::to_writer(&mut *sink, &line)?;
        sink.write_all(b"\n")?;
    }
    Ok(())
}

const MACHINE_COLUMNS: [&str; 19] = [
    "machine",
    "serial",
    "outcome",
    "affected",
    "site",
    "vendor",
    "model",
    "windows",
    "security",
    "findings",
    "remedy",
    "next",
    "stick",
    "day",
    "technician",
    "ticket",
    "seconds",
    "reports",
    "last report sha256",
];

/// Writes machines.csv.
pub fn write_machines(campaign: &Campaign, sink: &mut impl Write) -> io::Result<()> {
    let mut table = OutTable::begin(sink, &MACHINE_COLUMNS)?;
    for machine in &campaign.machines {
        table.row(&machine_row(campaign, machine))?;
    }
    Ok(())
}

fn machine_row(campaign: &Campaign, machine: &Machine) -> Vec<String> {
    let Some(last) = campaign.last_report(machine) else {
        return Vec::new();
    };
    let facts = &last.stored.facts;
    let findings = machine
        .reports
        .iter()
        .filter_map(|at| campaign.reports.get(*at));
    let mut findings: Vec<&str> = findings
        .flat_map(|one| one.stored.facts.findings.iter().map(String::as_str))
        .collect();
    findings.sort_unstable();
    findings.dedup();
    vec![
        facts.name.clone(),
        facts.serial.clone(),
        machine.outcome.word().to_owned(),
        if machine.is_affected { "yes" } else { "no" }.to_owned(),
        facts.site.clone(),
        facts.vendor.clone(),
        facts.model.clone(),
        facts.windows.clone(),
        facts.product.clone(),
        findings.join(", "),
        facts.remedy.clone(),
        if machine.outcome.is_done() {
            String::new()
        } else {
            facts.next.clone()
        },
        last.stored.link.stick.clone(),
        last.day.clone(),
        facts.technician.clone(),
        facts.ticket.clone(),
        seconds(facts.took_ms),
        machine.reports.len().to_string(),
        last.stored.digest.to_string(),
    ]
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

/// Writes apart.csv: everything that does not count, and why.
pub fn write_apart(campaign: &Campaign, sink: &mut impl Write) -> io::Result<()> {
    let mut table = OutTable::begin(sink, &["kind", "where", "why", "sha256"])?;
    for apart in &campaign.apart {
        let digest = apart
            .digest
            .map(|digest| digest.to_string())
            .unwrap_or_default();
        table.row(&[
            apart.kind.clone(),
            apart.place.clone(),
            apart.reason.clone(),
            digest,
        ])?;
    }
    Ok(())
}

/// Writes coverage.csv: every expected machine and what is known of it.
pub fn write_coverage(
    covered: &Covered,
    campaign: &Campaign,
    sink: &mut impl Write,
) -> io::Result<()> {
    let columns = [
        "name", "serial", "site", "contact", "state", "outcome", "last day",
    ];
    let mut table = OutTable::begin(sink, &columns)?;
    for one in &covered.machines {
        let machine = one.machine.and_then(|number| campaign.machines.get(number));
        let day = machine
            .and_then(|machine| campaign.last_report(machine))
            .map(|report| report.day.clone());
        table.row(&[
            one.expected.name.clone(),
            one.expected.serial.clone(),
            one.expected.site.clone(),
            one.expected.contact.clone(),
            one.coverage.word().to_owned(),
            machine
                .map(|machine| machine.outcome.word().to_owned())
                .unwrap_or_default(),
            day.unwrap_or_default(),
        ])?;
    }
    Ok(())
}

/// Writes claims.csv: a visit a line. Times are in UTC, amounts in the currency of their line.
pub fn write_claims(claims: &Claims, sink: &mut impl Write) -> io::Result<()> {
    let mut columns: Vec<String> = [
        "visit",
        "day",
        "site",
        "technician",
        "tickets",
        "sticks",
        "first boot",
        "last finish",
        "minutes on site",
        "machines",
    ]
    .map(str::to_owned)
    .into();
    columns.extend(ALL_OUTCOMES.map(|outcome| format!("machines {}", outcome.word())));
    columns.extend(ALL_OUTCOMES.map(|outcome| format!("minutes {}", outcome.word())));
    columns.extend(
        [
            "partner", "currency", "travel", "expenses", "labour", "repairs", "total",
        ]
        .map(str::to_owned),
    );
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut table = OutTable::begin(sink, &columns)?;
    for (number, visit) in (1..).zip(&claims.visits) {
        let number: u64 = number;
        let clock = |time: Option<i64>| time.map(clock_text).unwrap_or_default();
        let mut row = vec![
            number.to_string(),
            visit.day.clone(),
            visit.site.clone(),
            visit.technician.clone(),
            visit.tickets.join("; "),
            visit.sticks.join("; "),
            clock(visit.first_boot),
            clock(visit.last_finish),
            visit
                .minutes_on_site()
                .map(|minutes| minutes.to_string())
                .unwrap_or_default(),
            visit.machines.to_string(),
        ];
        row.extend(visit.machines_by_outcome.iter().map(usize::to_string));
        row.extend(visit.work_ms.iter().map(|ms| minutes(*ms)));
        match &visit.costs {
            Some(costs) => {
                row.extend([costs.partner.clone(), costs.currency.clone()]);
                let amounts = [
                    costs.travel,
                    costs.expenses,
                    costs.labour,
                    costs.repairs,
                    costs.total,
                ];
                row.extend(amounts.iter().map(Amount::to_string));
            }
            None => row.extend(std::iter::repeat_n(String::new(), 7)),
        }
        table.row(&row)?;
    }
    Ok(())
}

/// Returns minutes of work with a tenth.
pub fn minutes(milliseconds: u64) -> String {
    let tenths = milliseconds.saturating_add(3000) / 6000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Writes claims-evidence.csv: the signed reports behind every visit.
pub fn write_evidence(
    claims: &Claims,
    campaign: &Campaign,
    sink: &mut impl Write,
) -> io::Result<()> {
    let columns = [
        "visit",
        "stick",
        "number",
        "report sha256",
        "machine",
        "serial",
        "outcome",
        "started",
        "seconds",
    ];
    let mut table = OutTable::begin(sink, &columns)?;
    for (number, visit) in (1..).zip(&claims.visits) {
        let number: u64 = number;
        for report in visit
            .reports
            .iter()
            .filter_map(|at| campaign.reports.get(*at))
        {
            let facts = &report.stored.facts;
            table.row(&[
                number.to_string(),
                report.stored.link.stick.clone(),
                report
                    .stored
                    .link
                    .number
                    .map(|number| number.to_string())
                    .unwrap_or_default(),
                report.stored.digest.to_string(),
                facts.name.clone(),
                facts.serial.clone(),
                facts.outcome.word().to_owned(),
                facts.started.clone(),
                seconds(facts.took_ms),
            ])?;
        }
    }
    Ok(())
}
