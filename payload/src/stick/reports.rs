//! Reports on the stick: signed, put into the chain, written whole or not at all, and found again.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use fs_err as fs;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::identity::Identity;
use rescue_stick::paths;
use rescue_stick::report::Report;
use rescue_stick::report::chain::{ChainLink, MOST_REPORT_BYTES, check_report};

/// A report as it is kept: the bytes of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedReport {
    /// Name of its folder.
    pub folder: String,
    /// Place in the chain.
    pub link: Option<ChainLink>,
    /// `report.json`.
    pub json: String,
    /// `report.json.minisig`; `None` if the stick has no key.
    pub signature: Option<String>,
    /// `report.txt`.
    pub text: String,
}

impl SealedReport {
    /// Puts the report into its place in the chain, renders its text and signs it.
    pub fn seal(
        report: &mut Report,
        link: Option<ChainLink>,
        identity: Option<&Identity>,
        render: &dyn Fn(&Report) -> String,
    ) -> Self {
        report.chain = link.clone();
        report.text_sha256 = None;
        let text = render(report);
        report.text_sha256 = Some(Sha256Digest::of(text.as_bytes()));
        let json = report.to_text();
        let number = link.as_ref().map(|link| link.number);
        Self {
            folder: paths::report_folder(number, &report.run),
            link,
            signature: identity.map(|own| own.sign(json.as_bytes())),
            json,
            text,
        }
    }

    /// Returns the digest that the next report names.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(self.json.as_bytes())
    }

    /// Returns its files in the order in which they are written: the signature comes last.
    pub fn files(&self) -> Vec<(&'static str, &[u8])> {
        let mut files = vec![
            (paths::REPORT_TEXT, self.text.as_bytes()),
            (paths::REPORT_JSON, self.json.as_bytes()),
        ];
        let signature = self.signature.as_ref();
        files.extend(signature.map(|text| (paths::REPORT_SIGNATURE, text.as_bytes())));
        files
    }
}

/// Writes a report below `root`, whole or not at all. Returns its folder, relative to `root`.
pub fn write_report(root: &Path, sealed: &SealedReport) -> io::Result<String> {
    let reports = root.join(paths::REPORTS);
    fs::create_dir_all(&reports)?;
    clear_partial(&reports)?;
    let suffix = paths::PARTIAL_REPORT_SUFFIX;
    let partial = reports.join(format!("{}{suffix}", sealed.folder));
    let written = write_files(&partial, sealed).and_then(|()| {
        let folder = free_name(&reports, &sealed.folder);
        fs::rename(&partial, reports.join(&folder))?;
        Ok(folder)
    });
    if written.is_err() {
        // OK to discard: the room may be lost with the stick; the next report tries again.
        let _ = fs::remove_dir_all(&partial);
    }
    // Measured: on FAT only a sync of everything makes a rename durable.
    rustix::fs::sync();
    Ok(format!("{}/{}", paths::REPORTS, written?))
}

/// Takes away what was left of a report that was not written to its end.
fn clear_partial(reports: &Path) -> io::Result<()> {
    for entry in fs::read_dir(reports)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_partial = name
            .to_string_lossy()
            .ends_with(paths::PARTIAL_REPORT_SUFFIX);
        if is_partial && entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn write_files(folder: &Path, sealed: &SealedReport) -> io::Result<()> {
    fs::create_dir(folder)?;
    for (name, content) in sealed.files() {
        let mut file = fs::File::create(folder.join(name))?;
        file.write_all(content)?;
        file.sync_all()?;
    }
    rustix::fs::sync();
    Ok(())
}

/// Returns a name that no report has: a clock that begins anew at every start names two runs alike.
fn free_name(reports: &Path, name: &str) -> String {
    let mut free = name.to_owned();
    let mut number = 1_u32;
    while reports.join(&free).exists() && number < u32::MAX {
        number = number.saturating_add(1);
        free = format!("{name}-{number}");
    }
    free
}

/// Returns the newest report on the stick behind `after`, up to `at_most`, that is whole and signed by the
/// stick itself; one of a stick without a key need only be whole.
pub fn find_newest(
    root: &Path,
    after: u64,
    at_most: Option<u64>,
    identity: Option<&Identity>,
) -> Option<(ChainLink, Sha256Digest)> {
    let entries = fs::read_dir(root.join(paths::REPORTS)).ok()?;
    let mut found: Vec<(u64, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_partial = name.ends_with(paths::PARTIAL_REPORT_SUFFIX);
            let number = paths::number_of_report_folder(&name)?;
            let is_wanted = number > after && at_most.is_none_or(|most| number <= most);
            (is_wanted && !is_partial).then(|| (number, entry.path()))
        })
        .collect();
    found.sort();
    found.into_iter().rev().find_map(|(number, folder)| {
        let (link, digest) = read_link(&folder, identity)?;
        (link.number == number).then_some((link, digest))
    })
}

fn read_link(folder: &Path, identity: Option<&Identity>) -> Option<(ChainLink, Sha256Digest)> {
    let path = folder.join(paths::REPORT_JSON);
    let length = fs::metadata(&path).ok()?.len();
    if length > u64::try_from(MOST_REPORT_BYTES).unwrap_or(u64::MAX) {
        return None;
    }
    let json = fs::read(&path).ok()?;
    let report = match identity {
        Some(own) => {
            let signature = fs::read_to_string(folder.join(paths::REPORT_SIGNATURE)).ok();
            let checked = check_report(&json, signature.as_deref(), None, own.public_key());
            checked.ok()?.report
        }
        None => Report::parse_bytes(&json).ok()?,
    };
    Some((report.chain?, Sha256Digest::of(&json)))
}

#[cfg(test)]
mod tests;
