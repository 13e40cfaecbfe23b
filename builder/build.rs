//! Lists the crates that `mend` is linked from, with their licences, for the bill of materials on every stick.
//!
//! cargo is asked, as it alone knows which crates a program has for its target. The list goes to
//! `OUT_DIR/crates.json`, which `src/bom/crates.rs` reads.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::Command;

use fs_err as fs;
use serde_json::{Value, json};

/// What `mend` is built for; `scripts/setup` does it.
const TARGET: &str = "i586-unknown-linux-gnu";

/// Licences whose text goes onto a stick besides those that crates bring themselves: what Debian's
/// packages refer to and do not hold.
const TEXTS: [&str; 7] = [
    "Apache-2.0",
    "GPL-2.0-only",
    "GPL-3.0-only",
    "LGPL-2.0-only",
    "LGPL-2.1-only",
    "MIT",
    "OpenSSL",
];

/// How the names of files begin that a crate states its terms in.
const TERMS: [&str; 6] = [
    "LICENSE",
    "LICENCE",
    "COPYING",
    "COPYRIGHT",
    "NOTICE",
    "UNLICENSE",
];

fn main() -> Result<(), Box<dyn Error>> {
    for file in [
        "../Cargo.lock",
        "../payload/Cargo.toml",
        "../payload/rescue-stick/Cargo.toml",
    ] {
        println!("cargo::rerun-if-changed={file}");
    }
    let metadata: Value = serde_json::from_str(&cargo(&[
        "metadata",
        "--locked",
        "--format-version=1",
        "--filter-platform",
        TARGET,
    ])?)?;
    let checksums = checksums(&fs::read_to_string("../Cargo.lock")?);
    let mut texts: Vec<String> = Vec::new();
    let mut crates = Vec::new();
    for (name, version) in linked_crates()? {
        let package = find(&metadata, &name, &version)?;
        let licence = package["license"].as_str().unwrap_or_default();
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        let mut own = Vec::new();
        for text in terms_in(Path::new(manifest).parent().unwrap_or(Path::new(".")))? {
            let known = texts.iter().position(|other| *other == text);
            own.push(known.unwrap_or_else(|| {
                texts.push(text);
                texts.len() - 1
            }));
        }
        crates.push(json!({
            "name": name,
            "version": version,
            // As crates wrote it before expressions were agreed upon.
            "licence": licence.replace('/', " OR ").replace("  OR  ", " OR "),
            "sha256": checksums.get(&(name.clone(), version.clone())),
            "texts": own,
        }));
    }
    let licences: BTreeMap<&str, &str> = TEXTS
        .iter()
        .filter_map(|id| Some((*id, spdx::license_id(id)?.text())))
        .collect();
    let list = json!({ "crates": crates, "texts": texts, "licences": licences });
    let folder = std::env::var("OUT_DIR")?;
    fs::write(Path::new(&folder).join("crates.json"), list.to_string())?;
    Ok(())
}

/// Runs cargo, and returns what it prints.
fn cargo(arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let program = std::env::var("CARGO")?;
    let output = Command::new(program).args(arguments).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo {}: {said}", arguments.join(" ")).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Returns name and version of every crate that is linked into `mend` and comes from elsewhere, sorted.
fn linked_crates() -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let edges = "normal,no-proc-macro";
    let tree = cargo(&[
        "tree", "--locked", "-p", "mend", "-e", edges, "--target", TARGET, "--prefix", "none",
    ])?;
    let mut found: Vec<(String, String)> = Vec::new();
    for line in tree.lines() {
        // `zerocopy v0.8.63 (*)`, and `mend v0.1.0 (/path)` for what is ours.
        let mut words = line.split_whitespace();
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            continue;
        };
        if line.contains("(/") {
            continue;
        }
        let version = version.strip_prefix('v').unwrap_or(version);
        found.push((name.to_owned(), version.to_owned()));
    }
    found.sort();
    found.dedup();
    if found.is_empty() {
        return Err(format!("cargo tree names no crate of mend:\n{tree}").into());
    }
    Ok(found)
}

fn find<'a>(metadata: &'a Value, name: &str, version: &str) -> Result<&'a Value, Box<dyn Error>> {
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .find(|one| one["name"] == name && one["version"] == version)
        .ok_or_else(|| format!("cargo metadata does not know {name} {version}").into())
}

/// Returns the texts by which a crate states its terms.
fn terms_in(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        if TERMS.iter().any(|start| name.starts_with(start)) && entry.file_type()?.is_file() {
            paths.push(entry.path());
        }
    }
    paths.sort();
    let mut texts = Vec::new();
    for path in paths {
        let bytes = fs::read(&path)?;
        let text = String::from_utf8_lossy(&bytes);
        // Copies of one text differ by the blanks at the ends of lines.
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        texts.push(lines.join("\n").trim_matches('\n').to_owned());
    }
    Ok(texts)
}

/// Returns the SHA-256 of every crate's archive that the lock names.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for package in lock.split("[[package]]") {
        let field = |key: &str| {
            let mut lines = package.lines();
            let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
            value.map(|value| value.trim_end_matches('"').to_owned())
        };
        if let (Some(name), Some(version), Some(checksum)) =
            (field("name"), field("version"), field("checksum"))
        {
            found.insert((name, version), checksum);
        }
    }
    found
}
