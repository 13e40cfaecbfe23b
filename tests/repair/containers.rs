//! Quarantines and cabinets: other people's tools make them for our readers and read ours.

use std::path::Path;

use anyhow::{Context as _, Result};
use fs_err as fs;
use mend::antivirus::quarantine::{ContainerKind, extract_item, read_container};
use mend::cabinet::{extract_member, find_member};
use mend::machine::folder::FolderMachine;
use mend::repair::{Request, run};
use mend::screen::{Answer, Question, Screen};
use mend::stick::Stick;
use mend::windows::path::WindowsPath;
use rescue_stick::job::Mode;
use support::broken_pc::{
    FileState, WindowsSpec, compressed_file, good_svchost, lzx_cabinet, make_folder, preset,
    quarantine_container,
};
use support::random::random_bytes;
use support::tools::{command, require_tools, run as run_tool, run_command, sha256_hex};

/// A small one for the mini stream, one of svchost.exe's size, one of several sectors' chains.
const ALL_SIZES: [usize; 4] = [100, 4096, 14_336, 300_001];

fn unmask(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ 0x6A).collect()
}

fn member_of(cabinet: &Path, name: &str) -> Result<Vec<u8>> {
    let member = find_member(cabinet, name)?.context("no such member")?;
    let mut content = Vec::new();
    extract_member(cabinet, &member.name, member.size, &mut content)?;
    Ok(content)
}

#[test]
fn libgsf_reads_the_containers_that_we_make() -> Result<()> {
    if !require_tools(&["gsf"]) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    for size in ALL_SIZES {
        let content = random_bytes("container", size);
        let path = folder.path().join("1.bup");
        fs::write(&path, quarantine_container(5958, "svchost.exe", &content)?)?;
        let mut gsf = command("gsf")?;
        gsf.arg("cat").arg(&path).arg("File_0");
        assert!(unmask(&run_command(gsf)?.out) == content, "{size}");
    }
    Ok(())
}

#[test]
fn we_read_the_containers_that_libgsf_makes() -> Result<()> {
    if !require_tools(&["gsf"]) {
        return Ok(());
    }
    for size in ALL_SIZES {
        let folder = tempfile::tempdir()?;
        let content = random_bytes("container", size);
        let details = "[Details]\r\nDetectionName=W32/Wecorl.a\r\nDATMajor=5958\r\n\
                       NumberOfFiles=1\r\n[File_0]\r\nOriginalName=c:\\x.exe\r\n";
        fs::write(folder.path().join("Details"), unmask(details.as_bytes()))?;
        fs::write(folder.path().join("File_0"), unmask(&content))?;
        let mut gsf = command("gsf")?;
        gsf.current_dir(folder.path());
        gsf.args(["createole", "1.bup", "Details", "File_0"]);
        run_command(gsf)?;
        let path = folder.path().join("1.bup");
        let items = read_container(&path, &WindowsPath::default(), ContainerKind::McafeeBup)?;
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].definitions.as_deref(), Some("5958.0000"));
        assert_eq!(items[0].size, Ok(u64::try_from(size)?));
        let mut read = Vec::new();
        extract_item(&path, items[0].kind, 0, 1 << 20, &mut read)?;
        assert!(read == content, "{size}");
    }
    Ok(())
}

#[test]
fn we_read_the_cabinets_that_gcab_makes() -> Result<()> {
    if !require_tools(&["gcab"]) {
        return Ok(());
    }
    for compress in [&["--zip"][..], &[]] {
        let folder = tempfile::tempdir()?;
        let contents: Vec<(String, Vec<u8>)> = ALL_SIZES
            .iter()
            .map(|size| (format!("Driver{size}.sys"), random_bytes("member", *size)))
            .collect();
        let mut gcab = command("gcab")?;
        gcab.current_dir(folder.path()).arg("--create");
        gcab.args(compress).arg("sp3.cab");
        for (name, content) in &contents {
            // Half of it repeats, so that compression has something to do.
            fs::write(folder.path().join(name), [&content[..], content].concat())?;
            gcab.arg(name);
        }
        run_command(gcab)?;
        let cabinet = folder.path().join("sp3.cab");
        for (name, content) in &contents {
            let read = member_of(&cabinet, &name.to_uppercase())?;
            assert!(
                read == [&content[..], content].concat(),
                "{compress:?} {name}"
            );
        }
        assert_eq!(find_member(&cabinet, "svchost.exe")?, None);
    }
    Ok(())
}

