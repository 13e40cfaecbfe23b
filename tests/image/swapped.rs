//! An image with other definitions is the image that a build with them gives, to the last byte.

use anyhow::{Context as _, Result};
use fs_err as fs;
use support::definitions::{DatSizes, Fault, make_bad_definitions, make_definitions};
use support::kit::{Kit, KitSpec, cache, recipe_text, replace_on_stick, require_builds};
use support::tools::{require_tools, run, sha256_hex};

/// Sizes that leave the layout as it is, and that move everything behind the package: a scratch area of
/// another length, and clusters of another size.
const SIZES: [(&str, DatSizes); 4] = [
    ("the same", DatSizes::SMALL),
    ("smaller", DatSizes([700, 400, 100])),
    ("larger", DatSizes([9_000_000, 700_000, 70_000])),
    (
        "much larger",
        DatSizes([120_000_000, 20_000_000, 5_000_000]),
    ),
];

fn swap(kit: &Kit, more: &[&str]) -> Result<std::process::Output> {
    let mut arguments = vec!["swap", "rescue.img", "--definitions", "new/avvdat-5960.zip"];
    arguments.extend(["-o", "swapped.img"]);
    arguments.extend(more);
    Ok(kit.mendkit_command(&arguments).output()?)
}

/// Builds an image from the recipe with this change, under the name `built.img`.
fn build_changed(kit: &Kit, change: impl Fn(String) -> String) -> Result<()> {
    let recipe = recipe_text(&KitSpec::default());
    let recipe = recipe.replace("inputs/avvdat-5959.zip", "new/avvdat-5960.zip");
    fs::write(kit.path("changed.toml"), change(recipe))?;
    let cache = cache();
    let cache = cache.to_str().context("the cache's path is not UTF-8")?;
    kit.mendkit(&["build", "changed.toml", "-o", "built.img", "--cache", cache])?;
    Ok(())
}

fn assert_same(kit: &Kit, what: &str) -> Result<()> {
    let built = sha256_hex(&fs::read(kit.path("built.img"))?);
    let swapped = sha256_hex(&fs::read(kit.path("swapped.img"))?);
    assert_eq!(swapped, built, "{what}");
    Ok(())
}

#[test]
fn swapping_gives_the_bytes_of_a_build_whatever_the_size() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let before = sha256_hex(&fs::read(kit.image())?);
    for (what, sizes) in SIZES {
        make_definitions(5960, sizes, &kit.path("new"))?;
        let output = swap(&kit, &["--key", "release.key"])?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{what}: {said}{wrong}");
        assert!(said.contains("DAT 5959.0000 -> 5960.0000"), "{said}");
        build_changed(&kit, |recipe| recipe)?;
        assert_same(&kit, what)?;
        let verified = kit.mendkit(&["verify", "swapped.img", "--key", "release.key.pub"])?;
        assert!(verified.text().contains(" good "), "{}", verified.text());
    }
    assert_eq!(sha256_hex(&fs::read(kit.image())?), before);
    // There and back again: what was swapped can be swapped.
    fs::rename(kit.path("swapped.img"), kit.path("there.img"))?;
    let back = "mcafee-dat=inputs/avvdat-5959.zip";
    kit.mendkit(&[
        "swap",
        "there.img",
        "--definitions",
        back,
        "-o",
        "back.img",
        "--key",
        "release.key",
    ])?;
    assert_eq!(sha256_hex(&fs::read(kit.path("back.img"))?), before);
    Ok(())
}

#[test]
fn swapping_can_give_another_date_and_another_key() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    make_definitions(5960, DatSizes::SMALL, &kit.path("new"))?;
    kit.mendkit(&["keygen", "--no-password", "-o", "other.key"])?;
    let arguments = [
        "--key",
        "other.key",
        "--new-key",
        "release.key.pub",
        "--date",
        "2010-04-23",
    ];
    let output = swap(&kit, &arguments)?;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    build_changed(&kit, |recipe| {
        let recipe = recipe.replace("2010-04-22", "2010-04-23");
        recipe.replace("release.key", "other.key")
    })?;
    assert_same(&kit, "date and key")?;
    let verified = kit.mendkit(&["verify", "swapped.img", "--key", "other.key.pub"])?;
    assert!(verified.text().contains(" good "), "{}", verified.text());
    Ok(())
}

/// Installs an EXTRA.DAT on top of the corrected definitions.
const WITH_EXTRA: &str = r#"
schema = 1
id = "own-5958"
title = "DAT 5958, with an EXTRA.DAT on top of the corrected definitions"
[[when]]
product = { vendor = "mcafee", definitions = "5958" }
[[step]]
install-definitions = "mcafee-dat"
[[step]]
install-definitions = "mcafee-extra"
"#;

/// Writes a recipe with an EXTRA.DAT, and builds the image.
fn build_with_extra(kit: &Kit, name: &str, extra: &str, password: &str) -> Result<()> {
    let recipe = format!(
        "title = \"t\"\ndate = \"2010-04-22\"\nremedies = [\"own.toml\"]\n\
         [definitions.mcafee-dat]\nzip = \"inputs/avvdat-5959.zip\"\n\
         [definitions.mcafee-extra]\nextra-dat = \"{extra}\"\n{password}[signing]\nkey = \"release.key\"\n"
    );
    fs::write(kit.path("own.toml"), WITH_EXTRA)?;
    fs::write(kit.path("extra.toml"), recipe)?;
    let cache = cache();
    let cache = cache.to_str().context("the cache's path is not UTF-8")?;
    kit.mendkit(&["build", "extra.toml", "-o", name, "--cache", cache])?;
    Ok(())
}

