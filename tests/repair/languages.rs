//! Whatever a repair says to a person, the screen says in every language.

use std::collections::BTreeSet;

use anyhow::Result;
use mend::machine::folder::FolderMachine;
use mend::repair::{Request, run};
use mend::screen::words::sentences::is_known;
use mend::screen::{Answer, Progress, Question, Screen, Work, outcome_lines};
use mend::stick::Stick;
use rescue_stick::job::Mode;
use rescue_stick::report::{InstallationReport, Report};
use support::broken_pc::{ALL_PRESETS, make_folder, preset};

/// Begins what a remedy's author wrote, and what was read from a file: neither is ours to translate.
const IN_THEIR_OWN_WORDS: [&str; 2] = [
    "once Windows runs and is online, the sensor fetches",
    "AA AA AA AA at offset 0, written",
];

/// Begins names of Windows, which are the same in every language.
const NAMES: [&str; 2] = ["Microsoft Windows ", "Windows "];

/// Notes every line that a person would see while it works.
#[derive(Default)]
struct Listening {
    lines: BTreeSet<String>,
}

impl Screen for Listening {
    fn line(&mut self, text: &str) {
        // What is left to translate in a plan is judged by its steps.
        self.lines.insert(text.to_owned());
    }

    fn ask(&mut self, question: Question<'_>) -> Answer {
        if let Question::Repair { warning } = question {
            self.lines.extend(warning.map(str::to_owned));
        }
        Answer::Yes
    }

    fn advance(&mut self, progress: Progress) {
        self.lines.insert(progress.text);
    }

    fn propose(&mut self, installation: &InstallationReport, _work: Work) {
        let plan = installation.plan.as_deref().unwrap_or_default();
        self.lines.extend(plan.lines().filter_map(step_line));
    }
}

/// Returns what the screen shows of a line of a plan: its steps, and what stands below them.
fn step_line(line: &str) -> Option<String> {
    let (number, step) = line.split_once(' ').unwrap_or_default();
    if number.parse::<u32>().is_ok() {
        return Some(step.to_owned());
    }
    let more = line.strip_prefix("           ")?;
    (!more.starts_with("undo: ")).then(|| more.to_owned())
}

/// Returns the lines that only the report's page and the details have: evidence, reasons, plans, states.
fn lines_of_the_page(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for one in &report.installations {
        let evidence = one.findings.iter().flat_map(|found| &found.evidence);
        lines.extend(evidence.cloned());
        lines.extend(one.candidates.iter().map(|one| one.reason.clone()));
        let plan = one.plan.iter().flat_map(|plan| plan.lines());
        lines.extend(plan.map(|line| line.trim_start().to_owned()));
    }
    lines.extend(report.volumes.iter().map(|volume| volume.state.clone()));
    lines
}

/// Repairs every simulated PC. Returns the name of each, the report, and every line that a person saw.
fn repair_every_pc() -> Result<Vec<(&'static str, Report, BTreeSet<String>)>> {
    let mut repaired = Vec::new();
    for known in &ALL_PRESETS {
        for windows in preset(known.name)?.installations {
            let folder = tempfile::tempdir()?;
            make_folder(&windows, folder.path())?;
            let machine = FolderMachine::open(folder.path())?.with_time(1_271_931_300);
            let mut screen = Listening::default();
            let request = Request::new(Mode::Confirm);
            let report = run(&request, &machine, &Stick::built_in()?, &mut screen);
            repaired.push((known.name, report, screen.lines));
        }
    }
    Ok(repaired)
}

#[test]
fn every_line_of_the_page_of_every_simulated_pc_is_said_in_every_language() -> Result<()> {
    let mut unknown = BTreeSet::new();
    for (name, report, _) in repair_every_pc()? {
        let lines = lines_of_the_page(&report).into_iter();
        let is_theirs = |line: &String| {
            let mut theirs = IN_THEIR_OWN_WORDS.iter().chain(&NAMES);
            theirs.any(|begin| line.starts_with(begin))
        };
        let odd = lines.filter(|line| !is_known(line) && !is_theirs(line));
        unknown.extend(odd.map(|line| format!("{name}: {line}")));
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
    Ok(())
}

#[test]
fn every_line_of_every_simulated_pc_is_said_in_every_language() -> Result<()> {
    let mut unknown = BTreeSet::new();
    let mut count = 0;
    for (name, report, mut lines) in repair_every_pc()? {
        for one in &report.installations {
            lines.extend(one.findings.iter().map(|found| found.text.clone()));
            lines.extend(one.advice.iter().cloned());
        }
        lines.extend(report.notes.iter().cloned());
        lines.extend(report.health.notes.iter().map(ToString::to_string));
        let outcome = outcome_lines(&report);
        let after_a_label = |line: &str| {
            let labels = ["Refused: ", "Done: "];
            let mut labels = labels.iter();
            labels.find_map(|label| line.strip_prefix(label).map(str::to_owned))
        };
        lines.extend(outcome.iter().filter_map(|line| after_a_label(line)));
        count += lines.len();
        let is_theirs = |line: &String| {
            let mut theirs = IN_THEIR_OWN_WORDS.iter();
            theirs.any(|begin| line.starts_with(begin))
        };
        let odd = lines.into_iter();
        let odd = odd.filter(|line| !is_known(line) && !is_theirs(line));
        unknown.extend(odd.map(|line| format!("{name}: {line}")));
    }
    assert!(count > 150, "only {count} lines were said");
    assert!(unknown.is_empty(), "{unknown:#?}");
    Ok(())
}
