//! Containers for the tests, made from nothing.

use std::io::{Cursor, Write as _};

use cfb::{CompoundFile, Version};

/// A stream of a container, with its content before it is masked.
pub(crate) type Stream<'a> = (&'a str, &'a [u8]);

/// Returns the text that describes files which DAT `definitions` took for `detection`.
pub(crate) fn details(detection: &str, definitions: u32, paths: &[&str]) -> String {
    let count = paths.len();
    let mut text = format!(
        "\r\n[Details]\r\nDetectionName={detection}\r\nDetectionType=1\r\nEngineMajor=5400\r\n\
         EngineMinor=1158\r\nDATMajor={definitions}\r\nDATMinor=0\r\nDATType=2\r\nProductID=12106\r\n\
         CreationYear=2010\r\nCreationMonth=4\r\nCreationDay=21\r\nCreationHour=15\r\n\
         CreationMinute=2\r\nCreationSecond=11\r\nTimeZoneName=Romance Daylight Time\r\n\
         TimeZoneOffset=-120\r\nNumberOfFiles={count}\r\nNumberOfValues=0\r\n"
    );
    for (number, path) in paths.iter().enumerate() {
        text.push_str(&format!(
            "\r\n[File_{number}]\r\nObjectType=5\r\nOriginalName={path}\r\nWasAdded=0\r\n"
        ));
    }
    text.push_str(&format!("\r\n[File_{count}]\r\n"));
    text
}

/// Returns a container with these streams.
pub(crate) fn make_bup(version: Version, streams: &[Stream<'_>]) -> Vec<u8> {
    let bytes = Cursor::new(Vec::new());
    let mut compound = CompoundFile::create_with_version(version, bytes).unwrap();
    for (name, content) in streams {
        let masked: Vec<u8> = content.iter().map(|byte| byte ^ 0x6A).collect();
        let mut stream = compound.create_stream(format!("/{name}")).unwrap();
        stream.write_all(&masked).unwrap();
        stream.flush().unwrap();
    }
    compound.flush().unwrap();
    compound.into_inner().into_inner()
}

/// Returns a container with one file that was taken for `detection` by DAT `definitions`.
pub(crate) fn make_bup_of(detection: &str, definitions: u32, path: &str, file: &[u8]) -> Vec<u8> {
    let details = details(detection, definitions, &[path]);
    make_bup(
        Version::V3,
        &[("Details", details.as_bytes()), ("File_0", file)],
    )
}
