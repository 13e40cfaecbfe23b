//! What the parts of a PC say of themselves, as they say it. Nothing is judged here, and nothing is
//! understood beyond where one answer ends and the next begins; that is the health check's.

use std::collections::BTreeMap;

/// Answers of firmware, kernel and disks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hardware {
    /// Why nothing at all is told; `None` on a real PC.
    pub silence: Option<String>,
    /// Firmware.
    pub firmware: FirmwareAnswers,
    /// What DMI says, by the name that Linux gives it: `board_vendor`.
    pub dmi: BTreeMap<String, String>,
    /// The kernel's list of processors.
    pub cpuinfo: Option<String>,
    /// Disks, in the order in which volumes are numbered after them.
    pub disks: Vec<DiskAnswers>,
}

impl Hardware {
    /// Returns hardware that is not asked, and why.
    pub fn untold(reason: &str) -> Self {
        Self {
            silence: Some(reason.to_owned()),
            ..Self::default()
        }
    }
}

/// What is told of the firmware.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirmwareAnswers {
    /// Whether the rescue kernel was started by UEFI.
    pub is_uefi: bool,
    /// The variable `SecureBoot` as Linux shows it: four bytes of attributes, one byte.
    pub secure_boot_variable: Option<Vec<u8>>,
    /// What the boot loader handed to the kernel: the "zero page".
    pub boot_parameters: Option<Vec<u8>>,
}

/// A disk and what it answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskAnswers {
    /// `disk 1`.
    pub name: String,
    /// Names of its volumes.
    pub volumes: Vec<String>,
    /// Model.
    pub model: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Version of its firmware.
    pub firmware: Option<String>,
    /// Bytes.
    pub size: u64,
    /// How it is connected.
    pub interface: Interface,
    /// Whether its platters turn.
    pub rotational: Option<bool>,
    /// What it says of its health.
    pub smart: SmartAnswers,
}

/// How a disk is connected, as far as it decides how to ask it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interface {
    /// Parallel or serial ATA.
    Ata,
    /// NVM Express.
    Nvme,
    /// USB, whatever is behind the bridge.
    Usb,
    /// Paravirtual, of a virtual machine.
    Virtio,
    /// A memory card.
    Mmc,
    /// SCSI, or a controller that shows its disks so.
    Scsi,
    /// Something else.
    #[default]
    Unknown,
}

impl Interface {
    /// Returns the name that people know.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ata => "ATA",
            Self::Nvme => "NVMe",
            Self::Usb => "USB",
            Self::Virtio => "virtio",
            Self::Mmc => "MMC",
            Self::Scsi => "SCSI",
            Self::Unknown => "unknown",
        }
    }
}

/// What a disk says of its health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SmartAnswers {
    /// An ATA disk: IDENTIFY DEVICE and SMART READ DATA, 512 bytes each, and the sense data that
    /// SMART RETURN STATUS comes back with.
    Ata {
        /// IDENTIFY DEVICE.
        identify: Result<Vec<u8>, String>,
        /// SMART READ DATA.
        attributes: Result<Vec<u8>, String>,
        /// SMART RETURN STATUS.
        status: Result<Vec<u8>, String>,
    },
    /// An NVMe disk: its log page 02h, 512 bytes.
    Nvme(Result<Vec<u8>, String>),
    /// It is not asked; the text says why.
    NotAsked(String),
}

impl Default for SmartAnswers {
    fn default() -> Self {
        Self::NotAsked("nobody asked it".into())
    }
}
