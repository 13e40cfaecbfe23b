//! The report: what `mend` found and did on one PC. Stored as JSON, schema-numbered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::chain::ChainLink;
use self::health::HealthReport;
use self::line::Line;
use crate::digest::Sha256Digest;

pub mod chain;
pub mod health;
pub mod line;
pub mod summary;

/// The schema that this version writes.
pub const REPORT_SCHEMA: u32 = 2;

/// The report of one run on one PC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Report {
    /// [`REPORT_SCHEMA`] of the version that wrote it.
    pub schema: u32,
    /// Names this run: time and computer, `20100422T101500Z-OPTIPLEX-114`.
    pub run: String,
    /// Version of `mend`.
    pub mend_version: String,
    /// The PC's clock at the start, RFC 3339 in UTC. The clock of a broken PC may be wrong.
    pub started: String,
    /// Milliseconds from the start to the report.
    pub took_ms: u64,
    /// The worst of the installations' verdicts.
    pub verdict: Verdict,
    /// The stick that did it.
    pub stick: StickFacts,
    /// Place in the stick's chain of reports. `None` if the stick keeps no chain, or could not take this
    /// report: then it was kept on the PC and shown as a summary.
    pub chain: Option<ChainLink>,
    /// Who came, where to, and why.
    pub visit: VisitFacts,
    /// What the stick carried, and whether the PC knew better.
    pub kit: KitFacts,
    /// Language of `report.txt`, as ISO 639-1 code.
    pub language: String,
    /// Digest of `report.txt`, which so is signed with this report.
    pub text_sha256: Option<Sha256Digest>,
    /// The PC.
    pub machine: MachineFacts,
    /// Every volume that was looked at.
    pub volumes: Vec<VolumeReport>,
    /// Every Windows that was found.
    pub installations: Vec<InstallationReport>,
    /// What the health check found.
    pub health: HealthReport,
    /// Time of every stage, in order.
    pub timings: Vec<Timing>,
    /// What went wrong outside of any installation, one line each.
    pub notes: Vec<String>,
}

/// One word for the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No remedy applies, or nothing is left to do.
    Healthy,
    /// A remedy was carried out and checked from a fresh mount.
    Repaired,
    /// The last repair was taken back.
    Undone,
    /// A remedy applies; nothing was written.
    Affected,
    /// A person must do something first; the report says what.
    NeedsYou,
    /// Not safe to write; nothing was written.
    Refused,
    /// It was begun and did not end well; the report says in which state the PC is.
    Failed,
}

/// Every verdict there is.
pub const ALL_VERDICTS: [Verdict; 7] = [
    Verdict::Healthy,
    Verdict::Repaired,
    Verdict::Undone,
    Verdict::Affected,
    Verdict::NeedsYou,
    Verdict::Refused,
    Verdict::Failed,
];

impl Verdict {
    /// Returns the word that the screen shows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "HEALTHY",
            Self::Repaired => "REPAIRED",
            Self::Undone => "UNDONE",
            Self::Affected => "AFFECTED",
            Self::NeedsYou => "NEEDS YOU",
            Self::Refused => "REFUSED",
            Self::Failed => "FAILED",
        }
    }

    /// Returns the exit code that goes with it: 0 done, 1 something left undone, 2 could not do it,
    /// 3 refused.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Healthy | Self::Repaired | Self::Undone => 0,
            Self::Affected | Self::NeedsYou => 1,
            Self::Failed => 2,
            Self::Refused => 3,
        }
    }
}

/// The stick.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StickFacts {
    /// Its id, `MK-7F3A-01`; `None` if whoever wrote the stick gave it none.
    pub id: Option<String>,
    /// Title of the image.
    pub title: String,
    /// Date of the image.
    pub date: String,
    /// Digest of the signed manifest: names the image.
    pub manifest: Option<Sha256Digest>,
    /// The key that signed it, as Base64.
    pub key: Option<String>,
    /// The stick's own key, which signs its reports, as Base64; `None` if it has none.
    pub public_key: Option<String>,
}

/// A visit: preset in the recipe, or entered once for a stick.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VisitFacts {
    /// Who works with the stick.
    pub technician: Option<Line>,
    /// Where.
    pub site: Option<Line>,
    /// Number of the order, case or incident.
    pub ticket: Option<Line>,
}

impl VisitFacts {
    /// Tells whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns what is known, and where nothing is, what `other` knows.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            technician: self.technician.or_else(|| other.technician.clone()),
            site: self.site.or_else(|| other.site.clone()),
            ticket: self.ticket.or_else(|| other.ticket.clone()),
        }
    }
}

