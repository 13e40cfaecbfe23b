//! The list inside a catalog: digests of files, with what the catalog says of each.
//!
//! ```text
//! SEQUENCE   usage (a list of catalogs) · identifier · time · version of the list (1 or 2)
//!            SEQUENCE of members · [0] attributes of the catalog
//! member     OCTET STRING  its tag: version 1 the digest as hexadecimal text in UTF-16, version 2 as it is
//!            SET of attributes: digest and its algorithm · name and value ("File", "OSAttr") · others
//! ```
//!
//! Source: Microsoft, mscat.h and wincrypt.h (`CTL_INFO`), and "Windows Authenticode Portable Executable
//! Signature Format", `SpcIndirectDataContent`.

use super::CatalogError;
use super::algorithm::DigestAlgorithm;
use super::certificate::text_of;
use super::der::{
    BMP_STRING, Element, GENERALIZED_TIME, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET,
    UTC_TIME, dotted, tagged,
};

/// Use of a list: catalogs. Source of this and the next four: wintrust.h and mscat.h,
/// `szOID_CATALOG_LIST`, `szOID_CATALOG_LIST_MEMBER`, `szOID_CATALOG_LIST_MEMBER2`,
/// `SPC_INDIRECT_DATA_OBJID`, `CAT_NAMEVALUE_OBJID`.
const CATALOG_LIST: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x0c\x01\x01";
const LIST_VERSION_1: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x0c\x01\x02";
const LIST_VERSION_2: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x0c\x01\x03";
const INDIRECT_DATA: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x04";
const NAME_AND_VALUE: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x0c\x02\x01";

/// One file that a catalog lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogMember {
    /// Digest of the file, with its algorithm; some members have none and vouch for nothing.
    pub digest: Option<(DigestAlgorithm, Vec<u8>)>,
    /// Names and values that the catalog gives it, in its order: `File`, `OSAttr` and others.
    pub attributes: Vec<(String, String)>,
}

impl CatalogMember {
    /// Returns the value of an attribute, its name compared without regard to case.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let found = attributes.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the name that the catalog gives the file, if any: version 1 says `File`, version 2 a path
    /// in the component store as `Hint`.
    pub fn file_name(&self) -> Option<&str> {
        let hint = || self.attribute("Hint")?.rsplit('\\').next();
        let name = self.attribute("File").or_else(hint)?.trim();
        (!name.is_empty()).then_some(name)
    }
}

/// Reads the members of a list.
pub(super) fn parse_members(list: &Element<'_>) -> Result<Vec<CatalogMember>, CatalogError> {
    let place = "catalog list";
    let mut fields = list.inside();
    fields.take_if(place, INTEGER)?;
    let usage = fields.take(place, SEQUENCE)?;
    let use_oid = usage.inside().take(place, OBJECT_IDENTIFIER)?.content;
    if use_oid != CATALOG_LIST {
        let finding = format!("a list for {}", dotted(use_oid));
        return Err(usage.unexpected(place, finding, "a list of catalog members"));
    }
    fields.take_if(place, OCTET_STRING)?;
    fields.take_if(place, INTEGER)?;
    for tag in [UTC_TIME, GENERALIZED_TIME, UTC_TIME, GENERALIZED_TIME] {
        fields.take_if(place, tag)?;
    }
    let version = fields.take(place, SEQUENCE)?;
    let version_oid = version.inside().take(place, OBJECT_IDENTIFIER)?.content;
    let read_tag = match version_oid {
        LIST_VERSION_1 => digest_of_text_tag,
        LIST_VERSION_2 => digest_of_plain_tag,
        other => {
            return Err(CatalogError::Unsupported {
                place,
                finding: format!("member kind {}", dotted(other)),
                expectation: "version 1 or 2",
            });
        }
    };
    let mut members = Vec::new();
    // A catalog may list nothing at all.
    if let Some(subjects) = fields.take_if(place, SEQUENCE)? {
        let mut subjects = subjects.inside();
        while !subjects.is_empty() {
            members.push(parse_member(&subjects.take("member", SEQUENCE)?, read_tag)?);
        }
    }
    fields.take_if(place, tagged(0))?;
    fields.finish(place)?;
    Ok(members)
}

