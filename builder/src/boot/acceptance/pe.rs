//! EFI programs as far as their signatures need it: sections, certificates, and the digest that is signed.
//!
//! ```text
//! +0x3c  u32 offset of "PE\0\0" · COFF header: +6 u16 sections, +12 u32 offset and +16 u32 number of symbols of
//!        18 bytes, behind which long names lie, +20 u16 size of the optional header
//!        optional header: +0 u16 0x10b or 0x20b · +64 u32 checksum · +96 or +112 directories of u32 offset, u32 size
//!        sections of 40 bytes: name, or "/" and where it lies among the long ones · +8 u32 size, +16 u32 size in the file, +20 u32 offset
//! directory 4    certificates: u32 length, u16 revision, u16 type, content; each on a multiple of 8
//! ```
//!
//! Source: Microsoft, PE Format; Windows Authenticode Portable Executable Signature Format, 1.0.
#![cfg_attr(
    not(test),
    warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)
)]

use rescue_stick::digest::Sha256Digest;
use sha2::{Digest as _, Sha256};

/// Most sections that are looked at; EFI programs have about ten.
const MOST_SECTIONS: usize = 96;

/// Most certificates that are looked at; Debian's shim has two.
const MOST_CERTIFICATES: usize = 16;

/// Bytes of a symbol. Source: PE Format, "COFF Symbol Table".
const SYMBOL_LENGTH: usize = 18;

/// Revision and type of a certificate table entry that holds signed data. Source: as above,
/// `WIN_CERT_REVISION_2_0`, `WIN_CERT_TYPE_PKCS_SIGNED_DATA`.
const SIGNED_DATA: (u16, u16) = (0x0200, 0x0002);

/// A file that is not what firmware could start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{finding} at offset {offset:#x}, expected {expectation}")]
pub struct PeError {
    offset: usize,
    finding: &'static str,
    expectation: &'static str,
}

/// An EFI program.
#[derive(Clone, Debug)]
pub struct Pe<'a> {
    bytes: &'a [u8],
    checksum: usize,
    directory: usize,
    headers_end: usize,
    sections: Vec<Section<'a>>,
    certificates: (usize, usize),
}

#[derive(Clone, Debug)]
struct Section<'a> {
    name: &'a [u8],
    virtual_size: usize,
    start: usize,
    length: usize,
}

