//! The identity of one stick: where it lies on an image, and the bytes that go there.
//!
//! Sticks of one image differ in these sectors only. Nothing of the file system changes, so a stick is
//! written as the image with a [`Patch`] over it, and read back the same way; with the blank patch over
//! it, a stick reads as its image did.

use std::io::{self, Read, Seek, SeekFrom};

use rescue_stick::identity::{IDENTITY_LENGTH, Identity, IdentityError, StickId, blank_file};
use rescue_stick::paths;

use crate::fat32::timestamp::civil_date;
use crate::lba::ByteSize;
use crate::verify::place::{PlaceError, find_file};

/// Where the identity lies on an image and on every stick made from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityPlace {
    /// Bytes from the start of the image; a multiple of 512. [`IDENTITY_LENGTH`] bytes from there on, a
    /// multiple of 512 as well, are the identity.
    pub offset: u64,
}

/// Bytes that lie over those of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Bytes from the start of the image.
    pub offset: u64,
    /// What lies there; [`IDENTITY_LENGTH`] bytes.
    pub bytes: Vec<u8>,
}

/// Why an identity cannot be placed or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StickIdentityError {
    /// Its place is not known.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The image has another room for it than this version needs.
    #[error("{}: {found} bytes, expected {IDENTITY_LENGTH}", paths::IDENTITY)]
    Room {
        /// Length of the file.
        found: u64,
    },
    /// It cannot be read.
    #[error("reading {} at byte {offset}", paths::IDENTITY)]
    Read {
        /// Bytes from the start of the image.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// It is none.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl IdentityPlace {
    /// Finds the place on an image or a stick by reading its partition table, FATs and folders.
    pub fn find(source: &mut (impl Read + Seek)) -> Result<Self, StickIdentityError> {
        let file = find_file(source, paths::IDENTITY)?;
        let ByteSize(found) = file.size;
        if usize::try_from(found).ok() != Some(IDENTITY_LENGTH) {
            return Err(StickIdentityError::Room { found });
        }
        Ok(Self {
            offset: file.range.first().byte_offset(),
        })
    }

    /// Reads the identity that lies there; nothing if it is blank.
    ///
    /// The writer calls this on an image too: an image whose blank has another schema carries a `mend`
    /// that would not read the identities of this version, and is refused.
    pub fn read(
        self,
        source: &mut (impl Read + Seek),
    ) -> Result<Option<Identity>, StickIdentityError> {
        let mut bytes = vec![0; IDENTITY_LENGTH];
        let mut read = || {
            source.seek(SeekFrom::Start(self.offset))?;
            source.read_exact(&mut bytes)
        };
        let done = read();
        done.map_err(|source| StickIdentityError::Read {
            offset: self.offset,
            source,
        })?;
        Ok(Identity::parse(&bytes)?)
    }

    /// Returns what makes a copy of the image this stick.
    pub fn patch(self, identity: &Identity) -> Patch {
        Patch {
            offset: self.offset,
            bytes: identity.to_file(),
        }
    }

    /// Returns what makes a stick read as its image did.
    pub fn blank(self) -> Patch {
        Patch {
            offset: self.offset,
            bytes: blank_file(),
        }
    }
}

/// Reads the identity of a stick or image; nothing if nobody gave it one.
pub fn read_identity(
    source: &mut (impl Read + Seek),
) -> Result<Option<Identity>, StickIdentityError> {
    IdentityPlace::find(source)?.read(source)
}

impl Patch {
    /// Lays the patch over `buffer`, which holds the bytes of an image from `start` on. Does nothing where
    /// they do not meet.
    pub fn overlay(&self, start: u64, buffer: &mut [u8]) {
        let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let end = start.saturating_add(length(buffer));
        let own_end = self.offset.saturating_add(length(&self.bytes));
        let (from, to) = (start.max(self.offset), end.min(own_end));
        if from >= to {
            return;
        }
        let part = |base: u64| {
            let at = |position: u64| usize::try_from(position.saturating_sub(base)).ok();
            Some(at(from)?..at(to)?)
        };
        let source = part(self.offset).and_then(|range| self.bytes.get(range));
        let target = part(start).and_then(|range| buffer.get_mut(range));
        if let (Some(source), Some(target)) = (source, target) {
            target.copy_from_slice(source);
        }
    }
}

/// Returns when a stick was written as its identity says it: RFC 3339 in UTC. Nothing after 2107,
/// the last year that FAT knows.
pub fn written_text(unix_seconds: u64) -> Option<String> {
    let days = i64::try_from(unix_seconds / 86_400).ok()?;
    let (year, month, day) = civil_date(days)?;
    let second = unix_seconds % 86_400;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
    ))
}

/// Returns the id after the highest of this batch among `used`, if there is one left.
pub fn next_id(batch: u16, used: impl IntoIterator<Item = StickId>) -> Option<StickId> {
    let in_batch = used.into_iter().filter(|id| id.batch == batch);
    let highest = in_batch.map(|id| id.number).max().unwrap_or(0);
    let number = highest.checked_add(1).filter(|number| *number <= 9999)?;
    Some(StickId { batch, number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_lies_over_every_buffer_it_meets_and_no_other() {
        let patch = Patch {
            offset: 1000,
            bytes: vec![1; IDENTITY_LENGTH],
        };
        let whole: Vec<u8> = (0..8192)
            .map(|at| u8::from((1000..5096).contains(&at)))
            .collect();
        for length in [1, 7, 512, 1000, 1001, 4096, 8192] {
            for start in (0..8192).step_by(length) {
                let end = (start + length).min(8192);
                let mut buffer = vec![0; end - start];
                patch.overlay(u64::try_from(start).unwrap(), &mut buffer);
                assert_eq!(buffer, whole[start..end], "{start}..{end}");
            }
        }
        let mut far = [9; 10];
        patch.overlay(u64::MAX - 3, &mut far);
        assert_eq!(far, [9; 10]);
    }

    #[test]
    fn times_are_those_of_date() {
        // Source: `date -u -d @SECONDS +%FT%TZ` of coreutils.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_271_928_600, "2010-04-22T09:30:00Z"),
            (4_354_819_199, "2107-12-31T23:59:59Z"),
        ] {
            assert_eq!(written_text(seconds).as_deref(), Some(text));
        }
        assert_eq!(written_text(4_354_819_200), None);
        assert_eq!(written_text(u64::MAX), None);
    }

    #[test]
    fn ids_count_on_within_their_batch() {
        let used: Vec<StickId> = ["MK-7F3A-01", "MK-7F3A-12", "MK-0001-30"]
            .map(|text| text.parse().unwrap())
            .into();
        let next = |batch| next_id(batch, used.iter().copied()).map(|id| id.to_string());
        assert_eq!(next(0x7F3A).as_deref(), Some("MK-7F3A-13"));
        assert_eq!(next(2).as_deref(), Some("MK-0002-01"));
        let last = StickId {
            batch: 2,
            number: 9999,
        };
        assert_eq!(next_id(2, [last]), None);
    }
}
