//! Candidates for a file that must be put back, and which of them is the right one. Pure.
//!
//! Size proves nothing, so a candidate is accepted by a catalog of the Windows itself that Microsoft
//! signed, or by a pin (its digest stands in the signed remedy or job), or by identity (processor,
//! version, original name, checksum). Identity is weaker than a signature: it tells the right file from
//! a wrong one, not from a forged one. The reason given says which it was.

use std::fmt;
use std::sync::Arc;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::remedy::step::{Acceptance, CandidateSource};
use rescue_stick::report::CandidateReport;

use crate::antivirus::quarantine::QuarantineItem;
use crate::windows::catalog::Proof;
use crate::windows::catalog::digests::FileDigests;
use crate::windows::path::WindowsPath;
use crate::windows::pe::{FileVersion, PeIdentity, PeMachine};
use crate::windows::version::language_name;

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
    /// On another drive of this Windows.
    OtherDrive {
        /// Where, for people: `svchost.exe in D:\i386\SVCHOST.EX_`, and the volume.
        place: String,
        /// What was read there; empty if nothing was. It is kept, since the drive is not at hand any more
        /// when the repair is made.
        content: Arc<Vec<u8>>,
    },
}

impl fmt::Display for CandidatePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Volume(path) => path.fmt(f),
            Self::Cabinet { cabinet, member } => write!(f, "{member} in {cabinet}"),
            Self::Quarantine(item) => item.fmt(f),
            Self::Stick(path) => write!(f, "{path} on the stick"),
            Self::OtherDrive { place, .. } => f.write_str(place),
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

/// What candidates are held against.
#[derive(Clone, Copy, Debug)]
pub struct Yardstick<'a> {
    /// What the remedy asks.
    pub accept: &'a Acceptance,
    /// Processor of the Windows.
    pub architecture: Option<PeMachine>,
    /// A system file that shows the language of the Windows, if the remedy asks for it.
    pub neighbour: Option<&'a Neighbour>,
}

/// A system file with the language of its version resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its name.
    pub name: String,
    /// The language, as a Windows language identifier; not 0.
    pub language: u16,
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
    yardstick: &Yardstick<'_>,
) -> (Option<Chosen>, Vec<CandidateReport>) {
    let mut chosen: Option<Chosen> = None;
    let mut reports = Vec::new();
    for candidate in candidates {
        let judgement = judge_candidate(&candidate.content, yardstick);
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
pub fn is_fit(content: &CandidateContent, yardstick: &Yardstick<'_>) -> bool {
    match content {
        CandidateContent::Present {
            identity: Ok(identity),
            ..
        } => check_fit(identity, yardstick).is_ok(),
        _ => false,
    }
}

/// Returns by what a candidate is accepted and why, or why it is not.
fn judge_candidate(
    content: &CandidateContent,
    yardstick: &Yardstick<'_>,
) -> Result<(Strength, String), String> {
    let accept = yardstick.accept;
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
        check_fit(identity, yardstick)?;
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
            check_fit(identity, yardstick)?;
            check_language(identity, yardstick)?;
        }
        let place = if pinned { "remedy" } else { "recipe" };
        return Ok((Strength::Pin, format!("sha256 pinned in the {place}")));
    }
    let identity = identity.as_ref().map_err(Clone::clone)?;
    check_fit(identity, yardstick)?;
    check_name(identity, accept)?;
    check_language(identity, yardstick)?;
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
fn check_fit(identity: &PeIdentity, yardstick: &Yardstick<'_>) -> Result<(), String> {
    let (found, accept) = (identity.machine, yardstick.accept);
    match yardstick.architecture {
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

/// Checks the language, of what no catalog of the Windows itself proves: what one lists is in the
/// language of that Windows.
fn check_language(identity: &PeIdentity, yardstick: &Yardstick<'_>) -> Result<(), String> {
    if yardstick.accept.language.is_none() {
        return Ok(());
    }
    let spell = |language: u16| language_name(&format!("{language:04x}"));
    let found = identity.language.map(spell);
    let found = found.unwrap_or_else(|| "not known".into());
    match yardstick.neighbour {
        Some(neighbour) if identity.language == Some(neighbour.language) => Ok(()),
        Some(neighbour) => Err(format!(
            "language is {found}, that of {} is {}",
            neighbour.name,
            spell(neighbour.language)
        )),
        None => Err(format!(
            "language is {found}, but no system file shows the language of this Windows"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::fixture::{PeRecipe, SVCHOST_SP3};
    use crate::windows::catalog::SignedProof;
    use crate::windows::catalog::algorithm::DigestAlgorithm;
    use expect_test::{Expect, expect};
    use rescue_stick::remedy::step::LanguageWord;

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
            language: None,
            signed_catalog: true,
            sha256: Vec::new(),
        }
    }

    fn on_i386(accept: &Acceptance) -> Yardstick<'_> {
        Yardstick {
            accept,
            architecture: Some(PeMachine::I386),
            neighbour: None,
        }
    }

    #[test]
    fn a_file_in_another_language_is_refused_unless_a_catalog_of_this_windows_lists_it() {
        let accept = Acceptance {
            language: Some(LanguageWord::LikeNeighbours),
            ..accept("5.1.2600.5512", "svchost.exe")
        };
        let judge = |language: u16, neighbour: Option<u16>| {
            let neighbour = neighbour.map(|language| Neighbour {
                name: "kernel32.dll".into(),
                language,
            });
            let file = PeRecipe {
                language,
                ..SVCHOST_SP3
            };
            let yardstick = Yardstick {
                neighbour: neighbour.as_ref(),
                ..on_i386(&accept)
            };
            judge_candidate(&present(&file.build(), None), &yardstick)
        };
        assert!(judge(0x040C, Some(0x040C)).is_ok());
        let refused = |language, neighbour| judge(language, neighbour).unwrap_err();
        assert_eq!(
            refused(0x0409, Some(0x040C)),
            "language is English, that of kernel32.dll is French"
        );
        assert_eq!(
            refused(0x0409, None),
            "language is English, but no system file shows the language of this Windows"
        );
    }

    fn check(content: &CandidateContent, expect: Expect) {
        let accept = accept("5.1.2600.5512", "svchost.exe");
        let judgement = judge_candidate(content, &on_i386(&accept));
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
            &on_i386(&accept("5.1.2600.5512", "svchost.exe")),
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
                &on_i386(&accept("1.2.3.4", "x"))
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
            let (chosen, _) = choose_candidate(&candidates, &on_i386(&accept));
            assert_eq!(chosen.unwrap().reason, expect);
            candidates.pop();
        }
        // Signed, but by its version the file of another service pack.
        accept.version = "5.1.2600.2180".into();
        let wrong = [candidate("proven", &proven, true)];
        let (chosen, _) = choose_candidate(&wrong, &on_i386(&accept));
        assert_eq!(chosen, None);
    }

    #[test]
    fn without_a_known_processor_nothing_is_accepted_by_identity() {
        let accept = accept("5.1.2600.5512", "svchost.exe");
        let content = present(&SVCHOST_SP3.build(), None);
        let unknown = Yardstick {
            architecture: None,
            ..on_i386(&accept)
        };
        assert!(judge_candidate(&content, &unknown).is_err());
    }
}
