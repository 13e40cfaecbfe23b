//! A volume in a file, as the rescue environment treats a partition: overlay, `ntfs-3g`, commit, undo.
//! `mkntfs`, `ntfscp`, `ntfsfix`, `ntfscat` and `ntfsinfo` make the volumes and judge what came of them.
#![expect(clippy::as_conversions, reason = "small numbers made up by the tests")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use fs_err as fs;
use mend::area::{Area as _, FileArea};
use mend::journal::recover::recover;
use mend::journal::undo::{UndoError, undo};
use mend::journal::{Journal, Target};
use mend::machine::linux::disks::Partition;
use mend::machine::linux::volume::{LinuxVolume, Resources};
use mend::machine::{CommitLabel, Volume as _, VolumeError, VolumeState};
use mend::stick::SignedManifest;
use mend::stick::proof::StickProof;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::manifest::Manifest;
use rescue_stick::signature::PublicKey;

/// A partition and a journal, both files.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    /// Makes an NTFS volume with a few files, or returns `None` where the tools are missing.
    fn new() -> Option<Self> {
        Self::of_size((32 << 20) + 512)
    }

    fn of_size(bytes: u64) -> Option<Self> {
        let has_tools = ["/usr/sbin/mkntfs", "/usr/bin/ntfs-3g", "/dev/fuse"]
            .iter()
            .all(|tool| Path::new(tool).exists());
        if !has_tools || !rustix::process::geteuid().is_root() {
            assert!(
                std::env::var_os("CI").is_none(),
                "ntfs-3g and root are needed"
            );
            println!("skipped: no mkntfs, ntfs-3g or /dev/fuse, or not root");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let bench = Self { folder };
        let volume = fs::File::create(bench.volume()).unwrap();
        volume.set_len(bytes).unwrap();
        run(
            "/usr/sbin/mkntfs",
            &["-F", "-f", "-q", "-p", "63", "-H", "16", "-S", "63"],
            &bench.volume(),
        );
        bench.copy_in("old content", "svchost.exe");
        bench.copy_in(&"long ".repeat(20_000), "long.txt");
        let journal = fs::File::create(bench.journal_file()).unwrap();
        journal.set_len(4 << 20).unwrap();
        let head = rescue_stick::journal::empty_head([9; 16]);
        fs::write(bench.path("head"), &head).unwrap();
        let area = FileArea::open_for_writing(&bench.journal_file()).unwrap();
        area.write_at(0, &head).unwrap();
        Some(bench)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn volume(&self) -> PathBuf {
        self.path("volume.img")
    }

    fn journal_file(&self) -> PathBuf {
        self.path("journal.bin")
    }

    fn copy_in(&self, content: &str, name: &str) {
        fs::write(self.path("in"), content).unwrap();
        let done = Command::new("/usr/sbin/ntfscp")
            .args(["-f", "-q"])
            .args([self.volume(), self.path("in")])
            .arg(name)
            .output();
        check(&done.unwrap());
    }

    fn cat(&self, name: &str) -> String {
        let done = Command::new("/usr/bin/ntfscat")
            .args(["-f"])
            .arg(self.volume())
            .arg(name)
            .output();
        String::from_utf8(done.unwrap().stdout).unwrap()
    }

    fn journal(&self) -> Arc<Journal> {
        let area = FileArea::open_for_writing(&self.journal_file()).unwrap();
        Arc::new(Journal::open(Box::new(area)).unwrap())
    }

    fn examine(&self) -> LinuxVolume {
        self.examine_with(StickProof::over())
    }

    fn examine_with(&self, proof: StickProof) -> LinuxVolume {
        let partition = Partition {
            name: "disk 1, partition 1".into(),
            device: self.volume(),
            disk: None,
            start: 32256,
            length: fs::metadata(self.volume()).unwrap().len(),
            disk_model: Some("file".into()),
            disk_serial: None,
        };
        let resources = Resources {
            journal: Some(self.journal()),
            scratch: None,
            work: self.path("work"),
            unlocked: mend::machine::linux::unlocked::Unlocked::default(),
            proof,
        };
        LinuxVolume::examine(partition, resources)
    }

    fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(&fs::read(self.volume()).unwrap())
    }

    fn is_dirty(&self) -> bool {
        let done = Command::new("/usr/bin/ntfsinfo")
            .args(["-f", "-m"])
            .arg(self.volume())
            .output();
        String::from_utf8(done.unwrap().stdout)
            .unwrap()
            .contains("DIRTY")
    }

    /// Replaces a file, adds one, and removes one, as a repair does.
    fn repair(&self, volume: &LinuxVolume) -> u64 {
        let change = volume.begin_change(1 << 20).unwrap();
        let root = change.root().to_owned();
        fs::create_dir(root.join("kept")).unwrap();
        fs::write(root.join("SVCHOST.new"), "good".repeat(3000)).unwrap();
        change
            .copy_security(&root.join("svchost.exe"), &root.join("SVCHOST.new"))
            .unwrap();
        fs::rename(root.join("svchost.exe"), root.join("kept/svchost.exe")).unwrap();
        fs::rename(root.join("SVCHOST.new"), root.join("svchost.exe")).unwrap();
        fs::write(root.join("définitions.dat"), vec![7; 300_000]).unwrap();
        fs::remove_file(root.join("long.txt")).unwrap();
        let committed = change.commit(&label()).unwrap();
        committed.changed_bytes
    }
}

