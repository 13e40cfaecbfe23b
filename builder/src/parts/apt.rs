//! Debian's `apt`, in a folder of its own: it reads none of this machine's package state, changes none of
//! it, and needs no root. It checks the archive's signatures with a key ring that we name, where no lock says
//! which bytes are wanted.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rescue_stick::digest::Sha256Digest;

use crate::parts::mirrors::{SECURITY_SUITE, SUITE};
use crate::parts::write_then_rename;

/// Where packages come from and who vouches for them.
#[derive(Clone, Copy, Debug)]
pub(super) struct AptSettings<'a> {
    /// The folder that becomes apt's world.
    pub(super) folder: &'a Path,
    /// Address of the release.
    pub(super) mirror: &'a str,
    /// Address of its security updates.
    pub(super) security_mirror: &'a str,
    /// Keys that may sign the archive; nothing if a lock vouches for every package by its digest. The keys of
    /// Debian 12 are younger than what some distributions carry.
    pub(super) keyring: Option<&'a Path>,
}

/// Why apt did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AptError {
    /// apt is not installed, or cannot be started.
    #[error("starting {program}; fetching boot parts needs Debian's apt")]
    Start {
        /// The program.
        program: String,
        /// What came in between.
        source: io::Error,
    },
    /// apt stopped.
    #[error("{program} stopped with {status}: {said}")]
    Stopped {
        /// The program and its task.
        program: String,
        /// Its exit status.
        status: String,
        /// Its own words.
        said: String,
    },
    /// The folder cannot be prepared.
    #[error("preparing a folder for apt")]
    Io(#[from] io::Error),
    /// The key ring is not there.
    #[error("{path}: no such key ring; install debian-archive-keyring or name another key ring", path = .path.display())]
    Keyring {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A text cannot stand in apt's configuration.
    #[error("{text:?} cannot be handed to apt, expected no quotes, blanks or line ends")]
    Text {
        /// The text.
        text: String,
    },
    /// A record lacks what every record has.
    #[error("apt's record of {package} has no usable {field}")]
    Record {
        /// The package.
        package: String,
        /// The missing field.
        field: &'static str,
    },
}

/// What the archive says about one version of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) package: String,
    pub(super) version: String,
    pub(super) architecture: String,
    pub(super) sha256: Sha256Digest,
    pub(super) size: u64,
}

/// An apt that lives in its own folder.
pub(super) struct Apt {
    config: PathBuf,
}

impl Apt {
    /// Writes the configuration of an isolated apt.
    pub(super) fn prepare(settings: &AptSettings<'_>) -> Result<Self, AptError> {
        if let Some(path) = settings.keyring.filter(|path| !path.is_file()) {
            let path = path.to_owned();
            return Err(AptError::Keyring { path });
        }
        fs_err::create_dir_all(settings.folder)?;
        let folder = fs_err::canonicalize(settings.folder)?;
        for name in [
            "state/lists/partial",
            "cache/archives/partial",
            "etc/apt.conf.d",
            "etc/sources.list.d",
            "etc/preferences.d",
            "etc/trusted.gpg.d",
            "etc/auth.conf.d",
            "log",
        ] {
            fs_err::create_dir_all(folder.join(name))?;
        }
        write_then_rename(&folder.join("state/status"), b"")?;
        place_keys(settings.keyring, &folder.join("etc/trusted.gpg.d"))?;
        let sources = sources_list(settings.mirror, settings.security_mirror, settings.keyring)?;
        write_then_rename(&folder.join("etc/sources.list"), sources.as_bytes())?;
        let config = folder.join("apt.conf");
        let text = format!("{}{}", configuration(&folder)?, machine_network_settings());
        write_then_rename(&config, text.as_bytes())?;
        Ok(Self { config })
    }

    /// Renews the lists of packages and checks their signatures.
    pub(super) fn update(&self) -> Result<(), AptError> {
        // By itself apt calls it a success when a mirror could not be reached.
        let arguments = ["-q", "-o", "APT::Update::Error-Mode=any", "update"];
        self.run_checked("apt-get", &arguments, None)
    }

