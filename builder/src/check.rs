//! What is wrong with a recipe, all of it at once and each with its place: what a build would say one by
//! one, said without building.
//!
//! Reads what a build reads (remedies, definitions, pinned files, key, boot parts) and writes nothing. It does
//! not make boot files or lay out the image, which fail on a broken installation rather than on a recipe.

use std::io;
use std::path::{Path, PathBuf};

use crate::inputs::{
    InputsError, PackageInput, RemedyInput, check_definitions_fit, read_definitions, read_pinned,
    read_remedy,
};
use crate::parts::lock::Lock;
use crate::parts::{ALL_WANTED, Parts, PartsError};
use crate::recipe::Recipe;
use crate::recipe::source::{KeyStep, Place, Source, key_path};
use crate::signing::{KeyState, look_at_key};

/// Something that is to be put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Where in the recipe.
    pub place: Place,
    /// What was found and what would be right.
    pub message: String,
    /// What the person can do, where that is not plain.
    pub hint: Option<String>,
}

/// What a build needs besides the recipe.
#[derive(Clone, Debug)]
pub struct Office {
    /// Folder of the boot parts.
    pub cache: PathBuf,
    /// The lock that names them.
    pub lock: Lock,
    /// The 32-bit `mend`.
    pub mend: PathBuf,
}

/// A recipe with all that was found about it.
#[derive(Debug)]
pub struct Checked {
    /// The recipe, if it can be read at all.
    pub recipe: Option<Recipe>,
    /// Remedies that were read.
    pub remedies: Vec<RemedyInput>,
    /// Packages of definitions that were read, with their versions.
    pub packages: Vec<(PackageInput, String)>,
    /// How many boot parts are as locked.
    pub parts: usize,
    /// Whether the key asks for a password; nothing if it cannot be used.
    pub key: Option<KeyState>,
    /// What is to be put right, in the order of the recipe.
    pub complaints: Vec<Complaint>,
}

/// Checks the recipe at `path`; an error only if it cannot be read.
pub fn check_recipe(path: &Path, office: &Office) -> io::Result<Checked> {
    let text = fs_err::read_to_string(path)?;
    let source = Source { path, text: &text };
    let mut checked = Checked {
        recipe: None,
        remedies: Vec::new(),
        packages: Vec::new(),
        parts: 0,
        key: None,
        complaints: Vec::new(),
    };
    match toml::from_str::<Recipe>(&text) {
        Ok(recipe) => {
            check_sense(&recipe, source, &mut checked);
            let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
            check_inputs(&recipe, &folder, source, &mut checked);
            check_key(&recipe, &folder, source, &mut checked);
            checked.recipe = Some(recipe);
        }
        Err(error) => checked.complaints.push(syntax(source, &error)),
    }
    check_office(office, source, &mut checked);
    checked
        .complaints
        .sort_by_key(|complaint| (complaint.place.line, complaint.place.column));
    Ok(checked)
}

/// Returns what the parser found. It is one thing: what follows a slip of the hand in a list or a table is
/// taken for more of it, and would only hide where the slip is.
fn syntax(source: Source<'_>, error: &toml::de::Error) -> Complaint {
    Complaint {
        place: match error.span() {
            Some(span) => source.place_of(span),
            None => source.whole(),
        },
        message: error.message().replace('\n', "; "),
        hint: None,
    }
}

fn check_sense(recipe: &Recipe, source: Source<'_>, checked: &mut Checked) {
    for nonsense in recipe.find_nonsense() {
        checked.complaints.push(Complaint {
            place: source.place(&nonsense.way),
            message: nonsense.to_string(),
            hint: None,
        });
    }
}

fn check_inputs(recipe: &Recipe, folder: &Path, source: Source<'_>, checked: &mut Checked) {
    let mut complain = |way: &[KeyStep], what: &str, error: InputsError| {
        checked
            .complaints
            .push(complaint(source.place(way), what, error));
    };
    let mut is_whole = true;
    let mut remedies: Vec<(usize, RemedyInput)> = Vec::new();
    for (index, name) in recipe.remedies.iter().enumerate() {
        let way = key_path!["remedies", index];
        match read_remedy(name, folder) {
            Ok(input)
                if remedies
                    .iter()
                    .any(|(_, one)| one.remedy.id == input.remedy.id) =>
            {
                let id = input.remedy.id;
                complain(&way, "", InputsError::TwiceRemedy { id });
            }
            Ok(input) => remedies.push((index, input)),
            Err(error) => {
                is_whole = false;
                complain(&way, "a remedy of one's own", error);
            }
        }
    }
    let mut definitions = std::collections::BTreeMap::new();
    for (name, given) in &recipe.definitions {
        match read_definitions(name, given, folder) {
            Ok((package, set)) => {
                checked.packages.push((package, set.version.clone()));
                definitions.insert(name.clone(), set);
            }
            Err(error) => {
                let (key, what) = match given.zip {
                    Some(_) => ("zip", "the vendor's package with its avvdat.ini beside it"),
                    None => ("extra-dat", "an EXTRA.DAT, plain or in a zip"),
                };
                let way = key_path!["definitions", name, key];
                complain(&way, what, error);
            }
        }
    }
    for (index, pinned) in recipe.files.iter().enumerate() {
        if let Err(error) = read_pinned(pinned, folder) {
            let key = match error {
                InputsError::Pinned { .. } => "sha256",
                _ => "path",
            };
            complain(&key_path!["files", index, key], "the file to carry", error);
        }
    }
    for (way, error) in misfits(recipe, &remedies, &definitions, is_whole) {
        complain(&way, "", error);
    }
    checked.remedies = remedies.into_iter().map(|(_, input)| input).collect();
}

