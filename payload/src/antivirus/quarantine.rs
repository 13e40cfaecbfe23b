//! Quarantines of security products: where they lie, which files are in them, and their content.
//!
//! A product that takes a file away keeps it in a container of its own format. Such a file is the very
//! one that was taken, but nothing in a container proves that, so it is judged like any other
//! candidate. Only reading: nothing is ever restored by rewriting a quarantine.
//!
//! Containers come from a sick disk. What they say is bounded, and a panic of a parser is caught.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read as _, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::antivirus::quarantine::mcafee_bup::{extract_bup, read_bup};
use crate::hive::key::Key;
use crate::windows::folders::Folders;
use crate::windows::path::{Resolved, WindowsPath};

pub mod mcafee_bup;

/// Bytes of a container at most; a larger one is reported and left alone.
const LARGEST_CONTAINER: u64 = 512 << 20;

/// Containers of one volume that are looked into at most.
const MOST_CONTAINERS: usize = 1024;

/// Folders below a known one that a search enters: depth and number.
const KNOWN_FOLDER: Bounds = Bounds {
    depth: 2,
    folders: 200,
};

/// Folders of a whole volume that a search enters. The nearest to the root come first, and a
/// quarantine of one's own choice lies near the root.
const WHOLE_VOLUME: Bounds = Bounds {
    depth: 7,
    folders: 6000,
};

/// Keys below a vendor's key that are searched for the folder of a quarantine at most.
const MOST_KEYS: usize = 2000;

/// How containers of a format are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerKind {
    /// [`mcafee_bup`].
    McafeeBup,
}

/// A format of containers as a row of [`ALL_CONTAINER_FORMATS`].
#[derive(Debug)]
pub struct ContainerFormat {
    /// Vendor as in remedies and in the table of products.
    pub vendor: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// How it is read.
    pub kind: ContainerKind,
    /// Ending of the names of its files, without a full stop, in lower case.
    pub extension: &'static str,
    /// First bytes of its files.
    pub magic: &'static [u8],
    /// Folders in which products keep them unless told otherwise, with the variables of remedies.
    pub folders: &'static [&'static str],
    /// Key of the vendor in the hive SOFTWARE, below which policies may name another folder.
    pub policy_key: &'static str,
    /// What the name of a value has in it that names a quarantine, in lower case.
    pub policy_word: &'static str,
    /// Where this knowledge comes from.
    pub source: &'static str,
}

/// The formats that `mend` reads.
pub const ALL_CONTAINER_FORMATS: &[ContainerFormat] = &[ContainerFormat {
    vendor: "mcafee",
    title: "McAfee backup",
    kind: ContainerKind::McafeeBup,
    extension: "bup",
    magic: &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1],
    folders: &[
        "{system-drive}\\Quarantine",
        "{program-data}\\McAfee\\VirusScan\\Quarantine",
        "{system-drive}\\Documents and Settings\\All Users\\Application Data\\McAfee\\VirusScan\\Quarantine",
        "{system-drive}\\ProgramData\\McAfee\\VirusScan\\Quarantine",
    ],
    policy_key: "McAfee",
    policy_word: "quarantine",
    source: "Magic: MS-CFB 2.2. Folders: of consumer products by openbupfile.com, of VirusScan \
             Enterprise from memory. The policy's key and value are not published anywhere that we \
             found, so every value below the vendor's key that is called so is tried",
}];

/// Returns the formats of a vendor's quarantine.
pub fn formats_of(vendor: &str) -> impl Iterator<Item = &'static ContainerFormat> {
    ALL_CONTAINER_FORMATS
        .iter()
        .filter(move |format| format.vendor == vendor)
}

/// A file in a quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineItem {
    /// Its container.
    pub container: WindowsPath,
    /// How that is read.
    pub kind: ContainerKind,
    /// Its number in the container, from 0.
    pub number: u32,
    /// Where it was, as the product wrote it; usually with a drive letter, often in lower case.
    pub original_path: String,
    /// What it was taken for.
    pub detection: Option<String>,
    /// Version of the definitions that took it, `5958.0000`.
    pub definitions: Option<String>,
    /// When it was taken, by the PC's local clock: `2010-04-21 15:02:11`.
    pub created: Option<String>,
    /// Bytes of its content, or what is wrong with it.
    pub size: Result<u64, String>,
}

impl QuarantineItem {
    /// Returns the last part of the path where it was.
    pub fn name(&self) -> &str {
        let path = &self.original_path;
        path.rsplit(['\\', '/']).next().unwrap_or(path)
    }

