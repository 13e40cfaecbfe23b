use std::time::Duration;

use rescue_stick::job::Finish;
use rescue_stick::report::Report;

use super::*;
use crate::screen::prompt::{Checked, Field, Shown};
use crate::screen::story::outcome::ReportPlace;
use crate::screen::words::Words;

/// Consoles on two files: a screen and a serial line. What is typed comes from the sender.
fn consoles() -> (Consoles, Sender<u8>, [tempfile::NamedTempFile; 2]) {
    let files = [(); 2].map(|()| tempfile::NamedTempFile::new().unwrap());
    let [screen, serial] = [&files[0], &files[1]].map(|file| File::create(file.path()).unwrap());
    let (sender, keys) = channel();
    let consoles = Consoles::of(vec![screen], vec![serial], keys);
    (consoles, sender, files)
}

fn shown(file: &tempfile::NamedTempFile) -> String {
    fs_err::read_to_string(file.path()).unwrap()
}

fn report() -> Report {
    Report::parse(include_str!("../../../rescue-stick/fixtures/report-1.json")).unwrap()
}

fn outcome() -> Outcome {
    let report = report();
    Outcome {
        verdict: report.verdict,
        lines: Vec::new(),
        report: Some(report),
        place: Some(ReportPlace::Stick),
        remarks: Vec::new(),
        saved_line: Some("Report on the stick: reports/run".into()),
        codes: Vec::new(),
        is_unfinished: false,
    }
}

/// Types after the question is there: what was typed before does not count.
fn type_later(sender: Sender<u8>, keys: &'static [u8]) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for key in keys {
            thread::sleep(Duration::from_millis(150));
            sender.send(*key).unwrap();
        }
    })
}

#[test]
fn a_serial_line_has_the_same_words_and_lines_for_machines() {
    let (mut consoles, _sender, [screen, serial]) = consoles();
    consoles.line("Looking at this PC ...");
    consoles.mark("VERDICT REPAIRED");
    assert!(shown(&serial).ends_with("Looking at this PC ...\r\nmend: VERDICT REPAIRED\r\n"));
    assert!(shown(&screen).contains("Looking at this PC ..."));
    assert!(!shown(&screen).contains("mend:"));
}

