//! Authenticity: what is not as a stick signed it does not count, and never vanishes either.

use anyhow::Result;
use fs_err as fs;
use mendkit::collect::collect;
use rescue_stick::report::Report;
use support::campaign::{CampaignSpec, MadeStick, report_of};
use support::tools::run;

use crate::bench::{Bench, apart, copy_folder, outcomes};

#[test]
fn the_campaign_of_the_transcript_is_all_authentic() -> Result<()> {
    let bench = Bench::usual()?;
    let collected = bench.collect()?;
    assert_eq!(
        outcomes(&collected),
        "188 repaired, 17 were healthy, 6 need a BitLocker key, 2 disks failing"
    );
    assert_eq!(apart(&collected, &bench.made.folder), Vec::<String>::new());
    assert_eq!(collected.campaign.sticks.len(), 4);
    assert!(
        collected
            .campaign
            .sticks
            .iter()
            .all(|stick| stick.is_unbroken)
    );
    Ok(())
}

#[test]
fn collecting_twice_adds_nothing_and_writes_nothing() -> Result<()> {
    let bench = Bench::usual()?;
    let first = bench.collect()?;
    assert_eq!(
        (first.ingested.new, first.ingested.known, first.is_written),
        (213, 0, true)
    );
    let page = bench.read("index.html")?;
    let made = fs::metadata(bench.out().join("index.html"))?.modified()?;
    let second = bench.collect()?;
    assert_eq!(
        (
            second.ingested.new,
            second.ingested.known,
            second.is_written
        ),
        (0, 213, false)
    );
    assert!(!second.ingested.has_changed);
    assert_eq!(
        fs::metadata(bench.out().join("index.html"))?.modified()?,
        made
    );
    assert_eq!(second.campaign.machines.len(), 213);
    // From the same reports in another folder the page is the same, to the byte.
    let mut options = bench.options(std::slice::from_ref(&bench.made.folder))?;
    options.folder = bench.path("other");
    options.threads = 1;
    collect(&options)?;
    assert!(fs::read_to_string(bench.path("other/index.html"))? == page);
    Ok(())
}

#[test]
fn an_edited_report_is_named_and_does_not_count() -> Result<()> {
    let bench = Bench::small()?;
    let file = bench.report_folder(0, 2)?.join("report.json");
    let text = fs::read_to_string(&file)?;
    fs::write(&file, text.replace("\"took-ms\"", " \"took-ms\""))?;
    let collected = bench.collect()?;
    assert_eq!(collected.campaign.machines.len(), 11);
    let lines = apart(&collected, &bench.made.folder);
    assert_eq!(lines.len(), 2, "{lines:?}");
    // Without it there is a gap in the chain as well.
    assert_eq!(lines[0], "missing MK-7F3A-01: report 3 is missing");
    assert!(
        lines[1].starts_with("edited MK-7F3A-01/reports/000003-"),
        "{}",
        lines[1]
    );
    assert!(
        lines[1].ends_with(": changed after it was signed, by stick MK-7F3A-01"),
        "{}",
        lines[1]
    );
    assert!(bench.read("apart.csv")?.contains("\"edited\""));
    // The true one comes back from a copy: the edited one stays named, the gap is closed.
    fs::write(&file, text)?;
    let collected = bench.collect()?;
    assert_eq!(
        (collected.campaign.machines.len(), collected.ingested.new),
        (12, 1)
    );
    let kinds: Vec<_> = collected
        .campaign
        .apart
        .iter()
        .map(|one| one.kind.as_str())
        .collect();
    assert_eq!(kinds, ["edited"]);
    Ok(())
}

