//! X.509 certificates: who, whose key, signed by whom, and for what.
//!
//! Dates are read past: the clock of a broken PC cannot be trusted, and the certificates of Windows XP
//! have all expired. Source: RFC 5280, 4.1 and 4.2.

use super::CatalogError;
use super::algorithm::{DigestAlgorithm, RsaKey};
use super::der::{
    BIT_STRING, BMP_STRING, BOOLEAN, Element, Elements, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING,
    SEQUENCE, SET, UTF8_STRING, dotted, tagged,
};

const PLACE: &str = "certificate";

/// Attribute `commonName` of a name. Source: X.520, 6.2.2.
const COMMON_NAME: &[u8] = b"\x55\x04\x03";
/// Extension `keyUsage`. Source of this and the next two: RFC 5280, 4.2.1.
const KEY_USAGE: &[u8] = b"\x55\x1d\x0f";
const BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x13";
const EXTENDED_KEY_USAGE: &[u8] = b"\x55\x1d\x25";
/// Basic constraints as they were before X.509 version 3 was finished; certificates of 1997 have them.
/// Source: wincrypt.h, `szOID_BASIC_CONSTRAINTS`.
const OLD_BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x0a";
/// The purpose that stands for all. Source: RFC 5280, 4.2.1.12.
const ANY_PURPOSE: &[u8] = b"\x55\x1d\x25\x00";

/// A certificate, read but not yet believed.
#[derive(Clone, Debug)]
pub(super) struct Certificate<'a> {
    /// What its issuer signed, as it lies.
    signed: &'a [u8],
    signature: &'a [u8],
    algorithm: DigestAlgorithm,
    /// Its number among its issuer's.
    pub(super) serial: &'a [u8],
    /// Name of its issuer, encoded.
    pub(super) issuer: &'a [u8],
    /// Its own name, encoded.
    pub(super) subject: &'a [u8],
    /// Its key.
    pub(super) key: RsaKey,
    extensions: Extensions<'a>,
}

/// What the extensions of a certificate say.
#[derive(Clone, Debug, Default)]
struct Extensions<'a> {
    /// Whether it may issue certificates, and how many issuers may follow below it.
    authority: Option<(bool, Option<u8>)>,
    /// First byte of the bits of `keyUsage`.
    key_usage: Option<u8>,
    purposes: Option<Vec<&'a [u8]>>,
    /// A critical extension that is not known here.
    unknown: Option<String>,
}

impl<'a> Certificate<'a> {
    /// Reads a certificate.
    pub(super) fn parse(certificate: &Element<'a>) -> Result<Self, CatalogError> {
        let mut parts = certificate.inside();
        let signed = parts.take(PLACE, SEQUENCE)?;
        let outer_algorithm = parts.take(PLACE, SEQUENCE)?;
        let signature = parts.take(PLACE, BIT_STRING)?;
        parts.finish(PLACE)?;
        let Some((0, signature)) = signature.content.split_first() else {
            return Err(signature.unexpected(PLACE, "an odd number of bits", "whole bytes"));
        };
        let mut fields = signed.inside();
        fields.take_if(PLACE, tagged(0))?;
        let serial = fields.take(PLACE, INTEGER)?.content;
        let algorithm = fields.take(PLACE, SEQUENCE)?;
        if algorithm.whole != outer_algorithm.whole {
            let finding = "another algorithm inside than outside";
            return Err(algorithm.unexpected(PLACE, finding, "the same twice"));
        }
        let algorithm = DigestAlgorithm::parse_of_signature(PLACE, &algorithm, None)?;
        let issuer = fields.take(PLACE, SEQUENCE)?.whole;
        let _dates = fields.take(PLACE, SEQUENCE)?;
        let subject = fields.take(PLACE, SEQUENCE)?.whole;
        let key = RsaKey::parse(&fields.take(PLACE, SEQUENCE)?)?;
        // Identifiers of issuer and subject, which nobody uses.
        fields.take_if(PLACE, 0x81)?;
        fields.take_if(PLACE, 0x82)?;
        let extensions = match fields.take_if(PLACE, tagged(3))? {
            Some(extensions) => Extensions::parse(&extensions)?,
            None => Extensions::default(),
        };
        fields.finish(PLACE)?;
        Ok(Self {
            signed: signed.whole,
            signature,
            algorithm,
            serial,
            issuer,
            subject,
            key,
            extensions,
        })
    }

    /// Tells whether the holder of `key` signed this certificate.
    pub(super) fn is_signed_by(&self, key: &RsaKey) -> bool {
        key.has_signed(self.algorithm, self.signed, self.signature)
    }

    /// Tells whether it names this purpose for its key.
    pub(super) fn states_purpose(&self, purpose: &[u8]) -> bool {
        let purposes = self.extensions.purposes.as_deref();
        purposes.is_some_and(|purposes| purposes.contains(&purpose))
    }

