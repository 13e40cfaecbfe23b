//! Which kernel modules a stick carries: those wanted, and all that they need, in loading order.
//!
//! A module says itself what it needs, in its ELF section `.modinfo` (`depends=`, `softdep=pre:`), so no
//! depmod and no modprobe is asked. Modules are carried byte for byte as Debian signed them, compressed or
//! not: under Secure Boot the kernel refuses any other.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use liblzma::read::XzDecoder;
use object::{Object, ObjectSection};

use crate::parts::deb::{Packed, PackedFiles};
use crate::parts::modules::wanted::{ModuleGroup, Stage};

pub mod wanted;

/// A module as the stick carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Path in the package and in the initramfs, without a leading slash.
    pub path: String,
    /// The file as shipped, compressed or not.
    pub content: Vec<u8>,
    /// When it is loaded.
    pub stage: Stage,
    /// Patterns of the PCI devices it drives, if it is for those alone: without such a device, or one of a module
    /// in `needed_by`, there is no use in loading it. Source: Linux, scripts/mod/file2alias.c, `do_pci_entry`.
    pub pci_patterns: Vec<String>,
    /// Names of modules with such patterns that need it, if nothing else does.
    pub needed_by: BTreeSet<String>,
}

/// Modules and all they need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleClosure {
    /// In loading order: the first stage before the later one, and what is needed before what needs it.
    pub modules: Vec<Module>,
    /// Names that were wanted and that this kernel does not have, neither as a module nor built in.
    pub absent: Vec<String>,
}

/// Why a closure cannot be formed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModulesError {
    /// A module needs another that the package does not have.
    #[error("{path}: needs module {needed}, which this kernel does not have")]
    Needed {
        /// The module that needs it.
        path: String,
        /// The name of the other.
        needed: String,
    },
    /// A module cannot be decompressed.
    #[error("decompressing {path}")]
    Compression {
        /// The module.
        path: String,
        /// What came in between.
        source: io::Error,
    },
    /// A module is not an ELF file with `.modinfo`.
    #[error("{path}: {finding}, expected an ELF file with a section .modinfo")]
    Elf {
        /// The module.
        path: String,
        /// What it is instead.
        finding: String,
    },
    /// Modules need each other in a circle.
    #[error("{path}: needs itself, by way of {needed}")]
    Circle {
        /// The module.
        path: String,
        /// The last one on the way.
        needed: String,
    },
}

