//! The two kernels and their modules.

use std::path::Path;

use crate::boot::BootError;
use crate::boot::derived::Made;
use crate::boot::initramfs::{self, Entries, Entry};
use crate::parts::deb::{read_chosen, take_file};
use crate::parts::modules::wanted::{ALL_MODULES, Stage};
use crate::parts::modules::{Module, close_over};
use crate::parts::{KERNEL_32, KERNEL_64, WantedPart};

/// Note: the kernel's release, as `uname -r` says it.
pub(super) const RELEASE: &str = "release";

/// Note: wanted modules the kernel does not have, separated by blanks.
pub(super) const ABSENT: &str = "absent-modules";

/// A kernel of the stick.
pub(super) struct Kernel {
    pub(super) part: WantedPart<'static>,
    /// `64` or `32`, as the menu calls it.
    pub(super) bits: &'static str,
    /// Whether no UEFI starts it.
    pub(super) only_bios: bool,
}

impl Kernel {
    pub(super) fn image_name(&self) -> String {
        format!("vmlinuz{}", self.bits)
    }

    pub(super) fn modules_name(&self) -> String {
        format!("modules{}.cpio.xz", self.bits)
    }

    pub(super) fn later_name(&self) -> String {
        format!("later{}.cpio.gz", self.bits)
    }
}

/// The stick's kernels.
pub(super) const KERNELS: &[Kernel] = &[
    Kernel {
        part: KERNEL_64,
        bits: "64",
        only_bios: false,
    },
    Kernel {
        part: KERNEL_32,
        bits: "32",
        only_bios: true,
    },
];

/// Returns all wanted modules as one text, which says whether the wish has changed.
pub(super) fn wanted_modules() -> String {
    let groups = ALL_MODULES.iter().map(|group| {
        let list = group.stage.list_path();
        format!("{list} {}", group.names.join(" "))
    });
    groups.collect::<Vec<_>>().join(" ")
}

/// Returns the kernel image and the archive of its modules.
pub(super) fn make(deb: &Path, kernel: &Kernel) -> Result<Made, BootError> {
    const IMAGE: &str = "boot/vmlinuz-";
    let mut files = read_chosen(deb, |path| {
        path.starts_with(IMAGE) || path.starts_with("lib/modules/")
    })?;
    let images: Vec<String> = files
        .keys()
        .filter(|path| path.starts_with(IMAGE))
        .cloned()
        .collect();
    let [path] = images.as_slice() else {
        return Err(BootError::Kernel {
            package: deb.display().to_string(),
            found: images.len(),
        });
    };
    let image = take_file(&mut files, deb, path)?;
    let release = path.strip_prefix(IMAGE).unwrap_or_default().to_owned();
    let closure = close_over(ALL_MODULES, &files)?;
    drop(files);
    let (mut initramfs, mut later) = (Entries::new(), Entries::new());
    for stage in Stage::ALL {
        let modules = closure.modules.iter().filter(|one| one.stage == stage);
        let modules: Result<Vec<_>, _> = modules.cloned().map(Module::unpacked).collect();
        let entries = match stage {
            Stage::First | Stage::Meanwhile => &mut initramfs,
            Stage::Later | Stage::Locked => &mut later,
        };
        entries.extend(module_entries(modules?, stage));
    }
    let initramfs = initramfs::archive(&initramfs)?;
    let later = initramfs::archive(&later)?;
    Ok(Made {
        files: [
            (kernel.image_name(), image),
            (
                kernel.modules_name(),
                initramfs::compress_modules(&initramfs)?,
            ),
            (kernel.later_name(), initramfs::gzip(&later)?),
        ]
        .into(),
        notes: [
            (RELEASE.to_owned(), release),
            (ABSENT.to_owned(), closure.absent.join(" ")),
        ]
        .into(),
    })
}

