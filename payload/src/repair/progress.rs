//! What the person sees while much is written or read: a screen that stands still for a minute is
//! switched off.

use crate::machine::Machine;
use crate::repair::apply::Progress;
use crate::screen::Screen;

/// Smaller files are there before anybody has read a percentage.
const WORTH_SHOWING: u64 = 4_000_000;
/// How long is waited before the time left is guessed, in milliseconds.
const TOO_EARLY_TO_GUESS: u64 = 2000;

/// How much of everything has come.
pub(super) struct Percent<'m> {
    machine: &'m dyn Machine,
    started_ms: u64,
    total: u64,
    /// Bytes of the files before this one.
    earlier: u64,
    /// Bytes of this one, or of everything where there is only one number.
    done: u64,
    shown: Option<u64>,
}

impl<'m> Percent<'m> {
    pub(super) fn new(machine: &'m dyn Machine, total: u64) -> Self {
        Self {
            machine,
            started_ms: machine.uptime_ms(),
            total,
            earlier: 0,
            done: 0,
            shown: None,
        }
    }

    /// Shows each file, and how far a big one has come.
    pub(super) fn show_file(&mut self, now: Progress<'_>, screen: &mut dyn Screen) {
        let (name, size) = (now.write.target.name(), now.write.after.size);
        if now.done == 0 {
            self.earlier = self.earlier.saturating_add(self.done);
            self.shown = None;
            let size = match size / 1_000_000 {
                0 => String::new(),
                megabytes => format!(", {megabytes} MB"),
            };
            screen.line(&format!("Writing {name}{size} ..."));
        }
        self.done = now.done;
        if size >= WORTH_SHOWING {
            self.show(&format!("Writing {name}"), now.done, size, screen);
        }
    }

    /// Shows that `piece` more bytes have come.
    pub(super) fn show_piece(&mut self, doing: &str, piece: u64, screen: &mut dyn Screen) {
        self.done = self.done.saturating_add(piece);
        if self.total >= WORTH_SHOWING {
            self.show(doing, self.done, self.total, screen);
        }
    }

    fn show(&mut self, doing: &str, done: u64, size: u64, screen: &mut dyn Screen) {
        let percent = done.saturating_mul(100) / size.max(1);
        if self.shown == Some(percent) {
            return;
        }
        self.shown = Some(percent);
        let left = self.seconds_left();
        let left = left.map_or_else(String::new, |seconds| format!(", {seconds} s left"));
        let is_done = done >= size;
        let left = if is_done { "" } else { &left };
        screen.progress(&format!("{doing} ... {percent} %{left}"), is_done);
    }

    /// Guesses how long the rest takes, by what has come so far.
    fn seconds_left(&self) -> Option<u64> {
        let took = self.machine.uptime_ms().saturating_sub(self.started_ms);
        let done = self.earlier.saturating_add(self.done);
        if took < TOO_EARLY_TO_GUESS || done == 0 {
            return None;
        }
        let rest = self.total.saturating_sub(done);
        Some(took.saturating_mul(rest) / done / 1000)
    }
}
