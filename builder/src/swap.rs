//! Puts other definitions into a finished image, without the boot parts that it was built from.
//!
//! The new image is the one that the build of the old would have given with these definitions, byte for
//! byte: its files are those of the old image but for packages and job, and everything else (layout,
//! identities, menus, manifest, signature) follows from them in the same code. Boot files and remedies stay
//! as they were signed, even if a build today would take newer ones. Where the identities of the old image
//! do not follow from its files, it was made by other code, and is refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fs_err as fs;
use rescue_stick::definitions::DefinitionsSet;
use rescue_stick::job::Job;
use rescue_stick::paths;
use rescue_stick::remedy::Remedy;
use rescue_stick::signature::PublicKey;

use crate::assemble::{Ingredients, from_boot, made, package_file};
use crate::bom::{Bom, Provenance, provenance_of_files};
use crate::boot::grub::{BOOT_CODE_SIZE, BOOT_SECTOR_COPY, CORE_IMAGE_COPY};
use crate::boot::key::{KEY_ARCHIVE, key_file};
use crate::boot::menu::{MENUS, unname_stick};
use crate::inputs::extra_dat::{check_extra_dat, is_extra_dat, read_extra_dat};
use crate::inputs::{PackageInput, check_definitions_fit, read_package};
use crate::plan::{BootCode, Content, ImageFile};
use crate::recipe::parse_date;
use crate::verify::place::read_file;
use crate::verify::{FileOnImage, ReadImage, check_read_image, read_image};

pub mod error;

use error::SwapError;

/// An image that is as it was signed.
#[derive(Debug)]
pub struct FinishedImage {
    path: PathBuf,
    file: fs::File,
    image: ReadImage,
    key: PublicKey,
    job: Job,
    remedies: Vec<Remedy>,
    bom: Option<Bom>,
    /// Where every file came from when the image was built, as far as its bill of materials says.
    origins: BTreeMap<String, Provenance>,
}

/// Definitions that are to replace others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDefinitions {
    /// Which ones, by the name that remedies use; may be left out if an image carries one set only.
    pub name: Option<String>,
    /// The vendor's zip, with the vendor's `avvdat.ini` beside it; or an EXTRA.DAT, plain or in a zip, where
    /// the image carries one under this name.
    pub file: PathBuf,
    /// Opens the zip of an EXTRA.DAT.
    pub password: Option<String>,
}

/// What became of one set of definitions.
#[derive(Debug)]
pub struct SwappedSet {
    /// Version that the old image carries.
    pub before: String,
    /// Version that the new one carries.
    pub after: String,
    /// The package.
    pub package: PackageInput,
}

impl FinishedImage {
    /// Reads the image at `path`, and refuses it unless it is whole and signed by `signed_by`.
    pub fn open(path: &Path, signed_by: &PublicKey) -> Result<Self, SwapError> {
        let mut file = fs::File::open(path)?;
        let image = read_image(&mut file)?;
        let path = path.to_owned();
        // Under the image's own key first, so that another signer is not taken for damage.
        let verified = check_read_image(&image, None);
        let (Some(key), true) = (verified.key, verified.problems.is_empty()) else {
            let problems = verified.problems;
            return Err(SwapError::Bad { path, problems });
        };
        if key != *signed_by {
            return Err(SwapError::Key {
                path,
                found: key.base64().to_owned(),
                expected: signed_by.base64().to_owned(),
            });
        }
        if let Some(stick) = verified.stick {
            let what = format!("stick {}", stick.facts().id);
            return Err(SwapError::Used { path, what });
        }
        if let Some(report) = verified.reports.first() {
            let what = format!("holds a report ({report})");
            return Err(SwapError::Used { path, what });
        }
        let job = Job::parse(&read_text(&mut file, &path, &image, paths::JOB)?)?;
        let mut remedies = Vec::new();
        for id in &job.remedies {
            let text = read_text(&mut file, &path, &image, &remedy_path(id))?;
            let remedy = Remedy::parse(&text);
            remedies.push(remedy.map_err(|source| SwapError::Remedy {
                id: id.clone(),
                source,
            })?);
        }
        let (mut bom, mut origins) = (None, BTreeMap::new());
        if image.files.iter().any(|file| file.path == paths::BOM) {
            let text = read_text(&mut file, &path, &image, paths::BOM)?;
            bom = Some(Bom::parse(&text)?);
            origins = provenance_of_files(&text)?;
        }
        Ok(Self {
            path,
            file,
            image,
            key,
            job,
            remedies,
            bom,
            origins,
        })
    }

