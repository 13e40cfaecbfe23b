//! An image that was found good, ready to be written to any number of sticks.
//!
//! What has to be written follows from the image's own structure and not from the holes of its file:
//! copying a file makes holes, and fills them, as the copier pleases. Journal and scratch area are
//! written up to the last sector that is not zero; their tails and free space mean nothing.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::thread;

use fs_err as fs;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::{IDENTITY_LENGTH, StickId};
use rescue_stick::job::{Job, JobError};
use rescue_stick::journal;
use rescue_stick::paths;
use rescue_stick::signature::PublicKey;

use crate::disk::identity::DiskIdentity;
use crate::disk::{CORE_IMAGE_LBA, VOLUME_FIRST_LBA};
use crate::lba::{ByteSize, Lba, LbaRange, SECTOR_SIZE};
use crate::verify::place::{ReadFileError, read_file};
use crate::verify::{Problem, ReadImage, VerifyError, check_read_image, read_structure};

use super::identity::IdentityPlace;
use super::image_facts::ImageFacts;

mod shared;

use shared::{FileReader, WholeDigest};

/// Sectors that are read, written and hashed at once: 1 MiB.
pub(crate) const CHUNK_SECTORS: u64 = 2048;

/// Bytes of the largest chunk.
pub(crate) const CHUNK: usize = 1 << 20;

/// Why an image cannot be written to sticks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] VerifyError),
    /// It cannot be read a second time.
    #[error("reading the image at LBA {lba}")]
    ReadAgain {
        /// Where.
        lba: Lba,
        /// What the system said.
        source: io::Error,
    },
    /// It is not as it was signed.
    #[error("the image has {} problems, the first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
    Bad(Vec<Problem>),
    /// It is a copy of a stick. What is made from it would have two names.
    #[error("a copy of stick {0}, expected an image as it was built")]
    Stick(StickId),
    /// There is no room for the identity of a stick.
    #[error(
        "{}: {found}, expected {IDENTITY_LENGTH} bytes in one piece; build the image anew",
        paths::IDENTITY
    )]
    Room {
        /// What there is.
        found: String,
    },
    /// The signed job cannot be read.
    #[error(transparent)]
    File(#[from] ReadFileError),
    /// The signed job does not parse.
    #[error(transparent)]
    Job(#[from] JobError),
    /// A fault of this program.
    #[error("taking the digests of the image ended early")]
    Thread,
}

/// Consecutive sectors of the image, at most 1 MiB, with the digest of their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where they lie, on the image as on every stick.
    pub range: LbaRange,
    /// What they hold.
    pub sha256: Sha256Digest,
}

/// An image that is as it was signed.
#[derive(Debug)]
pub struct SourceImage {
    file: Arc<File>,
    whole: WholeDigest,
    /// Its length.
    pub size: ByteSize,
    /// GUIDs and serial numbers.
    pub identity: DiskIdentity,
    /// Where the FAT32 volume lies.
    pub volume: LbaRange,
    /// What a BIOS runs first.
    pub boot_code: [u8; 440],
    /// Where the identity of a stick goes; always a chunk of its own.
    pub identity_range: LbaRange,
    /// What the image is to do.
    pub job: Job,
    /// The key that signed it.
    pub key: PublicKey,
    /// What has to be written but for MBR and GPT, in the order of the sectors.
    pub chunks: Vec<Chunk>,
}

impl SourceImage {
    /// Reads the whole image, and refuses it if anything is wrong with it.
    ///
    /// The files' digests, those of the chunks and that of the whole file are taken at the same time; the
    /// last is waited for when it is asked for.
    pub fn open(file: fs::File, trusted: Option<&PublicKey>) -> Result<Self, SourceError> {
        let file = Arc::new(file.into_file());
        let mut structure = read_structure(&mut FileReader::of(&file))?;
        if !structure.image().problems.is_empty() {
            // Nothing will be written: everything that is wrong is told at once.
            structure.read_contents(&mut FileReader::of(&file))?;
            let verified = check_read_image(&structure.into_image(), trusted);
            return Err(SourceError::Bad(verified.problems));
        }
        let whole = WholeDigest::begin(&file);
        let identity_range = find_identity(structure.image());
        // Without room for an identity it is found wrong below, or refused for that.
        let ranges = match &identity_range {
            Ok(identity) => mapped_ranges(&file, structure.image(), *identity)?,
            Err(_) => Vec::new(),
        };
        let chunks = thread::scope(|scope| {
            let chunks = scope.spawn(|| digest_chunks(&file, &ranges));
            structure.read_contents(&mut FileReader::of(&file))?;
            chunks.join().unwrap_or(Err(SourceError::Thread))
        })?;
        let image = structure.into_image();
        let verified = check_read_image(&image, trusted);
        let found = (image.image_size, image.identity.clone(), image.volume);
        let ((Some(size), Some(identity), Some(volume)), Some(key), true) =
            (found, verified.key, verified.problems.is_empty())
        else {
            return Err(SourceError::Bad(verified.problems));
        };
        if let Some(stick) = verified.stick {
            return Err(SourceError::Stick(stick.facts().id));
        }
        let job = read_job(&mut FileReader::of(&file), &image)?;
        let mut boot_code = [0; 440];
        read(&file, Lba(0), &mut boot_code)?;
        Ok(Self {
            size,
            identity,
            volume,
            boot_code,
            identity_range: identity_range?,
            job,
            key,
            chunks,
            whole,
            file,
        })
    }

