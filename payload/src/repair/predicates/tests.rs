//! Every test of the language with its three answers, without a disk.

use expect_test::{Expect, expect};

use super::*;
use crate::repair::detect::logs::SeenLog;
use crate::repair::detect::observe::{
    SeenContent, SeenData, SeenFile, SeenQuarantine, SeenService, SeenValue,
};
use crate::repair::detect::written::{Doubt, Written};
use crate::repair::fixture::{PeRecipe, SVCHOST_SP3, facts_of_xp};
use crate::windows::path::WindowsPath;
use crate::windows::pe::PeIdentity;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::remedy::value::UtcMoment;

fn remedy() -> Remedy {
    Remedy::parse(Remedy::built_in("mcafee-5958").unwrap()).unwrap()
}

fn judge_facts(facts: &InstallationFacts) -> Judgement {
    let known = Known {
        facts,
        volume: &VolumeState::Clean,
        observations: &Observations::default(),
    };
    judge_remedy(&remedy(), &known)
}

/// Returns the test that the TOML of a `[[when]]` means.
fn parse(when: &str) -> Predicate {
    let text = format!(
        "schema = 1\nid = \"x\"\ntitle = \"x\"\n[[when]]\n{when}\n[[step]]\nnote = \"x\"\n"
    );
    let remedy = Remedy::parse(&text).unwrap();
    remedy.when.into_iter().next().unwrap()
}

/// Judges a test by what was read for it, and prints answer and evidence.
fn check(when: &str, seen: Observation, expect: Expect) {
    let test = parse(when);
    let observations = Observations::of(vec![(test.clone(), seen)]);
    let known = Known {
        facts: &facts_of_xp(3, "5958.0000"),
        volume: &VolumeState::Dirty,
        observations: &observations,
    };
    let judgement = judge(&test, &known);
    expect.assert_eq(&format!(
        "{:?}: {}",
        judgement.answer,
        judgement.evidence.join("; ")
    ));
}

fn check_known(when: &str, expect: Expect) {
    let known = Known {
        facts: &facts_of_xp(3, "5958.0000"),
        volume: &VolumeState::Dirty,
        observations: &Observations::default(),
    };
    let judgement = judge(&parse(when), &known);
    expect.assert_eq(&format!(
        "{:?}: {}",
        judgement.answer,
        judgement.evidence.join("; ")
    ));
}

fn file(name: &str, size: u64, content: Result<SeenContent, String>) -> SeenFile {
    SeenFile {
        path: WindowsPath::parse(&format!("\\w\\{name}"), None).unwrap(),
        size,
        modified: Ok(Written::at(UtcMoment(1_721_362_140))),
        content,
    }
}

fn files(files: Vec<SeenFile>) -> Observation {
    Observation::Files(Ok(files))
}

#[test]
fn says_yes_with_evidence_of_both_tests() {
    let judgement = judge_facts(&facts_of_xp(3, "5958.0000"));
    assert_eq!(judgement.answer, Holds::Yes);
    assert_eq!(
        judgement.evidence[0],
        "Microsoft Windows XP Service Pack 3 (5.1.2600)"
    );
    assert!(judgement.evidence.len() > 1);
}

#[test]
fn says_no_to_other_service_packs_and_definitions() {
    for (service_pack, definitions) in [(2, "5958.0000"), (3, "5959.0000"), (3, "59580.0000")] {
        let judgement = judge_facts(&facts_of_xp(service_pack, definitions));
        assert_eq!(judgement.answer, Holds::No, "{service_pack} {definitions}");
    }
}

#[test]
fn no_outweighs_cannot_tell_and_cannot_tell_outweighs_yes() {
    let mut facts = facts_of_xp(3, "5958.0000");
    facts.installation.version = None;
    assert_eq!(judge_facts(&facts).answer, Holds::CannotTell);
    facts.products.clear();
    assert_eq!(judge_facts(&facts).answer, Holds::No);
    facts.product_problems.push("registry: damaged".into());
    assert_eq!(judge_facts(&facts).answer, Holds::CannotTell);
}