fn label() -> CommitLabel {
    CommitLabel {
        run: "run-1".into(),
        computer: "OPTIPLEX".into(),
    }
}

fn run(program: &str, arguments: &[&str], file: &Path) {
    check(
        &Command::new(program)
            .args(arguments)
            .arg(file)
            .output()
            .unwrap(),
    );
}

fn check(done: &Output) {
    assert!(done.status.success(), "{done:?}");
}

fn mounts_below(folder: &Path) -> usize {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    mounts.matches(&folder.display().to_string()).count()
}

#[test]
fn abandoned_changes_leave_the_volume_bit_for_bit_as_it_was() {
    let Some(bench) = Bench::new() else { return };
    let before = bench.digest();
    let volume = bench.examine();
    assert_eq!(volume.facts().state, VolumeState::Clean);
    let change = volume.begin_change(1 << 20).unwrap();
    fs::write(change.root().join("svchost.exe"), "other").unwrap();
    fs::write(change.root().join("new"), vec![1; 100_000]).unwrap();
    assert_eq!(
        fs::read(change.root().join("svchost.exe")).unwrap(),
        b"other"
    );
    drop(change);
    assert_eq!(bench.digest(), before);
    assert_eq!(mounts_below(bench.folder.path()), 0);
    assert!(volume.view().is_ok_and(|view| {
        fs::read(view.root().join("svchost.exe")).unwrap() == b"old content"
    }));
    assert_eq!(bench.digest(), before);
}

#[test]
fn a_commit_reaches_the_volume_and_an_undo_takes_it_back() {
    let Some(bench) = Bench::new() else { return };
    let volume = bench.examine();
    let changed = bench.repair(&volume);
    assert!(changed > 300_000, "{changed}");
    assert_eq!(bench.cat("svchost.exe"), "good".repeat(3000));
    assert_eq!(bench.cat("kept/svchost.exe"), "old content");
    let view = volume.view().unwrap();
    assert!(!view.root().join("long.txt").exists());
    assert_eq!(
        fs::read(view.root().join("définitions.dat")).unwrap(),
        vec![7; 300_000]
    );
    assert!(fs::write(view.root().join("x"), "x").is_err());
    drop(view);
    run("/usr/bin/ntfsfix", &["-n"], &bench.volume());

    let journal = bench.journal();
    let targets: [&dyn Target; 1] = [&volume];
    assert_eq!(recover(&journal, &targets).unwrap(), []);
    assert_eq!(undo(&journal, &targets).unwrap().len(), 1);
    assert_eq!(bench.cat("svchost.exe"), "old content");
    assert_eq!(bench.cat("long.txt"), "long ".repeat(20_000));
    let view = volume.view().unwrap();
    assert!(!view.root().join("kept").exists());
    drop(view);
    assert!(matches!(
        undo(&journal, &targets),
        Err(UndoError::AlreadyUndone { .. })
    ));
}

#[test]
fn free_clusters_do_not_go_through_the_journal() {
    let Some(bench) = Bench::new() else { return };
    let volume = bench.examine();
    let change = volume.begin_change(8 << 20).unwrap();
    let content: Vec<u8> = (0..8_u32 << 20).map(|n| (n % 251) as u8).collect();
    fs::write(change.root().join("big"), &content).unwrap();
    // More than the whole journal of 4 MiB.
    change.commit(&label()).unwrap();
    let journaled: u64 = bench
        .journal()
        .commits()
        .iter()
        .map(|one| one.body_length)
        .sum();
    assert!(journaled < 600_000, "{journaled}");
    let view = volume.view().unwrap();
    assert!(fs::read(view.root().join("big")).unwrap() == content);
}

