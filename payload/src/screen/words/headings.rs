//! Headings of the details and of the report.

use super::Words;

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

/// All headings.
pub const ALL_HEADINGS: [Words; 9] = [
    DETAILS, EVIDENCE, PLAN, CANDIDATES, CHANGES, MACHINE, REPORT, LOG, NOTES,
];
