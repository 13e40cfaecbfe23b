//! The remedy: one incident as data. What must hold on a PC for it to apply, and what is then done.
//!
//! A remedy is TOML without any code in it, so that a person can read it aloud and refuse it. Unknown
//! keys are refused with their place.

use serde::Deserialize;

/// The schema that this version reads.
pub const REMEDY_SCHEMA: u32 = 1;

/// The remedies that come with mendkit: id and text.
pub const BUILT_IN_REMEDIES: &[(&str, &str)] =
    &[("mcafee-5958", include_str!("../remedies/mcafee-5958.toml"))];

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

/// A test with three answers: yes, no, cannot tell.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Predicate {
    /// About the Windows of an installation.
    Os(OsTest),
    /// About an installed security product.
    Product(ProductTest),
}

/// About the Windows of an installation. Parts left out are not tested.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OsTest {
    /// Family name as in `mend`'s table of Windows versions: `xp`, `vista`, `7`, …
    pub family: String,
    /// Number of the service pack; 0 is none.
    pub service_pack: Option<u32>,
}

/// About an installed security product.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProductTest {
    /// Vendor as in `mend`'s table of products.
    pub vendor: String,
    /// Version of the definitions that the product states, up to a full stop: `5958` matches
    /// `5958.0000`.
    pub definitions: Option<String>,
}

/// One step of a remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemedyStep {
    /// Installs a set of definitions that the job names, all or nothing.
    InstallDefinitions {
        /// Name of the set in the job, and of the place in `mend`'s table of products.
        set: String,
    },
    /// Puts a file back from the first source with an acceptable candidate.
    RestoreFile(RestoreFile),
}

/// Puts a file back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreFile {
    /// Windows path that begins with a variable, for example `{system32}\svchost.exe`.
    pub target: String,
    /// States of the target in which it is restored; never empty.
    pub states: Vec<FileState>,
    /// Where candidates are looked for, best first; never empty.
    pub sources: Vec<CandidateSource>,
    /// Which files of a quarantine are meant; there if and only if a source is a quarantine.
    pub quarantine: Option<QuarantineTest>,
    /// What a candidate must be.
    pub accept: Acceptance,
}

/// Which files of a quarantine are meant, beside having the target's name. All parts given must hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct QuarantineTest {
    /// What they were taken for; the product may add to it (`W32/Wecorl.a!mem`).
    pub detection: Option<String>,
    /// Version of the definitions that took them, up to a full stop.
    pub definitions: Option<String>,
}

/// State of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    /// There is no such file.
    Missing,
    /// It is there with a size of 0.
    Empty,
}

/// Where candidates come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum CandidateSource {
    /// Windows File Protection's cache, `system32\dllcache`.
    Dllcache,
    /// `ServicePackFiles\i386` in the Windows folder.
    ServicePackFiles,
    /// The quarantine of a security product, written `VENDOR-quarantine`.
    Quarantine {
        /// Vendor as in `mend`'s tables.
        vendor: String,
    },
    /// What Windows was installed from, as far as it lies on the PC: plain files, compressed ones
    /// (`SVCHOST.EX_`), and the cabinets of the driver cache.
    InstallationSource,
    /// Known good files on the stick, each pinned by its digest.
    Kit,
}

impl TryFrom<String> for CandidateSource {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let vendor = text.strip_suffix("-quarantine").unwrap_or_default();
        Ok(match text.as_str() {
            "dllcache" => Self::Dllcache,
            "service-pack-files" => Self::ServicePackFiles,
            "installation-source" => Self::InstallationSource,
            "kit" => Self::Kit,
            _ if !vendor.is_empty() => Self::Quarantine {
                vendor: vendor.to_owned(),
            },
            _ => {
                return Err(format!(
                    "unknown source {text:?}, expected dllcache, service-pack-files, \
                     VENDOR-quarantine, installation-source or kit"
                ));
            }
        })
    }
}

/// The identity that a candidate must have. All parts given must hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Acceptance {
    /// `VS_FIXEDFILEINFO` file version, four numbers with full stops.
    pub version: String,
    /// `OriginalFilename` of the version resource, compared without case.
    pub original_name: String,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawStep {
    install_definitions: Option<String>,
    restore_file: Option<String>,
    r#if: Option<Vec<FileState>>,
    from: Option<Vec<CandidateSource>>,
    quarantine: Option<QuarantineTest>,
    accept: Option<Acceptance>,
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
            RemedyStep::RestoreFile(_) => None,
        })
    }
}

