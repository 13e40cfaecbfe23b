//! Sticks as `mendkit write` writes them, and what they brought home, judged by others.

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
use support::inspect::Volume;
use support::judges::{extract_fat, minisign_accepts};
use support::kit::{Kit, VOLUME_OFFSET};
use support::schema::schema_accepts;

use crate::rescue::Bench;

/// Writes the kit's image onto the bench's stick, and returns the key that its receipt names.
pub(crate) fn write_stick(kit: &Kit, bench: &Bench) -> Result<PublicKey> {
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
pub(crate) struct Taken {
    pub(crate) folder: tempfile::TempDir,
    key: PublicKey,
}

impl Taken {
    pub(crate) fn from(bench: &Bench, key: &PublicKey) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        extract_fat(&bench.stick(), VOLUME_OFFSET, folder.path())?;
        let key = key.clone();
        Ok(Self { folder, key })
    }

    pub(crate) fn head(&self) -> Result<StoredHead> {
        let bytes = fs::read(self.folder.path().join(paths::HEAD))?;
        head::parse(&bytes)?.context("the head record is blank")
    }

    /// Returns every report in its place, after minisign, jsonschema and our own check have accepted it.
    pub(crate) fn reports(&self) -> Result<Vec<(ChainLink, Sha256Digest, Report)>> {
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

    pub(crate) fn faults(&self) -> Result<Vec<ChainFault>> {
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
pub(crate) fn judge(folder: &Path, key: &PublicKey) -> Result<Report> {
    let path = folder.join(paths::REPORT_JSON);
    minisign_accepts(&path, key.base64())?;
    let json = fs::read(&path)?;
    let signature = fs::read_to_string(folder.join(paths::REPORT_SIGNATURE))?;
    let text = fs::read(folder.join(paths::REPORT_TEXT))?;
    let read = check_report(&json, Some(&signature), Some(&text), key)?;
    schema_accepts(&String::from_utf8(json)?)?;
    Ok(read.report)
}

/// Returns the report that is kept on the PC's first volume, after others have accepted it.
pub(crate) fn kept_report(bench: &Bench, key: &PublicKey) -> Result<Report> {
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
    judge(kept.path(), key)
}
