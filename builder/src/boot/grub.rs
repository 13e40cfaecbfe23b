//! GRUB for BIOS: the code in the first sector, and the core image that it loads.
//!
//! ```text
//! LBA 0            boot.img, 440 bytes         +0x5c: u64 where the core image begins
//! LBA n            diskboot.img, one sector    +0x1f4: u64 where its rest begins, u16 sectors, u16 segment
//! LBA n+1 ..       lzma_decompress.img         +0x8: u32 compressed size, +0xc: u32 size
//!                  raw LZMA1: kernel, then {"mimg", u32 offset, u32 end}, then modules and prefix,
//!                  each {u32 type, u32 size with this header} and data
//! ```
//!
//! Source: GRUB 2.06, util/mkimage.c, include/grub/kernel.h and include/grub/i386/pc/boot.h. Made natively
//! so that no program of GRUB's has to run here; its parts are Debian's, unchanged but for the fields above.

use std::io::{self, Read};
use std::path::Path;

use liblzma::read::XzEncoder;
use liblzma::stream::{Filters, LzmaOptions, MatchFinder, Mode, Stream};

use self::payload::{modules, payload};
use crate::disk::layout::Layout;
use crate::parts::deb::{DebError, read_chosen, take_file};
use crate::parts::{GRUB_BIOS, Parts, PartsError};

pub(super) mod payload;

/// Where GRUB finds its menu on a stick with a GPT: the second partition of the disk it was started from.
pub const GPT_PREFIX: &str = "(,gpt2)/boot/grub";

/// Where GRUB finds its menu on a stick with an MBR only.
pub const MBR_PREFIX: &str = "(,msdos1)/boot/grub";

/// Returns where GRUB finds its menu on a stick of this layout.
pub fn prefix_of(layout: Layout) -> &'static str {
    match layout {
        Layout::Hybrid | Layout::Gpt => GPT_PREFIX,
        Layout::Mbr => MBR_PREFIX,
    }
}

/// Where GRUB's parts lie in the package.
const FOLDER: &str = "usr/lib/grub/i386-pc";

const SECTOR: usize = 512;

/// Length of the boot code in LBA 0; partition data follows. Source: UEFI 2.10, 5.2.1.
pub(crate) const BOOT_CODE_SIZE: usize = 440;

/// In boot.img: u64, the core image's LBA. Source: `GRUB_BOOT_MACHINE_KERNEL_SECTOR`.
const CORE_LBA_OFFSET: usize = 0x5c;

/// In boot.img: a jump over the check of the drive number, which two `nop` enable for disks.
/// Source: `GRUB_BOOT_MACHINE_DRIVE_CHECK`.
const DRIVE_CHECK_OFFSET: usize = 0x66;

/// In diskboot.img: u64, the LBA of the rest. Source: `GRUB_BOOT_MACHINE_LIST_SIZE`, counted from the end.
const BLOCK_LIST_OFFSET: usize = 0x1f4;

/// In diskboot.img: u16, how many sectors the rest has.
const BLOCK_LIST_LENGTH_OFFSET: usize = 0x1fc;

/// In lzma_decompress.img. Source: `GRUB_DECOMPRESSOR_I386_PC_COMPRESSED_SIZE`.
const COMPRESSED_SIZE_OFFSET: usize = 0x8;

/// In lzma_decompress.img. Source: `GRUB_DECOMPRESSOR_I386_PC_UNCOMPRESSED_SIZE`.
const UNCOMPRESSED_SIZE_OFFSET: usize = 0xc;

/// A larger core image would be loaded over the BIOS's own memory. Source: util/mkimage.c, i386-pc.
const CORE_SIZE_LIMIT: usize = 0x78000;

/// A copy of the first sector's boot code as a file on the stick, so that the signature vouches for it too.
pub const BOOT_SECTOR_COPY: &str = "boot/grub/boot.img";

/// A copy of the core image as it lies before the volume, for the same reason.
pub const CORE_IMAGE_COPY: &str = "boot/grub/core.img";

/// The code that makes a disk start from BIOS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootCode {
    /// The first 440 bytes of LBA 0.
    pub mbr: [u8; BOOT_CODE_SIZE],
    /// What lies at the LBA it was made for; whole sectors of 512 bytes.
    pub core: Vec<u8>,
}

