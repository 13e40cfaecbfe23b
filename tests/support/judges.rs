//! Someone else's tools, which must accept what we write.
//!
//! Each function runs one tool and returns an error that holds all the tool said if it found
//! anything to complain about; where a tool complains and still exits with 0, its words decide.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::tools::{Said, command, run, run_command};

/// sgdisk finds nothing wrong with the GUID partition table of a disk.
pub fn sgdisk_accepts(disk: &Path) -> Result<()> {
    let said = run("sgdisk", &[Path::new("-v"), disk])?;
    let text = said.text();
    ensure!(
        text.contains("No problems found"),
        "sgdisk -v {}:\n{text}{}",
        disk.display(),
        said.err
    );
    for word in ["Warning", "Caution", "Problem:", "Creating new GPT"] {
        ensure!(
            !text.contains(word),
            "sgdisk -v {}:\n{text}",
            disk.display()
        );
    }
    Ok(())
}

/// sfdisk finds nothing wrong with the partition table of a disk, GPT or MBR.
pub fn sfdisk_accepts(disk: &Path) -> Result<()> {
    let said = run("sfdisk", &[Path::new("--verify"), disk])?;
    let text = format!("{}{}", said.text(), said.err);
    ensure!(
        text.contains("No errors detected"),
        "sfdisk --verify {}:\n{text}",
        disk.display()
    );
    Ok(())
}

/// Returns what sfdisk reads from a partition table, as its own JSON.
pub fn sfdisk_reads(disk: &Path) -> Result<serde_json::Value> {
    let said = run("sfdisk", &[Path::new("--json"), disk])?;
    serde_json::from_slice(&said.out).context("sfdisk --json: not JSON")
}

/// fsck.fat finds nothing wrong with a FAT volume in a file of its own.
pub fn fsck_fat_accepts(volume: &Path) -> Result<()> {
    let said = run("fsck.fat", &[Path::new("-n"), volume])?;
    // The version line and the count of files and clusters; more is a complaint.
    let text = said.text();
    let complaints: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with("fsck.fat ") && !line.ends_with(" clusters"))
        .collect();
    ensure!(
        complaints.is_empty() && said.err.is_empty(),
        "fsck.fat -n {}:\n{text}{}",
        volume.display(),
        said.err
    );
    Ok(())
}

/// Returns the listing that mdir makes of a folder of a FAT volume at `offset` bytes of a file.
pub fn mdir(image: &Path, offset: u64, folder: &str) -> Result<String> {
    let at = format!("{}@@{offset}", image.display());
    Ok(run("mdir", &["-i", &at, "-a", &format!("::/{folder}")])?.text())
}

/// ntfsfix, changing nothing, finds nothing to mend on an NTFS volume in a file of its own.
pub fn ntfsfix_accepts(volume: &Path) -> Result<()> {
    let said = run("ntfsfix", &[Path::new("-n"), volume])?;
    let text = said.text();
    let fine = text.contains("NTFS partition") && text.contains("was processed successfully");
    let complaint = ["FAILED", "ERROR", "rror:", "Fixing", "corrupt"]
        .iter()
        .any(|word| text.contains(word));
    ensure!(
        fine && !complaint,
        "ntfsfix -n {}:\n{text}{}",
        volume.display(),
        said.err
    );
    Ok(())
}

/// Returns ntfsinfo's description of an NTFS volume in a file of its own. It is read even where
/// the volume is dirty or hibernated.
pub fn ntfsinfo(volume: &Path) -> Result<String> {
    Ok(run("ntfsinfo", &[Path::new("-f"), Path::new("-m"), volume])?.text())
}

/// ntfssecaudit finds nothing wrong with the security descriptors of an NTFS volume.
pub fn ntfssecaudit_accepts(volume: &Path) -> Result<()> {
    let said = run("ntfssecaudit", &[Path::new("-a"), volume])?;
    let text = format!("{}{}", said.text(), said.err);
    ensure!(
        text.contains("No errors were found"),
        "ntfssecaudit -a {}:\n{text}",
        volume.display()
    );
    Ok(())
}

/// minisign accepts the signature `FILE.minisig` of a file under a public key.
pub fn minisign_accepts(file: &Path, public_key: &str) -> Result<()> {
    let mut minisign = command("minisign")?;
    minisign
        .arg("-V")
        .arg("-m")
        .arg(file)
        .arg("-P")
        .arg(public_key);
    run_command(minisign)?;
    Ok(())
}

