//! Walks the folders of the volume and checks every entry.

use std::collections::HashSet;
use std::io::{Read, Seek};

use rescue_stick::paths::{self, VOLUME_LABEL};
use zerocopy::FromBytes;

use super::fat::Fat;
use super::{Findings, Medium, VerifyError};
use crate::fat32::geometry::padded_label;
use crate::fat32::name::{folded, short_name_checksum};
use crate::fat32::raw::{
    ENTRY_SIZE, LAST_LONG_ENTRY, LONG_NAME_UNITS, RawFolderEntry, RawLongNameEntry, attribute,
};
use crate::fat32::{Extent, FIRST_CLUSTER};

mod names;

use names::{LongName, short_name_text};

/// First byte of an entry behind which there is none. Source: Microsoft FAT specification 1.03,
/// "DIR_Name".
const NO_MORE: u8 = 0x00;

/// First byte of an entry that was deleted.
const DELETED: u8 = 0xe5;

/// Most clusters of a folder in bytes: 65,536 entries.
const MOST_FOLDER_BYTES: u64 = 2 << 20;

/// A file as its folder describes it.
pub(super) struct FoundFile {
    pub(super) path: String,
    pub(super) size: u32,
    pub(super) extents: Vec<Extent>,
    pub(super) slots: Vec<u8>,
}

/// A folder; the root has an empty path, and no slots.
pub(super) struct FoundFolder {
    pub(super) path: String,
    pub(super) extents: Vec<Extent>,
    /// Its entry in the folder above as it lies there: the parts of a long name, then the entry itself.
    pub(super) slots: Vec<u8>,
}

/// Everything on the volume.
#[derive(Default)]
pub(super) struct FoundTree {
    pub(super) files: Vec<FoundFile>,
    /// The root first.
    pub(super) folders: Vec<FoundFolder>,
}

/// A folder that is still to be read.
struct Pending {
    /// Without a `/` at its start; empty for the root.
    path: String,
    cluster: u32,
    /// Cluster of the folder above, 0 for the root.
    parent: u32,
    slots: Vec<u8>,
}

/// Reads every folder, takes the clusters of everything in them, and checks both.
pub(super) fn read_tree(
    medium: &mut Medium<'_, impl Read + Seek>,
    fat: &mut Fat,
    findings: &mut Findings,
) -> Result<FoundTree, VerifyError> {
    let mut tree = FoundTree::default();
    let mut pending = vec![Pending {
        path: String::new(),
        cluster: FIRST_CLUSTER,
        parent: 0,
        slots: Vec::new(),
    }];
    while let Some(folder) = pending.pop() {
        let shown = format!("/{}", folder.path);
        let extents = fat.take_chain(&shown, folder.cluster, findings);
        let bytes = read_folder(medium, fat, &shown, &extents, findings)?;
        let mut reader = FolderReader {
            shown: &shown,
            folder: &folder,
            findings,
            names: HashSet::new(),
            short_names: HashSet::new(),
        };
        for found in reader.entries(&bytes) {
            let path = match folder.path.as_str() {
                "" => found.name.clone(),
                parent => format!("{parent}/{}", found.name),
            };
            let cluster = found.raw.first_cluster();
            if found.raw.attributes & attribute::DIRECTORY != 0 {
                pending.push(Pending {
                    path,
                    cluster,
                    slots: found.slots,
                    parent: if folder.path.is_empty() {
                        0
                    } else {
                        folder.cluster
                    },
                });
            } else {
                let file = take_file(fat, path, found, findings);
                tree.files.push(file);
            }
        }
        tree.folders.push(FoundFolder {
            path: folder.path,
            extents,
            slots: folder.slots,
        });
    }
    Ok(tree)
}

