//! The tests of remedies: yes, no or cannot tell, always with evidence. Pure: what had to be read was
//! read before ([`observe`](crate::repair::detect::observe)).

use rescue_stick::remedy::Remedy;
use rescue_stick::remedy::predicate::{
    Architecture, OsTest, Predicate, ProductTest, VolumeTest, VolumeWord,
};
use rescue_stick::remedy::value::Version;

use crate::antivirus::product::InstalledProduct;
use crate::machine::VolumeState;
use crate::repair::detect::InstallationFacts;
use crate::repair::detect::observe::{Observation, Observations};
use crate::windows::pe::PeMachine;
use crate::windows::version::WindowsVersion;

pub mod files;
pub mod others;
#[cfg(test)]
mod tests;

/// Whether a test holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// It holds.
    Yes,
    /// It does not hold.
    No,
    /// What it needs to know cannot be known.
    CannotTell,
}

impl Holds {
    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// An answer with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The answer.
    pub answer: Holds,
    /// What it rests on, one line each; never empty.
    pub evidence: Vec<String>,
}

impl Judgement {
    fn new(answer: Holds, evidence: String) -> Self {
        Self {
            answer,
            evidence: vec![evidence],
        }
    }
}

/// What is known when tests are judged.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The installation.
    pub facts: &'a InstallationFacts,
    /// State of its volume.
    pub volume: &'a VolumeState,
    /// What was read for the tests.
    pub observations: &'a Observations,
}

/// Judges whether `remedy` applies. What was not read yet cannot be told.
pub fn judge_remedy(remedy: &Remedy, known: &Known<'_>) -> Judgement {
    judge_all(&remedy.when, known)
}

/// No as soon as one test says no, else cannot tell as soon as one cannot tell, else yes.
fn judge_all(tests: &[Predicate], known: &Known<'_>) -> Judgement {
    let judgements = tests.iter().map(|test| judge(test, known));
    weigh(
        judgements.collect(),
        [Holds::No, Holds::CannotTell, Holds::Yes],
    )
}

/// Yes as soon as one test says yes, else cannot tell as soon as one cannot tell, else no.
fn judge_any(tests: &[Predicate], known: &Known<'_>) -> Judgement {
    let judgements = tests.iter().map(|test| judge(test, known));
    weigh(
        judgements.collect(),
        [Holds::Yes, Holds::CannotTell, Holds::No],
    )
}

/// Returns the first judgement whose answer comes first in `order`; of the last answer, all together.
fn weigh(judgements: Vec<Judgement>, order: [Holds; 3]) -> Judgement {
    let [first, second, last] = order;
    for answer in [first, second] {
        if let Some(judgement) = judgements.iter().find(|j| j.answer == answer) {
            return judgement.clone();
        }
    }
    let mut evidence: Vec<String> = Vec::new();
    for line in judgements.into_iter().flat_map(|j| j.evidence) {
        if !evidence.contains(&line) {
            evidence.push(line);
        }
    }
    Judgement {
        answer: last,
        evidence,
    }
}

/// Judges one test.
pub fn judge(test: &Predicate, known: &Known<'_>) -> Judgement {
    match test {
        Predicate::All(tests) => judge_all(tests, known),
        Predicate::Any(tests) => judge_any(tests, known),
        Predicate::Not(test) => {
            let judgement = judge(test, known);
            let answer = match judgement.answer {
                Holds::Yes => Holds::No,
                Holds::No => Holds::Yes,
                Holds::CannotTell => Holds::CannotTell,
            };
            Judgement {
                answer,
                ..judgement
            }
        }
        Predicate::Volume(test) => judge_volume(test, known.volume),
        Predicate::Os(test) => judge_os(test, known.facts),
        Predicate::Product(test) => judge_product(test, known.facts),
        _ => match known.observations.find(test) {
            None => Judgement::new(Holds::CannotTell, "not looked at".into()),
            Some(Observation::Files(Ok(files))) => files::judge_files(test, files),
            Some(Observation::Files(Err(reason))) => {
                Judgement::new(Holds::CannotTell, reason.clone())
            }
            Some(seen) => others::judge_other(test, seen),
        },
    }
}

fn judge_volume(test: &VolumeTest, state: &VolumeState) -> Judgement {
    let word = match state {
        VolumeState::Clean => VolumeWord::Clean,
        VolumeState::Dirty => VolumeWord::Dirty,
        VolumeState::UncleanLog => VolumeWord::Unclean,
        VolumeState::Hibernated => VolumeWord::Hibernated,
        VolumeState::Unreadable(_) => return Judgement::new(Holds::CannotTell, state.words()),
    };
    let evidence = format!("state of the volume: {}", state.words());
    Judgement::new(Holds::of(test.state.contains(&word)), evidence)
}

