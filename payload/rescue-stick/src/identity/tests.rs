use super::*;

const SCHEMA_1: &[u8] = include_bytes!("../../fixtures/identity-1.bin");

fn facts() -> IdentityFacts {
    IdentityFacts {
        id: "MK-7F3A-01".parse().unwrap(),
        image: Sha256Digest::of(b"image"),
        title: "McAfee DAT 5958 (svchost.exe)".to_owned(),
        written: "2010-04-22T09:15:00Z".to_owned(),
        by: "Anna at the depot".to_owned(),
    }
}

fn good() -> Identity {
    Identity::new(facts(), [7; 32]).unwrap()
}

/// Changes the body of a file and puts the checksum right again.
fn resealed(file: &[u8], change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut body = file[..SUM_OFFSET].to_vec();
    change(&mut body);
    let sum = Sha256Digest::of(&body);
    body.extend_from_slice(&sum.0);
    body
}

#[test]
fn a_refreshed_stick_keeps_its_id_and_its_key() {
    let own = Identity::parse(include_bytes!("../../fixtures/identity-1.bin"));
    let own = own.unwrap().unwrap();
    let facts = IdentityFacts {
        id: "MK-0001-02".parse().unwrap(),
        title: "another".to_owned(),
        ..own.facts().clone()
    };
    let refreshed = own.refreshed(facts).unwrap();
    assert_eq!(refreshed.facts().id, own.facts().id);
    assert_eq!(refreshed.facts().title, "another");
    assert_eq!(refreshed.public_key(), own.public_key());
}

#[test]
fn reads_every_schema_ever_shipped() {
    assert_eq!(Identity::parse(SCHEMA_1).unwrap().unwrap(), good());
    assert_eq!(good().to_file(), SCHEMA_1);
}

#[test]
fn a_blank_file_is_nobodys() {
    assert_eq!(blank_file().len(), IDENTITY_LENGTH);
    assert_eq!(Identity::parse(&blank_file()), Ok(None));
}

#[test]
fn every_changed_byte_is_noticed() {
    let file = good().to_file();
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 0x20;
        assert!(Identity::parse(&changed).is_err(), "byte {at}");
    }
}

#[test]
fn a_file_that_was_cut_off_while_it_was_written_is_noticed() {
    let (before, after) = (blank_file(), good().to_file());
    for sectors in 1..8 {
        let torn = [&after[..sectors * 512], &before[sectors * 512..]].concat();
        assert!(Identity::parse(&torn).is_err(), "{sectors} sectors");
    }
}

#[test]
fn refuses_what_it_never_writes_even_under_a_good_checksum() {
    let file = good().to_file();
    let refused = |change: fn(&mut [u8])| Identity::parse(&resealed(&file, change)).unwrap_err();
    assert_eq!(
        refused(|body| body[8] = 2),
        IdentityError::Schema { found: 2 }
    );
    let field = |error: IdentityError| match error {
        IdentityError::Field { field, .. } => field,
        other => panic!("{other}"),
    };
    assert_eq!(field(refused(|body| body[14] = 1)), "length of the text");
    assert_eq!(
        field(refused(|body| body[4000] = 1)),
        "what follows the text"
    );
    let not_json = refused(|body| body[TEXT_OFFSET] = b'[');
    assert!(
        matches!(not_json, IdentityError::Syntax { .. }),
        "{not_json}"
    );
    assert_eq!(
        Identity::parse(&file[1..]),
        Err(IdentityError::Length { found: 4095 })
    );
    assert!(Identity::parse(&[]).is_err());
}

#[test]
fn the_public_key_must_belong_to_the_secret_one() {
    let file = good().to_file();
    let text = String::from_utf8_lossy(&file).into_owned();
    let at = text.find("RW").unwrap() + 20;
    let changed = resealed(&file, |body| {
        body[at] = if body[at] == b'A' { b'B' } else { b'A' }
    });
    let error = Identity::parse(&changed).unwrap_err().to_string();
    assert!(error.contains("public-key is"), "{error}");
}

#[test]
fn errors_and_debug_output_do_not_show_the_secret() {
    let secret = hex::encode([7; 32]);
    assert!(!format!("{:?}", good()).contains(&secret[..8]));
    let file = good().to_file();
    let text = String::from_utf8_lossy(&file).into_owned();
    let at = text.find(&secret).unwrap();
    let changed = resealed(&file, |body| body[at] = b'x');
    let error = format!("{:?}", Identity::parse(&changed).unwrap_err());
    assert!(!error.contains(&secret[2..10]), "{error}");
}

#[test]
fn the_longest_texts_fit() {
    for filling in ["\u{1F980}", "\"", "\\", "é"] {
        let longest = IdentityFacts {
            id: StickId {
                batch: u16::MAX,
                number: 9999,
            },
            title: filling.repeat(100),
            by: filling.repeat(100),
            ..facts()
        };
        let identity = Identity::new(longest, [0xFF; 32]).unwrap();
        assert_eq!(identity.to_file().len(), IDENTITY_LENGTH);
        assert_eq!(Identity::parse(&identity.to_file()), Ok(Some(identity)));
    }
}

#[test]
fn refuses_texts_that_cannot_be_stored() {
    let refused = |change: fn(&mut IdentityFacts)| {
        let mut facts = facts();
        change(&mut facts);
        Identity::new(facts, [7; 32]).unwrap_err().to_string()
    };
    assert!(refused(|facts| facts.title = "x".repeat(101)).contains("title is"));
    assert!(refused(|facts| facts.by = "a\nb".to_owned()).contains("by is"));
    assert!(refused(|facts| facts.by = " ".to_owned()).contains("by is"));
    assert!(refused(|facts| facts.written = "22.4.2010".to_owned()).contains("written is"));
    assert!(refused(|facts| facts.id.number = 0).contains("id is MK-7F3A-00"));
}

#[test]
fn ids_are_written_in_one_way_only() {
    for text in ["MK-7F3A-01", "MK-0000-99", "MK-FFFF-9999", "MK-00A1-100"] {
        assert_eq!(text.parse::<StickId>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "MK-",
        "mk-7F3A-01",
        "MK-7f3a-01",
        "MK-7F3A-1",
        "MK-7F3A-00",
        "MK-7F3A-001",
        "MK-7F3A-10000",
        "MK-+7F3-01",
        "MK-7F3A-+1",
        "MK-7F3A-01 ",
        "MK-17F3A-01",
        "MK-7F3A--1",
    ] {
        assert!(text.parse::<StickId>().is_err(), "{text:?}");
    }
}

#[test]
fn a_stick_signs_its_reports_and_only_its_key_checks_them() {
    let signature = good().sign(b"report");
    assert_eq!(good().public_key().check(b"report", &signature), Ok(()));
    assert!(signature.contains("trusted comment: mendkit stick MK-7F3A-01\n"));
    let other = Identity::new(facts(), [8; 32]).unwrap();
    assert!(other.public_key().check(b"report", &signature).is_err());
    assert!(
        good()
            .public_key()
            .check(b"other report", &signature)
            .is_err()
    );
}
