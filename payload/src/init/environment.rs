//! The kernel's file systems, and the consoles.

use fs_err as fs;
use rustix::mount::{MountFlags, mount};

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

/// Mounts the kernel's file systems. What does not work shows later, by what is then missing.
pub fn mount_all() {
    for (kind, folder) in MOUNTS {
        let _ = fs::create_dir_all(folder);
        let _ = mount(kind, folder, kind, MountFlags::empty(), None);
    }
}
