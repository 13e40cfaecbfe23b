//! Key files, and the signature over the manifest. How one is made and checked is the stick's matter
//! ([`rescue_stick::secret_key`], [`rescue_stick::signature`]); both are minisign's formats, so its tool
//! can do either.

use std::io;
use std::path::{Path, PathBuf};

use ct_codecs::{Base64, Decoder as _};
use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use minisign::{KeyPair, SecretKeyBox};
use rescue_stick::secret_key::SecretKey;
use rescue_stick::signature::PublicKey;

/// The secret key of a key file, unlocked.
pub struct SigningKey(SecretKey);

/// Offsets in a decoded secret key file. Source: minisign's "Secret key format": signature algorithm,
/// key derivation, checksum algorithm (2 bytes each), salt (32), two limits (8 each), key id, key.
const KEY_DERIVATION: std::ops::Range<usize> = 2..4;
const KEY_ID: std::ops::Range<usize> = 54..62;
const SECRET_KEY: std::ops::Range<usize> = 62..126;

/// Why a key cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// A key file cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The password could not be asked for.
    #[error("{path}: asking for its password: {source}")]
    Password {
        /// The key file.
        path: PathBuf,
        /// What the terminal says.
        source: io::Error,
    },
    /// The file is no secret key, or the password is wrong.
    #[error("{path}: not usable as a minisign secret key: {reason}")]
    Key {
        /// The key file.
        path: PathBuf,
        /// What the reader says.
        reason: String,
    },
    /// The maker of key pairs failed.
    #[error("making a key pair: {0}")]
    Make(String),
}

/// Where a password comes from: asked for only when a key needs one.
pub type AskPassword<'a> = &'a mut dyn FnMut(&Path) -> io::Result<String>;

impl SigningKey {
    /// Reads the secret key file at `path`, asking for its password if it has one.
    pub fn read(path: &Path, ask_password: AskPassword<'_>) -> Result<Self, SigningError> {
        let text = fs::read_to_string(path)?;
        let unusable = |reason: String| SigningError::Key {
            path: path.to_owned(),
            reason,
        };
        let reason = |error: minisign::PError| unusable(error.to_string());
        let locked = check_key_file(path, &text)?;
        let secret = if is_encrypted(&text) {
            let password = ask_password(path).map_err(|source| SigningError::Password {
                path: path.to_owned(),
                source,
            })?;
            locked.into_secret_key(Some(password)).map_err(reason)?
        } else {
            locked.into_unencrypted_secret_key().map_err(reason)?
        };
        let bytes = secret.to_bytes();
        let too_short = || unusable("it is too short".into());
        let key_id = bytes.get(KEY_ID).and_then(|id| id.try_into().ok());
        let secret = bytes.get(SECRET_KEY).and_then(|key| key.try_into().ok());
        let (key_id, secret) = key_id.zip(secret).ok_or_else(too_short)?;
        let key = SecretKey::from_parts(key_id, secret);
        Ok(Self(key.map_err(|error| unusable(error.to_string()))?))
    }

    /// Returns the public key that belongs to it.
    pub fn public(&self) -> &PublicKey {
        self.0.public()
    }

    /// Returns the content of the `.minisig` file over `message`. Same key, message and comment give
    /// the same bytes. `trusted_comment` is one line; it is signed too.
    pub fn sign(&self, message: &[u8], trusted_comment: &str) -> String {
        self.0.sign(message, trusted_comment)
    }
}

/// What a secret key file shows without its password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Anyone who has the file can use it.
    Open,
    /// It asks for a password.
    Locked,
}

/// Looks at the secret key file at `path` without unlocking it.
pub fn look_at_key(path: &Path) -> Result<KeyState, SigningError> {
    let text = fs::read_to_string(path)?;
    if is_encrypted(&text) {
        check_key_file(path, &text)?;
        return Ok(KeyState::Locked);
    }
    SigningKey::read(path, &mut |_| Ok(String::new())).map(|_| KeyState::Open)
}

