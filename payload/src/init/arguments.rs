//! What the boot menu says, from the kernel's command line.
//!
//! ```text
//! mend.stick=7F3A-01B2     serial number of the stick's FAT32 partition; needed
//! mend.mode=repair         or diagnose, undo
//! mend.finish=ask          or restart, power-off; else the stick's job decides
//! mend.visit=ask           technician, site and ticket are asked for, even if the stick knows them
//! mend.lang=fr             language of the screen until the stick has proven itself; else English
//! ```

use rescue_stick::job::Finish;

/// What is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Task {
    /// What the stick's job says.
    #[default]
    Repair,
    /// Nothing is written to the PC.
    Diagnose,
    /// The newest repair is taken back.
    Undo,
}

/// The arguments. Unknown ones are the kernel's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Serial number of the stick's partition.
    pub stick_serial: Option<u32>,
    /// What is to be done.
    pub task: Task,
    /// How it is to end, if not as the job says.
    pub finish: Option<Finish>,
    /// Language of the screen by its ISO 639-1 code.
    pub language: Option<String>,
    /// Whether technician, site and ticket are asked for whatever the stick knows.
    pub asks_visit: bool,
}

impl Arguments {
    /// Parses the kernel's command line. A word that is not known for an argument counts as not given.
    pub fn parse(line: &str) -> Self {
        let mut arguments = Self::default();
        for word in line.split_whitespace() {
            match word.split_once('=') {
                Some(("mend.stick", value)) => arguments.stick_serial = parse_serial(value),
                Some(("mend.mode", "diagnose")) => arguments.task = Task::Diagnose,
                Some(("mend.mode", "undo")) => arguments.task = Task::Undo,
                Some(("mend.finish", "ask")) => arguments.finish = Some(Finish::Ask),
                Some(("mend.finish", "restart")) => arguments.finish = Some(Finish::Restart),
                Some(("mend.finish", "power-off")) => arguments.finish = Some(Finish::PowerOff),
                Some(("mend.visit", "ask")) => arguments.asks_visit = true,
                Some(("mend.lang", code)) => arguments.language = Some(code.to_owned()),
                _ => {}
            }
        }
        arguments
    }
}

fn parse_serial(text: &str) -> Option<u32> {
    let (high, low) = text.split_once('-')?;
    let is_half = |half: &str| half.len() == 4 && half.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_half(high) || !is_half(low) {
        return None;
    }
    u32::from_str_radix(&format!("{high}{low}"), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_own_arguments_among_the_kernels() {
        let line = "quiet console=ttyS0 mend.stick=7f3A-01B2 mend.mode=undo mend.finish=power-off \
             mend.lang=fr mend.visit=ask\n";
        let expect = Arguments {
            stick_serial: Some(0x7F3A_01B2),
            task: Task::Undo,
            finish: Some(Finish::PowerOff),
            language: Some("fr".to_owned()),
            asks_visit: true,
        };
        assert_eq!(Arguments::parse(line), expect);
    }

    #[test]
    fn a_serial_that_is_none_is_not_given() {
        for bad in ["7F3A01B2", "7F3A-01B", "+F3A-01B2", "", "é3A-01B2"] {
            let line = format!("mend.stick={bad}");
            assert_eq!(Arguments::parse(&line).stick_serial, None, "{bad}");
        }
    }
}
