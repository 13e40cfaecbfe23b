//! Registry hives of a simulated PC, real ones though small.
//!
//! XP's hives have format 1.3, later ones 1.5. The builder stamps the current time into them;
//! [`fix_times`] makes that the same every time.

use crate::error::{Context, Result, ensure};
use regf::{DataType, HiveBuilder, KeyTreeNode, KeyTreeValue};

use super::details::{add_software_details, add_system_details};
use super::words::words;
use super::{Extra, ExtraData, FileState, WindowsKind, WindowsSpec};

/// FILETIME of 21 April 2010, 13:00 UTC: when DAT 5958 came out.
pub(super) const HIVE_TIME: u64 = (1_271_854_800 + 11_644_473_600) * 10_000_000;
/// What `MountedDevices` says of a disc drive. Observed: Windows XP; the vendor's part is made up.
const DISC_DRIVE: &str = "\\??\\IDE#CdRomSIMULATED_DVD-ROM#5&2c1a3b4d&0&0.1.0#\
                          {53f5630d-b6bf-11d0-94f2-00a0c91efb8b}";
/// Size of a base block. Source: msuhanov/regf, "Base block".
const BASE_BLOCK: usize = 4096;

/// A drive letter and what `MountedDevices` says of it.
#[derive(Clone, Debug)]
pub(super) struct MountedDevice {
    pub(super) letter: char,
    pub(super) value: Vec<u8>,
}

/// Returns the hive SOFTWARE of a Windows that has this drive letter.
pub(super) fn software_hive(windows: &WindowsSpec, letter: char) -> Result<Vec<u8>> {
    let mut root = KeyTreeNode::new(root_name(windows, "SOFTWARE"));
    let system_root = format!("{letter}:\\{}", windows.windows_folder());
    let key = "Microsoft\\Windows NT\\CurrentVersion";
    let (product, version, build, pack, lab) = match windows.kind {
        WindowsKind::XpSp2 => (
            "Microsoft Windows XP",
            "5.1",
            "2600",
            "Service Pack 2",
            "2600.xpsp_sp2_rtm.040803-2158",
        ),
        WindowsKind::XpSp3 => (
            "Microsoft Windows XP",
            "5.1",
            "2600",
            "Service Pack 3",
            "2600.xpsp.080413-2111",
        ),
        WindowsKind::Windows7 => (
            "Windows 7 Professional",
            "6.1",
            "7601",
            "Service Pack 1",
            "7601.win7sp1_rtm.101119-1850",
        ),
        // For older programs it says 6.3. Observed: Windows 10 22H2.
        WindowsKind::Windows10 => (
            "Windows 10 Pro",
            "6.3",
            "19045",
            "",
            "19041.vb_release.191206-1406",
        ),
    };
    text(&mut root, key, "ProductName", product);
    text(&mut root, key, "CurrentVersion", version);
    text(&mut root, key, "CurrentBuildNumber", build);
    // On XP this value is an old text that has nothing to do with the build.
    let current_build = match windows.kind.is_xp() {
        false => build,
        true => "1.511.1 () (Obsolete data - do not use)",
    };
    text(&mut root, key, "CurrentBuild", current_build);
    if !pack.is_empty() {
        text(&mut root, key, "CSDVersion", pack);
    }
    if windows.kind == WindowsKind::Windows10 {
        dword(&mut root, key, "CurrentMajorVersionNumber", 10);
        dword(&mut root, key, "CurrentMinorVersionNumber", 0);
    }
    text(&mut root, key, "BuildLab", lab);
    text(&mut root, key, "CurrentType", "Uniprocessor Free");
    text(&mut root, key, "SystemRoot", &system_root);
    text(&mut root, key, "RegisteredOwner", "Front desk");
    dword(&mut root, key, "InstallDate", 1_220_000_000);
    text(
        &mut root,
        &format!("{key}\\Winlogon"),
        "Shell",
        "Explorer.exe",
    );
    text(
        &mut root,
        "Microsoft\\Windows\\CurrentVersion",
        "ProgramFilesDir",
        &{ format!("{letter}:\\{}", program_files(windows)) },
    );
    text(
        &mut root,
        "Microsoft\\Windows\\CurrentVersion\\Setup",
        "SourcePath",
        // Usually the drive of the disc; where the maker put the source on the disk, its root.
        &match windows.installation_source {
            FileState::Missing => "D:\\".to_owned(),
            _ => format!("{letter}:\\"),
        },
    );
    if let Some(dat) = windows.dat {
        mcafee(&mut root, windows, letter, dat);
    }
    add_software_details(&mut root, windows);
    add_values(&mut root, windows, "software");
    finish(windows, root)
}

