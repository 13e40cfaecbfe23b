//! The kernel's file systems, its modules, and the consoles.

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

/// Loads the modules that `list` names, one path a line, in that order, and removes their files, which take
/// memory. Returns how many were loaded; that a PC lacks the hardware for one is normal.
pub fn load_modules(list: &Path) -> usize {
    let list = fs::read_to_string(list).unwrap_or_default();
    let paths = list.lines().map(str::trim);
    paths
        .filter(|path| path.starts_with('/') && load_and_remove(Path::new(path)))
        .count()
}

fn load_and_remove(path: &Path) -> bool {
    let is_loaded = load_module(path);
    let _ = fs::remove_file(path);
    is_loaded
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
