//! Builds the version resource of a program.
//!
//! ```text
//! VS_VERSIONINFO   u16 length, u16 value length, u16 type, key in UTF-16, padding to 4
//!   VS_FIXEDFILEINFO                          52 bytes
//!   StringFileInfo -> "040904b0" -> key, text pairs
//!   VarFileInfo    -> "Translation" -> u16 language, u16 code page
//! ```
//! Source: Windows menus and resources, "VS_VERSIONINFO structure" and its children.

use crate::error::Result;

/// Code page "Unicode", as nearly all programs state it.
const CODE_PAGE: u16 = 0x04b0;
/// Resource type of version information. Source: Windows, RT_VERSION.
const RESOURCE_TYPE_VERSION: u32 = 16;

/// The identity that a program states about itself.
#[derive(Clone, Debug)]
pub struct VersionStamp {
    /// File and product version.
    pub version: (u16, u16, u16, u16),
    /// Name of the build, shown in brackets after the version.
    pub build_lab: String,
    /// Windows language identifier, such as 0x0409.
    pub language: u16,
    /// Original file name.
    pub original_name: String,
    /// What the program calls itself.
    pub description: String,
    /// Time stamp of the PE header, in seconds since 1970.
    pub time_stamp: u32,
}

impl VersionStamp {
    /// Returns the version as text: `5.1.2600.5512`.
    pub fn version_text(&self) -> String {
        let (a, b, c, d) = self.version;
        format!("{a}.{b}.{c}.{d}")
    }

    /// Returns a whole `.rsrc` section that will be loaded at `address`.
    pub(super) fn resource_section(&self, address: u32) -> Result<Vec<u8>> {
        let info = self.version_info()?;
        let mut section = Vec::new();
        // Three directories of one entry each; bit 31 says that the entry is a directory.
        for (id, next) in [
            (RESOURCE_TYPE_VERSION, 0x8000_0018_u32),
            (1, 0x8000_0030),
            (u32::from(self.language), 0x48),
        ] {
            section.extend_from_slice(&[0; 12]);
            section.extend_from_slice(&0_u16.to_le_bytes());
            section.extend_from_slice(&1_u16.to_le_bytes());
            section.extend_from_slice(&id.to_le_bytes());
            section.extend_from_slice(&next.to_le_bytes());
        }
        // The data entry at 0x48 is 16 bytes; the data follow it.
        section.extend_from_slice(&(address + 0x58).to_le_bytes());
        section.extend_from_slice(&u32::try_from(info.len())?.to_le_bytes());
        section.extend_from_slice(&[0; 8]);
        section.extend_from_slice(&info);
        Ok(section)
    }

    fn version_info(&self) -> Result<Vec<u8>> {
        let version = self.version_text();
        let strings = [
            // Nobody shall take such a file for Microsoft's.
            ("CompanyName", "mendkit, simulated PC"),
            ("FileDescription", &self.description),
            ("FileVersion", &format!("{version} ({})", self.build_lab)),
            ("InternalName", &self.original_name),
            ("OriginalFilename", &self.original_name),
            ("ProductName", "mendkit simulated PC"),
            ("ProductVersion", &version),
        ];
        let mut table = Vec::new();
        for (key, text) in strings {
            let value = utf16(text);
            let characters = u16::try_from(value.len() / 2)?;
            pad(&mut table);
            table.extend(node(key, 1, characters, &value, &[])?);
        }
        let language = format!("{:04x}{CODE_PAGE:04x}", self.language);
        let table = node(&language, 1, 0, &[], &table)?;
        let mut children = node("StringFileInfo", 1, 0, &[], &table)?;
        let mut translation = self.language.to_le_bytes().to_vec();
        translation.extend_from_slice(&CODE_PAGE.to_le_bytes());
        let translation = node("Translation", 0, 4, &translation, &[])?;
        pad(&mut children);
        children.extend(node("VarFileInfo", 1, 0, &[], &translation)?);
        node("VS_VERSION_INFO", 0, 52, &self.fixed_file_info(), &children)
    }

    fn fixed_file_info(&self) -> Vec<u8> {
        let (a, b, c, d) = self.version;
        let high = (u32::from(a) << 16) | u32::from(b);
        let low = (u32::from(c) << 16) | u32::from(d);
        // Magic, structure version 1.0, file and product version, mask and flags, Windows NT on 32
        // bits, application, no subtype, no date.
        let fields = [
            0xfeef_04bd,
            0x0001_0000,
            high,
            low,
            high,
            low,
            0x3f,
            0,
            0x0004_0004,
            1,
            0,
            0,
            0,
        ];
        fields
            .iter()
            .flat_map(|field: &u32| field.to_le_bytes())
            .collect()
    }
}

/// Returns one node of the tree. `value_length` counts bytes for binary and characters for text.
fn node(key: &str, kind: u16, value_length: u16, value: &[u8], children: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = vec![0; 2];
    bytes.extend_from_slice(&value_length.to_le_bytes());
    bytes.extend_from_slice(&kind.to_le_bytes());
    bytes.extend(utf16(key));
    if !value.is_empty() {
        pad(&mut bytes);
        bytes.extend_from_slice(value);
    }
    if !children.is_empty() {
        pad(&mut bytes);
        bytes.extend_from_slice(children);
    }
    let length = u16::try_from(bytes.len())?;
    bytes[..2].copy_from_slice(&length.to_le_bytes());
    Ok(bytes)
}

/// Returns text in UTF-16 with its terminating zero.
fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect()
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}
