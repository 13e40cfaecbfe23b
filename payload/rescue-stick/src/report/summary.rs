//! The summary of a report as a QR code shows it: what a person can carry away if the stick takes nothing.
//!
//! ```text
//! MENDKIT1:6123…                          the code's text: a prefix, then digits
//!
//! 0        version, 1
//! 1        verdict, by its place among the verdicts
//! 2        stick: batch (u16), number (u16)
//! 6        number of the report (u32); 0 if it is not in the chain
//! 10       start, seconds since 1970 by the PC's clock (u32)
//! 14       first 16 bytes of the SHA-256 of report.json
//! 30       name of the computer in UTF-8, cut to 30 bytes at most
//! last 64  Ed25519 signature, by the stick's key, of the BLAKE2b-512 of a fixed text and all before it
//! ```
//!
//! Numbers are big-endian. Seven bytes become seventeen digits, since digits take the least room in a QR
//! code and every scanner types them right; 124 bytes fit a code of 41 by 41 squares. Source: FIDO CTAP
//! 2.2, 11.5.1.2, has the same digits.

use blake2::{Blake2b512, Digest as _};

use super::{Report, Verdict};
use crate::digest::Sha256Digest;
use crate::identity::{Identity, StickId};
use crate::signature::PublicKey;

/// What the text begins with.
pub const SUMMARY_PREFIX: &str = "MENDKIT1:";

/// Characters of a text at most.
pub const MOST_SUMMARY_CHARACTERS: usize = 312;

/// Set before what is signed, so that it can never be taken for a report or a record.
const SIGNED_AS: &[u8] = b"mendkit summary of a report\n";

const VERSION: u8 = 1;
const FIXED_LENGTH: usize = 30;
const MOST_NAME_BYTES: usize = 30;
const SIGNATURE_LENGTH: usize = 64;

/// Digits for so many bytes. Source: the least with `10^digits > 256^bytes`.
const DIGITS: [usize; 8] = [0, 3, 5, 8, 10, 13, 15, 17];

/// Verdicts by the number that stands for them.
const ALL_VERDICTS: [Verdict; 7] = [
    Verdict::Healthy,
    Verdict::Repaired,
    Verdict::Undone,
    Verdict::Affected,
    Verdict::NeedsYou,
    Verdict::Refused,
    Verdict::Failed,
];

/// What a summary says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The stick.
    pub stick: StickId,
    /// Number of the report on it; `None` if it is not in the chain.
    pub number: Option<u32>,
    /// What became of the PC.
    pub verdict: Verdict,
    /// When it began by the PC's clock, seconds since 1970.
    pub started: u32,
    /// Beginning of the digest of `report.json`.
    pub digest: [u8; 16],
    /// Name of the computer, or what of it fits.
    pub computer: String,
}

/// A summary as it was read, with its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedSummary {
    /// What it says; not believed before [`SignedSummary::check`].
    pub summary: Summary,
    signed: Vec<u8>,
    signature: [u8; SIGNATURE_LENGTH],
}

/// Why a text is no summary, or is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SummaryError {
    /// It begins otherwise, or is too long.
    #[error(
        "summary: another text, expected {SUMMARY_PREFIX} and {MOST_SUMMARY_CHARACTERS} characters at most"
    )]
    Form,
    /// Digits are missing, or something else is among them.
    #[error("summary: not the digits that a code shows; scan it again")]
    Digits,
    /// There is what this version never writes.
    #[error("summary: {0} is not what this version writes")]
    Field(&'static str),
    /// Changed, or another stick's.
    #[error("summary: not signed by that stick's key")]
    Signature,
}

impl Summary {
    /// Returns the summary of `report`, whose bytes are `json`, on the stick with that name.
    pub fn of(report: &Report, json: &[u8], stick: StickId) -> Self {
        let mut digest = [0; 16];
        let whole = Sha256Digest::of(json).0;
        digest
            .iter_mut()
            .zip(whole)
            .for_each(|(to, from)| *to = from);
        let names = report.installations.iter();
        let computer = names.filter_map(|one| one.computer.as_deref()).next();
        let number = report.chain.as_ref().map(|link| link.number);
        Self {
            stick,
            number: number.and_then(|number| u32::try_from(number).ok()),
            verdict: report.verdict,
            started: unix_seconds(&report.started).unwrap_or_default(),
            digest,
            computer: cut(computer.unwrap_or_default()).to_owned(),
        }
    }

    /// Returns the text of the code, signed by the stick.
    pub fn to_signed_text(&self, identity: &Identity) -> String {
        let mut bytes = self.to_bytes();
        let signature = identity.key().sign_raw(&digest_of(&bytes));
        bytes.extend_from_slice(&signature);
        let mut text = SUMMARY_PREFIX.to_owned();
        for piece in bytes.chunks(7) {
            let number = piece
                .iter()
                .rev()
                .fold(0_u64, |sum, byte| sum.wrapping_shl(8) | u64::from(*byte));
            let digits = DIGITS.get(piece.len()).copied().unwrap_or_default();
            text.push_str(&format!("{number:0digits$}"));
        }
        text
    }