    /// Returns whether it was at `path` of the drive of its Windows.
    pub fn was_at(&self, path: &WindowsPath, drive: char) -> bool {
        let known = WindowsPath::parse(&self.original_path, Some(drive));
        known.is_ok_and(|known| {
            let (known, path) = (known.to_string(), path.to_string());
            known.to_lowercase() == path.to_lowercase()
        })
    }
}

/// Prints `svchost.exe in \Quarantine\7da41.bup, quarantined on … as W32/Wecorl.a by definitions …`.
impl fmt::Display for QuarantineItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}, quarantined", self.name(), self.container)?;
        if let Some(created) = &self.created {
            write!(f, " on {created}")?;
        }
        if let Some(detection) = &self.detection {
            write!(f, " as {detection}")?;
        }
        if let Some(definitions) = &self.definitions {
            write!(f, " by definitions {definitions}")?;
        }
        Ok(())
    }
}

/// Why a container cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuarantineError {
    /// It cannot be read, or its content cannot be written out.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It contradicts its format.
    #[error("{place}: {finding}, expected {expectation}")]
    Corrupt {
        /// Part of the container.
        place: String,
        /// What is there.
        finding: String,
        /// What would be right.
        expectation: String,
    },
    /// A form of it that is not known.
    #[error("{finding}, which is not known")]
    Unsupported {
        /// What is there.
        finding: String,
    },
    /// A parser panicked.
    #[error("damaged in a way that no reader knows")]
    Fault,
}

/// Reads which files are in the container at `at`; `container` is its path for people.
pub fn read_container(
    at: &Path,
    container: &WindowsPath,
    kind: ContainerKind,
) -> Result<Vec<QuarantineItem>, QuarantineError> {
    let file = open_container(at)?;
    guard(|| match kind {
        ContainerKind::McafeeBup => read_bup(file, container),
    })
}

/// Writes the file number `number` of the container at `at` to `sink` and returns its size. Nothing is
/// written of a file that is larger than `limit` bytes; after another error a part may be written.
pub fn extract_item(
    at: &Path,
    kind: ContainerKind,
    number: u32,
    limit: u64,
    sink: &mut dyn Write,
) -> Result<u64, QuarantineError> {
    let file = open_container(at)?;
    guard(|| match kind {
        ContainerKind::McafeeBup => extract_bup(file, number, limit, sink),
    })
}

fn open_container(at: &Path) -> Result<fs::File, QuarantineError> {
    let file = fs::File::open(at)?;
    let size = file.metadata()?.len();
    if size > LARGEST_CONTAINER {
        return Err(corrupt(
            "container",
            format!("{size} bytes"),
            format!("at most {LARGEST_CONTAINER}"),
        ));
    }
    Ok(file)
}

/// The parsers of containers are other people's and were not made for damaged ones.
fn guard<T>(work: impl FnOnce() -> Result<T, QuarantineError>) -> Result<T, QuarantineError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(QuarantineError::Fault))
}

fn corrupt(
    place: &str,
    finding: impl Into<String>,
    expectation: impl Into<String>,
) -> QuarantineError {
    QuarantineError::Corrupt {
        place: place.to_owned(),
        finding: finding.into(),
        expectation: expectation.into(),
    }
}

/// How far a search goes.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    depth: usize,
    folders: usize,
}

/// Containers that a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Where they lie, those nearest to the root first.
    pub containers: Vec<WindowsPath>,
    /// Where there may be more, and why that is not known.
    pub gaps: Vec<(WindowsPath, String)>,
}

/// Returns the containers of `format` in the folders where they usually are and in `named`, which
/// come first. Folders that are not there hold none.
pub fn find_in_known_folders(
    root: &Path,
    format: &ContainerFormat,
    folders: &Folders,
    named: &[WindowsPath],
) -> Found {
    let usual = format.folders.iter();
    let usual = usual.filter_map(|text| folders.expand_remedy_path(text).ok());
    let mut found = Found::default();
    for folder in named.iter().cloned().chain(usual) {
        match folder.resolve(root) {
            Ok(Resolved::Folder { at, path }) => found.search(format, at, path, KNOWN_FOLDER),
            Ok(_) => {}
            Err(error) => found.gaps.push((folder, error.to_string())),
        }
    }
    found
}

/// Returns the containers of `format` anywhere on the volume, as deep as a search goes.
pub fn find_on_volume(root: &Path, format: &ContainerFormat) -> Found {
    let mut found = Found::default();
    let path = WindowsPath::default();
    found.search(format, root.to_owned(), path, WHOLE_VOLUME);
    found
}

