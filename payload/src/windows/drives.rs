//! Drive letters, as a Windows remembers them in `HKLM\\SYSTEM\\MountedDevices`.
//!
//! ```text
//! 12 bytes            signature of the disk, start of the partition in bytes
//! "DMIO:ID:" GUID     a partition of a GUID partition table
//! UTF-16              name of a device: CD, floppy, stick
//! ```
//!
//! Source: libguestfs, inspection of Windows; Observed: Windows XP and 7.

use crate::hive::{Hive, HiveError};
use crate::machine::PartitionPlace;

/// A drive letter and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drive {
    /// The letter, upper case.
    pub letter: char,
    /// What it stands for.
    pub device: DriveDevice,
}

/// What a drive letter stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DriveDevice {
    /// A partition of the disk with this signature.
    Mbr {
        /// The signature.
        disk_signature: u32,
        /// Where it begins, in bytes.
        start: u64,
    },
    /// The partition with this GUID, as it lies in the table.
    Gpt([u8; 16]),
    /// A CD or DVD drive.
    CompactDisc,
    /// Something else.
    Other,
}

impl DriveDevice {
    fn parse(data: &[u8]) -> Self {
        if let Some(guid) = data.strip_prefix(b"DMIO:ID:")
            && let Ok(guid) = guid.try_into()
        {
            return Self::Gpt(guid);
        }
        if let Some((signature, start)) = data.split_first_chunk::<4>()
            && let Ok(start) = start.try_into()
        {
            return Self::Mbr {
                disk_signature: u32::from_le_bytes(*signature),
                start: u64::from_le_bytes(start),
            };
        }
        let (units, _) = data.as_chunks::<2>();
        let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
        let name = String::from_utf16_lossy(&units).to_lowercase();
        match name.contains("cdrom") {
            true => Self::CompactDisc,
            false => Self::Other,
        }
    }

    /// Returns whether a partition is the one that is meant.
    pub fn is_at(&self, place: &PartitionPlace) -> bool {
        match self {
            Self::Mbr {
                disk_signature,
                start,
            } => {
                place.guid.is_none()
                    && *disk_signature == place.disk_signature
                    && *start == place.start
            }
            Self::Gpt(guid) => place.guid == Some(*guid),
            Self::CompactDisc | Self::Other => false,
        }
    }
}

/// Reads the drive letters from the hive SYSTEM.
pub fn read_drives(system: &Hive) -> Result<Vec<Drive>, HiveError> {
    let Some(key) = system.key("MountedDevices")? else {
        return Ok(Vec::new());
    };
    let mut drives = Vec::new();
    for letter in 'A'..='Z' {
        if let Some(value) = key.value(&format!("\\DosDevices\\{letter}:"))? {
            let device = DriveDevice::parse(&value.data()?);
            drives.push(Drive { letter, device });
        }
    }
    Ok(drives)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_partitions_from_cd_drives() {
        let mut mbr = 0x5958_2010_u32.to_le_bytes().to_vec();
        mbr.extend(32_256_u64.to_le_bytes());
        let mbr = DriveDevice::parse(&mbr);
        let place = PartitionPlace {
            disk_signature: 0x5958_2010,
            start: 32_256,
            guid: None,
        };
        assert!(mbr.is_at(&place));
        assert!(!mbr.is_at(&PartitionPlace { start: 0, ..place }));
        let gpt = DriveDevice::parse(&[b"DMIO:ID:".as_slice(), &[7; 16]].concat());
        assert!(!gpt.is_at(&place));
        let guid = Some([7; 16]);
        assert!(gpt.is_at(&PartitionPlace { guid, ..place }));
        let name = "\\??\\IDE#CdRomTSSTcorp_DVD-ROM#5&2c1a#{53f5630d-b6bf-11d0-94f2-00a0c91efb8b}";
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(DriveDevice::parse(&name), DriveDevice::CompactDisc);
        for odd in [&b""[..], b"DMIO:ID:short", &[0; 11], &name[..9]] {
            assert_eq!(DriveDevice::parse(odd), DriveDevice::Other, "{odd:?}");
        }
    }
}