impl RawStep {
    fn check(self, number: usize) -> Result<RemedyStep, RemedyError> {
        let place = format!("step {number}");
        match (self.install_definitions, self.restore_file) {
            (Some(set), None) => {
                let is_alone = self.r#if.is_none()
                    && self.from.is_none()
                    && self.quarantine.is_none()
                    && self.accept.is_none();
                if !is_alone {
                    let finding =
                        "install-definitions with if, from, quarantine or accept".to_owned();
                    return Err(sense(&place, finding, "install-definitions alone"));
                }
                Ok(RemedyStep::InstallDefinitions { set })
            }
            (None, Some(target)) => {
                let states = self.r#if.unwrap_or_default();
                let sources = self.from.unwrap_or_default();
                if states.is_empty() || sources.is_empty() {
                    let finding = "restore-file without if or from".to_owned();
                    return Err(sense(&place, finding, "both, neither empty"));
                }
                check_quarantine(&place, &sources, self.quarantine.as_ref())?;
                let Some(accept) = self.accept else {
                    let finding = "restore-file without accept".to_owned();
                    return Err(sense(&place, finding, "the identity a candidate must have"));
                };
                if accept.version_numbers().is_none() {
                    let finding = format!("accept.version is {:?}", accept.version);
                    return Err(sense(
                        &place,
                        finding,
                        "four numbers, such as \"5.1.2600.5512\"",
                    ));
                }
                Ok(RemedyStep::RestoreFile(RestoreFile {
                    target,
                    states,
                    sources,
                    quarantine: self.quarantine,
                    accept,
                }))
            }
            (None, None) => Err(sense(
                &place,
                "no action".into(),
                "install-definitions or restore-file",
            )),
            (Some(_), Some(_)) => Err(sense(&place, "two actions".into(), "one action a step")),
        }
    }
}

/// Checks that files of a quarantine are never taken by their name alone, and that what is said of
/// them is not said in vain.
fn check_quarantine(
    place: &str,
    sources: &[CandidateSource],
    test: Option<&QuarantineTest>,
) -> Result<(), RemedyError> {
    let is_source = |source: &CandidateSource| matches!(source, CandidateSource::Quarantine { .. });
    let finding = match (sources.iter().any(is_source), test) {
        (false, None) => return Ok(()),
        (true, Some(test)) if test.detection.is_some() => return Ok(()),
        (true, _) => "a quarantine in from, but no detection in quarantine",
        (false, Some(_)) => "quarantine, but none in from",
    };
    let expectation = "both a VENDOR-quarantine and what it took the file for, or neither";
    Err(sense(place, finding.to_owned(), expectation))
}

impl Acceptance {
    /// Returns the version as four numbers.
    pub fn version_numbers(&self) -> Option<[u16; 4]> {
        let numbers: Result<Vec<u16>, _> = self.version.split('.').map(str::parse).collect();
        numbers.ok()?.try_into().ok()
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
                TOML parse error at line 10, column 23
                   |
                10 | os = { family = "xp", servicepack = 3 }
                   |                       ^^^^^^^^^^^
                unknown field `servicepack`, expected `family` or `service-pack`"#]],
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
            expect!["step 1: no action, expected install-definitions or restore-file"],
        );
        check_refused(
            "5.1.2600.5512",
            "SP3",
            expect![[
                r#"step 2: accept.version is "SP3", expected four numbers, such as "5.1.2600.5512""#
            ]],
        );
        check_refused("detection = \"W32/Wecorl.a\", ", "", expect!["step 2: a quarantine in from, but no detection in quarantine, expected both a VENDOR-quarantine and what it took the file for, or neither"]);
        check_refused("\"mcafee-quarantine\", ", "", expect!["step 2: quarantine, but none in from, expected both a VENDOR-quarantine and what it took the file for, or neither"]);
        check_refused("\"kit\"", "\"cd\"", expect![[r#"
            TOML parse error at line 21, column 8
               |
            21 | from = ["dllcache", "service-pack-files", "mcafee-quarantine", "installation-source", "cd"]
               |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            unknown source "cd", expected dllcache, service-pack-files, VENDOR-quarantine, installation-source or kit"#]]);
    }
}
