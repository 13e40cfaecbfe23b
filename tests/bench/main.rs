//! `scripts/bench NAME`: measures mendkit beside what people use today, on this machine, and prints a table.

use std::process::ExitCode;

use anyhow::{Result, bail};

mod write;

#[expect(clippy::print_stderr, reason = "the one place where errors are shown")]
fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    match run(&name) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(name: &str) -> Result<()> {
    match name {
        "write" => write::run(),
        _ => bail!("{name:?}: no such measurement; expected write"),
    }
}
