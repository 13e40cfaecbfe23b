//! Brings the boot parts into the cache: exactly the locked ones, or, asked to update, the newest, which
//! are then locked.
//!
//! A part that already lies in the cache under its hash is not asked for again; with all of them there,
//! no network is needed.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::hashed_file::HashedFile;
use crate::parts::apt::{Apt, AptSettings, Record};
use crate::parts::difference::{Difference, differences};
use crate::parts::folder::{newest_in_folder, take_from_folder};
use crate::parts::lock::{Lock, LockedPart};
use crate::parts::mirrors::{SECURITY_SUITE, SUITE, find_mirror, read_sources};
use crate::parts::version::compare;
use crate::parts::{PackageName, WantedPart, path_in_cache, write_then_rename};

mod error;

pub use error::FetchError;

/// Where Debian's package debian-archive-keyring puts the keys of its archive.
pub const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Where a Debian machine keeps the list of its mirrors.
pub const APT_FOLDER: &str = "/etc/apt";

/// Where from, where to, and whether to renew.
#[derive(Clone, Copy, Debug)]
pub struct FetchSettings<'a> {
    /// The cache folder; made if it is not there.
    pub cache: &'a Path,
    /// The lock file: read, or written when there is none or on `update`.
    pub lock: &'a Path,
    /// The lock of a release, which holds where the lock file is not there or is a copy of such a lock.
    pub fallback: Option<&'a Lock>,
    /// Folder of `.deb` files to take parts from; then no network is asked.
    pub folder: Option<&'a Path>,
    /// Lock the newest versions instead of fetching the locked ones.
    pub update: bool,
    /// Mirror of Debian 12, instead of the machine's own.
    pub mirror: Option<&'a str>,
    /// Mirror of its security updates, instead of the machine's own.
    pub security_mirror: Option<&'a str>,
    /// Keys that may sign the archive where the newest versions are locked, usually [`KEYRING`].
    pub keyring: &'a Path,
    /// Folder with the machine's own list of mirrors, usually [`APT_FOLDER`].
    pub apt_folder: &'a Path,
}

/// What fetching is busy with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchProgress {
    /// The lists of packages are being renewed.
    ReadingLists,
    /// These parts are being downloaded.
    Downloading {
        /// How many.
        parts: usize,
        /// Their size together.
        bytes: u64,
    },
    /// A part is in the cache and is what the lock says.
    Ready(LockedPart),
    /// The lock is renewed, and this is what changes.
    Renewed(Difference),
}

