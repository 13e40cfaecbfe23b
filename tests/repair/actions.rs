//! Every action of the remedy language in a whole run on NTFS: what the host's own tools find
//! afterwards, that a second run writes nothing, and that the journal brings the volume back.

use anyhow::{Context as _, Result, ensure};
use expect_test::{Expect, expect};
use support::broken_pc::{
    Extra, FileState, PcSpec, WindowsKind, WindowsSpec, preset, quarantine_container_of,
};
use support::inspect::Volume;
use support::judges::{hive_value, hivex_walks};
use support::kit::KitSpec;
use support::patient::{Patient, StickFolder, require_patients, text_of};
use support::tools::require_tools;

/// One PC with one remedy.
struct Row {
    /// What is shown.
    name: &'static str,
    /// The PC.
    pc: PcSpec,
    /// What the stick carries.
    stick: KitSpec,
    /// The plan as the person reads it, with KEPT for the folder of former files.
    plan: Expect,
    /// What the person is told when it is done, beside taking out the stick.
    told: &'static str,
    /// What the host finds; the text is the folder of former files.
    check: fn(&Patient, &str) -> Result<()>,
}

fn own(remedy: &str) -> KitSpec {
    KitSpec {
        remedies: Vec::new(),
        own_remedies: vec![remedy.to_owned()],
        ..KitSpec::default()
    }
}

fn pc(kind: WindowsKind, extras: Vec<Extra>) -> PcSpec {
    PcSpec::of(WindowsSpec {
        kind,
        dat: kind.is_xp().then_some(5959),
        svchost: FileState::Good,
        computer_name: "PC-1".to_owned(),
        extras,
        ..WindowsSpec::xp_mcafee_5958()
    })
}

fn file_of(time: u64, path: &str, content: &[u8]) -> Extra {
    Extra::File {
        path: path.to_owned(),
        content: content.to_vec(),
        time: Some(time),
    }
}

/// 20 September 2012, 00:00 UTC.
const IN_THE_WINDOW: u64 = 1_348_099_200;