    fn to_bytes(&self) -> Vec<u8> {
        let place = ALL_VERDICTS.iter().position(|one| *one == self.verdict);
        let mut bytes = vec![VERSION];
        bytes.extend(place.and_then(|place| u8::try_from(place).ok()));
        bytes.extend_from_slice(&self.stick.batch.to_be_bytes());
        bytes.extend_from_slice(&self.stick.number.to_be_bytes());
        bytes.extend_from_slice(&self.number.unwrap_or_default().to_be_bytes());
        bytes.extend_from_slice(&self.started.to_be_bytes());
        bytes.extend_from_slice(&self.digest);
        bytes.extend_from_slice(cut(&self.computer).as_bytes());
        bytes
    }

    fn parse(bytes: &[u8]) -> Result<Self, SummaryError> {
        let take = |from: usize| -> Option<[u8; 4]> {
            bytes.get(from..from.saturating_add(4))?.try_into().ok()
        };
        let field = SummaryError::Field;
        let (Some([version, verdict, b, c]), Some([d, e, ..])) = (take(0), take(4)) else {
            return Err(field("length"));
        };
        if version != VERSION {
            return Err(field("version"));
        }
        let verdict = ALL_VERDICTS.get(usize::from(verdict));
        let number = u32::from_be_bytes(take(6).ok_or(field("length"))?);
        let started = u32::from_be_bytes(take(10).ok_or(field("length"))?);
        let digest = bytes
            .get(14..FIXED_LENGTH)
            .and_then(|part| part.try_into().ok());
        let name = bytes.get(FIXED_LENGTH..).unwrap_or_default();
        let name = std::str::from_utf8(name).map_err(|_| field("name"))?;
        if name.len() > MOST_NAME_BYTES || name.contains(char::is_control) {
            return Err(field("name"));
        }
        Ok(Self {
            stick: StickId {
                batch: u16::from_be_bytes([b, c]),
                number: u16::from_be_bytes([d, e]),
            },
            number: Some(number).filter(|number| *number > 0),
            verdict: *verdict.ok_or(field("verdict"))?,
            started,
            digest: digest.ok_or(field("length"))?,
            computer: name.to_owned(),
        })
    }
}

impl SignedSummary {
    /// Parses the text of a code. Spaces and line ends that a scanner or a message adds do not count.
    pub fn parse(text: &str) -> Result<Self, SummaryError> {
        let text: String = text.chars().filter(|one| !one.is_whitespace()).collect();
        let digits = text
            .strip_prefix(SUMMARY_PREFIX)
            .ok_or(SummaryError::Form)?;
        if text.len() > MOST_SUMMARY_CHARACTERS {
            return Err(SummaryError::Form);
        }
        let mut bytes = Vec::new();
        for piece in digits.as_bytes().chunks(17) {
            bytes.extend(parse_digits(piece).ok_or(SummaryError::Digits)?);
        }
        let at = bytes.len().checked_sub(SIGNATURE_LENGTH);
        let at = at.ok_or(SummaryError::Digits)?;
        let signature = bytes.split_off(at).try_into();
        Ok(Self {
            summary: Summary::parse(&bytes)?,
            signed: bytes,
            signature: signature.map_err(|_| SummaryError::Digits)?,
        })
    }

    /// Checks that the stick with that key made it.
    pub fn check(&self, key: &PublicKey) -> Result<&Summary, SummaryError> {
        let key = key.raw().ok_or(SummaryError::Signature)?;
        let key = ed25519_compact::PublicKey::new(key);
        let signature = ed25519_compact::Signature::new(self.signature);
        key.verify(digest_of(&self.signed), &signature)
            .map_err(|_| SummaryError::Signature)?;
        Ok(&self.summary)
    }
}

/// Returns the bytes that so many digits stand for.
fn parse_digits(digits: &[u8]) -> Option<Vec<u8>> {
    let count = DIGITS.iter().position(|length| *length == digits.len())?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let bytes = number.to_le_bytes();
    let (used, rest) = bytes.split_at_checked(count)?;
    rest.iter().all(|byte| *byte == 0).then(|| used.to_vec())
}

fn digest_of(bytes: &[u8]) -> [u8; 64] {
    Blake2b512::digest([SIGNED_AS, bytes].concat()).into()
}

/// Returns the seconds since 1970 of a time such as `2010-04-22T10:15:00Z`.
fn unix_seconds(text: &str) -> Option<u32> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // Years begin with March, so that a leap day is the last of its year. Source: H. Hinnant,
    // "chrono-compatible low-level date algorithms", days_from_civil.
    let year = year.checked_sub(i64::from(month <= 2))?;
    let month_from_march = month.checked_add(9)?.checked_rem(12)?;
    let day_of_year = month_from_march
        .checked_mul(153)?
        .checked_add(2)?
        .checked_div(5)?
        .checked_add(day)?;
    let leap_days = year
        .checked_div(4)?
        .checked_sub(year.checked_div(100)?)?
        .checked_add(year.checked_div(400)?)?;
    let days = year
        .checked_mul(365)?
        .checked_add(leap_days)?
        .checked_add(day_of_year)?
        // Days from 1 March of the year 0 to the first of 1970, and days count from 1.
        .checked_sub(719_469)?;
    let clock = hour
        .checked_mul(3600)?
        .checked_add(minute.checked_mul(60)?)?;
    let seconds = days.checked_mul(86_400)?.checked_add(clock)?;
    u32::try_from(seconds.checked_add(second)?).ok()
}

/// Returns the beginning of a name that fits.
fn cut(name: &str) -> &str {
    let mut end = name.len().min(MOST_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    name.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
