//! `mendkit remedy` as people run it.

use std::process::Command;

use expect_test::{Expect, expect};

/// Runs `mendkit remedy` with these words; shows exit code and both outputs.
fn check(words: &[&str], expect: Expect) {
    let output = Command::new(env!("CARGO_BIN_EXE_mendkit"))
        .arg("remedy")
        .args(words)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let code = output.status.code().unwrap();
    expect.assert_eq(&format!(
        "exit {code}\n{}{}",
        text(&output.stdout),
        text(&output.stderr)
    ));
}

#[test]
fn lists_the_built_in_remedies() {
    check(
        &["list"],
        expect![[r#"
        exit 0
         crowdstrike-291  CrowdStrike channel file 291 stops Windows from starting
         mcafee-5958      McAfee DAT 5958 deletes svchost.exe on Windows XP SP3
    "#]],
    );
}

#[test]
fn explains_a_built_in_remedy() {
    check(
        &["check", "crowdstrike-291"],
        expect![[r#"
        exit 0
        crowdstrike-291: CrowdStrike channel file 291 stops Windows from starting

        If Windows is 7, 8, 8.1, 10 or 11
        and there are files {drivers}\CrowdStrike\C-00000291*.sys
        then, in this order:
          1. move {drivers}\CrowdStrike\C-00000291*.sys aside
             only if each file has AA AA AA AA at offset 0 and was last written from 2024-07-19 04:09:00 UTC to before 2024-07-19 05:27:00 UTC
             undo: put it back
          2. tell the person: once Windows runs and is online, the sensor fetches the current channel file by itself

        It may write, and nothing else:
          {drivers}\CrowdStrike\C-00000291*.sys
          \mendkit, where everything that is replaced or moved aside is kept

        No gaps found.
    "#]],
    );
}

#[test]
fn finds_gaps_in_a_remedy_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.toml");
    let text = "schema = 1\nid = \"own\"\ntitle = \"A driver is gone\"\n\
        [[when]]\nfile = { path = '{drivers}\\tcpip.sys', state = \"missing\" }\n\
        [[step]]\nrestore-file = '{drivers}\\tcpip.sys'\nif = [\"missing\"]\nfrom = [\"dllcache\"]\n\
        accept = { version = \"5.1.2600.5512\", original-name = \"tcpip.sys\" }\n";
    fs_err::write(&path, text).unwrap();
    check(
        &["check", path.to_str().unwrap()],
        expect![[r#"
        exit 1
        own: A driver is gone

        If {drivers}\tcpip.sys is missing
        then, in this order:
          1. put {drivers}\tcpip.sys back if it is missing
             from Windows' own protected copies
             it must be version 5.1.2600.5512 of tcpip.sys for the processor of this Windows
             undo: take it away again, or put the empty one back

        It may write, and nothing else:
          {drivers}\tcpip.sys
          \mendkit, where everything that is replaced or moved aside is kept

        gap: step 1 puts a file back, but no step replaces the definitions that took it: it may vanish again
        gap: no test asks for the version of the definitions: it also applies where the update was never bad
        gap: no test asks which Windows it is
        gap: step 1: {drivers}\tcpip.sys is left alone if it is empty
        gap: step 1: a candidate is accepted by its identity only, which anyone can write: add signed-catalog or sha256
        gap: step 1: a PC without a copy of its own cannot be helped: add kit to from
    "#]],
    );
}

#[test]
fn refuses_an_unknown_name_and_an_unknown_key() {
    check(
        &["check", "mcafee"],
        expect![[r#"
        exit 2
        error: no built-in remedy is called "mcafee"; built in: crowdstrike-291, mcafee-5958; a remedy of one's own ends in .toml
    "#]],
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.toml");
    let text = "schema = 1\nid = \"own\"\ntitle = \"x\"\n\
        [[when]]\nos = { family = \"xp\" }\n[[step]]\ndelete-file = '{drivers}\\tcpip.sys'\n";
    fs_err::write(&path, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_mendkit"))
        .args(["remedy", "check", path.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    let said = said.replace(path.to_str().unwrap(), "own.toml");
    expect![[r#"
        error: reading remedy own.toml: TOML parse error at line 7, column 1
          |
        7 | delete-file = '{drivers}\tcpip.sys'
          | ^^^^^^^^^^^
        unknown field `delete-file`, expected one of `install-definitions`, `restore-file`, `remove-file`, `rename`, `set-registry-value`, `set-service-start`, `restore-quarantined`, `note`, `if`, `from`, `quarantine`, `accept`, `guard`, `to`, `conflict`, `proof`
    "#]].assert_eq(&said);
}
