//! The hash of content, as a type.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// SHA-256 of some content. Written everywhere as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Digest(pub [u8; 32]);

impl Sha256Digest {
    /// Returns the digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Returns the first four and the last two digits, for a line on a screen.
    pub fn short(&self) -> String {
        let text = self.to_string();
        let (head, tail) = (text.get(..4), text.get(62..));
        format!("{}…{}", head.unwrap_or_default(), tail.unwrap_or_default())
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not 64 hexadecimal digits.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a SHA-256: 64 hexadecimal digits expected")]
pub struct DigestSyntax {
    found: String,
}

impl FromStr for Sha256Digest {
    type Err = DigestSyntax;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| DigestSyntax {
            found: text.to_owned(),
        })?;
        Ok(Self(bytes))
    }
}

impl Serialize for Sha256Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_of_nothing_is_the_published_one() {
        let expect = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Sha256Digest::of(b"").to_string(), expect);
        assert_eq!(expect.parse(), Ok(Sha256Digest::of(b"")));
        assert_eq!(Sha256Digest::of(b"").short(), "e3b0…55");
    }

    #[test]
    fn refuses_a_text_of_the_wrong_length() {
        let found = "e3b0".parse::<Sha256Digest>().unwrap_err().to_string();
        assert_eq!(
            found,
            "\"e3b0\" is not a SHA-256: 64 hexadecimal digits expected"
        );
    }
}
