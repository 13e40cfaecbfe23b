//! Bytes with their places, and room that is handed out.

use super::found::Kept;
use crate::lba::{ByteSize, LbaRange};

/// Bytes and the consecutive sectors that hold them; zeros fill the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Where.
    pub range: LbaRange,
    /// What.
    pub bytes: Vec<u8>,
}

impl Placed {
    pub(super) fn of(range: LbaRange, bytes: Vec<u8>) -> Self {
        let mut bytes = bytes;
        bytes.resize(usize::try_from(range.size().0).unwrap_or(usize::MAX), 0);
        Self { range, bytes }
    }
}

impl Kept {
    /// Returns the bytes of its sectors; nothing for a folder.
    pub(super) fn file_size(&self) -> Option<u64> {
        let bytes = self.sectors.as_ref()?.len();
        u64::try_from(bytes).ok()
    }

    pub(super) fn sector_count(&self) -> u64 {
        ByteSize(self.file_size().unwrap_or(0)).sectors()
    }
}

/// Returns the first sectors of a place, as many as the file has.
pub(super) fn sectors_only(place: &[LbaRange], kept: &Kept) -> Vec<LbaRange> {
    let mut left = kept.sector_count();
    let mut sectors = Vec::new();
    for range in place {
        let take = left.min(range.sectors());
        sectors.extend(LbaRange::starting_at(range.first(), take));
        left -= take;
    }
    sectors
}

/// Spreads bytes over ranges of sectors.
pub(super) fn spread(bytes: &[u8], ranges: &[LbaRange]) -> Vec<Placed> {
    let mut rest = bytes;
    let mut placed = Vec::new();
    for range in ranges {
        let length = usize::try_from(range.size().0).unwrap_or(usize::MAX);
        let (part, left) = rest.split_at(length.min(rest.len()));
        placed.push(Placed::of(*range, part.to_vec()));
        rest = left;
    }
    placed
}

/// Takes sectors away from the room, in as few pieces as come first.
pub(super) fn take_sectors(room: &mut Vec<LbaRange>, sectors: u64) -> Option<Vec<LbaRange>> {
    if let Some(run) = take_run(room, sectors) {
        return Some(vec![run]);
    }
    let mut left = sectors;
    let mut taken = Vec::new();
    while left > 0 {
        let longest = room.iter().map(|range| range.sectors()).max()?.min(left);
        taken.push(take_run(room, longest)?);
        left -= longest;
    }
    Some(taken)
}

/// Takes consecutive sectors away from the room.
pub(super) fn take_run(room: &mut Vec<LbaRange>, sectors: u64) -> Option<LbaRange> {
    let place = room
        .iter_mut()
        .position(|range| range.sectors() >= sectors)?;
    let range = room.remove(place);
    let taken = LbaRange::starting_at(range.first(), sectors)?;
    room.extend(LbaRange::new(taken.last().advanced_by(1), range.last()));
    Some(taken)
}
