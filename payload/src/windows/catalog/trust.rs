//! Whom we believe: the pinned roots, and what a signer's key must be for.

use std::fmt;

use rescue_stick::digest::Sha256Digest;

use super::CatalogError;
use super::algorithm::RsaKey;
use super::certificate::{Certificate, common_name};
use super::der::{Elements, SEQUENCE, dotted};

/// What a key is for, as its certificate states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPurpose {
    pub(super) oid: &'static [u8],
    name: &'static str,
}

impl KeyPurpose {
    /// Files of Windows itself. Source: wincrypt.h, `szOID_NT5_CRYPTO`.
    pub const WINDOWS: Self = Self {
        oid: b"\x2b\x06\x01\x04\x01\x82\x37\x0a\x03\x06",
        name: "Windows itself",
    };
    /// Drivers that Microsoft tested, whoever wrote them. Source: wincrypt.h, `szOID_WHQL_CRYPTO`.
    pub const DRIVERS: Self = Self {
        oid: b"\x2b\x06\x01\x04\x01\x82\x37\x0a\x03\x05",
        name: "drivers",
    };
}

impl fmt::Display for KeyPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, dotted(self.oid))
    }
}

/// A root that is believed because its key is pinned, not because it signed itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustAnchor {
    /// Its common name.
    pub name: String,
    /// Digest of its certificate.
    pub sha256: Sha256Digest,
    pub(super) subject: Vec<u8>,
    pub(super) key: RsaKey,
}

impl TrustAnchor {
    /// Reads a root from its certificate in DER. The caller vouches for it.
    pub fn parse(certificate: &[u8]) -> Result<Self, CatalogError> {
        let mut elements = Elements::of(certificate);
        let whole = elements.take("root certificate", SEQUENCE)?;
        elements.finish("root certificate")?;
        let parsed = Certificate::parse(&whole)?;
        Ok(Self {
            name: common_name(parsed.subject),
            sha256: Sha256Digest::of(certificate),
            subject: parsed.subject.to_vec(),
            key: parsed.key,
        })
    }
}

/// Whom to believe, and for what.
#[derive(Clone, Debug)]
pub struct Trust {
    /// Pinned roots.
    pub anchors: Vec<TrustAnchor>,
    /// What the signer's certificate must name as its purpose.
    pub purpose: KeyPurpose,
}

impl Trust {
    /// Believes Microsoft's roots for files of Windows itself.
    pub fn in_microsoft_for_windows() -> Result<Self, CatalogError> {
        Ok(Self {
            anchors: microsoft_roots()?,
            purpose: KeyPurpose::WINDOWS,
        })
    }
}

/// A root of Microsoft's as it is embedded: its certificate and the digest that pins it.
struct PinnedRoot {
    certificate: &'static [u8],
    sha256: &'static str,
}

/// Roots that catalogs of Windows lead to: 1997 up to XP's, 2001 up to Windows 7's, 2010 since then; 2011
/// beside it. Source of the certificates: `roots/README.md`.
const ALL_ROOTS: &[PinnedRoot] = &[
    PinnedRoot {
        certificate: include_bytes!("roots/root-authority-1997.cer"),
        sha256: "f38406e540d7a9d90cb4a9479299640ffb6df9e224ecc7a01c0d9558d8dad77d",
    },
    PinnedRoot {
        certificate: include_bytes!("roots/root-ca-2001.cer"),
        sha256: "885de64c340e3ea70658f01e1145f957fcda27aabeea1ab9faa9fdb0102d4077",
    },
    PinnedRoot {
        certificate: include_bytes!("roots/root-ca-2010.cer"),
        sha256: "df545bf919a2439c36983b54cdfc903dfa4f37d3996d8d84b4c31eec6f3c163e",
    },
    PinnedRoot {
        certificate: include_bytes!("roots/root-ca-2011.cer"),
        sha256: "847df6a78497943f27fc72eb93f9a637320a02b561d0a91b09e87a7807ed7c61",
    },
];

/// Returns Microsoft's roots, each held against its pin.
pub fn microsoft_roots() -> Result<Vec<TrustAnchor>, CatalogError> {
    let parse = |root: &PinnedRoot| {
        let anchor = TrustAnchor::parse(root.certificate)?;
        if anchor.sha256.to_string() != root.sha256 {
            return Err(CatalogError::Untrusted {
                signer: anchor.name,
                finding: format!("the certificate's sha256 is {}", anchor.sha256),
                expectation: "the pinned one",
            });
        }
        Ok(anchor)
    };
    ALL_ROOTS.iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::catalog::algorithm::DigestAlgorithm;

    #[test]
    fn embedded_roots_have_the_thumbprints_that_microsoft_publishes() {
        let found: Vec<(String, String)> = microsoft_roots()
            .unwrap()
            .into_iter()
            .zip(ALL_ROOTS)
            .map(|(anchor, root)| {
                let sha1 = DigestAlgorithm::Sha1.digest(root.certificate);
                (anchor.name, hex::encode(sha1))
            })
            .collect();
        // Thumbprints: Microsoft, "Required trusted root certificates" and "List of Participants -
        // Microsoft Trusted Root Program".
        let expect = [
            (
                "Microsoft Root Authority",
                "a43489159a520f0d93d032ccaf37e7fe20a8b419",
            ),
            (
                "Microsoft Root Certificate Authority",
                "cdd4eeae6000ac7f40c3802c171e30148030c072",
            ),
            (
                "Microsoft Root Certificate Authority 2010",
                "3b1efd3a66ea28b16697394703a72ca340a05bd5",
            ),
            (
                "Microsoft Root Certificate Authority 2011",
                "8f43288ad272f3103b6fb1428485ea3014c0bcfe",
            ),
        ];
        let expect = expect.map(|(name, sha1)| (name.to_owned(), sha1.to_owned()));
        assert_eq!(found, expect);
    }

    #[test]
    fn purposes_read_as_people_write_them() {
        assert_eq!(
            KeyPurpose::WINDOWS.to_string(),
            "Windows itself (1.3.6.1.4.1.311.10.3.6)"
        );
        assert_eq!(
            KeyPurpose::DRIVERS.to_string(),
            "drivers (1.3.6.1.4.1.311.10.3.5)"
        );
    }
}
