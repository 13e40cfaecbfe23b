//! Candidates that lie inside something else: quarantines, compressed files, cabinets. Reads only;
//! which of them is the right one is judged elsewhere.
//!
//! Only the volume of the Windows itself is looked at here; what the registry names on other drives is
//! the business of `drives`.

use std::path::Path;

use fs_err as fs;
use rescue_stick::remedy::step::{CandidateSource, QuarantineTest, RestoreFile};

use crate::antivirus::quarantine::{
    ContainerFormat, Found, QuarantineItem, extract_item, find_in_known_folders, find_on_volume,
    formats_of, read_container,
};
use crate::cabinet::{CabinetError, compressed_name, extract_member, find_member};
use crate::repair::candidates::{CandidateContent, CandidateFacts, CandidatePlace};
use crate::repair::detect::InstallationFacts;
use crate::repair::detect::candidate::{examine_candidate, identify_content};
use crate::windows::folders::Folders;
use crate::windows::installation::{Installation, LARGEST_PROGRAM};
use crate::windows::path::{PathError, Resolved, WindowsPath};
use crate::windows::pe::PeMachine;

/// Containers that cannot be read, or gaps of a search, that are listed one by one at most.
const MOST_PROBLEMS: usize = 8;

/// Where Windows File Protection keeps cabinets of its own. Source: Microsoft KB 236995.
const DRIVER_CACHE: &str = "{windows}\\Driver Cache";

/// Folders in which makers of PCs put what Windows was installed from.
const ALL_USUAL_SOURCES: &[&str] = &["{windows}", "{system-drive}"];

/// Looks into the quarantine of a vendor for files called as `target`: first where it usually is,
/// then, if nothing there is meant by the step, on the whole volume.
pub(super) fn examine_quarantine(
    root: &Path,
    facts: &InstallationFacts,
    vendor: &str,
    step: &RestoreFile,
    target: &WindowsPath,
) -> Vec<CandidateFacts> {
    let folders = &facts.installation.folders;
    let products = facts.products.iter();
    let products = products.filter(|found| found.product.vendor == vendor);
    let named: Vec<WindowsPath> = products
        .flat_map(|found| found.quarantine_folders.iter().cloned())
        .collect();
    let mut search = QuarantineSearch {
        root,
        vendor,
        test: step.quarantine.as_ref(),
        target,
        drive: folders.drive,
        seen: Vec::new(),
        candidates: Vec::new(),
        problems: Vec::new(),
    };
    if formats_of(vendor).next().is_none() {
        let reason = format!("quarantine of {vendor}: its format is not known");
        search.problem(WindowsPath::default(), reason);
    }
    for format in formats_of(vendor) {
        search.look_into(format, find_in_known_folders(root, format, folders, &named));
        if !search.has_any() {
            search.look_into(format, find_on_volume(root, format));
        }
    }
    if search.candidates.is_empty() && search.problems.is_empty() {
        search.note_nothing(folders);
    }
    search.finish()
}

/// A search through the containers of a vendor.
struct QuarantineSearch<'a> {
    root: &'a Path,
    vendor: &'a str,
    test: Option<&'a QuarantineTest>,
    target: &'a WindowsPath,
    drive: char,
    seen: Vec<WindowsPath>,
    candidates: Vec<(bool, CandidateFacts)>,
    problems: Vec<CandidateFacts>,
}

