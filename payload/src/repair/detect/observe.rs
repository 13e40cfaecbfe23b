//! Reads what the tests of remedies ask. Reads only; what it means is judged elsewhere, so that the
//! judging is tested without disks.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use fs_err as fs;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::remedy::predicate::{HiveName, LogTest, Predicate, RegistryTest, ServiceTest};

use crate::antivirus::quarantine::QuarantineItem;
use crate::hive::Hive;
use crate::hive::key::Key;
use crate::repair::detect::Site;
use crate::repair::detect::logs::{SeenLog, read_log};
use crate::repair::detect::quarantined::read_quarantine;
use crate::repair::detect::written::{Written, read_written};
use crate::stick::hash_file;
use crate::windows::catalog::Proof;
use crate::windows::catalog::store::CatalogStore;
use crate::windows::installation::{LARGEST_PROGRAM, open_hive};
use crate::windows::path::WindowsPath;
use crate::windows::pattern::{FoundFile, find_files};
use crate::windows::pe::PeIdentity;
use crate::windows::services::{current_control_set, expand_system_key, service_key};

/// What was read for tests: each with the test that asked for it.
#[derive(Clone, Debug, Default)]
pub struct Observations(Vec<(Predicate, Observation)>);

/// What was read for one test.
#[derive(Clone, Debug)]
pub enum Observation {
    /// Files that the test's path means, or why that cannot be told.
    Files(Result<Vec<SeenFile>, String>),
    /// A value of the registry, or why it cannot be read.
    Value(Result<SeenValue, String>),
    /// A service, or why that cannot be told.
    Service(Result<SeenService, String>),
    /// What is in a quarantine.
    Quarantine(SeenQuarantine),
    /// Logs, or why they cannot be found.
    Logs(Result<Vec<SeenLog>, String>),
}

/// A file.
#[derive(Clone, Debug)]
pub struct SeenFile {
    /// Its path as the volume spells it.
    pub path: WindowsPath,
    /// Bytes.
    pub size: u64,
    /// When it was last written, or why that cannot be told.
    pub modified: Result<Written, String>,
    /// What was read of it, or why it cannot be.
    pub content: Result<SeenContent, String>,
}

/// What was read of a file.
#[derive(Clone, Debug)]
pub enum SeenContent {
    /// Nothing was asked.
    NotRead,
    /// The bytes that were asked for; fewer if it ends before.
    Bytes(Vec<u8>),
    /// Its digest.
    Sha256(Sha256Digest),
    /// What it says it is, or why it is no program file.
    Program(Result<PeIdentity, String>),
    /// What the catalogs prove of it.
    Proof(Proof),
}

/// A value of the registry.
#[derive(Clone, Debug)]
pub struct SeenValue {
    /// Key and value, for evidence.
    pub place: String,
    /// What is there; `None` if nothing is.
    pub data: Option<SeenData>,
}

/// Data of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeenData {
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
    /// Neither; the number of its type.
    Other(u32),
}

/// A service.
#[derive(Clone, Debug)]
pub struct SeenService {
    /// Its key, for evidence.
    pub place: String,
    /// Whether the key is there.
    pub is_there: bool,
    /// How it starts, if that is a number.
    pub start: Option<u32>,
}

/// What is in a quarantine.
#[derive(Clone, Debug, Default)]
pub struct SeenQuarantine {
    /// Its files, in the order of containers.
    pub items: Vec<QuarantineItem>,
    /// Why there may be more, one line each.
    pub gaps: Vec<String>,
}

impl Observations {
    /// Returns what was read for a test; `None` if nothing was, yet.
    pub fn find(&self, test: &Predicate) -> Option<&Observation> {
        let mut all = self.0.iter();
        all.find(|(asked, _)| asked == test).map(|(_, seen)| seen)
    }

    #[cfg(test)]
    pub(crate) fn of(observations: Vec<(Predicate, Observation)>) -> Self {
        Self(observations)
    }
}

/// Reads everything that `tests` ask of one installation.
pub fn observe(site: &Site<'_>, tests: &[Predicate]) -> Observations {
    let mut observer = Observer {
        site,
        software: None,
        system: None,
        catalogs: None,
        observations: Observations::default(),
    };
    tests.iter().for_each(|test| observer.observe(test));
    observer.observations
}

