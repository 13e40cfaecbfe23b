//! `mendkit inspect` accounts for every sector of a real image and stick, and says what differs.

use anyhow::{Context as _, Result};
use fs_err as fs;
use serde_json::Value;
use support::definitions::{DatSizes, make_definitions};
use support::kit::{Kit, KitSpec, cache, read_from_stick, recipe_text, require_builds};
use support::tools::sha256_hex;

/// Runs `inspect --json`, demands this exit code, and that the ranges cover the file.
fn inspect(kit: &Kit, name: &str, code: i32) -> Result<Value> {
    let output = kit.mendkit_command(&["inspect", name, "--json"]).output()?;
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{wrong}");
    let found: Value = serde_json::from_slice(&output.stdout)?;
    let mut next = 0;
    for range in found["ranges"].as_array().context("no ranges")? {
        assert_eq!(range["first-lba"].as_u64(), Some(next), "{range}");
        next += range["sectors"].as_u64().unwrap_or_default();
    }
    assert_eq!(next * 512, fs::metadata(kit.path(name))?.len());
    Ok(found)
}

fn ranges(found: &Value) -> Vec<Value> {
    found["ranges"].as_array().cloned().unwrap_or_default()
}

#[test]
fn nothing_of_an_image_is_unexplained_and_every_file_has_an_origin() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    for layout in ["hybrid", "gpt", "mbr"] {
        let spec = KitSpec {
            layout,
            ..KitSpec::default()
        };
        let kit = Kit::build(&spec)?;
        let found = inspect(&kit, "rescue.img", 0)?;
        assert_eq!(found["layout"], layout);
        let image = fs::read(kit.image())?;
        let mut files = 0;
        for range in ranges(&found) {
            let text = range.to_string();
            assert_ne!(range["kind"], "unexplained", "{text}");
            assert!(!text.contains("not told"), "{text}");
            let start = usize::try_from(range["first-lba"].as_u64().unwrap_or_default() * 512)?;
            let sectors = usize::try_from(range["sectors"].as_u64().unwrap_or_default() * 512)?;
            let bytes = &image[start..start + sectors];
            if range["kind"] == "free" {
                assert!(bytes.iter().all(|byte| *byte == 0), "{text}");
                continue;
            }
            let length = match range["bytes"].as_u64() {
                Some(length) => usize::try_from(length)?,
                None => sectors,
            };
            assert_eq!(range["sha256"], sha256_hex(&bytes[..length]), "{text}");
            files += usize::from(range["kind"] == "file");
        }
        assert!(files >= 20, "{files} files");
    }
    Ok(())
}

#[test]
fn files_lead_to_packages_versions_and_licences() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let found = inspect(&kit, "rescue.img", 0)?;
    let lock = fs::read_to_string(cache().join("parts.lock"))?;
    let of = |path: &str| -> Result<Value> {
        let mut all = ranges(&found).into_iter();
        let range = all.find(|range| range["what"] == path);
        range.with_context(|| format!("{path}: not found"))
    };
    for (path, package, licence) in [
        (
            "/EFI/BOOT/BOOTX64.EFI",
            "shim-signed ",
            "BSD-2-Clause AND OpenSSL",
        ),
        ("/boot/grub/core.img", "grub-pc-bin ", "GPL-3.0-or-later"),
        ("GRUB's core image", "grub-pc-bin ", "GPL-3.0-or-later"),
        (
            "/boot/vmlinuz32",
            "linux-image-6.1",
            "GPL-2.0-only WITH Linux-syscall-note",
        ),
    ] {
        let range = of(path)?;
        let made_of = range["made-of"][0].as_str().unwrap_or_default().to_owned();
        assert!(made_of.starts_with(package), "{range}");
        let version = made_of.split(' ').next_back().unwrap_or_default();
        assert!(
            lock.contains(&format!("version = \"{version}\"")),
            "{range}"
        );
        assert_eq!(range["licences"][0], licence, "{range}");
    }
    let definitions = of("/mendkit/definitions/mcafee-dat/avvdat-5959.zip")?;
    assert_eq!(definitions["origin"], "input, avvdat-5959.zip");
    let remedy = of("/mendkit/remedies/mcafee-5958.toml")?;
    assert_eq!(remedy["origin"], "remedy, built in");
    let said = kit.mendkit(&["inspect", "rescue.img"])?.text();
    assert!(said.contains("all explained\n"), "{said}");
    Ok(())
}

