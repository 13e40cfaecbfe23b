//! BitLocker volumes that were opened: the kernel shows each as a device of its own, which is a volume like
//! any other.

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::ioctls::device_mapper::{MappedDevice, Target};
use crate::bitlocker::BitLockerError;
use crate::bitlocker::keys::VolumeKey;
use crate::bitlocker::metadata::{Metadata, Range};
use crate::bitlocker::segments::{Segment, plan_segments};

/// Unit of the kernel's tables.
const SECTOR: u64 = 512;

/// Partitions whose volumes were opened, and the devices that show them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unlocked {
    opened: Vec<(PathBuf, MappedDevice)>,
}

impl Unlocked {
    /// Returns the device that shows the volume of `partition`, if it was opened.
    pub fn device_of(&self, partition: &Path) -> Option<&Path> {
        let opened = self.opened.iter();
        let mut devices = opened.filter(|(known, _)| known == partition);
        devices.next().map(|(_, device)| device.path())
    }

    /// Opens the volume of `partition`, which is `length` bytes long.
    pub fn open(
        &mut self,
        partition: &Path,
        length: u64,
        metadata: &Metadata,
        key: &VolumeKey,
    ) -> Result<(), BitLockerError> {
        // No page that a key is on may leave memory; there is no swap here, and this keeps it so.
        let _ = lock_memory();
        let targets = plan_table(partition, metadata, key, &plan_segments(metadata, length)?)?;
        let name = format!("mend{}", self.opened.len());
        let device = MappedDevice::create(&name, &targets)?;
        self.opened.push((partition.to_owned(), device));
        Ok(())
    }
}

/// Keeps all memory of this program, present and future, from being swapped out.
pub fn lock_memory() -> io::Result<()> {
    use rustix::mm::{MlockAllFlags, mlockall};
    // ONFAULT: what is never touched takes no memory.
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)?;
    Ok(())
}

/// Returns the kernel's table for a volume. Source: Linux, Documentation/admin-guide/device-mapper/
/// dm-crypt.rst: cipher, key, sector that encryption counts from, device, sector on the device, options.
fn plan_table(
    partition: &Path,
    metadata: &Metadata,
    key: &VolumeKey,
    segments: &[Segment],
) -> Result<Vec<Target>, BitLockerError> {
    let cipher = metadata.cipher()?.kernel_name();
    let device = partition.display();
    let options = match metadata.sector_length {
        512 => String::new(),
        length => format!(" 2 sector_size:{length} iv_large_sectors"),
    };
    let targets = segments.iter().map(|segment| {
        let Range { start, length } = segment.range;
        let mut parameters = Zeroizing::new(String::with_capacity(512));
        if let Some(place) = segment.on_disk {
            let place = place / SECTOR;
            parameters.push_str(cipher);
            parameters.push(' ');
            push_hex(&mut parameters, key.bytes());
            parameters.push_str(&format!(" {place} {device} {place}{options}"));
        }
        Target {
            start: start / SECTOR,
            length: length / SECTOR,
            kind: if segment.on_disk.is_some() {
                "crypt"
            } else {
                "zero"
            },
            parameters,
        }
    });
    Ok(targets.collect())
}

/// Appends digits in place; what `hex::encode` returns would have to be wiped too.
fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitlocker::fixture::Volume;
    use crate::bitlocker::keys::{Credential, unseal_volume};

    #[test]
    fn the_table_is_what_dm_crypt_takes() {
        let mut metadata = Volume::suspended().metadata();
        let found = unseal_volume(&metadata, &Credential::ClearKey, &mut |_| {}).unwrap();
        let table = |metadata: &Metadata| -> Vec<String> {
            let segments = plan_segments(metadata, 1 << 20).unwrap();
            let targets = plan_table(Path::new("/dev/sda2"), metadata, &found.key, &segments);
            let lines = targets.unwrap().into_iter().map(|target| {
                let Target {
                    start,
                    length,
                    kind,
                    parameters,
                } = target;
                format!("{start} {length} {kind} {}", *parameters)
            });
            lines.collect()
        };
        let key = "f5".repeat(32);
        let lines = table(&metadata);
        assert_eq!(
            lines[..3],
            [
                format!("0 16 crypt aes-xts-plain64 {key} 256 /dev/sda2 256"),
                format!("16 112 crypt aes-xts-plain64 {key} 16 /dev/sda2 16"),
                "128 128 zero ".to_owned(),
            ]
        );
        metadata.sector_length = 4096;
        let first = &table(&metadata)[0];
        assert!(
            first.ends_with(" 256 /dev/sda2 256 2 sector_size:4096 iv_large_sectors"),
            "{first}"
        );
    }

    #[test]
    fn a_partition_that_was_not_opened_has_no_device() {
        assert_eq!(Unlocked::default().device_of(Path::new("/dev/sda2")), None);
    }
}
