//! Which proof a restored file has, as the report words it.

use anyhow::{Context as _, Result};
use expect_test::{Expect, expect};
use mend::machine::folder::FolderMachine;
use mend::repair::{Request, run};
use mend::screen::{Answer, Question, Screen};
use mend::stick::Stick;
use mend::windows::catalog::trust::{KeyPurpose, Trust, TrustAnchor};
use rescue_stick::job::Mode;
use support::broken_pc::{FileState, WindowsSpec, make_folder};
use support::catalog::{impostor_root, signed_catalog, test_root};
use support::wine::wine_svchost;

/// Nobody to ask, nothing to show.
struct Silent;

impl Screen for Silent {
    fn line(&mut self, _text: &str) {}

    fn ask(&mut self, _question: Question<'_>) -> Answer {
        Answer::No
    }
}

/// Shows the candidates of a simulated PC under a root that catalogs are believed by.
fn check(windows: &WindowsSpec, root: TrustAnchor, expect: Expect) -> Result<()> {
    let folder = tempfile::tempdir()?;
    make_folder(windows, folder.path())?;
    let machine = FolderMachine::open(folder.path())?;
    let request = Request {
        mode: Mode::Diagnose,
        trust: Some(Trust {
            anchors: vec![root],
            purpose: KeyPurpose::WINDOWS,
        }),
    };
    let report = run(&request, &machine, &Stick::built_in()?, &mut Silent);
    let installation = report.installations.first().context("no installation")?;
    let lines = installation.candidates.iter().map(|candidate| {
        let word = if candidate.accepted { "yes" } else { "no" };
        format!("{}\n  {word}: {}\n", candidate.place, candidate.reason)
    });
    expect.assert_eq(&lines.collect::<String>());
    Ok(())
}

fn with_catalog() -> Result<WindowsSpec> {
    let mut windows = WindowsSpec::xp_mcafee_5958();
    windows.extras.push(signed_catalog(&windows)?);
    Ok(windows)
}

#[test]
fn a_file_that_a_believed_catalog_lists_is_said_to_be_signed() -> Result<()> {
    check(
        &with_catalog()?,
        test_root()?,
        expect![[r#"
        \WINDOWS\system32\dllcache\svchost.exe
          yes: 5.1.2600.5512 for i386, signed by Microsoft (SP3.CAT)
        \WINDOWS\ServicePackFiles\i386\svchost.exe
          yes: 5.1.2600.5512 for i386, signed by Microsoft (SP3.CAT)
    "#]],
    )
}

#[test]
fn a_catalog_of_somebody_else_proves_nothing_and_is_named() -> Result<()> {
    check(
        &with_catalog()?,
        impostor_root()?,
        expect![[r#"
            \WINDOWS\system32\dllcache\svchost.exe
              yes: 5.1.2600.5512 for i386, identity matches; not proven by signature: SP3.CAT: Test Windows Publisher: the chain ends at Test Windows Verification PCA, which mendkit test root is said to have issued, expected a chain to a pinned root
            \WINDOWS\ServicePackFiles\i386\svchost.exe
              yes: 5.1.2600.5512 for i386, identity matches; not proven by signature: SP3.CAT: Test Windows Publisher: the chain ends at Test Windows Verification PCA, which mendkit test root is said to have issued, expected a chain to a pinned root
            \Quarantine
              no: no svchost.exe there nor in any other quarantine of this volume (0 containers)
            \WINDOWS\i386
              no: no svchost.exe, compressed or not, there nor in the driver cache
            \i386
              no: no svchost.exe, compressed or not, there nor in the driver cache
            D:\i386
              no: D: is a CD drive, which is not looked at
        "#]],
    )
}

#[test]
fn a_real_program_under_a_free_licence_is_accepted_by_its_identity() -> Result<()> {
    let windows = WindowsSpec {
        base_program: Some(wine_svchost()?.into()),
        ..WindowsSpec::xp_mcafee_5958()
    };
    check(
        &windows,
        test_root()?,
        expect![[r#"
            \WINDOWS\system32\dllcache\svchost.exe
              yes: 5.1.2600.5512 for i386, identity matches; not proven by signature
            \WINDOWS\ServicePackFiles\i386\svchost.exe
              yes: 5.1.2600.5512 for i386, identity matches; not proven by signature
        "#]],
    )
}

#[test]
fn without_catalogs_identity_is_said_to_be_no_proof() -> Result<()> {
    check(
        &WindowsSpec::xp_mcafee_5958(),
        test_root()?,
        expect![[r#"
        \WINDOWS\system32\dllcache\svchost.exe
          yes: 5.1.2600.5512 for i386, identity matches; not proven by signature
        \WINDOWS\ServicePackFiles\i386\svchost.exe
          yes: 5.1.2600.5512 for i386, identity matches; not proven by signature
    "#]],
    )
}

#[test]
fn the_wrong_service_pack_and_a_patched_file_are_refused_beside_a_catalog() -> Result<()> {
    let windows = WindowsSpec {
        dllcache: FileState::WrongServicePack,
        service_pack_files: FileState::Patched,
        ..with_catalog()?
    };
    check(
        &windows,
        test_root()?,
        expect![[r#"
            \WINDOWS\system32\dllcache\svchost.exe
              no: version is 5.1.2600.2180, expected 5.1.2600.5512
            \WINDOWS\ServicePackFiles\i386\svchost.exe
              no: checksum of the content is 0x0000fb77, its header says 0x0000fb04: changed
            \Quarantine
              no: no svchost.exe there nor in any other quarantine of this volume (0 containers)
            \WINDOWS\i386
              no: no svchost.exe, compressed or not, there nor in the driver cache
            \i386
              no: no svchost.exe, compressed or not, there nor in the driver cache
            D:\i386
              no: D: is a CD drive, which is not looked at
        "#]],
    )
}
