//! The tests of remedies in plain words.

use crate::remedy::predicate::{
    Architecture, ChecksumWord, FileTest, FileWord, OsTest, PeTest, Predicate, Presence,
    ProductTest, QuarantineFilter, RegistryTest, TimeWindow, VolumeWord,
};
use crate::remedy::step::start_word;
use crate::remedy::value::has_wildcard;

/// Returns a test in words that follow "if".
pub(super) fn spell_test(test: &Predicate) -> String {
    match test {
        Predicate::All(tests) => spell_list(tests, "and"),
        Predicate::Any(tests) => spell_list(tests, "or"),
        Predicate::Not(test) => format!("it is not so that {}", spell_test(test)),
        Predicate::Volume(test) => {
            let states = test.state.iter().map(|state| match state {
                VolumeWord::Clean => "in order",
                VolumeWord::Dirty => "marked for checking",
                VolumeWord::Unclean => "not shut down cleanly",
                VolumeWord::Hibernated => "hibernated",
            });
            let states: Vec<&str> = states.collect();
            format!("the volume is {}", states.join(" or "))
        }
        Predicate::Os(test) => spell_os(test),
        Predicate::File(test) => spell_file(test),
        Predicate::Glob(test) => match &test.count {
            None => format!("there are files {}", test.path),
            Some(count) => format!("the number of files {} is {count}", test.path),
        },
        Predicate::Bytes(test) => {
            let mut text = format!(
                "{} has {} at offset {}",
                subject(&test.path),
                test.hex,
                test.offset
            );
            if let Some(mask) = &test.mask {
                text.push_str(&format!(" (mask {mask})"));
            }
            text
        }
        Predicate::Hash(test) => match test.sha256.as_slice() {
            [one] => format!("{} has the SHA-256 {}", subject(&test.path), one.short()),
            several => {
                let count = several.len();
                format!("{} has one of {count} SHA-256", subject(&test.path))
            }
        },
        Predicate::Pe(test) => spell_pe(test),
        Predicate::Signed(test) => format!(
            "{} is listed in a catalog that Microsoft signed",
            subject(&test.path)
        ),
        Predicate::Time(test) => format!(
            "{} was last written {}",
            subject(&test.path),
            spell_window(&test.modified)
        ),
        Predicate::Registry(test) => spell_registry(test),
        Predicate::Service(test) => match &test.start {
            None => format!("the service or driver {} is there", test.name),
            Some(starts) => {
                let starts: Vec<String> = starts
                    .iter()
                    .map(|start| format!("{start} ({})", start_word(*start)))
                    .collect();
                format!(
                    "the service or driver {} starts {}",
                    test.name,
                    starts.join(" or ")
                )
            }
        },
        Predicate::Product(test) => spell_product(test),
        Predicate::Quarantine(filter) => format!("there are {}", spell_filter(filter)),
        Predicate::Log(test) => format!(
            "the last {} lines of {} have {:?} in them",
            test.last_lines,
            subject(&test.path),
            test.contains
        ),
    }
}

fn spell_list(tests: &[Predicate], word: &str) -> String {
    // Alternatives that only name families of Windows read better in one breath.
    let family = |test: &Predicate| match test {
        Predicate::Os(os) => os.family.clone().filter(|family| {
            *os == OsTest {
                family: Some(family.clone()),
                version: None,
                service_pack: None,
                build: None,
                architecture: None,
                language: None,
            }
        }),
        _ => None,
    };
    let families: Option<Vec<String>> = tests.iter().map(family).collect();
    if let (Some(families), "or") = (families, word)
        && let Some((last, others)) = families.split_last()
        && !others.is_empty()
    {
        let others: Vec<String> = others.iter().map(|name| family_name(name)).collect();
        return format!("Windows is {} or {}", others.join(", "), family_name(last));
    }
    let parts = tests.iter().map(|test| match test {
        Predicate::All(_) | Predicate::Any(_) => format!("({})", spell_test(test)),
        _ => spell_test(test),
    });
    let parts: Vec<String> = parts.collect();
    parts.join(&format!(", {word} "))
}

fn family_name(family: &str) -> String {
    match family {
        "xp" => "XP".into(),
        "vista" => "Vista".into(),
        other => other.to_owned(),
    }
}

