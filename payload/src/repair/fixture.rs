//! Broken PCs and sticks for the tests of this crate, made small and from nothing.

use std::io::Write as _;
use std::path::Path;

use fs_err as fs;
use regf::writer::HiveBuilder;
use rescue_stick::definitions::{DefinitionsMember, DefinitionsSet};
use rescue_stick::digest::Sha256Digest;
use rescue_stick::job::{Finish, JOB_SCHEMA, Job, KitFile, Mode};
use rescue_stick::manifest::Manifest;
use rescue_stick::paths;
use rescue_stick::remedy::Remedy;
use rescue_stick::report::health::WindowsHealth;
use rescue_stick::signature::PublicKey;

use crate::antivirus::product::{ALL_PRODUCTS, InstalledProduct};
use crate::repair::detect::InstallationFacts;
use crate::stick::Stick;
use crate::windows::folders::Folders;
use crate::windows::installation::Installation;
use crate::windows::path::WindowsPath;
use crate::windows::pe::{PeIdentity, PeMachine};
use crate::windows::version::WindowsVersion;

/// A program file to be made: 14336 bytes like svchost.exe of SP2 and SP3.
#[derive(Clone, Copy)]
pub(crate) struct PeRecipe {
    pub(crate) machine: PeMachine,
    pub(crate) version: [u16; 4],
    pub(crate) original_name: &'static str,
    pub(crate) language: u16,
}

pub(crate) const SVCHOST_SP3: PeRecipe = PeRecipe {
    machine: PeMachine::I386,
    version: [5, 1, 2600, 5512],
    original_name: "svchost.exe",
    language: 0x040C,
};

const HEADER: usize = 0x80;
const TEXT: (u32, u32, u32) = (0x1000, 0x2E00, 0x200);
const RESOURCES: (u32, u32, u32) = (0x5000, 0x800, 0x3000);

impl PeRecipe {
    pub(crate) fn build(&self) -> Vec<u8> {
        let mut file = vec![0x90_u8; 0x3800];
        file[..0x200].fill(0);
        file[0x3000..].fill(0);
        let is_wide = self.machine != PeMachine::I386;
        let (magic, optional_size, directories) = if is_wide {
            (0x20B_u16, 240_u16, 112)
        } else {
            (0x10B, 224, 96)
        };
        let optional = HEADER + 24;
        put(&mut file, 0, b"MZ");
        put(&mut file, 0x3C, &0x80_u32.to_le_bytes());
        put(&mut file, HEADER, b"PE\0\0");
        put(&mut file, HEADER + 4, &self.machine.0.to_le_bytes());
        put(&mut file, HEADER + 6, &2_u16.to_le_bytes());
        put(&mut file, HEADER + 20, &optional_size.to_le_bytes());
        put(&mut file, HEADER + 22, &0x0102_u16.to_le_bytes());
        put(&mut file, optional, &magic.to_le_bytes());
        for (at, value) in [
            (16, 0x1000_u32),
            (20, 0x1000),
            (32, 0x1000),
            (36, 0x200),
            (56, 0x6000),
            (60, 0x200),
            (directories - 4, 16),
            (directories + 16, RESOURCES.0),
            (directories + 20, RESOURCES.1),
        ] {
            put(&mut file, optional + at, &value.to_le_bytes());
        }
        let sections = optional + usize::from(optional_size);
        for (index, (name, (address, size, offset))) in
            [(b".text\0\0\0", TEXT), (b".rsrc\0\0\0", RESOURCES)]
                .into_iter()
                .enumerate()
        {
            let at = sections + index * 40;
            put(&mut file, at, name);
            for (field, value) in [(8, size), (12, address), (16, size), (20, offset)] {
                put(&mut file, at + field, &value.to_le_bytes());
            }
        }
        put(&mut file, 0x3000, &self.resources());
        let checksum = PeIdentity::parse(&file).unwrap().computed_checksum;
        put(&mut file, optional + 64, &checksum.to_le_bytes());
        file
    }