/// Reads the clusters of a folder, up to the length that one may have.
fn read_folder(
    medium: &mut Medium<'_, impl Read + Seek>,
    fat: &Fat,
    shown: &str,
    extents: &[Extent],
    findings: &mut Findings,
) -> Result<Vec<u8>, VerifyError> {
    let mut bytes = Vec::new();
    let clusters: u64 = extents
        .iter()
        .map(|extent| u64::from(extent.clusters))
        .sum();
    let length = clusters * u64::from(fat.geometry.cluster_size());
    if length > MOST_FOLDER_BYTES {
        findings.problem(
            shown,
            format!("a folder of {length} bytes"),
            "at most 2097152",
        );
        return Ok(bytes);
    }
    for range in extents
        .iter()
        .filter_map(|extent| fat.geometry.extent_range(*extent))
    {
        bytes.extend(medium.read_sectors(range.first(), range.sectors())?);
    }
    Ok(bytes)
}

/// Takes the clusters of a file and holds them against its size.
fn take_file(fat: &mut Fat, path: String, found: FoundEntry, findings: &mut Findings) -> FoundFile {
    let (size, cluster) = (found.raw.size.get(), found.raw.first_cluster());
    let expected = fat.geometry.clusters_of(u64::from(size));
    let extents = if size == 0 && cluster == 0 {
        Vec::new()
    } else {
        fat.take_chain(&path, cluster, findings)
    };
    let clusters: u32 = extents.iter().map(|extent| extent.clusters).sum();
    if clusters != expected {
        findings.problem(
            &path,
            format!("{clusters} clusters"),
            format!("{expected} for {size} bytes"),
        );
    }
    let is_work_area = [paths::JOURNAL, paths::SCRATCH, paths::HEAD].contains(&path.as_str());
    if is_work_area && extents.len() > 1 {
        let finding = format!("it lies in {} places", extents.len());
        findings.problem(&path, finding, "one, since it is written in place");
    }
    FoundFile {
        path,
        size,
        extents,
        slots: found.slots,
    }
}

/// An entry with its name.
struct FoundEntry {
    name: String,
    raw: RawFolderEntry,
    slots: Vec<u8>,
}

/// Reads the entries of one folder.
struct FolderReader<'a> {
    shown: &'a str,
    folder: &'a Pending,
    findings: &'a mut Findings,
    names: HashSet<String>,
    short_names: HashSet<[u8; 11]>,
}

