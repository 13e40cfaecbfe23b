//! Pages of runs after which nothing is left to do.

use expect_test::expect;

use super::*;

#[test]
fn looks_like_this_when_it_is_healthy() {
    check(
        &ended(Language::English, Verdict::Healthy),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        stick MK-7F3A-01 · 2010-04-22
            ▏
            ▏               ▄▄      ▄▄  ▄▄ ▄▄▄▄▄▄  ▄▄▄▄  ▄▄     ▄▄▄▄▄▄ ▄▄  ▄▄ ▄▄  ▄▄
            ▏              ▄██      ██  ██ ██▀▀▀▀ ██▀▀██ ██     ▀▀██▀▀ ██  ██ ██  ██
            ▏             ▄███      ██  ██ ██     ██  ██ ██       ██   ██  ██ ██  ██
            ▏         ▄   ███       ██▄▄██ ██▄▄▄  ██  ██ ██       ██   ██▄▄██ ██▄▄██
            ▏         ██ ▄███       ██▀▀██ ██▀▀▀  ██▄▄██ ██       ██   ██▀▀██  ▀██▀
            ▏         ██████        ██  ██ ██     ██▀▀██ ██       ██   ██  ██   ██
            ▏          █████        ██  ██ ██     ██  ██ ██       ██   ██  ██   ██
            ▏           ███         ██  ██ ██▄▄▄▄ ██  ██ ██▄▄▄▄   ██   ██  ██   ██
            ▏            ▀          ▀▀  ▀▀ ▀▀▀▀▀▀ ▀▀  ▀▀ ▀▀▀▀▀▀   ▀▀   ▀▀  ▀▀   ▀▀
            ▏                              1.8 s · report saved
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disk 1, partition 1
            ▏
            ▏  Runs      Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386
            ▏
            ▏  Note      mcafee-5958: nothing is left to do
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Take the stick out and press Enter to restart.
            ▏  [Enter] restart   [D] details"#]],
    );
    check(
        &ended(Language::French, Verdict::Healthy),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)          clé MK-7F3A-01 · 2010-04-22
            ▏
            ▏                           ▄▄       ▄▄▄▄   ▄▄▄▄  ▄▄ ▄▄  ▄▄
            ▏                          ▄██      ██▀▀██ ██▀▀██ ██ ██  ██
            ▏                         ▄███      ██  ▀▀ ██  ██ ██ ███ ██
            ▏                     ▄   ███       ██▄▄▄  ██  ██ ██ ███ ██
            ▏                     ██ ▄███        ▀▀▀██ ██▄▄██ ██ ██████
            ▏                     ██████            ██ ██▀▀██ ██ ██ ███
            ▏                      █████        ▄▄  ██ ██  ██ ██ ██ ███
            ▏                       ███         ██▄▄██ ██  ██ ██ ██  ██
            ▏                        ▀           ▀▀▀▀  ▀▀  ▀▀ ▀▀ ▀▀  ▀▀
            ▏                           1.8 s · rapport enregistré
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disque 1, partition 1
            ▏
            ▏  Système   Microsoft Windows XP Service Pack 3 (5.1.2600), français, i386
            ▏
            ▏  Note      mcafee-5958 : il n'y a plus rien à faire
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Retirez la clé, puis appuyez sur Entrée pour redémarrer.
            ▏  [Entrée] redémarrer   [D] détails"#]],
    );
    check(
        &ended(Language::German, Verdict::Healthy),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        Stick MK-7F3A-01 · 2010-04-22
            ▏
            ▏                  ▄▄       ▄▄▄▄  ▄▄▄▄▄▄  ▄▄▄▄  ▄▄  ▄▄ ▄▄  ▄▄ ▄▄▄▄▄
            ▏                 ▄██      ██▀▀██ ██▀▀▀▀ ██▀▀██ ██  ██ ██  ██ ██▀▀██
            ▏                ▄███      ██  ▀▀ ██     ██  ▀▀ ██  ██ ███ ██ ██  ██
            ▏            ▄   ███       ██     ██▄▄▄  ██▄▄▄  ██  ██ ███ ██ ██  ██
            ▏            ██ ▄███       ██ ▄▄▄ ██▀▀▀   ▀▀▀██ ██  ██ ██████ ██  ██
            ▏            ██████        ██ ▀██ ██         ██ ██  ██ ██ ███ ██  ██
            ▏             █████        ██  ██ ██     ▄▄  ██ ██  ██ ██ ███ ██  ██
            ▏              ███         ██▄▄██ ██▄▄▄▄ ██▄▄██ ██▄▄██ ██  ██ ██▄▄██
            ▏               ▀           ▀▀▀▀  ▀▀▀▀▀▀  ▀▀▀▀   ▀▀▀▀  ▀▀  ▀▀ ▀▀▀▀▀
            ▏                          1.8 s · Bericht gespeichert
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · Festplatte 1, Partition 1
            ▏
            ▏  System    Microsoft Windows XP Service Pack 3 (5.1.2600), Französisch, i386
            ▏
            ▏  Hinweis   mcafee-5958: nichts ist mehr zu tun
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Ziehen Sie den Stick ab und drücken Sie Enter für den Neustart.
            ▏  [Enter] neu starten   [D] Details"#]],
    );
    check(
        &ended(Language::Spanish, Verdict::Healthy),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)      memoria MK-7F3A-01 · 2010-04-22
            ▏
            ▏                         ▄▄       ▄▄▄▄   ▄▄▄▄  ▄▄  ▄▄  ▄▄▄▄
            ▏                        ▄██      ██▀▀██ ██▀▀██ ██  ██ ██▀▀██
            ▏                       ▄███      ██  ▀▀ ██  ██ ███ ██ ██  ██
            ▏                   ▄   ███       ██▄▄▄  ██  ██ ███ ██ ██  ██
            ▏                   ██ ▄███        ▀▀▀██ ██▄▄██ ██████ ██  ██
            ▏                   ██████            ██ ██▀▀██ ██ ███ ██  ██
            ▏                    █████        ▄▄  ██ ██  ██ ██ ███ ██  ██
            ▏                     ███         ██▄▄██ ██  ██ ██  ██ ██▄▄██
            ▏                      ▀           ▀▀▀▀  ▀▀  ▀▀ ▀▀  ▀▀  ▀▀▀▀
            ▏                            1.8 s · informe guardado
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disco 1, partición 1
            ▏
            ▏  Sistema   Microsoft Windows XP Service Pack 3 (5.1.2600), francés, i386
            ▏
            ▏  Nota      mcafee-5958: no queda nada por hacer
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
fn looks_like_this_when_it_is_repaired() {
    check(
        &ended(Language::English, Verdict::Repaired),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        stick MK-7F3A-01 · 2010-04-22
            ▏
            ▏             ▄▄      ▄▄▄▄▄  ▄▄▄▄▄▄ ▄▄▄▄▄   ▄▄▄▄  ▄▄ ▄▄▄▄▄  ▄▄▄▄▄▄ ▄▄▄▄▄
            ▏            ▄██      ██▀▀██ ██▀▀▀▀ ██▀▀██ ██▀▀██ ██ ██▀▀██ ██▀▀▀▀ ██▀▀██
            ▏           ▄███      ██  ██ ██     ██  ██ ██  ██ ██ ██  ██ ██     ██  ██
            ▏       ▄   ███       ██  ██ ██▄▄▄  ██  ██ ██  ██ ██ ██  ██ ██▄▄▄  ██  ██
            ▏       ██ ▄███       ██▄▄██ ██▀▀▀  ██▄▄██ ██▄▄██ ██ ██▄▄██ ██▀▀▀  ██  ██
            ▏       ██████        █████  ██     ██▀▀▀  ██▀▀██ ██ █████  ██     ██  ██
            ▏        █████        ██ ██  ██     ██     ██  ██ ██ ██ ██  ██     ██  ██
            ▏         ███         ██ ▀██ ██▄▄▄▄ ██     ██  ██ ██ ██ ▀██ ██▄▄▄▄ ██▄▄██
            ▏          ▀          ▀▀  ▀▀ ▀▀▀▀▀▀ ▀▀     ▀▀  ▀▀ ▀▀ ▀▀  ▀▀ ▀▀▀▀▀▀ ▀▀▀▀▀
            ▏                              1.8 s · report saved
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disk 1, partition 1
            ▏  Runs      Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386
            ▏  Found     DAT 5958.0000 is in use
            ▏            svchost.exe is missing
            ▏  Done      1 file replaced, 1 file put back; nothing else was written
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Take the stick out and press Enter to restart.
            ▏  [Enter] restart   [D] details"#]],
    );
    check(
        &ended(Language::French, Verdict::Repaired),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)          clé MK-7F3A-01 · 2010-04-22
            ▏                                   ▄█▀                         ▄█▀
            ▏                  ▄▄      ▄▄▄▄▄  ▄▄▄▄▄▄ ▄▄▄▄▄   ▄▄▄▄  ▄▄▄▄▄  ▄▄▄▄▄▄
            ▏                 ▄██      ██▀▀██ ██▀▀▀▀ ██▀▀██ ██▀▀██ ██▀▀██ ██▀▀▀▀
            ▏                ▄███      ██  ██ ██     ██  ██ ██  ██ ██  ██ ██
            ▏            ▄   ███       ██  ██ ██▄▄▄  ██  ██ ██  ██ ██  ██ ██▄▄▄
            ▏            ██ ▄███       ██▄▄██ ██▀▀▀  ██▄▄██ ██▄▄██ ██▄▄██ ██▀▀▀
            ▏            ██████        █████  ██     ██▀▀▀  ██▀▀██ █████  ██
            ▏             █████        ██ ██  ██     ██     ██  ██ ██ ██  ██
            ▏              ███         ██ ▀██ ██▄▄▄▄ ██     ██  ██ ██ ▀██ ██▄▄▄▄
            ▏               ▀          ▀▀  ▀▀ ▀▀▀▀▀▀ ▀▀     ▀▀  ▀▀ ▀▀  ▀▀ ▀▀▀▀▀▀
            ▏                           1.8 s · rapport enregistré
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disque 1, partition 1
            ▏  Système   Microsoft Windows XP Service Pack 3 (5.1.2600), français, i386
            ▏  Constat   DAT 5958.0000 est en service
            ▏            svchost.exe manque
            ▏  Fait      remplacé : 1 fichier, remis en place : 1 fichier ; rien d'autre
            ▏            n'a été écrit
            ▏
            ▏
            ▏
            ▏
            ▏  Retirez la clé, puis appuyez sur Entrée pour redémarrer.
            ▏  [Entrée] redémarrer   [D] détails"#]],
    );
    check(
        &ended(Language::German, Verdict::Repaired),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        Stick MK-7F3A-01 · 2010-04-22
            ▏
            ▏          ▄▄      ▄▄▄▄▄  ▄▄▄▄▄▄ ▄▄▄▄▄   ▄▄▄▄  ▄▄▄▄▄  ▄▄ ▄▄▄▄▄▄ ▄▄▄▄▄  ▄▄▄▄▄▄
            ▏         ▄██      ██▀▀██ ██▀▀▀▀ ██▀▀██ ██▀▀██ ██▀▀██ ██ ██▀▀▀▀ ██▀▀██ ▀▀██▀▀
            ▏        ▄███      ██  ██ ██     ██  ██ ██  ██ ██  ██ ██ ██     ██  ██   ██
            ▏    ▄   ███       ██  ██ ██▄▄▄  ██  ██ ██  ██ ██  ██ ██ ██▄▄▄  ██  ██   ██
            ▏    ██ ▄███       ██▄▄██ ██▀▀▀  ██▄▄██ ██▄▄██ ██▄▄██ ██ ██▀▀▀  ██▄▄██   ██
            ▏    ██████        █████  ██     ██▀▀▀  ██▀▀██ █████  ██ ██     █████    ██
            ▏     █████        ██ ██  ██     ██     ██  ██ ██ ██  ██ ██     ██ ██    ██
            ▏      ███         ██ ▀██ ██▄▄▄▄ ██     ██  ██ ██ ▀██ ██ ██▄▄▄▄ ██ ▀██   ██
            ▏       ▀          ▀▀  ▀▀ ▀▀▀▀▀▀ ▀▀     ▀▀  ▀▀ ▀▀  ▀▀ ▀▀ ▀▀▀▀▀▀ ▀▀  ▀▀   ▀▀
            ▏                          1.8 s · Bericht gespeichert
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · Festplatte 1, Partition 1
            ▏  System    Microsoft Windows XP Service Pack 3 (5.1.2600), Französisch, i386
            ▏  Befund    DAT 5958.0000 ist in Gebrauch
            ▏            svchost.exe fehlt
            ▏  Getan     1 Datei ersetzt, 1 Datei zurückgelegt; sonst wurde nichts
            ▏            geschrieben
            ▏
            ▏
            ▏
            ▏
            ▏  Ziehen Sie den Stick ab und drücken Sie Enter für den Neustart.
            ▏  [Enter] neu starten   [D] Details"#]],
    );
    check(
        &ended(Language::Spanish, Verdict::Repaired),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)      memoria MK-7F3A-01 · 2010-04-22
            ▏
            ▏           ▄▄      ▄▄▄▄▄  ▄▄▄▄▄▄ ▄▄▄▄▄   ▄▄▄▄  ▄▄▄▄▄   ▄▄▄▄  ▄▄▄▄▄   ▄▄▄▄
            ▏          ▄██      ██▀▀██ ██▀▀▀▀ ██▀▀██ ██▀▀██ ██▀▀██ ██▀▀██ ██▀▀██ ██▀▀██
            ▏         ▄███      ██  ██ ██     ██  ██ ██  ██ ██  ██ ██  ██ ██  ██ ██  ██
            ▏     ▄   ███       ██  ██ ██▄▄▄  ██  ██ ██  ██ ██  ██ ██  ██ ██  ██ ██  ██
            ▏     ██ ▄███       ██▄▄██ ██▀▀▀  ██▄▄██ ██▄▄██ ██▄▄██ ██▄▄██ ██  ██ ██  ██
            ▏     ██████        █████  ██     ██▀▀▀  ██▀▀██ █████  ██▀▀██ ██  ██ ██  ██
            ▏      █████        ██ ██  ██     ██     ██  ██ ██ ██  ██  ██ ██  ██ ██  ██
            ▏       ███         ██ ▀██ ██▄▄▄▄ ██     ██  ██ ██ ▀██ ██  ██ ██▄▄██ ██▄▄██
            ▏        ▀          ▀▀  ▀▀ ▀▀▀▀▀▀ ▀▀     ▀▀  ▀▀ ▀▀  ▀▀ ▀▀  ▀▀ ▀▀▀▀▀   ▀▀▀▀
            ▏                            1.8 s · informe guardado
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disco 1, partición 1
            ▏  Sistema   Microsoft Windows XP Service Pack 3 (5.1.2600), francés, i386
            ▏  Hallado   DAT 5958.0000 está en uso
            ▏            falta svchost.exe
            ▏  Hecho     reemplazado: 1 archivo, repuesto: 1 archivo; no se escribió nada
            ▏            más
            ▏
            ▏
            ▏
            ▏
            ▏  Retire la memoria y pulse Intro para reiniciar.
            ▏  [Intro] reiniciar   [D] detalles"#]],
    );
}