#[test]
fn a_report_that_another_key_signed_is_forged() -> Result<()> {
    let bench = Bench::small()?;
    let folder = bench.report_folder(0, 0)?;
    let text = fs::read(folder.join("report.json"))?;
    let stranger = MadeStick::begin(&bench.path("stranger"), 77)?;
    fs::write(
        folder.join("report.json.minisig"),
        stranger.identity.sign(&text),
    )?;
    // And one that a known stick signed in the name of another.
    let folder = bench.report_folder(0, 1)?;
    let text = fs::read(folder.join("report.json"))?;
    let other = &bench.made.sticks[1].identity;
    fs::write(folder.join("report.json.minisig"), other.sign(&text))?;
    let collected = bench.collect()?;
    let lines = apart(&collected, &bench.made.folder).join("\n");
    assert_eq!(collected.campaign.machines.len(), 10, "{lines}");
    assert_eq!(
        lines.matches("forged MK-7F3A-01/reports/").count(),
        2,
        "{lines}"
    );
    assert!(
        lines.contains("says that it is from stick MK-7F3A-01, but another key signed it"),
        "{lines}"
    );
    assert!(lines.contains("reports 1 to 2 are missing"), "{lines}");
    Ok(())
}

#[test]
fn an_unsigned_report_does_not_count() -> Result<()> {
    let bench = Bench::small()?;
    fs::remove_file(bench.report_folder(1, 5)?.join("report.json.minisig"))?;
    let collected = bench.collect()?;
    let lines = apart(&collected, &bench.made.folder).join("\n");
    assert_eq!(collected.campaign.machines.len(), 11, "{lines}");
    assert!(
        lines.contains("unsigned MK-7F3A-02/reports/000006-"),
        "{lines}"
    );
    // The head record still knows that the last one is not there.
    assert!(
        lines.contains("missing MK-7F3A-02: report 6 is missing"),
        "{lines}"
    );
    Ok(())
}

#[test]
fn missing_reports_show_in_the_middle_and_at_the_end() -> Result<()> {
    let bench = Bench::small()?;
    fs::remove_dir_all(bench.report_folder(0, 1)?)?;
    fs::remove_dir_all(bench.report_folder(1, 5)?)?;
    let collected = bench.collect()?;
    let lines = apart(&collected, &bench.made.folder);
    assert_eq!(
        lines,
        [
            "missing MK-7F3A-01: report 2 is missing",
            "missing MK-7F3A-02: report 6 is missing"
        ]
    );
    let unbroken: Vec<_> = collected
        .campaign
        .sticks
        .iter()
        .map(|stick| stick.is_unbroken)
        .collect();
    assert_eq!(unbroken, [false, false]);
    Ok(())
}

#[test]
fn a_stick_of_which_all_reports_are_gone_is_named() -> Result<()> {
    let bench = Bench::small()?;
    fs::remove_dir_all(bench.made.sticks[1].folder.join("reports"))?;
    let collected = bench.collect()?;
    let lines = apart(&collected, &bench.made.folder);
    assert_eq!(lines, ["missing MK-7F3A-02: reports 1 to 6 are missing"]);
    Ok(())
}

