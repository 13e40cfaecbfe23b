//! The store: every report that was ever collected, as it was found, in one SQLite file.
//!
//! Nothing is taken out again. What is not authentic lies in the same table with its standing, apart from
//! everything that counts. The bytes of reports are kept deflated, so each figure can be led back to what
//! a stick signed.
//!
//! ```text
//! report   evidence  SHA-256 over digest and signature; what was collected before is known by it
//!          digest    SHA-256 of the report        standing, reason   what it is worth
//!          stick, number, previous, counter       its place in the chain of its stick
//!          place     where it was found first     bytes, signature   as found
//!          facts     what is counted, JSON        factors            numbers of its factors, LEB128
//! factor   number -> kind, subject, value
//! key      stick -> public key, from the receipts
//! head     stick -> the furthest head record seen of it, JSON
//! doubled  reports that count only until a better one with their number comes
//! trouble  what was not read, or found twice
//! meta     what was made of the store last, to leave it alone if nothing changed
//! ```

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use rescue_stick::digest::Sha256Digest;
use rusqlite::{Connection, Row, params};

use super::authenticity::{Link, Standing};
use super::factors::{ALL_KINDS, Factor};
use super::facts::Facts;

mod error;
mod notes;
mod packing;

pub use error::StoreError;
pub use notes::Apart;
pub use packing::{leb128_numbers, pack};
use packing::{unpack, write_leb128};

/// The schema that this version writes, in the file's user_version.
pub const STORE_SCHEMA: u32 = 1;

/// Name of the store in the folder of a campaign.
pub const STORE_NAME: &str = "collected.sqlite";

/// Factors that are told apart at most; hostile reports could make up any number.
const MOST_FACTORS: usize = 200_000;

const TABLES: &str = "
CREATE TABLE report (
    id INTEGER PRIMARY KEY, evidence BLOB NOT NULL UNIQUE, digest BLOB NOT NULL, standing INTEGER NOT NULL,
    reason TEXT NOT NULL, stick TEXT NOT NULL, number INTEGER, previous BLOB, counter INTEGER NOT NULL,
    place TEXT NOT NULL,
    bytes BLOB NOT NULL, signature BLOB NOT NULL, facts TEXT, factors BLOB);
CREATE TABLE factor (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, subject TEXT NOT NULL, value TEXT NOT NULL);
CREATE TABLE key (stick TEXT NOT NULL, public_key TEXT NOT NULL, UNIQUE (stick, public_key));
CREATE TABLE head (stick TEXT PRIMARY KEY, counter INTEGER NOT NULL, record TEXT NOT NULL);
CREATE TABLE doubled (report INTEGER PRIMARY KEY, reason TEXT NOT NULL);
CREATE TABLE trouble (kind TEXT NOT NULL, place TEXT NOT NULL, reason TEXT NOT NULL, UNIQUE (kind, place, reason));
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
PRAGMA user_version = 1;
";

/// A report on its way into the store.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// What it is known by.
    pub evidence: Sha256Digest,
    /// SHA-256 of its bytes.
    pub digest: Sha256Digest,
    /// What it is worth.
    pub standing: Standing,
    /// Why it is not authentic; empty if it is.
    pub reason: String,
    /// Its place in a chain.
    pub link: Link,
    /// Where it was found.
    pub place: String,
    /// Its bytes, deflated.
    pub packed: Vec<u8>,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// What is counted, of an authentic one.
    pub facts: Option<Facts>,
    /// What may set its machine apart.
    pub factors: Vec<Factor>,
}

/// A report in the store, without its bytes.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Number of the row.
    pub id: i64,
    /// SHA-256 of its bytes.
    pub digest: Sha256Digest,
    /// Its place in a chain.
    pub link: Link,
    /// What is counted.
    pub facts: Facts,
    /// Numbers of its factors.
    pub factors: Vec<u8>,
}

/// The store of a campaign.
pub struct Store {
    connection: Connection,
    path: PathBuf,
    factors: HashMap<Factor, i64>,
}

