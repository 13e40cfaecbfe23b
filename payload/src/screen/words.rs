//! What the screen says, in every language it speaks. That each text is there in each language is checked
//! by the compiler; that it fits and that the console's font has its letters, by the tests.

pub mod disks;
pub mod ending;
pub mod headings;
pub mod keys;
pub mod labels;
pub mod page;
pub mod sentences;
pub mod terms;
pub mod unlocking;
pub mod visit;

/// A language of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// French.
    French,
    /// German.
    German,
    /// Spanish.
    Spanish,
}

/// All languages.
pub const ALL_LANGUAGES: [Language; 4] = [
    Language::English,
    Language::French,
    Language::German,
    Language::Spanish,
];

impl Language {
    /// Returns the language with this ISO 639-1 code.
    pub fn from_code(code: &str) -> Option<Self> {
        ALL_LANGUAGES.into_iter().find(|one| one.code() == code)
    }

    /// Returns its ISO 639-1 code.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
            Self::German => "de",
            Self::Spanish => "es",
        }
    }

    /// Returns its own name for itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::French => "français",
            Self::German => "Deutsch",
            Self::Spanish => "español",
        }
    }

    /// Returns the order in which a key changes from one language to the next: `preferred` by their codes,
    /// then the rest, so that nobody is left with a language that is not theirs.
    pub fn order(preferred: &[String]) -> Vec<Self> {
        let mut order = Vec::new();
        let preferred = preferred.iter().filter_map(|code| Self::from_code(code));
        for language in preferred.chain(ALL_LANGUAGES) {
            if !order.contains(&language) {
                order.push(language);
            }
        }
        order
    }
}

/// One text in every language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// English.
    pub en: &'static str,
    /// French.
    pub fr: &'static str,
    /// German.
    pub de: &'static str,
    /// Spanish.
    pub es: &'static str,
}

impl Words {
    /// Returns the text in a language.
    pub fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::French => self.fr,
            Language::German => self.de,
            Language::Spanish => self.es,
        }
    }
}

/// Which of several codes is shown.
pub const CODE_OF: Words = Words {
    en: "code {0} of {1}",
    fr: "code {0} sur {1}",
    de: "Code {0} von {1}",
    es: "código {0} de {1}",
};

/// Beside a code: what it is for.
pub const SCAN_REPORT: Words = Words {
    en: "the report, to be scanned with a phone",
    fr: "le rapport, à scanner avec un téléphone",
    de: "der Bericht, mit einem Handy zu lesen",
    es: "el informe, para leer con un teléfono",
};

/// Under the headline, while work only reads.
pub const NOTHING_IS_WRITTEN: Words = Words {
    en: "nothing is being written to this PC",
    fr: "rien n'est écrit sur ce PC",
    de: "auf diesen PC wird nichts geschrieben",
    es: "no se escribe nada en este PC",
};

/// Under the headline, while work writes.
pub const DO_NOT_SWITCH_OFF: Words = Words {
    en: "please leave the stick in and the PC on",
    fr: "laissez la clé en place et le PC allumé",
    de: "bitte Stick stecken und PC eingeschaltet lassen",
    es: "deje la memoria conectada y el PC encendido",
};

/// Under the headline of a plan.
pub const CAN_BE_FIXED: Words = Words {
    en: "this can be repaired",
    fr: "ce PC peut être réparé",
    de: "das lässt sich reparieren",
    es: "se puede reparar",
};

/// Under the headline of a plan that nobody asked to carry out.
pub const DIAGNOSED_ONLY: Words = Words {
    en: "looked at only: nothing was written",
    fr: "examen seul : rien n'a été écrit",
    de: "nur angesehen: nichts wurde geschrieben",
    es: "solo revisado: no se ha escrito nada",
};

/// Under the headline of a plan that takes a repair back.
pub const CAN_BE_UNDONE: Words = Words {
    en: "the repair can be taken back",
    fr: "la réparation peut être annulée",
    de: "die Reparatur lässt sich rückgängig machen",
    es: "la reparación se puede deshacer",
};

/// Under the headline, when the stick cannot keep a journal.
pub const NO_PROTECTION: Words = Words {
    en: "the stick cannot protect this repair",
    fr: "la clé ne peut pas protéger cette réparation",
    de: "der Stick kann diese Reparatur nicht schützen",
    es: "la memoria no puede proteger esta reparación",
};

/// Below a plan that takes a repair back.
pub const NOTHING_ELSE: Words = Words {
    en: "nothing else will be written",
    fr: "rien d'autre ne sera écrit",
    de: "sonst wird nichts geschrieben",
    es: "no se escribirá nada más",
};

