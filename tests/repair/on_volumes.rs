//! The whole repair on real file systems: overlay, driver, journal and commit, without a boot.

use anyhow::Result;
use support::broken_pc::preset;
use support::inspect::verdict;
use support::kit::KitSpec;
use support::patient::{Patient, StickFolder, is_mountable, require_patients};

#[test]
fn a_volume_in_a_file_is_repaired_as_on_a_pc() -> Result<()> {
    if !require_patients() {
        return Ok(());
    }
    let stick = StickFolder::build(&KitSpec::default())?;
    for name in ["xp-mcafee-5958-missing", "xp-fat32"] {
        let spec = preset(name)?;
        if !is_mountable(spec.file_system)? {
            continue;
        }
        let patient = Patient::make(&spec)?;
        let before = digest(&patient)?;
        let found = patient.mend(&["diagnose"], &stick)?;
        assert_eq!(found.code, 1, "{name}: {}", found.text);
        assert_eq!(digest(&patient)?, before, "{name}: diagnosing wrote");
        let done = patient.mend(&["repair", "--yes"], &stick)?;
        assert_eq!(done.code, 0, "{name}: {}", done.text);
        let found = verdict(patient.volume())?;
        assert!(found.repaired, "{name}: {found:?}\n{}", done.text);
        assert_eq!(
            found.sha256.as_ref(),
            Some(&patient.made.good_svchost_sha256)
        );
        patient.volume().is_sound()?;
        let repaired = digest(&patient)?;
        let again = patient.mend(&["repair", "--yes"], &stick)?;
        assert_eq!(again.code, 0, "{name}: {}", again.text);
        assert_eq!(digest(&patient)?, repaired, "{name}: the second run wrote");
    }
    Ok(())
}

fn digest(patient: &Patient) -> Result<String> {
    let content = fs_err::read(patient.volume().path())?;
    Ok(support::tools::sha256_hex(&content))
}