/// Fetches `wanted` into the cache and returns what was locked for it.
///
/// Other lists than [`ALL_WANTED`](crate::parts::ALL_WANTED) are fetched in the same way under a lock file
/// of their own.
pub fn fetch(
    settings: &FetchSettings<'_>,
    wanted: &[WantedPart<'_>],
    progress: &mut dyn FnMut(FetchProgress),
) -> Result<Lock, FetchError> {
    let in_lock = |source| FetchError::Lock {
        path: settings.lock.to_owned(),
        source,
    };
    let locked = match settings.update {
        true => None,
        false => read_lock(settings, wanted)?,
    };
    let is_new = locked.is_none();
    let lock = match (locked, settings.folder) {
        (Some(lock), Some(folder)) => {
            let absent = absent_parts(settings.cache, &lock.parts)?;
            take_from_folder(settings.cache, folder, &absent)?;
            lock
        }
        (None, Some(folder)) => {
            let lock = Lock::new(newest_in_folder(folder, wanted)?).map_err(in_lock)?;
            let absent = absent_parts(settings.cache, &lock.parts)?;
            take_from_folder(settings.cache, folder, &absent)?;
            lock
        }
        (Some(lock), None) => {
            let absent = absent_parts(settings.cache, &lock.parts)?;
            if !absent.is_empty() {
                let apt = start_apt(settings, None, progress)?;
                check_offered(&apt, &absent)?;
                download(&apt, settings.cache, &absent, progress)?;
            }
            lock
        }
        (None, None) => {
            let apt = start_apt(settings, Some(settings.keyring), progress)?;
            let newest = find_newest(&apt, wanted)?;
            let lock = Lock::new(newest).map_err(in_lock)?;
            let absent = absent_parts(settings.cache, &lock.parts)?;
            download(&apt, settings.cache, &absent, progress)?;
            lock
        }
    };
    if is_new {
        let before = read_lock(settings, &[]).ok().flatten().unwrap_or_default();
        for difference in differences(&before, &lock) {
            progress(FetchProgress::Renewed(difference));
        }
        // Last, so that a lock never names what could not be fetched.
        write_then_rename(settings.lock, lock.format().map_err(in_lock)?.as_bytes())?;
    }
    if !is_new && Some(&lock) == settings.fallback && is_copy_due(settings.lock) {
        let text = lock.format_copy().map_err(in_lock)?;
        write_then_rename(settings.lock, text.as_bytes())?;
    }
    for part in &lock.parts {
        progress(FetchProgress::Ready(part.clone()));
    }
    Ok(lock)
}

/// Returns whether the lock file is not there or a copy, and hence not a lock of one's own.
fn is_copy_due(path: &Path) -> bool {
    fs_err::read_to_string(path).map_or(true, |text| Lock::is_copy(&text))
}

/// Returns the lock if there is one; it must name everything wanted.
fn read_lock(
    settings: &FetchSettings<'_>,
    wanted: &[WantedPart<'_>],
) -> Result<Option<Lock>, FetchError> {
    let text = match fs_err::read_to_string(settings.lock) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(settings.fallback.cloned());
        }
        text => text?,
    };
    if let (Some(of_release), true) = (settings.fallback, Lock::is_copy(&text)) {
        return Ok(Some(of_release.clone()));
    }
    let lock = Lock::parse(&text).map_err(|source| FetchError::Lock {
        path: settings.lock.to_owned(),
        source,
    })?;
    for wanted in wanted {
        if !lock.parts.iter().any(|part| part.satisfies(wanted)) {
            return Err(FetchError::NotLocked {
                path: settings.lock.to_owned(),
                package: wanted.package.to_string(),
                architecture: wanted.architecture.to_owned(),
            });
        }
    }
    Ok(Some(lock))
}

/// Returns those parts that the cache does not hold intact.
pub fn absent_parts(cache: &Path, parts: &[LockedPart]) -> io::Result<Vec<LockedPart>> {
    let mut absent = Vec::new();
    for part in parts {
        let path = path_in_cache(cache, &part.sha256);
        if !path.is_file() || HashedFile::read(&path)?.sha256 != part.sha256 {
            absent.push(part.clone());
        }
    }
    Ok(absent)
}

fn start_apt(
    settings: &FetchSettings<'_>,
    keyring: Option<&Path>,
    progress: &mut dyn FnMut(FetchProgress),
) -> Result<Apt, FetchError> {
    let sources = read_sources(settings.apt_folder)?;
    let mirror = |given: Option<&str>, suite: &'static str, option: &'static str| {
        given
            .map(str::to_owned)
            .or_else(|| find_mirror(&sources, suite))
            .ok_or_else(|| FetchError::NoMirror {
                folder: settings.apt_folder.to_owned(),
                suite,
                option,
            })
    };
    let apt = Apt::prepare(&AptSettings {
        folder: &settings.cache.join("apt"),
        mirror: &mirror(settings.mirror, SUITE, "--mirror")?,
        security_mirror: &mirror(
            settings.security_mirror,
            SECURITY_SUITE,
            "--security-mirror",
        )?,
        keyring,
    })?;
    progress(FetchProgress::ReadingLists);
    apt.update()?;
    Ok(apt)
}