    /// Returns why this certificate may not issue one for `purpose` with `below` issuers between; `None`
    /// if it may.
    ///
    /// An issuer that names purposes may give no others: without this rule a certificate of another
    /// branch of Microsoft's, forged with an MD5 collision as Flame's was in 2012, would do.
    pub(super) fn refuses_to_issue(&self, purpose: &[u8], below: usize) -> Option<String> {
        if let Some(unknown) = self.refuses_use() {
            return Some(unknown);
        }
        match self.extensions.authority {
            Some((true, None)) => {}
            Some((true, Some(most))) if below <= usize::from(most) => {}
            Some((true, Some(most))) => {
                return Some(format!(
                    "only {most} issuers are allowed below it, not {below}"
                ));
            }
            Some((false, _)) | None => return Some("it may not issue certificates".into()),
        }
        // Bit 5 of keyUsage, keyCertSign. Source: RFC 5280, 4.2.1.3.
        if self
            .extensions
            .key_usage
            .is_some_and(|bits| bits & 0x04 == 0)
        {
            return Some("its key may not sign certificates".into());
        }
        let purposes = self.extensions.purposes.as_ref()?;
        let is_allowed = purposes.contains(&purpose) || purposes.contains(&ANY_PURPOSE);
        (!is_allowed).then(|| format!("it may not issue for {}", dotted(purpose)))
    }

    /// Returns why this certificate may not sign a catalog, whatever the purpose; `None` if it may.
    pub(super) fn refuses_to_sign(&self) -> Option<String> {
        if let Some(unknown) = self.refuses_use() {
            return Some(unknown);
        }
        // Bits 0 and 1, digitalSignature and nonRepudiation. Source: RFC 5280, 4.2.1.3.
        let bits = self.extensions.key_usage;
        let is_refused = bits.is_some_and(|bits| bits & 0xC0 == 0);
        is_refused.then(|| "its key may not sign content".into())
    }

    fn refuses_use(&self) -> Option<String> {
        let unknown = self.extensions.unknown.as_ref()?;
        Some(format!("it depends on {unknown}, which is not known here"))
    }
}

impl<'a> Extensions<'a> {
    fn parse(tagged: &Element<'a>) -> Result<Self, CatalogError> {
        let mut extensions = Self::default();
        let mut seen = Vec::new();
        let mut list = tagged.inside().take(PLACE, SEQUENCE)?.inside();
        while !list.is_empty() {
            let mut fields = list.take(PLACE, SEQUENCE)?.inside();
            let name = fields.take(PLACE, OBJECT_IDENTIFIER)?;
            let is_critical = fields.take_if(PLACE, BOOLEAN)?;
            let is_critical = is_critical.is_some_and(|flag| flag.content != [0]);
            let value = fields.take(PLACE, OCTET_STRING)?;
            fields.finish(PLACE)?;
            let oid = name.content;
            if seen.contains(&oid) {
                let finding = format!("extension {} twice", dotted(oid));
                return Err(name.unexpected(PLACE, finding, "every extension once"));
            }
            seen.push(oid);
            let mut inside = value.inside();
            match oid {
                KEY_USAGE => {
                    let bits = inside.take(PLACE, BIT_STRING)?.content;
                    extensions.key_usage = Some(bits.get(1).copied().unwrap_or(0));
                }
                BASIC_CONSTRAINTS => extensions.authority = Some(authority(inside)?),
                OLD_BASIC_CONSTRAINTS => {
                    let old = old_authority(inside)?;
                    extensions.authority.get_or_insert(old);
                }
                EXTENDED_KEY_USAGE => extensions.purposes = Some(purposes(inside)?),
                _ if is_critical => extensions.unknown = Some(dotted(oid)),
                _ => {}
            }
        }
        Ok(extensions)
    }
}

/// Source: RFC 5280, 4.2.1.9.
fn authority(mut value: Elements<'_>) -> Result<(bool, Option<u8>), CatalogError> {
    let mut fields = value.take(PLACE, SEQUENCE)?.inside();
    let flag = fields.take_if(PLACE, BOOLEAN)?;
    let is_authority = flag.is_some_and(|flag| flag.content != [0]);
    let most = fields.take_if(PLACE, INTEGER)?;
    Ok((is_authority, most.map(small_number)))
}

/// Source: wincrypt.h, `CERT_BASIC_CONSTRAINTS_INFO`: bit 0 of the first field says that it is one.
fn old_authority(mut value: Elements<'_>) -> Result<(bool, Option<u8>), CatalogError> {
    let mut fields = value.take(PLACE, SEQUENCE)?.inside();
    let bits = fields.take(PLACE, BIT_STRING)?.content;
    let is_authority = bits.get(1).is_some_and(|bits| bits & 0x80 != 0);
    let most = fields.take_if(PLACE, INTEGER)?;
    Ok((is_authority, most.map(small_number)))
}

/// Returns a number if it is one byte; what is larger or negative is taken as 0, the strictest.
fn small_number(number: Element<'_>) -> u8 {
    match number.content {
        [number] if *number < 0x80 => *number,
        _ => 0,
    }
}

