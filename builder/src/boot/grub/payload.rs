//! What GRUB's core image unpacks to: the kernel, then the modules and where the menu is.

use std::collections::{BTreeMap, BTreeSet};

use object::Endianness;
use object::elf::{self, FileHeader32};
use object::read::elf::{FileHeader, ProgramHeader};

use super::{FOLDER, GrubError, corrupt, pad, word};
use crate::parts::deb::{Packed, PackedFiles};

/// Modules of the core image and what each is for. Few, since the firmware reads them slowly; each brings
/// along what it needs.
pub(super) const MODULES: &[(&str, &str)] = &[
    ("biosdisk", "reads disks through the BIOS"),
    ("part_gpt", "the stick's partition table"),
    (
        "part_msdos",
        "the same, on a stick with an MBR only, and the PC's own disk",
    ),
    ("fat", "the stick's file system"),
    ("normal", "menu and script"),
    ("search_fs_uuid", "finds this stick among others"),
    ("search", "the command `search`"),
    ("test", "the command `[`"),
    ("cpuid", "whether the CPU has 64 bits"),
    ("linux", "starts the kernel"),
    ("vbe", "a graphical mode for the kernel"),
    ("serial", "the menu on a serial line"),
    (
        "terminal",
        "the commands `terminal_input` and `terminal_output`",
    ),
    ("drivemap", "swaps disks for the PC's own system"),
    ("chain", "starts the PC's own system"),
    ("echo", "for people who look for a fault at GRUB's prompt"),
    ("ls", "for people who look for a fault at GRUB's prompt"),
    (
        "reboot",
        "the only way on from GRUB's prompt without a reset button",
    ),
];

/// "mimg", little-endian. Source: `GRUB_MODULE_MAGIC`.
const MODULE_MAGIC: u32 = 0x676d_696d;

/// Source: `OBJ_TYPE_ELF`.
const OBJECT_ELF: u32 = 0;

/// Source: `OBJ_TYPE_PREFIX`.
const OBJECT_PREFIX: u32 = 3;

/// Returns the names of the modules as one text, which says whether the wish has changed.
pub(in crate::boot) fn module_names() -> String {
    let names: Vec<&str> = MODULES.iter().map(|(name, _)| *name).collect();
    names.join(" ")
}

/// Returns the contents of the modules, those needed first.
pub(super) fn modules<'a>(
    dependencies: &[u8],
    files: &'a PackedFiles,
) -> Result<Vec<&'a [u8]>, GrubError> {
    let text = String::from_utf8_lossy(dependencies);
    let needs: BTreeMap<&str, Vec<&str>> = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, needs)| (name.trim(), needs.split_whitespace().collect()))
        .collect();
    let mut seen = BTreeSet::new();
    let mut order = Vec::new();
    for (name, _) in MODULES {
        add_module(name, "the menu", &needs, &mut seen, &mut order)?;
    }
    order
        .into_iter()
        .map(|name| match files.get(&format!("{FOLDER}/{name}.mod")) {
            Some(Packed::File(content)) => Ok(content.as_slice()),
            _ => Err(GrubError::Module {
                name: name.to_owned(),
                by: "moddep.lst".to_owned(),
            }),
        })
        .collect()
}

fn add_module<'a>(
    name: &'a str,
    by: &str,
    needs: &BTreeMap<&'a str, Vec<&'a str>>,
    seen: &mut BTreeSet<&'a str>,
    order: &mut Vec<&'a str>,
) -> Result<(), GrubError> {
    if !seen.insert(name) {
        return Ok(());
    }
    let needed = needs.get(name).ok_or_else(|| GrubError::Module {
        name: name.to_owned(),
        by: by.to_owned(),
    })?;
    for other in needed {
        add_module(other, name, needs, seen, order)?;
    }
    order.push(name);
    Ok(())
}

/// Returns what the decompressor unpacks: kernel, modules, prefix.
pub(super) fn payload(
    kernel: &[u8],
    modules: &[&[u8]],
    prefix: &str,
) -> Result<Vec<u8>, GrubError> {
    let mut objects = Vec::new();
    for module in modules {
        push_object(&mut objects, OBJECT_ELF, module)?;
    }
    let prefix = [prefix.as_bytes(), &[0]].concat();
    push_object(&mut objects, OBJECT_PREFIX, &prefix)?;
    let mut payload = loaded_bytes(kernel)?;
    pad(&mut payload, 4);
    payload.extend(MODULE_MAGIC.to_le_bytes());
    // Its own size, after which the objects begin, and where they end.
    let info_size: usize = 12;
    payload.extend(word("the module list", info_size)?);
    payload.extend(word(
        "the module list",
        info_size.saturating_add(objects.len()),
    )?);
    payload.extend(objects);
    Ok(payload)
}

/// Returns the bytes of kernel.img that are loaded: it is linked to its address and needs no relocation.
fn loaded_bytes(kernel: &[u8]) -> Result<Vec<u8>, GrubError> {
    let expected = "a 32-bit ELF file with one loaded segment";
    let unreadable =
        |error: object::Error| corrupt("kernel.img", format!("cannot be read ({error})"), expected);
    let header = FileHeader32::<Endianness>::parse(kernel).map_err(unreadable)?;
    let endian = header.endian().map_err(unreadable)?;
    let loaded: Vec<_> = header
        .program_headers(endian, kernel)
        .map_err(unreadable)?
        .iter()
        .filter(|segment| segment.p_type(endian) == elf::PT_LOAD)
        .collect();
    match loaded.as_slice() {
        [segment] => segment
            .data(endian, kernel)
            .map(<[u8]>::to_vec)
            .map_err(|()| {
                corrupt(
                    "kernel.img",
                    "its segment ends outside".to_owned(),
                    expected,
                )
            }),
        others => {
            let finding = format!("has {} loaded segments", others.len());
            Err(corrupt("kernel.img", finding, expected))
        }
    }
}

fn push_object(objects: &mut Vec<u8>, kind: u32, content: &[u8]) -> Result<(), GrubError> {
    let mut content = content.to_vec();
    pad(&mut content, 4);
    objects.extend(kind.to_le_bytes());
    objects.extend(word("a module", content.len().saturating_add(8))?);
    objects.extend(content);
    Ok(())
}