/// Checks that the mirror offers each locked part, and the same content.
fn check_offered(apt: &Apt, parts: &[LockedPart]) -> Result<(), FetchError> {
    let names: Vec<String> = parts.iter().map(full_name).collect();
    let offered = by_name(apt.records(&names)?);
    for part in parts {
        let record = offered
            .get(&(part.package.clone(), part.architecture.clone()))
            .filter(|record| record.version == part.version)
            .ok_or_else(|| FetchError::Gone {
                part: part.to_string(),
            })?;
        if record.sha256 != part.sha256 {
            return Err(FetchError::Changed {
                part: part.to_string(),
                found: record.sha256,
                expected: part.sha256,
            });
        }
    }
    Ok(())
}

/// Returns the newest version of everything wanted.
fn find_newest(apt: &Apt, wanted: &[WantedPart<'_>]) -> Result<Vec<LockedPart>, FetchError> {
    let mut newest = Vec::new();
    for wanted in wanted {
        let names = match wanted.package {
            PackageName::Exact(name) => vec![name.to_owned()],
            PackageName::Newest { prefix, .. } => apt.names(prefix)?,
        };
        let names: Vec<String> = names
            .into_iter()
            .filter(|name| wanted.package.matches(name))
            .map(|name| format!("{name}:{}", wanted.architecture))
            .collect();
        let records = match names.is_empty() {
            true => Vec::new(),
            false => apt.records(&names)?,
        };
        let record = records
            .into_iter()
            .filter(|record| record.architecture == wanted.architecture)
            .max_by(|a, b| compare(&a.version, &b.version))
            .ok_or_else(|| FetchError::Unknown {
                package: wanted.package.to_string(),
                architecture: wanted.architecture.to_owned(),
            })?;
        newest.push(LockedPart {
            package: record.package,
            architecture: record.architecture,
            version: record.version,
            sha256: record.sha256,
            size: record.size,
        });
    }
    Ok(newest)
}

/// Downloads into a temporary folder of the cache and takes over what has the right hash.
fn download(
    apt: &Apt,
    cache: &Path,
    parts: &[LockedPart],
    progress: &mut dyn FnMut(FetchProgress),
) -> Result<(), FetchError> {
    if parts.is_empty() {
        return Ok(());
    }
    progress(FetchProgress::Downloading {
        parts: parts.len(),
        bytes: parts.iter().map(|part| part.size).sum(),
    });
    let store = cache.join("parts");
    fs_err::create_dir_all(&store)?;
    let arrivals = tempfile::Builder::new()
        .prefix(".arriving-")
        .tempdir_in(&store)?;
    let names: Vec<String> = parts.iter().map(full_name).collect();
    apt.download(&names, arrivals.path())?;
    let mut arrived = BTreeMap::new();
    for entry in fs_err::read_dir(arrivals.path())? {
        let path = entry?.path();
        arrived.insert(HashedFile::read(&path)?.sha256, path);
    }
    for part in parts {
        let path = arrived
            .get(&part.sha256)
            .ok_or_else(|| FetchError::NotArrived {
                part: part.to_string(),
                expected: part.sha256,
            })?;
        fs_err::File::open(path)?.sync_all()?;
        fs_err::rename(path, path_in_cache(cache, &part.sha256))?;
    }
    Ok(())
}

fn full_name(part: &LockedPart) -> String {
    format!("{}:{}={}", part.package, part.architecture, part.version)
}

fn by_name(records: Vec<Record>) -> BTreeMap<(String, String), Record> {
    records
        .into_iter()
        .map(|record| {
            (
                (record.package.clone(), record.architecture.clone()),
                record,
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rescue_stick::digest::Sha256Digest;

    use super::*;
    use crate::parts::{LIBC, NTFS_3G};

    struct Office {
        folder: tempfile::TempDir,
    }

    impl Office {
        fn new() -> Self {
            Self {
                folder: tempfile::tempdir().unwrap(),
            }
        }

        /// Fetches with nothing but what lies in the folder: no list of mirrors, no key ring.
        fn fetch(&self, wanted: &[WantedPart<'_>], update: bool) -> Result<Lock, FetchError> {
            let path = |name: &str| self.folder.path().join(name);
            let settings = FetchSettings {
                cache: &path("cache"),
                lock: &path("parts.lock"),
                fallback: None,
                folder: None,
                update,
                mirror: None,
                security_mirror: None,
                keyring: &path("keys.gpg"),
                apt_folder: &path("apt"),
            };
            fetch(&settings, wanted, &mut |_| {})
        }

        fn lock_libc(&self, content: &[u8]) -> Lock {
            let lock = Lock::new(vec![LockedPart {
                package: "libc6".to_owned(),
                architecture: "i386".to_owned(),
                version: "2.36".to_owned(),
                sha256: Sha256Digest::of(content),
                size: 3,
            }])
            .unwrap();
            let text = lock.format().unwrap();
            write_then_rename(&self.folder.path().join("parts.lock"), text.as_bytes()).unwrap();
            lock
        }

        fn keep(&self, name_of: &[u8], content: &[u8]) {
            let cache = self.folder.path().join("cache");
            let path = path_in_cache(&cache, &Sha256Digest::of(name_of));
            write_then_rename(&path, content).unwrap();
        }
    }

    #[test]
    fn needs_no_network_when_all_locked_parts_are_in_the_cache() {
        let office = Office::new();
        let lock = office.lock_libc(b"deb");
        office.keep(b"deb", b"deb");
        assert_eq!(office.fetch(&[LIBC], false).unwrap(), lock);
    }

    #[test]
    fn the_lock_of_the_release_holds_until_one_of_ones_own_is_made() {
        let office = Office::new();
        let own = office.lock_libc(b"own");
        office.keep(b"own", b"own");
        office.keep(b"release", b"release");
        let mut of_release = own.clone();
        of_release.parts[0].sha256 = Sha256Digest::of(b"release");
        let path = |name: &str| office.folder.path().join(name);
        let fetch_under = |of_release: &Lock| {
            let settings = FetchSettings {
                cache: &path("cache"),
                lock: &path("parts.lock"),
                fallback: Some(of_release),
                folder: None,
                update: false,
                mirror: None,
                security_mirror: None,
                keyring: &path("keys.gpg"),
                apt_folder: &path("apt"),
            };
            fetch(&settings, &[LIBC], &mut |_| {}).unwrap()
        };
        assert_eq!(fetch_under(&of_release), own);
        fs_err::remove_file(path("parts.lock")).unwrap();
        assert_eq!(fetch_under(&of_release), of_release);
        let copy = fs_err::read_to_string(path("parts.lock")).unwrap();
        assert!(Lock::is_copy(&copy) && Lock::parse(&copy).unwrap() == of_release);
        // A later release has another lock, and the copy gives way.
        let mut later = of_release.clone();
        later.parts[0].version = "2.37".to_owned();
        assert_eq!(fetch_under(&later), later);
    }

    #[test]
    fn asks_for_a_mirror_when_a_part_is_absent_or_damaged_or_to_be_updated() {
        let office = Office::new();
        office.lock_libc(b"deb");
        let refused = |update| {
            let refusal = office.fetch(&[LIBC], update).unwrap_err();
            assert!(
                refusal.to_string().ends_with("name one with --mirror"),
                "{refusal}"
            );
        };
        refused(false);
        office.keep(b"deb", b"dEb");
        refused(false);
        office.keep(b"deb", b"deb");
        refused(true);
    }

    #[test]
    fn refuses_a_lock_that_does_not_cover_what_is_wanted() {
        let office = Office::new();
        office.lock_libc(b"deb");
        let refusal = office.fetch(&[LIBC, NTFS_3G], false).unwrap_err();
        assert!(
            refusal
                .to_string()
                .ends_with("names no ntfs-3g for i386; renew it with --update"),
            "{refusal}"
        );
    }
}
