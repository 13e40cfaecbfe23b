//! The recipe: the file a person writes to describe one image. Parsed here, believed in [`crate::inputs`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fs_err as fs;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::job::{Finish, Mode};
use rescue_stick::report::VisitFacts;
use rescue_stick::report::line::Line;
use serde::Deserialize;

use crate::boot::firmware::{ALL_FIRMWARE, FirmwareSet};
use crate::disk::layout::Layout;

pub mod source;

use source::{KeyStep, Source};

/// A recipe as it was typed. Paths in it are relative to the recipe's folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Recipe {
    /// One line for people.
    pub title: String,
    /// Date of the image, `YYYY-MM-DD`; also the time of every file on it.
    #[serde(default = "default_date")]
    pub date: String,
    /// Built in by name, or a path to a remedy of one's own (it ends in `.toml`).
    pub remedies: Vec<String>,
    /// Who decides whether a repair is made.
    #[serde(default)]
    pub mode: Mode,
    /// What happens when the work is done.
    #[serde(default)]
    pub finish: Finish,
    /// Languages of the screen, the default first.
    #[serde(default = "default_languages")]
    pub languages: Vec<String>,
    /// Corrected definitions by the name that remedies use for them.
    #[serde(default)]
    pub definitions: BTreeMap<String, RecipeDefinitions>,
    /// Known good files to carry.
    #[serde(default)]
    pub files: Vec<RecipeFile>,
    /// Technician, site and ticket, where they are the same for all sticks.
    #[serde(default)]
    pub visit: RecipeVisit,
    /// Recovery keys of the site to carry.
    #[serde(default)]
    pub keys: Option<RecipeKeys>,
    /// How it boots.
    #[serde(default)]
    pub boot: RecipeBoot,
    /// Who signs it.
    pub signing: RecipeSigning,
}

/// A package of definitions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RecipeDefinitions {
    /// The vendor's zip; the vendor's `avvdat.ini` lies beside it.
    pub zip: Option<PathBuf>,
    /// An EXTRA.DAT, plain or in a zip, instead of a whole package.
    pub extra_dat: Option<PathBuf>,
    /// The password of that zip, if it has one. It is used in the office alone.
    pub password: Option<String>,
}

/// A known good file, pinned.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RecipeFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it must be.
    pub sha256: Sha256Digest,
}

/// What reports say of the visit.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RecipeVisit {
    /// Who works with the sticks.
    pub technician: Option<Line>,
    /// Where.
    pub site: Option<Line>,
    /// Number of the order, case or incident.
    pub ticket: Option<Line>,
    /// Whether the person at the PC is asked, once for each stick, for what is not preset.
    #[serde(default)]
    pub ask: bool,
}

impl RecipeVisit {
    /// Returns what is preset.
    pub fn facts(&self) -> VisitFacts {
        VisitFacts {
            technician: self.technician.clone(),
            site: self.site.clone(),
            ticket: self.ticket.clone(),
        }
    }
}

/// Recovery keys of the site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RecipeKeys {
    /// What `mendkit keys seal` made.
    pub bundle: PathBuf,
}

/// How the image boots.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RecipeBoot {
    /// Firmware that the image is for.
    #[serde(default = "all_firmware")]
    pub firmware: FirmwareSet,
    /// Which tables say where the volume lies.
    #[serde(default)]
    pub layout: Layout,
    /// Further arguments for the kernel and for `mend`.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Seconds that the menu waits before it starts the repair.
    #[serde(default = "default_menu_seconds")]
    pub menu_seconds: u32,
}

/// Who signs the image.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RecipeSigning {
    /// Secret key file as `mendkit keygen` or `minisign -G` makes it.
    pub key: PathBuf,
}

/// Why a recipe cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// The file cannot be opened.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Not TOML, an unknown key, a wrong type. The text says line and column.
    #[error("{path}: {text}")]
    Syntax {
        /// The recipe.
        path: PathBuf,
        /// What and where.
        text: String,
    },
    /// Well-formed, but without sense.
    #[error("{place}: {nonsense}")]
    Sense {
        /// The recipe, line and column.
        place: String,
        /// What is there and what would be right.
        nonsense: Nonsense,
    },
}

/// A value that is well-formed and makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} is {finding}, expected {expectation}")]
pub struct Nonsense {
    /// Which key.
    pub key: &'static str,
    /// The way to it.
    pub way: Vec<KeyStep>,
    /// What is there.
    pub finding: String,
    /// What would be right.
    pub expectation: &'static str,
}

