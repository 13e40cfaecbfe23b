//! Pages while the PC is looked at, and those that ask.

use expect_test::expect;

use super::*;

#[test]
fn looks_like_this_while_it_checks() {
    check(
        &working(Language::English),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        stick MK-7F3A-01 · 2010-04-22
            ▏
            ▏                      ▄▄▄▄  ▄▄  ▄▄ ▄▄▄▄▄▄  ▄▄▄▄  ▄▄  ▄▄ ▄▄ ▄▄  ▄▄  ▄▄▄▄
            ▏                     ██▀▀██ ██  ██ ██▀▀▀▀ ██▀▀██ ██  ██ ██ ██  ██ ██▀▀██
            ▏                     ██  ▀▀ ██  ██ ██     ██  ▀▀ ██ ▄██ ██ ███ ██ ██  ▀▀
            ▏                     ██     ██▄▄██ ██▄▄▄  ██     ██▄██  ██ ███ ██ ██
            ▏                     ██     ██▀▀██ ██▀▀▀  ██     ████   ██ ██████ ██ ▄▄▄
            ▏                     ██     ██  ██ ██     ██     ██▀██  ██ ██ ███ ██ ▀██
            ▏       ▄▄ ▄▄ ▄▄      ██  ▄▄ ██  ██ ██     ██  ▄▄ ██ ▀██ ██ ██ ███ ██  ██
            ▏       ██ ██ ██      ██▄▄██ ██  ██ ██▄▄▄▄ ██▄▄██ ██  ██ ██ ██  ██ ██▄▄██
            ▏       ▀▀ ▀▀ ▀▀       ▀▀▀▀  ▀▀  ▀▀ ▀▀▀▀▀▀  ▀▀▀▀  ▀▀  ▀▀ ▀▀ ▀▀  ▀▀  ▀▀▀▀
            ▏                      nothing is being written to this PC
            ▏
            ▏  PC        Dell Inc. OptiPlex 760
            ▏
            ▏  Now       Looking at this PC ...
            ▏            Looking for the stick ...
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Checking the stick ...
            ▏  ███████████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  30 %  8 s left
            ▏"#]],
    );
    check(
        &working(Language::French),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)          clé MK-7F3A-01 · 2010-04-22
            ▏
            ▏                         ▄▄▄▄▄▄ ▄▄  ▄▄  ▄▄▄▄  ▄▄    ▄▄ ▄▄▄▄▄▄ ▄▄  ▄▄
            ▏                         ██▀▀▀▀ ██  ██ ██▀▀██ ██▄  ▄██ ██▀▀▀▀ ██  ██
            ▏                         ██     ██  ██ ██  ██ ████████ ██     ███ ██
            ▏                         ██▄▄▄   ████  ██  ██ ████████ ██▄▄▄  ███ ██
            ▏                         ██▀▀▀   ████  ██▄▄██ ██ ▀▀ ██ ██▀▀▀  ██████
            ▏                         ██      ████  ██▀▀██ ██    ██ ██     ██ ███
            ▏           ▄▄ ▄▄ ▄▄      ██     ██  ██ ██  ██ ██    ██ ██     ██ ███
            ▏           ██ ██ ██      ██▄▄▄▄ ██  ██ ██  ██ ██    ██ ██▄▄▄▄ ██  ██
            ▏           ▀▀ ▀▀ ▀▀      ▀▀▀▀▀▀ ▀▀  ▀▀ ▀▀  ▀▀ ▀▀    ▀▀ ▀▀▀▀▀▀ ▀▀  ▀▀
            ▏                           rien n'est écrit sur ce PC
            ▏
            ▏  PC        Dell Inc. OptiPlex 760
            ▏
            ▏  En cours  Examen de ce PC ...
            ▏            Recherche de la clé ...
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Contrôle de la clé ...
            ▏  ███████████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  30 %  encore 8 s
            ▏"#]],
    );
    check(
        &working(Language::German),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        Stick MK-7F3A-01 · 2010-04-22
            ▏                                     ██  ██
            ▏                       ▄▄▄▄▄  ▄▄▄▄▄  ▄▄  ▄▄ ▄▄▄▄▄▄ ▄▄  ▄▄ ▄▄  ▄▄  ▄▄▄▄
            ▏                       ██▀▀██ ██▀▀██ ██  ██ ██▀▀▀▀ ██  ██ ██  ██ ██▀▀██
            ▏                       ██  ██ ██  ██ ██  ██ ██     ██  ██ ███ ██ ██  ▀▀
            ▏                       ██  ██ ██  ██ ██  ██ ██▄▄▄  ██  ██ ███ ██ ██
            ▏                       ██▄▄██ ██▄▄██ ██  ██ ██▀▀▀  ██  ██ ██████ ██ ▄▄▄
            ▏                       ██▀▀▀  █████  ██  ██ ██     ██  ██ ██ ███ ██ ▀██
            ▏         ▄▄ ▄▄ ▄▄      ██     ██ ██  ██  ██ ██     ██  ██ ██ ███ ██  ██
            ▏         ██ ██ ██      ██     ██ ▀██ ██▄▄██ ██     ██▄▄██ ██  ██ ██▄▄██
            ▏         ▀▀ ▀▀ ▀▀      ▀▀     ▀▀  ▀▀  ▀▀▀▀  ▀▀      ▀▀▀▀  ▀▀  ▀▀  ▀▀▀▀
            ▏                     auf diesen PC wird nichts geschrieben
            ▏
            ▏  PC        Dell Inc. OptiPlex 760
            ▏
            ▏  Gerade    Dieser PC wird untersucht ...
            ▏            Der Stick wird gesucht ...
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Der Stick wird geprüft ...
            ▏  ███████████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  30 %  noch 8 s
            ▏"#]],
    );
    check(
        &working(Language::Spanish),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)      memoria MK-7F3A-01 · 2010-04-22
            ▏                                                           ▄█▀
            ▏                       ▄▄▄▄▄  ▄▄▄▄▄▄ ▄▄  ▄▄ ▄▄  ▄▄▄▄  ▄▄  ▄▄▄▄  ▄▄  ▄▄
            ▏                       ██▀▀██ ██▀▀▀▀ ██  ██ ██ ██▀▀██ ██ ██▀▀██ ██  ██
            ▏                       ██  ██ ██     ██  ██ ██ ██  ▀▀ ██ ██  ██ ███ ██
            ▏                       ██  ██ ██▄▄▄  ██  ██ ██ ██▄▄▄  ██ ██  ██ ███ ██
            ▏                       ██▄▄██ ██▀▀▀  ██  ██ ██  ▀▀▀██ ██ ██  ██ ██████
            ▏                       █████  ██     ██  ██ ██     ██ ██ ██  ██ ██ ███
            ▏         ▄▄ ▄▄ ▄▄      ██ ██  ██     ██▄▄██ ██ ▄▄  ██ ██ ██  ██ ██ ███
            ▏         ██ ██ ██      ██ ▀██ ██▄▄▄▄  ▀██▀  ██ ██▄▄██ ██ ██▄▄██ ██  ██
            ▏         ▀▀ ▀▀ ▀▀      ▀▀  ▀▀ ▀▀▀▀▀▀   ▀▀   ▀▀  ▀▀▀▀  ▀▀  ▀▀▀▀  ▀▀  ▀▀
            ▏                         no se escribe nada en este PC
            ▏
            ▏  PC        Dell Inc. OptiPlex 760
            ▏
            ▏  Ahora     Examinando este PC ...
            ▏            Buscando la memoria ...
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Comprobando la memoria ...
            ▏  ███████████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  30 %  quedan 8 s
            ▏"#]],
    );
}

