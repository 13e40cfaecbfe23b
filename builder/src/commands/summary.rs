//! `mendkit summary`: what the code of a report that no stick took says, and whether a stick made it.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use fs_err as fs;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::report::summary::{SignedSummary, Summary};
use rescue_stick::signature::PublicKey;

use super::Outcome;
use crate::cli::SummaryArgs;
use crate::stick::identity::written_text;
use crate::stick::receipts::Ledger;

/// Checks the text of a code.
pub fn run(args: &SummaryArgs) -> anyhow::Result<Outcome> {
    let text = match args.text.as_slice() {
        [] => bail!("no text given, expected what a phone read from the code"),
        parts => parts.concat(),
    };
    let signed = match SignedSummary::parse(&text) {
        Ok(signed) => signed,
        Err(error) => {
            say!(" REFUSED   {error}");
            return Ok(Outcome::Refused);
        }
    };
    let Some(key) = find_key(args, &signed.summary)? else {
        let id = signed.summary.stick;
        say!(" REFUSED   the receipts name no key of stick {id}");
        return Ok(Outcome::Refused);
    };
    let summary = match signed.check(&key) {
        Ok(summary) => summary,
        Err(error) => {
            say!(" REFUSED   {error}");
            return Ok(Outcome::Refused);
        }
    };
    print(summary)?;
    match &args.report {
        Some(path) => compare(summary, path),
        None => Ok(Outcome::Done),
    }
}

/// Returns the key of the stick: the one that was given, or the one in its newest receipt.
fn find_key(args: &SummaryArgs, summary: &Summary) -> anyhow::Result<Option<PublicKey>> {
    if let Some(path) = &args.key {
        let text = fs::read_to_string(path).context("reading the stick's key")?;
        return Ok(Some(PublicKey::parse(&text)?));
    }
    let path = args.receipts.as_ref();
    let path = path.context("neither --receipts nor --key is given, expected one of them")?;
    let ledger = Ledger::parse(&fs::read(path).context("reading the receipts")?);
    if let Some(problem) = ledger.problems.first() {
        bail!("{}: {problem}", path.display());
    }
    let id = summary.stick.to_string();
    let receipts = ledger.receipts.iter().rev();
    let mut keys = receipts
        .filter(|receipt| receipt.stick.as_deref() == Some(&id))
        .filter_map(|receipt| receipt.public_key.as_deref());
    keys.next()
        .map(|key| Ok(PublicKey::parse(key)?))
        .transpose()
}

fn print(summary: &Summary) -> anyhow::Result<()> {
    let number = match summary.number {
        Some(number) => format!("report {number}"),
        None => "a report that it did not take".to_owned(),
    };
    say!(" stick     {}  {number}", summary.stick);
    let computer = match summary.computer.as_str() {
        "" => "(no Windows with a name)",
        name => name,
    };
    say!(" PC        {computer}");
    say!(" verdict   {}", summary.verdict.word());
    let started = written_text(summary.started.into()).unwrap_or_default();
    say!(" started   {started} by the PC's clock");
    say!(
        " report    sha256 begins with {}",
        hex::encode(summary.digest)
    );
    say!(" good      signed by that stick");
    Ok(())
}

/// Says whether a `report.json` is the one that the summary is of.
fn compare(summary: &Summary, path: &PathBuf) -> anyhow::Result<Outcome> {
    let digest = Sha256Digest::of(&fs::read(path).context("reading the report")?);
    if digest.0.starts_with(&summary.digest) {
        say!(" good      {} is that report", path.display());
        return Ok(Outcome::Done);
    }
    say!(
        " REFUSED   {} is another report: sha256 {digest}",
        path.display()
    );
    Ok(Outcome::Refused)
}
