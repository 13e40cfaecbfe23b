//! What goes between the machine and its images, as QEMU counts it.

use serde_json::{Value, json};

use super::{Machine, Traffic};
use crate::error::{Context as _, Result};

impl Machine {
    /// Returns the traffic between the machine and the stick so far.
    pub fn stick_traffic(&mut self) -> Result<Traffic> {
        self.traffic("stick-device")
    }

    /// Returns the traffic between the machine and the disk number `index` so far.
    pub fn disk_traffic(&mut self, index: usize) -> Result<Traffic> {
        self.traffic(&format!("disk{index}-device"))
    }

    fn traffic(&mut self, device: &str) -> Result<Traffic> {
        let stats = self.stats_of(device)?;
        let count = |name: &str| stats["stats"][name].as_u64().unwrap_or(0);
        Ok(Traffic {
            read_bytes: count("rd_bytes"),
            read_operations: count("rd_operations"),
            written_bytes: count("wr_bytes"),
            write_operations: count("wr_operations"),
        })
    }

    /// Returns what QEMU counts of a device, with its path in QEMU's tree.
    pub(super) fn stats_of(&mut self, device: &str) -> Result<Value> {
        let answer = self.qmp.execute("query-blockstats", json!({}))?;
        let devices = answer.as_array().context("query-blockstats: no list")?;
        // The path of the device in QEMU's tree: it ends in our name, or has it as a part.
        let is_it = |path: &str| path.split('/').any(|part| part == device);
        devices
            .iter()
            .find(|entry| entry["qdev"].as_str().is_some_and(is_it))
            .cloned()
            .with_context(|| format!("query-blockstats: no device {device} in {answer}"))
    }
}
