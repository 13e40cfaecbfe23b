//! What is left to do, and what visits cost.

use anyhow::{Context as _, Result};
use mendkit::collect::claims::money::{Amount, parse_costs};
use mendkit::collect::collect;
use mendkit::collect::coverage::{Coverage, parse_expected};
use mendkit::collect::outcome::Outcome;
use support::tools::{command, require_tools, run_command};

use crate::bench::Bench;

#[test]
fn every_expected_machine_is_repaired_healthy_or_left() -> Result<()> {
    let bench = Bench::usual()?;
    let first = bench.collect()?;
    let name = |outcome: Outcome| {
        let machine = first
            .campaign
            .machines
            .iter()
            .find(|one| one.outcome == outcome);
        let report = machine.and_then(|machine| first.campaign.last_report(machine));
        report
            .map(|report| report.stored.facts.clone())
            .context("no such machine")
    };
    let (repaired, healthy, locked) = (
        name(Outcome::Repaired)?,
        name(Outcome::Healthy)?,
        name(Outcome::NeedsKey)?,
    );
    let list = format!(
        "Name;Serial;Site;Contact\n{};;Lyon;Marie\nother name;{};Lyon;Marie\n;{};Köln;\nNEVER-SEEN;;Köln;Jürgen\nnever-seen;;Köln;\n",
        repaired.name.to_lowercase(),
        healthy.serial,
        locked.serial
    );
    let mut options = bench.options(std::slice::from_ref(&bench.made.folder))?;
    options.expected = Some(parse_expected(list.as_bytes())?);
    options.language = "de".to_owned();
    let collected = collect(&options)?;
    assert!(collected.is_written);
    let covered = collected.covered.as_ref().context("no coverage")?;
    let states: Vec<_> = covered.machines.iter().map(|one| one.coverage).collect();
    assert_eq!(
        states,
        [
            Coverage::Unvisited,
            Coverage::Unvisited,
            Coverage::Left,
            Coverage::Repaired,
            Coverage::Healthy
        ]
    );
    assert_eq!(covered.unexpected.len(), 210);
    assert_eq!(covered.twice, ["never-seen"]);
    let table = bench.read("coverage.csv")?;
    assert!(
        table.contains("\"NEVER-SEEN\",\"\",\"Köln\",\"Jürgen\",\"not visited\",\"\",\"\""),
        "{table}"
    );
    let list = bench.read("visit-list.html")?;
    assert!(list.contains("<h1>Köln</h1>") && !list.contains("<h1>Lyon</h1>"));
    assert!(list.contains("Schlüssel nötig") && list.contains("noch nicht besucht"));
    Ok(())
}

#[test]
fn visits_are_traced_to_signed_reports_and_costs_add_up() -> Result<()> {
    let bench = Bench::usual()?;
    let first = bench.collect()?;
    let visit = first.claims.visits.first().context("no visit")?;
    let (day, site) = (visit.day.clone(), visit.site.clone());
    let minutes = visit.minutes_on_site().context("no minutes")?;
    let repaired = visit.machines_by_outcome[Outcome::Repaired.index()];
    assert!(minutes > 0 && repaired > 0);
    let table = format!(
        "date,site,partner,currency,travel,expenses,hourly-rate,repair-rate\n\
         {day},{site},Acme SARL,EUR,120.50,8,60,\"4,50\"\n2010-04-22,Atlantis,Acme SARL,EUR,999,,,\n{day},{site},Acme SARL,EUR,120.50,,,\n"
    );
    let mut options = bench.options(std::slice::from_ref(&bench.made.folder))?;
    options.costs = parse_costs(table.as_bytes())?;
    let collected = collect(&options)?;
    let claims = &collected.claims;
    let costs = claims.visits[0].costs.as_ref().context("no costs")?;
    assert_eq!(costs.labour, Amount(minutes * 100));
    assert_eq!(costs.repairs, Amount(i64::try_from(repaired)? * 450));
    assert_eq!(
        costs.total,
        Amount(12_050 + 800).plus(costs.labour).plus(costs.repairs)
    );
    assert_eq!(claims.totals.len(), 1);
    assert_eq!(claims.not_borne_out.len(), 2, "{:?}", claims.not_borne_out);
    assert!(
        claims.not_borne_out[0].contains("line 3: 2010-04-22, Atlantis has no authentic report")
    );
    assert!(claims.not_borne_out[1].contains("has costs already"));
    // Every report is behind exactly one visit, and named with its digest.
    let evidence = bench.read("claims-evidence.csv")?;
    assert_eq!(evidence.lines().count(), 1 + 213);
    for report in &collected.campaign.reports {
        assert_eq!(
            evidence.matches(&report.stored.digest.to_string()).count(),
            1
        );
    }
    let machines: usize = claims.visits.iter().map(|visit| visit.machines).sum();
    assert_eq!(machines, 213);
    let page = bench.read("claims.html")?;
    assert_eq!(page.matches("<section>").count(), 1 + claims.visits.len());
    assert!(page.contains(&costs.total.to_string()) && page.contains("Atlantis"));
    Ok(())
}

#[test]
fn claims_print_a_page_a_visit() -> Result<()> {
    if !require_tools(&["chromium", "pdftotext"]) {
        return Ok(());
    }
    let bench = Bench::small()?;
    let collected = bench.collect()?;
    let mut browser = support::browser::Browser::start()?;
    browser.open(&bench.out().join("claims.html"), "")?;
    let pdf = bench.path("claims.pdf");
    fs_err::write(&pdf, browser.print()?)?;
    let mut convert = command("pdftotext")?;
    convert.arg("-layout").arg(&pdf).arg("-");
    let text = run_command(convert)?.text();
    let pages: Vec<&str> = text
        .split('\u{c}')
        .filter(|page| !page.trim().is_empty())
        .collect();
    assert_eq!(pages.len(), collected.claims.visits.len(), "{text}");
    for (page, visit) in pages.iter().zip(&collected.claims.visits) {
        assert!(
            page.contains(&visit.site) && page.contains(&visit.technician),
            "{page}"
        );
    }
    assert_eq!(browser.complaints()?, Vec::<String>::new());
    Ok(())
}
