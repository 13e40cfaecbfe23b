//! Locks a volume of a simulated PC as BitLocker of Windows 7 and later does: metadata in three files of the
//! volume, keys under protectors, every sector encrypted by AES-XTS with 128 bits.
//!
//! Written from the format's description, without the reader that is judged by it; whether it is right, Debian's
//! `dislocker` and `cryptsetup` say.

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use aes::{Aes128, Aes256};
use anyhow::{Context as _, Result, ensure};
use ccm::Ccm;
use ccm::aead::AeadInOut as _;
use ccm::consts::{U12, U16};
use fs_err as fs;
use rescue_stick::guid::Guid;
use rescue_stick::recovery_password::RecoveryPassword;
use sha2::{Digest as _, Sha256};

use crate::afflict::{change_files, places_of};
use crate::broken_pc::MadeVolume;
use crate::inspect::Volume;

/// The recovery password of every volume that has one.
pub const RECOVERY_PASSWORD: &str = "235818-357951-253979-013365-241120-245575-342914-591910";
/// Id of its protector.
pub const RECOVERY_ID: Guid = Guid([
    0xea, 0x1d, 0x31, 0x64, 0x87, 0x45, 0x29, 0x40, 0x92, 0x4a, 0xba, 0x29, 0x96, 0x47, 0x99, 0x8e,
]);
/// Id of the protector whose key is in a file.
pub const STARTUP_ID: Guid = Guid([
    0x59, 0xf7, 0x81, 0x43, 0xf8, 0xc4, 0xe0, 0x4d, 0xbb, 0x61, 0xfc, 0x33, 0xa8, 0x31, 0xbd, 0xa5,
]);

const SECTOR: usize = 512;
const BLOCK: usize = 64 << 10;
/// First sectors that are moved.
const MOVED: usize = 8192;
const SALT: [u8; 16] = *b"salt of the test";
const ROUNDS: u64 = 0x10_0000;
/// AES-XTS with 128 bits. Source: libbde, BitLocker Drive Encryption format, 4.3.
const METHOD: u16 = 0x8004;
/// 4967D63B-2E29-4AD8-8399-F6A339E3D001. Source: libbde, 3.
const KIND: [u8; 16] = [
    0x3b, 0xd6, 0x67, 0x49, 0x29, 0x2e, 0xd8, 0x4a, 0x83, 0x99, 0xf6, 0xa3, 0x39, 0xe3, 0xd0, 0x01,
];

/// A way in which a volume's key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protector {
    /// Under [`RECOVERY_PASSWORD`].
    RecoveryPassword,
    /// In a file, [`startup_key_file`].
    StartupKey,
    /// In the clear: protection is suspended.
    ClearKey,
    /// In the PC's TPM, which nobody here has.
    Tpm,
}

/// How a volume is locked.
#[derive(Clone, Debug)]
pub struct LockSpec {
    /// Its protectors.
    pub protectors: Vec<Protector>,
    /// State of encryption, now and next; 4 is encrypted.
    pub state: (u16, u16),
}

impl LockSpec {
    /// As most PCs are: by TPM and recovery password.
    pub fn usual() -> Self {
        Self::with(&[Protector::Tpm, Protector::RecoveryPassword])
    }

    /// By these protectors.
    pub fn with(protectors: &[Protector]) -> Self {
        Self {
            protectors: protectors.to_vec(),
            state: (4, 4),
        }
    }
}

/// The secrets of a locked volume: none of them may ever be seen outside of it.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The key of the sectors.
    pub volume_key: [u8; 32],
    /// The key of that key.
    pub master_key: [u8; 32],
    /// The key in the file.
    pub startup_key: [u8; 32],
    /// What the recovery password stands for.
    pub recovery_key: [u8; 16],
    /// What it is stretched to.
    pub stretched_key: [u8; 32],
}

