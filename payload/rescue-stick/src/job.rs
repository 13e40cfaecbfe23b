//! The job: what a stick is to do, written by `mendkit build` from the recipe and read by `mend`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::definitions::DefinitionsSet;
use crate::digest::Sha256Digest;
use crate::report::VisitFacts;

/// The schema that this version writes. Every number ever shipped is read.
pub const JOB_SCHEMA: u32 = 1;

/// The job as it lies on the stick ([`crate::paths::JOB`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Job {
    /// [`JOB_SCHEMA`] of the version that wrote it.
    pub schema: u32,
    /// Title of the image, one line.
    pub title: String,
    /// Date of the image as the recipe gives it, `YYYY-MM-DD`.
    pub date: String,
    /// Who decides whether a repair is made.
    pub mode: Mode,
    /// What happens when the work is done.
    pub finish: Finish,
    /// Languages for the screen, the default first, as ISO 639-1 codes; never empty.
    pub languages: Vec<String>,
    /// Ids of the remedies, in the order in which they are tried. Each lies in
    /// `mendkit/remedies/ID.toml`.
    pub remedies: Vec<String>,
    /// Definitions by the name that remedies use for them.
    pub definitions: BTreeMap<String, DefinitionsSet>,
    /// Known good files that the stick carries.
    pub files: Vec<KitFile>,
    /// Technician, site and ticket as the recipe presets them.
    #[serde(default, skip_serializing_if = "VisitFacts::is_empty")]
    pub visit: VisitFacts,
    /// Whether the person is asked, once for each stick, for what the recipe does not preset.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ask_visit: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Who decides whether a repair is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The plan is shown; a key starts it.
    #[default]
    Confirm,
    /// What is proven is repaired without asking.
    Auto,
    /// Nothing is written to the PC.
    Diagnose,
}

/// What happens when the work is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// Waits for a key, then restarts.
    #[default]
    Ask,
    /// Restarts as soon as the stick is pulled, or at a key: with the stick in, this PC would start from
    /// it again.
    Restart,
    /// Switches the PC off.
    PowerOff,
}

/// A known good file on the stick, offered as a candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KitFile {
    /// Path on the stick.
    pub path: String,
    /// Its name in Windows, without a folder.
    pub name: String,
    /// Digest pinned in the recipe.
    pub sha256: Sha256Digest,
}

/// Why a job cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// Not the JSON of a job.
    #[error("job: {0}")]
    Syntax(#[from] serde_json::Error),
    /// Written by a newer mendkit.
    #[error("job: schema is {found}, this version reads {JOB_SCHEMA}")]
    Schema {
        /// The number found.
        found: u64,
    },
}

impl Job {
    /// Parses the JSON of a job.
    pub fn parse(text: &str) -> Result<Self, JobError> {
        let value: serde_json::Value = serde_json::from_str(text)?;
        let schema = value
            .get("schema")
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(0);
        if schema != u64::from(JOB_SCHEMA) {
            return Err(JobError::Schema { found: schema });
        }
        Ok(serde_json::from_value(value)?)
    }

    /// Returns the JSON of the job, indented, with a final newline.
    pub fn to_text(&self) -> String {
        // OK to default: a Job has only string keys, so it always has a JSON form.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA_1: &str = include_str!("../fixtures/job-1.json");

    #[test]
    fn reads_every_schema_ever_shipped() {
        let job = Job::parse(SCHEMA_1).unwrap();
        assert_eq!(job.remedies, ["mcafee-5958"]);
        assert_eq!(job.to_text(), SCHEMA_1);
    }

    #[test]
    fn a_preset_visit_is_read_and_none_is_not_written() {
        let mut job = Job::parse(SCHEMA_1).unwrap();
        assert!(job.visit.is_empty());
        job.visit.site = Some("ACME Lyon".into());
        let text = job.to_text();
        assert!(text.contains("\"site\": \"ACME Lyon\""), "{text}");
        assert_eq!(Job::parse(&text).unwrap(), job);
    }

    #[test]
    fn refuses_a_newer_schema_and_unknown_keys() {
        let newer = SCHEMA_1.replace("\"schema\": 1", "\"schema\": 2");
        assert!(matches!(
            Job::parse(&newer),
            Err(JobError::Schema { found: 2 })
        ));
        let extra = SCHEMA_1.replace("\"title\"", "\"titel\": 1, \"title\"");
        assert!(
            Job::parse(&extra)
                .unwrap_err()
                .to_string()
                .contains("titel")
        );
    }
}