#[test]
fn reports_of_a_copied_stick_count_once_and_the_rest_is_doubled() -> Result<()> {
    let mut bench = Bench::small()?;
    let spec = CampaignSpec::default();
    let pattern = Report::parse(&fs::read_to_string(
        bench.report_folder(0, 0)?.join("report.json"),
    )?)?;
    // A copy of stick 1 goes its own way: both make a report 7.
    let copied = bench.path("copied");
    copy_folder(&bench.made.sticks[0].folder, &copied)?;
    let mut twin = MadeStick::begin(&bench.path("twin"), 1)?;
    twin.head = bench.made.sticks[0].head.clone();
    twin.folder = copied.clone();
    twin.add(report_of(&pattern, 500, &spec))?;
    let stick = &mut bench.made.sticks[0];
    stick.add(report_of(&pattern, 600, &spec))?;
    stick.add(report_of(&pattern, 601, &spec))?;
    stick.finish()?;
    let options = bench.options(&[bench.made.folder.clone(), copied])?;
    let collected = collect(&options)?;
    let kinds: Vec<_> = collected
        .campaign
        .apart
        .iter()
        .map(|one| one.kind.as_str())
        .collect();
    let doubled: Vec<_> = collected
        .campaign
        .apart
        .iter()
        .filter(|one| one.kind == "doubled")
        .collect();
    assert_eq!(
        kinds.iter().filter(|kind| **kind == "copied").count(),
        6,
        "{kinds:?}"
    );
    assert!(
        doubled
            .iter()
            .any(|one| one.reason.contains("report 7 is there 2 times")),
        "{doubled:?}"
    );
    // The one that report 8 follows counts.
    let apart = doubled.iter().find(|one| one.digest.is_some()).unwrap();
    assert!(apart.place.contains("/copied/reports/000007-"), "{apart:?}");
    assert_eq!(collected.campaign.machines.len(), 14);
    let again = collect(&options)?;
    assert_eq!(again.campaign.apart.len(), collected.campaign.apart.len());
    assert!(!again.is_written);
    Ok(())
}

#[test]
fn a_foreign_stick_is_kept_apart_until_its_receipt_comes() -> Result<()> {
    let bench = Bench::small()?;
    let mut options = bench.options(std::slice::from_ref(&bench.made.folder))?;
    let all = std::mem::take(&mut options.keys);
    options.keys = all[..1].to_vec();
    let collected = collect(&options)?;
    assert_eq!(collected.campaign.machines.len(), 6);
    assert_eq!(collected.campaign.apart.len(), 6);
    let reason = "from MK-7F3A-02, of which there is no receipt";
    assert!(
        collected
            .campaign
            .apart
            .iter()
            .all(|one| one.kind == "foreign" && one.reason == reason)
    );
    options.keys = all;
    let collected = collect(&options)?;
    assert_eq!(
        (
            collected.campaign.machines.len(),
            collected.campaign.apart.len()
        ),
        (12, 0)
    );
    // The key stays known: a later collection need not name the receipts again.
    options.keys = Vec::new();
    assert_eq!(collect(&options)?.campaign.machines.len(), 12);
    Ok(())
}

#[test]
fn a_campaign_grows_and_sticks_may_be_emptied_in_between() -> Result<()> {
    let mut bench = Bench::small()?;
    bench.collect()?;
    let stick = &mut bench.made.sticks[0];
    let pattern = fs::read_dir(stick.folder.join("reports"))?
        .next()
        .unwrap()?
        .path()
        .join("report.json");
    let pattern = Report::parse(&fs::read_to_string(pattern)?)?;
    fs::remove_dir_all(stick.folder.join("reports"))?;
    stick.add(report_of(&pattern, 700, &CampaignSpec::default()))?;
    stick.finish()?;
    let collected = bench.collect()?;
    assert_eq!(
        (collected.campaign.machines.len(), collected.ingested.new),
        (13, 1)
    );
    assert!(
        collected.campaign.apart.is_empty(),
        "{:?}",
        collected.campaign.apart
    );
    Ok(())
}

#[test]
fn minisign_agrees_on_what_is_kept() -> Result<()> {
    if !support::tools::require_tools(&["minisign", "sqlite3"][..1]) {
        return Ok(());
    }
    let bench = Bench::small()?;
    let folder = bench.report_folder(0, 0)?;
    let key = bench.made.sticks[0]
        .identity
        .public_key()
        .base64()
        .to_owned();
    let report = folder.join("report.json").display().to_string();
    let said = run("minisign", &["-V", "-P", &key, "-m", &report])?.text();
    assert!(
        said.contains("Signature and comment signature verified"),
        "{said}"
    );
    assert_eq!(
        bench.collect()?.campaign.reports[0]
            .stored
            .digest
            .to_string(),
        support::tools::sha256_hex(&fs::read(report)?)
    );
    Ok(())
}
