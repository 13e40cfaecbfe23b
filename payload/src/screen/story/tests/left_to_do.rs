//! Pages of runs that leave something to a person.

use expect_test::expect;

use super::*;

#[test]
fn looks_like_this_when_it_is_affected() {
    check(
        &ended(Language::English, Verdict::Affected),
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
            ▏           looked at only: nothing was written · 1.8 s · report saved
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disk 1, partition 1
            ▏  Runs      Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386
            ▏  Found     DAT 5958.0000 is in use
            ▏            svchost.exe is missing
            ▏  Note      not wanted; nothing was written
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Take the stick out and press Enter to restart.
            ▏  [Enter] restart   [D] details"#]],
    );
    check(
        &ended(Language::French, Verdict::Affected),
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
            ▏         examen seul : rien n'a été écrit · 1.8 s · rapport enregistré
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disque 1, partition 1
            ▏  Système   Microsoft Windows XP Service Pack 3 (5.1.2600), français, i386
            ▏  Constat   DAT 5958.0000 est en service
            ▏            svchost.exe manque
            ▏  Note      non souhaité ; rien n'a été écrit
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Retirez la clé, puis appuyez sur Entrée pour redémarrer.
            ▏  [Entrée] redémarrer   [D] détails"#]],
    );
    check(
        &ended(Language::German, Verdict::Affected),
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
            ▏     nur angesehen: nichts wurde geschrieben · 1.8 s · Bericht gespeichert
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · Festplatte 1, Partition 1
            ▏  System    Microsoft Windows XP Service Pack 3 (5.1.2600), Französisch, i386
            ▏  Befund    DAT 5958.0000 ist in Gebrauch
            ▏            svchost.exe fehlt
            ▏  Hinweis   nicht gewünscht; nichts wurde geschrieben
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Ziehen Sie den Stick ab und drücken Sie Enter für den Neustart.
            ▏  [Enter] neu starten   [D] Details"#]],
    );
    check(
        &ended(Language::Spanish, Verdict::Affected),
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
            ▏        solo revisado: no se ha escrito nada · 1.8 s · informe guardado
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disco 1, partición 1
            ▏  Sistema   Microsoft Windows XP Service Pack 3 (5.1.2600), francés, i386
            ▏  Hallado   DAT 5958.0000 está en uso
            ▏            falta svchost.exe
            ▏  Nota      no se quiso; no se ha escrito nada
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Retire la memoria y pulse Intro para reiniciar.
            ▏  [Intro] reiniciar   [D] detalles"#]],
    );
}

#[test]
fn looks_like_this_when_it_is_needs_you() {
    check(
        &ended(Language::English, Verdict::NeedsYou),
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
            ▏                              1.8 s · report saved
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disk 1, partition 1
            ▏  Runs      Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386
            ▏  Found     DAT 5958.0000 is in use
            ▏            svchost.exe is missing
            ▏  Note      1 more place was looked at; it is in the report
            ▏  Next      no good copy of svchost.exe was found on this PC or on the stick
            ▏
            ▏
            ▏
            ▏
            ▏  Take the stick out and press Enter to restart.
            ▏  [Enter] restart   [D] details"#]],
    );
    check(
        &ended(Language::French, Verdict::NeedsYou),
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
            ▏                           1.8 s · rapport enregistré
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disque 1, partition 1
            ▏  Système   Microsoft Windows XP Service Pack 3 (5.1.2600), français, i386
            ▏  Constat   DAT 5958.0000 est en service
            ▏            svchost.exe manque
            ▏  Note      1 autre endroit examiné ; voir le rapport
            ▏  À faire   aucune bonne copie de svchost.exe sur ce PC ni sur la clé
            ▏
            ▏
            ▏
            ▏
            ▏  Retirez la clé, puis appuyez sur Entrée pour redémarrer.
            ▏  [Entrée] redémarrer   [D] détails"#]],
    );
    check(
        &ended(Language::German, Verdict::NeedsYou),
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
            ▏                          1.8 s · Bericht gespeichert
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · Festplatte 1, Partition 1
            ▏  System    Microsoft Windows XP Service Pack 3 (5.1.2600), Französisch, i386
            ▏  Befund    DAT 5958.0000 ist in Gebrauch
            ▏            svchost.exe fehlt
            ▏  Hinweis   1 weiterer Ort wurde angesehen; er steht im Bericht
            ▏  Weiter    keine gute Kopie von svchost.exe auf diesem PC oder dem Stick
            ▏            gefunden
            ▏
            ▏
            ▏
            ▏  Ziehen Sie den Stick ab und drücken Sie Enter für den Neustart.
            ▏  [Enter] neu starten   [D] Details"#]],
    );
    check(
        &ended(Language::Spanish, Verdict::NeedsYou),
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
            ▏                            1.8 s · informe guardado
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disco 1, partición 1
            ▏  Sistema   Microsoft Windows XP Service Pack 3 (5.1.2600), francés, i386
            ▏  Hallado   DAT 5958.0000 está en uso
            ▏            falta svchost.exe
            ▏  Nota      se miró 1 lugar más; está en el informe
            ▏  Ahora     no hay copia válida de svchost.exe en este PC ni en la memoria
            ▏
            ▏
            ▏
            ▏
            ▏  Retire la memoria y pulse Intro para reiniciar.
            ▏  [Intro] reiniciar   [D] detalles"#]],
    );
}

