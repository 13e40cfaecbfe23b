//! `mendkit remedy`: lists the built-in remedies, and explains one before it goes onto a stick.
#![expect(
    clippy::print_stdout,
    reason = "a command tells the person what it found"
)]

use anyhow::Context as _;
use fs_err as fs;
use rescue_stick::remedy::explain::{count_gaps, explain_remedy};
use rescue_stick::remedy::{BUILT_IN_REMEDIES, Remedy};

use super::Outcome;
use crate::cli::RemedyCheckArgs;

/// Lists the built-in remedies.
pub fn list() -> anyhow::Result<Outcome> {
    for (id, text) in BUILT_IN_REMEDIES {
        let remedy = Remedy::parse(text).with_context(|| format!("reading remedy {id}"))?;
        println!(" {id:<16} {}", remedy.title);
    }
    Ok(Outcome::Done)
}

/// Explains a remedy; gaps make it [`Outcome::Found`].
pub fn check(args: &RemedyCheckArgs) -> anyhow::Result<Outcome> {
    let text = read_remedy(&args.remedy)?;
    let remedy = Remedy::parse(&text).with_context(|| format!("reading remedy {}", args.remedy))?;
    print!("{}", explain_remedy(&remedy));
    Ok(match count_gaps(&remedy) {
        0 => Outcome::Done,
        _ => Outcome::Found,
    })
}

/// Returns the text of a remedy by its name, as recipes name it: a file ends in `.toml`.
fn read_remedy(name: &str) -> anyhow::Result<String> {
    if name.ends_with(".toml") {
        return Ok(fs::read_to_string(name)?);
    }
    let names: Vec<&str> = BUILT_IN_REMEDIES.iter().map(|(name, _)| *name).collect();
    let text = Remedy::built_in(name).with_context(|| {
        format!(
            "no built-in remedy is called {name:?}; built in: {}; a remedy of one's own ends in .toml",
            names.join(", ")
        )
    })?;
    Ok(text.to_owned())
}
