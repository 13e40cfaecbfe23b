//! Volumes for the tests: metadata and keys that are right, in a volume of a megabyte or so.

use aes::Aes256;
use ccm::Ccm;
use ccm::aead::{AeadInOut as _, KeyInit as _};
use ccm::consts::{U12, U16};
use rescue_stick::guid::Guid;
use rescue_stick::recovery_password::RecoveryPassword;
use sha2::{Digest as _, Sha256};

use super::entry::{
    DESCRIPTION, PROTECTOR, STARTUP_KEY, VALUE_EXTERNAL_KEY, VALUE_KEY, VALUE_PLACE,
    VALUE_PROTECTOR, VALUE_SEALED, VALUE_STRETCH, VALUE_TEXT, VOLUME_HEADER, VOLUME_KEY as FVEK,
};
use super::first_sector::KIND_ORDINARY;
use super::metadata::{Metadata, crc32, read_metadata};
use super::protector::ProtectorKind;
use crate::journal::tests::MemoryArea;

pub(crate) const PASSWORD: &str = "235818-357951-253979-013365-241120-245575-342914-591910";
pub(crate) const PASSWORD_ID: Guid = Guid([
    0xea, 0x1d, 0x31, 0x64, 0x87, 0x45, 0x29, 0x40, 0x92, 0x4a, 0xba, 0x29, 0x96, 0x47, 0x99, 0x8e,
]);
pub(crate) const STARTUP_KEY_ID: Guid = Guid([0x77; 16]);
pub(crate) const VOLUME_KEY: [u8; 32] = [0xF5; 32];
const MASTER_KEY: [u8; 32] = [0xA7; 32];
const SALT: [u8; 16] = [0x5A; 16];
const PLACES: [usize; 3] = [0x1_0000, 0x4_0000, 0x8_0000];
const MOVED: usize = 0x2_0000;

pub(crate) fn entry(kind: u16, value: u16, data: &[u8]) -> Vec<u8> {
    let size = u16::try_from(data.len() + 8).unwrap();
    let head = [size, kind, value, 1].map(u16::to_le_bytes).concat();
    [&head, data].concat()
}

pub(crate) fn protector(id: Guid, kind: ProtectorKind, entries: &[Vec<u8>]) -> Vec<u8> {
    let head = [&id.0[..], &[0; 10], &kind.0.to_le_bytes()].concat();
    [head, entries.concat()].concat()
}

fn seal(key: &[u8; 32], content: &[u8], nonce: u8) -> Vec<u8> {
    let size = u16::try_from(content.len() + 12).unwrap();
    let head = [&size.to_le_bytes()[..], &[1, 0, 3, 0, 0, 0, 0, 0x20, 0, 0]].concat();
    let mut content = [head, content.to_vec()].concat();
    let nonce = [nonce; 12];
    let tag = Ccm::<Aes256, U16, U12>::new(key.into())
        .encrypt_inout_detached(&nonce.into(), &[], content.as_mut_slice().into())
        .unwrap();
    [&nonce[..], &tag, &content].concat()
}

/// The stretching, word for word as the format has it, and slower than the code under test.
fn stretch(password: &RecoveryPassword) -> [u8; 32] {
    let first: [u8; 32] = Sha256::digest(*password.to_key()).into();
    (0..0x10_0000_u64).fold([0; 32], |last, count| {
        Sha256::digest([&last[..], &first, &SALT, &count.to_le_bytes()].concat()).into()
    })
}

pub(crate) fn startup_key_file(id: Guid) -> Vec<u8> {
    let key = entry(0, VALUE_KEY, &[&[0; 4][..], &[0x5E; 32]].concat());
    let name = entry(0, VALUE_TEXT, b"E\0x\0\0\0");
    let external = [&id.0[..], &[0; 8], &name, &key].concat();
    let entries = entry(STARTUP_KEY, VALUE_EXTERNAL_KEY, &external);
    let size = u32::try_from(48 + entries.len()).unwrap();
    let head = [size, 1, 48, size].map(u32::to_le_bytes).concat();
    [&head, &id.0[..], &[0; 16], &entries].concat()
}

/// Makes size and checksum of a block right again.
pub(crate) fn seal_block(block: &mut [u8]) {
    let size = usize::from(u16::from_le_bytes([block[8], block[9]])) * 16;
    if let Some(covered) = block.get(..size) {
        let crc = crc32(covered).to_le_bytes();
        if let Some(place) = block.get_mut(size + 4..size + 8) {
            place.copy_from_slice(&crc);
        }
    }
}

/// A volume in memory. Its sectors hold nothing.
pub(crate) struct Volume {
    pub(crate) bytes: Vec<u8>,
}

