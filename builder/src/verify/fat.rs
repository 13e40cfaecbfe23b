//! The file allocation table: both copies, and the chains in them.

use std::io::{Read, Seek};

use super::{Findings, Medium, VerifyError};
use crate::fat32::geometry::Geometry;
use crate::fat32::{Extent, FAT_ENTRY_0, FAT_ENTRY_1, FIRST_CLUSTER};
use crate::lba::LbaRange;

/// The bits of an entry that count; the upper four are reserved. Source: Microsoft FAT specification
/// 1.03, "FAT data structure".
const ENTRY_BITS: u32 = 0x0fff_ffff;

/// Marks a cluster that cannot be used.
const BAD_CLUSTER: u32 = 0x0fff_fff7;

/// From here on, an entry ends a chain.
const LEAST_END_OF_CHAIN: u32 = 0x0fff_fff8;

/// A FAT, and which of its clusters have been found to belong to something.
pub(super) struct Fat {
    entries: Vec<u32>,
    is_owned: Vec<bool>,
    /// Sizes of the volume.
    pub(super) geometry: Geometry,
}

/// Reads both FATs, holds them against each other and checks what is not a chain.
pub(super) fn check_fats(
    medium: &mut Medium<'_, impl Read + Seek>,
    geometry: Geometry,
    findings: &mut Findings,
) -> Result<Fat, VerifyError> {
    let sectors = u64::from(geometry.sectors_per_fat);
    let first_lba = geometry.fat_lba();
    let second_lba = first_lba.advanced_by(sectors);
    let first = entries_of(&medium.read_sectors(first_lba, sectors)?);
    let second = entries_of(&medium.read_sectors(second_lba, sectors)?);
    let mut differing = (0..)
        .zip(first.iter().zip(&second))
        .filter(|(_, (a, b))| a != b);
    if let Some((cluster, (a, b))) = differing.next() {
        let more = differing.count();
        findings.problem(
            format!("second FAT at LBA {second_lba}"),
            format!("entry {cluster} is {b:#x}, and {more} more differ"),
            format!("{a:#x} as in the first"),
        );
    }
    let place = format!("FAT at LBA {first_lba}");
    for (index, expected) in [(0, FAT_ENTRY_0), (1, FAT_ENTRY_1)] {
        let found = first.get(index).copied().unwrap_or_default();
        if found & ENTRY_BITS != expected & ENTRY_BITS {
            let finding = format!("entry {index} is {found:#x}");
            findings.problem(&place, finding, format!("{expected:#x}, not dirty"));
        }
    }
    let used =
        usize::try_from(geometry.clusters.saturating_add(FIRST_CLUSTER)).unwrap_or(usize::MAX);
    let mut entries = first;
    if entries.iter().skip(used).any(|entry| *entry != 0) {
        findings.problem(&place, "entries behind the last cluster", "zeros");
    }
    entries.truncate(used);
    for entry in &mut entries {
        *entry &= ENTRY_BITS;
    }
    Ok(Fat {
        is_owned: vec![false; entries.len()],
        entries,
        geometry,
    })
}

impl Fat {
    /// Returns the first number that is no cluster any more.
    pub(super) fn end(&self) -> u32 {
        self.geometry.clusters.saturating_add(FIRST_CLUSTER)
    }

    /// Returns how many clusters are free.
    pub(super) fn free_clusters(&self) -> u32 {
        let clusters = self.entries.iter().skip(2);
        let free = clusters.filter(|entry| **entry == 0).count();
        u32::try_from(free).unwrap_or(u32::MAX)
    }

    /// Returns what a copy of the volume must hold: boot sectors, both FATs, and the clusters in use.
    pub(super) fn sectors_in_use(&self) -> Vec<LbaRange> {
        let first = self.geometry.first_lba;
        let structures = self.geometry.data_lba().0.saturating_sub(first.0);
        let mut runs: Vec<Extent> = Vec::new();
        for (entry, cluster) in self.entries.iter().zip(0u32..).skip(2) {
            match runs.last_mut() {
                _ if *entry == 0 => {}
                Some(run) if run.first + run.clusters == cluster => run.clusters += 1,
                _ => runs.push(Extent {
                    first: cluster,
                    clusters: 1,
                }),
            }
        }
        let clusters = runs
            .into_iter()
            .filter_map(|run| self.geometry.extent_range(run));
        LbaRange::starting_at(first, structures)
            .into_iter()
            .chain(clusters)
            .collect()
    }

    /// Follows the chain from `first` and takes its clusters for `owner`. Returns it as runs; what lies
    /// behind a fault is left out, and nothing is taken twice.
    pub(super) fn take_chain(
        &mut self,
        owner: &str,
        first: u32,
        findings: &mut Findings,
    ) -> Vec<Extent> {
        let mut runs: Vec<Extent> = Vec::new();
        let mut cluster = first;
        loop {
            let index = usize::try_from(cluster).unwrap_or(usize::MAX);
            let next = self
                .entries
                .get(index)
                .copied()
                .filter(|_| cluster >= FIRST_CLUSTER);
            let (Some(next), Some(is_owned)) = (next, self.is_owned.get_mut(index)) else {
                let finding = format!("cluster {cluster} in its chain");
                let expectation = format!("{FIRST_CLUSTER} to {}", self.end() - 1);
                findings.problem(owner, finding, expectation);
                return runs;
            };
            if std::mem::replace(is_owned, true) {
                let finding = format!("cluster {cluster} belongs to something else as well");
                findings.problem(owner, finding, "a chain of its own");
                return runs;
            }
            match runs.last_mut() {
                Some(run) if run.first + run.clusters == cluster => run.clusters += 1,
                _ => runs.push(Extent {
                    first: cluster,
                    clusters: 1,
                }),
            }
            match next {
                LEAST_END_OF_CHAIN.. => return runs,
                0 | 1 | BAD_CLUSTER => {
                    let finding = format!("its chain breaks off at cluster {cluster}");
                    findings.problem(owner, finding, "an end mark");
                    return runs;
                }
                _ => cluster = next,
            }
        }
    }

    /// Checks that every cluster in use belongs to something.
    pub(super) fn check_lost_clusters(&self, findings: &mut Findings) {
        let in_use = self.entries.iter().zip(&self.is_owned).zip(0u32..).skip(2);
        let mut lost = in_use
            .filter(|((entry, is_owned), _)| **entry != 0 && **entry != BAD_CLUSTER && !**is_owned)
            .map(|(_, cluster)| cluster);
        if let Some(first) = lost.next() {
            let count = lost.count() + 1;
            let place = format!("FAT at LBA {}", self.geometry.fat_lba());
            let finding = format!("{count} clusters from {first} on belong to nothing");
            findings.problem(place, finding, "a file or folder for each");
        }
    }
}

fn entries_of(bytes: &[u8]) -> Vec<u32> {
    let (entries, _) = bytes.as_chunks::<4>();
    entries
        .iter()
        .map(|entry| u32::from_le_bytes(*entry))
        .collect()
}
