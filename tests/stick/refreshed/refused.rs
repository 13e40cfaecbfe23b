//! Sticks that are not refreshed, and what `mendkit refresh` says of them.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use mendkit::stick::receipts::{StickVerdict, read_ledger};
use mendkit::stick::writer::StickError;
use mendkit::verify::survey::survey;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::blank_file;
use rescue_stick::journal::{CommitEntry, CommitState, JournalHead, SLOT_LENGTH, VolumeIdentity};
use rescue_stick::paths;
use support::faulty_device::{Fault, Memory};
use support::kit::{mendkit, require_builds};
use support::small_image::{SmallImage, make_signed_image, new_keys, public_key};
use support::tools::require_tools;

use super::{SIZE, Shelf, TOOLS, look, mtool, new, old};

/// Demands that a stick is refused with these words, and that nothing is written to it.
fn refused(shelf: &Shelf, spec: &SmallImage, stick: &Memory, words: &str) -> Result<()> {
    let image = shelf.image(&format!("{}.img", spec.title), spec)?;
    let before = stick.to_vec(SIZE);
    let (ended, writes) = shelf.refresh(&image, stick, Fault::None)?;
    let Err(error @ StickError::Refused(_)) = ended else {
        anyhow::bail!("{words}: {ended:?}");
    };
    let said = error.to_string();
    ensure!(said.contains(words), "{said}, expected {words:?}");
    ensure!(error.left_untouched() && writes == 0 && stick.to_vec(SIZE) == before);
    Ok(())
}

/// Changes a stick as a file.
fn changed(
    shelf: &Shelf,
    stick: &Memory,
    change: impl FnOnce(&std::path::Path) -> Result<()>,
) -> Result<Memory> {
    let path = shelf.path("changed.img");
    fs::write(&path, stick.to_vec(SIZE))?;
    change(&path)?;
    let memory = Memory::default();
    memory.write(0, &fs::read(&path)?);
    Ok(memory)
}

/// Writes over the start of a file of the stick.
fn overwrite(shelf: &Shelf, stick: &Memory, path: &str, bytes: &[u8]) -> Result<Memory> {
    changed(shelf, stick, |file| {
        let found = survey(&mut fs::File::open(file)?)?;
        let found = found.map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        let range = *found
            .file(path)
            .and_then(|file| file.ranges.first())
            .context("not there")?;
        let mut content = fs::read(file)?;
        let start = usize::try_from(range.first().byte_offset())?;
        content[start..start + bytes.len()].copy_from_slice(bytes);
        Ok(fs::write(file, content)?)
    })
}

#[test]
fn what_is_not_ours_is_left_as_it_is() -> Result<()> {
    if !require_tools(&TOOLS) {
        return Ok(());
    }
    let shelf = Shelf::new()?;
    let image = shelf.image("old.img", &old())?;
    let stick = shelf.stick(&image)?;
    refused(&shelf, &new(), &Memory::default(), "not a stick of mendkit")?;
    let blank = overwrite(&shelf, &stick, paths::IDENTITY, &blank_file())?;
    refused(
        &shelf,
        &new(),
        &blank,
        "a copy of an image without identity",
    )?;
    let torn = overwrite(&shelf, &stick, paths::IDENTITY, &[0xd1; 100])?;
    refused(
        &shelf,
        &new(),
        &torn,
        "not a stick of mendkit (stick identity",
    )?;
    let unsigned = overwrite(&shelf, &stick, paths::MANIFEST, b"0")?;
    refused(&shelf, &new(), &unsigned, "not a stick of mendkit")?;
    let job = overwrite(&shelf, &stick, paths::JOB, b"[")?;
    refused(
        &shelf,
        &new(),
        &job,
        "mendkit/job.json: not as it was signed",
    )?;
    let extra = changed(&shelf, &stick, |file| {
        mtool("mcopy", file, &["-", "::/holiday.jpg"], Some(b"jpg")).map(drop)
    })?;
    refused(
        &shelf,
        &new(),
        &extra,
        "holiday.jpg is neither signed nor a report",
    )
}

