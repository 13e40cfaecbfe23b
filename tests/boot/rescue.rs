//! One boot of a stick in a PC, from power-on to power-off.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rescue_stick::report::Report;
use support::broken_pc::{MadeDisk, PcSpec, make_disk};
use support::firmware::with_variables;
use support::inspect::{Volume, verdicts, volumes};
use support::judges;
use support::kit::{Kit, extract_volume, read_report, require_builds};
use support::qemu::{Disk, DiskBus, Firmware, Machine, MachineSpec, Stick, UsbBus, copy_image};
use support::tools::{require_ntfs, require_tools, sha256_hex};
use tempfile::TempDir;

/// Generous: the machine that runs the tests may be busy, and QEMU interprets every instruction.
pub(crate) const LIMIT: Duration = Duration::from_secs(420);

/// Moves the bar of GRUB's menu down by one entry. Source: GRUB manual, "The menu interface".
const DOWN: &str = "\x0e";

/// Tells whether boots can be tested here.
pub(crate) fn require_boots() -> bool {
    require_builds()
        && require_ntfs()
        && require_tools(&["qemu-system-x86_64", "qemu-system-i386", "mtype", "mcopy"])
}

/// A stick and a PC, each as files of their own.
pub(crate) struct Bench {
    folder: TempDir,
    /// What was made, with what is right on it.
    pub(crate) made: MadeDisk,
}

impl Bench {
    /// Copies the kit's image onto a stick and makes the PC's disk.
    pub(crate) fn set_up(kit: &Kit, pc: &PcSpec) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        copy_image(&kit.image(), &folder.path().join("stick.img"))?;
        let made = make_disk(pc, &folder.path().join("pc.img"))?;
        Ok(Self { folder, made })
    }

    /// Returns where a further file of this test lies.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn stick(&self) -> PathBuf {
        self.folder.path().join("stick.img")
    }

    pub(crate) fn pc(&self) -> &Path {
        &self.made.path
    }

    /// Returns a PC with this firmware, the stick in it and its disk on that bus.
    pub(crate) fn machine(&self, firmware: Firmware, usb: UsbBus, bus: DiskBus) -> MachineSpec {
        MachineSpec {
            stick: Some(Stick::of(self.stick(), usb)),
            disks: vec![Disk::of(self.pc().to_owned(), bus)],
            ..MachineSpec::of(firmware)
        }
    }

    /// Starts the PC, waits for `mend`'s verdict and until the PC is off; returns the serial log.
    pub(crate) fn run(&self, spec: &MachineSpec) -> Result<String> {
        let mut machine = Machine::start(&with_variables(spec.clone())?)?;
        machine.wait_for(&["mend: VERDICT"], LIMIT)?;
        machine.expect_exit(LIMIT)?;
        Ok(machine.serial_log())
    }

    /// Starts the PC, takes the entry of the menu that is `downs` below the first, waits until the PC is off and
    /// demands this verdict; returns the serial log.
    pub(crate) fn choose(&self, spec: &MachineSpec, downs: usize, word: &str) -> Result<String> {
        let mut machine = Machine::start(spec)?;
        machine.wait_for(&["Start from this PC"], LIMIT)?;
        machine.send_keys(&DOWN.repeat(downs))?;
        machine.send_keys("\r")?;
        machine.expect_exit(LIMIT)?;
        let log = machine.serial_log();
        check_verdict(&log, word);
        Ok(log)
    }

    /// Returns the digest of the PC's whole disk.
    pub(crate) fn pc_digest(&self) -> Result<String> {
        Ok(sha256_hex(&fs_err::read(self.pc())?))
    }

    /// Returns the digest of all that is in use on the PC's first volume, by the judgement of ntfsclone:
    /// every file, folder and table of the file system, but not what lies in free clusters.
    pub(crate) fn used_clusters(&self) -> Result<String> {
        let made = self.made.volumes.first().context("no volume")?;
        Volume::of(self.pc(), made)?.used_clusters()
    }

    /// Returns all bytes of the volume that is first on the PC's disk, with a Windows or without.
    pub(crate) fn first_volume(&self) -> Result<Vec<u8>> {
        let volumes = volumes(self.pc())?;
        let first = volumes.first().context("no volume")?;
        Ok(fs_err::read(first.path())?)
    }

    /// Demands that the host finds every Windows repaired, and the volumes sound.
    pub(crate) fn check_repaired(&self) -> Result<()> {
        self.check_repaired_on(self.pc())
    }

    /// Demands the same of a disk that was made from the PC's.
    pub(crate) fn check_repaired_on(&self, disk: &Path) -> Result<()> {
        for verdict in verdicts(disk)? {
            ensure!(verdict.repaired, "the host's look at the disk: {verdict:?}");
        }
        for made in &self.made.volumes {
            let volume = Volume::of(disk, made)?;
            volume.is_sound()?;
            let path = made.windows.svchost_path();
            let found = volume
                .sha256(&path)?
                .with_context(|| format!("{path}: missing"))?;
            ensure!(found == made.good_svchost_sha256, "{path}: {found}");
        }
        Ok(())
    }

    /// Returns the newest report on the stick, and demands that the stick is still as signed.
    pub(crate) fn report(&self, kit: &Kit) -> Result<(Report, String)> {
        let stick = self.stick();
        let stick_name = stick.to_str().context("path is not UTF-8")?;
        let said = kit
            .mendkit(&["verify", stick_name, "--key", "release.key.pub"])?
            .text();
        ensure!(!said.contains(" 0 reports beside it"), "{said}");
        let volume = self.folder.path().join("volume.img");
        extract_volume(&stick, &volume)?;
        judges::fsck_fat_accepts(&volume)?;
        let saved = read_report(&stick)?;
        Ok((Report::parse(&saved.json)?, saved.text))
    }
}

/// Demands that the guest said this verdict, once.
pub(crate) fn check_verdict(log: &str, word: &str) {
    let said: Vec<_> = log
        .lines()
        .filter(|line| line.contains("mend: VERDICT"))
        .collect();
    assert_eq!(said, [format!("mend: VERDICT {word}")], "{log}");
}