/// Returns the digest of a program that a catalog states and the one that osslsigncode computes, as
/// upper-case hexadecimal. What it says of signatures is not looked at: it goes by today's date.
pub fn osslsigncode_digests(catalog: &Path, file: &Path) -> Result<(String, String)> {
    let mut osslsigncode = command("osslsigncode")?;
    osslsigncode.arg("verify").arg("-catalog").arg(catalog);
    let output = osslsigncode.arg("-in").arg(file).output();
    let text = output.context("running osslsigncode")?.stdout;
    let text = String::from_utf8_lossy(&text);
    let after = |start: &str| {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(start));
        let digest = lines.find_map(|rest| rest.split(':').nth(1)?.split_whitespace().next());
        digest.with_context(|| format!("osslsigncode: no line {start:?} in:\n{text}"))
    };
    let stated = after("Current message digest")?.to_owned();
    Ok((stated, after("Calculated message digest")?.to_owned()))
}

/// OpenSSL accepts the signature in a catalog over what is given as its content. Whom to trust it is not
/// asked: it knows neither the root nor that dates do not matter. Left to itself, it would take the
/// content of a catalog with its tag and refuse even Microsoft's.
pub fn openssl_accepts_signature(catalog: &Path, content: &Path) -> Result<()> {
    let mut openssl = command("openssl")?;
    openssl.args(["smime", "-verify", "-noverify", "-inform", "DER", "-in"]);
    openssl.arg(catalog).arg("-content").arg(content);
    openssl.args(["-out", "/dev/null"]);
    run_command(openssl)?;
    Ok(())
}

/// Every file that a list in the format of sha256sum names is in the folder and has its hash;
/// returns how many there are.
pub fn sha256sum_accepts(folder: &Path, list: &str) -> Result<usize> {
    let mut sha256sum = command("sha256sum")?;
    sha256sum
        .args(["--check", "--strict", list])
        .current_dir(folder);
    Ok(run_command(sha256sum)?
        .text()
        .lines()
        .filter(|line| line.ends_with(": OK"))
        .count())
}

/// Copies all files of a FAT volume at `offset` bytes of an image into a folder.
pub fn extract_fat(image: &Path, offset: u64, folder: &Path) -> Result<Said> {
    let mut mcopy = command("mcopy")?;
    mcopy
        .args(["-s", "-n", "-m", "-Q", "-i"])
        .arg(format!("{}@@{offset}", image.display()));
    mcopy.arg("::/").arg(folder);
    run_command(mcopy)
}

/// Returns one value of a registry hive as hivex reads it: text as it is, numbers as
/// `dword:00001746`, the rest as `hex(3):00,01`.
pub fn hive_value(hive: &Path, key: &str, name: &str) -> Result<String> {
    let mut hivexget = command("hivexget")?;
    hivexget.arg(hive).arg(key);
    let text = run_command(hivexget)?.text();
    let start = format!("\"{}\"=", name.replace('\\', "\\\\"));
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(&start))
        .with_context(|| format!("{}: no value {name} in {key}:\n{text}", hive.display()))?;
    match value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
    {
        Some(quoted) => Ok(quoted.replace("\\\\", "\\")),
        None => Ok(value.to_owned()),
    }
}

/// hivexml walks a registry hive from its root to its last value; returns how many keys there are.
pub fn hivex_walks(hive: &Path) -> Result<usize> {
    Ok(run("hivexml", &[hive])?.text().matches("<node ").count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::require_tools;

    #[test]
    fn judges_refuse_what_is_empty() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(1 << 20).unwrap();
        if require_tools(&[
            "sgdisk", "sfdisk", "fsck.fat", "ntfsfix", "hivexget", "minisign",
        ]) {
            assert!(sgdisk_accepts(file.path()).is_err());
            assert!(sfdisk_accepts(file.path()).is_err());
            assert!(fsck_fat_accepts(file.path()).is_err());
            assert!(ntfsfix_accepts(file.path()).is_err());
            assert!(hive_value(file.path(), "Select", "Current").is_err());
            assert!(minisign_accepts(file.path(), "RWQf6LRCGA9i53ml").is_err());
        }
    }

    #[test]
    fn sha256sum_counts_and_refuses() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("a"), b"a").unwrap();
        let line = format!("{}  a\n", crate::tools::sha256_hex(b"a"));
        fs_err::write(folder.path().join("good"), &line).unwrap();
        fs_err::write(folder.path().join("bad"), line.replace("  a", "  b")).unwrap();
        assert_eq!(sha256sum_accepts(folder.path(), "good").unwrap(), 1);
        assert!(sha256sum_accepts(folder.path(), "bad").is_err());
    }
}
