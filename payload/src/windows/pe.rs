//! Identity of a program file: what its headers and its version resource say it is.
//!
//! This proves nothing about who made it: the identity of a file can be written by anyone. It tells a
//! wrong service pack, a wrong processor, an empty or a damaged file from the right one.
//!
//! ```text
//! 0x00  "MZ" … 0x3C offset of "PE\0\0"
//!       COFF header: machine, number of sections, size of the optional header
//!       optional header: magic, checksum, data directories (2 is resources)
//!       section table; resources: type 16, name, language -> VS_VERSIONINFO
//! ```
//!
//! Source: Microsoft, "PE format" and "VS_VERSIONINFO structure".
#![cfg_attr(
    not(test),
    warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)
)]

use std::fmt;

pub(crate) mod image;

/// Processor that a program file is for. Others than the named ones exist. Source: PE format,
/// "Machine types".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeMachine(pub u16);

impl PeMachine {
    /// 32-bit x86.
    pub const I386: Self = Self(0x014C);
    /// 64-bit x86.
    pub const AMD64: Self = Self(0x8664);
    /// 64-bit ARM.
    pub const ARM64: Self = Self(0xAA64);
}

impl fmt::Display for PeMachine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::I386 => f.write_str("i386"),
            Self::AMD64 => f.write_str("amd64"),
            Self::ARM64 => f.write_str("arm64"),
            Self(number) => write!(f, "machine {number:#06x}"),
        }
    }
}

/// Four numbers of a file version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileVersion(pub [u16; 4]);

impl fmt::Display for FileVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a}.{b}.{c}.{d}")
    }
}

/// What a program file says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeIdentity {
    /// Processor.
    pub machine: PeMachine,
    /// File version in the fixed part of the version resource.
    pub version: Option<FileVersion>,
    /// `OriginalFilename` of the version resource.
    pub original_name: Option<String>,
    /// Language of the version resource, as a Windows language identifier.
    pub language: Option<u16>,
    /// Checksum in the header; 0 if it has none.
    pub stored_checksum: u32,
    /// Checksum of the content as it is.
    pub computed_checksum: u32,
}

/// Why a file is no program file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} at {offset:#x}: {finding}, expected {expectation}")]
pub struct PeError {
    place: &'static str,
    offset: usize,
    finding: String,
    expectation: &'static str,
}

/// Number of the data directory of resources. Source: PE format, "Optional header data directories".
const RESOURCE_DIRECTORY: usize = 2;
/// Type of version resources. Source: winuser.h, `RT_VERSION`.
const VERSION_RESOURCE: u32 = 16;
/// Magic of the fixed part of a version resource. Source: `VS_FIXEDFILEINFO`.
const FIXED_INFO_MAGIC: u32 = 0xFEEF_04BD;
/// Bit of an offset in a resource folder that says: a folder again. Source: PE format, ".rsrc section".
const IS_FOLDER: u32 = 0x8000_0000;

impl PeIdentity {
    /// Reads the identity from the content of a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, PeError> {
        let Headers {
            machine,
            coff,
            checksum_at,
            directories,
            stored_checksum,
        } = Headers::find(bytes)?;
        let mut identity = Self {
            machine,
            version: None,
            original_name: None,
            language: None,
            stored_checksum,
            computed_checksum: checksum(bytes, checksum_at),
        };
        if let Some((language, resource)) = version_resource(bytes, coff, directories) {
            identity.language = u16::try_from(language).ok();
            let root = VersionNode::read(resource, 0);
            identity.version = root.as_ref().and_then(|node| fixed_version(node.value));
            identity.original_name = root.and_then(|node| original_name(resource, &node));
        }
        Ok(identity)
    }
}

/// The fixed headers: where things lie in the file.
struct Headers {
    machine: PeMachine,
    coff: usize,
    checksum_at: usize,
    /// Offset of the data directories; their number lies before them.
    directories: usize,
    stored_checksum: u32,
}

