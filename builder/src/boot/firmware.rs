//! Which firmware a stick is to start from.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Firmware {
    /// BIOS, or UEFI that acts as one.
    #[serde(rename = "bios")]
    Bios,
    /// 64-bit UEFI.
    #[serde(rename = "uefi-x64")]
    UefiX64,
    /// 32-bit UEFI on a 64-bit CPU, as tablets of 2013 to 2015 have it.
    #[serde(rename = "uefi-ia32")]
    UefiIa32,
}

/// The kinds of firmware that one stick serves.
pub type FirmwareSet = BTreeSet<Firmware>;

/// Every kind of firmware.
pub const ALL_FIRMWARE: [Firmware; 3] = [Firmware::Bios, Firmware::UefiX64, Firmware::UefiIa32];

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bios => "BIOS",
            Self::UefiX64 => "UEFI x64",
            Self::UefiIa32 => "UEFI ia32",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_from_the_words_of_a_recipe() {
        #[derive(Deserialize)]
        struct Boot {
            firmware: FirmwareSet,
        }
        let boot: Boot =
            toml::from_str("firmware = [\"uefi-ia32\", \"bios\", \"uefi-x64\"]").unwrap();
        assert_eq!(boot.firmware, FirmwareSet::from(ALL_FIRMWARE));
        assert!(toml::from_str::<Boot>("firmware = [\"uefi\"]").is_err());
    }
}
