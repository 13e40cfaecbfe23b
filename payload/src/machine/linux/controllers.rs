//! Disks that the firmware hides: Intel's RAID mode takes NVMe disks from the system and hands them to
//! Intel's own driver, which Linux does not have. Read from `/sys`; no setting of the firmware is touched.

use std::path::Path;

use fs_err as fs;

use super::disks::read_text;

/// Class of RAID controllers, without the programming interface. Source: PCI Code and ID Assignment, 1.5.
const RAID_CLASS: &str = "0x0104";
/// First two digits of the class of any controller of disks.
const STORAGE_CLASS: &str = "0x01";
/// Vendor. Source: PCI-SIG.
const INTEL: &str = "0x8086";

/// A controller of disks.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Controller {
    /// Address on the bus, `0000:00:17.0`.
    address: String,
    class: String,
    vendor: String,
    /// NVMe disks that the kernel sees the firmware hide. Source: Linux, drivers/ata/ahci.c,
    /// `remapped_nvme`.
    hidden: u32,
}

/// Returns what keeps disks from being seen, and what would help; `volumes` is how many are seen.
pub fn find_obstacles(sys: &Path, volumes: usize) -> Vec<String> {
    let controllers = list_controllers(sys);
    let hiding: Vec<&Controller> = controllers.iter().filter(|one| one.hidden > 0).collect();
    if !hiding.is_empty() {
        return hiding.into_iter().map(explain_hidden).collect();
    }
    if volumes > 0 {
        return Vec::new();
    }
    let raid = controllers
        .iter()
        .find(|one| one.vendor == INTEL && one.class.starts_with(RAID_CLASS));
    match raid {
        Some(controller) => vec![explain_raid(controller)],
        None => vec![explain_none(&controllers)],
    }
}

const SWITCH: &str = "note the setting in the firmware set-up, switch SATA or storage mode from RAID \
                      (RST, VMD) to AHCI, repair from the stick, and switch it back before Windows \
                      starts; where BitLocker is on, have its recovery key at hand. mend changes no \
                      setting of the firmware";

fn explain_hidden(controller: &Controller) -> String {
    let Controller {
        address, hidden, ..
    } = controller;
    let disks = if *hidden == 1 { "disk" } else { "disks" };
    format!(
        "the firmware hides {hidden} {disks} behind its RAID mode (controller {address}): {SWITCH}"
    )
}

fn explain_raid(controller: &Controller) -> String {
    let address = &controller.address;
    format!(
        "no disk is seen, and the firmware runs Intel's RAID mode (controller {address}), which may \
         hide it: {SWITCH}"
    )
}

fn explain_none(controllers: &[Controller]) -> String {
    let seen: Vec<String> = controllers
        .iter()
        .map(|one| format!("{} class {} vendor {}", one.address, one.class, one.vendor))
        .collect();
    let seen = if seen.is_empty() {
        "no controller of disks was found either".to_owned()
    } else {
        format!("controllers: {}", seen.join(", "))
    };
    format!(
        "no disk with a volume is seen: look in the firmware set-up whether the disk is there, check its \
         cable, and try another port or mode of the controller; {seen}"
    )
}

fn list_controllers(sys: &Path) -> Vec<Controller> {
    let Ok(devices) = fs::read_dir(sys.join("bus/pci/devices")) else {
        return Vec::new();
    };
    let mut controllers: Vec<Controller> = devices
        .flatten()
        .filter_map(|device| {
            let folder = device.path();
            let class = read_text(&folder.join("class"))?;
            let hidden = read_text(&folder.join("remapped_nvme"));
            class.starts_with(STORAGE_CLASS).then(|| Controller {
                address: device.file_name().to_string_lossy().into_owned(),
                class,
                vendor: read_text(&folder.join("vendor")).unwrap_or_default(),
                hidden: hidden.and_then(|text| text.parse().ok()).unwrap_or(0),
            })
        })
        .collect();
    controllers.sort_by(|left, right| left.address.cmp(&right.address));
    controllers
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(devices: &[(&str, &[(&str, &str)])], volumes: usize, expected: Expect) {
        let sys = tempfile::tempdir().unwrap();
        for (address, files) in devices {
            let folder = sys.path().join("bus/pci/devices").join(address);
            fs::create_dir_all(&folder).unwrap();
            for (name, text) in *files {
                fs::write(folder.join(name), format!("{text}\n")).unwrap();
            }
        }
        expected.assert_eq(&find_obstacles(sys.path(), volumes).join("\n"));
    }

    const DISPLAY: (&str, &[(&str, &str)]) = (
        "0000:00:02.0",
        &[("class", "0x030000"), ("vendor", "0x8086")],
    );

    #[test]
    fn hidden_disks_are_explained_even_beside_others() {
        let ahci: &[_] = &[
            ("class", "0x010601"),
            ("vendor", "0x8086"),
            ("remapped_nvme", "1"),
        ];
        check(
            &[DISPLAY, ("0000:00:17.0", ahci)],
            2,
            expect![
                "the firmware hides 1 disk behind its RAID mode (controller 0000:00:17.0): note the setting in the firmware set-up, switch SATA or storage mode from RAID (RST, VMD) to AHCI, repair from the stick, and switch it back before Windows starts; where BitLocker is on, have its recovery key at hand. mend changes no setting of the firmware"
            ],
        );
    }

    #[test]
    fn raid_mode_is_suspected_only_where_no_disk_is_seen() {
        let raid: &[_] = &[("class", "0x010400"), ("vendor", "0x8086")];
        check(&[("0000:00:17.0", raid)], 1, expect![""]);
        check(
            &[("0000:00:17.0", raid)],
            0,
            expect![
                "no disk is seen, and the firmware runs Intel's RAID mode (controller 0000:00:17.0), which may hide it: note the setting in the firmware set-up, switch SATA or storage mode from RAID (RST, VMD) to AHCI, repair from the stick, and switch it back before Windows starts; where BitLocker is on, have its recovery key at hand. mend changes no setting of the firmware"
            ],
        );
        let other: &[_] = &[("class", "0x010400"), ("vendor", "0x1000")];
        check(
            &[("0000:01:00.0", other)],
            0,
            expect![
                "no disk with a volume is seen: look in the firmware set-up whether the disk is there, check its cable, and try another port or mode of the controller; controllers: 0000:01:00.0 class 0x010400 vendor 0x1000"
            ],
        );
        check(
            &[DISPLAY],
            0,
            expect![
                "no disk with a volume is seen: look in the firmware set-up whether the disk is there, check its cable, and try another port or mode of the controller; no controller of disks was found either"
            ],
        );
        check(
            &[],
            0,
            expect![
                "no disk with a volume is seen: look in the firmware set-up whether the disk is there, check its cable, and try another port or mode of the controller; no controller of disks was found either"
            ],
        );
    }
}
