//! What the screen says, in every language it speaks. That each text is there in each language is checked
//! by the compiler; that it fits and that the console's font has its letters, by the tests.

pub mod disks;
pub mod page;
pub mod sentences;
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

/// Label: the PC.
pub const PC: Words = Words {
    en: "PC",
    fr: "PC",
    de: "PC",
    es: "PC",
};
/// Label: which Windows.
pub const RUNS: Words = Words {
    en: "Runs",
    fr: "Système",
    de: "System",
    es: "Sistema",
};
/// Label: security products.
pub const GUARD: Words = Words {
    en: "Guard",
    fr: "Antivirus",
    de: "Schutz",
    es: "Antivirus",
};
/// Label: findings.
pub const FOUND: Words = Words {
    en: "Found",
    fr: "Constat",
    de: "Befund",
    es: "Hallado",
};
/// Label: the plan.
pub const WILL: Words = Words {
    en: "Will",
    fr: "Prévu",
    de: "Plan",
    es: "Plan",
};
/// Label: what was done.
pub const DONE: Words = Words {
    en: "Done",
    fr: "Fait",
    de: "Getan",
    es: "Hecho",
};
/// Label: what the person should do.
pub const NEXT: Words = Words {
    en: "Next",
    fr: "À faire",
    de: "Weiter",
    es: "Ahora",
};
/// Label: what is to be known beside it.
pub const NOTE: Words = Words {
    en: "Note",
    fr: "Note",
    de: "Hinweis",
    es: "Nota",
};
/// Label: what is being done.
pub const NOW: Words = Words {
    en: "Now",
    fr: "En cours",
    de: "Gerade",
    es: "Ahora",
};

/// Label: files that were found and refused.
pub const REJECTED: Words = Words {
    en: "Refused",
    fr: "Refusé",
    de: "Abgelehnt",
    es: "Rechazado",
};
/// Label and heading: what the health check noted.
pub const HEALTH: Words = Words {
    en: "Health",
    fr: "Santé",
    de: "Zustand",
    es: "Salud",
};

