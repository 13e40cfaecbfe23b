//! The programs of a simulated Windows, and what may have become of `svchost.exe`.

use crate::error::{Context, Result};

use super::words::words;
use super::{FileState, WindowsKind, WindowsSpec};
use crate::pe::{self, VersionStamp};

/// Returns the right `svchost.exe` of an installation.
pub fn good_svchost(windows: &WindowsSpec) -> Result<Vec<u8>> {
    program(windows, windows.kind, "svchost.exe")
}

/// Returns `svchost.exe` in some state; nothing if it is missing.
pub(super) fn svchost_in(windows: &WindowsSpec, state: FileState) -> Result<Option<Vec<u8>>> {
    let content = match state {
        FileState::Missing => return Ok(None),
        FileState::Empty => Vec::new(),
        FileState::Good => good_svchost(windows)?,
        FileState::Patched => {
            let mut content = good_svchost(windows)?;
            // In the first section, hence in the code and not in what states the identity.
            let byte = content
                .get_mut(0x600)
                .context("svchost.exe: ends before offset 0x600")?;
            *byte ^= 0xff;
            content
        }
        FileState::WrongServicePack => {
            let other = match windows.kind {
                WindowsKind::XpSp3 => WindowsKind::XpSp2,
                _ => WindowsKind::XpSp3,
            };
            program(windows, other, "svchost.exe")?
        }
    };
    Ok(Some(content))
}

/// Returns a program with the version a Windows of this kind and language would have.
pub fn program(windows: &WindowsSpec, kind: WindowsKind, name: &str) -> Result<Vec<u8>> {
    let words = words(windows.language);
    // Time stamps of XP's svchost.exe; those of other programs do not matter here.
    let (version, build_lab, time_stamp) = match kind {
        WindowsKind::XpSp2 => ((5, 1, 2600, 2180), "xpsp_sp2_rtm.040803-2158", 0x4110_7ed6),
        WindowsKind::XpSp3 => ((5, 1, 2600, 5512), "xpsp.080413-2111", 0x4802_5bc0),
        WindowsKind::Windows7 => ((6, 1, 7601, 17514), "win7sp1_rtm.101119-1850", 0x4ce7_8e41),
        WindowsKind::Windows10 => ((10, 0, 19041, 1), "WinBuild.160101.0800", 0xb8fc_a8d8),
    };
    let base = match kind.is_xp() {
        true => match &windows.base_program {
            Some(program) => program.to_vec(),
            None => pe::plain_i386(),
        },
        false => pe::smallest_amd64(),
    };
    let description = if name == "svchost.exe" {
        words.svchost
    } else {
        name
    };
    let stamp = VersionStamp {
        version,
        build_lab: build_lab.to_owned(),
        language: words.language_id,
        original_name: name.to_owned(),
        description: description.to_owned(),
        time_stamp,
    };
    pe::stamp(&base, &stamp).with_context(|| format!("making {name}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::broken_pc::Language;

    #[test]
    fn files_of_both_service_packs_differ_in_all_but_size() {
        let three = good_svchost(&WindowsSpec::xp_mcafee_5958()).unwrap();
        let windows = WindowsSpec {
            kind: WindowsKind::XpSp2,
            ..WindowsSpec::xp_mcafee_5958()
        };
        let two = good_svchost(&windows).unwrap();
        assert_eq!(two.len(), three.len());
        assert_ne!(two, three);
        for file in [two, three] {
            assert_eq!(
                pe::stated_checksum(&file).unwrap(),
                pe::checksum(&file).unwrap()
            );
        }
    }

    #[test]
    fn every_language_has_its_own_svchost() {
        let languages = [
            Language::English,
            Language::French,
            Language::German,
            Language::Japanese,
        ];
        let files: BTreeSet<Vec<u8>> = languages
            .map(|language| {
                let windows = WindowsSpec {
                    language,
                    ..WindowsSpec::xp_mcafee_5958()
                };
                good_svchost(&windows).unwrap()
            })
            .into();
        assert_eq!(files.len(), languages.len());
    }
}