impl Secrets {
    fn new() -> Result<Self> {
        let password = RecoveryPassword::parse(RECOVERY_PASSWORD)?;
        let key = |label: &str| <[u8; 32]>::from(Sha256::digest(label));
        Ok(Self {
            volume_key: key("volume key of the test"),
            master_key: key("master key of the test"),
            startup_key: key("startup key of the test"),
            recovery_key: *password.to_key(),
            stretched_key: stretch(&*password.to_key()),
        })
    }
}

fn stretch(password: &[u8]) -> [u8; 32] {
    let first: [u8; 32] = Sha256::digest(password).into();
    let mut last = [0; 32];
    for count in 0..ROUNDS {
        let rounds = Sha256::new_with_prefix(last)
            .chain_update(first)
            .chain_update(SALT)
            .chain_update(count.to_le_bytes());
        last = rounds.finalize().into();
    }
    last
}

/// A volume that was locked.
pub struct LockedVolume {
    /// Its secrets.
    pub secrets: Secrets,
    disk: PathBuf,
    offset: u64,
    moved: u64,
    xts: Xts,
}

impl LockedVolume {
    /// Writes whole sectors of the unlocked volume, encrypted, to where they lie on the disk.
    pub fn write(&self, offset: u64, plain: &[u8]) -> Result<()> {
        let disk = fs::OpenOptions::new()
            .write(true)
            .open(&self.disk)?
            .into_file();
        let sector_length = u64::try_from(SECTOR)?;
        for (sector, plain) in (offset / sector_length..).zip(plain.chunks_exact(SECTOR)) {
            let at = sector * sector_length;
            let place = if at < u64::try_from(MOVED)? {
                self.moved + at
            } else {
                at
            };
            let mut sealed = plain.to_vec();
            self.xts.encrypt(place / sector_length, &mut sealed);
            disk.write_all_at(&sealed, self.offset + place)?;
        }
        Ok(())
    }
}

/// Locks a volume of a disk where it lies.
pub fn lock_volume(disk: &Path, made: &MadeVolume, spec: &LockSpec) -> Result<LockedVolume> {
    let secrets = Secrets::new()?;
    let volume = Volume::of(disk, made)?;
    let places = reserve_places(volume.path())?;
    let mut bytes = fs::read(volume.path())?;
    let moved = places[0] + BLOCK;
    let key = secrets.volume_key;
    let xts = Xts::new(&key);
    let head = bytes[..MOVED].to_vec();
    for (number, sector) in (0_u64..).zip(bytes.chunks_exact_mut(SECTOR)) {
        xts.encrypt(number, sector);
    }
    let mut head = head;
    for (number, sector) in (u64::try_from(moved / SECTOR)?..).zip(head.chunks_exact_mut(SECTOR)) {
        xts.encrypt(number, sector);
    }
    bytes[moved..moved + MOVED].copy_from_slice(&head);
    let block = metadata_block(spec, &secrets, &places, bytes.len())?;
    for place in places {
        bytes[place..place + BLOCK].copy_from_slice(&block);
    }
    bytes[..SECTOR].copy_from_slice(&first_sector(&places)?);
    let file = fs::OpenOptions::new().write(true).open(disk)?.into_file();
    file.write_all_at(&bytes, made.offset)?;
    file.sync_all()?;
    Ok(LockedVolume {
        secrets,
        disk: disk.to_owned(),
        offset: made.offset,
        moved: u64::try_from(moved)?,
        xts,
    })
}

/// Returns the first sector of a volume locked so, and one copy of its metadata, without the zeros behind it.
pub fn metadata_of(spec: &LockSpec) -> Result<Vec<u8>> {
    let places = [BLOCK, 4 * BLOCK, 8 * BLOCK];
    let mut bytes = first_sector(&places)?.to_vec();
    bytes.extend(metadata_block(spec, &Secrets::new()?, &places, 1 << 26)?);
    let used = bytes.iter().rposition(|byte| *byte != 0);
    bytes.truncate(used.map_or(0, |last| last + 1));
    Ok(bytes)
}

