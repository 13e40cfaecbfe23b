//! What a volume has: free space, files that start Windows, and the newest time on it. Reads only.

use std::path::Path;

use rescue_stick::report::health::VolumeHealth;
use rescue_stick::report::line::Line;
use rustix::fs::statvfs;

use super::boot_files::find_boot_files;
use super::clock::{Newest, find_newest};
use super::system_files::check_system_files;
use super::told::Gaps;
use crate::machine::Machine;
use crate::repair::detect::InstallationFacts;
use crate::windows::catalog::trust::Trust;

/// Milliseconds for the catalogs of one Windows. What is not proven by then cannot be told; a technician
/// does not wait for it.
const PROOF_BUDGET_MS: u64 = 300;

/// What was found on a volume while it was mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeLook {
    /// Milliseconds that the health check took of the survey's time.
    pub took_ms: u64,
    pub(super) health: VolumeHealth,
    pub(super) newest: Newest,
}

/// Looks at the volume mounted at `root`, and adds to its installations' health what lies on it.
pub(super) fn look_at_volume(
    machine: &dyn Machine,
    trust: Option<&Trust>,
    root: &Path,
    installations: &mut [InstallationFacts],
) -> VolumeLook {
    let mut gaps = Gaps::default();
    let free = statvfs(root)
        .map(|facts| Some(facts.f_bavail.saturating_mul(facts.f_frsize)))
        .map_err(|error| error.to_string());
    let mut look = VolumeLook {
        health: VolumeHealth {
            free_bytes: gaps.told("free-bytes", free, ""),
            boot_files: find_boot_files(root),
            ..VolumeHealth::default()
        },
        newest: None,
        took_ms: 0,
    };
    for facts in installations {
        let (folders, health) = (&facts.installation.folders, &mut facts.health);
        let version = facts.installation.version.as_ref();
        let family = version.and_then(|version| version.family);
        let started_ms = machine.uptime_ms();
        let mut go_on = || machine.uptime_ms().saturating_sub(started_ms) < PROOF_BUDGET_MS;
        match check_system_files(root, folders, family, trust, &mut go_on) {
            Some(files) => health.system_files = files,
            None => {
                let reason = "what this Windows needs is not known here";
                health
                    .not_told
                    .insert("system-files".into(), Line::clean(reason));
            }
        }
        look.newest = look.newest.max(find_newest(root, folders));
    }
    look.health.not_told = gaps.into_reasons();
    look
}
