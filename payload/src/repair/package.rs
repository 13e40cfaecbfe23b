//! Packages of definitions on the stick: zip files, read member by member as a stream.
//!
//! The signed job pins every member by size and digest, and nothing of the zip itself is believed: no
//! more than the pinned size is unpacked, and what was unpacked must have the pinned digest.

use std::io::{self, BufReader, Read as _, Write};
use std::path::Path;

use fs_err as fs;
use rescue_stick::definitions::{DefinitionsMember, DefinitionsSet};
use rescue_stick::digest::Sha256Digest;
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

/// A package that is open.
pub struct Package {
    archive: ZipArchive<BufReader<fs::File>>,
    name: String,
}

/// Why a package cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// It cannot be read or written out.
    #[error("{package}: {source}")]
    Io {
        /// Path on the stick.
        package: String,
        /// What the system said.
        source: io::Error,
    },
    /// Not a zip, or damaged.
    #[error("{package}: {finding}, expected {expectation}")]
    Content {
        /// Path on the stick.
        package: String,
        /// What is there.
        finding: String,
        /// What the job says.
        expectation: String,
    },
}

impl Package {
    /// Opens the package of `set` at `path` and checks that it has every member in the pinned size.
    pub fn open(path: &Path, set: &DefinitionsSet) -> Result<Self, PackageError> {
        let name = set.package.clone();
        let file = fs::File::open(path).map_err(|source| PackageError::Io {
            package: name.clone(),
            source,
        })?;
        let archive =
            ZipArchive::new(BufReader::new(file)).map_err(|error| PackageError::Content {
                package: name.clone(),
                finding: error.to_string(),
                expectation: "a zip".into(),
            })?;
        let mut package = Self { archive, name };
        for member in &set.members {
            package.check_size(member)?;
        }
        Ok(package)
    }

    fn check_size(&mut self, member: &DefinitionsMember) -> Result<(), PackageError> {
        let found = match self.archive.by_name(&member.name) {
            Ok(file) => Ok(file.size()),
            Err(error) => Err(error.to_string()),
        };
        match found {
            Ok(size) if size == member.size => Ok(()),
            Ok(size) => Err(self.content(member, format!("{size} bytes"))),
            Err(reason) => Err(self.content(member, reason)),
        }
    }

    /// Writes a member to `sink` and checks that it is the pinned one; returns an error also after
    /// having written, so what was written must be thrown away then.
    pub fn extract(
        &mut self,
        member: &DefinitionsMember,
        sink: &mut dyn Write,
    ) -> Result<(), PackageError> {
        match self.copy(member, sink) {
            Ok((size, sha256)) if size == member.size && sha256 == member.sha256 => Ok(()),
            Ok((size, sha256)) => {
                Err(self.content(member, format!("{size} bytes or more, sha256 {sha256}")))
            }
            // A stream that does not unpack is a fault of the package, not of the disk written to.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(self.content(member, error.to_string()))
            }
            Err(source) => Err(PackageError::Io {
                package: self.name.clone(),
                source,
            }),
        }
    }

    fn copy(
        &mut self,
        member: &DefinitionsMember,
        sink: &mut dyn Write,
    ) -> io::Result<(u64, Sha256Digest)> {
        let file = self
            .archive
            .by_name(&member.name)
            .map_err(io::Error::from)?;
        // One byte more than pinned tells a member that is too long without unpacking all of it.
        let mut stream = file.take(member.size.saturating_add(1));
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 256 * 1024];
        let mut size = 0_u64;
        loop {
            let count = stream.read(&mut buffer)?;
            let Some(piece) = buffer.get(..count).filter(|piece| !piece.is_empty()) else {
                break;
            };
            hasher.update(piece);
            sink.write_all(piece)?;
            size = size.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        }
        Ok((size, Sha256Digest(hasher.finalize().into())))
    }

    fn content(&self, member: &DefinitionsMember, finding: String) -> PackageError {
        PackageError::Content {
            package: self.name.clone(),
            finding: format!("{}: {finding}", member.name),
            expectation: format!("{} bytes, sha256 {}", member.size, member.sha256),
        }
    }
}

/// Unpacks every member to nowhere, to know before anything is written that all are as pinned.
pub fn check_package(path: &Path, set: &DefinitionsSet) -> Result<(), PackageError> {
    let mut package = Package::open(path, set)?;
    for member in &set.members {
        package.extract(member, &mut io::sink())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::fixture::{make_zip, set_of};

    fn check(zip: &[u8], set: &DefinitionsSet) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        fs::write(&path, zip).unwrap();
        check_package(&path, set).map_err(|error| error.to_string())
    }

    #[test]
    fn accepts_the_package_that_was_pinned() {
        let members = [
            ("avvscan.dat", vec![7_u8; 300_000]),
            ("avvnames.dat", b"n".to_vec()),
        ];
        let set = set_of("5959.0000", &members);
        assert_eq!(check(&make_zip(&members), &set), Ok(()));
    }

    #[test]
    fn refuses_other_content_size_and_missing_members() {
        let members = [("avvscan.dat", b"good".to_vec())];
        let set = set_of("5959.0000", &members);
        let refused = |members: &[(&str, Vec<u8>)]| check(&make_zip(members), &set).unwrap_err();
        assert!(refused(&[("avvscan.dat", b"evil".to_vec())]).contains("4 bytes or more, sha256"));
        assert!(refused(&[("avvscan.dat", b"longer".to_vec())]).contains("6 bytes, expected 4"));
        assert!(refused(&[("other.dat", b"good".to_vec())]).contains("avvscan.dat: "));
        assert!(
            check(b"no zip at all", &set)
                .unwrap_err()
                .ends_with("expected a zip")
        );
    }

    #[test]
    fn damaged_packages_are_refused_and_never_panic() {
        let members = [("avvscan.dat", b"some content that is packed".repeat(20))];
        let set = set_of("5959.0000", &members);
        let good = make_zip(&members);
        let mut refused = 0;
        for place in 0..good.len() {
            let mut bytes = good.clone();
            bytes[place] ^= 0xFF;
            refused += usize::from(check(&bytes, &set).is_err());
        }
        assert!(refused > good.len() / 4, "{refused} of {}", good.len());
    }
}