#[test]
fn what_windows_and_a_pulled_stick_leave_behind_is_no_obstacle() -> Result<()> {
    if !require_tools(&TOOLS) {
        return Ok(());
    }
    let shelf = Shelf::new()?;
    let image = shelf.image("old.img", &old())?;
    let wanted = shelf.image("new.img", &new())?;
    let stick = shelf.stick(&image)?;
    let mut bytes = stick.to_vec(SIZE);
    let volume = usize::try_from(image.volume.first().byte_offset())?;
    // The mark of a volume in use: in the boot sector by Linux and Windows, in FAT entry 1 by Windows.
    bytes[volume + 0x41] = 1;
    let reserved = usize::from(u16::from_le_bytes([bytes[volume + 14], bytes[volume + 15]]));
    bytes[volume + reserved * 512 + 7] = 0x07;
    // A count of free clusters that is off, and a signed file that changed.
    bytes[volume + 512 + 488] ^= 0x10;
    let memory = Memory::default();
    memory.write(0, &bytes);
    let memory = overwrite(&shelf, &memory, "mendkit/content.bin", b"changed")?;
    let (verified, _) = look(&memory.to_vec(SIZE))?;
    assert!(verified.problems.len() >= 4, "{:?}", verified.problems);
    shelf.refresh(&wanted, &memory, Fault::None)?.0?;
    assert_eq!(shelf.check_whole(&memory.to_vec(SIZE))?, "new");
    shelf.judge(&memory.to_vec(SIZE))
}

#[test]
fn another_signer_and_an_older_image_need_a_word_each() -> Result<()> {
    if !require_tools(&TOOLS) {
        return Ok(());
    }
    let shelf = Shelf::new()?;
    let image = shelf.image("new.img", &new())?;
    let stick = shelf.stick(&image)?;
    refused(
        &shelf,
        &old(),
        &stick,
        "holds 2010-04-23, newer than 2010-04-22 of the image",
    )?;
    let same_day = SmallImage {
        title: "same day".to_owned(),
        version: "5959.0000".to_owned(),
        ..new()
    };
    refused(
        &shelf,
        &same_day,
        &stick,
        "holds mcafee-dat 5960.0000, newer than mcafee-dat 5959.0000",
    )?;
    let older = shelf.image("old.img", &old())?;
    let mut terms = shelf.terms(&older)?;
    terms.is_older_allowed = true;
    let memory = stick.copied();
    shelf.refresh_by(&older, &memory, Fault::None, &terms)?.0?;
    assert_eq!(shelf.check_whole(&memory.to_vec(SIZE))?, "old");

    let others = new_keys()?;
    let path = shelf.path("others.img");
    make_signed_image(
        &path,
        &others,
        &SmallImage {
            date: "2010-04-25".to_owned(),
            ..new()
        },
    )?;
    let other = shelf.image("others.img", &new())?;
    let mut terms = shelf.terms(&other)?;
    terms.stick_key = public_key(&others)?;
    let (ended, writes) = shelf.refresh_by(&other, &stick, Fault::None, &terms)?;
    let said = ended.err().context("taken")?.to_string();
    assert!(said.starts_with("signed by key ") && writes == 0, "{said}");
    terms.stick_key = public_key(&shelf.keys)?;
    shelf.refresh_by(&other, &stick, Fault::None, &terms)?.0?;
    shelf.check_whole(&stick.to_vec(SIZE))?;
    Ok(())
}

