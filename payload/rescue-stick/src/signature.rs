//! Checking a signature: the release key's over the manifest, a stick's over its reports. Making one is
//! [`crate::secret_key`]'s.
//!
//! Keys and signatures are minisign's files, so that anyone can check a stick with `minisign -V`.

use ct_codecs::{Base64, Decoder as _};

/// A public key in minisign's format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: minisign_verify::PublicKey,
    base64: String,
}

/// Why a key or a signature is not accepted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The text is not a public key file of minisign.
    #[error("public key: {found}, expected a minisign public key of 56 characters")]
    Key {
        /// What the line that should hold the key begins with. Never all of it: it may be the secret
        /// key, taken for the public one.
        found: String,
    },
    /// The text is not a signature file of minisign.
    #[error("manifest signature: not a minisign signature ({reason})")]
    Format {
        /// What the reader stumbled over.
        reason: String,
    },
    /// The signature was made by another key, or over another text.
    #[error("manifest signature: not made by key {key} over this manifest ({reason})")]
    Mismatch {
        /// The key that is trusted.
        key: String,
        /// What the check says.
        reason: String,
    },
}

/// Returns the first characters of a line and its length. In a secret key file the first twelve are
/// format and zeros.
fn begin_of(line: &str) -> String {
    let begin: String = line.chars().take(12).collect();
    let length = line.chars().count();
    format!("{length} characters that begin with {begin:?}")
}

impl PublicKey {
    /// Parses a public key: minisign's two-line file, or its second line alone.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let is_key = |line: &&str| !line.is_empty() && !line.starts_with("untrusted comment:");
        let base64 = text.lines().map(str::trim).find(is_key).unwrap_or_default();
        let key =
            minisign_verify::PublicKey::from_base64(base64).map_err(|_| SignatureError::Key {
                found: begin_of(base64),
            })?;
        Ok(Self {
            key,
            base64: base64.to_owned(),
        })
    }

    /// Returns the key as one line of Base64; what `minisign -P` takes and what screens show.
    pub fn base64(&self) -> &str {
        &self.base64
    }

    /// Returns the eight bytes that name the key pair. Nothing only for a key that does not parse, which
    /// there is none of.
    pub fn key_id(&self) -> Option<[u8; 8]> {
        key_id(&self.base64)
    }

    /// Returns the 32 bytes of the Ed25519 key itself.
    pub(crate) fn raw(&self) -> Option<[u8; 32]> {
        let bytes = Base64::decode_to_vec(&self.base64, None).ok()?;
        bytes.get(10..)?.try_into().ok()
    }

    /// Returns the two-line file that `minisign -p` reads.
    pub fn to_file(&self) -> String {
        format!("untrusted comment: mendkit public key\n{}\n", self.base64)
    }

    /// Checks that `signature` (the content of a `.minisig` file) was made by this key over `message`.
    pub fn check(&self, message: &[u8], signature: &str) -> Result<(), SignatureError> {
        let signature = minisign_verify::Signature::decode(signature).map_err(|error| {
            SignatureError::Format {
                reason: error.to_string(),
            }
        })?;
        self.key
            .verify(message, &signature, false)
            .map_err(|error| SignatureError::Mismatch {
                key: self.base64.clone(),
                reason: error.to_string(),
            })
    }
}

/// Returns the eight bytes that name the key which made a signature, as a `.minisig` file says it; not
/// believed before [`PublicKey::check`].
pub fn key_id_of_signature(signature: &str) -> Option<[u8; 8]> {
    key_id(signature.lines().nth(1)?.trim())
}

/// Keys and signatures begin with two bytes for the algorithm, then the key's name. Source: minisign,
/// "Public key format", "Signature format".
fn key_id(base64: &str) -> Option<[u8; 8]> {
    let bytes = Base64::decode_to_vec(base64, None).ok()?;
    bytes.get(2..10)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(message: &[u8]) -> (PublicKey, String) {
        let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
        let signature =
            minisign::sign(Some(&pair.pk), &pair.sk, message, Some("trusted"), None).unwrap();
        (
            PublicKey::parse(&pair.pk.to_base64()).unwrap(),
            signature.to_string(),
        )
    }

    #[test]
    fn accepts_only_the_signed_text_under_the_right_key() {
        let (key, signature) = sign(b"manifest");
        assert_eq!(key.check(b"manifest", &signature), Ok(()));
        let changed = key.check(b"Manifest", &signature).unwrap_err();
        assert!(
            matches!(changed, SignatureError::Mismatch { .. }),
            "{changed}"
        );
        let (other, _) = sign(b"manifest");
        assert!(matches!(
            other.check(b"manifest", &signature),
            Err(SignatureError::Mismatch { .. })
        ));
        assert!(matches!(
            key.check(b"manifest", "x"),
            Err(SignatureError::Format { .. })
        ));
    }

    #[test]
    fn reads_a_key_file_and_the_bare_line() {
        let (key, _) = sign(b"");
        assert_eq!(PublicKey::parse(&key.to_file()).as_ref(), Ok(&key));
        assert!(matches!(
            PublicKey::parse("RWQ"),
            Err(SignatureError::Key { .. })
        ));
    }

    #[test]
    fn a_secret_key_given_for_a_public_one_is_not_repeated() {
        let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
        let secret = pair.sk.to_box(None).unwrap().to_string();
        let error = PublicKey::parse(&secret).unwrap_err().to_string();
        let line = secret.lines().nth(1).unwrap();
        assert!(error.contains(&line[..12]), "{error}");
        assert!(!error.contains(&line[..16]), "{error}");
    }
}
