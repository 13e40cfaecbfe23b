//! The signed envelope around a catalog's list: who signed it, and whether that leads to a pinned root.
//!
//! ```text
//! SEQUENCE  signedData
//!   [0] SEQUENCE  version · digest algorithms · content (the list) · [0] certificates · [1] revocations
//!                 SET of signers: whose certificate · digest algorithm
//!                                 [0] signed attributes: kind and digest of the content
//!                                 signature algorithm · signature over the attributes as a SET
//! ```
//!
//! Countersignatures with the time of signing are not looked at, as dates prove nothing here.
//! Source: RFC 2315, 7 and 9; RFC 5652, 5.

use super::CatalogError;
use super::algorithm::{DigestAlgorithm, RsaKey};
use super::certificate::{Certificate, common_name};
use super::der::{
    Element, Elements, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET, dotted, tagged,
};
use super::trust::{KeyPurpose, Trust};

/// Kind of content: signed data. Source: RFC 5652, 5.1.
const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
/// Kind of content: a list of trust. Source: wincrypt.h, `szOID_CTL`.
const TRUST_LIST: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x0a\x01";
/// Signed attributes: kind of content, and its digest. Source: RFC 5652, 11.1 and 11.2.
const CONTENT_TYPE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03";
const MESSAGE_DIGEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04";

/// Certificates and signers that are looked at in one catalog, and issuers above a signer. Microsoft's
/// catalogs have 5, 1 and 2; the limits keep a made-up catalog from costing minutes.
const MOST_CERTIFICATES: usize = 32;
const MOST_SIGNERS: usize = 4;
const MOST_LINKS: usize = 6;
/// Signatures of certificates that are checked for one signer.
const MOST_CHECKS: usize = 64;

/// A catalog taken apart, not yet believed.
#[derive(Clone, Debug)]
pub(super) struct SignedData<'a> {
    /// The list.
    pub(super) list: Element<'a>,
    certificates: Vec<Certificate<'a>>,
    signers: Vec<Signer<'a>>,
}

#[derive(Clone, Debug)]
struct Signer<'a> {
    issuer: &'a [u8],
    serial: &'a [u8],
    digest: DigestAlgorithm,
    attributes: Element<'a>,
    signature_digest: DigestAlgorithm,
    signature: &'a [u8],
}

/// Whose signature it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogSignature {
    /// Common name of the signer.
    pub signer: String,
    /// Name of the pinned root that the chain ends at.
    pub root: String,
}