#[test]
fn a_volume_written_since_cannot_be_undone() {
    let Some(bench) = Bench::new() else { return };
    let volume = bench.examine();
    bench.repair(&volume);
    bench.copy_in("Windows was here", "new.txt");
    let after = bench.digest();
    let targets: [&dyn Target; 1] = [&volume];
    let refused = undo(&bench.journal(), &targets).unwrap_err();
    assert!(matches!(refused, UndoError::Changed { .. }), "{refused}");
    assert_eq!(bench.digest(), after);
}

#[test]
fn a_dirty_volume_stays_dirty_after_a_repair() {
    let Some(bench) = Bench::new() else { return };
    assert!(!bench.is_dirty());
    // Without -d it asks Windows for a check, which is the flag.
    run("/usr/bin/ntfsfix", &[], &bench.volume());
    let volume = bench.examine();
    assert_eq!(volume.facts().state, VolumeState::Dirty);
    bench.repair(&volume);
    assert!(bench.is_dirty());
    assert_eq!(bench.examine().facts().state, VolumeState::Dirty);
    assert_eq!(bench.cat("svchost.exe"), "good".repeat(3000));
}

/// Writes two restart pages with a client that did, or did not, sign off. Fields by the Linux-NTFS
/// project's documentation, "$LogFile"; `ntfs-3g` is the judge of them below.
fn write_log(bench: &Bench, in_use_list: u16) -> u64 {
    let bytes = fs::read(bench.volume()).unwrap();
    // mkntfs fills the log with ones; nothing else on the volume has so many of them.
    let page_count = bytes.len() / 4096;
    let is_ones = |page: usize| {
        bytes[page * 4096..(page + 1) * 4096]
            .iter()
            .all(|b| *b == 0xFF)
    };
    let first = (0..page_count)
        .find(|page| (0..64).all(|n| is_ones(page + n)))
        .unwrap();
    let length = (first..page_count)
        .take_while(|page| is_ones(*page))
        .count() as u64
        * 4096;
    let mut page = vec![0; 4096];
    let mut put = |offset: usize, field: &[u8]| {
        page[offset..offset + field.len()].copy_from_slice(field);
    };
    put(0, b"RSTR\x1e\x00\x09\x00");
    put(16, &4096_u32.to_le_bytes());
    put(20, &4096_u32.to_le_bytes());
    put(24, &0x30_u16.to_le_bytes());
    put(26, &[1, 0, 1, 0]);
    put(0x30, &0x10_0000_u64.to_le_bytes());
    put(0x38, &1_u16.to_le_bytes());
    let free_list = if in_use_list == 0xFFFF { 0 } else { 0xFFFF_u16 };
    put(0x3a, &free_list.to_le_bytes());
    put(0x3c, &in_use_list.to_le_bytes());
    put(0x40, &(67 - (64 - length.leading_zeros())).to_le_bytes());
    put(0x44, &0xe0_u16.to_le_bytes());
    put(0x46, &0x40_u16.to_le_bytes());
    put(0x48, &length.to_le_bytes());
    put(0x54, &[0x30, 0, 0x40, 0]);
    put(0x70, &0x10_0000_u64.to_le_bytes());
    put(0x80, &[0xFF; 4]);
    put(0x8c, &8_u32.to_le_bytes());
    put(0x90, b"N\0T\0F\0S\0");
    put(0x1e, &1_u16.to_le_bytes());
    for sector in 1..=8 {
        put(512 * sector - 2, &1_u16.to_le_bytes());
    }
    let area = FileArea::open_for_writing(&bench.volume()).unwrap();
    let start = first as u64 * 4096;
    area.write_at(start, &page).unwrap();
    area.write_at(start + 4096, &page).unwrap();
    // What a log in use holds behind its restart pages.
    let records: Vec<u8> = (0..length - 8192).map(|n| (n % 253) as u8).collect();
    area.write_at(start + 8192, &records).unwrap();
    length
}

