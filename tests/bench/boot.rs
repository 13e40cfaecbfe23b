//! From power-on to the first screen: bytes read from the stick, seconds, least memory, for each firmware and
//! kernel, beside Debian's netboot installer on the same stick; and the demo disk from first screen to REPAIRED.
//!
//! PCs are QEMU's, emulated without KVM: bytes are exact, seconds are those of an emulated PC on the machine
//! that measures. The words `starts`, `peer`, `repair` and `floors` pick that part alone, and
//! `MENDKIT_BENCH_RUNS` says how often a start is repeated.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use support::broken_pc::{make_disk, preset};
use support::kit::{Kit, KitSpec};
use support::qemu::{
    Disk, DiskBus, Firmware, Machine, MachineSpec, Stick, Traffic, UsbBus, copy_image,
};
use tempfile::TempDir;

use self::peer::NetbootStick;
use crate::sample::Sample;

mod peer;

/// Generous, since QEMU interprets every instruction.
const LIMIT: Duration = Duration::from_secs(300);

/// How often a start is repeated, unless `MENDKIT_BENCH_RUNS` says otherwise.
const RUNS: usize = 5;

/// Bar of the repair, in the guest's time.
const REPAIR_BAR: Duration = Duration::from_secs(3);

/// How many processors PCs have while they are repaired: one, as many of XP's days; two, as most since 2006.
const PROCESSORS: [u32; 2] = [1, 2];

/// Steps in which the least memory is looked for, in MiB.
const FLOOR_STEP: u32 = 4;

/// What no PC starts with.
const FLOOR_BELOW: u32 = 24;

/// A PC and what is expected of a start in it.
#[derive(Clone, Copy)]
struct Start {
    name: &'static str,
    firmware: Firmware,
    is_64_bit: bool,
    usb: UsbBus,
    disk: DiskBus,
    /// Bytes read until the first line, at most.
    read_bar: Option<u64>,
    /// MiB of memory that suffice.
    floor_bar: Option<u32>,
}

const STARTS: [Start; 4] = [
    Start {
        name: "BIOS, 32 bits, Linux 6.1",
        firmware: Firmware::Bios,
        is_64_bit: false,
        usb: UsbBus::Ehci,
        disk: DiskBus::Ide,
        read_bar: Some(8_800_000),
        floor_bar: Some(64),
    },
    Start {
        name: "BIOS, 64 bits, Linux 6.12",
        firmware: Firmware::Bios,
        is_64_bit: true,
        usb: UsbBus::Ehci,
        disk: DiskBus::Ahci,
        read_bar: Some(16_000_000),
        floor_bar: Some(128),
    },
    Start {
        name: "UEFI x64, Linux 6.12",
        firmware: Firmware::UefiX64,
        is_64_bit: true,
        usb: UsbBus::Xhci,
        disk: DiskBus::Nvme,
        read_bar: None,
        floor_bar: None,
    },
    Start {
        name: "Secure Boot, Linux 6.12",
        firmware: Firmware::SecureBoot2011,
        is_64_bit: true,
        usb: UsbBus::Xhci,
        disk: DiskBus::Nvme,
        read_bar: Some(22_000_000),
        floor_bar: None,
    },
];

/// The same PCs with the peer's stick; its kernel has 64 bits.
const PEER_STARTS: [&Start; 2] = [&STARTS[1], &STARTS[3]];

/// What appears on the serial line with the first screen.
const FIRST_LINE: &str = "mend: first line ";

/// Memory of the installer's PCs, in MiB.
const PEER_MEMORY_MIB: u32 = 1024;

/// The installer's first screen is that of the language.
const PEER_FIRST_SCREEN: &str = "Select a language";

/// What a start that lacks memory ends with.
const GIVEN_UP: [&str; 3] = ["Kernel panic", "out of memory", "Out of memory"];

