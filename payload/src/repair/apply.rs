//! Carries a plan out on a [`VolumeChange`]. Decides nothing: what is not as the plan says is refused.
//!
//! First everything new is prepared beside its place, with its digest and security descriptor; only
//! then are former files moved away and new ones renamed into place, in the plan's order. So a fault
//! while copying leaves every old file where it was. After a fault the renames are taken back: on an
//! overlay that is not needed, in a folder without one it is the only way back.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use self::content::{Sources, write_content};
use crate::machine::{VolumeChange, VolumeError};
use crate::repair::detect::steps::Content;
use crate::repair::package::{Package, PackageError, check_package};
use crate::repair::plan::{FileMove, FileWrite, RepairPlan, Step, staged_path};
use crate::stick::{Stick, hash_file};
use crate::windows::path::{PathError, Resolved, WindowsPath};

mod content;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Files put into place or moved.
    pub files: usize,
    /// Bytes of their content.
    pub bytes: u64,
}

/// Why a plan could not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// A path does not lead where it did.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A package is not what was pinned.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The volume refused.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// A file cannot be read or written.
    #[error("{path}: {doing}: {source}")]
    Io {
        /// The file.
        path: WindowsPath,
        /// Gerund.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Something is not as the plan says.
    #[error("{path}: {finding}, expected {expectation}")]
    Precondition {
        /// The file.
        path: WindowsPath,
        /// What is there.
        finding: String,
        /// What the plan says.
        expectation: String,
    },
}

/// Checks, before anything is written, that every package holds what the job pins.
pub fn check_packages(plan: &RepairPlan, stick: &Stick) -> Result<(), PackageError> {
    let packages = plan.steps.iter().filter_map(|step| step.package.as_ref());
    for set in packages {
        check_package(&stick.path_of(&set.package), set)?;
    }
    Ok(())
}

/// How far the writing of a plan has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The file that is being written.
    pub write: &'a FileWrite,
    /// Bytes of it that are written; 0 before the first.
    pub done: u64,
}

