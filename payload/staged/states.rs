//! Everything that the screen can show, one state after the other, by the calls that a run makes.

use std::time::Duration;

use mend::screen::code::Code;
use mend::screen::console::{Consoles, Fixed};
use mend::screen::prompt::{Checked, Entry, Field, Prompt, Shown};
use mend::screen::story::outcome::{Outcome, ReportPlace};
use mend::screen::words::{self, Words};
use mend::screen::{ADVICE_TO_RESTART, Progress, Question, Screen, Work};
use rescue_stick::job::Finish;
use rescue_stick::report::{CandidateReport, FindingReport, InstallationReport, Report, Verdict};

/// A report as one was shipped: of a Windows XP whose `svchost.exe` was deleted.
const REPORT: &str = include_str!("../rescue-stick/fixtures/report-1.json");

/// Shows every state. Returns early if the report cannot be read, which a test of its own forbids.
pub(super) fn show_all(consoles: &mut Consoles, languages: &[String]) {
    let Ok(report) = Report::parse(REPORT) else {
        return;
    };
    consoles.set_languages(languages);
    show_work(consoles, &report);
    show_questions(consoles, &report);
    show_prompts(consoles);
    show_undo(consoles, &report);
    show_outcomes(consoles, &report);
    show_unreported(consoles);
    consoles.mark("STATE end -");
}

/// Tells which state comes next and with which keys it is left. After `type:DIGITS` comes what the serial
/// line then shows of them.
fn announce(consoles: &mut Consoles, name: &str, keys: &str) {
    consoles.mark(&format!("STATE {name} {keys}"));
}

/// A state that only stands there.
fn hold(consoles: &mut Consoles, name: &str) {
    announce(consoles, name, "enter");
    consoles.wait_for_key();
}

fn show_work(consoles: &mut Consoles, report: &Report) {
    consoles.line("Looking for the stick ...");
    hold(consoles, "checking-first");
    let mut progress = Progress {
        text: "Checking the stick ...".to_owned(),
        done: 34,
        total: 88,
        left: Some(Duration::from_secs(12)),
    };
    consoles.advance(progress.clone());
    hold(consoles, "checking-stick");
    consoles.meet(&report.machine, &report.stick);
    consoles.line("Looking at this PC ...");
    hold(consoles, "checking-pc");
    consoles.propose(&affected(report), Work::Repairing);
    consoles.turn_to(Work::Repairing);
    consoles.line("1 replace  DAT 5958.0000 by 5959.0000 in \\Program Files\\Common Files\\McAfee\\Engine, 3 files");
    progress.text = "Writing avvscan.dat, 62 MB ...".to_owned();
    progress.done = 71;
    progress.left = Some(Duration::from_secs(3));
    consoles.advance(progress);
    hold(consoles, "repairing");
    consoles.line("Making the repair real ...");
    hold(consoles, "repairing-commit");
    consoles.turn_to(Work::Looking);
}

fn affected(report: &Report) -> InstallationReport {
    let mut one = report
        .installations
        .first()
        .cloned()
        .unwrap_or_else(|| unreachable!("the fixture has an installation"));
    one.verdict = Verdict::Affected;
    one.changes.clear();
    one.advice.clear();
    one
}

fn show_questions(consoles: &mut Consoles, report: &Report) {
    consoles.propose(&affected(report), Work::Repairing);
    announce(consoles, "affected", "d,d,n");
    // The details are behind a key of the question, and the question behind them.
    consoles.ask(Question::Repair { warning: None });
    announce(consoles, "affected-unclean", "n");
    consoles.ask(Question::Repair {
        warning: Some(
            "Windows did not shut this volume down cleanly; what its own journal has not finished will \
             be dropped",
        ),
    });
    announce(consoles, "without-journal", "n");
    let reason = "disk 1, partition 1: the stick cannot be written: the journal is write-protected";
    consoles.ask(Question::WithoutJournal { reason });
}

/// Words of a prompt that other languages say alike here: only how it looks matters.
const fn alike(text: &'static str) -> Words {
    Words {
        en: text,
        fr: text,
        de: text,
        es: text,
    }
}