#[test]
fn the_outcome_stands_in_a_frame_of_78_columns_on_a_serial_line() {
    let (mut consoles, _sender, [_, serial]) = consoles();
    consoles.show_outcome(outcome());
    let text = shown(&serial).replace('\r', "");
    assert!(
        text.lines()
            .filter(|line| !line.is_empty())
            .all(|line| line.chars().count() == WIDTH)
    );
    expect_test::expect![[r#"

        ┌────────────────────────────────────────────────────────────────────────────┐
        │                                                                            │
        │  N E E D S   Y O U                                                         │
        │                                                                            │
        │  1.8 s · report saved                                                      │
        │                                                                            │
        │  PC        OPTIPLEX-114 · disk 1, partition 1                              │
        │  Runs      Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386    │
        │  Found     DAT 5958.0000 is in use                                         │
        │            svchost.exe is missing                                          │
        │  Done      1 file replaced, 1 file put back; nothing else was written      │
        │  Note      disk 1, partition 2 is locked by BitLocker; its recovery key    │
        │            is needed                                                       │
        │  Report on the stick: reports/run                                          │
        │                                                                            │
        └────────────────────────────────────────────────────────────────────────────┘
    "#]]
    .assert_eq(&text);
}

#[test]
fn keys_change_the_language_show_details_and_then_answer() {
    let (mut consoles, sender, [_, serial]) = consoles();
    consoles.set_languages(&["fr".to_owned(), "de".to_owned()]);
    consoles.propose(&report().installations[0], Work::Repairing);
    let typist = type_later(sender, b"xddldd\r");
    // Details are left by the key that showed them.
    assert_eq!(
        consoles.ask(Question::Repair { warning: None }),
        Answer::Yes
    );
    typist.join().unwrap();
    let text = shown(&serial);
    assert_eq!(text.matches("mend: QUESTION repair").count(), 4, "{text}");
    assert!(text.contains("[Entrée] réparer"), "{text}");
    assert!(text.contains("[Enter] reparieren"), "{text}");
    assert!(text.contains("Copies examinées"), "{text}");
}

#[test]
fn a_pulled_stick_restarts_only_a_run_that_is_to_restart() {
    let (mut consoles, sender, [_, serial]) = consoles();
    consoles.wait_for_end(Finish::Restart, &mut Fixed(false));
    let typist = type_later(sender, b"\r");
    consoles.wait_for_end(Finish::Ask, &mut Fixed(false));
    typist.join().unwrap();
    assert!(shown(&serial).contains("mend: stick is out"));
}

#[test]
fn no_answer_is_a_no() {
    let (mut consoles, sender, _files) = consoles();
    drop(sender);
    consoles.propose(&report().installations[0], Work::Repairing);
    assert_eq!(consoles.ask(Question::Repair { warning: None }), Answer::No);
}

/// Asks whether to go on without the stick's journal, in a language, and types `keys`.
fn ask_without_journal(language: &str, keys: &'static [u8]) -> (Answer, String) {
    let (mut consoles, sender, [_, serial]) = consoles();
    consoles.set_languages(&[language.to_owned()]);
    consoles.propose(&report().installations[0], Work::Repairing);
    let typist = type_later(sender, keys);
    let reason = "disk 1, partition 1: the stick cannot be written: it is write-protected";
    let answer = consoles.ask(Question::WithoutJournal { reason });
    typist.join().unwrap();
    (answer, shown(&serial))
}

#[test]
fn nobody_goes_on_without_protection_by_pressing_enter_or_a_key_of_another_language() {
    for (language, yes, other) in [
        ("en", b"y", b"o\r"),
        ("fr", b"o", b"y\r"),
        ("de", b"J", b"s\r"),
        ("es", b"s", b"jn"),
    ] {
        let (answer, text) = ask_without_journal(language, yes);
        assert_eq!(answer, Answer::Yes, "{language}");
        let key = char::from(yes[0]).to_ascii_uppercase();
        assert!(text.contains(&format!("[{key}] ")), "{text}");
        assert!(text.contains("mend: QUESTION without-journal"), "{text}");
        assert_eq!(ask_without_journal(language, other).0, Answer::No);
    }
    let (_, text) = ask_without_journal("en", b"\r");
    assert!(text.contains("the stick cannot be written"), "{text}");
    assert!(text.contains("must not lose power"), "{text}");
    assert!(text.contains("[Enter] do nothing"), "{text}");
}

#[test]
fn an_undo_is_asked_as_an_undo() {
    let (mut consoles, sender, [_, serial]) = consoles();
    consoles.set_languages(&["de".to_owned()]);
    consoles.propose(&report().installations[0], Work::Undoing);
    let typist = type_later(sender, b"n");
    let warning = Some("be careful");
    assert_eq!(consoles.ask(Question::Undo { warning }), Answer::No);
    typist.join().unwrap();
    let text = shown(&serial);
    assert!(text.contains("ZURÜCK"), "{text}");
    assert!(text.contains("Hinweis: be careful"), "{text}");
    assert!(text.contains("[Enter] rückgängig machen"), "{text}");
    assert!(text.contains("mend: QUESTION undo\r\n"), "{text}");
    assert!(!text.contains("BETROFFEN"), "{text}");
}

#[test]
fn progress_is_a_bar_on_the_screen_and_on_a_serial_line_one_line_at_its_end() {
    let (mut consoles, _sender, [screen, serial]) = consoles();
    let mut show = |done| {
        consoles.advance(Progress {
            text: "Writing avvscan.dat ...".into(),
            done,
            total: 200,
            left: Some(Duration::from_secs(8)),
        });
    };
    show(100);
    assert!(!shown(&serial).contains("Writing"));
    show(200);
    assert!(shown(&serial).ends_with("Writing avvscan.dat ... 100 %\r\n"));
    assert!(shown(&screen).contains("50 %"));
}

/// Asks for two groups of three digits, the second of which must not be 000, and types `keys`.
fn ask_for_digits(keys: &'static [u8], is_moot: bool) -> (Typed, String, String, [String; 2]) {
    let (mut consoles, sender, [screen, serial]) = consoles();
    let words = |en| Words {
        en,
        fr: "fr",
        de: "de",
        es: "es",
    };
    let why = words("the second group is nothing");
    let prompt = Prompt {
        mark: "digits",
        tagline: words("this volume is locked"),
        rows: &[(words::labels::FOUND, "svchost.exe is missing".to_owned())],
        label: words("Number"),
        hint: words("it is on the paper"),
        refused: None,
        field: Field::Digits { groups: 2, each: 3 },
        shown: Shown::LastGroup,
        enter: words("unlock"),
        escape: words("skip"),
        code: crate::screen::code::Code::of(b"8A7F3C21-90AB-4CDE-8123-456789ABCDEF"),
        check: &|text| match text.get(3..6) {
            Some("000") => Checked::Wrong { group: 1, why },
            Some(_) => Checked::Complete,
            None => Checked::Incomplete,
        },
        is_moot: &|| is_moot,
    };
    let mut entry = Entry::for_field(prompt.field);
    let typist = type_later(sender, keys);
    let typed = consoles.ask_text(&prompt, &mut entry);
    typist.join().unwrap();
    (
        typed,
        entry.text().to_owned(),
        shown(&serial),
        [shown(&screen), shown(&serial)],
    )
}

#[test]
fn digits_are_asked_for_with_a_code_beside_and_are_not_seen_once_they_are_right() {
    let (typed, text, serial, both) = ask_for_digits(b"314-000\r271\r", false);
    assert_eq!((typed, text.as_str()), (Typed::Text, "314271"));
    assert!(
        serial.contains("[Enter] unlock   [Esc] skip   [Tab] "),
        "{serial}"
    );
    assert!(
        serial.contains("mend: QUESTION digits\r\n\r> ___  ___ "),
        "{serial}"
    );
    assert!(
        serial.contains("\r> ***√ 000x the second group is nothing"),
        "{serial}"
    );
    assert!(serial.contains("██ ▄▄▄▄▄ █"), "{serial}");
    for shown in both {
        // A group is seen while it is typed, digit by digit, and never as a whole.
        assert!(!shown.contains("314") && !shown.contains("271"), "{shown}");
    }
}

#[test]
fn a_text_that_nobody_has_or_needs_leaves_nothing() {
    let (typed, text, ..) = ask_for_digits(b"12\x1b", false);
    assert_eq!((typed, text.as_str()), (Typed::Skipped, ""));
    let (typed, text, ..) = ask_for_digits(b"12", true);
    assert_eq!((typed, text.as_str()), (Typed::Moot, ""));
}

/// A stick that is looked at, and takes the report once it is back.
struct Watched(Vec<Seen>, Option<Outcome>);

impl StickWatch for Watched {
    fn look(&mut self) -> Seen {
        if self.0.len() > 1 {
            self.0.remove(0)
        } else {
            self.0[0]
        }
    }

    fn take_report(&mut self) -> Option<Outcome> {
        self.1.take()
    }
}

#[test]
fn nothing_restarts_while_the_report_is_in_memory_alone_and_a_stick_that_is_back_takes_it() {
    for finish in [Finish::Restart, Finish::PowerOff, Finish::Ask] {
        let (mut consoles, sender, [_, serial]) = consoles();
        let mut outcome = outcome();
        outcome.place = Some(ReportPlace::Memory);
        let mut saved = outcome.clone();
        saved.place = Some(ReportPlace::Stick);
        consoles.show_outcome(outcome);
        let mut stick = Watched(
            vec![Seen::In, Seen::Out, Seen::Out, Seen::Back, Seen::In],
            Some(saved),
        );
        // A run that restarts by itself ends when the stick, which now has the report, is pulled.
        let typist = match finish {
            Finish::Restart => {
                stick.0.push(Seen::Out);
                None
            }
            Finish::PowerOff => None,
            Finish::Ask => Some(type_later(sender.clone(), b"xxxxxxxx\r")),
        };
        consoles.wait_for_end(finish, &mut stick);
        if let Some(typist) = typist {
            typist.join().unwrap();
        }
        let text = shown(&serial);
        let order = [
            "read it with [D]",
            "mend: stick is out",
            "Put the stick back",
            "report saved",
            "mend: stick is back",
        ];
        let mut rest = text.to_lowercase();
        for wanted in order {
            let at = rest.find(&wanted.to_lowercase());
            let at = at.unwrap_or_else(|| panic!("{wanted}: {text}"));
            rest = rest.split_off(at);
        }
        drop(sender);
    }
}
