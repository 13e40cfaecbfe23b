use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use expect_test::{Expect, expect};
use regf::RegistryHive;

use super::*;
use crate::hive::fixture::{
    Random, as_if_clean, count_keys_by_regf, difference, made_hive, real_hive, skip,
};
use crate::hive::value::SEGMENT_SIZE;

/// 22 April 2010.
const NOW: FileTime = FileTime(129_163_680_000_000_000);

fn open(bytes: &[u8]) -> HiveEditor {
    HiveEditor::open(bytes.to_vec(), NOW).unwrap()
}

fn text(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().chain([0]);
    units.flat_map(u16::to_le_bytes).collect()
}

/// Makes the changes that a remedy makes to a service, and a key with values of every shape.
fn edit_services(bytes: &[u8], services: &str, existing: &str) -> Vec<u8> {
    let mut editor = open(bytes);
    let service = format!("{services}\\{existing}");
    let dword = ValueType::DWORD;
    editor
        .set_value(&service, "START", dword, &4_u32.to_le_bytes())
        .unwrap();
    editor
        .set_value(
            &service,
            "ImagePath",
            ValueType::EXPAND_SZ,
            &text("moved.sys"),
        )
        .unwrap();
    let made = format!("{services}\\MendTest\\Parameters");
    editor.create_key(&made).unwrap();
    editor
        .set_value(&made, "", ValueType::SZ, &text("default"))
        .unwrap();
    editor
        .set_value(&made, "Short", ValueType::BINARY, &[1, 2, 3])
        .unwrap();
    editor
        .set_value(&made, "Long", ValueType::BINARY, &[7; 40])
        .unwrap();
    editor
        .set_value(&made, "Ж", ValueType(0x1234), &[])
        .unwrap();
    assert!(editor.is_changed());
    editor.finish().unwrap()
}

/// Checks the difference that hivexregedit sees, with other tools' counts of keys.
fn check(name: &str, before: &[u8], services: &str, existing: &str, expected: &Expect) {
    let after = edit_services(before, services, existing);
    let (audit_before, audit_after) = (
        crate::hive::audit::audit(before),
        crate::hive::audit::audit(&after),
    );
    assert_eq!(audit_after.problems, Vec::<String>::new(), "{name}");
    assert_eq!(
        audit_after.leaked_cells, audit_before.leaked_cells,
        "{name}"
    );
    assert_eq!(audit_after.keys, audit_before.keys + 2, "{name}");
    assert_eq!(count_keys_by_regf(&after), audit_after.keys, "{name}");
    let Some(difference) = difference(before, &after) else {
        return;
    };
    expected.assert_eq(&difference);
    // Security descriptors are shared with the parent, none is made or changed.
    assert_eq!(security_items(before), security_items(&after), "{name}");
}

/// Returns how many cells nothing refers to. The crate regf leaves many in the hives that it makes.
fn count_leaks(bytes: &[u8]) -> usize {
    crate::hive::audit::audit(bytes).leaked_cells.len()
}

/// Returns the security descriptors in use, in order and without their counts.
fn security_items(bytes: &[u8]) -> BTreeSet<Vec<u8>> {
    let hive = Hive::parse(bytes.to_vec()).unwrap();
    let cells = hive.cells().unwrap();
    let used = cells.iter().filter(|cell| cell.in_use);
    let contents = used.map(|cell| hive.cell(cell.offset, "cell").unwrap());
    let items = contents.filter(|content| content.starts_with(b"sk"));
    items.map(|content| content[16..].to_vec()).collect()
}

