//! Parts from a folder of `.deb` files, for an office without a network: brought on a stick, from a mirror of
//! one's own, from wherever. Where they came from does not matter, only what they are.
//!
//! Under a lock a file is believed by its SHA-256 alone, whatever it is called. Without one, what the files
//! say of themselves is locked, so that is for who trusts the folder: no archive's signature is checked.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use rescue_stick::digest::Sha256Digest;

use crate::hashed_file::HashedFile;
use crate::parts::deb::read_identity;
use crate::parts::fetch::FetchError;
use crate::parts::lock::LockedPart;
use crate::parts::version::compare;
use crate::parts::{WantedPart, path_in_cache, write_then_rename};

/// Copies these parts from the folder into the cache.
pub fn take_from_folder(
    cache: &Path,
    folder: &Path,
    parts: &[LockedPart],
) -> Result<(), FetchError> {
    if parts.is_empty() {
        return Ok(());
    }
    let mut found: BTreeMap<Sha256Digest, PathBuf> = BTreeMap::new();
    for path in deb_files(folder)? {
        // Only files of the right length are worth hashing.
        let size = fs_err::metadata(&path)?.len();
        if parts.iter().any(|part| part.size == size) {
            found.insert(HashedFile::read(&path)?.sha256, path);
        }
    }
    for part in parts {
        let path = found.get(&part.sha256);
        let path = path.ok_or_else(|| FetchError::NotInFolder {
            folder: folder.to_owned(),
            part: part.to_string(),
            expected: part.sha256,
        })?;
        write_then_rename(&path_in_cache(cache, &part.sha256), &fs_err::read(path)?)?;
    }
    Ok(())
}

/// Returns the newest file of the folder for everything wanted, as it is to be locked.
pub fn newest_in_folder(
    folder: &Path,
    wanted: &[WantedPart<'_>],
) -> Result<Vec<LockedPart>, FetchError> {
    let mut there = Vec::new();
    for path in deb_files(folder)? {
        let identity = read_identity(&path)?;
        let file = HashedFile::read(&path)?;
        there.push(LockedPart {
            package: identity.package,
            architecture: identity.architecture,
            version: identity.version,
            sha256: file.sha256,
            size: file.size,
        });
    }
    let newest = |wanted: &WantedPart<'_>| {
        let fits = there.iter().filter(|part| part.satisfies(wanted));
        let newest = fits.max_by(|one, other| compare(&one.version, &other.version));
        newest.cloned().ok_or_else(|| FetchError::UnknownInFolder {
            folder: folder.to_owned(),
            package: wanted.package.to_string(),
            architecture: wanted.architecture.to_owned(),
            reason: wanted.reason.to_owned(),
        })
    };
    wanted.iter().map(newest).collect()
}

/// Returns the `.deb` files of a folder, sorted.
fn deb_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::fetch::{FetchProgress, FetchSettings, fetch};
    use crate::parts::lock::Lock;
    use crate::parts::{LIBC, NTFS_3G};

    /// An office without a network, and a folder of packages that somebody brought.
    struct Office {
        folder: tempfile::TempDir,
    }

    impl Office {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs_err::create_dir(folder.path().join("debs")).unwrap();
            Self { folder }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        /// Has dpkg-deb pack a package; nothing if there is no dpkg-deb.
        fn bring(&self, package: &str, version: &str, architecture: &str) -> Option<()> {
            let tree = tempfile::tempdir().unwrap();
            let control = tree.path().join("DEBIAN");
            fs_err::create_dir(&control).unwrap();
            let text = format!(
                "Package: {package}\nVersion: {version}\nArchitecture: {architecture}\n\
                 Maintainer: nobody <nobody@localhost>\nDescription: {package}\n"
            );
            fs_err::write(control.join("control"), text).unwrap();
            let name = format!("debs/{package}-{version}-{architecture}.deb");
            let mut pack = std::process::Command::new("dpkg-deb");
            pack.args(["-Zxz", "--root-owner-group", "--build"]);
            pack.arg(tree.path()).arg(self.path(&name));
            let output = pack.output().ok()?;
            assert!(output.status.success(), "{output:?}");
            Some(())
        }

        fn fetch(&self, update: bool) -> Result<Lock, FetchError> {
            let settings = FetchSettings {
                cache: &self.path("cache"),
                lock: &self.path("parts.lock"),
                fallback: None,
                folder: Some(&self.path("debs")),
                update,
                mirror: None,
                security_mirror: None,
                keyring: &self.path("keys.gpg"),
                apt_folder: &self.path("apt"),
            };
            fetch(&settings, &[LIBC, NTFS_3G], &mut |_: FetchProgress| {})
        }
    }

    #[test]
    fn an_office_without_a_network_locks_and_takes_what_the_folder_has() {
        let office = Office::new();
        let brought = [
            office.bring("libc6", "2.36-9+deb12u9", "i386"),
            office.bring("libc6", "2.36-9+deb12u14", "i386"),
            office.bring("libc6", "2.41-1", "amd64"),
        ];
        if brought.contains(&None) {
            return;
        }
        let refusal = office.fetch(false).unwrap_err().to_string();
        assert!(refusal.contains("is a ntfs-3g for i386"), "{refusal}");
        office.bring("ntfs-3g", "1:2022.10.3-1", "i386").unwrap();
        let lock = office.fetch(false).unwrap();
        assert_eq!(lock.parts[0].version, "2.36-9+deb12u14");
        assert_eq!(lock.parts[1].version, "1:2022.10.3-1");
        crate::parts::Parts::open(&office.path("cache"), &lock).unwrap();
        // Under the lock the folder is not needed any more once the cache has everything.
        fs_err::remove_dir_all(office.path("debs")).unwrap();
        assert_eq!(office.fetch(false).unwrap(), lock);
    }

    #[test]
    fn a_folder_that_lacks_a_locked_part_says_how_to_go_on() {
        let office = Office::new();
        if office.bring("libc6", "2.36", "i386").is_none() {
            return;
        }
        office.bring("ntfs-3g", "1", "i386").unwrap();
        office.fetch(false).unwrap();
        fs_err::remove_dir_all(office.path("cache")).unwrap();
        // Somebody brings a newer one in its place.
        fs_err::remove_file(office.path("debs/ntfs-3g-1-i386.deb")).unwrap();
        office.bring("ntfs-3g", "2", "i386").unwrap();
        let refusal = office.fetch(false).unwrap_err().to_string();
        assert!(
            refusal.contains("is ntfs-3g 1 (i386) with SHA-256"),
            "{refusal}"
        );
        assert!(
            refusal.contains("mendkit parts fetch --update --parts"),
            "{refusal}"
        );
        assert_eq!(office.fetch(true).unwrap().parts[1].version, "2");
    }
}
