//! Decides every byte range of an image before one byte of it is written.
//!
//! A plan is pure: no file is opened. It prints as text that a person can refuse, and `image.rs`
//! copies it without a choice of its own.

use std::path::PathBuf;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::paths::VOLUME_LABEL;

use crate::disk::identity::DiskIdentity;
use crate::disk::{self, CORE_IMAGE_LBA, DiskError, VOLUME_FIRST_LBA};
use crate::fat32::timestamp::FatTimestamp;
use crate::fat32::{self, Volume, VolumeError};
use crate::lba::{ByteSize, Lba, LbaRange};

mod error;
mod text;

pub use error::PlanError;

/// What an image is to hold. The files lie on it in the order given.
#[derive(Clone, Debug)]
pub struct ImageContents {
    /// Ordinary files; those that firmware and GRUB read should come first.
    pub files: Vec<ImageFile>,
    /// Files that are only given a place, after the ordinary ones.
    pub reserved: Vec<ReservedFile>,
    /// Folders that must exist although they may be empty, such as `reports`.
    pub folders: Vec<String>,
    /// Least free space on the volume.
    pub report_space: ByteSize,
    /// How a BIOS starts the image.
    pub boot_code: BootCode,
    /// GUIDs and serial numbers.
    pub identity: DiskIdentity,
    /// Every time on the volume.
    pub timestamp: FatTimestamp,
}

/// A file of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFile {
    /// Path on the volume: relative, with `/`.
    pub path: String,
    /// Where its bytes come from.
    pub content: Content,
    /// Its length. Writing refuses any other.
    pub size: ByteSize,
    /// Its digest. Writing refuses any other.
    pub sha256: Sha256Digest,
    /// Where it comes from, in the words of the plan, such as `linux-image-6.12.0_amd64.deb`.
    pub origin: String,
}

/// Where the bytes of a file come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// They are in memory.
    Bytes(Vec<u8>),
    /// They are in a file, which is read when the image is written.
    File(PathBuf),
    /// They are a part of a file, such as another image, from this offset in bytes on.
    Part(PathBuf, u64),
}

/// A file that is written in place later: contiguous, hidden, and not written but for its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservedFile {
    /// Path on the volume: relative, with `/`.
    pub path: String,
    /// Its length.
    pub size: ByteSize,
    /// Its first bytes, which are written; zeros up to the end of the last sector follow.
    pub head: Vec<u8>,
    /// What it is for, in the words of the plan.
    pub purpose: String,
}

/// What a BIOS runs. All zeros and empty for an image that only UEFI starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootCode {
    /// Boot code of the MBR, made to load the core image from [`CORE_IMAGE_LBA`].
    pub mbr: [u8; 440],
    /// GRUB's core image, made to load its second sector from the one after [`CORE_IMAGE_LBA`].
    pub core: Vec<u8>,
}

/// An image in which every byte range is decided.
#[derive(Clone, Debug)]
pub struct ImagePlan {
    sectors: u64,
    identity: DiskIdentity,
    pieces: Vec<Piece>,
    empty_files: Vec<ImageFile>,
}

/// Consecutive sectors of an image and what belongs there.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Where it lies. The pieces of a plan cover the image without gap or overlap.
    pub range: LbaRange,
    /// What it is, in the words of the plan.
    pub label: String,
    /// What is written there.
    pub content: PieceContent,
}

/// What is written to a range of sectors. Zeros follow up to the end of the range.
#[derive(Clone, Debug)]
pub enum PieceContent {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes, but only after everything else: without them nothing is found on the stick.
    BytesLast(Vec<u8>),
    /// The content of a file.
    File(ImageFile),
    /// Nothing. The range reads as zeros in an image file and keeps its old content on a stick.
    Unmapped,
}

