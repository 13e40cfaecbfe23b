//! What an office does before it builds: `init`, `check`, `completions`, `man`, and the refusals of
//! `rehearse`, as people run them.

use std::path::Path;
use std::process::{Command, Output};

use expect_test::{Expect, expect};
use fs_err as fs;

/// Runs `mendkit` in a folder, with a cache that is empty and a `mend` that is there.
fn mendkit(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mendkit"));
    command.current_dir(folder).args(words);
    if words.first() == Some(&"check") {
        fs::write(folder.join("mend-i586"), "x").unwrap();
        command.args(["--mend", "mend-i586", "--cache", "cache"]);
    }
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Shows exit code and both outputs; what lies in the folder has no other name for it.
fn shown(folder: &Path, output: &Output) -> String {
    let said = format!(
        "exit {}\n{}{}",
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr)
    );
    let built_in = rescue_stick::remedy::BUILT_IN_REMEDIES.iter();
    let built_in: Vec<&str> = built_in.map(|(name, _)| *name).collect();
    said.replace(folder.to_str().unwrap(), "FOLDER")
        .replace(&built_in.join(", "), "BUILT-IN")
}

/// Checks this recipe and shows what is said about it; that no boot parts are here is left out.
fn check(recipe: &str, inputs: &[(&str, &[u8])], expect: Expect) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("recipe.toml"), recipe).unwrap();
    for (name, content) in inputs {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let output = mendkit(folder.path(), &["check", "recipe.toml"]);
    let said = shown(folder.path(), &output);
    let is_of_parts = |line: &&str| line.contains("this office:") || line.contains("parts fetch");
    let lines = said.lines().filter(|line| !is_of_parts(line));
    // Which keys there are is told by the recipe's own tests.
    let lines = lines.map(|line| line.split(", expected one of `title`").next().unwrap());
    let lines: Vec<&str> = lines.collect();
    expect.assert_eq(&format!("{}\n", lines.join("\n")));
}

