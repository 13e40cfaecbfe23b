//! The end of a run: the report is filed, the person is told what is next, and the PC restarts or switches
//! itself off. All that is needed for it is in memory: the stick may be out, and if it lacks the report, it may
//! come back.

use rescue_stick::job::Finish;
use rescue_stick::report::Report;
use rustix::system::{RebootCommand, reboot};

use super::Work;
use super::boot_stick::BootStick;
use super::filing::{Doors, Filed, file_again, file_report};
use super::outcome::Outcome;
use crate::machine::linux::volume::Resources;
use crate::machine::linux::{LinuxMachine, uptime_ms};
use crate::screen::console::{Consoles, Fixed, Seen, StickWatch};
use crate::screen::story;
use crate::screen::words::Language;
use crate::stick::Stick;
use crate::stick::record::Record;

/// How the run is to end.
pub(super) struct Ending {
    pub(super) finish: Finish,
    /// The stick and what it is to take, once it was found.
    pub(super) desk: Option<Desk>,
}

impl Ending {
    /// Whatever came in between, a person is there to be asked.
    pub(super) fn asked() -> Self {
        Self {
            finish: Finish::Ask,
            desk: None,
        }
    }
}

/// Where a report is filed.
pub(super) struct Desk {
    pub(super) boot_stick: BootStick,
    pub(super) stick: Stick,
    pub(super) record: Record,
    pub(super) resources: Resources,
    pub(super) work: Work,
    pub(super) language: Language,
    /// What was shown, once it was.
    pub(super) outcome: Option<Outcome>,
}

impl Desk {
    /// Files the report for the first time.
    pub(super) fn file(&mut self, report: &mut Report) -> Filed {
        let (work, language, resources) = (self.work, self.language, &self.resources);
        let boot_stick = &self.boot_stick;
        let doors = Doors {
            render: &|report| (work.report_text)(report, language),
            save: &|sealed| boot_stick.save_report(sealed),
            keep: &|report, sealed| {
                let machine = LinuxMachine::find(Some(boot_stick.disk()), resources).ok()?;
                (work.keep_report)(&machine, report, sealed)
            },
        };
        file_report(report, &mut self.record, self.stick.identity(), &doors)
    }

    /// Files the report on a stick that was put back. Returns whether it took it.
    fn file_again(&mut self) -> bool {
        let Some(outcome) = &mut self.outcome else {
            return false;
        };
        let (Some(report), Some(Err(_))) = (&mut outcome.report, &outcome.filed.saved) else {
            return false;
        };
        let (work, language, boot_stick) = (self.work, self.language, &self.boot_stick);
        self.record = boot_stick.open_record(&self.stick);
        let doors = Doors {
            render: &|report| (work.report_text)(report, language),
            save: &|sealed| boot_stick.save_report(sealed),
            keep: &|_, _| None,
        };
        let identity = self.stick.identity();
        let filed = file_again(report, &outcome.filed, &mut self.record, identity, &doors);
        let is_filed = filed.is_some();
        if let Some(filed) = filed {
            outcome.filed = filed;
        }
        is_filed
    }
}

impl StickWatch for Desk {
    fn look(&mut self) -> Seen {
        if self.boot_stick.is_in() {
            return Seen::In;
        }
        match self.boot_stick.find_again(self.stick.identity()) {
            Ok(()) => Seen::Back,
            Err(_) => Seen::Out,
        }
    }

    fn take_report(&mut self) -> Option<story::outcome::Outcome> {
        let is_filed = self.file_again();
        self.boot_stick.let_go();
        let outcome = self.outcome.as_ref().filter(|_| is_filed);
        outcome.map(Outcome::to_story)
    }
}

/// Ends the run as the boot arguments want it, or else as the stick's job does.
pub(super) fn end(screen: &mut Consoles, wanted: Option<Finish>, ending: &mut Ending) -> ! {
    let finish = wanted.unwrap_or(ending.finish);
    match &mut ending.desk {
        Some(desk) => screen.wait_for_end(finish, desk),
        // None was found, so none is waited for.
        None => screen.wait_for_end(finish, &mut Fixed(true)),
    }
    rustix::fs::sync();
    let command = match finish {
        Finish::PowerOff => RebootCommand::PowerOff,
        Finish::Ask | Finish::Restart => RebootCommand::Restart,
    };
    screen.mark(&format!("end {} ms", uptime_ms()));
    let _ = reboot(command);
    // PID 1 must not end; the person can still press the button.
    screen.say_switch_off();
    loop {
        std::thread::park();
    }
}