/// Below a plan.
pub const BOTH_CAN_BE_UNDONE: Words = Words {
    en: "nothing else will be written; everything can be undone",
    fr: "rien d'autre ne sera écrit ; tout peut être annulé",
    de: "sonst wird nichts geschrieben; alles lässt sich rückgängig machen",
    es: "no se escribirá nada más; todo se puede deshacer",
};

/// Before the seconds that are left.
pub const LEFT: Words = Words {
    en: "{0} left",
    fr: "encore {0}",
    de: "noch {0}",
    es: "quedan {0}",
};

/// Where not everything has room.
pub const MORE: Words = Words {
    en: "more with [D]",
    fr: "suite avec [D]",
    de: "mehr mit [D]",
    es: "más con [D]",
};

/// Answer about a candidate.
pub const ACCEPTED: Words = Words {
    en: "accepted",
    fr: "acceptée",
    de: "angenommen",
    es: "aceptada",
};

/// Answer about a candidate.
pub const REFUSED: Words = Words {
    en: "refused",
    fr: "refusée",
    de: "abgelehnt",
    es: "rechazada",
};

/// Before the stick's date.
pub const STICK: Words = Words {
    en: "stick of",
    fr: "clé du",
    de: "Stick vom",
    es: "memoria del",
};

/// Before the stick's name.
pub const NAMED_STICK: Words = Words {
    en: "stick",
    fr: "clé",
    de: "Stick",
    es: "memoria",
};

/// All texts of a page that are in no module of their own, for the tests.
pub const ALL_WORDS: [Words; 16] = [
    CODE_OF,
    SCAN_REPORT,
    NOTHING_IS_WRITTEN,
    DO_NOT_SWITCH_OFF,
    CAN_BE_FIXED,
    DIAGNOSED_ONLY,
    CAN_BE_UNDONE,
    NO_PROTECTION,
    NOTHING_ELSE,
    BOTH_CAN_BE_UNDONE,
    LEFT,
    MORE,
    ACCEPTED,
    REFUSED,
    STICK,
    NAMED_STICK,
];

/// Returns whether a PC's screen has this character: ASCII, of code page 437 what is used here, and what
/// [`super::font`] adds. Observed: the kernel's own 8x16 font and QEMU's VGA font, under Linux 6.1 and 6.12.
pub fn is_in_every_font(letter: char) -> bool {
    let of_code_page_437 = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜáíóúñÑ¿¡«»ß·°√←→↑↓█▀▄░▒▓─│┌┐└┘├┤";
    let is_old = letter.is_ascii_graphic() || of_code_page_437.contains(letter);
    is_old
        || letter == ' '
        || super::font::ADDED
            .iter()
            .any(|added| added.letter == letter)
}

#[cfg(test)]
mod tests {
    use rescue_stick::report::health::Condition;

    use super::disks::{ALL_DISK_WORDS, of_condition};
    use super::ending::ALL_ENDINGS;
    use super::headings::ALL_HEADINGS;
    use super::keys::ALL_KEYS;
    use super::labels::ALL_LABELS;
    use super::*;

    fn each(words: Words) -> [&'static str; 4] {
        ALL_LANGUAGES.map(|language| words.in_language(language))
    }

    #[test]
    fn every_text_is_there_fits_and_can_be_shown() {
        let conditions = [
            Condition::NotTold,
            Condition::Good,
            Condition::Worn,
            Condition::Failing,
        ];
        let of_disks = ALL_DISK_WORDS.into_iter();
        let of_disks = of_disks.chain(conditions.map(of_condition));
        let all = ALL_WORDS.into_iter().chain(ALL_LABELS).chain(ALL_KEYS);
        let all = all.chain(ALL_ENDINGS).chain(ALL_HEADINGS).chain(of_disks);
        for text in all.flat_map(each) {
            assert!(!text.trim().is_empty());
            assert!(text.chars().count() <= 76, "{text}");
            let odd = text.chars().find(|letter| !is_in_every_font(*letter));
            assert_eq!(odd, None, "{text}");
        }
    }

    #[test]
    fn labels_fit_their_column() {
        for label in ALL_LABELS.into_iter().flat_map(each) {
            assert!(label.chars().count() <= 9, "{label}");
        }
    }

    #[test]
    fn every_language_can_be_reached_and_the_recipes_come_first() {
        let order = Language::order(&["fr".to_owned(), "en".to_owned()]);
        assert_eq!(order[..2], [Language::French, Language::English]);
        assert_eq!(order.len(), ALL_LANGUAGES.len());
        for language in ALL_LANGUAGES {
            assert_eq!(Language::from_code(language.code()), Some(language));
        }
    }
}