#[test]
fn looks_like_this_when_it_is_undone() {
    check(
        &ended(Language::English, Verdict::Undone),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        stick MK-7F3A-01 · 2010-04-22
            ▏
            ▏               ▄          ▄▄  ▄▄ ▄▄  ▄▄ ▄▄▄▄▄   ▄▄▄▄  ▄▄  ▄▄ ▄▄▄▄▄▄
            ▏              ▄█          ██  ██ ██  ██ ██▀▀██ ██▀▀██ ██  ██ ██▀▀▀▀
            ▏             ███▄▄▄▄      ██  ██ ███ ██ ██  ██ ██  ██ ███ ██ ██
            ▏            ████████      ██  ██ ███ ██ ██  ██ ██  ██ ███ ██ ██▄▄▄
            ▏            ████████      ██  ██ ██████ ██  ██ ██  ██ ██████ ██▀▀▀
            ▏             ███▀▀▀▀      ██  ██ ██ ███ ██  ██ ██  ██ ██ ███ ██
            ▏              ▀█          ██  ██ ██ ███ ██  ██ ██  ██ ██ ███ ██
            ▏               ▀          ██▄▄██ ██  ██ ██▄▄██ ██▄▄██ ██  ██ ██▄▄▄▄
            ▏                           ▀▀▀▀  ▀▀  ▀▀ ▀▀▀▀▀   ▀▀▀▀  ▀▀  ▀▀ ▀▀▀▀▀▀
            ▏                              1.8 s · report saved
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disk 1, partition 1
            ▏
            ▏  Runs      Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386
            ▏
            ▏  Note      mcafee-5958: nothing is left to do
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Take the stick out and press Enter to restart.
            ▏  [Enter] restart   [D] details"#]],
    );
    check(
        &ended(Language::French, Verdict::Undone),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)          clé MK-7F3A-01 · 2010-04-22
            ▏                                                               ▄█▀
            ▏               ▄           ▄▄▄▄  ▄▄  ▄▄ ▄▄  ▄▄ ▄▄  ▄▄ ▄▄     ▄▄▄▄▄▄
            ▏              ▄█          ██▀▀██ ██  ██ ██  ██ ██  ██ ██     ██▀▀▀▀
            ▏             ███▄▄▄▄      ██  ██ ███ ██ ███ ██ ██  ██ ██     ██
            ▏            ████████      ██  ██ ███ ██ ███ ██ ██  ██ ██     ██▄▄▄
            ▏            ████████      ██▄▄██ ██████ ██████ ██  ██ ██     ██▀▀▀
            ▏             ███▀▀▀▀      ██▀▀██ ██ ███ ██ ███ ██  ██ ██     ██
            ▏              ▀█          ██  ██ ██ ███ ██ ███ ██  ██ ██     ██
            ▏               ▀          ██  ██ ██  ██ ██  ██ ██▄▄██ ██▄▄▄▄ ██▄▄▄▄
            ▏                          ▀▀  ▀▀ ▀▀  ▀▀ ▀▀  ▀▀  ▀▀▀▀  ▀▀▀▀▀▀ ▀▀▀▀▀▀
            ▏                           1.8 s · rapport enregistré
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disque 1, partition 1
            ▏
            ▏  Système   Microsoft Windows XP Service Pack 3 (5.1.2600), français, i386
            ▏
            ▏  Note      mcafee-5958 : il n'y a plus rien à faire
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Retirez la clé, puis appuyez sur Entrée pour redémarrer.
            ▏  [Entrée] redémarrer   [D] détails"#]],
    );
    check(
        &ended(Language::German, Verdict::Undone),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)        Stick MK-7F3A-01 · 2010-04-22
            ▏                     ██  ██                      ██  ██
            ▏   ▄          ▄▄▄▄▄  ▄▄  ▄▄  ▄▄▄▄  ▄▄  ▄▄  ▄▄▄▄   ▄▄▄▄  ▄▄  ▄▄  ▄▄▄▄  ▄▄  ▄▄▄▄
            ▏  ▄█          ██▀▀██ ██  ██ ██▀▀██ ██  ██ ██▀▀██ ██▀▀██ ██  ██ ██▀▀██ ██ ██▀▀██
            ▏ ███▄▄▄▄      ██  ██ ██  ██ ██  ▀▀ ██ ▄██ ██  ▀▀ ██  ██ ███ ██ ██  ▀▀ ██ ██  ▀▀
            ▏████████      ██  ██ ██  ██ ██     ██▄██  ██     ██  ██ ███ ██ ██     ██ ██
            ▏████████      ██▄▄██ ██  ██ ██     ████   ██ ▄▄▄ ██▄▄██ ██████ ██ ▄▄▄ ██ ██ ▄▄▄
            ▏ ███▀▀▀▀      █████  ██  ██ ██     ██▀██  ██ ▀██ ██▀▀██ ██ ███ ██ ▀██ ██ ██ ▀██
            ▏  ▀█          ██ ██  ██  ██ ██  ▄▄ ██ ▀██ ██  ██ ██  ██ ██ ███ ██  ██ ██ ██  ██
            ▏   ▀          ██ ▀██ ██▄▄██ ██▄▄██ ██  ██ ██▄▄██ ██  ██ ██  ██ ██▄▄██ ██ ██▄▄██
            ▏              ▀▀  ▀▀  ▀▀▀▀   ▀▀▀▀  ▀▀  ▀▀  ▀▀▀▀  ▀▀  ▀▀ ▀▀  ▀▀  ▀▀▀▀  ▀▀  ▀▀▀▀
            ▏                          1.8 s · Bericht gespeichert
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · Festplatte 1, Partition 1
            ▏
            ▏  System    Microsoft Windows XP Service Pack 3 (5.1.2600), Französisch, i386
            ▏
            ▏  Hinweis   mcafee-5958: nichts ist mehr zu tun
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Ziehen Sie den Stick ab und drücken Sie Enter für den Neustart.
            ▏  [Enter] neu starten   [D] Details"#]],
    );
    check(
        &ended(Language::Spanish, Verdict::Undone),
        &expect![[r#"
            ▏  mendkit   McAfee DAT 5958 (svchost.exe)      memoria MK-7F3A-01 · 2010-04-22
            ▏
            ▏        ▄          ▄▄▄▄▄  ▄▄▄▄▄▄  ▄▄▄▄  ▄▄  ▄▄ ▄▄▄▄▄▄  ▄▄▄▄  ▄▄  ▄▄  ▄▄▄▄
            ▏       ▄█          ██▀▀██ ██▀▀▀▀ ██▀▀██ ██  ██ ██▀▀▀▀ ██▀▀██ ██  ██ ██▀▀██
            ▏      ███▄▄▄▄      ██  ██ ██     ██  ▀▀ ██  ██ ██     ██  ▀▀ ██  ██ ██  ██
            ▏     ████████      ██  ██ ██▄▄▄  ██▄▄▄  ██▄▄██ ██▄▄▄  ██     ██▄▄██ ██  ██
            ▏     ████████      ██  ██ ██▀▀▀   ▀▀▀██ ██▀▀██ ██▀▀▀  ██     ██▀▀██ ██  ██
            ▏      ███▀▀▀▀      ██  ██ ██         ██ ██  ██ ██     ██     ██  ██ ██  ██
            ▏       ▀█          ██  ██ ██     ▄▄  ██ ██  ██ ██     ██  ▄▄ ██  ██ ██  ██
            ▏        ▀          ██▄▄██ ██▄▄▄▄ ██▄▄██ ██  ██ ██▄▄▄▄ ██▄▄██ ██  ██ ██▄▄██
            ▏                   ▀▀▀▀▀  ▀▀▀▀▀▀  ▀▀▀▀  ▀▀  ▀▀ ▀▀▀▀▀▀  ▀▀▀▀  ▀▀  ▀▀  ▀▀▀▀
            ▏                            1.8 s · informe guardado
            ▏
            ▏  PC        OPTIPLEX-114 · Dell Inc. OptiPlex 760 · disco 1, partición 1
            ▏
            ▏  Sistema   Microsoft Windows XP Service Pack 3 (5.1.2600), francés, i386
            ▏
            ▏  Nota      mcafee-5958: no queda nada por hacer
            ▏
            ▏
            ▏
            ▏
            ▏
            ▏  Retire la memoria y pulse Intro para reiniciar.
            ▏  [Intro] reiniciar   [D] detalles"#]],
    );
}
