//! What the steps of a remedy would meet on one installation. Reads only, judges nothing.

use std::io::{self, Read as _};
use std::path::Path;

use fs_err as fs;
use rescue_stick::definitions::DefinitionsSet;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::remedy::Remedy;
use rescue_stick::remedy::step::{CandidateSource, RemedyStep, RestoreFile};

use crate::antivirus::product::find_product_for_set;
use crate::area::cause_of;
use crate::repair::candidates::{
    CandidateContent, CandidateFacts, CandidatePlace, Neighbour, Strength, Yardstick,
    choose_candidate, is_fit,
};
use crate::repair::detect::drives::examine_other_drives;
use crate::repair::detect::files::{MoveFacts, examine_removal, examine_renaming};
use crate::repair::detect::hives::{HiveFacts, examine_hives};
use crate::repair::detect::language::find_language;
use crate::repair::detect::prover::Prover;
use crate::repair::detect::quarantined::{QuarantinedFacts, examine_quarantined};
use crate::repair::detect::registry::{RegistryFacts, examine_service, examine_value};
use crate::repair::detect::sources::{examine_installation_source, examine_quarantine};
use crate::repair::detect::{InstallationFacts, Site};
use crate::repair::package::Package;
use crate::stick::{Stick, hash_file};
use crate::windows::catalog::digests::FileDigests;
use crate::windows::installation::{Installation, LARGEST_PROGRAM};
use crate::windows::path::{PathError, Resolved, WindowsPath};
use crate::windows::pe::{PeIdentity, PeMachine};

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

/// What installing definitions would meet.
#[derive(Clone, Debug)]
pub struct DefinitionsFacts {
    /// Name of the set in remedies.
    pub set_name: String,
    /// The set on the stick, if there is one.
    pub set: Option<DefinitionsSet>,
    /// Whether its package can be opened, or why not.
    pub package: Result<(), String>,
    /// What the vendor calls definitions.
    pub word: &'static str,
    /// Version that the product states.
    pub stated: Option<String>,
    /// Where they go, or why that is not known.
    pub place: Result<DefinitionsPlace, String>,
}

/// The folder that definitions go to.
#[derive(Clone, Debug)]
pub struct DefinitionsPlace {
    /// The folder, as the volume spells it.
    pub folder: WindowsPath,
    /// What is there of every member of the set, in the set's order.
    pub members: Vec<FileFacts>,
    /// A file whose security descriptor a new file may have; the folder itself if it has no file.
    pub neighbour: WindowsPath,
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

fn examine_definitions(
    root: &Path,
    facts: &InstallationFacts,
    set_name: &str,
    stick: &Stick,
) -> DefinitionsFacts {
    let set = stick.job().definitions.get(set_name).cloned();
    let package = match &set {
        None => Err(format!("no definitions {set_name} are at hand")),
        Some(set) => Package::open(&stick.path_of(&set.package), set)
            .map(drop)
            .map_err(|error| error.to_string()),
    };
    let product = find_product_for_set(set_name);
    let installed = product.and_then(|product| {
        let mut installed = facts.products.iter();
        installed.find(|found| found.product.vendor == product.vendor)
    });
    let place = match installed {
        None => Err(format!(
            "no installed product takes the definitions {set_name}"
        )),
        Some(found) => found.definitions_folder.clone().and_then(|folder| {
            examine_definitions_place(root, &folder, set.as_ref())
                .map_err(|error| error.to_string())
        }),
    };
    DefinitionsFacts {
        set_name: set_name.to_owned(),
        set,
        package,
        word: product.map_or("definitions", |product| product.definitions_word),
        stated: installed.and_then(|found| found.definitions.clone()),
        place,
    }
}

fn examine_definitions_place(
    root: &Path,
    folder: &WindowsPath,
    set: Option<&DefinitionsSet>,
) -> Result<DefinitionsPlace, PathError> {
    let Resolved::Folder { at, path: folder } = folder.resolve(root)? else {
        return Err(PathError::Io {
            path: folder.clone(),
            source: io::Error::new(io::ErrorKind::NotFound, "no such folder"),
        });
    };
    let members = set.map_or(&[][..], |set| set.members.as_slice());
    let members = members
        .iter()
        .map(|member| examine_file(root, &folder.join(&member.name)?));
    Ok(DefinitionsPlace {
        members: members.collect::<Result<_, _>>()?,
        neighbour: find_neighbour(&at, &folder, &|_| true),
        folder,
    })
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

fn examine_restore(site: &Site<'_>, step: &RestoreFile, prover: &Prover<'_>) -> RestoreFacts {
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

pub(super) fn examine_candidate(
    root: &Path,
    source: &CandidateSource,
    folder: WindowsPath,
    name: &str,
) -> CandidateFacts {
    let resolved = folder.join(name).and_then(|path| path.resolve(root));
    let (path, content) = match resolved {
        Ok(Resolved::File { at, path, .. }) => (path, read_candidate(&at, None)),
        Ok(Resolved::Missing { path, .. }) => (path, CandidateContent::Missing),
        Ok(Resolved::Folder { path, .. }) => {
            (path, CandidateContent::Unreadable("a folder".into()))
        }
        Err(error) => (
            folder.join(name).unwrap_or(folder),
            CandidateContent::Unreadable(error.to_string()),
        ),
    };
    CandidateFacts {
        source: source.clone(),
        place: CandidatePlace::Volume(path),
        content,
    }
}

fn examine_kit(stick: &Stick, name: &str) -> Vec<CandidateFacts> {
    let files = stick.job().files.iter();
    let files = files.filter(|file| file.name.eq_ignore_ascii_case(name));
    let candidates = files.map(|file| CandidateFacts {
        source: CandidateSource::Kit,
        place: CandidatePlace::Stick(file.path.clone()),
        content: read_candidate(&stick.path_of(&file.path), Some(file.sha256)),
    });
    candidates.collect()
}

fn read_candidate(at: &Path, pin: Option<Sha256Digest>) -> CandidateContent {
    let mut bytes = Vec::new();
    let file = fs::File::open(at);
    let limit = LARGEST_PROGRAM.saturating_add(1);
    let read = file.and_then(|file| file.take(limit).read_to_end(&mut bytes));
    if let Err(error) = read {
        return CandidateContent::Unreadable(cause_of(&error));
    }
    if bytes.len() > usize::try_from(LARGEST_PROGRAM).unwrap_or(usize::MAX) {
        let reason = format!("larger than {LARGEST_PROGRAM} bytes");
        return CandidateContent::Unreadable(reason);
    }
    identify_content(&bytes, pin)
}

/// Returns the content of a candidate by its bytes.
pub(super) fn identify_content(bytes: &[u8], pin: Option<Sha256Digest>) -> CandidateContent {
    CandidateContent::Present {
        size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        sha256: Sha256Digest::of(bytes),
        identity: PeIdentity::parse(bytes).map_err(|error| error.to_string()),
        pin,
        digests: FileDigests::of(bytes),
        proof: None,
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
