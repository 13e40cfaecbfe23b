//! Parquet tables, a folder each, as DuckDB, Spark and Trino read them:
//!
//! ```text
//! parquet/machines/machines.parquet   a machine a row
//! parquet/reports/reports.parquet     a report that counts a row; machine_id leads to its machine
//! parquet/disks/disks.parquet         disks that speak against themselves, by machine_id
//! parquet/factors/factors.parquet     every setting and version that was told of anywhere
//! parquet/facts/facts.parquet         which of these a report told of: report_id, factor_id
//! ```
//!
//! An empty text means that nothing was told. Columns are only ever added.

use std::io::Write;
use std::path::Path;

use fs_err as fs;

use crate::collect::campaign::Campaign;
use crate::collect::claims::unix_seconds;
use crate::collect::factors::Factor;
use crate::collect::store::leb128_numbers;

mod table;

pub use table::ExportError;
use table::{Column, GROUP_ROWS, Table, day_number, number, unsigned};

/// Writes all tables into a folder.
pub fn write_tables(
    campaign: &Campaign,
    factors: &[(i64, Factor)],
    folder: &Path,
) -> Result<(), ExportError> {
    write_table(folder, "machines", MACHINES, |table| {
        machines(campaign, table)
    })?;
    write_table(folder, "reports", REPORTS, |table| reports(campaign, table))?;
    write_table(folder, "disks", DISKS, |table| disks(campaign, table))?;
    write_table(folder, "factors", FACTORS, |table| {
        write_factors(factors, table)
    })?;
    write_table(folder, "facts", FACTS, |table| facts(campaign, table))
}

fn write_table(
    folder: &Path,
    name: &'static str,
    fields: &str,
    write: impl FnOnce(&mut Table<fs::File>) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let place = folder.join(name);
    fs::create_dir_all(&place)?;
    let (temporary, path) = (
        folder.join(format!("{name}.new")),
        place.join(format!("{name}.parquet")),
    );
    let mut table = Table::begin(name, fields, fs::File::create(&temporary)?)?;
    write(&mut table)?;
    table.finish()?;
    fs::rename(&temporary, &path)?;
    Ok(())
}

const MACHINES: &str =
    "required int64 machine_id; required binary name (UTF8); required binary serial (UTF8);
    required binary vendor (UTF8); required binary model (UTF8); required binary firmware (UTF8);
    required binary windows (UTF8); required binary security (UTF8); required binary outcome (UTF8);
    required boolean affected; required binary site (UTF8); required binary next (UTF8);
    optional int32 last_day (DATE); required int64 reports;";

fn machines<W: Write + Send>(campaign: &Campaign, table: &mut Table<W>) -> Result<(), ExportError> {
    let all: Vec<_> = campaign.machines.iter().enumerate().collect();
    for group in all.chunks(GROUP_ROWS) {
        let rows = || {
            group.iter().filter_map(|(number, machine)| {
                Some((*number, *machine, campaign.last_report(machine)?))
            })
        };
        let texts: [fn(&crate::collect::facts::Facts) -> &str; 7] = [
            |one| &one.name,
            |one| &one.serial,
            |one| &one.vendor,
            |one| &one.model,
            |one| &one.firmware,
            |one| &one.windows,
            |one| &one.product,
        ];
        let mut columns = vec![Column::Number(rows().map(|(at, ..)| number(at)).collect())];
        for text in texts {
            columns.push(Column::Text(
                rows()
                    .map(|(.., last)| text(&last.stored.facts).into())
                    .collect(),
            ));
        }
        columns.push(Column::Text(
            rows()
                .map(|(_, machine, _)| machine.outcome.word().into())
                .collect(),
        ));
        columns.push(Column::Flag(
            rows().map(|(_, machine, _)| machine.is_affected).collect(),
        ));
        columns.push(Column::Text(
            rows()
                .map(|(.., last)| last.stored.facts.site.as_str().into())
                .collect(),
        ));
        columns.push(Column::Text(
            rows()
                .map(|(.., last)| last.stored.facts.next.as_str().into())
                .collect(),
        ));
        columns.push(Column::Day(
            rows().map(|(.., last)| day_number(&last.day)).collect(),
        ));
        columns.push(Column::Number(
            rows()
                .map(|(_, machine, _)| number(machine.reports.len()))
                .collect(),
        ));
        table.add(columns)?;
    }
    Ok(())
}

const REPORTS: &str = "required int64 report_id; required int64 machine_id; required binary sha256 (UTF8);
    required binary run (UTF8); required binary stick (UTF8); required int64 number; optional int32 day (DATE);
    optional int64 started (TIMESTAMP(MILLIS,true)); required boolean clock_doubtful; required int64 took_ms;
    required binary outcome (UTF8); required boolean affected; required binary remedy (UTF8);
    required binary findings (UTF8); required int64 changed_files; required binary title (UTF8);
    required binary site (UTF8); required binary technician (UTF8); required binary ticket (UTF8);";

