//! What disks of every kind say to a real kernel, and that a failing one is not written to.

use anyhow::{Context as _, Result};
use fs_err as fs;
use rescue_stick::report::health::{Condition, DiskHealth};
use support::broken_pc::{PcSpec, WindowsSpec};
use support::kit::{Kit, KitSpec};
use support::qemu::{Disk, DiskBus, Firmware, UsbBus};

use crate::rescue::{Bench, check_verdict, require_boots};

#[test]
fn every_kind_of_disk_is_asked_and_none_is_called_good_that_does_not_tell() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let mut spec = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    let folder = tempfile::tempdir()?;
    for (name, bus) in [
        ("sata.img", DiskBus::Ahci),
        ("virtio.img", DiskBus::Virtio),
        ("nvme.img", DiskBus::FailingNvme),
    ] {
        let image = folder.path().join(name);
        fs::File::create(&image)?.into_file().set_len(8 << 20)?;
        spec.disks.push(Disk::of(image, bus));
    }
    // The disk of the Windows is well, so what the other one says is no reason not to repair it.
    check_verdict(&bench.run(&spec)?, "REPAIRED");
    bench.check_repaired()?;
    let (report, text) = bench.report(&kit)?;
    let health = &report.health;
    let find = |interface: &str| -> Result<Vec<&DiskHealth>> {
        let disks = health.disks.iter();
        let found: Vec<_> = disks
            .filter(|disk| disk.interface.as_str() == interface)
            .collect();
        found
            .first()
            .with_context(|| format!("no {interface} disk\n{text}"))?;
        Ok(found)
    };
    let ata = find("ATA")?;
    assert_eq!(ata.len(), 2, "{text}");
    for disk in ata {
        assert_eq!(disk.condition, Condition::Good, "{text}");
        assert_eq!(disk.predicts_failure, Some(false), "{text}");
        assert!(disk.power_on_hours.is_some(), "{text}");
        assert!(disk.serial.is_some(), "{text}");
    }
    let virtio = find("virtio")?;
    assert_eq!(virtio[0].condition, Condition::NotTold, "{text}");
    let nvme = find("NVMe")?;
    assert_eq!(nvme[0].condition, Condition::Failing, "{text}");
    assert!(nvme[0].temperature_celsius.is_some(), "{text}");
    assert_eq!(health.machine.secure_boot, Some(false), "{text}");
    assert!(health.machine.processor.is_some(), "{text}");
    assert_eq!(health.clock.report_number, Some(1), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() < 300),
        "{text}"
    );
    Ok(())
}

#[test]
fn a_windows_on_a_failing_disk_is_diagnosed_and_left_alone() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let before = bench.pc_digest()?;
    let mut spec = bench.machine(Firmware::SecureBoot2023, UsbBus::Xhci, DiskBus::FailingNvme);
    let file = tempfile::NamedTempFile::new()?;
    file.as_file().set_len(8 << 20)?;
    let other = Disk::of(file.path().to_owned(), DiskBus::Ahci);
    spec.disks.push(other);
    check_verdict(&bench.run(&spec)?, "REFUSED");
    assert_eq!(bench.pc_digest()?, before);
    let (report, text) = bench.report(&kit)?;
    assert_eq!(report.health.machine.secure_boot, Some(true), "{text}");
    assert!(text.contains("image this disk first"), "{text}");
    // The 64-bit kernel is another one than that of the old PCs, and is asked in the same way.
    let conditions: Vec<_> = report
        .health
        .disks
        .iter()
        .map(|disk| disk.condition)
        .collect();
    assert_eq!(conditions, [Condition::Good, Condition::Failing], "{text}");
    let findings = &report.installations[0].findings;
    let ids: Vec<_> = findings.iter().map(|one| one.id.as_str()).collect();
    assert!(ids.contains(&"failing-disk"), "{ids:?}");
    assert!(ids.contains(&"missing-system-file"), "{ids:?}");
    Ok(())
}
