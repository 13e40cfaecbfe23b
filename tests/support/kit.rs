//! Images as `mendkit build` makes them, for the tests that judge or boot them.
//!
//! Uses the programs that `scripts/setup` builds and the boot parts that it fetches. Where they are
//! absent, a test skips itself with a line that says so; where `CI` is set, it fails.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use tempfile::TempDir;

use crate::definitions::{DatSizes, make_definitions};
use crate::judges::mdir;
use crate::tools::{Said, command, run_command, target_folder};

/// What a test wants to differ from the usual recipe.
#[derive(Clone, Debug)]
pub struct KitSpec {
    /// `confirm`, `auto` or `diagnose`.
    pub mode: &'static str,
    /// `ask`, `restart` or `power-off`.
    pub finish: &'static str,
    /// Languages of the screen, the default first.
    pub languages: &'static [&'static str],
    /// Sizes of the corrected definitions.
    pub dat_sizes: DatSizes,
    /// Seconds that GRUB's menu waits.
    pub menu_seconds: u32,
    /// Further arguments for the kernel and for `mend`.
    pub arguments: Vec<String>,
    /// Remedies that are built in, by name.
    pub remedies: Vec<&'static str>,
    /// Texts of remedies of one's own.
    pub own_remedies: Vec<String>,
    /// `hybrid`, `gpt` or `mbr`.
    pub layout: &'static str,
    /// List of recovery keys and passphrase that they are sealed under, to be carried.
    pub recovery_keys: Option<(String, &'static str)>,
    /// Whether technician, site and ticket are asked for, once for each stick.
    pub asks_visit: bool,
    /// The program on the stick, if it is not `mend`: `mend-staged` has a fault.
    pub program: Option<PathBuf>,
}

impl Default for KitSpec {
    fn default() -> Self {
        let dat_sizes = DatSizes::SMALL;
        Self {
            mode: "auto",
            finish: "power-off",
            languages: &["en"],
            dat_sizes,
            menu_seconds: 0,
            arguments: Vec::new(),
            remedies: vec!["mcafee-5958"],
            own_remedies: Vec::new(),
            layout: "hybrid",
            recovery_keys: None,
            asks_visit: false,
            program: None,
        }
    }
}

/// A folder with a recipe, its inputs, a key and the image made from them.
#[derive(Debug)]
pub struct Kit {
    folder: TempDir,
    program: Option<PathBuf>,
}

/// Returns the program `mendkit` as `scripts/setup` builds it.
pub fn mendkit() -> PathBuf {
    target_folder().join("release/mendkit")
}

/// Returns `mend` on a stage, as `scripts/setup` builds it: with every state of the screen, and a fault.
pub fn staged() -> PathBuf {
    target_folder().join("release/mend-staged-i586")
}

/// Returns the cache with the boot parts that `scripts/setup` fetches.
pub fn cache() -> PathBuf {
    target_folder().join("cache")
}

/// Tells whether images can be built here; see the module.
#[expect(clippy::print_stderr, reason = "a test that skips itself says why")]
pub fn require_builds() -> bool {
    let needed = [
        mendkit(),
        mendkit().with_file_name("mend-i586"),
        staged(),
        cache().join("parts.lock"),
    ];
    let Some(absent) = needed.iter().find(|path| !path.exists()) else {
        return true;
    };
    assert!(
        std::env::var_os("CI").is_none(),
        "{}: not there; scripts/setup makes it",
        absent.display()
    );
    eprintln!(
        "skipped: {} is not there; scripts/setup makes it",
        absent.display()
    );
    false
}

impl Kit {
    /// Writes recipe, inputs and key into a new folder, and builds the image.
    pub fn build(spec: &KitSpec) -> Result<Self> {
        let kit = Self {
            folder: tempfile::tempdir()?,
            program: spec.program.clone(),
        };
        make_definitions(5959, spec.dat_sizes, &kit.path("inputs"))?;
        fs::write(kit.path("recipe.toml"), recipe_text(spec))?;
        for (name, text) in own_remedy_names(spec).iter().zip(&spec.own_remedies) {
            fs::write(kit.path(name), text)?;
        }
        if let Some((list, passphrase)) = &spec.recovery_keys {
            fs::write(kit.path("keys.csv"), list)?;
            fs::write(kit.path("passphrase"), passphrase)?;
            let from = ["--passphrase-file", "passphrase"];
            kit.mendkit(
                &[
                    ["keys", "seal", "keys.csv", "-o", "bundle.age"].as_slice(),
                    &from,
                ]
                .concat(),
            )?;
        }
        kit.mendkit(&["keygen", "--no-password", "-o", "release.key"])?;
        kit.rebuild()?;
        Ok(kit)
    }

    /// Builds the image again, after something in the folder was changed.
    pub fn rebuild(&self) -> Result<Said> {
        let cache = cache();
        let cache = cache.to_str().context("the cache's path is not UTF-8")?;
        let mut arguments = vec!["build", "recipe.toml", "-o", "rescue.img", "--cache", cache];
        if let Some(program) = &self.program {
            let program = program.to_str().context("a path is not UTF-8")?;
            arguments.extend(["--mend", program]);
        }
        self.mendkit(&arguments)
    }

    /// Runs `mendkit` in the folder.
    pub fn mendkit(&self, arguments: &[&str]) -> Result<Said> {
        run_command(self.mendkit_command(arguments))
    }