fn removal_by_bytes_and_time() -> Row {
    let folder = "ProgramData/Sophos/Definitions";
    let good = [b"IDE\x01good".as_slice(), &[0; 2000]].concat();
    let bad = [b"IDE\x01\x8Fxuv".as_slice(), &[1; 2000]].concat();
    Row {
        name: "remove-file, guarded by bytes under a mask and by a time",
        pc: pc(
            WindowsKind::Windows7,
            vec![
                file_of(IN_THE_WINDOW, &format!("{folder}/agen-xuv.ide"), &bad),
                file_of(IN_THE_WINDOW, &format!("{folder}/agen-abc.ide"), &good),
                file_of(
                    IN_THE_WINDOW + 86_400,
                    &format!("{folder}/agen-new.ide"),
                    &bad,
                ),
                file_of(IN_THE_WINDOW, &format!("{folder}/javab-jd.ide"), &bad),
            ],
        ),
        stick: own(r#"
schema = 1
id = "sophos"
title = "One identity file takes every updater for malware"
[[when]]
glob = { path = '{program-data}\Sophos\Definitions\agen-*.ide' }
[[step]]
remove-file = '{program-data}\Sophos\Definitions\agen-*.ide'
[step.guard]
bytes = { offset = 4, hex = "80 78", mask = "F0 FF" }
modified = { from = 2012-09-19T18:48:00Z, before = 2012-09-20T12:00:00Z }
[[step]]
note = "once Windows runs, let Sophos update itself"
"#),
        plan: expect![[r#"
            installation \Windows on VOLUME  (Windows 7 Professional Service Pack 1 (6.1.7601))
            1 remove   \ProgramData\Sophos\Definitions\agen-xuv.ide
                       8F 78 at offset 4, written 2012-09-20 00:00:00 UTC
                       undo: put it back
            2 note     once Windows runs, let Sophos update itself
            former files and how to undo this are kept in \KEPT
            nothing else will be written
        "#]],
        told: "once Windows runs, let Sophos update itself",
        check: |patient, kept| {
            let volume = patient.volume();
            let folder = "ProgramData/Sophos/Definitions";
            check_moved(patient, &format!("{folder}/agen-xuv.ide"), kept)?;
            for stays in ["agen-abc.ide", "agen-new.ide", "javab-jd.ide"] {
                check_unchanged(patient, &format!("{folder}/{stays}"))?;
            }
            ensure!(
                volume
                    .list(folder)?
                    .iter()
                    .filter(|n| n.name.ends_with(".ide"))
                    .count()
                    == 3
            );
            Ok(())
        },
    }
}

fn removal_by_digest() -> Row {
    let bad = b"definitions that stop Windows".repeat(500);
    let digest = support::tools::sha256_hex(&bad);
    let folder = "WINDOWS/system32/drivers";
    Row {
        name: "remove-file, guarded by a digest",
        pc: pc(
            WindowsKind::XpSp3,
            vec![
                Extra::file(&format!("{folder}/avdefs1.dat"), &bad),
                Extra::file(&format!("{folder}/avdefs2.dat"), b"other definitions"),
            ],
        ),
        stick: own(&format!(
            r#"
schema = 1
id = "bad-definitions"
title = "Definitions that stop Windows"
[[when]]
hash = {{ path = '{{drivers}}\avdefs*.dat', sha256 = ["{digest}"] }}
[[step]]
remove-file = '{{drivers}}\avdefs*.dat'
guard = {{ sha256 = ["{digest}"] }}
[[step]]
note = "nothing more is to be done"
"#
        )),
        plan: expect![[r#"
            installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
            1 remove   \WINDOWS\system32\drivers\avdefs1.dat
                       sha256 479c9904a4c142b602bdf79b8aea7a829b0a09fe63e6e4d39ea86978c53dec8e
                       undo: put it back
            2 note     nothing more is to be done
            former files and how to undo this are kept in \KEPT
            nothing else will be written
        "#]],
        told: "nothing more is to be done",
        check: |patient, kept| {
            check_moved(patient, "WINDOWS/system32/drivers/avdefs1.dat", kept)?;
            check_unchanged(patient, "WINDOWS/system32/drivers/avdefs2.dat")
        },
    }
}

fn renaming() -> Row {
    Row {
        name: "rename",
        pc: pc(
            WindowsKind::Windows7,
            vec![Extra::file(
                "ProgramData/Vendor/Sonar.dat",
                &[0xBA, 0xD0, 7],
            )],
        ),
        stick: own(r#"
schema = 1
id = "sonar"
title = "Definitions of 2012-07-11 rev 11 stop Windows"
[[when]]
file = { path = '{program-data}\vendor\SONAR.DAT', state = "exists" }
[[step]]
rename = '{program-data}\vendor\SONAR.DAT'
to = "sonar.bad"
guard = { bytes = { hex = "BA D0" } }
[[step]]
note = "let the product update itself"
"#),
        plan: expect![[r#"
            installation \Windows on VOLUME  (Windows 7 Professional Service Pack 1 (6.1.7601))
            1 rename   \ProgramData\Vendor\Sonar.dat to sonar.bad
                       BA D0 at offset 0
                       undo: give it its former name
            2 note     let the product update itself
            how to undo this is kept in \KEPT
            nothing else will be written
        "#]],
        told: "let the product update itself",
        check: |patient, kept| {
            let volume = patient.volume();
            ensure!(volume.find("ProgramData/Vendor/Sonar.dat")?.is_none());
            let renamed = volume.read("ProgramData/Vendor/sonar.bad")?;
            ensure!(renamed == Some(vec![0xBA, 0xD0, 7]));
            let names = volume.list(kept)?.into_iter().map(|one| one.name);
            let names: Vec<String> = names.collect();
            ensure!(
                names == ["undo-Windows.json"],
                "{names:?}: nothing had to be kept"
            );
            Ok(())
        },
    }
}

fn registry_values() -> Row {
    let rules = "Policies\\Microsoft\\Windows Defender\\ASR\\Rules";
    Row {
        name: "set-registry-value of every type",
        pc: pc(
            WindowsKind::Windows10,
            vec![
                Extra::text(rules, "92e97fa1-2edf-4476-bdd6-9dd0b4dddc7b", "1"),
                Extra::text("Wow6432Node\\Vendor\\Product", "Mode", "block"),
            ],
        ),
        stick: own(r#"
schema = 1
id = "asr-rule"
title = "A rule of Defender deletes shortcuts"
[[when]]
os = { family = "10", build = { at-least = 10240 }, architecture = "x64" }
[[when]]
registry = { hive = "software", key = 'Policies\Microsoft\Windows Defender\ASR\Rules', value = "92e97fa1-2edf-4476-bdd6-9dd0b4dddc7b", state = "exists" }
[[step]]
set-registry-value = { hive = "software", key = 'Policies\Microsoft\Windows Defender\ASR\Rules', value = "92e97fa1-2edf-4476-bdd6-9dd0b4dddc7b", type = "text", data = "2", old = "1" }
[[step]]
set-registry-value = { hive = "software", key = 'Vendor\Product', value = "Paused", type = "dword", data = 1 }
[[step]]
set-registry-value = { hive = "software", key = 'Vendor\Product', value = "Until", type = "qword", data = 133200000000000000 }
[[step]]
set-registry-value = { hive = "system", key = 'CurrentControlSet\Services\RpcSs', value = "Vendor", type = "expandable-text", data = '%SystemRoot%\x' }
[[step]]
note = "recreate the shortcuts that are gone"
"#),
        plan: expect![[r#"
            installation \Windows on VOLUME  (Windows 10 Pro (10.0.19045))
            1 set      HKLM\SOFTWARE\Policies\Microsoft\Windows Defender\ASR\Rules: 92e97fa1-2edf-4476-bdd6-9dd0b4dddc7b "1" -> "2"
                       undo: set it to "1" again
            2 set      HKLM\SOFTWARE\Wow6432Node\Vendor\Product: Paused not there -> 1
                       undo: take it away
            3 set      HKLM\SOFTWARE\Wow6432Node\Vendor\Product: Until not there -> 133200000000000000
                       undo: take it away
            4 set      HKLM\SYSTEM\ControlSet001\Services\RpcSs: Vendor not there -> "%SystemRoot%\x"
                       undo: take it away
            5 note     recreate the shortcuts that are gone
            former files and how to undo this are kept in \KEPT
            nothing else will be written
        "#]],
        told: "recreate the shortcuts that are gone",
        check: |patient, kept| {
            let config = "Windows/System32/config";
            let software = hive_of(patient.volume(), &format!("{config}/SOFTWARE"))?;
            let rules = "Policies\\Microsoft\\Windows Defender\\ASR\\Rules";
            let rule = "92e97fa1-2edf-4476-bdd6-9dd0b4dddc7b";
            ensure!(hive_value(software.path(), rules, rule)? == "2");
            let product = "Wow6432Node\\Vendor\\Product";
            ensure!(hive_value(software.path(), product, "Paused")? == "dword:00000001");
            let until = hive_value(software.path(), product, "Until")?;
            ensure!(until == "hex(11):00,00,15,bc,b1,38,d9,01", "{until}");
            ensure!(hive_value(software.path(), product, "Mode")? == "block");
            let system = hive_of(patient.volume(), &format!("{config}/SYSTEM"))?;
            let rpc = |set: &str| {
                let key = format!("{set}\\Services\\RpcSs");
                hive_value(system.path(), &key, "Vendor")
            };
            let text = rpc("ControlSet001")?;
            ensure!(text == "str(2):\"%SystemRoot%\\\\x\"", "{text}");
            ensure!(rpc("ControlSet002").is_err());
            for name in ["SOFTWARE", "SYSTEM"] {
                check_kept(patient, &format!("{config}/{name}"), kept)?;
                check_same_security(
                    patient,
                    &format!("{config}/{name}"),
                    &format!("{config}/SAM"),
                )?;
            }
            Ok(())
        },
    }
}

fn service_start() -> Row {
    Row {
        name: "set-service-start in the control sets in use",
        pc: pc(WindowsKind::XpSp3, Extra::service("AvgLdx86", 1).into()),
        stick: own(r#"
schema = 1
id = "avg-driver"
title = "A driver of AVG stops Windows"
[[when]]
service = { name = "AvgLdx86", start = [0, 1, 2, 3] }
[[step]]
set-service-start = { name = "AvgLdx86", start = 4 }
[[step]]
note = "let AVG update itself, then set AvgLdx86 to start again"
"#),
        plan: expect![[r#"
            installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
            1 set      HKLM\SYSTEM\ControlSet001\Services\AvgLdx86: Start 1 (with the kernel) -> 4 (disabled)
                       HKLM\SYSTEM\ControlSet002\Services\AvgLdx86: Start 1 (with the kernel) -> 4 (disabled)
                       undo: set it to 1 again
            2 note     let AVG update itself, then set AvgLdx86 to start again
            former files and how to undo this are kept in \KEPT
            nothing else will be written
        "#]],
        told: "let AVG update itself, then set AvgLdx86 to start again",
        check: |patient, kept| {
            let path = "WINDOWS/system32/config/system";
            let system = hive_of(patient.volume(), path)?;
            for set in ["ControlSet001", "ControlSet002"] {
                let start = |name: &str| {
                    let key = format!("{set}\\Services\\{name}");
                    hive_value(system.path(), &key, "Start")
                };
                ensure!(start("AvgLdx86")? == "dword:00000004", "{set}");
                ensure!(start("RpcSs")? == "dword:00000002", "{set}");
            }
            check_kept(patient, path, kept)
        },
    }
}

fn quarantined(conflict: &str) -> Result<(PcSpec, KitSpec)> {
    let taken = |number: u32, detection: &str, path: &str, content: &[u8]| -> Result<Extra> {
        let container = quarantine_container_of(detection, 5958, path, content)?;
        Ok(Extra::file(&format!("Quarantine/{number}.bup"), &container))
    };
    let folder = "C:\\Program Files\\App";
    let extras = vec![
        Extra::file("Program Files/App/readme.txt", b"an application"),
        Extra::file("Program Files/App/two.dll", b""),
        Extra::file("Program Files/App/three.exe", b"the user's own"),
        taken(
            1,
            "PWS!hv.aq",
            &format!("{folder}\\one.exe"),
            b"content of one",
        )?,
        taken(
            2,
            "PWS!hv.aq",
            &format!("{folder}\\two.dll"),
            b"content of two",
        )?,
        taken(
            3,
            "PWS!hv.aq",
            &format!("{folder}\\three.exe"),
            b"content of three",
        )?,
        taken(
            4,
            "W32/Sality",
            &format!("{folder}\\four.exe"),
            b"a real virus",
        )?,
        taken(5, "PWS!hv.aq", "E:\\elsewhere\\five.exe", b"another drive")?,
    ];
    let remedy = format!(
        r#"
schema = 1
id = "false-positives"
title = "Definitions of 2009-07-03 take many programs for malware"
[[when]]
quarantine = {{ vendor = "mcafee", detection = "PWS!hv.aq", definitions = "5958" }}
[[step]]
restore-quarantined = {{ vendor = "mcafee", detection = "PWS!hv.aq", definitions = "5958" }}
conflict = "{conflict}"
proof = "none"
[[step]]
note = "start the programs that were put back"
"#
    );
    Ok((pc(WindowsKind::XpSp3, extras), own(&remedy)))
}

fn quarantine_skipping() -> Result<Row> {
    let (pc, stick) = quarantined("skip")?;
    Ok(Row {
        name: "restore-quarantined, leaving alone what is in the way",
        pc,
        stick,
        plan: expect![[r#"
            installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
            1 restore  1 file from the quarantine of mcafee, taken for PWS!hv.aq
                       \Program Files\App\one.exe
                       as the quarantine has them; not proven by signature
                       undo: remove it
            2 note     start the programs that were put back
            how to undo this is kept in \KEPT
            nothing else will be written
        "#]],
        told: "start the programs that were put back",
        check: |patient, _| check_quarantined(patient, b""),
    })
}

fn quarantine_replacing() -> Result<Row> {
    let (pc, stick) = quarantined("replace-if-empty")?;
    Ok(Row {
        name: "restore-quarantined, replacing what is empty",
        pc,
        stick,
        plan: expect![[r#"
            installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
            1 restore  2 files from the quarantine of mcafee, taken for PWS!hv.aq
                       \Program Files\App\one.exe
                       \Program Files\App\two.dll
                       as the quarantine has them; not proven by signature
                       undo: remove them, and put the kept copies back
            2 note     start the programs that were put back
            former files and how to undo this are kept in \KEPT
            nothing else will be written
        "#]],
        told: "start the programs that were put back",
        check: |patient, kept| {
            check_quarantined(patient, b"content of two")?;
            check_kept(patient, "Program Files/App/two.dll", kept)
        },
    })
}

fn check_quarantined(patient: &Patient, two: &[u8]) -> Result<()> {
    let volume = patient.volume();
    let read = |name: &str| volume.read(&format!("Program Files/App/{name}"));
    ensure!(read("one.exe")?.as_deref() == Some(b"content of one".as_slice()));
    ensure!(read("two.dll")?.as_deref() == Some(two));
    ensure!(read("three.exe")?.as_deref() == Some(b"the user's own".as_slice()));
    ensure!(read("four.exe")?.is_none(), "a real find was put back");
    ensure!(volume.find("elsewhere")?.is_none());
    check_unchanged(patient, "Quarantine/1.bup")?;
    let app = "Program Files/App";
    check_same_security(
        patient,
        &format!("{app}/one.exe"),
        &format!("{app}/three.exe"),
    )
}

fn crowdstrike() -> Result<Row> {
    Ok(Row {
        name: "crowdstrike-291: glob, bytes and time window among good channel files",
        pc: preset("windows-10-crowdstrike-291")?,
        stick: KitSpec {
            remedies: vec!["crowdstrike-291"],
            ..KitSpec::default()
        },
        plan: expect![[r#"
            installation \Windows on VOLUME  (Windows 10 Pro (10.0.19045))
            1 remove   \Windows\System32\drivers\CrowdStrike\C-00000291-00000000-00000032.sys
                       AA AA AA AA at offset 0, written 2024-07-19 04:09:00 UTC
                       undo: put it back
            2 note     once Windows runs and is online, the sensor fetches the current channel file by itself
            former files and how to undo this are kept in \KEPT
            nothing else will be written
        "#]],
        told: "once Windows runs and is online, the sensor fetches the current channel file by itself",
        check: |patient, kept| {
            let folder = "Windows/System32/drivers/CrowdStrike";
            check_moved(
                patient,
                &format!("{folder}/C-00000291-00000000-00000032.sys"),
                kept,
            )?;
            for stays in [
                "C-00000291-00000000-00000031.sys",
                "C-00000291-00000000-00000033.sys",
                "C-00000285-00000000-00000012.sys",
            ] {
                check_unchanged(patient, &format!("{folder}/{stays}"))?;
            }
            Ok(())
        },
    })
}

#[test]
fn every_action_does_on_ntfs_what_its_plan_says_and_can_be_taken_back() -> Result<()> {
    if !require_patients() || !require_tools(&["ntfsclone", "hivexget", "hivexml"]) {
        return Ok(());
    }
    for row in [
        removal_by_bytes_and_time(),
        removal_by_digest(),
        renaming(),
        registry_values(),
        service_start(),
        quarantine_skipping()?,
        quarantine_replacing()?,
        crowdstrike()?,
    ] {
        check_row(&row).with_context(|| row.name)?;
    }
    Ok(())
}

fn check_row(row: &Row) -> Result<()> {
    let stick = StickFolder::build(&row.stick)?;
    let patient = Patient::make(&row.pc)?;
    let before = patient.volume().used_clusters()?;
    let bytes = fs_err::read(patient.volume().path())?;
    let found = patient.mend(&["diagnose"], &stick)?;
    ensure!(found.code == 1, "{}", found.text);
    ensure!(
        fs_err::read(patient.volume().path())? == bytes,
        "diagnosing wrote"
    );

    let done = patient.mend(&["repair", "--yes"], &stick)?;
    ensure!(
        done.code == 0 && done.text.contains("REPAIRED"),
        "{}",
        done.text
    );
    ensure!(
        done.text.contains(&format!("Next       {}", row.told)),
        "{}",
        done.text
    );
    let kept = kept_folder(patient.volume())?;
    let plan = plan_in(&done.text)
        .replace(&kept.replace('/', "\\"), "KEPT")
        .replace(
            &text_of(&fs_err::canonicalize(patient.volume().path())?)?,
            "VOLUME",
        );
    row.plan.assert_eq(&plan);
    (row.check)(&patient, &kept).with_context(|| done.text.clone())?;
    patient.volume().is_sound()?;

    let repaired = fs_err::read(patient.volume().path())?;
    let again = patient.mend(&["repair", "--yes"], &stick)?;
    ensure!(
        again.code == 0 && again.text.contains("HEALTHY"),
        "{}",
        again.text
    );
    let now = fs_err::read(patient.volume().path())?;
    ensure!(now == repaired, "the second run wrote\n{}", again.text);

    patient.undo()?;
    patient.volume().is_sound()?;
    ensure!(
        patient.volume().used_clusters()? == before,
        "undo left a difference"
    );
    for (path, sha256) in patient
        .made
        .files
        .iter()
        .filter(|(path, _)| is_touched(path))
    {
        ensure!(
            patient.volume().sha256(path)?.as_ref() == Some(sha256),
            "{path}"
        );
    }
    Ok(())
}

/// Tells whether a path is among those that the rows touch, so that not every file is read.
fn is_touched(path: &str) -> bool {
    let ends = [
        ".ide",
        ".dat",
        ".sys",
        "/software",
        "/system",
        "/SOFTWARE",
        "/SYSTEM",
    ];
    ends.iter().any(|end| path.ends_with(end)) || path.starts_with("Program Files/App")
}

/// Returns the plan as it was shown.
fn plan_in(text: &str) -> String {
    let lines = text
        .lines()
        .skip_while(|line| !line.starts_with("installation "));
    let mut plan = String::new();
    for line in lines {
        plan.push_str(line);
        plan.push('\n');
        if line == "nothing else will be written" {
            break;
        }
    }
    plan
}

/// Returns the folder of former files; a name that is nowhere if nothing is kept.
fn kept_folder(volume: &Volume) -> Result<String> {
    if volume.find("mendkit")?.is_none() {
        return Ok("mendkit/nothing".to_owned());
    }
    let runs = volume.list("mendkit")?;
    let mut runs = runs
        .iter()
        .filter(|one| one.is_folder && one.name.contains("Z-"));
    let run = runs.next().context("mendkit: no folder of a run")?;
    ensure!(runs.next().is_none(), "mendkit: two runs");
    Ok(format!("mendkit/{}", run.name))
}

/// The file is away, and kept as it was: content, descriptor, attributes and times.
fn check_moved(patient: &Patient, path: &str, kept: &str) -> Result<()> {
    ensure!(
        patient.volume().find(path)?.is_none(),
        "{path}: still there"
    );
    check_kept(patient, path, kept)?;
    let security = patient.volume().security(&format!("{kept}/{path}"))?;
    let (folder, _) = path.rsplit_once('/').context("no folder")?;
    let others = patient.volume().list(folder)?;
    let other = others
        .iter()
        .find(|one| !one.is_folder)
        .context("no file beside it")?;
    let other = patient
        .volume()
        .security(&format!("{folder}/{}", other.name))?;
    ensure!(
        security.descriptor == other.descriptor,
        "{path}: another descriptor"
    );
    ensure!(
        security.attributes == other.attributes,
        "{path}: other attributes"
    );
    Ok(())
}

/// The former content of `path` lies below the folder of former files.
fn check_kept(patient: &Patient, path: &str, kept: &str) -> Result<()> {
    let before = made_digest(patient, path)?;
    let place = format!("{kept}/{path}");
    let found = patient.volume().sha256(&place)?;
    ensure!(
        found.as_ref() == Some(&before),
        "{place}: {found:?}, expected {before}"
    );
    Ok(())
}

fn check_unchanged(patient: &Patient, path: &str) -> Result<()> {
    let found = patient.volume().sha256(path)?;
    ensure!(
        found == Some(made_digest(patient, path)?),
        "{path}: {found:?}"
    );
    Ok(())
}

fn made_digest(patient: &Patient, path: &str) -> Result<String> {
    let mut files = patient.made.files.iter();
    let found = files.find(|(made, _)| made == path);
    let (_, sha256) = found.with_context(|| format!("{path}: not made"))?;
    Ok(sha256.clone())
}

fn check_same_security(patient: &Patient, path: &str, other: &str) -> Result<()> {
    let found = patient.volume().security(path)?.descriptor;
    let expected = patient.volume().security(other)?.descriptor;
    ensure!(
        found == expected,
        "{path}: {found:02x?}, expected {expected:02x?}"
    );
    Ok(())
}

/// Takes a registry file out, after hivex has walked all of it.
fn hive_of(volume: &Volume, path: &str) -> Result<tempfile::NamedTempFile> {
    let file = tempfile::NamedTempFile::new()?;
    fs_err::write(file.path(), volume.read(path)?.context("no such hive")?)?;
    hivex_walks(file.path())?;
    Ok(file)
}
