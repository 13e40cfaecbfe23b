//! Files made from boot parts, kept so that the next build makes nothing twice.
//!
//! ```text
//! CACHE/derived/KEY/record.json    names, sizes and hashes of the files beside it
//! CACHE/derived/KEY/vmlinuz64 …
//! ```
//!
//! The key is the hash of everything the files depend on: how they are made, from what, and with which
//! parameters. An entry that is not what its record says is made anew.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use rescue_stick::digest::Sha256Digest;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::hashed_file::HashedFile;
use crate::parallel::map_all;

/// Version of how files are made. Raised whenever the same inputs shall give other files.
const FORMAT: u32 = 7;

/// The schema of record.json.
const SCHEMA: u32 = 1;

const RECORD: &str = "record.json";

/// Everything that derived files depend on.
#[derive(Clone, Debug)]
pub(super) struct Origin<'a> {
    /// What is made, as a name of its own.
    pub(super) what: &'a str,
    /// What it is made from.
    pub(super) inputs: Vec<Sha256Digest>,
    /// What else decides the outcome.
    pub(super) parameters: Vec<String>,
}

impl Origin<'_> {
    fn key(&self) -> Sha256Digest {
        // As JSON, so that no two origins read alike.
        let inputs: Vec<String> = self.inputs.iter().map(ToString::to_string).collect();
        let text = serde_json::json!([FORMAT, self.what, inputs, self.parameters]).to_string();
        Sha256Digest::of(text.as_bytes())
    }
}

/// What was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Made {
    /// Names, which are no paths, and contents.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// Facts learnt while making them, for later builds to read without making them again.
    pub(super) notes: BTreeMap<String, String>,
}

/// What lies in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Derived {
    /// By name.
    pub(super) files: BTreeMap<String, DerivedFile>,
    /// As they were made.
    pub(super) notes: BTreeMap<String, String>,
}

/// One derived file, present and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DerivedFile {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) sha256: Sha256Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawRecord {
    schema: u32,
    files: BTreeMap<String, RawFile>,
    notes: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawFile {
    size: u64,
    sha256: Sha256Digest,
}

/// Returns the files of `origin`: from the cache if they are there and intact, else by calling `make`.
pub(super) fn derive<E: From<io::Error>>(
    cache: &Path,
    origin: &Origin<'_>,
    make: impl FnOnce() -> Result<Made, E>,
) -> Result<Derived, E> {
    let folder = cache.join("derived").join(origin.key().to_string());
    if let Some(derived) = read_entry(&folder) {
        return Ok(derived);
    }
    let made = make()?;
    write_entry(cache, &folder, &made)?;
    read_entry(&folder).ok_or_else(|| {
        let text = format!("{}: changed while it was written", folder.display());
        E::from(io::Error::other(text))
    })
}

/// Returns the entry if it is there and every file of it is what the record says. Whatever is wrong with
/// it, the remedy is the same: make it anew.
fn read_entry(folder: &Path) -> Option<Derived> {
    let text = fs_err::read_to_string(folder.join(RECORD)).ok()?;
    let record: RawRecord = serde_json::from_str(&text).ok()?;
    if record.schema != SCHEMA {
        return None;
    }
    let read = |(name, RawFile { size, sha256 }): (String, RawFile)| {
        let path = folder.join(&name);
        let found = HashedFile::read(&path).ok()?;
        let is_intact = (found.sha256, found.size) == (sha256, size);
        is_intact.then_some((name, DerivedFile { path, size, sha256 }))
    };
    let files: Option<_> = map_all(record.files.into_iter().collect(), read)
        .into_iter()
        .collect();
    Some(Derived {
        files: files?,
        notes: record.notes,
    })
}

/// Writes a whole entry beside its place and renames it there.
fn write_entry(cache: &Path, folder: &Path, made: &Made) -> io::Result<()> {
    let all = cache.join("derived");
    fs_err::create_dir_all(&all)?;
    let new = tempfile::Builder::new().prefix(".new-").tempdir_in(&all)?;
    let mut record = RawRecord {
        schema: SCHEMA,
        files: BTreeMap::new(),
        notes: made.notes.clone(),
    };
    for (name, content) in &made.files {
        write_synced(&new.path().join(name), content)?;
        let file = RawFile {
            size: u64::try_from(content.len()).map_err(io::Error::other)?,
            sha256: Sha256Digest::of(content),
        };
        record.files.insert(name.clone(), file);
    }
    let record = serde_json::to_vec_pretty(&record)?;
    write_synced(&new.path().join(RECORD), &record)?;
    put_in_place(&all, new, folder)
}

