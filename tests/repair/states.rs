//! Every state in which a volume may be met: repaired, or refused with what to do; never made worse.

use anyhow::{Context as _, Result, anyhow, ensure};
use support::afflict::{
    add_hibernation_file, add_name, change_files, compress, fill, make_sparse, overwrite,
    replace_by_junction, replace_by_link, reserve_hibernation_file, scramble,
};
use support::broken_pc::{PcSpec, mark_dirty, preset};
use support::inspect::verdict;
use support::judges;
use support::kit::KitSpec;
use support::patient::{Outcome, Patient, StickFolder, require_patients};
use support::tools::require_tools;

/// What becomes of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Becomes {
    /// The host calls it repaired, and sound.
    Repaired,
    /// Not one bit of it changes.
    Untouched,
}
use Becomes::{Repaired, Untouched};

/// A state, and what a repair of it must come to.
struct State {
    name: &'static str,
    /// Preset of the PC before the state is put on.
    preset: &'static str,
    /// Bytes of a sector.
    sector_length: u64,
    /// What lies at the start of the volume instead of a file system, amid noise.
    mark: Option<(u64, &'static [u8])>,
    /// Puts the state on.
    afflict: fn(&Patient) -> Result<()>,
    /// Whether somebody is asked, and says yes.
    is_asked: bool,
    code: u8,
    /// What must be said.
    says: &'static [&'static str],
    becomes: Becomes,
    /// What else must hold afterwards.
    check: fn(&Patient) -> Result<()>,
}

const MISSING: &str = "xp-mcafee-5958-missing";
const EMPTY: &str = "xp-mcafee-5958-empty";
const SVCHOST: &str = "WINDOWS/system32/svchost.exe";
const COMMON: &str = "Program Files/Common Files";

const PLAIN: State = State {
    name: "clean",
    preset: MISSING,
    sector_length: 512,
    mark: None,
    afflict: |_| Ok(()),
    is_asked: false,
    code: 0,
    says: &["take the stick out"],
    becomes: Repaired,
    check: |patient| is_dirty(patient, false),
};

