//! Changes a registry file in memory: sets, adds and removes values, makes and removes keys.
//!
//! Only a hive that is whole is changed (see [`audit`](crate::hive::audit)), and it leaves only if it is
//! whole afterwards. What is not asked for stays as it is: flags of any meaning, security descriptors,
//! the order of values, the content of free cells. A change that is already there changes nothing, not
//! even a time, so that a second run leaves the same bytes.
//!
//! Keys are not renamed here, and security descriptors are never made: a new key shares its parent's. After an error the hive may be half changed; [`HiveEditor::finish`] then refuses it.
//!
//! Writing the file, and emptying the transaction logs beside it, is the caller's.

use crate::hive::base_block::{self, BASE_BLOCK_SIZE};
use crate::hive::cell::CellOffset;
use crate::hive::edit::allocate::FreeCells;
use crate::hive::key::{FileTime, IS_HANDLE, IS_LINK, Key, RawKey};
use crate::hive::value::ValueType;
use crate::hive::{Hive, HiveError, MAX_DEPTH};

mod allocate;
mod names;
mod remove;
mod subkeys;
#[cfg(test)]
mod tests;
mod values;

/// Where the first bin keeps a copy of the time in the base block. Source: specification, "Hive bin".
const TIME_IN_FIRST_BIN: usize = BASE_BLOCK_SIZE + 20;

/// A registry file that is being changed.
#[derive(Debug)]
pub struct HiveEditor {
    hive: Hive,
    free_cells: FreeCells,
    now: FileTime,
    is_changed: bool,
}

/// Why a registry file cannot be changed, or not so.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The file is not whole, so that a change might do harm.
    #[error("registry file is not whole (findings: {count}): {first}")]
    NotWhole {
        /// The first finding of the audit.
        first: String,
        /// Number of findings.
        count: usize,
    },
    /// The file is not whole after the change: the change is to be thrown away.
    #[error("changed registry file is not whole (findings: {count}): {first}")]
    Damaged {
        /// The first finding of the audit.
        first: String,
        /// Number of findings.
        count: usize,
    },
    /// A key that is not there.
    #[error("key {path}: not there, expected an existing key")]
    MissingKey {
        /// Path from the root.
        path: String,
    },
    /// A key that does not hold what its place suggests.
    #[error("key {path}: {finding}, expected a key with values of its own")]
    SpecialKey {
        /// Path from the root.
        path: String,
        /// What it is.
        finding: &'static str,
    },
    /// A key that more than its values would go with.
    #[error("key {path}: {finding}, expected one without subkeys below the root")]
    KeyInUse {
        /// Path from the root.
        path: String,
        /// What it is.
        finding: &'static str,
    },
    /// A name that Windows would not accept, or not find again.
    #[error("name {name:?}: {finding}, expected {expectation}")]
    Name {
        /// The name.
        name: String,
        /// What it is.
        finding: String,
        /// What would be right.
        expectation: &'static str,
    },
    /// Data that does not fit.
    #[error("data of value {name:?}: {size} bytes, expected at most {most} in version 1.{minor}")]
    TooLarge {
        /// Name of the value.
        name: String,
        /// Bytes of the data.
        size: usize,
        /// Bytes that fit.
        most: usize,
        /// Minor version of the hive.
        minor: u32,
    },
    /// A hive that cannot grow any more.
    #[error("registry file: bins of {size} bytes, expected less than 2 GiB with {more} bytes more")]
    Full {
        /// Bytes of the bins.
        size: u32,
        /// Bytes that are needed.
        more: usize,
    },
    /// A part that cannot be read.
    #[error(transparent)]
    Hive(#[from] HiveError),
}

impl HiveEditor {
    /// Opens a registry file for changes that are dated `now`. A hive with pending logs must be replayed
    /// first ([`recover`](crate::hive::log::recover)).
    ///
    /// # Errors
    ///
    /// [`EditError::NotWhole`] if an audit finds anything but leaked cells.
    pub fn open(bytes: Vec<u8>, now: FileTime) -> Result<Self, EditError> {
        let hive = Hive::parse(bytes)?;
        let audit = hive.audit();
        if let Some(first) = audit.problems.first().cloned() {
            let count = audit.problems.len();
            return Err(EditError::NotWhole { first, count });
        }
        let free_cells = FreeCells::collect(&hive.cells()?);
        Ok(Self {
            hive,
            free_cells,
            now,
            is_changed: false,
        })
    }

    /// Returns the hive as it is now.
    pub fn hive(&self) -> &Hive {
        &self.hive
    }

