//! How large the volume and its parts are, and the sectors that say so.

use zerocopy::IntoBytes;

use super::raw::{self, RawBootSector, RawFsInfo};
use super::{BACKUP_BOOT_SECTOR, Extent, FIRST_CLUSTER, FS_INFO_SECTOR};
use crate::disk::raw::BOOT_MAGIC;
use crate::lba::{ByteSize, Lba, LbaRange, SECTOR_SIZE, SECTORS_PER_MIB};

/// With fewer clusters a volume is FAT16. Source: Microsoft FAT specification 1.03, "FAT type
/// determination".
pub(crate) const LEAST_CLUSTERS: u32 = 65_525;

/// Room to [`LEAST_CLUSTERS`], since readers disagree by a few clusters. Source: as above, which asks
/// for 16.
const CLUSTER_MARGIN: u32 = 64;

/// Most clusters of FAT32: larger numbers mean "bad" and "end". Source: as above.
const MOST_CLUSTERS: u64 = 0x0fff_fff5 - 2;

/// Least reserved sectors; the number is rounded up to align the clusters.
const LEAST_RESERVED_SECTORS: u64 = 32;

/// Sectors of the 4 KiB to which clusters are aligned, which is what flash memory likes.
const ALIGNMENT_SECTORS: u64 = 8;

/// FAT entries in a sector.
const ENTRIES_PER_SECTOR: u64 = 128;

/// Sizes and places of the parts of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Where the volume begins on the disk.
    pub(crate) first_lba: Lba,
    /// Its length: a multiple of a MiB.
    pub(crate) sectors: u32,
    /// 1, 2, 4 or 8.
    pub(crate) sectors_per_cluster: u8,
    /// Sectors before the first FAT.
    pub(crate) reserved_sectors: u16,
    /// Length of each of the two FATs.
    pub(crate) sectors_per_fat: u32,
    /// Number of clusters, free or not.
    pub(crate) clusters: u32,
}

/// Contents for which there is no FAT32 volume.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GeometryError {
    /// More than FAT32 or an MBR can count.
    #[error("volume: {content} and {free} free need more than FAT32 holds with 4096-byte clusters")]
    TooLarge {
        /// What the files take.
        content: ByteSize,
        /// What is to be free.
        free: ByteSize,
    },
}

impl Geometry {
    /// Returns the smallest volume that holds contents of these sizes and so much free space, with
    /// the largest clusters (up to 4096 bytes) with which it is FAT32.
    pub(crate) fn holding(
        first_lba: Lba,
        sizes: &[u64],
        free: ByteSize,
    ) -> Result<Self, GeometryError> {
        let too_large = || GeometryError::TooLarge {
            content: ByteSize(sizes.iter().fold(0, |sum, size| sum.saturating_add(*size))),
            free,
        };
        let least = u64::from(LEAST_CLUSTERS.saturating_add(CLUSTER_MARGIN));
        for sectors_per_cluster in [8, 4, 2] {
            let needed = clusters_needed(sectors_per_cluster, sizes, free);
            let fitting = Self::with_clusters(first_lba, sectors_per_cluster, needed)
                .ok_or_else(too_large)?;
            if u64::from(fitting.clusters) >= least {
                return Ok(fitting);
            }
        }
        let needed = clusters_needed(1, sizes, free).max(least);
        Self::with_clusters(first_lba, 1, needed).ok_or_else(too_large)
    }

    /// Returns the smallest volume with at least so many clusters, a multiple of a MiB long.
    fn with_clusters(first_lba: Lba, sectors_per_cluster: u8, least: u64) -> Option<Self> {
        if least > MOST_CLUSTERS {
            return None;
        }
        let data = least.checked_mul(u64::from(sectors_per_cluster))?;
        let fat = least.checked_add(2)?.div_ceil(ENTRIES_PER_SECTOR);
        let total = LEAST_RESERVED_SECTORS
            .checked_add(fat.checked_mul(2)?)?
            .checked_add(data)?;
        let mut sectors = total.checked_next_multiple_of(SECTORS_PER_MIB)?;
        // The padding may take what rounding left over; then the next MiB has room for both.
        loop {
            let geometry = Self::filling(first_lba, sectors_per_cluster, sectors)?;
            if u64::from(geometry.clusters) >= least {
                return Some(geometry);
            }
            sectors = sectors.checked_add(SECTORS_PER_MIB)?;
        }
    }

