//! Units of a disk: sector numbers, ranges of them, sizes in bytes.
//!
//! A sector has 512 bytes here, whatever the stick says about itself: USB sticks with 4096-byte
//! logical sectors do not start on a BIOS, and XP does not read them.
#![warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use std::fmt;

/// Bytes in a sector.
pub const SECTOR_SIZE: u64 = 512;

/// Sectors in a MiB, to which partitions and images are aligned.
pub const SECTORS_PER_MIB: u64 = 2048;

/// Number of a sector, counted from 0 at the start of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lba(pub u64);

impl Lba {
    /// Returns where the sector begins, in bytes from the start of the disk.
    pub fn byte_offset(self) -> u64 {
        self.0.saturating_mul(SECTOR_SIZE)
    }

    /// Returns the sector that lies `sectors` further on.
    pub fn advanced_by(self, sectors: u64) -> Self {
        Self(self.0.saturating_add(sectors))
    }
}

impl fmt::Display for Lba {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Consecutive sectors, both ends included; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LbaRange {
    first: Lba,
    last: Lba,
}

impl LbaRange {
    /// Returns the range from `first` to `last`, or nothing if that is not a range.
    pub fn new(first: Lba, last: Lba) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// Returns the range of `sectors` sectors from `first` on, or nothing if there are none.
    pub fn starting_at(first: Lba, sectors: u64) -> Option<Self> {
        let last = first.0.checked_add(sectors)?.checked_sub(1)?;
        Self::new(first, Lba(last))
    }

    /// Returns the first sector.
    pub fn first(self) -> Lba {
        self.first
    }

    /// Returns the last sector.
    pub fn last(self) -> Lba {
        self.last
    }

    /// Returns the number of sectors; at least 1.
    pub fn sectors(self) -> u64 {
        self.last.0.saturating_sub(self.first.0).saturating_add(1)
    }

    /// Returns the number of bytes.
    pub fn size(self) -> ByteSize {
        ByteSize(self.sectors().saturating_mul(SECTOR_SIZE))
    }

    /// Returns whether the two ranges share a sector.
    pub fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// Returns what is left of the range without `others`, in order.
    pub fn without(self, others: &[Self]) -> Vec<Self> {
        let mut left = vec![self];
        for other in others {
            let cut = left.iter().flat_map(|range| {
                if !range.overlaps(*other) {
                    return [Some(*range), None];
                }
                let before = other.first.0.checked_sub(1);
                let before = before.and_then(|last| Self::new(range.first, Lba(last)));
                [before, Self::new(other.last.advanced_by(1), range.last)]
            });
            left = cut.flatten().collect();
        }
        left
    }

    /// Returns the range in consecutive parts of at most `sectors` sectors, which must not be 0.
    pub fn parts(self, sectors: u64) -> impl Iterator<Item = Self> {
        let mut next = Some(self.first);
        std::iter::from_fn(move || {
            let first = next?;
            let left = self.last.0.checked_sub(first.0)?.checked_add(1)?;
            let part = Self::starting_at(first, left.min(sectors))?;
            next = part.last.0.checked_add(1).map(Lba);
            Some(part)
        })
    }
}

impl fmt::Display for LbaRange {
    /// Writes `7` or `7..=9`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return self.first.fmt(f);
        }
        write!(f, "{}..={}", self.first, self.last)
    }
}

/// A number of bytes. Shown as people read it (`62.1 MB`); the number itself is in the field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// Returns the sectors that it takes to hold so many bytes.
    pub fn sectors(self) -> u64 {
        self.0.div_ceil(SECTOR_SIZE)
    }
}

impl fmt::Display for ByteSize {
    /// Writes bytes up to 9999, then kB, MB and GB of powers of 1000 with one decimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
        let unit = UNITS.iter().find(|(unit, _)| self.0 >= *unit);
        let (Some((unit, name)), true) = (unit, self.0 >= 10_000) else {
            return f.pad(&format!("{} bytes", self.0));
        };
        let tenth = unit.div_euclid(10);
        let tenths = self.0.saturating_add(tenth.div_euclid(2)).div_euclid(tenth);
        let text = format!("{}.{} {name}", tenths.div_euclid(10), tenths.rem_euclid(10));
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_count_both_ends_and_are_never_empty() {
        let range = LbaRange::starting_at(Lba(34), 2014).unwrap();
        assert_eq!((range.last(), range.sectors()), (Lba(2047), 2014));
        assert_eq!(range.to_string(), "34..=2047");
        assert_eq!(LbaRange::starting_at(Lba(5), 0), None);
        assert_eq!(LbaRange::starting_at(Lba(u64::MAX), 2), None);
        assert_eq!(LbaRange::new(Lba(5), Lba(4)), None);
    }

    #[test]
    fn ranges_that_share_one_sector_overlap() {
        let range = |first, last| LbaRange::new(Lba(first), Lba(last)).unwrap();
        assert!(range(1, 5).overlaps(range(5, 9)));
        assert!(range(1, 9).overlaps(range(3, 4)));
        assert!(!range(1, 5).overlaps(range(6, 9)));
    }

    #[test]
    fn ranges_are_cut_and_parted_without_loss() {
        let range = |first, last| LbaRange::new(Lba(first), Lba(last)).unwrap();
        assert_eq!(
            range(0, 9).without(&[range(8, 20), range(2, 3), range(30, 31)]),
            [range(0, 1), range(4, 7)]
        );
        assert_eq!(range(3, 4).without(&[range(0, 9)]), []);
        assert_eq!(range(0, 4).without(&[range(0, 1)]), [range(2, 4)]);
        let parts: Vec<_> = range(5, 11).parts(3).collect();
        assert_eq!(parts, [range(5, 7), range(8, 10), range(11, 11)]);
    }

    #[test]
    fn sizes_are_shown_with_one_decimal() {
        let shown = |bytes| ByteSize(bytes).to_string();
        assert_eq!(shown(9_999), "9999 bytes");
        assert_eq!(shown(10_000), "10.0 kB");
        assert_eq!(shown(62_149_999), "62.1 MB");
        assert_eq!(shown(15_450_000_000), "15.5 GB");
        assert_eq!(ByteSize(513).sectors(), 2);
    }
}
