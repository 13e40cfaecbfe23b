//! Manifest, signature and key: whether the stick holds what was signed, and nothing else.

use cpio::newc;
use rescue_stick::head;
use rescue_stick::identity::Identity;
use rescue_stick::manifest::{Discrepancy, Manifest};
use rescue_stick::paths;
use rescue_stick::signature::PublicKey;

use super::{Findings, ReadImage};
use crate::boot::grub::{BOOT_SECTOR_COPY, CORE_IMAGE_COPY};
use crate::boot::key::KEY_ARCHIVE;

/// The files whose content is needed here.
pub(super) const PROOF_PATHS: [&str; 8] = [
    paths::MANIFEST,
    paths::MANIFEST_SIGNATURE,
    paths::PUBLIC_KEY,
    KEY_ARCHIVE,
    BOOT_SECTOR_COPY,
    CORE_IMAGE_COPY,
    paths::IDENTITY,
    paths::HEAD,
];

/// What the check came to, beside its findings.
pub(super) struct Checked {
    /// The key under which the signature was checked.
    pub(super) key: Option<PublicKey>,
    /// Number of files in the manifest.
    pub(super) listed: usize,
    /// Who the stick is.
    pub(super) stick: Option<Identity>,
}

/// Checks the signature, then every file against the manifest, then the key that `mend` will trust.
pub(super) fn check_closed_set(
    image: &ReadImage,
    trusted: Option<&PublicKey>,
    findings: &mut Findings,
) -> Checked {
    let own_key = key_on_image(image, findings);
    if let (Some(own), Some(trusted)) = (&own_key, trusted)
        && own != trusted
    {
        let finding = format!("key {}", own.base64());
        findings.problem(
            paths::PUBLIC_KEY,
            finding,
            format!("key {}", trusted.base64()),
        );
    }
    let key = trusted.or(own_key.as_ref()).cloned();
    check_signature(image, key.as_ref(), findings);
    check_key_archive(image, own_key.as_ref(), findings);
    check_boot_code(image, findings);
    let stick = check_identity(image, findings);
    check_head(image, stick.as_ref(), findings);
    Checked {
        key,
        listed: check_manifest(image, findings),
        stick,
    }
}

/// Checks that the record of the stick's reports is one, and the stick's own. Images of earlier versions
/// have none.
fn check_head(image: &ReadImage, stick: Option<&Identity>, findings: &mut Findings) {
    let Some(bytes) = image.proof.get(paths::HEAD) else {
        return;
    };
    let checked = head::parse(bytes).and_then(|stored| match (stored, stick) {
        (Some(stored), Some(stick)) => stored.check(stick.public_key()),
        _ => Ok(()),
    });
    if let Err(error) = checked {
        let expectation = "a blank, or what this stick wrote of its reports";
        findings.problem(paths::HEAD, error.to_string(), expectation);
    }
}

/// Returns who the stick is. Nobody signed this file, so it must be nothing else than an identity.
fn check_identity(image: &ReadImage, findings: &mut Findings) -> Option<Identity> {
    let identity = Identity::parse(image.proof.get(paths::IDENTITY)?);
    identity.unwrap_or_else(|error| {
        let expectation = "who the stick is, or a blank as in an image";
        findings.problem(paths::IDENTITY, error.to_string(), expectation);
        None
    })
}

/// Returns a file of the proof as text; what is missing is found by the manifest as well, but the
/// manifest itself is not.
fn text_of(image: &ReadImage, path: &str, findings: &mut Findings) -> Option<String> {
    let Some(bytes) = image.proof.get(path) else {
        findings.problem(path, "missing", "a file");
        return None;
    };
    let text = String::from_utf8(bytes.clone());
    if text.is_err() {
        findings.problem(path, "bytes that are not text", "UTF-8");
    }
    text.ok()
}

fn key_on_image(image: &ReadImage, findings: &mut Findings) -> Option<PublicKey> {
    let text = text_of(image, paths::PUBLIC_KEY, findings)?;
    let key = PublicKey::parse(&text);
    if let Err(error) = &key {
        findings.problem(
            paths::PUBLIC_KEY,
            error.to_string(),
            "a minisign public key",
        );
    }
    key.ok()
}

