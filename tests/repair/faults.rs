//! Sticks that take no writes, or are pulled out in the middle, and volumes without room.

use anyhow::{Context as _, Result, ensure};
use mend::filesystem::find_free;
use mend::journal::Target as _;
use mend::machine::{FileSystem as Kind, Volume as _};
use mend::screen::{Answer, Question, Screen};
use rescue_stick::job::Mode;
use rescue_stick::report::{Report, Verdict};
use support::broken_pc::{NtfsMount, preset};
use support::crash::{Content, Event, Medium, Powered};
use support::judges::ntfsinfo;
use support::kit::KitSpec;
use support::patient::{StickFolder, require_patients};
use support::tools::require_tools;

use crate::crash::bench::{Bench, Side, Silent, prove};

/// A person who answers everything with yes but, perhaps, one question.
struct Person {
    goes_on_without_journal: bool,
    asked: Vec<String>,
}

impl Person {
    fn new(goes_on_without_journal: bool) -> Self {
        Self {
            goes_on_without_journal,
            asked: Vec::new(),
        }
    }
}

impl Screen for Person {
    fn line(&mut self, _text: &str) {}

    fn ask(&mut self, question: Question<'_>) -> Answer {
        match question {
            Question::WithoutJournal { reason } => {
                self.asked.push(reason.to_owned());
                if self.goes_on_without_journal {
                    Answer::Yes
                } else {
                    Answer::No
                }
            }
            _ => Answer::Yes,
        }
    }
}

fn set_up() -> Result<Option<Bench>> {
    if !require_patients() {
        return Ok(None);
    }
    let folder = StickFolder::build(&KitSpec::default())?;
    let stick = prove(&folder)?;
    // The files of the stick are read while it is repaired, so they stay until the test ends.
    let bench = Bench::set_up(&preset("xp-mcafee-5958-missing")?, Some((folder, stick)))?;
    Ok(Some(bench))
}

fn advice(report: &Report) -> String {
    report.installations[0].advice.join("\n")
}

fn is_untouched(powered: &Powered) -> bool {
    let of_pc = |event: &Event| match event {
        Event::Write(medium, _, _) | Event::Flush(medium) => *medium == Medium::Pc,
    };
    !powered.events().iter().any(of_pc)
}

/// Numbers of the stick's writes and flushes that are tried: all but those within the body, of which one
/// in six.
fn chosen_steps(events: &[Event]) -> Vec<(usize, bool)> {
    let on_stick = events.iter().filter_map(|event| match event {
        Event::Write(Medium::Stick, offset, _) => Some(*offset >= 8192),
        Event::Flush(Medium::Stick) => Some(false),
        Event::Write(..) | Event::Flush(_) => None,
    });
    let numbered = on_stick.enumerate();
    numbered
        .filter(|(number, is_body)| !is_body || number % 6 == 0)
        .collect()
}

#[test]
fn a_stick_that_fails_at_any_write_of_its_journal_leaves_the_pc_as_it_was_or_repaired() -> Result<()>
{
    let Some(bench) = set_up()? else {
        return Ok(());
    };
    let whole = bench.start.start();
    bench.repair_with(&whole, Mode::Auto, &mut Silent)?;
    let before = bench.state(&bench.start.pc)?;
    let steps = chosen_steps(&whole.events());
    let last_of_body = steps.iter().rposition(|(_, is_body)| *is_body);
    // Behind the body: its flush, the head and its flush, the mark and its flush.
    let last_of_body = last_of_body.context("no body")?;
    ensure!(steps.len() == last_of_body + 6, "{steps:?}");
    for (index, (number, _)) in steps.iter().enumerate() {
        let powered = bench.start.start();
        powered.stick.fail_after(*number);
        let report = bench.repair_with(&powered, Mode::Auto, &mut Silent)?;
        let (text, pc) = (advice(&report), powered.pair().pc);
        let place = format!("stick fails at its step {number} of {steps:?}:\n{text}");
        if index <= last_of_body + 1 {
            assert!(is_untouched(&powered), "{place}");
            assert!(text.contains("nothing was written"), "{place}");
            let expect = if text.contains("the stick cannot be written") {
                Verdict::Refused
            } else {
                Verdict::Failed
            };
            assert_eq!(report.verdict, expect, "{place}");
        } else if index <= last_of_body + 3 {
            assert_eq!(report.verdict, Verdict::Failed, "{place}");
            assert!(text.contains("the disk is as it was"), "{place}");
            assert_eq!(before.difference(&pc), None, "{place}");
        } else {
            assert_eq!(report.verdict, Verdict::Repaired, "{place}");
            assert!(text.contains("could not note that the repair is finished"));
            bench.judge(&pc, Side::After).context(place.clone())?;
        }
        // The same stick in a good socket: whatever it says, the PC is in one of the two states.
        let again = powered.pair().start();
        bench.recover(&again)?;
        let pc = again.pair().pc;
        if before.difference(&pc).is_some() {
            bench.judge(&pc, Side::After).context(place)?;
        }
    }
    Ok(())
}