    /// Returns what the image is to do.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// Returns the number of files that are signed.
    pub fn files(&self) -> usize {
        let is_signed = |file: &&FileOnImage| !paths::is_outside_manifest(&file.path);
        self.image.files.iter().filter(is_signed).count()
    }

    /// Returns what the image was put together from, and checks that it follows from that.
    pub fn ingredients(&mut self) -> Result<Ingredients, SwapError> {
        let serial = self.image.identity.as_ref().map(|own| own.volume_serial);
        let serial = serial.unwrap_or_default();
        let remedies: Vec<_> = self.job.remedies.iter().map(|id| remedy_path(id)).collect();
        let packages = self.job.definitions.values();
        let packages: Vec<_> = packages.map(|set| set.package.clone()).collect();
        let files: Vec<_> = self.job.files.iter().map(|kit| kit.path.clone()).collect();
        let is_listed = |path: &String| {
            let lists = [&remedies, &packages, &files];
            let is_made_anew = [paths::JOB, paths::PUBLIC_KEY, paths::BOM].contains(&path.as_str());
            is_made_anew
                || path == paths::KEY_BUNDLE
                || paths::is_outside_manifest(path)
                || lists.iter().any(|list| list.contains(path))
        };
        let mut boot: Vec<FileOnImage> = self.image.files.clone();
        boot.retain(|file| !is_listed(&file.path));
        boot.sort_by_key(|file| file.ranges.first().map(|range| range.first()));
        let mut boot_files = Vec::new();
        for file in &boot {
            boot_files.push(if MENUS.contains(&file.path.as_str()) {
                let text = read_text(&mut self.file, &self.path, &self.image, &file.path)?;
                let nameless = unname_stick(&text, serial)
                    .ok_or_else(|| self.other_maker(&file.path, "a menu that does not name it"))?;
                made(&file.path, nameless)
            } else {
                self.carried_over(&file.path)?
            });
        }
        let carry = |paths: &[String]| -> Result<Vec<ImageFile>, SwapError> {
            paths.iter().map(|path| self.carried_over(path)).collect()
        };
        let (remedies, packages, files) = (carry(&remedies)?, carry(&packages)?, carry(&files)?);
        let has_bundle = self
            .image
            .files
            .iter()
            .any(|file| file.path == paths::KEY_BUNDLE);
        let bundle = has_bundle
            .then(|| self.carried_over(paths::KEY_BUNDLE))
            .transpose()?;
        let ingredients = Ingredients {
            job: self.job.clone(),
            boot: boot_files,
            boot_code: self.boot_code()?,
            bom: self.bom.clone(),
            layout: self
                .image
                .identity
                .as_ref()
                .map(|own| own.layout)
                .unwrap_or_default(),
            remedies,
            packages,
            files,
            bundle,
        };
        if self.image.identity.as_ref() != Some(&ingredients.identity(&self.key)) {
            return Err(self.other_maker("disk", "identities that do not follow from its files"));
        }
        Ok(ingredients)
    }

    fn boot_code(&mut self) -> Result<BootCode, SwapError> {
        let mut code = BootCode {
            mbr: [0; BOOT_CODE_SIZE],
            core: Vec::new(),
        };
        if self
            .image
            .files
            .iter()
            .all(|file| file.path != BOOT_SECTOR_COPY)
        {
            return Ok(code);
        }
        let mbr = read(&mut self.file, &self.path, &self.image, BOOT_SECTOR_COPY)?;
        code.mbr = mbr
            .try_into()
            .map_err(|_| self.other_maker(BOOT_SECTOR_COPY, "another length"))?;
        code.core = read(&mut self.file, &self.path, &self.image, CORE_IMAGE_COPY)?;
        Ok(code)
    }

    /// Returns a file of this image as a file of the next.
    fn carried_over(&self, path: &str) -> Result<ImageFile, SwapError> {
        let found = self.image.files.iter().find(|file| file.path == path);
        let file = found.ok_or_else(|| self.other_maker(path, "not there"))?;
        let content = match file.ranges.as_slice() {
            [] => Content::Bytes(Vec::new()),
            [range] => Content::Part(self.path.clone(), range.first().byte_offset()),
            _ => return Err(self.other_maker(path, "in several pieces")),
        };
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        Ok(ImageFile {
            path: file.path.clone(),
            content,
            size: file.size,
            sha256: file
                .sha256
                .ok_or_else(|| self.other_maker(path, "a work area"))?,
            origin: match self.origins.get(path) {
                Some(provenance) => provenance.origin.clone(),
                None => format!("image, {name}"),
            },
        })
    }

    fn other_maker(&self, place: &str, finding: &str) -> SwapError {
        other_maker(&self.path, place, finding)
    }

