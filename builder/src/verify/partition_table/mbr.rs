//! Checks the MBR, and tells by it which layout a disk has.

use std::io::{Read, Seek};

use zerocopy::FromBytes;

use super::FoundTable;
use crate::disk::identity::DiskIdentity;
use crate::disk::layout::Layout;
use crate::disk::raw::RawMbr;
use crate::disk::{self, MBR_TYPE_FAT32_LBA, MBR_TYPE_GPT_PROTECTIVE, VOLUME_FIRST_LBA};
use crate::lba::{ByteSize, LbaRange};
use crate::verify::{Findings, Medium};

/// Returns which layout the first sectors are to be held against. One without any sign of a GPT is an MBR
/// alone; in all other cases the GPT decides, so that a damaged MBR is called damaged.
pub(super) fn layout_of(mbr: &[u8], is_gpt_there: bool) -> Layout {
    let Ok(mbr) = RawMbr::read_from_bytes(mbr) else {
        return Layout::default();
    };
    let [first, others @ ..] = mbr.entries.map(|entry| entry.partition_type);
    match first {
        MBR_TYPE_GPT_PROTECTIVE => Layout::Gpt,
        MBR_TYPE_FAT32_LBA if !is_gpt_there && !others.contains(&MBR_TYPE_GPT_PROTECTIVE) => {
            Layout::Mbr
        }
        _ => Layout::Hybrid,
    }
}

/// Checks an MBR behind which there is no GPT; returns what it says if the volume is where it should be.
pub(super) fn check_mbr_alone(
    medium: &Medium<'_, impl Read + Seek>,
    mbr: &[u8],
    findings: &mut Findings,
) -> Option<FoundTable> {
    let found = RawMbr::read_from_bytes(mbr).ok()?;
    let [entry, ..] = found.entries;
    let place = "MBR, entry 1";
    let first = entry.first_lba.get();
    let starts_right = findings.check(place, "first LBA", u64::from(first), VOLUME_FIRST_LBA.0);
    let sectors = u64::from(entry.sectors.get());
    if !medium.holds(VOLUME_FIRST_LBA, sectors) {
        let room = medium.sectors().saturating_sub(VOLUME_FIRST_LBA.0);
        let expectation = format!("at most {room}, which are there");
        findings.problem(place, format!("{sectors} sectors"), expectation);
        return None;
    }
    let volume = LbaRange::starting_at(VOLUME_FIRST_LBA, sectors).filter(|_| starts_right)?;
    let identity = DiskIdentity::of_mbr(found.disk_signature.get());
    let end = volume.last().advanced_by(1);
    check_mbr(mbr, end.0, volume, &identity, findings);
    Some(FoundTable {
        image_size: ByteSize(end.byte_offset()),
        identity,
        volume,
    })
}

/// Holds an MBR against the one that a disk of so many sectors should have.
pub(super) fn check_mbr(
    mbr: &[u8],
    sectors: u64,
    volume: LbaRange,
    identity: &DiskIdentity,
    findings: &mut Findings,
) {
    let Ok(found) = RawMbr::read_from_bytes(mbr) else {
        return;
    };
    let expected = disk::expected_mbr(sectors, volume, identity, &found.boot_code);
    findings.check("MBR", "magic", found.magic, expected.magic);
    findings.check("MBR", "reserved field", found.reserved, expected.reserved);
    let signatures = (found.disk_signature.get(), expected.disk_signature.get());
    findings.check("MBR", "disk signature", signatures.0, signatures.1);
    for (number, (found, expected)) in (1..).zip(found.entries.iter().zip(&expected.entries)) {
        let place = format!("MBR, entry {number}");
        let kinds = (found.partition_type, expected.partition_type);
        findings.check(&place, "type", kinds.0, kinds.1);
        let active = (found.boot_indicator, expected.boot_indicator);
        findings.check(&place, "boot indicator", active.0, active.1);
        findings.check(
            &place,
            "first LBA",
            found.first_lba.get(),
            expected.first_lba.get(),
        );
        findings.check(
            &place,
            "number of sectors",
            found.sectors.get(),
            expected.sectors.get(),
        );
        findings.check(
            &place,
            "first address in cylinders",
            found.first_chs,
            expected.first_chs,
        );
        findings.check(
            &place,
            "last address in cylinders",
            found.last_chs,
            expected.last_chs,
        );
    }
}
