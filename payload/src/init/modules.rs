//! The kernel's modules, loaded by lists that `mendkit` wrote.
//!
//! An old PC is busy with a module for as long as it reads a megabyte, and many drivers wait for their devices.
//! So what no stick hangs on is loaded by a thread of its own, and drivers of PCI devices only where there are
//! such.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CStr;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use fs_err as fs;
use rustix::io::Errno;
use rustix::system::{finit_module, init_module};

/// Where the kernel lists the PCI devices, each with the pattern's counterpart in a file.
const PCI_DEVICES: &str = "/sys/bus/pci/devices";

/// Loads lists of modules, one after the other, while other things are done.
pub(super) struct Loader {
    lists: Sender<&'static str>,
    thread: Option<JoinHandle<usize>>,
}

impl Loader {
    /// Starts without a list.
    pub(super) fn start() -> Self {
        let (lists, wanted) = channel();
        let work = |wanted: Receiver<&'static str>| {
            let loaded = wanted.into_iter().map(|list| load_modules(Path::new(list)));
            loaded.sum()
        };
        let thread = thread::Builder::new().name("modules".into());
        Self {
            lists,
            // Without memory for a thread there is none for the work either; then lists are loaded at once.
            thread: thread.spawn(move || work(wanted)).ok(),
        }
    }

    /// Loads one more list; see [`load_modules`].
    pub(super) fn load(&self, list: &'static str) {
        if self.thread.is_none() || self.lists.send(list).is_err() {
            load_modules(Path::new(list));
        }
    }

    /// Waits until all lists are loaded. Returns how many modules those were.
    pub(super) fn finish(self) -> usize {
        drop(self.lists);
        let loaded = self.thread.map(JoinHandle::join);
        // A panic there is told where all of them are kept; what did not load is missed by whoever needs it.
        loaded.and_then(Result::ok).unwrap_or_default()
    }
}

/// Loads the modules that `list` names, one path a line, in that order, and removes their files, which take
/// memory. Behind a path may stand what the module is for: patterns of PCI devices, and after `@` modules that have
/// such; then it is loaded only if there is such a device. Returns how many were loaded; that a PC lacks the hardware
/// for one is normal.
pub(super) fn load_modules(list: &Path) -> usize {
    let list = fs::read_to_string(list).unwrap_or_default();
    let lines = read_list(&list);
    let patterns: BTreeMap<String, &[&str]> = lines
        .iter()
        .map(|line| (module_name(line.path), line.patterns.as_slice()))
        .collect();
    let mut devices = pci_devices();
    let mut loaded = 0;
    for line in &lines {
        if line.is_wanted(&patterns, &devices) && load_module(Path::new(line.path)) {
            loaded += 1;
            if !line.patterns.is_empty() {
                // Behind a controller there may be others.
                devices = pci_devices();
            }
        }
        let _ = fs::remove_file(line.path);
    }
    loaded
}

/// A line of a list.
struct Line<'a> {
    path: &'a str,
    patterns: Vec<&'a str>,
    needed_by: Vec<&'a str>,
}

fn read_list(list: &str) -> Vec<Line<'_>> {
    let lines = list.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let path = words.next().filter(|path| path.starts_with('/'))?;
        let (users, patterns): (Vec<&str>, Vec<&str>) =
            words.partition(|word| word.starts_with('@'));
        Some(Line {
            path,
            patterns,
            needed_by: users
                .iter()
                .filter_map(|user| user.strip_prefix('@'))
                .collect(),
        })
    });
    lines.collect()
}

impl Line<'_> {
    /// Returns whether the module is for everything, or there is a device that it is for. Where the kernel lists no
    /// device at all, everything is tried.
    fn is_wanted(&self, patterns: &BTreeMap<String, &[&str]>, devices: &BTreeSet<String>) -> bool {
        let is_there = |patterns: &[&str]| {
            let mut patterns = patterns.iter();
            patterns.any(|pattern| devices.iter().any(|device| matches(pattern, device)))
        };
        let is_for_everything = self.patterns.is_empty() && self.needed_by.is_empty();
        let mut users = self.needed_by.iter().filter_map(|user| patterns.get(*user));
        is_for_everything
            || devices.is_empty()
            || is_there(&self.patterns)
            || users.any(|patterns| is_there(patterns))
    }
}

/// Returns a module's name by its file. The kernel does not tell `-` from `_` in names.
fn module_name(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split('.').next().unwrap_or(file).replace('-', "_")
}

fn pci_devices() -> BTreeSet<String> {
    let entries = fs::read_dir(PCI_DEVICES).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| fs::read_to_string(entry.path().join("modalias")).ok());
    names.map(|name| name.trim().to_owned()).collect()
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

