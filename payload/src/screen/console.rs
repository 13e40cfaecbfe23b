//! The screen as plain lines on every console there is, and keys from any of them.
//!
//! A PC's screen and a serial line are asked the same, and whoever answers first counts. They differ in
//! two things: the screen is cleared for what matters, while a serial line only ever goes on; and only the
//! serial line has the lines that machines read ([`Consoles::mark`]).

use std::io::{Read as _, Write as _};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use fs_err::{File, OpenOptions};
use rescue_stick::report::Verdict;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::{Answer, Question, Screen, WITHOUT_JOURNAL};

/// Columns of a text screen that every PC has.
const WIDTH: usize = 78;

/// Clears a screen and goes to its first column. Source: ECMA-48, ED and CUP; Linux console_codes(4).
const CLEAR: &str = "\x1b[2J\x1b[H";

/// Goes to the first column and clears the line. Source: ECMA-48, EL.
const CLEAR_LINE: &str = "\r\x1b[K";

/// Ends a colour. Source: ECMA-48, SGR 0.
const PLAIN: &str = "\x1b[0m";

/// Every console that could be opened.
pub struct Consoles {
    consoles: Vec<Console>,
    keys: Receiver<u8>,
}

/// One console.
struct Console {
    file: File,
    /// Whether it is a serial line, read by a program or in a scrolling window.
    is_serial: bool,
    /// Whether its last line is progress, to be written over.
    has_progress: bool,
}

impl Consoles {
    /// Opens those of `paths` that work. One path that leads to nothing is normal.
    pub fn open(paths: &[&str]) -> Self {
        let (sender, keys) = channel();
        let consoles = paths
            .iter()
            .filter_map(|path| Console::open(path, &sender))
            .collect();
        Self { consoles, keys }
    }

    /// Shows `words` on serial lines as one line that machines read.
    pub fn mark(&mut self, words: &str) {
        for console in self.consoles.iter_mut().filter(|console| console.is_serial) {
            console.line(&format!("mend: {words}"));
        }
    }

    /// Shows the outcome on a page of its own: one big word, and what belongs to it.
    pub fn show_verdict(&mut self, verdict: Verdict, lines: &[String]) {
        for console in &mut self.consoles {
            console.clear();
            let colour = if console.is_serial {
                ""
            } else {
                colour(verdict)
            };
            console.rows(&framed(verdict.word(), colour, lines));
        }
    }

    fn ask_about(&mut self, work: &str, warning: Option<&str>) -> Answer {
        if let Some(warning) = warning {
            self.line("");
            self.line(&format!("Note: {warning}"));
        }
        self.line("");
        self.line(&format!("[Enter] {work}   [N] do nothing"));
        self.mark(&format!("QUESTION {work}"));
        match self.wait_for(b"\rn") {
            Some(b'\r') => Answer::Yes,
            _ => Answer::No,
        }
    }

    /// Waits for one of `keys` (lower case) and returns it. Keys that were pressed before do not count.
    pub fn wait_for(&mut self, wanted: &[u8]) -> Option<u8> {
        while self.keys.try_recv().is_ok() {}
        loop {
            // Nobody can answer any more if every console is gone.
            let key = self.keys.recv().ok()?.to_ascii_lowercase();
            let key = if key == b'\n' { b'\r' } else { key };
            if wanted.contains(&key) {
                return Some(key);
            }
        }
    }
}

impl Screen for Consoles {
    fn line(&mut self, text: &str) {
        self.consoles
            .iter_mut()
            .for_each(|console| console.line(text));
    }

    /// On the screen always in the same line, on a serial line once, when it is done.
    fn progress(&mut self, text: &str, is_done: bool) {
        for console in &mut self.consoles {
            if console.is_serial && is_done {
                console.line(text);
            } else if !console.is_serial {
                console.progress(text);
            }
        }
    }

    fn page(&mut self) {
        self.consoles.iter_mut().for_each(Console::clear);
    }

