//! `mendkit keys`: what becomes of a list of recovery keys, judged by Debian's `age`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rescue_stick::key_bundle::KeyBundle;

const PASSPHRASE: &str = "correct horse battery staple";
const ID: &str = "64311DEA-4587-4029-924A-BA299647998E";
const KEY: &str = "235818-357951-253979-013365-241120-245575-342914-591910";

fn mendkit(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mendkit"));
    let output: Output = command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(
        !said.contains("235818") && !said.contains(PASSPHRASE),
        "{said}"
    );
    (output.status.code(), said)
}

/// Returns a folder with a list and a passphrase.
fn office(list: &str, passphrase: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("keys.csv"), list).unwrap();
    fs_err::write(folder.path().join("passphrase"), format!("{passphrase}\n")).unwrap();
    folder
}

const SEAL: [&str; 7] = [
    "keys",
    "seal",
    "keys.csv",
    "-o",
    "bundle.age",
    "--passphrase-file",
    "passphrase",
];

#[test]
fn a_list_is_sealed_and_its_ids_can_be_listed() {
    let folder = office(
        &format!("Computer,Key ID,Key\nPC-1,{ID},{KEY}\n"),
        PASSPHRASE,
    );
    let (code, said) = mendkit(folder.path(), &SEAL);
    expect_test::expect![[r#"
         sealed    bundle.age   1 key   opened by age too
         now       delete keys.csv: it holds the keys in the clear
    "#]]
    .assert_eq(&said.replace("\n ", "\n").replacen(' ', "", 1));
    assert_eq!(code, Some(0));
    let list = [
        "keys",
        "list",
        "bundle.age",
        "--passphrase-file",
        "passphrase",
    ];
    assert_eq!(
        mendkit(folder.path(), &list),
        (Some(0), format!("{ID}  PC-1\n"))
    );
    let bundle = fs_err::read(folder.path().join("bundle.age")).unwrap();
    assert!(!bundle.windows(6).any(|bytes| bytes == b"235818"));
    fs_err::write(folder.path().join("passphrase"), "another one here").unwrap();
    let (code, said) = mendkit(folder.path(), &list);
    assert_eq!(code, Some(2));
    assert_eq!(said, "error: bundle.age: the passphrase does not fit\n");
}

#[test]
fn bad_rows_are_named_and_the_rest_is_sealed() {
    let list = format!("id,key\n{ID},{KEY}\nx,{KEY}\n{ID},235818-1\n");
    let folder = office(&list, PASSPHRASE);
    let (code, said) = mendkit(folder.path(), &SEAL);
    assert_eq!(code, Some(1));
    expect_test::expect![[r#"
         left out  line 3: its key ID is no GUID, expected 8-4-4-4-12 hexadecimal digits
         left out  line 4: its recovery key cannot be right: it has 7 digits, expected 48 (8 blocks of 6)
         sealed    bundle.age   1 key   opened by age too
         now       delete keys.csv: it holds the keys in the clear
    "#]]
    .assert_eq(&said.replace("\n ", "\n").replacen(' ', "", 1));
}

#[test]
fn nothing_is_sealed_that_would_not_help_or_not_hold() {
    let folder = office("id,key\nx,y\n", PASSPHRASE);
    let (code, said) = mendkit(folder.path(), &SEAL);
    assert_eq!(code, Some(2));
    assert!(
        said.ends_with("error: keys.csv: no row has a usable key\n"),
        "{said}"
    );
    let folder = office(&format!("id,key\n{ID},{KEY}\n"), "short");
    let (code, said) = mendkit(folder.path(), &SEAL);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("5 characters, expected 12 at least"),
        "{said}"
    );
    assert!(!folder.path().join("bundle.age").exists());
}

#[test]
#[expect(clippy::print_stderr, reason = "a judge who is not here is named")]
fn age_opens_what_is_sealed_here() {
    let folder = office(
        &format!("Computer,Key ID,Key\nPC-1,{ID},{KEY}\n"),
        PASSPHRASE,
    );
    assert_eq!(mendkit(folder.path(), &SEAL).0, Some(0));
    let age = ["/usr/bin/age", "/usr/bin/script"];
    if let Some(absent) = age.iter().find(|path| !Path::new(path).exists()) {
        assert!(std::env::var_os("CI").is_none(), "{absent}: not there");
        eprintln!("skipped: {absent} is not here to judge");
        return;
    }
    // age asks on the terminal, and script gives it one.
    let mut script = Command::new("script")
        .args([
            "-qec",
            "age --decrypt -o bundle.json bundle.age",
            "/dev/null",
        ])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = script.stdin.take().unwrap();
    input
        .write_all(format!("{PASSPHRASE}\n").as_bytes())
        .unwrap();
    let said = script.wait_with_output().unwrap();
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stdout)
    );
    let text = fs_err::read(folder.path().join("bundle.json")).unwrap();
    let bundle = KeyBundle::parse(&text).unwrap();
    assert_eq!(bundle.keys[0].password, KEY);
}
