//! Gathers facts: which Windows there are, and, for a remedy that may apply, what its steps would
//! meet ([`steps`]). Reads only, judges nothing.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rescue_stick::report::health::WindowsHealth;

use crate::antivirus::product::{ALL_PRODUCTS, InstalledProduct, read_product};
use crate::health::{VolumeLook, look_at_installation, look_at_volume};
use crate::machine::{
    FileSystem, Machine, PartitionPlace, Volume, VolumeFacts, VolumeState, VolumeView,
};
use crate::stick::Stick;
use crate::windows::catalog::trust::Trust;
use crate::windows::installation::{Installation, find_windows_folders, open_installation};
use crate::windows::path::{PathError, WindowsPath};

mod candidate;
pub mod definitions;
mod drives;
pub mod files;
pub mod hives;
mod language;
pub mod logs;
pub mod observe;
mod prover;
pub mod quarantined;
pub mod registry;
pub mod restore;
pub mod sources;
pub mod steps;
pub mod written;

/// Where a remedy is held against one installation.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// Where its volume is mounted.
    pub root: &'a Path,
    /// Its file system.
    pub file_system: FileSystem,
    /// What is known of it.
    pub facts: &'a InstallationFacts,
    /// All volumes of the PC.
    pub volumes: OtherVolumes<'a>,
    /// The stick.
    pub stick: &'a Stick,
    /// Whom catalogs are believed by; `None` if nothing can be proven by them.
    pub trust: Option<&'a Trust>,
    /// The PC's clock, seconds since 1970 in UTC.
    pub now: i64,
}

impl Site<'_> {
    /// Returns the same with the volume mounted at `root`.
    pub fn at<'s>(&'s self, root: &'s Path) -> Site<'s> {
        Site { root, ..*self }
    }
}

/// The volumes of the PC, for what a Windows keeps on its other drives.
#[derive(Clone, Copy)]
pub struct OtherVolumes<'a>(pub &'a [Box<dyn Volume>]);

impl fmt::Debug for OtherVolumes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|volume| &volume.facts().name);
        f.debug_list().entries(names).finish()
    }
}

/// A volume that was shown, or why it cannot be.
type Shown = Result<Box<dyn VolumeView>, String>;

impl OtherVolumes<'_> {
    /// Shows the volume at a place that fits, read-only, with its name; `None` if there is none.
    fn view(&self, fits: impl Fn(&PartitionPlace) -> bool) -> Option<(String, Shown)> {
        let mut volumes = self.0.iter();
        let volume = volumes.find(|volume| volume.place().as_ref().is_some_and(&fits))?;
        let name = volume.facts().name.clone();
        Some((name, volume.view().map_err(|error| error.to_string())))
    }
}

/// A view of a volume that was looked at, as long as nothing was written to it since.
pub(super) type KeptView = Option<Box<dyn VolumeView>>;

/// What is on a PC.
#[derive(Debug)]
pub struct Inventory {
    /// Its volumes, in the machine's order.
    pub volumes: Vec<VolumeInventory>,
}

/// What is on a volume.
#[derive(Debug)]
pub struct VolumeInventory {
    /// What is known without mounting it.
    pub facts: VolumeFacts,
    /// The Windows on it.
    pub installations: Vec<InstallationFacts>,
    /// What could not be looked at, one line each.
    pub problems: Vec<String>,
    /// Whether nothing of it could be looked at.
    pub is_unseen: bool,
    /// What the health check saw on it.
    pub look: VolumeLook,
}

/// A Windows with its security products.
#[derive(Clone, Debug)]
pub struct InstallationFacts {
    /// The Windows.
    pub installation: Installation,
    /// Security products that are known and installed.
    pub products: Vec<InstalledProduct>,
    /// Why products could not be read, one line each.
    pub product_problems: Vec<String>,
    /// What the health check read of it.
    pub health: WindowsHealth,
}

