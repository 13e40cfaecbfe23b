//! Files that a passphrase encrypts, in the format of age, so that age and rage open them too.
//!
//! ```text
//! age-encryption.org/v1
//! -> scrypt SALT COST             16 bytes; memory and time are 2^COST × 1024 bytes
//! FILE KEY                        16 bytes under ChaCha20-Poly1305, key = scrypt(passphrase)
//! --- MAC                         HMAC-SHA-256 over all before, up to the dashes
//! nonce (16)  pieces of 64 KiB, each with a tag of 16 bytes
//! ```
//! The crate age itself brings 180 others, most of them for recipients that are no passphrase; these are the
//! two hundred lines of the format that are needed, over the same ciphers. Nothing is drawn here: chance is a
//! parameter.
//!
//! Source: C2SP, age.md, "scrypt recipient stanza" and "Payload"; held against Debian's `age` by the tests.

use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce, Tag};
use ct_codecs::{Base64NoPadding, Decoder as _, Encoder as _};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

const VERSION_LINE: &str = "age-encryption.org/v1\n";
const STANZA: &str = "-> scrypt ";
const MAC_MARK: &str = "---";
/// Goes before the salt. Source: age.md, "scrypt recipient stanza".
const SALT_LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
const PIECE_LENGTH: usize = 64 << 10;
const TAG_LENGTH: usize = 16;

/// What [`seal`] is asked to spend by default: 32 MiB, which a PC with 256 MB has.
pub const USUAL_COST: u8 = 15;
/// What is spent at most to open a file: 128 MiB.
pub const MOST_COST: u8 = 17;

/// Why a file cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgeError {
    /// Not the format, or not a passphrase's.
    #[error("no age file under a passphrase: {0}")]
    Format(&'static str),
    /// Opening it takes more than an old PC has.
    #[error(
        "its passphrase costs 2^{0} × 1024 bytes of memory, expected at most 2^{MOST_COST}: seal it by \
         `mendkit keys seal`"
    )]
    Cost(u8),
    /// The passphrase is another, or the key of the file was changed.
    #[error("the passphrase does not fit")]
    Passphrase,
    /// The passphrase fits, and what is behind it was changed or cut.
    #[error("the file was changed or cut")]
    Damaged,
}

/// What must be drawn anew for every file.
#[derive(Clone, Debug)]
pub struct Chance {
    /// The key of the file.
    pub file_key: Zeroizing<[u8; 16]>,
    /// Makes equal passphrases differ.
    pub salt: [u8; 16],
    /// Makes equal contents differ.
    pub nonce: [u8; 16],
}

/// Encrypts `content` under `passphrase`.
pub fn seal(
    content: &[u8],
    passphrase: &str,
    cost: u8,
    chance: &Chance,
) -> Result<Vec<u8>, AgeError> {
    let wrap = passphrase_key(passphrase, &chance.salt, cost)?;
    let mut wrapped = Zeroizing::new(chance.file_key.to_vec());
    let tag = ChaCha20Poly1305::new((&*wrap).into())
        .encrypt_inout_detached(&Nonce::default(), &[], wrapped.as_mut_slice().into())
        .map_err(|_| AgeError::Damaged)?;
    wrapped.extend_from_slice(&tag);
    let salt = encode(&chance.salt)?;
    let body = encode(&wrapped)?;
    let head = format!("{VERSION_LINE}{STANZA}{salt} {cost}\n{body}\n{MAC_MARK}");
    let mac = head_mac(&*chance.file_key, head.as_bytes())?;
    let mac = encode(&mac.finalize().into_bytes())?;
    let mut file = format!("{head} {mac}\n").into_bytes();
    file.extend_from_slice(&chance.nonce);
    let cipher = payload_cipher(&*chance.file_key, &chance.nonce)?;
    let pieces = content.len().div_ceil(PIECE_LENGTH).max(1);
    for number in 0..pieces {
        let start = number.saturating_mul(PIECE_LENGTH);
        let end = start.saturating_add(PIECE_LENGTH).min(content.len());
        let mut piece = Zeroizing::new(content.get(start..end).unwrap_or_default().to_vec());
        let nonce = piece_nonce(number, number.saturating_add(1) == pieces)?;
        let tag = cipher
            .encrypt_inout_detached(&nonce, &[], piece.as_mut_slice().into())
            .map_err(|_| AgeError::Damaged)?;
        file.extend_from_slice(&piece);
        file.extend_from_slice(&tag);
    }
    Ok(file)
}

/// Decrypts a file. What comes out is wiped from memory when it goes.
pub fn open(file: &[u8], passphrase: &str) -> Result<Zeroizing<Vec<u8>>, AgeError> {
    check_sealed(file)?;
    let head = Head::parse(file)?;
    let wrap = passphrase_key(passphrase, &head.salt, head.cost)?;
    let mut file_key = Zeroizing::new(head.wrapped);
    ChaCha20Poly1305::new((&*wrap).into())
        .decrypt_inout_detached(
            &Nonce::default(),
            &[],
            file_key.as_mut_slice().into(),
            &head.tag.into(),
        )
        .map_err(|_| AgeError::Passphrase)?;
    head_mac(&*file_key, head.covered)?
        .verify_slice(&head.mac)
        .map_err(|_| AgeError::Damaged)?;
    let (nonce, payload) = head
        .rest
        .split_first_chunk::<16>()
        .ok_or(AgeError::Damaged)?;
    open_payload(&payload_cipher(&*file_key, nonce)?, payload)
}

