//! A key bundle: the recovery passwords of a site, by the ids that Windows' recovery screen shows.
//!
//! On the stick it lies only as an age file ([`crate::age_file`]) under the site's passphrase. Opened, it stays
//! in memory that is wiped, and passwords are borrowed from there, never copied.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::guid::Guid;
use crate::recovery_password::RecoveryPassword;

/// The schema that this version writes. Every number ever shipped is read.
pub const KEY_BUNDLE_SCHEMA: u32 = 1;

/// Keys by id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeyBundle<'a> {
    /// [`KEY_BUNDLE_SCHEMA`] of the version that wrote it.
    pub schema: u32,
    /// The keys, sorted by id.
    #[serde(borrow)]
    pub keys: Vec<BundledKey<'a>>,
}

/// A key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BundledKey<'a> {
    /// Id of the key protector.
    pub id: Guid,
    /// Its recovery password, with dashes.
    pub password: &'a str,
    /// The computer that it is of, if the list said so.
    #[serde(borrow)]
    pub computer: Option<Cow<'a, str>>,
}

/// Why a bundle cannot be used. Says nothing of what is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyBundleError {
    /// Not the JSON of a bundle.
    #[error("key bundle: not as mendkit writes it, at line {line}, column {column}")]
    Syntax {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// Written by a newer mendkit.
    #[error("key bundle: schema is {0}, this version reads {KEY_BUNDLE_SCHEMA}")]
    Schema(u32),
}

impl<'a> KeyBundle<'a> {
    /// Parses the JSON of a bundle.
    pub fn parse(text: &'a [u8]) -> Result<Self, KeyBundleError> {
        #[derive(Deserialize)]
        struct AnySchema {
            schema: u32,
        }
        // serde's own words quote what they found, which may be a key.
        let syntax = |error: serde_json::Error| KeyBundleError::Syntax {
            line: error.line(),
            column: error.column(),
        };
        let AnySchema { schema } = serde_json::from_slice(text).map_err(syntax)?;
        if schema != KEY_BUNDLE_SCHEMA {
            return Err(KeyBundleError::Schema(schema));
        }
        serde_json::from_slice(text).map_err(syntax)
    }

    /// Returns the key of the first of `ids` that is in the bundle and whose password is one.
    pub fn find(&self, ids: &[Guid]) -> Option<(Guid, RecoveryPassword)> {
        ids.iter().find_map(|id| {
            let key = self.keys.iter().find(|key| key.id == *id)?;
            Some((*id, RecoveryPassword::parse(key.password).ok()?))
        })
    }
}

impl fmt::Debug for KeyBundle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyBundle({} secret keys)", self.keys.len())
    }
}

impl fmt::Debug for BundledKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BundledKey({}, secret)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA_1: &str = include_str!("../fixtures/key-bundle-1.json");

    #[test]
    fn reads_every_schema_ever_shipped() {
        let bundle = KeyBundle::parse(SCHEMA_1.as_bytes()).unwrap();
        let id = Guid::parse("64311dea-4587-4029-924a-ba299647998e").unwrap();
        let (found, password) = bundle.find(&[Guid([0; 16]), id]).unwrap();
        assert_eq!(found, id);
        assert!(password.to_text().starts_with("235818-"));
        assert_eq!(bundle.keys[1].computer.as_deref(), Some("DÉPÔT \"3\""));
        assert_eq!(bundle.find(&[Guid([0; 16])]), None);
        assert_eq!(format!("{bundle:?}"), "KeyBundle(2 secret keys)");
        let mut text = serde_json::to_string_pretty(&bundle).unwrap();
        text.push('\n');
        assert_eq!(text, SCHEMA_1);
    }

    #[test]
    fn refuses_others_without_quoting_them() {
        let newer = SCHEMA_1.replace("\"schema\": 1", "\"schema\": 2");
        let refused = KeyBundle::parse(newer.as_bytes());
        assert_eq!(refused, Err(KeyBundleError::Schema(2)));
        let odd = SCHEMA_1.replace(
            "\"password\": \"235818",
            "\"password\": 235818, \"x\": \"235818",
        );
        let text = KeyBundle::parse(odd.as_bytes()).unwrap_err().to_string();
        assert!(
            text.contains("line 6") && !text.contains("235818"),
            "{text}"
        );
    }
}
