//! The recipe made true: every file that it names opened, sized, hashed and checked, before anything is
//! decided about the image.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use rescue_stick::age_file::{AgeError, check_sealed};
use rescue_stick::definitions::DefinitionsSet;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::job::{JOB_SCHEMA, Job, KitFile};
use rescue_stick::paths;
use rescue_stick::remedy::predicate::Predicate;
use rescue_stick::remedy::{Remedy, RemedyError};

use crate::hashed_file::HashedFile;
use crate::parallel::{join, map_all};
use crate::recipe::{Recipe, RecipeDefinitions, RecipeFile};

pub mod extra_dat;
pub mod mcafee_dat;

use extra_dat::{ExtraDatError, read_extra_dat};
use mcafee_dat::PackageError;

/// Everything that goes on the stick besides the boot files.
#[derive(Debug)]
pub struct Inputs {
    /// What the stick is to do.
    pub job: Job,
    /// Remedies by id, as text and checked.
    pub remedies: Vec<RemedyInput>,
    /// Packages of definitions, sorted by the name that remedies use.
    pub packages: Vec<PackageInput>,
    /// Known good files, in the order of the job.
    pub files: Vec<HashedFile>,
    /// Recovery keys of the site, under its passphrase.
    pub bundle: Option<HashedFile>,
}

/// A remedy with the text it was read from.
#[derive(Debug)]
pub struct RemedyInput {
    /// The remedy.
    pub remedy: Remedy,
    /// Its text.
    pub text: String,
    /// `built in`, or the path it was read from.
    pub origin: String,
}

/// A package of definitions.
#[derive(Debug)]
pub struct PackageInput {
    /// Name that remedies use.
    pub name: String,
    /// The vendor's file.
    pub file: HashedFile,
    /// Members of the package that are no definitions and stay where they are.
    pub left_out: Vec<String>,
    /// What is carried instead of the vendor's file, if that is not carried as it is.
    pub repacked: Option<Vec<u8>>,
}

/// Why the recipe cannot be made true.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputsError {
    /// A file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A remedy does not parse.
    #[error("{origin}: {source}")]
    Remedy {
        /// Where it was read.
        origin: String,
        /// What is wrong.
        source: RemedyError,
    },
    /// There is no such built-in remedy.
    #[error(
        "remedies: no built-in remedy is called {name:?}; built in: {}; a remedy of one's own ends in .toml",
        built_in_names()
    )]
    UnknownRemedy {
        /// What the recipe says.
        name: String,
    },
    /// Two remedies with one id.
    #[error("remedies: {id:?} is named twice")]
    TwiceRemedy {
        /// The id.
        id: String,
    },
    /// A remedy installs definitions that the recipe does not give.
    #[error("remedy {remedy} installs {set:?}, but the recipe has no [definitions.{set}]")]
    MissingDefinitions {
        /// The remedy.
        remedy: String,
        /// Name of the definitions.
        set: String,
    },
    /// The recipe gives definitions that no remedy installs.
    #[error("definitions.{set}: no remedy of this recipe installs it")]
    UnusedDefinitions {
        /// Name of the definitions.
        set: String,
    },
    /// The package carries the very definitions that did the damage.
    #[error(
        "definitions.{set}: version is {version}, the definitions that remedy {remedy} is there to replace"
    )]
    BadDefinitions {
        /// Name of the definitions.
        set: String,
        /// Their version.
        version: String,
        /// The remedy.
        remedy: String,
    },
    /// An EXTRA.DAT cannot be carried.
    #[error(transparent)]
    ExtraDat(#[from] ExtraDatError),
    /// A package is not what its vendor's description says, or not safe to carry.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A pinned file has another content.
    #[error("{path}: sha256 is {found}, the recipe pins {pinned}")]
    Pinned {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: Sha256Digest,
        /// What the recipe says.
        pinned: Sha256Digest,
    },
    /// Recovery keys that are not sealed never go on a stick.
    #[error("{path}: {source}; `mendkit keys seal` makes it", path = .path.display())]
    Bundle {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: AgeError,
    },
    /// A file name that cannot be carried.
    #[error("{path}: the name is not usable on the stick, expected letters, digits, -, _ and .")]
    Name {
        /// The file.
        path: PathBuf,
    },
}

