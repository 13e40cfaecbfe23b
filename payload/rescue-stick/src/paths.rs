//! Where things lie on the stick: paths relative to the root of its FAT32 partition, with `/`.
//!
//! ```text
//! /SHA256SUMS  /SHA256SUMS.minisig     the manifest and its signature
//! /EFI/BOOT  /EFI/debian               firmware starts here
//! /boot                                kernels, initramfs archives, GRUB's menu
//! /mendkit/job.json                    what this stick is to do
//! /mendkit/mendkit.pub                 the key that signed the manifest
//! /mendkit/remedies/*.toml             the incidents it mends
//! /mendkit/definitions/NAME/*          corrected definitions
//! /mendkit/files/*                     known good files
//! /mendkit/bom.json  licences.txt      what everything is made of, and on which terms
//! /mendkit/bundle.age                  recovery keys of the site, under its passphrase
//! /mendkit/identity.bin                who this stick is; preallocated, not in the manifest
//! /mendkit/head.bin                    how far its reports go; preallocated, not in the manifest
//! /mendkit/journal.bin  scratch.bin    preallocated, written in place, not in the manifest
//! /reports/                            what was done where, not in the manifest
//! ```

/// Volume label of the FAT32 partition.
pub const VOLUME_LABEL: &str = "MENDKIT";

/// The manifest: every file of the closed set, readable by `sha256sum -c`.
pub const MANIFEST: &str = "SHA256SUMS";

/// The manifest's signature in minisign's format.
pub const MANIFEST_SIGNATURE: &str = "SHA256SUMS.minisig";

/// The job: what this stick is to do, as JSON.
pub const JOB: &str = "mendkit/job.json";

/// The public key that belongs to the signature, for people who check by hand.
pub const PUBLIC_KEY: &str = "mendkit/mendkit.pub";

/// Folder of the remedies, one TOML file each.
pub const REMEDIES: &str = "mendkit/remedies";

/// Folder of definitions, one folder a set.
pub const DEFINITIONS: &str = "mendkit/definitions";

/// Folder of known good files.
pub const FILES: &str = "mendkit/files";

/// The bill of materials, as CycloneDX JSON.
pub const BOM: &str = "mendkit/bom.json";

/// The terms of everything on the stick, and where its sources are, as text.
pub const LICENCES: &str = "mendkit/licences.txt";

/// The site's recovery keys, as an age file under its passphrase; only where the recipe names one.
pub const KEY_BUNDLE: &str = "mendkit/bundle.age";

/// Who this stick is, blank in an image. Contiguous; of fixed length; outside the manifest.
pub const IDENTITY: &str = "mendkit/identity.bin";

/// How far the stick's chain of reports goes, blank in an image. Contiguous; of fixed length; outside the
/// manifest.
pub const HEAD: &str = "mendkit/head.bin";

/// The journal: undo and redo blocks. Contiguous; written in place; outside the manifest.
pub const JOURNAL: &str = "mendkit/journal.bin";

/// Room for an overlay that does not fit in memory. Contiguous; written in place; outside the manifest.
pub const SCRATCH: &str = "mendkit/scratch.bin";

/// Folder of reports, one folder each, `000014-20100422T101500Z-OPTIPLEX-114`: the number of the report on
/// its stick, then the run. Outside the manifest.
pub const REPORTS: &str = "reports";

/// In a report's folder: the report. Its bytes are what is signed.
pub const REPORT_JSON: &str = "report.json";

/// In a report's folder: the signature of the report by the stick's own key, in minisign's format.
pub const REPORT_SIGNATURE: &str = "report.json.minisig";

/// In a report's folder: the same for people.
pub const REPORT_TEXT: &str = "report.txt";

/// Returns the name of the folder of a report below [`REPORTS`]: its number on its stick, if it has one, and
/// its run, with nothing in it that FAT or a path would take amiss.
pub fn report_folder(number: Option<u64>, run: &str) -> String {
    let is_safe = |one: char| one.is_alphanumeric() || one == '-' || one == '_';
    let safe: String = run
        .chars()
        .take(64)
        .map(|one| if is_safe(one) { one } else { '_' })
        .collect();
    let run = if safe.is_empty() { "run" } else { &safe };
    match number {
        Some(number) => format!("{number:06}-{run}"),
        None => run.to_owned(),
    }
}

/// Returns the number that the name of a report's folder says, if it says one.
pub fn number_of_report_folder(name: &str) -> Option<u64> {
    let (number, _) = name.split_once('-')?;
    let is_number = number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| number.parse().ok()).flatten()
}

/// What the name of a report's folder ends with while it is being written.
pub const PARTIAL_REPORT_SUFFIX: &str = ".part";

/// In the initramfs: the key that `mend` trusts, in minisign's public key format.
pub const TRUSTED_KEY_IN_INITRAMFS: &str = "/mendkit.pub";

/// In the initramfs: the file without which `mend` refuses to act as PID 1.
pub const MARKER_IN_INITRAMFS: &str = "/mendkit.marker";

