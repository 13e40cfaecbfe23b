//! Work that is recorded whole, write by write, and cut everywhere.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use support::crash::state::State;
use support::crash::{Event, Medium, Pair, Powered, visit_cuts};

use super::bench::{Bench, Side};

/// Random losses that are tried at every prefix.
const SAMPLES: usize = 40;
/// One state in so many is shown to the judges.
const JUDGED: usize = 100;
/// Recovery is cut itself after one state in so many.
const CUT_TWICE: usize = 40;

/// A piece of work that was recorded whole, and its two ends.
pub(crate) struct Recorded<'a> {
    bench: &'a Bench,
    start: Pair,
    pub(crate) end: Pair,
    events: Vec<Event>,
    before: State,
    after: State,
}

/// What came of all cuts of one piece of work.
#[derive(Default)]
pub(crate) struct Tally {
    points: usize,
    double: usize,
    judged: usize,
    repaired_again: usize,
    sides: BTreeMap<Side, usize>,
}

impl<'a> Recorded<'a> {
    /// Does `work` and keeps what it wrote. `before` and `after` are what its ends are called.
    pub(crate) fn record(
        bench: &'a Bench,
        start: &Pair,
        work: impl FnOnce(&Powered) -> Result<()>,
    ) -> Result<Self> {
        let powered = start.start();
        let file = bench.patient.digest()?;
        work(&powered)?;
        let end = powered.pair();
        ensure!(
            bench.patient.digest()? == file,
            "something was written past the tape"
        );
        Ok(Self {
            bench,
            before: bench.state(&start.pc)?,
            after: bench.state(&end.pc)?,
            start: start.clone(),
            events: powered.events(),
            end,
        })
    }

    /// Starts from a state after a cut, and returns what that leads to.
    fn next_start(&self, pair: &Pair) -> Result<(Powered, Side)> {
        let powered = pair.start();
        self.bench.recover(&powered)?;
        let pc = powered.pair().pc;
        let side = match (self.before.difference(&pc), self.after.difference(&pc)) {
            (None, _) => Side::Before,
            (_, None) => Side::After,
            (Some(before), Some(after)) => {
                bail!("sector {before} is not as before, sector {after} is not as after")
            }
        };
        Ok((powered, side))
    }

    /// Cuts the power everywhere. `judge` sees a sample of where that leads.
    pub(crate) fn cut_everywhere(
        &self,
        judge: &mut dyn FnMut(&Pair, Side, usize) -> Result<usize>,
    ) -> Result<Tally> {
        let mut tally = Tally::default();
        let mut last_with_work = 0;
        let visit = &mut |cut, pair: &Pair| {
            let (powered, side) = self
                .next_start(pair)
                .with_context(|| format!("{cut:?} of {} events", self.events.len()))?;
            let seen = tally.sides.entry(side).or_insert(0);
            *seen += 1;
            // The first of each kind, and then one in so many.
            if *seen == 1 || tally.points % JUDGED == 0 {
                tally.repaired_again += judge(&powered.pair(), side, tally.judged)?;
                tally.judged += 1;
            }
            let events = powered.events();
            // Recovering is work like any other: cut it too, at places that are well apart.
            if !events.is_empty() && tally.points >= last_with_work + CUT_TWICE {
                last_with_work = tally.points;
                tally.double += visit_cuts(pair, &events, 4, &mut |second, pair| {
                    let (_, again) = self.next_start(pair)?;
                    ensure!(again == side, "{cut:?}, then {second:?}: {again:?}");
                    Ok(())
                })?;
            }
            tally.points += 1;
            Ok(())
        };
        visit_cuts(&self.start, &self.events, SAMPLES, visit)?;
        ensure!(tally.sides.len() == 2, "only {:?} was seen", tally.sides);
        Ok(tally)
    }

    #[expect(
        clippy::print_stdout,
        reason = "the number of crash points is a result"
    )]
    pub(crate) fn print(&self, what: &str, tally: &Tally) {
        let count =
            |counts: fn(&Event) -> bool| self.events.iter().filter(|one| counts(one)).count();
        println!(
            "{what}: {} crash points over {} writes and {} flushes of the PC's volume, {} and {} of the \
             stick's journal; {} led back and {} on; {} more within recovery; {} judged, {} repaired again",
            tally.points,
            count(|one| matches!(one, Event::Write(Medium::Pc, ..))),
            count(|one| matches!(one, Event::Flush(Medium::Pc))),
            count(|one| matches!(one, Event::Write(Medium::Stick, ..))),
            count(|one| matches!(one, Event::Flush(Medium::Stick))),
            tally.sides.get(&Side::Before).unwrap_or(&0),
            tally.sides.get(&Side::After).unwrap_or(&0),
            tally.double,
            tally.judged,
            tally.repaired_again
        );
    }

    /// Returns the same work as if nothing had been flushed.
    pub(crate) fn without_flushes(&self) -> Result<Self> {
        let mut events = self.events.clone();
        events.retain(|event| matches!(event, Event::Write(..)));
        Ok(Self {
            events,
            before: self.bench.state(&self.start.pc)?,
            after: self.bench.state(&self.end.pc)?,
            start: self.start.clone(),
            end: self.end.clone(),
            bench: self.bench,
        })
    }
}
