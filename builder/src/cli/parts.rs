//! Arguments about boot parts.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do about boot parts.
#[derive(Debug, Subcommand)]
pub enum PartsCommand {
    /// Fetch the boot parts that the lock names; with --update the newest, and renew the lock
    Fetch(FetchArgs),
}

/// Arguments of `mendkit parts fetch`.
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// Where the parts go
    #[command(flatten)]
    pub parts: PartsPlace,
    /// Take the newest parts, say what changes, and renew the lock
    #[arg(long)]
    pub update: bool,
    /// Mirror of Debian [default: the one that this machine's apt uses]
    #[arg(long, value_name = "URL")]
    pub mirror: Option<String>,
    /// Mirror of Debian's security updates [default: the one that this machine's apt uses]
    #[arg(long, value_name = "URL")]
    pub security_mirror: Option<String>,
    /// Keyring that signs the archive [default: Debian's, as installed on this machine]
    #[arg(long, value_name = "FILE")]
    pub keyring: Option<PathBuf>,
}

/// Where boot parts are.
#[derive(Clone, Debug, Args)]
pub struct PartsPlace {
    /// Folder of fetched parts and of what is made from them [default: ~/.cache/mendkit]
    #[arg(long, value_name = "FOLDER")]
    pub cache: Option<PathBuf>,
    /// The lock that names every part by version and SHA-256 [default: parts.lock in the cache, else the lock
    /// of this release]
    #[arg(long, value_name = "FILE")]
    pub lock: Option<PathBuf>,
    /// Folder of .deb files to take the boot parts from: then no network is asked
    #[arg(long, value_name = "FOLDER")]
    pub parts: Option<PathBuf>,
}
