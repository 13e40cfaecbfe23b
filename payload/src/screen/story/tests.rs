use expect_test::Expect;
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

mod asking;
mod ended_well;
mod left_to_do;

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
