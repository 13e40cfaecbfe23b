//! A recipe with its inputs, and the tree that its image holds.

use std::fmt;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use md5::{Digest as _, Md5};
use support::kit::{KitSpec, VOLUME_OFFSET, cache, mendkit, recipe_text};
use support::random::random_bytes;
use support::tools::{command, run_command, sha256_hex, target_folder};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Where definitions lie in the recipe's folder.
const PACKAGE: &str = "inputs/avvdat-5959.zip";

/// Preallocated files of the stick, which are in no manifest and hold nothing yet.
const WORK_AREAS: [&str; 4] = ["journal.bin", "scratch.bin", "identity.bin", "head.bin"];

/// A package of definitions that deflates to five eighths, as 62 of 100 MB.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dat {
    unpacked: usize,
}

impl Dat {
    /// Returns one that unpacks to so many bytes.
    pub(super) fn of(unpacked: usize) -> Self {
        Self { unpacked }
    }

    /// Packs it, other bytes for every `seed`.
    fn write(self, seed: &str, folder: &Path) -> Result<()> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let shares = [
            ("avvscan.dat", 85),
            ("avvnames.dat", 12),
            ("avvclean.dat", 3),
        ];
        for (name, percent) in shares {
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Deflated)
                .compression_level(Some(1));
            writer.start_file(name, options)?;
            let mut content =
                random_bytes(&format!("{seed} {name}"), self.unpacked / 100 * percent);
            for byte in &mut content {
                *byte &= 0x1f;
            }
            writer.write_all(&content)?;
        }
        let bytes = writer.finish()?.into_inner();
        fs::create_dir_all(folder.join("inputs"))?;
        fs::write(folder.join(PACKAGE), &bytes)?;
        let md5 = hex::encode(Md5::digest(&bytes));
        let ini = format!(
            "[AVV-ZIP]\r\nDATVersion=5959\r\nMinorVersion=0\r\nFileName=avvdat-5959.zip\r\n\
             FileSize={}\r\nMD5={md5}\r\n",
            bytes.len()
        );
        fs::write(folder.join("inputs/avvdat.ini"), ini)?;
        Ok(())
    }
}

impl fmt::Display for Dat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unpacked = self.unpacked / 1_000_000;
        write!(f, "{unpacked} MB unpacked, {} MB packed", unpacked * 5 / 8)
    }
}

/// The folder of an office.
pub(super) struct Workshop {
    folder: TempDir,
    dat: Dat,
    round: std::cell::Cell<u32>,
}

impl Workshop {
    /// Sets one up with a key, definitions and the recipe of the product page.
    pub(super) fn new(dat: Dat) -> Result<Self> {
        // Beside what is built, since /tmp may be memory.
        let folder = tempfile::tempdir_in(target_folder())?;
        let shop = Self {
            folder,
            dat,
            round: std::cell::Cell::new(0),
        };
        fs::create_dir(shop.path("out"))?;
        // Of its own, since what is derived is forgotten and made again.
        let mut copy = command("cp")?;
        copy.args(["-r", "--reflink=auto"])
            .arg(cache())
            .arg(shop.path("cache"));
        run_command(copy)?;
        fs::write(shop.path("recipe.toml"), recipe_text(&KitSpec::default()))?;
        let mut keygen = Command::new(mendkit());
        keygen
            .args(["keygen", "--no-password", "-o"])
            .arg(shop.path("release.key"));
        run_command(keygen)?;
        dat.write("0", shop.folder.path())?;
        Ok(shop)
    }

    /// Returns where a file of the folder lies.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns where every way puts what it makes.
    pub(super) fn output(&self) -> PathBuf {
        self.path("out/output")
    }

    /// Returns where the tree lies.
    pub(super) fn tree(&self) -> PathBuf {
        self.path("tree")
    }

    /// Replaces the definitions by others of the same size, in the tree too.
    pub(super) fn renew_definitions(&self) -> Result<()> {
        self.round.set(self.round.get() + 1);
        self.dat
            .write(&self.round.get().to_string(), self.folder.path())?;
        let in_tree = self
            .tree()
            .join("mendkit/definitions/mcafee-dat/avvdat-5959.zip");
        if in_tree.exists() {
            fs::copy(self.path(PACKAGE), in_tree)?;
        }
        Ok(())
    }

