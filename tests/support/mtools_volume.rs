//! A FAT32 volume of which mtools are the driver, for hosts whose kernel knows no FAT.
//!
//! What `mend` does is its own from the first look to the last check: detection, plan, apply, verify, overlay,
//! journal, commit. Only what the kernel's `vfat` does on a PC is done here by mtools: a view is a copy of the
//! volume's tree, and when a change is committed, what has become of that tree is carried over to a copy
//! of the volume, whose differing blocks are the overlay. Boots try the kernel's own driver.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use fs_err as fs;
use mend::area::Area;
use mend::journal::commit::{CommitError, commit};
use mend::journal::{Allocation, Journal, Target};
use mend::machine::attributes::{read_attributes, write_attributes};
use mend::machine::linux::volume::LinuxVolume;
use mend::machine::{
    CommitLabel, Committed, FileSystem, Machine, Volume, VolumeChange, VolumeError, VolumeFacts,
    VolumeView,
};
use mend::overlay::{BLOCK_LENGTH, Overlay};
use rescue_stick::journal::VolumeIdentity;
use rescue_stick::report::MachineFacts;
use rescue_stick::undo::FileAttributes;
use tempfile::TempDir;

use crate::tools::{command, run_command};

/// Memory for the blocks of one change; the volumes made here are smaller.
const MEMORY: u64 = 256 << 20;

/// Letters by which mattrib shows flags, and the flags. Source: mtools manual, "Mattrib".
const ALL_FLAGS: [(char, u32); 4] = [('A', 0x20), ('R', 0x01), ('S', 0x04), ('H', 0x02)];

/// A PC with such volumes.
pub struct MtoolsMachine {
    facts: MachineFacts,
    volumes: Vec<Box<dyn Volume>>,
}

impl MtoolsMachine {
    /// Returns a PC with this volume alone.
    pub fn of(volume: MtoolsVolume) -> Self {
        Self {
            facts: MachineFacts::default(),
            volumes: vec![Box::new(volume)],
        }
    }
}

impl Machine for MtoolsMachine {
    fn facts(&self) -> &MachineFacts {
        &self.facts
    }

    fn volumes(&self) -> &[Box<dyn Volume>] {
        &self.volumes
    }

    fn now(&self) -> i64 {
        // 22 April 2010, 10:15 UTC.
        1_271_931_300
    }

    fn uptime_ms(&self) -> u64 {
        0
    }
}

/// A FAT32 volume behind a device.
pub struct MtoolsVolume {
    /// The same volume as the rescue environment knows it, for all that needs no driver.
    inner: LinuxVolume,
    journal: Arc<Journal>,
}

impl MtoolsVolume {
    /// Puts mtools in the place of the driver of `inner`.
    pub fn new(inner: LinuxVolume, journal: Arc<Journal>) -> Self {
        Self { inner, journal }
    }

    fn io(&self, doing: &'static str) -> impl FnOnce(anyhow::Error) -> VolumeError {
        let volume = self.facts().name.clone();
        move |error| VolumeError::Io {
            volume,
            doing,
            reason: format!("{error:#}"),
        }
    }

    /// Copies the volume to a file and its tree to a folder.
    fn copy_out(&self) -> Result<Tree> {
        let folder = tempfile::tempdir()?;
        let (image, root) = (folder.path().join("volume.img"), folder.path().join("root"));
        let area = Target::open(&self.inner)?;
        let mut bytes = vec![0; usize::try_from(area.len())?];
        area.read_at(0, &mut bytes)?;
        fs::write(&image, bytes)?;
        fs::create_dir(&root)?;
        let tree = Tree {
            _folder: folder,
            image,
            root,
        };
        let mut mcopy = tree.tool("mcopy")?;
        mcopy.args(["-s", "-n", "-m", "-Q"]).arg("::/");
        mcopy.arg(&tree.root);
        run_command(mcopy)?;
        Ok(tree)
    }
}

impl Volume for MtoolsVolume {
    fn facts(&self) -> &VolumeFacts {
        self.inner.facts()
    }

    fn check_change(&self, added: u64) -> Result<(), VolumeError> {
        self.inner.check_change(added)
    }

    fn check_access(&self) -> Result<(), VolumeError> {
        self.inner.check_access()
    }

    fn view(&self) -> Result<Box<dyn VolumeView>, VolumeError> {
        let tree = self.copy_out().map_err(self.io("reading the tree"))?;
        Ok(Box::new(View(tree)))
    }

