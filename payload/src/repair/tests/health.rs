//! What a health check means for the repair, and that it never stands in its way.

use rescue_stick::report::MachineFacts;
use rescue_stick::report::health::{Condition, DiskHealth};

use super::*;
use crate::machine::hardware::{DiskAnswers, Hardware, Interface, SmartAnswers};

/// A PC whose only volume lies on a disk that answers so.
struct OnDisk<'a> {
    inner: &'a FolderMachine,
    answer: Option<SmartAnswers>,
}

impl Machine for OnDisk<'_> {
    fn facts(&self) -> &MachineFacts {
        self.inner.facts()
    }

    fn volumes(&self) -> &[Box<dyn Volume>] {
        self.inner.volumes()
    }

    fn hardware(&self) -> Hardware {
        let volume = &self.inner.volumes()[0];
        Hardware {
            disks: vec![DiskAnswers {
                name: "disk 1".into(),
                volumes: vec![volume.facts().name.clone()],
                model: Some("SAMSUNG MZVLB256".into()),
                interface: Interface::Nvme,
                smart: self.answer.clone().expect("the disk that makes it panic"),
                ..DiskAnswers::default()
            }],
            ..Hardware::default()
        }
    }

    fn now(&self) -> i64 {
        self.inner.now()
    }

    fn uptime_ms(&self) -> u64 {
        self.inner.uptime_ms()
    }
}

/// A health log with this critical warning.
fn nvme(warning: u8) -> SmartAnswers {
    let mut page = vec![0; 512];
    (page[0], page[3], page[4]) = (warning, 100, 10);
    SmartAnswers::Nvme(Ok(page))
}

fn run_on_disk(scene: &mut Scene, answer: Option<SmartAnswers>, mode: Mode) -> Report {
    let inner = FolderMachine::open(scene.pc.path()).unwrap();
    let inner = &inner.with_time(1_271_931_300);
    let machine = OnDisk { inner, answer };
    let screen = &mut Willing(&mut scene.seen);
    run(&Request::new(mode), &machine, &scene.stick, screen)
}

fn only_disk(report: &Report) -> &DiskHealth {
    &report.health.disks[0]
}

#[test]
fn nothing_is_written_to_a_failing_disk_in_any_mode() {
    for mode in [Mode::Auto, Mode::Confirm, Mode::Diagnose] {
        let mut scene = dllcache(&SVCHOST_SP3.build());
        let before = tree(scene.pc.path());
        let report = run_on_disk(&mut scene, Some(nvme(4)), mode);
        assert_eq!(report.verdict, Verdict::Refused, "{mode:?}");
        assert_eq!(tree(scene.pc.path()), before);
        assert_eq!(only_disk(&report).condition, Condition::Failing);
        let installation = Scene::only(&report);
        let findings = &installation.findings;
        assert!(findings.iter().any(|one| one.id == "failing-disk"));
        let advice = installation.advice.join(" ");
        assert!(advice.contains("image this disk first"), "{advice}");
        assert!(!scene.seen.iter().any(|line| line.contains("Repair {")));
        let page = render_report(&report, Language::English);
        assert!(page.contains("IMAGE THIS DISK FIRST"), "{page}");
    }
}

#[test]
fn a_worn_or_silent_disk_is_repaired() {
    for (answer, condition) in [
        (nvme(0), Condition::Good),
        (nvme(2), Condition::Worn),
        (
            SmartAnswers::NotAsked("behind a USB bridge".into()),
            Condition::NotTold,
        ),
    ] {
        let mut scene = dllcache(&SVCHOST_SP3.build());
        let report = run_on_disk(&mut scene, Some(answer), Mode::Auto);
        assert_eq!(report.verdict, Verdict::Repaired, "{condition:?}");
        assert_eq!(only_disk(&report).condition, condition);
    }
}

#[test]
fn a_healthy_windows_on_a_failing_disk_needs_a_person() {
    let mut scene = Scene::new(&Xp {
        dat: 6000,
        ..XP_SP3
    });
    let report = run_on_disk(&mut scene, Some(nvme(1)), Mode::Auto);
    assert_eq!(report.verdict, Verdict::NeedsYou);
    let advice = Scene::only(&report).advice.join(" ");
    assert!(advice.contains("spare capacity is used up"), "{advice}");
}

#[test]
fn a_fault_of_the_check_stops_no_repair_and_is_noted() {
    let mut scene = dllcache(&SVCHOST_SP3.build());
    let report = run_on_disk(&mut scene, None, Mode::Auto);
    assert_eq!(report.verdict, Verdict::Repaired);
    let notes: Vec<_> = report
        .health
        .notes
        .iter()
        .map(|note| note.as_str())
        .collect();
    assert!(notes[0].contains("fault of mend itself"), "{notes:?}");
    assert!(report.health.disks.is_empty());
}

#[test]
fn a_stick_that_is_older_than_the_pc_says_so() {
    let old = |dat| {
        let mut scene = Scene::new(&Xp { dat, ..XP_SP3 });
        let report = scene.run(Mode::Diagnose);
        let notes = report.health.notes.iter().map(|note| note.to_string());
        notes
            .filter(|note| note.contains("older"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        old(6000),
        [
            "this stick is older than the PC: it carries DAT 5959.0000, and the PC has 6000.0000; ask for a \
          newer stick"
        ]
    );
    assert_eq!(old(5958), Vec::<String>::new());
    assert_eq!(old(5959), Vec::<String>::new());
}