const STATES: &[State] = &[
    PLAIN,
    State {
        name: "dirty flag",
        preset: "xp-dirty",
        check: |patient| is_dirty(patient, true),
        ..PLAIN
    },
    State {
        name: "unclean $LogFile, nobody asked",
        preset: "xp-unclean-log",
        code: 1,
        says: &["not shut down cleanly", "start from a stick that asks"],
        becomes: Untouched,
        ..PLAIN
    },
    State {
        name: "unclean $LogFile, accepted",
        preset: "xp-unclean-log",
        is_asked: true,
        says: &["not shut down cleanly", "will be dropped"],
        check: |patient| is_dirty(patient, true),
        ..PLAIN
    },
    State {
        name: "unclean $LogFile and dirty flag, accepted",
        preset: "xp-unclean-log",
        afflict: |patient| Ok(mark_dirty(patient.volume().path())?),
        is_asked: true,
        check: |patient| is_dirty(patient, true),
        ..PLAIN
    },
    hibernated("hibernated, XP", "xp-hibernated", |_| Ok(())),
    hibernated("hibernated, Windows 8 and later", MISSING, |patient| {
        add_hibernation_file(patient.volume().path(), b"HIBR")
    }),
    hibernated("hibernated, read in part", MISSING, |patient| {
        add_hibernation_file(patient.volume().path(), b"RSTR")
    }),
    State {
        name: "woken from hibernation",
        afflict: |patient| add_hibernation_file(patient.volume().path(), b"WAKE"),
        ..PLAIN
    },
    State {
        name: "woken from hibernation, XP",
        afflict: |patient| add_hibernation_file(patient.volume().path(), b"wake"),
        ..PLAIN
    },
    State {
        name: "emptied hiberfil.sys",
        afflict: |patient| add_hibernation_file(patient.volume().path(), &[0; 8]),
        ..PLAIN
    },
    State {
        name: "hiberfil.sys that was never written, over the clusters of a former one",
        afflict: |patient| reserve_hibernation_file(patient.volume().path(), b"hibr"),
        ..PLAIN
    },
    hibernated(
        "used by a Windows that sleeps elsewhere",
        MISSING,
        |patient| {
            change_files(patient.volume().path(), |root| {
                Ok(fs_err::write(root.join("hiberfil.sys"), [0; 100])?)
            })
        },
    ),
    encrypted("TrueCrypt", 6, b"TrueCrypt Boot Loader"),
    encrypted("VeraCrypt", 6, b"VeraCrypt Boot Loader"),
    encrypted("PGP", 3, b"PGPGUARD"),
    encrypted("McAfee Endpoint Encryption", 3, b"SafeBoot"),
    encrypted("Sophos SafeGuard", 119, b"SGM400"),
    encrypted("GuardianEdge", 6, b"PCGM"),
    encrypted("Check Point", 90, b"Protect"),
    encrypted("SecureDoc", 246, b"WMSD"),
    State {
        name: "LUKS",
        says: &["LUKS", "left alone", "no Windows was found"],
        ..foreign(0, b"LUKS\xba\xbe")
    },
    State {
        name: "Linux LVM",
        says: &["no Windows was found"],
        ..foreign(512, b"LABELONE")
    },
    State {
        name: "ReFS",
        says: &["no Windows was found"],
        ..foreign(3, b"ReFS\0\0\0\0")
    },
    State {
        name: "BitLocker",
        says: &["locked-volume", "BitLocker", "recovery key"],
        ..foreign(3, b"-FVE-FS-")
    },
    State {
        name: "sectors of 4096 bytes",
        sector_length: 4096,
        ..PLAIN
    },
    State {
        name: "sectors of 4096 bytes and dirty flag",
        preset: "xp-dirty",
        sector_length: 4096,
        check: |patient| is_dirty(patient, true),
        ..PLAIN
    },
    State {
        name: "full disk",
        afflict: |patient| fill(patient.volume().path(), 0),
        code: 1,
        says: &[
            "the volume is full: 0 bytes are free",
            "nothing was written",
        ],
        becomes: Untouched,
        ..PLAIN
    },
    State {
        name: "nearly full disk",
        afflict: |patient| fill(patient.volume().path(), 64 << 10),
        code: 1,
        says: &[
            "the volume is full",
            "delete or move something off it",
            "nothing was written",
        ],
        becomes: Untouched,
        ..PLAIN
    },
    State {
        name: "compressed definitions",
        afflict: |patient| compress(patient.volume().path(), &dat()),
        ..PLAIN
    },
    State {
        name: "compressed copy to restore from",
        afflict: |patient| {
            compress(
                patient.volume().path(),
                "WINDOWS/system32/dllcache/svchost.exe",
            )
        },
        ..PLAIN
    },
    State {
        name: "sparse definitions",
        afflict: |patient| make_sparse(patient.volume().path(), &dat()),
        ..PLAIN
    },
    State {
        name: "second name of the broken file",
        preset: EMPTY,
        afflict: |patient| add_name(patient.volume().path(), SVCHOST, "WINDOWS/second.exe"),
        check: |patient| {
            let second = patient.volume().read("WINDOWS/second.exe")?;
            ensure!(second == Some(Vec::new()), "the other name was changed");
            Ok(())
        },
        ..PLAIN
    },
    State {
        name: "junction to elsewhere on the volume",
        afflict: |patient| {
            replace_by_junction(
                patient.volume().path(),
                COMMON,
                "Elsewhere",
                "\\??\\C:\\Elsewhere",
            )
        },
        code: 1,
        says: &["junction"],
        becomes: Untouched,
        ..PLAIN
    },
    State {
        name: "junction to another drive",
        afflict: |patient| {
            replace_by_junction(
                patient.volume().path(),
                COMMON,
                "Elsewhere",
                "\\??\\D:\\Elsewhere",
            )
        },
        code: 1,
        says: &["junction"],
        becomes: Untouched,
        ..PLAIN
    },
    State {
        name: "link to itself",
        afflict: |patient| {
            replace_by_link(patient.volume().path(), COMMON, "Elsewhere", "Common Files")
        },
        code: 1,
        says: &["junction"],
        becomes: Untouched,
        ..PLAIN
    },
    State {
        name: "link out of the volume",
        afflict: |patient| {
            replace_by_link(
                patient.volume().path(),
                COMMON,
                "Elsewhere",
                "..\\..\\..\\..\\etc",
            )
        },
        code: 1,
        says: &["junction"],
        becomes: Untouched,
        ..PLAIN
    },
    State {
        name: "junction instead of system32",
        afflict: |patient| {
            let target = "\\??\\C:\\Elsewhere";
            replace_by_junction(
                patient.volume().path(),
                "WINDOWS/system32",
                "Elsewhere",
                target,
            )
        },
        code: 1,
        says: &["junction"],
        becomes: Untouched,
        ..PLAIN
    },
    State {
        name: "other case",
        preset: EMPTY,
        afflict: |patient| {
            change_files(patient.volume().path(), |root| {
                let folder = root.join("WINDOWS/system32");
                Ok(fs_err::rename(
                    folder.join("svchost.exe"),
                    folder.join("SVCHOST.EXE"),
                )?)
            })
        },
        check: |patient| {
            let names = patient.volume().list("windows/system32")?;
            ensure!(
                names.iter().any(|name| name.name == "SVCHOST.EXE"),
                "other spelling"
            );
            Ok(())
        },
        ..PLAIN
    },
    State {
        name: "twin names",
        preset: EMPTY,
        afflict: |patient| {
            change_files(patient.volume().path(), |root| {
                Ok(fs_err::write(
                    root.join("WINDOWS/system32/SVCHOST.EXE"),
                    b"twin",
                )?)
            })
        },
        code: 1,
        says: &["differ only by case"],
        becomes: Untouched,
        ..PLAIN
    },
];