    /// Returns the parts of a volume of exactly so many sectors.
    fn filling(first_lba: Lba, sectors_per_cluster: u8, sectors: u64) -> Option<Self> {
        let per_cluster = u64::from(sectors_per_cluster);
        let parts = |fat: u64| {
            let before_data = LEAST_RESERVED_SECTORS.checked_add(fat.checked_mul(2)?)?;
            let aligned = before_data.checked_next_multiple_of(ALIGNMENT_SECTORS)?;
            let reserved = LEAST_RESERVED_SECTORS.checked_add(aligned.checked_sub(before_data)?)?;
            let clusters = sectors.checked_sub(aligned)?.checked_div(per_cluster)?;
            Some((reserved, clusters))
        };
        // The smallest FAT that counts the clusters left beside it. This estimate is never too large.
        let with_small_fat = sectors.checked_sub(LEAST_RESERVED_SECTORS)?;
        let divisor = ENTRIES_PER_SECTOR
            .checked_mul(per_cluster)?
            .checked_add(2)?;
        let mut fat = with_small_fat.checked_div(divisor)?.max(1);
        loop {
            let (reserved, clusters) = parts(fat)?;
            if fat.checked_mul(ENTRIES_PER_SECTOR)? >= clusters.checked_add(2)? {
                return Some(Self {
                    first_lba,
                    sectors: u32::try_from(sectors).ok()?,
                    sectors_per_cluster,
                    reserved_sectors: u16::try_from(reserved).ok()?,
                    sectors_per_fat: u32::try_from(fat).ok()?,
                    clusters: u32::try_from(clusters)
                        .ok()
                        .filter(|c| u64::from(*c) <= MOST_CLUSTERS)?,
                });
            }
            fat = fat.checked_add(1)?;
        }
    }

    /// Returns the bytes in a cluster.
    pub(crate) fn cluster_size(&self) -> u32 {
        u32::from(self.sectors_per_cluster).saturating_mul(512)
    }

    /// Returns the clusters that `size` bytes take.
    pub(crate) fn clusters_of(&self, size: u64) -> u32 {
        let clusters = size.div_ceil(u64::from(self.cluster_size()));
        u32::try_from(clusters).unwrap_or(u32::MAX)
    }

    /// Returns the bytes in a FAT.
    pub(crate) fn fat_size(&self) -> usize {
        usize::try_from(self.sectors_per_fat)
            .unwrap_or(usize::MAX)
            .saturating_mul(512)
    }

    /// Returns where the volume lies on the disk.
    pub(crate) fn range(&self) -> Option<LbaRange> {
        LbaRange::starting_at(self.first_lba, u64::from(self.sectors))
    }

    /// Returns where the first FAT begins.
    pub(crate) fn fat_lba(&self) -> Lba {
        self.first_lba.advanced_by(u64::from(self.reserved_sectors))
    }

    /// Returns the sector behind the last cluster.
    pub(crate) fn end_of_clusters(&self) -> Lba {
        let sectors = u64::from(self.clusters).saturating_mul(u64::from(self.sectors_per_cluster));
        self.data_lba().advanced_by(sectors)
    }

    /// Returns where the first cluster begins.
    pub(crate) fn data_lba(&self) -> Lba {
        let fats = u64::from(self.sectors_per_fat).saturating_mul(2);
        self.fat_lba().advanced_by(fats)
    }

    /// Returns the sectors of consecutive clusters; nothing if there are none.
    pub(crate) fn extent_range(&self, extent: Extent) -> Option<LbaRange> {
        let per_cluster = u64::from(self.sectors_per_cluster);
        let index = u64::from(extent.first.checked_sub(FIRST_CLUSTER)?);
        let first = self.data_lba().advanced_by(index.checked_mul(per_cluster)?);
        LbaRange::starting_at(first, u64::from(extent.clusters).checked_mul(per_cluster)?)
    }

    /// Returns the reserved sectors: boot sector, FSInfo, and the backups of both.
    pub(crate) fn reserved_bytes(&self, label: &str, serial: u32, free: Extent) -> Vec<u8> {
        let size = u64::from(self.reserved_sectors).saturating_mul(SECTOR_SIZE);
        let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
        let boot_sector = self.boot_sector(label, serial);
        let fs_info = fs_info(free);
        for base in [0, BACKUP_BOOT_SECTOR] {
            for (sector, content) in [
                (base, boot_sector.as_bytes()),
                (base.saturating_add(FS_INFO_SECTOR), fs_info.as_bytes()),
            ] {
                let start = usize::from(sector).saturating_mul(512);
                if let Some(place) = bytes.get_mut(start..start.saturating_add(512)) {
                    place.copy_from_slice(content);
                }
            }
        }
        bytes
    }

