//! Sticks that every tool must accept, whatever size they have and whatever was on them before.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use anyhow::{Result, ensure};
use fs_err as fs;
use support::judges::{fsck_fat_accepts, sfdisk_accepts, sgdisk_accepts};
use support::kit::{extract_volume, mendkit, require_builds};
use support::tools::{command, require_tools, run, run_command};

use crate::bench::Made;

/// Writes the image to a file by the program itself; returns what it printed.
pub(crate) fn write(made: &Made, stick: &Path) -> Result<String> {
    let mut command = std::process::Command::new(mendkit());
    command
        .arg("write")
        .arg(made.path())
        .arg(stick)
        .args(["--yes-erase", "1", "--no-receipts"]);
    Ok(run_command(command)?.text())
}

/// Demands that all judges accept a stick, and that `mendkit verify` has nothing to remark.
pub(crate) fn check(stick: &Path, folder: &Path) -> Result<()> {
    sgdisk_accepts(stick)?;
    sfdisk_accepts(stick)?;
    let volume = folder.join("volume.img");
    extract_volume(stick, &volume)?;
    fsck_fat_accepts(&volume)?;
    let mut verify = std::process::Command::new(mendkit());
    verify.arg("verify").arg(stick);
    let said = run_command(verify)?.text();
    ensure!(said.contains(" good ") && !said.contains("note"), "{said}");
    Ok(())
}

const JUDGES: [&str; 4] = ["sgdisk", "sfdisk", "fsck.fat", "wipefs"];

#[test]
fn every_judge_accepts_sticks_of_odd_sizes_that_were_full_of_rubbish() -> Result<()> {
    if !require_builds() || !require_tools(&JUDGES) {
        return Ok(());
    }
    let made = Made::new("judged")?;
    let folder = tempfile::tempdir()?;
    let stick = folder.path().join("stick.img");
    let image = made.image.size.0;
    for size in [
        image,
        image + 512,
        image + (3 << 20) + 1024,
        200_000_000 / 512 * 512,
    ] {
        fs::write(&stick, vec![0xd1; usize::try_from(size)?])?;
        let said = write(&made, &stick)?;
        ensure!(said.contains("1 stick good, 0 bad."), "{said}");
        check(&stick, folder.path())?;
    }
    Ok(())
}

#[test]
fn a_stick_of_64_gb_is_written_where_it_matters_only() -> Result<()> {
    if !require_builds() || !require_tools(&JUDGES) {
        return Ok(());
    }
    use std::os::unix::fs::MetadataExt as _;
    let made = Made::new("judged")?;
    let folder = tempfile::tempdir()?;
    let stick = folder.path().join("stick.img");
    File::create(&stick)?.set_len(64_000_000_000)?;
    write(&made, &stick)?;
    sgdisk_accepts(&stick)?;
    sfdisk_accepts(&stick)?;
    let used = fs::metadata(&stick)?.blocks() * 512;
    ensure!(used < 10 << 20, "{used} bytes are in use");
    Ok(())
}

#[test]
fn nothing_that_was_on_the_stick_before_is_found_again() -> Result<()> {
    if !require_builds() || !require_tools(&JUDGES) {
        return Ok(());
    }
    let made = Made::new("judged")?;
    let folder = tempfile::tempdir()?;
    let stick = folder.path().join("stick.img");
    const SIZE: u64 = 300_000_256;
    let file = File::create(&stick)?;
    file.set_len(SIZE)?;
    // Magic bytes of what libblkid 2.38 looks for, where it looks for it.
    let remains: [(&[u8], u64); 6] = [
        (b"CD001", 32 * 1024 + 1),
        (b"SWAPSPACE2", 4086),
        (b"_BHRfS_M", 65_536 + 64),
        (b"NXSB", 32),
        (
            &0xa92b_4efc_u32.to_le_bytes(),
            SIZE / 512 / 8 * 8 * 512 - 8 * 1024,
        ),
        (&[0x53, 0xef], 1024 + 56),
    ];
    for (magic, offset) in remains {
        file.write_all_at(magic, offset)?;
    }
    let mut sgdisk = command("sgdisk")?;
    sgdisk
        .args(["-n", "1:2048:0", "-c", "1:former"])
        .arg(&stick);
    run_command(sgdisk)?;
    let signatures = || -> Result<Vec<String>> {
        let said = run(
            "wipefs",
            &[
                Path::new("--noheadings"),
                Path::new("--output=TYPE"),
                &stick,
            ],
        )?;
        let mut found: Vec<_> = said
            .text()
            .lines()
            .map(|line| line.trim().to_owned())
            .collect();
        found.sort();
        Ok(found)
    };
    let before = signatures()?;
    ensure!(before.len() > 3, "{before:?}");
    write(&made, &stick)?;
    let after = signatures()?;
    ensure!(
        after
            .iter()
            .all(|kind| ["PMBR", "gpt", "dos"].contains(&&**kind)),
        "{after:?}"
    );
    ensure!(after.contains(&"gpt".to_owned()), "{after:?}");
    check(&stick, folder.path())?;
    let former = fs::read(&stick)?;
    let name: Vec<u8> = "former".encode_utf16().flat_map(u16::to_le_bytes).collect();
    ensure!(!former.windows(name.len()).any(|bytes| bytes == name));
    Ok(())
}
