//! Volumes in every state, and the ones that are NTFS indeed.

use super::*;

/// A folder machine whose one volume says that it is in another state.
struct InState<'a> {
    inner: &'a FolderMachine,
    volumes: Vec<Box<dyn Volume>>,
}

struct StatedVolume {
    root: std::path::PathBuf,
    facts: VolumeFacts,
}

struct Root(std::path::PathBuf);

impl VolumeView for Root {
    fn root(&self) -> &Path {
        &self.0
    }
}

impl Volume for StatedVolume {
    fn facts(&self) -> &VolumeFacts {
        &self.facts
    }

    fn view(&self) -> Result<Box<dyn VolumeView>, VolumeError> {
        Ok(Box::new(Root(self.root.clone())))
    }

    fn begin_change(
        &self,
        _needed: u64,
    ) -> Result<Box<dyn crate::machine::VolumeChange + '_>, VolumeError> {
        Err(VolumeError::Io {
            volume: self.facts.name.clone(),
            doing: "mounting the overlay",
            reason: "no memory".into(),
        })
    }
}

impl Machine for InState<'_> {
    fn facts(&self) -> &rescue_stick::report::MachineFacts {
        self.inner.facts()
    }

    fn volumes(&self) -> &[Box<dyn Volume>] {
        &self.volumes
    }

    fn now(&self) -> i64 {
        0
    }

    fn uptime_ms(&self) -> u64 {
        self.inner.uptime_ms()
    }
}

fn run_in_state(file_system: FileSystem, state: VolumeState, mode: Mode) -> (Report, Vec<String>) {
    let mut scene = dllcache(&SVCHOST_SP3.build());
    let before = tree(scene.pc.path());
    let folder = FolderMachine::open(scene.pc.path()).unwrap();
    let facts = VolumeFacts {
        file_system,
        state,
        ..folder.volumes()[0].facts().clone()
    };
    let volume = StatedVolume {
        root: scene.pc.path().to_owned(),
        facts,
    };
    let machine = InState {
        inner: &folder,
        volumes: vec![Box::new(volume)],
    };
    let screen = &mut Willing(&mut scene.seen);
    let report = run(&Request::new(mode), &machine, &scene.stick, screen);
    assert_eq!(tree(scene.pc.path()), before);
    (report, scene.seen)
}

#[test]
fn a_hibernated_windows_is_diagnosed_and_left_alone() {
    let (report, seen) = run_in_state(FileSystem::Ntfs, VolumeState::Hibernated, Mode::Confirm);
    assert_eq!(report.verdict, Verdict::Refused);
    let installation = Scene::only(&report);
    assert_eq!(installation.findings[0].id, "hibernated-volume");
    assert!(installation.advice[0].contains("shut it down fully"));
    assert!(
        !seen.iter().any(|line| line.starts_with("Repair")),
        "{seen:?}"
    );
}

#[test]
fn an_unclean_volume_is_only_written_with_a_persons_consent() {
    let (report, seen) = run_in_state(FileSystem::Ntfs, VolumeState::UncleanLog, Mode::Auto);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    assert!(
        !seen.iter().any(|line| line.starts_with("Repair")),
        "{seen:?}"
    );
    let (report, seen) = run_in_state(FileSystem::Ntfs, VolumeState::UncleanLog, Mode::Confirm);
    assert!(
        seen.iter().any(|line| line.contains("warning: Some(")),
        "{seen:?}"
    );
    // The answer was yes, and the volume of this test cannot be changed.
    assert_eq!(report.verdict, Verdict::Failed);
    let advice = &Scene::only(&report).advice;
    assert_eq!(advice.last().unwrap(), "nothing was written");
}

#[test]
fn locked_and_unreadable_volumes_are_reported_not_opened() {
    let (report, _) = run_in_state(FileSystem::BitLocker, VolumeState::Clean, Mode::Auto);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    assert!(report.installations.is_empty());
    let state = VolumeState::Unreadable("medium error at sector 63".into());
    let (report, _) = run_in_state(FileSystem::Ntfs, state, Mode::Auto);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    assert!(report.notes[0].contains("medium error at sector 63"));
}

/// An NTFS volume in a file, mounted by ntfs-3g until this is dropped.
pub(super) struct Ntfs {
    folder: tempfile::TempDir,
}

