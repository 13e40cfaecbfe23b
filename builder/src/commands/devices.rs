//! `mendkit devices`: which disks there are, who uses them, and which may become sticks.

use serde::Serialize;

use super::{Outcome, megabytes};
use crate::cli::DevicesArgs;
use crate::stick::device::{Bus, DeviceFacts, Kind, Use, find_obstacles};
use crate::stick::facts::{FactsError, Sources, read_devices};
use crate::stick::linux::is_held;

/// What `--json` prints.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Listing {
    schema: u32,
    devices: Vec<Listed>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Listed {
    path: String,
    model: String,
    serial: Option<String>,
    size: u64,
    sector_size: u64,
    bus: Bus,
    kind: Kind,
    removable: bool,
    read_only: bool,
    uses: Vec<Use>,
    /// Whether somebody holds it; null if this person may not know.
    held: Option<bool>,
    writable: bool,
    reasons: Vec<Reason>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Reason {
    rule: &'static str,
    reason: String,
    yields_to_name: bool,
}

/// Lists the disks.
pub fn run(args: &DevicesArgs) -> anyhow::Result<Outcome> {
    let devices = listed_devices(&Sources::default())?;
    if args.json {
        let listing = Listing {
            schema: 1,
            devices: devices.iter().map(listed).collect(),
        };
        say!("{}", serde_json::to_string_pretty(&listing)?);
        return Ok(Outcome::Done);
    }
    if devices.is_empty() {
        say!(" no disks");
        return Ok(Outcome::Done);
    }
    for line in table(&devices) {
        say!("{line}");
    }
    Ok(Outcome::Done)
}

/// Returns every disk that is shown and taken without being named, and whether somebody holds it.
pub(super) fn listed_devices(sources: &Sources) -> Result<Vec<DeviceFacts>, FactsError> {
    let mut devices = read_devices(sources)?;
    devices.retain(DeviceFacts::is_listed);
    for device in &mut devices {
        // Opening a drive without a medium may take seconds, and tells nothing.
        if device.size.0 > 0 {
            device.is_held = is_held(&device.path);
        }
    }
    Ok(devices)
}

/// Returns the names of all that use a disk.
pub(super) fn users(device: &DeviceFacts) -> String {
    let names: Vec<_> = device.uses.iter().map(ToString::to_string).collect();
    if names.is_empty() {
        return "-".to_owned();
    }
    names.join(", ")
}

fn listed(device: &DeviceFacts) -> Listed {
    let reasons: Vec<_> = find_obstacles(device, None)
        .into_iter()
        .map(|obstacle| Reason {
            rule: obstacle.rule,
            reason: obstacle.reason,
            yields_to_name: obstacle.yields_to_name,
        })
        .collect();
    Listed {
        path: device.path.display().to_string(),
        model: device.model.clone(),
        serial: device.serial.clone(),
        size: device.size.0,
        sector_size: device.sector_size,
        bus: device.bus,
        kind: device.kind,
        removable: device.is_removable,
        read_only: device.is_read_only,
        uses: device.uses.clone(),
        held: device.is_held,
        writable: reasons.is_empty(),
        reasons,
    }
}

fn table(devices: &[DeviceFacts]) -> Vec<String> {
    let head = [
        "device",
        "model",
        "serial",
        "size",
        "bus",
        "removable",
        "in use by",
        "may be written",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(devices.iter().map(|device| {
        let obstacle = find_obstacles(device, None).into_iter().next();
        [
            device.path.display().to_string(),
            device.title().to_owned(),
            device.serial.clone().unwrap_or_else(|| "-".to_owned()),
            megabytes(device.size.0),
            device.bus.to_string(),
            if device.is_removable { "yes" } else { "no" }.to_owned(),
            users(device),
            obstacle.map_or_else(|| "yes".to_owned(), |found| format!("no: {}", found.reason)),
        ]
    }));
    aligned(&rows)
}

/// Returns rows whose columns begin below each other, two blanks apart.
pub(super) fn aligned<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<_> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!(" {}", cells.join("  ")).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
