//! What the disk around a volume says of it: one of a set, ruled by Windows' volume manager, started by
//! a product that encrypts. Each is left alone and explained.

use std::os::unix::fs::FileExt as _;

use anyhow::Result;
use support::afflict::{overwrite, scramble};
use support::broken_pc::preset;
use support::failing_disk::{FailingDisk, Faults};
use support::kit::KitSpec;
use support::patient::{Patient, StickFolder, require_patients};

/// What is written to the disk, and what must be said.
struct Around {
    name: &'static str,
    /// Offset, from the end if negative, and bytes.
    written: (i64, &'static [u8]),
    /// Whether the volume itself is noise.
    is_noise: bool,
    says: &'static [&'static str],
}

const ALL_AROUND: &[Around] = &[
    Around {
        name: "dynamic disk",
        // Type of the first partition.
        written: (450, &[0x42]),
        is_noise: false,
        says: &["unreadable-volume", "dynamic disk", "left alone"],
    },
    Around {
        name: "one of a mirror",
        written: (-1024, b"Intel Raid ISM Cfg Sig. 1.3.00"),
        is_noise: false,
        says: &["unreadable-volume", "Intel RAID", "spoil the set"],
    },
    Around {
        name: "encrypted, loader in the first sector",
        written: (6, b"TrueCrypt Boot Loader"),
        is_noise: true,
        says: &["locked-volume", "encrypted by TrueCrypt", "recovery medium"],
    },
    Around {
        name: "encrypted by nobody knows what",
        written: (440, b"\x10\x20\x58\x59"),
        is_noise: true,
        says: &[
            "locked-volume",
            "looks encrypted",
            "find out by which product",
        ],
    },
];

#[test]
fn what_the_disk_says_of_a_volume_is_heeded() -> Result<()> {
    if !require_patients() {
        return Ok(());
    }
    let stick = StickFolder::build(&KitSpec::default())?;
    for around in ALL_AROUND {
        let name = around.name;
        let patient = Patient::make(&preset("xp-mcafee-5958-missing")?)?;
        if around.is_noise {
            scramble(patient.volume().path(), 0)?;
        }
        let disk = fs_err::OpenOptions::new()
            .write(true)
            .open(patient.disk())?;
        let (offset, bytes) = around.written;
        let length = disk.metadata()?.len();
        let offset = if offset < 0 { length } else { 0 }.wrapping_add_signed(offset);
        disk.into_file().write_all_at(bytes, offset)?;
        let before = patient.digest()?;
        let device = FailingDisk::new(patient.volume().path(), Faults::default());
        let done = patient.mend_through(Box::new(device), &stick)?;
        assert_eq!(done.code, 1, "{name}\n{}", done.text);
        for phrase in around.says {
            assert!(
                done.text.contains(phrase),
                "{name}: {phrase:?}\n{}",
                done.text
            );
        }
        assert_eq!(patient.digest()?, before, "{name}\n{}", done.text);
    }
    Ok(())
}

#[test]
fn a_loader_that_encrypts_does_not_keep_a_readable_volume_from_repair() -> Result<()> {
    if !require_patients() {
        return Ok(());
    }
    let stick = StickFolder::build(&KitSpec::default())?;
    let patient = Patient::make(&preset("xp-mcafee-5958-missing")?)?;
    overwrite(&patient.disk(), 6, b"VeraCrypt Boot Loader")?;
    let device = FailingDisk::new(patient.volume().path(), Faults::default());
    let done = patient.mend_through(Box::new(device), &stick)?;
    assert_eq!(done.code, 0, "{}", done.text);
    Ok(())
}
