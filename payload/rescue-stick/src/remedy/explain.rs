//! Explains a remedy in plain words: when it applies, what it does, what it may write, where it has
//! gaps. Pure; for people who must decide whether a remedy goes onto their sticks.

use std::fmt::Write as _;

use crate::remedy::Remedy;
use crate::remedy::explain::gaps::find_gaps;
use crate::remedy::predicate::HiveName;
use crate::remedy::step::{
    CandidateSource, ConflictWord, FileState, Guard, ProofWord, RemedyStep, RestoreFile,
    RestoreQuarantined, SetRegistryValue, start_word,
};

mod gaps;
mod tests_in_words;

use tests_in_words::spell_test;

/// Returns the explanation of a remedy, several lines.
pub fn explain_remedy(remedy: &Remedy) -> String {
    let mut text = format!("{}: {}\n\n", remedy.id, remedy.title);
    for (test, is_first) in remedy.when.iter().zip((0..).map(|n| n == 0)) {
        let word = if is_first { "If" } else { "and" };
        line(&mut text, &format!("{word} {}", spell_test(test)));
    }
    line(&mut text, "then, in this order:");
    for (step, number) in remedy.steps.iter().zip(1..) {
        let mut lines = spell_step(step).into_iter();
        let first = lines.next().unwrap_or_default();
        line(&mut text, &format!("{number:>3}. {first}"));
        lines.for_each(|rest| line(&mut text, &format!("     {rest}")));
    }
    text.push('\n');
    let mut places: Vec<String> = Vec::new();
    for place in remedy.steps.iter().flat_map(written_places) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    if places.is_empty() {
        line(&mut text, "It writes nothing.");
    } else {
        line(&mut text, "It may write, and nothing else:");
        for place in places {
            line(&mut text, &format!("  {place}"));
        }
        let kept = "  \\mendkit, where everything that is replaced or moved aside is kept";
        line(&mut text, kept);
    }
    text.push('\n');
    let gaps = find_gaps(remedy);
    if gaps.is_empty() {
        line(&mut text, "No gaps found.");
    }
    for gap in gaps {
        line(&mut text, &format!("gap: {gap}"));
    }
    text
}

/// Returns how many gaps a remedy has.
pub fn count_gaps(remedy: &Remedy) -> usize {
    find_gaps(remedy).len()
}

fn line(text: &mut String, words: &str) {
    // OK to discard: writing to a String does not fail.
    let _ = writeln!(text, "{words}");
}

/// Returns what a step does, with what undoes it.
fn spell_step(step: &RemedyStep) -> Vec<String> {
    match step {
        RemedyStep::InstallDefinitions { set } => vec![
            format!("install the definitions {set} that the stick carries, all of them or none"),
            "undo: put the former files back".into(),
        ],
        RemedyStep::RestoreFile(step) => spell_restore(step),
        RemedyStep::RemoveFile(step) => {
            let mut lines = vec![format!("move {} aside", step.path)];
            lines.extend(spell_guard("each file", &step.guard));
            lines.push("undo: put it back".into());
            lines
        }
        RemedyStep::Rename(step) => {
            let mut lines = vec![format!("rename {} to {}", step.path, step.to)];
            lines.extend(spell_guard("it", &step.guard));
            lines.push("undo: give it its former name".into());
            lines
        }
        RemedyStep::SetRegistryValue(step) => {
            let mut text = format!("set {} to {}", value_path(step), step.data);
            if let Some(old) = &step.old {
                text.push_str(&format!(", only if it is {old}"));
            }
            vec![text, "undo: set it to what it was".into()]
        }
        RemedyStep::SetServiceStart(step) => vec![
            format!(
                "make the service or driver {} start {} ({}), in the control sets that Windows \
                 uses and last started well with",
                step.name,
                step.start,
                start_word(step.start)
            ),
            "undo: set it to what it was".into(),
        ],
        RemedyStep::RestoreQuarantined(step) => spell_quarantined(step),
        RemedyStep::Note { text } => vec![format!("tell the person: {text}")],
    }
}

