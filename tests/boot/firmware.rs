//! Each firmware starts the same image and repairs the same broken PC.

use anyhow::Result;
use rescue_stick::report::Verdict;
use support::broken_pc::{PcSpec, WindowsSpec};
use support::kit::{Kit, KitSpec};
use support::qemu::{DiskBus, Firmware, MachineSpec, UsbBus};

use crate::rescue::{Bench, check_verdict, require_boots};

/// Boots, repairs, and looks at disk, report and stick from the host.
fn check_repair(
    firmware: Firmware,
    usb: UsbBus,
    bus: DiskBus,
    change: impl FnOnce(&mut MachineSpec),
) -> Result<String> {
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let mut machine = bench.machine(firmware, usb, bus);
    change(&mut machine);
    let log = bench.run(&machine)?;
    check_verdict(&log, "REPAIRED");
    bench.check_repaired()?;
    let (report, text) = bench.report(&kit)?;
    assert_eq!(report.verdict, Verdict::Repaired, "{text}");
    assert_eq!(report.installations[0].changes.len(), 4, "{text}");
    Ok(report.machine.firmware)
}

#[test]
fn bios_with_a_64_bit_processor() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let firmware = check_repair(Firmware::Bios, UsbBus::Ehci, DiskBus::Ahci, |machine| {
        machine.is_64_bit = true;
        machine.cpu = None;
        machine.memory_mib = 512;
    })?;
    assert_eq!(firmware, "BIOS");
    Ok(())
}

/// QEMU's pentium2 has no SSE at all, so one such instruction anywhere would end this.
#[test]
fn bios_with_a_pentium_2_and_128_mib() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    check_repair(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide, |machine| {
        machine.memory_mib = 128;
    })?;
    Ok(())
}

#[test]
fn uefi_x64() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let firmware = check_repair(Firmware::UefiX64, UsbBus::Xhci, DiskBus::Nvme, |_| {})?;
    assert_eq!(firmware, "UEFI x64");
    Ok(())
}

#[test]
fn uefi_ia32() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let firmware = check_repair(Firmware::UefiIa32, UsbBus::Xhci, DiskBus::Ahci, |_| {})?;
    assert_eq!(firmware, "UEFI ia32");
    Ok(())
}

#[test]
fn secure_boot_with_microsofts_2011_keys() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    check_repair(
        Firmware::SecureBoot2011,
        UsbBus::Xhci,
        DiskBus::Nvme,
        |_| {},
    )?;
    Ok(())
}

#[test]
fn secure_boot_with_microsofts_2023_keys() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    check_repair(
        Firmware::SecureBoot2023,
        UsbBus::Xhci,
        DiskBus::Ahci,
        |_| {},
    )?;
    Ok(())
}