#[test]
fn looks_like_this_when_it_asks() {
    check(
        &proposal(Language::English),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        stick MK-7F3A-01 · 2010-04-22
            ▏
            ▏       ▄▄▄▄       ▄▄▄▄  ▄▄▄▄▄▄ ▄▄▄▄▄▄ ▄▄▄▄▄▄  ▄▄▄▄  ▄▄▄▄▄▄ ▄▄▄▄▄▄ ▄▄▄▄▄
            ▏       ████      ██▀▀██ ██▀▀▀▀ ██▀▀▀▀ ██▀▀▀▀ ██▀▀██ ▀▀██▀▀ ██▀▀▀▀ ██▀▀██
            ▏       ████      ██  ██ ██     ██     ██     ██  ▀▀   ██   ██     ██  ██
            ▏       ████      ██  ██ ██▄▄▄  ██▄▄▄  ██▄▄▄  ██       ██   ██▄▄▄  ██  ██
            ▏        ██       ██▄▄██ ██▀▀▀  ██▀▀▀  ██▀▀▀  ██       ██   ██▀▀▀  ██  ██
            ▏        ▀▀       ██▀▀██ ██     ██     ██     ██       ██   ██     ██  ██
            ▏        ▄▄       ██  ██ ██     ██     ██     ██  ▄▄   ██   ██     ██  ██
            ▏       ████      ██  ██ ██     ██     ██▄▄▄▄ ██▄▄██   ██   ██▄▄▄▄ ██▄▄██
            ▏        ▀▀       ▀▀  ▀▀ ▀▀     ▀▀     ▀▀▀▀▀▀  ▀▀▀▀    ▀▀   ▀▀▀▀▀▀ ▀▀▀▀▀
            ▏                              this can be repaired
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disk 1, partition 1
            ▏  Runs      Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386
            ▏  Guard     VirusScan Enterprise 8.7.0.570, DAT 5958.0000 of 2010/04/21
            ▏  Found     DAT 5958.0000 is in use
            ▏            svchost.exe is missing
            ▏  Will      1  replace DAT 5958.0000 by 5959.0000  (1 file)
            ▏            2  put back svchost.exe from dllcache
            ▏               identity matches, 5.1.2600.5512; not proven by signature
            ▏            nothing else will be written; everything can be undone
            ▏
            ▏
            ▏  [Enter] repair   [N] do nothing   [D] details   [L] français"#]],
    );
    check(
        &proposal(Language::French),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)          clé MK-7F3A-01 · 2010-04-22
            ▏
            ▏             ▄▄▄▄       ▄▄▄▄  ▄▄▄▄▄▄ ▄▄▄▄▄▄ ▄▄▄▄▄▄ ▄▄ ▄▄  ▄▄ ▄▄▄▄▄▄
            ▏             ████      ██▀▀██ ▀▀██▀▀ ▀▀██▀▀ ██▀▀▀▀ ██ ██  ██ ▀▀██▀▀
            ▏             ████      ██  ██   ██     ██   ██     ██ ███ ██   ██
            ▏             ████      ██  ██   ██     ██   ██▄▄▄  ██ ███ ██   ██
            ▏              ██       ██▄▄██   ██     ██   ██▀▀▀  ██ ██████   ██
            ▏              ▀▀       ██▀▀██   ██     ██   ██     ██ ██ ███   ██
            ▏              ▄▄       ██  ██   ██     ██   ██     ██ ██ ███   ██
            ▏             ████      ██  ██   ██     ██   ██▄▄▄▄ ██ ██  ██   ██
            ▏              ▀▀       ▀▀  ▀▀   ▀▀     ▀▀   ▀▀▀▀▀▀ ▀▀ ▀▀  ▀▀   ▀▀
            ▏                             ce PC peut être réparé
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disque 1, partition 1
            ▏  Système   Microsoft Windows XP Service Pack 3 (5.1.2600), français, i386
            ▏  Antivirus VirusScan Enterprise 8.7.0.570, DAT 5958.0000 du 2010/04/21
            ▏  Constat   DAT 5958.0000 est en service
            ▏            svchost.exe manque
            ▏  Prévu     1  remplacer DAT 5958.0000 par 5959.0000  (1 fichier)
            ▏            2  remettre svchost.exe depuis dllcache
            ▏               identité conforme, 5.1.2600.5512 ; pas de preuve par signature
            ▏            rien d'autre ne sera écrit ; tout peut être annulé
            ▏
            ▏
            ▏  [Entrée] réparer   [N] ne rien faire   [D] détails   [L] français"#]],
    );
    check(
        &proposal(Language::German),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        Stick MK-7F3A-01 · 2010-04-22
            ▏
            ▏    ▄▄▄▄      ▄▄▄▄▄  ▄▄▄▄▄▄ ▄▄▄▄▄▄ ▄▄▄▄▄   ▄▄▄▄  ▄▄▄▄▄▄ ▄▄▄▄▄▄ ▄▄▄▄▄▄ ▄▄  ▄▄
            ▏    ████      ██▀▀██ ██▀▀▀▀ ▀▀██▀▀ ██▀▀██ ██▀▀██ ██▀▀▀▀ ██▀▀▀▀ ██▀▀▀▀ ██  ██
            ▏    ████      ██  ██ ██       ██   ██  ██ ██  ██ ██     ██     ██     ███ ██
            ▏    ████      ██▄▄█▀ ██▄▄▄    ██   ██  ██ ██  ██ ██▄▄▄  ██▄▄▄  ██▄▄▄  ███ ██
            ▏     ██       ██▀▀█▄ ██▀▀▀    ██   ██▄▄██ ██  ██ ██▀▀▀  ██▀▀▀  ██▀▀▀  ██████
            ▏     ▀▀       ██  ██ ██       ██   █████  ██  ██ ██     ██     ██     ██ ███
            ▏     ▄▄       ██  ██ ██       ██   ██ ██  ██  ██ ██     ██     ██     ██ ███
            ▏    ████      ██▄▄██ ██▄▄▄▄   ██   ██ ▀██ ██▄▄██ ██     ██     ██▄▄▄▄ ██  ██
            ▏     ▀▀       ▀▀▀▀▀  ▀▀▀▀▀▀   ▀▀   ▀▀  ▀▀  ▀▀▀▀  ▀▀     ▀▀     ▀▀▀▀▀▀ ▀▀  ▀▀
            ▏                           das lässt sich reparieren
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · Festplatte 1, Partition 1
            ▏  System    Microsoft Windows XP Service Pack 3 (5.1.2600), Französisch, i386
            ▏  Schutz    VirusScan Enterprise 8.7.0.570, DAT 5958.0000 vom 2010/04/21
            ▏  Befund    DAT 5958.0000 ist in Gebrauch
            ▏            svchost.exe fehlt
            ▏  Plan      1  DAT 5958.0000 durch 5959.0000 ersetzen  (1 Datei)
            ▏            2  svchost.exe aus dllcache zurücklegen
            ▏               Identität stimmt, 5.1.2600.5512; nicht durch Signatur belegt
            ▏            sonst wird nichts geschrieben; alles lässt sich rückgängig machen
            ▏
            ▏
            ▏  [Enter] reparieren   [N] nichts tun   [D] Details   [L] français"#]],
    );
    check(
        &proposal(Language::Spanish),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)      memoria MK-7F3A-01 · 2010-04-22
            ▏
            ▏       ▄▄▄▄       ▄▄▄▄  ▄▄▄▄▄▄ ▄▄▄▄▄▄  ▄▄▄▄  ▄▄▄▄▄▄  ▄▄▄▄  ▄▄▄▄▄   ▄▄▄▄
            ▏       ████      ██▀▀██ ██▀▀▀▀ ██▀▀▀▀ ██▀▀██ ▀▀██▀▀ ██▀▀██ ██▀▀██ ██▀▀██
            ▏       ████      ██  ██ ██     ██     ██  ▀▀   ██   ██  ██ ██  ██ ██  ██
            ▏       ████      ██  ██ ██▄▄▄  ██▄▄▄  ██       ██   ██  ██ ██  ██ ██  ██
            ▏        ██       ██▄▄██ ██▀▀▀  ██▀▀▀  ██       ██   ██▄▄██ ██  ██ ██  ██
            ▏        ▀▀       ██▀▀██ ██     ██     ██       ██   ██▀▀██ ██  ██ ██  ██
            ▏        ▄▄       ██  ██ ██     ██     ██  ▄▄   ██   ██  ██ ██  ██ ██  ██
            ▏       ████      ██  ██ ██     ██▄▄▄▄ ██▄▄██   ██   ██  ██ ██▄▄██ ██▄▄██
            ▏        ▀▀       ▀▀  ▀▀ ▀▀     ▀▀▀▀▀▀  ▀▀▀▀    ▀▀   ▀▀  ▀▀ ▀▀▀▀▀   ▀▀▀▀
            ▏                                se puede reparar
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disco 1, partición 1
            ▏  Sistema   Microsoft Windows XP Service Pack 3 (5.1.2600), francés, i386
            ▏  Antivirus VirusScan Enterprise 8.7.0.570, DAT 5958.0000 del 2010/04/21
            ▏  Hallado   DAT 5958.0000 está en uso
            ▏            falta svchost.exe
            ▏  Plan      1  reemplazar DAT 5958.0000 por 5959.0000  (1 archivo)
            ▏            2  reponer svchost.exe desde dllcache
            ▏               la identidad coincide, 5.1.2600.5512; sin prueba de firma
            ▏            no se escribirá nada más; todo se puede deshacer
            ▏
            ▏
            ▏  [Intro] reparar   [N] no hacer nada   [D] detalles   [L] français"#]],
    );
}

