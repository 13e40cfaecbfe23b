//! What happens to the stick while the machine runs: it is pulled, put back, or becomes slow.

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

    /// Makes the stick so slow that it takes at most `bytes` in a second from now on.
    pub fn slow_stick_down(&mut self, bytes: u64) -> Result<()> {
        let path = self.stats_of("stick-device")?["qdev"].clone();
        let limits = json!({
            "id": path, "bps": 0, "bps_rd": 0, "bps_wr": bytes,
            "iops": 0, "iops_rd": 0, "iops_wr": 0,
        });
        self.qmp.execute("block_set_io_throttle", limits)?;
        Ok(())
    }
}
