//! Repairs taken back by their records, as if Windows had run in between.

use super::remedies::{AUDIT_RULE, CROWDSTRIKE, DISABLE_DRIVER, HEAD, RENAME, quarantined};
use super::volumes::{Ntfs, security_of};
use super::*;
use crate::hive::Hive;
use crate::hive::edit::HiveEditor;
use crate::hive::fixture::{count_keys_by_regf, difference};
use crate::hive::key::FileTime;
use crate::hive::log::tests::make_pending;
use crate::hive::value::ValueType;
use crate::repair::undo::{UndoRequest, undo_run};
use rescue_stick::undo::UndoRecord;

/// A day after the repairs of these tests.
const NEXT_DAY: i64 = 1_272_017_700;
const ENGINE: &str = "Program Files/Common Files/McAfee/Engine";
const SVCHOST: &str = "WINDOWS/system32/svchost.exe";
const RUN: &str = "20100422T101500Z-PC1";
/// 2024-07-19 04:09:58 UTC.
const BAD_TIME: u64 = 1_721_362_198;

impl Scene {
    fn undo(&mut self, mode: Mode, run: Option<&str>) -> Report {
        let machine = FolderMachine::open(self.pc.path()).unwrap();
        let machine = machine.with_time(NEXT_DAY);
        let run = run.map(str::to_owned);
        let screen = &mut Willing(&mut self.seen);
        undo_run(&UndoRequest { mode, run }, &machine, &self.stick, screen)
    }

    /// Undoes, and asserts that the PC is exactly as before.
    fn undo_unchanged(&mut self, run: Option<&str>) -> Report {
        let before = tree(self.pc.path());
        let report = self.undo(Mode::Auto, run);
        assert_eq!(tree(self.pc.path()), before);
        report
    }

    /// Returns every file but those in the folder of our own.
    fn files(&self) -> BTreeMap<String, Sha256Digest> {
        let mut files = tree(self.pc.path());
        files.retain(|path, _| !path.starts_with("mendkit/"));
        files
    }

    fn edit(&self, name: &str, edit: impl FnOnce(&mut HiveEditor)) {
        let path = self.pc.path().join("Windows/System32/config").join(name);
        let now = FileTime::from_unix_seconds(NEXT_DAY - 60);
        let mut editor = HiveEditor::open(fs::read(&path).unwrap(), now).unwrap();
        edit(&mut editor);
        fs::write(&path, editor.finish().unwrap()).unwrap();
    }

    fn record(&self, run: &str, windows: &str) -> UndoRecord {
        let text = self.read(&format!("mendkit/{run}/undo-{windows}.json"));
        UndoRecord::parse(&String::from_utf8(text).unwrap(), run).unwrap()
    }
}

fn repaired() -> (Scene, BTreeMap<String, Sha256Digest>) {
    let mut scene = dllcache(&SVCHOST_SP3.build());
    let before = scene.files();
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    (scene, before)
}

fn advice(report: &Report) -> String {
    let mut text = String::new();
    for one in &report.installations {
        text += &one.advice.join("\n");
        text.push('\n');
    }
    text += &report.notes.join("\n");
    text.replace(&report.volumes[0].name, "VOLUME")
}

