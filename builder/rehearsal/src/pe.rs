//! Windows programs (PE files) that carry the identity a test wants.
//!
//! A base program is laid out anew: loadable sections only, file alignment 512, and a last
//! `.rsrc` section that holds nothing but a version resource; then the checksum is made right.
//! The code in it is left as it is. Files made for SP2 and for SP3 are equally long, as the real
//! ones are.
//!
//! ```text
//! 0      DOS header, zeros up to e_lfanew
//! 80     "PE\0\0", COFF header, optional header, section table
//! 400    sections, each padded to 512
//! ...    .rsrc: directory type 16 -> id 1 -> language -> VS_VERSIONINFO
//! ```

mod version_info;

use crate::error::{Context, Result, ensure};

use crate::random::random_bytes;

pub use version_info::VersionStamp;

/// Where the offset of the PE header is stored. Source: PE format, "MS-DOS Stub".
const PE_OFFSET_AT: usize = 0x3c;
/// Where we put the PE header.
const NEW_PE_OFFSET: usize = 0x80;
/// Size of the COFF header with its magic. Source: PE format, "COFF File Header".
const COFF_SIZE: usize = 24;
/// Size of one row of the section table. Source: PE format, "Section Table".
const SECTION_SIZE: usize = 40;
/// Alignment of sections in the file; the usual value. Source: PE format, "Optional Header".
const FILE_ALIGNMENT: usize = 0x200;
/// Machine type of 32-bit x86. Source: PE format, "Machine Types".
pub const MACHINE_I386: u16 = 0x014c;
/// Machine type of x86-64. Source: PE format, "Machine Types".
pub const MACHINE_AMD64: u16 = 0x8664;

/// One section as it will lie in the new file.
struct Section {
    name: [u8; 8],
    virtual_size: u32,
    address: u32,
    characteristics: u32,
    content: Vec<u8>,
}

