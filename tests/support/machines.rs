//! The emulated machines themselves, judged by what SeaBIOS and OVMF say.

use std::path::{Path, PathBuf};
use std::time::Duration;

use fs_err as fs;

use crate::firmware::with_variables;
use crate::qemu::{Disk, DiskBus, Firmware, Machine, MachineSpec, Stick, Traffic, UsbBus};
use crate::tools::{require_tools, run};

/// Generous, since two emulated machines may share one busy core.
const LIMIT: Duration = Duration::from_secs(180);

/// A FAT disk whose EFI boot loaders are an unsigned program that is none.
fn unsigned_stick(folder: &Path) -> PathBuf {
    let image = folder.join("stick.img");
    fs::File::create(&image).unwrap().set_len(8 << 20).unwrap();
    run("mkfs.fat", &[image.as_os_str()]).unwrap();
    let program = folder.join("program");
    let stamp = crate::pe::VersionStamp {
        version: (1, 0, 0, 0),
        build_lab: "unsigned".to_owned(),
        language: 0x0409,
        original_name: "bootx64.efi".to_owned(),
        description: "unsigned".to_owned(),
        time_stamp: 0,
    };
    let mut bytes = crate::pe::stamp(&crate::pe::smallest_amd64(), &stamp).unwrap();
    // Subsystem 10: EFI application; its offset is the same in PE32 and PE32+.
    bytes[0x80 + 24 + 68] = 10;
    fs::write(&program, bytes).unwrap();
    let at = image.to_str().unwrap();
    run("mmd", &["-i", at, "::/EFI", "::/EFI/BOOT"]).unwrap();
    let program = program.to_str().unwrap();
    run("mcopy", &["-i", at, program, "::/EFI/BOOT/BOOTX64.EFI"]).unwrap();
    image
}

fn with_stick(firmware: Firmware, image: PathBuf) -> MachineSpec {
    let stick = Some(Stick::of(image, UsbBus::Xhci));
    let spec = MachineSpec {
        stick,
        ..MachineSpec::of(firmware)
    };
    with_variables(spec).unwrap()
}

fn empty_image(folder: &Path, name: &str) -> PathBuf {
    let image = folder.join(name);
    fs::File::create(&image).unwrap().set_len(1 << 20).unwrap();
    image
}

#[test]
fn bios_reads_the_stick_first_and_says_that_it_does_not_start() {
    if !require_tools(&["qemu-system-i386", "setpriv"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let image = empty_image(folder.path(), "stick, with comma");
    let disk = Disk::of(empty_image(folder.path(), "disk"), DiskBus::Ide);
    let spec = MachineSpec {
        stick: Some(Stick::of(image, UsbBus::Ehci)),
        disks: vec![disk],
        bios_on_serial: true,
        ..MachineSpec::of(Firmware::Bios)
    };
    let mut machine = Machine::start(&spec).unwrap();
    machine.wait_for(&["No bootable device"], LIMIT).unwrap();
    assert!(machine.stick_traffic().unwrap().read_bytes >= 512);
    // SeaBIOS starts from one disk alone, the first in order.
    assert_eq!(machine.disk_traffic(0).unwrap(), Traffic::default());
    let png = folder.path().join("screen.png");
    machine.screendump(&png).unwrap();
    assert_eq!(&fs::read(png).unwrap()[1..4], b"PNG");
    let late = machine
        .wait_for(&["never"], Duration::from_millis(50))
        .unwrap_err()
        .to_string();
    assert!(
        late.contains("No bootable device"),
        "the log belongs to the error: {late}"
    );
    machine.cut_power().unwrap();
}

#[test]
fn bios_reads_disks_on_every_bus() {
    if !require_tools(&["qemu-system-i386", "setpriv"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for bus in [DiskBus::Ide, DiskBus::Ahci, DiskBus::Nvme, DiskBus::Virtio] {
        let image = empty_image(folder.path(), &format!("{bus:?}"));
        let spec = MachineSpec {
            disks: vec![Disk::of(image, bus)],
            bios_on_serial: true,
            ..MachineSpec::of(Firmware::Bios)
        };
        let mut machine = Machine::start(&spec).unwrap();
        machine.wait_for(&["No bootable device"], LIMIT).unwrap();
        assert!(
            machine.disk_traffic(0).unwrap().read_bytes >= 512,
            "{bus:?}"
        );
    }
}

#[test]
fn every_uefi_reaches_its_shell_and_takes_keys_from_both_sides() {
    if !require_tools(&["qemu-system-x86_64", "setpriv"]) {
        return;
    }
    let start = |firmware| {
        let mut machine = Machine::start(&MachineSpec::of(firmware)).unwrap();
        machine
            .wait_for(&["Shell>"], LIMIT)
            .unwrap_or_else(|error| panic!("{firmware:?}: {error}"));
        machine
    };
    let mut machine = start(Firmware::UefiX64);
    machine.send_keys("reset -s\r").unwrap();
    assert_eq!(machine.expect_exit(LIMIT).unwrap(), 0);

    let mut machine = start(Firmware::UefiIa32);
    for key in ["r", "e", "s", "e", "t", "spc", "minus", "s", "ret"] {
        machine.press(&[key]).unwrap();
    }
    assert_eq!(machine.expect_exit(LIMIT).unwrap(), 0);
}

#[test]
fn secure_boot_refuses_an_unsigned_program_which_plain_uefi_starts() {
    if !require_tools(&["qemu-system-x86_64", "mkfs.fat", "mcopy", "python3"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let stick = unsigned_stick(folder.path());
    for firmware in [Firmware::SecureBoot2011, Firmware::SecureBoot2023] {
        let mut machine = Machine::start(&with_stick(firmware, stick.clone())).unwrap();
        let found = machine.wait_for(&["Access Denied"], LIMIT);
        found.unwrap_or_else(|error| panic!("{firmware:?}: {error}"));
    }
    let mut machine = Machine::start(&with_stick(Firmware::UefiX64, stick)).unwrap();
    // It returns at once, so the firmware goes on to its own menu.
    machine.wait_for(&["starting Boot0001"], LIMIT).unwrap();
    machine.wait_for(&["starting Boot0000"], LIMIT).unwrap();
    assert!(!machine.serial_log().contains("Access Denied"));
    assert!(machine.stick_traffic().unwrap().read_operations > 0);
}
