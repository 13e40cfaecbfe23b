//! Folders, zips of them and raw sticks say the same, and none of it needs to be administrator.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use fs_err as fs;
use mendkit::collect::collect;
use support::random::random_bytes;
use support::tools::{command, require_tools, run, run_command};

use crate::bench::{Bench, apart, outcomes};

/// Packs a folder into a zip.
pub(crate) fn zip_folder(folder: &Path, target: &Path) -> Result<()> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut pending = vec![(folder.to_owned(), String::new())];
    while let Some((path, name)) = pending.pop() {
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            let inner = format!("{name}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                pending.push((entry.path(), format!("{inner}/")));
            } else {
                zip.start_file(inner, zip::write::SimpleFileOptions::default())?;
                zip.write_all(&fs::read(entry.path())?)?;
            }
        }
    }
    fs::write(target, zip.finish()?.into_inner())?;
    Ok(())
}

/// Makes the image of a stick: a FAT32 volume behind the first MiB, made and filled by other people's tools.
fn image_of(folder: &Path, image: &Path) -> Result<()> {
    let size = 40_u64 << 20;
    // What is not of the volume is noise, as on a stick that was used before.
    fs::write(image, random_bytes("stick", 1 << 20))?;
    fs::OpenOptions::new()
        .write(true)
        .open(image)?
        .set_len(size)?;
    let offset = (1_u64 << 20) / 512;
    let path = image.display().to_string();
    run(
        "mkfs.fat",
        &[
            "-F",
            "32",
            "-n",
            "MENDKIT",
            "--offset",
            &offset.to_string(),
            &path,
        ],
    )?;
    let drive = format!("{path}@@1M");
    for part in ["reports", "mendkit"] {
        let mut copy: Command = command("mcopy")?;
        copy.args(["-s", "-Q", "-i", &drive])
            .arg(folder.join(part))
            .arg("::/");
        copy.env("MTOOLS_SKIP_CHECK", "1");
        run_command(copy)?;
    }
    Ok(())
}

#[test]
fn sticks_read_raw_zips_and_folders_come_to_the_same() -> Result<()> {
    if !require_tools(&["mkfs.fat", "mcopy"]) {
        return Ok(());
    }
    let bench = Bench::usual()?;
    let by_folder = bench.collect()?;
    let mut images = Vec::new();
    for (number, stick) in bench.made.sticks.iter().enumerate() {
        let image = bench.path(&format!("stick-{number}.img"));
        image_of(&stick.folder, &image)?;
        images.push(image);
    }
    let zip = bench.path("partner.zip");
    zip_folder(&bench.made.folder, &zip)?;
    for sources in [images, vec![zip]] {
        let mut options = bench.options(&sources)?;
        options.folder = bench.path(&format!("from-{}", sources.len()));
        let collected = collect(&options)?;
        assert_eq!(outcomes(&collected), outcomes(&by_folder));
        assert_eq!(apart(&collected, &bench.made.folder), Vec::<String>::new());
        let page = fs::read_to_string(options.folder.join("index.html"))?;
        assert_eq!(page.len(), bench.read("index.html")?.len());
        // Into the store of the first they bring nothing new.
        let again = collect(&bench.options(&sources)?)?;
        assert_eq!((again.ingested.new, again.ingested.known), (0, 213));
    }
    Ok(())
}

#[test]
fn a_zip_in_a_folder_and_a_single_report_are_sources_too() -> Result<()> {
    let bench = Bench::small()?;
    let inbox = bench.path("inbox");
    fs::create_dir_all(inbox.join("from partners"))?;
    zip_folder(
        &bench.made.sticks[0].folder,
        &inbox.join("from partners/a.ZIP"),
    )?;
    let single = bench.report_folder(1, 0)?.join("report.json");
    let collected = collect(&bench.options(&[inbox, single])?)?;
    assert_eq!(collected.campaign.machines.len(), 7);
    Ok(())
}

#[test]
fn what_is_no_source_is_an_error_that_says_what_is() -> Result<()> {
    let bench = Bench::small()?;
    let noise = bench.path("noise.img");
    fs::write(&noise, random_bytes("noise", 3 << 20))?;
    let error = collect(&bench.options(&[noise])?)
        .err()
        .context("noise was taken")?;
    let said = error.to_string();
    assert!(said.ends_with("no FAT volume in it, expected a folder, a zip, a report.json, or a stick or image of one"), "{said}");
    let nowhere = PathBuf::from("/nowhere/at/all");
    let error = collect(&bench.options(&[nowhere])?)
        .err()
        .context("nowhere was taken")?;
    assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    Ok(())
}

#[test]
fn a_report_that_was_not_finished_is_named() -> Result<()> {
    let bench = Bench::small()?;
    let folder = bench.report_folder(0, 5)?;
    let torn = format!("{}.part", folder.display());
    fs::rename(&folder, &torn)?;
    let collected = bench.collect()?;
    let lines = apart(&collected, &bench.made.folder).join("\n");
    assert!(
        lines.contains("a report that was being written when power went"),
        "{lines}"
    );
    assert!(
        lines.contains("missing MK-7F3A-01: report 6 is missing"),
        "{lines}"
    );
    assert_eq!(collected.campaign.machines.len(), 11);
    Ok(())
}
