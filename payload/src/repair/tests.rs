//! The whole repair on small PCs that lie in folders.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use expect_test::{Expect, expect};
use fs_err as fs;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::report::health::HealthReport;

use super::fixture::{PeRecipe, SVCHOST_SP3, XP_SP3, Xp, dat_5959, make_stick, make_zip};
use super::report::render_report;
use super::*;
use crate::machine::folder::FolderMachine;
use crate::machine::{FileSystem, VolumeFacts, VolumeView};
use crate::screen::Answer;
use crate::screen::words::Language;
use crate::windows::pe::PeMachine;

mod containers;
mod found;
mod health;
mod plans;
mod proving;
mod remedies;
mod undo;
mod volumes;

const SYSTEM32: &str = "WINDOWS/system32";

/// A PC in a folder, a stick in another, and what a person would answer.
struct Scene {
    pc: tempfile::TempDir,
    stick_folder: tempfile::TempDir,
    stick: Stick,
    seen: Vec<String>,
}

/// Says yes to everything and remembers what was shown.
struct Willing<'a>(&'a mut Vec<String>);

impl Screen for Willing<'_> {
    fn line(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }

    fn ask(&mut self, question: Question<'_>) -> Answer {
        self.0.push(format!("{question:?}"));
        Answer::Yes
    }
}

impl Scene {
    fn new(xp: &Xp) -> Self {
        Self::with_stick(xp, &make_zip(&dat_5959()), &[])
    }

    fn with_stick(xp: &Xp, packed: &[u8], kit: &[(&str, &[u8])]) -> Self {
        let pc = tempfile::tempdir().unwrap();
        let stick_folder = tempfile::tempdir().unwrap();
        xp.write(pc.path());
        let stick = make_stick(stick_folder.path(), &dat_5959(), packed, kit);
        Self {
            pc,
            stick_folder,
            stick,
            seen: Vec::new(),
        }
    }

    fn with(self, path: &str, content: &[u8]) -> Self {
        let path = self.pc.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    fn run(&mut self, mode: Mode) -> Report {
        let machine = FolderMachine::open(self.pc.path()).unwrap();
        let machine = machine.with_time(1_271_931_300);
        run(
            &Request::new(mode),
            &machine,
            &self.stick,
            &mut Willing(&mut self.seen),
        )
    }

    /// Runs, and asserts that the PC is exactly as before.
    fn run_unchanged(&mut self, mode: Mode) -> Report {
        let before = tree(self.pc.path());
        let report = self.run(mode);
        assert_eq!(tree(self.pc.path()), before);
        report
    }

    fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.pc.path().join(path)).unwrap()
    }

    fn only(report: &Report) -> &InstallationReport {
        assert_eq!(report.installations.len(), 1);
        &report.installations[0]
    }
}

/// Returns every file below `root` with its digest.
fn tree(root: &Path) -> BTreeMap<String, Sha256Digest> {
    let mut files = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            if path.is_dir() && !path.is_symlink() {
                files.insert(format!("{name}/"), Sha256Digest::of(b""));
                open.push(path);
            } else {
                let content = fs::read(&path).unwrap_or_default();
                files.insert(name, Sha256Digest::of(&content));
            }
        }
    }
    files
}

fn check_plan(report: &Report, expect: Expect) {
    let volume = &report.volumes[0].name;
    let plan = Scene::only(report).plan.clone().unwrap();
    expect.assert_eq(&plan.replace(volume, "VOLUME"));
}

fn dllcache(content: &[u8]) -> Scene {
    Scene::new(&XP_SP3).with("WINDOWS/system32/dllcache/svchost.exe", content)
}