fn built_in_names() -> String {
    let names: Vec<_> = rescue_stick::remedy::BUILT_IN_REMEDIES
        .iter()
        .map(|(name, _)| *name)
        .collect();
    names.join(", ")
}

impl Inputs {
    /// Opens, hashes and checks everything that `recipe` names. Relative paths start at `folder`, the
    /// recipe's own.
    pub fn gather(recipe: &Recipe, folder: &Path) -> Result<Self, InputsError> {
        let remedies = read_remedies(&recipe.remedies, folder)?;
        let read_file = |pinned: &RecipeFile| read_pinned(pinned, folder);
        let (packages, pinned) = join(
            || read_packages(recipe, folder),
            || map_all(recipe.files.iter().collect(), read_file),
        );
        let (packages, definitions) = packages?;
        let parsed: Vec<_> = remedies.iter().map(|input| &input.remedy).collect();
        check_definitions_fit(&parsed, &definitions)?;
        let mut files = Vec::new();
        let mut kit_files = Vec::new();
        for (index, read) in pinned.into_iter().enumerate() {
            let (file, name) = read?;
            // The number keeps apart files of the same name in other versions or languages.
            let path = format!("{}/{index}-{name}", paths::FILES);
            kit_files.push(KitFile {
                path,
                name,
                sha256: file.sha256,
            });
            files.push(file);
        }
        let job = Job {
            schema: JOB_SCHEMA,
            title: recipe.title.clone(),
            date: recipe.date.clone(),
            mode: recipe.mode,
            finish: recipe.finish,
            languages: recipe.languages.clone(),
            remedies: remedies
                .iter()
                .map(|input| input.remedy.id.clone())
                .collect(),
            definitions,
            files: kit_files,
            visit: recipe.visit.facts(),
            ask_visit: recipe.visit.ask,
        };
        let bundle = read_bundle(recipe, folder)?;
        Ok(Self {
            job,
            remedies,
            packages,
            files,
            bundle,
        })
    }

    /// Returns the path of every file that was read.
    pub fn paths(&self) -> Vec<PathBuf> {
        let packages = self.packages.iter().flat_map(|package| {
            let zip = &package.file.path;
            [zip.clone(), mcafee_dat::description_path(zip)]
        });
        let files = self.files.iter().map(|file| file.path.clone());
        let remedies = self.remedies.iter();
        let remedies = remedies.map(|input| PathBuf::from(&input.origin));
        let bundle = self.bundle.iter().map(|file| file.path.clone());
        packages
            .chain(files)
            .chain(remedies)
            .chain(bundle)
            .collect()
    }
}

/// Reads the bundle of recovery keys, which must be sealed: a list of keys never goes on a stick as it is.
fn read_bundle(recipe: &Recipe, folder: &Path) -> Result<Option<HashedFile>, InputsError> {
    let Some(keys) = &recipe.keys else {
        return Ok(None);
    };
    let path = folder.join(&keys.bundle);
    let sealed = check_sealed(&fs::read(&path)?);
    sealed.map_err(|source| InputsError::Bundle {
        path: path.clone(),
        source,
    })?;
    Ok(Some(HashedFile::read(&path)?))
}

fn read_remedies(names: &[String], folder: &Path) -> Result<Vec<RemedyInput>, InputsError> {
    let mut remedies: Vec<RemedyInput> = Vec::new();
    for name in names {
        let input = read_remedy(name, folder)?;
        if remedies
            .iter()
            .any(|other| other.remedy.id == input.remedy.id)
        {
            return Err(InputsError::TwiceRemedy {
                id: input.remedy.id,
            });
        }
        remedies.push(input);
    }
    Ok(remedies)
}

