//! Volumes that BitLocker locks: each way to a key, from the stick's menu to REPAIRED, judged by dislocker; and
//! the search for every secret in all that a run leaves behind.

use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use support::bitlocker::{
    LockSpec, LockedVolume, Protector, RECOVERY_ID, RECOVERY_PASSWORD, Secrets, lock_volume,
    startup_key_file,
};
use support::broken_pc::{PcSpec, WindowsSpec};
use support::dislocker::{DislockerKey, decrypt_disk};
use support::kit::{Kit, KitSpec};
use support::qemu::{Disk, DiskBus, Firmware, Machine, MachineSpec, UsbBus};
use support::tools::{command, require_tools, run_command, target_folder};

use crate::interrupted::interrupt;
use crate::rescue::{Bench, LIMIT, check_verdict, require_boots};

const PASSPHRASE: &str = "correct horse battery staple";

fn require_locks() -> bool {
    require_boots() && require_tools(&["dislocker-fuse", "mkfs.fat", "mcopy", "zbarimg"])
}

fn asking(spec: KitSpec) -> KitSpec {
    KitSpec {
        mode: "confirm",
        ..spec
    }
}

/// Returns a PC whose Windows volume is locked.
fn locked_bench(kit: &Kit, spec: &LockSpec) -> Result<(Bench, LockedVolume)> {
    let bench = Bench::set_up(kit, &PcSpec::of(WindowsSpec::xp_mcafee_5958()))?;
    let volume = bench.made.volumes.first().context("no volume")?;
    let locked = lock_volume(bench.pc(), volume, spec)?;
    Ok((bench, locked))
}

fn old_pc(bench: &Bench) -> MachineSpec {
    bench.machine(Firmware::Bios, UsbBus::Ehci, DiskBus::Ide)
}

/// Demands that dislocker finds the Windows repaired behind the lock.
fn check_repaired(bench: &Bench, key: &DislockerKey) -> Result<()> {
    let plain = bench.path("plain.img");
    let volume = bench.made.volumes.first().context("no volume")?;
    decrypt_disk(bench.pc(), volume, key, &plain)?;
    bench.check_repaired_on(&plain)
}

/// Every form in which a secret might be seen.
fn forms(secrets: &Secrets) -> Vec<(&'static str, Vec<u8>)> {
    let digits = RECOVERY_PASSWORD.replace('-', "");
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut forms = vec![
        ("the recovery password", RECOVERY_PASSWORD.into()),
        ("its digits", digits.clone().into()),
        ("it in UTF-16", wide(RECOVERY_PASSWORD)),
        ("its digits in UTF-16", wide(&digits)),
        ("two of its blocks", RECOVERY_PASSWORD[..13].into()),
        ("two of its blocks, digits only", digits[..12].into()),
        ("the passphrase", PASSPHRASE.into()),
        ("the passphrase in UTF-16", wide(PASSPHRASE)),
    ];
    for (name, key) in [
        ("the volume key", secrets.volume_key.as_slice()),
        ("the master key", &secrets.master_key),
        ("the startup key", &secrets.startup_key),
        ("the recovery key", &secrets.recovery_key),
        ("the stretched key", &secrets.stretched_key),
    ] {
        forms.push((name, key.to_vec()));
        forms.push((name, hex::encode(key).into_bytes()));
        forms.push((name, hex::encode_upper(key).into_bytes()));
    }
    forms
}

/// Demands that no secret is in what the run showed or left: the serial line, every byte of the stick, the
/// disk as it is and as it is behind the lock.
fn check_secrets(bench: &Bench, log: &str, secrets: &Secrets) -> Result<()> {
    let places = [
        ("the serial line", log.as_bytes().to_vec()),
        ("the stick", fs::read(bench.stick())?),
        ("the disk", fs::read(bench.pc())?),
        (
            "the volume behind the lock",
            fs::read(bench.path("plain.img"))?,
        ),
    ];
    for (form, bytes) in forms(secrets) {
        let finder = memchr::memmem::Finder::new(&bytes);
        for (place, content) in &places {
            ensure!(finder.find(content).is_none(), "{form} is in {place}");
        }
    }
    Ok(())
}

