//! Candidates for a file that must be put back, and which of them is the right one. Pure.
//!
//! Size proves nothing, so a candidate is accepted by a catalog of the Windows itself that Microsoft
//! signed, or by a pin (its digest stands in the signed remedy or job), or by identity (processor,
//! version, original name, checksum). Identity is weaker than a signature: it tells the right file from
//! a wrong one, not from a forged one. The reason given says which it was.

use std::fmt;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::remedy::step::{Acceptance, CandidateSource};
use rescue_stick::report::CandidateReport;

use crate::antivirus::quarantine::QuarantineItem;
use crate::windows::catalog::Proof;
use crate::windows::catalog::digests::FileDigests;
use crate::windows::path::WindowsPath;
use crate::windows::pe::{FileVersion, PeIdentity, PeMachine};

/// A candidate as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CandidateFacts {
    /// Which source of the remedy it belongs to.
    pub source: CandidateSource,
    /// Where it lies.
    pub place: CandidatePlace,
    /// What is there.
    pub content: CandidateContent,
}

/// Where a candidate lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CandidatePlace {
    /// On the volume of the Windows.
    Volume(WindowsPath),
    /// In a cabinet on the volume.
    Cabinet {
        /// The cabinet.
        cabinet: WindowsPath,
        /// Name of the member.
        member: String,
    },
    /// In the quarantine of a security product.
    Quarantine(Box<QuarantineItem>),
    /// On the stick, by the path there.
    Stick(String),
}

impl fmt::Display for CandidatePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Volume(path) => path.fmt(f),
            Self::Cabinet { cabinet, member } => write!(f, "{member} in {cabinet}"),
            Self::Quarantine(item) => item.fmt(f),
            Self::Stick(path) => write!(f, "{path} on the stick"),
        }
    }
}

/// What is at the place of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CandidateContent {
    /// Nothing.
    Missing,
    /// Something that cannot be read; the text says why.
    Unreadable(String),
    /// Something that can be read and is not what the step means; the text says why.
    Excluded(String),
    /// A file.
    Present {
        /// Bytes.
        size: u64,
        /// Its digest.
        sha256: Sha256Digest,
        /// What it says it is, or why it is no program file.
        identity: Result<PeIdentity, String>,
        /// Digest that the job pins it by.
        pin: Option<Sha256Digest>,
        /// Digests by which catalogs may list it.
        digests: FileDigests,
        /// What the catalogs of the Windows prove of it, if they were asked.
        proof: Option<Box<Proof>>,
    },
}

/// The candidate that is put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Where it lies.
    pub place: CandidatePlace,
    /// Bytes, not 0.
    pub size: u64,
    /// Its digest.
    pub sha256: Sha256Digest,
    /// Why it was accepted.
    pub reason: String,
    /// How strong that is.
    pub strength: Strength,
}

/// What a candidate was accepted by, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// It says that it is the right one.
    Identity,
    /// Its digest stands in the signed remedy or job.
    Pin,
    /// Microsoft signed it.
    SignedCatalog,
}

/// Judges all candidates and returns the one with the strongest proof, of several the first, with a line
/// for each.
pub fn choose_candidate(
    candidates: &[CandidateFacts],
    accept: &Acceptance,
    architecture: Option<PeMachine>,
) -> (Option<Chosen>, Vec<CandidateReport>) {
    let mut chosen: Option<Chosen> = None;
    let mut reports = Vec::new();
    for candidate in candidates {
        let judgement = judge_candidate(&candidate.content, accept, architecture);
        let sha256 = match candidate.content {
            CandidateContent::Present { size, sha256, .. } => {
                if let Ok((strength, reason)) = &judgement
                    && chosen.as_ref().is_none_or(|best| best.strength < *strength)
                {
                    chosen = Some(Chosen {
                        place: candidate.place.clone(),
                        size,
                        sha256,
                        reason: reason.clone(),
                        strength: *strength,
                    });
                }
                Some(sha256)
            }
            _ => None,
        };
        reports.push(CandidateReport {
            place: candidate.place.to_string(),
            accepted: judgement.is_ok(),
            reason: judgement.map_or_else(|reason| reason, |(_, reason)| reason),
            sha256,
        });
    }
    (chosen, reports)
}

/// Returns whether a candidate is a program for this Windows of the right version, whoever made it.
pub fn is_fit(
    content: &CandidateContent,
    accept: &Acceptance,
    architecture: Option<PeMachine>,
) -> bool {
    match content {
        CandidateContent::Present {
            identity: Ok(identity),
            ..
        } => check_fit(identity, accept, architecture).is_ok(),
        _ => false,
    }
}

