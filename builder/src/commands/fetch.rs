//! `mendkit parts fetch`: gets the boot parts into the cache.

use std::path::Path;

use super::{Outcome, megabytes, parts_place, print_line};
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
    let mut said = Ok(());
    let mut show = |progress: FetchProgress| {
        let printed = match progress {
            FetchProgress::ReadingLists => {
                print_line(format_args!(" reading the lists of packages"))
            }
            FetchProgress::Downloading { parts, bytes } => {
                let size = megabytes(bytes);
                print_line(format_args!(" downloading {parts} parts, {size}"))
            }
            FetchProgress::Ready(part) => print_line(format_args!(
                " {:<28} {:<28} {:<6} {:>9}  {}",
                part.package,
                part.version,
                part.architecture,
                megabytes(part.size),
                part.sha256.short(),
            )),
        };
        // Parts that were fetched are of use even if nobody reads on.
        if said.is_ok() {
            said = printed;
        }
    };
    let parts = fetch(&settings, ALL_WANTED, &mut show)?;
    said?;
    say!(
        " {} parts in {}, named by {}",
        parts.parts.len(),
        cache.display(),
        lock.display()
    );
    Ok(Outcome::Done)
}
