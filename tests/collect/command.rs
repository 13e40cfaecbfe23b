//! What `mendkit collect` prints, and how it ends.

use std::process::{Command, Output};

use anyhow::Result;
use fs_err as fs;
use support::kit::{mendkit, require_builds};

use crate::bench::Bench;

fn run(bench: &Bench, arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(mendkit());
    // The receipts lie where `mendkit write` leaves them: in the current folder.
    command
        .current_dir(bench.path(""))
        .arg("collect")
        .args(arguments);
    Ok(command.output()?)
}

fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

#[test]
fn the_summary_is_that_of_the_transcript() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let bench = Bench::usual()?;
    let first = run(&bench, &["sticks", "-o", "acme/"])?;
    // Two of the affected have a failing disk, so 190 are affected and 188 repaired.
    let expected = " 213 machines: 188 repaired, 17 were healthy, 6 need a BitLocker key, 2 disks failing.  \
        4 sticks, all reports authentic.\n \
        What set the affected apart: “Scan Processes on Enable” was on for 188 of 190 affected and 1 of 17 healthy.\n \
        213 new reports.  acme/index.html written\n";
    assert_eq!(said(&first), expected);
    assert_eq!(first.status.code(), Some(0));
    let second = run(&bench, &["sticks", "-o", "acme/"])?;
    assert!(
        said(&second).ends_with(" nothing new.  acme/index.html up to date\n"),
        "{}",
        said(&second)
    );
    assert_eq!(second.status.code(), Some(0));
    Ok(())
}

#[test]
fn what_is_kept_apart_is_said_and_ends_with_1() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let bench = Bench::small()?;
    fs::remove_dir_all(bench.report_folder(0, 1)?)?;
    let output = run(&bench, &["sticks", "-o", "acme"])?;
    let said = said(&output);
    assert!(
        said.contains("11 reports authentic, kept apart: 1 missing."),
        "{said}"
    );
    assert!(
        said.contains(" missing   MK-7F3A-01: report 2 is missing\n"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(1));
    Ok(())
}

#[test]
fn without_receipts_nothing_is_trusted_and_the_hint_says_why() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let bench = Bench::small()?;
    fs::rename(&bench.made.receipts, bench.path("ledger.jsonl"))?;
    let output = run(&bench, &["sticks", "-o", "acme"])?;
    let text = said(&output);
    assert!(
        text.starts_with(" 0 machines.  0 sticks, 0 reports authentic, kept apart: 12 foreign."),
        "{text}"
    );
    assert!(text.contains("hint: --receipts receipts.jsonl"), "{text}");
    assert_eq!(output.status.code(), Some(1));
    let output = run(
        &bench,
        &["sticks", "-o", "acme", "--receipts", "ledger.jsonl"],
    )?;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let wrong = run(&bench, &["sticks", "-o", "acme", "--language", "la"])?;
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        said(&wrong).contains("language \"la\": expected one of en, fr, de, es"),
        "{}",
        said(&wrong)
    );
    Ok(())
}