/// Loads one module. Checking its signature takes an old PC longer than everything else about it, so the kernel is
/// offered the module without: one that insists, as every kernel does under Secure Boot, gets the whole file.
/// What else loading would prove is proven by the signed manifest, and the kernel itself lies on the same stick.
fn load_module(path: &Path) -> bool {
    let Ok(image) = fs::read(path) else {
        return false;
    };
    let bare = without_signature(&image);
    match init_module(bare, options_of(path)) {
        Err(Errno::PERM | Errno::KEYREJECTED | Errno::NOKEY) if bare.len() < image.len() => {}
        loaded => return loaded.is_ok(),
    }
    // By its file, which security modules may want to see.
    fs::File::open(path).is_ok_and(|file| finit_module(&file, options_of(path), 0).is_ok())
}

/// Returns a module without the signature behind it, if it has one. Source: Linux, include/linux/module_signature.h.
fn without_signature(image: &[u8]) -> &[u8] {
    const MAGIC: &[u8] = b"~Module signature appended~\n";
    /// Bytes that say what the signature is, the last four of them how long, big-endian.
    const TRAILER: usize = 12;
    let bare = image.strip_suffix(MAGIC).and_then(|signed| {
        let (_, length) = signed.split_last_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let end = signed.len().checked_sub(TRAILER)?.checked_sub(length)?;
        signed.get(..end)
    });
    bare.unwrap_or(image)
}

/// Returns the options that a module is loaded with. A stick is ready when it is found: the firmware has read
/// the kernel from it. So it is not waited for another second.
fn options_of(path: &Path) -> &'static CStr {
    match module_name(&path.to_string_lossy()).as_str() {
        "usb_storage" => c"delay_use=0",
        _ => c"",
    }
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
    fn a_module_is_wanted_for_its_devices_or_those_of_a_module_that_needs_it() {
        let list = "\
/k/libahci.ko.xz @ahci
/k/base.ko @mpt-sas @nowhere
/k/mpt_sas.ko pci:v00001000d*
/k/ahci.ko pci:v*bc01sc01i* pci:v*bc01sc06i01*
/k/sis.ko pci:v00001039d* @ahci
/k/sd_mod.ko
no path
";
        let lines = read_list(list);
        let patterns: BTreeMap<_, _> = lines
            .iter()
            .map(|line| (module_name(line.path), line.patterns.as_slice()))
            .collect();
        let wanted = |devices: &BTreeSet<String>| {
            let lines = lines
                .iter()
                .filter(|line| line.is_wanted(&patterns, devices));
            let names: Vec<String> = lines.map(|line| module_name(line.path)).collect();
            names.join(" ")
        };
        assert_eq!(
            wanted(&BTreeSet::from([AHCI.to_owned()])),
            "libahci ahci sis sd_mod"
        );
        let other = BTreeSet::from(["pci:v00001AF4d00001001".to_owned()]);
        assert_eq!(wanted(&other), "sd_mod");
        // Nothing is known of this PC.
        assert_eq!(wanted(&BTreeSet::new()).split(' ').count(), lines.len());
    }

    #[test]
    fn lists_are_loaded_in_turn_and_what_is_no_module_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let module = folder.path().join("x.ko");
        fs::write(&module, "no module").unwrap();
        let list = folder.path().join("list");
        fs::write(&list, format!("{}\n", module.display())).unwrap();
        let list: &'static str = list.to_str().unwrap().to_owned().leak();
        let loader = Loader::start();
        loader.load("/no/list");
        loader.load(list);
        assert_eq!(loader.finish(), 0);
        assert!(!module.exists(), "its file takes memory");
    }

    #[test]
    fn a_signature_is_told_from_the_module_before_it() {
        let signed = |length: u32| {
            let mut image = b"module".to_vec();
            image.extend([7; 20]);
            image.extend([0, 0, 2, 0, 0, 0, 0, 0]);
            image.extend(length.to_be_bytes());
            image.extend(b"~Module signature appended~\n");
            image
        };
        assert_eq!(without_signature(&signed(20)), b"module");
        assert_eq!(without_signature(b"module"), b"module");
        assert_eq!(without_signature(b""), b"");
        for wrong in [u32::MAX, 27] {
            let image = signed(wrong);
            assert_eq!(without_signature(&image), image, "{wrong}");
        }
    }

    #[test]
    fn only_sticks_are_loaded_with_an_option() {
        assert_eq!(options_of(Path::new("/m/usb-storage.ko")), c"delay_use=0");
        assert_eq!(options_of(Path::new("/m/uas.ko.xz")), c"");
    }
}
