//! Campaigns as sticks bring them home: any number of signed reports that look like those of a rollout,
//! with the folders, signatures, chains, head records and receipts that belong to them.
//!
//! The same specification gives the same bytes, so a judge's answer can be written down.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use fs_err as fs;
use mendkit::stick::image_facts::ImageFacts;
use mendkit::stick::receipts::{DeviceFacts, Receipt, StickVerdict, append_receipt};
use rescue_stick::digest::Sha256Digest;
use rescue_stick::head::Head;
use rescue_stick::identity::{Identity, IdentityFacts, StickId};
use rescue_stick::paths;
use rescue_stick::report::health::{Condition, Hotfix, Program};
use rescue_stick::report::line::Line;
use rescue_stick::report::{FindingReport, Report, Verdict};

use crate::random::Random;

/// The report that all others are made from.
const PATTERN: &str = include_str!("../../payload/rescue-stick/fixtures/report-2.json");

/// Title of the image of all sticks.
pub const TITLE: &str = "McAfee DAT 5958 (svchost.exe)";

/// Sites with their technicians.
const SITES: [(&str, &str); 14] = [
    ("Lyon Part-Dieu", "Anna Berger"),
    ("Paris La Défense", "Jean-Noël Côté"),
    ("Köln Messe", "Jürgen Weiß"),
    ("Madrid Atocha", "Íñigo Muñoz"),
    ("Bruxelles Midi", "Anna Berger"),
    ("Wien Hauptbahnhof", "Jürgen Weiß"),
    ("London Moorgate", "Priya Shah"),
    ("Genève Cornavin", "Jean-Noël Côté"),
    ("Barcelona Sants", "Íñigo Muñoz"),
    ("Hamburg Altona", "Jürgen Weiß"),
    ("Lille Europe", "Anna Berger"),
    ("Zürich Oerlikon", "Jürgen Weiß"),
    ("Toulouse Matabiau", "Jean-Noël Côté"),
    ("Dublin Docklands", "Priya Shah"),
];

/// Makers, models and versions of their firmware.
const MODELS: [(&str, &str, &str); 6] = [
    ("Dell Inc.", "OptiPlex 760", "A08"),
    ("Dell Inc.", "OptiPlex 755", "A18"),
    (
        "Hewlett-Packard",
        "HP Compaq dc7900 Small Form Factor",
        "786G1 v01.16",
    ),
    ("LENOVO", "ThinkCentre M58p 6138A12", "5CKT62AUS"),
    ("FUJITSU SIEMENS", "ESPRIMO E5720", "6.00 R1.13.2584.A1"),
    ("Dell Inc.", "Latitude E6400", "A25"),
];

/// What is asked for.
#[derive(Clone, Debug)]
pub struct CampaignSpec {
    /// Machines, a report each.
    pub machines: usize,
    /// Sticks they are spread over.
    pub sticks: u16,
    /// Sites, at most as many as there are names for.
    pub sites: usize,
    /// Programs and updates on every PC: what makes reports long.
    pub programs: usize,
}

impl Default for CampaignSpec {
    fn default() -> Self {
        Self {
            machines: 213,
            sticks: 4,
            sites: 5,
            programs: 12,
        }
    }
}

/// A stick with a chain of reports in a folder.
#[derive(Debug)]
pub struct MadeStick {
    /// Who it is.
    pub identity: Identity,
    /// How far its chain goes.
    pub head: Head,
    /// Its root: a mounted stick.
    pub folder: PathBuf,
}

impl MadeStick {
    /// Begins a stick in a folder of its name.
    pub fn begin(parent: &Path, number: u16) -> Result<Self> {
        let facts = IdentityFacts {
            id: StickId {
                batch: 0x7F3A,
                number,
            },
            image: Sha256Digest::of(b"image"),
            title: TITLE.to_owned(),
            written: "2010-04-22T06:00:00Z".to_owned(),
            by: "Anna".to_owned(),
        };
        let identity = Identity::new(
            facts,
            Sha256Digest::of(format!("stick {number}").as_bytes()).0,
        )?;
        let name = identity.facts().id.to_string();
        let folder = parent.join(&name);
        fs::create_dir_all(folder.join("mendkit"))?;
        fs::create_dir_all(folder.join(paths::REPORTS))?;
        let head = Head {
            stick: Some(name),
            ..Head::default()
        };
        Ok(Self {
            identity,
            head,
            folder,
        })
    }

    /// Returns its name.
    pub fn id(&self) -> String {
        self.identity.facts().id.to_string()
    }

