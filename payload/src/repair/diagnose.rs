//! Turns facts into findings: what is wrong, in words, with evidence. Pure.

use rescue_stick::remedy::Remedy;
use rescue_stick::remedy::step::FileState;
use rescue_stick::report::FindingReport;

use crate::machine::VolumeState;
use crate::repair::detect::InstallationFacts;
use crate::repair::detect::definitions::DefinitionsFacts;
use crate::repair::detect::files::MoveFacts;
use crate::repair::detect::quarantined::{ItemFacts, QuarantinedFacts};
use crate::repair::detect::registry::RegistryFacts;
use crate::repair::detect::restore::RestoreFacts;
use crate::repair::detect::steps::StepFacts;
use crate::repair::predicates::files::judge_guard;
use crate::repair::predicates::others::spell_data;
use crate::repair::predicates::{Holds, Judgement};

/// A fault with evidence, in the form in which it is reported.
pub type Finding = FindingReport;

/// Definitions that a remedy names as bad are in use.
pub const STALE_DEFINITIONS: &str = "stale-definitions";
/// A system file is not there.
pub const MISSING_SYSTEM_FILE: &str = "missing-system-file";
/// A system file is there with a size of 0.
pub const EMPTY_SYSTEM_FILE: &str = "empty-system-file";
/// The state of a system file cannot be told.
pub const UNREADABLE_SYSTEM_FILE: &str = "unreadable-system-file";
/// Windows sleeps on the volume.
pub const HIBERNATED_VOLUME: &str = "hibernated-volume";
/// The volume's own journal holds unfinished work.
pub const UNCLEAN_VOLUME: &str = "unclean-volume";
/// The volume is locked by BitLocker.
pub const LOCKED_VOLUME: &str = "locked-volume";
/// The volume cannot be read.
pub const UNREADABLE_VOLUME: &str = "unreadable-volume";
/// The disk could not read some of its sectors.
pub const FAILING_DISK: &str = "failing-disk";
/// A remedy may apply, but a test cannot tell.
pub const UNDECIDED: &str = "undecided";
/// A file is there that a remedy names as bad.
pub const UNWANTED_FILE: &str = "unwanted-file";
/// A setting is not as a remedy wants it.
pub const UNWANTED_SETTING: &str = "unwanted-setting";
/// Files are in a quarantine that a remedy wants back.
pub const QUARANTINED_FILES: &str = "quarantined-files";
/// A fault is there that no step mends: what is to be done is for the person.
pub const KNOWN_FAULT: &str = "known-fault";
/// The registry is dirty or damaged.
pub const ODD_REGISTRY: &str = "odd-registry";

/// What the remedies say to an installation.
#[derive(Debug, Default)]
pub struct Applicability<'a> {
    /// Remedies that apply, in the stick's order, each with its evidence.
    pub applies: Vec<(&'a Remedy, Judgement)>,
    /// Remedies of which it cannot be told.
    pub undecided: Vec<(&'a Remedy, Judgement)>,
    /// Remedies that do not apply.
    pub excluded: Vec<(&'a Remedy, Judgement)>,
}

/// Sorts remedies by whether they apply to an installation.
pub fn sort_remedies<'a>(judged: Vec<(&'a Remedy, Judgement)>) -> Applicability<'a> {
    let mut sorted = Applicability::default();
    for (remedy, judgement) in judged {
        let list = match judgement.answer {
            Holds::Yes => &mut sorted.applies,
            Holds::CannotTell => &mut sorted.undecided,
            Holds::No => &mut sorted.excluded,
        };
        list.push((remedy, judgement));
    }
    sorted
}

/// Returns what is wrong by a remedy that applies.
pub fn diagnose(remedy: &Remedy, judgement: &Judgement, steps: &[StepFacts]) -> Vec<Finding> {
    if steps.iter().all(|step| matches!(step, StepFacts::Note(_))) {
        return vec![Finding {
            id: KNOWN_FAULT.into(),
            text: remedy.title.clone(),
            evidence: judgement.evidence.clone(),
        }];
    }
    let findings = steps.iter().map(|step| match step {
        StepFacts::Definitions(facts) => {
            diagnose_definitions(judgement, facts).into_iter().collect()
        }
        StepFacts::Restore(facts) => diagnose_file(facts).into_iter().collect(),
        StepFacts::Move(facts) => diagnose_moves(facts),
        StepFacts::Registry(facts) => diagnose_values(facts),
        StepFacts::Quarantined(facts) => diagnose_quarantined(facts).into_iter().collect(),
        StepFacts::Note(_) => Vec::new(),
    });
    let mut findings = findings.flatten().collect::<Vec<Finding>>();
    // Why the remedy applies belongs to what is wrong.
    if let Some(first) = findings.first_mut() {
        for line in &judgement.evidence {
            if !first.evidence.contains(line) {
                first.evidence.push(line.clone());
            }
        }
    }
    findings
}

fn diagnose_moves(facts: &MoveFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in facts.files.iter().flatten() {
        let judgement = judge_guard(&facts.guard, file);
        if judgement.answer == Holds::Yes {
            let mut evidence = judgement.evidence;
            evidence.push(format!("{}: sha256 {}", file.path, file.content.sha256));
            findings.push(Finding {
                id: UNWANTED_FILE.into(),
                text: format!("{} is there and should not be", file.path.name()),
                evidence,
            });
        }
    }
    findings
}

