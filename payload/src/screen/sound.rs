//! Beeps of the PC's speaker, so that a run that nobody watches is heard.

use std::fs::File;
use std::thread;
use std::time::Duration;

use super::headline::Tone;
use crate::machine::linux::ioctls::console::beep;

/// A tone: hertz and milliseconds.
type Note = (u32, u16);

/// Rising: all is well.
const GOOD: &[Note] = &[(660, 120), (880, 120), (1320, 300)];
/// Low and long, three times: somebody must come.
const CALLING: &[Note] = &[(330, 500), (330, 500), (330, 500)];

/// Short and low: what was typed is not taken.
const REFUSED: Note = (220, 80);

/// Pause between two tones.
const PAUSE: Duration = Duration::from_millis(120);

/// Plays what goes with a tone and returns when it is over, after two seconds at most. A PC without a
/// speaker stays silent.
pub fn play(console: &File, tone: Tone) {
    let notes = match tone {
        Tone::Busy => return,
        Tone::Good => GOOD,
        Tone::Attention | Tone::Bad => CALLING,
    };
    for (hertz, milliseconds) in notes {
        if beep(console, *hertz, *milliseconds).is_err() {
            return;
        }
        thread::sleep(Duration::from_millis(u64::from(*milliseconds)).saturating_add(PAUSE));
    }
}

/// Says at once, and without waiting for its end, that a key was not taken.
pub fn play_refusal(console: &File) {
    let (hertz, milliseconds) = REFUSED;
    // A PC without a speaker shows it.
    let _ = beep(console, hertz, milliseconds);
}
