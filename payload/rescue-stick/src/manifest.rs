//! The manifest: the closed set of files that a stick must hold, no more and no less.
//!
//! It is the text that `sha256sum` writes and `sha256sum -c` reads, sorted by path:
//!
//! ```text
//! 9c1b…  EFI/BOOT/BOOTX64.EFI
//! 02af…  boot/vmlinuz64
//! ```
//!
//! What may exist beside it is said in [`crate::paths::is_outside_manifest`].

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::digest::Sha256Digest;
use crate::paths;

/// Every file of the closed set with its digest. Paths are relative, with `/`, and never repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    entries: BTreeMap<String, Sha256Digest>,
}

/// What is wrong with the text of a manifest.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// A line does not have the form `DIGEST  PATH`.
    #[error("manifest line {line}: {found:?}, expected 64 hexadecimal digits, two spaces, a path")]
    Line {
        /// Counted from 1.
        line: usize,
        /// The line.
        found: String,
    },
    /// A path that could lead elsewhere or is written in a second way.
    #[error("manifest line {line}: {path:?} is not a plain relative path")]
    Path {
        /// Counted from 1.
        line: usize,
        /// The path.
        path: String,
    },
    /// The same path twice (FAT does not tell case apart).
    #[error("manifest line {line}: {path:?} is listed twice")]
    Twice {
        /// Counted from 1.
        line: usize,
        /// The path.
        path: String,
    },
    /// No file at all.
    #[error("manifest: no file is listed")]
    Empty,
}

/// One way in which a stick differs from its manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Discrepancy {
    /// Listed, but not on the stick.
    #[error("{path}: missing")]
    Missing {
        /// Path on the stick.
        path: String,
    },
    /// On the stick, but not listed.
    #[error("{path}: not in the manifest")]
    Extra {
        /// Path on the stick.
        path: String,
    },
    /// Its content is not what was signed.
    #[error("{path}: sha256 is {found}, the manifest says {expected}")]
    Changed {
        /// Path on the stick.
        path: String,
        /// What it is.
        found: Sha256Digest,
        /// What it should be.
        expected: Sha256Digest,
    },
}

impl Manifest {
    /// Adds or replaces a file.
    pub fn insert(&mut self, path: String, digest: Sha256Digest) {
        self.entries.insert(path, digest);
    }

    /// Returns every file with its digest, sorted by path.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&str, Sha256Digest)> {
        self.entries
            .iter()
            .map(|(path, digest)| (path.as_str(), *digest))
    }

    /// Returns the digest that the manifest gives for `path`, spelt exactly so.
    pub fn digest_of(&self, path: &str) -> Option<Sha256Digest> {
        self.entries.get(path).copied()
    }

    /// Returns the text of the manifest.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (path, digest) in &self.entries {
            // OK to discard: writing to a String does not fail.
            let _ = writeln!(text, "{digest}  {path}");
        }
        text
    }

    /// Parses the text of a manifest.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let mut entries = BTreeMap::new();
        let mut seen = std::collections::BTreeSet::new();
        for (index, content) in text.lines().enumerate() {
            let line = index.saturating_add(1);
            let bad_line = || ManifestError::Line {
                line,
                found: content.to_owned(),
            };
            let (digest, path) = content.split_once("  ").ok_or_else(bad_line)?;
            let digest = digest.parse().map_err(|_| bad_line())?;
            if !is_plain(path) {
                return Err(ManifestError::Path {
                    line,
                    path: path.to_owned(),
                });
            }
            if !seen.insert(path.to_lowercase()) {
                return Err(ManifestError::Twice {
                    line,
                    path: path.to_owned(),
                });
            }
            entries.insert(path.to_owned(), digest);
        }
        if entries.is_empty() {
            return Err(ManifestError::Empty);
        }
        Ok(Self { entries })
    }

    /// Holds the files found on a stick against the manifest and returns every difference, sorted by
    /// path. Files outside the manifest by design are passed over.
    pub fn audit<'a>(
        &self,
        found: impl IntoIterator<Item = (&'a str, Sha256Digest)>,
    ) -> Vec<Discrepancy> {
        let mut missing: BTreeMap<&str, Sha256Digest> = self
            .entries
            .iter()
            .map(|(path, digest)| (path.as_str(), *digest))
            .collect();
        let mut differences = BTreeMap::new();
        for (path, digest) in found {
            if paths::is_outside_manifest(path) {
                continue;
            }
            match missing.remove(path) {
                Some(expected) if expected == digest => {}
                Some(expected) => {
                    let path = path.to_owned();
                    let difference = Discrepancy::Changed {
                        path: path.clone(),
                        found: digest,
                        expected,
                    };
                    differences.insert(path, difference);
                }
                None => {
                    let difference = Discrepancy::Extra {
                        path: path.to_owned(),
                    };
                    differences.insert(path.to_owned(), difference);
                }
            }
        }
        for path in missing.into_keys() {
            let difference = Discrepancy::Missing {
                path: path.to_owned(),
            };
            differences.insert(path.to_owned(), difference);
        }
        differences.into_values().collect()
    }
}

