//! What one simulated Windows has beyond the usual: files, services, values of its registry.

use crate::random::random_bytes;

/// When the bad channel file 291 was published: 19 July 2024, 04:09 UTC, as seconds since 1970. Source:
/// CrowdStrike, "Technical details: Falcon update for Windows hosts".
pub(super) const CHANNEL_FILE_PUBLISHED: u64 = 1_721_362_140;
/// When the good one took its place: 05:27 UTC. Source: the same.
pub(super) const CHANNEL_FILE_WITHDRAWN: u64 = 1_721_366_820;

/// What every channel file begins with. Source: CrowdStrike's recovery tool, which checks these bytes.
const CHANNEL_FILE_HEAD: [u8; 4] = [0xAA; 4];

/// Something beyond the usual.
#[derive(Clone, Debug)]
pub enum Extra {
    /// A file; the usual one of that path, if there is one, is left out.
    File {
        /// Path on the volume, parts separated by `/`.
        path: String,
        /// All its bytes.
        content: Vec<u8>,
        /// When it was written, in seconds since 1970; as the system's files if left out.
        time: Option<u64>,
    },
    /// A value of the registry; its key is made.
    Value {
        /// `software` or `system`.
        hive: &'static str,
        /// Path of its key from the hive's root.
        key: String,
        /// Its name.
        name: &'static str,
        /// What it holds.
        data: ExtraData,
    },
}

/// What a value of the registry holds.
#[derive(Clone, Debug)]
pub enum ExtraData {
    /// `REG_DWORD`.
    Number(u32),
    /// `REG_SZ`.
    Text(String),
}

impl Extra {
    /// Returns a file that is as old as the system's.
    pub fn file(path: &str, content: &[u8]) -> Self {
        Self::File {
            path: path.to_owned(),
            content: content.to_vec(),
            time: None,
        }
    }

    /// Returns a service or driver that starts so in both control sets.
    pub fn service(name: &str, start: u32) -> [Self; 2] {
        ["ControlSet001", "ControlSet002"].map(|set| Self::Value {
            hive: "system",
            key: format!("{set}\\Services\\{name}"),
            name: "Start",
            data: ExtraData::Number(start),
        })
    }

    /// Returns a text in the hive SOFTWARE.
    pub fn text(key: &str, name: &'static str, text: &str) -> Self {
        Self::Value {
            hive: "software",
            key: key.to_owned(),
            name,
            data: ExtraData::Text(text.to_owned()),
        }
    }
}

/// Returns a channel file of CrowdStrike's sensor, written at `time`. Behind its first bytes is nothing
/// of CrowdStrike's.
pub fn channel_file(name: &str, time: u64) -> Extra {
    let mut content = CHANNEL_FILE_HEAD.to_vec();
    content.extend(random_bytes(name, 40_000));
    Extra::File {
        path: format!("Windows/System32/drivers/CrowdStrike/{name}"),
        content,
        time: Some(time),
    }
}
