//! The record of a repair that lies beside the former files on the PC: what undoing needs once Windows
//! has run. Stored as JSON, schema-numbered; written by the repair, marked by the undo.
//!
//! It lies on a disk that anybody may have written since, so it is foreign when it is read back:
//! [`UndoRecord::parse`] lets no path lead elsewhere, and whoever follows it holds every file against
//! the digests in it.

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;
use crate::remedy::predicate::HiveName;

mod check;
#[cfg(test)]
mod tests;

pub use check::{LARGEST_RECORD, MOST_CHANGES, UndoRecordError};

/// The schema that this version writes.
pub const UNDO_SCHEMA: u32 = 1;

/// Folder in a volume's root below which former files are kept, a folder for each run.
pub const KEPT_FOLDER: &str = "mendkit";

/// What the names of runs begin with that took a repair back.
pub const UNDO_RUN_PREFIX: &str = "undo-";

/// Start and end of the name of a record; between them stands the Windows folder.
const RECORD_NAME: (&str, &str) = ("undo-", ".json");

/// What one repair of one Windows changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UndoRecord {
    /// [`UNDO_SCHEMA`] of the version that wrote it.
    pub schema: u32,
    /// Names the run, as in the report; also the folder that the record lies in.
    pub run: String,
    /// The Windows folder, `\WINDOWS`.
    pub windows: String,
    /// Id of the remedy.
    pub remedy: String,
    /// The PC's clock at the start of the run, RFC 3339 in UTC.
    pub written: String,
    /// Set once the repair has been taken back file by file.
    pub undone: Option<Undone>,
    /// What was changed, in order.
    pub steps: Vec<UndoStep>,
}

/// That, and how far, a repair has been taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Undone {
    /// Names the run that did it; what it replaced is kept in the folder of this name.
    pub run: String,
    /// The PC's clock, RFC 3339 in UTC.
    pub written: String,
    /// What was left as it was, and why, one line each.
    pub left: Vec<String>,
}

/// What one step of a remedy changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UndoStep {
    /// Whether its files work only as a set, so that all of them go back or none.
    pub is_set: bool,
    /// Files that were put into place.
    pub written: Vec<WrittenFile>,
    /// Files that were moved.
    pub moved: Vec<MovedFile>,
    /// Registry files that were changed.
    pub hives: Vec<ChangedHive>,
}

/// A file that was put into place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WrittenFile {
    /// Where, as the volume spells it.
    pub path: String,
    /// What was there before; `None` if nothing was.
    pub before: Option<KeptFile>,
    /// What was put there.
    pub after: FileContent,
}

/// A former file and where it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeptFile {
    /// Where it is kept: below the run's folder.
    pub kept: String,
    /// What it holds.
    pub content: FileContent,
    /// What else it had.
    pub attributes: FileAttributes,
}

/// A file that was moved as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MovedFile {
    /// Where it was.
    pub from: String,
    /// Where it is.
    pub to: String,
    /// What it holds.
    pub content: FileContent,
    /// What else it had.
    pub attributes: FileAttributes,
}

/// Content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FileContent {
    /// Bytes.
    pub size: u64,
    /// Digest.
    pub sha256: Sha256Digest,
}

/// What a file has beside content, security descriptor and streams, which stay with it when it is moved.
/// What the file system does not have, or does not tell, is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FileAttributes {
    /// The 8.3 name beside the long one.
    pub short_name: Option<String>,
    /// Read-only, hidden, system and so on. Source: Microsoft, "File Attribute Constants".
    pub flags: Option<u32>,
    /// When it was made, in steps of 100 ns since the start of 1601, UTC.
    pub created: Option<u64>,
    /// When its content was written last, likewise.
    pub modified: Option<u64>,
    /// When it was read last, likewise.
    pub accessed: Option<u64>,
}

/// A registry file that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ChangedHive {
    /// Which one.
    pub hive: HiveName,
    /// Where.
    pub path: String,
    /// The whole former file. It is kept for people: Windows changes a registry all the time, so it is
    /// never put back once Windows has run.
    pub before: KeptFile,
    /// What was put there.
    pub after: FileContent,
    /// Keys that were made, in order.
    pub made_keys: Vec<String>,
    /// Values that were set, added or removed, in order.
    pub values: Vec<ChangedValue>,
    /// Transaction logs beside it that were emptied.
    pub emptied_logs: Vec<WrittenFile>,
}

/// A value of the registry before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ChangedValue {
    /// Path of its key from the hive's root.
    pub key: String,
    /// Its name; empty for the key's default value.
    pub name: String,
    /// What it was; `None` if it was not there.
    pub before: Option<StoredValue>,
    /// What it was made; `None` if it was removed.
    pub after: Option<StoredValue>,
}

/// Type and data of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StoredValue {
    /// Its type. Source: winnt.h, `REG_*`.
    #[serde(rename = "type")]
    pub value_type: u32,
    /// Its data.
    #[serde(with = "hex::serde")]
    pub data: Vec<u8>,
}

impl UndoRecord {
    /// Returns the JSON of the record, indented, with a final newline.
    pub fn to_text(&self) -> String {
        // OK to default: a record has only string keys, so it always has a JSON form.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Returns the name of the record of a Windows in `folder`: several may be repaired in one run.
    pub fn file_name(folder: &str) -> String {
        let (start, end) = RECORD_NAME;
        let folder = folder.trim_matches('\\').replace('\\', "-");
        format!("{start}{folder}{end}")
    }

    /// Returns whether a file of this name may be a record.
    pub fn is_record(name: &str) -> bool {
        let (start, end) = RECORD_NAME;
        name.starts_with(start) && name.ends_with(end)
    }
}
