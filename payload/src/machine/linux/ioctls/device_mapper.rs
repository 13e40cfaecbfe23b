//! The kernel's device mapper: devices whose sectors are those of other devices, decrypted on the way.
//!
//! ```text
//! 0 version (3 × u32)  12 size (u32)  16 start of the data (u32)  20 targets (u32)  24 users  28 flags (u32)
//! 32 event  40 device (u64)  48 name (128)  176 UUID (129)  305 …  312 data:
//!     target  0 start (u64)  8 length (u64)  16 status  20 next (u32)  24 kind (16)  40 parameters, zero-ended
//! ```
//! A table with a key in it is wiped here, and by the kernel too, as it is asked to.
//!
//! Source: linux/dm-ioctl.h; Documentation/admin-guide/device-mapper.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::ioctl::{Opcode, Updater, ioctl};
use zeroize::{Zeroize as _, Zeroizing};

/// Where requests go. The kernel makes it when its module `dm_mod` is loaded.
const CONTROL: &str = "/dev/mapper/control";
/// Source: linux/dm-ioctl.h, `DM_DEV_CREATE_CMD` and the others, all `_IOWR(0xfd, n, struct dm_ioctl)`.
const CREATE: Opcode = rustix::ioctl::opcode::read_write::<[u8; HEAD_LENGTH]>(0xFD, 3);
const REMOVE: Opcode = rustix::ioctl::opcode::read_write::<[u8; HEAD_LENGTH]>(0xFD, 4);
const SUSPEND: Opcode = rustix::ioctl::opcode::read_write::<[u8; HEAD_LENGTH]>(0xFD, 6);
const LOAD: Opcode = rustix::ioctl::opcode::read_write::<[u8; HEAD_LENGTH]>(0xFD, 9);
/// Source: linux/dm-ioctl.h, `DM_READONLY_FLAG`, `DM_SECURE_DATA_FLAG`.
const READ_ONLY: u32 = 1;
const SECURE_DATA: u32 = 1 << 15;
const HEAD_LENGTH: usize = 312;
const TARGET_LENGTH: usize = 40;
/// Bytes of a request; a BitLocker volume has ten targets of some 300 bytes.
const REQUEST_LENGTH: usize = 16 << 10;
/// How long the kernel may take to show a device.
const PATIENCE: Duration = Duration::from_secs(10);

/// A stretch of a mapped device. Lengths are in sectors of 512 bytes whatever the disk's are.
pub struct Target {
    /// Where it begins.
    pub start: u64,
    /// How long it is.
    pub length: u64,
    /// Kind, as the kernel calls it: `crypt`, `zero`.
    pub kind: &'static str,
    /// What the kind wants to know. May hold a key.
    pub parameters: Zeroizing<String>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{} {}", self.start, self.length, self.kind)
    }
}

/// A request and its answer: `struct dm_ioctl` with its data.
#[repr(C, align(8))]
struct Request([u8; REQUEST_LENGTH]);

impl Drop for Request {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Request {
    fn new(name: &str, flags: u32) -> io::Result<Box<Self>> {
        let mut request = Box::new(Self([0; REQUEST_LENGTH]));
        let length = u32::try_from(REQUEST_LENGTH).map_err(io::Error::other)?;
        let start = u32::try_from(HEAD_LENGTH).map_err(io::Error::other)?;
        // Version 4.0 has all that is asked for; the kernel refuses other majors.
        for (offset, number) in [(0, 4), (12, length), (16, start), (28, flags)] {
            request.put(offset, &number.to_le_bytes())?;
        }
        if name.len() > 127 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        request.put(48, name.as_bytes())?;
        Ok(request)
    }

    fn put(&mut self, offset: usize, bytes: &[u8]) -> io::Result<()> {
        let end = offset.saturating_add(bytes.len());
        let place = self.0.get_mut(offset..end);
        let place = place.ok_or_else(|| io::Error::other("the table is too long"))?;
        place.copy_from_slice(bytes);
        Ok(())
    }

    fn put_targets(&mut self, targets: &[Target]) -> io::Result<()> {
        let count = u32::try_from(targets.len()).map_err(io::Error::other)?;
        self.put(20, &count.to_le_bytes())?;
        let mut offset = HEAD_LENGTH;
        for target in targets {
            // One zero at least behind the parameters, and the next target at a multiple of eight.
            let length = TARGET_LENGTH.saturating_add(target.parameters.len());
            let length = length.saturating_add(1).next_multiple_of(8);
            let next = u32::try_from(length).map_err(io::Error::other)?;
            self.put(offset, &target.start.to_le_bytes())?;
            self.put(offset.saturating_add(8), &target.length.to_le_bytes())?;
            self.put(offset.saturating_add(20), &next.to_le_bytes())?;
            self.put(offset.saturating_add(24), target.kind.as_bytes())?;
            let parameters = offset.saturating_add(TARGET_LENGTH);
            self.put(parameters, target.parameters.as_bytes())?;
            offset = offset.saturating_add(length);
        }
        if offset > REQUEST_LENGTH {
            return Err(io::Error::other("the table is too long"));
        }
        Ok(())
    }