/// Reads, and remembers what is large.
struct Observer<'a> {
    site: &'a Site<'a>,
    software: Option<Result<Hive, String>>,
    system: Option<Result<Hive, String>>,
    catalogs: Option<Result<CatalogStore, String>>,
    observations: Observations,
}

impl Observer<'_> {
    fn observe(&mut self, test: &Predicate) {
        if self.observations.find(test).is_some() {
            return;
        }
        let seen = match test {
            Predicate::All(tests) | Predicate::Any(tests) => {
                tests.iter().for_each(|test| self.observe(test));
                return;
            }
            Predicate::Not(test) => return self.observe(test),
            // These are known of every installation.
            Predicate::Volume(_) | Predicate::Os(_) | Predicate::Product(_) => return,
            Predicate::File(test) => self.files(&test.path, |_| Ok(SeenContent::NotRead)),
            Predicate::Glob(test) => self.files(&test.path, |_| Ok(SeenContent::NotRead)),
            Predicate::Time(test) => self.files(&test.path, |_| Ok(SeenContent::NotRead)),
            Predicate::Bytes(test) => self.files(&test.path, |at| {
                read_bytes(at, test.offset, test.hex.0.len()).map(SeenContent::Bytes)
            }),
            Predicate::Hash(test) => self.files(&test.path, |at| {
                let digest = hash_file(at, |_| {}).map_err(|error| error.to_string());
                digest.map(SeenContent::Sha256)
            }),
            Predicate::Pe(test) => self.files(&test.path, |at| {
                let bytes = read_program(at)?;
                let identity = PeIdentity::parse(&bytes).map_err(|error| error.to_string());
                Ok(SeenContent::Program(identity))
            }),
            Predicate::Signed(test) => self.prove(&test.path),
            Predicate::Registry(test) => Observation::Value(self.value(test)),
            Predicate::Service(test) => Observation::Service(self.service(test)),
            Predicate::Quarantine(filter) => {
                Observation::Quarantine(read_quarantine(self.site, filter))
            }
            Predicate::Log(test) => Observation::Logs(self.logs(test)),
        };
        self.observations.0.push((test.clone(), seen));
    }

    fn files(
        &self,
        path: &str,
        read: impl Fn(&Path) -> Result<SeenContent, String>,
    ) -> Observation {
        let folders = &self.site.facts.installation.folders;
        let found = find_files(self.site.root, folders, path).map_err(|error| error.to_string());
        Observation::Files(found.map(|files| {
            let files = files
                .into_iter()
                .map(|file| see_file(self.site, file, &read));
            files.collect()
        }))
    }

    fn prove(&mut self, path: &str) -> Observation {
        let (site, folders) = (self.site, &self.site.facts.installation.folders);
        let catalogs = self.catalogs.get_or_insert_with(|| {
            let system32 = folders.expand_remedy_path("{system32}");
            let store = system32.and_then(|system32| CatalogStore::open(site.root, &system32));
            store.map_err(|error| error.to_string())
        });
        let found = find_files(site.root, folders, path).map_err(|error| error.to_string());
        let prove = |at: &Path| {
            let catalogs = catalogs.as_ref().map_err(Clone::clone)?;
            let trust = site
                .trust
                .ok_or("the roots that catalogs lead to cannot be read")?;
            let proof = catalogs.prove(&read_program(at)?, trust);
            Ok(SeenContent::Proof(proof))
        };
        Observation::Files(found.map(|files| {
            let files = files.into_iter().map(|file| see_file(site, file, prove));
            files.collect()
        }))
    }

    fn hive(&mut self, name: HiveName) -> Result<&Hive, String> {
        let place = match name {
            HiveName::Software => &mut self.software,
            HiveName::System => &mut self.system,
        };
        let windows = &self.site.facts.installation.folders.windows;
        let root = self.site.root;
        let hive = place.get_or_insert_with(|| open_hive(root, windows, name.file()));
        hive.as_ref().map_err(Clone::clone)
    }

    fn value(&mut self, test: &RegistryTest) -> Result<SeenValue, String> {
        let hive = self.hive(test.hive)?;
        read_value(hive, test.hive, &test.key, &test.value).map_err(|error| error.to_string())
    }

    fn service(&mut self, test: &ServiceTest) -> Result<SeenService, String> {
        let system = self.hive(HiveName::System)?;
        let text = |error: crate::hive::HiveError| error.to_string();
        let set = current_control_set(system).map_err(text)?;
        let path = service_key(&set, &test.name);
        let key = system.key(&path).map_err(text)?;
        let start = key.as_ref().map_or(Ok(None), |key| key.number("Start"));
        Ok(SeenService {
            place: format!("{}\\{path}", HiveName::System.root()),
            is_there: key.is_some(),
            start: start.map_err(text)?,
        })
    }

    fn logs(&self, test: &LogTest) -> Result<Vec<SeenLog>, String> {
        let folders = &self.site.facts.installation.folders;
        let files = find_files(self.site.root, folders, &test.path).map_err(|e| e.to_string())?;
        Ok(files.iter().map(|file| read_log(file, test)).collect())
    }
}

