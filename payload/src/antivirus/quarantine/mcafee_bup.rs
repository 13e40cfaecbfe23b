//! McAfee's `.bup`: a compound file whose streams are the files that one detection took.
//!
//! ```text
//! compound file, version 3: sectors of 512 bytes; streams below 4096 bytes lie in the mini stream
//!   Details   text after exclusive or with 0x6A: an INI with [Details], [File_0], [File_1], …
//!   File_0    a file's bytes after exclusive or with 0x6A, nothing else
//!   File_1    …
//! ```
//!
//! There is no checksum in it. `[Value_N]`, registry values that cleaning changed, is not read.
//!
//! Source: MS-CFB for the container; its content as observed in a public sample of 2013 and as three
//! public parsers read it. The sections after `NumberOfFiles` were there and empty.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use cfb::{CompoundFile, Stream, Version};
use fs_err as fs;

use crate::antivirus::quarantine::{ContainerKind, QuarantineError, QuarantineItem, corrupt};
use crate::windows::path::WindowsPath;

/// Every byte of every stream is changed by exclusive or with this. Observed: public sample.
const MASK: u8 = 0x6A;

/// Name of the stream that describes the others.
const DETAILS: &str = "Details";

/// Bytes of `Details` at most; the samples have about 1 KiB.
const LARGEST_DETAILS: u64 = 1 << 20;

/// Files of one container at most.
const MOST_FILES: u32 = 4096;

/// `ObjectType` of a file. Observed: public sample.
const OBJECT_IS_FILE: &str = "5";

/// Reads which files are in a container.
pub fn read_bup(
    file: fs::File,
    container: &WindowsPath,
) -> Result<Vec<QuarantineItem>, QuarantineError> {
    let mut compound = open_compound(file)?;
    let details = Ini::parse(&read_details(&mut compound)?);
    let place = format!("{DETAILS} [{DETAILS}]");
    let Some(text) = details.value(DETAILS, "NumberOfFiles") else {
        return Err(corrupt(&place, "no NumberOfFiles", "a number of files"));
    };
    let count = text.parse().ok().filter(|count| *count <= MOST_FILES);
    let Some(count) = count else {
        let finding = format!("NumberOfFiles is {text:?}");
        return Err(corrupt(&place, finding, format!("at most {MOST_FILES}")));
    };
    let mut items = Vec::new();
    for number in 0..count {
        let section = stream_name(number);
        let is_file = details
            .value(&section, "ObjectType")
            .is_none_or(|kind| kind == OBJECT_IS_FILE);
        let Some(path) = details.value(&section, "OriginalName").filter(|_| is_file) else {
            continue;
        };
        items.push(QuarantineItem {
            container: container.clone(),
            kind: ContainerKind::McafeeBup,
            number,
            original_path: path.to_owned(),
            detection: details.value(DETAILS, "DetectionName").map(str::to_owned),
            definitions: definitions(&details),
            created: created(&details),
            size: open_file(&mut compound, number)
                .map(|stream| stream.len())
                .map_err(|error| error.to_string()),
        });
    }
    Ok(items)
}

/// Writes file number `number` to `sink` and returns its size; see
/// [`extract_item`](crate::antivirus::quarantine::extract_item).
pub fn extract_bup(
    file: fs::File,
    number: u32,
    limit: u64,
    sink: &mut dyn Write,
) -> Result<u64, QuarantineError> {
    let mut compound = open_compound(file)?;
    let stream = open_file(&mut compound, number)?;
    let size = stream.len();
    if size > limit {
        let finding = format!("{size} bytes");
        return Err(corrupt(
            &stream_name(number),
            finding,
            format!("at most {limit}"),
        ));
    }
    let copied = io::copy(&mut Unmasked(stream.take(limit)), sink)
        .map_err(|error| corrupt(&stream_name(number), reason(&error), "a whole stream"))?;
    if copied != size {
        let finding = format!("{copied} bytes");
        return Err(corrupt(
            &stream_name(number),
            finding,
            format!("{size}, as its entry says"),
        ));
    }
    Ok(copied)
}

/// Returns the finding in the error of a reader.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "ends too early".to_owned(),
        io::ErrorKind::NotFound => "not there".to_owned(),
        _ => error.to_string(),
    }
}