fn show_prompts(consoles: &mut Consoles) {
    let by_eleven = |text: &str| {
        let mut groups = text.as_bytes().chunks(6).filter(|group| group.len() == 6);
        let is_wrong = |group: &[u8]| {
            let number: Option<u32> = std::str::from_utf8(group).ok().and_then(|g| g.parse().ok());
            number.is_none_or(|number| number % 11 != 0)
        };
        match groups.position(is_wrong) {
            Some(group) => Checked::Wrong {
                group,
                why: alike("this block is mistyped"),
            },
            None if text.len() == 48 => Checked::Complete,
            None => Checked::Incomplete,
        }
    };
    let id = "8A7F3C21-90AB-4CDE-8123-456789ABCDEF";
    let rows = [
        (words::labels::PC, "disk 1, partition 2".to_owned()),
        (alike("Key ID"), id.to_owned()),
    ];
    let mut prompt = Prompt {
        mark: "recovery-password",
        tagline: alike("this volume is locked by BitLocker"),
        rows: &rows,
        label: alike("Recovery password, 48 digits"),
        hint: alike("the owner or the help desk has it, under the key ID"),
        refused: None,
        field: Field::Digits { groups: 8, each: 6 },
        shown: Shown::LastGroup,
        enter: alike("unlock"),
        escape: alike("leave it locked"),
        code: Code::of(id.as_bytes()),
        check: &by_eleven,
        is_moot: &|| false,
    };
    let mut entry = Entry::for_field(prompt.field);
    announce(consoles, "locked", "type:11000011000012,esc,esc 12____");
    consoles.ask_text(&prompt, &mut entry);
    announce(
        consoles,
        "locked-wrong",
        "type:110000110001,esc,esc 110001x",
    );
    consoles.ask_text(&prompt, &mut entry);
    prompt.code = None;
    announce(consoles, "locked-no-code", "type:1100001100,esc,esc 1100__");
    consoles.ask_text(&prompt, &mut entry);
    prompt.field = Field::Line { longest: 64 };
    prompt.shown = Shown::Nothing;
    prompt.label = alike("Passphrase of this site");
    prompt.hint = alike("it opens the keys that this stick carries");
    prompt.refused = Some(alike("this passphrase does not open the keys"));
    prompt.check = &|text| match text.len() {
        0 => Checked::Incomplete,
        _ => Checked::Complete,
    };
    let mut entry = Entry::for_field(prompt.field);
    announce(consoles, "passphrase", "esc");
    consoles.ask_text(&prompt, &mut entry);
}

fn show_undo(consoles: &mut Consoles, report: &Report) {
    let plan = "undo of 2010-04-22T10-11-12-OPTIPLEX-114 (mcafee-5958), installation \\WINDOWS on disk 1, \
                partition 1\n\
                1 restore  3 files of \\Program Files\\Common Files\\McAfee\\Engine as before the repair\n\
                2 remove   \\WINDOWS\\system32\\svchost.exe\n\
                3 mark     the repair as undone in \\mendkit\\run\\undo.json\n\
                nothing else will be written\n";
    let one = InstallationReport {
        plan: Some(plan.to_owned()),
        products: Vec::new(),
        findings: Vec::new(),
        ..affected(report)
    };
    consoles.propose(&one, Work::Undoing);
    announce(consoles, "undo", "n");
    consoles.ask(Question::Undo { warning: None });
    consoles.turn_to(Work::Undoing);
    consoles.line("Putting back what was there before ...");
    hold(consoles, "undoing");
    consoles.turn_to(Work::Looking);
}

/// Shows an outcome with its end, which is left by Enter.
fn end_with(consoles: &mut Consoles, name: &str, outcome: Outcome, finish: Finish) {
    let is_code = !outcome.codes.is_empty();
    consoles.show_outcome(outcome);
    announce(consoles, name, "enter");
    if finish == Finish::PowerOff {
        consoles.wait_for_end(finish, &mut Fixed(true));
        consoles.wait_for_key();
        return;
    }
    consoles.wait_for_end(finish, &mut Fixed(true));
    if is_code {
        announce(consoles, "report-code", "q,enter,enter");
        consoles.wait_for_end(finish, &mut Fixed(true));
    }
}

