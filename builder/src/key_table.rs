//! Lists of BitLocker recovery keys as they are exported: Active Directory, Entra ID (Azure AD, Intune) and
//! MBAM each call the columns otherwise, and Excel saves what it likes.
//!
//! Columns are known by name. What a row says is checked: a recovery key whose digits cannot be right would
//! be missed in front of the PC. No message quotes a key.

use std::collections::BTreeMap;
use std::fmt;

use rescue_stick::guid::Guid;
use rescue_stick::recovery_password::{RecoveryPassword, RecoveryPasswordError};
use zeroize::Zeroizing;

/// Names of columns, in small letters and without what is neither letter nor digit.
struct ColumnNames {
    names: &'static [&'static str],
    /// Who calls them so.
    #[cfg_attr(not(test), expect(dead_code, reason = "says where the names are from"))]
    source: &'static str,
}

/// Columns with the id of a key protector.
const IDS: &[ColumnNames] = &[
    ColumnNames {
        names: &["msfverecoveryguid", "recoveryguid"],
        source: "Active Directory, class ms-FVE-RecoveryInformation",
    },
    ColumnNames {
        names: &["bitlockerkeyid", "keyid", "recoverykeyid"],
        source: "Entra ID and Intune; Microsoft Graph, bitlockerRecoveryKey",
    },
    ColumnNames {
        names: &[
            "recoverypasswordid",
            "passwordid",
            "keyprotectorid",
            "protectorid",
            "id",
        ],
        source: "MBAM; Get-BitLockerVolume; manage-bde",
    },
];

/// Columns with the 48 digits.
const PASSWORDS: &[ColumnNames] = &[
    ColumnNames {
        names: &["msfverecoverypassword", "recoverypassword"],
        source: "Active Directory; Get-BitLockerVolume",
    },
    ColumnNames {
        names: &["bitlockerrecoverykey", "bitlockerkey", "recoverykey", "key"],
        source: "Entra ID and Intune; MBAM; Microsoft Graph, bitlockerRecoveryKey",
    },
    ColumnNames {
        names: &["numericalpassword", "password"],
        source: "manage-bde",
    },
];

/// Columns with the computer.
const COMPUTERS: &[ColumnNames] = &[
    ColumnNames {
        names: &["computername", "computer", "hostname", "machine"],
        source: "MBAM; scripts around Active Directory",
    },
    ColumnNames {
        names: &["devicename", "device", "displayname"],
        source: "Entra ID and Intune",
    },
];

/// Columns with a name that has the id in it, and the computer behind it.
const NAMES: &[ColumnNames] = &[ColumnNames {
    names: &["distinguishedname", "name", "cn", "dn"],
    source: "Active Directory, where the name is TIME{GUID}",
}];

/// A key of a list.
#[derive(Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// Its recovery password.
    pub password: RecoveryPassword,
    /// The computer that it is of, if the list says so.
    pub computer: Option<String>,
    /// Line of the list.
    pub line: u64,
}

/// A row that says nothing that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Line of the list, from 1.
    pub line: u64,
    /// What is wrong. Quotes no key.
    pub reason: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// A list as it was read.
#[derive(Clone, Default)]
pub struct KeyTable {
    /// Keys by id.
    pub keys: BTreeMap<Guid, ListedKey>,
    /// Rows that were left out.
    pub bad_rows: Vec<BadRow>,
}

/// Why a list cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyTableError {
    /// Neither UTF-8 nor UTF-16 with its mark.
    #[error("not text: neither UTF-8 nor UTF-16 that begins with its mark")]
    NotText,
    /// There is nothing in it.
    #[error("no rows, expected a row with the names of the columns and a row a key")]
    Empty,
    /// A column is missing.
    #[error("no column with {wanted}; the columns are {found}; expected one of {expected}")]
    Column {
        /// What it would hold.
        wanted: &'static str,
        /// The names that are there.
        found: String,
        /// Names that are known.
        expected: String,
    },
}

/// Reads a list.
pub fn read_key_table(bytes: &[u8]) -> Result<KeyTable, KeyTableError> {
    let text = decode(bytes)?;
    let mut rows = Rows::new(&text);
    let header = rows.next().ok_or(KeyTableError::Empty)?;
    let columns = Columns::find(&header.cells)?;
    let mut table = KeyTable::default();
    for row in rows {
        if row.cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if let Err(reason) = table.take(&columns, &row) {
            let line = row.line;
            table.bad_rows.push(BadRow { line, reason });
        }
    }
    Ok(table)
}

impl KeyTable {
    fn take(&mut self, columns: &Columns, row: &Row) -> Result<(), String> {
        let cell = |column: Option<usize>| {
            let cell = column.and_then(|column| row.cells.get(column));
            cell.map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
        };
        let password = cell(Some(columns.password)).ok_or("it has no recovery key")?;
        let password = RecoveryPassword::parse(password).map_err(|error| explain(&error))?;
        let named = columns.name.and_then(|column| cell(Some(column)));
        let id = match cell(columns.id).map(parse_id) {
            Some(Some(id)) => id,
            // What PowerShell makes of bytes; the name beside it has the id too.
            Some(None) | None => named
                .and_then(Guid::find)
                .ok_or("its key ID is no GUID, expected 8-4-4-4-12 hexadecimal digits")?,
        };
        let computer = cell(columns.computer).map(str::to_owned);
        let computer = computer.or_else(|| named.and_then(computer_of));
        match self.keys.get_mut(&id) {
            Some(known) if known.password != password => Err(format!(
                "key ID {id} has another recovery key in line {}",
                known.line
            )),
            Some(known) => {
                known.computer = known.computer.take().or(computer);
                Ok(())
            }
            None => {
                let line = row.line;
                let key = ListedKey {
                    password,
                    computer,
                    line,
                };
                self.keys.insert(id, key);
                Ok(())
            }
        }
    }
}

