//! Puts the release together for `scripts/release`: programs, manual, completions, lock and licences in one
//! tarball whose bytes depend on its content and the date alone.
//!
//! ```text
//! mendkit-VERSION-x86_64-linux/
//!   mendkit  mend-i586  parts.lock  README.md  CHANGELOG.md  LICENSE  SHA256SUMS
//!   man/man1/*.1   completions/   licences/INDEX  licences/CRATE-VERSION/
//! ```

#![expect(clippy::print_stdout, reason = "a program's own output")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Parser};
use fs_err as fs;
use support::tools::{command, run_command, sha256_hex};

mod elsewhere;
mod licences;
mod prove;

/// What is to be done.
#[derive(Parser)]
enum Task {
    /// Put the tarball together
    Pack(Arguments),
    /// Make it again elsewhere on this machine, and demand the same bytes
    Prove(prove::Arguments),
    /// Try it on other systems
    Elsewhere(elsewhere::Arguments),
}

/// What the release is made of.
#[derive(Args)]
struct Arguments {
    /// The static `mendkit`
    #[arg(long)]
    mendkit: PathBuf,
    /// The 32-bit `mend`
    #[arg(long)]
    mend: PathBuf,
    /// Time of every file, in seconds since 1970
    #[arg(long)]
    date: u64,
    /// Folder for the tarball
    #[arg(long)]
    output: PathBuf,
}

/// Content of the release: by path, what lies there and whether it is run.
type Files = BTreeMap<String, (Vec<u8>, bool)>;

fn main() -> Result<()> {
    match Task::parse() {
        Task::Pack(arguments) => pack(&arguments),
        Task::Prove(arguments) => prove::prove(&arguments),
        Task::Elsewhere(arguments) => elsewhere::try_all(&arguments),
    }
}

fn pack(arguments: &Arguments) -> Result<()> {
    let name = format!("mendkit-{}-x86_64-linux", env!("CARGO_PKG_VERSION"));
    let mut files = Files::new();
    for program in [
        ("mendkit", &arguments.mendkit),
        ("mend-i586", &arguments.mend),
    ] {
        let content = fs::read(program.1)?;
        check_program(program.1, &content)?;
        files.insert(program.0.to_owned(), (content, true));
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (path, from) in [
        ("parts.lock", "builder/parts.lock"),
        ("README.md", "README.md"),
        ("CHANGELOG.md", "CHANGELOG.md"),
        ("LICENSE", "LICENSE"),
    ] {
        files.insert(path.to_owned(), (fs::read(workspace.join(from))?, false));
    }
    add_manual(&arguments.mendkit, &mut files)?;
    for (path, content) in licences::licences(&workspace)? {
        files.insert(format!("licences/{path}"), (content, false));
    }
    let sums = files.iter().map(|(path, (content, _))| {
        let sha256 = sha256_hex(content);
        format!("{sha256}  {path}\n")
    });
    let sums = sums.collect::<String>().into_bytes();
    files.insert("SHA256SUMS".to_owned(), (sums, false));
    fs::create_dir_all(&arguments.output)?;
    let tarball = arguments.output.join(format!("{name}.tar.gz"));
    write_tarball(&name, &files, arguments.date, &tarball)?;
    let bytes = fs::read(&tarball)?;
    println!(
        " {}  {} files, {} bytes",
        tarball.display(),
        files.len(),
        bytes.len()
    );
    println!(" sha256 {}", sha256_hex(&bytes));
    Ok(())
}

/// Demands that a program needs no library and names no folder of who built it.
fn check_program(path: &Path, content: &[u8]) -> Result<()> {
    let place = path.display();
    let mut readelf = command("readelf")?;
    readelf.args(["--program-headers", "--wide"]).arg(path);
    let headers = run_command(readelf)?.text();
    ensure!(
        !headers.contains("INTERP"),
        "{place}: is not static, expected a program that needs no loader:\n{headers}"
    );
    let workspace = fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))?;
    let homes = [Some(workspace), std::env::var_os("HOME").map(PathBuf::from)];
    for folder in homes.into_iter().flatten() {
        // The root folder's home, `/`, is in every program.
        let folder = folder
            .to_str()
            .context("a folder's name is not UTF-8")?
            .to_owned()
            + "/";
        let found = content
            .windows(folder.len())
            .position(|bytes| bytes == folder.as_bytes());
        ensure!(
            folder.len() < 4 || found.is_none(),
            "{place}: holds {folder:?} at {found:x?}, expected no path of this machine"
        );
    }
    Ok(())
}