/// Checks that a key file is a secret key at all, and returns it as it lies there.
fn check_key_file(path: &Path, text: &str) -> Result<SecretKeyBox, SigningError> {
    let unusable = |reason: String| SigningError::Key {
        path: path.to_owned(),
        reason,
    };
    if PublicKey::parse(text).is_ok() {
        return Err(unusable("it is a public key".into()));
    }
    SecretKeyBox::from_string(text).map_err(|error| unusable(error.to_string()))
}

/// Returns whether the key in a secret key file is locked by a password. A file that cannot be decoded
/// is not; its reader then says what is wrong with it.
fn is_encrypted(text: &str) -> bool {
    let line = text.lines().nth(1).unwrap_or_default().trim();
    let bytes = Base64::decode_to_vec(line, None).unwrap_or_default();
    bytes
        .get(KEY_DERIVATION)
        .is_some_and(|derivation| derivation != [0, 0])
}

/// Makes a new key pair: the secret key at `path`, readable by its owner only, the public key beside it
/// with `.pub` appended. Refuses to replace a file. Returns the public key and where it lies.
pub fn generate_key(
    path: &Path,
    password: Option<String>,
) -> Result<(PublicKey, PathBuf), SigningError> {
    let mut public_path = path.as_os_str().to_owned();
    public_path.push(".pub");
    let public_path = PathBuf::from(public_path);
    let failed = |error: minisign::PError| SigningError::Make(error.to_string());
    let comment = Some("mendkit secret key");
    let pair = match password {
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password)).map_err(failed)?,
        None => KeyPair::generate_unencrypted_keypair().map_err(failed)?,
    };
    let secret_text = pair.sk.to_box(comment).map_err(failed)?.to_string();
    let public = PublicKey::parse(&pair.pk.to_base64())
        .map_err(|error| SigningError::Make(error.to_string()))?;
    write_new(&public_path, &public.to_file(), 0o644)?;
    if let Err(error) = write_new(path, &secret_text, 0o600) {
        fs::remove_file(&public_path)?;
        return Err(error.into());
    }
    Ok((public, public_path))
}

fn write_new(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    use io::Write as _;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_password(_: &Path) -> io::Result<String> {
        Err(io::Error::other("nobody is here"))
    }

    #[test]
    fn signs_the_same_bytes_every_time_and_the_reader_accepts_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("release.key");
        let (public, _) = generate_key(&path, None).unwrap();
        let key = SigningKey::read(&path, &mut no_password).unwrap();
        assert_eq!(key.public(), &public);
        let signature = key.sign(b"manifest", "a comment");
        assert_eq!(signature, key.sign(b"manifest", "a comment"));
        assert_eq!(public.check(b"manifest", &signature), Ok(()));
        assert!(
            public
                .check(b"manifest", &signature.replace("a comment", "b comment"))
                .is_err()
        );
    }

    #[test]
    fn asks_for_the_password_of_a_locked_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("release.key");
        generate_key(&path, Some("open sesame".into())).unwrap();
        assert!(matches!(
            SigningKey::read(&path, &mut no_password),
            Err(SigningError::Password { .. })
        ));
        let mut wrong = |_: &Path| Ok("wrong".to_owned());
        assert!(matches!(
            SigningKey::read(&path, &mut wrong),
            Err(SigningError::Key { .. })
        ));
        let mut right = |_: &Path| Ok("open sesame".to_owned());
        assert!(SigningKey::read(&path, &mut right).is_ok());
    }

    #[test]
    fn says_that_a_public_key_is_no_secret_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("release.key");
        let (_, public) = generate_key(&path, None).unwrap();
        let error = SigningKey::read(&public, &mut no_password).err().unwrap();
        assert!(error.to_string().ends_with("it is a public key"), "{error}");
    }

    #[test]
    fn never_replaces_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("release.key");
        generate_key(&path, None).unwrap();
        let before = fs::read(&path).unwrap();
        assert!(generate_key(&path, None).is_err());
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}
