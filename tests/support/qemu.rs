//! Starts a machine in QEMU, types, waits for words on its serial line, looks at its screen.
//!
//! QEMU always emulates the processor (`-accel tcg`): that runs anywhere, whatever `/dev/kvm`
//! promises, and times differ from real ones by a factor anyway. Limits are generous for the same
//! reason. A machine is ended by its own process id when it is dropped, and by the kernel when the
//! thread that started it is gone without that.
//!
//! Images are used as they are and written to: who wants to keep one copies it first.

mod command_line;
mod firmware;
pub mod picture;
mod qmp;
mod serial;

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tools::{command, run_command};
use qmp::Qmp;
use serial::Serial;

/// Longest wait for QEMU to open its sockets.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What the machine starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Firmware {
    /// SeaBIOS on a PC of about 1996 (i440FX).
    Bios,
    /// 64-bit UEFI without Secure Boot.
    UefiX64,
    /// 64-bit UEFI that enforces Secure Boot and trusts Microsoft's certificates of 2011.
    SecureBoot2011,
    /// 64-bit UEFI that enforces Secure Boot and trusts Microsoft's certificates of 2023 alone.
    SecureBoot2023,
    /// 32-bit UEFI on a 64-bit processor, without Secure Boot.
    UefiIa32,
}

/// What the stick is plugged into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsbBus {
    /// USB 2.0.
    Ehci,
    /// USB 3.0.
    Xhci,
}

/// What a disk of the PC hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskBus {
    /// Parallel ATA; needs [`Firmware::Bios`], as the newer machine has none.
    Ide,
    /// Serial ATA.
    Ahci,
    /// NVM Express.
    Nvme,
    /// NVM Express, with a disk that says that it is no longer reliable.
    FailingNvme,
    /// Paravirtual disk.
    Virtio,
}

/// A stick and what it is plugged into.
#[derive(Clone, Debug)]
pub struct Stick {
    /// Its image, written to by the machine.
    pub image: PathBuf,
    /// Its bus.
    pub bus: UsbBus,
}

/// A disk of the PC.
#[derive(Clone, Debug)]
pub struct Disk {
    /// Its image, written to by the machine.
    pub image: PathBuf,
    /// Its bus.
    pub bus: DiskBus,
    /// Bytes of a sector; 4096 works on NVMe and virtio only.
    pub sector_length: u64,
    /// Whether it refuses to be written to; works on virtio only.
    pub is_write_protected: bool,
    /// Sectors of 512 bytes that cannot be read.
    pub bad_sectors: Vec<u64>,
}

impl Disk {
    /// Returns a disk without any fault.
    pub fn of(image: PathBuf, bus: DiskBus) -> Self {
        Self {
            image,
            bus,
            sector_length: 512,
            is_write_protected: false,
            bad_sectors: Vec::new(),
        }
    }
}

/// A kernel that QEMU starts itself, past firmware and boot loader.
#[derive(Clone, Debug)]
pub struct DirectKernel {
    /// The kernel.
    pub kernel: PathBuf,
    /// Its first file system.
    pub initrd: PathBuf,
    /// Its command line.
    pub arguments: String,
}

/// A machine to be started.
#[derive(Clone, Debug)]
pub struct MachineSpec {
    /// Firmware.
    pub firmware: Firmware,
    /// Whether SeaBIOS shows its screen on the serial line too, and takes keys from there. Off in
    /// a true PC, where loaders that use the line themselves would be seen twice.
    pub bios_on_serial: bool,
    /// Whether the processor has 64 bits.
    pub is_64_bit: bool,
    /// Processor by QEMU's name; `pentium2` for one without SSE. QEMU's default if none.
    pub cpu: Option<String>,
    /// Memory in MiB. 64-bit UEFI needs 320 for GRUB and a kernel.
    pub memory_mib: u32,
    /// The stick, which is started from first.
    pub stick: Option<Stick>,
    /// The PC's own disks, in order.
    pub disks: Vec<Disk>,
    /// A kernel to start instead of the stick.
    pub direct_kernel: Option<DirectKernel>,
    /// Folder that gets a record of every write and flush: `stick.log`, `disk0.log` and so on.
    pub logs: Option<PathBuf>,
}

impl MachineSpec {
    /// Returns a machine with this firmware and neither stick nor disks: a PC of XP's days for
    /// BIOS, with a Pentium II and 256 MiB; else one with a 64-bit processor and 512 MiB.
    pub fn of(firmware: Firmware) -> Self {
        let old = firmware == Firmware::Bios;
        Self {
            firmware,
            bios_on_serial: false,
            is_64_bit: !old,
            cpu: old.then(|| "pentium2".to_owned()),
            memory_mib: if old { 256 } else { 512 },
            stick: None,
            disks: Vec::new(),
            direct_kernel: None,
            logs: None,
        }
    }
}