/// Returns the modules of a stage and the list of them: a path a line, in the order in which they are loaded, and
/// behind it the PCI devices, and the modules for such, without which it is not, if that is so.
fn module_entries(modules: Vec<Module>, stage: Stage) -> Entries {
    let line = |module: &Module| {
        let mut line = format!("/{}", module.path);
        for pattern in &module.pci_patterns {
            line.push(' ');
            line.push_str(pattern);
        }
        for user in &module.needed_by {
            line.push_str(" @");
            line.push_str(user);
        }
        line + "\n"
    };
    let list: String = modules.iter().map(line).collect();
    let mut entries: Entries = modules
        .into_iter()
        .map(|module| (module.path, Entry::File(module.content)))
        .collect();
    let path = stage.list_path().trim_start_matches('/').to_owned();
    entries.insert(path, Entry::File(list.into_bytes()));
    entries
}

/// Returns `6.12 amd64` for `6.12.117+deb12-amd64`: what a person needs to know of a release.
pub(super) fn short_name(release: &str) -> String {
    let series: Vec<&str> = release.split(['.', '-', '+']).take(2).collect();
    let flavour = release.rsplit('-').next().unwrap_or_default();
    format!("{} {flavour}", series.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::deb::Packed;
    use crate::parts::deb::fixture;
    use crate::parts::modules::fixture::module;

    #[test]
    fn names_a_kernel_in_short() {
        assert_eq!(short_name("6.12.117+deb12-amd64"), "6.12 amd64");
        assert_eq!(short_name("6.1.0-50-686"), "6.1 686");
    }

    fn package(images: &[&'static str]) -> tempfile::NamedTempFile {
        let path = "lib/modules/6.1.0-50-686/kernel/ahci.ko";
        let mut files = vec![(path, Packed::File(module(&["depends="])))];
        files.extend(
            images
                .iter()
                .map(|path| (*path, Packed::File(b"image".to_vec()))),
        );
        let deb = tempfile::NamedTempFile::new().unwrap();
        fixture::write(deb.path(), "data.tar", &fixture::tar(&files));
        deb
    }

    #[test]
    fn makes_image_and_modules_of_a_package() {
        let deb = package(&["boot/vmlinuz-6.1.0-50-686"]);
        let made = make(deb.path(), &KERNELS[1]).unwrap();
        assert_eq!(made.files["vmlinuz32"], b"image");
        assert!(made.files.contains_key("modules32.cpio.xz"));
        assert!(made.files.contains_key("later32.cpio.gz"));
        assert_eq!(made.notes[RELEASE], "6.1.0-50-686");
        assert!(made.notes[ABSENT].contains("usb_storage"));
        assert!(!made.notes[ABSENT].contains("ahci"));
    }

    #[test]
    fn the_list_names_modules_in_loading_order_with_the_devices_they_are_for() {
        let module = |path: &str, patterns: &[&str], users: &[&str]| Module {
            path: path.to_owned(),
            content: Vec::new(),
            stage: Stage::First,
            pci_patterns: patterns.iter().map(|one| (*one).to_owned()).collect(),
            needed_by: users.iter().map(|one| (*one).to_owned()).collect(),
        };
        let modules = vec![
            module("b/core.ko", &[], &["ahci", "sata_sis"]),
            module("a/ahci.ko", &["pci:a*", "pci:b*"], &[]),
            module("a/sd_mod.ko", &[], &[]),
        ];
        let entries = module_entries(modules, Stage::First);
        let Some(Entry::File(list)) = entries.get("first.list") else {
            panic!("there is no list");
        };
        assert_eq!(
            String::from_utf8_lossy(list),
            "/b/core.ko @ahci @sata_sis\n/a/ahci.ko pci:a* pci:b*\n/a/sd_mod.ko\n"
        );
    }

    #[test]
    fn refuses_a_package_without_one_kernel() {
        for images in [&[][..], &["boot/vmlinuz-1", "boot/vmlinuz-2"]] {
            let deb = package(images);
            assert!(matches!(
                make(deb.path(), &KERNELS[1]),
                Err(BootError::Kernel { .. })
            ));
        }
    }
}