/// What a stick carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KitFacts {
    /// Definitions by the name of their set, with their version.
    pub definitions: BTreeMap<String, String>,
    /// Definitions on the PC that are newer than the stick's, one line each; empty if there are none.
    pub older_than: Vec<Line>,
}

/// The PC. Everything that firmware does not tell is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MachineFacts {
    /// `BIOS`, `UEFI x64`, `UEFI ia32`, or `folder` for a run on an ordinary system.
    pub firmware: String,
    /// Maker by DMI.
    pub vendor: Option<String>,
    /// Model by DMI.
    pub model: Option<String>,
    /// Serial number by DMI.
    pub serial: Option<String>,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// Version of the rescue kernel.
    pub kernel: Option<String>,
}

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VolumeReport {
    /// `disk 1, partition 1`.
    pub name: String,
    /// `NTFS`, `FAT32`, `BitLocker`, …
    pub file_system: String,
    /// Size in bytes.
    pub size: u64,
    /// Model of the disk.
    pub disk_model: Option<String>,
    /// `clean`, or why it may not be written, in words.
    pub state: String,
}

/// One Windows and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct InstallationReport {
    /// Volume, as in [`VolumeReport::name`].
    pub volume: String,
    /// Windows folder on it, `\WINDOWS`.
    pub folder: String,
    /// `Microsoft Windows XP Service Pack 3 (5.1.2600)`.
    pub windows: String,
    /// Computer name.
    pub computer: Option<String>,
    /// Security products, one line each.
    pub products: Vec<String>,
    /// What became of it.
    pub verdict: Verdict,
    /// Remedy that applies.
    pub remedy: Option<String>,
    /// What was found.
    pub findings: Vec<FindingReport>,
    /// The plan as it was shown.
    pub plan: Option<String>,
    /// Candidates that were looked at, accepted or not, with the reason.
    pub candidates: Vec<CandidateReport>,
    /// What was written.
    pub changes: Vec<ChangeReport>,
    /// What the person should do next, or why nothing was done; one line each.
    pub advice: Vec<String>,
}

/// A fault or a fact with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FindingReport {
    /// Stable id: `stale-definitions`, `missing-system-file`, …
    pub id: String,
    /// One line for people.
    pub text: String,
    /// What it rests on, one line each.
    pub evidence: Vec<String>,
}

/// A candidate for a missing file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CandidateReport {
    /// Where it was found.
    pub place: String,
    /// Whether it was acceptable.
    pub accepted: bool,
    /// Why, or why not.
    pub reason: String,
    /// Its digest, if it could be read.
    pub sha256: Option<Sha256Digest>,
}

/// One file that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ChangeReport {
    /// Windows path without a drive letter.
    pub path: String,
    /// Digest before; `None` if it was not there.
    pub before: Option<Sha256Digest>,
    /// Digest after, read from a fresh mount.
    pub after: Option<Sha256Digest>,
    /// Where the former content is kept.
    pub kept: Option<String>,
}

/// Time of one stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Timing {
    /// Name of the stage: start, modules, stick, proof (while the PC is looked at), detect, health,
    /// diagnose, plan, wait (for a person), apply, check, commit, verify.
    pub stage: String,
    /// Milliseconds.
    pub took_ms: u64,
}

/// Why a text is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// Not the JSON of a report.
    #[error("report: {0}")]
    Syntax(#[from] serde_json::Error),
    /// Written by a newer mend.
    #[error("report: schema is {found}, this version reads 1 to {REPORT_SCHEMA}")]
    Schema {
        /// The number found.
        found: u64,
    },
}

/// Enough of a report to know how to read it.
#[derive(Deserialize)]
struct AnyReport {
    schema: u64,
}

/// Name of the stage in which a person is waited for.
pub const WAIT_STAGE: &str = "wait";

impl Report {
    /// Returns how long the stick worked: milliseconds from the start to the report without those in which a
    /// person was waited for.
    pub fn work_ms(&self) -> u64 {
        let waits = self
            .timings
            .iter()
            .filter(|timing| timing.stage == WAIT_STAGE);
        let waited = waits.fold(0, |sum: u64, timing| sum.saturating_add(timing.took_ms));
        self.took_ms.saturating_sub(waited)
    }