#[test]
fn looks_like_this_when_it_is_refused() {
    check(
        &ended(Language::English, Verdict::Refused),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        stick MK-7F3A-01 · 2010-04-22
            ▏
            ▏          ▄▄▄▄▄▄       ▄▄▄▄▄  ▄▄▄▄▄▄ ▄▄▄▄▄▄ ▄▄  ▄▄  ▄▄▄▄  ▄▄▄▄▄▄ ▄▄▄▄▄
            ▏         ████████      ██▀▀██ ██▀▀▀▀ ██▀▀▀▀ ██  ██ ██▀▀██ ██▀▀▀▀ ██▀▀██
            ▏         ████████      ██  ██ ██     ██     ██  ██ ██  ▀▀ ██     ██  ██
            ▏         ██▀▀▀▀██      ██  ██ ██▄▄▄  ██▄▄▄  ██  ██ ██▄▄▄  ██▄▄▄  ██  ██
            ▏         ██    ██      ██▄▄██ ██▀▀▀  ██▀▀▀  ██  ██  ▀▀▀██ ██▀▀▀  ██  ██
            ▏         ██▄▄▄▄██      █████  ██     ██     ██  ██     ██ ██     ██  ██
            ▏         ████████      ██ ██  ██     ██     ██  ██ ▄▄  ██ ██     ██  ██
            ▏         ████████      ██ ▀██ ██▄▄▄▄ ██     ██▄▄██ ██▄▄██ ██▄▄▄▄ ██▄▄██
            ▏          ▀▀▀▀▀▀       ▀▀  ▀▀ ▀▀▀▀▀▀ ▀▀      ▀▀▀▀   ▀▀▀▀  ▀▀▀▀▀▀ ▀▀▀▀▀
            ▏                              1.8 s · report saved
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disk 1, partition 1
            ▏  Runs      Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386
            ▏  Found     DAT 5958.0000 is in use
            ▏            svchost.exe is missing
            ▏  Next      Windows is hibernated here: start it and shut it down fully (not
            ▏            to sleep), then start from the stick again; if it does not start,
            ▏            its saved session must be given up first by someone who may decide
            ▏            that
            ▏
            ▏
            ▏  Take the stick out and press Enter to restart.
            ▏  [Enter] restart   [D] details"#]],
    );
    check(
        &ended(Language::French, Verdict::Refused),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)          clé MK-7F3A-01 · 2010-04-22
            ▏                                                               ▄█▀
            ▏             ▄▄▄▄▄▄       ▄▄▄▄▄  ▄▄▄▄▄▄ ▄▄▄▄▄▄ ▄▄  ▄▄  ▄▄▄▄  ▄▄▄▄▄▄
            ▏            ████████      ██▀▀██ ██▀▀▀▀ ██▀▀▀▀ ██  ██ ██▀▀██ ██▀▀▀▀
            ▏            ████████      ██  ██ ██     ██     ██  ██ ██  ▀▀ ██
            ▏            ██▀▀▀▀██      ██  ██ ██▄▄▄  ██▄▄▄  ██  ██ ██▄▄▄  ██▄▄▄
            ▏            ██    ██      ██▄▄██ ██▀▀▀  ██▀▀▀  ██  ██  ▀▀▀██ ██▀▀▀
            ▏            ██▄▄▄▄██      █████  ██     ██     ██  ██     ██ ██
            ▏            ████████      ██ ██  ██     ██     ██  ██ ▄▄  ██ ██
            ▏            ████████      ██ ▀██ ██▄▄▄▄ ██     ██▄▄██ ██▄▄██ ██▄▄▄▄
            ▏             ▀▀▀▀▀▀       ▀▀  ▀▀ ▀▀▀▀▀▀ ▀▀      ▀▀▀▀   ▀▀▀▀  ▀▀▀▀▀▀
            ▏                           1.8 s · rapport enregistré
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disque 1, partition 1
            ▏  Système   Microsoft Windows XP Service Pack 3 (5.1.2600), français, i386
            ▏  Constat   DAT 5958.0000 est en service
            ▏            svchost.exe manque
            ▏  À faire   Windows est ici en veille prolongée : démarrez-le et arrêtez-le
            ▏            complètement (pas de veille), puis redémarrez depuis la clé ; s'il
            ▏            ne démarre pas, quelqu'un d'habilité doit d'abord renoncer à la
            ▏            session enregistrée
            ▏
            ▏
            ▏  Retirez la clé, puis appuyez sur Entrée pour redémarrer.
            ▏  [Entrée] redémarrer   [D] détails"#]],
    );
    check(
        &ended(Language::German, Verdict::Refused),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        Stick MK-7F3A-01 · 2010-04-22
            ▏
            ▏   ▄▄▄▄▄▄        ▄▄▄▄  ▄▄▄▄▄   ▄▄▄▄  ▄▄▄▄▄▄ ▄▄     ▄▄▄▄▄▄ ▄▄  ▄▄ ▄▄  ▄▄ ▄▄▄▄▄▄
            ▏  ████████      ██▀▀██ ██▀▀██ ██▀▀██ ██▀▀▀▀ ██     ██▀▀▀▀ ██  ██ ██  ██ ▀▀██▀▀
            ▏  ████████      ██  ██ ██  ██ ██  ▀▀ ██     ██     ██     ██  ██ ███ ██   ██
            ▏  ██▀▀▀▀██      ██  ██ ██▄▄█▀ ██     ██▄▄▄  ██     ██▄▄▄  ██▄▄██ ███ ██   ██
            ▏  ██    ██      ██▄▄██ ██▀▀█▄ ██ ▄▄▄ ██▀▀▀  ██     ██▀▀▀  ██▀▀██ ██████   ██
            ▏  ██▄▄▄▄██      ██▀▀██ ██  ██ ██ ▀██ ██     ██     ██     ██  ██ ██ ███   ██
            ▏  ████████      ██  ██ ██  ██ ██  ██ ██     ██     ██     ██  ██ ██ ███   ██
            ▏  ████████      ██  ██ ██▄▄██ ██▄▄██ ██▄▄▄▄ ██▄▄▄▄ ██▄▄▄▄ ██  ██ ██  ██   ██
            ▏   ▀▀▀▀▀▀       ▀▀  ▀▀ ▀▀▀▀▀   ▀▀▀▀  ▀▀▀▀▀▀ ▀▀▀▀▀▀ ▀▀▀▀▀▀ ▀▀  ▀▀ ▀▀  ▀▀   ▀▀
            ▏                          1.8 s · Bericht gespeichert
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · Festplatte 1, Partition 1
            ▏  System    Microsoft Windows XP Service Pack 3 (5.1.2600), Französisch, i386
            ▏  Befund    DAT 5958.0000 ist in Gebrauch
            ▏            svchost.exe fehlt
            ▏  Weiter    Windows ist hier im Ruhezustand: Starten Sie es, fahren Sie es
            ▏            ganz herunter (nicht in den Ruhezustand) und starten Sie wieder
            ▏            vom Stick; startet es nicht, muss jemand, der das entscheiden
            ▏            darf, erst die gespeicherte Sitzung aufgeben
            ▏
            ▏
            ▏  Ziehen Sie den Stick ab und drücken Sie Enter für den Neustart.
            ▏  [Enter] neu starten   [D] Details"#]],
    );
    check(
        &ended(Language::Spanish, Verdict::Refused),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)      memoria MK-7F3A-01 · 2010-04-22
            ▏
            ▏   ▄▄▄▄▄▄       ▄▄▄▄▄  ▄▄▄▄▄▄  ▄▄▄▄  ▄▄  ▄▄  ▄▄▄▄  ▄▄▄▄▄▄  ▄▄▄▄  ▄▄▄▄▄   ▄▄▄▄
            ▏  ████████      ██▀▀██ ██▀▀▀▀ ██▀▀██ ██  ██ ██▀▀██ ▀▀▀▀██ ██▀▀██ ██▀▀██ ██▀▀██
            ▏  ████████      ██  ██ ██     ██  ▀▀ ██  ██ ██  ██    ▄██ ██  ██ ██  ██ ██  ██
            ▏  ██▀▀▀▀██      ██  ██ ██▄▄▄  ██     ██▄▄██ ██  ██   ▄██  ██  ██ ██  ██ ██  ██
            ▏  ██    ██      ██▄▄██ ██▀▀▀  ██     ██▀▀██ ██▄▄██  ▄██   ██▄▄██ ██  ██ ██  ██
            ▏  ██▄▄▄▄██      █████  ██     ██     ██  ██ ██▀▀██ ▄██    ██▀▀██ ██  ██ ██  ██
            ▏  ████████      ██ ██  ██     ██  ▄▄ ██  ██ ██  ██ ██     ██  ██ ██  ██ ██  ██
            ▏  ████████      ██ ▀██ ██▄▄▄▄ ██▄▄██ ██  ██ ██  ██ ██▄▄▄▄ ██  ██ ██▄▄██ ██▄▄██
            ▏   ▀▀▀▀▀▀       ▀▀  ▀▀ ▀▀▀▀▀▀  ▀▀▀▀  ▀▀  ▀▀ ▀▀  ▀▀ ▀▀▀▀▀▀ ▀▀  ▀▀ ▀▀▀▀▀   ▀▀▀▀
            ▏                            1.8 s · informe guardado
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disco 1, partición 1
            ▏  Sistema   Microsoft Windows XP Service Pack 3 (5.1.2600), francés, i386
            ▏  Hallado   DAT 5958.0000 está en uso
            ▏            falta svchost.exe
            ▏  Ahora     Windows está hibernado: inícielo y apáguelo del todo (sin
            ▏            suspender), y arranque otra vez desde la memoria; si no inicia,
            ▏            alguien autorizado debe renunciar antes a la sesión guardada
            ▏
            ▏
            ▏
            ▏  Retire la memoria y pulse Intro para reiniciar.
            ▏  [Intro] reiniciar   [D] detalles"#]],
    );
}

