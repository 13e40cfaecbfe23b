//! Whether a stick is ours and may be refreshed, and what it collected.

use std::io::{Read, Seek, SeekFrom};

use rescue_stick::digest::Sha256Digest;
use rescue_stick::head::HEAD_LENGTH;
use rescue_stick::identity::Identity;
use rescue_stick::job::Job;
use rescue_stick::journal::{BODIES_OFFSET, JournalHead, SLOT_LENGTH};
use rescue_stick::manifest::Manifest;
use rescue_stick::paths;
use rescue_stick::signature::PublicKey;

use super::{Refusal, first_of};
use crate::lba::{ByteSize, Lba, LbaRange};
use crate::refresh_record::{Former, RECORD_LBA, RefreshRecord};
use crate::verify::survey::{Survey, survey};

mod interrupted;

use interrupted::interrupted_stick;

/// What a stick may be refreshed from.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What the image is that it is to hold.
    pub wanted: Former,
    /// Title of that image.
    pub title: String,
    /// The key that must have signed what is on the stick.
    pub stick_key: PublicKey,
    /// Whether a stick that holds something newer is taken all the same.
    pub is_older_allowed: bool,
}

/// A stick that may be refreshed.
#[derive(Clone, Debug)]
pub struct OurStick {
    /// Length of the device.
    pub size: ByteSize,
    /// Who it is.
    pub identity: Identity,
    /// Its record of how far its reports go; empty if it has none.
    pub head: Vec<u8>,
    /// What it holds; or held, if a refresh was interrupted.
    pub former: Former,
    /// Whether a refresh was interrupted.
    pub is_interrupted: bool,
    /// What it collected: folders before what lies in them.
    pub kept: Vec<Kept>,
    /// Where the folder of reports lies, or lay.
    pub(super) reports_place: Vec<LbaRange>,
    /// Where its last writer thought that free clusters begin.
    pub(super) next_free: u32,
    /// What must stay as it is until nothing starts from the stick.
    pub(super) needed: Vec<LbaRange>,
    /// Repairs that are finished and will be undone file by file from now on.
    pub finished_repairs: usize,
    /// What a running system left and what is not kept.
    pub dropped: Vec<String>,
}

/// A file or folder that the stick collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Path on the volume, relative, with `/`.
    pub path: String,
    /// Its folder entry with the parts of its long name before it.
    pub slots: Vec<u8>,
    /// Where it lies; of a file, the sectors that its length takes.
    pub place: Vec<LbaRange>,
    /// What these sectors hold; nothing for a folder.
    pub sectors: Option<Vec<u8>>,
}

impl OurStick {
    /// Returns how many reports it collected.
    pub fn reports(&self) -> usize {
        let is_report = |kept: &&Kept| kept.path.ends_with("/report.json");
        self.kept.iter().filter(is_report).count()
    }

    /// Returns how much is kept.
    pub fn kept_size(&self) -> ByteSize {
        let lengths = self.kept.iter().filter_map(|kept| kept.sectors.as_ref());
        ByteSize(
            lengths
                .map(|bytes| u64::try_from(bytes.len()).unwrap_or(0))
                .sum(),
        )
    }
}

/// Looks at a stick; refuses one that is not ours, or that must not be refreshed.
pub fn look_at_stick(source: &mut (impl Read + Seek), terms: &Terms) -> Result<OurStick, Refusal> {
    let mut stick = match survey(source)? {
        Ok(survey) => whole_stick(source, &survey, terms)?,
        Err(problems) => {
            match RefreshRecord::read(source).map_err(|source| read_error(RECORD_LBA, source))? {
                Some(Ok((head, record))) => interrupted_stick(source, head.place, record)?,
                Some(Err(error)) => return Err(Refusal::Damaged(error.to_string())),
                None => return Err(Refusal::NotOurs(first_of(&problems))),
            }
        }
    };
    if stick.former.signing_key != terms.stick_key.base64()
        && stick.former.signing_key != terms.wanted.signing_key
    {
        return Err(Refusal::Key {
            found: stick.former.signing_key,
            expected: terms.stick_key.base64().to_owned(),
        });
    }
    if !terms.is_older_allowed
        && let Some(refusal) = find_rollback(&stick.former, &terms.wanted)
    {
        return Err(refusal);
    }
    stick.kept.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(stick)
}

/// Returns what an image is, as a refresh holds it against another.
pub fn former_of(job: &Job, key: &PublicKey) -> Former {
    let sets = job.definitions.iter();
    Former {
        date: job.date.clone(),
        definitions: sets
            .map(|(name, set)| (name.clone(), set.version.clone()))
            .collect(),
        signing_key: key.base64().to_owned(),
    }
}

