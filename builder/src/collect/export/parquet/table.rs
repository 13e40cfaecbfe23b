//! A Parquet table that is written a group of rows at a time.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::collect::claims::unix_seconds;

/// Rows that are written at once; all of them are in memory.
pub(super) const GROUP_ROWS: usize = 200_000;

/// Why the tables were not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A file cannot be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The format's own complaint.
    #[error("table {table}: {source}")]
    Format {
        /// Name of the table.
        table: &'static str,
        /// What the crate said.
        source: ParquetError,
    },
}

/// A column of a group of rows.
pub(super) enum Column {
    Text(Vec<ByteArray>),
    Number(Vec<i64>),
    Flag(Vec<bool>),
    /// Days since 1970.
    Day(Vec<Option<i32>>),
    /// Milliseconds since 1970.
    Time(Vec<Option<i64>>),
}

/// A table that is being written.
pub(super) struct Table<W: Write + Send> {
    name: &'static str,
    writer: SerializedFileWriter<W>,
}

impl<W: Write + Send> Table<W> {
    pub(super) fn begin(name: &'static str, fields: &str, sink: W) -> Result<Self, ExportError> {
        let format = |source| ExportError::Format {
            table: name,
            source,
        };
        let schema =
            parse_message_type(&format!("message {name} {{ {fields} }}")).map_err(format)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by("mendkit".to_owned())
            .build();
        let writer = SerializedFileWriter::new(sink, Arc::new(schema), Arc::new(properties));
        Ok(Self {
            name,
            writer: writer.map_err(format)?,
        })
    }

    pub(super) fn add(&mut self, columns: Vec<Column>) -> Result<(), ExportError> {
        let name = self.name;
        self.add_group(columns)
            .map_err(|source| ExportError::Format {
                table: name,
                source,
            })
    }

    fn add_group(&mut self, columns: Vec<Column>) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for column in columns {
            let Some(mut writer) = group.next_column()? else {
                return Err(ParquetError::General(
                    "more columns than in the schema".to_owned(),
                ));
            };
            match column {
                Column::Text(values) => writer
                    .typed::<ByteArrayType>()
                    .write_batch(&values, None, None)?,
                Column::Number(values) => writer
                    .typed::<Int64Type>()
                    .write_batch(&values, None, None)?,
                Column::Flag(values) => writer
                    .typed::<BoolType>()
                    .write_batch(&values, None, None)?,
                Column::Day(values) => {
                    let (levels, values) = with_levels(values);
                    writer
                        .typed::<Int32Type>()
                        .write_batch(&values, Some(&levels), None)?
                }
                Column::Time(values) => {
                    let (levels, values) = with_levels(values);
                    writer
                        .typed::<Int64Type>()
                        .write_batch(&values, Some(&levels), None)?
                }
            };
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(), ExportError> {
        let name = self.name;
        let closed = self.writer.close();
        closed.map(|_| ()).map_err(|source| ExportError::Format {
            table: name,
            source,
        })
    }
}

/// Returns for every row whether it has a value, and the values.
pub(super) fn with_levels<T>(values: Vec<Option<T>>) -> (Vec<i16>, Vec<T>) {
    let levels = values
        .iter()
        .map(|value| i16::from(value.is_some()))
        .collect();
    (levels, values.into_iter().flatten().collect())
}

pub(super) fn day_number(day: &str) -> Option<i32> {
    let seconds = unix_seconds(&format!("{day}T00:00:00Z"))?;
    i32::try_from(seconds / 86_400).ok()
}

pub(super) fn number(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
