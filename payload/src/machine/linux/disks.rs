//! The PC's disks and partitions, as the kernel lists them in `/sys/block`.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::machine::hardware::Interface;

/// Names of block devices that are no disks: memory, loops, optical and floppy drives, mappings.
const NO_DISKS: [&str; 8] = ["loop", "ram", "zram", "sr", "fd", "nbd", "dm-", "md"];
/// Smaller ones hold no Windows; an extended partition shows up with 1024 bytes.
const SMALLEST: u64 = 1 << 20;
/// Sizes and places in `/sys` have this unit whatever the disk's sectors are.
const SYSFS_UNIT: u64 = 512;

/// A partition, or a whole disk without any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// For people: `disk 1, partition 2`.
    pub name: String,
    /// Its device.
    pub device: PathBuf,
    /// The device of the disk that it is a part of; `None` if it is the whole disk.
    pub disk: Option<PathBuf>,
    /// Start on the disk in bytes.
    pub start: u64,
    /// Length in bytes.
    pub length: u64,
    /// Model of the disk.
    pub disk_model: Option<String>,
    /// Serial number of the disk.
    pub disk_serial: Option<String>,
}

/// A disk as the kernel lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// For people: `disk 1`.
    pub name: String,
    /// Its device.
    pub device: PathBuf,
    /// Names of its partitions, as in [`Partition::name`].
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
}

/// Lists the partitions of every disk but `stick_disk`, in the order of disks and partitions.
pub fn list_partitions(sys: &Path, stick_disk: Option<&str>) -> io::Result<Vec<Partition>> {
    let mut partitions = Vec::new();
    for (number, disk) in (1_u32..).zip(&list_disk_names(sys, stick_disk)?) {
        append_partitions(&sys.join("block").join(disk), disk, number, &mut partitions)?;
    }
    Ok(partitions)
}

/// Lists every disk but `stick_disk`, numbered as the partitions are.
pub fn list_disks(sys: &Path, stick_disk: Option<&str>) -> io::Result<Vec<Disk>> {
    let names = list_disk_names(sys, stick_disk)?;
    let describe = |(number, name): (u32, &String)| {
        let folder = sys.join("block").join(name);
        let mut partitions = Vec::new();
        append_partitions(&folder, name, number, &mut partitions)?;
        let size = read_number(&folder.join("size")).unwrap_or(0);
        Ok(Disk {
            name: format!("disk {number}"),
            device: Path::new("/dev").join(name),
            volumes: partitions.into_iter().map(|one| one.name).collect(),
            model: read_text(&folder.join("device/model")),
            serial: read_serial(&folder),
            firmware: read_text(&folder.join("device/firmware_rev"))
                .or_else(|| read_text(&folder.join("device/rev"))),
            size: size.saturating_mul(SYSFS_UNIT),
            interface: find_interface(&folder, name),
            rotational: read_number(&folder.join("queue/rotational")).map(|number| number != 0),
        })
    };
    (1_u32..).zip(&names).map(describe).collect()
}

fn list_disk_names(sys: &Path, stick_disk: Option<&str>) -> io::Result<Vec<String>> {
    let mut disks = list_names(&sys.join("block"))?;
    disks.retain(|name| {
        let is_disk = !NO_DISKS.iter().any(|prefix| name.starts_with(prefix));
        is_disk && Some(name.as_str()) != stick_disk
    });
    // sdb comes before sdaa.
    disks.sort_by(|left, right| (left.len(), left).cmp(&(right.len(), right)));
    Ok(disks)
}

/// Returns how a disk is connected. Its folder is a link whose way leads past the controllers.
fn find_interface(folder: &Path, name: &str) -> Interface {
    let way = fs::read_link(folder).unwrap_or_default();
    let is_usb = way
        .iter()
        .any(|step| step.to_string_lossy().starts_with("usb"));
    // libata gives every disk this vendor. Source: SAT-3, 8.1.2, T10 vendor identification.
    let is_ata = read_text(&folder.join("device/vendor")).as_deref() == Some("ATA");
    match name {
        _ if is_usb => Interface::Usb,
        _ if name.starts_with("nvme") => Interface::Nvme,
        _ if name.starts_with("vd") => Interface::Virtio,
        _ if name.starts_with("mmcblk") => Interface::Mmc,
        _ if is_ata => Interface::Ata,
        _ if name.starts_with("sd") => Interface::Scsi,
        _ => Interface::Unknown,
    }
}

fn append_partitions(
    folder: &Path,
    disk: &str,
    disk_number: u32,
    partitions: &mut Vec<Partition>,
) -> io::Result<()> {
    let disk_model = read_text(&folder.join("device/model"));
    let disk_serial = read_serial(folder);
    let mut numbered = Vec::new();
    for name in list_names(folder)? {
        if let Some(number) = read_number(&folder.join(&name).join("partition")) {
            numbered.push((number, name));
        }
    }
    numbered.sort_unstable();
    let has_partitions = !numbered.is_empty();
    let whole = (!has_partitions).then(|| (0, String::new()));
    for (number, name) in numbered.into_iter().chain(whole) {
        let place = folder.join(&name);
        let length = read_number(&place.join("size")).unwrap_or(0);
        let length = length.saturating_mul(SYSFS_UNIT);
        if length < SMALLEST {
            continue;
        }
        let start = read_number(&place.join("start")).unwrap_or(0);
        partitions.push(Partition {
            name: if has_partitions {
                format!("disk {disk_number}, partition {number}")
            } else {
                format!("disk {disk_number}")
            },
            device: Path::new("/dev").join(if has_partitions { &name } else { disk }),
            disk: has_partitions.then(|| Path::new("/dev").join(disk)),
            start: start.saturating_mul(SYSFS_UNIT),
            length,
            disk_model: disk_model.clone(),
            disk_serial: disk_serial.clone(),
        });
    }
    Ok(())
}