impl<'a> Pe<'a> {
    /// Reads the headers.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, PeError> {
        let lacks = |offset, expectation| PeError {
            offset,
            finding: "other bytes, or the end of the file,",
            expectation,
        };
        let cut = |offset: usize| lacks(offset, "a field of the headers");
        let u16_at = |at: usize| number(bytes, at, 2).ok_or(cut(at));
        let u32_at = |at: usize| number(bytes, at, 4).ok_or(cut(at));
        let add = |a: usize, b: usize| a.checked_add(b).ok_or(cut(a));
        let pe = u32_at(0x3c)?;
        if bytes.get(pe..add(pe, 4)?) != Some(b"PE\0\0") {
            return Err(lacks(pe, "\"PE\""));
        }
        let count = u16_at(add(pe, 6)?)?;
        let optional = add(pe, 24)?;
        let directories = match u16_at(optional)? {
            0x10b => add(optional, 96)?,
            0x20b => add(optional, 112)?,
            _ => return Err(lacks(optional, "0x10b or 0x20b")),
        };
        let directory = add(directories, 32)?;
        let table = add(optional, u16_at(add(pe, 20)?)?)?;
        if count > MOST_SECTIONS {
            return Err(lacks(add(pe, 6)?, "at most 96 sections"));
        }
        let symbols = u32_at(add(pe, 16)?)?.saturating_mul(SYMBOL_LENGTH);
        let long_names = u32_at(add(pe, 12)?)?.saturating_add(symbols);
        let mut sections = Vec::new();
        for index in 0..count {
            let at = add(table, index.saturating_mul(40))?;
            let name = bytes.get(at..add(at, 8)?).ok_or(cut(at))?;
            sections.push(Section {
                name: section_name(bytes, name, long_names),
                virtual_size: u32_at(add(at, 8)?)?,
                length: u32_at(add(at, 16)?)?,
                start: u32_at(add(at, 20)?)?,
            });
        }
        Ok(Self {
            bytes,
            checksum: add(optional, 64)?,
            directory,
            headers_end: u32_at(add(optional, 60)?)?,
            sections,
            certificates: (u32_at(directory)?, u32_at(add(directory, 4)?)?),
        })
    }

    /// Returns the content of a section, without what only fills the file.
    pub fn section(&self, name: &str) -> Option<&'a [u8]> {
        let mut sections = self.sections.iter();
        let section = sections.find(|section| section.name == name.as_bytes())?;
        let length = section.length.min(section.virtual_size);
        self.bytes
            .get(section.start..section.start.checked_add(length)?)
    }

    /// Returns the signed data of every signature.
    pub fn signatures(&self) -> Vec<&'a [u8]> {
        let mut found = Vec::new();
        let (start, size) = self.certificates;
        let end = start.saturating_add(size);
        let mut at = start;
        while size > 0 && at < end && found.len() < MOST_CERTIFICATES {
            let field = |offset: usize, length| number(self.bytes, at.checked_add(offset)?, length);
            let (Some(length), Some(revision), Some(kind)) =
                (field(0, 4), field(4, 2), field(6, 2))
            else {
                break;
            };
            let content = (at.checked_add(8)).zip(at.checked_add(length));
            let content = content.and_then(|(from, to)| self.bytes.get(from..to));
            let (Some(content), true) = (content, length > 8) else {
                break;
            };
            let is_ours = |found: usize, expected: u16| found == usize::from(expected);
            if is_ours(revision, SIGNED_DATA.0) && is_ours(kind, SIGNED_DATA.1) {
                found.push(content);
            }
            at = at.saturating_add(length.next_multiple_of(8));
        }
        found
    }

    /// Returns the digest that signatures are made over: all but checksum, the directory's entry of the
    /// certificates, and these themselves.
    pub fn signed_digest(&self) -> Option<Sha256Digest> {
        let mut hasher = Sha256::new();
        let after = |at: usize, length| at.checked_add(length);
        let mut take = |from: usize, to: usize| -> Option<()> {
            hasher.update(self.bytes.get(from..to)?);
            Some(())
        };
        take(0, self.checksum)?;
        take(after(self.checksum, 4)?, self.directory)?;
        take(after(self.directory, 8)?, self.headers_end)?;
        let mut sections: Vec<&Section<'_>> = self.sections.iter().collect();
        sections.retain(|section| section.length > 0);
        sections.sort_by_key(|section| section.start);
        let mut hashed = self.headers_end;
        for section in sections {
            take(section.start, after(section.start, section.length)?)?;
            hashed = after(hashed, section.length)?;
        }
        let (_, size) = self.certificates;
        let rest = self.bytes.len().checked_sub(size)?.checked_sub(hashed)?;
        take(hashed, after(hashed, rest)?)?;
        Some(Sha256Digest(hasher.finalize().into()))
    }
}

/// Returns the name of a section, up to the first zero: of more than eight bytes, only its place stands in the
/// header, in decimal. One that lies nowhere is what stands there.
fn section_name<'a>(bytes: &'a [u8], field: &'a [u8], long_names: usize) -> &'a [u8] {
    let until_zero = |text: &'a [u8]| text.split(|byte| *byte == 0).next().unwrap_or_default();
    let short = until_zero(field);
    let long = || {
        let digits = std::str::from_utf8(short.strip_prefix(b"/")?).ok()?;
        let at = long_names.checked_add(digits.parse().ok()?)?;
        Some(until_zero(bytes.get(at..)?))
    };
    long().unwrap_or(short)
}