/// Decides every byte range of the image.
pub fn plan_image(contents: ImageContents) -> Result<ImagePlan, PlanError> {
    check_boot_code(&contents.boot_code)?;
    for file in &contents.reserved {
        if ByteSize(length(&file.head)) > file.size {
            return Err(PlanError::HeadTooLong {
                path: file.path.clone(),
                head: file.head.len(),
                size: file.size,
            });
        }
    }
    let volume = plan_volume(&contents)?;
    let geometry = volume.geometry;
    let volume_sectors = u64::from(geometry.sectors);
    let layout = contents.identity.layout;
    let sectors = disk::disk_sectors(volume_sectors, layout);
    let too_large = || DiskError::TooLarge {
        size: ByteSize(Lba(sectors).byte_offset()),
    };
    let table = disk::plan_partition_table(
        sectors,
        geometry.range().ok_or_else(too_large)?,
        &contents.identity,
        &contents.boot_code.mbr,
    )?;

    let mut pieces = Pieces::default();
    let mbr = LbaRange::starting_at(Lba(0), 1);
    let mbr_content = PieceContent::BytesLast(table.mbr);
    pieces.add(mbr, layout.name_of_mbr(), mbr_content)?;
    let (primary, backup) = match table.gpt {
        Some(gpt) => (
            Some((gpt.primary_range, gpt.primary)),
            Some((gpt.backup_range, gpt.backup)),
        ),
        None => (None, None),
    };
    if let Some((range, bytes)) = primary {
        let content = PieceContent::BytesLast(bytes);
        pieces.add(Some(range), "GPT header and entries", content)?;
    }
    let core = contents.boot_code.core;
    let core_range = LbaRange::starting_at(CORE_IMAGE_LBA, ByteSize(length(&core)).sectors());
    pieces.add(core_range, "GRUB's core image", PieceContent::Bytes(core))?;
    let empty_files = pieces.add_volume(volume, contents.files, contents.reserved)?;
    if let Some((range, bytes)) = backup {
        let content = PieceContent::Bytes(bytes);
        pieces.add(Some(range), "backup GPT entries and header", content)?;
    }
    Ok(ImagePlan {
        sectors,
        identity: contents.identity,
        pieces: pieces.list,
        empty_files,
    })
}

impl ImagePlan {
    /// Returns the length of the image: a multiple of a MiB.
    pub fn size(&self) -> ByteSize {
        ByteSize(Lba(self.sectors).byte_offset())
    }

    /// Returns the bytes that are written; the rest of the image is unmapped.
    pub fn bytes_to_write(&self) -> ByteSize {
        let mapped = self.pieces.iter().filter(|piece| piece.is_mapped());
        ByteSize(mapped.map(|piece| piece.range.size().0).sum())
    }

    /// Returns the identities of disk and volume.
    pub fn identity(&self) -> &DiskIdentity {
        &self.identity
    }

    /// Returns the pieces in the order of their sectors, without gap from the first to the last.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Returns the files that have no byte, and so no sector.
    pub fn empty_files(&self) -> &[ImageFile] {
        &self.empty_files
    }
}

impl Piece {
    /// Returns whether anything is written here.
    pub fn is_mapped(&self) -> bool {
        !matches!(self.content, PieceContent::Unmapped)
    }
}

fn check_boot_code(boot_code: &BootCode) -> Result<(), PlanError> {
    let room = ByteSize(VOLUME_FIRST_LBA.byte_offset() - CORE_IMAGE_LBA.byte_offset());
    let size = ByteSize(length(&boot_code.core));
    if size > room {
        return Err(PlanError::CoreTooLarge { size, room });
    }
    Ok(())
}

fn plan_volume(contents: &ImageContents) -> Result<Volume, VolumeError> {
    let ordinary = contents.files.iter().map(|file| fat32::VolumeFile {
        path: &file.path,
        size: file.size,
        is_reserved: false,
    });
    let reserved = contents.reserved.iter().map(|file| fat32::VolumeFile {
        path: &file.path,
        size: file.size,
        is_reserved: true,
    });
    fat32::plan_volume(&fat32::VolumeContents {
        first_lba: VOLUME_FIRST_LBA,
        label: VOLUME_LABEL,
        serial: contents.identity.volume_serial,
        timestamp: contents.timestamp,
        files: ordinary.chain(reserved).collect(),
        folders: contents.folders.iter().map(String::as_str).collect(),
        free_space: contents.report_space,
    })
}

