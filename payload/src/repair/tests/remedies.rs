//! Actions of remedies beside the main job: what they write, what they leave alone, when they stop.

use std::time::{Duration, SystemTime};

use super::*;
use crate::antivirus::quarantine::fixture::make_bup_of;
use crate::hive::Hive;
use crate::repair::fixture::{Ten, WINDOWS_10, make_stick_for};
use rescue_stick::remedy::Remedy;

/// 2024-07-19 04:09:00 UTC, when the bad file was published.
const PUBLISHED: u64 = 1_721_362_140;
/// 2024-07-19 05:27:00 UTC, when it was withdrawn.
const WITHDRAWN: u64 = 1_721_366_820;

pub(super) const CROWDSTRIKE: &str = "Windows/System32/drivers/CrowdStrike";
pub(super) const HEAD: [u8; 8] = [0xAA, 0xAA, 0xAA, 0xAA, 0x01, 0x00, 0x23, 0x01];

pub(super) const DISABLE_DRIVER: &str = r#"
schema = 1
id = "disable-driver"
title = "A driver of a product stops Windows"
[[when]]
service = { name = "AvDrv", start = [0, 1, 2] }
[[when]]
registry = { hive = "software", key = "Vendor\\Product", value = "Definitions", equals = 3292 }
[[step]]
set-service-start = { name = "AvDrv", start = 4 }
[[step]]
note = "take the product's update, then set AvDrv to start again"
"#;

pub(super) const AUDIT_RULE: &str = r#"
schema = 1
id = "audit-rule"
title = "A rule deletes shortcuts"
[[when]]
os = { family = "10" }
[[step]]
set-registry-value = { hive = "software", key = "Policies\\Microsoft\\Windows Defender\\ASR\\Rules", value = "92e97fa1", type = "text", data = "2", old = "1" }
"#;

pub(super) const RENAME: &str = r#"
schema = 1
id = "rename"
title = "Bad definitions"
[[when]]
file = { path = '{program-data}\Vendor\defs.dat', state = "exists" }
[[step]]
rename = '{program-data}\Vendor\defs.dat'
to = "defs.bad"
guard = { bytes = { hex = "BA D0" } }
"#;

pub(super) const QUARANTINED: &str = r#"
schema = 1
id = "bulk"
title = "Many files taken for malware"
[[when]]
quarantine = { vendor = "mcafee", detection = "W32/False.a", definitions = "5958" }
[[step]]
restore-quarantined = { vendor = "mcafee", detection = "W32/False.a", definitions = "5958" }
conflict = "CONFLICT"
proof = "none"
"#;

impl Scene {
    /// A Windows 10 and a stick with these remedies.
    pub(super) fn ten(remedies: &[&str]) -> Self {
        let scene = Self::empty(remedies);
        WINDOWS_10.write(scene.pc.path());
        scene
    }

    pub(super) fn empty(remedies: &[&str]) -> Self {
        let stick_folder = tempfile::tempdir().unwrap();
        let packed = make_zip(&dat_5959());
        let stick = make_stick_for(stick_folder.path(), remedies, &dat_5959(), &packed, &[]);
        Self {
            pc: tempfile::tempdir().unwrap(),
            stick_folder,
            stick,
            seen: Vec::new(),
        }
    }

    /// Adds a file that was last written so many seconds after 1970.
    pub(super) fn with_time(self, path: &str, content: &[u8], seconds: u64) -> Self {
        let scene = self.with(path, content);
        let file = fs::File::options()
            .append(true)
            .open(scene.pc.path().join(path))
            .unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        file.file().set_modified(time).unwrap();
        scene
    }

    pub(super) fn crowdstrike() -> Self {
        Self::ten(&[Remedy::built_in("crowdstrike-291").unwrap()])
    }

    pub(super) fn hive(&self, name: &str) -> Hive {
        Hive::parse(self.read(&format!("Windows/System32/config/{name}"))).unwrap()
    }
}

fn bad(name: &str) -> String {
    format!("{CROWDSTRIKE}/{name}")
}

#[test]
fn moves_the_bad_channel_file_aside_and_finds_nothing_the_second_time() {
    let path = bad("C-00000291-00000000-00000032.sys");
    let mut scene = Scene::crowdstrike().with_time(&path, &HEAD, PUBLISHED);
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    assert!(!scene.pc.path().join(&path).exists());
    let kept = scene.read(&format!("mendkit/20100422T101500Z-DESKTOP-291/{path}"));
    assert_eq!(kept, HEAD);
    let installation = Scene::only(&report);
    assert_eq!(installation.changes.len(), 1);
    assert_eq!(installation.changes[0].after, None);
    assert_eq!(installation.findings[0].id, "unwanted-file");
    let told = installation.advice.last().unwrap();
    assert!(told.starts_with("once Windows runs"), "{told}");
    assert_eq!(scene.run_unchanged(Mode::Auto).verdict, Verdict::Healthy);
}

