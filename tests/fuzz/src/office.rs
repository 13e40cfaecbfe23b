//! What the office reads: recipes, locks, manifests, signatures, definitions, packages.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use md5::{Digest as _, Md5};
use mendkit::inputs::extra_dat::check_extra_dat;
use mendkit::inputs::mcafee_dat::{check_package, description_path};
use mendkit::parts::deb::{read_chosen, read_control, read_identity};
use mendkit::parts::lock::Lock;
use mendkit::recipe::Recipe;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::manifest::{Discrepancy, Manifest};
use rescue_stick::signature::{PublicKey, key_id_of_signature};

/// A public key whose secret half is gone, and a signature of it over `MESSAGE`.
pub const TEST_KEY: &str = include_str!("../seeds/test.pub");
/// That signature.
pub const TEST_SIGNATURE: &str = include_str!("../seeds/test.minisig");
const MESSAGE: &[u8] = b"manifest\n";

/// What vendors lock an EXTRA.DAT with.
const PASSWORD: &str = "infected";

/// A recipe makes sense or is refused with its place.
pub(crate) fn read_recipe(bytes: &[u8]) -> Result<bool> {
    let Ok(text) = str::from_utf8(bytes) else {
        return Ok(false);
    };
    match Recipe::parse(text, Path::new("recipe.toml")) {
        Ok(recipe) => ensure!(recipe.find_nonsense().is_empty(), "nonsense is let through"),
        Err(error) => {
            let said = error.to_string();
            ensure!(said.starts_with("recipe.toml:"), "without a place: {said}");
            return Ok(false);
        }
    }
    Ok(true)
}

/// A lock that is read is written and read again as the same.
pub(crate) fn read_lock(bytes: &[u8]) -> Result<bool> {
    let Ok(text) = str::from_utf8(bytes) else {
        return Ok(false);
    };
    let Ok(lock) = Lock::parse(text) else {
        return Ok(false);
    };
    let written = lock.format()?;
    ensure!(Lock::parse(&written)? == lock, "another lock: {written}");
    let copy = lock.format_copy()?;
    ensure!(
        Lock::is_copy(&copy) && Lock::parse(&copy)? == lock,
        "{copy}"
    );
    Ok(true)
}

/// A manifest that is read is written and read again as the same; it agrees with its own files and with no
/// others.
pub(crate) fn read_manifest(bytes: &[u8]) -> Result<bool> {
    let Ok(text) = str::from_utf8(bytes) else {
        return Ok(false);
    };
    let Ok(manifest) = Manifest::parse(text) else {
        return Ok(false);
    };
    let written = manifest.to_text();
    ensure!(Manifest::parse(&written)? == manifest, "{written}");
    let outside = |difference: &Discrepancy| match difference {
        // What lies outside by design is never looked at, so a manifest that lists it misses it.
        Discrepancy::Missing { path } => rescue_stick::paths::is_outside_manifest(path),
        _ => false,
    };
    let own = manifest.audit(manifest.entries());
    ensure!(own.iter().all(outside), "differs from itself: {own:?}");
    let nothing = manifest.audit([]);
    ensure!(nothing.len() == manifest.entries().len(), "{nothing:?}");
    let stranger = format!("{}x", manifest.entries().next().context("no entry")?.0);
    if !rescue_stick::paths::is_outside_manifest(&stranger)
        && manifest.digest_of(&stranger).is_none()
    {
        let found = manifest.audit([(stranger.as_str(), Sha256Digest::of(b""))]);
        ensure!(
            found.contains(&Discrepancy::Extra { path: stranger }),
            "a stranger is let in: {found:?}"
        );
    }
    Ok(true)
}

/// No signature but the right one is believed. The input is a key file and a signature, apart by a zero byte.
pub(crate) fn read_signature(bytes: &[u8]) -> Result<bool> {
    let Ok(text) = str::from_utf8(bytes) else {
        return Ok(false);
    };
    let (key, signature) = text.split_once('\0').unwrap_or((TEST_KEY, text));
    let _ = key_id_of_signature(signature);
    let own = PublicKey::parse(TEST_KEY)?;
    let is_believed = own.check(MESSAGE, signature).is_ok();
    if is_believed {
        let line = |text: &str| text.lines().nth(1).map(|line| line.trim().to_owned());
        ensure!(
            line(signature) == line(TEST_SIGNATURE),
            "another signature is believed"
        );
        ensure!(
            own.check(b"other", signature).is_err(),
            "another text is believed"
        );
    }
    if let Ok(key) = PublicKey::parse(key) {
        ensure!(
            PublicKey::parse(&key.to_file())? == key,
            "another key: {}",
            key.to_file()
        );
        ensure!(key.key_id().is_some(), "a key without a name");
        let _ = key.check(MESSAGE, signature);
    }
    Ok(is_believed)
}

/// A package of definitions that nothing is wrong with.
const GOOD_ZIP: &[u8] = include_bytes!("../seeds/avvdat-5959.zip");

