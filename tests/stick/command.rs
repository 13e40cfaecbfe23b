//! What `mendkit write` and `mendkit devices` accept, refuse and print.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use serde_json::Value;
use support::judges::sgdisk_accepts;
use support::kit::{mendkit, require_builds};
use support::tools::{command, find_tool, require_tools, run, run_command};

use crate::bench::Made;
use crate::judged::check;

fn mendkit_write<A: AsRef<OsStr>>(arguments: &[A]) -> Result<Output> {
    let mut command = Command::new(mendkit());
    command.arg("write").args(arguments);
    let is_receipts = |argument: &A| argument.as_ref() == "--receipts";
    if !arguments.iter().any(is_receipts) {
        command.arg("--no-receipts");
    }
    command.output().context("running mendkit write")
}

/// Demands an exit code and words; returns all that was printed.
fn demand(output: &Output, code: i32, words: &[&str]) -> Result<String> {
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    ensure!(
        output.status.code() == Some(code),
        "{}: {said}",
        output.status
    );
    for word in words {
        ensure!(said.contains(word), "no {word:?} in: {said}");
    }
    Ok(said)
}

/// A folder with an image and a file that stands for a stick.
struct Desk {
    made: Made,
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Result<Self> {
        let desk = Self {
            made: Made::new("command")?,
            folder: tempfile::tempdir()?,
        };
        desk.stick("stick.img", 50 << 20)?;
        Ok(desk)
    }

    /// Makes a file full of ones.
    fn stick(&self, name: &str, size: usize) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        fs::write(&path, vec![0xff; size])?;
        Ok(path)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("stick.img")
    }

    /// Demands that the stick was not touched.
    fn is_untouched(&self) -> Result<()> {
        ensure!(fs::read(self.path())?.iter().all(|byte| *byte == 0xff));
        Ok(())
    }

    fn refused(&self, sticks: &[&Path], further: &[&str], words: &[&str]) -> Result<()> {
        let image = self.made.path();
        let mut arguments = vec![image.as_os_str()];
        arguments.extend(sticks.iter().map(|stick| stick.as_os_str()));
        arguments.extend(further.iter().map(OsStr::new));
        demand(&mendkit_write(&arguments)?, 3, words)?;
        self.is_untouched()
    }
}

#[test]
fn refuses_what_is_unsafe_and_touches_nothing() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let desk = Desk::new()?;
    let stick = desk.path();
    let small = desk.stick("small.img", 1 << 20)?;
    let nothing = "nothing was written";
    let one = ["--yes-erase", "1"];
    let two = ["--yes-erase", "2"];
    desk.refused(
        &[&stick],
        &two,
        &["1 stick would be erased, but --yes-erase says 2", nothing],
    )?;
    desk.refused(
        &[&stick],
        &[],
        &["nobody can be asked here; say --yes-erase 1", nothing],
    )?;
    desk.refused(&[&stick, &stick], &two, &["(named twice)", nothing])?;
    desk.refused(
        &[&stick, &small],
        &two,
        &["small.img (1.0 MB, but the image needs ", nothing],
    )?;
    desk.refused(
        &[&stick, Path::new("/dev/null")],
        &two,
        &["neither a disk nor a file", nothing],
    )?;
    desk.refused(&[&desk.made.path()], &one, &["the image itself", nothing])?;
    Ok(())
}

#[test]
fn refuses_this_computers_own_disk() -> Result<()> {
    if !require_builds() || !require_tools(&["findmnt", "lsblk"]) {
        return Ok(());
    }
    let source = run("findmnt", &["-no", "SOURCE", "/"])?
        .text()
        .trim()
        .to_owned();
    if !source.starts_with("/dev/") {
        return Ok(());
    }
    let parent = run("lsblk", &["-no", "PKNAME", &source])?.text();
    let parent = parent.lines().next().unwrap_or_default().trim().to_owned();
    let disk = if parent.is_empty() {
        source
    } else {
        format!("/dev/{parent}")
    };
    let desk = Desk::new()?;
    let words = ["(this computer's disk)", "nothing was written"];
    desk.refused(
        &[&desk.path(), Path::new(&disk)],
        &["--yes-erase", "2"],
        &words,
    )
}