    /// Reads sectors of the image; any number of threads may do so at once.
    pub fn read_at(&self, lba: Lba, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, lba.byte_offset())
    }

    /// Returns a reader of the whole image.
    pub(crate) fn reader(&self) -> impl io::Read + io::Seek + '_ {
        FileReader::of(&self.file)
    }

    /// Returns where the identity of a stick goes.
    pub fn identity_place(&self) -> IdentityPlace {
        IdentityPlace {
            offset: self.identity_range.first().byte_offset(),
        }
    }

    /// Returns what receipts and labels say of it.
    pub fn facts(&self) -> io::Result<ImageFacts> {
        Ok(ImageFacts::of(&self.job, &self.key, self.whole.wait()?))
    }

    /// Returns how many bytes of the image go onto a stick, besides MBR and GPT.
    pub fn mapped(&self) -> ByteSize {
        ByteSize(self.chunks.iter().map(|chunk| chunk.range.size().0).sum())
    }

    /// Returns whether that file is this image.
    pub fn is_same_file(&self, other: &File) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt as _;
        let (this, other) = (self.file.metadata()?, other.metadata()?);
        Ok((this.dev(), this.ino()) == (other.dev(), other.ino()))
    }
}

fn digest_chunks(file: &File, ranges: &[LbaRange]) -> Result<Vec<Chunk>, SourceError> {
    let mut chunks = Vec::new();
    let mut buffer = vec![0; CHUNK];
    for range in ranges.iter().flat_map(|range| range.parts(CHUNK_SECTORS)) {
        let bytes = part(&mut buffer, range);
        read(file, range.first(), bytes)?;
        let sha256 = Sha256Digest::of(bytes);
        chunks.push(Chunk { range, sha256 });
    }
    Ok(chunks)
}

/// Returns the first bytes of a buffer of [`CHUNK`] bytes, as many as the range has.
pub(crate) fn part(buffer: &mut [u8], range: LbaRange) -> &mut [u8] {
    let length = usize::try_from(range.size().0).unwrap_or(usize::MAX);
    let length = length.min(buffer.len());
    &mut buffer[..length]
}

fn read(file: &File, lba: Lba, buffer: &mut [u8]) -> Result<(), SourceError> {
    let done = file.read_exact_at(buffer, lba.byte_offset());
    done.map_err(|source| SourceError::ReadAgain { lba, source })
}

/// Returns the sectors of the identity.
fn find_identity(image: &ReadImage) -> Result<LbaRange, SourceError> {
    let room = |found: String| SourceError::Room { found };
    let file = image.files.iter().find(|file| file.path == paths::IDENTITY);
    let file = file.ok_or_else(|| room("missing".to_owned()))?;
    let length = u64::try_from(IDENTITY_LENGTH).unwrap_or(u64::MAX);
    match file.ranges.as_slice() {
        [range] if file.size.0 == length => {
            LbaRange::starting_at(range.first(), length / SECTOR_SIZE)
                .ok_or_else(|| room("nothing".to_owned()))
        }
        ranges => Err(room(format!("{} in {} pieces", file.size, ranges.len()))),
    }
}

fn read_job(file: &mut FileReader<'_>, image: &ReadImage) -> Result<Job, SourceError> {
    let found = image.files.iter().find(|file| file.path == paths::JOB);
    let text = match found {
        Some(found) => read_file(file, found)?,
        None => Vec::new(),
    };
    Ok(Job::parse(&String::from_utf8_lossy(&text))?)
}

/// Returns the sectors that have to be written, in order: everything before the volume, and of the volume
/// what is in use. The identity is a range of its own.
fn mapped_ranges(
    file: &File,
    image: &ReadImage,
    identity: LbaRange,
) -> Result<Vec<LbaRange>, SourceError> {
    let before = VOLUME_FIRST_LBA.0 - CORE_IMAGE_LBA.0;
    let mut ranges: Vec<_> = LbaRange::starting_at(CORE_IMAGE_LBA, before)
        .into_iter()
        .collect();
    let is_work_area = |path: &str| path == paths::JOURNAL || path == paths::SCRATCH;
    let work_files = image.files.iter().filter(|file| is_work_area(&file.path));
    let mut tails = vec![identity];
    for work_file in work_files {
        let head = match work_file.path.as_str() {
            paths::JOURNAL => ByteSize(journal::BODIES_OFFSET).sectors(),
            _ => 0,
        };
        // Both are contiguous; were one not, only the tail of its last run would be left out.
        if let Some(run) = work_file.ranges.last() {
            let head = if work_file.ranges.len() == 1 { head } else { 0 };
            let used = head.max(used_sectors(file, *run)?);
            let rest = run.sectors().saturating_sub(used);
            tails.extend(LbaRange::starting_at(run.first().advanced_by(used), rest));
        }
    }
    for range in &image.in_use {
        ranges.extend(range.without(&tails));
    }
    ranges.push(identity);
    ranges.sort_by_key(|range| range.first());
    Ok(ranges)
}

/// Returns how many sectors of the range there are up to the last that is not zero.
fn used_sectors(file: &File, range: LbaRange) -> Result<u64, SourceError> {
    let mut buffer = vec![0; CHUNK];
    let mut used = 0;
    for piece in range.parts(CHUNK_SECTORS) {
        let bytes = part(&mut buffer, piece);
        read(file, piece.first(), bytes)?;
        if let Some(last) = bytes.iter().rposition(|byte| *byte != 0) {
            let sectors = u64::try_from(last).unwrap_or(u64::MAX) / SECTOR_SIZE + 1;
            used = piece.first().0 - range.first().0 + sectors;
        }
    }
    Ok(used)
}
