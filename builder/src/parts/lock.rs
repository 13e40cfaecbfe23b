//! `parts.lock`: which version of each boot part an image is made from, so that the same lock gives the
//! same image on every machine and in every year.
//!
//! ```toml
//! schema = 1
//!
//! [[part]]
//! package = "ntfs-3g"
//! version = "1:2022.10.3-1+deb12u3"
//! architecture = "i386"
//! sha256 = "1b72…"
//! size = 431168
//! ```
//!
//! Parts are sorted by package, then architecture. It names no mirror: where a part came from does not
//! matter, only what it is.

use std::fmt;

use rescue_stick::digest::Sha256Digest;
use serde::{Deserialize, Serialize};

use crate::parts::WantedPart;

/// The schema that this program writes.
const SCHEMA: u32 = 1;

/// What stands above the parts, for people who open the file.
const HEADER: &str =
    "# Boot parts of mendkit. Written when parts are fetched; keep it under version control.\n";

/// What stands there instead in a copy of a release's lock: it gives way to that of a later release.
const COPY_HEADER: &str = "# Boot parts of a release of mendkit, as it came with the program. \
    `mendkit parts fetch --update` makes a lock of one's own of it.\n";

/// The lock of this release: every image that is made under it is made of the same known bytes.
const RELEASE_LOCK: &str = include_str!("../../parts.lock");

/// One locked part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LockedPart {
    /// Package name.
    pub package: String,
    /// Architecture as Debian writes it.
    pub architecture: String,
    /// Version as Debian writes it, with the epoch.
    pub version: String,
    /// Hash of the `.deb` file.
    pub sha256: Sha256Digest,
    /// Size of the `.deb` file in bytes.
    pub size: u64,
}

impl fmt::Display for LockedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} ({})",
            self.package, self.version, self.architecture
        )
    }
}

impl LockedPart {
    /// Returns whether this is what `wanted` means.
    pub fn satisfies(&self, wanted: &WantedPart<'_>) -> bool {
        self.architecture == wanted.architecture && wanted.package.matches(&self.package)
    }
}

/// The content of a `parts.lock`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// The parts, sorted by package and architecture; no pair occurs twice.
    pub parts: Vec<LockedPart>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawLock {
    schema: u32,
    #[serde(default)]
    part: Vec<LockedPart>,
}

/// Only the schema, read before the rest: another schema may have other fields.
#[derive(Deserialize)]
struct RawSchema {
    schema: u32,
}

/// Why a lock cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// It is not TOML, or lacks a field, or has one too many.
    #[error("reading the lock of boot parts")]
    Syntax(#[from] toml::de::Error),
    /// It cannot be written as TOML.
    #[error("writing the lock of boot parts")]
    Format(#[from] toml::ser::Error),
    /// A later program wrote it.
    #[error("the lock has schema {found}, this program knows {SCHEMA}")]
    Schema {
        /// The schema found.
        found: u32,
    },
    /// A package is locked twice.
    #[error("the lock names {package} for {architecture} twice")]
    Twice {
        /// The package.
        package: String,
        /// Its architecture.
        architecture: String,
    },
    /// A field could be mistaken for an option or a path by the programs it is handed to.
    #[error(
        "the lock has {found:?}, expected letters, digits and \"+-.:~\" that begin with a letter or digit"
    )]
    Word {
        /// The field's text.
        found: String,
    },
}

