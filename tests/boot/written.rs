//! A stick that `mendkit write` wrote, larger than the image, starts a PC.

use anyhow::Result;
use fs_err as fs;
use support::broken_pc::{PcSpec, WindowsSpec};
use support::kit::{Kit, KitSpec};
use support::qemu::{DiskBus, Firmware, UsbBus};

use crate::rescue::{Bench, check_verdict, require_boots};

#[test]
fn a_written_stick_repairs_a_pc() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let stick = bench.stick();
    // Full of what a used stick is full of, and of no round size.
    let size = fs::metadata(kit.image())?.len() + (77 << 20) + 512;
    fs::write(&stick, vec![0xd1; usize::try_from(size)?])?;
    let name = stick.to_str().unwrap_or_default();
    let arguments = [
        "write",
        "rescue.img",
        name,
        "--yes-erase",
        "1",
        "--key",
        "release.key.pub",
    ];
    let said = kit.mendkit(&arguments)?.text();
    assert!(said.contains("1 stick good, 0 bad."), "{said}");
    let log = bench.run(&bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide))?;
    check_verdict(&log, "REPAIRED");
    bench.check_repaired()?;
    bench.report(&kit)?;
    Ok(())
}
