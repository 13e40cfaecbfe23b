//! Repairs whose only right file lies inside something else.

use super::found::check_no_candidate;
use super::*;
use crate::antivirus::quarantine::fixture::make_bup_of;
use crate::cabinet::fixture::make_cabinet;

const ORIGINAL: &str = "c:\\windows\\system32\\svchost.exe";

fn bup(file: &[u8]) -> Vec<u8> {
    make_bup_of("W32/Wecorl.a", 5958, ORIGINAL, file)
}

fn sp2() -> Vec<u8> {
    PeRecipe {
        version: [5, 1, 2600, 2180],
        ..SVCHOST_SP3
    }
    .build()
}

fn patched() -> Vec<u8> {
    let mut file = SVCHOST_SP3.build();
    file[0x400] ^= 1;
    file
}

/// Runs, and asserts that the right file is in place and that its source is as it was.
fn check_repaired(scene: &mut Scene, source: &str) -> Report {
    let before = scene.read(source);
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    assert_eq!(
        scene.read("WINDOWS/system32/svchost.exe"),
        SVCHOST_SP3.build()
    );
    assert_eq!(scene.read(source), before);
    report
}

fn candidates(report: &Report) -> String {
    let lines = Scene::only(report).candidates.iter().map(|candidate| {
        let word = if candidate.accepted {
            "accepted"
        } else {
            "refused"
        };
        format!("{}\n  {word}: {}\n", candidate.place, candidate.reason)
    });
    lines.collect()
}

