//! Variable stores of UEFI firmware that no package has, made by virt-firmware.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use fs_err as fs;

use crate::qemu::{Firmware, MachineSpec};
use crate::tools::{run_command, target_folder, virt_firmware, with_lock};

/// Where Debian's packages ovmf and ovmf-ia32 put firmware.
const OVMF: &str = "/usr/share/OVMF";

/// Returns the machine with the variable store that its firmware needs, if no package has it.
pub fn with_variables(mut spec: MachineSpec) -> Result<MachineSpec> {
    if spec.firmware == Firmware::SecureBoot2023 && spec.variables.is_none() {
        spec.variables = Some(store_of_2023()?);
    }
    Ok(spec)
}

/// Returns a variable store in which Secure Boot is on and trusts nothing but Microsoft's UEFI
/// certificate of 2023; made once.
pub fn store_of_2023() -> Result<PathBuf> {
    let trusted = ["--enroll-microsoft", "--microsoft-db", "uefi23"];
    let more = [&trusted[..], &["--microsoft-kek", "2023"]].concat();
    store_with("OVMF_VARS_4M.fd", "ms-2023", &more)
}

/// Returns a variable store in which Secure Boot is on and trusts Microsoft's certificates for Windows alone.
pub fn store_of_windows_only() -> Result<PathBuf> {
    let trusted = ["--enroll-microsoft", "--microsoft-db", "win11"];
    store_with("OVMF_VARS_4M.fd", "windows-only", &trusted)
}

/// Returns a variable store that trusts Microsoft's certificates of 2011, and in which a later update has
/// revoked every GRUB that there is today.
pub fn store_with_later_revocations() -> Result<PathBuf> {
    let level = target_folder().join("cache/firmware/sbat-of-2030");
    fs::create_dir_all(target_folder().join("cache/firmware"))?;
    fs::write(&level, "sbat,1,2030010100\nshim,4\ngrub,99\n")?;
    let level = level.to_str().context("path is not UTF-8")?;
    store_with(
        "OVMF_VARS_4M.ms.fd",
        "revoked",
        &["--set-sbat-level", level],
    )
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