    /// Puts the next report on the stick, with its place in the chain, and returns its folder.
    pub fn add(&mut self, mut report: Report) -> Result<PathBuf> {
        let link = self.head.next_link();
        report.stick.id = Some(self.id());
        report.stick.title = TITLE.to_owned();
        report.stick.public_key = Some(self.identity.public_key().base64().to_owned());
        report.text_sha256 = None;
        report.health.clock.report_number = Some(link.number);
        report.chain = Some(link.clone());
        let text = report.to_text();
        let name = format!("{:06}-{}", link.number, report.run);
        let folder = self.folder.join(paths::REPORTS).join(name);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(paths::REPORT_JSON), &text)?;
        fs::write(
            folder.join(paths::REPORT_SIGNATURE),
            self.identity.sign(text.as_bytes()),
        )?;
        self.head = self
            .head
            .after(&link, Sha256Digest::of(text.as_bytes()))
            .at_start();
        Ok(folder)
    }

    /// Writes the head record, as `mend` does after every report.
    pub fn finish(&self) -> Result<()> {
        let slot = self.head.to_slot(Some(self.identity.key()));
        fs::write(self.folder.join(paths::HEAD), slot.repeat(2))?;
        Ok(())
    }

    /// Returns the receipt that was written with the stick.
    pub fn receipt(&self) -> Receipt {
        Receipt {
            stick: Some(self.id()),
            verdict: StickVerdict::Good,
            reason: None,
            time: "2010-04-22T06:00:00Z".to_owned(),
            by: "Anna".to_owned(),
            device: DeviceFacts {
                path: "/dev/sdb".to_owned(),
                model: "Ultra".to_owned(),
                serial: "1".to_owned(),
                true_size: 8_000_000_000,
            },
            image: ImageFacts {
                sha256: Sha256Digest::of(b"image"),
                title: TITLE.to_owned(),
                date: "2010-04-22".to_owned(),
                definitions: [("mcafee-dat".to_owned(), "5959.0000".to_owned())].into(),
                languages: vec!["en".to_owned()],
                signing_key: self.identity.public_key().base64().to_owned(),
            },
            refreshed_from: None,
            public_key: Some(self.identity.public_key().base64().to_owned()),
            bytes_written: 37_100_000,
            took_ms: 9000,
            read_back_sha256: None,
        }
    }
}

/// A campaign in a folder: `sticks/` as they are mounted, `receipts.jsonl`.
#[derive(Debug)]
pub struct MadeCampaign {
    /// The sticks.
    pub sticks: Vec<MadeStick>,
    /// Folder with a folder for each stick.
    pub folder: PathBuf,
    /// The ledger.
    pub receipts: PathBuf,
}

/// Makes a campaign in `folder`.
pub fn make_campaign(folder: &Path, spec: &CampaignSpec) -> Result<MadeCampaign> {
    let place = folder.join("sticks");
    let mut sticks = Vec::new();
    for number in 1..=spec.sticks {
        sticks.push(MadeStick::begin(&place, number)?);
    }
    let receipts = folder.join("receipts.jsonl");
    let pattern = Report::parse(PATTERN)?;
    for number in 0..spec.machines {
        let at = number % sticks.len().max(1);
        let stick = sticks.get_mut(at).context("a campaign without sticks")?;
        stick.add(report_of(&pattern, number, spec))?;
    }
    for stick in &sticks {
        stick.finish()?;
        append_receipt(&receipts, &stick.receipt())?;
    }
    Ok(MadeCampaign {
        sticks,
        folder: place,
        receipts,
    })
}

/// What becomes of a machine, in the parts of the transcript in PRODUCT.md: of 213, 188 are repaired, 17
/// were healthy, 6 need a key and 2 have a failing disk.
fn fate(number: usize) -> Verdict {
    match number * 89 % 213 {
        0..188 => Verdict::Repaired,
        188..205 => Verdict::Healthy,
        205..211 => Verdict::NeedsYou,
        _ => Verdict::Refused,
    }
}

