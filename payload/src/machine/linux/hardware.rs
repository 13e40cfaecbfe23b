//! Asks firmware, kernel and disks of a real PC. Reads only; a part that does not answer costs no more
//! than its own answer.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use fs_err as fs;

use super::disks::{Disk, read_text};
use super::ioctls::{ata_command, nvme_health_log};
use crate::machine::hardware::{DiskAnswers, FirmwareAnswers, Hardware, Interface, SmartAnswers};

/// What is read of DMI.
const ALL_DMI: [&str; 9] = [
    "bios_vendor",
    "bios_version",
    "bios_date",
    "board_vendor",
    "board_name",
    "board_version",
    "board_serial",
    "chassis_asset_tag",
    "sys_vendor",
];

/// Variable of UEFI that says whether Secure Boot is enforced. Source: UEFI 2.10, 3.3, table 3-1; the
/// GUID is `EFI_GLOBAL_VARIABLE`.
const SECURE_BOOT: &str = "firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

/// What the boot loader handed to the kernel. Source: linux, Documentation/ABI/testing/sysfs-kernel-boot_params.
const BOOT_PARAMETERS: &str = "kernel/boot_params/data";

/// Bytes of one of the kernel's texts at most: a PC with 256 processors says 300 KB.
const MOST_BYTES: u64 = 1 << 20;

/// Commands of ATA. Source: ACS-2, 7.12 IDENTIFY DEVICE and 7.53 SMART; the subcommand is the feature,
/// and 4Fh and C2h in the address unlock SMART.
const IDENTIFY_DEVICE: AtaCommand = AtaCommand {
    command: 0xEC,
    feature: 0,
    is_smart: false,
    has_data: true,
};
const SMART_READ_DATA: AtaCommand = AtaCommand {
    command: 0xB0,
    feature: 0xD0,
    is_smart: true,
    has_data: true,
};
const SMART_RETURN_STATUS: AtaCommand = AtaCommand {
    command: 0xB0,
    feature: 0xDA,
    is_smart: true,
    has_data: false,
};

/// A command without parameters of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct AtaCommand {
    command: u8,
    feature: u8,
    is_smart: bool,
    has_data: bool,
}

impl AtaCommand {
    /// Returns the command as SCSI carries it. Source: SAT-3, 12.2.2, ATA PASS-THROUGH (16): protocol 4 is
    /// PIO data-in and 3 is non-data; CK_COND asks for the registers afterwards.
    fn pass_through_16(self) -> [u8; 16] {
        let (mid, high) = self.address();
        let (protocol, flags) = self.protocol();
        let mut block = [0; 16];
        block[0] = 0x85;
        block[1] = protocol;
        block[2] = flags;
        block[4] = self.feature;
        block[6] = u8::from(self.has_data);
        block[10] = mid;
        block[12] = high;
        block[14] = self.command;
        block
    }

    /// The same in twelve bytes, for what does not know the sixteen. Source: SAT-3, 12.2.3.
    fn pass_through_12(self) -> [u8; 12] {
        let (mid, high) = self.address();
        let (protocol, flags) = self.protocol();
        let mut block = [0; 12];
        block[0] = 0xA1;
        block[1] = protocol;
        block[2] = flags;
        block[3] = self.feature;
        block[4] = u8::from(self.has_data);
        block[6] = mid;
        block[7] = high;
        block[9] = self.command;
        block
    }

    fn address(self) -> (u8, u8) {
        if self.is_smart { (0x4F, 0xC2) } else { (0, 0) }
    }

    /// Protocol, and the byte with CK_COND (20h), T_DIR (08h), BYT_BLOK (04h) and T_LENGTH (2: count).
    fn protocol(self) -> (u8, u8) {
        if self.has_data {
            (4 << 1, 0x08 | 0x04 | 0x02)
        } else {
            (3 << 1, 0x20)
        }
    }

    fn ask(self, device: &fs::File) -> Result<Vec<u8>, String> {
        let length = if self.has_data { 512 } else { 0 };
        let answer = ata_command(device.file(), &mut self.pass_through_16(), length)
            .or_else(|_| ata_command(device.file(), &mut self.pass_through_12(), length))
            .map_err(|error| error.to_string())?;
        let told = if self.has_data {
            answer.bytes
        } else {
            answer.sense
        };
        if told.is_empty() || self.has_data && !answer.is_good {
            return Err("the disk refuses the command".into());
        }
        Ok(told)
    }
}

