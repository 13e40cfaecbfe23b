//! Tables: those that people give, and those that go out as CSV.
//!
//! A table given may come from any spreadsheet: separated by commas, semicolons or tabs, in UTF-8 or in the
//! old Western code page, its columns in any order and in any case.

use std::io::{self, Write};

use crate::stick::receipts::table::quoted;

/// Rows of a table that is given, at most.
const MOST_ROWS: usize = 1_000_000;

/// Why a table that was given cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// It has none of the columns that say what a row is about.
    #[error("columns are {found}, expected {expected}")]
    Columns {
        /// The columns found.
        found: String,
        /// The columns needed.
        expected: &'static str,
    },
    /// A row cannot be read.
    #[error("{0}")]
    Syntax(String),
    /// A field is not what its column is for.
    #[error("line {line}, column {column}: {found:?}, expected {expected}")]
    Field {
        /// Counted from 1.
        line: u64,
        /// Its name.
        column: &'static str,
        /// What is there.
        found: String,
        /// What should be there.
        expected: &'static str,
    },
    /// More rows than any campaign has.
    #[error("more than {MOST_ROWS} rows, expected at most that")]
    Long,
}

/// A table that was given: names of columns in lower case, and the rows.
#[derive(Clone, Debug, Default)]
pub struct GivenTable {
    columns: Vec<String>,
    rows: Vec<(u64, Vec<String>)>,
}

/// A row of it.
#[derive(Clone, Copy, Debug)]
pub struct GivenRow<'a> {
    table: &'a GivenTable,
    fields: &'a [String],
    /// Line in the file, counted from 1.
    pub line: u64,
}

impl GivenTable {
    /// Parses a table.
    pub fn parse(bytes: &[u8]) -> Result<Self, TableError> {
        let text = decoded(bytes);
        let head = text.lines().next().unwrap_or_default();
        let count = |mark: char| head.matches(mark).count();
        let marks = [(b',', count(',')), (b';', count(';')), (b'\t', count('\t'))];
        let mark = marks
            .iter()
            .max_by_key(|(mark, count)| (*count, *mark == b','))
            .map_or(b',', |(mark, _)| *mark);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(mark)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let syntax = |error: csv::Error| TableError::Syntax(error.to_string());
        let columns = reader
            .headers()
            .map_err(syntax)?
            .iter()
            .map(str::to_lowercase)
            .collect();
        let mut table = Self {
            columns,
            rows: Vec::new(),
        };
        for record in reader.records() {
            let record = record.map_err(syntax)?;
            let line = record.position().map_or(0, csv::Position::line);
            let fields: Vec<String> = record.iter().map(str::to_owned).collect();
            if fields.iter().all(String::is_empty) {
                continue;
            }
            if table.rows.len() == MOST_ROWS {
                return Err(TableError::Long);
            }
            table.rows.push((line, fields));
        }
        Ok(table)
    }

    /// Demands one of these columns at least.
    pub fn check_columns(&self, any_of: &[&str], expected: &'static str) -> Result<(), TableError> {
        if any_of
            .iter()
            .any(|name| self.columns.iter().any(|column| column == name))
        {
            return Ok(());
        }
        Err(TableError::Columns {
            found: format!("{:?}", self.columns),
            expected,
        })
    }

    /// Returns the rows.
    pub fn rows(&self) -> impl Iterator<Item = GivenRow<'_>> {
        self.rows.iter().map(|(line, fields)| GivenRow {
            table: self,
            fields,
            line: *line,
        })
    }
}

impl<'a> GivenRow<'a> {
    /// Returns the field of a column; an empty text if there is none.
    pub fn field(&self, column: &str) -> &'a str {
        let place = self.table.columns.iter().position(|name| name == column);
        let field = place.and_then(|at| self.fields.get(at));
        field.map(String::as_str).unwrap_or_default()
    }

    /// Returns why a field is not what its column is for.
    pub fn error(&self, column: &'static str, expected: &'static str) -> TableError {
        TableError::Field {
            line: self.line,
            column,
            found: self.field(column).to_owned(),
            expected,
        }
    }
}

/// Spreadsheets write UTF-8 with a byte order mark, or the code page of Western Europe, which for letters is
/// Latin-1.
fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// A CSV file on its way out: RFC 4180 in UTF-8 with a byte order mark, and no field that a spreadsheet takes
/// for a formula.
pub struct OutTable<W: Write> {
    sink: W,
}

impl<W: Write> OutTable<W> {
    /// Begins the file with the names of its columns.
    pub fn begin(mut sink: W, columns: &[&str]) -> io::Result<Self> {
        sink.write_all("\u{feff}".as_bytes())?;
        let mut table = Self { sink };
        let columns: Vec<String> = columns.iter().map(|one| (*one).to_owned()).collect();
        table.row(&columns)?;
        Ok(table)
    }

    /// Writes a row.
    pub fn row(&mut self, fields: &[String]) -> io::Result<()> {
        let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
        self.sink.write_all(fields.join(",").as_bytes())?;
        self.sink.write_all(b"\r\n")
    }

    /// Ends the file.
    pub fn finish(self) -> W {
        self.sink
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_spreadsheets_write() {
        for bytes in [
            &b"Name,Site\r\nPC-1,\"Lyon, Part-Dieu\"\r\n\r\n"[..],
            b"\xef\xbb\xbfname;site\nPC-1;Lyon, Part-Dieu\n",
            b"SITE\tNAME\nLyon, Part-Dieu\t PC-1 ",
        ] {
            let table = GivenTable::parse(bytes).unwrap();
            let rows: Vec<_> = table
                .rows()
                .map(|row| (row.field("name"), row.field("site")))
                .collect();
            assert_eq!(rows, [("PC-1", "Lyon, Part-Dieu")]);
            assert_eq!(table.rows().next().unwrap().field("contact"), "");
        }
        let old = GivenTable::parse(b"name;site\nPC-1;Orl\xe9ans\n").unwrap();
        assert_eq!(old.rows().next().unwrap().field("site"), "Orléans");
    }

    #[test]
    fn says_which_columns_and_fields_are_wrong() {
        let table = GivenTable::parse(b"a,b\n1,2\n").unwrap();
        let error = table
            .check_columns(&["name", "serial"], "name or serial")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "columns are [\"a\", \"b\"], expected name or serial"
        );
        let row = table.rows().next().unwrap();
        let said = row.error("b", "a day").to_string();
        assert_eq!(said, "line 2, column b: \"2\", expected a day");
    }

    #[test]
    fn no_field_that_goes_out_is_a_formula() {
        let mut table = OutTable::begin(Vec::new(), &["a", "b"]).unwrap();
        table
            .row(&["=cmd|' /C calc'!A0".to_owned(), "@x\"\n".to_owned()])
            .unwrap();
        let text = String::from_utf8(table.finish()).unwrap();
        assert_eq!(
            text,
            "\u{feff}\"a\",\"b\"\r\n\"'=cmd|' /C calc'!A0\",\"'@x\"\"\n\"\r\n"
        );
    }
}
