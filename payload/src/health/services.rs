//! Services and drivers that Windows needs to start, held against what it comes with.

use rescue_stick::report::health::ChangedService;
use rescue_stick::report::line::Line;

use crate::hive::{Hive, HiveError};
use crate::windows::services::{current_control_set, service_key};

/// A service as Windows comes with it.
struct Service {
    /// Name of its key.
    name: &'static str,
    /// Its start in XP, 7 and 10; `None` where that Windows has no such service, or one whose start
    /// depends on the PC.
    start: [Option<u32>; 3],
    /// Its program in XP, 7 and 10, below the Windows folder, in small letters.
    program: [&'static str; 3],
    /// What it is for.
    purpose: &'static str,
}

/// Families that the table knows, in the order of its columns.
const FAMILIES: [&str; 3] = ["xp", "7", "10"];

const SVCHOST: &str = "system32\\svchost.exe";
const LSASS: &str = "system32\\lsass.exe";

/// A driver that is called the same in every Windows that has it.
const fn driver(
    name: &'static str,
    start: [Option<u32>; 3],
    program: &'static str,
    purpose: &'static str,
) -> Service {
    Service {
        name,
        start,
        program: [program; 3],
        purpose,
    }
}

const BOOT: Option<u32> = Some(0);
const AUTO: Option<u32> = Some(2);

/// Services without which Windows does not start, or not so that one can work. Drivers of controllers are
/// left out, since their start depends on the PC.
///
/// Source: read from a Windows 7 SP1 and a Windows 10 18362 hive, which a test repeats; XP from a Windows
/// XP hive of 2008 and Microsoft's list of its default services.
const ALL_SERVICES: &[Service] = &[
    driver(
        "ACPI",
        [BOOT; 3],
        "system32\\drivers\\acpi.sys",
        "power and devices",
    ),
    driver(
        "PCI",
        [BOOT; 3],
        "system32\\drivers\\pci.sys",
        "the bus of the devices",
    ),
    driver("Disk", [BOOT; 3], "system32\\drivers\\disk.sys", "disks"),
    driver(
        "PartMgr",
        [BOOT; 3],
        "system32\\drivers\\partmgr.sys",
        "partitions",
    ),
    driver(
        "Ftdisk",
        [BOOT, None, None],
        "system32\\drivers\\ftdisk.sys",
        "volumes",
    ),
    driver(
        "volmgr",
        [None, BOOT, BOOT],
        "system32\\drivers\\volmgr.sys",
        "volumes",
    ),
    driver(
        "MountMgr",
        [BOOT; 3],
        "system32\\drivers\\mountmgr.sys",
        "drive letters",
    ),
    driver(
        "VolSnap",
        [BOOT; 3],
        "system32\\drivers\\volsnap.sys",
        "shadow copies",
    ),
    driver(
        "KSecDD",
        [BOOT; 3],
        "system32\\drivers\\ksecdd.sys",
        "security of the kernel",
    ),
    driver(
        "CNG",
        [None, BOOT, BOOT],
        "system32\\drivers\\cng.sys",
        "encryption",
    ),
    driver(
        "Mup",
        [BOOT; 3],
        "system32\\drivers\\mup.sys",
        "network paths",
    ),
    driver(
        "NDIS",
        [BOOT; 3],
        "system32\\drivers\\ndis.sys",
        "network cards",
    ),
    driver(
        "FltMgr",
        [None, BOOT, BOOT],
        "system32\\drivers\\fltmgr.sys",
        "file filters",
    ),
    driver(
        "Wdf01000",
        [None, BOOT, BOOT],
        "system32\\drivers\\wdf01000.sys",
        "drivers",
    ),
    driver(
        "Tcpip",
        [Some(1), BOOT, BOOT],
        "system32\\drivers\\tcpip.sys",
        "the network",
    ),
    driver("RpcSs", [AUTO; 3], SVCHOST, "calls between programs"),
    driver(
        "DcomLaunch",
        [AUTO; 3],
        SVCHOST,
        "starting of other services",
    ),
    driver(
        "RpcEptMapper",
        [None, AUTO, AUTO],
        SVCHOST,
        "calls between programs",
    ),
    Service {
        name: "PlugPlay",
        start: [AUTO, AUTO, Some(3)],
        program: ["system32\\services.exe", SVCHOST, SVCHOST],
        purpose: "devices",
    },
    Service {
        name: "Eventlog",
        start: [AUTO; 3],
        program: ["system32\\services.exe", SVCHOST, SVCHOST],
        purpose: "event logs",
    },
    driver("SamSs", [AUTO; 3], LSASS, "accounts"),
    driver("CryptSvc", [AUTO; 3], SVCHOST, "signatures of files"),
    driver("Power", [None, AUTO, AUTO], SVCHOST, "power"),
    driver("ProfSvc", [None, AUTO, AUTO], SVCHOST, "profiles of users"),
    driver(
        "BFE",
        [None, AUTO, AUTO],
        SVCHOST,
        "filtering of the network",
    ),
];

/// Returns what differs from how Windows comes; `None` if there is no table for this family.
pub(super) fn find_changed_services(
    system: &Hive,
    family: Option<&str>,
    windows_folder: &str,
) -> Result<Option<Vec<ChangedService>>, HiveError> {
    let Some(column) = FAMILIES.iter().position(|known| Some(*known) == family) else {
        return Ok(None);
    };
    let set = current_control_set(system)?;
    let mut changed = Vec::new();
    for service in ALL_SERVICES {
        let (Some(Some(start)), Some(program)) =
            (service.start.get(column), service.program.get(column))
        else {
            continue;
        };
        let mut note = |what: &str, found: String, expected: String| {
            changed.push(ChangedService {
                name: service.name.into(),
                what: what.into(),
                found: Line::clean(&found),
                expected: Line::clean(&expected),
                purpose: service.purpose.into(),
            });
        };
        let Some(key) = system.key(&service_key(&set, service.name))? else {
            note("service", "not there".into(), format!("start {start}"));
            continue;
        };
        match key.number("Start")? {
            Some(found) if found == *start => {}
            Some(found) => note("start", describe_start(found), describe_start(*start)),
            None => note("start", "no value".into(), describe_start(*start)),
        }
        let image = key.text("ImagePath")?;
        // Without a path the kernel takes the driver of that name from its folder.
        let by_name = format!(
            "system32\\drivers\\{}.sys",
            service.name.to_ascii_lowercase()
        );
        let found = image
            .as_deref()
            .map_or(by_name, |image| find_program(image, windows_folder));
        if found != *program {
            let found = image.unwrap_or_else(|| "no value".into());
            note("image-path", found, (*program).to_owned());
        }
    }
    Ok(Some(changed))
}

/// Names of the starts. Source: winnt.h, `SERVICE_BOOT_START` to `SERVICE_DISABLED`.
fn describe_start(start: u32) -> String {
    let word = match start {
        0 => "boot",
        1 => "system",
        2 => "automatic",
        3 => "manual",
        4 => "disabled",
        _ => "unknown",
    };
    format!("{start} ({word})")
}

/// Returns the program of an image path below the Windows folder, in small letters and without its
/// arguments; a path elsewhere as it is.
fn find_program(image: &str, windows_folder: &str) -> String {
    let image = image.trim().to_lowercase();
    let path = match image.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default(),
        // None of the paths in the table has a space in it.
        None => image.split(' ').next().unwrap_or_default(),
    };
    let folder = windows_folder.to_lowercase();
    let path = path.strip_prefix("\\??\\").unwrap_or(path);
    let below = ["%systemroot%\\", "%windir%\\", "\\systemroot\\"]
        .into_iter()
        .find_map(|start| path.strip_prefix(start));
    let on_drive = || {
        let rest = path.get(2..).filter(|_| path.get(1..2) == Some(":"))?;
        rest.strip_prefix(&folder)?.strip_prefix('\\')
    };
    let program = below.or_else(on_drive).unwrap_or(path);
    let file = program.rsplit('\\').next().unwrap_or_default();
    match file.contains('.') {
        true => program.to_owned(),
        // Windows adds it: XP says `svchost -k rpcss`.
        false => format!("{program}.exe"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hive::fixture::real_hive;
    use crate::screen::words::terms::is_term;
    use regf::writer::HiveBuilder;

    fn made(family: usize) -> Hive {
        let mut builder = HiveBuilder::new().unwrap();
        for service in ALL_SERVICES {
            if let Some(start) = service.start[family] {
                let key = format!("ControlSet001\\Services\\{}", service.name);
                builder.create_key(&key).unwrap();
                builder.add_value_dword(&key, Some("Start"), start).unwrap();
                let image = format!("%SystemRoot%\\{} -k x", service.program[family]);
                let name = Some("ImagePath");
                builder.add_value_string(&key, name, &image).unwrap();
            }
        }
        Hive::parse(builder.to_bytes().unwrap()).unwrap()
    }

    fn changes(hive: &Hive, family: &str) -> Vec<String> {
        let found = find_changed_services(hive, Some(family), "\\WINDOWS").unwrap();
        let words = |one: ChangedService| {
            format!(
                "{} {}: {}, expected {}",
                one.name, one.what, one.found, one.expected
            )
        };
        found.unwrap().into_iter().map(words).collect()
    }

    #[test]
    fn windows_as_it_comes_has_no_changed_service() {
        for (hive, family) in [("SYSTEM", "7"), ("SYSTEM_WIN_10_1709", "10")] {
            let Some(bytes) = real_hive(hive) else { return };
            let hive = Hive::parse(bytes).unwrap();
            assert_eq!(changes(&hive, family), Vec::<String>::new(), "{family}");
        }
    }

    /// That hive has a damaged bin, so a service may be unreadable; what can be read must fit.
    #[test]
    fn a_real_windows_xp_has_what_the_table_says() {
        let Some(bytes) = real_hive("corrupted_system_hive") else {
            return;
        };
        let hive = Hive::parse(bytes).unwrap();
        let set = current_control_set(&hive).unwrap();
        let mut seen = 0;
        for service in ALL_SERVICES {
            let key = hive.key(&service_key(&set, service.name));
            let (Some(start), Ok(Some(key))) = (service.start[0], key) else {
                continue;
            };
            assert_eq!(
                key.number("Start").unwrap(),
                Some(start),
                "{}",
                service.name
            );
            if let Some(image) = key.text("ImagePath").unwrap() {
                let program = find_program(&image, "\\WINDOWS");
                assert_eq!(program, service.program[0], "{}", service.name);
            }
            seen += 1;
        }
        assert!(seen > 10, "{seen} services were read");
    }

    #[test]
    fn a_disabled_a_moved_and_a_missing_service_are_told() {
        let mut builder = HiveBuilder::new().unwrap();
        let key = "ControlSet001\\Services\\RpcSs";
        builder.create_key(key).unwrap();
        builder.add_value_dword(key, Some("Start"), 4).unwrap();
        let image = "C:\\WINDOWS\\Temp\\svchost.exe -k rpcss";
        builder
            .add_value_string(key, Some("ImagePath"), image)
            .unwrap();
        let hive = Hive::parse(builder.to_bytes().unwrap()).unwrap();
        let found = changes(&hive, "xp");
        let about = |name: &str| -> Vec<&String> {
            found.iter().filter(|line| line.starts_with(name)).collect()
        };
        assert_eq!(
            about("RpcSs"),
            [
                "RpcSs start: 4 (disabled), expected 2 (automatic)",
                "RpcSs image-path: C:\\WINDOWS\\Temp\\svchost.exe -k rpcss, expected \
                 system32\\svchost.exe"
            ]
        );
        assert_eq!(about("Disk"), ["Disk service: not there, expected start 0"]);
    }

    #[test]
    fn a_windows_without_a_table_is_not_judged() {
        let hive = made(1);
        assert!(changes(&hive, "7").is_empty());
        for family in [None, Some("2003"), Some("11")] {
            let found = find_changed_services(&hive, family, "\\WINDOWS").unwrap();
            assert!(found.is_none(), "{family:?}");
        }
    }

    #[test]
    fn programs_are_found_whatever_way_the_path_is_written() {
        for (image, expect) in [
            ("%SystemRoot%\\system32\\svchost -k rpcss", SVCHOST),
            ("\\SystemRoot\\System32\\SVCHOST.EXE", SVCHOST),
            ("\\??\\C:\\WINDOWS\\system32\\svchost.exe", SVCHOST),
            ("\"c:\\windows\\system32\\svchost.exe\" -k x", SVCHOST),
            ("system32\\DRIVERS\\disk.sys", "system32\\drivers\\disk.sys"),
            ("C:\\Windows2\\svchost.exe", "c:\\windows2\\svchost.exe"),
            ("", ".exe"),
            ("é", "é.exe"),
        ] {
            assert_eq!(find_program(image, "\\WINDOWS"), expect, "{image}");
        }
    }

    #[test]
    fn no_service_is_there_twice_and_every_column_is_used() {
        let mut names: Vec<_> = ALL_SERVICES
            .iter()
            .map(|service| service.name.to_lowercase())
            .collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), ALL_SERVICES.len());
        for column in 0..FAMILIES.len() {
            let known = ALL_SERVICES
                .iter()
                .filter(|service| service.start[column].is_some());
            assert!(known.count() > 10);
        }
    }

    #[test]
    fn what_is_said_of_a_service_is_said_in_every_language() {
        for service in ALL_SERVICES {
            assert!(is_term(service.purpose), "{}", service.purpose);
        }
        for start in 0..6 {
            let text = describe_start(start);
            let word = text.split(['(', ')']).nth(1).unwrap();
            assert!(is_term(word), "{word}");
        }
    }
}
