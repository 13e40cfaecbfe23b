//! Definitions as large as real ones, on a PC with as little memory as XP's had.

use anyhow::{Result, ensure};
use rescue_stick::report::Verdict;
use support::broken_pc::{PcSpec, WindowsSpec};
use support::definitions::DatSizes;
use support::kit::{Kit, KitSpec};
use support::qemu::{DiskBus, Firmware, UsbBus};

use crate::rescue::{Bench, check_verdict, require_boots};

#[test]
#[expect(clippy::print_stdout, reason = "the times are a result")]
fn a_hundred_megabytes_of_definitions_fit_a_pc_with_256_mib() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec {
        dat_sizes: DatSizes::REALISTIC,
        ..KitSpec::default()
    })?;
    let mut pc = PcSpec::of(WindowsSpec::xp_mcafee_5958());
    pc.volume_size = 320 << 20;
    let bench = Bench::set_up(&kit, &pc)?;
    let machine = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    ensure!(machine.memory_mib == 256);
    let log = bench.run(&machine)?;
    check_verdict(&log, "REPAIRED");
    // On the serial line the percentage is shown once, at the end.
    for line in [
        "Writing avvscan.dat ... 100 %",
        "Checking what was written ... 100 %",
    ] {
        assert!(log.contains(line), "{log}");
    }
    bench.check_repaired()?;
    let (report, text) = bench.report(&kit)?;
    assert_eq!(report.verdict, Verdict::Repaired, "{text}");
    for timing in &report.timings {
        println!("{} {} ms", timing.stage, timing.took_ms);
    }
    Ok(())
}
