//! The programs of a Windows: its system files, and every copy of `svchost.exe`.

use super::Tree;
use crate::broken_pc::containers::compressed_file;
use crate::broken_pc::programs::{program, svchost_in};
use crate::broken_pc::{FileState, WindowsKind, WindowsSpec};
use crate::error::Result;
use crate::random::random_bytes;

/// Folder of svchost.exe's component in Windows 7. Observed: Windows 7 SP1 x64.
const WINSXS_SVCHOST: &str = "amd64_microsoft-windows-services-svchost_31bf3856ad364e35_\
                              6.1.7600.16385_none_f1b7ac8b7c1b8c3a";

pub(super) fn add_system_files(tree: &mut Tree, windows: &WindowsSpec) -> Result<()> {
    let root = windows.windows_folder();
    let system = windows.system_folder();
    for name in [
        "ntoskrnl.exe",
        "kernel32.dll",
        "lsass.exe",
        "services.exe",
        "winlogon.exe",
        "cmd.exe",
    ] {
        tree.file(
            &format!("{system}/{name}"),
            program(windows, windows.kind, name)?,
        );
    }
    tree.file(
        &format!("{root}/explorer.exe"),
        program(windows, windows.kind, "explorer.exe")?,
    );
    for (name, size) in [
        ("hal.dll", 13_000),
        ("SHELL32.dll", 90_000),
        ("advapi32.dll", 61_000),
        ("user32.dll", 57_000),
        ("ntdll.dll", 70_000),
        ("smss.exe", 5_000),
        ("csrss.exe", 6_144),
        ("userinit.exe", 2_600),
        ("rpcss.dll", 39_000),
        ("wininet.dll", 66_000),
        ("svchost.dll", 1_000),
    ] {
        tree.file(&format!("{system}/{name}"), random_bytes(name, size));
    }
    if matches!(windows.kind, WindowsKind::Windows7 | WindowsKind::Windows10) {
        for (name, size) in [("wininit.exe", 9_000), ("winload.exe", 60_000)] {
            tree.file(&format!("{system}/{name}"), random_bytes(name, size));
        }
    }
    // Enough names that the folder's index needs several records.
    for number in 0..64_usize {
        let name = format!("api-set-{number:03}.dll");
        tree.file(
            &format!("{system}/{name}"),
            random_bytes(&name, 700 + number * 97),
        );
    }
    for name in [
        "atapi.sys",
        "disk.sys",
        "ntfs.sys",
        "tcpip.sys",
        "usbstor.sys",
        "i8042prt.sys",
    ] {
        tree.file(
            &format!("{system}/drivers/{name}"),
            random_bytes(name, 9_000),
        );
    }
    tree.file(
        &format!("{system}/drivers/etc/hosts"),
        b"127.0.0.1       localhost\r\n".to_vec(),
    );
    tree.file(
        &format!("{root}/win.ini"),
        b"; for 16-bit app support\r\n[fonts]\r\n".to_vec(),
    );
    tree.file(
        &format!("{root}/WindowsUpdate.log"),
        random_bytes("WindowsUpdate.log", 12_345),
    );
    Ok(())
}

pub(super) fn add_svchost(tree: &mut Tree, windows: &WindowsSpec) -> Result<()> {
    let root = windows.windows_folder();
    add_copy(tree, windows, &windows.svchost_path(), windows.svchost)?;
    if !windows.kind.is_xp() {
        let component = format!("{root}/winsxs/{WINSXS_SVCHOST}/svchost.exe");
        return add_copy(tree, windows, &component, FileState::Good);
    }
    let cache = format!("{}/dllcache", windows.system_folder());
    tree.folder(&cache);
    tree.hide();
    add_copy(
        tree,
        windows,
        &format!("{cache}/svchost.exe"),
        windows.dllcache,
    )?;
    for name in ["lsass.exe", "services.exe", "winlogon.exe"] {
        tree.file(
            &format!("{cache}/{name}"),
            program(windows, windows.kind, name)?,
        );
    }
    let pack = format!("{root}/ServicePackFiles/i386");
    tree.folder(&pack);
    add_copy(
        tree,
        windows,
        &format!("{pack}/svchost.exe"),
        windows.service_pack_files,
    )?;
    tree.file(
        &format!("{pack}/lsass.exe"),
        program(windows, windows.kind, "lsass.exe")?,
    );
    if let Some(content) = svchost_in(windows, windows.installation_source)? {
        let cabinet = compressed_file("svchost.exe", &content)?;
        tree.file("i386/SVCHOST.EX_", cabinet);
    }
    if windows.kind == WindowsKind::XpSp3 {
        // What the service pack replaced: the trap for whoever goes by name and size alone.
        let old = format!("{root}/$NtServicePackUninstall$");
        tree.folder(&old);
        tree.hide();
        add_copy(
            tree,
            windows,
            &format!("{old}/svchost.exe"),
            FileState::WrongServicePack,
        )?;
    }
    Ok(())
}

fn add_copy(tree: &mut Tree, windows: &WindowsSpec, path: &str, state: FileState) -> Result<()> {
    if let Some(content) = svchost_in(windows, state)? {
        tree.file(path, content);
    }
    Ok(())
}
