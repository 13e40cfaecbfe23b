//! Whether the tests of a remedy make sense.

use super::{
    FileTest, FileWord, MAX_DEPTH, MOST_BYTES, OsTest, PeTest, Predicate, RegistryTest, Scalar,
    ServiceTest,
};
use crate::remedy::value::{
    HexBytes, NumberRange, PATH_EXPECTATION, Version, VersionRange, check_path,
};
use crate::remedy::{RemedyError, sense};

impl Predicate {
    /// Checks that the test and those in it make sense.
    pub(in crate::remedy) fn check(&self, place: &str, depth: usize) -> Result<(), RemedyError> {
        if depth > MAX_DEPTH {
            let finding = format!("tests nested {depth} deep");
            return Err(sense(place, finding, "at most 8"));
        }
        let path = |text: &str, wildcards| match check_path(text, wildcards) {
            Some(finding) => Err(sense(&format!("{place}: path"), finding, PATH_EXPECTATION)),
            None => Ok(()),
        };
        let refuse = |finding: &str, expectation| Err(sense(place, finding.into(), expectation));
        match self {
            Self::All(tests) | Self::Any(tests) => {
                if tests.is_empty() {
                    return refuse("no test in all or any", "at least one");
                }
                let mut numbered = tests.iter().zip(1..);
                numbered.try_for_each(|(test, number): (_, usize)| {
                    test.check(&format!("{place}.{number}"), depth.saturating_add(1))
                })
            }
            Self::Not(test) => test.check(place, depth.saturating_add(1)),
            Self::Volume(test) if test.state.is_empty() => refuse("no state", "at least one"),
            Self::Os(test) => test.check(place),
            Self::File(test) => {
                path(&test.path, false)?;
                test.check(place)
            }
            Self::Glob(test) => {
                path(&test.path, true)?;
                check_range(place, test.count.as_ref())
            }
            Self::Bytes(test) => {
                path(&test.path, true)?;
                check_bytes(place, &test.hex, test.mask.as_ref())
            }
            Self::Hash(test) => {
                path(&test.path, true)?;
                if test.sha256.is_empty() {
                    return refuse("no sha256", "at least one");
                }
                Ok(())
            }
            Self::Pe(test) => {
                path(&test.path, true)?;
                test.check(place)
            }
            Self::Signed(test) => path(&test.path, true),
            Self::Time(test) => {
                path(&test.path, true)?;
                test.modified.check(place)
            }
            Self::Registry(test) => test.check(place),
            Self::Service(test) => test.check(place),
            Self::Product(test) => {
                check_versions(place, test.version.as_ref())?;
                check_versions(place, test.definitions_range.as_ref())
            }
            Self::Log(test) => {
                path(&test.path, true)?;
                if test.contains.is_empty() || test.last_lines == 0 {
                    return refuse("nothing to look for", "contains, and last-lines above 0");
                }
                Ok(())
            }
            Self::Volume(_) | Self::Quarantine(_) => Ok(()),
        }
    }
}

impl FileTest {
    fn check(&self, place: &str) -> Result<(), RemedyError> {
        let has_size = self.size.is_some() || self.size_range.is_some();
        let refuse = |finding: &str, expectation| Err(sense(place, finding.into(), expectation));
        match self.state {
            None if !has_size => refuse("file with a path alone", "state, size or size-range"),
            Some(FileWord::Missing) if has_size => {
                refuse("a size of a missing file", "state or size")
            }
            _ => check_range(place, self.size_range.as_ref()),
        }
    }
}

impl PeTest {
    fn check(&self, place: &str) -> Result<(), RemedyError> {
        let has_any = self.version.is_some()
            || self.version_range.is_some()
            || self.machine.is_some()
            || self.original_name.is_some()
            || self.checksum.is_some();
        if !has_any {
            let expectation = "version, version-range, machine, original-name or checksum";
            return Err(sense(place, "pe with a path alone".into(), expectation));
        }
        check_versions(place, self.version_range.as_ref())
    }
}

