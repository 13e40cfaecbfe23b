//! Wine's `svchost.exe` for i386: a real Windows program under a free licence, the base of the
//! simulated PCs' system files.
//!
//! It is fetched once from Debian through apt with a configuration of its own, so that neither the
//! machine's foreign architectures nor its lists are touched. apt checks the package against the
//! signed index; the file that is taken out of it is kept with its SHA-256.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use fs_err as fs;

use crate::tools::{command, run_command, sha256_hex, target_folder, with_lock};

/// Package of bookworm main, architecture i386, that holds Wine's Windows programs.
const PACKAGE: &str = "libwine";
/// Where the program lies in the package.
const MEMBER: &str = "./usr/lib/i386-linux-gnu/wine/i386-windows/svchost.exe";
/// Keyring that Debian's own sources name.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Returns Wine's `svchost.exe`. Needs a network only if it is not yet in the cache.
pub fn wine_svchost() -> Result<Vec<u8>> {
    let cache = target_folder().join("cache/wine");
    let program = cache.join("svchost.exe");
    let stated = cache.join("svchost.exe.sha256");
    with_lock(&cache.join("lock"), || {
        if !stated.exists() {
            fetch(&cache).context("fetching Wine's svchost.exe")?;
        }
        let bytes = fs::read(&program)?;
        let expected = fs::read_to_string(&stated)?;
        let found = sha256_hex(&bytes);
        ensure!(
            found == expected.trim(),
            "{}: sha256 is {found}, expected {}",
            program.display(),
            expected.trim()
        );
        Ok(bytes)
    })
}

/// Fetches the package into a temporary folder of the cache and keeps the one program of it.
fn fetch(cache: &Path) -> Result<()> {
    let work = tempfile::Builder::new().prefix("apt-").tempdir_in(cache)?;
    let folder = fs::canonicalize(work.path())?;
    for part in ["state/lists/partial", "cache/archives/partial", "parts"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let root = folder.to_str().context("cache folder: name is not UTF-8")?;
    let mirror = debian_mirror()?;
    fs::write(
        folder.join("sources.list"),
        format!("deb [arch=i386 signed-by={KEYRING}] {mirror} bookworm main\n"),
    )?;
    fs::write(
        folder.join("apt.conf"),
        format!(
            "Dir::State \"{root}/state\";\nDir::State::status \"/dev/null\";\n\
             Dir::Cache \"{root}/cache\";\nDir::Etc::SourceList \"{root}/sources.list\";\n\
             Dir::Etc::SourceParts \"{root}/parts\";\nDir::Etc::Parts \"{root}/parts\";\n\
             APT::Architecture \"i386\";\nAPT::Architectures {{ \"i386\"; }};\n\
             Acquire::Languages \"none\";\nAPT::Sandbox::User \"\";\n"
        ),
    )?;
    let apt = |tool: &str, arguments: &[&str]| {
        let mut apt = command(tool)?;
        apt.env("APT_CONFIG", folder.join("apt.conf"))
            .current_dir(&folder)
            .args(arguments);
        run_command(apt)
    };
    apt("apt-get", &["--quiet", "update"])?;
    let shown = apt("apt-cache", &["show", PACKAGE])?.text();
    let expected = shown
        .lines()
        .find_map(|line| line.strip_prefix("SHA256: "))
        .with_context(|| format!("{PACKAGE}: no SHA256 in the signed index"))?;
    apt("apt-get", &["--quiet", "download", PACKAGE])?;
    let package = fs::read_dir(&folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .with_context(|| format!("{PACKAGE}: apt left no .deb"))?;
    let found = sha256_hex(&fs::read(&package)?);
    ensure!(
        found == expected,
        "{PACKAGE}: sha256 is {found}, the index says {expected}"
    );

    let tree = folder.join("tree.tar");
    let mut unpack = command("dpkg-deb")?;
    unpack
        .arg("--fsys-tarfile")
        .arg(&package)
        .stdout(fs::File::create(&tree)?.into_file());
    run_command(unpack)?;
    let mut extract = command("tar")?;
    extract
        .arg("--extract")
        .arg("--to-stdout")
        .arg("--file")
        .arg(&tree)
        .arg(MEMBER);
    let program = run_command(extract)?.out;
    fs::write(cache.join("svchost.exe"), &program)?;
    // Last, because this file says that the other one is whole.
    fs::write(
        cache.join("svchost.exe.sha256"),
        format!("{}\n", sha256_hex(&program)),
    )?;
    Ok(())
}

/// Returns the mirror this machine uses for Debian itself, in the old or the new sources format.
fn debian_mirror() -> Result<String> {
    let mut texts: Vec<_> = fs::read_to_string("/etc/apt/sources.list")
        .into_iter()
        .collect();
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        let mut paths: Vec<_> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        paths.sort();
        texts.extend(
            paths
                .iter()
                .filter_map(|path| fs::read_to_string(path).ok()),
        );
    }
    mirror_in(&texts)
}

/// Finds the address of a mirror of Debian's main archive in the texts of sources files.
fn mirror_in(texts: &[String]) -> Result<String> {
    texts
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(str::split_whitespace)
        .map(|word| word.trim_end_matches('/'))
        .find(|word| word.contains("://") && word.ends_with("/debian"))
        .map(str::to_owned)
        .context("apt's sources: no mirror of Debian, expected an address that ends in /debian")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pe;

    #[test]
    fn finds_the_mirror_in_both_formats() {
        let old =
            "# deb http://old.example/debian x\ndeb [arch=i386] http://a.example/debian/ x main";
        assert_eq!(
            mirror_in(&[old.to_owned()]).unwrap(),
            "http://a.example/debian"
        );
        let new = "Types: deb\nURIs: http://b.example/debian-security http://b.example/debian\n";
        assert_eq!(
            mirror_in(&[new.to_owned()]).unwrap(),
            "http://b.example/debian"
        );
        assert!(mirror_in(&["deb https://c.example/other x".to_owned()]).is_err());
    }

    #[test]
    fn cached_program_is_a_32_bit_windows_program() {
        let program = wine_svchost().unwrap();
        assert_eq!(pe::machine(&program).unwrap(), pe::MACHINE_I386);
        // Debian strips the program after linking, so its own checksum is stale; ours is made anew.
        assert_ne!(
            pe::stated_checksum(&program).unwrap(),
            pe::checksum(&program).unwrap()
        );
    }
}
