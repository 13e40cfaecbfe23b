//! What a repair writes is as well guarded as what lies beside it, and a replaced file keeps what Windows
//! knows it by.

use anyhow::{Context as _, Result};
use support::access::{ORDINARY_PEOPLE, owner, who_may_change};
use support::broken_pc::preset;
use support::inspect::Security;
use support::kit::KitSpec;
use support::patient::{Patient, StickFolder, require_patients};
use support::tools::require_tools;

const SVCHOST: &str = "WINDOWS/system32/svchost.exe";
const ENGINE: &str = "Program Files/Common Files/McAfee/Engine";
const DAT_FILES: [&str; 3] = ["avvclean.dat", "avvnames.dat", "avvscan.dat"];

/// Makes a PC, repairs it and returns it with what `paths` were before; `None` where it cannot be done.
fn repaired(name: &str, paths: &[String]) -> Result<Option<(Patient, Vec<Security>)>> {
    if !require_patients() || !require_tools(&["ntfssecaudit", "ntfsinfo", "ntfsfix"]) {
        return Ok(None);
    }
    let stick = StickFolder::build(&KitSpec::default())?;
    let patient = Patient::make(&preset(name)?)?;
    let volume = patient.volume();
    let before: Result<Vec<_>> = paths.iter().map(|path| volume.security(path)).collect();
    let before = before?;
    let done = patient.mend(&["repair", "--yes"], &stick)?;
    assert_eq!(done.code, 0, "{name}\n{}", done.text);
    patient.volume().is_sound()?;
    Ok(Some((patient, before)))
}

fn check_guarded(path: &str, security: &Security) -> Result<()> {
    let may = who_may_change(&security.descriptor)?;
    for sid in ORDINARY_PEOPLE {
        assert!(!may.iter().any(|one| one == sid), "{path}: {may:?}");
    }
    // Administrators, or the system itself.
    let owner = owner(&security.descriptor)?;
    assert!(
        ["S-1-5-32-544", "S-1-5-18"].contains(&owner.as_str()),
        "{path}: {owner}"
    );
    Ok(())
}

#[test]
fn a_missing_file_comes_back_guarded_as_its_neighbours_are() -> Result<()> {
    let Some((patient, _)) = repaired("xp-mcafee-5958-missing", &[])? else {
        return Ok(());
    };
    let svchost = patient.volume().security(SVCHOST)?;
    let neighbour = patient.volume().security("WINDOWS/system32/lsass.exe")?;
    assert_eq!(svchost.descriptor, neighbour.descriptor);
    check_guarded(SVCHOST, &svchost)
}

#[test]
fn replaced_files_keep_descriptor_and_owner_and_the_former_ones_theirs() -> Result<()> {
    let mut paths: Vec<String> = DAT_FILES
        .iter()
        .map(|name| format!("{ENGINE}/{name}"))
        .collect();
    paths.push(SVCHOST.to_owned());
    let Some((patient, before)) = repaired("xp-mcafee-5958-empty", &paths)? else {
        return Ok(());
    };
    let runs = patient.volume().list("mendkit")?;
    let run = &runs.first().context("no folder of former files")?.name;
    for folder in ["mendkit".to_owned(), format!("mendkit/{run}")] {
        check_guarded(&folder, &patient.volume().security(&folder)?)?;
    }
    for (path, before) in paths.iter().zip(&before) {
        let after = patient.volume().security(path)?;
        assert_eq!(after.descriptor, before.descriptor, "{path}");
        check_guarded(path, &after)?;
        let kept = format!("mendkit/{run}/{path}");
        let kept_security = patient.volume().security(&kept)?;
        assert_eq!(kept_security.descriptor, before.descriptor, "{kept}");
        assert_eq!(after.attributes, before.attributes, "{path}");
        assert_eq!(after.short_name, before.short_name, "{path}");
        // The time of creation comes first.
        assert_eq!(after.times[..8], before.times[..8], "{path}");
    }
    Ok(())
}
