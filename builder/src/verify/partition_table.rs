//! Checks MBR, both GPTs, and the boot code that they frame.

use std::io::{Read, Seek};

use gpt::GptConfig;
use uuid::Uuid;
use zerocopy::{FromBytes, IntoBytes};

use rescue_stick::paths::VOLUME_LABEL;

use super::{Findings, Medium, VerifyError};
use crate::disk::ends::DiskEnds;
use crate::disk::identity::DiskIdentity;
use crate::disk::layout::Layout;
use crate::disk::raw::{RawGptEntry, RawGptHeader};
use crate::disk::{BIOS_BOOT_NAME, CORE_IMAGE_LBA, LEGACY_BIOS_BOOTABLE, VOLUME_FIRST_LBA};
use crate::lba::{ByteSize, Lba, LbaRange, SECTOR_SIZE};

mod mbr;

use mbr::{check_mbr, check_mbr_alone, layout_of};

/// Sectors of MBR and primary GPT.
const HEAD_SECTORS: u64 = 34;

/// Sectors of the backup GPT: entries, then header.
const BACKUP_SECTORS: u64 = 33;

/// Fewest sectors that are looked at: what lies before the volume, and a backup GPT.
const LEAST_SECTORS: u64 = VOLUME_FIRST_LBA.0 + BACKUP_SECTORS;

/// Entries of a GPT, used or not.
const ENTRIES: u32 = 128;

/// Offset in GRUB's boot.img of the sector where the core image begins. Source: GRUB 2.06,
/// `GRUB_BOOT_MACHINE_KERNEL_SECTOR`.
const CORE_LBA_IN_MBR: usize = 0x5c;

/// Offset in the core image's first sector of where its second one lies, and of how many follow.
/// Source: GRUB 2.06, diskboot.S, the last 12 bytes.
const REST_LBA_IN_CORE: usize = 0x1f4;

/// What the partition table says.
pub(super) struct FoundTable {
    /// Length up to and with the backup GPT, or the volume where there is no GPT.
    pub(super) image_size: ByteSize,
    /// Identities that follow from the disk's GUID.
    pub(super) identity: DiskIdentity,
    /// Where the volume is.
    pub(super) volume: LbaRange,
}

/// Checks MBR and GPT; returns what they say if the primary GPT, or an MBR without one, can be believed.
pub(super) fn check_partition_table(
    medium: &mut Medium<'_, impl Read + Seek>,
    findings: &mut Findings,
) -> Result<Option<FoundTable>, VerifyError> {
    let least = LEAST_SECTORS;
    if medium.sectors() < least {
        let expectation = format!("at least {} for an image", ByteSize(least * SECTOR_SIZE));
        findings.problem("size", ByteSize(medium.size).to_string(), expectation);
        return Ok(None);
    }
    let head = medium.read_sectors(Lba(0), HEAD_SECTORS)?;
    let (mbr, primary) = head.split_at(512);
    let (primary_header, primary_entries) = primary.split_at(512);
    check_core_image(medium, mbr, findings)?;
    let layout = layout_of(mbr, primary_header.starts_with(b"EFI PART"));
    if layout == Layout::Mbr {
        return Ok(check_mbr_alone(medium, mbr, findings));
    }
    let primary_place = HeaderPlace {
        name: "GPT header at LBA 1".to_owned(),
        lba: 1,
        entries_lba: 2,
    };
    let header = check_header(&primary_place, primary_header, primary_entries, findings);
    let Some(header) = header else {
        return Ok(None);
    };
    let alternate = Lba(header.alternate_lba.get());
    let identity = DiskIdentity::of_disk(Uuid::from_bytes_le(header.disk_guid), layout);
    let volume = check_entries("GPT entries at LBA 2", primary_entries, &identity, findings);
    if alternate.0 < least || !medium.holds(alternate, 1) {
        findings.problem(
            "GPT header at LBA 1",
            format!("backup is at LBA {alternate}"),
            format!("the last LBA, {}", medium.sectors() - 1),
        );
        return Ok(None);
    }
    let sectors = alternate.0 + 1;
    if sectors < medium.sectors() {
        findings.notes.push(format!(
            "the backup GPT is at LBA {alternate}; {} sectors follow it, so some tools will offer to move it",
            medium.sectors() - sectors
        ));
    }
    check_backup(medium, &header, &head, sectors, findings)?;
    let Some(volume) = volume else {
        return Ok(None);
    };
    check_mbr(mbr, sectors, volume, &identity, findings);
    Ok(Some(FoundTable {
        image_size: ByteSize(sectors * SECTOR_SIZE),
        identity,
        volume,
    }))
}