impl Found {
    /// Adds what is in a folder and below it, breadth first and by name. Links are never followed.
    fn search(&mut self, format: &ContainerFormat, at: PathBuf, path: WindowsPath, bounds: Bounds) {
        let mut open = VecDeque::from([(at, path.clone(), 0_usize)]);
        let mut entered = 0_usize;
        while let Some((at, folder, depth)) = open.pop_front() {
            if entered == bounds.folders {
                let reason = format!("only {entered} folders were searched");
                self.gaps.push((path, reason));
                return;
            }
            entered = entered.saturating_add(1);
            let entries = fs::read_dir(&at).map(|entries| entries.flatten().collect());
            let mut entries: Vec<fs::DirEntry> = match entries {
                Ok(entries) => entries,
                Err(error) => {
                    self.gaps.push((folder, error.to_string()));
                    continue;
                }
            };
            entries.sort_by_key(fs::DirEntry::file_name);
            for entry in entries {
                let name = entry.file_name();
                let (Ok(kind), Some(name)) = (entry.file_type(), name.to_str()) else {
                    continue;
                };
                let Ok(path) = folder.join(name) else {
                    continue;
                };
                if kind.is_dir() && depth < bounds.depth {
                    open.push_back((entry.path(), path, depth.saturating_add(1)));
                } else if kind.is_file()
                    && is_container(&entry.path(), name, format)
                    && !self.containers.contains(&path)
                {
                    if self.containers.len() == MOST_CONTAINERS {
                        let reason = format!("only {MOST_CONTAINERS} containers were looked into");
                        self.gaps.push((path, reason));
                        return;
                    }
                    self.containers.push(path);
                }
            }
        }
    }
}

/// Returns whether a file has both name and magic of the format; DVDs have files of the same name.
fn is_container(at: &Path, name: &str, format: &ContainerFormat) -> bool {
    let is_named = name
        .rsplit_once('.')
        .is_some_and(|(_, end)| end.eq_ignore_ascii_case(format.extension));
    if !is_named {
        return false;
    }
    let mut magic = vec![0; format.magic.len()];
    let read = fs::File::open(at).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == format.magic
}

/// Returns the folders that policies below the vendor's key name as quarantines. What they name on
/// other drives is left out; what cannot be read hides the rest of its key only.
pub fn read_policy_folders(
    vendor_key: &Key<'_>,
    word: &str,
    folders: &Folders,
) -> Vec<WindowsPath> {
    let mut found = Vec::new();
    let mut open = VecDeque::from([vendor_key.clone()]);
    let mut entered = 0_usize;
    while let Some(key) = open.pop_front() {
        entered = entered.saturating_add(1);
        for value in key.values().unwrap_or_default() {
            if !value.name().to_lowercase().contains(word) {
                continue;
            }
            let text = value.as_text().ok().flatten();
            let path = text.and_then(|text| folders.expand_registry_path(&text).ok());
            // The root itself is no quarantine, and the whole volume is searched last anyway.
            let path = path.filter(|path| !path.names().is_empty() && !found.contains(path));
            found.extend(path);
        }
        // A damaged hive may name the same keys again and again.
        let room = MOST_KEYS.saturating_sub(entered.saturating_add(open.len()));
        open.extend(key.subkeys().unwrap_or_default().into_iter().take(room));
    }
    found
}

