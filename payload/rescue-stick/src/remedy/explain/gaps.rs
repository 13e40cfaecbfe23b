//! Gaps of a remedy: what is well-formed and may still do harm, or leave a PC as it is.

use crate::remedy::Remedy;
use crate::remedy::predicate::Predicate;
use crate::remedy::step::{
    CandidateSource, FileState, ProofWord, RemedyStep, RestoreFile, RestoreQuarantined,
};

/// Returns the gaps of a remedy, a line each.
pub(super) fn find_gaps(remedy: &Remedy) -> Vec<String> {
    let mut gaps = Vec::new();
    let puts_back = |step: &RemedyStep| {
        matches!(
            step,
            RemedyStep::RestoreFile(_) | RemedyStep::RestoreQuarantined(_)
        )
    };
    let installs = |step: &RemedyStep| matches!(step, RemedyStep::InstallDefinitions { .. });
    let first_install = remedy.steps.iter().position(installs);
    let first_restore = remedy.steps.iter().position(puts_back);
    match (first_install, first_restore) {
        (Some(install), Some(restore)) if restore < install => gaps.push(format!(
            "step {} puts a file back before step {} replaces the definitions that took it: it may \
             vanish again; swap them",
            restore.saturating_add(1),
            install.saturating_add(1)
        )),
        (None, Some(restore)) => gaps.push(format!(
            "step {} puts a file back, but no step replaces the definitions that took it: it may \
             vanish again",
            restore.saturating_add(1)
        )),
        _ => {}
    }
    let asks_definitions = any_leaf(&remedy.when, &|test| match test {
        Predicate::Product(test) => test.definitions.is_some() || test.definitions_range.is_some(),
        // A remedy may know the version by a value or a file of its own.
        Predicate::Registry(_) | Predicate::Hash(_) | Predicate::Bytes(_) => true,
        _ => false,
    });
    if (first_install.is_some() || first_restore.is_some()) && !asks_definitions {
        gaps.push(
            "no test asks for the version of the definitions: it also applies where the update was \
             never bad"
                .to_owned(),
        );
    }
    if !any_leaf(&remedy.when, &|test| matches!(test, Predicate::Os(_))) {
        gaps.push("no test asks which Windows it is".to_owned());
    }
    for (step, number) in remedy.steps.iter().zip(1_usize..) {
        let found = match step {
            RemedyStep::RestoreFile(step) => find_restore_gaps(step),
            RemedyStep::RestoreQuarantined(step) => find_quarantine_gaps(step),
            RemedyStep::RemoveFile(step)
                if step.guard.bytes.is_none() && step.guard.sha256.is_none() =>
            {
                let gap = "only the time tells a bad file from a good one: add bytes or sha256";
                vec![gap.to_owned()]
            }
            RemedyStep::Rename(step) if step.guard.is_empty() => {
                vec!["renames whatever has that name: add a guard".to_owned()]
            }
            RemedyStep::SetRegistryValue(step) if step.old.is_none() => {
                vec!["replaces whatever the value is: add old".to_owned()]
            }
            RemedyStep::SetServiceStart(step) if step.start == 4 => vec![format!(
                "leaves {} disabled: a note should say when it may start again",
                step.name
            )]
            .into_iter()
            .filter(|_| !has_note(remedy))
            .collect(),
            _ => Vec::new(),
        };
        gaps.extend(found.into_iter().map(|gap| format!("step {number}: {gap}")));
    }
    gaps
}

fn has_note(remedy: &Remedy) -> bool {
    let is_note = |step: &RemedyStep| matches!(step, RemedyStep::Note { .. });
    remedy.steps.iter().any(is_note)
}

fn find_restore_gaps(step: &RestoreFile) -> Vec<String> {
    let mut gaps = Vec::new();
    for (state, word) in [(FileState::Missing, "missing"), (FileState::Empty, "empty")] {
        if !step.states.contains(&state) {
            gaps.push(format!("{} is left alone if it is {word}", step.target));
        }
    }
    let accept = &step.accept;
    if !accept.signed_catalog && accept.sha256.is_empty() {
        gaps.push(
            "a candidate is accepted by its identity only, which anyone can write: add \
             signed-catalog or sha256"
                .to_owned(),
        );
    }
    if !step.sources.contains(&CandidateSource::Kit) {
        gaps.push("a PC without a copy of its own cannot be helped: add kit to from".to_owned());
    }
    gaps
}

fn find_quarantine_gaps(step: &RestoreQuarantined) -> Vec<String> {
    let mut gaps = Vec::new();
    if step.proof == ProofWord::None {
        gaps.push(
            "files are put back on the quarantine's word alone: real malware taken under the same \
             name would come back too"
                .to_owned(),
        );
    }
    if step.filter.definitions.is_none() {
        gaps.push(
            "what earlier, good definitions took under that name comes back too: add definitions"
                .to_owned(),
        );
    }
    gaps
}

/// Returns whether a test that must hold, or one of alternatives, is as asked. What is in a `not` says
/// what a PC is not, so it does not count.
fn any_leaf(tests: &[Predicate], is_meant: &dyn Fn(&Predicate) -> bool) -> bool {
    tests.iter().any(|test| match test {
        Predicate::All(tests) => any_leaf(tests, is_meant),
        // Each of the alternatives must ask, else one of them does not.
        Predicate::Any(tests) => tests
            .iter()
            .all(|test| any_leaf(std::slice::from_ref(test), is_meant)),
        Predicate::Not(_) => false,
        test => is_meant(test),
    })
}
