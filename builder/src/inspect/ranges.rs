//! Accounts for every sector: tables, boot code, file system, folders, files, and what lies between.

use std::collections::BTreeMap;

use rescue_stick::paths;

use super::{InspectedRange, MADE_BY_MENDKIT, RangeKind, origin_of_file};
use crate::bom::Provenance;
use crate::boot::grub::{BOOT_SECTOR_COPY, CORE_IMAGE_COPY};
use crate::disk::{CORE_IMAGE_LBA, GPT_SECTORS, VOLUME_FIRST_LBA};
use crate::fat32::geometry::Geometry;
use crate::lba::{Lba, LbaRange};
use crate::verify::{FileOnImage, ReadImage};

/// Returns the ranges of the whole medium, in order, without digests.
pub(super) fn account_for(
    image: &ReadImage,
    known: &BTreeMap<String, Provenance>,
) -> Vec<InspectedRange> {
    let mut ranges = Vec::new();
    add_tables(image, known, &mut ranges);
    if let Some(geometry) = &image.geometry {
        add_structures(geometry, &mut ranges);
    }
    for folder in &image.folder_ranges {
        let what = format!("/{} (folder)", folder.path);
        let kind = RangeKind::Folder;
        let made = folder.ranges.iter();
        ranges.extend(made.map(|range| made_here(*range, kind, what.clone())));
    }
    for file in &image.files {
        add_file(file, known, &mut ranges);
    }
    ranges.sort_by_key(|range| range.first_lba);
    fill_gaps(image, ranges)
}

fn made_here(range: LbaRange, kind: RangeKind, what: impl Into<String>) -> InspectedRange {
    InspectedRange {
        first_lba: range.first().0,
        sectors: range.sectors(),
        kind,
        what: what.into(),
        bytes: None,
        origin: MADE_BY_MENDKIT.to_owned(),
        made_of: Vec::new(),
        licences: Vec::new(),
        sha256: None,
        is_zero: None,
    }
}

fn with_origin(mut range: InspectedRange, provenance: Provenance) -> InspectedRange {
    range.origin = provenance.origin;
    range.made_of = provenance.made_of;
    range.licences = provenance.licences;
    range
}

/// MBR, GPT and boot code, as far as they were found to be there.
fn add_tables(
    image: &ReadImage,
    known: &BTreeMap<String, Provenance>,
    ranges: &mut Vec<InspectedRange>,
) {
    let (Some(identity), Some(size)) = (&image.identity, image.image_size) else {
        return;
    };
    let mut add = |first, sectors, kind, what: &str, from: Option<&str>| {
        if let Some(range) = LbaRange::starting_at(first, sectors) {
            let made = made_here(range, kind, what);
            ranges.push(match from.and_then(|path| known.get(path)) {
                Some(provenance) => with_origin(made, provenance.clone()),
                None => made,
            });
        }
    };
    let (table, code) = (RangeKind::PartitionTable, RangeKind::BootCode);
    let files = &image.files;
    let has = |path: &str| files.iter().find(|file| file.path == path);
    let name = identity.layout.name_of_mbr();
    match has(BOOT_SECTOR_COPY) {
        Some(_) => {
            let what = format!("{name} with GRUB's boot code");
            add(Lba(0), 1, table, &what, Some(BOOT_SECTOR_COPY));
        }
        None => add(Lba(0), 1, table, name, None),
    }
    if let Some(core) = has(CORE_IMAGE_COPY) {
        let sectors = core.size.sectors();
        let from = Some(CORE_IMAGE_COPY);
        add(CORE_IMAGE_LBA, sectors, code, "GRUB's core image", from);
    }
    if identity.layout.has_gpt() {
        add(Lba(1), GPT_SECTORS, table, "GPT header and entries", None);
        let backup = Lba(size.sectors().saturating_sub(GPT_SECTORS));
        let what = "backup GPT entries and header";
        add(backup, GPT_SECTORS, table, what, None);
    }
}

fn add_structures(geometry: &Geometry, ranges: &mut Vec<InspectedRange>) {
    let reserved = u64::from(geometry.reserved_sectors);
    let fat = u64::from(geometry.sectors_per_fat);
    let counts = format!(
        "first FAT, {} clusters of {} bytes",
        geometry.clusters,
        geometry.cluster_size()
    );
    let boot = "FAT32 boot sector, FSInfo and their backups".to_owned();
    let second = geometry.fat_lba().advanced_by(fat);
    for (first, sectors, what) in [
        (geometry.first_lba, reserved, boot),
        (geometry.fat_lba(), fat, counts),
        (second, fat, "second FAT".to_owned()),
    ] {
        if let Some(range) = LbaRange::starting_at(first, sectors) {
            ranges.push(made_here(range, RangeKind::FileSystem, what));
        }
    }
}

