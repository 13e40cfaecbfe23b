//! Disks by what they answer. The answers are made here field by field as the standards lay them out.

use super::*;
use crate::machine::hardware::Interface;

const GOOD_STATUS: (u8, u8) = (0x4F, 0xC2);
const BAD_STATUS: (u8, u8) = (0xF4, 0x2C);

fn identity(has_smart: bool, is_on: bool) -> Vec<u8> {
    let mut page = vec![0; 512];
    let mut word = |number: usize, value: u16| {
        page[number * 2..number * 2 + 2].copy_from_slice(&value.to_le_bytes());
    };
    word(82, 0x7468 | u16::from(has_smart));
    word(83, 0x7D01);
    word(85, 0x7468 | u16::from(is_on));
    word(87, 0x4023);
    page
}

/// A table like that of a desktop disk of 2008, with these raw numbers.
fn attributes(changes: &[(u8, [u8; 6])]) -> Vec<u8> {
    let mut page = vec![0; 512];
    page[0] = 10;
    let usual = [
        (1, [0x3C, 0xA1, 0x4F, 0x0A, 0, 0]),
        (3, [0; 6]),
        (4, [0x1B, 3, 0, 0, 0, 0]),
        (5, [0, 0, 0x77, 0x77, 0, 0]),
        (7, [0x11, 0x22, 0x33, 0x01, 0, 0]),
        (9, [0x10, 0x27, 0, 0x5A, 0, 0]),
        (190, [38, 0, 0x15, 0x2E, 0, 0]),
        (194, [41, 0, 0x0D, 0, 0, 0]),
        (197, [0; 6]),
        (198, [0; 6]),
    ];
    for (index, (id, raw)) in usual.into_iter().enumerate() {
        let at = 2 + index * 12;
        let raw = changes
            .iter()
            .find(|change| change.0 == id)
            .map_or(raw, |c| c.1);
        page[at] = id;
        page[at + 1] = 0x32;
        page[at + 3..at + 5].fill(100);
        page[at + 5..at + 11].copy_from_slice(&raw);
    }
    let sum = page.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    page[511] = sum.wrapping_neg();
    page
}

fn sense((mid, high): (u8, u8)) -> Vec<u8> {
    let mut sense = vec![0; 22];
    sense[..8].copy_from_slice(&[0x72, 1, 0, 0x1D, 0, 0, 0, 14]);
    sense[8..22].copy_from_slice(&[9, 12, 0, 0, 0, 0, 0, 0, 0, mid, 0, high, 0, 0x50]);
    sense
}

fn health_log(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut page = vec![0; 512];
    page[1..3].copy_from_slice(&(273_u16 + 36).to_le_bytes());
    (page[3], page[4], page[5]) = (100, 10, 3);
    page[128..130].copy_from_slice(&1234_u16.to_le_bytes());
    change(&mut page);
    page
}

fn disk(smart: SmartAnswers) -> DiskHealth {
    judge_disk(&DiskAnswers {
        name: "disk 1".into(),
        model: Some("ST3160815AS".into()),
        interface: Interface::Ata,
        smart,
        ..DiskAnswers::default()
    })
}

fn ata(status: (u8, u8), changes: &[(u8, [u8; 6])]) -> DiskHealth {
    disk(SmartAnswers::Ata {
        identify: Ok(identity(true, true)),
        attributes: Ok(attributes(changes)),
        status: Ok(sense(status)),
    })
}

fn nvme(change: impl FnOnce(&mut Vec<u8>)) -> DiskHealth {
    disk(SmartAnswers::Nvme(Ok(health_log(change))))
}

#[test]
fn a_healthy_disk_is_good_with_its_numbers() {
    let found = ata(GOOD_STATUS, &[]);
    assert_eq!(found.condition, Condition::Good);
    assert_eq!(found.predicts_failure, Some(false));
    assert_eq!(
        found.reallocated_sectors,
        Some(0),
        "upper bytes are another count"
    );
    assert_eq!(found.power_on_hours, Some(10_000));
    assert_eq!(found.temperature_celsius, Some(41));
    assert!(found.reasons.is_empty());
    assert_eq!(refuse_writing(&found), None);
    let found = nvme(|_| {});
    assert_eq!(
        (found.condition, found.temperature_celsius),
        (Condition::Good, Some(36))
    );
    assert_eq!(
        (found.power_on_hours, found.percentage_used),
        (Some(1234), Some(3))
    );
}