/// Returns `base` with the version resource, time stamp and operating system version of `stamp`,
/// without symbols and debug sections, and with a right checksum.
pub fn stamp(base: &[u8], stamp: &VersionStamp) -> Result<Vec<u8>> {
    let pe = usize::try_from(u32_at(base, PE_OFFSET_AT)?)?;
    ensure!(
        slice_at(base, pe, 4)? == b"PE\0\0",
        "base program at {pe:#x}: no magic \"PE\\0\\0\""
    );
    let optional = pe + COFF_SIZE;
    let optional_size = usize::from(u16_at(base, pe + 20)?);
    let section_alignment = u32_at(base, optional + 32)?;
    let mut sections = loadable_sections(base, pe, optional + optional_size)?;
    let last = sections
        .last()
        .context("base program: no loadable section")?;
    let resources_at =
        (last.address + last.virtual_size).next_multiple_of(section_alignment.max(1));
    let resources = stamp.resource_section(resources_at)?;
    let resources_size = u32::try_from(resources.len())?;
    sections.push(Section {
        name: *b".rsrc\0\0\0",
        virtual_size: resources_size,
        address: resources_at,
        // Initialised data, readable. Source: PE format, "Section Flags".
        characteristics: 0x4000_0040,
        content: resources,
    });

    let mut headers = vec![0; NEW_PE_OFFSET];
    headers[..64].copy_from_slice(slice_at(base, 0, 64)?);
    put_u32(&mut headers, PE_OFFSET_AT, u32::try_from(NEW_PE_OFFSET)?);
    headers.extend_from_slice(slice_at(base, pe, COFF_SIZE + optional_size)?);
    let coff = NEW_PE_OFFSET;
    put_u16(&mut headers, coff + 6, u16::try_from(sections.len())?);
    put_u32(&mut headers, coff + 8, stamp.time_stamp);
    // No symbol table: pointer and count.
    put_u32(&mut headers, coff + 12, 0);
    put_u32(&mut headers, coff + 16, 0);
    let optional = coff + COFF_SIZE;
    let headers_size =
        (headers.len() + SECTION_SIZE * sections.len()).next_multiple_of(FILE_ALIGNMENT);
    put_u32(&mut headers, optional + 36, u32::try_from(FILE_ALIGNMENT)?);
    for at in [optional + 40, optional + 48] {
        // Operating system and subsystem version, major and minor.
        put_u16(&mut headers, at, stamp.version.0);
        put_u16(&mut headers, at + 2, stamp.version.1);
    }
    let image_size = (resources_at + resources_size).next_multiple_of(section_alignment.max(1));
    put_u32(&mut headers, optional + 56, image_size);
    put_u32(&mut headers, optional + 60, u32::try_from(headers_size)?);
    put_u32(&mut headers, optional + 64, 0);
    // Data directory 2 is the resource table; PE32+ has wider fields before the directories.
    let directories = optional
        + if u16_at(&headers, optional)? == 0x20b {
            112
        } else {
            96
        };
    put_u32(&mut headers, directories + 16, resources_at);
    put_u32(&mut headers, directories + 20, resources_size);

    let mut body = Vec::new();
    for section in &sections {
        let padded = section.content.len().next_multiple_of(FILE_ALIGNMENT);
        let offset = if padded == 0 {
            0
        } else {
            headers_size + body.len()
        };
        headers.extend_from_slice(&section.name);
        headers.extend_from_slice(&section.virtual_size.to_le_bytes());
        headers.extend_from_slice(&section.address.to_le_bytes());
        headers.extend_from_slice(&u32::try_from(padded)?.to_le_bytes());
        headers.extend_from_slice(&u32::try_from(offset)?.to_le_bytes());
        headers.extend_from_slice(&[0; 12]);
        headers.extend_from_slice(&section.characteristics.to_le_bytes());
        let start = body.len();
        body.extend_from_slice(&section.content);
        body.resize(start + padded, 0);
    }
    let mut file = headers;
    file.resize(headers_size, 0);
    file.extend_from_slice(&body);
    let sum = checksum(&file)?;
    put_u32(&mut file, optional + 64, sum);
    Ok(file)
}

/// Returns the checksum a PE file should state: 16-bit words added with end-around carry, the
/// field itself left out, plus the file's length. Source: ImageHlp, CheckSumMappedFile.
pub fn checksum(file: &[u8]) -> Result<u32> {
    let field = checksum_offset(file)?;
    let mut sum = 0_u32;
    for (index, pair) in file.chunks(2).enumerate() {
        let at = index * 2;
        if (field..field + 4).contains(&at) {
            continue;
        }
        let word = u16::from_le_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]);
        sum += u32::from(word);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    Ok(sum.wrapping_add(u32::try_from(file.len())?))
}

/// Returns the checksum that a PE file states.
pub fn stated_checksum(file: &[u8]) -> Result<u32> {
    u32_at(file, checksum_offset(file)?)
}

/// Returns the machine type of a PE file.
pub fn machine(file: &[u8]) -> Result<u16> {
    let pe = usize::try_from(u32_at(file, PE_OFFSET_AT)?)?;
    u16_at(file, pe + 4)
}

/// Returns the smallest 64-bit program there can be, as a base for [`stamp`]: its only section
/// holds `xor eax, eax; ret`.
pub fn smallest_amd64() -> Vec<u8> {
    let code = [0x31, 0xc0, 0xc3];
    // Executable, large addresses. Source: PE format, "Characteristics".
    plain(MACHINE_AMD64, 0x0022, &code)
}

/// Returns a 32-bit program of the size that XP's small ones have, as a base for [`stamp`]: its only
/// section begins with `xor eax, eax; ret` and goes on with what nobody runs.
pub fn plain_i386() -> Vec<u8> {
    let mut code = vec![0x31, 0xc0, 0xc3];
    code.extend(random_bytes("code", 0x3200 - 3));
    // Executable, for 32 bits. Source: PE format, "Characteristics".
    plain(MACHINE_I386, 0x0102, &code)
}

