//! What the store keeps besides reports: keys and head records of sticks, what does not count, notes.

use std::collections::HashMap;

use rescue_stick::digest::Sha256Digest;
use rescue_stick::head::Head;
use rusqlite::{OptionalExtension as _, params};

use super::{Store, StoreError, digest_at};
use crate::collect::authenticity::Standing;
use crate::collect::sources::LeftOut;

/// A report that is not authentic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apart {
    /// What it is, in the word of [`Standing::word`], or `copied` or `left-out`.
    pub kind: String,
    /// Where it was found.
    pub place: String,
    /// Why it is apart.
    pub reason: String,
    /// SHA-256 of its bytes, if it was read.
    pub digest: Option<Sha256Digest>,
}

impl Store {
    /// Notes what was not read, or found twice; what was noted before is not noted again.
    pub fn add_trouble(&self, kind: &str, trouble: &LeftOut) -> Result<bool, StoreError> {
        let insert = "INSERT OR IGNORE INTO trouble (kind, place, reason) VALUES (?, ?, ?)";
        let values = params![kind, trouble.place, trouble.reason];
        self.connection
            .execute(insert, values)
            .map(|count| count > 0)
            .map_err(self.sql())
    }

    /// Returns everything that does not count, in a stable order.
    pub fn apart(&self) -> Result<Vec<Apart>, StoreError> {
        let query = format!(
            "SELECT standing, place, reason, digest FROM report WHERE standing != {} ORDER BY place, id",
            Standing::Authentic.number()
        );
        let mut all = self.list(&query, |row| {
            let standing = Standing::of_number(row.get(0)?);
            Ok(Apart {
                kind: standing.word().to_owned(),
                place: row.get(1)?,
                reason: row.get(2)?,
                digest: Some(digest_at(row, 3)?),
            })
        })?;
        let doubled = "SELECT place, doubled.reason, digest FROM doubled JOIN report ON id = report ORDER BY place, id";
        all.extend(self.list(doubled, |row| {
            let kind = "doubled".to_owned();
            Ok(Apart {
                kind,
                place: row.get(0)?,
                reason: row.get(1)?,
                digest: Some(digest_at(row, 2)?),
            })
        })?);
        all.extend(self.list(
            "SELECT kind, place, reason FROM trouble ORDER BY place, reason",
            |row| {
                Ok(Apart {
                    kind: row.get(0)?,
                    place: row.get(1)?,
                    reason: row.get(2)?,
                    digest: None,
                })
            },
        )?);
        Ok(all)
    }

    /// Adds a stick's public key; tells whether it was new.
    pub fn add_key(&self, stick: &str, key: &str) -> Result<bool, StoreError> {
        let insert = "INSERT OR IGNORE INTO key (stick, public_key) VALUES (?, ?)";
        let count = self
            .connection
            .execute(insert, [stick, key])
            .map_err(self.sql())?;
        Ok(count > 0)
    }

    /// Returns all keys of sticks.
    pub fn keys(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.list(
            "SELECT stick, public_key FROM key ORDER BY stick, public_key",
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// Keeps a stick's head record if it is further than the one that is there.
    pub fn add_head(&self, stick: &str, head: &Head) -> Result<bool, StoreError> {
        let record =
            serde_json::to_string(head).map_err(|error| self.row_error(0, error.to_string()))?;
        let insert = "INSERT INTO head (stick, counter, record) VALUES (?1, ?2, ?3)
            ON CONFLICT (stick) DO UPDATE SET counter = ?2, record = ?3 WHERE counter < ?2";
        let counter = i64::try_from(head.counter).unwrap_or(i64::MAX);
        let count = self
            .connection
            .execute(insert, params![stick, counter, record]);
        count.map(|count| count > 0).map_err(self.sql())
    }

    /// Returns the furthest head record of every stick.
    pub fn heads(&self) -> Result<HashMap<String, Head>, StoreError> {
        let rows = self.list("SELECT stick, record FROM head", |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        let parse = |(stick, record): (String, String)| match serde_json::from_str(&record) {
            Ok(head) => Ok((stick, head)),
            Err(error) => Err(self.row_error(0, format!("head of {stick}: {error}"))),
        };
        rows.into_iter().map(parse).collect()
    }

    /// Returns a note of an earlier collection.
    pub fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        let query = "SELECT value FROM meta WHERE name = ?";
        self.connection
            .query_row(query, [name], |row| row.get(0))
            .optional()
            .map_err(self.sql())
    }

    /// Notes something for later collections.
    pub fn set_note(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let change = "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)";
        self.connection
            .execute(change, [name, value])
            .map(|_| ())
            .map_err(self.sql())
    }
}