/// Pieces in the order of their sectors, as they are added. What lies between two is unmapped.
#[derive(Default)]
struct Pieces {
    list: Vec<Piece>,
    next: u64,
}

impl Pieces {
    fn add(
        &mut self,
        range: Option<LbaRange>,
        label: impl Into<String>,
        content: PieceContent,
    ) -> Result<(), PlanError> {
        let Some(range) = range else { return Ok(()) };
        let label = label.into();
        let before = Lba(self.next);
        if range.first() < before {
            return Err(PlanError::Overlap {
                label,
                range,
                before,
            });
        }
        if let Some(gap) = LbaRange::starting_at(before, range.first().0 - before.0) {
            self.list.push(Piece {
                range: gap,
                label: "unused".to_owned(),
                content: PieceContent::Unmapped,
            });
        }
        self.next = range.last().0.saturating_add(1);
        self.list.push(Piece {
            range,
            label,
            content,
        });
        Ok(())
    }

    /// Adds the volume and returns the files that take no sector.
    fn add_volume(
        &mut self,
        volume: Volume,
        files: Vec<ImageFile>,
        reserved: Vec<ReservedFile>,
    ) -> Result<Vec<ImageFile>, PlanError> {
        let geometry = volume.geometry;
        let boot = LbaRange::starting_at(geometry.first_lba, u64::from(geometry.reserved_sectors));
        let boot_bytes = PieceContent::Bytes(volume.reserved);
        self.add(
            boot,
            "FAT32 boot sector, FSInfo and their backups",
            boot_bytes,
        )?;
        let fat_sectors = u64::from(geometry.sectors_per_fat);
        let first_fat = LbaRange::starting_at(geometry.fat_lba(), fat_sectors);
        let counts = format!(
            "first FAT, {} clusters of {} bytes",
            geometry.clusters,
            geometry.cluster_size()
        );
        self.add(first_fat, counts, PieceContent::Bytes(volume.fat.clone()))?;
        let second = geometry.fat_lba().advanced_by(fat_sectors);
        let second_fat = LbaRange::starting_at(second, fat_sectors);
        self.add(second_fat, "second FAT", PieceContent::Bytes(volume.fat))?;
        for folder in volume.folders {
            let range = geometry.extent_range(folder.extent);
            let label = format!("{} (folder)", folder.path);
            self.add(range, label, PieceContent::Bytes(folder.bytes))?;
        }

        let mut empty_files = Vec::new();
        let (file_extents, reserved_extents) = volume.files.split_at(files.len());
        for (file, extent) in files.into_iter().zip(file_extents) {
            match geometry.extent_range(*extent) {
                Some(range) => {
                    let label = format!("/{}", file.path);
                    self.add(Some(range), label, PieceContent::File(file))?;
                }
                None => empty_files.push(file),
            }
        }
        for (file, extent) in reserved.into_iter().zip(reserved_extents) {
            self.add_reserved(geometry.extent_range(*extent), file)?;
        }
        let free = format!(
            "free space, {}",
            ByteSize(u64::from(volume.free.clusters) * u64::from(geometry.cluster_size()))
        );
        self.add(
            geometry.extent_range(volume.free),
            free,
            PieceContent::Unmapped,
        )?;
        Ok(empty_files)
    }

    fn add_reserved(
        &mut self,
        range: Option<LbaRange>,
        file: ReservedFile,
    ) -> Result<(), PlanError> {
        let Some(range) = range else { return Ok(()) };
        let what = format!("/{}  {} bytes  {}", file.path, file.size.0, file.purpose);
        let head_sectors = ByteSize(length(&file.head)).sectors();
        let head = LbaRange::starting_at(range.first(), head_sectors);
        self.add(
            head,
            format!("{what}, head"),
            PieceContent::Bytes(file.head),
        )?;
        let rest = LbaRange::new(range.first().advanced_by(head_sectors), range.last());
        self.add(rest, what, PieceContent::Unmapped)
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