fn spell_os(test: &OsTest) -> String {
    let mut text = "Windows".to_owned();
    if let Some(family) = &test.family {
        text.push_str(&format!(" {}", family_name(family)));
    }
    match test.service_pack {
        Some(0) => text.push_str(" without a service pack"),
        Some(number) => text.push_str(&format!(" SP{number}")),
        None => {}
    }
    let mut parts = Vec::new();
    if let Some(range) = &test.version {
        parts.push(format!("its version is {range}"));
    }
    if let Some(range) = &test.build {
        parts.push(format!("its build is {range}"));
    }
    if let Some(architecture) = test.architecture {
        parts.push(format!("it is for {}", machine_word(architecture)));
    }
    if let Some(language) = &test.language {
        parts.push(format!("it was installed in {language}"));
    }
    let is_named = test.family.is_some() || test.service_pack.is_some();
    match (is_named, parts.is_empty()) {
        (true, true) => format!("this is {text}"),
        (true, false) => format!("this is {text} and {}", parts.join(" and ")),
        (false, _) => format!("of this Windows {}", parts.join(" and ")),
    }
}

fn machine_word(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86 => "32-bit x86",
        Architecture::X64 => "64-bit x86",
        Architecture::Arm64 => "64-bit ARM",
    }
}

fn spell_file(test: &FileTest) -> String {
    let mut parts = Vec::new();
    match test.state {
        Some(FileWord::Exists) => parts.push("is there".to_owned()),
        Some(FileWord::Missing) => parts.push("is missing".to_owned()),
        Some(FileWord::Empty) => parts.push("is empty".to_owned()),
        None => {}
    }
    if let Some(size) = test.size {
        parts.push(format!("has {size} bytes"));
    }
    if let Some(range) = &test.size_range {
        parts.push(format!("has a size of {range} bytes"));
    }
    format!("{} {}", test.path, parts.join(" and "))
}

fn spell_pe(test: &PeTest) -> String {
    let mut parts = Vec::new();
    if let Some(version) = &test.version {
        parts.push(format!("is version {version}"));
    }
    if let Some(range) = &test.version_range {
        parts.push(format!("is of version {range}"));
    }
    if let Some(machine) = test.machine {
        parts.push(format!("is for {}", machine_word(machine)));
    }
    if let Some(name) = &test.original_name {
        parts.push(format!("was made as {name}"));
    }
    match test.checksum {
        Some(ChecksumWord::Right) => parts.push("has the right checksum".into()),
        Some(ChecksumWord::Wrong) => parts.push("has a wrong checksum".into()),
        None => {}
    }
    format!("{} {}", subject(&test.path), parts.join(" and "))
}

fn spell_registry(test: &RegistryTest) -> String {
    let place = format!("{}\\{}: {}", test.hive.root(), test.key, test.value);
    match (
        &test.state,
        &test.equals,
        &test.less,
        &test.at_least,
        &test.matches,
    ) {
        (Some(Presence::Exists), ..) => format!("{place} is there"),
        (Some(Presence::Missing), ..) => format!("{place} is not there"),
        (_, Some(value), ..) => format!("{place} is {value}"),
        (_, _, Some(bound), ..) => format!("{place} is less than {bound}"),
        (_, _, _, Some(bound), _) => format!("{place} is at least {bound}"),
        (_, _, _, _, Some(pattern)) => format!("{place} fits {pattern:?}"),
        // A checked remedy has one comparison.
        (None, None, None, None, None) => place,
    }
}

fn spell_product(test: &ProductTest) -> String {
    let mut text = format!("a product of {} is installed", test.vendor);
    if let Some(range) = &test.version {
        text.push_str(&format!(", version {range}"));
    }
    match (&test.definitions, &test.definitions_range) {
        (None, None) => {}
        (Some(exact), None) => text.push_str(&format!(", with definitions {exact}")),
        (None, Some(range)) => text.push_str(&format!(", with definitions {range}")),
        (Some(exact), Some(range)) => {
            text.push_str(&format!(", with definitions {exact} and {range}"));
        }
    }
    text
}

/// Returns the files of a quarantine that are meant.
pub(super) fn spell_filter(filter: &QuarantineFilter) -> String {
    let name = filter.name.as_deref().unwrap_or_default();
    let mut text = match name {
        "" => "files".to_owned(),
        name => format!("files {name}"),
    };
    text.push_str(&format!(" in the quarantine of {}", filter.vendor));
    if let Some(detection) = &filter.detection {
        text.push_str(&format!(" that were taken for {detection}"));
    }
    if let Some(definitions) = &filter.definitions {
        text.push_str(&format!(" by definitions {definitions}"));
    }
    text
}

/// Returns a time window in words.
pub(super) fn spell_window(window: &TimeWindow) -> String {
    match (window.from, window.before) {
        (Some(from), Some(before)) => format!("from {from} to before {before}"),
        (Some(from), None) => format!("at {from} or later"),
        (None, Some(before)) => format!("before {before}"),
        (None, None) => "at any time".into(),
    }
}

fn subject(path: &str) -> String {
    if has_wildcard(path) {
        return format!("a file {path}");
    }
    path.to_owned()
}