#[test]
fn without_a_journal_only_a_person_who_was_asked_goes_on() -> Result<()> {
    let Some(bench) = set_up()? else {
        return Ok(());
    };
    let mut small = bench.start.clone();
    let journal = small.stick.to_vec();
    small.stick = Content::new(journal[..256 << 10].to_vec());
    for (start, fails, reason) in [
        (&bench.start, true, "Input/output error"),
        (
            &small,
            false,
            "its journal has 253952 bytes, a repair needs 1048576",
        ),
    ] {
        let power = || {
            let powered = start.start();
            if fails {
                powered.stick.fail_after(0);
            }
            powered
        };
        let powered = power();
        let report = bench.repair_with(&powered, Mode::Auto, &mut Person::new(true))?;
        assert_eq!(report.verdict, Verdict::Refused, "{}", advice(&report));
        assert!(advice(&report).contains(reason), "{}", advice(&report));
        assert!(is_untouched(&powered));

        let powered = power();
        let mut person = Person::new(false);
        let report = bench.repair_with(&powered, Mode::Confirm, &mut person)?;
        assert_eq!(report.verdict, Verdict::Refused, "{}", advice(&report));
        assert_eq!(person.asked.len(), 1);
        assert!(is_untouched(&powered));

        let powered = power();
        let mut person = Person::new(true);
        let report = bench.repair_with(&powered, Mode::Confirm, &mut person)?;
        assert_eq!(report.verdict, Verdict::Repaired, "{}", advice(&report));
        assert!(person.asked[0].contains(reason), "{:?}", person.asked);
        assert!(advice(&report).contains("without the stick's journal"));
        bench.judge(&powered.pair().pc, Side::After)?;
    }
    Ok(())
}

#[test]
fn a_volume_without_room_is_refused_before_anything_is_written() -> Result<()> {
    let Some(mut bench) = set_up()? else {
        return Ok(());
    };
    let path = bench.patient.volume().path().to_owned();
    let free = |bench: &Bench| -> Result<u64> {
        let area = bench.volume(&bench.start.start())?.open()?;
        Ok(find_free(&*area, Kind::Ntfs, u64::MAX)?)
    };
    let at_first = free(&bench)?;
    let said = ntfsinfo(&path)?;
    let line = said.lines().find(|line| line.contains("Free Clusters"));
    let clusters = line.and_then(|line| line.split_whitespace().nth(2));
    let clusters: u64 = clusters.with_context(|| said.clone())?.parse()?;
    assert_eq!(at_first, clusters * 4096, "ntfsinfo counts otherwise");

    let mount = NtfsMount::writable(&path)?;
    let length = usize::try_from(at_first - 300_000)?;
    fs_err::write(mount.path().join("filler"), vec![7; length])?;
    mount.unmount()?;
    bench.start.pc = Content::new(fs_err::read(&path)?);
    let left = free(&bench)?;
    let powered = bench.start.start();
    let report = bench.repair_with(&powered, Mode::Auto, &mut Silent)?;
    assert_eq!(report.verdict, Verdict::NeedsYou, "{}", advice(&report));
    let expect = format!("the volume is full: {left} bytes are free");
    assert!(advice(&report).contains(&expect), "{}", advice(&report));
    assert!(is_untouched(&powered));
    assert!(powered.events().is_empty(), "the stick was written to");
    Ok(())
}

#[test]
fn a_fat32_volume_without_room_is_refused_too() -> Result<()> {
    if !require_tools(&["mkfs.fat", "mcopy"]) {
        return Ok(());
    }
    let bench = Bench::set_up(&preset("xp-fat32")?, None)?;
    let powered = bench.start.start();
    let volume = bench.volume(&powered)?;
    let refused = volume.check_change(1 << 30).unwrap_err();
    let text = refused.to_string();
    assert!(
        text.contains("the volume is full") && text.contains("the repair needs 1073741824"),
        "{text}"
    );
    assert!(powered.events().is_empty());
    Ok(())
}
