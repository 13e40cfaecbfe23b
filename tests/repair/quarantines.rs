//! Putting back what a quarantine holds, on NTFS: by what it is proven, what happens where a file is in
//! the way, and the way back.

use anyhow::{Context as _, Result, ensure};
use expect_test::{Expect, expect};
use mend::repair::Request;
use mend::windows::catalog::trust::{KeyPurpose, Trust};
use rescue_stick::job::Mode;
use rescue_stick::report::{InstallationReport, Report, Verdict};
use support::broken_pc::{
    Extra, FileState, NtfsMount, PcSpec, WindowsSpec, program, quarantine_container_of,
};
use support::catalog::{signed_catalog, test_root};
use support::kit::KitSpec;
use support::patient::{Patient, StickFolder, require_patients};
use support::tools::{require_tools, sha256_hex};

const SYSTEM: &str = "WINDOWS/system32";

/// A Windows XP with a catalog of its own programs; the quarantine has a signed program that is gone, one
/// whose place is empty, one whose place another file took, one that is there, a signed program under
/// another name, and one that nobody signed.
fn harmed() -> Result<PcSpec> {
    let windows = WindowsSpec {
        dat: Some(5959),
        ..WindowsSpec::xp_mcafee_5958()
    };
    let of = |name: &str| program(&windows, windows.kind, name);
    let system = "C:\\WINDOWS\\system32";
    let mut extras = vec![
        signed_catalog(&windows)?,
        Extra::file(&format!("{SYSTEM}/services.exe"), b""),
        Extra::file(&format!("{SYSTEM}/winlogon.exe"), b"the user's own"),
    ];
    for (number, path, content) in [
        (1, format!("{system}\\svchost.exe"), of("svchost.exe")?),
        (2, format!("{system}\\services.exe"), of("services.exe")?),
        (3, format!("{system}\\winlogon.exe"), of("winlogon.exe")?),
        (4, format!("{system}\\lsass.exe"), of("lsass.exe")?),
        (5, format!("{system}\\taskmgr.exe"), of("winlogon.exe")?),
        (
            6,
            "C:\\Tools\\own.exe".to_owned(),
            b"nobody signed this".to_vec(),
        ),
        (
            7,
            "C:\\WINDOWS\\..\\evil.exe".to_owned(),
            of("svchost.exe")?,
        ),
        (
            8,
            "C:\\WINDOWS\\svchost.exe:hidden".to_owned(),
            of("svchost.exe")?,
        ),
    ] {
        let container = quarantine_container_of("W32/Wecorl.a", 5958, &path, &content)?;
        extras.push(Extra::file(&format!("Quarantine/{number}.bup"), &container));
    }
    extras.push(Extra::file("Tools/readme.txt", b"the user's tools"));
    Ok(PcSpec::of(WindowsSpec {
        extras,
        svchost: FileState::Missing,
        ..windows
    }))
}

fn stick(conflict: &str) -> Result<StickFolder> {
    StickFolder::build(&KitSpec {
        remedies: Vec::new(),
        own_remedies: vec![format!(
            r#"
schema = 1
id = "false-positives"
title = "Definitions take the system for malware"
[[when]]
quarantine = {{ vendor = "mcafee", definitions = "5958" }}
[[step]]
restore-quarantined = {{ vendor = "mcafee", detection = "W32/Wecorl.a", definitions = "5958" }}
conflict = "{conflict}"
proof = "signed-catalog"
"#
        )],
        ..KitSpec::default()
    })
}

/// A run that believes the catalogs of tests.
fn run(patient: &Patient, stick: &StickFolder, mode: Mode) -> Result<Report> {
    let trust = Some(Trust {
        anchors: vec![test_root()?],
        purpose: KeyPurpose::WINDOWS,
    });
    patient.run_in_process(&Request { mode, trust }, stick)
}

fn only(report: &Report) -> Result<&InstallationReport> {
    report.installations.first().context("no installation")
}