/// Returns the vendor's description of a good package of definitions.
pub fn description_of_definitions() -> Vec<u8> {
    let text = description_of(GOOD_ZIP);
    format!("\u{feff}[ZIP]\r\nDATVersion=1\r\n{text}").into_bytes()
}

fn description_of(zip: &[u8]) -> String {
    format!(
        "[AVV-ZIP]\r\nDATVersion=5959\r\nFileName={ZIP_NAME}\r\nFileSize={}\r\nMD5={}\r\n",
        zip.len(),
        hex::encode(Md5::digest(zip))
    )
}

/// What a package of definitions is called.
const ZIP_NAME: &str = "avvdat-5959.zip";

/// A folder in memory where the parsers that want paths find their file.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.0.path().join(name);
        fs::write(&path, bytes)?;
        Ok(path)
    }
}

/// A package of definitions: the vendor's zip under a description that fits, a description beside a zip that
/// is good, and the same zip as an EXTRA.DAT with and without a password. What is accepted is of the size that
/// it declares.
pub(crate) fn read_definitions(bytes: &[u8]) -> Result<bool> {
    let folder = Folder::new()?;
    if !bytes.starts_with(b"PK") {
        let zip = folder.put(ZIP_NAME, GOOD_ZIP)?;
        fs::write(description_path(&zip), bytes)?;
        let checked = check_package(&zip);
        if let Ok(package) = &checked {
            ensure!(package.version.starts_with("5959."), "{}", package.version);
        }
        let plain = folder.put("EXTRA.DAT", bytes)?;
        read_extra_dat(&folder, &plain, None)?;
        return Ok(checked.is_ok());
    }
    let zip = folder.put(ZIP_NAME, bytes)?;
    fs::write(description_path(&zip), description_of(bytes))?;
    let checked = check_package(&zip);
    if let Ok(package) = &checked {
        let names = package
            .members
            .iter()
            .map(|member| member.name.to_lowercase());
        let names: Vec<_> = names.collect();
        ensure!(names.iter().all(|name| name.ends_with(".dat")), "{names:?}");
        ensure!(names.is_sorted() && names.len() >= 3, "{names:?}");
    }
    let plain = read_extra_dat(&folder, &zip, None)?;
    let opened = read_extra_dat(&folder, &zip, Some(PASSWORD))?;
    ensure!(!(plain && opened), "a password makes no difference");
    Ok(checked.is_ok() || plain || opened)
}

/// What is packed for the stick is the same when it is read from there.
fn read_extra_dat(folder: &Folder, path: &Path, password: Option<&str>) -> Result<bool> {
    let Ok(checked) = check_extra_dat(path, password) else {
        return Ok(false);
    };
    let packed = folder.put("extra-dat.zip", &checked.package)?;
    let again = check_extra_dat(&packed, None)?;
    ensure!(
        again == checked,
        "{:?} became {:?}",
        checked.member,
        again.member
    );
    Ok(true)
}

/// A package of Debian: its files, and what it says of itself. No path leads out of it. What is no package is a
/// tar, and is packed as one.
pub(crate) fn read_deb(bytes: &[u8]) -> Result<bool> {
    let folder = Folder::new()?;
    let deb = match bytes.starts_with(b"!<arch>") {
        true => folder.put("package.deb", bytes)?,
        false => folder.put("package.deb", &package_of(&fit_headers(bytes)))?,
    };
    let chosen = read_chosen(&deb, |_| true);
    if let Ok(files) = &chosen {
        for path in files.keys() {
            let leads_out = path.starts_with('/') || path.split('/').any(|part| part == "..");
            ensure!(!leads_out, "{path:?}");
        }
        ensure!(
            read_chosen(&deb, |_| false)?.is_empty(),
            "files that nobody chose"
        );
    }
    let identity = read_identity(&deb);
    if identity.is_ok() {
        ensure!(
            read_control(&deb).is_ok(),
            "an identity without a control file"
        );
    }
    Ok(chosen.is_ok() && identity.is_ok())
}

/// Puts the checksums of a tar's headers right: chance never finds one. Source: tar(5).
fn fit_headers(tar: &[u8]) -> Vec<u8> {
    let mut tar = tar.to_vec();
    for block in tar.chunks_exact_mut(512) {
        if block[257..].starts_with(b"ustar") {
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
    tar
}

/// Returns a package both of whose archives are this one. Source: deb(5).
fn package_of(tar: &[u8]) -> Vec<u8> {
    let mut package = b"!<arch>\n".to_vec();
    for (name, content) in [
        ("debian-binary", &b"2.0\n"[..]),
        ("control.tar", tar),
        ("data.tar", tar),
    ] {
        let length = content.len();
        package.extend(
            format!(
                "{name:<16}{:<12}{:<6}{:<6}{:<8}{length:<10}`\n",
                0, 0, 0, 100_644
            )
            .bytes(),
        );
        package.extend(content);
        package.extend(vec![b'\n'; length % 2]);
    }
    package
}
