use super::*;

fn uefi(years: &[&'static str], refusal: Option<&str>) -> UefiAcceptance {
    let level = |text: &str| SbatLevel::parse(text.as_bytes()).unwrap();
    UefiAcceptance {
        firmware: Firmware::UefiX64,
        years: years.to_vec(),
        windows_keys_alone: false,
        refusal: refusal.map(str::to_owned),
        levels: vec![
            level("sbat,1,2025021800\nshim,4\n"),
            level("sbat,1,2025051000\nshim,4\n"),
        ],
    }
}

#[test]
fn says_what_starts_and_what_does_not() {
    let ia32 = UefiAcceptance {
        firmware: Firmware::UefiIa32,
        ..uefi(&["2023"], None)
    };
    let both = Acceptance {
        bios: true,
        uefi: vec![uefi(&["2011", "2023"], None), ia32],
    };
    assert_eq!(
        both.accepted(),
        "BIOS, UEFI x64, UEFI ia32, Secure Boot (Microsoft 2023 keys)"
    );
    let refused = both.refused();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(
        refused[0].starts_with("Secure Boot that trusts"),
        "{refused:?}"
    );
    assert!(
        both.revocations()
            .unwrap()
            .contains("2025051000 is the newest")
    );

    let unsigned = Acceptance {
        bios: false,
        uefi: vec![uefi(&[], Some("shim is not signed by Microsoft"))],
    };
    assert_eq!(unsigned.accepted(), "UEFI x64");
    assert_eq!(
        unsigned.refused(),
        [
            "UEFI x64 with Secure Boot: shim is not signed by Microsoft",
            "BIOS: there is no boot code for it",
        ]
    );
    assert_eq!(unsigned.revocations(), None);
}

#[test]
fn a_stick_without_loaders_promises_nothing() {
    let nothing = acceptance_of(&mut |_| None);
    assert_eq!(nothing, Acceptance::default());
    assert_eq!(nothing.accepted(), "");
    let noise = acceptance_of(&mut |path| path.ends_with("X64.EFI").then(|| vec![0x5a; 4096]));
    assert!(!noise.bios);
    assert_eq!(noise.accepted(), "UEFI x64");
    let refused = noise.refused();
    assert!(
        refused[0].starts_with("UEFI x64 with Secure Boot: shim: "),
        "{refused:?}"
    );
}

#[test]
fn anchors_have_whole_digests_and_names_of_their_own() {
    for (index, anchor) in ALL_ANCHORS.iter().enumerate() {
        assert_eq!(hex::decode(anchor.sha256).unwrap().len(), 32);
        let others = ALL_ANCHORS.iter().skip(index + 1);
        assert!(others.clone().all(|other| other.name != anchor.name));
        assert!(others.clone().all(|other| other.sha256 != anchor.sha256));
    }
}
