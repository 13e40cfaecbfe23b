//! Reads and changes registry files ("hives"), versions 1.3 to 1.6.
//!
//! [`Hive`] reads. A hive that was not written to its end is read as it lies there and says so
//! ([`Hive::dirty`]), or as Windows would load it ([`Hive::parse_with_logs`]), so that whoever builds on
//! a value can name that as evidence. [`audit`] says whether a hive is whole, [`log`] replays transaction
//! logs, and [`edit`] sets values in a copy in memory; nothing here writes to a file.
//!
//! A hive of a broken PC may hold anything. Every offset is checked, no list may be longer than the
//! file could hold, and no key lies deeper than Windows allows, so a walk ends whatever the file says.
//!
//! ```text
//! 0x0000  base block  "regf", sequence numbers, version, root cell, checksum
//! 0x1000  bins        "hbin" …, filled with cells; a cell is i32 size (negative: in use), content
//!         cells       nk key, lf lh li ri lists of subkeys, vk value, db big data, sk security
//! ```
//!
//! Source of the format: M. Suhanov, "Windows registry file format specification".
#![cfg_attr(
    not(test),
    warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)
)]

use crate::hive::base_block::BaseBlock;
use crate::hive::cell::CellOffset;
use crate::hive::key::Key;

pub mod audit;
pub mod base_block;
pub mod cell;
pub mod edit;
#[cfg(test)]
pub(crate) mod fixture;
pub mod key;
mod list;
pub mod log;
mod marvin;
mod security;
pub mod value;

/// Keys that a path may pass through at most. Source: Microsoft, "Registry element size limits".
pub const MAX_DEPTH: u16 = 512;

/// A registry file in memory.
#[derive(Debug)]
pub struct Hive {
    bytes: Vec<u8>,
    base_block: BaseBlock,
    replayed: Vec<String>,
}

/// Why a registry file, or a part of it, cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HiveError {
    /// The file contradicts its format.
    #[error("{place} at {offset:#x}: {finding}, expected {expectation}")]
    Corrupt {
        /// What should lie there.
        place: &'static str,
        /// Offset in the file.
        offset: u64,
        /// What is there.
        finding: String,
        /// What would be right.
        expectation: &'static str,
    },
    /// A version that is not known.
    #[error("base block at 0x14: version is {major}.{minor}, expected 1.3 to 1.6")]
    Unsupported {
        /// Major version.
        major: u32,
        /// Minor version.
        minor: u32,
    },
    /// A hive that was not written to its end and that no log completes.
    #[error("transaction logs: {reasons}; expected one that completes the hive")]
    NotReplayable {
        /// Why the hive needs a log, and why each one given is none.
        reasons: String,
    },
}