/// Returns the hive SYSTEM.
pub(super) fn system_hive(windows: &WindowsSpec, devices: &[MountedDevice]) -> Result<Vec<u8>> {
    let mut root = KeyTreeNode::new(root_name(windows, "SYSTEM"));
    for (name, set) in [
        ("Current", 1),
        ("Default", 1),
        ("LastKnownGood", 2),
        ("Failed", 0),
    ] {
        dword(&mut root, "Select", name, set);
    }
    let language = format!("{:04X}", words(windows.language).language_id);
    let pack = match windows.kind {
        WindowsKind::XpSp2 => 0x200,
        WindowsKind::XpSp3 => 0x300,
        WindowsKind::Windows7 => 0x100,
        WindowsKind::Windows10 => 0,
    };
    for set in ["ControlSet001", "ControlSet002"] {
        let control = format!("{set}\\Control");
        let name_key = format!("{control}\\ComputerName\\ComputerName");
        text(&mut root, &name_key, "ComputerName", &windows.computer_name);
        dword(
            &mut root,
            &format!("{control}\\Windows"),
            "CSDVersion",
            pack,
        );
        text(
            &mut root,
            &format!("{control}\\Nls\\Language"),
            "InstallLanguage",
            &language,
        );
        text(
            &mut root,
            &format!("{control}\\Nls\\Language"),
            "Default",
            &language,
        );
        service(
            &mut root,
            set,
            "RpcSs",
            2,
            "%SystemRoot%\\system32\\svchost -k rpcss",
        );
        service(
            &mut root,
            set,
            "Dhcp",
            2,
            "%SystemRoot%\\system32\\svchost.exe -k netsvcs",
        );
        service(&mut root, set, "atapi", 0, "system32\\drivers\\atapi.sys");
        service(&mut root, set, "Ntfs", 4, "system32\\drivers\\ntfs.sys");
        if windows.dat.is_some() {
            service(
                &mut root,
                set,
                "McShield",
                2,
                "VirusScan Enterprise\\mcshield.exe",
            );
            service(
                &mut root,
                set,
                "mfehidk",
                0,
                "system32\\drivers\\mfehidk.sys",
            );
        }
        add_system_details(&mut root, windows, set);
        let tcpip = format!("{set}\\Services\\Tcpip\\Parameters");
        text(
            &mut root,
            &tcpip,
            "Hostname",
            &windows.computer_name.to_lowercase(),
        );
    }
    for device in devices {
        let name = format!("\\DosDevices\\{}:", device.letter);
        value(
            &mut root,
            "MountedDevices",
            &name,
            DataType::Binary,
            &device.value,
        );
    }
    // The disc drive has the letter behind those of the volumes. Observed: Windows XP.
    let last = devices.iter().map(|device| device.letter).max();
    if let Some(letter) = last.and_then(|last| char::from_u32(u32::from(last) + 1)) {
        value(
            &mut root,
            "MountedDevices",
            &format!("\\DosDevices\\{letter}:"),
            DataType::Binary,
            &utf16(DISC_DRIVE),
        );
    }
    add_values(&mut root, windows, "system");
    finish(windows, root)
}

/// Returns a hive that holds no more than its root and one key; for SAM, SECURITY and default.
pub(super) fn small_hive(windows: &WindowsSpec, name: &str) -> Result<Vec<u8>> {
    let mut root = KeyTreeNode::new(root_name(windows, name));
    root.get_or_create_path(name);
    let clean = WindowsSpec {
        dirty_hives: false,
        ..windows.clone()
    };
    finish(&clean, root)
}

