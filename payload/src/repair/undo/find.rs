//! Finds the records of repairs on a volume. What lies there may have been written by anybody: names that
//! are none of ours are passed over, and a record that cannot be believed is an error, never ignored.

use std::io::Read as _;
use std::path::Path;

use fs_err as fs;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::undo::{KEPT_FOLDER, LARGEST_RECORD, UNDO_RUN_PREFIX, UndoRecord};

use crate::repair::detect::steps::Content;
use crate::windows::path::{PathError, Resolved, WindowsPath};

/// Folders of runs, and files in one, that are looked at at most: a stick leaves a few.
const MOST_ENTRIES: usize = 10_000;

/// A record and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRecord {
    /// Its path.
    pub path: WindowsPath,
    /// The file as it is.
    pub content: Content,
    /// What it says.
    pub record: UndoRecord,
}

/// A place where a record lies, and the record or why it cannot be believed.
#[derive(Clone, Debug)]
pub struct RecordPlace {
    /// Names the run.
    pub run: String,
    /// The record.
    pub record: Result<FoundRecord, String>,
}

/// Returns every record on the volume mounted at `root`, by run and name.
pub fn find_records(root: &Path) -> Result<Vec<RecordPlace>, PathError> {
    let top = WindowsPath::default().join(KEPT_FOLDER)?;
    let Resolved::Folder { at, path: top } = top.resolve(root)? else {
        return Ok(Vec::new());
    };
    let mut places = Vec::new();
    for run in list(&at, &top)? {
        // What an undo replaced is kept in such folders too, and has no record.
        if run.starts_with(UNDO_RUN_PREFIX) {
            continue;
        }
        let Ok(folder) = top.join(&run) else { continue };
        let Resolved::Folder { at, .. } = folder.resolve(root)? else {
            continue;
        };
        for name in list(&at, &folder)? {
            if !UndoRecord::is_record(&name) {
                continue;
            }
            let path = folder.join(&name)?;
            let record = read_record(root, &path, &run);
            places.push(RecordPlace {
                record: record.map_err(|reason| format!("{path}: {reason}")),
                run: run.clone(),
            });
        }
    }
    Ok(places)
}

/// Returns the names in a folder, ordered.
fn list(at: &Path, path: &WindowsPath) -> Result<Vec<String>, PathError> {
    let io_error = |source| PathError::Io {
        path: path.clone(),
        source,
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(at).map_err(io_error)?.take(MOST_ENTRIES) {
        let name = entry.map_err(io_error)?.file_name();
        names.extend(name.to_str().map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Reads the record of `run` at `path`, or says why it cannot be believed.
pub fn read_record(root: &Path, path: &WindowsPath, run: &str) -> Result<FoundRecord, String> {
    let found = path.resolve(root).map_err(|error| error.to_string())?;
    let Resolved::File { at, path, size } = found else {
        return Err("not there, expected the record of a repair".into());
    };
    let limit = u64::try_from(LARGEST_RECORD).unwrap_or(u64::MAX);
    if size > limit {
        return Err(format!("{size} bytes, expected at most {limit}"));
    }
    let mut text = String::new();
    let file = fs::File::open(at);
    let read = file.and_then(|file| file.take(limit).read_to_string(&mut text));
    read.map_err(|error| error.to_string())?;
    let record = UndoRecord::parse(&text, run).map_err(|error| error.to_string())?;
    Ok(FoundRecord {
        path,
        content: Content {
            size: u64::try_from(text.len()).unwrap_or(u64::MAX),
            sha256: Sha256Digest::of(text.as_bytes()),
        },
        record,
    })
}