#[test]
fn an_extra_dat_is_swapped_for_another_and_for_nothing_else() -> Result<()> {
    if !require_builds() || !require_tools(&["zip"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    fs::create_dir(kit.path("new"))?;
    fs::write(kit.path("EXTRA.DAT"), "takes back one detection")?;
    fs::write(kit.path("new/EXTRA.DAT"), "takes back two detections")?;
    run(
        "zip",
        &["-q", "-j", "-P", "infected"]
            .map(str::to_owned)
            .into_iter()
            .chain(
                ["new/LOCKED.ZIP", "new/EXTRA.DAT"]
                    .map(|name| kit.path(name).display().to_string()),
            )
            .collect::<Vec<_>>(),
    )?;
    build_with_extra(&kit, "rescue.img", "EXTRA.DAT", "")?;
    let swap = |given: &str, password: &[&str]| {
        let arguments = [
            "swap",
            "rescue.img",
            "--key",
            "release.key",
            "-o",
            "swapped.img",
        ];
        let arguments = [&arguments[..], &["--definitions", given], password].concat();
        kit.mendkit_command(&arguments).output()
    };
    let output = swap("mcafee-extra=new/EXTRA.DAT", &[])?;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    build_with_extra(&kit, "built.img", "new/EXTRA.DAT", "")?;
    assert_same(&kit, "plain")?;
    let output = swap("mcafee-extra=new/LOCKED.ZIP", &["--password", "infected"])?;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let password = "password = \"infected\"\n";
    build_with_extra(&kit, "built.img", "new/LOCKED.ZIP", password)?;
    assert_same(&kit, "locked")?;
    let verified = kit.mendkit(&["verify", "swapped.img", "--key", "release.key.pub"])?;
    assert!(verified.text().contains(" good "), "{}", verified.text());

    fs::remove_file(kit.path("swapped.img"))?;
    let refused = |given: &str, password: &[&str], words: &str| -> Result<()> {
        let output = swap(given, password)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
        assert!(!kit.path("swapped.img").exists(), "{said}");
        Ok(())
    };
    refused("mcafee-extra=new/LOCKED.ZIP", &[], "or --password")?;
    refused(
        "mcafee-extra=new/LOCKED.ZIP",
        &["--password", "x"],
        "or --password",
    )?;
    refused(
        "mcafee-extra=inputs/avvdat-5959.zip",
        &[],
        "0 members called EXTRA.DAT",
    )?;
    refused("new/EXTRA.DAT", &[], "mcafee-dat, mcafee-extra")?;
    let instead = "EXTRA.DATs on the image: mcafee-extra; name it as NAME=FILE";
    refused("mcafee-dat=new/EXTRA.DAT", &[], instead)
}

fn assert_refused(kit: &Kit, more: &[&str], code: i32, words: &str) -> Result<()> {
    let output = swap(kit, more)?;
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains(words), "{said}");
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(!kit.path("swapped.img").exists(), "{said}");
    Ok(())
}

#[test]
fn refuses_another_key_a_changed_image_and_bad_definitions() -> Result<()> {
    if !require_builds() || !require_tools(&["mcopy"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    make_definitions(5960, DatSizes::SMALL, &kit.path("new"))?;
    kit.mendkit(&["keygen", "--no-password", "-o", "other.key"])?;
    assert_refused(&kit, &["--key", "other.key"], 3, "signed by key")?;
    // Naming a key that did not sign it does not help.
    let wrong = ["--key", "other.key", "--new-key", "other.key.pub"];
    assert_refused(&kit, &wrong, 3, "signed by key")?;
    let onto_itself = kit.mendkit_command(&[
        "swap",
        "rescue.img",
        "--definitions",
        "new/avvdat-5960.zip",
        "-o",
        "rescue.img",
        "--key",
        "release.key",
    ]);
    let output = { onto_itself }.output()?;
    assert_eq!(output.status.code(), Some(2), "{output:?}");

    // The definitions that did the damage, and a package that is not what its description says.
    fs::remove_dir_all(kit.path("new"))?;
    make_definitions(5958, DatSizes::SMALL, &kit.path("new"))?;
    fs::rename(
        kit.path("new/avvdat-5958.zip"),
        kit.path("new/avvdat-5960.zip"),
    )?;
    let ini = fs::read_to_string(kit.path("new/avvdat.ini"))?;
    let ini = ini.replace("avvdat-5958.zip", "avvdat-5960.zip");
    fs::write(kit.path("new/avvdat.ini"), ini)?;
    assert_refused(&kit, &["--key", "release.key"], 2, "5958")?;
    fs::remove_dir_all(kit.path("new"))?;
    make_bad_definitions(Fault::WrongMd5, &kit.path("new"))?;
    fs::rename(
        kit.path("new/avvdat-5959.zip"),
        kit.path("new/avvdat-5960.zip"),
    )?;
    assert_refused(&kit, &["--key", "release.key"], 2, "avvdat")?;

    fs::remove_dir_all(kit.path("new"))?;
    make_definitions(5960, DatSizes::SMALL, &kit.path("new"))?;
    replace_on_stick(&kit.image(), "mendkit/job.json", b"{}")?;
    assert_refused(&kit, &["--key", "release.key"], 3, "mendkit/job.json")?;
    Ok(())
}
