//! One rehearsal: a simulated PC is made, started from a copy of the image, and watched until it is off.
//!
//! Answers what a technician would who has read the plan: Enter where the repair is proposed and at the
//! end, no to every other question. Decides nothing about the outcome: the verdict is the machine's word.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::broken_pc::{MadeDisk, PartitionTable, PcSpec, WindowsKind, make_disk};
use crate::error::{Result, bail};
use crate::qemu::{Disk, DiskBus, Firmware, Machine, MachineSpec, Stick, UsbBus, copy_image};

/// What `mend` writes before every line that is meant for programs.
const MARK: &str = "mend: ";
/// How often a machine is looked at.
const INTERVAL: Duration = Duration::from_millis(200);

/// What is to be rehearsed.
#[derive(Clone, Copy, Debug)]
pub struct Rehearsal<'a> {
    /// The image; it stays as it is.
    pub image: &'a Path,
    /// The PC.
    pub pc: &'a PcSpec,
    /// Its firmware; that of such a PC's time if none.
    pub firmware: Option<Firmware>,
    /// Folder for the stick and the PC's disk, `stick.img` and `pc.img`.
    pub folder: &'a Path,
    /// Longest time from power-on to power-off.
    pub limit: Duration,
    /// Where a picture of the last screen goes, as PNG.
    pub picture: Option<&'a Path>,
}

/// What a rehearsal is busy with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The PC's disk is made and the power goes on.
    Started {
        /// The machine's firmware.
        firmware: Firmware,
        /// How long the disk took.
        made_in: Duration,
    },
    /// A line of the screen, as a serial console shows it, since power-on.
    Line(Duration, String),
    /// A question, by its word, and whether it was answered with yes.
    Answered(Duration, String, bool),
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsed {
    /// The one word on the screen, such as `REPAIRED`; nothing if the PC went off without one.
    pub verdict: Option<String>,
    /// When it was said, since power-on.
    pub verdict_after: Duration,
    /// When the PC was off.
    pub off_after: Duration,
}

/// Makes the PC, starts it, and watches it to its end.
pub fn rehearse(wanted: &Rehearsal<'_>, event: &mut dyn FnMut(Event)) -> Result<Rehearsed> {
    let start = Instant::now();
    let stick = wanted.folder.join("stick.img");
    copy_image(wanted.image, &stick)?;
    let made = make_disk(wanted.pc, &wanted.folder.join("pc.img"))?;
    let spec = machine_for(wanted.pc, wanted.firmware, &stick, &made);
    event(Event::Started {
        firmware: spec.firmware,
        made_in: start.elapsed(),
    });
    let machine = Machine::start(&spec)?;
    watch(machine, wanted, event)
}

/// Returns a PC of its Windows' time with this stick in it.
fn machine_for(
    pc: &PcSpec,
    firmware: Option<Firmware>,
    stick: &Path,
    made: &MadeDisk,
) -> MachineSpec {
    let is_xp = pc.installations.iter().any(|windows| windows.kind.is_xp());
    let is_new = pc
        .installations
        .iter()
        .any(|windows| windows.kind == WindowsKind::Windows10);
    let firmware = firmware.unwrap_or(match (pc.table, is_new) {
        (PartitionTable::Mbr, _) => Firmware::Bios,
        (PartitionTable::Gpt, false) => Firmware::UefiX64,
        (PartitionTable::Gpt, true) => Firmware::SecureBoot2011,
    });
    let is_old = is_xp && firmware == Firmware::Bios;
    let mut spec = MachineSpec::of(firmware);
    if !is_old {
        spec.is_64_bit = true;
        spec.cpu = None;
        spec.memory_mib = 512;
    }
    spec.stick = Some(Stick {
        is_write_protected: false,
        image: stick.to_owned(),
        bus: if is_old { UsbBus::Ehci } else { UsbBus::Xhci },
    });
    let bus = if is_old { DiskBus::Ide } else { DiskBus::Ahci };
    let mut disk = Disk::of(made.path.clone(), bus);
    if pc.sector_length != 512 {
        disk.bus = DiskBus::Nvme;
        disk.sector_length = pc.sector_length;
    }
    spec.disks = vec![disk];
    spec
}

