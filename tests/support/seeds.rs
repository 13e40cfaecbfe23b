//! Good files of every format that is fuzzed: where libFuzzer begins. Small, real, and the same each time but for
//! what another's packer does.

use std::io::{Cursor, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use fuzz::{FIT_CHECKSUMS, FIT_COPIES, SparseDisk};
use mendkit::disk::identity::DiskIdentity;
use mendkit::disk::layout::{ALL_LAYOUTS, Layout};
use mendkit::fat32::timestamp::FatTimestamp;
use mendkit::image::write_image;
use mendkit::lba::ByteSize;
use mendkit::parts::lock::Lock;
use mendkit::plan::{BootCode, Content, ImageContents, ImageFile, plan_image};
use regf::{DataType, HiveBuilder, KeyTreeNode, KeyTreeValue};
use rescue_stick::digest::Sha256Digest;
use rescue_stick::journal::{BODIES_OFFSET, CommitEntry, CommitState, JournalHead, VolumeIdentity};
use rescue_stick::manifest::Manifest;
use rescue_stick::remedy::BUILT_IN_REMEDIES;
use zeroize::Zeroizing;
use zip::unstable::write::FileOptionsExt as _;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::bitlocker::{LockSpec, Protector, metadata_of, startup_key_file};
use crate::catalog::{CatalogRecipe, ListedFile};
use crate::pe::smallest_amd64;
use crate::tools::{require_tools, run};

/// A good file.
pub struct Seed {
    /// Which reader it is for.
    pub target: &'static str,
    /// What it is, as a file name.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Returns all seeds.
pub fn all_seeds() -> Result<Vec<Seed>> {
    let mut seeds = Vec::new();
    let mut add = |target: &'static str, made: Vec<(&str, Vec<u8>)>| {
        for (name, bytes) in made {
            let name = name.to_owned();
            seeds.push(Seed {
                target,
                name,
                bytes,
            });
        }
    };
    add("recipe", recipes());
    add("lock", vec![("three-parts.lock", lock()?)]);
    add("manifest", vec![("SHA256SUMS", manifest())]);
    add("signature", signatures());
    add("definitions", definitions()?);
    add("deb", packages()?);
    add("gpt", disks(FIT_CHECKSUMS, &ALL_LAYOUTS)?);
    add("fat", disks(FIT_CHECKSUMS | FIT_COPIES, &[Layout::Mbr])?);
    add("hive", hives()?);
    add("catalog", catalogs()?);
    add("program", vec![("smallest.exe", smallest_amd64())]);
    add("volume", volumes());
    add("bitlocker", locked()?);
    add("answers", vec![("ata", answers()), ("nvme", vec![0; 512])]);
    add("report", fixtures(&["report-1.json", "report-2.json"])?);
    add("keys", keys()?);
    add("journal", journals()?);
    add("remedy", remedies());
    add(
        "identity",
        fixtures(&[
            "identity-1.bin",
            "head-1.bin",
            "summary-1.txt",
            "undo-1.json",
        ])?,
    );
    Ok(seeds)
}

/// Writes all seeds into a folder for each target.
pub fn write_seeds(folder: &Path) -> Result<usize> {
    let seeds = all_seeds()?;
    for seed in &seeds {
        let folder = folder.join(seed.target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(&seed.name), &seed.bytes)?;
    }
    Ok(seeds.len())
}

fn fixtures(names: &[&'static str]) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../payload/rescue-stick/fixtures");
    let read = names
        .iter()
        .map(|name| Ok((*name, fs::read(folder.join(name))?)));
    read.collect()
}

fn recipes() -> Vec<(&'static str, Vec<u8>)> {
    let every_key = r#"title = "McAfee DAT 5958 (svchost.exe)"
date = "2010-04-22"
remedies = ["mcafee-5958", "own/other.toml"]
mode = "confirm"
finish = "ask"
languages = ["fr", "en"]
[definitions.mcafee-dat]
zip = "inputs/avvdat-5959.zip"
[definitions.extra]
extra-dat = "inputs/EXTRA.ZIP"
password = "infected"
[[files]]
path = "inputs/svchost.exe"
sha256 = "2910ebc692d833d949bfd56059e8106d324a276d5f165f874f3fb1b6c613cdd5"
[visit]
technician = "Anna"
site = "Dépôt 3"
ticket = "T-1"
ask = true
[keys]
bundle = "keys.age"
[boot]
firmware = ["bios", "uefi-x64", "uefi-ia32"]
layout = "gpt"
arguments = ["panic=5"]
menu-seconds = 5
[signing]
key = "release.key"
"#;
    let least = "title = \"x\"\nremedies = [\"a\"]\nsigning = { key = \"k\" }\n";
    vec![
        ("every-key.toml", every_key.into()),
        ("least.toml", least.into()),
    ]
}

fn lock() -> Result<Vec<u8>> {
    let parts = Lock::of_release()?.parts;
    let some = parts.into_iter().take(3).collect();
    Ok(Lock::new(some)?.format()?.into_bytes())
}

fn manifest() -> Vec<u8> {
    let mut manifest = Manifest::default();
    for path in [
        "EFI/BOOT/BOOTX64.EFI",
        "boot/vmlinuz64",
        "mendkit/files/été.dat",
    ] {
        manifest.insert(path.to_owned(), Sha256Digest::of(path.as_bytes()));
    }
    manifest.to_text().into_bytes()
}

fn signatures() -> Vec<(&'static str, Vec<u8>)> {
    let (key, signature) = (fuzz::TEST_KEY, fuzz::TEST_SIGNATURE);
    vec![
        ("signature.minisig", signature.into()),
        ("key-and-signature", format!("{key}\0{signature}").into()),
    ]
}

fn zip_of(members: &[(&str, &[u8])], options: SimpleFileOptions) -> Result<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, options)?;
        writer.write_all(content)?;
    }
    Ok(writer.finish()?.into_inner())
}

