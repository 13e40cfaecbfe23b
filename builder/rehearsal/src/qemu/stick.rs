//! What happens to sticks while the machine runs: one is pulled, put back, becomes slow, or another one comes in.

use std::path::Path;

use serde_json::json;

use super::Machine;
use crate::error::Result;

impl Machine {
    /// Pulls the stick out.
    pub fn pull_stick(&mut self) -> Result<()> {
        self.qmp
            .execute("device_del", json!({ "id": "stick-device" }))?;
        Ok(())
    }

    /// Puts the stick back that was pulled.
    pub fn put_stick_back(&mut self) -> Result<()> {
        let device = json!({
            "driver": "usb-storage", "id": "stick-device", "drive": "stick", "bus": "usb.0",
            "removable": true,
        });
        self.qmp.execute("device_add", device)?;
        Ok(())
    }

    /// Plugs a disk in beside the stick, on the same bus.
    pub fn plug_in(&mut self, image: &Path) -> Result<()> {
        let block = json!({
            "node-name": "late", "driver": "raw",
            "file": { "driver": "file", "filename": image },
        });
        self.qmp.execute("blockdev-add", block)?;
        let device = json!({
            "driver": "usb-storage", "id": "late-device", "drive": "late", "bus": "usb.0",
        });
        self.qmp.execute("device_add", device)?;
        Ok(())
    }

    /// Makes the stick so slow that it takes at most `bytes` in a second from now on.
    pub fn slow_stick_down(&mut self, bytes: u64) -> Result<()> {
        self.limit_stick(0, bytes)
    }

    /// Makes the stick so slow that it gives at most `bytes` in a second from now on.
    pub fn slow_reading_down(&mut self, bytes: u64) -> Result<()> {
        self.limit_stick(bytes, 0)
    }

    /// Limits what is read and written in a second; 0 is no limit.
    fn limit_stick(&mut self, read: u64, written: u64) -> Result<()> {
        let path = self.stats_of("stick-device")?["qdev"].clone();
        let limits = json!({
            "id": path, "bps": 0, "bps_rd": read, "bps_wr": written,
            "iops": 0, "iops_rd": 0, "iops_wr": 0,
        });
        self.qmp.execute("block_set_io_throttle", limits)?;
        Ok(())
    }
}