impl QuarantineSearch<'_> {
    /// Returns whether a candidate with content was found.
    fn has_any(&self) -> bool {
        let is_present =
            |content: &CandidateContent| matches!(content, CandidateContent::Present { .. });
        let mut candidates = self.candidates.iter();
        candidates.any(|(_, candidate)| is_present(&candidate.content))
    }

    fn look_into(&mut self, format: &ContainerFormat, found: Found) {
        for (path, reason) in found.gaps {
            self.problem(path, reason);
        }
        for container in found.containers {
            if self.seen.contains(&container) {
                continue;
            }
            self.seen.push(container.clone());
            match self.read(&container, format) {
                Ok(items) => {
                    let is_meant = |item: &QuarantineItem| {
                        item.name().eq_ignore_ascii_case(self.target.name())
                    };
                    for item in items.into_iter().filter(is_meant).collect::<Vec<_>>() {
                        self.add(item);
                    }
                }
                Err(reason) => self.problem(container, reason),
            }
        }
    }

    fn read(
        &self,
        container: &WindowsPath,
        format: &ContainerFormat,
    ) -> Result<Vec<QuarantineItem>, String> {
        let at = locate(self.root, container)?;
        read_container(&at, container, format.kind).map_err(|error| error.to_string())
    }

    fn add(&mut self, item: QuarantineItem) {
        let content = match (check_test(&item, self.test), &item.size) {
            (Err(reason), _) => CandidateContent::Excluded(reason),
            (Ok(()), Err(reason)) => CandidateContent::Unreadable(reason.clone()),
            (Ok(()), Ok(_)) => read_item(self.root, &item),
        };
        let was_elsewhere = !item.was_at(self.target, self.drive);
        let candidate = self.candidate(CandidatePlace::Quarantine(Box::new(item)), content);
        self.candidates.push((was_elsewhere, candidate));
    }

    /// Notes that the search was made and found nothing, so that the report shows it.
    fn note_nothing(&mut self, folders: &Folders) {
        let usual = formats_of(self.vendor).flat_map(|format| format.folders);
        let folder = usual
            .filter_map(|text| folders.expand_remedy_path(text).ok())
            .next();
        let content = CandidateContent::Excluded(format!(
            "no {} there nor in any other quarantine of this volume ({} containers)",
            self.target.name(),
            self.seen.len()
        ));
        let place = CandidatePlace::Volume(folder.unwrap_or_default());
        let note = self.candidate(place, content);
        self.candidates.push((false, note));
    }

    fn problem(&mut self, path: WindowsPath, reason: String) {
        let content = CandidateContent::Unreadable(reason);
        let problem = self.candidate(CandidatePlace::Volume(path), content);
        self.problems.push(problem);
    }

    fn candidate(&self, place: CandidatePlace, content: CandidateContent) -> CandidateFacts {
        CandidateFacts {
            source: CandidateSource::Quarantine {
                vendor: self.vendor.to_owned(),
            },
            place,
            content,
        }
    }

    /// Returns the candidates, those that were at the target itself first, then what could not be
    /// read.
    fn finish(mut self) -> Vec<CandidateFacts> {
        // Stable, so the order of containers remains otherwise.
        self.candidates
            .sort_by_key(|(was_elsewhere, _)| *was_elsewhere);
        let more = self.problems.len().saturating_sub(MOST_PROBLEMS);
        self.problems.truncate(MOST_PROBLEMS);
        if more > 0 {
            let reason = format!("{more} more parts of the quarantine cannot be read");
            self.problem(WindowsPath::default(), reason);
        }
        let candidates = self.candidates.into_iter().map(|(_, candidate)| candidate);
        candidates.chain(self.problems).collect()
    }
}

/// Returns why an item is not what the step means.
fn check_test(item: &QuarantineItem, test: Option<&QuarantineTest>) -> Result<(), String> {
    let Some(test) = test else {
        return Ok(());
    };
    let check =
        |what: &str, wanted: &Option<String>, found: &Option<String>, ends: fn(char) -> bool| {
            let Some(wanted) = wanted else {
                return Ok(());
            };
            let Some(found) = found else {
                return Err(format!("its {what} is not known, expected {wanted}"));
            };
            let (found_low, wanted_low) = (found.to_lowercase(), wanted.to_lowercase());
            let rest = found_low.strip_prefix(&wanted_low);
            match rest.map(|rest| rest.chars().next()) {
                Some(next) if next.is_none_or(ends) => Ok(()),
                _ => Err(format!("its {what} is {found}, expected {wanted}")),
            }
        };
    check("detection", &test.detection, &item.detection, |c| {
        !c.is_alphanumeric() && c != '.' && c != '-'
    })?;
    check(
        "version of the definitions",
        &test.definitions,
        &item.definitions,
        |c| c == '.',
    )
}

pub(super) fn read_item(root: &Path, item: &QuarantineItem) -> CandidateContent {
    let mut bytes = Vec::new();
    let read = locate(root, &item.container).and_then(|at| {
        extract_item(&at, item.kind, item.number, LARGEST_PROGRAM, &mut bytes)
            .map_err(|error| error.to_string())
    });
    match read {
        Ok(_) => identify_content(&bytes, None),
        Err(reason) => CandidateContent::Unreadable(reason),
    }
}

