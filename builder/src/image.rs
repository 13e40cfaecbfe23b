//! Writes a planned image. Copies in the order of the plan, and decides nothing.
//!
//! What the plan calls unmapped is skipped. MBR and GPT are written after everything else, so that an
//! image or stick that was cut off does not look like one.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;
use rescue_stick::digest::Sha256Digest;

use crate::lba::{ByteSize, Lba};
use crate::plan::{Content, ImageFile, ImagePlan, PieceContent};

mod new_file;
mod sink;

use new_file::NewFile;
use sink::Sink;

/// How far writing has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes written up to now.
    pub written: ByteSize,
    /// Bytes to be written in all.
    pub total: ByteSize,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Digest of the whole image, in which unmapped ranges are zeros.
    pub sha256: Sha256Digest,
    /// Length of the image.
    pub size: ByteSize,
    /// Bytes that were written to it.
    pub bytes_written: ByteSize,
}

/// Why an image was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The output could not be written.
    #[error("writing at LBA {lba}")]
    Output {
        /// Where.
        lba: Lba,
        /// What the system said.
        source: io::Error,
    },
    /// The output could not be made, or not be given its name.
    #[error("making {}", path.display())]
    Create {
        /// The output.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An input could not be read.
    #[error("reading the content of {path}")]
    Input {
        /// Path in the image.
        path: String,
        /// What the system said; names the input.
        source: io::Error,
    },
    /// An input has another length than the plan says.
    #[error("{path}: {found} from {origin}, but the plan says {} bytes; the input changed meanwhile", expected.0)]
    SizeChanged {
        /// Path in the image.
        path: String,
        /// Where it comes from.
        origin: String,
        /// What was read, in words, since reading stops at the end of the room.
        found: String,
        /// What was planned.
        expected: ByteSize,
    },
    /// An input has another content than the plan says.
    #[error(
        "{path}: sha256 {found} from {origin}, but the plan says {expected}; the input changed meanwhile"
    )]
    ContentChanged {
        /// Path in the image.
        path: String,
        /// Where it comes from.
        origin: String,
        /// What it is.
        found: Sha256Digest,
        /// What was planned.
        expected: Sha256Digest,
    },
}

/// Bytes that are read and written at once.
const CHUNK: usize = 1 << 20;

/// Writes the image to `output` from its start, and returns its digest.
///
/// Does not make it durable; that is for the caller, who knows what `output` is.
pub fn write_image(
    plan: &ImagePlan,
    output: &mut (impl Write + Seek),
    progress: &mut dyn FnMut(Progress),
) -> Result<Written, ImageError> {
    write_and_settle(plan, output, progress, |_| Ok(()))
}

/// As [`write_image`], and does what the output needs in the end while the digest is still being taken.
fn write_and_settle<W: Write + Seek>(
    plan: &ImagePlan,
    output: &mut W,
    progress: &mut dyn FnMut(Progress),
    settle: impl FnOnce(&mut W) -> io::Result<()>,
) -> Result<Written, ImageError> {
    std::thread::scope(|scope| {
        let mut sink = Sink::new(scope, output, plan.bytes_to_write(), progress);
        for piece in plan.pieces() {
            match &piece.content {
                PieceContent::Bytes(bytes) => sink.write(bytes)?,
                PieceContent::BytesLast(bytes) => sink.postpone(bytes)?,
                PieceContent::File(file) => copy_file(file, &mut sink)?,
                PieceContent::Unmapped => {}
            }
            match &piece.content {
                PieceContent::Unmapped => sink.skip_to(piece.range.last().advanced_by(1))?,
                _ => sink.zeros_to(piece.range.last().advanced_by(1))?,
            }
        }
        for file in plan.empty_files() {
            copy_file(file, &mut sink)?;
        }
        sink.finish(settle)
    })
}

/// Makes the image file at `path`. Until it is complete and durable it has no name, or a temporary one
/// beside `path` where the file system cannot do without; either way nothing is left behind when
/// writing ends early.
pub fn create_image_file(
    path: &Path,
    plan: &ImagePlan,
    progress: &mut dyn FnMut(Progress),
) -> Result<Written, ImageError> {
    let create = |source| ImageError::Create {
        path: path.to_owned(),
        source,
    };
    let mut file = NewFile::create(path).map_err(create)?;
    let settle = |file: &mut std::fs::File| {
        // An image that ends in free space would end before it.
        file.set_len(plan.size().0)?;
        file.sync_all()
    };
    let written = write_and_settle(plan, file.as_file(), progress, settle)?;
    file.publish().map_err(create)?;
    Ok(written)
}

fn copy_file<'scope>(
    file: &'scope ImageFile,
    sink: &mut Sink<'scope, '_, impl Write + Seek>,
) -> Result<(), ImageError> {
    match &file.content {
        Content::Bytes(bytes) => {
            check_size(file, u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
            sink.write_of_file(bytes)?;
        }
        Content::File(path) => {
            let mut source = open(file, path)?;
            copy_bytes(file, &mut source, sink)?;
            if source.read(&mut [0]).map_err(|error| input(file, error))? > 0 {
                return Err(size_changed(file, "more bytes".to_owned()));
            }
        }
        Content::Part(path, offset) => {
            let mut source = open(file, path)?;
            let seek = source.seek(SeekFrom::Start(*offset));
            seek.map_err(|error| input(file, error))?;
            copy_bytes(file, &mut source, sink)?;
        }
    }
    sink.end_file(file);
    Ok(())
}

fn open(file: &ImageFile, path: &Path) -> Result<fs::File, ImageError> {
    fs::File::open(path).map_err(|source| input(file, source))
}

fn input(file: &ImageFile, source: io::Error) -> ImageError {
    ImageError::Input {
        path: file.path.clone(),
        source,
    }
}

/// Copies as many bytes as the plan says.
fn copy_bytes(
    file: &ImageFile,
    source: &mut impl Read,
    sink: &mut Sink<'_, '_, impl Write + Seek>,
) -> Result<(), ImageError> {
    let mut left = file.size.0;
    while left > 0 {
        let room = sink.room()?;
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(room.len());
        let read = source
            .read(&mut room[..most])
            .map_err(|error| input(file, error))?;
        if read == 0 {
            check_size(file, file.size.0 - left)?;
        }
        sink.filled_from_file(read);
        left -= u64::try_from(read).unwrap_or(u64::MAX);
    }
    Ok(())
}

fn check_size(file: &ImageFile, found: u64) -> Result<(), ImageError> {
    if found == file.size.0 {
        return Ok(());
    }
    Err(size_changed(file, format!("{found} bytes")))
}

fn size_changed(file: &ImageFile, found: String) -> ImageError {
    ImageError::SizeChanged {
        path: file.path.clone(),
        origin: file.origin.clone(),
        found,
        expected: file.size,
    }
}

fn seek(output: &mut impl Seek, lba: Lba) -> Result<(), ImageError> {
    match output.seek(SeekFrom::Start(lba.byte_offset())) {
        Ok(_) => Ok(()),
        Err(source) => Err(ImageError::Output { lba, source }),
    }
}
