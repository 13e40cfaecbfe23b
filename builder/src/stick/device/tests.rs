use super::*;

fn stick() -> DeviceFacts {
    DeviceFacts {
        name: "sdb".to_owned(),
        path: "/dev/sdb".into(),
        number: Some(DeviceNumber {
            major: 8,
            minor: 16,
        }),
        generation: Some(7),
        model: "SanDisk Ultra".to_owned(),
        serial: Some("4C530001".to_owned()),
        size: ByteSize(15_376_000_000),
        sector_size: 512,
        bus: Bus::Usb,
        kind: Kind::Disk,
        is_removable: true,
        is_read_only: false,
        uses: Vec::new(),
        is_held: Some(false),
    }
}

fn mounted(at: &str) -> Vec<Use> {
    let node = "sdb1".to_owned();
    vec![Use::Mount {
        node,
        at: at.to_owned(),
    }]
}

/// A good stick but for one change, the rule that this breaks, and its words.
type Case = (fn(&mut DeviceFacts), &'static str, &'static str);

const CASES: [Case; 22] = [
    (
        |f| f.uses = mounted("/"),
        "this-computer",
        "this computer's disk",
    ),
    (
        |f| f.uses = mounted("/boot/efi"),
        "this-computer",
        "this computer's disk",
    ),
    (
        |f| f.uses = mounted("/media/photos"),
        "mounted",
        "mounted on /media/photos",
    ),
    (
        |f| {
            f.uses = vec![Use::Swap {
                node: "sdb2".into(),
            }]
        },
        "swap",
        "sdb2 is swapped to",
    ),
    (
        |f| {
            f.uses = vec![Use::Part {
                node: "sdb1".into(),
                of: "LVM".into(),
                name: "vg-data".into(),
            }];
        },
        "part-of-another",
        "sdb1 is part of LVM vg-data",
    ),
    (
        |f| {
            f.uses = vec![Use::Zfs {
                node: "sdb1".into(),
                pool: "tank".into(),
            }];
        },
        "zfs",
        "sdb1 is part of ZFS pool tank",
    ),
    (
        |f| f.is_held = Some(true),
        "held",
        "in use by a program or container, or by the kernel",
    ),
    (
        |f| f.kind = Kind::Optical,
        "not-a-disk",
        "a drive for CDs and DVDs",
    ),
    (|f| f.kind = Kind::Floppy, "not-a-disk", "a floppy drive"),
    (
        |f| f.kind = Kind::Ram,
        "not-a-disk",
        "made of this computer's memory",
    ),
    (
        |f| f.kind = Kind::Assembled,
        "not-a-disk",
        "made of other disks",
    ),
    (
        |f| f.size = ByteSize(0),
        "no-medium",
        "no medium in it, or size 0",
    ),
    (|f| f.is_read_only = true, "read-only", "read-only"),
    (|f| f.bus = Bus::Nvme, "internal", "an internal disk (NVMe)"),
    (|f| f.bus = Bus::Ata, "internal", "an internal disk (SATA)"),
    (|f| f.bus = Bus::Emmc, "internal", "an internal disk (eMMC)"),
    (
        |f| f.sector_size = 4096,
        "sector-size",
        "sectors of 4096 bytes, expected 512: no BIOS starts it",
    ),
    (
        |f| f.size = ByteSize(95_999_999),
        "size",
        "96.0 MB, but the image needs 96.0 MB",
    ),
    (
        |f| f.size = ByteSize((2 << 40) + 512),
        "size",
        "2199.0 GB, expected at most 2 TiB",
    ),
    (
        |f| f.is_removable = false,
        "usb-hard-disk",
        "a USB hard disk, unless you name it",
    ),
    (
        |f| f.kind = Kind::Loop,
        "not-plugged-in",
        "a loop device, unless you name it",
    ),
    (
        |f| f.kind = Kind::Network,
        "not-plugged-in",
        "a network disk, unless you name it",
    ),
];

#[test]
fn every_rule_forbids_what_it_is_for_and_nothing_forbids_a_good_stick() {
    let image = Some(ByteSize(96_000_000));
    assert_eq!(find_obstacles(&stick(), image), []);
    let card = DeviceFacts {
        bus: Bus::SdCard,
        ..stick()
    };
    assert_eq!(find_obstacles(&card, image), []);
    let mut unused: Vec<_> = ALL_RULES.iter().map(|rule| rule.name).collect();
    for (change, rule, words) in CASES {
        let mut facts = stick();
        change(&mut facts);
        let found = find_obstacles(&facts, image);
        let first = found.first().unwrap_or_else(|| panic!("{words}: allowed"));
        assert_eq!((first.rule, first.reason.as_str()), (rule, words));
        unused.retain(|name| *name != rule);
    }
    assert_eq!(unused, [""; 0]);
}

#[test]
fn only_usb_hard_disks_and_what_this_computer_made_up_yield_to_being_named() {
    let yielding: Vec<_> = ALL_RULES
        .iter()
        .filter(|rule| rule.yields_to_name)
        .collect();
    let names: Vec<_> = yielding.iter().map(|rule| rule.name).collect();
    assert_eq!(names, ["usb-hard-disk", "not-plugged-in"]);
}

#[test]
fn another_stick_under_the_same_name_is_noticed() {
    assert_eq!(check_same(&stick(), &stick()), Ok(()));
    let changes: [fn(&mut DeviceFacts); 5] = [
        |f| f.model = "DT 50".to_owned(),
        |f| f.serial = None,
        |f| f.size = ByteSize(512),
        |f| f.number = None,
        |f| f.generation = Some(8),
    ];
    for change in changes {
        let mut other = stick();
        change(&mut other);
        assert!(check_same(&stick(), &other).is_err(), "{other:?}");
    }
    let mut other = stick();
    other.serial = Some("4C530002".to_owned());
    assert_eq!(
        check_same(&stick(), &other).unwrap_err().to_string(),
        "/dev/sdb: serial is 4C530002 now, expected 4C530001; another stick was put in"
    );
}