/// Why the boot code cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrubError {
    /// The lock names no GRUB.
    #[error(transparent)]
    Parts(#[from] PartsError),
    /// The package cannot be read.
    #[error(transparent)]
    Deb(#[from] DebError),
    /// A file of GRUB's is not what it is known to be.
    #[error("{file}: {finding}, expected {expected}")]
    Corrupt {
        /// The file.
        file: String,
        /// What it is.
        finding: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A module is not in the package.
    #[error("GRUB has no module {name}, which {by} needs")]
    Module {
        /// The module.
        name: String,
        /// Who needs it.
        by: String,
    },
    /// The core image does not fit where the BIOS loads it.
    #[error("GRUB's core image has {found} bytes, expected at most {CORE_SIZE_LIMIT}")]
    TooLarge {
        /// Its size.
        found: usize,
    },
    /// The prefix would end early.
    #[error("GRUB's prefix {prefix:?} holds a zero byte")]
    Prefix {
        /// The prefix.
        prefix: String,
    },
    /// Compression stopped.
    #[error("compressing GRUB's core image")]
    Compression(#[from] io::Error),
}

/// Returns the boot code for a core image at `core_lba` and a menu in the folder `prefix`.
pub fn boot_code(parts: &Parts, core_lba: u64, prefix: &str) -> Result<BootCode, GrubError> {
    let package = parts.find(&GRUB_BIOS)?;
    let mut made = make_images(package.checked_path()?, prefix)?;
    place(&mut made, core_lba)?;
    Ok(made)
}

/// Returns the boot code as it is before it is told where it lies.
pub(super) fn make_images(deb: &Path, prefix: &str) -> Result<BootCode, GrubError> {
    if prefix.contains('\0') {
        return Err(GrubError::Prefix {
            prefix: prefix.to_owned(),
        });
    }
    let mut files = read_chosen(deb, |path| path.starts_with(FOLDER))?;
    let mut take = |name: &str| take_file(&mut files, deb, &format!("{FOLDER}/{name}"));
    let boot = take("boot.img")?;
    let diskboot = take("diskboot.img")?;
    let kernel = take("kernel.img")?;
    let decompressor = take("lzma_decompress.img")?;
    let dependencies = take("moddep.lst")?;
    let payload = payload(&kernel, &modules(&dependencies, &files)?, prefix)?;
    Ok(BootCode {
        mbr: boot_sector(&boot)?,
        core: core_image(diskboot, decompressor, &payload)?,
    })
}

/// Writes into the boot code where its core image lies.
pub(super) fn place(code: &mut BootCode, core_lba: u64) -> Result<(), GrubError> {
    patch(
        "boot.img",
        &mut code.mbr,
        CORE_LBA_OFFSET,
        &core_lba.to_le_bytes(),
    )?;
    let rest = core_lba.checked_add(1).ok_or_else(|| {
        corrupt(
            "diskboot.img",
            "is at the last LBA there can be".to_owned(),
            "room",
        )
    })?;
    patch(
        "diskboot.img",
        &mut code.core,
        BLOCK_LIST_OFFSET,
        &rest.to_le_bytes(),
    )
}

fn boot_sector(boot: &[u8]) -> Result<[u8; BOOT_CODE_SIZE], GrubError> {
    let mut code: [u8; BOOT_CODE_SIZE] = boot
        .get(..BOOT_CODE_SIZE)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| corrupt("boot.img", format!("has {} bytes", boot.len()), "512 bytes"))?;
    let check = code.get(DRIVE_CHECK_OFFSET..DRIVE_CHECK_OFFSET + 2);
    if check != Some(&[0xeb, 0x05]) {
        let finding = format!("has {check:02x?} at 0x66");
        return Err(corrupt("boot.img", finding, "[eb, 05]"));
    }
    // Some BIOSes hand over a wrong drive number; with the check enabled it is then taken for 0x80.
    patch("boot.img", &mut code, DRIVE_CHECK_OFFSET, &[0x90, 0x90])?;
    Ok(code)
}

fn core_image(
    mut diskboot: Vec<u8>,
    mut decompressor: Vec<u8>,
    payload: &[u8],
) -> Result<Vec<u8>, GrubError> {
    if diskboot.len() != SECTOR {
        let finding = format!("has {} bytes", diskboot.len());
        return Err(corrupt("diskboot.img", finding, "512 bytes"));
    }
    let compressed = compress(payload)?;
    let name = "lzma_decompress.img";
    let sizes = [
        (COMPRESSED_SIZE_OFFSET, word(name, compressed.len())?),
        (UNCOMPRESSED_SIZE_OFFSET, word(name, payload.len())?),
    ];
    for (offset, size) in sizes {
        patch(name, &mut decompressor, offset, &size)?;
    }
    let mut rest = decompressor;
    rest.extend(compressed);
    pad(&mut rest, SECTOR);
    let size = rest.len().saturating_add(SECTOR);
    if size > CORE_SIZE_LIMIT {
        return Err(GrubError::TooLarge { found: size });
    }
    let sectors =
        u16::try_from(rest.len() / SECTOR).map_err(|_| GrubError::TooLarge { found: size })?;
    patch(
        "diskboot.img",
        &mut diskboot,
        BLOCK_LIST_LENGTH_OFFSET,
        &sectors.to_le_bytes(),
    )?;
    Ok([diskboot, rest].concat())
}

/// Raw LZMA1 with the properties that the decompressor has built in. Source: GRUB 2.06, util/mkimage.c,
/// `compress_kernel_lzma`: lc 3, lp 0, pb 2, dictionary 64 KiB.
fn compress(payload: &[u8]) -> Result<Vec<u8>, GrubError> {
    let mut options = LzmaOptions::new_preset(6).map_err(io::Error::from)?;
    options
        .dict_size(64 * 1024)
        .literal_context_bits(3)
        .literal_position_bits(0)
        .position_bits(2)
        .mode(Mode::Normal)
        .nice_len(273)
        .match_finder(MatchFinder::BinaryTree4);
    let mut filters = Filters::new();
    filters.lzma1(&options);
    let stream = Stream::new_raw_encoder(&filters).map_err(io::Error::from)?;
    let mut compressed = Vec::new();
    XzEncoder::new_stream(payload, stream).read_to_end(&mut compressed)?;
    Ok(compressed)
}

fn patch(file: &str, bytes: &mut [u8], offset: usize, value: &[u8]) -> Result<(), GrubError> {
    let size = bytes.len();
    let field = offset
        .checked_add(value.len())
        .and_then(|end| bytes.get_mut(offset..end))
        .ok_or_else(|| {
            let finding = format!("has {size} bytes, none at {offset:#x}");
            corrupt(file, finding, "GRUB 2.06's")
        })?;
    field.copy_from_slice(value);
    Ok(())
}

fn word(file: &str, value: usize) -> Result<[u8; 4], GrubError> {
    u32::try_from(value)
        .map(u32::to_le_bytes)
        .map_err(|_| corrupt(file, format!("has {value} bytes"), "less than 4 GiB"))
}

fn pad(bytes: &mut Vec<u8>, multiple: usize) {
    bytes.resize(bytes.len().next_multiple_of(multiple), 0);
}

fn corrupt(file: &str, finding: String, expected: &'static str) -> GrubError {
    GrubError::Corrupt {
        file: file.to_owned(),
        finding,
        expected,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::payload::MODULES;
    use super::*;
    use crate::parts::deb::{Packed, fixture};
    use liblzma::read::XzDecoder;

    /// Returns kernel.img in small: an ELF file whose one segment is `content`.
    fn kernel(content: &[u8]) -> Vec<u8> {
        let word = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let mut bytes = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        bytes.extend([2, 0, 3, 0, 1, 0, 0, 0, 0, 0x90, 0, 0]);
        bytes.extend(word(52));
        bytes.extend([0; 8]);
        bytes.extend([52, 0, 32, 0, 1, 0, 40, 0, 0, 0, 0, 0]);
        for field in [1, 84, 0x9000, 0x9000, content.len(), content.len(), 7, 1] {
            bytes.extend(word(field));
        }
        bytes.extend(content);
        bytes
    }

    fn boot_img() -> Vec<u8> {
        let mut boot = vec![0x11; 512];
        boot[DRIVE_CHECK_OFFSET..DRIVE_CHECK_OFFSET + 2].copy_from_slice(&[0xeb, 0x05]);
        boot
    }

    fn package(change: impl Fn(&mut BTreeMap<String, Vec<u8>>)) -> tempfile::NamedTempFile {
        let mut files: BTreeMap<String, Vec<u8>> = [
            ("boot.img", boot_img()),
            ("diskboot.img", vec![0x22; 512]),
            ("kernel.img", kernel(b"KERNEL")),
            ("lzma_decompress.img", vec![0x33; 2848]),
        ]
        .map(|(name, content)| (name.to_owned(), content))
        .into();
        let mut dependencies = "normal: terminal boot\nboot:\n".to_owned();
        for (name, _) in MODULES {
            files.insert(format!("{name}.mod"), format!("<{name}>").into_bytes());
            if *name != "normal" {
                dependencies.push_str(&format!("{name}:\n"));
            }
        }
        files.insert("boot.mod".to_owned(), b"<boot>".to_vec());
        files.insert("moddep.lst".to_owned(), dependencies.into_bytes());
        change(&mut files);
        let files: Vec<(String, Packed)> = files
            .into_iter()
            .map(|(name, content)| (format!("{FOLDER}/{name}"), Packed::File(content)))
            .collect();
        let files: Vec<(&str, Packed)> = files
            .iter()
            .map(|(path, packed)| (path.as_str(), packed.clone()))
            .collect();
        let deb = tempfile::NamedTempFile::new().unwrap();
        fixture::write(deb.path(), "data.tar", &fixture::tar(&files));
        deb
    }

    fn unpack(core: &[u8]) -> Vec<u8> {
        let field = |offset: usize| {
            let bytes = core[512 + offset..512 + offset + 4].try_into().unwrap();
            usize::try_from(u32::from_le_bytes(bytes)).unwrap()
        };
        let start = 512 + 2848;
        let compressed = &core[start..start + field(COMPRESSED_SIZE_OFFSET)];
        let mut options = LzmaOptions::new_preset(6).unwrap();
        options.dict_size(64 * 1024);
        let mut filters = Filters::new();
        filters.lzma1(&options);
        let stream = Stream::new_raw_decoder(&filters).unwrap();
        let mut payload = vec![0; field(UNCOMPRESSED_SIZE_OFFSET)];
        XzDecoder::new_stream(compressed, stream)
            .read_exact(&mut payload)
            .unwrap();
        payload
    }

    #[test]
    fn core_image_holds_kernel_modules_and_prefix() {
        let deb = package(|_| {});
        let code = make_images(deb.path(), GPT_PREFIX).unwrap();
        assert_eq!(code.core.len() % SECTOR, 0);
        let rest = u16::try_from(code.core.len() / SECTOR - 1).unwrap();
        assert_eq!(code.core[0x1fc..0x1fe], rest.to_le_bytes());
        let payload = unpack(&code.core);
        assert_eq!(&payload[..12], b"KERNEL\0\0mimg");
        let end = u32::from_le_bytes(payload[16..20].try_into().unwrap());
        assert_eq!(usize::try_from(end).unwrap() + 8, payload.len());
        let text = String::from_utf8_lossy(&payload);
        let place = |part: &str| text.find(part).unwrap();
        assert!(place("<terminal>") < place("<normal>"));
        assert!(place("<boot>") < place("<normal>"));
        assert!(place("<reboot>") < place(GPT_PREFIX));
        assert!(text.ends_with("(,gpt2)/boot/grub\0\0\0"));
    }

    #[test]
    fn is_told_where_it_lies() {
        let deb = package(|_| {});
        let mut code = make_images(deb.path(), GPT_PREFIX).unwrap();
        place(&mut code, 0x1_0000_0022).unwrap();
        assert_eq!(code.mbr[0x5c..0x64], 0x1_0000_0022_u64.to_le_bytes());
        assert_eq!(code.mbr[0x66..0x68], [0x90, 0x90]);
        assert_eq!(code.core[0x1f4..0x1fc], 0x1_0000_0023_u64.to_le_bytes());
        assert!(place(&mut code, u64::MAX).is_err());
    }

    #[test]
    fn refuses_parts_it_does_not_know() {
        type Change = fn(&mut BTreeMap<String, Vec<u8>>);
        let cases: &[(Change, &str)] = &[
            (
                |files| files.get_mut("boot.img").unwrap()[0x66] = 0,
                "boot.img: has Some([00, 05]) at 0x66, expected [eb, 05]",
            ),
            (
                |files| files.get_mut("diskboot.img").unwrap().push(0),
                "diskboot.img: has 513 bytes, expected 512 bytes",
            ),
            (
                |files| files.get_mut("lzma_decompress.img").unwrap().truncate(9),
                "lzma_decompress.img: has 9 bytes, none at 0x8, expected GRUB 2.06's",
            ),
            (
                |files| files.get_mut("kernel.img").unwrap()[52] = 0,
                "kernel.img: has 0 loaded segments, expected a 32-bit ELF file with one loaded segment",
            ),
            (
                |files| drop(files.remove("fat.mod")),
                "GRUB has no module fat, which moddep.lst needs",
            ),
            (
                |files| files.get_mut("moddep.lst").unwrap().truncate(14),
                "GRUB has no module biosdisk, which the menu needs",
            ),
        ];
        for (change, expected) in cases {
            let deb = package(change);
            let refusal = make_images(deb.path(), GPT_PREFIX).unwrap_err();
            assert_eq!(refusal.to_string(), *expected);
        }
    }

    #[test]
    fn refuses_a_core_image_that_does_not_fit() {
        let deb = package(|files| {
            // Noise, so that compression does not make it fit.
            let mut state = 1_u32;
            let noise = std::iter::repeat_with(|| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_be_bytes()[0]
            });
            files.insert("fat.mod".to_owned(), noise.take(600_000).collect());
        });
        assert!(matches!(
            make_images(deb.path(), GPT_PREFIX),
            Err(GrubError::TooLarge { .. })
        ));
    }
}