/// In the initramfs: kernel modules in loading order, without which no stick is found. A line is an absolute path;
/// behind it may stand what the module is for, patterns of PCI devices and, after `@`, names of modules.
pub const FIRST_MODULES: &str = "/first.list";

/// The same of the modules that are loaded while the stick is looked for.
pub const MEANWHILE_MODULES: &str = "/meanwhile.list";

/// The same of the modules that come from the stick ([`LATER_64`], [`LATER_32`]), once those are unpacked.
pub const LATER_MODULES: &str = "/later.list";

/// The same of those that come with them and are for locked volumes.
pub const LOCKED_MODULES: &str = "/locked.list";

/// The NTFS driver and its libraries: newc, gzipped, for `mend` to unpack to its root.
pub const PROGRAMS: &str = "boot/programs.cpio.gz";

/// Modules that the 64-bit kernel needs only once the stick was found: newc, gzipped.
pub const LATER_64: &str = "boot/later64.cpio.gz";

/// The same for the 32-bit kernel.
pub const LATER_32: &str = "boot/later32.cpio.gz";

/// Folders that a running system leaves at the root of every stick it is shown, and which system that is.
/// Nothing in them is ever read: firmware, GRUB and `mend` open files by the paths above alone.
pub const LEFT_BY_SYSTEMS: [(&str, &str); 8] = [
    ("System Volume Information", "Windows: search index"),
    ("$RECYCLE.BIN", "Windows: files deleted by a person"),
    ("RECYCLER", "Windows XP: the same"),
    ("FOUND.000", "Windows: what chkdsk set aside"),
    (".Spotlight-V100", "macOS: search index"),
    (".Trashes", "macOS: files deleted by a person"),
    (".fseventsd", "macOS: a log of changes"),
    (".Trash-1000", "Linux desktops: files deleted by a person"),
];

/// Returns the system that leaves `path`, or what lies in it, on sticks.
pub fn left_by_system(path: &str) -> Option<&'static str> {
    let (folder, _) = path.split_once('/').unwrap_or((path, ""));
    let row = LEFT_BY_SYSTEMS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(folder))?;
    Some(row.1)
}

/// Returns whether a folder at the root of a stick is an index or a log that its system makes anew, and
/// holds nothing of a person.
pub fn is_index(folder: &str) -> bool {
    ["System Volume Information", ".Spotlight-V100", ".fseventsd"]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(folder))
}

/// Returns whether `path` may exist on a stick although the manifest does not list it.
pub fn is_outside_manifest(path: &str) -> bool {
    [
        MANIFEST,
        MANIFEST_SIGNATURE,
        IDENTITY,
        HEAD,
        JOURNAL,
        SCRATCH,
    ]
    .contains(&path)
        || path
            .strip_prefix(REPORTS)
            .is_some_and(|rest| rest.starts_with('/'))
        // A file by such a name is no folder of theirs.
        || (path.contains('/') && left_by_system(path).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reports_and_work_areas_are_outside_the_manifest() {
        assert!(is_outside_manifest("reports/a/report.json"));
        assert!(is_outside_manifest(JOURNAL));
        assert!(is_outside_manifest(IDENTITY));
        assert!(is_outside_manifest(HEAD));
        assert!(!is_outside_manifest("mendkit/identity.bin2"));
        assert!(!is_outside_manifest("reportsx/a"));
        assert!(!is_outside_manifest("mendkit/job.json"));
    }

    #[test]
    fn folder_names_of_reports_hold_nothing_odd_and_say_their_number() {
        let run = "20100422T101500Z-OPTIPLEX-114";
        let numbered = report_folder(Some(14), run);
        assert_eq!(numbered, format!("000014-{run}"));
        assert_eq!(number_of_report_folder(&numbered), Some(14));
        let large = report_folder(Some(12_345_678), run);
        assert_eq!(number_of_report_folder(&large), Some(12_345_678));
        assert_eq!(report_folder(None, run), run);
        for name in [
            run,
            "",
            "14-x",
            "00001a-x",
            "000014",
            "99999999999999999999999-x",
        ] {
            assert_eq!(number_of_report_folder(name), None, "{name:?}");
        }
        assert_eq!(report_folder(None, "../a b:\u{e9}"), "___a_b_\u{e9}");
        assert_eq!(report_folder(Some(1), ""), "000001-run");
    }

    #[test]
    fn what_systems_leave_at_the_root_is_outside_the_manifest_and_nowhere_else() {
        for (folder, _) in LEFT_BY_SYSTEMS {
            assert!(is_outside_manifest(&format!("{folder}/x")), "{folder}");
            assert!(!is_outside_manifest(folder), "{folder} as a file");
            assert!(
                !is_outside_manifest(&format!("boot/{folder}/x")),
                "{folder}"
            );
        }
        assert!(is_outside_manifest(
            "SYSTEM VOLUME INFORMATION/IndexerVolumeGuid"
        ));
    }
}
