//! Reads an image or a stick back and says everything that is wrong with it.
//!
//! The structures are read here once more, field by field, and then by the crates `gpt` and `fatfs`, so
//! that a fault in our own reading does not hide one in our own writing. After them come the digest of
//! every file, the closed set of the manifest and its signature. Nothing is mounted, nothing written,
//! and only reading itself can fail: whatever is wrong with what was read is a [`Problem`].

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::Identity;
use rescue_stick::paths;
use rescue_stick::signature::PublicKey;

use crate::boot::acceptance::Acceptance;
use crate::disk::identity::DiskIdentity;
use crate::fat32::geometry::Geometry;
use crate::lba::{ByteSize, Lba, LbaRange, SECTOR_SIZE};

pub use structure::read_image;
pub(crate) use structure::read_structure;

mod closed_set;
mod content;
mod fat;
mod folders;
pub mod many;
mod partition_table;
pub mod place;
mod second_reader;
mod structure;
pub mod survey;
mod volume;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: a structure with its sector, or a path.
    pub place: String,
    /// What was found there.
    pub finding: String,
    /// What should be there.
    pub expectation: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            finding,
            expectation,
        } = self;
        write!(f, "{place}: {finding}, expected {expectation}")
    }
}

/// Why a check could not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The image or stick could not be read.
    #[error("reading {length} bytes at LBA {lba}")]
    Read {
        /// Where.
        lba: Lba,
        /// How much.
        length: usize,
        /// What the system said.
        source: io::Error,
    },
    /// The length of the image or stick is not known.
    #[error("finding out the size")]
    Size {
        /// What the system said.
        source: io::Error,
    },
}

/// A file as it lies on the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOnImage {
    /// Path on the volume, relative, with `/`.
    pub path: String,
    /// Its length.
    pub size: ByteSize,
    /// Its digest; nothing for journal and scratch, which are work areas.
    pub sha256: Option<Sha256Digest>,
    /// Where it lies; one range if it is contiguous, none if it is empty.
    pub ranges: Vec<LbaRange>,
}

/// A folder as it lies on the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderOnImage {
    /// Path on the volume, relative, with `/`; empty for the root.
    pub path: String,
    /// Where it lies.
    pub ranges: Vec<LbaRange>,
}

/// What an image or stick was found to be.
#[derive(Clone, Debug)]
pub struct ReadImage {
    /// Length of the image file or device.
    pub medium_size: ByteSize,
    /// Length up to and with the backup GPT, or the volume without a GPT; nothing if that is not readable.
    pub image_size: Option<ByteSize>,
    /// Identities and layout, if the partition table is readable.
    pub identity: Option<DiskIdentity>,
    /// Every file, in the order of the folders.
    pub files: Vec<FileOnImage>,
    /// Every folder but the root.
    pub folders: Vec<String>,
    /// Where every folder lies, the root first.
    pub folder_ranges: Vec<FolderOnImage>,
    /// Sizes of the volume, if its boot sector is readable.
    pub(crate) geometry: Option<Geometry>,
    /// Where the volume lies, if its boot sector is readable.
    pub volume: Option<LbaRange>,
    /// The volume's sectors that mean something, in order: boot sectors, both FATs, every cluster in use.
    pub in_use: Vec<LbaRange>,
    /// Free space on the volume.
    pub free_space: ByteSize,
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
    /// What is worth knowing, but not wrong.
    pub notes: Vec<String>,
    /// Content of the few files that carry the signature.
    proof: BTreeMap<String, Vec<u8>>,
    /// What a BIOS runs, if the image is long enough to hold any.
    boot_code: Option<FoundBootCode>,
}

/// The code before the volume, as it was found.
#[derive(Clone, Debug)]
struct FoundBootCode {
    /// The first 440 bytes of LBA 0.
    sector: Vec<u8>,
    /// Everything from the core image's first sector up to the volume.
    core: Vec<u8>,
}

/// The outcome of all checks.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The key under which the signature was checked; nothing if there is none.
    pub key: Option<PublicKey>,
    /// Whether the key was given by the caller. If not, it is the one that lies on the stick: the stick
    /// agrees with itself, but anyone could have made it.
    pub key_is_trusted: bool,
    /// Number of files that the manifest lists.
    pub files: usize,
    /// Who the stick is; nothing for an image.
    pub stick: Option<Identity>,
    /// Paths of the files in `reports`.
    pub reports: Vec<String>,
    /// Length of the image file or device.
    pub medium_size: ByteSize,
    /// Identities, if the GPT is readable.
    pub identity: Option<DiskIdentity>,
    /// Which firmware takes it; nothing is promised before somebody has asked.
    pub acceptance: Acceptance,
    /// Everything that is wrong; empty for a good stick.
    pub problems: Vec<Problem>,
    /// What is worth knowing, but not wrong.
    pub notes: Vec<String>,
}

