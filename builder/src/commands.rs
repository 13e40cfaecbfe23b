//! The commands, one file each. Only here is anything printed, and only here are the environment and
//! the terminal asked.

use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use fs_err as fs;
use rescue_stick::signature::PublicKey;

use crate::cli::PartsPlace;
use crate::parts::Parts;
use crate::parts::fetch::absent_parts;
use crate::parts::folder::take_from_folder;
use crate::parts::lock::Lock;

/// Prints a line, or returns from a function that can fail.
macro_rules! say {
    ($($words:tt)*) => {
        $crate::commands::print_line(format_args!($($words)*))?
    };
}

pub mod build;
pub mod chance;
pub mod check;
pub mod collect;
pub mod devices;
pub mod fetch;
pub mod init;
pub mod inspect;
pub mod keygen;
pub mod keys;
pub mod labels;
pub mod receipts;
pub mod refresh;
pub mod rehearse;
pub mod remedy;
pub mod shell;
pub mod summary;
pub mod swap;
pub mod verify;
pub mod write;

/// How a command ended; `main` turns it into the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was done.
    Done,
    /// Something was found that is not as it should be.
    Found,
    /// Could not be done, and was said to be so.
    Failed,
    /// Refused as unsafe or unsigned.
    Refused,
}

/// Prints a line. A full disk or a reader that has left is an error like any other, not a panic.
fn print_line(words: fmt::Arguments<'_>) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{words}").context("writing to standard output")
}

/// Returns the cache folder and the lock that a command is to use.
fn parts_place(place: &PartsPlace) -> anyhow::Result<(PathBuf, PathBuf)> {
    let cache = match &place.cache {
        Some(cache) => cache.clone(),
        None => default_cache().context("finding the cache folder: give one with --cache")?,
    };
    let lock = place
        .lock
        .clone()
        .unwrap_or_else(|| cache.join("parts.lock"));
    Ok((cache, lock))
}

/// Returns the lock that a command is to go by: the one that is named, else that of the cache, else that of
/// this release. The second value says which.
fn chosen_lock(place: &PartsPlace) -> anyhow::Result<(Lock, String)> {
    let (_, path) = parts_place(place)?;
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && place.lock.is_none() => {
            let lock = Lock::of_release().context("reading the lock of this release")?;
            return Ok((lock, "the lock of this release".to_owned()));
        }
        text => text.context("reading the lock of the boot parts")?,
    };
    if place.lock.is_none() && Lock::is_copy(&text) {
        let lock = Lock::of_release().context("reading the lock of this release")?;
        return Ok((lock, "the lock of this release".to_owned()));
    }
    let lock = Lock::parse(&text).with_context(|| path.display().to_string())?;
    Ok((lock, path.display().to_string()))
}

/// Opens the boot parts, after taking from the folder that was given what the cache lacks.
fn open_parts(place: &PartsPlace) -> anyhow::Result<Parts> {
    let (cache, _) = parts_place(place)?;
    let (lock, _) = chosen_lock(place)?;
    if let Some(folder) = &place.parts {
        let absent = absent_parts(&cache, &lock.parts)?;
        take_from_folder(&cache, folder, &absent)?;
    }
    Ok(Parts::open(&cache, &lock)?)
}

/// Returns the user's cache folder by the XDG Base Directory Specification.
fn default_cache() -> Option<PathBuf> {
    let folder = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    };
    let base = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    base.map(|base| base.join("mendkit"))
}

/// Reads a public key.
fn read_public_key(path: &Path) -> anyhow::Result<PublicKey> {
    let text = fs::read_to_string(path).context("reading the public key")?;
    PublicKey::parse(&text).with_context(|| path.display().to_string())
}

/// Asks for the password of a key on the terminal.
fn ask_password(key: &Path) -> io::Result<String> {
    rpassword::prompt_password(format!("Password of {}: ", key.display()))
}

/// Returns a size as people read it: `62.1 MB`, `512 bytes`.
fn megabytes(bytes: u64) -> String {
    const STEPS: [(u64, &str); 2] = [(1_000_000_000, "GB"), (1_000_000, "MB")];
    let step = STEPS.into_iter().find(|(unit, _)| bytes >= *unit);
    let Some((unit, name)) = step else {
        return format!("{bytes} bytes");
    };
    // A tenth more is carried over by the division, so 1,999,999 bytes are 2.0 MB.
    let tenths = (bytes.saturating_add(unit / 20)) / (unit / 10);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_as_people_do() {
        assert_eq!(megabytes(14_336), "14336 bytes");
        assert_eq!(megabytes(62_149_999), "62.1 MB");
        assert_eq!(megabytes(1_999_999), "2.0 MB");
        assert_eq!(megabytes(15_400_000_000), "15.4 GB");
    }
}
