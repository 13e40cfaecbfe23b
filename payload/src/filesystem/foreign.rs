//! What is not for `mend` to open: encryption by other products, volume managers, sets of disks, other
//! systems. Each is recognised by name, so that a person learns why a volume is left alone and what helps.
//!
//! Only marks are looked for. Nothing is unlocked or put together here.

use std::io;

use crate::area::Area;

/// What a mark stands for, and with it what is advised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignKind {
    /// A product that encrypts volumes or disks.
    Encryption,
    /// Several disks that firmware or a controller puts together.
    DiskSet,
    /// Disks whose volumes Windows' own managers put together.
    Pool,
    /// A file system or volume that no Windows starts from.
    OtherSystem,
}

/// A mark by which something foreign is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// What people call it.
    pub name: &'static str,
    /// What it is.
    pub kind: ForeignKind,
    /// Its bytes.
    mark: &'static [u8],
    /// First and last byte at which they may begin.
    places: (usize, usize),
    /// Who says so, and how sure that is.
    source: &'static str,
}

const fn encryption(
    name: &'static str,
    mark: &'static [u8],
    places: (usize, usize),
    source: &'static str,
) -> Foreign {
    Foreign {
        name,
        kind: ForeignKind::Encryption,
        mark,
        places,
        source,
    }
}

const fn other(
    name: &'static str,
    mark: &'static [u8],
    at: usize,
    source: &'static str,
) -> Foreign {
    Foreign {
        name,
        kind: ForeignKind::OtherSystem,
        mark,
        places: (at, at),
        source,
    }
}

const fn disk_set(name: &'static str, mark: &'static [u8], from_end: usize) -> Foreign {
    Foreign {
        name,
        kind: ForeignKind::DiskSet,
        mark,
        places: (from_end, from_end),
        source: "util-linux, libblkid; likely",
    }
}

const SLEUTH_KIT: &str = "The Sleuth Kit, detect_encryption.c; likely";

/// Boot loaders of encryption products, which lie in the first sectors of a disk; some products put the
/// same mark into the first sector of each volume.
const ALL_ENCRYPTIONS: &[Foreign] = &[
    encryption(
        "TrueCrypt",
        b"TrueCrypt Boot Loader",
        (0, 490),
        "dump of a system-encrypted disk, text at byte 6 of sector 0; sure",
    ),
    encryption(
        "VeraCrypt",
        b"VeraCrypt Boot Loader",
        (0, 490),
        "UrBackup, which looks for it in sector 0; likely",
    ),
    encryption(
        "PGP or Symantec Drive Encryption",
        b"PGPGUARD",
        (0, 32),
        SLEUTH_KIT,
    ),
    encryption(
        "McAfee Endpoint Encryption (SafeBoot)",
        b"SafeBoot",
        (0, 32),
        SLEUTH_KIT,
    ),
    encryption(
        "McAfee Endpoint Encryption (SafeBoot)",
        b"Safeboot",
        (0, 32),
        SLEUTH_KIT,
    ),
    encryption("Sophos SafeGuard", b"SGM400", (110, 150), SLEUTH_KIT),
    encryption("Sophos SafeGuard", b"SGE400", (110, 150), SLEUTH_KIT),
    encryption(
        "GuardianEdge or Symantec Endpoint Encryption",
        b"PCGM",
        (0, 32),
        SLEUTH_KIT,
    ),
    encryption(
        "Check Point Full Disk Encryption",
        b"Protect",
        (80, 100),
        SLEUTH_KIT,
    ),
    encryption("WinMagic SecureDoc", b"WMSD", (236, 256), SLEUTH_KIT),
];

