//! Keys as a console sends them: one byte, or a sequence that begins with an escape.

use std::sync::mpsc::Receiver;
use std::time::Duration;

/// The rest of a sequence comes at once; a lone escape is followed by nothing.
const SEQUENCE_LIMIT: Duration = Duration::from_millis(80);

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Enter.
    Enter,
    /// A letter, lower case.
    Letter(char),
    /// A line up.
    Up,
    /// A line down.
    Down,
    /// A page up.
    PageUp,
    /// A page down, or the space bar.
    PageDown,
    /// Escape.
    Escape,
    /// Any other.
    Other,
}

/// A key while a text is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// A character.
    Character(char),
    /// The last character goes.
    Erase,
    /// All characters go.
    EraseAll,
    /// Enter.
    Enter,
    /// Tab.
    Tab,
    /// Escape.
    Escape,
    /// Any other.
    Other,
}

/// Returns the stroke that begins with `first`. Consoles send UTF-8.
pub fn complete_stroke(first: u8, bytes: &Receiver<u8>) -> Stroke {
    match first {
        b'\r' | b'\n' => Stroke::Enter,
        b'\t' => Stroke::Tab,
        0x08 | 0x7F => Stroke::Erase,
        // Ctrl-U.
        0x15 => Stroke::EraseAll,
        0x1b => match read_sequence(bytes) {
            Key::Escape => Stroke::Escape,
            _ => Stroke::Other,
        },
        first => read_character(first, bytes).map_or(Stroke::Other, Stroke::Character),
    }
}

/// Reads what follows the first byte of a character.
fn read_character(first: u8, bytes: &Receiver<u8>) -> Option<char> {
    let length = match first {
        0x20..=0x7E => 1,
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let mut character = [first, 0, 0, 0];
    let rest = character.iter_mut().take(length).skip(1);
    for byte in rest {
        *byte = bytes.recv_timeout(SEQUENCE_LIMIT).ok()?;
    }
    let text = std::str::from_utf8(character.get(..length)?).ok()?;
    text.chars().next()
}

/// Waits for a key. Nobody can press one any more if there is no console left: then there is none.
pub fn next_key(bytes: &Receiver<u8>) -> Option<Key> {
    Some(complete_key(bytes.recv().ok()?, bytes))
}

/// Returns the key that begins with `first`.
pub fn complete_key(first: u8, bytes: &Receiver<u8>) -> Key {
    match first {
        b'\r' | b'\n' => Key::Enter,
        b' ' => Key::PageDown,
        0x1b => read_sequence(bytes),
        letter => Key::Letter(char::from(letter).to_ascii_lowercase()),
    }
}

/// Reads what follows an escape. Source: ECMA-48, CSI; Linux console_codes(4), cursor and page keys.
fn read_sequence(bytes: &Receiver<u8>) -> Key {
    let next = || bytes.recv_timeout(SEQUENCE_LIMIT).ok();
    match next() {
        None => return Key::Escape,
        Some(b'[' | b'O') => {}
        Some(_) => return Key::Other,
    }
    let mut number = None;
    loop {
        match next() {
            Some(b'A') => return Key::Up,
            Some(b'B') => return Key::Down,
            Some(b'~') if number == Some(b'5') => return Key::PageUp,
            Some(b'~') if number == Some(b'6') => return Key::PageDown,
            Some(digit @ b'0'..=b'9') if number.is_none() => number = Some(digit),
            // Further parameters of a sequence that is not ours; its last byte ends it.
            Some(b'0'..=b'?') => number = Some(0),
            _ => return Key::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_text_is_typed_in_utf_8_with_a_scanner_or_by_hand() {
        let (sender, bytes) = channel();
        for byte in "1é€\x7f\x08\x15\t\x1b[A\r".bytes().chain([0xC3, b'x']) {
            sender.send(byte).unwrap();
        }
        let mut strokes = Vec::new();
        while let Ok(first) = bytes.try_recv() {
            strokes.push(complete_stroke(first, &bytes));
        }
        let typed = [
            Stroke::Character('1'),
            Stroke::Character('é'),
            Stroke::Character('€'),
            Stroke::Erase,
            Stroke::Erase,
            Stroke::EraseAll,
            Stroke::Tab,
            Stroke::Other,
            Stroke::Enter,
            Stroke::Other,
        ];
        assert_eq!(strokes, typed);
    }

    #[test]
    fn sequences_are_one_key_and_lone_bytes_are_others() {
        let (sender, bytes) = channel();
        for byte in b"\rN\x1b[A\x1b[5~\x1b[6~ \x1bOB\x1b[15~d\x1b[1;5Cx\x1b" {
            sender.send(*byte).unwrap();
        }
        let mut keys = Vec::new();
        for _ in 0..12 {
            keys.push(next_key(&bytes).unwrap());
        }
        let (n, d, x) = (Key::Letter('n'), Key::Letter('d'), Key::Letter('x'));
        let (up, down) = (Key::Up, Key::Down);
        let first = [
            Key::Enter,
            n,
            up,
            Key::PageUp,
            Key::PageDown,
            Key::PageDown,
            down,
        ];
        assert_eq!(keys[..7], first);
        assert_eq!(keys[7..], [Key::Other, d, Key::Other, x, Key::Escape]);
        drop(sender);
        assert_eq!(next_key(&bytes), None);
    }
}
