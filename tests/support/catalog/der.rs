//! Writes DER. Source: ITU-T X.690, 8 and 10.

/// Returns an element with this tag and content.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length @ 0..=0x7F) => bytes.push(length),
        _ => {
            let digits = content.len().to_be_bytes();
            let zeros = digits.iter().take_while(|digit| **digit == 0).count();
            let digits = &digits[zeros..];
            // At most 8 digits, whatever the length.
            bytes.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
            bytes.extend_from_slice(digits);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

/// A SEQUENCE of elements.
pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// A SET, in the order given; DER's order is that of the encodings, which callers keep where it matters.
pub(super) fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x31, &parts.concat())
}

/// `[number]` around elements.
pub(super) fn tagged(number: u8, content: &[u8]) -> Vec<u8> {
    element(0xA0 | number, content)
}

/// `[number]` in place of an element's own tag.
pub(super) fn implicit(number: u8, content: &[u8]) -> Vec<u8> {
    element(
        if content.is_empty() { 0x80 } else { 0xA0 } | number,
        content,
    )
}

/// An INTEGER that is not negative, from its bytes.
pub(super) fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = &bytes[zeros..];
    let sign: &[u8] = match digits.first() {
        Some(0..=0x7F) => &[],
        _ => &[0],
    };
    element(0x02, &[sign, digits].concat())
}

/// A small INTEGER.
pub(super) fn number(number: u32) -> Vec<u8> {
    integer(&number.to_be_bytes())
}

/// A BOOLEAN that is true.
pub(super) fn boolean() -> Vec<u8> {
    element(0x01, &[0xFF])
}

/// An OCTET STRING.
pub(super) fn octets(bytes: &[u8]) -> Vec<u8> {
    element(0x04, bytes)
}

/// A BIT STRING of whole bytes.
pub(super) fn bits(bytes: &[u8]) -> Vec<u8> {
    element(0x03, &[&[0], bytes].concat())
}

/// A UTF8String.
pub(super) fn text(text: &str) -> Vec<u8> {
    element(0x0C, text.as_bytes())
}

/// A BMPString.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    element(0x1E, &units)
}

/// A UTCTime, as text.
pub(super) fn time(text: &str) -> Vec<u8> {
    element(0x17, text.as_bytes())
}

/// An OBJECT IDENTIFIER as people write it; what is no number counts as 0.
pub(super) fn oid(dotted: &str) -> Vec<u8> {
    let mut numbers = dotted.split('.').map(|part| part.parse().unwrap_or(0_u32));
    let first = numbers.next().unwrap_or(0) * 40 + numbers.next().unwrap_or(0);
    let mut bytes = Vec::new();
    for number in [first].into_iter().chain(numbers) {
        for shift in [28, 21, 14, 7] {
            if number >> shift != 0 {
                bytes.push(0x80 | low_seven(number >> shift));
            }
        }
        bytes.push(low_seven(number));
    }
    element(0x06, &bytes)
}

fn low_seven(number: u32) -> u8 {
    let [low, ..] = number.to_le_bytes();
    low & 0x7F
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_as_short_as_can_be() {
        assert_eq!(number(0x80), [0x02, 0x02, 0x00, 0x80]);
        assert_eq!(number(0), [0x02, 0x01, 0x00]);
        assert_eq!(octets(&[1; 0x80])[..3], [0x04, 0x81, 0x80]);
        assert_eq!(octets(&[1; 0x1234])[..4], [0x04, 0x82, 0x12, 0x34]);
        assert_eq!(
            oid("1.2.840.113549.1.7.2"),
            b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
        );
    }
}
