//! A PC and a stick in memory, whose power goes when a test wants it to.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use mend::journal::Journal;
use mend::journal::recover::recover;
use mend::journal::undo::undo;
use mend::machine::Machine;
use mend::machine::linux::LinuxMachine;
use mend::machine::linux::volume::{LinuxVolume, Resources};
use mend::repair::{Request, run};
use mend::screen::{Answer, Question, Screen};
use mend::stick::Stick;
use rescue_stick::job::Mode;
use rescue_stick::journal::{CommitState, empty_head};
use rescue_stick::report::{MachineFacts, Report};
use rescue_stick::signature::PublicKey;
use support::broken_pc::{FileSystem, PcSpec};
use support::crash::state::{State, shown};
use support::crash::{Content, Pair, Powered};
use support::inspect::verdict;
use support::mtools_volume::{MtoolsMachine, MtoolsVolume};
use support::patient::{Patient, StickFolder};

/// Bytes of the journals made here.
const JOURNAL_LENGTH: usize = 8 << 20;

/// Nobody to ask, nothing to show.
pub(crate) struct Silent;

impl Screen for Silent {
    fn line(&mut self, _text: &str) {}

    fn ask(&mut self, _question: Question<'_>) -> Answer {
        Answer::No
    }
}

/// Which state a volume is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Before,
    After,
}

/// A PC and a stick between two states.
pub(crate) struct Bench {
    pub(crate) patient: Patient,
    pub(crate) start: Pair,
    /// The stick's files, and what was read of them when they were proven.
    stick: Option<(StickFolder, Stick)>,
}

impl Bench {
    pub(crate) fn set_up(spec: &PcSpec, stick: Option<(StickFolder, Stick)>) -> Result<Self> {
        let patient = Patient::make(spec)?;
        let mut journal = empty_head([7; 16]);
        journal.resize(JOURNAL_LENGTH, 0xD1);
        let start = Pair {
            pc: Content::new(fs::read(patient.volume().path())?),
            stick: Content::new(journal),
        };
        Ok(Self {
            patient,
            start,
            stick,
        })
    }

    fn work(&self) -> PathBuf {
        self.patient.journal_file().with_file_name("work")
    }

    pub(crate) fn volume(&self, powered: &Powered) -> Result<LinuxVolume> {
        let journal = Journal::open(Box::new(powered.stick.clone()))?;
        let resources = Resources {
            journal: Some(Arc::new(journal)),
            scratch: None,
            work: self.work(),
            unlocked: mend::machine::linux::unlocked::Unlocked::default(),
            proof: mend::stick::proof::StickProof::over(),
        };
        let partition = self.patient.partition()?;
        let device = Box::new(powered.pc.clone());
        Ok(LinuxVolume::examine_on(device, partition, resources))
    }

    /// The whole repair, as the rescue environment calls it.
    pub(crate) fn repair(&self, powered: &Powered) -> Result<Report> {
        self.repair_with(powered, Mode::Auto, &mut Silent)
    }

    /// A repair in this mode, with this person at the screen.
    pub(crate) fn repair_with(
        &self,
        powered: &Powered,
        mode: Mode,
        screen: &mut dyn Screen,
    ) -> Result<Report> {
        let (_, stick) = self.stick.as_ref().context("no stick")?;
        let volume = self.volume(powered)?;
        let machine: Box<dyn Machine> = match self.patient.made.file_system {
            FileSystem::Ntfs => Box::new(LinuxMachine::of(MachineFacts::default(), vec![volume])),
            // Whatever this kernel knows, so that the same is tried everywhere.
            FileSystem::Fat32 => {
                let journal = Journal::open(Box::new(powered.stick.clone()))?;
                let volume = MtoolsVolume::new(volume, Arc::new(journal));
                Box::new(MtoolsMachine::of(volume))
            }
        };
        ensure!(machine.volumes().len() == 1);
        Ok(run(&Request::new(mode), &*machine, stick, screen))
    }

    pub(crate) fn undo(&self, powered: &Powered) -> Result<()> {
        let journal = Journal::open(Box::new(powered.stick.clone()))?;
        let volume = self.volume(powered)?;
        undo(&journal, &[&volume])?;
        Ok(())
    }

    /// What every start of a stick does first.
    pub(crate) fn recover(&self, powered: &Powered) -> Result<()> {
        let journal = Journal::open(Box::new(powered.stick.clone()))?;
        let volume = self.volume(powered)?;
        recover(&journal, &[&volume])?;
        let commits = journal.commits();
        ensure!(
            commits
                .iter()
                .all(|one| matches!(one.state, CommitState::Done | CommitState::Undone)),
            "{commits:?}"
        );
        Ok(())
    }

    /// Demands that the host's tools find the volume sound, and on it what belongs to `side`.
    pub(crate) fn judge(&self, pc: &Content, side: Side) -> Result<()> {
        shown(self.patient.volume(), pc, || {
            let volume = self.patient.volume();
            volume.is_sound()?;
            let found = verdict(volume)?;
            let releases: Vec<_> = found.dat_files.iter().map(|dat| dat.2).collect();
            let is_as_expected = match side {
                Side::Before => found.sha256.is_none() && releases == [Some(5958); 3],
                Side::After => {
                    found.repaired
                        && found.sha256.as_ref() == Some(&self.patient.made.good_svchost_sha256)
                        && releases == [Some(5959); 3]
                }
            };
            ensure!(is_as_expected, "{side:?}: {found:?}");
            Ok(())
        })
    }

    pub(crate) fn state(&self, pc: &Content) -> Result<State> {
        let volume = self.patient.volume();
        shown(volume, pc, || State::of(volume, pc))
    }
}

pub(crate) fn prove(folder: &StickFolder) -> Result<Stick> {
    let key = PublicKey::parse(&fs::read_to_string(folder.key())?)?;
    Ok(Stick::prove(&folder.root(), &key, &mut |_| {})?)
}
