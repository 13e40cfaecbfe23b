//! Asking: a question that a key answers, a text that is typed, and what can be looked at meanwhile.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Duration;

use rescue_stick::job::Finish;

use super::super::display::Display;
use super::super::keys::{Key, complete_key, complete_stroke, next_key};
use super::super::prompt::{Checked, Entry, Field, Next, Prompt, Typed};
use super::super::sheet::Sheet;
use super::super::story::Story;
use super::super::story::outcome::{Ending, ReportPlace};
use super::super::words::{self, Language};
use super::super::{Answer, Question, WITHOUT_JOURNAL, keymap, sound};
use super::{Consoles, Fixed, Outcome, Seen, StickWatch};

/// How often it is looked whether the stick is still in.
const POLL_INTERVAL: Duration = Duration::from_millis(300);
/// How often it is looked whether a text is still needed.
const MOOT_INTERVAL: Duration = Duration::from_millis(500);

/// A question as every console asks it.
struct Asked<'q> {
    /// Its word on the line that machines read.
    mark: &'static str,
    /// Makes its page.
    page: &'q dyn Fn(&Story) -> Sheet,
    /// What a serial line is told besides the plan that it has already.
    notes: &'q [&'q str],
    /// The key that says yes.
    yes: fn(Language) -> Key,
}

impl Consoles {
    pub(super) fn ask_question(&mut self, question: Question<'_>) -> Answer {
        match question {
            Question::Repair { warning } => self.ask_about(&Asked {
                mark: "repair",
                page: &|story| story.proposal_page(warning),
                notes: warning.as_slice(),
                yes: |_| Key::Enter,
            }),
            Question::Undo { warning } => self.ask_about(&Asked {
                mark: "undo",
                page: &|story| story.proposal_page(warning),
                notes: warning.as_slice(),
                yes: |_| Key::Enter,
            }),
            Question::WithoutJournal { reason } => self.ask_about(&Asked {
                mark: "without-journal",
                page: &|story| story.unprotected_page(reason),
                notes: &[reason, WITHOUT_JOURNAL],
                yes: |language| Key::Letter(words::keys::yes_letter(language)),
            }),
            Question::Finished => {
                self.wait_for_end(Finish::Ask, &mut Fixed(true));
                Answer::Yes
            }
        }
    }