/// Returns whether `path` is relative, has no `.` or `..`, no empty part, and only characters that
/// FAT, `sha256sum` and a line can hold.
fn is_plain(path: &str) -> bool {
    let part_is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let is_plain_char = |c: char| !c.is_control() && !r#"\:*?"<>|"#.contains(c);
    path.split('/').all(part_is_plain) && path.chars().all(is_plain_char)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Manifest {
        let mut manifest = Manifest::default();
        manifest.insert("boot/vmlinuz64".into(), Sha256Digest::of(b"kernel"));
        manifest.insert("EFI/BOOT/BOOTX64.EFI".into(), Sha256Digest::of(b"shim"));
        manifest
    }

    fn parse_error(text: &str) -> String {
        Manifest::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn text_is_read_back_as_it_was() {
        assert_eq!(Manifest::parse(&good().to_text()), Ok(good()));
    }

    #[test]
    fn refuses_paths_that_lead_elsewhere_and_doubles() {
        let digest = Sha256Digest::of(b"");
        for path in ["../x", "/x", "a//b", "a/./b", "a\\b", ""] {
            let text = format!("{digest}  {path}\n");
            assert!(parse_error(&text).contains("plain relative path"), "{path}");
        }
        let twice = format!("{digest}  a\n{digest}  A\n");
        assert_eq!(
            parse_error(&twice),
            "manifest line 2: \"A\" is listed twice"
        );
        assert_eq!(parse_error(""), "manifest: no file is listed");
        assert!(parse_error("nonsense").starts_with("manifest line 1: \"nonsense\", expected"));
    }

    #[test]
    fn audit_names_missing_extra_and_changed_files_and_passes_over_reports() {
        let found = [
            ("EFI/BOOT/BOOTX64.EFI", Sha256Digest::of(b"other shim")),
            ("autorun.inf", Sha256Digest::of(b"")),
            ("reports/1/report.json", Sha256Digest::of(b"")),
            ("SHA256SUMS", Sha256Digest::of(b"")),
        ];
        let differences = good().audit(found);
        assert_eq!(
            differences,
            [
                Discrepancy::Changed {
                    path: "EFI/BOOT/BOOTX64.EFI".into(),
                    found: Sha256Digest::of(b"other shim"),
                    expected: Sha256Digest::of(b"shim"),
                },
                Discrepancy::Extra {
                    path: "autorun.inf".into()
                },
                Discrepancy::Missing {
                    path: "boot/vmlinuz64".into()
                },
            ]
        );
        let right = [
            ("EFI/BOOT/BOOTX64.EFI", Sha256Digest::of(b"shim")),
            ("boot/vmlinuz64", Sha256Digest::of(b"kernel")),
        ];
        assert_eq!(good().audit(right), []);
    }
}
