//! Every state that the screen has, as a PC shows it: on a text screen, on small and larger framebuffers, and
//! as a serial line has it. The pictures stay in `target/screens`, to be looked at.
//!
//! `mend-staged` is started by the kernel alone and shows one state after the other; what leaves a state is
//! pressed on the PC's keyboard, by the keys that a keyboard of the language has there.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use mend::screen::display::{AMBER, BLUE, GREEN, RED};
use support::kit::{Kit, KitSpec, read_from_stick, staged};
use support::qemu::{DirectKernel, Firmware, Machine, MachineSpec};
use support::tools::{command, require_tools, run, run_command, target_folder};

use crate::rescue::{LIMIT, require_boots};

/// States of a run, at least.
const FEWEST_STATES: usize = 30;

/// What a screen is started as.
struct Size {
    name: &'static str,
    /// As the kernel's argument `vga` has it. Source: Linux, Documentation/fb/vesafb.rst.
    vga: &'static str,
    /// Its pixels. A text screen has letters of 9 by 16.
    pixels: (usize, usize),
}

const TEXT: Size = Size {
    name: "text-80x25",
    vga: "normal",
    pixels: (720, 400),
};
const SMALL: Size = Size {
    name: "640x480",
    vga: "0x311",
    pixels: (640, 480),
};
const LARGE: Size = Size {
    name: "1024x768",
    vga: "0x317",
    pixels: (1024, 768),
};

/// Returns the colour of the band that a state has.
fn colour_of(state: &str) -> Result<&'static str> {
    let colours = [
        (BLUE, &["checking", "repairing", "undoing"][..]),
        (
            AMBER,
            &[
                "affected",
                "without",
                "locked",
                "passphrase",
                "needs",
                "undo",
            ],
        ),
        (GREEN, &["repaired", "stick-is-out", "healthy", "report"]),
        (
            RED,
            &[
                "refused",
                "disk-failing",
                "failed",
                "several",
                "stick-refused",
                "fault",
            ],
        ),
    ];
    // The longest name that fits: `undo` is a beginning of others.
    let fitting = colours.iter().flat_map(|(colour, names)| {
        let names = names.iter().filter(|name| state.starts_with(*name));
        names.map(move |name| (name.len(), *colour))
    });
    let (_, colour) = fitting
        .max_by_key(|(length, _)| *length)
        .with_context(|| format!("{state}: no colour is known for it"))?;
    Ok(if state == "undone" { GREEN } else { colour })
}

/// Returns the key of the PC's keyboard, by QEMU's name, that types a letter in a language. A key is named
/// after what a keyboard of the United States has on it.
fn key_for(letter: &str, language: &str) -> &'static str {
    match (letter, language) {
        ("enter", _) => "ret",
        ("esc", _) => "esc",
        ("d", _) => "d",
        ("n", _) => "n",
        ("q", "fr") => "a",
        _ => "q",
    }
}

/// A machine that shows its states.
struct Show {
    machine: Machine,
    language: &'static str,
    size: Size,
    folder: PathBuf,
    count: usize,
}

impl Show {
    fn start(kit: &Kit, size: Size, language: &'static str) -> Result<Self> {
        let folder = target_folder().join(format!("screens/{}-{language}", size.name));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let kernel = kit.path("vmlinuz32");
        fs::write(&kernel, read_from_stick(&kit.image(), "/boot/vmlinuz32")?)?;
        let direct = DirectKernel {
            kernel,
            initrd: make_initrd(&kit.path("root"))?,
            arguments: format!(
                "console=tty0 console=ttyS0,115200 quiet loglevel=3 panic=1 vga={} stage=states \
                 mend.lang={language}",
                size.vga
            ),
        };
        let machine = Machine::start(&MachineSpec {
            direct_kernel: Some(direct),
            ..MachineSpec::of(Firmware::Bios)
        })?;
        Ok(Self {
            machine,
            language,
            size,
            folder,
            count: 0,
        })
    }

    /// Shows every state and takes its picture. Returns their names.
    fn run(&mut self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        loop {
            self.machine.wait_for(&["mend: STATE "], LIMIT)?;
            let markers = ["mend: QUESTION", "mend: WAIT", "end -"];
            if self.machine.wait_for(&markers, LIMIT)? == markers[2] {
                return Ok(names);
            }
            let log = self.machine.serial_log();
            let state = log
                .lines()
                .rev()
                .find_map(|line| line.strip_prefix("mend: STATE "));
            let state = state.context("no state was told")?.to_owned();
            let mut words = state.split(' ');
            let name = words.next().context("a state without a name")?;
            let keys = words.next().context("a state without keys")?;
            self.show_state(name, keys, words.next())?;
            names.push(name.to_owned());
        }
    }

