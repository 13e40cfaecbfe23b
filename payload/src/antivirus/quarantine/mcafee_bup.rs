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
        .map_err(|error| corrupt(&stream_name(number), error.to_string(), "a whole stream"))?;
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

fn stream_name(number: u32) -> String {
    format!("File_{number}")
}

fn open_compound(file: fs::File) -> Result<CompoundFile<fs::File>, QuarantineError> {
    let compound = CompoundFile::open(file)
        .map_err(|error| corrupt("compound file", error.to_string(), "a whole one"))?;
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
        .map_err(|error| corrupt(&name, error.to_string(), "a stream"))?;
    if stream.is_empty() {
        return Err(corrupt(&name, "0 bytes", "the file's content"));
    }
    Ok(stream)
}

fn read_details(compound: &mut CompoundFile<fs::File>) -> Result<String, QuarantineError> {
    let bad = |finding: String, expectation: &str| corrupt(DETAILS, finding, expectation);
    let stream = compound
        .open_stream(format!("/{DETAILS}"))
        .map_err(|error| bad(error.to_string(), "a stream"))?;
    let size = stream.len();
    if size == 0 || size > LARGEST_DETAILS {
        return Err(bad(format!("{size} bytes"), "1 to 1048576"));
    }
    let mut bytes = Vec::new();
    Unmasked(stream.take(LARGEST_DETAILS))
        .read_to_end(&mut bytes)
        .map_err(|error| bad(error.to_string(), "a whole stream"))?;
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
