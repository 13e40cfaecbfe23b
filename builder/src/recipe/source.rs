//! Where in a recipe something stands: line, column, and the words themselves, so that a finding points at
//! what a person typed.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One step from the top of a recipe to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyStep {
    /// Into a table.
    Key(String),
    /// Into a list, from 0.
    Index(usize),
}

impl From<&str> for KeyStep {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<&String> for KeyStep {
    fn from(key: &String) -> Self {
        Self::Key(key.clone())
    }
}

impl From<usize> for KeyStep {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// Returns the way to a value, from keys and indexes.
macro_rules! key_path {
    ($($step:expr),* $(,)?) => {
        [$($crate::recipe::source::KeyStep::from($step)),*]
    };
}

pub(crate) use key_path;

/// A place in a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The recipe.
    pub path: PathBuf,
    /// Line, from 1; 0 if there is no such place and the whole file is meant.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The line's text.
    pub text: String,
    /// How many of its characters are meant; 0 where nothing is to be underlined.
    pub length: usize,
}

/// `recipe.toml:4:13`, as editors and compilers write it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        match (self.line, self.column) {
            (0, _) => Ok(()),
            (line, column) => write!(f, ":{line}:{column}"),
        }
    }
}

impl Place {
    /// Returns the line with what is meant underlined, ready to be printed; empty for a whole file.
    pub fn picture(&self) -> String {
        if self.line == 0 || self.length == 0 {
            return String::new();
        }
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let before = self.text.chars().take(self.column.saturating_sub(1));
        // A tab stays one, so that the marks stand below what they mean.
        let indent: String = before.map(|c| if c == '\t' { c } else { ' ' }).collect();
        let marks = "^".repeat(self.length);
        format!("  {number} | {}\n  {margin} | {indent}{marks}\n", self.text)
    }
}

/// The text of a recipe.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Where it was read.
    pub path: &'a Path,
    /// The text.
    pub text: &'a str,
}

impl Source<'_> {
    /// Returns where the value at the end of this way stands; where the recipe does not have it, the last
    /// step that it has, and the whole file if it has none.
    pub fn place(&self, way: &[KeyStep]) -> Place {
        let (table, _) = DeTable::parse_recoverable(self.text);
        match find(table.get_ref(), way) {
            Some(span) => self.place_of(span),
            None => self.whole(),
        }
    }

    /// Returns the file as a whole.
    pub fn whole(&self) -> Place {
        Place {
            path: self.path.to_owned(),
            line: 0,
            column: 0,
            text: String::new(),
            length: 0,
        }
    }

    /// Returns the place of some bytes of the text.
    pub fn place_of(&self, span: Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let rest = self.text.get(start..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        let column = before.get(start..).unwrap_or_default().chars().count();
        let meant = self.text.get(span).unwrap_or_default();
        // Of what goes over several lines the first is shown.
        let meant = meant.lines().next().unwrap_or_default().chars().count();
        Place {
            path: self.path.to_owned(),
            line: before.matches('\n').count().saturating_add(1),
            column: column.saturating_add(1),
            text: line.to_owned(),
            length: meant.max(1),
        }
    }
}

/// Returns the bytes of the value at the end of this way, or of its last step that there is.
fn find(table: &DeTable<'_>, way: &[KeyStep]) -> Option<Range<usize>> {
    let (first, rest) = way.split_first()?;
    let KeyStep::Key(name) = first else {
        return None;
    };
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == name)?;
    find_in(value, rest, key.span())
}

/// As [`find`], from a value with its key or place.
fn find_in(
    value: &Spanned<DeValue<'_>>,
    way: &[KeyStep],
    own: Range<usize>,
) -> Option<Range<usize>> {
    let Some((step, rest)) = way.split_first() else {
        // A table has no text of its own that a person would recognise; its name is.
        return Some(match value.get_ref() {
            DeValue::Table(_) => own,
            _ => value.span(),
        });
    };
    let further = match (value.get_ref(), step) {
        (DeValue::Table(table), KeyStep::Key(name)) => {
            let entry = table.iter().find(|(key, _)| key.get_ref() == name);
            entry.map(|(key, value)| (value, key.span()))
        }
        (DeValue::Array(list), KeyStep::Index(index)) => {
            list.get(*index).map(|value| (value, value.span()))
        }
        _ => None,
    };
    match further {
        Some((value, span)) => find_in(value, rest, span),
        None => Some(own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    const TEXT: &str = "title = \"é\"\nremedies = [\"one\",\n\t\"two\"]\n[definitions.dat]\nzip = \"a.zip\"\n\
        [[files]]\npath = \"x\"\nsha256 = \"0\"\n";

    fn check(way: &[KeyStep], expect: Expect) {
        let source = Source {
            path: Path::new("r.toml"),
            text: TEXT,
        };
        let place = source.place(way);
        expect.assert_eq(&format!("{place}\n{}", place.picture()));
    }

    #[test]
    fn points_at_what_a_person_typed() {
        check(
            &key_path!["title"],
            expect![[r#"
                r.toml:1:9
                  1 | title = "é"
                    |         ^^^
            "#]],
        );
        check(
            &key_path!["remedies", 1],
            expect![[r#"
                r.toml:3:2
                  3 | 	"two"]
                    | 	^^^^^
            "#]],
        );
        check(
            &key_path!["definitions", "dat", "zip"],
            expect![[r#"
                r.toml:5:7
                  5 | zip = "a.zip"
                    |       ^^^^^^^
            "#]],
        );
        check(
            &key_path!["definitions", "dat"],
            expect![[r#"
                r.toml:4:14
                  4 | [definitions.dat]
                    |              ^^^
            "#]],
        );
        check(
            &key_path!["files", 0, "sha256"],
            expect![[r#"
                r.toml:8:10
                  8 | sha256 = "0"
                    |          ^^^
            "#]],
        );
    }

    #[test]
    fn points_at_the_nearest_that_there_is() {
        check(
            &key_path!["definitions", "other"],
            expect![[r#"
                r.toml:4:2
                  4 | [definitions.dat]
                    |  ^^^^^^^^^^^
            "#]],
        );
        check(&key_path!["date"], expect!["r.toml\n"]);
    }
}
