//! The one big word: what it says, its symbol and its colour, which never stands alone.

use rescue_stick::report::{Report, Verdict};

use super::letters::Shape;
use super::words::{Language, Words};

/// Id of the finding of a disk that is about to fail: it outweighs every other verdict that wrote nothing.
const FAILING_DISK: &str = "failing-disk";

/// What the screen says in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headline {
    /// Work that only reads.
    Checking,
    /// Work that writes.
    Repairing,
    /// A plan that would take a repair back.
    ToUndo,
    /// Work that takes a repair back.
    Undoing,
    /// The outcome.
    Verdict(Verdict),
    /// A disk must be copied before anything else is done with it.
    DiskFailing,
}

/// All headlines.
pub const ALL_HEADLINES: [Headline; 12] = [
    Headline::Checking,
    Headline::Repairing,
    Headline::ToUndo,
    Headline::Undoing,
    Headline::Verdict(Verdict::Healthy),
    Headline::Verdict(Verdict::Repaired),
    Headline::Verdict(Verdict::Undone),
    Headline::Verdict(Verdict::Affected),
    Headline::Verdict(Verdict::NeedsYou),
    Headline::Verdict(Verdict::Refused),
    Headline::Verdict(Verdict::Failed),
    Headline::DiskFailing,
];

/// What a colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Blue: wait.
    Busy,
    /// Green: all is well.
    Good,
    /// Amber: a person is asked for.
    Attention,
    /// Red: it did not or must not go on.
    Bad,
}

const CHECK: Shape = [
    "......##", ".....###", "....###^", "#_..###.", "##_###^.", "^#####..", ".^###^..", "..^#^...",
];
const EXCLAMATION: Shape = [
    "####", "####", "####", "^##^", ".##.", "....", "_##_", "^##^",
];
const QUESTION: Shape = [
    "_####_", "##..##", "....##", "...##^", "..##..", "..^^..", "..__..", "..##..",
];
const CROSS: Shape = [
    "##....##", "^##__##^", ".^####^.", "..####..", "..####..", "._####_.", "_##^^##_", "##....##",
];
const NO_ENTRY: Shape = [
    "_######_", "########", "########", "##....##", "##....##", "########", "########", "^######^",
];
const DOTS: Shape = [
    "........", "........", "........", "........", "........", "........", "##.##.##", "##.##.##",
];
const BACK: Shape = [
    "...#....", "._##....", "_#######", "########", "^#######", ".^##....", "...#....", "........",
];

impl Headline {
    /// Returns the headline for an outcome.
    pub fn of(verdict: Verdict, report: Option<&Report>) -> Self {
        let installations = report.map(|report| report.installations.iter());
        let findings = installations
            .into_iter()
            .flatten()
            .flat_map(|one| &one.findings);
        let is_failing = findings
            .map(|found| found.id.as_str())
            .any(|id| id == FAILING_DISK);
        match verdict {
            Verdict::Affected | Verdict::NeedsYou | Verdict::Refused if is_failing => {
                Self::DiskFailing
            }
            verdict => Self::Verdict(verdict),
        }
    }

