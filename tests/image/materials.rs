//! The bill of materials, judged by the official schema, by cargo, and by dpkg.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use serde_json::Value;
use support::cyclonedx::cyclonedx_python;
use support::kit::{Kit, KitSpec, cache, read_from_stick, require_builds};
use support::tools::{command, require_tools, run_command};

fn bom_of(kit: &Kit) -> Result<Value> {
    let bytes = read_from_stick(&kit.image(), "/mendkit/bom.json")?;
    Ok(serde_json::from_slice(&bytes)?)
}

fn components(bom: &Value) -> Vec<Value> {
    bom["components"].as_array().cloned().unwrap_or_default()
}

#[test]
fn the_official_schema_accepts_the_bill_and_refuses_a_spoilt_one() -> Result<()> {
    if !require_builds() || !require_tools(&["python3"]) {
        return Ok(());
    }
    let python = cyclonedx_python()?;
    let kit = Kit::build(&KitSpec::default())?;
    let good = read_from_stick(&kit.image(), "/mendkit/bom.json")?;
    let spoilt =
        String::from_utf8(good.clone())?.replace("\"bom-ref\": \"mend\"", "\"bom-ref\": 7");
    // Strict: a key that the schema does not know is a fault too.
    let script = "import sys\n\
        from cyclonedx.validation.json import JsonStrictValidator\n\
        from cyclonedx.schema import SchemaVersion\n\
        error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())\n\
        print(error)\n\
        sys.exit(1 if error else 0)\n";
    for (name, bytes, is_good) in [
        ("good.json", good, true),
        ("spoilt.json", spoilt.into_bytes(), false),
    ] {
        let path = kit.path(name);
        fs::write(&path, bytes)?;
        let output = Command::new(&python)
            .arg("-c")
            .arg(script)
            .arg(&path)
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), is_good, "{name}: {said}{wrong}");
        assert!(!wrong.contains("Traceback"), "{wrong}");
    }
    Ok(())
}

#[test]
fn crates_are_those_that_cargo_links_into_mend() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let mut tree = command("cargo")?;
    tree.args([
        "tree",
        "--locked",
        "-p",
        "mend",
        "-e",
        "normal,no-proc-macro",
    ]);
    tree.args(["--target", "i586-unknown-linux-gnu", "--prefix", "none"]);
    tree.arg("--manifest-path");
    tree.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    let said = run_command(tree)?.text();
    let foreign = said.lines().filter(|line| !line.contains("(/"));
    let expected: BTreeSet<String> = foreign
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().take(2).collect();
            words.join(" ").replace(" v", " ")
        })
        .collect();
    let is_crate = |one: &&Value| {
        one["purl"]
            .as_str()
            .is_some_and(|it| it.starts_with("pkg:cargo"))
    };
    let found: BTreeSet<String> = (components(&bom_of(&kit)?).iter())
        .filter(is_crate)
        .map(|one| {
            let word = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
            format!("{} {}", word("name"), word("version"))
        })
        .collect();
    assert!(found.len() > 30, "{found:?}");
    assert_eq!(found, expected);
    Ok(())
}

#[test]
fn packages_are_those_of_the_lock_with_their_sources_as_dpkg_names_them() -> Result<()> {
    if !require_builds() || !require_tools(&["dpkg-deb"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bom = bom_of(&kit)?;
    let mut packages = 0;
    for one in components(&bom) {
        if !one["purl"]
            .as_str()
            .is_some_and(|purl| purl.starts_with("pkg:deb/"))
        {
            continue;
        }
        packages += 1;
        let sha256 = one["hashes"][0]["content"].as_str().context("no digest")?;
        let deb = cache().join("parts").join(format!("{sha256}.deb"));
        let mut dpkg = command("dpkg-deb")?;
        dpkg.arg("--show").arg("--showformat");
        dpkg.arg("${Package}|${Version}|${source:Package}|${source:Version}")
            .arg(&deb);
        let said = run_command(dpkg)?.text();
        let fields: Vec<&str> = said.trim().split('|').collect();
        let [name, version, source, source_version] = fields.as_slice() else {
            anyhow::bail!("dpkg-deb said {said}");
        };
        assert_eq!(
            (one["name"].as_str(), one["version"].as_str()),
            (Some(*name), Some(*version))
        );
        let references = one["externalReferences"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let encoded = source_version.replace('+', "%2B").replace(':', "%3A");
        let url = format!("pkg:deb/debian/{source}@{encoded}?arch=source");
        let has = references
            .iter()
            .any(|one| one["url"].as_str() == Some(&url));
        ensure!(has, "{url} is not among {references:?}");
    }
    assert_eq!(
        packages,
        fs::read_to_string(cache().join("parts.lock"))?
            .matches("[[part]]")
            .count()
    );
    Ok(())
}

#[test]
fn every_component_has_a_licence_and_every_reference_leads_somewhere() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let bom = bom_of(&kit)?;
    let all = components(&bom);
    let names: BTreeSet<&str> = all
        .iter()
        .filter_map(|one| one["bom-ref"].as_str())
        .collect();
    assert_eq!(names.len(), all.len());
    for one in all.iter().filter(|one| one["type"] != "file") {
        assert!(one["licenses"][0].is_object(), "{one}");
        assert!(one["version"].is_string() || one["type"] == "data", "{one}");
    }
    for dependency in bom["dependencies"].as_array().context("no dependencies")? {
        for target in dependency["dependsOn"].as_array().into_iter().flatten() {
            let target = target.as_str().unwrap_or_default();
            assert!(names.contains(target), "{dependency}");
        }
    }
    // Rust's library and the C library are told by the program itself.
    for name in ["rust-std", "glibc", "mend"] {
        assert!(all.iter().any(|one| one["name"] == name), "{name}");
    }
    let licences = read_from_stick(&kit.image(), "/mendkit/licences.txt")?;
    let licences = String::from_utf8(licences)?;
    for words in [
        "GNU GENERAL PUBLIC LICENSE",
        "GNU LESSER GENERAL PUBLIC LICENSE",
        "Debian source package linux",
        "Debian source package grub2",
        "Debian source package shim",
    ] {
        assert!(licences.contains(words), "{words}");
    }
    for one in &all {
        if let Some(purl) = one["purl"].as_str() {
            let line = one["name"].as_str().unwrap_or_default();
            assert!(licences.contains(line), "{purl}");
        }
    }
    Ok(())
}

#[test]
fn files_have_the_digests_of_the_manifest() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let manifest = String::from_utf8(read_from_stick(&kit.image(), "/SHA256SUMS")?)?;
    let mut checked = 0;
    for one in components(&bom_of(&kit)?) {
        let properties = one["properties"].as_array().cloned().unwrap_or_default();
        let path = properties.iter().find(|it| it["name"] == "mendkit:path");
        let Some(path) = path.and_then(|it| it["value"].as_str()) else {
            continue;
        };
        let Some(sha256) = one["hashes"][0]["content"].as_str() else {
            assert!(
                path.ends_with("grub.cfg") || path == "boot/key.cpio",
                "{path}"
            );
            continue;
        };
        assert!(manifest.contains(&format!("{sha256}  {path}\n")), "{path}");
        checked += 1;
    }
    assert!(checked >= 16, "{checked}");
    assert!(manifest.contains("  mendkit/bom.json\n"));
    Ok(())
}
