//! Arguments of the commands that write sticks.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `mendkit write`.
#[derive(Debug, Args)]
#[command(
    after_help = "A stick may be a device, or an existing file of the stick's size that stands for one. \
Loop and nbd devices, files and USB hard disks are written only when they are named. \
A stick that was interrupted does not start a PC: what makes it bootable is cleared first and written last."
)]
pub struct WriteArgs {
    /// The image
    #[arg(value_name = "IMAGE")]
    pub image: PathBuf,
    /// The sticks, such as /dev/sdb
    #[arg(value_name = "DEVICE", required_unless_present = "all")]
    pub devices: Vec<PathBuf>,
    /// Write to every stick and card that is plugged in and that nobody uses
    #[arg(long, conflicts_with = "devices")]
    pub all: bool,
    /// Do not ask: erase exactly this many sticks, or none if there are more or fewer
    #[arg(long, value_name = "N")]
    pub yes_erase: Option<usize>,
    /// Public key that must have signed the image [default: the key in the image itself]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Probe all of every stick for fake capacity, and not only some forty places; takes long
    #[arg(long)]
    pub full_probe: bool,
    /// What is kept of it
    #[command(flatten)]
    pub record: RecordArgs,
    /// Print what happens as JSON, one object a line
    #[arg(long)]
    pub json_progress: bool,
}

/// What is kept of sticks that are written or refreshed.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// Who writes the sticks, as their identities and receipts say it [default: name of user and computer]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Where receipts.jsonl, receipts.csv and labels.html go [default: the current folder]
    #[arg(long, value_name = "FOLDER")]
    pub receipts: Option<PathBuf>,
    /// Keep no receipts and make no labels
    #[arg(long, conflicts_with = "receipts")]
    pub no_receipts: bool,
}

/// Arguments of `mendkit refresh`.
#[derive(Debug, Args)]
#[command(
    after_help = "A stick that is not mendkit's, that holds something newer or an unfinished repair, is left as it is. \
If the power fails, a stick is as before, or as after, or says that it must be refreshed: then do it again."
)]
pub struct RefreshArgs {
    /// The image
    #[arg(value_name = "IMAGE")]
    pub image: PathBuf,
    /// The sticks, such as /dev/sdb
    #[arg(value_name = "DEVICE", required_unless_present = "all")]
    pub devices: Vec<PathBuf>,
    /// Refresh every stick of mendkit that is plugged in and that nobody uses
    #[arg(long, conflicts_with = "devices")]
    pub all: bool,
    /// Do not ask: refresh exactly this many sticks, or none if there are more or fewer
    #[arg(long, value_name = "N")]
    pub yes_refresh: Option<usize>,
    /// Public key that must have signed the image [default: the key in the image itself]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Take sticks that another key signed, whose public key this is
    #[arg(long, value_name = "OLD.pub")]
    pub stick_key: Option<PathBuf>,
    /// Take sticks that hold something newer than the image, too
    #[arg(long)]
    pub allow_older: bool,
    /// What is kept of it
    #[command(flatten)]
    pub record: RecordArgs,
    /// Print what happens as JSON, one object a line
    #[arg(long)]
    pub json_progress: bool,
}