fn reports<W: Write + Send>(campaign: &Campaign, table: &mut Table<W>) -> Result<(), ExportError> {
    for rows in campaign.reports.chunks(GROUP_ROWS) {
        let text = |text: &dyn Fn(&crate::collect::campaign::CountedReport) -> String| {
            Column::Text(
                rows.iter()
                    .map(|row| text(row).into_bytes().into())
                    .collect(),
            )
        };
        table.add(vec![
            Column::Number(rows.iter().map(|row| row.stored.id).collect()),
            Column::Number(rows.iter().map(|row| number(row.machine)).collect()),
            text(&|row| row.stored.digest.to_string()),
            text(&|row| row.stored.facts.run.clone()),
            text(&|row| row.stored.link.stick.clone()),
            Column::Number(
                rows.iter()
                    .map(|row| unsigned(row.stored.link.number.unwrap_or_default()))
                    .collect(),
            ),
            Column::Day(rows.iter().map(|row| day_number(&row.day)).collect()),
            Column::Time(
                rows.iter()
                    .map(|row| unix_seconds(&row.stored.facts.started)?.checked_mul(1000))
                    .collect(),
            ),
            Column::Flag(
                rows.iter()
                    .map(|row| row.stored.facts.is_clock_doubtful)
                    .collect(),
            ),
            Column::Number(
                rows.iter()
                    .map(|row| unsigned(row.stored.facts.took_ms))
                    .collect(),
            ),
            text(&|row| row.stored.facts.outcome.word().to_owned()),
            Column::Flag(
                rows.iter()
                    .map(|row| row.stored.facts.is_affected)
                    .collect(),
            ),
            text(&|row| row.stored.facts.remedy.clone()),
            text(&|row| row.stored.facts.findings.join(", ")),
            Column::Number(
                rows.iter()
                    .map(|row| unsigned(row.stored.facts.changed_files))
                    .collect(),
            ),
            text(&|row| row.stored.facts.title.clone()),
            text(&|row| row.stored.facts.site.clone()),
            text(&|row| row.stored.facts.technician.clone()),
            text(&|row| row.stored.facts.ticket.clone()),
        ])?;
    }
    Ok(())
}

const DISKS: &str =
    "required int64 machine_id; required binary model (UTF8); required binary serial (UTF8);
    required binary condition (UTF8); required binary reasons (UTF8);";

fn disks<W: Write + Send>(campaign: &Campaign, table: &mut Table<W>) -> Result<(), ExportError> {
    let rows: Vec<_> = campaign
        .machines
        .iter()
        .enumerate()
        .filter_map(|(number, machine)| Some((number, campaign.last_report(machine)?)))
        .flat_map(|(number, last)| {
            last.stored
                .facts
                .disks
                .iter()
                .map(move |disk| (number, disk))
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    table.add(vec![
        Column::Number(rows.iter().map(|(machine, _)| number(*machine)).collect()),
        Column::Text(
            rows.iter()
                .map(|(_, disk)| disk.model.as_str().into())
                .collect(),
        ),
        Column::Text(
            rows.iter()
                .map(|(_, disk)| disk.serial.as_str().into())
                .collect(),
        ),
        Column::Text(
            rows.iter()
                .map(|(_, disk)| disk.condition.word().to_lowercase().as_str().into())
                .collect(),
        ),
        Column::Text(
            rows.iter()
                .map(|(_, disk)| disk.reasons.join("; ").as_str().into())
                .collect(),
        ),
    ])
}

const FACTORS: &str =
    "required int64 factor_id; required binary kind (UTF8); required binary subject (UTF8);
    required binary value (UTF8);";

fn write_factors<W: Write + Send>(
    factors: &[(i64, Factor)],
    table: &mut Table<W>,
) -> Result<(), ExportError> {
    for rows in factors.chunks(GROUP_ROWS) {
        table.add(vec![
            Column::Number(rows.iter().map(|(number, _)| *number).collect()),
            Column::Text(
                rows.iter()
                    .map(|(_, factor)| factor.kind.word().into())
                    .collect(),
            ),
            Column::Text(
                rows.iter()
                    .map(|(_, factor)| factor.subject.as_str().into())
                    .collect(),
            ),
            Column::Text(
                rows.iter()
                    .map(|(_, factor)| factor.value.as_str().into())
                    .collect(),
            ),
        ])?;
    }
    Ok(())
}

const FACTS: &str = "required int64 report_id; required int64 factor_id;";

fn facts<W: Write + Send>(campaign: &Campaign, table: &mut Table<W>) -> Result<(), ExportError> {
    let (mut reports, mut factors) = (Vec::new(), Vec::new());
    for report in &campaign.reports {
        for number in leb128_numbers(&report.stored.factors) {
            reports.push(report.stored.id);
            factors.push(unsigned(number));
        }
        if reports.len() >= GROUP_ROWS {
            let columns = vec![Column::Number(reports), Column::Number(factors)];
            table.add(columns)?;
            (reports, factors) = (Vec::new(), Vec::new());
        }
    }
    if reports.is_empty() {
        return Ok(());
    }
    table.add(vec![Column::Number(reports), Column::Number(factors)])
}
