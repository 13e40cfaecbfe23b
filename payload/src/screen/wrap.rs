//! Lines that are broken where they fit.

/// Breaks a line of a plan so that its rows stand under its text, as in a table.
pub fn fold(line: &str, width: usize) -> Vec<String> {
    if line.chars().count() <= width {
        return vec![line.to_owned()];
    }
    let blanks = line.chars().take_while(|letter| *letter == ' ').count();
    let column = match line.trim_start().find("  ") {
        // `1 restore  \WINDOWS\...`
        Some(gap) if blanks == 0 && gap < 12 => gap.saturating_add(2),
        _ => blanks,
    };
    let (first, text) = line.split_at_checked(column).unwrap_or(("", line));
    let rows = wrap(text, width.saturating_sub(column)).into_iter();
    let rows = rows.enumerate().map(|(number, row)| match number {
        0 => format!("{first}{row}"),
        _ => format!("{:column$}{row}", ""),
    });
    rows.collect()
}

/// Breaks a line at spaces; a word longer than a line is left long.
pub fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    for word in line.split_whitespace() {
        let row = rows.last_mut();
        match row {
            Some(row) if row.is_empty() => row.push_str(word),
            Some(row) if row.chars().count() + word.chars().count() < width => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}

/// Returns a line as a sentence begins. Names that begin a line, such as file names, stay as they are.
pub fn capitalised(line: &str) -> String {
    let first_word = line.split(' ').next().unwrap_or_default();
    let mut letters = line.chars();
    match letters.next() {
        Some(first) if first_word.chars().all(char::is_alphabetic) => {
            first.to_uppercase().chain(letters).collect()
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_of_a_plan_stays_in_its_column() {
        let line = "2 restore  \\WINDOWS\\system32\\svchost.exe from \\WINDOWS\\system32\\dllcache\\svchost.exe";
        expect_test::expect![[r#"
            2 restore  \WINDOWS\system32\svchost.exe from
                       \WINDOWS\system32\dllcache\svchost.exe"#]]
        .assert_eq(&fold(line, 78).join("\n"));
        assert_eq!(fold("short  line", 78), ["short  line"]);
        let deep = format!("   {}", "word ".repeat(20));
        assert!(
            fold(&deep, 78)
                .iter()
                .all(|row| row.starts_with("   word") && row.len() <= 78)
        );
    }

    #[test]
    fn long_words_are_not_cut() {
        assert_eq!(wrap("a bbbbbbbbbb c", 4), ["a", "bbbbbbbbbb", "c"]);
    }
}