/// Where a GPT header is, and where it should say that it is.
struct HeaderPlace {
    name: String,
    lba: u64,
    entries_lba: u64,
}

/// Checks one header; returns it if it can be believed, whatever its entries say.
fn check_header(
    at: &HeaderPlace,
    sector: &[u8],
    entries: &[u8],
    findings: &mut Findings,
) -> Option<RawGptHeader> {
    let (header, rest) = RawGptHeader::read_from_prefix(sector).ok()?;
    let place = at.name.as_str();
    if !findings.check(place, "magic", header.signature, *b"EFI PART") {
        return None;
    }
    let mut without_crc = header;
    without_crc.header_crc32 = 0.into();
    let crc = crc32(without_crc.as_bytes());
    let checks = [
        ("revision", header.revision.get(), 0x0001_0000),
        ("header size", header.header_size.get(), 92),
        ("CRC", header.header_crc32.get(), crc),
        ("reserved field", header.reserved.get(), 0),
        (
            "number of entries",
            header.number_of_partition_entries.get(),
            ENTRIES,
        ),
        (
            "size of an entry",
            header.size_of_partition_entry.get(),
            128,
        ),
    ];
    let mut is_believed = true;
    for (field, found, expected) in checks {
        is_believed &= findings.check(place, field, found, expected);
    }
    let last_lba = header.alternate_lba.get().max(at.lba);
    let checks = [
        ("own LBA", header.my_lba.get(), at.lba),
        (
            "LBA of the entries",
            header.partition_entry_lba.get(),
            at.entries_lba,
        ),
        (
            "first usable LBA",
            header.first_usable_lba.get(),
            HEAD_SECTORS,
        ),
        (
            "last usable LBA",
            header.last_usable_lba.get(),
            last_lba.saturating_sub(BACKUP_SECTORS),
        ),
    ];
    for (field, found, expected) in checks {
        is_believed &= findings.check(place, field, found, expected);
    }
    // Entries that changed are looked at all the same, to say what changed.
    let entries_crc = header.partition_entry_array_crc32.get();
    findings.check(place, "CRC of the entries", entries_crc, crc32(entries));
    if rest.iter().any(|byte| *byte != 0) {
        findings.problem(
            place,
            "bytes behind the header",
            "zeros up to the end of the sector",
        );
    }
    is_believed.then_some(header)
}

/// Checks the two partitions; returns where the volume is, if that makes sense.
fn check_entries(
    place: &str,
    entries: &[u8],
    identity: &DiskIdentity,
    findings: &mut Findings,
) -> Option<LbaRange> {
    let mut raw = entries
        .chunks_exact(size_of::<RawGptEntry>())
        .filter_map(|bytes| RawGptEntry::read_from_bytes(bytes).ok());
    let (first, second) = (raw.next()?, raw.next()?);
    if raw.any(|entry| entry.as_bytes().iter().any(|byte| *byte != 0)) {
        findings.problem(place, "more than two partitions", "two");
    }
    let partitions = [
        (
            1,
            first,
            gpt::partition_types::BIOS,
            identity.bios_boot_guid,
            0,
            BIOS_BOOT_NAME,
        ),
        (
            2,
            second,
            gpt::partition_types::EFI,
            identity.volume_guid,
            LEGACY_BIOS_BOOTABLE,
            VOLUME_LABEL,
        ),
    ];
    for (number, entry, kind, guid, attributes, name) in partitions {
        let place = format!("{place}, partition {number}");
        let found_kind = Uuid::from_bytes_le(entry.partition_type_guid);
        findings.check(&place, "type", found_kind, kind.guid);
        let found_guid = Uuid::from_bytes_le(entry.unique_partition_guid);
        findings.check(&place, "GUID", found_guid, guid);
        findings.check(&place, "attributes", entry.attributes.get(), attributes);
        let units = entry.partition_name.map(|unit| unit.get());
        let found_name = String::from_utf16_lossy(&units);
        findings.check(&place, "name", found_name.trim_end_matches('\0'), name);
    }
    let bios_boot = (first.starting_lba.get(), first.ending_lba.get());
    let expected = (CORE_IMAGE_LBA.0, VOLUME_FIRST_LBA.0 - 1);
    findings.check(
        &format!("{place}, partition 1"),
        "range of LBA",
        bios_boot,
        expected,
    );
    let place = format!("{place}, partition 2");
    let starts_right = findings.check(
        &place,
        "first LBA",
        second.starting_lba.get(),
        VOLUME_FIRST_LBA.0,
    );
    let volume = LbaRange::new(VOLUME_FIRST_LBA, Lba(second.ending_lba.get()));
    volume.filter(|_| starts_right)
}

