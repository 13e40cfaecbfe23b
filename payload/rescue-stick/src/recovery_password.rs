//! BitLocker's recovery password: eight groups of six digits, each of which checks itself.
//!
//! ```text
//! 235818-357951-253979-013365-241120-245575-342914-591910
//! 235818 / 11 = 21438 = 0x53BE     each group is eleven times a 16-bit number; these make the key
//! ```
//! So a slip of the finger is found in its own group. No message names a digit, no `Debug` shows one, and
//! what was parsed is wiped from memory when it goes.
//!
//! Source: Microsoft, "BitLocker recovery process"; libbde, BitLocker Drive Encryption format, 5.2.

use std::fmt;

use zeroize::Zeroizing;

/// Groups of a recovery password.
pub const GROUPS: usize = 8;

/// Digits of a group.
pub const GROUP_DIGITS: usize = 6;

/// A recovery password whose groups are right. Which volume it belongs to is another question.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryPassword(Zeroizing<[u16; GROUPS]>);

/// Why a text is no recovery password. Never says what was typed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryPasswordError {
    /// Something else than digits, dashes and blanks.
    #[error("it has other signs than digits and dashes, expected 8 blocks of 6 digits")]
    Sign,
    /// Too few or too many digits in all.
    #[error("it has {0} digits, expected 48 (8 blocks of 6)")]
    Digits(usize),
    /// A group that is too short or too long.
    #[error("block {block} has {digits} digits, expected 6")]
    GroupDigits {
        /// Its number, from 1.
        block: usize,
        /// How many it has.
        digits: usize,
    },
    /// Groups that cannot be right.
    #[error("{} mistyped: compare {}", blocks_are(.0), if .0.len() == 1 { "its 6 digits" } else { "their digits" })]
    Groups(Vec<usize>),
}

fn blocks_are(blocks: &[usize]) -> String {
    let numbers: Vec<String> = blocks.iter().map(ToString::to_string).collect();
    match numbers.as_slice() {
        [one] => format!("block {one} is"),
        _ => format!("blocks {} are", numbers.join(", ")),
    }
}

impl RecoveryPassword {
    /// Parses what a person typed or a scanner read: digits, in groups by dashes or blanks or in one row.
    pub fn parse(text: &str) -> Result<Self, RecoveryPasswordError> {
        let text = text.trim_matches(is_separator);
        if !text
            .chars()
            .all(|one| one.is_ascii_digit() || is_separator(one))
        {
            return Err(RecoveryPasswordError::Sign);
        }
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let parts = text.split(is_separator).filter(|part| !part.is_empty());
        let groups: Vec<&str> = if parts.clone().count() == 1 && digits == GROUPS * GROUP_DIGITS {
            (0..GROUPS)
                .filter_map(|group| {
                    let start = group.checked_mul(GROUP_DIGITS)?;
                    text.get(start..start.checked_add(GROUP_DIGITS)?)
                })
                .collect()
        } else {
            parts.collect()
        };
        if groups.len() != GROUPS {
            return Err(RecoveryPasswordError::Digits(digits));
        }
        let odd = groups.iter().position(|group| group.len() != GROUP_DIGITS);
        if let Some((odd, group)) = odd.and_then(|odd| Some((odd, groups.get(odd)?))) {
            return Err(RecoveryPasswordError::GroupDigits {
                block: odd.saturating_add(1),
                digits: group.len(),
            });
        }
        let mut numbers = Zeroizing::new([0; GROUPS]);
        let mut wrong = Vec::new();
        for (block, (number, group)) in (1..).zip(numbers.iter_mut().zip(&groups)) {
            match group_number(group) {
                Some(right) => *number = right,
                None => wrong.push(block),
            }
        }
        match wrong.is_empty() {
            true => Ok(Self(numbers)),
            false => Err(RecoveryPasswordError::Groups(wrong)),
        }
    }

