//! The plans of ten different broken PCs, as a person reads them before saying yes.

use super::remedies::{AUDIT_RULE, CROWDSTRIKE, DISABLE_DRIVER, HEAD, RENAME, quarantined};
use super::*;
use crate::antivirus::quarantine::fixture::make_bup_of;

/// 2024-07-19 04:09:58 UTC.
const BAD_TIME: u64 = 1_721_362_198;

/// Shows the plan, which is the same that is then carried out.
fn check(mut scene: Scene, expect: Expect) {
    let report = scene.run_unchanged(Mode::Diagnose);
    assert_eq!(report.verdict, Verdict::Affected, "{report:#?}");
    check_plan(&report, expect);
}

#[test]
fn pc_1_lost_svchost_and_has_a_protected_copy() {
    check(
        dllcache(&SVCHOST_SP3.build()),
        expect![[r#"
        installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
        1 replace  DAT 5958.0000 by 5959.0000 in \Program Files\Common Files\McAfee\Engine, 3 files
                   undo: put the kept copies back
        2 restore  \WINDOWS\system32\svchost.exe from \WINDOWS\system32\dllcache\svchost.exe
                   5.1.2600.5512 for i386, identity matches; not proven by signature
                   undo: remove it
        former files and how to undo this are kept in \mendkit\20100422T101500Z-PC1
        nothing else will be written
    "#]],
    );
}

#[test]
fn pc_2_has_an_empty_svchost_and_only_the_service_pack_to_take_it_from() {
    let scene = Scene::new(&XP_SP3)
        .with("WINDOWS/system32/svchost.exe", b"")
        .with(
            "WINDOWS/ServicePackFiles/i386/svchost.exe",
            &SVCHOST_SP3.build(),
        );
    check(
        scene,
        expect![[r#"
        installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
        1 replace  DAT 5958.0000 by 5959.0000 in \Program Files\Common Files\McAfee\Engine, 3 files
                   undo: put the kept copies back
        2 restore  \WINDOWS\system32\svchost.exe from \WINDOWS\ServicePackFiles\i386\svchost.exe
                   5.1.2600.5512 for i386, identity matches; not proven by signature
                   undo: put the kept copy back
        former files and how to undo this are kept in \mendkit\20100422T101500Z-PC1
        nothing else will be written
    "#]],
    );
}

#[test]
fn pc_3_has_svchost_only_in_its_quarantine() {
    let original = "c:\\windows\\system32\\svchost.exe";
    let bup = make_bup_of("W32/Wecorl.a", 5958, original, &SVCHOST_SP3.build());
    check(
        Scene::new(&XP_SP3).with("Quarantine/7da4150.bup", &bup),
        expect![[r#"
            installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
            1 replace  DAT 5958.0000 by 5959.0000 in \Program Files\Common Files\McAfee\Engine, 3 files
                       undo: put the kept copies back
            2 restore  \WINDOWS\system32\svchost.exe from svchost.exe in \Quarantine\7da4150.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5958.0000
                       5.1.2600.5512 for i386, identity matches; not proven by signature
                       undo: remove it
            former files and how to undo this are kept in \mendkit\20100422T101500Z-PC1
            nothing else will be written
        "#]],
    );
}

#[test]
fn pc_4_has_a_good_svchost_and_bad_definitions() {
    let scene = Scene::new(&XP_SP3).with("WINDOWS/system32/svchost.exe", &SVCHOST_SP3.build());
    check(
        scene,
        expect![[r#"
        installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
        1 replace  DAT 5958.0000 by 5959.0000 in \Program Files\Common Files\McAfee\Engine, 3 files
                   undo: put the kept copies back
        former files and how to undo this are kept in \mendkit\20100422T101500Z-PC1
        nothing else will be written
    "#]],
    );
}

#[test]
fn pc_5_can_only_be_helped_from_the_stick() {
    let svchost = SVCHOST_SP3.build();
    let zip = make_zip(&dat_5959());
    let scene = Scene::with_stick(&XP_SP3, &zip, &[("svchost.exe", &svchost)]);
    check(
        scene,
        expect![[r#"
        installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
        1 replace  DAT 5958.0000 by 5959.0000 in \Program Files\Common Files\McAfee\Engine, 3 files
                   undo: put the kept copies back
        2 restore  \WINDOWS\system32\svchost.exe from mendkit/files/0-svchost.exe on the stick
                   sha256 pinned in the recipe
                   undo: remove it
        former files and how to undo this are kept in \mendkit\20100422T101500Z-PC1
        nothing else will be written
    "#]],
    );
}

#[test]
fn pc_6_has_the_bad_channel_file() {
    let path = format!("{CROWDSTRIKE}/C-00000291-00000000-00000032.sys");
    check(
        Scene::crowdstrike().with_time(&path, &HEAD, BAD_TIME),
        expect![[r#"
            installation \Windows on VOLUME  (Windows 10 Pro (10.0.19045))
            1 remove   \Windows\System32\drivers\CrowdStrike\C-00000291-00000000-00000032.sys
                       AA AA AA AA at offset 0, written 2024-07-19 04:09:58 UTC
                       undo: put it back
            2 note     once Windows runs and is online, the sensor fetches the current channel file by itself
            former files and how to undo this are kept in \mendkit\20100422T101500Z-DESKTOP-291
            nothing else will be written
        "#]],
    );
}

#[test]
fn pc_7_has_two_bad_channel_files_beside_a_good_one() {
    let path = |number| format!("{CROWDSTRIKE}/C-00000291-00000000-000000{number}.sys");
    let scene = Scene::crowdstrike()
        .with_time(&path(31), &HEAD, BAD_TIME - 86_400)
        .with_time(&path(32), &HEAD, BAD_TIME)
        .with_time(&path(33), &HEAD, BAD_TIME + 60);
    check(
        scene,
        expect![[r#"
            installation \Windows on VOLUME  (Windows 10 Pro (10.0.19045))
            1 remove   2 files of \Windows\System32\drivers\CrowdStrike
                       C-00000291-00000000-00000032.sys: AA AA AA AA at offset 0, written 2024-07-19 04:09:58 UTC
                       C-00000291-00000000-00000033.sys: AA AA AA AA at offset 0, written 2024-07-19 04:10:58 UTC
                       undo: put them back
            2 note     once Windows runs and is online, the sensor fetches the current channel file by itself
            former files and how to undo this are kept in \mendkit\20100422T101500Z-DESKTOP-291
            nothing else will be written
        "#]],
    );
}

#[test]
fn pc_8_is_stopped_by_a_driver() {
    check(
        Scene::ten(&[DISABLE_DRIVER]),
        expect![[r#"
            installation \Windows on VOLUME  (Windows 10 Pro (10.0.19045))
            1 set      HKLM\SYSTEM\ControlSet001\Services\AvDrv: Start 1 (with the kernel) -> 4 (disabled)
                       HKLM\SYSTEM\ControlSet002\Services\AvDrv: Start 1 (with the kernel) -> 4 (disabled)
                       undo: set it to 1 again
            2 note     take the product's update, then set AvDrv to start again
            former files and how to undo this are kept in \mendkit\20100422T101500Z-DESKTOP-291
            nothing else will be written
        "#]],
    );
}

#[test]
fn pc_9_has_a_bad_rule_and_bad_definitions() {
    let rename = RENAME.find("[[step]]").map(|at| &RENAME[at..]).unwrap();
    let both = format!("{AUDIT_RULE}{rename}");
    let scene = Scene::ten(&[&both]).with("ProgramData/Vendor/defs.dat", &[0xBA, 0xD0, 1]);
    check(
        scene,
        expect![[r#"
            installation \Windows on VOLUME  (Windows 10 Pro (10.0.19045))
            1 set      HKLM\SOFTWARE\Policies\Microsoft\Windows Defender\ASR\Rules: 92e97fa1 "1" -> "2"
                       undo: set it to "1" again
            2 rename   \ProgramData\Vendor\defs.dat to defs.bad
                       BA D0 at offset 0
                       undo: give it its former name
            former files and how to undo this are kept in \mendkit\20100422T101500Z-DESKTOP-291
            nothing else will be written
        "#]],
    );
}

#[test]
fn pc_10_lost_many_programs_to_its_quarantine() {
    check(
        quarantined("skip"),
        expect![[r#"
            installation \WINDOWS on VOLUME  (Microsoft Windows XP Service Pack 3 (5.1.2600))
            1 restore  2 files from the quarantine of mcafee, taken for W32/False.a
                       \Program Files\App\one.exe
                       \Program Files\App\two.dll
                       as the quarantine has them; not proven by signature
                       undo: remove them
            how to undo this is kept in \mendkit\20100422T101500Z-PC1
            nothing else will be written
        "#]],
    );
}