fn check_signature(image: &ReadImage, key: Option<&PublicKey>, findings: &mut Findings) {
    let Some(signature) = text_of(image, paths::MANIFEST_SIGNATURE, findings) else {
        return;
    };
    let (Some(key), Some(manifest)) = (key, image.proof.get(paths::MANIFEST)) else {
        return;
    };
    if let Err(error) = key.check(manifest, &signature) {
        let expectation = format!("a signature of {} by key {}", paths::MANIFEST, key.base64());
        findings.problem(paths::MANIFEST_SIGNATURE, error.to_string(), expectation);
    }
}

/// Returns how many files the manifest lists.
fn check_manifest(image: &ReadImage, findings: &mut Findings) -> usize {
    let Some(text) = text_of(image, paths::MANIFEST, findings) else {
        return 0;
    };
    let manifest = match Manifest::parse(&text) {
        Ok(manifest) => manifest,
        Err(error) => {
            findings.problem(paths::MANIFEST, error.to_string(), "a line for each file");
            return 0;
        }
    };
    let files = image.files.iter();
    let found = files.filter_map(|file| Some((file.path.as_str(), file.sha256?)));
    for difference in manifest.audit(found) {
        match difference {
            Discrepancy::Missing { path } => {
                findings.problem(path, "missing", "a file, as the manifest lists it");
            }
            Discrepancy::Extra { path } => {
                findings.problem(path, "not in the manifest", "no other files");
            }
            Discrepancy::Changed {
                path,
                found,
                expected,
            } => findings.problem(path, format!("sha256 {found}"), format!("{expected}")),
            other => findings.problem(paths::MANIFEST, other.to_string(), "no difference"),
        }
    }
    manifest.entries().len()
}

/// Checks that `mend` will trust the same key as the stick shows, and no second one.
fn check_key_archive(image: &ReadImage, own_key: Option<&PublicKey>, findings: &mut Findings) {
    let Some(archive) = image.proof.get(KEY_ARCHIVE) else {
        findings.problem(
            KEY_ARCHIVE,
            "missing",
            "an archive with the key that mend trusts",
        );
        return;
    };
    let keys = match keys_in_archive(archive) {
        Ok(keys) => keys,
        Err(reason) => {
            findings.problem(KEY_ARCHIVE, reason, "an uncompressed newc archive");
            return;
        }
    };
    let [text] = keys.as_slice() else {
        let finding = format!("{} keys", keys.len());
        findings.problem(KEY_ARCHIVE, finding, "1, the one in mendkit/mendkit.pub");
        return;
    };
    let key = PublicKey::parse(&String::from_utf8_lossy(text));
    if key.as_ref().ok() != own_key {
        let finding = match &key {
            Ok(key) => format!("key {}", key.base64()),
            Err(error) => error.to_string(),
        };
        findings.problem(KEY_ARCHIVE, finding, "the key in mendkit/mendkit.pub");
    }
}

/// Checks the code that a BIOS runs against its copies among the signed files: it lies outside every file,
/// so the manifest alone says nothing of it.
fn check_boot_code(image: &ReadImage, findings: &mut Findings) {
    let Some(code) = &image.boot_code else {
        return;
    };
    let is_there = code.sector.iter().any(|byte| *byte != 0);
    let parts = [
        ("boot code at LBA 0", &code.sector, BOOT_SECTOR_COPY),
        ("GRUB's core image at LBA 34", &code.core, CORE_IMAGE_COPY),
    ];
    for (place, found, path) in parts {
        match image.proof.get(path) {
            None if !is_there => {}
            None => findings.problem(path, "missing", format!("a copy of the {place}")),
            Some(copy) if found.starts_with(copy) && !copy.is_empty() => {}
            Some(_) => findings.problem(place, "changed", format!("what {path} holds")),
        }
    }
}

/// Returns the content of every entry that the kernel would unpack as the trusted key. Looks into all
/// archives that follow each other, as the kernel does.
fn keys_in_archive(archive: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut keys = Vec::new();
    let mut rest = archive;
    while let Some(start) = rest.iter().position(|byte| *byte != 0) {
        rest = rest.get(start..).unwrap_or_default();
        loop {
            let reader = newc::Reader::new(rest).map_err(|error| error.to_string())?;
            let entry = reader.entry();
            let is_trailer = entry.is_trailer();
            let name = entry
                .name()
                .trim_start_matches("./")
                .trim_start_matches('/');
            let is_key = name == paths::TRUSTED_KEY_IN_INITRAMFS.trim_start_matches('/');
            let mut content = Vec::new();
            rest = reader
                .to_writer(&mut content)
                .map_err(|error| error.to_string())?;
            if is_key {
                keys.push(content);
            }
            if is_trailer {
                break;
            }
        }
    }
    Ok(keys)
}
