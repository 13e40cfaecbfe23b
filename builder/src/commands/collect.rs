//! `mendkit collect`: what happened everywhere, and the invoice.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use fs_err as fs;

use super::Outcome;
use crate::cli::CollectArgs;
use crate::collect::campaign::Campaign;
use crate::collect::claims::money::parse_costs;
use crate::collect::coverage::{Coverage, Covered, parse_expected};
use crate::collect::factors::sentence::{ALL_LANGUAGES, sentences};
use crate::collect::outcome::ALL_OUTCOMES;
use crate::collect::{CollectOptions, Collected, collect};
use crate::stick::receipts::{StickVerdict, read_ledger};

/// The ledger of written sticks, as `mendkit write` leaves it in the current folder.
const RECEIPTS: &str = "receipts.jsonl";

/// Findings that are printed at most; apart.csv has all.
const MOST_PRINTED: usize = 20;

/// Collects reports and makes the folder of the campaign.
pub fn run(args: &CollectArgs) -> anyhow::Result<Outcome> {
    ensure!(
        ALL_LANGUAGES.contains(&args.language.as_str()),
        "language {:?}: expected one of {}",
        args.language,
        ALL_LANGUAGES.join(", ")
    );
    let read_table = |path: &PathBuf| fs::read(path).map(|bytes| (path.clone(), bytes));
    let expected = args.expected.as_ref().map(read_table).transpose();
    let expected = expected.context("reading the expected machines")?;
    let expected = expected
        .map(|(path, bytes)| parse_expected(&bytes).with_context(|| path.display().to_string()))
        .transpose()?;
    let costs = args.visits.as_ref().map(read_table).transpose();
    let costs = costs.context("reading the costs of visits")?;
    let costs = costs
        .map(|(path, bytes)| parse_costs(&bytes).with_context(|| path.display().to_string()))
        .transpose()?;
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let options = CollectOptions {
        sources: args.sources.clone(),
        folder: args.output.clone(),
        keys: keys_of_receipts(&args.receipts)?,
        expected,
        costs: costs.unwrap_or_default(),
        title: args.title.clone(),
        language: args.language.clone(),
        threads,
    };
    let collected = collect(&options).context("collecting")?;
    print_summary(&collected, args)?;
    let is_whole = collected.campaign.apart.is_empty() && collected.claims.not_borne_out.is_empty();
    Ok(if is_whole {
        Outcome::Done
    } else {
        Outcome::Found
    })
}

/// Returns sticks and keys of the ledgers that were named, or of the one in the current folder.
fn keys_of_receipts(named: &[PathBuf]) -> anyhow::Result<Vec<(String, String)>> {
    let ledgers = if named.is_empty() {
        let usual = Path::new(RECEIPTS);
        usual
            .is_file()
            .then(|| usual.to_owned())
            .into_iter()
            .collect()
    } else {
        named.to_vec()
    };
    let mut keys = Vec::new();
    for path in ledgers {
        fs::metadata(&path).context("reading the receipts")?;
        let ledger = read_ledger(&path).context("reading the receipts")?;
        if let Some(problem) = ledger.problems.first() {
            anyhow::bail!("{}: {problem}", path.display());
        }
        for receipt in ledger.receipts {
            if receipt.verdict == StickVerdict::Good
                && let (Some(stick), Some(key)) = (receipt.stick, receipt.public_key)
            {
                keys.push((stick, key));
            }
        }
    }
    Ok(keys)
}

fn print_summary(collected: &Collected, args: &CollectArgs) -> anyhow::Result<()> {
    let campaign = &collected.campaign;
    let counts = ALL_OUTCOMES.into_iter().zip(campaign.counts());
    let counts: Vec<String> = counts
        .filter(|(_, count)| *count > 0)
        .map(|(outcome, count)| outcome.counted(count))
        .collect();
    let machines = plural(campaign.machines.len(), "machine");
    let counts = if counts.is_empty() {
        String::new()
    } else {
        format!(": {}", counts.join(", "))
    };
    let sticks = plural(campaign.sticks.len(), "stick");
    say!(
        " {machines}{counts}.  {sticks}, {}.",
        authenticity(campaign)
    );
    print_apart(collected)?;
    if let Some(finding) = campaign.comparison.headline() {
        let [english, ..] = sentences(finding);
        say!(" What set the affected apart: {english}");
    }
    if let Some(covered) = &collected.covered {
        print_coverage(covered, campaign)?;
    }
    for (partner, total) in &collected.claims.totals {
        let (partner, currency) = partner;
        say!(" claim     {partner}  {total} {currency}");
    }
    for line in &collected.claims.not_borne_out {
        say!(" not paid  {line}");
    }
    let (new, known) = (collected.ingested.new, collected.ingested.known);
    let news = match (new, known) {
        (0, _) => "nothing new".to_owned(),
        (new, 0) => plural(new, "new report"),
        (new, known) => format!("{}, {known} known before", plural(new, "new report")),
    };
    let state = if collected.is_written {
        "written"
    } else {
        "up to date"
    };
    say!(
        " {news}.  {} {state}",
        args.output.join("index.html").display()
    );
    Ok(())
}

fn plural(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// Says in a few words what the reports are worth.
fn authenticity(campaign: &Campaign) -> String {
    if campaign.apart.is_empty() {
        return if campaign.reports.is_empty() {
            "no report"
        } else {
            "all reports authentic"
        }
        .to_owned();
    }
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for one in &campaign.apart {
        match kinds.iter_mut().find(|(kind, _)| *kind == one.kind) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => kinds.push((&one.kind, 1)),
        }
    }
    let kinds: Vec<String> = kinds
        .into_iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    format!(
        "{} authentic, kept apart: {}",
        plural(campaign.reports.len(), "report"),
        kinds.join(", ")
    )
}

fn print_apart(collected: &Collected) -> anyhow::Result<()> {
    let apart = &collected.campaign.apart;
    for one in apart.iter().take(MOST_PRINTED) {
        say!(" {:<9} {}: {}", one.kind, one.place, one.reason);
    }
    if let Some(more) = apart
        .len()
        .checked_sub(MOST_PRINTED)
        .filter(|more| *more > 0)
    {
        say!(" and {more} more, see apart.csv");
    }
    if collected.known_sticks == 0 {
        say!(
            " no receipt is known, so no report can be trusted; hint: --receipts {RECEIPTS} of whoever wrote the sticks"
        );
    }
    Ok(())
}

fn print_coverage(covered: &Covered, campaign: &Campaign) -> anyhow::Result<()> {
    let count = |coverage| covered.count(coverage);
    let expected = covered.machines.len();
    say!(
        " Of {expected} expected: {} repaired, {} healthy, {} to be visited again, {} not visited yet.  visit-list.html",
        count(Coverage::Repaired),
        count(Coverage::Healthy),
        count(Coverage::Left),
        count(Coverage::Unvisited)
    );
    let names = covered
        .unexpected
        .iter()
        .filter_map(|number| campaign.machines.get(*number));
    let names: Vec<&str> = names
        .take(MOST_PRINTED)
        .filter_map(|machine| Some(campaign.last_report(machine)?.stored.facts.name.as_str()))
        .collect();
    if !names.is_empty() {
        let more = covered.unexpected.len().saturating_sub(names.len());
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        say!(" on nobody's list: {}{more}", names.join(", "));
    }
    if !covered.twice.is_empty() {
        let names: Vec<&str> = covered
            .twice
            .iter()
            .map(String::as_str)
            .take(MOST_PRINTED)
            .collect();
        say!(" expected twice: {}", names.join(", "));
    }
    Ok(())
}