fn stream_name(number: u32) -> String {
    format!("File_{number}")
}

fn open_compound(file: fs::File) -> Result<CompoundFile<fs::File>, QuarantineError> {
    let compound = CompoundFile::open(file)
        .map_err(|error| corrupt("compound file", reason(&error), "a whole one"))?;
    match compound.version() {
        Version::V3 => Ok(compound),
        other => Err(QuarantineError::Unsupported {
            finding: format!("a compound file of version {}", other.number()),
        }),
    }
}

/// Opens the stream of a file. One of length 0 is what an interrupted quarantine leaves.
fn open_file(
    compound: &mut CompoundFile<fs::File>,
    number: u32,
) -> Result<Stream<fs::File>, QuarantineError> {
    let name = stream_name(number);
    let stream = compound
        .open_stream(format!("/{name}"))
        .map_err(|error| corrupt(&name, reason(&error), "a stream"))?;
    if stream.is_empty() {
        return Err(corrupt(&name, "0 bytes", "the file's content"));
    }
    Ok(stream)
}

fn read_details(compound: &mut CompoundFile<fs::File>) -> Result<String, QuarantineError> {
    let bad = |finding: String, expectation: &str| corrupt(DETAILS, finding, expectation);
    let stream = compound
        .open_stream(format!("/{DETAILS}"))
        .map_err(|error| bad(reason(&error), "a stream"))?;
    let size = stream.len();
    if size == 0 || size > LARGEST_DETAILS {
        return Err(bad(format!("{size} bytes"), "1 to 1048576"));
    }
    let mut bytes = Vec::new();
    Unmasked(stream.take(LARGEST_DETAILS))
        .read_to_end(&mut bytes)
        .map_err(|error| bad(reason(&error), "a whole stream"))?;
    Ok(decode_text(&bytes))
}

/// Reads a stream and takes the mask off.
struct Unmasked<R>(R);

impl<R: Read> Read for Unmasked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        buffer.iter_mut().take(count).for_each(|byte| *byte ^= MASK);
        Ok(count)
    }
}

