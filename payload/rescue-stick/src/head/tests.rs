use super::*;
use crate::report::line::{Line, MOST_CHARACTERS};

const SCHEMA_1: &[u8] = include_bytes!("../../fixtures/head-1.bin");

fn key() -> SecretKey {
    SecretKey::from_seed([7; 32]).unwrap()
}

fn head() -> Head {
    Head {
        stick: Some("MK-7F3A-01".to_owned()),
        counter: 31,
        number: 14,
        last: Some(Sha256Digest::of(b"report 14")),
        visit: VisitFacts {
            technician: Some("Anna Berger".into()),
            site: Some("ACME Lyon".into()),
            ticket: None,
        },
    }
}

fn file_of(head: &Head) -> Vec<u8> {
    head.to_slot(Some(&key())).repeat(2)
}

#[test]
fn reads_every_schema_ever_shipped() {
    let stored = parse(SCHEMA_1).unwrap().unwrap();
    assert_eq!(stored.head, head());
    assert_eq!(stored.check(key().public()), Ok(()));
    assert_eq!(file_of(&head()), SCHEMA_1);
}

#[test]
fn a_blank_file_says_nothing_yet() {
    assert_eq!(blank_file().len(), HEAD_LENGTH);
    assert_eq!(parse(&blank_file()), Ok(None));
    assert_eq!(parse(&[]), Err(HeadError::Length { found: 0 }));
}

#[test]
fn a_cut_at_every_sector_leaves_the_record_before_or_after() {
    let (before, after) = (head(), head().at_start());
    let (old, new) = (file_of(&before), file_of(&after));
    for sectors in 0..=HEAD_LENGTH / 512 {
        let cut = [&new[..sectors * 512], &old[sectors * 512..]].concat();
        let found = parse(&cut).unwrap().unwrap();
        // The first slot is whole with its last sector.
        let expected = if sectors < SLOT_LENGTH / 512 {
            &before
        } else {
            &after
        };
        assert_eq!(&found.head, expected, "{sectors} sectors");
        assert_eq!(found.check(key().public()), Ok(()));
    }
}

#[test]
fn the_first_record_survives_a_cut_over_the_blank() {
    let new = file_of(&head());
    let cut = [&new[..SLOT_LENGTH], &blank_file()[SLOT_LENGTH..]].concat();
    assert_eq!(parse(&cut).unwrap().unwrap().head, head());
    let torn = [&new[..512], &blank_file()[512..]].concat();
    assert_eq!(parse(&torn), Ok(None));
    assert_eq!(parse(&[0; HEAD_LENGTH]), Err(HeadError::Damaged));
}

#[test]
fn every_changed_byte_of_both_slots_is_noticed() {
    let good = file_of(&head());
    for at in 0..SLOT_LENGTH {
        let mut changed = good.clone();
        changed[at] ^= 0x20;
        changed[at + SLOT_LENGTH] ^= 0x20;
        assert_eq!(parse(&changed), Err(HeadError::Damaged), "byte {at}");
    }
}

#[test]
fn a_record_that_somebody_else_wrote_is_not_signed_by_the_stick() {
    let stranger = SecretKey::from_seed([8; 32]).unwrap();
    let other = head().to_slot(Some(&stranger)).repeat(2);
    let stored = parse(&other).unwrap().unwrap();
    let refused = HeadError::Signature("another signature");
    assert_eq!(stored.check(key().public()), Err(refused));
    let none = head().to_slot(None).repeat(2);
    let stored = parse(&none).unwrap().unwrap();
    let refused = HeadError::Signature("no signature");
    assert_eq!(stored.check(key().public()), Err(refused));
}

#[test]
fn refuses_a_newer_schema_and_what_is_never_written() {
    let resealed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut slot = head().to_slot(Some(&key()));
        slot.truncate(SUM_OFFSET);
        change(&mut slot);
        let sum = Sha256Digest::of(&slot);
        slot.extend_from_slice(&sum.0);
        parse(&slot.repeat(2)).unwrap_err()
    };
    assert_eq!(
        resealed(&|slot| slot[8] = 2),
        HeadError::Schema { found: 2 }
    );
    let syntax = |error: HeadError, part: &str| {
        assert!(
            matches!(&error, HeadError::Syntax(text) if text.contains(part)),
            "{error}"
        );
    };
    syntax(resealed(&|slot| slot[15] = 0xFF), "beyond the slot");
    syntax(resealed(&|slot| slot[19] = 0xFF), "beyond the slot");
    syntax(resealed(&|slot| slot[SUM_OFFSET - 1] = 1), "behind");
    let shorter = resealed(&|slot| {
        slot[12] -= 1;
        slot[16] += 1;
    });
    syntax(shorter, "EOF");
    syntax(resealed(&|slot| slot[34] = b'x'), "key");
}

#[test]
fn the_longest_texts_fit() {
    let longest = Line::clean(&"\u{1F600}".repeat(MOST_CHARACTERS));
    let quotes = Line::clean(&"\"".repeat(MOST_CHARACTERS));
    for line in [longest, quotes] {
        let full = Head {
            stick: Some("MK-FFFF-9999".to_owned()),
            counter: u64::MAX,
            number: u64::MAX,
            last: Some(Sha256Digest([0xFF; 32])),
            visit: VisitFacts {
                technician: Some(line.clone()),
                site: Some(line.clone()),
                ticket: Some(line),
            },
        };
        assert_eq!(parse(&file_of(&full)).unwrap().unwrap().head, full);
    }
}

#[test]
fn links_follow_each_other_and_the_counter_never_goes_back() {
    let first = Head::default().next_link();
    let expected = ChainLink {
        number: 1,
        previous: None,
        counter: 1,
    };
    assert_eq!(first, expected);
    let head = Head::default()
        .after(&first, Sha256Digest::of(b"1"))
        .at_start();
    let second = head.next_link();
    assert_eq!(second.number, 2);
    assert_eq!(second.previous, Some(Sha256Digest::of(b"1")));
    assert!(second.counter > first.counter);
}