impl<'a> SignedData<'a> {
    /// Takes a catalog apart.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, CatalogError> {
        let place = "catalog";
        let mut outer = Elements::of(bytes);
        let mut envelope = outer.take(place, SEQUENCE)?.inside();
        outer.finish(place)?;
        expect_kind(place, &mut envelope, SIGNED_DATA, "signed data")?;
        let mut fields = envelope.take(place, tagged(0))?.inside();
        let mut fields = fields.take(place, SEQUENCE)?.inside();
        fields.take(place, INTEGER)?;
        fields.take(place, SET)?;
        let mut content = fields.take(place, SEQUENCE)?.inside();
        expect_kind(place, &mut content, TRUST_LIST, "a list of trust")?;
        let list = content
            .take(place, tagged(0))?
            .inside()
            .take(place, SEQUENCE)?;
        let mut certificates = Vec::new();
        if let Some(set) = fields.take_if(place, tagged(0))? {
            let mut set = set.inside();
            while !set.is_empty() && certificates.len() < MOST_CERTIFICATES {
                // One that is of another kind or with another sort of key cannot be part of a chain to
                // one of our roots, and is none of our business: it may be that of a time stamp.
                certificates.extend(Certificate::parse(&set.take_any(place)?).ok());
            }
        }
        fields.take_if(place, tagged(1))?;
        let mut set = fields.take(place, SET)?.inside();
        fields.finish(place)?;
        let mut signers = Vec::new();
        while !set.is_empty() && signers.len() < MOST_SIGNERS {
            signers.push(Signer::parse(&set.take("signer", SEQUENCE)?)?);
        }
        Ok(Self {
            list,
            certificates,
            signers,
        })
    }

    /// Checks that somebody trusted signed the list, and returns who.
    pub(super) fn verify(&self, trust: &Trust) -> Result<CatalogSignature, CatalogError> {
        let mut refusal = CatalogError::Untrusted {
            signer: "catalog".into(),
            finding: "nobody signed it".into(),
            expectation: "a signature",
        };
        for (index, signer) in self.signers.iter().enumerate() {
            match self.verify_signer(signer, trust) {
                Ok(signature) => return Ok(signature),
                Err(error) if index == 0 => refusal = error,
                Err(_) => {}
            }
        }
        Err(refusal)
    }

    fn verify_signer(
        &self,
        signer: &Signer<'_>,
        trust: &Trust,
    ) -> Result<CatalogSignature, CatalogError> {
        let mut certificates = self.certificates.iter();
        let is_signers = |certificate: &&Certificate<'_>| {
            certificate.issuer == signer.issuer && certificate.serial == signer.serial
        };
        let Some(certificate) = certificates.find(is_signers) else {
            return Err(CatalogError::Untrusted {
                signer: format!("a signer certified by {}", common_name(signer.issuer)),
                finding: "the catalog lacks the certificate".into(),
                expectation: "it beside the signature",
            });
        };
        let name = common_name(certificate.subject);
        let untrusted = |finding: &str, expectation| CatalogError::Untrusted {
            signer: name.clone(),
            finding: finding.to_owned(),
            expectation,
        };
        if signer.stated_digest()? != signer.digest.digest(self.list.content) {
            return Err(untrusted("the list is not what was signed", "it unchanged"));
        }
        if !signer.is_signed_by(certificate) {
            return Err(untrusted(
                "the signature does not fit",
                "one made with its key",
            ));
        }
        if let Some(refusal) = certificate.refuses_to_sign() {
            return Err(untrusted(&refusal, "a certificate for signing"));
        }
        if !certificate.states_purpose(trust.purpose.oid) {
            let is_driver = certificate.states_purpose(KeyPurpose::DRIVERS.oid);
            return Err(CatalogError::Purpose {
                signer: name,
                found: is_driver.then_some(KeyPurpose::DRIVERS),
                expected: trust.purpose,
            });
        }
        let root = self.find_root(certificate, trust)?;
        Ok(CatalogSignature { signer: name, root })
    }

    /// Returns the name of the root that a chain from this certificate leads to.
    fn find_root(
        &self,
        certificate: &Certificate<'_>,
        trust: &Trust,
    ) -> Result<String, CatalogError> {
        let mut search = ChainSearch {
            certificates: &self.certificates,
            trust,
            checks_left: MOST_CHECKS,
            dead_end: None,
        };
        search.find_root(certificate, 0).ok_or_else(|| {
            let finding = search.dead_end.unwrap_or_else(|| "too many links".into());
            CatalogError::Untrusted {
                signer: common_name(certificate.subject),
                finding,
                expectation: "a chain to a pinned root",
            }
        })
    }
}

/// Takes the name of a kind of content, which must be this one.
fn expect_kind(
    place: &'static str,
    fields: &mut Elements<'_>,
    kind: &[u8],
    expectation: &'static str,
) -> Result<(), CatalogError> {
    let found = fields.take(place, OBJECT_IDENTIFIER)?;
    if found.content == kind {
        return Ok(());
    }
    let finding = format!("content of kind {}", dotted(found.content));
    Err(found.unexpected(place, finding, expectation))
}

impl<'a> Signer<'a> {
    fn parse(signer: &Element<'a>) -> Result<Self, CatalogError> {
        let place = "signer";
        let mut fields = signer.inside();
        fields.take(place, INTEGER)?;
        let mut whose = fields.take(place, SEQUENCE)?.inside();
        let issuer = whose.take(place, SEQUENCE)?.whole;
        let serial = whose.take(place, INTEGER)?.content;
        let digest = DigestAlgorithm::parse(place, &fields.take(place, SEQUENCE)?)?;
        let attributes = fields.take(place, tagged(0))?;
        let algorithm = fields.take(place, SEQUENCE)?;
        let signature_digest =
            DigestAlgorithm::parse_of_signature(place, &algorithm, Some(digest))?;
        let signature = fields.take(place, OCTET_STRING)?.content;
        fields.take_if(place, tagged(1))?;
        fields.finish(place)?;
        Ok(Self {
            issuer,
            serial,
            digest,
            attributes,
            signature_digest,
            signature,
        })
    }