    /// Returns the boot sector.
    pub(crate) fn boot_sector(&self, label: &str, serial: u32) -> RawBootSector {
        // OK to saturate: a disk of more sectors is refused.
        let hidden_sectors = u32::try_from(self.first_lba.0).unwrap_or(u32::MAX);
        RawBootSector {
            // Jumps to the boot code at 0x5a.
            jump: [0xeb, 0x58, 0x90],
            // The name that the specification recommends; some readers look at it.
            oem_name: *b"MSWIN4.1",
            bytes_per_sector: 512.into(),
            sectors_per_cluster: self.sectors_per_cluster,
            reserved_sectors: self.reserved_sectors.into(),
            fats: 2,
            root_entries: 0.into(),
            total_sectors_16: 0.into(),
            media: MEDIA,
            fat_size_16: 0.into(),
            sectors_per_track: 63.into(),
            heads: 255.into(),
            hidden_sectors: hidden_sectors.into(),
            total_sectors_32: self.sectors.into(),
            fat_size_32: self.sectors_per_fat.into(),
            extended_flags: 0.into(),
            version: 0.into(),
            root_cluster: FIRST_CLUSTER.into(),
            fs_info_sector: FS_INFO_SECTOR.into(),
            backup_boot_sector: BACKUP_BOOT_SECTOR.into(),
            reserved: [0; 12],
            drive_number: 0x80,
            status: 0,
            extended_boot_signature: 0x29,
            volume_serial: serial.into(),
            volume_label: padded_label(label),
            file_system_type: *b"FAT32   ",
            boot_code: idle_boot_code(),
            magic: BOOT_MAGIC,
        }
    }
}

/// Media byte of a disk that is not a floppy.
pub(crate) const MEDIA: u8 = 0xf8;

/// Returns the label as it lies in the boot sector and in the root folder.
pub(crate) fn padded_label(label: &str) -> [u8; 11] {
    let mut padded = *b"           ";
    for (place, byte) in padded.iter_mut().zip(label.bytes()) {
        *place = byte;
    }
    padded
}

/// Returns code for a firmware that starts the volume instead of the disk: INT 18h, "no system here,
/// try the next device", then halts.
fn idle_boot_code() -> [u8; 420] {
    let mut code = [0; 420];
    for (place, byte) in code.iter_mut().zip([0xcd, 0x18, 0xf4, 0xeb, 0xfd]) {
        *place = byte;
    }
    code
}

fn fs_info(free: Extent) -> RawFsInfo {
    RawFsInfo {
        lead_signature: raw::FS_INFO_LEAD,
        reserved_1: [0; 480],
        struct_signature: raw::FS_INFO_STRUCT,
        free_count: free.clusters.into(),
        // All ones is "not known", which is true of a full volume.
        next_free: if free.clusters == 0 {
            u32::MAX
        } else {
            free.first
        }
        .into(),
        reserved_2: [0; 12],
        trail_signature: raw::FS_INFO_TRAIL,
    }
}

fn clusters_needed(sectors_per_cluster: u8, sizes: &[u64], free: ByteSize) -> u64 {
    let cluster = u64::from(sectors_per_cluster).saturating_mul(SECTOR_SIZE);
    let used = sizes
        .iter()
        .fold(0u64, |sum, size| sum.saturating_add(size.div_ceil(cluster)));
    used.saturating_add(free.0.div_ceil(cluster))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(size: u64) -> Geometry {
        Geometry::holding(Lba(2048), &[size], ByteSize(0)).unwrap()
    }

    #[test]
    fn clusters_are_as_large_as_fat32_allows_and_aligned() {
        for (bytes, expected) in [
            (0, 1),
            (30 << 20, 1),
            (65_589 * 512, 1),
            (65_589 * 1024, 2),
            (65_588 * 2048 + 1, 4),
            (65_589 * 4096, 8),
            (4 << 30, 8),
        ] {
            let geometry = holding(bytes);
            assert_eq!(geometry.sectors_per_cluster, expected, "{bytes}");
            assert!(
                geometry.clusters >= LEAST_CLUSTERS + CLUSTER_MARGIN,
                "{bytes}"
            );
            assert_eq!(geometry.data_lba().0 % 8, 0, "{bytes}");
            assert!(geometry.clusters_of(bytes) <= geometry.clusters);
        }
    }

    #[test]
    fn every_size_around_the_limits_fits_in_its_fat() {
        for per_cluster in [1u8, 2, 4, 8] {
            for mib in 1..600 {
                let sectors = mib * SECTORS_PER_MIB;
                let g = Geometry::filling(Lba(2048), per_cluster, sectors).unwrap();
                assert!(u64::from(g.sectors_per_fat) * 128 >= u64::from(g.clusters) + 2);
                let data = u64::from(g.clusters) * u64::from(per_cluster);
                let used = g.data_lba().0 - 2048 + data;
                assert!(
                    used <= sectors && sectors - used < u64::from(per_cluster),
                    "{mib}"
                );
                // One sector less would not count them all, but for the padding.
                assert!((u64::from(g.sectors_per_fat) - 1) * 128 < u64::from(g.clusters) + 2 + 8);
            }
        }
    }

    #[test]
    fn refuses_more_than_fat32_holds() {
        let error = Geometry::holding(Lba(2048), &[1 << 42], ByteSize(1 << 20)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "volume: 4398.0 GB and 1.0 MB free need more than FAT32 holds with 4096-byte clusters"
        );
        assert!(Geometry::holding(Lba(2048), &[u64::MAX, u64::MAX], ByteSize(0)).is_err());
    }
}
