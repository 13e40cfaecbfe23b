//! Why parts are not at hand.

use std::io;
use std::path::PathBuf;

use rescue_stick::digest::Sha256Digest;

use crate::parts::apt::AptError;
use crate::parts::deb::DebError;
use crate::parts::lock::LockError;

/// Why the parts could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The lock cannot be used.
    #[error("{path}", path = .path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What is wrong with it.
        source: LockError,
    },
    /// The lock does not name a wanted package.
    #[error("{path}: names no {package} for {architecture}; renew it with --update", path = .path.display())]
    NotLocked {
        /// The lock file.
        path: PathBuf,
        /// The package's name or pattern.
        package: String,
        /// Its architecture.
        architecture: String,
    },
    /// The mirror no longer has the locked version.
    #[error(
        "{part} is locked but no longer on the mirror; lock the newest versions with `mendkit parts fetch --update`, or name a mirror that still has it"
    )]
    Gone {
        /// Package, version and architecture.
        part: String,
    },
    /// The mirror has other content under the locked version.
    #[error(
        "{part}: the mirror offers SHA-256 {found}, the lock says {expected}; find out why, then lock anew with `mendkit parts fetch --update`"
    )]
    Changed {
        /// Package, version and architecture.
        part: String,
        /// The hash offered.
        found: Sha256Digest,
        /// The hash locked.
        expected: Sha256Digest,
    },
    /// The mirror has no such package.
    #[error("the mirror has no {package} for {architecture}")]
    Unknown {
        /// The package's name or pattern.
        package: String,
        /// Its architecture.
        architecture: String,
    },
    /// The folder does not have a locked part.
    #[error(
        "{folder}: none of its .deb files is {part} with SHA-256 {expected}; bring that file, or lock what the folder has with `mendkit parts fetch --update --parts {folder}`", folder = .folder.display()
    )]
    NotInFolder {
        /// The folder.
        folder: PathBuf,
        /// Package, version and architecture.
        part: String,
        /// The hash locked.
        expected: Sha256Digest,
    },
    /// The folder has no such package.
    #[error("{folder}: no .deb file in it is a {package} for {architecture} ({reason})", folder = .folder.display())]
    UnknownInFolder {
        /// The folder.
        folder: PathBuf,
        /// The package's name or pattern.
        package: String,
        /// Its architecture.
        architecture: String,
        /// What it is for.
        reason: String,
    },
    /// A `.deb` of the folder cannot be read.
    #[error("looking at the folder of parts")]
    Deb(#[from] DebError),
    /// Something was downloaded, but not what was asked for.
    #[error("{part} did not arrive: no downloaded file has its SHA-256 {expected}")]
    NotArrived {
        /// Package, version and architecture.
        part: String,
        /// The hash expected.
        expected: Sha256Digest,
    },
    /// The machine is not set up for Debian 12.
    #[error("{folder}: no source of {suite}; name one with {option}", folder = .folder.display())]
    NoMirror {
        /// Where it was looked for.
        folder: PathBuf,
        /// The suite.
        suite: &'static str,
        /// The option that names one.
        option: &'static str,
    },
    /// apt did not do what it was asked.
    #[error("fetching boot parts")]
    Apt(#[from] AptError),
    /// The cache or the lock cannot be read or written.
    #[error("keeping boot parts")]
    Io(#[from] io::Error),
}
