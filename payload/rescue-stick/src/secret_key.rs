//! Making signatures in minisign's format, so that anyone can check them with `minisign -V`.
//!
//! The release key signs the manifest with it at the office, a stick's own key its reports on the PC.
//! Plain Ed25519 without chance: the same key, text and comment give the same bytes.

use std::fmt;

use blake2::{Blake2b512, Digest as _};
use ct_codecs::{Base64, Encoder as _};
use sha2::Sha256;

use crate::signature::{PublicKey, SignatureError};

/// Marks a key. Source: minisign, "Public key format".
const KEY: &[u8; 2] = b"Ed";

/// Marks a signature over the BLAKE2b-512 of the message. Source: minisign, "Signature format".
const PREHASHED: &[u8; 2] = b"ED";

/// A secret key, unlocked. It is shown as its public key.
#[derive(Clone)]
pub struct SecretKey {
    /// Eight bytes that name the key pair.
    key_id: [u8; 8],
    secret: ed25519_compact::SecretKey,
    public: PublicKey,
}

impl SecretKey {
    /// Returns the key that minisign's file of it holds: its id, then seed and public key.
    pub fn from_parts(key_id: [u8; 8], secret: [u8; 64]) -> Result<Self, SignatureError> {
        let secret = ed25519_compact::SecretKey::new(secret);
        let public = public_key(key_id, &secret)?;
        Ok(Self {
            key_id,
            secret,
            public,
        })
    }

    /// Returns the key that follows from 32 random bytes. Its id is the beginning of the SHA-256 of the
    /// public key.
    pub fn from_seed(seed: [u8; 32]) -> Result<Self, SignatureError> {
        let pair = ed25519_compact::KeyPair::from_seed(ed25519_compact::Seed::new(seed));
        let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = Sha256::digest(pair.pk.as_slice()).into();
        Self::from_parts([a, b, c, d, e, f, g, h], *pair.sk)
    }

    /// Returns the random bytes it follows from.
    pub fn seed(&self) -> [u8; 32] {
        *self.secret.seed()
    }

    /// Returns the public key that belongs to it.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Returns the content of the `.minisig` file over `message`. `trusted_comment` is signed too; of
    /// several lines only the first counts.
    pub fn sign(&self, message: &[u8], trusted_comment: &str) -> String {
        let trusted_comment = trusted_comment.lines().next().unwrap_or_default();
        let signature = self.secret.sign(Blake2b512::digest(message), None);
        let mut with_comment = signature.to_vec();
        with_comment.extend_from_slice(trusted_comment.as_bytes());
        let global = self.secret.sign(&with_comment, None);
        let line = [PREHASHED.as_slice(), &self.key_id, signature.as_slice()].concat();
        format!(
            "untrusted comment: signature by mendkit\n{}\ntrusted comment: {trusted_comment}\n{}\n",
            base64(&line),
            base64(global.as_slice()),
        )
    }
}

impl SecretKey {
    /// Returns the bare Ed25519 signature of `message`, without minisign's form around it.
    pub(crate) fn sign_raw(&self, message: &[u8]) -> [u8; 64] {
        *self.secret.sign(message, None)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public.base64())
    }
}

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        self.public == other.public
    }
}

impl Eq for SecretKey {}

fn public_key(
    key_id: [u8; 8],
    secret: &ed25519_compact::SecretKey,
) -> Result<PublicKey, SignatureError> {
    let public = secret.public_key();
    PublicKey::parse(&base64(
        &[KEY.as_slice(), &key_id, public.as_slice()].concat(),
    ))
}

fn base64(bytes: &[u8]) -> String {
    // OK to default: only a text longer than memory cannot be encoded.
    Base64::encode_to_string(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_the_same_bytes_every_time_and_only_that_text_under_that_key() {
        let key = SecretKey::from_seed([7; 32]).unwrap();
        let signature = key.sign(b"report", "a comment");
        assert_eq!(signature, key.sign(b"report", "a comment"));
        assert_eq!(key.public().check(b"report", &signature), Ok(()));
        assert!(key.public().check(b"Report", &signature).is_err());
        let other_comment = signature.replace("a comment", "b comment");
        assert!(key.public().check(b"report", &other_comment).is_err());
        let other = SecretKey::from_seed([8; 32]).unwrap();
        assert!(other.public().check(b"report", &signature).is_err());
    }

    #[test]
    fn the_seed_is_all_there_is_to_keep() {
        let key = SecretKey::from_seed([7; 32]).unwrap();
        assert_eq!(SecretKey::from_seed(key.seed()).unwrap(), key);
    }

    #[test]
    fn a_comment_of_two_lines_does_not_make_a_second_signature_line() {
        let key = SecretKey::from_seed([7; 32]).unwrap();
        let signature = key.sign(b"report", "one\ntwo");
        assert_eq!(signature.lines().count(), 4);
        assert_eq!(key.public().check(b"report", &signature), Ok(()));
    }

    #[test]
    fn the_secret_is_not_shown() {
        let key = SecretKey::from_seed([0xAB; 32]).unwrap();
        let shown = format!("{key:?}");
        assert!(!shown.to_lowercase().contains("abab"), "{shown}");
        assert!(!shown.contains("171"), "{shown}");
    }
}
