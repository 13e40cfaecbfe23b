//! `mendkit check`: everything that a build would say about a recipe, without building.

use anyhow::Context as _;

use super::build::mend_path;
use super::{Outcome, chosen_lock, megabytes, parts_place};
use crate::check::{Checked, Office, check_recipe};
use crate::cli::CheckArgs;
use crate::signing::KeyState;

/// Checks a recipe and says all that is to be put right.
pub fn run(args: &CheckArgs) -> anyhow::Result<Outcome> {
    let (cache, _) = parts_place(&args.parts)?;
    let (lock, _) = chosen_lock(&args.parts)?;
    let mend = mend_path(args.mend.as_deref())?;
    let office = Office { cache, lock, mend };
    let checked = check_recipe(&args.recipe, &office).context("reading the recipe")?;
    if checked.complaints.is_empty() {
        say_good(&checked)?;
        say!(
            " good      mendkit build {} -o rescue.img",
            args.recipe.display()
        );
        return Ok(Outcome::Done);
    }
    for complaint in &checked.complaints {
        say!("{}: {}", complaint.place, complaint.message);
        let picture = complaint.place.picture();
        if !picture.is_empty() {
            say!("{}", picture.trim_end());
        }
        if let Some(hint) = &complaint.hint {
            say!("  {hint}");
        }
    }
    let count = checked.complaints.len();
    let s = if count == 1 { "" } else { "s" };
    say!("{count} thing{s} to put right");
    Ok(Outcome::Found)
}

/// Says what the build will work with.
fn say_good(checked: &Checked) -> anyhow::Result<()> {
    let Some(recipe) = &checked.recipe else {
        return Ok(());
    };
    let ids = checked
        .remedies
        .iter()
        .map(|input| input.remedy.id.as_str());
    let ids: Vec<&str> = ids.collect();
    say!(" recipe    {}   remedies: {}", recipe.title, ids.join(", "));
    for (package, version) in &checked.packages {
        let name = package.file.path.file_name().unwrap_or_default();
        let size = megabytes(package.file.size);
        say!(" inputs    {}  {size}  {version}", name.to_string_lossy());
    }
    if !recipe.files.is_empty() {
        say!(" files     {} as pinned", recipe.files.len());
    }
    let asks = match checked.key {
        Some(KeyState::Locked) => "a build asks for its password",
        _ => "no password",
    };
    say!(" key       {}   {asks}", recipe.signing.key.display());
    say!(" boot      {} parts as locked", checked.parts);
    Ok(())
}
