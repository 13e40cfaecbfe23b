//! The screen as plain lines on every console there is, and keys from any of them.
//!
//! A PC's screen and a serial line show the same and are asked the same; whoever answers first counts.

use std::io::{Read as _, Write as _};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use fs_err::{File, OpenOptions};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::{Answer, Question, Screen};

/// Columns of a text screen that every PC has.
const WIDTH: usize = 78;

/// Every console that could be opened.
pub struct Consoles {
    consoles: Vec<File>,
    keys: Receiver<u8>,
}

impl Consoles {
    /// Opens those of `paths` that work. One path that leads to nothing is normal.
    pub fn open(paths: &[&str]) -> Self {
        let (sender, keys) = channel();
        let consoles = paths
            .iter()
            .filter_map(|path| open_console(path, &sender))
            .collect();
        Self { consoles, keys }
    }

    /// Shows `words` as one line without a frame, as machines read it.
    pub fn mark(&mut self, words: &str) {
        self.line(&format!("mend: {words}"));
    }

    /// Shows the outcome: one big word, and what belongs to it.
    pub fn show_verdict(&mut self, word: &str, lines: &[String]) {
        for line in framed(word, lines) {
            self.line(&line);
        }
    }

    /// Forgets the keys that were pressed so far: they were not meant for the next question.
    pub fn forget_keys(&mut self) {
        while self.keys.try_recv().is_ok() {}
    }

    /// Waits for one of `wanted` (lower case) and returns it; `None` if no console is left.
    pub fn wait_for(&mut self, wanted: &[u8]) -> Option<u8> {
        loop {
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
        for console in &mut self.consoles {
            // A console that went away must not stop a repair.
            let _ = console.write_all(text.as_bytes());
            let _ = console.write_all(b"\r\n");
            let _ = console.flush();
        }
    }

    fn ask(&mut self, question: Question<'_>) -> Answer {
        self.forget_keys();
        match question {
            Question::Repair { warning } => {
                if let Some(warning) = warning {
                    self.line("");
                    self.line(&format!("Note: {warning}"));
                }
                self.line("");
                self.line("[Enter] repair   [N] do nothing");
                self.mark("QUESTION repair");
                match self.wait_for(b"\rn") {
                    Some(b'\r') => Answer::Yes,
                    _ => Answer::No,
                }
            }
            Question::Finished => {
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
    // Letters apart are read from further away.
    let spaced: Vec<String> = word.chars().map(String::from).collect();
    let mut content = vec![String::new(), spaced.join(" "), String::new()];
    for line in lines {
        content.extend(wrap(line, inner.saturating_sub(4)));
    }
    let row = |text: &String| format!("│  {text:<width$}│", width = inner.saturating_sub(2));
    let mut rows = vec![String::new(), format!("┌{border}┐")];
    rows.extend(content.iter().map(row));
    rows.push(format!("└{border}┘"));
    rows
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
        let lines = [
            "svchost.exe was put back; the definitions were replaced first, so that it stays"
                .to_owned(),
        ];
        let text = framed("REPAIRED", &lines).join("\n");
        expect_test::expect![[r#"

            ┌────────────────────────────────────────────────────────────────────────────┐
            │                                                                            │
            │  R E P A I R E D                                                           │
            │                                                                            │
            │  svchost.exe was put back; the definitions were replaced first, so that    │
            │  it stays                                                                  │
            └────────────────────────────────────────────────────────────────────────────┘"#]]
        .assert_eq(&text);
    }

    #[test]
    fn long_words_are_not_cut() {
        assert_eq!(wrap("a bbbbbbbbbb c", 4), ["a", "bbbbbbbbbb", "c"]);
    }
}
