//! `mendkit parts fetch`: gets the boot parts into the cache.

use std::path::Path;

use anyhow::Context as _;

use super::{Outcome, chosen_lock, megabytes, parts_place, print_line};
use crate::cli::FetchArgs;
use crate::parts::ALL_WANTED;
use crate::parts::difference::differences;
use crate::parts::fetch::{APT_FOLDER, FetchError, FetchProgress, FetchSettings, KEYRING, fetch};
use crate::parts::lock::Lock;

/// Fetches the boot parts and says what they are. Parts that can no longer be had as locked are something
/// found, not something broken: whoever is told can renew the lock.
pub fn run(args: &FetchArgs) -> anyhow::Result<Outcome> {
    let (cache, lock) = parts_place(&args.parts)?;
    let of_release = Lock::of_release().context("reading the lock of this release")?;
    let settings = FetchSettings {
        cache: &cache,
        lock: &lock,
        // A lock that is named must be there.
        fallback: args.parts.lock.is_none().then_some(&of_release),
        folder: args.parts.parts.as_deref(),
        update: args.update,
        mirror: args.mirror.as_deref(),
        security_mirror: args.security_mirror.as_deref(),
        keyring: args.keyring.as_deref().unwrap_or(Path::new(KEYRING)),
        apt_folder: Path::new(APT_FOLDER),
    };
    let mut said = Ok(());
    let mut show = |progress: FetchProgress| {
        // Parts that were fetched are of use even if nobody reads on.
        if said.is_ok() {
            said = say_progress(&progress);
        }
    };
    let parts = match fetch(&settings, ALL_WANTED, &mut show) {
        Err(error @ (FetchError::Gone { .. } | FetchError::Changed { .. })) => {
            said?;
            say!(" gone      {error}");
            return Ok(Outcome::Found);
        }
        parts => parts?,
    };
    said?;
    let (_, origin) = chosen_lock(&args.parts)?;
    say!(
        " {} parts in {}, named by {origin}",
        parts.parts.len(),
        cache.display(),
    );
    let others = differences(&of_release, &parts).len();
    if others > 0 {
        say!(" {others} of them are not those that this release was tested with");
    }
    Ok(Outcome::Done)
}

fn say_progress(progress: &FetchProgress) -> anyhow::Result<()> {
    match progress {
        FetchProgress::ReadingLists => print_line(format_args!(" reading the lists of packages")),
        FetchProgress::Downloading { parts, bytes } => {
            let size = megabytes(*bytes);
            print_line(format_args!(" downloading {parts} parts, {size}"))
        }
        FetchProgress::Renewed(difference) => print_line(format_args!(" renewed   {difference}")),
        FetchProgress::Ready(part) => print_line(format_args!(
            " {:<28} {:<28} {:<6} {:>9}  {}",
            part.package,
            part.version,
            part.architecture,
            megabytes(part.size),
            part.sha256.short(),
        )),
    }
}
