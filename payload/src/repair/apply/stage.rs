//! Prepares everything new beside its place, and notes what is there before.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use fs_err as fs;
use rescue_stick::undo::{ChangedValue, FileAttributes};

use super::{ApplyError, Progress, io_at, precondition};
use crate::antivirus::quarantine::extract_item;
use crate::cabinet::extract_member;
use crate::machine::VolumeChange;
use crate::repair::detect::hives::change_hive;
use crate::repair::detect::steps::Content;
use crate::repair::package::{Package, PackageError};
use crate::repair::plan::{FileWrite, Step, WriteSource, staged_path};
use crate::stick::{Stick, hash_file};
use crate::windows::path::{Resolved, WindowsPath};

/// What a step meets before it changes anything: one entry for each of its writes and moves.
#[derive(Debug, Default)]
pub(super) struct Former {
    /// Of files that are replaced.
    pub(super) writes: Vec<Option<FileAttributes>>,
    /// Of files that are moved.
    pub(super) moves: Vec<FileAttributes>,
    /// Values that a registry file has and gets; empty for other files.
    pub(super) values: Vec<Vec<ChangedValue>>,
}

/// What preparing new files needs.
pub(super) struct Staging<'a> {
    pub(super) change: &'a dyn VolumeChange,
    pub(super) stick: &'a Stick,
    /// Gets the path of every new file before it is begun.
    pub(super) made: &'a mut Vec<PathBuf>,
    /// Is told each file before it is written.
    pub(super) progress: &'a mut dyn FnMut(Progress<'_>),
}

/// Checks what a step is made for, and prepares its new files beside their places.
pub(super) fn stage_step(step: &Step, staging: Staging<'_>) -> Result<Former, ApplyError> {
    let mut package = open_package(step, staging.stick)?;
    let (change, mut former) = (staging.change, Former::default());
    for one in &step.moves {
        let at = check_content(&one.from, &one.before, change.root())?;
        former.moves.push(change.attributes(&at)?);
    }
    for write in &step.writes {
        (staging.progress)(Progress { write, done: 0 });
        let at = check_before(write, change.root())?;
        let attributes = at.filter(|_| write.kept.is_some());
        let attributes = attributes.map(|at| change.attributes(&at)).transpose()?;
        former.writes.push(attributes);
        let sources = Sources {
            stick: staging.stick,
            package: package.as_mut(),
            progress: &mut *staging.progress,
        };
        let values = stage_file(write, change, sources, staging.made)?;
        former.values.push(values);
    }
    Ok(former)
}

fn open_package(step: &Step, stick: &Stick) -> Result<Option<Package>, PackageError> {
    let set = step.package.as_ref();
    set.map(|set| Package::open(&stick.path_of(&set.package), set))
        .transpose()
}

/// Returns where the file is that is replaced, if there is one.
fn check_before(write: &FileWrite, root: &Path) -> Result<Option<PathBuf>, ApplyError> {
    if let Some(before) = &write.before {
        return check_content(&write.target, before, root).map(Some);
    }
    let finding = match write.target.resolve(root)? {
        Resolved::Missing {
            folder: Some(_), ..
        } => return Ok(None),
        Resolved::File { size, .. } => format!("a file of {size} bytes"),
        Resolved::Folder { .. } => "a folder".into(),
        Resolved::Missing { folder: None, .. } => "not there, nor its folder".into(),
    };
    Err(precondition(&write.target, &finding, "a folder without it"))
}

/// Checks that what lies at `path` is what the plan was made for; returns where it is.
fn check_content(path: &WindowsPath, before: &Content, root: &Path) -> Result<PathBuf, ApplyError> {
    let finding = match path.resolve(root)? {
        Resolved::File { at, .. } => {
            let sha256 = hash_file(&at, |_| {}).map_err(|e| io_at(path, "reading", e))?;
            if sha256 == before.sha256 {
                return Ok(at);
            }
            format!("sha256 is {sha256}")
        }
        Resolved::Folder { .. } => "a folder".into(),
        Resolved::Missing { .. } => "not there".into(),
    };
    let expectation = format!("a file with sha256 {}", before.sha256);
    Err(precondition(path, &finding, &expectation))
}

