//! `seeds FOLDER`: writes the files that fuzzing begins with, a folder for each target.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use support::seeds::write_seeds;

#[expect(
    clippy::print_stdout,
    reason = "a program for the person in front of it"
)]
fn main() -> Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.context("usage: seeds FOLDER")?;
    println!("{} seeds in {}", write_seeds(&folder)?, folder.display());
    Ok(())
}