/// Returns why the wanted image is older than the former: by its date, or, on one day, by a version.
fn find_rollback(former: &Former, wanted: &Former) -> Option<Refusal> {
    let older = |found: String, wanted: String| Some(Refusal::Older { found, wanted });
    // Dates are YYYY-MM-DD, so their order is that of the letters.
    if wanted.date < former.date {
        return older(former.date.clone(), wanted.date.clone());
    }
    if wanted.date > former.date {
        return None;
    }
    for (name, version) in &former.definitions {
        if let Some(new) = wanted.definitions.get(name)
            && numbers(new) < numbers(version)
        {
            return older(format!("{name} {version}"), format!("{name} {new}"));
        }
    }
    None
}

fn numbers(version: &str) -> Vec<u64> {
    version
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}

fn read_error(lba: Lba, source: std::io::Error) -> Refusal {
    Refusal::Read { lba, source }
}

fn whole_stick(
    source: &mut (impl Read + Seek),
    survey: &Survey,
    terms: &Terms,
) -> Result<OurStick, Refusal> {
    let content = |path: &str| {
        let found = survey.contents.get(path).map(Vec::as_slice);
        found.ok_or_else(|| Refusal::NotOurs(format!("{path}: missing")))
    };
    let text = |path: &str| content(path).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let (manifest_bytes, signature) = (content(paths::MANIFEST)?, text(paths::MANIFEST_SIGNATURE)?);
    let not_ours = |error: &dyn ToString| Refusal::NotOurs(error.to_string());
    let own_key = PublicKey::parse(&text(paths::PUBLIC_KEY)?).map_err(|error| not_ours(&error))?;
    // Under its own key first, so that another signer is not taken for damage.
    own_key
        .check(manifest_bytes, &signature)
        .map_err(|error| not_ours(&error))?;
    let manifest = Manifest::parse(&text(paths::MANIFEST)?).map_err(|error| not_ours(&error))?;
    let job = content(paths::JOB)?;
    if manifest.digest_of(paths::JOB) != Some(Sha256Digest::of(job)) {
        return Err(Refusal::NotOurs(format!(
            "{}: not as it was signed",
            paths::JOB
        )));
    }
    let job = Job::parse(&text(paths::JOB)?).map_err(|error| not_ours(&error))?;
    let identity = Identity::parse(content(paths::IDENTITY)?).map_err(|error| not_ours(&error))?;
    let identity = identity.ok_or(Refusal::NoIdentity)?;
    // Before anything about its content is said: whose it is comes first.
    if own_key != terms.stick_key && own_key.base64() != terms.wanted.signing_key {
        return Err(Refusal::Key {
            found: own_key.base64().to_owned(),
            expected: terms.stick_key.base64().to_owned(),
        });
    }
    let finished_repairs = check_journal(source, survey)?;
    let is_signed = |path: &str| manifest.digest_of(path).is_some();
    let extra = survey
        .files
        .iter()
        .find(|file| !is_signed(&file.path) && !paths::is_outside_manifest(&file.path));
    if let Some(extra) = extra {
        return Err(Refusal::Extra(extra.path.clone()));
    }
    let kept = collected(source, survey)?;
    let head = read_head(source, survey)?;
    let reports = survey.folder(paths::REPORTS);
    Ok(OurStick {
        size: survey.medium_size,
        identity,
        head,
        former: former_of(&job, &own_key),
        is_interrupted: false,
        kept,
        reports_place: reports
            .map(|folder| folder.ranges.clone())
            .unwrap_or_default(),
        next_free: survey.next_free,
        needed: needed_of(survey),
        finished_repairs,
        dropped: dropped_of(survey),
    })
}

/// Reads how far the stick's reports go, whatever it says. Images of earlier versions have no room for it.
fn read_head(source: &mut (impl Read + Seek), survey: &Survey) -> Result<Vec<u8>, Refusal> {
    let Some(file) = survey.file(paths::HEAD) else {
        return Ok(Vec::new());
    };
    let mut bytes = read_ranges(source, &file.ranges)?;
    bytes.truncate(HEAD_LENGTH);
    Ok(bytes)
}