#[test]
fn any_and_not_keep_three_answers() {
    let xp = "os = { family = \"xp\" }";
    let vista = "os = { family = \"vista\" }";
    let unseen = "file = { path = '{windows}\\x', state = \"missing\" }";
    for (when, expect) in [
        (format!("any = [{{ {vista} }}, {{ {xp} }}]"), Holds::Yes),
        (format!("any = [{{ {unseen} }}, {{ {xp} }}]"), Holds::Yes),
        (
            format!("any = [{{ {unseen} }}, {{ {vista} }}]"),
            Holds::CannotTell,
        ),
        (format!("all = [{{ {unseen} }}, {{ {vista} }}]"), Holds::No),
        (
            format!("all = [{{ {unseen} }}, {{ {xp} }}]"),
            Holds::CannotTell,
        ),
        (format!("not = {{ {xp} }}"), Holds::No),
        (format!("not = {{ {vista} }}"), Holds::Yes),
        (format!("not = {{ {unseen} }}"), Holds::CannotTell),
    ] {
        let known = Known {
            facts: &facts_of_xp(3, "5958.0000"),
            volume: &VolumeState::Clean,
            observations: &Observations::default(),
        };
        let judgement = judge(&parse(&when), &known);
        assert_eq!(judgement.answer, expect, "{when}");
        assert!(!judgement.evidence.is_empty());
    }
}

#[test]
fn judges_what_is_known_of_every_installation() {
    check_known(
        "volume = { state = [\"clean\", \"dirty\"] }",
        expect!["Yes: state of the volume: marked for checking by Windows"],
    );
    check_known(
        "volume = { state = [\"hibernated\"] }",
        expect!["No: state of the volume: marked for checking by Windows"],
    );
    check_known(
        "os = { version = { at-least = \"5.1\", below = \"5.2\" }, build = { at-most = 2600 } }",
        expect!["Yes: Microsoft Windows XP Service Pack 3 (5.1.2600)"],
    );
    check_known(
        "os = { architecture = \"x64\" }",
        expect!["No: Microsoft Windows XP Service Pack 3 (5.1.2600), i386"],
    );
    check_known(
        "os = { family = \"xp\", language = \"german\" }",
        expect!["No: Microsoft Windows XP Service Pack 3 (5.1.2600), French"],
    );
    check_known(
        "product = { vendor = \"mcafee\", version = { at-least = \"8.5\" } }",
        expect!["Yes: VirusScan Enterprise 8.7.0.570, DAT 5958.0000"],
    );
    check_known(
        "product = { vendor = \"mcafee\", version = { at-least = \"8.8\" } }",
        expect!["No: VirusScan Enterprise 8.7.0.570 is installed"],
    );
    check_known(
        "product = { vendor = \"mcafee\", definitions-range = { below = \"5959\" } }",
        expect!["Yes: AVDatVersion is 5958.0000"],
    );
}

