//! What putting back files of a quarantine would meet. Reads only, judges nothing.

use std::path::{Path, PathBuf};

use rescue_stick::remedy::predicate::QuarantineFilter;
use rescue_stick::remedy::step::{ProofWord, RestoreQuarantined};

use crate::antivirus::quarantine::{
    QuarantineItem, find_in_known_folders, formats_of, read_container,
};
use crate::repair::candidates::CandidateContent;
use crate::repair::detect::Site;
use crate::repair::detect::observe::SeenQuarantine;
use crate::repair::detect::prover::Prover;
use crate::repair::detect::sources::read_item;
use crate::repair::detect::steps::{FileFacts, examine_file, find_neighbour};
use crate::repair::predicates::others::is_meant;
use crate::windows::path::{Resolved, WindowsPath};

/// Files of one quarantine that are put back at most.
const MOST_ITEMS: usize = 2000;

/// What putting back files of a quarantine would meet.
#[derive(Clone, Debug)]
pub struct QuarantinedFacts {
    /// The step.
    pub step: RestoreQuarantined,
    /// The files that are meant.
    pub items: Vec<ItemFacts>,
    /// Why there may be more, one line each.
    pub gaps: Vec<String>,
}

/// A file of a quarantine.
#[derive(Clone, Debug)]
pub struct ItemFacts {
    /// It.
    pub item: QuarantineItem,
    /// Where it was, and what is there now, or why that cannot be told.
    pub target: Result<FileFacts, String>,
    /// Its content.
    pub content: CandidateContent,
    /// A file whose security descriptor it may have; its folder if that has no file.
    pub neighbour: WindowsPath,
}

pub(super) fn examine_quarantined(
    site: &Site<'_>,
    step: &RestoreQuarantined,
    prover: &Prover<'_>,
) -> QuarantinedFacts {
    let mut seen = read_quarantine(site, &step.filter);
    seen.items.retain(|item| is_meant(&step.filter, item));
    if seen.items.len() > MOST_ITEMS {
        let more = seen.items.len().saturating_sub(MOST_ITEMS);
        seen.items.truncate(MOST_ITEMS);
        seen.gaps
            .push(format!("{more} more files were not looked at"));
    }
    let drive = site.facts.installation.folders.drive;
    let items = seen.items.into_iter().map(|item| {
        let path = WindowsPath::parse(&item.original_path, Some(drive));
        let target = path.and_then(|path| examine_file(site.root, &path));
        let target = target.map_err(|error| error.to_string());
        let neighbour = target
            .as_ref()
            .map(|target| neighbour_of(site.root, &target.path));
        let mut content = read_item(site.root, &item);
        if step.proof == ProofWord::SignedCatalog {
            prover.prove(&mut content);
        }
        ItemFacts {
            neighbour: neighbour.unwrap_or_default(),
            target,
            content,
            item,
        }
    });
    QuarantinedFacts {
        step: step.clone(),
        items: items.collect(),
        gaps: seen.gaps,
    }
}

/// Returns a file beside `path` with the same ending, or any, or the folder itself.
fn neighbour_of(root: &Path, path: &WindowsPath) -> WindowsPath {
    let folder = path.folder();
    let Ok(Resolved::Folder { at, path: folder }) = folder.resolve(root) else {
        return folder;
    };
    let ending = path.name().rsplit_once('.').map(|(_, ending)| ending);
    let ending = ending.unwrap_or_default().to_lowercase();
    let alike = find_neighbour(&at, &folder, &|name| {
        let name = name.to_lowercase();
        name.rsplit_once('.')
            .is_some_and(|(_, found)| found == ending)
    });
    if alike != folder {
        return alike;
    }
    find_neighbour(&at, &folder, &|_| true)
}

/// Returns what is in the quarantine of a vendor, in the folders where it usually is and in those that
/// the product's policies name.
pub(super) fn read_quarantine(site: &Site<'_>, filter: &QuarantineFilter) -> SeenQuarantine {
    let mut seen = SeenQuarantine::default();
    let folders = &site.facts.installation.folders;
    let products = site.facts.products.iter();
    let products = products.filter(|found| found.product.vendor == filter.vendor);
    let named: Vec<WindowsPath> = products
        .flat_map(|found| found.quarantine_folders.iter().cloned())
        .collect();
    let mut formats = formats_of(&filter.vendor).peekable();
    if formats.peek().is_none() {
        let gap = format!("no format of a quarantine of {} is known", filter.vendor);
        seen.gaps.push(gap);
    }
    for format in formats {
        let found = find_in_known_folders(site.root, format, folders, &named);
        let gaps = found.gaps.into_iter();
        seen.gaps
            .extend(gaps.map(|(path, gap)| format!("{path}: {gap}")));
        for container in found.containers {
            let at = find_file(site.root, &container);
            let items = at.and_then(|at| {
                read_container(&at, &container, format.kind).map_err(|error| error.to_string())
            });
            match items {
                Ok(items) => seen.items.extend(items),
                Err(reason) => seen.gaps.push(format!("{container}: {reason}")),
            }
        }
    }
    seen
}

fn find_file(root: &Path, path: &WindowsPath) -> Result<PathBuf, String> {
    match path.resolve(root) {
        Ok(Resolved::File { at, .. }) => Ok(at),
        Ok(_) => Err("not there".into()),
        Err(error) => Err(error.to_string()),
    }
}
