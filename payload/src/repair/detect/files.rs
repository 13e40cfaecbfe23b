//! What removing and renaming files would meet. Reads only, judges nothing.

use rescue_stick::remedy::step::{Guard, RemoveFile, RenameFile};

use crate::repair::detect::Site;
use crate::repair::detect::observe::read_bytes;
use crate::repair::detect::steps::{Content, examine_file};
use crate::repair::detect::written::{Written, read_written};
use crate::stick::hash_file;
use crate::windows::path::WindowsPath;
use crate::windows::pattern::{FoundFile, find_files};

/// What moving files would meet.
#[derive(Clone, Debug)]
pub struct MoveFacts {
    /// What the remedy calls them.
    pub path: String,
    /// What must hold of each.
    pub guard: Guard,
    /// The files, or why they cannot be told.
    pub files: Result<Vec<GuardedFile>, String>,
    /// Where they go.
    pub to: MoveTo,
}

/// Where a file goes.
#[derive(Clone, Debug)]
pub enum MoveTo {
    /// Among the former files.
    Aside,
    /// To another name in its folder.
    Name {
        /// The name.
        name: String,
        /// The file that has that name already, if there is one, or why that cannot be told.
        taken: Result<Option<WindowsPath>, String>,
    },
}

/// A file with what its guard asks.
#[derive(Clone, Debug)]
pub struct GuardedFile {
    /// Its path as the volume spells it.
    pub path: WindowsPath,
    /// What is there.
    pub content: Content,
    /// When it was last written, or why that cannot be told.
    pub modified: Result<Written, String>,
    /// The bytes that the guard asks for; `None` if it asks for none.
    pub bytes: Option<Result<Vec<u8>, String>>,
}

pub(super) fn examine_removal(site: &Site<'_>, step: &RemoveFile) -> MoveFacts {
    MoveFacts {
        path: step.path.clone(),
        guard: step.guard.clone(),
        files: examine_guarded(site, &step.path, &step.guard),
        to: MoveTo::Aside,
    }
}

pub(super) fn examine_renaming(site: &Site<'_>, step: &RenameFile) -> MoveFacts {
    let folders = &site.facts.installation.folders;
    let path = folders.expand_remedy_path(&step.path);
    let to = path.and_then(|path| path.folder().join(&step.to));
    let taken = to.and_then(|to| {
        let found = examine_file(site.root, &to)?;
        Ok(found.content.map(|_| found.path))
    });
    MoveFacts {
        path: step.path.clone(),
        guard: step.guard.clone(),
        files: examine_guarded(site, &step.path, &step.guard),
        to: MoveTo::Name {
            name: step.to.clone(),
            taken: taken.map_err(|error| error.to_string()),
        },
    }
}

fn examine_guarded(site: &Site<'_>, path: &str, guard: &Guard) -> Result<Vec<GuardedFile>, String> {
    let folders = &site.facts.installation.folders;
    let found = find_files(site.root, folders, path).map_err(|error| error.to_string())?;
    let look = |file: FoundFile| {
        let sha256 = hash_file(&file.at, |_| {}).map_err(|e| format!("{}: {e}", file.path))?;
        let bytes = guard
            .bytes
            .as_ref()
            .map(|wanted| read_bytes(&file.at, wanted.offset, wanted.hex.0.len()));
        Ok(GuardedFile {
            modified: read_written(site, &file.at),
            bytes,
            content: Content {
                size: file.size,
                sha256,
            },
            path: file.path,
        })
    };
    found.into_iter().map(look).collect()
}
