//! Sticks as Linux gives them to us: block devices, and files that stand for them. The only system calls.
#![expect(unsafe_code, reason = "ioctl numbers are promises to the kernel")]

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use rustix::fs::{Advice, OFlags, fadvise, fcntl_getfl, fcntl_setfl, major, minor};
use rustix::io::Errno;
use rustix::ioctl::{NoArg, Opcode, ioctl};

use super::Device;
use super::device::{Bus, DeviceFacts, DeviceNumber, Kind, check_same};
use super::facts::{FactsError, Sources, find_by_number, read_device};
use super::writer::StickError;
use crate::lba::{ByteSize, Lba};

/// Source: linux/fs.h, `BLKFLSBUF` = `_IO(0x12, 97)`: forget what is cached of a device.
const BLKFLSBUF: Opcode = rustix::ioctl::opcode::none(0x12, 97);
/// Source: linux/fs.h, `BLKRRPART` = `_IO(0x12, 95)`: read the partition table again.
const BLKRRPART: Opcode = rustix::ioctl::opcode::none(0x12, 95);

/// An open stick.
#[derive(Debug)]
pub struct OpenStick {
    file: File,
    size: ByteSize,
    is_block_device: bool,
    /// Whether reading and writing go past the page cache; else it is emptied by [`Device::flush`].
    is_direct: bool,
}

/// What a path is that a person named as a stick.
#[derive(Debug)]
pub enum Named {
    /// A whole disk, or a file.
    Stick(Box<DeviceFacts>),
    /// A partition of this disk.
    PartitionOf(String),
    /// Neither a block device nor a file.
    Neither,
}

/// Finds out what a path is. Opens a device only to see whether somebody holds it.
pub fn look_at(sources: &Sources, path: &Path) -> Result<Named, FactsError> {
    let metadata = fs::metadata(path)?;
    if metadata.is_file() {
        return Ok(Named::Stick(Box::new(file_facts(path, &metadata))));
    }
    if !metadata.file_type().is_block_device() {
        return Ok(Named::Neither);
    }
    let Some((name, is_partition)) = find_by_number(sources, device_number(metadata.rdev())) else {
        return Ok(Named::Neither);
    };
    if is_partition {
        return Ok(Named::PartitionOf(name));
    }
    let Some(mut facts) = read_device(sources, &name)? else {
        return Ok(Named::Neither);
    };
    facts.is_held = is_held(&facts.path);
    Ok(Named::Stick(Box::new(facts)))
}

/// Tells whether somebody holds a device: a mount of any container, an array, a volume group, a pool.
/// Nothing if this person may not know.
pub fn is_held(path: &Path) -> Option<bool> {
    let flags = i32::try_from((OFlags::EXCL | OFlags::NONBLOCK).bits()).ok()?;
    let opened = fs::OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path);
    match opened {
        Ok(_) => Some(false),
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => Some(true),
        Err(_) => None,
    }
}

/// Opens a stick for writing, for nobody else, and looks once more whether it is the one that was agreed
/// on. The name may belong to another device by now; what is open cannot change any more.
pub fn open_stick(sources: &Sources, agreed: &DeviceFacts) -> Result<OpenStick, StickError> {
    let path = &agreed.path;
    let open_error = |source: io::Error| StickError::Open {
        path: path.display().to_string(),
        source,
    };
    let stick = OpenStick::open(path).map_err(open_error)?;
    let metadata = stick.file.metadata().map_err(open_error)?;
    let mut now = if stick.is_block_device {
        let found = read_device(sources, &agreed.name);
        let found = found.map_err(|error| open_error(io::Error::other(error.to_string())))?;
        found.ok_or_else(|| open_error(io::ErrorKind::NotFound.into()))?
    } else {
        file_facts(path, &metadata)
    };
    if stick.is_block_device {
        now.number = Some(device_number(metadata.rdev()));
        now.size = stick.size;
    }
    check_same(agreed, &now)?;
    Ok(stick)
}

