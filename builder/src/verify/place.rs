//! One file of an image: where it lies, found without reading the content of any; and what it holds.

use std::io::{Read, Seek};

use rescue_stick::digest::Sha256Digest;

use super::fat;
use super::folders::{self, FoundFile};
use super::{
    FileOnImage, Findings, Medium, Problem, VerifyError, content, partition_table, volume,
};
use crate::lba::{ByteSize, LbaRange};

/// A file that lies in one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacedFile {
    /// Its length; never 0.
    pub size: ByteSize,
    /// Where it lies, up to the end of its last cluster.
    pub range: LbaRange,
}

/// Why the place of a file is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// The image or stick cannot be read.
    #[error(transparent)]
    Read(#[from] VerifyError),
    /// Partition table, file system or file are not as they should be.
    #[error("{0}")]
    NotSound(Problem),
}

/// Returns where the file `path` of an image or stick lies. Partition table, FATs and folders must be
/// sound, since somebody is going to write there.
pub fn find_file(source: &mut (impl Read + Seek), path: &str) -> Result<PlacedFile, PlaceError> {
    let mut medium = Medium::of(source)?;
    let mut findings = Findings::default();
    let table = partition_table::check_partition_table(&mut medium, &mut findings)?;
    let geometry = volume::check_boot_sectors(&mut medium, table.as_ref(), &mut findings)?;
    let mut found = None;
    if let Some(geometry) = geometry {
        let mut fat = fat::check_fats(&mut medium, geometry, &mut findings)?;
        let tree = folders::read_tree(&mut medium, &mut fat, &mut findings)?;
        fat.check_lost_clusters(&mut findings);
        let file = tree.files.into_iter().find(|file| file.path == path);
        found = file.map(|file| match file.extents.as_slice() {
            [extent] => Ok((file.size, geometry.extent_range(*extent))),
            _ => Err(file),
        });
    }
    let problem = |finding: String| {
        PlaceError::NotSound(Problem {
            place: path.to_owned(),
            finding,
            expectation: "a file in one piece".to_owned(),
        })
    };
    if let Some(first) = findings.problems.into_iter().next() {
        return Err(PlaceError::NotSound(first));
    }
    match found {
        Some(Ok((size, Some(range)))) => Ok(PlacedFile {
            size: ByteSize(u64::from(size)),
            range,
        }),
        Some(Err(FoundFile { extents, .. })) if !extents.is_empty() => {
            Err(problem(format!("{} pieces", extents.len())))
        }
        Some(_) => Err(problem("empty".to_owned())),
        None => Err(problem("missing".to_owned())),
    }
}

/// Largest file that [`read_file`] reads.
const MOST_READ: u64 = 16 << 20;

/// Why a file of an image was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadFileError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] VerifyError),
    /// It is longer than anything that is read whole.
    #[error("{path}: {size}, expected at most 16 MiB")]
    TooLong {
        /// Path on the volume.
        path: String,
        /// Its length.
        size: ByteSize,
    },
    /// It has another content than when the image was verified.
    #[error("{path}: changed after the image was verified")]
    Changed {
        /// Path on the volume.
        path: String,
    },
}

/// Reads a small file of an image that was read before, and demands the same content.
pub fn read_file(
    source: &mut (impl Read + Seek),
    file: &FileOnImage,
) -> Result<Vec<u8>, ReadFileError> {
    let path = file.path.clone();
    if file.size.0 > MOST_READ {
        let size = file.size;
        return Err(ReadFileError::TooLong { path, size });
    }
    let mut medium = Medium::of(source)?;
    let bytes = content::read_whole(&mut medium, &file.ranges, file.size)?;
    if file.sha256 != Some(Sha256Digest::of(&bytes)) {
        return Err(ReadFileError::Changed { path });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::{self, SeekFrom};

    use super::*;
    use crate::lba::Lba;

    /// A stick of 1 TiB of zeros that counts what is read of it.
    #[derive(Default)]
    struct Zeros {
        read: usize,
    }

    impl Read for Zeros {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(0);
            self.read += buffer.len();
            Ok(buffer.len())
        }
    }

    impl Seek for Zeros {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            match to {
                SeekFrom::Start(offset) => Ok(offset),
                _ => Ok(1 << 40),
            }
        }
    }

    #[test]
    fn a_small_file_with_a_chain_as_long_as_the_stick_is_read_as_far_as_its_size() {
        let mut stick = Zeros::default();
        let file = FileOnImage {
            path: "mendkit/job.json".to_owned(),
            size: ByteSize(700),
            sha256: Some(Sha256Digest::of(&[0; 700])),
            ranges: LbaRange::starting_at(Lba(2048), 1 << 30)
                .into_iter()
                .collect(),
        };
        assert_eq!(read_file(&mut stick, &file).unwrap(), [0; 700]);
        assert_eq!(stick.read, 1024);
    }
}
