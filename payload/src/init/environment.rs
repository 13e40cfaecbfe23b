//! The kernel's file systems, its modules, and the consoles.

use std::collections::BTreeSet;
use std::path::Path;

use fs_err as fs;
use rustix::mount::{MountFlags, mount};
use rustix::system::{finit_module, init_module};

/// Consoles, the PC's screen first. Which of them exist is up to the PC.
pub const CONSOLES: [&str; 2] = ["/dev/tty1", "/dev/ttyS0"];

/// What is mounted where, and as what.
const MOUNTS: [(&str, &str); 5] = [
    ("devtmpfs", "/dev"),
    ("proc", "/proc"),
    ("sysfs", "/sys"),
    ("tmpfs", "/run"),
    ("tmpfs", "/tmp"),
];

/// Lets the kernel unpack the module. Source: linux/module.h, `MODULE_INIT_COMPRESSED_FILE`.
const COMPRESSED: i32 = 4;

/// Mounts the kernel's file systems. What does not work shows later, by what is then missing.
pub fn mount_all() {
    for (kind, folder) in MOUNTS {
        let _ = fs::create_dir_all(folder);
        let _ = mount(kind, folder, kind, MountFlags::empty(), None);
    }
}

/// Where the kernel lists the PCI devices, each with the pattern's counterpart in a file.
const PCI_DEVICES: &str = "/sys/bus/pci/devices";

/// Loads the modules that `list` names, one path a line, in that order, and removes their files, which take
/// memory. Behind a path may stand patterns of PCI devices: then it is loaded only if there is such a device,
/// since an old PC checks a module's signature for as long as it reads a megabyte. Returns how many were loaded;
/// that a PC lacks the hardware for one is normal.
pub fn load_modules(list: &Path) -> usize {
    let list = fs::read_to_string(list).unwrap_or_default();
    let mut devices = pci_devices();
    let mut loaded = 0;
    for line in list.lines() {
        let mut words = line.split_whitespace();
        let Some(path) = words.next().filter(|path| path.starts_with('/')) else {
            continue;
        };
        let patterns: Vec<&str> = words.collect();
        if is_wanted(&patterns, &devices) && load_module(Path::new(path)) {
            loaded += 1;
            if !patterns.is_empty() {
                // Behind a controller there may be others.
                devices = pci_devices();
            }
        }
        let _ = fs::remove_file(path);
    }
    loaded
}

fn pci_devices() -> BTreeSet<String> {
    let entries = fs::read_dir(PCI_DEVICES).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| fs::read_to_string(entry.path().join("modalias")).ok());
    names.map(|name| name.trim().to_owned()).collect()
}

/// Returns whether a module has no patterns, or there is a device for one of them. Where the kernel lists no
/// device at all, everything is tried.
fn is_wanted(patterns: &[&str], devices: &BTreeSet<String>) -> bool {
    patterns.is_empty()
        || devices.is_empty()
        || patterns
            .iter()
            .any(|pattern| devices.iter().any(|device| matches(pattern, device)))
}

/// Returns whether a text fits a pattern of signs and `*`, each of which stands for any number of signs.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    // The last part has to stand at the end; each before it fits best where it is found first.
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, behind)) = text.split_once(part) else {
            return false;
        };
        text = behind;
    }
    text.ends_with(last)
}

fn load_module(path: &Path) -> bool {
    let Ok(file) = fs::File::open(path) else {
        return false;
    };
    let is_compressed = path
        .extension()
        .is_some_and(|extension| extension == "xz" || extension == "zst");
    if is_compressed {
        return finit_module(&file, c"", COMPRESSED).is_ok();
    }
    // Kernels without finit_module are older than any that is shipped; memory is the way out for
    // file systems that it refuses.
    finit_module(&file, c"", 0).is_ok()
        || fs::read(path).is_ok_and(|image| init_module(&image, c"").is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const AHCI: &str = "pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01";

    #[test]
    fn a_pattern_fits_a_device_as_modprobe_would_have_it() {
        for (pattern, fits) in [
            ("pci:v00008086d00002922sv*sd*bc*sc*i*", true),
            ("pci:v*d*sv*sd*bc01sc06i01*", true),
            ("pci:v*d*sv*sd*bc01sc06i01", true),
            (AHCI, true),
            ("*", true),
            ("pci:v00008086d00002923sv*sd*bc*sc*i*", false),
            ("pci:v*d*sv*sd*bc01sc01i*", false),
            ("pci:v*d*sv*sd*bc01sc06i02*", false),
            ("pci:v*d*sv*sd*bc01sc06i0", false),
            ("", false),
        ] {
            assert_eq!(matches(pattern, AHCI), fits, "{pattern}");
        }
    }

    #[test]
    fn a_module_is_wanted_for_its_device_or_where_nothing_is_known() {
        let devices = BTreeSet::from([AHCI.to_owned()]);
        assert!(is_wanted(&[], &devices));
        assert!(is_wanted(&["pci:v*bc01sc06i01*"], &devices));
        assert!(!is_wanted(
            &["pci:v*bc01sc01i*", "pci:v0000105Ad*"],
            &devices
        ));
        assert!(is_wanted(&["pci:v0000105Ad*"], &BTreeSet::new()));
    }
}