    fn begin_change(&self, _needed: u64) -> Result<Box<dyn VolumeChange + '_>, VolumeError> {
        let tree = self.copy_out().map_err(self.io("reading the tree"))?;
        let read = || -> Result<_> { Ok((tree.read_files()?, tree.read_flags()?)) };
        let (before, flags) = read().map_err(self.io("listing the tree"))?;
        Ok(Box::new(Change {
            volume: self,
            before,
            flags: Mutex::new(flags),
            tree,
        }))
    }
}

impl Target for MtoolsVolume {
    fn identity(&self) -> VolumeIdentity {
        self.inner.identity()
    }

    fn is_asleep(&self) -> bool {
        self.inner.is_asleep()
    }

    fn open(&self) -> io::Result<Box<dyn Area>> {
        Target::open(&self.inner)
    }

    fn open_for_writing(&self) -> io::Result<Box<dyn Area>> {
        self.inner.open_for_writing()
    }

    fn allocation<'a>(&self, area: &'a dyn Area) -> io::Result<Box<dyn Allocation + 'a>> {
        self.inner.allocation(area)
    }

    fn check_marks(&self, area: &dyn Area) -> io::Result<Vec<(u64, Vec<u8>)>> {
        self.inner.check_marks(area)
    }
}

/// A copy of a volume, as a file and as a folder.
struct Tree {
    _folder: TempDir,
    image: PathBuf,
    root: PathBuf,
}

/// What tells that a file was touched.
type Stamp = (u64, SystemTime);

impl Tree {
    /// Times are shown as they lie there, as the kernel's driver is told to do.
    fn tool(&self, name: &str) -> Result<std::process::Command> {
        let mut tool = command(name)?;
        tool.arg("-i").arg(&self.image);
        Ok(tool)
    }

    /// Returns every file with its stamp and every folder without one, by path with `/` between.
    fn read_files(&self) -> Result<BTreeMap<String, Option<Stamp>>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                let name = path.strip_prefix(&self.root)?.to_str();
                let name = name.context("a name that is not UTF-8")?.to_owned();
                let facts = fs::metadata(&path)?;
                match facts.is_dir() {
                    true => {
                        folders.push(path);
                        found.insert(name, None);
                    }
                    false => {
                        found.insert(name, Some((facts.len(), facts.modified()?)));
                    }
                }
            }
        }
        Ok(found)
    }

    /// Returns the flags of every file and folder, by path with `/` between.
    fn read_flags(&self) -> Result<BTreeMap<String, u32>> {
        let mut mattrib = self.tool("mattrib")?;
        mattrib.args(["-/", "-X", "::/"]);
        let text = run_command(mattrib)?.text();
        let mut found = BTreeMap::new();
        for line in text.lines() {
            let Some((letters, path)) = line.split_once("::/") else {
                continue;
            };
            let flags = ALL_FLAGS
                .iter()
                .filter(|(letter, _)| letters.contains(*letter));
            let flags = flags.fold(0, |sum, (_, flag)| sum | flag);
            found.insert(path.trim_end_matches('/').to_owned(), flags);
        }
        Ok(found)
    }

    /// Carries what has become of the folder over to the image.
    fn write_back(&self, before: &BTreeMap<String, Option<Stamp>>) -> Result<()> {
        let after = self.read_files()?;
        let gone = before.keys().filter(|path| !after.contains_key(*path));
        for path in gone.collect::<BTreeSet<_>>().into_iter().rev() {
            let name = match before.get(path) {
                Some(None) => "mrd",
                _ => {
                    self.make_writable(path)?;
                    "mdel"
                }
            };
            let mut tool = self.tool(name)?;
            tool.arg(format!("::/{path}"));
            run_command(tool)?;
        }
        for (path, stamp) in &after {
            if before.get(path) == Some(stamp) {
                continue;
            }
            let target = format!("::/{path}");
            let tool = match stamp {
                None => {
                    let mut mmd = self.tool("mmd")?;
                    mmd.arg(target);
                    mmd
                }
                Some(_) => {
                    if before.contains_key(path) {
                        self.make_writable(path)?;
                    }
                    let mut mcopy = self.tool("mcopy")?;
                    mcopy.args(["-o", "-m", "-Q"]).arg(self.root.join(path));
                    mcopy.arg(target);
                    mcopy
                }
            };
            run_command(tool)?;
        }
        Ok(())
    }

    /// What is read-only is not written over without a question.
    fn make_writable(&self, path: &str) -> Result<()> {
        let mut mattrib = self.tool("mattrib")?;
        mattrib.arg("-r").arg(format!("::/{path}"));
        run_command(mattrib)?;
        Ok(())
    }

    /// Gives files of the image the flags that are wanted.
    fn write_flags(&self, wanted: &BTreeMap<String, u32>) -> Result<()> {
        let found = self.read_flags()?;
        for (path, flags) in wanted {
            let Some(now) = found.get(path).filter(|now| *now != flags) else {
                continue;
            };
            let mut mattrib = self.tool("mattrib")?;
            for (letter, flag) in ALL_FLAGS {
                let sign = if flags & flag == 0 { '-' } else { '+' };
                if (flags ^ now) & flag != 0 {
                    mattrib.arg(format!("{sign}{}", letter.to_ascii_lowercase()));
                }
            }
            mattrib.arg(format!("::/{path}"));
            run_command(mattrib)?;
        }
        Ok(())
    }
}

