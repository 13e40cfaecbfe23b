//! The bill of materials as it lies on the stick: CycloneDX 1.6 in JSON, as far as it is used here.
//!
//! Source: CycloneDX 1.6, bom-1.6.schema.json. Its names are its own, so this is the one stored format of
//! ours whose keys are not in kebab case.

use serde::{Deserialize, Serialize};

/// Version of the specification.
pub(super) const SPEC_VERSION: &str = "1.6";

/// Property of a component: the path of a file on the stick.
pub(super) const PATH: &str = "mendkit:path";

/// Property of a component: where it comes from, in words.
pub(super) const ORIGIN: &str = "mendkit:origin";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawBom {
    pub(super) bom_format: String,
    pub(super) spec_version: String,
    pub(super) serial_number: String,
    pub(super) version: u32,
    pub(super) metadata: RawMetadata,
    pub(super) components: Vec<RawComponent>,
    pub(super) dependencies: Vec<RawDependency>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawMetadata {
    pub(super) timestamp: String,
    pub(super) tools: RawTools,
    pub(super) component: RawComponent,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawTools {
    pub(super) components: Vec<RawComponent>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawComponent {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(rename = "bom-ref")]
    pub(super) reference: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) hashes: Vec<RawHash>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) licenses: Vec<RawLicence>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) external_references: Vec<RawReference>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) properties: Vec<RawProperty>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHash {
    pub(super) alg: String,
    pub(super) content: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) enum RawLicence {
    Expression(String),
    License { name: String },
}

/// Serialised as an object with one key, as the schema has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReference {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) url: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProperty {
    pub(super) name: String,
    pub(super) value: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawDependency {
    #[serde(rename = "ref")]
    pub(super) reference: String,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) depends_on: Vec<String>,
}

impl RawComponent {
    /// Returns a component with only a name.
    pub(super) fn named(kind: &str, reference: impl Into<String>, name: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            reference: reference.into(),
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// Adds a SHA-256.
    pub(super) fn with_sha256(mut self, sha256: impl ToString) -> Self {
        self.hashes.push(RawHash {
            alg: "SHA-256".to_owned(),
            content: sha256.to_string(),
        });
        self
    }

    /// Adds a property.
    pub(super) fn with_property(mut self, name: &str, value: &str) -> Self {
        self.properties.push(RawProperty {
            name: name.to_owned(),
            value: value.to_owned(),
        });
        self
    }

    /// Returns the value of a property.
    pub(super) fn property(&self, name: &str) -> Option<&str> {
        let mut properties = self.properties.iter();
        let found = properties.find(|property| property.name == name)?;
        Some(&found.value)
    }
}
