//! No candidate passes: what screen and report say of each, and what a person is told to bring.

use anyhow::{Context as _, Result};
use expect_test::{Expect, expect};
use mend::machine::folder::FolderMachine;
use mend::repair::report::render_report;
use mend::repair::{Request, run};
use mend::screen::words;
use mend::screen::{Answer, Question, Screen, outcome_lines};
use mend::stick::Stick;
use rescue_stick::job::Mode;
use support::broken_pc::{
    Extra, FileState, Language, WindowsSpec, good_svchost, make_folder, preset,
};

/// Nobody to ask, nothing to show.
struct Silent;

impl Screen for Silent {
    fn line(&mut self, _text: &str) {}

    fn ask(&mut self, _question: Question<'_>) -> Answer {
        Answer::No
    }
}

/// Shows the outcome on the screen, and the page of the report below its head.
fn check(windows: &WindowsSpec, screen: Expect, page: Expect) -> Result<()> {
    let folder = tempfile::tempdir()?;
    make_folder(windows, folder.path())?;
    let machine = FolderMachine::open(folder.path())?.with_time(1_271_931_300);
    let request = Request::new(Mode::Auto);
    let report = run(&request, &machine, &Stick::built_in()?, &mut Silent);
    let volume = &report.volumes.first().context("no volume")?.name;
    let plain = |text: &str| text.replace(volume, "VOLUME") + "\n";
    let mut lines = outcome_lines(&report);
    // A folder of the host has files of today, and the PC's clock stands in 2010.
    lines.retain(|line| !line.starts_with("this PC's clock is "));
    screen.assert_eq(&plain(&lines.join("\n")));
    let text = render_report(&report, words::Language::English);
    let rest = text
        .lines()
        .skip_while(|line| !line.starts_with("\\WINDOWS on "));
    let rest: Vec<&str> = rest
        .take_while(|line| !line.starts_with("Volume ") && *line != "Health")
        .collect();
    page.assert_eq(&plain(&rest.join("\n")));
    Ok(())
}