fn program_files(windows: &WindowsSpec) -> &'static str {
    match windows.kind.is_xp() {
        true => words(windows.language).program_files,
        false => "Program Files",
    }
}

fn mcafee(root: &mut KeyTreeNode, windows: &WindowsSpec, letter: char, dat: u32) {
    // VirusScan is a 32-bit program, so its keys lie aside on 64-bit Windows.
    let vendor = match windows.kind.is_xp() {
        true => "McAfee",
        false => "Wow6432Node\\McAfee",
    };
    let engine = format!("{vendor}\\AVEngine");
    let folder = windows.engine_folder().replace('/', "\\");
    text(root, &engine, "DAT", &format!("{letter}:\\{folder}\\"));
    dword(root, &engine, "AVDatVersion", dat);
    dword(root, &engine, "AVDatVersionMinor", 0);
    // DAT 5958 is of 21 April 2010; 5959 came out the same day.
    text(root, &engine, "AVDatDate", "2010/04/21");
    dword(root, &engine, "EngineVersionMajor", 5400);
    dword(root, &engine, "EngineVersionMinor", 1158);
    let product = format!("{vendor}\\DesktopProtection");
    let installed = match windows.kind.is_xp() {
        true => program_files(windows),
        false => "Program Files (x86)",
    };
    text(root, &product, "Product", "VirusScan Enterprise");
    text(root, &product, "szProductVer", "8.7.0.570");
    text(
        root,
        &product,
        "szInstallDir",
        &format!("{letter}:\\{installed}\\McAfee\\VirusScan Enterprise\\"),
    );
}

/// Adds the values that this installation has beyond the usual; one that is there is replaced.
fn add_values(root: &mut KeyTreeNode, windows: &WindowsSpec, hive: &str) {
    for extra in &windows.extras {
        let Extra::Value {
            hive: of,
            key,
            name,
            data,
        } = extra
        else {
            continue;
        };
        if *of == hive {
            let (data_type, data) = match data {
                ExtraData::Number(number) => (DataType::Dword, number.to_le_bytes().to_vec()),
                ExtraData::Text(content) => (DataType::String, utf16(content)),
            };
            let values = &mut root.get_or_create_path(key).values;
            values.retain(|known| known.name != *name);
            value(root, key, name, data_type, &data);
        }
    }
}

pub(super) fn service(root: &mut KeyTreeNode, set: &str, name: &str, start: u32, image: &str) {
    let key = format!("{set}\\Services\\{name}");
    dword(root, &key, "Start", start);
    dword(root, &key, "Type", if start < 2 { 1 } else { 0x20 });
    dword(root, &key, "ErrorControl", 1);
    // Drivers may go without.
    if !image.is_empty() {
        let image = utf16(image);
        value(root, &key, "ImagePath", DataType::ExpandString, &image);
    }
}

pub(super) fn text(root: &mut KeyTreeNode, key: &str, name: &str, content: &str) {
    value(root, key, name, DataType::String, &utf16(content));
}

pub(super) fn dword(root: &mut KeyTreeNode, key: &str, name: &str, content: u32) {
    value(root, key, name, DataType::Dword, &content.to_le_bytes());
}

pub(super) fn value(
    root: &mut KeyTreeNode,
    key: &str,
    name: &str,
    data_type: DataType,
    data: &[u8],
) {
    root.get_or_create_path(key).values.push(KeyTreeValue {
        name: name.to_owned(),
        data_type,
        data: data.to_vec(),
    });
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect()
}

/// The root key's name, which tells real hives apart. Observed: XP and Windows 7 hives.
fn root_name(windows: &WindowsSpec, hive: &str) -> &'static str {
    match (windows.kind.is_xp(), hive) {
        (false, "SYSTEM") => "CMI-CreateHive{2A7FB991-7BBE-4F9D-B91E-7CB51D4737F5}",
        (false, _) => "CMI-CreateHive{3D971F19-49AB-4000-8D39-A6D9C673D809}",
        _ => "$$$PROTO.HIV",
    }
}

