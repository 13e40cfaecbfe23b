//! What a kit may carry besides one package of definitions: an EXTRA.DAT, several sets of definitions, known
//! good files, several remedies. Each goes from a recipe through an image to a repaired PC in a folder.

use std::path::Path;

use anyhow::{Context as _, Result};
use fs_err as fs;
use support::broken_pc::{WindowsSpec, dat_files, good_svchost, make_folder, preset};
use support::judges::extract_fat;
use support::kit::{Kit, KitSpec, VOLUME_OFFSET, read_from_stick, require_builds};
use support::tools::{command, require_tools, run_command, sha256_hex};

use crate::verdicts::{mend, read_tree};

/// The password that the vendor uses, which stands in the recipe and nowhere else.
const PASSWORD: &str = "infected";

const EXTRA: &[u8] = b"an addition that takes back the detection of svchost.exe";

/// A remedy that installs two sets and puts back the file that the kit brings.
const OWN_REMEDY: &str = r#"
schema = 1
id = "own-5958"
title = "DAT 5958, with an EXTRA.DAT on top of the corrected definitions"
[[when]]
product = { vendor = "mcafee", definitions = "5958" }
[[step]]
install-definitions = "mcafee-dat"
[[step]]
install-definitions = "mcafee-extra"
[[step]]
restore-file = '{system32}\svchost.exe'
if = ["missing", "empty"]
from = ["kit"]
accept = { version = "5.1.2600.5512", original-name = "svchost.exe" }
"#;

/// Writes an EXTRA.DAT and locks it into a zip by Info-ZIP's program.
fn lock_extra_dat(kit: &Kit) -> Result<()> {
    fs::write(kit.path("EXTRA.DAT"), EXTRA)?;
    let mut zip = command("zip")?;
    zip.args(["-q", "-j", "-P", PASSWORD]);
    zip.arg(kit.path("inputs/EXTRA.ZIP"))
        .arg(kit.path("EXTRA.DAT"));
    run_command(zip)?;
    Ok(())
}

fn write_recipe(kit: &Kit, remedies: &str, tables: &str) -> Result<()> {
    let recipe = format!(
        "title = \"EXTRA.DAT for DAT 5958\"\nremedies = {remedies}\nmode = \"auto\"\n{tables}\n\
         [signing]\nkey = \"release.key\"\n"
    );
    Ok(fs::write(kit.path("recipe.toml"), recipe)?)
}

fn stick_of(kit: &Kit) -> Result<std::path::PathBuf> {
    let stick = kit.path("stick");
    fs::create_dir(&stick)?;
    extract_fat(&kit.image(), VOLUME_OFFSET, &stick)?;
    Ok(stick)
}

/// Repairs twice; demands that the second time changes nothing. Returns what the first time said.
fn repair(kit: &Kit, windows: &WindowsSpec, pc: &Path) -> Result<String> {
    make_folder(windows, pc)?;
    let stick = stick_of(kit)?;
    let (code, said) = mend(&["repair", "--yes"], pc, &stick, kit)?;
    assert_eq!(code, 0, "{said}");
    let after = read_tree(pc)?;
    let (code, again) = mend(&["repair", "--yes"], pc, &stick, kit)?;
    assert_eq!(code, 0, "{again}");
    assert_eq!(read_tree(pc)?, after, "{again}");
    let svchost = fs::read(pc.join(windows.svchost_path()))?;
    assert_eq!(
        sha256_hex(&svchost),
        sha256_hex(&good_svchost(windows)?),
        "{said}"
    );
    Ok(said)
}