fn add_file(
    file: &FileOnImage,
    known: &BTreeMap<String, Provenance>,
    ranges: &mut Vec<InspectedRange>,
) {
    let work_areas = [paths::IDENTITY, paths::HEAD, paths::JOURNAL, paths::SCRATCH];
    let kind = match file.path.as_str() {
        path if work_areas.contains(&path) => RangeKind::WorkArea,
        path if paths::left_by_system(path).is_some() => RangeKind::LeftBySystem,
        path if path.starts_with(&format!("{}/", paths::REPORTS)) => RangeKind::Report,
        _ => RangeKind::File,
    };
    let pieces = file.ranges.len();
    for (number, range) in (1..).zip(&file.ranges) {
        let what = match pieces {
            1 => format!("/{}", file.path),
            _ => format!("/{} (piece {number} of {pieces})", file.path),
        };
        let provenance = origin_of_file(&file.path, known);
        let mut entry = with_origin(made_here(*range, kind, what), provenance);
        entry.bytes = Some(file.size.0);
        entry.sha256 = file.sha256;
        ranges.push(entry);
    }
}

/// Adds what lies between the ranges, so that they cover the medium. Clusters that a FAT calls used and
/// that nothing owns are not explained; nor are two owners of one sector.
fn fill_gaps(image: &ReadImage, owned: Vec<InspectedRange>) -> Vec<InspectedRange> {
    let mut all = Vec::new();
    let mut next = 0;
    let end = image.medium_size.0 / crate::lba::SECTOR_SIZE;
    for range in owned {
        if range.first_lba < next {
            // What is owned twice is told once more, as what it is: a fault.
            all.push(InspectedRange {
                kind: RangeKind::Unexplained,
                what: format!("{}, which something else owns too", range.what),
                sectors: 0,
                ..range
            });
            continue;
        }
        add_gap(image, next, range.first_lba, &mut all);
        next = range.first_lba.saturating_add(range.sectors);
        all.push(range);
    }
    add_gap(image, next, end, &mut all);
    all
}

/// Explains the sectors from `first` up to `end`, which nothing owns.
fn add_gap(image: &ReadImage, first: u64, end: u64, all: &mut Vec<InspectedRange>) {
    let Some(gap) = LbaRange::starting_at(Lba(first), end.saturating_sub(first)) else {
        return;
    };
    let volume = image.volume;
    let behind_image = image.image_size.map_or(0, |size| size.sectors());
    let mut borders = vec![VOLUME_FIRST_LBA.0, behind_image];
    borders.extend(volume.map(|volume| volume.last().0.saturating_add(1)));
    if let Some(geometry) = &image.geometry {
        borders.push(geometry.end_of_clusters().0);
    }
    // Cut at every border and at every run of clusters in use, then call each piece by its place.
    for used in &image.in_use {
        borders.extend([used.first().0, used.last().0.saturating_add(1)]);
    }
    borders.retain(|border| (first..end).contains(border) && *border > first);
    borders.sort_unstable();
    borders.dedup();
    borders.push(end);
    let mut from = gap.first().0;
    for to in borders {
        if let Some(range) = LbaRange::starting_at(Lba(from), to.saturating_sub(from)) {
            all.push(explained(image, range, behind_image));
        }
        from = to;
    }
}

fn explained(image: &ReadImage, range: LbaRange, behind_image: u64) -> InspectedRange {
    let free = |what: &str, origin: &str| InspectedRange {
        origin: origin.to_owned(),
        ..made_here(range, RangeKind::Free, what)
    };
    let is_used = image.in_use.iter().any(|used| used.overlaps(range));
    let first = range.first();
    let inside = image.volume.is_some_and(|volume| volume.overlaps(range));
    let data = image
        .geometry
        .as_ref()
        .map(|geometry| geometry.end_of_clusters());
    match data {
        None => InspectedRange {
            origin: "unknown".to_owned(),
            ..made_here(range, RangeKind::Unexplained, "no volume can be read here")
        },
        _ if is_used => InspectedRange {
            origin: "unknown".to_owned(),
            ..made_here(range, RangeKind::Unexplained, "clusters that no file owns")
        },
        Some(end) if inside && first >= end => {
            free("end of the volume, less than a cluster", "nothing")
        }
        Some(_) if inside => free("free space of the volume", "nothing"),
        Some(_) if first < VOLUME_FIRST_LBA => free("unused, before the volume", "nothing"),
        Some(_) if first.0 >= behind_image => {
            free("behind the image", "whatever the stick held before")
        }
        Some(_) => free("unused, behind the volume", "nothing"),
    }
}
