use ct_codecs::{Base64, Decoder as _, Encoder as _};

use super::*;
use crate::identity::Identity;
use crate::secret_key::SecretKey;

const JSON: &str = include_str!("../../../fixtures/report-2.json");
const SIGNATURE: &str = include_str!("../../../fixtures/report-2.json.minisig");

fn identity() -> Identity {
    let file = include_bytes!("../../../fixtures/identity-1.bin");
    Identity::parse(file).unwrap().unwrap()
}

/// A chain of `count` reports, and the head record that follows it.
fn chain(count: u64) -> (Vec<(ChainLink, Sha256Digest)>, Head) {
    let mut head = Head::default();
    let mut links = Vec::new();
    for _ in 0..count {
        head = head.at_start();
        let link = head.next_link();
        let digest = Sha256Digest::of(&link.number.to_le_bytes());
        head = head.after(&link, digest);
        links.push((link, digest));
    }
    (links, head)
}

#[test]
fn the_fixture_is_authentic_and_its_signature_the_one_the_stick_makes() {
    let own = identity();
    let read = check_report(JSON.as_bytes(), Some(SIGNATURE), None, own.public_key()).unwrap();
    assert_eq!(read.digest, Sha256Digest::of(JSON.as_bytes()));
    assert_eq!(read.report.chain.unwrap().number, 14);
    assert_eq!(own.sign(JSON.as_bytes()), SIGNATURE);
}

#[test]
fn every_doubt_has_its_name() {
    let (own, json) = (identity(), JSON.as_bytes());
    let key = own.public_key();
    let doubt = |json: &[u8], signature: Option<&str>, text: Option<&[u8]>| {
        check_report(json, signature, text, key).unwrap_err()
    };
    assert!(matches!(doubt(json, None, None), Doubt::Unsigned));
    assert!(matches!(doubt(json, Some("x"), None), Doubt::Unsigned));
    let edited = JSON.replace("\"repaired\"", "\"healthy\"");
    let signed = Some(SIGNATURE);
    assert!(matches!(
        doubt(edited.as_bytes(), signed, None),
        Doubt::Edited
    ));
    let stranger = SecretKey::from_seed([9; 32]).unwrap();
    let theirs = stranger.sign(json, "");
    assert!(matches!(doubt(json, Some(&theirs), None), Doubt::Foreign));
    // A stranger may write the name of the stick's key into a signature, but not sign with it.
    let mut line = Base64::decode_to_vec(theirs.lines().nth(1).unwrap(), None).unwrap();
    line[2..10].copy_from_slice(&key.key_id().unwrap());
    let forged = theirs.replace(
        theirs.lines().nth(1).unwrap(),
        &Base64::encode_to_string(&line).unwrap(),
    );
    assert!(matches!(doubt(json, Some(&forged), None), Doubt::Edited));
    let large = vec![b' '; MOST_REPORT_BYTES + 1];
    assert!(matches!(doubt(&large, signed, None), Doubt::Large { .. }));
    let newer = JSON.replace("\"schema\": 2", "\"schema\": 3");
    let newer_signature = own.sign(newer.as_bytes());
    let found = doubt(newer.as_bytes(), Some(&newer_signature), None);
    assert!(matches!(
        found,
        Doubt::Report(ReportError::Schema { found: 3 })
    ));
    assert!(matches!(doubt(json, signed, Some(b"changed")), Doubt::Text));
    let other = JSON.replace(key.base64(), stranger.public().base64());
    let other_signature = own.sign(other.as_bytes());
    let found = doubt(other.as_bytes(), Some(&other_signature), None);
    assert!(matches!(found, Doubt::OtherStick { .. }), "{found}");
}

#[test]
fn a_whole_chain_is_whole_in_any_order_and_any_number_of_times() {
    let (mut links, head) = chain(5);
    assert_eq!(check_chain(&links, Some(&head)), []);
    links.reverse();
    links.extend_from_within(1..4);
    assert_eq!(check_chain(&links, Some(&head)), []);
    assert_eq!(check_chain(&[], Some(&Head::default().at_start())), []);
    assert_eq!(check_chain(&[], None), []);
}