#[test]
fn looks_like_this_when_it_is_failed() {
    check(
        &ended(Language::English, Verdict::Failed),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        stick MK-7F3A-01 · 2010-04-22
            ▏
            ▏              ▄▄    ▄▄      ▄▄▄▄▄▄  ▄▄▄▄  ▄▄ ▄▄     ▄▄▄▄▄▄ ▄▄▄▄▄
            ▏              ██▄  ▄██      ██▀▀▀▀ ██▀▀██ ██ ██     ██▀▀▀▀ ██▀▀██
            ▏               ██████       ██     ██  ██ ██ ██     ██     ██  ██
            ▏                ████        ██▄▄▄  ██  ██ ██ ██     ██▄▄▄  ██  ██
            ▏                ████        ██▀▀▀  ██▄▄██ ██ ██     ██▀▀▀  ██  ██
            ▏                ████        ██     ██▀▀██ ██ ██     ██     ██  ██
            ▏               ██████       ██     ██  ██ ██ ██     ██     ██  ██
            ▏              ██▀  ▀██      ██     ██  ██ ██ ██▄▄▄▄ ██▄▄▄▄ ██▄▄██
            ▏              ▀▀    ▀▀      ▀▀     ▀▀  ▀▀ ▀▀ ▀▀▀▀▀▀ ▀▀▀▀▀▀ ▀▀▀▀▀
            ▏                              1.8 s · report saved
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disk 1, partition 1
            ▏  Runs      Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386
            ▏  Found     DAT 5958.0000 is in use
            ▏            svchost.exe is missing
            ▏  Next      the repair was given up before it was made real; the former files
            ▏            are in place
            ▏
            ▏
            ▏
            ▏
            ▏  Take the stick out and press Enter to restart.
            ▏  [Enter] restart   [D] details"#]],
    );
    check(
        &ended(Language::French, Verdict::Failed),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)          clé MK-7F3A-01 · 2010-04-22
            ▏                                ▄█▀
            ▏                ▄▄    ▄▄      ▄▄▄▄▄▄  ▄▄▄▄  ▄▄  ▄▄ ▄▄▄▄▄▄  ▄▄▄▄
            ▏                ██▄  ▄██      ██▀▀▀▀ ██▀▀██ ██  ██ ██▀▀▀▀ ██▀▀██
            ▏                 ██████       ██     ██  ▀▀ ██  ██ ██     ██  ▀▀
            ▏                  ████        ██▄▄▄  ██     ██▄▄██ ██▄▄▄  ██
            ▏                  ████        ██▀▀▀  ██     ██▀▀██ ██▀▀▀  ██
            ▏                  ████        ██     ██     ██  ██ ██     ██
            ▏                 ██████       ██     ██  ▄▄ ██  ██ ██     ██  ▄▄
            ▏                ██▀  ▀██      ██▄▄▄▄ ██▄▄██ ██  ██ ██▄▄▄▄ ██▄▄██
            ▏                ▀▀    ▀▀      ▀▀▀▀▀▀  ▀▀▀▀  ▀▀  ▀▀ ▀▀▀▀▀▀  ▀▀▀▀
            ▏                           1.8 s · rapport enregistré
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disque 1, partition 1
            ▏  Système   Microsoft Windows XP Service Pack 3 (5.1.2600), français, i386
            ▏  Constat   DAT 5958.0000 est en service
            ▏            svchost.exe manque
            ▏  À faire   réparation abandonnée avant l'écriture ; les fichiers d'origine
            ▏            sont en place
            ▏
            ▏
            ▏
            ▏
            ▏  Retirez la clé, puis appuyez sur Entrée pour redémarrer.
            ▏  [Entrée] redémarrer   [D] détails"#]],
    );
    check(
        &ended(Language::German, Verdict::Failed),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        Stick MK-7F3A-01 · 2010-04-22
            ▏
            ▏ ▄▄    ▄▄  ▄▄    ▄▄ ▄▄  ▄▄▄▄   ▄▄▄▄  ▄▄     ▄▄  ▄▄ ▄▄  ▄▄  ▄▄▄▄  ▄▄▄▄▄▄ ▄▄  ▄▄
            ▏ ██▄  ▄██  ██▄  ▄██ ██ ██▀▀██ ██▀▀██ ██     ██  ██ ██  ██ ██▀▀██ ██▀▀▀▀ ██  ██
            ▏  ██████   ████████ ██ ██  ▀▀ ██  ▀▀ ██     ██  ██ ███ ██ ██  ▀▀ ██     ███ ██
            ▏   ████    ████████ ██ ██▄▄▄  ██▄▄▄  ██     ██  ██ ███ ██ ██     ██▄▄▄  ███ ██
            ▏   ████    ██ ▀▀ ██ ██  ▀▀▀██  ▀▀▀██ ██     ██  ██ ██████ ██ ▄▄▄ ██▀▀▀  ██████
            ▏   ████    ██    ██ ██     ██     ██ ██     ██  ██ ██ ███ ██ ▀██ ██     ██ ███
            ▏  ██████   ██    ██ ██ ▄▄  ██ ▄▄  ██ ██     ██  ██ ██ ███ ██  ██ ██     ██ ███
            ▏ ██▀  ▀██  ██    ██ ██ ██▄▄██ ██▄▄██ ██▄▄▄▄ ██▄▄██ ██  ██ ██▄▄██ ██▄▄▄▄ ██  ██
            ▏ ▀▀    ▀▀  ▀▀    ▀▀ ▀▀  ▀▀▀▀   ▀▀▀▀  ▀▀▀▀▀▀  ▀▀▀▀  ▀▀  ▀▀  ▀▀▀▀  ▀▀▀▀▀▀ ▀▀  ▀▀
            ▏                          1.8 s · Bericht gespeichert
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · Festplatte 1, Partition 1
            ▏  System    Microsoft Windows XP Service Pack 3 (5.1.2600), Französisch, i386
            ▏  Befund    DAT 5958.0000 ist in Gebrauch
            ▏            svchost.exe fehlt
            ▏  Weiter    die Reparatur wurde vor dem Schreiben aufgegeben; die alten
            ▏            Dateien sind an ihrem Platz
            ▏
            ▏
            ▏
            ▏
            ▏  Ziehen Sie den Stick ab und drücken Sie Enter für den Neustart.
            ▏  [Enter] neu starten   [D] Details"#]],
    );
    check(
        &ended(Language::Spanish, Verdict::Failed),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)      memoria MK-7F3A-01 · 2010-04-22
            ▏
            ▏           ▄▄    ▄▄      ▄▄▄▄▄▄  ▄▄▄▄  ▄▄     ▄▄     ▄▄ ▄▄▄▄▄   ▄▄▄▄
            ▏           ██▄  ▄██      ██▀▀▀▀ ██▀▀██ ██     ██     ██ ██▀▀██ ██▀▀██
            ▏            ██████       ██     ██  ██ ██     ██     ██ ██  ██ ██  ██
            ▏             ████        ██▄▄▄  ██  ██ ██     ██     ██ ██  ██ ██  ██
            ▏             ████        ██▀▀▀  ██▄▄██ ██     ██     ██ ██  ██ ██  ██
            ▏             ████        ██     ██▀▀██ ██     ██     ██ ██  ██ ██  ██
            ▏            ██████       ██     ██  ██ ██     ██     ██ ██  ██ ██  ██
            ▏           ██▀  ▀██      ██     ██  ██ ██▄▄▄▄ ██▄▄▄▄ ██ ██▄▄██ ██▄▄██
            ▏           ▀▀    ▀▀      ▀▀     ▀▀  ▀▀ ▀▀▀▀▀▀ ▀▀▀▀▀▀ ▀▀ ▀▀▀▀▀   ▀▀▀▀
            ▏                            1.8 s · informe guardado
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disco 1, partición 1
            ▏  Sistema   Microsoft Windows XP Service Pack 3 (5.1.2600), francés, i386
            ▏  Hallado   DAT 5958.0000 está en uso
            ▏            falta svchost.exe
            ▏  Ahora     la reparación se abandonó antes de aplicarse; los archivos
            ▏            originales siguen ahí
            ▏
            ▏
            ▏
            ▏
            ▏  Retire la memoria y pulse Intro para reiniciar.
            ▏  [Intro] reiniciar   [D] detalles"#]],
    );
}
