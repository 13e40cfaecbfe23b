//! The command line as it was typed. Nothing is looked up here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

mod parts;
mod sticks;

pub use parts::{FetchArgs, PartsCommand, PartsPlace};
pub use sticks::{RecordArgs, RefreshArgs, WriteArgs};

/// Makes bootable USB sticks that mend Windows PCs which a bad security update has stopped from starting.
#[derive(Debug, Parser)]
#[command(name = "mendkit", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a folder with a commented recipe
    Init(InitArgs),
    /// Say everything that is wrong with a recipe, without building
    Check(CheckArgs),
    /// Make a signed image from a recipe
    Build(BuildArgs),
    /// Start an image in QEMU against a simulated broken PC, and say how it went
    Rehearse(RehearseArgs),
    /// Check an image or a stick against its signature, its manifest and its own structure
    Verify(VerifyArgs),
    /// Explain every sector and file of an image or a stick, or say what differs between two
    Inspect(InspectArgs),
    /// Put other definitions into a finished image, and sign it again
    Swap(SwapArgs),
    /// List this computer's disks: which may become sticks, and why the others may not
    Devices(DevicesArgs),
    /// Write an image to one stick or to many at once, and read every byte back
    Write(WriteArgs),
    /// Bring sticks to a newer image: writes only what differs, keeps their reports and identities
    Refresh(RefreshArgs),
    /// Make sheets of labels for the sticks that receipts tell of
    Labels(LabelsArgs),
    /// Check the receipts of written sticks
    #[command(subcommand)]
    Receipts(ReceiptsCommand),
    /// Collect the reports of sticks: what happened everywhere, and the invoice
    Collect(CollectArgs),
    /// Check what a phone read from the code of a report that no stick took
    Summary(SummaryArgs),
    /// Make a key pair for signing images
    Keygen(KeygenArgs),
    /// Seal BitLocker recovery keys for sticks
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Get the boot parts: Debian's kernels, boot loaders and NTFS driver
    #[command(subcommand)]
    Parts(PartsCommand),
    /// List and explain remedies
    #[command(subcommand)]
    Remedy(RemedyCommand),
    /// Print what makes a shell complete mendkit's commands and options
    Completions(CompletionsArgs),
    /// Write the manual, a page a command
    Man(ManArgs),
}

/// Arguments of `mendkit init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The folder; made if it is not there
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// The remedy that the recipe is for; `mendkit remedy list` lists those that are built in
    #[arg(long, value_name = "NAME", default_value = "mcafee-5958")]
    pub remedy: String,
}

/// Arguments of `mendkit check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The recipe
    #[arg(value_name = "RECIPE")]
    pub recipe: PathBuf,
    /// Where the boot parts are
    #[command(flatten)]
    pub parts: PartsPlace,
    /// The 32-bit `mend` that goes on the stick [default: mend-i586 beside this program]
    #[arg(long, value_name = "FILE")]
    pub mend: Option<PathBuf>,
}

/// Arguments of `mendkit rehearse`.
#[derive(Debug, Args)]
#[command(
    after_help = "The PC is emulated, so it is several times slower than a real one, and nothing of this computer is \
touched. The exit code is that of the verdict: 0 repaired or healthy, 1 something is left to a person, 2 not done, \
3 refused."
)]
pub struct RehearseArgs {
    /// The image; it stays as it is
    #[arg(value_name = "IMAGE", required_unless_present = "list")]
    pub image: Option<PathBuf>,
    /// The simulated PC [default: the one that shows what the image's first remedy does]
    #[arg(long, value_name = "KIND")]
    pub pc: Option<String>,
    /// List the simulated PCs
    #[arg(long, conflicts_with = "image")]
    pub list: bool,
    /// What the PC starts with [default: what such a PC had]
    #[arg(long, value_enum, value_name = "FIRMWARE")]
    pub firmware: Option<RehearsedFirmware>,
    /// Save a picture of the last screen, as PNG
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
    /// Keep the stick with its report and the PC's disk, as images in this folder
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,
    /// Seconds after which a PC that is still on has failed
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    pub limit: u64,
}

/// Firmware that a rehearsal can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RehearsedFirmware {
    /// SeaBIOS.
    Bios,
    /// 64-bit UEFI without Secure Boot.
    UefiX64,
    /// 32-bit UEFI without Secure Boot.
    UefiIa32,
    /// 64-bit UEFI with Secure Boot and Microsoft's keys of 2011.
    SecureBoot,
}