/// Returns `wanted` and what it needs, out of the files of a kernel package: `.ko` and `.ko.xz` files and
/// `modules.builtin`.
pub fn close_over(
    wanted: &[ModuleGroup],
    package: &PackedFiles,
) -> Result<ModuleClosure, ModulesError> {
    let mut builtin = BTreeSet::new();
    let mut available = BTreeMap::new();
    for (path, packed) in package {
        let Packed::File(content) = packed else {
            continue;
        };
        if path.ends_with("/modules.builtin") {
            let text = String::from_utf8_lossy(content);
            builtin.extend(text.lines().filter_map(module_name));
        } else if let Some(name) = module_name(path) {
            available.insert(name, (path.as_str(), content.as_slice()));
        }
    }
    let mut closing = Closing {
        builtin,
        available,
        states: BTreeMap::new(),
        users: BTreeMap::new(),
        order: Vec::new(),
        stage: Stage::First,
    };
    let mut absent = Vec::new();
    for stage in Stage::ALL {
        closing.stage = stage;
        let groups = wanted.iter().filter(|group| group.stage == stage);
        for name in groups.flat_map(|group| group.names) {
            let name = normalized(name);
            if !closing.builtin.contains(&name) && !closing.add(&name)? {
                absent.push(name);
            }
        }
    }
    let names = wanted.iter().flat_map(|group| group.names);
    let wanted: BTreeSet<String> = names.map(|name| normalized(name)).collect();
    closing.tell_what_needs_them(&wanted);
    Ok(ModuleClosure {
        modules: closing.order,
        absent,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Entered,
    Done,
}

struct Closing<'a> {
    builtin: BTreeSet<String>,
    available: BTreeMap<String, (&'a str, &'a [u8])>,
    states: BTreeMap<String, State>,
    /// Of each module, the modules that need or recommend it.
    users: BTreeMap<String, BTreeSet<String>>,
    order: Vec<Module>,
    stage: Stage,
}

impl Closing<'_> {
    /// Adds a module after what it needs; returns whether the package has it.
    fn add(&mut self, name: &str) -> Result<bool, ModulesError> {
        if self.states.contains_key(name) {
            return Ok(true);
        }
        let Some(&(path, content)) = self.available.get(name) else {
            return Ok(false);
        };
        self.states.insert(name.to_owned(), State::Entered);
        let needs = read_needs(path, content)?;
        for needed in needs.hard.iter().chain(&needs.soft) {
            let users = self.users.entry(needed.clone()).or_default();
            users.insert(name.to_owned());
        }
        for needed in &needs.hard {
            if self.states.get(needed) == Some(&State::Entered) {
                return Err(ModulesError::Circle {
                    path: path.to_owned(),
                    needed: needed.clone(),
                });
            }
            if !self.builtin.contains(needed) && !self.add(needed)? {
                return Err(ModulesError::Needed {
                    path: path.to_owned(),
                    needed: needed.clone(),
                });
            }
        }
        // Recommended only: the kernel may lack it, and circles among these are allowed.
        for recommended in &needs.soft {
            if !self.builtin.contains(recommended) {
                self.add(recommended)?;
            }
        }
        self.states.insert(name.to_owned(), State::Done);
        self.order.push(Module {
            path: path.to_owned(),
            content: content.to_vec(),
            stage: self.stage,
            pci_patterns: needs.pci_patterns.unwrap_or_default(),
            needed_by: BTreeSet::new(),
        });
        Ok(true)
    }

    /// Notes of each module which devices it is for, by itself or through others; of one that is for more than
    /// devices of PCI, or that a module of a later stage needs, none: it is always loaded.
    fn tell_what_needs_them(&mut self, wanted: &BTreeSet<String>) {
        let drivers = self.order.iter().filter(|one| !one.pci_patterns.is_empty());
        let drivers: BTreeSet<String> = drivers.filter_map(|one| module_name(&one.path)).collect();
        let stages = self.order.iter();
        let stages = stages.filter_map(|one| Some((module_name(&one.path)?, one.stage)));
        let stages: BTreeMap<String, Stage> = stages.collect();
        let purposes = self.order.iter().map(|module| {
            let name = module_name(&module.path)?;
            let (mut purpose, mut seen) = (BTreeSet::new(), BTreeSet::new());
            let mut open = vec![name.clone()];
            while let Some(one) = open.pop() {
                let is_driver = drivers.contains(&one);
                if wanted.contains(&one) && !is_driver {
                    return None;
                }
                // Drivers of a later list are not known yet when this one is read.
                if stages.get(&one).is_some_and(|stage| *stage != module.stage) {
                    return None;
                }
                open.extend(self.users.get(&one).into_iter().flatten().cloned());
                if is_driver && one != name {
                    purpose.insert(one.clone());
                }
                seen.insert(one);
                open.retain(|next| !seen.contains(next));
            }
            Some(purpose)
        });
        let purposes: Vec<_> = purposes.collect();
        for (module, purpose) in self.order.iter_mut().zip(purposes) {
            match purpose {
                Some(drivers) => module.needed_by = drivers,
                None => module.pci_patterns.clear(),
            }
        }
    }
}

/// What a module says it needs, names normalized.
#[derive(Default)]
struct Needs {
    /// `depends=a,b`: it does not load without.
    hard: Vec<String>,
    /// `softdep=pre: a b post: c`: to be loaded before, if there is one.
    soft: Vec<String>,
    /// `alias=pci:…`, of a module that has no other aliases.
    pci_patterns: Option<Vec<String>>,
}

impl Module {
    /// Returns the module as its maker signed it, before it was compressed: many of them are smaller together
    /// in one archive than each by itself.
    pub fn unpacked(self) -> Result<Self, ModulesError> {
        let Some(path) = self.path.strip_suffix(".xz") else {
            return Ok(self);
        };
        Ok(Self {
            path: path.to_owned(),
            content: unpack(&self.path, &self.content)?.into_owned(),
            ..self
        })
    }
}

fn unpack<'a>(path: &str, content: &'a [u8]) -> Result<Cow<'a, [u8]>, ModulesError> {
    if !path.ends_with(".xz") {
        return Ok(Cow::Borrowed(content));
    }
    let mut bytes = Vec::new();
    XzDecoder::new(content)
        .read_to_end(&mut bytes)
        .map_err(|source| ModulesError::Compression {
            path: path.to_owned(),
            source,
        })?;
    Ok(Cow::Owned(bytes))
}

fn read_needs(path: &str, content: &[u8]) -> Result<Needs, ModulesError> {
    let elf = unpack(path, content)?;
    let refusal = |finding: String| ModulesError::Elf {
        path: path.to_owned(),
        finding,
    };
    let file =
        object::File::parse(&*elf).map_err(|error| refusal(format!("cannot be read ({error})")))?;
    let section = file
        .section_by_name(".modinfo")
        .ok_or_else(|| refusal("has no such section".to_owned()))?;
    let modinfo = section
        .data()
        .map_err(|error| refusal(format!("cannot be read ({error})")))?;
    Ok(parse_modinfo(modinfo))
}

