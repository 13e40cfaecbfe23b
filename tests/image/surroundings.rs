//! The same image from every surrounding that reprotest varies: time, zone, locale, umask, home, user, number
//! of processors, file order, build path.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use support::kit::{Kit, KitSpec, cache, mendkit, require_builds};
use support::tools::{command, find_tool, require_tools, run_command, sha256_hex};
use tempfile::TempDir;

/// One variation: what is different, and how the build is wrapped in it. `{folder}` is the folder of the
/// build; the build itself follows as a command.
struct Variation {
    name: &'static str,
    /// Programs without which it cannot be made.
    tools: &'static [&'static str],
    /// Needs root: another user's id.
    is_for_root: bool,
    /// Where the recipe lies below the folder.
    place: &'static str,
    /// Shell words before the build.
    wrap: &'static str,
}

/// After reprotest's list of variations. Source: reprotest(1), "VARIATIONS".
const ALL_VARIATIONS: [Variation; 9] = [
    Variation {
        name: "time and zone",
        tools: &["faketime"],
        is_for_root: false,
        place: "case",
        wrap: "TZ=Pacific/Kiritimati faketime '2038-02-03 04:05:06'",
    },
    Variation {
        name: "locale",
        tools: &[],
        is_for_root: false,
        place: "case",
        wrap: "env LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 LANGUAGE=tr:fr",
    },
    Variation {
        name: "umask",
        tools: &[],
        is_for_root: false,
        place: "case",
        wrap: "umask 0077;",
    },
    Variation {
        name: "home and user's name",
        tools: &[],
        is_for_root: false,
        place: "case",
        wrap: "env HOME=/nonexistent USER=somebody LOGNAME=somebody XDG_CACHE_HOME=/nonexistent",
    },
    Variation {
        name: "environment",
        tools: &[],
        is_for_root: false,
        place: "case",
        wrap: "env -i CAPTURE_ENVIRONMENT=1 SOURCE_DATE_EPOCH=1",
    },
    Variation {
        name: "one processor",
        tools: &["taskset"],
        is_for_root: false,
        place: "case",
        wrap: "taskset -c 0",
    },
    Variation {
        name: "build path",
        tools: &[],
        is_for_root: false,
        place: "a much longer path/that has blanks/and ümlauts",
        wrap: "cd /;",
    },
    Variation {
        name: "user",
        tools: &["setpriv"],
        is_for_root: true,
        place: "case",
        wrap: "chown -R 65534:65534 {folder}; setpriv --reuid 65534 --regid 65534 --clear-groups",
    },
    Variation {
        name: "file order",
        tools: &["disorderfs", "fusermount"],
        is_for_root: true,
        place: "case",
        wrap: "",
    },
];

/// A folder with all that a build needs, the programs and the boot parts included.
fn lay_out(kit: &Kit, place: &str) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
    let case = folder.path().join(place);
    fs::create_dir_all(case.join("inputs"))?;
    // In another order than the kit's, and with other times.
    for name in [
        "release.key",
        "inputs/avvdat.ini",
        "recipe.toml",
        "inputs/avvdat-5959.zip",
    ] {
        fs::copy(kit.path(name), case.join(name))?;
    }
    let mut copy = command("cp")?;
    copy.args(["-r", "--reflink=auto"]);
    copy.arg(mendkit())
        .arg(mendkit().with_file_name("mend-i586"));
    run_command({
        copy.arg(folder.path());
        copy
    })?;
    // Nothing derived: that is made again under the variation too.
    let parts = folder.path().join("cache");
    fs::create_dir(&parts)?;
    let mut copy = command("cp")?;
    copy.args(["-r", "--reflink=auto"]);
    copy.arg(cache().join("parts"))
        .arg(cache().join("parts.lock"))
        .arg(&parts);
    run_command(copy)?;
    Ok(folder)
}

/// Builds in this folder, seen at `root`, under the variation; returns the image's digest.
fn build(variation: &Variation, folder: &Path, root: &Path) -> Result<String> {
    let quoted = |path: PathBuf| format!("'{}'", path.display());
    let wrap = variation
        .wrap
        .replace("{folder}", &quoted(folder.to_owned()));
    let script = format!(
        "{wrap} {} build {} -o {} --cache {}",
        quoted(root.join("mendkit")),
        quoted(root.join(variation.place).join("recipe.toml")),
        quoted(root.join("out.img")),
        quoted(root.join("cache")),
    );
    let mut shell = Command::new("bash");
    shell.arg("-c").arg(script);
    run_command(shell).with_context(|| format!("building under another {}", variation.name))?;
    Ok(sha256_hex(&fs::read(root.join("out.img"))?))
}

/// A folder whose files are listed in another order each time; unmounted when dropped.
struct Disordered(TempDir);

impl Disordered {
    fn mount(folder: &Path) -> Result<Self> {
        let point = tempfile::tempdir()?;
        let mut disorderfs = command("disorderfs")?;
        disorderfs.args(["--quiet", "--multi-user=no", "--shuffle-dirents=yes"]);
        disorderfs.arg(folder).arg(point.path());
        run_command(disorderfs)?;
        let mounted = Self(point);
        ensure!(
            mounted.0.path().join("mendkit").exists(),
            "disorderfs: mounted nothing"
        );
        Ok(mounted)
    }
}

impl Drop for Disordered {
    fn drop(&mut self) {
        if let Ok(mut unmount) = command("fusermount") {
            // Nobody is left to tell.
            drop(unmount.args(["-u", "-z"]).arg(self.0.path()).output());
        }
    }
}

#[test]
fn every_surrounding_gives_the_same_image() -> Result<()> {
    if !require_builds() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let expected = sha256_hex(&fs::read(kit.image())?);
    let is_root = rustix::process::geteuid().is_root();
    for variation in &ALL_VARIATIONS {
        if !require_tools(variation.tools) || variation.is_for_root && !is_root {
            continue;
        }
        let folder = lay_out(&kit, variation.place)?;
        let found = if variation.tools.contains(&"disorderfs") {
            if !Path::new("/dev/fuse").exists() {
                continue;
            }
            let disordered = Disordered::mount(folder.path())?;
            build(variation, folder.path(), disordered.0.path())?
        } else {
            build(variation, folder.path(), folder.path())?
        };
        ensure!(
            found == expected,
            "another {} gives another image",
            variation.name
        );
    }
    Ok(())
}

#[test]
fn a_variation_that_matters_is_noticed() -> Result<()> {
    if !require_builds() || find_tool("bash").is_none() {
        return Ok(());
    }
    let kit = Kit::build(&KitSpec::default())?;
    let folder = lay_out(&kit, "case")?;
    let recipe = folder.path().join("case/recipe.toml");
    let text = fs::read_to_string(&recipe)?.replace("2010-04-22", "2010-04-23");
    fs::write(&recipe, text)?;
    let found = build(&ALL_VARIATIONS[1], folder.path(), folder.path())?;
    ensure!(
        found != sha256_hex(&fs::read(kit.image())?),
        "the date was not noticed"
    );
    Ok(())
}
