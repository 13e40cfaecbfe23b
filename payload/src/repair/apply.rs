//! Carries a plan out on a [`VolumeChange`]. Decides nothing: what is not as the plan says is refused.
//!
//! First everything new is prepared beside its place, with its digest and security descriptor; then what
//! undoing needs is written down; only then are former files moved away and new ones renamed into
//! place, in the plan's order. So a fault while copying leaves every old file where it was. After a fault
//! the renames are taken back: on an overlay that is not needed, in a folder without one it is the only
//! way back.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use rescue_stick::undo::FileAttributes;

use crate::machine::{VolumeChange, VolumeError};
use crate::repair::apply::record::write_record;
use crate::repair::apply::stage::{Former, Staging, stage_step};
use crate::repair::package::{PackageError, check_package};
use crate::repair::plan::step::{FileMove, FileWrite};
use crate::repair::plan::{RepairPlan, staged_path};
use crate::stick::Stick;
use crate::windows::listings::Listings;
use crate::windows::path::{PathError, Resolved, WindowsPath};

mod content;
mod record;
mod stage;

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Files put into place or moved.
    pub files: usize,
    /// Bytes of their content.
    pub bytes: u64,
    /// Files that could not be given the short name that they, or the former ones, had.
    pub lost_names: Vec<WindowsPath>,
}

/// What was done so far, to be taken back after a fault.
#[derive(Debug, Default)]
struct Traces {
    /// Files that were made.
    made: Vec<PathBuf>,
    /// Folders that were made.
    folders: Vec<PathBuf>,
    /// Renames, from and to.
    renamed: Vec<(PathBuf, PathBuf)>,
}

impl Traces {
    /// Takes everything back as far as it goes: the first error is the one that matters.
    fn take_back(&self) {
        for (from, to) in self.renamed.iter().rev() {
            let _ = fs::rename(to, from);
        }
        for path in &self.made {
            let _ = fs::remove_file(path);
        }
        for path in self.folders.iter().rev() {
            let _ = fs::remove_dir(path);
        }
    }
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
/// provisional change holds is not read back here, as all of it is checked before it is made real. After
/// an error everything is as it was, as far as the file system lets it be taken back.
pub fn apply_plan(
    plan: &RepairPlan,
    change: &dyn VolumeChange,
    stick: &Stick,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Applied, ApplyError> {
    let listings = Listings::new(change.root());
    let mut traces = Traces::default();
    let mut lost_names = Vec::new();
    let result = (|| {
        let mut former = Vec::new();
        for step in &plan.steps {
            let staging = Staging {
                change,
                listings: &listings,
                stick,
                made: &mut traces.made,
                progress: &mut *progress,
            };
            former.push(stage_step(step, staging)?);
        }
        if let Some(record) = &plan.record {
            write_record(plan, record, &former, (change, &listings), &mut traces)?;
        }
        Swap {
            plan,
            change,
            listings: &listings,
            traces: &mut traces,
            lost_names: &mut lost_names,
        }
        .run(&former)
    })();
    if let Err(error) = result {
        traces.take_back();
        return Err(error);
    }
    Ok(Applied {
        files: plan.writes().count().saturating_add(plan.moves().count()),
        bytes: plan.writes().map(|write| write.after.size).sum(),
        lost_names,
    })
}

/// Former files on their way out and new ones on their way in.
struct Swap<'a> {
    plan: &'a RepairPlan,
    change: &'a dyn VolumeChange,
    listings: &'a Listings<'a>,
    traces: &'a mut Traces,
    lost_names: &'a mut Vec<WindowsPath>,
}

impl Swap<'_> {
    fn run(&mut self, former: &[Former]) -> Result<(), ApplyError> {
        for (step, former) in self.plan.steps.iter().zip(former) {
            for (write, former) in step.writes.iter().zip(&former.writes) {
                self.swap_file(write, former.as_ref())?;
            }
            for (one, former) in step.moves.iter().zip(&former.moves) {
                self.move_file(one, former)?;
            }
        }
        Ok(())
    }

    /// Moves one file as it is.
    fn move_file(&mut self, one: &FileMove, former: &FileAttributes) -> Result<(), ApplyError> {
        let Resolved::File { at, .. } = one.from.resolve_in(self.listings)? else {
            return Err(precondition(&one.from, "not there", "the file to be moved"));
        };
        let to = self.make_folders(&one.to.folder())?.join(one.to.name());
        if let Resolved::File { .. } | Resolved::Folder { .. } = one.to.resolve_in(self.listings)? {
            return Err(precondition(&one.to, "there already", "a free name"));
        }
        self.rename(&at, &to, &one.to)?;
        self.give(&to, &one.to, one.attributes.as_ref().unwrap_or(former))
    }

