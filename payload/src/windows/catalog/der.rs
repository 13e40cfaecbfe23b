//! DER, the encoding of catalogs and certificates: tag, length, content, and so on inside.
//!
//! Reads whole elements with their place in the file, so that what is signed can be hashed as it lies,
//! never as we would write it. Indefinite and longer than necessary lengths and tags of several bytes are
//! refused: nothing in a catalog needs them. Source: ITU-T X.690, 8.1 and 10.1.

use super::CatalogError;

/// Tag of an INTEGER. Source of all tags: ITU-T X.690, 8; bit 0x20 says that elements are inside.
pub(super) const INTEGER: u8 = 0x02;
/// Tag of a BIT STRING.
pub(super) const BIT_STRING: u8 = 0x03;
/// Tag of an OCTET STRING.
pub(super) const OCTET_STRING: u8 = 0x04;
/// Tag of an OBJECT IDENTIFIER.
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
/// Tag of a BOOLEAN.
pub(super) const BOOLEAN: u8 = 0x01;
/// Tag of a UTF8String.
pub(super) const UTF8_STRING: u8 = 0x0C;
/// Tag of a UTCTime.
pub(super) const UTC_TIME: u8 = 0x17;
/// Tag of a GeneralizedTime.
pub(super) const GENERALIZED_TIME: u8 = 0x18;
/// Tag of a BMPString: text in UTF-16, big-endian.
pub(super) const BMP_STRING: u8 = 0x1E;
/// Tag of a SEQUENCE.
pub(super) const SEQUENCE: u8 = 0x30;
/// Tag of a SET.
pub(super) const SET: u8 = 0x31;

/// Returns the tag `[number]` of an element with elements inside.
pub(super) const fn tagged(number: u8) -> u8 {
    0xA0 | (number & 0x1F)
}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    /// Its tag.
    pub(super) tag: u8,
    /// Tag, length and content as they lie.
    pub(super) whole: &'a [u8],
    /// The content alone.
    pub(super) content: &'a [u8],
    /// Offset of the tag from the start of what was given to [`Elements::of`].
    pub(super) offset: usize,
}

impl<'a> Element<'a> {
    /// Returns the elements inside.
    pub(super) fn inside(&self) -> Elements<'a> {
        let head = self.whole.len().saturating_sub(self.content.len());
        Elements {
            rest: self.content,
            offset: self.offset.saturating_add(head),
        }
    }

    /// Returns the error that this element, at this place, is not what it should be.
    pub(super) fn unexpected(
        &self,
        place: &'static str,
        finding: impl Into<String>,
        expectation: &'static str,
    ) -> CatalogError {
        CatalogError::Corrupt {
            place,
            offset: self.offset,
            finding: finding.into(),
            expectation,
        }
    }
}

/// Elements that follow each other.
#[derive(Clone, Debug)]
pub(super) struct Elements<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Elements<'a> {
    /// Reads from the start of some bytes.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            offset: 0,
        }
    }

    /// Tells whether none is left.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Returns the tag of the next element.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes the next element, whatever it is. `place` names it in errors.
    pub(super) fn take_any(&mut self, place: &'static str) -> Result<Element<'a>, CatalogError> {
        let corrupt = |finding: String, expectation| CatalogError::Corrupt {
            place,
            offset: self.offset,
            finding,
            expectation,
        };
        let [tag, first, ..] = *self.rest else {
            let finding = format!("{} bytes are left", self.rest.len());
            return Err(corrupt(finding, "a tag and a length"));
        };
        if tag & 0x1F == 0x1F {
            return Err(corrupt(format!("tag {tag:#04x}"), "a tag of one byte"));
        }
        let (head, length) = match first {
            0..=0x7F => (2_usize, usize::from(first)),
            0x81..=0x84 => {
                let digits = usize::from(first & 0x0F);
                let head = digits.saturating_add(2);
                let Some(length) = self.rest.get(2..head).and_then(long_length) else {
                    let finding = format!("length of {digits} bytes, cut off or too long");
                    return Err(corrupt(finding, "the shortest form"));
                };
                (head, length)
            }
            _ => {
                let finding = format!("length begins with {first:#04x}");
                return Err(corrupt(finding, "a definite length below 4 GiB"));
            }
        };
        let end = head.saturating_add(length);
        let (Some(whole), Some(content)) = (self.rest.get(..end), self.rest.get(head..end)) else {
            let finding = format!("{length} bytes, but {} are left", self.rest.len());
            return Err(corrupt(finding, "an element inside its surroundings"));
        };
        let element = Element {
            tag,
            whole,
            content,
            offset: self.offset,
        };
        self.rest = self.rest.get(end..).unwrap_or_default();
        self.offset = self.offset.saturating_add(end);
        Ok(element)
    }

    /// Takes the next element, which must have this tag.
    pub(super) fn take(
        &mut self,
        place: &'static str,
        tag: u8,
    ) -> Result<Element<'a>, CatalogError> {
        let element = self.take_any(place)?;
        if element.tag != tag {
            let finding = format!("tag {:#04x}", element.tag);
            return Err(element.unexpected(place, finding, tag_name(tag)));
        }
        Ok(element)
    }

    /// Takes the next element if it has this tag.
    pub(super) fn take_if(
        &mut self,
        place: &'static str,
        tag: u8,
    ) -> Result<Option<Element<'a>>, CatalogError> {
        match self.peek() {
            Some(found) if found == tag => self.take_any(place).map(Some),
            _ => Ok(None),
        }
    }

    /// Checks that nothing is left.
    pub(super) fn finish(self, place: &'static str) -> Result<(), CatalogError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(CatalogError::Corrupt {
            place,
            offset: self.offset,
            finding: format!("{} bytes more", self.rest.len()),
            expectation: "its end",
        })
    }
}