/// Returns the key that a remedy means: in SOFTWARE below `Wow6432Node` first, in SYSTEM with
/// `CurrentControlSet` replaced; with its path.
pub fn find_key<'hive>(
    hive: &'hive Hive,
    name: HiveName,
    key: &str,
) -> Result<Option<(String, Key<'hive>)>, crate::hive::HiveError> {
    let paths = match name {
        HiveName::Software => vec![format!("Wow6432Node\\{key}"), key.to_owned()],
        HiveName::System => vec![expand_system_key(hive, key)?],
    };
    for path in paths {
        if let Some(key) = hive.key(&path)? {
            return Ok(Some((path, key)));
        }
    }
    Ok(None)
}

fn read_value(
    hive: &Hive,
    name: HiveName,
    key: &str,
    value: &str,
) -> Result<SeenValue, crate::hive::HiveError> {
    let Some((path, found)) = find_key(hive, name, key)? else {
        return Ok(SeenValue {
            place: format!("{}\\{key}: {value}", name.root()),
            data: None,
        });
    };
    // A 32-bit product may keep only some of its values below Wow6432Node.
    let mut place = path;
    let mut data = read_data(&found, value)?;
    if data.is_none()
        && place != key
        && name == HiveName::Software
        && let Some(plain) = hive.key(key)?
    {
        data = read_data(&plain, value)?;
        place = if data.is_some() {
            key.to_owned()
        } else {
            place
        };
    }
    Ok(SeenValue {
        place: format!("{}\\{place}: {value}", name.root()),
        data,
    })
}

/// Returns the data of a value as remedies see it; `None` if there is no such value.
pub fn read_data(key: &Key<'_>, value: &str) -> Result<Option<SeenData>, crate::hive::HiveError> {
    let Some(value) = key.value(value)? else {
        return Ok(None);
    };
    if let Some(number) = value.as_u32()? {
        return Ok(Some(SeenData::Number(number.into())));
    }
    if let Some(number) = value.as_u64()? {
        return Ok(Some(SeenData::Number(number)));
    }
    Ok(Some(match value.as_text()? {
        Some(text) => SeenData::Text(text),
        None => SeenData::Other(value.value_type().0),
    }))
}

fn see_file(
    site: &Site<'_>,
    file: FoundFile,
    read: impl Fn(&Path) -> Result<SeenContent, String>,
) -> SeenFile {
    SeenFile {
        modified: read_written(site, &file.at),
        content: read(&file.at),
        path: file.path,
        size: file.size,
    }
}

/// Returns the bytes at `offset`, fewer if the file ends before.
pub fn read_bytes(at: &Path, offset: u64, length: usize) -> Result<Vec<u8>, String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = fs::File::open(at)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        let limit = u64::try_from(length).unwrap_or(u64::MAX);
        file.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error| error.to_string())
}

fn read_program(at: &Path) -> Result<Vec<u8>, String> {
    let size = fs::metadata(at).map_err(|error| error.to_string())?.len();
    if size > LARGEST_PROGRAM {
        return Err(format!("{size} bytes, expected at most {LARGEST_PROGRAM}"));
    }
    fs::read(at).map_err(|error| error.to_string())
}