    fn ask(&mut self, question: Question<'_>) -> Answer {
        match question {
            Question::Repair { warning } => self.ask_about("repair", warning),
            Question::Undo { warning } => self.ask_about("undo", warning),
            Question::WithoutJournal { reason } => {
                self.line("");
                self.line(&format!("Note: {reason}"));
                self.line(WITHOUT_JOURNAL);
                self.line("");
                // Enter is what people press without reading, so here it is a no.
                self.line("[Enter] do nothing   [Y] repair without protection");
                self.mark("QUESTION without-journal");
                match self.wait_for(b"\ryn") {
                    Some(b'y') => Answer::Yes,
                    _ => Answer::No,
                }
            }
            Question::Finished => {
                self.line("");
                self.line("Take the stick out and press Enter to restart.");
                self.mark("QUESTION finished");
                match self.wait_for(b"\r") {
                    Some(_) => Answer::Yes,
                    None => Answer::No,
                }
            }
        }
    }
}

impl Console {
    fn open(path: &str, sender: &Sender<u8>) -> Option<Self> {
        let file = open_console(path, sender)?;
        Some(Self {
            file,
            is_serial: path.contains("ttyS"),
            has_progress: false,
        })
    }

    fn line(&mut self, text: &str) {
        if self.is_serial {
            // A program that reads along wants whole lines.
            self.rows(&[text.to_owned()]);
        } else {
            self.rows(&fold(text, WIDTH));
        }
    }

    /// Shows rows as they are: they fit, or hold colours, which take no room.
    fn rows(&mut self, rows: &[String]) {
        let before = if self.has_progress { CLEAR_LINE } else { "" };
        self.has_progress = false;
        self.write(&format!("{before}{}\r\n", rows.join("\r\n")));
    }

    fn progress(&mut self, text: &str) {
        self.has_progress = true;
        self.write(&format!("{CLEAR_LINE}{text}"));
    }

    fn clear(&mut self) {
        self.has_progress = false;
        self.write(if self.is_serial { "\r\n" } else { CLEAR });
    }

    fn write(&mut self, text: &str) {
        // A console that went away must not stop a repair.
        let _ = self.file.write_all(text.as_bytes());
        let _ = self.file.flush();
    }
}