/// Returns a length from its digits if it could not be written shorter.
fn long_length(digits: &[u8]) -> Option<usize> {
    let mut bytes = [0; 4];
    let start = bytes.len().checked_sub(digits.len())?;
    bytes.get_mut(start..)?.copy_from_slice(digits);
    let is_shortest =
        digits.first() != Some(&0) && (digits.len() > 1 || digits.first() >= Some(&0x80));
    is_shortest.then(|| usize::try_from(u32::from_be_bytes(bytes)).ok())?
}

fn tag_name(tag: u8) -> &'static str {
    match tag {
        INTEGER => "an INTEGER",
        BIT_STRING => "a BIT STRING",
        OCTET_STRING => "an OCTET STRING",
        OBJECT_IDENTIFIER => "an OBJECT IDENTIFIER",
        BOOLEAN => "a BOOLEAN",
        BMP_STRING => "a BMPString",
        SEQUENCE => "a SEQUENCE",
        SET => "a SET",
        0xA0 => "the tag [0]",
        0xA3 => "the tag [3]",
        _ => "another tag",
    }
}

/// Returns an object identifier as people write it. Source: ITU-T X.690, 8.19.
pub(super) fn dotted(oid: &[u8]) -> String {
    let mut parts = Vec::new();
    let mut part = 0_u64;
    for byte in oid {
        part = part.wrapping_shl(7) | u64::from(byte & 0x7F);
        if byte & 0x80 != 0 {
            continue;
        }
        if parts.is_empty() {
            // The first two numbers share one, as 40 times the first plus the second.
            let first = (part / 40).min(2);
            parts.push(first.to_string());
            part = part.saturating_sub(first.saturating_mul(40));
        }
        parts.push(part.to_string());
        part = 0;
    }
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check_refused(bytes: &[u8], message: Expect) {
        let error = Elements::of(bytes).take("member", SEQUENCE).unwrap_err();
        message.assert_eq(&error.to_string());
    }

    #[test]
    fn takes_nested_elements_and_knows_where_they_lie() {
        let bytes = [0x30, 0x06, 0x02, 0x01, 0x05, 0x04, 0x01, 0xAA];
        let mut elements = Elements::of(&bytes);
        let sequence = elements.take("outer", SEQUENCE).unwrap();
        elements.finish("outer").unwrap();
        let mut inside = sequence.inside();
        assert_eq!(inside.take("number", INTEGER).unwrap().content, [5]);
        assert_eq!(inside.take_if("flag", BOOLEAN).unwrap(), None);
        let text = inside.take("text", OCTET_STRING).unwrap();
        assert_eq!((text.offset, text.whole), (5, &bytes[5..]));
        assert!(inside.is_empty());
    }

    #[test]
    fn takes_lengths_of_several_bytes() {
        let bytes = [&[0x04, 0x82, 0x01, 0x00][..], &[7; 256]].concat();
        let element = Elements::of(&bytes).take("text", OCTET_STRING).unwrap();
        assert_eq!(element.content, [7; 256]);
    }

    #[test]
    fn refuses_what_der_does_not_know() {
        check_refused(
            &[],
            expect!["member at 0x0: 0 bytes are left, expected a tag and a length"],
        );
        check_refused(
            &[0x30, 0x80, 0, 0],
            expect![
                "member at 0x0: length begins with 0x80, expected a definite length below 4 GiB"
            ],
        );
        check_refused(
            &[0x30, 0x81, 0x01, 0],
            expect![
                "member at 0x0: length of 1 bytes, cut off or too long, expected the shortest form"
            ],
        );
        check_refused(
            &[0x3F, 0x01, 0],
            expect!["member at 0x0: tag 0x3f, expected a tag of one byte"],
        );
        check_refused(
            &[0x30, 0x05, 0],
            expect![
                "member at 0x0: 5 bytes, but 3 are left, expected an element inside its surroundings"
            ],
        );
        check_refused(
            &[0x04, 0x00],
            expect!["member at 0x0: tag 0x04, expected a SEQUENCE"],
        );
    }

    #[test]
    fn object_identifiers_read_as_people_write_them() {
        assert_eq!(
            dotted(&[0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x0A, 0x03, 0x06]),
            "1.3.6.1.4.1.311.10.3.6"
        );
        assert_eq!(dotted(&[0x55, 0x1D, 0x25]), "2.5.29.37");
        assert_eq!(dotted(&[0x88, 0x37]), "2.999");
    }
}
