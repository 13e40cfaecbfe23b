//! Reports, archives and volumes that are made to break the page, the tables or the machine.

use std::io::{Cursor, Write as _};
use std::path::Path;

use anyhow::{Result, ensure};
use fs_err as fs;
use mendkit::collect::{Collected, collect};
use rescue_stick::report::Report;
use rescue_stick::report::line::Line;
use support::browser::Browser;
use support::campaign::{CampaignSpec, report_of};
use support::tools::{require_tools, run};

use crate::bench::{Bench, apart};

/// Texts that would be markup, scripts, formulas, paths or commands to somebody.
const TEXTS: [&str; 8] = [
    "</script><script>window.broken=1</script>",
    "<img src=x onerror=\"window.broken=1\">",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "-2+3",
    "../../../../etc/cron.d/evil",
    "\u{202e}\u{1b}[2Jtxt.exe\t{{model}}",
];

/// Returns a signed report whose every text is hostile.
fn hostile_report(pattern: &Report, text: &str, number: usize) -> Report {
    let mut report = report_of(pattern, number, &CampaignSpec::default());
    let own = format!("{text} {number}");
    report.run = format!("20100422T10{number:02}00Z-x");
    report.machine.vendor = Some(own.clone());
    report.machine.model = Some(own.clone());
    report.machine.serial = Some(own.clone());
    report.notes = vec![own.clone()];
    report.visit.site = Some(Line::clean(text));
    report.visit.technician = Some(Line::clean(text));
    report.visit.ticket = Some(Line::clean(text));
    for installation in &mut report.installations {
        installation.computer = Some(own.clone());
        installation.windows.clone_from(&own);
        installation.products = vec![own.clone()];
        installation.plan = Some(own.clone());
        installation.remedy = Some(own.clone());
        for finding in &mut installation.findings {
            finding.id.clone_from(&own);
            finding.text.clone_from(&own);
        }
    }
    for windows in &mut report.health.installations {
        windows.computer = Some(Line::clean(text));
        for product in &mut windows.products {
            product.name = Line::clean(text);
        }
    }
    report
}

fn hostile_bench() -> Result<(Bench, Collected)> {
    let mut bench = Bench::small()?;
    let pattern = Report::parse(&fs::read_to_string(
        bench.report_folder(0, 0)?.join("report.json"),
    )?)?;
    for (number, text) in TEXTS.into_iter().enumerate() {
        bench.made.sticks[0].add(hostile_report(&pattern, text, 20 + number))?;
    }
    bench.made.sticks[0].finish()?;
    let mut options = bench.options(std::slice::from_ref(&bench.made.folder))?;
    options.title = Some(TEXTS.join(" "));
    let list = TEXTS
        .map(|text| format!("\"{}\",{0}\r\n", text.replace('"', "\"\"")))
        .concat();
    options.expected = Some(mendkit::collect::coverage::parse_expected(
        format!("name,site\r\n{list}").as_bytes(),
    )?);
    let collected = collect(&options)?;
    Ok((bench, collected))
}

