//! Digests and RSA signatures as catalogs and their certificates use them.
//!
//! MD5 and SHA-1 are old and are read because Windows XP's catalogs have nothing better: they are believed
//! only where a chain leads to a pinned root, and for a file only where the whole catalog does.

use std::fmt;

use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use sha2::Digest;

use super::CatalogError;
use super::der::{BIT_STRING, Element, Elements, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, dotted};

/// A digest algorithm that catalogs use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DigestAlgorithm {
    /// MD5, in certificates of the time of Windows 2000.
    Md5,
    /// SHA-1, up to Windows 7.
    Sha1,
    /// SHA-256, since Windows 8.
    Sha256,
    /// SHA-384, in some newer certificates.
    Sha384,
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
        })
    }
}

/// How an algorithm is named, alone and together with RSA.
struct Naming {
    algorithm: DigestAlgorithm,
    /// The digest alone. Source: RFC 3279, 2.1; RFC 5754, 2.
    digest: &'static [u8],
    /// Signatures of it with RSA. Source: RFC 8017, A.2.4; the second of SHA-1: OIW, 1.3.14.3.2.29.
    with_rsa: &'static [&'static [u8]],
    /// What precedes the digest inside a signature. Source: RFC 8017, 9.2, note 1.
    prefix: &'static [u8],
}

const ALL_NAMINGS: &[Naming] = &[
    Naming {
        algorithm: DigestAlgorithm::Md5,
        digest: b"\x2a\x86\x48\x86\xf7\x0d\x02\x05",
        with_rsa: &[b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"],
        prefix: b"\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10",
    },
    Naming {
        algorithm: DigestAlgorithm::Sha1,
        digest: b"\x2b\x0e\x03\x02\x1a",
        with_rsa: &[
            b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05",
            b"\x2b\x0e\x03\x02\x1d",
        ],
        prefix: b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
    },
    Naming {
        algorithm: DigestAlgorithm::Sha256,
        digest: b"\x60\x86\x48\x01\x65\x03\x04\x02\x01",
        with_rsa: &[b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"],
        prefix: b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
    },
    Naming {
        algorithm: DigestAlgorithm::Sha384,
        digest: b"\x60\x86\x48\x01\x65\x03\x04\x02\x02",
        with_rsa: &[b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"],
        prefix: b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
    },
];

/// RSA alone: as the kind of a key, and as the algorithm of a signature whose digest is named beside it.
/// Source: RFC 8017, A.1.
const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";

impl DigestAlgorithm {
    /// Returns the digest of `bytes`.
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => md5::Md5::digest(bytes).to_vec(),
            Self::Sha1 => sha1::Sha1::digest(bytes).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
            Self::Sha384 => sha2::Sha384::digest(bytes).to_vec(),
        }
    }

    /// Reads the name of a digest algorithm.
    pub(super) fn parse(
        place: &'static str,
        identifier: &Element<'_>,
    ) -> Result<Self, CatalogError> {
        let oid = algorithm_name(place, identifier)?;
        let mut known = ALL_NAMINGS.iter();
        let known = known.find(|naming| naming.digest == oid);
        known
            .map(|naming| naming.algorithm)
            .ok_or_else(|| unknown(place, oid))
    }

    /// Reads the name of a signature algorithm. Where that says RSA alone, the digest is `otherwise`.
    pub(super) fn parse_of_signature(
        place: &'static str,
        identifier: &Element<'_>,
        otherwise: Option<Self>,
    ) -> Result<Self, CatalogError> {
        let oid = algorithm_name(place, identifier)?;
        if let (RSA, Some(algorithm)) = (oid, otherwise) {
            return Ok(algorithm);
        }
        let mut known = ALL_NAMINGS.iter();
        let known = known.find(|naming| naming.with_rsa.contains(&oid));
        known
            .map(|naming| naming.algorithm)
            .ok_or_else(|| unknown(place, oid))
    }

    fn prefix(self) -> &'static [u8] {
        let mut known = ALL_NAMINGS.iter();
        let known = known.find(|naming| naming.algorithm == self);
        known.map_or(&[], |naming| naming.prefix)
    }
}

fn algorithm_name<'a>(
    place: &'static str,
    identifier: &Element<'a>,
) -> Result<&'a [u8], CatalogError> {
    Ok(identifier.inside().take(place, OBJECT_IDENTIFIER)?.content)
}

fn unknown(place: &'static str, oid: &[u8]) -> CatalogError {
    CatalogError::Unsupported {
        place,
        finding: format!("algorithm {}", dotted(oid)),
        expectation: "RSA with MD5, SHA-1, SHA-256 or SHA-384",
    }
}

/// The public half of an RSA key, of 4096 bits at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RsaKey(RsaPublicKey);

