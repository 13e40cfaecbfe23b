//! The few controls of devices that no safe wrapper knows.
#![expect(
    unsafe_code,
    reason = "ioctl numbers and their arguments are promises to the kernel"
)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
use rustix::ioctl::{Getter, Ioctl, IoctlOutput, NoArg, Opcode, Setter, Updater, ioctl};

/// Source: linux/fs.h, `BLKFLSBUF` = `_IO(0x12, 97)`.
const BLKFLSBUF: Opcode = rustix::ioctl::opcode::none(0x12, 97);
/// Source: linux/fs.h, `BLKROGET` = `_IO(0x12, 94)`.
const BLKROGET: Opcode = rustix::ioctl::opcode::none(0x12, 94);
/// Source: linux/fs.h, `FIBMAP` = `_IO(0x00, 1)`.
const FIBMAP: Opcode = rustix::ioctl::opcode::none(0, 1);
/// Source: linux/msdos_fs.h, `FAT_IOCTL_GET_ATTRIBUTES`, `FAT_IOCTL_SET_ATTRIBUTES`.
const FAT_GET_ATTRIBUTES: Opcode = rustix::ioctl::opcode::read::<u32>(b'r', 0x10);
const FAT_SET_ATTRIBUTES: Opcode = rustix::ioctl::opcode::write::<u32>(b'r', 0x11);
/// Source: linux/loop.h, `LOOP_CTL_GET_FREE`, `LOOP_CONFIGURE`.
const LOOP_CTL_GET_FREE: Opcode = 0x4C82;
const LOOP_CONFIGURE: Opcode = 0x4C0A;
/// Source: linux/loop.h, `LO_FLAGS_READ_ONLY`, `LO_FLAGS_AUTOCLEAR`.
const READ_ONLY: u32 = 1;
const AUTOCLEAR: u32 = 4;

/// Makes the kernel forget what it has cached of a block device; does nothing on a file.
pub fn forget_cached(file: &File) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    if !file.metadata()?.file_type().is_block_device() {
        return Ok(());
    }
    // SAFETY: BLKFLSBUF takes no argument, and the descriptor is that of an open block device.
    unsafe { ioctl(file, NoArg::<BLKFLSBUF>::new())? };
    Ok(())
}

/// Returns whether a block device is write-protected; a file never is. Observed: Linux 6.1 opens such a
/// device for writing all the same, and refuses each write.
pub fn is_write_protected(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::FileTypeExt as _;
    if !file.metadata()?.file_type().is_block_device() {
        return Ok(false);
    }
    let mut answer = 0_u32;
    // SAFETY: BLKROGET writes one int through the pointer, which is that of a live u32.
    unsafe { ioctl(file, Updater::<BLKROGET, u32>::new(&mut answer))? };
    Ok(answer != 0)
}

/// Returns where the block `index` of a file lies on its device, in the file system's blocks; 0 is a hole.
pub fn find_block(file: &File, index: u32) -> io::Result<u32> {
    let mut block = index;
    // SAFETY: FIBMAP reads and writes one int through the pointer, which is that of a live u32.
    unsafe { ioctl(file, Updater::<FIBMAP, u32>::new(&mut block))? };
    Ok(block)
}

/// Returns the flags of a file on a FAT volume that the kernel has mounted.
pub fn fat_flags(file: &fs::File) -> io::Result<u32> {
    // SAFETY: FAT_IOCTL_GET_ATTRIBUTES writes one 32-bit number through the pointer.
    let flags = unsafe { ioctl(file.file(), Getter::<FAT_GET_ATTRIBUTES, u32>::new())? };
    Ok(flags)
}

/// Sets the flags of a file on a FAT volume that the kernel has mounted.
pub fn set_fat_flags(file: &fs::File, flags: u32) -> io::Result<()> {
    // SAFETY: FAT_IOCTL_SET_ATTRIBUTES reads one 32-bit number through the pointer.
    unsafe { ioctl(file.file(), Setter::<FAT_SET_ATTRIBUTES, u32>::new(flags))? };
    Ok(())
}

/// A file that the kernel sees as a disk; freed when the last user is gone.
pub struct LoopDevice {
    path: PathBuf,
    // Held until the mount holds the device: an unused one is freed at once.
    _device: fs::File,
}

impl LoopDevice {
    /// Attaches the first free loop device to `file`.
    pub fn attach(file: &Path, is_read_only: bool) -> io::Result<Self> {
        let backing = fs::OpenOptions::new()
            .read(true)
            .write(!is_read_only)
            .open(file)?;
        let control = fs::File::open("/dev/loop-control")?;
        // SAFETY: LOOP_CTL_GET_FREE takes no argument; the result is its return value.
        let number = unsafe { ioctl(control.file(), FreeLoopDevice)? };
        let path = PathBuf::from(format!("/dev/loop{number}"));
        let device = fs::OpenOptions::new()
            .read(true)
            .write(!is_read_only)
            .open(&path)?;
        let flags = if is_read_only {
            READ_ONLY | AUTOCLEAR
        } else {
            AUTOCLEAR
        };
        let descriptor = u32::try_from(backing.as_raw_fd()).unwrap_or(u32::MAX);
        let config = LoopConfig::new(descriptor, flags);
        // SAFETY: LOOP_CONFIGURE reads a struct loop_config, whose layout `LoopConfig` has; the
        // descriptor in it is open.
        unsafe { ioctl(device.file(), Setter::<LOOP_CONFIGURE, _>::new(config))? };
        Ok(Self {
            path,
            _device: device,
        })
    }

    /// Returns the device's path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// `struct loop_config`. Source: linux/loop.h.
#[repr(C)]
struct LoopConfig {
    descriptor: u32,
    block_size: u32,
    /// `lo_device`, `lo_inode`, `lo_rdevice`, `lo_offset`, `lo_sizelimit`.
    places: [u64; 5],
    number: u32,
    encrypt_type: u32,
    encrypt_key_size: u32,
    flags: u32,
    /// `lo_file_name`, `lo_crypt_name`, `lo_encrypt_key`.
    names: [u8; 160],
    init: [u64; 2],
    reserved: [u64; 8],
}

const _: () = assert!(size_of::<LoopConfig>() == 304);

impl LoopConfig {
    fn new(descriptor: u32, flags: u32) -> Self {
        Self {
            descriptor,
            block_size: 0,
            places: [0; 5],
            number: 0,
            encrypt_type: 0,
            encrypt_key_size: 0,
            flags,
            names: [0; 160],
            init: [0; 2],
            reserved: [0; 8],
        }
    }
}

/// Asks for the number of a free loop device.
struct FreeLoopDevice;

// SAFETY: the control takes no argument, and the kernel's answer is its return value alone.
unsafe impl Ioctl for FreeLoopDevice {
    type Output = IoctlOutput;

    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        LOOP_CTL_GET_FREE
    }

    fn as_ptr(&mut self) -> *mut std::ffi::c_void {
        std::ptr::null_mut()
    }

    unsafe fn output_from_ptr(
        output: IoctlOutput,
        _: *mut std::ffi::c_void,
    ) -> rustix::io::Result<Self::Output> {
        Ok(output)
    }
}
