//! `mendkit collect` on 100,000 signed reports of 1,000 sticks, twice, each run a process of its own whose
//! peak of memory the system tells.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use support::campaign::{CampaignSpec, make_campaign};
use support::kit::mendkit;

/// Bars of the task: seconds of the first and the second collection, and bytes of memory.
const BARS: (f64, f64, u64) = (60.0, 10.0, 500 << 20);

/// Measures and prints.
pub(crate) fn measure() -> Result<()> {
    let machines = match std::env::var("MENDKIT_BENCH_REPORTS") {
        Ok(text) => text.parse().context("MENDKIT_BENCH_REPORTS")?,
        Err(_) => 100_000,
    };
    let sticks = u16::try_from(machines / 100).unwrap_or(1000).clamp(1, 1000);
    let spec = CampaignSpec {
        machines,
        sticks,
        sites: 14,
        programs: 40,
    };
    println!("{machines} reports of {sticks} sticks ...");
    let folder = tempfile::tempdir()?;
    let started = Instant::now();
    let made = make_campaign(folder.path(), &spec)?;
    let bytes = size_of(&made.folder)?;
    println!(
        "made in {:.0} s: {:.0} MB, {:.1} kB a report",
        started.elapsed().as_secs_f64(),
        megabytes(bytes),
        megabytes(bytes) * 1000.0 / f64::from(u32::try_from(machines)?)
    );
    let out = folder.path().join("out");
    let mut runs = Vec::new();
    for name in ["first ", "second"] {
        let (time, (peak, cpu), said) = collect(&made.folder, &made.receipts, &out)?;
        println!(
            "{name} collection   {:6.2} s   {cpu} s of processors   peak of memory {:.0} MB",
            time.as_secs_f64(),
            megabytes(peak)
        );
        print!("{said}");
        runs.push((time.as_secs_f64(), peak));
    }
    for name in [
        "collected.sqlite",
        "index.html",
        "machines.csv",
        "machines.jsonl",
    ] {
        println!(
            "  {name:<18} {:8.1} MB",
            megabytes(fs::metadata(out.join(name))?.len())
        );
    }
    println!(
        "  {:<18} {:8.1} MB",
        "parquet/",
        megabytes(size_of(&out.join("parquet"))?)
    );
    let (first, second, memory) = BARS;
    let is_within = runs
        .iter()
        .zip([first, second])
        .all(|((time, peak), bar)| *time <= bar && *peak <= memory);
    println!(
        "bars: {first} s, {second} s, 500 MB: {}",
        if is_within { "kept" } else { "NOT kept" }
    );
    Ok(())
}

fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX)) / 1000.0
}

fn size_of(folder: &Path) -> Result<u64> {
    let mut sum = 0_u64;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let length = if entry.file_type()?.is_dir() {
            size_of(&entry.path())?
        } else {
            entry.metadata()?.len()
        };
        sum = sum.saturating_add(length);
    }
    Ok(sum)
}

/// Collects, and returns time, peak of memory in bytes and what was said. The peak is that of all children
/// so far, so it never hides a larger one.
fn collect(
    sources: &Path,
    receipts: &Path,
    out: &Path,
) -> Result<(Duration, (u64, String), String)> {
    let mut command = Command::new("/usr/bin/env");
    command.args(["python3", "-c"]);
    command.arg(
        "import resource, subprocess, sys\n\
         done = subprocess.run(sys.argv[1:])\n\
         used = resource.getrusage(resource.RUSAGE_CHILDREN)\n\
         print(f'peak {used.ru_maxrss} {used.ru_utime + used.ru_stime:.1f}')\n\
         sys.exit(done.returncode)",
    );
    command
        .arg(mendkit())
        .arg("collect")
        .arg(sources)
        .arg("-o")
        .arg(out);
    command.arg("--receipts").arg(receipts);
    let started = Instant::now();
    let output = command.output().context("running mendkit collect")?;
    let time = started.elapsed();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (said, peak) = said.rsplit_once("peak ").context("no peak of memory")?;
    let (peak, cpu) = peak
        .trim()
        .split_once(' ')
        .context("no time of processors")?;
    let peak: u64 = peak.parse().context("peak of memory")?;
    Ok((
        time,
        (peak.saturating_mul(1024), cpu.to_owned()),
        said.to_owned(),
    ))
}