/// Measures and prints.
pub(crate) fn measure(part: Option<&str>) -> Result<()> {
    const PARTS: [&str; 4] = ["starts", "peer", "repair", "floors"];
    if let Some(other) = part.filter(|part| !PARTS.contains(part)) {
        bail!("bench boot {other:?}: expected one of {PARTS:?}, or nothing");
    }
    let is_wanted = |name: &str| part.is_none_or(|part| part == name);
    let place = Place::set_up()?;
    println!(
        "PCs are QEMU's, without KVM; 256 MiB (32 bits) or 512 MiB of memory (the peer 1024), one processor"
    );
    if is_wanted("starts") {
        place.measure_starts()?;
    }
    if is_wanted("peer") {
        place.measure_peer()?;
    }
    if is_wanted("repair") {
        place.measure_repair()?;
    }
    if is_wanted("floors") {
        place.measure_floors()?;
    }
    Ok(())
}

/// The image, the demo's disk, and the peer's stick.
struct Place {
    folder: TempDir,
    kit: Kit,
    peer: Option<NetbootStick>,
    runs: usize,
}

/// One start until the first screen.
struct Started {
    traffic: Traffic,
    took: Duration,
    /// Of that, since the kernel began; the installer does not tell.
    in_linux: Option<Duration>,
}

impl Place {
    fn set_up() -> Result<Self> {
        let folder = tempfile::tempdir_in(support::tools::target_folder())?;
        let kit = Kit::build(&KitSpec::default())?;
        make_disk(
            &preset("xp-mcafee-5958-missing")?,
            &folder.path().join("pc.img"),
        )?;
        let peer = match NetbootStick::make(&kit, &folder.path().join("netboot.img")) {
            Ok(peer) => Some(peer),
            Err(error) => {
                println!("Debian's netboot installer takes no part: {error:#}");
                None
            }
        };
        let runs = match std::env::var("MENDKIT_BENCH_RUNS") {
            Ok(text) => text.parse().context("MENDKIT_BENCH_RUNS")?,
            Err(_) => RUNS,
        };
        Ok(Self {
            folder,
            kit,
            peer,
            runs,
        })
    }

    /// Returns a PC with fresh copies of stick and disk.
    fn machine(&self, start: &Start, kit: &Kit) -> Result<MachineSpec> {
        let disk = self.folder.path().join("run-pc.img");
        copy_image(&self.folder.path().join("pc.img"), &disk)?;
        let stick = self.folder.path().join("run-stick.img");
        copy_image(&kit.image(), &stick)?;
        Ok(MachineSpec {
            disks: vec![Disk::of(disk, start.disk)],
            ..start.with_stick(stick)
        })
    }

    fn peer_machine(&self, start: &Start, peer: &NetbootStick) -> Result<MachineSpec> {
        let stick = self.folder.path().join("run-stick.img");
        copy_image(&peer.image, &stick)?;
        let mut machine = start.with_stick(stick);
        // With 512 the installer first says that this is little memory.
        machine.memory_mib = PEER_MEMORY_MIB;
        Ok(machine)
    }

    fn repeat(&self, mut run: impl FnMut() -> Result<Started>) -> Result<Vec<Started>> {
        (0..self.runs).map(|_| run()).collect()
    }

    fn measure_starts(&self) -> Result<()> {
        let runs = self.runs;
        println!("\nfrom power-on to mend's first line and screen; median of {runs} runs");
        println!(
            "{:<28}{:>12}{:>8}{:>12}  time",
            "", "bytes read", "reads", "bar"
        );
        for start in &STARTS {
            let runs = self.repeat(|| start_until(&self.machine(start, &self.kit)?, FIRST_LINE))?;
            print_starts(start.name, start.read_bar, &runs);
        }
        Ok(())
    }

    fn measure_peer(&self) -> Result<()> {
        let Some(peer) = &self.peer else {
            return Ok(());
        };
        println!(
            "\nfrom power-on to the first screen of {}; median of {} runs",
            peer.version, self.runs
        );
        for start in PEER_STARTS {
            let runs =
                self.repeat(|| start_until(&self.peer_machine(start, peer)?, PEER_FIRST_SCREEN))?;
            let name = start.name.split(", Linux").next().unwrap_or_default();
            print_starts(name, None, &runs);
        }
        Ok(())
    }