/// Returns a program with one section of code.
fn plain(machine: u16, characteristics: u16, code: &[u8]) -> Vec<u8> {
    let is_wide = machine == MACHINE_AMD64;
    let (optional_size, directories) = if is_wide { (240, 108) } else { (224, 92) };
    let stored = code.len().next_multiple_of(FILE_ALIGNMENT);
    let mut file = vec![0; FILE_ALIGNMENT + stored];
    let word = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    file[..2].copy_from_slice(b"MZ");
    put_u32(&mut file, PE_OFFSET_AT, 0x40);
    file[0x40..0x44].copy_from_slice(b"PE\0\0");
    put_u16(&mut file, 0x44, machine);
    put_u16(&mut file, 0x46, 1);
    put_u16(&mut file, 0x54, optional_size);
    put_u16(&mut file, 0x56, characteristics);
    let optional = 0x58;
    put_u16(&mut file, optional, if is_wide { 0x20b } else { 0x10b });
    put_u32(&mut file, optional + 4, word(stored));
    put_u32(&mut file, optional + 16, 0x1000);
    put_u32(&mut file, optional + 20, 0x1000);
    // Image base: 0x1_4000_0000, or 0x40_0000 behind the base of data that only 32-bit programs have.
    if is_wide {
        put_u32(&mut file, optional + 24, 0x4000_0000);
        put_u32(&mut file, optional + 28, 1);
    } else {
        put_u32(&mut file, optional + 28, 0x0040_0000);
    }
    let section_alignment = 0x1000;
    put_u32(&mut file, optional + 32, section_alignment);
    put_u32(&mut file, optional + 36, 0x200);
    let image_size = 0x1000 + code.len().next_multiple_of(0x1000);
    put_u32(&mut file, optional + 56, word(image_size));
    put_u32(&mut file, optional + 60, 0x200);
    // Subsystem: console.
    put_u16(&mut file, optional + 68, 3);
    put_u32(&mut file, optional + directories, 16);
    let section = optional + usize::from(optional_size);
    file[section..section + 5].copy_from_slice(b".text");
    put_u32(&mut file, section + 8, word(code.len()));
    put_u32(&mut file, section + 12, 0x1000);
    put_u32(&mut file, section + 16, word(stored));
    put_u32(&mut file, section + 20, 0x200);
    // Code, executable, readable. Source: PE format, "Section Flags".
    put_u32(&mut file, section + 36, 0x6000_0020);
    file[0x200..0x200 + code.len()].copy_from_slice(code);
    file
}

fn checksum_offset(file: &[u8]) -> Result<usize> {
    let pe = usize::try_from(u32_at(file, PE_OFFSET_AT)?)?;
    ensure!(
        slice_at(file, pe, 4)? == b"PE\0\0",
        "offset {pe:#x}: no magic \"PE\\0\\0\""
    );
    Ok(pe + COFF_SIZE + 64)
}

fn loadable_sections(base: &[u8], pe: usize, table: usize) -> Result<Vec<Section>> {
    let mut sections = Vec::new();
    for index in 0..usize::from(u16_at(base, pe + 6)?) {
        let row = slice_at(base, table + index * SECTION_SIZE, SECTION_SIZE)?;
        let name: [u8; 8] = row[..8].try_into()?;
        // "/4" and the like are debug sections whose long names lie in the symbol table.
        if name[0] == b'/' || name.starts_with(b".debug") || name.starts_with(b".rsrc") {
            continue;
        }
        let virtual_size = u32_at(row, 8)?;
        let stored = u32_at(row, 16)?.min(virtual_size);
        let content = slice_at(
            base,
            usize::try_from(u32_at(row, 20)?)?,
            usize::try_from(stored)?,
        )?;
        sections.push(Section {
            name,
            virtual_size,
            address: u32_at(row, 12)?,
            characteristics: u32_at(row, 36)?,
            content: content.to_vec(),
        });
    }
    Ok(sections)
}

