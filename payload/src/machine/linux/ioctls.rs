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
use rustix::ioctl::{IntegerSetter, Ioctl, IoctlOutput, NoArg, Opcode, Setter, Updater, ioctl};

/// Source: linux/fs.h, `BLKFLSBUF` = `_IO(0x12, 97)`.
const BLKFLSBUF: Opcode = rustix::ioctl::opcode::none(0x12, 97);
/// Source: linux/fs.h, `FIBMAP` = `_IO(0x00, 1)`.
const FIBMAP: Opcode = rustix::ioctl::opcode::none(0, 1);
/// Source: linux/loop.h, `LOOP_CTL_GET_FREE`, `LOOP_CONFIGURE`.
const LOOP_CTL_GET_FREE: Opcode = 0x4C82;
const LOOP_CONFIGURE: Opcode = 0x4C0A;
/// Source: linux/loop.h, `LO_FLAGS_READ_ONLY`, `LO_FLAGS_AUTOCLEAR`.
const READ_ONLY: u32 = 1;
const AUTOCLEAR: u32 = 4;

/// Source: linux/kd.h, `KDSKBENT`, `KDMKTONE`.
const KDSKBENT: Opcode = 0x4B47;
const KDMKTONE: Opcode = 0x4B30;
/// Ticks of a PC's timer in a second, by which its speaker is tuned. Source: linux/timex.h,
/// `PIT_TICK_RATE`.
const TIMER_TICKS: u32 = 1_193_182;

/// `struct kbentry`. Source: linux/kd.h.
#[repr(C)]
struct KeyEntry {
    table: u8,
    index: u8,
    value: u16,
}

/// Gives a key of the keyboard a meaning, on all virtual terminals.
pub fn set_key(console: &File, table: u8, index: u8, value: u16) -> io::Result<()> {
    let entry = KeyEntry {
        table,
        index,
        value,
    };
    // SAFETY: KDSKBENT reads a struct kbentry, whose layout `KeyEntry` has.
    unsafe { ioctl(console, Setter::<KDSKBENT, _>::new(entry))? };
    Ok(())
}

/// Begins a tone of the PC's speaker, which the kernel ends by itself.
pub fn beep(console: &File, hertz: u32, milliseconds: u16) -> io::Result<()> {
    let period = TIMER_TICKS / hertz.max(20);
    let argument = (u32::from(milliseconds) << 16) | (period & 0xFFFF);
    let argument = usize::try_from(argument).map_err(io::Error::other)?;
    // SAFETY: KDMKTONE takes a number: milliseconds above, ticks of the timer below.
    unsafe { ioctl(console, IntegerSetter::<KDMKTONE>::new_usize(argument))? };
    Ok(())
}

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

/// Returns where the block `index` of a file lies on its device, in the file system's blocks; 0 is a hole.
pub fn find_block(file: &File, index: u32) -> io::Result<u32> {
    let mut block = index;
    // SAFETY: FIBMAP reads and writes one int through the pointer, which is that of a live u32.
    unsafe { ioctl(file, Updater::<FIBMAP, u32>::new(&mut block))? };
    Ok(block)
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