    /// The demo's disk: unattended for the time, confirmed for the keys.
    fn measure_repair(&self) -> Result<()> {
        println!("\nthe demo's disk, from the first screen to REPAIRED; the guest's own time");
        let counts = STARTS
            .iter()
            .flat_map(|start| PROCESSORS.map(|count| (start, count)));
        for (start, processors) in counts {
            let mut sample = Sample::default();
            let mut keys = 0;
            let mut stages = String::new();
            for _ in 0..self.runs {
                let machine = MachineSpec {
                    processors,
                    ..self.machine(start, &self.kit)?
                };
                let (log, pressed) = run_to_end(&machine)?;
                sample.add(time_of(&log, "outcome shown")? - time_of(&log, "first line")?);
                keys = keys.max(pressed);
                stages = stages_of(&log);
            }
            println!(
                "{:<28}{processors} processor{}  {sample}   bar {REPAIR_BAR:?}: {}; keys pressed: {keys}, bar 0: {}",
                start.name,
                if processors == 1 { " " } else { "s" },
                verdict(sample.median() <= REPAIR_BAR),
                verdict(keys == 0)
            );
            println!("    {stages}");
        }
        let asking = Kit::build(&KitSpec {
            mode: "confirm",
            finish: "ask",
            ..KitSpec::default()
        })?;
        let (_, keys) = run_to_end(&self.machine(&STARTS[0], &asking)?)?;
        println!(
            "{:<28}keys pressed: {keys}, bar 2: {}",
            "asked, until the restart",
            verdict(keys == 2)
        );
        Ok(())
    }

    fn measure_floors(&self) -> Result<()> {
        println!(
            "\nleast memory, in steps of {FLOOR_STEP} MiB; mend up to REPAIRED, peer up to its screen"
        );
        for start in &STARTS {
            let highest = MachineSpec::of(start.firmware).memory_mib.max(256);
            let likely = start.floor_bar.unwrap_or(highest);
            let floor = find_floor(likely, highest, |memory_mib| {
                let machine = MachineSpec {
                    memory_mib,
                    ..self.machine(start, &self.kit)?
                };
                comes_to(&machine, "mend: VERDICT REPAIRED")
            })?;
            let bar = start.floor_bar.map(|bar| {
                let is_kept = floor.is_some_and(|floor| floor <= bar);
                format!("   bar {bar} MiB: {}", verdict(is_kept))
            });
            println!(
                "{:<28}{}{}",
                start.name,
                floor_words(floor, highest),
                bar.unwrap_or_default()
            );
        }
        let Some(peer) = &self.peer else {
            return Ok(());
        };
        for start in PEER_STARTS {
            let floor = find_floor(1024, 1024, |memory_mib| {
                let machine = MachineSpec {
                    memory_mib,
                    ..self.peer_machine(start, peer)?
                };
                comes_to(&machine, PEER_FIRST_SCREEN)
            })?;
            let name = start.name.split(", Linux").next().unwrap_or_default();
            println!("{name:<28}{}   {}", floor_words(floor, 1024), peer.version);
        }
        Ok(())
    }
}

impl Start {
    fn with_stick(&self, image: std::path::PathBuf) -> MachineSpec {
        let mut machine = MachineSpec {
            stick: Some(Stick::of(image, self.usb)),
            ..MachineSpec::of(self.firmware)
        };
        if self.is_64_bit {
            machine.is_64_bit = true;
            machine.cpu = None;
            machine.memory_mib = 512;
        }
        machine
    }
}

/// Starts a PC and looks at what was read from the stick when the word arrives.
fn start_until(machine: &MachineSpec, word: &str) -> Result<Started> {
    let began = Instant::now();
    let mut machine = Machine::start(machine)?;
    machine.wait_for(&[word], LIMIT)?;
    let took = began.elapsed();
    let traffic = machine.stick_traffic()?;
    let in_linux = if word == FIRST_LINE {
        machine.wait_for(&[" ms"], LIMIT)?;
        Some(time_of(&machine.serial_log(), "first line")?)
    } else {
        None
    };
    Ok(Started {
        traffic,
        took,
        in_linux,
    })
}

