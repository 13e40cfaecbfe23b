//! Building images: `mendkit build` beside tar, genimage, and mkfs.fat with mcopy, on the same tree, in turn.
//!
//! - `kit`: 149 MB in 306 files, boot files and a package of definitions among them
//! - `names`: 2,306 files, 2,000 of them with long names in one folder
//! - `dat`: a build after new definitions have come, and `mendkit swap`, beside copying the same bytes
//! - `memory`: peak memory with larger and larger definitions
//!
//! `mendkit` starts from the recipe: it checks what the vendor says of the definitions, hashes every file,
//! signs, and hashes the image. The others are given the same files ready in a folder and hash nothing.
//! What each made is synced before the clock stops. *Warm* is with everything in the page cache; *cold* with
//! the page cache dropped just before, which takes root. The initramfs archives and loaders that `mendkit`
//! derives from packages are in its cache in both, as from the second build on; the first one, which makes
//! them, is measured by itself.
#![expect(clippy::print_stdout, reason = "tables are printed")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use fs_err as fs;
use support::tools::{command, find_tool, run_command};

use crate::sample::Sample;
use workshop::{Dat, Workshop};

mod workshop;

const ROUNDS: usize = 5;

/// A measurement by its name.
type Part = (&'static str, fn() -> Result<()>);

pub(crate) fn run() -> Result<()> {
    let part = std::env::args().nth(2);
    let is_wanted = |name: &str| part.as_deref().is_none_or(|part| part == name);
    let parts: [Part; 4] = [
        ("kit", kit),
        ("names", names),
        ("dat", new_definitions),
        ("memory", memory),
    ];
    let known = parts.map(|(name, _)| name);
    ensure!(
        part.as_deref().is_none_or(|part| known.contains(&part)),
        "bench build {part:?}: unknown, expected one of {known:?}"
    );
    for (_, measure) in parts.into_iter().filter(|(name, _)| is_wanted(name)) {
        measure()?;
    }
    Ok(())
}

/// How a file is made of a tree.
type Way = fn(&Workshop, output: &Path) -> Result<()>;

const MENDKIT: (&str, Way) = ("mendkit build", Workshop::build);
const TAR: (&str, Way) = ("tar", by_tar);

fn kit() -> Result<()> {
    let shop = Workshop::new(Dat::of(1_000_000))?;
    shop.add_files(306, 149_000_000)?;
    println!("\nkit: {}", shop.describe_tree()?);
    let mut ways = vec![TAR, MENDKIT, ("mkfs.fat, mcopy", by_mcopy)];
    match find_tool("genimage") {
        Some(_) => {
            let version = run_command({
                let mut genimage = command("genimage")?;
                genimage.arg("--version");
                genimage
            })?;
            println!("genimage {}", version.text().trim());
            ways.push(("genimage", by_genimage));
        }
        None => println!("genimage is not installed (package genimage)"),
    }
    compare(&shop, &ways)?;
    first_build(&shop)
}

/// Without anything derived: initramfs archives and loaders are made of packages again.
fn first_build(shop: &Workshop) -> Result<()> {
    let mut sample = Sample::default();
    for _ in 0..ROUNDS {
        shop.forget_derived()?;
        sample.add(timed(shop, Workshop::build)?);
    }
    println!("{:<22}{sample}", "first build, warm");
    Ok(())
}

fn names() -> Result<()> {
    let shop = Workshop::new(Dat::of(1_000_000))?;
    shop.add_long_names(2_000, 20_000)?;
    shop.add_files(2_306, 149_000_000)?;
    println!(
        "\nnames: {}, 2000 in one folder with names of 100 letters",
        shop.describe_tree()?
    );
    compare(&shop, &[TAR, MENDKIT])?;
    // Minutes long, so once.
    let once = timed(&shop, by_mcopy)?;
    println!(
        "{:<22}{:8.2} s, once",
        "mkfs.fat, mcopy",
        once.as_secs_f64()
    );
    Ok(())
}

fn new_definitions() -> Result<()> {
    let dat = Dat::of(100_000_000);
    let shop = Workshop::new(dat)?;
    shop.add_files(60, 149_000_000)?;
    println!("\ndat: {}", shop.describe_tree()?);
    println!("a package of {dat}; new in every round");
    let ways: [(&str, Way); 4] = [
        ("read and write", by_cat),
        ("mendkit build", Workshop::build),
        ("mendkit swap", Workshop::swap),
        TAR,
    ];
    for is_cold in temperatures() {
        let mut samples = ways.map(|_| Sample::default());
        for _ in 0..ROUNDS {
            // The image of before is what a swap starts from.
            Workshop::build(&shop, &shop.path("before.img"))?;
            shop.renew_definitions()?;
            for ((_, way), sample) in ways.iter().zip(&mut samples) {
                prepare(&shop, is_cold)?;
                sample.add(timed(&shop, *way)?);
            }
        }
        print_table(is_cold, &ways, &samples);
    }
    Ok(())
}

fn memory() -> Result<()> {
    println!("\nmemory: largest resident size, by GNU time");
    println!(
        "{:<44}{:>16}{:>16}",
        "package of definitions", "build", "swap"
    );
    for unpacked in [1_000_000, 10_000_000, 100_000_000, 400_000_000] {
        let dat = Dat::of(unpacked);
        let shop = Workshop::new(dat)?;
        Workshop::build(&shop, &shop.path("before.img"))?;
        shop.renew_definitions()?;
        let of = |way: fn(&Workshop, &Path) -> Command| -> Result<String> {
            let measured = shop.path("kilobytes");
            let inner = way(&shop, &shop.path("output"));
            let mut time = command("time")?;
            time.args(["-f", "%M", "-o"]).arg(&measured);
            time.arg(inner.get_program()).args(inner.get_args());
            run_command(time)?;
            let kibibytes: u64 = fs::read_to_string(&measured)?.trim().parse()?;
            Ok(format!("{:.1} MB", to_f64(kibibytes * 1024) / 1e6))
        };
        let (build, swap) = (of(Workshop::build_command)?, of(Workshop::swap_command)?);
        println!("{:<44}{build:>16}{swap:>16}", dat.to_string());
    }
    Ok(())
}

/// Warm, then cold where this can be had.
fn temperatures() -> Vec<bool> {
    if rustix::process::geteuid().is_root() {
        return vec![false, true];
    }
    println!("no cold figures: dropping the page cache takes root");
    vec![false]
}

/// Runs all ways in turn, so that whatever else the machine does falls on all of them alike.
fn compare(shop: &Workshop, ways: &[(&str, Way)]) -> Result<()> {
    for is_cold in temperatures() {
        let mut samples = vec![Sample::default(); ways.len()];
        for (_, way) in ways {
            timed(shop, *way)?;
        }
        for _ in 0..ROUNDS {
            for ((_, way), sample) in ways.iter().zip(&mut samples) {
                prepare(shop, is_cold)?;
                sample.add(timed(shop, *way)?);
            }
        }
        print_table(is_cold, ways, &samples);
    }
    Ok(())
}

/// Prints medians, and how often each takes the first one's time.
fn print_table(is_cold: bool, ways: &[(&str, Way)], samples: &[Sample]) {
    println!("{}", if is_cold { "cold" } else { "warm" });
    let first = samples.first().map_or(Duration::ZERO, Sample::median);
    for ((name, _), sample) in ways.iter().zip(samples) {
        let ratio = sample.median().as_secs_f64() / first.as_secs_f64();
        println!("  {name:<20}{sample}  {ratio:6.2} x");
    }
}

/// Removes what the last run made; when cold, makes the system forget all that it has read.
fn prepare(shop: &Workshop, is_cold: bool) -> Result<()> {
    if shop.output().exists() {
        fs::remove_file(shop.output())?;
    }
    rustix::fs::sync();
    if is_cold {
        fs::write("/proc/sys/vm/drop_caches", "3")?;
    }
    Ok(())
}

fn timed(shop: &Workshop, way: Way) -> Result<Duration> {
    let output = shop.output();
    let start = Instant::now();
    way(shop, &output)?;
    fs::File::open(&output)?.sync_all()?;
    Ok(start.elapsed())
}

fn by_tar(shop: &Workshop, output: &Path) -> Result<()> {
    let mut tar = command("tar")?;
    tar.arg("-cf").arg(output);
    tar.arg("-C").arg(shop.tree()).arg(".");
    run_command(tar)?;
    Ok(())
}

/// Reads every byte of the tree and writes it, and does nothing else.
fn by_cat(shop: &Workshop, output: &Path) -> Result<()> {
    let mut shell = command("sh")?;
    shell.args(["-c", "find . -type f -exec cat {} + > \"$output\""]);
    shell.current_dir(shop.tree()).env("output", output);
    run_command(shell)?;
    Ok(())
}

/// As small a volume as the tree fits in, at least FAT32's least.
fn volume_megabytes(shop: &Workshop) -> Result<u64> {
    let bytes = shop.tree_bytes()?;
    Ok((bytes + bytes / 20).div_ceil(1 << 20).max(64) + 8)
}

fn by_mcopy(shop: &Workshop, output: &Path) -> Result<()> {
    if output.exists() {
        fs::remove_file(output)?;
    }
    let kibibytes = volume_megabytes(shop)? * 1024;
    let mut mkfs = command("mkfs.fat")?;
    mkfs.args(["-F", "32", "-C"])
        .arg(output)
        .arg(kibibytes.to_string());
    run_command(mkfs)?;
    let mut mcopy = command("mcopy")?;
    mcopy.args(["-s", "-Q", "-i"]).arg(output);
    for entry in fs::read_dir(shop.tree())? {
        mcopy.arg(entry?.path());
    }
    mcopy.arg("::");
    run_command(mcopy)?;
    Ok(())
}

fn by_genimage(shop: &Workshop, output: &Path) -> Result<()> {
    let megabytes = volume_megabytes(shop)?;
    let config = format!(
        "image volume.vfat {{\n  vfat {{ extraargs = \"-F 32\" }}\n  size = {megabytes}M\n}}\n\
         image output {{\n  hdimage {{ partition-table-type = \"gpt\" }}\n  partition volume {{\n    \
         partition-type-uuid = U\n    image = \"volume.vfat\"\n  }}\n}}\n"
    );
    let place = |name: &str| shop.path(name);
    fs::write(place("genimage.cfg"), config)?;
    for folder in ["genimage.tmp", "genimage.in"] {
        if place(folder).exists() {
            fs::remove_dir_all(place(folder))?;
        }
    }
    fs::create_dir(place("genimage.in"))?;
    let folder = output.parent().unwrap_or(Path::new("."));
    let paths: [(&str, PathBuf); 5] = [
        ("--config", place("genimage.cfg")),
        ("--rootpath", shop.tree()),
        ("--tmppath", place("genimage.tmp")),
        ("--inputpath", place("genimage.in")),
        ("--outputpath", folder.to_owned()),
    ];
    let mut genimage = command("genimage")?;
    for (option, path) in paths {
        genimage.arg(option).arg(path);
    }
    run_command(genimage)?;
    Ok(())
}

/// For figures that are printed, and small.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "printed with one decimal"
)]
fn to_f64(bytes: u64) -> f64 {
    bytes as f64
}
