//! The bill of materials: everything on the stick that was not made for this image, with version, licence,
//! digest and sources; and for every file of the stick what it was made of.
//!
//! ```text
//! image ──> file on the stick ──> Debian package ──> Debian source package
//!      │                     └──> mend ──> crates, Rust's standard library, the C library
//!      └──> input (definitions, remedies, known good files)
//! ```
//!
//! The part of the boot files stays as it is when other definitions are put into a finished image; that of
//! the inputs follows from the files of the image. Menus and the archive with the key, which change with the
//! image's name and signer alone, the manifest and the bill itself have no digest here: the manifest has them.

use std::collections::BTreeMap;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::job::Job;
use rescue_stick::paths;

use crate::boot::BootFiles;
use crate::boot::key::KEY_ARCHIVE;
use crate::boot::menu::MENUS;
use crate::plan::ImageFile;

pub mod crates;
mod cyclonedx;
pub mod licences;
pub mod package;

use crates::CARRIED_CRATES;
use cyclonedx::{
    ORIGIN, PATH, RawBom, RawComponent, RawDependency, RawLicence, RawMetadata, RawReference,
    RawTools, SPEC_VERSION,
};
use package::{CarriedPackage, LinkedPart, MendNote};

/// Reference of `mend` inside the bill.
pub const MEND: &str = "mend";

/// Reference of the whole image.
const IMAGE: &str = "image";

/// How references of what is linked into `mend` besides crates begin.
const LINKED: &str = "linked:";

/// Kind of the components that are inputs and not boot parts.
const INPUT: &str = "data";

/// Origin of a remedy that comes with this program.
pub(crate) const BUILT_IN_REMEDY: &str = "remedy, built in";

/// What boot files are made of, and from where; the part of the bill that no input changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bom {
    components: Vec<RawComponent>,
    dependencies: Vec<RawDependency>,
}

/// A file that is no bill of materials of ours.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BomError {
    /// Not what is read here.
    #[error("{place}: {0}", place = paths::BOM)]
    Syntax(#[from] serde_json::Error),
    /// Another format or version.
    #[error("{place}: {found}, expected CycloneDX {SPEC_VERSION}", place = paths::BOM)]
    Version {
        /// What it says.
        found: String,
    },
}

/// The inputs of an image, for the bill.
#[derive(Clone, Copy, Debug)]
pub struct BomInputs<'a> {
    /// What the stick is to do.
    pub job: &'a Job,
    /// Remedies, packages of definitions, known good files and recovery keys, as they lie on the stick.
    pub files: [&'a [ImageFile]; 4],
}

/// What the bill says of one file of the stick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Where it comes from, in words.
    pub origin: String,
    /// Name and version of everything it was made of.
    pub made_of: Vec<String>,
    /// Licences of these, each once.
    pub licences: Vec<String>,
}

impl Bom {
    /// Returns the part of the bill that follows from boot files.
    pub fn of_boot_files(boot: &BootFiles) -> Self {
        let mut components: Vec<_> = boot.packages.iter().map(package_component).collect();
        let mut dependencies = Vec::new();
        if let Some(mend) = &boot.mend {
            let (linked, needs) = mend_components(mend);
            components.extend(linked);
            dependencies.push(RawDependency {
                reference: MEND.to_owned(),
                depends_on: needs,
            });
        }
        for file in &boot.files {
            let reference = format!("file:{}", file.path);
            let mut component = RawComponent::named("file", &reference, &file.path)
                .with_property(PATH, &file.path)
                .with_property(ORIGIN, &file.origin);
            if !MENUS.contains(&file.path.as_str()) && file.path != KEY_ARCHIVE {
                component = component.with_sha256(file.sha256);
            }
            components.push(component);
            if !file.made_of.is_empty() {
                dependencies.push(RawDependency {
                    reference,
                    depends_on: file.made_of.clone(),
                });
            }
        }
        Self {
            components,
            dependencies,
        }
    }

    /// Reads the bill of a finished image, without its inputs.
    pub fn parse(text: &str) -> Result<Self, BomError> {
        let raw = parse(text)?;
        let mut components = raw.components;
        components.retain(|component| component.kind != INPUT);
        let mut dependencies = raw.dependencies;
        dependencies.retain(|dependency| dependency.reference != IMAGE);
        Ok(Self {
            components,
            dependencies,
        })
    }

