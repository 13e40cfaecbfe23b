//! Writes the content of a new file from where the plan says it comes from.

use std::io::{self, Read as _, Write as _};
use std::path::Path;

use fs_err as fs;
use rescue_stick::undo::ChangedValue;

use super::{ApplyError, Progress, io_at, precondition};
use crate::antivirus::quarantine::extract_item;
use crate::cabinet::extract_member;
use crate::repair::detect::hives::change_hive;
use crate::repair::package::Package;
use crate::repair::plan::step::{FileWrite, WriteSource};
use crate::stick::Stick;
use crate::windows::listings::Listings;
use crate::windows::path::{Resolved, WindowsPath};

/// Where new content comes from, and who wants to know how much of it has come.
pub(super) struct Sources<'a> {
    pub(super) stick: &'a Stick,
    pub(super) package: Option<&'a mut Package>,
    pub(super) progress: &'a mut dyn FnMut(Progress<'_>),
}

/// Bytes that are written at once. Every write costs `ntfs-3g` several of its own to the volume, and what
/// unpacks comes in pieces of 4 KiB that begin anywhere. Observed without this: 64,000 requests and 171,000
/// writes for 100 MB of definitions.
const PIECE_LENGTH: usize = 1 << 20;

/// A file that is written in large pieces, and tells how much of it is.
struct Counted<'a> {
    file: &'a mut fs::File,
    write: &'a FileWrite,
    piece: Vec<u8>,
    done: u64,
    progress: &'a mut dyn FnMut(Progress<'_>),
}

impl io::Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PIECE_LENGTH.saturating_sub(self.piece.len());
        let (here, _) = bytes.split_at(room.min(bytes.len()));
        self.piece.extend_from_slice(here);
        if self.piece.len() == PIECE_LENGTH {
            self.flush()?;
        }
        Ok(here.len())
    }

    /// Must be called at the end.
    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        self.file.write_all(&self.piece)?;
        let length = u64::try_from(self.piece.len()).unwrap_or(u64::MAX);
        self.piece.clear();
        self.done = self.done.saturating_add(length);
        (self.progress)(Progress {
            write: self.write,
            done: self.done,
        });
        Ok(())
    }
}

/// Writes the new content of `write` to `file`, which lies at `path`. Returns the values of a registry file that
/// it changes.
pub(super) fn write_content(
    write: &FileWrite,
    listings: &Listings<'_>,
    sources: &mut Sources<'_>,
    path: &WindowsPath,
    file: &mut fs::File,
) -> Result<Vec<ChangedValue>, ApplyError> {
    let mut counted = Counted {
        file: &mut *file,
        write,
        piece: Vec::with_capacity(PIECE_LENGTH),
        done: 0,
        progress: &mut *sources.progress,
    };
    let package = sources.package.as_deref_mut();
    let values = fill_file(
        write,
        listings,
        (sources.stick, package),
        path,
        &mut counted,
    )?;
    counted.flush().map_err(|e| io_at(path, "writing", e))?;
    Ok(values)
}

fn fill_file(
    write: &FileWrite,
    listings: &Listings<'_>,
    (stick, package): (&Stick, Option<&mut Package>),
    path: &WindowsPath,
    file: &mut Counted<'_>,
) -> Result<Vec<ChangedValue>, ApplyError> {
    let find = |source: &WindowsPath| match source.resolve_in(listings)? {
        Resolved::File { at, .. } => Ok(at),
        _ => Err(precondition(source, "not there", "the chosen candidate")),
    };
    let not_so = |source: &WindowsPath, finding: String| {
        let expectation = format!("{} bytes of the chosen candidate", write.after.size);
        precondition(source, &finding, &expectation)
    };
    match (&write.source, package) {
        (WriteSource::Package(member), Some(package)) => package.extract(member, file)?,
        (WriteSource::Package(_), None) => {
            return Err(precondition(path, "no package", "the package of its step"));
        }
        (WriteSource::Volume(source), _) => {
            copy_bounded(&find(source)?, file, write).map_err(|e| io_at(source, "copying", e))?;
        }
        (WriteSource::Cabinet { cabinet, member }, _) => {
            extract_member(&find(cabinet)?, member, write.after.size, file)
                .map_err(|error| not_so(cabinet, error.to_string()))?;
        }
        (WriteSource::Quarantine(item), _) => {
            let at = find(&item.container)?;
            extract_item(&at, item.kind, item.number, write.after.size, file)
                .map_err(|error| not_so(&item.container, error.to_string()))?;
        }
        (WriteSource::Stick(source), _) => {
            copy_bounded(&stick.path_of(source), file, write)
                .map_err(|e| io_at(path, "copying from the stick", e))?;
        }
        (WriteSource::Hive(change), _) => {
            let expectation = "a registry file that can be changed";
            let changed = change_hive(listings.root(), change)
                .map_err(|reason| precondition(&write.target, &reason, expectation))?;
            file.write_all(&changed.after)
                .map_err(|e| io_at(path, "writing", e))?;
            return Ok(changed.values);
        }
        (WriteSource::Empty, _) => {}
        (WriteSource::Read(content), _) => {
            file.write_all(content)
                .map_err(|e| io_at(path, "writing", e))?;
        }
        (WriteSource::Text(text), _) => {
            file.write_all(text.as_bytes())
                .map_err(|e| io_at(path, "writing", e))?;
        }
    }
    Ok(Vec::new())
}

/// Copies no more than the plan says, one byte excepted that shows a file which has grown.
fn copy_bounded(from: &Path, to: &mut Counted<'_>, write: &FileWrite) -> io::Result<u64> {
    let source = fs::File::open(from)?;
    io::copy(&mut source.take(write.after.size.saturating_add(1)), to)
}
