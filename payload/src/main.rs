//! The program `mend`: as PID 1 the rescue environment, else a command line.
//!
//! Exit codes: 0 done; 1 found or left something undone; 2 could not do it; 3 refused as unsafe or
//! unsigned.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use mend::options::{Console, Options, run_command};

fn main() -> ExitCode {
    if std::process::id() == 1 {
        return refuse_to_be_init();
    }
    let console = Console {
        output: &mut std::io::stdout(),
        errors: &mut std::io::stderr(),
        input: &mut std::io::stdin().lock(),
    };
    let code = run_command(&Options::parse(), console).unwrap_or_else(|error| {
        say(&format!("error: {error:#}"));
        2
    });
    ExitCode::from(code)
}

/// Being the first process of a system is only for the rescue environment.
fn refuse_to_be_init() -> ExitCode {
    say("error: started as PID 1, expected a command line");
    ExitCode::from(3)
}

fn say(text: &str) {
    // Nobody can be told that standard error is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}
