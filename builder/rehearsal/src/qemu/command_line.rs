//! Turns the description of a machine into QEMU's command line.

use std::path::Path;
use std::process::Command;

use crate::error::{Context, Result, ensure};

use super::firmware::add_firmware;
use super::{Disk, DiskBus, Firmware, MachineSpec, UsbBus};
use crate::tools::{command, find_tool};

/// Returns the command that starts a machine; its sockets `serial` and `qmp` and its variable
/// store lie in `folder`.
pub(super) fn command_line(spec: &MachineSpec, folder: &Path) -> Result<Command> {
    ensure!(
        spec.is_64_bit || spec.firmware == Firmware::Bios,
        "firmware {:?}: needs a 64-bit processor",
        spec.firmware
    );
    let program = if spec.is_64_bit {
        "qemu-system-x86_64"
    } else {
        "qemu-system-i386"
    };
    let program = find_tool(program)
        .with_context(|| format!("{program}: no such program in PATH, /usr/sbin or /sbin"))?;
    // A test that is killed cannot clean up, so the kernel ends the machine with it. setpriv runs
    // QEMU in its own place, under the same process id.
    let mut qemu = command("setpriv")?;
    qemu.args(["--pdeathsig", "KILL"]).arg(program);
    qemu.args([
        "-accel",
        "tcg",
        "-nodefaults",
        "-display",
        "none",
        "-device",
        "VGA",
    ]);
    qemu.args([
        "-no-reboot",
        "-net",
        "none",
        "-m",
        &spec.memory_mib.to_string(),
        "-smp",
        &spec.processors.to_string(),
    ]);
    if let Some(cpu) = &spec.cpu {
        qemu.args(["-cpu", cpu]);
    }
    let serial = name(&folder.join("serial"))?;
    qemu.args([
        "-chardev",
        &format!("socket,id=serial,path={serial},server=on,wait=off"),
    ]);
    qemu.args(["-serial", "chardev:serial"]);
    let qmp = name(&folder.join("qmp"))?;
    qemu.args([
        "-chardev",
        &format!("socket,id=qmp,path={qmp},server=on,wait=off"),
    ]);
    qemu.args(["-mon", "chardev=qmp,mode=control"]);
    add_firmware(&mut qemu, spec, folder)?;
    add_stick(&mut qemu, spec)?;
    add_disks(&mut qemu, spec)?;
    if let Some(direct) = &spec.direct_kernel {
        qemu.arg("-kernel")
            .arg(&direct.kernel)
            .arg("-initrd")
            .arg(&direct.initrd);
        qemu.arg("-append").arg(&direct.arguments);
    }
    Ok(qemu)
}

fn add_stick(qemu: &mut Command, spec: &MachineSpec) -> Result<()> {
    let Some(stick) = &spec.stick else {
        return Ok(());
    };
    let disk = Disk {
        is_write_protected: stick.is_write_protected,
        ..Disk::of(stick.image.clone(), DiskBus::OtherStick)
    };
    add_disk_image(qemu, &below_log(spec, "stick"), &disk)?;
    add_log(qemu, spec, "stick")?;
    let controller = match stick.bus {
        UsbBus::Ehci => "usb-ehci,id=usb",
        UsbBus::Xhci => "qemu-xhci,id=usb",
    };
    qemu.args(["-device", controller, "-device"]);
    // A kernel that QEMU starts itself has the first place.
    let place = match spec.direct_kernel {
        None => ",bootindex=0",
        Some(_) => "",
    };
    qemu.arg(format!(
        "usb-storage,id=stick-device,drive=stick,bus=usb.0,removable=on{place}"
    ));
    Ok(())
}

