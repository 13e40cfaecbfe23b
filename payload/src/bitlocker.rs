//! BitLocker: what a locked volume says of itself without a key, and how a key that somebody has becomes the
//! one that its sectors are encrypted with.
//!
//! ```text
//! recovery password ─stretch─┐
//! startup key (.BEK) ────────┼─> key of a protector ─AES-CCM─> master key ─AES-CCM─> volume key ─> sectors
//! clear key (suspended) ─────┘
//! ```
//! Sectors are not decrypted here: the kernel's `dm-crypt` does that, by the table that [`segments`] plans.
//! Nothing is ever written to BitLocker's own metadata, and no protector is made, changed or removed.
//!
//! Source: libbde, "BitLocker Drive Encryption (BDE) format"; held against volumes that Windows 7 to 11 made
//! (cryptsetup's `tests/bitlk-images.tar.xz`).

pub mod cipher;
pub mod entry;
pub mod first_sector;
pub mod keys;
pub mod metadata;
pub mod protector;
pub mod segments;
pub mod startup_key;

#[cfg(test)]
pub(crate) mod fixture;

/// Why BitLocker's metadata, or a key, cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BitLockerError {
    /// Not as the format has it.
    #[error("{place}: {finding}, expected {expectation}")]
    Corrupt {
        /// Where.
        place: &'static str,
        /// What is there.
        finding: String,
        /// What should be.
        expectation: &'static str,
    },
    /// A form that is known, and not opened here; the text says what helps.
    #[error("{0}")]
    Unsupported(String),
    /// The key is not the one of this protector.
    #[error("the key does not fit this volume")]
    WrongKey,
    /// The disk cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Returns an error about a place in the metadata.
pub(crate) fn corrupt(
    place: &'static str,
    finding: impl Into<String>,
    expectation: &'static str,
) -> BitLockerError {
    BitLockerError::Corrupt {
        place,
        finding: finding.into(),
        expectation,
    }
}
