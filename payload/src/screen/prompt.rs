//! A line of text that a person is asked for: what it is for, how it is checked while it is typed, and the
//! memory that it is kept in.
//!
//! Whoever asks brings the text's memory ([`Entry`]): it never moves and is wiped when it is let go. What is
//! hidden is not on the screen, not on the serial line, and not in anything that is derived from them.

use std::fmt;

use zeroize::Zeroize as _;

use super::code::Code;
use super::keys::Stroke;
use super::words::Words;

/// What is asked, and how.
pub struct Prompt<'p> {
    /// Its word on the line that machines read: `mend: QUESTION word`.
    pub mark: &'static str,
    /// What this is about, below the big word.
    pub tagline: Words,
    /// What a person must know to answer; a sentence of the repair is translated.
    pub rows: &'p [(Words, String)],
    /// Name of the field.
    pub label: Words,
    /// Where the text is to be found, or how it is typed.
    pub hint: Words,
    /// Why it is asked once more, if it is.
    pub refused: Option<Words>,
    /// What may be typed.
    pub field: Field,
    /// What of it is seen.
    pub shown: Shown,
    /// What Enter does, once the text is complete.
    pub enter: Words,
    /// What Escape does, while there is no text.
    pub escape: Words,
    /// A code to be scanned, beside the text.
    pub code: Option<Code>,
    /// Judges what was typed so far; of digits without what stands between their groups.
    pub check: &'p dyn Fn(&str) -> Checked,
    /// Looked at twice a second; the question ends when it says that no answer is needed any more.
    pub is_moot: &'p dyn Fn() -> bool,
}

/// What may be typed into a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Any characters.
    Line {
        /// Bytes of UTF-8 at most.
        longest: usize,
    },
    /// Digits, shown in groups. Whatever else is typed or scanned is left out.
    Digits {
        /// Groups.
        groups: usize,
        /// Digits of each.
        each: usize,
    },
}

/// What is seen of a text while it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// All of it.
    All,
    /// The group that is being typed, and one that is wrong; of a line as much as of [`Shown::Nothing`].
    LastGroup,
    /// How much was typed.
    Nothing,
}

/// What is to be said of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// So far it is right, but there must be more.
    Incomplete,
    /// It can be taken.
    Complete,
    /// It cannot be right.
    Wrong {
        /// The group that is wrong, from 0; 0 for a line.
        group: usize,
        /// Why.
        why: Words,
    },
}

/// How a question for a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// The entry has a text that was found complete.
    Text,
    /// The person has none, or nobody can be asked; the entry is empty.
    Skipped,
    /// No answer is needed any more; the entry is empty.
    Moot,
}

/// A text as it is typed. Its memory does not move while it grows and is wiped at the end.
pub struct Entry {
    text: String,
    capacity: usize,
}

impl Entry {
    /// Makes room for what the field may take.
    pub fn for_field(field: Field) -> Self {
        let capacity = match field {
            Field::Line { longest } => longest,
            Field::Digits { groups, each } => groups.saturating_mul(each),
        };
        Self {
            text: String::with_capacity(capacity),
            capacity,
        }
    }

    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Wipes the text.
    pub fn clear(&mut self) {
        self.text.zeroize();
    }

    /// Takes a text over as far as the field allows, as if it had been typed.
    pub fn type_text(&mut self, text: &str, field: Field) {
        for letter in text.chars() {
            self.push(letter, field);
        }
    }

    fn push(&mut self, letter: char, field: Field) -> bool {
        let is_wanted = match field {
            Field::Line { .. } => !letter.is_control(),
            Field::Digits { .. } => letter.is_ascii_digit(),
        };
        // Growing would leave a copy behind.
        let has_room = self.text.len().saturating_add(letter.len_utf8()) <= self.capacity;
        if is_wanted && has_room {
            self.text.push(letter);
        }
        is_wanted && has_room
    }