/// Renames `new` to `folder`. Another build may be putting the same entry there at the same time, and a third
/// may be reading it, so an entry that is intact stays, and a damaged one is moved away whole.
fn put_in_place(all: &Path, new: TempDir, folder: &Path) -> io::Result<()> {
    loop {
        match fs_err::rename(new.path(), folder) {
            Ok(()) => {
                let _renamed = new.keep();
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
            Err(error) => return Err(error),
        }
        if read_entry(folder).is_some() {
            return Ok(());
        }
        let damaged = tempfile::Builder::new().prefix(".old-").tempdir_in(all)?;
        match fs_err::rename(folder, damaged.path()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
}

fn write_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::io::Write;
    let mut file = fs_err::File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(parameter: &str) -> Origin<'_> {
        Origin {
            what: "test",
            inputs: vec![Sha256Digest::of(b"input")],
            parameters: vec![parameter.to_owned()],
        }
    }

    fn made() -> Made {
        Made {
            files: [("a".to_owned(), b"content".to_vec())].into(),
            notes: [("release".to_owned(), "6.1".to_owned())].into(),
        }
    }

    /// Derives, and returns whether it had to be made.
    fn is_made_anew(cache: &Path, parameter: &str) -> bool {
        let mut is_called = false;
        let derived = derive::<io::Error>(cache, &origin(parameter), || {
            is_called = true;
            Ok(made())
        })
        .unwrap();
        let file = &derived.files["a"];
        assert_eq!(fs_err::read(&file.path).unwrap(), b"content");
        assert_eq!((file.size, file.sha256), (7, Sha256Digest::of(b"content")));
        assert_eq!(derived.notes, made().notes);
        is_called
    }

    #[test]
    fn is_made_once_for_each_origin() {
        let cache = tempfile::tempdir().unwrap();
        assert!(is_made_anew(cache.path(), "x"));
        assert!(!is_made_anew(cache.path(), "x"));
        assert!(is_made_anew(cache.path(), "y"));
        assert!(!is_made_anew(cache.path(), "x"));
    }

    #[test]
    fn a_damaged_entry_is_made_anew() {
        let cache = tempfile::tempdir().unwrap();
        assert!(is_made_anew(cache.path(), "x"));
        let folder = cache
            .path()
            .join("derived")
            .join(origin("x").key().to_string());
        let file = folder.join("a");
        let record = folder.join(RECORD);
        let damages: &[&dyn Fn()] = &[
            &|| fs_err::write(&file, b"cOntent").unwrap(),
            &|| fs_err::remove_file(&file).unwrap(),
            &|| fs_err::remove_file(&record).unwrap(),
            &|| fs_err::write(&record, b"{}").unwrap(),
        ];
        for damage in damages {
            damage();
            assert!(is_made_anew(cache.path(), "x"));
            assert!(!is_made_anew(cache.path(), "x"));
        }
    }

    #[test]
    fn builds_at_the_same_time_share_an_entry() {
        let cache = tempfile::tempdir().unwrap();
        let builds = 8;
        for round in 0..20 {
            let all_are_making = std::sync::Barrier::new(builds);
            let build = || {
                let parameter = round.to_string();
                let derived = derive::<io::Error>(cache.path(), &origin(&parameter), || {
                    all_are_making.wait();
                    Ok(made())
                });
                fs_err::read(&derived.unwrap().files["a"].path).unwrap()
            };
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..builds).map(|_| scope.spawn(build)).collect();
                for thread in threads {
                    assert_eq!(thread.join().unwrap(), b"content");
                }
            });
        }
        let left: Vec<_> = fs_err::read_dir(cache.path().join("derived"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name.to_string_lossy().starts_with('.'))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    fn nothing_is_kept_when_making_stops() {
        let cache = tempfile::tempdir().unwrap();
        let stopped = derive(cache.path(), &origin("x"), || Err(io::Error::other("no")));
        assert_eq!(stopped.unwrap_err().to_string(), "no");
        assert!(is_made_anew(cache.path(), "x"));
    }
}
