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
