use super::*;
use crate::collect::factors::Kind;

fn report(text: &str, standing: Standing) -> NewReport {
    let digest = Sha256Digest::of(text.as_bytes());
    NewReport {
        evidence: digest,
        digest,
        standing,
        reason: String::new(),
        link: Link {
            stick: "MK-0001-01".to_owned(),
            number: Some(1),
            previous: None,
            counter: 7,
        },
        place: format!("somewhere/{text}"),
        packed: pack(text.as_bytes()).unwrap(),
        signature: b"signature".to_vec(),
        facts: None,
        factors: vec![Factor {
            kind: Kind::Hotfix,
            subject: String::new(),
            value: text.to_owned(),
        }],
    }
}

#[test]
fn what_is_in_the_store_stays_and_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    assert!(store.add(&report("one", Standing::Foreign)).unwrap());
    assert!(!store.add(&report("one", Standing::Authentic)).unwrap());
    assert!(store.add(&report("two", Standing::Edited)).unwrap());
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.evidences().unwrap().len(), 2);
    assert_eq!(store.bytes_of(1).unwrap(), b"one");
    assert_eq!(store.signature_of(1).unwrap(), b"signature");
    assert_eq!(store.all_factors().unwrap().len(), 2);
    let kinds: Vec<String> = store
        .apart()
        .unwrap()
        .into_iter()
        .map(|one| one.kind)
        .collect();
    assert_eq!(kinds, ["foreign", "edited"]);
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store
        .connection
        .pragma_update(None, "user_version", 9)
        .unwrap();
    drop(store);
    let error = Store::open(folder.path()).err().unwrap();
    assert!(
        matches!(error, StoreError::Schema { found: 9, .. }),
        "{error}"
    );
    fs_err::write(
        folder.path().join(STORE_NAME),
        b"not a database, but long enough to be looked at",
    )
    .unwrap();
    assert!(matches!(
        Store::open(folder.path()),
        Err(StoreError::Sql { .. })
    ));
}

#[test]
fn numbers_survive_leb128() {
    let numbers = [0, 1, 127, 128, 300, 16_384, u64::from(u32::MAX), u64::MAX];
    let mut bytes = Vec::new();
    for number in numbers {
        write_leb128(&mut bytes, number);
    }
    assert_eq!(leb128_numbers(&bytes).collect::<Vec<_>>(), numbers);
    assert_eq!(leb128_numbers(&[0x80]).count(), 0);
    assert_eq!(leb128_numbers(&[0xff; 40]).count(), 0);
}