/// Looks for `name` in what Windows was installed from: plain, compressed, and in the cabinets of the
/// driver cache. Only what is there is listed.
pub(super) fn examine_installation_source(
    root: &Path,
    installation: &Installation,
    name: &str,
) -> Vec<CandidateFacts> {
    let mut found = Vec::new();
    let folders = installation_folders(installation);
    for folder in &folders {
        let plain = examine_candidate(
            root,
            &CandidateSource::InstallationSource,
            folder.clone(),
            name,
        );
        if plain.content != CandidateContent::Missing {
            found.push(plain);
        }
        let cabinet = compressed_name(name).and_then(|name| folder.join(&name).ok());
        found.extend(cabinet.and_then(|cabinet| examine_cabinet(root, &cabinet, name)));
    }
    for cabinet in driver_cache_cabinets(root, installation) {
        found.extend(examine_cabinet(root, &cabinet, name));
    }
    if found.is_empty() {
        // Shows that the search was made.
        let reason = format!("no {name}, compressed or not, there nor in the driver cache");
        let places = folders.into_iter().take(MOST_PROBLEMS);
        let notes = places.map(|folder| {
            let content = CandidateContent::Excluded(reason.clone());
            in_installation_source(CandidatePlace::Volume(folder), content)
        });
        found.extend(notes);
    }
    found
}

/// Returns the folders of installation sources on this volume, those that the registry names first.
/// A source is the folder of the processor's folder; some name the inner one itself.
fn installation_folders(installation: &Installation) -> Vec<WindowsPath> {
    let folders = &installation.folders;
    let inner = processor_folder(installation);
    let named = installation.installation_sources.iter();
    let named = named.filter_map(|text| folders.expand_registry_path(text).ok());
    let usual = ALL_USUAL_SOURCES.iter();
    let usual = usual.filter_map(|text| folders.expand_remedy_path(text).ok());
    let mut found: Vec<WindowsPath> = Vec::new();
    for source in named.chain(usual) {
        let folder = with_processor_folder(source, inner);
        let is_same = |a: &WindowsPath, b: &WindowsPath| {
            a.to_string().to_lowercase() == b.to_string().to_lowercase()
        };
        let folder = folder.ok();
        found.extend(folder.filter(|folder| !found.iter().any(|known| is_same(known, folder))));
    }
    found
}

/// Returns the folder of the processor in a source, which may be that folder itself.
pub(super) fn with_processor_folder(
    source: WindowsPath,
    inner: &str,
) -> Result<WindowsPath, PathError> {
    match source.name().eq_ignore_ascii_case(inner) {
        true => Ok(source),
        false => source.join(inner),
    }
}

/// Returns the name of the folder on XP's medium that holds files for the processor.
pub(super) fn processor_folder(installation: &Installation) -> &'static str {
    match installation.architecture {
        Some(PeMachine::AMD64) => "amd64",
        _ => "i386",
    }
}

/// Returns the service packs' cabinets of the driver cache, the newest service pack's first.
fn driver_cache_cabinets(root: &Path, installation: &Installation) -> Vec<WindowsPath> {
    let folder = installation.folders.expand_remedy_path(DRIVER_CACHE);
    let folder = folder.and_then(|folder| folder.join(processor_folder(installation)));
    let Ok(Ok(Resolved::Folder { at, path })) = folder.map(|folder| folder.resolve(root)) else {
        return Vec::new();
    };
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(at).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let low = name.to_lowercase();
        if low.starts_with("sp") && low.ends_with(".cab") {
            names.push(name);
        }
    }
    names.sort_by_key(|name| std::cmp::Reverse(name.to_lowercase()));
    let paths = names.iter().filter_map(|name| path.join(name).ok());
    paths.collect()
}

