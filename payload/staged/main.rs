//! `mend` on a stage: the same program with the same screen, for pictures of everything that it can show,
//! and with the fault that must not happen. It lies in no image that a person gets.
//!
//! ```text
//! stage=states    as PID 1 of a kernel that is started by itself: shows one state after the other, each
//!                 told on the serial line by `mend: STATE NAME KEYS` and left by those keys
//! stage=fault     on a stick: `mend` as it is, but for a panic once a repair is on the disk
//! ```

mod states;

use std::process::ExitCode;

use fs_err as fs;
use mend::init::{self, Work, environment};
use mend::repair::report::render_report;
use mend::repair::undo::blocks::{read_traces, report_undo};
use mend::repair::undo::{UndoRequest, undo_run};
use mend::repair::{Request, run};
use mend::screen::console::Consoles;
use mend::screen::prompt::{Entry, Prompt, Typed};
use mend::screen::{Answer, Progress, Question, Screen};
use rescue_stick::report::{InstallationReport, MachineFacts, StickFacts};

/// What the rescue environment does, with the fault.
const WORK: Work = Work {
    repair: |mode, machine, stick, screen| {
        run(&Request::new(mode), machine, stick, &mut Faulty(screen))
    },
    undo: |mode, machine, stick, screen| {
        let request = UndoRequest { mode, run: None };
        undo_run(&request, machine, stick, screen)
    },
    read_traces,
    report_undo,
    report_text: render_report,
    keep_report: |_, _, _| None,
};

/// What a repair says once it is on the disk.
const FATAL_LINE: &str = "Checking what was written ...";

fn main() -> ExitCode {
    if std::process::id() != 1 {
        return ExitCode::from(3);
    }
    environment::mount_all();
    let arguments = fs::read_to_string("/proc/cmdline").unwrap_or_default();
    let value = |name: &str| {
        let mut words = arguments.split_whitespace();
        words.find_map(|word| word.strip_prefix(name))
    };
    if value("stage=") != Some("states") {
        // It mounts once more, which does no harm.
        init::run(WORK);
        return ExitCode::from(3);
    }
    let mut consoles = Consoles::open(&environment::CONSOLES);
    let language = value("mend.lang=").unwrap_or("en").to_owned();
    states::show_all(&mut consoles, &[language]);
    let _ = rustix::system::reboot(rustix::system::RebootCommand::Restart);
    ExitCode::SUCCESS
}

/// A screen on which one line is fatal.
struct Faulty<'s>(&'s mut dyn Screen);

impl Screen for Faulty<'_> {
    fn line(&mut self, text: &str) {
        self.0.line(text);
        assert!(text != FATAL_LINE, "the fault that was asked for");
    }

    fn ask(&mut self, question: Question<'_>) -> Answer {
        self.0.ask(question)
    }

    fn ask_text(&mut self, prompt: &Prompt<'_>, entry: &mut Entry) -> Typed {
        self.0.ask_text(prompt, entry)
    }

    fn meet(&mut self, machine: &MachineFacts, stick: &StickFacts) {
        self.0.meet(machine, stick);
    }

    fn turn_to(&mut self, work: mend::screen::Work) {
        self.0.turn_to(work);
    }

    fn advance(&mut self, progress: Progress) {
        self.0.advance(progress);
    }

    fn propose(&mut self, installation: &InstallationReport, work: mend::screen::Work) {
        self.0.propose(installation, work);
    }
}