impl OpenStick {
    fn open(path: &Path) -> io::Result<Self> {
        // O_EXCL without O_CREAT: EBUSY if the kernel holds the device for anyone else.
        let opened = |flags: OFlags| {
            let flags = i32::try_from(flags.bits()).unwrap_or_default();
            let mut options = fs::OpenOptions::new();
            options.read(true).write(true).custom_flags(flags);
            options.open(path).map(fs::File::into_file)
        };
        let is_block_device = fs::metadata(path)?.file_type().is_block_device();
        let exclusive = if is_block_device {
            OFlags::EXCL
        } else {
            OFlags::empty()
        };
        let (file, is_direct) = match opened(exclusive | OFlags::DIRECT) {
            // The file system of a file that stands for a stick may not know direct access.
            Err(error) if is_invalid(&error) => (opened(exclusive)?, false),
            file => (file?, true),
        };
        let size = rustix::fs::seek(&file, rustix::fs::SeekFrom::End(0))?;
        Ok(Self {
            file,
            size: ByteSize(size),
            is_block_device,
            is_direct,
        })
    }

    /// Returns whether that is the file of this stick.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Goes through the page cache from now on, where the alignment of sectors is not enough.
    fn leave_direct(&mut self) -> io::Result<()> {
        self.is_direct = false;
        let flags = fcntl_getfl(&self.file)?;
        Ok(fcntl_setfl(&self.file, flags - OFlags::DIRECT)?)
    }

    /// Makes the kernel forget what it has cached, so that reading back asks the stick.
    fn forget_cached(&self) -> io::Result<()> {
        if self.is_block_device {
            // SAFETY: BLKFLSBUF takes no argument, and the descriptor is that of an open block device.
            return Ok(unsafe { ioctl(&self.file, NoArg::<BLKFLSBUF>::new()) }?);
        }
        Ok(fadvise(&self.file, 0, None, Advice::DontNeed)?)
    }
}

impl Device for OpenStick {
    fn size(&self) -> ByteSize {
        self.size
    }

    fn read_at(&mut self, lba: Lba, buffer: &mut [u8]) -> io::Result<()> {
        let read = self.file.read_exact_at(buffer, lba.byte_offset());
        match read {
            Err(error) if self.is_direct && is_invalid(&error) => {
                self.leave_direct()?;
                self.file.read_exact_at(buffer, lba.byte_offset())
            }
            read => read,
        }
    }

    fn write_at(&mut self, lba: Lba, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write_at(bytes, lba.byte_offset());
        match written {
            Err(error) if self.is_direct && is_invalid(&error) => {
                self.leave_direct()?;
                self.file.write_at(bytes, lba.byte_offset())
            }
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        if self.is_direct {
            return Ok(());
        }
        self.forget_cached()
    }
}

impl Drop for OpenStick {
    fn drop(&mut self) {
        if self.is_block_device {
            // OK to discard: the stick is written; this only spares the person taking it out and in.
            // SAFETY: BLKRRPART takes no argument, and the descriptor is that of an open block device.
            let _ = unsafe { ioctl(&self.file, NoArg::<BLKRRPART>::new()) };
        }
    }
}

fn is_invalid(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::INVAL.raw_os_error())
        || error.kind() == io::ErrorKind::InvalidInput
}

fn device_number(number: u64) -> DeviceNumber {
    DeviceNumber {
        major: major(number),
        minor: minor(number),
    }
}

fn file_facts(path: &Path, metadata: &std::fs::Metadata) -> DeviceFacts {
    DeviceFacts {
        name: path.display().to_string(),
        path: path.to_owned(),
        number: None,
        generation: Some(metadata.ino()),
        model: String::new(),
        serial: None,
        size: ByteSize(metadata.len()),
        sector_size: 512,
        bus: Bus::Other,
        kind: Kind::File,
        is_removable: true,
        is_read_only: metadata.permissions().readonly(),
        uses: Vec::new(),
        is_held: None,
    }
}