#[test]
fn every_candidate_is_listed_with_its_reason_and_what_to_bring_is_said() -> Result<()> {
    let mut windows = preset("xp-mcafee-5958-bad-copies")?.installations.remove(0);
    windows.dat = Some(5958);
    check(
        &windows,
        expect![[r#"
            OPTIPLEX-114: Microsoft Windows XP Service Pack 3 (5.1.2600), English, i386, on VOLUME
            Found: DAT 5958.0000 is in use; svchost.exe is missing
            Refused: \WINDOWS\system32\dllcache\svchost.exe: checksum of the content is 0x0000fb77, its header says 0x0000fb04: changed
            Refused: \WINDOWS\ServicePackFiles\i386\svchost.exe: version is 5.1.2600.2180, expected 5.1.2600.5512
            4 more places were looked at; they are in the report
            no definitions mcafee-dat are at hand: use a stick that carries them
            no acceptable copy of svchost.exe was found on this PC or on the stick
            bring svchost.exe 5.1.2600.5512 for i386 (32 bits), in English, from another PC with Microsoft Windows XP Service Pack 3 (5.1.2600)
            or bring the CD of Microsoft Windows XP Service Pack 3 (5.1.2600), in English, which this Windows was installed from (drive D:): the file is SVCHOST.EX_ in its folder I386, to be unpacked with expand
            where it goes: beside the recipe of this stick, with [[files]] path = "svchost.exe" and its sha256 in the recipe; then run mendkit build, write the stick again and start this PC from it
        "#]],
        expect![[r#"
            \WINDOWS on VOLUME: NEEDS YOU
              Computer   OPTIPLEX-114
              Windows    Microsoft Windows XP Service Pack 3 (5.1.2600), English, i386
              Security   VirusScan Enterprise 8.7.0.570, DAT 5958.0000 of 2010/04/21, engine 5400.1158
              Found      DAT 5958.0000 is in use (stale-definitions)
                           Microsoft Windows XP Service Pack 3 (5.1.2600)
                           HKLM\SOFTWARE\McAfee\AVEngine: AVDatVersion and AVDatVersionMinor are 5958.0000
                           HKLM\SOFTWARE\McAfee\AVEngine: DAT is C:\Program Files\Common Files\McAfee\Engine\
              Found      svchost.exe is missing (missing-system-file)
                           \WINDOWS\system32\svchost.exe: not there
              Looked at  \WINDOWS\system32\dllcache\svchost.exe
                           refused: checksum of the content is 0x0000fb77, its header says 0x0000fb04: changed
              Looked at  \WINDOWS\ServicePackFiles\i386\svchost.exe
                           refused: version is 5.1.2600.2180, expected 5.1.2600.5512
              Looked at  \Quarantine
                           refused: no svchost.exe there nor in any other quarantine of this volume (0 containers)
              Looked at  \WINDOWS\i386
                           refused: no svchost.exe, compressed or not, there nor in the driver cache
              Looked at  \i386
                           refused: no svchost.exe, compressed or not, there nor in the driver cache
              Looked at  D:\i386
                           refused: D: is a CD drive, which is not looked at
              Next       no definitions mcafee-dat are at hand: use a stick that carries them
              Next       no acceptable copy of svchost.exe was found on this PC or on the stick
              Next       bring svchost.exe 5.1.2600.5512 for i386 (32 bits), in English, from another PC with Microsoft Windows XP Service Pack 3 (5.1.2600)
              Next       or bring the CD of Microsoft Windows XP Service Pack 3 (5.1.2600), in English, which this Windows was installed from (drive D:): the file is SVCHOST.EX_ in its folder I386, to be unpacked with expand
              Next       where it goes: beside the recipe of this stick, with [[files]] path = "svchost.exe" and its sha256 in the recipe; then run mendkit build, write the stick again and start this PC from it

        "#]],
    )
}

#[test]
fn a_copy_in_another_language_is_refused() -> Result<()> {
    let english = good_svchost(&WindowsSpec::xp_mcafee_5958())?;
    let windows = WindowsSpec {
        language: Language::French,
        dllcache: FileState::Missing,
        service_pack_files: FileState::Empty,
        extras: vec![Extra::file(
            "WINDOWS/system32/dllcache/svchost.exe",
            &english,
        )],
        ..WindowsSpec::xp_mcafee_5958()
    };
    check(
        &windows,
        expect![[r#"
            OPTIPLEX-114: Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386, on VOLUME
            Found: DAT 5958.0000 is in use; svchost.exe is missing
            Refused: \WINDOWS\system32\dllcache\svchost.exe: language is English, that of kernel32.dll is French
            Refused: \WINDOWS\ServicePackFiles\i386\svchost.exe: empty
            4 more places were looked at; they are in the report
            no definitions mcafee-dat are at hand: use a stick that carries them
            no acceptable copy of svchost.exe was found on this PC or on the stick
            bring svchost.exe 5.1.2600.5512 for i386 (32 bits), in French, from another PC with Microsoft Windows XP Service Pack 3 (5.1.2600)
            or bring the CD of Microsoft Windows XP Service Pack 3 (5.1.2600), in French, which this Windows was installed from (drive D:): the file is SVCHOST.EX_ in its folder I386, to be unpacked with expand
            where it goes: beside the recipe of this stick, with [[files]] path = "svchost.exe" and its sha256 in the recipe; then run mendkit build, write the stick again and start this PC from it
        "#]],
        expect![[r#"
        \WINDOWS on VOLUME: NEEDS YOU
          Computer   OPTIPLEX-114
          Windows    Microsoft Windows XP Service Pack 3 (5.1.2600), French, i386
          Security   VirusScan Enterprise 8.7.0.570, DAT 5958.0000 of 2010/04/21, engine 5400.1158
          Found      DAT 5958.0000 is in use (stale-definitions)
                       Microsoft Windows XP Service Pack 3 (5.1.2600)
                       HKLM\SOFTWARE\McAfee\AVEngine: AVDatVersion and AVDatVersionMinor are 5958.0000
                       HKLM\SOFTWARE\McAfee\AVEngine: DAT is C:\Program Files\Common Files\McAfee\Engine\
          Found      svchost.exe is missing (missing-system-file)
                       \WINDOWS\system32\svchost.exe: not there
          Looked at  \WINDOWS\system32\dllcache\svchost.exe
                       refused: language is English, that of kernel32.dll is French
          Looked at  \WINDOWS\ServicePackFiles\i386\svchost.exe
                       refused: empty
          Looked at  \Quarantine
                       refused: no svchost.exe there nor in any other quarantine of this volume (0 containers)
          Looked at  \WINDOWS\i386
                       refused: no svchost.exe, compressed or not, there nor in the driver cache
          Looked at  \i386
                       refused: no svchost.exe, compressed or not, there nor in the driver cache
          Looked at  D:\i386
                       refused: D: is a CD drive, which is not looked at
          Next       no definitions mcafee-dat are at hand: use a stick that carries them
          Next       no acceptable copy of svchost.exe was found on this PC or on the stick
          Next       bring svchost.exe 5.1.2600.5512 for i386 (32 bits), in French, from another PC with Microsoft Windows XP Service Pack 3 (5.1.2600)
          Next       or bring the CD of Microsoft Windows XP Service Pack 3 (5.1.2600), in French, which this Windows was installed from (drive D:): the file is SVCHOST.EX_ in its folder I386, to be unpacked with expand
          Next       where it goes: beside the recipe of this stick, with [[files]] path = "svchost.exe" and its sha256 in the recipe; then run mendkit build, write the stick again and start this PC from it

    "#]],
    )
}
