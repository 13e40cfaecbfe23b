//! Reads the last lines of a product's log, in whatever encoding it is: UTF-8, UTF-16, or the code page
//! of an old Windows.

use std::io::{self, Read as _, Seek as _, SeekFrom};

use fs_err as fs;
use rescue_stick::remedy::predicate::LogTest;

use crate::windows::path::WindowsPath;
use crate::windows::pattern::FoundFile;

/// Bytes from the end of a log that are read at most. Even, so that UTF-16 stays whole.
const MOST_BYTES: u64 = 4 << 20;

/// Lines that are kept as evidence.
const MOST_HITS: usize = 3;

/// A log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenLog {
    /// Its path as the volume spells it.
    pub path: WindowsPath,
    /// Lines that were looked at, from the end, or why it cannot be read.
    pub looked_at: Result<usize, String>,
    /// The last lines that have it in them, a few.
    pub hits: Vec<String>,
}

/// Looks for what `test` asks in a log.
pub fn read_log(file: &FoundFile, test: &LogTest) -> SeenLog {
    let mut seen = SeenLog {
        path: file.path.clone(),
        looked_at: Ok(0),
        hits: Vec::new(),
    };
    match read_end(file) {
        Ok((bytes, is_wide)) => {
            let text = decode(&bytes, is_wide);
            let wanted = test.contains.to_lowercase();
            let lines: Vec<&str> = text.lines().rev().take(test.last_lines).collect();
            seen.looked_at = Ok(lines.len());
            let hits = lines
                .iter()
                .filter(|line| line.to_lowercase().contains(&wanted));
            seen.hits = hits
                .take(MOST_HITS)
                .map(|line| line.trim().to_owned())
                .collect();
        }
        Err(error) => seen.looked_at = Err(error.to_string()),
    }
    seen
}

/// Returns the end of a log, and whether its beginning says that it is UTF-16.
fn read_end(file: &FoundFile) -> io::Result<(Vec<u8>, bool)> {
    let mut reader = fs::File::open(&file.at)?;
    let mut head = Vec::new();
    reader.by_ref().take(2).read_to_end(&mut head)?;
    let is_wide = head == [0xFF, 0xFE];
    // An even offset, and one byte order mark further for the sake of the parity.
    let start = (file.size.saturating_sub(MOST_BYTES)).next_multiple_of(2);
    reader.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    reader.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok((bytes, is_wide))
}

fn decode(bytes: &[u8], is_wide: bool) -> String {
    if is_wide {
        let (pairs, _) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
        return String::from_utf16_lossy(&units)
            .trim_start_matches('\u{FEFF}')
            .to_owned();
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    // The start of what was read may lie inside a character.
    let cut = bytes
        .iter()
        .take(3)
        .take_while(|byte| **byte & 0xC0 == 0x80);
    let rest = bytes.get(cut.count()..).unwrap_or_default();
    match std::str::from_utf8(rest) {
        Ok(text) => text.to_owned(),
        // A code page. Names of detections are ASCII in all of them; what is not is read as Latin-1.
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(content: &[u8], last_lines: usize) -> SeenLog {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("log.txt");
        fs::write(&at, content).unwrap();
        let file = FoundFile {
            at,
            path: WindowsPath::parse("\\log.txt", None).unwrap(),
            size: u64::try_from(content.len()).unwrap(),
        };
        let test = LogTest {
            path: "{windows}\\log.txt".into(),
            contains: "w32/wecorl.A".into(),
            last_lines,
        };
        read_log(&file, &test)
    }

    #[test]
    fn finds_a_line_in_every_encoding() {
        let text = "21.04.2010\t15:02\tgelöscht\tW32/Wecorl.a\r\nEnde\r\n";
        let wide: Vec<u8> = [0xFF, 0xFE]
            .into_iter()
            .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        let ansi: Vec<u8> = text
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap())
            .collect();
        let marked = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
        for content in [text.as_bytes(), &marked, &wide, &ansi] {
            let seen = look(content, 1000);
            assert_eq!(seen.looked_at, Ok(2));
            assert_eq!(seen.hits, ["21.04.2010\t15:02\tgelöscht\tW32/Wecorl.a"]);
        }
    }

    #[test]
    fn only_the_last_lines_are_looked_at_however_long_the_log() {
        assert!(look(b"W32/Wecorl.a\r\nlater\r\n", 1).hits.is_empty());
        let mut long = b"W32/Wecorl.a\r\n".repeat(700_000);
        long.extend(b"the last line\r\n");
        let seen = look(&long, 2);
        assert_eq!((seen.looked_at, seen.hits.len()), (Ok(2), 1));
    }
}
