//! Terms of a report in the language of the person: what is no sentence, but a name of a language, a stage, a
//! start of a service, or what something is for.

use super::{Language, Words, page};

/// One term.
struct Term {
    /// As the report has it, and as it is in English.
    report: &'static str,
    words: Words,
}

const fn term(en: &'static str, [fr, de, es]: [&'static str; 3]) -> Term {
    Term {
        report: en,
        words: Words { en, fr, de, es },
    }
}

/// Every term.
#[rustfmt::skip] // A term a line, its languages beside each other.
const ALL_TERMS: &[Term] = &[
    // Stages.
    term("start", ["démarrage", "Start", "arranque"]),
    term("modules", ["pilotes", "Treiber", "controladores"]),
    term("stick", ["clé", "Stick", "memoria"]),
    term("proof", ["contrôle de la clé", "Prüfung des Sticks", "control de la memoria"]),
    term("detect", ["détection", "Erkennung", "detección"]),
    term("health", ["état de santé", "Gesundheit", "estado"]),
    term("diagnose", ["diagnostic", "Diagnose", "diagnóstico"]),
    term("plan", ["plan", "Plan", "plan"]),
    term("wait", ["attente", "Warten", "espera"]),
    term("apply", ["préparation", "Vorbereitung", "preparación"]),
    term("check", ["vérification", "Prüfung", "comprobación"]),
    term("commit", ["écriture", "Schreiben", "escritura"]),
    term("verify", ["relecture", "Nachprüfung", "verificación"]),
    // Languages of Windows.
    term("Arabic", ["arabe", "Arabisch", "árabe"]),
    term("Chinese", ["chinois", "Chinesisch", "chino"]),
    term("Czech", ["tchèque", "Tschechisch", "checo"]),
    term("Danish", ["danois", "Dänisch", "danés"]),
    term("German", ["allemand", "Deutsch", "alemán"]),
    term("Greek", ["grec", "Griechisch", "griego"]),
    term("English", ["anglais", "Englisch", "inglés"]),
    term("Spanish", ["espagnol", "Spanisch", "español"]),
    term("Finnish", ["finnois", "Finnisch", "finés"]),
    term("French", ["français", "Französisch", "francés"]),
    term("Hebrew", ["hébreu", "Hebräisch", "hebreo"]),
    term("Hungarian", ["hongrois", "Ungarisch", "húngaro"]),
    term("Italian", ["italien", "Italienisch", "italiano"]),
    term("Japanese", ["japonais", "Japanisch", "japonés"]),
    term("Korean", ["coréen", "Koreanisch", "coreano"]),
    term("Dutch", ["néerlandais", "Niederländisch", "neerlandés"]),
    term("Norwegian", ["norvégien", "Norwegisch", "noruego"]),
    term("Polish", ["polonais", "Polnisch", "polaco"]),
    term("Portuguese", ["portugais", "Portugiesisch", "portugués"]),
    term("Russian", ["russe", "Russisch", "ruso"]),
    term("Swedish", ["suédois", "Schwedisch", "sueco"]),
    term("Turkish", ["turc", "Türkisch", "turco"]),
    // How a service starts, and what is there instead.
    term("boot", ["amorçage", "Startvorgang", "arranque"]),
    term("system", ["système", "System", "sistema"]),
    term("automatic", ["automatique", "automatisch", "automático"]),
    term("manual", ["manuel", "manuell", "manual"]),
    term("disabled", ["désactivé", "deaktiviert", "deshabilitado"]),
    term("unknown", ["inconnu", "unbekannt", "desconocido"]),
    term("not there", ["absent", "nicht da", "no está"]),
    term("no value", ["aucune valeur", "kein Wert", "ningún valor"]),
    // What services are for.
    term("power and devices", ["alimentation et périphériques", "Energie und Geräte", "energía y dispositivos"]),
    term("the bus of the devices", ["le bus des périphériques", "der Bus der Geräte", "el bus de los dispositivos"]),
    term("disks", ["disques", "Festplatten", "discos"]),
    term("partitions", ["partitions", "Partitionen", "particiones"]),
    term("volumes", ["volumes", "Volumes", "volúmenes"]),
    term("drive letters", ["lettres de lecteur", "Laufwerksbuchstaben", "letras de unidad"]),
    term("shadow copies", ["clichés instantanés", "Schattenkopien", "instantáneas"]),
    term("security of the kernel", ["sécurité du noyau", "Sicherheit des Kerns", "seguridad del núcleo"]),
    term("encryption", ["chiffrement", "Verschlüsselung", "cifrado"]),
    term("network paths", ["chemins réseau", "Netzwerkpfade", "rutas de red"]),
    term("network cards", ["cartes réseau", "Netzwerkkarten", "tarjetas de red"]),
    term("file filters", ["filtres de fichiers", "Dateifilter", "filtros de archivos"]),
    term("drivers", ["pilotes", "Treiber", "controladores"]),
    term("the network", ["le réseau", "das Netzwerk", "la red"]),
    term("calls between programs", ["appels entre programmes", "Aufrufe zwischen Programmen", "llamadas entre programas"]),
    term("starting of other services", ["démarrage d'autres services", "Start anderer Dienste", "inicio de otros servicios"]),
    term("devices", ["périphériques", "Geräte", "dispositivos"]),
    term("event logs", ["journaux d'événements", "Ereignisprotokolle", "registros de eventos"]),
    term("accounts", ["comptes", "Konten", "cuentas"]),
    term("signatures of files", ["signatures de fichiers", "Signaturen von Dateien", "firmas de archivos"]),
    term("power", ["alimentation", "Energie", "energía"]),
    term("profiles of users", ["profils d'utilisateurs", "Benutzerprofile", "perfiles de usuario"]),
    term("filtering of the network", ["filtrage du réseau", "Filterung des Netzwerks", "filtrado de la red"]),
    // What a system file that is missing means.
    term("no service starts", ["aucun service ne démarre", "kein Dienst startet", "no inicia ningún servicio"]),
    term("nobody can sign in", ["personne ne peut ouvrir de session", "niemand kann sich anmelden", "nadie puede iniciar sesión"]),
    term("signing in ends at once", ["la session se ferme aussitôt", "die Anmeldung endet sofort", "la sesión se cierra enseguida"]),
    term("there is no desktop", ["il n'y a pas de bureau", "es gibt keinen Desktop", "no hay escritorio"]),
    term("there is no network", ["il n'y a pas de réseau", "es gibt kein Netzwerk", "no hay red"]),
    term("blue screen c0000135", ["écran bleu c0000135", "Bluescreen c0000135", "pantalla azul c0000135"]),
    term("blue screen c000021a", ["écran bleu c000021a", "Bluescreen c000021a", "pantalla azul c000021a"]),
    term("the volume cannot be read", ["le volume est illisible", "das Volume ist nicht lesbar", "el volumen no se puede leer"]),
    term("disks are not found", ["les disques ne sont pas trouvés", "Festplatten werden nicht gefunden", "no se encuentran los discos"]),
    term("no program starts", ["aucun programme ne démarre", "kein Programm startet", "no inicia ningún programa"]),
    term("the kernel does not start", ["le noyau ne démarre pas", "der Kern startet nicht", "el núcleo no inicia"]),
];

