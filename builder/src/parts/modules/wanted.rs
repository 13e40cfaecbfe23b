//! Which modules a stick wants, for what, and when they are loaded.

use rescue_stick::paths;

/// Wanted modules that serve one purpose.
#[derive(Clone, Copy, Debug)]
pub struct ModuleGroup {
    /// What they are for.
    pub reason: &'static str,
    /// When they are loaded.
    pub stage: Stage,
    /// Their names, with `_`.
    pub names: &'static [&'static str],
}

/// When modules are loaded, and by whom they are read: the fewer the firmware has to read, the sooner there is
/// something on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// At once, from the initramfs that GRUB loads: what a stick hangs on.
    First,
    /// From the same, while the stick is looked for: keyboards, disks, and what else a card may hang on.
    Meanwhile,
    /// From the stick, once it was found.
    Later,
    /// From the stick, if a volume is locked.
    Locked,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::First, Self::Meanwhile, Self::Later, Self::Locked];

    /// Returns where the list of its modules lies once they are unpacked.
    pub fn list_path(self) -> &'static str {
        match self {
            Self::First => paths::FIRST_MODULES,
            Self::Meanwhile => paths::MEANWHILE_MODULES,
            Self::Later => paths::LATER_MODULES,
            Self::Locked => paths::LOCKED_MODULES,
        }
    }
}

/// Every module a stick wants. A kernel may lack some; that is reported, not refused.
pub const ALL_MODULES: &[ModuleGroup] = &[
    ModuleGroup {
        reason: "USB host controllers",
        stage: Stage::First,
        names: &["xhci_pci", "ehci_pci", "uhci_hcd", "ohci_pci"],
    },
    ModuleGroup {
        reason: "the stick itself",
        stage: Stage::First,
        names: &[
            "usb_storage",
            "uas",
            "sd_mod",
            "vfat",
            "nls_cp437",
            "nls_iso8859_1",
            "nls_ascii",
        ],
    },
    ModuleGroup {
        reason: "keyboards",
        stage: Stage::Meanwhile,
        names: &[
            "usbhid",
            "hid_generic",
            "hid_apple",
            "hid_logitech",
            "hid_microsoft",
            "hid_lenovo",
        ],
    },
    ModuleGroup {
        reason: "disks as most PCs have them, and virtual machines, where an image may be a disk too",
        stage: Stage::Meanwhile,
        names: &["ahci", "ata_piix", "ata_generic"],
    },
    ModuleGroup {
        reason: "disks of virtual machines",
        stage: Stage::Meanwhile,
        names: &["virtio_pci", "virtio_blk", "virtio_scsi"],
    },
    ModuleGroup {
        reason: "card readers, and eMMC disks of tablets and small laptops",
        stage: Stage::Meanwhile,
        names: &["mmc_block", "sdhci_pci", "sdhci_acpi"],
    },
    ModuleGroup {
        reason: "SATA disks of other makers' controllers",
        stage: Stage::Later,
        names: &[
            "sata_nv",
            "sata_sil",
            "sata_sil24",
            "sata_sis",
            "sata_svw",
            "sata_uli",
            "sata_via",
            "sata_promise",
            "sata_mv",
            "sata_vsc",
        ],
    },
    ModuleGroup {
        reason: "IDE disks of other makers' controllers, as many PCs of the XP era have them",
        stage: Stage::Later,
        names: &[
            "pata_amd",
            "pata_ali",
            "pata_artop",
            "pata_atiixp",
            "pata_cmd64x",
            "pata_hpt366",
            "pata_hpt37x",
            "pata_it821x",
            "pata_jmicron",
            "pata_marvell",
            "pata_mpiix",
            "pata_oldpiix",
            "pata_pdc2027x",
            "pata_pdc202xx_old",
            "pata_serverworks",
            "pata_sil680",
            "pata_sis",
            "pata_via",
        ],
    },
    ModuleGroup {
        reason: "NVMe disks, and those behind Intel's VMD",
        stage: Stage::Later,
        names: &["vmd", "nvme"],
    },
    ModuleGroup {
        reason: "SCSI and RAID controllers of servers",
        stage: Stage::Later,
        names: &["mptspi", "mptsas", "megaraid_sas"],
    },
    ModuleGroup {
        reason: "the speaker, which calls whoever left an unattended PC alone",
        stage: Stage::Later,
        names: &["pcspkr"],
    },
    ModuleGroup {
        reason: "views of volumes: NTFS is ntfs-3g's, through fuse",
        stage: Stage::Later,
        names: &["fuse", "loop"],
    },
    ModuleGroup {
        reason: "BitLocker volumes",
        stage: Stage::Locked,
        names: &[
            "dm_mod",
            "dm_crypt",
            "dm_zero",
            "xts",
            "cbc",
            "ecb",
            "aesni_intel",
        ],
    },
    ModuleGroup {
        reason: "the firmware's variables, read only",
        stage: Stage::Later,
        names: &["efivarfs"],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::parts::modules::normalized;

    #[test]
    fn no_module_is_wanted_twice_and_names_are_normalized() {
        let mut seen = BTreeSet::new();
        for group in ALL_MODULES {
            assert!(!group.reason.is_empty());
            for name in group.names {
                assert!(seen.insert(name), "{name}");
                assert_eq!(*name, normalized(name));
            }
        }
    }
}