/// How much the machine read from and wrote to an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes read.
    pub read_bytes: u64,
    /// Reads.
    pub read_operations: u64,
    /// Bytes written.
    pub written_bytes: u64,
    /// Writes.
    pub write_operations: u64,
}

/// A running machine.
#[derive(Debug)]
pub struct Machine {
    // Dropped before the folder, which holds the sockets and the variable store.
    process: Child,
    serial: Serial,
    qmp: Qmp,
    folder: TempDir,
}

impl Machine {
    /// Starts a machine.
    pub fn start(spec: &MachineSpec) -> Result<Self> {
        // Short, because the path of a socket may have 107 bytes at most.
        let folder = tempfile::Builder::new()
            .prefix("qemu-")
            .tempdir_in("/tmp")?;
        let mut qemu = command_line::command_line(spec, folder.path())?;
        let errors = fs::File::create(folder.path().join("stderr"))?.into_file();
        qemu.stdout(Stdio::null()).stderr(errors);
        let mut process = qemu.spawn().with_context(|| format!("starting {qemu:?}"))?;
        let connected = connect(&mut process, folder.path());
        let (serial, qmp) = match connected {
            Ok(sockets) => sockets,
            Err(error) => {
                drop(process.kill());
                drop(process.wait());
                let said = fs::read_to_string(folder.path().join("stderr"))?;
                return Err(error.context(format!("{qemu:?} said:\n{said}")));
            }
        };
        Ok(Self {
            process,
            serial,
            qmp,
            folder,
        })
    }

