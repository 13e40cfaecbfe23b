//! What is known about a disk of this computer, and whether it may become a stick. Pure: facts in, reasons
//! out.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::lba::{ByteSize, SECTOR_SIZE};

/// A disk of this computer, as /sys and /proc describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceFacts {
    /// Its name in /sys/block, such as `sdb`.
    pub name: String,
    /// Its node, such as `/dev/sdb`; for a file, its path.
    pub path: PathBuf,
    /// Major and minor number; nothing for a file.
    pub number: Option<DeviceNumber>,
    /// Changes whenever another medium appears under the same name, where the kernel counts that.
    pub generation: Option<u64>,
    /// Maker and model in their own words; empty if there are none.
    pub model: String,
    /// Serial number, if it has one.
    pub serial: Option<String>,
    /// What it says that it holds.
    pub size: ByteSize,
    /// Bytes in one of its sectors.
    pub sector_size: u64,
    /// What it hangs on.
    pub bus: Bus,
    /// What it is.
    pub kind: Kind,
    /// Whether it calls its medium removable.
    pub is_removable: bool,
    /// Whether it refuses writing.
    pub is_read_only: bool,
    /// Who uses it or a part of it.
    pub uses: Vec<Use>,
    /// Whether somebody holds it, whoever that is; nothing if this person may not know.
    pub is_held: Option<bool>,
}

/// Major and minor number of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceNumber {
    /// The driver.
    pub major: u32,
    /// The device or its partition.
    pub minor: u32,
}

/// What a disk hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bus {
    /// USB.
    Usb,
    /// A reader of SD cards.
    SdCard,
    /// Memory that is soldered in.
    Emmc,
    /// SATA or PATA.
    Ata,
    /// NVMe.
    Nvme,
    /// A virtual machine's disk.
    Virtio,
    /// Another SCSI host.
    Scsi,
    /// None, or one that is not known here.
    Other,
}

/// What a block device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A disk, a stick, a card.
    Disk,
    /// A drive for CDs and DVDs.
    Optical,
    /// A floppy drive.
    Floppy,
    /// Memory, compressed or not.
    Ram,
    /// Made of other disks: device mapper, MD, bcache.
    Assembled,
    /// A file that is used as a disk.
    Loop,
    /// A disk at the other end of a network.
    Network,
    /// An ordinary file that stands for a stick.
    File,
}

/// Who uses a disk or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "as")]
pub enum Use {
    /// A file system of it is mounted.
    Mount {
        /// The disk, a partition, or what is made of them.
        node: String,
        /// Where it is mounted.
        at: String,
    },
    /// It is swapped to.
    Swap {
        /// The disk, a partition, or what is made of them.
        node: String,
    },
    /// Something is made of it.
    Part {
        /// The disk or partition.
        node: String,
        /// What is made: `LVM`, `LUKS`, `RAID` and so on.
        of: String,
        /// Its name.
        name: String,
    },
    /// It belongs to a ZFS pool, and this computer has ZFS.
    Zfs {
        /// The disk or partition.
        node: String,
        /// The pool.
        pool: String,
    },
}

/// Why a disk may not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Stable name of the rule.
    pub rule: &'static str,
    /// The reason, as people read it.
    pub reason: String,
    /// Whether naming the disk explicitly is enough to go on.
    pub yields_to_name: bool,
}

/// A rule about disks that may not be written.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Stable name.
    pub name: &'static str,
    /// Whether naming the disk explicitly is enough to go on.
    pub yields_to_name: bool,
    /// Returns the reason if the rule forbids writing an image of this size, if one is given.
    reason: fn(&DeviceFacts, Option<ByteSize>) -> Option<String>,
}

/// Where this computer itself lives.
const OWN_PLACES: [&str; 10] = [
    "/",
    "/boot",
    "/boot/efi",
    "/efi",
    "/usr",
    "/var",
    "/home",
    "/etc",
    "/opt",
    "/nix",
];

/// More cannot be counted by an MBR.
const MOST_BYTES: u64 = SECTOR_SIZE << 32;

