//! Home again: reports of all sticks into one store, and from there into a page, tables and claims.
//!
//! ```text
//! sources -> ingest (authenticity) -> store -> Campaign -> page, sheets, CSV, JSON lines, Parquet
//! ```
//!
//! The store only ever grows; everything else in the folder is made from it anew, and left alone if neither
//! the store nor what else goes into it changed. Nothing that a report says is a path here, and nothing of
//! it becomes markup, a formula or a line of a terminal.

use std::path::{Path, PathBuf};

use fs_err as fs;
use rescue_stick::digest::Sha256Digest;
use rescue_stick::signature::SignatureError;

use self::authenticity::KnownKeys;
use self::campaign::Campaign;
use self::claims::Claims;
use self::claims::money::Costs;
use self::coverage::{Covered, Expected};
use self::export::parquet::ExportError;
use self::ingest::{IngestError, Ingested, ingest, judge_again};
use self::page::{PageError, PageFrame, page_text};
use self::store::{Store, StoreError};

pub mod authenticity;
pub mod campaign;
pub mod claims;
pub mod coverage;
pub mod export;
pub mod factors;
pub mod facts;
pub mod ingest;
pub mod outcome;
pub mod page;
pub mod sheets;
pub mod sources;
pub mod store;
pub mod table;

/// What is to be collected, and what is made of it.
#[derive(Clone, Debug)]
pub struct CollectOptions {
    /// Sticks, folders, zips.
    pub sources: Vec<PathBuf>,
    /// Folder of the campaign.
    pub folder: PathBuf,
    /// Sticks and their public keys, from receipts.
    pub keys: Vec<(String, String)>,
    /// Machines that somebody expects, if anybody does.
    pub expected: Option<Vec<Expected>>,
    /// What visits cost, if anybody says.
    pub costs: Vec<Costs>,
    /// Title of the page; `None` for that of the images.
    pub title: Option<String>,
    /// Language of pages at first.
    pub language: String,
    /// Threads that judge reports.
    pub threads: usize,
}

/// Why a collection was not finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// Sources or store.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A receipt has a key that is none.
    #[error("receipt of stick {stick}: {source}")]
    Key {
        /// The stick.
        stick: String,
        /// Why it is none.
        source: SignatureError,
    },
    /// The page.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The Parquet tables.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A file cannot be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// What a collection came to.
#[derive(Debug)]
pub struct Collected {
    /// What went into the store.
    pub ingested: Ingested,
    /// Sticks that receipts know.
    pub known_sticks: usize,
    /// All there is now.
    pub campaign: Campaign,
    /// The list of expected machines held against it.
    pub covered: Option<Covered>,
    /// Visits.
    pub claims: Claims,
    /// Whether the files in the folder were written; `false` if they were up to date.
    pub is_written: bool,
}

/// Every file that is made in the folder, but for coverage and Parquet.
const ALL_FILES: [&str; 7] = [
    "index.html",
    "machines.csv",
    "machines.jsonl",
    "apart.csv",
    "claims.csv",
    "claims-evidence.csv",
    "claims.html",
];

/// Name of the note about what the files were made from.
const MADE_FROM: &str = "made-from";

/// Collects, and makes what belongs in the folder.
pub fn collect(options: &CollectOptions) -> Result<Collected, CollectError> {
    fs::create_dir_all(&options.folder)?;
    let mut store = Store::open(&options.folder)?;
    let mut has_new_key = false;
    let mut keys = KnownKeys::default();
    for (stick, key) in &options.keys {
        // Checked before it is kept, so that a bad receipt does not spoil the store.
        add_key(&mut keys, stick, key)?;
        has_new_key |= store.add_key(stick, key)?;
    }
    let mut keys = KnownKeys::default();
    for (stick, key) in store.keys()? {
        add_key(&mut keys, &stick, &key)?;
    }
    let mut ingested = ingest(&options.sources, &mut store, &keys, options.threads)?;
    if has_new_key {
        ingested.has_changed |= judge_again(&mut store, &keys)?;
    }
    let campaign = Campaign::read(&store)?;
    let covered = options
        .expected
        .clone()
        .map(|expected| Covered::of(expected, &campaign));
    let claims = Claims::of(&campaign, &options.costs);
    let mut collected = Collected {
        ingested,
        known_sticks: keys.count(),
        campaign,
        covered,
        claims,
        is_written: false,
    };
    let made_from = made_from(options, &collected);
    let is_there = ALL_FILES
        .iter()
        .all(|name| options.folder.join(name).is_file());
    if !is_there || store.note(MADE_FROM)?.as_deref() != Some(made_from.as_str()) {
        write_files(options, &collected, &store)?;
        store.set_note(MADE_FROM, &made_from)?;
        collected.is_written = true;
    }
    Ok(collected)
}

fn add_key(keys: &mut KnownKeys, stick: &str, key: &str) -> Result<(), CollectError> {
    let added = keys.add(stick, key);
    added.map_err(|source| CollectError::Key {
        stick: stick.to_owned(),
        source,
    })
}

/// Returns a digest of everything that the files follow from.
fn made_from(options: &CollectOptions, collected: &Collected) -> String {
    let mut text = format!(
        "{} {:?} {} {:?} {:?} {:?}\n",
        env!("CARGO_PKG_VERSION"),
        options.title,
        options.language,
        options.expected,
        options.costs,
        collected.campaign.apart,
    );
    for report in &collected.campaign.reports {
        text.push_str(&report.stored.digest.to_string());
    }
    Sha256Digest::of(text.as_bytes()).to_string()
}

fn write_files(
    options: &CollectOptions,
    collected: &Collected,
    store: &Store,
) -> Result<(), CollectError> {
    let Collected {
        campaign,
        claims,
        covered,
        ..
    } = collected;
    let place = |name: &str| options.folder.join(name);
    let titles = campaign.titles();
    let title = options
        .title
        .as_deref()
        .or_else(|| titles.first().copied())
        .unwrap_or("mendkit");
    let frame = PageFrame {
        title,
        language: &options.language,
    };
    let page = page_text(campaign, covered.as_ref(), claims, store, &frame)?;
    write_text(&place("index.html"), &page)?;
    drop(page);
    export::write_whole(&place("machines.csv"), |sink| {
        export::write_machines(campaign, sink)
    })?;
    export::write_whole(&place("machines.jsonl"), |sink| {
        export::write_json_lines(campaign, sink)
    })?;
    export::write_whole(&place("apart.csv"), |sink| {
        export::write_apart(campaign, sink)
    })?;
    export::write_whole(&place("claims.csv"), |sink| {
        export::write_claims(claims, sink)
    })?;
    export::write_whole(&place("claims-evidence.csv"), |sink| {
        export::write_evidence(claims, campaign, sink)
    })?;
    write_text(
        &place("claims.html"),
        &sheets::claims_pages(claims, campaign, &frame),
    )?;
    if let Some(covered) = covered {
        export::write_whole(&place("coverage.csv"), |sink| {
            export::write_coverage(covered, campaign, sink)
        })?;
        write_text(
            &place("visit-list.html"),
            &sheets::visit_list(covered, campaign, &frame),
        )?;
    }
    let factors = store.all_factors()?;
    export::parquet::write_tables(campaign, &factors, &place("parquet"))?;
    Ok(())
}

fn write_text(path: &Path, text: &str) -> std::io::Result<()> {
    export::write_whole(path, |sink| {
        std::io::Write::write_all(sink, text.as_bytes())
    })
}
