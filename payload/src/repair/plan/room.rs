//! How much room a plan takes. Estimates are generous: what does not fit is refused before anything is
//! written.

use crate::repair::plan::RepairPlan;

/// Bytes that a file takes on the volume beside its content: its record, its name in a folder, the
/// bitmaps, a kept folder. Generous: NTFS writes records of 1 KiB and index blocks of 4 KiB, and
/// begins new folders with a block.
const OVERHEAD_OF_FILE: u64 = 256 << 10;

/// Bytes that a change of a volume takes whatever is written: tables of the file system that grow.
const OVERHEAD_OF_CHANGE: u64 = 1 << 20;

/// Clusters that Windows makes by itself have 4 KiB on all but the largest volumes.
const CLUSTER: u64 = 4096;
/// Clusters that a new name may take in its folder, in bytes.
const RECORDS_OF_FILE: u64 = 8 << 10;
/// Clusters that folders for former files, and records of files, may take.
const RECORDS_OF_CHANGE: u64 = 64 << 10;

impl RepairPlan {
    /// Returns the bytes that are written to the volume at most, all of them beside what is there.
    pub fn needed_bytes(&self) -> u64 {
        let record = OVERHEAD_OF_CHANGE.saturating_add(OVERHEAD_OF_FILE);
        let written = self.writes().fold(record, |sum, write| {
            sum.saturating_add(write.after.size)
                .saturating_add(OVERHEAD_OF_FILE)
        });
        // A file that is moved stays where it is; only names change.
        self.moves()
            .fold(written, |sum, _| sum.saturating_add(OVERHEAD_OF_FILE))
    }

    /// Returns the bytes of new files that the volume must have room for: former files are kept, so
    /// nothing is gained by what is replaced.
    pub fn added_bytes(&self) -> u64 {
        let of_file = |size: u64| {
            let whole = size.checked_next_multiple_of(CLUSTER);
            whole.unwrap_or(u64::MAX).saturating_add(RECORDS_OF_FILE)
        };
        let names = self.moves().fold(RECORDS_OF_CHANGE, |sum, _| {
            sum.saturating_add(RECORDS_OF_FILE)
        });
        self.writes().fold(names, |sum, write| {
            sum.saturating_add(of_file(write.after.size))
        })
    }
}
