//! Counts what a disk could not read. Drivers and parsers above turn an error into a file or a folder that
//! is not there, so only here is it known that the disk itself is failing.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::io::Errno;

use super::device::BlockDevice;
use crate::area::Area;
use crate::machine::ReadFaults;

/// Reads that failed on the medium.
#[derive(Debug, Default)]
pub(super) struct Faults {
    count: AtomicU64,
    first: AtomicU64,
}

impl Faults {
    /// Returns what was counted so far.
    pub(super) fn read(&self) -> ReadFaults {
        ReadFaults {
            count: self.count.load(Ordering::Relaxed),
            first: self.first.load(Ordering::Relaxed),
        }
    }

    fn note(&self, offset: u64) {
        if self.count.fetch_add(1, Ordering::Relaxed) == 0 {
            self.first.store(offset, Ordering::Relaxed);
        }
    }
}

/// A device whose faults are counted.
#[derive(Clone)]
pub(super) struct Watched {
    device: Arc<dyn BlockDevice>,
    faults: Arc<Faults>,
}

impl Watched {
    /// Begins to count on `device`.
    pub(super) fn over(device: Box<dyn BlockDevice>) -> Self {
        Self {
            device: device.into(),
            faults: Arc::default(),
        }
    }

    /// Returns where it counts.
    pub(super) fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults)
    }

    fn watch(&self, area: Box<dyn Area>) -> Box<dyn Area> {
        Box::new(WatchedArea {
            area,
            faults: self.faults(),
        })
    }
}

impl BlockDevice for Watched {
    fn open(&self) -> io::Result<Box<dyn Area>> {
        Ok(self.watch(self.device.open()?))
    }

    fn open_for_writing(&self) -> io::Result<Box<dyn Area>> {
        Ok(self.watch(self.device.open_for_writing()?))
    }
}

struct WatchedArea {
    area: Box<dyn Area>,
    faults: Arc<Faults>,
}

impl Area for WatchedArea {
    fn len(&self) -> u64 {
        self.area.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let read = self.area.read_at(offset, buffer);
        if let Err(error) = &read
            && Errno::from_io_error(error) == Some(Errno::IO)
        {
            self.faults.note(offset);
        }
        read
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.area.write_at(offset, bytes)
    }

    fn flush(&self) -> io::Result<()> {
        self.area.flush()
    }
}
