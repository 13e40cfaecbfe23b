//! What can be wrong with a store.

use std::path::PathBuf;

use super::STORE_SCHEMA;

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite does not get along with the file.
    #[error("{}: {source}", path.display())]
    Sql {
        /// The store.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// Written by a newer mendkit.
    #[error("{}: schema {found}, this version reads {STORE_SCHEMA}", path.display())]
    Schema {
        /// The store.
        path: PathBuf,
        /// The number found.
        found: u32,
    },
    /// A row is not as it was written.
    #[error("{}: report {id}: {finding}", path.display())]
    Row {
        /// The store.
        path: PathBuf,
        /// Number of the row.
        id: i64,
        /// What is there.
        finding: String,
    },
}
