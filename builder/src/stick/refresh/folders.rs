//! The folders of a refreshed stick: who lies in which, and the entries that say so.

use super::Refusal;
use super::found::Kept;
use super::layout::ImageLayout;
use crate::fat32::raw::{ENTRY_SIZE, attribute};

/// What lies in which folder.
pub(super) struct Folders<'a> {
    kept: &'a [Kept],
}

impl<'a> Folders<'a> {
    /// Refuses names that collide with the image's own in its root.
    pub(super) fn of(layout: &ImageLayout, kept: &'a [Kept]) -> Result<Self, Refusal> {
        let folders = Self { kept };
        let (own, _) = layout.root.entries.as_chunks::<ENTRY_SIZE>();
        for (_, one) in folders.children("") {
            let start = one.slots.len().saturating_sub(ENTRY_SIZE);
            let short = one.slots.get(start..start + 11);
            if own
                .iter()
                .any(|slot| slot[11] != attribute::LONG_NAME && slot.get(..11) == short)
            {
                return Err(Refusal::Collision(one.path.clone()));
            }
        }
        Ok(folders)
    }

    pub(super) fn children(&self, folder: &str) -> impl Iterator<Item = (usize, &'a Kept)> {
        let is_child = move |kept: &Kept| {
            let parent = kept.path.rsplit_once('/').map_or("", |(parent, _)| parent);
            parent == folder
        };
        self.kept
            .iter()
            .enumerate()
            .filter(move |(_, kept)| is_child(kept))
    }

    /// Returns the bytes of a folder that begins with so many.
    pub(super) fn length_of(&self, folder: &str, head: usize) -> u64 {
        let slots: usize = self
            .children(folder)
            .map(|(_, kept)| kept.slots.len())
            .sum();
        u64::try_from(head.saturating_add(slots)).unwrap_or(u64::MAX)
    }
}

/// Returns a folder entry with another first cluster.
pub(super) fn with_cluster(slots: &[u8], cluster: u32) -> Vec<u8> {
    let mut slots = slots.to_vec();
    let start = slots.len().saturating_sub(ENTRY_SIZE);
    let [a, b, c, d] = cluster.to_le_bytes();
    // Source: Microsoft FAT specification 1.03, "DIR_FstClusHI", "DIR_FstClusLO".
    for (offset, bytes) in [(20, [c, d]), (26, [a, b])] {
        if let Some(place) = slots.get_mut(start + offset..start + offset + 2) {
            place.copy_from_slice(&bytes);
        }
    }
    slots
}

/// Returns the two entries that a folder begins with.
pub(super) fn dots(slots: &[u8], own: u32, parent: u32) -> Vec<u8> {
    let start = slots.len().saturating_sub(ENTRY_SIZE);
    let entry = slots.get(start..).unwrap_or_default();
    let named = |name: &[u8; 11], cluster| {
        let mut entry = with_cluster(entry, cluster);
        if let Some(place) = entry.get_mut(..11) {
            place.copy_from_slice(name);
        }
        // Attributes, and the flags of a short name in small letters.
        if let Some(place) = entry.get_mut(11..13) {
            place.copy_from_slice(&[attribute::DIRECTORY, 0]);
        }
        entry
    };
    let mut dots = named(b".          ", own);
    dots.extend(named(b"..         ", parent));
    dots
}