    /// Returns where a boot file comes from, in words.
    pub fn origin_of(&self, path: &str) -> Option<&str> {
        origin_in(&self.components, path)
    }

    /// Returns the bill of an image with these inputs. The same inputs give the same text.
    pub fn to_text(&self, inputs: &BomInputs<'_>) -> String {
        let mut components = self.components.clone();
        for file in inputs.files.into_iter().flatten() {
            components.push(input_component(inputs.job, file));
        }
        let is_in_image = |one: &&RawComponent| one.kind == "file" || one.kind == INPUT;
        let depends_on = components.iter().filter(is_in_image);
        let mut dependencies = vec![RawDependency {
            reference: IMAGE.to_owned(),
            depends_on: depends_on.map(|one| one.reference.clone()).collect(),
        }];
        dependencies.extend_from_slice(&self.dependencies);
        let mut image = RawComponent::named("operating-system", IMAGE, &inputs.job.title);
        image.version = Some(inputs.job.date.clone());
        let mut tool = RawComponent::named("application", "mendkit", "mendkit");
        tool.version = Some(env!("CARGO_PKG_VERSION").to_owned());
        let mut bom = RawBom {
            bom_format: "CycloneDX".to_owned(),
            spec_version: SPEC_VERSION.to_owned(),
            serial_number: String::new(),
            version: 1,
            metadata: RawMetadata {
                timestamp: format!("{}T00:00:00Z", inputs.job.date),
                tools: RawTools {
                    components: vec![tool],
                },
                component: image,
            },
            components,
            dependencies,
        };
        bom.serial_number = serial_number(&text_of(&bom));
        text_of(&bom)
    }
}

/// Returns what a bill says of the files of its image, by path.
pub fn provenance_of_files(text: &str) -> Result<BTreeMap<String, Provenance>, BomError> {
    let raw = parse(text)?;
    let by_reference: BTreeMap<&str, &RawComponent> = (raw.components.iter())
        .map(|one| (one.reference.as_str(), one))
        .collect();
    let needs: BTreeMap<&str, &[String]> = (raw.dependencies.iter())
        .map(|one| (one.reference.as_str(), one.depends_on.as_slice()))
        .collect();
    let mut found = BTreeMap::new();
    for component in &raw.components {
        let Some(path) = component.property(PATH) else {
            continue;
        };
        let mut provenance = Provenance {
            origin: component.property(ORIGIN).unwrap_or_default().to_owned(),
            ..Provenance::default()
        };
        let parts = needs.get(component.reference.as_str()).copied();
        for part in parts.unwrap_or_default() {
            let Some(part) = by_reference.get(part.as_str()) else {
                continue;
            };
            let version = part.version.as_deref().unwrap_or_default();
            provenance.made_of.push(format!("{} {version}", part.name));
            for licence in &part.licenses {
                let (RawLicence::Expression(name) | RawLicence::License { name }) = licence;
                if !provenance.licences.contains(name) {
                    provenance.licences.push(name.clone());
                }
            }
        }
        found.insert(path.to_owned(), provenance);
    }
    Ok(found)
}

/// What sort of thing files are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MaterialKind {
    /// A Debian package.
    Package,
    /// `mend`, or a library that a compiler links into it.
    Program,
    /// A crate.
    Crate,
}

/// Something that files of the stick are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Material {
    /// What sort of thing it is.
    pub kind: MaterialKind,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its digest, if there is one file of it.
    pub sha256: Option<String>,
}

impl Material {
    /// Returns the name without a version inside it: kernels carry theirs in the name.
    pub fn family(&self) -> String {
        match self.name.strip_prefix("linux-image-") {
            Some(rest) => {
                let flavour = rest.rsplit('-').next().unwrap_or(rest);
                let series: Vec<&str> = rest.split('.').take(2).collect();
                format!("linux-image {} {flavour}", series.join("."))
            }
            None => self.name.clone(),
        }
    }
}

/// Returns what a bill says that files are made of.
pub fn materials(text: &str) -> Result<Vec<Material>, BomError> {
    let raw = parse(text)?;
    let materials = raw.components.into_iter().filter_map(|component| {
        let kind = match component.reference.as_str() {
            reference if reference.starts_with("pkg:deb/") => MaterialKind::Package,
            reference if reference.starts_with("pkg:cargo/") => MaterialKind::Crate,
            reference if reference == MEND || reference.starts_with(LINKED) => {
                MaterialKind::Program
            }
            _ => return None,
        };
        Some(Material {
            kind,
            name: component.name,
            version: component.version.unwrap_or_default(),
            sha256: component.hashes.into_iter().next().map(|hash| hash.content),
        })
    });
    Ok(materials.collect())
}