/// File systems and volumes that no Windows starts from. Offsets from the start of the volume.
const ALL_OTHER_SYSTEMS: &[Foreign] = &[
    other(
        "LUKS",
        b"LUKS\xba\xbe",
        0,
        "LUKS on-disk format 1.2.3, 2.1; sure",
    ),
    other(
        "Linux LVM",
        b"LABELONE",
        512,
        "LVM2, label.h: sector 1 by default; sure",
    ),
    other("Linux swap", b"SWAPSPACE2", 4086, "linux/swap.h; sure"),
    other("XFS", b"XFSB", 0, "XFS on-disk format, superblock; sure"),
    other(
        "btrfs",
        b"_BHRfS_M",
        65600,
        "btrfs on-disk format, superblock; sure",
    ),
    // Two bytes only, so after all others.
    other(
        "ext2, ext3 or ext4",
        &[0x53, 0xEF],
        1080,
        "linux, ext4 superblock; sure",
    ),
    other("ReFS", b"ReFS\0\0\0\0", 3, "libfsrefs, volume header; sure"),
    other(
        "HFS+",
        b"H+\0\x04",
        1024,
        "Apple TN1150, volume header; sure",
    ),
    other(
        "APFS",
        b"NXSB",
        32,
        "Apple File System Reference, container; sure",
    ),
];

/// Sets of disks made by firmware or controllers, marked near the end of each disk. Places count
/// backwards from the end.
const ALL_DISK_SETS: &[Foreign] = &[
    disk_set("Intel RAID", b"Intel Raid ISM Cfg Sig. ", 1024),
    disk_set("Intel RAID", b"Intel Raid ISM Cfg Sig. ", 8192),
    disk_set("NVIDIA RAID", b"NVIDIA", 1024),
    disk_set("Promise RAID", b"Promise Technology, Inc.", 63 * 512),
    disk_set("DDF RAID", &[0xDE, 0x11, 0xDE, 0x11], 512),
    disk_set("LSI MegaRAID", b"$XIDE$", 512),
];

/// Said by the partition table, so no mark is looked for.
const fn pool(name: &'static str) -> Foreign {
    Foreign {
        name,
        kind: ForeignKind::Pool,
        mark: &[],
        places: (0, 0),
        source: "Microsoft, types of partitions; sure",
    }
}

/// A disk of Windows' Logical Disk Manager.
pub static DYNAMIC_DISK: Foreign = pool("dynamic disk");
/// A disk of a pool of Storage Spaces.
pub static STORAGE_SPACE: Foreign = pool("Storage Spaces");

/// Bytes from the start of a volume or disk in which marks lie.
const HEAD_LENGTH: usize = 66 << 10;

impl Foreign {
    fn is_in(&self, head: &[u8]) -> bool {
        let (first, last) = self.places;
        let end = last.saturating_add(self.mark.len()).min(head.len());
        let range = head.get(first..end).unwrap_or_default();
        range
            .windows(self.mark.len())
            .any(|bytes| bytes == self.mark)
    }

    /// Says what was found and what the person can do.
    pub fn advice(&self) -> String {
        let name = self.name;
        match self.kind {
            ForeignKind::Encryption => format!(
                "encrypted by {name}, which mend cannot unlock: unlock or decrypt it by that product's \
                 own recovery medium, with the key its administrator keeps, then start from the stick \
                 again"
            ),
            ForeignKind::DiskSet => format!(
                "its disk is, or once was, one of a set ({name}), and writing to one disk of a set alone \
                 would spoil the set: repair this PC where its controller shows the set as one disk, or \
                 by hand from Windows' own recovery"
            ),
            ForeignKind::Pool => format!(
                "{name}: Windows may mirror this volume or spread it over several disks, so it is left \
                 alone: repair it by hand from Windows' own recovery, or with all its disks in another \
                 PC with Windows"
            ),
            ForeignKind::OtherSystem => "left alone: nothing that mend repairs".to_owned(),
        }
    }
}

/// Returns the product or system whose mark lies at the start of a volume.
pub fn recognise_volume(area: &dyn Area) -> io::Result<Option<&'static Foreign>> {
    let head = read_head(area, HEAD_LENGTH)?;
    let all = ALL_ENCRYPTIONS.iter().chain(ALL_OTHER_SYSTEMS);
    Ok(all.into_iter().find(|foreign| foreign.is_in(&head)))
}

/// Returns the encryption product whose loader lies in the first sector of a disk.
pub fn recognise_loader(disk: &dyn Area) -> io::Result<Option<&'static Foreign>> {
    let head = read_head(disk, 512)?;
    Ok(ALL_ENCRYPTIONS.iter().find(|foreign| foreign.is_in(&head)))
}

