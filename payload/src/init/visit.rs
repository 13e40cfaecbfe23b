//! Asking for technician, site and ticket: once for a stick, if its recipe wants it, and whenever the boot
//! menu says so.

use std::io;

use rescue_stick::job::{Job, Mode};
use rescue_stick::report::VisitFacts;
use rescue_stick::report::line::Line;

use crate::screen::Screen;
use crate::screen::prompt::{Checked, Entry, Field, Prompt, Shown, Typed};
use crate::screen::words::Words;
use crate::screen::words::visit as words;
use crate::stick::record::Record;

/// Bytes of an answer at most.
const LONGEST: usize = 64;

/// One of the three questions.
struct VisitQuestion {
    mark: &'static str,
    label: Words,
    /// The answer's place among the facts.
    fact: fn(&mut VisitFacts) -> &mut Option<Line>,
}

const ALL_QUESTIONS: [VisitQuestion; 3] = [
    VisitQuestion {
        mark: "technician",
        label: words::TECHNICIAN,
        fact: |visit| &mut visit.technician,
    },
    VisitQuestion {
        mark: "site",
        label: words::SITE,
        fact: |visit| &mut visit.site,
    },
    VisitQuestion {
        mark: "ticket",
        label: words::TICKET,
        fact: |visit| &mut visit.ticket,
    },
];

/// Asks what is to be asked, and remembers the answers on the stick. What is skipped stays as it was.
pub(super) fn ask(
    screen: &mut dyn Screen,
    job: &Job,
    record: &mut Record,
    is_wanted: bool,
) -> io::Result<()> {
    let is_due = job.ask_visit && job.mode != Mode::Auto;
    if !is_wanted && !is_due {
        return Ok(());
    }
    let mut entered = record.visit().clone();
    let mut known = entered.clone().or(&job.visit);
    for question in &ALL_QUESTIONS {
        let fact = (question.fact)(&mut known).clone();
        if fact.is_some() && !is_wanted {
            continue;
        }
        if let Some(answer) = ask_one(screen, question, fact.as_ref()) {
            *(question.fact)(&mut entered) = Some(answer);
        }
    }
    if entered == *record.visit() {
        return Ok(());
    }
    record.enter(entered)
}

fn ask_one(
    screen: &mut dyn Screen,
    question: &VisitQuestion,
    known: Option<&Line>,
) -> Option<Line> {
    let field = Field::Line { longest: LONGEST };
    let rows: Vec<(Words, String)> = known
        .map(|known| (words::SO_FAR, known.to_string()))
        .into_iter()
        .collect();
    let mut entry = Entry::for_field(field);
    let typed = screen.ask_text(
        &Prompt {
            mark: question.mark,
            tagline: words::VISIT,
            rows: &rows,
            label: question.label,
            hint: words::VISIT_HINT,
            refused: None,
            field,
            shown: Shown::All,
            enter: words::KEY_TAKE,
            escape: words::KEY_SKIP,
            code: None,
            check: &|text| match text.trim() {
                "" => Checked::Incomplete,
                _ => Checked::Complete,
            },
            is_moot: &|| false,
        },
        &mut entry,
    );
    let answer = (typed == Typed::Text).then(|| Line::clean(entry.text()));
    answer.filter(|answer| !answer.is_empty())
}

#[cfg(test)]
mod tests;
