use std::path::Path;

use rescue_stick::head::{HEAD_LENGTH, blank_file};
use rescue_stick::job::Job;

use super::*;
use crate::area::{Area as _, RamArea};
use crate::screen::{Answer, Question};

/// Types what it is told, one text a question; nothing means Escape.
struct Typist {
    answers: Vec<&'static str>,
    asked: Vec<&'static str>,
}

impl Screen for Typist {
    fn line(&mut self, _text: &str) {}

    fn ask(&mut self, _question: Question<'_>) -> Answer {
        Answer::No
    }

    fn ask_text(&mut self, prompt: &Prompt<'_>, entry: &mut Entry) -> Typed {
        self.asked.push(prompt.mark);
        let answer = self.answers.remove(0);
        entry.type_text(answer, prompt.field);
        match (prompt.check)(entry.text()) {
            Checked::Complete => Typed::Text,
            _ => Typed::Skipped,
        }
    }
}

fn job(ask_visit: bool, mode: Mode) -> Job {
    let text = include_str!("../../../rescue-stick/fixtures/job-1.json");
    let mut job = Job::parse(text).unwrap();
    job.visit.site = Some("ACME Lyon".into());
    (job.ask_visit, job.mode) = (ask_visit, mode);
    job
}

fn record() -> Record {
    let area = RamArea::new(u64::try_from(HEAD_LENGTH).unwrap());
    area.write_at(0, &blank_file()).unwrap();
    Record::open(Box::new(area), Path::new("/nowhere"), None)
}

fn run(
    job: &Job,
    record: &mut Record,
    is_wanted: bool,
    answers: &[&'static str],
) -> Vec<&'static str> {
    let mut typist = Typist {
        answers: answers.to_vec(),
        asked: Vec::new(),
    };
    ask(&mut typist, job, record, is_wanted).unwrap();
    typist.asked
}

#[test]
fn only_what_is_not_known_is_asked_and_only_once() {
    let (job, mut record) = (job(true, Mode::Confirm), record());
    assert_eq!(
        run(&job, &mut record, false, &["Anna", " "]),
        ["technician", "ticket"]
    );
    assert_eq!(record.visit().technician, Some("Anna".into()));
    assert_eq!(record.visit().site, None, "what is preset is not copied");
    assert_eq!(run(&job, &mut record, false, &["INC-1"]), ["ticket"]);
    assert_eq!(run(&job, &mut record, false, &[]), [""; 0]);
    let known = record.visit().clone().or(&job.visit);
    assert_eq!(known.site, Some("ACME Lyon".into()));
}

#[test]
fn nobody_is_asked_unless_the_recipe_or_the_menu_wants_it() {
    let mut record = record();
    assert_eq!(
        run(&job(false, Mode::Confirm), &mut record, false, &[]),
        [""; 0]
    );
    assert_eq!(
        run(&job(true, Mode::Auto), &mut record, false, &[]),
        [""; 0]
    );
    let all = ["technician", "site", "ticket"];
    let answers = ["", "ACME Paris", ""];
    assert_eq!(
        run(&job(false, Mode::Auto), &mut record, true, &answers),
        all
    );
    assert_eq!(record.visit().site, Some("ACME Paris".into()));
}