    /// Three folders, a data entry, the version resource.
    fn resources(&self) -> Vec<u8> {
        let version = self.version_resource();
        let mut bytes = Vec::new();
        for (id, offset) in [
            (16, 0x8000_0018_u32),
            (1, 0x8000_0030),
            (u32::from(self.language), 0x48),
        ] {
            bytes.extend([0; 12]);
            bytes.extend([0, 0, 1, 0]);
            bytes.extend(id.to_le_bytes());
            bytes.extend(offset.to_le_bytes());
        }
        bytes.extend((RESOURCES.0 + 0x58).to_le_bytes());
        bytes.extend(u32::try_from(version.len()).unwrap().to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend(version);
        bytes
    }

    fn version_resource(&self) -> Vec<u8> {
        let [a, b, c, d] = self.version;
        let mut fixed = Vec::new();
        fixed.extend(0xFEEF_04BD_u32.to_le_bytes());
        fixed.extend(0x0001_0000_u32.to_le_bytes());
        for _ in 0..2 {
            for part in [b, a, d, c] {
                fixed.extend(part.to_le_bytes());
            }
        }
        fixed.resize(52, 0);
        let text = |key: &str, value: &str| {
            let value: Vec<u8> = utf16(value);
            node(key, &value, value.len() / 2, 1, &[])
        };
        let table = node(
            &format!("{:04X}04B0", self.language),
            &[],
            0,
            1,
            &[
                text("FileDescription", "Generic Host Process for Win32 Services"),
                text("OriginalFilename", self.original_name),
            ],
        );
        let texts = node("StringFileInfo", &[], 0, 1, &[table]);
        let mut translation = self.language.to_le_bytes().to_vec();
        translation.extend(0x04B0_u16.to_le_bytes());
        let translation = node("Translation", &translation, 4, 0, &[]);
        let variables = node("VarFileInfo", &[], 0, 1, &[translation]);
        node("VS_VERSION_INFO", &fixed, 52, 0, &[texts, variables])
    }
}

fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

fn utf16(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().chain([0]);
    units.flat_map(u16::to_le_bytes).collect()
}

fn node(
    key: &str,
    value: &[u8],
    value_length: usize,
    is_text: u16,
    children: &[Vec<u8>],
) -> Vec<u8> {
    let mut bytes = vec![0; 6];
    bytes.extend(utf16(key));
    for part in [value]
        .into_iter()
        .chain(children.iter().map(Vec::as_slice))
    {
        if !part.is_empty() {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes.extend(part);
        }
    }
    let length = u16::try_from(bytes.len()).unwrap();
    put(&mut bytes, 0, &length.to_le_bytes());
    put(
        &mut bytes,
        2,
        &u16::try_from(value_length).unwrap().to_le_bytes(),
    );
    put(&mut bytes, 4, &is_text.to_le_bytes());
    bytes
}

/// Returns facts of an XP as the registry would give them.
pub(crate) fn facts_of_xp(service_pack: u32, definitions: &str) -> InstallationFacts {
    let windows = WindowsPath::parse("\\WINDOWS", None).unwrap();
    let engine = "\\Program Files\\Common Files\\McAfee\\Engine";
    InstallationFacts {
        health: WindowsHealth::default(),
        installation: Installation {
            folders: Folders::defaults(windows).unwrap(),
            version: Some(WindowsVersion {
                family: Some("xp"),
                number: "5.1".into(),
                build: "2600".into(),
                product_name: "Microsoft Windows XP".into(),
                service_pack: Some(service_pack),
            }),
            architecture: Some(PeMachine::I386),
            computer: Some("PC1".into()),
            language: Some("French".into()),
            protected_copies: None,
            installation_sources: Vec::new(),
            drives: Vec::new(),
            time_zone: None,
            problems: Vec::new(),
        },
        products: vec![InstalledProduct {
            product: &ALL_PRODUCTS[0],
            name: "VirusScan Enterprise 8.7.0.570".into(),
            version: Some("8.7.0.570".into()),
            definitions: Some(definitions.into()),
            definitions_date: None,
            engine: None,
            definitions_folder: Ok(WindowsPath::parse(engine, None).unwrap()),
            quarantine_folders: Vec::new(),
            evidence: vec![format!("AVDatVersion is {definitions}")],
        }],
        product_problems: Vec::new(),
    }
}

/// The members of DAT 5959 as the stick carries them.
pub(crate) fn dat_5959() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("avvclean.dat", b"clean 5959".to_vec()),
        ("avvnames.dat", b"names 5959".repeat(50)),
        ("avvscan.dat", b"scan 5959 ".repeat(20_000)),
    ]
}

