//! A file that several threads read at once, each at a place of its own.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rescue_stick::digest::Sha256Digest;
use sha2::{Digest as _, Sha256};

use crate::hashed_file::read_pieces;

/// Reads a file from a place that no other reader moves.
pub(super) struct FileReader<'a> {
    file: &'a File,
    position: u64,
}

impl<'a> FileReader<'a> {
    pub(super) fn of(file: &'a File) -> Self {
        Self { file, position: 0 }
    }
}

impl Read for FileReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.position)?;
        self.position += u64::try_from(read).unwrap_or_default();
        Ok(read)
    }
}

impl Seek for FileReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            // A device has no length of its own, but an end that can be gone to.
            SeekFrom::End(offset) => {
                let mut file = self.file;
                file.seek(SeekFrom::End(0))?.checked_add_signed(offset)
            }
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let outside = || io::Error::other("position before the start of the image");
        self.position = position.ok_or_else(outside)?;
        Ok(self.position)
    }
}

/// The digest of a whole file, taken while other things are done.
#[derive(Debug)]
pub(super) struct WholeDigest(Mutex<Taking>);

#[derive(Debug)]
enum Taking {
    Running(JoinHandle<io::Result<Sha256Digest>>),
    Done(Sha256Digest),
    Failed,
}

impl WholeDigest {
    /// Begins to take it.
    pub(super) fn begin(file: &Arc<File>) -> Self {
        let file = Arc::clone(file);
        Self(Mutex::new(Taking::Running(thread::spawn(move || {
            let mut hasher = Sha256::new();
            read_pieces(&mut FileReader::of(&file), |piece| hasher.update(piece))?;
            Ok(Sha256Digest(hasher.finalize().into()))
        }))))
    }

    /// Waits for it.
    pub(super) fn wait(&self) -> io::Result<Sha256Digest> {
        let failed = || io::Error::other("its digest could not be taken");
        let mut taking = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *taking, Taking::Failed) {
            Taking::Running(thread) => {
                let digest = thread.join().unwrap_or_else(|_| Err(failed()))?;
                *taking = Taking::Done(digest);
                Ok(digest)
            }
            Taking::Done(digest) => {
                *taking = Taking::Done(digest);
                Ok(digest)
            }
            Taking::Failed => Err(failed()),
        }
    }
}
