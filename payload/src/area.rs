//! A range of bytes that is read and written in place: a partition, a preallocated file, memory.
//!
//! Everything that must survive a power cut is written through this trait, so that the tests can cut
//! the power at any write.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use fs_err::os::unix::fs::OpenOptionsExt as _;
use rustix::fs::OFlags;

/// A range of bytes.
pub trait Area: Send + Sync {
    /// Returns the length in bytes.
    fn len(&self) -> u64;
    /// Fills `buffer` from `offset`; reading beyond the end is an error.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`. They are durable only after [`Area::flush`].
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Returns when everything written is on the medium.
    fn flush(&self) -> io::Result<()>;
    /// Returns whether there is no byte in it.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A file or block device, or a part of one.
#[derive(Debug)]
pub struct FileArea {
    file: File,
    start: u64,
    length: u64,
}

impl FileArea {
    /// Opens the whole of `path` for reading; writes to it come back with an error.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::whole(fs_err::File::open(path)?)
    }

    /// Opens the whole of `path` for reading and writing.
    pub fn open_for_writing(path: &Path) -> io::Result<Self> {
        Self::open_with(path, OFlags::empty())
    }

    /// Opens the whole of `path` for reading and writing, with `flags` besides.
    pub fn open_with(path: &Path, flags: OFlags) -> io::Result<Self> {
        let mut options = fs_err::OpenOptions::new();
        options.read(true).write(true);
        options.custom_flags(flags.bits().cast_signed());
        Self::whole(options.open(path)?)
    }

    fn whole(file: fs_err::File) -> io::Result<Self> {
        use std::io::Seek as _;
        let mut file = file.into_file();
        // Seeking tells the size of block devices too; metadata does not.
        let length = file.seek(io::SeekFrom::End(0))?;
        Ok(Self {
            file,
            start: 0,
            length,
        })
    }

    /// Narrows the area to `length` bytes from `start`.
    pub fn part(self, start: u64, length: u64) -> io::Result<Self> {
        let end = start.checked_add(length).filter(|end| *end <= self.length);
        if end.is_none() {
            return Err(beyond(start, length, self.length));
        }
        Ok(Self {
            file: self.file,
            start: self.start.saturating_add(start),
            length,
        })
    }

    /// Returns the open file.
    pub fn file(&self) -> &File {
        &self.file
    }

    fn place(&self, offset: u64, length: usize) -> io::Result<u64> {
        check_range(offset, length, self.length)?;
        Ok(self.start.saturating_add(offset))
    }
}

impl Area for FileArea {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let place = self.place(offset, buffer.len())?;
        self.file.read_exact_at(buffer, place)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let place = self.place(offset, bytes.len())?;
        self.file.write_all_at(bytes, place)
    }

    fn flush(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Bytes in memory that survive nothing. Takes as much memory as was written to it.
#[derive(Debug)]
pub struct RamArea {
    length: u64,
    bytes: Mutex<Vec<u8>>,
}

impl RamArea {
    /// Returns an area of `length` zeros.
    pub fn new(length: u64) -> Self {
        Self {
            length,
            bytes: Mutex::default(),
        }
    }
}

impl Area for RamArea {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        check_range(offset, buffer.len(), self.length)?;
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let written = bytes.get(start..).unwrap_or_default();
        let (kept, zeros) = buffer.split_at_mut(written.len().min(buffer.len()));
        kept.copy_from_slice(written.get(..kept.len()).unwrap_or_default());
        zeros.fill(0);
        Ok(())
    }

    fn write_at(&self, offset: u64, source: &[u8]) -> io::Result<()> {
        check_range(offset, source.len(), self.length)?;
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let end = start.saturating_add(source.len());
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        let target = bytes.get_mut(start..end).unwrap_or_default();
        target.copy_from_slice(source);
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns what the system said, without the path that `fs_err` adds: where a volume happens to be mounted
/// tells a person nothing.
pub fn cause_of(error: &io::Error) -> String {
    let text = error.to_string();
    // "failed to read from file `PATH`: CAUSE"; the crate keeps the cause itself to itself.
    let cause = text
        .rsplit_once("`: ")
        .filter(|_| text.starts_with("failed to "));
    cause.map_or_else(|| text.clone(), |(_, cause)| cause.to_owned())
}

/// Checks that `length` bytes from `offset` lie in an area of `area_length` bytes.
pub fn check_range(offset: u64, length: usize, area_length: u64) -> io::Result<()> {
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    match offset.checked_add(length) {
        Some(end) if end <= area_length => Ok(()),
        _ => Err(beyond(offset, length, area_length)),
    }
}

fn beyond(offset: u64, length: u64, area_length: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        format!("{length} bytes at {offset:#x} asked for, the area ends at {area_length:#x}"),
    )
}

/// Shows an area as a stream, for readers that want one.
#[derive(Clone, Copy)]
pub struct AreaReader<'a> {
    area: &'a dyn Area,
    position: u64,
}

impl<'a> AreaReader<'a> {
    /// Starts at the beginning of `area`.
    pub fn new(area: &'a dyn Area) -> Self {
        Self { area, position: 0 }
    }
}

impl io::Read for AreaReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.area.len().saturating_sub(self.position);
        let length = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let (piece, _) = buffer.split_at_mut(length);
        self.area.read_at(self.position, piece)?;
        let advance = u64::try_from(length).unwrap_or(u64::MAX);
        self.position = self.position.saturating_add(advance);
        Ok(length)
    }
}

impl io::Seek for AreaReader<'_> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let position = match to {
            io::SeekFrom::Start(position) => Some(position),
            io::SeekFrom::End(distance) => self.area.len().checked_add_signed(distance),
            io::SeekFrom::Current(distance) => self.position.checked_add_signed(distance),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn part_of_a_file_stays_within_its_bounds() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"0123456789").unwrap();
        let area = FileArea::open_for_writing(file.path()).unwrap();
        let part = area.part(2, 4).unwrap();
        part.write_at(1, b"xy").unwrap();
        part.flush().unwrap();
        let message = part.write_at(3, b"zz").unwrap_err().to_string();
        let expect = "2 bytes at 0x3 asked for, the area ends at 0x4";
        assert_eq!(message, expect);
        assert_eq!(fs_err::read(file.path()).unwrap(), b"012xy56789");
        assert!(FileArea::open(file.path()).unwrap().part(8, 3).is_err());
    }

    #[test]
    fn memory_reads_as_zeros_where_nothing_was_written() {
        let area = RamArea::new(1 << 40);
        area.write_at(3, b"abc").unwrap();
        let mut found = [1; 8];
        area.read_at(1, &mut found).unwrap();
        assert_eq!(&found, b"\0\0abc\0\0\0");
        area.read_at(1 << 39, &mut found).unwrap();
        assert_eq!(found, [0; 8]);
        assert!(area.write_at((1 << 40) - 1, b"xy").is_err());
    }

    #[test]
    fn the_cause_of_an_error_is_told_without_a_path() {
        let error = FileArea::open(Path::new("/not/there")).unwrap_err();
        assert!(error.to_string().contains("/not/there"));
        assert_eq!(cause_of(&error), "No such file or directory (os error 2)");
        let plain = io::Error::other("text");
        assert_eq!(cause_of(&plain), "text");
    }

    #[test]
    fn an_area_opened_for_reading_cannot_be_written() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), b"abc").unwrap();
        let area = FileArea::open(file.path()).unwrap();
        assert!(area.write_at(0, b"x").is_err());
        assert_eq!(fs_err::read(file.path()).unwrap(), b"abc");
    }
}