/// A volume that begins with noise and a mark.
const fn foreign(offset: u64, mark: &'static [u8]) -> State {
    State {
        mark: Some((offset, mark)),
        code: 1,
        becomes: Untouched,
        check: |_| Ok(()),
        ..PLAIN
    }
}

const fn encrypted(name: &'static str, offset: u64, mark: &'static [u8]) -> State {
    State {
        name,
        says: &[
            "locked-volume",
            "encrypted by",
            "that product's own recovery medium",
        ],
        ..foreign(offset, mark)
    }
}

const fn hibernated(
    name: &'static str,
    preset: &'static str,
    afflict: fn(&Patient) -> Result<()>,
) -> State {
    State {
        name,
        preset,
        afflict,
        code: 3,
        says: &["hibernated", "shut it down"],
        becomes: Untouched,
        ..PLAIN
    }
}

fn dat() -> String {
    format!("{COMMON}/McAfee/Engine/avvscan.dat")
}

fn is_dirty(patient: &Patient, expected: bool) -> Result<()> {
    let info = judges::ntfsinfo(patient.volume().path())?;
    let found = info.contains("DIRTY");
    ensure!(found == expected, "dirty flag is {found}\n{info}");
    Ok(())
}

#[test]
fn every_state_is_repaired_or_refused_with_what_to_do() -> Result<()> {
    if !require_patients() || !require_tools(&["ntfssecaudit", "ntfsinfo", "ntfsfix"]) {
        return Ok(());
    }
    let stick = StickFolder::build(&KitSpec::default())?;
    let mut wrong = Vec::new();
    for state in STATES {
        if let Err(error) = check(state, &stick) {
            wrong.push(format!("{}: {error:#}", state.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    Ok(())
}

fn check(state: &State, stick: &StickFolder) -> Result<()> {
    let spec = PcSpec {
        sector_length: state.sector_length,
        ..preset(state.preset)?
    };
    let patient = Patient::make(&spec)?;
    if let Some((offset, mark)) = state.mark {
        scramble(patient.volume().path(), 0)?;
        overwrite(patient.volume().path(), offset, mark)?;
    }
    (state.afflict)(&patient).context("putting the state on")?;
    let before = patient.digest()?;
    let (words, answers): (&[&str], _) = match state.is_asked {
        true => (&["repair"], "y\n"),
        false => (&["repair", "--yes"], ""),
    };
    let done = patient.mend_answering(words, stick, answers)?;
    let checked = check_outcome(state, &patient, &done, &before);
    checked.map_err(|error| anyhow!("{error:#}\n{}", done.text))
}

fn check_outcome(state: &State, patient: &Patient, done: &Outcome, before: &str) -> Result<()> {
    ensure!(done.code == state.code, "exit code {}", done.code);
    for phrase in state.says {
        ensure!(done.text.contains(phrase), "{phrase:?} is not said");
    }
    match state.becomes {
        Untouched => ensure!(patient.digest()? == before, "the volume was written to"),
        Repaired => {
            let found = verdict(patient.volume())?;
            ensure!(found.repaired, "{found:?}");
            patient.volume().is_sound()?;
        }
    }
    (state.check)(patient)
}
