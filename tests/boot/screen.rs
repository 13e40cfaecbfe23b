//! What a person sees from across the room, in pixels, and what happens when the stick is pulled.
#![expect(clippy::print_stdout, reason = "how long a repair takes is a result")]

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use mend::screen::display::{AMBER, GREEN, RED};
use support::broken_pc::{PcSpec, WindowsSpec, preset};
use support::kit::{Kit, KitSpec, staged};
use support::qemu::{DiskBus, Firmware, Machine, UsbBus};

use crate::interrupted::interrupt_plain;
use crate::rescue::{Bench, LIMIT, check_verdict, require_boots};

/// How many per cent of the screen a headline's ground takes at least: seen from the door of a room.
const BAND: usize = 15;

/// Waits until this much of the screen has a colour: the serial line may be ahead of the screen.
fn wait_for_colour(machine: &mut Machine, colour: &str) -> Result<()> {
    let start = Instant::now();
    loop {
        let share = machine.picture()?.percent_of(colour)?;
        if share >= BAND {
            return Ok(());
        }
        if start.elapsed() > Duration::from_secs(60) {
            bail!("{share} % of the screen are {colour}, expected {BAND}");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn the_screen_is_amber_then_green_in_french_and_two_keys_do_it() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec {
        mode: "confirm",
        finish: "ask",
        languages: &["fr", "en"],
        ..KitSpec::default()
    })?;
    let bench = Bench::set_up(&kit, &preset("xp-french")?)?;
    let spec = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    let mut machine = Machine::start(&spec)?;
    machine.wait_for(&["mend: QUESTION repair"], LIMIT)?;
    wait_for_colour(&mut machine, AMBER)?;
    assert!(machine.picture()?.percent_of(GREEN)? == 0);
    // The first key, on the PC's own keyboard.
    machine.press(&["ret"])?;
    machine.wait_for(&["mend: VERDICT"], LIMIT)?;
    machine.wait_for(&["mend: QUESTION finished"], LIMIT)?;
    wait_for_colour(&mut machine, GREEN)?;
    assert!(machine.picture()?.percent_of(AMBER)? == 0);
    // The stick is out before the second key: what restarts the PC is in memory.
    machine.pull_stick()?;
    machine.wait_for(&["mend: stick is out"], LIMIT)?;
    machine.press(&["ret"])?;
    machine.expect_exit(LIMIT)?;
    let log = machine.serial_log();
    check_verdict(&log, "REPAIRED");
    for french in [
        "ATTEINT",
        "svchost.exe manque",
        "[Entrée] réparer",
        "R É P A R É",
    ] {
        assert!(log.contains(french), "{french}: {log}");
    }
    bench.check_repaired()
}

#[test]
fn an_unattended_run_restarts_when_the_stick_is_pulled() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec {
        finish: "restart",
        ..KitSpec::default()
    })?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let mut machine =
        Machine::start(&bench.machine(Firmware::UefiX64, UsbBus::Xhci, DiskBus::Nvme))?;
    machine.wait_for(&["mend: QUESTION finished"], LIMIT)?;
    wait_for_colour(&mut machine, GREEN)?;
    machine.pull_stick()?;
    // A restart ends QEMU, since it was started so. No key was pressed.
    machine.expect_exit(LIMIT)?;
    let log = machine.serial_log();
    check_verdict(&log, "REPAIRED");
    let took_ms = time_of(&log, "outcome shown")? - time_of(&log, "first line")?;
    println!("from the first screen to REPAIRED: {took_ms} ms of the guest's time");
    bench.check_repaired()
}

/// Returns the guest's uptime in milliseconds as a line for programs tells it: `mend: WHAT 1234 ms`.
fn time_of(log: &str, what: &str) -> Result<u64> {
    let begin = format!("mend: {what} ");
    let line = log.lines().find_map(|line| line.strip_prefix(&begin));
    let number = line.and_then(|line| line.strip_suffix(" ms"));
    Ok(number
        .with_context(|| format!("no time of {what}"))?
        .parse()?)
}

/// A panic in the work: once the repair is on the disk, before it was looked at again.
#[test]
fn a_fault_of_mend_says_what_to_do_and_keeps_the_journal() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec {
        finish: "restart",
        program: Some(staged()),
        ..KitSpec::default()
    })?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let spec = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    let mut machine = Machine::start(&spec)?;
    machine.wait_for(&["mend: QUESTION finished"], LIMIT)?;
    wait_for_colour(&mut machine, RED)?;
    // With the stick in, the next start looks at the journal: so pulling it does not restart this PC.
    machine.press(&["ret"])?;
    machine.expect_exit(LIMIT)?;
    let log = machine.serial_log();
    check_verdict(&log, "FAILED");
    let is_for_machines = |line: &&str| line.contains("mend: ");
    let (told, shown): (Vec<&str>, Vec<&str>) = log.lines().partition(is_for_machines);
    let (told, shown) = (told.join("\n"), shown.join("\n"));
    assert!(told.contains("mend: FAULT panicked at"), "{log}");
    assert!(told.contains("the fault that was asked for"), "{log}");
    for wanted in [
        "F A I L E D",
        "a fault of mend itself",
        "Leave the stick in and press Enter",
    ] {
        assert!(shown.contains(wanted), "{wanted}: {log}");
    }
    for unwanted in ["panicked", "backtrace", "RUST_BACKTRACE", ".rs:"] {
        assert!(!shown.contains(unwanted), "{unwanted}: {log}");
    }
    let (report, _) = bench.report(&kit)?;
    let notes = report.notes.join("\n");
    assert!(notes.contains("the fault that was asked for"), "{notes}");
    bench.check_repaired()?;

    // The journal is whole: it can even finish the repair once more, had it been cut.
    assert!(interrupt_plain(&bench)? > 4);
    let mut machine = Machine::start(&spec)?;
    machine.wait_for(&["mend: recovered finished"], LIMIT)?;
    machine.wait_for(&["mend: VERDICT"], LIMIT)?;
    machine.wait_for(&["mend: QUESTION finished"], LIMIT)?;
    machine.press(&["ret"])?;
    machine.expect_exit(LIMIT)?;
    check_verdict(&machine.serial_log(), "HEALTHY");
    bench.check_repaired()
}
