//! A screen on an ordinary terminal: lines out, `y` or nothing in.

use std::io::{BufRead, Write};

use zeroize::Zeroizing;

use crate::screen::prompt::{Checked, Entry, Prompt, Typed};
use crate::screen::words::Language;
use crate::screen::{Answer, Question, Screen, WITHOUT_JOURNAL};

/// A screen made of an output and an input.
pub struct Terminal<W, R> {
    output: W,
    input: R,
}

impl<W: Write, R: BufRead> Terminal<W, R> {
    /// Makes a screen that writes to `output` and reads answers from `input`.
    pub fn new(output: W, input: R) -> Self {
        Self { output, input }
    }
}

impl<W: Write, R: BufRead> Screen for Terminal<W, R> {
    fn line(&mut self, text: &str) {
        // A terminal that is gone must not stop a repair.
        let _ = writeln!(self.output, "{text}");
    }

    fn ask(&mut self, question: Question<'_>) -> Answer {
        let prompt = match question {
            Question::Finished => return Answer::Yes,
            Question::Repair { warning } => {
                warning.into_iter().for_each(|warning| self.line(warning));
                "Type y to repair, anything else to leave it as it is: "
            }
            Question::Undo { warning } => {
                warning.into_iter().for_each(|warning| self.line(warning));
                "Type y to take the repair back, anything else to leave it as it is: "
            }
            Question::WithoutJournal { reason } => {
                self.line(reason);
                self.line(WITHOUT_JOURNAL);
                "Type y to repair without protection, anything else to leave it as it is: "
            }
        };
        // No prompt seen or no answer read is a no.
        let mut answer = String::new();
        let shown = write!(self.output, "{prompt}").and_then(|()| self.output.flush());
        let read = shown.and_then(|()| self.input.read_line(&mut answer));
        match (read, answer.trim()) {
            (Ok(_), "y" | "Y" | "yes") => Answer::Yes,
            _ => Answer::No,
        }
    }

    fn ask_text(&mut self, prompt: &Prompt<'_>, entry: &mut Entry) -> Typed {
        let english = Language::English;
        self.line(prompt.tagline.in_language(english));
        for (label, text) in prompt.rows {
            self.line(&format!("{}: {text}", label.in_language(english)));
        }
        loop {
            entry.clear();
            let (label, hint) = (prompt.label, prompt.hint);
            let (label, hint) = (label.in_language(english), hint.in_language(english));
            let shown = write!(self.output, "{label} ({hint}), or nothing: ");
            let mut line = Zeroizing::new(String::new());
            let read = shown
                .and_then(|()| self.output.flush())
                .and_then(|()| self.input.read_line(&mut line));
            let text = line.trim_end_matches(['\r', '\n']);
            if read.is_err() || text.is_empty() {
                return Typed::Skipped;
            }
            entry.type_text(text, prompt.field);
            match (prompt.check)(entry.text()) {
                Checked::Complete => return Typed::Text,
                Checked::Incomplete => self.line("that is not all of it"),
                Checked::Wrong { why, .. } => self.line(why.in_language(english)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(input: &str, warning: Option<&str>) -> (Answer, String) {
        let mut output = Vec::new();
        let mut screen = Terminal::new(&mut output, input.as_bytes());
        let answer = screen.ask(Question::Repair { warning });
        (answer, String::from_utf8(output).unwrap())
    }

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        assert_eq!(ask("y\n", None).0, Answer::Yes);
        for no in ["", "\n", "n\n", "yy\n"] {
            assert_eq!(ask(no, None).0, Answer::No, "{no:?}");
        }
        assert!(ask("", Some("careful")).1.starts_with("careful\n"));
    }

    #[test]
    fn nobody_goes_on_without_protection_by_pressing_enter() {
        let ask = |input: &str| {
            let mut output = Vec::new();
            let mut screen = Terminal::new(&mut output, input.as_bytes());
            let reason = "the stick cannot be written";
            let answer = screen.ask(Question::WithoutJournal { reason });
            (answer, String::from_utf8(output).unwrap())
        };
        assert_eq!(ask("\n").0, Answer::No);
        assert_eq!(ask("y\n").0, Answer::Yes);
        assert!(ask("").1.contains("must not lose power"));
    }
}