impl Volume {
    /// Under a recovery password.
    pub(crate) fn locked() -> Self {
        // Made once: the stretching takes a while.
        static KEY: std::sync::OnceLock<[u8; 32]> = std::sync::OnceLock::new();
        let key = KEY.get_or_init(|| stretch(&RecoveryPassword::parse(PASSWORD).unwrap()));
        let salt = entry(0, VALUE_STRETCH, &[&[0; 4][..], &SALT].concat());
        let sealed = entry(0, VALUE_SEALED, &seal(key, &MASTER_KEY, 2));
        let kind = ProtectorKind::RECOVERY_PASSWORD;
        Self::under(&protector(PASSWORD_ID, kind, &[salt, sealed]))
    }

    /// Under a clear key.
    pub(crate) fn suspended() -> Self {
        let clear = entry(0, VALUE_KEY, &[&[0; 4][..], &[0xC1; 32]].concat());
        let sealed = entry(0, VALUE_SEALED, &seal(&[0xC1; 32], &MASTER_KEY, 3));
        let kind = ProtectorKind::CLEAR_KEY;
        Self::under(&protector(Guid([0xCC; 16]), kind, &[clear, sealed]))
    }

    /// Under a startup key.
    pub(crate) fn with_startup_key() -> Self {
        let sealed = entry(0, VALUE_SEALED, &seal(&[0x5E; 32], &MASTER_KEY, 4));
        let kind = ProtectorKind::STARTUP_KEY;
        Self::under(&protector(STARTUP_KEY_ID, kind, &[sealed]))
    }

    fn under(protector: &[u8]) -> Self {
        let description: Vec<u8> = "PC C: 1/2/2024\0"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let place = [MOVED, 8192].map(|n| u64::try_from(n).unwrap().to_le_bytes());
        let entries = [
            entry(DESCRIPTION, VALUE_TEXT, &description),
            entry(PROTECTOR, VALUE_PROTECTOR, protector),
            entry(FVEK, VALUE_SEALED, &seal(&MASTER_KEY, &VOLUME_KEY, 1)),
            entry(VOLUME_HEADER, VALUE_PLACE, &place.concat()),
        ]
        .concat();
        let places = PLACES
            .map(|n| u64::try_from(n).unwrap().to_le_bytes())
            .concat();
        let mut block = b"-FVE-FS-".to_vec();
        let used = 112 + entries.len();
        let size = u16::try_from(used.div_ceil(16)).unwrap();
        block.extend([size, 2, 4, 4].map(u16::to_le_bytes).concat());
        block.extend([0; 12]);
        block.extend(16_u32.to_le_bytes());
        block.extend(&places);
        block.extend(u64::try_from(MOVED).unwrap().to_le_bytes());
        let length = u32::try_from(48 + entries.len()).unwrap();
        block.extend([length, 1, 48, length].map(u32::to_le_bytes).concat());
        block.extend([0x56; 16]);
        block.extend([9, 0, 0, 0, 4, 0x80, 0, 0]);
        block.extend([0; 8]);
        block.extend(&entries);
        block.resize(65536, 0);
        seal_block(&mut block);
        let mut bytes = vec![0; 1 << 20];
        bytes[..11].copy_from_slice(b"\xEB\x58\x90-FVE-FS-");
        bytes[11..13].copy_from_slice(&512_u16.to_le_bytes());
        bytes[160..176].copy_from_slice(&KIND_ORDINARY);
        bytes[176..200].copy_from_slice(&places);
        for place in PLACES {
            bytes[place..place + 65536].copy_from_slice(&block);
        }
        Self { bytes }
    }

    /// Changes the metadata and makes its checksum right again.
    pub(crate) fn edit(&mut self, change: impl Fn(&mut [u8])) {
        for place in PLACES {
            let block = &mut self.bytes[place..place + 65536];
            change(block);
            seal_block(block);
        }
    }

    /// Makes it look as Vista would have left it.
    pub(crate) fn make_vista(&mut self) {
        self.bytes[1] = 0x52;
        self.bytes[13] = 8;
        let cluster = u64::try_from(PLACES[0]).unwrap() / 4096;
        self.bytes[56..64].copy_from_slice(&cluster.to_le_bytes());
        self.bytes[160..200].fill(0);
        self.edit(|block| {
            let size = u16::from_le_bytes([block[8], block[9]]) * 16;
            block[8..10].copy_from_slice(&size.to_le_bytes());
            block[10] = 1;
        });
    }

    /// Makes it look as on a stick.
    pub(crate) fn make_to_go(&mut self) {
        self.bytes.copy_within(160..200, 424);
        self.bytes[160..200].fill(0);
        self.bytes[3..11].copy_from_slice(b"MSWIN4.1");
    }

    pub(crate) fn area(&self) -> MemoryArea {
        MemoryArea::new(self.bytes.clone())
    }

    pub(crate) fn metadata(&self) -> Metadata {
        read_metadata(&self.area()).unwrap()
    }
}