impl RsaKey {
    /// Reads a certificate's `SubjectPublicKeyInfo`. Source: RFC 5280, 4.1; RFC 8017, A.1.1.
    pub(super) fn parse(info: &Element<'_>) -> Result<Self, CatalogError> {
        let place = "public key";
        let mut fields = info.inside();
        let kind = algorithm_name(place, &fields.take(place, SEQUENCE)?)?;
        if kind != RSA {
            return Err(CatalogError::Unsupported {
                place,
                finding: format!("algorithm {}", dotted(kind)),
                expectation: "RSA",
            });
        }
        let bits = fields.take(place, BIT_STRING)?;
        let Some((0, bits)) = bits.content.split_first() else {
            return Err(bits.unexpected(place, "an odd number of bits", "whole bytes"));
        };
        let mut numbers = Elements::of(bits).take(place, SEQUENCE)?.inside();
        let modulus = BigUint::from_bytes_be(numbers.take(place, INTEGER)?.content);
        let exponent = BigUint::from_bytes_be(numbers.take(place, INTEGER)?.content);
        let key = RsaPublicKey::new(modulus, exponent);
        key.map(Self).map_err(|error| CatalogError::Unsupported {
            place,
            finding: error.to_string(),
            expectation: "an RSA key of 4096 bits at most",
        })
    }

    /// Tells whether `signature` was made over `content` with the private half. Source: RFC 8017, 8.2.2.
    pub(super) fn has_signed(
        &self,
        algorithm: DigestAlgorithm,
        content: &[u8],
        signature: &[u8],
    ) -> bool {
        let stated = [algorithm.prefix(), &algorithm.digest(content)].concat();
        let scheme = Pkcs1v15Sign::new_unprefixed();
        self.0.verify(scheme, &stated, signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_state_algorithm_and_length_of_their_digest() {
        for naming in ALL_NAMINGS {
            let digest = naming.algorithm.digest(b"");
            let whole = [naming.prefix, &digest].concat();
            let mut fields = Elements::of(&whole)
                .take("digest", SEQUENCE)
                .unwrap()
                .inside();
            let identifier = fields.take("algorithm", SEQUENCE).unwrap();
            assert_eq!(
                DigestAlgorithm::parse("algorithm", &identifier).unwrap(),
                naming.algorithm
            );
            let content = fields.take("digest", super::super::der::OCTET_STRING);
            assert_eq!(content.unwrap().content, digest);
            fields.finish("digest").unwrap();
        }
    }

    #[test]
    fn digests_of_nothing_are_the_published_ones() {
        for (algorithm, expect) in [
            (DigestAlgorithm::Md5, "d41d8cd98f00b204e9800998ecf8427e"),
            (
                DigestAlgorithm::Sha1,
                "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            ),
            (
                DigestAlgorithm::Sha256,
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
        ] {
            assert_eq!(hex::encode(algorithm.digest(b"")), expect);
        }
    }

    #[test]
    fn refuses_algorithms_it_does_not_know() {
        // ecPublicKey, 1.2.840.10045.2.1.
        let bytes = b"\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x02\x01";
        let identifier = Elements::of(bytes).take("algorithm", SEQUENCE).unwrap();
        let error = DigestAlgorithm::parse("digest", &identifier).unwrap_err();
        assert_eq!(
            error.to_string(),
            "digest: algorithm 1.2.840.10045.2.1, expected RSA with MD5, SHA-1, SHA-256 or SHA-384"
        );
    }

    /// A public key as a certificate holds it; numbers of one byte that are not negative.
    fn key_info(modulus: &[u8], exponent: u8) -> Vec<u8> {
        let length = |more: usize| u8::try_from(modulus.len() + more).unwrap();
        let mut info = vec![0x30, length(25), 0x30, 0x0D, 0x06, 0x09];
        info.extend_from_slice(RSA);
        info.extend_from_slice(&[0x05, 0x00, 0x03, length(8), 0x00, 0x30, length(5)]);
        info.extend_from_slice(&[0x02, length(0)]);
        info.extend_from_slice(modulus);
        info.extend_from_slice(&[0x02, 0x01, exponent]);
        info
    }

    #[test]
    fn keys_that_are_none_are_refused_or_have_signed_nothing() {
        let long = [&[0x7F][..], &[0xFE; 70]].concat();
        for modulus in [&[0][..], &[1], &[2], &[3], &[4], &[35], &long] {
            for exponent in [0, 1, 2, 3, 65] {
                let info = key_info(modulus, exponent);
                let mut elements = Elements::of(&info);
                let parsed = RsaKey::parse(&elements.take("public key", SEQUENCE).unwrap());
                elements.finish("public key").unwrap();
                let Ok(key) = parsed else { continue };
                for signature in [vec![], vec![0], vec![1], vec![0; 71], vec![0x7E; 71]] {
                    let is_signed = key.has_signed(DigestAlgorithm::Sha1, b"text", &signature);
                    assert!(!is_signed, "{modulus:?} {exponent} {signature:?}");
                }
            }
        }
    }
}
