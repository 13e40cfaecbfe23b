//! The release on other systems: Debian and Ubuntu of the last five years, each in a folder of its own, as a
//! person without root.
//!
//! Every system is set up by debootstrap, once. In it, the unpacked tarball takes boot parts from a folder of
//! packages and builds, verifies and inspects an image; then it fetches the parts by the system's own apt and
//! builds again. All images must be the one that this machine makes, byte for byte. Takes root, for
//! debootstrap and chroot, and the network; needs no loader, library or program of this machine inside.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use fs_err as fs;
use support::definitions::{DatSizes, make_definitions};
use support::kit::{KitSpec, recipe_text};
use support::tools::{command, run_command, sha256_hex};

/// What is tried, and with what.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The release
    #[arg(long)]
    tarball: PathBuf,
    /// Folder with the packages that the release's lock names
    #[arg(long)]
    parts: PathBuf,
    /// Where the systems are kept
    #[arg(long)]
    systems: PathBuf,
    /// Mirror of Ubuntu; without one Ubuntu is left out. Debian comes from this machine's own mirrors
    #[arg(long)]
    ubuntu: Option<String>,
    /// Only this one
    #[arg(long)]
    only: Option<String>,
}

/// Where packages come from.
struct Mirrors {
    debian: String,
    debian_security: String,
    ubuntu: Option<String>,
}

impl Mirrors {
    fn find(arguments: &Arguments) -> Result<Self> {
        Ok(Self {
            debian: mirror_of("bookworm")?,
            debian_security: mirror_of("bookworm-security")?,
            ubuntu: arguments.ubuntu.clone(),
        })
    }
}

/// Returns the mirror from which this machine's apt has a suite.
fn mirror_of(suite: &str) -> Result<String> {
    let mut apt = command("apt-get")?;
    apt.args(["indextargets", "--format", "$(REPO_URI)"]);
    apt.args(["Created-By: Packages", "Component: main"]);
    apt.arg(format!("Codename: {suite}"));
    let said = run_command(apt)?.text();
    let first = said.lines().next();
    let first = first.with_context(|| format!("apt of this machine has no {suite}"))?;
    Ok(first.to_owned())
}

/// A system that somebody's office may run.
struct System {
    suite: &'static str,
    name: &'static str,
    archive: &'static Archive,
}

/// Where systems come from, and who vouches for them.
struct Archive {
    /// Its mirror, if one was named.
    address: fn(&Mirrors) -> Option<&str>,
    components: &'static str,
    keyring: Keyring,
    /// Which of debootstrap's scripts sets it up, where that does not know the newest suites by name.
    script: Option<&'static str>,
}

