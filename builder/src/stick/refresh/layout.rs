//! An image as a refresh needs it: what its file system looks like before a stick has collected anything.

use std::io;

use rescue_stick::paths;

use super::{Refusal, first_of};
use crate::fat32::FS_INFO_SECTOR;
use crate::fat32::raw::ENTRY_SIZE;
use crate::lba::{Lba, LbaRange};
use crate::stick::source::SourceImage;
use crate::verify::survey::{Survey, SurveyedFolder, survey};

/// A folder of the image to which something may be added.
#[derive(Clone, Debug)]
pub(super) struct OpenFolder {
    /// Where it lies.
    pub(super) ranges: Vec<LbaRange>,
    /// Its entries, without the free ones behind them.
    pub(super) entries: Vec<u8>,
}

/// The file system of an image.
#[derive(Clone, Debug)]
pub struct ImageLayout {
    /// What lies where.
    pub(super) survey: Survey,
    /// One FAT, an entry a cluster.
    pub(super) fat: Vec<u32>,
    /// The sector that counts what is free.
    pub(super) fs_info: Vec<u8>,
    /// Where that sector lies.
    pub(super) fs_info_lba: Lba,
    /// The root folder.
    pub(super) root: OpenFolder,
    /// The folder of reports.
    pub(super) reports: OpenFolder,
}

impl ImageLayout {
    /// Reads the file system of an image that was found good.
    pub fn read(image: &SourceImage) -> Result<Self, Refusal> {
        let mut reader = image.reader();
        let survey = match survey(&mut reader)? {
            Ok(survey) => survey,
            Err(problems) => return Err(Refusal::NotOurs(first_of(&problems))),
        };
        let geometry = survey.geometry;
        let read = |lba: Lba, sectors: u64| -> Result<Vec<u8>, Refusal> {
            let length = usize::try_from(sectors.saturating_mul(512)).unwrap_or(usize::MAX);
            let mut bytes = vec![0; length];
            let done: io::Result<()> = image.read_at(lba, &mut bytes);
            done.map_err(|source| Refusal::Read { lba, source })?;
            Ok(bytes)
        };
        let fat = read(geometry.fat_lba(), u64::from(geometry.sectors_per_fat))?;
        let (entries, _) = fat.as_chunks::<4>();
        let fs_info_lba = geometry.first_lba.advanced_by(u64::from(FS_INFO_SECTOR));
        let open = |path: &str| -> Result<OpenFolder, Refusal> {
            let missing = || Refusal::NotOurs(format!("the image has no folder {path:?}"));
            let folder: &SurveyedFolder = survey.folder(path).ok_or_else(missing)?;
            let mut entries = Vec::new();
            for range in &folder.ranges {
                entries.extend(read(range.first(), range.sectors())?);
            }
            let used = entries
                .chunks(ENTRY_SIZE)
                .position(|slot| slot.first() == Some(&0));
            entries.truncate(used.map_or(entries.len(), |slots| slots * ENTRY_SIZE));
            Ok(OpenFolder {
                ranges: folder.ranges.clone(),
                entries,
            })
        };
        let (root, reports) = (open("")?, open(paths::REPORTS)?);
        Ok(Self {
            fat: entries
                .iter()
                .map(|entry| u32::from_le_bytes(*entry))
                .collect(),
            fs_info: read(fs_info_lba, 1)?,
            fs_info_lba,
            root,
            reports,
            survey,
        })
    }
}