fn purposes<'a>(mut value: Elements<'a>) -> Result<Vec<&'a [u8]>, CatalogError> {
    let mut list = value.take(PLACE, SEQUENCE)?.inside();
    let mut purposes = Vec::new();
    while !list.is_empty() {
        purposes.push(list.take(PLACE, OBJECT_IDENTIFIER)?.content);
    }
    Ok(purposes)
}

/// Returns the common name in an encoded name, fit for a screen; never empty.
pub(super) fn common_name(name: &[u8]) -> String {
    let found = find_common_name(name).unwrap_or_default();
    let shown = found.chars().filter(|c| !c.is_control());
    let text: String = shown.take(MOST_SHOWN).collect();
    if text.trim().is_empty() {
        return "somebody unnamed".to_owned();
    }
    text
}

/// Characters of a name that are shown; Microsoft's have about 50.
const MOST_SHOWN: usize = 120;

fn find_common_name(name: &[u8]) -> Option<String> {
    let mut sets = Elements::of(name).take(PLACE, SEQUENCE).ok()?.inside();
    while let Ok(set) = sets.take(PLACE, SET) {
        let mut pairs = set.inside();
        while let Ok(pair) = pairs.take(PLACE, SEQUENCE) {
            let mut fields = pair.inside();
            let kind = fields.take(PLACE, OBJECT_IDENTIFIER).ok()?;
            let value = fields.take_any(PLACE).ok()?;
            if kind.content == COMMON_NAME {
                return Some(text_of(&value));
            }
        }
    }
    None
}

/// Returns the text of one of the string types; those of one byte a character are taken as Latin-1,
/// of which ASCII is a part.
pub(super) fn text_of(value: &Element<'_>) -> String {
    match value.tag {
        UTF8_STRING => String::from_utf8_lossy(value.content).into_owned(),
        BMP_STRING => {
            let (units, _) = value.content.as_chunks::<2>();
            let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
            char::decode_utf16(units)
                .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        _ => value.content.iter().copied().map(char::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT_1997: &[u8] = include_bytes!("roots/root-authority-1997.cer");
    const ROOT_2010: &[u8] = include_bytes!("roots/root-ca-2010.cer");

    fn parse(bytes: &[u8]) -> Result<Certificate<'_>, CatalogError> {
        Certificate::parse(&Elements::of(bytes).take(PLACE, SEQUENCE)?)
    }

    #[test]
    fn roots_have_signed_themselves() {
        for (bytes, algorithm) in [
            (ROOT_1997, DigestAlgorithm::Md5),
            (ROOT_2010, DigestAlgorithm::Sha256),
        ] {
            let root = parse(bytes).unwrap();
            assert_eq!(root.algorithm, algorithm);
            assert_eq!(root.issuer, root.subject);
            assert!(root.is_signed_by(&root.key));
        }
        let (old, new) = (parse(ROOT_1997).unwrap(), parse(ROOT_2010).unwrap());
        assert!(!old.is_signed_by(&new.key));
        assert_eq!(common_name(old.subject), "Microsoft Root Authority");
    }

    #[test]
    fn one_changed_byte_is_noticed() {
        for place in (0..ROOT_2010.len()).step_by(7) {
            let mut bytes = ROOT_2010.to_vec();
            bytes[place] ^= 1;
            let is_still_good = parse(&bytes).is_ok_and(|root| root.is_signed_by(&root.key));
            assert!(!is_still_good, "byte {place}");
        }
    }

    #[test]
    fn an_issuer_must_say_that_it_is_one() {
        let purpose = b"\x2b\x06\x01\x04\x01\x82\x37\x0a\x03\x06";
        let new = parse(ROOT_2010).unwrap();
        assert_eq!(new.refuses_to_issue(purpose, 3), None);
        let old = parse(ROOT_1997).unwrap();
        assert_eq!(
            old.refuses_to_issue(purpose, 0).as_deref(),
            Some("it may not issue certificates")
        );
    }

    #[test]
    fn damaged_certificates_never_panic() {
        for length in 0..ROOT_1997.len() {
            assert!(parse(&ROOT_1997[..length]).is_err());
        }
        for place in 0..ROOT_1997.len() {
            for value in [0, 0x30, 0x7F, 0x84, 0xFF] {
                let mut bytes = ROOT_1997.to_vec();
                bytes[place] = value;
                let _ = parse(&bytes).map(|certificate| common_name(certificate.subject));
            }
        }
    }

    #[test]
    fn names_are_fit_for_a_screen() {
        assert_eq!(common_name(b""), "somebody unnamed");
        let mut name = b"\x30\x10\x31\x0e\x30\x0c\x06\x03\x55\x04\x03\x0c\x05a\x1b[2J".to_vec();
        assert_eq!(common_name(&name), "a[2J");
        name[11] = 0x16;
        assert_eq!(common_name(&name), "a[2J");
    }
}
