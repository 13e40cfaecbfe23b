//! What a health check reads of a simulated Windows: services that it needs to start, time zone, last
//! shutdown, updates, programs, and the settings that decide who a bad update hits.

use regf::{DataType, KeyTreeNode};

use super::hives::{dword, service, text, value};
use super::{FileState, WindowsKind, WindowsSpec};

/// FILETIME of 21 April 2010, 15:00 UTC: the last time that Windows ended in order.
const SHUTDOWN_TIME: u64 = (1_271_862_000 + 11_644_473_600) * 10_000_000;

/// Services with their start and program. Observed: Windows XP SP3 and Windows 7 SP1 as installed.
const XP_SERVICES: &[(&str, u32, &str)] = &[
    ("ACPI", 0, "system32\\DRIVERS\\ACPI.sys"),
    ("PCI", 0, "system32\\DRIVERS\\pci.sys"),
    ("Disk", 0, "system32\\DRIVERS\\disk.sys"),
    ("PartMgr", 0, ""),
    ("Ftdisk", 0, "system32\\DRIVERS\\ftdisk.sys"),
    ("MountMgr", 0, ""),
    ("VolSnap", 0, "system32\\DRIVERS\\volsnap.sys"),
    ("KSecDD", 0, ""),
    ("Mup", 0, ""),
    ("NDIS", 0, ""),
    ("Tcpip", 1, "system32\\DRIVERS\\tcpip.sys"),
    (
        "DcomLaunch",
        2,
        "%SystemRoot%\\system32\\svchost -k DcomLaunch",
    ),
    ("PlugPlay", 2, "%SystemRoot%\\system32\\services.exe"),
    ("Eventlog", 2, "%SystemRoot%\\system32\\services.exe"),
    ("SamSs", 2, "%SystemRoot%\\system32\\lsass.exe"),
    (
        "CryptSvc",
        2,
        "%SystemRoot%\\system32\\svchost.exe -k netsvcs",
    ),
];
const WINDOWS_7_SERVICES: &[(&str, u32, &str)] = &[
    ("ACPI", 0, "system32\\drivers\\ACPI.sys"),
    ("pci", 0, "system32\\drivers\\pci.sys"),
    ("disk", 0, "system32\\DRIVERS\\disk.sys"),
    ("partmgr", 0, "System32\\drivers\\partmgr.sys"),
    ("volmgr", 0, "system32\\drivers\\volmgr.sys"),
    ("mountmgr", 0, "System32\\drivers\\mountmgr.sys"),
    ("volsnap", 0, "system32\\drivers\\volsnap.sys"),
    ("KSecDD", 0, "System32\\Drivers\\ksecdd.sys"),
    ("CNG", 0, "System32\\Drivers\\cng.sys"),
    ("Mup", 0, "System32\\Drivers\\mup.sys"),
    ("NDIS", 0, "system32\\drivers\\ndis.sys"),
    ("FltMgr", 0, "system32\\drivers\\fltmgr.sys"),
    ("Wdf01000", 0, "system32\\drivers\\Wdf01000.sys"),
    ("Tcpip", 0, "System32\\drivers\\tcpip.sys"),
    (
        "RpcEptMapper",
        2,
        "%SystemRoot%\\system32\\svchost.exe -k RPCSS",
    ),
    (
        "DcomLaunch",
        2,
        "%SystemRoot%\\system32\\svchost.exe -k DcomLaunch",
    ),
    (
        "PlugPlay",
        2,
        "%SystemRoot%\\system32\\svchost.exe -k DcomLaunch",
    ),
    (
        "eventlog",
        2,
        "%SystemRoot%\\System32\\svchost.exe -k LocalServiceNetworkRestricted",
    ),
    ("SamSs", 2, "%SystemRoot%\\system32\\lsass.exe"),
    (
        "CryptSvc",
        2,
        "%SystemRoot%\\system32\\svchost.exe -k NetworkService",
    ),
    (
        "Power",
        2,
        "%SystemRoot%\\system32\\svchost.exe -k DcomLaunch",
    ),
    (
        "ProfSvc",
        2,
        "%systemroot%\\system32\\svchost.exe -k netsvcs",
    ),
    (
        "BFE",
        2,
        "%systemroot%\\system32\\svchost.exe -k LocalServiceNoNetwork",
    ),
];

