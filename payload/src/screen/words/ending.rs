//! What the person does at the end of a run, and where its report is.

use super::Words;

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

/// Once the stick is out, when the next start from it has something to finish.
pub const PUT_BACK_TO_FINISH: Words = Words {
    en: "Put the stick back and press Enter: the next start finishes it.",
    fr: "Remettez la clé et appuyez sur Entrée : le prochain démarrage achèvera.",
    de: "Stick wieder einstecken, Enter drücken: Der nächste Start beendet es.",
    es: "Vuelva a poner la memoria y pulse Intro: el próximo inicio lo acabará.",
};

/// Once the stick is out and the report is nowhere but in memory.
pub const PUT_BACK_TO_SAVE: Words = Words {
    en: "Put the stick back: it still lacks the report. Enter ends without it.",
    fr: "Remettez la clé : il y manque le rapport. Entrée termine sans lui.",
    de: "Stick wieder einstecken: Ihm fehlt der Bericht. Enter endet ohne ihn.",
    es: "Vuelva a poner la memoria: le falta el informe. Intro acaba sin él.",
};

/// At the end, when the report is nowhere but in memory and in a code.
pub const SCAN_BEFORE_END: Words = Words {
    en: "The report is in memory alone: scan it with [Q], then press Enter.",
    fr: "Le rapport n'est qu'en mémoire : scannez-le avec [Q], puis Entrée.",
    de: "Der Bericht ist nur im Speicher: Mit [Q] scannen, dann Enter drücken.",
    es: "El informe solo está en memoria: léalo con [Q] y pulse Intro.",
};

/// At the end, when the report is nowhere but in memory.
pub const ONLY_IN_MEMORY: Words = Words {
    en: "The report is in memory alone: read it with [D], then press Enter.",
    fr: "Le rapport n'est qu'en mémoire : lisez-le avec [D], puis Entrée.",
    de: "Der Bericht ist nur im Speicher: Mit [D] lesen, dann Enter drücken.",
    es: "El informe solo está en memoria: léalo con [D] y pulse Intro.",
};

/// At the end of a run that switches the PC off, but not by itself.
pub const SWITCH_OFF_BY_KEY: Words = Words {
    en: "Press Enter to switch this PC off.",
    fr: "Appuyez sur Entrée pour éteindre ce PC.",
    de: "Drücken Sie Enter, um den PC auszuschalten.",
    es: "Pulse Intro para apagar este PC.",
};

/// The report is on the PC and not on the stick.
pub const REPORT_ON_PC: Words = Words {
    en: "REPORT ON THIS PC",
    fr: "RAPPORT SUR CE PC",
    de: "BERICHT AUF DIESEM PC",
    es: "INFORME EN ESTE PC",
};

/// All of them.
pub const ALL_ENDINGS: [Words; 14] = [
    TAKE_OUT,
    TAKE_OUT_TO_RESTART,
    LEAVE_IN,
    STICK_IS_OUT,
    SWITCHING_OFF,
    SWITCH_OFF_YOURSELF,
    REPORT_SAVED,
    REPORT_NOT_SAVED,
    PUT_BACK_TO_FINISH,
    PUT_BACK_TO_SAVE,
    SCAN_BEFORE_END,
    ONLY_IN_MEMORY,
    SWITCH_OFF_BY_KEY,
    REPORT_ON_PC,
];