fn outcome_of(report: Report) -> Outcome {
    Outcome {
        verdict: report.verdict,
        lines: Vec::new(),
        report: Some(report),
        place: Some(ReportPlace::Stick),
        saved_line: Some("Report on the stick: reports/20100422T101500Z-OPTIPLEX-114".to_owned()),
        remarks: Vec::new(),
        codes: Vec::new(),
        is_unfinished: false,
    }
}

/// Returns the report of one Windows with this verdict and what a person is told of it.
fn report_of(report: &Report, verdict: Verdict, advice: &str) -> Report {
    let mut report = report.clone();
    report.verdict = verdict;
    report.notes.clear();
    for one in &mut report.installations {
        one.verdict = verdict;
        one.advice = vec![advice.to_owned()];
        if verdict != Verdict::Repaired && verdict != Verdict::Undone {
            one.changes.clear();
        }
        if matches!(verdict, Verdict::Healthy | Verdict::Undone) {
            one.findings.clear();
            one.plan = None;
        }
    }
    report
}

fn show_outcomes(consoles: &mut Consoles, report: &Report) {
    let of = |verdict, advice: &str| outcome_of(report_of(report, verdict, advice));
    let repaired = || of(Verdict::Repaired, ADVICE_TO_RESTART);
    end_with(consoles, "repaired", repaired(), Finish::Ask);
    end_with(consoles, "repaired-auto", repaired(), Finish::Restart);
    end_with(consoles, "repaired-power-off", repaired(), Finish::PowerOff);
    consoles.show_outcome(repaired());
    announce(consoles, "stick-is-out", "enter");
    consoles.wait_for_end(Finish::Ask, &mut Fixed(false));
    let healthy = of(Verdict::Healthy, "mcafee-5958: nothing is left to do");
    end_with(consoles, "healthy", healthy, Finish::Ask);
    let undone = of(Verdict::Undone, "mcafee-5958: nothing is left to do");
    end_with(consoles, "undone", undone, Finish::Ask);
    let diagnosed = of(Verdict::Affected, "not wanted; nothing was written");
    end_with(consoles, "affected-only", diagnosed, Finish::Ask);
    end_with(
        consoles,
        "needs-you",
        outcome_of(needs_you(report)),
        Finish::Ask,
    );
    let refused = of(
        Verdict::Refused,
        "Windows is hibernated here: start it and shut it down fully (not to sleep), then start from the \
         stick again; if it does not start, its saved session must be given up first by someone who may \
         decide that",
    );
    end_with(consoles, "refused", refused, Finish::Ask);
    end_with(
        consoles,
        "disk-failing",
        outcome_of(disk_failing(report)),
        Finish::Ask,
    );
    let mut failed = of(
        Verdict::Failed,
        "writing to disk 1, partition 1: Input/output error (os error 5)",
    );
    end_with(consoles, "failed", failed.clone(), Finish::Ask);
    failed.is_unfinished = true;
    end_with(consoles, "failed-unfinished", failed.clone(), Finish::Ask);
    consoles.show_outcome(failed);
    announce(consoles, "failed-put-back", "enter");
    consoles.wait_for_end(Finish::Ask, &mut Fixed(false));
    end_with(
        consoles,
        "several",
        outcome_of(several(report)),
        Finish::Ask,
    );
    let mut unsaved = repaired();
    unsaved.place = Some(ReportPlace::Memory);
    unsaved.saved_line = Some(
        "The report could not be saved on the stick: No space left on device (os error 28)"
            .to_owned(),
    );
    let summary = "MK1 20100422T101500Z-OPTIPLEX-114 REPAIRED MCAFEE-5958 2 1.8S 05B3ABF2579A5EB6";
    unsaved.codes = Code::of(summary.as_bytes()).into_iter().collect();
    end_with(consoles, "report-not-saved", unsaved.clone(), Finish::Ask);
    consoles.show_outcome(unsaved.clone());
    announce(consoles, "report-put-back", "enter");
    consoles.wait_for_end(Finish::Ask, &mut Fixed(false));
    unsaved.place = Some(ReportPlace::Pc);
    unsaved.remarks =
        vec!["The report is kept on this PC: \\mendkit\\20100422T101500Z-OPTIPLEX-114".to_owned()];
    consoles.show_outcome(unsaved);
    announce(consoles, "report-on-pc", "enter");
    consoles.wait_for_end(Finish::Ask, &mut Fixed(true));
}