fn explain(error: &RecoveryPasswordError) -> String {
    format!("its recovery key cannot be right: {error}")
}

/// Reads an id in the forms that lists have: `{GUID}`, or the bytes of one in hexadecimal as csvde has it.
fn parse_id(text: &str) -> Option<Guid> {
    if let Ok(id) = Guid::parse(text) {
        return Some(id);
    }
    let digits = text.strip_prefix("X'")?.strip_suffix('\'')?;
    Some(Guid(hex::decode(digits).ok()?.try_into().ok()?))
}

/// Returns the computer that an entry of Active Directory lies below: `CN=TIME{ID},CN=COMPUTER,OU=…`.
fn computer_of(name: &str) -> Option<String> {
    let (_, behind) = name.split_once("},CN=")?;
    behind.split(',').next().map(str::to_owned)
}

/// Which column is which.
struct Columns {
    id: Option<usize>,
    password: usize,
    computer: Option<usize>,
    name: Option<usize>,
}

impl Columns {
    fn find(header: &[Zeroizing<String>]) -> Result<Self, KeyTableError> {
        let plain: Vec<String> = header.iter().map(|name| plain_name(name)).collect();
        let find = |groups: &[ColumnNames]| {
            let mut names = groups.iter().flat_map(|group| group.names);
            names.find_map(|wanted| plain.iter().position(|name| name == wanted))
        };
        let missing = |wanted, groups: &[ColumnNames]| KeyTableError::Column {
            wanted,
            // A list without names may begin with a key.
            found: describe(header),
            expected: groups
                .iter()
                .flat_map(|group| group.names)
                .copied()
                .collect::<Vec<_>>()
                .join(", "),
        };
        let (id, name) = (find(IDS), find(NAMES));
        if id.is_none() && name.is_none() {
            return Err(missing("key IDs", IDS));
        }
        Ok(Self {
            id,
            password: find(PASSWORDS).ok_or_else(|| missing("recovery keys", PASSWORDS))?,
            computer: find(COMPUTERS),
            name,
        })
    }
}

fn describe(header: &[Zeroizing<String>]) -> String {
    let names = header.iter().map(|name| {
        let is_name =
            name.chars().count() <= 40 && name.bytes().filter(u8::is_ascii_digit).count() < 6;
        if is_name {
            format!("{:?}", name.trim())
        } else {
            "(no name)".to_owned()
        }
    });
    names.collect::<Vec<_>>().join(", ")
}

/// Returns a name in small letters and without what is neither letter nor digit.
fn plain_name(name: &str) -> String {
    let letters = name.chars().filter(|one| one.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Returns the text of a file in any encoding that Windows writes lists in.
fn decode(bytes: &[u8]) -> Result<Zeroizing<String>, KeyTableError> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes
            .chunks_exact(2)
            .filter_map(|pair| pair.try_into().ok());
        let text: Result<String, _> = char::decode_utf16(units.map(unit)).collect();
        text.map_err(|_| KeyTableError::NotText)
    };
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes)?,
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes)?,
        [0xEF, 0xBB, 0xBF, rest @ ..] | rest => std::str::from_utf8(rest)
            .map_err(|_| KeyTableError::NotText)?
            .to_owned(),
    };
    Ok(Zeroizing::new(text))
}

/// A row of a list.
struct Row {
    line: u64,
    cells: Vec<Zeroizing<String>>,
}

/// The rows of comma-separated values (RFC 4180), by whichever of comma, semicolon and tab the first row has
/// most of.
struct Rows<'t> {
    rest: &'t str,
    separator: char,
    line: u64,
}

impl<'t> Rows<'t> {
    fn new(text: &'t str) -> Self {
        let mut rest = text;
        let mut line = 1;
        // Windows PowerShell puts the type of its objects above the names.
        while rest.starts_with("#TYPE") || rest.starts_with("sep=") {
            let (_, after) = rest.split_once('\n').unwrap_or((rest, ""));
            rest = after;
            line += 1;
        }
        let first = rest.lines().next().unwrap_or_default();
        let count = |separator: &char| first.matches(*separator).count();
        let separator = [',', ';', '\t'].into_iter().rev().max_by_key(count);
        Self {
            rest,
            separator: separator.unwrap_or(','),
            line,
        }
    }

    /// Takes a cell, and returns whether it was the last of its row.
    fn take_cell(&mut self, cell: &mut Zeroizing<String>) -> bool {
        let mut is_quoted = false;
        let mut letters = self.rest.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            let behind = at.saturating_add(letter.len_utf8());
            match letter {
                '"' if is_quoted && letters.peek().is_some_and(|(_, next)| *next == '"') => {
                    letters.next();
                    cell.push('"');
                }
                '"' if is_quoted || cell.trim().is_empty() => is_quoted = !is_quoted,
                '\n' if !is_quoted => {
                    self.line += 1;
                    self.rest = self.rest.get(behind..).unwrap_or_default();
                    return true;
                }
                letter if letter == self.separator && !is_quoted => {
                    self.rest = self.rest.get(behind..).unwrap_or_default();
                    return false;
                }
                '\n' => {
                    self.line += 1;
                    cell.push(' ');
                }
                '\r' => {}
                letter => cell.push(letter),
            }
        }
        self.rest = "";
        true
    }
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line;
        let mut cells = Vec::new();
        loop {
            let mut cell = Zeroizing::new(String::new());
            let is_last = self.take_cell(&mut cell);
            cells.push(cell);
            if is_last {
                return Some(Row { line, cells });
            }
        }
    }
}

#[cfg(test)]
mod tests;
