//! Paths as Windows writes them, and where they lead on a mounted volume.
//!
//! Every name is looked up by scanning its folder, without regard to case, never by asking the driver:
//! drivers differ in what they fold, and the PC's own spelling belongs in plans and reports. Links and
//! junctions are never followed, since they may lead out of the volume.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, statat};
use rustix::io::Errno;

use super::listings::Listings;
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

    /// Returns the path of `name` in this folder. A name that Windows would take for another one, for a
    /// device or for a stream, or that could write on a screen, is refused: file systems hold such names, but
    /// nothing that is to be repaired is called so.
    pub fn join(&self, name: &str) -> Result<Self, PathError> {
        if let Some(expectation) = refuse_name(name) {
            return Err(PathError::Syntax {
                text: format!("{self}\\{name}"),
                finding: format!("the name {name:?}"),
                expectation,
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
        self.resolve_in(&Listings::new(root))
    }

    /// As [`WindowsPath::resolve`], by folders that may have been listed before.
    pub fn resolve_in(&self, listings: &Listings<'_>) -> Result<Resolved, PathError> {
        let mut at = listings.root().to_owned();
        let mut path = Self::default();
        let mut rest = self.names.iter();
        let mut above = None;
        while let Some(name) = rest.next() {
            let io_error = |error: Errno| PathError::Io {
                path: path.clone(),
                source: error.into(),
            };
            let folder = listings.list(&at, above.take()).map_err(io_error)?;
            let Some(spelled) = find_name(folder.names(), &path, name)? else {
                let is_last = rest.len() == 0;
                path.names.push(name.clone());
                path.names.extend(rest.cloned());
                return Ok(Resolved::Missing {
                    path,
                    folder: is_last.then_some(at),
                });
            };
            at.push(&spelled);
            path.names.push(spelled.clone());
            if listings.knows(&at) {
                above = Some((folder, spelled));
                continue;
            }
            let facts = folder
                .folder()
                .and_then(|folder| statat(folder, &spelled, AtFlags::SYMLINK_NOFOLLOW));
            let facts = facts.map_err(|error| PathError::Io {
                path: path.clone(),
                source: error.into(),
            })?;
            match FileType::from_raw_mode(facts.st_mode) {
                FileType::Symlink => return Err(PathError::Link { path }),
                FileType::Directory => above = Some((folder, spelled)),
                _ if rest.len() > 0 => return Err(PathError::NotAFolder { path }),
                FileType::RegularFile => {
                    return Ok(Resolved::File {
                        at,
                        path,
                        size: facts.st_size.try_into().unwrap_or_default(),
                    });
                }
                _ => return Err(PathError::Special { path }),
            }
        }
        Ok(Resolved::Folder { at, path })
    }
}

/// UTF-16 units of a name at most. Source: NTFS and FAT alike.
const LONGEST_NAME: usize = 255;

/// Names that mean a device in every folder, whatever ending follows. Source: Microsoft, "Naming files, paths,
/// and namespaces"; `CLOCK$` of Windows XP and before.
const ALL_DEVICES: [&str; 7] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"];

/// Returns what a name should be if it is not.
fn refuse_name(name: &str) -> Option<&'static str> {
    let is_plain = |one: char| !one.is_control() && !"\\/:*?\"<>|".contains(one);
    if name.trim_end_matches([' ', '.']).is_empty() || !name.chars().all(is_plain) {
        return Some("names without .. and : and wildcards");
    }
    if name.ends_with([' ', '.']) {
        return Some("names that do not end in a space or a dot");
    }
    if name.encode_utf16().count() > LONGEST_NAME {
        return Some("names of at most 255 characters");
    }
    is_device(name).then_some("names that are not those of a device")
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    let stem = stem.trim_end_matches(' ').to_uppercase();
    if ALL_DEVICES.contains(&stem.as_str()) {
        return true;
    }
    let number = stem.strip_prefix("COM").or(stem.strip_prefix("LPT"));
    let mut digits = number.unwrap_or_default().chars();
    let digit = digits.next();
    digit.is_some_and(|one| "123456789\u{b9}\u{b2}\u{b3}".contains(one)) && digits.next().is_none()
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

/// Returns how the folder `path` with these names spells `name`.
fn find_name(
    names: &[String],
    path: &WindowsPath,
    name: &str,
) -> Result<Option<String>, PathError> {
    let found = names.iter().filter(|entry| is_same_name(entry, name));
    let mut found: Vec<String> = found.cloned().collect();
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
    use fs_err as fs;

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

    #[test]
    fn refuses_names_that_windows_would_take_for_something_else() {
        for name in [
            "con",
            "NUL.txt",
            "Aux .exe",
            "com1",
            "LPT9.log",
            "com\u{b2}.x",
            "conin$",
            "clock$",
            "svchost.exe.",
            "svchost.exe ",
            "a\u{1b}[2J",
            "a\nb",
            "a\u{85}",
            &"x".repeat(256),
        ] {
            assert!(path("\\a").join(name).is_err(), "{name:?}");
        }
        for name in [
            "console.dll",
            "com",
            "COM0",
            "com10",
            "lpt",
            "nul1",
            "null.sys",
            ".con",
            "auxiliary",
            "$NtServicePackUninstall$",
            "\u{30b9}\u{30bf}",
            &"x".repeat(255),
        ] {
            assert!(path("\\a").join(name).is_ok(), "{name:?}");
        }
    }

    /// Whatever a registry, a quarantine or a record says, what comes of it stays on the volume.
    #[test]
    fn what_is_parsed_from_any_text_stays_below_the_root() {
        let pieces = [
            "..",
            ".",
            "\\",
            "/",
            ":",
            "C:",
            "D:",
            "\\\\?\\",
            "\\\\.\\",
            "windows",
            "con",
            "svchost.exe",
            "::$DATA",
            "$I30:$INDEX_ALLOCATION",
            " ",
            "\0",
            "\u{202e}",
            "%SystemRoot%",
            "real",
            "link",
            "~1",
        ];
        let tree = tree(&["windows/svchost.exe", "real/file"]);
        std::os::unix::fs::symlink("/", tree.path().join("link")).unwrap();
        let (mut state, mut parsed) = (0x5958_2010_u32, 0);
        let mut next = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            usize::try_from(state >> 8).unwrap() % below
        };
        for _ in 0..20_000 {
            let mut text = String::from(["\\", "C:\\", ""][next(3)]);
            for _ in 0..next(6) {
                text.push_str(pieces[next(pieces.len())]);
                text.push_str(["\\", "", "\\\\"][next(3)]);
            }
            let Ok(path) = WindowsPath::parse(&text, Some('C')) else {
                continue;
            };
            parsed += 1;
            assert!(
                path.names().iter().all(|name| refuse_name(name).is_none()),
                "{text:?}"
            );
            let at = match path.resolve(tree.path()) {
                Ok(Resolved::File { at, .. } | Resolved::Folder { at, .. }) => at,
                Ok(Resolved::Missing { folder, .. }) => folder.unwrap_or(tree.path().to_owned()),
                Err(_) => continue,
            };
            let real = fs::canonicalize(at).unwrap();
            assert!(
                real.starts_with(tree.path().canonicalize().unwrap()),
                "{text:?}"
            );
        }
        assert!(parsed > 1000, "{parsed}");
    }
}