#[test]
fn every_report_that_is_taken_away_is_missed() {
    let (links, head) = chain(5);
    for (index, number) in (1..=5).enumerate() {
        let mut left = links.clone();
        left.remove(index);
        let gap = ChainFault::Gap {
            from: number,
            to: number,
        };
        assert_eq!(check_chain(&left, Some(&head)), [gap], "without {number}");
    }
    let gap = ChainFault::Gap { from: 1, to: 5 };
    assert_eq!(check_chain(&[], Some(&head)), [gap]);
    let ends = [
        ChainFault::Gap { from: 1, to: 1 },
        ChainFault::Gap { from: 4, to: 5 },
    ];
    assert_eq!(check_chain(&links[1..3], Some(&head)), ends);
}

#[test]
fn a_report_that_was_changed_breaks_the_next_even_if_the_key_was_stolen() {
    let (mut links, head) = chain(3);
    links[1].1 = Sha256Digest::of(b"another report 2");
    assert_eq!(
        check_chain(&links, Some(&head)),
        [ChainFault::Broken { number: 3 }]
    );
    let (mut links, head) = chain(3);
    links[2].1 = Sha256Digest::of(b"another report 3");
    assert_eq!(
        check_chain(&links, Some(&head)),
        [ChainFault::Head { number: 3 }]
    );
}

#[test]
fn reports_that_change_places_do_not_follow() {
    let (mut links, head) = chain(4);
    links[1].0.number = 3;
    links[2].0.number = 2;
    let faults = check_chain(&links, Some(&head));
    assert!(
        faults.contains(&ChainFault::Broken { number: 2 }),
        "{faults:?}"
    );
    assert!(
        faults.contains(&ChainFault::Broken { number: 3 }),
        "{faults:?}"
    );
}

#[test]
fn two_reports_of_one_number_are_told() {
    let (mut links, head) = chain(3);
    let mut copied = links[2].clone();
    copied.1 = Sha256Digest::of(b"made by a copy of the stick");
    links.push(copied);
    let faults = check_chain(&links, Some(&head));
    assert_eq!(
        faults,
        [ChainFault::Double {
            number: 3,
            count: 2
        }]
    );
}

#[test]
fn a_record_that_was_put_back_is_behind_or_its_counter_is() {
    let (links, _) = chain(5);
    let (_, old) = chain(3);
    let behind = ChainFault::HeadBehind { head: 3, number: 5 };
    assert_eq!(check_chain(&links, Some(&old)), [behind]);
    // What a power cut between the report and the record leaves is no fault.
    let (_, one_before) = chain(4);
    assert_eq!(check_chain(&links, Some(&one_before)), []);
    assert_eq!(check_chain(&links, None), [ChainFault::NoHead]);
    let mut again = links.clone();
    again[3].0.counter = again[2].0.counter;
    let faults = check_chain(&again, None);
    assert!(
        matches!(faults[0], ChainFault::Counter { number: 4, .. }),
        "{faults:?}"
    );
}

#[test]
fn a_first_report_follows_nothing_and_no_other_does() {
    let (mut links, head) = chain(2);
    links[0].0.previous = Some(Sha256Digest::of(b"x"));
    assert_eq!(
        check_chain(&links, Some(&head)),
        [ChainFault::Broken { number: 1 }]
    );
    let (mut links, head) = chain(2);
    links[1].0.previous = None;
    assert_eq!(
        check_chain(&links, Some(&head)),
        [ChainFault::Broken { number: 2 }]
    );
    let zero = ChainLink {
        number: 0,
        previous: None,
        counter: 0,
    };
    let faults = check_chain(&[(zero, Sha256Digest::of(b"0"))], Some(&Head::default()));
    assert_eq!(faults[0], ChainFault::Broken { number: 0 });
    let mut last = links[1].clone();
    last.0.number = u64::MAX;
    assert!(!check_chain(&[last], Some(&head)).is_empty());
}