#[test]
fn an_unfinished_repair_in_the_journal_is_never_lost() -> Result<()> {
    if !require_tools(&TOOLS) {
        return Ok(());
    }
    let shelf = Shelf::new()?;
    let image = shelf.image("old.img", &old())?;
    let stick = shelf.stick(&image)?;
    let commit = |state| CommitEntry {
        run: "20100422T101500Z-OPTIPLEX-114".to_owned(),
        computer: "OPTIPLEX-114".to_owned(),
        volume: VolumeIdentity {
            disk_model: "ST3160815AS".to_owned(),
            disk_serial: "6RX1".to_owned(),
            start: 32256,
            length: 1 << 37,
            serial: 7,
        },
        state,
        body_offset: 8192,
        body_length: 5,
        body_digest: Sha256Digest::of(b"body"),
    };
    let with = |states: &[CommitState]| {
        let head = JournalHead {
            id: *image.identity.disk_guid.as_bytes(),
            generation: 9,
            commits: states.iter().map(|state| commit(*state)).collect(),
        };
        overwrite(&shelf, &stick, paths::JOURNAL, &head.to_slot())
    };
    for state in [CommitState::Prepared, CommitState::Undoing] {
        let open = with(&[CommitState::Done, state])?;
        let words = "an unfinished repair of OPTIPLEX-114 (disk ST3160815AS 6RX1, run 20100422T101500Z-OPTIPLEX-114)";
        refused(&shelf, &new(), &open, words)?;
    }
    let torn = overwrite(&shelf, &stick, paths::JOURNAL, &[0xd1; SLOT_LENGTH])?;
    refused(&shelf, &new(), &torn, "its journal cannot be read")?;
    let done = with(&[
        CommitState::Done,
        CommitState::Undone,
        CommitState::Abandoned,
    ])?;
    let wanted = shelf.image("new.img", &new())?;
    shelf.refresh(&wanted, &done, Fault::None)?.0?;
    shelf.check_whole(&done.to_vec(SIZE))?;
    Ok(())
}

#[test]
fn a_report_that_cannot_be_read_whole_is_not_dropped() -> Result<()> {
    if !require_tools(&TOOLS) {
        return Ok(());
    }
    let shelf = Shelf::new()?;
    let image = shelf.image("old.img", &old())?;
    let stick = shelf.stick(&image)?;
    let found = survey(&mut std::io::Cursor::new(stick.to_vec(SIZE)))?;
    let found = found.map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let long = found
        .files
        .iter()
        .find(|file| file.path.starts_with("reports/") && file.size.0 > 10_000);
    let long = long.context("no long report")?;
    // Its chain ends behind the first cluster.
    let mut bytes = stick.to_vec(SIZE);
    let volume = usize::try_from(image.volume.first().byte_offset())?;
    let number = |at: usize, length: usize| -> u64 {
        let bytes = &bytes[volume + at..volume + at + length];
        bytes
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let (reserved, fat) = (number(14, 2), number(36, 4));
    let data = image.volume.first().0 + reserved + 2 * fat;
    let cluster = long.ranges[0].first().0 - data + 2;
    let entry = volume + usize::try_from(reserved * 512 + cluster * 4)?;
    bytes[entry..entry + 4].copy_from_slice(&0x0fff_ffff_u32.to_le_bytes());
    let memory = Memory::default();
    memory.write(0, &bytes);
    refused(
        &shelf,
        &new(),
        &memory,
        "what it collected is damaged (reports/",
    )
}

/// Runs `mendkit refresh` in the shelf's folder.
fn run(shelf: &Shelf, arguments: &[&str]) -> Result<(Option<i32>, String)> {
    let mut command = Command::new(mendkit());
    command
        .current_dir(shelf.path(""))
        .arg("refresh")
        .args(arguments);
    let output = command.output().context("running mendkit refresh")?;
    let (out, err) = (&output.stdout, &output.stderr);
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    );
    Ok((output.status.code(), said))
}

