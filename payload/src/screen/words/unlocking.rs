//! What the screen says while a volume that BitLocker locks is unlocked.

use super::Words;

const fn words([en, fr, de, es]: [&'static str; 4]) -> Words {
    Words { en, fr, de, es }
}

/// Below the big word.
pub const LOCKED: Words = words([
    "locked by BitLocker",
    "verrouillé par BitLocker",
    "mit BitLocker gesperrt",
    "bloqueado por BitLocker",
]);
/// Label: the volume.
pub const VOLUME: Words = words(["Volume", "Volume", "Volume", "Volumen"]);
/// Label: what the key is kept by.
pub const KEY_ID: Words = words(["Key ID", "ID clé", "Kennung", "ID clave"]);
/// Name of the field: the 48 digits.
pub const RECOVERY_KEY: Words = words([
    "Recovery key",
    "Clé de récupération",
    "Wiederherstellungsschlüssel",
    "Clave de recuperación",
]);
/// How it is typed.
pub const RECOVERY_KEY_HINT: Words = words([
    "8 blocks of 6 digits; or scan it, or plug in a stick with its .BEK file",
    "8 blocs de 6 chiffres ; ou scannez-la, ou branchez une clé USB avec son fichier .BEK",
    "8 Blöcke zu 6 Ziffern; oder scannen, oder einen Stick mit der .BEK-Datei einstecken",
    "8 bloques de 6 cifras; o escanéela, o conecte una memoria con su archivo .BEK",
]);
/// The digits are right, and those of another volume.
pub const WRONG_KEY: Words = words([
    "This is the key of another volume. Compare the key ID.",
    "C'est la clé d'un autre volume. Comparez l'ID de la clé.",
    "Dieser Schlüssel gehört zu einem anderen Volume. Kennung vergleichen.",
    "Es la clave de otro volumen. Compare el ID de la clave.",
]);
/// What Enter does.
pub const UNLOCK: Words = words(["unlock", "déverrouiller", "entsperren", "desbloquear"]);
/// What Escape does at the recovery key.
pub const LEAVE_LOCKED: Words = words([
    "leave it locked",
    "laisser verrouillé",
    "gesperrt lassen",
    "dejarlo bloqueado",
]);
/// Name of the field: what opens the stick's keys.
pub const PASSPHRASE: Words = words([
    "Passphrase of the site",
    "Phrase secrète du site",
    "Passphrase des Standorts",
    "Frase secreta de la sede",
]);
/// What it is for.
pub const PASSPHRASE_HINT: Words = words([
    "This stick carries the recovery keys of the site; its passphrase opens them.",
    "Cette clé USB contient les clés de récupération du site ; sa phrase secrète les ouvre.",
    "Dieser Stick trägt die Wiederherstellungsschlüssel des Standorts; die Passphrase öffnet sie.",
    "Esta memoria lleva las claves de recuperación de la sede; su frase secreta las abre.",
]);
/// It does not open them.
pub const WRONG_PASSPHRASE: Words = words([
    "This passphrase does not fit.",
    "Cette phrase secrète n'est pas la bonne.",
    "Diese Passphrase passt nicht.",
    "Esta frase secreta no es correcta.",
]);
/// What Escape does at the passphrase.
pub const TYPE_KEY: Words = words([
    "type the key itself",
    "taper la clé elle-même",
    "den Schlüssel selbst tippen",
    "escribir la clave misma",
]);

/// A block that cannot be right, by its place. No digit is ever named.
#[rustfmt::skip] // A block a line, its languages beside each other.
pub const WRONG_BLOCKS: [Words; 8] = [
    words(["Block 1 is mistyped: compare its 6 digits.", "Le bloc 1 est erroné : comparez ses 6 chiffres.", "Block 1 ist vertippt: seine 6 Ziffern vergleichen.", "El bloque 1 está mal: compare sus 6 cifras."]),
    words(["Block 2 is mistyped: compare its 6 digits.", "Le bloc 2 est erroné : comparez ses 6 chiffres.", "Block 2 ist vertippt: seine 6 Ziffern vergleichen.", "El bloque 2 está mal: compare sus 6 cifras."]),
    words(["Block 3 is mistyped: compare its 6 digits.", "Le bloc 3 est erroné : comparez ses 6 chiffres.", "Block 3 ist vertippt: seine 6 Ziffern vergleichen.", "El bloque 3 está mal: compare sus 6 cifras."]),
    words(["Block 4 is mistyped: compare its 6 digits.", "Le bloc 4 est erroné : comparez ses 6 chiffres.", "Block 4 ist vertippt: seine 6 Ziffern vergleichen.", "El bloque 4 está mal: compare sus 6 cifras."]),
    words(["Block 5 is mistyped: compare its 6 digits.", "Le bloc 5 est erroné : comparez ses 6 chiffres.", "Block 5 ist vertippt: seine 6 Ziffern vergleichen.", "El bloque 5 está mal: compare sus 6 cifras."]),
    words(["Block 6 is mistyped: compare its 6 digits.", "Le bloc 6 est erroné : comparez ses 6 chiffres.", "Block 6 ist vertippt: seine 6 Ziffern vergleichen.", "El bloque 6 está mal: compare sus 6 cifras."]),
    words(["Block 7 is mistyped: compare its 6 digits.", "Le bloc 7 est erroné : comparez ses 6 chiffres.", "Block 7 ist vertippt: seine 6 Ziffern vergleichen.", "El bloque 7 está mal: compare sus 6 cifras."]),
    words(["Block 8 is mistyped: compare its 6 digits.", "Le bloc 8 est erroné : comparez ses 6 chiffres.", "Block 8 ist vertippt: seine 6 Ziffern vergleichen.", "El bloque 8 está mal: compare sus 6 cifras."]),
];
