//! Names as folders hold them: short ones, and long ones in parts.

use crate::fat32::raw::RawFolderEntry;

/// What stands for a first letter of 0xE5.
const KANJI_E5: u8 = 0x05;

/// Bits of `case_flags` that Windows NT sets for lower-case stem and extension. Observed: Windows XP.
const LOWER_STEM: u8 = 0x08;
const LOWER_EXTENSION: u8 = 0x10;

/// A long name of which some parts were read.
#[derive(Default)]
pub(super) struct LongName {
    /// The last part first, as they lie in the folder.
    pub(super) parts: Vec<Vec<u16>>,
    pub(super) checksum: u8,
    /// Number of the part that comes next; 0 if it is the file's entry.
    pub(super) next: Option<u8>,
}

/// Returns a short name as it is shown. Letters outside ASCII are not told apart.
pub(super) fn short_name_text(raw: &RawFolderEntry) -> String {
    let mut name = raw.name;
    if name[0] == KANJI_E5 {
        name[0] = 0xe5;
    }
    let (stem, extension) = name.split_at(8);
    let text = |part: &[u8], is_lower: bool| {
        let letter = |byte: &u8| match byte {
            0..=0x7f => char::from(*byte),
            _ => char::REPLACEMENT_CHARACTER,
        };
        let text: String = part.trim_ascii_end().iter().map(letter).collect();
        if is_lower {
            text.to_ascii_lowercase()
        } else {
            text
        }
    };
    let stem = text(stem, raw.case_flags & LOWER_STEM != 0);
    match text(extension, raw.case_flags & LOWER_EXTENSION != 0) {
        extension if extension.is_empty() => stem,
        extension => format!("{stem}.{extension}"),
    }
}