#[test]
fn puts_back_a_missing_svchost_after_the_definitions() {
    let good = SVCHOST_SP3.build();
    let mut scene = dllcache(&good);
    let report = scene.run(Mode::Confirm);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    check_plan(
        &report,
        expect![[r"
            installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
            1 replace  DAT 5958.0000 by 5959.0000 in \Program Files\Common Files\McAfee\Engine, 3 files
                       undo: put the kept copies back
            2 restore  \WINDOWS\system32\svchost.exe from \WINDOWS\system32\dllcache\svchost.exe
                       5.1.2600.5512 for i386, identity matches; not proven by signature
                       undo: remove it
            former files and how to undo this are kept in \mendkit\20100422T101500Z-PC1
            nothing else will be written
        "]],
    );
    assert_eq!(scene.read("WINDOWS/system32/svchost.exe"), good);
    for (name, content) in dat_5959() {
        let engine = "Program Files/Common Files/McAfee/Engine";
        assert_eq!(scene.read(&format!("{engine}/{name}")), content);
        let kept = scene.read(&format!("mendkit/20100422T101500Z-PC1/{engine}/{name}"));
        assert!(kept.ends_with(b"5958"));
    }
    let installation = Scene::only(&report);
    assert_eq!(installation.changes.len(), 4);
    assert_eq!(installation.changes[3].before, None);
    assert_eq!(installation.changes[3].after, Some(Sha256Digest::of(&good)));
    let ids: Vec<&str> = installation
        .findings
        .iter()
        .map(|f| f.id.as_str())
        .collect();
    assert_eq!(ids, ["stale-definitions", "missing-system-file"]);
    let asked = scene
        .seen
        .iter()
        .position(|line| line == "Repair { warning: None }");
    let last_of_plan = scene
        .seen
        .iter()
        .position(|line| line == "nothing else will be written");
    assert!(last_of_plan < asked);
}

#[test]
fn a_second_run_finds_nothing_to_do_and_changes_nothing() {
    let mut scene = dllcache(&SVCHOST_SP3.build());
    assert_eq!(scene.run(Mode::Auto).verdict, Verdict::Repaired);
    let report = scene.run_unchanged(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Healthy);
    assert_eq!(
        Scene::only(&report).advice,
        ["mcafee-5958: nothing is left to do"]
    );
}

#[test]
fn diagnosis_shows_the_same_plan_and_writes_nothing() {
    let mut scene = dllcache(&SVCHOST_SP3.build());
    let diagnosed = scene.run_unchanged(Mode::Diagnose);
    assert_eq!(diagnosed.verdict, Verdict::Affected);
    let repaired = scene.run(Mode::Auto);
    assert_eq!(Scene::only(&diagnosed).plan, Scene::only(&repaired).plan);
}

#[test]
fn an_empty_svchost_is_moved_aside_and_replaced_under_its_own_spelling() {
    let mut scene = dllcache(&SVCHOST_SP3.build()).with("WINDOWS/system32/SVCHOST.EXE", b"");
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    assert_eq!(
        scene.read("WINDOWS/system32/SVCHOST.EXE"),
        SVCHOST_SP3.build()
    );
    assert!(
        !scene
            .pc
            .path()
            .join("WINDOWS/system32/svchost.exe")
            .exists()
    );
    let kept = "mendkit/20100422T101500Z-PC1/WINDOWS/system32/SVCHOST.EXE";
    assert_eq!(scene.read(kept), b"");
    assert_eq!(Scene::only(&report).findings[1].id, "empty-system-file");
}

#[test]
fn with_svchost_intact_only_the_definitions_are_replaced() {
    let mut scene = Scene::new(&XP_SP3).with("WINDOWS/system32/svchost.exe", b"whatever it is");
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired);
    check_plan(
        &report,
        expect![[r"
            installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
            1 replace  DAT 5958.0000 by 5959.0000 in \Program Files\Common Files\McAfee\Engine, 3 files
                       undo: put the kept copies back
            former files and how to undo this are kept in \mendkit\20100422T101500Z-PC1
            nothing else will be written
        "]],
    );
    assert_eq!(
        scene.read("WINDOWS/system32/svchost.exe"),
        b"whatever it is"
    );
}

#[test]
fn with_good_definitions_only_the_file_is_put_back() {
    let mut scene = dllcache(&SVCHOST_SP3.build());
    for (name, content) in dat_5959() {
        scene = scene.with(
            &format!("Program Files/Common Files/McAfee/Engine/{name}"),
            &content,
        );
    }
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired);
    check_plan(
        &report,
        expect![[r#"
            installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
            1 restore  \WINDOWS\system32\svchost.exe from \WINDOWS\system32\dllcache\svchost.exe
                       5.1.2600.5512 for i386, identity matches; not proven by signature
                       undo: remove it
            how to undo this is kept in \mendkit\20100422T101500Z-PC1
            nothing else will be written
        "#]],
    );
    let kept = fs::read_dir(scene.pc.path().join("mendkit/20100422T101500Z-PC1")).unwrap();
    let kept: Vec<_> = kept.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(kept, ["undo-WINDOWS.json"]);
}

#[test]
fn other_service_packs_and_definitions_are_not_touched() {
    for xp in [
        Xp {
            service_pack: "Service Pack 2",
            ..XP_SP3
        },
        Xp {
            service_pack: "",
            ..XP_SP3
        },
        Xp {
            dat: 5959,
            ..XP_SP3
        },
    ] {
        let mut scene = Scene::new(&xp);
        let report = scene.run_unchanged(Mode::Auto);
        assert_eq!(report.verdict, Verdict::Healthy);
        let advice = &Scene::only(&report).advice[0];
        assert!(
            advice.starts_with("mcafee-5958 does not apply: "),
            "{advice}"
        );
    }
}

#[test]
fn names_are_found_in_any_case_and_any_language() {
    let xp = Xp {
        windows: "WinNT",
        system32: "System32",
        engine: "Programmes/Fichiers communs/McAfee/Mötör",
        computer: "PC-ÉCOLE",
        dllcache_value: Some("%SystemRoot%\\SYSTEM32\\dllcache"),
        ..XP_SP3
    };
    let mut scene =
        Scene::new(&xp).with("WinNT/System32/Dllcache/SvcHost.exe", &SVCHOST_SP3.build());
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    assert_eq!(report.run, "20100422T101500Z-PC-_COLE");
    check_plan(
        &report,
        expect![[r"
            installation \WinNT on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
            1 replace  DAT 5958.0000 by 5959.0000 in \Programmes\Fichiers communs\McAfee\Mötör, 3 files
                       undo: put the kept copies back
            2 restore  \WinNT\System32\svchost.exe from \WinNT\System32\Dllcache\SvcHost.exe
                       5.1.2600.5512 for i386, identity matches; not proven by signature
                       undo: remove it
            former files and how to undo this are kept in \mendkit\20100422T101500Z-PC-_COLE
            nothing else will be written
        "]],
    );
    assert_eq!(Scene::only(&report).candidates.len(), 2);
}

#[test]
fn twin_names_that_differ_only_by_case_stop_the_repair() {
    let mut scene = dllcache(&SVCHOST_SP3.build())
        .with("WINDOWS/system32/SVCHOST.EXE", b"")
        .with("WINDOWS/system32/Svchost.exe", b"");
    let report = scene.run_unchanged(Mode::Auto);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    let finding = &Scene::only(&report).findings[1];
    assert_eq!(finding.id, "unreadable-system-file");
    assert!(finding.evidence[0].contains("differ only by case"));
}

#[test]
fn a_link_in_a_path_is_never_followed() {
    let mut scene = Scene::new(&XP_SP3);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("svchost.exe"), SVCHOST_SP3.build()).unwrap();
    symlink(
        elsewhere.path(),
        scene.pc.path().join(SYSTEM32).join("dllcache"),
    )
    .unwrap();
    let report = scene.run_unchanged(Mode::Auto);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    let candidate = &Scene::only(&report).candidates[0];
    assert_eq!(
        candidate.reason,
        "\\WINDOWS\\system32\\dllcache: a link or junction, which is not followed"
    );
    let engine = scene
        .pc
        .path()
        .join("Program Files/Common Files/McAfee/Engine");
    fs::remove_dir_all(&engine).unwrap();
    symlink(elsewhere.path(), &engine).unwrap();
    let report = scene.run_unchanged(Mode::Auto);
    assert!(Scene::only(&report).advice[0].contains("a link or junction"));
}

#[test]
fn a_bad_package_on_the_stick_is_refused_before_anything_is_written() {
    let mut evil = dat_5959();
    evil[2].1[7] ^= 1;
    for packed in [
        make_zip(&evil),
        make_zip(&dat_5959()[..2]),
        b"no zip".to_vec(),
    ] {
        let mut scene = Scene::with_stick(&XP_SP3, &packed, &[]).with(
            "WINDOWS/system32/dllcache/svchost.exe",
            &SVCHOST_SP3.build(),
        );
        let report = scene.run_unchanged(Mode::Auto);
        assert_eq!(report.verdict, Verdict::Refused, "{report:#?}");
        assert!(Scene::only(&report).advice[0].contains("avvdat-5959.zip"));
    }
}

#[test]
fn a_fault_in_the_middle_of_the_renames_is_taken_back() {
    // The third file's place among the former files is taken, which is found out after two renames.
    let kept = "mendkit/20100422T101500Z-PC1/Program Files/Common Files/McAfee/Engine/avvscan.dat";
    let mut scene = dllcache(&SVCHOST_SP3.build()).with(kept, b"somebody's");
    let report = scene.run_unchanged(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Failed);
    let advice = &Scene::only(&report).advice;
    assert!(
        advice[0].contains("there already, expected a free name"),
        "{advice:?}"
    );
    assert!(
        advice[1].contains("the former files are in place"),
        "{advice:?}"
    );
}

#[test]
fn two_windows_on_one_volume_are_both_repaired_each_by_its_own_plan() {
    let mut scene = dllcache(&SVCHOST_SP3.build());
    let second = Xp {
        windows: "WINNT.2",
        computer: "PC2",
        ..XP_SP3
    };
    second.write(scene.pc.path());
    scene = scene
        .with("WINNT.2/system32/dllcache/svchost.exe", &SVCHOST_SP3.build())
        .with(
            "boot.ini",
            b"[operating systems]\r\nmulti(0)disk(0)rdisk(0)partition(1)\\WINDOWS=\"XP\" /fastdetect\r\n\
              multi(0)disk(0)rdisk(0)partition(1)\\WINNT.2=\"old\"\r\n",
        );
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    let folders: Vec<&str> = report
        .installations
        .iter()
        .map(|i| i.folder.as_str())
        .collect();
    assert_eq!(folders, ["\\WINDOWS", "\\WINNT.2"]);
    // Both share the engine's folder, so the second finds the definitions in place.
    assert_eq!(report.installations[0].changes.len(), 4);
    assert_eq!(report.installations[1].changes.len(), 1);
}

#[test]
fn one_healthy_and_one_stuck_windows_give_the_worse_verdict() {
    let mut scene = Scene::new(&XP_SP3);
    let second = Xp {
        windows: "WINNT",
        dat: 6000,
        ..XP_SP3
    };
    second.write(scene.pc.path());
    let report = scene.run_unchanged(Mode::Auto);
    let verdicts: Vec<Verdict> = report.installations.iter().map(|i| i.verdict).collect();
    assert_eq!(verdicts, [Verdict::NeedsYou, Verdict::Healthy]);
    assert_eq!(report.verdict, Verdict::NeedsYou);
}

#[test]
fn a_damaged_registry_cannot_tell_and_so_nothing_is_written() {
    let mut scene =
        dllcache(&SVCHOST_SP3.build()).with("WINDOWS/system32/config/software", b"junk");
    let report = scene.run_unchanged(Mode::Auto);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    let ids: Vec<&str> = Scene::only(&report)
        .findings
        .iter()
        .map(|f| f.id.as_str())
        .collect();
    assert_eq!(ids, ["odd-registry", "undecided"]);
}

#[test]
fn a_dirty_registry_is_read_and_named_as_evidence() {
    let mut scene = dllcache(&SVCHOST_SP3.build());
    let mut hive = scene.read("WINDOWS/system32/config/software");
    hive[4] ^= 1;
    scene = scene.with("WINDOWS/system32/config/software", &hive);
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired);
    let finding = &Scene::only(&report).findings[0];
    assert_eq!(finding.id, "odd-registry");
    assert!(finding.evidence[0].contains("sequence numbers differ"));
}

#[test]
fn what_is_missing_of_the_old_definitions_is_no_obstacle() {
    let mut scene = dllcache(&SVCHOST_SP3.build());
    let engine = scene
        .pc
        .path()
        .join("Program Files/Common Files/McAfee/Engine");
    fs::remove_file(engine.join("avvnames.dat")).unwrap();
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired);
    assert_eq!(Scene::only(&report).changes[1].before, None);
    assert_eq!(Scene::only(&report).changes[1].kept, None);
}

#[test]
fn an_extra_dat_goes_beside_the_definitions_and_is_taken_away_again() {
    let extra = [("EXTRA.DAT", b"an opaque blob".to_vec())];
    let mut scene = dllcache(&SVCHOST_SP3.build());
    let stick_folder = tempfile::tempdir().unwrap();
    scene.stick = make_stick(stick_folder.path(), &extra, &make_zip(&extra), &[]);
    let engine = "Program Files/Common Files/McAfee/Engine";
    let before = scene.read(&format!("{engine}/avvscan.dat"));
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    let plan = Scene::only(&report).plan.as_deref().unwrap();
    expect![[r#"
        1 add      DAT 5959.0000 to \Program Files\Common Files\McAfee\Engine, 1 file
                   undo: remove them"#]]
    .assert_eq(&plan.lines().skip(1).take(2).collect::<Vec<_>>().join("\n"));
    assert_eq!(
        scene.read(&format!("{engine}/EXTRA.DAT")),
        b"an opaque blob"
    );
    assert_eq!(scene.read(&format!("{engine}/avvscan.dat")), before);
    // The product still states DAT 5958, and nothing is left to do all the same.
    assert_eq!(scene.run_unchanged(Mode::Auto).verdict, Verdict::Healthy);
}

#[test]
fn without_a_stick_it_says_that_no_definitions_are_at_hand() {
    let mut scene = dllcache(&SVCHOST_SP3.build());
    scene.stick = Stick::built_in().unwrap();
    let report = scene.run_unchanged(Mode::Diagnose);
    assert_eq!(report.verdict, Verdict::Affected);
    assert!(Scene::only(&report).advice[0].contains("no definitions mcafee-dat are at hand"));
}

#[test]
fn a_folder_without_windows_needs_a_person() {
    let mut scene = Scene::new(&XP_SP3);
    scene.pc = tempfile::tempdir().unwrap();
    let report = scene.run_unchanged(Mode::Auto);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    assert_eq!(report.notes, ["no Windows was found on 1 volume"]);
}

#[test]
fn the_page_tells_a_person_what_was_found_and_done() {
    let mut scene = dllcache(&SVCHOST_SP3.build());
    let mut report = scene.run(Mode::Auto);
    let volume = report.volumes[0].name.clone();
    report.took_ms = 1830;
    report.timings.clear();
    report.volumes[0].size = 40_000_000_000;
    // That section has tests of its own, and this folder's times and free space are the host's.
    report.health = HealthReport::default();
    let text = render_report(&report, Language::English).replace(&volume, "VOLUME");
    expect![[r#"
        mendkit report 20100422T101500Z-PC1

        REPAIRED

        PC         folder
        Stick      McAfee DAT 5958 (svchost.exe), 2010-04-22
        Report     unsigned: this stick has no key of its own
        Carries    mcafee-dat 5959.0000
        Started    2010-04-22T10:15:00Z by this PC's clock, took 1.8 s

        \WINDOWS on VOLUME: REPAIRED
          Computer   PC1
          Windows    Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386
          Security   VirusScan Enterprise 8.7.0.570, DAT 5958.0000 of 2010/04/21, engine 5400.1158
          Found      DAT 5958.0000 is in use (stale-definitions)
                       Microsoft Windows XP Service Pack 3 (5.1.2600)
                       HKLM\SOFTWARE\McAfee\AVEngine: AVDatVersion and AVDatVersionMinor are 5958.0000
                       HKLM\SOFTWARE\McAfee\AVEngine: DAT is C:\Program Files\Common Files\McAfee\Engine\
                       \Program Files\Common Files\McAfee\Engine\avvclean.dat: sha256 5e9e5c414195e10f8c99dd2abb0358039b6a353bfbdb865fc9b4149701eb064a
                       \Program Files\Common Files\McAfee\Engine\avvnames.dat: sha256 b80c7ba3288cedcc36a2823e19e776227027f2609f9fe839aece2f676cd8035c
                       \Program Files\Common Files\McAfee\Engine\avvscan.dat: sha256 95fe4c4f6f1cd8096ad9638cc80ec23a1743f83f3a1c29fad55e7635a8732ab2
          Found      svchost.exe is missing (missing-system-file)
                       \WINDOWS\system32\svchost.exe: not there
          Looked at  \WINDOWS\system32\dllcache\svchost.exe
                       accepted: 5.1.2600.5512 for i386, identity matches; not proven by signature
          Looked at  \WINDOWS\ServicePackFiles\i386\svchost.exe
                       refused: not there
          Plan
            installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
            1 replace  DAT 5958.0000 by 5959.0000 in \Program Files\Common Files\McAfee\Engine, 3 files
                       undo: put the kept copies back
            2 restore  \WINDOWS\system32\svchost.exe from \WINDOWS\system32\dllcache\svchost.exe
                       5.1.2600.5512 for i386, identity matches; not proven by signature
                       undo: remove it
            former files and how to undo this are kept in \mendkit\20100422T101500Z-PC1
            nothing else will be written
          Changed    \Program Files\Common Files\McAfee\Engine\avvclean.dat
                       before 5e9e5c414195e10f8c99dd2abb0358039b6a353bfbdb865fc9b4149701eb064a
                       after  993c8c6372ee16d2a1ba389836d6b90afbff4c154acf11e93d0ccdaf83fb3d45
                       the former file is kept in \mendkit\20100422T101500Z-PC1\Program Files\Common Files\McAfee\Engine\avvclean.dat
          Changed    \Program Files\Common Files\McAfee\Engine\avvnames.dat
                       before b80c7ba3288cedcc36a2823e19e776227027f2609f9fe839aece2f676cd8035c
                       after  06414aa55988885a29088080dd3d5451617994c25c3f414f8ce5817b1e6c0eed
                       the former file is kept in \mendkit\20100422T101500Z-PC1\Program Files\Common Files\McAfee\Engine\avvnames.dat
          Changed    \Program Files\Common Files\McAfee\Engine\avvscan.dat
                       before 95fe4c4f6f1cd8096ad9638cc80ec23a1743f83f3a1c29fad55e7635a8732ab2
                       after  cf9e71fc67abd859f6b30c8019b6b74ed8f1c5786823fa804f927020e489f2f0
                       the former file is kept in \mendkit\20100422T101500Z-PC1\Program Files\Common Files\McAfee\Engine\avvscan.dat
          Changed    \WINDOWS\system32\svchost.exe
                       before not there
                       after  0a52a150ec8ab8d2e93f71aab17d2f95c4b6008c026dbdf69c9e01dd6922474f
          Next       take the stick out and restart this PC

        Health
          Firmware   Secure Boot not told

        Volume     VOLUME: folder, 40000 MB, clean
    "#]].assert_eq(&text);
}