/// Returns a little-endian number of 2 or 4 bytes.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let field = bytes.get(at..at.checked_add(length)?)?;
    let mut all = [0; 4];
    all.get_mut(..length)?.copy_from_slice(field);
    usize::try_from(u32::from_le_bytes(all)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a program of one section with this content, and one certificate entry.
    fn program(section: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 0x400];
        bytes[0x3c] = 0x80;
        bytes[0x80..0x84].copy_from_slice(b"PE\0\0");
        bytes[0x86] = 1;
        bytes[0x94] = 240;
        bytes[0x98..0x9a].copy_from_slice(&[0x0b, 0x02]);
        bytes[0x98 + 60..0x98 + 62].copy_from_slice(&[0, 4]);
        let certificates = 0x600u32;
        bytes[0x98 + 112 + 32..][..4].copy_from_slice(&certificates.to_le_bytes());
        bytes[0x98 + 112 + 36..][..4].copy_from_slice(&16u32.to_le_bytes());
        let table = 0x98 + 240;
        bytes[table..table + 5].copy_from_slice(b".sbat");
        let length = u32::try_from(section.len()).unwrap();
        bytes[table + 8..table + 12].copy_from_slice(&length.to_le_bytes());
        bytes[table + 16..table + 20].copy_from_slice(&0x200u32.to_le_bytes());
        bytes[table + 20..table + 24].copy_from_slice(&0x400u32.to_le_bytes());
        bytes.extend(section);
        bytes.resize(0x600, 0);
        bytes.extend([13, 0, 0, 0, 0, 2, 2, 0, 1, 2, 3, 4, 5, 0, 0, 0]);
        bytes
    }

    #[test]
    fn finds_section_and_signature() {
        let bytes = program(b"sbat,1\n");
        let pe = Pe::parse(&bytes).unwrap();
        assert_eq!(pe.section(".sbat"), Some(&b"sbat,1\n"[..]));
        assert_eq!(pe.section(".text"), None);
        assert_eq!(pe.signatures(), [&[1, 2, 3, 4, 5][..]]);
    }

    #[test]
    fn long_names_lie_behind_the_symbols() {
        let mut bytes = program(b"level");
        let strings = bytes.len();
        bytes.extend(b"\x16\0\0\0.sbatlevel\0.more\0");
        // One symbol of 18 bytes before them.
        let symbols = u32::try_from(strings - 18).unwrap();
        bytes[0x80 + 12..0x80 + 16].copy_from_slice(&symbols.to_le_bytes());
        bytes[0x80 + 16] = 1;
        let table = 0x98 + 240;
        bytes[table..table + 8].copy_from_slice(b"/4\0\0\0\0\0\0");
        let pe = Pe::parse(&bytes).unwrap();
        assert_eq!(pe.section(".sbatlevel"), Some(&b"level"[..]));
        assert_eq!(pe.section("/4"), None);
        bytes[table..table + 8].copy_from_slice(b"/9999999");
        assert!(Pe::parse(&bytes).unwrap().section("/9999999").is_some());
    }

    #[test]
    fn digest_covers_all_but_checksum_and_certificates() {
        let bytes = program(b"content");
        let digest = |bytes: &[u8]| Pe::parse(bytes).unwrap().signed_digest().unwrap();
        let expected = digest(&bytes);
        for (offset, counts) in [
            (0x98 + 64, false),
            (0x98 + 112 + 32 + 7, false),
            (0x608, false),
            (0x90, true),
            (0x400, true),
            (0x5ff, true),
        ] {
            let mut changed = bytes.clone();
            changed[offset] ^= 0x80;
            // A directory that leads nowhere has no digest at all.
            let found = Pe::parse(&changed).ok().and_then(|pe| pe.signed_digest());
            let is_same = found.is_none_or(|found| found == expected);
            assert_eq!(!is_same, counts, "{offset:#x}");
        }
    }

    #[test]
    fn nonsense_is_refused_without_a_panic() {
        let good = program(b"content");
        for length in 0..good.len() {
            if let Ok(pe) = Pe::parse(&good[..length]) {
                let _ = (pe.signatures(), pe.signed_digest(), pe.section(".sbat"));
            }
        }
        for offset in 0..0x190 {
            let mut bad = good.clone();
            bad[offset] = 0xff;
            bad[offset + 1] = 0xff;
            if let Ok(pe) = Pe::parse(&bad) {
                let _ = (pe.signatures(), pe.signed_digest(), pe.section(".sbat"));
            }
        }
        let message = Pe::parse(&[0; 64]).unwrap_err().to_string();
        assert!(message.contains("expected \"PE\""), "{message}");
    }
}
