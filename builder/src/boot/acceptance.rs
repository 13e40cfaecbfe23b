//! Which firmware takes a stick, told from the bytes of its loaders and not from their names.
//!
//! ```text
//! firmware ── trusts a Microsoft certificate ──> shim ── has Debian's certificate inside ──> GRUB ──> kernel
//!                                                 └── holds .sbat of itself and GRUB against its revocations
//! ```
//!
//! What is promised was checked: the digest of each program, its signature, and who certified the signer.
//! Not known here, and so not promised: revocations that a PC has been given later than this shim.

use rescue_stick::digest::Sha256Digest;

pub mod pe;
pub mod sbat;
pub mod signature;

use self::pe::Pe;
use self::sbat::{Sbat, SbatLevel};
use self::signature::{Signed, check_signatures};
use super::firmware::Firmware;
use super::grub::BOOT_SECTOR_COPY;

/// A certificate in the variable `db` of PCs.
#[derive(Clone, Copy, Debug)]
pub struct Anchor {
    /// How it is called in a summary: `2011`.
    pub year: &'static str,
    /// Its common name.
    pub name: &'static str,
    /// SHA-256 of the certificate, in hexadecimal.
    pub sha256: &'static str,
    /// Whether it certifies loaders of others than Microsoft.
    pub is_for_others: bool,
}

/// Microsoft's certificates for what firmware starts. Source: Microsoft, "Windows Secure Boot Key Creation
/// and Management Guidance", 1.3.4; digests Observed: Debian's ovmf and virt-firmware 26.10.
pub const ALL_ANCHORS: [Anchor; 4] = [
    Anchor {
        year: "2011",
        name: "Microsoft Corporation UEFI CA 2011",
        sha256: "48e99b991f57fc52f76149599bff0a58c47154229b9f8d603ac40d3500248507",
        is_for_others: true,
    },
    Anchor {
        year: "2023",
        name: "Microsoft UEFI CA 2023",
        sha256: "f6124e34125bee3fe6d79a574eaa7b91c0e7bd9d929c1a321178efd611dad901",
        is_for_others: true,
    },
    Anchor {
        year: "2011",
        name: "Microsoft Windows Production PCA 2011",
        sha256: "e8e95f0733a55e8bad7be0a1413ee23c51fcea64b3c8fa6a786935fddcc71961",
        is_for_others: false,
    },
    Anchor {
        year: "2023",
        name: "Windows UEFI CA 2023",
        sha256: "076f1fea90ac29155ebf77c17682f75f1fdd1be196da302dc8461e350a9ae330",
        is_for_others: false,
    },
];

/// Files of the stick that the answer follows from.
pub const DECIDING_FILES: [&str; 8] = [
    BOOT_SECTOR_COPY,
    "EFI/BOOT/BOOTX64.EFI",
    "EFI/BOOT/grubx64.efi",
    "EFI/BOOT/mmx64.efi",
    "EFI/BOOT/BOOTIA32.EFI",
    "EFI/BOOT/grubia32.efi",
    "EFI/BOOT/mmia32.efi",
    KERNEL,
];

const KERNEL: &str = "boot/vmlinuz64";

/// Which firmware takes a stick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// A BIOS, and UEFI that acts as one.
    pub bios: bool,
    /// Each width of UEFI that finds a loader.
    pub uefi: Vec<UefiAcceptance>,
}

/// What UEFI of one width does with a stick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UefiAcceptance {
    /// Its width.
    pub firmware: Firmware,
    /// Years of Microsoft's certificates for others with which Secure Boot starts the stick.
    pub years: Vec<&'static str>,
    /// Whether Secure Boot that trusts Microsoft's certificates for Windows alone starts it too.
    pub windows_keys_alone: bool,
    /// Why Secure Boot does not start it at all.
    pub refusal: Option<String>,
    /// The revocations that shim applies by itself, and the newest that it knows; with both it starts.
    pub levels: Vec<SbatLevel>,
}

/// Tells which firmware takes a stick with these files.
pub fn acceptance_of(read: &mut dyn FnMut(&str) -> Option<Vec<u8>>) -> Acceptance {
    let mut uefi = Vec::new();
    let kernel = read(KERNEL);
    for (firmware, [shim, grub, helper]) in [
        (
            Firmware::UefiX64,
            [DECIDING_FILES[1], DECIDING_FILES[2], DECIDING_FILES[3]],
        ),
        (
            Firmware::UefiIa32,
            [DECIDING_FILES[4], DECIDING_FILES[5], DECIDING_FILES[6]],
        ),
    ] {
        let Some(shim) = read(shim) else { continue };
        let (grub, helper) = (read(grub), read(helper));
        let others = [
            ("GRUB", grub.as_deref(), true),
            ("MokManager", helper.as_deref(), true),
            ("the kernel", kernel.as_deref(), false),
        ];
        uefi.push(uefi_acceptance(firmware, &shim, &others));
    }
    Acceptance {
        bios: read(BOOT_SECTOR_COPY).is_some(),
        uefi,
    }
}

/// What shim is asked about: name, content, and whether it must have generations.
type Loaded<'a> = (&'a str, Option<&'a [u8]>, bool);