/// Returns what a cabinet has of `name`; nothing if there is no such cabinet.
fn examine_cabinet(root: &Path, cabinet: &WindowsPath, name: &str) -> Option<CandidateFacts> {
    let (at, cabinet) = match cabinet.resolve(root) {
        Ok(Resolved::File { at, path, .. }) => (at, path),
        Ok(Resolved::Missing { .. }) => return None,
        Ok(Resolved::Folder { path, .. }) => {
            return Some(unreadable(path, "a folder".to_owned()));
        }
        Err(error) => return Some(unreadable(cabinet.clone(), error.to_string())),
    };
    let member = match find_member(&at, name) {
        Ok(Some(member)) => member.name,
        Ok(None) => {
            let content = CandidateContent::Excluded(format!("holds no {name}"));
            return Some(in_installation_source(
                CandidatePlace::Volume(cabinet),
                content,
            ));
        }
        Err(error) => return Some(unreadable(cabinet, error.to_string())),
    };
    let mut bytes = Vec::new();
    let read: Result<u64, CabinetError> = extract_member(&at, &member, LARGEST_PROGRAM, &mut bytes);
    let content = match read {
        Ok(_) => identify_content(&bytes, None),
        Err(error) => CandidateContent::Unreadable(error.to_string()),
    };
    let place = CandidatePlace::Cabinet { cabinet, member };
    Some(in_installation_source(place, content))
}

fn unreadable(path: WindowsPath, reason: String) -> CandidateFacts {
    in_installation_source(
        CandidatePlace::Volume(path),
        CandidateContent::Unreadable(reason),
    )
}

fn in_installation_source(place: CandidatePlace, content: CandidateContent) -> CandidateFacts {
    CandidateFacts {
        source: CandidateSource::InstallationSource,
        place,
        content,
    }
}

/// Returns where a file that was found is mounted.
fn locate(root: &Path, path: &WindowsPath) -> Result<std::path::PathBuf, String> {
    match path.resolve(root) {
        Ok(Resolved::File { at, .. }) => Ok(at),
        Ok(_) => Err("not there".into()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::antivirus::quarantine::ContainerKind;
    use crate::repair::fixture::facts_of_xp;
    use rescue_stick::remedy::Remedy;
    use rescue_stick::remedy::step::RemedyStep;

    fn item(detection: Option<&str>, definitions: Option<&str>) -> QuarantineItem {
        QuarantineItem {
            container: WindowsPath::default(),
            kind: ContainerKind::McafeeBup,
            number: 0,
            original_path: "c:\\windows\\system32\\svchost.exe".into(),
            detection: detection.map(str::to_owned),
            definitions: definitions.map(str::to_owned),
            created: None,
            size: Ok(1),
        }
    }

    #[test]
    fn only_what_the_definitions_took_for_it_is_meant() {
        let test = QuarantineTest {
            detection: Some("W32/Wecorl.a".into()),
            definitions: Some("5958".into()),
        };
        for (detection, definitions, is_meant) in [
            (Some("W32/Wecorl.a"), Some("5958.0000"), true),
            (Some("w32/wecorl.A!mem"), Some("5958"), true),
            (Some("W32/Wecorl.a (Virus)"), Some("5958.0001"), true),
            (Some("W32/Wecorl.ab"), Some("5958.0000"), false),
            (Some("W32/Wecorl.a.b"), Some("5958.0000"), false),
            (Some("W32/Wecorl"), Some("5958.0000"), false),
            (Some("W32/Wecorl.a"), Some("59580.0000"), false),
            (None, Some("5958.0000"), false),
            (Some("W32/Wecorl.a"), None, false),
        ] {
            let judged = check_test(&item(detection, definitions), Some(&test));
            assert_eq!(judged.is_ok(), is_meant, "{detection:?} {definitions:?}");
        }
        assert!(check_test(&item(None, None), None).is_ok());
    }

    #[test]
    fn a_quarantine_of_an_unknown_vendor_is_named_as_such() {
        let volume = tempfile::tempdir().unwrap();
        let remedy = Remedy::parse(Remedy::built_in("mcafee-5958").unwrap()).unwrap();
        let Some(RemedyStep::RestoreFile(step)) = remedy.steps.last() else {
            panic!();
        };
        let facts = facts_of_xp(3, "5958.0000");
        let target = WindowsPath::parse("\\WINDOWS\\system32\\svchost.exe", None).unwrap();
        let found = examine_quarantine(volume.path(), &facts, "acme", step, &target);
        let reason = "quarantine of acme: its format is not known".to_owned();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].content, CandidateContent::Unreadable(reason));
    }
}
