//! Lays out a FAT32 volume that is written once: every file contiguous, in the order given.
//!
//! ```text
//! sector 0         boot sector        6  its backup
//! sector 1         FSInfo             7  its backup
//! 32.. sectors     reserved; padded so that clusters lie on 4 KiB of the disk
//! two FATs         equal
//! clusters         folders, then files, then reserved files, then free space
//! ```
//!
//! The layout is ours because fatfs 0.3.6, the newest release, falls short by measurement: it writes
//! long-name entries before `.` and `..`, which `fsck.fat` complains about in every folder; the `..`
//! of a first-level folder names cluster 2 instead of 0; a root folder that grows over a cluster shows
//! whatever lay there before (496 entries instead of 40 on a used stick); FSInfo stays unset; hidden
//! sectors are always 0; clusters are not aligned; and 500 small files take 4 s on a plain file. It is
//! a good reader, and as that it judges what is made here.
//!
//! Deliberately not here: changing a volume, FAT12 and FAT16, code pages (short names are ASCII).
#![warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use crate::lba::{ByteSize, Lba};

mod folder;
pub mod geometry;
pub mod name;
pub(crate) mod raw;
pub mod timestamp;
pub mod tree;

use geometry::{Geometry, GeometryError};
use timestamp::FatTimestamp;
use tree::{Tree, TreeError};

/// The FAT entry that ends a chain. Source: Microsoft FAT specification 1.03, "FAT data structure".
pub(crate) const END_OF_CHAIN: u32 = 0x0fff_ffff;

/// FAT entry 0: the media byte, filled up with ones.
pub(crate) const FAT_ENTRY_0: u32 = 0x0fff_fff8;

/// FAT entry 1: ends a chain, and its bits 27 and 26 say "cleanly left" and "no read errors".
pub(crate) const FAT_ENTRY_1: u32 = 0x0fff_ffff;

/// Sector of the boot sector's backup. Source: as above, "BPB_BkBootSec".
pub(crate) const BACKUP_BOOT_SECTOR: u16 = 6;

/// Sector of FSInfo; its backup lies as far behind the backup of the boot sector.
pub(crate) const FS_INFO_SECTOR: u16 = 1;

/// First cluster of the volume, and of the root folder. Source: as above.
pub(crate) const FIRST_CLUSTER: u32 = 2;

/// A file of the volume before it has a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VolumeFile<'a> {
    /// Relative path with `/`.
    pub(crate) path: &'a str,
    /// Its length.
    pub(crate) size: ByteSize,
    /// Whether it is to be marked hidden and system, so that nobody deletes or moves it.
    pub(crate) is_reserved: bool,
}

/// What a volume is to hold.
#[derive(Clone, Debug)]
pub(crate) struct VolumeContents<'a> {
    /// Where the volume begins on the disk.
    pub(crate) first_lba: Lba,
    /// Volume label, upper-case ASCII of at most 11 characters.
    pub(crate) label: &'a str,
    /// Volume serial number.
    pub(crate) serial: u32,
    /// Every time in every folder entry.
    pub(crate) timestamp: FatTimestamp,
    /// Files in the order of their clusters.
    pub(crate) files: Vec<VolumeFile<'a>>,
    /// Folders that must exist although they may be empty.
    pub(crate) folders: Vec<&'a str>,
    /// Least free space.
    pub(crate) free_space: ByteSize,
}

/// Consecutive clusters. No cluster at all is cluster 0, as in a folder entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// First cluster, or 0.
    pub(crate) first: u32,
    /// Number of clusters.
    pub(crate) clusters: u32,
}

/// A folder with its place and its bytes.
#[derive(Clone, Debug)]
pub(crate) struct PlacedFolder {
    /// Path that begins with `/`.
    pub(crate) path: String,
    /// Where it lies.
    pub(crate) extent: Extent,
    /// Its entries; as long as its clusters.
    pub(crate) bytes: Vec<u8>,
}

/// A volume in which everything has its place.
#[derive(Clone, Debug)]
pub(crate) struct Volume {
    /// Sizes and places of its parts.
    pub(crate) geometry: Geometry,
    /// The reserved sectors: boot sector, FSInfo, backups.
    pub(crate) reserved: Vec<u8>,
    /// One FAT.
    pub(crate) fat: Vec<u8>,
    /// Folders, the root first.
    pub(crate) folders: Vec<PlacedFolder>,
    /// Where each file of the contents lies, in their order.
    pub(crate) files: Vec<Extent>,
    /// The clusters that are free.
    pub(crate) free: Extent,
}

/// Contents that no volume can hold.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VolumeError {
    /// The paths do not make a tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// There is no volume of the right size.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// FAT32 counts 4294967295 bytes in a file.
    #[error("{path}: {} bytes, expected at most 4294967295", size.0)]
    FileTooLarge {
        /// Path of the file.
        path: String,
        /// Its length.
        size: ByteSize,
    },
}