#[test]
fn looks_like_this_when_it_asks_whether_to_undo() {
    check(
        &undo_proposal(Language::English),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        stick MK-7F3A-01 · 2010-04-22
            ▏
            ▏                      ▄          ▄▄  ▄▄ ▄▄  ▄▄ ▄▄▄▄▄   ▄▄▄▄
            ▏                     ▄█          ██  ██ ██  ██ ██▀▀██ ██▀▀██
            ▏                    ███▄▄▄▄      ██  ██ ███ ██ ██  ██ ██  ██
            ▏                   ████████      ██  ██ ███ ██ ██  ██ ██  ██
            ▏                   ████████      ██  ██ ██████ ██  ██ ██  ██
            ▏                    ███▀▀▀▀      ██  ██ ██ ███ ██  ██ ██  ██
            ▏                     ▀█          ██  ██ ██ ███ ██  ██ ██  ██
            ▏                      ▀          ██▄▄██ ██  ██ ██▄▄██ ██▄▄██
            ▏                                  ▀▀▀▀  ▀▀  ▀▀ ▀▀▀▀▀   ▀▀▀▀
            ▏                          the repair can be taken back
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disk 1, partition 1
            ▏  Runs      Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386
            ▏  Will      1  put back 3 files of Engine
            ▏            2  set aside svchost.exe
            ▏            3  mark the repair as undone in undo.json
            ▏            nothing else will be written
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  [Enter] take it back   [N] do nothing   [D] details"#]],
    );
    check(
        &undo_proposal(Language::French),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)          clé MK-7F3A-01 · 2010-04-22
            ▏
            ▏            ▄           ▄▄▄▄  ▄▄  ▄▄ ▄▄  ▄▄ ▄▄  ▄▄ ▄▄     ▄▄▄▄▄▄ ▄▄▄▄▄
            ▏           ▄█          ██▀▀██ ██  ██ ██  ██ ██  ██ ██     ██▀▀▀▀ ██▀▀██
            ▏          ███▄▄▄▄      ██  ██ ███ ██ ███ ██ ██  ██ ██     ██     ██  ██
            ▏         ████████      ██  ██ ███ ██ ███ ██ ██  ██ ██     ██▄▄▄  ██  ██
            ▏         ████████      ██▄▄██ ██████ ██████ ██  ██ ██     ██▀▀▀  ██▄▄██
            ▏          ███▀▀▀▀      ██▀▀██ ██ ███ ██ ███ ██  ██ ██     ██     █████
            ▏           ▀█          ██  ██ ██ ███ ██ ███ ██  ██ ██     ██     ██ ██
            ▏            ▀          ██  ██ ██  ██ ██  ██ ██▄▄██ ██▄▄▄▄ ██▄▄▄▄ ██ ▀██
            ▏                       ▀▀  ▀▀ ▀▀  ▀▀ ▀▀  ▀▀  ▀▀▀▀  ▀▀▀▀▀▀ ▀▀▀▀▀▀ ▀▀  ▀▀
            ▏                        la réparation peut être annulée
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disque 1, partition 1
            ▏  Système   Microsoft Windows XP Service Pack 3 (5.1.2600), français, i386
            ▏  Prévu     1  remettre 3 fichiers de Engine
            ▏            2  mettre de côté svchost.exe
            ▏            3  noter dans undo.json que la réparation est annulée
            ▏            rien d'autre ne sera écrit
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  [Entrée] annuler   [N] ne rien faire   [D] détails"#]],
    );
    check(
        &undo_proposal(Language::German),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        Stick MK-7F3A-01 · 2010-04-22
            ▏                                               ██  ██
            ▏               ▄          ▄▄▄▄▄▄ ▄▄  ▄▄ ▄▄▄▄▄  ▄▄  ▄▄  ▄▄▄▄  ▄▄  ▄▄
            ▏              ▄█          ▀▀▀▀██ ██  ██ ██▀▀██ ██  ██ ██▀▀██ ██  ██
            ▏             ███▄▄▄▄         ▄██ ██  ██ ██  ██ ██  ██ ██  ▀▀ ██ ▄██
            ▏            ████████        ▄██  ██  ██ ██  ██ ██  ██ ██     ██▄██
            ▏            ████████       ▄██   ██  ██ ██▄▄██ ██  ██ ██     ████
            ▏             ███▀▀▀▀      ▄██    ██  ██ █████  ██  ██ ██     ██▀██
            ▏              ▀█          ██     ██  ██ ██ ██  ██  ██ ██  ▄▄ ██ ▀██
            ▏               ▀          ██▄▄▄▄ ██▄▄██ ██ ▀██ ██▄▄██ ██▄▄██ ██  ██
            ▏                          ▀▀▀▀▀▀  ▀▀▀▀  ▀▀  ▀▀  ▀▀▀▀   ▀▀▀▀  ▀▀  ▀▀
            ▏                   die Reparatur lässt sich rückgängig machen
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · Festplatte 1, Partition 1
            ▏  System    Microsoft Windows XP Service Pack 3 (5.1.2600), Französisch, i386
            ▏  Plan      1  3 Dateien aus Engine zurücklegen
            ▏            2  svchost.exe beiseitelegen
            ▏            3  in undo.json vermerken, dass die Reparatur zurückgenommen ist
            ▏            sonst wird nichts geschrieben
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  [Enter] rückgängig machen   [N] nichts tun   [D] Details"#]],
    );
    check(
        &undo_proposal(Language::Spanish),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)      memoria MK-7F3A-01 · 2010-04-22
            ▏
            ▏        ▄          ▄▄▄▄▄  ▄▄▄▄▄▄  ▄▄▄▄  ▄▄  ▄▄  ▄▄▄▄   ▄▄▄▄  ▄▄▄▄▄▄ ▄▄▄▄▄
            ▏       ▄█          ██▀▀██ ██▀▀▀▀ ██▀▀██ ██  ██ ██▀▀██ ██▀▀██ ██▀▀▀▀ ██▀▀██
            ▏      ███▄▄▄▄      ██  ██ ██     ██  ▀▀ ██  ██ ██  ██ ██  ▀▀ ██     ██  ██
            ▏     ████████      ██  ██ ██▄▄▄  ██▄▄▄  ██▄▄██ ██  ██ ██     ██▄▄▄  ██  ██
            ▏     ████████      ██  ██ ██▀▀▀   ▀▀▀██ ██▀▀██ ██▄▄██ ██     ██▀▀▀  ██▄▄██
            ▏      ███▀▀▀▀      ██  ██ ██         ██ ██  ██ ██▀▀██ ██     ██     █████
            ▏       ▀█          ██  ██ ██     ▄▄  ██ ██  ██ ██  ██ ██  ▄▄ ██     ██ ██
            ▏        ▀          ██▄▄██ ██▄▄▄▄ ██▄▄██ ██  ██ ██  ██ ██▄▄██ ██▄▄▄▄ ██ ▀██
            ▏                   ▀▀▀▀▀  ▀▀▀▀▀▀  ▀▀▀▀  ▀▀  ▀▀ ▀▀  ▀▀  ▀▀▀▀  ▀▀▀▀▀▀ ▀▀  ▀▀
            ▏                        la reparación se puede deshacer
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disco 1, partición 1
            ▏  Sistema   Microsoft Windows XP Service Pack 3 (5.1.2600), francés, i386
            ▏  Plan      1  reponer 3 archivos de Engine
            ▏            2  apartar svchost.exe
            ▏            3  anotar en undo.json que la reparación está deshecha
            ▏            no se escribirá nada más
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  [Intro] deshacer   [N] no hacer nada   [D] detalles"#]],
    );
}

