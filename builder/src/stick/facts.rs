//! Reads what /sys, /proc and /run say about the disks of this computer. Opens no disk.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::device::{Bus, DeviceFacts, DeviceNumber, Kind, Use};
use crate::lba::ByteSize;

mod mounts;

use mounts::InUse;

/// Where the kernel and udev tell about disks.
#[derive(Clone, Debug)]
pub struct Sources {
    /// `/sys`
    pub sys: PathBuf,
    /// `/proc`
    pub proc: PathBuf,
    /// `/run`
    pub run: PathBuf,
    /// `/dev`
    pub dev: PathBuf,
}

/// Why nothing is known about disks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FactsError {
    /// A file that every Linux has could not be read.
    #[error("looking for disks")]
    Read(#[from] io::Error),
    /// A size, number or flag is not what the kernel writes.
    #[error("{}: {found:?}, expected a number", path.display())]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: String,
    },
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            sys: "/sys".into(),
            proc: "/proc".into(),
            run: "/run".into(),
            dev: "/dev".into(),
        }
    }
}

/// Returns every disk, sorted by name. Whether one is held is for the caller to find out.
pub fn read_devices(sources: &Sources) -> Result<Vec<DeviceFacts>, FactsError> {
    let in_use = InUse::read(sources)?;
    let mut names = names_in(&sources.sys.join("block"))?;
    // `sdb` before `sdaa`, as the kernel gave them.
    names.sort_by_key(|name| (name.len(), name.clone()));
    let devices = names.iter().map(|name| read_one(sources, name, &in_use));
    let found: Result<Vec<_>, FactsError> = devices.collect();
    Ok(found?.into_iter().flatten().collect())
}

/// Returns one disk by its name; nothing if there is none.
pub fn read_device(sources: &Sources, name: &str) -> Result<Option<DeviceFacts>, FactsError> {
    read_one(sources, name, &InUse::read(sources)?)
}

/// Returns the disk that a device number belongs to: its name, and whether the number is a partition's.
pub fn find_by_number(sources: &Sources, number: DeviceNumber) -> Option<(String, bool)> {
    let DeviceNumber { major, minor } = number;
    let link = sources.sys.join(format!("dev/block/{major}:{minor}"));
    let folder = fs::canonicalize(link).ok()?;
    let is_partition = folder.join("partition").exists();
    let disk = if is_partition {
        folder.parent()?
    } else {
        &folder
    };
    Some((disk.file_name()?.to_str()?.to_owned(), is_partition))
}

fn read_one(
    sources: &Sources,
    name: &str,
    in_use: &InUse,
) -> Result<Option<DeviceFacts>, FactsError> {
    let folder = sources.sys.join("block").join(name);
    let Some(size) = number_in(&folder.join("size"))? else {
        // Taken out since the folder was listed.
        return Ok(None);
    };
    let device = fs::canonicalize(folder.join("device")).ok();
    let kind = kind_of(name);
    let bus = bus_of(name, device.as_deref());
    // A part of a card that holds its firmware is not a disk, though it looks like one.
    if bus == Bus::Emmc && name.contains("boot") || name.contains("rpmb") {
        return Ok(None);
    }
    let flag = |file: &str| -> Result<bool, FactsError> {
        Ok(number_in(&folder.join(file))?.unwrap_or_default() != 0)
    };
    Ok(Some(DeviceFacts {
        name: name.to_owned(),
        path: sources.dev.join(name.replace('!', "/")),
        number: device_number(&folder),
        generation: number_in(&folder.join("diskseq"))?,
        model: device.as_deref().map(model_of).unwrap_or_default(),
        serial: serial_of(&folder, device.as_deref()),
        // The kernel counts in 512 bytes here, whatever the sectors are.
        size: ByteSize(size.saturating_mul(512)),
        sector_size: number_in(&folder.join("queue/logical_block_size"))?.unwrap_or(512),
        bus,
        kind,
        is_removable: flag("removable")?,
        is_read_only: flag("ro")?,
        uses: uses_of(sources, name, in_use)?,
        is_held: None,
    }))
}

fn kind_of(name: &str) -> Kind {
    const KINDS: [(&str, Kind); 10] = [
        ("sr", Kind::Optical),
        ("fd", Kind::Floppy),
        ("zram", Kind::Ram),
        ("ram", Kind::Ram),
        ("pmem", Kind::Ram),
        ("dm-", Kind::Assembled),
        ("md", Kind::Assembled),
        ("bcache", Kind::Assembled),
        ("loop", Kind::Loop),
        ("nbd", Kind::Network),
    ];
    let found = KINDS.iter().find(|(start, _)| name.starts_with(start));
    found.map_or(Kind::Disk, |(_, kind)| *kind)
}

