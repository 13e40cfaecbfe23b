//! Who a stick is: its id, the image it was made from, when and by whom, and its own key.
//!
//! The identity is a preallocated, contiguous file ([`crate::paths::IDENTITY`]) outside the manifest, so
//! that sticks of one image differ in this file's sectors only. In an image it is blank; whoever writes
//! the stick fills it in.
//!
//! ```text
//! 0        magic "MENDSTK\0"
//! 8        schema (u32)
//! 12       length of the text in bytes (u32); 0 if it is blank
//! 16       the identity as JSON, then zeros
//! 4064     SHA-256 of bytes 0..4064
//! ```
//!
//! Numbers are little-endian. The secret key lies on the stick in the clear: `mend` signs reports with it
//! on a PC where nobody types a password. Such a signature says which stick made a report, if the public
//! key is the one in the receipt of that stick. It does not say in whose hands the stick was: who has
//! held it can have copied the key.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;
use crate::secret_key::SecretKey;
use crate::signature::{PublicKey, SignatureError};

/// The schema that this version writes.
pub const IDENTITY_SCHEMA: u32 = 1;
/// Length of the file in bytes, always.
pub const IDENTITY_LENGTH: usize = 4096;

const MAGIC: &[u8; 8] = b"MENDSTK\0";
const TEXT_OFFSET: usize = 16;
const SUM_OFFSET: usize = 4064;
/// Most characters of a title, as in a recipe, and of a name.
const MOST_CHARACTERS: usize = 100;

/// Names a stick for people: `MK-7F3A-01`. The first number tells one writing of sticks from another,
/// the second counts its sticks from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StickId {
    /// Tells one writing from another.
    pub batch: u16,
    /// Counts from 1 to 9999.
    pub number: u16,
}

/// What is known of a stick besides its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityFacts {
    /// Its name.
    pub id: StickId,
    /// Digest of the image it was made from, in which the identity is blank.
    pub image: Sha256Digest,
    /// Title of the image, one line.
    pub title: String,
    /// When it was written: RFC 3339 in UTC, in seconds, `2010-04-22T09:15:00Z`.
    pub written: String,
    /// Who wrote it, one line.
    pub by: String,
}

/// The identity of a stick. Its texts are one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    facts: IdentityFacts,
    key: SecretKey,
}

/// Why an identity is not believed, or cannot be written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The file has another length.
    #[error("stick identity: {found} bytes, expected {IDENTITY_LENGTH}")]
    Length {
        /// Its length.
        found: usize,
    },
    /// No magic, or a wrong checksum: torn, or damaged.
    #[error("stick identity: {found}, expected {expected}")]
    Damaged {
        /// What is there.
        found: &'static str,
        /// What should be there.
        expected: &'static str,
    },
    /// Written by a newer mendkit.
    #[error("stick identity: schema is {found}, this version reads {IDENTITY_SCHEMA}")]
    Schema {
        /// The number found.
        found: u32,
    },
    /// Under a valid checksum there is what this version never writes.
    #[error("stick identity: {field} is {found}, expected {expected}")]
    Field {
        /// Which part of it.
        field: &'static str,
        /// What is there. Never the secret key.
        found: String,
        /// What should be there.
        expected: &'static str,
    },
    /// Not the JSON of an identity. Says line and column, but not the text, which holds the secret key.
    #[error("stick identity: not its JSON at line {line}, column {column}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// No key follows from the seed.
    #[error("stick identity: {0}")]
    Key(#[from] SignatureError),
}

/// The JSON in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawIdentity {
    id: String,
    image: Sha256Digest,
    title: String,
    written: String,
    by: String,
    public_key: String,
    secret_seed: String,
}

impl Identity {
    /// Returns the identity with the key that follows from 32 random bytes, if its texts can be stored.
    pub fn new(facts: IdentityFacts, seed: [u8; 32]) -> Result<Self, IdentityError> {
        check_line("title", &facts.title)?;
        check_line("by", &facts.by)?;
        check_time(&facts.written)?;
        check_number(facts.id)?;
        let key = SecretKey::from_seed(seed)?;
        Ok(Self { facts, key })
    }

    /// Returns the identity of the same stick, with the same key, after it got other content: id and key
    /// stay, whatever `facts` says of the id.
    pub fn refreshed(&self, facts: IdentityFacts) -> Result<Self, IdentityError> {
        let id = self.facts.id;
        Self::new(IdentityFacts { id, ..facts }, self.key.seed())
    }

    /// Returns what is known of the stick.
    pub fn facts(&self) -> &IdentityFacts {
        &self.facts
    }

    /// Returns the public key of the stick.
    pub fn public_key(&self) -> &PublicKey {
        self.key.public()
    }

    /// Returns the key that signs for the stick.
    pub fn key(&self) -> &SecretKey {
        &self.key
    }

    /// Returns the signature over a report in minisign's format; the stick's id stands in its trusted
    /// comment. [`PublicKey::check`] checks it.
    pub fn sign(&self, report: &[u8]) -> String {
        let comment = format!("mendkit stick {}", self.facts.id);
        self.key.sign(report, &comment)
    }

    /// Returns the file: [`IDENTITY_LENGTH`] bytes.
    pub fn to_file(&self) -> Vec<u8> {
        let raw = RawIdentity {
            id: self.facts.id.to_string(),
            image: self.facts.image,
            title: self.facts.title.clone(),
            written: self.facts.written.clone(),
            by: self.facts.by.clone(),
            public_key: self.public_key().base64().to_owned(),
            secret_seed: hex::encode(self.key.seed()),
        };
        // OK to default: only strings, so it always has a JSON form. Its texts are bounded by `new`, so
        // it fits (a test fills them up).
        file_of(&serde_json::to_string_pretty(&raw).unwrap_or_default())
    }