    /// Returns the 128 bits that it stands for.
    pub fn to_key(&self) -> Zeroizing<[u8; 16]> {
        let mut key = Zeroizing::new([0; 16]);
        for (bytes, number) in key.chunks_exact_mut(2).zip(self.0.iter()) {
            bytes.copy_from_slice(&number.to_le_bytes());
        }
        key
    }

    /// Returns it as Windows prints it.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(GROUPS * (GROUP_DIGITS + 1)));
        for (group, number) in self.0.iter().enumerate() {
            if group > 0 {
                text.push('-');
            }
            // In place: what `format!` makes would stay in memory.
            let number = u32::from(*number).saturating_mul(11);
            for place in [100_000, 10_000, 1000, 100, 10, 1_u32] {
                let digit = number.checked_div(place).unwrap_or(0) % 10;
                text.push(char::from_digit(digit, 10).unwrap_or('0'));
            }
        }
        text
    }
}

impl fmt::Debug for RecoveryPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryPassword(secret)")
    }
}

/// Returns the number that a group of six digits stands for, if it is one that can be right.
pub fn group_number(group: &str) -> Option<u16> {
    let is_group = group.len() == GROUP_DIGITS && group.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = group.parse().ok().filter(|_| is_group)?;
    u16::try_from(number / 11)
        .ok()
        .filter(|_| number.is_multiple_of(11))
}

fn is_separator(one: char) -> bool {
    one == '-' || one.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the volume bitlk-aes-xts-128 among cryptsetup's test volumes.
    const GOOD: &str = "235818-357951-253979-013365-241120-245575-342914-591910";

    fn refusal(text: &str) -> String {
        RecoveryPassword::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn reads_it_with_dashes_with_blanks_and_in_one_row() {
        let row = GOOD.replace('-', "");
        let good = RecoveryPassword::parse(GOOD).unwrap();
        assert_eq!(good.to_text().as_str(), GOOD);
        assert_eq!(good.to_key()[..4], [0xBE, 0x53, 0x1D, 0x7F]);
        for text in [&row, &GOOD.replace('-', " "), &format!("  {GOOD}\r\n")] {
            assert_eq!(RecoveryPassword::parse(text).unwrap(), good);
        }
    }

    #[test]
    fn names_the_blocks_that_are_wrong_and_no_digit_of_them() {
        let one = GOOD.replace("253979", "253978");
        assert_eq!(refusal(&one), "block 3 is mistyped: compare its 6 digits");
        let swapped = one.replace("591910", "591190");
        assert_eq!(
            refusal(&swapped),
            "blocks 3, 8 are mistyped: compare their digits"
        );
        // 720896 is 11 times 65536, one more than a group can be.
        let large = GOOD.replace("235818", "720896");
        assert_eq!(refusal(&large), "block 1 is mistyped: compare its 6 digits");
        assert_eq!(group_number("720885"), Some(u16::MAX));
        let short = GOOD.replace("013365", "13365");
        assert_eq!(refusal(&short), "block 4 has 5 digits, expected 6");
        assert_eq!(
            refusal(&GOOD[..47]),
            "it has 41 digits, expected 48 (8 blocks of 6)"
        );
        assert_eq!(refusal(""), "it has 0 digits, expected 48 (8 blocks of 6)");
        assert!(refusal("23581é").contains("other signs"));
        assert!(refusal(&GOOD.replace("2", "+")).contains("other signs"));
    }

    #[test]
    fn every_digit_that_is_wrong_is_found() {
        for place in 0..GOOD.len() {
            let right = &GOOD[place..=place];
            for wrong in "0123456789".chars().map(String::from) {
                if right == "-" || wrong == right {
                    continue;
                }
                let mut text = GOOD.to_owned();
                text.replace_range(place..=place, &wrong);
                let block = place / 7 + 1;
                assert_eq!(
                    RecoveryPassword::parse(&text),
                    Err(RecoveryPasswordError::Groups(vec![block]))
                );
            }
        }
    }

    #[test]
    fn nothing_shows_it_by_accident() {
        let good = RecoveryPassword::parse(GOOD).unwrap();
        assert_eq!(format!("{good:?}"), "RecoveryPassword(secret)");
    }
}
