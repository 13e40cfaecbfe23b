//! Key protectors: the ways in which a volume's master key is kept, each under a key of its own.
//!
//! ```text
//! 0 id (GUID)  16 changed (FILETIME)  24 ?  26 kind (u16)  28 entries:
//!     stretch key  0 method (u32)  4 salt (16 bytes) …
//!     sealed key   0 nonce (12 bytes)  12 checksum (16 bytes)  28 the key, encrypted
//!     key          0 method (u32)  4 the key in the clear
//! ```
//! Source: libbde, BitLocker Drive Encryption format, 4.4.3 to 4.4.8.

use std::fmt;

use rescue_stick::guid::Guid;
use zerocopy::little_endian::U16;
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};
use zeroize::Zeroizing;

use super::entry::{
    Entry, VALUE_KEY, VALUE_SEALED, VALUE_STRETCH, VALUE_TEXT, parse_entries, text_of,
};
use super::{BitLockerError, corrupt};

/// Head of a protector's data.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RawProtector {
    identifier: [u8; 16],
    modification_time: [u8; 8],
    unknown: U16,
    protection_type: U16,
}
const _: () = assert!(size_of::<RawProtector>() == 28);

/// Kind of a protector, which Windows extends. Source: libbde, 4.4.3; Microsoft,
/// "Win32_EncryptableVolume.GetKeyProtectorType" for the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtectorKind(pub u16);

impl ProtectorKind {
    /// The key lies beside it: protection is suspended.
    pub const CLEAR_KEY: Self = Self(0x0000);
    /// The PC's TPM.
    pub const TPM: Self = Self(0x0100);
    /// A file on a stick.
    pub const STARTUP_KEY: Self = Self(0x0200);
    /// The PC's TPM with a PIN.
    pub const TPM_AND_PIN: Self = Self(0x0500);
    /// The 48 digits.
    pub const RECOVERY_PASSWORD: Self = Self(0x0800);
    /// A certificate, as on a smart card.
    pub const CERTIFICATE: Self = Self(0x1000);
    /// A password that a person chose.
    pub const PASSWORD: Self = Self(0x2000);

    /// Returns what people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CLEAR_KEY => "clear key",
            Self::TPM => "TPM",
            Self::STARTUP_KEY => "startup key",
            Self::TPM_AND_PIN => "TPM and PIN",
            Self::RECOVERY_PASSWORD => "recovery password",
            Self::CERTIFICATE => "certificate",
            Self::PASSWORD => "password",
            _ => "unknown protector",
        }
    }
}

/// A key that is encrypted under another, with a checksum that tells whether that was the right one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    /// Its nonce, never used twice.
    pub(super) nonce: [u8; 12],
    /// Its checksum.
    pub(super) tag: [u8; 16],
    /// The key, encrypted.
    pub(super) content: Vec<u8>,
}

impl SealedKey {
    /// The longest there is: head and two keys of 256 bits. Observed: cryptsetup's test volumes have 76.
    const LONGEST: usize = 256;

    /// Parses the value of an entry.
    pub(super) fn parse(data: &[u8]) -> Result<Self, BitLockerError> {
        let parts = data.split_first_chunk().and_then(|(nonce, rest)| {
            let (tag, content) = rest.split_first_chunk()?;
            Some((*nonce, *tag, content))
        });
        match parts {
            Some((nonce, tag, content)) if (13..=Self::LONGEST).contains(&content.len()) => {
                Ok(Self {
                    nonce,
                    tag,
                    content: content.to_vec(),
                })
            }
            _ => Err(corrupt(
                "sealed key of BitLocker's metadata",
                format!("{} bytes long", data.len()),
                "41 to 284",
            )),
        }
    }
}

/// A way to the master key.
#[derive(Clone, PartialEq, Eq)]
pub struct Protector {
    /// Names it: what Windows' recovery screen shows, and by what offices keep the keys.
    pub id: Guid,
    /// Kind.
    pub kind: ProtectorKind,
    /// What somebody called it, if anybody did.
    pub name: Option<String>,
    /// With it a password becomes a key.
    pub(super) salt: Option<[u8; 16]>,
    /// The master key under this protector's key.
    pub(super) sealed: Option<SealedKey>,
    /// The protector's key itself, where it lies in the clear.
    pub(super) clear: Option<Zeroizing<[u8; 32]>>,
}

impl fmt::Debug for Protector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.id)
    }
}