fn parse(text: &str) -> Result<RawBom, BomError> {
    let raw: RawBom = serde_json::from_str(text)?;
    if (raw.bom_format.as_str(), raw.spec_version.as_str()) != ("CycloneDX", SPEC_VERSION) {
        let found = format!("{} {}", raw.bom_format, raw.spec_version);
        return Err(BomError::Version { found });
    }
    Ok(raw)
}

fn origin_in<'a>(components: &'a [RawComponent], path: &str) -> Option<&'a str> {
    let mut components = components.iter();
    let found = components.find(|one| one.property(PATH) == Some(path))?;
    found.property(ORIGIN)
}

fn package_component(package: &CarriedPackage) -> RawComponent {
    let mut component = RawComponent::named("application", package.reference(), &package.name)
        .with_sha256(package.sha256);
    component.version = Some(package.version.clone());
    component.purl = Some(package.reference());
    component.licenses = vec![match package.licence {
        Some(licence) => RawLicence::Expression(licence.to_owned()),
        None => RawLicence::License {
            name: format!("as {} says under {}", paths::LICENCES, package.name),
        },
    }];
    component.external_references = (package.papers.sources.iter())
        .map(|(name, version)| RawReference {
            kind: "source-distribution".to_owned(),
            url: package::debian_purl(name, version, "source"),
        })
        .collect();
    component
}

/// Returns `mend` and everything that is linked into it, and the references of the latter.
fn mend_components(mend: &MendNote) -> (Vec<RawComponent>, Vec<String>) {
    let mut program = RawComponent::named("application", MEND, "mend").with_sha256(mend.sha256);
    program.version = Some(env!("CARGO_PKG_VERSION").to_owned());
    program.licenses = vec![RawLicence::Expression(env!("CARGO_PKG_LICENSE").to_owned())];
    program.description = Some("the only program of the rescue environment".to_owned());
    let mut components = vec![program];
    for LinkedPart {
        name,
        version,
        licence,
    } in &mend.linked
    {
        let mut component = RawComponent::named("library", format!("{LINKED}{name}"), name);
        component.version = Some(version.clone());
        component.licenses = vec![RawLicence::Expression((*licence).to_owned())];
        component.description = Some("linked into mend".to_owned());
        components.push(component);
    }
    for one in &CARRIED_CRATES.crates {
        let purl = format!("pkg:cargo/{}@{}", one.name, package::encoded(&one.version));
        let mut component = RawComponent::named("library", &purl, &one.name);
        component.version = Some(one.version.clone());
        if let Some(sha256) = &one.sha256 {
            component = component.with_sha256(sha256);
        }
        component.licenses = vec![RawLicence::Expression(one.licence.clone())];
        component.purl = Some(purl);
        components.push(component);
    }
    let linked = components.iter().skip(1);
    let needs = linked.map(|one| one.reference.clone()).collect();
    (components, needs)
}

fn input_component(job: &Job, file: &ImageFile) -> RawComponent {
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let mut component = RawComponent::named(INPUT, format!("file:{}", file.path), name)
        .with_sha256(file.sha256)
        .with_property(PATH, &file.path)
        .with_property(ORIGIN, &file.origin);
    let mut sets = job.definitions.values();
    component.version = sets
        .find(|set| set.package == file.path)
        .map(|set| set.version.clone());
    component.licenses = vec![match file.origin.as_str() {
        BUILT_IN_REMEDY => RawLicence::Expression(env!("CARGO_PKG_LICENSE").to_owned()),
        _ => RawLicence::License {
            name: "its owner's; not stated".to_owned(),
        },
    }];
    component
}

/// Returns a serial number that follows from the bill without one.
fn serial_number(text: &str) -> String {
    let digest = Sha256Digest::of(text.as_bytes());
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(digest.0) {
        *byte = from;
    }
    format!(
        "urn:uuid:{}",
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    )
}

fn text_of(bom: &RawBom) -> String {
    // OK to default: strings and lists of them are always JSON.
    let mut text = serde_json::to_string_pretty(bom).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