impl Default for RecipeBoot {
    fn default() -> Self {
        Self {
            firmware: all_firmware(),
            layout: Layout::default(),
            arguments: Vec::new(),
            menu_seconds: default_menu_seconds(),
        }
    }
}

fn all_firmware() -> FirmwareSet {
    ALL_FIRMWARE.into()
}

fn default_menu_seconds() -> u32 {
    3
}

fn default_languages() -> Vec<String> {
    vec!["en".into()]
}

fn default_date() -> String {
    // The oldest date that FAT can hold: a recipe without a date still gives the same bytes always.
    "1980-01-01".into()
}

impl Recipe {
    /// Reads the recipe at `path`.
    pub fn read(path: &Path) -> Result<Self, RecipeError> {
        Self::parse(&fs::read_to_string(path)?, path)
    }

    /// Parses the text of a recipe; `path` is only for messages.
    pub fn parse(text: &str, path: &Path) -> Result<Self, RecipeError> {
        let recipe: Self = toml::from_str(text).map_err(|error| RecipeError::Syntax {
            path: path.to_owned(),
            text: error.to_string().trim_end().to_owned(),
        })?;
        match recipe.find_nonsense().into_iter().next() {
            None => Ok(recipe),
            Some(nonsense) => Err(RecipeError::Sense {
                place: Source { path, text }.place(&nonsense.way).to_string(),
                nonsense,
            }),
        }
    }

    /// Returns every value that makes no sense, in the order of the fields.
    pub fn find_nonsense(&self) -> Vec<Nonsense> {
        let mut found = Vec::new();
        let sense = |key: &'static str, finding: &dyn std::fmt::Debug, expectation| Nonsense {
            key,
            way: key.split('.').map(KeyStep::from).collect(),
            finding: format!("{finding:?}"),
            expectation,
        };
        let length = self.title.chars().count();
        if self.title.trim().is_empty() || self.title.contains(char::is_control) || length > 100 {
            let expectation = "one line of text, 100 characters at most";
            found.push(sense("title", &self.title, expectation));
        }
        if parse_date(&self.date).is_none() {
            let expectation = "a day from 1980-01-01 to 2107-12-31, as YYYY-MM-DD";
            found.push(sense("date", &self.date, expectation));
        }
        if self.remedies.is_empty() {
            found.push(sense("remedies", &self.remedies, "at least one remedy"));
        }
        let is_language = |code: &String| ["en", "fr", "de", "es"].contains(&code.as_str());
        if self.languages.is_empty() || !self.languages.iter().all(is_language) {
            found.push(sense(
                "languages",
                &self.languages,
                "some of en, fr, de, es",
            ));
        }
        let is_name_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        for name in self.definitions.keys() {
            if name.is_empty() || !name.chars().all(is_name_char) {
                let expectation = "a name of lower-case letters, digits and -";
                let mut nonsense = sense("definitions", name, expectation);
                nonsense.way.push(KeyStep::from(name));
                found.push(nonsense);
            }
        }
        found.extend(self.definitions.iter().filter_map(odd_definitions));
        if self.boot.firmware.is_empty() {
            found.push(sense("boot.firmware", &self.boot.firmware, "at least one"));
        }
        let is_argument = |text: &String| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_graphic() && !"'\"\\${};".contains(c))
        };
        // These are what the menu's entries differ by, and how mend finds its stick.
        let is_taken =
            |text: &String| text.starts_with("mend.mode=") || text.starts_with("mend.stick=");
        if self.boot.arguments.iter().any(is_taken) {
            let expectation = "neither mend.mode nor mend.stick, which the menu sets";
            found.push(sense("boot.arguments", &self.boot.arguments, expectation));
        }
        if !self.boot.arguments.iter().all(is_argument) {
            let expectation = "words without blanks, quotes, and the signs that GRUB interprets";
            found.push(sense("boot.arguments", &self.boot.arguments, expectation));
        }
        if self.boot.menu_seconds > 600 {
            found.push(sense(
                "boot.menu-seconds",
                &self.boot.menu_seconds,
                "at most 600",
            ));
        }
        found
    }
}

/// Returns what makes no sense about a package of definitions.
fn odd_definitions((name, given): (&String, &RecipeDefinitions)) -> Option<Nonsense> {
    let finding = match (&given.zip, &given.extra_dat, &given.password) {
        (None, None, _) => "without zip and extra-dat",
        (Some(_), Some(_), _) => "with both zip and extra-dat",
        (Some(_), None, Some(_)) => "a zip of definitions with a password",
        _ => return None,
    };
    Some(Nonsense {
        key: "definitions",
        way: vec![KeyStep::from("definitions"), KeyStep::from(name)],
        finding: format!("{name} {finding}"),
        expectation: "either zip, or extra-dat with a password if it needs one",
    })
}

