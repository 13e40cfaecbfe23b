//! The page as a browser shows it.
//!
//! With MENDKIT_KEEP_PAGES set to a folder, pictures of all views in all languages are left there.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use mendkit::collect::claims::money::parse_costs;
use mendkit::collect::collect;
use mendkit::collect::coverage::parse_expected;
use support::browser::{Browser, WINDOW};
use support::campaign::CampaignSpec;
use support::tools::{command, require_tools, run_command};

use crate::bench::Bench;

/// Languages and a word of each that the overview must have.
const LANGUAGES: [(&str, &str); 4] = [
    ("en", "machines work again"),
    ("fr", "fonctionnent à nouveau"),
    ("de", "laufen wieder"),
    ("es", "vuelven a funcionar"),
];

/// Makes the page of the usual campaign, with everything that a page may have.
fn full_bench() -> Result<Bench> {
    let bench = Bench::usual()?;
    fs::remove_dir_all(bench.report_folder(0, 4)?)?;
    let mut options = bench.options(std::slice::from_ref(&bench.made.folder))?;
    options.expected = Some(parse_expected(
        "name,serial,site,contact\nLYO-00001,,Lyon Part-Dieu,Marie Dupont\nLYO-00212,,Lyon Part-Dieu,Marie Dupont\nKÖL-00003,,Köln Messe,\n".as_bytes(),
    )?);
    options.costs = parse_costs(b"date,site,partner,currency,travel,hourly-rate\n2010-04-22,Lyon Part-Dieu,Acme SARL,EUR,120.50,60\n")?;
    collect(&options)?;
    Ok(bench)
}

fn open(page: &Path, rest: &str) -> Result<Browser> {
    let mut browser = Browser::start()?;
    browser.prefer("light")?;
    browser.open(page, rest)?;
    Ok(browser)
}

/// Waits until the details of a machine are there.
const DETAILS: &str = "new Promise((done) => { const look = () => document.querySelector('#machine code') ? done('there') : setTimeout(look, 5); look(); })";