fn needs_you(report: &Report) -> Report {
    let advice = "no acceptable copy of svchost.exe was found on this PC or on the stick";
    let mut report = report_of(report, Verdict::NeedsYou, advice);
    let refused = |place: &str, reason: &str, has_content: bool| CandidateReport {
        place: place.to_owned(),
        accepted: false,
        reason: reason.to_owned(),
        sha256: has_content.then_some(rescue_stick::digest::Sha256Digest([7; 32])),
    };
    for one in &mut report.installations {
        one.candidates = vec![
            refused(
                "\\WINDOWS\\system32\\dllcache\\svchost.exe",
                "file version 5.1.2600.2180, expected 5.1.2600.5512",
                true,
            ),
            refused(
                "\\WINDOWS\\ServicePackFiles\\i386\\svchost.exe",
                "0 bytes",
                true,
            ),
            refused("\\WINDOWS\\Driver Cache\\i386\\sp3.cab", "not there", false),
        ];
    }
    report
}

fn disk_failing(report: &Report) -> Report {
    let advice = "this disk is failing: make an image of it first, then repair the copy";
    let mut report = report_of(report, Verdict::Refused, advice);
    for one in &mut report.installations {
        one.findings.insert(
            0,
            FindingReport {
                id: "failing-disk".to_owned(),
                text: "the disk says that it is failing".to_owned(),
                evidence: vec!["SMART: 1214 sectors were replaced by spare ones".to_owned()],
            },
        );
    }
    report
}

fn several(report: &Report) -> Report {
    let mut report = report_of(report, Verdict::Repaired, ADVICE_TO_RESTART);
    let Some(first) = report.installations.first().cloned() else {
        return report;
    };
    let other = |volume: &str, windows: &str, verdict, advice: &str| InstallationReport {
        volume: volume.to_owned(),
        windows: windows.to_owned(),
        verdict,
        findings: Vec::new(),
        changes: Vec::new(),
        advice: vec![advice.to_owned()],
        ..first.clone()
    };
    let healthy = other(
        "disk 1, partition 2",
        "Windows 7 Professional Service Pack 1 (6.1.7601), French, amd64",
        Verdict::Healthy,
        "mcafee-5958: nothing is left to do",
    );
    let refused = other(
        "disk 2, partition 1",
        "Windows 10 Pro 22H2 (10.0.19045), French, amd64",
        Verdict::Refused,
        "Windows is hibernated here: start it and shut it down fully (not to sleep), then start from the \
         stick again; if it does not start, its saved session must be given up first by someone who may \
         decide that",
    );
    report.installations.extend([healthy, refused]);
    report.verdict = Verdict::Refused;
    report
}

fn show_unreported(consoles: &mut Consoles) {
    let mut outcome = Outcome {
        verdict: Verdict::Refused,
        lines: vec![
            "This stick is not as it was signed: mendkit/job.json: content is not what the manifest says"
                .to_owned(),
            "Nothing on this PC was touched. Write the stick again, or use another one.".to_owned(),
        ],
        report: None,
        place: None,
        saved_line: None,
        remarks: Vec::new(),
        codes: Vec::new(),
        is_unfinished: false,
    };
    end_with(consoles, "stick-refused", outcome.clone(), Finish::Ask);
    outcome.verdict = Verdict::Failed;
    outcome.lines = mend::init::fault::fault_lines().to_vec();
    outcome.is_unfinished = true;
    end_with(consoles, "fault", outcome, Finish::Ask);
}