/// Reads a remedy, built in by name or a file of one's own.
pub(crate) fn read_remedy(name: &str, folder: &Path) -> Result<RemedyInput, InputsError> {
    let (text, origin) = if name.ends_with(".toml") {
        let path = folder.join(name);
        (fs::read_to_string(&path)?, path.display().to_string())
    } else {
        let text = Remedy::built_in(name).ok_or_else(|| InputsError::UnknownRemedy {
            name: name.to_owned(),
        })?;
        (text.to_owned(), "built in".to_owned())
    };
    let remedy = Remedy::parse(&text).map_err(|source| InputsError::Remedy {
        origin: origin.clone(),
        source,
    })?;
    Ok(RemedyInput {
        remedy,
        text,
        origin,
    })
}

/// Reads a known good file, holds it against its pin, and returns it with its name on the stick.
pub(crate) fn read_pinned(
    pinned: &RecipeFile,
    folder: &Path,
) -> Result<(HashedFile, String), InputsError> {
    let file = HashedFile::read(&folder.join(&pinned.path))?;
    if file.sha256 != pinned.sha256 {
        let (found, pinned) = (file.sha256, pinned.sha256);
        return Err(InputsError::Pinned {
            path: file.path,
            found,
            pinned,
        });
    }
    let name = plain_name(&file.path)?;
    Ok((file, name))
}

type Packages = (Vec<PackageInput>, BTreeMap<String, DefinitionsSet>);

fn read_packages(recipe: &Recipe, folder: &Path) -> Result<Packages, InputsError> {
    let mut packages = Vec::new();
    let mut definitions = BTreeMap::new();
    for (name, given) in &recipe.definitions {
        let (package, set) = read_definitions(name, given, folder)?;
        definitions.insert(name.clone(), set);
        packages.push(package);
    }
    Ok((packages, definitions))
}

/// Opens, hashes and checks definitions as a recipe gives them; `name` is the one that remedies use.
pub fn read_definitions(
    name: &str,
    given: &RecipeDefinitions,
    folder: &Path,
) -> Result<(PackageInput, DefinitionsSet), InputsError> {
    match (&given.zip, &given.extra_dat) {
        (None, Some(path)) => read_extra_dat(name, &folder.join(path), given.password.as_deref()),
        (zip, _) => read_package(name, &folder.join(zip.clone().unwrap_or_default())),
    }
}

/// Opens, hashes and checks a package of definitions; `name` is the one that remedies use.
pub fn read_package(name: &str, zip: &Path) -> Result<(PackageInput, DefinitionsSet), InputsError> {
    let (file, checked) = join(|| HashedFile::read(zip), || mcafee_dat::check_package(zip));
    let (file, checked) = (file?, checked?);
    let package = format!("{}/{name}/{}", paths::DEFINITIONS, plain_name(&file.path)?);
    let set = DefinitionsSet {
        version: checked.version,
        package,
        members: checked.members,
    };
    let input = PackageInput {
        name: name.to_owned(),
        file,
        left_out: checked.left_out,
        repacked: None,
    };
    Ok((input, set))
}

/// Checks that remedies and definitions are for each other.
pub fn check_definitions_fit(
    remedies: &[&Remedy],
    definitions: &BTreeMap<String, DefinitionsSet>,
) -> Result<(), InputsError> {
    for remedy in remedies {
        for set in remedy.definitions_sets() {
            let Some(given) = definitions.get(set) else {
                let (remedy, set) = (remedy.id.clone(), set.to_owned());
                return Err(InputsError::MissingDefinitions { remedy, set });
            };
            if replaces(remedy).any(|bad| is_version(&given.version, bad)) {
                return Err(InputsError::BadDefinitions {
                    set: set.to_owned(),
                    version: given.version.clone(),
                    remedy: remedy.id.clone(),
                });
            }
        }
    }
    let is_used = |set: &String| {
        remedies
            .iter()
            .any(|remedy| remedy.definitions_sets().any(|used| used == set))
    };
    match definitions.keys().find(|set| !is_used(set)) {
        Some(set) => Err(InputsError::UnusedDefinitions { set: set.clone() }),
        None => Ok(()),
    }
}

/// Returns the versions of definitions that a remedy is there to replace.
fn replaces(remedy: &Remedy) -> impl Iterator<Item = &str> {
    remedy.when.iter().filter_map(|predicate| match predicate {
        Predicate::Product(product) => product.definitions.as_deref(),
        _ => None,
    })
}

