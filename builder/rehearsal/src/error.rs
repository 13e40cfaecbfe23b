//! The one error of this crate: nearly everything here either calls another program or lays out bytes,
//! and whoever rehearses wants to read what was done, with what finding.

use std::io;

/// A result with this crate's error.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a PC could not be simulated or started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program of other people is not installed.
    #[error("{program}: no such program in PATH, /usr/sbin or /sbin{hint}")]
    MissingTool {
        /// The program.
        program: String,
        /// Which package brings it, if that is known.
        hint: String,
    },
    /// A program of other people did not do what it was asked.
    #[error("{command}: {status}, expected exit status 0\n{said}")]
    Tool {
        /// The program and its arguments.
        command: String,
        /// How it ended.
        status: String,
        /// All that it said.
        said: String,
    },
    /// Something is not as it must be: place, finding, expectation.
    #[error("{0}")]
    Finding(String),
    /// Something went wrong on the way to something.
    #[error("{doing}")]
    While {
        /// What was being done.
        doing: String,
        /// What went wrong.
        source: Box<Error>,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A format was refused by who reads or writes it for us.
    #[error(transparent)]
    Format(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Returns this error as one that came up while doing something.
    pub(crate) fn context(self, doing: impl Into<String>) -> Self {
        Self::While {
            doing: doing.into(),
            source: Box::new(self),
        }
    }

    /// Returns the error and all its causes in one line, as a person reads them.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(source) = next {
            text.push_str(": ");
            text.push_str(&source.to_string());
            next = source.source();
        }
        text
    }
}

/// Errors of others that say all there is to say themselves.
macro_rules! formats {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::Format(Box::new(error))
            }
        })*
    };
}

formats!(
    std::array::TryFromSliceError,
    std::num::ParseIntError,
    std::num::TryFromIntError,
    std::str::Utf8Error,
    gpt::GptError,
    gpt::mbr::MBRError,
    hex::FromHexError,
    regf::Error,
    serde_json::Error,
    uuid::Error,
    zip::result::ZipError,
);

impl From<rustix::io::Errno> for Error {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}

/// Says what was being done when something went wrong.
pub(crate) trait Context<T> {
    /// As [`with_context`](Context::with_context), for a text that is there anyway.
    fn context(self, doing: impl Into<String>) -> Result<T>;
    /// Returns the value, or the error with what was being done; of an absent value that is all there is.
    fn with_context<S: Into<String>>(self, doing: impl FnOnce() -> S) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, doing: impl Into<String>) -> Result<T> {
        self.map_err(|error| error.into().context(doing))
    }

    fn with_context<S: Into<String>>(self, doing: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|error| error.into().context(doing()))
    }
}

impl<T> Context<T> for Option<T> {
    fn context(self, doing: impl Into<String>) -> Result<T> {
        self.ok_or_else(|| Error::Finding(doing.into()))
    }

    fn with_context<S: Into<String>>(self, doing: impl FnOnce() -> S) -> Result<T> {
        self.ok_or_else(|| Error::Finding(doing().into()))
    }
}

/// Returns a finding from the function.
macro_rules! bail {
    ($($words:tt)*) => {
        return Err($crate::error::Error::Finding(format!($($words)*)))
    };
}

/// Returns a finding from the function unless something holds.
macro_rules! ensure {
    ($holds:expr, $($words:tt)*) => {
        if !$holds {
            return Err($crate::error::Error::Finding(format!($($words)*)));
        }
    };
}

/// Returns an error that is a finding.
macro_rules! finding {
    ($($words:tt)*) => {
        $crate::error::Error::Finding(format!($($words)*))
    };
}

pub(crate) use {bail, ensure, finding};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_says_what_was_done_and_what_was_found() {
        let missing: Option<u8> = None;
        let error = missing
            .context("hive: ends before 0x40")
            .context("making SYSTEM")
            .unwrap_err();
        assert_eq!(error.to_string(), "making SYSTEM");
        assert_eq!(error.chain(), "making SYSTEM: hive: ends before 0x40");
    }
}
