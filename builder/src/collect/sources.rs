//! Where reports come from: folders and mounted sticks, zips of reports, raw sticks and images of sticks.
//!
//! Nothing found there is believed: names are only ever shown, never opened or created under; every report
//! has a greatest length, every folder a greatest depth, every zip and every volume an amount of bytes at
//! which reading ends. What is left out for such a reason is a [`Sighting`] too, so that it gets a name.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use fs_err as fs;
use rescue_stick::head::HEAD_LENGTH;
use rescue_stick::paths;

mod archive;
mod folder;
mod stick;

/// Longest report in bytes. The longest lists that a health check may have make a few hundred KiB.
pub const MOST_REPORT_BYTES: u64 = 2 << 20;

/// Longest head record in bytes that is looked at.
const MOST_HEAD_BYTES: u64 = 1 << 20;

/// Longest signature in bytes; minisign's have a few hundred.
pub const MOST_SIGNATURE_BYTES: u64 = 4096;

/// Folders within folders, of any kind of source.
const MOST_DEPTH: usize = 16;

/// What follows a report's name in that of its signature.
const SIGNATURE_SUFFIX: &str = ".minisig";

/// What was come across in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// A file that calls itself a report.
    Report(FoundReport),
    /// A file that calls itself a stick's head record.
    Head(FoundHead),
    /// Something that was not read.
    LeftOut(LeftOut),
}

/// A report as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundReport {
    /// Where it was: source and path in it. Printable.
    pub place: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The bytes of the signature beside it; empty if there is none.
    pub signature: Vec<u8>,
}

/// A head record as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundHead {
    /// Where it was. Printable.
    pub place: String,
    /// Its bytes, as many as such a record has.
    pub bytes: Vec<u8>,
}

/// Something in a source that was not read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Where it was. Printable.
    pub place: String,
    /// Finding and expectation.
    pub reason: String,
}

/// Takes sightings; returns whether it wants more.
pub type Sink<'a> = dyn FnMut(Sighting) -> bool + 'a;

/// Why a source cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It cannot be opened or looked at.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is nothing that reports come in.
    #[error(
        "{place}: {finding}, expected a folder, a zip, a report.json, or a stick or image of one"
    )]
    Kind {
        /// The source.
        place: String,
        /// What it is instead.
        finding: String,
    },
}

/// Reads a source and hands everything in it to `sink`, until that wants no more.
pub fn read_source(source: &Path, sink: &mut Sink<'_>) -> Result<(), SourceError> {
    let place = printable(&source.display().to_string());
    if fs::metadata(source)?.is_dir() {
        folder::read_folder(source, &place, sink);
        return Ok(());
    }
    let mut file = fs::File::open(source)?;
    let mut head = [0; 4];
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let read = read_up_to(&mut file, &mut head)?;
    file.seek(SeekFrom::Start(0))?;
    let begin = head.get(..read).unwrap_or_default();
    if begin.starts_with(b"PK") {
        archive::read_archive(file, length, &place, sink);
        return Ok(());
    }
    let name = source
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    if name.is_some_and(|name| is_report(&name)) || begin.starts_with(b"{") {
        folder::read_one(source, &place, sink);
        return Ok(());
    }
    stick::read_stick(file, length, &place, sink)
}

fn read_up_to(file: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            read => done = done.saturating_add(read),
        }
    }
    Ok(done)
}

/// Reads a stream that may not be longer than `most`; `None` if it is.
fn read_bounded(stream: impl Read, most: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    stream
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    let is_within = u64::try_from(bytes.len()).is_ok_and(|length| length <= most);
    Ok(is_within.then_some(bytes))
}

/// FAT does not tell upper from lower case.
fn is_report(name: &str) -> bool {
    name.eq_ignore_ascii_case(paths::REPORT_JSON)
}

/// Why the folder of a report that was not finished is not read.
const TORN: &str = "a report that was being written when power went, expected a whole one";

/// Tells whether a folder's report was not finished.
fn is_torn(name: &str) -> bool {
    name.ends_with(paths::PARTIAL_REPORT_SUFFIX)
}

/// Such a record keeps its name wherever the files of a stick are copied.
fn is_head(name: &str) -> bool {
    let ours = paths::HEAD.rsplit('/').next().unwrap_or_default();
    name.eq_ignore_ascii_case(ours)
}

/// Returns the sighting of a head record, or of a file that only has its name.
fn head_sighting(place: &str, bytes: Option<Vec<u8>>) -> Sighting {
    match bytes.filter(|bytes| bytes.len() == HEAD_LENGTH) {
        Some(bytes) => Sighting::Head(FoundHead {
            place: place.to_owned(),
            bytes,
        }),
        None => left_out(
            place,
            format!("another length, expected {HEAD_LENGTH} bytes of a head record"),
        ),
    }
}

/// Returns a sighting of something that was not read.
fn left_out(place: &str, reason: impl Into<String>) -> Sighting {
    Sighting::LeftOut(LeftOut {
        place: printable(place),
        reason: printable(&reason.into()),
    })
}

fn too_long(place: &str, what: &str, most: u64) -> Sighting {
    left_out(
        place,
        format!("{what} of more than {most} bytes, expected at most that"),
    )
}

/// Returns a name that was chosen by a stranger as it may stand on a terminal and a page: without control
/// characters and turns of direction, and not endless.
pub fn printable(text: &str) -> String {
    const MOST: usize = 400;
    let clean = text.chars().map(|one| {
        let turns = matches!(one, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        if one.is_control() || turns { '\u{FFFD}' } else { one }
    });
    let mut short: String = clean.take(MOST).collect();
    if text.chars().nth(MOST).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_strangers_become_printable() {
        assert_eq!(
            printable("a\u{1b}[2Jb\n\u{202e}c"),
            "a\u{fffd}[2Jb\u{fffd}\u{fffd}c"
        );
        assert_eq!(printable("größe"), "größe");
        assert_eq!(printable(&"x".repeat(500)).chars().count(), 401);
    }

    #[test]
    fn what_is_longer_than_it_may_be_is_not_kept() {
        assert_eq!(read_bounded(&b"abc"[..], 3).unwrap(), Some(b"abc".to_vec()));
        assert_eq!(read_bounded(&b"abcd"[..], 3).unwrap(), None);
    }
}
