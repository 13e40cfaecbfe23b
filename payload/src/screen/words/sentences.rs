//! Sentences of the repair in the language of the person.
//!
//! Reports are in English, whatever the screen's language is, so that those of many PCs can be laid side
//! by side. The screen shows a report's lines by this table: a sentence that is not in it stays English.
//!
//! A pattern has `{}` where a name or number stands; a text takes them by their number: `{0}` as it is,
//! `{0n}` the last name of a path, `{0f}` the name of the folder that holds it.

use std::borrow::Cow;

use super::{Language, Words};

/// One sentence.
struct Sentence {
    /// As the report has it.
    report: &'static str,
    /// As the screen has it.
    words: Words,
}

const fn sentence(report: &'static str, [en, fr, de, es]: [&'static str; 4]) -> Sentence {
    let words = Words { en, fr, de, es };
    Sentence { report, words }
}

/// Every sentence. The first pattern that matches counts, so narrow ones come before wide ones.
#[rustfmt::skip] // A sentence a line, its languages beside each other.
const ALL_SENTENCES: &[Sentence] = &[
    // Places, which occur in others.
    sentence("{} on {} is missing: {}", ["{0} on {1} is missing: {2}", "{0} manque, {1} : {2}", "{0} fehlt, {1}: {2}", "falta {0}, {1}: {2}"]),
    sentence("{} on {} is empty: {}", ["{0} on {1} is empty: {2}", "{0} est vide, {1} : {2}", "{0} ist leer, {1}: {2}", "{0} está vacío, {1}: {2}"]),
    sentence("{} on {} cannot be read: {}", ["{0} on {1} cannot be read: {2}", "{0} est illisible, {1} : {2}", "{0} ist nicht lesbar, {1}: {2}", "{0} no se puede leer, {1}: {2}"]),
    sentence("disk {}, partition {}", ["disk {0}, partition {1}", "disque {0}, partition {1}", "Festplatte {0}, Partition {1}", "disco {0}, partición {1}"]),
    // What is being done.
    sentence("Looking for the stick ...", ["Looking for the stick ...", "Recherche de la clé ...", "Der Stick wird gesucht ...", "Buscando la memoria ..."]),
    sentence("Checking the stick ...", ["Checking the stick ...", "Contrôle de la clé ...", "Der Stick wird geprüft ...", "Comprobando la memoria ..."]),
    sentence("A disk came up late, so this PC is looked at again.", ["A disk came up late, so this PC is looked at again.", "Un disque est apparu tard : ce PC est examiné de nouveau.", "Ein Datenträger kam spät hinzu, dieser PC wird neu untersucht.", "Un disco apareció tarde; este PC se examina de nuevo."]),
    sentence("Looking at this PC ...", ["Looking at this PC ...", "Examen de ce PC ...", "Dieser PC wird untersucht ...", "Examinando este PC ..."]),
    sentence("Writing {}, {} MB ...", ["Writing {0}, {1} MB ...", "Écriture de {0}, {1} Mo ...", "{0} wird geschrieben, {1} MB ...", "Escribiendo {0}, {1} MB ..."]),
    sentence("Writing {} ...", ["Writing {0} ...", "Écriture de {0} ...", "{0} wird geschrieben ...", "Escribiendo {0} ..."]),
    sentence("Checking the repair before it is made real ...", ["Checking the repair before it is made real ...", "Vérification avant l'écriture définitive ...", "Die Reparatur wird vor dem Schreiben geprüft ...", "Comprobando la reparación antes de aplicarla ..."]),
    sentence("Making the repair real ...", ["Making the repair real ...", "Écriture définitive ...", "Die Reparatur wird geschrieben ...", "Aplicando la reparación ..."]),
    sentence("Checking what was written ...", ["Checking what was written ...", "Relecture de ce qui a été écrit ...", "Das Geschriebene wird geprüft ...", "Comprobando lo escrito ..."]),
    sentence("\\{} on {}: {}", ["\\{0} on {1}: {2}", "\\{0}, {1} : {2}", "\\{0}, {1}: {2}", "\\{0}, {1}: {2}"]),
    sentence("Putting back what was there before ...", ["Putting back what was there before ...", "Remise en place de ce qui était là avant ...", "Der frühere Stand wird zurückgelegt ...", "Reponiendo lo que había antes ..."]),
    sentence("Making it real ...", ["Making it real ...", "Écriture définitive ...", "Es wird geschrieben ...", "Aplicando ..."]),
    sentence("its journal cannot be opened", ["its journal cannot be opened", "son journal ne s'ouvre pas", "sein Journal lässt sich nicht öffnen", "su diario no se puede abrir"]),
    sentence("{}: the stick cannot be written: {}", ["{0}: the stick cannot be written: {1}", "{0} : impossible d'écrire sur la clé : {1}", "{0}: auf den Stick lässt sich nicht schreiben: {1}", "{0}: no se puede escribir en la memoria: {1}"]),
    // Findings.
    sentence("{} is in use", ["{0} is in use", "{0} est en service", "{0} ist in Gebrauch", "{0} está en uso"]),
    sentence("{} is missing", ["{0} is missing", "{0} manque", "{0} fehlt", "falta {0}"]),
    sentence("{} is empty", ["{0} is empty", "{0} est vide", "{0} ist leer", "{0} está vacío"]),
    sentence("{} is there and should not be", ["{0} is there and should not be", "{0} est présent et ne devrait pas l'être", "{0} ist da und sollte es nicht sein", "{0} está ahí y no debería"]),
    sentence("a setting is {}, wanted is {}", ["a setting is {0}, wanted is {1}", "un réglage vaut {0} au lieu de {1}", "eine Einstellung ist {0} statt {1}", "un ajuste es {0} en vez de {1}"]),
    sentence("{} files were taken into quarantine", ["{0} files were taken into quarantine", "{0} fichiers ont été mis en quarantaine", "{0} Dateien kamen in Quarantäne", "{0} archivos fueron puestos en cuarentena"]),
    sentence("the registry is not in order", ["the registry is not in order", "le registre n'est pas en ordre", "die Registrierung ist nicht in Ordnung", "el registro no está en orden"]),
    sentence("the volume was not shut down cleanly", ["the volume was not shut down cleanly", "le volume n'a pas été fermé proprement", "das Volume wurde nicht sauber geschlossen", "el volumen no se cerró correctamente"]),
    sentence("Windows is hibernated on this volume", ["Windows is hibernated on this volume", "Windows est en veille prolongée sur ce volume", "Windows ist auf diesem Volume im Ruhezustand", "Windows está hibernado en este volumen"]),
    sentence("the volume cannot be read", ["the volume cannot be read", "le volume est illisible", "das Volume ist nicht lesbar", "el volumen no se puede leer"]),
    sentence("it cannot be told whether {} applies", ["it cannot be told whether {0} applies", "impossible de dire si {0} s'applique", "ob {0} zutrifft, lässt sich nicht sagen", "no se puede saber si {0} corresponde"]),
    sentence("{}: its state cannot be told", ["{0n}: its state cannot be told", "{0n} : état indéterminé", "{0n}: Zustand nicht feststellbar", "{0n}: estado desconocido"]),
    sentence("{}: its state cannot be told: {}", ["{0n}: its state cannot be told: {1}", "{0n} : état indéterminé : {1}", "{0n}: Zustand nicht feststellbar: {1}", "{0n}: estado desconocido: {1}"]),
    // What disks say of themselves.
    sentence("{} sectors were replaced by spare ones", ["{0} sectors were replaced by spare ones", "{0} secteurs ont été remplacés par des secteurs de réserve", "{0} Sektoren wurden durch Reserve ersetzt", "{0} sectores fueron sustituidos por otros de reserva"]),
    sentence("{} sectors cannot be read and wait to be replaced", ["{0} sectors cannot be read and wait to be replaced", "{0} secteurs illisibles attendent d'être remplacés", "{0} Sektoren sind nicht lesbar und warten auf Ersatz", "{0} sectores no se pueden leer y esperan sustitución"]),
    sentence("{} sectors could not be read when the disk tested itself", ["{0} sectors could not be read when the disk tested itself", "{0} secteurs étaient illisibles lors de l'autotest du disque", "{0} Sektoren waren beim Selbsttest der Platte nicht lesbar", "{0} sectores no se pudieron leer en la autoprueba del disco"]),
    sentence("{} reads or writes lost their data", ["{0} reads or writes lost their data", "{0} lectures ou écritures ont perdu leurs données", "{0} Lese- oder Schreibzugriffe verloren ihre Daten", "{0} lecturas o escrituras perdieron sus datos"]),
    sentence("{} percent of its life are used", ["{0} percent of its life are used", "{0} % de sa vie sont consommés", "{0} % der Lebensdauer sind verbraucht", "{0} % de su vida está gastado"]),
    sentence("the disk itself says that it is about to fail", ["the disk itself says that it is about to fail", "le disque lui-même annonce sa panne", "die Platte meldet selbst, dass sie bald ausfällt", "el propio disco avisa de que va a fallar"]),
    sentence("its spare capacity is used up", ["its spare capacity is used up", "sa capacité de réserve est épuisée", "ihre Reserve ist aufgebraucht", "su capacidad de reserva está agotada"]),
    sentence("it is too hot or too cold", ["it is too hot or too cold", "il est trop chaud ou trop froid", "sie ist zu heiß oder zu kalt", "está demasiado caliente o frío"]),
    sentence("it says that it is no longer reliable", ["it says that it is no longer reliable", "il dit ne plus être fiable", "sie meldet, dass sie nicht mehr verlässlich ist", "avisa de que ya no es fiable"]),
    sentence("it has made itself read-only", ["it has made itself read-only", "il s'est mis en lecture seule", "sie hat sich schreibgeschützt", "se ha puesto en solo lectura"]),
    sentence("what backs up its memory has failed", ["what backs up its memory has failed", "la sauvegarde de sa mémoire est en panne", "die Sicherung ihres Speichers ist ausgefallen", "ha fallado el respaldo de su memoria"]),
    sentence("its persistent memory has become read-only or unreliable", ["its persistent memory has become read-only or unreliable", "sa mémoire persistante est en lecture seule ou peu fiable", "ihr dauerhafter Speicher ist schreibgeschützt oder unzuverlässig", "su memoria persistente es de solo lectura o poco fiable"]),
    // Steps of a plan.
    sentence("replace  {} by {} in {}, {}", ["replace {0} by {1}  ({3})", "remplacer {0} par {1}  ({3})", "{0} durch {1} ersetzen  ({3})", "reemplazar {0} por {1}  ({3})"]),
    sentence("add      {} to {}, {}", ["add {0}  ({2})", "ajouter {0}  ({2})", "{0} hinzufügen  ({2})", "añadir {0}  ({2})"]),
    sentence("restore  {} from the quarantine of {}, taken for {}", ["put back {0} from the quarantine of {1}", "remettre {0} depuis la quarantaine de {1}", "{0} aus der Quarantäne von {1} zurückholen", "recuperar {0} de la cuarentena de {1}"]),
    sentence("restore  {} of {} as before the repair", ["put back {0} of {1n}", "remettre {0} de {1n}", "{0} aus {1n} zurücklegen", "reponer {0} de {1n}"]),
    sentence("leave    as it is now:", ["leave as it is now:", "laisser en l'état :", "so lassen, wie es jetzt ist:", "dejar como está ahora:"]),
    sentence("mark     the repair as undone in {}", ["mark the repair as undone in {0n}", "noter dans {0n} que la réparation est annulée", "in {0n} vermerken, dass die Reparatur zurückgenommen ist", "anotar en {0n} que la reparación está deshecha"]),
    sentence("restore  {} from the stick", ["put back {0n} from the stick", "remettre {0n} depuis la clé", "{0n} vom Stick zurücklegen", "reponer {0n} desde la memoria"]),
    sentence("restore  {} from {}", ["put back {0n} from {1f}", "remettre {0n} depuis {1f}", "{0n} aus {1f} zurücklegen", "reponer {0n} desde {1f}"]),
    sentence("remove   {} files of {}", ["set aside {0} files of {1}", "mettre de côté {0} fichiers de {1}", "{0} Dateien aus {1} beiseitelegen", "apartar {0} archivos de {1}"]),
    sentence("remove   {}", ["set aside {0n}", "mettre de côté {0n}", "{0n} beiseitelegen", "apartar {0n}"]),
    sentence("rename   {} to {}", ["rename {0n} to {1}", "renommer {0n} en {1}", "{0n} in {1} umbenennen", "renombrar {0n} a {1}"]),
    sentence("set      {}", ["set {0}", "régler {0}", "{0} setzen", "ajustar {0}"]),
    sentence("note     {}", ["{0}", "{0}", "{0}", "{0}"]),
    sentence("{} for {}, signed by Microsoft ({})", ["signed by Microsoft, {0}", "signé par Microsoft, {0}", "von Microsoft signiert, {0}", "firmado por Microsoft, {0}"]),
    sentence("{} for {}, identity matches; not proven by signature", ["identity matches, {0}; not proven by signature", "identité conforme, {0} ; pas de preuve par signature", "Identität stimmt, {0}; nicht durch Signatur belegt", "la identidad coincide, {0}; sin prueba de firma"]),
    sentence("each is signed by Microsoft", ["each is signed by Microsoft", "chacun signé par Microsoft", "jede von Microsoft signiert", "cada uno firmado por Microsoft"]),
    // What a person accepts, and what they are told.
    sentence("Windows did not shut this volume down cleanly; what its own journal has not finished will be dropped", ["Windows did not shut this volume down cleanly; what its own journal has not finished will be dropped", "Windows n'a pas fermé ce volume proprement ; ce que son journal n'a pas achevé sera abandonné", "Windows hat dieses Volume nicht sauber geschlossen; was sein Journal nicht beendet hat, geht verloren", "Windows no cerró bien este volumen; lo que su diario no haya terminado se descartará"]),
    sentence("nothing was written", ["nothing was written", "rien n'a été écrit", "nichts wurde geschrieben", "no se ha escrito nada"]),
    sentence("Without it, this PC must not lose power while it is repaired, and the stick cannot take the repair back.", ["Without it, this PC must not lose power while it is repaired, and the stick cannot take the repair back.", "Sans cela, le PC ne doit pas perdre le courant pendant la réparation, et la clé ne pourra pas l'annuler.", "Ohne das darf der Strom während der Reparatur nicht ausfallen, und der Stick kann sie nicht zurücknehmen.", "Sin eso, el PC no debe quedarse sin corriente durante la reparación, y la memoria no podrá deshacerla."]),
    sentence("repaired without the stick's journal, as was agreed: the stick cannot take this repair back", ["repaired without the stick's journal, as was agreed: the stick cannot take this repair back", "réparé sans le journal de la clé, comme convenu : la clé ne peut pas annuler cette réparation", "wie vereinbart ohne das Journal des Sticks repariert: Der Stick kann diese Reparatur nicht zurücknehmen", "reparado sin el diario de la memoria, como se acordó: la memoria no puede deshacer esta reparación"]),
    sentence("nothing was written; this can be taken back", ["nothing was written; this can be taken back", "rien n'a été écrit ; la réparation peut être annulée", "nichts wurde geschrieben; das lässt sich zurücknehmen", "no se ha escrito nada; se puede deshacer"]),
    sentence("nothing was written; this can be repaired", ["nothing was written; this can be repaired", "rien n'a été écrit ; ce PC peut être réparé", "nichts wurde geschrieben; das lässt sich reparieren", "no se ha escrito nada; se puede reparar"]),
    sentence("not wanted; nothing was written", ["not wanted; nothing was written", "non souhaité ; rien n'a été écrit", "nicht gewünscht; nichts wurde geschrieben", "no se quiso; no se ha escrito nada"]),
    sentence("{}: nothing is left to do", ["{0}: nothing is left to do", "{0} : il n'y a plus rien à faire", "{0}: nichts ist mehr zu tun", "{0}: no queda nada por hacer"]),
    sentence("{} does not apply: {}", ["{0} does not apply: {1}", "{0} ne s'applique pas : {1}", "{0} trifft nicht zu: {1}", "{0} no corresponde: {1}"]),
    sentence("take the stick out and restart this PC", ["take the stick out and restart this PC", "retirez la clé et redémarrez ce PC", "Stick abziehen und den PC neu starten", "retire la memoria y reinicie este PC"]),
    sentence("have someone look whether this PC has this fault: {}; nothing was written", ["have someone look whether this PC has this fault: {0}; nothing was written", "faites vérifier si ce PC a ce défaut : {0} ; rien n'a été écrit", "lassen Sie prüfen, ob dieser PC diesen Fehler hat: {0}; nichts wurde geschrieben", "haga comprobar si este PC tiene este fallo: {0}; no se ha escrito nada"]),
    sentence("Windows is hibernated here: start it and shut it down fully (not to sleep), then start from the stick again; if it does not start, its saved session must be given up first by someone who may decide that", ["Windows is hibernated here: start it and shut it down fully (not to sleep), then start from the stick again; if it does not start, its saved session must be given up first by someone who may decide that", "Windows est ici en veille prolongée : démarrez-le et arrêtez-le complètement (pas de veille), puis redémarrez depuis la clé ; s'il ne démarre pas, quelqu'un d'habilité doit d'abord renoncer à la session enregistrée", "Windows ist hier im Ruhezustand: Starten Sie es, fahren Sie es ganz herunter (nicht in den Ruhezustand) und starten Sie wieder vom Stick; startet es nicht, muss jemand, der das entscheiden darf, erst die gespeicherte Sitzung aufgeben", "Windows está hibernado: inícielo y apáguelo del todo (sin suspender), y arranque otra vez desde la memoria; si no inicia, alguien autorizado debe renunciar antes a la sesión guardada"]),
    sentence("the volume was not shut down cleanly, and nobody is asked in this mode: start from a stick that asks", ["the volume was not shut down cleanly, and nobody is asked in this mode: start from a stick that asks", "le volume n'a pas été fermé proprement et ce mode ne pose pas de question : démarrez depuis une clé qui demande", "das Volume wurde nicht sauber geschlossen, und dieser Modus fragt nicht: Starten Sie von einem Stick, der fragt", "el volumen no se cerró bien y este modo no pregunta: arranque desde una memoria que pregunte"]),
    sentence("no acceptable copy of {} was found on this PC or on the stick", ["no good copy of {0n} was found on this PC or on the stick", "aucune bonne copie de {0n} sur ce PC ni sur la clé", "keine gute Kopie von {0n} auf diesem PC oder dem Stick gefunden", "no hay copia válida de {0n} en este PC ni en la memoria"]),
    sentence("bring {}, from another PC with {}", ["bring {0}, from another PC with {1}", "apportez {0}, pris sur un autre PC avec {1}", "bringen Sie {0} mit, von einem anderen PC mit {1}", "traiga {0} de otro PC con {1}"]),
    sentence("no definitions {} are at hand: use a stick that carries them", ["no definitions {0} are at hand: use a stick that carries them", "les définitions {0} manquent : prenez une clé qui les contient", "Definitionen {0} sind nicht dabei: Nehmen Sie einen Stick, der sie enthält", "no hay definiciones {0}: use una memoria que las lleve"]),
    sentence("make the stick anew and start this PC from it", ["make the stick anew and start this PC from it", "refaites la clé et démarrez ce PC avec elle", "schreiben Sie den Stick neu und starten Sie den PC davon", "vuelva a crear la memoria y arranque con ella"]),
    sentence("the definitions on the stick cannot be used: {}", ["the definitions on the stick cannot be used: {0}", "les définitions de la clé sont inutilisables : {0}", "die Definitionen auf dem Stick sind unbrauchbar: {0}", "las definiciones de la memoria no sirven: {0}"]),
    sentence("where definitions {} go cannot be told: {}", ["where definitions {0} go cannot be told: {1}", "impossible de dire où vont les définitions {0} : {1}", "wohin die Definitionen {0} gehören, ist nicht feststellbar: {1}", "no se sabe dónde van las definiciones {0}: {1}"]),
    sentence("the registry is left as it is; have someone look at it", ["the registry is left as it is; have someone look at it", "le registre reste tel quel ; faites-le examiner", "die Registrierung bleibt, wie sie ist; lassen Sie sie ansehen", "el registro se deja como está; haga que alguien lo revise"]),
    sentence("the repair ended in a fault of mend itself; start this PC from the stick again", ["the repair ended in a fault of mend itself; start this PC from the stick again", "la réparation a fini sur une erreur de mend ; redémarrez ce PC depuis la clé", "die Reparatur endete mit einem Fehler von mend selbst; starten Sie den PC erneut vom Stick", "la reparación acabó en un fallo de mend; arranque otra vez desde la memoria"]),
    sentence("the repair was given up before it was made real; the former files are in place", ["the repair was given up before it was made real; the former files are in place", "réparation abandonnée avant l'écriture ; les fichiers d'origine sont en place", "die Reparatur wurde vor dem Schreiben aufgegeben; die alten Dateien sind an ihrem Platz", "la reparación se abandonó antes de aplicarse; los archivos originales siguen ahí"]),
    sentence("written, but not as planned:", ["written, but not as planned:", "écrit, mais pas comme prévu :", "geschrieben, aber nicht wie geplant:", "escrito, pero no como estaba previsto:"]),
    sentence("put back, but for:", ["put back, but for:", "remis en place, sauf :", "zurückgelegt, außer:", "repuesto, salvo:"]),
    sentence("nothing of it can be put back:", ["nothing of it can be put back:", "rien ne peut être remis en place :", "nichts davon lässt sich zurücklegen:", "no se puede reponer nada:"]),
    sentence("no repair of this PC has left a record here that it could be undone by", ["no repair of this PC has left a record here that it could be undone by", "aucune réparation de ce PC n'a laissé ici de quoi l'annuler", "keine Reparatur dieses PCs hat hier vermerkt, wie sie zurückzunehmen ist", "ninguna reparación de este PC ha dejado aquí con qué deshacerla"]),
    sentence("the repair {} has already been taken back (by {}); to have it again, repair this PC again", ["the repair {0} has already been taken back; to have it again, repair this PC again", "la réparation {0} est déjà annulée ; pour la retrouver, réparez ce PC à nouveau", "die Reparatur {0} ist schon zurückgenommen; um sie wieder zu haben, reparieren Sie den PC erneut", "la reparación {0} ya está deshecha; para volver a tenerla, repare este PC otra vez"]),
    sentence("{}: it has no short name any more, since the volume's driver could not give it", ["{0n}: it has no short name any more", "{0n} : n'a plus de nom court", "{0n}: hat keinen kurzen Namen mehr", "{0n}: ya no tiene nombre corto"]),
    sentence("Unlocking {} ...", ["Unlocking {0} ...", "Déverrouillage de {0} ...", "{0} wird entsperrt ...", "Desbloqueando {0} ..."]),
    sentence("{}: BitLocker is suspended, so the volume was opened without a key; protection is as it was", ["{0}: BitLocker is suspended, so no key was needed; protection is as it was", "{0} : BitLocker est suspendu, aucune clé n'a été nécessaire ; la protection reste telle quelle", "{0}: BitLocker ist ausgesetzt, also war kein Schlüssel nötig; der Schutz ist wie zuvor", "{0}: BitLocker está suspendido, no hizo falta clave; la protección queda como estaba"]),
    sentence("{}: unlocked by the startup key {} on a stick", ["{0}: unlocked by the startup key {1} on a stick", "{0} : déverrouillé par la clé de démarrage {1} sur une clé USB", "{0}: entsperrt durch den Systemstartschlüssel {1} auf einem Stick", "{0}: desbloqueado con la clave de inicio {1} de una memoria"]),
    sentence("{}: unlocked by the key {} of the stick's key bundle", ["{0}: unlocked by the key {1} that the stick carries", "{0} : déverrouillé par la clé {1} que porte la clé USB", "{0}: entsperrt durch den Schlüssel {1}, den der Stick trägt", "{0}: desbloqueado con la clave {1} que lleva la memoria"]),
    sentence("{}: unlocked by the recovery key {}, which was typed", ["{0}: unlocked by the recovery key {1}", "{0} : déverrouillé par la clé de récupération {1}", "{0}: entsperrt durch den Wiederherstellungsschlüssel {1}", "{0}: desbloqueado con la clave de recuperación {1}"]),
    sentence("firmware and boot files were not touched, so Windows will not ask for the recovery key because of this", ["firmware and boot files were not touched, so Windows will not ask for the recovery key because of this", "micrologiciel et fichiers de démarrage sont intacts : Windows ne demandera pas la clé de récupération à cause de cela", "Firmware und Startdateien sind unberührt, also fragt Windows deswegen nicht nach dem Wiederherstellungsschlüssel", "no se tocó el firmware ni los archivos de arranque: Windows no pedirá la clave de recuperación por esto"]),
    sentence("{}: key ID {}", ["{0}: key ID {1}", "{0} : ID de la clé {1}", "{0}: Kennung des Schlüssels {1}", "{0}: ID de la clave {1}"]),
    sentence("locked-volume: {}: BitLocker was converting it when the PC stopped, and half of it is encrypted: let Windows finish (connect the disk to another PC with Windows, unlock it by its recovery key, and wait until manage-bde -status says 100 %), then start from the stick again", ["{0}: BitLocker was converting it when the PC stopped: let Windows finish (connect the disk to another PC with Windows, unlock it by its recovery key, wait until manage-bde -status says 100 %), then start from the stick again", "{0} : BitLocker était en cours de conversion à l'arrêt du PC : laissez Windows finir (branchez le disque sur un autre PC sous Windows, déverrouillez-le par sa clé de récupération, attendez que manage-bde -status dise 100 %), puis redémarrez depuis la clé", "{0}: BitLocker war beim Umwandeln, als der PC stehen blieb: Lassen Sie Windows fertig werden (Platte an einen anderen PC mit Windows, mit dem Wiederherstellungsschlüssel entsperren, warten, bis manage-bde -status 100 % meldet), dann wieder vom Stick starten", "{0}: BitLocker estaba convirtiéndolo cuando el PC se detuvo: deje que Windows termine (conecte el disco a otro PC con Windows, desbloquéelo con su clave de recuperación, espere a que manage-bde -status diga 100 %) y arranque otra vez desde la memoria"]),
    sentence("an interrupted repair waits until its volume is unlocked, start again with its recovery key: {}", ["an interrupted repair waits behind BitLocker: start again with the recovery key at hand: {0}", "une réparation interrompue attend derrière BitLocker : redémarrez avec la clé de récupération : {0}", "eine unterbrochene Reparatur wartet hinter BitLocker: noch einmal starten, mit dem Wiederherstellungsschlüssel: {0}", "una reparación interrumpida espera tras BitLocker: arranque otra vez con la clave de recuperación: {0}"]),
    sentence("locked-volume: {} is locked by BitLocker; its recovery key is needed to look at it", ["{0} is locked by BitLocker; its recovery key is needed", "{0} : verrouillé par BitLocker, clé de récupération nécessaire", "{0} ist mit BitLocker gesperrt; der Wiederherstellungsschlüssel fehlt", "{0} está bloqueado por BitLocker; hace falta su clave"]),
    sentence("no Windows was found on {}", ["no Windows was found on {0}", "aucun Windows trouvé sur {0}", "kein Windows gefunden auf {0}", "no se encontró Windows en {0}"]),
    sentence("{}: Windows sleeps on this volume (hibernation or fast startup); start Windows and shut it down completely first", ["{0}: Windows sleeps here (hibernation or fast startup); start it and shut it down completely first", "{0} : Windows est en veille (prolongée ou démarrage rapide) ; démarrez-le et arrêtez-le complètement d'abord", "{0}: Windows schläft hier (Ruhezustand oder Schnellstart); starten Sie es und fahren Sie es erst ganz herunter", "{0}: Windows duerme aquí (hibernación o inicio rápido); inícielo y apáguelo del todo antes"]),
    // What was done.
    sentence("{} replaced, {} put back; nothing else was written", ["{0} replaced, {1} put back; nothing else was written", "remplacé : {0}, remis en place : {1} ; rien d'autre n'a été écrit", "{0} ersetzt, {1} zurückgelegt; sonst wurde nichts geschrieben", "reemplazado: {0}, repuesto: {1}; no se escribió nada más"]),
    sentence("{} as before the repair; nothing else was written", ["{0} as before the repair; nothing else was written", "{0} comme avant la réparation ; rien d'autre n'a été écrit", "{0} wie vor der Reparatur; sonst wurde nichts geschrieben", "{0} como antes de la reparación; no se escribió nada más"]),
    sentence("1 more place was looked at; it is in the report", ["1 more place was looked at; it is in the report", "1 autre endroit examiné ; voir le rapport", "1 weiterer Ort wurde angesehen; er steht im Bericht", "se miró 1 lugar más; está en el informe"]),
    sentence("{} more places were looked at; they are in the report", ["{0} more places were looked at; they are in the report", "{0} autres endroits examinés ; voir le rapport", "{0} weitere Orte wurden angesehen; sie stehen im Bericht", "se miraron {0} lugares más; están en el informe"]),
    sentence("Repair {} was taken back block by block: what it wrote is as before it.", ["Repair {0} was taken back block by block: what it wrote is as before it.", "La réparation {0} a été annulée bloc par bloc : ce qu'elle avait écrit est comme avant.", "Die Reparatur {0} wurde Block für Block zurückgenommen: Was sie schrieb, ist wie vor ihr.", "La reparación {0} se ha deshecho bloque a bloque: lo que escribió está como antes."]),
    sentence("Report on the stick: {}", ["Report on the stick: {0}", "Rapport sur la clé : {0}", "Bericht auf dem Stick: {0}", "Informe en la memoria: {0}"]),
    sentence("The report could not be saved on the stick: {}", ["The report could not be saved on the stick: {0}", "Le rapport n'a pas pu être enregistré sur la clé : {0}", "Der Bericht konnte nicht auf dem Stick gespeichert werden: {0}", "No se pudo guardar el informe en la memoria: {0}"]),
    // Of the stick itself.
    sentence("Nothing on this PC was touched. Write the stick again, or use another one.", ["Nothing on this PC was touched. Write the stick again, or use another one.", "Rien n'a été touché sur ce PC. Réécrivez la clé ou prenez-en une autre.", "An diesem PC wurde nichts verändert. Schreiben Sie den Stick neu, oder nehmen Sie einen anderen.", "No se ha tocado nada en este PC. Vuelva a grabar la memoria o use otra."]),
    sentence("This stick is not as it was signed: {}", ["This stick is not as it was signed: {0}", "Cette clé n'est pas telle qu'elle a été signée : {0}", "Dieser Stick ist nicht so, wie er signiert wurde: {0}", "Esta memoria no está como se firmó: {0}"]),
    sentence("mend met a fault of its own and stopped", ["mend met a fault of its own and stopped", "mend s'est arrêté sur une erreur interne", "mend blieb an einem eigenen Fehler stehen", "mend se detuvo por un fallo propio"]),
    sentence("if this happens again, take the stick out and show it to whoever made it", ["if this happens again, take the stick out and show it to whoever made it", "si cela se répète, retirez la clé et montrez-la à qui l'a faite", "geschieht das noch einmal, ziehen Sie den Stick ab und zeigen Sie ihn dem, der ihn gemacht hat", "si vuelve a ocurrir, retire la memoria y muéstrela a quien la hizo"]),
    sentence("A repair was interrupted and cannot be finished. Keep the stick, and ask whoever made it.", ["A repair was interrupted and cannot be finished. Keep the stick, and ask whoever made it.", "Une réparation a été interrompue et ne peut être achevée. Gardez la clé et demandez à qui l'a faite.", "Eine Reparatur wurde unterbrochen und ist nicht zu beenden. Behalten Sie den Stick, fragen Sie, wer ihn gemacht hat.", "Una reparación se interrumpió y no se puede terminar. Guarde la memoria y pregunte a quien la hizo."]),
    sentence("The stick has no journal, so nothing can be taken back with it.", ["The stick has no journal, so nothing can be taken back with it.", "La clé n'a pas de journal : elle ne peut rien annuler.", "Der Stick hat kein Journal, also lässt sich damit nichts zurücknehmen.", "La memoria no tiene diario: no se puede deshacer nada con ella."]),
    sentence("Without a journal nothing can be repaired: {}", ["Without a journal nothing can be repaired: {0}", "Sans journal, aucune réparation : {0}", "Ohne Journal ist keine Reparatur möglich: {0}", "Sin diario no se puede reparar nada: {0}"]),
    // Reasons and advice that stand in reports.
    sentence("{}: version is {}, expected {}", ["{0}: version is {1}, expected {2}", "{0} : version {1} au lieu de {2}", "{0}: Version {1} statt {2}", "{0}: versión {1} en vez de {2}"]),
    sentence("{}: no version, expected {}", ["{0}: no version, expected {1}", "{0} : sans version, attendue : {1}", "{0}: ohne Version, erwartet {1}", "{0}: sin versión, se esperaba {1}"]),
    sentence("{}: original name is {}, expected {}", ["{0}: original name is {1}, expected {2}", "{0} : nom d'origine {1} au lieu de {2}", "{0}: Originalname {1} statt {2}", "{0}: nombre original {1} en vez de {2}"]),
    sentence("{}: no original name, expected {}", ["{0}: no original name, expected {1}", "{0} : sans nom d'origine, attendu : {1}", "{0}: ohne Originalname, erwartet {1}", "{0}: sin nombre original, se esperaba {1}"]),
    sentence("{}: for {}, this Windows is for {}", ["{0}: for {1}, this Windows is for {2}", "{0} : pour {1}, ce Windows est pour {2}", "{0}: für {1}, dieses Windows ist für {2}", "{0}: para {1}, este Windows es para {2}"]),
    sentence("{}: for {}, but the processor of this Windows is not known", ["{0}: for {1}, but the processor of this Windows is not known", "{0} : pour {1}, processeur de ce Windows inconnu", "{0}: für {1}, Prozessor dieses Windows unbekannt", "{0}: para {1}, se desconoce el procesador de este Windows"]),
    sentence("{}: language is {}, that of {} is {}", ["{0}: language is {1}, that of {2} is {3}", "{0} : en {1}, alors que {2} est en {3}", "{0}: Sprache {1}, die von {2} ist {3}", "{0}: idioma {1}, el de {2} es {3}"]),
    sentence("{}: language is {}, but no system file shows the language of this Windows", ["{0}: language is {1}, but no system file shows the language of this Windows", "{0} : en {1}, mais la langue de ce Windows est inconnue", "{0}: Sprache {1}, aber die dieses Windows ist unbekannt", "{0}: idioma {1}, pero se desconoce el de este Windows"]),
    sentence("{}: checksum of the content is {}, its header says {}: changed", ["{0}: checksum is wrong: changed", "{0} : somme de contrôle fausse : fichier modifié", "{0}: Prüfsumme falsch: verändert", "{0}: suma de control falsa: modificado"]),
    sentence("{}: sha256 is {}, the job pins {}", ["{0}: not the file that was chosen", "{0} : ce n'est pas le fichier prévu", "{0}: nicht die vorgesehene Datei", "{0}: no es el archivo previsto"]),
    sentence("{}: not there", ["{0}: not there", "{0} : absent", "{0}: nicht da", "{0}: no está"]),
    sentence("{}: empty", ["{0}: empty", "{0} : vide", "{0}: leer", "{0}: vacío"]),
    sentence("it cannot be told whether {} is meant: {}", ["it cannot be told whether {0} is meant: {1}", "impossible de dire s'il s'agit de {0} : {1}", "ob {0} gemeint ist, lässt sich nicht sagen: {1}", "no se puede saber si se trata de {0}: {1}"]),
    sentence("{} cannot be renamed: {} is there already; have someone look", ["{0} cannot be renamed: {1} is there already; have someone look", "{0n} ne peut être renommé : {1n} existe déjà ; faites vérifier", "{0n} lässt sich nicht umbenennen: {1n} ist schon da; lassen Sie es ansehen", "{0n} no se puede renombrar: {1n} ya existe; haga que alguien lo mire"]),
    sentence("{} cannot be renamed: {}", ["{0} cannot be renamed: {1}", "{0n} ne peut être renommé : {1}", "{0n} lässt sich nicht umbenennen: {1}", "{0n} no se puede renombrar: {1}"]),
    sentence("the registry cannot be changed: {}", ["the registry cannot be changed: {0}", "le registre ne peut être modifié : {0}", "die Registrierung lässt sich nicht ändern: {0}", "el registro no se puede cambiar: {0}"]),
    sentence("{} is written whole, {} emptied", ["{0} is written whole, {1} emptied", "{0} est écrit en entier, {1} vidé", "{0} wird ganz geschrieben, {1} geleert", "{0} se escribe entero, {1} se vacía"]),
    sentence("{} is {}, expected {}; have someone look", ["{0} is {1}, expected {2}; have someone look", "{0} : {1} au lieu de {2} ; faites vérifier", "{0}: {1} statt {2}; lassen Sie es ansehen", "{0}: {1} en vez de {2}; haga que alguien lo mire"]),
    sentence("two steps of this remedy touch {}: it must be mended first", ["two steps of this remedy touch {0}: it must be mended first", "deux étapes de ce remède touchent {0} : il faut d'abord le corriger", "zwei Schritte dieser Abhilfe berühren {0}: Sie muss erst berichtigt werden", "dos pasos de este remedio tocan {0}: hay que corregirlo antes"]),
    sentence("{} is there and is not what the quarantine has; have someone look which is right", ["{0} is there and is not what the quarantine has; have someone look which is right", "{0n} est là et diffère de la quarantaine ; faites vérifier lequel est bon", "{0n} ist da, und anders als in der Quarantäne; lassen Sie prüfen, was richtig ist", "{0n} está y no es como en la cuarentena; haga comprobar cuál es el bueno"]),
    sentence("and {} more, all of them in the report", ["and {0} more, all of them in the report", "et {0} autres, tous dans le rapport", "und {0} weitere, alle im Bericht", "y {0} más, todos en el informe"]),
    sentence("as the quarantine has them; not proven by signature", ["as the quarantine has them; not proven by signature", "comme dans la quarantaine ; sans preuve par signature", "wie in der Quarantäne; nicht durch Signatur belegt", "como en la cuarentena; sin prueba de firma"]),
    sentence("as the quarantine has it; not proven", ["as the quarantine has it; not proven", "comme dans la quarantaine ; sans preuve", "wie in der Quarantäne; nicht belegt", "como en la cuarentena; sin prueba"]),
    sentence("signed by Microsoft ({})", ["signed by Microsoft, {0}", "signé par Microsoft, {0}", "von Microsoft signiert, {0}", "firmado por Microsoft, {0}"]),
    sentence("sha256 pinned in the recipe", ["the file that the recipe chose", "fichier prévu par la recette", "von der Rezeptur vorgesehene Datei", "archivo previsto por la receta"]),
    sentence("sha256 pinned in the remedy", ["the file that the remedy chose", "fichier prévu par le remède", "von der Abhilfe vorgesehene Datei", "archivo previsto por el remedio"]),
    sentence("or bring the CD of {}, which this Windows was installed from (drive {}:): the file is {} in its folder I386, to be unpacked with expand", ["or bring the CD of {0}, which this Windows was installed from (drive {1}:): the file is {2} in its folder I386, to be unpacked with expand", "ou le CD de {0}, dont vient ce Windows (lecteur {1}:) : fichier {2} du dossier I386, à extraire avec expand", "oder die CD von {0}, von der dieses Windows stammt (Laufwerk {1}:): Datei {2} im Ordner I386, mit expand zu entpacken", "o el CD de {0}, del que se instaló (unidad {1}:): el archivo {2} de la carpeta I386, que se extrae con expand"]),
    sentence("where it goes: beside the recipe of this stick, with [[files]] path = \"{}\" and its sha256 in the recipe; then run mendkit build, write the stick again and start this PC from it", ["for the office: put {0} beside the recipe, name it under [[files]] with its sha256, then mendkit build and write the stick again", "à faire au bureau : mettre {0} à côté de la recette, sous [[files]] avec son sha256, puis mendkit build et réécrire la clé", "im Büro zu tun: {0} neben die Rezeptur legen, unter [[files]] mit sha256 nennen, dann mendkit build und den Stick neu schreiben", "en la oficina: poner {0} junto a la receta, en [[files]] con su sha256; luego mendkit build y grabar de nuevo la memoria"]),
    sentence("the disk is failing; nothing may be written to it", ["the disk is failing; nothing may be written to it", "le disque est défaillant ; rien ne doit y être écrit", "die Platte versagt; auf sie darf nichts geschrieben werden", "el disco está fallando; no se debe escribir en él"]),
    sentence("{} is failing: {}; image this disk first, then repair the copy", ["{0} is failing: {1}; image this disk first, then repair the copy", "{0} est défaillant : {1} ; faites d'abord une image de ce disque, puis réparez la copie", "{0} versagt: {1}; erst diese Platte abbilden, dann die Kopie reparieren", "{0} está fallando: {1}; haga antes una imagen de este disco y repare la copia"]),
    sentence("the disk itself says that it is about to fail", ["the disk itself says that it is about to fail", "le disque annonce lui-même sa panne", "die Platte sagt selbst, dass sie bald versagt", "el propio disco dice que va a fallar"]),
    sentence("failing-disk: {}: {} reads failed, the first at byte {} of the volume: copy what matters off this disk before anything else, and replace it", ["{0}: {1} reads failed: copy what matters off this disk first, and replace it", "{0} : {1} lectures ont échoué : copiez d'abord ce qui compte, puis remplacez le disque", "{0}: {1} Lesefehler: erst sichern, was wichtig ist, dann die Platte ersetzen", "{0}: fallaron {1} lecturas: copie antes lo importante y cambie el disco"]),
    sentence("failing-disk: {}: {} read failed, the first at byte {} of the volume: copy what matters off this disk before anything else, and replace it", ["{0}: {1} read failed: copy what matters off this disk first, and replace it", "{0} : {1} lecture a échoué : copiez d'abord ce qui compte, puis remplacez le disque", "{0}: {1} Lesefehler: erst sichern, was wichtig ist, dann die Platte ersetzen", "{0}: falló {1} lectura: copie antes lo importante y cambie el disco"]),
    sentence("no files that start a Windows were found on any volume", ["no files that start a Windows were found on any volume", "aucun fichier de démarrage de Windows sur aucun volume", "auf keinem Volume wurden Startdateien von Windows gefunden", "ningún volumen tiene archivos de arranque de Windows"]),
    sentence("this stick is older than the PC: it carries {} {}, and the PC has {}; ask for a newer stick", ["this stick is older than the PC: it carries {0} {1}, and the PC has {2}; ask for a newer stick", "clé plus ancienne que le PC : elle contient {0} {1}, le PC a {2} ; demandez-en une plus récente", "dieser Stick ist älter als der PC: Er enthält {0} {1}, der PC hat {2}; bitten Sie um einen neueren", "esta memoria es más antigua que el PC: lleva {0} {1} y el PC tiene {2}; pida una más nueva"]),
    sentence("this PC's clock is {} behind the newest file on its disk", ["this PC's clock is {0} behind the newest file on its disk", "l'horloge du PC retarde de {0} sur le fichier le plus récent du disque", "die Uhr dieses PCs geht {0} gegen die neueste Datei der Platte nach", "el reloj del PC va {0} por detrás del archivo más nuevo del disco"]),
    sentence("this PC's clock is wrong, or nobody has used it for {}", ["this PC's clock is wrong, or nobody has used it for {0}", "l'horloge du PC est fausse, ou il n'a pas servi depuis {0}", "die Uhr dieses PCs geht falsch, oder er war {0} nicht in Gebrauch", "el reloj del PC está mal, o nadie lo ha usado en {0}"]),
    sentence("the health check ended here in a fault of mend itself", ["the health check ended here in a fault of mend itself", "l'examen de santé s'est arrêté sur une erreur de mend", "die Prüfung des Zustands endete mit einem Fehler von mend selbst", "la revisión de salud acabó en un fallo de mend"]),
    sentence("{}: encrypted by {}, which mend cannot unlock: unlock or decrypt it by that product's own recovery medium, with the key its administrator keeps, then start from the stick again", ["{0}: encrypted by {1}, which mend cannot unlock: unlock or decrypt it by that product's own recovery medium, with the key its administrator keeps, then start from the stick again", "{0} : chiffré par {1} ; déverrouillez avec le support de secours de ce produit et la clé de l'administrateur, puis redémarrez depuis la clé", "{0}: mit {1} verschlüsselt; entsperren Sie es mit dessen Rettungsmedium und dem Schlüssel des Administrators, dann starten Sie wieder vom Stick", "{0}: cifrado por {1}; desbloquéelo con el medio de rescate de ese producto y la clave del administrador, y arranque otra vez desde la memoria"]),
    sentence("{}: its disk is, or once was, one of a set ({}), and writing to one disk of a set alone would spoil the set: repair this PC where its controller shows the set as one disk, or by hand from Windows' own recovery", ["{0}: its disk is, or once was, one of a set ({1}), and writing to one disk of a set alone would spoil the set: repair this PC where its controller shows the set as one disk, or by hand from Windows' own recovery", "{0} : son disque fait ou faisait partie d'un ensemble ({1}) ; réparez là où le contrôleur montre l'ensemble comme un disque, ou à la main", "{0}: Die Platte gehört oder gehörte zu einem Verbund ({1}); reparieren Sie dort, wo der Controller ihn als eine Platte zeigt, oder von Hand", "{0}: su disco es o fue parte de un conjunto ({1}); repare donde el controlador lo muestre como un disco, o a mano"]),
    sentence("{}: {}: Windows may mirror this volume or spread it over several disks, so it is left alone: repair it by hand from Windows' own recovery, or with all its disks in another PC with Windows", ["{0}: {1}: Windows may mirror this volume or spread it over several disks, so it is left alone: repair it by hand from Windows' own recovery, or with all its disks in another PC with Windows", "{0} : {1} : Windows peut répartir ce volume sur plusieurs disques ; réparez à la main, ou avec tous ses disques dans un autre PC", "{0}: {1}: Windows kann dieses Volume auf mehrere Platten verteilen; reparieren Sie von Hand oder mit allen Platten in einem anderen PC", "{0}: {1}: Windows puede repartir este volumen en varios discos; repárelo a mano o con todos sus discos en otro PC"]),
    sentence("left alone: nothing that mend repairs", ["left alone: nothing that mend repairs", "laissé tel quel : rien que mend répare", "bleibt, wie es ist: nichts, was mend repariert", "se deja como está: nada que mend repare"]),
    sentence("the firmware hides {} behind its RAID mode (controller {}): {}", ["the firmware hides {0} behind its RAID mode (controller {1}): {2}", "le firmware cache {0} par son mode RAID : {2}", "die Firmware verbirgt {0} hinter ihrem RAID-Modus: {2}", "el firmware oculta {0} tras su modo RAID: {2}"]),
    sentence("no disk is seen, and the firmware runs Intel's RAID mode (controller {}), which may hide it: {}", ["no disk is seen, and the firmware runs Intel's RAID mode (controller {0}), which may hide it: {1}", "aucun disque visible ; le mode RAID d'Intel peut le cacher : {1}", "keine Platte zu sehen; Intels RAID-Modus kann sie verbergen: {1}", "no se ve ningún disco; el modo RAID de Intel puede ocultarlo: {1}"]),
    sentence("note the setting in the firmware set-up, switch SATA or storage mode from RAID (RST, VMD) to AHCI, repair from the stick, and switch it back before Windows starts; where BitLocker is on, have its recovery key at hand. mend changes no setting of the firmware", ["note the setting in the firmware set-up, switch SATA or storage mode from RAID (RST, VMD) to AHCI, repair from the stick, and switch it back before Windows starts; where BitLocker is on, have its recovery key at hand. mend changes no setting of the firmware", "notez le réglage du firmware, passez SATA de RAID (RST, VMD) à AHCI, réparez, puis remettez-le avant Windows ; avec BitLocker, ayez la clé de récupération. mend ne change aucun réglage", "Einstellung notieren, SATA von RAID (RST, VMD) auf AHCI stellen, reparieren, vor dem Start von Windows zurückstellen; bei BitLocker den Wiederherstellungsschlüssel bereithalten. mend ändert keine Einstellung", "anote el ajuste, pase SATA de RAID (RST, VMD) a AHCI, repare y devuélvalo antes de iniciar Windows; con BitLocker, tenga la clave a mano. mend no cambia ningún ajuste"]),
    sentence("no disk with a volume is seen: look in the firmware set-up whether the disk is there, check its cable, and try another port or mode of the controller; {}", ["no disk with a volume is seen: look in the firmware set-up whether the disk is there, check its cable, and try another port or mode of the controller; {0}", "aucun disque avec volume : vérifiez dans le firmware qu'il est là, son câble, un autre port ou mode du contrôleur ; {0}", "keine Platte mit Volume zu sehen: im Setup nachsehen, Kabel prüfen, anderen Anschluss oder Modus des Controllers versuchen; {0}", "no se ve ningún disco con volumen: mire en el firmware si está, su cable, otro puerto o modo del controlador; {0}"]),
    sentence("no controller of disks was found either", ["no controller of disks was found either", "aucun contrôleur de disques non plus", "auch kein Controller wurde gefunden", "tampoco hay controlador de discos"]),
    sentence("this stick holds no repair of this PC that could be taken back", ["this stick holds no repair of this PC that could be taken back", "cette clé n'a aucune réparation de ce PC à annuler", "dieser Stick hat keine Reparatur dieses PCs, die sich zurücknehmen ließe", "esta memoria no tiene ninguna reparación de este PC que deshacer"]),
    sentence("the repair {} has already been taken back", ["the repair {0} has already been taken back", "la réparation {0} est déjà annulée", "die Reparatur {0} ist schon zurückgenommen", "la reparación {0} ya está deshecha"]),
    sentence("the last thing that was done to this PC was taking a repair back ({}); that is not taken back in turn: repair this PC again", ["the last thing that was done to this PC was taking a repair back ({0}); that is not taken back in turn: repair this PC again", "la dernière opération sur ce PC était une annulation ({0}) ; elle ne s'annule pas : réparez à nouveau", "zuletzt wurde an diesem PC eine Reparatur zurückgenommen ({0}); das lässt sich nicht zurücknehmen: Reparieren Sie erneut", "lo último hecho en este PC fue deshacer una reparación ({0}); eso no se deshace: repare otra vez"]),
    sentence("the repair {} can no longer be taken back block by block: Windows, or someone else, has written to {} since", ["the repair {0} can no longer be taken back block by block: Windows, or someone else, has written to {1} since", "la réparation {0} ne peut plus être annulée bloc par bloc : {1} a été modifié depuis", "die Reparatur {0} ist nicht mehr blockweise zurückzunehmen: {1} wurde seither beschrieben", "la reparación {0} ya no se puede deshacer bloque a bloque: se ha escrito en {1} desde entonces"]),
    sentence("{}: the commit is not finished: {}; start this PC from the stick again", ["{0}: the commit is not finished: {1}; start this PC from the stick again", "{0} : l'écriture n'est pas achevée : {1} ; redémarrez depuis la clé", "{0}: Das Schreiben ist nicht beendet: {1}; starten Sie wieder vom Stick", "{0}: la escritura no ha terminado: {1}; arranque otra vez desde la memoria"]),
    sentence("{}: the stick failed before the disk was changed: {}; the disk is as it was, and the next start from this stick finishes the repair if it can", ["{0}: the stick failed before the disk was changed: {1}; the disk is as it was, and the next start from this stick finishes the repair if it can", "{0} : la clé a failli avant l'écriture : {1} ; le disque est intact, le prochain démarrage achèvera si possible", "{0}: Der Stick versagte vor dem Schreiben: {1}; die Platte ist, wie sie war, der nächste Start beendet es, wenn es geht", "{0}: la memoria falló antes de escribir: {1}; el disco está como estaba y el próximo inicio lo acabará si puede"]),
    sentence("fault of mend: {}", ["fault of mend: {0}", "erreur de mend : {0}", "Fehler von mend: {0}", "fallo de mend: {0}"]),
    // Evidence and reasons, which the report's page and the details have.
    sentence("HKLM\\{}: {} and {} are {}", ["HKLM\\{0}: {1} and {2} are {3}", "HKLM\\{0} : {1} et {2} valent {3}", "HKLM\\{0}: {1} und {2} sind {3}", "HKLM\\{0}: {1} y {2} son {3}"]),
    sentence("HKLM\\{}: {} is {}", ["HKLM\\{0}: {1} is {2}", "HKLM\\{0} : {1} vaut {2}", "HKLM\\{0}: {1} ist {2}", "HKLM\\{0}: {1} es {2}"]),
    sentence("\\{}: {} bytes, {}", ["\\{0}: {1} bytes, {2}", "\\{0} : {1} octets, {2}", "\\{0}: {1} Bytes, {2}", "\\{0}: {1} bytes, {2}"]),
    sentence("\\{}: {} bytes", ["\\{0}: {1} bytes", "\\{0} : {1} octets", "\\{0}: {1} Bytes", "\\{0}: {1} bytes"]),
    sentence("\\{}: sha256 {}", ["\\{0}: sha256 {1}", "\\{0} : sha256 {1}", "\\{0}: SHA-256 {1}", "\\{0}: sha256 {1}"]),
    sentence("{} at offset {}, {}", ["{0} at offset {1}, {2}", "{0} à l'octet {1}, {2}", "{0} ab Byte {1}, {2}", "{0} en el byte {1}, {2}"]),
    sentence("left alone: {}", ["left alone: {0}", "laissé tel quel : {0}", "bleibt, wie es ist: {0}", "se deja como está: {0}"]),
    sentence("written {} UTC", ["written {0} UTC", "écrit le {0} UTC", "geschrieben {0} UTC", "escrito {0} UTC"]),
    sentence("version is {}, expected {}", ["version is {0}, expected {1}", "version {0} au lieu de {1}", "Version {0} statt {1}", "versión {0} en vez de {1}"]),
    sentence("checksum of the content is {}, its header says {}: changed", ["checksum of the content is {0}, its header says {1}: changed", "somme du contenu {0}, l'en-tête dit {1} : modifié", "Prüfsumme des Inhalts {0}, der Kopf sagt {1}: verändert", "suma del contenido {0}, la cabecera dice {1}: modificado"]),
    sentence("no {} there nor in any other quarantine of this volume ({} containers)", ["no {0} there nor in any other quarantine of this volume ({1} containers)", "pas de {0} ici ni dans une autre quarantaine de ce volume ({1} conteneurs)", "kein {0} dort noch in einer anderen Quarantäne dieses Volumes ({1} Behälter)", "no hay {0} ahí ni en otra cuarentena de este volumen ({1} contenedores)"]),
    sentence("no {}, compressed or not, there nor in the driver cache", ["no {0}, compressed or not, there nor in the driver cache", "pas de {0}, compressé ou non, ici ni dans le cache des pilotes", "kein {0}, komprimiert oder nicht, dort noch im Treibercache", "no hay {0}, comprimido o no, ahí ni en la caché de controladores"]),
    sentence("{}: is a CD drive, which is not looked at", ["{0}: is a CD drive, which is not looked at", "{0}: est un lecteur de CD, qui n'est pas examiné", "{0}: ist ein CD-Laufwerk, das nicht angesehen wird", "{0}: es una unidad de CD, que no se mira"]),
    sentence("registry file {} was not written to its end ({}), and no log of it fits; read as it is", ["registry file {0} was not written to its end ({1}), and no log of it fits; read as it is", "fichier de registre {0} : écriture inachevée ({1}), aucun journal ne convient ; lu tel quel", "Registrierungsdatei {0}: nicht zu Ende geschrieben ({1}), kein Protokoll passt; gelesen, wie sie ist", "archivo de registro {0}: escritura inacabada ({1}), ningún registro encaja; leído como está"]),
    sentence("sequence numbers differ: {} and {}", ["sequence numbers differ: {0} and {1}", "numéros de suite différents : {0} et {1}", "Folgenummern verschieden: {0} und {1}", "números de secuencia distintos: {0} y {1}"]),
    // Numbers, which occur in others; last, since others end so.
    sentence("{} volumes", ["{0} volumes", "{0} volumes", "{0} Volumes", "{0} volúmenes"]),
    sentence("{} volume", ["{0} volume", "{0} volume", "{0} Volume", "{0} volumen"]),
    sentence("{} days", ["{0} days", "{0} jours", "{0} Tage", "{0} días"]),
    sentence("1 day", ["1 day", "1 jour", "1 Tag", "1 día"]),
    sentence("{} disks", ["{0} disks", "{0} disques", "{0} Platten", "{0} discos"]),
    sentence("1 disk", ["1 disk", "1 disque", "1 Platte", "1 disco"]),
    sentence("disk {}", ["disk {0}", "disque {0}", "Festplatte {0}", "disco {0}"]),
    sentence("1 file", ["1 file", "1 fichier", "1 Datei", "1 archivo"]),
    sentence("{} files", ["{0} files", "{0} fichiers", "{0} Dateien", "{0} archivos"]),
    // Of the report's page alone.
    sentence("not there", ["not there", "absent", "nicht da", "no está"]),
    sentence("clean", ["clean", "sain", "in Ordnung", "en orden"]),
    sentence("not shut down cleanly", ["not shut down cleanly", "mal fermé", "nicht sauber geschlossen", "mal cerrado"]),
    sentence("marked for checking by Windows", ["marked for checking by Windows", "à vérifier par Windows", "von Windows zu prüfen", "marcado para comprobación por Windows"]),
    sentence("hibernated", ["hibernated", "en veille prolongée", "im Ruhezustand", "hibernado"]),
    sentence("locked by BitLocker", ["locked by BitLocker", "verrouillé par BitLocker", "mit BitLocker gesperrt", "bloqueado por BitLocker"]),
    sentence("installation {} on {}", ["installation {0} on {1}", "installation {0} sur {1}", "Installation {0} auf {1}", "instalación {0} en {1}"]),
    sentence("{} replace  {} by {} in {}, {}", ["{0} replace  {1} by {2} in {3}, {4}", "{0} remplacer  {1} par {2} dans {3}, {4}", "{0} ersetzen  {1} durch {2} in {3}, {4}", "{0} reemplazar  {1} por {2} en {3}, {4}"]),
    sentence("{} remove   {} files of {}", ["{0} remove   {1} files of {2}", "{0} mettre de côté  {1} fichiers de {2}", "{0} beiseitelegen  {1} Dateien aus {2}", "{0} apartar  {1} archivos de {2}"]),
    sentence("{} remove   {}", ["{0} remove   {1}", "{0} mettre de côté  {1}", "{0} beiseitelegen  {1}", "{0} apartar  {1}"]),
    sentence("{} rename   {} to {}", ["{0} rename   {1} to {2}", "{0} renommer  {1} en {2}", "{0} umbenennen  {1} in {2}", "{0} renombrar  {1} a {2}"]),
    sentence("{} set      {}", ["{0} set      {1}", "{0} régler  {1}", "{0} setzen  {1}", "{0} ajustar  {1}"]),
    sentence("{} add      {} to {}, {}", ["{0} add      {1} to {2}, {3}", "{0} ajouter  {1} à {2}, {3}", "{0} hinzufügen  {1} zu {2}, {3}", "{0} añadir  {1} a {2}, {3}"]),
    sentence("{} note     {}", ["{0} note     {1}", "{0} note  {1}", "{0} Hinweis  {1}", "{0} nota  {1}"]),
    sentence("undo: put it back", ["undo: put it back", "annuler : le remettre", "rückgängig: zurücklegen", "deshacer: reponerlo"]),
    sentence("{} restore  {} from {}", ["{0} restore  {1} from {2}", "{0} remettre  {1} depuis {2}", "{0} zurücklegen  {1} aus {2}", "{0} reponer  {1} desde {2}"]),
    sentence("{} for {}, identity matches; not proven by signature", ["{0} for {1}, identity matches; not proven by signature", "{0} pour {1}, identité conforme ; pas de preuve par signature", "{0} für {1}, Identität stimmt; nicht durch Signatur bewiesen", "{0} para {1}, identidad correcta; sin prueba de firma"]),
    sentence("undo: put the kept copies back", ["undo: put the kept copies back", "annuler : remettre les copies gardées", "rückgängig: die aufbewahrten Kopien zurücklegen", "deshacer: reponer las copias guardadas"]),
    sentence("undo: put the kept copy back", ["undo: put the kept copy back", "annuler : remettre la copie gardée", "rückgängig: die aufbewahrte Kopie zurücklegen", "deshacer: reponer la copia guardada"]),
    sentence("undo: remove it", ["undo: remove it", "annuler : l'enlever", "rückgängig: entfernen", "deshacer: quitarlo"]),
    sentence("former files and how to undo this are kept in {}", ["former files and how to undo this are kept in {0}", "les anciens fichiers et la façon d'annuler sont gardés dans {0}", "frühere Dateien und der Weg zurück liegen in {0}", "los archivos anteriores y cómo deshacerlo están en {0}"]),
    sentence("nothing else will be written", ["nothing else will be written", "rien d'autre ne sera écrit", "sonst wird nichts geschrieben", "no se escribirá nada más"]),
    // What becomes of a report, and of the record that it is counted in.
    sentence("The report is kept on this PC: {}", ["The report is kept on this PC: {0}", "Le rapport est gardé sur ce PC : {0}", "Der Bericht liegt auf diesem PC: {0}", "El informe queda en este PC: {0}"]),
    sentence("This PC did not take the report either: {}", ["This PC did not take the report either: {0}", "Ce PC n'a pas pris le rapport non plus : {0}", "Auch dieser PC nahm den Bericht nicht an: {0}", "Este PC tampoco aceptó el informe: {0}"]),
    sentence("The report is whole, but the stick did not take that it is its last: {}", ["The report is whole, but the stick did not take that it is its last: {0}", "Le rapport est complet, mais la clé n'a pas noté qu'il est le dernier : {0}", "Der Bericht ist ganz, aber der Stick nahm nicht auf, dass er der letzte ist: {0}", "El informe está completo, pero la memoria no anotó que es el último: {0}"]),
    sentence("the stick did not take this report: {}", ["the stick did not take this report: {0}", "la clé n'a pas pris ce rapport : {0}", "der Stick nahm diesen Bericht nicht an: {0}", "la memoria no aceptó este informe: {0}"]),
    sentence("the stick was out when this report was to be saved, and was put back", ["the stick was out when this report was to be saved, and was put back", "la clé était retirée au moment d'enregistrer ce rapport ; elle a été remise", "der Stick war abgezogen, als dieser Bericht gespeichert werden sollte, und wurde wieder eingesteckt", "la memoria estaba fuera al guardar este informe y se volvió a poner"]),
    sentence("the stick did not keep what was entered: {}", ["the stick did not keep what was entered: {0}", "la clé n'a pas gardé la saisie : {0}", "der Stick behielt die Eingabe nicht: {0}", "la memoria no guardó lo introducido: {0}"]),
    sentence("the stick did not count this start: {}", ["the stick did not count this start: {0}", "la clé n'a pas compté ce démarrage : {0}", "der Stick zählte diesen Start nicht: {0}", "la memoria no contó este arranque: {0}"]),
];

