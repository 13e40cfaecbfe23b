//! The tests of remedies: yes, no or cannot tell, always with evidence. Pure.

use rescue_stick::remedy::{OsTest, Predicate, ProductTest, Remedy};

use crate::antivirus::product::InstalledProduct;
use crate::repair::detect::InstallationFacts;

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

/// Judges whether `remedy` applies: no as soon as one test says no, else cannot tell as soon as one
/// cannot tell, else yes.
pub fn judge_remedy(remedy: &Remedy, facts: &InstallationFacts) -> Judgement {
    let judgements: Vec<Judgement> = remedy.when.iter().map(|test| judge(test, facts)).collect();
    for answer in [Holds::No, Holds::CannotTell] {
        if let Some(judgement) = judgements.iter().find(|j| j.answer == answer) {
            return judgement.clone();
        }
    }
    Judgement {
        answer: Holds::Yes,
        evidence: judgements.into_iter().flat_map(|j| j.evidence).collect(),
    }
}

fn judge(test: &Predicate, facts: &InstallationFacts) -> Judgement {
    match test {
        Predicate::Os(test) => judge_os(test, facts),
        Predicate::Product(test) => judge_product(test, facts),
    }
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
    if version.family != Some(test.family.as_str()) {
        return Judgement::new(Holds::No, version.to_string());
    }
    match (test.service_pack, version.service_pack) {
        (None, _) => Judgement::new(Holds::Yes, version.to_string()),
        (Some(_), None) => Judgement::new(Holds::CannotTell, version.to_string()),
        (Some(wanted), Some(found)) if wanted == found => {
            Judgement::new(Holds::Yes, version.to_string())
        }
        (Some(_), Some(_)) => Judgement::new(Holds::No, version.to_string()),
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
    let Some(wanted) = &test.definitions else {
        return Judgement::new(Holds::Yes, found.line());
    };
    let Some(version) = &found.definitions else {
        let evidence = format!("{}: version of the definitions not known", found.line());
        return Judgement::new(Holds::CannotTell, evidence);
    };
    let rest = version.strip_prefix(wanted.as_str());
    if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
        return Judgement {
            answer: Holds::Yes,
            evidence: found.evidence.clone(),
        };
    }
    let word = found.product.definitions_word;
    Judgement::new(Holds::No, format!("{} has {word} {version}", found.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::fixture::facts_of_xp;

    fn remedy() -> Remedy {
        Remedy::parse(Remedy::built_in("mcafee-5958").unwrap()).unwrap()
    }

    #[test]
    fn says_yes_with_evidence_of_both_tests() {
        let judgement = judge_remedy(&remedy(), &facts_of_xp(3, "5958.0000"));
        assert_eq!(judgement.answer, Holds::Yes);
        assert_eq!(
            judgement.evidence[0],
            "Microsoft Windows XP Service Pack 3 (5.1.2600)"
        );
        assert!(judgement.evidence.len() > 1);
    }

    #[test]
    fn says_no_to_other_service_packs_and_definitions() {
        for (service_pack, definitions) in [(2, "5958.0000"), (3, "5959.0000"), (3, "59580.0000")] {
            let judgement = judge_remedy(&remedy(), &facts_of_xp(service_pack, definitions));
            assert_eq!(judgement.answer, Holds::No, "{service_pack} {definitions}");
        }
    }

    #[test]
    fn no_outweighs_cannot_tell_and_cannot_tell_outweighs_yes() {
        let mut facts = facts_of_xp(3, "5958.0000");
        facts.installation.version = None;
        assert_eq!(judge_remedy(&remedy(), &facts).answer, Holds::CannotTell);
        facts.products.clear();
        assert_eq!(judge_remedy(&remedy(), &facts).answer, Holds::No);
        facts.product_problems.push("registry: damaged".into());
        assert_eq!(judge_remedy(&remedy(), &facts).answer, Holds::CannotTell);
    }
}