/// Texts `key=value`, each ended by a zero byte. Source: Linux, include/linux/module.h, `MODULE_INFO`.
fn parse_modinfo(modinfo: &[u8]) -> Needs {
    let mut needs = Needs::default();
    let mut aliases = Vec::new();
    for text in modinfo.split(|byte| *byte == 0) {
        let text = String::from_utf8_lossy(text);
        match text.split_once('=') {
            Some(("depends", names)) => {
                let names = names
                    .split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty());
                needs.hard.extend(names.map(normalized));
            }
            Some(("softdep", words)) => {
                let before = words.split("post:").next().unwrap_or_default();
                let names = before.split("pre:").nth(1).unwrap_or_default();
                needs.soft.extend(names.split_whitespace().map(normalized));
            }
            Some(("alias", alias)) => aliases.push(shortened(alias)),
            _ => {}
        }
    }
    // Of patterns, only what mend matches: signs and `*`.
    let is_plain = |alias: &String| alias.starts_with("pci:") && !alias.contains(['[', '?', ' ']);
    if aliases.iter().all(is_plain) {
        needs.pci_patterns = Some(aliases);
    }
    needs
}

/// Returns a pattern that fits the same devices in fewer letters: of most, only vendor and device count.
fn shortened(alias: &str) -> String {
    match alias.strip_suffix("sv*sd*bc*sc*i*") {
        Some(counting) => format!("{counting}*"),
        None => alias.to_owned(),
    }
}

/// Returns the name of the module at `path`, or nothing if it is no module.
fn module_name(path: &str) -> Option<String> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file
        .strip_suffix(".ko.xz")
        .or_else(|| file.strip_suffix(".ko"))?;
    Some(normalized(stem))
}

/// The kernel does not tell `-` from `_` in names of modules.
fn normalized(name: &str) -> String {
    name.replace('-', "_")
}