#[test]
fn a_locked_extra_dat_is_installed_beside_the_definitions() -> Result<()> {
    if !require_builds() || !require_tools(&["mcopy", "zip"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    lock_extra_dat(&kit)?;
    let table = |password: &str| {
        format!("[definitions.mcafee-dat]\nextra-dat = \"inputs/EXTRA.ZIP\"\n{password}")
    };
    write_recipe(&kit, "[\"mcafee-5958\"]", &table(""))?;
    let error = kit
        .rebuild()
        .map(|said| said.text())
        .unwrap_err()
        .to_string();
    assert!(error.contains("EXTRA.DAT has a password"), "{error}");
    write_recipe(&kit, "[\"mcafee-5958\"]", &table("password = \"wrong\""))?;
    assert!(kit.rebuild().is_err());
    write_recipe(
        &kit,
        "[\"mcafee-5958\"]",
        &table(&format!("password = \"{PASSWORD}\"")),
    )?;
    let said = kit.rebuild()?.text();
    assert!(said.contains(" inputs    EXTRA.ZIP "), "{said}");

    let windows = preset("xp-mcafee-5958-missing")?
        .installations
        .swap_remove(0);
    let pc = tempfile::tempdir()?;
    let said = repair(&kit, &windows, pc.path())?;
    let engine = pc.path().join(windows.engine_folder());
    assert_eq!(fs::read(engine.join("EXTRA.DAT"))?, EXTRA, "{said}");
    for (name, content) in dat_files(&windows) {
        assert_eq!(fs::read(engine.join(&name))?, content, "{name}: {said}");
    }
    // The password opened the zip in the office, and is on no stick.
    let image = fs::read(kit.image())?;
    let word = PASSWORD.as_bytes();
    let job = read_from_stick(&kit.image(), "/mendkit/job.json")?;
    assert!(!job.windows(word.len()).any(|part| part == word));
    let needle = format!("password = \"{PASSWORD}\"").into_bytes();
    assert!(!image.windows(needle.len()).any(|part| part == needle));
    Ok(())
}

#[test]
fn two_sets_of_definitions_and_an_own_file_are_one_repair() -> Result<()> {
    if !require_builds() || !require_tools(&["mcopy", "zip"]) {
        return Ok(());
    }
    // On this PC is no copy that could be put back.
    let windows = preset("xp-mcafee-5958-bad-copies")?
        .installations
        .swap_remove(0);
    let kit = Kit::build(&KitSpec::default())?;
    lock_extra_dat(&kit)?;
    let own = good_svchost(&windows)?;
    fs::write(kit.path("inputs/svchost.exe"), &own)?;
    fs::write(
        kit.path("inputs/other.bin"),
        b"carried, and needed by nobody",
    )?;
    fs::write(kit.path("own.toml"), OWN_REMEDY)?;
    let tables = format!(
        "[definitions.mcafee-dat]\nzip = \"inputs/avvdat-5959.zip\"\n\
         [definitions.mcafee-extra]\nextra-dat = \"inputs/EXTRA.ZIP\"\npassword = \"{PASSWORD}\"\n\
         [[files]]\npath = \"inputs/other.bin\"\nsha256 = \"{}\"\n\
         [[files]]\npath = \"inputs/svchost.exe\"\nsha256 = \"{}\"\n",
        sha256_hex(b"carried, and needed by nobody"),
        sha256_hex(&own)
    );
    write_recipe(&kit, "[\"crowdstrike-291\", \"own.toml\"]", &tables)?;
    let said = kit.rebuild()?.text();
    assert!(
        said.contains("remedies: crowdstrike-291, own-5958"),
        "{said}"
    );
    let verified = kit.mendkit(&["verify", "rescue.img", "--key", "release.key.pub"])?;
    assert!(verified.text().contains(" good "), "{}", verified.text());
    let explained = kit.mendkit(&["inspect", "rescue.img"])?.text();
    for words in [
        "input, EXTRA.ZIP, packed anew",
        "input, other.bin",
        "remedy, own.toml",
    ] {
        assert!(explained.contains(words), "{words}\n{explained}");
    }

    let pc = tempfile::tempdir()?;
    let said = repair(&kit, &windows, pc.path())?;
    let engine = pc.path().join(windows.engine_folder());
    assert_eq!(fs::read(engine.join("EXTRA.DAT"))?, EXTRA, "{said}");
    let zip = kit.path("inputs/avvdat-5959.zip");
    let mut unzip = zip_member(&zip, "avvscan.dat")?;
    let installed = fs::read_dir(&engine)?
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().eq_ignore_ascii_case("avvscan.dat"))
        .context("no avvscan.dat")?;
    assert_eq!(
        fs::read(installed.path())?,
        std::mem::take(&mut unzip),
        "{said}"
    );
    Ok(())
}

/// Takes a member out of a zip by Python's reader.
fn zip_member(zip: &Path, name: &str) -> Result<Vec<u8>> {
    let mut python = command("python3")?;
    python.arg("-c").arg(
        "import sys, zipfile\n\
         sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))",
    );
    python.arg(zip).arg(name);
    Ok(run_command(python)?.out)
}
