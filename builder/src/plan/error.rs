//! Why an image cannot be planned.

use crate::disk::{DiskError, VOLUME_FIRST_LBA};
use crate::fat32::VolumeError;
use crate::lba::{ByteSize, Lba, LbaRange};

/// Contents of which no image can be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The volume cannot be laid out.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The partitions cannot be laid out.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The core image does not fit before the volume.
    #[error("GRUB's core image: {} bytes, expected at most {} before LBA {VOLUME_FIRST_LBA}", size.0, room.0)]
    CoreTooLarge {
        /// Its length.
        size: ByteSize,
        /// What fits.
        room: ByteSize,
    },
    /// A head that is longer than its file.
    #[error("{path}: {head} bytes to be written, but the file has {}", size.0)]
    HeadTooLong {
        /// Path of the reserved file.
        path: String,
        /// Length of the head.
        head: usize,
        /// Length of the file.
        size: ByteSize,
    },
    /// A range that lies before the end of another: a fault of this program.
    #[error("{label}: LBA {range} overlaps {before}")]
    Overlap {
        /// What lies in the range.
        label: String,
        /// The range.
        range: LbaRange,
        /// The end of what comes before.
        before: Lba,
    },
}