fn diagnose_values(facts: &RegistryFacts) -> Vec<Finding> {
    let values = facts.values.iter().flatten();
    let values = values.filter(|value| !value.is_set());
    let findings = values.map(|value| {
        let found = value.old.as_ref();
        let found = found.map_or_else(|| "not there".into(), spell_data);
        Finding {
            id: UNWANTED_SETTING.into(),
            text: format!("a setting is {found}, wanted is {}", spell_data(&value.new)),
            evidence: vec![format!("{}: {found}", value.place)],
        }
    });
    findings.collect()
}

fn diagnose_quarantined(facts: &QuarantinedFacts) -> Option<Finding> {
    let is_gone = |item: &&ItemFacts| {
        let target = item.target.as_ref().ok();
        target.is_some_and(|target| target.content.is_none_or(|content| content.size == 0))
    };
    let gone: Vec<&ItemFacts> = facts.items.iter().filter(is_gone).collect();
    let evidence = gone.iter().map(|item| item.item.to_string()).collect();
    (!gone.is_empty()).then(|| Finding {
        id: QUARANTINED_FILES.into(),
        text: format!("{} files were taken into quarantine", gone.len()),
        evidence,
    })
}

fn diagnose_definitions(judgement: &Judgement, facts: &DefinitionsFacts) -> Option<Finding> {
    if facts.is_installed() {
        return None;
    }
    let stated = facts.stated.as_deref().unwrap_or("of unknown version");
    let mut evidence = judgement.evidence.clone();
    if let Ok(place) = &facts.place {
        evidence.extend(place.members.iter().map(|member| match &member.content {
            Some(content) => format!("{}: sha256 {}", member.path, content.sha256),
            None => format!("{}: not there", member.path),
        }));
    }
    Some(Finding {
        id: STALE_DEFINITIONS.into(),
        text: format!("{} {stated} is in use", facts.word),
        evidence,
    })
}

fn diagnose_file(facts: &RestoreFacts) -> Option<Finding> {
    let finding = |id: &str, text: String, evidence: String| {
        Some(Finding {
            id: id.into(),
            text,
            evidence: vec![evidence],
        })
    };
    let file = match &facts.target {
        Ok(file) => file,
        Err(reason) => {
            let text = format!("{}: its state cannot be told", facts.step.target);
            return finding(UNREADABLE_SYSTEM_FILE, text, reason.clone());
        }
    };
    let name = file.path.name();
    match facts.state()? {
        FileState::Missing => {
            let evidence = format!("{}: not there", file.path);
            finding(MISSING_SYSTEM_FILE, format!("{name} is missing"), evidence)
        }
        FileState::Empty => {
            let evidence = format!("{}: 0 bytes", file.path);
            finding(EMPTY_SYSTEM_FILE, format!("{name} is empty"), evidence)
        }
    }
}

/// Returns what is special about the registry of an installation.
pub fn diagnose_registry(facts: &InstallationFacts) -> Option<Finding> {
    if facts.installation.problems.is_empty() && facts.product_problems.is_empty() {
        return None;
    }
    let mut evidence = facts.installation.problems.clone();
    for problem in &facts.product_problems {
        if !evidence.contains(problem) {
            evidence.push(problem.clone());
        }
    }
    Some(Finding {
        id: ODD_REGISTRY.into(),
        text: "the registry is not in order".into(),
        evidence,
    })
}

/// Returns what is special about the state of a volume.
pub fn diagnose_volume(state: &VolumeState) -> Option<Finding> {
    let (id, text) = match state {
        VolumeState::Clean | VolumeState::Dirty => return None,
        VolumeState::UncleanLog => (UNCLEAN_VOLUME, "the volume was not shut down cleanly"),
        VolumeState::Hibernated => (HIBERNATED_VOLUME, "Windows is hibernated on this volume"),
        VolumeState::Unreadable(_) => (UNREADABLE_VOLUME, "the volume cannot be read"),
    };
    Some(Finding {
        id: id.into(),
        text: text.into(),
        evidence: vec![format!("state of the volume: {}", state.words())],
    })
}

impl DefinitionsFacts {
    /// Returns whether the folder already holds exactly the members of the set.
    pub fn is_installed(&self) -> bool {
        let (Some(set), Ok(place)) = (&self.set, &self.place) else {
            return false;
        };
        let members = set.members.iter().zip(&place.members);
        set.members.len() == place.members.len()
            && members
                .map(|(member, file)| (member.sha256, file.content))
                .all(|(sha256, content)| content.is_some_and(|c| c.sha256 == sha256))
    }
}

impl RestoreFacts {
    /// Returns the state in which the file is to be restored; `None` if there is nothing to do or the
    /// state is not known.
    pub fn state(&self) -> Option<FileState> {
        let state = match self.target.as_ref().ok()?.content {
            None => FileState::Missing,
            Some(content) if content.size == 0 => FileState::Empty,
            Some(_) => return None,
        };
        self.step.states.contains(&state).then_some(state)
    }
}

/// Returns finding and advice for a remedy of which it cannot be told whether it applies.
pub fn diagnose_undecided(remedy: &Remedy, judgement: &Judgement) -> (Finding, String) {
    let finding = Finding {
        id: UNDECIDED.into(),
        text: format!("it cannot be told whether {} applies", remedy.id),
        evidence: judgement.evidence.clone(),
    };
    let advice = format!(
        "have someone look whether this PC has this fault: {}; nothing was written",
        remedy.title
    );
    (finding, advice)
}