#[test]
fn refuses_an_image_that_is_not_as_signed() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let desk = Desk::new()?;
    let mut bytes = fs::read(desk.made.path())?;
    let content = bytes.len() / 16;
    bytes[content] ^= 1;
    fs::write(desk.made.path(), bytes)?;
    desk.refused(
        &[&desk.path()],
        &["--yes-erase", "1"],
        &["not as it was signed", "problem"],
    )
}

#[test]
fn a_missing_image_and_a_missing_stick_are_errors() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let desk = Desk::new()?;
    let missing = [Path::new("/nonexistent"), &desk.path()].map(|path| path.to_owned());
    demand(&mendkit_write(&missing)?, 2, &["error: opening the image"])?;
    let missing = [desk.made.path(), "/nonexistent".into()];
    demand(
        &mendkit_write(&missing)?,
        2,
        &["error: looking at the sticks", "/nonexistent"],
    )?;
    desk.is_untouched()
}

#[test]
fn a_typed_count_is_asked_for_and_anything_else_is_a_no() -> Result<()> {
    if !require_builds() || !require_tools(&["script"]) {
        return Ok(());
    }
    let desk = Desk::new()?;
    let typed = |answer: &str| -> Result<Output> {
        let line = format!(
            "{} write --no-receipts {} {}",
            mendkit().display(),
            desk.made.path().display(),
            desk.path().display()
        );
        let mut script = command("script")?;
        script
            .args(["-qec", &line, "/dev/null"])
            .stdin(std::process::Stdio::piped());
        script.stdout(std::process::Stdio::piped());
        let mut child = script.spawn()?;
        use std::io::Write as _;
        // Kept open: at its end `script` would end the session.
        let mut keys = child.stdin.take().context("no input")?;
        writeln!(keys, "{answer}")?;
        let output = child.wait_with_output()?;
        drop(keys);
        Ok(output)
    };
    let prompt = "Everything on this 1 stick will be erased. Type 1 to go on:";
    for answer in ["", "y", "2", "11"] {
        demand(&typed(answer)?, 3, &[prompt, "nothing was written"])?;
        desk.is_untouched()?;
    }
    demand(
        &typed("1")?,
        0,
        &[prompt, "read back ok", "1 stick good, 0 bad."],
    )?;
    Ok(())
}

#[test]
fn json_lines_tell_the_whole_story() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let desk = Desk::new()?;
    let other = desk.stick("other.img", 60 << 20)?;
    let mut arguments = vec![desk.made.path(), desk.path(), other];
    arguments.extend(["--yes-erase", "2", "--json-progress"].map(PathBuf::from));
    let output = mendkit_write(&arguments)?;
    demand(&output, 0, &[])?;
    let text = String::from_utf8(output.stdout)?;
    let lines = text.lines().map(serde_json::from_str::<Value>);
    let lines: Vec<Value> = lines.collect::<Result<_, _>>()?;
    let count = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    assert_eq!(
        (count("stick"), count("good"), count("bad"), count("end")),
        (2, 2, 0, 1),
        "{text}"
    );
    for stage in ["probing", "writing", "reading back", "finishing"] {
        assert!(
            lines.iter().any(|line| line["stage"] == stage),
            "{stage}: {text}"
        );
    }
    let last = lines.last().context("no line")?;
    assert_eq!(
        (&last["good"], &last["bad"]),
        (&Value::from(2), &Value::from(0))
    );
    Ok(())
}

#[test]
fn devices_agree_with_lsblk() -> Result<()> {
    if !require_builds() || !require_tools(&["lsblk"]) {
        return Ok(());
    }
    let mut devices = Command::new(mendkit());
    devices.args(["devices", "--json"]);
    let ours: Value = serde_json::from_slice(&run_command(devices)?.out)?;
    let said = run(
        "lsblk",
        &["-J", "-b", "-d", "-o", "PATH,SIZE,RO,RM,LOG-SEC,TYPE"],
    )?;
    let theirs: Value = serde_json::from_slice(&said.out)?;
    let mut compared = 0;
    for device in ours["devices"].as_array().context("no devices")? {
        let list = theirs["blockdevices"]
            .as_array()
            .context("no devices in lsblk")?;
        // lsblk leaves out memory disks and empty drives.
        let Some(other) = list.iter().find(|other| other["path"] == device["path"]) else {
            continue;
        };
        assert_eq!(device["size"], other["size"], "{device}");
        assert_eq!(device["read-only"], other["ro"], "{device}");
        assert_eq!(device["removable"], other["rm"], "{device}");
        assert_eq!(device["sector-size"], other["log-sec"], "{device}");
        compared += 1;
    }
    assert!(compared > 0, "{ours}");
    let mut table = Command::new(mendkit());
    table.arg("devices");
    let table = run_command(table)?.text();
    assert!(
        table.contains("no: this computer's disk") || !Path::new("/dev/vda").exists(),
        "{table}"
    );
    Ok(())
}

