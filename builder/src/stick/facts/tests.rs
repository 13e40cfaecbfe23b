use super::*;
use crate::stick::device::find_obstacles;

/// A made-up computer.
struct Tree {
    folder: tempfile::TempDir,
}

impl Tree {
    fn new() -> Self {
        let tree = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(tree.path("sys/block")).unwrap();
        tree.file("proc/self/mountinfo", "");
        tree
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Adds a disk whose device lies in `device` below sys/devices, with these files.
    fn disk(&self, name: &str, device: &str, files: &[(&str, &str)]) {
        let defaults = [
            ("size", "30031250\n"),
            ("removable", "1\n"),
            ("ro", "0\n"),
            ("queue/logical_block_size", "512\n"),
        ];
        for (file, content) in defaults.iter().chain(files) {
            self.file(&format!("sys/block/{name}/{file}"), content);
        }
        fs::create_dir_all(self.path(&format!("sys/block/{name}/holders"))).unwrap();
        let device = self.path(&format!("sys/devices/{device}"));
        fs::create_dir_all(&device).unwrap();
        let link = self.path(&format!("sys/block/{name}/device"));
        std::os::unix::fs::symlink(device, link).unwrap();
    }

    fn read(&self) -> Vec<DeviceFacts> {
        read_devices(&self.sources()).unwrap()
    }

    fn sources(&self) -> Sources {
        Sources {
            sys: self.path("sys"),
            proc: self.path("proc"),
            run: self.path("run"),
            dev: "/dev".into(),
        }
    }
}

const USB: &str = "pci0000:00/0000:00:14.0/usb2/2-1";

fn with_stick() -> Tree {
    let tree = Tree::new();
    tree.disk(
        "sdb",
        &format!("{USB}/2-1:1.0/host6/target6:0:0/6:0:0:0"),
        &[
            ("dev", "8:16\n"),
            ("diskseq", "12\n"),
            ("sdb1/partition", "1\n"),
            ("sdb1/dev", "8:17\n"),
        ],
    );
    let scsi = format!("sys/devices/{USB}/2-1:1.0/host6/target6:0:0/6:0:0:0");
    tree.file(&format!("{scsi}/vendor"), "SanDisk \n");
    tree.file(&format!("{scsi}/model"), "Ultra           \n");
    tree.file(&format!("sys/devices/{USB}/idVendor"), "0781\n");
    tree.file(&format!("sys/devices/{USB}/serial"), "4C530001\n");
    tree
}

#[test]
fn a_stick_is_read_with_model_serial_and_size() {
    let found = with_stick().read();
    let [stick] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(stick.path, Path::new("/dev/sdb"));
    assert_eq!(stick.model, "SanDisk Ultra");
    assert_eq!(stick.serial.as_deref(), Some("4C530001"));
    assert_eq!(stick.size, ByteSize(15_376_000_000));
    assert_eq!((stick.bus, stick.kind), (Bus::Usb, Kind::Disk));
    assert_eq!(stick.generation, Some(12));
    assert_eq!(find_obstacles(stick, None), []);
}

#[test]
fn a_mount_by_number_or_by_name_and_swap_are_found() {
    let tree = with_stick();
    tree.file(
        "proc/self/mountinfo",
        "36 35 8:17 / /media/photos rw - vfat /dev/sdb1 rw\n\
         37 35 0:44 /@ /srv rw - btrfs /dev/sdb1 rw\n",
    );
    tree.file(
        "proc/swaps",
        "Filename Type Size Used Priority\n/dev/sdb partition 1 0 -2\n",
    );
    let uses: Vec<_> = tree.read()[0]
        .uses
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(uses, ["swap", "/media/photos", "/srv"]);
}

#[test]
fn the_disk_under_lvm_on_luks_is_this_computers() {
    let tree = Tree::new();
    tree.disk(
        "sda",
        "pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0",
        &[
            ("dev", "8:0"),
            ("removable", "0"),
            ("sda2/partition", "2"),
            ("sda2/dev", "8:2"),
        ],
    );
    fs::create_dir_all(tree.path("sys/block/sda/sda2/holders/dm-0")).unwrap();
    for (name, number, mapped, uuid) in [
        ("dm-0", "253:0", "crypt", "CRYPT-LUKS2-1"),
        ("dm-1", "253:1", "vg-root", "LVM-2"),
    ] {
        tree.disk(
            name,
            &format!("virtual/{name}"),
            &[("dev", number), ("dm/name", mapped), ("dm/uuid", uuid)],
        );
    }
    fs::create_dir_all(tree.path("sys/block/dm-0/holders/dm-1")).unwrap();
    tree.file(
        "proc/self/mountinfo",
        "1 0 253:1 / / rw - ext4 /dev/mapper/vg-root rw\n",
    );
    let found = tree.read();
    let disk = found.iter().find(|disk| disk.name == "sda").unwrap();
    let uses: Vec<_> = disk.uses.iter().map(ToString::to_string).collect();
    assert_eq!(uses, ["LUKS crypt", "LVM vg-root", "/"]);
    let obstacles = find_obstacles(disk, None);
    let rules: Vec<_> = obstacles.iter().map(|obstacle| obstacle.rule).collect();
    assert_eq!(
        rules,
        ["this-computer", "mounted", "part-of-another", "internal"]
    );
    let mapped = found.iter().find(|disk| disk.name == "dm-1").unwrap();
    assert_eq!(find_obstacles(mapped, None)[0].rule, "this-computer");
}

#[test]
fn a_member_of_a_zfs_pool_is_in_use_only_where_zfs_is() {
    let tree = with_stick();
    tree.file(
        "run/udev/data/b8:17",
        "E:ID_FS_TYPE=zfs_member\nE:ID_FS_LABEL=tank\n",
    );
    tree.file("proc/filesystems", "nodev\tsysfs\n\text4\n");
    assert_eq!(tree.read()[0].uses, []);
    tree.file("proc/filesystems", "nodev\tzfs\n");
    assert_eq!(
        find_obstacles(&tree.read()[0], None)[0].reason,
        "sdb1 is part of ZFS pool tank"
    );
}

#[test]
fn kinds_and_buses_follow_from_names_and_places() {
    let tree = Tree::new();
    let disks = [
        (
            "nvme0n1",
            "pci0000:00/0000:01:00.0/nvme/nvme0",
            Bus::Nvme,
            Kind::Disk,
        ),
        (
            "mmcblk0",
            "platform/mmc_host/mmc0/mmc0:1",
            Bus::SdCard,
            Kind::Disk,
        ),
        (
            "mmcblk1",
            "platform/mmc_host/mmc1/mmc1:1",
            Bus::Emmc,
            Kind::Disk,
        ),
        (
            "sr0",
            "pci0000:00/ata2/host1/target1:0:0/1:0:0:0",
            Bus::Ata,
            Kind::Optical,
        ),
        (
            "vda",
            "pci0000:00/0000:00:02.0/virtio1",
            Bus::Virtio,
            Kind::Disk,
        ),
        ("md127", "virtual/md127", Bus::Other, Kind::Assembled),
        ("zram0", "virtual/zram0", Bus::Other, Kind::Ram),
        ("loop3", "virtual/loop3", Bus::Other, Kind::Loop),
        ("nbd0", "virtual/nbd0", Bus::Other, Kind::Network),
    ];
    for (name, device, ..) in disks {
        tree.disk(name, device, &[]);
    }
    tree.disk("mmcblk1boot0", "platform/mmc_host/mmc1/mmc1:1/part", &[]);
    tree.file("sys/devices/platform/mmc_host/mmc0/mmc0:1/type", "SD\n");
    tree.file("sys/devices/platform/mmc_host/mmc0/mmc0:1/name", "SU08G\n");
    tree.file("sys/devices/platform/mmc_host/mmc1/mmc1:1/type", "MMC\n");
    let found = tree.read();
    for (name, _, bus, kind) in disks {
        let disk = found.iter().find(|disk| disk.name == name).unwrap();
        assert_eq!((disk.bus, disk.kind), (bus, kind), "{name}");
    }
    assert_eq!(found.len(), disks.len());
    let card = found.iter().find(|disk| disk.name == "mmcblk0").unwrap();
    assert_eq!(card.model, "SU08G");
}

#[test]
fn what_is_not_a_number_is_said_with_its_place() {
    let tree = with_stick();
    tree.file("sys/block/sdb/size", "many\n");
    let error = read_devices(&tree.sources()).unwrap_err().to_string();
    assert!(
        error.ends_with("sys/block/sdb/size: \"many\", expected a number"),
        "{error}"
    );
}

#[test]
fn a_partition_is_found_by_its_number_as_part_of_its_disk() {
    let tree = with_stick();
    fs::create_dir_all(tree.path("sys/dev/block")).unwrap();
    for (number, target) in [("8:16", "sdb"), ("8:17", "sdb/sdb1")] {
        let target = tree.path(&format!("sys/block/{target}"));
        let link = tree.path(&format!("sys/dev/block/{number}"));
        std::os::unix::fs::symlink(target, link).unwrap();
    }
    let find = |minor| find_by_number(&tree.sources(), DeviceNumber { major: 8, minor });
    assert_eq!(find(16), Some(("sdb".to_owned(), false)));
    assert_eq!(find(17), Some(("sdb".to_owned(), true)));
    assert_eq!(find(18), None);
}
