//! The words of the questions for technician, site and ticket, and of what becomes of a report.

use super::Words;

/// What the questions are about.
pub const VISIT: Words = Words {
    en: "for the report; asked once for this stick",
    fr: "pour le rapport ; demandé une fois pour cette clé",
    de: "für den Bericht; einmal für diesen Stick",
    es: "para el informe; una vez para esta memoria",
};
/// Question: who works with the stick.
pub const TECHNICIAN: Words = Words {
    en: "Technician",
    fr: "Technicien",
    de: "Techniker",
    es: "Técnico",
};
/// Question: where.
pub const SITE: Words = Words {
    en: "Site",
    fr: "Site",
    de: "Standort",
    es: "Sede",
};
/// Question: number of the order.
pub const TICKET: Words = Words {
    en: "Ticket",
    fr: "Ticket",
    de: "Auftrag",
    es: "Orden",
};
/// What may be typed.
pub const VISIT_HINT: Words = Words {
    en: "a name or number, 64 letters at most",
    fr: "un nom ou un numéro, 64 lettres au plus",
    de: "ein Name oder eine Nummer, höchstens 64 Zeichen",
    es: "un nombre o número, 64 letras como máximo",
};
/// Label: what the stick remembers.
pub const SO_FAR: Words = Words {
    en: "So far",
    fr: "Connu",
    de: "Bisher",
    es: "Hasta hoy",
};
/// Key: take what was typed.
pub const KEY_TAKE: Words = Words {
    en: "go on",
    fr: "continuer",
    de: "weiter",
    es: "seguir",
};
/// Key: leave it as it is.
pub const KEY_SKIP: Words = Words {
    en: "leave it",
    fr: "laisser",
    de: "lassen",
    es: "dejar",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::words::{ALL_LANGUAGES, is_in_every_font};

    #[test]
    fn every_text_is_there_fits_and_can_be_shown() {
        for words in [
            VISIT, TECHNICIAN, SITE, TICKET, VISIT_HINT, SO_FAR, KEY_TAKE, KEY_SKIP,
        ] {
            for text in ALL_LANGUAGES.map(|language| words.in_language(language)) {
                assert!(!text.trim().is_empty());
                assert!(text.chars().count() <= 60, "{text}");
                let odd = text.chars().find(|letter| !is_in_every_font(*letter));
                assert_eq!(odd, None, "{text}");
            }
        }
        for label in ALL_LANGUAGES.map(|language| SO_FAR.in_language(language)) {
            assert!(label.chars().count() <= 9, "{label}");
        }
    }
}