    /// Returns the digest of the list that the signed attributes state.
    fn stated_digest(&self) -> Result<&'a [u8], CatalogError> {
        let place = "signed attributes";
        let (mut kind, mut digest) = (None, None);
        let mut attributes = self.attributes.inside();
        while !attributes.is_empty() {
            let attribute = attributes.take(place, SEQUENCE)?;
            let mut pair = attribute.inside();
            let name = pair.take(place, OBJECT_IDENTIFIER)?.content;
            let mut values = pair.take(place, SET)?.inside();
            let former = match name {
                CONTENT_TYPE => kind.replace(values.take(place, OBJECT_IDENTIFIER)?.content),
                MESSAGE_DIGEST => digest.replace(values.take(place, OCTET_STRING)?.content),
                _ => continue,
            };
            if former.is_some() || !values.is_empty() {
                let finding = "several values";
                return Err(attribute.unexpected(place, finding, "one kind and one digest"));
            }
        }
        match (kind, digest) {
            (Some(TRUST_LIST), Some(digest)) => Ok(digest),
            (Some(TRUST_LIST), None) => {
                let finding = "no digest of the content";
                Err(self.attributes.unexpected(place, finding, "one"))
            }
            _ => {
                let finding = "not for a list of trust";
                let expectation = "the kind of the content";
                Err(self.attributes.unexpected(place, finding, expectation))
            }
        }
    }

    /// The attributes are signed as a SET although they lie in the file as `[0]`. Source: RFC 5652, 5.4.
    fn is_signed_by(&self, certificate: &Certificate<'_>) -> bool {
        let tail = self.attributes.whole.get(1..).unwrap_or_default();
        let signed = [&[SET], tail].concat();
        let key = &certificate.key;
        key.has_signed(self.signature_digest, &signed, self.signature)
    }
}

/// The search for a chain of issuers from a signer to a pinned root.
struct ChainSearch<'s, 'a> {
    certificates: &'s [Certificate<'a>],
    trust: &'s Trust,
    checks_left: usize,
    /// Why the search ended where it came first.
    dead_end: Option<String>,
}

impl ChainSearch<'_, '_> {
    /// Returns the root's name. `below` is the number of issuers between the signer and `certificate`'s
    /// issuer.
    fn find_root(&mut self, certificate: &Certificate<'_>, below: usize) -> Option<String> {
        let trust = self.trust;
        for anchor in &trust.anchors {
            if anchor.subject == certificate.issuer && self.check(certificate, &anchor.key) {
                return Some(anchor.name.clone());
            }
        }
        let mut is_known = false;
        if below < MOST_LINKS {
            for issuer in self.certificates {
                // One that issued itself leads nowhere new.
                if issuer.subject != certificate.issuer || issuer.subject == issuer.issuer {
                    continue;
                }
                if !self.check(certificate, &issuer.key) {
                    continue;
                }
                is_known = true;
                if let Some(refusal) = issuer.refuses_to_issue(trust.purpose.oid, below) {
                    self.note(format!("{}: {refusal}", common_name(issuer.subject)));
                } else if let Some(root) = self.find_root(issuer, below.saturating_add(1)) {
                    return Some(root);
                }
            }
        }
        if !is_known {
            let (name, issuer) = (certificate.subject, certificate.issuer);
            self.note(format!(
                "the chain ends at {}, which {} is said to have issued",
                common_name(name),
                common_name(issuer)
            ));
        }
        None
    }

    fn check(&mut self, certificate: &Certificate<'_>, key: &RsaKey) -> bool {
        let Some(left) = self.checks_left.checked_sub(1) else {
            return false;
        };
        self.checks_left = left;
        certificate.is_signed_by(key)
    }

    fn note(&mut self, dead_end: String) {
        self.dead_end.get_or_insert(dead_end);
    }
}