impl Headers {
    fn find(bytes: &[u8]) -> Result<Self, PeError> {
        if bytes.get(..2) != Some(b"MZ".as_slice()) {
            return Err(bad("program file", 0, head(bytes), "\"MZ\""));
        }
        let header = number(bytes, 0x3C).unwrap_or(usize::MAX);
        let signature = header.checked_add(4).and_then(|end| bytes.get(header..end));
        if signature != Some(b"PE\0\0".as_slice()) {
            let finding = "no PE header".to_owned();
            return Err(bad("program file", header, finding, "\"PE\""));
        }
        let coff = header.saturating_add(4);
        let optional = coff.saturating_add(20);
        let checksum_at = optional.saturating_add(64);
        let (Some(machine), Some(magic), Some(stored_checksum)) = (
            u16_at(bytes, coff),
            u16_at(bytes, optional),
            u32_at(bytes, checksum_at),
        ) else {
            let finding = format!("the file ends at {:#x}", bytes.len());
            return Err(bad("PE header", coff, finding, "a whole header"));
        };
        let directories = match magic {
            0x010B => optional.saturating_add(96),
            0x020B => optional.saturating_add(112),
            other => {
                let finding = format!("magic is {other:#06x}");
                return Err(bad(
                    "optional header",
                    optional,
                    finding,
                    "0x010b or 0x020b",
                ));
            }
        };
        Ok(Self {
            machine: PeMachine(machine),
            coff,
            checksum_at,
            directories,
            stored_checksum,
        })
    }
}

/// Returns the checksum that belongs into the header: the folded sum of all 16-bit words, the field
/// itself taken as 0, plus the size. Source: ImageHlp, `CheckSumMappedFile`; judged by files that
/// Microsoft's linker wrote.
fn checksum(bytes: &[u8], field: usize) -> u32 {
    let field_end = field.saturating_add(4);
    let mut sum = 0_u32;
    for (pair, start) in bytes.chunks(2).zip((0_usize..).step_by(2)) {
        let low = pair.first().copied().unwrap_or(0);
        let high = pair.get(1).copied().unwrap_or(0);
        let is_field = |at: usize| (field..field_end).contains(&at);
        let low = if is_field(start) { 0 } else { low };
        let high = if is_field(start.saturating_add(1)) {
            0
        } else {
            high
        };
        let word = u32::from(u16::from_le_bytes([low, high]));
        sum = sum.wrapping_add(word);
        sum = (sum & 0xFFFF).wrapping_add(sum >> 16);
    }
    sum = (sum & 0xFFFF).wrapping_add(sum >> 16);
    // The size is taken modulo 2^32, as the field is no wider.
    sum.wrapping_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX))
}

/// Returns the language and the content of the first version resource.
fn version_resource(bytes: &[u8], coff: usize, directories: usize) -> Option<(u32, &[u8])> {
    let count = number(bytes, directories.checked_sub(4)?)?;
    if count <= RESOURCE_DIRECTORY {
        return None;
    }
    let sections = Sections::find(bytes, coff)?;
    let entry = directories.checked_add(RESOURCE_DIRECTORY.checked_mul(8)?)?;
    let start = sections.file_offset(u32_at(bytes, entry)?)?;
    let resources = bytes.get(start..)?;
    // Three levels, no more: type, name, language.
    let types = resource_entries(resources, 0)?;
    let (_, names) = types.into_iter().find(|(id, _)| *id == VERSION_RESOURCE)?;
    let (_, languages) = resource_entries(resources, folder_offset(names)?)?
        .first()
        .copied()?;
    let (language, data) = resource_entries(resources, folder_offset(languages)?)?
        .first()
        .copied()?;
    let data = usize::try_from(data).ok()?;
    let content = sections.file_offset(u32_at(resources, data)?)?;
    let size = number(resources, data.checked_add(4)?)?;
    let content = bytes.get(content..content.checked_add(size)?)?;
    Some((language, content))
}

fn folder_offset(offset: u32) -> Option<usize> {
    (offset & IS_FOLDER != 0).then(|| usize::try_from(offset & !IS_FOLDER).ok())?
}

/// Returns identifier and offset of everything in one folder of resources.
fn resource_entries(resources: &[u8], folder: usize) -> Option<Vec<(u32, u32)>> {
    let named = usize::from(u16_at(resources, folder.checked_add(12)?)?);
    let numbered = usize::from(u16_at(resources, folder.checked_add(14)?)?);
    let entries = resources.get(folder.checked_add(16)?..)?;
    let (entries, _) = entries.as_chunks::<8>();
    let entries = entries.iter().take(named.saturating_add(numbered));
    Some(
        entries
            .filter_map(|entry| Some((u32_at(entry, 0)?, u32_at(entry, 4)?)))
            .collect(),
    )
}