#[test]
fn judges_files() {
    let not_read = || Ok(SeenContent::NotRead);
    let missing = "file = { path = '{windows}\\x', state = \"missing\" }";
    check(
        missing,
        files(vec![]),
        expect![[r#"Yes: {windows}\x: not there"#]],
    );
    check(
        missing,
        files(vec![file("x", 0, not_read())]),
        expect![[r#"No: \w\x: 0 bytes"#]],
    );
    check(
        missing,
        Observation::Files(Err("\\w: a link".into())),
        expect![[r#"CannotTell: \w: a link"#]],
    );
    let empty = "file = { path = '{windows}\\x', state = \"empty\" }";
    check(
        empty,
        files(vec![file("x", 0, not_read())]),
        expect![[r#"Yes: \w\x: 0 bytes"#]],
    );
    check(
        empty,
        files(vec![]),
        expect![[r#"No: {windows}\x: not there"#]],
    );
    let sized = "file = { path = '{windows}\\x', size = 14336 }";
    check(
        sized,
        files(vec![file("x", 14336, not_read())]),
        expect![[r#"Yes: \w\x: 14336 bytes"#]],
    );
    check(
        sized,
        files(vec![file("x", 14337, not_read())]),
        expect![[r#"No: \w\x: 14337 bytes"#]],
    );
    let glob = "glob = { path = '{windows}\\*', count = { at-least = 2 } }";
    check(
        glob,
        files(vec![file("x", 1, not_read()), file("y", 2, not_read())]),
        expect![[
            r#"Yes: {windows}\*: 2 files; \w\x: 1 bytes, written 2024-07-19 04:09:00 UTC; \w\y: 2 bytes, written 2024-07-19 04:09:00 UTC"#
        ]],
    );
    check(
        glob,
        files(vec![file("x", 1, not_read())]),
        expect![[r#"No: {windows}\*: 1 file; \w\x: 1 bytes, written 2024-07-19 04:09:00 UTC"#]],
    );
}

#[test]
fn judges_content_of_files_of_which_one_suffices() {
    let bytes = |bytes: &[u8]| Ok(SeenContent::Bytes(bytes.to_vec()));
    let head = "bytes = { path = '{windows}\\*', hex = \"AA AA\" }";
    check(
        head,
        files(vec![
            file("x", 9, bytes(&[0, 0])),
            file("y", 9, bytes(&[0xAA, 0xAA])),
        ]),
        expect![[r#"Yes: \w\y: AA AA at offset 0"#]],
    );
    check(
        head,
        files(vec![file("x", 1, bytes(&[0xAA]))]),
        expect![[r#"No: \w\x: AA at offset 0"#]],
    );
    check(
        head,
        files(vec![
            file("x", 9, Err("bad sector".into())),
            file("y", 9, bytes(&[0, 0])),
        ]),
        expect![[r#"CannotTell: \w\x: bad sector"#]],
    );
    check(
        head,
        files(vec![]),
        expect![[r#"No: {windows}\*: not there"#]],
    );
    let masked = "bytes = { path = '{windows}\\x', offset = 4, hex = \"A0 01\", mask = \"F0 FF\" }";
    check(
        masked,
        files(vec![file("x", 9, bytes(&[0xAF, 1]))]),
        expect![[r#"Yes: \w\x: AF 01 at offset 4"#]],
    );
    let digest = Sha256Digest::of(b"x");
    let hash = format!("hash = {{ path = '{{windows}}\\x', sha256 = [\"{digest}\"] }}");
    check(
        &hash,
        files(vec![file("x", 1, Ok(SeenContent::Sha256(digest)))]),
        expect![[
            r#"Yes: \w\x: sha256 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"#
        ]],
    );
    check(
        &hash,
        files(vec![file(
            "x",
            1,
            Ok(SeenContent::Sha256(Sha256Digest::of(b"y"))),
        )]),
        expect![[
            r#"No: \w\x: sha256 a1fce4363854ff888cff4b8e7875d600c2682390412a8cf79b37d0b11148b0fa"#
        ]],
    );
    let program = |recipe: PeRecipe| {
        let identity = PeIdentity::parse(&recipe.build()).map_err(|e| e.to_string());
        files(vec![file("x", 14336, Ok(SeenContent::Program(identity)))])
    };
    let pe = "pe = { path = '{windows}\\x', version = \"5.1.2600.5512\", machine = \"x86\", original-name = \"SVCHOST.EXE\", checksum = \"right\" }";
    check(
        pe,
        program(SVCHOST_SP3),
        expect![[r#"Yes: \w\x: 5.1.2600.5512 for i386, made as svchost.exe, checksum right"#]],
    );
    check(
        pe,
        program(PeRecipe {
            version: [5, 1, 2600, 2180],
            ..SVCHOST_SP3
        }),
        expect![[r#"No: \w\x: 5.1.2600.2180 for i386, made as svchost.exe, checksum right"#]],
    );
    check(
        pe,
        files(vec![file(
            "x",
            0,
            Ok(SeenContent::Program(Err("no program".into()))),
        )]),
        expect![[r#"No: \w\x: no program"#]],
    );
    let time = "time = { path = '{windows}\\x', modified = { from = 2024-07-19T04:09:00Z, before = 2024-07-19T05:27:00Z } }";
    check(
        time,
        files(vec![file("x", 1, Ok(SeenContent::NotRead))]),
        expect![[r#"Yes: \w\x: written 2024-07-19 04:09:00 UTC"#]],
    );
    let later = "time = { path = '{windows}\\x', modified = { from = 2024-07-19T05:27:00Z } }";
    check(
        later,
        files(vec![file("x", 1, Ok(SeenContent::NotRead))]),
        expect![[r#"No: \w\x: written 2024-07-19 04:09:00 UTC"#]],
    );
}

#[test]
fn a_time_between_two_moments_is_told_only_where_both_say_the_same() {
    let written = |earliest, latest| {
        let mut seen = file("x", 1, Ok(SeenContent::NotRead));
        seen.modified = Ok(Written {
            earliest: UtcMoment(earliest),
            latest: UtcMoment(latest),
            doubt: Some(Doubt::Season),
        });
        files(vec![seen])
    };
    // From 1721362140 to before 1721366820.
    let test = parse(
        "time = { path = '{windows}\\x', modified = { from = 2024-07-19T04:09:00Z, before = 2024-07-19T05:27:00Z } }",
    );
    for (earliest, latest, answer) in [
        (1_721_362_140, 1_721_366_819, Holds::Yes),
        (1_721_362_139, 1_721_366_819, Holds::CannotTell),
        (1_721_362_140, 1_721_366_820, Holds::CannotTell),
        (1_721_350_000, 1_721_380_000, Holds::CannotTell),
        (1_721_350_000, 1_721_362_139, Holds::No),
        (1_721_366_820, 1_721_380_000, Holds::No),
    ] {
        let observations = Observations::of(vec![(test.clone(), written(earliest, latest))]);
        let known = Known {
            facts: &facts_of_xp(3, "5958.0000"),
            volume: &VolumeState::Clean,
            observations: &observations,
        };
        let judgement = judge(&test, &known);
        assert_eq!(judgement.answer, answer, "{earliest} {latest}");
        assert!(judgement.evidence[0].contains("FAT keeps local times"));
    }
}

#[test]
fn judges_catalog_proof_and_never_says_no_for_what_could_not_be_read() {
    let proof = |proof| files(vec![file("x", 1, Ok(SeenContent::Proof(proof)))]);
    let signed = "signed = { path = '{windows}\\x' }";
    let not_listed = |left_out: Vec<String>| crate::windows::catalog::Proof::NotListed {
        searched: 3,
        left_out,
    };
    check(
        signed,
        proof(not_listed(vec![])),
        expect![[r#"No: \w\x: listed in no catalog of this Windows, 3 searched"#]],
    );
    check(
        signed,
        proof(not_listed(vec!["a.cat: bad sector".into()])),
        expect![[
            r#"CannotTell: \w\x: listed in no catalog of this Windows, 3 searched, 1 not readable"#
        ]],
    );
    check(
        signed,
        proof(crate::windows::catalog::Proof::Unproven(
            "a.cat: forged".into(),
        )),
        expect![[r#"CannotTell: \w\x: a.cat: forged"#]],
    );
}

#[test]
fn judges_the_registry_and_services() {
    let value = |data| {
        let place = "HKLM\\SOFTWARE\\K: V".to_owned();
        Observation::Value(Ok(SeenValue { place, data }))
    };
    let number = |n| value(Some(SeenData::Number(n)));
    let text = |t: &str| value(Some(SeenData::Text(t.into())));
    let test = |compare: &str| {
        format!("registry = {{ hive = \"software\", key = \"K\", value = \"V\", {compare} }}")
    };
    check(
        &test("equals = 5958"),
        number(5958),
        expect![[r#"Yes: HKLM\SOFTWARE\K: V is 5958"#]],
    );
    check(
        &test("equals = 5958"),
        text("5958"),
        expect![[r#"Yes: HKLM\SOFTWARE\K: V is "5958""#]],
    );
    check(
        &test("equals = 5958"),
        value(None),
        expect![[r#"No: HKLM\SOFTWARE\K: V is not there"#]],
    );
    check(
        &test("state = \"missing\""),
        value(None),
        expect![[r#"Yes: HKLM\SOFTWARE\K: V is not there"#]],
    );
    check(
        &test("less = \"1.381.2164.0\""),
        text("1.381.2140.0"),
        expect![[r#"Yes: HKLM\SOFTWARE\K: V is "1.381.2140.0""#]],
    );
    check(
        &test("at-least = 5"),
        text("not a version"),
        expect![[r#"CannotTell: HKLM\SOFTWARE\K: V is "not a version""#]],
    );
    check(
        &test("matches = \"5958*\""),
        text("5958.0000"),
        expect![[r#"Yes: HKLM\SOFTWARE\K: V is "5958.0000""#]],
    );
    check(
        &test("equals = 1"),
        value(Some(SeenData::Other(3))),
        expect![[r#"CannotTell: HKLM\SOFTWARE\K: V is data of type 3"#]],
    );
    check(
        &test("equals = 1"),
        Observation::Value(Err("registry: damaged".into())),
        expect!["CannotTell: registry: damaged"],
    );
    let service = |is_there, start| {
        let place = "HKLM\\SYSTEM\\ControlSet001\\Services\\S".to_owned();
        Observation::Service(Ok(SeenService {
            place,
            is_there,
            start,
        }))
    };
    check(
        "service = { name = \"S\", start = [0, 1, 2] }",
        service(true, Some(2)),
        expect![[r#"Yes: HKLM\SYSTEM\ControlSet001\Services\S starts 2 (automatic)"#]],
    );
    check(
        "service = { name = \"S\", start = [0, 1, 2] }",
        service(true, None),
        expect![[r#"CannotTell: HKLM\SYSTEM\ControlSet001\Services\S has no number Start"#]],
    );
    check(
        "service = { name = \"S\" }",
        service(false, None),
        expect![[r#"No: HKLM\SYSTEM\ControlSet001\Services\S is not there"#]],
    );
}

#[test]
fn judges_quarantines_and_logs() {
    let item = |detection: &str| crate::antivirus::quarantine::QuarantineItem {
        container: WindowsPath::parse("\\Quarantine\\a.bup", None).unwrap(),
        kind: crate::antivirus::quarantine::ContainerKind::McafeeBup,
        number: 0,
        original_path: "C:\\WINDOWS\\system32\\svchost.exe".into(),
        detection: Some(detection.into()),
        definitions: Some("5958.0000".into()),
        created: None,
        size: Ok(14336),
    };
    let quarantine = |items, gaps: &[&str]| {
        Observation::Quarantine(SeenQuarantine {
            items,
            gaps: gaps.iter().map(|gap| (*gap).to_owned()).collect(),
        })
    };
    let test = "quarantine = { vendor = \"mcafee\", detection = \"w32/wecorl.a\", definitions = \"5958\", name = \"SVC*.exe\" }";
    check(
        test,
        quarantine(vec![item("W32/Wecorl.a!mem")], &[]),
        expect![[
            r#"Yes: svchost.exe in \Quarantine\a.bup, quarantined as W32/Wecorl.a!mem by definitions 5958.0000"#
        ]],
    );
    check(
        test,
        quarantine(vec![item("W32/Wecorl.ab")], &[]),
        expect!["No: quarantine of mcafee: 1 files, none of them meant"],
    );
    check(
        test,
        quarantine(vec![], &["\\Quarantine\\b.bup: damaged"]),
        expect![[r#"CannotTell: \Quarantine\b.bup: damaged"#]],
    );
    let log = |looked_at, hits: &[&str]| {
        Observation::Logs(Ok(vec![SeenLog {
            path: WindowsPath::parse("\\log.txt", None).unwrap(),
            looked_at,
            hits: hits.iter().map(|hit| (*hit).to_owned()).collect(),
        }]))
    };
    let test = "log = { path = '{windows}\\log.txt', contains = \"W32/Wecorl.a\" }";
    check(
        test,
        log(Ok(9), &["15:02 W32/Wecorl.a"]),
        expect![[r#"Yes: \log.txt: 15:02 W32/Wecorl.a"#]],
    );
    check(
        test,
        log(Ok(9), &[]),
        expect![[r#"No: \log.txt: not in the last 9 lines"#]],
    );
    check(
        test,
        log(Err("bad sector".into()), &[]),
        expect!["CannotTell: bad sector"],
    );
    check(
        test,
        Observation::Logs(Ok(vec![])),
        expect!["No: no such log"],
    );
}
