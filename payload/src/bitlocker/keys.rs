//! From a key that somebody has to the key of the sectors.
//!
//! ```text
//! stretched = 1048576 × SHA-256( last (32)  first (32)  salt (16)  count (u64) )      first = SHA-256(password)
//! unsealed  = AES-256-CCM, nonce of 12 bytes, checksum of 16:
//!             0 size (u16)  2 version  4 kind (u16)  6 …  8 method (u16)  10 …  12 the key
//! ```
//! Whatever is secret lies in memory that is wiped when it goes.
//!
//! Source: libbde, BitLocker Drive Encryption format, 5.

use std::fmt;

use aes::Aes256;
use ccm::Ccm;
use ccm::aead::{AeadInOut as _, KeyInit as _};
use ccm::consts::{U12, U16};
use rescue_stick::recovery_password::RecoveryPassword;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::metadata::Metadata;
use super::protector::{Protector, ProtectorKind, SealedKey};
use super::startup_key::StartupKey;
use super::{BitLockerError, corrupt};

/// How often a password is hashed. Source: libbde, 5.2: 0x100000.
pub const STRETCH_ROUNDS: u64 = 0x10_0000;

/// Rounds between two words on progress.
const ROUNDS_A_STEP: u64 = 0x4000;

/// Bytes before the key in what was unsealed.
const HEAD_LENGTH: usize = 12;

/// A key of 256 bits.
type Key = Zeroizing<[u8; 32]>;

/// The key that the sectors of a volume are encrypted with.
#[derive(Clone, PartialEq, Eq)]
pub struct VolumeKey(Zeroizing<Vec<u8>>);

impl VolumeKey {
    /// Returns its bytes, as the kernel's cipher wants them.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for VolumeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VolumeKey({} secret bytes)", self.0.len())
    }
}

/// A key that somebody has for a volume.
#[derive(Debug)]
pub enum Credential<'a> {
    /// The 48 digits.
    RecoveryPassword(&'a RecoveryPassword),
    /// What was read from a file on a stick.
    StartupKey(&'a StartupKey),
    /// The key that lies on the volume while protection is suspended.
    ClearKey,
}

/// A volume's key, and by which protector it was had.
#[derive(Clone, Debug)]
pub struct Unsealed {
    /// The key.
    pub key: VolumeKey,
    /// The protector.
    pub protector: Protector,
}

/// Returns the key of the volume with this metadata, if `credential` is that of one of its protectors.
/// `progress` learns the share that is done, in tenths of a per cent, and takes the time that a slow PC
/// needs for a password.
pub fn unseal_volume(
    metadata: &Metadata,
    credential: &Credential<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Unsealed, BitLockerError> {
    for protector in &metadata.protectors {
        let Some(sealed) = &protector.sealed else {
            continue;
        };
        let Some(key) = protector_key(protector, credential, progress) else {
            continue;
        };
        // Of several protectors of one kind, only one may be this key's.
        let Some(master) = unseal(sealed, &key)? else {
            continue;
        };
        let master: &[u8; 32] = master.as_slice().try_into().map_err(|_| {
            let finding = format!("{} bytes long", master.len());
            corrupt("master key of BitLocker", finding, "32")
        })?;
        let volume = unseal(&metadata.sealed_volume_key, master)?.ok_or_else(|| {
            let finding = "does not open under its master key";
            corrupt("volume key of BitLocker", finding, "that it does")
        })?;
        return Ok(Unsealed {
            key: sector_key(metadata, &volume)?,
            protector: protector.clone(),
        });
    }
    Err(BitLockerError::WrongKey)
}

fn protector_key(
    protector: &Protector,
    credential: &Credential<'_>,
    progress: &mut dyn FnMut(u64),
) -> Option<Key> {
    match (credential, protector.kind) {
        (Credential::RecoveryPassword(password), ProtectorKind::RECOVERY_PASSWORD) => {
            let salt = protector.salt.as_ref()?;
            Some(stretch(&*password.to_key(), salt, progress))
        }
        // A recovery key in a file is kept under the same kind as a startup key.
        (Credential::StartupKey(file), _) if file.protector == protector.id => {
            Some(file.key.clone())
        }
        (Credential::ClearKey, ProtectorKind::CLEAR_KEY) => protector.clear.clone(),
        _ => None,
    }
}

/// What is hashed in each round.
struct Rounds(Zeroizing<[u8; 88]>);

fn stretch(password: &[u8], salt: &[u8; 16], progress: &mut dyn FnMut(u64)) -> Key {
    let mut rounds = Rounds(Zeroizing::new([0; 88]));
    let mut digest = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(password)));
    rounds.put(32, &*digest);
    rounds.put(64, salt);
    for round in 0..STRETCH_ROUNDS {
        rounds.put(80, &round.to_le_bytes());
        *digest = Sha256::digest(*rounds.0).into();
        rounds.put(0, &*digest);
        let done = round.saturating_add(1);
        if done % ROUNDS_A_STEP == 0 {
            progress(done.saturating_mul(1000) / STRETCH_ROUNDS);
        }
    }
    digest
}

