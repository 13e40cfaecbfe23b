//! Writes ZIP archives, the bad ones included that no ZIP library would write.
//!
//! ```text
//! for each member   local header (30 bytes), name, data
//! for each member   central header (46 bytes), name
//! end record        22 bytes
//! ```
//! Source: APPNOTE.TXT 6.3.9, sections 4.3.7, 4.3.12, 4.3.16 and 6.1.

use std::io::{Cursor, Write};

use crate::error::{Context, Result};

/// Date of every member: 21 April 2010. Source: APPNOTE.TXT 4.4.6 (MS-DOS date).
const DOS_DATE: u16 = ((2010 - 1980) << 9) | (4 << 5) | 21;

/// How a member is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Deflated, as the vendor does.
    Deflated,
    /// As is, with the traditional encryption and a password nobody knows.
    Encrypted,
    /// As is, with one byte changed after the CRC was taken.
    Damaged,
}

/// One member of an archive.
#[derive(Clone, Debug)]
pub(super) struct Member {
    name: String,
    content: Vec<u8>,
    /// How its data are stored.
    pub(super) method: Method,
    /// Size it claims to have, if that is not the true one.
    pub(super) stated_size: Option<u32>,
}

impl Member {
    pub(super) fn new(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            content: content.to_vec(),
            method: Method::Deflated,
            stated_size: None,
        }
    }

    /// Returns the data as stored, with the number of their method and the flags.
    fn stored(&self, crc: u32) -> Result<(Vec<u8>, u16, u16)> {
        match self.method {
            Method::Deflated => Ok((deflate(&self.content)?, 8, 0)),
            Method::Encrypted => Ok((encrypt(&self.content, crc), 0, 1)),
            Method::Damaged => {
                let mut data = self.content.clone();
                if let Some(byte) = data.last_mut() {
                    *byte ^= 1;
                }
                Ok((data, 0, 0))
            }
        }
    }
}

/// Returns the bytes of an archive of these members, in this order.
pub(super) fn write_archive(members: &[Member]) -> Result<Vec<u8>> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for member in members {
        let crc = members_crc(&member.content);
        let (data, method, flags) = member.stored(crc)?;
        let size = match member.stated_size {
            Some(stated) => stated,
            None => u32::try_from(member.content.len())?,
        };
        // What local and central headers have in common, from "version needed" to "extra length".
        let mut common = Vec::new();
        for field in [20, flags, method, 0, DOS_DATE] {
            common.extend_from_slice(&field.to_le_bytes());
        }
        for field in [crc, u32::try_from(data.len())?, size] {
            common.extend_from_slice(&field.to_le_bytes());
        }
        common.extend_from_slice(&u16::try_from(member.name.len())?.to_le_bytes());
        common.extend_from_slice(&[0; 2]);

        let offset = u32::try_from(archive.len())?;
        archive.extend_from_slice(b"PK\x03\x04");
        archive.extend_from_slice(&common);
        archive.extend_from_slice(member.name.as_bytes());
        archive.extend_from_slice(&data);

        directory.extend_from_slice(b"PK\x01\x02");
        directory.extend_from_slice(&20_u16.to_le_bytes());
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(member.name.as_bytes());
    }
    let offset = u32::try_from(archive.len())?;
    let size = u32::try_from(directory.len())?;
    let count = u16::try_from(members.len())?;
    archive.extend_from_slice(&directory);
    archive.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    archive.extend_from_slice(&count.to_le_bytes());
    archive.extend_from_slice(&count.to_le_bytes());
    archive.extend_from_slice(&size.to_le_bytes());
    archive.extend_from_slice(&offset.to_le_bytes());
    archive.extend_from_slice(&[0; 2]);
    Ok(archive)
}

/// Returns raw deflate data, taken from an archive of one member that the zip crate writes.
fn deflate(content: &[u8]) -> Result<Vec<u8>> {
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("x", options)?;
    writer.write_all(content)?;
    let bytes = writer.finish()?.into_inner();
    let (start, size) = {
        let mut archive = zip::ZipArchive::new(Cursor::new(&bytes))?;
        let member = archive.by_index_raw(0)?;
        let start = member.data_start().context("offset of deflated data")?;
        (
            usize::try_from(start)?,
            usize::try_from(member.compressed_size())?,
        )
    };
    Ok(bytes[start..start + size].to_vec())
}

/// Steps the CRC-32 of one byte. Source: APPNOTE.TXT 4.4.7, polynomial 0xEDB88320 reflected.
fn crc_step(crc: u32, byte: u8) -> u32 {
    (0..8).fold(crc ^ u32::from(byte), |crc, _| {
        if crc & 1 == 1 {
            (crc >> 1) ^ 0xedb8_8320
        } else {
            crc >> 1
        }
    })
}

fn members_crc(content: &[u8]) -> u32 {
    !content
        .iter()
        .fold(u32::MAX, |crc, byte| crc_step(crc, *byte))
}

/// Encrypts with the traditional cipher. Source: APPNOTE.TXT 6.1.
fn encrypt(content: &[u8], crc: u32) -> Vec<u8> {
    let mut keys: [u32; 3] = [0x1234_5678, 0x2345_6789, 0x3456_7890];
    let update = |keys: &mut [u32; 3], byte: u8| {
        keys[0] = crc_step(keys[0], byte);
        keys[1] = keys[1]
            .wrapping_add(keys[0] & 0xff)
            .wrapping_mul(134_775_813)
            .wrapping_add(1);
        let [.., high] = keys[1].to_le_bytes();
        keys[2] = crc_step(keys[2], high);
    };
    for byte in b"nobody knows this" {
        update(&mut keys, *byte);
    }
    let [.., check] = crc.to_le_bytes();
    // Eleven bytes that should be random and here need not be, then the check byte.
    let header = [[0x5a; 11].as_slice(), &[check]].concat();
    header
        .iter()
        .chain(content)
        .map(|byte| {
            let [low, high, ..] = (keys[2] | 2).to_le_bytes();
            let temporary = u32::from(u16::from_le_bytes([low, high]));
            let [_, mask, ..] = temporary.wrapping_mul(temporary ^ 1).to_le_bytes();
            update(&mut keys, *byte);
            byte ^ mask
        })
        .collect()
}
