//! The health check: what a PC is, and how it does. Always made, and nothing is ever written for it.
//!
//! What lies on volumes is read while the survey has them mounted anyway ([`look_at_installation`],
//! [`look_at_volume`]); [`check_health`] asks the machine and puts all together. Whatever goes wrong in
//! here, a fault of this program included, is noted and stops no repair. One thing does: a disk that is
//! failing is not written to ([`disks::refuse_writing`]).
//!
//! Values that are not told are absent and have their reason beside them; none is guessed. Passwords, keys
//! and what people have in their files are not read.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rescue_stick::report::KitFacts;
use rescue_stick::report::health::{
    DiskHealth, FileState, HealthReport, MachineHealth, VolumeHealth, WindowsHealth,
};
use rescue_stick::report::line::Line;

use crate::antivirus::product::InstalledProduct;
use crate::machine::Machine;
use crate::machine::hardware::{DiskAnswers, Hardware};
use crate::repair::detect::{InstallationFacts, Inventory, VolumeInventory};
use crate::stick::Stick;
use crate::windows::catalog::trust::Trust;
use crate::windows::installation::OpenedInstallation;

use self::board::describe_machine;
use self::clock::judge_clock;
use self::disks::{judge_disk, refuse_writing};
use self::products::{describe_kit, find_old_stick};

pub use self::volumes::VolumeLook;

mod board;
mod boot_files;
mod clock;
mod cpu;
pub mod disks;
mod firmware;
mod hotfixes;
pub mod page;
mod products;
mod programs;
mod services;
mod system_files;
mod told;
mod volumes;
mod windows;

/// What is noted where a part of the check ended in a panic.
const FAULT: &str = "the health check ended here in a fault of mend itself";

/// Reads what the registry of a Windows says of its health.
pub fn look_at_installation(
    opened: &OpenedInstallation,
    products: &[InstalledProduct],
) -> WindowsHealth {
    let read = || windows::read_windows(opened, products);
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let mut health = WindowsHealth::default();
        health.not_told.insert("registry".into(), FAULT.into());
        health
    })
}

/// Looks at the volume mounted at `root`, and adds to its installations' health what lies on it.
pub fn look_at_volume(
    machine: &dyn Machine,
    trust: Option<&Trust>,
    root: &Path,
    installations: &mut [InstallationFacts],
) -> VolumeLook {
    let look = || volumes::look_at_volume(machine, trust, root, installations);
    catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| {
        let mut look = VolumeLook::default();
        look.health.not_told.insert("volume".into(), FAULT.into());
        look
    })
}

/// What a health check came to.
#[derive(Clone, Debug, Default)]
pub struct HealthCheck {
    /// What is reported.
    pub report: HealthReport,
    /// What the stick carries, and whether the PC knows better.
    pub kit: KitFacts,
    /// Names of volumes that are not written to, each with the reason.
    refusals: Vec<(String, String)>,
}

impl HealthCheck {
    /// Returns why nothing may be written to a volume, or `None` if its disk does not speak against it.
    pub fn refusal(&self, volume: &str) -> Option<&str> {
        let mut refusals = self.refusals.iter();
        let refusal = refusals.find(|(name, _)| name == volume);
        refusal.map(|(_, reason)| reason.as_str())
    }
}

/// Returns what is told of the machine and of each disk. Pure: hardware may have answered anything.
pub fn describe_hardware(hardware: &Hardware) -> (MachineHealth, Vec<DiskHealth>) {
    let disks = hardware.disks.iter().map(judge_disk);
    (describe_machine(hardware), disks.collect())
}

/// Asks the machine, and returns the health of the PC with what was found on its volumes.
pub fn check_health(machine: &dyn Machine, inventory: &Inventory, stick: &Stick) -> HealthCheck {
    let mut check = HealthCheck::default();
    let health = &mut check.report;
    let mut notes = Vec::new();
    let asked = catch_unwind(AssertUnwindSafe(|| {
        let hardware = machine.hardware();
        (describe_hardware(&hardware), hardware.disks)
    }));
    match asked {
        Ok(((machine, disks), answers)) => {
            check.refusals = refuse_volumes(&disks, &answers);
            (health.machine, health.disks) = (machine, disks);
        }
        Err(_) => notes.push(FAULT.to_owned()),
    }
    notes.extend(check.refusals.iter().map(|(_, reason)| reason.clone()));
    notes.dedup();
    let mut older_than: Vec<String> = Vec::new();
    health.volumes = inventory.volumes.iter().map(describe_volume).collect();
    for volume in &inventory.volumes {
        for facts in &volume.installations {
            let mut windows = facts.health.clone();
            windows.volume = Line::clean(&volume.facts.name);
            health.installations.push(windows);
            let old = facts
                .products
                .iter()
                .filter_map(|one| find_old_stick(one, stick));
            older_than.extend(old);
        }
    }
    older_than.dedup();
    check.kit = describe_kit(stick, &older_than);
    notes.extend(older_than);
    let newest = inventory
        .volumes
        .iter()
        .map(|volume| volume.look.newest.clone());
    health.clock = judge_clock(
        machine.now(),
        machine.uptime_ms(),
        newest.max().flatten(),
        stick.next_report_number(),
    );
    notes.extend(health.clock.doubt.iter().map(ToString::to_string));
    notes.extend(note_boot_files(inventory));
    health.notes = notes.iter().map(|note| Line::clean(note)).collect();
    check
}

/// Returns the volumes of disks that are failing, each with the reason.
fn refuse_volumes(disks: &[DiskHealth], answers: &[DiskAnswers]) -> Vec<(String, String)> {
    let pairs = disks.iter().zip(answers);
    let refused = pairs.filter_map(|(disk, answers)| Some((answers, refuse_writing(disk)?)));
    refused
        .flat_map(|(answers, reason)| {
            let volumes = answers.volumes.iter();
            volumes.map(move |volume| (volume.clone(), reason.clone()))
        })
        .collect()
}

fn describe_volume(volume: &VolumeInventory) -> VolumeHealth {
    let mut health = volume.look.health.clone();
    health.name = Line::clean(&volume.facts.name);
    if volume.is_unseen {
        let reason = volume.problems.first().map_or("", String::as_str);
        health.not_told.insert("volume".into(), Line::clean(reason));
    }
    health
}

/// Says that files which start Windows are not there, if there is a Windows and every volume was seen.
fn note_boot_files(inventory: &Inventory) -> Vec<String> {
    let volumes = &inventory.volumes;
    let mut files = volumes
        .iter()
        .flat_map(|volume| &volume.look.health.boot_files);
    let has_windows = volumes
        .iter()
        .any(|volume| !volume.installations.is_empty());
    let has_unseen = volumes.iter().any(|volume| volume.is_unseen);
    if files.next().is_none() && has_windows && !has_unseen {
        return vec!["no files that start a Windows were found on any volume".to_owned()];
    }
    let mut notes = Vec::new();
    for volume in volumes {
        for file in &volume.look.health.boot_files {
            let word = match file.state {
                FileState::Present => continue,
                FileState::Missing => "is missing",
                FileState::Empty => "is empty",
                FileState::Unreadable => "cannot be read",
            };
            let reason = file.reason.as_ref().map_or("", Line::as_str);
            let (path, name) = (&file.path, &volume.facts.name);
            notes.push(format!("{path} on {name} {word}: {reason}"));
        }
    }
    notes
}
