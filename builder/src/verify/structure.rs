//! Reads an image or a stick: its structures first, then the content of its files.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use rescue_stick::identity::Identity;

use super::folders::{self, FoundFile};
use super::{
    Findings, FolderOnImage, FoundBootCode, Medium, Problem, ReadImage, VerifyError, content, fat,
    partition_table, second_reader, volume,
};
use crate::boot::grub::BOOT_CODE_SIZE;
use crate::disk::{CORE_IMAGE_LBA, VOLUME_FIRST_LBA};
use crate::fat32::geometry::Geometry;
use crate::lba::{ByteSize, Lba};
use crate::refresh_record::{HEAD_LENGTH, RECORD_LBA, RefreshRecord};

/// Reads the whole image or stick but for free space, and checks every structure.
pub fn read_image(source: &mut (impl Read + Seek)) -> Result<ReadImage, VerifyError> {
    let mut structure = read_structure(source)?;
    structure.read_contents(source)?;
    Ok(structure.image)
}

/// An image or stick whose structures were read, and the content of its files not yet.
pub(crate) struct Structure {
    image: ReadImage,
    geometry: Option<Geometry>,
    found: Vec<FoundFile>,
}

/// Reads and checks every structure.
pub(crate) fn read_structure(source: &mut (impl Read + Seek)) -> Result<Structure, VerifyError> {
    let mut medium = Medium::of(source)?;
    let mut findings = Findings::default();
    let table = partition_table::check_partition_table(&mut medium, &mut findings)?;
    let is_table_sound = findings.problems.is_empty();
    let mut image = ReadImage {
        medium_size: ByteSize(medium.size),
        image_size: table.as_ref().map(|table| table.image_size),
        identity: table.as_ref().map(|table| table.identity.clone()),
        files: Vec::new(),
        folders: Vec::new(),
        folder_ranges: Vec::new(),
        geometry: None,
        volume: None,
        in_use: Vec::new(),
        free_space: ByteSize(0),
        problems: Vec::new(),
        notes: Vec::new(),
        proof: BTreeMap::new(),
        boot_code: read_boot_code(&mut medium)?,
    };
    let geometry = volume::check_boot_sectors(&mut medium, table.as_ref(), &mut findings)?;
    let mut found = Vec::new();
    if let Some(geometry) = geometry {
        let mut fat = fat::check_fats(&mut medium, geometry, &mut findings)?;
        let tree = folders::read_tree(&mut medium, &mut fat, &mut findings)?;
        fat.check_lost_clusters(&mut findings);
        volume::check_fs_info(&mut medium, &fat, &mut findings)?;
        if findings.problems.is_empty() {
            second_reader::check_with_fatfs(&mut medium, &geometry, &tree, &mut findings)?;
        }
        image.free_space =
            ByteSize(u64::from(fat.free_clusters()) * u64::from(geometry.cluster_size()));
        image.volume = geometry.range();
        image.geometry = Some(geometry);
        image.in_use = fat.sectors_in_use();
        found = tree.files;
        let placed = tree.folders.iter().map(|folder| FolderOnImage {
            path: folder.path.clone(),
            ranges: (folder.extents.iter())
                .filter_map(|extent| geometry.extent_range(*extent))
                .collect(),
        });
        image.folder_ranges = placed.collect();
        // The root is no folder of a path.
        let folders = tree.folders.into_iter().skip(1);
        image.folders = folders.map(|folder| folder.path).collect();
    }
    image.problems = findings.problems;
    image.notes = findings.notes;
    if !is_table_sound {
        let interrupted = interrupted_refresh(medium.source)?;
        image.problems.splice(0..0, interrupted);
    }
    image.files = content::unread_files(geometry.as_ref(), &found);
    Ok(Structure {
        image,
        geometry,
        found,
    })
}

impl Structure {
    /// Returns what was read.
    pub(crate) fn image(&self) -> &ReadImage {
        &self.image
    }

    /// Reads the content of every file.
    pub(crate) fn read_contents(
        &mut self,
        source: &mut (impl Read + Seek),
    ) -> Result<(), VerifyError> {
        if let Some(geometry) = self.geometry {
            let mut medium = Medium::of(source)?;
            (self.image.files, self.image.proof) =
                content::read_files(&mut medium, &geometry, &self.found)?;
        }
        Ok(())
    }

    /// Returns the image, with whatever was read of it.
    pub(crate) fn into_image(self) -> ReadImage {
        self.image
    }
}

/// Returns what is wrong with a stick whose refresh was interrupted: it says so itself.
fn interrupted_refresh(source: &mut (impl Read + Seek)) -> Result<Option<Problem>, VerifyError> {
    let found = RefreshRecord::read(source).map_err(|source| VerifyError::Read {
        lba: RECORD_LBA,
        length: HEAD_LENGTH,
        source,
    })?;
    let Some(Ok((_, record))) = found else {
        return Ok(None);
    };
    let identity = Identity::parse(&record.identity).ok().flatten();
    let id = identity
        .map(|own| own.facts().id.to_string())
        .unwrap_or_default();
    Ok(Some(Problem {
        place: format!("stick {id}"),
        finding: format!(
            "must be refreshed: its refresh to {:?} was interrupted, what it collected is safe",
            record.wanted
        ),
        expectation: "`mendkit refresh IMAGE DEVICE`, which finishes it".to_owned(),
    }))
}

fn read_boot_code(
    medium: &mut Medium<'_, impl Read + Seek>,
) -> Result<Option<FoundBootCode>, VerifyError> {
    if !medium.holds(Lba(0), VOLUME_FIRST_LBA.0) {
        return Ok(None);
    }
    let mut sector = medium.read_sectors(Lba(0), 1)?;
    sector.truncate(BOOT_CODE_SIZE);
    let core = medium.read_sectors(CORE_IMAGE_LBA, VOLUME_FIRST_LBA.0 - CORE_IMAGE_LBA.0)?;
    Ok(Some(FoundBootCode { sector, core }))
}