impl OsTest {
    fn check(&self, place: &str) -> Result<(), RemedyError> {
        let has_any = self.family.is_some()
            || self.version.is_some()
            || self.service_pack.is_some()
            || self.build.is_some()
            || self.architecture.is_some()
            || self.language.is_some();
        if !has_any {
            let expectation = "family, version, service-pack, build, architecture or language";
            return Err(sense(place, "os without any part".into(), expectation));
        }
        check_versions(place, self.version.as_ref())?;
        check_range(place, self.build.as_ref())
    }
}

impl RegistryTest {
    fn check(&self, place: &str) -> Result<(), RemedyError> {
        check_key(place, &self.key)?;
        let comparisons = [
            self.state.is_some(),
            self.equals.is_some(),
            self.less.is_some(),
            self.at_least.is_some(),
            self.matches.is_some(),
        ];
        let count = comparisons.into_iter().filter(|given| *given).count();
        if count != 1 {
            let finding = format!("{count} comparisons");
            let expectation = "one of state, equals, less, at-least and matches";
            return Err(sense(place, finding, expectation));
        }
        for bound in [&self.less, &self.at_least].into_iter().flatten() {
            if let Scalar::Text(text) = bound
                && Version::parse(text).is_none()
            {
                let finding = format!("{text:?}");
                return Err(sense(
                    place,
                    finding,
                    "a number or a version to compare with",
                ));
            }
        }
        Ok(())
    }
}

impl ServiceTest {
    fn check(&self, place: &str) -> Result<(), RemedyError> {
        check_service_name(place, &self.name)?;
        match &self.start {
            Some(starts) if starts.is_empty() || starts.iter().any(|start| *start > 4) => {
                let finding = format!("start is {starts:?}");
                Err(sense(place, finding, "numbers from 0 to 4"))
            }
            _ => Ok(()),
        }
    }
}

pub(in crate::remedy) fn check_service_name(place: &str, name: &str) -> Result<(), RemedyError> {
    if name.is_empty() || name.contains(['\\', '/']) {
        let finding = format!("name is {name:?}");
        return Err(sense(place, finding, "the name of one key below Services"));
    }
    Ok(())
}

pub(in crate::remedy) fn check_key(place: &str, key: &str) -> Result<(), RemedyError> {
    let is_good = !key.is_empty() && key.split('\\').all(|name| !name.is_empty());
    let has_root = ["hklm\\", "hkey_", "software\\", "system\\", "wow6432node\\"]
        .iter()
        .any(|root| key.to_lowercase().starts_with(root));
    if !is_good || has_root {
        let expectation =
            "a key relative to its hive, names with \\ between them, without Wow6432Node";
        return Err(sense(place, format!("key is {key:?}"), expectation));
    }
    Ok(())
}

pub(in crate::remedy) fn check_bytes(
    place: &str,
    hex: &HexBytes,
    mask: Option<&HexBytes>,
) -> Result<(), RemedyError> {
    let length = hex.0.len();
    if length > MOST_BYTES {
        return Err(sense(place, format!("{length} bytes"), "at most 4096"));
    }
    match mask {
        Some(mask) if mask.0.len() != length => {
            let finding = format!("a mask of {} bytes for {length}", mask.0.len());
            Err(sense(place, finding, "as many as hex has"))
        }
        _ => Ok(()),
    }
}

fn check_range(place: &str, range: Option<&NumberRange>) -> Result<(), RemedyError> {
    match range {
        Some(range) if range.is_senseless() => {
            let expectation = "at-least, at-most or both, with room between";
            Err(sense(place, "a range without sense".into(), expectation))
        }
        _ => Ok(()),
    }
}

fn check_versions(place: &str, range: Option<&VersionRange>) -> Result<(), RemedyError> {
    match range {
        Some(range) if range.is_senseless() => {
            let expectation = "at-least, below or both, with room between";
            Err(sense(place, "a range without sense".into(), expectation))
        }
        _ => Ok(()),
    }
}