/// Returns the name of the disk that the partition `name` is on.
pub fn disk_of(sys: &Path, name: &str) -> Option<String> {
    let disks = list_names(&sys.join("block")).ok()?;
    disks
        .into_iter()
        .find(|disk| disk == name || sys.join("block").join(disk).join(name).exists())
}

fn read_serial(folder: &Path) -> Option<String> {
    // NVMe, then virtio; SATA and SCSI give it in a page of their own.
    read_text(&folder.join("device/serial"))
        .or_else(|| read_text(&folder.join("serial")))
        .or_else(|| {
            // SPC-4, 7.8.15: unit serial number page, four bytes of header.
            let page = fs::read(folder.join("device/vpd_pg80")).ok()?;
            let text = String::from_utf8_lossy(page.get(4..)?).into_owned();
            printable(&text)
        })
}

fn list_names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?;
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

fn read_number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Returns the printable text in a file of `/sys`; nothing if there is none.
pub(super) fn read_text(path: &Path) -> Option<String> {
    printable(&fs::read_to_string(path).ok()?)
}

fn printable(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|one| !one.is_control()).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, content: &[u8]) {
        let path = root.join("block").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[test]
    fn lists_partitions_in_order_and_leaves_the_stick_out() {
        let sys = tempfile::tempdir().unwrap();
        let root = sys.path();
        for (disk, partition, number, size) in [
            ("sdaa", "sdaa1", "1", "409600"),
            ("sdb", "sdb10", "10", "409600"),
            ("sdb", "sdb2", "2", "409600"),
            ("sdb", "sdb4", "4", "2"),
            ("sdc", "sdc1", "1", "409600"),
        ] {
            write(
                root,
                &format!("{disk}/{partition}/partition"),
                number.as_bytes(),
            );
            write(root, &format!("{disk}/{partition}/start"), b"63\n");
            write(root, &format!("{disk}/{partition}/size"), size.as_bytes());
        }
        write(root, "sdb/device/model", b"ST3160815AS     \n");
        write(root, "sdb/device/vpd_pg80", b"\0\x80\0\x086RX1ABCD");
        write(root, "loop0/size", b"409600");
        write(root, "vda/size", b"409600");
        let found = list_partitions(root, Some("sdc")).unwrap();
        let names: Vec<_> = found.iter().map(|one| one.name.as_str()).collect();
        let expect = [
            "disk 1, partition 2",
            "disk 1, partition 10",
            "disk 2",
            "disk 3, partition 1",
        ];
        assert_eq!(names, expect);
        let first = &found[0];
        assert_eq!(first.device, Path::new("/dev/sdb2"));
        assert_eq!((first.start, first.length), (63 * 512, 409_600 * 512));
        assert_eq!(first.disk_model.as_deref(), Some("ST3160815AS"));
        assert_eq!(first.disk_serial.as_deref(), Some("6RX1ABCD"));
        assert_eq!(disk_of(root, "sdaa1").as_deref(), Some("sdaa"));
        write(root, "sdb/device/vendor", b"ATA     \n");
        write(root, "sdb/device/rev", b"3.AA\n");
        write(root, "sdb/queue/rotational", b"1\n");
        let disks = list_disks(root, Some("sdc")).unwrap();
        let names: Vec<_> = disks.iter().map(|disk| disk.name.as_str()).collect();
        assert_eq!(names, ["disk 1", "disk 2", "disk 3"]);
        let volumes: Vec<_> = disks.iter().flat_map(|disk| &disk.volumes).collect();
        assert_eq!(volumes, expect.iter().collect::<Vec<_>>());
        let first = &disks[0];
        assert_eq!(
            (first.interface, first.rotational),
            (Interface::Ata, Some(true))
        );
        assert_eq!(first.firmware.as_deref(), Some("3.AA"));
        assert_eq!(disks[1].interface, Interface::Virtio);
        assert_eq!(disks[2].interface, Interface::Scsi);
        assert_eq!(disk_of(root, "sdz1"), None);
    }

    #[test]
    fn the_way_to_a_disk_tells_how_it_is_connected() {
        let sys = tempfile::tempdir().unwrap();
        let root = sys.path();
        fs::create_dir_all(root.join("block")).unwrap();
        for (name, way) in [
            ("sda", "devices/pci0000:00/0000:00:1d.7/usb1/1-1/host2/sda"),
            (
                "nvme0n1",
                "devices/pci0000:00/0000:00:04.0/nvme/nvme0/nvme0n1",
            ),
            ("mmcblk0", "devices/platform/mmc0/mmcblk0"),
            ("xvda", "devices/vbd-51712/xvda"),
        ] {
            fs::create_dir_all(root.join(way)).unwrap();
            let link = root.join("block").join(name);
            fs::os::unix::fs::symlink(root.join(way), link).unwrap();
        }
        let disks = list_disks(root, None).unwrap();
        let found: Vec<_> = disks.iter().map(|disk| disk.interface.name()).collect();
        assert_eq!(found, ["USB", "unknown", "MMC", "NVMe"]);
    }
}
