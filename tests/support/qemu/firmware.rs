//! Firmware images, and variable stores that say which certificates are trusted.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use fs_err as fs;

use super::command_line::name;
use super::{Firmware, MachineSpec};
use crate::tools::{run_command, target_folder, virt_firmware, with_lock};

/// Where Debian's package ovmf and ovmf-ia32 put firmware.
const OVMF: &str = "/usr/share/OVMF";

/// Adds the machine type and the firmware; a fresh copy of the variable store goes to `folder`.
pub(super) fn add_firmware(qemu: &mut Command, spec: &MachineSpec, folder: &Path) -> Result<()> {
    let firmware = spec.firmware;
    let store = |name: &str| Path::new(OVMF).join(name);
    let (machine, code, variables) = match firmware {
        Firmware::Bios => {
            // QEMU tells SeaBIOS to use the serial line where a machine is to have no graphics.
            qemu.args([
                "-machine",
                if spec.bios_on_serial {
                    "pc,graphics=off"
                } else {
                    "pc"
                },
            ]);
            return Ok(());
        }
        Firmware::UefiX64 => ("q35", "OVMF_CODE_4M.fd", store("OVMF_VARS_4M.fd")),
        Firmware::SecureBoot2011 => (
            "q35,smm=on",
            "OVMF_CODE_4M.secboot.fd",
            store("OVMF_VARS_4M.ms.fd"),
        ),
        Firmware::SecureBoot2023 => ("q35,smm=on", "OVMF_CODE_4M.secboot.fd", store_of_2023()?),
        Firmware::SecureBootWindowsOnly => {
            let trusted = ["--enroll-microsoft", "--microsoft-db", "win11"];
            let store = store_with("OVMF_VARS_4M.fd", "windows-only", &trusted)?;
            ("q35,smm=on", "OVMF_CODE_4M.secboot.fd", store)
        }
        Firmware::SecureBootRevoked => {
            let level = target_folder().join("cache/firmware/sbat-of-2030");
            fs::create_dir_all(target_folder().join("cache/firmware"))?;
            fs::write(&level, REVOKING_LEVEL)?;
            let more = ["--set-sbat-level", name(&level)?];
            let store = store_with("OVMF_VARS_4M.ms.fd", "revoked", &more)?;
            ("q35,smm=on", "OVMF_CODE_4M.secboot.fd", store)
        }
        Firmware::UefiIa32 => (
            "q35,smm=on",
            "OVMF32_CODE_4M.secboot.fd",
            store("OVMF32_VARS_4M.fd"),
        ),
    };
    qemu.args(["-machine", machine]);
    if machine.contains("smm") {
        // This firmware wants the variable store out of reach of whatever it starts.
        qemu.args(["-global", "driver=cfi.pflash01,property=secure,value=on"]);
    }
    let code = name(&Path::new(OVMF).join(code))?;
    qemu.args([
        "-drive",
        &format!("if=pflash,format=raw,unit=0,readonly=on,file={code}"),
    ]);
    let copy = folder.join("variables");
    fs::copy(&variables, &copy).with_context(|| format!("firmware {firmware:?}"))?;
    let copy = name(&copy)?;
    qemu.args([
        "-drive",
        &format!("if=pflash,format=raw,unit=1,file={copy}"),
    ]);
    Ok(())
}

/// Revocations as a later update would bring them: of every GRUB that there is today.
const REVOKING_LEVEL: &str = "sbat,1,2030010100\nshim,4\ngrub,99\n";

/// Returns a variable store in which Secure Boot is on and trusts nothing but Microsoft's UEFI
/// certificate of 2023; made once.
fn store_of_2023() -> Result<PathBuf> {
    let trusted = ["--enroll-microsoft", "--microsoft-db", "uefi23"];
    let more = [&trusted[..], &["--microsoft-kek", "2023"]].concat();
    store_with("OVMF_VARS_4M.fd", "ms-2023", &more)
}

/// Returns Debian's variable store `from` with Secure Boot on and these changes; made once.
fn store_with(from: &str, title: &str, changes: &[&str]) -> Result<PathBuf> {
    let store = target_folder().join(format!("cache/firmware/OVMF_VARS_4M.{title}.fd"));
    let program = virt_firmware()?;
    with_lock(&target_folder().join("cache/firmware/lock"), || {
        if !store.exists() {
            let unfinished = store.with_extension("part");
            let mut make = Command::new(program);
            make.arg("--input").arg(Path::new(OVMF).join(from));
            make.args(changes).arg("--secure-boot");
            make.arg("--output").arg(&unfinished);
            run_command(make).with_context(|| format!("making the variable store {title}"))?;
            fs::rename(&unfinished, &store)?;
        }
        Ok(store)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::require_tools;

    #[test]
    fn store_of_2023_holds_no_certificate_of_2011() {
        if !require_tools(&["python3"]) {
            return;
        }
        let mut print = Command::new(virt_firmware().unwrap());
        print
            .arg("--input")
            .arg(store_of_2023().unwrap())
            .args(["--print", "--verbose"]);
        let text = run_command(print).unwrap().text();
        assert!(text.contains("Microsoft UEFI CA 2023"), "{text}");
        assert!(!text.contains("UEFI CA 2011"), "{text}");
        assert!(!text.contains("Windows Production PCA 2011"), "{text}");
    }
}
