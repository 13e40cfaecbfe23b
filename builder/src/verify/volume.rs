//! Checks the boot sector, FSInfo, and their backups.

use std::fmt::Debug;
use std::io::{Read, Seek};

use rescue_stick::paths::VOLUME_LABEL;
use zerocopy::FromBytes;

use super::fat::Fat;
use super::partition_table::FoundTable;
use super::{Findings, Medium, VerifyError};
use crate::disk::VOLUME_FIRST_LBA;
use crate::fat32::geometry::{Geometry, LEAST_CLUSTERS};
use crate::fat32::raw::{FS_INFO_LEAD, FS_INFO_STRUCT, FS_INFO_TRAIL, RawBootSector, RawFsInfo};
use crate::fat32::{BACKUP_BOOT_SECTOR, FIRST_CLUSTER, FS_INFO_SECTOR};
use crate::lba::Lba;

/// Largest FAT that is read: that of 128 GiB with clusters of 4 KiB.
const MOST_FAT_SECTORS: u32 = 1 << 18;

/// Checks the boot sector and its backup; returns the geometry if the volume can be read with it.
pub(super) fn check_boot_sectors(
    medium: &mut Medium<'_, impl Read + Seek>,
    table: Option<&FoundTable>,
    findings: &mut Findings,
) -> Result<Option<Geometry>, VerifyError> {
    if !medium.holds(VOLUME_FIRST_LBA, 32) {
        return Ok(None);
    }
    let sectors = medium.read_sectors(VOLUME_FIRST_LBA, 32)?;
    let mut sectors = sectors.chunks_exact(512);
    let primary = sectors.next().unwrap_or_default();
    // Five sectors on from here lies the sixth.
    let backup = sectors.nth(usize::from(BACKUP_BOOT_SECTOR) - 1);
    if backup != Some(primary) {
        findings.problem(
            format!("backup boot sector at LBA {}", fs_lba(BACKUP_BOOT_SECTOR)),
            "other bytes than in the boot sector",
            "the same",
        );
    }
    let Ok(boot) = RawBootSector::read_from_bytes(primary) else {
        return Ok(None);
    };
    let place = format!("boot sector at LBA {VOLUME_FIRST_LBA}");
    let Some(geometry) = geometry_of(&boot, &place, findings) else {
        return Ok(None);
    };
    check_fields(&boot, &geometry, &place, table, findings);
    if !medium.holds(VOLUME_FIRST_LBA, u64::from(geometry.sectors)) {
        let finding = format!("{} sectors", geometry.sectors);
        let room = medium.sectors() - VOLUME_FIRST_LBA.0;
        findings.problem(place, finding, format!("at most {room}, which are there"));
        return Ok(None);
    }
    Ok(Some(geometry))
}

/// Checks FSInfo against a recount, and the magic numbers of its backup, which nobody keeps up to date.
pub(super) fn check_fs_info(
    medium: &mut Medium<'_, impl Read + Seek>,
    fat: &Fat,
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    for sector in [FS_INFO_SECTOR, BACKUP_BOOT_SECTOR + FS_INFO_SECTOR] {
        let lba = fs_lba(sector);
        let bytes = medium.read_sectors(lba, 1)?;
        let Ok(info) = RawFsInfo::read_from_bytes(&bytes) else {
            continue;
        };
        let place = format!("FSInfo at LBA {lba}");
        findings.check(&place, "first magic", info.lead_signature, FS_INFO_LEAD);
        findings.check(
            &place,
            "second magic",
            info.struct_signature,
            FS_INFO_STRUCT,
        );
        findings.check(&place, "third magic", info.trail_signature, FS_INFO_TRAIL);
        let mut reserved = info.reserved_1.iter().chain(&info.reserved_2);
        findings.check(
            &place,
            "reserved area is empty:",
            reserved.all(|byte| *byte == 0),
            true,
        );
        if sector != FS_INFO_SECTOR {
            continue;
        }
        let free = (info.free_count.get(), fat.free_clusters());
        findings.check(&place, "number of free clusters", free.0, free.1);
        let (next, end) = (info.next_free.get(), fat.end());
        if !(FIRST_CLUSTER..end).contains(&next) && next != u32::MAX {
            let expectation = format!("{FIRST_CLUSTER} to {}", end - 1);
            findings.problem(place, format!("next free cluster is {next}"), expectation);
        }
    }
    Ok(())
}

fn fs_lba(sector: u16) -> Lba {
    VOLUME_FIRST_LBA.advanced_by(u64::from(sector))
}