/// The section table: where addresses in memory lie in the file.
struct Sections<'a> {
    entries: &'a [[u8; 40]],
}

impl<'a> Sections<'a> {
    fn find(bytes: &'a [u8], coff: usize) -> Option<Self> {
        let count = usize::from(u16_at(bytes, coff.checked_add(2)?)?);
        let optional_size = usize::from(u16_at(bytes, coff.checked_add(16)?)?);
        let start = coff.checked_add(20)?.checked_add(optional_size)?;
        let (entries, _) = bytes.get(start..)?.as_chunks::<40>();
        let entries = entries.get(..count)?;
        Some(Self { entries })
    }

    /// Returns the offset in the file of an address in memory.
    fn file_offset(&self, address: u32) -> Option<usize> {
        self.entries.iter().find_map(|entry| {
            let (start, size, offset) =
                (u32_at(entry, 12)?, u32_at(entry, 16)?, u32_at(entry, 20)?);
            let inside = address.checked_sub(start).filter(|inside| *inside < size)?;
            usize::try_from(offset.checked_add(inside)?).ok()
        })
    }
}

/// One node of a version resource: length, value length, type, key, value, children; all on multiples
/// of four bytes from the start of the resource.
struct VersionNode<'a> {
    key: String,
    value: &'a [u8],
    children: usize,
    end: usize,
}

impl<'a> VersionNode<'a> {
    fn read(resource: &'a [u8], start: usize) -> Option<Self> {
        let length = usize::from(u16_at(resource, start)?);
        let value_length = usize::from(u16_at(resource, start.checked_add(2)?)?);
        let is_text = u16_at(resource, start.checked_add(4)?)? == 1;
        let end = start.checked_add(length)?.min(resource.len());
        let key_start = start.checked_add(6)?;
        let (units, _) = resource.get(key_start..end)?.as_chunks::<2>();
        let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
        let key_length = units.iter().position(|unit| *unit == 0)?;
        let key = String::from_utf16_lossy(units.get(..key_length)?);
        let key_bytes = key_length.checked_add(1)?.checked_mul(2)?;
        let value_start = align(key_start.checked_add(key_bytes)?)?.min(end);
        // Texts are counted in characters, everything else in bytes.
        let value_bytes = value_length.checked_mul(if is_text { 2 } else { 1 })?;
        let value_end = value_start.checked_add(value_bytes)?.min(end);
        Some(Self {
            key,
            value: resource.get(value_start..value_end)?,
            children: align(value_end)?,
            end,
        })
    }

    /// Returns the nodes inside this one.
    fn children(&self, resource: &'a [u8]) -> Vec<Self> {
        let mut nodes = Vec::new();
        let mut at = self.children;
        while at < self.end {
            // A node that does not lead forward would be read for ever.
            let Some(node) = Self::read(resource, at).filter(|node| node.end > at) else {
                break;
            };
            at = align(node.end).unwrap_or(usize::MAX);
            nodes.push(node);
        }
        nodes
    }
}

fn fixed_version(value: &[u8]) -> Option<FileVersion> {
    if u32_at(value, 0)? != FIXED_INFO_MAGIC {
        return None;
    }
    let part = |at| u16_at(value, at);
    Some(FileVersion([part(10)?, part(8)?, part(14)?, part(12)?]))
}

fn original_name(resource: &[u8], root: &VersionNode<'_>) -> Option<String> {
    let mut children = root.children(resource).into_iter();
    let texts = children.find(|node| node.key == "StringFileInfo")?;
    let tables = texts.children(resource);
    let mut texts = tables.iter().flat_map(|table| table.children(resource));
    let name = texts.find(|text| text.key == "OriginalFilename")?;
    let (units, _) = name.value.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let text = String::from_utf16_lossy(&units);
    Some(text.trim_end_matches('\0').to_owned())
}

