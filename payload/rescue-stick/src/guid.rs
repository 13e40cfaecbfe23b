//! GUIDs as Windows stores them and as people read them.
//!
//! ```text
//! bytes  ea 1d 31 64  87 45  29 40  92 4a  ba 29 96 47 99 8e
//! text   64311DEA    -4587  -4029  -924A  -BA299647998E          the first three parts are little-endian
//! ```
//! Source: [MS-DTYP] 2.3.4.2 and 2.3.4.3.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A GUID, with its bytes as they lie on a disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Guid(pub [u8; 16]);

/// Not the text of a GUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a GUID, expected 32 hexadecimal digits as 8-4-4-4-12")]
pub struct NoGuid;

/// Digits of the parts of a GUID's text.
const PARTS: [usize; 5] = [8, 4, 4, 4, 12];

/// Which byte of the stored form each byte of the text is.
const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

impl Guid {
    /// Parses the text of a GUID in either case, with or without braces.
    pub fn parse(text: &str) -> Result<Self, NoGuid> {
        let text = text.trim();
        let bare = match text.strip_prefix('{') {
            Some(rest) => rest.strip_suffix('}').ok_or(NoGuid)?,
            None => text,
        };
        let lengths = bare.split('-').map(str::len);
        if !lengths.eq(PARTS) {
            return Err(NoGuid);
        }
        let spelt = hex::decode(bare.replace('-', "")).map_err(|_| NoGuid)?;
        let mut bytes = [0; 16];
        for (byte, place) in bytes.iter_mut().zip(ORDER) {
            *byte = spelt.get(place).copied().ok_or(NoGuid)?;
        }
        Ok(Self(bytes))
    }

    /// Returns the first GUID that stands in braces somewhere in `text`, as in names of Active Directory.
    pub fn find(text: &str) -> Option<Self> {
        let mut starts = text.match_indices('{').map(|(start, _)| start);
        starts.find_map(|start| {
            let rest = text.get(start..)?;
            let end = rest.find('}')?;
            Self::parse(rest.get(..=end)?).ok()
        })
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: String = ORDER
            .iter()
            .filter_map(|place| self.0.get(*place))
            .map(|byte| format!("{byte:02X}"))
            .collect();
        let mut rest = digits.as_str();
        for (number, length) in PARTS.into_iter().enumerate() {
            let (part, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
            f.write_str(if number == 0 { "" } else { "-" })?;
            f.write_str(part)?;
            rest = after;
        }
        Ok(())
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Guid {
    type Error = NoGuid;

    fn try_from(text: String) -> Result<Self, NoGuid> {
        Self::parse(&text)
    }
}

impl From<Guid> for String {
    fn from(guid: Guid) -> Self {
        guid.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: [u8; 16] = [
        0xea, 0x1d, 0x31, 0x64, 0x87, 0x45, 0x29, 0x40, 0x92, 0x4a, 0xba, 0x29, 0x96, 0x47, 0x99,
        0x8e,
    ];

    #[test]
    fn reads_and_writes_the_text_that_windows_shows() {
        let text = "64311DEA-4587-4029-924A-BA299647998E";
        assert_eq!(Guid(BYTES).to_string(), text);
        for spelt in [text, &text.to_lowercase(), &format!(" {{{text}}} ")] {
            assert_eq!(Guid::parse(spelt), Ok(Guid(BYTES)), "{spelt}");
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for bad in [
            "",
            "{}",
            "64311DEA45874029924ABA299647998E",
            "64311DEA-4587-4029-924A-BA299647998",
            "64311DEA-4587-4029-924A-BA299647998G",
            "{64311DEA-4587-4029-924A-BA299647998E",
            "64311DEA-4587-4029-924A-BA2996479é8",
        ] {
            assert_eq!(Guid::parse(bad), Err(NoGuid), "{bad}");
        }
    }

    #[test]
    fn finds_one_in_a_name_of_active_directory() {
        let name = "CN=2010-04-22T10:15:00-00:00{64311DEA-4587-4029-924A-BA299647998E},CN=PC";
        assert_eq!(Guid::find(name), Some(Guid(BYTES)));
        assert_eq!(Guid::find("a {b} {"), None);
    }
}
