//! Other PCs, other answers, and the way back.

use anyhow::{Context as _, Result};
use rescue_stick::report::Verdict;
use support::broken_pc::{NtfsMount, PcSpec, WindowsSpec, copy_sparse, preset};
use support::inspect::Volume;
use support::judges::mdir;
use support::kit::{Kit, KitSpec};
use support::qemu::{DiskBus, Firmware, Machine, UsbBus};
use support::tools::{require_tools, run};

use crate::rescue::{Bench, LIMIT, check_verdict, require_boots};

/// Boots a 32-bit PC once with an unattended stick.
fn boot_once(kit: &Kit, bench: &Bench) -> Result<String> {
    let log = bench.run(&bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide))?;
    assert!(log.contains("mend: stick proven"), "{log}");
    assert!(kit.image().exists());
    Ok(log)
}

#[test]
fn a_disk_that_comes_up_late_is_looked_at_all_the_same() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &preset("xp-mcafee-5958-missing")?)?;
    let mut spec = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    spec.disks.clear();
    let mut machine = Machine::start(&spec)?;
    machine.wait_for(&["mend: stick found"], LIMIT)?;
    // So the PC is looked at long before the stick is proven.
    machine.slow_reading_down(2_000_000)?;
    machine.wait_for(&["Looking at this PC"], LIMIT)?;
    machine.plug_in(bench.pc())?;
    machine.wait_for(&["mend: VERDICT"], LIMIT)?;
    machine.expect_exit(LIMIT)?;
    let log = machine.serial_log();
    let (early, late) = log
        .split_once("A disk came up late, so this PC is looked at again.")
        .context("it was not looked at again")?;
    assert!(!early.contains("mend: VERDICT"), "{log}");
    check_verdict(late, "REPAIRED");
    bench.check_repaired()
}

#[test]
fn windows_on_fat32_is_repaired_too() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &preset("xp-fat32")?)?;
    check_verdict(&boot_once(&kit, &bench)?, "REPAIRED");
    bench.check_repaired()
}

#[test]
fn the_last_copy_in_a_quarantine_or_a_compressed_file_is_put_back() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    for (name, place) in [
        ("xp-mcafee-5958-only-quarantine", "\\Quarantine\\"),
        ("xp-mcafee-5958-only-installation-source", "SVCHOST.EX_"),
    ] {
        let bench = Bench::set_up(&kit, &preset(name)?)?;
        check_verdict(&boot_once(&kit, &bench)?, "REPAIRED");
        bench.check_repaired()?;
        let (report, text) = bench.report(&kit)?;
        let mut accepted = report.installations[0].candidates.iter();
        let accepted = accepted.find(|candidate| candidate.accepted);
        assert!(
            accepted.is_some_and(|one| one.place.contains(place)),
            "{text}"
        );
    }
    Ok(())
}

#[test]
fn two_windows_on_one_disk_get_a_verdict_each() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &preset("two-windows-on-one-disk")?)?;
    check_verdict(&boot_once(&kit, &bench)?, "REPAIRED");
    let (report, text) = bench.report(&kit)?;
    let verdicts: Vec<_> = report.installations.iter().map(|one| one.verdict).collect();
    assert_eq!(verdicts, [Verdict::Repaired, Verdict::Healthy], "{text}");
    Ok(())
}

#[test]
fn a_hibernated_windows_is_left_alone() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &preset("xp-hibernated")?)?;
    let before = bench.pc_digest()?;
    check_verdict(&boot_once(&kit, &bench)?, "REFUSED");
    assert_eq!(bench.pc_digest()?, before);
    let (report, text) = bench.report(&kit)?;
    assert!(
        report.installations[0]
            .advice
            .join(" ")
            .contains("hibernated"),
        "{text}"
    );
    Ok(())
}

#[test]
fn a_healthy_windows_7_behind_a_gpt_is_called_healthy() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &preset("windows-7-gpt")?)?;
    let before = bench.pc_digest()?;
    let log = bench.run(&bench.machine(Firmware::UefiX64, UsbBus::Xhci, DiskBus::Nvme))?;
    check_verdict(&log, "HEALTHY");
    assert_eq!(bench.pc_digest()?, before);
    let (report, text) = bench.report(&kit)?;
    assert!(
        report.installations[0].windows.contains("Windows 7"),
        "{text}"
    );
    Ok(())
}

#[test]
fn a_japanese_windows_is_repaired_and_named_right() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &preset("xp-japanese")?)?;
    check_verdict(&boot_once(&kit, &bench)?, "REPAIRED");
    bench.check_repaired()?;
    let (report, text) = bench.report(&kit)?;
    assert!(
        report.installations[0].windows.contains("Japanese"),
        "{text}"
    );
    Ok(())
}

#[test]
fn nothing_is_written_without_a_yes() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec {
        mode: "confirm",
        ..KitSpec::default()
    })?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let before = bench.pc_digest()?;
    let spec = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    let answer = |keys: &str| -> Result<String> {
        let mut machine = Machine::start(&spec)?;
        machine.wait_for(&["mend: QUESTION repair"], LIMIT)?;
        machine.send_keys(keys)?;
        machine.expect_exit(LIMIT)?;
        Ok(machine.serial_log())
    };
    check_verdict(&answer("n")?, "AFFECTED");
    assert_eq!(bench.pc_digest()?, before);
    let log = answer("\r")?;
    check_verdict(&log, "REPAIRED");
    assert!(log.contains("nothing else will be written"), "{log}");
    bench.check_repaired()
}