fn print_starts(name: &str, bar: Option<u64>, runs: &[Started]) {
    let (mut took, mut in_linux) = (Sample::default(), Sample::default());
    for run in runs {
        took.add(run.took);
        if let Some(time) = run.in_linux {
            in_linux.add(time);
        }
    }
    let most = runs.iter().map(|run| run.traffic.read_bytes).max();
    let most = most.unwrap_or_default();
    let reads = runs.iter().map(|run| run.traffic.read_operations).max();
    println!(
        "{name:<28}{most:>12}{:>8}{:>12}  {took}{}{}",
        reads.unwrap_or_default(),
        bar.map(|bar| bar.to_string()).unwrap_or_default(),
        match runs.first().and_then(|run| run.in_linux) {
            Some(_) => format!(", in Linux {:.2} s", in_linux.median().as_secs_f64()),
            None => String::new(),
        },
        match bar {
            Some(bar) => format!("   {}", verdict(most <= bar)),
            None => String::new(),
        }
    );
}

fn verdict(is_kept: bool) -> &'static str {
    if is_kept { "kept" } else { "NOT kept" }
}

/// Lets a PC be repaired and end, pressing Enter whenever somebody is asked. Returns the serial line's text and
/// how often Enter was pressed.
fn run_to_end(machine: &MachineSpec) -> Result<(String, usize)> {
    let mut machine = Machine::start(machine)?;
    let mut keys = 0;
    // An unattended run asks nobody and ends by itself.
    while machine.wait_for(&["mend: QUESTION", "mend: end "], LIMIT)? == "mend: QUESTION" {
        machine.press(&["ret"])?;
        keys += 1;
    }
    machine.expect_exit(LIMIT)?;
    let log = machine.serial_log();
    ensure!(log.contains("mend: VERDICT REPAIRED"), "{log}");
    Ok((log, keys))
}

/// Returns the guest's uptime as a line for programs tells it: `mend: WHAT 1234 ms`.
fn time_of(log: &str, what: &str) -> Result<Duration> {
    let begin = format!("mend: {what} ");
    let line = log.lines().find_map(|line| line.strip_prefix(&begin));
    let number = line.and_then(|line| line.strip_suffix(" ms"));
    let number = number.with_context(|| format!("no time of {what} in {log}"))?;
    Ok(Duration::from_millis(number.parse()?))
}

/// Returns the guest's uptime at every stage that the serial line tells, in ms.
fn stages_of(log: &str) -> String {
    let lines = log.lines().filter_map(|line| line.strip_prefix("mend: "));
    let stages: Vec<&str> = lines.filter_map(|line| line.strip_suffix(" ms")).collect();
    stages.join(", ")
}

/// Tells whether a PC comes to this word.
fn comes_to(machine: &MachineSpec, word: &str) -> Result<bool> {
    let mut words = GIVEN_UP.to_vec();
    words.push(word);
    let mut machine = Machine::start(machine)?;
    // A PC that hangs, or restarts, for want of memory says nothing more.
    Ok(machine
        .wait_for(&words, LIMIT)
        .is_ok_and(|found| found == word))
}

/// Returns the least memory in MiB with which `works` is true, by halving from what likely does; nothing if
/// the highest does not do.
fn find_floor(
    likely: u32,
    highest: u32,
    works: impl Fn(u32) -> Result<bool>,
) -> Result<Option<u32>> {
    let (mut below, mut enough) = if works(likely)? {
        (FLOOR_BELOW, likely)
    } else if likely < highest && works(highest)? {
        (likely, highest)
    } else {
        return Ok(None);
    };
    while enough - below > FLOOR_STEP {
        let middle = (below + (enough - below) / 2) / FLOOR_STEP * FLOOR_STEP;
        if works(middle)? {
            enough = middle;
        } else {
            below = middle;
        }
    }
    Ok(Some(enough))
}

fn floor_words(floor: Option<u32>, highest: u32) -> String {
    match floor {
        Some(floor) => format!("{floor:>5} MiB"),
        None => format!("more than {highest} MiB"),
    }
}