#[test]
fn looks_like_this_when_the_stick_protects_nothing() {
    check(
        &unprotected(Language::English),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        stick MK-7F3A-01 · 2010-04-22
            ▏
            ▏      ▄▄▄▄       ▄▄  ▄▄ ▄▄▄▄▄▄ ▄▄▄▄▄▄ ▄▄▄▄▄   ▄▄▄▄     ▄▄  ▄▄  ▄▄▄▄  ▄▄  ▄▄
            ▏     ██▀▀██      ██  ██ ██▀▀▀▀ ██▀▀▀▀ ██▀▀██ ██▀▀██    ██  ██ ██▀▀██ ██  ██
            ▏     ▀▀  ██      ███ ██ ██     ██     ██  ██ ██  ▀▀    ██  ██ ██  ██ ██  ██
            ▏        ▄██      ███ ██ ██▄▄▄  ██▄▄▄  ██  ██ ██▄▄▄     ██▄▄██ ██  ██ ██  ██
            ▏       ▄█▀       ██████ ██▀▀▀  ██▀▀▀  ██  ██  ▀▀▀██     ▀██▀  ██  ██ ██  ██
            ▏       ██        ██ ███ ██     ██     ██  ██     ██      ██   ██  ██ ██  ██
            ▏                 ██ ███ ██     ██     ██  ██ ▄▄  ██      ██   ██  ██ ██  ██
            ▏       ██        ██  ██ ██▄▄▄▄ ██▄▄▄▄ ██▄▄██ ██▄▄██      ██   ██▄▄██ ██▄▄██
            ▏       ▀▀        ▀▀  ▀▀ ▀▀▀▀▀▀ ▀▀▀▀▀▀ ▀▀▀▀▀   ▀▀▀▀       ▀▀    ▀▀▀▀   ▀▀▀▀
            ▏                      the stick cannot protect this repair
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disk 1, partition 1
            ▏  Runs      Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386
            ▏  Found     disk 1, partition 1: the stick cannot be written: the journal is
            ▏            write-protected
            ▏  Note      Without it, this PC must not lose power while it is repaired, and
            ▏            the stick cannot take the repair back.
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  [Enter] do nothing   [Y] repair without protection   [D] details"#]],
    );
    check(
        &unprotected(Language::French),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)          clé MK-7F3A-01 · 2010-04-22
            ▏                            ▀█▄
            ▏                ▄▄▄▄        ▄▄▄▄     ▄▄  ▄▄  ▄▄▄▄  ▄▄  ▄▄  ▄▄▄▄
            ▏               ██▀▀██      ██▀▀██    ██  ██ ██▀▀██ ██  ██ ██▀▀██
            ▏               ▀▀  ██      ██  ██    ██  ██ ██  ██ ██  ██ ██  ▀▀
            ▏                  ▄██      ██  ██    ██  ██ ██  ██ ██  ██ ██▄▄▄
            ▏                 ▄█▀       ██▄▄██    ██  ██ ██  ██ ██  ██  ▀▀▀██
            ▏                 ██        ██▀▀██    ██  ██ ██  ██ ██  ██     ██
            ▏                           ██  ██    ██▄▄██ ██  ██ ██  ██ ▄▄  ██
            ▏                 ██        ██  ██     ▀██▀  ██▄▄██ ██▄▄██ ██▄▄██
            ▏                 ▀▀        ▀▀  ▀▀      ▀▀    ▀▀▀▀   ▀▀▀▀   ▀▀▀▀
            ▏                  la clé ne peut pas protéger cette réparation
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disque 1, partition 1
            ▏  Système   Microsoft Windows XP Service Pack 3 (5.1.2600), français, i386
            ▏  Constat   disque 1, partition 1 : impossible d'écrire sur la clé : the
            ▏            journal is write-protected
            ▏  Note      Sans cela, le PC ne doit pas perdre le courant pendant la
            ▏            réparation, et la clé ne pourra pas l'annuler.
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  [Entrée] ne rien faire   [O] réparer sans protection   [D] détails"#]],
    );
    check(
        &unprotected(Language::German),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        Stick MK-7F3A-01 · 2010-04-22
            ▏
            ▏ ▄▄▄▄       ▄▄▄▄▄  ▄▄▄▄▄   ▄▄▄▄  ▄▄  ▄▄  ▄▄▄▄  ▄▄  ▄▄ ▄▄▄▄▄▄     ▄▄▄▄  ▄▄ ▄▄▄▄▄▄
            ▏██▀▀██      ██▀▀██ ██▀▀██ ██▀▀██ ██  ██ ██▀▀██ ██  ██ ▀▀██▀▀    ██▀▀██ ██ ██▀▀▀▀
            ▏▀▀  ██      ██  ██ ██  ██ ██  ██ ██  ██ ██  ▀▀ ██  ██   ██      ██  ▀▀ ██ ██
            ▏   ▄██      ██▄▄█▀ ██  ██ ██  ██ ██  ██ ██     ██▄▄██   ██      ██▄▄▄  ██ ██▄▄▄
            ▏  ▄█▀       ██▀▀█▄ ██▄▄██ ██▄▄██ ██  ██ ██     ██▀▀██   ██       ▀▀▀██ ██ ██▀▀▀
            ▏  ██        ██  ██ █████  ██▀▀██ ██  ██ ██     ██  ██   ██          ██ ██ ██
            ▏            ██  ██ ██ ██  ██  ██ ██  ██ ██  ▄▄ ██  ██   ██      ▄▄  ██ ██ ██
            ▏  ██        ██▄▄██ ██ ▀██ ██  ██ ██▄▄██ ██▄▄██ ██  ██   ██      ██▄▄██ ██ ██▄▄▄▄
            ▏  ▀▀        ▀▀▀▀▀  ▀▀  ▀▀ ▀▀  ▀▀  ▀▀▀▀   ▀▀▀▀  ▀▀  ▀▀   ▀▀       ▀▀▀▀  ▀▀ ▀▀▀▀▀▀
            ▏                 der Stick kann diese Reparatur nicht schützen
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · Festplatte 1, Partition 1
            ▏  System    Microsoft Windows XP Service Pack 3 (5.1.2600), Französisch, i386
            ▏  Befund    Festplatte 1, Partition 1: auf den Stick lässt sich nicht
            ▏            schreiben: the journal is write-protected
            ▏  Hinweis   Ohne das darf der Strom während der Reparatur nicht ausfallen, und
            ▏            der Stick kann sie nicht zurücknehmen.
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  [Enter] nichts tun   [J] ohne Schutz reparieren   [D] Details"#]],
    );
    check(
        &unprotected(Language::Spanish),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)      memoria MK-7F3A-01 · 2010-04-22
            ▏
            ▏         ▄▄▄▄        ▄▄▄▄  ▄▄  ▄▄    ▄▄▄▄▄▄ ▄▄  ▄▄ ▄▄▄▄▄  ▄▄  ▄▄  ▄▄▄▄
            ▏        ██▀▀██      ██▀▀██ ██  ██    ▀▀██▀▀ ██  ██ ██▀▀██ ██  ██ ██▀▀██
            ▏        ▀▀  ██      ██  ▀▀ ██  ██      ██   ██  ██ ██  ██ ███ ██ ██  ██
            ▏           ▄██      ██▄▄▄  ██  ██      ██   ██  ██ ██  ██ ███ ██ ██  ██
            ▏          ▄█▀        ▀▀▀██ ██  ██      ██   ██  ██ ██▄▄██ ██████ ██  ██
            ▏          ██            ██ ██  ██      ██   ██  ██ █████  ██ ███ ██  ██
            ▏                    ▄▄  ██ ██  ██      ██   ██  ██ ██ ██  ██ ███ ██  ██
            ▏          ██        ██▄▄██ ██▄▄██      ██   ██▄▄██ ██ ▀██ ██  ██ ██▄▄██
            ▏          ▀▀         ▀▀▀▀   ▀▀▀▀       ▀▀    ▀▀▀▀  ▀▀  ▀▀ ▀▀  ▀▀  ▀▀▀▀
            ▏                  la memoria no puede proteger esta reparación
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disco 1, partición 1
            ▏  Sistema   Microsoft Windows XP Service Pack 3 (5.1.2600), francés, i386
            ▏  Hallado   disco 1, partición 1: no se puede escribir en la memoria: the
            ▏            journal is write-protected
            ▏  Nota      Sin eso, el PC no debe quedarse sin corriente durante la
            ▏            reparación, y la memoria no podrá deshacerla.
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  [Intro] no hacer nada   [S] reparar sin protección   [D] detalles"#]],
    );
}
