//! Which tables say where the volume lies.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The tables of a disk.
///
/// | layout | LBA 0 | GPT | for |
/// |---|---|---|---|
/// | hybrid | active FAT32, and 0xEE before it | yes | every PC, Windows XP too |
/// | gpt | 0xEE over the whole disk | yes | firmware that takes a hybrid MBR amiss |
/// | mbr | active FAT32 alone | no | firmware and systems that know no GPT |
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// A GPT, and an MBR that shows the volume to those who do not read it.
    #[default]
    Hybrid,
    /// A GPT behind an MBR that only protects it.
    Gpt,
    /// An MBR and no GPT.
    Mbr,
}

/// Every layout.
pub const ALL_LAYOUTS: [Layout; 3] = [Layout::Hybrid, Layout::Gpt, Layout::Mbr];

impl Layout {
    /// Returns whether the disk has a GPT at its start and a backup at its end.
    pub fn has_gpt(self) -> bool {
        self != Self::Mbr
    }

    /// Returns what the first sector is called in the words of a plan.
    pub fn name_of_mbr(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid MBR",
            Self::Gpt => "protective MBR",
            Self::Mbr => "MBR",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hybrid => "hybrid",
            Self::Gpt => "gpt",
            Self::Mbr => "mbr",
        })
    }
}
