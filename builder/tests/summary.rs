//! `mendkit summary`, run as a program: codes of reports that no stick took.

use std::path::Path;
use std::process::Command;

const TEXT: &str = include_str!("../../payload/rescue-stick/fixtures/summary-1.txt");

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../payload/rescue-stick/fixtures");
    folder.join(name).to_str().unwrap().to_owned()
}

/// Runs it, and returns exit code and output.
fn summary(arguments: &[&str]) -> (Option<i32>, String) {
    let mut mendkit = Command::new(env!("CARGO_BIN_EXE_mendkit"));
    let output = mendkit.arg("summary").args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// Writes the public key of the fixtures' stick.
fn key(folder: &Path) -> String {
    let identity = fs_err::read(fixture("identity-1.bin")).unwrap();
    let identity = rescue_stick::identity::Identity::parse(&identity)
        .unwrap()
        .unwrap();
    let path = folder.join("stick.pub");
    fs_err::write(&path, identity.public_key().to_file()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn says_what_a_stick_signed_and_which_report_it_is_of() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(folder.path());
    let report = fixture("report-2.json");
    let (code, said) = summary(&[TEXT, "--key", &key, "--report", &report]);
    assert_eq!(code, Some(0), "{said}");
    let said = said.replace(&report, "REPORT");
    let lines: Vec<&str> = said.lines().map(str::trim).collect();
    expect_test::expect![[r#"
        stick     MK-7F3A-01  report 14
        PC        OPTIPLEX-114
        verdict   NEEDS YOU
        started   2010-04-22T10:15:00Z by the PC's clock
        report    sha256 begins with fcd82a76670de253f3712cd0e411b18e
        good      signed by that stick
        good      REPORT is that report"#]]
    .assert_eq(&lines.join("\n"));
    // A phone may break the text into lines.
    let (code, said) = summary(&[&TEXT[..60], &TEXT[60..], "--key", &key]);
    assert_eq!(code, Some(0), "{said}");
    let other = fixture("report-1.json");
    let (code, said) = summary(&[TEXT, "--key", &key, "--report", &other]);
    assert_eq!(code, Some(3), "{said}");
}

#[test]
fn refuses_what_was_changed_or_another_stick_made() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(folder.path());
    // A digit of the report's digest.
    let digit = if &TEXT[60..61] == "1" { "2" } else { "1" };
    let changed = [&TEXT[..60], digit, &TEXT[61..]].concat();
    for (text, reason) in [
        (changed.as_str(), "not signed by that stick's key"),
        (&TEXT[..200], "scan it again"),
        ("https://example.invalid", "another text"),
    ] {
        let (code, said) = summary(&[text, "--key", &key]);
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains(reason), "{said}");
    }
    let receipts = folder.path().join("receipts.jsonl");
    fs_err::write(&receipts, "").unwrap();
    let (code, said) = summary(&[TEXT, "--receipts", receipts.to_str().unwrap()]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("no key of stick MK-7F3A-01"), "{said}");
    assert_eq!(summary(&[TEXT]).0, Some(2));
}
