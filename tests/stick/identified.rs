//! Every written stick is somebody: identity, receipt and label agree, and everybody reads the same.

use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use mendkit::lba::ByteSize;
use mendkit::stick::identity::{IdentityPlace, read_identity};
use mendkit::stick::plan::plan_stick;
use mendkit::stick::receipts::{StickVerdict, read_ledger};
use mendkit::stick::writer::write_stick;
use mendkit::verify::verify_image;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::{Identity, IdentityFacts};
use support::faulty_device::{Fault, FaultyDevice, Memory};
use support::kit::{mendkit, require_builds};
use support::tools::{require_tools, run};

use crate::bench::{Made, STICK, quick};
use crate::interrupted::check_content;

/// Writes to these sticks in a folder, where receipts and labels go.
fn write(made: &Made, folder: &Path, sticks: &[&str], further: &[&str]) -> Result<Output> {
    let mut command = Command::new(mendkit());
    command.current_dir(folder).arg("write").arg(made.path());
    command.args(sticks).args(further);
    let count = sticks.len().to_string();
    command.args(["--yes-erase", &count]);
    command.output().context("running mendkit write")
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

#[test]
fn stick_receipt_label_and_verify_name_the_same_stick() -> Result<()> {
    if !require_builds() || !require_tools(&["sha256sum"]) {
        return Ok(());
    }
    let made = Made::new("identified")?;
    let folder = tempfile::tempdir()?;
    let names = ["a.img", "b.img"];
    for name in names {
        fs::write(folder.path().join(name), vec![0xff; 50 << 20])?;
    }
    let output = write(&made, folder.path(), &names, &["--by", "Anna"])?;
    let said = text(&output);
    ensure!(output.status.success(), "{said}");
    ensure!(
        said.ends_with(" 2 sticks good, 0 bad.  receipts.csv  labels.html\n"),
        "{said}"
    );
    let ledger = read_ledger(&folder.path().join("receipts.jsonl"))?;
    assert_eq!((ledger.counts(), ledger.problems.len()), ((2, 0), 0));
    let sum = run("sha256sum", &[made.path()])?.text();
    let labels = fs::read_to_string(folder.path().join("labels.html"))?;
    let mut keys = Vec::new();
    for receipt in &ledger.receipts {
        let id = receipt.stick.clone().context("no id")?;
        let stick = folder.path().join(&receipt.device.path);
        let own = read_identity(&mut fs::File::open(&stick)?)?.context("nobody")?;
        assert_eq!(own.facts().id.to_string(), id);
        assert_eq!(own.facts().by, "Anna");
        assert_eq!(own.facts().written, receipt.time);
        assert_eq!(own.facts().image, receipt.image.sha256);
        assert_eq!(
            Some(own.public_key().base64().to_owned()),
            receipt.public_key
        );
        assert!(sum.starts_with(&receipt.image.sha256.to_string()), "{sum}");
        assert!(receipt.bytes_written > 2_500_000 && receipt.read_back_sha256.is_some());
        assert!(
            said.contains(&format!("read back ok   stick {id}")),
            "{said}"
        );
        assert!(labels.contains(&id));
        keys.push(receipt.public_key.clone());
        let mut verify = Command::new(mendkit());
        let verified = verify.arg("verify").arg(&stick).output()?;
        assert!(verified.status.success(), "{}", text(&verified));
        assert!(text(&verified).contains(&id), "{}", text(&verified));
    }
    assert_ne!(keys[0], keys[1]);
    // Without their identities the sticks are the image; free space keeps what the probe left there.
    let [mut one, mut other] =
        [0, 1].map(|index| fs::read(folder.path().join(names[index])).unwrap_or_default());
    let place = IdentityPlace::find(&mut Cursor::new(&one))?;
    assert!(one != other);
    for stick in [&mut one, &mut other] {
        place.blank().overlay(0, stick);
    }
    check_content(&made, &one)?;
    check_content(&made, &other)?;
    Ok(())
}

#[test]
fn a_bad_stick_has_a_receipt_with_the_reason_and_no_label() -> Result<()> {
    if !require_builds() || !require_tools(&["strace"]) {
        return Ok(());
    }
    let made = Made::new("identified")?;
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("a.img"), vec![0xff; 50 << 20])?;
    let mut command = Command::new("strace");
    command.current_dir(folder.path());
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e"]);
    command.arg("inject=pwrite64:error=EIO:when=9");
    command.arg(mendkit()).arg("write").arg(made.path());
    command.args(["a.img", "--yes-erase", "1", "--by", "Anna"]);
    let output = command.output()?;
    let said = text(&output);
    if said.contains("ptrace") {
        ensure!(std::env::var_os("CI").is_none(), "{said}");
        return Ok(());
    }
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.ends_with(" 0 sticks good, 1 bad.  receipts.csv\n"),
        "{said}"
    );
    let ledger = read_ledger(&folder.path().join("receipts.jsonl"))?;
    let [receipt] = ledger.receipts.as_slice() else {
        anyhow::bail!("{} receipts", ledger.receipts.len());
    };
    assert_eq!(receipt.verdict, StickVerdict::Bad);
    let reason = receipt.reason.clone().unwrap_or_default();
    assert!(reason.contains("Input/output error"), "{reason}");
    assert!(said.contains(&reason), "{said}");
    assert!(!folder.path().join("labels.html").exists());
    Ok(())
}

