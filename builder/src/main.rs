//! The program `mendkit`: reads the command line, runs one command, prints the error if there is one,
//! chooses the exit code.
//!
//! | code | means |
//! |---|---|
//! | 0 | done |
//! | 1 | found or left something undone |
//! | 2 | could not do it |
//! | 3 | refused as unsafe or unsigned |

use std::process::ExitCode;

use clap::Parser as _;
use mendkit::cli::{Cli, Command, KeysCommand, PartsCommand, ReceiptsCommand, RemedyCommand};
use mendkit::commands::{self, Outcome};

fn main() -> ExitCode {
    let outcome = match &Cli::parse().command {
        Command::Init(args) => commands::init::run(args),
        Command::Check(args) => commands::check::run(args),
        Command::Build(args) => commands::build::run(args),
        Command::Rehearse(args) => commands::rehearse::run(args),
        Command::Verify(args) => commands::verify::run(args),
        Command::Inspect(args) => commands::inspect::run(args),
        Command::Swap(args) => commands::swap::run(args),
        Command::Labels(args) => commands::labels::run(args),
        Command::Receipts(ReceiptsCommand::Check(args)) => commands::receipts::check(args),
        Command::Summary(args) => commands::summary::run(args),
        Command::Devices(args) => commands::devices::run(args),
        Command::Write(args) => commands::write::run(args),
        Command::Collect(args) => commands::collect::run(args),
        Command::Refresh(args) => commands::refresh::run(args),
        Command::Keygen(args) => commands::keygen::run(args),
        Command::Remedy(RemedyCommand::List) => commands::remedy::list(),
        Command::Remedy(RemedyCommand::Check(args)) => commands::remedy::check(args),
        Command::Keys(KeysCommand::Seal(args)) => commands::keys::seal(args),
        Command::Keys(KeysCommand::List(args)) => commands::keys::list(args),
        Command::Parts(PartsCommand::Fetch(args)) => commands::fetch::run(args),
        Command::Completions(args) => commands::shell::completions(args),
        Command::Man(args) => commands::shell::man_pages(args),
    };
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::from(1),
        Ok(Outcome::Failed) => ExitCode::from(2),
        Ok(Outcome::Refused) => ExitCode::from(3),
        Err(error) => {
            print_error(&error);
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stderr, reason = "the one place where errors are shown")]
fn print_error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}