impl FolderReader<'_> {
    /// Returns the entries for files and folders, and checks all others.
    fn entries(&mut self, bytes: &[u8]) -> Vec<FoundEntry> {
        let is_root = self.folder.path.is_empty();
        let mut entries = Vec::new();
        let mut long_name = LongName::default();
        let mut parts = Vec::new();
        let mut labels = 0;
        let (slots, _) = bytes.as_chunks::<ENTRY_SIZE>();
        if !is_root {
            self.check_dots(slots);
        }
        let own_slots = if is_root { 0 } else { 2 };
        let in_use = slots.iter().take_while(|slot| slot[0] != NO_MORE);
        let used = in_use.clone().count();
        for slot in in_use.skip(own_slots).filter(|slot| slot[0] != DELETED) {
            let Ok(raw) = RawFolderEntry::read_from_bytes(slot) else {
                continue;
            };
            if raw.attributes & 0x3f == attribute::LONG_NAME {
                if let Ok(part) = RawLongNameEntry::read_from_bytes(slot) {
                    self.add_part(&mut long_name, &part);
                    parts.extend_from_slice(slot);
                }
                continue;
            }
            if raw.attributes & attribute::VOLUME_ID != 0 {
                labels += 1;
                self.check_label(&raw);
                continue;
            }
            let name = self.name_of(std::mem::take(&mut long_name), &raw);
            let mut slots = std::mem::take(&mut parts);
            slots.extend_from_slice(slot);
            entries.push(FoundEntry { name, raw, slots });
        }
        if !long_name.parts.is_empty() {
            self.problem("a long name without a file", "its file behind it");
        }
        if slots.iter().skip(used).flatten().any(|byte| *byte != 0) {
            self.problem("bytes behind the last entry", "zeros");
        }
        if is_root && labels != 1 {
            self.problem(format!("{labels} volume labels"), "1");
        }
        entries
    }

    fn problem(&mut self, finding: impl Into<String>, expectation: impl Into<String>) {
        self.findings.problem(self.shown, finding, expectation);
    }

    /// Checks that the folder begins with itself and the one above.
    fn check_dots(&mut self, slots: &[[u8; ENTRY_SIZE]]) {
        let expected = [
            (*b".          ", self.folder.cluster),
            (*b"..         ", self.folder.parent),
        ];
        for (index, (name, cluster)) in expected.into_iter().enumerate() {
            let slot = slots.get(index).copied().unwrap_or_default();
            let Ok(raw) = RawFolderEntry::read_from_bytes(&slot) else {
                continue;
            };
            let found = (
                raw.name,
                raw.attributes,
                raw.first_cluster(),
                raw.size.get(),
            );
            if found != (name, attribute::DIRECTORY, cluster, 0) {
                let finding = format!(
                    "entry {index} is \"{}\" with attributes {:#x}, cluster {}, {} bytes",
                    raw.name.escape_ascii(),
                    found.1,
                    found.2,
                    found.3
                );
                let name = name.escape_ascii();
                self.problem(
                    finding,
                    format!("\"{name}\", 0x10, cluster {cluster}, 0 bytes"),
                );
            }
        }
    }

    fn check_label(&mut self, raw: &RawFolderEntry) {
        let is_plain = raw.first_cluster() == 0 && raw.size.get() == 0;
        if raw.name != padded_label(VOLUME_LABEL) || !is_plain || !self.folder.path.is_empty() {
            let finding = format!("a volume label \"{}\"", raw.name.escape_ascii());
            self.problem(
                finding,
                format!("{VOLUME_LABEL:?} in the root folder, without content"),
            );
        }
    }

    fn add_part(&mut self, name: &mut LongName, part: &RawLongNameEntry) {
        let number = part.order & !LAST_LONG_ENTRY;
        let is_last = part.order & LAST_LONG_ENTRY != 0;
        let is_right = if is_last {
            name.parts.is_empty() && (1..=20).contains(&number)
        } else {
            name.next == Some(number) && name.checksum == part.checksum
        };
        if !is_right || part.kind != 0 || part.first_cluster_low.get() != 0 {
            let order = part.order;
            self.problem(
                format!("part {order:#x} of a long name"),
                "parts in falling order",
            );
        }
        name.next = number.checked_sub(1);
        name.checksum = part.checksum;
        name.parts.push(part.units().collect());
    }

    /// Returns the name of an entry, and checks that no other entry has it.
    fn name_of(&mut self, long: LongName, raw: &RawFolderEntry) -> String {
        let short = short_name_text(raw);
        let name = if long.parts.is_empty() {
            short.clone()
        } else {
            if long.next != Some(0) || long.checksum != short_name_checksum(&raw.name) {
                self.problem(
                    format!("a long name that does not belong to {short}"),
                    "its own",
                );
            }
            self.long_name_text(&long)
        };
        let last = name.chars().last();
        let is_refused = |c: char| c.is_control() || r#""*/:<>?\|"#.contains(c);
        if name.contains(is_refused) || matches!(last, None | Some(' ' | '.')) {
            self.problem(
                format!("a file with the name {name:?}"),
                "a name that Windows can open",
            );
        }
        let is_new = self.names.insert(folded(&name));
        if !is_new || !self.short_names.insert(raw.name) {
            self.problem(format!("{name} ({short}) twice"), "once");
        }
        let is_folder = raw.attributes & attribute::DIRECTORY != 0;
        if raw.attributes & 0xc0 != 0 || (is_folder && raw.size.get() != 0) {
            let finding = format!(
                "{name} has attributes {:#x} and {} bytes",
                raw.attributes,
                raw.size.get()
            );
            self.problem(finding, "known attributes, and no length of a folder");
        }
        name
    }

    fn long_name_text(&mut self, long: &LongName) -> String {
        let units: Vec<u16> = long.parts.iter().rev().flatten().copied().collect();
        let length = units
            .iter()
            .position(|unit| *unit == 0)
            .unwrap_or(units.len());
        let (name, padding) = units.split_at(length);
        let is_padded = padding.iter().skip(1).all(|unit| *unit == 0xffff);
        let text = String::from_utf16_lossy(name);
        if String::from_utf16(name).is_err() || !is_padded || padding.len() > LONG_NAME_UNITS {
            self.problem(
                format!("a long name {text:?}"),
                "UTF-16, filled up with ones",
            );
        }
        text
    }
}
