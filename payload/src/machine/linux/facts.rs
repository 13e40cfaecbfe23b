//! What firmware and kernel say of the PC.

use std::io;
use std::path::Path;

use fs_err as fs;
use rescue_stick::report::MachineFacts;

use super::disks::read_text;

/// Reads the facts. What is not told is `None`.
pub fn read_facts(sys: &Path, proc: &Path) -> MachineFacts {
    let dmi = |name: &str| read_text(&sys.join("class/dmi/id").join(name));
    MachineFacts {
        firmware: firmware(sys).into(),
        vendor: dmi("sys_vendor"),
        model: dmi("product_name"),
        serial: dmi("product_serial"),
        memory_bytes: memory(proc, "MemTotal").ok(),
        kernel: Some(
            rustix::system::uname()
                .release()
                .to_string_lossy()
                .into_owned(),
        ),
    }
}

fn firmware(sys: &Path) -> &'static str {
    match read_text(&sys.join("firmware/efi/fw_platform_size")).as_deref() {
        Some("64") => "UEFI x64",
        Some("32") => "UEFI ia32",
        // An EFI folder without a size: an old kernel, which only starts from 64-bit firmware.
        _ if sys.join("firmware/efi").exists() => "UEFI x64",
        _ => "BIOS",
    }
}

/// Returns how many bytes of memory are free for use.
pub fn available_memory(proc: &Path) -> io::Result<u64> {
    memory(proc, "MemAvailable")
}

fn memory(proc: &Path, name: &str) -> io::Result<u64> {
    let text = fs::read_to_string(proc.join("meminfo"))?;
    let found = text.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?.strip_prefix(':')?;
        let kibibytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kibibytes.checked_mul(1024)
    });
    found.ok_or_else(|| io::Error::other(format!("/proc/meminfo has no {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_memory_firmware_and_maker() {
        let root = tempfile::tempdir().unwrap();
        let sys = root.path();
        fs::write(
            sys.join("meminfo"),
            "MemTotal:  127000 kB\nMemAvailable:     88 kB\n",
        )
        .unwrap();
        assert_eq!(read_facts(sys, sys).firmware, "BIOS");
        fs::create_dir_all(sys.join("class/dmi/id")).unwrap();
        fs::write(sys.join("class/dmi/id/product_name"), "OptiPlex 760 \n").unwrap();
        fs::create_dir_all(sys.join("firmware/efi")).unwrap();
        fs::write(sys.join("firmware/efi/fw_platform_size"), "32\n").unwrap();
        let facts = read_facts(sys, sys);
        assert_eq!(facts.firmware, "UEFI ia32");
        assert_eq!(facts.model.as_deref(), Some("OptiPlex 760"));
        assert_eq!(facts.memory_bytes, Some(127_000 * 1024));
        assert_eq!(available_memory(sys).unwrap(), 88 * 1024);
    }
}
