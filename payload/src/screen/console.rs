//! All consoles of a PC at once: pages on its own screen, lines on a serial line, keys from either.
//!
//! Whoever answers first counts. A serial line only ever goes on, and it alone has the lines that machines
//! read ([`Consoles::mark`]), which are the same in every language.

use std::io::{Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use fs_err::{File, OpenOptions};
use rescue_stick::job::Mode;
use rescue_stick::report::{InstallationReport, MachineFacts, StickFacts, Verdict};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::display::Display;
use super::headline::Headline;
use super::keys::next_key;
use super::prompt::{Entry, Prompt, Typed};
use super::sheet::Sheet;
use super::story::Story;
use super::story::outcome::Outcome;
use super::words::sentences::translate;
use super::words::{self, Language};
use super::wrap::{capitalised, fold};
use super::{Answer, Progress, Question, Screen, Work, font, keymap, sound};

mod asking;

/// What a look at the place of the stick shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The stick is in.
    In,
    /// It is out.
    Out,
    /// It was out and is in again; seen once.
    Back,
}

/// Looks after the stick at the end of a run.
pub trait StickWatch {
    /// Looks whether the stick is in.
    fn look(&mut self) -> Seen;
    /// Gives a stick that is back what it did not take before. Returns the outcome as it is then, if that
    /// changed it.
    fn take_report(&mut self) -> Option<Outcome>;
}

/// A stick that stays where it is: in, or not.
pub struct Fixed(pub bool);

impl StickWatch for Fixed {
    fn look(&mut self) -> Seen {
        match self.0 {
            true => Seen::In,
            false => Seen::Out,
        }
    }

    fn take_report(&mut self) -> Option<Outcome> {
        None
    }
}

/// Columns of the lines on a serial line.
const WIDTH: usize = 78;
/// Columns of text in a frame of that width.
const FRAMED: usize = WIDTH - 6;

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
        if let Some(local) = &local {
            font::add_letters(local);
            keymap::set_keypad(local);
        }
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

    /// Returns the language that it speaks now.
    pub fn language(&self) -> Language {
        self.story.language
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

    /// Keeps a line for the details alone.
    pub fn note(&mut self, line: &str) {
        self.story.note(line);
    }

    /// Waits for a key, whatever it is.
    pub fn wait_for_key(&mut self) {
        self.forget_keys();
        self.mark("WAIT");
        let _ = next_key(&self.keys);
    }

    /// Shows `words` on serial lines as one line that machines read.
    pub fn mark(&mut self, words: &str) {
        self.serial_lines(&[format!("mend: {words}")]);
    }

    fn serial_lines(&mut self, lines: &[String]) {
        self.serial_text(&format!("{}\r\n", lines.join("\r\n")));
    }

    fn serial_text(&mut self, text: &str) {
        for serial in &mut self.serials {
            // A console that went away must not stop a repair.
            let _ = serial.write_all(text.as_bytes());
            let _ = serial.flush();
        }
    }

    /// Returns how many squares wide a code may be to be shown on every screen.
    pub fn widest_code(&self) -> usize {
        let widths = self.displays.iter().map(Display::widest_code);
        widths.min().unwrap_or(usize::MAX)
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

    fn translated(&self, line: &str) -> String {
        translate(line, self.story.language).into_owned()
    }

    /// Says that the PC could not be restarted or switched off.
    pub fn say_switch_off(&mut self) {
        let language = self.story.language;
        self.displays
            .iter_mut()
            .for_each(|display| display.say_switch_off(language));
        let words = words::ending::SWITCH_OFF_YOURSELF.in_language(language);
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
        let plan = words::labels::WILL.in_language(sheet.language);
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
        self.ask_question(question)
    }

    fn ask_text(&mut self, prompt: &Prompt<'_>, entry: &mut Entry) -> Typed {
        self.ask_for_text(prompt, entry)
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
