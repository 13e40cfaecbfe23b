//! The program `mend`: as PID 1 the rescue environment, else a command line.
//!
//! Exit codes: 0 done; 1 found or left something undone; 2 could not do it; 3 refused as unsafe or
//! unsigned.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use mend::init::{self, Work};
use mend::options::{Console, Options, run_command};
use mend::repair::keep::keep_report;
use mend::repair::report::render_report;
use mend::repair::undo::blocks::{read_traces, report_undo};
use mend::repair::undo::{UndoRequest, undo_run};
use mend::repair::{Request, run};

/// What the rescue environment does once the stick has proven itself.
const WORK: Work = Work {
    repair: |mode, machine, stick, screen| run(&Request::new(mode), machine, stick, screen),
    undo: |mode, machine, stick, screen| {
        let request = UndoRequest { mode, run: None };
        undo_run(&request, machine, stick, screen)
    },
    read_traces,
    report_undo,
    report_text: render_report,
    keep_report,
};

fn main() -> ExitCode {
    if std::process::id() == 1 {
        let reason = init::run(WORK);
        say(&format!("error: started as PID 1: {reason}"));
        return ExitCode::from(3);
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

fn say(text: &str) {
    // Nobody can be told that standard error is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}
