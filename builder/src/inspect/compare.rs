//! What differs between two images, in words: what a person would ask first comes first.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::job::Job;
use rescue_stick::report::VisitFacts;
use rescue_stick::signature::PublicKey;

use super::Inspection;
use crate::bom::{Material, MaterialKind};
use crate::boot::menu::MENUS;
use crate::lba::ByteSize;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is about, in one word.
    pub subject: &'static str,
    /// What differs.
    pub words: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<11} {}", self.subject, self.words)
    }
}

/// Returns everything in which the second differs from the first; nothing if they say and do the same.
pub fn compare(one: &Inspection, other: &Inspection) -> Vec<Difference> {
    let mut found = Differences::default();
    let text = |value: &dyn fmt::Display| value.to_string();
    let layout = |it: &Inspection| it.layout.map(|layout| text(&layout));
    found.changed("layout", "", layout(one), layout(other));
    let size = |it: &Inspection| Some(text(&it.medium_size));
    found.changed("size", "", size(one), size(other));
    let key = |it: &Inspection| {
        it.verified
            .key
            .as_ref()
            .map(PublicKey::base64)
            .map(str::to_owned)
    };
    found.changed("key", "", key(one), key(other));
    let stick = |it: &Inspection| {
        let own = it.verified.stick.as_ref()?;
        Some(own.facts().id.to_string())
    };
    found.changed("stick", "", stick(one), stick(other));
    let problems = |it: &Inspection| Some(it.verified.problems.len().to_string());
    found.changed("problems", "", problems(one), problems(other));
    let nothing = Job {
        title: String::new(),
        ..no_job()
    };
    let jobs = [one, other].map(|it| it.job.clone().unwrap_or_else(|| nothing.clone()));
    compare_jobs(&jobs, [one, other], &mut found);
    compare_menus(one, other, &mut found);
    compare_materials(&one.materials, &other.materials, &mut found);
    compare_files(one, other, &mut found);
    found.list
}

/// A job of which nothing is known.
fn no_job() -> Job {
    Job {
        schema: rescue_stick::job::JOB_SCHEMA,
        title: String::new(),
        date: String::new(),
        mode: Default::default(),
        finish: Default::default(),
        languages: Vec::new(),
        remedies: Vec::new(),
        definitions: BTreeMap::new(),
        files: Vec::new(),
        visit: Default::default(),
        ask_visit: false,
    }
}

/// Says what a job presets of a visit, and whether it asks for the rest.
fn visit_words(job: &Job) -> Option<String> {
    let VisitFacts {
        technician,
        site,
        ticket,
    } = &job.visit;
    let named = [
        ("technician", technician),
        ("site", site),
        ("ticket", ticket),
    ];
    let preset = named
        .into_iter()
        .filter_map(|(name, line)| Some(format!("{name} {:?}", line.as_ref()?.to_string())));
    let asked = job.ask_visit.then(|| "asks".to_owned());
    let words: Vec<String> = preset.chain(asked).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn compare_jobs([a, b]: &[Job; 2], of: [&Inspection; 2], found: &mut Differences) {
    let quoted = |text: &str| Some(format!("{text:?}"));
    found.changed("recipe", "title", quoted(&a.title), quoted(&b.title));
    let plain = |text: &str| Some(text.to_owned());
    found.changed("recipe", "date", plain(&a.date), plain(&b.date));
    let word = |value: &dyn fmt::Debug| Some(format!("{value:?}").to_lowercase());
    found.changed("recipe", "mode", word(&a.mode), word(&b.mode));
    found.changed("recipe", "finish", word(&a.finish), word(&b.finish));
    found.changed("recipe", "visit", visit_words(a), visit_words(b));
    let list = |names: &[String]| Some(names.join(", "));
    found.changed(
        "recipe",
        "languages",
        list(&a.languages),
        list(&b.languages),
    );
    found.sets("remedy", "", &set(&a.remedies), &set(&b.remedies));
    let names: BTreeSet<&String> = a.definitions.keys().chain(b.definitions.keys()).collect();
    for name in names {
        let sets = [a, b].map(|job| job.definitions.get(name));
        let version = |index: usize| sets[index].map(|set| set.version.clone());
        let (before, after) = (version(0), version(1));
        let digest = |index: usize| {
            let file = of[index].files.get(&sets[index]?.package)?;
            file.1
        };
        if before == after && digest(0) != digest(1) {
            let version = before.unwrap_or_default();
            let words = format!("{name}: both are {version}, and yet their bytes differ");
            found.add("definitions", words);
        } else {
            found.changed("definitions", name, before, after);
        }
    }
    let kit = |job: &Job| -> BTreeSet<String> {
        let files = job.files.iter();
        files
            .map(|file| format!("{} {}", file.name, file.sha256.short()))
            .collect()
    };
    found.sets("known file", "", &kit(a), &kit(b));
}

/// Says which lines of the menu are in one image only.
fn compare_menus(one: &Inspection, other: &Inspection, found: &mut Differences) {
    let lines = |it: &Inspection| -> BTreeSet<String> {
        let text = it.menu.clone().unwrap_or_default();
        text.lines()
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect()
    };
    let (before, after) = (lines(one), lines(other));
    if before != after {
        found.sets("menu", "", &before, &after);
    }
}

/// Says which packages, crates and programs are others.
fn compare_materials(one: &[Material], other: &[Material], found: &mut Differences) {
    for kind in [
        MaterialKind::Package,
        MaterialKind::Program,
        MaterialKind::Crate,
    ] {
        let of = |all: &[Material]| -> BTreeMap<String, BTreeSet<(String, Option<String>)>> {
            let mut named: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
            for material in all.iter().filter(|material| material.kind == kind) {
                let entry = (material.version.clone(), material.sha256.clone());
                named.entry(material.family()).or_default().insert(entry);
            }
            named
        };
        let (before, after) = (of(one), of(other));
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let (a, b) = (before.get(name), after.get(name));
            let versions = |set: Option<&BTreeSet<(String, Option<String>)>>| {
                let versions: BTreeSet<&str> = set?.iter().map(|(it, _)| it.as_str()).collect();
                Some(versions.into_iter().collect::<Vec<_>>().join(" and "))
            };
            let subject = match kind {
                MaterialKind::Package if name.starts_with("linux-image") => "kernel",
                MaterialKind::Package => "package",
                MaterialKind::Program => "program",
                MaterialKind::Crate => "crate",
            };
            if a != b && versions(a) == versions(b) {
                let version = versions(a).unwrap_or_default();
                found.add(subject, format!("{name} {version}: built differently"));
            } else {
                found.changed(subject, name, versions(a), versions(b));
            }
        }
    }
}