/// Returns the colour that goes with a verdict, which never stands for it alone: green for what is well,
/// amber for what a person must do, red for what went wrong. Source: ECMA-48, SGR 1 and 3x.
fn colour(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Healthy | Verdict::Repaired | Verdict::Undone => "\x1b[1;32m",
        Verdict::Affected | Verdict::NeedsYou => "\x1b[1;33m",
        Verdict::Refused | Verdict::Failed => "\x1b[1;31m",
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

fn framed(word: &str, colour: &str, lines: &[String]) -> Vec<String> {
    let inner = WIDTH.saturating_sub(2);
    let border = "─".repeat(inner);
    let width = inner.saturating_sub(2);
    let row = |text: &str| format!("│  {text:<width$}│");
    // Letters apart are read from further away.
    let spaced: Vec<String> = word.chars().map(String::from).collect();
    let spaced = format!("{:<width$}", spaced.join(" "));
    let plain = if colour.is_empty() { "" } else { PLAIN };
    let mut rows = vec![format!("┌{border}┐"), row("")];
    rows.push(format!("│  {colour}{spaced}{plain}│"));
    rows.push(row(""));
    for line in lines {
        rows.extend(
            wrap(&capitalised(line), inner.saturating_sub(4))
                .iter()
                .map(|text| row(text)),
        );
    }
    rows.push(row(""));
    rows.push(format!("└{border}┘"));
    rows
}

/// Returns a line as a sentence begins. Names that begin a line, such as file names, stay as they are.
fn capitalised(line: &str) -> String {
    let first_word = line.split(' ').next().unwrap_or_default();
    let mut letters = line.chars();
    match letters.next() {
        Some(first) if first_word.chars().all(char::is_alphabetic) => {
            first.to_uppercase().chain(letters).collect()
        }
        _ => line.to_owned(),
    }
}

/// Breaks a line of a plan so that its rows stand under its text, as in a table.
fn fold(line: &str, width: usize) -> Vec<String> {
    if line.chars().count() <= width {
        return vec![line.to_owned()];
    }
    let blanks = line.chars().take_while(|letter| *letter == ' ').count();
    let column = match line.trim_start().find("  ") {
        // `1 restore  \WINDOWS\...`
        Some(gap) if blanks == 0 && gap < 12 => gap.saturating_add(2),
        _ => blanks,
    };
    let (first, text) = line.split_at_checked(column).unwrap_or(("", line));
    let rows = wrap(text, width.saturating_sub(column)).into_iter();
    let rows = rows.enumerate().map(|(number, row)| match number {
        0 => format!("{first}{row}"),
        _ => format!("{:column$}{row}", ""),
    });
    rows.collect()
}

/// Breaks a line at spaces; a word longer than a line is left long.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    for word in line.split_whitespace() {
        let row = rows.last_mut();
        match row {
            Some(row) if row.is_empty() => row.push_str(word),
            Some(row) if row.chars().count() + word.chars().count() < width => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdict_stands_in_a_frame_of_78_columns() {
        let lines =
            ["the definitions were replaced first, so that the file which was put back stays"]
                .map(str::to_owned);
        let text = framed("REPAIRED", "", &lines).join("\n");
        expect_test::expect![[r#"
            ┌────────────────────────────────────────────────────────────────────────────┐
            │                                                                            │
            │  R E P A I R E D                                                           │
            │                                                                            │
            │  The definitions were replaced first, so that the file which was put back  │
            │  stays                                                                     │
            │                                                                            │
            └────────────────────────────────────────────────────────────────────────────┘"#]]
        .assert_eq(&text);
        let coloured = framed("REPAIRED", colour(Verdict::Repaired), &lines).join("\n");
        assert_eq!(
            coloured
                .replace(colour(Verdict::Repaired), "")
                .replace(PLAIN, ""),
            text
        );
    }

    #[test]
    fn a_coloured_frame_is_as_straight_on_the_screen() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let console = Console {
            file: File::create(file.path()).unwrap(),
            is_serial: false,
            has_progress: false,
        };
        let (_, keys) = channel();
        let mut consoles = Consoles {
            consoles: vec![console],
            keys,
        };
        consoles.show_verdict(Verdict::Refused, &["nothing was written".to_owned()]);
        let shown = fs_err::read_to_string(file.path()).unwrap();
        let plain = shown
            .replace(CLEAR, "")
            .replace(colour(Verdict::Refused), "")
            .replace(PLAIN, "");
        assert!(shown.contains(colour(Verdict::Refused)));
        assert!(
            plain.lines().all(|row| row.chars().count() == WIDTH),
            "{plain}"
        );
    }

    #[test]
    fn a_long_line_of_a_plan_stays_in_its_column() {
        let line = "2 restore  \\WINDOWS\\system32\\svchost.exe from \\WINDOWS\\system32\\dllcache\\svchost.exe";
        expect_test::expect![[r#"
            2 restore  \WINDOWS\system32\svchost.exe from
                       \WINDOWS\system32\dllcache\svchost.exe"#]]
        .assert_eq(&fold(line, 78).join("\n"));
        assert_eq!(fold("short  line", 78), ["short  line"]);
        let deep = format!("   {}", "word ".repeat(20));
        assert!(
            fold(&deep, 78)
                .iter()
                .all(|row| row.starts_with("   word") && row.len() <= 78)
        );
    }

    #[test]
    fn long_words_are_not_cut() {
        assert_eq!(wrap("a bbbbbbbbbb c", 4), ["a", "bbbbbbbbbb", "c"]);
    }
}
