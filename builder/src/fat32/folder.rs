//! The bytes of folders: short entries, long names before them, `.` and `..`, the volume label.

use zerocopy::IntoBytes;
use zerocopy::little_endian::U16;

use super::geometry::padded_label;
use super::name::{self, ShortName};
use super::raw::{LAST_LONG_ENTRY, LONG_NAME_UNITS, RawFolderEntry, RawLongNameEntry, attribute};
use super::timestamp::FatTimestamp;
use super::tree::{Folder, Node, Tree};
use super::{Extent, VolumeContents};

/// Where everything lies that a folder entry points to.
pub(crate) struct Placement<'a> {
    /// Where each folder of the tree lies.
    pub(crate) folders: &'a [Extent],
    /// Where each file lies.
    pub(crate) files: &'a [Extent],
    /// What the volume holds.
    pub(crate) contents: &'a VolumeContents<'a>,
    /// Bytes in a cluster.
    pub(crate) cluster_size: u32,
}

/// Returns the bytes of each folder of the tree, filled up to whole clusters.
pub(crate) fn folder_bytes(tree: &Tree<'_>, placement: &Placement<'_>) -> Vec<Vec<u8>> {
    let folders = tree.folders().enumerate();
    folders
        .map(|(index, folder)| placement.bytes_of(index, folder))
        .collect()
}

impl Placement<'_> {
    fn bytes_of(&self, index: usize, folder: &Folder<'_>) -> Vec<u8> {
        let extent = self.folder_extent(index);
        let clusters = usize::try_from(extent.clusters).unwrap_or_default();
        let size = clusters.saturating_mul(usize::try_from(self.cluster_size).unwrap_or_default());
        let mut bytes = Vec::with_capacity(size);
        if index == 0 {
            let label = padded_label(self.contents.label);
            self.push_entry(
                &mut bytes,
                &label,
                attribute::VOLUME_ID,
                Extent::default(),
                0,
            );
        } else {
            // The root counts as cluster 0 here. Source: Microsoft FAT specification 1.03, "dotdot".
            let parent = match folder.parent() {
                0 => Extent::default(),
                parent => self.folder_extent(parent),
            };
            self.push_entry(&mut bytes, b".          ", attribute::DIRECTORY, extent, 0);
            self.push_entry(&mut bytes, b"..         ", attribute::DIRECTORY, parent, 0);
        }
        for (name, short, node) in folder.entries() {
            if name::needs_long_name(name) {
                push_long_name(&mut bytes, name, short);
            }
            match node {
                Node::Folder(child) => {
                    let extent = self.folder_extent(child);
                    self.push_entry(&mut bytes, short, attribute::DIRECTORY, extent, 0);
                }
                Node::File(file) => self.push_file(&mut bytes, short, file),
            }
        }
        bytes.resize(size, 0);
        bytes
    }

    fn folder_extent(&self, index: usize) -> Extent {
        self.folders.get(index).copied().unwrap_or_default()
    }

    fn push_file(&self, bytes: &mut Vec<u8>, short: &ShortName, index: usize) {
        let extent = self.files.get(index).copied().unwrap_or_default();
        let Some(file) = self.contents.files.get(index) else {
            return;
        };
        let attributes = if file.is_reserved {
            attribute::HIDDEN | attribute::SYSTEM
        } else {
            attribute::ARCHIVE
        };
        // OK to saturate: larger files were refused.
        let size = u32::try_from(file.size.0).unwrap_or(u32::MAX);
        self.push_entry(bytes, short, attributes, extent, size);
    }

    fn push_entry(
        &self,
        bytes: &mut Vec<u8>,
        name: &ShortName,
        attributes: u8,
        extent: Extent,
        size: u32,
    ) {
        let entry = entry(name, attributes, extent, size, self.contents.timestamp);
        bytes.extend_from_slice(entry.as_bytes());
    }
}

fn entry(
    name: &ShortName,
    attributes: u8,
    extent: Extent,
    size: u32,
    timestamp: FatTimestamp,
) -> RawFolderEntry {
    let [low_0, low_1, high_0, high_1] = extent.first.to_le_bytes();
    let (date, time) = (timestamp.date().into(), timestamp.time().into());
    RawFolderEntry {
        name: *name,
        attributes,
        case_flags: 0,
        created_tenths: 0,
        created_time: time,
        created_date: date,
        accessed_date: date,
        first_cluster_high: U16::from_bytes([high_0, high_1]),
        written_time: time,
        written_date: date,
        first_cluster_low: U16::from_bytes([low_0, low_1]),
        size: size.into(),
    }
}

/// Adds the parts of a long name, the last one first.
fn push_long_name(bytes: &mut Vec<u8>, name: &str, short: &ShortName) {
    let checksum = name::short_name_checksum(short);
    let units: Vec<u16> = name.encode_utf16().collect();
    let parts = units.chunks(LONG_NAME_UNITS);
    let last = parts.len();
    for (index, part) in parts.enumerate().rev() {
        let number = index.saturating_add(1);
        // A name that does not fill its last part ends with 0, then all ones.
        let mut filled = [U16::new(0xffff); LONG_NAME_UNITS];
        let terminated = part.iter().copied().chain([0]);
        for (place, unit) in filled.iter_mut().zip(terminated) {
            *place = unit.into();
        }
        let [a, b, c, d, e, f, g, h, i, j, k, l, m] = filled;
        // OK to saturate: 255 units have 20 parts.
        let order = u8::try_from(number).unwrap_or(u8::MAX);
        let part = RawLongNameEntry {
            order: if number == last {
                order | LAST_LONG_ENTRY
            } else {
                order
            },
            units_1: [a, b, c, d, e],
            attributes: attribute::LONG_NAME,
            kind: 0,
            checksum,
            units_2: [f, g, h, i, j, k],
            first_cluster_low: 0.into(),
            units_3: [l, m],
        };
        bytes.extend_from_slice(part.as_bytes());
    }
}
