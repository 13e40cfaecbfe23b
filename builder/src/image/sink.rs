//! The output as one run of bytes: gathered into large writes, hashed on another thread meanwhile.

use std::io::{Seek, Write};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{Scope, ScopedJoinHandle};

use rescue_stick::digest::Sha256Digest;
use sha2::{Digest, Sha256};

use super::{CHUNK, ImageError, Progress, Written, seek};
use crate::lba::{ByteSize, Lba, SECTOR_SIZE};

/// Buffers on their way to the hashing thread and back.
const BUFFERS: usize = 4;

/// What the hashing thread is given, in the order of the image.
enum ToHash {
    /// The first so many bytes of a buffer, which then comes back.
    Buffer(Vec<u8>, usize),
    /// So many zeros.
    Zeros(u64),
}

/// An output that is written from start to end.
pub(super) struct Sink<'scope, 'a, W> {
    output: &'a mut W,
    progress: &'a mut dyn FnMut(Progress),
    total: ByteSize,
    written: u64,
    /// Where the first byte of the buffer belongs, in bytes.
    position: u64,
    buffer: Vec<u8>,
    used: usize,
    postponed: Vec<(Lba, Vec<u8>)>,
    to_hash: SyncSender<ToHash>,
    hashed: Receiver<Vec<u8>>,
    hasher: ScopedJoinHandle<'scope, Sha256Digest>,
}

impl<'scope, 'a, W: Write + Seek> Sink<'scope, 'a, W> {
    /// Returns a sink at the start of `output`.
    pub(super) fn new<'env>(
        scope: &'scope Scope<'scope, 'env>,
        output: &'a mut W,
        total: ByteSize,
        progress: &'a mut dyn FnMut(Progress),
    ) -> Self {
        let (to_hash, incoming) = mpsc::sync_channel(BUFFERS);
        let (outgoing, hashed) = mpsc::sync_channel(BUFFERS);
        for _ in 1..BUFFERS {
            // OK to discard: the receiver is held here.
            let _ = outgoing.send(vec![0; CHUNK]);
        }
        Self {
            output,
            progress,
            total,
            written: 0,
            position: 0,
            buffer: vec![0; CHUNK],
            used: 0,
            postponed: Vec::new(),
            to_hash,
            hashed,
            hasher: scope.spawn(move || hash_all(&incoming, &outgoing)),
        }
    }

    /// Writes bytes at the current place.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<(), ImageError> {
        while !bytes.is_empty() {
            let room = self.room()?;
            let fits = bytes.len().min(room.len());
            let (now, later) = bytes.split_at(fits);
            room[..fits].copy_from_slice(now);
            self.filled(fits);
            bytes = later;
        }
        Ok(())
    }

    /// Leaves room for bytes that are written by [`Sink::finish`]. They must be whole sectors.
    pub(super) fn postpone(&mut self, bytes: &[u8]) -> Result<(), ImageError> {
        self.flush()?;
        let lba = self.lba();
        self.hash(ToHash::Buffer(bytes.to_vec(), bytes.len()));
        self.position += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.postponed.push((lba, bytes.to_vec()));
        seek(self.output, self.lba())
    }

    /// Returns room for the next bytes; never empty.
    pub(super) fn room(&mut self) -> Result<&mut [u8], ImageError> {
        if self.used == self.buffer.len() {
            self.flush()?;
        }
        Ok(&mut self.buffer[self.used..])
    }

    /// Takes the first `bytes` bytes of the room as written.
    pub(super) fn filled(&mut self, bytes: usize) {
        self.used += bytes;
    }

    /// Writes zeros up to the sector `end`.
    pub(super) fn zeros_to(&mut self, end: Lba) -> Result<(), ImageError> {
        let here = self.position + u64::try_from(self.used).unwrap_or(u64::MAX);
        let mut left = end.byte_offset().saturating_sub(here);
        while left > 0 {
            let room = self.room()?;
            let fits = usize::try_from(left).unwrap_or(usize::MAX).min(room.len());
            room[..fits].fill(0);
            self.filled(fits);
            left -= u64::try_from(fits).unwrap_or(left);
        }
        Ok(())
    }

    /// Leaves everything up to the sector `end` as it is.
    pub(super) fn skip_to(&mut self, end: Lba) -> Result<(), ImageError> {
        self.flush()?;
        let skipped = end.byte_offset().saturating_sub(self.position);
        self.hash(ToHash::Zeros(skipped));
        self.position += skipped;
        seek(self.output, end)
    }

    /// Writes what was postponed, and returns what the image is.
    pub(super) fn finish(mut self) -> Result<Written, ImageError> {
        self.flush()?;
        let size = ByteSize(self.position);
        for (lba, bytes) in std::mem::take(&mut self.postponed) {
            seek(self.output, lba)?;
            self.write_out(lba, &bytes)?;
        }
        let flushed = self.output.flush();
        flushed.map_err(|source| ImageError::Output {
            lba: self.lba(),
            source,
        })?;
        drop(self.to_hash);
        let sha256 = match self.hasher.join() {
            Ok(sha256) => sha256,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        Ok(Written {
            sha256,
            size,
            bytes_written: ByteSize(self.written),
        })
    }

    fn lba(&self) -> Lba {
        Lba(self.position / SECTOR_SIZE)
    }

    fn flush(&mut self) -> Result<(), ImageError> {
        if self.used == 0 {
            return Ok(());
        }
        let lba = self.lba();
        // A buffer comes back sooner or later; if none does, the thread has panicked.
        let next = self.hashed.recv().unwrap_or_else(|_| vec![0; CHUNK]);
        let full = std::mem::replace(&mut self.buffer, next);
        let used = std::mem::take(&mut self.used);
        self.write_out(lba, &full[..used])?;
        self.position += u64::try_from(used).unwrap_or(u64::MAX);
        self.hash(ToHash::Buffer(full, used));
        Ok(())
    }

    fn write_out(&mut self, lba: Lba, bytes: &[u8]) -> Result<(), ImageError> {
        let written = self.output.write_all(bytes);
        written.map_err(|source| ImageError::Output { lba, source })?;
        self.written += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        (self.progress)(Progress {
            written: ByteSize(self.written),
            total: self.total,
        });
        Ok(())
    }

    fn hash(&self, what: ToHash) {
        // OK to discard: this only fails when the thread has panicked, which `finish` passes on.
        let _ = self.to_hash.send(what);
    }
}

/// Hashes what comes in until nobody sends any more.
fn hash_all(incoming: &Receiver<ToHash>, outgoing: &SyncSender<Vec<u8>>) -> Sha256Digest {
    static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
    let mut hasher = Sha256::new();
    for what in incoming {
        match what {
            ToHash::Buffer(buffer, used) => {
                hasher.update(&buffer[..used]);
                if buffer.len() == CHUNK {
                    // OK to discard: nobody waits for it when writing has ended.
                    let _ = outgoing.try_send(buffer);
                }
            }
            ToHash::Zeros(mut left) => {
                while left > 0 {
                    let now = usize::try_from(left).unwrap_or(usize::MAX).min(ZEROS.len());
                    hasher.update(&ZEROS[..now]);
                    left -= u64::try_from(now).unwrap_or(left);
                }
            }
        }
    }
    Sha256Digest(hasher.finalize().into())
}
