//! Texts and lists as a health check may have them: bounded, and without secrets.
//!
//! What a health check reports comes from registries, disks and firmware of broken PCs, and it is read
//! again in an office. So a text has one line and a length, a list has an end, and what looks like a
//! product key or a recovery key is left out before it is stored; a stored one is refused.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Characters of a [`Line`] at most.
pub const MOST_CHARACTERS: usize = 256;

/// Items of a list of a health check at most.
pub const MOST_ITEMS: usize = 1000;

/// What stands in the place of a key.
const LEFT_OUT: &str = "(key left out)";

/// Groups of a product key and their length. Source: Microsoft, "Find your Windows product key".
const PRODUCT_KEY: (usize, usize) = (5, 5);

/// Groups of a recovery key and their length, digits all. Source: Microsoft, "BitLocker recovery".
const RECOVERY_KEY: (usize, usize) = (8, 6);

/// One line of text: at most [`MOST_CHARACTERS`], no control characters, no keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Line(String);

/// Why a text is no [`Line`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// Longer than a line may be.
    #[error("{0} characters, expected at most {MOST_CHARACTERS}")]
    Long(usize),
    /// Something that moves the cursor or turns the direction of writing.
    #[error("character {0:#x}, expected printable ones")]
    Control(u32),
    /// A product key or a recovery key.
    #[error("a key, expected none in a report")]
    Secret,
}

impl Line {
    /// Makes a line of any text: what does not fit is cut, what does not print is a space, and keys are
    /// left out.
    pub fn clean(text: &str) -> Self {
        let printable: String = text
            .chars()
            .map(|one| if is_control(one) { ' ' } else { one })
            .collect();
        let open = without_keys(printable.trim());
        let short: String = open.chars().take(MOST_CHARACTERS).collect();
        Self(short.trim_end().to_owned())
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<String> for Line {
    type Error = LineError;

    fn try_from(text: String) -> Result<Self, LineError> {
        let length = text.chars().count();
        if length > MOST_CHARACTERS {
            return Err(LineError::Long(length));
        }
        if let Some(control) = text.chars().find(|one| is_control(*one)) {
            return Err(LineError::Control(control.into()));
        }
        if words(&text).any(|(_, word)| has_key(word)) {
            return Err(LineError::Secret);
        }
        Ok(Self(text))
    }
}

impl From<Line> for String {
    fn from(line: Line) -> Self {
        line.0
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self::clean(text)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Control characters, and those that turn the direction of writing: a report is also read on a
/// terminal. Source: Unicode, "Bidirectional format controls".
fn is_control(one: char) -> bool {
    one.is_control()
        || matches!(one, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn without_keys(text: &str) -> String {
    let mut open = String::with_capacity(text.len());
    for (before, word) in words(text) {
        open.push_str(before);
        open.push_str(if has_key(word) { LEFT_OUT } else { word });
    }
    open
}

/// Returns the words of letters, digits and `-`, each with what stands before it; the last word may be
/// empty.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_part = |one: char| one.is_ascii_alphanumeric() || one == '-';
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let start = rest.find(is_part).unwrap_or(rest.len());
        let (before, from_word) = rest.split_at(start);
        let end = from_word
            .find(|one| !is_part(one))
            .unwrap_or(from_word.len());
        let (word, after) = from_word.split_at(end);
        rest = after;
        Some((before, word))
    })
}

fn has_key(word: &str) -> bool {
    let groups: Vec<&str> = word.split('-').collect();
    let has = |(count, length): (usize, usize), digits_only: bool| {
        groups.windows(count).any(|some| {
            some.iter().all(|group| {
                let is_digits = group.bytes().all(|byte| byte.is_ascii_digit());
                group.len() == length && (is_digits || !digits_only)
            })
        })
    };
    has(PRODUCT_KEY, false) || has(RECOVERY_KEY, true)
}

/// A list from a place that may hold any number: the first ones, and how many there are more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Listing<T> {
    /// At most [`MOST_ITEMS`].
    #[serde(deserialize_with = "few", bound(deserialize = "T: Deserialize<'de>"))]
    pub items: Vec<T>,
    /// How many are not among them.
    pub left_out: u64,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            left_out: 0,
        }
    }
}

