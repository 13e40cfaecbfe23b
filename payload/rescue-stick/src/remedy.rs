//! The remedy: one incident as data. What must hold on a PC for it to apply, and what is then done.
//!
//! A remedy is TOML without any code in it, so that a person can read it aloud and refuse it. Unknown
//! keys are refused with their place.

use serde::Deserialize;

use crate::remedy::predicate::Predicate;
use crate::remedy::step::RemedyStep;
use crate::remedy::step::raw::RawStep;

pub mod explain;
pub mod predicate;
pub mod step;
pub mod value;

/// The schema that this version reads.
pub const REMEDY_SCHEMA: u32 = 1;

/// The remedies that come with mendkit: id and text.
pub const BUILT_IN_REMEDIES: &[(&str, &str)] = &[
    (
        "crowdstrike-291",
        include_str!("../remedies/crowdstrike-291.toml"),
    ),
    ("mcafee-5958", include_str!("../remedies/mcafee-5958.toml")),
];

/// A remedy, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// Stable name, lower-case letters, digits and `-`.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// What must hold, all of it; never empty.
    pub when: Vec<Predicate>,
    /// What is done, in this order; never empty.
    pub steps: Vec<RemedyStep>,
}

/// Why the text of a remedy cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemedyError {
    /// Not TOML, an unknown key, a wrong type. The text says line and column.
    #[error("{0}")]
    Syntax(String),
    /// Written for another version.
    #[error("schema is {found}, this version reads {REMEDY_SCHEMA}")]
    Schema {
        /// The number found.
        found: u32,
    },
    /// Well-formed, but without sense.
    #[error("{place}: {finding}, expected {expectation}")]
    Sense {
        /// Where, for example `step 2`.
        place: String,
        /// What is there.
        finding: String,
        /// What would be right.
        expectation: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawRemedy {
    schema: u32,
    id: String,
    title: String,
    when: Vec<Predicate>,
    step: Vec<RawStep>,
}

impl Remedy {
    /// Returns the built-in remedy `id` as text.
    pub fn built_in(id: &str) -> Option<&'static str> {
        BUILT_IN_REMEDIES
            .iter()
            .find(|(name, _)| *name == id)
            .map(|(_, text)| *text)
    }

    /// Parses the text of a remedy.
    pub fn parse(text: &str) -> Result<Self, RemedyError> {
        let raw: RawRemedy = toml::from_str(text)
            .map_err(|error| RemedyError::Syntax(error.to_string().trim_end().to_owned()))?;
        if raw.schema != REMEDY_SCHEMA {
            return Err(RemedyError::Schema { found: raw.schema });
        }
        let is_id_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if raw.id.is_empty() || !raw.id.chars().all(is_id_char) {
            let expectation = "lower-case letters, digits and -";
            return Err(sense("id", format!("{:?}", raw.id), expectation));
        }
        if raw.when.is_empty() {
            return Err(sense("when", "no test".into(), "at least one [[when]]"));
        }
        if raw.step.is_empty() {
            return Err(sense("step", "no step".into(), "at least one [[step]]"));
        }
        for (test, number) in raw.when.iter().zip(1_usize..) {
            test.check(&format!("when {number}"), 0)?;
        }
        let steps = raw.step.into_iter().enumerate();
        let steps = steps.map(|(index, step)| step.check(index.saturating_add(1)));
        Ok(Self {
            id: raw.id,
            title: raw.title,
            when: raw.when,
            steps: steps.collect::<Result<_, _>>()?,
        })
    }

    /// Returns the names of the sets of definitions that the remedy installs.
    pub fn definitions_sets(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match step {
            RemedyStep::InstallDefinitions { set } => Some(set.as_str()),
            _ => None,
        })
    }
}

fn sense(place: &str, finding: String, expectation: &'static str) -> RemedyError {
    RemedyError::Sense {
        place: place.to_owned(),
        finding,
        expectation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn mcafee() -> &'static str {
        Remedy::built_in("mcafee-5958").unwrap()
    }

    fn check_refused(good: &str, bad: &str, message: Expect) {
        assert!(mcafee().contains(good), "{good}");
        let text = mcafee().replacen(good, bad, 1);
        message.assert_eq(&Remedy::parse(&text).unwrap_err().to_string());
    }

    #[test]
    fn every_built_in_remedy_parses_under_its_own_id() {
        for (id, text) in BUILT_IN_REMEDIES {
            assert_eq!(Remedy::parse(text).unwrap().id, *id);
        }
    }

    #[test]
    fn mcafee_remedy_puts_definitions_before_the_file() {
        let remedy = Remedy::parse(mcafee()).unwrap();
        assert!(matches!(
            remedy.steps[0],
            RemedyStep::InstallDefinitions { .. }
        ));
        assert!(matches!(remedy.steps[1], RemedyStep::RestoreFile(_)));
        assert_eq!(
            remedy.definitions_sets().collect::<Vec<_>>(),
            ["mcafee-dat"]
        );
    }

    #[test]
    fn refuses_what_makes_no_sense_and_says_where() {
        check_refused(
            "service-pack = 3",
            "servicepack = 3",
            expect![[r#"
                TOML parse error at line 11, column 23
                   |
                11 | os = { family = "xp", servicepack = 3 }
                   |                       ^^^^^^^^^^^
                unknown field `servicepack`, expected one of `family`, `version`, `service-pack`, `build`, `architecture`, `language`"#]],
        );
        check_refused(
            "schema = 1",
            "schema = 9",
            expect!["schema is 9, this version reads 1"],
        );
        check_refused(
            "id = \"mcafee-5958\"",
            "id = \"../x\"",
            expect![[r#"id: "../x", expected lower-case letters, digits and -"#]],
        );
        check_refused(
            "install-definitions = \"mcafee-dat\"",
            "",
            expect![
                "step 1: no action, expected install-definitions, restore-file, remove-file, rename, set-registry-value, set-service-start, restore-quarantined or note"
            ],
        );
        check_refused(
            "5.1.2600.5512",
            "SP3",
            expect![[
                r#"step 2: accept.version is "SP3", expected four numbers, such as "5.1.2600.5512""#
            ]],
        );
        check_refused(
            "detection = \"W32/Wecorl.a\", ",
            "",
            expect![
                "step 2: a quarantine in from, but no detection in quarantine, expected both a VENDOR-quarantine and what it took the file for, or neither"
            ],
        );
        check_refused(
            "\"mcafee-quarantine\", ",
            "",
            expect![
                "step 2: quarantine, but none in from, expected both a VENDOR-quarantine and what it took the file for, or neither"
            ],
        );
        check_refused(
            "\"kit\"",
            "\"cd\"",
            expect![[r#"
                TOML parse error at line 22, column 8
                   |
                22 | from = ["dllcache", "service-pack-files", "mcafee-quarantine", "installation-source", "cd"]
                   |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                unknown source "cd", expected dllcache, service-pack-files, VENDOR-quarantine, installation-source or kit"#]],
        );
    }
}
