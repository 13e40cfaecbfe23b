//! The part of a program file that a signature covers.
//!
//! ```text
//! "MZ" … optional header │ checksum │ … directories │ entry 4 │ … sections, what follows │ certificates │
//!        covered           left out   covered         left out   covered                    left out
//! ```
//!
//! Everything else is covered in the order of the file. The specification goes by the section table
//! instead, which gives the same for every file that a linker writes, and would leave out gaps between
//! sections. So a file must have its certificates at its very end; where they lie elsewhere there is no
//! telling what was meant, and it is treated as no program at all.
//!
//! Source: Microsoft, "Windows Authenticode Portable Executable Signature Format", "Calculating the PE
//! image hash".

use super::{Headers, number, u32_at};

/// Number of the data directory of certificates, whose entry holds an offset in the file, not an address.
/// Source: PE format, "The attribute certificate table".
const CERTIFICATE_DIRECTORY: usize = 4;

/// What a signature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageContent {
    /// All covered bytes.
    pub(crate) content: Vec<u8>,
    /// Zeros that follow them if the image is brought to a multiple of eight bytes.
    pub(crate) padding: usize,
}

/// Returns what a signature of this program covers; `None` if it is no program.
pub(crate) fn image_content(file: &[u8]) -> Option<ImageContent> {
    let headers = Headers::find(file).ok()?;
    let checksum = headers.checksum_at;
    let after_checksum = checksum.checked_add(4)?;
    let entry = headers
        .directories
        .checked_add(CERTIFICATE_DIRECTORY.checked_mul(8)?)?;
    let after_entry = entry.checked_add(8)?;
    let count = number(file, headers.directories.checked_sub(4)?)?;
    if count <= CERTIFICATE_DIRECTORY {
        let parts = [file.get(..checksum)?, file.get(after_checksum..)?];
        return Some(ImageContent::of(&parts, file.len()));
    }
    let end = match (u32_at(file, entry)?, number(file, entry.checked_add(4)?)?) {
        (0, 0) => file.len(),
        (start, size) => {
            let start = usize::try_from(start).ok()?;
            let is_at_end = start.checked_add(size) == Some(file.len());
            (is_at_end && start >= after_entry).then_some(start)?
        }
    };
    let parts = [
        file.get(..checksum)?,
        file.get(after_checksum..entry)?,
        file.get(after_entry..end)?,
    ];
    Some(ImageContent::of(&parts, end))
}

impl ImageContent {
    fn of(parts: &[&[u8]], length: usize) -> Self {
        Self {
            content: parts.concat(),
            padding: length.next_multiple_of(8).saturating_sub(length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::fixture::{PeRecipe, SVCHOST_SP3};
    use crate::windows::pe::PeMachine;

    fn wide() -> PeRecipe {
        PeRecipe {
            machine: PeMachine::AMD64,
            ..SVCHOST_SP3
        }
    }

    /// Appends certificates, as a signing tool does.
    fn signed(mut file: Vec<u8>, certificates: &[u8]) -> Vec<u8> {
        let headers = Headers::find(&file).unwrap();
        let start = u32::try_from(file.len()).unwrap();
        let size = u32::try_from(certificates.len()).unwrap();
        let entry = headers.directories + 32;
        file[entry..entry + 4].copy_from_slice(&start.to_le_bytes());
        file[entry + 4..entry + 8].copy_from_slice(&size.to_le_bytes());
        let checksum = headers.checksum_at;
        file[checksum..checksum + 4].copy_from_slice(&[0xAB; 4]);
        file.extend_from_slice(certificates);
        file
    }

    #[test]
    fn a_signature_of_its_own_does_not_change_what_is_covered() {
        for recipe in [SVCHOST_SP3, wide()] {
            let file = recipe.build();
            let plain = image_content(&file).unwrap();
            assert_eq!(plain.content.len(), file.len() - 12);
            assert_eq!(plain.padding, 0);
            assert_eq!(image_content(&signed(file, &[7; 64])), Some(plain));
        }
    }

    #[test]
    fn every_other_byte_is_covered() {
        let file = SVCHOST_SP3.build();
        let headers = Headers::find(&file).unwrap();
        let plain = image_content(&file).unwrap();
        let (checksum, entry) = (headers.checksum_at, headers.directories + 32);
        let left_out = (checksum..checksum + 4).chain(entry..entry + 8);
        let left_out: Vec<usize> = left_out.collect();
        for place in 0..file.len() {
            let mut changed = file.clone();
            changed[place] ^= 0x55;
            let is_same = image_content(&changed) == Some(plain.clone());
            // A changed entry names certificates where none are, and is refused.
            let may_be_same = left_out.contains(&place) && place < entry;
            assert_eq!(is_same, may_be_same, "byte {place:#x}");
        }
    }

    #[test]
    fn certificates_elsewhere_than_at_the_end_are_refused() {
        let mut file = signed(SVCHOST_SP3.build(), &[7; 64]);
        file.push(0);
        assert_eq!(image_content(&file), None);
        assert_eq!(image_content(b"MZ"), None);
        assert_eq!(image_content(b"hello"), None);
    }

    #[test]
    fn an_odd_length_is_brought_to_a_multiple_of_eight() {
        let mut file = SVCHOST_SP3.build();
        file.extend_from_slice(&[1, 2, 3]);
        assert_eq!(image_content(&file).unwrap().padding, 5);
    }

    #[test]
    fn damaged_files_never_panic() {
        let good = signed(SVCHOST_SP3.build(), &[7; 16]);
        for place in 0..0x200 {
            for value in [0, 0x7F, 0xFF] {
                let mut bytes = good.clone();
                bytes[place] = value;
                let _ = image_content(&bytes);
            }
            let _ = image_content(&good[..place]);
        }
    }
}