/// Returns where remedies and definitions are not for each other. What could not be read is not counted as
/// absent: one mistake is one complaint.
fn misfits(
    recipe: &Recipe,
    remedies: &[(usize, RemedyInput)],
    definitions: &std::collections::BTreeMap<String, rescue_stick::definitions::DefinitionsSet>,
    is_whole: bool,
) -> Vec<(Vec<KeyStep>, InputsError)> {
    let mut found = Vec::new();
    for (index, input) in remedies {
        for set in input.remedy.definitions_sets() {
            let one = match definitions.get(set) {
                Some(given) => [(set.to_owned(), given.clone())].into(),
                None if recipe.definitions.contains_key(set) => continue,
                None => std::collections::BTreeMap::new(),
            };
            match check_definitions_fit(&[&input.remedy], &one) {
                Err(error @ InputsError::BadDefinitions { .. }) => {
                    found.push((key_path!["definitions", set, "zip"].to_vec(), error));
                }
                Err(error) => found.push((key_path!["remedies", *index].to_vec(), error)),
                Ok(()) => {}
            }
        }
    }
    let is_used = |set: &String| {
        let mut sets = remedies
            .iter()
            .flat_map(|(_, input)| input.remedy.definitions_sets());
        sets.any(|used| used == set)
    };
    // A remedy that could not be read may have been the one.
    for set in recipe
        .definitions
        .keys()
        .filter(|set| is_whole && !is_used(set))
    {
        let set = set.clone();
        found.push((
            key_path!["definitions", &set].to_vec(),
            InputsError::UnusedDefinitions { set },
        ));
    }
    found
}

/// Words an input that cannot be used; a file that is not there is by far the most frequent.
fn complaint(place: Place, what: &str, error: InputsError) -> Complaint {
    let is_absent = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let io = match &error {
        InputsError::Io(error) => Some(error),
        InputsError::Package(crate::inputs::mcafee_dat::PackageError::Io(error)) => Some(error),
        _ => None,
    };
    let message = match io {
        Some(io) if is_absent(io) => {
            let file = absent_file(io);
            format!("{file}: there is no such file, expected {what}")
        }
        _ => error.to_string(),
    };
    Complaint {
        place,
        message,
        hint: None,
    }
}

/// Returns the path that an error of `fs_err` names.
fn absent_file(error: &io::Error) -> String {
    let text = error.to_string();
    let quoted = text.split('`').nth(1);
    quoted.unwrap_or(&text).to_owned()
}

fn check_key(recipe: &Recipe, folder: &Path, source: Source<'_>, checked: &mut Checked) {
    let path = folder.join(&recipe.signing.key);
    match look_at_key(&path) {
        Ok(state) => checked.key = Some(state),
        Err(error) => {
            let path = path.display();
            let is_absent = fs_err::metadata(folder.join(&recipe.signing.key)).is_err();
            checked.complaints.push(Complaint {
                place: source.place(&key_path!["signing", "key"]),
                message: match is_absent {
                    true => format!("{path}: there is no such file, expected a secret key"),
                    false => error.to_string(),
                },
                hint: is_absent.then(|| format!("make one: mendkit keygen -o {path}")),
            });
        }
    }
}

/// Checks what a build needs whatever the recipe says.
fn check_office(office: &Office, source: Source<'_>, checked: &mut Checked) {
    let mut complain = |message: String, hint: &str| {
        checked.complaints.push(Complaint {
            place: Place {
                path: PathBuf::from("this office"),
                ..source.whole()
            },
            message,
            hint: Some(hint.to_owned()),
        });
    };
    match open_parts(office) {
        Ok(parts) => checked.parts = parts,
        Err(error) => complain(error.to_string(), "fetch them once: mendkit parts fetch"),
    }
    if !office.mend.is_file() {
        let path = office.mend.display();
        complain(
            format!("{path}: there is no such file, expected the 32-bit mend"),
            "it comes with mendkit; name it with --mend if it lies elsewhere",
        );
    }
}

/// Returns how many parts are as locked, or why they cannot be used.
fn open_parts(office: &Office) -> Result<usize, PartsError> {
    let parts = Parts::open(&office.cache, &office.lock)?;
    for wanted in ALL_WANTED {
        parts.find(wanted)?.checked_path()?;
    }
    Ok(parts.all().len())
}