pub(crate) fn make_zip(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn set_of(version: &str, members: &[(&str, Vec<u8>)]) -> DefinitionsSet {
    DefinitionsSet {
        version: version.into(),
        package: "mendkit/definitions/mcafee-dat/avvdat-5959.zip".into(),
        members: members
            .iter()
            .map(|(name, content)| DefinitionsMember {
                name: (*name).into(),
                size: u64::try_from(content.len()).unwrap(),
                sha256: Sha256Digest::of(content),
            })
            .collect(),
    }
}

/// Makes a signed stick below `root` whose job promises `promised` and whose package holds `packed`.
pub(crate) fn make_stick(
    root: &Path,
    promised: &[(&str, Vec<u8>)],
    packed: &[u8],
    kit: &[(&str, &[u8])],
) -> Stick {
    let remedy = Remedy::built_in("mcafee-5958").unwrap();
    make_stick_for(root, &[remedy], promised, packed, kit)
}

/// Makes a signed stick as [`make_stick`] does, with the remedies of these texts.
pub(crate) fn make_stick_for(
    root: &Path,
    remedies: &[&str],
    promised: &[(&str, Vec<u8>)],
    packed: &[u8],
    kit: &[(&str, &[u8])],
) -> Stick {
    let set = set_of("5959.0000", promised);
    let mut files = vec![(set.package.clone(), packed.to_vec())];
    let mut ids = Vec::new();
    for text in remedies {
        let id = Remedy::parse(text).unwrap().id;
        let path = format!("{}/{id}.toml", paths::REMEDIES);
        files.push((path, text.as_bytes().to_vec()));
        ids.push(id);
    }
    let mut kit_files = Vec::new();
    for (index, (name, content)) in kit.iter().enumerate() {
        let path = format!("mendkit/files/{index}-{name}");
        files.push((path.clone(), content.to_vec()));
        let sha256 = Sha256Digest::of(content);
        kit_files.push(KitFile {
            path,
            name: (*name).into(),
            sha256,
        });
    }
    let job = Job {
        schema: JOB_SCHEMA,
        title: "McAfee DAT 5958 (svchost.exe)".into(),
        date: "2010-04-22".into(),
        mode: Mode::Confirm,
        finish: Finish::Ask,
        languages: vec!["en".into()],
        remedies: ids,
        definitions: [("mcafee-dat".to_owned(), set)].into(),
        files: kit_files,
        visit: rescue_stick::report::VisitFacts::default(),
        ask_visit: false,
    };
    files.push((paths::JOB.to_owned(), job.to_text().into_bytes()));
    let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let key = PublicKey::parse(&pair.pk.to_base64()).unwrap();
    files.push((paths::PUBLIC_KEY.to_owned(), key.to_file().into_bytes()));
    let mut manifest = Manifest::default();
    for (path, content) in files {
        let at = root.join(&path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, &content).unwrap();
        manifest.insert(path, Sha256Digest::of(&content));
    }
    let text = manifest.to_text();
    let signature = minisign::sign(None, &pair.sk, text.as_bytes(), None, None).unwrap();
    fs::write(root.join(paths::MANIFEST), &text).unwrap();
    fs::write(root.join(paths::MANIFEST_SIGNATURE), signature.to_string()).unwrap();
    Stick::prove(root, &key, &mut |_| {}).unwrap()
}

/// A Windows XP to be made, with McAfee on it.
pub(crate) struct Xp {
    /// Windows folder, with `/`.
    pub(crate) windows: &'static str,
    /// Name of system32 on the volume.
    pub(crate) system32: &'static str,
    pub(crate) service_pack: &'static str,
    pub(crate) dat: u32,
    /// Engine folder, with `/`.
    pub(crate) engine: &'static str,
    pub(crate) computer: &'static str,
    pub(crate) dllcache_value: Option<&'static str>,
    /// Further texts of the hive SOFTWARE: key, name, value.
    pub(crate) more_texts: &'static [(&'static str, &'static str, &'static str)],
}