/// Returns whether `version` is `prefix`, or begins with it up to a full stop.
fn is_version(version: &str, prefix: &str) -> bool {
    version
        .strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn plain_name(path: &Path) -> Result<String, InputsError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    path.file_name()
        .and_then(|name| name.to_str())
        .filter(|name| name.chars().all(is_plain) && !name.starts_with('.'))
        .map(str::to_owned)
        .ok_or_else(|| InputsError::Name {
            path: path.to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use mcafee_dat::test_packages::write_good_package;

    fn recipe_in(folder: &Path, remedies: &str, tables: &str) -> Result<Inputs, InputsError> {
        let text = format!(
            "title = \"t\"\nremedies = {remedies}\n{tables}\n[signing]\nkey = \"release.key\"\n"
        );
        Inputs::gather(&Recipe::parse(&text, Path::new("r.toml")).unwrap(), folder)
    }

    fn check_refused(remedies: &str, tables: &str, message: Expect) {
        let folder = tempfile::tempdir().unwrap();
        write_good_package(folder.path(), "5959");
        write_good_package(folder.path(), "5958");
        fs::write(folder.path().join("svchost.exe"), "x").unwrap();
        let error = recipe_in(folder.path(), remedies, tables)
            .unwrap_err()
            .to_string();
        message.assert_eq(&error.replace(&folder.path().display().to_string(), "FOLDER"));
    }

    const DAT: &str = "[definitions.mcafee-dat]\nzip = \"5959/avvdat-5959.zip\"\n";

    #[test]
    fn makes_the_job_of_the_product_page() {
        let folder = tempfile::tempdir().unwrap();
        write_good_package(folder.path(), "5959");
        fs::write(folder.path().join("svchost.exe"), "x").unwrap();
        let pinned = Sha256Digest::of(b"x");
        let tables = format!("{DAT}[[files]]\npath = \"svchost.exe\"\nsha256 = \"{pinned}\"\n");
        let inputs = recipe_in(folder.path(), "[\"mcafee-5958\"]", &tables).unwrap();
        let set = &inputs.job.definitions["mcafee-dat"];
        assert_eq!(set.version, "5959.0000");
        assert_eq!(
            set.package,
            "mendkit/definitions/mcafee-dat/avvdat-5959.zip"
        );
        assert_eq!(inputs.job.files[0].path, "mendkit/files/0-svchost.exe");
        assert_eq!(Job::parse(&inputs.job.to_text()).unwrap(), inputs.job);
    }

    #[test]
    fn refuses_recipes_that_do_not_fit_together() {
        check_refused(
            "[\"mcafee-5985\"]",
            DAT,
            expect![[
                r#"remedies: no built-in remedy is called "mcafee-5985"; built in: crowdstrike-291, mcafee-5958; a remedy of one's own ends in .toml"#
            ]],
        );
        check_refused(
            "[\"mcafee-5958\"]",
            "",
            expect![[
                r#"remedy mcafee-5958 installs "mcafee-dat", but the recipe has no [definitions.mcafee-dat]"#
            ]],
        );
        check_refused(
            "[\"mcafee-5958\"]",
            "[definitions.mcafee-dat]\nzip = \"5958/avvdat-5958.zip\"\n",
            expect![
                "definitions.mcafee-dat: version is 5958.0000, the definitions that remedy mcafee-5958 is there to replace"
            ],
        );
        check_refused(
            "[\"mcafee-5958\", \"mcafee-5958\"]",
            DAT,
            expect![[r#"remedies: "mcafee-5958" is named twice"#]],
        );
        check_refused(
            "[\"mcafee-5958\"]",
            &format!("{DAT}[definitions.other]\nzip = \"5959/avvdat-5959.zip\"\n"),
            expect!["definitions.other: no remedy of this recipe installs it"],
        );
        let zeros = "0".repeat(64);
        check_refused(
            "[\"mcafee-5958\"]",
            &format!("{DAT}[[files]]\npath = \"svchost.exe\"\nsha256 = \"{zeros}\"\n"),
            expect![
                "FOLDER/svchost.exe: sha256 is 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881, the recipe pins 0000000000000000000000000000000000000000000000000000000000000000"
            ],
        );
    }
}
