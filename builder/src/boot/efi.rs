//! The programs that UEFI starts, as Debian and Microsoft signed them.

use std::path::Path;

use crate::boot::derived::{Made, Origin, derive};
use crate::boot::firmware::Firmware;
use crate::boot::{BootError, BootFile, BootProgress, derived_file};
use crate::parts::deb::{read_chosen, take_file};
use crate::parts::{
    GRUB_IA32, GRUB_X64, Parts, SHIM_HELPERS_IA32, SHIM_HELPERS_X64, SHIM_IA32, SHIM_X64,
    WantedPart,
};

/// One EFI program: where it comes from and what it is called on the stick. shim looks for its
/// companions beside itself, by these names.
struct EfiProgram {
    part: WantedPart<'static>,
    in_package: &'static str,
    on_stick: &'static str,
}

const EFI_X64: &[EfiProgram] = &[
    EfiProgram {
        part: SHIM_X64,
        in_package: "usr/lib/shim/shimx64.efi.signed",
        on_stick: "BOOTX64.EFI",
    },
    EfiProgram {
        part: GRUB_X64,
        in_package: "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed",
        on_stick: "grubx64.efi",
    },
    EfiProgram {
        part: SHIM_HELPERS_X64,
        in_package: "usr/lib/shim/mmx64.efi.signed",
        on_stick: "mmx64.efi",
    },
];

const EFI_IA32: &[EfiProgram] = &[
    EfiProgram {
        part: SHIM_IA32,
        in_package: "usr/lib/shim/shimia32.efi.signed",
        on_stick: "BOOTIA32.EFI",
    },
    EfiProgram {
        part: GRUB_IA32,
        in_package: "usr/lib/grub/i386-efi-signed/grubia32.efi.signed",
        on_stick: "grubia32.efi",
    },
    EfiProgram {
        part: SHIM_HELPERS_IA32,
        in_package: "usr/lib/shim/mmia32.efi.signed",
        on_stick: "mmia32.efi",
    },
];

/// Returns the programs that this firmware starts, in the folder where it looks; none for BIOS.
pub(super) fn efi_files(
    parts: &Parts,
    firmware: Firmware,
    cache: &Path,
    progress: &mut dyn FnMut(BootProgress),
) -> Result<Vec<BootFile>, BootError> {
    let programs = match firmware {
        Firmware::Bios => return Ok(Vec::new()),
        Firmware::UefiX64 => EFI_X64,
        Firmware::UefiIa32 => EFI_IA32,
    };
    let mut sources = Vec::new();
    for program in programs {
        sources.push((program, parts.find(&program.part)?));
    }
    let origin = Origin {
        what: "EFI programs",
        inputs: sources.iter().map(|(_, part)| part.locked.sha256).collect(),
        parameters: programs
            .iter()
            .flat_map(|program| [program.in_package.to_owned(), program.on_stick.to_owned()])
            .collect(),
    };
    let derived = derive(cache, &origin, || {
        progress(BootProgress::Making(format!("loaders for {firmware}")));
        let mut made = Made::default();
        for (program, part) in &sources {
            let deb = part.checked_path()?;
            let mut files = read_chosen(deb, |path| path == program.in_package)?;
            let content = take_file(&mut files, deb, program.in_package)?;
            made.files.insert(program.on_stick.to_owned(), content);
        }
        Ok::<_, BootError>(made)
    })?;
    sources
        .iter()
        .map(|(program, part)| {
            let (name, origin) = (program.on_stick, part.origin());
            derived_file(&derived, name, "EFI/BOOT", &origin, &[part])
        })
        .collect()
}
