//! Disks that fail: where they do, another copy is used or nothing is written; a commit that is cut off by
//! a write error is finished by the next run.

use anyhow::{Context as _, Result};
use support::afflict::places_of;
use support::broken_pc::preset;
use support::failing_disk::{FailingDisk, Faults};
use support::inspect::verdict;
use support::kit::KitSpec;
use support::patient::{Outcome, Patient, StickFolder, require_patients};
use support::tools::require_tools;

const DLLCACHE: &str = "WINDOWS/system32/dllcache/svchost.exe";
const SERVICE_PACK: &str = "WINDOWS/ServicePackFiles/i386/svchost.exe";
const DAT: &str = "Program Files/Common Files/McAfee/Engine/avvscan.dat";
const SOFTWARE: &str = "WINDOWS/system32/config/software";

/// Files whose clusters cannot be read, the exit code, and what must be said of it.
const UNREADABLE: &[(&[&str], u8, &[&str])] = &[
    (
        &[DLLCACHE],
        0,
        &["refused: Input/output error", "ServicePackFiles"],
    ),
    (
        &[DLLCACHE, SERVICE_PACK],
        1,
        &["no acceptable copy of svchost.exe was found"],
    ),
    (&[DAT], 1, &["avvscan.dat", "Input/output error"]),
    (&[SOFTWARE], 1, &["software", "Input/output error"]),
    (&["$MFT"], 1, &["unreadable-volume", "Input/output error"]),
];

fn require() -> bool {
    require_patients() && require_tools(&["ntfscluster", "ntfssecaudit", "ntfsinfo", "ntfsfix"])
}

fn mend_with(patient: &Patient, stick: &StickFolder, faults: Faults) -> Result<Outcome> {
    let device = FailingDisk::new(patient.volume().path(), faults);
    patient.mend_through(Box::new(device), stick)
}

#[test]
fn sectors_that_cannot_be_read_cost_a_copy_or_the_repair_but_never_the_volume() -> Result<()> {
    if !require() {
        return Ok(());
    }
    let stick = StickFolder::build(&KitSpec::default())?;
    for (files, code, says) in UNREADABLE {
        let patient = Patient::make(&preset("xp-mcafee-5958-missing")?)?;
        let before = patient.digest()?;
        let mut unreadable = Vec::new();
        for file in *files {
            unreadable.extend(places_of(patient.volume().path(), file)?);
        }
        let faults = Faults {
            unreadable,
            ..Faults::default()
        };
        let done = mend_with(&patient, &stick, faults)?;
        assert_eq!(done.code, *code, "{files:?}\n{}", done.text);
        for phrase in *says {
            assert!(
                done.text.contains(phrase),
                "{files:?}: {phrase:?}\n{}",
                done.text
            );
        }
        let is_noted = done.text.contains("failing-disk: disk 1, partition 1: ");
        assert!(is_noted, "{files:?}\n{}", done.text);
        assert!(!done.text.contains("/tmp/"), "{files:?}\n{}", done.text);
        if *code == 0 {
            assert!(verdict(patient.volume())?.repaired, "{}", done.text);
            patient.volume().is_sound()?;
        } else {
            assert_eq!(patient.digest()?, before, "{files:?}\n{}", done.text);
        }
    }
    Ok(())
}

#[test]
fn a_write_error_amid_a_commit_is_finished_by_the_next_run() -> Result<()> {
    if !require() {
        return Ok(());
    }
    let stick = StickFolder::build(&KitSpec::default())?;
    let patient = Patient::make(&preset("xp-mcafee-5958-missing")?)?;
    let before = patient.digest()?;
    // What is in use is written from the start of the volume up, so its last part fails after others
    // were written.
    let places = places_of(patient.volume().path(), "$MFT")?;
    let last = places.last().context("no place of $MFT")?;
    let faults = Faults {
        unwritable: vec![last.clone()],
        ..Faults::default()
    };
    let done = mend_with(&patient, &stick, faults)?;
    assert_eq!(done.code, 2, "{}", done.text);
    for phrase in [
        "the commit is not finished",
        "start this PC from the stick again",
    ] {
        assert!(done.text.contains(phrase), "{}", done.text);
    }
    assert_ne!(
        patient.digest()?,
        before,
        "nothing was written before the error"
    );
    let done = patient.mend(&["repair", "--yes"], &stick)?;
    assert_eq!(done.code, 0, "{}", done.text);
    let found = verdict(patient.volume())?;
    assert!(found.repaired, "{found:?}\n{}", done.text);
    patient.volume().is_sound()
}

#[test]
fn a_write_protected_disk_is_refused_before_anything_is_done() -> Result<()> {
    if !require() {
        return Ok(());
    }
    let stick = StickFolder::build(&KitSpec::default())?;
    let patient = Patient::make(&preset("xp-mcafee-5958-missing")?)?;
    let journal = fs_err::read(patient.journal_file())?;
    let before = patient.digest()?;
    let faults = Faults {
        is_write_protected: true,
        ..Faults::default()
    };
    let done = mend_with(&patient, &stick, faults)?;
    assert_eq!(done.code, 1, "{}", done.text);
    for phrase in [
        "the disk is write-protected",
        "switch or jumper",
        "nothing was written",
    ] {
        assert!(done.text.contains(phrase), "{}", done.text);
    }
    assert_eq!(patient.digest()?, before);
    assert!(
        fs_err::read(patient.journal_file())? == journal,
        "the journal was written"
    );
    Ok(())
}
