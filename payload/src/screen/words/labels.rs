//! Labels, which stand in a narrow column before the rows of a page.

use super::Words;

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

/// All labels.
pub const ALL_LABELS: [Words; 11] = [
    PC, RUNS, GUARD, FOUND, WILL, DONE, NEXT, NOTE, NOW, REJECTED, HEALTH,
];
