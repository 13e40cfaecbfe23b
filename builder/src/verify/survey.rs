//! What lies on an image or a stick, found without reading the content of signed files: for those who are
//! going to write parts of it anew.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use rescue_stick::paths;
use zerocopy::FromBytes as _;

use super::fat;
use super::folders::{self, FoundTree};
use super::{Findings, Medium, Problem, VerifyError, content, partition_table, volume};
use crate::disk::identity::DiskIdentity;
use crate::fat32::geometry::Geometry;
use crate::fat32::raw::RawFsInfo;
use crate::fat32::{Extent, FIRST_CLUSTER, FS_INFO_SECTOR};
use crate::lba::{ByteSize, LbaRange};

/// Largest file whose content is read.
const MOST_READ: u64 = 16 << 20;

/// The files whose content tells whose a stick is.
const READ_FILES: [&str; 5] = [
    paths::MANIFEST,
    paths::MANIFEST_SIGNATURE,
    paths::PUBLIC_KEY,
    paths::JOB,
    paths::IDENTITY,
];

/// Findings that are no obstacle: Windows and Linux mark a volume that is mounted, and a stick that was
/// pulled out keeps the mark; nobody keeps the backups up to date.
const HARMLESS: [&str; 2] = ["backup boot sector", "dirty flag is"];

/// What lies on an image or a stick.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Length of the image file or device.
    pub medium_size: ByteSize,
    /// GUIDs and serial numbers.
    pub identity: DiskIdentity,
    /// Every file.
    pub files: Vec<SurveyedFile>,
    /// Every folder, the root first.
    pub folders: Vec<SurveyedFolder>,
    /// The volume's sectors that mean something, in order.
    pub in_use: Vec<LbaRange>,
    /// What is wrong with FATs, FSInfo or folders. Of a file or folder, its path is the place, without `/`
    /// at its start.
    pub problems: Vec<Problem>,
    /// Where the last writer thought that free clusters begin.
    pub(crate) next_free: u32,
    /// Sizes of the volume.
    pub(crate) geometry: Geometry,
    /// Content of the few files that tell whose it is.
    pub(crate) contents: BTreeMap<String, Vec<u8>>,
}

/// A file as it lies on a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyedFile {
    /// Path on the volume, relative, with `/`.
    pub path: String,
    /// Its length.
    pub size: ByteSize,
    /// Where it lies, whole clusters.
    pub ranges: Vec<LbaRange>,
    /// Its folder entry with the parts of its long name before it, as they lie there.
    pub slots: Vec<u8>,
}

/// A folder as it lies on a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyedFolder {
    /// Path on the volume, relative, with `/`; empty for the root.
    pub path: String,
    /// Where it lies, whole clusters.
    pub ranges: Vec<LbaRange>,
    /// Its entry in the folder above, as that of a file.
    pub slots: Vec<u8>,
}

/// Surveys an image or a stick. Returns what is wrong instead if partition table or boot sector cannot be
/// believed.
pub fn survey(
    source: &mut (impl Read + Seek),
) -> Result<Result<Survey, Vec<Problem>>, VerifyError> {
    let mut medium = Medium::of(source)?;
    let mut findings = Findings::default();
    let table = partition_table::check_partition_table(&mut medium, &mut findings)?;
    let geometry = volume::check_boot_sectors(&mut medium, table.as_ref(), &mut findings)?;
    findings.problems.retain(|problem| {
        let text = format!("{}: {}", problem.place, problem.finding);
        !HARMLESS.iter().any(|words| text.contains(words))
    });
    let (Some(table), Some(geometry), true) = (table, geometry, findings.problems.is_empty())
    else {
        return Ok(Err(findings.problems));
    };
    let mut fat = fat::check_fats(&mut medium, geometry, &mut findings)?;
    let tree = folders::read_tree(&mut medium, &mut fat, &mut findings)?;
    fat.check_lost_clusters(&mut findings);
    let mut survey = Survey {
        medium_size: ByteSize(medium.size),
        identity: table.identity,
        files: Vec::new(),
        folders: Vec::new(),
        in_use: fat.sectors_in_use(),
        problems: findings.problems,
        next_free: read_next_free(&mut medium, &geometry)?,
        geometry,
        contents: BTreeMap::new(),
    };
    for problem in &mut survey.problems {
        problem.place = problem.place.trim_start_matches('/').to_owned();
    }
    survey.take_tree(tree);
    for path in READ_FILES {
        if let Some(bytes) = survey.read(&mut medium, path)? {
            survey.contents.insert(path.to_owned(), bytes);
        }
    }
    Ok(Ok(survey))
}

fn read_next_free(
    medium: &mut Medium<'_, impl Read + Seek>,
    geometry: &Geometry,
) -> Result<u32, VerifyError> {
    let lba = geometry.first_lba.advanced_by(u64::from(FS_INFO_SECTOR));
    let sector = medium.read_sectors(lba, 1)?;
    let info = RawFsInfo::read_from_bytes(&sector);
    Ok(info.map_or(u32::MAX, |info| info.next_free.get()))
}

impl Survey {
    fn take_tree(&mut self, tree: FoundTree) {
        let geometry = self.geometry;
        let ranges = |extents: Vec<Extent>| -> Vec<LbaRange> {
            let ranges = extents.into_iter().map(|one| geometry.extent_range(one));
            ranges.flatten().collect()
        };
        self.files = (tree.files.into_iter())
            .map(|file| SurveyedFile {
                path: file.path,
                size: ByteSize(u64::from(file.size)),
                ranges: ranges(file.extents),
                slots: file.slots,
            })
            .collect();
        self.folders = (tree.folders.into_iter())
            .map(|folder| SurveyedFolder {
                path: folder.path,
                ranges: ranges(folder.extents),
                slots: folder.slots,
            })
            .collect();
    }

    /// Reads a small file whole; nothing if it is not there, or longer than anything that is read.
    fn read(
        &self,
        medium: &mut Medium<'_, impl Read + Seek>,
        path: &str,
    ) -> Result<Option<Vec<u8>>, VerifyError> {
        let Some(file) = self.file(path).filter(|file| file.size.0 <= MOST_READ) else {
            return Ok(None);
        };
        content::read_whole(medium, &file.ranges, file.size).map(Some)
    }

    /// Returns a file by its path.
    pub fn file(&self, path: &str) -> Option<&SurveyedFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Returns a folder by its path.
    pub fn folder(&self, path: &str) -> Option<&SurveyedFolder> {
        self.folders.iter().find(|folder| folder.path == path)
    }
}

/// Returns the clusters that a range of sectors covers, if it begins and ends where clusters do.
pub(crate) fn clusters_in(geometry: &Geometry, range: LbaRange) -> Option<Extent> {
    let per_cluster = u64::from(geometry.sectors_per_cluster);
    let from_data = range.first().0.checked_sub(geometry.data_lba().0)?;
    if !from_data.is_multiple_of(per_cluster) || !range.sectors().is_multiple_of(per_cluster) {
        return None;
    }
    let first = u32::try_from(from_data.checked_div(per_cluster)?).ok()?;
    let first = first.checked_add(FIRST_CLUSTER)?;
    let clusters = u32::try_from(range.sectors().checked_div(per_cluster)?).ok()?;
    let end = geometry.clusters.checked_add(FIRST_CLUSTER)?;
    (first.checked_add(clusters)? <= end).then_some(Extent { first, clusters })
}
