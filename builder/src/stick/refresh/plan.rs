//! Decides what a refreshed stick holds, sector by sector, and where everything waits meanwhile. Reads and
//! writes nothing.

use rescue_stick::digest::Sha256Digest;
use rescue_stick::head::HEAD_LENGTH;
use rescue_stick::identity::Identity;
use rescue_stick::paths;

use super::Refusal;
use super::clusters::Clusters;
use super::folders::{Folders, dots, with_cluster};
use super::found::OurStick;
use super::layout::{ImageLayout, OpenFolder};
use super::pieces::{Placed, sectors_only, spread, take_run, take_sectors};
use crate::fat32::raw::ENTRY_SIZE;
use crate::lba::{ByteSize, Lba, LbaRange, SECTORS_PER_MIB};
use crate::refresh_record::{KeptPlace, RecordHead, RefreshRecord, sectors_of};
use crate::stick::plan::{FinalPiece, plan_stick};
use crate::stick::source::{CHUNK_SECTORS, Chunk, SourceImage};

/// Everything that becomes of a stick, in the order of its fields.
#[derive(Clone, Debug)]
pub struct RefreshPlan {
    /// Copied first, to where neither image needs the room.
    pub moved: Vec<Placed>,
    /// What the stick says of itself meanwhile, and where.
    pub record: Placed,
    /// The sector that points to it.
    pub head: Vec<u8>,
    /// Where everything that was collected waits meanwhile, in order: never written between the record and
    /// the end.
    pub waiting: Vec<LbaRange>,
    /// What the image's own bytes are, but for those of `made` over them.
    pub chunks: Vec<Chunk>,
    /// What is made for this stick: identity, FATs, folders, and what it collected. In order, without
    /// overlap.
    pub made: Vec<Placed>,
    /// Zeros, since something else could be found there again.
    pub cleared: Vec<LbaRange>,
    /// What makes it a disk; MBR last.
    pub last: Vec<FinalPiece>,
}

/// Plans the refresh of a stick, which has this identity from now on.
pub fn plan_refresh(
    image: &SourceImage,
    layout: &ImageLayout,
    stick: &OurStick,
    identity: &Identity,
    wanted: &str,
) -> Result<RefreshPlan, Refusal> {
    let base = plan_stick(image, stick.size)?;
    let mut planner = Planner {
        clusters: Clusters::new(layout.survey.geometry, &layout.fat),
        stick,
        finals: vec![Vec::new(); stick.kept.len()],
    };
    let folders = Folders::of(layout, &stick.kept)?;
    let waiting = planner.place_files()?;
    let (root, reports) = planner.place_folders(layout, &folders)?;
    let written: Vec<LbaRange> = (planner.finals.iter().flatten().copied())
        .chain(root.iter().chain(&reports).copied())
        .chain(image.chunks.iter().map(|chunk| chunk.range))
        .collect();
    let mut room = planner.waiting_room(base.size, &written);
    let mut made = planner.made(layout, &folders, (&root, &reports));
    made.push(Placed::of(image.identity_range, identity.to_file()));
    made.extend(place_head(layout, stick));
    made.sort_by_key(|placed| placed.range.first());
    let (moved, places) = planner.waiting_places(&waiting, &mut room)?;
    let files = places.iter().filter(|kept| kept.sha256.is_some());
    let mut waiting_at: Vec<LbaRange> = files.flat_map(KeptPlace::ranges).collect();
    waiting_at.sort();
    let record = RefreshRecord {
        identity: stick.identity.to_file(),
        head: stick.head.clone(),
        former: stick.former.clone(),
        wanted: wanted.to_owned(),
        kept: places,
    };
    let bytes = record.to_bytes();
    let bytes = bytes.map_err(|error| Refusal::Record(error.to_string()))?;
    let place = take_run(&mut room, sectors_of(bytes.len())).ok_or_else(|| no_room(stick))?;
    let head = RecordHead {
        length: u32::try_from(bytes.len()).map_err(|error| Refusal::Record(error.to_string()))?,
        place,
        sha256: Sha256Digest::of(&bytes),
    };
    let mut off_limits = written;
    off_limits.extend(moved.iter().map(|placed| placed.range));
    off_limits.push(place);
    let cleared = base
        .cleared
        .iter()
        .flat_map(|range| range.without(&off_limits));
    Ok(RefreshPlan {
        moved,
        record: Placed::of(place, bytes),
        head: head.to_sector(),
        waiting: waiting_at,
        chunks: image.chunks.clone(),
        made,
        cleared: cleared
            .flat_map(|range| range.parts(CHUNK_SECTORS))
            .collect(),
        last: base.last,
    })
}

/// Returns the stick's record of its reports where the image has room for it.
fn place_head(layout: &ImageLayout, stick: &OurStick) -> Option<Placed> {
    let file = layout.survey.file(paths::HEAD)?;
    let first = file.ranges.first()?.first();
    let is_whole = stick.head.len() == HEAD_LENGTH && file.ranges.len() == 1;
    let range = LbaRange::starting_at(first, sectors_of(HEAD_LENGTH))?;
    is_whole.then(|| Placed::of(range, stick.head.clone()))
}