impl Store {
    /// Opens the store in a folder, or begins one.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(STORE_NAME);
        let sql = |source| StoreError::Sql {
            path: path.clone(),
            source,
        };
        let connection = Connection::open(&path).map_err(sql)?;
        let prepare = || {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0))
        };
        let schema = prepare().map_err(sql)?;
        match schema {
            0 => connection
                .execute_batch(&format!("BEGIN IMMEDIATE; {TABLES} COMMIT;"))
                .map_err(sql)?,
            STORE_SCHEMA => {}
            found => return Err(StoreError::Schema { path, found }),
        }
        let mut store = Self {
            connection,
            path,
            factors: HashMap::new(),
        };
        store.factors = store
            .all_factors()?
            .into_iter()
            .map(|(id, factor)| (factor, id))
            .collect();
        Ok(store)
    }

    fn sql(&self) -> impl Fn(rusqlite::Error) -> StoreError {
        let path = self.path.clone();
        move |source| StoreError::Sql {
            path: path.clone(),
            source,
        }
    }

    fn row_error(&self, id: i64, finding: impl Into<String>) -> StoreError {
        StoreError::Row {
            path: self.path.clone(),
            id,
            finding: finding.into(),
        }
    }

    /// Begins to write; nothing is kept until [`Store::keep`].
    pub fn begin(&self) -> Result<(), StoreError> {
        self.connection
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(self.sql())
    }

    /// Keeps what was written since [`Store::begin`].
    pub fn keep(&self) -> Result<(), StoreError> {
        self.connection.execute_batch("COMMIT").map_err(self.sql())
    }

    /// Returns what every report that was collected is known by.
    pub fn evidences(&self) -> Result<HashSet<Sha256Digest>, StoreError> {
        self.list("SELECT evidence FROM report", |row| digest_at(row, 0))
            .map(|all| all.into_iter().collect())
    }

    fn list<T>(
        &self,
        query: &str,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let all = || {
            let mut statement = self.connection.prepare_cached(query)?;
            let rows = statement.query_map([], |row| read(row))?;
            rows.collect::<rusqlite::Result<Vec<T>>>()
        };
        all().map_err(self.sql())
    }

    /// Adds a report; one that is already there is left as it is. Tells whether it was new.
    pub fn add(&mut self, report: &NewReport) -> Result<bool, StoreError> {
        let factors = self.factor_numbers(&report.factors)?;
        let facts = report.facts.as_ref().map(serde_json::to_string).transpose();
        let facts = facts.map_err(|error| self.row_error(0, error.to_string()))?;
        let Link {
            stick,
            number,
            previous,
            counter,
        } = &report.link;
        let insert = || {
            let mut statement = self.connection.prepare_cached(
                "INSERT OR IGNORE INTO report (evidence, digest, standing, reason, stick, number, previous,
                 counter, place, bytes, signature, facts, factors)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?;
            statement.execute(params![
                report.evidence.0,
                report.digest.0,
                report.standing.number(),
                report.reason,
                stick,
                number.and_then(|number| i64::try_from(number).ok()),
                previous.map(|digest| digest.0),
                i64::try_from(*counter).unwrap_or(i64::MAX),
                report.place,
                report.packed,
                report.signature,
                facts,
                factors,
            ])
        };
        insert().map(|count| count > 0).map_err(self.sql())
    }

    /// Returns the numbers of factors, new ones included, in LEB128. Those that are too many are left out.
    fn factor_numbers(&mut self, factors: &[Factor]) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::with_capacity(factors.len().saturating_mul(2));
        for factor in factors {
            let number = match self.factors.get(factor) {
                Some(number) => *number,
                None if self.factors.len() >= MOST_FACTORS => continue,
                None => {
                    let kind = ALL_KINDS.iter().position(|kind| *kind == factor.kind);
                    let kind = kind.and_then(|kind| i64::try_from(kind).ok());
                    let insert = "INSERT INTO factor (kind, subject, value) VALUES (?, ?, ?)";
                    let values = params![kind, factor.subject, factor.value];
                    self.connection
                        .execute(insert, values)
                        .map_err(self.sql())?;
                    let number = self.connection.last_insert_rowid();
                    self.factors.insert(factor.clone(), number);
                    number
                }
            };
            write_leb128(&mut bytes, u64::try_from(number).unwrap_or_default());
        }
        Ok(bytes)
    }

    /// Returns all factors with their numbers.
    pub fn all_factors(&self) -> Result<Vec<(i64, Factor)>, StoreError> {
        let rows = self.list(
            "SELECT id, kind, subject, value FROM factor ORDER BY id",
            |row| {
                let kind: u8 = row.get(1)?;
                let factor = ALL_KINDS.get(usize::from(kind)).map(|kind| {
                    Ok::<_, rusqlite::Error>(Factor {
                        kind: *kind,
                        subject: row.get(2)?,
                        value: row.get(3)?,
                    })
                });
                Ok((row.get(0)?, factor.transpose()?))
            },
        )?;
        Ok(rows
            .into_iter()
            .filter_map(|(id, factor)| Some((id, factor?)))
            .collect())
    }

    /// Returns every authentic report, in the order of sticks and their numbers.
    pub fn authentic(&self) -> Result<Vec<Stored>, StoreError> {
        let query = format!(
            "SELECT id, digest, stick, number, previous, counter, facts, factors FROM report WHERE standing = {}
             ORDER BY stick, number, id",
            Standing::Authentic.number()
        );
        let rows = self.list(&query, |row| {
            let id: i64 = row.get(0)?;
            let facts: Option<String> = row.get(6)?;
            let link = Link {
                stick: row.get(2)?,
                number: row
                    .get::<_, Option<i64>>(3)?
                    .and_then(|number| u64::try_from(number).ok()),
                previous: row.get::<_, Option<[u8; 32]>>(4)?.map(Sha256Digest),
                counter: u64::try_from(row.get::<_, i64>(5)?).unwrap_or_default(),
            };
            let factors: Option<Vec<u8>> = row.get(7)?;
            let facts = serde_json::from_str::<Facts>(facts.as_deref().unwrap_or_default());
            Ok((
                id,
                digest_at(row, 1)?,
                link,
                facts,
                factors.unwrap_or_default(),
            ))
        })?;
        let stored =
            |(id, digest, link, facts, factors): (i64, _, _, serde_json::Result<Facts>, _)| {
                let facts = facts.map_err(|error| self.row_error(id, error.to_string()))?;
                Ok(Stored {
                    id,
                    digest,
                    link,
                    facts,
                    factors,
                })
            };
        rows.into_iter().map(stored).collect()
    }

    /// Returns the bytes of a report as they were found.
    pub fn bytes_of(&self, id: i64) -> Result<Vec<u8>, StoreError> {
        let query = || {
            let mut statement = self
                .connection
                .prepare_cached("SELECT bytes FROM report WHERE id = ?")?;
            statement.query_row([id], |row| row.get::<_, Vec<u8>>(0))
        };
        let packed = query().map_err(self.sql())?;
        unpack(&packed).map_err(|error| self.row_error(id, error.to_string()))
    }

    /// Hands out everything that is not authentic and may become so under other keys: row, bytes, signature,
    /// place.
    pub fn doubtful(&self) -> Result<Vec<(i64, String)>, StoreError> {
        let query = format!(
            "SELECT id, place FROM report WHERE standing NOT IN ({}, {}) ORDER BY id",
            Standing::Authentic.number(),
            Standing::Unreadable.number()
        );
        self.list(&query, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Returns the signature of a report as it was found.
    pub fn signature_of(&self, id: i64) -> Result<Vec<u8>, StoreError> {
        let query = "SELECT signature FROM report WHERE id = ?";
        self.connection
            .query_row(query, [id], |row| row.get(0))
            .map_err(self.sql())
    }

    /// Puts a report that was judged again in the place of the row it had; tells whether that changes
    /// anything.
    pub fn replace(&mut self, id: i64, report: &NewReport) -> Result<bool, StoreError> {
        let query = "SELECT standing, reason FROM report WHERE id = ?";
        let former = self.connection.query_row(query, [id], |row| {
            Ok((row.get::<_, u8>(0)?, row.get::<_, String>(1)?))
        });
        if former.map_err(self.sql())? == (report.standing.number(), report.reason.clone()) {
            return Ok(false);
        }
        self.connection
            .execute("DELETE FROM report WHERE id = ?", [id])
            .map_err(self.sql())?;
        self.add(report)
    }

    /// Notes that a report is doubled, after the chain of its stick was looked at. It stays what it is,
    /// since a report that comes later may make it the one that counts.
    pub fn set_doubled(&self, id: i64, reason: &str) -> Result<(), StoreError> {
        let change = "INSERT OR REPLACE INTO doubled (report, reason) VALUES (?, ?)";
        self.connection
            .execute(change, params![id, reason])
            .map(|_| ())
            .map_err(self.sql())
    }

    /// Forgets which reports are doubled, before chains are looked at again.
    pub fn forget_doubled(&self) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM doubled", [])
            .map(|_| ())
            .map_err(self.sql())
    }
}

fn digest_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Sha256Digest> {
    row.get(column).map(Sha256Digest)
}

#[cfg(test)]
mod tests;
