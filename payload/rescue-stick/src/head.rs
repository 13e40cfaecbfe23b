//! The head record: how far a stick's chain of reports has come, signed by the stick's own key.
//!
//! A chain of digests shows that a report in its middle was changed or taken away, but not that the last
//! ones were: this record does. It also keeps a counter that never goes back, and what a technician
//! entered once for all PCs of a visit. It is a preallocated, contiguous file
//! ([`crate::paths::HEAD`]) outside the manifest, blank in an image, and two equal slots of 8192 bytes:
//!
//! ```text
//! 0        magic "MENDHEAD"
//! 8        schema (u32)
//! 12       length of the text in bytes (u32); 0 if it is blank
//! 16       length of the signature in bytes (u32); 0 if the stick has no key
//! 20       zeros
//! 32       the text: the record as JSON; then its signature, a minisign file; then zeros
//! 8160     SHA-256 of bytes 0..8160
//! ```
//!
//! Numbers are little-endian. The slot that does not count is written and flushed, then the other with the
//! same bytes: cut in between, the one with the higher counter counts; cut within a slot, its checksum does
//! not hold and the other one counts. No older record is left on the stick afterwards.
//!
//! Whoever holds the stick holds its key as well, or can put back a copy of all its bytes that was made
//! earlier. Only who has seen the later record elsewhere notices that: `mendkit collect` does.

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;
use crate::report::VisitFacts;
use crate::report::chain::ChainLink;
use crate::secret_key::SecretKey;
use crate::signature::PublicKey;

/// The schema that this version writes.
pub const HEAD_SCHEMA: u32 = 1;
/// Bytes of one slot.
pub const SLOT_LENGTH: usize = 8192;
/// Length of the file in bytes, always: two slots.
pub const HEAD_LENGTH: usize = 16384;

const MAGIC: &[u8; 8] = b"MENDHEAD";
const TEXT_OFFSET: usize = 32;
const SUM_OFFSET: usize = 8160;

/// What the record says. Its JSON is what is signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Head {
    /// The stick's name; none if nobody gave it one.
    pub stick: Option<String>,
    /// Grows by one at every start of the stick, every report and every entry; never goes back.
    pub counter: u64,
    /// Number of the last report; 0 before the first.
    pub number: u64,
    /// Digest of that report's `report.json`.
    pub last: Option<Sha256Digest>,
    /// What was entered once for this stick.
    pub visit: VisitFacts,
}

/// A record as it was read, with what its signature is checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHead {
    /// What it says.
    pub head: Head,
    /// The bytes that are signed.
    pub text: Vec<u8>,
    /// The minisign file over them; none if the stick has no key.
    pub signature: Option<String>,
    /// The slot that it is in, 0 or 1. The next record goes to the other one first.
    pub slot: usize,
}

/// Why a record is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// The file has another length.
    #[error("head record: {found} bytes, expected {HEAD_LENGTH}")]
    Length {
        /// Its length.
        found: usize,
    },
    /// Neither slot is whole.
    #[error("head record: both slots are damaged, expected one that is whole at least")]
    Damaged,
    /// Written by a newer mendkit.
    #[error("head record: schema is {found}, this version reads {HEAD_SCHEMA}")]
    Schema {
        /// The number found.
        found: u32,
    },
    /// Under a good checksum there is what this version never writes.
    #[error("head record: {0}, expected what mend writes")]
    Syntax(String),
    /// The stick has a key and the record no signature, or the wrong one.
    #[error("head record: {0}, expected a signature by this stick's key")]
    Signature(&'static str),
}

impl Head {
    /// Returns where the next report goes: its number, and the digest of the one before it.
    pub fn next_link(&self) -> ChainLink {
        ChainLink {
            number: self.number.saturating_add(1),
            previous: self.last,
            counter: self.counter.saturating_add(1),
        }
    }

    /// Returns the record after the report with that link and digest.
    #[must_use]
    pub fn after(&self, link: &ChainLink, digest: Sha256Digest) -> Self {
        Self {
            counter: self.counter.saturating_add(1).max(link.counter),
            number: link.number,
            last: Some(digest),
            ..self.clone()
        }
    }

    /// Returns the record at the next start of the stick.
    #[must_use]
    pub fn at_start(&self) -> Self {
        Self {
            counter: self.counter.saturating_add(1),
            ..self.clone()
        }
    }