    /// Waits until the serial line shows one of these words, and returns which. What was shown up
    /// to that word is not looked at again.
    pub fn wait_for<'a>(&mut self, markers: &[&'a str], limit: Duration) -> Result<&'a str> {
        let process = &mut self.process;
        let found = self
            .serial
            .wait_for(markers, limit, || Ok(process.try_wait()?.is_some()));
        found.map_err(|error| self.with_log(error))
    }

    /// Waits until the machine is off, and returns QEMU's exit code.
    pub fn expect_exit(&mut self, limit: Duration) -> Result<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait()? {
                return status.code().with_context(|| format!("QEMU: {status}"));
            }
            if start.elapsed() > limit {
                let late = anyhow::anyhow!("still running after {limit:?}, expected it to be off");
                return Err(self.with_log(late));
            }
            self.serial.wait_for_more(Duration::from_millis(100));
        }
    }

    /// Types text on the serial line, as it is: Enter is `\r`.
    pub fn send_keys(&mut self, text: &str) -> Result<()> {
        self.serial.send(text.as_bytes())
    }

    /// Presses keys on the keyboard, together, by QEMU's names: `["ret"]`, `["ctrl", "c"]`.
    pub fn press(&mut self, keys: &[&str]) -> Result<()> {
        let keys: Vec<Value> = keys
            .iter()
            .map(|key| json!({ "type": "qcode", "data": key }))
            .collect();
        self.qmp.execute("send-key", json!({ "keys": keys }))?;
        Ok(())
    }

    /// Writes what the screen shows into a PNG file.
    pub fn screendump(&mut self, png: &Path) -> Result<()> {
        let name = std::path::absolute(png)?;
        let name = name.to_str().context("screendump: name is not UTF-8")?;
        self.qmp
            .execute("screendump", json!({ "filename": name, "format": "png" }))?;
        Ok(())
    }

    /// Returns what the screen shows.
    pub fn picture(&mut self) -> Result<picture::Picture> {
        let file = self.folder.path().join("screen.ppm");
        let name = file.to_str().context("screendump: name is not UTF-8")?;
        self.qmp
            .execute("screendump", json!({ "filename": name }))?;
        picture::Picture::parse(&fs::read(&file)?)
    }

    /// Pulls the stick out.
    pub fn pull_stick(&mut self) -> Result<()> {
        self.qmp
            .execute("device_del", json!({ "id": "stick-device" }))?;
        Ok(())
    }

    /// Returns the traffic between the machine and the stick so far.
    pub fn stick_traffic(&mut self) -> Result<Traffic> {
        self.traffic("stick-device")
    }

    /// Returns the traffic between the machine and the disk number `index` so far.
    pub fn disk_traffic(&mut self, index: usize) -> Result<Traffic> {
        self.traffic(&format!("disk{index}-device"))
    }

    /// Presses the power button, shortly.
    pub fn power_down(&mut self) -> Result<()> {
        self.qmp.execute("system_powerdown", json!({}))?;
        Ok(())
    }

    /// Pulls the plug. What the machine has written is in the images, what it has not is lost.
    pub fn cut_power(mut self) -> Result<()> {
        // QEMU may be gone before it answers.
        drop(self.qmp.execute("quit", json!({})));
        drop(self.process.kill());
        self.process.wait()?;
        Ok(())
    }

    /// Returns all that the serial line has shown, without control sequences.
    pub fn serial_log(&self) -> String {
        self.serial.text()
    }

    fn traffic(&mut self, device: &str) -> Result<Traffic> {
        let answer = self.qmp.execute("query-blockstats", json!({}))?;
        let devices = answer.as_array().context("query-blockstats: no list")?;
        // The path of the device in QEMU's tree: it ends in our name, or has it as a part.
        let is_it = |path: &str| path.split('/').any(|part| part == device);
        let stats = devices
            .iter()
            .find(|entry| entry["qdev"].as_str().is_some_and(is_it))
            .with_context(|| format!("query-blockstats: no device {device} in {answer}"))?;
        let count = |name: &str| stats["stats"][name].as_u64().unwrap_or(0);
        Ok(Traffic {
            read_bytes: count("rd_bytes"),
            read_operations: count("rd_operations"),
            written_bytes: count("wr_bytes"),
            write_operations: count("wr_operations"),
        })
    }

    fn with_log(&self, error: anyhow::Error) -> anyhow::Error {
        let said = fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default();
        let log = self.serial.text();
        anyhow::anyhow!("{error:#}\nQEMU said:\n{said}\nserial line:\n{log}")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Copies an image for a machine to write to; holes stay holes.
pub fn copy_image(from: &Path, to: &Path) -> Result<()> {
    let mut cp = command("cp")?;
    cp.arg("--sparse=always").arg(from).arg(to);
    run_command(cp)?;
    Ok(())
}

fn connect(process: &mut Child, folder: &Path) -> Result<(Serial, Qmp)> {
    let serial = Serial::new(open_socket(process, &folder.join("serial"))?, START_LIMIT)?;
    let mut qmp = Qmp::new(open_socket(process, &folder.join("qmp"))?, START_LIMIT)?;
    // The machine was started halted, so that no word on the serial line is lost.
    qmp.execute("cont", json!({}))?;
    Ok((serial, qmp))
}

/// Connects to a socket of QEMU as soon as there is one.
fn open_socket(process: &mut Child, path: &Path) -> Result<UnixStream> {
    let start = Instant::now();
    loop {
        let error = match UnixStream::connect(path) {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        if let Some(status) = process.try_wait()? {
            bail!("QEMU: {status} before it opened {}", path.display());
        }
        ensure!(
            start.elapsed() < START_LIMIT,
            "{}: {error} after {START_LIMIT:?}",
            path.display()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::{require_tools, run};

    /// Generous, since two emulated machines may share one busy core.
    const LIMIT: Duration = Duration::from_secs(180);

    /// A FAT disk whose EFI boot loaders are an unsigned program that is none.
    fn unsigned_stick(folder: &Path) -> PathBuf {
        let image = folder.join("stick.img");
        fs::File::create(&image).unwrap().set_len(8 << 20).unwrap();
        run("mkfs.fat", &[image.as_os_str()]).unwrap();
        let program = folder.join("program");
        let stamp = crate::pe::VersionStamp {
            version: (1, 0, 0, 0),
            build_lab: "unsigned".to_owned(),
            language: 0x0409,
            original_name: "bootx64.efi".to_owned(),
            description: "unsigned".to_owned(),
            time_stamp: 0,
        };
        let mut bytes = crate::pe::stamp(&crate::pe::smallest_amd64(), &stamp).unwrap();
        // Subsystem 10: EFI application; its offset is the same in PE32 and PE32+.
        bytes[0x80 + 24 + 68] = 10;
        fs::write(&program, bytes).unwrap();
        let at = image.to_str().unwrap();
        run("mmd", &["-i", at, "::/EFI", "::/EFI/BOOT"]).unwrap();
        let program = program.to_str().unwrap();
        run("mcopy", &["-i", at, program, "::/EFI/BOOT/BOOTX64.EFI"]).unwrap();
        image
    }

    fn with_stick(firmware: Firmware, image: PathBuf) -> MachineSpec {
        let stick = Some(Stick {
            image,
            bus: UsbBus::Xhci,
        });
        MachineSpec {
            stick,
            ..MachineSpec::of(firmware)
        }
    }

    fn empty_image(folder: &Path, name: &str) -> PathBuf {
        let image = folder.join(name);
        fs::File::create(&image).unwrap().set_len(1 << 20).unwrap();
        image
    }

    #[test]
    fn bios_reads_the_stick_first_and_says_that_it_does_not_start() {
        if !require_tools(&["qemu-system-i386", "setpriv"]) {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let image = empty_image(folder.path(), "stick, with comma");
        let disk = Disk::of(empty_image(folder.path(), "disk"), DiskBus::Ide);
        let spec = MachineSpec {
            stick: Some(Stick {
                image,
                bus: UsbBus::Ehci,
            }),
            disks: vec![disk],
            bios_on_serial: true,
            ..MachineSpec::of(Firmware::Bios)
        };
        let mut machine = Machine::start(&spec).unwrap();
        machine.wait_for(&["No bootable device"], LIMIT).unwrap();
        assert!(machine.stick_traffic().unwrap().read_bytes >= 512);
        // SeaBIOS starts from one disk alone, the first in order.
        assert_eq!(machine.disk_traffic(0).unwrap(), Traffic::default());
        let png = folder.path().join("screen.png");
        machine.screendump(&png).unwrap();
        assert_eq!(&fs::read(png).unwrap()[1..4], b"PNG");
        let late = machine
            .wait_for(&["never"], Duration::from_millis(50))
            .unwrap_err()
            .to_string();
        assert!(
            late.contains("No bootable device"),
            "the log belongs to the error: {late}"
        );
        machine.cut_power().unwrap();
    }

    #[test]
    fn bios_reads_disks_on_every_bus() {
        if !require_tools(&["qemu-system-i386", "setpriv"]) {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        for bus in [DiskBus::Ide, DiskBus::Ahci, DiskBus::Nvme, DiskBus::Virtio] {
            let image = empty_image(folder.path(), &format!("{bus:?}"));
            let spec = MachineSpec {
                disks: vec![Disk::of(image, bus)],
                bios_on_serial: true,
                ..MachineSpec::of(Firmware::Bios)
            };
            let mut machine = Machine::start(&spec).unwrap();
            machine.wait_for(&["No bootable device"], LIMIT).unwrap();
            assert!(
                machine.disk_traffic(0).unwrap().read_bytes >= 512,
                "{bus:?}"
            );
        }
    }

    #[test]
    fn every_uefi_reaches_its_shell_and_takes_keys_from_both_sides() {
        if !require_tools(&["qemu-system-x86_64", "setpriv"]) {
            return;
        }
        let start = |firmware| {
            let mut machine = Machine::start(&MachineSpec::of(firmware)).unwrap();
            machine
                .wait_for(&["Shell>"], LIMIT)
                .unwrap_or_else(|error| panic!("{firmware:?}: {error}"));
            machine
        };
        let mut machine = start(Firmware::UefiX64);
        machine.send_keys("reset -s\r").unwrap();
        assert_eq!(machine.expect_exit(LIMIT).unwrap(), 0);

        let mut machine = start(Firmware::UefiIa32);
        for key in ["r", "e", "s", "e", "t", "spc", "minus", "s", "ret"] {
            machine.press(&[key]).unwrap();
        }
        assert_eq!(machine.expect_exit(LIMIT).unwrap(), 0);
    }

    #[test]
    fn secure_boot_refuses_an_unsigned_program_which_plain_uefi_starts() {
        if !require_tools(&["qemu-system-x86_64", "mkfs.fat", "mcopy", "python3"]) {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let stick = unsigned_stick(folder.path());
        for firmware in [Firmware::SecureBoot2011, Firmware::SecureBoot2023] {
            let mut machine = Machine::start(&with_stick(firmware, stick.clone())).unwrap();
            let found = machine.wait_for(&["Access Denied"], LIMIT);
            found.unwrap_or_else(|error| panic!("{firmware:?}: {error}"));
        }
        let mut machine = Machine::start(&with_stick(Firmware::UefiX64, stick)).unwrap();
        // It returns at once, so the firmware goes on to its own menu.
        machine.wait_for(&["starting Boot0001"], LIMIT).unwrap();
        machine.wait_for(&["starting Boot0000"], LIMIT).unwrap();
        assert!(!machine.serial_log().contains("Access Denied"));
        assert!(machine.stick_traffic().unwrap().read_operations > 0);
    }

    #[test]
    fn refuses_firmware_for_another_processor() {
        let spec = MachineSpec {
            is_64_bit: false,
            ..MachineSpec::of(Firmware::UefiX64)
        };
        let refused = Machine::start(&spec).unwrap_err().to_string();
        assert_eq!(refused, "firmware UefiX64: needs a 64-bit processor");
    }
}
