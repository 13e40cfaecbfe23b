//! The files that a PC starts from: on the volume of its Windows, or on one of their own.

use super::{Entry, Tree};
use crate::broken_pc::words::words;
use crate::broken_pc::{FileSystem, WindowsSpec};
use crate::random::random_bytes;

/// Adds what the root of a volume with a Windows XP has. `partition` counts from 1.
pub(super) fn add_xp_root(tree: &mut Tree, windows: &WindowsSpec, partition: usize, starts: bool) {
    if starts {
        add_xp_loader(tree, windows, partition);
        tree.file("AUTOEXEC.BAT", Vec::new());
    }
    tree.folder("System Volume Information");
    tree.hide();
    tree.folder("RECYCLER");
    tree.hide();
}

/// Adds the loader of Windows XP and its menu, which has the Windows on this partition.
fn add_xp_loader(tree: &mut Tree, windows: &WindowsSpec, partition: usize) {
    let edition = words(windows.language).edition;
    let line = format!("multi(0)disk(0)rdisk(0)partition({partition})\\WINDOWS");
    let boot_ini = format!(
        "[boot loader]\r\ntimeout=30\r\ndefault={line}\r\n[operating systems]\r\n\
         {line}=\"{edition}\" /noexecute=optin /fastdetect\r\n"
    );
    for (name, content) in [
        ("boot.ini", boot_ini.into_bytes()),
        ("ntldr", random_bytes("ntldr", 30_000)),
        ("NTDETECT.COM", random_bytes("NTDETECT.COM", 47_564)),
        ("IO.SYS", Vec::new()),
        ("MSDOS.SYS", Vec::new()),
    ] {
        tree.file(name, content);
        tree.hide();
    }
}

/// Adds what the root of a volume with a Windows 7 or later has.
pub(super) fn add_windows_7_root(tree: &mut Tree, starts: bool) {
    if starts {
        add_windows_7_loader(tree);
    }
    tree.file(
        "ProgramData/Microsoft/Windows/Start Menu/desktop.ini",
        b"[.ShellClassInfo]\r\n".into(),
    );
    tree.folder("Program Files");
    tree.folder("System Volume Information");
    tree.hide();
}

fn add_windows_7_loader(tree: &mut Tree) {
    tree.file("bootmgr", random_bytes("bootmgr", 40_000));
    tree.hide();
    tree.file("Boot/BCD", random_bytes("BCD", 28_672));
}

/// Returns the files of the volume that a PC starts from, if that is not the one of its Windows; the first
/// of these lies on `partition`.
pub(in crate::broken_pc) fn boot_tree(
    first: &WindowsSpec,
    partition: usize,
    file_system: FileSystem,
) -> Vec<Entry> {
    let mut tree = Tree::default();
    if first.kind.is_xp() {
        add_xp_loader(&mut tree, first, partition);
        return tree.entries;
    }
    match file_system {
        FileSystem::Fat32 => {
            for (path, size) in [
                ("EFI/Microsoft/Boot/bootmgfw.efi", 60_000),
                ("EFI/Microsoft/Boot/BCD", 28_672),
                ("EFI/Boot/bootx64.efi", 60_000),
            ] {
                tree.file(path, random_bytes(path, size));
            }
        }
        FileSystem::Ntfs => add_windows_7_loader(&mut tree),
    }
    tree.entries
}
