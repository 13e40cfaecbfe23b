//! The words of pages for paper, in four languages.

use crate::collect::outcome::ALL_OUTCOMES;

/// Words in the order of [`ALL_LANGUAGES`](crate::collect::factors::sentence::ALL_LANGUAGES).
pub(super) type Words = [&'static str; 4];

pub(super) const VISIT_LIST: Words = [
    "Machines left to visit",
    "Machines restant à visiter",
    "Noch zu besuchende Computer",
    "Equipos por visitar",
];
pub(super) const NOTHING_LEFT: Words = [
    "Nothing is left to visit.",
    "Il ne reste rien à visiter.",
    "Es bleibt nichts zu besuchen.",
    "No queda nada por visitar.",
];
pub(super) const NO_SITE: Words = [
    "no site given",
    "site non indiqué",
    "ohne Standort",
    "sin sede",
];
pub(super) const MACHINE: Words = ["Machine", "Machine", "Computer", "Equipo"];
pub(super) const SERIAL: Words = ["Serial", "N° de série", "Seriennummer", "N.º de serie"];
pub(super) const CONTACT: Words = ["Contact", "Contact", "Kontakt", "Contacto"];
pub(super) const STATE: Words = ["State", "État", "Stand", "Estado"];
pub(super) const TO_DO: Words = ["What to do", "À faire", "Was zu tun ist", "Qué hacer"];
pub(super) const UNVISITED: Words = [
    "not visited yet",
    "pas encore visitée",
    "noch nicht besucht",
    "aún sin visitar",
];
pub(super) const VISIT: Words = ["Visit", "Visite", "Einsatz", "Visita"];
pub(super) const CLAIMS: Words = [
    "Visits and what they cost",
    "Visites et leurs coûts",
    "Einsätze und ihre Kosten",
    "Visitas y su coste",
];
pub(super) const DAY: Words = ["Day", "Jour", "Tag", "Día"];
pub(super) const SITE: Words = ["Site", "Site", "Standort", "Sede"];
pub(super) const TECHNICIAN: Words = ["Technician", "Technicien", "Techniker", "Técnico"];
pub(super) const TICKET: Words = ["Ticket", "Ticket", "Ticket", "Incidencia"];
pub(super) const STICKS: Words = ["Sticks", "Clés", "Sticks", "Memorias"];
pub(super) const FIRST_BOOT: Words = [
    "First boot",
    "Premier démarrage",
    "Erster Start",
    "Primer arranque",
];
pub(super) const LAST_FINISH: Words = ["Last finish", "Dernière fin", "Letztes Ende", "Último fin"];
pub(super) const ON_SITE: Words = [
    "Minutes on site",
    "Minutes sur site",
    "Minuten vor Ort",
    "Minutos en la sede",
];
pub(super) const MACHINES: Words = ["Machines", "Machines", "Computer", "Equipos"];
pub(super) const OUTCOME: Words = ["Outcome", "Résultat", "Ergebnis", "Resultado"];
pub(super) const MINUTES: Words = [
    "Minutes of work",
    "Minutes de travail",
    "Minuten Arbeit",
    "Minutos de trabajo",
];
pub(super) const PARTNER: Words = ["Partner", "Partenaire", "Partner", "Socio"];
pub(super) const TRAVEL: Words = ["Travel", "Déplacement", "Fahrt", "Desplazamiento"];
pub(super) const EXPENSES: Words = ["Expenses", "Frais", "Auslagen", "Gastos"];
pub(super) const LABOUR: Words = [
    "Hours on site",
    "Heures sur site",
    "Stunden vor Ort",
    "Horas en la sede",
];
pub(super) const REPAIRS: Words = [
    "Repaired machines",
    "Machines réparées",
    "Reparierte Computer",
    "Equipos reparados",
];
pub(super) const TOTAL: Words = ["Total", "Total", "Summe", "Total"];
pub(super) const REPORTS: Words = [
    "Signed reports",
    "Rapports signés",
    "Signierte Berichte",
    "Informes firmados",
];
pub(super) const MORE: Words = [
    "further ones in claims-evidence.csv",
    "les autres dans claims-evidence.csv",
    "weitere in claims-evidence.csv",
    "los demás en claims-evidence.csv",
];
pub(super) const NOT_BORNE_OUT: Words = [
    "Not borne out by signed reports, hence not counted",
    "Non étayé par des rapports signés, donc non compté",
    "Durch keinen signierten Bericht belegt, daher nicht gezählt",
    "Sin informes firmados que lo respalden, por eso no cuenta",
];
pub(super) const SIGNED_BY: Words = [
    "Confirmed by",
    "Confirmé par",
    "Bestätigt durch",
    "Confirmado por",
];
pub(super) const UTC: Words = [
    "Times are in UTC.",
    "Heures en UTC.",
    "Zeiten in UTC.",
    "Horas en UTC.",
];

pub(super) const OUTCOMES: [Words; ALL_OUTCOMES.len()] = [
    ["Repaired", "Réparée", "Repariert", "Reparado"],
    ["Healthy", "Saine", "Gesund", "Sano"],
    ["Taken back", "Annulée", "Zurückgenommen", "Deshecho"],
    ["Affected", "Touchée", "Betroffen", "Afectado"],
    [
        "Needs a key",
        "Clé nécessaire",
        "Schlüssel nötig",
        "Necesita clave",
    ],
    [
        "Needs a person",
        "À traiter",
        "Mensch nötig",
        "Requiere atención",
    ],
    [
        "Disk failing",
        "Disque défaillant",
        "Festplatte defekt",
        "Disco fallando",
    ],
    ["Left alone", "Non modifiée", "Nicht angefasst", "Sin tocar"],
    ["Failed", "Échec", "Fehlgeschlagen", "Fallido"],
];
