//! What a person must bring when no candidate passes: which file, of which Windows, and where it goes.
//! Pure.

use crate::repair::detect::InstallationFacts;
use crate::repair::detect::restore::RestoreFacts;
use crate::windows::drives::DriveDevice;
use crate::windows::pe::PeMachine;
use crate::windows::version::language_name;

/// Returns it, one line each.
pub(super) fn what_to_bring(
    facts: &InstallationFacts,
    step: &RestoreFacts,
    name: &str,
) -> Vec<String> {
    let installation = &facts.installation;
    let machine = match installation.architecture {
        Some(PeMachine::I386) => "i386 (32 bits)".to_owned(),
        Some(PeMachine::AMD64) => "amd64 (64 bits)".to_owned(),
        Some(machine) => machine.to_string(),
        None => "the processor of this PC".to_owned(),
    };
    let windows = installation.version.as_ref();
    let windows = windows.map_or_else(|| "this Windows".to_owned(), ToString::to_string);
    let neighbour = step.language.as_ref();
    let language = neighbour.map(|file| language_name(&format!("{:04x}", file.language)));
    let language = language.or_else(|| installation.language.clone());
    let language = language.map_or_else(String::new, |language| format!(", in {language}"));
    let mut advice = vec![
        format!("no acceptable copy of {name} was found on this PC or on the stick"),
        format!(
            "bring {name} {} for {machine}{language}, from another PC with {windows}",
            step.step.accept.version
        ),
    ];
    let drives = installation.drives.iter();
    let mut discs = drives.filter(|drive| drive.device == DriveDevice::CompactDisc);
    let is_from = |letter: char| {
        let mut sources = installation.installation_sources.iter();
        sources.any(|source| {
            let first = source.trim().chars().next();
            first.is_some_and(|found| found.eq_ignore_ascii_case(&letter))
        })
    };
    if let Some(disc) = discs.find(|drive| is_from(drive.letter))
        && let Some(compressed) = crate::cabinet::compressed_name(name)
    {
        advice.push(format!(
            "or bring the CD of {windows}{language}, which this Windows was installed from (drive {}:): \
             the file is {} in its folder I386, to be unpacked with expand",
            disc.letter,
            compressed.to_uppercase()
        ));
    }
    advice.push(format!(
        "where it goes: beside the recipe of this stick, with [[files]] path = \"{name}\" and its sha256 \
         in the recipe; then run mendkit build, write the stick again and start this PC from it"
    ));
    advice
}