    /// Leaves the first `length` bytes. What is behind them is wiped with the rest.
    fn shorten(&mut self, length: usize) {
        if self.text.is_char_boundary(length) {
            self.text.truncate(length);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.clear();
    }
}

impl fmt::Debug for Entry {
    /// Whatever prints it must not print the text.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Entry of {} bytes", self.text.len())
    }
}

/// What a key at a prompt leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The prompt is shown as it is now.
    Show,
    /// What was typed is refused; somebody should hear it.
    Refuse,
    /// The language is changed.
    ChangeLanguage,
    /// The question is over.
    Over(Typed),
}

impl Prompt<'_> {
    /// Takes a key.
    pub fn take(&self, stroke: Stroke, entry: &mut Entry) -> Next {
        match stroke {
            Stroke::Character(letter) => self.take_letter(letter, entry),
            Stroke::Erase => {
                let last = entry.text.char_indices().next_back();
                entry.shorten(last.map_or(0, |(place, _)| place));
                Next::Show
            }
            Stroke::EraseAll => {
                entry.clear();
                Next::Show
            }
            // Once for the text, once more for the question.
            Stroke::Escape if entry.text.is_empty() => Next::Over(Typed::Skipped),
            Stroke::Escape => {
                entry.clear();
                Next::Show
            }
            Stroke::Tab => Next::ChangeLanguage,
            Stroke::Enter => match (self.check)(&entry.text) {
                Checked::Complete => Next::Over(Typed::Text),
                Checked::Incomplete => Next::Refuse,
                Checked::Wrong { group, .. } => {
                    // What is right stays; a scanner that is used once more begins after Escape.
                    entry.shorten(self.start_of(group));
                    Next::Refuse
                }
            },
            Stroke::Other => Next::Show,
        }
    }

    fn take_letter(&self, letter: char, entry: &mut Entry) -> Next {
        let before = (self.check)(&entry.text);
        if !entry.push(letter, self.field) {
            // Hyphens and spaces between groups are no mistake.
            let is_between = matches!(self.field, Field::Digits { .. }) && "- ".contains(letter);
            return if is_between { Next::Show } else { Next::Refuse };
        }
        match (before, (self.check)(&entry.text)) {
            (Checked::Incomplete, Checked::Wrong { .. }) => Next::Refuse,
            _ => Next::Show,
        }
    }

    fn start_of(&self, group: usize) -> usize {
        match self.field {
            Field::Line { .. } => 0,
            Field::Digits { each, .. } => group.saturating_mul(each),
        }
    }

    /// Returns what is seen of the text, group by group; a line is one group.
    pub fn groups(&self, entry: &Entry) -> Vec<String> {
        let stars = |text: &str| "*".repeat(text.chars().count());
        let (groups, each) = match (self.field, self.shown) {
            (Field::Line { .. }, Shown::All) => return vec![entry.text.clone()],
            (Field::Line { .. }, _) => return vec![stars(&entry.text)],
            (Field::Digits { groups, each }, _) => (groups, each),
        };
        let checked = (self.check)(&entry.text);
        let (wrong, is_wrong) = match checked {
            Checked::Wrong { group, .. } => (group, true),
            _ => (groups, false),
        };
        let current = entry.text.len() / each.max(1);
        let show = |number: usize| {
            let start = number.saturating_mul(each).min(entry.text.len());
            let end = start.saturating_add(each).min(entry.text.len());
            let text = entry.text.get(start..end).unwrap_or_default();
            let is_seen = match self.shown {
                Shown::All => true,
                Shown::LastGroup => number == wrong || number == current,
                Shown::Nothing => false,
            };
            let seen = if is_seen {
                text.to_owned()
            } else {
                stars(text)
            };
            let sign = match () {
                () if text.len() < each => ' ',
                () if number == wrong => 'x',
                // Beyond a wrong group nothing was looked at.
                () if is_wrong && number > wrong => ' ',
                () => '√',
            };
            format!("{seen:_<each$}{sign}")
        };
        (0..groups).map(show).collect()
    }
}

#[cfg(test)]
mod tests;