fn bus_of(name: &str, device: Option<&Path>) -> Bus {
    let Some(device) = device else {
        return Bus::Other;
    };
    if name.starts_with("mmcblk") {
        let is_card = text_in(&device.join("type")).as_deref() == Some("SD");
        return if is_card { Bus::SdCard } else { Bus::Emmc };
    }
    let has = |start: &str| {
        let mut names = device.iter().filter_map(|name| name.to_str());
        names.any(|name| {
            let rest = name.strip_prefix(start);
            rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        })
    };
    match () {
        () if has("usb") => Bus::Usb,
        () if name.starts_with("nvme") => Bus::Nvme,
        () if has("virtio") => Bus::Virtio,
        () if has("ata") => Bus::Ata,
        () if has("host") => Bus::Scsi,
        () => Bus::Other,
    }
}

fn model_of(device: &Path) -> String {
    let words = ["vendor", "model", "name"].map(|file| text_in(&device.join(file)));
    let [vendor, model, name] = words;
    // A virtual disk's vendor is a PCI number, and a card has a name only.
    let vendor = vendor.filter(|vendor| !vendor.starts_with("0x"));
    let words: Vec<_> = vendor.into_iter().chain(model.or(name)).collect();
    let words = words.join(" ");
    let printable = words.chars().filter(|letter| !letter.is_control());
    printable.collect::<String>().trim().to_owned()
}

fn serial_of(folder: &Path, device: Option<&Path>) -> Option<String> {
    let device = device?;
    // A stick's own number is that of the USB device, two or three levels above the SCSI disk.
    let usb = device
        .ancestors()
        .find(|above| above.join("idVendor").exists());
    let usb = usb.and_then(|usb| text_in(&usb.join("serial")));
    usb.or_else(|| text_in(&device.join("serial")))
        .or_else(|| text_in(&folder.join("serial")))
        .or_else(|| unit_serial(&device.join("vpd_pg80")))
}

/// Reads the unit serial number. Source: SPC-4, 7.8.15: four bytes of head, then the text.
fn unit_serial(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(bytes.get(4..)?).into_owned();
    let text = text.trim_matches(|letter: char| letter == '\0' || letter.is_whitespace());
    (!text.is_empty()).then(|| text.to_owned())
}

/// Returns who uses a disk, its partitions, or anything made of them.
fn uses_of(sources: &Sources, name: &str, in_use: &InUse) -> Result<Vec<Use>, FactsError> {
    let block = sources.sys.join("block");
    let disk = block.join(name);
    let mut pending = vec![(name.to_owned(), disk.clone())];
    for entry in names_in(&disk)? {
        let folder = disk.join(&entry);
        if folder.join("partition").exists() {
            pending.push((entry, folder));
        }
    }
    // The disk's own first, so that the list reads from the outside in.
    pending.reverse();
    let (mut uses, mut seen) = (Vec::new(), BTreeSet::new());
    while let Some((node, folder)) = pending.pop() {
        if !seen.insert(node.clone()) {
            continue;
        }
        let mapped = text_in(&folder.join("dm/name"));
        let number = device_number(&folder);
        uses.extend(in_use.of(sources, &node, mapped.as_deref(), number));
        for holder in names_in(&folder.join("holders")).unwrap_or_default() {
            let above = block.join(&holder);
            uses.push(Use::Part {
                node: node.clone(),
                of: made_of(&holder, &above).to_owned(),
                name: text_in(&above.join("dm/name")).unwrap_or_else(|| holder.clone()),
            });
            pending.push((holder, above));
        }
    }
    Ok(uses)
}

fn made_of(holder: &str, folder: &Path) -> &'static str {
    let uuid = text_in(&folder.join("dm/uuid")).unwrap_or_default();
    match () {
        () if uuid.starts_with("LVM-") => "LVM",
        () if uuid.starts_with("CRYPT-") => "LUKS",
        () if holder.starts_with("md") => "RAID",
        () if holder.starts_with("bcache") => "bcache",
        () => "device mapper",
    }
}

fn device_number(folder: &Path) -> Option<DeviceNumber> {
    parse_number(&text_in(&folder.join("dev"))?)
}

/// Reads `8:16`.
fn parse_number(text: &str) -> Option<DeviceNumber> {
    let (major, minor) = text.split_once(':')?;
    Some(DeviceNumber {
        major: major.parse().ok()?,
        minor: minor.parse().ok()?,
    })
}

/// Returns what a file of one line holds; nothing if it is not there or empty.
fn text_in(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn number_in(path: &Path) -> Result<Option<u64>, FactsError> {
    let Some(text) = text_in(path) else {
        return Ok(None);
    };
    let Ok(number) = text.parse() else {
        return Err(FactsError::NotANumber {
            path: path.to_owned(),
            found: text,
        });
    };
    Ok(Some(number))
}

fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests;