    /// Returns the names of all packages that begin with `prefix`.
    pub(super) fn names(&self, prefix: &str) -> Result<Vec<String>, AptError> {
        let output = self.run("apt-cache", &["pkgnames", prefix], None)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Returns the records of packages given as `NAME:ARCHITECTURE` (the newest version) or
    /// `NAME:ARCHITECTURE=VERSION`. Those the archive does not have are left out.
    pub(super) fn records(&self, packages: &[String]) -> Result<Vec<Record>, AptError> {
        let mut arguments = vec!["show", "--no-all-versions"];
        arguments.extend(packages.iter().map(String::as_str));
        // The exit code only says that one of them is unknown; the caller sees which.
        let output = self.run("apt-cache", &arguments, None)?;
        parse_records(&String::from_utf8_lossy(&output.stdout))
    }

    /// Downloads packages given as `NAME:ARCHITECTURE=VERSION` into `folder`.
    pub(super) fn download(&self, packages: &[String], folder: &Path) -> Result<(), AptError> {
        let mut arguments = vec!["-q", "-o", "Acquire::Retries=3", "download"];
        arguments.extend(packages.iter().map(String::as_str));
        self.run_checked("apt-get", &arguments, Some(folder))
    }

    fn run_checked(
        &self,
        program: &str,
        arguments: &[&str],
        folder: Option<&Path>,
    ) -> Result<(), AptError> {
        let output = self.run(program, arguments, folder)?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said: Vec<&str> = said
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .collect();
        Err(AptError::Stopped {
            program: program.to_owned(),
            status: output.status.to_string(),
            said: said.join("; "),
        })
    }

    fn run(
        &self,
        program: &str,
        arguments: &[&str],
        folder: Option<&Path>,
    ) -> Result<Output, AptError> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("APT_CONFIG", &self.config)
            .env("LC_ALL", "C.UTF-8");
        if let Some(folder) = folder {
            command.current_dir(folder);
        }
        command.output().map_err(|source| AptError::Start {
            program: program.to_owned(),
            source,
        })
    }
}

