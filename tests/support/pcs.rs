//! The simulated PCs themselves, judged by other people's tools.

use fs_err as fs;

use crate::broken_pc::{
    ALL_PRESETS, FileState, Language, MadeDisk, NtfsMount, WindowsKind, WindowsSpec, make_disk,
    make_folder, preset,
};
use crate::inspect::{Volume, verdicts, volumes};
use crate::judges::{self, hive_value};
use crate::tools::{require_ntfs, require_tools, run, sha256_hex};

/// Makes the disk of a preset in a folder that goes away with the first part of the result.
fn made(name: &str) -> (tempfile::TempDir, MadeDisk) {
    let folder = tempfile::tempdir().unwrap();
    let disk = make_disk(&preset(name).unwrap(), &folder.path().join("pc.img")).unwrap();
    (folder, disk)
}

#[test]
fn every_preset_is_a_disk_whose_files_the_host_reads() {
    if !require_ntfs() || !require_tools(&["sfdisk", "mcopy", "mkfs.fat"]) {
        return;
    }
    for preset in &ALL_PRESETS {
        let (_folder, disk) = made(preset.name);
        judges::sfdisk_accepts(&disk.path).unwrap();
        let mut read = volumes(&disk.path).unwrap();
        if (preset.spec)().boot_volume {
            let boot = read.remove(0);
            assert_eq!(boot.find("Windows").unwrap(), None);
            boot.is_sound().unwrap();
        }
        assert_eq!(read.len(), disk.volumes.len(), "{}", preset.name);
        for (volume, made) in read.iter().zip(&disk.volumes) {
            assert_eq!(volume.offset, made.offset);
            let path = made.windows.svchost_path();
            let expected = match made.windows.svchost {
                FileState::Good => Some(made.good_svchost_sha256.clone()),
                FileState::Empty => Some(sha256_hex(b"")),
                _ => None,
            };
            assert_eq!(volume.sha256(&path).unwrap(), expected, "{}", preset.name);
        }
    }
}

#[test]
fn judges_find_nothing_wrong_and_every_file_is_there() {
    if !require_ntfs() || !require_tools(&["sfdisk", "mcopy", "mkfs.fat", "fsck.fat"]) {
        return;
    }
    for name in ["xp-japanese", "xp-fat32"] {
        let (_folder, disk) = made(name);
        let made = &disk.volumes[0];
        let volume = Volume::of(&disk.path, made).unwrap();
        volume.is_sound().unwrap();
        assert!(made.files.len() > 100, "{}", made.files.len());
        // Reading all of them takes a process each; every fifth will do, and the odd names.
        for (path, sha256) in made.files.iter().step_by(5) {
            assert_eq!(
                volume.sha256(path).unwrap().as_ref(),
                Some(sha256),
                "{path}"
            );
        }
        let listed = volume.list("documents and settings/all users").unwrap();
        let start_menu = if name == "xp-japanese" {
            "スタート メニュー"
        } else {
            "Start Menu"
        };
        assert!(
            listed
                .iter()
                .any(|found| found.is_folder && found.name == start_menu)
        );
    }
}

#[test]
fn gpt_disk_is_accepted_by_sgdisk() {
    if !require_ntfs() || !require_tools(&["sgdisk", "sfdisk"]) {
        return;
    }
    let (_folder, disk) = made("windows-7-gpt");
    judges::sgdisk_accepts(&disk.path).unwrap();
    Volume::of(&disk.path, &disk.volumes[0])
        .unwrap()
        .is_sound()
        .unwrap();
}

#[test]
fn windows_folder_hands_its_descriptor_down_as_windows_does() {
    if !require_ntfs() || !require_tools(&["sfdisk"]) {
        return;
    }
    let (_folder, disk) = made("xp-mcafee-5958-intact");
    let volume = Volume::of(&disk.path, &disk.volumes[0]).unwrap();
    let svchost = volume.security("WINDOWS/system32/svchost.exe").unwrap();
    assert_eq!(svchost.short_name, b"SVCHOST.EXE");
    // Self-relative, with a discretionary ACL; ntfs-3g sets no more in the control word.
    assert_eq!(svchost.descriptor[2..4], 0x8004_u16.to_le_bytes());
    let acl = u32::from_le_bytes(svchost.descriptor[16..20].try_into().unwrap());
    let acl = &svchost.descriptor[usize::try_from(acl).unwrap()..];
    // First entry: users may read and execute, handed down from C:\\WINDOWS.
    assert_eq!(
        acl[8..16],
        [0, 0, 0x18, 0, 0xa9, 0, 0x12, 0],
        "{:02x?}",
        svchost.descriptor
    );
    let administrators = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0];
    assert!(
        svchost
            .descriptor
            .windows(16)
            .any(|sid| sid == administrators)
    );
    let cache = volume.security("WINDOWS/system32/dllcache").unwrap();
    assert_eq!(cache.attributes[0] & 0x16, 0x16, "folder, hidden, system");
    let time = u64::from_le_bytes(svchost.times[8..16].try_into().unwrap());
    assert_eq!(time, (1_208_174_400 + 11_644_473_600) * 10_000_000);
}