    /// Takes the pictures of a state and presses what leaves it.
    fn show_state(&mut self, name: &str, keys: &str, typed: Option<&str>) -> Result<()> {
        self.count += 1;
        let mut keys: Vec<&str> = keys.split(',').collect();
        if let Some(digits) = keys.first().and_then(|key| key.strip_prefix("type:")) {
            for digit in digits.chars() {
                self.machine.press(&[&digit.to_string()])?;
            }
            self.machine
                .wait_for(&[typed.context("nothing to wait for")?], LIMIT)?;
            keys.remove(0);
        }
        let png = self.picture(name, "")?;
        self.check_colour(name)?;
        if name == "locked" {
            check_code(&png, "8A7F3C21-90AB-4CDE-8123-456789ABCDEF")?;
        }
        let last = keys.len().saturating_sub(1);
        let mut seen_details = false;
        for (number, key) in keys.into_iter().enumerate() {
            self.machine.press(&[key_for(key, self.language)])?;
            match key {
                // The next state tells itself.
                _ if number == last => {}
                "q" => {
                    self.machine.wait_for(&["mend: CODE 1"], LIMIT)?;
                    let png = self.picture(name, "-code")?;
                    check_code(&png, "MK1 20100422T101500Z-OPTIPLEX-114 REPAIRED")?;
                }
                "d" if !seen_details => {
                    seen_details = true;
                    self.machine.wait_for(&["mend: DETAILS"], LIMIT)?;
                    self.picture(name, "-details")?;
                }
                "d" => {
                    self.machine.wait_for(&["mend: QUESTION"], LIMIT)?;
                }
                // What was typed is wiped; the next one leaves.
                "esc" => {
                    self.machine.wait_for(&["> ______"], LIMIT)?;
                }
                _ => {
                    self.machine.wait_for(&["[Q]"], LIMIT)?;
                }
            }
        }
        Ok(())
    }

    fn picture(&mut self, name: &str, more: &str) -> Result<PathBuf> {
        let png = self
            .folder
            .join(format!("{:02}-{name}{more}.png", self.count));
        self.machine.screendump(&png)?;
        Ok(png)
    }

    /// Demands the size that was asked for, and the band in its colour.
    fn check_colour(&mut self, name: &str) -> Result<()> {
        let picture = self.machine.picture()?;
        let size = (picture.width, picture.height);
        ensure!(size == self.size.pixels, "{name}: {size:?}");
        let share = picture.percent_of(colour_of(name)?)?;
        // Beside a code, the band is as wide as the text and three rows high.
        let least = if name.starts_with("locked") { 3 } else { 12 };
        ensure!(
            share >= least,
            "{name}: the band has {share} % of the screen"
        );
        Ok(())
    }
}

/// Makes an archive with the program as the kernel wants it.
fn make_initrd(root: &Path) -> Result<PathBuf> {
    fs::create_dir_all(root)?;
    fs::copy(staged(), root.join("init"))?;
    let archive = root.with_extension("cpio");
    let mut shell = command("sh")?;
    shell
        .args(["-c", "echo init | cpio --quiet -o -H newc > \"$0\""])
        .arg(&archive);
    shell.current_dir(root);
    run_command(shell)?;
    Ok(archive)
}

/// Demands that a phone would read this from the picture.
fn check_code(png: &Path, text: &str) -> Result<()> {
    let said = run(
        "zbarimg",
        &["-q".as_ref(), "--raw".as_ref(), png.as_os_str()],
    )?
    .text();
    ensure!(said.contains(text), "{}: {said:?}", png.display());
    Ok(())
}

/// Shows every state at a size and in a language.
fn check_states(size: Size, language: &'static str) -> Result<()> {
    if !require_boots() || !require_tools(&["zbarimg", "cpio"]) {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let mut show = Show::start(&kit, size, language)?;
    let names = show.run()?;
    fs::write(show.folder.join("serial.txt"), show.machine.serial_log())?;
    ensure!(names.len() >= FEWEST_STATES, "only {names:?}");
    Ok(())
}

#[test]
fn every_state_is_seen_on_a_text_screen_in_english() -> Result<()> {
    check_states(TEXT, "en")
}

#[test]
fn every_state_is_seen_on_a_text_screen_in_french() -> Result<()> {
    check_states(TEXT, "fr")
}

#[test]
fn every_state_is_seen_on_a_text_screen_in_german() -> Result<()> {
    check_states(TEXT, "de")
}

#[test]
fn every_state_is_seen_on_a_text_screen_in_spanish() -> Result<()> {
    check_states(TEXT, "es")
}

#[test]
fn every_state_is_seen_at_640_by_480_in_english() -> Result<()> {
    check_states(SMALL, "en")
}

#[test]
fn every_state_is_seen_at_640_by_480_in_french() -> Result<()> {
    check_states(SMALL, "fr")
}

#[test]
fn every_state_is_seen_at_640_by_480_in_german() -> Result<()> {
    check_states(SMALL, "de")
}

#[test]
fn every_state_is_seen_at_640_by_480_in_spanish() -> Result<()> {
    check_states(SMALL, "es")
}

#[test]
fn every_state_is_seen_at_1024_by_768_in_english() -> Result<()> {
    check_states(LARGE, "en")
}

#[test]
fn every_state_is_seen_at_1024_by_768_in_french() -> Result<()> {
    check_states(LARGE, "fr")
}

#[test]
fn every_state_is_seen_at_1024_by_768_in_german() -> Result<()> {
    check_states(LARGE, "de")
}

#[test]
fn every_state_is_seen_at_1024_by_768_in_spanish() -> Result<()> {
    check_states(LARGE, "es")
}
