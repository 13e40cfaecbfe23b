//! `mendkit receipts`: what the ledger of written sticks is worth.

use anyhow::Context as _;
use fs_err as fs;
use rescue_stick::digest::Sha256Digest;

use super::Outcome;
use crate::cli::ReceiptsCheckArgs;
use crate::stick::receipts::Ledger;

/// Checks the chain of receipts.
pub fn check(args: &ReceiptsCheckArgs) -> anyhow::Result<Outcome> {
    let noted = args.head.as_deref().map(str::parse::<Sha256Digest>);
    let noted = noted.transpose().context("reading --head")?;
    let bytes = fs::read(&args.receipts).context("reading the receipts")?;
    let ledger = Ledger::parse(&bytes);
    let (good, bad) = ledger.counts();
    let count = ledger.digests.len();
    let s = if count == 1 { "" } else { "s" };
    say!(
        " receipts  {}  {count} line{s}: {good} sticks good, {bad} bad",
        args.receipts.display()
    );
    for problem in &ledger.problems {
        say!(" problem   {problem}");
    }
    let is_noted_there = noted.is_none_or(|noted| ledger.digests.contains(&noted));
    if !is_noted_there {
        say!(" problem   no line has the digest of --head: lines were changed or taken away");
    }
    if !ledger.problems.is_empty() || !is_noted_there {
        say!(" BAD       the receipts are not as they were written");
        return Ok(Outcome::Refused);
    }
    if let Some(head) = ledger.head() {
        say!(
            " head      {head}   note it elsewhere: --head shows if the last lines are taken away"
        );
    }
    if !ledger.torn.is_empty() {
        let length = ledger.torn.len();
        say!(
            " note      {length} bytes behind the last line: a receipt that was not written to its end"
        );
        return Ok(Outcome::Found);
    }
    say!(" good      every receipt follows from the one before");
    Ok(Outcome::Done)
}