    /// Parses the JSON of a report of any schema ever written. What an older one does not say is absent.
    pub fn parse(text: &str) -> Result<Self, ReportError> {
        Self::parse_bytes(text.as_bytes())
    }

    /// Parses the bytes of a `report.json`, as [`Self::parse`] does.
    pub fn parse_bytes(bytes: &[u8]) -> Result<Self, ReportError> {
        let AnyReport { schema } = serde_json::from_slice(bytes)?;
        match schema {
            1 => Self::parse_schema_1(bytes),
            _ if schema == u64::from(REPORT_SCHEMA) => Ok(serde_json::from_slice(bytes)?),
            found => Err(ReportError::Schema { found }),
        }
    }

    /// Adds what came with schema 2 to a report that does not have it.
    fn parse_schema_1(bytes: &[u8]) -> Result<Self, ReportError> {
        let mut value: serde_json::Value = serde_json::from_slice(bytes)?;
        let new = [
            ("chain", serde_json::Value::Null),
            ("visit", serde_json::to_value(VisitFacts::default())?),
            ("kit", serde_json::to_value(KitFacts::default())?),
            ("language", "en".into()),
            ("text-sha256", serde_json::Value::Null),
        ];
        if let Some(report) = value.as_object_mut() {
            for (key, absent) in new {
                report.entry(key).or_insert(absent);
            }
        }
        if let Some(stick) = value
            .get_mut("stick")
            .and_then(|stick| stick.as_object_mut())
        {
            stick.entry("public-key").or_insert(serde_json::Value::Null);
        }
        Ok(serde_json::from_value(value)?)
    }

    /// Returns the JSON of the report, indented, with a final newline.
    pub fn to_text(&self) -> String {
        // OK to default: a Report has only string keys, so it always has a JSON form.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA_1: &str = include_str!("../fixtures/report-1.json");
    const SCHEMA_2: &str = include_str!("../fixtures/report-2.json");

    #[test]
    fn reads_every_schema_ever_shipped() {
        let report = Report::parse(SCHEMA_2).unwrap();
        assert_eq!(report.schema, REPORT_SCHEMA);
        assert_eq!(report.installations[0].changes[1].before, None);
        assert_eq!(report.to_text(), SCHEMA_2);
        let old = Report::parse(SCHEMA_1).unwrap();
        assert_eq!(old.chain, None);
        assert_eq!(old.health, report.health);
        assert_eq!(old.installations, report.installations);
    }

    #[test]
    fn work_is_all_but_the_waiting_for_a_person() {
        let mut report = Report::parse(SCHEMA_2).unwrap();
        let timing = |stage: &str, took_ms| Timing {
            stage: stage.to_owned(),
            took_ms,
        };
        report.took_ms = 4800;
        report.timings = vec![timing("detect", 400), timing(WAIT_STAGE, 3200)];
        assert_eq!(report.work_ms(), 1600);
        report.timings.push(timing(WAIT_STAGE, u64::MAX));
        assert_eq!(report.work_ms(), 0);
    }

    #[test]
    fn refuses_other_schemas_unknown_keys_and_keys_of_a_later_schema() {
        let other = SCHEMA_2.replace("\"schema\": 2", "\"schema\": 3");
        let error = Report::parse(&other).unwrap_err();
        assert!(matches!(error, ReportError::Schema { found: 3 }), "{error}");
        let extra = SCHEMA_2.replace("\"run\"", "\"ran\": 1, \"run\"");
        assert!(
            Report::parse(&extra)
                .unwrap_err()
                .to_string()
                .contains("ran")
        );
        let without = SCHEMA_2.replace("  \"language\": \"fr\",\n", "");
        assert!(
            Report::parse(&without)
                .unwrap_err()
                .to_string()
                .contains("language")
        );
        let deep = format!(
            "{{\"schema\": 2, \"run\": {}1{}}}",
            "[".repeat(9999),
            "]".repeat(9999)
        );
        assert!(matches!(Report::parse(&deep), Err(ReportError::Syntax(_))));
    }

    #[test]
    fn the_worst_verdict_is_the_greatest() {
        let ordered = [
            (Verdict::Healthy, 0),
            (Verdict::Repaired, 0),
            (Verdict::Undone, 0),
            (Verdict::Affected, 1),
            (Verdict::NeedsYou, 1),
            (Verdict::Refused, 3),
            (Verdict::Failed, 2),
        ];
        assert!(ordered.is_sorted());
        for (verdict, code) in ordered {
            assert_eq!(verdict.exit_code(), code, "{}", verdict.word());
        }
    }
}
