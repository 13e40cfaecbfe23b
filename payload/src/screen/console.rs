//! All consoles of a PC at once: pages on its own screen, lines on a serial line, keys from either.
//!
//! Whoever answers first counts. A serial line only ever goes on, and it alone has the lines that machines
//! read ([`Consoles::mark`]), which are the same in every language.

use std::io::{Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use fs_err::{File, OpenOptions};
use rescue_stick::job::{Finish, Mode};
use rescue_stick::report::{InstallationReport, MachineFacts, StickFacts, Verdict};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::display::Display;
use super::headline::Headline;
use super::keys::{Key, complete_key, next_key};
use super::sheet::Sheet;
use super::story::{Ending, Outcome, Story};
use super::words::sentences::translate;
use super::words::{self, Language};
use super::wrap::{capitalised, fold};
use super::{Answer, Progress, Question, Screen, WITHOUT_JOURNAL, Work, keymap, sound};

/// Columns of the lines on a serial line.
const WIDTH: usize = 78;
/// Columns of text in a frame of that width.
const FRAMED: usize = WIDTH - 6;
/// How often it is looked whether the stick is still in.
const POLL_INTERVAL: Duration = Duration::from_millis(300);

/// Every console that could be opened.
pub struct Consoles {
    displays: Vec<Display>,
    serials: Vec<File>,
    /// A console of the PC itself, which has keyboard and speaker.
    local: Option<std::fs::File>,
    keys: Receiver<u8>,
    languages: Vec<Language>,
    story: Story,
    has_page: bool,
}

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
    /// Opens those of `paths` that work. One path that leads to nothing is normal.
    pub fn open(paths: &[&str]) -> Self {
        let (sender, keys) = channel();
        let (mut serials, mut screens) = (Vec::new(), Vec::new());
        for path in paths {
            let Some(file) = open_console(path, &sender) else {
                continue;
            };
            if path.contains("ttyS") {
                serials.push(file);
            } else {
                screens.push(file);
            }
        }
        Self::of(screens, serials, keys)
    }

    fn of(screens: Vec<File>, serials: Vec<File>, keys: Receiver<u8>) -> Self {
        let local = screens
            .first()
            .and_then(|file| file.file().try_clone().ok());
        let displays = screens
            .into_iter()
            .filter_map(|file| Display::new(file).ok());
        let mut consoles = Self {
            displays: displays.collect(),
            serials,
            local,
            keys,
            languages: Language::order(&[]),
            story: Story::default(),
            has_page: false,
        };
        consoles.show_work();
        consoles
    }

    /// Speaks the first of `codes` from now on, and offers the others.
    pub fn set_languages(&mut self, codes: &[String]) {
        self.languages = Language::order(codes);
        if let Some(first) = self.languages.first().copied()
            && first != self.story.language
        {
            self.speak(first);
            self.show_work();
        }
    }

    fn speak(&mut self, language: Language) {
        self.story.language = language;
        if let Some(local) = &self.local {
            keymap::set_keyboard(local, language);
        }
    }

    /// Returns the language that the key would change to.
    fn other_language(&self) -> Language {
        let place = self
            .languages
            .iter()
            .position(|one| *one == self.story.language);
        let next = place.map_or(0, |place| place.saturating_add(1));
        let mut others = self.languages.iter().skip(next).chain(&self.languages);
        others.next().copied().unwrap_or_default()
    }

    /// Shows `words` on serial lines as one line that machines read.
    pub fn mark(&mut self, words: &str) {
        self.serial_lines(&[format!("mend: {words}")]);
    }

    fn serial_lines(&mut self, lines: &[String]) {
        for serial in &mut self.serials {
            let text = format!("{}\r\n", lines.join("\r\n"));
            // A console that went away must not stop a repair.
            let _ = serial.write_all(text.as_bytes());
            let _ = serial.flush();
        }
    }

    /// Shows a page on every screen. A fault in a page must not hide what the page says.
    fn show(&mut self, sheet: &Sheet, is_new: bool) {
        for display in &mut self.displays {
            let shown = catch_unwind(AssertUnwindSafe(|| display.show(sheet, is_new)));
            if !matches!(shown, Ok(Ok(()))) {
                display.say(sheet.headline.word(sheet.language));
                sheet
                    .to_lines(WIDTH)
                    .iter()
                    .for_each(|line| display.say(line));
                display.say(&sheet.action);
            }
        }
    }

    fn show_work(&mut self) {
        let is_new = !std::mem::replace(&mut self.has_page, true);
        self.show(&self.story.work_page(), is_new);
    }

    /// Shows the outcome: on the screen as a page with one big word, on a serial line in a frame.
    pub fn show_outcome(&mut self, outcome: Outcome) {
        let saved = outcome.saved_line.clone();
        self.story.outcome = Some(outcome);
        self.story.progress = None;
        let sheet = self.story.outcome_page(None);
        self.show(&sheet, true);
        let mut lines = vec![capitalised(&sheet.tagline), String::new()];
        lines.extend(sheet.to_lines(FRAMED));
        lines.extend(saved.map(|line| self.translated(&line)));
        let word = sheet.headline.word(sheet.language);
        let mut rows = vec![String::new()];
        rows.extend(framed(word, &lines));
        self.serial_lines(&rows);
    }

    /// Says by ear how it went; returns when it has been said.
    pub fn call(&self, verdict: Verdict) {
        if let Some(local) = &self.local {
            sound::play(local, Headline::Verdict(verdict).tone());
        }
    }

    /// Waits until the PC may be restarted or switched off: for a key, or for the stick to be pulled.
    pub fn wait_for_end(&mut self, finish: Finish, is_stick_in: &dyn Fn() -> bool) {
        let mut ending = match finish {
            Finish::Ask => Ending::Key,
            Finish::Restart => Ending::Removal,
            Finish::PowerOff => Ending::PowerOff,
        };
        self.show_end(ending);
        if finish == Finish::PowerOff {
            return;
        }
        self.forget_keys();
        self.mark("QUESTION finished");
        loop {
            let is_out = !is_stick_in();
            if is_out && ending == Ending::Removal {
                return;
            }
            if is_out && ending == Ending::Key {
                ending = Ending::StickIsOut;
                self.mark("stick is out");
                self.show_end(ending);
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
                Key::Letter('d') => {
                    self.look_at_details();
                    self.show_end(ending);
                }
                Key::Letter('l') => {
                    self.speak(self.other_language());
                    self.show_end(ending);
                }
                _ => {}
            }
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

    fn language_key(&self) -> (String, String) {
        ("L".to_owned(), self.other_language().name().to_owned())
    }

    fn serial_keys(&mut self, sheet: &Sheet) {
        if !sheet.keys.is_empty() {
            let keys = sheet
                .keys
                .iter()
                .map(|(key, text)| format!("[{key}] {text}"));
            let keys: Vec<String> = keys.collect();
            self.serial_lines(&[keys.join("   ")]);
        }
    }

    /// Asks until there is an answer; who cannot answer says no.
    fn ask_about(&mut self, asked: &Asked<'_>) -> Answer {
        loop {
            let mut sheet = (asked.page)(&self.story);
            sheet.keys.push(self.language_key());
            self.show(&sheet, true);
            if !asked.notes.is_empty() {
                let label = words::NOTE.in_language(self.story.language);
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
        let (mut top, mut last) = (0_usize, 0);
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
    fn forget_keys(&mut self) {
        while self.keys.try_recv().is_ok() {}
    }

    fn translated(&self, line: &str) -> String {
        translate(line, self.story.language).into_owned()
    }

    /// Says that the PC could not be restarted or switched off.
    pub fn say_switch_off(&mut self) {
        let language = self.story.language;
        self.displays
            .iter_mut()
            .for_each(|display| display.say_switch_off(language));
        let words = words::SWITCH_OFF_YOURSELF.in_language(language);
        self.serial_lines(&[words.to_owned()]);
    }

    /// Tells whether a run in this mode calls for a person by ear.
    pub fn is_heard(mode: Mode) -> bool {
        mode == Mode::Auto
    }
}

impl Screen for Consoles {
    fn line(&mut self, text: &str) {
        let line = self.translated(text);
        self.serial_lines(&[line]);
        self.story.progress = None;
        self.story.note(text);
        self.show_work();
    }

    fn meet(&mut self, machine: &MachineFacts, stick: &StickFacts) {
        self.story.machine = machine.clone();
        self.story.stick = stick.clone();
        self.show_work();
    }

    fn turn_to(&mut self, work: Work) {
        self.story.work = work;
        self.has_page = false;
        self.show_work();
    }

    fn advance(&mut self, progress: Progress) {
        let is_done = progress.done >= progress.total;
        let line = self.translated(&progress.text);
        self.story.progress = Some(progress);
        self.show_work();
        if is_done {
            self.serial_lines(&[format!("{line} 100 %")]);
        }
    }

    fn propose(&mut self, installation: &InstallationReport, work: Work) {
        self.story.progress = None;
        self.story.planned = work;
        self.story.proposed = Some(installation.clone());
        let sheet = self.story.proposal_page(None);
        let word = sheet.headline.word(sheet.language).to_owned();
        let mut lines = vec![String::new(), word];
        // The rows of the plan follow as they are carried out, word for word.
        let plan = words::WILL.in_language(sheet.language);
        let rows = sheet.rows.iter().position(|row| row.label == plan);
        let mut facts = sheet.clone();
        facts.rows.truncate(rows.unwrap_or(sheet.rows.len()));
        lines.extend(facts.to_lines(WIDTH));
        lines.extend(
            installation
                .plan
                .iter()
                .flat_map(|plan| plan.lines())
                .map(str::to_owned),
        );
        self.serial_lines(&lines);
        self.has_page = false;
    }

    fn ask(&mut self, question: Question<'_>) -> Answer {
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
                yes: |language| Key::Letter(words::yes_letter(language)),
            }),
            Question::Finished => {
                self.wait_for_end(Finish::Ask, &|| true);
                Answer::Yes
            }
        }
    }
}

fn open_console(path: &str, sender: &Sender<u8>) -> Option<File> {
    let console = OpenOptions::new().read(true).write(true).open(path).ok()?;
    // A serial port that is not there has a device all the same, and no settings.
    let mut settings = tcgetattr(&console).ok()?;
    // Keys come one by one and are not shown; Ctrl-C means nothing here.
    settings.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
    tcsetattr(&console, OptionalActions::Now, &settings).ok()?;
    let mut input = console.try_clone().ok()?;
    let sender = sender.clone();
    let read_keys = move || {
        let mut key = [0];
        while matches!(input.read(&mut key), Ok(1)) {
            let [key] = key;
            if sender.send(key).is_err() {
                break;
            }
        }
    };
    thread::Builder::new()
        .name("keys".into())
        .spawn(read_keys)
        .ok()?;
    Some(console)
}

fn framed(word: &str, lines: &[String]) -> Vec<String> {
    let inner = WIDTH.saturating_sub(2);
    let border = "─".repeat(inner);
    let width = inner.saturating_sub(2);
    let row = |text: &str| format!("│  {text:<width$}│");
    // Letters apart are read from further away.
    let spaced: Vec<String> = word.chars().map(String::from).collect();
    let mut rows = vec![
        format!("┌{border}┐"),
        row(""),
        row(&spaced.join(" ")),
        row(""),
    ];
    rows.extend(
        lines
            .iter()
            .flat_map(|line| fold(line, FRAMED))
            .map(|line| row(&line)),
    );
    rows.push(row(""));
    rows.push(format!("└{border}┘"));
    rows
}

#[cfg(test)]
mod tests;
