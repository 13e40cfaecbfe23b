//! Says of every sector range of an image or a stick what it is, where it comes from, and what its digest is.
//!
//! The ranges cover the whole medium without gap or overlap. What no structure and no file accounts for is
//! [`RangeKind::Unexplained`], and a sound image has none. Where files come from is told by the bill of
//! materials on the image itself, which is signed like every file.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use rescue_stick::digest::Sha256Digest;
use rescue_stick::job::Job;
use rescue_stick::paths;
use rescue_stick::signature::PublicKey;
use serde::Serialize;

use crate::bom::{BomError, Material, Provenance, materials, provenance_of_files};
use crate::boot::menu::{MENUS, unname_stick};
use crate::disk::layout::Layout;
use crate::lba::{ByteSize, LbaRange};
use crate::verify::place::{ReadFileError, read_file};
use crate::verify::{ReadImage, Verified, VerifyError, check_read_image, read_image};

pub mod compare;
mod digests;
mod ranges;

/// What everything that no package and no person brought comes from.
const MADE_BY_MENDKIT: &str = "made by mendkit";

/// Everything about an image or a stick.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Length of the image file or device.
    pub medium_size: ByteSize,
    /// Which tables it has; nothing if they cannot be read.
    pub layout: Option<Layout>,
    /// What the checks of `verify` came to.
    pub verified: Verified,
    /// What it is to do; nothing if that cannot be read.
    pub job: Option<Job>,
    /// Packages, crates and programs that its files are made of.
    pub materials: Vec<Material>,
    /// The menu, in which the stick has no name; nothing if there is none of ours.
    pub menu: Option<String>,
    /// Every range of sectors, in order.
    pub ranges: Vec<InspectedRange>,
    /// Files that have no byte, and so no sector.
    pub empty_files: Vec<String>,
    /// Every file with its length, and its digest but for work areas.
    pub files: BTreeMap<String, (ByteSize, Option<Sha256Digest>)>,
}

/// Consecutive sectors, and all that is known of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedRange {
    /// First sector.
    pub first_lba: u64,
    /// Number of sectors.
    pub sectors: u64,
    /// What sort of thing it is.
    pub kind: RangeKind,
    /// What it is, in words; for a file, its path.
    pub what: String,
    /// Length of the file in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Where it comes from, in words.
    pub origin: String,
    /// Name and version of everything it was made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub made_of: Vec<String>,
    /// Licences of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub licences: Vec<String>,
    /// Digest of the file, or of all sectors of what is no file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Digest>,
    /// Whether every byte is zero; absent where nothing was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_zero: Option<bool>,
}

/// What sort of thing a range of sectors is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RangeKind {
    /// MBR or GPT.
    PartitionTable,
    /// Code that a BIOS runs.
    BootCode,
    /// Boot sectors and FATs of the volume.
    FileSystem,
    /// A folder of the volume.
    Folder,
    /// A file that is signed, or a signature.
    File,
    /// A file that is written in place: identity, journal, scratch area.
    WorkArea,
    /// A report of a run.
    Report,
    /// What a system that the stick was shown left on it.
    LeftBySystem,
    /// Free clusters, and sectors that nothing uses.
    Free,
    /// Nothing accounts for it.
    Unexplained,
}

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoroughness {
    /// Every sector: for image files.
    Everything,
    /// What is in use: for sticks, whose free space is large and means nothing.
    InUse,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// The image or stick cannot be read.
    #[error(transparent)]
    Read(#[from] VerifyError),
    /// A file of it cannot be read.
    #[error(transparent)]
    File(#[from] ReadFileError),
    /// The bill of materials cannot be read.
    #[error(transparent)]
    Bom(#[from] BomError),
}

impl InspectedRange {
    /// Returns the sectors.
    pub fn range(&self) -> Option<LbaRange> {
        LbaRange::starting_at(crate::lba::Lba(self.first_lba), self.sectors)
    }
}

impl Inspection {
    /// Returns whether everything is accounted for and as it was signed.
    pub fn is_good(&self) -> bool {
        let is_explained = |range: &InspectedRange| range.kind != RangeKind::Unexplained;
        self.verified.problems.is_empty() && self.ranges.iter().all(is_explained)
    }
}

/// Reads an image or a stick and accounts for every sector.
pub fn inspect(
    source: &mut (impl Read + Seek),
    trusted: Option<&PublicKey>,
    thoroughness: Thoroughness,
) -> Result<Inspection, InspectError> {
    let image = read_image(source)?;
    let verified = check_read_image(&image, trusted);
    let bom = read_text(source, &image, paths::BOM)?;
    let (provenance, materials) = match &bom {
        Some(text) => (provenance_of_files(text)?, materials(text)?),
        None => (BTreeMap::new(), Vec::new()),
    };
    let job = read_text(source, &image, paths::JOB)?;
    let menu = match &image.identity {
        Some(identity) => MENUS
            .iter()
            .find_map(|path| read_text(source, &image, path).transpose())
            .transpose()?
            .and_then(|text| unname_stick(&text, identity.volume_serial)),
        None => None,
    };
    let mut ranges = ranges::account_for(&image, &provenance);
    digests::add_digests(source, &mut ranges, thoroughness)?;
    let is_empty = |file: &&crate::verify::FileOnImage| file.ranges.is_empty();
    let empty_files = image.files.iter().filter(is_empty);
    Ok(Inspection {
        medium_size: image.medium_size,
        layout: image.identity.as_ref().map(|identity| identity.layout),
        job: job.and_then(|text| Job::parse(&text).ok()),
        materials,
        menu,
        empty_files: empty_files.map(|file| file.path.clone()).collect(),
        files: (image.files.iter())
            .map(|file| (file.path.clone(), (file.size, file.sha256)))
            .collect(),
        ranges,
        verified,
    })
}

/// Returns a file of the image as text; nothing if it is not there or not text.
fn read_text(
    source: &mut (impl Read + Seek),
    image: &ReadImage,
    path: &str,
) -> Result<Option<String>, InspectError> {
    let Some(file) = image.files.iter().find(|file| file.path == path) else {
        return Ok(None);
    };
    Ok(String::from_utf8(read_file(source, file)?).ok())
}

/// Returns what is known of where a file comes from.
fn origin_of_file(path: &str, known: &BTreeMap<String, Provenance>) -> Provenance {
    if let Some(provenance) = known.get(path) {
        return provenance.clone();
    }
    let words = |origin: &str| Provenance {
        origin: origin.to_owned(),
        ..Provenance::default()
    };
    if let Some(system) = paths::left_by_system(path) {
        return words(&format!("left by a system ({system})"));
    }
    if path.starts_with(&format!("{}/", paths::REPORTS)) {
        return words("written by mend");
    }
    let made_here = [
        paths::MANIFEST,
        paths::MANIFEST_SIGNATURE,
        paths::JOB,
        paths::PUBLIC_KEY,
        paths::BOM,
        paths::IDENTITY,
        paths::HEAD,
        paths::JOURNAL,
        paths::SCRATCH,
    ];
    match path {
        path if made_here.contains(&path) => words(MADE_BY_MENDKIT),
        _ if known.is_empty() => words("not told: the image has no bill of materials"),
        _ => words("not told by the bill of materials"),
    }
}