#[test]
fn a_repair_is_taken_back_by_a_plan_that_a_person_can_refuse() {
    let (mut scene, before) = repaired();
    let report = scene.undo(Mode::Confirm, None);
    assert_eq!(report.verdict, Verdict::Undone, "{report:#?}");
    assert_eq!(report.run, "undo-20100423T101500Z-PC1");
    check_plan(
        &report,
        expect![[r#"
        undo of 20100422T101500Z-PC1 (mcafee-5958), installation \WINDOWS on VOLUME
        1 remove   \WINDOWS\system32\svchost.exe
        2 restore  3 files of \Program Files\Common Files\McAfee\Engine as before the repair
        3 mark     the repair as undone in \mendkit\20100422T101500Z-PC1\undo-WINDOWS.json
        what is there now is kept in \mendkit\undo-20100423T101500Z-PC1
        nothing else will be written
    "#]],
    );
    let question = scene
        .seen
        .iter()
        .any(|line| line == "Undo { warning: None }");
    assert!(question, "{:?}", scene.seen);
    assert_eq!(scene.files(), before);
    let changed: Vec<&str> = Scene::only(&report)
        .changes
        .iter()
        .map(|change| change.path.as_str())
        .collect();
    assert_eq!(changed.len(), 4, "{changed:?}");
    // What the repair had put there is kept in turn.
    let aside = "mendkit/undo-20100423T101500Z-PC1";
    assert_eq!(
        scene.read(&format!("{aside}/{SVCHOST}")),
        SVCHOST_SP3.build()
    );
    for (name, content) in dat_5959() {
        assert_eq!(scene.read(&format!("{aside}/{ENGINE}/{name}")), content);
    }
    let undone = scene.record(RUN, "WINDOWS").undone.unwrap();
    assert_eq!(undone.run, "undo-20100423T101500Z-PC1");
    assert_eq!(undone.written, "2010-04-23T10:15:00Z");
    // The PC is as broken as it was, and can be repaired again.
    assert_eq!(scene.run(Mode::Diagnose).verdict, Verdict::Affected);
}

#[test]
fn nothing_is_written_where_the_person_says_no_or_only_asks() {
    struct Unwilling;
    impl Screen for Unwilling {
        fn line(&mut self, _: &str) {}

        fn ask(&mut self, _: Question<'_>) -> Answer {
            Answer::No
        }
    }
    let (scene, _) = repaired();
    let before = tree(scene.pc.path());
    for mode in [Mode::Confirm, Mode::Diagnose] {
        let machine = FolderMachine::open(scene.pc.path()).unwrap();
        let request = UndoRequest { mode, run: None };
        let report = undo_run(&request, &machine, &scene.stick, &mut Unwilling);
        assert_eq!(report.verdict, Verdict::Affected);
        assert_eq!(tree(scene.pc.path()), before);
    }
}

#[test]
fn a_second_undo_and_the_undo_of_an_undo_are_refused_politely() {
    let (mut scene, _) = repaired();
    assert_eq!(scene.undo(Mode::Auto, None).verdict, Verdict::Undone);
    for run in [None, Some(RUN)] {
        let report = scene.undo_unchanged(run);
        assert_eq!(report.verdict, Verdict::Refused);
        expect!["the repair 20100422T101500Z-PC1 has already been taken back (by undo-20100423T101500Z-PC1); to have it again, repair this PC again"].assert_eq(&report.notes[0]);
    }
    let report = scene.undo_unchanged(Some("undo-20100423T101500Z-PC1"));
    assert_eq!(report.verdict, Verdict::Refused);
    expect![
        "undo-20100423T101500Z-PC1 is an undo, which cannot be taken back; repair this PC again"
    ]
    .assert_eq(&report.notes[0]);
    let report = scene.undo_unchanged(Some("20090101T000000Z-PC1"));
    assert_eq!(report.verdict, Verdict::Refused);
    expect!["the repair 20090101T000000Z-PC1 has left no record here"].assert_eq(&report.notes[0]);
}

#[test]
fn without_a_record_there_is_nothing_to_undo() {
    let mut scene = dllcache(&SVCHOST_SP3.build());
    let report = scene.undo_unchanged(None);
    assert_eq!(report.verdict, Verdict::Refused);
    expect!["no repair of this PC has left a record here that it could be undone by"]
        .assert_eq(&report.notes[0]);
}

#[test]
fn a_set_of_which_one_file_was_changed_since_stays_as_it_is() {
    let (scene, _) = repaired();
    let mut scene = scene.with(&format!("{ENGINE}/avvscan.dat"), b"scan 5960");
    let report = scene.undo(Mode::Auto, None);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    expect![[r#"
        put back, but for:
        3 files of \Program Files\Common Files\McAfee\Engine, which belong together: \Program Files\Common Files\McAfee\Engine\avvscan.dat: changed since the repair; the former file stays in \mendkit\20100422T101500Z-PC1\Program Files\Common Files\McAfee\Engine\avvscan.dat
    "#]].assert_eq(&advice(&report));
    assert!(!scene.pc.path().join(SVCHOST).exists());
    assert_eq!(scene.read(&format!("{ENGINE}/avvscan.dat")), b"scan 5960");
    assert_eq!(scene.read(&format!("{ENGINE}/avvclean.dat")), b"clean 5959");
    assert_eq!(scene.record(RUN, "WINDOWS").undone.unwrap().left.len(), 1);
}

#[test]
fn what_was_deleted_since_is_put_back_and_what_was_changed_since_is_left() {
    let (scene, before) = repaired();
    fs::remove_file(scene.pc.path().join(ENGINE).join("avvscan.dat")).unwrap();
    let mut scene = scene.with(SVCHOST, b"an update of Windows");
    let report = scene.undo(Mode::Auto, None);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    expect![[r#"
        put back, but for:
        \WINDOWS\system32\svchost.exe: changed since the repair
    "#]]
    .assert_eq(&advice(&report));
    let mut expected = before;
    let svchost = Sha256Digest::of(b"an update of Windows");
    expected.insert(SVCHOST.into(), svchost);
    assert_eq!(scene.files(), expected);
}

#[test]
fn where_nothing_can_be_put_back_nothing_is_written() {
    let (scene, _) = repaired();
    let mut scene = scene
        .with(SVCHOST, b"an update of Windows")
        .with(&format!("{ENGINE}/avvnames.dat"), b"names 5960");
    let report = scene.undo_unchanged(None);
    assert_eq!(report.verdict, Verdict::Refused);
    assert!(advice(&report).starts_with("nothing of it can be put back:\n"));
}

#[test]
fn a_kept_file_that_is_not_what_was_kept_is_not_put_back() {
    let (scene, _) = repaired();
    let kept = format!("mendkit/{RUN}/{ENGINE}/avvnames.dat");
    let mut scene = scene.with(&kept, b"names by somebody else");
    let report = scene.undo(Mode::Auto, None);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    expect![[r#"
        put back, but for:
        3 files of \Program Files\Common Files\McAfee\Engine, which belong together: \Program Files\Common Files\McAfee\Engine\avvnames.dat: the former file in \mendkit\20100422T101500Z-PC1\Program Files\Common Files\McAfee\Engine\avvnames.dat is not what was kept: sha256 is f574bd31551f56f19bf790aa8ed145cb92375e6d791e958a58febffc2e5ebfda, expected b80c7ba3288cedcc36a2823e19e776227027f2609f9fe839aece2f676cd8035c
    "#]].assert_eq(&advice(&report));
    let names = scene.read(&format!("{ENGINE}/avvnames.dat"));
    assert_eq!(Sha256Digest::of(&names), Sha256Digest::of(&dat_5959()[1].1));
}

#[test]
fn a_record_that_cannot_be_believed_is_refused_and_never_passed_over() {
    let (mut scene, _) = repaired();
    let path = format!("mendkit/{RUN}/undo-WINDOWS.json");
    let good = String::from_utf8(scene.read(&path)).unwrap();
    for (from, to) in [
        (
            "\\\\WINDOWS\\\\system32\\\\svchost.exe",
            "\\\\..\\\\svchost.exe",
        ),
        ("\"schema\": 1", "\"schema\": 7"),
        (RUN, "20100422T101500Z-PC9"),
        ("\"steps\"", "\"stops\""),
    ] {
        assert!(good.contains(from), "{from}");
        scene = scene.with(&path, good.replacen(from, to, 1).as_bytes());
        let report = scene.undo_unchanged(None);
        assert_eq!(report.verdict, Verdict::Refused, "{to}");
        assert!(
            report.notes[0].contains("record of the repair"),
            "{:?}",
            report.notes
        );
    }
    fs::remove_file(scene.pc.path().join(&path)).unwrap();
    symlink("/etc/passwd", scene.pc.path().join(&path)).unwrap();
    assert_eq!(scene.undo_unchanged(None).verdict, Verdict::Refused);
}

#[test]
fn a_file_moved_aside_comes_back_with_its_time_unless_its_place_is_taken() {
    let path = format!("{CROWDSTRIKE}/C-00000291-00000000-00000032.sys");
    let scene = || Scene::crowdstrike().with_time(&path, &HEAD, BAD_TIME);
    let modified = |scene: &Scene| {
        let found = fs::metadata(scene.pc.path().join(&path)).unwrap();
        found.modified().unwrap()
    };
    let mut repaired = scene();
    let (before, time) = (repaired.files(), modified(&repaired));
    assert_eq!(repaired.run(Mode::Auto).verdict, Verdict::Repaired);
    let report = repaired.undo(Mode::Auto, None);
    assert_eq!(report.verdict, Verdict::Undone, "{report:#?}");
    check_plan(
        &report,
        expect![[r#"
        undo of 20100422T101500Z-DESKTOP-291 (crowdstrike-291), installation \Windows on VOLUME
        1 restore  \Windows\System32\drivers\CrowdStrike\C-00000291-00000000-00000032.sys from \mendkit\20100422T101500Z-DESKTOP-291\Windows\System32\drivers\CrowdStrike\C-00000291-00000000-00000032.sys
        2 mark     the repair as undone in \mendkit\20100422T101500Z-DESKTOP-291\undo-Windows.json
        nothing else will be written
    "#]],
    );
    assert_eq!((repaired.files(), modified(&repaired)), (before, time));
    let mut scene = scene();
    assert_eq!(scene.run(Mode::Auto).verdict, Verdict::Repaired);
    let mut scene = scene.with(&path, b"the corrected one");
    let report = scene.undo_unchanged(None);
    assert_eq!(report.verdict, Verdict::Refused);
    expect![[r#"
        nothing of it can be put back:
        \Windows\System32\drivers\CrowdStrike\C-00000291-00000000-00000032.sys: another file is there now; the former one stays in \mendkit\20100422T101500Z-DESKTOP-291\Windows\System32\drivers\CrowdStrike\C-00000291-00000000-00000032.sys
    "#]].assert_eq(&advice(&report));
}

#[test]
fn a_renamed_file_and_files_from_a_quarantine_go_back_where_they_were() {
    let path = "ProgramData/Vendor/defs.dat";
    let mut scene = Scene::ten(&[RENAME]).with(path, &[0xBA, 0xD0, 1]);
    let before = scene.files();
    assert_eq!(scene.run(Mode::Auto).verdict, Verdict::Repaired);
    assert_eq!(scene.undo(Mode::Auto, None).verdict, Verdict::Undone);
    assert_eq!(scene.files(), before);
    let mut scene = quarantined("skip");
    let before = scene.files();
    assert_eq!(scene.run(Mode::Auto).verdict, Verdict::Repaired);
    // One of the restored files was removed by a person since: that is no obstacle.
    fs::remove_file(scene.pc.path().join("Program Files/App/one.exe")).unwrap();
    assert_eq!(scene.undo(Mode::Auto, None).verdict, Verdict::Undone);
    assert_eq!(scene.files(), before);
}

#[test]
fn values_are_set_back_while_everything_else_of_the_registry_stays_as_windows_left_it() {
    let mut scene = Scene::ten(&[DISABLE_DRIVER]);
    assert_eq!(scene.run(Mode::Auto).verdict, Verdict::Repaired);
    scene.edit("SYSTEM", |editor| {
        let name = "ControlSet001\\Control\\ComputerName\\ComputerName";
        editor
            .set_value(name, "LastBoot", ValueType::DWORD, &[7, 0, 0, 0])
            .unwrap();
        editor.create_key("ControlSet001\\Services\\New").unwrap();
    });
    let report = scene.undo(Mode::Auto, None);
    assert_eq!(report.verdict, Verdict::Undone, "{report:#?}");
    check_plan(
        &report,
        expect![[r#"
        undo of 20100422T101500Z-DESKTOP-291 (disable-driver), installation \Windows on VOLUME
        1 set      HKLM\SYSTEM\ControlSet002\Services\AvDrv: Start 4 -> 1
                   HKLM\SYSTEM\ControlSet001\Services\AvDrv: Start 4 -> 1
        2 mark     the repair as undone in \mendkit\20100422T101500Z-DESKTOP-291\undo-Windows.json
        what is there now is kept in \mendkit\undo-20100423T101500Z-DESKTOP-291
        nothing else will be written
    "#]],
    );
    let hive = scene.hive("SYSTEM");
    let number = |key: &str, name: &str| hive.key(key).unwrap().unwrap().number(name).unwrap();
    for set in ["ControlSet001", "ControlSet002"] {
        assert_eq!(number(&format!("{set}\\Services\\AvDrv"), "Start"), Some(1));
    }
    let name = "ControlSet001\\Control\\ComputerName\\ComputerName";
    assert_eq!(number(name, "LastBoot"), Some(7));
    assert!(hive.key("ControlSet001\\Services\\New").unwrap().is_some());
    assert_eq!(scene.undo_unchanged(None).verdict, Verdict::Refused);
}

#[test]
fn a_value_that_someone_else_has_set_since_stays_and_is_named() {
    let mut scene = Scene::ten(&[DISABLE_DRIVER]);
    assert_eq!(scene.run(Mode::Auto).verdict, Verdict::Repaired);
    scene.edit("SYSTEM", |editor| {
        let service = "ControlSet001\\Services\\AvDrv";
        editor
            .set_value(service, "Start", ValueType::DWORD, &[2, 0, 0, 0])
            .unwrap();
    });
    let report = scene.undo(Mode::Auto, None);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    expect![[r#"
        put back, but for:
        HKLM\SYSTEM\ControlSet001\Services\AvDrv: Start is 2, the repair left 4; it was 1 before
    "#]]
    .assert_eq(&advice(&report));
    let hive = scene.hive("SYSTEM");
    for (set, start) in [("ControlSet001", 2), ("ControlSet002", 1)] {
        let key = hive.key(&format!("{set}\\Services\\AvDrv")).unwrap();
        assert_eq!(key.unwrap().number("Start").unwrap(), Some(start), "{set}");
    }
}

#[test]
fn a_value_that_the_repair_added_is_taken_away_again() {
    let added = AUDIT_RULE
        .replace("92e97fa1", "d1e49aac")
        .replace(", old = \"1\"", "");
    let mut scene = Scene::ten(&[&added]);
    assert_eq!(scene.run(Mode::Auto).verdict, Verdict::Repaired);
    let report = scene.undo(Mode::Auto, None);
    assert_eq!(report.verdict, Verdict::Undone, "{report:#?}");
    let hive = scene.hive("SOFTWARE");
    let key = hive.key("Policies\\Microsoft\\Windows Defender\\ASR\\Rules");
    let key = key.unwrap().unwrap();
    assert!(key.value("d1e49aac").unwrap().is_none());
    assert_eq!(key.text("92e97fa1").unwrap().as_deref(), Some("1"));
}

#[test]
fn keys_that_a_record_says_were_made_go_unless_they_hold_more() {
    let scene = || {
        let mut scene = Scene::ten(&[DISABLE_DRIVER]);
        assert_eq!(scene.run(Mode::Auto).verdict, Verdict::Repaired);
        scene.edit("SYSTEM", |editor| {
            editor
                .create_key("ControlSet001\\Services\\Made\\Below")
                .unwrap();
        });
        let run = "20100422T101500Z-DESKTOP-291";
        let mut record = scene.record(run, "Windows");
        record.steps[0].hives[0].made_keys = vec![
            "ControlSet001\\Services\\Made".into(),
            "ControlSet001\\Services\\Made\\Below".into(),
        ];
        let path = format!("mendkit/{run}/undo-Windows.json");
        scene.with(&path, record.to_text().as_bytes())
    };
    let made = "ControlSet001\\Services\\Made";
    let mut unused = scene();
    assert_eq!(unused.undo(Mode::Auto, None).verdict, Verdict::Undone);
    assert!(unused.hive("SYSTEM").key(made).unwrap().is_none());
    let mut used = scene();
    used.edit("SYSTEM", |editor| {
        editor
            .set_value(made, "x", ValueType::DWORD, &[1, 0, 0, 0])
            .unwrap();
    });
    let report = used.undo(Mode::Auto, None);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    expect![[r#"
        put back, but for:
        HKLM\SYSTEM\ControlSet001\Services\Made: it holds more than the repair put there
    "#]]
    .assert_eq(&advice(&report));
    let hive = used.hive("SYSTEM");
    assert!(hive.key(made).unwrap().is_some());
    assert!(hive.key(&format!("{made}\\Below")).unwrap().is_none());
}

/// A Windows 10 whose registry was being written when the power went: what Windows had begun to write
/// stands in the log alone. Returns the hive that Windows would load, too.
fn with_pending_log() -> (Scene, Vec<u8>) {
    let scene = Scene::ten(&[DISABLE_DRIVER]);
    let path = "Windows/System32/config/SYSTEM";
    let (torn, log, complete) = make_pending(&scene.read(path), |editor| {
        let service = "ControlSet001\\Services\\Pending";
        editor.create_key(service).unwrap();
        editor
            .set_value(service, "Start", ValueType::DWORD, &[3, 0, 0, 0])
            .unwrap();
    });
    let scene = scene.with(path, &torn).with(&format!("{path}.LOG"), &log);
    (scene.with(&format!("{path}.LOG2"), b""), complete)
}

#[test]
fn a_registry_with_a_pending_log_is_completed_changed_and_rid_of_the_log() {
    let (mut scene, complete) = with_pending_log();
    let log = scene.read("Windows/System32/config/SYSTEM.LOG");
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    check_plan(
        &report,
        expect![[r#"
        installation \Windows on VOLUME  (Windows 10 Pro (10.0.19045))
        1 set      HKLM\SYSTEM\ControlSet001\Services\AvDrv: Start 1 (with the kernel) -> 4 (disabled)
                   HKLM\SYSTEM\ControlSet002\Services\AvDrv: Start 1 (with the kernel) -> 4 (disabled)
                   SYSTEM is written whole, SYSTEM.LOG emptied
                   undo: set it to 1 again
        2 note     take the product's update, then set AvDrv to start again
        former files and how to undo this are kept in \mendkit\20100422T101500Z-DESKTOP-291
        nothing else will be written
    "#]],
    );
    let after = scene.read("Windows/System32/config/SYSTEM");
    // Other tools see what Windows would have loaded, and the change.
    if let Some(difference) = difference(&complete, &after) {
        expect![[r#"
            - [\ControlSet001\Services\AvDrv] "Start"=dword:00000001
            + [\ControlSet001\Services\AvDrv] "Start"=dword:00000004
            - [\ControlSet002\Services\AvDrv] "Start"=dword:00000001
            + [\ControlSet002\Services\AvDrv] "Start"=dword:00000004
        "#]]
        .assert_eq(&difference);
    }
    let keys = scene.hive("SYSTEM").audit().keys;
    assert_eq!(count_keys_by_regf(&after), keys);
    assert_eq!(scene.hive("SYSTEM").dirty(), None);
    assert_eq!(scene.read("Windows/System32/config/SYSTEM.LOG"), b"");
    let kept = "mendkit/20100422T101500Z-DESKTOP-291/Windows/System32/config";
    assert_eq!(scene.read(&format!("{kept}/SYSTEM.LOG")), log);
    // Even if the old log came back, what was written is the last word.
    let loaded = Hive::parse_with_logs(after, &[log]).unwrap();
    let service = loaded.key("ControlSet001\\Services\\AvDrv").unwrap();
    assert_eq!(service.unwrap().number("Start").unwrap(), Some(4));
    assert!(loaded.replayed().is_empty());
}

#[test]
fn an_undo_completes_the_registry_from_its_log_too_and_empties_that() {
    let mut scene = Scene::ten(&[DISABLE_DRIVER]);
    assert_eq!(scene.run(Mode::Auto).verdict, Verdict::Repaired);
    let path = "Windows/System32/config/SYSTEM";
    let (torn, log, complete) = make_pending(&scene.read(path), |editor| {
        editor
            .create_key("ControlSet001\\Services\\Pending")
            .unwrap();
    });
    let mut scene = scene.with(path, &torn).with(&format!("{path}.LOG"), &log);
    let report = scene.undo(Mode::Auto, None);
    assert_eq!(report.verdict, Verdict::Undone, "{report:#?}");
    if let Some(difference) = difference(&complete, &scene.read(path)) {
        expect![[r#"
            + [\ControlSet001\Services\AvDrv] "Start"=dword:00000001
            - [\ControlSet001\Services\AvDrv] "Start"=dword:00000004
            + [\ControlSet002\Services\AvDrv] "Start"=dword:00000001
            - [\ControlSet002\Services\AvDrv] "Start"=dword:00000004
        "#]]
        .assert_eq(&difference);
    }
    assert_eq!(scene.read(&format!("{path}.LOG")), b"");
    let aside = "mendkit/undo-20100423T101500Z-DESKTOP-291/Windows/System32/config";
    assert_eq!(scene.read(&format!("{aside}/SYSTEM.LOG")), log);
}

#[test]
fn a_registry_that_no_log_completes_is_not_changed() {
    let (scene, _) = with_pending_log();
    let mut scene = scene.with("Windows/System32/config/SYSTEM.LOG", b"no log at all");
    let report = scene.run_unchanged(Mode::Auto);
    assert_eq!(report.verdict, Verdict::NeedsYou, "{report:#?}");
    expect![[r#"
        \Windows\System32\config\SYSTEM: transaction logs: the hive was not written to its end (sequence numbers differ: 3 and 2); log 1: its base block has another magic or checksum; expected one that completes the hive
        the registry is left as it is; have someone look at it
    "#]].assert_eq(&advice(&report));
}

#[test]
fn a_registry_that_no_log_completes_is_left_and_named() {
    let mut scene = Scene::ten(&[DISABLE_DRIVER]);
    assert_eq!(scene.run(Mode::Auto).verdict, Verdict::Repaired);
    let mut hive = scene.read("Windows/System32/config/SYSTEM");
    hive[4] ^= 1;
    let mut scene = scene
        .with("Windows/System32/config/SYSTEM", &hive)
        .with("Windows/System32/config/SYSTEM.LOG1", b"no log at all");
    let report = scene.undo_unchanged(None);
    assert_eq!(report.verdict, Verdict::Refused);
    expect![[r#"
        nothing of it can be put back:
        HKLM\SYSTEM: \Windows\System32\config\SYSTEM: transaction logs: the hive was not written to its end (sequence numbers differ: 2 and 3); log 1: its base block has another magic or checksum; expected one that completes the hive
    "#]].assert_eq(&advice(&report));
}

fn attributes_of(path: &Path) -> rescue_stick::undo::FileAttributes {
    crate::machine::attributes::read_attributes(path, FileSystem::Ntfs).unwrap()
}

/// Makes a file as Windows has its registry: hidden, of the system, old, with a short name.
fn make_old(path: &Path, short_name: &str) {
    let attributes = rescue_stick::undo::FileAttributes {
        short_name: Some(short_name.into()),
        flags: Some(0x26),
        created: Some(128_000_000_000_000_000),
        modified: Some(128_500_000_000_000_000),
        accessed: Some(129_000_000_000_000_000),
    };
    let set = crate::machine::attributes::write_attributes(path, &attributes, FileSystem::Ntfs);
    assert!(set.unwrap(), "{}", path.display());
    assert_eq!(attributes_of(path), attributes);
}

#[test]
fn on_ntfs_registry_files_and_their_logs_keep_flags_times_and_short_names() {
    let Some(volume) = Ntfs::mount() else { return };
    let root = volume.root();
    let mut scene = Scene::ten(&[DISABLE_DRIVER]);
    crate::repair::fixture::WINDOWS_10.write(&root);
    let config = root.join("Windows/System32/config");
    let (torn, log, _) = make_pending(&fs::read(config.join("SYSTEM")).unwrap(), |editor| {
        editor.create_key("Pending").unwrap();
    });
    fs::write(config.join("SYSTEM"), torn).unwrap();
    fs::write(config.join("SYSTEM.LOG1"), &log).unwrap();
    make_old(&config.join("SYSTEM"), "SYSTEM");
    make_old(&config.join("SYSTEM.LOG1"), "SYSTEM~1.LOG");
    // Another mode becomes another descriptor under ntfs-3g.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(&config, mode).unwrap();
    let former = attributes_of(&config.join("SYSTEM.LOG1"));
    let machine = FolderMachine::open(&root).unwrap();
    assert_eq!(machine.volumes()[0].facts().file_system, FileSystem::Ntfs);
    let machine = machine.with_time(1_271_931_300);
    let willing = &mut Willing(&mut scene.seen);
    let report = run(&Request::new(Mode::Auto), &machine, &scene.stick, willing);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    let kept = root.join("mendkit/20100422T101500Z-DESKTOP-291");
    // Who may not change the registry may not change what an undo would put back.
    assert_eq!(security_of(&kept), security_of(&config));
    assert_eq!(security_of(&kept), security_of(&root.join("mendkit")));
    assert_ne!(security_of(&kept), security_of(&root));
    let kept = kept.join("Windows/System32/config");
    // The kept files are as they were, and the new ones stand in for them.
    assert_eq!(fs::read(kept.join("SYSTEM.LOG1")).unwrap(), log);
    assert_eq!(attributes_of(&kept.join("SYSTEM.LOG1")), former);
    assert_eq!(
        security_of(&kept.join("SYSTEM")),
        security_of(&config.join("SYSTEM"))
    );
    for (name, short_name) in [("SYSTEM", "SYSTEM"), ("SYSTEM.LOG1", "SYSTEM~1.LOG")] {
        let new = attributes_of(&config.join(name));
        assert_eq!(new.short_name.as_deref(), Some(short_name), "{name}");
        assert_eq!(
            (new.flags, new.created),
            (Some(0x26), former.created),
            "{name}"
        );
        assert!(new.modified > former.modified, "{name}");
    }
    assert_eq!(fs::read(config.join("SYSTEM.LOG1")).unwrap(), b"");
    // A file with two long names cannot be given a short one: that is told, and no fault.
    let defs = root.join("ProgramData/Vendor/defs of the product.dat");
    fs::create_dir_all(defs.parent().unwrap()).unwrap();
    fs::write(&defs, "x").unwrap();
    fs::hard_link(&defs, root.join("second name of it.dat")).unwrap();
    let linked = rescue_stick::undo::FileAttributes {
        short_name: Some("DEFSOF~1.DAT".into()),
        ..Default::default()
    };
    let set = crate::machine::attributes::write_attributes(&defs, &linked, FileSystem::Ntfs);
    assert!(!set.unwrap());
}
