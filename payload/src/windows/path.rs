//! Paths as Windows writes them, and where they lead on a mounted volume.
//!
//! Every name is looked up by scanning its folder, without regard to case, never by asking the driver:
//! drivers differ in what they fold, and the PC's own spelling belongs in plans and reports. Links and
//! junctions are never followed, since they may lead out of the volume.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::area::cause_of;
use crate::hive::key::is_same_name;

/// A path from the root of a volume, `\WINDOWS\system32`. No name in it is empty, `.` or `..`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowsPath {
    names: Vec<String>,
}

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// A file.
    File {
        /// Where it is mounted.
        at: PathBuf,
        /// The path as the volume spells it.
        path: WindowsPath,
        /// Its size in bytes.
        size: u64,
    },
    /// A folder.
    Folder {
        /// Where it is mounted.
        at: PathBuf,
        /// The path as the volume spells it.
        path: WindowsPath,
    },
    /// Nothing.
    Missing {
        /// The path, spelled as the volume spells it as far as it exists.
        path: WindowsPath,
        /// Where its folder is mounted, if that exists.
        folder: Option<PathBuf>,
    },
}

/// Why a path is refused or leads nowhere.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// Not a path from the root of this volume.
    #[error("{text:?}: {finding}, expected {expectation}")]
    Syntax {
        /// The text.
        text: String,
        /// What is wrong with it.
        finding: String,
        /// What would be right.
        expectation: &'static str,
    },
    /// Part of it is a link or junction.
    #[error("{path}: a link or junction, which is not followed")]
    Link {
        /// The part that is one.
        path: WindowsPath,
    },
    /// Several names differ only by case. Which of them Windows would open depends on the order in its
    /// index, so none is taken, not even one that is spelled exactly so.
    #[error(
        "{path}: {} names that differ only by case: {}; have someone rename all but the right one",
        .found.len(),
        .found.join(", ")
    )]
    Ambiguous {
        /// The path.
        path: WindowsPath,
        /// The names found.
        found: Vec<String>,
    },
    /// A file where a folder should be.
    #[error("{path}: a file, expected a folder")]
    NotAFolder {
        /// The part that is a file.
        path: WindowsPath,
    },
    /// Neither a file nor a folder.
    #[error("{path}: neither a file nor a folder")]
    Special {
        /// The path.
        path: WindowsPath,
    },
    /// A folder cannot be read.
    #[error("{path}: {}", cause_of(.source))]
    Io {
        /// The part that cannot be read.
        path: WindowsPath,
        /// What the system said.
        source: io::Error,
    },
}

impl WindowsPath {
    /// Parses `\FOLDER\NAME`, or `X:\FOLDER\NAME` if `X` is `drive`. Doubled and final `\` are taken
    /// as one and none, as Windows does.
    pub fn parse(text: &str, drive: Option<char>) -> Result<Self, PathError> {
        let refuse = |finding: String, expectation| PathError::Syntax {
            text: text.to_owned(),
            finding,
            expectation,
        };
        let mut rest = text;
        let mut letters = text.chars();
        if let (Some(letter), Some(':')) = (letters.next(), letters.next()) {
            let is_ours = drive.is_some_and(|drive| drive.eq_ignore_ascii_case(&letter));
            if !is_ours {
                let finding = format!("drive {letter}:");
                return Err(refuse(finding, "the drive of this Windows"));
            }
            rest = letters.as_str();
        }
        let Some(rest) = rest.strip_prefix('\\') else {
            return Err(refuse("no leading \\".into(), "a path from the root"));
        };
        if rest.starts_with('\\') {
            return Err(refuse("a network path".into(), "a path on this volume"));
        }
        let mut path = Self::default();
        for name in rest.split('\\').filter(|name| !name.is_empty()) {
            path = path.join(name)?;
        }
        Ok(path)
    }

    /// Returns the path of `name` in this folder.
    pub fn join(&self, name: &str) -> Result<Self, PathError> {
        let is_plain = !name.is_empty()
            && !name.trim_end_matches([' ', '.']).is_empty()
            && !name.contains(['\\', '/', ':', '\0', '*', '?', '"', '<', '>', '|']);
        if !is_plain {
            return Err(PathError::Syntax {
                text: format!("{self}\\{name}"),
                finding: format!("the name {name:?}"),
                expectation: "names without .. and : and wildcards",
            });
        }
        let mut names = self.names.clone();
        names.push(name.to_owned());
        Ok(Self { names })
    }

    /// Returns this path below `folder`.
    pub fn below(&self, folder: &Self) -> Self {
        let names = folder.names.iter().chain(&self.names);
        Self {
            names: names.cloned().collect(),
        }
    }

    /// Returns the folder that it lies in; the root lies in itself.
    pub fn folder(&self) -> Self {
        let (_, names) = self.names.split_last().unwrap_or((&EMPTY, &[]));
        Self {
            names: names.to_vec(),
        }
    }

    /// Returns its last name; empty for the root.
    pub fn name(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }

    /// Returns its names from the root down.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns what lies at this path on the volume mounted at `root`.
    pub fn resolve(&self, root: &Path) -> Result<Resolved, PathError> {
        let mut at = root.to_owned();
        let mut path = Self::default();
        let mut rest = self.names.iter();
        while let Some(name) = rest.next() {
            let Some(spelled) = find_name(&at, &path, name)? else {
                let is_last = rest.len() == 0;
                path.names.push(name.clone());
                path.names.extend(rest.cloned());
                return Ok(Resolved::Missing {
                    path,
                    folder: is_last.then_some(at),
                });
            };
            at.push(&spelled);
            path.names.push(spelled);
            let facts = fs::symlink_metadata(&at).map_err(|source| PathError::Io {
                path: path.clone(),
                source,
            })?;
            if facts.is_symlink() {
                return Err(PathError::Link { path });
            }
            if facts.is_dir() {
                continue;
            }
            if rest.len() > 0 {
                return Err(PathError::NotAFolder { path });
            }
            if !facts.is_file() {
                return Err(PathError::Special { path });
            }
            return Ok(Resolved::File {
                at,
                path,
                size: facts.len(),
            });
        }
        Ok(Resolved::Folder { at, path })
    }
}

const EMPTY: String = String::new();

impl fmt::Display for WindowsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.names.is_empty() {
            return f.write_str("\\");
        }
        self.names.iter().try_for_each(|name| write!(f, "\\{name}"))
    }
}

/// Returns how the folder mounted at `at` spells `name`.
fn find_name(at: &Path, path: &WindowsPath, name: &str) -> Result<Option<String>, PathError> {
    let io_error = |source| PathError::Io {
        path: path.clone(),
        source,
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(at).map_err(io_error)? {
        let entry = entry.map_err(io_error)?.file_name();
        // A name that is not Unicode cannot be one that we look for.
        let Some(entry) = entry.to_str() else {
            continue;
        };
        if is_same_name(entry, name) {
            found.push(entry.to_owned());
        }
    }
    if found.len() > 1 {
        found.sort();
        let mut names = path.names.clone();
        names.push(name.to_owned());
        return Err(PathError::Ambiguous {
            path: WindowsPath { names },
            found,
        });
    }
    Ok(found.pop())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        folder
    }

    fn path(text: &str) -> WindowsPath {
        WindowsPath::parse(text, Some('C')).unwrap()
    }

    fn check_refused(text: &str, message: Expect) {
        message.assert_eq(&WindowsPath::parse(text, Some('C')).unwrap_err().to_string());
    }

    #[test]
    fn finds_names_in_any_case_and_spells_them_as_the_volume_does() {
        let tree = tree(&["WINDOWS/System32/SVCHOST.EXE", "Système/Éléments/à.txt"]);
        let found = path("c:\\windows\\\\system32\\svchost.exe").resolve(tree.path());
        let Resolved::File {
            path: spelled,
            size,
            ..
        } = found.unwrap()
        else {
            panic!();
        };
        assert_eq!(spelled.to_string(), "\\WINDOWS\\System32\\SVCHOST.EXE");
        assert_eq!(size, 28);
        let found = path("\\SYSTÈME\\éLÉMENTS\\À.TXT")
            .resolve(tree.path())
            .unwrap();
        assert!(matches!(found, Resolved::File { .. }));
    }

    #[test]
    fn says_what_is_missing_and_whether_its_folder_is_there() {
        let tree = tree(&["WINDOWS/System32/x"]);
        let Resolved::Missing {
            path: spelled,
            folder,
        } = path("\\windows\\system32\\y").resolve(tree.path()).unwrap()
        else {
            panic!();
        };
        assert_eq!(spelled.to_string(), "\\WINDOWS\\System32\\y");
        assert_eq!(folder, Some(tree.path().join("WINDOWS/System32")));
        let missing = path("\\windows\\other\\y").resolve(tree.path()).unwrap();
        assert!(matches!(missing, Resolved::Missing { folder: None, .. }));
    }

    #[test]
    fn of_twin_names_none_is_taken() {
        let tree = tree(&["s/SVCHOST.EXE", "s/svchost.exe"]);
        for name in ["svchost.exe", "Svchost.exe"] {
            let error = path(&format!("\\s\\{name}"))
                .resolve(tree.path())
                .unwrap_err();
            let twins = "2 names that differ only by case: SVCHOST.EXE, svchost.exe; have someone \
                         rename all but the right one";
            assert_eq!(error.to_string(), format!("\\s\\{name}: {twins}"));
        }
    }

    #[test]
    fn never_follows_a_link() {
        let tree = tree(&["real/file"]);
        std::os::unix::fs::symlink(tree.path().join("real"), tree.path().join("Link")).unwrap();
        let error = path("\\link\\file").resolve(tree.path()).unwrap_err();
        expect![[r"\Link: a link or junction, which is not followed"]]
            .assert_eq(&error.to_string());
        let error = path("\\real\\file\\x").resolve(tree.path()).unwrap_err();
        expect![[r"\real\file: a file, expected a folder"]].assert_eq(&error.to_string());
    }

    #[test]
    fn refuses_paths_that_could_lead_elsewhere() {
        check_refused(
            "D:\\x",
            expect![[r#""D:\\x": drive D:, expected the drive of this Windows"#]],
        );
        check_refused(
            "x\\y",
            expect![[r#""x\\y": no leading \, expected a path from the root"#]],
        );
        check_refused(
            "\\\\server\\x",
            expect![[r#""\\\\server\\x": a network path, expected a path on this volume"#]],
        );
        check_refused(
            "\\a\\..\\b",
            expect![[r#""\\a\\..": the name "..", expected names without .. and : and wildcards"#]],
        );
        check_refused(
            "\\a:b",
            expect![[
                r#""\\\\a:b": the name "a:b", expected names without .. and : and wildcards"#
            ]],
        );
        assert!(path("\\a").join("").is_err());
        assert!(path("\\a").join("b/c").is_err());
        assert!(path("\\a").join(". .").is_err());
    }
}