/// Lays out a volume.
pub(crate) fn plan_volume(contents: &VolumeContents<'_>) -> Result<Volume, VolumeError> {
    for file in &contents.files {
        if u32::try_from(file.size.0).is_err() {
            return Err(VolumeError::FileTooLarge {
                path: file.path.to_owned(),
                size: file.size,
            });
        }
    }
    let paths = contents.files.iter().map(|file| file.path);
    let tree = Tree::from_paths(paths, contents.folders.iter().copied())?;
    let sizes: Vec<u64> = tree
        .folders()
        .map(|folder| folder.byte_size())
        .chain(contents.files.iter().map(|file| file.size.0))
        .collect();
    let geometry = Geometry::holding(contents.first_lba, &sizes, contents.free_space)?;

    let mut next = FIRST_CLUSTER;
    let mut place = |size: &u64| {
        let clusters = geometry.clusters_of(*size);
        let first = if clusters == 0 { 0 } else { next };
        next = next.saturating_add(clusters);
        Extent { first, clusters }
    };
    let mut extents: Vec<Extent> = sizes.iter().map(&mut place).collect();
    let files = extents.split_off(tree.folders().len());
    let free = Extent {
        first: next,
        clusters: geometry
            .clusters
            .saturating_add(FIRST_CLUSTER)
            .saturating_sub(next),
    };

    let placement = folder::Placement {
        folders: &extents,
        files: &files,
        contents,
        cluster_size: geometry.cluster_size(),
    };
    let folders = folder::folder_bytes(&tree, &placement)
        .into_iter()
        .zip(tree.folders())
        .zip(&extents)
        .map(|((bytes, folder), extent)| PlacedFolder {
            path: folder.path().to_owned(),
            extent: *extent,
            bytes,
        })
        .collect();
    Ok(Volume {
        reserved: geometry.reserved_bytes(contents.label, contents.serial, free),
        fat: fat_bytes(&geometry, extents.iter().chain(&files)),
        geometry,
        folders,
        files,
        free,
    })
}

/// Returns one FAT in which each extent is a chain.
fn fat_bytes<'a>(geometry: &Geometry, extents: impl Iterator<Item = &'a Extent>) -> Vec<u8> {
    let size = geometry.fat_size();
    let mut fat = Vec::with_capacity(size);
    for entry in [FAT_ENTRY_0, FAT_ENTRY_1] {
        fat.extend_from_slice(&entry.to_le_bytes());
    }
    // Extents follow each other without a gap, so the FAT is written from start to end.
    for extent in extents {
        let end = extent.first.saturating_add(extent.clusters);
        for next in extent.first.saturating_add(1)..end {
            fat.extend_from_slice(&next.to_le_bytes());
        }
        if extent.clusters > 0 {
            fat.extend_from_slice(&END_OF_CHAIN.to_le_bytes());
        }
    }
    fat.resize(size, 0);
    fat
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(files: &[(&str, u64)], folders: &[&str]) -> Volume {
        let files = files.iter().map(|(path, size)| VolumeFile {
            path,
            size: ByteSize(*size),
            is_reserved: false,
        });
        plan_volume(&VolumeContents {
            first_lba: Lba(2048),
            label: "LABEL",
            serial: 1,
            timestamp: FatTimestamp::EARLIEST,
            files: files.collect(),
            folders: folders.to_vec(),
            free_space: ByteSize(0),
        })
        .unwrap()
    }

    #[test]
    fn folders_come_first_and_files_follow_without_gaps_in_the_order_given() {
        let volume = volume(&[("Z", 1025), ("D/E/A", 0), ("D/E/B", 512)], &["EMPTY"]);
        let folders: Vec<(&str, u32)> = volume
            .folders
            .iter()
            .map(|folder| (folder.path.as_str(), folder.extent.first))
            .collect();
        assert_eq!(folders, [("/", 2), ("/D", 3), ("/D/E", 4), ("/EMPTY", 5)]);
        let files: Vec<(u32, u32)> = volume
            .files
            .iter()
            .map(|extent| (extent.first, extent.clusters))
            .collect();
        assert_eq!(files, [(6, 3), (0, 0), (9, 1)]);
        assert_eq!(volume.free.first, 10);
        let fat: Vec<u32> = volume
            .fat
            .as_chunks::<4>()
            .0
            .iter()
            .map(|entry| u32::from_le_bytes(*entry))
            .take(11)
            .collect();
        let end = END_OF_CHAIN;
        assert_eq!(
            fat,
            [FAT_ENTRY_0, end, end, end, end, end, 7, 8, end, end, 0]
        );
    }

    #[test]
    fn folder_above_is_cluster_0_if_it_is_the_root() {
        let volume = volume(&[("D/E/A", 1)], &[]);
        let first_bytes = |index: usize| {
            let folder: &PlacedFolder = volume.folders.get(index).unwrap();
            let dots = folder.bytes.as_chunks::<32>().0.iter().take(2);
            dots.map(|entry| (entry[0], entry[1], entry[26]))
                .collect::<Vec<_>>()
        };
        assert_eq!(first_bytes(1), [(b'.', b' ', 3), (b'.', b'.', 0)]);
        assert_eq!(first_bytes(2), [(b'.', b' ', 4), (b'.', b'.', 3)]);
    }

    #[test]
    fn folders_grow_over_several_clusters() {
        let names: Vec<String> = (0..100).map(|n| format!("FILE{n}")).collect();
        let files: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
        let volume = volume(&files, &[]);
        let root = volume.folders.first().unwrap();
        // The label and 100 files in clusters of 16 entries.
        assert_eq!((root.extent.clusters, root.bytes.len()), (7, 7 * 512));
    }
}
