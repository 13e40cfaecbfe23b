//! Finds the Debian mirrors that this machine is set up to use, so that none has to be named here.
//!
//! Reads both notations of apt: `sources.list` (one line an entry) and `*.sources` (deb822). Source:
//! sources.list(5).

use std::io;
use std::path::{Path, PathBuf};

/// The release that all parts come from.
pub(super) const SUITE: &str = "bookworm";

/// Its security updates.
pub(super) const SECURITY_SUITE: &str = "bookworm-security";

/// One entry: a place and a suite it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Address as apt takes it.
    pub(super) uri: String,
    /// Suite, for example `bookworm`.
    pub(super) suite: String,
}

/// Returns the binary package sources set up in `apt_folder` (usually `/etc/apt`), in apt's order. A
/// folder that is not there has none.
pub(super) fn read_sources(apt_folder: &Path) -> io::Result<Vec<Source>> {
    let mut files: Vec<PathBuf> = Vec::new();
    let parts = apt_folder.join("sources.list.d");
    if parts.is_dir() {
        for entry in fs_err::read_dir(&parts)? {
            files.push(entry?.path());
        }
    }
    files.sort();
    files.insert(0, apt_folder.join("sources.list"));
    let mut sources = Vec::new();
    for file in files.iter().filter(|file| file.is_file()) {
        let parse: fn(&str) -> Vec<Source> = match file.extension().and_then(|e| e.to_str()) {
            Some("list") => parse_lines,
            Some("sources") => parse_paragraphs,
            _ => continue,
        };
        sources.extend(parse(&fs_err::read_to_string(file)?));
    }
    Ok(sources)
}

/// Returns the first address that serves `suite`. Disks in a drive are left out.
pub(super) fn find_mirror(sources: &[Source], suite: &str) -> Option<String> {
    sources
        .iter()
        .find(|source| source.suite == suite && !source.uri.starts_with("cdrom:"))
        .map(|source| source.uri.clone())
}

/// `deb [options] uri suite component…`
fn parse_lines(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let Some(rest) = line
            .strip_prefix("deb")
            .filter(|r| r.starts_with([' ', '\t']))
        else {
            continue;
        };
        let rest = rest.trim_start();
        let rest = match rest.strip_prefix('[') {
            Some(options) => options.split_once(']').map_or("", |(_, rest)| rest),
            None => rest,
        };
        let mut words = rest.split_whitespace();
        if let (Some(uri), Some(suite)) = (words.next(), words.next()) {
            sources.push(source(uri, suite));
        }
    }
    sources
}

/// Paragraphs of `Field: values`, with continuation lines that begin with a blank.
fn parse_paragraphs(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut paragraph: Vec<(String, String)> = Vec::new();
    for line in lines.chain([""]) {
        if line.trim().is_empty() {
            sources.extend(sources_of_paragraph(&paragraph));
            paragraph.clear();
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = paragraph.last_mut() {
                value.push_str(line);
            }
        } else if let Some((field, value)) = line.split_once(':') {
            paragraph.push((field.to_ascii_lowercase(), value.to_owned()));
        }
    }
    sources
}

fn sources_of_paragraph(paragraph: &[(String, String)]) -> Vec<Source> {
    let values = |name: &str| -> Vec<&str> {
        paragraph
            .iter()
            .filter(|(field, _)| field == name)
            .flat_map(|(_, value)| value.split_whitespace())
            .collect()
    };
    let is_off = values("enabled")
        .iter()
        .any(|value| ["no", "false", "off", "0"].contains(&value.to_ascii_lowercase().as_str()));
    if is_off || !values("types").contains(&"deb") {
        return Vec::new();
    }
    let suites = values("suites");
    values("uris")
        .into_iter()
        .flat_map(|uri| suites.iter().map(move |suite| source(uri, suite)))
        .collect()
}

fn source(uri: &str, suite: &str) -> Source {
    Source {
        uri: uri.to_owned(),
        suite: suite.trim_end_matches('/').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_one_line_entries() {
        let sources = parse_lines(
            "# deb http://no.example/ bookworm main\n\
             deb-src http://source.example/ bookworm main\n\
             deb [arch=amd64 signed-by=/x.gpg] http://one.example/debian bookworm main contrib # note\n\
             deb\thttp://two.example/security bookworm-security main\n\
             deb [broken\n",
        );
        assert_eq!(
            sources,
            [
                source("http://one.example/debian", "bookworm"),
                source("http://two.example/security", "bookworm-security"),
            ]
        );
    }

    #[test]
    fn reads_deb822_paragraphs() {
        let sources = parse_paragraphs(
            "Types: deb deb-src\n# note\nURIs: http://one.example/debian\n\
             Suites: bookworm\n bookworm-updates\nComponents: main\n\n\
             Enabled: no\nTypes: deb\nURIs: http://off.example\nSuites: bookworm\n\n\
             Types: deb-src\nURIs: http://source.example\nSuites: bookworm\n",
        );
        assert_eq!(
            sources,
            [
                source("http://one.example/debian", "bookworm"),
                source("http://one.example/debian", "bookworm-updates"),
            ]
        );
    }

    #[test]
    fn takes_the_first_entry_of_a_suite_from_all_files() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_sources(folder.path()).unwrap(), []);
        fs_err::create_dir_all(folder.path().join("sources.list.d")).unwrap();
        let write = |name: &str, text: &str| fs_err::write(folder.path().join(name), text).unwrap();
        write("sources.list", "deb cdrom:[x]/ bookworm main\n");
        write(
            "sources.list.d/b.sources",
            "Types: deb\nURIs: http://b.example\nSuites: bookworm\n",
        );
        write(
            "sources.list.d/a.list",
            "deb http://a.example bookworm main\n",
        );
        write("sources.list.d/c.list.off", "deb http://c.example x main\n");
        let sources = read_sources(folder.path()).unwrap();
        assert_eq!(sources.len(), 3);
        assert_eq!(
            find_mirror(&sources, SUITE),
            Some("http://a.example".to_owned())
        );
        assert_eq!(find_mirror(&sources, SECURITY_SUITE), None);
    }
}
