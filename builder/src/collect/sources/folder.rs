//! Folders and mounted sticks. Links are not followed: on a stranger's stick they could lead anywhere.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use fs_err as fs;

use super::{
    FoundReport, MOST_DEPTH, MOST_HEAD_BYTES, MOST_REPORT_BYTES, MOST_SIGNATURE_BYTES,
    SIGNATURE_SUFFIX, Sighting, Sink, TORN, archive, head_sighting, is_head, is_report, is_torn,
    left_out, printable, read_bounded, too_long,
};

/// Reads all reports in a folder and below, zips of reports too.
pub(super) fn read_folder(folder: &Path, place: &str, sink: &mut Sink<'_>) {
    descend(folder, place, 0, sink);
}

/// Returns whether more is wanted.
fn descend(folder: &Path, place: &str, depth: usize, sink: &mut Sink<'_>) -> bool {
    if depth > MOST_DEPTH {
        let reason = format!("folders within folders, expected at most {MOST_DEPTH}");
        return sink(left_out(place, reason));
    }
    let entries = match list(folder) {
        Ok(entries) => entries,
        Err(error) => return sink(left_out(place, error.to_string())),
    };
    for (name, kind) in entries {
        let path = folder.join(&name);
        let text = name.to_string_lossy();
        let inner = join(place, &text);
        let wants_more = if kind.is_dir() && is_torn(&text) {
            sink(left_out(&inner, TORN))
        } else if kind.is_dir() {
            descend(&path, &inner, depth.saturating_add(1), sink)
        } else if kind.is_file() && is_report(&text) {
            read_one(&path, &inner, sink)
        } else if kind.is_file() && is_head(&text) {
            let read = fs::File::open(&path).and_then(|file| read_bounded(file, MOST_HEAD_BYTES));
            match read {
                Ok(bytes) => sink(head_sighting(&inner, bytes)),
                Err(error) => sink(left_out(&inner, error.to_string())),
            }
        } else if kind.is_file() && is_zip(&text) {
            read_zip(&path, &inner, sink)
        } else if kind.is_symlink() && (is_report(&text) || is_zip(&text)) {
            sink(left_out(&inner, "a link, expected a file"))
        } else {
            true
        };
        if !wants_more {
            return false;
        }
    }
    true
}

fn join(place: &str, name: &str) -> String {
    format!("{}/{}", place.trim_end_matches('/'), printable(name))
}

fn is_zip(name: &str) -> bool {
    let end = name.len().checked_sub(4).and_then(|at| name.get(at..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(".zip"))
}

fn read_zip(path: &Path, place: &str, sink: &mut Sink<'_>) -> bool {
    let opened = fs::File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
    match opened {
        Ok((length, file)) => archive::read_archive(file, length, place, sink),
        Err(error) => sink(left_out(place, error.to_string())),
    }
}

/// Returns names and kinds in the order of the names, so that two collections meet everything in the same
/// order.
fn list(folder: &Path) -> io::Result<Vec<(OsString, std::fs::FileType)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        entries.push((entry.file_name(), entry.file_type()?));
    }
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(entries)
}

/// Reads one report and the signature beside it. Returns whether more is wanted.
pub(super) fn read_one(path: &Path, place: &str, sink: &mut Sink<'_>) -> bool {
    sink(look_at(path, place).unwrap_or_else(|error| left_out(place, error.to_string())))
}

fn look_at(path: &Path, place: &str) -> io::Result<Sighting> {
    let Some(bytes) = read_bounded(fs::File::open(path)?, MOST_REPORT_BYTES)? else {
        return Ok(too_long(place, "a report", MOST_REPORT_BYTES));
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(SIGNATURE_SUFFIX);
    let signature = match std::fs::symlink_metadata(&beside) {
        Ok(kind) if kind.is_file() => {
            let file = fs::File::open(&beside)?;
            match read_bounded(file, MOST_SIGNATURE_BYTES)? {
                Some(signature) => signature,
                None => return Ok(too_long(place, "a signature", MOST_SIGNATURE_BYTES)),
            }
        }
        _ => Vec::new(),
    };
    Ok(Sighting::Report(FoundReport {
        place: place.to_owned(),
        bytes,
        signature,
    }))
}
