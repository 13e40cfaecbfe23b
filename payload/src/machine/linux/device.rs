//! Where a volume's bytes are: a partition's device, a file that stands for one, a range of either.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::ioctls;
use crate::area::{Area, FileArea};

/// Something that a volume lies on. Besides [`DevicePath`] the tests have ones that record and fail.
pub trait BlockDevice: Send + Sync {
    /// Opens it for reading, as it is on the medium now.
    fn open(&self) -> io::Result<Box<dyn Area>>;
    /// Opens it for writing, unless somebody else has it mounted.
    fn open_for_writing(&self) -> io::Result<Box<dyn Area>>;
}

/// The device of a partition, or a file that stands for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePath(pub PathBuf);

impl BlockDevice for DevicePath {
    fn open(&self) -> io::Result<Box<dyn Area>> {
        let area = FileArea::open(&self.0)?;
        ioctls::forget_cached(area.file())?;
        Ok(Box::new(area))
    }

    fn open_for_writing(&self) -> io::Result<Box<dyn Area>> {
        // On a block device O_EXCL means: not while it is mounted. Source: open(2).
        let area = FileArea::open_with(&self.0, OFlags::EXCL)?;
        if ioctls::is_write_protected(area.file())? {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        Ok(Box::new(area))
    }
}

/// A range of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaPlace {
    /// The device.
    pub device: PathBuf,
    /// Offset in bytes.
    pub start: u64,
    /// Length in bytes.
    pub length: u64,
}

impl AreaPlace {
    /// Opens the range for reading and writing.
    pub fn open(&self) -> io::Result<FileArea> {
        FileArea::open_for_writing(&self.device)?.part(self.start, self.length)
    }
}

/// Returns the length of a device or file in bytes.
pub fn length_of(path: &Path) -> io::Result<u64> {
    Ok(FileArea::open(path)?.len())
}