/// Reads what the PC's parts say; `disks` are those that are asked.
pub fn read_hardware(sys: &Path, proc: &Path, disks: &[Disk]) -> Hardware {
    let dmi = ALL_DMI.iter().filter_map(|name| {
        let text = read_text(&sys.join("class/dmi/id").join(name))?;
        Some(((*name).to_owned(), text))
    });
    Hardware {
        silence: None,
        firmware: FirmwareAnswers {
            is_uefi: sys.join("firmware/efi").exists(),
            secure_boot_variable: read_some(&sys.join(SECURE_BOOT)),
            boot_parameters: read_some(&sys.join(BOOT_PARAMETERS)),
        },
        dmi: BTreeMap::from_iter(dmi),
        cpuinfo: read_some(&proc.join("cpuinfo"))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        disks: disks.iter().map(ask_disk).collect(),
    }
}

fn read_some(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn ask_disk(disk: &Disk) -> DiskAnswers {
    DiskAnswers {
        name: disk.name.clone(),
        volumes: disk.volumes.clone(),
        model: disk.model.clone(),
        serial: disk.serial.clone(),
        firmware: disk.firmware.clone(),
        size: disk.size,
        interface: disk.interface,
        rotational: disk.rotational,
        smart: ask_health(disk),
    }
}

fn ask_health(disk: &Disk) -> SmartAnswers {
    let reason = match disk.interface {
        Interface::Ata | Interface::Nvme => None,
        // Bridges have been seen to hang for good at a command that they do not know.
        Interface::Usb => Some("behind a USB bridge, which is not asked"),
        Interface::Virtio => Some("a virtual disk, which has no health of its own"),
        Interface::Mmc => Some("a memory card, which is not asked"),
        Interface::Scsi => Some("behind a controller that hides what its disks say"),
        Interface::Unknown => Some("of a kind that is not known"),
    };
    if let Some(reason) = reason {
        return SmartAnswers::NotAsked(reason.into());
    }
    let device = match fs::File::open(&disk.device) {
        Ok(device) => device,
        Err(error) => return SmartAnswers::NotAsked(error.to_string()),
    };
    if disk.interface == Interface::Nvme {
        let log = nvme_health_log(device.file()).map_err(|error| error.to_string());
        return SmartAnswers::Nvme(log);
    }
    let identify = IDENTIFY_DEVICE.ask(&device);
    // A disk that does not even say what it is answers nothing else, and every question has its patience.
    let other = |command: AtaCommand| match &identify {
        Ok(_) => command.ask(&device),
        Err(reason) => Err(reason.clone()),
    };
    SmartAnswers::Ata {
        attributes: other(SMART_READ_DATA),
        status: other(SMART_RETURN_STATUS),
        identify,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn reads_what_a_made_up_pc_says() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, content: &[u8]| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        write("class/dmi/id/board_name", b"0M858N\n");
        write("class/dmi/id/board_serial", b"  \n");
        write(SECURE_BOOT, &[6, 0, 0, 0, 1]);
        write("cpuinfo", b"processor\t: 0\nmodel name\t: Pentium II\n");
        let found = read_hardware(root.path(), root.path(), &[]);
        assert_eq!(found.dmi.get("board_name").unwrap(), "0M858N");
        assert_eq!(found.dmi.len(), 1, "an empty serial number is none");
        assert!(found.firmware.is_uefi);
        assert_eq!(
            found.firmware.secure_boot_variable.unwrap(),
            [6, 0, 0, 0, 1]
        );
        assert_eq!(found.firmware.boot_parameters, None);
        assert!(found.cpuinfo.unwrap().contains("Pentium II"));
        let nothing = read_hardware(Path::new("/absent"), Path::new("/absent"), &[]);
        assert_eq!(nothing, Hardware::default());
    }

    #[test]
    fn only_ata_and_nvme_are_asked_and_a_file_answers_neither() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let answer = |interface, device: PathBuf| {
            ask_health(&Disk {
                interface,
                device,
                ..Disk::default()
            })
        };
        for interface in [
            Interface::Usb,
            Interface::Virtio,
            Interface::Mmc,
            Interface::Scsi,
        ] {
            let answer = answer(interface, "/absent".into());
            assert!(matches!(answer, SmartAnswers::NotAsked(_)), "{interface:?}");
        }
        let path = file.path().to_owned();
        let SmartAnswers::Ata {
            identify, status, ..
        } = answer(Interface::Ata, path.clone())
        else {
            panic!("not asked");
        };
        assert!(identify.is_err() && status.is_err());
        let SmartAnswers::Nvme(log) = answer(Interface::Nvme, path) else {
            panic!("not asked");
        };
        assert!(log.is_err());
    }

    #[test]
    fn commands_are_carried_as_sat_says() {
        let data = SMART_READ_DATA.pass_through_16();
        assert_eq!(
            data,
            [
                0x85, 8, 0x0E, 0, 0xD0, 0, 1, 0, 0, 0, 0x4F, 0, 0xC2, 0, 0xB0, 0
            ]
        );
        let status = SMART_RETURN_STATUS.pass_through_12();
        assert_eq!(
            status,
            [0xA1, 6, 0x20, 0xDA, 0, 0, 0x4F, 0xC2, 0, 0xB0, 0, 0]
        );
    }
}
