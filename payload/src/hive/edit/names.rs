//! Names of keys and values: which are accepted, and how they are stored.

use super::EditError;

/// UTF-16 units of a key's name at most. Source: Microsoft, "Registry element size limits".
const LONGEST_KEY_NAME: usize = 255;

/// UTF-16 units of a value's name at most. Source: Microsoft, "Registry element size limits".
const LONGEST_VALUE_NAME: usize = 16_383;

/// Bytes of a stored name, and whether they are Latin-1 and not UTF-16.
pub(super) struct StoredName {
    pub(super) bytes: Vec<u8>,
    pub(super) is_compressed: bool,
}

/// Returns the name as it is stored: a byte for each letter if every letter is one of Latin-1.
pub(super) fn encode_name(name: &str) -> StoredName {
    let bytes: Option<Vec<u8>> = name
        .chars()
        .map(|letter| u8::try_from(letter).ok())
        .collect();
    match bytes {
        Some(bytes) => StoredName {
            // Windows marks no empty name as Latin-1. Observed: default values in fixture SYSTEM.
            is_compressed: !bytes.is_empty(),
            bytes,
        },
        None => StoredName {
            bytes: name.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            is_compressed: false,
        },
    }
}

/// Returns the bytes that a name has as UTF-16, which is how keys count the longest name in them.
pub(super) fn utf16_size(name: &str) -> usize {
    name.encode_utf16().count().saturating_mul(2)
}

/// Checks the name of a key that is to be made. Windows looks a key up by its upper-case letters, from a
/// table of its own; letters for which this table might say something else than Unicode are refused.
pub(super) fn check_key_name(name: &str) -> Result<(), EditError> {
    check_length(name, LONGEST_KEY_NAME, "at most 255 units of UTF-16")?;
    let is_certain =
        |letter: char| matches!(letter, ' '..='~' | 'À'..='Ö' | 'Ø'..='Þ' | 'à'..='ö' | 'ø'..='þ');
    match name.chars().find(|letter| !is_certain(*letter)) {
        None => Ok(()),
        Some(letter) => Err(EditError::Name {
            name: name.to_owned(),
            finding: format!("the letter {letter:?} in the name of a new key"),
            expectation: "letters of ASCII or Western European ones",
        }),
    }
}

/// Checks the name of a value that is to be added.
pub(super) fn check_value_name(name: &str) -> Result<(), EditError> {
    check_length(name, LONGEST_VALUE_NAME, "at most 16383 units of UTF-16")?;
    if name.contains('\0') {
        return Err(EditError::Name {
            name: name.to_owned(),
            finding: "a zero in the name of a new value".to_owned(),
            expectation: "a name that every program can read",
        });
    }
    Ok(())
}

fn check_length(name: &str, most: usize, expectation: &'static str) -> Result<(), EditError> {
    let length = name.encode_utf16().count();
    if length <= most {
        return Ok(());
    }
    Err(EditError::Name {
        name: name.chars().take(32).collect(),
        finding: format!("the start of a name of {length} units"),
        expectation,
    })
}
