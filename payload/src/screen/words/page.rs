//! The words of `report.txt`. `{0}` and so on are filled in.

use super::{Language, Words};

/// Returns a text with its values, which are taken as they are.
pub(crate) fn fill(words: Words, values: &[&str], language: Language) -> String {
    let mut filled = String::new();
    let mut rest = words.in_language(language);
    while let Some((before, behind)) = rest.split_once('{') {
        let (place, behind) = behind.split_once('}').unwrap_or((behind, ""));
        let value = place
            .parse()
            .ok()
            .and_then(|place: usize| values.get(place));
        filled.push_str(before);
        filled.push_str(value.copied().unwrap_or_default());
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

/// Returns a text in every language.
const fn words([en, fr, de, es]: [&'static str; 4]) -> Words {
    Words { en, fr, de, es }
}

/// Makes constants, and a list of them for the tests.
macro_rules! all_words {
    ($list:ident, $doc:literal, $($name:ident = $texts:expr;)*) => {
        $(pub(crate) const $name: Words = words($texts);)*
        #[cfg(test)]
        #[doc = $doc]
        const $list: &[Words] = &[$($name),*];
    };
}

all_words! { ALL_NAMES, "Names of fields, which have a column of ten characters.",
    PC = ["PC", "PC", "PC", "PC"];
    STICK = ["Stick", "Clé", "Stick", "Memoria"];
    REPORT = ["Report", "Rapport", "Bericht", "Informe"];
    VISIT = ["Visit", "Visite", "Einsatz", "Visita"];
    KIT = ["Carries", "Contient", "Enthält", "Lleva"];
    STARTED = ["Started", "Début", "Beginn", "Inicio"];
    VOLUME = ["Volume", "Volume", "Volume", "Volumen"];
    NOTE = ["Note", "Note", "Hinweis", "Nota"];
    COMPUTER = ["Computer", "Ordinateur", "Computer", "Equipo"];
    WINDOWS = ["Windows", "Windows", "Windows", "Windows"];
    SECURITY = ["Security", "Antivirus", "Schutz", "Antivirus"];
    FOUND = ["Found", "Constat", "Befund", "Hallado"];
    LOOKED_AT = ["Looked at", "Examiné", "Angesehen", "Mirado"];
    PLAN = ["Plan", "Plan", "Plan", "Plan"];
    CHANGED = ["Changed", "Modifié", "Geändert", "Cambiado"];
    NEXT = ["Next", "À faire", "Weiter", "Ahora"];
    TIMES = ["Times", "Durées", "Zeiten", "Tiempos"];
    MACHINE = ["Machine", "Machine", "Gerät", "Máquina"];
    FIRMWARE = ["Firmware", "Firmware", "Firmware", "Firmware"];
    BOARD = ["Board", "Carte", "Platine", "Placa"];
    PROCESSOR = ["Processor", "Processeur", "Prozessor", "Procesador"];
    MEMORY = ["Memory", "Mémoire", "Speicher", "Memoria"];
    CLOCK = ["Clock", "Horloge", "Uhr", "Reloj"];
    SERVICE = ["Service", "Service", "Dienst", "Servicio"];
    FILES = ["Files", "Fichiers", "Dateien", "Archivos"];
    NOT_TOLD_NAME = ["Not told", "Inconnu", "Unbekannt", "Sin dato"];
}

all_words! { ALL_PHRASES, "What stands in the fields.",
    TITLE = ["mendkit report {0}", "rapport mendkit {0}", "mendkit-Bericht {0}", "informe de mendkit {0}"];
    HEALTH = ["Health", "État de santé", "Zustand", "Estado"];
    SIGNED = ["number {0} of this stick, signed by its key {1}", "numéro {0} de cette clé, signé par sa clé {1}", "Nummer {0} dieses Sticks, signiert mit seinem Schlüssel {1}", "número {0} de esta memoria, firmado con su clave {1}"];
    SIGNED_ASIDE = ["not taken by the stick, signed by its key {0}", "non pris par la clé, signé par sa clé {0}", "vom Stick nicht aufgenommen, signiert mit seinem Schlüssel {0}", "no aceptado por la memoria, firmado con su clave {0}"];
    UNSIGNED = ["unsigned: this stick has no key of its own", "non signé : cette clé n'a pas de clé de signature", "nicht signiert: Dieser Stick hat keinen eigenen Schlüssel", "sin firma: esta memoria no tiene clave propia"];
    BY_CLOCK = ["{0} by this PC's clock, took {1} s", "{0} selon l'horloge de ce PC, durée {1} s", "{0} nach der Uhr dieses PCs, Dauer {1} s", "{0} según el reloj de este PC, duró {1} s"];
    ON = ["{0} on {1}", "{0} sur {1}", "{0} auf {1}", "{0} en {1}"];
    ACCEPTED = ["accepted: {0}", "accepté : {0}", "angenommen: {0}", "aceptado: {0}"];
    REFUSED = ["refused: {0}", "refusé : {0}", "abgelehnt: {0}", "rechazado: {0}"];
    BEFORE = ["before {0}", "avant  {0}", "vorher  {0}", "antes   {0}"];
    AFTER = ["after  {0}", "après  {0}", "nachher {0}", "después {0}"];
    NOT_THERE = ["not there", "absent", "nicht da", "no está"];
    KEPT = ["the former file is kept in {0}", "l'ancien fichier est gardé dans {0}", "die frühere Datei liegt in {0}", "el archivo anterior está en {0}"];
    SERIAL = ["serial {0}", "n° de série {0}", "Seriennr. {0}", "n.º de serie {0}"];
    TECHNICIAN = ["technician {0}", "technicien {0}", "Techniker {0}", "técnico {0}"];
    SITE = ["site {0}", "site {0}", "Standort {0}", "sede {0}"];
    TICKET = ["ticket {0}", "ticket {0}", "Auftrag {0}", "orden {0}"];
    NOT_TOLD = ["not told: {0}", "inconnu : {0}", "unbekannt: {0}", "sin dato: {0}"];
    SECURE_BOOT_ON = ["Secure Boot on", "Secure Boot actif", "Secure Boot an", "Secure Boot activo"];
    SECURE_BOOT_OFF = ["Secure Boot off", "Secure Boot inactif", "Secure Boot aus", "Secure Boot inactivo"];
    SECURE_BOOT_NOT_TOLD = ["Secure Boot not told", "Secure Boot inconnu", "Secure Boot unbekannt", "Secure Boot sin dato"];
    VERSION = ["version {0}", "version {0}", "Version {0}", "versión {0}"];
    ASSET = ["inventory number {0}", "n° d'inventaire {0}", "Inventarnr. {0}", "n.º de inventario {0}"];
    OF_THEM = ["{0} of them", "au nombre de {0}", "{0} davon", "{0} de ellos"];
    NEWEST_FILE = ["newest file on its disk {0}", "fichier le plus récent de son disque {0}", "neueste Datei auf seiner Platte {0}", "archivo más nuevo de su disco {0}"];
    GOOD = ["good", "bon", "gut", "bueno"];
    WORN = ["worn", "usé", "abgenutzt", "gastado"];
    FAILING = ["FAILING", "DÉFAILLANT", "DEFEKT", "FALLA"];
    UNKNOWN = ["not told", "inconnu", "unbekannt", "sin dato"];
    IMAGE_FIRST = ["IMAGE THIS DISK FIRST; nothing was written to it", "COPIEZ D'ABORD CE DISQUE ; rien n'y a été écrit", "ERST DIESE PLATTE SICHERN; es wurde nichts auf sie geschrieben", "COPIE ANTES ESTE DISCO; no se ha escrito nada en él"];
    HOURS = ["{0} hours", "{0} heures", "{0} Stunden", "{0} horas"];
    REALLOCATED = ["{0} reallocated", "{0} réalloués", "{0} ersetzt", "{0} reasignados"];
    PENDING = ["{0} pending", "{0} en attente", "{0} wartend", "{0} pendientes"];
    UNCORRECTABLE = ["{0} uncorrectable", "{0} incorrigibles", "{0} nicht korrigierbar", "{0} incorregibles"];
    USED = ["{0} % used", "{0} % usé", "{0} % verbraucht", "{0} % usado"];
    SPARE = ["{0} % spare", "{0} % de réserve", "{0} % Reserve", "{0} % de reserva"];
    MEDIA_ERRORS = ["{0} media errors", "{0} erreurs du support", "{0} Medienfehler", "{0} errores del medio"];
    IS = ["{0}: {1}", "{0} : {1}", "{0}: {1}", "{0}: {1}"];
    FREE = ["{0} free", "{0} libres", "{0} frei", "{0} libres"];
    STARTS_WITH = ["starts with {0}", "démarre avec {0}", "startet mit {0}", "arranca con {0}"];
    NOT_LOOKED_AT = ["not looked at: {0}", "non examiné : {0}", "nicht angesehen: {0}", "no examinado: {0}"];
    SERVICE_PACK = ["service pack {0}", "service pack {0}", "Service Pack {0}", "service pack {0}"];
    INSTALLED = ["installed {0}", "installé {0}", "installiert {0}", "instalado {0}"];
    SHUT_DOWN = ["last shut down {0}", "arrêté le {0}", "zuletzt beendet {0}", "apagado {0}"];
    NAMED = ["computer {0}", "ordinateur {0}", "Computer {0}", "equipo {0}"];
    DOMAIN = ["domain {0}", "domaine {0}", "Domäne {0}", "dominio {0}"];
    TIME_ZONE = ["time zone {0}", "fuseau {0}", "Zeitzone {0}", "zona horaria {0}"];
    ONE_UPDATE = ["1 update", "1 mise à jour", "1 Update", "1 actualización"];
    UPDATES = ["{0} updates", "{0} mises à jour", "{0} Updates", "{0} actualizaciones"];
    ONE_PROGRAM = ["1 program", "1 programme", "1 Programm", "1 programa"];
    PROGRAMS = ["{0} programs", "{0} programmes", "{0} Programme", "{0} programas"];
    WAITING = [" ({0} wait for the next start)", " ({0} attendent le prochain démarrage)", " ({0} warten auf den nächsten Start)", " ({0} esperan al próximo arranque)"];
    ENGINE = ["engine {0}", "moteur {0}", "Engine {0}", "motor {0}"];
    DEFINITIONS = ["definitions {0}", "définitions {0}", "Definitionen {0}", "definiciones {0}"];
    OF_DATE = ["{0} of {1}", "{0} du {1}", "{0} vom {1}", "{0} del {1}"];
    SETTING_ON = ["{0}: on", "{0} : activé", "{0}: an", "{0}: activado"];
    SETTING_OFF = ["{0}: off", "{0} : désactivé", "{0}: aus", "{0}: desactivado"];
    SETTING_NOT_TOLD = ["{0}: not told", "{0} : inconnu", "{0}: unbekannt", "{0}: sin dato"];
    SERVICE_IS = ["{0} ({1}): {2} is {3}, expected {4}", "{0} ({1}) : {2} vaut {3}, attendu {4}", "{0} ({1}): {2} ist {3}, erwartet {4}", "{0} ({1}): {2} es {3}, se esperaba {4}"];
    FILES_ARE = ["{0} of {1} there; by catalog: {2} signed, {3} not listed, {4} not told", "{0} sur {1} présents ; par catalogue : {2} signés, {3} non listés, {4} inconnus", "{0} von {1} da; laut Katalog: {2} signiert, {3} nicht gelistet, {4} unbekannt", "{0} de {1} presentes; por catálogo: {2} firmados, {3} no listados, {4} sin dato"];
    IN_NO_CATALOG = ["{0} is in no catalog", "{0} n'est dans aucun catalogue", "{0} steht in keinem Katalog", "{0} no está en ningún catálogo"];
    MISSING = ["{0} is missing", "{0} manque", "{0} fehlt", "falta {0}"];
    EMPTY = ["{0} is empty", "{0} est vide", "{0} ist leer", "{0} está vacío"];
    UNREADABLE = ["{0} cannot be read", "{0} est illisible", "{0} ist nicht lesbar", "{0} no se puede leer"];
    AND_MORE = ["and {0} more, see report.json", "et {0} de plus, voir report.json", "und {0} weitere, siehe report.json", "y {0} más, vea report.json"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::words::ALL_LANGUAGES;

    #[test]
    fn values_are_taken_as_they_are() {
        let text = fill(
            OF_DATE,
            &["{1}", "svchost.exe is missing"],
            Language::German,
        );
        assert_eq!(text, "{1} vom svchost.exe is missing");
        assert_eq!(fill(OF_DATE, &["1"], Language::English), "1 of ");
    }

    #[test]
    fn names_fit_their_column_in_every_language() {
        for words in ALL_NAMES {
            for name in ALL_LANGUAGES.map(|language| words.in_language(language)) {
                assert!(!name.is_empty() && name.chars().count() <= 10, "{name}");
            }
        }
    }

    #[test]
    fn every_phrase_takes_the_same_values_in_every_language() {
        for words in ALL_PHRASES {
            let values = |text: &str| {
                let mut found: Vec<&str> = text.split('{').skip(1).map(|rest| &rest[..2]).collect();
                found.sort_unstable();
                found.join("")
            };
            for text in ALL_LANGUAGES.map(|language| words.in_language(language)) {
                assert!(!text.trim().is_empty());
                assert_eq!(values(text), values(words.en), "{text}");
            }
        }
    }
}
