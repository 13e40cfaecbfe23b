//! Names of keys, and what they do.

use super::{Language, Words};

/// Key: go on with the repair.
pub const KEY_REPAIR: Words = Words {
    en: "repair",
    fr: "réparer",
    de: "reparieren",
    es: "reparar",
};

/// Key: take a repair back.
pub const KEY_UNDO: Words = Words {
    en: "take it back",
    fr: "annuler",
    de: "rückgängig machen",
    es: "deshacer",
};

/// Key: repair although nothing protects it.
pub const KEY_UNPROTECTED: Words = Words {
    en: "repair without protection",
    fr: "réparer sans protection",
    de: "ohne Schutz reparieren",
    es: "reparar sin protección",
};

/// Key: show more.
pub const KEY_DETAILS: Words = Words {
    en: "details",
    fr: "détails",
    de: "Details",
    es: "detalles",
};

/// Key: leave everything as it is.
pub const KEY_NOTHING: Words = Words {
    en: "do nothing",
    fr: "ne rien faire",
    de: "nichts tun",
    es: "no hacer nada",
};

/// Key: restart the PC.
pub const KEY_RESTART: Words = Words {
    en: "restart",
    fr: "redémarrer",
    de: "neu starten",
    es: "reiniciar",
};

/// Key: back to the page before.
pub const KEY_BACK: Words = Words {
    en: "back",
    fr: "retour",
    de: "zurück",
    es: "volver",
};

/// Key: scroll.
pub const KEY_SCROLL: Words = Words {
    en: "scroll",
    fr: "défiler",
    de: "blättern",
    es: "desplazar",
};

/// Key: wipe what was typed.
pub const KEY_CLEAR: Words = Words {
    en: "start again",
    fr: "recommencer",
    de: "neu beginnen",
    es: "empezar de nuevo",
};

/// Key: show the report as a code.
pub const KEY_CODE: Words = Words {
    en: "report as QR code",
    fr: "rapport en code QR",
    de: "Bericht als QR-Code",
    es: "informe en código QR",
};

/// Key: the next of several codes.
pub const KEY_NEXT_CODE: Words = Words {
    en: "next code",
    fr: "code suivant",
    de: "nächster Code",
    es: "código siguiente",
};

/// The escape key as keyboards of the country call it.
pub const ESCAPE: Words = Words {
    en: "Esc",
    fr: "Échap",
    de: "Esc",
    es: "Esc",
};

/// The enter key as keyboards of the country call it.
pub const ENTER: Words = Words {
    en: "Enter",
    fr: "Entrée",
    de: "Enter",
    es: "Intro",
};

/// Key: switch the PC off.
pub const KEY_SWITCH_OFF: Words = Words {
    en: "switch off",
    fr: "éteindre",
    de: "ausschalten",
    es: "apagar",
};

/// Returns the letter that says yes where Enter says no: the first of the word. None of them is the letter
/// of another key.
pub fn yes_letter(language: Language) -> char {
    match language {
        Language::English => 'y',
        Language::French => 'o',
        Language::German => 'j',
        Language::Spanish => 's',
    }
}

/// All of them.
pub const ALL_KEYS: [Words; 14] = [
    KEY_REPAIR,
    KEY_UNDO,
    KEY_UNPROTECTED,
    KEY_DETAILS,
    KEY_NOTHING,
    KEY_RESTART,
    KEY_BACK,
    KEY_SCROLL,
    KEY_CLEAR,
    KEY_CODE,
    KEY_NEXT_CODE,
    ESCAPE,
    ENTER,
    KEY_SWITCH_OFF,
];
