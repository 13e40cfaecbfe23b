//! What a stick that was written keeps of its runs: signed, in a chain, and somewhere else if it is full.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use mendkit::stick::receipts::read_ledger;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::head::{self, StoredHead};
use rescue_stick::paths;
use rescue_stick::report::Report;
use rescue_stick::report::chain::{ChainFault, ChainLink, check_chain, check_report};
use rescue_stick::signature::PublicKey;
use support::broken_pc::{PcSpec, WindowsSpec};
use support::inspect::Volume;
use support::judges::{extract_fat, minisign_accepts};
use support::kit::{Kit, KitSpec, VOLUME_OFFSET};
use support::qemu::{DiskBus, Firmware, UsbBus};
use support::schema::schema_accepts;
use support::tools::{command, require_tools, run_command};

use crate::rescue::{Bench, check_verdict, require_boots};

/// Writes the kit's image onto the bench's stick, and returns the key that its receipt names.
fn write_stick(kit: &Kit, bench: &Bench) -> Result<PublicKey> {
    let stick = bench.stick();
    let name = stick.to_str().context("path is not UTF-8")?;
    let said = kit.mendkit(&["write", "rescue.img", name, "--yes-erase", "1"])?;
    ensure!(said.text().contains("1 stick good, 0 bad."), "{said:?}");
    let ledger = read_ledger(&kit.path("receipts.jsonl"))?;
    let receipt = ledger.receipts.last().context("no receipt")?;
    let key = receipt.public_key.as_deref().context("no key in it")?;
    Ok(PublicKey::parse(key)?)
}

/// The files of a stick, outside of it.
struct Taken {
    folder: tempfile::TempDir,
    key: PublicKey,
}

impl Taken {
    fn from(bench: &Bench, key: &PublicKey) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        extract_fat(&bench.stick(), VOLUME_OFFSET, folder.path())?;
        let key = key.clone();
        Ok(Self { folder, key })
    }

    fn head(&self) -> Result<StoredHead> {
        let bytes = fs::read(self.folder.path().join(paths::HEAD))?;
        head::parse(&bytes)?.context("the head record is blank")
    }

    /// Returns every report in its place, after minisign, jsonschema and our own check have accepted it.
    fn reports(&self) -> Result<Vec<(ChainLink, Sha256Digest, Report)>> {
        let mut reports = Vec::new();
        for entry in fs::read_dir(self.folder.path().join(paths::REPORTS))? {
            let folder = entry?.path();
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            let Some(number) = paths::number_of_report_folder(&name) else {
                continue;
            };
            let report = judge(&folder, &self.key)?;
            let link = report.chain.clone().context("outside the chain")?;
            ensure!(
                link.number == number,
                "{name} says that it is {}",
                link.number
            );
            let digest = Sha256Digest::of(&fs::read(folder.join(paths::REPORT_JSON))?);
            reports.push((link, digest, report));
        }
        reports.sort_by_key(|(link, _, _)| link.number);
        Ok(reports)
    }

    fn faults(&self) -> Result<Vec<ChainFault>> {
        let links = self.reports()?;
        let links: Vec<_> = links
            .into_iter()
            .map(|(link, digest, _)| (link, digest))
            .collect();
        let head = self.head()?;
        head.check(&self.key)?;
        Ok(check_chain(&links, Some(&head.head)))
    }
}

/// Demands that others accept the report in a folder.
fn judge(folder: &Path, key: &PublicKey) -> Result<Report> {
    let path = folder.join(paths::REPORT_JSON);
    minisign_accepts(&path, key.base64())?;
    let json = fs::read(&path)?;
    let signature = fs::read_to_string(folder.join(paths::REPORT_SIGNATURE))?;
    let text = fs::read(folder.join(paths::REPORT_TEXT))?;
    let read = check_report(&json, Some(&signature), Some(&text), key)?;
    schema_accepts(&String::from_utf8(json)?)?;
    Ok(read.report)
}

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
    let made = bench.made.volumes.first().context("no volume")?;
    let volume = Volume::of(bench.pc(), made)?;
    let runs = volume.list("/mendkit")?;
    let run = runs.first().context("nothing was kept")?;
    let kept = tempfile::tempdir()?;
    for name in [
        paths::REPORT_JSON,
        paths::REPORT_SIGNATURE,
        paths::REPORT_TEXT,
    ] {
        let path = format!("/mendkit/{}/{name}", run.name);
        let content = volume.read(&path)?;
        fs::write(kept.path().join(name), content.context(path)?)?;
    }
    let report = judge(kept.path(), &key)?;
    assert_eq!(report.chain, None);
    let notes = report.notes.join("\n");
    assert!(
        notes.contains("the stick did not take this report"),
        "{notes}"
    );
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
