//! QEMU's machine protocol: one JSON object a line, a command answered before the next is sent.
//!
//! Source: QEMU Machine Protocol specification. Events are read and left aside.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::error::{Context, Result, bail, ensure};
use serde_json::{Value, json};

/// A connection to a machine.
#[derive(Debug)]
pub(super) struct Qmp {
    reader: BufReader<UnixStream>,
}

impl Qmp {
    /// Greets, and agrees on nothing more than the basic protocol.
    pub(super) fn new(stream: UnixStream, limit: Duration) -> Result<Self> {
        stream.set_read_timeout(Some(limit))?;
        let mut qmp = Self {
            reader: BufReader::new(stream),
        };
        let greeting = qmp.read()?;
        ensure!(greeting["QMP"].is_object(), "QMP: greeting is {greeting}");
        qmp.execute("qmp_capabilities", json!({}))?;
        Ok(qmp)
    }

    /// Runs a command and returns what it returns.
    pub(super) fn execute(&mut self, command: &str, arguments: Value) -> Result<Value> {
        let line = format!(
            "{}\n",
            json!({ "execute": command, "arguments": arguments })
        );
        self.reader
            .get_mut()
            .write_all(line.as_bytes())
            .context("writing to QMP")?;
        loop {
            let mut answer = self.read()?;
            if let Some(found) = answer.get_mut("return") {
                return Ok(found.take());
            }
            if let Some(error) = answer.get("error") {
                bail!("QMP: {command}: {error}");
            }
        }
    }

    fn read(&mut self) -> Result<Value> {
        let mut line = String::new();
        let length = self
            .reader
            .read_line(&mut line)
            .context("reading from QMP")?;
        ensure!(length > 0, "QMP: closed by QEMU");
        serde_json::from_str(&line).with_context(|| format!("QMP: not JSON: {line}"))
    }
}