/// A loop device that is freed at the end.
struct Loop(String);

impl Loop {
    /// Returns nothing, with the reason printed, where loop devices cannot be used.
    fn attach(file: &Path) -> Option<Self> {
        Self::with_sectors_of("512", file)
    }

    #[expect(clippy::print_stderr, reason = "a test that skips itself says why")]
    fn with_sectors_of(bytes: &str, file: &Path) -> Option<Self> {
        let file = file.to_str().unwrap_or_default();
        match run("losetup", &["--show", "-f", "-b", bytes, file]) {
            Ok(said) => Some(Self(said.text().trim().to_owned())),
            Err(error) => {
                // Not even under CI: who may use loop devices is not for a package to say.
                eprintln!("skipped: no loop device: {error:#}");
                None
            }
        }
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        // OK to discard: nothing else can be done about it.
        let _ = run("losetup", &["-d", &self.0]);
    }
}

#[test]
fn a_block_device_is_written_and_one_that_is_in_use_is_refused() -> Result<()> {
    if !require_builds() || find_tool("losetup").is_none() || !require_tools(&["mkfs.ext4"]) {
        return Ok(());
    }
    let desk = Desk::new()?;
    let stick = desk.path();
    let Some(device) = Loop::attach(&stick) else {
        return Ok(());
    };
    let arguments = [desk.made.path(), PathBuf::from(&device.0)];
    let [image, path] = &arguments;
    let all = [
        image.as_os_str(),
        path.as_os_str(),
        "--yes-erase".as_ref(),
        "1".as_ref(),
    ];
    demand(
        &mendkit_write(&all)?,
        0,
        &["loop device", "read back ok", "1 stick good, 0 bad."],
    )?;
    sgdisk_accepts(path)?;
    check(&stick, desk.folder.path())?;
    let mut listed = Command::new(mendkit());
    listed.arg("devices");
    let listed = run_command(listed)?.text();
    assert!(!listed.contains(&device.0), "{listed}");

    run("mkfs.ext4", &["-q", "-F", &device.0])?;
    let before = fs::read(&stick)?;
    let place = desk.folder.path().join("mounted here");
    fs::create_dir(&place)?;
    if run("mount", &[Path::new(&device.0), &place]).is_ok() {
        let refused = demand(&mendkit_write(&all)?, 3, &["(mounted on ", "mounted here)"]);
        run("umount", &[&place])?;
        refused?;
        assert_eq!(before.len(), fs::read(&stick)?.len());
    }
    run("mkswap", &["-f", &device.0])?;
    if run("swapon", &[&device.0]).is_ok() {
        let refused = demand(&mendkit_write(&all)?, 3, &["is swapped to)"]);
        run("swapoff", &[&device.0])?;
        refused?;
    }
    Ok(())
}