/// Adds the manual and the completions, as the program itself writes them.
fn add_manual(mendkit: &Path, files: &mut Files) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut man = Command::new(mendkit);
    man.arg("man").arg(folder.path());
    run_command(man)?;
    for entry in fs::read_dir(folder.path())? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().context("a page's name is not UTF-8")?;
        let page = fs::read(entry.path())?;
        files.insert(format!("man/man1/{name}"), (page, false));
    }
    for (shell, file) in [
        ("bash", "mendkit.bash"),
        ("zsh", "_mendkit"),
        ("fish", "mendkit.fish"),
    ] {
        let mut completions = Command::new(mendkit);
        completions.args(["completions", shell]);
        let script = run_command(completions)?.out;
        files.insert(format!("completions/{file}"), (script, false));
    }
    Ok(())
}

/// Writes the files as a tree and has GNU tar and gzip pack it, in a way that depends on nothing else.
fn write_tarball(name: &str, files: &Files, date: u64, tarball: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (path, (content, is_program)) in files {
        let path = folder.path().join(name).join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, content)?;
        let mode = if *is_program { 0o755 } else { 0o644 };
        fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))?;
    }
    let unpacked = folder.path().join("release.tar");
    let mut tar = command("tar")?;
    tar.args(["--sort=name", "--format=ustar", "--owner=0", "--group=0"]);
    tar.args(["--numeric-owner", "--mode=u=rwX,go=rX"]);
    tar.arg(format!("--mtime=@{date}"))
        .arg("-C")
        .arg(folder.path());
    tar.arg("-cf").arg(&unpacked).arg(name);
    run_command(tar)?;
    let mut gzip = command("gzip")?;
    gzip.args(["--no-name", "-9"]).arg(&unpacked);
    run_command(gzip)?;
    fs::copy(folder.path().join("release.tar.gz"), tarball)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_give_the_same_tarball_and_it_holds_them() {
        let folder = tempfile::tempdir().unwrap();
        let files: Files = [
            ("mendkit".to_owned(), (b"program".to_vec(), true)),
            ("man/man1/a.1".to_owned(), (b"page".to_vec(), false)),
        ]
        .into();
        let make = |name: &str, date: u64| {
            let tarball = folder.path().join(name);
            write_tarball("r", &files, date, &tarball).unwrap();
            fs::read(tarball).unwrap()
        };
        let one = make("one.tar.gz", 1_271_854_800);
        std::thread::sleep(std::time::Duration::from_millis(1_100));
        assert_eq!(one, make("two.tar.gz", 1_271_854_800));
        assert_ne!(one, make("three.tar.gz", 1_271_854_801));
        let mut list = command("tar").unwrap();
        list.args(["--list", "--verbose", "--gzip", "--file"]);
        list.arg(folder.path().join("one.tar.gz"));
        let listed = run_command(list).unwrap().text();
        let programs = listed
            .lines()
            .filter(|line| line.starts_with("-rwxr-xr-x 0/0"));
        assert_eq!(programs.count(), 1, "{listed}");
        assert!(listed.contains("r/man/man1/a.1"), "{listed}");
    }

    #[test]
    fn a_program_that_needs_a_loader_is_refused() {
        let path = PathBuf::from("/bin/sh");
        let refused = check_program(&path, &fs::read(&path).unwrap());
        assert!(refused.unwrap_err().to_string().contains("is not static"));
    }
}