/// Returns the sizes that the boot sector states, if they go together.
fn geometry_of(boot: &RawBootSector, place: &str, findings: &mut Findings) -> Option<Geometry> {
    let per_cluster = boot.sectors_per_cluster;
    let (reserved, fat) = (boot.reserved_sectors.get(), boot.fat_size_32.get());
    let total = boot.total_sectors_32.get();
    let mut is_good = true;
    let mut require = |is_right: bool, finding: String, expectation: &str| {
        if !is_right {
            findings.problem(place, finding, expectation);
            is_good = false;
        }
    };
    require(
        matches!(per_cluster, 1 | 2 | 4 | 8),
        format!("{per_cluster} sectors per cluster"),
        "1, 2, 4 or 8",
    );
    require(
        reserved >= 32,
        format!("{reserved} reserved sectors"),
        "at least 32",
    );
    require(
        (1..=MOST_FAT_SECTORS).contains(&fat),
        format!("{fat} sectors per FAT"),
        "1 to 262144",
    );
    let before_data = u64::from(reserved) + 2 * u64::from(fat);
    let clusters = u64::from(total)
        .checked_sub(before_data)
        .and_then(|data| data.checked_div(u64::from(per_cluster)))
        .and_then(|clusters| u32::try_from(clusters).ok())
        .unwrap_or(0);
    require(
        clusters >= LEAST_CLUSTERS,
        format!("{total} sectors, {clusters} clusters"),
        "at least 65525 clusters for FAT32",
    );
    require(
        u64::from(fat) * 128 >= u64::from(clusters) + u64::from(FIRST_CLUSTER),
        format!("FAT of {fat} sectors for {clusters} clusters"),
        "an entry for every cluster",
    );
    is_good.then_some(Geometry {
        first_lba: VOLUME_FIRST_LBA,
        sectors: total,
        sectors_per_cluster: per_cluster,
        reserved_sectors: reserved,
        sectors_per_fat: fat,
        clusters,
    })
}

/// Checks every other field.
fn check_fields(
    boot: &RawBootSector,
    geometry: &Geometry,
    place: &str,
    table: Option<&FoundTable>,
    findings: &mut Findings,
) {
    if let Some(table) = table {
        let sectors = (u64::from(geometry.sectors), table.volume.sectors());
        findings.check(place, "number of sectors", sectors.0, sectors.1);
        let serials = (boot.volume_serial.get(), table.identity.volume_serial);
        findings.check(place, "volume serial", serials.0, serials.1);
    }
    let expected = geometry.boot_sector(VOLUME_LABEL, boot.volume_serial.get());
    let mut check = |field: &str, value: fn(&RawBootSector) -> Box<dyn Field>| {
        let (found, expected) = (value(boot).text(), value(&expected).text());
        if found != expected {
            findings.problem(place, format!("{field} is {found}"), expected);
        }
    };
    check("jump", |b| Box::new(b.jump));
    check("OEM name", |b| Box::new(b.oem_name));
    check("bytes per sector", |b| Box::new(b.bytes_per_sector.get()));
    check("number of FATs", |b| Box::new(b.fats));
    check("number of root entries", |b| Box::new(b.root_entries.get()));
    check("16-bit number of sectors", |b| {
        Box::new(b.total_sectors_16.get())
    });
    check("media byte", |b| Box::new(b.media));
    check("16-bit FAT size", |b| Box::new(b.fat_size_16.get()));
    check("sectors per track", |b| Box::new(b.sectors_per_track.get()));
    check("number of heads", |b| Box::new(b.heads.get()));
    check("hidden sectors", |b| Box::new(b.hidden_sectors.get()));
    check("extended flags", |b| Box::new(b.extended_flags.get()));
    check("version", |b| Box::new(b.version.get()));
    check("root cluster", |b| Box::new(b.root_cluster.get()));
    check("sector of FSInfo", |b| Box::new(b.fs_info_sector.get()));
    check("sector of the backup", |b| {
        Box::new(b.backup_boot_sector.get())
    });
    check("reserved area", |b| Box::new(b.reserved));
    check("drive number", |b| Box::new(b.drive_number));
    check("dirty flag", |b| Box::new(b.status));
    check("extended boot signature", |b| {
        Box::new(b.extended_boot_signature)
    });
    check("volume label", |b| Box::new(b.volume_label));
    check("file system type", |b| Box::new(b.file_system_type));
    check("magic", |b| Box::new(b.magic));
    if boot.boot_code != expected.boot_code {
        findings.problem(
            place,
            "unknown boot code",
            "the one that asks for the next device",
        );
    }
}

/// A field as people read it: text if it is text, else a number.
trait Field {
    fn text(&self) -> String;
}

impl<const N: usize> Field for [u8; N] {
    fn text(&self) -> String {
        format!("\"{}\"", self.escape_ascii())
    }
}

macro_rules! field_is_number {
    ($($number:ty),*) => {$(
        impl Field for $number {
            fn text(&self) -> String {
                let number: &dyn Debug = self;
                format!("{number:?}")
            }
        }
    )*};
}
field_is_number!(u8, u16, u32);
