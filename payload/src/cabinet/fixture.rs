//! Cabinets for the tests, made from nothing.

use std::io::{Cursor, Write as _};

use cab::{CabinetBuilder, CompressionType};

/// Returns a cabinet of one folder, compressed by MSZIP, with these members.
pub(crate) fn make_cabinet(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = CabinetBuilder::new();
    let folder = builder.add_folder(CompressionType::MsZip);
    for (name, _) in members {
        folder.add_file(*name);
    }
    let mut writer = builder.build(Cursor::new(Vec::new())).unwrap();
    let mut contents = members.iter().map(|(_, content)| content);
    while let Some(mut file) = writer.next_file().unwrap() {
        file.write_all(contents.next().unwrap()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