#[cfg(test)]
pub(crate) mod fixture;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::antivirus::product::ALL_PRODUCTS;
    use crate::antivirus::quarantine::fixture::make_bup_of;
    use rescue_stick::remedy::step::{CandidateSource, RemedyStep};
    use rescue_stick::remedy::{BUILT_IN_REMEDIES, Remedy};

    const BUP: &ContainerFormat = &ALL_CONTAINER_FORMATS[0];

    fn volume(files: &[&str]) -> tempfile::TempDir {
        let volume = tempfile::tempdir().unwrap();
        let bup = make_bup_of("X", 1, "c:\\x", b"x");
        for file in files {
            let at = volume.path().join(file);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            fs::write(at, &bup).unwrap();
        }
        volume
    }

    fn folders() -> Folders {
        Folders::defaults(WindowsPath::parse("\\WINDOWS", None).unwrap()).unwrap()
    }

    fn lines(found: &Found) -> Vec<String> {
        found.containers.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn looks_in_named_folders_before_the_usual_ones() {
        let volume = volume(&[
            "quarantine/b.bup",
            "QUARANTINE-2/a.BUP",
            "ProgramData/McAfee/VirusScan/Quarantine/quarantine/c.bup",
            "elsewhere/d.bup",
        ]);
        let named = [WindowsPath::parse("\\Quarantine-2", None).unwrap()];
        let found = find_in_known_folders(volume.path(), BUP, &folders(), &named);
        assert_eq!(
            lines(&found),
            [
                "\\QUARANTINE-2\\a.BUP",
                "\\quarantine\\b.bup",
                "\\ProgramData\\McAfee\\VirusScan\\Quarantine\\quarantine\\c.bup",
            ]
        );
        assert!(found.gaps.is_empty());
    }

    #[test]
    fn finds_containers_anywhere_by_name_and_magic_and_never_behind_links() {
        let volume = volume(&[
            "z.bup",
            "a/b/c/d/e/f/g/deep.bup",
            "1/2/3/4/5/6/7/8/deeper.bup",
        ]);
        let root = volume.path();
        fs::create_dir(root.join("VIDEO_TS")).unwrap();
        fs::write(root.join("VIDEO_TS/VIDEO_TS.BUP"), b"DVDVIDEO-VMG").unwrap();
        fs::write(root.join("short.bup"), b"\xD0\xCF").unwrap();
        fs::copy(root.join("z.bup"), root.join("table.doc")).unwrap();
        std::os::unix::fs::symlink(root.join("a"), root.join("link")).unwrap();
        std::os::unix::fs::symlink(root.join("z.bup"), root.join("link.bup")).unwrap();
        let found = find_on_volume(root, BUP);
        assert_eq!(
            lines(&found),
            ["\\z.bup", "\\a\\b\\c\\d\\e\\f\\g\\deep.bup"]
        );
    }

    #[test]
    fn a_search_ends_and_says_that_it_did() {
        let volume = volume(&["1/a.bup", "2/b.bup", "3/c.bup"]);
        let mut found = Found::default();
        let bounds = Bounds {
            depth: 3,
            folders: 3,
        };
        found.search(
            BUP,
            volume.path().to_owned(),
            WindowsPath::default(),
            bounds,
        );
        assert_eq!(lines(&found), ["\\1\\a.bup", "\\2\\b.bup"]);
        let reason = "only 3 folders were searched".to_owned();
        assert_eq!(found.gaps, [(WindowsPath::default(), reason)]);
    }

    #[test]
    fn every_format_has_its_product_its_folders_and_its_source() {
        for format in ALL_CONTAINER_FORMATS {
            assert!(ALL_PRODUCTS.iter().any(|p| p.vendor == format.vendor));
            assert!(!format.source.is_empty() && !format.magic.is_empty());
            for folder in format.folders {
                folders().expand_remedy_path(folder).unwrap();
            }
        }
    }

    #[test]
    fn every_quarantine_of_a_built_in_remedy_has_a_format() {
        let mut tried = 0;
        for (id, text) in BUILT_IN_REMEDIES {
            for step in Remedy::parse(text).unwrap().steps {
                let RemedyStep::RestoreFile(step) = step else {
                    continue;
                };
                for source in step.sources {
                    if let CandidateSource::Quarantine { vendor } = source {
                        assert!(formats_of(&vendor).next().is_some(), "{id}: {vendor}");
                        tried += 1;
                    }
                }
            }
        }
        assert!(tried > 0);
    }

    #[test]
    fn policies_are_found_by_a_word_in_the_names_of_their_values() {
        let mut hive = regf::writer::HiveBuilder::new().unwrap();
        let policy = "McAfee\\DesktopProtection\\Some\\Policy";
        hive.create_key(policy).unwrap();
        for (name, value) in [
            ("szQuarantineDirectory", "C:\\Odd\\Place\\"),
            ("QuarantineFolder2", "%SystemDrive%\\Other"),
            ("QuarantineElsewhere", "\\\\server\\share"),
            ("QuarantineRoot", "C:\\"),
            ("szInstallDir", "C:\\Program Files\\McAfee"),
        ] {
            hive.add_value_string(policy, Some(name), value).unwrap();
        }
        hive.add_value_dword(policy, Some("dwQuarantineDays"), 28)
            .unwrap();
        let hive = crate::hive::Hive::parse(hive.to_bytes().unwrap()).unwrap();
        let key = hive.key("McAfee").unwrap().unwrap();
        let found = read_policy_folders(&key, BUP.policy_word, &folders());
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["\\Odd\\Place", "\\Other"]);
    }
}
