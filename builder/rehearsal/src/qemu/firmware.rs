//! Firmware images, and variable stores that say which certificates are trusted.

use std::path::Path;
use std::process::Command;

use crate::error::{Context, Result};
use fs_err as fs;

use super::command_line::name;
use super::{Firmware, MachineSpec};

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
        Firmware::SecureBoot2023 => {
            let store = spec.variables.clone();
            let store = store.with_context(|| {
                format!("firmware {firmware:?}: no variable store is given, expected one")
            })?;
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
    let variables = spec.variables.clone().unwrap_or(variables);
    let copy = folder.join("variables");
    fs::copy(&variables, &copy).with_context(|| format!("firmware {firmware:?}"))?;
    let copy = name(&copy)?;
    qemu.args([
        "-drive",
        &format!("if=pflash,format=raw,unit=1,file={copy}"),
    ]);
    Ok(())
}