fn no_room(stick: &OurStick) -> Refusal {
    Refusal::NoRoom {
        kept: stick.kept_size(),
    }
}

/// Where a kept file waits until nothing starts from the stick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// Where it is, which is where it will be.
    Here,
    /// Where it will be, copied at once.
    AtEnd,
    /// Somewhere else, since the former image needs the place where it will be.
    Aside,
}

struct Planner<'a> {
    clusters: Clusters,
    stick: &'a OurStick,
    /// Where everything kept will lie, whole clusters, in the order of `kept`.
    finals: Vec<Vec<LbaRange>>,
}

impl Planner<'_> {
    /// Gives every kept file its place, and says where it waits.
    fn place_files(&mut self) -> Result<Vec<Wait>, Refusal> {
        let kept = &self.stick.kept;
        let mut waiting = vec![Wait::Here; kept.len()];
        let mut movers = Vec::new();
        for (index, one) in kept.iter().enumerate() {
            let Some(bytes) = one.file_size() else {
                continue;
            };
            match self.clusters.stay(&one.place, bytes) {
                Some(chain) => self.finals[index] = self.clusters.ranges_of(&chain),
                None => movers.push((index, bytes)),
            }
        }
        let places: Vec<LbaRange> = kept
            .iter()
            .flat_map(|one| one.place.iter().copied())
            .collect();
        for (index, bytes) in movers {
            // Where neither image needs the room; else where only the former needs it.
            self.clusters.keep_off(&self.stick.needed);
            self.clusters.keep_off(&places);
            let free = self.clusters.allocate(bytes, &[]);
            waiting[index] = if free.is_some() {
                Wait::AtEnd
            } else {
                Wait::Aside
            };
            self.clusters.allow_all();
            let chain = free.or_else(|| self.clusters.allocate(bytes, &[]));
            let chain = chain.ok_or_else(|| no_room(self.stick))?;
            self.finals[index] = self.clusters.ranges_of(&chain);
        }
        Ok(waiting)
    }

    /// Returns what is copied before anything else, and where everything kept lies from then on.
    fn waiting_places(
        &self,
        waiting: &[Wait],
        room: &mut Vec<LbaRange>,
    ) -> Result<(Vec<Placed>, Vec<KeptPlace>), Refusal> {
        let (mut moved, mut places) = (Vec::new(), Vec::new());
        for ((kept, wait), own) in self.stick.kept.iter().zip(waiting).zip(&self.finals) {
            let place = match wait {
                Wait::Here => kept.place.clone(),
                Wait::AtEnd => sectors_only(own, kept),
                Wait::Aside => {
                    take_sectors(room, kept.sector_count()).ok_or_else(|| no_room(self.stick))?
                }
            };
            if let (Wait::AtEnd | Wait::Aside, Some(bytes)) = (wait, &kept.sectors) {
                moved.extend(spread(bytes, &place));
            }
            let sectors = place.iter().map(|range| (range.first().0, range.sectors()));
            places.push(KeptPlace {
                path: kept.path.clone(),
                slots: kept.slots.clone(),
                sha256: kept.sectors.as_deref().map(Sha256Digest::of),
                sectors: sectors.collect(),
            });
        }
        Ok((moved, places))
    }

    /// Gives every kept folder its place, and room to the root and the folder of reports; returns where
    /// these two lie.
    fn place_folders(
        &mut self,
        layout: &ImageLayout,
        folders: &Folders<'_>,
    ) -> Result<(Vec<LbaRange>, Vec<LbaRange>), Refusal> {
        let stick = self.stick;
        let no_room = || no_room(stick);
        // What waits where it is must not be written over by a folder.
        let sources = self.stick.kept.iter().filter(|kept| kept.sectors.is_some());
        let sources: Vec<LbaRange> = sources
            .flat_map(|kept| kept.place.iter().copied())
            .collect();
        self.clusters.keep_off(&sources);
        for (index, kept) in self.stick.kept.iter().enumerate() {
            if kept.sectors.is_none() {
                let bytes = folders.length_of(&kept.path, 2 * ENTRY_SIZE);
                let chain = self
                    .clusters
                    .allocate(bytes, &kept.place)
                    .ok_or_else(no_room)?;
                self.finals[index] = self.clusters.ranges_of(&chain);
            }
        }
        let mut grow = |open: &OpenFolder, path: &str, hint: &[LbaRange]| {
            let bytes = folders.length_of(path, open.entries.len());
            let own: u64 = open.ranges.iter().map(|range| range.size().0).sum();
            let mut ranges = open.ranges.clone();
            if bytes > own {
                let chain = self
                    .clusters
                    .allocate(bytes - own, hint)
                    .ok_or_else(no_room)?;
                self.clusters
                    .append(self.clusters.last_of(&open.ranges), &chain);
                ranges.extend(self.clusters.ranges_of(&chain));
            }
            Ok::<_, Refusal>(ranges)
        };
        let root = grow(&layout.root, "", &[])?;
        let reports = grow(&layout.reports, paths::REPORTS, &self.stick.reports_place)?;
        self.clusters.allow_all();
        Ok((root, reports))
    }

    /// Returns where something may wait: sectors of the stick that nobody needs before or writes after.
    fn waiting_room(&self, size: ByteSize, written: &[LbaRange]) -> Vec<LbaRange> {
        let first = Lba(SECTORS_PER_MIB);
        let sectors = (size.0 / 512).saturating_sub(2 * SECTORS_PER_MIB);
        let mut taken = written.to_vec();
        taken.extend_from_slice(&self.stick.needed);
        let places = self
            .stick
            .kept
            .iter()
            .flat_map(|kept| kept.place.iter().copied());
        taken.extend(places);
        // Sorted, so that each cut leaves one range more at most.
        taken.sort();
        let all = LbaRange::starting_at(first, sectors);
        let mut room = Vec::new();
        let mut rest = all;
        for cut in taken {
            let Some(range) = rest else { break };
            if cut.last() < range.first() {
                continue;
            }
            if let Some(before) = cut.first().0.checked_sub(1) {
                room.extend(LbaRange::new(range.first(), Lba(before).min(range.last())));
            }
            rest = LbaRange::new(cut.last().advanced_by(1).max(range.first()), range.last());
        }
        room.extend(rest);
        room
    }

    /// Returns everything that lies over the image's bytes, but for the identity.
    fn made(
        &self,
        layout: &ImageLayout,
        folders: &Folders<'_>,
        (root, reports): (&[LbaRange], &[LbaRange]),
    ) -> Vec<Placed> {
        let geometry = layout.survey.geometry;
        let fat = self.clusters.fat_bytes();
        let sectors = u64::from(geometry.sectors_per_fat);
        let mut made = Vec::new();
        for lba in [geometry.fat_lba(), geometry.fat_lba().advanced_by(sectors)] {
            let range = LbaRange::starting_at(lba, sectors);
            made.extend(range.map(|range| Placed::of(range, fat.clone())));
        }
        let fs_info = LbaRange::starting_at(layout.fs_info_lba, 1);
        made.extend(fs_info.map(|range| Placed::of(range, self.fs_info(&layout.fs_info))));
        let first_of = |path: &str| match path {
            "" => 0,
            paths::REPORTS => self.clusters.first_of(reports),
            path => self.first_cluster(path),
        };
        let mut add = |path: &str, ranges: &[LbaRange], head: Vec<u8>| {
            let mut bytes = head;
            for (index, kept) in folders.children(path) {
                let first = self.finals[index].as_slice();
                bytes.extend(with_cluster(&kept.slots, self.clusters.first_of(first)));
            }
            let length: u64 = ranges.iter().map(|range| range.size().0).sum();
            bytes.resize(usize::try_from(length).unwrap_or(usize::MAX), 0);
            made.extend(spread(&bytes, ranges));
        };
        add("", root, layout.root.entries.clone());
        add(paths::REPORTS, reports, layout.reports.entries.clone());
        for (kept, place) in self.stick.kept.iter().zip(&self.finals) {
            if kept.sectors.is_none() {
                let parent = kept.path.rsplit_once('/').map_or("", |(parent, _)| parent);
                let dots = dots(&kept.slots, self.clusters.first_of(place), first_of(parent));
                add(&kept.path, place, dots);
            }
        }
        for (kept, place) in self.stick.kept.iter().zip(&self.finals) {
            if let Some(bytes) = &kept.sectors {
                made.extend(spread(bytes, &sectors_only(place, kept)));
            }
        }
        made
    }

    fn first_cluster(&self, path: &str) -> u32 {
        let mut pairs = self.stick.kept.iter().zip(&self.finals);
        let found = pairs.find(|(kept, _)| kept.path == path);
        found.map_or(0, |(_, place)| self.clusters.first_of(place))
    }

    /// Returns the sector that counts what is free.
    fn fs_info(&self, of_image: &[u8]) -> Vec<u8> {
        let (free, first) = self.clusters.free();
        // Only a hint: one that is possible stays, so that nothing is written for it.
        let hint = Some(self.stick.next_free).filter(|hint| self.clusters.holds(*hint));
        let mut sector = of_image.to_vec();
        // Source: Microsoft FAT specification 1.03, "FSI_Free_Count", "FSI_Nxt_Free".
        for (offset, number) in [(488, free), (492, hint.or(first).unwrap_or(u32::MAX))] {
            if let Some(place) = sector.get_mut(offset..offset + 4) {
                place.copy_from_slice(&number.to_le_bytes());
            }
        }
        sector
    }
}
