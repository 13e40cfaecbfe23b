use super::*;

const ID: &str = "64311DEA-4587-4029-924A-BA299647998E";
const KEY: &str = "235818-357951-253979-013365-241120-245575-342914-591910";
const OTHER_ID: &str = "83abdb8f-3218-4bfd-aced-215e1e189bdf";
const OTHER_KEY: &str = "404558-436711-420860-678557-638220-018909-039941-695321";

/// Returns ids and computers of what was read, and the rows that were not.
fn read(bytes: &[u8]) -> String {
    let table = match read_key_table(bytes) {
        Ok(table) => table,
        Err(error) => return format!("refused: {error}"),
    };
    let keys = table.keys.iter().map(|(id, key)| {
        let text = key.password.to_text();
        assert!([KEY, OTHER_KEY].contains(&text.as_str()));
        let computer = key.computer.as_deref().unwrap_or("-");
        format!("{id} {computer}")
    });
    let bad = table.bad_rows.iter().map(ToString::to_string);
    let lines: Vec<String> = keys.chain(bad).collect();
    let text = lines.join("\n");
    assert!(
        !text.contains("235818") && !text.contains("404558"),
        "{text}"
    );
    text
}

#[test]
fn every_way_of_exporting_is_understood() {
    let expect = format!("{ID} PC-1");
    for list in [
        // A script around Get-ADObject.
        format!("ComputerName,RecoveryGuid,RecoveryPassword\nPC-1,{ID},{KEY}\n"),
        // Get-ADObject with the bytes that PowerShell does not spell.
        format!(
            "#TYPE Selected\r\n\"DistinguishedName\",\"msFVE-RecoveryGuid\",\"msFVE-RecoveryPassword\"\r\n\
             \"CN=2010-04-22T10:15:00-00:00{{{ID}}},CN=PC-1,OU=HQ\",\"System.Byte[]\",\"{KEY}\"\r\n"
        ),
        // csvde.
        format!(
            "DN,objectClass,msFVE-RecoveryPassword,msFVE-RecoveryGuid\n\
             \"CN=2010\\+02:00{{{ID}}},CN=PC-1,DC=x\",top,{KEY},X'ea1d316487452940924aba299647998e'\n"
        ),
        // Entra ID, saved by a German Excel.
        format!("sep=;\nDevice name;BitLocker key ID;BitLocker recovery key\nPC-1;{ID};{KEY}"),
        // MBAM, with tabs.
        format!(
            "Computer\tRecovery Key ID\tRecovery Key\nPC-1\t{{{ID}}}\t{}\n",
            KEY.replace('-', " ")
        ),
    ] {
        assert_eq!(read(list.as_bytes()), expect, "{list}");
        let marked = [&[0xEF, 0xBB, 0xBF], list.as_bytes()].concat();
        assert_eq!(read(&marked), expect);
        let units = || list.encode_utf16();
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        assert_eq!(read(&[&[0xFF, 0xFE], little.as_slice()].concat()), expect);
        assert_eq!(read(&[&[0xFE, 0xFF], big.as_slice()].concat()), expect);
    }
}

#[test]
fn rows_that_say_nothing_are_named_by_their_line() {
    let list = format!(
        "id,key,computer\n{ID},{KEY},PC-1\n\n{ID},,PC-2\nx,{KEY},PC-3\n{OTHER_ID},{},PC-4\n{ID},{OTHER_KEY},\"PC\n5\"\n\
         {OTHER_ID},{OTHER_KEY}\n{OTHER_ID},{OTHER_KEY},PC-6\n",
        KEY.replace("253979", "253978")
    );
    expect_test::expect![[r#"
        83ABDB8F-3218-4BFD-ACED-215E1E189BDF PC-6
        64311DEA-4587-4029-924A-BA299647998E PC-1
        line 4: it has no recovery key
        line 5: its key ID is no GUID, expected 8-4-4-4-12 hexadecimal digits
        line 6: its recovery key cannot be right: block 3 is mistyped: compare its 6 digits
        line 7: key ID 64311DEA-4587-4029-924A-BA299647998E has another recovery key in line 2"#]]
    .assert_eq(&read(list.as_bytes()));
}

#[test]
fn refuses_what_is_no_list_and_quotes_no_key() {
    for (list, expect) in [
        (b"".to_vec(), "refused: no rows"),
        (vec![0xFF, 0xFE, 0, 0xD8], "refused: not text"),
        (vec![b'a', 0xFF], "refused: not text"),
        (
            b"a,b\n1,2".to_vec(),
            "refused: no column with key IDs; the columns are \"a\", \"b\";",
        ),
        (
            b"key id,b\n1,2".to_vec(),
            "refused: no column with recovery keys; the columns are",
        ),
        (
            format!("{ID},{KEY}").into_bytes(),
            "refused: no column with key IDs; the columns are (no name), (no name)",
        ),
    ] {
        let said = read(&list);
        assert!(said.starts_with(expect), "{said}");
    }
}

#[test]
fn no_two_columns_share_a_name_and_each_has_a_source() {
    let all = [IDS, PASSWORDS, COMPUTERS, NAMES];
    let all: Vec<&ColumnNames> = all.into_iter().flatten().collect();
    let mut names: Vec<&str> = all.iter().flat_map(|group| group.names).copied().collect();
    assert!(all.iter().all(|group| !group.source.is_empty()));
    assert!(names.iter().all(|name| plain_name(name) == *name));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}
