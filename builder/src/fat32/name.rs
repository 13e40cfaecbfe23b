//! Names of files: what FAT can hold, and the short name beside every long one.
//!
//! A name that is 8.3 and upper-case is stored as it is. Every other name gets a long name; its short
//! name is the upper-case one if that is 8.3, else up to six characters of it with a number (`~1`).

use std::collections::{HashMap, HashSet};

/// Longest name in UTF-16 units. Source: Microsoft FAT specification 1.03, "long name".
const MAX_UNITS: usize = 255;

/// A name that FAT cannot hold.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Empty, `.` or `..`.
    #[error("{path}: a part of the path is {name:?}, expected a name")]
    NotAName {
        /// The whole path.
        path: String,
        /// The part.
        name: String,
    },
    /// A character that no FAT name has.
    #[error("{path}: {character:?} cannot be in a name on FAT32")]
    Character {
        /// The whole path.
        path: String,
        /// The character.
        character: char,
    },
    /// Windows drops spaces and dots from the end, and would not find the file again.
    #[error("{path}: a name that ends in {character:?} cannot be opened under Windows")]
    LastCharacter {
        /// The whole path.
        path: String,
        /// The character.
        character: char,
    },
    /// More than 255 units.
    #[error("{path}: a name has {units} UTF-16 units, expected at most 255")]
    TooLong {
        /// The whole path.
        path: String,
        /// Its length.
        units: usize,
    },
}

/// An 8.3 name, padded with spaces.
pub(crate) type ShortName = [u8; 11];

/// Checks one part of a path.
pub(crate) fn check_name(path: &str, name: &str) -> Result<(), NameError> {
    let path = || path.to_owned();
    if matches!(name, "" | "." | "..") {
        let name = name.to_owned();
        return Err(NameError::NotAName { path: path(), name });
    }
    let is_refused = |c: &char| c.is_control() || r#""*/:<>?\|"#.contains(*c);
    if let Some(character) = name.chars().find(is_refused) {
        return Err(NameError::Character {
            path: path(),
            character,
        });
    }
    if let Some(character) = name.chars().last().filter(|c| matches!(c, ' ' | '.')) {
        return Err(NameError::LastCharacter {
            path: path(),
            character,
        });
    }
    let units = name.encode_utf16().count();
    if units > MAX_UNITS {
        return Err(NameError::TooLong {
            path: path(),
            units,
        });
    }
    Ok(())
}

/// Returns the form in which two names that FAT takes for the same are equal.
pub(crate) fn folded(name: &str) -> String {
    name.to_lowercase()
}

/// Returns whether a name needs entries for a long name.
pub(crate) fn needs_long_name(name: &str) -> bool {
    short_form(name).is_none() || name.chars().any(|c| c.is_ascii_lowercase())
}

/// Returns the short name of every name of a folder, in their order; no two are equal.
///
/// The names must be different even when their case is ignored.
pub(crate) fn short_names(names: &[&str]) -> Vec<ShortName> {
    // Names that are 8.3 keep their own; that way no number can take the name of another file.
    let own: Vec<Option<ShortName>> = names.iter().map(|name| short_form(name)).collect();
    let mut taken: HashSet<ShortName> = own.iter().flatten().copied().collect();
    // Where to go on counting, so that thousands of similar names take linear time.
    let mut counters: HashMap<ShortName, u32> = HashMap::new();
    let mut numbered = |name: &str| {
        let (stem, extension) = basis(name);
        let counter = counters.entry(padded(&stem, &extension)).or_insert(0);
        loop {
            *counter = counter.saturating_add(1);
            let tail = format!("~{counter}");
            let kept = stem.len().min(8usize.saturating_sub(tail.len()));
            let mut stem: Vec<u8> = stem.iter().copied().take(kept).collect();
            stem.extend_from_slice(tail.as_bytes());
            let candidate = padded(&stem, &extension);
            if taken.insert(candidate) {
                return candidate;
            }
        }
    };
    own.into_iter()
        .zip(names)
        .map(|(own, name)| own.unwrap_or_else(|| numbered(name)))
        .collect()
}

/// Returns the checksum of a short name that stands in each part of its long name. Source: Microsoft
/// FAT specification 1.03, "ChkSum".
pub(crate) fn short_name_checksum(name: &ShortName) -> u8 {
    name.iter()
        .fold(0u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte))
}

/// Returns the upper-case 8.3 form of a name, or nothing if it has none.
fn short_form(name: &str) -> Option<ShortName> {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let fits = |part: &str, most: usize| part.len() <= most && part.bytes().all(is_short_character);
    // A dot with nothing before or behind it is not a separator.
    let has_bare_dot = name.contains('.') && (stem.is_empty() || extension.is_empty());
    if stem.is_empty() || has_bare_dot || !fits(stem, 8) || !fits(extension, 3) {
        return None;
    }
    Some(padded(stem.as_bytes(), extension.as_bytes()))
}