    /// Returns a slot with this record: [`SLOT_LENGTH`] bytes.
    pub fn to_slot(&self, key: Option<&SecretKey>) -> Vec<u8> {
        // OK to default: a Head has only string keys, so it always has a JSON form.
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        let signature = key.map(|key| {
            let stick = self.stick.as_deref().unwrap_or("without a name");
            let comment = format!("mendkit head {} of {stick}", self.counter);
            key.sign(text.as_bytes(), &comment)
        });
        slot_of(&text, signature.as_deref().unwrap_or_default())
    }
}

impl StoredHead {
    /// Checks that the stick with that key signed it.
    pub fn check(&self, key: &PublicKey) -> Result<(), HeadError> {
        let signature = self.signature.as_deref();
        let signature = signature.ok_or(HeadError::Signature("no signature"))?;
        key.check(&self.text, signature)
            .map_err(|_| HeadError::Signature("another signature"))
    }
}

/// Returns the file as an image has it.
pub fn blank_file() -> Vec<u8> {
    slot_of("", "").repeat(2)
}

/// Parses the file. A blank one says nothing yet. Of two records the one with the higher counter counts.
pub fn parse(file: &[u8]) -> Result<Option<StoredHead>, HeadError> {
    let length = HeadError::Length { found: file.len() };
    if file.len() != HEAD_LENGTH {
        return Err(length);
    }
    let slots = file.chunks_exact(SLOT_LENGTH).enumerate();
    let whole: Vec<_> = slots.filter(|(_, slot)| is_whole(slot)).collect();
    if whole.is_empty() {
        return Err(HeadError::Damaged);
    }
    let mut newest: Option<StoredHead> = None;
    for (index, slot) in whole {
        let counter = |stored: &StoredHead| stored.head.counter;
        let found = parse_slot(index, slot)?;
        if found.as_ref().map(counter) > newest.as_ref().map(counter) {
            newest = found;
        }
    }
    Ok(newest)
}

fn slot_of(text: &str, signature: &str) -> Vec<u8> {
    let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX);
    let mut slot = Vec::with_capacity(SLOT_LENGTH);
    slot.extend_from_slice(MAGIC);
    slot.extend_from_slice(&HEAD_SCHEMA.to_le_bytes());
    slot.extend_from_slice(&length(text).to_le_bytes());
    slot.extend_from_slice(&length(signature).to_le_bytes());
    slot.resize(TEXT_OFFSET, 0);
    // Three lines of 256 characters, a name and a signature always fit (a test fills them up).
    slot.extend_from_slice(text.as_bytes());
    slot.extend_from_slice(signature.as_bytes());
    slot.resize(SUM_OFFSET, 0);
    let sum = Sha256Digest::of(&slot);
    slot.extend_from_slice(&sum.0);
    slot
}

fn is_whole(slot: &[u8]) -> bool {
    let parts = slot.split_at_checked(SUM_OFFSET);
    parts.is_some_and(|(body, sum)| body.starts_with(MAGIC) && sum == Sha256Digest::of(body).0)
}

fn parse_slot(index: usize, slot: &[u8]) -> Result<Option<StoredHead>, HeadError> {
    let number = |at: usize| {
        let bytes = slot.get(at..at.saturating_add(4)).unwrap_or_default();
        u32::from_le_bytes(bytes.try_into().unwrap_or_default())
    };
    let schema = number(8);
    if schema != HEAD_SCHEMA {
        return Err(HeadError::Schema { found: schema });
    }
    let body = slot.get(TEXT_OFFSET..SUM_OFFSET).unwrap_or_default();
    let split = |bytes, length: u32| {
        let length = usize::try_from(length).ok()?;
        <[u8]>::split_at_checked(bytes, length)
    };
    let parts = split(body, number(12)).and_then(|(text, rest)| {
        let (signature, rest) = split(rest, number(16))?;
        Some((text, signature, rest))
    });
    let syntax = |text: &str| HeadError::Syntax(text.to_owned());
    let (text, signature, rest) = parts.ok_or_else(|| syntax("lengths beyond the slot"))?;
    if rest.iter().any(|byte| *byte != 0) {
        return Err(syntax("something behind the signature"));
    }
    if text.is_empty() {
        return Ok(None);
    }
    let head = serde_json::from_slice(text).map_err(|error| syntax(&error.to_string()))?;
    let signature = match signature {
        [] => None,
        bytes => {
            let text = String::from_utf8(bytes.to_vec());
            Some(text.map_err(|_| syntax("a signature that is no text"))?)
        }
    };
    Ok(Some(StoredHead {
        head,
        text: text.to_vec(),
        signature,
        slot: index,
    }))
}

#[cfg(test)]
mod tests;