    /// Returns such a command, for a test that runs it in its own way.
    pub fn mendkit_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(mendkit());
        command.current_dir(self.folder.path()).args(arguments);
        command
    }

    /// Returns where a file of the folder lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns where the image lies.
    pub fn image(&self) -> PathBuf {
        self.path("rescue.img")
    }

    /// Returns the public key as one line.
    pub fn public_key(&self) -> Result<String> {
        let text = fs::read_to_string(self.path("release.key.pub"))?;
        text.lines()
            .nth(1)
            .map(str::to_owned)
            .context("release.key.pub: no second line")
    }
}

/// Returns the file names of remedies of one's own, in their order.
fn own_remedy_names(spec: &KitSpec) -> Vec<String> {
    let numbers = 1..=spec.own_remedies.len();
    numbers
        .map(|number| format!("remedy-{number}.toml"))
        .collect()
}

/// Returns the recipe of the product page, with what the test wants.
pub fn recipe_text(spec: &KitSpec) -> String {
    let KitSpec {
        mode,
        finish,
        languages,
        menu_seconds,
        arguments,
        layout,
        ..
    } = spec;
    let own = own_remedy_names(spec);
    let remedies: Vec<&str> = spec
        .remedies
        .iter()
        .copied()
        .chain(own.iter().map(String::as_str))
        .collect();
    // A recipe gives no definitions that none of its remedies installs.
    let installs = |text: &String| text.contains("install-definitions");
    let definitions = if remedies.contains(&"mcafee-5958") || spec.own_remedies.iter().any(installs)
    {
        "[definitions.mcafee-dat]\nzip = \"inputs/avvdat-5959.zip\"\n"
    } else {
        ""
    };
    let keys = match spec.recovery_keys {
        Some(_) => "[keys]\nbundle = \"bundle.age\"\n",
        None => "",
    };
    let visit = if spec.asks_visit {
        "[visit]\nask = true\n"
    } else {
        ""
    };
    format!(
        "title = \"McAfee DAT 5958 (svchost.exe)\"\n\
         date = \"2010-04-22\"\n\
         remedies = {remedies:?}\n\
         mode = \"{mode}\"\n\
         finish = \"{finish}\"\n\
         languages = {languages:?}\n\
         {definitions}{keys}{visit}\
         [boot]\n\
         layout = \"{layout}\"\n\
         menu-seconds = {menu_seconds}\n\
         arguments = {arguments:?}\n\
         [signing]\n\
         key = \"release.key\"\n"
    )
}

/// Byte offset of the FAT32 volume in every image.
pub const VOLUME_OFFSET: u64 = 2048 * 512;

/// Copies the FAT32 volume out of an image or stick, for tools that take no offset.
pub fn extract_volume(image: &Path, volume: &Path) -> Result<()> {
    let size = fs::metadata(image)?.len();
    ensure!(
        size > VOLUME_OFFSET,
        "{}: {size} bytes, no room for a volume",
        image.display()
    );
    // The backup GPT's 33 sectors and what is unused before them do no harm behind a FAT volume.
    let mut dd = command("dd")?;
    dd.arg(format!("if={}", image.display()))
        .arg(format!("of={}", volume.display()));
    dd.args(["bs=1M", "skip=1", "conv=sparse", "status=none"]);
    run_command(dd)?;
    // A volume that ends the image ends in zeros, which dd leaves out.
    let file = fs::OpenOptions::new().write(true).open(volume)?;
    file.set_len(size - VOLUME_OFFSET)?;
    Ok(())
}

/// Changes a file on a stick as someone without the key would: the FAT stays in order.
pub fn replace_on_stick(image: &Path, path: &str, content: &[u8]) -> Result<()> {
    let file = tempfile::NamedTempFile::new()?;
    fs::write(file.path(), content)?;
    let mut mcopy = command("mcopy")?;
    mcopy
        .arg("-o")
        .arg("-i")
        .arg(format!("{}@@{VOLUME_OFFSET}", image.display()));
    mcopy.arg(file.path()).arg(format!("::{path}"));
    run_command(mcopy)?;
    Ok(())
}

/// Reads a file of a stick.
pub fn read_from_stick(image: &Path, path: &str) -> Result<Vec<u8>> {
    let mut mtype = command("mtype")?;
    mtype
        .arg("-i")
        .arg(format!("{}@@{VOLUME_OFFSET}", image.display()))
        .arg(format!("::{path}"));
    Ok(run_command(mtype)?.out)
}

/// The newest report on a stick.
#[derive(Clone, Debug)]
pub struct SavedReport {
    /// Its folder, below `reports`.
    pub run: String,
    /// `report.json`.
    pub json: String,
    /// `report.txt`.
    pub text: String,
}

/// Reads the newest report from a stick, by the name of its folder, which begins with the time.
pub fn read_report(image: &Path) -> Result<SavedReport> {
    let listing = mdir(image, VOLUME_OFFSET, "/reports")?;
    let names = listing
        .lines()
        .filter_map(|line| line.split_whitespace().last());
    let run = names
        .filter(|name| name.contains("Z-"))
        // Folders without a number are of sticks that did not count yet.
        .max_by_key(|name| (name.as_bytes().get(6) == Some(&b'-'), *name))
        .map(str::to_owned);
    let run = run.with_context(|| format!("no report in {listing}"))?;
    let read = |name: &str| -> Result<String> {
        Ok(String::from_utf8(read_from_stick(
            image,
            &format!("reports/{run}/{name}"),
        )?)?)
    };
    Ok(SavedReport {
        json: read("report.json")?,
        text: read("report.txt")?,
        run,
    })
}
