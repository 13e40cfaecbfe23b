//! Times of one thing done several times.

use std::fmt;
use std::time::Duration;

/// Times of repetitions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<Duration>);

impl Sample {
    /// Adds one.
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
        self.0.sort_unstable();
    }

    /// Returns the one in the middle; zero if there is none.
    pub(crate) fn median(&self) -> Duration {
        self.0.get(self.0.len() / 2).copied().unwrap_or_default()
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64);
        write!(
            f,
            "{:6.2} s   ({:.2} to {:.2} s, {} runs)",
            self.median().as_secs_f64(),
            seconds(self.0.first()),
            seconds(self.0.last()),
            self.0.len()
        )
    }
}