pub(crate) const XP_SP3: Xp = Xp {
    windows: "WINDOWS",
    system32: "system32",
    service_pack: "Service Pack 3",
    dat: 5958,
    engine: "Program Files/Common Files/McAfee/Engine",
    computer: "PC1",
    dllcache_value: None,
    more_texts: &[],
};

impl Xp {
    /// Writes the tree below `root`: svchost.exe missing, no candidates, DAT 5958 in place.
    pub(crate) fn write(&self, root: &Path) {
        let system32 = root.join(self.windows).join(self.system32);
        fs::create_dir_all(system32.join("config")).unwrap();
        fs::write(system32.join("config/software"), self.software()).unwrap();
        fs::write(system32.join("config/system"), self.system()).unwrap();
        let lsass = PeRecipe {
            original_name: "lsass.exe",
            ..SVCHOST_SP3
        };
        fs::write(system32.join("lsass.exe"), lsass.build()).unwrap();
        let engine = root.join(self.engine);
        fs::create_dir_all(&engine).unwrap();
        for (name, content) in [
            ("avvclean.dat", "clean 5958"),
            ("avvnames.dat", "names 5958"),
            ("avvscan.dat", "scan 5958"),
            ("mcscan32.dll", "engine"),
        ] {
            fs::write(engine.join(name), content).unwrap();
        }
    }

    fn software(&self) -> Vec<u8> {
        let mut hive = HiveBuilder::with_version(1, 3).unwrap();
        let version = "Microsoft\\Windows NT\\CurrentVersion";
        let winlogon = "Microsoft\\Windows NT\\CurrentVersion\\Winlogon";
        let current = "Microsoft\\Windows\\CurrentVersion";
        let engine = "McAfee\\AVEngine";
        let product = "McAfee\\DesktopProtection";
        for key in [version, winlogon, current, engine, product] {
            hive.create_key(key).unwrap();
        }
        let windows = format!("C:\\{}", self.windows.replace('/', "\\"));
        let folder = format!("C:\\{}\\", self.engine.replace('/', "\\"));
        let texts = [
            (version, "ProductName", "Microsoft Windows XP"),
            (version, "CurrentVersion", "5.1"),
            (version, "CurrentBuildNumber", "2600"),
            (version, "CSDVersion", self.service_pack),
            (version, "SystemRoot", &windows),
            (current, "ProgramFilesDir", "C:\\Program Files"),
            (engine, "DAT", &folder),
            (engine, "AVDatDate", "2010/04/21"),
            (product, "Product", "VirusScan Enterprise"),
            (product, "szProductVer", "8.7.0.570"),
        ];
        let cache = self
            .dllcache_value
            .map(|value| (winlogon, "SFCDllCacheDir", value));
        for (key, name, value) in texts.into_iter().chain(cache) {
            if !value.is_empty() {
                hive.add_value_string(key, Some(name), value).unwrap();
            }
        }
        for (key, name, value) in self.more_texts {
            hive.create_key(key).unwrap();
            hive.add_value_string(key, Some(name), value).unwrap();
        }
        for (name, value) in [
            ("AVDatVersion", self.dat),
            ("AVDatVersionMinor", 0),
            ("EngineVersionMajor", 5400),
            ("EngineVersionMinor", 1158),
        ] {
            hive.add_value_dword(engine, Some(name), value).unwrap();
        }
        hive.to_bytes().unwrap()
    }