/// Says which files are in one image only, and which are in both with other bytes.
fn compare_files(one: &Inspection, other: &Inspection, found: &mut Differences) {
    let names = |it: &Inspection| it.files.keys().cloned().collect::<BTreeSet<String>>();
    let (before, after) = (names(one), names(other));
    found.sets("file", "/", &before, &after);
    let menus_are_one = one.menu.is_some() && one.menu == other.menu;
    for name in before.intersection(&after) {
        if menus_are_one && MENUS.contains(&name.as_str()) {
            // They differ by the name of the stick, which follows from everything else.
            continue;
        }
        let of = |it: &Inspection| it.files.get(name).copied();
        let (a, b) = (of(one), of(other));
        if a != b {
            let shown = |it: Option<(ByteSize, Option<Sha256Digest>)>| {
                let (size, digest) = it.unwrap_or((ByteSize(0), None));
                let digest = digest.map(|digest| digest.short()).unwrap_or_default();
                format!("{} bytes {digest}", size.0)
            };
            let words = format!("/{name} changed: {} -> {}", shown(a), shown(b));
            found.add("file", words);
        }
    }
}

fn set(names: &[String]) -> BTreeSet<String> {
    names.iter().cloned().collect()
}

#[derive(Default)]
struct Differences {
    list: Vec<Difference>,
}

impl Differences {
    fn add(&mut self, subject: &'static str, words: String) {
        self.list.push(Difference { subject, words });
    }

    /// Notes that something is another, was added or was removed.
    fn changed(
        &mut self,
        subject: &'static str,
        name: &str,
        before: Option<String>,
        after: Option<String>,
    ) {
        let name = match name {
            "" => String::new(),
            name => format!("{name} "),
        };
        let words = match (before, after) {
            (a, b) if a == b => return,
            (Some(a), Some(b)) => format!("{name}{a} -> {b}"),
            (None, Some(b)) => format!("{name}{b} added"),
            (Some(a), None) => format!("{name}{a} removed"),
            (None, None) => return,
        };
        self.add(subject, words);
    }

    /// Notes what is in one set only.
    fn sets(
        &mut self,
        subject: &'static str,
        prefix: &str,
        before: &BTreeSet<String>,
        after: &BTreeSet<String>,
    ) {
        for name in before.difference(after) {
            self.add(subject, format!("{prefix}{name} removed"));
        }
        for name in after.difference(before) {
            self.add(subject, format!("{prefix}{name} added"));
        }
    }
}
