//! Which copy of a file is taken, and which are refused.

use super::*;

pub(super) fn check_no_candidate(mut scene: Scene, expect: Expect) {
    let report = scene.run_unchanged(Mode::Auto);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    let installation = Scene::only(&report);
    assert!(installation.plan.is_none());
    let mut text = String::new();
    for candidate in &installation.candidates {
        assert!(!candidate.accepted);
        text.push_str(&format!("{}: {}\n", candidate.place, candidate.reason));
    }
    text.push_str(&installation.advice.join("\n"));
    text.push('\n');
    expect.assert_eq(&text);
}

#[test]
fn without_an_acceptable_candidate_nothing_at_all_is_written() {
    check_no_candidate(
        Scene::new(&XP_SP3),
        expect![[r#"
            \WINDOWS\system32\dllcache\svchost.exe: not there
            \WINDOWS\ServicePackFiles\i386\svchost.exe: not there
            \Quarantine: no svchost.exe there nor in any other quarantine of this volume (0 containers)
            \WINDOWS\i386: no svchost.exe, compressed or not, there nor in the driver cache
            \i386: no svchost.exe, compressed or not, there nor in the driver cache
            no acceptable copy of svchost.exe was found on this PC or on the stick
            bring svchost.exe 5.1.2600.5512 for i386 (32 bits), in French, from another PC with Microsoft Windows XP Service Pack 3 (5.1.2600)
            where it goes: beside the recipe of this stick, with [[files]] path = "svchost.exe" and its sha256 in the recipe; then run mendkit build, write the stick again and start this PC from it
        "#]],
    );
}

#[test]
fn every_wrong_candidate_is_refused_with_its_reason() {
    let older = PeRecipe {
        version: [5, 1, 2600, 2180],
        ..SVCHOST_SP3
    }
    .build();
    assert_eq!(older.len(), SVCHOST_SP3.build().len());
    let wide = PeRecipe {
        machine: PeMachine::AMD64,
        ..SVCHOST_SP3
    }
    .build();
    check_no_candidate(
        dllcache(&older).with("WINDOWS/ServicePackFiles/i386/svchost.exe", &wide),
        expect![[r#"
            \WINDOWS\system32\dllcache\svchost.exe: version is 5.1.2600.2180, expected 5.1.2600.5512
            \WINDOWS\ServicePackFiles\i386\svchost.exe: for amd64, this Windows is for i386
            \Quarantine: no svchost.exe there nor in any other quarantine of this volume (0 containers)
            \WINDOWS\i386: no svchost.exe, compressed or not, there nor in the driver cache
            \i386: no svchost.exe, compressed or not, there nor in the driver cache
            no acceptable copy of svchost.exe was found on this PC or on the stick
            bring svchost.exe 5.1.2600.5512 for i386 (32 bits), in French, from another PC with Microsoft Windows XP Service Pack 3 (5.1.2600)
            where it goes: beside the recipe of this stick, with [[files]] path = "svchost.exe" and its sha256 in the recipe; then run mendkit build, write the stick again and start this PC from it
        "#]],
    );
    let mut patched = SVCHOST_SP3.build();
    patched[0x400] ^= 1;
    check_no_candidate(
        dllcache(b"").with("WINDOWS/ServicePackFiles/i386/svchost.exe", &patched),
        expect![[r#"
            \WINDOWS\system32\dllcache\svchost.exe: empty
            \WINDOWS\ServicePackFiles\i386\svchost.exe: checksum of the content is 0x0000704b, its header says 0x0000704a: changed
            \Quarantine: no svchost.exe there nor in any other quarantine of this volume (0 containers)
            \WINDOWS\i386: no svchost.exe, compressed or not, there nor in the driver cache
            \i386: no svchost.exe, compressed or not, there nor in the driver cache
            no acceptable copy of svchost.exe was found on this PC or on the stick
            bring svchost.exe 5.1.2600.5512 for i386 (32 bits), in French, from another PC with Microsoft Windows XP Service Pack 3 (5.1.2600)
            where it goes: beside the recipe of this stick, with [[files]] path = "svchost.exe" and its sha256 in the recipe; then run mendkit build, write the stick again and start this PC from it
        "#]],
    );
}

#[test]
fn service_pack_files_are_the_second_choice() {
    let mut scene = dllcache(b"").with(
        "WINDOWS/ServicePackFiles/i386/svchost.exe",
        &SVCHOST_SP3.build(),
    );
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired);
    let accepted: Vec<bool> = Scene::only(&report)
        .candidates
        .iter()
        .map(|c| c.accepted)
        .collect();
    assert_eq!(accepted, [false, true]);
    assert_eq!(
        scene.read("WINDOWS/system32/svchost.exe"),
        SVCHOST_SP3.build()
    );
}

#[test]
fn a_file_on_the_stick_is_taken_by_its_pin() {
    let mut pinned = SVCHOST_SP3.build();
    pinned[0x400] ^= 1;
    let zip = make_zip(&dat_5959());
    let mut scene = Scene::with_stick(&XP_SP3, &zip, &[("Svchost.exe", &pinned)]);
    let report = scene.run(Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    assert_eq!(scene.read("WINDOWS/system32/svchost.exe"), pinned);
    let candidate = Scene::only(&report).candidates.last().unwrap();
    assert_eq!(candidate.place, "mendkit/files/0-Svchost.exe on the stick");
    assert_eq!(candidate.reason, "sha256 pinned in the recipe");
}