impl Hive {
    /// Parses the base block of a registry file; keys and values are checked when they are read.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, HiveError> {
        let base_block = BaseBlock::parse(&bytes)?;
        Ok(Self {
            bytes,
            base_block,
            replayed: Vec::new(),
        })
    }

    /// Parses a registry file as Windows would load it: with its transaction logs replayed if it was not
    /// written to its end. The logs are those beside it, in the order `.LOG`, `.LOG1`, `.LOG2`.
    ///
    /// # Errors
    ///
    /// As [`log::recover`].
    pub fn parse_with_logs(primary: Vec<u8>, logs: &[Vec<u8>]) -> Result<Self, HiveError> {
        let recovered = log::recover(primary, logs)?;
        let mut hive = Self::parse(recovered.bytes)?;
        hive.replayed = recovered.evidence;
        Ok(hive)
    }

    /// Returns what was replayed to read the hive, a sentence each; empty if nothing was.
    pub fn replayed(&self) -> &[String] {
        &self.replayed
    }

    /// Returns why the file was not written to its end, or `None` if it was.
    pub fn dirty(&self) -> Option<&str> {
        self.base_block.dirty.as_deref()
    }

    /// Returns the root key.
    pub fn root(&self) -> Result<Key<'_>, HiveError> {
        Key::read(self, CellOffset(self.base_block.root_cell), 0)
    }

    /// Returns the key at `path`, which is relative to the root, with `\` between names, in any case.
    /// `None` means that there is no such key.
    pub fn key(&self, path: &str) -> Result<Option<Key<'_>>, HiveError> {
        let mut key = self.root()?;
        for name in path.split('\\').filter(|name| !name.is_empty()) {
            match key.subkey(name)? {
                Some(subkey) => key = subkey,
                None => return Ok(None),
            }
        }
        Ok(Some(key))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;

    use expect_test::expect;
    use regf::writer::HiveBuilder;

    use super::fixture::{made_hive, real_hive, skip};
    use super::*;

    /// Reads every key and value; returns how many keys were read and how many parts could not be.
    fn walk(hive: &Hive) -> (usize, usize) {
        let (mut keys, mut unreadable) = (0, 0);
        let mut open = Vec::from_iter(hive.root());
        while let Some(key) = open.pop() {
            keys += 1;
            match key.values() {
                Ok(values) => {
                    unreadable += values.iter().filter(|value| value.data().is_err()).count();
                }
                Err(_) => unreadable += 1,
            }
            match key.subkeys() {
                Ok(subkeys) => open.extend(subkeys),
                Err(_) => unreadable += 1,
            }
            if keys > 200_000 {
                break;
            }
        }
        (keys, unreadable)
    }

    #[test]
    fn reads_values_of_every_shape_in_every_version() {
        for minor in 3..=6 {
            let hive = Hive::parse(made_hive(minor)).unwrap();
            assert_eq!(hive.dirty(), None);
            let key = hive.key("MICROSOFT\\windows nt\\CurrentVersion").unwrap();
            let key = key.unwrap();
            let value = |name| key.value(name).unwrap().unwrap();
            assert_eq!(
                value("csdversion").as_text().unwrap().as_deref(),
                Some("Service Pack 3")
            );
            assert_eq!(value("RÉPERTOIRE").as_text().unwrap().as_deref(), Some("Ж"));
            assert_eq!(value("Number").as_u32().unwrap(), Some(0x1746));
            assert_eq!(value("Number").as_text().unwrap(), None);
            assert_eq!(value("Wide").as_u64().unwrap(), Some(1 << 40));
            let big = value("Big").data().unwrap();
            assert_eq!(big.len(), 40_000);
            assert!(
                big.iter()
                    .zip(0..)
                    .all(|(byte, n)| *byte == u32::to_le_bytes(n)[0])
            );
            assert!(key.value("absent").unwrap().is_none());
            assert!(hive.key("Microsoft\\Absent").unwrap().is_none());
            assert!(hive.key("élémentS").unwrap().is_some());
            let many = hive.key("Many").unwrap().unwrap();
            assert_eq!(many.subkeys().unwrap().len(), 700);
            assert!(hive.key("many\\key 699").unwrap().is_some());
        }
    }

    #[test]
    fn says_that_a_hive_is_dirty_and_why() {
        let mut bytes = made_hive(3);
        bytes[4] = bytes[4].wrapping_add(1);
        let hive = Hive::parse(bytes).unwrap();
        assert!(hive.dirty().unwrap().contains("sequence numbers"));
        assert!(hive.key("Microsoft").unwrap().is_some());
    }

    #[test]
    fn refuses_what_is_no_hive_with_place_and_expectation() {
        let message = |bytes: Vec<u8>| Hive::parse(bytes).unwrap_err().to_string();
        expect!["base block at 0x0: 3 bytes, expected at least 4096"]
            .assert_eq(&message(vec![1, 2, 3]));
        expect![[r#"base block at 0x0: magic is [00, 00, 00, 00], expected "regf""#]]
            .assert_eq(&message(vec![0; 8192]));
        let mut newer = made_hive(3);
        newer[24] = 7;
        expect!["base block at 0x14: version is 1.7, expected 1.3 to 1.6"]
            .assert_eq(&message(newer));
    }

    #[test]
    fn a_key_that_contains_itself_ends_at_the_depth_that_windows_allows() {
        let mut builder = HiveBuilder::new().unwrap();
        builder.create_key("Loop").unwrap();
        let mut bytes = builder.to_bytes().unwrap();
        let hive = Hive::parse(bytes.clone()).unwrap();
        let root = hive.root().unwrap();
        // The list of the root's subkeys has one entry; it is made to name the root itself.
        let in_file = |offset: u32| usize::try_from(CellOffset(offset).in_file()).unwrap();
        let field = in_file(root.offset().0) + 4 + 28;
        let list = u32::from_le_bytes(bytes[field..field + 4].try_into().unwrap());
        let entry = in_file(list) + 4 + 4;
        let root = root.offset().0;
        bytes[entry..entry + 4].copy_from_slice(&root.to_le_bytes());
        let hive = Hive::parse(bytes).unwrap();
        let (keys, unreadable) = walk(&hive);
        assert_eq!((keys, unreadable), (usize::from(MAX_DEPTH) + 1, 1));
    }

    #[test]
    fn damaged_hives_are_read_or_refused_but_never_panic() {
        let mut builder = HiveBuilder::new().unwrap();
        builder.add_value_string("A\\B", Some("Text"), "value").ok();
        builder.create_key("A\\B").unwrap();
        builder
            .add_value_string("A\\B", Some("Text"), "value")
            .unwrap();
        builder
            .add_value_binary("A", Some("Big"), &[7; 20_000])
            .unwrap();
        let good = builder.to_bytes().unwrap();
        // Every byte of the base block's fields and of the first bin, flipped one at a time.
        for place in (0..512).chain(4096..good.len().min(4096 + 2048)) {
            let mut bytes = good.clone();
            bytes[place] ^= 0xFF;
            if let Ok(hive) = Hive::parse(bytes) {
                walk(&hive);
            }
        }
        // Many random bytes at once; a fixed seed, so that what is found is found again.
        let mut state = 0x5958_u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for _ in 0..2000 {
            let mut bytes = good.clone();
            for _ in 0..8 {
                let place = usize::try_from(random()).unwrap() % bytes.len();
                bytes[place] = random().to_le_bytes()[0];
            }
            if let Ok(hive) = Hive::parse(bytes) {
                walk(&hive);
            }
        }
        for length in (0..good.len()).step_by(97) {
            if let Ok(hive) = Hive::parse(good[..length].to_vec()) {
                walk(&hive);
            }
        }
    }

    #[test]
    fn reads_every_key_of_hives_that_windows_wrote() {
        for (name, dirty) in [
            ("SAM", None),
            ("BCD", None),
            ("NTUSER.DAT", None),
            ("SYSTEM", Some(false)),
            ("SYSTEM_B", Some(true)),
        ] {
            let Some(bytes) = real_hive(name) else { return };
            let hive = Hive::parse(bytes).unwrap();
            let (found, unreadable) = walk(&hive);
            assert_eq!(unreadable, 0, "{name}");
            assert!(found > 10, "{name}: {found}");
            if let Some(dirty) = dirty {
                assert_eq!(hive.dirty().is_some(), dirty, "{name}");
            }
        }
    }

    #[test]
    fn reads_what_is_sound_of_a_damaged_windows_xp_hive() {
        let Some(bytes) = real_hive("corrupted_system_hive") else {
            return;
        };
        let hive = Hive::parse(bytes).unwrap();
        let (keys, unreadable) = walk(&hive);
        assert!(keys > 100 && unreadable > 0, "{keys} {unreadable}");
    }

    #[test]
    fn hivexget_reads_the_same_values() {
        let Some(bytes) = real_hive("SYSTEM") else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("SYSTEM");
        fs_err::write(&path, &bytes).unwrap();
        let hive = Hive::parse(bytes).unwrap();
        for (key, value) in [
            (
                "ControlSet001\\Control\\ComputerName\\ComputerName",
                "ComputerName",
            ),
            ("ControlSet001\\Control\\Nls\\Language", "InstallLanguage"),
            (
                "ControlSet001\\Control\\Session Manager\\Environment",
                "PROCESSOR_ARCHITECTURE",
            ),
            ("ControlSet001\\Control\\Windows", "SystemDirectory"),
        ] {
            let Ok(output) = Command::new("hivexget")
                .arg(&path)
                .args([key, value])
                .output()
            else {
                skip("hivexget");
                return;
            };
            let expect = String::from_utf8(output.stdout).unwrap();
            let ours = hive
                .key(key)
                .unwrap()
                .unwrap()
                .value(value)
                .unwrap()
                .unwrap();
            assert_eq!(
                ours.as_text().unwrap().unwrap(),
                expect.trim_end(),
                "{key} {value}"
            );
        }
    }
}