#[test]
fn texts_of_reports_are_no_markup_and_no_script_on_any_page() -> Result<()> {
    if !require_tools(&["chromium"]) {
        return Ok(());
    }
    let (bench, collected) = hostile_bench()?;
    assert_eq!(collected.campaign.machines.len(), 12 + TEXTS.len());
    let mut browser = Browser::start()?;
    for page in ["index.html", "claims.html", "visit-list.html"] {
        browser.open(&bench.out().join(page), "")?;
        assert_eq!(browser.ask("String(window.broken)")?, "undefined", "{page}");
        assert_eq!(browser.ask("document.images.length")?, 0, "{page}");
    }
    browser.open(&bench.out().join("index.html"), "#/machines")?;
    for at in 0..collected.campaign.machines.len() {
        browser.ask(&format!("location.hash = '#/machine/{at}'"))?;
        let heading = "new Promise((done) => { const look = () => document.querySelector('#machine pre, #machine .good') ? done(document.querySelector('#machine h2').textContent) : setTimeout(look, 5); look(); })";
        let name = browser.text(heading)?;
        ensure!(!name.is_empty(), "machine {at} has no name");
    }
    assert_eq!(browser.ask("String(window.broken)")?, "undefined");
    let names = browser
        .text("JSON.parse(document.getElementById('model').textContent).strings.join('\\n')")?;
    assert!(
        names.contains("</script><script>window.broken=1</script> 20"),
        "{names}"
    );
    assert!(!names.contains('\u{202e}') && !names.contains('\u{1b}'));
    assert_eq!(browser.complaints()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn no_field_of_any_table_is_a_formula() -> Result<()> {
    let (bench, _) = hostile_bench()?;
    for name in [
        "machines.csv",
        "apart.csv",
        "claims.csv",
        "claims-evidence.csv",
        "coverage.csv",
    ] {
        let text = bench.read(name)?;
        let mut reader =
            csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let mut rows = 0;
        for record in reader.records() {
            for field in &record? {
                ensure!(
                    !field.starts_with(['=', '+', '-', '@', '\t', '\r', '|']),
                    "{name}: {field}"
                );
            }
            rows += 1;
        }
        assert!(rows > 0 || name == "apart.csv", "{name}");
    }
    Ok(())
}

#[test]
fn no_name_in_a_report_becomes_a_path() -> Result<()> {
    let (bench, _) = hostile_bench()?;
    let said = run(
        "find",
        &[
            bench.out().display().to_string(),
            "-type".to_owned(),
            "f".to_owned(),
        ],
    )?
    .text();
    let root = format!("{}/", bench.out().display());
    let mut files: Vec<String> = said.lines().map(|line| line.replace(&root, "")).collect();
    files.sort();
    let sqlite = files
        .iter()
        .filter(|name| name.starts_with("collected.sqlite"))
        .count();
    files.retain(|name| !name.starts_with("collected.sqlite"));
    assert!(sqlite >= 1);
    assert_eq!(
        files,
        [
            "apart.csv",
            "claims-evidence.csv",
            "claims.csv",
            "claims.html",
            "coverage.csv",
            "index.html",
            "machines.csv",
            "machines.jsonl",
            "parquet/disks/disks.parquet",
            "parquet/factors/factors.parquet",
            "parquet/facts/facts.parquet",
            "parquet/machines/machines.parquet",
            "parquet/reports/reports.parquet",
            "visit-list.html",
        ]
    );
    Ok(())
}

/// Puts a file in the place of a report, signed by its stick.
fn replace_report(bench: &Bench, number: usize, bytes: &[u8]) -> Result<()> {
    let folder = bench.report_folder(0, number)?;
    fs::write(folder.join("report.json"), bytes)?;
    fs::write(
        folder.join("report.json.minisig"),
        bench.made.sticks[0].identity.sign(bytes),
    )?;
    Ok(())
}

#[test]
fn huge_deep_and_wrong_reports_are_named_even_if_they_are_signed() -> Result<()> {
    let bench = Bench::small()?;
    let text = fs::read_to_string(bench.report_folder(0, 0)?.join("report.json"))?;
    replace_report(&bench, 0, &vec![b' '; 3 << 20])?;
    let deep = format!("{{\"schema\": 2, \"run\": {}", "[".repeat(500_000));
    replace_report(&bench, 1, deep.as_bytes())?;
    replace_report(
        &bench,
        2,
        text.replace("\"schema\": 2", "\"schema\": 77").as_bytes(),
    )?;
    replace_report(
        &bench,
        3,
        text.replace("\"took-ms\"", "\"took-for-ever\"").as_bytes(),
    )?;
    replace_report(&bench, 4, b"\xff\xfe\x00{}")?;
    let numbers = text.replacen("\"took-ms\": ", "\"took-ms\": 1e999", 1);
    replace_report(&bench, 5, numbers.as_bytes())?;
    let collected = bench.collect()?;
    let lines = apart(&collected, &bench.made.folder);
    assert_eq!(collected.campaign.machines.len(), 6, "{lines:?}");
    let all = lines.join("\n");
    assert_eq!(all.matches("unreadable MK-7F3A-01").count(), 5, "{all}");
    assert!(all.contains("left-out MK-7F3A-01/reports/000001"), "{all}");
    assert!(
        all.contains("a report of more than 2097152 bytes, expected at most that"),
        "{all}"
    );
    assert!(
        all.contains("schema is 77, this version reads 1 to 2"),
        "{all}"
    );
    assert!(all.contains("EOF while parsing a list"), "{all}");
    assert!(all.contains("took-for-ever"), "{all}");
    assert!(all.contains("reports 1 to 6 are missing"), "{all}");
    Ok(())
}

#[test]
fn links_are_not_followed_and_deep_folders_end() -> Result<()> {
    let bench = Bench::small()?;
    let folder = bench.report_folder(0, 0)?;
    let report = folder.join("report.json");
    let elsewhere = bench.path("elsewhere.json");
    fs::rename(&report, &elsewhere)?;
    fs::os::unix::fs::symlink(&elsewhere, &report)?;
    fs::os::unix::fs::symlink(&bench.made.folder, bench.made.folder.join("loop"))?;
    let deep = bench.made.folder.join("d/".repeat(40));
    fs::create_dir_all(&deep)?;
    let collected = bench.collect()?;
    let lines = apart(&collected, &bench.made.folder).join("\n");
    assert_eq!(collected.campaign.machines.len(), 11, "{lines}");
    assert!(lines.contains(": a link, expected a file"), "{lines}");
    assert!(
        lines.contains("folders within folders, expected at most 16"),
        "{lines}"
    );
    Ok(())
}

fn zip_of(path: &Path, members: &[(&str, &[u8])]) -> Result<()> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in members {
        zip.start_file(*name, options)?;
        zip.write_all(bytes)?;
    }
    fs::write(path, zip.finish()?.into_inner())?;
    Ok(())
}

#[test]
fn a_zip_bomb_goes_off_in_nobodys_hands() -> Result<()> {
    let bench = Bench::small()?;
    // Sixty times almost the longest report that is read, 120 MB out of some 120 kB.
    let spaces = vec![b' '; (2 << 20) - 1];
    let names: Vec<String> = (0..60)
        .map(|number| format!("{number}/report.json"))
        .collect();
    let members: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), spaces.as_slice()))
        .collect();
    let bomb = bench.path("bomb.zip");
    zip_of(&bomb, &members)?;
    assert!(fs::metadata(&bomb)?.len() < 200_000);
    let one = bench.path("one.zip");
    zip_of(&one, &[("report.json", &vec![b' '; 64 << 20])])?;
    let torn = bench.path("torn.zip");
    let bytes = fs::read(&bomb)?;
    fs::write(&torn, &bytes[..bytes.len() / 2])?;
    let collected = collect(&bench.options(&[bomb, one, torn, bench.made.folder.clone()])?)?;
    let lines = apart(&collected, &bench.made.folder).join("\n");
    assert_eq!(collected.campaign.machines.len(), 12);
    assert!(
        lines.contains("bomb.zip: unpacks to more than 100 times its size, expected reports"),
        "{lines}"
    );
    assert!(
        lines.contains("one.zip: report.json: a report of more than 2097152 bytes"),
        "{lines}"
    );
    assert!(lines.contains("torn.zip: not a whole zip"), "{lines}");
    Ok(())
}

