//! The plan of an opened volume: which of its sectors lie where on the disk, and which are not there.
//!
//! ```text
//! volume  0 ─ moved ─┬─ … ─┬─ metadata ─┬─ … ─┬─ place of the moved ─┬─ … ─ end
//! disk    at the     │same │  (zeros)   │same │  (zeros)             │ same
//!         moved's    │     │            │     │                      │
//! ```
//! Pure: the kernel gets the plan from [`crate::machine::linux`]. What is written to a part that reads as
//! zeros is lost; Windows keeps those clusters in files of its own, so that no file ever gets them.
//!
//! Source: libbde, BitLocker Drive Encryption format, 3; cryptsetup 2.6.1 maps it in the same way.

use super::metadata::{BLOCK_LENGTH, Metadata, Range};
use super::{BitLockerError, corrupt};

/// A stretch of the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it is in the volume.
    pub range: Range,
    /// Where its sectors begin on the disk, by which they are also encrypted; `None` if it reads as zeros.
    pub on_disk: Option<u64>,
}

/// Plans the volume of `length` bytes with this metadata. The segments are in order and without gaps; a
/// part of a sector at the end is left out.
pub fn plan_segments(metadata: &Metadata, length: u64) -> Result<Vec<Segment>, BitLockerError> {
    const PLACE: &str = "BitLocker's layout";
    let moved = metadata.moved;
    let mut places = metadata.places.to_vec();
    places.sort_unstable();
    places.dedup();
    let zero = |start, length| Segment {
        range: Range { start, length },
        on_disk: None,
    };
    let mut special: Vec<Segment> = places
        .into_iter()
        .map(|at| zero(at, BLOCK_LENGTH))
        .collect();
    special.push(zero(moved.start, moved.length));
    special.push(Segment {
        range: Range {
            start: 0,
            length: moved.length,
        },
        on_disk: Some(moved.start),
    });
    special.sort_unstable_by_key(|segment| segment.range.start);
    let sector = metadata.sector_length.max(512);
    let end = length.saturating_sub(length % sector);
    let mut segments: Vec<Segment> = Vec::new();
    let mut next = 0;
    for segment in special {
        let Range { start, length } = segment.range;
        let after = start.checked_add(length).filter(|after| *after <= end);
        let is_odd = start % sector != 0 || length % sector != 0 || length == 0 || start < next;
        let Some(after) = after.filter(|_| !is_odd) else {
            let finding = format!("{length} bytes at {start}, after byte {next} of {end}");
            return Err(corrupt(PLACE, finding, "whole sectors that do not overlap"));
        };
        segments.extend(same_place(next, start));
        segments.push(segment);
        next = after;
    }
    segments.extend(same_place(next, end));
    Ok(segments)
}

fn same_place(start: u64, end: u64) -> Option<Segment> {
    let length = end.checked_sub(start).filter(|length| *length > 0)?;
    Some(Segment {
        range: Range { start, length },
        on_disk: Some(start),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitlocker::fixture::Volume;

    fn plan(moved: (u64, u64), places: [u64; 3], length: u64) -> Result<String, BitLockerError> {
        let mut metadata = Volume::locked().metadata();
        metadata.moved = Range {
            start: moved.0,
            length: moved.1,
        };
        metadata.places = places;
        let segments = plan_segments(&metadata, length)?;
        let lines = segments.iter().map(|one| {
            let Range { start, length } = one.range;
            match one.on_disk {
                Some(place) => format!("{start}+{length} at {place}"),
                None => format!("{start}+{length} zeros"),
            }
        });
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn covers_the_volume_without_gaps_as_windows_laid_it_out() {
        // The places of bitlk-aes-xts-128: the moved sectors lie right behind the first metadata.
        let places = [0x219_5000, 0x2C1_D000, 0x373_A000];
        expect_test::expect![[r#"
            0+8192 at 35278848
            8192+35205120 at 8192
            35213312+65536 zeros
            35278848+8192 zeros
            35287040+10969088 at 35287040
            46256128+65536 zeros
            46321664+11587584 at 46321664
            57909248+65536 zeros
            57974784+46882816 at 57974784"#]]
        .assert_eq(&plan((0x21A_5000, 8192), places, 104_857_600).unwrap());
    }

    #[test]
    fn a_part_of_a_sector_at_the_end_is_left_out() {
        let places = [1 << 20, 2 << 20, 3 << 20];
        let plan = plan((4 << 20, 8192), places, (5 << 20) + 100).unwrap();
        assert!(plan.ends_with("\n4202496+1040384 at 4202496"), "{plan}");
    }

    #[test]
    fn refuses_what_overlaps_or_leads_outside() {
        let places = [1 << 20, 2 << 20, 3 << 20];
        for (moved, length) in [
            ((1 << 20, 8192), 5 << 20),
            ((4 << 20, 2 << 20), 5 << 20),
            ((4 << 20, 100), 5 << 20),
            ((4 << 20, 0), 5 << 20),
            ((4 << 20, 8192), 3 << 20),
            ((0, 8192), 5 << 20),
            ((u64::MAX - 511, 512), 5 << 20),
        ] {
            let refusal = plan(moved, places, length).unwrap_err().to_string();
            assert!(refusal.starts_with("BitLocker's layout: "), "{refusal}");
        }
    }
}