/// Arguments of `mendkit completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// Arguments of `mendkit man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder for the pages; made if it is not there
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// Arguments of `mendkit build`.
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// The recipe
    #[arg(value_name = "RECIPE")]
    pub recipe: PathBuf,
    /// Where the image goes; it appears only when it is complete
    #[arg(short, long, value_name = "IMAGE", required_unless_present = "plan")]
    pub output: Option<PathBuf>,
    /// Print every sector range and every file of the image, and write nothing
    #[arg(long)]
    pub plan: bool,
    /// Where the boot parts are
    #[command(flatten)]
    pub parts: PartsPlace,
    /// The 32-bit `mend` that goes on the stick [default: mend-i586 beside this program]
    #[arg(long, value_name = "FILE")]
    pub mend: Option<PathBuf>,
}

/// Arguments of `mendkit verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Images, or sticks such as /dev/sdb; several are checked at the same time
    #[arg(value_name = "IMAGE|DEVICE", required_unless_present = "all")]
    pub sources: Vec<PathBuf>,
    /// Check every stick and card that is plugged in
    #[arg(long, conflicts_with = "sources")]
    pub all: bool,
    /// Public key that must have signed it [default: the key on the stick itself]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// Arguments of `mendkit inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// An image, or a stick such as /dev/sdb; of a stick, free space is not read
    #[arg(value_name = "IMAGE|DEVICE", required_unless_present = "compare")]
    pub source: Option<PathBuf>,
    /// Say in words what differs between two images or sticks
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with_all = ["source", "json"])]
    pub compare: Vec<PathBuf>,
    /// Print one JSON object with everything that is known
    #[arg(long)]
    pub json: bool,
    /// Public key that must have signed it [default: the key on the stick itself]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// Arguments of `mendkit swap`.
#[derive(Debug, Args)]
pub struct SwapArgs {
    /// The finished image; it stays as it is
    #[arg(value_name = "IMAGE")]
    pub image: PathBuf,
    /// The vendor's new package, with the vendor's description beside it, or an EXTRA.DAT in the place of
    /// one; with the name of the set where the image carries several
    #[arg(long, value_name = "[NAME=]FILE", required = true)]
    pub definitions: Vec<PathBuf>,
    /// Password of the zip that holds the EXTRA.DAT, as in a recipe
    #[arg(long, value_name = "PASSWORD")]
    pub password: Option<String>,
    /// Where the new image goes; it appears only when it is complete
    #[arg(short, long, value_name = "IMAGE")]
    pub output: PathBuf,
    /// Secret key that signs the new image; it must be the one that signed the old
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Take an image that another key signed, whose public key this is, and give it the key of --key
    #[arg(long, value_name = "OLD.pub")]
    pub new_key: Option<PathBuf>,
    /// Date of the new image, YYYY-MM-DD [default: that of the old image]
    #[arg(long, value_name = "DATE")]
    pub date: Option<String>,
}

/// Arguments of `mendkit labels`.
#[derive(Debug, Args)]
pub struct LabelsArgs {
    /// The receipts, receipts.jsonl
    #[arg(value_name = "RECEIPTS")]
    pub receipts: PathBuf,
    /// Where the page goes; it is printed from a browser, at 100 %
    #[arg(short, long, value_name = "FILE", default_value = "labels.html")]
    pub output: PathBuf,
    /// The sheet: a4-3x8 (70 x 37 mm), a4-3x7 (63.5 x 38.1 mm) or a4-2x7 (99.1 x 38.1 mm)
    #[arg(long, value_name = "NAME", default_value = "a4-3x8")]
    pub label_sheet: String,
    /// Labels of the first sheet that are used up
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub skip: usize,
    /// Only these sticks, such as MK-7F3A-01 [default: every good one]
    #[arg(long, value_name = "ID")]
    pub stick: Vec<String>,
}

/// What to do about receipts.
#[derive(Debug, Subcommand)]
pub enum ReceiptsCommand {
    /// Say whether every receipt is still there and as it was written
    Check(ReceiptsCheckArgs),
}