    /// Forgets everything that is made of packages; the packages stay.
    pub(super) fn forget_derived(&self) -> Result<()> {
        let derived = self.path("cache/derived");
        if derived.exists() {
            fs::remove_dir_all(derived)?;
        }
        Ok(())
    }

    /// Adds so many known good files with long names, of so many bytes each.
    pub(super) fn add_long_names(&self, count: usize, size: usize) -> Result<()> {
        let name = |number| format!("{number:04}-{}.sys", "a-rather-long-name-".repeat(5));
        self.add((0..count).map(|number| (name(number), size)))
    }

    /// Adds known good files until the image holds so many files and bytes, and unpacks it to be the tree.
    pub(super) fn add_files(&self, files: usize, bytes: u64) -> Result<()> {
        self.unpack()?;
        let (there, size) = self.count_tree()?;
        let missing = files.checked_sub(there).context("more files than wanted")?;
        let left = bytes.checked_sub(size).context("more bytes than wanted")?;
        let each = usize::try_from(left)? / missing.max(1);
        self.add((0..missing).map(|number| (format!("file{number}.sys"), each)))?;
        self.unpack()?;
        let (found, _) = self.count_tree()?;
        ensure!(found == files, "the image holds {found} files, not {files}");
        Ok(())
    }

    fn add(&self, files: impl Iterator<Item = (String, usize)>) -> Result<()> {
        let mut recipe = fs::read_to_string(self.path("recipe.toml"))?;
        for (name, size) in files {
            let content = random_bytes(&name, size);
            fs::write(self.path("inputs").join(&name), &content)?;
            let sha256 = sha256_hex(&content);
            recipe.push_str(&format!(
                "[[files]]\npath = \"inputs/{name}\"\nsha256 = \"{sha256}\"\n"
            ));
        }
        fs::write(self.path("recipe.toml"), recipe)?;
        Ok(())
    }

    /// Builds the image and copies out of it what the others are given.
    fn unpack(&self) -> Result<()> {
        let image = self.path("first.img");
        Self::build(self, &image)?;
        if self.tree().exists() {
            fs::remove_dir_all(self.tree())?;
        }
        fs::create_dir(self.tree())?;
        let mut mcopy = command("mcopy")?;
        mcopy.args(["-s", "-n", "-Q", "-i"]);
        mcopy.arg(format!("{}@@{VOLUME_OFFSET}", image.display()));
        mcopy.arg("::*").arg(self.tree());
        run_command(mcopy)?;
        for name in WORK_AREAS {
            fs::remove_file(self.tree().join("mendkit").join(name))?;
        }
        fs::remove_file(image)?;
        Ok(())
    }

    /// Returns files and bytes of the tree.
    fn count_tree(&self) -> Result<(usize, u64)> {
        let mut folders = vec![self.tree()];
        let (mut files, mut bytes) = (0, 0);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    folders.push(entry.path());
                } else {
                    files += 1;
                    bytes += entry.metadata()?.len();
                }
            }
        }
        Ok((files, bytes))
    }

    /// Returns the bytes of the tree.
    pub(super) fn tree_bytes(&self) -> Result<u64> {
        Ok(self.count_tree()?.1)
    }

    /// Returns in words what the tree is.
    pub(super) fn describe_tree(&self) -> Result<String> {
        let (files, bytes) = self.count_tree()?;
        Ok(format!("{bytes} bytes in {files} files"))
    }

    /// Builds the image.
    pub(super) fn build(&self, output: &Path) -> Result<()> {
        run_command(self.build_command(output))?;
        Ok(())
    }

    pub(super) fn build_command(&self, output: &Path) -> Command {
        let mut build = Command::new(mendkit());
        build.arg("build").arg(self.path("recipe.toml"));
        build
            .arg("--cache")
            .arg(self.path("cache"))
            .arg("-o")
            .arg(output);
        build
    }

    /// Puts the definitions into the image of before.
    pub(super) fn swap(&self, output: &Path) -> Result<()> {
        run_command(self.swap_command(output))?;
        Ok(())
    }

    pub(super) fn swap_command(&self, output: &Path) -> Command {
        let mut swap = Command::new(mendkit());
        swap.arg("swap").arg(self.path("before.img"));
        swap.arg("--definitions").arg(self.path(PACKAGE));
        swap.arg("--key")
            .arg(self.path("release.key"))
            .arg("-o")
            .arg(output);
        swap
    }
}
