//! The release once more, from a clone in another folder, with another home, umask and zone: the same bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use fs_err as fs;
use support::tools::{command, run_command, sha256_hex};

/// What is proven, and with what.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Folder with the release
    #[arg(long)]
    output: PathBuf,
    /// Cache of the boot parts, which go into no tarball
    #[arg(long)]
    cache: PathBuf,
}

/// A place that nothing of which may show in a release.
const PLACE: &str = "quite/another-place";
const ZONE: &str = "Asia/Kolkata";

/// Makes the release in another place and holds it against the first.
pub(crate) fn prove(arguments: &Arguments) -> Result<()> {
    let first = digests(&arguments.output)?;
    let folder = tempfile::tempdir()?;
    let (place, home) = (folder.path().join(PLACE), folder.path().join("home"));
    // A clone knows what is committed and nothing else.
    let mut clone = command("git")?;
    clone.args(["clone", "--quiet", "."]).arg(&place);
    run_command(clone)?;
    fs::create_dir_all(place.join("target"))?;
    fs::create_dir_all(&home)?;
    let mut copy = command("cp")?;
    copy.arg("-a").arg(&arguments.cache);
    copy.arg(place.join("target/cache"));
    run_command(copy)?;
    let mut script = Command::new("sh");
    script.args(["-c", "umask 077 && exec \"$0\""]);
    script.arg(place.join("scripts/release"));
    script.env("HOME", &home).env("TZ", ZONE);
    for (variable, folder) in [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")] {
        let former = std::env::var_os(variable).map(PathBuf::from);
        let at_home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(folder));
        let at = former.or_else(at_home).context("HOME is not set")?;
        script.env(variable, at);
    }
    // Shown while it runs, since it takes minutes.
    let status = script.status()?;
    ensure!(status.success(), "the release in {PLACE}: {status}");
    let second = digests(&place.join("target/release-tarball"))?;
    ensure!(
        first == second,
        "the release in {PLACE} is {second:#?}, expected {first:#?}"
    );
    for (name, sha256) in &first {
        println!(" the same from {PLACE}: {name} sha256 {sha256}");
    }
    Ok(())
}

/// Returns the digest of every file in a folder by its name; there must be one.
fn digests(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        found.insert(name, sha256_hex(&fs::read(entry.path())?));
    }
    ensure!(!found.is_empty(), "{}: holds no release", folder.display());
    Ok(found)
}