/// Checks, without its passphrase, that a file is one that [`open`] would try to open.
pub fn check_sealed(file: &[u8]) -> Result<(), AgeError> {
    match Head::parse(file)?.cost {
        cost if cost > MOST_COST => Err(AgeError::Cost(cost)),
        _ => Ok(()),
    }
}

fn open_payload(cipher: &ChaCha20Poly1305, payload: &[u8]) -> Result<Zeroizing<Vec<u8>>, AgeError> {
    // The whole at once: a vector that grows leaves copies of itself behind.
    let mut content = Zeroizing::new(Vec::with_capacity(payload.len()));
    let sealed_length = PIECE_LENGTH.saturating_add(TAG_LENGTH);
    let pieces = payload.len().div_ceil(sealed_length);
    for (number, piece) in payload.chunks(sealed_length).enumerate() {
        let is_last = number.saturating_add(1) == pieces;
        let (body, tag) = piece
            .split_last_chunk::<TAG_LENGTH>()
            .ok_or(AgeError::Damaged)?;
        // Only a file without any content has an empty piece.
        if body.is_empty() && number > 0 {
            return Err(AgeError::Damaged);
        }
        let start = content.len();
        content.extend_from_slice(body);
        let place = content.get_mut(start..).unwrap_or_default();
        let nonce = piece_nonce(number, is_last)?;
        cipher
            .decrypt_inout_detached(&nonce, &[], place.into(), &Tag::from(*tag))
            .map_err(|_| AgeError::Damaged)?;
    }
    if pieces == 0 {
        return Err(AgeError::Damaged);
    }
    Ok(content)
}

/// The head of a file, split and decoded.
struct Head<'a> {
    salt: [u8; 16],
    cost: u8,
    wrapped: [u8; 16],
    tag: [u8; 16],
    /// What the checksum covers.
    covered: &'a [u8],
    mac: [u8; 32],
    rest: &'a [u8],
}

impl<'a> Head<'a> {
    fn parse(file: &'a [u8]) -> Result<Self, AgeError> {
        let mut rest = file;
        let mut line = |expectation| -> Result<&'a str, AgeError> {
            let error = AgeError::Format(expectation);
            // No line of such a head is longer; a file of something else may have no line at all.
            let end = rest.iter().take(128).position(|byte| *byte == b'\n');
            let (text, after) = rest
                .split_at_checked(end.ok_or(error.clone())?)
                .ok_or(error.clone())?;
            rest = after.get(1..).unwrap_or_default();
            std::str::from_utf8(text).map_err(|_| error)
        };
        if line("its first line is another")? != VERSION_LINE.trim_end() {
            return Err(AgeError::Format("its first line is another"));
        }
        let stanza = line("it has no recipient")?
            .strip_prefix(STANZA)
            .ok_or(AgeError::Format("its recipient is no passphrase"))?;
        let (salt, cost) = stanza
            .split_once(' ')
            .ok_or(AgeError::Format("its recipient has no cost"))?;
        let cost = Some(cost).filter(|cost| !cost.starts_with(['0', '+']));
        let cost = cost.and_then(|cost| cost.parse().ok());
        let cost = cost.ok_or(AgeError::Format("its cost is no number"))?;
        let salt = decode(salt)?;
        let body: [u8; 32] = decode(line("it has no file key")?)?;
        let mac = line("it has no checksum")?
            .strip_prefix("--- ")
            .ok_or(AgeError::Format("it has more than one recipient"))?;
        let mac_text_length = mac.len();
        let mac = decode(mac)?;
        let head_length = file.len().saturating_sub(rest.len());
        // The line's end, the checksum and the blank before it.
        let covered = head_length.saturating_sub(mac_text_length.saturating_add(2));
        let (wrapped, tag) = body.split_first_chunk().ok_or(AgeError::Damaged)?;
        Ok(Self {
            salt,
            cost,
            wrapped: *wrapped,
            tag: tag.try_into().map_err(|_| AgeError::Damaged)?,
            covered: file.get(..covered).unwrap_or_default(),
            mac,
            rest,
        })
    }
}

fn passphrase_key(
    passphrase: &str,
    salt: &[u8; 16],
    cost: u8,
) -> Result<Zeroizing<[u8; 32]>, AgeError> {
    let salt = [SALT_LABEL, salt].concat();
    let parameters = scrypt::Params::new(cost, 8, 1).map_err(|_| AgeError::Cost(cost))?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.as_bytes(), &salt, &parameters, &mut *key)
        .map_err(|_| AgeError::Cost(cost))?;
    Ok(key)
}

