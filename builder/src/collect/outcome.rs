//! What became of a PC, in the words that a service manager counts in. Finer than a report's verdict: that
//! one says whether a person is needed, this says what for.

use rescue_stick::report::health::Condition;
use rescue_stick::report::{Report, Verdict};
use serde::{Deserialize, Serialize};

/// One word for a machine. The page and the tables have them in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A remedy was carried out.
    Repaired,
    /// No remedy applies.
    Healthy,
    /// The repair was taken back.
    Undone,
    /// A remedy applies; nothing was written.
    Affected,
    /// A volume is locked by BitLocker.
    NeedsKey,
    /// A person must do something else first.
    NeedsYou,
    /// A disk is failing, so nothing was written.
    DiskFailing,
    /// Not safe to write.
    Refused,
    /// It was begun and did not end well.
    Failed,
}

/// All outcomes in their order.
pub const ALL_OUTCOMES: [Outcome; 9] = [
    Outcome::Repaired,
    Outcome::Healthy,
    Outcome::Undone,
    Outcome::Affected,
    Outcome::NeedsKey,
    Outcome::NeedsYou,
    Outcome::DiskFailing,
    Outcome::Refused,
    Outcome::Failed,
];

impl Outcome {
    /// Returns what a report says of its PC.
    pub fn of(report: &Report) -> Self {
        match report.verdict {
            Verdict::Healthy => Self::Healthy,
            Verdict::Repaired => Self::Repaired,
            Verdict::Undone => Self::Undone,
            _ if is_disk_failing(report) => Self::DiskFailing,
            Verdict::NeedsYou if speaks_of(report, "locked-volume") => Self::NeedsKey,
            Verdict::Affected => Self::Affected,
            Verdict::NeedsYou => Self::NeedsYou,
            Verdict::Refused => Self::Refused,
            Verdict::Failed => Self::Failed,
        }
    }

    /// Returns the word in tables and on the page.
    pub fn word(self) -> &'static str {
        match self {
            Self::Repaired => "repaired",
            Self::Healthy => "healthy",
            Self::Undone => "undone",
            Self::Affected => "affected",
            Self::NeedsKey => "needs-key",
            Self::NeedsYou => "needs-you",
            Self::DiskFailing => "disk-failing",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// Returns its place in [`ALL_OUTCOMES`].
    pub fn index(self) -> usize {
        let place = ALL_OUTCOMES.iter().position(|one| *one == self);
        place.unwrap_or(ALL_OUTCOMES.len())
    }

    /// Tells whether nothing is left to do.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Repaired | Self::Healthy)
    }

    /// Returns how the printed summary counts so many machines.
    pub fn counted(self, count: usize) -> String {
        let (one, many) = match self {
            Self::Repaired => ("repaired", "repaired"),
            Self::Healthy => ("was healthy", "were healthy"),
            Self::Undone => ("taken back", "taken back"),
            Self::Affected => ("not repaired yet", "not repaired yet"),
            Self::NeedsKey => ("needs a BitLocker key", "need a BitLocker key"),
            Self::NeedsYou => ("needs a person", "need a person"),
            Self::DiskFailing => ("disk failing", "disks failing"),
            Self::Refused => ("left alone as unsafe", "left alone as unsafe"),
            Self::Failed => ("failed", "failed"),
        };
        format!("{count} {}", if count == 1 { one } else { many })
    }
}

fn is_disk_failing(report: &Report) -> bool {
    let mut disks = report.health.disks.iter();
    disks.any(|disk| disk.condition == Condition::Failing) || speaks_of(report, "failing-disk")
}

/// Tells whether a finding or a note has this id.
fn speaks_of(report: &Report, id: &str) -> bool {
    let mut findings = report.installations.iter().flat_map(|one| &one.findings);
    let mut lines = report
        .notes
        .iter()
        .chain(report.installations.iter().flat_map(|one| &one.advice));
    findings.any(|finding| finding.id == id) || lines.any(|line| line.starts_with(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture() -> Report {
        Report::parse(include_str!(
            "../../../payload/rescue-stick/fixtures/report-1.json"
        ))
        .unwrap()
    }

    #[test]
    fn outcomes_are_in_their_order_and_named_as_json_names_them() {
        for (at, outcome) in ALL_OUTCOMES.into_iter().enumerate() {
            assert_eq!(outcome.index(), at);
            let json = serde_json::to_string(&outcome).unwrap();
            assert_eq!(json, format!("\"{}\"", outcome.word()));
        }
        assert!(ALL_OUTCOMES.is_sorted());
    }

    #[test]
    fn a_locked_volume_needs_a_key_and_a_failing_disk_comes_first() {
        let mut report = fixture();
        report.notes = vec!["something else".to_owned()];
        report.health.disks.clear();
        assert_eq!(Outcome::of(&report), Outcome::NeedsYou);
        report
            .notes
            .push("locked-volume: disk 1, partition 2".to_owned());
        assert_eq!(Outcome::of(&report), Outcome::NeedsKey);
        report.notes.push("failing-disk: disk 1".to_owned());
        assert_eq!(Outcome::of(&report), Outcome::DiskFailing);
        report.verdict = Verdict::Repaired;
        assert_eq!(Outcome::of(&report), Outcome::Repaired);
    }
}
