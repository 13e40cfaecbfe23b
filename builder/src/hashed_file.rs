//! A file that was read once: its size and digest, by which it is recognised when it is copied.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use fs_err as fs;
use rescue_stick::digest::Sha256Digest;
use sha2::{Digest as _, Sha256};

/// A file with its size and digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Digest of its content.
    pub sha256: Sha256Digest,
}

impl HashedFile {
    /// Reads the file at `path` once, from the first byte to the last.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut hasher = Sha256::new();
        let size = read_pieces(&mut fs::File::open(path)?, |piece| hasher.update(piece))?;
        let sha256 = Sha256Digest(hasher.finalize().into());
        Ok(Self {
            path: path.to_owned(),
            size,
            sha256,
        })
    }
}

/// Reads to the end and hands on every piece; returns the number of bytes.
pub(crate) fn read_pieces(reader: &mut impl Read, mut each: impl FnMut(&[u8])) -> io::Result<u64> {
    let mut size: u64 = 0;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let count = reader.read(&mut buffer)?;
        let Some(piece) = buffer.get(..count).filter(|piece| !piece.is_empty()) else {
            break;
        };
        each(piece);
        size = size.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
    Ok(size)
}