#[test]
fn counts_make_a_disk_worn_and_then_failing() {
    let raw = |count: u32| {
        let [a, b, c, d] = count.to_le_bytes();
        [a, b, c, d, 0, 0]
    };
    for (found, expect) in [
        (ata(GOOD_STATUS, &[(5, raw(3))]), Condition::Worn),
        (ata(GOOD_STATUS, &[(5, raw(1000))]), Condition::Failing),
        (ata(GOOD_STATUS, &[(197, raw(1))]), Condition::Worn),
        (ata(GOOD_STATUS, &[(197, raw(20))]), Condition::Failing),
        (ata(GOOD_STATUS, &[(198, raw(19))]), Condition::Worn),
        (ata(GOOD_STATUS, &[(198, raw(70_000))]), Condition::Failing),
        (ata(BAD_STATUS, &[]), Condition::Failing),
        (nvme(|log| log[160] = 1), Condition::Worn),
        (nvme(|log| log[160] = 50), Condition::Failing),
        (nvme(|log| log[5] = 90), Condition::Worn),
        (nvme(|log| log[5] = 255), Condition::Worn),
        (nvme(|log| log[3] = 9), Condition::Failing),
    ] {
        assert_eq!(found.condition, expect, "{:?}", found.reasons);
        assert!(!found.reasons.is_empty());
        assert_eq!(
            refuse_writing(&found).is_some(),
            expect == Condition::Failing
        );
    }
}

#[test]
fn every_warning_of_an_nvme_disk_has_its_word() {
    for (bit, expect) in [
        (0x01, Condition::Failing),
        (0x02, Condition::Worn),
        (0x04, Condition::Failing),
        (0x08, Condition::Failing),
        (0x10, Condition::Failing),
        (0x20, Condition::Worn),
        (0x40, Condition::Good),
    ] {
        let found = nvme(|log| log[0] = bit);
        assert_eq!(found.condition, expect, "{bit:#x}");
        let says = found.condition == Condition::Failing;
        assert_eq!(found.predicts_failure, Some(says));
    }
}

#[test]
fn a_failing_disk_says_what_to_do() {
    let reason = refuse_writing(&ata(BAD_STATUS, &[])).unwrap();
    assert_eq!(
        reason,
        "disk 1 (ST3160815AS) is failing: the disk itself says that it is about to fail; image this \
         disk first, then repair the copy"
    );
}

#[test]
fn a_disk_that_does_not_tell_is_never_good() {
    let no_smart = |has_smart, is_on| SmartAnswers::Ata {
        identify: Ok(identity(has_smart, is_on)),
        attributes: Ok(attributes(&[])),
        status: Ok(sense(GOOD_STATUS)),
    };
    let silent = |attributes: Result<Vec<u8>, String>, status| SmartAnswers::Ata {
        identify: Ok(identity(true, true)),
        attributes,
        status,
    };
    let mut broken = attributes(&[]);
    broken[30] ^= 1;
    let mut unused = vec![0; 512];
    unused[1] = 0;
    for (answers, reason) in [
        (
            SmartAnswers::NotAsked("behind a USB bridge".into()),
            "USB bridge",
        ),
        (SmartAnswers::Nvme(Err("no access".into())), "no access"),
        (
            SmartAnswers::Nvme(Ok(vec![0; 64])),
            "64 bytes, expected 512",
        ),
        (SmartAnswers::Nvme(Ok(vec![0xFF; 512])), "255 %"),
        (no_smart(false, false), "has no SMART"),
        (no_smart(true, false), "switched off"),
        (
            silent(Err("refuses".into()), Err("refuses".into())),
            "refuses",
        ),
        (silent(Ok(broken), Ok(vec![])), "sense data"),
        (silent(Ok(unused), Ok(vec![0x72; 22])), "sense data"),
        (silent(Ok(vec![]), Ok(sense((0, 0)))), "expected c24f"),
    ] {
        let found = disk(answers.clone());
        assert_eq!(found.condition, Condition::NotTold, "{answers:?}");
        let told = found.not_told.get(&Line::clean("condition")).unwrap();
        assert!(told.as_str().contains(reason), "{told}");
    }
}

#[test]
fn what_one_answer_tells_counts_without_the_other() {
    let half = |attributes, status| {
        disk(SmartAnswers::Ata {
            identify: Ok(identity(true, true)),
            attributes,
            status,
        })
    };
    let found = half(Err("refused".into()), Ok(sense(BAD_STATUS)));
    assert_eq!(found.condition, Condition::Failing);
    assert_eq!(found.not_told.len(), 7, "{:?}", found.not_told);
    let found = half(Ok(attributes(&[])), Err("refused".into()));
    assert_eq!(
        (found.condition, found.predicts_failure),
        (Condition::Good, None)
    );
    // The older form of sense data, as some controllers give it.
    let fixed = [
        0x70, 0, 1, 0, 0x50, 0, 0, 10, 0, 0, 0xF4, 0x2C, 0, 0x1D, 0, 0, 0, 0,
    ];
    let found = half(Ok(attributes(&[])), Ok(fixed.to_vec()));
    assert_eq!(found.predicts_failure, Some(true));
}

#[test]
fn no_answer_makes_a_panic() {
    let mut state = 0x5958_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    for length in (0..600).step_by(7).chain([512; 200]) {
        let page: Vec<u8> = (0..length).map(|_| random()).collect();
        disk(SmartAnswers::Nvme(Ok(page.clone())));
        disk(SmartAnswers::Ata {
            identify: Ok(identity(true, true)),
            attributes: Ok(page.clone()),
            status: Ok(page),
        });
    }
}
