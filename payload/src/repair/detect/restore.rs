//! What restoring a file would meet: the file, and every candidate that the step's sources name. Reads
//! only; which of them is the right one is judged elsewhere.

use rescue_stick::remedy::step::{CandidateSource, RestoreFile};

use crate::repair::candidates::{
    CandidateFacts, Neighbour, Strength, Yardstick, choose_candidate, is_fit,
};
use crate::repair::detect::Site;
use crate::repair::detect::candidate::{examine_candidate, examine_kit};
use crate::repair::detect::drives::examine_other_drives;
use crate::repair::detect::language::find_language;
use crate::repair::detect::prover::Prover;
use crate::repair::detect::sources::{examine_installation_source, examine_quarantine};
use crate::repair::detect::steps::{FileFacts, examine_file, find_neighbour};
use crate::windows::installation::Installation;
use crate::windows::path::{Resolved, WindowsPath};
use crate::windows::pe::PeMachine;

/// What restoring a file would meet.
#[derive(Clone, Debug)]
pub struct RestoreFacts {
    /// The step.
    pub step: RestoreFile,
    /// The file, or why its state is not known.
    pub target: Result<FileFacts, String>,
    /// A file whose security descriptor the restored one may have.
    pub neighbour: WindowsPath,
    /// Every place that the step's sources name, in order.
    pub candidates: Vec<CandidateFacts>,
    /// A system file that shows the language of the Windows, if the step asks for it.
    pub language: Option<Neighbour>,
}

impl RestoreFacts {
    /// Returns what candidates are held against.
    pub fn yardstick(&self, architecture: Option<PeMachine>) -> Yardstick<'_> {
        Yardstick {
            accept: &self.step.accept,
            architecture,
            neighbour: self.language.as_ref(),
        }
    }
}

/// Neighbours of a system file whose security descriptor is that of any program in system32.
const ALL_NEIGHBOURS: &[&str] = &["lsass.exe", "services.exe", "winlogon.exe", "csrss.exe"];

/// Looks at the file, and at its candidates if it is to be restored.
pub(super) fn examine_restore(
    site: &Site<'_>,
    step: &RestoreFile,
    prover: &Prover<'_>,
) -> RestoreFacts {
    let (root, facts) = (site.root, site.facts);
    let folders = &facts.installation.folders;
    let path = folders.expand_remedy_path(&step.target);
    let target = path
        .as_ref()
        .map_err(ToString::to_string)
        .and_then(|path| examine_file(root, path).map_err(|error| error.to_string()));
    let path = path.unwrap_or_default();
    let mut neighbour = path.folder();
    if let Ok(Resolved::Folder { at, path: folder }) = path.folder().resolve(root) {
        neighbour = ALL_NEIGHBOURS
            .iter()
            .filter_map(|name| folder.join(name).ok()?.resolve(root).ok())
            .find_map(|found| match found {
                Resolved::File { path, .. } => Some(path),
                _ => None,
            })
            .unwrap_or_else(|| {
                let is_program = |name: &str| name.to_ascii_lowercase().ends_with(".exe");
                find_neighbour(&at, &folder, &is_program)
            });
    }
    let mut examined = RestoreFacts {
        step: step.clone(),
        target,
        neighbour,
        candidates: Vec::new(),
        language: None,
    };
    if examined.state().is_some() {
        if step.accept.language.is_some() {
            examined.language = find_language(root, &facts.installation.folders);
        }
        examined.candidates = examine_candidates(site, &examined, &path, prover);
    }
    examined
}

/// Looks at the sources of a step in their order. Those that must be searched or unpacked take long on
/// an old PC, so they are left alone once an acceptable candidate is known that no other can beat.
fn examine_candidates(
    site: &Site<'_>,
    restore: &RestoreFacts,
    path: &WindowsPath,
    prover: &Prover<'_>,
) -> Vec<CandidateFacts> {
    let (root, facts, step) = (site.root, site.facts, &restore.step);
    let (installation, name) = (&facts.installation, path.name());
    let yardstick = restore.yardstick(installation.architecture);
    let accept = &step.accept;
    let mut candidates: Vec<CandidateFacts> = Vec::new();
    for source in &step.sources {
        let is_dear = matches!(
            source,
            CandidateSource::Quarantine { .. } | CandidateSource::InstallationSource
        );
        let best = choose_candidate(&candidates, &yardstick).0;
        let can_be_beaten = accept.signed_catalog && prover.has_catalogs();
        let is_found =
            best.is_some_and(|best| best.strength == Strength::SignedCatalog || !can_be_beaten);
        if is_dear && is_found {
            continue;
        }
        let mut found = match source {
            CandidateSource::Kit => examine_kit(site.stick, name),
            CandidateSource::Dllcache | CandidateSource::ServicePackFiles => {
                let folders = source_folders(source, installation).into_iter();
                let found = folders.map(|folder| examine_candidate(root, source, folder, name));
                found.collect()
            }
            CandidateSource::Quarantine { vendor } => {
                examine_quarantine(root, facts, vendor, step, path)
            }
            CandidateSource::InstallationSource => {
                let mut found = examine_installation_source(root, installation, name);
                // The registry may name a folder that is a source of its own.
                found.retain(|one| !candidates.iter().any(|known| known.place == one.place));
                found.extend(examine_other_drives(site, name));
                found
            }
        };
        for candidate in &mut found {
            // Only what fits otherwise is worth the search through all catalogs.
            if accept.signed_catalog && is_fit(&candidate.content, &yardstick) {
                prover.prove(&mut candidate.content);
            }
        }
        candidates.extend(found);
    }
    candidates
}

/// Returns the folders on the volume that a source stands for, first looked at first. A folder that
/// the registry names on another volume is left out: only this volume is looked at.
fn source_folders(source: &CandidateSource, installation: &Installation) -> Vec<WindowsPath> {
    let folders = &installation.folders;
    let usual = match source {
        CandidateSource::Dllcache => "{system32}\\dllcache",
        CandidateSource::ServicePackFiles => "{windows}\\ServicePackFiles\\i386",
        CandidateSource::Quarantine { .. }
        | CandidateSource::InstallationSource
        | CandidateSource::Kit => return Vec::new(),
    };
    let mut found: Vec<WindowsPath> = Vec::new();
    if *source == CandidateSource::Dllcache {
        let named = installation.protected_copies.as_deref();
        found.extend(named.and_then(|text| folders.expand_registry_path(text).ok()));
    }
    if let Ok(path) = folders.expand_remedy_path(usual) {
        let text = path.to_string().to_lowercase();
        if !found
            .iter()
            .any(|known| known.to_string().to_lowercase() == text)
        {
            found.push(path);
        }
    }
    found
}