fn watch(
    mut machine: Machine,
    wanted: &Rehearsal<'_>,
    event: &mut dyn FnMut(Event),
) -> Result<Rehearsed> {
    let start = Instant::now();
    let mut shown = 0;
    let mut is_mend = false;
    let mut verdict = None;
    let mut verdict_after = Duration::ZERO;
    loop {
        // Asked first: what came before the end is then all there is.
        let end = machine.poll(INTERVAL)?;
        let log = machine.serial_log();
        let fresh = log.get(shown..).unwrap_or_default();
        let whole = fresh.rfind('\n').map_or(0, |at| at.saturating_add(1));
        for line in fresh.get(..whole).unwrap_or_default().lines() {
            let now = start.elapsed();
            let Some(mark) = line.strip_prefix(MARK) else {
                if is_mend {
                    event(Event::Line(now, line.to_owned()));
                }
                continue;
            };
            // The kernel's words end where mend's begin.
            is_mend = true;
            if let Some(question) = mark.strip_prefix("QUESTION ") {
                answer(&mut machine, wanted, question, now, event)?;
                // And begin again when it is done.
                is_mend = question.trim() != "finished";
            } else if let Some(word) = mark.strip_prefix("VERDICT ") {
                verdict = Some(word.trim().to_owned());
                verdict_after = now;
            }
        }
        shown = shown.saturating_add(whole);
        if end.is_some() {
            return Ok(Rehearsed {
                verdict,
                verdict_after,
                off_after: start.elapsed(),
            });
        }
        if start.elapsed() > wanted.limit {
            let tail: Vec<&str> = log.lines().rev().take(12).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            bail!(
                "the PC is still on after {} s, expected it to be off; it showed last:\n{}",
                wanted.limit.as_secs(),
                tail.join("\n")
            );
        }
    }
}

fn answer(
    machine: &mut Machine,
    wanted: &Rehearsal<'_>,
    question: &str,
    now: Duration,
    event: &mut dyn FnMut(Event),
) -> Result<()> {
    let question = question.trim();
    let is_end = question == "finished";
    if let (true, Some(picture)) = (is_end, wanted.picture) {
        machine.screendump(picture)?;
    }
    let is_yes = is_end || question == "repair";
    machine.press(if is_yes { &["ret"] } else { &["n"] })?;
    event(Event::Answered(now, question.to_owned(), is_yes));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broken_pc::preset;

    #[test]
    fn a_pc_has_the_firmware_and_buses_of_its_time() {
        let made = MadeDisk {
            path: "pc.img".into(),
            volumes: Vec::new(),
        };
        let machine = |name: &str, firmware| {
            machine_for(&preset(name).unwrap(), firmware, Path::new("s"), &made)
        };
        let xp = machine("xp-mcafee-5958-missing", None);
        assert_eq!((xp.firmware, xp.memory_mib), (Firmware::Bios, 256));
        assert_eq!(xp.cpu.as_deref(), Some("pentium2"));
        assert_eq!(xp.disks[0].bus, DiskBus::Ide);
        let seven = machine("windows-7", None);
        assert_eq!((seven.firmware, seven.is_64_bit), (Firmware::Bios, true));
        assert_eq!(machine("windows-7-gpt", None).firmware, Firmware::UefiX64);
        let ten = machine("windows-10-crowdstrike-291", None);
        assert_eq!(ten.firmware, Firmware::SecureBoot2011);
        // XP's disk in a newer PC: parallel ATA is not to be had there.
        let moved = machine("xp-mcafee-5958-missing", Some(Firmware::UefiIa32));
        assert_eq!(moved.disks[0].bus, DiskBus::Ahci);
        assert!(moved.is_64_bit && moved.cpu.is_none());
    }
}