/// Decodes text of unknown encoding: UTF-8 if it is that, else bytes as Latin-1. The code page of the
/// PC is not declared anywhere; what matters here (detection, names of system files) is ASCII, and a
/// letter of another script becomes a wrong one but never ends the reading.
fn decode_text(bytes: &[u8]) -> String {
    let plain = |c: char| match c {
        '\r' | '\n' | '\t' => c,
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    match str::from_utf8(bytes) {
        Ok(text) => text
            .trim_start_matches('\u{feff}')
            .chars()
            .map(plain)
            .collect(),
        Err(_) => bytes.iter().map(|byte| plain(char::from(*byte))).collect(),
    }
}

/// Returns the version of the definitions in the form of the product's own screens.
fn definitions(details: &Ini) -> Option<String> {
    let number = |key| details.value(DETAILS, key)?.parse::<u32>().ok();
    let minor = number("DATMinor").unwrap_or(0);
    Some(format!("{:04}.{minor:04}", number("DATMajor")?))
}

/// Returns when the container was made, by the PC's local clock.
fn created(details: &Ini) -> Option<String> {
    let number = |key: &str| {
        let text = details.value(DETAILS, &format!("Creation{key}"))?;
        text.parse::<u16>().ok()
    };
    let (year, month, day) = (number("Year")?, number("Month")?, number("Day")?);
    let (hour, minute) = (number("Hour")?, number("Minute")?);
    let second = number("Second")?;
    Some(format!(
        "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
    ))
}

/// The text of `Details`: sections, keys and values. Names are compared without case; of keys that
/// come twice the first counts.
struct Ini(BTreeMap<(String, String), String>);

impl Ini {
    fn parse(text: &str) -> Self {
        let mut values = BTreeMap::new();
        let mut section = String::new();
        for line in text.lines().map(str::trim) {
            let name = line
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'));
            if let Some(name) = name {
                section = name.to_lowercase();
            } else if let Some((key, value)) = line.split_once('=') {
                let key = (section.clone(), key.trim().to_lowercase());
                values.entry(key).or_insert_with(|| value.trim().to_owned());
            }
        }
        Self(values)
    }

    /// Returns a value that is not empty.
    fn value(&self, section: &str, key: &str) -> Option<&str> {
        let value = self.0.get(&(section.to_lowercase(), key.to_lowercase()));
        value.map(String::as_str).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::antivirus::quarantine::fixture::{details, make_bup, make_bup_of};
    use crate::antivirus::quarantine::{extract_item, read_container};
    use expect_test::{Expect, expect};

    const SVCHOST: &str = "c:\\windows\\system32\\svchost.exe";
    const KIND: ContainerKind = ContainerKind::McafeeBup;

    fn write(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        file
    }

    fn read(bytes: &[u8]) -> Result<Vec<QuarantineItem>, QuarantineError> {
        let path = WindowsPath::parse("\\Quarantine\\7da41d1.bup", None).unwrap();
        read_container(write(bytes).path(), &path, KIND)
    }

    fn extract(bytes: &[u8], number: u32, limit: u64) -> Result<Vec<u8>, QuarantineError> {
        let mut content = Vec::new();
        let size = extract_item(write(bytes).path(), KIND, number, limit, &mut content)?;
        assert_eq!(size, u64::try_from(content.len()).unwrap());
        Ok(content)
    }

    fn check_refused(bytes: &[u8], expect: Expect) {
        expect.assert_eq(&read(bytes).unwrap_err().to_string());
    }

    /// Content that is no repetition, so that exchanged sectors show.
    fn content(size: u32) -> Vec<u8> {
        let mut state = size;
        let mut bytes = Vec::new();
        for _ in 0..size {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bytes.push(state.to_be_bytes()[0]);
        }
        bytes
    }

    #[test]
    fn reads_files_from_the_mini_stream_and_from_sectors() {
        for size in [1, 63, 64, 4095, 4096, 14_336, 200_000] {
            let file = content(size);
            let bup = make_bup_of("W32/Wecorl.a", 5958, SVCHOST, &file);
            let items = read(&bup).unwrap();
            assert_eq!(items.len(), 1);
            assert_eq!(items[0].size, Ok(u64::from(size)));
            assert_eq!(extract(&bup, 0, u64::from(size)).unwrap(), file, "{size}");
        }
    }

    #[test]
    fn tells_what_was_taken_from_where_when_and_why() {
        let bup = make_bup_of("W32/Wecorl.a", 5958, SVCHOST, b"MZ");
        let item = read(&bup).unwrap().remove(0);
        expect![[r"svchost.exe in \Quarantine\7da41d1.bup, quarantined on 2010-04-21 15:02:11 as W32/Wecorl.a by definitions 5958.0000"]]
            .assert_eq(&item.to_string());
        let target = WindowsPath::parse("\\WINDOWS\\system32\\svchost.exe", None).unwrap();
        assert!(item.was_at(&target, 'C'));
        assert!(!item.was_at(&target, 'D'));
        assert!(!item.was_at(&target.folder(), 'C'));
    }

    #[test]
    fn reads_several_files_and_ignores_sections_beyond_their_number() {
        let (small, large) = (content(300), content(14_336));
        let text = details("Generic.dx", 5000, &["C:\\a\\small.exe", SVCHOST]);
        assert!(text.contains("[File_2]"));
        let streams = [
            ("Details", text.as_bytes()),
            ("File_0", &small),
            ("File_1", &large),
            ("File_2", b"no section describes it".as_slice()),
        ];
        let bup = make_bup(Version::V3, &streams);
        let items = read(&bup).unwrap();
        let names: Vec<&str> = items.iter().map(QuarantineItem::name).collect();
        assert_eq!(names, ["small.exe", "svchost.exe"]);
        assert_eq!(extract(&bup, 0, 1000).unwrap(), small);
        assert_eq!(extract(&bup, 1, 20_000).unwrap(), large);
    }

    #[test]
    fn other_objects_than_files_are_left_out() {
        let text =
            details("Cookie-X", 5958, &["a", "b"]).replacen("ObjectType=5", "ObjectType=2", 1);
        let streams = [("Details", text.as_bytes()), ("File_1", b"x".as_slice())];
        let items = read(&make_bup(Version::V3, &streams)).unwrap();
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].number, 1);
    }

    #[test]
    fn an_empty_or_absent_stream_is_a_damaged_file() {
        let empty = make_bup_of("W32/Wecorl.a", 5958, SVCHOST, b"");
        let reason = read(&empty).unwrap()[0].size.clone().unwrap_err();
        expect!["File_0: 0 bytes, expected the file's content"].assert_eq(&reason);
        assert!(extract(&empty, 0, 100).is_err());
        let text = details("W32/Wecorl.a", 5958, &[SVCHOST]);
        let absent = make_bup(Version::V3, &[("Details", text.as_bytes())]);
        let reason = read(&absent).unwrap()[0].size.clone().unwrap_err();
        assert!(reason.starts_with("File_0: "), "{reason}");
    }

    #[test]
    fn nothing_is_written_of_a_file_beyond_the_limit() {
        let bup = make_bup_of("W32/Wecorl.a", 5958, SVCHOST, &content(5000));
        let mut written = Vec::new();
        let result = extract_item(write(&bup).path(), KIND, 0, 4999, &mut written);
        expect!["File_0: 5000 bytes, expected at most 4999"]
            .assert_eq(&result.unwrap_err().to_string());
        assert!(written.is_empty());
    }

    #[test]
    fn refuses_what_is_no_container_and_says_why() {
        let details = |text: &str| make_bup(Version::V3, &[("Details", text.as_bytes())]);
        check_refused(
            b"hello",
            expect!["compound file: Invalid CFB file (5 bytes is too small), expected a whole one"],
        );
        check_refused(
            &details(""),
            expect!["Details: 0 bytes, expected 1 to 1048576"],
        );
        check_refused(
            &details("[Details]\r\n"),
            expect!["Details [Details]: no NumberOfFiles, expected a number of files"],
        );
        check_refused(
            &details("[Details]\r\nNumberOfFiles=4000000000\r\n"),
            expect![[r#"Details [Details]: NumberOfFiles is "4000000000", expected at most 4096"#]],
        );
        check_refused(
            &make_bup(Version::V3, &[("Other", b"x")]),
            expect!["Details: not there, expected a stream"],
        );
        check_refused(
            &make_bup(Version::V4, &[("Details", b"x")]),
            expect!["a compound file of version 4, which is not known"],
        );
    }

    #[test]
    fn names_in_any_code_page_are_read() {
        let text = details("W32/Wecorl.a", 5958, &["c:\\été\\svchost.exe"]);
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        let japanese = [
            b"[Details]\nNumberOfFiles=1\n[File_0]\nOriginalName=c:\\".as_slice(),
            &[0x83, 0x65, 0x83, 0x58],
            b"\\svchost.exe\n",
        ]
        .concat();
        for (bytes, path) in [
            (text.as_bytes(), "c:\\été\\svchost.exe"),
            (&latin, "c:\\été\\svchost.exe"),
            (&japanese, "c:\\\u{fffd}e\u{fffd}X\\svchost.exe"),
        ] {
            let bup = make_bup(Version::V3, &[("Details", bytes), ("File_0", b"x")]);
            let items = read(&bup).unwrap();
            assert_eq!(items[0].original_path, path);
            assert_eq!(items[0].name(), "svchost.exe");
        }
    }

    #[test]
    fn damaged_containers_end_in_an_error_or_in_bounded_content() {
        let whole = make_bup_of("W32/Wecorl.a", 5958, SVCHOST, &content(14_336));
        let (mut state, mut refused, mut limited) = (0x5958_u32, 0, 0);
        let mut next = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            usize::try_from(state >> 8).unwrap() % below
        };
        for round in 0..400 {
            let mut damaged = whole.clone();
            // Half of the damage hits the header, the tables and the folder, where it hurts most.
            for _ in 0..=next(6) {
                let at = match next(2) {
                    0 => next(512),
                    _ => next(damaged.len()),
                };
                damaged[at] = u8::try_from(next(256)).unwrap();
            }
            if round % 4 == 0 {
                damaged.truncate(next(whole.len()));
            }
            match read(&damaged) {
                Ok(items) => assert!(items.len() <= 4096),
                Err(_) => refused += 1,
            }
            match extract(&damaged, 0, 14_336) {
                Ok(content) => assert!(content.len() <= 14_336),
                Err(_) => limited += 1,
            }
        }
        assert!(refused > 50 && limited > 50, "{refused} {limited}");
    }
}
