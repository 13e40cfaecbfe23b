//! `mendkit completions` and `mendkit man`: what shells and manual readers want to know of the command
//! line, made from the very types that parse it.

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use fs_err as fs;

use super::Outcome;
use crate::cli::{Cli, CompletionsArgs, ManArgs};

/// The day of the manual. Not the clock's: the same program gives the same pages.
const MANUAL_DATE: &str = "2026-11-28";

/// Prints the completions of a shell.
pub fn completions(args: &CompletionsArgs) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "mendkit", &mut script);
    let written = io::stdout().write_all(&script);
    written.context("writing to standard output")?;
    Ok(Outcome::Done)
}

/// Writes the manual.
pub fn man_pages(args: &ManArgs) -> anyhow::Result<Outcome> {
    fs::create_dir_all(&args.folder)?;
    let mut command = Cli::command();
    // So that every command knows its full name.
    command.build();
    let mut pages = 0_usize;
    write_pages(&command, "mendkit", &args.folder, &mut pages)?;
    say!(" {pages} pages in {}", args.folder.display());
    Ok(Outcome::Done)
}

/// Writes the page of a command and those of its own commands, each named after the words one types.
fn write_pages(
    command: &Command,
    name: &str,
    folder: &Path,
    pages: &mut usize,
) -> anyhow::Result<()> {
    let title = name.to_uppercase();
    let version = command.get_version().unwrap_or(env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone().name(name.to_owned()))
        .title(title)
        .section("1")
        .date(MANUAL_DATE)
        .source(format!("mendkit {version}"))
        .manual("mendkit manual");
    let mut page = Vec::new();
    man.render(&mut page)
        .context("making a page of the manual")?;
    let page = String::from_utf8(page).context("making a page of the manual")?;
    fs::write(folder.join(format!("{name}.1")), without_idle_breaks(&page))?;
    *pages = pages.saturating_add(1);
    for inner in command.get_subcommands() {
        if inner.get_name() != "help" {
            write_pages(
                inner,
                &format!("{name}-{}", inner.get_name()),
                folder,
                pages,
            )?;
        }
    }
    Ok(())
}

/// Leaves out line breaks beside a blank line, which clap_mangen writes and strict readers complain of.
fn without_idle_breaks(page: &str) -> String {
    let lines: Vec<&str> = page.lines().collect();
    let is_blank = |index: Option<usize>| {
        let line = index.and_then(|index| lines.get(index));
        line.is_some_and(|line| line.is_empty())
    };
    let is_idle = |index: usize| {
        lines.get(index) == Some(&".br")
            && (is_blank(index.checked_sub(1)) || is_blank(index.checked_add(1)))
    };
    let kept = lines
        .iter()
        .enumerate()
        .filter(|(index, _)| !is_idle(*index));
    kept.map(|(_, line)| format!("{line}\n")).collect()
}
