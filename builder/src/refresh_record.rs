//! What a stick says of itself while it is refreshed, so that power may go at any moment.
//!
//! ```text
//! LBA 2047, the last sector before the volume, which nothing else uses:
//!   0     magic "MENDREF\0"
//!   8     schema (u32)
//!   12    length of the record in bytes (u32)
//!   16    where the record lies: first LBA, sectors (u64 each)
//!   32    SHA-256 of the record
//!   64    zeros
//!   480   SHA-256 of bytes 0..480
//! ```
//!
//! Numbers are little-endian; the record is JSON. It says who the stick is and where everything lies that
//! it collected, and it is durable before the first sector changes that the former image needs. It counts
//! only while MBR and GPT are not those of an image: a stick with sound ones is a whole one.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::Identity;
use serde::{Deserialize, Serialize};

use crate::lba::{Lba, LbaRange, SECTOR_SIZE};

/// The schema that this version writes.
pub const REFRESH_RECORD_SCHEMA: u32 = 1;

/// Where the head of the record lies.
pub const RECORD_LBA: Lba = Lba(2047);

/// Bytes of the head.
pub const HEAD_LENGTH: usize = 512;

/// Longest record that is read.
const MOST_LENGTH: usize = 64 << 20;

const MAGIC: [u8; 8] = *b"MENDREF\0";
const SUM_OFFSET: usize = 480;

/// A stick between two images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RefreshRecord {
    /// The file of its identity.
    #[serde(with = "hex")]
    pub identity: Vec<u8>,
    /// Its record of how far its reports go; empty if it has none.
    #[serde(with = "hex", default, skip_serializing_if = "Vec::is_empty")]
    pub head: Vec<u8>,
    /// The image that it held.
    pub former: Former,
    /// Title of the image that it was to hold.
    pub wanted: String,
    /// What it collected: folders before what lies in them.
    pub kept: Vec<KeptPlace>,
}

/// An image as far as a refresh holds it against another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Former {
    /// Date, `YYYY-MM-DD`.
    pub date: String,
    /// Version of the definitions by the name that remedies use.
    pub definitions: BTreeMap<String, String>,
    /// The key that signed it, as Base64.
    pub signing_key: String,
}

/// A file or folder that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeptPlace {
    /// Path on the volume, relative, with `/`.
    pub path: String,
    /// Its folder entry with the parts of its long name before it.
    #[serde(with = "hex")]
    pub slots: Vec<u8>,
    /// Digest of its sectors, whole ones; nothing for a folder.
    pub sha256: Option<Sha256Digest>,
    /// Where its sectors lie until the refresh is done: first LBA, number. Of a folder, where it lay.
    pub sectors: Vec<(u64, u64)>,
}

/// Why a record is not believed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Written by a newer mendkit.
    #[error("record of a refresh: schema is {found}, this version reads {REFRESH_RECORD_SCHEMA}")]
    Schema {
        /// The number found.
        found: u32,
    },
    /// The head is sound, what it points to is not.
    #[error("record of a refresh: {found}, expected {expected}")]
    Corrupt {
        /// What is there.
        found: String,
        /// What should be there.
        expected: &'static str,
    },
}

/// The head, as it lies on the stick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordHead {
    /// Length of the record in bytes.
    pub length: u32,
    /// Where it lies.
    pub place: LbaRange,
    /// Its digest.
    pub sha256: Sha256Digest,
}

impl RecordHead {
    /// Returns the sector.
    pub fn to_sector(&self) -> Vec<u8> {
        let mut sector = Vec::with_capacity(HEAD_LENGTH);
        sector.extend_from_slice(&MAGIC);
        sector.extend_from_slice(&REFRESH_RECORD_SCHEMA.to_le_bytes());
        sector.extend_from_slice(&self.length.to_le_bytes());
        sector.extend_from_slice(&self.place.first().0.to_le_bytes());
        sector.extend_from_slice(&self.place.sectors().to_le_bytes());
        sector.extend_from_slice(&self.sha256.0);
        sector.resize(SUM_OFFSET, 0);
        let sum = Sha256Digest::of(&sector);
        sector.extend_from_slice(&sum.0);
        sector
    }

    /// Parses the sector; nothing if it is none of ours, or torn.
    pub fn parse(sector: &[u8]) -> Result<Option<Self>, RecordError> {
        let Some((body, sum)) = sector.split_at_checked(SUM_OFFSET) else {
            return Ok(None);
        };
        if !body.starts_with(&MAGIC) || sum != Sha256Digest::of(body).0 {
            return Ok(None);
        }
        let schema = number_32(body, 8);
        if schema != REFRESH_RECORD_SCHEMA {
            return Err(RecordError::Schema { found: schema });
        }
        let length = number_32(body, 12);
        let place = LbaRange::starting_at(Lba(number_64(body, 16)), number_64(body, 24));
        let place = place.filter(|place| place.size().0 >= u64::from(length));
        let place = place.ok_or_else(|| RecordError::Corrupt {
            found: "no place that holds it".to_owned(),
            expected: "the sectors of the record",
        })?;
        let mut sha256 = Sha256Digest([0; 32]);
        if let Some(bytes) = body.get(32..64) {
            sha256.0.copy_from_slice(bytes);
        }
        Ok(Some(Self {
            length,
            place,
            sha256,
        }))
    }
}

