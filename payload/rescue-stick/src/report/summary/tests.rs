use super::*;

const JSON: &str = include_str!("../../../fixtures/report-2.json");
fn identity() -> Identity {
    let file = include_bytes!("../../../fixtures/identity-1.bin");
    Identity::parse(file).unwrap().unwrap()
}

fn summary() -> Summary {
    let report = Report::parse(JSON).unwrap();
    Summary::of(&report, JSON.as_bytes(), identity().facts().id)
}

#[test]
fn a_code_is_read_back_and_checked_by_the_sticks_key() {
    let text = summary().to_signed_text(&identity());
    let read = SignedSummary::parse(&text).unwrap();
    assert_eq!(read.check(identity().public_key()), Ok(&summary()));
    let typed = format!(" {} \r\n{}\n", &text[..50], &text[50..]);
    assert_eq!(SignedSummary::parse(&typed), Ok(read));
    assert_eq!(summary().computer, "OPTIPLEX-114");
    assert_eq!(summary().number, Some(14));
    expect_test::expect_file!["../../../fixtures/summary-1.txt"].assert_eq(&text);
}

#[test]
fn every_changed_digit_and_every_cut_is_noticed() {
    let (text, own) = (summary().to_signed_text(&identity()), identity());
    let is_believed = |text: &str| {
        SignedSummary::parse(text).is_ok_and(|read| read.check(own.public_key()).is_ok())
    };
    assert!(is_believed(&text));
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
        assert!(
            !is_believed(&String::from_utf8(changed).unwrap()),
            "character {at}"
        );
        assert!(!is_believed(&text[..at]), "cut at {at}");
    }
    for wrong in [
        "",
        SUMMARY_PREFIX,
        "MENDKIT1:-1",
        "MENDKIT1:\u{e9}\u{e9}",
        "MENDKIT1:999",
    ] {
        assert!(SignedSummary::parse(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn times_are_those_of_date() {
    // Made with `date -u -d @N +%FT%TZ`.
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (1_271_931_300, "2010-04-22T10:15:00Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (951_868_799, "2000-02-29T23:59:59Z"),
        (1_293_839_999, "2010-12-31T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
    ] {
        assert_eq!(unix_seconds(text), Some(seconds), "{text}");
    }
    for text in [
        "",
        "2010",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "xxxx",
    ] {
        assert_eq!(unix_seconds(text), None, "{text:?}");
    }
}

#[test]
fn another_stick_has_not_made_it() {
    let text = summary().to_signed_text(&identity());
    let other = crate::secret_key::SecretKey::from_seed([8; 32]).unwrap();
    let read = SignedSummary::parse(&text).unwrap();
    assert_eq!(read.check(other.public()), Err(SummaryError::Signature));
}

#[test]
fn the_longest_name_fits_and_a_character_is_never_cut() {
    let mut long = summary();
    long.computer = "\u{e9}".repeat(40);
    let text = long.to_signed_text(&identity());
    assert!(text.len() <= MOST_SUMMARY_CHARACTERS, "{}", text.len());
    let read = SignedSummary::parse(&text).unwrap();
    assert_eq!(read.summary.computer, "\u{e9}".repeat(15));
    long.computer = format!("a{}", "\u{20ac}".repeat(20));
    let read = SignedSummary::parse(&long.to_signed_text(&identity())).unwrap();
    assert_eq!(read.summary.computer, format!("a{}", "\u{20ac}".repeat(9)));
    long.computer.clear();
    long.number = None;
    let read = SignedSummary::parse(&long.to_signed_text(&identity())).unwrap();
    assert_eq!(read.summary, long);
}
