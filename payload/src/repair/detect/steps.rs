//! What the steps of a remedy would meet on one installation. Reads only, judges nothing.

use std::io;
use std::path::Path;

use fs_err as fs;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::remedy::Remedy;
use rescue_stick::remedy::step::RemedyStep;

use crate::repair::detect::Site;
use crate::repair::detect::definitions::{DefinitionsFacts, examine_definitions};
use crate::repair::detect::files::{MoveFacts, examine_removal, examine_renaming};
use crate::repair::detect::hives::{HiveFacts, examine_hives};
use crate::repair::detect::prover::Prover;
use crate::repair::detect::quarantined::{QuarantinedFacts, examine_quarantined};
use crate::repair::detect::registry::{RegistryFacts, examine_service, examine_value};
use crate::repair::detect::restore::{RestoreFacts, examine_restore};
use crate::stick::hash_file;
use crate::windows::path::{PathError, Resolved, WindowsPath};

/// What one step of a remedy would meet.
#[derive(Clone, Debug)]
pub enum StepFacts {
    /// Of `install-definitions`.
    Definitions(DefinitionsFacts),
    /// Of `restore-file`.
    Restore(RestoreFacts),
    /// Of `remove-file` and `rename`.
    Move(MoveFacts),
    /// Of `set-registry-value` and `set-service-start`.
    Registry(RegistryFacts),
    /// Of `restore-quarantined`.
    Quarantined(QuarantinedFacts),
    /// Of `note`: its text.
    Note(String),
}

/// What all steps of a remedy would meet.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// A fact for each step, in order.
    pub steps: Vec<StepFacts>,
    /// Registry files that the steps change, each once.
    pub hives: Vec<HiveFacts>,
}

/// A file that may be there.
#[derive(Clone, Debug)]
pub struct FileFacts {
    /// Its path, as the volume spells it if it is there.
    pub path: WindowsPath,
    /// What is there.
    pub content: Option<Content>,
}

/// Content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// Bytes.
    pub size: u64,
    /// Digest.
    pub sha256: Sha256Digest,
}

/// Looks at what the steps of `remedy` would meet.
pub fn examine_steps(site: &Site<'_>, remedy: &Remedy) -> Examined {
    let (root, facts, stick) = (site.root, site.facts, site.stick);
    let prover = Prover::new(site);
    let steps = remedy.steps.iter().map(|step| match step {
        RemedyStep::InstallDefinitions { set } => {
            StepFacts::Definitions(examine_definitions(root, facts, set, stick))
        }
        RemedyStep::RestoreFile(step) => StepFacts::Restore(examine_restore(site, step, &prover)),
        RemedyStep::RemoveFile(step) => StepFacts::Move(examine_removal(site, step)),
        RemedyStep::Rename(step) => StepFacts::Move(examine_renaming(site, step)),
        RemedyStep::SetRegistryValue(step) => StepFacts::Registry(examine_value(site, step)),
        RemedyStep::SetServiceStart(step) => StepFacts::Registry(examine_service(site, step)),
        RemedyStep::RestoreQuarantined(step) => {
            StepFacts::Quarantined(examine_quarantined(site, step, &prover))
        }
        RemedyStep::Note { text } => StepFacts::Note(text.clone()),
    });
    let steps: Vec<StepFacts> = steps.collect();
    Examined {
        hives: examine_hives(site, &steps),
        steps,
    }
}

/// Returns what is at `path`, with its digest.
pub(in crate::repair) fn examine_file(
    root: &Path,
    path: &WindowsPath,
) -> Result<FileFacts, PathError> {
    match path.resolve(root)? {
        Resolved::File { at, path, size } => {
            let sha256 = hash_file(&at, |_| {}).map_err(|source| PathError::Io {
                path: path.clone(),
                source,
            })?;
            Ok(FileFacts {
                path,
                content: Some(Content { size, sha256 }),
            })
        }
        Resolved::Missing {
            path,
            folder: Some(_),
        } => Ok(FileFacts {
            path,
            content: None,
        }),
        Resolved::Missing { path, folder: None } => Err(PathError::Io {
            path: path.folder(),
            source: io::Error::new(io::ErrorKind::NotFound, "no such folder"),
        }),
        Resolved::Folder { path, .. } => Err(PathError::Special { path }),
    }
}

/// Returns the first file of a folder, by name, that is meant; the folder itself if there is none.
pub(super) fn find_neighbour(
    at: &Path,
    folder: &WindowsPath,
    is_meant: &dyn Fn(&str) -> bool,
) -> WindowsPath {
    let mut names = Vec::new();
    for entry in fs::read_dir(at).into_iter().flatten().flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_file && is_meant(&name) {
            names.push(name);
        }
    }
    names.sort();
    let found = names.iter().find_map(|name| folder.join(name).ok());
    found.unwrap_or_else(|| folder.clone())
}