    fn system(&self) -> Vec<u8> {
        let mut hive = HiveBuilder::with_version(1, 3).unwrap();
        let name = "ControlSet002\\Control\\ComputerName\\ComputerName";
        let language = "ControlSet002\\Control\\Nls\\Language";
        for key in ["Select", name, language] {
            hive.create_key(key).unwrap();
        }
        hive.add_value_dword("Select", Some("Current"), 2).unwrap();
        hive.add_value_string(name, Some("ComputerName"), self.computer)
            .unwrap();
        hive.add_value_string(language, Some("InstallLanguage"), "040c")
            .unwrap();
        hive.to_bytes().unwrap()
    }
}

/// A Windows 10 to be made, with a service called `AvDrv` in two control sets.
pub(crate) struct Ten {
    pub(crate) windows: &'static str,
    pub(crate) computer: &'static str,
}

pub(crate) const WINDOWS_10: Ten = Ten {
    windows: "Windows",
    computer: "DESKTOP-291",
};

impl Ten {
    /// Writes the tree below `root`.
    pub(crate) fn write(&self, root: &Path) {
        let system32 = root.join(self.windows).join("System32");
        fs::create_dir_all(system32.join("config")).unwrap();
        fs::create_dir_all(system32.join("drivers/CrowdStrike")).unwrap();
        fs::write(system32.join("config/SOFTWARE"), self.software()).unwrap();
        fs::write(system32.join("config/SYSTEM"), self.system()).unwrap();
        let lsass = PeRecipe {
            machine: PeMachine::AMD64,
            version: [10, 0, 19041, 1],
            original_name: "lsass.exe",
            ..SVCHOST_SP3
        };
        fs::write(system32.join("lsass.exe"), lsass.build()).unwrap();
    }

    fn software(&self) -> Vec<u8> {
        let mut hive = HiveBuilder::with_version(1, 5).unwrap();
        let version = "Microsoft\\Windows NT\\CurrentVersion";
        let rule = "Policies\\Microsoft\\Windows Defender\\ASR\\Rules";
        for key in [version, rule, "Wow6432Node\\Vendor\\Product"] {
            hive.create_key(key).unwrap();
        }
        let root = format!("C:\\{}", self.windows);
        for (name, value) in [
            ("ProductName", "Windows 10 Pro"),
            ("CurrentVersion", "6.3"),
            ("CurrentBuildNumber", "19045"),
            ("SystemRoot", &root),
        ] {
            hive.add_value_string(version, Some(name), value).unwrap();
        }
        hive.add_value_dword(version, Some("CurrentMajorVersionNumber"), 10)
            .unwrap();
        hive.add_value_string(rule, Some("92e97fa1"), "1").unwrap();
        let vendor = "Wow6432Node\\Vendor\\Product";
        hive.add_value_dword(vendor, Some("Definitions"), 3292)
            .unwrap();
        hive.to_bytes().unwrap()
    }

    fn system(&self) -> Vec<u8> {
        let mut hive = HiveBuilder::with_version(1, 5).unwrap();
        hive.create_key("Select").unwrap();
        for (name, number) in [("Current", 1), ("LastKnownGood", 2)] {
            hive.add_value_dword("Select", Some(name), number).unwrap();
        }
        for set in ["ControlSet001", "ControlSet002"] {
            let name = format!("{set}\\Control\\ComputerName\\ComputerName");
            let service = format!("{set}\\Services\\AvDrv");
            hive.create_key(&name).unwrap();
            hive.create_key(&service).unwrap();
            hive.add_value_string(&name, Some("ComputerName"), self.computer)
                .unwrap();
            hive.add_value_dword(&service, Some("Start"), 1).unwrap();
        }
        hive.to_bytes().unwrap()
    }
}
