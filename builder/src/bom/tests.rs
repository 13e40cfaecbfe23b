use rescue_stick::job::{Finish, JOB_SCHEMA, Job, Mode};

use super::*;
use crate::boot::{BootFile, Content as BootContent};
use crate::parts::papers::Papers;
use crate::plan::Content;

const PACKAGE: &str = "pkg:deb/debian/ntfs-3g@1%3A2022?arch=i386";

fn boot_file(path: &str, origin: &str, made_of: &[&str]) -> BootFile {
    BootFile {
        path: path.to_owned(),
        content: BootContent::Bytes(path.as_bytes().to_vec()),
        size: 1,
        sha256: Sha256Digest::of(path.as_bytes()),
        origin: origin.to_owned(),
        made_of: made_of.iter().map(|one| (*one).to_owned()).collect(),
    }
}

fn bom() -> Bom {
    let package = CarriedPackage {
        name: "ntfs-3g".to_owned(),
        version: "1:2022".to_owned(),
        architecture: "i386".to_owned(),
        sha256: Sha256Digest::of(b"deb"),
        licence: Some("GPL-2.0-or-later"),
        papers: Papers {
            sources: vec![("ntfs-3g".to_owned(), "1:2022".to_owned())],
            copyright: None,
        },
    };
    Bom::of_boot_files(&BootFiles {
        files: vec![
            boot_file(
                "boot/user.cpio.xz",
                "mend, ntfs-3g 1:2022",
                &[MEND, PACKAGE],
            ),
            boot_file("boot/grub/grub.cfg", "made by mendkit", &[]),
        ],
        code: None,
        kernels: Vec::new(),
        absent_modules: Vec::new(),
        packages: vec![package],
        mend: Some(MendNote {
            sha256: Sha256Digest::of(b"mend"),
            linked: vec![LinkedPart {
                name: "glibc",
                version: "2.36".to_owned(),
                licence: "LGPL-2.1-or-later",
            }],
        }),
    })
}

fn job() -> Job {
    Job {
        schema: JOB_SCHEMA,
        title: "McAfee DAT 5958 (svchost.exe)".to_owned(),
        date: "2010-04-22".to_owned(),
        mode: Mode::Confirm,
        finish: Finish::Ask,
        languages: vec!["en".to_owned()],
        remedies: vec!["own".to_owned()],
        definitions: BTreeMap::new(),
        files: Vec::new(),
        visit: Default::default(),
        ask_visit: false,
    }
}

fn remedy(origin: &str) -> ImageFile {
    ImageFile {
        path: "mendkit/remedies/own.toml".to_owned(),
        content: Content::Bytes(b"x".to_vec()),
        size: crate::lba::ByteSize(1),
        sha256: Sha256Digest::of(b"x"),
        origin: origin.to_owned(),
    }
}

fn text(bom: &Bom, remedies: &[ImageFile]) -> String {
    let job = job();
    bom.to_text(&BomInputs {
        job: &job,
        files: [remedies, &[], &[], &[]],
    })
}

#[test]
fn the_same_materials_give_the_same_text_and_others_another_number() {
    let one = text(&bom(), &[remedy(BUILT_IN_REMEDY)]);
    assert_eq!(one, text(&bom(), &[remedy(BUILT_IN_REMEDY)]));
    let other = text(&bom(), &[remedy("remedy, own.toml")]);
    let number = |text: &str| -> String {
        let bom: serde_json::Value = serde_json::from_str(text).unwrap();
        bom["serialNumber"].as_str().unwrap().to_owned()
    };
    assert_ne!(number(&one), number(&other));
    assert!(number(&one).starts_with("urn:uuid:"));
}

#[test]
fn what_boot_files_are_made_of_outlives_other_inputs() {
    let made = bom();
    let read = Bom::parse(&text(&made, &[remedy(BUILT_IN_REMEDY)])).unwrap();
    assert_eq!(read, made);
    assert_eq!(
        read.origin_of("boot/grub/grub.cfg"),
        Some("made by mendkit")
    );
    assert_eq!(read.origin_of("mendkit/remedies/own.toml"), None);
}

#[test]
fn every_file_leads_to_its_packages_and_their_licences() {
    let files = provenance_of_files(&text(&bom(), &[remedy("remedy, own.toml")])).unwrap();
    let user = &files["boot/user.cpio.xz"];
    assert_eq!(user.origin, "mend, ntfs-3g 1:2022");
    assert_eq!(
        user.made_of,
        [
            concat!("mend ", env!("CARGO_PKG_VERSION")),
            "ntfs-3g 1:2022"
        ]
    );
    assert_eq!(user.licences, ["MIT OR Apache-2.0", "GPL-2.0-or-later"]);
    let own = &files["mendkit/remedies/own.toml"];
    assert_eq!(own.origin, "remedy, own.toml");
}

#[test]
fn menus_have_no_digest_since_they_get_a_name_later() {
    let bom: serde_json::Value = serde_json::from_str(&text(&bom(), &[])).unwrap();
    let find = |name: &str| {
        let mut all = bom["components"].as_array().unwrap().iter();
        all.find(|one| one["name"] == name).unwrap().clone()
    };
    assert!(find("boot/grub/grub.cfg").get("hashes").is_none());
    assert!(find("boot/user.cpio.xz").get("hashes").is_some());
    let source = &find("ntfs-3g")["externalReferences"][0]["url"];
    assert_eq!(source, "pkg:deb/debian/ntfs-3g@1%3A2022?arch=source");
}

#[test]
fn refuses_what_is_no_such_bill() {
    let good = text(&bom(), &[]);
    let other = good.replace("\"1.6\"", "\"1.4\"");
    let error = Bom::parse(&other).unwrap_err().to_string();
    assert_eq!(
        error,
        "mendkit/bom.json: CycloneDX 1.4, expected CycloneDX 1.6"
    );
    assert!(Bom::parse("{}").is_err());
    assert!(provenance_of_files("[]").is_err());
}
