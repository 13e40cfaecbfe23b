//! Puts the report together and prints it as a page for people. Pure.

use rescue_stick::report::health::HealthReport;
use rescue_stick::report::{
    InstallationReport, KitFacts, MachineFacts, REPORT_SCHEMA, Report, StickFacts, Timing, Verdict,
    VisitFacts, VolumeReport,
};

use crate::filesystem::LOCKED_BY_BITLOCKER;
use crate::filesystem::foreign::ForeignKind;
use crate::machine::{FileSystem, ReadFaults, VolumeState};
use crate::repair::detect::{InstallationFacts, Inventory, VolumeInventory};
use crate::repair::diagnose::{FAILING_DISK, LOCKED_VOLUME, UNREADABLE_VOLUME};
use crate::repair::time::{format_compact, format_rfc_3339};
use crate::screen::words::Language;

mod page;

/// Everything that a run gathered for its report.
#[derive(Debug)]
pub struct Course {
    /// Name of the run.
    pub run: String,
    /// The PC's clock at the start, seconds since 1970 in UTC.
    pub started: i64,
    /// Milliseconds from start to end.
    pub took_ms: u64,
    /// The stick.
    pub stick: StickFacts,
    /// The PC.
    pub machine: MachineFacts,
    /// What was found on it.
    pub inventory: Inventory,
    /// What became of every Windows.
    pub installations: Vec<InstallationReport>,
    /// What the health check found.
    pub health: HealthReport,
    /// What the stick carries.
    pub kit: KitFacts,
    /// Time of every stage.
    pub timings: Vec<Timing>,
}

/// Returns the name of a run: the PC's clock, and the computer name of the first Windows that has one.
pub fn name_run(now: i64, inventory: &Inventory) -> String {
    let mut installations = inventory.volumes.iter().flat_map(|v| &v.installations);
    let computer = installations.find_map(|facts| facts.installation.computer.as_deref());
    // It names a folder on the stick and one on the PC, so only what every file system takes is left.
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    };
    let computer: String = computer
        .unwrap_or("unknown")
        .chars()
        .map(plain)
        .take(63)
        .collect();
    format!("{}-{computer}", format_compact(now))
}

/// Returns the report of an installation of which nothing but its facts is known yet.
pub fn begin_installation(volume: &str, facts: &InstallationFacts) -> InstallationReport {
    let installation = &facts.installation;
    let mut windows = installation
        .version
        .as_ref()
        .map_or_else(|| "Windows of unknown version".into(), ToString::to_string);
    if let Some(language) = &installation.language {
        windows.push_str(&format!(", {language}"));
    }
    if let Some(machine) = installation.architecture {
        windows.push_str(&format!(", {machine}"));
    }
    InstallationReport {
        volume: volume.to_owned(),
        folder: installation.folders.windows.to_string(),
        windows,
        computer: installation.computer.clone(),
        products: facts
            .products
            .iter()
            .map(|product| product.line())
            .collect(),
        verdict: Verdict::Healthy,
        remedy: None,
        findings: Vec::new(),
        plan: None,
        candidates: Vec::new(),
        changes: Vec::new(),
        advice: Vec::new(),
    }
}

/// Puts the report together. Its verdict is the worst of all installations; a volume that may hold a
/// Windows and could not be looked at makes it [`Verdict::NeedsYou`] at least.
pub fn assemble_report(course: Course) -> Report {
    let (mut notes, mut verdict) = (Vec::new(), Verdict::Healthy);
    for volume in &course.inventory.volumes {
        let (lines, worst) = note_volume(volume);
        notes.extend(lines);
        verdict = verdict.max(worst);
    }
    for installation in &course.installations {
        verdict = verdict.max(installation.verdict);
    }
    let windows = course.inventory.volumes.iter();
    let has_windows = windows
        .flat_map(|volume| &volume.installations)
        .next()
        .is_some();
    if course.installations.is_empty() {
        verdict = verdict.max(Verdict::NeedsYou);
    }
    if course.installations.is_empty() && !has_windows {
        let count = course.inventory.volumes.len();
        let volumes = if count == 1 { "volume" } else { "volumes" };
        notes.push(format!("no Windows was found on {count} {volumes}"));
    }
    let is_folder = course.machine.firmware == "folder";
    let volumes = course
        .inventory
        .volumes
        .into_iter()
        .map(|volume| VolumeReport {
            name: volume.facts.name,
            file_system: match volume.facts.file_system {
                // What a folder lies on is not the PC's, and does not matter.
                FileSystem::Unknown if is_folder => "folder".to_owned(),
                file_system => file_system.name().to_owned(),
            },
            size: volume.facts.size,
            disk_model: volume.facts.disk_model,
            state: volume.facts.state.words(),
        });
    Report {
        schema: REPORT_SCHEMA,
        run: course.run,
        mend_version: env!("CARGO_PKG_VERSION").to_owned(),
        started: format_rfc_3339(course.started),
        took_ms: course.took_ms,
        verdict,
        stick: course.stick,
        chain: None,
        visit: VisitFacts::default(),
        kit: course.kit,
        language: "en".to_owned(),
        text_sha256: None,
        machine: course.machine,
        volumes: volumes.collect(),
        installations: course.installations,
        health: course.health,
        timings: course.timings,
        notes,
    }
}