#[test]
fn states_that_forbid_writing_are_what_ntfs_3g_sees() {
    if !require_ntfs() || !require_tools(&["sfdisk"]) {
        return;
    }
    let dirty = made("xp-dirty");
    let volume = Volume::of(&dirty.1.path, &dirty.1.volumes[0]).unwrap();
    let info = judges::ntfsinfo(volume.path()).unwrap();
    assert!(info.contains("Volume Flags: 0x0001 DIRTY"), "{info}");

    let hibernated = made("xp-hibernated");
    let volume = Volume::of(&hibernated.1.path, &hibernated.1.volumes[0]).unwrap();
    assert_eq!(&volume.read("hiberfil.sys").unwrap().unwrap()[..4], b"hibr");

    let clean = made("xp-mcafee-5958-missing");
    let unclean = made("xp-unclean-log");
    for (made, is_clean) in [(clean, true), (unclean, false)] {
        let volume = Volume::of(&made.1.path, &made.1.volumes[0]).unwrap();
        let said = run("ntfs-3g.probe", &["--readwrite".as_ref(), volume.path()]);
        assert_eq!(said.is_ok(), is_clean, "{said:?}");
    }
}

#[test]
fn host_calls_harmed_pcs_broken_and_healthy_ones_repaired() {
    if !require_ntfs() || !require_tools(&["sfdisk"]) {
        return;
    }
    let repaired = |name: &str| -> Vec<bool> {
        let (_folder, disk) = made(name);
        verdicts(&disk.path)
            .unwrap()
            .iter()
            .map(|verdict| verdict.repaired)
            .collect()
    };
    assert_eq!(repaired("xp-mcafee-5958-empty"), [false]);
    assert_eq!(repaired("xp-mcafee-5958-intact"), [false]);
    assert_eq!(repaired("healthy-xp-dat-5959"), [true]);
    assert_eq!(repaired("healthy-xp-no-mcafee"), [true]);
    assert_eq!(repaired("healthy-xp-sp2"), [true]);
    assert_eq!(repaired("two-windows-on-one-disk"), [false, true]);
    assert_eq!(repaired("windows-7"), [true]);
}

#[test]
fn fat32_disk_is_the_same_byte_for_byte() {
    if !require_tools(&["mcopy", "mkfs.fat", "mattrib"]) {
        return;
    }
    let disks = [made("xp-fat32"), made("xp-fat32")];
    let hashes = disks.map(|(_folder, disk)| sha256_hex(&fs::read(disk.path).unwrap()));
    assert_eq!(hashes[0], hashes[1]);
}

#[test]
fn what_is_no_volume_is_refused_and_nothing_stays_mounted() {
    if !require_ntfs() {
        return;
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(1 << 20).unwrap();
    let refused = NtfsMount::writable(file.path()).unwrap_err().to_string();
    assert!(refused.contains("before it mounted"), "{refused}");
}

/// Makes a Windows in a folder, and returns how one of its hives is asked.
fn judge(windows: &WindowsSpec, hive: &str) -> impl Fn(&str, &str) -> String + use<> {
    let folder = tempfile::tempdir().unwrap();
    make_folder(windows, folder.path()).unwrap();
    let file = folder
        .path()
        .join(windows.system_folder())
        .join("config")
        .join(hive);
    move |key, name| {
        // The folder lives as long as who asks.
        assert!(folder.path().exists());
        hive_value(&file, key, name).unwrap()
    }
}

#[test]
fn hivex_reads_what_makes_a_pc_affected() {
    if !require_tools(&["hivexget"]) {
        return;
    }
    let windows = WindowsSpec::xp_mcafee_5958();
    let software = judge(&windows, "software");
    let version = "Microsoft\\Windows NT\\CurrentVersion";
    assert_eq!(software(version, "CSDVersion"), "Service Pack 3");
    assert_eq!(software(version, "CurrentBuildNumber"), "2600");
    assert_eq!(
        software("McAfee\\AVEngine", "AVDatVersion"),
        "dword:00001746"
    );
    assert_eq!(
        software("McAfee\\AVEngine", "DAT"),
        "C:\\Program Files\\Common Files\\McAfee\\Engine\\"
    );
    let system = judge(&windows, "system");
    let name = "ControlSet001\\Control\\ComputerName\\ComputerName";
    assert_eq!(system(name, "ComputerName"), "OPTIPLEX-114");
    assert_eq!(
        system("ControlSet001\\Control\\Windows", "CSDVersion"),
        "dword:00000300"
    );
    assert_eq!(system("Select", "Current"), "dword:00000001");
    assert_eq!(
        system("MountedDevices", "\\DosDevices\\C:"),
        "hex(3):10,20,58,59,00,7e,00,00,00,00,00,00"
    );
}

#[test]
fn hivex_reads_the_localised_and_the_64_bit_keys() {
    if !require_tools(&["hivexget"]) {
        return;
    }
    let german = WindowsSpec {
        language: Language::German,
        ..WindowsSpec::xp_mcafee_5958()
    };
    let software = judge(&german, "software");
    assert_eq!(
        software("McAfee\\AVEngine", "DAT"),
        "C:\\Programme\\Common Files\\McAfee\\Engine\\"
    );
    let seven = WindowsSpec {
        kind: WindowsKind::Windows7,
        ..WindowsSpec::xp_mcafee_5958()
    };
    let software = judge(&seven, "SOFTWARE");
    assert_eq!(
        software("Wow6432Node\\McAfee\\AVEngine", "DAT"),
        "C:\\Program Files (x86)\\Common Files\\McAfee\\Engine\\"
    );
}