#[test]
fn paths_in_a_zip_lead_nowhere() -> Result<()> {
    let bench = Bench::small()?;
    let folder = bench.report_folder(0, 0)?;
    let (report, signature) = (
        fs::read(folder.join("report.json"))?,
        fs::read(folder.join("report.json.minisig"))?,
    );
    let zip = bench.path("tricks.zip");
    zip_of(
        &zip,
        &[
            ("../../../../../../tmp/mendkit-evil/report.json", &report),
            (
                "../../../../../../tmp/mendkit-evil/report.json.minisig",
                &signature,
            ),
            ("C:\\Windows\\report.json", b"{}"),
            ("/etc/report.json", b"[]"),
        ],
    )?;
    let collected = collect(&bench.options(&[zip])?)?;
    assert_eq!(collected.campaign.machines.len(), 1);
    assert!(!Path::new("/tmp/mendkit-evil").exists());
    let lines = apart(&collected, &bench.made.folder).join("\n");
    assert_eq!(lines.matches("unreadable").count(), 2, "{lines}");
    Ok(())
}

#[test]
fn a_volume_whose_folders_go_in_a_circle_ends() -> Result<()> {
    if !require_tools(&["mkfs.fat", "mmd"]) {
        return Ok(());
    }
    let bench = Bench::small()?;
    let image = bench.path("circle.img");
    fs::write(&image, Vec::new())?;
    fs::OpenOptions::new()
        .write(true)
        .open(&image)?
        .set_len(40 << 20)?;
    let path = image.display().to_string();
    run("mkfs.fat", &["-F", "32", "-s", "1", &path])?;
    run("mmd", &["-i", &path, "::reports", "::reports/a"])?;
    let mut bytes = fs::read(&image)?;
    let number = |at: usize| usize::from(bytes[at]) | usize::from(bytes[at + 1]) << 8;
    let (reserved, fats) = (number(14), usize::from(bytes[16]));
    let fat_size = number(36) | number(38) << 16;
    let data = (reserved + fats * fat_size) * 512;
    // Cluster 3 is `reports`, 4 is `reports/a`: let `a` lead to `reports`, and the chain of `reports` to itself.
    let entry = (0..16)
        .map(|at| data + 512 + at * 32)
        .find(|at| bytes[*at] == b'A')
        .unwrap();
    bytes[entry + 26] = 3;
    for fat in 0..fats {
        bytes[(reserved + fat * fat_size) * 512 + 12..][..4].copy_from_slice(&[3, 0, 0, 0]);
    }
    fs::write(&image, bytes)?;
    let collected = collect(&bench.options(&[image])?)?;
    let lines = apart(&collected, &bench.made.folder).join("\n");
    assert!(lines.contains("expected at most"), "{lines}");
    assert!(collected.campaign.machines.is_empty());
    Ok(())
}
