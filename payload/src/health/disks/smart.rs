//! What an ATA disk says of its health: IDENTIFY DEVICE, SMART READ DATA, SMART RETURN STATUS. Pure.
//!
//! The standard leaves the table of attributes to the makers, who all fill it in the same way:
//!
//! ```text
//! 0x000  2 bytes   revision
//! 0x002  30 × 12   id, flags (2), value, worst, raw (6), reserved; id 0: unused
//! 0x1FF  1 byte    makes the sum of all bytes 0
//! ```
//!
//! Source: ACS-2, 7.12 and 7.53; SFF-8035i for the table; smartmontools' handbook for what the raw
//! numbers of the attributes read here mean when nothing is said of the model.
#![cfg_attr(
    not(test),
    warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)
)]

use std::collections::BTreeMap;

/// Bytes of every page.
const PAGE: usize = 512;
/// Where attributes begin, how many there are, and how long one is.
const FIRST: usize = 2;
const COUNT: usize = 30;
const LENGTH: usize = 12;

/// Attributes that are read, by their numbers.
const REALLOCATED: u8 = 5;
const POWER_ON_HOURS: u8 = 9;
const AIRFLOW_TEMPERATURE: u8 = 190;
const TEMPERATURE: u8 = 194;
const PENDING: u8 = 197;
const UNCORRECTABLE: u8 = 198;

/// Why an answer is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SmartError {
    /// Shorter or longer than a page.
    #[error("{what}: {length} bytes, expected {PAGE}")]
    Length {
        /// Which answer.
        what: &'static str,
        /// Its length.
        length: usize,
    },
    /// The checksum does not fit.
    #[error("SMART data: the sum of all bytes is {0:#04x}, expected 0")]
    Checksum(u8),
    /// Not a table of attributes.
    #[error("SMART data: no attribute in the table, expected some")]
    NoAttributes,
    /// The sense data does not have the registers.
    #[error("SMART status: sense data {0}, expected the registers of the disk")]
    NoRegisters(String),
    /// The registers hold neither of the two answers.
    #[error("SMART status: {high:02x}{mid:02x} in the address, expected c24f or 2cf4")]
    Status {
        /// Bits 23 to 16 of the address.
        high: u8,
        /// Bits 15 to 8.
        mid: u8,
    },
}

/// What IDENTIFY DEVICE says of SMART.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Whether the disk has SMART.
    pub has_smart: bool,
    /// Whether it is switched on.
    pub is_smart_on: bool,
}

impl Identity {
    /// Reads the answer to IDENTIFY DEVICE.
    pub fn parse(page: &[u8]) -> Result<Self, SmartError> {
        let page = sized(page, "identity")?;
        let (words, _) = page.as_chunks::<2>();
        let word = |number: usize| {
            words
                .get(number)
                .map_or(0, |word| u16::from_le_bytes(*word))
        };
        // Words 82 and 85 count only if 83 and 87 say so. Source: ACS-2, 7.12.7.39 to 7.12.7.41.
        let is_valid = |number| word(number) & 0xC000 == 0x4000;
        Ok(Self {
            has_smart: is_valid(83) && word(82) & 1 == 1,
            is_smart_on: is_valid(87) && word(85) & 1 == 1,
        })
    }
}

/// The raw numbers of a disk's attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeTable(BTreeMap<u8, [u8; 6]>);

impl AttributeTable {
    /// Reads the answer to SMART READ DATA.
    pub fn parse(page: &[u8]) -> Result<Self, SmartError> {
        let page = sized(page, "SMART data")?;
        let sum = page.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        if sum != 0 {
            return Err(SmartError::Checksum(sum));
        }
        let (entries, _) = page.get(FIRST..).unwrap_or_default().as_chunks::<LENGTH>();
        let mut attributes = BTreeMap::new();
        for [id, _, _, _, _, raw @ .., _] in entries.iter().take(COUNT) {
            if *id != 0 {
                // A number that is there twice is a maker's own; the first is the common one.
                attributes.entry(*id).or_insert(*raw);
            }
        }
        if attributes.is_empty() {
            return Err(SmartError::NoAttributes);
        }
        Ok(Self(attributes))
    }

    /// Returns how many sectors were replaced by spare ones.
    pub fn reallocated(&self) -> Option<u64> {
        self.low_bytes(REALLOCATED, 2)
    }

    /// Returns how many sectors cannot be read and wait to be replaced.
    pub fn pending(&self) -> Option<u64> {
        self.low_bytes(PENDING, 4)
    }

    /// Returns how many sectors could not be read when the disk tested itself.
    pub fn uncorrectable(&self) -> Option<u64> {
        self.low_bytes(UNCORRECTABLE, 4)
    }

    /// Returns the hours that the disk was on.
    pub fn power_on_hours(&self) -> Option<u64> {
        self.low_bytes(POWER_ON_HOURS, 3)
    }

    /// Returns the temperature in degrees Celsius; what no disk survives is not told.
    pub fn temperature_celsius(&self) -> Option<i64> {
        [TEMPERATURE, AIRFLOW_TEMPERATURE]
            .into_iter()
            .find_map(|id| {
                let [low, ..] = *self.0.get(&id)?;
                (1..=120).contains(&low).then_some(i64::from(low))
            })
    }

    /// The upper bytes of a raw number hold other things: the lowest temperature, milliseconds, counts
    /// of another kind.
    fn low_bytes(&self, id: u8, count: usize) -> Option<u64> {
        let raw = self.0.get(&id)?;
        let low = raw.iter().take(count).rev();
        Some(low.fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

/// Reads from the sense data after SMART RETURN STATUS whether the disk says that it is about to fail.
/// Source: ACS-2, 7.53.10; SAT-3, 12.2.6 (descriptor format) and 12.2.7 (fixed format).
pub fn read_status(sense: &[u8]) -> Result<bool, SmartError> {
    let unknown = || SmartError::NoRegisters(format!("{sense:02x?}"));
    let (mid, high) = match sense.first().map(|code| code & 0x7F) {
        Some(0x72) => {
            let descriptor = sense.get(8..22).ok_or_else(unknown)?;
            match *descriptor {
                [0x09, 0x0C, _, _, _, _, _, _, _, mid, _, high, _, _] => (mid, high),
                _ => return Err(unknown()),
            }
        }
        Some(0x70) => match sense.get(8..12) {
            Some([_, _, mid, high]) => (*mid, *high),
            _ => return Err(unknown()),
        },
        _ => return Err(unknown()),
    };
    match (high, mid) {
        (0xC2, 0x4F) => Ok(false),
        (0x2C, 0xF4) => Ok(true),
        (high, mid) => Err(SmartError::Status { high, mid }),
    }
}

fn sized<'p>(page: &'p [u8], what: &'static str) -> Result<&'p [u8; PAGE], SmartError> {
    let length = page.len();
    page.try_into()
        .map_err(|_| SmartError::Length { what, length })
}