fn align(offset: usize) -> Option<usize> {
    offset.checked_next_multiple_of(4)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let word = bytes.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_le_bytes(*word))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*word))
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(bytes, at)?).ok()
}

fn head(bytes: &[u8]) -> String {
    format!("starts with {:02x?}", bytes.get(..2).unwrap_or(bytes))
}

fn bad(place: &'static str, offset: usize, finding: String, expectation: &'static str) -> PeError {
    PeError {
        place,
        offset,
        finding,
        expectation,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::repair::fixture::{PeRecipe, SVCHOST_SP3};

    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    fn skip(what: &str) {
        eprintln!("skipped: {what} is not here");
    }

    /// Returns a real program of the shared test data, or says why the test is skipped.
    fn real_file(name: &str) -> Option<Vec<u8>> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/catalogs");
        let path = Path::new(folder).join(name);
        if !path.exists() {
            skip(&path.display().to_string());
            return None;
        }
        Some(fs_err::read(path).unwrap())
    }

    #[test]
    fn checksum_of_what_microsofts_linker_wrote_is_the_stored_one() {
        for (name, machine) in [
            ("DXCore.dll", PeMachine::AMD64),
            ("ftdibus-2015-i386.sys", PeMachine::I386),
        ] {
            let Some(bytes) = real_file(name) else { return };
            let identity = PeIdentity::parse(&bytes).unwrap();
            assert_eq!(identity.machine, machine, "{name}");
            assert_eq!(
                identity.computed_checksum, identity.stored_checksum,
                "{name}"
            );
            assert_ne!(identity.stored_checksum, 0);
        }
    }

    #[test]
    fn pelite_reads_the_same_version_and_name() {
        let made = SVCHOST_SP3.build();
        let mut files = vec![made];
        files.extend(real_file("DXCore.dll"));
        files.extend(real_file("ftdibus-2015-i386.sys"));
        for bytes in files {
            let ours = PeIdentity::parse(&bytes).unwrap();
            // pelite wants its input on a multiple of four bytes.
            let mut words = vec![0_u32; bytes.len().div_ceil(4) + 1];
            let view = zerocopy::IntoBytes::as_mut_bytes(words.as_mut_slice());
            view[..bytes.len()].copy_from_slice(&bytes);
            let file = pelite::PeFile::from_bytes(&view[..bytes.len()]).unwrap();
            let info = file.resources().unwrap().version_info().unwrap();
            let v = info.fixed().unwrap().dwFileVersion;
            assert_eq!(
                ours.version,
                Some(FileVersion([v.Major, v.Minor, v.Patch, v.Build]))
            );
            let language = info.translation()[0];
            let name = info.value(language, "OriginalFilename");
            assert_eq!(ours.original_name, name);
        }
    }

    #[test]
    fn one_changed_byte_changes_the_checksum() {
        let mut bytes = SVCHOST_SP3.build();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        let identity = PeIdentity::parse(&bytes).unwrap();
        assert_ne!(identity.computed_checksum, identity.stored_checksum);
    }

    #[test]
    fn refuses_what_is_no_program_file() {
        let message = |bytes: &[u8]| PeIdentity::parse(bytes).unwrap_err().to_string();
        assert_eq!(
            message(b""),
            "program file at 0x0: starts with [], expected \"MZ\""
        );
        assert_eq!(
            message(&[b"MZ".as_slice(), &[0; 100]].concat()),
            "program file at 0x0: no PE header, expected \"PE\""
        );
    }

    #[test]
    fn damaged_files_never_panic() {
        let good = SVCHOST_SP3.build();
        for place in 0..good.len() {
            for value in [0, 0x7F, 0xFF] {
                let mut bytes = good.clone();
                bytes[place] = value;
                let _ = PeIdentity::parse(&bytes);
            }
            let _ = PeIdentity::parse(&good[..place]);
        }
    }

    #[test]
    fn reads_64_bit_files() {
        let bytes = PeRecipe {
            machine: PeMachine::AMD64,
            ..SVCHOST_SP3
        }
        .build();
        let identity = PeIdentity::parse(&bytes).unwrap();
        assert_eq!(identity.machine, PeMachine::AMD64);
        assert_eq!(identity.original_name.as_deref(), Some("svchost.exe"));
    }
}