impl Ntfs {
    /// Returns `None` after saying so where the tools or FUSE are not here.
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    pub(super) fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
        fs::create_dir(folder.path().join("mounted")).unwrap();
        let volume = Self { folder };
        let steps = [
            Command::new("mkntfs")
                .args(["-F", "-q", "-Q"])
                .arg(&image)
                .output(),
            Command::new("ntfs-3g")
                .args(["-o", "permissions"])
                .arg(&image)
                .arg(volume.root())
                .output(),
        ];
        for step in steps {
            let done = step.is_ok_and(|output| output.status.success());
            if !done {
                eprintln!("skipped: mkntfs, ntfs-3g or FUSE is not here");
                return None;
            }
        }
        Some(volume)
    }

    pub(super) fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("mounted")
    }
}

impl Drop for Ntfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.root()).output();
    }
}

pub(super) fn security_of(path: &Path) -> Vec<u8> {
    let mut descriptor = vec![0; 64 << 10];
    let size = rustix::fs::getxattr(path, "system.ntfs_acl", descriptor.as_mut_slice()).unwrap();
    descriptor.truncate(size);
    descriptor
}

#[test]
fn on_ntfs_the_restored_file_has_the_security_descriptor_of_its_neighbour() {
    let Some(volume) = Ntfs::mount() else { return };
    let root = volume.root();
    XP_SP3.write(&root);
    let system32 = root.join(SYSTEM32);
    fs::create_dir(system32.join("dllcache")).unwrap();
    fs::write(system32.join("dllcache/svchost.exe"), SVCHOST_SP3.build()).unwrap();
    // Another mode becomes another descriptor under ntfs-3g.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o751);
    fs::set_permissions(system32.join("lsass.exe"), mode).unwrap();
    let neighbour = security_of(&system32.join("lsass.exe"));
    assert_ne!(
        neighbour,
        security_of(&system32.join("dllcache/svchost.exe"))
    );
    let stick_folder = tempfile::tempdir().unwrap();
    let zip = make_zip(&dat_5959());
    let stick = make_stick(stick_folder.path(), &dat_5959(), &zip, &[]);
    let machine = FolderMachine::open(&root).unwrap();
    assert_eq!(machine.volumes()[0].facts().file_system, FileSystem::Ntfs);
    let mut seen = Vec::new();
    let request = Request::new(Mode::Auto);
    let report = run(&request, &machine, &stick, &mut Willing(&mut seen));
    assert_eq!(report.verdict, Verdict::Repaired, "{report:#?}");
    assert_eq!(security_of(&system32.join("svchost.exe")), neighbour);
}

/// A volume that panics when it is looked at.
struct Faulty(VolumeFacts);

impl Volume for Faulty {
    fn facts(&self) -> &VolumeFacts {
        &self.0
    }

    fn view(&self) -> Result<Box<dyn VolumeView>, VolumeError> {
        panic!("a fault on purpose");
    }

    fn begin_change(
        &self,
        _needed: u64,
    ) -> Result<Box<dyn crate::machine::VolumeChange + '_>, VolumeError> {
        panic!("a fault on purpose");
    }
}

#[test]
fn a_volume_that_ends_in_a_fault_does_not_stop_the_others() {
    let mut scene = dllcache(&SVCHOST_SP3.build());
    let folder = FolderMachine::open(scene.pc.path()).unwrap();
    let facts = folder.volumes()[0].facts().clone();
    let good = StatedVolume {
        root: scene.pc.path().to_owned(),
        facts: facts.clone(),
    };
    let facts = VolumeFacts {
        file_system: FileSystem::Ntfs,
        ..facts
    };
    let volumes: Vec<Box<dyn Volume>> = vec![Box::new(Faulty(facts)), Box::new(good)];
    let machine = InState {
        inner: &folder,
        volumes,
    };
    let screen = &mut Willing(&mut scene.seen);
    let report = run(
        &Request::new(Mode::Diagnose),
        &machine,
        &scene.stick,
        screen,
    );
    assert_eq!(Scene::only(&report).verdict, Verdict::Affected);
    assert!(
        report.notes[0].contains("a fault of mend itself"),
        "{:?}",
        report.notes
    );
}