/// Writes everything of `plan`; `progress` is told each file before it is written, and its bytes. What a
/// provisional change holds is not read back here, as all of it is checked before it is made real. After an error
/// everything is as it was, as far as the file system lets it be taken back.
pub fn apply_plan(
    plan: &RepairPlan,
    change: &dyn VolumeChange,
    stick: &Stick,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Applied, ApplyError> {
    let mut staged = Vec::new();
    let mut renamed = Vec::new();
    let mut stage = |step: &Step| {
        let mut package = open_package(step, stick)?;
        for one in &step.moves {
            check_content(&one.from, &one.before, change.root())?;
        }
        for write in &step.writes {
            progress(Progress { write, done: 0 });
            check_before(write, change.root())?;
            let mut sources = Sources {
                stick,
                package: package.as_mut(),
                progress: &mut *progress,
            };
            stage_file(write, change, &mut sources, &mut staged)?;
        }
        Ok(())
    };
    let result = plan
        .steps
        .iter()
        .try_for_each(&mut stage)
        .and_then(|()| swap_files(plan, change.root(), &mut renamed));
    if let Err(error) = result {
        for (from, to) in renamed.iter().rev() {
            // Best effort: the first error is the one that matters.
            let _ = fs::rename(to, from);
        }
        for path in &staged {
            let _ = fs::remove_file(path);
        }
        return Err(error);
    }
    Ok(Applied {
        files: plan.writes().count().saturating_add(plan.moves().count()),
        bytes: plan.writes().map(|write| write.after.size).sum(),
    })
}

fn open_package(step: &Step, stick: &Stick) -> Result<Option<Package>, PackageError> {
    let set = step.package.as_ref();
    set.map(|set| Package::open(&stick.path_of(&set.package), set))
        .transpose()
}

fn check_before(write: &FileWrite, root: &Path) -> Result<(), ApplyError> {
    if let Some(before) = &write.before {
        return check_content(&write.target, before, root);
    }
    let finding = match write.target.resolve(root)? {
        Resolved::Missing {
            folder: Some(_), ..
        } => return Ok(()),
        Resolved::File { size, .. } => format!("a file of {size} bytes"),
        Resolved::Folder { .. } => "a folder".into(),
        Resolved::Missing { folder: None, .. } => "not there, nor its folder".into(),
    };
    Err(precondition(&write.target, &finding, "a folder without it"))
}

/// Checks that what lies at `path` is what the plan was made for.
fn check_content(path: &WindowsPath, before: &Content, root: &Path) -> Result<(), ApplyError> {
    let finding = match path.resolve(root)? {
        Resolved::File { at, .. } => {
            let sha256 = hash_file(&at, |_| {}).map_err(|e| io_at(path, "reading", e))?;
            if sha256 == before.sha256 {
                return Ok(());
            }
            format!("sha256 is {sha256}")
        }
        Resolved::Folder { .. } => "a folder".into(),
        Resolved::Missing { .. } => "not there".into(),
    };
    let expectation = format!("a file with sha256 {}", before.sha256);
    Err(precondition(path, &finding, &expectation))
}

/// Prepares one new file beside its place; `staged` gets its path before it is begun.
fn stage_file(
    write: &FileWrite,
    change: &dyn VolumeChange,
    sources: &mut Sources<'_>,
    staged: &mut Vec<PathBuf>,
) -> Result<(), ApplyError> {
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
    write_content(write, change.root(), sources, &path, &mut file)?;
    drop(file);
    if !change.is_provisional() {
        check_staged(write, &at, &path)?;
    }
    take_security(write, change, &at)
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

/// Moves former files away and new ones into place; `renamed` gets every rename that was made.
fn swap_files(
    plan: &RepairPlan,
    root: &Path,
    renamed: &mut Vec<(PathBuf, PathBuf)>,
) -> Result<(), ApplyError> {
    for step in &plan.steps {
        for write in &step.writes {
            swap_file(write, root, renamed)?;
        }
        for one in &step.moves {
            move_file(one, root, renamed)?;
        }
    }
    Ok(())
}

/// Moves one file as it is.
fn move_file(
    one: &FileMove,
    root: &Path,
    renamed: &mut Vec<(PathBuf, PathBuf)>,
) -> Result<(), ApplyError> {
    let Resolved::File { at, .. } = one.from.resolve(root)? else {
        return Err(precondition(&one.from, "not there", "the file to be moved"));
    };
    let to = make_folders(root, &one.to.folder())?.join(one.to.name());
    if let Resolved::File { .. } | Resolved::Folder { .. } = one.to.resolve(root)? {
        return Err(precondition(&one.to, "there already", "a free name"));
    }
    rename(&at, &to, &one.to, renamed)
}

/// Moves the former file away and the new one into place.
fn swap_file(
    write: &FileWrite,
    root: &Path,
    renamed: &mut Vec<(PathBuf, PathBuf)>,
) -> Result<(), ApplyError> {
    let target = match write.target.resolve(root)? {
        Resolved::File { at, .. } => at,
        Resolved::Missing {
            folder: Some(folder),
            ..
        } => folder.join(write.target.name()),
        Resolved::Missing { folder: None, .. } | Resolved::Folder { .. } => {
            return Err(precondition(
                &write.target,
                "no place for a file",
                "its folder",
            ));
        }
    };
    if let Some(kept) = &write.kept {
        let kept_at = make_folders(root, &kept.folder())?.join(kept.name());
        if let Resolved::File { .. } | Resolved::Folder { .. } = kept.resolve(root)? {
            return Err(precondition(kept, "there already", "a free name"));
        }
        rename(&target, &kept_at, kept, renamed)?;
    }
    let staged = staged_path(&write.target)?;
    let Resolved::File { at, .. } = staged.resolve(root)? else {
        return Err(precondition(&staged, "not there", "the prepared file"));
    };
    rename(&at, &target, &write.target, renamed)
}

fn rename(
    from: &Path,
    to: &Path,
    path: &WindowsPath,
    renamed: &mut Vec<(PathBuf, PathBuf)>,
) -> Result<(), ApplyError> {
    fs::rename(from, to).map_err(|e| io_at(path, "moving into place", e))?;
    renamed.push((from.to_owned(), to.to_owned()));
    // The new name must be as durable as the content before the next file is touched.
    for folder in [from.parent(), to.parent()].into_iter().flatten() {
        let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|e| io_at(path, "writing its folder", e))?;
    }
    Ok(())
}

/// Makes `folder` and what it lies in, as far as it is not there; returns where it is mounted.
fn make_folders(root: &Path, folder: &WindowsPath) -> Result<PathBuf, ApplyError> {
    let mut path = WindowsPath::default();
    let mut at = root.to_owned();
    for name in folder.names() {
        path = path.join(name)?;
        at = match path.resolve(root)? {
            Resolved::Folder { at, .. } => at,
            Resolved::File { .. } => {
                return Err(precondition(&path, "a file", "a folder for former files"));
            }
            Resolved::Missing { .. } => {
                let at = at.join(name);
                fs::create_dir(&at).map_err(|e| io_at(&path, "creating", e))?;
                at
            }
        };
    }
    Ok(at)
}

fn io_at(path: &WindowsPath, doing: &'static str, source: io::Error) -> ApplyError {
    ApplyError::Io {
        path: path.clone(),
        doing,
        source,
    }
}

fn precondition(path: &WindowsPath, finding: &str, expectation: &str) -> ApplyError {
    ApplyError::Precondition {
        path: path.clone(),
        finding: finding.to_owned(),
        expectation: expectation.to_owned(),
    }
}
