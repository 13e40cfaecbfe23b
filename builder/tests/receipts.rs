//! The commands that read the ledger of written sticks.

use std::path::Path;
use std::process::{Command, Output};

use mendkit::stick::image_facts::ImageFacts;
use mendkit::stick::receipts::{DeviceFacts, Receipt, StickVerdict, append_receipt, read_ledger};
use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::{Identity, IdentityFacts};

fn receipt(number: usize, verdict: StickVerdict) -> Receipt {
    Receipt {
        stick: Some(format!("MK-7F3A-{number:02}")),
        verdict,
        reason: (verdict == StickVerdict::Bad).then(|| "LBA 4096: other bytes".to_owned()),
        time: "2010-04-22T09:15:00Z".to_owned(),
        by: "Anna".to_owned(),
        device: DeviceFacts {
            path: "/dev/sdb".to_owned(),
            model: "SanDisk Ultra".to_owned(),
            serial: "4C53".to_owned(),
            true_size: 15_376_000_000,
        },
        image: ImageFacts {
            sha256: Sha256Digest::of(b"image"),
            title: "McAfee DAT 5958 (svchost.exe)".to_owned(),
            date: "2010-04-22".to_owned(),
            definitions: [("mcafee-dat".to_owned(), "5959.0000".to_owned())].into(),
            languages: vec!["en".to_owned()],
            signing_key: "RWQ".to_owned(),
        },
        refreshed_from: None,
        public_key: None,
        bytes_written: 88_400_000,
        took_ms: 4_210,
        read_back_sha256: None,
    }
}

fn mendkit(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mendkit"));
    let output: Output = command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn check_says_whether_receipts_are_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receipts.jsonl");
    append_receipt(&path, &receipt(1, StickVerdict::Good)).unwrap();
    append_receipt(&path, &receipt(2, StickVerdict::Bad)).unwrap();
    append_receipt(&path, &receipt(3, StickVerdict::Good)).unwrap();
    let head = read_ledger(&path).unwrap().head().unwrap().to_string();
    let check = |more: &[&str]| {
        let arguments = [&["receipts", "check", "receipts.jsonl"], more].concat();
        mendkit(folder.path(), &arguments)
    };
    let (code, said) = check(&[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("3 lines: 2 sticks good, 1 bad"), "{said}");
    assert!(said.contains(&head), "{said}");
    assert_eq!(check(&["--head", &head]).0, Some(0));

    // The last line taken away: the chain is whole, but not what was noted.
    let text = fs_err::read_to_string(&path).unwrap();
    let shorter = text.trim_end().rsplit_once('\n').unwrap().0;
    fs_err::write(&path, format!("{shorter}\n")).unwrap();
    assert_eq!(check(&[]).0, Some(0));
    let (code, said) = check(&["--head", &head]);
    assert_eq!(code, Some(3), "{said}");

    fs_err::write(&path, &text[..text.len() - 40]).unwrap();
    let (code, said) = check(&[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("not written to its end"), "{said}");

    fs_err::write(&path, text.replacen("\"bad\"", "\"good\"", 1)).unwrap();
    let (code, said) = check(&[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains(" problem   line 3: follows "), "{said}");

    assert_eq!(check(&["--head", "x"]).0, Some(2));
    fs_err::remove_file(&path).unwrap();
    assert_eq!(check(&[]).0, Some(2));
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says why")]
fn a_report_that_a_stick_signed_is_accepted_by_minisign_under_the_key_of_its_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let facts = IdentityFacts {
        id: "MK-7F3A-01".parse().unwrap(),
        image: Sha256Digest::of(b"image"),
        title: "title".to_owned(),
        written: "2010-04-22T09:15:00Z".to_owned(),
        by: "Anna".to_owned(),
    };
    let stick = Identity::new(facts, [9; 32]).unwrap();
    let report = folder.path().join("report.json");
    fs_err::write(&report, "{}\n").unwrap();
    let signature = folder.path().join("report.json.minisig");
    fs_err::write(&signature, stick.sign(b"{}\n")).unwrap();
    let judge = || {
        let mut command = Command::new("minisign");
        command.arg("-V").arg("-m").arg(&report);
        command.arg("-P").arg(stick.public_key().base64()).output()
    };
    let Ok(output) = judge() else {
        assert!(
            std::env::var_os("CI").is_none(),
            "minisign is not installed"
        );
        eprintln!("skipped: minisign is not installed");
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("mendkit stick MK-7F3A-01"), "{said}");
    fs_err::write(&report, "{ }\n").unwrap();
    assert!(!judge().unwrap().status.success());
}

#[test]
fn labels_are_made_for_good_sticks_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receipts.jsonl");
    for (number, verdict) in [
        (1, StickVerdict::Good),
        (2, StickVerdict::Bad),
        (3, StickVerdict::Good),
        // The stick was used once more, and is bad now.
        (3, StickVerdict::Bad),
        (4, StickVerdict::Good),
    ] {
        append_receipt(&path, &receipt(number, verdict)).unwrap();
    }
    let (code, said) = mendkit(folder.path(), &["labels", "receipts.jsonl"]);
    assert_eq!(code, Some(0), "{said}");
    let page = fs_err::read_to_string(folder.path().join("labels.html")).unwrap();
    let sticks = ["01", "02", "03", "04"].map(|one| page.contains(&format!(">MK-7F3A-{one}<")));
    assert_eq!(sticks, [true, false, false, true]);
    let only = ["labels", "receipts.jsonl", "--stick", "MK-7F3A-03"];
    let (code, said) = mendkit(folder.path(), &only);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("no receipt says that it is good"), "{said}");
    let sheet = ["labels", "receipts.jsonl", "--label-sheet", "letter"];
    let (code, said) = mendkit(folder.path(), &sheet);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("expected one of a4-3x8, a4-3x7, a4-2x7"),
        "{said}"
    );
}