    /// Waits until the PC may be restarted or switched off: for a key, or for the stick to be pulled. A stick
    /// that is put back takes what it did not take before.
    pub fn wait_for_end(&mut self, finish: Finish, stick: &mut dyn StickWatch) {
        self.story.is_last = finish == Finish::PowerOff;
        let mut is_in = self.look_for_stick(stick) != Seen::Out;
        let mut ending = self.ending(finish, is_in);
        if ending == Ending::StickIsOut {
            self.mark("stick is out");
        }
        self.show_end(ending);
        if ending == Ending::PowerOff {
            return;
        }
        self.forget_keys();
        self.mark("QUESTION finished");
        loop {
            let seen = self.look_for_stick(stick);
            if seen == Seen::Out && ending == Ending::Removal {
                return;
            }
            if seen == Seen::Back || is_in != (seen != Seen::Out) {
                is_in = seen != Seen::Out;
                ending = self.ending(finish, is_in);
                self.mark(if is_in {
                    "stick is back"
                } else {
                    "stick is out"
                });
                self.show_end(ending);
                if ending == Ending::PowerOff {
                    return;
                }
            }
            let key = match self.keys.recv_timeout(POLL_INTERVAL) {
                Ok(first) => complete_key(first, &self.keys),
                Err(RecvTimeoutError::Timeout) => continue,
                // Nobody can answer any more if every console is gone.
                Err(RecvTimeoutError::Disconnected) if ending == Ending::Removal => {
                    thread::sleep(POLL_INTERVAL);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            match key {
                Key::Enter => return,
                Key::Letter('d') => self.look_at_details(),
                Key::Letter('l') => self.speak(self.other_language()),
                Key::Letter('q') => self.look_at_codes(),
                _ => continue,
            }
            self.show_end(ending);
        }
    }

    /// Looks whether the stick is in. One that came back takes the report, which changes what is shown.
    fn look_for_stick(&mut self, stick: &mut dyn StickWatch) -> Seen {
        let seen = stick.look();
        if seen == Seen::Back
            && let Some(outcome) = stick.take_report()
        {
            self.show_outcome(outcome);
        }
        seen
    }

    fn ending(&self, finish: Finish, is_in: bool) -> Ending {
        let outcome = self.story.outcome.as_ref();
        let is_unfinished = outcome.is_some_and(|outcome| outcome.is_unfinished);
        let needs_somebody = outcome.is_some_and(Outcome::needs_somebody);
        // Pulled before the report was on it, the stick was not pulled to restart the PC.
        let is_early = !is_in && outcome.is_some_and(|one| one.place == Some(ReportPlace::Pc));
        match finish {
            Finish::PowerOff if !needs_somebody || (is_unfinished && is_in) => Ending::PowerOff,
            // Without the stick, what was begun would stay begun; without somebody, the report would go.
            Finish::Restart if !needs_somebody && !is_early => Ending::Removal,
            _ if !is_in => Ending::StickIsOut,
            _ => Ending::Key,
        }
    }

    fn show_end(&mut self, ending: Ending) {
        let mut sheet = self.story.outcome_page(Some(ending));
        if !sheet.keys.is_empty() {
            sheet.keys.push(self.language_key());
        }
        self.show(&sheet, true);
        self.serial_lines(&[String::new(), sheet.action.clone()]);
        self.serial_keys(&sheet);
    }

    /// Asks until there is an answer; who cannot answer says no.
    fn ask_about(&mut self, asked: &Asked<'_>) -> Answer {
        loop {
            let mut sheet = (asked.page)(&self.story);
            sheet.keys.push(self.language_key());
            self.show(&sheet, true);
            if !asked.notes.is_empty() {
                let label = words::labels::NOTE.in_language(self.story.language);
                let notes = asked.notes.iter().map(|note| self.translated(note));
                let notes: Vec<String> = notes.collect();
                self.serial_lines(&[String::new(), format!("{label}: {}", notes.join("\r\n"))]);
            }
            self.serial_lines(&[String::new()]);
            self.serial_keys(&sheet);
            self.forget_keys();
            self.mark(&format!("QUESTION {}", asked.mark));
            let yes = (asked.yes)(self.story.language);
            loop {
                match next_key(&self.keys) {
                    Some(key) if key == yes => return Answer::Yes,
                    // Where a letter says yes, the key that people press without reading says no.
                    Some(Key::Enter | Key::Letter('n')) | None => return Answer::No,
                    Some(Key::Letter('d')) => {
                        self.look_at_details();
                        break;
                    }
                    Some(Key::Letter('l')) => {
                        self.speak(self.other_language());
                        break;
                    }
                    Some(_) => {}
                }
            }
        }
    }

    /// Shows the details until a key leads back.
    fn look_at_details(&mut self) {
        let details = self.story.details();
        let lines: Vec<String> = details.iter().map(|detail| detail.text.clone()).collect();
        self.serial_lines(&lines);
        let (mut top, mut last, mut is_told) = (0_usize, 0, false);
        let language = self.story.language;
        let page = self
            .displays
            .iter()
            .map(Display::page_rows)
            .min()
            .unwrap_or(1);
        let page = page.saturating_sub(1).max(1);
        loop {
            for display in &mut self.displays {
                let draw = || display.show_details(&details, top, language);
                last = catch_unwind(AssertUnwindSafe(draw))
                    .ok()
                    .and_then(Result::ok)
                    .unwrap_or(0);
            }
            if self.displays.is_empty() {
                return;
            }
            if !std::mem::replace(&mut is_told, true) {
                self.forget_keys();
                self.mark("DETAILS");
            }
            top = match next_key(&self.keys) {
                Some(Key::Up) => top.saturating_sub(1),
                Some(Key::Down) => top.saturating_add(1),
                Some(Key::PageUp) => top.saturating_sub(page),
                Some(Key::PageDown) => top.saturating_add(page),
                Some(Key::Letter('d') | Key::Escape | Key::Enter) | None => return,
                Some(_) => top,
            };
            top = top.min(last);
        }
    }

    /// Keys that were pressed before do not count as answers. Called before a question is marked on the serial
    /// line: what answers the mark may be quicker than the next statement.
    pub(super) fn forget_keys(&mut self) {
        while self.keys.try_recv().is_ok() {}
    }

    /// Shows the codes of the outcome one by one.
    fn look_at_codes(&mut self) {
        let mut number = 0_usize;
        while let Some(sheet) = self.story.code_page(number) {
            self.show(&sheet, true);
            let mut lines = vec![String::new(), sheet.tagline.clone()];
            lines.extend(sheet.to_lines(super::WIDTH));
            self.serial_lines(&lines);
            self.serial_keys(&sheet);
            self.forget_keys();
            self.mark(&format!("CODE {}", number.saturating_add(1)));
            match next_key(&self.keys) {
                Some(Key::Letter('q') | Key::Escape) | None => return,
                Some(_) => number = number.saturating_add(1),
            }
        }
    }

    /// Asks for a text until it is complete, nobody has one, or it is no longer needed.
    pub(super) fn ask_for_text(&mut self, prompt: &Prompt<'_>, entry: &mut Entry) -> Typed {
        entry.clear();
        let is_of_digits = matches!(prompt.field, Field::Digits { .. });
        if is_of_digits && let Some(local) = &self.local {
            // A scanner types as a keyboard of the United States does, and people expect digits.
            keymap::set_keyboard(local, Language::English);
        }
        self.show_prompt(prompt, entry, true);
        let typed = self.read_text(prompt, entry);
        if typed != Typed::Text {
            entry.clear();
        }
        if is_of_digits {
            self.speak(self.story.language);
        }
        self.serial_lines(&[String::new()]);
        self.has_page = false;
        typed
    }

    fn read_text(&mut self, prompt: &Prompt<'_>, entry: &mut Entry) -> Typed {
        loop {
            let first = match self.keys.recv_timeout(MOOT_INTERVAL) {
                Ok(first) => first,
                Err(_) if (prompt.is_moot)() => return Typed::Moot,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Typed::Skipped,
            };
            let stroke = complete_stroke(first, &self.keys);
            match prompt.take(stroke, entry) {
                Next::Show => self.show_typed(prompt, entry),
                Next::Refuse => {
                    self.show_typed(prompt, entry);
                    if let Some(local) = &self.local {
                        sound::play_refusal(local);
                    }
                }
                Next::ChangeLanguage => {
                    self.story.language = self.other_language();
                    if !matches!(prompt.field, Field::Digits { .. }) {
                        self.speak(self.story.language);
                    }
                    self.show_prompt(prompt, entry, false);
                }
                Next::Over(typed) => return typed,
            }
        }
    }

    fn prompt_sheet(&self, prompt: &Prompt<'_>, entry: &Entry) -> Sheet {
        let mut sheet = self.story.prompt_page(prompt, entry);
        let (_, name) = self.language_key();
        sheet.keys.push(("Tab".to_owned(), name));
        sheet
    }

    /// Shows the whole question; once it is there, keys count.
    fn show_prompt(&mut self, prompt: &Prompt<'_>, entry: &Entry, is_new: bool) {
        let sheet = self.prompt_sheet(prompt, entry);
        self.show(&sheet, true);
        let word = sheet.headline.word(sheet.language).to_owned();
        let mut lines = vec![String::new(), word, sheet.tagline.clone()];
        lines.extend(sheet.to_lines(super::WIDTH));
        lines.push(String::new());
        self.serial_lines(&lines);
        self.serial_keys(&sheet);
        if is_new {
            self.forget_keys();
        }
        self.mark(&format!("QUESTION {}", prompt.mark));
        self.echo(&sheet, prompt, entry);
    }

    /// Shows what was typed so far.
    fn show_typed(&mut self, prompt: &Prompt<'_>, entry: &Entry) {
        let sheet = self.prompt_sheet(prompt, entry);
        self.show(&sheet, false);
        self.echo(&sheet, prompt, entry);
    }

    /// Shows what was typed in the last line of a serial line.
    fn echo(&mut self, sheet: &Sheet, prompt: &Prompt<'_>, entry: &Entry) {
        let Some(field) = &sheet.field else {
            return;
        };
        let is_wrong = matches!((prompt.check)(entry.text()), Checked::Wrong { .. });
        let tip = if is_wrong { field.tip.as_str() } else { "" };
        // To the start of the line, and what stood behind it goes. Source: ECMA-48, EL.
        self.serial_text(&format!("\r> {} {tip}\x1b[K", field.groups.join(" ")));
    }
}