fn definitions() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let plain = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    let stored = plain.compression_method(CompressionMethod::Stored);
    let extra: [(&str, &[u8]); 1] = [("EXTRA.DAT", b"definitions")];
    let members: [(&str, &[u8]); 4] = [
        ("avvscan.dat", b"signatures signatures signatures"),
        ("avvnames.dat", b"names"),
        ("avvclean.dat", b"repair"),
        ("legal.txt", b"text"),
    ];
    Ok(vec![
        ("avvdat.zip", zip_of(&members, plain)?),
        ("stored.zip", zip_of(&members, stored)?),
        ("extra.zip", zip_of(&extra, plain)?),
        (
            "locked.zip",
            zip_of(&extra, plain.with_deprecated_encryption(b"infected")?)?,
        ),
        ("avvdat.ini", fuzz::description_of_definitions()),
        ("EXTRA.DAT", b"definitions".to_vec()),
    ])
}

/// Packages as Debian's own packer makes them. What no reader here takes is among them.
fn packages() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let mut made = vec![("archive.tar", tar())];
    if require_tools(&["dpkg-deb"]) {
        let folder = tempfile::tempdir()?;
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("DEBIAN"))?;
        fs::write(root.join("DEBIAN/control"), CONTROL)?;
        fs::create_dir_all(root.join("boot"))?;
        fs::write(root.join("boot/vmlinuz"), "kernel")?;
        for (packer, name) in [
            ("-Zxz", "xz.deb"),
            ("-Zzstd", "zstd.deb"),
            ("-Zgzip", "gzip.deb"),
        ] {
            let package = folder.path().join(name);
            let arguments = [
                packer.as_ref(),
                "--root-owner-group".as_ref(),
                "-b".as_ref(),
            ];
            run(
                "dpkg-deb",
                &[&arguments[..], &[root.as_os_str(), package.as_os_str()]].concat(),
            )?;
            made.push((name, fs::read(&package)?));
        }
    }
    Ok(made)
}

const CONTROL: &str =
    "Package: x\nVersion: 1:2-3\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n long\n";

