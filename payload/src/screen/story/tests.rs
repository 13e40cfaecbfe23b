use expect_test::{Expect, expect};
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use rescue_stick::report::Report;

use super::outcome::{Ending, Outcome, ReportPlace};
use super::*;
use crate::screen::ADVICE_TO_RESTART;
use crate::screen::code::Code;
use crate::screen::guess_time_left;
use crate::screen::headline::ALL_HEADLINES;
use crate::screen::words::{ALL_LANGUAGES, is_in_every_font};

fn report() -> Report {
    Report::parse(include_str!("../../../rescue-stick/fixtures/report-1.json")).unwrap()
}

/// A run on the PC of the report that was shipped, with all it said.
fn story(language: Language) -> Story {
    let report = report();
    let mut story = Story {
        language,
        machine: report.machine.clone(),
        stick: report.stick.clone(),
        ..Story::default()
    };
    story.note("Looking for the stick ...");
    story.note("Looking at this PC ...");
    story
}

fn outcome(language: Language, verdict: Verdict) -> Story {
    let mut report = report();
    report.verdict = verdict;
    report.notes.clear();
    let one = &mut report.installations[0];
    one.verdict = verdict;
    let advice = match verdict {
        Verdict::Repaired => ADVICE_TO_RESTART,
        Verdict::Affected => "not wanted; nothing was written",
        Verdict::NeedsYou => {
            "no acceptable copy of svchost.exe was found on this PC or on the stick"
        }
        Verdict::Refused => {
            "Windows is hibernated here: start it and shut it down fully (not to sleep), then start \
             from the stick again; if it does not start, its saved session must be given up first by \
             someone who may decide that"
        }
        Verdict::Failed => {
            "the repair was given up before it was made real; the former files are in place"
        }
        Verdict::Healthy | Verdict::Undone => "mcafee-5958: nothing is left to do",
    };
    one.advice = vec![advice.to_owned()];
    if verdict != Verdict::Repaired {
        one.changes.clear();
    }
    if matches!(verdict, Verdict::Healthy | Verdict::Undone) {
        one.findings.clear();
    }
    Story {
        outcome: Some(Outcome {
            verdict,
            lines: Vec::new(),
            report: Some(report),
            place: Some(ReportPlace::Stick),
            remarks: Vec::new(),
            saved_line: None,
            codes: Vec::new(),
            is_unfinished: false,
        }),
        ..story(language)
    }
}

fn draw(sheet: &Sheet, width: u16, height: u16) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    sheet.draw(&mut buffer);
    let row = |y: u16| -> String { (0..width).map(|x| buffer[(x, y)].symbol()).collect() };
    // The edge keeps the margin from being taken for an indentation of this file.
    let rows = (0..height).map(|y| format!("▏{}", row(y).trim_end()));
    let rows: Vec<String> = rows.collect();
    rows.join("\n")
}

fn check(sheet: &Sheet, expect: &Expect) {
    expect.assert_eq(&draw(sheet, 80, 25));
}

fn proposal(language: Language) -> Sheet {
    let mut story = story(language);
    story.proposed = Some(report().installations[0].clone());
    let mut sheet = story.proposal_page(None);
    sheet.keys.push(("L".into(), "français".into()));
    sheet
}

fn undo_proposal(language: Language) -> Sheet {
    let mut story = story(language);
    let plan = "undo of 2010-04-22T10-11-12-OPTIPLEX-114 (mcafee-5958), installation \\WINDOWS on disk 1, \
                partition 1\n\
                1 restore  3 files of \\Program Files\\Common Files\\McAfee\\Engine as before the repair\n\
                2 remove   \\WINDOWS\\system32\\svchost.exe\n\
                3 mark     the repair as undone in \\mendkit\\run\\undo.json\n\
                nothing else will be written\n";
    story.proposed = Some(InstallationReport {
        plan: Some(plan.to_owned()),
        products: Vec::new(),
        findings: Vec::new(),
        ..report().installations[0].clone()
    });
    story.planned = Work::Undoing;
    story.proposal_page(None)
}

fn unprotected(language: Language) -> Sheet {
    let mut story = story(language);
    story.proposed = Some(report().installations[0].clone());
    story.planned = Work::Repairing;
    story.unprotected_page(
        "disk 1, partition 1: the stick cannot be written: the journal is write-protected",
    )
}

fn working(language: Language) -> Sheet {
    let mut story = story(language);
    story.progress = Some(Progress {
        text: "Checking the stick ...".into(),
        done: 30,
        total: 100,
        left: Some(Duration::from_secs(7)),
    });
    story.work_page()
}

/// A repair whose report is there; the keys are all that the screen adds.
fn ended_with(
    language: Language,
    place: ReportPlace,
    is_unfinished: bool,
    ending: Ending,
) -> Sheet {
    let mut story = outcome(language, Verdict::Repaired);
    let outcome = story.outcome.as_mut().unwrap();
    outcome.place = Some(place);
    outcome.is_unfinished = is_unfinished;
    outcome.codes = Code::of(b"report").into_iter().collect();
    outcome.remarks = vec!["The report is kept on this PC: \\mendkit\\run".to_owned()];
    story.is_last = true;
    let mut sheet = story.outcome_page(Some(ending));
    sheet.keys.push(("L".into(), "français".into()));
    sheet
}

fn ended(language: Language, verdict: Verdict) -> Sheet {
    outcome(language, verdict).outcome_page(Some(Ending::Key))
}

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

