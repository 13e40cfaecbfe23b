//! How a locked volume gets its key: from the volume itself, from a file on a stick, from the stick's key
//! bundle, or from a person. Decides the order; asks nobody and opens nothing but through [`Helper`].
//!
//! ```text
//! clear key (suspended)  ->  startup key on a stick  ->  key bundle, passphrase once  ->  recovery password
//! └──────────────── nobody is asked ──────────────┘      └───────────── a person is asked ────────────────┘
//! ```

use rescue_stick::age_file::{self, AgeError};
use rescue_stick::guid::Guid;
use rescue_stick::key_bundle::KeyBundle;
use rescue_stick::recovery_password::RecoveryPassword;
use zeroize::Zeroizing;

use crate::bitlocker::BitLockerError;
use crate::bitlocker::keys::{Credential, Unsealed, unseal_volume};
use crate::bitlocker::metadata::Metadata;
use crate::bitlocker::startup_key::StartupKey;

/// A volume that is locked.
#[derive(Clone, Debug)]
pub struct Locked {
    /// For people: `disk 1, partition 2`.
    pub name: String,
    /// What it says of itself.
    pub metadata: Metadata,
}

/// What the search for a key may ask of the world.
pub trait Helper {
    /// Returns the startup keys on all sticks that are plugged in now.
    fn startup_keys(&mut self) -> Vec<StartupKey>;
    /// Returns whether there is a person who may be asked.
    fn has_person(&self) -> bool;
    /// Asks for a secret; once more, if what was typed before did not fit.
    fn ask(&mut self, secret: &Secret<'_>, is_again: bool) -> Reply;
    /// Learns how much of something long is done, in tenths of a per cent.
    fn progress(&mut self, share: u64);
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Secret<'a> {
    /// The recovery password of a volume with these ids, the one of each protector.
    RecoveryPassword {
        /// The volume.
        volume: &'a str,
        /// Ids; never empty.
        ids: &'a [Guid],
    },
    /// The passphrase of the stick's key bundle.
    Passphrase,
}

/// How a question for a secret ended.
#[derive(Debug)]
pub enum Reply {
    /// This was typed, or a scanner did.
    Typed(Zeroizing<String>),
    /// Nobody has it.
    Skipped,
    /// Another stick was plugged in, and perhaps no answer is needed.
    StickCame,
}

/// The stick's key bundle: sealed, opened, or given up.
pub enum Bundle {
    /// The stick has none, it cannot be used, or nobody knew its passphrase.
    Absent,
    /// As it lies on the stick.
    Sealed(Vec<u8>),
    /// Open; goes from memory when the last volume was looked at.
    Open(Zeroizing<Vec<u8>>),
}

/// How a volume was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Protection is suspended.
    Suspended,
    /// A file on a stick.
    StartupKey,
    /// The stick's key bundle.
    Bundle,
    /// A person typed it, or a scanner did.
    Typed,
}

impl Way {
    /// Returns what the report says of a volume that was opened so.
    pub fn words(self, volume: &str, id: Guid) -> String {
        match self {
            Self::Suspended => format!(
                "{volume}: BitLocker is suspended, so the volume was opened without a key; protection is \
                 as it was"
            ),
            Self::StartupKey => {
                format!("{volume}: unlocked by the startup key {id} on a stick")
            }
            Self::Bundle => format!("{volume}: unlocked by the key {id} of the stick's key bundle"),
            Self::Typed => format!("{volume}: unlocked by the recovery key {id}, which was typed"),
        }
    }
}

/// Looks for the key of a volume; `None` if it is not to be had.
pub fn find_key(
    locked: &Locked,
    bundle: &mut Bundle,
    helper: &mut dyn Helper,
) -> Result<Option<(Way, Unsealed)>, BitLockerError> {
    if locked.metadata.is_suspended() {
        let key = unseal(locked, &Credential::ClearKey, helper)?;
        if let Some(key) = key {
            return Ok(Some((Way::Suspended, key)));
        }
    }
    if let Some(key) = look_on_sticks(locked, helper)? {
        return Ok(Some((Way::StartupKey, key)));
    }
    let ids = locked.metadata.recovery_ids();
    if ids.is_empty() || !helper.has_person() {
        return Ok(None);
    }
    if let Some((_, password)) = look_in_bundle(&ids, bundle, helper)
        && let Some(key) = unseal(locked, &Credential::RecoveryPassword(&password), helper)?
    {
        return Ok(Some((Way::Bundle, key)));
    }
    ask_password(locked, &ids, helper)
}