/// Waits until a phone could read the key ID off the screen, and keeps the picture to be looked at.
fn check_code(machine: &mut Machine, name: &str) -> Result<()> {
    let folder = target_folder().join("screens");
    fs::create_dir_all(&folder)?;
    let picture = folder.join(format!("{name}.png"));
    let started = Instant::now();
    loop {
        // The serial line may be ahead of the screen.
        machine.screendump(&picture)?;
        let mut zbarimg = command("zbarimg")?;
        zbarimg.args(["--raw", "-q"]).arg(&picture);
        let said = run_command(zbarimg)
            .map(|said| said.text())
            .unwrap_or_default();
        if said.trim() == RECOVERY_ID.to_string() {
            return Ok(());
        }
        ensure!(
            started.elapsed() < LIMIT,
            "zbarimg reads {said:?} on {}",
            picture.display()
        );
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Types on the PC's own keyboard, as a scanner does.
fn scan(machine: &mut Machine, text: &str) -> Result<()> {
    for letter in text.chars() {
        match letter {
            '-' => machine.press(&["minus"])?,
            '\r' => machine.press(&["ret"])?,
            digit => machine.press(&[&digit.to_string()])?,
        }
    }
    Ok(())
}

#[test]
fn a_typed_recovery_password_unlocks_and_leaves_no_trace() -> Result<()> {
    if !require_locks() {
        return Ok(());
    }
    let kit = Kit::build(&asking(KitSpec::default()))?;
    let (bench, locked) = locked_bench(&kit, &LockSpec::usual())?;
    let mut machine = Machine::start(&old_pc(&bench))?;
    machine.wait_for(&["mend: QUESTION recovery-key"], LIMIT)?;
    check_code(&mut machine, "bitlocker-recovery-key")?;
    // A slip in the third block is seen as soon as the block is there, and Enter brings back to it.
    let slip = format!("{}8", &RECOVERY_PASSWORD[..19]);
    machine.send_keys(&slip)?;
    machine.wait_for(&["Block 3 is mistyped"], LIMIT)?;
    check_code(&mut machine, "bitlocker-wrong-block")?;
    scan(&mut machine, &format!("\r{}\r", &RECOVERY_PASSWORD[14..]))?;
    machine.wait_for(&["mend: QUESTION repair"], LIMIT)?;
    machine.send_keys("\r")?;
    machine.wait_for(&["mend: VERDICT"], LIMIT)?;
    machine.expect_exit(LIMIT)?;
    let log = machine.serial_log();
    check_verdict(&log, "REPAIRED");
    assert!(log.contains(&RECOVERY_ID.to_string()), "{log}");
    check_repaired(&bench, &DislockerKey::RecoveryPassword)?;
    let (report, text) = bench.report(&kit)?;
    let notes = report.notes.join("\n");
    let opened = format!("unlocked by the recovery key {RECOVERY_ID}, which was typed");
    assert!(notes.contains(&opened), "{text}");
    assert!(
        notes.contains("firmware and boot files were not touched"),
        "{text}"
    );
    assert_eq!(report.volumes[0].file_system, "NTFS", "{text}");
    check_secrets(&bench, &log, &locked.secrets)
}

#[test]
fn the_sites_bundle_unlocks_by_its_passphrase() -> Result<()> {
    if !require_locks() {
        return Ok(());
    }
    let list = format!(
        "Device name,BitLocker key ID,Recovery key\nPC,{RECOVERY_ID},{RECOVERY_PASSWORD}\n"
    );
    let kit = Kit::build(&asking(KitSpec {
        recovery_keys: Some((list, PASSPHRASE)),
        ..KitSpec::default()
    }))?;
    let (bench, locked) = locked_bench(&kit, &LockSpec::usual())?;
    let mut machine = Machine::start(&old_pc(&bench))?;
    machine.wait_for(&["mend: QUESTION passphrase"], LIMIT)?;
    machine.send_keys("wrong horse\r")?;
    machine.wait_for(&["mend: QUESTION passphrase"], LIMIT)?;
    machine.send_keys(&format!("{PASSPHRASE}\r"))?;
    machine.wait_for(&["mend: QUESTION repair"], LIMIT)?;
    machine.send_keys("\r")?;
    machine.wait_for(&["mend: VERDICT"], LIMIT)?;
    machine.expect_exit(LIMIT)?;
    let log = machine.serial_log();
    check_verdict(&log, "REPAIRED");
    assert!(log.contains("does not fit"), "{log}");
    check_repaired(&bench, &DislockerKey::RecoveryPassword)?;
    let (report, text) = bench.report(&kit)?;
    assert!(report.notes.join("\n").contains("key bundle"), "{text}");
    check_secrets(&bench, &log, &locked.secrets)
}

#[test]
fn suspended_protection_is_no_obstacle_and_is_finished_after_a_power_cut() -> Result<()> {
    if !require_locks() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let spec = LockSpec::with(&[Protector::RecoveryPassword, Protector::ClearKey]);
    let (bench, locked) = locked_bench(&kit, &spec)?;
    check_verdict(&bench.run(&old_pc(&bench))?, "REPAIRED");
    check_repaired(&bench, &DislockerKey::ClearKey)?;
    let repaired = bench.pc_digest()?;

    let count = interrupt(&bench, &mut |_, offset, undo| locked.write(offset, undo))?;
    assert!(count > 4, "only {count} blocks were taken back");
    assert_ne!(bench.pc_digest()?, repaired);
    let log = bench.run(&old_pc(&bench))?;
    assert!(log.contains("mend: recovered finished"), "{log}");
    check_verdict(&log, "HEALTHY");
    assert_eq!(bench.pc_digest()?, repaired, "{log}");
    let (report, text) = bench.report(&kit)?;
    assert!(
        report.notes.join("\n").contains("BitLocker is suspended"),
        "{text}"
    );
    check_repaired(&bench, &DislockerKey::ClearKey)
}

#[test]
fn a_startup_key_on_another_stick_is_found_by_itself() -> Result<()> {
    if !require_locks() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let spec = LockSpec::with(&[Protector::RecoveryPassword, Protector::StartupKey]);
    let (bench, locked) = locked_bench(&kit, &spec)?;
    let (name, content) = startup_key_file()?;
    let file = bench.path(&name);
    fs::write(&file, content)?;
    let stick = bench.path("keys.img");
    fs::File::create(&stick)?.set_len(40 << 20)?;
    let mut format = command("mkfs.fat")?;
    format.args(["-F", "32"]).arg(&stick);
    run_command(format)?;
    let mut copy = command("mcopy")?;
    copy.arg("-i").arg(&stick).arg(&file).arg("::/");
    run_command(copy)?;
    let mut machine = old_pc(&bench);
    machine.disks.push(Disk::of(stick, DiskBus::OtherStick));
    let log = bench.run(&machine)?;
    check_verdict(&log, "REPAIRED");
    check_repaired(&bench, &DislockerKey::StartupKey(file))?;
    let (report, text) = bench.report(&kit)?;
    assert!(
        report.notes.join("\n").contains("by the startup key"),
        "{text}"
    );
    check_secrets(&bench, &log, &locked.secrets)
}

#[test]
fn where_nobody_is_asked_a_locked_volume_is_left_with_its_key_id() -> Result<()> {
    if !require_locks() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let (bench, _) = locked_bench(&kit, &LockSpec::usual())?;
    let before = bench.pc_digest()?;
    let log = bench.run(&old_pc(&bench))?;
    check_verdict(&log, "NEEDS YOU");
    assert_eq!(bench.pc_digest()?, before);
    let (report, text) = bench.report(&kit)?;
    let notes = report.notes.join("\n");
    assert!(notes.contains(&format!("key ID {RECOVERY_ID}")), "{text}");
    Ok(())
}

/// Makes a locked volume look as Windows Vista left it, whose first sector says where the metadata is by a
/// cluster. Source: libbde, BitLocker Drive Encryption format, 3.
fn make_vista(bench: &Bench) -> Result<()> {
    let offset = bench.made.volumes.first().context("no volume")?.offset;
    let disk = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(bench.pc())?;
    let disk = disk.into_file();
    let mut sector = [0; 512];
    disk.read_exact_at(&mut sector, offset)?;
    let mut place = [0; 8];
    place.copy_from_slice(&sector[176..184]);
    let cluster = u64::from_le_bytes(place) / 4096;
    sector[..3].copy_from_slice(b"\xEB\x52\x90");
    sector[56..64].copy_from_slice(&cluster.to_le_bytes());
    sector[160..200].fill(0);
    Ok(disk.write_all_at(&sector, offset)?)
}

#[test]
fn a_conversion_and_a_volume_of_vista_are_left_alone_and_it_is_said_what_to_do() -> Result<()> {
    if !require_locks() {
        return Ok(());
    }
    let kit = Kit::build(&asking(KitSpec::default()))?;
    let spec = LockSpec {
        state: (2, 4),
        ..LockSpec::usual()
    };
    let (bench, _) = locked_bench(&kit, &spec)?;
    let check = |wanted: &str| -> Result<()> {
        let before = bench.pc_digest()?;
        let log = bench.run(&old_pc(&bench))?;
        check_verdict(&log, "NEEDS YOU");
        // Nobody is asked for a key that would open nothing.
        assert!(!log.contains("mend: QUESTION recovery-key"), "{log}");
        assert_eq!(bench.pc_digest()?, before);
        let (report, text) = bench.report(&kit)?;
        let notes = report.notes.join("\n");
        assert!(
            notes.contains("locked-volume: disk 1, partition 1"),
            "{text}"
        );
        assert!(notes.contains(wanted), "{text}");
        Ok(())
    };
    check("let Windows finish")?;
    make_vista(&bench)?;
    check("BitLocker of Windows Vista, which is not opened: unlock it")
}