/// Makes the files that Windows keeps the metadata in, and returns where they lie.
fn reserve_places(volume: &Path) -> Result<[usize; 3]> {
    const FOLDER: &str = "System Volume Information";
    let name = |number: usize| format!("FVE2.{{e40ad34d-dae9-4bc7-95bd-b16218c10f72}}.{number}");
    let room = |number: usize| if number == 1 { BLOCK + MOVED } else { BLOCK };
    change_files(volume, |root| {
        fs::create_dir_all(root.join(FOLDER))?;
        for number in 1..=3 {
            fs::write(
                root.join(FOLDER).join(name(number)),
                vec![0xFE; room(number)],
            )?;
        }
        Ok(())
    })?;
    let mut places = [0; 3];
    for (number, place) in (1..).zip(&mut places) {
        let path = format!("{FOLDER}/{}", name(number));
        let found = places_of(volume, &path)?;
        let first = found.first().context("the file has no place")?;
        let length = usize::try_from(first.end - first.start)?;
        ensure!(length >= room(number), "{path}: in pieces, {found:?}");
        *place = usize::try_from(first.start)?;
    }
    Ok(places)
}

/// AES-XTS. Source: IEEE 1619, 5.
struct Xts {
    data: Aes128,
    tweak: Aes128,
}

impl Xts {
    fn new(key: &[u8; 32]) -> Self {
        let half = |start: usize| {
            let mut half = [0; 16];
            half.copy_from_slice(&key[start..start + 16]);
            Aes128::new(&half.into())
        };
        Self {
            data: half(0),
            tweak: half(16),
        }
    }

    fn encrypt(&self, number: u64, sector: &mut [u8]) {
        let mut tweak = aes::Block::from(u128::from(number).to_le_bytes());
        self.tweak.encrypt_block(&mut tweak);
        let mut tweak = u128::from_le_bytes(tweak.into());
        for chunk in sector.chunks_exact_mut(16) {
            let mut block = [0; 16];
            block.copy_from_slice(chunk);
            let mut block = aes::Block::from((u128::from_le_bytes(block) ^ tweak).to_le_bytes());
            self.data.encrypt_block(&mut block);
            let sealed = u128::from_le_bytes(block.into()) ^ tweak;
            chunk.copy_from_slice(&sealed.to_le_bytes());
            // Times alpha in GF(2^128). Source: IEEE 1619, 5.2.
            tweak = (tweak << 1) ^ if tweak >> 127 == 1 { 0x87 } else { 0 };
        }
    }
}

fn entry(kind: u16, value: u16, data: &[u8]) -> Result<Vec<u8>> {
    let size = u16::try_from(data.len() + 8)?;
    let head = [size, kind, value, 1].map(u16::to_le_bytes).concat();
    Ok([&head, data].concat())
}

/// Seals a key: its value is of kind 1, key, with a method. Source: libbde, 4.4.6 and 5.4.
fn seal(key: &[u8; 32], content: &[u8], method: u16, nonce: u8) -> Result<Vec<u8>> {
    let inner = [&u32::from(method).to_le_bytes()[..], content].concat();
    let mut content = entry(0, 1, &inner)?;
    let nonce = [nonce; 12];
    let cipher = Ccm::<Aes256, U16, U12>::new(key.into());
    let tag = cipher
        .encrypt_inout_detached(&nonce.into(), &[], content.as_mut_slice().into())
        .map_err(|_| anyhow::anyhow!("a key too long to be sealed"))?;
    Ok([&nonce[..], &tag, &content].concat())
}