/// A tar with a file, a folder, links, and a name that takes an entry of its own. Source: tar(5).
fn tar() -> Vec<u8> {
    let mut tar = Vec::new();
    let long = format!("./lib/{}", "n".repeat(120));
    for (name, kind, link, content) in [
        ("./", b'5', "", ""),
        ("./control", b'0', "", CONTROL),
        ("./lib/ld.so", b'2', "i386/ld.so", ""),
        ("././@LongLink", b'L', "", long.as_str()),
        ("./lib/nnnn", b'0', "", "long"),
    ] {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[136..148].copy_from_slice(b"00000000000\0");
        header[156] = kind;
        header[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header[257..265].copy_from_slice(b"ustar  \0");
        tar.extend(header);
        tar.extend(content.as_bytes());
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

/// Images with a few files, as the sectors that are not all zeros.
fn disks(fit: u8, layouts: &[Layout]) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let file = |path: &str, bytes: Vec<u8>| ImageFile {
        path: path.to_owned(),
        size: ByteSize(u64::try_from(bytes.len()).unwrap_or(0)),
        sha256: Sha256Digest::of(&bytes),
        content: Content::Bytes(bytes),
        origin: "seed".to_owned(),
    };
    let mut made = Vec::new();
    for layout in layouts {
        let mut boot_code = BootCode {
            mbr: [0; 440],
            core: Vec::new(),
        };
        if layout.has_gpt() {
            boot_code.mbr[..2].copy_from_slice(&[0xeb, 0x63]);
            boot_code.mbr[0x5c..0x64].copy_from_slice(&34_u64.to_le_bytes());
            boot_code.core = vec![0; 1024];
            boot_code.core[0x1f4..0x1fc].copy_from_slice(&35_u64.to_le_bytes());
            boot_code.core[0x1fc] = 1;
        }
        let files = vec![
            file("SHA256SUMS", manifest()),
            file("a/été à Genève.txt", vec![b'x'; 700]),
            file("a/b/empty", Vec::new()),
        ];
        let plan = plan_image(ImageContents {
            files,
            reserved: Vec::new(),
            folders: vec!["reports".to_owned()],
            report_space: ByteSize(0),
            boot_code,
            identity: DiskIdentity::derive(Sha256Digest::of(b"seed"), *layout),
            timestamp: FatTimestamp::from_unix_seconds(1_271_930_645)?,
        })?;
        let mut image = Cursor::new(vec![0; usize::try_from(plan.size().0)?]);
        write_image(&plan, &mut image, &mut |_| ())?;
        let name = match layout {
            Layout::Hybrid => "hybrid",
            Layout::Gpt => "gpt",
            Layout::Mbr => "mbr",
        };
        made.push((name, SparseDisk::describe(image.get_ref(), fit)));
    }
    Ok(made)
}

/// Registry files by another's writer, small.
fn hives() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let mut root = KeyTreeNode::new("SOFTWARE");
    let text = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let key = root.get_or_create_path("Microsoft\\Windows NT\\CurrentVersion");
    for (name, data_type, data) in [
        ("ProductName", DataType::String, text("Windows XP\0")),
        ("Number", DataType::Dword, vec![1, 0, 0, 0]),
    ] {
        key.values.push(KeyTreeValue {
            name: name.to_owned(),
            data_type,
            data,
        });
    }
    let mut hive = HiveBuilder::from_tree_with_version(root, 1, 5)
        .and_then(|mut builder| builder.build())
        .context("building a hive")?;
    // The writer's clock.
    hive[12..20].fill(0);
    Ok(vec![("software", hive)])
}

fn catalogs() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let files = || {
        vec![ListedFile {
            name: "setup.inf".to_owned(),
            content: b"[Version]\r\n".to_vec(),
        }]
    };
    Ok(vec![
        ("xp.cat", CatalogRecipe::windows_xp(files()).build()?),
        (
            "windows-11.cat",
            CatalogRecipe::windows_11(files()).build()?,
        ),
    ])
}

/// First sectors of volumes and disks: partition tables, FAT32.
fn volumes() -> Vec<(&'static str, Vec<u8>)> {
    let mut mbr = vec![0; 1024];
    mbr[446 + 4] = 0x07;
    mbr[446 + 8..446 + 16].copy_from_slice(&[63, 0, 0, 0, 0, 8, 0, 0]);
    mbr[462 + 4] = 0x0F;
    mbr[462 + 8..462 + 16].copy_from_slice(&[1, 0, 0, 0, 0, 8, 0, 0]);
    mbr[510..512].copy_from_slice(&[0x55, 0xAA]);
    let second = mbr[446..512].to_vec();
    mbr[512 + 446..].copy_from_slice(&second);
    let mut gpt = vec![0; 1536];
    gpt[446 + 4] = 0xEE;
    gpt[510..512].copy_from_slice(&[0x55, 0xAA]);
    gpt[512..520].copy_from_slice(b"EFI PART");
    gpt[584] = 2;
    gpt[592..600].copy_from_slice(&[4, 0, 0, 0, 128, 0, 0, 0]);
    // PARTITION_BASIC_DATA_GUID.
    gpt[1024..1040].copy_from_slice(&[
        0xa2, 0xa0, 0xd0, 0xeb, 0xe5, 0xb9, 0x33, 0x44, 0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26, 0x99,
        0xc7,
    ]);
    gpt[1056] = 63;
    gpt[1064..1066].copy_from_slice(&[0, 8]);
    let mut ntfs = vec![0; 512];
    ntfs[..11].copy_from_slice(b"\xEB\x52\x90NTFS    ");
    ntfs[11..14].copy_from_slice(&[0, 2, 8]);
    ntfs[21] = 0xF8;
    ntfs[40..44].copy_from_slice(&[0xFF, 0xFF, 1, 0]);
    ntfs[48] = 4;
    ntfs[56] = 2;
    ntfs[64] = 0xF6;
    ntfs[68] = 1;
    ntfs[510..].copy_from_slice(&[0x55, 0xAA]);
    let mut fat = vec![0; 1024];
    fat[..11].copy_from_slice(b"\xEB\x58\x90MSDOS5.0");
    fat[11..17].copy_from_slice(&[0, 2, 1, 32, 0, 2]);
    fat[21] = 0xF8;
    fat[32..36].copy_from_slice(&[0, 0, 2, 0]);
    fat[36..40].copy_from_slice(&[0xF0, 3, 0, 0]);
    fat[44] = 2;
    fat[48..52].copy_from_slice(&[1, 0, 6, 0]);
    fat[82..90].copy_from_slice(b"FAT32   ");
    fat[510..512].copy_from_slice(&[0x55, 0xAA]);
    vec![("mbr", mbr), ("gpt", gpt), ("ntfs", ntfs), ("fat32", fat)]
}