/// Returns the report of a machine of a campaign.
pub fn report_of(pattern: &Report, number: usize, spec: &CampaignSpec) -> Report {
    let mut random = Random::from_text(&format!("machine {number}"));
    let mut pick = |most: usize| {
        let most = u64::try_from(most.max(1)).unwrap_or(1);
        usize::try_from(random.next_number() % most).unwrap_or_default()
    };
    let mut report = pattern.clone();
    let fate = fate(number);
    let site = number % spec.sites.clamp(1, SITES.len());
    let (place, technician) = SITES[site];
    let (vendor, model, firmware) = MODELS[pick(MODELS.len())];
    let computer = format!(
        "{}-{:05}",
        place.get(..3).unwrap_or("PC").to_uppercase(),
        number + 1
    );
    let minute = number / spec.sites.max(1) * 24 + pick(3);
    let (day, minute) = (22 + minute / 480 % 8, 480 + minute % 480);
    let started = format!(
        "2010-04-{day:02}T{:02}:{:02}:{:02}Z",
        minute / 60,
        minute % 60,
        pick(60)
    );
    report.run = format!("{}-{computer}", started.replace(['-', ':'], ""));
    report.started.clone_from(&started);
    report.took_ms = u64::try_from(1400 + pick(1600) + pick(2) * pick(9000)).unwrap_or_default();
    report.verdict = fate;
    report.visit.site = Some(Line::from(place));
    report.visit.technician = Some(Line::from(technician));
    report.visit.ticket = Some(Line::from("INC-5958"));
    report.machine.vendor = Some(vendor.to_owned());
    report.machine.model = Some(model.to_owned());
    report.machine.serial = Some(format!("{:07X}", (number + 1) * 7919));
    report.health.machine.firmware_version = Some(Line::from(firmware));
    report.health.machine.board_serial = None;
    report.health.clock.now = Line::from(started.as_str());
    report.volumes.truncate(1);
    report.health.volumes.truncate(1);
    for disk in &mut report.health.disks {
        disk.condition = if fate == Verdict::Refused {
            Condition::Failing
        } else {
            Condition::Good
        };
        disk.reasons.clear();
        if fate == Verdict::Refused {
            disk.pending_sectors = Some(218);
            disk.reasons.push(Line::from(
                "218 sectors could not be read and wait to be replaced",
            ));
        } else if pick(40) == 0 {
            disk.condition = Condition::Worn;
            disk.reasons
                .push(Line::from("2 sectors were replaced by spare ones"));
        }
        disk.serial = Some(Line::from(format!("6QZ{:06X}", number * 31 + 7).as_str()));
    }
    report.notes.clear();
    match fate {
        Verdict::NeedsYou => {
            report.installations.clear();
            report.health.installations.clear();
            let text = "locked-volume: disk 1, partition 1 is locked by BitLocker; its recovery key is needed to look at it";
            report.notes.push(text.to_owned());
        }
        Verdict::Refused => report
            .notes
            .push("failing-disk: disk 1: save its data first, then replace it".to_owned()),
        _ => {}
    }
    for installation in &mut report.installations {
        installation.computer = Some(computer.clone());
        installation.verdict = fate;
        if fate == Verdict::Healthy {
            installation.remedy = None;
            installation.findings.clear();
            installation.candidates.clear();
            installation.changes.clear();
            installation.plan = None;
            installation.advice.clear();
        }
        if fate == Verdict::Refused {
            installation.changes.clear();
            let text = "disk 1 says that it is failing";
            installation.findings.push(FindingReport {
                id: "failing-disk".to_owned(),
                text: text.to_owned(),
                evidence: Vec::new(),
            });
        }
    }
    let is_on = match fate {
        Verdict::Healthy => number.is_multiple_of(17),
        _ => number % 100 != 7,
    };
    let programs = spec.programs;
    for windows in &mut report.health.installations {
        windows.computer = Some(Line::from(computer.as_str()));
        for setting in windows
            .products
            .iter_mut()
            .flat_map(|product| &mut product.settings)
        {
            setting.on = Some(if setting.id.as_str() == "scan-processes-on-enable" {
                is_on
            } else {
                pick(2) == 0
            });
        }
        windows.hotfixes.items.clear();
        windows.programs.items.clear();
        for at in 0..programs {
            if pick(5) > 0 {
                let name = Line::from(format!("KB{}", 923_561 + at * 1237).as_str());
                windows.hotfixes.items.push(Hotfix {
                    name,
                    pending: false,
                    installed: Some(Line::from("4/15/2009")),
                });
            }
            if pick(3) > 0 {
                windows.programs.items.push(Program {
                    name: Line::from(format!("Application {:02} for the office", at + 1).as_str()),
                    version: Some(Line::from(
                        format!("{}.{}.{}", at % 9 + 1, pick(3), at * 37).as_str(),
                    )),
                    publisher: Some(Line::from("Example Software GmbH & Co. KG")),
                    installed: Some(Line::from("20090311")),
                });
            }
        }
    }
    report
}