impl Protector {
    /// Parses the value of an entry. What is not known of it is left out: Windows has added values since.
    pub(super) fn parse(data: &[u8]) -> Result<Self, BitLockerError> {
        let Ok((raw, entries)) = RawProtector::ref_from_prefix(data) else {
            let finding = format!("{} bytes long", data.len());
            return Err(corrupt(
                "key protector of BitLocker",
                finding,
                "at least 28",
            ));
        };
        let mut protector = Self {
            id: Guid(raw.identifier),
            kind: ProtectorKind(raw.protection_type.get()),
            name: None,
            salt: None,
            sealed: None,
            clear: None,
        };
        for entry in parse_entries(entries)? {
            protector.take(&entry)?;
        }
        Ok(protector)
    }

    fn take(&mut self, entry: &Entry<'_>) -> Result<(), BitLockerError> {
        match entry.value {
            VALUE_STRETCH => {
                // Windows puts further keys behind the salt; nothing here needs them.
                let salt = entry.data.get(4..20).and_then(|salt| salt.try_into().ok());
                let short = || {
                    let finding = format!("{} bytes long", entry.data.len());
                    corrupt("stretch key of BitLocker", finding, "at least 20")
                };
                self.salt = Some(salt.ok_or_else(short)?);
            }
            VALUE_SEALED if self.sealed.is_none() => {
                self.sealed = Some(SealedKey::parse(entry.data)?);
            }
            VALUE_KEY if self.kind == ProtectorKind::CLEAR_KEY => {
                let key = entry.data.get(4..).and_then(|key| key.try_into().ok());
                let odd = || {
                    let finding = format!("{} bytes long", entry.data.len());
                    corrupt("clear key of BitLocker", finding, "36")
                };
                self.clear = Some(Zeroizing::new(key.ok_or_else(odd)?));
            }
            VALUE_TEXT if self.name.is_none() => {
                self.name = Some(text_of(entry.data)).filter(|name| !name.is_empty());
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitlocker::fixture;

    #[test]
    fn reads_id_kind_salt_and_sealed_key() {
        let id = Guid([7; 16]);
        let data = fixture::protector(
            id,
            ProtectorKind::RECOVERY_PASSWORD,
            &[
                fixture::entry(
                    0,
                    VALUE_STRETCH,
                    &[&[0; 4][..], &[9; 16], &[1; 80]].concat(),
                ),
                fixture::entry(0, VALUE_SEALED, &[5; 72]),
                fixture::entry(0, VALUE_TEXT, b"H\0Q\0\0\0"),
                fixture::entry(0, 0x0015, &[3; 20]),
            ],
        );
        let protector = Protector::parse(&data).unwrap();
        assert_eq!(
            (protector.id, protector.kind),
            (id, ProtectorKind::RECOVERY_PASSWORD)
        );
        assert_eq!(protector.salt, Some([9; 16]));
        assert_eq!(protector.sealed.unwrap().content, [5; 44]);
        assert_eq!(protector.name.as_deref(), Some("HQ"));
        assert_eq!(protector.clear, None);
    }

    #[test]
    fn a_key_in_the_clear_is_read_of_its_own_kind_alone_and_never_shown() {
        let entries = [fixture::entry(
            0,
            VALUE_KEY,
            &[[0; 4].as_slice(), &[0xC1; 32]].concat(),
        )];
        let id = Guid([1; 16]);
        let clear = fixture::protector(id, ProtectorKind::CLEAR_KEY, &entries);
        let clear = Protector::parse(&clear).unwrap();
        assert_eq!(clear.clear.as_deref(), Some(&[0xC1; 32]));
        let shown = format!("{clear:?}");
        assert_eq!(shown, "clear key 01010101-0101-0101-0101-010101010101");
        let other = fixture::protector(id, ProtectorKind::TPM, &entries);
        assert_eq!(Protector::parse(&other).unwrap().clear, None);
    }

    #[test]
    fn refuses_what_is_too_short() {
        for (value, data, finding) in [
            (
                VALUE_STRETCH,
                &[0; 19][..],
                "stretch key of BitLocker: 19 bytes long",
            ),
            (
                VALUE_SEALED,
                &[0; 40],
                "sealed key of BitLocker's metadata: 40 bytes long",
            ),
            (VALUE_KEY, &[0; 35], "clear key of BitLocker: 35 bytes long"),
        ] {
            let entries = [fixture::entry(0, value, data)];
            let data = fixture::protector(Guid([0; 16]), ProtectorKind::CLEAR_KEY, &entries);
            let refusal = Protector::parse(&data).unwrap_err().to_string();
            assert!(refusal.starts_with(finding), "{refusal}");
        }
        assert!(Protector::parse(&[0; 27]).is_err());
    }
}
