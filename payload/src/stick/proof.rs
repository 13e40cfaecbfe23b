//! The proof of a stick: each of its files held against the signed manifest, in a thread of its own.
//!
//! It is bound by reading the stick, which takes an old PC seconds. Meanwhile the PC is looked at, with files of
//! the stick that are held against the manifest as they are read; nothing of the PC is opened for writing before
//! the proof is over.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{SignedManifest, StickError};

/// How often somebody who waits is told how far it is: each time a page is drawn anew.
const TELL_INTERVAL: Duration = Duration::from_millis(250);

/// What is said of a proof that ended in a panic.
const FAULT_OF_MEND: &str = "reading it ended in a fault of mend itself";

/// Bytes hashed so far and in all, for a progress line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProofProgress {
    /// Bytes hashed.
    pub done: u64,
    /// Bytes to hash.
    pub total: u64,
}

/// How a proof ended, for whoever asks; or what depends on it.
pub type ProofOutcome<T = ()> = Result<T, Arc<StickError>>;

/// A proof that goes on or is over. A clone is of the same proof.
#[derive(Clone, Debug)]
pub struct StickProof(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug)]
struct State {
    progress: ProofProgress,
    /// How it ended, and how long it took; nothing while it goes on.
    end: Option<(ProofOutcome, Duration)>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // What a panic left behind is whole: each field is set at once.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StickProof {
    /// Returns the proof of what was proven before, or of a run without a stick.
    pub fn over() -> Self {
        Self::with_end(Some((Ok(()), Duration::ZERO)))
    }

    fn with_end(end: Option<(ProofOutcome, Duration)>) -> Self {
        let progress = ProofProgress::default();
        Self(Arc::new(Shared {
            state: Mutex::new(State { progress, end }),
            ended: Condvar::new(),
        }))
    }

    /// Begins to hold every file of the stick at `root` against `signed`.
    pub fn begin(root: PathBuf, signed: Arc<SignedManifest>) -> Self {
        let proof = Self::with_end(None);
        let shared = Arc::clone(&proof.0);
        let started = Instant::now();
        thread::spawn(move || {
            let mut tell = |progress| shared.lock().progress = progress;
            let checked = catch_unwind(AssertUnwindSafe(|| signed.check_files(&root, &mut tell)));
            let checked = checked
                .unwrap_or_else(|_| Err(StickError::Io(std::io::Error::other(FAULT_OF_MEND))));
            let took = started.elapsed();
            shared.lock().end = Some((checked.map_err(Arc::new), took));
            shared.ended.notify_all();
        });
        proof
    }

    /// Waits until it is over, telling `progress` how far it is now and then.
    pub fn wait(&self, progress: &mut dyn FnMut(ProofProgress)) -> ProofOutcome {
        let mut state = self.0.lock();
        loop {
            if let Some((outcome, _)) = &state.end {
                return outcome.clone();
            }
            let waited = self.0.ended.wait_timeout(state, TELL_INTERVAL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            let now = state.progress;
            drop(state);
            progress(now);
            state = self.0.lock();
        }
    }

    /// Returns whether it is over, however it ended.
    pub fn is_over(&self) -> bool {
        self.0.lock().end.is_some()
    }

    /// Returns whether it is over and every file was as signed.
    pub fn is_good(&self) -> bool {
        matches!(&self.0.lock().end, Some((Ok(()), _)))
    }

    /// Returns how long it took, once it is over.
    pub fn took(&self) -> Option<Duration> {
        self.0.lock().end.as_ref().map(|(_, took)| *took)
    }
}
