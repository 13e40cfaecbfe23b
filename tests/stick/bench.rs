//! A small image and sticks in memory.

use anyhow::Result;
use fs_err as fs;
use mendkit::lba::ByteSize;
use mendkit::stick::plan::plan_stick;
use mendkit::stick::probe::{Probe, ProbeExtent};
use mendkit::stick::source::SourceImage;
use mendkit::stick::writer::{StickError, write_stick};
use support::faulty_device::{Fault, FaultyDevice, Memory};
use support::small_image::make_small_image;
use tempfile::TempDir;

/// Size of the sticks in memory: larger than the images, not a multiple of a MiB.
pub(crate) const STICK: u64 = (48 << 20) + 7 * 512;

/// An image in a folder that goes away with it.
pub(crate) struct Made {
    folder: TempDir,
    pub(crate) image: SourceImage,
}

impl Made {
    /// Makes an image whose content follows from the seed.
    pub(crate) fn new(seed: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("small.img");
        make_small_image(&path, seed, 2_500_000)?;
        let image = SourceImage::open(fs::File::open(&path)?, None)?;
        Ok(Self { folder, image })
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("small.img")
    }

    /// Writes the image to a stick in memory; returns how that ended, and how many writes there were.
    pub(crate) fn write(&self, memory: &Memory, fault: Fault) -> (Result<(), StickError>, usize) {
        let mut device = FaultyDevice::new(memory, STICK, fault);
        let plan = plan_stick(&self.image, ByteSize(STICK)).expect("the stick is large enough");
        let ended = write_stick(&self.image, &plan, quick(), &mut device, &mut |_| ());
        (ended.map(drop), device.writes())
    }
}

/// Returns a quick probe.
pub(crate) fn quick() -> Probe {
    Probe {
        extent: ProbeExtent::Quick,
        nonce: 0x0123_4567_89ab_cdef,
    }
}

/// Tells what firmware could start from: an MBR with its magic, a GPT at either end, a boot sector where
/// the volume lies, or an El Torito catalogue.
pub(crate) fn is_startable(stick: &[u8]) -> bool {
    let at = |offset: usize, magic: &[u8]| stick[offset..].starts_with(magic);
    at(510, &[0x55, 0xaa])
        || at(512, b"EFI PART")
        || at(stick.len() - 512, b"EFI PART")
        || at(17 * 2048 + 1, b"CD001")
}