fn protector_entry(protector: Protector, secrets: &Secrets) -> Result<Vec<u8>> {
    let master = &secrets.master_key;
    let sealed = |key: &[u8; 32], nonce| entry(0, 5, &seal(key, master, 0x2003, nonce)?);
    let (id, kind, entries) = match protector {
        Protector::RecoveryPassword => {
            // Behind the salt, Windows keeps the password itself under the master key.
            let kept = entry(0, 5, &seal(master, &secrets.recovery_key, 0x2002, 9)?)?;
            let salt = [&0x1000_u32.to_le_bytes()[..], &SALT, &kept].concat();
            let sealed = sealed(&secrets.stretched_key, 2)?;
            (
                RECOVERY_ID,
                0x0800_u16,
                [entry(0, 3, &salt)?, sealed].concat(),
            )
        }
        Protector::StartupKey => {
            let name = entry(0, 2, b"E\0x\0t\0\0\0")?;
            let kept = entry(
                0,
                4,
                &[&[0; 4][..], &seal(master, &[1; 32], 0x2002, 8)?].concat(),
            )?;
            let sealed = sealed(&secrets.startup_key, 3)?;
            (STARTUP_ID, 0x0200, [name, kept, sealed].concat())
        }
        Protector::ClearKey => {
            let key: [u8; 32] = Sha256::digest("clear key of the test").into();
            let clear = entry(0, 1, &[&0x2002_u32.to_le_bytes()[..], &key].concat())?;
            (Guid([0xC1; 16]), 0x0000, [clear, sealed(&key, 4)?].concat())
        }
        Protector::Tpm => {
            let blob = entry(0, 6, &[0x77; 200])?;
            let sealed = sealed(&[0x99; 32], 5)?;
            (Guid([0x7B; 16]), 0x0100, [blob, sealed].concat())
        }
    };
    let data = [&id.0[..], &[0; 10], &kind.to_le_bytes(), &entries].concat();
    entry(2, 8, &data)
}

/// Returns the metadata, by the drawing in libbde, 4.
fn metadata_block(
    spec: &LockSpec,
    secrets: &Secrets,
    places: &[usize; 3],
    volume_length: usize,
) -> Result<Vec<u8>> {
    let description: Vec<u8> = "OPTIPLEX-114 C: 4/22/2010\0"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut entries = entry(7, 2, &description)?;
    for protector in &spec.protectors {
        entries.extend(protector_entry(*protector, secrets)?);
    }
    let volume_key = seal(&secrets.master_key, &secrets.volume_key, METHOD, 1)?;
    entries.extend(entry(3, 5, &volume_key)?);
    let moved = places[0] + BLOCK;
    let range = [moved, MOVED].map(|number| number.to_le_bytes()).concat();
    entries.extend(entry(15, 15, &range)?);
    let used = 112 + entries.len();
    let units = u16::try_from(used.div_ceil(16))?;
    let mut block = b"-FVE-FS-".to_vec();
    block.extend(
        [units, 2, spec.state.0, spec.state.1]
            .map(u16::to_le_bytes)
            .concat(),
    );
    block.extend(u64::try_from(volume_length)?.to_le_bytes());
    block.extend(0_u32.to_le_bytes());
    block.extend(u32::try_from(MOVED / SECTOR)?.to_le_bytes());
    block.extend(places.map(usize::to_le_bytes).concat());
    block.extend(moved.to_le_bytes());
    let size = u32::try_from(48 + entries.len())?;
    block.extend([size, 1, 48, size].map(u32::to_le_bytes).concat());
    block.extend(b"volume of a test");
    block.extend(10_u32.to_le_bytes());
    block.extend([METHOD, METHOD].map(u16::to_le_bytes).concat());
    block.extend(128_000_000_000_000_000_u64.to_le_bytes());
    block.extend(&entries);
    block.resize(usize::from(units) * 16, 0);
    let sum = crc32(&block);
    let rest = u16::try_from(BLOCK - block.len())?;
    block.extend([rest, 2].map(u16::to_le_bytes).concat());
    block.extend(sum.to_le_bytes());
    block.resize(BLOCK, 0);
    Ok(block)
}

/// CRC-32. Source: ISO 3309.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 }
        })
    })
}

