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

pub mod console;

pub mod device_mapper;

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
/// Source: scsi/sg.h, `SG_IO`.
const SG_IO: Opcode = 0x2285;
/// Source: linux/nvme_ioctl.h, `NVME_IOCTL_ADMIN_CMD` = `_IOWR('N', 0x41, struct nvme_admin_cmd)`.
const NVME_ADMIN: Opcode = rustix::ioctl::opcode::read_write::<NvmeCommand>(b'N', 0x41);
/// How long a disk may think about its health. A healthy one answers in some milliseconds, and a sick
/// one must not hold up the report.
const DISK_PATIENCE_MS: u32 = 4000;
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

/// What a disk answers to a command that the kernel passes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtaAnswer {
    /// The data.
    pub bytes: Vec<u8>,
    /// The sense data; a command that asks for the registers gets them here.
    pub sense: Vec<u8>,
    /// Whether the command ended well; one that asks for the registers never does, by its status.
    pub is_good: bool,
}

/// Passes the SCSI command `block` to a disk, which reads `length` bytes from it and writes none.
pub fn ata_command(disk: &File, block: &mut [u8], length: usize) -> io::Result<AtaAnswer> {
    /// Source: scsi/sg.h, `SG_DXFER_NONE` and `SG_DXFER_FROM_DEV`.
    const NO_DATA: i32 = -1;
    const FROM_DISK: i32 = -3;
    let (mut bytes, mut sense) = (vec![0_u8; length], vec![0_u8; 32]);
    let mut header = SgHeader {
        interface: i32::from(b'S'),
        direction: if length == 0 { NO_DATA } else { FROM_DISK },
        block_length: u8::try_from(block.len()).map_err(io::Error::other)?,
        sense_size: 32,
        piece_count: 0,
        data_length: u32::try_from(length).map_err(io::Error::other)?,
        data: bytes.as_mut_ptr(),
        block: block.as_mut_ptr(),
        sense: sense.as_mut_ptr(),
        timeout_ms: DISK_PATIENCE_MS,
        flags: 0,
        id: 0,
        user: std::ptr::null_mut(),
        status: 0,
        masked_status: 0,
        message_status: 0,
        sense_written: 0,
        host_status: 0,
        driver_status: 0,
        residue: 0,
        duration_ms: 0,
        outcome: 0,
    };
    // SAFETY: SG_IO reads and writes a struct sg_io_hdr, whose layout `SgHeader` has. Its pointers are
    // those of buffers that live until the call has returned and have the lengths that are stated.
    unsafe { ioctl(disk, Updater::<SG_IO, SgHeader>::new(&mut header))? };
    if header.host_status != 0 {
        let text = format!("the controller says {:#x}", header.host_status);
        return Err(io::Error::other(text));
    }
    sense.truncate(usize::from(header.sense_written));
    Ok(AtaAnswer {
        bytes,
        sense,
        is_good: header.status == 0,
    })
}

/// Returns the health of an NVMe disk, its log page 02h. Source: NVMe 1.4, 5.14, Get Log Page: opcode
/// 02h, the number of words less one in the upper half of dword 10; all namespaces.
pub fn nvme_health_log(disk: &File) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0_u8; 512];
    let mut command = NvmeCommand {
        opcode: 2,
        flags: 0,
        reserved: 0,
        namespace: u32::MAX,
        words_2_and_3: [0; 2],
        metadata: 0,
        address: u64::try_from(bytes.as_mut_ptr().expose_provenance()).map_err(io::Error::other)?,
        metadata_length: 0,
        data_length: 512,
        words_10_to_15: [(512 / 4 - 1) << 16 | 2, 0, 0, 0, 0, 0],
        timeout_ms: DISK_PATIENCE_MS,
        result: 0,
    };
    // SAFETY: NVME_IOCTL_ADMIN_CMD reads and writes a struct nvme_admin_cmd, whose layout `NvmeCommand`
    // has. Its address is that of a buffer of the stated length that lives until the call has returned.
    unsafe { ioctl(disk, Updater::<NVME_ADMIN, NvmeCommand>::new(&mut command))? };
    Ok(bytes)
}

/// `struct sg_io_hdr`. Source: scsi/sg.h.
#[repr(C)]
struct SgHeader {
    interface: i32,
    direction: i32,
    block_length: u8,
    sense_size: u8,
    piece_count: u16,
    data_length: u32,
    data: *mut u8,
    block: *mut u8,
    sense: *mut u8,
    timeout_ms: u32,
    flags: u32,
    id: i32,
    user: *mut std::ffi::c_void,
    status: u8,
    masked_status: u8,
    message_status: u8,
    sense_written: u8,
    host_status: u16,
    driver_status: u16,
    residue: i32,
    duration_ms: u32,
    outcome: u32,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<SgHeader>() == 88);
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<SgHeader>() == 64);

/// `struct nvme_admin_cmd`. Source: linux/nvme_ioctl.h; its 64-bit fields lie at multiples of eight.
#[repr(C)]
struct NvmeCommand {
    opcode: u8,
    flags: u8,
    reserved: u16,
    namespace: u32,
    words_2_and_3: [u32; 2],
    metadata: u64,
    address: u64,
    metadata_length: u32,
    data_length: u32,
    words_10_to_15: [u32; 6],
    timeout_ms: u32,
    result: u32,
}

const _: () = assert!(size_of::<NvmeCommand>() == 72);

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