#[test]
fn leaves_alone_every_channel_file_that_is_not_the_bad_one() {
    let mut scene = Scene::crowdstrike()
        .with_time(&bad("C-00000291-0.sys"), &HEAD, PUBLISHED - 1)
        .with_time(&bad("C-00000291-1.sys"), &HEAD, WITHDRAWN)
        .with_time(&bad("C-00000291-2.sys"), &[0; 64], PUBLISHED)
        .with_time(&bad("C-00000291-3.sys"), &HEAD[..3], PUBLISHED)
        .with_time(&bad("C-00000290-4.sys"), &HEAD, PUBLISHED)
        .with_time(&bad("C-00000291-5.sys.bak"), &HEAD, PUBLISHED);
    let report = scene.run_unchanged(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Healthy, "{report:#?}");
    let lines: Vec<String> = Scene::only(&report)
        .candidates
        .iter()
        .map(|candidate| format!("{}: {}\n", candidate.place, candidate.reason))
        .collect();
    expect![[r#"
        \Windows\System32\drivers\CrowdStrike\C-00000291-0.sys: left alone: written 2024-07-19 04:08:59 UTC
        \Windows\System32\drivers\CrowdStrike\C-00000291-1.sys: left alone: written 2024-07-19 05:27:00 UTC
        \Windows\System32\drivers\CrowdStrike\C-00000291-2.sys: left alone: 00 00 00 00 at offset 0
        \Windows\System32\drivers\CrowdStrike\C-00000291-3.sys: left alone: AA AA AA at offset 0
    "#]].assert_eq(&lines.concat());
}

#[test]
fn two_windows_each_lose_their_own_bad_file() {
    let second = Ten {
        windows: "WinNT",
        computer: "SECOND",
    };
    let scene = Scene::crowdstrike();
    second.write(scene.pc.path());
    let other = "WinNT/System32/drivers/CrowdStrike/C-00000291-1.sys";
    let mut scene = scene
        .with_time(&bad("C-00000291-1.sys"), &HEAD, PUBLISHED)
        .with_time(other, &HEAD, PUBLISHED);
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    assert_eq!(report.installations.len(), 2);
    assert!(!scene.pc.path().join(other).exists());
    assert!(!scene.pc.path().join(bad("C-00000291-1.sys")).exists());
}

#[test]
fn a_link_among_the_files_stops_the_repair() {
    let mut scene = Scene::crowdstrike();
    let at = scene.pc.path().join(bad("C-00000291-1.sys"));
    symlink("/etc/hostname", at).unwrap();
    let report = scene.run_unchanged(Mode::Auto);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    assert!(Scene::only(&report).findings[0].evidence[0].contains("a link or junction"));
}

#[test]
fn disables_a_driver_in_both_control_sets_and_keeps_the_old_hive_whole() {
    let mut scene = Scene::ten(&[DISABLE_DRIVER]);
    let before = scene.read("Windows/System32/config/SYSTEM");
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    let hive = scene.hive("SYSTEM");
    for set in ["ControlSet001", "ControlSet002"] {
        let key = hive.key(&format!("{set}\\Services\\AvDrv")).unwrap();
        assert_eq!(key.unwrap().number("Start").unwrap(), Some(4), "{set}");
    }
    let kept = "mendkit/20100422T101500Z-DESKTOP-291/Windows/System32/config/SYSTEM";
    assert_eq!(scene.read(kept), before);
    assert_eq!(scene.run_unchanged(Mode::Auto).verdict, Verdict::Healthy);
}

#[test]
fn sets_a_value_only_if_it_is_what_the_remedy_expects() {
    let mut scene = Scene::ten(&[AUDIT_RULE]);
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    let hive = scene.hive("SOFTWARE");
    let key = hive
        .key("Policies\\Microsoft\\Windows Defender\\ASR\\Rules")
        .unwrap();
    assert_eq!(key.unwrap().text("92e97fa1").unwrap().as_deref(), Some("2"));
    let other = AUDIT_RULE.replace("old = \"1\"", "old = \"6\"");
    let mut scene = Scene::ten(&[&other]);
    let report = scene.run_unchanged(Mode::Auto);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    expect![[r#"HKLM\SOFTWARE\Policies\Microsoft\Windows Defender\ASR\Rules: 92e97fa1 is "1", expected "6"; have someone look"#]].assert_eq(&Scene::only(&report).advice[0]);
}

#[test]
fn two_steps_that_change_one_registry_file_write_it_once() {
    let both = AUDIT_RULE.to_owned()
        + "[[step]]\nset-registry-value = { hive = \"software\", key = \"Vendor\\\\Product\", value = \"Definitions\", type = \"dword\", data = 3293 }\n";
    let mut scene = Scene::ten(&[&both]);
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    assert_eq!(Scene::only(&report).changes.len(), 1);
    let hive = scene.hive("SOFTWARE");
    let key = hive.key("Wow6432Node\\Vendor\\Product").unwrap().unwrap();
    assert_eq!(key.number("Definitions").unwrap(), Some(3293));
}

#[test]
fn a_registry_that_is_not_whole_is_not_changed() {
    let mut scene = Scene::ten(&[AUDIT_RULE]);
    let mut hive = scene.read("Windows/System32/config/SOFTWARE");
    hive[4] ^= 1;
    scene = scene.with("Windows/System32/config/SOFTWARE", &hive);
    let report = scene.run_unchanged(Mode::Auto);
    assert_eq!(report.verdict, Verdict::NeedsYou, "{report:#?}");
    let advice = &Scene::only(&report).advice[0];
    assert!(
        advice.starts_with("\\Windows\\System32\\config\\SOFTWARE: "),
        "{advice}"
    );
}

#[test]
fn renames_what_its_guard_holds_for_unless_the_name_is_taken() {
    let path = "ProgramData/Vendor/defs.dat";
    let mut scene = Scene::ten(&[RENAME]).with(path, &[0xBA, 0xD0, 1]);
    assert_eq!(scene.run(Mode::Auto).verdict, Verdict::Repaired);
    assert_eq!(scene.read("ProgramData/Vendor/defs.bad"), [0xBA, 0xD0, 1]);
    assert!(!scene.pc.path().join(path).exists());
    let mut scene = Scene::ten(&[RENAME]).with(path, &[0x60, 0x0D, 1]);
    assert_eq!(scene.run_unchanged(Mode::Auto).verdict, Verdict::Healthy);
    let mut scene = Scene::ten(&[RENAME])
        .with(path, &[0xBA, 0xD0, 1])
        .with("ProgramData/Vendor/DEFS.BAD", b"older");
    assert_eq!(scene.run_unchanged(Mode::Auto).verdict, Verdict::NeedsYou);
}

/// A PC whose quarantine has two programs and something that other definitions took.
pub(super) fn quarantined(conflict: &str) -> Scene {
    let remedy = QUARANTINED.replace("CONFLICT", conflict);
    let scene = Scene::empty(&[&remedy]);
    XP_SP3.write(scene.pc.path());
    let bup = |path: &str, content: &[u8]| make_bup_of("W32/False.a", 5958, path, content);
    scene
        .with("Program Files/App/readme.txt", b"x")
        .with(
            "Quarantine/1.bup",
            &bup("C:\\Program Files\\App\\one.exe", b"one"),
        )
        .with(
            "Quarantine/2.bup",
            &bup("C:\\Program Files\\App\\two.dll", b"two"),
        )
        .with(
            "Quarantine/3.bup",
            &bup("D:\\elsewhere\\three.exe", b"three"),
        )
        .with(
            "Quarantine/4.bup",
            &make_bup_of(
                "W32/Real.a",
                5958,
                "C:\\Program Files\\App\\four.exe",
                b"four",
            ),
        )
}

#[test]
fn puts_back_what_was_taken_under_one_name_and_nothing_else() {
    let mut scene = quarantined("skip");
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    assert_eq!(scene.read("Program Files/App/one.exe"), b"one");
    assert_eq!(scene.read("Program Files/App/two.dll"), b"two");
    assert!(!scene.pc.path().join("Program Files/App/four.exe").exists());
    assert_eq!(scene.run_unchanged(Mode::Auto).verdict, Verdict::Healthy);
}

#[test]
fn what_is_in_the_way_is_treated_as_the_remedy_says() {
    let one = "Program Files/App/one.exe";
    let mut scene = quarantined("skip").with(one, b"mine");
    assert_eq!(scene.run(Mode::Auto).verdict, Verdict::Repaired);
    assert_eq!(scene.read(one), b"mine");
    let mut scene = quarantined("compare").with(one, b"mine");
    assert_eq!(scene.run_unchanged(Mode::Auto).verdict, Verdict::NeedsYou);
    let mut scene = quarantined("compare").with(one, b"one");
    assert_eq!(scene.run(Mode::Auto).verdict, Verdict::Repaired);
    let mut scene = quarantined("replace-if-empty").with(one, b"");
    assert_eq!(scene.run(Mode::Auto).verdict, Verdict::Repaired);
    assert_eq!(scene.read(one), b"one");
}

#[test]
fn two_steps_on_one_file_are_a_fault_of_the_remedy() {
    let twice = RENAME.to_owned()
        + "[[step]]\nremove-file = '{program-data}\\Vendor\\defs.dat'\nguard = { bytes = { hex = \"BA D0\" } }\n";
    let mut scene = Scene::ten(&[&twice]).with("ProgramData/Vendor/defs.dat", &[0xBA, 0xD0]);
    let report = scene.run_unchanged(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(Scene::only(&report).advice[0].starts_with("two steps of this remedy touch "));
}
