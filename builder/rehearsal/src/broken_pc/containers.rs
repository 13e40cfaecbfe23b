//! Files inside other files: McAfee's quarantine, compressed files and cabinets of Windows.

use std::io::{Cursor, Write as _};
use std::time::{Duration, SystemTime};

use crate::error::{Context, Result, ensure};
use cab::{CabinetBuilder, CompressionType};
use cfb::{CompoundFile, Version};

/// Every byte of a `.bup` is changed by exclusive or with this. Observed: a public sample of 2013.
const BUP_MASK: u8 = 0x6A;

/// Offset of date and time in the only member's entry. Source: MS-CAB 2.1 to 2.3, after CFHEADER (36
/// bytes) and one CFFOLDER (8 bytes): cbFile, uoffFolderStart, iFolder.
const FIRST_MEMBER_DATE: usize = 36 + 8 + 10;

/// 14 April 2008, 12:00, as DOS writes date and time.
const DOS_TIME: [u8; 4] = [0x8E, 0x38, 0x00, 0x60];

/// Bytes of content in one data block of a cabinet, but for the last. Source: MS-CAB 2.6.
const CABINET_BLOCK: usize = 0x8000;

/// Returns the container of a file of system32 that DAT `version` took for W32/Wecorl.a.
pub fn quarantine_container(version: u32, name: &str, content: &[u8]) -> Result<Vec<u8>> {
    let path = format!("c:\\windows\\system32\\{name}");
    quarantine_container_of("W32/Wecorl.a", version, &path, content)
}

/// Returns the container of the file at `path` that DAT `version` took for `detection`.
pub fn quarantine_container_of(
    detection: &str,
    version: u32,
    path: &str,
    content: &[u8],
) -> Result<Vec<u8>> {
    let details = format!(
        "\r\n[Details]\r\nDetectionName={detection}\r\nDetectionType=1\r\nEngineMajor=5400\r\n\
         EngineMinor=1158\r\nDATMajor={version}\r\nDATMinor=0\r\nDATType=2\r\nProductID=12106\r\n\
         CreationYear=2010\r\nCreationMonth=4\r\nCreationDay=21\r\nCreationHour=15\r\n\
         CreationMinute=2\r\nCreationSecond=11\r\nTimeZoneName=GMT Daylight Time\r\n\
         TimeZoneOffset=-60\r\nNumberOfFiles=1\r\nNumberOfValues=0\r\n\r\n[File_0]\r\n\
         ObjectType=5\r\nOriginalName={path}\r\nWasAdded=0\r\n\r\n[File_1]\r\n"
    );
    let mut compound = CompoundFile::create_with_version(Version::V3, Cursor::new(Vec::new()))
        .context("making a compound file")?;
    for (name, content) in [("Details", details.as_bytes()), ("File_0", content)] {
        let masked: Vec<u8> = content.iter().map(|byte| byte ^ BUP_MASK).collect();
        let mut stream = compound.create_stream(format!("/{name}"))?;
        stream.write_all(&masked)?;
        stream.flush()?;
    }
    // 21 April 2010, 14:02:11 UTC.
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_271_858_531);
    compound.set_modified_time("/", time)?;
    compound.flush()?;
    Ok(compound.into_inner().into_inner())
}

/// Returns a file as it lies on XP's medium: a cabinet with it as the only member.
pub fn compressed_file(name: &str, content: &[u8]) -> Result<Vec<u8>> {
    let mut builder = CabinetBuilder::new();
    builder.add_folder(CompressionType::MsZip).add_file(name);
    let mut writer = builder.build(Cursor::new(Vec::new()))?;
    while let Some(mut file) = writer.next_file()? {
        file.write_all(content)?;
    }
    let mut cabinet = writer.finish()?.into_inner();
    let time = cabinet
        .get_mut(FIRST_MEMBER_DATE..FIRST_MEMBER_DATE + DOS_TIME.len())
        .context("cabinet: ends inside its first member's entry")?;
    time.copy_from_slice(&DOS_TIME);
    Ok(cabinet)
}

/// Returns a cabinet with one member in LZX, in blocks that LZX stores as they are. Nothing here
/// compresses by LZX; such blocks are all that can be made without.
///
/// Source: MS-CAB 2 for the cabinet; MS-PATCH 2.3 for LZX: one bit "no translation", then for each
/// block 3 bits of type (3: stored), 24 bits of size, padding to 16 bits, R0 to R2, the bytes.
pub fn lzx_cabinet(name: &str, content: &[u8]) -> Result<Vec<u8>> {
    let mut blocks = Vec::new();
    for (index, piece) in content.chunks(CABINET_BLOCK).enumerate() {
        let size = u32::try_from(piece.len())?;
        // The bit "no translation" comes once, before the first block.
        let bits = match index {
            0 => (3 << 28) | (size << 4),
            _ => (3 << 29) | (size << 5),
        };
        // Bits are taken from words of 16 bits, each stored low byte first.
        let [a, b, c, d] = u32::to_be_bytes(bits);
        let mut data = vec![b, a, d, c];
        for _ in 0..3 {
            data.extend(1_u32.to_le_bytes());
        }
        data.extend(piece);
        if piece.len() % 2 == 1 {
            data.push(0);
        }
        blocks.push((
            u16::try_from(data.len())?,
            u16::try_from(piece.len())?,
            data,
        ));
    }
    ensure!(!blocks.is_empty(), "{name}: empty, expected content");
    let entry = [
        &u32::try_from(content.len())?.to_le_bytes()[..],
        &[0; 6],
        &DOS_TIME,
        &[0x20, 0],
        name.as_bytes(),
        &[0],
    ]
    .concat();
    let data_offset = 44 + entry.len();
    let data_size: usize = blocks.iter().map(|(_, _, data)| 8 + data.len()).sum();
    let mut cabinet = b"MSCF\0\0\0\0".to_vec();
    cabinet.extend(u32::try_from(data_offset + data_size)?.to_le_bytes());
    cabinet.extend([0; 4]);
    cabinet.extend(44_u32.to_le_bytes());
    // Version 1.3, one folder, one member, no flags, no set.
    cabinet.extend([0, 0, 0, 0, 3, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    cabinet.extend(u32::try_from(data_offset)?.to_le_bytes());
    cabinet.extend(u16::try_from(blocks.len())?.to_le_bytes());
    // LZX with a window of 2^21 bytes, as sp3.cab has.
    cabinet.extend(0x1503_u16.to_le_bytes());
    cabinet.extend(entry);
    for (stored, size, data) in blocks {
        // A checksum of 0 is not checked.
        cabinet.extend([0; 4]);
        cabinet.extend(stored.to_le_bytes());
        cabinet.extend(size.to_le_bytes());
        cabinet.extend(data);
    }
    Ok(cabinet)
}
