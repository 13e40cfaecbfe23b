//! Startup keys and recovery keys in files (`.BEK`), as Windows puts them on a stick.
//!
//! ```text
//!  0 size (u32)  4 version (u32)  8 size of this head (48)  12 size  16 protector (GUID)  32 …  40 made
//! 48 entry (startup key, external key):  0 protector (GUID)  16 made  24 entries, one of them the key
//! ```
//! Source: libbde, BitLocker Drive Encryption format, 6; two files of cryptsetup's test volumes.

use std::fmt;

use rescue_stick::guid::Guid;
use zerocopy::FromBytes as _;
use zeroize::Zeroizing;

use super::entry::{STARTUP_KEY, VALUE_EXTERNAL_KEY, VALUE_KEY, parse_entries};
use super::metadata::RawHeader;
use super::{BitLockerError, corrupt};

/// No such file is longer. Observed: 156 and 180 bytes.
pub const LONGEST_FILE: usize = 4096;

/// Bytes of an external key before its entries.
const EXTERNAL_KEY_HEAD: usize = 24;

/// The key of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct StartupKey {
    /// The protector that it is the key of.
    pub protector: Guid,
    /// The key.
    pub(super) key: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for StartupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StartupKey({}, secret)", self.protector)
    }
}

impl StartupKey {
    /// Parses the content of a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, BitLockerError> {
        const PLACE: &str = "startup key file";
        let (raw, entries) = RawHeader::ref_from_prefix(bytes)
            .map_err(|_| corrupt(PLACE, format!("{} bytes long", bytes.len()), "at least 48"))?;
        let size = raw.metadata_size.get();
        if usize::try_from(size).ok() != Some(bytes.len()) {
            let finding = format!("says {size} of {} bytes", bytes.len());
            return Err(corrupt(PLACE, finding, "its own length"));
        }
        if raw.version.get() != 1 || raw.header_size.get() != 48 {
            let finding = format!("version {}, head of {} bytes", raw.version, raw.header_size);
            return Err(corrupt(PLACE, finding, "version 1 and 48 bytes"));
        }
        let entries = parse_entries(entries)?;
        let external = entries
            .iter()
            .find(|entry| (entry.kind, entry.value) == (STARTUP_KEY, VALUE_EXTERNAL_KEY));
        let inner = external.and_then(|entry| entry.data.get(EXTERNAL_KEY_HEAD..));
        let inner = inner.ok_or_else(|| corrupt(PLACE, "no external key", "one"))?;
        let inner = parse_entries(inner)?;
        let key = inner.iter().find(|entry| entry.value == VALUE_KEY);
        let key = key.and_then(|entry| entry.data.get(4..)?.try_into().ok());
        Ok(Self {
            protector: Guid(raw.guid),
            key: Zeroizing::new(key.ok_or_else(|| corrupt(PLACE, "no key", "one of 256 bits"))?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitlocker::fixture::{STARTUP_KEY_ID, startup_key_file};

    #[test]
    fn reads_the_key_and_whose_it_is() {
        let file = startup_key_file(STARTUP_KEY_ID);
        let key = StartupKey::parse(&file).unwrap();
        assert_eq!(key.protector, STARTUP_KEY_ID);
        assert_eq!(*key.key, [0x5E; 32]);
        assert!(format!("{key:?}").ends_with(", secret)"));
    }

    #[test]
    fn refuses_other_files_and_never_panics() {
        let good = startup_key_file(STARTUP_KEY_ID);
        for length in 0..good.len() {
            assert!(StartupKey::parse(&good[..length]).is_err());
        }
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 0xFF;
            let _ = StartupKey::parse(&bad);
        }
        let mut other = good.clone();
        other[4] = 2;
        let refusal = StartupKey::parse(&other).unwrap_err().to_string();
        assert!(refusal.contains("version 2, head of 48 bytes"), "{refusal}");
        assert!(StartupKey::parse(&[b'x'; 156]).is_err());
    }
}