#[test]
fn the_menu_offers_undo_which_brings_back_every_used_cluster() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec {
        menu_seconds: 120,
        ..KitSpec::default()
    })?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let before = bench.pc_digest()?;
    let content = bench.used_clusters()?;
    let spec = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    bench.choose(&spec, 1, "AFFECTED")?;
    assert_eq!(bench.pc_digest()?, before, "diagnosing wrote to the disk");
    bench.choose(&spec, 0, "REPAIRED")?;
    assert_ne!(bench.pc_digest()?, before);
    bench.choose(&spec, 2, "UNDONE")?;
    assert_eq!(bench.used_clusters()?, content, "undo left a difference");
    bench.choose(&spec, 2, "REFUSED")?;
    Ok(())
}

#[test]
fn after_windows_has_run_the_menus_undo_goes_file_by_file() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec {
        menu_seconds: 120,
        ..KitSpec::default()
    })?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let made = bench.made.volumes.first().context("no volume")?;
    let dat = "Program Files/Common Files/McAfee/Engine/avvscan.dat";
    let former = Volume::of(bench.pc(), made)?;
    let former = (former.sha256(dat)?, former.security(dat)?.short_name);
    let spec = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    bench.choose(&spec, 0, "REPAIRED")?;
    // Windows starts and writes what it writes.
    let volume = Volume::of(bench.pc(), made)?;
    let mount = NtfsMount::writable(volume.path())?;
    fs_err::write(mount.path().join("WINDOWS/bootstat.dat"), "Windows ran")?;
    mount.unmount()?;
    let mut disk = fs_err::OpenOptions::new().write(true).open(bench.pc())?;
    copy_sparse(volume.path(), &mut disk, made.offset)?;
    drop(disk);
    let log = bench.choose(&spec, 2, "UNDONE")?;
    assert!(log.contains("mend: undo by files"), "{log}");
    let volume = Volume::of(bench.pc(), made)?;
    let found = (volume.sha256(dat)?, volume.security(dat)?.short_name);
    assert_eq!(found, former);
    assert_eq!(volume.sha256(&made.windows.svchost_path())?, None);
    let kept = volume.read("WINDOWS/bootstat.dat")?;
    assert_eq!(kept.as_deref(), Some(b"Windows ran".as_slice()));
    volume.is_sound()?;
    let (report, text) = bench.report(&kit)?;
    assert_eq!(report.verdict, Verdict::Undone, "{text}");
    bench.choose(&spec, 2, "REFUSED")?;
    Ok(())
}

/// Short names, sizes, times and flags of McAfee's files on the PC's FAT32 volume, as mtools list them.
fn fat_listing(bench: &Bench, offset: u64) -> Result<Vec<String>> {
    let engine = "Program Files/Common Files/McAfee/Engine";
    let mut lines: Vec<String> = mdir(bench.pc(), offset, engine)?
        .lines()
        .map(str::to_owned)
        .collect();
    let image = format!("{}@@{offset}", bench.pc().display());
    let all = format!("::/{engine}/*.dat");
    let flags = run("mattrib", &["-i", &image, &all])?.text();
    lines.extend(flags.lines().map(str::to_owned));
    // The folders' own times, and the space that is left, are not of the files.
    lines.retain(|line| !line.contains("<DIR>") && !line.contains(" bytes"));
    lines.sort();
    Ok(lines)
}

#[test]
fn on_fat32_the_menus_undo_goes_file_by_file_too() -> Result<()> {
    if !require_boots() || !require_tools(&["mdir", "mattrib"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec {
        menu_seconds: 120,
        ..KitSpec::default()
    })?;
    let bench = Bench::set_up(&kit, &preset("xp-fat32")?)?;
    let made = bench.made.volumes.first().context("no volume")?;
    let dat = "Program Files/Common Files/McAfee/Engine/avvscan.dat";
    let image = format!("{}@@{}", bench.pc().display(), made.offset);
    run("mattrib", &["-i", &image, "+r", "+h", &format!("::/{dat}")])?;
    let former = fat_listing(&bench, made.offset)?;
    let content = Volume::of(bench.pc(), made)?.sha256(dat)?;
    let spec = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    bench.choose(&spec, 0, "REPAIRED")?;
    bench.check_repaired()?;
    assert_ne!(fat_listing(&bench, made.offset)?, former);
    // Windows starts and writes what it writes.
    run("mmd", &["-i", &image, "::/WINDOWS/Prefetch"])?;
    let log = bench.choose(&spec, 2, "UNDONE")?;
    assert!(log.contains("mend: undo by files"), "{log}");
    assert_eq!(fat_listing(&bench, made.offset)?, former);
    let volume = Volume::of(bench.pc(), made)?;
    assert_eq!(volume.sha256(dat)?, content);
    assert_eq!(volume.sha256(&made.windows.svchost_path())?, None);
    assert!(volume.find("WINDOWS/Prefetch")?.is_some());
    volume.is_sound()
}
