//! What `mend` reads of a broken PC: registry files, catalogs, programs, volumes, and what hardware answers.

use anyhow::{Result, ensure};
use mend::area::{Area, RamArea};
use mend::bitlocker::keys::{Credential, unseal_volume};
use mend::bitlocker::metadata::read_metadata;
use mend::bitlocker::startup_key::StartupKey;
use mend::filesystem::ntfs_volume::dirty_flag::dirty_marks;
use mend::filesystem::partition_table::read_table;
use mend::filesystem::{find_free, foreign, identify, read_allocation, read_state};
use mend::health::describe_hardware;
use mend::health::disks::refuse_writing;
use mend::hive::Hive;
use mend::hive::audit::audit;
use mend::hive::edit::HiveEditor;
use mend::hive::key::{FileTime, Key};
use mend::hive::value::ValueType;
use mend::machine::hardware::{DiskAnswers, Hardware, Interface, SmartAnswers};
use mend::windows::catalog::Catalog;
use mend::windows::catalog::digests::FileDigests;
use mend::windows::catalog::trust::{KeyPurpose, Trust};
use mend::windows::pe::PeIdentity;

use rescue_stick::report::health::{DiskHealth, MachineHealth};

use crate::disks::crc32;

/// Keys of a spoiled registry file that are read at most; a key may be its own grandchild.
const MOST_KEYS: usize = 5_000;

/// Reads a registry file as far as it can be read; returns how many keys that were.
fn walk(hive: &Hive, most_keys: usize) -> usize {
    let mut open: Vec<Key<'_>> = hive.root().into_iter().collect();
    let mut count = 0;
    while let Some(key) = open.pop() {
        count += 1;
        for value in key.values().unwrap_or_default() {
            let _ = (
                value.data(),
                value.as_text(),
                value.as_texts(),
                value.as_u32(),
            );
        }
        if count + open.len() < most_keys {
            open.extend(key.subkeys().unwrap_or_default());
        }
    }
    count
}

/// A registry file, with its log behind it if it is not the only one.
pub(crate) fn read_hive(bytes: &[u8]) -> Result<bool> {
    let bytes = &fit_base_block(bytes);
    if bytes.len() > 4096 {
        let (primary, log) = bytes.split_at(bytes.len() / 2 / 4096 * 4096);
        if let Ok(hive) = Hive::parse_with_logs(primary.to_vec(), &[log.to_vec()]) {
            walk(&hive, MOST_KEYS);
        }
    }
    judge_hive(bytes, MOST_KEYS)
}

/// Reads a registry file, at most so many keys of it. Whatever is taken for whole is changed, and must be whole
/// afterwards, with nothing else changed.
pub fn judge_hive(bytes: &[u8], most_keys: usize) -> Result<bool> {
    if let Ok(hive) = Hive::parse(bytes.to_vec()) {
        walk(&hive, most_keys);
        let _ = hive.key("Microsoft\\Windows NT\\CurrentVersion");
    }
    let _ = audit(bytes);
    let Ok(mut editor) = HiveEditor::open(bytes.to_vec(), FileTime::from_unix_seconds(0)) else {
        return Ok(false);
    };
    let before = walk(editor.hive(), most_keys);
    for (key, name, data) in [
        (
            "Microsoft\\Windows NT\\CurrentVersion",
            "RegisteredOwner",
            &[b't', 0][..],
        ),
        ("", "a", &[b'b', 0].repeat(1500)),
        ("mendkit\\a\\b", "c", &[1, 0, 0, 0]),
    ] {
        // A key that is gone, or a name that is taken twice, is refused.
        let _ = editor.create_key(key);
        let _ = editor.set_value(key, name, ValueType::SZ, data);
        let _ = editor.remove_value(key, name);
        let _ = editor.set_value(key, name, ValueType::SZ, data);
    }
    let after = editor.finish()?;
    let found = audit(&after);
    ensure!(found.is_clean(), "{:?}", found.problems);
    let keys = walk(&Hive::parse(after)?, most_keys);
    ensure!(
        (before..=before + 6).contains(&keys),
        "{before} keys became {keys}"
    );
    Ok(true)
}