fn plan_of(report: &Report, patient: &Patient) -> Result<String> {
    let plan = only(report)?.plan.clone().unwrap_or_default();
    let volume = &patient.partition()?.name;
    Ok(plan.replace(&report.run, "RUN").replace(volume, "VOLUME"))
}

/// A row a policy: what becomes of the two places that are taken.
struct Row<'a> {
    conflict: &'static str,
    plan: Expect,
    services: &'a [u8],
}

#[test]
fn what_microsoft_signed_is_put_back_under_its_own_name_and_can_be_taken_back() -> Result<()> {
    if !require_patients() || !require_tools(&["ntfsclone", "ntfssecaudit"]) {
        return Ok(());
    }
    let spec = harmed()?;
    let windows = &spec.installations[0];
    let good = program(windows, windows.kind, "services.exe")?;
    let rows = [
        Row {
            conflict: "skip",
            plan: expect![[r#"
                installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
                1 restore  1 file from the quarantine of mcafee, taken for W32/Wecorl.a
                           \WINDOWS\system32\svchost.exe
                           each is signed by Microsoft
                           undo: remove it
                how to undo this is kept in \mendkit\RUN
                nothing else will be written
            "#]],
            services: b"",
        },
        Row {
            conflict: "replace-if-empty",
            plan: expect![[r#"
                installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
                1 restore  2 files from the quarantine of mcafee, taken for W32/Wecorl.a
                           \WINDOWS\system32\services.exe
                           \WINDOWS\system32\svchost.exe
                           each is signed by Microsoft
                           undo: remove them, and put the kept copies back
                former files and how to undo this are kept in \mendkit\RUN
                nothing else will be written
            "#]],
            services: &good,
        },
    ];
    for row in rows {
        check_row(&spec, &row).context(row.conflict)?;
    }
    Ok(())
}

fn check_row(spec: &PcSpec, row: &Row<'_>) -> Result<()> {
    let stick = stick(row.conflict)?;
    let patient = Patient::make(spec)?;
    let before = patient.volume().used_clusters()?;
    let bytes = patient.digest()?;
    let found = run(&patient, &stick, Mode::Diagnose)?;
    ensure!(found.verdict == Verdict::Affected, "{found:#?}");
    ensure!(patient.digest()? == bytes, "diagnosing wrote");
    let done = run(&patient, &stick, Mode::Auto)?;
    ensure!(done.verdict == Verdict::Repaired, "{done:#?}");
    row.plan.assert_eq(&plan_of(&done, &patient)?);
    candidates().assert_eq(&lines(only(&done)?));
    check_files(&patient, row.services)?;
    let repaired = patient.digest()?;
    let again = run(&patient, &stick, Mode::Auto)?;
    ensure!(again.verdict == Verdict::Healthy, "{again:#?}");
    ensure!(patient.digest()? == repaired, "the second run wrote");
    // Block by block while nobody has written the volume, file by file afterwards.
    let image = fs_err::read(patient.volume().path())?;
    patient.undo()?;
    ensure!(
        patient.volume().used_clusters()? == before,
        "undo left a difference"
    );
    fs_err::write(patient.volume().path(), image)?;
    patient.make_journal()?;
    let mount = NtfsMount::writable(patient.volume().path())?;
    fs_err::write(mount.path().join("WINDOWS/bootstat.dat"), "Windows ran")?;
    mount.unmount()?;
    let undone = patient.mend(&["undo", "--yes"], &stick)?;
    ensure!(undone.code == 0, "{}", undone.text);
    let volume = patient.volume();
    ensure!(volume.find(&format!("{SYSTEM}/svchost.exe"))?.is_none());
    ensure!(volume.read(&format!("{SYSTEM}/services.exe"))?.as_deref() == Some(b"".as_slice()));
    volume.is_sound()
}

/// What the report says of every file of the quarantine, the same whatever is done where one is in the way.
fn candidates() -> Expect {
    expect![[r#"
        svchost.exe in \Quarantine\1.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5958.0000
          yes: signed by Microsoft (SP3.CAT)
        winlogon.exe in \Quarantine\3.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5958.0000
          no: \WINDOWS\system32\winlogon.exe is there, another file
        lsass.exe in \Quarantine\4.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5958.0000
          no: \WINDOWS\system32\lsass.exe is there already, the same
        taskmgr.exe in \Quarantine\5.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5958.0000
          no: signed by Microsoft as winlogon.exe, not as taskmgr.exe
        own.exe in \Quarantine\6.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5958.0000
          no: listed in no catalog of this Windows, 1 searched
        evil.exe in \Quarantine\7.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5958.0000
          no: "\\WINDOWS\\..": the name "..", expected names without .. and : and wildcards
        svchost.exe:hidden in \Quarantine\8.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5958.0000
          no: "\\WINDOWS\\svchost.exe:hidden": the name "svchost.exe:hidden", expected names without .. and : and wildcards
    "#]]
}

fn lines(report: &InstallationReport) -> String {
    let lines = report.candidates.iter().map(|candidate| {
        let word = if candidate.accepted { "yes" } else { "no" };
        format!("{}\n  {word}: {}\n", candidate.place, candidate.reason)
    });
    // What is done with the place that is empty is for the plan to say.
    let lines = lines.filter(|line| !line.contains("services.exe"));
    lines.collect()
}

fn check_files(patient: &Patient, services: &[u8]) -> Result<()> {
    let volume = patient.volume();
    volume.is_sound()?;
    let read = |name: &str| volume.read(&format!("{SYSTEM}/{name}"));
    let svchost = read("svchost.exe")?.context("svchost.exe is missing")?;
    ensure!(sha256_hex(&svchost) == patient.made.good_svchost_sha256);
    ensure!(read("services.exe")?.as_deref() == Some(services));
    ensure!(read("winlogon.exe")?.as_deref() == Some(b"the user's own".as_slice()));
    ensure!(volume.find(&format!("{SYSTEM}/taskmgr.exe"))?.is_none());
    for never in ["Tools/own.exe", "evil.exe", "WINDOWS/svchost.exe"] {
        ensure!(volume.find(never)?.is_none(), "{never} was put back");
    }
    let beside = volume.security(&format!("{SYSTEM}/lsass.exe"))?;
    let found = volume.security(&format!("{SYSTEM}/svchost.exe"))?;
    ensure!(found.descriptor == beside.descriptor, "another descriptor");
    Ok(())
}

#[test]
fn where_another_file_is_in_the_way_comparing_stops_before_anything_is_written() -> Result<()> {
    if !require_patients() {
        return Ok(());
    }
    let stick = stick("compare")?;
    let patient = Patient::make(&harmed()?)?;
    let bytes = patient.digest()?;
    let stopped = run(&patient, &stick, Mode::Auto)?;
    assert_eq!(stopped.verdict, Verdict::NeedsYou, "{stopped:#?}");
    assert_eq!(patient.digest()?, bytes, "something was written");
    expect![[
        r"\WINDOWS\system32\services.exe is there and is not what the quarantine has; have someone look which is right"
    ]]
    .assert_eq(&only(&stopped)?.advice.join("\n"));

    // With nothing but the same file and free places in the way, it goes on.
    let mut spec = harmed()?;
    spec.installations[0].extras.retain(|extra| match extra {
        Extra::File { path, .. } => {
            !path.ends_with("services.exe") && !path.ends_with("winlogon.exe")
        }
        Extra::Value { .. } => true,
    });
    let patient = Patient::make(&spec)?;
    let before = patient.volume().used_clusters()?;
    let done = run(&patient, &stick, Mode::Auto)?;
    assert_eq!(done.verdict, Verdict::Repaired, "{done:#?}");
    let svchost = patient.volume().sha256(&format!("{SYSTEM}/svchost.exe"))?;
    assert_eq!(svchost.as_ref(), Some(&patient.made.good_svchost_sha256));
    patient.volume().is_sound()?;
    patient.undo()?;
    assert_eq!(patient.volume().used_clusters()?, before);
    Ok(())
}
