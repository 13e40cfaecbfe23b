//! Disks in states that only a started PC can show: sectors of 4096 bytes, a write-protect switch,
//! sectors that cannot be read.

use anyhow::{Context as _, Result};
use support::afflict::places_of;
use support::broken_pc::{PartitionTable, PcSpec, WindowsSpec};
use support::inspect::{Volume, verdict};
use support::kit::{Kit, KitSpec};
use support::qemu::{DiskBus, Firmware, Machine, UsbBus};

use crate::rescue::{Bench, LIMIT, check_verdict, require_boots};

#[test]
fn a_disk_with_sectors_of_4096_bytes_is_repaired() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let spec = PcSpec {
        table: PartitionTable::Gpt,
        first_lba: 2048,
        sector_length: 4096,
        ..PcSpec::of(WindowsSpec::xp_mcafee_5958())
    };
    let bench = Bench::set_up(&kit, &spec)?;
    let mut machine = bench.machine(Firmware::UefiX64, UsbBus::Xhci, DiskBus::Nvme);
    machine.disks[0].sector_length = 4096;
    check_verdict(&bench.run(&machine)?, "REPAIRED");
    // sfdisk takes a file for a disk with sectors of 512 bytes, so the volume is looked at alone.
    let volume = Volume::of(bench.pc(), &bench.made.volumes[0])?;
    let found = verdict(&volume)?;
    assert!(found.repaired, "{found:?}");
    volume.is_sound()
}

#[test]
fn a_write_protected_disk_is_explained_and_left_as_it_is() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let before = bench.pc_digest()?;
    let mut spec = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Virtio);
    spec.disks[0].is_write_protected = true;
    let mut machine = Machine::start(&spec)?;
    machine.wait_for(&["mend: VERDICT"], LIMIT)?;
    machine.expect_exit(LIMIT)?;
    let log = machine.serial_log();
    check_verdict(&log, "NEEDS YOU");
    assert_eq!(bench.pc_digest()?, before);
    let (report, text) = bench.report(&kit)?;
    let advice = report.installations[0].advice.join(" ");
    assert!(advice.contains("the disk is write-protected"), "{text}");
    assert!(advice.contains("nothing was written"), "{text}");
    Ok(())
}

#[test]
fn a_sector_that_cannot_be_read_costs_one_copy_and_is_reported() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let made = &bench.made.volumes[0];
    let volume = Volume::of(bench.pc(), made)?;
    let places = places_of(volume.path(), "WINDOWS/system32/dllcache/svchost.exe")?;
    let bad = made.offset + places.first().context("no place")?.start;
    let mut spec = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    spec.disks[0].bad_sectors = vec![bad / 512];
    check_verdict(&bench.run(&spec)?, "REPAIRED");
    bench.check_repaired()?;
    let (report, text) = bench.report(&kit)?;
    let refused = report.installations[0]
        .candidates
        .iter()
        .find(|one| !one.accepted);
    assert!(
        refused.is_some_and(|one| one.place.contains("dllcache")),
        "{text}"
    );
    assert!(report.notes.join(" ").contains("failing-disk"), "{text}");
    Ok(())
}
