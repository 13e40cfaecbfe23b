//! The serial line of a machine: a thread reads it, others wait for words on it.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Context, Result, bail};

/// The line, both ways.
#[derive(Debug)]
pub(super) struct Serial {
    writer: UnixStream,
    shared: Arc<Shared>,
    /// Up to here the text was searched and something found.
    searched: usize,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    plain: Plain,
    is_closed: bool,
}

impl Serial {
    /// Starts to read the line.
    pub(super) fn new(writer: UnixStream, limit: Duration) -> Result<Self> {
        writer.set_write_timeout(Some(limit))?;
        let mut reader = writer.try_clone()?;
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        // Ends by itself when QEMU closes the line.
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let read = reader.read(&mut buffer);
                let mut state = of_thread.lock();
                match read {
                    Ok(length) if length > 0 => state.plain.push(&buffer[..length]),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    _ => state.is_closed = true,
                }
                of_thread.changed.notify_all();
                if state.is_closed {
                    return;
                }
            }
        });
        Ok(Self {
            writer,
            shared,
            searched: 0,
        })
    }

    /// Waits until one of the words was shown behind what was found before. `is_off` tells whether
    /// the machine is off, so that waiting has no sense any more.
    pub(super) fn wait_for<'a>(
        &mut self,
        markers: &[&'a str],
        limit: Duration,
        mut is_off: impl FnMut() -> Result<bool>,
    ) -> Result<&'a str> {
        let start = Instant::now();
        loop {
            // Asked before the text is searched: what came before the end is then all there is.
            let off = is_off()?;
            let state = self.shared.lock();
            if let Some((end, marker)) = find(&state.plain.text, self.searched, markers) {
                self.searched = end;
                return Ok(marker);
            }
            let waited = start.elapsed();
            if off && state.is_closed {
                bail!("the machine went off, expected one of {markers:?} on the serial line");
            }
            if waited > limit {
                bail!("{limit:?} went by, expected one of {markers:?} on the serial line");
            }
            let step = (limit - waited).min(Duration::from_millis(200));
            drop(self.shared.changed.wait_timeout(state, step));
        }
    }

    /// Waits until the line shows something more or the time is over.
    pub(super) fn wait_for_more(&self, limit: Duration) {
        let state = self.shared.lock();
        if state.is_closed {
            // Nothing will come, but the process may need a moment to end.
            drop(state);
            std::thread::sleep(limit.min(Duration::from_millis(20)));
        } else {
            drop(self.shared.changed.wait_timeout(state, limit));
        }
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer
            .write_all(bytes)
            .context("writing to the serial line")
    }

    pub(super) fn text(&self) -> String {
        self.shared.lock().plain.text.clone()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The text is whole whenever the lock is free, even if a thread died.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the marker that comes first behind `from`, and where it ends.
fn find<'a>(text: &str, from: usize, markers: &[&'a str]) -> Option<(usize, &'a str)> {
    let rest = text.get(from..)?;
    markers
        .iter()
        .filter_map(|marker| Some((rest.find(marker)? + from + marker.len(), *marker)))
        .min()
}

/// Text without control sequences of terminals (ECMA-48) and without carriage returns.
#[derive(Debug, Default)]
struct Plain {
    text: String,
    /// Bytes of a character or control sequence whose rest has not come yet.
    pending: Vec<u8>,
}

impl Plain {
    fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while let Some((&first, behind)) = rest.split_first() {
            if first == 0x1b {
                let Some(length) = sequence_length(rest) else {
                    break;
                };
                rest = rest.get(length..).unwrap_or_default();
            } else if first < 0x80 {
                if first == b'\n' || first == b'\t' || first >= b' ' {
                    self.text.push(char::from(first));
                }
                rest = behind;
            } else {
                match character(rest) {
                    Character::Whole(character) => {
                        self.text.push(character);
                        rest = rest.get(character.len_utf8()..).unwrap_or_default();
                    }
                    Character::Unfinished => break,
                    Character::None => {
                        self.text.push(char::REPLACEMENT_CHARACTER);
                        rest = behind;
                    }
                }
            }
        }
        self.pending = rest.to_vec();
    }
}

enum Character {
    Whole(char),
    Unfinished,
    None,
}

fn character(bytes: &[u8]) -> Character {
    let start = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => {
            std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(error) if error.error_len().is_none() => return Character::Unfinished,
        Err(_) => return Character::None,
    };
    valid
        .chars()
        .next()
        .map_or(Character::None, Character::Whole)
}

/// Returns how long the control sequence at the start is; nothing if its end has not come yet.
fn sequence_length(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'[' => {
            // Parameters and intermediates, then one final byte.
            let end = bytes
                .iter()
                .skip(2)
                .position(|byte| !(0x20..=0x3f).contains(byte))?;
            Some(end + 3)
        }
        b'(' | b')' => bytes.get(2).map(|_| 3),
        _ => Some(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(parts: &[&[u8]]) -> String {
        let mut plain = Plain::default();
        for part in parts {
            plain.push(part);
        }
        plain.text
    }

    #[test]
    fn colours_and_moves_are_left_out() {
        assert_eq!(
            plain(&[b"\x1b[1;32mREPA\x1b[0mIRED\x1b[2J\r\n\x1b(B!\x07"]),
            "REPAIRED\n!"
        );
    }

    #[test]
    fn sequences_and_characters_may_come_in_pieces() {
        assert_eq!(plain(&[b"a\x1b", b"[3", b"1mb\xc3", b"\xa9c"]), "abéc");
        assert_eq!(plain(&[b"a\xffb"]), "a\u{fffd}b");
        assert_eq!(plain(&["│ réparé │".as_bytes()]), "│ réparé │");
    }

    #[test]
    fn first_marker_wins_and_is_not_found_twice() {
        let text = "one two one";
        assert_eq!(find(text, 0, &["two", "one"]), Some((3, "one")));
        assert_eq!(find(text, 3, &["two", "one"]), Some((7, "two")));
        assert_eq!(find(text, 7, &["one"]), Some((11, "one")));
        assert_eq!(find(text, 11, &["one"]), None);
    }
}
