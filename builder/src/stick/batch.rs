//! Many sticks at once, a thread each; none waits for another.

use std::sync::mpsc;
use std::thread;

use super::Device;
use super::plan::StickPlan;
use super::probe::Probe;
use super::refresh::apply::{Refresh, refresh_stick};
use super::source::SourceImage;
use super::writer::{Progress, StickError, Written, write_stick};

/// Opens a stick, and makes sure that it is the one that was agreed on.
pub type OpenDevice<'a> = Box<dyn FnOnce() -> Result<Box<dyn Device + 'a>, StickError> + Send + 'a>;

/// What is done to a stick.
pub enum Work<'a> {
    /// It is erased and written.
    Write {
        /// What is to be written.
        plan: StickPlan,
        /// How its room is probed.
        probe: Probe,
    },
    /// It is brought to a newer image.
    Refresh(Refresh<'a>),
}

/// One stick to be written.
pub struct Job<'a> {
    /// What is done to it.
    pub work: Work<'a>,
    /// Called on the stick's own thread, right before the first write.
    pub open: OpenDevice<'a>,
}

/// What happened to a stick.
#[derive(Debug)]
pub struct Event {
    /// Index of its job.
    pub job: usize,
    /// What happened.
    pub news: News,
}

/// What happened to a stick.
#[derive(Debug)]
pub enum News {
    /// It came a step further.
    Progress(Progress),
    /// It is done: good, or bad for this reason.
    Ended(Result<Written, StickError>),
}

/// Writes all sticks and tells `each` what happens, on the caller's thread. Returns when every stick has
/// ended, good or bad; a bad one does not hold the others.
pub fn write_sticks(image: &SourceImage, jobs: Vec<Job<'_>>, each: &mut dyn FnMut(Event)) {
    // Without a bound: a screen that is slow must not hold a stick, and there is one event a MiB.
    let (sender, events) = mpsc::channel();
    thread::scope(|scope| {
        for (index, job) in jobs.into_iter().enumerate() {
            let sender = sender.clone();
            scope.spawn(move || {
                let tell = |news| {
                    // OK to discard: the receiver lives until all senders are gone.
                    let _ = sender.send(Event { job: index, news });
                };
                let ended = run(image, job, &mut |progress| tell(News::Progress(progress)));
                tell(News::Ended(ended));
            });
        }
        drop(sender);
        for event in events {
            each(event);
        }
    });
}

fn run(
    image: &SourceImage,
    job: Job<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Written, StickError> {
    let mut device = (job.open)()?;
    match &job.work {
        Work::Write { plan, probe } => write_stick(image, plan, *probe, &mut *device, progress),
        Work::Refresh(refresh) => refresh_stick(image, refresh, &mut *device, progress),
    }
}
