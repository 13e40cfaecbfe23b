//! Where the remains of former content could be found again, and taken for what the stick is.
//!
//! The image does not map every sector, and a sector that it leaves alone keeps what was there. At the
//! places below that is not harmless: another reader looks there for partition tables, members of arrays
//! and file systems.

use crate::lba::{ByteSize, Lba, LbaRange};

/// A place that is cleared unless the image writes it.
#[derive(Clone, Copy, Debug)]
pub struct StalePlace {
    /// What is looked for there.
    pub what: &'static str,
    /// From where the place is counted.
    pub anchor: Anchor,
    /// Bytes from the anchor to the place: forwards from a start, backwards from an end.
    pub distance: u64,
    /// Bytes to clear.
    pub length: u64,
    /// Who says so.
    pub source: &'static str,
}

/// From where a place is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The first sector of the stick.
    StickStart,
    /// Behind the last sector of the stick.
    StickEnd,
    /// Behind the last sector of the image, where its own backup GPT would end.
    ImageEnd,
    /// The first sector of the FAT32 volume.
    VolumeStart,
    /// Behind the last sector of the FAT32 volume.
    VolumeEnd,
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// All such places.
pub const ALL_STALE_PLACES: [StalePlace; 12] = [
    StalePlace {
        what: "MBR, GPT; superblocks of ext, XFS, Btrfs, swap, LVM, LUKS, MD 1.1 and 1.2; ISO 9660 and its El Torito; UDF; ZFS labels 0 and 1",
        anchor: Anchor::StickStart,
        distance: 0,
        length: MIB,
        source: "util-linux 2.38, libblkid/src: all offsets below 1 MiB",
    },
    StalePlace {
        what: "backup GPT; ZFS labels 2 and 3; MD 0.90 and 1.0; DDF and Intel arrays; UDF's last anchor",
        anchor: Anchor::StickEnd,
        distance: MIB,
        length: MIB,
        source: "UEFI 2.10, 5.3.2; OpenZFS vdev_label.c (512 KiB); Linux md.c (up to 128 KiB); ECMA-167 3/8.4.2.1 (256 sectors)",
    },
    StalePlace {
        what: "backup GPT of a stick that was written as a plain copy of the image",
        anchor: Anchor::ImageEnd,
        distance: 33 * 512,
        length: 33 * 512,
        source: "UEFI 2.10, 5.3.2",
    },
    StalePlace {
        what: "second header of LUKS2 on the whole stick, 2 MiB headers",
        anchor: Anchor::StickStart,
        distance: 2 * MIB,
        length: 4 * KIB,
        source: "LUKS2 on-disk format 1.1.1, table 1",
    },
    StalePlace {
        what: "second header of LUKS2 on the whole stick, 4 MiB headers",
        anchor: Anchor::StickStart,
        distance: 4 * MIB,
        length: 4 * KIB,
        source: "LUKS2 on-disk format 1.1.1, table 1",
    },
    StalePlace {
        what: "first mirror of Btrfs on the whole stick",
        anchor: Anchor::StickStart,
        distance: 64 * MIB,
        length: 4 * KIB,
        source: "Btrfs on-disk format, superblock",
    },
    StalePlace {
        what: "second mirror of Btrfs on the whole stick",
        anchor: Anchor::StickStart,
        distance: 256 * GIB,
        length: 4 * KIB,
        source: "Btrfs on-disk format, superblock",
    },
    StalePlace {
        what: "superblocks of every file system that began where the volume begins; ZFS labels 0 and 1",
        anchor: Anchor::VolumeStart,
        distance: 0,
        length: MIB + 4 * KIB,
        source: "util-linux 2.38, libblkid/src: all offsets below 1 MiB; LUKS2, table 1: 1 MiB",
    },
    StalePlace {
        what: "second header of LUKS2 in the partition, 2 MiB headers",
        anchor: Anchor::VolumeStart,
        distance: 2 * MIB,
        length: 4 * KIB,
        source: "LUKS2 on-disk format 1.1.1, table 1",
    },
    StalePlace {
        what: "second header of LUKS2 in the partition, 4 MiB headers",
        anchor: Anchor::VolumeStart,
        distance: 4 * MIB,
        length: 4 * KIB,
        source: "LUKS2 on-disk format 1.1.1, table 1",
    },
    StalePlace {
        what: "first mirror of Btrfs in the partition",
        anchor: Anchor::VolumeStart,
        distance: 64 * MIB,
        length: 4 * KIB,
        source: "Btrfs on-disk format, superblock",
    },
    StalePlace {
        what: "backup boot sector of NTFS; ZFS labels 2 and 3; MD 0.90 and 1.0",
        anchor: Anchor::VolumeEnd,
        distance: MIB,
        length: MIB,
        source: "ntfs-3g layout.h; OpenZFS vdev_label.c; Linux md.c",
    },
];

/// Returns the sectors of all stale places of a stick, as far as they exist on it.
pub fn stale_ranges(stick: ByteSize, image: ByteSize, volume: LbaRange) -> Vec<LbaRange> {
    let places = ALL_STALE_PLACES.iter().filter_map(|place| {
        let volume_start = volume.first().byte_offset();
        let first = match place.anchor {
            Anchor::StickStart => Some(place.distance),
            Anchor::StickEnd => stick.0.checked_sub(place.distance),
            Anchor::ImageEnd => image.0.checked_sub(place.distance),
            Anchor::VolumeStart => volume_start.checked_add(place.distance),
            Anchor::VolumeEnd => volume_start
                .checked_add(volume.size().0)?
                .checked_sub(place.distance),
        }?;
        let end = first.checked_add(place.length)?.min(stick.0);
        let last = (end / 512).checked_sub(1)?;
        LbaRange::new(Lba(first / 512), Lba(last))
    });
    places.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_on_a_large_stick_all_exist_and_those_behind_a_small_one_do_not() {
        let volume = LbaRange::new(Lba(2048), Lba(200_000)).unwrap();
        let image = ByteSize(100 << 20);
        let on = |size| stale_ranges(ByteSize(size), image, volume);
        assert_eq!(on(300 * GIB).len(), ALL_STALE_PLACES.len());
        let small = on(100 << 20);
        assert_eq!(small.len(), ALL_STALE_PLACES.len() - 1);
        let sectors = (100 << 20) / 512;
        assert!(small.iter().all(|range| range.last().0 < sectors));
        assert!(small.contains(&LbaRange::new(Lba(sectors - 2048), Lba(sectors - 1)).unwrap()));
    }

    #[test]
    fn every_place_is_whole_sectors_and_has_a_source() {
        for place in ALL_STALE_PLACES {
            assert!(place.distance.is_multiple_of(512), "{place:?}");
            assert!(
                place.length.is_multiple_of(512) && place.length > 0,
                "{place:?}"
            );
            assert!(!place.what.is_empty() && !place.source.is_empty());
        }
    }
}