/// Returns a line of the repair in `language`, as the screen says it; one that is not known as it is.
pub fn translate(line: &str, language: Language) -> Cow<'_, str> {
    for sentence in ALL_SENTENCES {
        if let Some(captures) = capture(sentence.report, line) {
            return Cow::Owned(fill(
                sentence.words.in_language(language),
                &captures,
                language,
            ));
        }
    }
    Cow::Borrowed(line)
}

/// Tells whether a line of the repair is one that the screen says in every language.
pub fn is_known(line: &str) -> bool {
    let mut sentences = ALL_SENTENCES.iter();
    sentences.any(|sentence| capture(sentence.report, line).is_some())
}

/// Returns what stands in a line where the pattern has `{}`; `None` if the line does not match.
fn capture<'t>(pattern: &str, line: &'t str) -> Option<Vec<&'t str>> {
    let mut literals = pattern.split("{}");
    let mut rest = line.strip_prefix(literals.next().unwrap_or_default())?;
    let mut captures = Vec::new();
    let mut literals = literals.peekable();
    while let Some(literal) = literals.next() {
        let is_last = literals.peek().is_none();
        let at = match (is_last, literal) {
            (true, "") => rest.len(),
            (true, literal) => rest.strip_suffix(literal)?.len(),
            (false, literal) => rest.find(literal)?,
        };
        let (captured, behind) = rest.split_at_checked(at)?;
        if captured.is_empty() {
            return None;
        }
        captures.push(captured);
        rest = behind.strip_prefix(literal)?;
    }
    rest.is_empty().then_some(captures)
}

