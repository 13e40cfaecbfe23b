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
mod stick;
mod traffic;

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Context, Error, Result, bail, ensure, finding};
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
    /// 64-bit UEFI that enforces Secure Boot and trusts Microsoft's certificates of 2023 alone; no package
    /// has such a variable store, so [`MachineSpec::variables`] must give it.
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
    /// A stick of somebody else's, on a USB 1.1 controller of its own.
    OtherStick,
}

/// A stick and what it is plugged into.
#[derive(Clone, Debug)]
pub struct Stick {
    /// Its image, written to by the machine.
    pub image: PathBuf,
    /// Its bus.
    pub bus: UsbBus,
    /// Whether its switch refuses writes.
    pub is_write_protected: bool,
}

impl Stick {
    /// Returns a stick without any fault.
    pub fn of(image: PathBuf, bus: UsbBus) -> Self {
        Self {
            image,
            bus,
            is_write_protected: false,
        }
    }
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
    /// How many processors.
    pub processors: u32,
    /// Memory in MiB. 64-bit UEFI needs 320 for GRUB and a kernel.
    pub memory_mib: u32,
    /// UEFI variables to start with, which say whom to trust, instead of the firmware's own.
    pub variables: Option<PathBuf>,
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
            processors: 1,
            memory_mib: if old { 256 } else { 512 },
            variables: None,
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
                let late = finding!("still running after {limit:?}, expected it to be off");
                return Err(self.with_log(late));
            }
            self.serial.wait_for_more(Duration::from_millis(100));
        }
    }

    /// Waits until the serial line shows something more, at most this long; returns QEMU's exit code once the
    /// machine is off.
    pub fn poll(&mut self, limit: Duration) -> Result<Option<i32>> {
        if let Some(status) = self.process.try_wait()? {
            let code = status.code().with_context(|| format!("QEMU: {status}"))?;
            // What was shown last may still be on its way.
            self.serial.wait_for_more(limit);
            return Ok(Some(code));
        }
        self.serial.wait_for_more(limit);
        Ok(None)
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

    fn with_log(&self, error: Error) -> Error {
        let said = fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default();
        let log = self.serial.text();
        finding!("{}\nQEMU said:\n{said}\nserial line:\n{log}", error.chain())
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

    #[test]
    fn refuses_firmware_for_another_processor() {
        let spec = MachineSpec {
            is_64_bit: false,
            ..MachineSpec::of(Firmware::UefiX64)
        };
        let refused = |spec: &MachineSpec| {
            let folder = tempfile::tempdir().unwrap();
            let refused = command_line::command_line(spec, folder.path());
            refused.unwrap_err().to_string()
        };
        // Which is asked before whether there is a QEMU at all.
        assert_eq!(refused(&spec), "firmware UefiX64: needs a 64-bit processor");
    }
}
