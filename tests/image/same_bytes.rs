//! Same inputs, same bytes: under another time, zone, locale, umask, file order and working folder.

use anyhow::{Context as _, Result};
use fs_err as fs;
use support::kit::{Kit, KitSpec, cache, mendkit, require_builds};
use support::tools::{command, require_tools, run_command, sha256_hex};

#[test]
fn surroundings_do_not_change_a_single_byte() -> Result<()> {
    if !require_builds() || !require_tools(&["faketime", "bash"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let expected = sha256_hex(&fs::read(kit.image())?);
    // The same inputs, written in another order, into another folder, with other times.
    let other = tempfile::tempdir()?;
    let inputs = other.path().join("deeper/still");
    fs::create_dir_all(inputs.join("inputs"))?;
    for name in [
        "release.key",
        "inputs/avvdat.ini",
        "recipe.toml",
        "inputs/avvdat-5959.zip",
    ] {
        fs::copy(kit.path(name), inputs.join(name))?;
    }
    // An empty cache, so that everything is derived again under these surroundings too.
    let fresh_cache = other.path().join("cache");
    fs::create_dir(&fresh_cache)?;
    let mut copy = command("cp")?;
    copy.arg("-r")
        .arg(cache().join("parts"))
        .arg(cache().join("parts.lock"))
        .arg(&fresh_cache);
    run_command(copy)?;
    let script = format!(
        "umask 077; cd /; exec faketime '2031-05-06 07:08:09' {} build {} -o {} --cache {}",
        mendkit().display(),
        inputs.join("recipe.toml").display(),
        other.path().join("other.img").display(),
        fresh_cache.display(),
    );
    let mut shell = command("bash")?;
    shell
        .env("TZ", "Asia/Tokyo")
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", other.path());
    shell.arg("-c").arg(script);
    run_command(shell).context("building under other surroundings")?;
    let found = sha256_hex(&fs::read(other.path().join("other.img"))?);
    assert_eq!(found, expected);
    Ok(())
}

#[test]
fn another_key_or_another_dat_gives_another_disk() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let [one, two] = [
        Kit::build(&KitSpec::default())?,
        Kit::build(&KitSpec::default())?,
    ];
    let (one, two) = (fs::read(one.image())?, fs::read(two.image())?);
    // Disk GUID. Source: UEFI 2.10, 5.3.2: bytes 56..72 of the header in LBA 1.
    assert_ne!(one.get(568..584), two.get(568..584));
    Ok(())
}