impl Rounds {
    fn put(&mut self, offset: usize, bytes: &[u8]) {
        let places = self.0.iter_mut().skip(offset);
        places.zip(bytes).for_each(|(place, byte)| *place = *byte);
    }
}

/// Opens a sealed key; `None` if the key is another's.
fn unseal(
    sealed: &SealedKey,
    key: &[u8; 32],
) -> Result<Option<Zeroizing<Vec<u8>>>, BitLockerError> {
    const PLACE: &str = "sealed key of BitLocker";
    let cipher = Ccm::<Aes256, U16, U12>::new(key.into());
    let mut content = Zeroizing::new(sealed.content.clone());
    let nonce = &sealed.nonce.into();
    let opened = cipher.decrypt_inout_detached(
        nonce,
        &[],
        content.as_mut_slice().into(),
        &sealed.tag.into(),
    );
    if opened.is_err() {
        return Ok(None);
    }
    let size = content.first_chunk().map(|size| u16::from_le_bytes(*size));
    if size.map(usize::from) != Some(content.len()) {
        let finding = format!("says {size:?} for {} bytes", content.len());
        return Err(corrupt(PLACE, finding, "its own length"));
    }
    let key = content.get(HEAD_LENGTH..).unwrap_or_default();
    Ok(Some(Zeroizing::new(key.to_vec())))
}

/// Returns the part of an unsealed volume key that the cipher takes.
fn sector_key(metadata: &Metadata, unsealed: &[u8]) -> Result<VolumeKey, BitLockerError> {
    let cipher = metadata.cipher()?;
    let key = match cipher {
        // Each of the two keys of 128 bits has room for 256. Observed: bitlk-aes-cbc-elephant-128.
        Cipher::CbcDiffuser128 => {
            let halves = [unsealed.get(..16), unsealed.get(32..48)];
            halves.map(Option::unwrap_or_default).concat()
        }
        _ => unsealed.to_vec(),
    };
    let key = Zeroizing::new(key);
    if key.len() != cipher.key_length() {
        let finding = format!("{} bytes long", unsealed.len());
        return Err(corrupt(
            "volume key of BitLocker",
            finding,
            "as long as its cipher's",
        ));
    }
    Ok(VolumeKey(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitlocker::fixture;

    #[test]
    fn a_clear_key_opens_a_suspended_volume_and_no_other() {
        let volume = fixture::Volume::suspended();
        let metadata = volume.metadata();
        let found = unseal_volume(&metadata, &Credential::ClearKey, &mut |_| {}).unwrap();
        assert_eq!(found.key.bytes(), fixture::VOLUME_KEY);
        assert_eq!(found.protector.kind, ProtectorKind::CLEAR_KEY);
        assert_eq!(format!("{:?}", found.key), "VolumeKey(32 secret bytes)");
        let locked = fixture::Volume::locked().metadata();
        let refusal = unseal_volume(&locked, &Credential::ClearKey, &mut |_| {});
        assert!(matches!(refusal, Err(BitLockerError::WrongKey)));
    }

    #[test]
    fn a_recovery_password_opens_its_volume_and_another_does_not() {
        let metadata = fixture::Volume::locked().metadata();
        let password = RecoveryPassword::parse(fixture::PASSWORD).unwrap();
        let mut shares = Vec::new();
        let credential = Credential::RecoveryPassword(&password);
        let found = unseal_volume(&metadata, &credential, &mut |share| shares.push(share));
        assert_eq!(found.unwrap().key.bytes(), fixture::VOLUME_KEY);
        assert!(shares.is_sorted());
        assert_eq!((shares.len(), shares.last()), (64, Some(&1000)));
        let other = RecoveryPassword::parse(&fixture::PASSWORD.replace("235818", "235829"));
        let other = other.unwrap();
        let refusal = unseal_volume(
            &metadata,
            &Credential::RecoveryPassword(&other),
            &mut |_| {},
        );
        assert!(matches!(refusal, Err(BitLockerError::WrongKey)));
    }

    #[test]
    fn a_startup_key_opens_the_protector_that_it_names() {
        let metadata = fixture::Volume::with_startup_key().metadata();
        let file = StartupKey::parse(&fixture::startup_key_file(fixture::STARTUP_KEY_ID));
        let file = file.unwrap();
        let found = unseal_volume(&metadata, &Credential::StartupKey(&file), &mut |_| {});
        assert_eq!(found.unwrap().key.bytes(), fixture::VOLUME_KEY);
    }

    #[test]
    fn one_changed_bit_anywhere_in_a_sealed_key_is_found() {
        let volume = fixture::Volume::suspended();
        let good = volume.metadata();
        for place in 0..72 {
            let mut bad = good.clone();
            let sealed = bad.protectors[0].sealed.as_mut().unwrap();
            let byte = match place {
                0..12 => &mut sealed.nonce[place],
                12..28 => &mut sealed.tag[place - 12],
                _ => &mut sealed.content[place - 28],
            };
            *byte ^= 0x10;
            let refusal = unseal_volume(&bad, &Credential::ClearKey, &mut |_| {});
            assert!(matches!(refusal, Err(BitLockerError::WrongKey)), "{place}");
        }
    }
}