#[test]
fn a_block_device_is_refreshed_and_one_with_sectors_of_4096_bytes_is_refused() -> Result<()> {
    if !require_builds() || find_tool("losetup").is_none() || !require_tools(&["mmd", "mtype"]) {
        return Ok(());
    }
    let desk = Desk::new()?;
    let stick = desk.path();
    let Some(device) = Loop::attach(&stick) else {
        return Ok(());
    };
    let image = desk.made.path();
    let all = [
        image.as_os_str(),
        device.0.as_ref(),
        "--yes-erase".as_ref(),
        "1".as_ref(),
    ];
    demand(&mendkit_write(&all)?, 0, &["read back ok"])?;
    let volume = format!("{}@@1M", device.0);
    run("mmd", &["-i", &volume, "::/reports/A"])?;
    run(
        "mcopy",
        &[
            "-i",
            &volume,
            "/proc/self/status",
            "::/reports/A/report.json",
        ],
    )?;
    let refresh = || -> Result<Output> {
        let mut command = Command::new(mendkit());
        command.arg("refresh").arg(&image).arg(&device.0);
        command.args(["--yes-refresh", "1", "--no-receipts"]);
        Ok(command.output()?)
    };
    // The same image again: reports and all, there is nothing to do.
    demand(
        &refresh()?,
        0,
        &["holds this image already", "1 stick good"],
    )?;
    // A bit of the content is gone.
    let place = desk.made.image.chunks.iter().map(|chunk| chunk.range);
    let place = place
        .max_by_key(|range| range.sectors())
        .context("nothing")?;
    let mut bytes = fs::read(&device.0)?;
    bytes[usize::try_from(place.first().byte_offset())? + 77] ^= 1;
    fs::write(&device.0, &bytes)?;
    demand(&refresh()?, 0, &["read back ok", "1 stick good"])?;
    sgdisk_accepts(Path::new(&device.0))?;
    let kept = run("mtype", &["-i", &volume, "::/reports/A/report.json"])?.text();
    ensure!(kept.contains("Name:"), "{kept}");
    drop(device);
    check(&stick, desk.folder.path())?;

    let large = desk.stick("4096.img", 50 << 20)?;
    let Some(device) = Loop::with_sectors_of("4096", &large) else {
        return Ok(());
    };
    let words = "(sectors of 4096 bytes, expected 512: no BIOS starts it)";
    let all = [
        image.as_os_str(),
        device.0.as_ref(),
        "--yes-erase".as_ref(),
        "1".as_ref(),
    ];
    demand(&mendkit_write(&all)?, 3, &[words, "nothing was written"])?;
    drop(device);
    ensure!(fs::read(&large)?.iter().all(|byte| *byte == 0xff));
    Ok(())
}

#[test]
fn twenty_sticks_fit_a_terminal_of_80_columns() -> Result<()> {
    if !require_builds() || !require_tools(&["script", "stty"]) {
        return Ok(());
    }
    let desk = Desk::new()?;
    let mut line = format!(
        "stty cols 80 rows 30; exec {} write {} --no-receipts --yes-erase 20",
        mendkit().display(),
        desk.made.path().display()
    );
    for number in 0..20 {
        let path = desk.folder.path().join(format!("{number}"));
        fs::File::create(&path)?.set_len(50 << 20)?;
        line.push_str(&format!(" {}", path.display()));
    }
    let mut script = command("script")?;
    script
        .args(["-qec", &line, "/dev/null"])
        .env("TERM", "xterm");
    let said = run_command(script)?.text();
    assert!(said.contains("20 sticks good, 0 bad."), "{said}");
    let shown = without_controls(&said);
    let bars: Vec<_> = shown
        .iter()
        .filter(|line| line.contains("file   "))
        .collect();
    assert!(bars.len() >= 20, "{shown:?}");
    for bar in &bars {
        let mut words = bar.split_whitespace();
        let number = words.next().and_then(|word| word.parse::<u32>().ok());
        assert!(number.is_some(), "a bar does not begin a line: {bar:?}");
    }
    for number in 1..=20 {
        let start = format!(" {number:<2} file ");
        let is_done = |bar: &&&String| bar.starts_with(&start) && bar.contains("read back ok");
        assert!(bars.iter().any(|bar| is_done(&bar)), "{number}: {shown:?}");
    }
    Ok(())
}

/// Returns the lines that a terminal was sent, without what moves its cursor and colours it.
fn without_controls(text: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => {
                // A control sequence ends with a letter.
                let _ = letters.by_ref().skip(1).find(char::is_ascii_alphabetic);
            }
            '\r' => plain.push('\n'),
            _ => plain.push(letter),
        }
    }
    // Bars are filled up with blanks to the end of the line, where the terminal begins the next.
    let mut lines = Vec::new();
    for line in plain.lines() {
        let letters: Vec<char> = line.chars().collect();
        let rows = letters.chunks(80).map(|row| row.iter().collect::<String>());
        lines.extend(rows.map(|row| row.trim_end().to_owned()));
    }
    lines
}