/// Puts names and numbers into a text; those that are sentences themselves in the same language.
pub(in crate::screen) fn fill(text: &str, captures: &[&str], language: Language) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((place, behind)) = behind.split_once('}') else {
            break;
        };
        let (number, form) = place.split_at(place.len().min(1));
        let captured = number
            .parse()
            .ok()
            .and_then(|number: usize| captures.get(number));
        let captured = captured.copied().unwrap_or_default();
        match form {
            "n" => filled.push_str(last_name(captured)),
            "f" => filled.push_str(folder_name(captured)),
            _ => filled.push_str(&translate(captured, language)),
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

fn last_name(path: &str) -> &str {
    path.rsplit('\\').next().unwrap_or(path)
}

fn folder_name(path: &str) -> &str {
    path.rsplit('\\')
        .nth(1)
        .filter(|name| !name.is_empty())
        .unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::words::{ALL_LANGUAGES, is_in_every_font};
    use crate::screen::wrap::wrap;

    #[test]
    fn every_sentence_takes_every_name_and_can_be_shown() {
        for sentence in ALL_SENTENCES {
            let count = sentence.report.matches("{}").count();
            for language in ALL_LANGUAGES {
                let text = sentence.words.in_language(language);
                let used = |number: usize| text.contains(&format!("{{{number}"));
                let numbers = text.matches('{').count();
                assert!(
                    (0..9)
                        .filter(|number| used(*number))
                        .all(|number| number < count),
                    "{text}"
                );
                assert!(count == 0 || numbers > 0, "{text}");
                let odd = text.chars().find(|c| !is_in_every_font(*c));
                assert_eq!(odd, None, "{text}");
            }
        }
    }

    /// With names as long as they come, a sentence is broken at spaces into rows that a screen of 80 columns
    /// has beside its labels, and it leaves room for others.
    #[test]
    fn every_sentence_fits_80_columns_in_every_language() {
        const COLUMNS: usize = 80 - 4 - 10;
        const MOST_ROWS: usize = 6;
        for sentence in ALL_SENTENCES {
            for language in ALL_LANGUAGES {
                let names = ["\\WINDOWS\\system32\\drivers\\svchost.exe"; 9];
                let text = fill(sentence.words.in_language(language), &names, language);
                let rows = wrap(&text, COLUMNS);
                let longest = rows.iter().map(|row| row.chars().count()).max();
                assert!(
                    longest.is_some_and(|longest| longest <= COLUMNS),
                    "{rows:#?}"
                );
                assert!(rows.len() <= MOST_ROWS, "{rows:#?}");
            }
        }
    }

    #[test]
    fn no_sentence_is_hidden_by_one_before_it() {
        for sentence in ALL_SENTENCES {
            let line = sentence.report.replace("{}", "7");
            let first = ALL_SENTENCES
                .iter()
                .find(|one| capture(one.report, &line).is_some());
            assert_eq!(first.map(|one| one.report), Some(sentence.report));
        }
    }

    #[test]
    fn sentences_are_translated_with_what_stands_in_them() {
        let french = |line| translate(line, Language::French).into_owned();
        assert_eq!(french("svchost.exe is missing"), "svchost.exe manque");
        assert_eq!(
            french(
                "restore  \\WINDOWS\\system32\\svchost.exe from \\WINDOWS\\system32\\dllcache\\svchost.exe"
            ),
            "remettre svchost.exe depuis dllcache"
        );
        assert_eq!(
            french("replace  DAT 5958.0000 by 5959.0000 in \\Program Files\\McAfee, 3 files"),
            "remplacer DAT 5958.0000 par 5959.0000  (3 fichiers)"
        );
        assert_eq!(
            french(
                "locked-volume: disk 1, partition 2 is locked by BitLocker; its recovery key is needed to look at it"
            ),
            "disque 1, partition 2 : verrouillé par BitLocker, clé de récupération nécessaire"
        );
        assert_eq!(
            french("something that nobody translated"),
            "something that nobody translated"
        );
    }

    /// A sentence that the repair no longer says would stay English for ever without anybody noticing.
    #[test]
    fn every_sentence_is_still_said_somewhere() {
        let sources = [
            include_str!("../../repair.rs"),
            include_str!("../../repair/carry_out.rs"),
            include_str!("../../repair/permission.rs"),
            include_str!("../../repair/progress.rs"),
            include_str!("../../repair/undo.rs"),
            include_str!("../../repair/undo/plan.rs"),
            include_str!("../../machine.rs"),
            include_str!("../../repair/diagnose.rs"),
            include_str!("../../repair/report.rs"),
            include_str!("../../repair/candidates.rs"),
            include_str!("../../repair/plan/definitions.rs"),
            include_str!("../../repair/plan/files.rs"),
            include_str!("../../repair/plan/quarantined.rs"),
            include_str!("../../repair/plan/registry.rs"),
            include_str!("../../repair/plan/restore.rs"),
            include_str!("../../repair/plan/bring.rs"),
            include_str!("../../repair/plan.rs"),
            include_str!("../../machine/linux.rs"),
            include_str!("../../machine/linux/room.rs"),
            include_str!("../../machine/linux/volume.rs"),
            include_str!("../../machine/linux/disks.rs"),
            include_str!("../../init.rs"),
            include_str!("../../stick.rs"),
            include_str!("../../init/filing.rs"),
            include_str!("../../init/outcome.rs"),
            include_str!("../../init/recovery.rs"),
            include_str!("../../init/undoing.rs"),
            include_str!("../../repair/undo/blocks.rs"),
            include_str!("../../repair/plan/step.rs"),
            include_str!("../../init/unlock.rs"),
            include_str!("../../unlock.rs"),
            include_str!("../../filesystem.rs"),
            include_str!("../../bitlocker/metadata.rs"),
            include_str!("../../journal/recover.rs"),
            include_str!("../../init/fault.rs"),
            include_str!("../../journal/undo.rs"),
            include_str!("../../health.rs"),
            include_str!("../../health/disks.rs"),
            include_str!("../../health/disks/nvme.rs"),
            include_str!("../../health/products.rs"),
            include_str!("../../health/clock.rs"),
            include_str!("../../filesystem/foreign.rs"),
            include_str!("../../machine/linux/controllers.rs"),
            include_str!("../../screen/story.rs"),
            include_str!("../../repair/detect/drives.rs"),
            include_str!("../../repair/detect/sources.rs"),
            include_str!("../../repair/predicates/files.rs"),
            include_str!("../../repair/detect/written.rs"),
            include_str!("../../windows/installation.rs"),
            include_str!("../../antivirus/product.rs"),
            include_str!("../../hive/base_block.rs"),
            include_str!("../../screen.rs"),
        ];
        // Literals go over several lines with a backslash at their ends.
        let whole = sources
            .concat()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let whole = whole.replace("\\ ", "");
        for sentence in ALL_SENTENCES {
            let parts = sentence.report.split("{}");
            let longest = parts.max_by_key(|part| part.len()).unwrap_or_default();
            let words: Vec<_> = longest.split_whitespace().collect();
            let longest = words.join(" ");
            let longest = longest.trim_matches([':', ' ']);
            assert!(whole.contains(longest), "{:?}", sentence.report);
        }
    }
}
