//! `mendkit parts fetch`: gets the boot parts into the cache.
#![expect(
    clippy::print_stdout,
    reason = "a command tells the person what it did"
)]

use std::path::Path;

use anyhow::Context as _;

use super::{Outcome, megabytes, parts_place};
use crate::cli::FetchArgs;
use crate::parts::ALL_WANTED;
use crate::parts::fetch::{APT_FOLDER, FetchProgress, FetchSettings, KEYRING, fetch};

/// Fetches the boot parts and says what they are.
pub fn run(args: &FetchArgs) -> anyhow::Result<Outcome> {
    let (cache, lock) = parts_place(&args.parts)?;
    let settings = FetchSettings {
        cache: &cache,
        lock: &lock,
        update: args.update,
        mirror: args.mirror.as_deref(),
        security_mirror: args.security_mirror.as_deref(),
        keyring: args.keyring.as_deref().unwrap_or(Path::new(KEYRING)),
        apt_folder: Path::new(APT_FOLDER),
    };
    let parts = fetch(&settings, ALL_WANTED, &mut |progress| match progress {
        FetchProgress::ReadingLists => println!(" reading the lists of packages"),
        FetchProgress::Downloading { parts, bytes } => {
            println!(" downloading {parts} parts, {}", megabytes(bytes));
        }
        FetchProgress::Ready(part) => println!(
            " {:<28} {:<28} {:<6} {:>9}  {}",
            part.package,
            part.version,
            part.architecture,
            megabytes(part.size),
            part.sha256.short(),
        ),
    })
    .context("fetching the boot parts")?;
    println!(
        " {} parts in {}, named by {}",
        parts.parts.len(),
        cache.display(),
        lock.display()
    );
    Ok(Outcome::Done)
}
