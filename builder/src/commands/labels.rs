//! `mendkit labels`: sheets of labels for written sticks.

use std::collections::BTreeMap;

use anyhow::Context as _;
use fs_err as fs;

use super::Outcome;
use crate::cli::LabelsArgs;
use crate::stick::labels::{ALL_LABEL_SHEETS, Label, find_sheet, labels_page};
use crate::stick::receipts::{Ledger, StickVerdict, read_ledger};

/// Makes the page of labels.
pub fn run(args: &LabelsArgs) -> anyhow::Result<Outcome> {
    let sheet = find_sheet(&args.label_sheet).with_context(|| {
        let names = ALL_LABEL_SHEETS.map(|sheet| sheet.name).join(", ");
        format!(
            "label sheet {:?}: expected one of {names}",
            args.label_sheet
        )
    })?;
    fs::metadata(&args.receipts).context("reading the receipts")?;
    let ledger = read_ledger(&args.receipts).context("reading the receipts")?;
    if let Some(problem) = ledger.problems.first() {
        anyhow::bail!("{}: {problem}", args.receipts.display());
    }
    let labels = chosen_labels(&ledger, &args.stick)?;
    anyhow::ensure!(
        !labels.is_empty(),
        "{}: no good stick, expected one at least",
        args.receipts.display()
    );
    let page = labels_page(&labels, &sheet, args.skip)?;
    fs::write(&args.output, page).context("writing the labels")?;
    let count = labels.len();
    let s = if count == 1 { "" } else { "s" };
    say!(
        " labels    {}  {count} label{s} for sheets of {} x {} mm; print at 100 %, without margins",
        args.output.display(),
        sheet.width,
        sheet.height
    );
    Ok(Outcome::Done)
}

/// Returns the labels of the good sticks in the order of their ids; of a stick that was written twice, the
/// last counts.
fn chosen_labels(ledger: &Ledger, wanted: &[String]) -> anyhow::Result<Vec<Label>> {
    let mut labels = BTreeMap::new();
    for receipt in &ledger.receipts {
        let Some(stick) = &receipt.stick else {
            continue;
        };
        match receipt.verdict {
            StickVerdict::Good => {
                let (stick, image) = (stick.clone(), receipt.image.clone());
                labels.insert(stick.clone(), Label { stick, image });
            }
            StickVerdict::Bad => {
                labels.remove(stick);
            }
        }
    }
    if let Some(stick) = wanted.iter().find(|stick| !labels.contains_key(*stick)) {
        anyhow::bail!("{stick}: no receipt says that it is good");
    }
    let is_wanted = |label: &Label| wanted.is_empty() || wanted.contains(&label.stick);
    Ok(labels.into_values().filter(is_wanted).collect())
}
