use super::*;

const WORDS: Words = Words {
    en: "a",
    fr: "b",
    de: "c",
    es: "d",
};

/// A group is right if it can be divided by 11.
fn by_eleven(text: &str) -> Checked {
    let groups = text.as_bytes().chunks(4);
    let whole = groups.filter(|group| group.len() == 4);
    let number = |group: &[u8]| -> u32 { String::from_utf8_lossy(group).parse().unwrap() };
    match whole.clone().position(|group| number(group) % 11 != 0) {
        Some(group) => Checked::Wrong { group, why: WORDS },
        None if whole.count() == 3 => Checked::Complete,
        None => Checked::Incomplete,
    }
}

fn prompt(shown: Shown) -> Prompt<'static> {
    Prompt {
        mark: "test",
        tagline: WORDS,
        rows: &[],
        label: WORDS,
        hint: WORDS,
        refused: None,
        field: Field::Digits { groups: 3, each: 4 },
        shown,
        enter: WORDS,
        escape: WORDS,
        code: None,
        check: &by_eleven,
        is_moot: &|| false,
    }
}

fn type_into(prompt: &Prompt<'_>, entry: &mut Entry, keys: &str) -> Next {
    let mut next = Next::Show;
    for key in keys.chars() {
        let stroke = match key {
            '\r' => Stroke::Enter,
            '<' => Stroke::Erase,
            '!' => Stroke::Escape,
            letter => Stroke::Character(letter),
        };
        next = prompt.take(stroke, entry);
    }
    next
}

#[test]
fn digits_are_checked_group_by_group_as_they_are_typed() {
    let prompt = prompt(Shown::LastGroup);
    let mut entry = Entry::for_field(prompt.field);
    assert_eq!(type_into(&prompt, &mut entry, "0011-12"), Next::Show);
    assert_eq!(prompt.groups(&entry), ["****√", "12__ ", "____ "]);
    // The digit that makes a group wrong is heard at once.
    assert_eq!(type_into(&prompt, &mut entry, "22"), Next::Refuse);
    assert_eq!(prompt.groups(&entry), ["****√", "1222x", "____ "]);
    assert_eq!(type_into(&prompt, &mut entry, "\r"), Next::Refuse);
    assert_eq!(entry.text(), "0011");
    assert_eq!(
        type_into(&prompt, &mut entry, "0022 0033\r"),
        Next::Over(Typed::Text)
    );
    assert_eq!(entry.text(), "001100220033");
}

#[test]
fn nothing_but_digits_and_not_too_many() {
    let prompt = prompt(Shown::All);
    let mut entry = Entry::for_field(prompt.field);
    assert_eq!(type_into(&prompt, &mut entry, "x"), Next::Refuse);
    type_into(&prompt, &mut entry, "0011002200330");
    assert_eq!(entry.text(), "001100220033");
    assert_eq!(prompt.groups(&entry), ["0011√", "0022√", "0033√"]);
    assert_eq!(type_into(&prompt, &mut entry, "<\r"), Next::Refuse);
    assert_eq!(entry.text(), "00110022003");
}

#[test]
fn escape_wipes_and_then_leaves() {
    let prompt = prompt(Shown::Nothing);
    let mut entry = Entry::for_field(prompt.field);
    assert_eq!(type_into(&prompt, &mut entry, "12!"), Next::Show);
    assert_eq!(entry.text(), "");
    let left = type_into(&prompt, &mut entry, "!");
    assert_eq!(left, Next::Over(Typed::Skipped));
}

#[test]
fn what_is_hidden_is_in_no_text_that_is_shown() {
    let field = Field::Line { longest: 12 };
    let prompt = Prompt {
        field,
        check: &|_| Checked::Complete,
        ..prompt(Shown::Nothing)
    };
    let mut entry = Entry::for_field(field);
    type_into(&prompt, &mut entry, "géheim-und-lang");
    assert_eq!(entry.text(), "géheim-und-");
    assert_eq!(prompt.groups(&entry), ["***********"]);
    assert_eq!(format!("{entry:?}"), "Entry of 12 bytes");
    let pointer = entry.text().as_ptr();
    type_into(&prompt, &mut entry, "<<<abc");
    assert_eq!(entry.text().as_ptr(), pointer, "its memory has moved");
}