fn first_sector(places: &[usize; 3]) -> Result<[u8; SECTOR]> {
    let mut sector = [0; SECTOR];
    sector[..11].copy_from_slice(b"\xEB\x58\x90-FVE-FS-");
    sector[11..13].copy_from_slice(&u16::try_from(SECTOR)?.to_le_bytes());
    sector[13] = 8;
    sector[21] = 0xF8;
    sector[160..176].copy_from_slice(&KIND);
    sector[176..200].copy_from_slice(&places.map(usize::to_le_bytes).concat());
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    Ok(sector)
}

/// Returns the file with the key of [`Protector::StartupKey`], and its name.
pub fn startup_key_file() -> Result<(String, Vec<u8>)> {
    let key = [&0x2002_u32.to_le_bytes()[..], &Secrets::new()?.startup_key].concat();
    let inner = [entry(0, 2, b"E\0x\0t\0\0\0")?, entry(0, 1, &key)?].concat();
    let external = [&STARTUP_ID.0[..], &[0; 8], &inner].concat();
    let entries = entry(6, 9, &external)?;
    let size = u32::try_from(48 + entries.len())?;
    let head = [size, 1, 48, size].map(u32::to_le_bytes).concat();
    let file = [
        &head[..],
        &STARTUP_ID.0,
        &[1, 0, 0, 0, 0, 0, 0, 0],
        &[0; 8],
        &entries,
    ]
    .concat();
    Ok((format!("{STARTUP_ID}.BEK"), file))
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;
    use crate::broken_pc::{PcSpec, WindowsSpec, make_disk};
    use crate::dislocker::{DislockerKey, decrypt_disk};
    use crate::tools::{command, require_ntfs, require_tools};

    #[test]
    fn dislocker_and_cryptsetup_read_what_is_locked_here() {
        if !require_ntfs() || !require_tools(&["dislocker-fuse", "cryptsetup", "ntfscat"]) {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let disk = folder.path().join("pc.img");
        let made = make_disk(&PcSpec::of(WindowsSpec::xp_mcafee_5958()), &disk).unwrap();
        let volume = &made.volumes[0];
        let spec = LockSpec::with(&[
            Protector::Tpm,
            Protector::RecoveryPassword,
            Protector::StartupKey,
            Protector::ClearKey,
        ]);
        let secrets = lock_volume(&disk, volume, &spec).unwrap().secrets;
        let (name, content) = startup_key_file().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, content).unwrap();
        for key in [
            DislockerKey::RecoveryPassword,
            DislockerKey::ClearKey,
            DislockerKey::StartupKey(file.clone()),
        ] {
            let plain = folder.path().join("plain.img");
            decrypt_disk(&disk, volume, &key, &plain).unwrap();
            let found = Volume::of(&plain, volume).unwrap();
            found.is_sound().unwrap();
            for (path, sha256) in volume.files.iter().step_by(9) {
                let read = found.sha256(path).unwrap();
                assert_eq!(read.as_ref(), Some(sha256), "{key:?} {path}");
            }
        }
        // cryptsetup takes no offset here, and says what it read as text.
        let locked = Volume::of(&disk, volume).unwrap();
        let mut dump = command("cryptsetup").unwrap();
        dump.args([
            "bitlkDump",
            "--batch-mode",
            "--dump-volume-key",
            "--key-file",
            "-",
        ]);
        dump.arg(locked.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = dump.spawn().unwrap();
        let mut input = process.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, RECOVERY_PASSWORD.as_bytes()).unwrap();
        drop(input);
        let said = process.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let digits: String = said.chars().filter(|one| !one.is_whitespace()).collect();
        assert!(digits.contains(&hex::encode(secrets.volume_key)), "{said}");
        assert!(
            said.contains(&RECOVERY_ID.to_string().to_lowercase()) || said.contains("xts-plain64"),
            "{said}"
        );
    }
}