fn unseal(
    locked: &Locked,
    credential: &Credential<'_>,
    helper: &mut dyn Helper,
) -> Result<Option<Unsealed>, BitLockerError> {
    match unseal_volume(&locked.metadata, credential, &mut |share| {
        helper.progress(share)
    }) {
        Ok(key) => Ok(Some(key)),
        Err(BitLockerError::WrongKey) => Ok(None),
        Err(error) => Err(error),
    }
}

fn look_on_sticks(
    locked: &Locked,
    helper: &mut dyn Helper,
) -> Result<Option<Unsealed>, BitLockerError> {
    for file in helper.startup_keys() {
        if let Some(key) = unseal(locked, &Credential::StartupKey(&file), helper)? {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// Returns the key that the bundle has for one of `ids`. The passphrase is asked for once a run, however
/// many volumes there are; who does not know it is not asked again.
fn look_in_bundle(
    ids: &[Guid],
    bundle: &mut Bundle,
    helper: &mut dyn Helper,
) -> Option<(Guid, RecoveryPassword)> {
    let mut is_again = false;
    while let Bundle::Sealed(file) = bundle {
        let passphrase = match helper.ask(&Secret::Passphrase, is_again) {
            Reply::Typed(passphrase) => passphrase,
            Reply::StickCame => continue,
            Reply::Skipped => {
                *bundle = Bundle::Absent;
                break;
            }
        };
        match age_file::open(file, &passphrase) {
            Ok(content) => *bundle = Bundle::Open(content),
            Err(AgeError::Passphrase) => is_again = true,
            // No other passphrase will help.
            Err(_) => *bundle = Bundle::Absent,
        }
    }
    match bundle {
        Bundle::Open(content) => KeyBundle::parse(content).ok()?.find(ids),
        Bundle::Absent | Bundle::Sealed(_) => None,
    }
}

fn ask_password(
    locked: &Locked,
    ids: &[Guid],
    helper: &mut dyn Helper,
) -> Result<Option<(Way, Unsealed)>, BitLockerError> {
    let secret = Secret::RecoveryPassword {
        volume: &locked.name,
        ids,
    };
    let mut is_again = false;
    loop {
        let typed = match helper.ask(&secret, is_again) {
            Reply::Typed(typed) => typed,
            Reply::Skipped => return Ok(None),
            Reply::StickCame => {
                if let Some(key) = look_on_sticks(locked, helper)? {
                    return Ok(Some((Way::StartupKey, key)));
                }
                is_again = false;
                continue;
            }
        };
        is_again = true;
        if let Ok(password) = RecoveryPassword::parse(&typed) {
            let credential = Credential::RecoveryPassword(&password);
            if let Some(key) = unseal(locked, &credential, helper)? {
                return Ok(Some((Way::Typed, key)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::bitlocker::fixture::{self, Volume};
    use crate::bitlocker::protector::ProtectorKind;

    const PASSPHRASE: &str = "site passphrase";

    /// Answers from a list, and remembers what was asked.
    #[derive(Default)]
    struct Desk {
        files: VecDeque<Vec<StartupKey>>,
        answers: VecDeque<&'static str>,
        is_manned: bool,
        asked: Vec<String>,
    }

    impl Desk {
        fn with(answers: &[&'static str]) -> Self {
            Self {
                answers: answers.iter().copied().collect(),
                is_manned: true,
                ..Self::default()
            }
        }
    }

    impl Helper for Desk {
        fn startup_keys(&mut self) -> Vec<StartupKey> {
            self.files.pop_front().unwrap_or_default()
        }

        fn has_person(&self) -> bool {
            self.is_manned
        }

        fn ask(&mut self, secret: &Secret<'_>, is_again: bool) -> Reply {
            let what = match secret {
                Secret::RecoveryPassword { volume, ids } => format!("{volume} {ids:?}"),
                Secret::Passphrase => "passphrase".to_owned(),
            };
            let again = if is_again { ", again" } else { "" };
            self.asked.push(format!("{what}{again}"));
            match self.answers.pop_front() {
                None => Reply::Skipped,
                Some("stick") => Reply::StickCame,
                Some(text) => Reply::Typed(Zeroizing::new(text.to_owned())),
            }
        }

        fn progress(&mut self, _share: u64) {}
    }

    fn find(volume: &Volume, bundle: &mut Bundle, desk: &mut Desk) -> Option<Way> {
        let locked = Locked {
            name: "disk 1".into(),
            metadata: volume.metadata(),
        };
        let found = find_key(&locked, bundle, desk).unwrap();
        found.map(|(way, key)| {
            assert_eq!(key.key.bytes(), fixture::VOLUME_KEY);
            way
        })
    }

    fn bundle_of(text: &[u8]) -> Bundle {
        let chance = age_file::Chance {
            file_key: Zeroizing::new([1; 16]),
            salt: [2; 16],
            nonce: [3; 16],
        };
        Bundle::Sealed(age_file::seal(text, PASSPHRASE, 2, &chance).unwrap())
    }

    fn site_bundle() -> Bundle {
        bundle_of(include_bytes!("../rescue-stick/fixtures/key-bundle-1.json"))
    }

    #[test]
    fn a_suspended_volume_is_opened_and_nobody_is_asked() {
        let mut desk = Desk::with(&[]);
        let way = find(&Volume::suspended(), &mut site_bundle(), &mut desk);
        assert_eq!((way, desk.asked.len()), (Some(Way::Suspended), 0));
    }

    #[test]
    fn a_startup_key_on_a_stick_is_found_and_another_is_not() {
        let file =
            || StartupKey::parse(&fixture::startup_key_file(fixture::STARTUP_KEY_ID)).unwrap();
        let mut desk = Desk::default();
        desk.files.push_back(vec![file()]);
        let volume = Volume::with_startup_key();
        let way = find(&volume, &mut Bundle::Absent, &mut desk);
        assert_eq!((way, desk.asked.len()), (Some(Way::StartupKey), 0));
        // Another protector's file helps nothing, and without a recovery password there is nothing to ask.
        let mut desk = Desk::with(&["x"]);
        let other = StartupKey::parse(&fixture::startup_key_file(Guid([3; 16]))).unwrap();
        desk.files.push_back(vec![other]);
        assert_eq!(find(&volume, &mut Bundle::Absent, &mut desk), None);
        assert_eq!(desk.asked.len(), 0);
        let kind = volume.metadata().protectors[0].kind;
        assert_eq!(kind, ProtectorKind::STARTUP_KEY);
    }

    #[test]
    fn a_password_that_does_not_fit_is_asked_for_again() {
        let wrong = "235829-357951-253979-013365-241120-245575-342914-591910";
        let answers = ["235818-357951-253978", wrong, "stick", fixture::PASSWORD];
        let mut desk = Desk::with(&answers);
        let way = find(&Volume::locked(), &mut Bundle::Absent, &mut desk);
        assert_eq!(way, Some(Way::Typed));
        let id = fixture::PASSWORD_ID;
        let asked = |again: &str| format!("disk 1 [{id}]{again}");
        let again = ", again";
        let expect = [asked(""), asked(again), asked(again), asked("")];
        assert_eq!(desk.asked, expect);
        let mut desk = Desk::with(&[]);
        assert_eq!(
            find(&Volume::locked(), &mut Bundle::Absent, &mut desk),
            None
        );
        assert_eq!(desk.asked.len(), 1);
    }

    #[test]
    fn the_bundle_is_opened_once_for_all_volumes() {
        let mut bundle = site_bundle();
        let mut desk = Desk::with(&["not it", PASSPHRASE]);
        for _ in 0..2 {
            let way = find(&Volume::locked(), &mut bundle, &mut desk);
            assert_eq!(way, Some(Way::Bundle));
        }
        let expect = ["passphrase", "passphrase, again"];
        assert_eq!(desk.asked, expect);
    }

    #[test]
    fn a_bundle_without_the_key_leads_to_the_person_and_a_bad_one_too() {
        let empty = br#"{"schema": 1, "keys": []}"#;
        for mut bundle in [
            bundle_of(empty),
            bundle_of(b"{"),
            Bundle::Sealed(vec![1, 2]),
        ] {
            let mut desk = Desk::with(&[PASSPHRASE, fixture::PASSWORD]);
            let way = find(&Volume::locked(), &mut bundle, &mut desk);
            assert_eq!(way, Some(Way::Typed));
            assert_eq!(desk.asked.len(), 2, "{:?}", desk.asked);
        }
    }

    #[test]
    fn nobody_is_asked_where_nobody_is() {
        let mut desk = Desk::default();
        assert_eq!(find(&Volume::locked(), &mut site_bundle(), &mut desk), None);
        assert_eq!(desk.asked.len(), 0);
    }

    #[test]
    fn what_is_reported_names_the_key_by_its_id_alone() {
        let id = fixture::PASSWORD_ID;
        for way in [Way::Suspended, Way::StartupKey, Way::Bundle, Way::Typed] {
            let words = way.words("disk 1, partition 2", id);
            assert!(words.starts_with("disk 1, partition 2: "), "{words}");
            assert!(!words.contains("235818"));
        }
    }
}
