//! Corrected definitions that a stick carries: what was checked in the office, pinned by digest.

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;

/// A set of definition files that is installed as a whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DefinitionsSet {
    /// Version as the product shows it, for example `5959.0000`.
    pub version: String,
    /// Path of the package on the stick: a zip that holds the members.
    pub package: String,
    /// The files of the set, sorted by name; never empty.
    pub members: Vec<DefinitionsMember>,
}

/// One file of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DefinitionsMember {
    /// File name in the package and on the PC, without a folder.
    pub name: String,
    /// Unpacked size in bytes.
    pub size: u64,
    /// Digest of the unpacked content.
    pub sha256: Sha256Digest,
}

impl DefinitionsSet {
    /// Returns the unpacked size of all members in bytes.
    pub fn unpacked_size(&self) -> u64 {
        self.members
            .iter()
            .fold(0, |sum, member| sum.saturating_add(member.size))
    }
}