/// Returns stem (up to 6 characters) and extension from which a numbered short name is made.
fn basis(name: &str) -> (Vec<u8>, Vec<u8>) {
    let name = name.trim_start_matches('.');
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let kept = |part: &str, most: usize| -> Vec<u8> {
        part.chars()
            .filter(|c| !matches!(c, ' ' | '.'))
            .map(|c| {
                u8::try_from(c)
                    .ok()
                    .filter(|c| is_short_character(*c))
                    .unwrap_or(b'_')
            })
            .take(most)
            .collect()
    };
    (kept(stem, 6), kept(extension, 3))
}

/// Returns whether an ASCII byte may be in a short name once it is upper-case.
fn is_short_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'()-@^_`{}~".contains(&byte)
}

fn padded(stem: &[u8], extension: &[u8]) -> ShortName {
    let mut name = *b"           ";
    let (stem_field, extension_field) = name.split_at_mut(8);
    let fill = |field: &mut [u8], part: &[u8]| {
        for (place, byte) in field.iter_mut().zip(part) {
            *place = byte.to_ascii_uppercase();
        }
    };
    fill(stem_field, stem);
    fill(extension_field, extension);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shorts(names: &[&str]) -> Vec<String> {
        let text = |name: ShortName| String::from_utf8(name.to_vec()).unwrap();
        short_names(names).into_iter().map(text).collect()
    }

    #[test]
    fn names_that_are_8_3_keep_their_own() {
        assert_eq!(
            shorts(&["BOOTX64.EFI", "grub.cfg", "README"]),
            ["BOOTX64 EFI", "GRUB    CFG", "README     "]
        );
        assert!(!needs_long_name("BOOTX64.EFI"));
        assert!(needs_long_name("grub.cfg"));
        assert!(needs_long_name("SHA256SUMS"));
        assert!(needs_long_name("A.B.C"));
        assert!(needs_long_name(".HIDDEN"));
    }

    #[test]
    fn numbers_avoid_names_that_exist_as_such() {
        let names = [
            "SHA256SUMS",
            "sha256~1",
            "SHA256SUMS.minisig",
            "sha256sums-old",
        ];
        assert_eq!(
            shorts(&names),
            ["SHA256~2   ", "SHA256~1   ", "SHA256~1MIN", "SHA256~3   "]
        );
    }

    #[test]
    fn numbers_of_different_stems_do_not_meet() {
        let mut names: Vec<String> = (0..120_000).map(|n| format!("ABCDEFGH file {n}")).collect();
        names.extend((0..2_000).map(|n| format!("ABCDE. file.{n}.. x")));
        names.extend((0..2_000).map(|n| format!("ABCD file{n}")));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let short = short_names(&names);
        let distinct: HashSet<ShortName> = short.iter().copied().collect();
        assert_eq!(distinct.len(), names.len());
        assert!(short.iter().flatten().all(|byte| *byte != b'.'));
    }

    #[test]
    fn letters_outside_ascii_become_underscores_in_the_short_name_only() {
        assert_eq!(
            shorts(&["été à Genève.txt", "日本", "…"]),
            ["_T__GE~1TXT", "__~1       ", "_~1        "]
        );
    }

    #[test]
    fn refuses_what_windows_cannot_open() {
        let error = |name: &str| check_name("a", name).unwrap_err().to_string();
        assert_eq!(
            error(".."),
            "a: a part of the path is \"..\", expected a name"
        );
        assert_eq!(error("a:b"), "a: ':' cannot be in a name on FAT32");
        assert_eq!(
            error("a."),
            "a: a name that ends in '.' cannot be opened under Windows"
        );
        let long = "é".repeat(256);
        assert_eq!(
            error(&long),
            "a: a name has 256 UTF-16 units, expected at most 255"
        );
        assert_eq!(check_name("", &"é".repeat(255)), Ok(()));
        assert_eq!(error("\u{7}"), "a: '\\u{7}' cannot be in a name on FAT32");
    }

    #[test]
    fn checksum_is_that_of_the_specification() {
        // The specification adds to the sum turned right by one bit; here with wider arithmetic.
        let by_the_book = |name: &ShortName| {
            name.iter().fold(0u32, |sum, byte| {
                let turned = (sum & 1) << 7 | sum >> 1;
                turned.wrapping_add(u32::from(*byte)) & 0xff
            })
        };
        for name in [
            b"FILENAMETXT",
            b"SHA256~1MIN",
            b"~1         ",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(u32::from(short_name_checksum(name)), by_the_book(name));
        }
    }
}
