//! The packages that boot files are made of, with what each says of itself; kept in the cache.

use std::path::Path;

use super::derived::{Made, Origin, derive};
use super::{BootError, BootFile, BootProgress};
use crate::bom::package::CarriedPackage;
use crate::parts::papers::{Papers, known_licence, read_papers};
use crate::parts::{Part, Parts};

/// Returns the packages that these files are made of, with their papers.
pub(super) fn carried_packages(
    parts: &Parts,
    files: &[BootFile],
    cache: &Path,
    progress: &mut dyn FnMut(BootProgress),
) -> Result<Vec<CarriedPackage>, BootError> {
    let is_used = |part: &&Part| {
        let reference = part.reference();
        files.iter().any(|file| file.made_of.contains(&reference))
    };
    let mut packages = Vec::new();
    for part in parts.all().iter().filter(is_used) {
        packages.push(CarriedPackage {
            name: part.locked.package.clone(),
            version: part.locked.version.clone(),
            architecture: part.locked.architecture.clone(),
            sha256: part.locked.sha256,
            licence: known_licence(&part.locked.package),
            papers: derive_papers(part, cache, progress)?,
        });
    }
    packages.sort_by(|one, other| {
        let key = |package: &CarriedPackage| (package.name.clone(), package.architecture.clone());
        key(one).cmp(&key(other))
    });
    Ok(packages)
}

fn derive_papers(
    part: &Part,
    cache: &Path,
    progress: &mut dyn FnMut(BootProgress),
) -> Result<Papers, BootError> {
    const COPYRIGHT: &str = "copyright";
    const SOURCES: &str = "sources";
    let origin = Origin {
        what: "papers",
        inputs: vec![part.locked.sha256],
        parameters: vec![part.origin()],
    };
    let derived = derive(cache, &origin, || {
        progress(BootProgress::Making(format!("papers of {}", part.origin())));
        let papers = read_papers(part.checked_path()?, part)?;
        let sources = papers.sources_text();
        let copyright = papers.copyright.map(String::into_bytes);
        Ok::<_, BootError>(Made {
            files: copyright
                .map(|text| (COPYRIGHT.to_owned(), text))
                .into_iter()
                .collect(),
            notes: [(SOURCES.to_owned(), sources)].into(),
        })
    })?;
    let copyright = match derived.files.get(COPYRIGHT) {
        Some(file) => Some(fs_err::read_to_string(&file.path)?),
        None => None,
    };
    let sources = derived.notes.get(SOURCES).cloned().unwrap_or_default();
    Ok(Papers::parse(&sources, copyright))
}
