//! The values that remedies are written with: bytes, moments, versions, ranges, paths.

use std::fmt;

use serde::Deserialize;

/// Bytes written as hexadecimal digits; spaces are allowed between bytes. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HexBytes(pub Vec<u8>);

impl TryFrom<String> for HexBytes {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits: String = text.split_whitespace().collect();
        match hex::decode(&digits) {
            Ok(bytes) if !bytes.is_empty() => Ok(Self(bytes)),
            _ => Err(format!("{text:?}, expected bytes such as \"AA AA 01 00\"")),
        }
    }
}

impl fmt::Display for HexBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&spell_bytes(&self.0))
    }
}

/// Returns bytes as people write them, `AA AA 01 00`.
pub fn spell_bytes(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(" ")
}

/// A moment in UTC, as seconds since 1970. Written as TOML writes a date with a time:
/// `2024-07-19T04:09:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "toml::value::Datetime")]
pub struct UtcMoment(pub i64);

impl TryFrom<toml::value::Datetime> for UtcMoment {
    type Error = String;

    fn try_from(found: toml::value::Datetime) -> Result<Self, String> {
        let refused = || format!("{found}, expected a moment in UTC such as 2024-07-19T04:09:00Z");
        let (Some(date), Some(time), Some(toml::value::Offset::Z)) =
            (found.date, found.time, found.offset)
        else {
            return Err(refused());
        };
        let days = days_since_1970(date.year.into(), date.month.into(), date.day.into());
        let seconds = [
            days.saturating_mul(86_400),
            i64::from(time.hour).saturating_mul(3600),
            i64::from(time.minute).saturating_mul(60),
            i64::from(time.second.unwrap_or(0)),
        ];
        Ok(Self(
            seconds.into_iter().fold(0, |sum, n| sum.saturating_add(n)),
        ))
    }
}

/// Returns the days from 1970-01-01 to a date of the Gregorian calendar. Source: H. Hinnant,
/// "chrono-compatible low-level date algorithms", `days_from_civil`.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the odd day of a leap year is the last.
    let year = if month <= 2 {
        year.saturating_sub(1)
    } else {
        year
    };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = month
        .saturating_add(9)
        .rem_euclid(12)
        .saturating_mul(153)
        .saturating_add(2)
        .div_euclid(5)
        .saturating_add(day)
        .saturating_sub(1);
    let days = of_era
        .saturating_mul(365)
        .saturating_add(of_era.div_euclid(4))
        .saturating_sub(of_era.div_euclid(100))
        .saturating_add(of_year);
    era.saturating_mul(146_097)
        .saturating_add(days)
        .saturating_sub(719_468)
}

impl fmt::Display for UtcMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0.div_euclid(86_400);
        let seconds = self.0.rem_euclid(86_400);
        // The years that people write in remedies are few, so counting them is quick enough.
        let mut year = 1970;
        while days_since_1970(year, 1, 1) > days && year > 1600 {
            year = year.saturating_sub(1);
        }
        while days_since_1970(year.saturating_add(1), 1, 1) <= days && year < 9999 {
            year = year.saturating_add(1);
        }
        let month = (1..=12)
            .rev()
            .find(|month| days_since_1970(year, *month, 1) <= days)
            .unwrap_or(1);
        let day = days
            .saturating_sub(days_since_1970(year, month, 1))
            .saturating_add(1);
        let (hour, minute) = (seconds.div_euclid(3600), seconds.div_euclid(60) % 60);
        let second = seconds % 60;
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC"
        )
    }
}

/// A version: numbers with full stops between them. A shorter one is less than a longer one that
/// begins with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Version(pub Vec<u64>);

impl Version {
    /// Parses `5.1.2600`.
    pub fn parse(text: &str) -> Option<Self> {
        let numbers: Result<Vec<u64>, _> = text.trim().split('.').map(str::parse).collect();
        numbers.ok().map(Self)
    }
}

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| {
            format!("{text:?}, expected numbers with full stops, such as \"5.1.2600\"")
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u64::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

/// A range of versions; a side left out is open.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VersionRange {
    /// The least that is meant.
    pub at_least: Option<Version>,
    /// The least that is not meant any more.
    pub below: Option<Version>,
}

impl VersionRange {
    /// Returns whether `version` is in the range.
    pub fn holds(&self, version: &Version) -> bool {
        self.at_least.as_ref().is_none_or(|least| version >= least)
            && self.below.as_ref().is_none_or(|end| version < end)
    }

    /// Returns whether nothing can be in it or everything is.
    pub(super) fn is_senseless(&self) -> bool {
        match (&self.at_least, &self.below) {
            (None, None) => true,
            (Some(least), Some(end)) => least >= end,
            _ => false,
        }
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.at_least, &self.below) {
            (Some(least), Some(end)) => write!(f, "from {least} to below {end}"),
            (Some(least), None) => write!(f, "{least} or later"),
            (None, Some(end)) => write!(f, "before {end}"),
            (None, None) => f.write_str("any"),
        }
    }
}

/// A range of numbers; a side left out is open, both ends are in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NumberRange {
    /// The least that is meant.
    pub at_least: Option<u64>,
    /// The greatest that is meant.
    pub at_most: Option<u64>,
}

impl NumberRange {
    /// Returns whether `number` is in the range.
    pub fn holds(&self, number: u64) -> bool {
        self.at_least.is_none_or(|least| number >= least)
            && self.at_most.is_none_or(|most| number <= most)
    }

    /// Returns whether nothing can be in it or everything is.
    pub(super) fn is_senseless(&self) -> bool {
        match (self.at_least, self.at_most) {
            (None, None) => true,
            (Some(least), Some(most)) => least > most,
            _ => false,
        }
    }
}