/// Adds what the hive SYSTEM has in the control set `set`.
pub(super) fn add_system_details(root: &mut KeyTreeNode, windows: &WindowsSpec, set: &str) {
    let services = match windows.kind {
        WindowsKind::Windows7 | WindowsKind::Windows10 => WINDOWS_7_SERVICES,
        WindowsKind::XpSp2 | WindowsKind::XpSp3 => XP_SERVICES,
    };
    for (name, start, program) in services {
        // Windows 10 starts it when it is asked for.
        let is_manual = windows.kind == WindowsKind::Windows10 && *name == "PlugPlay";
        let start = if is_manual { 3 } else { *start };
        service(root, set, name, start, program);
    }
    let zone = format!("{set}\\Control\\TimeZoneInformation");
    match windows.kind {
        WindowsKind::Windows7 | WindowsKind::Windows10 => {
            text(root, &zone, "TimeZoneKeyName", "W. Europe Standard Time");
            text(root, &zone, "StandardName", "@tzres.dll,-322");
        }
        _ => text(root, &zone, "StandardName", "W. Europe Standard Time"),
    }
    // Two hours east of Greenwich: -120 minutes.
    dword(root, &zone, "ActiveTimeBias", 120_u32.wrapping_neg());
    let key = format!("{set}\\Control\\Windows");
    let time = SHUTDOWN_TIME.to_le_bytes();
    value(root, &key, "ShutdownTime", DataType::Binary, &time);
    let parameters = format!("{set}\\Services\\Tcpip\\Parameters");
    text(root, &parameters, "Domain", "acme.example");
    text(root, &parameters, "NV Domain", "acme.example");
}

/// Adds what the hive SOFTWARE has.
pub(super) fn add_software_details(root: &mut KeyTreeNode, windows: &WindowsSpec) {
    let uninstall = "Microsoft\\Windows\\CurrentVersion\\Uninstall";
    if matches!(windows.kind, WindowsKind::Windows7 | WindowsKind::Windows10) {
        text(
            root,
            "Microsoft\\Windows NT\\CurrentVersion",
            "EditionID",
            "Professional",
        );
        let packages = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages";
        for (number, state) in [("KB976902", 112), ("KB2533552", 80)] {
            let name = format!("Package_for_{number}~31bf3856ad364e35~amd64~~6.1.1.17514");
            dword(root, &format!("{packages}\\{name}"), "CurrentState", state);
        }
    } else {
        for number in ["KB923561", "KB958644"] {
            let key = format!("Microsoft\\Windows NT\\CurrentVersion\\HotFix\\{number}");
            dword(root, &key, "Installed", 1);
            // Windows lists an update among its programs too, below another.
            let key = format!("{uninstall}\\{number}");
            text(
                root,
                &key,
                "DisplayName",
                &format!("Security Update ({number})"),
            );
            text(root, &key, "ParentKeyName", "OperatingSystem");
        }
        let key = "Microsoft\\Updates\\Windows XP\\SP4\\KB958644";
        text(root, key, "InstalledDate", "11/3/2008");
    }
    let reader = format!("{uninstall}\\Reader");
    text(root, &reader, "DisplayName", "Adobe Reader 9.3 - Français");
    text(root, &reader, "DisplayVersion", "9.3.0");
    text(root, &reader, "Publisher", "Adobe Systems, Inc.");
    text(root, &reader, "InstallDate", "20100114");
    if windows.dat.is_some() {
        add_mcafee_settings(root, windows);
    }
}

/// Who was hit had one of these settings on.
fn add_mcafee_settings(root: &mut KeyTreeNode, windows: &WindowsSpec) {
    let vendor = match windows.kind {
        WindowsKind::Windows7 | WindowsKind::Windows10 => "Wow6432Node\\McAfee",
        _ => "McAfee",
    };
    let shield = format!("{vendor}\\VSCore\\On Access Scanner\\McShield\\Configuration");
    let was_hit = windows.svchost != FileState::Good;
    dword(root, &shield, "bScanProcessesOnEnable", u32::from(was_hit));
    let task =
        format!("{vendor}\\DesktopProtection\\Tasks\\{{21221C11-A06D-4558-B833-98E8C7F6C4D2}}");
    text(root, &task, "szTaskName", "Full Scan");
    text(root, &task, "szScanItem0", "All fixed disks");
}
