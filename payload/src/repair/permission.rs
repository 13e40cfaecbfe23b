//! Whether a plan may be carried out: by the state of its volume, by the mode, and by the person.

use rescue_stick::job::Mode;
use rescue_stick::report::Verdict;

use crate::machine::VolumeState;
use crate::screen::{Answer, Question, Screen};

/// What a person accepts together with the plan for a volume that was not shut down cleanly.
const UNCLEAN_WARNING: &str = "Windows did not shut this volume down cleanly; what its own journal \
                               has not finished will be dropped";

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Permission {
    /// It may be carried out.
    Given,
    /// It ends here, with this verdict and for this reason; nothing was written.
    Refused(Verdict, String),
}

/// Returns whether a plan that was just shown may be carried out. `question` is what the person is asked,
/// with a warning if there is one.
pub(super) fn ask_permission<'q>(
    state: &VolumeState,
    mode: Mode,
    screen: &mut dyn Screen,
    question: &dyn Fn(Option<&'q str>) -> Question<'q>,
) -> Permission {
    let end = |verdict, reason: &str| Permission::Refused(verdict, reason.to_owned());
    if mode == Mode::Diagnose {
        let reason = match question(None) {
            Question::Undo { .. } => "nothing was written; this can be taken back",
            _ => "nothing was written; this can be repaired",
        };
        return end(Verdict::Affected, reason);
    }
    let warning = match (state, mode) {
        (VolumeState::Hibernated, _) => {
            return end(
                Verdict::Refused,
                "Windows is hibernated here: start it and shut it down fully (not to sleep), then \
                 start from the stick again; if it does not start, its saved session must be \
                 given up first by someone who may decide that",
            );
        }
        (VolumeState::Unreadable(reason), _) => return end(Verdict::NeedsYou, reason),
        (VolumeState::UncleanLog, Mode::Auto) => {
            return end(
                Verdict::NeedsYou,
                "the volume was not shut down cleanly, and nobody is asked in this mode: start \
                 from a stick that asks",
            );
        }
        (VolumeState::UncleanLog, _) => Some(UNCLEAN_WARNING),
        (VolumeState::Clean | VolumeState::Dirty, _) => None,
    };
    if mode == Mode::Auto {
        return Permission::Given;
    }
    match screen.ask(question(warning)) {
        Answer::Yes => Permission::Given,
        Answer::No => end(Verdict::Affected, "not wanted; nothing was written"),
    }
}
