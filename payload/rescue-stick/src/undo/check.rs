//! What a record may say. Whoever writes it down again on the PC's disk must not gain more by it than to
//! have files of a run's folder put back where a person is shown that they go.

use serde::Deserialize as _;

use super::{KEPT_FOLDER, KeptFile, UNDO_RUN_PREFIX, UNDO_SCHEMA, UndoRecord, WrittenFile};

/// Bytes of a record at most.
pub const LARGEST_RECORD: usize = 8 << 20;

/// Files and values that a record names at most.
pub const MOST_CHANGES: usize = 20_000;

/// Letters of a path at most. Source: Microsoft, "Maximum Path Length Limitation".
const LONGEST_PATH: usize = 32_767;

/// Letters of a run's name at most: a time, and a computer name cut at 63.
const LONGEST_RUN: usize = 100;

/// Why a record is not followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UndoRecordError {
    /// Not the JSON of a record.
    #[error("record of the repair: {0}")]
    Syntax(#[from] serde_json::Error),
    /// Written by a newer mendkit.
    #[error("record of the repair: schema is {found}, this version reads {UNDO_SCHEMA}")]
    Schema {
        /// The number found.
        found: u64,
    },
    /// It says what no repair writes.
    #[error("record of the repair, {place}: {finding}, expected {expectation}")]
    Odd {
        /// Which part.
        place: &'static str,
        /// What it says.
        finding: String,
        /// What would be right.
        expectation: String,
    },
}

impl UndoRecord {
    /// Parses the JSON of a record that lies in the folder of `run`.
    pub fn parse(text: &str, run: &str) -> Result<Self, UndoRecordError> {
        if text.len() > LARGEST_RECORD {
            let finding = format!("{} bytes", text.len());
            return Err(odd("size", finding, &format!("at most {LARGEST_RECORD}")));
        }
        let value: serde_json::Value = serde_json::from_str(text)?;
        let schema = value.get("schema").and_then(serde_json::Value::as_u64);
        let schema = schema.unwrap_or(0);
        if schema != u64::from(UNDO_SCHEMA) {
            return Err(UndoRecordError::Schema { found: schema });
        }
        let record = Self::deserialize(value)?;
        record.check(run)?;
        Ok(record)
    }

    fn check(&self, run: &str) -> Result<(), UndoRecordError> {
        if self.run != run {
            let finding = format!("it is of run {:?}", shorten(&self.run));
            return Err(odd("run", finding, &format!("{run:?}, its folder")));
        }
        check_run("run", run)?;
        if run.starts_with(UNDO_RUN_PREFIX) {
            return Err(odd("run", format!("{run:?}"), "the run of a repair"));
        }
        if let Some(undone) = &self.undone {
            check_run("run of the undo", &undone.run)?;
        }
        self.check_count()?;
        let place = Place {
            kept: format!("\\{KEPT_FOLDER}\\{run}\\"),
        };
        place.check_outside(&self.windows)?;
        for step in &self.steps {
            for file in &step.written {
                place.check_written(file)?;
            }
            for file in &step.moved {
                place.check_outside(&file.from)?;
                if !place.is_inside(&file.to)? {
                    place.check_outside(&file.to)?;
                }
                check_short_name(file.attributes.short_name.as_deref())?;
            }
            for hive in &step.hives {
                place.check_outside(&hive.path)?;
                place.check_kept(&hive.before)?;
                for log in &hive.emptied_logs {
                    place.check_written(log)?;
                }
                for key in &hive.made_keys {
                    check_key(key)?;
                }
                for value in &hive.values {
                    check_key(&value.key)?;
                }
            }
        }
        self.check_doubles()
    }

    fn check_count(&self) -> Result<(), UndoRecordError> {
        let count = self.steps.iter().fold(self.steps.len(), |count, step| {
            let hives = step.hives.iter().fold(0_usize, |count, hive| {
                let logs = hive.emptied_logs.len();
                count
                    .saturating_add(hive.values.len())
                    .saturating_add(hive.made_keys.len())
                    .saturating_add(logs)
                    .saturating_add(1)
            });
            count
                .saturating_add(step.written.len())
                .saturating_add(step.moved.len())
                .saturating_add(hives)
        });
        match count {
            0..=MOST_CHANGES => Ok(()),
            _ => {
                let expectation = format!("at most {MOST_CHANGES}");
                Err(odd("changes", count.to_string(), &expectation))
            }
        }
    }