#[test]
fn a_new_folder_says_what_comes_next_and_its_recipe_lacks_only_inputs_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let made = mendkit(folder.path(), &["init", "case"]);
    expect![[r#"
        exit 0
         made      case/recipe.toml
         now       put the vendor's corrected package into case/inputs, make a key, then check
                   cd case
                   mendkit keygen
                   mendkit check recipe.toml
    "#]]
    .assert_eq(&shown(folder.path(), &made));
    let case = folder.path().join("case");
    let checked = shown(&case, &mendkit(&case, &["check", "recipe.toml"]));
    assert!(checked.starts_with("exit 1\n"), "{checked}");
    assert!(
        checked.contains("inputs/avvdat-5959.zip: there is no such file"),
        "{checked}"
    );
    assert!(
        checked.contains("make one: mendkit keygen -o release.key"),
        "{checked}"
    );
    assert!(checked.ends_with("3 things to put right\n"), "{checked}");
    let again = mendkit(folder.path(), &["init", "case"]);
    expect![[r#"
        exit 2
        error: case/recipe.toml: there is a recipe already, expected another folder
    "#]]
    .assert_eq(&shown(folder.path(), &again));
    let other = mendkit(folder.path(), &["init", "other", "--remedy", "nimda"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(text(&other.stderr).contains("no built-in remedy is called so"));
}

#[test]
fn every_mistake_is_said_at_once_with_its_line() {
    check(
        "title = \"Two lines\\nhere\"\n\
         date = \"2010-02-30\"\n\
         remedies = [\"mcafee-5985\", \"own.toml\", \"crowdstrike-291\", \"crowdstrike-291\"]\n\
         languages = [\"fr\", \"klingon\"]\n\
         [definitions.mcafee-dat]\n\
         zip = \"inputs/avvdat-5959.zip\"\n\
         [[files]]\n\
         path = \"svchost.exe\"\n\
         sha256 = \"0000000000000000000000000000000000000000000000000000000000000000\"\n\
         [boot]\n\
         menu-seconds = 900\n\
         [signing]\n\
         key = \"own.pub\"\n",
        &[("svchost.exe", b"x"), ("own.pub", b"no key\n")],
        expect![[r#"
            exit 1
            recipe.toml:1:9: title is "Two lines\nhere", expected one line of text, 100 characters at most
              1 | title = "Two lines\nhere"
                |         ^^^^^^^^^^^^^^^^^
            recipe.toml:2:8: date is "2010-02-30", expected a day from 1980-01-01 to 2107-12-31, as YYYY-MM-DD
              2 | date = "2010-02-30"
                |        ^^^^^^^^^^^^
            recipe.toml:3:13: remedies: no built-in remedy is called "mcafee-5985"; built in: BUILT-IN; a remedy of one's own ends in .toml
              3 | remedies = ["mcafee-5985", "own.toml", "crowdstrike-291", "crowdstrike-291"]
                |             ^^^^^^^^^^^^^
            recipe.toml:3:28: own.toml: there is no such file, expected a remedy of one's own
              3 | remedies = ["mcafee-5985", "own.toml", "crowdstrike-291", "crowdstrike-291"]
                |                            ^^^^^^^^^^
            recipe.toml:3:59: remedies: "crowdstrike-291" is named twice
              3 | remedies = ["mcafee-5985", "own.toml", "crowdstrike-291", "crowdstrike-291"]
                |                                                           ^^^^^^^^^^^^^^^^^
            recipe.toml:4:13: languages is ["fr", "klingon"], expected some of en, fr, de, es
              4 | languages = ["fr", "klingon"]
                |             ^^^^^^^^^^^^^^^^^
            recipe.toml:6:7: inputs/avvdat-5959.zip: there is no such file, expected the vendor's package with its avvdat.ini beside it
              6 | zip = "inputs/avvdat-5959.zip"
                |       ^^^^^^^^^^^^^^^^^^^^^^^^
            recipe.toml:9:10: svchost.exe: sha256 is 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881, the recipe pins 0000000000000000000000000000000000000000000000000000000000000000
              9 | sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
                |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            recipe.toml:11:16: boot.menu-seconds is 900, expected at most 600
              11 | menu-seconds = 900
                 |                ^^^
            recipe.toml:13:7: own.pub: not usable as a minisign secret key: Missing encoded key in secret key
              13 | key = "own.pub"
                 |       ^^^^^^^^^
            11 things to put right
        "#]],
    );
}

#[test]
fn a_remedy_and_definitions_that_are_not_for_each_other_are_pointed_at() {
    check(
        "title = \"t\"\nremedies = [\"mcafee-5958\"]\n[signing]\nkey = \"release.key\"\n",
        &[],
        expect![[r#"
            exit 1
            recipe.toml:2:13: remedy mcafee-5958 installs "mcafee-dat", but the recipe has no [definitions.mcafee-dat]
              2 | remedies = ["mcafee-5958"]
                |             ^^^^^^^^^^^^^
            recipe.toml:4:7: release.key: there is no such file, expected a secret key
              4 | key = "release.key"
                |       ^^^^^^^^^^^^^
              make one: mendkit keygen -o release.key
            3 things to put right
        "#]],
    );
}

#[test]
fn what_is_no_recipe_is_said_with_line_and_column() {
    check(
        "title = \"t\"\nremedies = [\"mcafee-5958\"\nmode = auto\n",
        &[],
        expect![[r#"
            exit 1
            recipe.toml:3:1: missing comma between array elements, expected `,`
              3 | mode = auto
                | ^
            2 things to put right
        "#]],
    );
    check(
        "title = \"t\"\nremedy = \"mcafee-5958\"\n[signing]\nkey = \"release.key\"\n",
        &[],
        expect![[r#"
            exit 1
            recipe.toml:2:1: unknown field `remedy`
              2 | remedy = "mcafee-5958"
                | ^^^^^^
            2 things to put right
        "#]],
    );
}

#[test]
fn completions_are_what_their_shells_accept() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, words) in [
        ("bash", &["bash", "-n"][..]),
        ("zsh", &["zsh", "-n"]),
        ("fish", &["fish", "--no-execute"]),
    ] {
        let output = mendkit(folder.path(), &["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("rehearse"), "{shell}");
        let file = folder.path().join(shell);
        fs::write(&file, &output.stdout).unwrap();
        // bash is on every machine that runs this; the others are asked where they are.
        let Ok(judged) = Command::new(words[0]).arg(words[1]).arg(&file).output() else {
            assert_ne!(shell, "bash");
            continue;
        };
        assert!(judged.status.success(), "{shell}: {judged:?}");
    }
}

#[test]
fn the_manual_has_a_page_a_command_and_readers_find_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let output = mendkit(folder.path(), &["man", "pages"]);
    assert_eq!(output.status.code(), Some(0));
    let pages = fs::read_dir(folder.path().join("pages")).unwrap();
    let mut pages: Vec<_> = pages.map(|page| page.unwrap().path()).collect();
    pages.sort();
    let names = pages
        .iter()
        .map(|page| page.file_name().unwrap().to_str().unwrap());
    let names: Vec<&str> = names.collect();
    for name in [
        "mendkit.1",
        "mendkit-build.1",
        "mendkit-parts-fetch.1",
        "mendkit-rehearse.1",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    let judges: [(&str, &[&str]); 2] = [
        ("man", &["--warnings", "--local-file"]),
        ("mandoc", &["-Tlint", "-Wwarning"]),
    ];
    for (judge, words) in judges {
        for page in &pages {
            let mut command = Command::new(judge);
            command.args(words).arg(page).env("LC_ALL", "C.UTF-8");
            let Ok(judged) = command.output() else {
                break;
            };
            assert!(judged.status.success(), "{judge}: {judged:?}");
            assert_eq!(text(&judged.stderr), "", "{judge}");
        }
    }
}

#[test]
fn nothing_is_rehearsed_that_is_no_signed_image() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("no.img"), vec![0; 1 << 20]).unwrap();
    let output = mendkit(folder.path(), &["rehearse", "no.img"]);
    let said = shown(folder.path(), &output);
    assert!(said.starts_with("exit 3\n problem   "), "{said}");
    assert!(said.contains("not rehearsed"), "{said}");
    let listed = mendkit(folder.path(), &["rehearse", "--list"]);
    assert!(text(&listed.stdout).contains("xp-mcafee-5958-missing "));
    let missing = mendkit(folder.path(), &["rehearse", "away.img"]);
    assert_eq!(missing.status.code(), Some(2));
}
