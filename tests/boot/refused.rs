//! A stick that is not as it was signed never opens a PC's disk for writing.

use anyhow::Result;
use support::broken_pc::{PcSpec, WindowsSpec};
use support::kit::{Kit, KitSpec, read_from_stick, replace_on_stick};
use support::qemu::{DiskBus, Firmware, Machine, UsbBus};

use crate::rescue::{Bench, LIMIT, check_verdict, require_boots};

/// Boots a stick that was changed, and demands that nothing was written to the PC.
fn check_refused(kit: &Kit, change: impl FnOnce(&Bench) -> Result<()>, reason: &str) -> Result<()> {
    let bench = Bench::set_up(kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    change(&bench)?;
    let before = bench.pc_digest()?;
    let machine = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    let mut machine = Machine::start(&machine)?;
    machine.wait_for(&["mend: VERDICT"], LIMIT)?;
    let written = machine.disk_traffic(0)?.write_operations;
    machine.expect_exit(LIMIT)?;
    let log = machine.serial_log();
    check_verdict(&log, "REFUSED");
    // The box breaks lines; the words are what counts.
    let words: String = log.split_whitespace().filter(|word| *word != "│").collect();
    let wanted: String = reason.split_whitespace().collect();
    assert!(words.contains(&wanted), "{log}");
    assert_eq!(written, 0, "{log}");
    assert_eq!(bench.pc_digest()?, before);
    Ok(())
}

fn kit_that_powers_off() -> Result<Kit> {
    // A stick that is not believed has no job that could say how to end.
    let arguments = vec!["mend.finish=power-off".to_owned()];
    Kit::build(&KitSpec {
        arguments,
        ..KitSpec::default()
    })
}

#[test]
fn a_changed_file_is_refused() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = kit_that_powers_off()?;
    let change = |bench: &Bench| {
        let path = "mendkit/definitions/mcafee-dat/avvdat-5959.zip";
        let mut zip = read_from_stick(&bench.stick(), path)?;
        let middle = zip.len() / 2;
        zip[middle] ^= 1;
        replace_on_stick(&bench.stick(), path, &zip)
    };
    check_refused(
        &kit,
        change,
        "This stick is not as it was signed: 1 of the stick's files",
    )
}

/// It is unpacked before all files are proven, so it is proven by itself before that.
#[test]
fn a_changed_program_is_refused() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = kit_that_powers_off()?;
    let change = |bench: &Bench| {
        let path = "boot/programs.cpio.gz";
        let mut archive = read_from_stick(&bench.stick(), path)?;
        let middle = archive.len() / 2;
        archive[middle] ^= 1;
        replace_on_stick(&bench.stick(), path, &archive)
    };
    check_refused(
        &kit,
        change,
        "This stick is not as it was signed: 1 of the stick's files",
    )
}

#[test]
fn a_stick_signed_by_another_key_is_refused() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = kit_that_powers_off()?;
    let other = kit_that_powers_off()?;
    // Everything that another key signed, under the initramfs that trusts the first.
    let change = |bench: &Bench| {
        for path in ["SHA256SUMS", "SHA256SUMS.minisig", "mendkit/mendkit.pub"] {
            replace_on_stick(
                &bench.stick(),
                path,
                &read_from_stick(&other.image(), path)?,
            )?;
        }
        Ok(())
    };
    check_refused(&kit, change, "manifest signature: not made by key")
}