#[test]
fn the_command_refreshes_records_and_says_why_not() -> Result<()> {
    if !require_builds() || !require_tools(&TOOLS) {
        return Ok(());
    }
    let shelf = Shelf::new()?;
    let former = shelf.image("old.img", &old())?;
    shelf.image("new.img", &new())?;
    let stick = shelf.stick(&former)?;
    fs::write(shelf.path("a.img"), stick.to_vec(SIZE))?;
    fs::write(shelf.path("b.img"), vec![0xd1; usize::try_from(SIZE)?])?;
    let (code, said) = run(&shelf, &["new.img", "a.img", "b.img", "--yes-refresh", "2"])?;
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("b.img (not a stick of mendkit (") && said.contains("nothing was written"),
        "{said}"
    );
    let (code, said) = run(&shelf, &["new.img", "a.img", "--yes-refresh", "2"])?;
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("1 stick would be refreshed, but --yes-refresh says 2"),
        "{said}"
    );
    assert!(fs::read(shelf.path("a.img"))? == stick.to_vec(SIZE));
    let (code, said) = run(
        &shelf,
        &["new.img", "a.img", "--yes-refresh", "1", "--by", "Ben"],
    )?;
    assert_eq!(code, Some(0), "{said}");
    for words in [
        "MK-7F3A-01  2010-04-22, DAT 5959.0000  4",
        "MK-7F3A-01: System Volume Information is not kept",
        "read back ok   stick MK-7F3A-01",
        " 1 stick good, 0 bad.  receipts.csv  labels.html",
    ] {
        assert!(said.contains(words), "no {words:?} in: {said}");
    }
    assert_eq!(shelf.check_whole(&fs::read(shelf.path("a.img"))?)?, "new");
    let ledger = read_ledger(&shelf.path("receipts.jsonl"))?;
    let [receipt] = ledger.receipts.as_slice() else {
        anyhow::bail!("{} receipts", ledger.receipts.len());
    };
    assert_eq!(receipt.stick.as_deref(), Some("MK-7F3A-01"));
    assert_eq!(receipt.verdict, StickVerdict::Good);
    assert_eq!(receipt.refreshed_from, Some(Sha256Digest::of(b"image")));
    assert_eq!(
        (receipt.by.as_str(), receipt.image.title.as_str()),
        ("Ben", "new")
    );
    assert!(
        receipt.bytes_written > 1_000_000 && receipt.bytes_written < 2_000_000,
        "{receipt:?}"
    );
    let labels = fs::read_to_string(shelf.path("labels.html"))?;
    assert!(labels.contains("MK-7F3A-01"));
    let table = fs::read_to_string(shelf.path("receipts.csv"))?;
    assert!(table.contains(&Sha256Digest::of(b"image").to_string()));
    let (code, said) = run(
        &shelf,
        &["new.img", "a.img", "--yes-refresh", "1", "--json-progress"],
    )?;
    assert_eq!(code, Some(0), "{said}");
    let is_json = |line: &str| serde_json::from_str::<serde_json::Value>(line).is_ok();
    assert!(
        said.lines().all(is_json) && said.contains("\"event\":\"good\""),
        "{said}"
    );
    Ok(())
}

#[test]
fn verify_says_what_to_do_with_a_stick_whose_refresh_was_interrupted() -> Result<()> {
    if !require_builds() || !require_tools(&TOOLS) {
        return Ok(());
    }
    let shelf = Shelf::new()?;
    let former = shelf.image("old.img", &old())?;
    let image = shelf.image("new.img", &new())?;
    let stick = shelf.stick(&former)?;
    let (ended, writes) = shelf.refresh(&image, &stick.copied(), Fault::None)?;
    ended?;
    let (ended, _) = shelf.refresh(&image, &stick, Fault::Gone(writes / 2, 3))?;
    let said = format!(
        "{:#}",
        anyhow::Error::from(ended.err().context("not interrupted")?)
    );
    assert!(
        said.starts_with("must be refreshed again before it can be used: "),
        "{said}"
    );
    fs::write(shelf.path("a.img"), stick.to_vec(SIZE))?;
    let mut verify = Command::new(mendkit());
    verify.current_dir(shelf.path("")).args(["verify", "a.img"]);
    let output = verify.output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    let words = "stick MK-7F3A-01: must be refreshed: its refresh to \"new\" was interrupted";
    assert!(said.contains(words), "{said}");
    let (code, said) = run(&shelf, &["new.img", "a.img", "--yes-refresh", "1"])?;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("an interrupted refresh  4"), "{said}");
    assert_eq!(shelf.check_whole(&fs::read(shelf.path("a.img"))?)?, "new");
    Ok(())
}