#[test]
fn an_unclean_log_is_emptied_without_filling_the_journal_and_asks_for_a_check() {
    let Some(bench) = Bench::new() else { return };
    let length = write_log(&bench, 0);
    let volume = bench.examine();
    assert_eq!(volume.facts().state, VolumeState::UncleanLog);
    drop(volume.view().unwrap());
    let changed = bench.repair(&volume);
    assert!(changed > length, "{changed} of {length}");
    let journaled = bench.journal().commits()[0].body_length;
    assert!(journaled < 600_000, "{journaled}");
    assert!(bench.is_dirty());
    assert_eq!(bench.cat("svchost.exe"), "good".repeat(3000));
    let targets: [&dyn Target; 1] = [&volume];
    undo(&bench.journal(), &targets).unwrap();
    assert_eq!(bench.cat("svchost.exe"), "old content");
    // The log's unfinished work is lost, so Windows must check the volume after an undo too.
    assert!(bench.is_dirty());
    assert_eq!(bench.examine().facts().state, VolumeState::Dirty);
}

#[test]
fn a_log_without_unfinished_work_is_left_as_it_is() {
    let Some(bench) = Bench::new() else { return };
    write_log(&bench, 0xFFFF);
    let volume = bench.examine();
    assert_eq!(volume.facts().state, VolumeState::Clean);
    let changed = bench.repair(&volume);
    assert!(changed < 1 << 20, "{changed}");
    assert!(!bench.is_dirty());
}

#[test]
fn a_hibernated_volume_is_shown_and_not_changed() {
    let Some(bench) = Bench::new() else { return };
    bench.copy_in(&"hibr".repeat(2000), "Hiberfil.SYS");
    let before = bench.digest();
    let volume = bench.examine();
    assert_eq!(volume.facts().state, VolumeState::Hibernated);
    let refused = volume.begin_change(1).map(|_| ()).unwrap_err();
    assert!(matches!(refused, VolumeError::Refused { .. }), "{refused}");
    let view = volume.view().unwrap();
    assert_eq!(
        fs::read(view.root().join("svchost.exe")).unwrap(),
        b"old content"
    );
    drop(view);
    assert_eq!(bench.digest(), before);
}

#[test]
fn nothing_is_opened_for_writing_before_the_stick_is_proven() {
    let Some(bench) = Bench::of_size(40 << 20) else {
        return;
    };
    let before = bench.digest();
    // A stick without a file that was signed.
    let stick = tempfile::tempdir().unwrap();
    let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let mut manifest = Manifest::default();
    manifest.insert("x".into(), Sha256Digest::of(b"x"));
    let text = manifest.to_text();
    let signature = minisign::sign(None, &pair.sk, text.as_bytes(), None, None).unwrap();
    fs::write(stick.path().join("SHA256SUMS"), text).unwrap();
    fs::write(
        stick.path().join("SHA256SUMS.minisig"),
        signature.to_string(),
    )
    .unwrap();
    let key = PublicKey::parse(&pair.pk.to_base64()).unwrap();
    let signed = Arc::new(SignedManifest::read(stick.path(), &key).unwrap());
    let proof = StickProof::begin(stick.path().to_owned(), signed);
    let volume = bench.examine_with(proof.clone());
    let change = volume.begin_change(1 << 20).unwrap();
    fs::write(change.root().join("new"), "new").unwrap();
    assert!(proof.wait(&mut |_| {}).is_err());
    let refused = volume.check_access().unwrap_err().to_string();
    assert!(refused.contains("not proven"), "{refused}");
    let label = CommitLabel {
        run: "run".into(),
        computer: String::new(),
    };
    let refused = change.commit(&label).unwrap_err().to_string();
    assert!(refused.contains("not proven"), "{refused}");
    assert_eq!(bench.digest(), before);
    bench.examine().check_access().unwrap();
}

#[test]
fn refuses_a_change_that_neither_volume_nor_memory_can_hold() {
    // Sparse, and larger than the memory of any machine that tests run on.
    let Some(bench) = Bench::of_size(1 << 40) else {
        return;
    };
    let volume = bench.examine();
    let text = |refused: Result<(), VolumeError>| refused.unwrap_err().to_string();
    let full = text(volume.check_change(1 << 41));
    assert!(full.contains("the volume is full"), "{full}");
    volume.check_change(1 << 39).unwrap();
    let refused = text(volume.begin_change(1 << 39).map(|_| ()));
    assert!(refused.contains("bytes of memory"), "{refused}");
    assert_eq!(mounts_below(bench.folder.path()), 0);
}