    /// Parses the file. A blank one is nobody's.
    pub fn parse(file: &[u8]) -> Result<Option<Self>, IdentityError> {
        let text = checked_text(file)?;
        if text.is_empty() {
            return Ok(None);
        }
        let syntax = |error: serde_json::Error| IdentityError::Syntax {
            line: error.line(),
            column: error.column(),
        };
        let raw: RawIdentity = serde_json::from_slice(text).map_err(syntax)?;
        let mut seed = [0; 32];
        let decoded = hex::decode_to_slice(&raw.secret_seed, &mut seed);
        decoded.map_err(|_| IdentityError::Field {
            field: "secret-seed",
            found: "something else".to_owned(),
            expected: "64 hexadecimal digits",
        })?;
        let facts = IdentityFacts {
            id: raw.id.parse()?,
            image: raw.image,
            title: raw.title,
            written: raw.written,
            by: raw.by,
        };
        let identity = Self::new(facts, seed)?;
        if identity.public_key().base64() != raw.public_key {
            return Err(IdentityError::Field {
                field: "public-key",
                found: format!("{:?}", raw.public_key),
                expected: "the one that belongs to the secret key",
            });
        }
        Ok(Some(identity))
    }
}

/// Returns the file as an image has it.
pub fn blank_file() -> Vec<u8> {
    file_of("")
}

fn file_of(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(IDENTITY_LENGTH);
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&IDENTITY_SCHEMA.to_le_bytes());
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(text.as_bytes());
    file.resize(SUM_OFFSET, 0);
    let sum = Sha256Digest::of(&file);
    file.extend_from_slice(&sum.0);
    file
}

/// Returns the text in a file whose form is right.
fn checked_text(file: &[u8]) -> Result<&[u8], IdentityError> {
    let length_error = IdentityError::Length { found: file.len() };
    if file.len() != IDENTITY_LENGTH {
        return Err(length_error);
    }
    let (body, sum) = file.split_at_checked(SUM_OFFSET).ok_or(length_error)?;
    let mut numbers = body.chunks_exact(4).skip(2).map(|bytes| {
        let bytes: Result<[u8; 4], _> = bytes.try_into();
        u32::from_le_bytes(bytes.unwrap_or_default())
    });
    if !body.starts_with(MAGIC) {
        return Err(IdentityError::Damaged {
            found: "another magic",
            expected: "\"MENDSTK\"",
        });
    }
    if sum != Sha256Digest::of(body).0 {
        return Err(IdentityError::Damaged {
            found: "a checksum of something else",
            expected: "that of its content: it was damaged, or not written to the end",
        });
    }
    let schema = numbers.next().unwrap_or_default();
    if schema != IDENTITY_SCHEMA {
        return Err(IdentityError::Schema { found: schema });
    }
    let length = numbers.next().unwrap_or_default();
    let text = body.get(TEXT_OFFSET..).unwrap_or_default();
    let parts = usize::try_from(length).ok();
    let parts = parts.and_then(|length| text.split_at_checked(length));
    let (text, rest) = parts.ok_or_else(|| IdentityError::Field {
        field: "length of the text",
        found: length.to_string(),
        expected: "4048 at most",
    })?;
    if rest.iter().any(|byte| *byte != 0) {
        return Err(IdentityError::Field {
            field: "what follows the text",
            found: "something".to_owned(),
            expected: "zeros",
        });
    }
    Ok(text)
}

fn check_line(field: &'static str, text: &str) -> Result<(), IdentityError> {
    let length = text.chars().count();
    let is_line = !text.trim().is_empty() && !text.contains(char::is_control);
    if is_line && length <= MOST_CHARACTERS {
        return Ok(());
    }
    Err(IdentityError::Field {
        field,
        found: format!("{text:?}"),
        expected: "one line of text, 100 characters at most",
    })
}

fn check_number(id: StickId) -> Result<(), IdentityError> {
    if (1..=9999).contains(&id.number) {
        return Ok(());
    }
    Err(IdentityError::Field {
        field: "id",
        found: id.to_string(),
        expected: "a number from 01 to 9999",
    })
}

fn check_time(text: &str) -> Result<(), IdentityError> {
    const FORM: &str = "0000-00-00T00:00:00Z";
    let fits = |(found, form): (char, char)| match form {
        '0' => found.is_ascii_digit(),
        _ => found == form,
    };
    if text.len() == FORM.len() && text.chars().zip(FORM.chars()).all(fits) {
        return Ok(());
    }
    Err(IdentityError::Field {
        field: "written",
        found: format!("{text:?}"),
        expected: "a time such as 2010-04-22T09:15:00Z",
    })
}

impl fmt::Display for StickId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MK-{:04X}-{:02}", self.batch, self.number)
    }
}

impl FromStr for StickId {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text
            .strip_prefix("MK-")
            .and_then(|rest| rest.split_once('-'));
        let id = parts.and_then(|(batch, number)| {
            Some(Self {
                batch: u16::from_str_radix(batch, 16).ok()?,
                number: number.parse().ok()?,
            })
        });
        // Comparing with how it is written refuses signs, lower case and missing or further zeros.
        match id {
            Some(id) if id.to_string() == text && check_number(id).is_ok() => Ok(id),
            _ => Err(IdentityError::Field {
                field: "id",
                found: format!("{text:?}"),
                expected: "a name such as MK-7F3A-01",
            }),
        }
    }
}

#[cfg(test)]
mod tests;