#[test]
fn a_ledger_that_was_changed_stops_the_writing_before_the_first_stick() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let made = Made::new("identified")?;
    let folder = tempfile::tempdir()?;
    let stick = folder.path().join("a.img");
    fs::write(&stick, vec![0xff; 50 << 20])?;
    fs::write(folder.path().join("receipts.jsonl"), "{}\n")?;
    let output = write(&made, folder.path(), &["a.img"], &[])?;
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let missing = write(&made, folder.path(), &["a.img"], &["--receipts", "none"])?;
    assert_eq!(missing.status.code(), Some(2), "{}", text(&missing));
    assert!(text(&missing).contains("--receipts names another folder"));
    assert!(fs::read(&stick)?.iter().all(|byte| *byte == 0xff));
    let quiet = write(&made, folder.path(), &["a.img"], &["--no-receipts"])?;
    assert!(quiet.status.success(), "{}", text(&quiet));
    assert!(!folder.path().join("labels.html").exists());
    assert!(read_identity(&mut fs::File::open(&stick)?)?.is_some());
    Ok(())
}

#[test]
fn a_copy_of_a_stick_is_not_written_to_others() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let made = Made::new("identified")?;
    let folder = tempfile::tempdir()?;
    for name in ["a.img", "b.img"] {
        fs::write(folder.path().join(name), vec![0xff; 50 << 20])?;
    }
    let first = write(&made, folder.path(), &["a.img"], &[])?;
    ensure!(first.status.success(), "{}", text(&first));
    let mut command = Command::new(mendkit());
    command.current_dir(folder.path());
    command.args(["write", "a.img", "b.img", "--yes-erase", "1"]);
    let refused = command.output()?;
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused));
    assert!(text(&refused).contains("a copy of stick MK-"));
    Ok(())
}

/// The identity is body like the rest: a write that goes wrong there is found by reading back.
#[test]
fn an_identity_that_arrives_changed_makes_the_stick_bad() -> Result<()> {
    let made = Made::new("identified")?;
    let facts = IdentityFacts {
        id: "MK-7F3A-01".parse()?,
        image: Sha256Digest::of(b"image"),
        title: "title".to_owned(),
        written: "2010-04-22T09:15:00Z".to_owned(),
        by: "Anna".to_owned(),
    };
    let identity = Identity::new(facts, [7; 32])?;
    let plan = plan_stick(&made.image, ByteSize(STICK))?.with_identity(&made.image, &identity);
    let try_with = |fault| {
        let memory = Memory::default();
        let mut device = FaultyDevice::new(&memory, STICK, fault);
        let ended = write_stick(&made.image, &plan, quick(), &mut device, &mut |_| ());
        (ended, memory, device.writes())
    };
    let (ended, memory, writes) = try_with(Fault::None);
    ended?;
    let stick = memory.to_vec(STICK);
    let verified = verify_image(&mut Cursor::new(&stick), None)?;
    assert_eq!(verified.problems, []);
    assert_eq!(verified.stick, Some(identity));
    let place = made.image.identity_range;
    let mut found = 0;
    for number in 0..writes {
        if let (Err(error), ..) = try_with(Fault::Flip(number)) {
            let words = error.to_string();
            let here = (place.first().0..=place.last().0).any(|lba| {
                words.contains(&format!("LBA {lba}..={lba}"))
                    || words.contains(&format!("LBA {lba}:"))
            });
            found += usize::from(here);
        }
    }
    assert_eq!(found, 1);
    Ok(())
}