/// Checks that the backup says the same as the primary GPT, and lets the gpt crate read both.
fn check_backup(
    medium: &mut Medium<'_, impl Read + Seek>,
    primary: &RawGptHeader,
    head: &[u8],
    sectors: u64,
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    let problems_before = findings.problems.len();
    let first = Lba(sectors - BACKUP_SECTORS);
    let tail = medium.read_sectors(first, BACKUP_SECTORS)?;
    let (entries, header) = tail.split_at(tail.len() - 512);
    let at = HeaderPlace {
        name: format!("backup GPT header at LBA {}", sectors - 1),
        lba: sectors - 1,
        entries_lba: first.0,
    };
    if let Some(backup) = check_header(&at, header, entries, findings) {
        let primary_lba = backup.alternate_lba.get();
        findings.check(&at.name, "LBA of the primary header", primary_lba, 1);
        let guid = Uuid::from_bytes_le(backup.disk_guid);
        let expected = Uuid::from_bytes_le(primary.disk_guid);
        findings.check(&at.name, "GUID of the disk", guid, expected);
    }
    if head.get(1024..) != Some(entries) {
        let place = format!("backup GPT entries at LBA {first}");
        findings.problem(place, "other partitions than at LBA 2", "the same");
    }
    if findings.problems.len() == problems_before {
        let ends = DiskEnds::holding(sectors, head.to_vec(), tail);
        let config = GptConfig::new().only_valid_headers(true);
        if let Err(error) = config.open_from_device(ends) {
            findings.problem(
                "GPT, read by another reader",
                error.to_string(),
                "a sound table",
            );
        }
    }
    Ok(())
}

/// Checks that the boot code finds the core image, and the core image its rest. An image without boot
/// code is one that only UEFI starts.
fn check_core_image(
    medium: &mut Medium<'_, impl Read + Seek>,
    mbr: &[u8],
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    let Some(boot_code) = mbr
        .get(..440)
        .filter(|code| code.iter().any(|byte| *byte != 0))
    else {
        findings
            .notes
            .push("no boot code: a BIOS cannot start this".to_owned());
        return Ok(());
    };
    let starts_with_jump = matches!(boot_code.first(), Some(0xeb | 0xe9));
    findings.check(
        "MBR",
        "boot code begins with a jump:",
        starts_with_jump,
        true,
    );
    let core_lba = u64_at(boot_code, CORE_LBA_IN_MBR);
    findings.check(
        "MBR",
        "LBA of GRUB's core image",
        core_lba,
        Some(CORE_IMAGE_LBA.0),
    );
    let core = medium.read_sectors(CORE_IMAGE_LBA, 1)?;
    let place = "GRUB's core image at LBA 34";
    let rest = u64_at(&core, REST_LBA_IN_CORE);
    findings.check(
        place,
        "LBA of its second sector",
        rest,
        Some(CORE_IMAGE_LBA.0 + 1),
    );
    let sectors = u64_at(&core, REST_LBA_IN_CORE + 4).map_or(0, |value| value >> 32 & 0xffff);
    let room = VOLUME_FIRST_LBA.0 - CORE_IMAGE_LBA.0 - 1;
    if !(1..=room).contains(&sectors) {
        findings.problem(
            place,
            format!("{sectors} more sectors"),
            format!("1 to {room}"),
        );
    }
    Ok(())
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    let bytes = bytes.get(offset..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}

/// Returns the CRC that GPT uses. Source: UEFI 2.10, 5.3.2, which refers to CCITT32 (IEEE 802.3).
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let is_odd = crc & 1 == 1;
            crc >>= 1;
            if is_odd {
                crc ^= 0xedb8_8320;
            }
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_is_the_published_one() {
        // The check value that catalogues of CRCs give for CRC-32.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
