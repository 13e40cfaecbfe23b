//! Refreshing a stick after a change of definitions, beside writing it whole: bytes and seconds.
//!
//! Sticks are files here. What changed is counted by comparing the files before and after, sector by
//! sector; what was written is what the program's receipt says.
#![expect(clippy::print_stdout, reason = "tables are printed")]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use mendkit::lba::ByteSize;
use mendkit::stick::receipts::read_ledger;
use support::kit::mendkit;
use support::random::random_bytes;
use support::small_image::{SmallImage, make_signed_image, new_keys};
use support::tools::{command, run_command, target_folder};

use crate::sample::Sample;

/// Boot files and the like, and a package of definitions as of 2010.
const CONTENT: usize = 38_000_000;
const PACKAGE: usize = 62_000_000;

const STICK: u64 = 400_000_000;

const ROUNDS: usize = 5;

/// A change of definitions.
struct Change {
    name: &'static str,
    package: Vec<u8>,
}

pub(crate) fn run() -> Result<()> {
    let folder = tempfile::tempdir_in(target_folder())?;
    let at = |name: &str| folder.path().join(name);
    let keys = new_keys()?;
    let old = SmallImage {
        title: "old".to_owned(),
        package: random_bytes("5959", PACKAGE),
        report_space: ByteSize(32 << 20),
        scratch: ByteSize(100 << 20),
        ..SmallImage::of("content", CONTENT)
    };
    make_signed_image(&at("old.img"), &keys, &old)?;
    // A new package of about the same length has other bytes everywhere. One that was repacked with the
    // same members in front differs at its end alone.
    let mut end = old.package.clone();
    end.truncate(PACKAGE - 1_000_000);
    end.extend(random_bytes("end", 1_200_000));
    let changes = [
        Change {
            name: "whole package, as long",
            package: random_bytes("5960", PACKAGE),
        },
        Change {
            name: "whole package, 0.3 MB longer",
            package: random_bytes("5960", PACKAGE + 300_001),
        },
        Change {
            name: "last MB of the package",
            package: end,
        },
        Change {
            name: "nothing but the date",
            package: old.package.clone(),
        },
    ];
    println!(
        "sticks that carry a report; median and range of {ROUNDS} runs, read back in all of them\n"
    );
    println!(
        "{:<30}{:>14}{:>14}{:>7}  refresh / write whole",
        "what changed", "bytes changed", "written", "ratio"
    );
    for (number, change) in changes.into_iter().enumerate() {
        let new = SmallImage {
            title: format!("new {number}"),
            date: "2010-04-23".to_owned(),
            version: "5960.0000".to_owned(),
            package: change.package,
            ..old.clone()
        };
        make_signed_image(&at("new.img"), &keys, &new)?;
        let (mut refreshing, mut writing) = (Sample::default(), Sample::default());
        let (mut changed, mut written) = (0, 0);
        for _ in 0..ROUNDS {
            prepare(folder.path())?;
            let before = fs::read(at("stick.img"))?;
            rustix::fs::sync();
            let start = Instant::now();
            run_in(
                folder.path(),
                &["refresh", "new.img", "stick.img", "--yes-refresh", "1"],
            )?;
            refreshing.add(start.elapsed());
            let after = fs::read(at("stick.img"))?;
            let sectors = before.chunks(512).zip(after.chunks(512));
            changed = 512 * sectors.filter(|(a, b)| a != b).count();
            let ledger = read_ledger(&at("receipts.jsonl"))?;
            let receipt = ledger.receipts.last().context("no receipt")?;
            ensure!(receipt.refreshed_from.is_some(), "{receipt:?}");
            written = usize::try_from(receipt.bytes_written)?;
            rustix::fs::sync();
            let start = Instant::now();
            run_in(
                folder.path(),
                &["write", "new.img", "stick.img", "--yes-erase", "1"],
            )?;
            writing.add(start.elapsed());
        }
        // Counts of bytes in thousandths.
        let thousandths = written * 1000 / changed.max(1);
        let ratio = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
        println!(
            "{:<30}{changed:>14}{written:>14}{ratio:>7}  {refreshing}",
            change.name
        );
        println!("{:<67}{writing}", "");
    }
    Ok(())
}

/// Makes the stick what it was when it came back: the old image, with a report.
fn prepare(folder: &Path) -> Result<()> {
    let stick = folder.join("stick.img");
    fs::File::create(&stick)?.set_len(STICK)?;
    run_in(
        folder,
        &["write", "old.img", "stick.img", "--yes-erase", "1"],
    )?;
    fs::write(folder.join("report.json"), random_bytes("report", 60_000))?;
    let place = "::/reports/20100422T101500Z-RECEPTION-1";
    for (tool, arguments) in [("mmd", vec![place]), ("mcopy", vec!["report.json", place])] {
        let mut tool = command(tool)?;
        tool.current_dir(folder).env("MTOOLS_SKIP_CHECK", "1");
        tool.args(["-i", "stick.img@@1M"]).args(arguments);
        run_command(tool)?;
    }
    Ok(())
}

fn run_in(folder: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(mendkit());
    command.current_dir(folder).args(arguments);
    let said = run_command(command)?.text();
    ensure!(said.contains("1 stick good, 0 bad."), "{said}");
    Ok(())
}
