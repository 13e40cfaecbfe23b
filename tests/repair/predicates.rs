//! Every test of the remedy language in whole runs, with yes, no and cannot tell, as the report says it.

use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use expect_test::{Expect, expect};
use fs_err as fs;
use mend::machine::folder::FolderMachine;
use mend::repair::{Request, run};
use mend::screen::{Answer, Question, Screen};
use mend::stick::Stick;
use mend::windows::catalog::trust::{KeyPurpose, Trust};
use rescue_stick::job::Mode;
use rescue_stick::report::{InstallationReport, Verdict};
use rescue_stick::signature::PublicKey;
use support::broken_pc::{Extra, FileState, WindowsSpec, make_folder, quarantine_container_of};
use support::catalog::{signed_catalog, test_root};
use support::kit::KitSpec;
use support::patient::{StickFolder, require_patients};

/// Nobody to ask, nothing to show.
struct Silent;

impl Screen for Silent {
    fn line(&mut self, _text: &str) {}

    fn ask(&mut self, _question: Question<'_>) -> Answer {
        Answer::No
    }
}

/// One test of the language, and PCs of which it holds, does not hold, and cannot be told.
struct Row {
    when: &'static str,
    pcs: [Change; 3],
    expect: Expect,
}

/// What makes a healthy Windows XP the PC that is meant.
enum Change {
    Nothing,
    File(&'static str, &'static [u8]),
    Time(&'static str, u64),
    Spec(fn(&mut WindowsSpec) -> Result<()>),
    /// What lies there is replaced by a link, which is never followed.
    Link(&'static str),
}

use Change::{File, Link, Nothing, Spec, Time};

const SVCHOST: &str = "WINDOWS/system32/svchost.exe";
const SOFTWARE: &str = "WINDOWS/system32/config/software";
const SYSTEM: &str = "WINDOWS/system32/config/system";

fn file_rows() -> Vec<Row> {
    vec![
        Row {
            when: r"glob = { path = '{windows}\defs\*.dat', count = { at-least = 2 } }",
            pcs: [
                Spec(|spec| {
                    spec.extras.push(Extra::file("WINDOWS/defs/1.dat", b"1"));
                    spec.extras.push(Extra::file("WINDOWS/defs/2.dat", b"22"));
                    Ok(())
                }),
                File("WINDOWS/defs/1.dat", b"1"),
                Link("WINDOWS/defs/1.dat"),
            ],
            expect: expect![[r#"
                yes: {windows}\defs\*.dat: 2 files; \WINDOWS\defs\1.dat: 1 bytes, written 2008-04-14 12:00:00 UTC; \WINDOWS\defs\2.dat: 2 bytes, written 2008-04-14 12:00:00 UTC
                no: {windows}\defs\*.dat: 1 file; \WINDOWS\defs\1.dat: 1 bytes, written 2010-04-21 13:00:00 UTC
                cannot tell: \WINDOWS\defs\1.dat: a link or junction, which is not followed
            "#]],
        },
        Row {
            when: r"file = { path = '{system32}\svchost.exe', state = 'empty' }",
            pcs: [File(SVCHOST, b""), Nothing, Link(SVCHOST)],
            expect: expect![[r#"
                yes: \WINDOWS\system32\svchost.exe: 0 bytes
                no: \WINDOWS\system32\svchost.exe: 14336 bytes
                cannot tell: \WINDOWS\system32\svchost.exe: a link or junction, which is not followed
            "#]],
        },
        Row {
            when: r"bytes = { path = '{windows}\defs\1.dat', offset = 2, hex = 'BA D0' }",
            pcs: [
                File("WINDOWS/defs/1.dat", &[0, 0, 0xBA, 0xD0]),
                File("WINDOWS/defs/1.dat", &[0xBA, 0xD0, 0]),
                Link("WINDOWS/defs/1.dat"),
            ],
            expect: expect![[r#"
                yes: \WINDOWS\defs\1.dat: BA D0 at offset 2
                no: \WINDOWS\defs\1.dat: 00 at offset 2
                cannot tell: \WINDOWS\defs\1.dat: a link or junction, which is not followed
            "#]],
        },
        Row {
            // The digest of "bad".
            when: r"hash = { path = '{windows}\defs\1.dat', sha256 = ['2f05d4b689d270cafb02285f35f44866f7dc8a2d368a3f9d1124373eeab31fb1'] }",
            pcs: [
                File("WINDOWS/defs/1.dat", b"bad"),
                File("WINDOWS/defs/1.dat", b"good"),
                Link("WINDOWS/defs/1.dat"),
            ],
            expect: expect![[r#"
                yes: \WINDOWS\defs\1.dat: sha256 2f05d4b689d270cafb02285f35f44866f7dc8a2d368a3f9d1124373eeab31fb1
                no: \WINDOWS\defs\1.dat: sha256 770e607624d689265ca6c44884d0807d9b054d23c473c106c72be9de08b7376c
                cannot tell: \WINDOWS\defs\1.dat: a link or junction, which is not followed
            "#]],
        },
        Row {
            when: r"pe = { path = '{system32}\svchost.exe', version = '5.1.2600.2180', machine = 'x86', original-name = 'svchost.exe', checksum = 'right' }",
            pcs: [
                Spec(|spec| {
                    spec.svchost = FileState::WrongServicePack;
                    Ok(())
                }),
                Nothing,
                Link(SVCHOST),
            ],
            expect: expect![[r#"
                yes: \WINDOWS\system32\svchost.exe: 5.1.2600.2180 for i386, made as svchost.exe, checksum right
                no: \WINDOWS\system32\svchost.exe: 5.1.2600.5512 for i386, made as svchost.exe, checksum right
                cannot tell: \WINDOWS\system32\svchost.exe: a link or junction, which is not followed
            "#]],
        },
        Row {
            when: r"signed = { path = '{system32}\svchost.exe' }",
            pcs: [
                Spec(|spec| {
                    spec.extras.push(signed_catalog(spec)?);
                    Ok(())
                }),
                Spec(|spec| {
                    spec.extras.push(signed_catalog(spec)?);
                    spec.svchost = FileState::Patched;
                    Ok(())
                }),
                Link(SVCHOST),
            ],
            expect: expect![[r#"
                yes: \WINDOWS\system32\svchost.exe: signed by Test Windows Publisher under mendkit test root: SHA-1 in SP3.CAT
                no: \WINDOWS\system32\svchost.exe: listed in no catalog of this Windows, 1 searched
                cannot tell: \WINDOWS\system32\svchost.exe: a link or junction, which is not followed
            "#]],
        },
        Row {
            when: r"time = { path = '{system32}\svchost.exe', modified = { from = 2010-04-21T13:00:00Z, before = 2010-04-22T00:00:00Z } }",
            pcs: [
                Time(SVCHOST, 1_271_854_800),
                Time(SVCHOST, 1_271_854_799),
                Link(SVCHOST),
            ],
            expect: expect![[r#"
                yes: \WINDOWS\system32\svchost.exe: written 2010-04-21 13:00:00 UTC
                no: \WINDOWS\system32\svchost.exe: written 2010-04-21 12:59:59 UTC
                cannot tell: \WINDOWS\system32\svchost.exe: a link or junction, which is not followed
            "#]],
        },
    ]
}

fn other_rows() -> Vec<Row> {
    vec![
        Row {
            when: r"registry = { hive = 'software', key = 'Vendor\Product', value = 'Definitions', at-least = '5.10' }",
            pcs: [
                Spec(|spec| {
                    spec.extras
                        .push(Extra::text("Vendor\\Product", "Definitions", "5.11.2"));
                    Ok(())
                }),
                Spec(|spec| {
                    spec.extras
                        .push(Extra::text("Vendor\\Product", "Definitions", "5.9"));
                    Ok(())
                }),
                File(SOFTWARE, b"no registry file"),
            ],
            expect: expect![[r#"
                yes: HKLM\SOFTWARE\Vendor\Product: Definitions is "5.11.2"
                no: HKLM\SOFTWARE\Vendor\Product: Definitions is "5.9"
                cannot tell: \WINDOWS\system32\config\software: base block at 0x0: 16 bytes, expected at least 4096
            "#]],
        },
        Row {
            when: r"service = { name = 'AvDrv', start = [0, 1] }",
            pcs: [
                Spec(|spec| {
                    spec.extras.extend(Extra::service("AvDrv", 1));
                    Ok(())
                }),
                Spec(|spec| {
                    spec.extras.extend(Extra::service("AvDrv", 4));
                    Ok(())
                }),
                File(SYSTEM, b"no registry file"),
            ],
            expect: expect![[r#"
                yes: HKLM\SYSTEM\ControlSet001\Services\AvDrv starts 1 (with the kernel)
                no: HKLM\SYSTEM\ControlSet001\Services\AvDrv starts 4 (disabled)
                cannot tell: \WINDOWS\system32\config\system: base block at 0x0: 16 bytes, expected at least 4096
            "#]],
        },
        Row {
            when: r"quarantine = { vendor = 'mcafee', detection = 'W32/Wecorl.a', definitions = '5958', name = 'svchost.*' }",
            pcs: [
                Spec(|spec| taken(spec, "W32/Wecorl.a")),
                Spec(|spec| taken(spec, "W32/Wecorl.ab")),
                Spec(|spec| {
                    taken(spec, "W32/Wecorl.a")?;
                    if let Some(Extra::File { content, .. }) = spec.extras.last_mut() {
                        content.truncate(700);
                    }
                    Ok(())
                }),
            ],
            expect: expect![[r#"
                yes: svchost.exe in \Quarantine\1.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5958.0000
                no: quarantine of mcafee: 1 files, none of them meant
                cannot tell: \Quarantine\1.bup: compound file: ends too early, expected a whole one
            "#]],
        },
        Row {
            when: r"log = { path = '{windows}\av.log', contains = 'w32/WECORL.a' }",
            pcs: [
                File("WINDOWS/av.log", b"1\r\n15:02 deleted W32/Wecorl.a\r\n"),
                File("WINDOWS/av.log", b"1\r\n2\r\n"),
                Link("WINDOWS/av.log"),
            ],
            expect: expect![[r#"
                yes: \WINDOWS\av.log: 15:02 deleted W32/Wecorl.a
                no: \WINDOWS\av.log: not in the last 2 lines
                cannot tell: \WINDOWS\av.log: a link or junction, which is not followed
            "#]],
        },
    ]
}

fn taken(spec: &mut WindowsSpec, detection: &str) -> Result<()> {
    let path = "c:\\windows\\system32\\svchost.exe";
    let container = quarantine_container_of(detection, 5958, path, b"MZ")?;
    spec.extras
        .push(Extra::file("Quarantine/1.bup", &container));
    Ok(())
}

#[test]
fn every_test_of_files_has_three_answers_with_evidence() -> Result<()> {
    file_rows().iter().try_for_each(check)
}

#[test]
fn every_other_test_has_three_answers_with_evidence() -> Result<()> {
    other_rows().iter().try_for_each(check)
}

fn check(row: &Row) -> Result<()> {
    if !require_patients() {
        return Ok(());
    }
    let remedy = format!(
        "schema = 1\nid = \"fault\"\ntitle = \"A fault\"\n[[when]]\n{}\n[[step]]\nnote = \"do this\"\n",
        row.when
    );
    let stick = StickFolder::build(&KitSpec {
        remedies: Vec::new(),
        own_remedies: vec![remedy],
        ..KitSpec::default()
    })?;
    let key = PublicKey::parse(&fs::read_to_string(stick.key())?)?;
    let stick = Stick::prove(&stick.root(), &key, &mut |_| {})?;
    let mut said = String::new();
    let names = ["yes", "no", "cannot tell"];
    for (change, name) in row.pcs.iter().zip(names) {
        let pc = tempfile::tempdir()?;
        make_pc(change, pc.path())?;
        let machine = FolderMachine::open(pc.path())?;
        let trust = Trust {
            anchors: vec![test_root()?],
            purpose: KeyPurpose::WINDOWS,
        };
        let request = Request {
            mode: Mode::Auto,
            trust: Some(trust),
        };
        let report = run(&request, &machine, &stick, &mut Silent);
        let installation = report.installations.first().context("no installation")?;
        let (answer, evidence) = answer_in(installation)?;
        ensure!(
            answer == name,
            "{}: {answer}, expected {name}: {evidence}",
            row.when
        );
        said.push_str(&format!("{answer}: {evidence}\n"));
    }
    row.expect.assert_eq(&said);
    Ok(())
}

/// Returns the answer that a report gives, with its evidence.
fn answer_in(installation: &InstallationReport) -> Result<(&'static str, String)> {
    for (id, answer) in [("known-fault", "yes"), ("undecided", "cannot tell")] {
        if let Some(finding) = installation.findings.iter().find(|one| one.id == id) {
            ensure!(
                installation.verdict == Verdict::NeedsYou,
                "{installation:?}"
            );
            let is_told = installation.advice.iter().any(|line| line == "do this");
            ensure!(is_told == (answer == "yes"), "{installation:?}");
            return Ok((answer, finding.evidence.join("; ")));
        }
    }
    ensure!(installation.verdict == Verdict::Healthy, "{installation:?}");
    let mut advice = installation.advice.iter();
    let line = advice.find_map(|line| line.strip_prefix("fault does not apply: "));
    Ok(("no", line.context("no reason")?.to_owned()))
}

fn make_pc(change: &Change, root: &Path) -> Result<()> {
    let mut spec = WindowsSpec {
        svchost: FileState::Good,
        dat: None,
        ..WindowsSpec::xp_mcafee_5958()
    };
    if let Spec(change) = change {
        change(&mut spec)?;
    }
    make_folder(&spec, root)?;
    let make = |path: &str, content: &[u8]| -> Result<()> {
        let path = root.join(path);
        fs::create_dir_all(path.parent().context("no folder")?)?;
        Ok(fs::write(path, content)?)
    };
    match change {
        Nothing | Spec(_) => {}
        File(path, content) => {
            make(path, content)?;
            set_time(&root.join(path), 1_271_854_800)?;
        }
        Time(path, seconds) => set_time(&root.join(path), *seconds)?,
        Link(path) => {
            make(path, b"")?;
            fs::remove_file(root.join(path))?;
            symlink("/etc/hostname", root.join(path))?;
        }
    }
    Ok(())
}

fn set_time(path: &Path, seconds: u64) -> Result<()> {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    let file = fs::File::options().append(true).open(path)?;
    Ok(file.file().set_modified(time)?)
}