/// Builds modules for the tests of this crate.
#[cfg(test)]
pub(crate) mod fixture {
    /// Returns a 64-bit relocatable ELF file with nothing but `.modinfo`. Source: System V ABI, 4.
    pub(crate) fn module(modinfo: &[&str]) -> Vec<u8> {
        let names = b"\0.modinfo\0.shstrtab\0";
        let info: Vec<u8> = modinfo
            .iter()
            .flat_map(|text| text.bytes().chain([0]))
            .collect();
        let header_size = 64;
        let offset = |n: usize| u64::try_from(n).unwrap().to_le_bytes();
        let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        bytes.extend([1, 0, 62, 0, 1, 0, 0, 0]); // ET_REL, EM_X86_64, version 1
        bytes.extend([0; 16]); // entry, program headers
        bytes.extend(offset(header_size + info.len() + names.len()));
        bytes.extend([0; 4]);
        bytes.extend([64, 0, 0, 0, 0, 0, 64, 0, 3, 0, 2, 0]); // 3 sections, names in the third
        bytes.extend(&info);
        bytes.extend(names);
        bytes.extend([0; 64]);
        for (name, kind, start, size) in [
            (1u8, 1u8, header_size, info.len()),
            (10, 3, header_size + info.len(), names.len()),
        ] {
            bytes.extend([name, 0, 0, 0, kind, 0, 0, 0]);
            bytes.extend([0; 16]);
            bytes.extend(offset(start));
            bytes.extend(offset(size));
            bytes.extend([0; 24]);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::module;
    use super::*;
    use crate::parts::deb::fixture::xz;

    fn package(modules: &[(&str, &[&str])]) -> PackedFiles {
        let mut files: PackedFiles = modules
            .iter()
            .map(|(path, modinfo)| {
                let elf = module(modinfo);
                let content = match path.ends_with(".xz") {
                    true => xz(&elf),
                    false => elf,
                };
                (format!("lib/modules/1/{path}"), Packed::File(content))
            })
            .collect();
        let builtin = b"kernel/fs/built-in.ko\n".to_vec();
        files.insert(
            "lib/modules/1/modules.builtin".to_owned(),
            Packed::File(builtin),
        );
        files
    }

    fn close(
        names: &'static [&'static str],
        files: &PackedFiles,
    ) -> Result<ModuleClosure, ModulesError> {
        close_over(
            &[ModuleGroup {
                reason: "test",
                stage: Stage::First,
                names,
            }],
            files,
        )
    }

    fn names(closure: &ModuleClosure) -> Vec<String> {
        closure
            .modules
            .iter()
            .filter_map(|module| module_name(&module.path))
            .collect()
    }

    #[test]
    fn what_is_needed_comes_first_and_once() {
        let files = package(&[
            (
                "top.ko",
                &["license=GPL", "depends=mid-dle,base", "alias=x"],
            ),
            ("mid-dle.ko.xz", &["depends=base,built_in"]),
            ("base.ko", &["depends="]),
            ("unasked.ko", &[]),
        ]);
        let closure = close(&["top", "mid_dle", "built_in", "nowhere"], &files).unwrap();
        assert_eq!(names(&closure), ["base", "mid_dle", "top"]);
        assert_eq!(closure.absent, ["nowhere"]);
    }

    #[test]
    fn a_compressed_module_is_carried_as_it_is() {
        let files = package(&[("a.ko.xz", &["depends="])]);
        let closure = close(&["a"], &files).unwrap();
        let Some(Packed::File(shipped)) = files.get("lib/modules/1/a.ko.xz") else {
            panic!("the fixture has it");
        };
        assert_eq!(&closure.modules[0].content, shipped);
    }

    #[test]
    fn recommended_modules_are_taken_if_there() {
        let files = package(&[
            ("a.ko", &["softdep=pre: b gone post: c"]),
            ("b.ko", &["softdep=pre: a"]),
            ("c.ko", &[]),
        ]);
        assert_eq!(names(&close(&["a"], &files).unwrap()), ["b", "a"]);
    }

    #[test]
    fn a_driver_of_pci_devices_alone_has_their_patterns_and_so_has_what_only_drivers_need() {
        let files = package(&[
            (
                "leaf.ko",
                &[
                    "alias=pci:v00008086d00002829sv*sd*bc*sc*i*",
                    "alias=pci:v*d*sv*sd*bc01sc06i01*",
                    "depends=middle",
                ],
            ),
            ("middle.ko", &["depends=core"]),
            ("core.ko", &[]),
            (
                "sis.ko",
                &["alias=pci:v00001039d*", "depends=shared,middle"],
            ),
            ("shared.ko", &["alias=pci:v00001AF4d*"]),
            ("user.ko", &["depends=shared"]),
            (
                "both.ko",
                &["alias=pci:v00001234d*", "alias=acpi*:PNP0D40:*"],
            ),
            ("odd.ko", &["alias=pci:v0000[12]*"]),
        ]);
        let closure = close(&["leaf", "sis", "user", "both", "odd"], &files).unwrap();
        let found = closure.modules.iter().map(|one| {
            let needed_by: Vec<&str> = one.needed_by.iter().map(String::as_str).collect();
            let name = module_name(&one.path).unwrap();
            (name, one.pci_patterns.len(), needed_by.join(" "))
        });
        let expect = [
            ("core", 0, "leaf sis"),
            ("middle", 0, "leaf sis"),
            ("leaf", 2, ""),
            ("shared", 0, ""),
            ("sis", 1, ""),
            ("user", 0, ""),
            ("both", 0, ""),
            ("odd", 0, ""),
        ];
        let expect = expect.map(|(name, count, by)| (name.to_owned(), count, by.to_owned()));
        assert_eq!(found.collect::<Vec<_>>(), expect);
        let leaf = &closure.modules[2].pci_patterns;
        assert_eq!(
            *leaf,
            ["pci:v00008086d00002829*", "pci:v*d*sv*sd*bc01sc06i01*"]
        );
    }

    #[test]
    fn what_a_driver_of_a_later_stage_needs_is_always_loaded() {
        let files = package(&[
            ("core.ko", &[]),
            ("early.ko", &["alias=pci:v00008086d*", "depends=core"]),
            ("late.ko", &["alias=pci:v00001106d*", "depends=core"]),
        ]);
        let group = |stage, names| ModuleGroup {
            reason: "test",
            stage,
            names,
        };
        let wanted = [
            group(Stage::Meanwhile, &["early"]),
            group(Stage::Later, &["late"]),
        ];
        let closure = close_over(&wanted, &files).unwrap();
        assert_eq!(names(&closure), ["core", "early", "late"]);
        assert!(closure.modules[0].needed_by.is_empty());
        assert_eq!(closure.modules[1].pci_patterns.len(), 1);
        assert_eq!(closure.modules[2].pci_patterns.len(), 1);
    }

    #[test]
    fn refuses_broken_needs() {
        let files = package(&[("a.ko", &["depends=gone"])]);
        assert!(matches!(
            close(&["a"], &files),
            Err(ModulesError::Needed { .. })
        ));
        let files = package(&[("a.ko", &["depends=b"]), ("b.ko", &["depends=a"])]);
        assert!(matches!(
            close(&["a"], &files),
            Err(ModulesError::Circle { .. })
        ));
        let mut files = package(&[]);
        files.insert("lib/a.ko".to_owned(), Packed::File(b"no ELF".to_vec()));
        assert!(matches!(
            close(&["a"], &files),
            Err(ModulesError::Elf { .. })
        ));
        files.insert("lib/b.ko.xz".to_owned(), Packed::File(b"no xz".to_vec()));
        assert!(matches!(
            close(&["b"], &files),
            Err(ModulesError::Compression { .. })
        ));
    }
}