    /// Checks that no path is named twice: what the second change meets would be what the first left.
    fn check_doubles(&self) -> Result<(), UndoRecordError> {
        let mut paths: Vec<String> = Vec::new();
        let mut add = |path: &str| paths.push(path.to_lowercase());
        for step in &self.steps {
            for file in &step.written {
                add(&file.path);
                file.before.iter().for_each(|before| add(&before.kept));
            }
            for file in &step.moved {
                add(&file.from);
                add(&file.to);
            }
            for hive in &step.hives {
                add(&hive.path);
                add(&hive.before.kept);
            }
        }
        paths.sort_unstable();
        let double = paths.windows(2).find_map(|pair| match pair {
            [first, second] if first == second => Some(first),
            _ => None,
        });
        match double {
            None => Ok(()),
            Some(path) => Err(odd("paths", format!("{path:?} twice"), "each path once")),
        }
    }
}

/// Where the paths of a record may lead.
struct Place {
    /// The run's folder, with `\` behind it.
    kept: String,
}

impl Place {
    fn check_written(&self, file: &WrittenFile) -> Result<(), UndoRecordError> {
        self.check_outside(&file.path)?;
        file.before
            .as_ref()
            .map_or(Ok(()), |kept| self.check_kept(kept))
    }

    fn check_kept(&self, file: &KeptFile) -> Result<(), UndoRecordError> {
        check_short_name(file.attributes.short_name.as_deref())?;
        if self.is_inside(&file.kept)? {
            return Ok(());
        }
        let finding = format!("{:?}", shorten(&file.kept));
        Err(odd(
            "kept file",
            finding,
            &format!("a path below {}", self.kept),
        ))
    }

    fn is_inside(&self, path: &str) -> Result<bool, UndoRecordError> {
        check_path(path)?;
        Ok(path.starts_with(&self.kept))
    }

    /// Checks that a path is one and leads past every folder of ours.
    fn check_outside(&self, path: &str) -> Result<(), UndoRecordError> {
        check_path(path)?;
        let first = path.split('\\').nth(1).unwrap_or_default();
        if first.eq_ignore_ascii_case(KEPT_FOLDER) {
            let expectation = format!("a path outside of \\{KEPT_FOLDER}");
            return Err(odd("path", format!("{:?}", shorten(path)), &expectation));
        }
        Ok(())
    }
}

fn check_path(path: &str) -> Result<(), UndoRecordError> {
    let is_plain = |name: &str| {
        !name.trim_end_matches([' ', '.']).is_empty()
            && !name.contains(['/', ':', '*', '?', '"', '<', '>', '|'])
            && !name.contains(char::is_control)
    };
    let names = path.strip_prefix('\\').map(|rest| rest.split('\\'));
    if path.len() <= LONGEST_PATH && names.is_some_and(|mut names| names.all(is_plain)) {
        return Ok(());
    }
    let finding = format!("{:?}", shorten(path));
    Err(odd("path", finding, "a plain path from the volume's root"))
}

fn check_run(place: &'static str, run: &str) -> Result<(), UndoRecordError> {
    let is_plain = |one: char| one.is_ascii_alphanumeric() || one == '-' || one == '_';
    if !run.is_empty() && run.len() <= LONGEST_RUN && run.chars().all(is_plain) {
        return Ok(());
    }
    let finding = format!("{:?}", shorten(run));
    Err(odd(place, finding, "letters, digits, - and _, at most 100"))
}

/// Checks that a short name is one: at most eight letters, and three behind a dot.
fn check_short_name(name: Option<&str>) -> Result<(), UndoRecordError> {
    let Some(name) = name else { return Ok(()) };
    let (base, ending) = name.split_once('.').unwrap_or((name, "x"));
    let is_fit = |part: &str, most: usize| {
        (1..=most).contains(&part.chars().count())
            && !part.contains(['.', ' ', '\\', '/', ':', '*', '?', '"', '<', '>', '|'])
            && !part.contains(char::is_control)
    };
    if is_fit(base, 8) && is_fit(ending, 3) {
        return Ok(());
    }
    let finding = format!("{:?}", shorten(name));
    Err(odd("short name", finding, "eight letters and three"))
}

/// Checks the path of a key, which is empty for the root.
fn check_key(key: &str) -> Result<(), UndoRecordError> {
    if key.len() <= LONGEST_PATH && !key.contains('\0') {
        return Ok(());
    }
    let finding = format!("{:?}", shorten(key));
    Err(odd("key", finding, "a path of at most 32767 letters"))
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

fn odd(place: &'static str, finding: String, expectation: &str) -> UndoRecordError {
    UndoRecordError::Odd {
        place,
        finding,
        expectation: expectation.to_owned(),
    }
}
