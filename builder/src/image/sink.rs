//! The output as one run of bytes: gathered into large writes, hashed on two other threads meanwhile.
//!
//! One thread takes the digest of the image, the other holds every file against the digest that the plan
//! has of it. Both are given the same buffer, which comes back when the last of them is done with it.

use std::io::{self, Seek, Write};
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{Scope, ScopedJoinHandle};

use rescue_stick::digest::Sha256Digest;
use sha2::{Digest, Sha256};

use super::{CHUNK, ImageError, Progress, Written, seek};
use crate::lba::{ByteSize, Lba, SECTOR_SIZE};
use crate::plan::ImageFile;

/// Buffers that are filled, or on their way to the hashing threads and back.
const BUFFERS: usize = 6;

/// A full buffer. Wherever it is dropped, it goes back to be filled again.
struct Lent {
    bytes: Vec<u8>,
    home: SyncSender<Vec<u8>>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        // OK to discard: nobody waits for it when writing has ended.
        let _ = self.home.try_send(std::mem::take(&mut self.bytes));
    }
}

/// What the thread that hashes the image is given, in the order of the image.
enum ToHash {
    /// The first so many bytes of a buffer.
    Buffer(Arc<Lent>, usize),
    /// These bytes.
    Bytes(Vec<u8>),
    /// So many zeros.
    Zeros(u64),
}

/// What a file has of a buffer.
enum Mark<'plan> {
    /// These bytes.
    Bytes(Range<usize>),
    /// Nothing more: the file is complete.
    End(&'plan ImageFile),
}