fn locked() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let every = [
        Protector::Tpm,
        Protector::RecoveryPassword,
        Protector::StartupKey,
    ];
    Ok(vec![
        ("every-protector", metadata_of(&LockSpec::with(&every))?),
        (
            "suspended",
            metadata_of(&LockSpec::with(&[Protector::ClearKey]))?,
        ),
        ("startup.bek", startup_key_file()?.1),
    ])
}

/// IDENTIFY DEVICE with SMART switched on, one attribute, and the sense data of a disk that is well. Source:
/// ACS-2, 7.12 and 7.53. Then what the kernel says of processor, Secure Boot and DMI.
fn answers() -> Vec<u8> {
    let mut answers = vec![0; 1024];
    answers[164] = 1;
    answers[170] = 1;
    answers[512..514].copy_from_slice(&[16, 0]);
    answers[514..526].copy_from_slice(&[5, 0x33, 0, 100, 100, 7, 0, 0, 0, 0, 0, 0]);
    answers.extend([
        0x72, 1, 0, 0x1D, 0, 0, 0, 14, 9, 12, 0, 0, 0, 0, 0, 0x4F, 0, 0xC2, 0, 0x50,
    ]);
    answers.resize(1056, 0);
    answers.extend(b"processor\t: 0\nmodel name\t: Pentium II\n\0\x06\x01\x01\x01\x01\0");
    answers.extend(b"A03\x002009-02-17\0Dell Inc.\x000M858N\0To Be Filled By O.E.M.\0");
    answers
}

fn keys() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let chance = rescue_stick::age_file::Chance {
        file_key: Zeroizing::new([1; 16]),
        salt: [2; 16],
        nonce: [3; 16],
    };
    let bundle = fixtures(&["key-bundle-1.json"])?;
    let sealed = rescue_stick::age_file::seal(&bundle[0].1, "passphrase", 1, &chance)?;
    let list = format!(
        "Computer,KeyProtectorId,RecoveryPassword\r\nPC-1,{},{}\r\n",
        crate::bitlocker::RECOVERY_ID,
        crate::bitlocker::RECOVERY_PASSWORD
    );
    let wide = "\u{feff}".to_owned() + &list;
    let wide = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
    Ok([
        bundle,
        vec![
            ("bundle.age", sealed),
            ("list.csv", list.into()),
            ("wide.csv", wide),
        ],
    ]
    .concat())
}

fn journals() -> Result<Vec<(&'static str, Vec<u8>)>> {
    // A block of one sector that was all zeros, and two sectors filled.
    let block = [
        &b"MJRC"[..],
        &1_u32.to_le_bytes(),
        &512_u64.to_le_bytes(),
        &512_u64.to_le_bytes(),
    ]
    .concat();
    let fill = [
        &b"MJRC"[..],
        &2_u32.to_le_bytes(),
        &2048_u64.to_le_bytes(),
        &1024_u64.to_le_bytes(),
    ]
    .concat();
    let body = [
        &block[..],
        &[0; 40 + 512],
        &[7; 512],
        &fill,
        &[0xFF],
        &[0; 39],
    ]
    .concat();
    let entry = |state| -> Result<CommitEntry> {
        Ok(CommitEntry {
            run: "20100422T101500Z-PC1".to_owned(),
            computer: "PC1".to_owned(),
            volume: VolumeIdentity {
                disk_model: "ST3160815AS".to_owned(),
                disk_serial: "6RX1".to_owned(),
                start: 32_256,
                length: 1 << 20,
                serial: 0xDEAD_BEEF,
            },
            state,
            body_offset: BODIES_OFFSET,
            body_length: u64::try_from(body.len())?,
            body_digest: Sha256Digest::of(&body),
        })
    };
    let head = JournalHead {
        id: [7; 16],
        generation: 3,
        commits: vec![entry(CommitState::Done)?, entry(CommitState::Prepared)?],
    };
    let slot = head.to_slot();
    ensure!(
        slot.len() * 2 == usize::try_from(BODIES_OFFSET)?,
        "two slots"
    );
    Ok(vec![("two-commits", [slot.clone(), slot, body].concat())])
}

fn remedies() -> Vec<(&'static str, Vec<u8>)> {
    let built_in = BUILT_IN_REMEDIES.iter();
    built_in
        .map(|(id, text)| (*id, text.as_bytes().to_vec()))
        .collect()
}