#[test]
fn other_tools_see_the_intended_difference_in_windows_7() {
    let Some(bytes) = real_hive("SYSTEM") else {
        return;
    };
    check(
        "SYSTEM",
        &bytes,
        "ControlSet001\\services",
        "tcpip",
        &expect![[r#"
            + [\ControlSet001\services\MendTest\Parameters]
            + [\ControlSet001\services\MendTest\Parameters] "Long"=hex(3):07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07
            + [\ControlSet001\services\MendTest\Parameters] "Short"=hex(3):01,02,03
            + [\ControlSet001\services\MendTest\Parameters] "Ж"=hex(1234):
            + [\ControlSet001\services\MendTest\Parameters] @=hex(1):64,00,65,00,66,00,61,00,75,00,6c,00,74,00,00,00
            + [\ControlSet001\services\MendTest]
            - [\ControlSet001\services\Tcpip] "ImagePath"=hex(2):53,00,79,00,73,00,74,00,65,00,6d,00,33,00,32,00,5c,00,64,00,72,00,69,00,76,00,65,00,72,00,73,00,5c,00,74,00,63,00,70,00,69,00,70,00,2e,00,73,00,79,00,73,00,00,00
            + [\ControlSet001\services\Tcpip] "ImagePath"=hex(2):6d,00,6f,00,76,00,65,00,64,00,2e,00,73,00,79,00,73,00,00,00
            - [\ControlSet001\services\Tcpip] "Start"=dword:00000000
            + [\ControlSet001\services\Tcpip] "Start"=dword:00000004
        "#]],
    );
}

#[test]
fn other_tools_see_the_intended_difference_in_windows_8_1() {
    let Some(bytes) = real_hive("SYSTEM_2") else {
        return;
    };
    let bytes = as_if_clean(bytes);
    check(
        "SYSTEM_2",
        &bytes,
        "ControlSet001\\services",
        "tcpip",
        &expect![[r#"
            + [\ControlSet001\Services\MendTest\Parameters]
            + [\ControlSet001\Services\MendTest\Parameters] "Long"=hex(3):07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07
            + [\ControlSet001\Services\MendTest\Parameters] "Short"=hex(3):01,02,03
            + [\ControlSet001\Services\MendTest\Parameters] "Ж"=hex(1234):
            + [\ControlSet001\Services\MendTest\Parameters] @=hex(1):64,00,65,00,66,00,61,00,75,00,6c,00,74,00,00,00
            + [\ControlSet001\Services\MendTest]
            - [\ControlSet001\Services\Tcpip] "ImagePath"=hex(2):53,00,79,00,73,00,74,00,65,00,6d,00,33,00,32,00,5c,00,64,00,72,00,69,00,76,00,65,00,72,00,73,00,5c,00,74,00,63,00,70,00,69,00,70,00,2e,00,73,00,79,00,73,00,00,00
            + [\ControlSet001\Services\Tcpip] "ImagePath"=hex(2):6d,00,6f,00,76,00,65,00,64,00,2e,00,73,00,79,00,73,00,00,00
            - [\ControlSet001\Services\Tcpip] "Start"=dword:00000000
            + [\ControlSet001\Services\Tcpip] "Start"=dword:00000004
        "#]],
    );
}

#[test]
fn other_tools_see_the_intended_difference_in_windows_10() {
    let Some(bytes) = real_hive("SYSTEM_WIN_10_1709") else {
        return;
    };
    let bytes = as_if_clean(bytes);
    check(
        "SYSTEM",
        &bytes,
        "ControlSet001\\services",
        "tcpip",
        &expect![[r#"
            + [\ControlSet001\Services\MendTest\Parameters]
            + [\ControlSet001\Services\MendTest\Parameters] "Long"=hex(3):07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07
            + [\ControlSet001\Services\MendTest\Parameters] "Short"=hex(3):01,02,03
            + [\ControlSet001\Services\MendTest\Parameters] "Ж"=hex(1234):
            + [\ControlSet001\Services\MendTest\Parameters] @=hex(1):64,00,65,00,66,00,61,00,75,00,6c,00,74,00,00,00
            + [\ControlSet001\Services\MendTest]
            - [\ControlSet001\Services\Tcpip] "ImagePath"=hex(2):53,00,79,00,73,00,74,00,65,00,6d,00,33,00,32,00,5c,00,64,00,72,00,69,00,76,00,65,00,72,00,73,00,5c,00,74,00,63,00,70,00,69,00,70,00,2e,00,73,00,79,00,73,00,00,00
            + [\ControlSet001\Services\Tcpip] "ImagePath"=hex(2):6d,00,6f,00,76,00,65,00,64,00,2e,00,73,00,79,00,73,00,00,00
            - [\ControlSet001\Services\Tcpip] "Start"=dword:00000000
            + [\ControlSet001\Services\Tcpip] "Start"=dword:00000004
        "#]],
    );
}

#[test]
fn other_tools_see_the_intended_difference_in_version_1_3() {
    let Some(bytes) = real_hive("NTUSER.DAT") else {
        return;
    };
    check(
        "NTUSER.DAT",
        &bytes,
        "Software\\Microsoft",
        "Windows",
        &expect![[r#"
            + [\Software\Microsoft\MendTest\Parameters]
            + [\Software\Microsoft\MendTest\Parameters] "Long"=hex(3):07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07
            + [\Software\Microsoft\MendTest\Parameters] "Short"=hex(3):01,02,03
            + [\Software\Microsoft\MendTest\Parameters] "Ж"=hex(1234):
            + [\Software\Microsoft\MendTest\Parameters] @=hex(1):64,00,65,00,66,00,61,00,75,00,6c,00,74,00,00,00
            + [\Software\Microsoft\MendTest]
            + [\Software\Microsoft\Windows] "ImagePath"=hex(2):6d,00,6f,00,76,00,65,00,64,00,2e,00,73,00,79,00,73,00,00,00
            + [\Software\Microsoft\Windows] "START"=dword:00000004
        "#]],
    );
}

/// No undamaged hive of Windows XP is at hand, so one of the versions that it uses is made: 1.3 for users
/// and 1.5 for the machine.
#[test]
fn other_tools_see_the_intended_difference_in_made_hives_as_windows_xp_has_them() {
    check(
        "made",
        &made_hive(3),
        "Many",
        "Key 350",
        &expect![[r#"
        + [\Many\Key 350] "ImagePath"=hex(2):6d,00,6f,00,76,00,65,00,64,00,2e,00,73,00,79,00,73,00,00,00
        + [\Many\Key 350] "START"=dword:00000004
        + [\Many\MendTest\Parameters]
        + [\Many\MendTest\Parameters] "Long"=hex(3):07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07
        + [\Many\MendTest\Parameters] "Short"=hex(3):01,02,03
        + [\Many\MendTest\Parameters] "Ж"=hex(1234):
        + [\Many\MendTest\Parameters] @=hex(1):64,00,65,00,66,00,61,00,75,00,6c,00,74,00,00,00
        + [\Many\MendTest]
    "#]],
    );
    check(
        "made",
        &made_hive(5),
        "Many",
        "Key 350",
        &expect![[r#"
        + [\Many\Key 350] "ImagePath"=hex(2):6d,00,6f,00,76,00,65,00,64,00,2e,00,73,00,79,00,73,00,00,00
        + [\Many\Key 350] "START"=dword:00000004
        + [\Many\MendTest\Parameters]
        + [\Many\MendTest\Parameters] "Long"=hex(3):07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07,07
        + [\Many\MendTest\Parameters] "Short"=hex(3):01,02,03
        + [\Many\MendTest\Parameters] "Ж"=hex(1234):
        + [\Many\MendTest\Parameters] @=hex(1):64,00,65,00,66,00,61,00,75,00,6c,00,74,00,00,00
        + [\Many\MendTest]
    "#]],
    );
}

#[test]
fn a_change_that_is_there_already_leaves_the_same_bytes() {
    let before = made_hive(5);
    let once = edit_services(&before, "Many", "Key 350");
    assert_ne!(before, once);
    let mut editor = open(&once);
    let path = "Many\\MendTest\\Parameters";
    editor.create_key(path).unwrap();
    editor
        .set_value(path, "SHORT", ValueType::BINARY, &[1, 2, 3])
        .unwrap();
    editor
        .set_value("many\\key 350", "Start", ValueType::DWORD, &[4, 0, 0, 0])
        .unwrap();
    assert!(!editor.remove_value(path, "absent").unwrap());
    assert!(!editor.is_changed());
    assert!(editor.finish().unwrap() == once);
}

#[test]
fn dates_keys_and_the_hive_and_raises_the_sequence_numbers() {
    let Some(before) = real_hive("NTUSER.DAT") else {
        return;
    };
    let mut editor = open(&before);
    let path = "Software\\Microsoft\\Windows";
    editor
        .set_value(path, "x", ValueType::DWORD, &[0; 4])
        .unwrap();
    editor.create_key("Software\\Microsoft\\Made").unwrap();
    let after = editor.finish().unwrap();
    let hive = Hive::parse(after.clone()).unwrap();
    assert_eq!(hive.dirty(), None);
    let written = |path: &str| hive.key(path).unwrap().unwrap().written();
    assert_eq!(written(path), NOW);
    assert_eq!(written("Software\\Microsoft"), NOW);
    assert_eq!(written("Software\\Microsoft\\Made"), NOW);
    assert!(written("Software") > NOW && written("") > NOW);
    let before = Hive::parse(before).unwrap().base_block;
    assert_eq!(
        hive.base_block.primary_sequence,
        before.primary_sequence + 1
    );
    assert_eq!(
        hive.base_block.secondary_sequence,
        before.primary_sequence + 1
    );
    let time = NOW.0.to_le_bytes();
    assert_eq!(
        (&after[12..20], &after[4096 + 20..4096 + 28]),
        (&time[..], &time[..])
    );
}

#[test]
fn leaves_a_time_that_windows_10_does_not_keep() {
    let Some(bytes) = real_hive("SYSTEM_WIN_10_1709") else {
        return;
    };
    let mut editor = open(&as_if_clean(bytes));
    editor.create_key("Made").unwrap();
    let after = editor.finish().unwrap();
    let times = (&after[12..20], &after[4096 + 20..4096 + 28]);
    assert_eq!(times, (&[0; 8][..], &[0; 8][..]));
}

#[test]
fn data_of_every_size_is_read_back_by_us_and_by_regf() {
    let sizes = [
        0, 1, 4, 5, 16_343, 16_344, 16_345, 32_688, 32_689, 100_000, 3, 70_000, 0,
    ];
    for minor in 3..=6 {
        let mut editor = open(&made_hive(minor));
        let leaked = editor.hive().audit().leaked_cells.len();
        for size in sizes {
            let data: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let set = editor.set_value("Many", "Data", ValueType::BINARY, &data);
            if minor == 3 && size > SEGMENT_SIZE {
                let message = set.unwrap_err().to_string();
                let expected = format!(
                    "data of value \"Data\": {size} bytes, expected at most 16344 in version 1.3"
                );
                assert_eq!(message, expected);
                continue;
            }
            set.unwrap();
            let key = editor.hive().key("Many").unwrap().unwrap();
            assert_eq!(key.value("data").unwrap().unwrap().data().unwrap(), data);
            assert_eq!(
                editor.hive().audit().problems,
                Vec::<String>::new(),
                "{minor} {size}"
            );
        }
        editor
            .set_value("Many", "Data", ValueType::BINARY, &[9; 16_000])
            .unwrap();
        assert_eq!(editor.hive().audit().leaked_cells.len(), leaked);
        let bytes = editor.finish().unwrap();
        let hive = RegistryHive::from_bytes(bytes).unwrap();
        let value = hive.open_key("Many").unwrap().value("Data").unwrap();
        assert_eq!(value.raw_data().unwrap(), [9; 16_000]);
        let mut editor = open(&made_hive(minor));
        let size = if minor == 3 { 16_344 } else { 90_000 };
        let data: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
        editor
            .set_value("", "Data", ValueType::BINARY, &data)
            .unwrap();
        let hive = RegistryHive::from_bytes(editor.finish().unwrap()).unwrap();
        let value = hive.root_key().unwrap().value("Data").unwrap();
        assert_eq!(value.raw_data().unwrap(), data);
    }
}

#[test]
fn shrinks_a_large_value_that_lies_in_one_cell_of_version_1_3() {
    let before = made_hive(3);
    let mut editor = open(&before);
    let path = "Microsoft\\Windows NT\\CurrentVersion";
    editor
        .set_value(path, "Big", ValueType::BINARY, &[1; 10])
        .unwrap();
    let after = editor.finish().unwrap();
    assert_eq!(count_leaks(&after), count_leaks(&before));
}

#[test]
fn free_cells_are_merged_and_used_again() {
    let mut editor = open(&made_hive(5));
    for size in [3000, 5000, 9000, 12_000, 16_000] {
        editor
            .set_value("Many", "a", ValueType::BINARY, &vec![1; size])
            .unwrap();
        editor
            .set_value("Many", "b", ValueType::BINARY, &vec![2; size])
            .unwrap();
        editor.remove_value("Many", "a").unwrap();
        editor.remove_value("Many", "b").unwrap();
    }
    let size = editor.hive().bytes.len();
    for _ in 0..20 {
        editor
            .set_value("Many", "a", ValueType::BINARY, &[1; 9000])
            .unwrap();
        editor.remove_value("Many", "a").unwrap();
    }
    let after = editor.finish().unwrap();
    assert_eq!(after.len(), size);
    // Where cells were freed no two free ones are left side by side: the bins that were added are one
    // free cell each.
    let hive = Hive::parse(after).unwrap();
    let added: Vec<_> = hive
        .cells()
        .unwrap()
        .into_iter()
        .filter(|cell| cell.offset.0 >= 0x10000)
        .collect();
    let pairs = added.windows(2);
    let touching = pairs.filter(|pair| {
        !pair[0].in_use && !pair[1].in_use && pair[0].offset.0 + pair[0].size == pair[1].offset.0
    });
    assert_eq!(touching.count(), 0);
}

#[test]
fn thousands_of_subkeys_stay_ordered_and_other_tools_count_them() {
    for minor in [3, 5] {
        let before = made_hive(minor);
        let mut editor = open(&before);
        let mut random = Random(0x5958);
        let mut names = BTreeSet::new();
        while names.len() < 1500 {
            let name = format!("Sub{:04}", random.below(10_000));
            editor.create_key(&format!("many\\{name}")).unwrap();
            names.insert(name);
        }
        let after = editor.finish().unwrap();
        let audit = crate::hive::audit::audit(&after);
        assert_eq!(audit.keys, 706 + 1500);
        assert_eq!(audit.leaked_cells.len(), count_leaks(&before));
        assert_eq!(count_keys_by_regf(&after), 706 + 1500);
        let hive = Hive::parse(after.clone()).unwrap();
        let many = hive.key("Many").unwrap().unwrap().subkeys().unwrap();
        let found: Vec<_> = many.iter().map(|key| key.name().to_owned()).collect();
        assert!(found.is_sorted());
        assert_eq!(found.len(), 2200);
        let Some(difference) = difference(&before, &after) else {
            return;
        };
        assert_eq!(difference.lines().count(), 1500);
        assert!(
            difference
                .lines()
                .all(|line| line.starts_with("+ [\\Many\\Sub"))
        );
    }
}

/// What a hive should hold: keys, and in each its values by name.
type Model = BTreeMap<String, BTreeMap<String, (u32, Vec<u8>)>>;

fn read_model(hive: &Hive) -> Model {
    let mut model = Model::new();
    let mut open = vec![(String::new(), hive.root().unwrap())];
    while let Some((path, key)) = open.pop() {
        for subkey in key.subkeys().unwrap() {
            open.push((format!("{path}\\{}", subkey.name()), subkey));
        }
        let values = key.values().unwrap();
        let values = values.iter().map(|value| {
            let data = (value.value_type().0, value.data().unwrap());
            (value.name().to_owned(), data)
        });
        model.insert(path, values.collect());
    }
    model
}

/// Makes random changes to a hive and to a model of it, and compares them.
fn compare_with_model(before: &[u8], seed: u64, steps: usize) {
    let mut random = Random(seed);
    let mut editor = open(before);
    let mut model = read_model(editor.hive());
    let leaked = editor.hive().audit().leaked_cells;
    let minor = editor.hive().minor_version();
    for step in 0..steps {
        let paths: Vec<_> = model.keys().cloned().collect();
        let path = paths[random.below(paths.len())].clone();
        let name = ["", "a", "Value", "Ünï", "Ж"][random.below(5)];
        match random.below(5) {
            4 if !path.is_empty() => {
                let is_leaf = !paths
                    .iter()
                    .any(|one| one.starts_with(&format!("{path}\\")));
                match editor.remove_key(&path) {
                    Ok(removed) => {
                        assert!(removed && is_leaf);
                        model.remove(&path);
                    }
                    Err(error) => assert!(!is_leaf, "{error}"),
                }
            }
            0 if path.matches('\\').count() < 6 => {
                let made = format!("{path}\\K{}", random.below(40));
                editor.create_key(&made).unwrap();
                model.entry(made).or_default();
            }
            1 => {
                let removed = editor.remove_value(&path, name).unwrap();
                let expected = model.get_mut(&path).unwrap().remove(name);
                assert_eq!(removed, expected.is_some());
            }
            _ => {
                let most = if minor == 3 { 16_345 } else { 60_000 };
                let most = [5, 100, 5000, most][random.below(4)];
                let byte = random.next().to_le_bytes()[0];
                let data = vec![byte; random.below(most)];
                let value_type = ValueType(u32::from(byte));
                editor.set_value(&path, name, value_type, &data).unwrap();
                let values = model.get_mut(&path).unwrap();
                values.insert(name.to_owned(), (value_type.0, data));
            }
        }
        if step % 16 == 0 {
            assert_eq!(
                editor.hive().audit().problems,
                Vec::<String>::new(),
                "{seed} {step}"
            );
        }
    }
    let after = editor.finish().unwrap();
    let hive = Hive::parse(after.clone()).unwrap();
    assert!(read_model(&hive) == model, "seed {seed}");
    assert_eq!(hive.audit().leaked_cells, leaked, "seed {seed}");
    assert_eq!(count_keys_by_regf(&after), model.len(), "seed {seed}");
}

#[test]
fn random_changes_agree_with_a_model_and_keep_the_audit_clean() {
    for (seed, minor) in (1..).zip([3, 4, 5, 6, 3, 5]) {
        compare_with_model(&made_hive(minor), seed, 400);
    }
    let Some(bytes) = real_hive("SAM") else {
        return;
    };
    compare_with_model(&bytes, 7, 400);
}

/// Makes keys with values, takes every one away again, and asks other tools what is different then.
fn check_removal(before: &[u8], services: &str) {
    let mut editor = open(before);
    let services_of = |editor: &HiveEditor| {
        let key = editor.hive().key(services).unwrap().unwrap();
        key.subkeys().unwrap().len()
    };
    let count = services_of(&editor);
    let value = text("a value of some length, in a cell of its own");
    for number in 0..600 {
        let key = format!("{services}\\Mend{number:04}");
        editor.create_key(&key).unwrap();
        editor
            .set_value(&key, "Text", ValueType::SZ, &value)
            .unwrap();
    }
    assert_eq!(services_of(&editor), count + 600);
    for number in (0..600).rev() {
        let key = format!("{services}\\mend{number:04}");
        assert!(editor.remove_key(&key).unwrap());
        assert!(!editor.remove_key(&key).unwrap());
    }
    assert_eq!(services_of(&editor), count);
    let leaked = crate::hive::audit::audit(before).leaked_cells;
    let after = editor.finish().unwrap();
    assert_eq!(crate::hive::audit::audit(&after).leaked_cells, leaked);
    assert_eq!(count_keys_by_regf(&after), count_keys_by_regf(before));
    assert_eq!(security_items(before), security_items(&after));
    assert_eq!(difference(before, &after).unwrap_or_default(), "");
}

#[test]
fn other_tools_find_no_trace_of_keys_that_were_made_and_removed() {
    check_removal(&made_hive(3), "Many");
    check_removal(&made_hive(5), "Many");
    if let Some(bytes) = real_hive("SYSTEM") {
        check_removal(&bytes, "ControlSet001\\services");
    }
}

#[test]
fn removes_keys_of_windows_with_their_own_security_and_class_and_nothing_else() {
    let Some(before) = real_hive("SYSTEM") else {
        return;
    };
    let mut editor = open(&before);
    let mut left = vec!["ControlSet001\\Control\\Lsa".to_owned()];
    let mut keys = Vec::new();
    while let Some(path) = left.pop() {
        let key = editor.hive().key(&path).unwrap().unwrap();
        let subkeys = key.subkeys().unwrap();
        left.extend(subkeys.iter().map(|key| format!("{path}\\{}", key.name())));
        keys.push(path);
    }
    assert!(keys.len() > 10);
    for path in keys.iter().rev() {
        assert!(editor.remove_key(path).unwrap(), "{path}");
    }
    let after = editor.finish().unwrap();
    let leaked = crate::hive::audit::audit(&before).leaked_cells;
    assert_eq!(crate::hive::audit::audit(&after).leaked_cells, leaked);
    let Some(difference) = difference(&before, &after) else {
        return;
    };
    let gone = "- [\\ControlSet001\\Control\\Lsa";
    assert!(
        difference.lines().all(|line| line.starts_with(gone)),
        "{difference}"
    );
    let headings = difference.lines().filter(|line| line.ends_with(']'));
    assert_eq!(headings.count(), keys.len());
}

#[test]
fn refuses_to_remove_the_root_and_keys_with_subkeys() {
    let mut editor = open(&made_hive(5));
    let mut refused = |path: &str| editor.remove_key(path).unwrap_err().to_string();
    expect!["key : it is the root, expected one without subkeys below the root"]
        .assert_eq(&refused(""));
    expect!["key Many: it has subkeys, expected one without subkeys below the root"]
        .assert_eq(&refused("Many"));
    assert!(!editor.is_changed());
}

#[test]
fn damaged_hives_are_refused_or_changed_but_never_panic() {
    let good = made_hive(5);
    let mut random = Random(0x5959);
    let (mut opened, mut refused) = (0, 0);
    for _ in 0..1500 {
        let mut bytes = good.clone();
        for _ in 0..=random.below(3) {
            let place = random.below(bytes.len());
            bytes[place] = random.next().to_le_bytes()[0];
        }
        let length = if random.below(8) == 0 {
            random.below(bytes.len())
        } else {
            bytes.len()
        };
        bytes.truncate(length);
        base_block::rewrite(&mut bytes, |_| ());
        match HiveEditor::open(bytes, NOW) {
            Err(_) => refused += 1,
            Ok(mut editor) => {
                opened += 1;
                let path = "Microsoft\\Windows NT\\CurrentVersion";
                editor.create_key("Many\\New").ok();
                editor.remove_key("Many\\Key 001").ok();
                editor
                    .set_value(path, "Number", ValueType::BINARY, &[5; 5000])
                    .ok();
                editor
                    .set_value(path, "Big", ValueType::BINARY, &[5; 50])
                    .ok();
                editor.finish().ok();
            }
        }
    }
    assert!(opened > 50 && refused > 50, "{opened} {refused}");
}

#[test]
fn refuses_hives_that_are_not_whole() {
    let message = |bytes: Vec<u8>| HiveEditor::open(bytes, NOW).unwrap_err().to_string();
    let mut dirty = made_hive(5);
    base_block::rewrite(&mut dirty, |raw| raw.primary_sequence_number.set(9));
    expect!["registry file is not whole (findings: 1): base block at 0x4: sequence numbers differ: 9 and 2, expected a clean hive"].assert_eq(&message(dirty));
    let mut cut = made_hive(5);
    cut.truncate(0x3000);
    expect!["registry file is not whole (findings: 1): base block at 0x28: bins of 2183168 bytes in 8192, expected a multiple of 4096 that lies in the file"].assert_eq(&message(cut));
    let Some(damaged) = real_hive("corrupted_system_hive") else {
        return;
    };
    expect![[r#"registry file is not whole (findings: 1): bin at 0x1a000: magic is [00, 00, 00, 00], offset 0x0, expected "hbin" and its own offset"#]].assert_eq(&message(damaged));
}

#[test]
fn refuses_what_windows_would_not_take_and_says_what_it_would() {
    let mut editor = open(&made_hive(5));
    let mut messages = String::new();
    let mut note = |result: Result<(), EditError>| {
        messages += &format!("{}\n", result.unwrap_err());
    };
    note(editor.set_value("Many\\Absent", "x", ValueType::SZ, &[]));
    note(editor.create_key("Many\\µ"));
    note(editor.create_key("Many\\tab\t"));
    note(editor.create_key(&"x".repeat(256)));
    note(editor.create_key(&"x\\".repeat(513)));
    note(editor.set_value("Many", "a\0b", ValueType::SZ, &[]));
    note(editor.set_value("Many", &"x".repeat(16_384), ValueType::SZ, &[]));
    expect![[r#"
        key Many\Absent: not there, expected an existing key
        name "µ": the letter 'µ' in the name of a new key, expected letters of ASCII or Western European ones
        name "tab\t": the letter '\t' in the name of a new key, expected letters of ASCII or Western European ones
        name "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": the start of a name of 256 units, expected at most 255 units of UTF-16
        name "x\\x\\x\\x\\x\\x\\x\\x\\x\\x\\x\\x\\x\\x\\x\\x\\": the start of a path 513 keys deep, expected at most 512
        name "a\0b": a zero in the name of a new value, expected a name that every program can read
        name "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": the start of a name of 16384 units, expected at most 16383 units of UTF-16
    "#]].assert_eq(&messages);
    assert!(!editor.is_changed());
}

#[test]
fn does_not_follow_links_and_sets_nothing_in_handles() {
    for (flag, expected) in [
        (
            IS_LINK,
            expect![
                "key Many: it is a link to another key, or lies behind one, expected a key with values of its own"
            ],
        ),
        (
            IS_HANDLE,
            expect!["key Many: it stands for another key, expected a key with values of its own"],
        ),
    ] {
        let mut editor = open(&made_hive(5));
        let key = editor.hive().key("Many").unwrap().unwrap().offset();
        editor
            .change_key(key, |raw| raw.flags.set(raw.flags.get() | flag))
            .unwrap();
        let set = editor.set_value("Many", "x", ValueType::SZ, &[]);
        expected.assert_eq(&set.unwrap_err().to_string());
    }
}

#[test]
fn a_change_that_breaks_the_hive_is_refused_at_the_end() {
    let mut editor = open(&made_hive(5));
    let key = editor.hive().key("Many").unwrap().unwrap().offset();
    editor
        .change_key(key, |raw| raw.number_of_subkeys.set(699))
        .unwrap();
    expect!["changed registry file is not whole (findings: 1): list of subkeys at 0x74fe8: 700 subkeys, expected as many as the key counts, which is 699"].assert_eq(&editor.finish().unwrap_err().to_string());
}

#[test]
fn hivexget_and_hivexsh_read_what_was_set() {
    let Some(bytes) = real_hive("NTUSER.DAT") else {
        return;
    };
    let mut editor = open(&bytes);
    for name in ["zeta", "Alpha", "Mid"] {
        editor
            .create_key(&format!("Software\\Made\\{name}"))
            .unwrap();
    }
    let value = text("Größe");
    editor
        .set_value("Software\\Made", "Text", ValueType::SZ, &value)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hive");
    fs_err::write(&path, editor.finish().unwrap()).unwrap();
    let output = |command: &mut Command| match command.output() {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap()),
        Err(_) => {
            skip("hivexget or hivexsh");
            None
        }
    };
    let found = output(
        Command::new("hivexget")
            .arg(&path)
            .args(["Software\\Made", "Text"]),
    );
    assert_eq!(found.unwrap_or_else(|| "Größe\n".to_owned()), "Größe\n");
    let commands = folder.path().join("commands");
    fs_err::write(&commands, "cd Software\\Made\nls\n").unwrap();
    let found = output(Command::new("hivexsh").arg("-f").arg(&commands).arg(&path));
    assert_eq!(
        found.unwrap_or_else(|| "Alpha\nMid\nzeta\n".to_owned()),
        "Alpha\nMid\nzeta\n"
    );
}