/// Returns by what a candidate is accepted and why, or why it is not.
fn judge_candidate(
    content: &CandidateContent,
    accept: &Acceptance,
    architecture: Option<PeMachine>,
) -> Result<(Strength, String), String> {
    let (size, sha256, identity, pin, proof) = match content {
        CandidateContent::Missing => return Err("not there".into()),
        CandidateContent::Unreadable(reason) | CandidateContent::Excluded(reason) => {
            return Err(reason.clone());
        }
        CandidateContent::Present {
            size,
            sha256,
            identity,
            pin,
            proof,
            ..
        } => (*size, sha256, identity, pin, proof),
    };
    if size == 0 {
        return Err("empty".into());
    }
    let version = &accept.version;
    // What Microsoft signed may still be the file of another service pack.
    if accept.signed_catalog
        && let (Some(Proof::Signed(signed)), Ok(identity)) = (proof.as_deref(), identity)
    {
        check_fit(identity, accept, architecture)?;
        check_name(identity, accept)?;
        let (machine, catalog) = (identity.machine, &signed.catalog);
        let reason = format!("{version} for {machine}, signed by Microsoft ({catalog})");
        return Ok((Strength::SignedCatalog, reason));
    }
    let pinned = accept.sha256.contains(sha256);
    if pinned || pin.is_some() {
        if let Some(pin) = pin.filter(|pin| pin != sha256) {
            return Err(format!("sha256 is {sha256}, the job pins {pin}"));
        }
        // A pin says that the file is genuine, not that it is for this Windows.
        if let Ok(identity) = identity {
            check_fit(identity, accept, architecture)?;
        }
        let place = if pinned { "remedy" } else { "recipe" };
        return Ok((Strength::Pin, format!("sha256 pinned in the {place}")));
    }
    let identity = identity.as_ref().map_err(Clone::clone)?;
    check_fit(identity, accept, architecture)?;
    check_name(identity, accept)?;
    let (stored, computed) = (identity.stored_checksum, identity.computed_checksum);
    if stored != computed {
        return Err(format!(
            "checksum of the content is {computed:#010x}, its header says {stored:#010x}: changed"
        ));
    }
    let machine = identity.machine;
    let mut reason = format!("{version} for {machine}, identity matches; not proven by signature");
    if let Some(Proof::Unproven(why)) = proof.as_deref() {
        reason.push_str(&format!(": {why}"));
    }
    Ok((Strength::Identity, reason))
}

/// Checks processor and version.
fn check_fit(
    identity: &PeIdentity,
    accept: &Acceptance,
    architecture: Option<PeMachine>,
) -> Result<(), String> {
    let found = identity.machine;
    match architecture {
        None => {
            return Err(format!(
                "for {found}, but the processor of this Windows is not known"
            ));
        }
        Some(wanted) if wanted != found => {
            return Err(format!("for {found}, this Windows is for {wanted}"));
        }
        Some(_) => {}
    }
    let Some(version) = identity.version else {
        return Err(format!("no version, expected {}", accept.version));
    };
    if accept.version_numbers().map(FileVersion) != Some(version) {
        return Err(format!("version is {version}, expected {}", accept.version));
    }
    Ok(())
}