/// Refuses a stick whose journal holds an unfinished repair; returns how many finished ones it holds.
fn check_journal(source: &mut (impl Read + Seek), survey: &Survey) -> Result<usize, Refusal> {
    let unreadable = |found: &str| Refusal::Journal(found.to_owned());
    let file = survey
        .file(paths::JOURNAL)
        .ok_or_else(|| unreadable("missing"))?;
    let [range] = file.ranges.as_slice() else {
        return Err(unreadable("not in one piece"));
    };
    let mut slots = [0; 2 * SLOT_LENGTH];
    let mut read = || {
        source.seek(SeekFrom::Start(range.first().byte_offset()))?;
        source.read_exact(&mut slots)
    };
    read().map_err(|error| read_error(range.first(), error))?;
    let (first, second) = slots.split_at(SLOT_LENGTH);
    let (head, _) =
        JournalHead::choose(first, second).map_err(|error| Refusal::Journal(error.to_string()))?;
    if let Some(open) = head
        .commits
        .iter()
        .find(|commit| commit.state.is_unfinished())
    {
        let disk = format!("{} {}", open.volume.disk_model, open.volume.disk_serial);
        return Err(Refusal::Unfinished {
            computer: open.computer.clone(),
            disk: disk.trim().to_owned(),
            run: open.run.clone(),
        });
    }
    Ok(head.commits.len())
}

/// Tells whether a path is kept: reports, and what people deleted or chkdsk set aside, which may be
/// reports. Search indexes and logs of changes are not: the systems that made them make them anew.
fn is_kept(path: &str) -> bool {
    if path == paths::REPORTS {
        return false;
    }
    let (top, _) = path.split_once('/').unwrap_or((path, ""));
    top == paths::REPORTS || paths::left_by_system(path).is_some() && !paths::is_index(top)
}

/// Returns the search indexes and logs that are dropped.
fn dropped_of(survey: &Survey) -> Vec<String> {
    let folders = survey.folders.iter().map(|folder| &folder.path);
    let indexes = folders.filter(|path| !path.contains('/') && paths::is_index(path));
    indexes.cloned().collect()
}

/// Reads everything that is kept.
fn collected(source: &mut (impl Read + Seek), survey: &Survey) -> Result<Vec<Kept>, Refusal> {
    // A cluster with two owners makes it unknown which of them it belongs to.
    let is_in_the_way = |problem: &&crate::verify::Problem| {
        is_kept(&problem.place)
            || problem.place == paths::REPORTS
            || problem.finding.contains("belongs to something else")
    };
    if let Some(problem) = survey.problems.iter().find(is_in_the_way) {
        return Err(Refusal::Damaged(problem.to_string()));
    }
    let mut kept = Vec::new();
    for folder in survey.folders.iter().filter(|folder| is_kept(&folder.path)) {
        kept.push(Kept {
            path: folder.path.clone(),
            slots: folder.slots.clone(),
            place: folder.ranges.clone(),
            sectors: None,
        });
    }
    for file in survey.files.iter().filter(|file| is_kept(&file.path)) {
        let place = first_sectors(&file.ranges, file.size.sectors());
        let sectors = read_ranges(source, &place)?;
        kept.push(Kept {
            path: file.path.clone(),
            slots: file.slots.clone(),
            place,
            sectors: Some(sectors),
        });
    }
    Ok(kept)
}

fn first_sectors(ranges: &[LbaRange], mut sectors: u64) -> Vec<LbaRange> {
    let mut first = Vec::new();
    for range in ranges {
        let take = sectors.min(range.sectors());
        first.extend(LbaRange::starting_at(range.first(), take));
        sectors -= take;
    }
    first
}

fn read_ranges(source: &mut (impl Read + Seek), ranges: &[LbaRange]) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    for range in ranges {
        let mut part = vec![0; usize::try_from(range.size().0).unwrap_or(usize::MAX)];
        let mut read = || {
            source.seek(SeekFrom::Start(range.first().byte_offset()))?;
            source.read_exact(&mut part)
        };
        read().map_err(|error| read_error(range.first(), error))?;
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

/// Returns what the stick needs as it is: all that is in use, but for the work areas, whose content says
/// nothing while no repair is unfinished.
fn needed_of(survey: &Survey) -> Vec<LbaRange> {
    let mut work = Vec::new();
    let (journal, scratch) = (survey.file(paths::JOURNAL), survey.file(paths::SCRATCH));
    if let Some([range]) = journal.map(|file| file.ranges.as_slice()) {
        let head = ByteSize(BODIES_OFFSET).sectors();
        let bodies = range.sectors().saturating_sub(head);
        work.extend(LbaRange::starting_at(
            range.first().advanced_by(head),
            bodies,
        ));
    }
    work.extend(scratch.iter().flat_map(|file| file.ranges.iter().copied()));
    let ranges = survey.in_use.iter();
    ranges.flat_map(|range| range.without(&work)).collect()
}
