//! `mendkit keys`: seals lists of recovery keys, and lists what is in a bundle.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use fs_err as fs;
use rescue_stick::age_file::{self, Chance, USUAL_COST};
use rescue_stick::key_bundle::{BundledKey, KEY_BUNDLE_SCHEMA, KeyBundle};
use zeroize::Zeroizing;

use super::Outcome;
use super::chance::random;
use crate::cli::{KeysListArgs, KeysSealArgs};
use crate::key_table::{KeyTable, read_key_table};

/// Bad rows that are listed; a list that is wrong from end to end says so by its first.
const MOST_LISTED: usize = 20;
/// Whoever finds a stick may try passphrases as long as they like.
const SHORTEST_PASSPHRASE: usize = 12;

/// Seals a list of keys.
pub fn seal(args: &KeysSealArgs) -> anyhow::Result<Outcome> {
    let list = Zeroizing::new(fs::read(&args.list).context("reading the list")?);
    let table = read_key_table(&list).with_context(|| args.list.display().to_string())?;
    for row in table.bad_rows.iter().take(MOST_LISTED) {
        say!(" left out  {row}");
    }
    if let more @ 1.. = table.bad_rows.len().saturating_sub(MOST_LISTED) {
        say!(" left out  {more} more rows");
    }
    ensure!(
        !table.keys.is_empty(),
        "{}: no row has a usable key",
        args.list.display()
    );
    let passphrase = match &args.passphrase_file {
        Some(path) => read_passphrase(path)?,
        None => ask_new_passphrase()?,
    };
    let length = passphrase.chars().count();
    ensure!(
        length >= SHORTEST_PASSPHRASE,
        "the passphrase has {length} characters, expected {SHORTEST_PASSPHRASE} at least: whoever finds a stick \
         may try for ever"
    );
    let text = bundle_text(&table)?;
    let file = age_file::seal(&text, &passphrase, USUAL_COST, &draw_chance()?)?;
    write_new(&args.output, &file).context("writing the bundle")?;
    let count = match table.keys.len() {
        1 => "1 key".to_owned(),
        count => format!("{count} keys"),
    };
    say!(
        " sealed    {}   {count}   opened by age too",
        args.output.display()
    );
    say!(
        " now       delete {}: it holds the keys in the clear",
        args.list.display()
    );
    Ok(match table.bad_rows.is_empty() {
        true => Outcome::Done,
        false => Outcome::Found,
    })
}

/// Lists ids and computers of a bundle.
pub fn list(args: &KeysListArgs) -> anyhow::Result<Outcome> {
    let file = fs::read(&args.bundle).context("reading the bundle")?;
    let path = || args.bundle.display().to_string();
    age_file::check_sealed(&file).with_context(path)?;
    let passphrase = match &args.passphrase_file {
        Some(path) => read_passphrase(path)?,
        None => Zeroizing::new(
            rpassword::prompt_password("Passphrase: ").context("asking for the passphrase")?,
        ),
    };
    let text = age_file::open(&file, &passphrase).with_context(path)?;
    let bundle = KeyBundle::parse(&text).with_context(path)?;
    for key in &bundle.keys {
        say!("{}  {}", key.id, key.computer.as_deref().unwrap_or("-"));
    }
    Ok(Outcome::Done)
}

fn bundle_text(table: &KeyTable) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let passwords = table.keys.values().map(|key| key.password.to_text());
    let passwords: Vec<Zeroizing<String>> = passwords.collect();
    let keys = table.keys.iter().zip(&passwords);
    let bundle = KeyBundle {
        schema: KEY_BUNDLE_SCHEMA,
        keys: keys
            .map(|((id, key), password)| BundledKey {
                id: *id,
                password,
                computer: key.computer.as_deref().map(Into::into),
            })
            .collect(),
    };
    let mut text = Zeroizing::new(serde_json::to_vec_pretty(&bundle)?);
    text.push(b'\n');
    Ok(text)
}

fn read_passphrase(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = fs::read_to_string(path).context("reading the passphrase")?;
    let text = Zeroizing::new(text);
    Ok(Zeroizing::new(
        text.lines().next().unwrap_or_default().to_owned(),
    ))
}

fn ask_new_passphrase() -> anyhow::Result<Zeroizing<String>> {
    let hint = "asking for a passphrase (from a file: --passphrase-file)";
    let ask = |prompt| {
        rpassword::prompt_password(prompt)
            .map(Zeroizing::new)
            .context(hint)
    };
    let first = ask("New passphrase of the site: ")?;
    ensure!(
        first == ask("The same again: ")?,
        "the two passphrases differ"
    );
    Ok(first)
}

/// Draws what must be new for every file from the kernel.
fn draw_chance() -> anyhow::Result<Chance> {
    Ok(Chance {
        file_key: Zeroizing::new(random()?),
        salt: random()?,
        nonce: random()?,
    })
}

/// Writes under a temporary name and renames, so that no half of a bundle is ever carried.
fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