fn judge_os(test: &OsTest, facts: &InstallationFacts) -> Judgement {
    let Some(version) = &facts.installation.version else {
        let evidence = format!(
            "version not known: {}",
            facts.installation.problems.join("; ")
        );
        return Judgement::new(Holds::CannotTell, evidence);
    };
    if version.number.is_empty() {
        let evidence = "the registry has no version of Windows".to_owned();
        return Judgement::new(Holds::CannotTell, evidence);
    }
    let installation = &facts.installation;
    let build: Option<u64> = version.build.parse().ok();
    let parts = [
        ask(
            test.family.as_ref(),
            Some(version.family),
            |wanted, found| *found == Some(wanted.as_str()),
        ),
        ask(
            test.service_pack.as_ref(),
            version.service_pack,
            |wanted, found| wanted == found,
        ),
        ask(
            test.version.as_ref(),
            kernel_version(version),
            |range, found| range.holds(found),
        ),
        ask(test.build.as_ref(), build, |range, found| {
            range.holds(*found)
        }),
        ask(
            test.architecture.as_ref(),
            installation.architecture,
            |wanted, found| machine_of(*wanted) == *found,
        ),
        ask(
            test.language.as_ref(),
            installation.language.as_ref(),
            |wanted, found| found.eq_ignore_ascii_case(wanted),
        ),
    ];
    let mut answer = Holds::Yes;
    for part in parts {
        answer = match (answer, part) {
            (Holds::No, _) | (_, Holds::No) => Holds::No,
            (Holds::CannotTell, _) | (_, Holds::CannotTell) => Holds::CannotTell,
            (Holds::Yes, Holds::Yes) => Holds::Yes,
        };
    }
    let mut evidence = version.to_string();
    if test.language.is_some() {
        let language = installation.language.as_deref();
        evidence.push_str(&format!(", {}", language.unwrap_or("language not known")));
    }
    if test.architecture.is_some() {
        let machine = installation.architecture;
        let machine = machine.map_or_else(|| "processor not known".into(), |m| m.to_string());
        evidence.push_str(&format!(", {machine}"));
    }
    Judgement::new(answer, evidence)
}

/// Judges one part of a test: what is not asked holds, what is not known cannot be told.
fn ask<W, F>(wanted: Option<&W>, found: Option<F>, holds: impl Fn(&W, &F) -> bool) -> Holds {
    match (wanted, found) {
        (None, _) => Holds::Yes,
        (Some(_), None) => Holds::CannotTell,
        (Some(wanted), Some(found)) => Holds::of(holds(wanted, &found)),
    }
}

/// Returns the version of the kernel with its build.
fn kernel_version(version: &WindowsVersion) -> Option<Version> {
    Version::parse(&format!("{}.{}", version.kernel_number(), version.build))
}

/// Returns the processor that a word of remedies means.
pub(super) fn machine_of(architecture: Architecture) -> PeMachine {
    match architecture {
        Architecture::X86 => PeMachine::I386,
        Architecture::X64 => PeMachine::AMD64,
        Architecture::Arm64 => PeMachine::ARM64,
    }
}

fn judge_product(test: &ProductTest, facts: &InstallationFacts) -> Judgement {
    let is_meant = |found: &&InstalledProduct| found.product.vendor == test.vendor;
    let Some(found) = facts.products.iter().find(is_meant) else {
        if let Some(problem) = facts.product_problems.first() {
            return Judgement::new(Holds::CannotTell, problem.clone());
        }
        let evidence = format!("no product of vendor {} is installed", test.vendor);
        return Judgement::new(Holds::No, evidence);
    };
    if let Some(range) = &test.version {
        let Some(version) = found.version.as_deref().and_then(Version::parse) else {
            let evidence = format!("{}: its version is not known", found.line());
            return Judgement::new(Holds::CannotTell, evidence);
        };
        if !range.holds(&version) {
            return Judgement::new(Holds::No, format!("{} is installed", found.name));
        }
    }
    if test.definitions.is_none() && test.definitions_range.is_none() {
        return Judgement::new(Holds::Yes, found.line());
    }
    let Some(version) = &found.definitions else {
        let evidence = format!("{}: version of the definitions not known", found.line());
        return Judgement::new(Holds::CannotTell, evidence);
    };
    let is_named = |wanted: &String| {
        let rest = version.strip_prefix(wanted.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let is_in_range = match (&test.definitions_range, Version::parse(version)) {
        (None, _) => true,
        (Some(range), Some(version)) => range.holds(&version),
        (Some(_), None) => {
            let evidence = format!("{}: definitions {version} have no order", found.name);
            return Judgement::new(Holds::CannotTell, evidence);
        }
    };
    if test.definitions.as_ref().is_none_or(is_named) && is_in_range {
        return Judgement {
            answer: Holds::Yes,
            evidence: found.evidence.clone(),
        };
    }
    let word = found.product.definitions_word;
    Judgement::new(Holds::No, format!("{} has {word} {version}", found.name))
}
