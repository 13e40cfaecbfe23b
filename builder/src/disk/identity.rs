//! What tells one disk from another: GUIDs, volume serial, MBR signature; none of them random.

use rescue_stick::digest::Sha256Digest;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::layout::Layout;

/// The identities of a disk and its partitions.
///
/// With a GPT the disk's GUID follows from the inputs of the build, and everything else from that GUID.
/// Without one, the MBR's signature is all that a disk says of itself: it follows from the inputs, and the
/// GUID, which then lies in the journal alone, follows from it. Either way a reader who knows nothing else
/// can check that they belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskIdentity {
    /// Which tables carry them.
    pub layout: Layout,
    /// GUID of the disk, in both GPT headers.
    pub disk_guid: Uuid,
    /// GUID of partition 1.
    pub bios_boot_guid: Uuid,
    /// GUID of partition 2.
    pub volume_guid: Uuid,
    /// Serial number of the FAT32 volume; never 0.
    pub volume_serial: u32,
    /// Signature in the MBR; never 0.
    pub disk_signature: u32,
}

impl DiskIdentity {
    /// Derives every identity from the digest of all inputs.
    pub fn derive(seed: Sha256Digest, layout: Layout) -> Self {
        match layout {
            Layout::Mbr => Self::of_mbr(derived_number("mendkit MBR disk", &seed.0)),
            _ => Self::of_disk(derived_guid("mendkit disk", &seed.0), layout),
        }
    }

    /// Derives what belongs to a disk without a GPT whose MBR has this signature.
    pub fn of_mbr(disk_signature: u32) -> Self {
        let guid = derived_guid(
            "mendkit disk of MBR signature",
            &disk_signature.to_le_bytes(),
        );
        Self {
            disk_signature,
            ..Self::of_disk(guid, Layout::Mbr)
        }
    }

    /// Derives what belongs to a disk with this GUID.
    pub fn of_disk(disk_guid: Uuid, layout: Layout) -> Self {
        let parent = disk_guid.as_bytes();
        Self {
            layout,
            disk_guid,
            bios_boot_guid: derived_guid("mendkit BIOS boot partition", parent),
            volume_guid: derived_guid("mendkit EFI system partition", parent),
            volume_serial: derived_number("mendkit volume serial", parent),
            disk_signature: derived_number("mendkit MBR disk signature", parent),
        }
    }

    /// Returns the volume serial as blkid and GRUB's `search --fs-uuid` write it: `7F3A-01C2`.
    pub fn serial_text(&self) -> String {
        let serial = self.volume_serial;
        format!("{:04X}-{:04X}", serial >> 16, serial & 0xffff)
    }
}

fn digest(purpose: &str, parent: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(purpose);
    // Ends the purpose, so that no two purposes can hash the same bytes.
    hasher.update([0]);
    hasher.update(parent);
    hasher.finalize().into()
}

/// Returns a GUID of version 8, whose bits are the maker's own. Source: RFC 9562, 5.8.
fn derived_guid(purpose: &str, parent: &[u8]) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest(purpose, parent)[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn derived_number(purpose: &str, parent: &[u8]) -> u32 {
    let [a, b, c, d, ..] = digest(purpose, parent);
    u32::from_le_bytes([a, b, c, d]).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_gives_the_same_identity_and_another_seed_another() {
        let derive = |seed: &[u8]| DiskIdentity::derive(Sha256Digest::of(seed), Layout::Hybrid);
        let identity = derive(b"a");
        assert_eq!(identity, derive(b"a"));
        let of_disk = DiskIdentity::of_disk(identity.disk_guid, Layout::Hybrid);
        assert_eq!(identity, of_disk);
        let other = derive(b"b");
        assert_ne!(identity.disk_guid, other.disk_guid);
        assert_ne!(identity.volume_serial, other.volume_serial);
        assert_ne!(identity.bios_boot_guid, identity.volume_guid);
        assert_eq!(identity.disk_guid.get_version_num(), 8);
    }

    #[test]
    fn without_a_gpt_everything_follows_from_the_signature_in_the_mbr() {
        let identity = DiskIdentity::derive(Sha256Digest::of(b"a"), Layout::Mbr);
        assert_eq!(identity, DiskIdentity::of_mbr(identity.disk_signature));
        let other = DiskIdentity::of_mbr(identity.disk_signature ^ 1);
        assert_ne!(identity.disk_guid, other.disk_guid);
        assert_ne!(identity.volume_serial, other.volume_serial);
    }

    #[test]
    fn serial_is_written_as_blkid_writes_it() {
        let mut identity = DiskIdentity::derive(Sha256Digest::of(b""), Layout::Gpt);
        identity.volume_serial = 0x00ab_01c2;
        assert_eq!(identity.serial_text(), "00AB-01C2");
    }
}
