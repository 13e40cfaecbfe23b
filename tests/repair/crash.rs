//! Power cuts in whole repairs and whole undos: after each, the next start ends with the volume as it was
//! or as it was to be.
//!
//! Every write to the PC's volume and to the stick's journal is recorded; then both are brought into the
//! state of a cut after every prefix, with sampled losses of what was not flushed. What is in use by the
//! judgement of the file system's own tables must then be that of one of the two states, bit for bit, and
//! ntfs-3g's programs and fsck.fat look at a sample.

use anyhow::{Result, ensure};
use rescue_stick::report::Verdict;
use support::broken_pc::preset;
use support::crash::Pair;
use support::kit::{KitSpec, require_builds};
use support::patient::{StickFolder, require_patients};
use support::random::random_bytes;
use support::tools::{require_tools, sha256_hex};

use self::bench::{Bench, Side, prove};
use self::recorded::Recorded;

pub(crate) mod bench;
mod recorded;

/// A remedy that uses what the built-in one uses, and the registry and the removal of a file besides.
fn remedy() -> String {
    let doomed = sha256_hex(&random_bytes("svchost.dll", 1000));
    format!(
        r#"
schema = 1
id = "crash"
title = "DAT 5958, a file too many, and a wrong setting"
[[when]]
os = {{ family = "xp", service-pack = 3 }}
[[when]]
product = {{ vendor = "mcafee", definitions = "5958" }}
[[step]]
install-definitions = "mcafee-dat"
[[step]]
restore-file = '{{system32}}\svchost.exe'
if = ["missing", "empty"]
from = ["dllcache"]
accept = {{ signed-catalog = true, version = "5.1.2600.5512", original-name = "svchost.exe" }}
[[step]]
remove-file = '{{system32}}\svchost.dll'
guard = {{ sha256 = ["{doomed}"] }}
[[step]]
set-registry-value = {{ hive = "software", key = "Microsoft\\Windows NT\\CurrentVersion", value = "RegisteredOwner", type = "text", data = "Repaired", old = "Front desk" }}
"#
    )
}

#[test]
fn power_may_go_at_any_write_of_a_repair_or_undo_on_ntfs() -> Result<()> {
    if !require_patients() {
        return Ok(());
    }
    cut_repair_and_undo("xp-mcafee-5958-missing", "NTFS")
}

#[test]
fn power_may_go_at_any_write_of_a_repair_or_undo_on_fat32() -> Result<()> {
    let tools = [
        "mkfs.fat", "fsck.fat", "mmd", "mdel", "mcopy", "mdir", "mattrib", "mtype",
    ];
    if !require_builds() || !require_tools(&tools) {
        return Ok(());
    }
    cut_repair_and_undo("xp-fat32", "FAT32")
}

fn cut_repair_and_undo(name: &str, what: &str) -> Result<()> {
    let folder = StickFolder::build(&KitSpec {
        remedies: Vec::new(),
        own_remedies: vec![remedy()],
        ..KitSpec::default()
    })?;
    let stick = prove(&folder)?;
    let bench = Bench::set_up(&preset(name)?, Some((folder, stick)))?;
    let repair = Recorded::record(&bench, &bench.start, |powered| {
        let report = bench.repair(powered)?;
        ensure!(report.verdict == Verdict::Repaired, "{report:#?}");
        ensure!(report.installations[0].changes.len() == 6, "{report:#?}");
        Ok(())
    })?;
    let tally = repair.cut_everywhere(&mut |pair, side, judged| {
        bench.judge(&pair.pc, side)?;
        // A PC that is as it was is repaired by the same start; each time takes seconds.
        if side == Side::After || judged >= 6 {
            return Ok(0);
        }
        let powered = pair.start();
        let report = bench.repair(&powered)?;
        ensure!(report.verdict == Verdict::Repaired, "{report:#?}");
        bench.judge(&powered.pair().pc, Side::After)?;
        Ok(1)
    })?;
    repair.print(&format!("{what} repair"), &tally);
    // Would the cuts find a fault? Without its flushes the same commit does harm.
    let unordered = repair.without_flushes()?;
    ensure!(unordered.cut_everywhere(&mut |_, _, _| Ok(0)).is_err());
    check_undo(&bench, &repair.end, &format!("{what} undo"))
}

/// Undoes what was committed, with the power cut everywhere.
fn check_undo(bench: &Bench, repaired: &Pair, what: &str) -> Result<()> {
    let undoing = Recorded::record(bench, repaired, |powered| bench.undo(powered))?;
    let original = bench.state(&bench.start.pc)?;
    let left = original.difference(&undoing.end.pc);
    ensure!(left.is_none(), "undo left sector {left:?} changed");
    let tally = undoing.cut_everywhere(&mut |pair, side, _| {
        // Here what was before is the repair.
        match side {
            Side::Before => bench.judge(&pair.pc, Side::After),
            Side::After => bench.judge(&pair.pc, Side::Before),
        }?;
        if side == Side::Before {
            let powered = pair.start();
            bench.undo(&powered)?;
            ensure!(original.difference(&powered.pair().pc).is_none());
        }
        Ok(0)
    })?;
    undoing.print(what, &tally);
    Ok(())
}