struct View(Tree);

impl VolumeView for View {
    fn root(&self) -> &Path {
        &self.0.root
    }
}

struct Change<'a> {
    volume: &'a MtoolsVolume,
    tree: Tree,
    before: BTreeMap<String, Option<Stamp>>,
    /// Flags, which the folder has no place for; a file that is moved takes its own along only when it is
    /// given them again, as `mend` does.
    flags: Mutex<BTreeMap<String, u32>>,
}

impl Change<'_> {
    fn name(&self, at: &Path) -> Result<String> {
        let name = at.strip_prefix(&self.tree.root)?.to_str();
        Ok(name.context("a name that is not UTF-8")?.to_owned())
    }

    /// Returns the volume with all that was changed.
    fn overlay(&self) -> Result<Overlay> {
        self.tree.write_back(&self.before)?;
        let flags = self.flags.lock().unwrap_or_else(PoisonError::into_inner);
        self.tree.write_flags(&flags)?;
        let mut overlay = Overlay::new(Target::open(self.volume)?, MEMORY, None);
        let wanted = fs::read(&self.tree.image)?;
        let length = usize::try_from(BLOCK_LENGTH)?;
        for (offset, block) in (0_u64..).step_by(length).zip(wanted.chunks(length)) {
            let mut old = vec![0; block.len()];
            overlay.read_at(offset, &mut old)?;
            if old != block {
                overlay.write_at(offset, block)?;
            }
        }
        Ok(overlay)
    }
}

impl VolumeChange for Change<'_> {
    fn root(&self) -> &Path {
        &self.tree.root
    }

    fn is_provisional(&self) -> bool {
        true
    }

    fn copy_security(&self, _from: &Path, _to: &Path) -> Result<(), VolumeError> {
        Ok(())
    }

    fn attributes(&self, at: &Path) -> Result<FileAttributes, VolumeError> {
        let read = || -> Result<FileAttributes> {
            let name = self.name(at)?;
            let flags = self.flags.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(FileAttributes {
                // A file that mtools made has this flag. Source: FAT specification, "ATTR_ARCHIVE".
                flags: Some(flags.get(&name).copied().unwrap_or(0x20)),
                ..read_attributes(at, FileSystem::Unknown)?
            })
        };
        read().map_err(self.volume.io("reading attributes"))
    }

    fn set_attributes(&self, at: &Path, attributes: &FileAttributes) -> Result<bool, VolumeError> {
        let set = || -> Result<bool> {
            if let Some(flags) = attributes.flags {
                let mut all = self.flags.lock().unwrap_or_else(PoisonError::into_inner);
                all.insert(self.name(at)?, flags & 0x27);
            }
            Ok(write_attributes(at, attributes, FileSystem::Unknown)?)
        };
        set().map_err(self.volume.io("setting attributes"))
    }

    fn commit(self: Box<Self>, label: &CommitLabel) -> Result<Committed, VolumeError> {
        let overlay = self
            .overlay()
            .map_err(self.volume.io("writing with mtools"))?;
        let committed = commit(&self.volume.journal, self.volume, label, &overlay);
        committed.map_err(|error| match error {
            CommitError::Unfinished(reason) => VolumeError::Unfinished {
                volume: self.volume.facts().name.clone(),
                reason,
            },
            other => self.volume.io("committing")(other.into()),
        })
    }
}