fn check_name(identity: &PeIdentity, accept: &Acceptance) -> Result<(), String> {
    let expect = &accept.original_name;
    match &identity.original_name {
        Some(name) if name.eq_ignore_ascii_case(expect) => Ok(()),
        Some(name) => Err(format!("original name is {name}, expected {expect}")),
        None => Err(format!("no original name, expected {expect}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::fixture::{PeRecipe, SVCHOST_SP3};
    use crate::windows::catalog::SignedProof;
    use crate::windows::catalog::algorithm::DigestAlgorithm;
    use expect_test::{Expect, expect};

    fn present(bytes: &[u8], pin: Option<Sha256Digest>) -> CandidateContent {
        CandidateContent::Present {
            size: u64::try_from(bytes.len()).unwrap(),
            sha256: Sha256Digest::of(bytes),
            identity: PeIdentity::parse(bytes).map_err(|error| error.to_string()),
            pin,
            digests: FileDigests::of(bytes),
            proof: None,
        }
    }

    fn accept(version: &str, original_name: &str) -> Acceptance {
        Acceptance {
            version: version.into(),
            original_name: original_name.into(),
            signed_catalog: true,
            sha256: Vec::new(),
        }
    }

    fn check(content: &CandidateContent, expect: Expect) {
        let accept = accept("5.1.2600.5512", "svchost.exe");
        let judgement = judge_candidate(content, &accept, Some(PeMachine::I386));
        expect.assert_eq(&format!("{judgement:?}"));
    }

    #[test]
    fn accepts_by_identity_and_says_that_it_is_no_proof() {
        check(
            &present(&SVCHOST_SP3.build(), None),
            expect![[
                r#"Ok((Identity, "5.1.2600.5512 for i386, identity matches; not proven by signature"))"#
            ]],
        );
    }

    #[test]
    fn refuses_every_wrong_file_for_its_own_reason() {
        let made = |recipe: PeRecipe| present(&recipe.build(), None);
        check(&CandidateContent::Missing, expect![[r#"Err("not there")"#]]);
        check(&present(b"", None), expect![[r#"Err("empty")"#]]);
        check(
            &present(b"hello", None),
            expect![[r#"Err("program file at 0x0: starts with [68, 65], expected \"MZ\"")"#]],
        );
        check(
            &made(PeRecipe {
                version: [5, 1, 2600, 2180],
                ..SVCHOST_SP3
            }),
            expect![[r#"Err("version is 5.1.2600.2180, expected 5.1.2600.5512")"#]],
        );
        check(
            &made(PeRecipe {
                machine: PeMachine::AMD64,
                ..SVCHOST_SP3
            }),
            expect![[r#"Err("for amd64, this Windows is for i386")"#]],
        );
        check(
            &made(PeRecipe {
                original_name: "lsass.exe",
                ..SVCHOST_SP3
            }),
            expect![[r#"Err("original name is lsass.exe, expected svchost.exe")"#]],
        );
        let mut patched = SVCHOST_SP3.build();
        patched[0x300] ^= 1;
        let CandidateContent::Present { identity, .. } = present(&patched, None) else {
            panic!();
        };
        let identity = identity.unwrap();
        assert_ne!(identity.stored_checksum, identity.computed_checksum);
        let judgement = judge_candidate(
            &present(&patched, None),
            &accept("5.1.2600.5512", "svchost.exe"),
            Some(PeMachine::I386),
        );
        assert!(judgement.unwrap_err().ends_with(": changed"));
    }

    #[test]
    fn a_pin_replaces_the_checksum_but_not_the_version() {
        let wrong = Some(Sha256Digest::of(b"other"));
        let mut patched = SVCHOST_SP3.build();
        patched[0x300] ^= 1;
        check(
            &present(&patched, Some(Sha256Digest::of(&patched))),
            expect![[r#"Ok((Pin, "sha256 pinned in the recipe"))"#]],
        );
        assert!(matches!(
            judge_candidate(
                &present(&patched, wrong),
                &accept("1.2.3.4", "x"),
                None
            ),
            Err(reason) if reason.contains("the job pins")
        ));
        let older = PeRecipe {
            version: [5, 1, 2600, 2180],
            ..SVCHOST_SP3
        }
        .build();
        check(
            &present(&older, Some(Sha256Digest::of(&older))),
            expect![[r#"Err("version is 5.1.2600.2180, expected 5.1.2600.5512")"#]],
        );
    }

    #[test]
    fn a_catalog_beats_a_pin_and_a_pin_beats_identity_whatever_their_order() {
        let signed = SignedProof {
            folder: WindowsPath::default(),
            catalog: "NT5.CAT".into(),
            member: None,
            windows: None,
            signer: "Microsoft Windows Publisher".into(),
            root: "Microsoft Root Authority".into(),
            algorithm: DigestAlgorithm::Sha1,
        };
        let by_identity = SVCHOST_SP3.build();
        let mut pinned = by_identity.clone();
        pinned[0x300] ^= 1;
        let mut proven = by_identity.clone();
        proven[0x300] ^= 2;
        let mut accept = accept("5.1.2600.5512", "svchost.exe");
        accept.sha256.push(Sha256Digest::of(&pinned));
        let candidate = |name: &str, bytes: &[u8], is_proven: bool| {
            let mut content = present(bytes, None);
            if let CandidateContent::Present { proof, .. } = &mut content {
                *proof = is_proven.then(|| Box::new(Proof::Signed(signed.clone())));
            }
            CandidateFacts {
                source: CandidateSource::Dllcache,
                place: CandidatePlace::Stick(name.into()),
                content,
            }
        };
        let mut candidates = vec![
            candidate("identity", &by_identity, false),
            candidate("pinned", &pinned, false),
            candidate("proven", &proven, true),
        ];
        for expect in [
            "5.1.2600.5512 for i386, signed by Microsoft (NT5.CAT)",
            "sha256 pinned in the remedy",
            "5.1.2600.5512 for i386, identity matches; not proven by signature",
        ] {
            let (chosen, _) = choose_candidate(&candidates, &accept, Some(PeMachine::I386));
            assert_eq!(chosen.unwrap().reason, expect);
            candidates.pop();
        }
        // Signed, but by its version the file of another service pack.
        accept.version = "5.1.2600.2180".into();
        let wrong = [candidate("proven", &proven, true)];
        let (chosen, _) = choose_candidate(&wrong, &accept, Some(PeMachine::I386));
        assert_eq!(chosen, None);
    }

    #[test]
    fn without_a_known_processor_nothing_is_accepted_by_identity() {
        let accept = accept("5.1.2600.5512", "svchost.exe");
        let content = present(&SVCHOST_SP3.build(), None);
        assert!(judge_candidate(&content, &accept, None).is_err());
    }
}