    /// Returns the word, in capitals.
    pub fn word(self, language: Language) -> &'static str {
        let words = match self {
            Self::Checking => Words {
                en: "CHECKING",
                fr: "EXAMEN",
                de: "PRÜFUNG",
                es: "REVISIÓN",
            },
            Self::Repairing => Words {
                en: "REPAIRING",
                fr: "RÉPARATION",
                de: "REPARATUR",
                es: "REPARANDO",
            },
            Self::ToUndo => Words {
                en: "UNDO",
                fr: "ANNULER",
                de: "ZURÜCK",
                es: "DESHACER",
            },
            Self::Undoing => Words {
                en: "UNDOING",
                fr: "ANNULATION",
                de: "RÜCKNAHME",
                es: "ANULANDO",
            },
            Self::DiskFailing => Words {
                en: "DISK FAILING",
                fr: "DISQUE USÉ",
                de: "DISK DEFEKT",
                es: "DISCO FALLA",
            },
            Self::Verdict(verdict) => verdict_word(verdict),
        };
        words.in_language(language)
    }

    /// Returns the symbol that says the same without letters.
    pub fn symbol(self) -> &'static Shape {
        match self {
            Self::Checking | Self::Repairing | Self::Undoing => &DOTS,
            Self::Verdict(Verdict::Healthy | Verdict::Repaired) => &CHECK,
            Self::ToUndo | Self::Verdict(Verdict::Undone) => &BACK,
            Self::Verdict(Verdict::Affected) => &EXCLAMATION,
            Self::Verdict(Verdict::NeedsYou) => &QUESTION,
            Self::Verdict(Verdict::Refused) => &NO_ENTRY,
            Self::Verdict(Verdict::Failed) | Self::DiskFailing => &CROSS,
        }
    }

    /// Returns the symbol as one character that every PC's font has.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Checking | Self::Repairing | Self::Undoing => "...",
            Self::Verdict(Verdict::Healthy | Verdict::Repaired) => "√",
            Self::ToUndo | Self::Verdict(Verdict::Undone) => "←",
            Self::Verdict(Verdict::Affected) => "!",
            Self::Verdict(Verdict::NeedsYou) => "?",
            Self::Verdict(Verdict::Refused | Verdict::Failed) | Self::DiskFailing => "x",
        }
    }

    /// Returns what its colour means.
    pub fn tone(self) -> Tone {
        match self {
            Self::Checking | Self::Repairing | Self::Undoing => Tone::Busy,
            Self::Verdict(Verdict::Healthy | Verdict::Repaired | Verdict::Undone) => Tone::Good,
            Self::ToUndo | Self::Verdict(Verdict::Affected | Verdict::NeedsYou) => Tone::Attention,
            Self::Verdict(Verdict::Refused | Verdict::Failed) | Self::DiskFailing => Tone::Bad,
        }
    }
}

fn verdict_word(verdict: Verdict) -> Words {
    match verdict {
        Verdict::Healthy => Words {
            en: "HEALTHY",
            fr: "SAIN",
            de: "GESUND",
            es: "SANO",
        },
        Verdict::Repaired => Words {
            en: "REPAIRED",
            fr: "RÉPARÉ",
            de: "REPARIERT",
            es: "REPARADO",
        },
        Verdict::Undone => Words {
            en: "UNDONE",
            fr: "ANNULÉ",
            de: "RÜCKGÄNGIG",
            es: "DESHECHO",
        },
        Verdict::Affected => Words {
            en: "AFFECTED",
            fr: "ATTEINT",
            de: "BETROFFEN",
            es: "AFECTADO",
        },
        Verdict::NeedsYou => Words {
            en: "NEEDS YOU",
            fr: "À VOUS",
            de: "BRAUCHT SIE",
            es: "SU TURNO",
        },
        Verdict::Refused => Words {
            en: "REFUSED",
            fr: "REFUSÉ",
            de: "ABGELEHNT",
            es: "RECHAZADO",
        },
        Verdict::Failed => Words {
            en: "FAILED",
            fr: "ÉCHEC",
            de: "MISSLUNGEN",
            es: "FALLIDO",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_headlines_are_the_words_of_the_report() {
        for headline in ALL_HEADLINES {
            if let Headline::Verdict(verdict) = headline {
                assert_eq!(headline.word(Language::English), verdict.word());
            }
        }
    }

    #[test]
    fn a_failing_disk_outweighs_what_was_not_written_for_it() {
        let text = include_str!("../../rescue-stick/fixtures/report-1.json");
        let mut report = Report::parse(text).unwrap();
        report.installations[0].findings[0].id = FAILING_DISK.into();
        let headline = |verdict| Headline::of(verdict, Some(&report));
        assert_eq!(headline(Verdict::Refused), Headline::DiskFailing);
        assert_eq!(
            headline(Verdict::Repaired),
            Headline::Verdict(Verdict::Repaired)
        );
        assert_eq!(
            Headline::of(Verdict::Refused, None),
            Headline::Verdict(Verdict::Refused)
        );
    }
}
