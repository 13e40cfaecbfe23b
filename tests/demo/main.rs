//! The main job once, from end to end, on files that stay to be looked at: builds an image from a recipe,
//! breaks a Windows XP, boots the image against it in QEMU, and lets the host judge what became of it.
//!
//! `scripts/demo` sets everything up and calls this. Exit code 1 if the PC is not repaired.

#![expect(clippy::print_stdout, reason = "a program's own output")]

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use mend::windows::catalog::Proof;
use mend::windows::catalog::store::CatalogStore;
use mend::windows::catalog::trust::{KeyPurpose, Trust};
use mend::windows::path::WindowsPath;
use support::broken_pc::{FileState, MadeVolume, WindowsSpec, make_disk, make_folder, preset};
use support::catalog::{signed_catalog, test_root};
use support::definitions::{DatSizes, make_definitions};
use support::inspect::{Verdict, Volume, verdicts};
use support::kit::{KitSpec, cache, mendkit, read_report, recipe_text};
use support::qemu::{Disk, DiskBus, Firmware, Machine, MachineSpec, Stick, UsbBus};
use support::tools::target_folder;
use support::wine::wine_svchost;

/// Generous, since QEMU interprets every instruction of the PC.
const LIMIT: Duration = Duration::from_secs(600);

fn main() -> Result<ExitCode> {
    let folder = target_folder().join("demo");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let demo = Demo {
        folder,
        start: Instant::now(),
        used_before: RefCell::new(None),
    };
    demo.build_image()?;
    demo.break_pc()?;
    demo.repair_pc()?;
    demo.show_report()?;
    let is_repaired = demo.judge_pc()?;
    demo.undo_repair()?;
    demo.prove_by_catalog()?;
    demo.say("files");
    for name in [
        "recipe.toml",
        "rescue.img",
        "pc.img",
        "report.json",
        "report.txt",
        "pc-repaired.img",
        "screen.png",
        "screen-undone.png",
    ] {
        println!("{}", demo.path(name).display());
    }
    Ok(if is_repaired {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

struct Demo {
    folder: PathBuf,
    start: Instant,
    /// What is in use on the PC's volume before the repair, by its digest, and the volume.
    used_before: RefCell<Option<(String, MadeVolume)>>,
}

/// Moves the bar of GRUB's menu down by one entry. Source: GRUB manual, \"The menu interface\".
const DOWN: &str = "\x0e";

impl Demo {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn say(&self, title: &str) {
        println!(
            "\n== {title}   ({:.0} s)",
            self.start.elapsed().as_secs_f64()
        );
    }

    fn build_image(&self) -> Result<()> {
        self.say("the image, from a recipe and the vendor's corrected definitions");
        make_definitions(5959, DatSizes::SMALL, &self.path("inputs"))?;
        let spec = KitSpec {
            mode: "confirm",
            finish: "ask",
            menu_seconds: 3,
            ..KitSpec::default()
        };
        let recipe = recipe_text(&spec);
        fs::write(self.path("recipe.toml"), &recipe)?;
        print!("{recipe}");
        let cache = cache();
        let cache = cache.to_str().context("the cache's path is not UTF-8")?;
        self.mendkit(&["keygen", "--no-password", "-o", "release.key"])?;
        self.mendkit(&["build", "recipe.toml", "-o", "rescue.img", "--cache", cache])?;
        // The stick gets a report and a journal; the image stays what it is.
        fs::copy(self.path("rescue.img"), self.path("stick.img"))?;
        self.mendkit(&["verify", "rescue.img", "--key", "release.key.pub"])
    }

    fn mendkit(&self, arguments: &[&str]) -> Result<()> {
        println!("$ mendkit {}", arguments.join(" "));
        let status = Command::new(mendkit())
            .current_dir(&self.folder)
            .args(arguments)
            .status()?;
        ensure!(
            status.success(),
            "mendkit {}: {status}",
            arguments.join(" ")
        );
        Ok(())
    }

    fn break_pc(&self) -> Result<()> {
        self.say(
            "a Windows XP SP3 under McAfee DAT 5958, svchost.exe deleted, as the host sees it",
        );
        let mut pc = preset("xp-mcafee-5958-missing")?;
        for windows in &mut pc.installations {
            windows.base_program = Some(wine_svchost()?.into());
        }
        let made = make_disk(&pc, &self.path("pc.img"))?;
        let volume = made.volumes.first().context("no volume")?.clone();
        *self.used_before.borrow_mut() = Some((
            Volume::of(&self.path("pc.img"), &volume)?.used_clusters()?,
            volume,
        ));
        self.judge_pc()?;
        Ok(())
    }

    fn repair_pc(&self) -> Result<()> {
        self.say("the PC starts from the stick: BIOS, Pentium II, 256 MiB, emulated without KVM");
        let mut machine = Machine::start(&self.machine())?;
        machine.wait_for(&["mend: QUESTION repair"], LIMIT)?;
        machine.screendump(&self.path("screen-plan.png"))?;
        self.say("the plan is on the screen; Enter is pressed");
        machine.press(&["ret"])?;
        machine.wait_for(&["mend: QUESTION finished"], LIMIT)?;
        machine.screendump(&self.path("screen.png"))?;
        machine.press(&["ret"])?;
        machine.expect_exit(LIMIT)?;
        for line in machine
            .serial_log()
            .lines()
            .skip_while(|line| !line.contains("mend: first"))
        {
            println!("  | {line}");
        }
        Ok(())
    }

    /// The PC with the stick in it.
    fn machine(&self) -> MachineSpec {
        MachineSpec {
            stick: Some(Stick::of(self.path("stick.img"), UsbBus::Ehci)),
            disks: vec![Disk::of(self.path("pc.img"), DiskBus::Ide)],
            ..MachineSpec::of(Firmware::Bios)
        }
    }

    /// Starts the PC from the stick again and chooses the menu's undo.
    fn undo_repair(&self) -> Result<()> {
        self.say(
            "the way back: the PC starts from the stick again, \"Undo the last repair\" is chosen",
        );
        fs::copy(self.path("pc.img"), self.path("pc-repaired.img"))?;
        let mut machine = Machine::start(&self.machine())?;
        machine.wait_for(&["Start from this PC"], LIMIT)?;
        machine.send_keys(&DOWN.repeat(2))?;
        machine.send_keys("\r")?;
        machine.wait_for(&["mend: QUESTION finished"], LIMIT)?;
        machine.screendump(&self.path("screen-undone.png"))?;
        machine.press(&["ret"])?;
        machine.expect_exit(LIMIT)?;
        let log = machine.serial_log();
        let verdict = log.lines().find(|line| line.contains("mend: VERDICT"));
        println!("  | {}", verdict.unwrap_or("no verdict"));
        self.say("the host's look at what is in use on the disk, by ntfsclone");
        let before = self.used_before.borrow();
        let (before, volume) = before.as_ref().context("the PC was not made")?;
        let after = Volume::of(&self.path("pc.img"), volume)?.used_clusters()?;
        println!("before the repair  sha256 {before}\nafter the undo     sha256 {after}");
        ensure!(*before == after, "undo left a difference");
        println!("THE SAME");
        Ok(())
    }

    /// Shows the proof by a signed catalog. The stick believes Microsoft's roots alone, and Microsoft's
    /// catalogs of Windows XP are not ours to give away; so the catalog is one of the tests, of XP's
    /// form, and it is believed here by a call into `mend` that is given the root of the tests.
    fn prove_by_catalog(&self) -> Result<()> {
        self.say("proof by a signed catalog; a catalog and a root of the tests, not Microsoft's");
        let folder = self.path("xp-with-catalog");
        let mut windows = WindowsSpec {
            service_pack_files: FileState::Patched,
            base_program: Some(wine_svchost()?.into()),
            ..WindowsSpec::xp_mcafee_5958()
        };
        windows.extras.push(signed_catalog(&windows)?);
        make_folder(&windows, &folder)?;
        let system32 = WindowsPath::parse("\\WINDOWS\\system32", None)?;
        let catalogs = CatalogStore::open(&folder, &system32)?;
        let of_tests = Trust {
            anchors: vec![test_root()?],
            purpose: KeyPurpose::WINDOWS,
        };
        let of_microsoft = Trust::in_microsoft_for_windows()?;
        for (copy, trust, whom) in [
            ("system32/dllcache", &of_tests, "the root of the tests"),
            ("ServicePackFiles/i386", &of_tests, "the root of the tests"),
            (
                "system32/dllcache",
                &of_microsoft,
                "Microsoft's roots, as on a stick",
            ),
        ] {
            let path = format!("WINDOWS/{copy}/svchost.exe");
            let proof = catalogs.prove(&fs::read(folder.join(&path))?, trust);
            let said = match &proof {
                Proof::Signed(signed) => format!(
                    "proven by {}, signer {}, root {}",
                    signed.catalog, signed.signer, signed.root
                ),
                proof => format!("not proven: {proof}"),
            };
            println!("{path}, believing {whom}:\n    {said}");
        }
        Ok(())
    }

    fn show_report(&self) -> Result<()> {
        self.say("the report on the stick");
        let report = read_report(&self.path("stick.img"))?;
        fs::write(self.path("report.json"), &report.json)?;
        fs::write(self.path("report.txt"), &report.text)?;
        println!("/reports/{}/report.txt", report.run);
        print!("{}", report.text);
        Ok(())
    }

    /// Prints what the host reads from the PC's disk, and returns whether every Windows is repaired.
    fn judge_pc(&self) -> Result<bool> {
        self.say("the host's own look at the PC's disk");
        let found = verdicts(&self.path("pc.img"))?;
        found.iter().for_each(print_verdict);
        Ok(!found.is_empty() && found.iter().all(|verdict| verdict.repaired))
    }
}

fn print_verdict(verdict: &Verdict) {
    let name = |path: &str| Path::new(path).display().to_string();
    match (&verdict.size, &verdict.sha256) {
        (Some(size), Some(sha256)) => {
            let version = verdict.version.as_deref().unwrap_or("no version");
            println!(
                "{}  {size} bytes  {version}  sha256 {sha256}",
                name(&verdict.svchost)
            );
        }
        _ => println!("{}  missing", name(&verdict.svchost)),
    }
    for (path, sha256, version) in &verdict.dat_files {
        let version = version.map_or_else(|| "unknown".to_owned(), |dat| format!("DAT {dat}"));
        println!("{}  {version}  sha256 {sha256}", name(path));
    }
    println!(
        "{}",
        if verdict.repaired {
            "REPAIRED"
        } else {
            "BROKEN"
        }
    );
}
