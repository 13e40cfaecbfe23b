//! A disk that fails where it is told to: sectors that cannot be read or written, a write-protect switch.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mend::area::{Area, FileArea};
use mend::machine::linux::device::BlockDevice;
use rustix::io::Errno;

/// What is wrong with a disk; ranges are bytes.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Reading any of these comes back with an I/O error.
    pub unreadable: Vec<Range<u64>>,
    /// Writing any of these does.
    pub unwritable: Vec<Range<u64>>,
    /// Opening it for writing does not work at all.
    pub is_write_protected: bool,
}

/// A file as a disk with [`Faults`].
#[derive(Debug)]
pub struct FailingDisk {
    path: PathBuf,
    faults: Arc<Faults>,
}

impl FailingDisk {
    /// Gives `path` these faults.
    pub fn new(path: &Path, faults: Faults) -> Self {
        Self {
            path: path.to_owned(),
            faults: Arc::new(faults),
        }
    }
}

impl BlockDevice for FailingDisk {
    fn open(&self) -> io::Result<Box<dyn Area>> {
        Ok(Box::new(FaultyArea {
            area: FileArea::open(&self.path)?,
            faults: Arc::clone(&self.faults),
        }))
    }

    fn open_for_writing(&self) -> io::Result<Box<dyn Area>> {
        if self.faults.is_write_protected {
            // What the kernel says of a block device whose write-protect switch is set.
            return Err(Errno::ACCESS.into());
        }
        Ok(Box::new(FaultyArea {
            area: FileArea::open_for_writing(&self.path)?,
            faults: Arc::clone(&self.faults),
        }))
    }
}

struct FaultyArea {
    area: FileArea,
    faults: Arc<Faults>,
}

fn check(bad: &[Range<u64>], offset: u64, length: usize) -> io::Result<()> {
    let end = offset.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
    let is_bad = bad
        .iter()
        .any(|range| range.start < end && offset < range.end);
    if is_bad {
        return Err(Errno::IO.into());
    }
    Ok(())
}

impl Area for FaultyArea {
    fn len(&self) -> u64 {
        self.area.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        check(&self.faults.unreadable, offset, buffer.len())?;
        self.area.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        check(&self.faults.unwritable, offset, bytes.len())?;
        self.area.write_at(offset, bytes)
    }

    fn flush(&self) -> io::Result<()> {
        self.area.flush()
    }
}
