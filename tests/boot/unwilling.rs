//! Sticks that do not take the report: write-protected, pulled before it, pulled while it is written. It is then
//! in the PC's memory, on its disk if that may be written, and in a code that a phone reads from the screen;
//! and a stick that is put back takes it after all.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use rescue_stick::report::summary::SignedSummary;
use rescue_stick::report::{Report, Verdict};
use rescue_stick::signature::PublicKey;
use support::broken_pc::{PcSpec, WindowsSpec};
use support::kit::{Kit, KitSpec, read_from_stick};
use support::qemu::{DirectKernel, DiskBus, Firmware, Machine, MachineSpec, UsbBus};
use support::tools::{require_tools, run, sha256_hex, target_folder};

use crate::rescue::{Bench, LIMIT, check_verdict, require_boots};
use crate::taken::{Taken, kept_report, write_stick};

fn asking() -> KitSpec {
    KitSpec {
        mode: "confirm",
        finish: "ask",
        ..KitSpec::default()
    }
}

fn old_pc(bench: &Bench) -> MachineSpec {
    bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide)
}

/// Presses the key that shows the report as a code, and returns what a phone reads from the screen, once the
/// screen has the size that is wanted. The picture stays in `target/screens`.
fn scan_report(
    machine: &mut Machine,
    key: &PublicKey,
    (name, pixels): (&str, (usize, usize)),
) -> Result<SignedSummary> {
    machine.press(&["q"])?;
    machine.wait_for(&["mend: CODE 1"], LIMIT)?;
    let picture = machine.picture()?;
    ensure!(
        (picture.width, picture.height) == pixels,
        "{} x {}",
        picture.width,
        picture.height
    );
    let folder = target_folder().join("screens");
    fs::create_dir_all(&folder)?;
    let png = folder.join(format!("report-code-{name}.png"));
    machine.screendump(&png)?;
    let arguments = ["-q".as_ref(), "--raw".as_ref(), png.as_os_str()];
    let said = run("zbarimg", &arguments)?.text();
    let summary = SignedSummary::parse(&said)?;
    summary.check(key)?;
    machine.press(&["ret"])?;
    Ok(summary)
}

/// Demands that a code is the summary of exactly this report.
fn check_summary(summary: &SignedSummary, report: &Report, key: &PublicKey) -> Result<()> {
    let summary = summary.check(key)?;
    let digest = rescue_stick::digest::Sha256Digest::of(report.to_text().as_bytes());
    assert_eq!(summary.digest, digest.0[..16]);
    assert_eq!(summary.verdict, report.verdict);
    assert_eq!(summary.number, None);
    assert_eq!(Some(summary.stick.to_string()), report.stick.id);
    let computer = report.installations[0].computer.as_deref();
    assert_eq!(Some(summary.computer.as_str()), computer);
    Ok(())
}

/// Returns the start of the stick's 32-bit system past the boot loader, on a screen of 640 by 480.
fn start_small(bench: &Bench) -> Result<DirectKernel> {
    let stick = bench.stick();
    let kernel = bench.path("vmlinuz32");
    fs::write(&kernel, read_from_stick(&stick, "/boot/vmlinuz32")?)?;
    let mut archives = Vec::new();
    for name in ["user.cpio.xz", "modules32.cpio.xz", "key.cpio"] {
        archives.extend(read_from_stick(&stick, &format!("/boot/{name}"))?);
        // Where the next begins. Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
        archives.resize(archives.len().next_multiple_of(4), 0);
    }
    let initrd = bench.path("initrd");
    fs::write(&initrd, archives)?;
    let menu = String::from_utf8(read_from_stick(&stick, "/boot/grub/grub.cfg")?)?;
    let line = menu
        .lines()
        .find_map(|line| line.trim().strip_prefix("linux "));
    let (_, arguments) = line
        .and_then(|line| line.split_once(" mend.mode=$1 "))
        .context("no kernel")?;
    let arguments = arguments.replace("$serial", "console=ttyS0,115200");
    Ok(DirectKernel {
        kernel,
        initrd,
        arguments: format!("vga=0x311 mend.mode=repair {arguments}"),
    })
}

fn require_codes() -> bool {
    require_boots() && require_tools(&["zbarimg", "minisign", "mcopy"])
}

#[test]
fn a_write_protected_stick_repairs_if_agreed_and_the_report_is_on_the_pc_and_in_a_code()
-> Result<()> {
    if !require_codes() {
        return Ok(());
    }
    let kit = Kit::build(&asking())?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let key = write_stick(&kit, &bench)?;
    let stick = digest(&bench.stick())?;
    let mut spec = MachineSpec {
        direct_kernel: Some(start_small(&bench)?),
        ..old_pc(&bench)
    };
    if let Some(stick) = &mut spec.stick {
        stick.is_write_protected = true;
    }
    let mut machine = Machine::start(&spec)?;
    machine.wait_for(&["mend: QUESTION repair"], LIMIT)?;
    machine.press(&["ret"])?;
    machine.wait_for(&["mend: QUESTION without-journal"], LIMIT)?;
    machine.press(&["y"])?;
    machine.wait_for(&["mend: VERDICT"], LIMIT)?;
    machine.wait_for(&["mend: QUESTION finished"], LIMIT)?;
    let summary = scan_report(&mut machine, &key, ("640x480", (640, 480)))?;
    machine.wait_for(&["Take the stick out"], LIMIT)?;
    machine.press(&["ret"])?;
    machine.expect_exit(LIMIT)?;
    let log = machine.serial_log();
    check_verdict(&log, "REPAIRED");
    assert!(log.contains("The report is kept on this PC:"), "{log}");
    assert!(log.contains("REPORT ON THIS PC"), "{log}");
    bench.check_repaired()?;
    assert_eq!(digest(&bench.stick())?, stick, "the stick was written");
    let report = kept_report(&bench, &key)?;
    assert_eq!(report.verdict, Verdict::Repaired);
    check_summary(&summary, &report, &key)
}