/// Puts the checksum over the base block right: chance never finds one.
fn fit_base_block(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let Some(covered) = bytes.get(..508) else {
        return bytes;
    };
    let words = covered
        .chunks_exact(4)
        .filter_map(|word| word.first_chunk());
    let sum = match words.fold(0, |sum, word| sum ^ u32::from_le_bytes(*word)) {
        0 => 1,
        u32::MAX => u32::MAX - 1,
        sum => sum,
    };
    bytes[508..512].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// A catalog. Nobody's signature is believed when nobody is trusted.
pub(crate) fn read_catalog(bytes: &[u8]) -> Result<bool> {
    let Ok(catalog) = Catalog::parse(bytes) else {
        return Ok(false);
    };
    let mut trust = Trust {
        anchors: Vec::new(),
        purpose: KeyPurpose::WINDOWS,
    };
    ensure!(
        catalog.verify(&trust).is_err(),
        "somebody is believed whom nobody trusts"
    );
    trust.purpose = KeyPurpose::DRIVERS;
    let _ = catalog.verify(&trust);
    if let Ok(trust) = Trust::in_microsoft_for_windows() {
        let _ = catalog.verify(&trust);
    }
    Ok(true)
}

/// A program of Windows: what it says of itself is short enough to be shown.
pub(crate) fn read_program(bytes: &[u8]) -> Result<bool> {
    let _ = FileDigests::of(bytes);
    let Ok(identity) = PeIdentity::parse(bytes) else {
        return Ok(false);
    };
    let length = identity.original_name.map_or(0, |name| name.len());
    ensure!(length <= 3 * bytes.len(), "{length} bytes of a name");
    Ok(true)
}

/// Bytes of a volume or disk: what is not given is zeros.
const VOLUME_LENGTH: u64 = 64 << 20;

/// A volume or a disk before anything of it is mounted: partition table, file system, BitLocker. Nothing is said
/// of places behind its end, or said to be free there.
pub(crate) fn read_volume(bytes: &[u8]) -> Result<bool> {
    let area = RamArea::new(VOLUME_LENGTH);
    area.write_at(0, bytes.get(..bytes.len().min(1 << 20)).unwrap_or_default())?;
    let table = read_table(&area);
    if let Ok(table) = &table {
        ensure!(
            table.windows.len() < 4096,
            "{} windows",
            table.windows.len()
        );
    }
    let _ = (
        foreign::recognise_set(&area),
        foreign::recognise_loader(&area),
    );
    let _ = (
        foreign::recognise_volume(&area),
        foreign::looks_encrypted(&area),
    );
    let Ok(found) = identify(&area) else {
        return Ok(table.is_ok());
    };
    let _ = read_state(&area, found.file_system);
    if let Ok(free) = find_free(&area, found.file_system, 1 << 40) {
        ensure!(
            free <= VOLUME_LENGTH || free == 1 << 40,
            "{free} bytes are free"
        );
    }
    if let Ok(mut allocation) = read_allocation(&area, found.file_system) {
        for offset in (0..VOLUME_LENGTH).step_by(4 << 20) {
            let _ = (
                allocation.is_free(offset, 4096),
                allocation.is_log(offset, 4096),
            );
        }
        let beyond = allocation.is_free(VOLUME_LENGTH, 4096).unwrap_or(false);
        ensure!(!beyond, "free beyond the end");
    }
    for (place, mark) in dirty_marks(&area).unwrap_or_default() {
        let end = place.saturating_add(u64::try_from(mark.len())?);
        ensure!(end <= VOLUME_LENGTH, "a mark at {place:#x}");
    }
    Ok(true)
}

/// The metadata of a locked volume: its first sector, then one copy of the metadata, which is put where the sector
/// says. The key that lies beside it while protection is suspended is tried, and the file of a startup key.
pub(crate) fn read_bitlocker(bytes: &[u8]) -> Result<bool> {
    if StartupKey::parse(bytes).is_ok() {
        return Ok(true);
    }
    let Some((sector, block)) = bytes.split_at_checked(512) else {
        return Ok(false);
    };
    let mut sector = sector.to_vec();
    let place = 0x1_0000_u64;
    for at in [176, 440] {
        sector[at..at + 8].copy_from_slice(&place.to_le_bytes());
    }
    let mut block = block
        .get(..block.len().min(32 << 10))
        .unwrap_or_default()
        .to_vec();
    fit_validation(&mut block);
    let area = RamArea::new(VOLUME_LENGTH);
    area.write_at(0, &sector)?;
    area.write_at(place, &block)?;
    let Ok(metadata) = read_metadata(&area) else {
        return Ok(false);
    };
    let _ = (
        metadata.cipher(),
        metadata.check_openable(),
        metadata.recovery_ids(),
    );
    let unsealed = unseal_volume(&metadata, &Credential::ClearKey, &mut |_| ());
    ensure!(
        unsealed.is_err() || metadata.is_suspended(),
        "opened without a key"
    );
    Ok(true)
}

/// Puts the checksum behind the metadata right, if it has one.
fn fit_validation(block: &mut Vec<u8>) {
    let Some(size) = block.get(8..10).and_then(|two| two.first_chunk()) else {
        return;
    };
    let size = usize::from(u16::from_le_bytes(*size)) * 16;
    let Some(covered) = block.get(..size) else {
        return;
    };
    let sum = crc32(covered);
    block.resize(block.len().max(size + 8), 0);
    block[size + 4..size + 8].copy_from_slice(&sum.to_le_bytes());
}

/// What hardware answers: 512 bytes each of IDENTIFY DEVICE and SMART READ DATA, or of an NVMe log page, then the
/// sense data; behind them the kernel's list of processors, the variable of Secure Boot, and the texts of DMI, each
/// up to a zero byte. Whatever it is, a report can hold it.
pub(crate) fn read_answers(bytes: &[u8]) -> Result<bool> {
    let part = |from: usize, length: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        Ok(rest
            .get(..rest.len().min(length))
            .unwrap_or_default()
            .to_vec())
    };
    let disk = |interface, smart| DiskAnswers {
        name: "disk 1".to_owned(),
        interface,
        smart,
        ..DiskAnswers::default()
    };
    let ata = SmartAnswers::Ata {
        identify: part(0, 512),
        attributes: part(512, 512),
        status: part(1024, 32),
    };
    let mut texts = bytes
        .get(1056..)
        .unwrap_or_default()
        .split(|byte| *byte == 0);
    let mut text = || {
        texts
            .next()
            .map(|text| String::from_utf8_lossy(text).into_owned())
    };
    let mut hardware = Hardware {
        cpuinfo: text(),
        disks: vec![
            disk(Interface::Ata, ata),
            disk(Interface::Nvme, SmartAnswers::Nvme(part(0, 512))),
        ],
        ..Hardware::default()
    };
    hardware.firmware.is_uefi = true;
    hardware.firmware.secure_boot_variable = text().map(String::into_bytes);
    for name in [
        "bios_version",
        "bios_date",
        "board_vendor",
        "board_name",
        "board_serial",
    ] {
        hardware
            .dmi
            .extend(text().map(|text| (name.to_owned(), text)));
    }
    let (machine, disks) = describe_hardware(&hardware);
    for disk in &disks {
        let _ = refuse_writing(disk);
    }
    let written = serde_json::to_string(&(&machine, &disks))?;
    ensure!(
        serde_json::from_str::<(MachineHealth, Vec<DiskHealth>)>(&written)? == (machine, disks),
        "{written}"
    );
    Ok(true)
}