#[test]
fn cabextract_and_we_read_the_same_from_cabinets() -> Result<()> {
    if !require_tools(&["cabextract"]) {
        return Ok(());
    }
    for size in ALL_SIZES {
        let content = random_bytes("cabinet", size);
        let mszip = compressed_file("svchost.exe", &content)?;
        for cabinet in [mszip, lzx_cabinet("svchost.exe", &content)?] {
            let folder = tempfile::tempdir()?;
            let path = folder.path().join("SVCHOST.EX_");
            fs::write(&path, cabinet)?;
            let said = run_tool("cabextract", &[Path::new("--test"), &path])?;
            assert!(said.text().contains("All done, no errors"), "{said:?}");
            let pipe = ["--quiet", "--pipe"].map(Path::new);
            let theirs = run_tool("cabextract", &[pipe[0], pipe[1], &path])?.out;
            assert!(theirs == content, "cabextract {size}");
            assert!(member_of(&path, "svchost.exe")? == content, "mend {size}");
        }
    }
    Ok(())
}

/// Nobody to ask, nothing to show.
struct Silent;

impl Screen for Silent {
    fn line(&mut self, _text: &str) {}

    fn ask(&mut self, _question: Question<'_>) -> Answer {
        Answer::No
    }
}

/// Diagnoses a simulated PC and returns its candidates: place, whether accepted, digest.
fn candidates(windows: &WindowsSpec) -> Result<Vec<(String, bool, String)>> {
    let folder = tempfile::tempdir()?;
    make_folder(windows, folder.path())?;
    let machine = FolderMachine::open(folder.path())?;
    let request = Request::new(Mode::Diagnose);
    let report = run(&request, &machine, &Stick::built_in()?, &mut Silent);
    let candidates = report.installations[0].candidates.iter().map(|candidate| {
        let digest = candidate.sha256.map(|digest| digest.to_string());
        let place = candidate.place.clone();
        (place, candidate.accepted, digest.unwrap_or_default())
    });
    Ok(candidates.collect())
}

#[test]
fn the_last_copies_of_the_presets_are_accepted() -> Result<()> {
    for (name, place) in [
        ("xp-mcafee-5958-only-quarantine", "\\Quarantine\\"),
        (
            "xp-mcafee-5958-only-installation-source",
            "\\i386\\SVCHOST.EX_",
        ),
    ] {
        let windows = preset(name)?.installations.remove(0);
        let found = candidates(&windows)?;
        let accepted: Vec<_> = found.iter().filter(|(_, accepted, _)| *accepted).collect();
        assert_eq!(accepted.len(), 1, "{found:?}");
        assert!(accepted[0].0.contains(place), "{found:?}");
        assert_eq!(accepted[0].2, sha256_hex(&good_svchost(&windows)?));
    }
    Ok(())
}

#[test]
fn bad_copies_in_a_quarantine_and_a_source_are_refused() -> Result<()> {
    for state in [
        FileState::Empty,
        FileState::Patched,
        FileState::WrongServicePack,
    ] {
        let mut windows = preset("xp-mcafee-5958-bad-copies")?.installations.remove(0);
        windows.quarantine = state;
        windows.installation_source = state;
        let found = candidates(&windows)?;
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found.iter().all(|(_, accepted, _)| !accepted), "{found:?}");
    }
    Ok(())
}

#[test]
fn what_is_made_is_the_same_every_time() -> Result<()> {
    let made = || -> Result<[Vec<u8>; 3]> {
        Ok([
            quarantine_container(5958, "svchost.exe", b"MZ")?,
            compressed_file("svchost.exe", b"MZ")?,
            lzx_cabinet("svchost.exe", b"MZ")?,
        ])
    };
    let first = made()?;
    assert!(first == made()?);
    let date = first[1].get(54..58).context("too short")?;
    assert_eq!(date, [0x8E, 0x38, 0x00, 0x60]);
    Ok(())
}
