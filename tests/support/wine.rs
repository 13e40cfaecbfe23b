//! Wine's `svchost.exe` for i386: a real Windows program under a free licence, the base of the
//! system files of those simulated PCs that are to be as real as can be.
//!
//! It comes from Debian in the way boot parts come, under a lock of its own.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;
use mendkit::parts::deb::{read_chosen, take_file};
use mendkit::parts::fetch::{APT_FOLDER, FetchSettings, KEYRING, fetch};
use mendkit::parts::{PackageName, WantedPart, path_in_cache};

use crate::tools::{target_folder, with_lock};

/// The package that holds Wine's Windows programs.
const WINE: WantedPart<'static> = WantedPart {
    package: PackageName::Exact("libwine"),
    architecture: "i386",
    reason: "a Windows program that may be given away",
};

/// Where the program lies in the package.
const PROGRAM: &str = "usr/lib/i386-linux-gnu/wine/i386-windows/svchost.exe";

/// Returns Wine's `svchost.exe`. Needs a network only if it is not yet in the cache.
pub fn wine_svchost() -> Result<Vec<u8>> {
    let cache = target_folder().join("cache/wine");
    with_lock(&cache.join("lock"), || {
        take_out(&cache).context("fetching Wine's svchost.exe")
    })
}

fn take_out(cache: &Path) -> Result<Vec<u8>> {
    let settings = FetchSettings {
        cache,
        lock: &cache.join("wine.lock"),
        fallback: None,
        folder: None,
        update: false,
        mirror: None,
        security_mirror: None,
        keyring: Path::new(KEYRING),
        apt_folder: Path::new(APT_FOLDER),
    };
    let lock = fetch(&settings, &[WINE], &mut |_| {})?;
    let part = lock.parts.first().context("the lock is empty")?;
    let deb = path_in_cache(cache, &part.sha256);
    // Unpacking 95 MB takes seconds, and every test program asks; the name says of which package it is.
    let unpacked = cache.join(format!("svchost-{}.exe", part.sha256));
    if !unpacked.exists() {
        let mut files = read_chosen(&deb, |path| path == PROGRAM)?;
        let program = take_file(&mut files, &deb, PROGRAM)?;
        let mut new = tempfile::NamedTempFile::new_in(cache)?;
        new.write_all(&program)?;
        new.persist(&unpacked)?;
    }
    Ok(fs::read(&unpacked)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pe;

    #[test]
    fn the_program_is_a_32_bit_windows_program() {
        let program = wine_svchost().unwrap();
        assert_eq!(pe::machine(&program).unwrap(), pe::MACHINE_I386);
        // Debian strips the program after linking, so its own checksum is stale; ours is made anew.
        assert_ne!(
            pe::stated_checksum(&program).unwrap(),
            pe::checksum(&program).unwrap()
        );
    }
}
