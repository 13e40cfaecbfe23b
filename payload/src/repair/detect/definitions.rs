//! What installing definitions would meet. Reads only, judges nothing.

use std::io;
use std::path::Path;

use rescue_stick::definitions::DefinitionsSet;

use crate::antivirus::product::find_product_for_set;
use crate::repair::detect::InstallationFacts;
use crate::repair::detect::steps::{FileFacts, examine_file, find_neighbour};
use crate::repair::package::Package;
use crate::stick::Stick;
use crate::windows::path::{PathError, Resolved, WindowsPath};

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

/// Looks at the set on the stick and at where the product that takes it keeps its own.
pub(super) fn examine_definitions(
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
