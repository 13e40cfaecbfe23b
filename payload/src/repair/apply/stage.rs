//! Prepares everything new beside its place, and notes what is there before.

use std::path::{Path, PathBuf};

use fs_err as fs;
use rescue_stick::undo::{ChangedValue, FileAttributes};

use super::content::{Sources, write_content};
use super::{ApplyError, Progress, io_at, precondition};
use crate::machine::VolumeChange;
use crate::repair::detect::steps::Content;
use crate::repair::package::{Package, PackageError};
use crate::repair::plan::staged_path;
use crate::repair::plan::step::{FileWrite, Step};
use crate::stick::{Stick, hash_file};
use crate::windows::listings::Listings;
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
    /// Of the change, which only this changes.
    pub(super) listings: &'a Listings<'a>,
    pub(super) stick: &'a Stick,
    /// Gets the path of every new file before it is begun.
    pub(super) made: &'a mut Vec<PathBuf>,
    /// Is told each file before it is written.
    pub(super) progress: &'a mut dyn FnMut(Progress<'_>),
}

/// Checks what a step is made for, and prepares its new files beside their places.
pub(super) fn stage_step(step: &Step, staging: Staging<'_>) -> Result<Former, ApplyError> {
    let mut package = open_package(step, staging.stick)?;
    let (change, listings) = (staging.change, staging.listings);
    let mut former = Former::default();
    for one in &step.moves {
        let at = check_content(&one.from, &one.before, listings)?;
        former.moves.push(change.attributes(&at)?);
    }
    for write in &step.writes {
        (staging.progress)(Progress { write, done: 0 });
        let at = check_before(write, listings)?;
        let attributes = at.filter(|_| write.kept.is_some());
        let attributes = attributes.map(|at| change.attributes(&at)).transpose()?;
        former.writes.push(attributes);
        let sources = Sources {
            stick: staging.stick,
            package: package.as_mut(),
            progress: &mut *staging.progress,
        };
        let values = stage_file(write, (change, listings), sources, staging.made)?;
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
fn check_before(write: &FileWrite, listings: &Listings<'_>) -> Result<Option<PathBuf>, ApplyError> {
    if let Some(before) = &write.before {
        return check_content(&write.target, before, listings).map(Some);
    }
    let finding = match write.target.resolve_in(listings)? {
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
fn check_content(
    path: &WindowsPath,
    before: &Content,
    listings: &Listings<'_>,
) -> Result<PathBuf, ApplyError> {
    let finding = match path.resolve_in(listings)? {
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

/// Prepares one new file beside its place; `staged` gets its path before it is begun. Returns the values
/// of a registry file that it changes.
fn stage_file(
    write: &FileWrite,
    (change, listings): (&dyn VolumeChange, &Listings<'_>),
    mut sources: Sources<'_>,
    staged: &mut Vec<PathBuf>,
) -> Result<Vec<ChangedValue>, ApplyError> {
    let path = staged_path(&write.target)?;
    let at = match path.resolve_in(listings)? {
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
    listings.forget_folder_of(&at);
    let values = write_content(write, listings, &mut sources, &path, &mut file)?;
    if !change.is_provisional() {
        file.sync_all().map_err(|e| io_at(&path, "writing", e))?;
        drop(file);
        check_staged(write, &at, &path)?;
    }
    take_security(write, (change, listings), &at)?;
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
    (change, listings): (&dyn VolumeChange, &Listings<'_>),
    at: &Path,
) -> Result<(), ApplyError> {
    let (Resolved::File { at: from, .. } | Resolved::Folder { at: from, .. }) =
        write.security_of.resolve_in(listings)?
    else {
        let expectation = "the file whose security descriptor is taken";
        return Err(precondition(&write.security_of, "not there", expectation));
    };
    change.copy_security(&from, at)?;
    Ok(())
}