impl RefreshRecord {
    /// Returns the record as it is stored.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Parses what a head points to.
    pub fn parse(head: &RecordHead, bytes: &[u8]) -> Result<Self, RecordError> {
        let corrupt = |found: String, expected| RecordError::Corrupt { found, expected };
        if Sha256Digest::of(bytes) != head.sha256 {
            let found = format!("sha256 {}", Sha256Digest::of(bytes));
            return Err(corrupt(found, "that of its head"));
        }
        let record: Self = serde_json::from_slice(bytes)
            .map_err(|error| corrupt(error.to_string(), "the JSON of a record"))?;
        match Identity::parse(&record.identity) {
            Ok(Some(_)) => Ok(record),
            _ => Err(corrupt("no identity".to_owned(), "that of the stick")),
        }
    }

    /// Reads the record of a stick and where it lies; nothing if it has none.
    pub fn read(
        source: &mut (impl Read + Seek),
    ) -> io::Result<Option<Result<(RecordHead, Self), RecordError>>> {
        let size = source.seek(SeekFrom::End(0))?;
        if size < RECORD_LBA.advanced_by(1).byte_offset() {
            return Ok(None);
        }
        let mut sector = [0; HEAD_LENGTH];
        source.seek(SeekFrom::Start(RECORD_LBA.byte_offset()))?;
        source.read_exact(&mut sector)?;
        let head = match RecordHead::parse(&sector) {
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(Err(error))),
            Ok(Some(head)) => head,
        };
        let end = head.place.last().advanced_by(1).byte_offset();
        let length = usize::try_from(head.length).unwrap_or(usize::MAX);
        if end > size || length > MOST_LENGTH {
            return Ok(Some(Err(RecordError::Corrupt {
                found: format!("{length} bytes at LBA {}", head.place),
                expected: "a place on the stick",
            })));
        }
        let mut bytes = vec![0; length];
        source.seek(SeekFrom::Start(head.place.first().byte_offset()))?;
        source.read_exact(&mut bytes)?;
        Ok(Some(
            Self::parse(&head, &bytes).map(|record| (head, record)),
        ))
    }
}

impl KeptPlace {
    /// Returns where its sectors lie.
    pub fn ranges(&self) -> Vec<LbaRange> {
        let ranges = self.sectors.iter();
        ranges
            .filter_map(|(first, sectors)| LbaRange::starting_at(Lba(*first), *sectors))
            .collect()
    }
}

/// Returns how many sectors a record of this length takes.
pub fn sectors_of(length: usize) -> u64 {
    u64::try_from(length)
        .unwrap_or(u64::MAX)
        .div_ceil(SECTOR_SIZE)
        .max(1)
}

fn number_32(bytes: &[u8], offset: usize) -> u32 {
    let bytes = bytes.get(offset..).and_then(|rest| rest.first_chunk());
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn number_64(bytes: &[u8], offset: usize) -> u64 {
    let bytes = bytes.get(offset..).and_then(|rest| rest.first_chunk());
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const IDENTITY: &[u8] = include_bytes!("../../payload/rescue-stick/fixtures/identity-1.bin");

    fn record() -> RefreshRecord {
        RefreshRecord {
            identity: IDENTITY.to_vec(),
            head: Vec::new(),
            former: Former {
                date: "2010-04-22".to_owned(),
                definitions: [("mcafee-dat".to_owned(), "5959.0000".to_owned())].into(),
                signing_key: "RWQ".to_owned(),
            },
            wanted: "McAfee DAT 5960".to_owned(),
            kept: vec![KeptPlace {
                path: "reports/a/report.json".to_owned(),
                slots: vec![0x41; 32],
                sha256: Some(Sha256Digest::of(b"report")),
                sectors: vec![(5000, 2), (6000, 1)],
            }],
        }
    }

    fn stick(record: &RefreshRecord) -> Vec<u8> {
        let bytes = record.to_bytes().unwrap();
        let mut stick = vec![0xd1; 4096 * 512];
        let head = RecordHead {
            length: u32::try_from(bytes.len()).unwrap(),
            place: LbaRange::starting_at(Lba(3000), sectors_of(bytes.len())).unwrap(),
            sha256: Sha256Digest::of(&bytes),
        };
        stick[3000 * 512..][..bytes.len()].copy_from_slice(&bytes);
        stick[2047 * 512..2048 * 512].copy_from_slice(&head.to_sector());
        stick
    }

    #[test]
    fn is_read_back_from_a_stick_and_nothing_else_is_taken_for_one() {
        let good = stick(&record());
        let read = |bytes: &[u8]| RefreshRecord::read(&mut Cursor::new(bytes)).unwrap();
        assert_eq!(read(&good).unwrap().unwrap().1, record());
        assert!(read(&vec![0; 4096 * 512]).is_none());
        assert!(read(&good[..2047 * 512]).is_none());
        let mut torn = good.clone();
        torn[2047 * 512 + 40] ^= 1;
        assert!(read(&torn).is_none());
        let mut changed = good.clone();
        changed[3000 * 512 + 7] ^= 1;
        assert!(matches!(
            read(&changed),
            Some(Err(RecordError::Corrupt { .. }))
        ));
    }

    #[test]
    fn the_head_stays_as_it_was_shipped() {
        // Stored on sticks: this digest changes only together with the schema.
        let head = RecordHead {
            length: 700,
            place: LbaRange::starting_at(Lba(3000), 2).unwrap(),
            sha256: Sha256Digest::of(b"record"),
        };
        assert_eq!(RecordHead::parse(&head.to_sector()), Ok(Some(head.clone())));
        expect_test::expect!["084a…1b"].assert_eq(&Sha256Digest::of(&head.to_sector()).short());
        let mut newer = head.to_sector();
        newer[8] = 2;
        newer.truncate(480);
        let sum = Sha256Digest::of(&newer);
        newer.extend_from_slice(&sum.0);
        assert_eq!(
            RecordHead::parse(&newer),
            Err(RecordError::Schema { found: 2 })
        );
    }
}
