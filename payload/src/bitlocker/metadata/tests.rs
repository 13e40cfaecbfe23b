use super::*;
use crate::bitlocker::fixture::{self, Volume};
use crate::journal::tests::MemoryArea;

fn refusal(volume: &Volume) -> String {
    read_metadata(&volume.area()).unwrap_err().to_string()
}

#[test]
fn reads_who_the_volume_is_and_how_it_is_kept() {
    let metadata = Volume::locked().metadata();
    assert_eq!(metadata.layout, Layout::Windows7);
    assert_eq!(metadata.volume, Guid([0x56; 16]));
    assert_eq!(metadata.description.as_deref(), Some("PC C: 1/2/2024"));
    assert_eq!(metadata.cipher().unwrap(), Cipher::Xts128);
    assert_eq!(metadata.recovery_ids(), [fixture::PASSWORD_ID]);
    let shown: Vec<String> = metadata
        .protectors
        .iter()
        .map(|one| format!("{one:?}"))
        .collect();
    assert_eq!(
        shown,
        ["recovery password 64311DEA-4587-4029-924A-BA299647998E"]
    );
    assert!(!metadata.is_suspended());
    assert!(metadata.check_openable().is_ok());
    assert!(Volume::suspended().metadata().is_suspended());
}

#[test]
fn a_damaged_copy_leaves_two_and_three_leave_none() {
    let mut volume = Volume::locked();
    let places = volume.metadata().places;
    for (number, place) in places.into_iter().enumerate() {
        let place = usize::try_from(place).unwrap();
        volume.bytes[place + 130] ^= 1;
        assert_eq!(read_metadata(&volume.area()).is_ok(), number < 2);
    }
    let text = refusal(&volume);
    assert!(
        text.starts_with("checksum of BitLocker's metadata: 0x"),
        "{text}"
    );
}

#[test]
fn every_state_but_encrypted_is_left_alone_with_what_to_do() {
    for (now, next, advice) in [
        (1, 1, "has decrypted it"),
        (2, 4, "was converting it"),
        (5, 4, "was converting it"),
        (4, 1, "was converting it"),
        (3, 3, "was converting it"),
        (9, 4, "a state that is not known (9, then 4)"),
    ] {
        let mut metadata = Volume::locked().metadata();
        metadata.state = (State(now), State(next));
        let text = metadata.check_openable().unwrap_err().to_string();
        assert!(text.contains(advice), "{now}, {next}: {text}");
    }
    let mut metadata = Volume::locked().metadata();
    metadata.is_ordinary = false;
    let text = metadata.check_openable().unwrap_err().to_string();
    assert!(text.contains("was converting it"), "{text}");
    metadata.is_ordinary = true;
    metadata.method = 0x8006;
    let text = metadata.check_openable().unwrap_err().to_string();
    assert!(text.contains("method 0x8006"), "{text}");
}

#[test]
fn vistas_and_to_gos_first_sectors_lead_to_the_metadata_too() {
    let mut vista = Volume::locked();
    vista.make_vista();
    let metadata = vista.metadata();
    assert_eq!(metadata.layout, Layout::Vista);
    assert_eq!(metadata.recovery_ids(), [fixture::PASSWORD_ID]);
    let text = metadata.check_openable().unwrap_err().to_string();
    assert!(text.contains("Windows Vista"), "{text}");

    let mut to_go = Volume::locked();
    to_go.make_to_go();
    let metadata = to_go.metadata();
    assert_eq!(metadata.layout, Layout::ToGo);
    assert!(metadata.check_openable().is_ok());
}

#[test]
fn refuses_what_is_no_volume_and_says_where() {
    let mut volume = Volume::locked();
    volume.bytes[3] = b'x';
    assert!(refusal(&volume).starts_with("first sector of a BitLocker volume: magic is [78"));
    let mut volume = Volume::locked();
    volume.bytes[12] = 4;
    assert_eq!(
        refusal(&volume),
        "first sector of a BitLocker volume: sectors of 1024 bytes, expected 512 or 4096"
    );
    let mut volume = Volume::locked();
    volume.bytes[176..200].fill(0xFF);
    assert!(refusal(&volume).starts_with("BitLocker's metadata: at byte 18446744073709551615 of"));
    let mut volume = Volume::locked();
    volume.edit(|block| block[10] = 3);
    assert!(refusal(&volume).contains("has version 3"));
}

/// Foreign bytes: whatever they are, the answer is an error or metadata, never a panic.
#[test]
fn no_changed_byte_makes_it_panic() {
    let good = Volume::locked();
    let block_at = usize::try_from(good.metadata().places[0]).unwrap();
    let block = good.bytes[block_at..block_at + 65536].to_vec();
    let head = Head::parse(&good.bytes[..512].try_into().unwrap()).unwrap();
    let mut read = 0_u32;
    for place in 0..700 {
        for value in [0, 1, 0x7F, 0xFF] {
            let mut bad = block.clone();
            bad[place] = value;
            // With the checksum made right again, so that what lies behind it is reached.
            fixture::seal_block(&mut bad);
            read += u32::from(Metadata::parse(&head, &bad).is_ok());
        }
    }
    assert!(read > 0);
    for length in 0..300 {
        let _ = Metadata::parse(&head, &block[..length]);
    }
    for length in [0, 1, 511, 512, 513, 65536, 66048] {
        let bytes = good.bytes[..length.min(good.bytes.len())].to_vec();
        assert!(read_metadata(&MemoryArea::new(bytes)).is_err());
    }
}

#[test]
fn the_checksum_is_that_of_zip_files() {
    // Source: ISO 3309, the check value of "123456789".
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
}
