//! The MBR of a stick between two images: no partition, and code that says what to do.

use crate::disk::raw::BOOT_MAGIC;

/// Prints what follows it, waits for a key, and asks the BIOS for the next device.
///
/// ```text
/// 7c00  31 c0        xor ax, ax          7c12  b4 0e        mov ah, 0eh   ; teletype
/// 7c02  8e d8        mov ds, ax          7c14  bb 07 00     mov bx, 7
/// 7c04  8e d0        mov ss, ax          7c17  cd 10        int 10h
/// 7c06  bc 00 7c     mov sp, 7c00h       7c19  eb f2        jmp 7c0d
/// 7c09  fc           cld                 7c1b  31 c0        xor ax, ax
/// 7c0a  be 24 7c     mov si, 7c24h       7c1d  cd 16        int 16h       ; a key
/// 7c0d  ac           lodsb               7c1f  cd 18        int 18h       ; the next device
/// 7c0e  84 c0        test al, al         7c21  f4           hlt
/// 7c10  74 09        jz 7c1b             7c22  eb fd        jmp 7c21
/// ```
const CODE: [u8; 36] = [
    0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0xfc, 0xbe, 0x24, 0x7c, 0xac, 0x84, 0xc0,
    0x74, 0x09, 0xb4, 0x0e, 0xbb, 0x07, 0x00, 0xcd, 0x10, 0xeb, 0xf2, 0x31, 0xc0, 0xcd, 0x16, 0xcd,
    0x18, 0xf4, 0xeb, 0xfd,
];

const WORDS: &str = "\r\nmendkit: this stick must be refreshed before it can be used.\r\n\
Its reports are safe. At the office: mendkit refresh IMAGE DEVICE\r\n\
Take it out and press a key.\r\n\0";

/// Returns the sector.
pub(super) fn marker_sector() -> Vec<u8> {
    let mut sector = CODE.to_vec();
    sector.extend_from_slice(WORDS.as_bytes());
    sector.resize(510, 0);
    sector.extend_from_slice(&BOOT_MAGIC);
    sector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_sector_with_its_words_behind_the_code_and_no_partition() {
        let sector = marker_sector();
        assert_eq!(sector.len(), 512);
        assert!(
            CODE.len() + WORDS.len() < 440,
            "the disk signature begins there"
        );
        // The address that SI gets.
        assert_eq!(usize::from(sector[11]), CODE.len());
        assert!(sector[36..].starts_with(b"\r\nmendkit: this stick must be refreshed"));
        assert!(sector[440..510].iter().all(|byte| *byte == 0));
        assert!(sector.ends_with(&[0x55, 0xaa]));
    }
}