/// What the thread that checks files is given: a buffer, if any mark is about bytes, and the marks.
type ToCheck<'plan> = (Option<Arc<Lent>>, Vec<Mark<'plan>>);

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
    marks: Vec<Mark<'scope>>,
    postponed: Vec<(Lba, Vec<u8>)>,
    home: SyncSender<Vec<u8>>,
    returned: Receiver<Vec<u8>>,
    to_hash: SyncSender<ToHash>,
    hasher: ScopedJoinHandle<'scope, Sha256Digest>,
    to_check: SyncSender<ToCheck<'scope>>,
    checker: ScopedJoinHandle<'scope, Result<(), ImageError>>,
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
        let (to_check, unchecked) = mpsc::sync_channel(BUFFERS);
        let (home, returned) = mpsc::sync_channel(BUFFERS);
        for _ in 1..BUFFERS {
            // OK to discard: the receiver is held here.
            let _ = home.send(vec![0; CHUNK]);
        }
        Self {
            output,
            progress,
            total,
            written: 0,
            position: 0,
            buffer: vec![0; CHUNK],
            used: 0,
            marks: Vec::new(),
            postponed: Vec::new(),
            home,
            returned,
            to_hash,
            hasher: scope.spawn(move || hash_all(&incoming)),
            to_check,
            checker: scope.spawn(move || check_all(&unchecked)),
        }
    }

    /// Writes bytes at the current place.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<(), ImageError> {
        while !bytes.is_empty() {
            let taken = self.take(bytes)?;
            self.used += taken;
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// Writes bytes of a file at the current place.
    pub(super) fn write_of_file(&mut self, mut bytes: &[u8]) -> Result<(), ImageError> {
        while !bytes.is_empty() {
            let taken = self.take(bytes)?;
            self.filled_from_file(taken);
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// Copies what fits into the room, and returns how much that was.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, ImageError> {
        let room = self.room()?;
        let fits = bytes.len().min(room.len());
        room[..fits].copy_from_slice(&bytes[..fits]);
        Ok(fits)
    }

    /// Leaves room for bytes that are written by [`Sink::finish`]. They must be whole sectors.
    pub(super) fn postpone(&mut self, bytes: &[u8]) -> Result<(), ImageError> {
        self.flush()?;
        let lba = self.lba();
        self.hash(ToHash::Bytes(bytes.to_vec()));
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

    /// Takes the first `bytes` bytes of the room as written, and as the next of the current file.
    pub(super) fn filled_from_file(&mut self, bytes: usize) {
        let start = self.used;
        self.used += bytes;
        self.marks.push(Mark::Bytes(start..self.used));
    }

    /// Says that this was the current file, and has it checked.
    pub(super) fn end_file(&mut self, file: &'scope ImageFile) {
        self.marks.push(Mark::End(file));
    }

    /// Writes zeros up to the sector `end`.
    pub(super) fn zeros_to(&mut self, end: Lba) -> Result<(), ImageError> {
        let here = self.position + u64::try_from(self.used).unwrap_or(u64::MAX);
        let mut left = end.byte_offset().saturating_sub(here);
        while left > 0 {
            let room = self.room()?;
            let fits = usize::try_from(left).unwrap_or(usize::MAX).min(room.len());
            room[..fits].fill(0);
            self.used += fits;
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

    /// Waits until every file is known to be right, writes what was postponed, has `settle` do what the
    /// output needs in the end, and returns what the image is.
    pub(super) fn finish(
        mut self,
        settle: impl FnOnce(&mut W) -> io::Result<()>,
    ) -> Result<Written, ImageError> {
        self.flush()?;
        let marks = std::mem::take(&mut self.marks);
        self.check(None, marks);
        drop(self.to_hash);
        drop(self.to_check);
        join(self.checker)?;
        let size = ByteSize(self.position);
        for (lba, bytes) in self.postponed {
            seek(self.output, lba)?;
            write_all(self.output, lba, &bytes)?;
            self.written += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        }
        (self.progress)(Progress {
            written: ByteSize(self.written),
            total: self.total,
        });
        let settled = self.output.flush().and_then(|()| settle(self.output));
        settled.map_err(|source| ImageError::Output {
            lba: Lba(self.position / SECTOR_SIZE),
            source,
        })?;
        Ok(Written {
            sha256: join(self.hasher),
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
        // A buffer comes back sooner or later, since both threads drop theirs whatever befalls them.
        let next = self.returned.recv().unwrap_or_else(|_| vec![0; CHUNK]);
        let bytes = std::mem::replace(&mut self.buffer, next);
        let home = self.home.clone();
        let full = Arc::new(Lent { bytes, home });
        let used = std::mem::take(&mut self.used);
        let marks = std::mem::take(&mut self.marks);
        // Before it is written, so that all three go on at once.
        self.hash(ToHash::Buffer(Arc::clone(&full), used));
        self.check(Some(Arc::clone(&full)), marks);
        write_all(self.output, lba, &full.bytes[..used])?;
        let used = u64::try_from(used).unwrap_or(u64::MAX);
        self.position += used;
        self.written += used;
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

    fn check(&self, buffer: Option<Arc<Lent>>, marks: Vec<Mark<'scope>>) {
        if !marks.is_empty() {
            // OK to discard: the thread has ended early for a reason that `finish` returns.
            let _ = self.to_check.send((buffer, marks));
        }
    }
}

fn write_all(output: &mut impl Write, lba: Lba, bytes: &[u8]) -> Result<(), ImageError> {
    let written = output.write_all(bytes);
    written.map_err(|source| ImageError::Output { lba, source })
}

fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    match thread.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Hashes what comes in until nobody sends any more.
fn hash_all(incoming: &Receiver<ToHash>) -> Sha256Digest {
    static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
    let mut hasher = Sha256::new();
    for what in incoming {
        match what {
            ToHash::Buffer(lent, used) => hasher.update(&lent.bytes[..used]),
            ToHash::Bytes(bytes) => hasher.update(&bytes),
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

/// Checks files until nobody sends any more, or one is not what the plan says.
fn check_all(incoming: &Receiver<ToCheck<'_>>) -> Result<(), ImageError> {
    let mut hasher = Sha256::new();
    for (buffer, marks) in incoming {
        for mark in marks {
            match (mark, &buffer) {
                (Mark::Bytes(range), Some(lent)) => hasher.update(&lent.bytes[range]),
                // No bytes without a buffer.
                (Mark::Bytes(_), None) => {}
                (Mark::End(file), _) => check_digest(file, hasher.finalize_reset().into())?,
            }
        }
    }
    Ok(())
}

fn check_digest(file: &ImageFile, found: [u8; 32]) -> Result<(), ImageError> {
    if found == file.sha256.0 {
        return Ok(());
    }
    Err(ImageError::ContentChanged {
        path: file.path.clone(),
        origin: file.origin.clone(),
        found: Sha256Digest(found),
        expected: file.sha256,
    })
}
