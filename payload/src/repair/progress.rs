//! What the person sees while much is written or read: a screen that stands still for a minute is
//! switched off.

use std::time::{Duration, Instant};

use crate::machine::Machine;
use crate::repair::apply::Progress;
use crate::screen::{self, Screen, guess_time_left};
use crate::stick::Stick;
use crate::stick::proof::{ProofOutcome, ProofProgress};

/// Smaller files are there before anybody has read a percentage.
const WORTH_SHOWING: u64 = 4_000_000;

/// Waits until the stick is proven, showing how far that is.
pub(crate) fn await_proof(stick: &Stick, screen: &mut dyn Screen) -> ProofOutcome {
    let started = Instant::now();
    let mut first = None;
    stick.proof().wait(&mut |ProofProgress { done, total }| {
        // What was done before somebody waited says nothing of how long the rest takes.
        let before = *first.get_or_insert(done);
        let (done_since, left) = (done.saturating_sub(before), total.saturating_sub(before));
        screen.advance(screen::Progress {
            text: "Checking the stick ...".to_owned(),
            done,
            total,
            left: guess_time_left(done_since, left, started.elapsed()),
        });
    })
}

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
            self.show(&format!("Writing {name} ..."), now.done, size, screen);
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
        screen.advance(screen::Progress {
            text: doing.to_owned(),
            done,
            total: size,
            left: self.guess(self.machine.uptime_ms()),
        });
    }

    /// Guesses how long everything still takes, at the moment `now_ms`.
    fn guess(&self, now_ms: u64) -> Option<Duration> {
        let done = self.earlier.saturating_add(self.done);
        let taken = Duration::from_millis(now_ms.saturating_sub(self.started_ms));
        guess_time_left(done, self.total, taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::folder::FolderMachine;
    use crate::screen::{Answer, Question};

    struct Recorder(Vec<screen::Progress>);

    impl Screen for Recorder {
        fn line(&mut self, _text: &str) {}

        fn advance(&mut self, progress: screen::Progress) {
            self.0.push(progress);
        }

        fn ask(&mut self, _question: Question<'_>) -> Answer {
            Answer::No
        }
    }

    #[test]
    fn every_percent_of_much_is_shown_once_and_of_little_none() {
        let folder = tempfile::tempdir().unwrap();
        let machine = FolderMachine::open(folder.path()).unwrap();
        let mut seen = Recorder(Vec::new());
        let mut percent = Percent::new(&machine, 100_000_000);
        for _ in 0..1000 {
            percent.show_piece("Checking ...", 100_000, &mut seen);
        }
        assert_eq!(seen.0.len(), 101);
        let percents = seen.0.iter().map(screen::Progress::percent);
        assert!(percents.eq(0..=100));
        assert!(seen.0.iter().all(|one| one.text == "Checking ..."));
        assert_eq!(seen.0[100].done, seen.0[100].total);
        // The second of two files, of which the first had a fifth of all bytes.
        let second = Percent {
            earlier: 20_000_000,
            done: 30_000_000,
            ..Percent::new(&machine, 100_000_000)
        };
        let after = |seconds: u64| second.guess(second.started_ms + seconds * 1000);
        assert_eq!(after(30), Some(Duration::from_secs(30)));
        assert_eq!(after(1), None);
        let mut small = Percent::new(&machine, 3_000_000);
        small.show_piece("Checking ...", 3_000_000, &mut seen);
        assert_eq!(seen.0.len(), 101);
    }
}
