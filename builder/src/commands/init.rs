//! `mendkit init`: a folder to start from, with a recipe whose every line is explained.

use std::io::{self, Write as _};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use fs_err as fs;
use rescue_stick::remedy::{BUILT_IN_REMEDIES, Remedy};

use super::Outcome;
use crate::cli::InitArgs;

/// What git is to leave alone: the secret key must never get into a repository.
const IGNORED: &str = "release.key\n*.img\n";

/// Makes the folder and says what comes next.
pub fn run(args: &InitArgs) -> anyhow::Result<Outcome> {
    let remedy = built_in(&args.remedy)?;
    let folder = &args.folder;
    let recipe = folder.join("recipe.toml");
    if recipe.exists() {
        bail!(
            "{}: there is a recipe already, expected another folder",
            recipe.display()
        );
    }
    fs::create_dir_all(folder.join("inputs"))?;
    write_new(&recipe, &recipe_text(&remedy, &today()?))?;
    let ignored = folder.join(".gitignore");
    if !ignored.exists() {
        write_new(&ignored, IGNORED)?;
    }
    say!(" made      {}", recipe.display());
    let sets: Vec<&str> = remedy.definitions_sets().collect();
    if sets.is_empty() {
        say!(" now       make a key, then check");
    } else {
        say!(
            " now       put the vendor's corrected package into {}, make a key, then check",
            folder.join("inputs").display()
        );
    }
    say!("           cd {}", folder.display());
    say!("           mendkit keygen");
    say!("           mendkit check recipe.toml");
    Ok(Outcome::Done)
}

fn built_in(name: &str) -> anyhow::Result<Remedy> {
    let names: Vec<&str> = BUILT_IN_REMEDIES.iter().map(|(name, _)| *name).collect();
    let text = Remedy::built_in(name).with_context(|| {
        format!(
            "--remedy {name}: no built-in remedy is called so; built in: {}",
            names.join(", ")
        )
    })?;
    Remedy::parse(text).with_context(|| format!("reading remedy {name}"))
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}

/// Returns today's date, `YYYY-MM-DD`, by this computer's clock and in UTC.
fn today() -> anyhow::Result<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a new recipe is dated by the day on which it is begun"
    )]
    let now = SystemTime::now();
    let seconds = now.duration_since(UNIX_EPOCH).context("asking the clock")?;
    let days = i64::try_from(seconds.as_secs() / 86_400)?;
    Ok(date_of(days))
}

/// Returns the date of a day since 1970. Source: Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `civil_from_days`.
fn date_of(days: i64) -> String {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Returns a recipe for this remedy. Its comments say what each line is for and what else it could say.
fn recipe_text(remedy: &Remedy, date: &str) -> String {
    let title = remedy.title.replace(['"', '\\'], "'");
    let mut text = format!(
        r#"# A recipe: one image for one incident. Paths start at this file's folder.
# `mendkit check recipe.toml` says everything that is missing or wrong, with its line.

# What the technician reads on the screen: one line, 100 characters at most.
title = "{title}"

# The day of the image, and the time of every file on it. The same recipe, inputs and date give the same
# image, byte for byte.
date = "{date}"

# What is to be repaired. `mendkit remedy list` lists the built-in remedies, `mendkit remedy check NAME`
# explains one; a path such as "own.toml" is a remedy of your own.
remedies = ["{id}"]

# Who decides: "confirm" shows the plan and waits for a key, "auto" repairs what is proven without asking,
# "diagnose" writes nothing to the PC.
mode = "confirm"

# At the end: "ask" waits for a key and restarts, "restart" restarts when the stick is pulled,
# "power-off" switches the PC off.
finish = "ask"

# Languages of the screen, the first one to begin with: en, fr, de, es.
languages = ["en"]
"#,
        id = remedy.id,
    );
    for set in remedy.definitions_sets() {
        text.push_str(&format!(
            r#"
# The vendor's corrected definitions, as downloaded; the vendor's avvdat.ini lies beside the zip and is
# checked: version, size, MD5. Put both into inputs/ and write the zip's name here.
[definitions.{set}]
zip = "inputs/avvdat-5959.zip"
"#
        ));
    }
    text.push_str(
        r#"
# A known good file to carry, for PCs that have no good copy of their own; once for each file. Its digest
# is what `sha256sum` says.
# [[files]]
# path   = "inputs/svchost.exe"
# sha256 = "0000000000000000000000000000000000000000000000000000000000000000"

[boot]
# Which firmware the stick starts on; leave one out to save its room.
firmware = ["bios", "uefi-x64", "uefi-ia32"]
# How long the menu waits before it starts the repair.
menu-seconds = 3

# Who signs. `mendkit keygen` makes release.key, which stays secret, and release.key.pub, which you give to
# everyone who checks sticks.
[signing]
key = "release.key"
"#,
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{Recipe, parse_date};

    #[test]
    fn the_recipe_of_every_remedy_is_one() {
        for (id, text) in BUILT_IN_REMEDIES {
            let text = recipe_text(&Remedy::parse(text).unwrap(), "2026-11-28");
            let recipe = Recipe::parse(&text, Path::new("recipe.toml"));
            let recipe = recipe.unwrap_or_else(|error| panic!("{id}: {error}"));
            assert_eq!(recipe.remedies, [*id]);
            assert!(text.lines().all(|line| line.len() < 110), "{id}");
        }
    }

    #[test]
    fn days_are_those_that_recipes_know() {
        for date in [
            "1980-01-01",
            "2000-02-29",
            "2012-02-29",
            "2026-11-28",
            "2099-12-31",
        ] {
            assert_eq!(date_of(parse_date(date).unwrap()), date);
        }
    }
}