    /// Returns the minor number of the device that the answer is about. Source: linux/kdev_t.h,
    /// `huge_encode_dev`.
    fn minor(&self) -> u64 {
        let device = self.0.get(40..48).and_then(|bytes| bytes.try_into().ok());
        let device = device.map_or(0, u64::from_le_bytes);
        (device & 0xFF) | ((device >> 12) & 0xFFF_FF00)
    }
}

/// A mapped device. It stays when this is dropped: what lies on it may be in use until the PC restarts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedDevice {
    path: PathBuf,
}

impl MappedDevice {
    /// Makes a device called `name` of `targets`. If the disk below refuses writing, the device does too.
    pub fn create(name: &str, targets: &[Target]) -> io::Result<Self> {
        let control = fs_err::OpenOptions::new()
            .read(true)
            .write(true)
            .open(CONTROL)?;
        let control = control.file();
        let mut request = Request::new(name, 0)?;
        // SAFETY: the command reads and writes a struct dm_ioctl of the length that stands in it, which is
        // that of the live buffer behind the pointer.
        unsafe { ioctl(control, Updater::<CREATE, Request>::new(&mut request))? };
        let minor = request.minor();
        let loaded = load_table(control, name, targets, 0)
            .or_else(|_| load_table(control, name, targets, READ_ONLY))
            .and_then(|()| resume(control, name))
            .and_then(|()| wait_for(&Path::new("/dev").join(format!("dm-{minor}"))));
        match loaded {
            Ok(path) => Ok(Self { path }),
            Err(error) => {
                let _ = remove(control, name);
                Err(error)
            }
        }
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn load_table(control: &File, name: &str, targets: &[Target], flags: u32) -> io::Result<()> {
    let mut request = Request::new(name, SECURE_DATA | flags)?;
    request.put_targets(targets)?;
    // SAFETY: as in `MappedDevice::create`; the targets lie inside the buffer, each where the one before
    // says, and their parameters end with a zero.
    unsafe { ioctl(control, Updater::<LOAD, Request>::new(&mut request))? };
    Ok(())
}

fn resume(control: &File, name: &str) -> io::Result<()> {
    // Without its flag, the command to suspend resumes.
    let mut request = Request::new(name, 0)?;
    // SAFETY: as in `MappedDevice::create`.
    unsafe { ioctl(control, Updater::<SUSPEND, Request>::new(&mut request))? };
    Ok(())
}

fn remove(control: &File, name: &str) -> io::Result<()> {
    let mut request = Request::new(name, 0)?;
    // SAFETY: as in `MappedDevice::create`.
    unsafe { ioctl(control, Updater::<REMOVE, Request>::new(&mut request))? };
    Ok(())
}

fn wait_for(path: &Path) -> io::Result<PathBuf> {
    let started = Instant::now();
    while !path.exists() {
        if started.elapsed() > PATIENCE {
            let text = format!("{}: did not appear", path.display());
            return Err(io::Error::other(text));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(start: u64, kind: &'static str, parameters: &str) -> Target {
        Target {
            start,
            length: 8,
            kind,
            parameters: Zeroizing::new(parameters.to_owned()),
        }
    }

    #[test]
    fn a_request_is_laid_out_as_the_kernel_reads_it() {
        let mut request = Request::new("name", SECURE_DATA).unwrap();
        let targets = [target(0, "zero", ""), target(8, "crypt", "a b c d e")];
        request.put_targets(&targets).unwrap();
        let number = |at: usize| u32::from_le_bytes(request.0[at..at + 4].try_into().unwrap());
        assert_eq!([0, 12, 16, 20, 28].map(number), [4, 16384, 312, 2, 0x8000]);
        assert_eq!(&request.0[48..53], b"name\0");
        assert_eq!([312, 320, 332].map(number), [0, 8, 48]);
        assert_eq!(&request.0[336..341], b"zero\0");
        assert_eq!([360, 380].map(number), [8, 56]);
        assert_eq!(&request.0[384..390], b"crypt\0");
        assert_eq!(&request.0[400..410], b"a b c d e\0");
        assert_eq!(CREATE, 0xC138_FD03);
    }

    #[test]
    fn refuses_tables_that_do_not_fit_and_shows_no_parameters() {
        let long = target(0, "crypt", &"k".repeat(REQUEST_LENGTH));
        let mut request = Request::new("name", 0).unwrap();
        assert!(request.put_targets(&[long]).is_err());
        assert!(Request::new(&"n".repeat(128), 0).is_err());
        assert_eq!(format!("{:?}", target(3, "crypt", "secret")), "3+8 crypt");
    }
}
