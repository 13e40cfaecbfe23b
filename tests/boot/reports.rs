//! What a stick that was written keeps of its runs: signed, in a chain, and somewhere else if it is full.

use anyhow::{Context as _, Result};
use fs_err as fs;
use rescue_stick::paths;
use rescue_stick::report::chain::ChainFault;
use rescue_stick::report::{ChangeReport, Verdict};
use support::broken_pc::{PcSpec, WindowsSpec};
use support::judges::minisign_accepts;
use support::kit::{Kit, KitSpec, VOLUME_OFFSET};
use support::qemu::{DiskBus, Firmware, Machine, UsbBus};
use support::tools::{command, require_tools, run_command};

use crate::rescue::{Bench, LIMIT, check_verdict, require_boots};
use crate::taken::{Taken, kept_report, write_stick};

#[test]
fn the_reports_of_two_runs_are_signed_and_one_follows_the_other() -> Result<()> {
    if !require_boots() || !require_tools(&["minisign", "mdeltree"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec {
        languages: &["fr"],
        ..KitSpec::default()
    })?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let key = write_stick(&kit, &bench)?;
    let spec = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    check_verdict(&bench.run(&spec)?, "REPAIRED");
    check_verdict(&bench.run(&spec)?, "HEALTHY");

    let taken = Taken::from(&bench, &key)?;
    let reports = taken.reports()?;
    assert_eq!(reports.len(), 2);
    assert_eq!(taken.faults()?, []);
    let head = taken.head()?;
    assert_eq!((head.head.number, head.head.last), (2, Some(reports[1].1)));
    assert_eq!(reports[1].0.previous, Some(reports[0].1));
    // The record is a text and a signature that minisign takes as well.
    let record = taken.folder.path().join("head.json");
    fs::write(&record, &head.text)?;
    fs::write(
        taken.folder.path().join("head.json.minisig"),
        head.signature.unwrap(),
    )?;
    minisign_accepts(&record, key.base64())?;

    let (_, _, repaired) = &reports[0];
    assert_eq!(repaired.language, "fr");
    let stages: Vec<&str> = repaired
        .timings
        .iter()
        .map(|timing| timing.stage.as_str())
        .collect();
    assert_eq!(
        stages[..5],
        ["start", "modules", "stick", "proof", "detect"]
    );
    assert_eq!(repaired.health.clock.report_number, Some(1));
    assert!(repaired.kit.definitions.contains_key("mcafee-dat"));
    bench.report(&kit)?;

    // The last report is taken away, as somebody would do who has something to hide.
    let place = format!("{}@@{VOLUME_OFFSET}", bench.stick().display());
    let folder = paths::report_folder(Some(2), &reports[1].2.run);
    let mut mdeltree = command("mdeltree")?;
    mdeltree.args(["-i", &place, &format!("::reports/{folder}")]);
    run_command(mdeltree)?;
    let gap = ChainFault::Gap { from: 2, to: 2 };
    assert_eq!(Taken::from(&bench, &key)?.faults()?, [gap]);
    Ok(())
}

#[test]
fn a_full_stick_leaves_its_report_on_the_pc_that_it_repaired() -> Result<()> {
    if !require_boots() || !require_tools(&["minisign", "mcopy"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let key = write_stick(&kit, &bench)?;
    fill_up(&bench)?;
    let spec = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    let log = bench.run(&spec)?;
    check_verdict(&log, "REPAIRED");
    assert!(log.contains("could not be saved on the stick"), "{log}");
    bench.check_repaired()?;

    let taken = Taken::from(&bench, &key)?;
    assert_eq!(taken.reports()?.len(), 0);
    assert_eq!(taken.faults()?, []);
    assert_eq!(taken.head()?.head.number, 0);
    let report = kept_report(&bench, &key)?;
    assert_eq!(report.chain, None);
    let notes = report.notes.join("\n");
    assert!(
        notes.contains("the stick did not take this report"),
        "{notes}"
    );
    Ok(())
}

#[test]
fn technician_site_and_ticket_are_typed_once_and_stand_in_every_report_of_the_stick() -> Result<()>
{
    if !require_boots() || !require_tools(&["minisign", "mcopy"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec {
        mode: "confirm",
        asks_visit: true,
        ..KitSpec::default()
    })?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let key = write_stick(&kit, &bench)?;
    let spec = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    let mut machine = Machine::start(&spec)?;
    // On the serial line, on the PC's own keyboard, and on the serial line with a slip.
    machine.wait_for(&["mend: QUESTION technician"], LIMIT)?;
    machine.send_keys("J. Doe\r")?;
    machine.wait_for(&["mend: QUESTION site"], LIMIT)?;
    for letter in ["l", "y", "o", "n", "ret"] {
        machine.press(&[letter])?;
    }
    machine.wait_for(&["mend: QUESTION ticket"], LIMIT)?;
    machine.send_keys("INC-4712\x7f1\r")?;
    machine.wait_for(&["mend: QUESTION repair"], LIMIT)?;
    machine.send_keys("\r")?;
    machine.expect_exit(LIMIT)?;
    check_verdict(&machine.serial_log(), "REPAIRED");
    let log = bench.run(&spec)?;
    check_verdict(&log, "HEALTHY");
    assert!(!log.contains("mend: QUESTION technician"), "{log}");

    let taken = Taken::from(&bench, &key)?;
    let reports = taken.reports()?;
    assert_eq!(reports.len(), 2);
    for (link, _, report) in &reports {
        let visit = &report.visit;
        let facts = [&visit.technician, &visit.site, &visit.ticket];
        let facts = facts.map(|fact| fact.as_ref().map(|fact| fact.as_str()));
        assert_eq!(facts, [Some("J. Doe"), Some("lyon"), Some("INC-4711")]);
        let folder = paths::report_folder(Some(link.number), &report.run);
        let folder = taken.folder.path().join(paths::REPORTS).join(folder);
        let text = fs::read_to_string(folder.join(paths::REPORT_TEXT))?;
        for fact in facts.into_iter().flatten() {
            assert!(text.contains(fact), "{fact}: {text}");
        }
    }
    Ok(())
}

#[test]
fn an_undo_block_by_block_is_a_report_in_the_chain_that_is_collected() -> Result<()> {
    if !require_boots() || !require_tools(&["minisign", "mcopy"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec {
        menu_seconds: 120,
        ..KitSpec::default()
    })?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let content = bench.used_clusters()?;
    let key = write_stick(&kit, &bench)?;
    let spec = bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide);
    bench.choose(&spec, 0, "REPAIRED")?;
    let log = bench.choose(&spec, 2, "UNDONE")?;
    assert!(!log.contains("mend: undo by files"), "{log}");
    assert_eq!(bench.used_clusters()?, content, "undo left a difference");
    let log = bench.choose(&spec, 2, "REFUSED")?;
    // A frame breaks the line.
    assert!(log.contains("has already been"), "{log}");

    let taken = Taken::from(&bench, &key)?;
    assert_eq!(taken.faults()?, []);
    let reports = taken.reports()?;
    let verdicts: Vec<_> = reports.iter().map(|(_, _, one)| one.verdict).collect();
    assert_eq!(
        verdicts,
        [Verdict::Repaired, Verdict::Undone, Verdict::Refused]
    );
    let (repaired, undone) = (
        &reports[0].2.installations[0],
        &reports[1].2.installations[0],
    );
    // What the repair wrote is what was there before it went back, and the other way round.
    let of = |change: &ChangeReport| (change.path.clone(), change.before, change.after);
    let mut wrote: Vec<_> = repaired.changes.iter().map(of).collect();
    let back = undone.changes.iter().map(of);
    let mut back: Vec<_> = back
        .map(|(path, left, found)| (path, found, left))
        .collect();
    wrote.sort();
    back.sort();
    assert_eq!(back, wrote);
    assert_eq!(undone.remedy.as_deref(), Some("mcafee-5958"));
    let notes = reports[1].2.notes.join("\n");
    let named = format!("Repair {} was taken back block by block", reports[0].2.run);
    assert!(notes.contains(&named), "{notes}");

    let stick = bench.stick();
    let stick = stick.to_str().context("path is not UTF-8")?;
    let said = kit.mendkit(&[
        "collect",
        stick,
        "-o",
        "home",
        "--receipts",
        "receipts.jsonl",
    ])?;
    let listing = fs::read_to_string(kit.path("home/machines.jsonl"))?;
    assert!(listing.contains("undone"), "{listing}\n{}", said.text());
    let apart = fs::read_to_string(kit.path("home/apart.csv")).unwrap_or_default();
    assert!(!apart.contains("OPTIPLEX"), "{apart}");
    Ok(())
}

/// Fills the stick with what looks like a report, until not a cluster is left.
fn fill_up(bench: &Bench) -> Result<()> {
    let place = format!("{}@@{VOLUME_OFFSET}", bench.stick().display());
    let mut mdir = command("mdir")?;
    mdir.args(["-i", &place, "::"]);
    let listing = run_command(mdir)?.text();
    let free = listing.lines().find(|line| line.contains("bytes free"));
    let digits = free.context("mdir does not say what is free")?;
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let filler = tempfile::NamedTempFile::new()?;
    filler.as_file().set_len(digits.parse()?)?;
    let mut mcopy = command("mcopy")?;
    mcopy
        .args(["-i", &place])
        .arg(filler.path())
        .arg("::reports/filler.bin");
    run_command(mcopy)?;
    Ok(())
}