#[test]
fn only_the_quarantine_has_the_right_file() {
    let source = "Quarantine/7da41500021140.bup";
    let mut scene = Scene::new(&XP_SP3).with(source, &bup(&SVCHOST_SP3.build()));
    let report = check_repaired(&mut scene, source);
    check_plan(
        &report,
        expect![[r#"
        installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
        1 replace  DAT 5958.0000 by 5959.0000 in \Program Files\Common Files\McAfee\Engine, 3 files
                   undo: put the kept copies back
        2 restore  \WINDOWS\system32\svchost.exe from svchost.exe in \Quarantine\7da41500021140.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5958.0000
                   5.1.2600.5512 for i386, identity matches; not proven by signature
                   undo: remove it
        former files and how to undo this are kept in \mendkit\20100422T101500Z-PC1
        nothing else will be written
    "#]],
    );
    expect![[r#"
        \WINDOWS\system32\dllcache\svchost.exe
          refused: not there
        \WINDOWS\ServicePackFiles\i386\svchost.exe
          refused: not there
        svchost.exe in \Quarantine\7da41500021140.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5958.0000
          accepted: 5.1.2600.5512 for i386, identity matches; not proven by signature
    "#]].assert_eq(&candidates(&report));
    let again = scene.run_unchanged(Mode::Auto);
    assert_eq!(again.verdict, Verdict::Healthy);
}

#[test]
fn only_the_compressed_file_of_the_installation_source_has_the_right_file() {
    let source = "i386/SVCHOST.EX_";
    let cabinet = make_cabinet(&[("svchost.exe", &SVCHOST_SP3.build())]);
    let mut scene = Scene::new(&XP_SP3).with(source, &cabinet);
    let report = check_repaired(&mut scene, source);
    check_plan(
        &report,
        expect![[r#"
        installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
        1 replace  DAT 5958.0000 by 5959.0000 in \Program Files\Common Files\McAfee\Engine, 3 files
                   undo: put the kept copies back
        2 restore  \WINDOWS\system32\svchost.exe from svchost.exe in \i386\SVCHOST.EX_
                   5.1.2600.5512 for i386, identity matches; not proven by signature
                   undo: remove it
        former files and how to undo this are kept in \mendkit\20100422T101500Z-PC1
        nothing else will be written
    "#]],
    );
    expect![[r#"
        \WINDOWS\system32\dllcache\svchost.exe
          refused: not there
        \WINDOWS\ServicePackFiles\i386\svchost.exe
          refused: not there
        \Quarantine
          refused: no svchost.exe there nor in any other quarantine of this volume (0 containers)
        svchost.exe in \i386\SVCHOST.EX_
          accepted: 5.1.2600.5512 for i386, identity matches; not proven by signature
    "#]]
    .assert_eq(&candidates(&report));
}

#[test]
fn a_quarantine_is_found_by_policy_by_profile_and_by_magic() {
    let xp = Xp {
        more_texts: &[
            (
                "McAfee\\SystemCore\\Policy",
                "szQuarantineFolder",
                "C:\\Tresor",
            ),
            (
                "Microsoft\\Windows\\CurrentVersion\\Explorer\\Shell Folders",
                "Common AppData",
                "C:\\Dokumente und Einstellungen\\All Users\\Anwendungsdaten",
            ),
        ],
        ..XP_SP3
    };
    for source in [
        "Tresor/sub/1.bup",
        "Dokumente und Einstellungen/All Users/Anwendungsdaten/McAfee/VirusScan/Quarantine/2.bup",
        "Some/Other/Folder/3.BUP",
    ] {
        let mut scene = Scene::new(&xp).with(source, &bup(&SVCHOST_SP3.build()));
        let report = check_repaired(&mut scene, source);
        assert!(candidates(&report).contains(&source.replace('/', "\\")));
    }
}

#[test]
fn the_whole_volume_is_searched_if_the_usual_quarantine_has_not_the_file() {
    let source = "Tresor/good.bup";
    let mut scene = Scene::new(&XP_SP3)
        .with(
            "Quarantine/1.bup",
            &make_bup_of("Other", 5958, ORIGINAL, b"MZ"),
        )
        .with(source, &bup(&SVCHOST_SP3.build()));
    check_repaired(&mut scene, source);
}

#[test]
fn what_was_at_the_target_itself_comes_first() {
    let copy = make_bup_of(
        "W32/Wecorl.a",
        5958,
        "C:\\WINDOWS\\system32\\dllcache\\SVCHOST.EXE",
        &SVCHOST_SP3.build(),
    );
    let source = "Quarantine/2.bup";
    let mut scene = Scene::new(&XP_SP3)
        .with("Quarantine/1.bup", &copy)
        .with(source, &bup(&SVCHOST_SP3.build()));
    let report = check_repaired(&mut scene, source);
    assert!(
        Scene::only(&report)
            .plan
            .as_ref()
            .unwrap()
            .contains("2.bup")
    );
    assert_eq!(candidates(&report).matches("accepted").count(), 2);
}

#[test]
fn every_wrong_file_in_a_quarantine_is_refused_with_its_reason() {
    let good = SVCHOST_SP3.build();
    let scene = Scene::new(&XP_SP3)
        .with(
            "Quarantine/1.bup",
            &make_bup_of("W32/Sality", 5958, ORIGINAL, &good),
        )
        .with(
            "Quarantine/2.bup",
            &make_bup_of("W32/Wecorl.a", 5957, ORIGINAL, &good),
        )
        .with(
            "Quarantine/3.bup",
            &make_bup_of("W32/Wecorl.ab", 5958, ORIGINAL, &good),
        )
        .with("Quarantine/4.bup", &bup(&sp2()))
        .with("Quarantine/5.bup", &bup(&patched()))
        .with("Quarantine/6.bup", &bup(b""))
        .with("Quarantine/7.bup", &bup(&good)[..700])
        .with(
            "Quarantine/8.bup",
            &make_bup_of("W32/Wecorl.a", 5958, "c:\\other.exe", &good),
        );
    check_no_candidate(
        scene,
        expect![[r#"
            \WINDOWS\system32\dllcache\svchost.exe: not there
            \WINDOWS\ServicePackFiles\i386\svchost.exe: not there
            svchost.exe in \Quarantine\1.bup, quarantined on 2010-04-21 15:02:11 as W32/Sality by definitions 5958.0000: its detection is W32/Sality, expected W32/Wecorl.a
            svchost.exe in \Quarantine\2.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5957.0000: its version of the definitions is 5957.0000, expected 5958
            svchost.exe in \Quarantine\3.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.ab by definitions 5958.0000: its detection is W32/Wecorl.ab, expected W32/Wecorl.a
            svchost.exe in \Quarantine\4.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5958.0000: version is 5.1.2600.2180, expected 5.1.2600.5512
            svchost.exe in \Quarantine\5.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5958.0000: checksum of the content is 0x0000704b, its header says 0x0000704a: changed
            svchost.exe in \Quarantine\6.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5958.0000: File_0: 0 bytes, expected the file's content
            \Quarantine\7.bup: compound file: ends too early, expected a whole one
            \WINDOWS\i386: no svchost.exe, compressed or not, there nor in the driver cache
            \i386: no svchost.exe, compressed or not, there nor in the driver cache
            no acceptable copy of svchost.exe was found on this PC or on the stick
            bring svchost.exe 5.1.2600.5512 for i386 (32 bits), in French, from another PC with Microsoft Windows XP Service Pack 3 (5.1.2600)
            where it goes: beside the recipe of this stick, with [[files]] path = "svchost.exe" and its sha256 in the recipe; then run mendkit build, write the stick again and start this PC from it
        "#]],
    );
}

#[test]
fn every_wrong_file_of_an_installation_source_is_refused_with_its_reason() {
    let xp = Xp {
        more_texts: &[
            (
                "Microsoft\\Windows\\CurrentVersion\\Setup",
                "SourcePath",
                "D:\\",
            ),
            (
                "Microsoft\\Windows\\CurrentVersion\\Setup",
                "ServicePackSourcePath",
                "C:\\Sources\\I386\\",
            ),
        ],
        ..XP_SP3
    };
    let scene = Scene::new(&xp)
        .with("Sources/i386/svchost.exe", &sp2())
        .with(
            "Sources/i386/svchost.ex_",
            &make_cabinet(&[("svchost.exe", &patched())]),
        )
        .with("WINDOWS/i386/SVCHOST.EX_", b"MSCF but no more")
        .with("i386/SVCHOST.EX_", &make_cabinet(&[("svchost.exe", b"")]))
        .with(
            "WINDOWS/Driver Cache/I386/sp2.cab",
            &make_cabinet(&[("svchost.exe", &sp2())]),
        )
        .with(
            "WINDOWS/Driver Cache/I386/SP3.CAB",
            &make_cabinet(&[("atapi.sys", b"x")]),
        )
        .with("WINDOWS/svchost.exe", &SVCHOST_SP3.build())
        .with("svchost.exe", &SVCHOST_SP3.build());
    check_no_candidate(
        scene,
        expect![[r#"
            \WINDOWS\system32\dllcache\svchost.exe: not there
            \WINDOWS\ServicePackFiles\i386\svchost.exe: not there
            \Quarantine: no svchost.exe there nor in any other quarantine of this volume (0 containers)
            \Sources\i386\svchost.exe: version is 5.1.2600.2180, expected 5.1.2600.5512
            svchost.exe in \Sources\i386\svchost.ex_: checksum of the content is 0x0000704b, its header says 0x0000704a: changed
            \WINDOWS\i386\SVCHOST.EX_: cabinet: ends too early, expected one that can be unpacked
            svchost.exe in \i386\SVCHOST.EX_: empty
            \WINDOWS\Driver Cache\I386\SP3.CAB: holds no svchost.exe
            svchost.exe in \WINDOWS\Driver Cache\I386\sp2.cab: version is 5.1.2600.2180, expected 5.1.2600.5512
            D:\i386: this Windows does not know any more what drive D: was
            no acceptable copy of svchost.exe was found on this PC or on the stick
            bring svchost.exe 5.1.2600.5512 for i386 (32 bits), in French, from another PC with Microsoft Windows XP Service Pack 3 (5.1.2600)
            where it goes: beside the recipe of this stick, with [[files]] path = "svchost.exe" and its sha256 in the recipe; then run mendkit build, write the stick again and start this PC from it
        "#]],
    );
}

#[test]
fn a_member_of_the_driver_cache_is_taken() {
    let source = "WINDOWS/Driver Cache/i386/sp3.cab";
    let members = [
        ("atapi.sys", b"driver".as_slice()),
        ("svchost.exe", &SVCHOST_SP3.build()),
    ];
    let mut scene = Scene::new(&XP_SP3).with(source, &make_cabinet(&members));
    let report = check_repaired(&mut scene, source);
    assert!(candidates(&report).starts_with("\\WINDOWS\\system32\\dllcache"));
    assert!(candidates(&report).contains("svchost.exe in \\WINDOWS\\Driver Cache\\i386\\sp3.cab"));
}

#[test]
fn what_must_be_searched_or_unpacked_is_left_alone_once_the_right_file_is_known() {
    let good = SVCHOST_SP3.build();
    let mut scene = dllcache(&good)
        .with("Quarantine/1.bup", &bup(&good))
        .with("i386/SVCHOST.EX_", &make_cabinet(&[("svchost.exe", &good)]));
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired);
    let places: Vec<&str> = Scene::only(&report)
        .candidates
        .iter()
        .map(|c| c.place.as_str())
        .collect();
    assert_eq!(
        places,
        [
            "\\WINDOWS\\system32\\dllcache\\svchost.exe",
            "\\WINDOWS\\ServicePackFiles\\i386\\svchost.exe",
        ]
    );
}