#[test]
fn a_written_stick_is_explained_too_with_its_identity() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let size = fs::metadata(kit.image())?.len() + (5 << 20);
    fs::write(kit.path("stick.img"), vec![0xd1; usize::try_from(size)?])?;
    kit.mendkit(&["write", "rescue.img", "stick.img", "--yes-erase", "1"])?;
    let found = inspect(&kit, "stick.img", 0)?;
    let stick = found["stick"].as_str().context("no identity")?;
    assert!(stick.starts_with("MK-"), "{stick}");
    let output = kit
        .mendkit_command(&["inspect", "--compare", "rescue.img", "stick.img"])
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&format!(" stick       {stick} added")),
        "{said}"
    );
    assert!(
        !said.contains(" package ") && !said.contains(" key "),
        "{said}"
    );
    Ok(())
}

#[test]
fn comparing_says_in_words_what_a_new_dat_another_recipe_and_another_key_change() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    make_definitions(5960, DatSizes::SMALL, &kit.path("new"))?;
    kit.mendkit(&["keygen", "--no-password", "-o", "other.key"])?;
    let recipe = recipe_text(&KitSpec {
        mode: "confirm",
        layout: "gpt",
        menu_seconds: 7,
        ..KitSpec::default()
    });
    let recipe = recipe
        .replace("inputs/avvdat-5959.zip", "new/avvdat-5960.zip")
        .replace("release.key", "other.key")
        .replace("\"uefi-ia32\"", "");
    let recipe = recipe.replace("[boot]\n", "[boot]\nfirmware = [\"bios\", \"uefi-x64\"]\n");
    fs::write(kit.path("changed.toml"), recipe)?;
    let cache = cache();
    let cache = cache.to_str().context("the cache's path is not UTF-8")?;
    kit.mendkit(&[
        "build",
        "changed.toml",
        "-o",
        "changed.img",
        "--cache",
        cache,
    ])?;
    let compare = |one: &str, other: &str| -> Result<(Option<i32>, String)> {
        let output = kit
            .mendkit_command(&["inspect", "--compare", one, other])
            .output()?;
        Ok((output.status.code(), String::from_utf8(output.stdout)?))
    };
    let (code, said) = compare("rescue.img", "changed.img")?;
    assert_eq!(code, Some(1), "{said}");
    for line in [
        " layout      hybrid -> gpt",
        " recipe      mode auto -> confirm",
        " definitions mcafee-dat 5959.0000 -> 5960.0000",
        " menu        set timeout=7 added",
        " file        /EFI/BOOT/BOOTIA32.EFI removed",
        " file        /mendkit/definitions/mcafee-dat/avvdat-5960.zip added",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(said.contains(" key         RW"), "{said}");
    let (code, said) = compare("rescue.img", "rescue.img")?;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(" same "), "{said}");
    Ok(())
}

#[test]
fn bytes_that_nobody_signed_are_found() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    support::kit::replace_on_stick(&kit.image(), "/strange.bin", b"hello")?;
    let found = inspect(&kit, "rescue.img", 1)?;
    let strange = ranges(&found)
        .into_iter()
        .find(|one| one["what"] == "/strange.bin");
    let strange = strange.context("not listed")?;
    assert_eq!(strange["origin"], "not told by the bill of materials");
    assert_eq!(strange["sha256"], sha256_hex(b"hello"));
    assert!(read_from_stick(&kit.image(), "/mendkit/bom.json")?.starts_with(b"{"));
    Ok(())
}