    /// Returns whether anything was changed.
    pub fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Makes the key at `path`, relative to the root, and those that lead to it; existing ones stay. New
    /// keys have the security descriptor of the key that they are made in.
    pub fn create_key(&mut self, path: &str) -> Result<(), EditError> {
        let names: Vec<&str> = split_path(path).collect();
        if names.len() > usize::from(MAX_DEPTH) {
            return Err(EditError::Name {
                name: path.chars().take(32).collect(),
                finding: format!("the start of a path {} keys deep", names.len()),
                expectation: "at most 512",
            });
        }
        let mut parent = self.hive.root()?.offset();
        for name in names {
            parent = match self.subkey(parent, name, path)? {
                Some(subkey) => subkey,
                None => self.add_key(parent, name)?,
            };
        }
        Ok(())
    }

    /// Sets the value called `name` of the key at `path`; adds it if it is not there. An empty name is
    /// the key's default value. The key must exist.
    pub fn set_value(
        &mut self,
        path: &str,
        name: &str,
        value_type: ValueType,
        data: &[u8],
    ) -> Result<(), EditError> {
        let key = self.key_with_values(path)?;
        self.set_value_of(key, name, value_type, data)
    }

    /// Removes the value called `name` of the key at `path`; returns whether it was there. The key must
    /// exist.
    pub fn remove_value(&mut self, path: &str, name: &str) -> Result<bool, EditError> {
        let key = self.key_with_values(path)?;
        self.remove_value_of(key, name)
    }

    /// Returns the registry file, clean, with sequence numbers, times and checksum to match; the very
    /// bytes that were opened if nothing was changed.
    ///
    /// # Errors
    ///
    /// [`EditError::Damaged`] if the audit finds anything but leaked cells.
    pub fn finish(mut self) -> Result<Vec<u8>, EditError> {
        if !self.is_changed {
            return Ok(self.hive.bytes);
        }
        let now = self.now.0;
        let time = self.hive.bytes.get_mut(TIME_IN_FIRST_BIN..);
        if let Some(time) = time.and_then(|bytes| bytes.first_chunk_mut::<8>())
            // Windows 10 keeps no times there; what it leaves 0 stays 0.
            && *time != [0; 8]
        {
            *time = now.to_le_bytes();
        }
        base_block::rewrite(&mut self.hive.bytes, |raw| {
            let next = raw.primary_sequence_number.get().wrapping_add(1);
            raw.primary_sequence_number.set(next);
            raw.secondary_sequence_number.set(next);
            if raw.last_written_timestamp.get() != 0 {
                raw.last_written_timestamp.set(now);
            }
        });
        let hive = Hive::parse(self.hive.bytes)?;
        let audit = hive.audit();
        match audit.problems.first().cloned() {
            None => Ok(hive.bytes),
            Some(first) => Err(EditError::Damaged {
                first,
                count: audit.problems.len(),
            }),
        }
    }

    /// Returns the key at `path` if values can be set in it.
    fn key_with_values(&self, path: &str) -> Result<CellOffset, EditError> {
        let mut key = self.hive.root()?.offset();
        for name in split_path(path) {
            let subkey = self.subkey(key, name, path)?;
            key = subkey.ok_or_else(|| EditError::MissingKey {
                path: path.to_owned(),
            })?;
        }
        if self.hive.raw_key(key)?.0.flags.get() & IS_HANDLE != 0 {
            return Err(EditError::SpecialKey {
                path: path.to_owned(),
                finding: "it stands for another key",
            });
        }
        Ok(key)
    }

    /// Returns the subkey called `name`, which lies on the way to `path`. Links are not followed: they
    /// lead to other hives, and what Windows would change lies there.
    fn subkey(
        &self,
        parent: CellOffset,
        name: &str,
        path: &str,
    ) -> Result<Option<CellOffset>, EditError> {
        let parent = Key::read(&self.hive, parent, 0)?;
        let Some(subkey) = parent.subkey(name)? else {
            return Ok(None);
        };
        let at = subkey.offset();
        if self.hive.raw_key(at)?.0.flags.get() & IS_LINK != 0 {
            return Err(EditError::SpecialKey {
                path: path.to_owned(),
                finding: "it is a link to another key, or lies behind one",
            });
        }
        Ok(Some(at))
    }

    /// Changes the head of a key and its time.
    fn change_key(
        &mut self,
        at: CellOffset,
        change: impl FnOnce(&mut RawKey),
    ) -> Result<(), EditError> {
        let now = self.now.0;
        let key = self.hive.structure_mut::<RawKey>(at, "key")?;
        key.last_written_timestamp.set(now);
        change(key);
        self.is_changed = true;
        Ok(())
    }
}

fn split_path(path: &str) -> impl Iterator<Item = &str> {
    path.split('\\').filter(|name| !name.is_empty())
}
