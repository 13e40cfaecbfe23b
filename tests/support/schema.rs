//! Python's `jsonschema`, which must find every report valid by the schema in the repository.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};

use crate::tools::{command, run};

/// The schema of the reports that this version writes.
pub const REPORT_SCHEMA: &str =
    include_str!("../../payload/rescue-stick/schema/report-2.schema.json");

/// Reads a schema in one line, then reports in one line each; answers each with one line.
const JUDGE: &str = r#"
import json, sys, jsonschema
lines = iter(sys.stdin.readline, "")
schema = json.loads(next(lines))
jsonschema.Draft202012Validator.check_schema(schema)
judge = jsonschema.Draft202012Validator(schema)
for line in lines:
    errors = [f"{error.json_path}: {error.message}"[:300] for error in judge.iter_errors(json.loads(line))]
    print("valid" if not errors else " | ".join(errors[:5]).replace("\n", " "), flush=True)
"#;

/// A judge that is asked again and again, since starting one takes longer than judging.
struct Judge {
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    // Ends when its questions do.
    _child: Child,
}

static JUDGE_OF_REPORTS: Mutex<Option<Judge>> = Mutex::new(None);

/// Tells whether the judge is here; says so if not. Under CI it must be.
#[expect(
    clippy::print_stderr,
    reason = "a skipped check must say so where test output goes"
)]
fn is_here() -> bool {
    let is_here = run("python3", &["-c", "import jsonschema"]).is_ok();
    if !is_here {
        assert!(
            std::env::var_os("CI").is_none(),
            "python3: no jsonschema; under CI nothing is skipped"
        );
        eprintln!("skipped: python3: no jsonschema, expected it to judge reports");
    }
    is_here
}

/// A `report.json` is valid by the schema in the repository.
pub fn schema_accepts(report: &str) -> Result<()> {
    let locked = JUDGE_OF_REPORTS.lock();
    let mut judge = locked.unwrap_or_else(PoisonError::into_inner);
    if judge.is_none() {
        if !is_here() {
            return Ok(());
        }
        *judge = Some(start_judge()?);
    }
    let judge = judge.as_mut().context("no judge")?;
    judge.ask(report)
}

fn start_judge() -> Result<Judge> {
    let mut python = command("python3")?;
    python.args(["-c", JUDGE]);
    python.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = python.spawn().context("starting python3")?;
    let mut judge = Judge {
        questions: child.stdin.take().context("no standard input")?,
        answers: BufReader::new(child.stdout.take().context("no standard output")?),
        _child: child,
    };
    judge.say(REPORT_SCHEMA)?;
    Ok(judge)
}

impl Judge {
    /// Says a JSON text in one line.
    fn say(&mut self, text: &str) -> Result<()> {
        let value: serde_json::Value = serde_json::from_str(text)?;
        writeln!(self.questions, "{value}").context("asking jsonschema")
    }

    fn ask(&mut self, report: &str) -> Result<()> {
        self.say(report)?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        match answer.trim() {
            "valid" => Ok(()),
            "" => bail!("jsonschema ended without an answer"),
            errors => bail!("by its schema the report is not valid: {errors}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rescue_stick::report::Report;
    use serde_json::Value;

    use super::*;

    const FIXTURE: &str = include_str!("../../payload/rescue-stick/fixtures/report-2.json");

    #[test]
    fn the_fixture_is_valid_and_what_a_report_never_is_is_not() {
        if !is_here() {
            return;
        }
        schema_accepts(FIXTURE).unwrap();
        let refuses = |from: &str, to: &str, reason: &str| {
            let changed = FIXTURE.replacen(from, to, 1);
            assert_ne!(changed, FIXTURE, "{from}");
            let error = schema_accepts(&changed).unwrap_err().to_string();
            assert!(error.contains(reason), "{to}: {error}");
        };
        refuses("\"schema\": 2", "\"schema\": 1", "2 was expected");
        refuses("\"run\"", "\"ran\"", "'run' is a required property");
        refuses("\"run\"", "\"x\": 1, \"run\"", "Additional properties");
        refuses("\"needs-you\"", "\"dead\"", "is not one of");
        refuses("\"took-ms\": 1830", "\"took-ms\": -1", "minimum");
        refuses("\"ACME Lyon\"", "\"a\\u001b[31m\"", "given schemas");
        refuses("\"ACME Lyon\"", "\"a\\u202eb\"", "given schemas");
        let long = format!("\"{}\"", "x".repeat(257));
        refuses("\"ACME Lyon\"", &long, "site");
        refuses("9c1bd5c4", "9C1BD5C4", "given schemas");
    }

    /// Returns every name of a property in a schema or, of a report, every key.
    fn names(value: &Value, is_schema: bool, names: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                let keys = match object.get("properties").filter(|_| is_schema) {
                    Some(Value::Object(properties)) => properties.keys().cloned().collect(),
                    _ if is_schema => Vec::new(),
                    _ => object.keys().cloned().collect(),
                };
                names.extend(keys);
                let inner = object.values();
                inner.for_each(|value| self::names(value, is_schema, names));
            }
            Value::Array(items) => items
                .iter()
                .for_each(|value| self::names(value, is_schema, names)),
            _ => {}
        }
    }

    #[test]
    fn the_schema_has_the_fields_that_the_program_writes_and_no_others() {
        let mut report: Value = serde_json::from_str(FIXTURE).unwrap();
        // Their keys are data.
        report["kit"]["definitions"] = Value::Null;
        report["health"]["machine"]["not-told"] = Value::Null;
        let mut written = BTreeSet::new();
        names(&report, false, &mut written);
        let mut known = BTreeSet::new();
        names(
            &serde_json::from_str(REPORT_SCHEMA).unwrap(),
            true,
            &mut known,
        );
        for key in ["asset-tag", "volume", "edition"] {
            assert!(known.contains(key), "{key}");
        }
        assert_eq!(written, known);
        // What the schema accepts, the program reads: the fixture uses every field.
        Report::parse(FIXTURE).unwrap();
    }
}