    /// Moves the former file away and the new one into place.
    fn swap_file(
        &mut self,
        write: &FileWrite,
        former: Option<&FileAttributes>,
    ) -> Result<(), ApplyError> {
        let target = match write.target.resolve_in(self.listings)? {
            Resolved::File { at, .. } => at,
            Resolved::Missing {
                folder: Some(folder),
                ..
            } => folder.join(write.target.name()),
            Resolved::Missing { folder: None, .. } | Resolved::Folder { .. } => {
                let finding = "no place for a file";
                return Err(precondition(&write.target, finding, "its folder"));
            }
        };
        if let Some(kept) = &write.kept {
            let kept_at = self.make_folders(&kept.folder())?.join(kept.name());
            if let Resolved::File { .. } | Resolved::Folder { .. } =
                kept.resolve_in(self.listings)?
            {
                return Err(precondition(kept, "there already", "a free name"));
            }
            self.rename(&target, &kept_at, kept)?;
            if let Some(former) = former {
                self.give(&kept_at, kept, former)?;
            }
        }
        let staged = staged_path(&write.target)?;
        let Resolved::File { at, .. } = staged.resolve_in(self.listings)? else {
            return Err(precondition(&staged, "not there", "the prepared file"));
        };
        self.rename(&at, &target, &write.target)?;
        let Some(former) = former else { return Ok(()) };
        // It takes the former file's place, but its content is new.
        let attributes = FileAttributes {
            modified: None,
            accessed: None,
            ..former.clone()
        };
        self.give(&target, &write.target, &attributes)
    }

    /// Gives a file that was renamed what it is to have.
    fn give(
        &mut self,
        at: &Path,
        path: &WindowsPath,
        attributes: &FileAttributes,
    ) -> Result<(), ApplyError> {
        if !self.change.set_attributes(at, attributes)? {
            self.lost_names.push(path.clone());
        }
        Ok(())
    }

    fn make_folders(&mut self, folder: &WindowsPath) -> Result<PathBuf, ApplyError> {
        let place = (self.change, self.listings);
        make_folders(self.plan, place, folder, &mut self.traces.folders)
    }

    fn rename(&mut self, from: &Path, to: &Path, path: &WindowsPath) -> Result<(), ApplyError> {
        fs::rename(from, to).map_err(|e| io_at(path, "moving into place", e))?;
        self.listings.forget_folder_of(from);
        self.listings.forget_folder_of(to);
        self.traces.renamed.push((from.to_owned(), to.to_owned()));
        if self.change.is_provisional() {
            return Ok(());
        }
        // The new name must be as durable as the content before the next file is touched.
        for folder in [from.parent(), to.parent()].into_iter().flatten() {
            let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(|e| io_at(path, "writing its folder", e))?;
        }
        Ok(())
    }
}

/// Makes `folder` and what it lies in, as far as it is not there; returns where it is mounted. The folder
/// for the plan's former files, and the one it lies in, get the security descriptor that the plan names:
/// who could write beside it could make up a repair to be taken back.
fn make_folders(
    plan: &RepairPlan,
    (change, listings): (&dyn VolumeChange, &Listings<'_>),
    folder: &WindowsPath,
    made: &mut Vec<PathBuf>,
) -> Result<PathBuf, ApplyError> {
    if let Resolved::Folder { at, .. } = folder.resolve_in(listings)? {
        return Ok(at);
    }
    let mut path = WindowsPath::default();
    let mut at = change.root().to_owned();
    for name in folder.names() {
        path = path.join(name)?;
        at = match path.resolve_in(listings)? {
            Resolved::Folder { at, .. } => at,
            Resolved::File { .. } => {
                return Err(precondition(&path, "a file", "a folder for former files"));
            }
            Resolved::Missing { .. } => {
                let at = at.join(name);
                fs::create_dir(&at).map_err(|e| io_at(&path, "creating", e))?;
                listings.forget_folder_of(&at);
                made.push(at.clone());
                if plan.kept.names().starts_with(path.names())
                    && let Resolved::Folder { at: from, .. } = plan.kept_as.resolve_in(listings)?
                {
                    change.copy_security(&from, &at)?;
                }
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