/// All labels, which stand in a narrow column.
pub const ALL_LABELS: [Words; 11] = [
    PC, RUNS, GUARD, FOUND, WILL, DONE, NEXT, NOTE, NOW, REJECTED, HEALTH,
];

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
/// What to do at the end.
pub const TAKE_OUT: Words = Words {
    en: "Take the stick out and press Enter to restart.",
    fr: "Retirez la clé, puis appuyez sur Entrée pour redémarrer.",
    de: "Ziehen Sie den Stick ab und drücken Sie Enter für den Neustart.",
    es: "Retire la memoria y pulse Intro para reiniciar.",
};
/// What to do at the end of a run that nobody watches.
pub const TAKE_OUT_TO_RESTART: Words = Words {
    en: "Take the stick out: this PC then restarts by itself.",
    fr: "Retirez la clé : le PC redémarrera de lui-même.",
    de: "Ziehen Sie den Stick ab: Der PC startet dann von selbst neu.",
    es: "Retire la memoria: el PC se reiniciará solo.",
};
/// What to do at the end, when the next start from the stick has something to finish.
pub const LEAVE_IN: Words = Words {
    en: "Leave the stick in and press Enter: the next start finishes it.",
    fr: "Laissez la clé et appuyez sur Entrée : le prochain démarrage achèvera.",
    de: "Stick stecken lassen, Enter drücken: Der nächste Start beendet es.",
    es: "Deje la memoria puesta y pulse Intro: el próximo inicio lo acabará.",
};
/// Once the stick is out.
pub const STICK_IS_OUT: Words = Words {
    en: "The stick is out. Press Enter to restart.",
    fr: "La clé est retirée. Appuyez sur Entrée pour redémarrer.",
    de: "Der Stick ist abgezogen. Drücken Sie Enter für den Neustart.",
    es: "La memoria ya está fuera. Pulse Intro para reiniciar.",
};
/// At the end of a run that switches the PC off.
pub const SWITCHING_OFF: Words = Words {
    en: "This PC switches itself off.",
    fr: "Le PC va s'éteindre.",
    de: "Der PC schaltet sich aus.",
    es: "El PC se va a apagar.",
};
/// When the PC could not be restarted.
pub const SWITCH_OFF_YOURSELF: Words = Words {
    en: "Please switch this PC off.",
    fr: "Veuillez éteindre ce PC.",
    de: "Bitte schalten Sie diesen PC aus.",
    es: "Apague este PC, por favor.",
};
/// The report is on the stick.
pub const REPORT_SAVED: Words = Words {
    en: "report saved",
    fr: "rapport enregistré",
    de: "Bericht gespeichert",
    es: "informe guardado",
};
/// The report is not on the stick.
pub const REPORT_NOT_SAVED: Words = Words {
    en: "REPORT NOT SAVED",
    fr: "RAPPORT NON ENREGISTRÉ",
    de: "BERICHT NICHT GESPEICHERT",
    es: "INFORME NO GUARDADO",
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
/// Heading of the details.
pub const DETAILS: Words = Words {
    en: "Details",
    fr: "Détails",
    de: "Details",
    es: "Detalles",
};
/// Heading: findings and what they rest on.
pub const EVIDENCE: Words = Words {
    en: "What was found, and what it rests on",
    fr: "Constats et preuves",
    de: "Befund und Belege",
    es: "Qué se encontró y en qué se basa",
};
/// Heading: the whole plan.
pub const PLAN: Words = Words {
    en: "The plan",
    fr: "Le plan",
    de: "Der Plan",
    es: "El plan",
};
/// Heading: candidates for missing files.
pub const CANDIDATES: Words = Words {
    en: "Copies that were looked at",
    fr: "Copies examinées",
    de: "Geprüfte Kopien",
    es: "Copias examinadas",
};
/// Heading: what was written.
pub const CHANGES: Words = Words {
    en: "What was written",
    fr: "Ce qui a été écrit",
    de: "Was geschrieben wurde",
    es: "Lo que se ha escrito",
};
/// Heading: the PC, its disks and volumes.
pub const MACHINE: Words = Words {
    en: "This PC",
    fr: "Ce PC",
    de: "Dieser PC",
    es: "Este PC",
};
/// Heading: where the report is.
pub const REPORT: Words = Words {
    en: "Report",
    fr: "Rapport",
    de: "Bericht",
    es: "Informe",
};
/// Heading: the lines of the run.
pub const LOG: Words = Words {
    en: "Course",
    fr: "Déroulement",
    de: "Verlauf",
    es: "Desarrollo",
};
/// Heading: advice and notes as the report has them.
pub const NOTES: Words = Words {
    en: "Notes",
    fr: "Notes",
    de: "Hinweise",
    es: "Notas",
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

/// All texts of which a screen is made, for the tests.
pub const ALL_WORDS: [Words; 55] = [
    LEAVE_IN,
    KEY_CLEAR,
    KEY_CODE,
    KEY_NEXT_CODE,
    CODE_OF,
    SCAN_REPORT,
    ESCAPE,
    KEY_UNDO,
    KEY_UNPROTECTED,
    CAN_BE_UNDONE,
    NO_PROTECTION,
    NOTHING_ELSE,
    REJECTED,
    HEALTH,
    KEY_REPAIR,
    KEY_DETAILS,
    KEY_NOTHING,
    KEY_RESTART,
    KEY_BACK,
    KEY_SCROLL,
    ENTER,
    NOTHING_IS_WRITTEN,
    DO_NOT_SWITCH_OFF,
    CAN_BE_FIXED,
    DIAGNOSED_ONLY,
    BOTH_CAN_BE_UNDONE,
    TAKE_OUT,
    TAKE_OUT_TO_RESTART,
    STICK_IS_OUT,
    SWITCHING_OFF,
    SWITCH_OFF_YOURSELF,
    REPORT_SAVED,
    REPORT_NOT_SAVED,
    LEFT,
    MORE,
    DETAILS,
    EVIDENCE,
    PLAN,
    CANDIDATES,
    CHANGES,
    MACHINE,
    REPORT,
    LOG,
    NOTES,
    ACCEPTED,
    REFUSED,
    STICK,
    PC,
    RUNS,
    GUARD,
    FOUND,
    WILL,
    DONE,
    NEXT,
    NOW,
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
        let all = ALL_WORDS.into_iter().chain([NOTE]).chain(of_disks);
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
