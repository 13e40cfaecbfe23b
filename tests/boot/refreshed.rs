//! A stick that `mendkit refresh` brought to a newer image starts a PC, and keeps what it collected.

use anyhow::Result;
use fs_err as fs;
use support::broken_pc::{PcSpec, WindowsSpec};
use support::definitions::{DatSizes, make_definitions};
use support::kit::{Kit, KitSpec, read_from_stick};
use support::qemu::{DiskBus, Firmware, UsbBus};
use support::tools::{command, run_command};

use crate::rescue::{Bench, check_verdict, require_boots};

#[test]
fn a_refreshed_stick_repairs_a_pc_and_keeps_its_former_reports() -> Result<()> {
    if !require_boots() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let stick = bench.stick();
    let name = stick.to_str().unwrap_or_default();
    let size = fs::metadata(kit.image())?.len() + (50 << 20);
    fs::File::create(&stick)?.set_len(size)?;
    kit.mendkit(&["write", "rescue.img", name, "--yes-erase", "1"])?;
    // What it collected elsewhere.
    let volume = format!("{name}@@1M");
    let folder = "::/reports/20100422T101500Z-RECEPTION-1";
    let report = kit.path("report.json");
    fs::write(&report, "a report")?;
    for (tool, arguments) in [
        ("mmd", vec![folder]),
        ("mcopy", vec![report.to_str().unwrap_or_default(), folder]),
    ] {
        let mut tool = command(tool)?;
        tool.env("MTOOLS_SKIP_CHECK", "1");
        run_command({
            tool.arg("-i").arg(&volume).args(arguments);
            tool
        })?;
    }

    // A day later, with definitions that are longer.
    let recipe = fs::read_to_string(kit.path("recipe.toml"))?;
    fs::write(
        kit.path("recipe.toml"),
        recipe.replace("2010-04-22", "2010-04-23"),
    )?;
    make_definitions(
        5959,
        DatSizes([900_000, 90_000, 20_000]),
        &kit.path("inputs"),
    )?;
    kit.rebuild()?;
    let arguments = ["refresh", "rescue.img", name, "--yes-refresh", "1"];
    let said = kit.mendkit(&arguments)?.text();
    assert!(said.contains("1 stick good, 0 bad."), "{said}");

    let log = bench.run(&bench.machine(Firmware::UefiX64, UsbBus::Xhci, DiskBus::Ahci))?;
    check_verdict(&log, "REPAIRED");
    bench.check_repaired()?;
    let former = "reports/20100422T101500Z-RECEPTION-1/report.json";
    assert_eq!(read_from_stick(&stick, former)?, b"a report");
    // The newest report is of this repair, made by the stick that it was before.
    let (report, _) = bench.report(&kit)?;
    assert_eq!(report.stick.date, "2010-04-23");
    let id = report.stick.id.unwrap_or_default();
    assert!(
        said.contains(&format!("read back ok   stick {id}")),
        "{id}: {said}"
    );
    Ok(())
}