/// Copies the key ring and does not name it: apt reads names in sources.list as words, and a path may hold a
/// blank.
fn place_keys(keyring: Option<&Path>, trusted: &Path) -> io::Result<()> {
    for former in ["archive.asc", "archive.gpg"] {
        match fs_err::remove_file(trusted.join(former)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let Some(keyring) = keyring else {
        return Ok(());
    };
    let name = match keyring.extension().and_then(OsStr::to_str) {
        Some("asc") => "archive.asc",
        _ => "archive.gpg",
    };
    write_then_rename(&trusted.join(name), &fs_err::read(keyring)?)
}

/// The security suite serves amd64 only here: its i386 index was found to contradict its signed list, and
/// apt then refuses the whole suite.
fn sources_list(
    mirror: &str,
    security_mirror: &str,
    keyring: Option<&Path>,
) -> Result<String, AptError> {
    for text in [mirror, security_mirror] {
        if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(AptError::Text {
                text: text.to_owned(),
            });
        }
    }
    let trusted = match keyring {
        Some(_) => "",
        None => " trusted=yes",
    };
    Ok(format!(
        "deb [arch=amd64,i386{trusted}] {mirror} {SUITE} main\n\
         deb [arch=amd64{trusted}] {security_mirror} {SECURITY_SUITE} main\n"
    ))
}

/// Every folder that apt would otherwise share with the machine is named. Source: apt.conf(5),
/// "Directories".
fn configuration(folder: &Path) -> Result<String, AptError> {
    let path = |name: &str| -> Result<String, AptError> {
        let path = folder.join(name);
        match path.to_str() {
            Some(text) if !text.contains(['"', '\n', '\\']) => Ok(text.to_owned()),
            _ => Err(AptError::Text {
                text: path.display().to_string(),
            }),
        }
    };
    let mut text = String::new();
    for (key, name) in [
        ("Dir::State", "state"),
        ("Dir::State::status", "state/status"),
        ("Dir::Cache", "cache"),
        ("Dir::Log", "log"),
        ("Dir::Etc", "etc"),
        ("Dir::Etc::main", "etc/apt.conf"),
        ("Dir::Etc::parts", "etc/apt.conf.d"),
        ("Dir::Etc::sourcelist", "etc/sources.list"),
        ("Dir::Etc::sourceparts", "etc/sources.list.d"),
        ("Dir::Etc::preferences", "etc/preferences"),
        ("Dir::Etc::preferencesparts", "etc/preferences.d"),
        ("Dir::Etc::trusted", "etc/trusted.gpg"),
        ("Dir::Etc::trustedparts", "etc/trusted.gpg.d"),
        ("Dir::Etc::netrc", "etc/auth.conf"),
        ("Dir::Etc::netrcparts", "etc/auth.conf.d"),
    ] {
        text.push_str(&format!("{key} \"{}\";\n", path(name)?));
    }
    // apt run by root would otherwise become another user, who may not read this folder.
    text.push_str(
        "APT::Architecture \"amd64\";\n\
         APT::Architectures { \"amd64\"; \"i386\"; };\n\
         APT::Sandbox::User \"root\";\n\
         APT::Get::AllowUnauthenticated \"false\";\n\
         Acquire::AllowInsecureRepositories \"false\";\n\
         Acquire::Languages \"none\";\n\
         Acquire::PDiffs \"false\";\n",
    );
    Ok(text)
}

/// Returns how this machine reaches the network (proxies, certificates), in apt's notation. An office
/// behind a proxy has set it up once, for apt; a machine that says nothing needs nothing.
fn machine_network_settings() -> String {
    let output = Command::new("apt-config")
        .args(["dump", "--no-empty", "--format", "%F \"%v\";%n"])
        .args(["Acquire::http", "Acquire::https"])
        .output();
    match output {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
        _ => String::new(),
    }
}

/// Paragraphs of `Field: value`, one a package. Source: deb822(5).
fn parse_records(text: &str) -> Result<Vec<Record>, AptError> {
    let mut records = Vec::new();
    for paragraph in text.split("\n\n").filter(|p| !p.trim().is_empty()) {
        let field = |name: &'static str| -> Result<&str, AptError> {
            paragraph
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                .ok_or_else(|| AptError::Record {
                    package: paragraph.lines().next().unwrap_or_default().to_owned(),
                    field: name,
                })
        };
        let unusable = |name: &'static str| AptError::Record {
            package: field("Package").unwrap_or_default().to_owned(),
            field: name,
        };
        records.push(Record {
            package: field("Package")?.to_owned(),
            version: field("Version")?.to_owned(),
            architecture: field("Architecture")?.to_owned(),
            sha256: field("SHA256")?.parse().map_err(|_| unusable("SHA256"))?,
            size: field("Size")?.parse().map_err(|_| unusable("Size"))?,
        });
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn records_are_read_from_apts_paragraphs() {
        let hash = Sha256Digest::of(b"x");
        let text = format!(
            "Package: shim-signed\nVersion: 1.51~1\nArchitecture: i386\nDescription: a\n \
             Package: no\nSize: 12\nSHA256: {hash}\n\n"
        );
        assert_eq!(
            parse_records(&text).unwrap(),
            [Record {
                package: "shim-signed".to_owned(),
                version: "1.51~1".to_owned(),
                architecture: "i386".to_owned(),
                sha256: hash,
                size: 12,
            }]
        );
        let refusal = parse_records("Package: a\nVersion: 1\n").unwrap_err();
        expect!["apt's record of Package: a has no usable Architecture"]
            .assert_eq(&refusal.to_string());
    }

    #[test]
    fn security_updates_are_taken_for_amd64_only() {
        let keyring = Some(Path::new("/keys.gpg"));
        let text = sources_list(
            "http://a.example/debian",
            "http://b.example/security",
            keyring,
        );
        let text = text.unwrap();
        expect![[r#"
            deb [arch=amd64,i386] http://a.example/debian bookworm main
            deb [arch=amd64] http://b.example/security bookworm-security main
        "#]]
        .assert_eq(&text);
        assert!(matches!(
            sources_list(
                "http://a.example\ndeb [trusted=yes] http://evil.example",
                "x",
                keyring
            ),
            Err(AptError::Text { .. })
        ));
    }

    #[test]
    fn refuses_a_folder_that_would_break_out_of_the_quotes() {
        assert!(matches!(
            configuration(Path::new("/a\"; x \"")),
            Err(AptError::Text { .. })
        ));
        assert!(
            configuration(Path::new("/a b"))
                .unwrap()
                .contains("Dir::State \"/a b/state\";")
        );
    }

    #[test]
    fn names_the_key_ring_that_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let settings = AptSettings {
            folder: folder.path(),
            mirror: "http://a.example",
            security_mirror: "http://a.example",
            keyring: Some(Path::new("/nowhere/keys.gpg")),
        };
        assert!(matches!(
            Apt::prepare(&settings),
            Err(AptError::Keyring { .. })
        ));
    }

    #[test]
    fn a_lock_needs_no_keys_and_everything_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let keyring = folder.path().join("keys.gpg");
        fs_err::write(&keyring, "keys").unwrap();
        let world = folder.path().join("apt");
        for (keyring, is_trusted) in [(Some(keyring.as_path()), false), (None, true)] {
            let settings = AptSettings {
                folder: &world,
                mirror: "http://a.example",
                security_mirror: "http://b.example",
                keyring,
            };
            Apt::prepare(&settings).unwrap();
            let sources = fs_err::read_to_string(world.join("etc/sources.list")).unwrap();
            assert_eq!(sources.matches("trusted=yes").count() == 2, is_trusted);
            let keys = world.join("etc/trusted.gpg.d/archive.gpg");
            assert_eq!(keys.exists(), !is_trusted, "no former keys are left");
        }
    }
}
