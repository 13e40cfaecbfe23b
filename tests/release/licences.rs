//! The licences of everything that is linked into the two programs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use serde_json::Value;
use support::tools::{command, run_command};

/// The crates that are released; what they are linked with is found from here.
const PROGRAMS: [&str; 2] = ["mendkit", "mend"];

/// What else is linked, and where Debian's packages say its licences.
const OTHERS: [(&str, &str); 2] = [
    (
        "rust-standard-library",
        "/usr/share/doc/libstd-rust-web-dev/copyright",
    ),
    ("gnu-c-library", "/usr/share/doc/libc6-dev/copyright"),
];

/// How the texts come to be where they are, for who reads the index first.
const HEAD: &str = "Every crate that is linked into mendkit or mend-i586, its licence as its manifest says it, and \
     the files here that hold the text.\nThe GNU C library is linked in and is under the LGPL 2.1: scripts/release \
     in the source builds both programs\nagain, with another one if you like. What goes on a stick beside mend \
     (Linux, GRUB, shim, ntfs-3g) is named by\nparts.lock, and its sources are in Debian's archive.\n\n";

/// Returns the texts by path, and an index of them.
pub(crate) fn licences(workspace: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut cargo = command("cargo")?;
    cargo.current_dir(workspace);
    cargo.args(["metadata", "--format-version", "1", "--locked"]);
    cargo.args(["--filter-platform", "x86_64-unknown-linux-gnu"]);
    let metadata: Value = serde_json::from_slice(&run_command(cargo)?.out)?;
    let mut texts = BTreeMap::new();
    let mut index = HEAD.to_owned();
    let plain_mit = plain_mit(workspace)?;
    let mut linked = linked(&metadata)?;
    linked.sort_by_key(|package| (text(package, "name"), text(package, "version")));
    for package in linked {
        let folder = format!("{}-{}", text(package, "name"), text(package, "version"));
        let licence = text(package, "license");
        let own = package["source"].is_null();
        let files = if own {
            BTreeMap::new()
        } else {
            files_of(package)?
        };
        index.push_str(&format!("{folder:<40} {licence}\n"));
        if own {
            index.push_str("    ../LICENSE\n");
            continue;
        }
        let files = match files.is_empty() {
            false => files,
            true => {
                ensure!(
                    offers_mit(&licence),
                    "{folder}: has no licence file, and its licence {licence:?} is not MIT"
                );
                let authors = &package["authors"];
                let notice = format!("Copyright (c) {authors}, who give no text\n\n{plain_mit}");
                [("LICENSE".to_owned(), notice.into_bytes())].into()
            }
        };
        for (name, content) in files {
            index.push_str(&format!("    {folder}/{name}\n"));
            texts.insert(format!("{folder}/{name}"), content);
        }
    }
    for (name, path) in OTHERS {
        index.push_str(&format!("{name:<40} see there\n    {name}/copyright\n"));
        texts.insert(format!("{name}/copyright"), fs::read(path)?);
    }
    texts.insert("INDEX".to_owned(), index.into_bytes());
    Ok(texts)
}

/// Returns whether a licence is MIT, or leaves the choice. Source: SPDX, annex "SPDX license expressions".
fn offers_mit(licence: &str) -> bool {
    let mut choices = licence.split(" OR ").flat_map(|one| one.split('/'));
    choices.any(|one| one.trim() == "MIT")
}

/// Returns the packages that the programs are linked with, themselves among them.
fn linked(metadata: &Value) -> Result<Vec<&Value>> {
    let by_id = |list: &'_ Value| -> Result<BTreeMap<String, usize>> {
        let list = list
            .as_array()
            .context("cargo metadata: a list is missing")?;
        Ok(list
            .iter()
            .enumerate()
            .map(|(at, one)| (text(one, "id"), at))
            .collect())
    };
    let packages = by_id(&metadata["packages"])?;
    let nodes = by_id(&metadata["resolve"]["nodes"])?;
    let is_program = |(_, at): &(&String, &usize)| {
        let name = text(&metadata["packages"][**at], "name");
        PROGRAMS.contains(&name.as_str())
    };
    let mut pending: Vec<String> = packages
        .iter()
        .filter(is_program)
        .map(|(id, _)| id.clone())
        .collect();
    ensure!(
        pending.len() == PROGRAMS.len(),
        "cargo metadata: programs are missing"
    );
    let mut seen = BTreeSet::new();
    while let Some(id) = pending.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let at = nodes
            .get(&id)
            .with_context(|| format!("{id}: not resolved"))?;
        let dependencies = metadata["resolve"]["nodes"][*at]["deps"].as_array();
        for dependency in dependencies.into_iter().flatten() {
            // What only builds or tests has no kind but `build` or `dev`.
            let kinds = dependency["dep_kinds"].as_array();
            if kinds
                .into_iter()
                .flatten()
                .any(|kind| kind["kind"].is_null())
            {
                pending.push(text(dependency, "pkg"));
            }
        }
    }
    let found = seen.iter().filter_map(|id| packages.get(id));
    Ok(found.map(|at| &metadata["packages"][*at]).collect())
}

/// Returns the licence files in a crate's folder.
fn files_of(package: &Value) -> Result<BTreeMap<String, Vec<u8>>> {
    let manifest = PathBuf::from(text(package, "manifest_path"));
    let folder = manifest.parent().context("a manifest has no folder")?;
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let lower = name.to_lowercase();
        let starts = ["license", "licence", "copying", "unlicense", "notice"];
        if starts.iter().any(|start| lower.starts_with(start)) && entry.path().is_file() {
            files.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(files)
}

/// Returns the text of the MIT licence without a holder, from our own.
fn plain_mit(workspace: &Path) -> Result<String> {
    let own = fs::read_to_string(workspace.join("LICENSE"))?;
    let start = own
        .find("Permission is hereby granted")
        .context("LICENSE: no MIT text")?;
    let rest = own.get(start..).unwrap_or_default();
    let end = rest.find("\n---").unwrap_or(rest.len());
    Ok(rest.get(..end).unwrap_or_default().to_owned())
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crate without a text of its licence would stop the release, long after it was added.
    #[test]
    fn everything_that_is_linked_has_its_licence() {
        if let Some((_, absent)) = OTHERS.iter().find(|(_, path)| !Path::new(path).exists()) {
            assert!(std::env::var_os("CI").is_none(), "{absent}: not there");
            return;
        }
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let texts = licences(&workspace).unwrap();
        let index = String::from_utf8_lossy(&texts["INDEX"]).into_owned();
        for known in ["clap-", "sha2-", "fatfs-", "rust-standard-library"] {
            assert!(
                index.lines().any(|line| line.starts_with(known)),
                "{known} {index}"
            );
        }
        assert!(texts.values().all(|text| !text.is_empty()));
    }

    #[test]
    fn a_licence_may_leave_the_choice() {
        for (licence, offers) in [
            ("MIT", true),
            ("Apache-2.0 OR MIT", true),
            ("MIT/Apache-2.0", true),
            ("Apache-2.0", false),
            ("MIT-0", false),
            ("", false),
        ] {
            assert_eq!(offers_mit(licence), offers, "{licence}");
        }
    }
}
