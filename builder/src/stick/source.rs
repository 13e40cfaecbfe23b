//! An image that was found good, ready to be written to any number of sticks.
//!
//! What has to be written follows from the image's own structure and not from the holes of its file:
//! copying a file makes holes, and fills them, as the copier pleases. Journal and scratch area are
//! written up to the last sector that is not zero; their tails and free space mean nothing.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use fs_err as fs;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::journal;
use rescue_stick::paths;
use rescue_stick::signature::PublicKey;

use crate::disk::identity::DiskIdentity;
use crate::disk::{CORE_IMAGE_LBA, VOLUME_FIRST_LBA};
use crate::lba::{ByteSize, Lba, LbaRange, SECTOR_SIZE};
use crate::verify::{Problem, ReadImage, VerifyError, check_read_image, read_image};

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
    file: File,
    /// Its length.
    pub size: ByteSize,
    /// GUIDs and serial numbers.
    pub identity: DiskIdentity,
    /// Where the FAT32 volume lies.
    pub volume: LbaRange,
    /// What a BIOS runs first.
    pub boot_code: [u8; 440],
    /// What has to be written but for MBR and GPT, in the order of the sectors.
    pub chunks: Vec<Chunk>,
}

impl SourceImage {
    /// Reads the whole image, and refuses it if anything is wrong with it.
    pub fn open(mut file: fs::File, trusted: Option<&PublicKey>) -> Result<Self, SourceError> {
        let image = read_image(&mut file)?;
        let verified = check_read_image(&image, trusted);
        let parts = (image.image_size, image.identity.clone(), image.volume);
        let (Some(size), Some(identity), Some(volume), true) =
            (parts.0, parts.1, parts.2, verified.problems.is_empty())
        else {
            return Err(SourceError::Bad(verified.problems));
        };
        let file = file.into_file();
        let mut boot_code = [0; 440];
        read(&file, Lba(0), &mut boot_code)?;
        let mut chunks = Vec::new();
        let mut buffer = vec![0; CHUNK];
        for range in mapped_ranges(&file, &image)? {
            for range in range.parts(CHUNK_SECTORS) {
                let bytes = part(&mut buffer, range);
                read(&file, range.first(), bytes)?;
                let sha256 = Sha256Digest::of(bytes);
                chunks.push(Chunk { range, sha256 });
            }
        }
        Ok(Self {
            file,
            size,
            identity,
            volume,
            boot_code,
            chunks,
        })
    }

    /// Reads sectors of the image; any number of threads may do so at once.
    pub fn read_at(&self, lba: Lba, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, lba.byte_offset())
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

/// Returns the sectors that have to be written, in order: everything before the volume, and of the volume
/// what is in use.
fn mapped_ranges(file: &File, image: &ReadImage) -> Result<Vec<LbaRange>, SourceError> {
    let before = VOLUME_FIRST_LBA.0 - CORE_IMAGE_LBA.0;
    let mut ranges: Vec<_> = LbaRange::starting_at(CORE_IMAGE_LBA, before)
        .into_iter()
        .collect();
    let is_work_area = |path: &str| path == paths::JOURNAL || path == paths::SCRATCH;
    let work_files = image.files.iter().filter(|file| is_work_area(&file.path));
    let mut tails = Vec::new();
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