enum Keyring {
    /// In a file of a Debian package that is installed here.
    Installed(&'static str),
    /// In a package at this address below the archive; the key ring has this digest.
    Fetched {
        package: &'static str,
        file: &'static str,
        sha256: &'static str,
    },
}

const DEBIAN: Archive = Archive {
    address: |mirrors| Some(&mirrors.debian),
    components: "main",
    keyring: Keyring::Installed("/usr/share/keyrings/debian-archive-keyring.gpg"),
    script: None,
};

/// Its key of 2018 is F6EC B376 2474 EDA9 D21B 7022 8719 20D1 991B C93C.
const UBUNTU: Archive = Archive {
    address: |mirrors| mirrors.ubuntu.as_deref(),
    components: "main,universe",
    keyring: Keyring::Fetched {
        package: "pool/main/u/ubuntu-keyring/ubuntu-keyring_2021.03.26_all.deb",
        file: "usr/share/keyrings/ubuntu-archive-keyring.gpg",
        sha256: "1a4dd63e5c76728960a2edddae22e2e0fc53df8e8b87806deb971030ac704eb0",
    },
    script: Some("gutsy"),
};

const ALL_SYSTEMS: [System; 6] = [
    System {
        suite: "bullseye",
        name: "Debian 11 (2021)",
        archive: &DEBIAN,
    },
    System {
        suite: "bookworm",
        name: "Debian 12 (2023)",
        archive: &DEBIAN,
    },
    System {
        suite: "trixie",
        name: "Debian 13 (2025)",
        archive: &DEBIAN,
    },
    System {
        suite: "jammy",
        name: "Ubuntu 22.04",
        archive: &UBUNTU,
    },
    System {
        suite: "noble",
        name: "Ubuntu 24.04",
        archive: &UBUNTU,
    },
    System {
        suite: "resolute",
        name: "Ubuntu 26.04",
        archive: &UBUNTU,
    },
];

/// Folder of the office in every system, and who works there.
const OFFICE: &str = "office";
const NOBODY: u32 = 65_534;

/// What a person types, with the packages in a folder.
const FROM_FOLDER: &str = "release/mendkit parts fetch --cache cache --parts debs && \
    release/mendkit build recipe.toml -o rescue.img --cache cache && \
    release/mendkit verify rescue.img --key release.key.pub && \
    release/mendkit inspect rescue.img > inspected.txt";

/// Tries the release on every system; returns what differs as an error.
pub(crate) fn try_all(arguments: &Arguments) -> Result<()> {
    let mirrors = Mirrors::find(arguments)?;
    fs::create_dir_all(&arguments.systems)?;
    let kit = tempfile::tempdir_in(&arguments.systems)?;
    lay_out(arguments, kit.path())?;
    let mut here = Command::new("sh");
    here.args(["-e", "-c", FROM_FOLDER]).current_dir(kit.path());
    run_command(here).context("on this machine")?;
    let expected = digest(&kit.path().join("rescue.img"))?;
    println!(" {:<18} sha256 {expected}", "this machine");
    let wanted = |system: &&System| {
        arguments
            .only
            .as_deref()
            .is_none_or(|only| only == system.suite)
    };
    for system in ALL_SYSTEMS.iter().filter(wanted) {
        let start = Instant::now();
        if (system.archive.address)(&mirrors).is_none() {
            println!(" {:<18} left out: no mirror was named", system.name);
            continue;
        }
        try_system(system, (arguments, &mirrors), kit.path(), &expected)
            .with_context(|| system.name.to_owned())?;
        println!(
            " {:<18} the same, with packages from a folder and by its apt   {} s",
            system.name,
            start.elapsed().as_secs()
        );
    }
    Ok(())
}

fn digest(path: &Path) -> Result<String> {
    Ok(sha256_hex(&fs::read(path)?))
}

/// Puts down what a person has: the unpacked release, packages, recipe, definitions, key.
fn lay_out(arguments: &Arguments, folder: &Path) -> Result<()> {
    let release = folder.join("release");
    fs::create_dir(&release)?;
    let mut tar = command("tar")?;
    tar.args(["--strip-components=1", "-xzf"])
        .arg(&arguments.tarball);
    tar.arg("-C").arg(&release);
    run_command(tar)?;
    let mut copy = command("cp")?;
    copy.args(["-r", "--reflink=auto"])
        .arg(&arguments.parts)
        .arg(folder.join("debs"));
    run_command(copy)?;
    make_definitions(5959, DatSizes::SMALL, &folder.join("inputs"))?;
    fs::write(folder.join("recipe.toml"), recipe_text(&KitSpec::default()))?;
    let mut keygen = Command::new(release.join("mendkit"));
    keygen
        .args(["keygen", "--no-password", "-o"])
        .arg(folder.join("release.key"));
    run_command(keygen)?;
    Ok(())
}

fn try_system(
    system: &System,
    (arguments, mirrors): (&Arguments, &Mirrors),
    kit: &Path,
    expected: &str,
) -> Result<()> {
    let root = set_up(system, mirrors, &arguments.systems)?;
    let office = root.join(OFFICE);
    if office.exists() {
        fs::remove_dir_all(&office)?;
    }
    fs::create_dir(&office)?;
    for name in [
        "release",
        "debs",
        "recipe.toml",
        "inputs",
        "release.key",
        "release.key.pub",
    ] {
        let mut copy = command("cp")?;
        copy.args(["-r", "--reflink=auto"])
            .arg(kit.join(name))
            .arg(&office);
        run_command(copy)?;
    }
    let mut give = command("chown")?;
    give.args(["-R", &format!("{NOBODY}:{NOBODY}")])
        .arg(&office);
    run_command(give)?;
    let check = |what: &str| -> Result<()> {
        let found = digest(&office.join("rescue.img"))?;
        ensure!(
            found == expected,
            "{what}: the image is {found}, expected {expected}"
        );
        fs::remove_file(office.join("rescue.img"))?;
        Ok(())
    };
    run_command(in_system(&root, FROM_FOLDER)?)?;
    check("packages from a folder")?;
    let (mirror, security) = (&mirrors.debian, &mirrors.debian_security);
    let by_apt = format!(
        "release/mendkit parts fetch --cache fetched --mirror {mirror} --security-mirror {security} && \
         release/mendkit build recipe.toml -o rescue.img --cache fetched"
    );
    run_command(in_system(&root, &by_apt)?)?;
    check("packages by apt")
}

/// Returns a command that runs a line in a system's office, as a person without rights, with nothing of
/// this machine's environment.
fn in_system(root: &Path, line: &str) -> Result<Command> {
    let proc = root.join("proc");
    let mut inside = command("unshare")?;
    inside.args(["--mount", "--pid", "--fork"]);
    inside.arg(format!("--mount-proc={}", proc.display()));
    inside
        .arg("chroot")
        .arg(format!("--userspec={NOBODY}:{NOBODY}"))
        .arg("--groups=");
    inside.arg(root).args([
        "/usr/bin/env",
        "-i",
        "PATH=/usr/bin:/bin",
        "HOME=/nonexistent",
    ]);
    inside.args(["sh", "-e", "-c", &format!("cd /{OFFICE} && {line}")]);
    Ok(inside)
}

/// Sets up a system unless that was done before.
fn set_up(system: &System, mirrors: &Mirrors, systems: &Path) -> Result<PathBuf> {
    let root = systems.join(system.suite);
    let complete = systems.join(format!("{}.complete", system.suite));
    if complete.exists() {
        return Ok(root);
    }
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    let archive = system.archive;
    let address = (archive.address)(mirrors).context("no mirror was named")?;
    let keyring = match archive.keyring {
        Keyring::Installed(path) => PathBuf::from(path),
        Keyring::Fetched {
            package,
            file,
            sha256,
        } => {
            let address = format!("{address}/{package}");
            fetch_keyring(&address, file, sha256, systems)?
        }
    };
    println!(" {:<18} setting it up", system.name);
    let mut debootstrap = command("debootstrap")?;
    debootstrap.args([
        "--variant=minbase",
        "--include=debian-archive-keyring,ca-certificates",
    ]);
    debootstrap.arg(format!("--components={}", archive.components));
    debootstrap.arg(format!("--keyring={}", keyring.display()));
    debootstrap.arg(system.suite).arg(&root).arg(address);
    debootstrap.args(archive.script);
    run_command(debootstrap)?;
    fs::write(complete, "")?;
    Ok(root)
}

fn fetch_keyring(address: &str, file: &str, sha256: &str, systems: &Path) -> Result<PathBuf> {
    let folder = systems.join("keyring");
    let package = systems.join("keyring.deb");
    let mut apt = command("/usr/lib/apt/apt-helper")?;
    apt.arg("download-file").arg(address).arg(&package);
    run_command(apt)?;
    let mut unpack = command("dpkg-deb")?;
    unpack.arg("-x").arg(&package).arg(&folder);
    run_command(unpack)?;
    let keyring = folder.join(file);
    let found = digest(&keyring)?;
    ensure!(
        found == sha256,
        "{file}: sha256 is {found}, expected {sha256}"
    );
    Ok(keyring)
}
