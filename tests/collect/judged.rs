//! Someone else judges: SciPy the statistics, DuckDB the tables and the queries that are documented.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use mendkit::collect::factors::fisher::{LogFactorials, Table};
use support::random::Random;
use support::tools::{require_tools, run_command, target_folder, with_lock};

use crate::bench::Bench;

/// Releases of the judges, pinned so that their answers do not change by themselves.
const JUDGES: [&str; 2] = ["scipy==1.17.1", "duckdb==2.0.1"];

/// Returns a Python with the judges, which is installed once into the target folder by pip, hence needs a
/// network the first time.
fn python() -> Result<PathBuf> {
    let folder = target_folder().join("tools/collect-judges");
    let program = folder.join("bin/python");
    let done = folder.join("complete");
    let are_wanted = || fs::read_to_string(&done).is_ok_and(|found| found == JUDGES.join(" "));
    with_lock(&target_folder().join("tools/collect-judges.lock"), || {
        if !are_wanted() {
            let mut make = Command::new("python3");
            make.args(["-m", "venv"]).arg(&folder);
            run_command(make)?;
            let mut pip = Command::new(folder.join("bin/pip"));
            pip.args(["--quiet", "--disable-pip-version-check", "install"])
                .args(JUDGES);
            run_command(pip).context("installing scipy and duckdb")?;
            fs::write(&done, JUDGES.join(" "))?;
        }
        Ok(program)
    })
}

fn ask(script: &str, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(python()?);
    command.arg("-c").arg(script).args(arguments);
    Ok(run_command(command)?.text())
}

#[test]
fn scipy_agrees_on_fishers_exact_test() -> Result<()> {
    if !require_tools(&["python3"]) {
        return Ok(());
    }
    let mut random = Random::from_text("fisher");
    let mut number =
        |most: u32| u32::try_from(random.next_number() % u64::from(most + 1)).unwrap_or_default();
    let mut tables = vec![
        [186, 188, 1, 17],
        [0, 0, 0, 0],
        [5, 5, 0, 0],
        [0, 9, 9, 9],
        [1, 1, 0, 1],
        [50, 100, 50, 100],
        [45_000, 90_000, 5_100, 10_000],
        [89_990, 90_000, 9_000, 10_000],
        [3, 90_000, 2, 10_000],
    ];
    for size in [4, 20, 20, 60, 300, 2000, 40_000] {
        for _ in 0..60 {
            let (affected, healthy) = (number(size), number(size));
            tables.push([number(affected), affected, number(healthy), healthy]);
        }
    }
    let factorials = LogFactorials::up_to(100_000);
    let ours: Vec<f64> = tables
        .iter()
        .map(|[affected_with, affected, healthy_with, healthy]| {
            let table = Table {
                affected_with: *affected_with,
                affected: *affected,
                healthy_with: *healthy_with,
                healthy: *healthy,
            };
            factorials.fisher(&table)
        })
        .collect();
    let script = "import sys, json\n\
        from scipy.stats import fisher_exact\n\
        for a, n, b, m in json.loads(sys.argv[1]):\n\
        \tprint(repr(float(fisher_exact([[a, n - a], [b, m - b]])[1])))";
    let said = ask(script, &[&serde_json::to_string(&tables)?])?;
    let theirs: Vec<f64> = said.lines().map(str::parse).collect::<Result<_, _>>()?;
    ensure!(
        theirs.len() == ours.len(),
        "{} answers, expected {}",
        theirs.len(),
        ours.len()
    );
    let mut compared = 0;
    for ((table, log_p), expected) in tables.iter().zip(ours).zip(theirs) {
        // Below this SciPy's numbers end, and ours go on as logarithms.
        if expected < 1e-290 {
            ensure!(
                log_p < -600.0,
                "{table:?}: exp({log_p}), SciPy says {expected}"
            );
            continue;
        }
        let (found, near) = (log_p.exp(), 1e-6);
        ensure!(
            (found - expected).abs() <= near * expected,
            "{table:?}: {found}, SciPy says {expected}"
        );
        compared += 1;
    }
    ensure!(compared > 300, "only {compared} were compared");
    Ok(())
}

#[test]
fn duckdb_runs_every_documented_query_and_counts_as_we_do() -> Result<()> {
    if !require_tools(&["python3"]) {
        return Ok(());
    }
    let bench = Bench::usual()?;
    let collected = bench.collect()?;
    let documented = include_str!("../../builder/queries/README.md");
    let queries: Vec<&str> = documented
        .split("```sql\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    ensure!(queries.len() >= 5, "{} queries", queries.len());
    let script = "import sys, os, json, duckdb\n\
        os.chdir(sys.argv[1])\n\
        for query in json.loads(sys.argv[2]):\n\
        \trows = duckdb.sql(query).fetchall()\n\
        \tprint(json.dumps([[str(cell) for cell in row] for row in rows], ensure_ascii=False))";
    let folder = bench.out().display().to_string();
    let said = ask(script, &[&folder, &serde_json::to_string(&queries)?])?;
    let answers: Vec<Vec<Vec<String>>> = said
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    ensure!(answers.len() == queries.len());
    let sum = |rows: &[Vec<String>], column: usize| {
        rows.iter()
            .filter_map(|row| row[column].parse::<u32>().ok())
            .sum::<u32>()
    };
    assert_eq!(sum(&answers[0], 2), 213);
    assert_eq!(sum(&answers[1], 1), 188);
    assert!(
        answers[2]
            .iter()
            .all(|row| row[1].starts_with("2010-04-2") || row[1].starts_with("2010-05-")),
        "{:?}",
        answers[2]
    );
    assert_eq!(sum(&answers[2], 2), 213);
    // The counts of the sentence for managers, found another way.
    let finding = collected
        .campaign
        .comparison
        .headline()
        .context("no headline")?;
    let row = answers[3]
        .iter()
        .find(|row| row[0] == finding.factor.subject)
        .context("no such setting")?;
    let Table {
        affected_with,
        affected,
        healthy_with,
        healthy,
    } = finding.table;
    let counts = [affected_with, affected, healthy_with, healthy].map(|count| count.to_string());
    assert_eq!(row[1..], counts);
    assert_eq!(answers[4].len(), 2);
    Ok(())
}

#[test]
fn the_tables_say_the_same_in_csv_json_and_parquet() -> Result<()> {
    if !require_tools(&["python3"]) {
        return Ok(());
    }
    let bench = Bench::usual()?;
    bench.collect()?;
    let script = "import sys, os, csv, json, duckdb\n\
        os.chdir(sys.argv[1])\n\
        rows = list(csv.DictReader(open('machines.csv', encoding='utf-8-sig')))\n\
        lines = [json.loads(line) for line in open('machines.jsonl', encoding='utf-8')]\n\
        table = duckdb.sql(\"SELECT name, serial, outcome, site, windows FROM 'parquet/machines/*.parquet' ORDER BY machine_id\").fetchall()\n\
        assert len(rows) == len(lines) == len(table) == 213\n\
        for row, line, parquet in zip(rows, lines, table):\n\
        \tassert parquet == (row['machine'], row['serial'], row['outcome'], row['site'], row['windows']), (row, parquet)\n\
        \tassert parquet == (line['name'], line['serial'], line['outcome'], line['site'], line['windows']), (line, parquet)\n\
        \tassert row['last report sha256'] == line['reports'][-1]['sha256']\n\
        print('same', len(rows))";
    assert_eq!(
        ask(script, &[&bench.out().display().to_string()])?.trim(),
        "same 213"
    );
    Ok(())
}