fn find(text: &str) -> Option<&'static Term> {
    ALL_TERMS.iter().find(|term| term.report == text)
}

/// Returns a term in a language; what is none stays as it is.
pub fn in_language(text: &str, language: Language) -> &str {
    find(text).map_or(text, |term| term.words.in_language(language))
}

/// Returns a list, `Windows XP (5.1.2600), French, i386`, with the terms in it in a language.
pub fn in_list(text: &str, language: Language) -> String {
    let parts = text.split(", ").map(|part| in_language(part, language));
    parts.collect::<Vec<_>>().join(", ")
}

/// Returns a value with its meaning, `4 (disabled)`, with the meaning in a language.
pub fn in_value(text: &str, language: Language) -> String {
    let parts = text
        .strip_suffix(')')
        .and_then(|text| text.split_once(" ("));
    match parts {
        Some((value, meaning)) => format!("{value} ({})", in_language(meaning, language)),
        None => in_language(text, language).to_owned(),
    }
}

/// Returns the line of a security product, `NAME, DAT 5958.0000 of 2010/04/21, engine 5400.1158`, in a language.
pub fn in_product(line: &str, language: Language) -> String {
    let (line, engine) = match line.rsplit_once(", engine ") {
        Some((line, engine)) => (line, Some(engine)),
        None => (line, None),
    };
    let is_date = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    let dated = line.rsplit_once(" of ").filter(|(_, date)| is_date(date));
    let mut text = match dated {
        Some((version, date)) => page::fill(page::OF_DATE, &[version, date], language),
        None => line.to_owned(),
    };
    if let Some(engine) = engine {
        text = format!("{text}, {}", page::fill(page::ENGINE, &[engine], language));
    }
    text
}

/// Tells whether a term is in the table, for the tests of whoever says it.
#[cfg(test)]
pub(crate) fn is_term(text: &str) -> bool {
    find(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::words::{ALL_LANGUAGES, is_in_every_font};

    #[test]
    fn terms_are_there_once_and_can_be_shown() {
        for term in ALL_TERMS {
            let same = ALL_TERMS.iter().filter(|one| one.report == term.report);
            assert_eq!(same.count(), 1, "{}", term.report);
            for text in ALL_LANGUAGES.map(|language| term.words.in_language(language)) {
                assert!(!text.is_empty() && text.chars().count() <= 40, "{text}");
                assert!(text.chars().all(is_in_every_font), "{text}");
            }
        }
    }

    #[test]
    fn the_line_of_a_product_is_said_in_every_language() {
        let line = "VirusScan 8.7.0.570, DAT 5958.0000 of 2010/04/21, engine 5400.1158";
        assert_eq!(in_product(line, Language::English), line);
        let french = "VirusScan 8.7.0.570, DAT 5958.0000 du 2010/04/21, moteur 5400.1158";
        assert_eq!(in_product(line, Language::French), french);
        let name = "Bank of Example Guard 3";
        assert_eq!(in_product(name, Language::French), name);
    }

    #[test]
    fn terms_are_found_in_lists_and_behind_values() {
        let french = Language::French;
        let windows = "Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386";
        let expect = "Microsoft Windows XP Service Pack 3 (5.1.2600), français, i386";
        assert_eq!(in_list(windows, french), expect);
        assert_eq!(in_list(windows, Language::English), windows);
        assert_eq!(in_value("4 (disabled)", french), "4 (désactivé)");
        assert_eq!(in_value("no value", french), "aucune valeur");
        let path = "C:\\x.exe (copy)";
        assert_eq!(in_value(path, french), path);
        assert_eq!(in_language("language 0400", french), "language 0400");
    }
}