#[test]
fn every_view_is_complete_in_four_languages_without_a_complaint() -> Result<()> {
    if !require_tools(&["chromium"]) {
        return Ok(());
    }
    let bench = full_bench()?;
    let keep = std::env::var_os("MENDKIT_KEEP_PAGES");
    let mut browser = Browser::start()?;
    for (language, word) in LANGUAGES {
        for scheme in ["light", "dark"] {
            browser.prefer(scheme)?;
            for view in [
                "overview",
                "machines",
                "disks",
                "coverage",
                "visits",
                "sticks",
                "machine/0",
            ] {
                browser.open(
                    &bench.out().join("index.html"),
                    &format!("?lang={language}#/{view}"),
                )?;
                if view == "machine/0" {
                    browser.text(DETAILS)?;
                }
                let text = browser.text("document.querySelector('main').innerText")?;
                ensure!(text.len() > 80, "{language} {view}: {text}");
                ensure!(
                    view != "overview" || text.contains(word),
                    "{language}: {text}"
                );
                ensure!(
                    !text.contains("undefined") && !text.contains("NaN") && !text.contains('{'),
                    "{language} {view}: {text}"
                );
                assert_eq!(browser.text("document.documentElement.lang")?, language);
                let overflow =
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth";
                assert_eq!(
                    browser.ask(overflow)?,
                    0,
                    "{language} {view} is wider than the window"
                );
                if let Some(keep) = &keep {
                    let name = format!("{language}-{scheme}-{}.png", view.replace('/', "-"));
                    fs::write(Path::new(keep).join(name), browser.photograph(true)?)?;
                }
            }
        }
    }
    assert_eq!(browser.complaints()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn filter_search_and_sort_do_what_they_say() -> Result<()> {
    if !require_tools(&["chromium"]) {
        return Ok(());
    }
    let bench = Bench::usual()?;
    bench.collect()?;
    let mut browser = open(&bench.out().join("index.html"), "#/machines")?;
    let shown = "document.getElementById('shown').textContent";
    assert_eq!(browser.text(shown)?, "213 of 213 machines");
    let choose = |id: &str, value: &str| {
        format!(
            "{{ const one = document.getElementById('{id}'); one.value = '{value}'; one.dispatchEvent(new Event('change')); one.dispatchEvent(new Event('input')); }} new Promise((done) => setTimeout(() => done(document.getElementById('shown').textContent), 150))"
        )
    };
    assert_eq!(
        browser.text(&choose("outcome", "needs-key"))?,
        "6 of 213 machines"
    );
    assert_eq!(browser.text(&choose("outcome", ""))?, "213 of 213 machines");
    assert_eq!(
        browser.text(&choose("search", "KOLN messe"))?,
        "43 of 213 machines"
    );
    assert_eq!(
        browser.text(&choose("search", "no such thing"))?,
        "0 of 213 machines"
    );
    assert_eq!(browser.text(&choose("search", ""))?, "213 of 213 machines");
    assert_eq!(
        browser.text(&choose("outcome", "repaired"))?,
        "188 of 213 machines"
    );
    let names = "[...document.querySelectorAll('#rows tr:not(.gap) td:nth-child(2)')].slice(0, 5).map((cell) => cell.textContent).join(' ')";
    browser.ask("document.querySelector('#head-name button').click()")?;
    assert_eq!(
        browser.text("document.getElementById('head-name').getAttribute('aria-sort')")?,
        "ascending"
    );
    let first = browser.text(names)?;
    let mut sorted: Vec<&str> = first.split(' ').collect();
    sorted.sort_unstable();
    assert_eq!(first, sorted.join(" "));
    browser.ask("document.querySelector('#head-name button').click()")?;
    assert_eq!(
        browser.text("document.getElementById('head-name').getAttribute('aria-sort')")?,
        "descending"
    );
    assert!(browser.text(names)? > first);
    // A number of the overview leads to the machines behind it.
    browser.ask("location.hash = '#/machines?outcome=disk-failing'")?;
    assert_eq!(
        browser.text(&format!(
            "new Promise((done) => setTimeout(() => done({shown}), 100))"
        ))?,
        "2 of 213 machines"
    );
    assert_eq!(browser.complaints()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_machine_has_its_health_check_finding_plan_proof_and_timings() -> Result<()> {
    if !require_tools(&["chromium"]) {
        return Ok(());
    }
    let bench = Bench::usual()?;
    let collected = bench.collect()?;
    let number = collected
        .campaign
        .machines
        .iter()
        .position(|one| one.is_affected)
        .context("none")?;
    let mut browser = open(
        &bench.out().join("index.html"),
        &format!("#/machine/{number}"),
    )?;
    browser.text(DETAILS)?;
    let text = browser.text("document.getElementById('machine').textContent")?;
    let report = collected
        .campaign
        .last_report(&collected.campaign.machines[number])
        .context("none")?;
    for part in [
        &report.stored.facts.name,
        &report.stored.facts.serial,
        &report.stored.digest.to_string(),
        &report.stored.link.stick,
        "DAT 5958.0000 is in use",
        "1 replace  DAT 5958.0000 by 5959.0000",
        "identity matches; not proven by signature",
        "Scan Processes on Enable",
        "diagnose",
        "ST380815AS",
        "5.1.2600",
    ] {
        ensure!(text.contains(part), "{part}: not in {text}");
    }
    assert_eq!(browser.complaints()?, Vec::<String>::new());
    Ok(())
}

/// Returns the pages of a PDF as text.
fn pages_of(pdf: &Path) -> Result<Vec<String>> {
    let mut convert = command("pdftotext")?;
    convert.arg("-layout").arg(pdf).arg("-");
    let text = run_command(convert)?.text();
    Ok(text
        .split('\u{c}')
        .filter(|page| !page.trim().is_empty())
        .map(str::to_owned)
        .collect())
}

#[test]
fn the_page_prints_with_every_machine_and_nothing_of_the_screen() -> Result<()> {
    if !require_tools(&["chromium", "pdftotext"]) {
        return Ok(());
    }
    let bench = Bench::usual()?;
    let collected = bench.collect()?;
    let mut browser = open(&bench.out().join("index.html"), "")?;
    let pdf = bench.path("page.pdf");
    fs::write(&pdf, browser.print()?)?;
    if let Some(keep) = std::env::var_os("MENDKIT_KEEP_PAGES") {
        fs::copy(&pdf, Path::new(&keep).join("page.pdf"))?;
    }
    let pages = pages_of(&pdf)?;
    let text = pages.join("\n");
    ensure!((4..20).contains(&pages.len()), "{} pages", pages.len());
    for machine in &collected.campaign.machines {
        let name = &collected
            .campaign
            .last_report(machine)
            .context("none")?
            .stored
            .facts
            .name;
        ensure!(text.contains(name.as_str()), "{name} is not printed");
    }
    ensure!(text.contains("What set the affected apart") && text.contains("Sticks used"));
    ensure!(
        !text.contains("Show all") && !text.contains("Print"),
        "{text}"
    );
    // The list has its heads on every page that has rows of it and nothing else.
    let listed = |page: &&String| page.matches("✔ Repaired").count() > 5;
    let with_rows: Vec<&String> = pages.iter().filter(listed).collect();
    ensure!(
        with_rows.len() > 1,
        "the list is on {} pages",
        with_rows.len()
    );
    for page in with_rows {
        ensure!(
            page.contains("Outcome") && page.contains("Took"),
            "no heads:\n{page}"
        );
    }
    // One machine alone is printed alone.
    browser.ask("location.hash = '#/machine/0'")?;
    browser.text(DETAILS)?;
    fs::write(&pdf, browser.print()?)?;
    let alone = pages_of(&pdf)?.join("\n");
    ensure!(
        alone.contains("SHA-256") && !alone.contains("Sticks used"),
        "{alone}"
    );
    Ok(())
}

#[test]
fn one_machine_is_spoken_of_in_the_singular() -> Result<()> {
    if !require_tools(&["chromium"]) {
        return Ok(());
    }
    let bench = Bench::new(&CampaignSpec {
        machines: 1,
        sticks: 1,
        sites: 1,
        programs: 2,
    })?;
    bench.collect()?;
    let mut browser = open(&bench.out().join("index.html"), "")?;
    let text = browser.text("document.body.innerText")?;
    for (one, many) in [
        ("The machine ", "1 machines"),
        (
            "The report is authentic: signed by 1 known stick,",
            "known sticks",
        ),
    ] {
        ensure!(text.contains(one) && !text.contains(many), "{text}");
    }
    Ok(())
}

#[test]
fn ten_thousand_machines_stay_smooth() -> Result<()> {
    if !require_tools(&["chromium"]) {
        return Ok(());
    }
    let spec = CampaignSpec {
        machines: 10_000,
        sticks: 50,
        sites: 14,
        programs: 8,
    };
    let bench = Bench::new(&spec)?;
    bench.collect()?;
    let page = bench.out().join("index.html");
    let size = fs::metadata(&page)?.len();
    ensure!(size < 25 << 20, "the page has {size} bytes");
    let started = Instant::now();
    let mut browser = open(&page, "#/machines")?;
    browser.resize(WINDOW)?;
    let opened = started.elapsed();
    assert_eq!(
        browser.text("document.getElementById('shown').textContent")?,
        "10,000 of 10,000 machines"
    );
    // Only what can be seen is in the document, wherever one scrolls to.
    let rows = "document.querySelectorAll('#rows tr').length";
    ensure!(
        browser
            .ask(rows)?
            .as_u64()
            .is_some_and(|rows| (10..120).contains(&rows))
    );
    let measure = "(async () => { const list = document.getElementById('list'), times = []; \
        for (let step = 0; step < 40; step++) { const start = performance.now(); list.scrollTop = step * 9000; \
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); times.push(performance.now() - start); } \
        times.sort((one, other) => one - other); return [times[20], document.querySelectorAll('#rows tr').length, list.scrollHeight]; })()";
    let scrolled = browser.ask(measure)?;
    let middle = scrolled[0].as_f64().context("no time")?;
    ensure!(
        scrolled[1].as_u64().is_some_and(|rows| rows < 120),
        "{scrolled}"
    );
    ensure!(
        scrolled[2].as_u64().is_some_and(|height| height > 360_000),
        "{scrolled}"
    );
    let sort = "(() => { const start = performance.now(); document.querySelector('#head-name button').click(); return performance.now() - start; })()";
    let sorted = browser.ask(sort)?.as_f64().context("no time")?;
    let search = "(() => { const start = performance.now(); const one = document.getElementById('search'); one.value = 'optiplex lyon'; \
        document.getElementById('outcome').dispatchEvent(new Event('change')); return performance.now() - start; })()";
    let searched = browser.ask(search)?.as_f64().context("no time")?;
    let said = format!(
        "opened in {opened:?}, half of the scrolls within {middle:.0} ms, sorted in {sorted:.0} ms, searched in {searched:.0} ms"
    );
    // Far above what was measured on a busy machine, far below what a person would call stuck.
    ensure!(
        middle < 250.0 && sorted < 1500.0 && searched < 1500.0,
        "{said}"
    );
    browser.ask("location.hash = '#/machine/9999'")?;
    browser.text(DETAILS)?;
    assert_eq!(browser.complaints()?, Vec::<String>::new());
    Ok(())
}