impl<T> Listing<T> {
    /// Adds an item, or counts it if there are too many.
    pub fn push(&mut self, item: T) {
        if self.items.len() < MOST_ITEMS {
            self.items.push(item);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }
}

/// What is not told, by the name of its field, and why.
pub type NotTold = BTreeMap<Line, Line>;

/// Reads a list that has [`MOST_ITEMS`] at most.
pub(crate) fn few<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Few<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Few<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {MOST_ITEMS}")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(item) = items.next_element()? {
                if list.len() == MOST_ITEMS {
                    return Err(A::Error::invalid_length(
                        MOST_ITEMS.saturating_add(1),
                        &self,
                    ));
                }
                list.push(item);
            }
            Ok(list)
        }
    }
    deserializer.deserialize_seq(Few(std::marker::PhantomData))
}

/// Reads what is not told; it has [`MOST_ITEMS`] at most.
pub(crate) fn few_reasons<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NotTold, D::Error> {
    let reasons = NotTold::deserialize(deserializer)?;
    if reasons.len() > MOST_ITEMS {
        let text = format!("{} reasons, expected at most {MOST_ITEMS}", reasons.len());
        return Err(D::Error::custom(text));
    }
    Ok(reasons)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_becomes_one_printable_line() {
        let long = "x".repeat(MOST_CHARACTERS + 9);
        for (text, expect) in [
            ("  Dell Inc. \n", "Dell Inc."),
            ("a\u{1b}[31mb\r\nc", "a [31mb  c"),
            ("\u{202e}exe.txt", "exe.txt"),
            ("Größe ж 漢", "Größe ж 漢"),
            ("", ""),
            (long.as_str(), &long[..MOST_CHARACTERS]),
        ] {
            let line = Line::clean(text);
            assert_eq!(line.as_str(), expect);
            assert_eq!(Line::try_from(line.0.clone()).as_ref(), Ok(&line));
        }
    }

    #[test]
    fn keys_never_become_part_of_a_line() {
        let product = "ABCDE-12345-FGHIJ-67890-KLMNO";
        let recovery = "111111-222222-333333-444444-555555-666666-777777-888888";
        for key in [product, recovery] {
            let line = Line::clean(&format!("Office ({key}), x-{key}"));
            assert_eq!(line.as_str(), "Office ((key left out)), (key left out)");
            assert_eq!(Line::try_from(key.to_owned()), Err(LineError::Secret));
        }
        for harmless in [
            "KB923561",
            "{21221C11-A06D-4558-B833-98E8C7F6C4D2}",
            "2010-04-21",
        ] {
            assert_eq!(Line::clean(harmless).as_str(), harmless);
        }
    }

    #[test]
    fn stored_lines_and_lists_are_held_to_their_bounds() {
        let line = |text: &str| serde_json::from_str::<Line>(text).map_err(|e| e.to_string());
        assert!(line("\"fine\"").is_ok());
        assert!(line("\"\\u001b[2J\"").unwrap_err().contains("0x1b"));
        let long = format!("\"{}\"", "x".repeat(MOST_CHARACTERS + 1));
        assert!(line(&long).unwrap_err().contains("257 characters"));
        let list = |count: usize| {
            let items = vec!["\"x\""; count].join(",");
            let text = format!("{{\"items\":[{items}],\"left-out\":0}}");
            serde_json::from_str::<Listing<Line>>(&text).is_ok()
        };
        assert!(list(MOST_ITEMS));
        assert!(!list(MOST_ITEMS + 1));
        let mut listing = Listing::default();
        (0..MOST_ITEMS + 3).for_each(|number| listing.push(number));
        assert_eq!((listing.items.len(), listing.left_out), (MOST_ITEMS, 3));
    }
}
