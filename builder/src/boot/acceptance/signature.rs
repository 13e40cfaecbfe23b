//! Who signed an EFI program: the signature is checked, and leads to a certificate that somebody trusts.
//!
//! ```text
//! signed data: what is signed (kind and digest of the program) · certificates ·
//!              signer: whose certificate, attributes (digest of what is signed), signature over these
//! ```
//!
//! Dates are read past, as firmware does. Only SHA-256 with RSA is read, which is all that Microsoft and
//! Debian use for loaders today; whatever else there is gives no signature, and so no promise.
//! Source: Windows Authenticode Portable Executable Signature Format, 1.0; RFC 5652, 5; UEFI 2.10, 32.2.4.

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::ObjectIdentifier;
use der::{Decode as _, Encode as _, Reader as _, SliceReader};
use rescue_stick::digest::Sha256Digest;
use rsa::{Pkcs1v15Sign, RsaPublicKey};
use x509_cert::Certificate;

use super::pe::Pe;

/// Kind of content: signed data. Source: RFC 5652, 5.1.
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");

/// Kind of content: digest of a program. Source: Authenticode, "SpcIndirectDataContent".
const PROGRAM_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.4");

/// Signed attribute: digest of the content. Source: RFC 5652, 11.2.
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");

/// SHA-256. Source: RFC 5754, 2.2.
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// SHA-256 with RSA. Source: RFC 8017, A.2.4.
const SHA_256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

/// Attribute `commonName` of a name. Source: X.520, 6.2.2.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// What precedes a SHA-256 inside a signature. Source: RFC 8017, 9.2, note 1.
const SHA_256_PREFIX: &[u8] =
    b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

/// A signature that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Name of the signer.
    pub signer: String,
    /// Name of who certified the signer.
    pub authority: String,
    /// Digest of that one's certificate, by which firmware and shim know it.
    pub authority_sha256: Sha256Digest,
}

/// Returns the signatures of a program that hold. `known` are certificates besides those that a signature
/// brings along: what shim has inside.
pub fn check_signatures(program: &Pe<'_>, known: &[&[u8]]) -> Vec<Signed> {
    let Some(digest) = program.signed_digest() else {
        return Vec::new();
    };
    let signatures = program.signatures().into_iter();
    signatures
        .filter_map(|bytes| check_signature(bytes, digest, known))
        .collect()
}

fn check_signature(bytes: &[u8], digest: Sha256Digest, known: &[&[u8]]) -> Option<Signed> {
    // Up to seven bytes may follow, which fill up the table.
    let mut reader = SliceReader::new(bytes).ok()?;
    let outer = ContentInfo::decode(&mut reader).ok()?;
    if outer.content_type != SIGNED_DATA {
        return None;
    }
    let data: SignedData = outer.content.decode_as().ok()?;
    let content = data.encap_content_info.econtent.as_ref()?;
    if data.encap_content_info.econtent_type != PROGRAM_DIGEST
        || stated_digest(content.value())? != digest
    {
        return None;
    }
    let [signer] = data.signer_infos.0.as_slice() else {
        return None;
    };
    let mut certificates = certificates_of(&data);
    certificates.extend(
        known
            .iter()
            .filter_map(|bytes| Certificate::from_der(bytes).ok()),
    );
    let own = certificates.iter().find(|one| is_of(one, signer))?;
    check_signer(signer, Sha256Digest::of(content.value()), own)?;
    let authority = certificates.iter().find(|one| has_issued(one, own))?;
    Some(Signed {
        signer: common_name(own),
        authority: common_name(authority),
        authority_sha256: Sha256Digest::of(&authority.to_der().ok()?),
    })
}

fn certificates_of(data: &SignedData) -> Vec<Certificate> {
    let Some(set) = &data.certificates else {
        return Vec::new();
    };
    let all = set.0.iter();
    all.filter_map(|choice| match choice {
        CertificateChoices::Certificate(certificate) => Some(certificate.clone()),
        _ => None,
    })
    .collect()
}

/// Returns the digest of the program that was signed: the last octets inside a SEQUENCE of SEQUENCEs.
fn stated_digest(content: &[u8]) -> Option<Sha256Digest> {
    // SEQUENCE { data, SEQUENCE { SEQUENCE { algorithm, NULL }, OCTET STRING } }, without the outer head.
    let mut reader = SliceReader::new(content).ok()?;
    let _data = der::Any::decode(&mut reader).ok()?;
    let info = der::Any::decode(&mut reader).ok()?;
    let mut inside = SliceReader::new(info.value()).ok()?;
    let algorithm = spki::AlgorithmIdentifierOwned::decode(&mut inside).ok()?;
    let octets = der::asn1::OctetString::decode(&mut inside).ok()?;
    if algorithm.oid != SHA_256 || !inside.is_finished() {
        return None;
    }
    Some(Sha256Digest(octets.as_bytes().try_into().ok()?))
}

fn is_of(certificate: &Certificate, signer: &SignerInfo) -> bool {
    let SignerIdentifier::IssuerAndSerialNumber(whose) = &signer.sid else {
        return false;
    };
    let own = &certificate.tbs_certificate;
    own.issuer == whose.issuer && own.serial_number == whose.serial_number
}

/// Checks that the attributes are of this content, and signed with the certificate's key.
fn check_signer(signer: &SignerInfo, content: Sha256Digest, own: &Certificate) -> Option<()> {
    let attributes = signer.signed_attrs.as_ref()?;
    if signer.digest_alg.oid != SHA_256 {
        return None;
    }
    let mut digests = attributes.iter().filter(|one| one.oid == MESSAGE_DIGEST);
    let stated = digests.next()?.values.get(0)?.value();
    if digests.next().is_some() || stated != content.0 {
        return None;
    }
    // The attributes are signed as a SET although they lie in the file as `[0]`.
    let signed = Sha256Digest::of(&attributes.to_der().ok()?);
    verify(own, signed, signer.signature.as_bytes())
}

fn has_issued(authority: &Certificate, other: &Certificate) -> bool {
    let is_named = authority.tbs_certificate.subject == other.tbs_certificate.issuer;
    let is_signed = || {
        let content = other.tbs_certificate.to_der().ok()?;
        if other.signature_algorithm.oid != SHA_256_WITH_RSA {
            return None;
        }
        verify(
            authority,
            Sha256Digest::of(&content),
            other.signature.as_bytes()?,
        )
    };
    is_named && is_signed().is_some()
}

fn verify(key_of: &Certificate, digest: Sha256Digest, signature: &[u8]) -> Option<()> {
    let info = &key_of.tbs_certificate.subject_public_key_info;
    let encoded = info.to_der().ok()?;
    let info = spki::SubjectPublicKeyInfoRef::from_der(&encoded).ok()?;
    let key = RsaPublicKey::try_from(info).ok()?;
    let scheme = Pkcs1v15Sign {
        hash_len: Some(digest.0.len()),
        prefix: SHA_256_PREFIX.into(),
    };
    key.verify(scheme, &digest.0, signature).ok()
}

fn common_name(certificate: &Certificate) -> String {
    let names = certificate.tbs_certificate.subject.0.iter();
    let mut names = names.flat_map(|part| part.0.iter());
    let found = names.find(|one| one.oid == COMMON_NAME);
    let text = found.map(|one| String::from_utf8_lossy(one.value.value()).into_owned());
    text.unwrap_or_else(|| "a nameless authority".to_owned())
}
