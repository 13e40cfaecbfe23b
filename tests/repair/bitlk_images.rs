//! Volumes that Windows 7 to 11 locked, from cryptsetup's own tests: what our reader says of each, held against what
//! their makers wrote down and against the key that cryptsetup itself finds.

#![expect(clippy::print_stderr, reason = "a test that skips itself says why")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use mend::area::FileArea;
use mend::bitlocker::keys::{Credential, unseal_volume};
use mend::bitlocker::metadata::{Metadata, read_metadata};
use mend::bitlocker::segments::plan_segments;
use mend::bitlocker::startup_key::StartupKey;
use mend::filesystem::identify;
use mend::machine::FileSystem;
use rescue_stick::guid::Guid;
use rescue_stick::recovery_password::RecoveryPassword;
use support::kit::cache;
use support::tools::{command, require_tools, run_command, sha256_hex};
use tempfile::TempDir;

/// Of `tests/bitlk-images.tar.xz` in cryptsetup 2.6.1.
const SHA256: &str = "cd5cacb825ac339f450000c8c45b26ee7d2747afd85432b3c1ea5c7da314963e";

/// The volumes, unpacked.
struct Images {
    folder: TempDir,
}

impl Images {
    fn unpack() -> Result<Option<Self>> {
        let packed = cache().join("bitlk-images.tar.xz");
        if !packed.exists() {
            ensure!(
                std::env::var_os("CI").is_none(),
                "{}: not there",
                packed.display()
            );
            eprintln!(
                "skipped: {} is not there; scripts/setup fetches it",
                packed.display()
            );
            return Ok(None);
        }
        ensure!(
            sha256_hex(&fs::read(&packed)?) == SHA256,
            "{}: another file",
            packed.display()
        );
        if !require_tools(&["tar", "xz"]) {
            return Ok(None);
        }
        let folder = tempfile::tempdir()?;
        let mut tar = command("tar")?;
        tar.arg("xJf").arg(&packed).arg("-C").arg(folder.path());
        tar.args(["--strip-components=1", "--sparse"]);
        run_command(tar)?;
        Ok(Some(Self { folder }))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns what is written down of each volume, by its name.
    fn described(&self) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
        let text = fs::read_to_string(self.path("images.conf"))?;
        let mut all: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut current = String::new();
        for line in text.lines() {
            if let Some(name) = line
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
            {
                current = name.to_owned();
            } else if let Some((key, value)) = line.split_once('=') {
                let described = all.entry(current.clone()).or_default();
                described.insert(key.to_owned(), value.trim().to_owned());
            }
        }
        Ok(all)
    }

    fn metadata(&self, name: &str) -> Result<Metadata> {
        let area = FileArea::open(&self.path(&format!("{name}.img")))?;
        ensure!(
            identify(&area)?.file_system == FileSystem::BitLocker,
            "{name}"
        );
        read_metadata(&area).with_context(|| name.to_owned())
    }
}

/// Returns the volume key that cryptsetup finds by a recovery password, in hexadecimal.
fn key_by_cryptsetup(image: &Path, password: &str) -> Result<String> {
    let mut dump = command("cryptsetup")?;
    dump.args([
        "bitlkDump",
        "--batch-mode",
        "--dump-volume-key",
        "--key-file",
        "-",
    ]);
    dump.arg(image).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = dump.spawn()?;
    process
        .stdin
        .take()
        .context("no input")?
        .write_all(password.as_bytes())?;
    let said = process.wait_with_output()?;
    let said = String::from_utf8(said.stdout)?;
    let (_, key) = said
        .split_once("MK dump:")
        .or_else(|| said.split_once("Volume key:"))
        .with_context(|| format!("cryptsetup says {said}"))?;
    Ok(key.chars().filter(char::is_ascii_hexdigit).collect())
}

#[test]
fn volumes_that_windows_locked_are_read_and_open_by_their_recovery_passwords() -> Result<()> {
    let Some(images) = Images::unpack()? else {
        return Ok(());
    };
    let has_cryptsetup = require_tools(&["cryptsetup"]);
    let (mut opened, mut refused) = (0, Vec::new());
    for (name, described) in images.described()? {
        let says = |key: &str| described.get(key).map(String::as_str).unwrap_or_default();
        let image = images.path(&format!("{name}.img"));
        if !image.exists() {
            continue;
        }
        let metadata = images.metadata(&name)?;
        assert_eq!(metadata.volume, Guid::parse(says("GUID"))?, "{name}");
        assert_eq!(metadata.cipher()?.kernel_name(), says("CIPHER"), "{name}");
        let id = Guid::parse(says("RP_VMK_GUID"))?;
        assert_eq!(metadata.recovery_ids(), [id], "{name}");
        if let Err(error) = metadata.check_openable() {
            let text = error.to_string();
            assert!(text.contains("was converting it"), "{name}: {text}");
            refused.push(name);
            continue;
        }
        let length = fs::metadata(&image)?.len();
        plan_segments(&metadata, length).with_context(|| name.clone())?;
        let password = RecoveryPassword::parse(says("RP"))?;
        let credential = Credential::RecoveryPassword(&password);
        let found = unseal_volume(&metadata, &credential, &mut |_| {});
        let found = found.with_context(|| name.clone())?;
        assert_eq!(found.protector.id, id, "{name}");
        if has_cryptsetup {
            let key = key_by_cryptsetup(&image, says("RP"))?;
            assert_eq!(hex::encode(found.key.bytes()), key, "{name}");
        }
        opened += 1;
    }
    assert_eq!(
        refused,
        ["bitlk-aes-xts-128-eow", "bitlk-clearkey-aes-cbc-128"]
    );
    assert!(opened >= 10, "only {opened} were there");
    Ok(())
}

#[test]
fn startup_key_files_of_windows_open_their_volumes() -> Result<()> {
    let Some(images) = Images::unpack()? else {
        return Ok(());
    };
    for (name, file) in [
        (
            "bitlk-aes-xts-128-startup-key",
            "4381F759-C4F8-4DE0-BB61-FC33A831BDA5.BEK",
        ),
        (
            "bitlk-aes-xts-128-startup-key-win11",
            "AA80A52B-9B66-47AE-B097-33F536FFBB07.BEK",
        ),
    ] {
        let key = StartupKey::parse(&fs::read(images.path(file))?)?;
        assert_eq!(format!("{}.BEK", key.protector), file);
        let metadata = images.metadata(name)?;
        let found = unseal_volume(&metadata, &Credential::StartupKey(&key), &mut |_| {})?;
        assert_eq!(found.key.bytes().len(), 32, "{name}");
        let other = images.metadata("bitlk-aes-xts-128")?;
        assert!(unseal_volume(&other, &Credential::StartupKey(&key), &mut |_| {}).is_err());
    }
    Ok(())
}

#[test]
fn a_key_that_windows_left_in_the_clear_opens_its_volume() -> Result<()> {
    let Some(images) = Images::unpack()? else {
        return Ok(());
    };
    let metadata = images.metadata("bitlk-clearkey-aes-cbc-128")?;
    assert!(metadata.is_suspended());
    let clear = unseal_volume(&metadata, &Credential::ClearKey, &mut |_| {})?;
    let described = images.described()?;
    let password = &described["bitlk-clearkey-aes-cbc-128"]["RP"];
    let password = RecoveryPassword::parse(password)?;
    let typed = unseal_volume(
        &metadata,
        &Credential::RecoveryPassword(&password),
        &mut |_| {},
    )?;
    assert_eq!(clear.key, typed.key);
    Ok(())
}
