//! The two layouts beside the usual one start the same PCs.

use anyhow::Result;
use fs_err as fs;
use support::broken_pc::{PcSpec, WindowsSpec};
use support::kit::{Kit, KitSpec};
use support::qemu::{DiskBus, Firmware, UsbBus};

use crate::rescue::{Bench, check_verdict, require_boots};

/// Builds a stick in this layout, writes it to a larger one, and repairs a PC of each firmware with it.
fn check_layout(layout: &'static str, firmware: &[(Firmware, DiskBus)]) -> Result<()> {
    let spec = KitSpec {
        layout,
        ..KitSpec::default()
    };
    let kit = Kit::build(&spec)?;
    for (firmware, bus) in firmware {
        let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
        let stick = bench.stick();
        let size = fs::metadata(kit.image())?.len() + (9 << 20) + 512;
        fs::write(&stick, vec![0xd1; usize::try_from(size)?])?;
        let name = stick.to_str().unwrap_or_default();
        let write = ["write", "rescue.img", name, "--yes-erase", "1"];
        kit.mendkit(&[&write[..], &["--no-receipts"]].concat())?;
        let usb = match firmware {
            Firmware::Bios => UsbBus::Ehci,
            _ => UsbBus::Xhci,
        };
        let log = bench.run(&bench.machine(*firmware, usb, *bus))?;
        check_verdict(&log, "REPAIRED");
        bench.check_repaired()?;
        bench.report(&kit)?;
    }
    Ok(())
}

#[test]
fn gpt_without_a_hybrid_mbr() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    check_layout(
        "gpt",
        &[
            (Firmware::Bios, DiskBus::Ide),
            (Firmware::SecureBoot2011, DiskBus::Nvme),
        ],
    )
}

#[test]
fn mbr_without_a_gpt() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    check_layout(
        "mbr",
        &[
            (Firmware::Bios, DiskBus::Ide),
            (Firmware::SecureBoot2023, DiskBus::Ahci),
        ],
    )
}