fn head_mac(file_key: &[u8], head: &[u8]) -> Result<Hmac<Sha256>, AgeError> {
    let key = derive(file_key, &[], b"header")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&*key).map_err(|_| AgeError::Damaged)?;
    mac.update(head);
    Ok(mac)
}

fn payload_cipher(file_key: &[u8], nonce: &[u8]) -> Result<ChaCha20Poly1305, AgeError> {
    let key = derive(file_key, nonce, b"payload")?;
    Ok(ChaCha20Poly1305::new((&*key).into()))
}

fn derive(key: &[u8], salt: &[u8], label: &[u8]) -> Result<Zeroizing<[u8; 32]>, AgeError> {
    let mut derived = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), key)
        .expand(label, &mut *derived)
        .map_err(|_| AgeError::Damaged)?;
    Ok(derived)
}

/// Returns the nonce of a piece: eleven bytes of its number, and whether it is the last.
fn piece_nonce(number: usize, is_last: bool) -> Result<Nonce, AgeError> {
    let number = u64::try_from(number).map_err(|_| AgeError::Damaged)?;
    let mut nonce = [0; 12];
    let places = nonce.iter_mut().skip(3);
    places
        .zip(number.to_be_bytes())
        .for_each(|(place, byte)| *place = byte);
    if let Some(last) = nonce.last_mut() {
        *last = u8::from(is_last);
    }
    Ok(nonce.into())
}

fn encode(bytes: &[u8]) -> Result<String, AgeError> {
    Base64NoPadding::encode_to_string(bytes).map_err(|_| AgeError::Damaged)
}

fn decode<const N: usize>(text: &str) -> Result<[u8; N], AgeError> {
    const REFUSAL: AgeError = AgeError::Format("its head is not in Base64");
    let bytes = Base64NoPadding::decode_to_vec(text, None).map_err(|_| REFUSAL)?;
    bytes.try_into().map_err(|_| REFUSAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chance() -> Chance {
        Chance {
            file_key: Zeroizing::new([1; 16]),
            salt: [2; 16],
            nonce: [3; 16],
        }
    }

    /// As cheap as can be: only the tests of other programs need the usual cost.
    fn sealed(content: &[u8]) -> Vec<u8> {
        seal(content, "correct horse", 2, &chance()).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_whatever_its_length() {
        for length in [
            0,
            1,
            PIECE_LENGTH - 1,
            PIECE_LENGTH,
            PIECE_LENGTH + 1,
            2 * PIECE_LENGTH,
        ] {
            let content: Vec<u8> = (0..=250).cycle().take(length).collect();
            let file = sealed(&content);
            assert_eq!(*open(&file, "correct horse").unwrap(), content, "{length}");
        }
    }

    #[test]
    fn another_passphrase_does_not_open_it() {
        let file = sealed(b"keys");
        for passphrase in ["", "correct hors", "Correct horse"] {
            assert_eq!(open(&file, passphrase), Err(AgeError::Passphrase));
        }
    }

    #[test]
    fn every_changed_or_missing_byte_is_found() {
        let file = sealed(b"some keys");
        for place in 0..file.len() {
            let mut bad = file.clone();
            bad[place] ^= 1;
            assert!(open(&bad, "correct horse").is_err(), "byte {place}");
            assert!(
                open(&file[..place], "correct horse").is_err(),
                "cut {place}"
            );
        }
        let longer = [file.as_slice(), &[0]].concat();
        assert_eq!(open(&longer, "correct horse"), Err(AgeError::Damaged));
    }

    #[test]
    fn pieces_cannot_be_left_out_or_put_elsewhere() {
        let file = sealed(&vec![7; 3 * PIECE_LENGTH]);
        let start = file.len() - 3 * (PIECE_LENGTH + 16);
        let piece = |number: usize| {
            let at = start + number * (PIECE_LENGTH + 16);
            &file[at..at + PIECE_LENGTH + 16]
        };
        let head = &file[..start];
        for order in [&[0, 1][..], &[1, 0, 2], &[0, 2], &[2]] {
            let pieces = order.iter().map(|number| piece(*number));
            let bad = [head, &pieces.collect::<Vec<_>>().concat()].concat();
            assert_eq!(open(&bad, "correct horse"), Err(AgeError::Damaged));
        }
    }

    #[test]
    fn refuses_what_would_take_all_memory_and_other_files() {
        let text = String::from_utf8_lossy(&sealed(b"")).into_owned();
        for (cost, error) in [
            ("18", AgeError::Cost(18)),
            ("255", AgeError::Cost(255)),
            ("02", AgeError::Format("its cost is no number")),
            ("300", AgeError::Format("its cost is no number")),
        ] {
            let bad = text.replacen(" 2\n", &format!(" {cost}\n"), 1);
            assert_eq!(open(bad.as_bytes(), "correct horse"), Err(error));
        }
        for other in [
            &b""[..],
            b"PK\x03\x04",
            b"age-encryption.org/v1\n-> X25519 abc\nabc\n--- abc\n",
            b"-----BEGIN AGE ENCRYPTED FILE-----\n",
        ] {
            assert!(matches!(open(other, ""), Err(AgeError::Format(_))));
        }
    }
}
