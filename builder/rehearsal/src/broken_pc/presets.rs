//! The cases of the handbook, by name.

use crate::error::{Context, Result};

use super::extras::{CHANNEL_FILE_PUBLISHED, CHANNEL_FILE_WITHDRAWN};
use super::{
    Extra, FileState, FileSystem, Language, PartitionTable, PcSpec, VolumeState, WindowsKind,
    WindowsSpec, channel_file,
};

/// A preset: its name on the command line, what it is, and how it is made.
pub struct Preset {
    /// Name in kebab case.
    pub name: &'static str,
    /// What a technician would find.
    pub about: &'static str,
    /// Makes the specification.
    pub spec: fn() -> PcSpec,
}

/// The cases of the handbook.
pub const ALL_PRESETS: [Preset; 24] = [
    Preset {
        name: "xp-mcafee-5958-missing",
        about: "XP SP3, DAT 5958, svchost.exe is missing",
        spec: || PcSpec::of(WindowsSpec::xp_mcafee_5958()),
    },
    Preset {
        name: "xp-mcafee-5958-empty",
        about: "XP SP3, DAT 5958, svchost.exe has 0 bytes",
        spec: || svchost_is(FileState::Empty),
    },
    Preset {
        name: "xp-mcafee-5958-intact",
        about: "XP SP3, DAT 5958, svchost.exe still there: harm to come",
        spec: || svchost_is(FileState::Good),
    },
    Preset {
        name: "xp-mcafee-5958-no-dllcache",
        about: "as missing, and dllcache was emptied too; ServicePackFiles is good",
        spec: || copies_are(FileState::Missing, FileState::Good),
    },
    Preset {
        name: "xp-mcafee-5958-bad-copies",
        about: "as missing, and the copies are patched and of SP2: nothing to restore from",
        spec: || copies_are(FileState::Patched, FileState::WrongServicePack),
    },
    Preset {
        name: "xp-mcafee-5958-only-quarantine",
        about: "as missing, both copies gone; McAfee's quarantine has the file",
        spec: || only_has(|windows| windows.quarantine = FileState::Good),
    },
    Preset {
        name: "xp-mcafee-5958-only-installation-source",
        about: "as missing, both copies gone; C:\\i386 has it compressed",
        spec: || only_has(|windows| windows.installation_source = FileState::Good),
    },
    Preset {
        name: "xp-mcafee-5958-source-on-d",
        about: "as missing, both copies gone; D:\\i386, which C: was installed from, has it compressed",
        spec: source_on_d,
    },
    Preset {
        name: "xp-mcafee-5958-on-d",
        about: "as missing, on drive D; the PC starts from drive C, which has no Windows",
        spec: || PcSpec {
            boot_volume: true,
            ..PcSpec::of(WindowsSpec::xp_mcafee_5958())
        },
    },
    Preset {
        name: "healthy-xp-sp2",
        about: "XP SP2 with DAT 5958, which harms SP3 only",
        spec: || {
            changed(|windows| {
                windows.kind = WindowsKind::XpSp2;
                windows.svchost = FileState::Good;
            })
        },
    },
    Preset {
        name: "healthy-xp-dat-5959",
        about: "XP SP3 that already has DAT 5959",
        spec: || {
            changed(|windows| {
                windows.dat = Some(5959);
                windows.svchost = FileState::Good;
            })
        },
    },
    Preset {
        name: "healthy-xp-no-mcafee",
        about: "XP SP3 without McAfee",
        spec: || {
            changed(|windows| {
                windows.dat = None;
                windows.svchost = FileState::Good;
            })
        },
    },
    Preset {
        name: "two-windows-on-one-disk",
        about: "C: XP SP3 harmed, D: XP SP2 in French healthy",
        spec: two_windows,
    },
    Preset {
        name: "windows-7",
        about: "Windows 7 SP1 x64 with DAT 5959, healthy",
        spec: windows_7,
    },
    Preset {
        name: "windows-7-gpt",
        about: "the same behind a GUID partition table",
        spec: || PcSpec {
            table: PartitionTable::Gpt,
            ..windows_7()
        },
    },
    Preset {
        name: "windows-10-crowdstrike-291",
        about: "C: and D: Windows 10 behind an EFI partition, each with the bad channel file 291",
        spec: windows_10_crowdstrike_291,
    },
    Preset {
        name: "xp-french",
        about: "as missing, in French",
        spec: || changed(|windows| windows.language = Language::French),
    },
    Preset {
        name: "xp-german",
        about: "as missing, in German: Program Files is Programme",
        spec: || changed(|windows| windows.language = Language::German),
    },
    Preset {
        name: "xp-japanese",
        about: "as missing, in Japanese",
        spec: || changed(|windows| windows.language = Language::Japanese),
    },
    Preset {
        name: "xp-fat32",
        about: "as missing, on FAT32",
        spec: || PcSpec {
            file_system: FileSystem::Fat32,
            ..PcSpec::of(WindowsSpec::xp_mcafee_5958())
        },
    },
    Preset {
        name: "xp-hibernated",
        about: "as missing, hibernated: must be left alone",
        spec: || volume_is(VolumeState::Hibernated),
    },
    Preset {
        name: "xp-dirty",
        about: "as missing, on a volume that wants chkdsk",
        spec: || volume_is(VolumeState::Dirty),
    },
    Preset {
        name: "xp-unclean-log",
        about: "as missing, on a volume whose journal was not closed",
        spec: || volume_is(VolumeState::UncleanLog),
    },
    Preset {
        name: "xp-dirty-hives",
        about: "as missing, with hives whose last write was not finished",
        spec: || changed(|windows| windows.dirty_hives = true),
    },
];

