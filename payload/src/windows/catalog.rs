//! Proof of the right file: a catalog on the machine, signed by Microsoft, lists its digest.
//!
//! A catalog says "some genuine file of Windows", not "this file for this place": whoever uses a proof
//! must also check processor, version and name. That a file is not listed says nothing against it, as
//! catalogs may be missing or damaged. Everything is done offline; dates and revocations are not looked
//! at, since the clock of a broken PC cannot be trusted.
//!
//! Catalogs lie on the sick disk, so whatever is in them is refused rather than guessed, and costs a
//! bounded time. No catalog of Windows XP itself was at hand: its form (version 1, SHA-1, links signed
//! with MD5 and SHA-1, the root of 1997) is tried on catalogs that the tests make, and versions 1 and 2
//! on real catalogs of 2015 and 2025.
#![cfg_attr(
    not(test),
    warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)
)]

pub mod algorithm;
mod certificate;
mod der;
pub mod digests;
pub mod members;
pub mod signed_data;
pub mod store;
pub mod trust;

use std::fmt;

use crate::windows::catalog::algorithm::DigestAlgorithm;
use crate::windows::catalog::members::{CatalogMember, parse_members};
use crate::windows::catalog::signed_data::{CatalogSignature, SignedData};
use crate::windows::catalog::trust::{KeyPurpose, Trust};
use crate::windows::path::WindowsPath;

/// What the catalogs of a Windows prove about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A catalog that somebody trusted signed lists it.
    Signed(SignedProof),
    /// No catalog lists it. This says nothing against it.
    NotListed {
        /// How many catalogs were searched.
        searched: usize,
        /// Catalogs that could not be, each with the reason.
        left_out: Vec<String>,
    },
    /// A catalog lists it, but cannot be believed; the text names the catalog and says why.
    Unproven(String),
}

/// A catalog that lists a file, and who stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedProof {
    /// Folder of the catalog.
    pub folder: WindowsPath,
    /// Name of the catalog's file.
    pub catalog: String,
    /// Name that the catalog gives the file, if any.
    pub member: Option<String>,
    /// Windows versions that the catalog says it is for, in Microsoft's notation (`2:5.1`), if any.
    pub windows: Option<String>,
    /// Common name of the signer.
    pub signer: String,
    /// Name of the pinned root.
    pub root: String,
    /// Algorithm of the digest by which the file is listed.
    pub algorithm: DigestAlgorithm,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed(proof) => proof.fmt(f),
            Self::NotListed { searched, left_out } => {
                write!(
                    f,
                    "listed in no catalog of this Windows, {searched} searched"
                )?;
                match left_out.len() {
                    0 => Ok(()),
                    more => write!(f, ", {more} not readable"),
                }
            }
            Self::Unproven(reason) => f.write_str(reason),
        }
    }
}

impl fmt::Display for SignedProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (signer, root, catalog) = (&self.signer, &self.root, &self.catalog);
        let algorithm = self.algorithm;
        write!(
            f,
            "signed by {signer} under {root}: {algorithm} in {catalog}"
        )
    }
}

/// Why a catalog proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// It is not built as a catalog is.
    #[error("{place} at {offset:#x}: {finding}, expected {expectation}")]
    Corrupt {
        /// The part.
        place: &'static str,
        /// Where it lies, in bytes from the start.
        offset: usize,
        /// What is there.
        finding: String,
        /// What should be.
        expectation: &'static str,
    },
    /// It uses something that is not known here.
    #[error("{place}: {finding}, expected {expectation}")]
    Unsupported {
        /// The part.
        place: &'static str,
        /// What it uses.
        finding: String,
        /// What is known.
        expectation: &'static str,
    },
    /// Nobody trusted signed it.
    #[error("{signer}: {finding}, expected {expectation}")]
    Untrusted {
        /// Who is said to have signed it.
        signer: String,
        /// Why that is not believed.
        finding: String,
        /// What would be.
        expectation: &'static str,
    },
    /// Whoever signed it did so for something else.
    #[error("{signer}: signs for {}, expected {expected}", purpose_text(.found))]
    Purpose {
        /// Who signed it.
        signer: String,
        /// What for, if that is known here; drivers make it a driver catalog.
        found: Option<KeyPurpose>,
        /// What it should be for.
        expected: KeyPurpose,
    },
}

fn purpose_text(found: &Option<KeyPurpose>) -> String {
    match found {
        Some(purpose) => purpose.to_string(),
        None => "something else".to_owned(),
    }
}

/// A catalog: a list of files and a signature over it. Parsed, not yet believed.
#[derive(Clone, Debug)]
pub struct Catalog<'a> {
    signed_data: SignedData<'a>,
    members: Vec<CatalogMember>,
}

impl<'a> Catalog<'a> {
    /// Reads a catalog from the content of its file.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, CatalogError> {
        let signed_data = SignedData::parse(bytes)?;
        let members = parse_members(&signed_data.list)?;
        Ok(Self {
            signed_data,
            members,
        })
    }

    /// Returns the files that it lists.
    pub fn members(&self) -> &[CatalogMember] {
        &self.members
    }

    /// Checks that somebody trusted signed it, and returns who.
    pub fn verify(&self, trust: &Trust) -> Result<CatalogSignature, CatalogError> {
        self.signed_data.verify(trust)
    }
}

#[cfg(test)]
mod tests;
