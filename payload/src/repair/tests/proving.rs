//! What becomes of a repair whose stick is still being proven, or whose PC is not whole yet, when it begins.

use std::sync::Arc;

use rescue_stick::paths;
use rescue_stick::report::MachineFacts;
use rescue_stick::signature::PublicKey;

use super::*;
use crate::stick::SignedManifest;
use crate::stick::proof::StickProof;

#[test]
fn a_stick_whose_proof_fails_meanwhile_writes_nothing() {
    for mode in [Mode::Auto, Mode::Confirm] {
        let mut scene = dllcache(&SVCHOST_SP3.build());
        let root = scene.stick_folder.path().to_owned();
        let key = fs::read_to_string(root.join(paths::PUBLIC_KEY)).unwrap();
        let key = PublicKey::parse(&key).unwrap();
        // Nothing that the repair reads, so it comes as far as it may.
        fs::write(root.join("autorun.inf"), "[autorun]").unwrap();
        let signed = Arc::new(SignedManifest::read(&root, &key).unwrap());
        let proof = StickProof::begin(root.clone(), Arc::clone(&signed));
        scene.stick = Stick::read(&root, &signed, &key, proof).unwrap();
        let report = scene.run_unchanged(mode);
        assert_eq!(report.verdict, Verdict::Refused, "{report:#?}");
        let advice = Scene::only(&report).advice.join("\n");
        expect![[r#"
            This stick is not as it was signed: 1 of the stick's files are not as signed, first: autorun.inf: not in the manifest
            nothing was written"#]]
        .assert_eq(&advice);
        // Nobody was asked by it.
        let asked = scene.seen.iter().any(|line| line.contains("Repair {"));
        assert!(!asked, "{:?}", scene.seen);
    }
}

/// A PC of which a disk came up after it was looked at.
struct Incomplete(FolderMachine);

impl Machine for Incomplete {
    fn facts(&self) -> &MachineFacts {
        self.0.facts()
    }

    fn volumes(&self) -> &[Box<dyn Volume>] {
        self.0.volumes()
    }

    fn is_complete(&self) -> bool {
        false
    }

    fn now(&self) -> i64 {
        self.0.now()
    }

    fn uptime_ms(&self) -> u64 {
        self.0.uptime_ms()
    }
}

#[test]
fn nothing_is_written_by_a_plan_that_was_made_without_every_disk() {
    let scene = dllcache(&SVCHOST_SP3.build());
    let before = tree(scene.pc.path());
    let machine = Incomplete(FolderMachine::open(scene.pc.path()).unwrap());
    let mut seen = Vec::new();
    let request = Request::new(Mode::Auto);
    let report = run(&request, &machine, &scene.stick, &mut Willing(&mut seen));
    assert_eq!(report.verdict, Verdict::Refused, "{report:#?}");
    assert_eq!(tree(scene.pc.path()), before);
}
