//! Tests of the registry, of services, quarantines and logs. Pure.

use rescue_stick::remedy::predicate::{
    Predicate, Presence, QuarantineFilter, RegistryTest, Scalar, ServiceTest,
};
use rescue_stick::remedy::step::start_word;
use rescue_stick::remedy::value::{Version, fits_pattern};

use super::{Holds, Judgement};
use crate::antivirus::quarantine::QuarantineItem;
use crate::repair::detect::logs::SeenLog;
use crate::repair::detect::observe::{
    Observation, SeenData, SeenQuarantine, SeenService, SeenValue,
};

/// Items that are listed one by one as evidence at most.
const MOST_LISTED: usize = 8;

pub(super) fn judge_other(test: &Predicate, seen: &Observation) -> Judgement {
    match (test, seen) {
        (Predicate::Registry(test), Observation::Value(Ok(value))) => judge_value(test, value),
        (Predicate::Service(test), Observation::Service(Ok(service))) => {
            judge_service(test, service)
        }
        (Predicate::Quarantine(filter), Observation::Quarantine(seen)) => {
            judge_quarantine(filter, seen)
        }
        (Predicate::Log(_), Observation::Logs(Ok(logs))) => judge_logs(logs),
        (
            _,
            Observation::Value(Err(reason))
            | Observation::Service(Err(reason))
            | Observation::Logs(Err(reason)),
        ) => Judgement::new(Holds::CannotTell, reason.clone()),
        _ => Judgement::new(Holds::CannotTell, "not looked at".into()),
    }
}

fn judge_value(test: &RegistryTest, value: &SeenValue) -> Judgement {
    let place = &value.place;
    let Some(data) = &value.data else {
        let holds = test.state == Some(Presence::Missing);
        return Judgement::new(Holds::of(holds), format!("{place} is not there"));
    };
    let evidence = format!("{place} is {}", spell_data(data));
    if let Some(state) = test.state {
        return Judgement::new(Holds::of(state == Presence::Exists), evidence);
    }
    let answer = if let Some(wanted) = &test.equals {
        compare(data, wanted).map(|order| order.is_eq())
    } else if let Some(bound) = &test.less {
        compare_in_order(data, bound).map(|order| order.is_lt())
    } else if let Some(bound) = &test.at_least {
        compare_in_order(data, bound).map(|order| order.is_ge())
    } else if let Some(pattern) = &test.matches {
        match data {
            SeenData::Text(text) => Some(fits_pattern(pattern, text)),
            SeenData::Number(number) => Some(fits_pattern(pattern, &number.to_string())),
            SeenData::Other(_) => None,
        }
    } else {
        None
    };
    let answer = answer.map_or(Holds::CannotTell, Holds::of);
    Judgement::new(answer, evidence)
}

/// Returns data in words.
pub(crate) fn spell_data(data: &SeenData) -> String {
    match data {
        SeenData::Number(number) => number.to_string(),
        SeenData::Text(text) => format!("\"{text}\""),
        SeenData::Other(kind) => format!("data of type {kind}"),
    }
}

/// Compares for equality; a text and a number are the same if they read the same. Case of texts is not
/// regarded, as Windows itself seldom does.
fn compare(data: &SeenData, wanted: &Scalar) -> Option<std::cmp::Ordering> {
    let text = |wanted: &Scalar| match wanted {
        Scalar::Number(number) => number.to_string(),
        Scalar::Text(text) => text.to_lowercase(),
    };
    match data {
        SeenData::Number(number) => Some(number.to_string().cmp(&text(wanted))),
        SeenData::Text(found) => Some(found.to_lowercase().cmp(&text(wanted))),
        SeenData::Other(_) => None,
    }
}

/// Compares numbers and versions by their order; `None` if one of them has none.
fn compare_in_order(data: &SeenData, bound: &Scalar) -> Option<std::cmp::Ordering> {
    let version = |text: &str| Version::parse(text);
    let found = match data {
        SeenData::Number(number) => Version(vec![*number]),
        SeenData::Text(text) => version(text)?,
        SeenData::Other(_) => return None,
    };
    let bound = match bound {
        Scalar::Number(number) => Version(vec![*number]),
        Scalar::Text(text) => version(text)?,
    };
    Some(found.cmp(&bound))
}

fn judge_service(test: &ServiceTest, service: &SeenService) -> Judgement {
    let place = &service.place;
    if !service.is_there {
        return Judgement::new(Holds::No, format!("{place} is not there"));
    }
    let Some(wanted) = &test.start else {
        return Judgement::new(Holds::Yes, format!("{place} is there"));
    };
    match service.start {
        Some(start) => Judgement::new(
            Holds::of(wanted.contains(&start)),
            format!("{place} starts {start} ({})", start_word(start)),
        ),
        None => Judgement::new(Holds::CannotTell, format!("{place} has no number Start")),
    }
}

/// Returns whether an item of a quarantine is meant.
pub fn is_meant(filter: &QuarantineFilter, item: &QuarantineItem) -> bool {
    let begins = |wanted: &Option<String>, found: &Option<String>, ends: fn(char) -> bool| {
        let Some(wanted) = wanted else {
            return true;
        };
        let found = found.as_deref().unwrap_or_default().to_lowercase();
        let rest = found.strip_prefix(&wanted.to_lowercase());
        rest.is_some_and(|rest| rest.chars().next().is_none_or(ends))
    };
    // A product adds to the name of a detection, but `W32/Wecorl.a` is not `W32/Wecorl.ab`.
    begins(&filter.detection, &item.detection, |c| {
        !c.is_alphanumeric() && c != '.' && c != '-'
    }) && begins(&filter.definitions, &item.definitions, |c| c == '.')
        && filter
            .name
            .as_ref()
            .is_none_or(|pattern| fits_pattern(pattern, item.name()))
}

fn judge_quarantine(filter: &QuarantineFilter, seen: &SeenQuarantine) -> Judgement {
    let meant: Vec<&QuarantineItem> = seen
        .items
        .iter()
        .filter(|item| is_meant(filter, item))
        .collect();
    if !meant.is_empty() {
        let evidence = meant.iter().take(MOST_LISTED).map(ToString::to_string);
        return Judgement {
            answer: Holds::Yes,
            evidence: evidence.collect(),
        };
    }
    if !seen.gaps.is_empty() {
        return Judgement {
            answer: Holds::CannotTell,
            evidence: seen.gaps.iter().take(MOST_LISTED).cloned().collect(),
        };
    }
    let evidence = format!(
        "quarantine of {}: {} files, none of them meant",
        filter.vendor,
        seen.items.len()
    );
    Judgement::new(Holds::No, evidence)
}

fn judge_logs(logs: &[SeenLog]) -> Judgement {
    if let Some(log) = logs.iter().find(|log| !log.hits.is_empty()) {
        let evidence = log.hits.iter().map(|hit| format!("{}: {hit}", log.path));
        return Judgement {
            answer: Holds::Yes,
            evidence: evidence.collect(),
        };
    }
    let unreadable = logs.iter().find_map(|log| log.looked_at.as_ref().err());
    if let Some(reason) = unreadable {
        return Judgement::new(Holds::CannotTell, reason.clone());
    }
    let evidence = logs.iter().map(|log| {
        let lines = log.looked_at.as_ref().copied().unwrap_or(0);
        format!("{}: not in the last {lines} lines", log.path)
    });
    let mut evidence: Vec<String> = evidence.take(MOST_LISTED).collect();
    if evidence.is_empty() {
        evidence.push("no such log".into());
    }
    Judgement {
        answer: Holds::No,
        evidence,
    }
}