/// Returns what the report notes of a volume, and how much that weighs.
fn note_volume(volume: &VolumeInventory) -> (Vec<String>, Verdict) {
    let name = &volume.facts.name;
    match volume.facts.file_system {
        FileSystem::BitLocker => (note_lock(volume), Verdict::NeedsYou),
        FileSystem::Foreign(foreign) if foreign.kind == ForeignKind::OtherSystem => {
            (Vec::new(), Verdict::Healthy)
        }
        FileSystem::Foreign(_) | FileSystem::Encrypted => {
            let id = match volume.facts.file_system {
                FileSystem::Foreign(foreign) if foreign.kind != ForeignKind::Encryption => {
                    UNREADABLE_VOLUME
                }
                _ => LOCKED_VOLUME,
            };
            let note = format!("{id}: {name}: {}", volume.facts.state.words());
            (vec![note], Verdict::NeedsYou)
        }
        FileSystem::Unknown if volume.is_unseen => (Vec::new(), Verdict::Healthy),
        file_system => {
            let id = if volume.is_unseen {
                UNREADABLE_VOLUME
            } else {
                "note"
            };
            let lines = volume
                .problems
                .iter()
                .map(|text| format!("{id}: {name}: {text}"));
            // A camera's exFAT card never holds the Windows that starts this PC.
            let may_hold_windows = file_system != FileSystem::ExFat;
            let worst = match volume.is_unseen && may_hold_windows {
                true => Verdict::NeedsYou,
                false => Verdict::Healthy,
            };
            (lines.collect(), worst)
        }
    }
}

/// Returns what the report notes of a volume that BitLocker locks: which key is needed, or what else helps.
fn note_lock(volume: &VolumeInventory) -> Vec<String> {
    let name = &volume.facts.name;
    let words = volume.facts.state.words();
    let Some(rest) = words.strip_prefix(LOCKED_BY_BITLOCKER) else {
        // No key would help, and the words say what does.
        return match &volume.facts.state {
            VolumeState::Unreadable(advice) => vec![format!("{LOCKED_VOLUME}: {name}: {advice}")],
            _ => vec![needs_key(name)],
        };
    };
    let rest = rest
        .strip_prefix(", ")
        .map(|rest| format!("{name}: {rest}"));
    std::iter::once(needs_key(name)).chain(rest).collect()
}

fn needs_key(name: &str) -> String {
    format!(
        "{LOCKED_VOLUME}: {name} is locked by BitLocker; its recovery key is needed to look at it"
    )
}

/// Returns what the report notes of a disk that could not read some of the volume `name`.
pub fn note_faults(name: &str, faults: ReadFaults) -> Option<String> {
    let ReadFaults { count, first } = faults;
    let reads = if count == 1 { "read" } else { "reads" };
    (count > 0).then(|| {
        format!(
            "{FAILING_DISK}: {name}: {count} {reads} failed, the first at byte {first:#x} of the volume: \
             copy what matters off this disk before anything else, and replace it"
        )
    })
}

/// Returns the report as a page of plain text. Sentences that have no translation are in English.
pub fn render_report(report: &Report, language: Language) -> String {
    page::write_page(report, language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::VolumeLook;
    use crate::machine::VolumeFacts;

    fn course(file_system: FileSystem, state: VolumeState) -> Course {
        Course {
            run: "run".into(),
            started: 0,
            took_ms: 0,
            stick: StickFacts::default(),
            machine: MachineFacts::default(),
            inventory: Inventory {
                volumes: vec![VolumeInventory {
                    facts: VolumeFacts {
                        name: "disk 1, partition 1".into(),
                        file_system,
                        size: 0,
                        disk_model: None,
                        disk_serial: None,
                        serial: 0,
                        state,
                    },
                    installations: Vec::new(),
                    problems: vec!["medium error".into()],
                    is_unseen: true,
                    look: VolumeLook::default(),
                }],
            },
            installations: Vec::new(),
            health: HealthReport::default(),
            kit: KitFacts::default(),
            timings: Vec::new(),
        }
    }

    #[test]
    fn a_locked_volume_needs_a_person_and_says_what_for() {
        let report = assemble_report(course(FileSystem::BitLocker, VolumeState::Clean));
        assert_eq!(report.verdict, Verdict::NeedsYou);
        assert!(report.notes[0].starts_with("locked-volume: disk 1, partition 1"));
        assert!(report.notes[0].contains("recovery key"));
        let noted = |words: &str| {
            let state = VolumeState::Unreadable(words.into());
            let report = assemble_report(course(FileSystem::BitLocker, state));
            assert_eq!(report.verdict, Verdict::NeedsYou);
            report.notes
        };
        let notes = noted("locked by BitLocker, key ID 64311DEA");
        assert!(notes[0].contains("recovery key"), "{notes:?}");
        assert_eq!(notes[1], "disk 1, partition 1: key ID 64311DEA");
        let notes = noted("BitLocker was converting it");
        let expect = "locked-volume: disk 1, partition 1: BitLocker was converting it";
        assert_eq!(notes[0], expect);
    }

    #[test]
    fn an_unreadable_volume_is_reported_with_its_reason() {
        let state = VolumeState::Unreadable("medium error".into());
        let report = assemble_report(course(FileSystem::Ntfs, state));
        assert_eq!(report.verdict, Verdict::NeedsYou);
        assert_eq!(
            report.notes[0],
            "unreadable-volume: disk 1, partition 1: medium error"
        );
    }
}