/// Checks structures, contents, closed set and signature of an image or stick.
///
/// Without a trusted key the one on the stick is used, and [`Verified::key_is_trusted`] says so.
pub fn verify_image(
    source: &mut (impl Read + Seek),
    trusted: Option<&PublicKey>,
) -> Result<Verified, VerifyError> {
    Ok(check_read_image(&read_image(source)?, trusted))
}

/// As [`verify_image`], for an image that was read already.
pub fn check_read_image(image: &ReadImage, trusted: Option<&PublicKey>) -> Verified {
    let mut findings = Findings {
        problems: image.problems.clone(),
        notes: image.notes.clone(),
    };
    let checked = closed_set::check_closed_set(image, trusted, &mut findings);
    findings.notes.extend(note_what_systems_left(image));
    let is_report = |path: &&str| {
        let rest = path.strip_prefix(paths::REPORTS);
        rest.is_some_and(|rest| rest.starts_with('/'))
    };
    let all_paths = image.files.iter().map(|file| file.path.as_str());
    Verified {
        key: checked.key,
        key_is_trusted: trusted.is_some(),
        files: checked.listed,
        stick: checked.stick,
        reports: all_paths.filter(is_report).map(str::to_owned).collect(),
        medium_size: image.medium_size,
        identity: image.identity.clone(),
        acceptance: Acceptance::default(),
        problems: findings.problems,
        notes: findings.notes,
    }
}

/// Returns a line for every folder that a running system left on the stick.
fn note_what_systems_left(image: &ReadImage) -> Vec<String> {
    let mut notes = Vec::new();
    for file in &image.files {
        let (folder, _) = file.path.split_once('/').unwrap_or_default();
        if let Some(system) = paths::left_by_system(folder) {
            let note = format!("/{folder} is not ours and is not read ({system})");
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    notes
}

/// Problems and notes as they are found.
#[derive(Default)]
struct Findings {
    problems: Vec<Problem>,
    notes: Vec<String>,
}

impl Findings {
    fn problem(
        &mut self,
        place: impl Into<String>,
        finding: impl Into<String>,
        expectation: impl Into<String>,
    ) {
        self.problems.push(Problem {
            place: place.into(),
            finding: finding.into(),
            expectation: expectation.into(),
        });
    }

    /// Holds a field against what it should be; returns whether it is that.
    fn check<T: PartialEq + fmt::Debug>(
        &mut self,
        place: &str,
        field: &str,
        found: T,
        expected: T,
    ) -> bool {
        let is_equal = found == expected;
        if !is_equal {
            self.problem(
                place,
                format!("{field} is {found:?}"),
                format!("{expected:?}"),
            );
        }
        is_equal
    }
}

/// What is read: an image file or a device.
struct Medium<'a, S> {
    source: &'a mut S,
    size: u64,
}

impl<'a, S: Read + Seek> Medium<'a, S> {
    /// Finds out the size by going to the end, which works for devices too.
    fn of(source: &'a mut S) -> Result<Self, VerifyError> {
        let end = source.seek(SeekFrom::End(0));
        let size = end.map_err(|source| VerifyError::Size { source })?;
        Ok(Self { source, size })
    }

    fn sectors(&self) -> u64 {
        self.size / SECTOR_SIZE
    }

    /// Returns whether so many sectors from `first` on exist.
    fn holds(&self, first: Lba, sectors: u64) -> bool {
        let end = first.0.checked_add(sectors);
        end.is_some_and(|end| end <= self.sectors())
    }

    /// Fills the buffer from the sector `first` on.
    fn read_into(&mut self, first: Lba, buffer: &mut [u8]) -> Result<(), VerifyError> {
        let mut read = || {
            self.source.seek(SeekFrom::Start(first.byte_offset()))?;
            self.source.read_exact(buffer)
        };
        let result = read();
        result.map_err(|source| VerifyError::Read {
            lba: first,
            length: buffer.len(),
            source,
        })
    }

    fn read_sectors(&mut self, first: Lba, sectors: u64) -> Result<Vec<u8>, VerifyError> {
        let length = usize::try_from(sectors * SECTOR_SIZE).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length];
        self.read_into(first, &mut bytes)?;
        Ok(bytes)
    }
}