fn digest(path: &Path) -> Result<String> {
    Ok(sha256_hex(&fs::read(path)?))
}

/// What the repair needs is on the stick, so without it there is no repair; but there is a report.
#[test]
fn a_stick_that_is_pulled_before_the_repair_takes_the_report_once_it_is_put_back() -> Result<()> {
    if !require_codes() {
        return Ok(());
    }
    let kit = Kit::build(&asking())?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let key = write_stick(&kit, &bench)?;
    let before = bench.pc_digest()?;
    let mut machine = Machine::start(&old_pc(&bench))?;
    machine.wait_for(&["mend: QUESTION repair"], LIMIT)?;
    machine.pull_stick()?;
    machine.press(&["ret"])?;
    machine.wait_for(&["mend: QUESTION without-journal"], LIMIT)?;
    machine.press(&["n"])?;
    machine.wait_for(&["mend: stick is out"], LIMIT)?;
    machine.wait_for(&["Put the stick back: it still lacks the report"], LIMIT)?;
    machine.wait_for(&["mend: QUESTION finished"], LIMIT)?;
    let summary = scan_report(&mut machine, &key, ("1024x768", (1024, 768)))?;
    let log = machine.serial_log();
    for untrue in [
        "Leave the stick in",
        "Take the stick out",
        "kept on this PC",
    ] {
        assert!(!log.contains(untrue), "{untrue}: {log}");
    }
    machine.put_stick_back()?;
    machine.wait_for(&["mend: stick is back"], LIMIT)?;
    machine.wait_for(&["Take the stick out and press Enter"], LIMIT)?;
    machine.press(&["ret"])?;
    machine.expect_exit(LIMIT)?;
    check_verdict(&machine.serial_log(), "REFUSED");
    assert_eq!(bench.pc_digest()?, before, "the PC was written");
    assert_eq!(summary.check(&key)?.verdict, Verdict::Refused);
    check_late(&bench, &key, Verdict::Refused)
}

/// Demands that the stick has one report, in its chain, which says that it came late.
fn check_late(bench: &Bench, key: &PublicKey, verdict: Verdict) -> Result<()> {
    let taken = Taken::from(bench, key)?;
    let reports = taken.reports()?;
    assert_eq!(reports.len(), 1);
    assert_eq!(taken.faults()?, []);
    let (link, _, report) = &reports[0];
    assert_eq!(link.number, 1);
    assert_eq!(report.verdict, verdict);
    let notes = report.notes.join("\n");
    assert!(notes.contains("was put back"), "{notes}");
    assert!(!notes.contains("did not take this report"), "{notes}");
    let folders = fs::read_dir(taken.folder.path().join(rescue_stick::paths::REPORTS))?;
    assert_eq!(folders.count(), 1, "a torn report is left");
    Ok(())
}

#[test]
fn a_stick_that_is_pulled_while_the_report_is_written_takes_it_once_it_is_put_back() -> Result<()> {
    if !require_codes() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec {
        finish: "restart",
        ..KitSpec::default()
    })?;
    let bench = Bench::set_up(&kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let key = write_stick(&kit, &bench)?;
    let mut machine = Machine::start(&old_pc(&bench))?;
    machine.wait_for(&["Checking what was written"], LIMIT)?;
    machine.slow_stick_down(2048)?;
    let before = machine.stick_traffic()?.written_bytes;
    machine.wait_for(&["mend: filing the report"], LIMIT)?;
    let start = Instant::now();
    while machine.stick_traffic()?.written_bytes == before {
        ensure!(
            start.elapsed() < Duration::from_secs(60),
            "nothing is written"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    machine.pull_stick()?;
    machine.wait_for(&["mend: VERDICT"], LIMIT)?;
    machine.wait_for(&["mend: stick is out"], LIMIT)?;
    // Nobody has the report yet, so the PC neither restarts nor says that it may.
    machine.wait_for(&["Put the stick back"], LIMIT)?;
    machine.wait_for(&["mend: QUESTION finished"], LIMIT)?;
    let summary = scan_report(&mut machine, &key, ("unsaved-1024x768", (1024, 768)))?;
    assert_eq!(summary.check(&key)?.verdict, Verdict::Repaired);
    let log = machine.serial_log();
    assert!(log.contains("REPORT NOT SAVED"), "{log}");
    assert!(!log.contains("Leave the stick in"), "{log}");
    machine.put_stick_back()?;
    machine.wait_for(&["mend: stick is back"], LIMIT)?;
    machine.wait_for(&["Take the stick out: this PC then restarts"], LIMIT)?;
    machine.pull_stick()?;
    machine.expect_exit(LIMIT)?;
    check_verdict(&machine.serial_log(), "REPAIRED");
    bench.check_repaired()?;
    check_late(&bench, &key, Verdict::Repaired)
}