/// Every page in every language on every size: nothing is cut at the right, everything can be shown, and
/// what asks for a key is there.
#[test]
fn every_page_fits_in_every_language() {
    for language in ALL_LANGUAGES {
        let verdicts = ALL_HEADLINES
            .into_iter()
            .filter_map(|headline| match headline {
                Headline::Verdict(verdict) => Some(ended(language, verdict)),
                _ => None,
            });
        let pages = verdicts.chain([
            working(language),
            proposal(language),
            undo_proposal(language),
            unprotected(language),
        ]);
        let endings = [ReportPlace::Stick, ReportPlace::Pc, ReportPlace::Memory]
            .into_iter()
            .flat_map(|place| [Ending::Key, Ending::StickIsOut].map(|ending| (place, ending)))
            .flat_map(|(place, ending)| {
                [false, true].map(|unfinished| ended_with(language, place, unfinished, ending))
            });
        for sheet in pages.chain(endings) {
            for (width, height) in [
                (80, 25),
                (80, 30),
                (100, 37),
                (128, 48),
                (160, 50),
                (240, 67),
            ] {
                let text = draw(&sheet, width, height);
                let odd = text
                    .chars()
                    .find(|c| !is_in_every_font(*c) && !"▏\n".contains(*c));
                assert_eq!(odd, None, "{text}");
                let keys = text.lines().last().unwrap_or_default();
                for (key, does) in &sheet.keys {
                    assert!(keys.contains(&format!("[{key}] {does}")), "{keys}");
                }
                assert!(text.contains(&sheet.action), "{text}");
                assert!(text.contains(&sheet.tagline), "{text}");
                assert!(text.contains('█'), "{text}");
                if height > 30 {
                    assert!(!text.contains(words::MORE.in_language(language)), "{text}");
                }
            }
        }
    }
}

#[test]
fn a_screen_too_small_for_the_big_word_still_says_it() {
    let text = draw(&ended(Language::German, Verdict::Repaired), 60, 20);
    assert!(text.contains("√  R E P A R I E R T"), "{text}");
}

#[test]
fn time_left_is_told_once_it_can_be_known() {
    let left = |done, total, seconds| {
        let elapsed = Duration::from_secs(seconds);
        guess_time_left(done, total, elapsed).map(spell_time)
    };
    assert_eq!(left(0, 100, 9), None);
    assert_eq!(left(50, 100, 1), None);
    assert_eq!(left(50, 100, 10).unwrap(), "11 s");
    assert_eq!(left(1, 100, 10).unwrap(), "17 min");
    assert_eq!(left(u64::MAX, u64::MAX, 10).unwrap(), "1 s");
}

#[test]
fn several_windows_have_a_verdict_each() {
    let mut story = outcome(Language::English, Verdict::Repaired);
    let report = story
        .outcome
        .as_mut()
        .and_then(|outcome| outcome.report.as_mut())
        .unwrap();
    let mut second = report.installations[0].clone();
    second.volume = "disk 1, partition 2".into();
    second.verdict = Verdict::Healthy;
    second.findings.clear();
    report.installations.push(second);
    let text = draw(&story.outcome_page(Some(Ending::Key)), 80, 25);
    assert!(
        text.contains("√ REPAIRED · OPTIPLEX-114 · disk 1, partition 1"),
        "{text}"
    );
    assert!(
        text.contains("√ HEALTHY · OPTIPLEX-114 · disk 1, partition 2"),
        "{text}"
    );
}

#[test]
fn details_have_evidence_candidates_plan_and_course() {
    let details = outcome(Language::English, Verdict::Repaired).details();
    let text: Vec<&str> = details.iter().map(|detail| detail.text.as_str()).collect();
    let text = text.join("\n");
    for wanted in [
        "  HKLM\\SOFTWARE\\McAfee\\AVEngine: AVDatVersion",
        "  accepted: 5.1.2600.5512 for i386, identity matches",
        "  refused: not there",
        "1 replace  DAT 5958.0000 by 5959.0000 in",
        "Looking at this PC ...",
        "disk 1, partition 1: NTFS, 80023 MB, clean  ST380815AS",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[test]
fn what_is_next_is_true_of_the_stick_and_of_the_report() {
    let next = |place, is_unfinished, has_code, ending| {
        let mut story = outcome(Language::English, Verdict::Repaired);
        let outcome = story.outcome.as_mut().unwrap();
        outcome.place = Some(place);
        outcome.is_unfinished = is_unfinished;
        outcome.codes = Code::of(b"report")
            .into_iter()
            .filter(|_| has_code)
            .collect();
        let sheet = story.outcome_page(Some(ending));
        let keys: Vec<&str> = sheet.keys.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys.contains(&"Q"), has_code && ending != Ending::PowerOff);
        sheet.action
    };
    use ReportPlace::{Memory, Pc, Stick};
    let saved = |ending| next(Stick, false, false, ending);
    assert!(saved(Ending::Key).starts_with("Take the stick out and press Enter"));
    assert!(saved(Ending::Removal).starts_with("Take the stick out: this PC then restarts"));
    assert!(saved(Ending::StickIsOut).starts_with("The stick is out. Press Enter"));
    let kept = |ending| next(Pc, false, true, ending);
    assert_eq!(kept(Ending::Key), saved(Ending::Key));
    assert_eq!(kept(Ending::StickIsOut), saved(Ending::StickIsOut));
    for place in [Stick, Pc, Memory] {
        let unfinished = |ending| next(place, true, true, ending);
        assert!(unfinished(Ending::Key).starts_with("Leave the stick in"));
        assert!(unfinished(Ending::StickIsOut).starts_with("Put the stick back"));
    }
    let pulled = next(Memory, false, true, Ending::StickIsOut);
    assert!(
        pulled.starts_with("Put the stick back: it still lacks the report"),
        "{pulled}"
    );
    assert!(next(Memory, false, true, Ending::Key).contains("scan it with [Q]"));
    assert!(next(Memory, false, false, Ending::Key).contains("read it with [D]"));
}