impl fmt::Display for NumberRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.at_least, self.at_most) {
            (Some(least), Some(most)) if least == most => write!(f, "{least}"),
            (Some(least), Some(most)) => write!(f, "{least} to {most}"),
            (Some(least), None) => write!(f, "at least {least}"),
            (None, Some(most)) => write!(f, "at most {most}"),
            (None, None) => f.write_str("any"),
        }
    }
}

/// The variables that a path of a remedy may begin with.
pub const ALL_PATH_VARIABLES: &[&str] = &[
    "windows",
    "system32",
    "drivers",
    "system-drive",
    "program-files",
    "common-files",
    "program-data",
];

/// What a path of a remedy must look like, for refusals.
pub(super) const PATH_EXPECTATION: &str = "a path that begins with {windows}, {system32}, {drivers}, {system-drive}, {program-files}, \
     {common-files} or {program-data}, with plain names between \\, and * or ? in the last at most";

/// Returns what is wrong with a path of a remedy. `wildcards` are allowed in the last name only.
pub(super) fn check_path(text: &str, wildcards: bool) -> Option<String> {
    let quoted = || Some(format!("{text:?}"));
    let Some((variable, rest)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}'))
    else {
        return quoted();
    };
    let Some(names) = rest.strip_prefix('\\') else {
        return quoted();
    };
    if !ALL_PATH_VARIABLES.contains(&variable) {
        return quoted();
    }
    let (folders, last) = names.rsplit_once('\\').unwrap_or(("", names));
    let is_plain = |name: &str, forbidden: &[char]| {
        !name.trim_end_matches([' ', '.']).is_empty() && !name.contains(forbidden)
    };
    const NEVER: &[char] = &['/', ':', '\0', '*', '?', '"', '<', '>', '|', '{', '}'];
    const NEVER_WITH_WILDCARDS: &[char] = &['/', ':', '\0', '"', '<', '>', '|'];
    let is_good = (folders.is_empty() || folders.split('\\').all(|name| is_plain(name, NEVER)))
        && is_plain(
            last,
            if wildcards {
                NEVER_WITH_WILDCARDS
            } else {
                NEVER
            },
        );
    if is_good { None } else { quoted() }
}

/// Returns whether a path has a wildcard.
pub fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Returns whether `name` fits `pattern`, in which `*` stands for any characters and `?` for one. Case
/// is not regarded.
pub fn fits_pattern(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let (mut p, mut n) = (0_usize, 0_usize);
    // Where to go on after the last `*`, and how much of the name it has taken: going back no further
    // keeps the work below pattern times name.
    let mut last_star: Option<(usize, usize)> = None;
    while let Some(character) = name.get(n) {
        match pattern.get(p) {
            Some('*') => {
                p = p.saturating_add(1);
                last_star = Some((p, n));
            }
            Some(wanted) if *wanted == '?' || wanted == character => {
                p = p.saturating_add(1);
                n = n.saturating_add(1);
            }
            _ => {
                let Some((after, taken)) = last_star else {
                    return false;
                };
                n = taken.saturating_add(1);
                last_star = Some((after, n));
                p = after;
            }
        }
    }
    pattern.iter().skip(p).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_people_expect() {
        for (pattern, name, fits) in [
            ("C-00000291*.sys", "c-00000291-00000000-00000032.SYS", true),
            ("C-00000291*.sys", "C-00000290-00000000-00000032.sys", false),
            ("C-00000291*.sys", "C-00000291-x.sys.bak", false),
            ("*", "", true),
            ("?", "", false),
            ("a*b*c", "aXbXbYc", true),
            ("a*b*c", "aXbXbY", false),
            ("**?", "é", true),
            ("ÉCOLE.*", "école.dat", true),
        ] {
            assert_eq!(fits_pattern(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn moments_agree_with_date() {
        // Made with `date -u -d TEXT +%s`.
        for (text, seconds) in [
            ("2024-07-19T04:09:00Z", 1_721_362_140),
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("1969-12-31T23:59:59Z", -1),
        ] {
            let found: toml::value::Datetime = text.parse().unwrap();
            let moment = UtcMoment::try_from(found).unwrap();
            assert_eq!(moment.0, seconds, "{text}");
            let spelled = text.replace('T', " ").replace('Z', " UTC");
            assert_eq!(moment.to_string(), spelled);
        }
        let local: toml::value::Datetime = "2024-07-19T04:09:00".parse().unwrap();
        assert!(UtcMoment::try_from(local).is_err());
    }

    #[test]
    fn versions_are_compared_number_by_number() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("1.381.2140.0") < version("1.381.2164.0"));
        assert!(version("9") < version("10"));
        assert!(version("5.1") < version("5.1.0"));
        assert_eq!(Version::parse("5.1x"), None);
        let range = VersionRange {
            at_least: Some(version("7.11")),
            below: Some(version("7.16")),
        };
        assert!(range.holds(&version("7.15.1")) && !range.holds(&version("7.16")));
    }

    #[test]
    fn paths_stay_on_the_volume_of_their_windows() {
        for good in [
            "{system32}\\svchost.exe",
            "{drivers}\\CrowdStrike\\C-00000291*.sys",
        ] {
            assert_eq!(check_path(good, true), None);
        }
        for bad in [
            "C:\\x",
            "{system32}",
            "{system32}\\",
            "{system32}x\\y",
            "{temp}\\x",
            "{windows}\\..\\x",
            "{windows}\\*\\x",
            "{windows}\\a:b",
            "{windows}\\a\\\\b",
        ] {
            assert!(check_path(bad, true).is_some(), "{bad}");
        }
        assert!(check_path("{windows}\\*.sys", false).is_some());
    }
}