/// Where new content comes from, and who wants to know how much of it has come.
struct Sources<'a> {
    stick: &'a Stick,
    package: Option<&'a mut Package>,
    progress: &'a mut dyn FnMut(Progress<'_>),
}

/// A file that tells how much was written to it.
struct Counted<'a> {
    file: &'a mut fs::File,
    write: &'a FileWrite,
    done: u64,
    progress: &'a mut dyn FnMut(Progress<'_>),
}

impl io::Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.done = self
            .done
            .saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        (self.progress)(Progress {
            write: self.write,
            done: self.done,
        });
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Prepares one new file beside its place; `staged` gets its path before it is begun. Returns the values
/// of a registry file that it changes.
fn stage_file(
    write: &FileWrite,
    change: &dyn VolumeChange,
    sources: Sources<'_>,
    staged: &mut Vec<PathBuf>,
) -> Result<Vec<ChangedValue>, ApplyError> {
    let path = staged_path(&write.target)?;
    let at = match path.resolve(change.root())? {
        // Left by a run that was cut off in a folder without an overlay; the name is ours alone.
        Resolved::File { at, .. } => {
            fs::remove_file(&at).map_err(|e| io_at(&path, "removing", e))?;
            at
        }
        Resolved::Missing {
            folder: Some(folder),
            ..
        } => folder.join(path.name()),
        Resolved::Missing { folder: None, .. } | Resolved::Folder { .. } => {
            return Err(precondition(
                &path,
                "no place for a file",
                "a free name in a folder",
            ));
        }
    };
    let options = fs::OpenOptions::new().write(true).create_new(true).clone();
    staged.push(at.clone());
    let mut file = options.open(&at).map_err(|e| io_at(&path, "creating", e))?;
    let mut counted = Counted {
        file: &mut file,
        write,
        done: 0,
        progress: sources.progress,
    };
    let from = (sources.stick, sources.package);
    let values = fill_file(write, change.root(), from, &path, &mut counted)?;
    file.sync_all().map_err(|e| io_at(&path, "writing", e))?;
    drop(file);
    if !change.is_provisional() {
        check_staged(write, &at, &path)?;
    }
    take_security(write, change, &at)?;
    Ok(values)
}

/// Reads a prepared file back.
fn check_staged(write: &FileWrite, at: &Path, path: &WindowsPath) -> Result<(), ApplyError> {
    let sha256 = hash_file(at, |_| {}).map_err(|e| io_at(path, "reading back", e))?;
    if sha256 == write.after.sha256 {
        return Ok(());
    }
    let finding = format!("sha256 is {sha256}");
    let expectation = write.after.sha256.to_string();
    Err(precondition(path, &finding, &expectation))
}

/// Gives the prepared file at `at` the security descriptor that the plan says.
fn take_security(
    write: &FileWrite,
    change: &dyn VolumeChange,
    at: &Path,
) -> Result<(), ApplyError> {
    let (Resolved::File { at: from, .. } | Resolved::Folder { at: from, .. }) =
        write.security_of.resolve(change.root())?
    else {
        let expectation = "the file whose security descriptor is taken";
        return Err(precondition(&write.security_of, "not there", expectation));
    };
    change.copy_security(&from, at)?;
    Ok(())
}

/// Writes the new content of `write` to `file`, which lies at `path`. Returns the values of a registry
/// file that it changes.
fn fill_file(
    write: &FileWrite,
    root: &Path,
    (stick, package): (&Stick, Option<&mut Package>),
    path: &WindowsPath,
    file: &mut Counted<'_>,
) -> Result<Vec<ChangedValue>, ApplyError> {
    let find = |source: &WindowsPath| match source.resolve(root)? {
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
            let changed = change_hive(root, change)
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