fn spell_restore(step: &RestoreFile) -> Vec<String> {
    let states: Vec<&str> = step.states.iter().map(|state| state_word(*state)).collect();
    let sources: Vec<String> = step.sources.iter().map(spell_source).collect();
    let accept = &step.accept;
    let mut lines = vec![
        format!("put {} back if it is {}", step.target, states.join(" or ")),
        format!("from {}", sources.join(", else ")),
    ];
    if let Some(test) = &step.quarantine {
        let mut text = "of a quarantine only what was".to_owned();
        if let Some(detection) = &test.detection {
            text.push_str(&format!(" taken for {detection}"));
        }
        if let Some(definitions) = &test.definitions {
            text.push_str(&format!(" by definitions {definitions}"));
        }
        lines.push(text);
    }
    lines.push(format!(
        "it must be version {} of {} for the processor of this Windows",
        accept.version, accept.original_name
    ));
    if accept.language.is_some() {
        lines.push("and in the language of the system files beside it".into());
    }
    let mut proofs = Vec::new();
    if accept.signed_catalog {
        proofs.push("a catalog on the PC that Microsoft signed".to_owned());
    }
    if !accept.sha256.is_empty() {
        proofs.push("its SHA-256".to_owned());
    }
    if !proofs.is_empty() {
        let proofs = proofs.join(", else by ");
        lines.push(format!("proven by {proofs}; else its identity must do"));
    }
    lines.push("undo: take it away again, or put the empty one back".into());
    lines
}

fn state_word(state: FileState) -> &'static str {
    match state {
        FileState::Missing => "missing",
        FileState::Empty => "empty",
    }
}

fn spell_source(source: &CandidateSource) -> String {
    match source {
        CandidateSource::Dllcache => "Windows' own protected copies".into(),
        CandidateSource::ServicePackFiles => "the service pack's files".into(),
        CandidateSource::Quarantine { vendor } => format!("the quarantine of {vendor}"),
        CandidateSource::InstallationSource => "what Windows was installed from".into(),
        CandidateSource::Kit => "the files on the stick".into(),
    }
}

fn spell_quarantined(step: &RestoreQuarantined) -> Vec<String> {
    let conflict = match step.conflict {
        ConflictWord::Skip => "where a file is in the way, it stays and nothing is put there",
        ConflictWord::Compare => "where another file is in the way, nothing at all is done",
        ConflictWord::ReplaceIfEmpty => "where a file is in the way, it is replaced only if empty",
    };
    let proof = match step.proof {
        ProofWord::SignedCatalog => "each must be proven by a catalog that Microsoft signed",
        ProofWord::None => "as the quarantine has them, without proof",
    };
    vec![
        format!(
            "put back, each where it was, {}",
            tests_in_words::spell_filter(&step.filter)
        ),
        conflict.to_owned(),
        proof.to_owned(),
        "undo: take them away again, or put the empty ones back".to_owned(),
    ]
}

fn spell_guard(what: &str, guard: &Guard) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(bytes) = &guard.bytes {
        let mut text = format!("has {} at offset {}", bytes.hex, bytes.offset);
        if let Some(mask) = &bytes.mask {
            text.push_str(&format!(" (mask {mask})"));
        }
        parts.push(text);
    }
    if let Some(digests) = &guard.sha256 {
        parts.push(match digests.len() {
            1 => "has the pinned SHA-256".to_owned(),
            count => format!("has one of {count} pinned SHA-256"),
        });
    }
    if let Some(window) = &guard.modified {
        parts.push(format!(
            "was last written {}",
            tests_in_words::spell_window(window)
        ));
    }
    let parts = parts.join(" and ");
    (!parts.is_empty()).then(|| format!("only if {what} {parts}"))
}

fn value_path(step: &SetRegistryValue) -> String {
    format!("{}\\{}: {}", step.hive.root(), step.key, step.value)
}

/// Returns the places that a step may write to.
fn written_places(step: &RemedyStep) -> Vec<String> {
    match step {
        RemedyStep::InstallDefinitions { set } => {
            vec![format!(
                "the folder of the definitions {set}, as the product's registry names it"
            )]
        }
        RemedyStep::RestoreFile(step) => vec![step.target.clone()],
        RemedyStep::RemoveFile(step) => vec![step.path.clone()],
        RemedyStep::Rename(step) => {
            let folder = step.path.rsplit_once('\\').map_or("", |(folder, _)| folder);
            vec![step.path.clone(), format!("{folder}\\{}", step.to)]
        }
        RemedyStep::SetRegistryValue(step) => vec![value_path(step)],
        RemedyStep::SetServiceStart(step) => vec![format!(
            "{}\\CurrentControlSet\\Services\\{}: Start",
            HiveName::System.root(),
            step.name
        )],
        RemedyStep::RestoreQuarantined(step) => vec![format!(
            "the places on the Windows' own volume from which {} took files",
            step.filter.vendor
        )],
        RemedyStep::Note { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