/// Returns a day that FAT can hold, written as `YYYY-MM-DD`, as days since 1970.
pub fn parse_date(text: &str) -> Option<i64> {
    let plain = text.len() == 10 && text.chars().all(|c| c.is_ascii_digit() || c == '-');
    let mut parts = text.split('-').filter(|_| plain);
    let year: i64 = parts.next()?.parse().ok()?;
    let month: usize = parts.next()?.parse().ok()?;
    let day: i64 = parts.next()?.parse().ok()?;
    if parts.next().is_some() || !(1980..=2107).contains(&year) {
        return None;
    }
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut months = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if is_leap(year) {
        months[1] = 29;
    }
    let before = months.get(..month.checked_sub(1)?)?;
    let in_month = (1..=*months.get(before.len())?).contains(&day);
    let years: i64 = (1970..year)
        .map(|year| if is_leap(year) { 366 } else { 365 })
        .sum();
    in_month.then(|| years + before.iter().sum::<i64>() + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    const GOOD: &str = r#"
title = "McAfee DAT 5958 (svchost.exe)"
date = "2010-04-22"
remedies = ["mcafee-5958"]
mode = "confirm"
languages = ["fr", "en"]
[definitions.mcafee-dat]
zip = "inputs/avvdat-5959.zip"
[boot]
firmware = ["bios", "uefi-x64", "uefi-ia32"]
[signing]
key = "release.key"
"#;

    fn check_refused(good: &str, bad: &str, message: Expect) {
        assert!(GOOD.contains(good), "{good}");
        let text = GOOD.replacen(good, bad, 1);
        let error = Recipe::parse(&text, Path::new("r.toml")).unwrap_err();
        message.assert_eq(&error.to_string());
    }

    #[test]
    fn reads_the_recipe_of_the_product_page() {
        let recipe = Recipe::parse(GOOD, Path::new("r.toml")).unwrap();
        assert_eq!(recipe.mode, Mode::Confirm);
        assert_eq!(recipe.boot.firmware, all_firmware());
        assert_eq!(recipe.boot.menu_seconds, 3);
        assert_eq!(recipe.boot.layout, Layout::Hybrid);
        let text = GOOD.replace("[boot]", "[boot]\nlayout = \"mbr\"");
        let recipe = Recipe::parse(&text, Path::new("r.toml")).unwrap();
        assert_eq!(recipe.boot.layout, Layout::Mbr);
    }

    #[test]
    fn refuses_what_a_person_mistypes_and_says_where() {
        check_refused(
            "mode = \"confirm\"",
            "mode = \"automatic\"",
            expect![[r#"
                r.toml: TOML parse error at line 5, column 8
                  |
                5 | mode = "automatic"
                  |        ^^^^^^^^^^^
                unknown variant `automatic`, expected one of `confirm`, `auto`, `diagnose`"#]],
        );
        check_refused(
            "2010-04-22",
            "2010-02-30",
            expect![[
                r#"r.toml:3:8: date is "2010-02-30", expected a day from 1980-01-01 to 2107-12-31, as YYYY-MM-DD"#
            ]],
        );
        check_refused(
            "[\"mcafee-5958\"]",
            "[]",
            expect!["r.toml:4:12: remedies is [], expected at least one remedy"],
        );
        check_refused(
            "[\"fr\", \"en\"]",
            "[\"it\"]",
            expect![[r#"r.toml:6:13: languages is ["it"], expected some of en, fr, de, es"#]],
        );
        check_refused(
            "[boot]",
            "[boot]\narguments = [\"panic=5\", \"mend.mode=undo\"]",
            expect![[
                r#"r.toml:10:13: boot.arguments is ["panic=5", "mend.mode=undo"], expected neither mend.mode nor mend.stick, which the menu sets"#
            ]],
        );
    }

    #[test]
    fn refuses_a_title_that_no_screen_can_show() {
        let title = |length: usize| {
            let text = GOOD.replace("McAfee DAT 5958 (svchost.exe)", &"é".repeat(length));
            Recipe::parse(&text, Path::new("r.toml"))
        };
        assert!(title(100).is_ok());
        assert!(title(101).is_err());
    }

    #[test]
    fn knows_the_days_of_the_calendar() {
        assert_eq!(parse_date("2012-02-29"), Some(15_399));
        assert_eq!(parse_date("1980-01-01"), Some(3_652));
        for bad in [
            "2011-02-29",
            "2010-13-01",
            "1979-12-31",
            "2010-4-2",
            "2010-04-22x",
            "+201-01-01",
        ] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
    }
}