    /// Puts new definitions in the place of those of the same name. The remedies must still agree.
    pub fn replace_definitions(
        &self,
        ingredients: &mut Ingredients,
        all: &[NewDefinitions],
    ) -> Result<Vec<SwappedSet>, SwapError> {
        let mut swapped = Vec::new();
        for new in all {
            let name = self.name_of(new)?;
            let (package, set) = self.read_new(&name, new)?;
            let after = set.version.clone();
            let file = package_file(set.package.clone(), &package);
            let Some(old) = ingredients.job.definitions.insert(name, set) else {
                continue;
            };
            // Packages lie in the order of their names, and the names stay.
            for place in &mut ingredients.packages {
                if place.path == old.package {
                    *place = file.clone();
                }
            }
            swapped.push(SwappedSet {
                before: old.version,
                after,
                package,
            });
        }
        let remedies: Vec<_> = self.remedies.iter().collect();
        check_definitions_fit(&remedies, &ingredients.job.definitions)?;
        Ok(swapped)
    }

    /// Reads new definitions as what the image carries under this name: an EXTRA.DAT has no description
    /// beside it, and is installed beside the definitions that it adds to.
    fn read_new(
        &self,
        name: &str,
        new: &NewDefinitions,
    ) -> Result<(PackageInput, DefinitionsSet), SwapError> {
        let old = self.job.definitions.get(name);
        let password = new.password.as_deref();
        if old.is_some_and(|set| is_extra_dat(&set.package)) {
            return Ok(read_extra_dat(name, &new.file, password)?);
        }
        let read = read_package(name, &new.file);
        if read.is_err() && (password.is_some() || check_extra_dat(&new.file, None).is_ok()) {
            return Err(SwapError::Kind {
                path: new.file.clone(),
                name: name.to_owned(),
                extra: self.extra_dats(),
            });
        }
        Ok(read?)
    }

    /// Returns the names under which the image carries an EXTRA.DAT, in words.
    fn extra_dats(&self) -> String {
        let all = self.job.definitions.iter();
        let names: Vec<_> = all
            .filter(|(_, set)| is_extra_dat(&set.package))
            .map(|(name, _)| name.as_str())
            .collect();
        match names.as_slice() {
            [] => "none; to add one, build from the recipe".to_owned(),
            names => format!("{}; name it as NAME=FILE", names.join(", ")),
        }
    }

    fn name_of(&self, new: &NewDefinitions) -> Result<String, SwapError> {
        let names: Vec<&String> = self.job.definitions.keys().collect();
        match (&new.name, names.as_slice()) {
            (Some(name), _) if names.contains(&name) => Ok(name.clone()),
            (None, [only]) => Ok((*only).clone()),
            (name, _) => Err(SwapError::Name {
                name: name.clone(),
                carried: match names.as_slice() {
                    [] => "none".to_owned(),
                    names => names
                        .iter()
                        .map(|name| name.as_str())
                        .collect::<Vec<_>>()
                        .join(", "),
                },
            }),
        }
    }
}

/// Gives the image another date, and with it every file on it.
pub fn redate(ingredients: &mut Ingredients, date: &str) -> Result<(), SwapError> {
    if parse_date(date).is_none() {
        let found = date.to_owned();
        return Err(SwapError::Date { found });
    }
    ingredients.job.date = date.to_owned();
    Ok(())
}

/// Lets `mend` trust another key.
pub fn replace_key(ingredients: &mut Ingredients, key: &PublicKey) -> Result<(), SwapError> {
    for file in &mut ingredients.boot {
        if file.path == KEY_ARCHIVE {
            *file = from_boot(key_file(&key.to_file())?);
        }
    }
    Ok(())
}

fn other_maker(path: &Path, place: &str, finding: &str) -> SwapError {
    SwapError::OtherMaker {
        path: path.to_owned(),
        what: format!("{place}: {finding}"),
    }
}

fn remedy_path(id: &str) -> String {
    format!("{}/{id}.toml", paths::REMEDIES)
}

fn read(
    source: &mut fs::File,
    of: &Path,
    image: &ReadImage,
    path: &str,
) -> Result<Vec<u8>, SwapError> {
    let found = image.files.iter().find(|file| file.path == path);
    let file = found.ok_or_else(|| other_maker(of, path, "not there"))?;
    Ok(read_file(source, file)?)
}

fn read_text(
    source: &mut fs::File,
    of: &Path,
    image: &ReadImage,
    path: &str,
) -> Result<String, SwapError> {
    let bytes = read(source, of, image, path)?;
    String::from_utf8(bytes).map_err(|_| other_maker(of, path, "not text"))
}
