//! The stages of a repair and the time that each takes.

use rescue_stick::report::{Timing, WAIT_STAGE};

use crate::machine::Machine;

/// Stages whose time is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Detect,
    Health,
    Diagnose,
    Plan,
    /// For a person.
    Wait,
    Apply,
    Check,
    Commit,
    Verify,
}

/// All stages in order, with their names in the report.
const ALL_STAGES: [(Stage, &str); 9] = [
    (Stage::Detect, "detect"),
    (Stage::Health, "health"),
    (Stage::Diagnose, "diagnose"),
    (Stage::Plan, "plan"),
    (Stage::Wait, WAIT_STAGE),
    (Stage::Apply, "apply"),
    (Stage::Check, "check"),
    (Stage::Commit, "commit"),
    (Stage::Verify, "verify"),
];

/// Sums up the time of every stage over all installations.
pub(super) struct Stages<'m> {
    machine: &'m dyn Machine,
    took_ms: Vec<(Stage, u64)>,
}

impl<'m> Stages<'m> {
    pub(super) fn new(machine: &'m dyn Machine) -> Self {
        let took_ms = ALL_STAGES.iter().map(|(stage, _)| (*stage, 0)).collect();
        Self { machine, took_ms }
    }

    pub(super) fn time<T>(&mut self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let start = self.machine.uptime_ms();
        let result = work();
        let took = self.machine.uptime_ms().saturating_sub(start);
        for (known, sum) in &mut self.took_ms {
            if *known == stage {
                *sum = sum.saturating_add(took);
            }
        }
        result
    }

    /// Counts `took_ms` of the time of one stage as that of another, which did its work in between.
    pub(super) fn move_time(&mut self, from: Stage, to: Stage, took_ms: u64) {
        for (stage, sum) in &mut self.took_ms {
            if *stage == from {
                *sum = sum.saturating_sub(took_ms);
            } else if *stage == to {
                *sum = sum.saturating_add(took_ms);
            }
        }
    }

    pub(super) fn timings(&self) -> Vec<Timing> {
        let timings = self.took_ms.iter().zip(ALL_STAGES);
        let timings = timings.map(|((_, took_ms), (_, name))| Timing {
            stage: name.to_owned(),
            took_ms: *took_ms,
        });
        timings.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::words::terms::is_term;

    #[test]
    fn every_stage_has_its_name_in_every_language() {
        for (_, name) in ALL_STAGES {
            assert!(is_term(name), "{name}");
        }
        // Those before the repair, as `init` notes them.
        for name in ["start", "modules", "stick", "proof"] {
            let call = format!("timings, \"{name}\"");
            assert!(include_str!("../init.rs").contains(&call), "{name}");
            assert!(is_term(name), "{name}");
        }
    }
}