fn uefi_acceptance(firmware: Firmware, shim: &[u8], others: &[Loaded<'_>]) -> UefiAcceptance {
    let mut answer = UefiAcceptance {
        firmware,
        years: Vec::new(),
        windows_keys_alone: false,
        refusal: None,
        levels: Vec::new(),
    };
    let program = match Pe::parse(shim) {
        Ok(program) => program,
        Err(error) => {
            answer.refusal = Some(format!("shim: {error}"));
            return answer;
        }
    };
    let anchors = anchors_of(&check_signatures(&program, &[]));
    answer.years = (anchors.iter().filter(|one| one.is_for_others))
        .map(|one| one.year)
        .collect();
    answer.windows_keys_alone = anchors.iter().any(|one| !one.is_for_others);
    answer.levels = program
        .section(".sbatlevel")
        .and_then(SbatLevel::parse_section)
        .map(Vec::from)
        .unwrap_or_default();
    answer.refusal = if anchors.is_empty() {
        Some("shim is not signed by Microsoft".to_owned())
    } else {
        refusal_of_chain(&program, others, &answer.levels)
    };
    if answer.refusal.is_some() {
        answer.years.clear();
        answer.windows_keys_alone = false;
    }
    answer
}

/// Returns which of Microsoft's certificates stand behind these signatures.
fn anchors_of(signatures: &[Signed]) -> Vec<Anchor> {
    let is_behind = |anchor: &Anchor| {
        let mut all = signatures.iter();
        all.any(|one| one.authority_sha256.to_string() == anchor.sha256)
    };
    ALL_ANCHORS.into_iter().filter(is_behind).collect()
}

/// Returns why shim does not start what follows it; nothing if it does.
fn refusal_of_chain(shim: &Pe<'_>, others: &[Loaded<'_>], levels: &[SbatLevel]) -> Option<String> {
    let own_key = match vendor_certificate(shim) {
        Some(certificate) => certificate,
        None => return Some("shim has no certificate inside".to_owned()),
    };
    let own_key_sha256 = Sha256Digest::of(own_key);
    if let Some(refusal) = refusal_by_generation("shim", shim, levels) {
        return Some(refusal);
    }
    for (name, bytes, has_generations) in others {
        let Some(bytes) = bytes else {
            return Some(format!("{name} is missing"));
        };
        let program = match Pe::parse(bytes) {
            Ok(program) => program,
            Err(error) => return Some(format!("{name}: {error}")),
        };
        let signatures = check_signatures(&program, &[own_key]);
        if !signatures
            .iter()
            .any(|one| one.authority_sha256 == own_key_sha256)
        {
            return Some(format!("{name} is not signed with a key that shim trusts"));
        }
        if *has_generations && let Some(refusal) = refusal_by_generation(name, &program, levels) {
            return Some(refusal);
        }
    }
    None
}

fn refusal_by_generation(name: &str, program: &Pe<'_>, levels: &[SbatLevel]) -> Option<String> {
    let Some(own) = program.section(".sbat").and_then(Sbat::parse) else {
        return Some(format!("{name} names no generations (.sbat)"));
    };
    levels.iter().find_map(|level| {
        let reason = own.refusal_at(level)?;
        Some(format!("{name}: revoked by SBAT {level}: {reason}"))
    })
}

/// Returns the certificate that shim has inside. Source: shim 16.1, cert.S: four u32 (sizes of trusted and
/// of forbidden certificates, offsets of both from here), then the certificates.
fn vendor_certificate<'a>(shim: &Pe<'a>) -> Option<&'a [u8]> {
    let section = shim.section(".vendor_cert")?;
    let word = |at: usize| -> Option<usize> {
        let bytes = section.get(at..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    };
    let (size, offset) = (word(0)?, word(8)?);
    section.get(offset..offset.checked_add(size)?)
}

impl Acceptance {
    /// Returns the firmware that starts the stick, as in `BIOS, UEFI x64, Secure Boot (Microsoft 2011 and
    /// 2023 keys)`.
    pub fn accepted(&self) -> String {
        let mut names = Vec::new();
        if self.bios {
            names.push("BIOS".to_owned());
        }
        names.extend(self.uefi.iter().map(|one| one.firmware.to_string()));
        // What holds for one width and not for the other is no promise for a stick.
        let mut years = self
            .uefi
            .first()
            .map(|one| one.years.clone())
            .unwrap_or_default();
        years.retain(|year| self.uefi.iter().all(|one| one.years.contains(year)));
        if !years.is_empty() {
            let years = years.join(" and ");
            names.push(format!("Secure Boot (Microsoft {years} keys)"));
        }
        names.join(", ")
    }

    /// Returns what does not start the stick, and what a person can do about it, a line each.
    pub fn refused(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for one in &self.uefi {
            if let Some(refusal) = &one.refusal {
                lines.push(format!("{} with Secure Boot: {refusal}", one.firmware));
            }
        }
        let has_years = self.uefi.iter().any(|one| !one.years.is_empty());
        if has_years && !self.uefi.iter().any(|one| one.windows_keys_alone) {
            lines.push(
                "Secure Boot that trusts Microsoft's keys for Windows alone; allow the \"third-party UEFI CA\" in the PC's setup"
                    .to_owned(),
            );
        }
        if self.uefi.is_empty() {
            lines.push("UEFI: there is no loader for it".to_owned());
        }
        if !self.bios {
            lines.push("BIOS: there is no boot code for it".to_owned());
        }
        lines
    }

    /// Returns up to which revocations the loaders are taken; nothing without Secure Boot.
    pub fn revocations(&self) -> Option<String> {
        let one = self.uefi.iter().find(|one| one.refusal.is_none())?;
        let [applied, newest] = one.levels.as_slice() else {
            return None;
        };
        Some(format!(
            "SBAT {applied} is applied by this shim, {newest} is the newest it knows; its loaders pass both"
        ))
    }
}

#[cfg(test)]
mod tests;
