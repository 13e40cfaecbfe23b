//! Firmware that `mendkit` says refuses a stick does refuse it. What it says is taken is booted in `firmware`.

use std::path::PathBuf;

use anyhow::Result;
use support::broken_pc::{PcSpec, WindowsSpec};
use support::firmware::{store_of_windows_only, store_with_later_revocations};
use support::kit::{Kit, KitSpec};
use support::qemu::{DiskBus, Firmware, Machine, UsbBus};

use crate::rescue::{Bench, LIMIT, require_boots};

/// Starts a PC whose firmware has these variables, waits for one of these words, and demands that Linux did not start and
/// that the PC's disk is as it was.
fn check_refused(variables: PathBuf, words: &[&str]) -> Result<String> {
    let kit = Kit::build(&KitSpec::default())?;
    let said = kit.mendkit(&["verify", "rescue.img"])?.text();
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let before = bench.pc_digest()?;
    let mut spec = bench.machine(Firmware::SecureBoot2023, UsbBus::Xhci, DiskBus::Nvme);
    spec.variables = Some(variables);
    let mut machine = Machine::start(&spec)?;
    machine.wait_for(words, LIMIT)?;
    let log = machine.serial_log();
    machine.cut_power()?;
    assert!(
        !log.contains("mend:") && !log.contains("Repair this PC"),
        "{log}"
    );
    assert_eq!(bench.pc_digest()?, before);
    Ok(said)
}

#[test]
fn a_pc_that_trusts_windows_keys_alone_refuses_as_verify_says() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let said = check_refused(store_of_windows_only()?, &["Access Denied"])?;
    let line = " refused   by Secure Boot that trusts Microsoft's keys for Windows alone";
    assert!(said.contains(line), "{said}");
    Ok(())
}

/// The revocation is later than all that shim knew when the image was locked, so `verify` promises nothing
/// beyond the level it names.
#[test]
fn a_pc_with_later_revocations_refuses_the_loader() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let words = [
        "Security Policy Violation",
        "Security Violation",
        "SBAT self-check failed",
    ];
    let said = check_refused(store_with_later_revocations()?, &words)?;
    let line = said
        .lines()
        .find(|line| line.starts_with(" revoked   SBAT "));
    let level = line.and_then(|line| line.split_whitespace().nth(2));
    assert!(level.is_some_and(|level| level < "2030010100"), "{said}");
    Ok(())
}