fn finish(windows: &WindowsSpec, root: KeyTreeNode) -> Result<Vec<u8>> {
    let minor = if windows.kind.is_xp() { 3 } else { 5 };
    let mut hive = HiveBuilder::from_tree_with_version(root, 1, minor)
        .and_then(|mut builder| builder.build())
        .context("building a hive")?;
    fix_times(&mut hive)?;
    if windows.dirty_hives {
        // The primary sequence number is ahead of the secondary: a write began and did not end.
        let sequence = u32_at(&hive, 8)?.wrapping_add(1);
        hive[4..8].copy_from_slice(&sequence.to_le_bytes());
    }
    let sum = base_block_checksum(&hive)?;
    hive[508..512].copy_from_slice(&sum.to_le_bytes());
    Ok(hive)
}

/// Puts [`HIVE_TIME`] into the base block, the first bin and every key.
fn fix_times(hive: &mut [u8]) -> Result<()> {
    let time = HIVE_TIME.to_le_bytes();
    ensure!(
        hive.len() >= BASE_BLOCK + 32,
        "hive: {} bytes, expected more",
        hive.len()
    );
    hive[12..20].copy_from_slice(&time);
    hive[BASE_BLOCK + 20..BASE_BLOCK + 28].copy_from_slice(&time);
    let mut bin = BASE_BLOCK;
    while bin < hive.len() {
        let bin_end = bin + usize::try_from(u32_at(hive, bin + 8)?)?;
        let mut cell = bin + 32;
        while cell < bin_end {
            // A negative size marks a cell in use.
            let size = i32::from_le_bytes(u32_at(hive, cell)?.to_le_bytes());
            if size < 0 && hive.get(cell + 4..cell + 6) == Some(b"nk".as_slice()) {
                hive[cell + 8..cell + 16].copy_from_slice(&time);
            }
            let step = usize::try_from(size.unsigned_abs())?;
            ensure!(
                step >= 8,
                "hive: cell at {cell:#x} has size {size}, expected 8 at least"
            );
            cell += step;
        }
        bin = bin_end;
    }
    Ok(())
}

/// Returns the exclusive or of the first 127 words. Source: msuhanov/regf, "Base block".
fn base_block_checksum(hive: &[u8]) -> Result<u32> {
    (0..127).try_fold(0, |sum, word| Ok(sum ^ u32_at(hive, word * 4)?))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32> {
    let field = bytes
        .get(at..at + 4)
        .with_context(|| format!("hive: ends before {at:#x}"))?;
    Ok(u32::from_le_bytes(field.try_into()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hives_have_the_format_of_their_windows_and_no_clock_in_them() {
        let windows = WindowsSpec::xp_mcafee_5958();
        let hive = software_hive(&windows, 'C').unwrap();
        assert_eq!(u32_at(&hive, 24).unwrap(), 3);
        assert_eq!(hive, software_hive(&windows, 'C').unwrap());
        let read = regf::RegistryHive::from_bytes(hive).unwrap();
        let key = read.open_key("McAfee\\AVEngine").unwrap();
        assert_eq!(key.raw_node().last_written, HIVE_TIME);
    }

    #[test]
    fn dirty_hives_say_so_and_are_otherwise_right() {
        let windows = WindowsSpec {
            dirty_hives: true,
            ..WindowsSpec::xp_mcafee_5958()
        };
        let hive = system_hive(&windows, &[]).unwrap();
        assert_eq!(u32_at(&hive, 4).unwrap(), u32_at(&hive, 8).unwrap() + 1);
        assert_eq!(
            u32_at(&hive, 508).unwrap(),
            base_block_checksum(&hive).unwrap()
        );
        let clean = small_hive(&windows, "SAM").unwrap();
        assert_eq!(clean[4..8], clean[8..12]);
    }
}
