use expect_test::{Expect, expect};

use super::*;

const SCHEMA_1: &str = include_str!("../../fixtures/undo-1.json");
const RUN: &str = "20100422T101500Z-PC1";

#[test]
fn reads_every_schema_ever_shipped() {
    let record = UndoRecord::parse(SCHEMA_1, RUN).unwrap();
    assert_eq!(record.to_text(), SCHEMA_1);
    assert!(record.steps[0].is_set);
    assert_eq!(record.steps[2].hives[0].values[1].before, None);
}

#[test]
fn names_a_record_after_its_windows() {
    assert_eq!(UndoRecord::file_name("\\WINDOWS"), "undo-WINDOWS.json");
    assert_eq!(UndoRecord::file_name("\\Old\\WINNT"), "undo-Old-WINNT.json");
    assert!(UndoRecord::is_record("undo-WINDOWS.json"));
    assert!(!UndoRecord::is_record("undo-WINDOWS.json.new"));
}

/// Changes the fixture and demands that it is refused with this message.
fn check_refused(change: impl FnOnce(&mut UndoRecord), expect: Expect) {
    let mut record = UndoRecord::parse(SCHEMA_1, RUN).unwrap();
    change(&mut record);
    let error = UndoRecord::parse(&record.to_text(), RUN).unwrap_err();
    expect.assert_eq(&error.to_string());
}

#[test]
fn refuses_paths_that_lead_elsewhere() {
    check_refused(
        |record| record.steps[0].written[0].path = "\\Engine\\..\\..\\x".into(),
        expect![[
            r#"record of the repair, path: "\\Engine\\..\\..\\x", expected a plain path from the volume's root"#
        ]],
    );
    check_refused(
        |record| record.steps[0].written[0].path = "\\MendKit\\other\\x".into(),
        expect![[
            r#"record of the repair, path: "\\MendKit\\other\\x", expected a path outside of \mendkit"#
        ]],
    );
    check_refused(
        |record| record.steps[0].written[0].path = "C:\\x".into(),
        expect![[
            r#"record of the repair, path: "C:\\x", expected a plain path from the volume's root"#
        ]],
    );
    check_refused(
        |record| {
            let before = record.steps[0].written[0].before.as_mut().unwrap();
            before.kept = "\\Users\\mallory\\evil.dat".into();
        },
        expect![[
            r#"record of the repair, kept file: "\\Users\\mallory\\evil.dat", expected a path below \mendkit\20100422T101500Z-PC1\"#
        ]],
    );
    check_refused(
        |record| record.steps[1].moved[0].to = "\\mendkit\\other-run\\x".into(),
        expect![[
            r#"record of the repair, path: "\\mendkit\\other-run\\x", expected a path outside of \mendkit"#
        ]],
    );
    check_refused(
        |record| record.steps[1].moved[0].from = "\\a/b".into(),
        expect![[
            r#"record of the repair, path: "\\a/b", expected a plain path from the volume's root"#
        ]],
    );
    check_refused(
        |record| record.steps[2].hives[0].path = "\\Windows\\system:x".into(),
        expect![[
            r#"record of the repair, path: "\\Windows\\system:x", expected a plain path from the volume's root"#
        ]],
    );
    check_refused(
        |record| record.windows = String::new(),
        expect![[
            r#"record of the repair, path: "", expected a plain path from the volume's root"#
        ]],
    );
}

#[test]
fn refuses_another_run_doubled_paths_odd_names_and_more_than_a_repair_writes() {
    check_refused(
        |record| record.run = "20100422T101500Z-PC2".into(),
        expect![[
            r#"record of the repair, run: it is of run "20100422T101500Z-PC2", expected "20100422T101500Z-PC1", its folder"#
        ]],
    );
    check_refused(
        |record| {
            let second = record.steps[0].written[0].path.to_uppercase();
            record.steps[1].moved[0].from = second;
        },
        expect![[
            r#"record of the repair, paths: "\\engine\\avvscan.dat" twice, expected each path once"#
        ]],
    );
    check_refused(
        |record| record.steps[1].moved[0].attributes.short_name = Some("A\\B".into()),
        expect![[r#"record of the repair, short name: "A\\B", expected eight letters and three"#]],
    );
    check_refused(
        |record| {
            let value = record.steps[2].hives[0].values[0].clone();
            record.steps[2].hives[0].values = vec![value; MOST_CHANGES];
        },
        expect!["record of the repair, changes: 20009, expected at most 20000"],
    );
    let error = UndoRecord::parse(&" ".repeat(LARGEST_RECORD + 1), RUN).unwrap_err();
    expect!["record of the repair, size: 8388609 bytes, expected at most 8388608"]
        .assert_eq(&error.to_string());
}

#[test]
fn refuses_a_newer_schema_unknown_keys_wrong_digests_and_odd_data() {
    let refused = |from: &str, to: &str| {
        assert!(SCHEMA_1.contains(from), "{from}");
        let text = SCHEMA_1.replacen(from, to, 1);
        UndoRecord::parse(&text, RUN).unwrap_err().to_string()
    };
    expect!["record of the repair: schema is 2, this version reads 1"]
        .assert_eq(&refused("\"schema\": 1", "\"schema\": 2"));
    assert!(refused("\"run\"", "\"extra\": 1, \"run\"").contains("unknown field `extra`"));
    assert!(refused("\"sha256\": \"", "\"sha256\": \"x").contains("is not a SHA-256"));
    assert!(refused("\"data\": \"", "\"data\": \"x").contains("Odd number of digits"));
    let error = UndoRecord::parse("[1, 2", RUN).unwrap_err();
    assert!(matches!(error, UndoRecordError::Syntax(_)), "{error}");
}

#[test]
fn every_cut_and_every_flipped_byte_is_refused_or_still_within_bounds() {
    for length in (0..SCHEMA_1.len()).step_by(7) {
        assert!(
            UndoRecord::parse(&SCHEMA_1[..length], RUN).is_err(),
            "{length}"
        );
    }
    for place in 0..SCHEMA_1.len() {
        let mut bytes = SCHEMA_1.as_bytes().to_vec();
        bytes[place] ^= 0x02;
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(record) = UndoRecord::parse(&text, RUN) {
            let kept = record.steps.iter().flat_map(|step| &step.written);
            for before in kept.filter_map(|file| file.before.as_ref()) {
                assert!(before.kept.starts_with(&format!("\\mendkit\\{RUN}\\")));
            }
        }
    }
}