/// Looks at every volume. What goes wrong on one does not keep the others from being looked at. `trust` is
/// whom catalogs are believed by.
pub fn survey_machine(machine: &dyn Machine, trust: Option<&Trust>) -> Inventory {
    survey_and_keep(machine, trust).0
}

/// As [`survey_machine`], and keeps the view of every volume with a Windows on it, by the order of the volumes:
/// mounting it again takes as long as looking at it.
pub(super) fn survey_and_keep(
    machine: &dyn Machine,
    trust: Option<&Trust>,
) -> (Inventory, Vec<KeptView>) {
    let surveys = machine.volumes().iter().map(|volume| {
        // Foreign bytes are parsed here. A panic is our bug, but it must not cost the other volumes.
        let survey = catch_unwind(AssertUnwindSafe(|| {
            survey_volume(machine, trust, volume.as_ref())
        }));
        survey.unwrap_or_else(|_| {
            let inventory = VolumeInventory {
                facts: volume.facts().clone(),
                installations: Vec::new(),
                problems: vec!["looking at it ended in a fault of mend itself".into()],
                is_unseen: true,
                look: VolumeLook::default(),
            };
            (inventory, None)
        })
    });
    let (volumes, views) = surveys.unzip();
    (Inventory { volumes }, views)
}

fn survey_volume(
    machine: &dyn Machine,
    trust: Option<&Trust>,
    volume: &dyn Volume,
) -> (VolumeInventory, KeptView) {
    let mut inventory = VolumeInventory {
        facts: volume.facts().clone(),
        installations: Vec::new(),
        problems: Vec::new(),
        is_unseen: true,
        look: VolumeLook::default(),
    };
    if volume.facts().file_system == FileSystem::BitLocker {
        inventory.problems.push("locked by BitLocker".into());
        return (inventory, None);
    }
    if let VolumeState::Unreadable(reason) = &volume.facts().state {
        inventory.problems.push(reason.clone());
        return (inventory, None);
    }
    let view = match volume.view() {
        Ok(view) => view,
        Err(error) => {
            inventory.problems.push(error.to_string());
            return (inventory, None);
        }
    };
    inventory.is_unseen = false;
    let mut health_ms = 0_u64;
    let (folders, problems) = find_windows_folders(view.root());
    inventory.problems.extend(problems);
    for folder in folders {
        match survey_installation(machine, view.root(), &folder, &mut health_ms) {
            Ok(facts) => inventory.installations.push(facts),
            Err(error) => inventory.problems.push(error.to_string()),
        }
    }
    let installations = &mut inventory.installations;
    let started_ms = machine.uptime_ms();
    inventory.look = look_at_volume(machine, trust, view.root(), installations);
    let took_ms = machine.uptime_ms().saturating_sub(started_ms);
    inventory.look.took_ms = health_ms.saturating_add(took_ms);
    let kept = (!inventory.installations.is_empty()).then_some(view);
    (inventory, kept)
}

fn survey_installation(
    machine: &dyn Machine,
    root: &Path,
    folder: &WindowsPath,
    health_ms: &mut u64,
) -> Result<InstallationFacts, PathError> {
    let opened = open_installation(root, folder)?;
    let (mut products, mut product_problems) = (Vec::new(), Vec::new());
    match &opened.software {
        Ok(software) => {
            for product in ALL_PRODUCTS {
                match read_product(product, software, &opened.installation.folders) {
                    Ok(found) => products.extend(found),
                    Err(error) => {
                        product_problems.push(format!("registry of {}: {error}", product.title));
                    }
                }
            }
        }
        Err(reason) => product_problems.push(reason.clone()),
    }
    let started_ms = machine.uptime_ms();
    let health = look_at_installation(&opened, &products);
    let took_ms = machine.uptime_ms().saturating_sub(started_ms);
    *health_ms = health_ms.saturating_add(took_ms);
    Ok(InstallationFacts {
        health,
        installation: opened.installation,
        products,
        product_problems,
    })
}