fn add_disks(qemu: &mut Command, spec: &MachineSpec) -> Result<()> {
    for (index, disk) in spec.disks.iter().enumerate() {
        let node = format!("disk{index}");
        add_disk_image(qemu, &below_log(spec, &node), disk)?;
        add_log(qemu, spec, &node)?;
        let mut common = format!("id={node}-device,drive={node},bootindex={}", index + 1);
        if disk.sector_length != 512 {
            let length = disk.sector_length;
            common.push_str(&format!(
                ",logical_block_size={length},physical_block_size={length}"
            ));
        }
        let device = match disk.bus {
            DiskBus::Ide => {
                ensure!(
                    spec.firmware == Firmware::Bios,
                    "disk {index}: parallel ATA needs the firmware Bios, not {:?}",
                    spec.firmware
                );
                // Two channels with a place for two disks each.
                format!("ide-hd,bus=ide.{},unit={},{common}", index / 2, index % 2)
            }
            DiskBus::Ahci => {
                qemu.args(["-device", &format!("ahci,id=ahci{index}")]);
                format!("ide-hd,bus=ahci{index}.0,{common}")
            }
            DiskBus::Nvme => format!("nvme,serial=MK{index:04},{common}"),
            // Bit 2 of the critical warning. Source: NVMe 1.4, figure 194.
            DiskBus::FailingNvme => {
                format!("nvme,serial=MK{index:04},smart_critical_warning=4,{common}")
            }
            DiskBus::Virtio => format!("virtio-blk-pci,{common}"),
            DiskBus::OtherStick => {
                qemu.args(["-device", &format!("piix3-usb-uhci,id=other{index}")]);
                format!("usb-storage,bus=other{index}.0,removable=on,{common}")
            }
        };
        qemu.args(["-device", &device]);
    }
    Ok(())
}

/// Returns the node of an image: the device's own, or the one below what records its writes.
fn below_log(spec: &MachineSpec, node: &str) -> String {
    match spec.logs {
        Some(_) => format!("{node}-image"),
        None => node.to_owned(),
    }
}

/// Records every write and flush of a node in a file that is called as the node.
fn add_log(qemu: &mut Command, spec: &MachineSpec, node: &str) -> Result<()> {
    let Some(folder) = &spec.logs else {
        return Ok(());
    };
    let log = folder.join(format!("{node}.log"));
    fs_err::File::create(&log)?;
    let log = name(&log)?;
    let block = format!(
        "driver=blklogwrites,node-name={node},file={},log-sector-size=512,log.driver=raw,\
         log.file.driver=file,log.file.filename={log}",
        below_log(spec, node)
    );
    qemu.args(["-blockdev", &block]);
    Ok(())
}

fn add_disk_image(qemu: &mut Command, node: &str, disk: &Disk) -> Result<()> {
    if disk.bad_sectors.is_empty() {
        let image = name(&disk.image)?;
        let protected = if disk.is_write_protected { "on" } else { "off" };
        let block = format!(
            "node-name={node},driver=raw,read-only={protected},file.driver=file,\
             file.filename={image},file.read-only={protected}"
        );
        qemu.args(["-blockdev", &block]);
        return Ok(());
    }
    let bad = disk.bad_sectors.iter().map(|sector| {
        serde_json::json!({
            "event": "none", "iotype": "read", "errno": 5, "sector": sector, "once": false,
        })
    });
    let block = serde_json::json!({
        "driver": "raw",
        "node-name": node,
        "file": {
            "driver": "blkdebug",
            "inject-error": bad.collect::<Vec<_>>(),
            "image": {
                "driver": "file",
                "filename": disk.image,
                "read-only": disk.is_write_protected,
            },
        },
    });
    qemu.args(["-blockdev", &block.to_string()]);
    Ok(())
}

/// Returns a path as QEMU's options take it: a comma is doubled.
pub(super) fn name(path: &Path) -> Result<String> {
    let path = std::path::absolute(path)?;
    let text = path
        .to_str()
        .with_context(|| format!("{}: not UTF-8", path.display()))?;
    Ok(text.replace(',', ",,"))
}
