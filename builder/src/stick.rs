//! Sticks: which of this computer's disks may become one, and how an image gets onto them.
//!
//! ```text
//! facts (/sys, /proc) -> DeviceFacts -> obstacles (pure) ┐
//! image -> SourceImage ──────────────────────────────────┴> StickPlan -> write_stick, one thread a stick
//! ```
//!
//! The order of the writes is what makes an interrupted stick harmless. What could start a PC is cleared
//! first and made durable; then the room is probed, the image's content is written and read back; only
//! then come backup GPT, GPT and MBR, and those are read back too. Between the first and the last flush
//! there is nothing on the stick that firmware takes for a disk, so no signal needs to be caught.
//!
//! Every writer reads the image by itself, at its own pace, through one open file: the kernel keeps the
//! image in memory once, and no writer ever waits for another. Sticks are written and read past the page
//! cache, so that a slow one does not fill the memory that the fast ones need, an error belongs to the
//! write that caused it, and what is read back comes from the stick.

use std::io;

use crate::lba::{ByteSize, Lba};

pub mod batch;
pub mod buffer;
pub mod device;
pub mod facts;
pub mod identity;
pub mod image_facts;
pub mod labels;
pub mod linux;
pub mod plan;
pub mod probe;
pub mod readback;
pub mod receipts;
pub mod refresh;
pub mod source;
pub mod stale;
pub mod writer;

/// The door to a stick.
///
/// Callers read and write whole sectors, from buffers that [`buffer::AlignedBuffer`] aligned.
pub trait Device: Send {
    /// Returns how many bytes the device says it holds.
    fn size(&self) -> ByteSize;

    /// Reads sectors from `lba` on, past every cache of this computer.
    fn read_at(&mut self, lba: Lba, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes sectors from `lba` on; returns how many bytes were taken.
    fn write_at(&mut self, lba: Lba, bytes: &[u8]) -> io::Result<usize>;

    /// Returns when everything written is durable.
    fn flush(&mut self) -> io::Result<()>;
}

/// Writes all bytes, however few the device takes at once.
pub(crate) fn write_all(device: &mut dyn Device, lba: Lba, bytes: &[u8]) -> io::Result<()> {
    let mut left = bytes;
    let mut lba = lba;
    while !left.is_empty() {
        let taken = device.write_at(lba, left)?;
        let sectors = u64::try_from(taken).unwrap_or(u64::MAX) / crate::lba::SECTOR_SIZE;
        // What was taken of a broken sector is written again.
        let whole = usize::try_from(sectors * crate::lba::SECTOR_SIZE).unwrap_or(usize::MAX);
        match left.get(whole..) {
            Some(rest) if whole > 0 => left = rest,
            _ => return Err(io::ErrorKind::WriteZero.into()),
        }
        lba = lba.advanced_by(sectors);
    }
    Ok(())
}