type ReadTag = fn(&[u8]) -> Option<(DigestAlgorithm, Vec<u8>)>;

fn parse_member(member: &Element<'_>, read_tag: ReadTag) -> Result<CatalogMember, CatalogError> {
    let place = "member";
    let mut fields = member.inside();
    let tag = fields.take(place, OCTET_STRING)?.content;
    let mut parsed = CatalogMember::default();
    if let Some(attributes) = fields.take_if(place, SET)? {
        let mut attributes = attributes.inside();
        while !attributes.is_empty() {
            let mut pair = attributes.take(place, SEQUENCE)?.inside();
            let kind = pair.take(place, OBJECT_IDENTIFIER)?.content;
            let mut values = pair.take(place, SET)?.inside();
            match kind {
                INDIRECT_DATA => {
                    let data = values.take(place, SEQUENCE)?;
                    let digest = parse_indirect_data(&data)?;
                    if parsed.digest.replace(digest).is_some() {
                        let finding = "a second digest";
                        return Err(data.unexpected(place, finding, "one digest a member"));
                    }
                }
                NAME_AND_VALUE => {
                    let pair = parse_name_and_value(&values.take(place, SEQUENCE)?)?;
                    parsed.attributes.push(pair);
                }
                _ => {}
            }
        }
    }
    fields.finish(place)?;
    if parsed.digest.is_none() {
        parsed.digest = read_tag(tag);
    }
    Ok(parsed)
}

/// Reads what kind of content was digested, which does not matter here, and the digest.
fn parse_indirect_data(data: &Element<'_>) -> Result<(DigestAlgorithm, Vec<u8>), CatalogError> {
    let place = "digest of a member";
    let mut fields = data.inside();
    fields.take(place, SEQUENCE)?;
    let mut digest = fields.take(place, SEQUENCE)?.inside();
    let algorithm = DigestAlgorithm::parse(place, &digest.take(place, SEQUENCE)?)?;
    let value = digest.take(place, OCTET_STRING)?.content;
    Ok((algorithm, value.to_vec()))
}

fn parse_name_and_value(pair: &Element<'_>) -> Result<(String, String), CatalogError> {
    let place = "attribute of a member";
    let mut fields = pair.inside();
    let name = text_of(&fields.take(place, BMP_STRING)?);
    fields.take(place, INTEGER)?;
    let value = fields.take(place, OCTET_STRING)?.content;
    let (units, _) = value.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let value = String::from_utf16_lossy(&units);
    Ok((name, value.trim_end_matches('\0').to_owned()))
}

/// Version 1: 40 hexadecimal digits in UTF-16 and a final 0. Other texts are allowed and no digest.
fn digest_of_text_tag(tag: &[u8]) -> Option<(DigestAlgorithm, Vec<u8>)> {
    let (units, _) = tag.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let text = String::from_utf16(&units).ok()?;
    digest_of_plain_tag(&hex::decode(text.trim_end_matches('\0')).ok()?)
}

/// Version 2: the digest itself, whose length tells the algorithm.
fn digest_of_plain_tag(tag: &[u8]) -> Option<(DigestAlgorithm, Vec<u8>)> {
    let algorithm = match tag.len() {
        20 => DigestAlgorithm::Sha1,
        32 => DigestAlgorithm::Sha256,
        _ => return None,
    };
    Some((algorithm, tag.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_both_versions_are_digests() {
        let text = "00112233445566778899AABBCCDDEEFF00112233\0";
        let tag: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let (algorithm, digest) = digest_of_text_tag(&tag).unwrap();
        assert_eq!(algorithm, DigestAlgorithm::Sha1);
        assert_eq!(digest[..4], [0x00, 0x11, 0x22, 0x33]);
        assert_eq!(digest_of_text_tag(b"s\0v\0c\0\0\0"), None);
        assert_eq!(
            digest_of_plain_tag(&[7; 32]),
            Some((DigestAlgorithm::Sha256, vec![7; 32]))
        );
        assert_eq!(digest_of_plain_tag(&[7; 31]), None);
    }
}
