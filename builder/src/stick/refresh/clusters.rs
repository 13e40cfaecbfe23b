//! Which clusters of the new volume are free, and which of them may be written already.

use crate::fat32::geometry::Geometry;
use crate::fat32::{END_OF_CHAIN, Extent, FIRST_CLUSTER};
use crate::lba::LbaRange;
use crate::verify::survey::clusters_in;

/// The FAT of a volume to which chains are added.
pub(super) struct Clusters {
    geometry: Geometry,
    fat: Vec<u32>,
    /// By cluster: what must not be written yet.
    kept_off: Vec<bool>,
}

impl Clusters {
    pub(super) fn new(geometry: Geometry, fat: &[u32]) -> Self {
        Self {
            geometry,
            fat: fat.to_vec(),
            kept_off: vec![false; fat.len()],
        }
    }

    fn end(&self) -> u32 {
        self.geometry.clusters.saturating_add(FIRST_CLUSTER)
    }

    /// Returns whether the volume has this cluster.
    pub(super) fn holds(&self, cluster: u32) -> bool {
        (FIRST_CLUSTER..self.end()).contains(&cluster)
    }

    fn is_free(&self, cluster: u32) -> bool {
        self.holds(cluster) && self.fat.get(index(cluster)) == Some(&0)
    }

    /// Marks clusters as one chain.
    fn take(&mut self, chain: &[u32]) {
        let nexts = chain.iter().skip(1).copied().chain([END_OF_CHAIN]);
        for (cluster, next) in chain.iter().zip(nexts) {
            if let Some(entry) = self.fat.get_mut(index(*cluster)) {
                *entry = next;
            }
        }
    }

    /// Hangs a chain behind the last cluster of another.
    pub(super) fn append(&mut self, last: u32, chain: &[u32]) {
        if let (Some(first), Some(entry)) = (chain.first(), self.fat.get_mut(index(last))) {
            *entry = *first;
        }
    }

    /// Keeps clusters that touch these sectors from being handed out.
    pub(super) fn keep_off(&mut self, ranges: &[LbaRange]) {
        let per_cluster = u64::from(self.geometry.sectors_per_cluster);
        let data = self.geometry.data_lba().0;
        for range in ranges {
            let Some(last) = range.last().0.checked_sub(data) else {
                continue;
            };
            let first = range.first().0.saturating_sub(data) / per_cluster;
            for number in first..=last / per_cluster {
                let cluster = usize::try_from(number)
                    .unwrap_or(usize::MAX)
                    .saturating_add(2);
                match self.kept_off.get_mut(cluster) {
                    Some(is_kept_off) => *is_kept_off = true,
                    None => break,
                }
            }
        }
    }

    /// Hands out everything again that is free.
    pub(super) fn allow_all(&mut self) {
        self.kept_off.fill(false);
    }

    /// Lets something stay where it lies, if that is free and whole clusters; returns its chain.
    pub(super) fn stay(&mut self, place: &[LbaRange], bytes: u64) -> Option<Vec<u32>> {
        let mut left = self.geometry.clusters_of(bytes);
        let mut chain = Vec::new();
        for (number, range) in (1..).zip(place) {
            let whole = match number == place.len() {
                true => self.rounded_up(*range),
                false => *range,
            };
            let extent = clusters_in(&self.geometry, whole)?;
            let take = extent.clusters.min(left);
            chain.extend(extent.first..extent.first.saturating_add(take));
            left = left.saturating_sub(take);
        }
        if left > 0 || !chain.iter().all(|cluster| self.is_free(*cluster)) {
            return None;
        }
        self.take(&chain);
        Some(chain)
    }

    /// Returns the range up to the end of its last cluster, where the last part of a file ends earlier.
    fn rounded_up(&self, range: LbaRange) -> LbaRange {
        let per_cluster = u64::from(self.geometry.sectors_per_cluster);
        let sectors = range.sectors().next_multiple_of(per_cluster);
        LbaRange::starting_at(range.first(), sectors).unwrap_or(range)
    }

    /// Hands out clusters for so many bytes, at these places if they are free, else the first that are
    /// free and not kept off.
    pub(super) fn allocate(&mut self, bytes: u64, wanted: &[LbaRange]) -> Option<Vec<u32>> {
        let needed = usize::try_from(self.geometry.clusters_of(bytes)).ok()?;
        let extents: Vec<Extent> = (wanted.iter())
            .filter_map(|range| clusters_in(&self.geometry, *range))
            .collect();
        let wanted = extents
            .iter()
            .flat_map(|one| one.first..one.first.saturating_add(one.clusters));
        let mut chain: Vec<u32> = wanted
            .filter(|cluster| self.is_free(*cluster))
            .take(needed)
            .collect();
        let others = (FIRST_CLUSTER..self.end()).filter(|cluster| {
            self.is_free(*cluster) && !self.kept_off.get(index(*cluster)).copied().unwrap_or(true)
        });
        let others: Vec<u32> = others
            .filter(|cluster| !chain.contains(cluster))
            .take(needed.saturating_sub(chain.len()))
            .collect();
        chain.extend(others);
        if chain.len() < needed {
            return None;
        }
        self.take(&chain);
        Some(chain)
    }

    /// Returns where a chain lies.
    pub(super) fn ranges_of(&self, chain: &[u32]) -> Vec<LbaRange> {
        let mut extents: Vec<Extent> = Vec::new();
        for cluster in chain {
            match extents.last_mut() {
                Some(last) if last.first.saturating_add(last.clusters) == *cluster => {
                    last.clusters = last.clusters.saturating_add(1);
                }
                _ => extents.push(Extent {
                    first: *cluster,
                    clusters: 1,
                }),
            }
        }
        let ranges = extents
            .into_iter()
            .map(|extent| self.geometry.extent_range(extent));
        ranges.flatten().collect()
    }

    /// Returns the last cluster of a place that is whole clusters.
    pub(super) fn last_of(&self, place: &[LbaRange]) -> u32 {
        let extent = place
            .last()
            .and_then(|range| clusters_in(&self.geometry, *range));
        extent.map_or(0, |one| {
            one.first.saturating_add(one.clusters).saturating_sub(1)
        })
    }

    /// Returns the first cluster of a place that is whole clusters.
    pub(super) fn first_of(&self, place: &[LbaRange]) -> u32 {
        let extent = place
            .first()
            .and_then(|range| clusters_in(&self.geometry, *range));
        extent.map_or(0, |one| one.first)
    }

    /// Returns the FAT as it lies on the disk.
    pub(super) fn fat_bytes(&self) -> Vec<u8> {
        self.fat
            .iter()
            .flat_map(|entry| entry.to_le_bytes())
            .collect()
    }

    /// Returns how many clusters are free, and the first of them.
    pub(super) fn free(&self) -> (u32, Option<u32>) {
        let mut free = (FIRST_CLUSTER..self.end()).filter(|cluster| self.is_free(*cluster));
        let first = free.next();
        let more = u32::try_from(free.count()).unwrap_or(u32::MAX);
        (more.saturating_add(u32::from(first.is_some())), first)
    }
}

fn index(cluster: u32) -> usize {
    usize::try_from(cluster).unwrap_or(usize::MAX)
}
