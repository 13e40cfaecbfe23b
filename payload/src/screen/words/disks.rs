//! What the details say of a disk.

use rescue_stick::report::health::Condition;

use super::Words;

/// Heading: what the disks say of themselves.
pub const DISKS: Words = Words {
    en: "Disks, as they tell it (SMART)",
    fr: "Disques, d'après eux-mêmes (SMART)",
    de: "Platten nach eigener Auskunft (SMART)",
    es: "Discos, según ellos mismos (SMART)",
};
/// Sectors that were replaced.
pub const REALLOCATED: Words = Words {
    en: "sectors replaced by spare ones",
    fr: "secteurs remplacés par des secteurs de réserve",
    de: "durch Reserve ersetzte Sektoren",
    es: "sectores sustituidos por otros de reserva",
};
/// Sectors that could not be read.
pub const PENDING: Words = Words {
    en: "sectors waiting to be replaced",
    fr: "secteurs en attente de remplacement",
    de: "Sektoren, die auf Ersatz warten",
    es: "sectores a la espera de sustitución",
};
/// Sectors that are lost.
pub const UNCORRECTABLE: Words = Words {
    en: "sectors lost",
    fr: "secteurs perdus",
    de: "verlorene Sektoren",
    es: "sectores perdidos",
};
/// Errors of an NVMe disk's medium.
pub const MEDIA_ERRORS: Words = Words {
    en: "media errors",
    fr: "erreurs du support",
    de: "Fehler des Datenträgers",
    es: "errores del soporte",
};
/// Hours that it was on.
pub const POWER_ON_HOURS: Words = Words {
    en: "hours on",
    fr: "heures de marche",
    de: "Betriebsstunden",
    es: "horas encendido",
};
/// How much of its life is used.
pub const WEAR: Words = Words {
    en: "per cent of its life used",
    fr: "pour cent de sa vie consommés",
    de: "Prozent der Lebensdauer verbraucht",
    es: "por ciento de su vida gastado",
};
/// How much of its spare is left.
pub const SPARE: Words = Words {
    en: "per cent of its spare left",
    fr: "pour cent de sa réserve restants",
    de: "Prozent der Reserve übrig",
    es: "por ciento de su reserva disponible",
};
/// Its temperature.
pub const TEMPERATURE: Words = Words {
    en: "temperature",
    fr: "température",
    de: "Temperatur",
    es: "temperatura",
};
/// Before a serial number.
pub const SERIAL_NUMBER: Words = Words {
    en: "serial number",
    fr: "numéro de série",
    de: "Seriennummer",
    es: "número de serie",
};

/// Returns the word for a disk's condition.
pub fn of_condition(condition: Condition) -> Words {
    match condition {
        Condition::NotTold => Words {
            en: "does not tell",
            fr: "ne dit rien",
            de: "sagt nichts",
            es: "no lo dice",
        },
        Condition::Good => Words {
            en: "good",
            fr: "bon",
            de: "gut",
            es: "bueno",
        },
        Condition::Worn => Words {
            en: "worn",
            fr: "usé",
            de: "abgenutzt",
            es: "gastado",
        },
        Condition::Failing => Words {
            en: "FAILING",
            fr: "DÉFAILLANT",
            de: "VERSAGT",
            es: "FALLANDO",
        },
    }
}

/// All texts of this file, for the tests.
pub const ALL_DISK_WORDS: [Words; 10] = [
    DISKS,
    REALLOCATED,
    PENDING,
    UNCORRECTABLE,
    MEDIA_ERRORS,
    POWER_ON_HOURS,
    WEAR,
    SPARE,
    TEMPERATURE,
    SERIAL_NUMBER,
];
