//! What set the affected apart, in one sentence for a manager, and the name of a fact, in four languages.

use super::fisher::Table;
use super::{Finding, Kind};

/// The languages of pages, in the order of every table of words.
pub const ALL_LANGUAGES: [&str; 4] = ["en", "fr", "de", "es"];

/// How a finding is worded: what is said of the affected and the healthy, with {0} the fact, then the
/// counts {1} of {2} affected and {3} of {4} healthy.
const ON: [&str; 4] = [
    "“{0}” was on for {1} of {2} affected and {3} of {4} healthy.",
    "« {0} » était activé sur {1} des {2} machines touchées et sur {3} des {4} saines.",
    "„{0}“ war bei {1} von {2} Betroffenen und bei {3} von {4} Gesunden eingeschaltet.",
    "«{0}» estaba activado en {1} de {2} afectados y en {3} de {4} sanos.",
];
const OFF: [&str; 4] = [
    "“{0}” was off for {1} of {2} affected and {3} of {4} healthy.",
    "« {0} » était désactivé sur {1} des {2} machines touchées et sur {3} des {4} saines.",
    "„{0}“ war bei {1} von {2} Betroffenen und bei {3} von {4} Gesunden ausgeschaltet.",
    "«{0}» estaba desactivado en {1} de {2} afectados y en {3} de {4} sanos.",
];
const THERE: [&str; 4] = [
    "“{0}” was there on {1} of {2} affected and {3} of {4} healthy.",
    "« {0} » se trouvait sur {1} des {2} machines touchées et sur {3} des {4} saines.",
    "„{0}“ fand sich bei {1} von {2} Betroffenen und bei {3} von {4} Gesunden.",
    "«{0}» estaba en {1} de {2} afectados y en {3} de {4} sanos.",
];
const NOT_THERE: [&str; 4] = [
    "“{0}” was not there on {1} of {2} affected and {3} of {4} healthy.",
    "« {0} » manquait sur {1} des {2} machines touchées et sur {3} des {4} saines.",
    "„{0}“ fehlte bei {1} von {2} Betroffenen und bei {3} von {4} Gesunden.",
    "«{0}» faltaba en {1} de {2} afectados y en {3} de {4} sanos.",
];

/// Names of the kinds whose facts need one.
const KINDS: [(Kind, [&str; 4]); 10] = [
    (Kind::Engine, ["engine", "moteur", "Engine", "motor"]),
    (
        Kind::Definitions,
        ["definitions", "définitions", "Definitionen", "definiciones"],
    ),
    (Kind::Build, ["build", "build", "Build", "compilación"]),
    (Kind::Language, ["language", "langue", "Sprache", "idioma"]),
    (
        Kind::Hotfix,
        ["update", "mise à jour", "Update", "actualización"],
    ),
    (
        Kind::Service,
        [
            "changed service",
            "service modifié",
            "geänderter Dienst",
            "servicio modificado",
        ],
    ),
    (
        Kind::Firmware,
        ["firmware", "micrologiciel", "Firmware", "firmware"],
    ),
    (
        Kind::Start,
        ["started by", "démarrage par", "Start durch", "arranque por"],
    ),
    (
        Kind::SecureBoot,
        ["Secure Boot", "Secure Boot", "Secure Boot", "Secure Boot"],
    ),
    (Kind::Domain, ["domain", "domaine", "Domäne", "dominio"]),
];

/// Returns the name of a finding's fact in all languages.
pub fn names(finding: &Finding) -> [String; 4] {
    let factor = &finding.factor;
    let kind = KINDS
        .iter()
        .find(|(kind, _)| *kind == factor.kind)
        .map(|(_, names)| *names);
    let value = match factor.kind {
        Kind::Setting | Kind::SecureBoot => "",
        _ => &factor.value,
    };
    [0_usize, 1, 2, 3].map(|language| {
        let kind = kind
            .and_then(|names| names.get(language).copied())
            .unwrap_or_default();
        let parts = [factor.subject.as_str(), kind, value];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(" ")
    })
}

/// Returns the sentence in all languages.
pub fn sentences(finding: &Finding) -> [String; 4] {
    let Table {
        affected_with,
        affected,
        healthy_with,
        healthy,
    } = finding.table;
    let is_switch = matches!(finding.factor.kind, Kind::Setting | Kind::SecureBoot);
    let is_more = finding.is_more_often();
    let forms = match (is_switch, is_more) {
        (true, true) => ON,
        (true, false) => OFF,
        (false, true) => THERE,
        (false, false) => NOT_THERE,
    };
    let counts = if is_more {
        [affected_with, affected, healthy_with, healthy]
    } else {
        let without = |all: u32, with: u32| all.saturating_sub(with);
        [
            without(affected, affected_with),
            affected,
            without(healthy, healthy_with),
            healthy,
        ]
    };
    let mut names = names(finding).into_iter();
    forms.map(|form| {
        let name = names.next().unwrap_or_default();
        let mut text = form.to_owned();
        for (place, count) in ["{1}", "{2}", "{3}", "{4}"].into_iter().zip(counts) {
            text = text.replace(place, &count.to_string());
        }
        // Last, since a name may hold anything.
        text.replace("{0}", &name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::factors::Factor;

    fn finding(kind: Kind, subject: &str, value: &str, table: [u32; 4]) -> Finding {
        let [affected_with, affected, healthy_with, healthy] = table;
        Finding {
            factor: Factor {
                kind,
                subject: subject.to_owned(),
                value: value.to_owned(),
            },
            table: Table {
                affected_with,
                affected,
                healthy_with,
                healthy,
            },
            log_p: -9.0,
        }
    }

    #[test]
    fn says_in_four_languages_what_the_counts_say() {
        let found = finding(
            Kind::Setting,
            "Scan processes on enable {1}",
            "on",
            [186, 188, 1, 17],
        );
        let [en, fr, de, es] = sentences(&found);
        assert_eq!(
            en,
            "“Scan processes on enable {1}” was on for 186 of 188 affected and 1 of 17 healthy."
        );
        assert!(
            fr.contains("186 des 188") && fr.contains("1 des 17"),
            "{fr}"
        );
        assert!(
            de.contains("186 von 188") && de.contains("eingeschaltet"),
            "{de}"
        );
        assert!(es.contains("186 de 188") && es.contains("activado"), "{es}");
    }

    #[test]
    fn what_is_rarer_among_the_affected_is_said_the_other_way_round() {
        let found = finding(Kind::Setting, "Scan memory", "on", [2, 188, 16, 17]);
        assert_eq!(
            sentences(&found)[0],
            "“Scan memory” was off for 186 of 188 affected and 1 of 17 healthy."
        );
        let found = finding(Kind::Hotfix, "", "KB976662", [0, 188, 17, 17]);
        assert_eq!(
            sentences(&found)[0],
            "“update KB976662” was not there on 188 of 188 affected and 0 of 17 healthy."
        );
        let found = finding(
            Kind::Product,
            "VirusScan Enterprise",
            "8.7.0.570",
            [188, 188, 0, 17],
        );
        assert!(
            sentences(&found)[0].starts_with("“VirusScan Enterprise 8.7.0.570” was there on 188")
        );
    }
}
