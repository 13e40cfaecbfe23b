//! Many sticks at once: none waits for another, none fails for another.

use std::time::{Duration, Instant};

use anyhow::Result;
use mendkit::lba::ByteSize;
use mendkit::stick::Device;
use mendkit::stick::batch::{Job, News, Work, write_sticks};
use mendkit::stick::plan::plan_stick;
use rustix::io::Errno;
use support::faulty_device::{Fault, FaultyDevice, Memory};

use crate::bench::{Made, STICK, quick};

/// Writes to sticks with these faults; returns for each when it ended, and how.
fn write_all(made: &Made, faults: &[Fault]) -> Vec<(Duration, Result<(), String>)> {
    let jobs = faults.iter().map(|fault| {
        let fault = *fault;
        Job {
            work: Work::Write {
                plan: plan_stick(&made.image, ByteSize(STICK)).expect("large enough"),
                probe: quick(),
            },
            open: Box::new(move || {
                let device: Box<dyn Device> =
                    Box::new(FaultyDevice::new(&Memory::default(), STICK, fault));
                Ok(device)
            }),
        }
    });
    let start = Instant::now();
    let mut ends = vec![(Duration::ZERO, Err("never ended".to_owned())); faults.len()];
    write_sticks(&made.image, jobs.collect(), &mut |event| {
        if let News::Ended(ended) = event.news {
            ends[event.job] = (
                start.elapsed(),
                ended.map(drop).map_err(|error| error.to_string()),
            );
        }
    });
    ends
}

#[test]
fn a_slow_stick_holds_no_other() -> Result<()> {
    let made = Made::new("many")?;
    let fast = Fault::Slow(20_000_000);
    let alone = write_all(&made, &[fast])[0].0;
    let mut faults = vec![fast; 7];
    faults.push(Fault::Slow(2_000_000));
    let ends = write_all(&made, &faults);
    assert!(ends.iter().all(|(_, ended)| ended.is_ok()), "{ends:?}");
    let slow = ends[7].0;
    for (time, _) in &ends[..7] {
        // The sticks sleep most of the time; a machine that is busy otherwise is given room all the same.
        assert!(*time < alone * 3, "{time:?}, alone {alone:?}");
        assert!(*time < slow / 2, "{time:?}, the slow one {slow:?}");
    }
    Ok(())
}

#[test]
fn a_stick_that_fails_drops_out_and_the_others_are_good() -> Result<()> {
    let made = Made::new("many")?;
    let ends = write_all(
        &made,
        &[
            Fault::None,
            Fault::Refuse(20, Errno::IO),
            Fault::FakeWrap(16 << 20),
            Fault::Gone(0, 1),
            Fault::None,
        ],
    );
    let good: Vec<_> = ends.iter().map(|(_, ended)| ended.is_ok()).collect();
    assert_eq!(good, [true, false, false, false, true], "{ends:?}");
    Ok(())
}