/// All rules, the gravest first.
pub const ALL_RULES: [Rule; 14] = [
    rule("this-computer", |facts, _| {
        let mut places = facts.uses.iter().filter_map(|used| match used {
            Use::Mount { at, .. } => Some(at.as_str()),
            _ => None,
        });
        let is_own = places.any(|at| OWN_PLACES.contains(&at));
        is_own.then(|| "this computer's disk".to_owned())
    }),
    rule("mounted", |facts, _| {
        facts.uses.iter().find_map(|used| match used {
            Use::Mount { at, .. } => Some(format!("mounted on {at}")),
            _ => None,
        })
    }),
    rule("swap", |facts, _| {
        facts.uses.iter().find_map(|used| match used {
            Use::Swap { node } => Some(format!("{node} is swapped to")),
            _ => None,
        })
    }),
    rule("part-of-another", |facts, _| {
        facts.uses.iter().find_map(|used| match used {
            Use::Part { node, of, name } => Some(format!("{node} is part of {of} {name}")),
            _ => None,
        })
    }),
    rule("zfs", |facts, _| {
        facts.uses.iter().find_map(|used| match used {
            Use::Zfs { node, pool } => Some(format!("{node} is part of ZFS pool {pool}")),
            _ => None,
        })
    }),
    rule("held", |facts, _| {
        let is_held = facts.is_held == Some(true);
        is_held.then(|| "in use by a program or container, or by the kernel".to_owned())
    }),
    rule("not-a-disk", |facts, _| match facts.kind {
        Kind::Optical => Some("a drive for CDs and DVDs".to_owned()),
        Kind::Floppy => Some("a floppy drive".to_owned()),
        Kind::Ram => Some("made of this computer's memory".to_owned()),
        Kind::Assembled => Some("made of other disks".to_owned()),
        Kind::Disk | Kind::Loop | Kind::Network | Kind::File => None,
    }),
    rule("no-medium", |facts, _| {
        (facts.size.0 == 0).then(|| "no medium in it, or size 0".to_owned())
    }),
    rule("read-only", |facts, _| {
        facts.is_read_only.then(|| "read-only".to_owned())
    }),
    rule("internal", |facts, _| {
        if facts.kind != Kind::Disk || matches!(facts.bus, Bus::Usb | Bus::SdCard) {
            return None;
        }
        Some(format!("an internal disk ({})", facts.bus))
    }),
    rule("sector-size", |facts, _| {
        let size = facts.sector_size;
        (size != SECTOR_SIZE)
            .then(|| format!("sectors of {size} bytes, expected {SECTOR_SIZE}: no BIOS starts it"))
    }),
    rule("size", |facts, image| {
        let size = facts.size;
        if size.0 > MOST_BYTES {
            return Some(format!("{size}, expected at most 2 TiB"));
        }
        let image = image.filter(|image| size < *image)?;
        Some(format!("{size}, but the image needs {image}"))
    }),
    Rule {
        name: "usb-hard-disk",
        yields_to_name: true,
        reason: |facts, _| {
            let is_fixed = facts.kind == Kind::Disk && !facts.is_removable;
            (is_fixed && facts.bus == Bus::Usb)
                .then(|| "a USB hard disk, unless you name it".to_owned())
        },
    },
    Rule {
        name: "not-plugged-in",
        yields_to_name: true,
        reason: |facts, _| match facts.kind {
            Kind::Loop => Some("a loop device, unless you name it".to_owned()),
            Kind::Network => Some("a network disk, unless you name it".to_owned()),
            Kind::File => Some("a file, unless you name it".to_owned()),
            _ => None,
        },
    },
];

const fn rule(
    name: &'static str,
    reason: fn(&DeviceFacts, Option<ByteSize>) -> Option<String>,
) -> Rule {
    Rule {
        name,
        yields_to_name: false,
        reason,
    }
}

/// Returns everything that speaks against writing an image of this size to the disk, the gravest first.
pub fn find_obstacles(facts: &DeviceFacts, image: Option<ByteSize>) -> Vec<Obstacle> {
    let reasons = ALL_RULES.iter().filter_map(|rule| {
        Some(Obstacle {
            rule: rule.name,
            reason: (rule.reason)(facts, image)?,
            yields_to_name: rule.yields_to_name,
        })
    });
    reasons.collect()
}

/// A disk that is not the one any more that was agreed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {field} is {found} now, expected {expected}; another stick was put in")]
pub struct IdentityChange {
    /// The device.
    pub path: String,
    /// What differs.
    pub field: &'static str,
    /// What it is.
    pub found: String,
    /// What was agreed on.
    pub expected: String,
}

/// Checks that two looks at a device saw the same one.
pub fn check_same(agreed: &DeviceFacts, now: &DeviceFacts) -> Result<(), IdentityChange> {
    let shown = |value: &dyn fmt::Debug| format!("{value:?}");
    let serial = |facts: &DeviceFacts| facts.serial.clone().unwrap_or_else(|| "none".to_owned());
    let fields: [(&str, String, String); 5] = [
        ("model", shown(&now.model), shown(&agreed.model)),
        ("serial", serial(now), serial(agreed)),
        ("size", shown(&now.size.0), shown(&agreed.size.0)),
        ("device number", shown(&now.number), shown(&agreed.number)),
        (
            "generation",
            shown(&now.generation),
            shown(&agreed.generation),
        ),
    ];
    for (field, found, expected) in fields {
        if found != expected {
            return Err(IdentityChange {
                path: agreed.path.display().to_string(),
                field,
                found,
                expected,
            });
        }
    }
    Ok(())
}

impl DeviceFacts {
    /// Returns what it is called to a person: model, or what stands for one.
    pub fn title(&self) -> &str {
        match self.kind {
            _ if !self.model.is_empty() => &self.model,
            Kind::File => "file",
            Kind::Loop => "loop device",
            Kind::Network => "network disk",
            _ => "unknown",
        }
    }

    /// Returns whether it is shown and taken without being named: nothing that this computer made up.
    pub fn is_listed(&self) -> bool {
        !matches!(self.kind, Kind::Loop | Kind::Network | Kind::File)
    }
}

impl fmt::Display for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Usb => "USB",
            Self::SdCard => "SD",
            Self::Emmc => "eMMC",
            Self::Ata => "SATA",
            Self::Nvme => "NVMe",
            Self::Virtio => "virtio",
            Self::Scsi => "SCSI",
            Self::Other => "-",
        })
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mount { at, .. } => f.write_str(at),
            Self::Swap { .. } => f.write_str("swap"),
            Self::Part { of, name, .. } => write!(f, "{of} {name}"),
            Self::Zfs { pool, .. } => write!(f, "ZFS {pool}"),
        }
    }
}

#[cfg(test)]
mod tests;
