//! One page of the screen at the machine, and how it is laid out on any size from 80 by 25 up.
//!
//! ```text
//! mendkit   title of the image                                   stick of 2010-04-22
//! ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓ a band in the headline's colour ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓
//! ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓  symbol  AFFECTED  ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓
//! ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓ what it means ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓
//! label    text                                        rows, the most important first
//!          …
//! what to do next, or a bar of progress
//! [Key] what it does   [Key] …
//! ```

use super::code::Code;
use super::headline::Headline;
use super::words::Language;
use super::wrap::wrap;

pub mod draw;

/// Columns of the labels.
const LABELS: u16 = 10;
/// A page, in the person's language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Language, for the headline and what the layout adds.
    pub language: Language,
    /// Title of the stick's image.
    pub title: String,
    /// Which stick.
    pub stick: String,
    /// The big word.
    pub headline: Headline,
    /// What it means, one line.
    pub tagline: String,
    /// The text.
    pub rows: Vec<Row>,
    /// What to do next.
    pub action: String,
    /// How far something long has come; in place of the action.
    pub gauge: Option<Gauge>,
    /// What is being typed.
    pub field: Option<FieldRows>,
    /// A code to be scanned; it takes the right side of the page.
    pub code: Option<Code>,
    /// Keys and what they do.
    pub keys: Vec<(String, String)>,
}

/// A text that is being typed, as it is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRows {
    /// Its name.
    pub label: String,
    /// What is seen of it, in groups that are not broken.
    pub groups: Vec<String>,
    /// How it is typed, or what is wrong with it.
    pub tip: String,
    /// Whether the tip says what is wrong.
    pub is_wrong: bool,
}

/// Some rows of text behind a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The label; empty if it belongs to the row above.
    pub label: &'static str,
    /// The text.
    pub text: String,
    /// Whether it is less important.
    pub is_quiet: bool,
}

impl Row {
    /// Returns a row.
    pub fn new(label: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            label,
            text,
            is_quiet: false,
        }
    }

    /// Returns a less important row without a label.
    pub fn quiet(text: impl Into<String>) -> Self {
        Self {
            is_quiet: true,
            ..Self::new("", text)
        }
    }
}

/// How far something long has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gauge {
    /// What is done.
    pub text: String,
    /// Per cent.
    pub percent: u16,
    /// How long it will still take, in words.
    pub left: String,
}

impl Sheet {
    /// Returns the page as lines for a console that only goes on.
    pub fn to_lines(&self, width: usize) -> Vec<String> {
        let label_width = usize::from(LABELS);
        let mut lines = Vec::new();
        for row in &self.rows {
            for (index, text) in wrap(&row.text, width.saturating_sub(label_width))
                .iter()
                .enumerate()
            {
                let label = if index == 0 { row.label } else { "" };
                lines.push(format!("{label:<label_width$}{text}").trim_end().to_owned());
            }
        }
        lines.extend(self.code.iter().flat_map(Code::to_lines));
        if let Some(field) = &self.field {
            lines.extend(wrap(&format!("{}: {}", field.label, field.tip), width));
        }
        lines
    }
}
