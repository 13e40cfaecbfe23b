//! Every layout from a recipe to a stick: built, verified, swapped, written, and judged by others each time.

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use support::definitions::{DatSizes, make_definitions};
use support::judges;
use support::kit::{Kit, KitSpec, cache, extract_volume, recipe_text, require_builds};
use support::tools::{require_tools, run, sha256_hex};

const JUDGES: [&str; 3] = ["sgdisk", "sfdisk", "fsck.fat"];

/// Lets others judge an image or stick in this layout, and demands that `verify` has nothing to remark.
fn check(kit: &Kit, name: &str, layout: &str) -> Result<()> {
    let disk = kit.path(name);
    if layout != "mbr" {
        judges::sgdisk_accepts(&disk)?;
    }
    judges::sfdisk_accepts(&disk)?;
    let table = judges::sfdisk_reads(&disk)?;
    let label = table["partitiontable"]["label"].as_str();
    assert_eq!(label, Some(if layout == "mbr" { "dos" } else { "gpt" }));
    let volume = kit.path("volume.img");
    extract_volume(&disk, &volume)?;
    judges::fsck_fat_accepts(&volume)?;
    let said = kit.mendkit(&["verify", name, "--key", "release.key.pub"])?;
    let said = said.text();
    ensure!(said.contains(" good ") && !said.contains("note"), "{said}");
    Ok(())
}

#[test]
fn every_layout_is_built_swapped_and_written() -> Result<()> {
    if !require_builds() || !require_tools(&JUDGES) {
        return Ok(());
    }
    let cache = cache();
    let cache = cache.to_str().context("the cache's path is not UTF-8")?;
    for layout in ["gpt", "mbr"] {
        let spec = KitSpec {
            layout,
            ..KitSpec::default()
        };
        let kit = Kit::build(&spec)?;
        check(&kit, "rescue.img", layout)?;

        make_definitions(5960, DatSizes::SMALL, &kit.path("new"))?;
        let zip = "new/avvdat-5960.zip";
        let swap = ["swap", "rescue.img", "--definitions", zip];
        kit.mendkit(&[&swap[..], &["-o", "swapped.img", "--key", "release.key"]].concat())?;
        let recipe = recipe_text(&spec).replace("inputs/avvdat-5959.zip", zip);
        fs::write(kit.path("changed.toml"), recipe)?;
        kit.mendkit(&["build", "changed.toml", "-o", "built.img", "--cache", cache])?;
        let digest = |name: &str| -> Result<String> { Ok(sha256_hex(&fs::read(kit.path(name))?)) };
        assert_eq!(digest("swapped.img")?, digest("built.img")?, "{layout}");

        // Full of what a used stick is full of, and of no round size.
        let size = fs::metadata(kit.image())?.len() + (5 << 20) + 512;
        fs::write(kit.path("stick.img"), vec![0xd1; usize::try_from(size)?])?;
        let write = ["write", "rescue.img", "stick.img", "--yes-erase", "1"];
        let said = kit.mendkit(&write)?.text();
        ensure!(said.contains("1 stick good, 0 bad."), "{said}");
        check(&kit, "stick.img", layout)?;

        let refresh = ["refresh", "swapped.img", "stick.img", "--yes-refresh", "1"];
        let said = kit.mendkit(&refresh)?.text();
        ensure!(said.contains("1 stick good, 0 bad."), "{said}");
        check(&kit, "stick.img", layout)?;
        // On a stick that is no longer than the volume asks for, too.
        fs::copy(kit.image(), kit.path("tight.img"))?;
        kit.mendkit(&["write", "rescue.img", "tight.img", "--yes-erase", "1"])?;
        check(&kit, "tight.img", layout)?;
        kit.mendkit(&["refresh", "swapped.img", "tight.img", "--yes-refresh", "1"])?;
        check(&kit, "tight.img", layout)?;
    }
    Ok(())
}

/// Demands that no GUID partition table is left at either end, where another reader would believe it.
fn check_no_gpt(disk: &[u8]) -> Result<()> {
    let last = disk.len() / 512 * 512 - 512;
    for place in [512, last] {
        let found = disk.get(place..place + 8).context("too short")?;
        ensure!(found != b"EFI PART", "a GPT header at {place}");
    }
    Ok(())
}

#[test]
fn a_stick_takes_the_layout_of_the_image_that_it_is_refreshed_to() -> Result<()> {
    if !require_builds() || !require_tools(&[&JUDGES[..], &["mmd", "mcopy", "mtype"]].concat()) {
        return Ok(());
    }
    let layouts = ["hybrid", "gpt", "mbr"];
    let kit = Kit::build(&KitSpec::default())?;
    let cache = cache();
    let cache = cache.to_str().context("the cache's path is not UTF-8")?;
    for layout in layouts {
        let spec = KitSpec {
            layout,
            ..KitSpec::default()
        };
        for (age, date) in [("old", "2010-04-22"), ("new", "2010-04-23")] {
            let recipe = recipe_text(&spec).replace("2010-04-22", date);
            fs::write(kit.path("recipe.toml"), recipe)?;
            let image = format!("{age}-{layout}.img");
            kit.mendkit(&["build", "recipe.toml", "-o", &image, "--cache", cache])?;
        }
    }
    let report = b"what was done at this PC".repeat(1000);
    fs::write(kit.path("report.json"), &report)?;
    let folder = "reports/20100422T101500Z-RECEPTION-1";
    let size = fs::metadata(kit.path("old-hybrid.img"))?.len() + (5 << 20) + 512;
    for from in layouts {
        for to in layouts.into_iter().filter(|to| *to != from) {
            let (old, new) = (format!("old-{from}.img"), format!("new-{to}.img"));
            fs::write(kit.path("stick.img"), vec![0xd1; usize::try_from(size)?])?;
            kit.mendkit(&["write", &old, "stick.img", "--yes-erase", "1"])?;
            let volume = format!("{}@@1M", kit.path("stick.img").display());
            let (place, file) = (format!("::/{folder}"), kit.path("report.json"));
            run("mmd", &["-i", &volume, &place])?;
            let file = file.to_str().context("a path is not UTF-8")?;
            run("mcopy", &["-i", &volume, file, &place])?;
            let refresh = ["refresh", &new, "stick.img", "--yes-refresh", "1"];
            let said = kit.mendkit(&refresh)?.text();
            ensure!(
                said.contains("1 stick good, 0 bad."),
                "{from} to {to}: {said}"
            );
            check(&kit, "stick.img", to).with_context(|| format!("{from} to {to}"))?;
            let kept = run(
                "mtype",
                &["-i", &volume, &format!("::/{folder}/report.json")],
            )?;
            assert_eq!(kept.out, report, "{from} to {to}");
            if to == "mbr" {
                check_no_gpt(&fs::read(kit.path("stick.img"))?)
                    .with_context(|| format!("{from} to {to}"))?;
            }
        }
    }
    Ok(())
}

#[test]
fn a_layout_that_nobody_knows_is_refused_with_its_place() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let recipe = recipe_text(&KitSpec::default()).replace("\"hybrid\"", "\"apm\"");
    fs::write(kit.path("recipe.toml"), recipe)?;
    let output = kit
        .mendkit_command(&["build", "recipe.toml", "-o", "other.img"])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("layout = \"apm\""), "{said}");
    assert!(
        said.contains("expected one of `hybrid`, `gpt`, `mbr`"),
        "{said}"
    );
    Ok(())
}