/// Returns the kind of set that a disk says it belongs to.
pub fn recognise_set(disk: &dyn Area) -> io::Result<Option<&'static Foreign>> {
    for foreign in ALL_DISK_SETS {
        let (from_end, _) = foreign.places;
        let place = u64::try_from(from_end).ok();
        let place = place.and_then(|from_end| disk.len().checked_sub(from_end));
        let Some(place) = place else { continue };
        let mut bytes = vec![0; foreign.mark.len()];
        disk.read_at(place, &mut bytes)?;
        if bytes == foreign.mark {
            return Ok(Some(foreign));
        }
    }
    Ok(None)
}

fn read_head(area: &dyn Area, length: usize) -> io::Result<Vec<u8>> {
    let length = usize::try_from(area.len()).map_or(length, |len| len.min(length));
    let mut head = vec![0; length];
    area.read_at(0, &mut head)?;
    Ok(head)
}

/// Returns whether the start of a volume looks like noise, as encrypted sectors do.
pub fn looks_encrypted(area: &dyn Area) -> io::Result<bool> {
    let head = read_head(area, 4096)?;
    let mut counts = [0_u32; 256];
    for byte in &head {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count = count.saturating_add(1);
        }
    }
    // Of 4096 random bytes each value comes up 16 times, give or take 4. In programs, tables and texts
    // zero and a few others crowd out the rest.
    Ok(head.len() == 4096 && counts.iter().all(|count| (1..48).contains(count)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::MemoryArea;

    /// Returns a disk with the mark of `foreign` at each end of where it may be.
    fn disks_with(foreign: &Foreign) -> Vec<MemoryArea> {
        let length = 128 << 10;
        let (first, last) = foreign.places;
        let places = match foreign.kind {
            ForeignKind::DiskSet => [length - first, length - last],
            _ => [first, last],
        };
        let disk = |place: usize| {
            let mut bytes = vec![0; length];
            bytes[place..place + foreign.mark.len()].copy_from_slice(foreign.mark);
            MemoryArea::new(bytes)
        };
        places.map(disk).into()
    }

    #[test]
    fn every_mark_is_found_where_it_may_be_and_has_a_source() {
        for foreign in ALL_ENCRYPTIONS.iter().chain(ALL_OTHER_SYSTEMS) {
            for disk in disks_with(foreign) {
                let found = recognise_volume(&disk).unwrap().unwrap();
                assert_eq!(found.name, foreign.name);
                let is_named = found.advice().contains(foreign.name);
                assert_eq!(is_named, foreign.kind != ForeignKind::OtherSystem);
            }
            let said = [
                foreign.source.ends_with("; sure"),
                foreign.source.ends_with("; likely"),
            ];
            assert!(said.contains(&true), "{}: {}", foreign.name, foreign.source);
        }
        for foreign in ALL_ENCRYPTIONS {
            for disk in disks_with(foreign) {
                assert_eq!(recognise_loader(&disk).unwrap().unwrap().name, foreign.name);
            }
        }
        for foreign in ALL_DISK_SETS {
            for disk in disks_with(foreign) {
                assert_eq!(recognise_set(&disk).unwrap().unwrap().name, foreign.name);
            }
        }
    }

    #[test]
    fn nothing_is_found_on_an_empty_or_tiny_disk() {
        for length in [0, 1, 512, 1 << 20] {
            let disk = MemoryArea::new(vec![0; length]);
            assert_eq!(recognise_volume(&disk).unwrap(), None);
            assert_eq!(recognise_loader(&disk).unwrap(), None);
            assert_eq!(recognise_set(&disk).unwrap(), None);
            assert!(!looks_encrypted(&disk).unwrap());
        }
    }

    #[test]
    fn noise_looks_encrypted_and_a_program_does_not() {
        let mut state = 5958_u64;
        let noise = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state.to_be_bytes()[0]
        });
        let noise: Vec<u8> = noise.take(4096).collect();
        assert!(looks_encrypted(&MemoryArea::new(noise)).unwrap());
        let program = fs_err::read(std::env::current_exe().unwrap()).unwrap();
        for page in program.chunks_exact(4096).take(50) {
            assert!(!looks_encrypted(&MemoryArea::new(page.to_vec())).unwrap());
        }
    }
}