/// Returns the specification of a preset.
pub fn preset(name: &str) -> Result<PcSpec> {
    let found = ALL_PRESETS.iter().find(|preset| preset.name == name);
    let known = || {
        let names: Vec<_> = ALL_PRESETS.iter().map(|preset| preset.name).collect();
        format!(
            "preset {name:?}: not known, expected one of {}",
            names.join(", ")
        )
    };
    Ok((found.with_context(known)?.spec)())
}

fn changed(change: impl FnOnce(&mut WindowsSpec)) -> PcSpec {
    let mut windows = WindowsSpec::xp_mcafee_5958();
    change(&mut windows);
    PcSpec::of(windows)
}

fn svchost_is(state: FileState) -> PcSpec {
    changed(|windows| windows.svchost = state)
}

fn copies_are(dllcache: FileState, service_pack_files: FileState) -> PcSpec {
    changed(|windows| {
        windows.dllcache = dllcache;
        windows.service_pack_files = service_pack_files;
    })
}

fn only_has(change: impl FnOnce(&mut WindowsSpec)) -> PcSpec {
    changed(|windows| {
        windows.dllcache = FileState::Missing;
        windows.service_pack_files = FileState::Missing;
        change(windows);
    })
}

fn volume_is(volume_state: VolumeState) -> PcSpec {
    PcSpec {
        volume_state,
        ..PcSpec::of(WindowsSpec::xp_mcafee_5958())
    }
}

fn windows_7() -> PcSpec {
    changed(|windows| {
        windows.kind = WindowsKind::Windows7;
        windows.dat = Some(5959);
        windows.svchost = FileState::Good;
        windows.computer_name = "LATITUDE-7".to_owned();
    })
}

/// Two Windows 10, each with the bad channel file and with good ones from before and after.
fn windows_10_crowdstrike_291() -> PcSpec {
    let windows = |computer: &str, channel_files: Vec<Extra>| WindowsSpec {
        kind: WindowsKind::Windows10,
        dat: None,
        svchost: FileState::Good,
        computer_name: computer.to_owned(),
        extras: channel_files,
        ..WindowsSpec::xp_mcafee_5958()
    };
    let first = vec![
        channel_file("C-00000291-00000000-00000032.sys", CHANNEL_FILE_PUBLISHED),
        channel_file(
            "C-00000291-00000000-00000031.sys",
            CHANNEL_FILE_PUBLISHED - 86_400,
        ),
        channel_file("C-00000291-00000000-00000033.sys", CHANNEL_FILE_WITHDRAWN),
        channel_file("C-00000285-00000000-00000012.sys", CHANNEL_FILE_PUBLISHED),
    ];
    // The last second in which it was handed out.
    let second = vec![
        channel_file(
            "C-00000291-00000000-00000032.sys",
            CHANNEL_FILE_WITHDRAWN - 1,
        ),
        channel_file(
            "C-00000291-00000000-00000033.sys",
            CHANNEL_FILE_WITHDRAWN + 600,
        ),
    ];
    PcSpec {
        table: PartitionTable::Gpt,
        boot_volume: true,
        installations: vec![
            windows("RECEPTION-10", first),
            windows("RECEPTION-10B", second),
        ],
        ..PcSpec::of(windows("RECEPTION-10", Vec::new()))
    }
}

fn source_on_d() -> PcSpec {
    let first = WindowsSpec {
        dllcache: FileState::Missing,
        service_pack_files: FileState::Missing,
        ..WindowsSpec::xp_mcafee_5958()
    };
    let second = WindowsSpec {
        computer_name: "SPARE-D".to_owned(),
        dat: None,
        svchost: FileState::Good,
        installation_source: FileState::Good,
        ..WindowsSpec::xp_mcafee_5958()
    };
    PcSpec {
        installations: vec![first, second],
        ..PcSpec::of(WindowsSpec::xp_mcafee_5958())
    }
}

fn two_windows() -> PcSpec {
    let healthy = WindowsSpec {
        kind: WindowsKind::XpSp2,
        language: Language::French,
        computer_name: "ATELIER-2".to_owned(),
        svchost: FileState::Good,
        ..WindowsSpec::xp_mcafee_5958()
    };
    PcSpec {
        installations: vec![WindowsSpec::xp_mcafee_5958(), healthy],
        ..PcSpec::of(WindowsSpec::xp_mcafee_5958())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        let names: std::collections::BTreeSet<_> =
            ALL_PRESETS.iter().map(|preset| preset.name).collect();
        assert_eq!(names.len(), ALL_PRESETS.len());
        assert_eq!(
            preset("xp-french").unwrap().installations[0].language,
            Language::French
        );
        let refused = preset("xp-klingon").unwrap_err().to_string();
        assert!(
            refused.starts_with("preset \"xp-klingon\": not known"),
            "{refused}"
        );
    }
}