impl Lock {
    /// Returns the lock that `text` holds.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let RawSchema { schema } = toml::from_str(text)?;
        if schema != SCHEMA {
            return Err(LockError::Schema { found: schema });
        }
        let raw: RawLock = toml::from_str(text)?;
        Self::new(raw.part)
    }

    /// Returns a lock of `parts`, sorted.
    pub fn new(mut parts: Vec<LockedPart>) -> Result<Self, LockError> {
        parts.sort();
        for part in &parts {
            for word in [&part.package, &part.architecture, &part.version] {
                check_word(word)?;
            }
        }
        for (one, next) in parts.iter().zip(parts.iter().skip(1)) {
            if (&one.package, &one.architecture) == (&next.package, &next.architecture) {
                return Err(LockError::Twice {
                    package: one.package.clone(),
                    architecture: one.architecture.clone(),
                });
            }
        }
        Ok(Self { parts })
    }

    /// Returns the lock that this release was tested with.
    pub fn of_release() -> Result<Self, LockError> {
        Self::parse(RELEASE_LOCK)
    }

    /// Returns whether this is the text of a copy of some release's lock, and not a lock of one's own.
    pub fn is_copy(text: &str) -> bool {
        text.starts_with(COPY_HEADER)
    }

    /// Returns the text of a file that is a copy of a release's lock.
    pub fn format_copy(&self) -> Result<String, LockError> {
        Ok(self.format()?.replacen(HEADER, COPY_HEADER, 1))
    }

    /// Returns the text of the file. The same parts give the same text.
    pub fn format(&self) -> Result<String, LockError> {
        let mut part = self.parts.clone();
        part.sort();
        let raw = RawLock {
            schema: SCHEMA,
            part,
        };
        Ok(format!("{HEADER}{}", toml::to_string(&raw)?))
    }
}

/// Checks the character set that Debian allows in names and versions. Source: Debian Policy 5.6.7 and
/// 5.6.12.
fn check_word(word: &str) -> Result<(), LockError> {
    let starts_well = word.starts_with(|c: char| c.is_ascii_alphanumeric());
    let fits = |c: char| c.is_ascii_alphanumeric() || "+-.:~".contains(c);
    if starts_well && word.chars().all(fits) {
        Ok(())
    } else {
        Err(LockError::Word {
            found: word.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn part(package: &str, architecture: &str) -> LockedPart {
        LockedPart {
            package: package.to_owned(),
            architecture: architecture.to_owned(),
            version: "1:2-3+deb12u1~x".to_owned(),
            sha256: Sha256Digest::of(package.as_bytes()),
            size: 7,
        }
    }

    #[test]
    fn is_written_sorted_and_read_back() {
        let lock = Lock::new(vec![
            part("shim-signed", "i386"),
            part("libc6", "i386"),
            part("shim-signed", "amd64"),
        ])
        .unwrap();
        let text = lock.format().unwrap();
        expect![[r##"
            # Boot parts of mendkit. Written when parts are fetched; keep it under version control.
            schema = 1

            [[part]]
            package = "libc6"
            architecture = "i386"
            version = "1:2-3+deb12u1~x"
            sha256 = "fb9ce3b804ed6882db53398f268a9c8e59ab103221188aee6513dfddde5b9aff"
            size = 7

            [[part]]
            package = "shim-signed"
            architecture = "amd64"
            version = "1:2-3+deb12u1~x"
            sha256 = "3e455d208f55726e3fa2d636e82fac70e8becd1d927560cc71fcf07235f90627"
            size = 7

            [[part]]
            package = "shim-signed"
            architecture = "i386"
            version = "1:2-3+deb12u1~x"
            sha256 = "3e455d208f55726e3fa2d636e82fac70e8becd1d927560cc71fcf07235f90627"
            size = 7
        "##]]
        .assert_eq(&text);
        assert_eq!(Lock::parse(&text).unwrap(), lock);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert!(matches!(
            Lock::parse("schema = 2\nanything = 1"),
            Err(LockError::Schema { found: 2 })
        ));
        assert!(matches!(
            Lock::parse("schema = 1\nmirror = \"x\""),
            Err(LockError::Syntax(_))
        ));
        assert!(matches!(
            Lock::new(vec![part("a", "i386"), part("a", "i386")]),
            Err(LockError::Twice { .. })
        ));
    }

    #[test]
    fn refuses_a_name_that_reads_like_an_option() {
        for name in ["-oDir=/x", "../a", "a b", "", "a\n"] {
            assert!(
                matches!(
                    Lock::new(vec![part(name, "i386")]),
                    Err(LockError::Word { .. })
                ),
                "{name:?}"
            );
        }
    }
}
