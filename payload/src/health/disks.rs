//! How healthy the disks are, in one word each with its reasons. Pure.
//!
//! No standard says from which count on a disk is failing, so the limits are this program's own: a disk
//! that says so itself is believed, few bad sectors make it worn, and so many that the next ones are
//! sure to come make it failing. A disk that does not tell is never called good.

use rescue_stick::report::FindingReport;
use rescue_stick::report::health::{Condition, DiskHealth};
use rescue_stick::report::line::Line;

use self::nvme::NvmeHealth;
use self::smart::{AttributeTable, Identity, read_status};
use super::told::Gaps;
use crate::machine::hardware::{DiskAnswers, SmartAnswers};

pub mod nvme;
pub mod smart;

/// Id of the finding.
pub const FAILING_DISK: &str = "failing-disk";

/// From which count on something speaks against a disk.
struct Limit {
    /// What is counted.
    words: &'static str,
    /// Where the count stands.
    count: fn(&DiskHealth) -> Option<u64>,
    /// From here on the disk is worn.
    worn: u64,
    /// From here on it is failing.
    failing: u64,
}

/// The limits. Disks keep some thousand spare sectors, so a thousand used ones are a trend and not a
/// flaw; a sector that cannot be read has lost what was on it, and twenty of them are no accident.
const ALL_LIMITS: &[Limit] = &[
    Limit {
        words: "sectors were replaced by spare ones",
        count: |disk| disk.reallocated_sectors,
        worn: 1,
        failing: 1000,
    },
    Limit {
        words: "sectors cannot be read and wait to be replaced",
        count: |disk| disk.pending_sectors,
        worn: 1,
        failing: 20,
    },
    Limit {
        words: "sectors could not be read when the disk tested itself",
        count: |disk| disk.uncorrectable_sectors,
        worn: 1,
        failing: 20,
    },
    Limit {
        words: "reads or writes lost their data",
        count: |disk| disk.media_errors,
        worn: 1,
        failing: 50,
    },
    Limit {
        words: "percent of its life are used",
        count: |disk| disk.percentage_used,
        worn: 90,
        // The maker's estimate, which disks outlive. Source: NVMe 1.4, figure 194, "Percentage Used".
        failing: u64::MAX,
    },
];

/// Returns what a disk's answers come to.
pub fn judge_disk(answers: &DiskAnswers) -> DiskHealth {
    let mut gaps = Gaps::default();
    let mut line = |field: &str, text: &Option<String>| {
        gaps.line(field, Ok(text.clone()), "the disk does not tell")
    };
    let mut health = DiskHealth {
        name: Line::clean(&answers.name),
        model: line("model", &answers.model),
        serial: line("serial", &answers.serial),
        firmware: line("firmware", &answers.firmware),
        size: answers.size,
        interface: answers.interface.name().into(),
        rotational: answers.rotational,
        ..DiskHealth::default()
    };
    let told = match &answers.smart {
        SmartAnswers::NotAsked(reason) => Err(reason.clone()),
        SmartAnswers::Nvme(log) => read_nvme(log, &mut health),
        SmartAnswers::Ata {
            identify,
            attributes,
            status,
        } => read_ata(identify, attributes, status, &mut health, &mut gaps),
    };
    match told {
        Ok(()) => judge_counts(&mut health),
        Err(reason) => gaps.note("condition", &reason),
    }
    health.not_told = gaps.into_reasons();
    health
}

fn judge_counts(health: &mut DiskHealth) {
    let mut condition = health.condition.max(Condition::Good);
    for limit in ALL_LIMITS {
        let Some(count) = (limit.count)(health).filter(|count| *count >= limit.worn) else {
            continue;
        };
        let worse = match count >= limit.failing {
            true => Condition::Failing,
            false => Condition::Worn,
        };
        condition = condition.max(worse);
        let text = format!("{count} {}", limit.words);
        health.reasons.push(Line::clean(&text));
    }
    health.condition = condition;
}

fn read_nvme(log: &Result<Vec<u8>, String>, health: &mut DiskHealth) -> Result<(), String> {
    let log = NvmeHealth::parse(log.as_ref().map_err(Clone::clone)?);
    let log = log.map_err(|error| error.to_string())?;
    health.temperature_celsius = log.temperature_celsius;
    health.power_on_hours = Some(log.power_on_hours);
    health.media_errors = Some(log.media_errors);
    health.percentage_used = Some(u64::from(log.percentage_used));
    health.available_spare = Some(u64::from(log.available_spare));
    health.predicts_failure = Some(log.warnings().any(|warning| warning.is_fatal));
    for warning in log.warnings() {
        let worse = match warning.is_fatal {
            true => Condition::Failing,
            false => Condition::Worn,
        };
        health.condition = health.condition.max(worse);
        health.reasons.push(warning.words.into());
    }
    Ok(())
}

fn read_ata(
    identify: &Result<Vec<u8>, String>,
    attributes: &Result<Vec<u8>, String>,
    status: &Result<Vec<u8>, String>,
    health: &mut DiskHealth,
    gaps: &mut Gaps,
) -> Result<(), String> {
    let identity = Identity::parse(identify.as_ref().map_err(Clone::clone)?);
    let identity = identity.map_err(|error| error.to_string())?;
    if !identity.has_smart {
        return Err("the disk has no SMART".into());
    }
    // To switch it on would change the disk's settings.
    if !identity.is_smart_on {
        return Err("SMART is switched off on this disk".into());
    }
    let status = status
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|sense| read_status(sense).map_err(|error| error.to_string()));
    let table = attributes
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|page| AttributeTable::parse(page).map_err(|error| error.to_string()));
    if let (Err(reason), Err(_)) = (&status, &table) {
        return Err(reason.clone());
    }
    health.predicts_failure = gaps.told("predicts-failure", status.map(Some), "");
    if health.predicts_failure == Some(true) {
        health.condition = Condition::Failing;
        health
            .reasons
            .push("the disk itself says that it is about to fail".into());
    }
    let mut count = |field: &str, read: fn(&AttributeTable) -> Option<u64>| {
        let told = table.as_ref().map(read).map_err(Clone::clone);
        gaps.told(field, told, "the disk keeps no such count")
    };
    health.reallocated_sectors = count("reallocated-sectors", AttributeTable::reallocated);
    health.pending_sectors = count("pending-sectors", AttributeTable::pending);
    health.uncorrectable_sectors = count("uncorrectable-sectors", AttributeTable::uncorrectable);
    health.power_on_hours = count("power-on-hours", AttributeTable::power_on_hours);
    let temperature = table.map(|table| table.temperature_celsius());
    let absent = "the disk has no thermometer";
    health.temperature_celsius = gaps.told("temperature-celsius", temperature, absent);
    Ok(())
}

/// Returns why nothing may be written to a disk, or `None` if nothing speaks against it.
pub fn refuse_writing(disk: &DiskHealth) -> Option<String> {
    (disk.condition == Condition::Failing).then(|| {
        let reasons: Vec<_> = disk.reasons.iter().map(Line::as_str).collect();
        let model = disk.model.as_ref().map_or("", Line::as_str);
        format!(
            "{} ({model}) is failing: {}; image this disk first, then repair the copy",
            disk.name,
            reasons.join(", ")
        )
    })
}

/// Returns the finding that goes with such a reason.
pub fn diagnose_disk(reason: &str) -> FindingReport {
    FindingReport {
        id: FAILING_DISK.to_owned(),
        text: "the disk is failing; nothing may be written to it".to_owned(),
        evidence: vec![reason.to_owned()],
    }
}

#[cfg(test)]
mod tests;