fn slice_at(bytes: &[u8], at: usize, length: usize) -> Result<&[u8]> {
    at.checked_add(length)
        .and_then(|end| bytes.get(at..end))
        .with_context(|| {
            format!(
                "offset {at:#x}: {length} bytes wanted, file has {}",
                bytes.len()
            )
        })
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16> {
    Ok(u16::from_le_bytes(slice_at(bytes, at, 2)?.try_into()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32> {
    Ok(u32::from_le_bytes(slice_at(bytes, at, 4)?.try_into()?))
}

fn put_u16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
}

fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use pelite::resources::version_info::Language;

    use super::*;

    fn xp_stamp(revision: u16) -> VersionStamp {
        VersionStamp {
            version: (5, 1, 2600, revision),
            build_lab: format!("xpsp.{revision}"),
            language: 0x040c,
            original_name: "svchost.exe".to_owned(),
            description: "Processus hôte générique".to_owned(),
            time_stamp: 0x4802_5bc0,
        }
    }

    #[test]
    fn pelite_reads_the_identity_of_a_64_bit_program() {
        let file = stamp(&smallest_amd64(), &xp_stamp(5512)).unwrap();
        assert_eq!(machine(&file).unwrap(), MACHINE_AMD64);
        let pe = pelite::PeFile::from_bytes(&file).unwrap();
        let resources = pe.resources().unwrap();
        resources.fsck().unwrap();
        let info = resources.version_info().unwrap();
        let fixed = info.fixed().unwrap();
        assert_eq!(fixed.dwFileVersion.to_string(), "5.1.2600.5512");
        let language = Language {
            lang_id: 0x040c,
            charset_id: 0x04b0,
        };
        assert_eq!(info.translation(), [language]);
        assert_eq!(
            info.value(language, "OriginalFilename").unwrap(),
            "svchost.exe"
        );
        assert_eq!(
            info.value(language, "FileDescription").unwrap(),
            "Processus hôte générique"
        );
        let stated = match pe.optional_header() {
            pelite::Wrap::T32(header) => header.CheckSum,
            pelite::Wrap::T64(header) => header.CheckSum,
        };
        assert_eq!(stated, checksum(&file).unwrap());
    }

    #[test]
    fn the_made_up_program_of_xp_has_the_size_and_machine_of_the_real_one() {
        let file = stamp(&plain_i386(), &xp_stamp(5512)).unwrap();
        assert_eq!(machine(&file).unwrap(), MACHINE_I386);
        assert_eq!(file.len(), 14_336);
        let pe = pelite::PeFile::from_bytes(&file).unwrap();
        let info = pe.resources().unwrap().version_info().unwrap();
        let version = info.fixed().unwrap().dwFileVersion.to_string();
        assert_eq!(version, "5.1.2600.5512");
    }

    #[test]
    fn checksum_notices_one_changed_byte() {
        let mut file = stamp(&smallest_amd64(), &xp_stamp(5512)).unwrap();
        assert_eq!(stated_checksum(&file).unwrap(), checksum(&file).unwrap());
        file[0x400] ^= 1;
        assert_ne!(stated_checksum(&file).unwrap(), checksum(&file).unwrap());
    }

    #[test]
    fn service_packs_give_files_of_one_size() {
        let three = stamp(&smallest_amd64(), &xp_stamp(5512)).unwrap();
        let two = stamp(&smallest_amd64(), &xp_stamp(2180)).unwrap();
        assert_eq!(two.len(), three.len());
        assert_ne!(two, three);
    }

    #[test]
    fn refuses_base_without_pe_header() {
        let refused = stamp(&[0; 128], &xp_stamp(5512)).unwrap_err().to_string();
        assert_eq!(refused, "base program at 0x0: no magic \"PE\\0\\0\"");
        assert!(stamp(b"MZ", &xp_stamp(5512)).is_err());
    }
}
