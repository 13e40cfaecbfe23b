//! Incidents beside the main one, and what other drives are good for.

use anyhow::{Context as _, Result};
use rescue_stick::report::Verdict;
use support::broken_pc::preset;
use support::inspect::Volume;
use support::kit::{Kit, KitSpec};
use support::qemu::{DiskBus, Firmware, UsbBus};

use crate::rescue::{Bench, check_verdict, require_boots};

#[test]
fn the_bad_channel_files_of_two_windows_are_moved_away_and_nothing_else() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec {
        remedies: vec!["mcafee-5958", "crowdstrike-291"],
        ..KitSpec::default()
    })?;
    let bench = Bench::set_up(&kit, &preset("windows-10-crowdstrike-291")?)?;
    let before = bench.first_volume()?;
    let log = bench.run(&bench.machine(Firmware::UefiX64, UsbBus::Xhci, DiskBus::Nvme))?;
    check_verdict(&log, "REPAIRED");
    let (report, text) = bench.report(&kit)?;
    let found: Vec<_> = report
        .installations
        .iter()
        .map(|one| (one.volume.as_str(), one.remedy.as_deref(), one.verdict))
        .collect();
    let remedy = Some("crowdstrike-291");
    assert_eq!(
        found,
        [
            ("disk 1, partition 2", remedy, Verdict::Repaired),
            ("disk 1, partition 3", remedy, Verdict::Repaired),
        ],
        "{text}"
    );
    assert!(
        bench.first_volume()? == before,
        "the EFI partition was written"
    );
    let folder = "Windows/System32/drivers/CrowdStrike";
    let bad = format!("{folder}/C-00000291-00000000-00000032.sys");
    for made in &bench.made.volumes {
        let volume = Volume::of(bench.pc(), made)?;
        volume.is_sound()?;
        assert_eq!(volume.find(&bad)?, None, "{text}");
        let run = volume
            .list("mendkit")?
            .into_iter()
            .find(|one| one.is_folder);
        let run = run.context("nothing is kept")?.name;
        for (path, sha256) in &made.files {
            let place = match *path == bad {
                true => format!("mendkit/{run}/{path}"),
                false if path.starts_with(folder) => path.clone(),
                false => continue,
            };
            assert_eq!(volume.sha256(&place)?.as_ref(), Some(sha256), "{place}");
        }
    }
    Ok(())
}

#[test]
fn a_file_is_found_in_the_installation_source_on_another_drive() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &preset("xp-mcafee-5958-source-on-d")?)?;
    let other = bench.made.volumes.get(1).context("no second volume")?;
    let before = Volume::of(bench.pc(), other)?.used_clusters()?;
    let log = bench.run(&bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide))?;
    check_verdict(&log, "REPAIRED");
    bench.check_repaired()?;
    let (report, text) = bench.report(&kit)?;
    let mut candidates = report.installations[0].candidates.iter();
    let accepted = candidates.find(|candidate| candidate.accepted);
    let place = accepted.map(|candidate| candidate.place.as_str());
    assert_eq!(
        place,
        Some("svchost.exe in D:\\i386\\SVCHOST.EX_"),
        "{text}"
    );
    let after = Volume::of(bench.pc(), other)?.used_clusters()?;
    assert_eq!(after, before, "drive D was written");
    Ok(())
}

#[test]
fn a_windows_on_drive_d_is_repaired_and_the_drive_it_starts_from_is_left_alone() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &preset("xp-mcafee-5958-on-d")?)?;
    let before = bench.first_volume()?;
    let log = bench.run(&bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide))?;
    check_verdict(&log, "REPAIRED");
    bench.check_repaired()?;
    assert!(bench.first_volume()? == before, "drive C was written");
    let (report, text) = bench.report(&kit)?;
    let installation = report.installations.first().context("no installation")?;
    assert_eq!(installation.volume, "disk 1, partition 2", "{text}");
    // The definitions' folder and every path of the registry are on drive D, which is this volume.
    let engine = "\\Program Files\\Common Files\\McAfee\\Engine";
    let plan = installation.plan.as_deref().unwrap_or_default();
    assert!(plan.contains(engine), "{text}");
    let boot = &report.health.volumes[0].boot_files;
    assert_eq!(boot.len(), 3, "{text}");
    assert!(report.health.volumes[1].boot_files.is_empty(), "{text}");
    Ok(())
}