/// Arguments of `mendkit receipts check`.
#[derive(Debug, Args)]
pub struct ReceiptsCheckArgs {
    /// The receipts, receipts.jsonl
    #[arg(value_name = "RECEIPTS")]
    pub receipts: PathBuf,
    /// Digest of the last receipt as it was noted before: this one must still be there
    #[arg(long, value_name = "SHA256")]
    pub head: Option<String>,
}

/// Arguments of `mendkit summary`.
#[derive(Debug, Args)]
pub struct SummaryArgs {
    /// The text of the code, MENDKIT1: and digits; parts are joined
    #[arg(value_name = "TEXT", required = true)]
    pub text: Vec<String>,
    /// The receipts, receipts.jsonl, that know the key of the stick
    #[arg(long, value_name = "FILE", required_unless_present = "key")]
    pub receipts: Option<PathBuf>,
    /// Public key of the stick
    #[arg(long, value_name = "FILE", conflicts_with = "receipts")]
    pub key: Option<PathBuf>,
    /// A report.json that must be the one the code is of
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// Arguments of `mendkit devices`.
#[derive(Debug, Args)]
#[command(after_help = "Loop and nbd devices are not listed, but may be named to `mendkit write`.")]
pub struct DevicesArgs {
    /// Print one JSON object with everything that is known
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `mendkit collect`.
#[derive(Debug, Args)]
#[command(
    after_help = "Reports that are not signed by a stick of the receipts are named and kept apart. \
Collecting again adds what is new and nothing else."
)]
pub struct CollectArgs {
    /// Mounted sticks, folders, zips of reports; or sticks such as /dev/sdb and images of them, which are
    /// read without being mounted
    #[arg(value_name = "SOURCE", required = true)]
    pub sources: Vec<PathBuf>,
    /// Folder of the campaign: its store, index.html, and the tables
    #[arg(short, long, value_name = "FOLDER")]
    pub output: PathBuf,
    /// Receipts of the sticks, whose keys are trusted [default: receipts.jsonl in the current folder]
    #[arg(long, value_name = "FILE")]
    pub receipts: Vec<PathBuf>,
    /// Machines that are expected, a table with the columns name or serial, site, contact
    #[arg(long, value_name = "CSV")]
    pub expected: Option<PathBuf>,
    /// What visits cost, a table with the columns date, site, technician, partner, currency, travel, expenses,
    /// hourly-rate, repair-rate
    #[arg(long, value_name = "CSV")]
    pub visits: Option<PathBuf>,
    /// Title of the page [default: that of the image]
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Language of the pages at first: en, fr, de or es; index.html has all of them
    #[arg(long, value_name = "CODE", default_value = "en")]
    pub language: String,
}

/// Arguments of `mendkit keygen`.
#[derive(Debug, Args)]
pub struct KeygenArgs {
    /// Where the secret key goes; the public key goes beside it, with .pub appended
    #[arg(short, long, value_name = "FILE", default_value = "release.key")]
    pub output: PathBuf,
    /// Make a key that anyone who has the file can use
    #[arg(long)]
    pub no_password: bool,
}

/// What to do about remedies.
#[derive(Debug, Subcommand)]
pub enum RemedyCommand {
    /// List the remedies that come with mendkit
    List,
    /// Explain a remedy in plain words, with all that it may write, and warn of its gaps
    Check(RemedyCheckArgs),
}

/// Arguments of `mendkit remedy check`.
#[derive(Debug, Args)]
pub struct RemedyCheckArgs {
    /// A remedy of one's own, or a built-in one by its name
    #[arg(value_name = "FILE.toml|NAME")]
    pub remedy: String,
}

/// What to do with recovery keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Encrypt a list of recovery keys under a passphrase; a recipe takes the result along
    Seal(KeysSealArgs),
    /// List what is in a bundle: key IDs and computers, no keys
    List(KeysListArgs),
}

/// Arguments of `mendkit keys seal`.
#[derive(Debug, Args)]
pub struct KeysSealArgs {
    /// The list, CSV as exported from Active Directory, Entra ID or MBAM
    #[arg(value_name = "CSV")]
    pub list: PathBuf,
    /// Where the bundle goes
    #[arg(short, long, value_name = "BUNDLE")]
    pub output: PathBuf,
    /// File whose first line is the passphrase [default: it is asked for]
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// Arguments of `mendkit keys list`.
#[derive(Debug, Args)]
pub struct KeysListArgs {
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// File whose first line is the passphrase [default: it is asked for]
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}
