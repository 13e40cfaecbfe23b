//! Tests and guards of files. Pure.

use rescue_stick::digest::Sha256Digest;
use rescue_stick::remedy::predicate::{
    ChecksumWord, FileTest, FileWord, PeTest, Predicate, TimeWindow,
};
use rescue_stick::remedy::step::{BytesGuard, Guard};
use rescue_stick::remedy::value::{Version, spell_bytes};

use super::{Holds, Judgement, machine_of};
use crate::repair::detect::files::GuardedFile;
use crate::repair::detect::observe::{SeenContent, SeenFile};
use crate::repair::detect::written::Written;
use crate::windows::catalog::Proof;
use crate::windows::pe::{FileVersion, PeIdentity};

/// Files that are listed one by one as evidence at most.
const MOST_LISTED: usize = 8;

/// Bytes that evidence quotes at most.
const MOST_QUOTED: usize = 16;

/// Judges a test of files by the files that its path means. Of several, one suffices.
pub(super) fn judge_files(test: &Predicate, files: &[SeenFile]) -> Judgement {
    match test {
        Predicate::File(test) => return judge_file(test, files),
        Predicate::Glob(test) => {
            let count = u64::try_from(files.len()).unwrap_or(u64::MAX);
            let holds = test.count.map_or(count > 0, |range| range.holds(count));
            let mut evidence = vec![match count {
                0 => format!("{}: none", test.path),
                1 => format!("{}: 1 file", test.path),
                count => format!("{}: {count} files", test.path),
            }];
            let listed = files.iter().take(MOST_LISTED);
            evidence.extend(listed.map(|file| match &file.modified {
                Ok(written) => format!("{}: {} bytes, {written}", file.path, file.size),
                Err(_) => format!("{}: {} bytes", file.path, file.size),
            }));
            return Judgement {
                answer: Holds::of(holds),
                evidence,
            };
        }
        _ => {}
    }
    if files.is_empty() {
        return Judgement::new(Holds::No, format!("{}: not there", path_of(test)));
    }
    let judgements = files.iter().map(|file| {
        let (answer, evidence) = judge_content(test, file);
        Judgement::new(answer, format!("{}: {evidence}", file.path))
    });
    let mut judgements: Vec<Judgement> = judgements.collect();
    for answer in [Holds::Yes, Holds::CannotTell] {
        if let Some(index) = judgements.iter().position(|j| j.answer == answer) {
            return judgements.swap_remove(index);
        }
    }
    let evidence = judgements.into_iter().flat_map(|j| j.evidence);
    Judgement {
        answer: Holds::No,
        evidence: evidence.take(MOST_LISTED).collect(),
    }
}

fn path_of(test: &Predicate) -> &str {
    match test {
        Predicate::Bytes(test) => &test.path,
        Predicate::Hash(test) => &test.path,
        Predicate::Pe(test) => &test.path,
        Predicate::Signed(test) => &test.path,
        Predicate::Time(test) => &test.path,
        _ => "the file",
    }
}

fn judge_file(test: &FileTest, files: &[SeenFile]) -> Judgement {
    let Some(file) = files.first() else {
        let holds = test.state == Some(FileWord::Missing);
        return Judgement::new(Holds::of(holds), format!("{}: not there", test.path));
    };
    let state = match test.state {
        None | Some(FileWord::Exists) => true,
        Some(FileWord::Missing) => false,
        Some(FileWord::Empty) => file.size == 0,
    };
    let holds = state
        && test.size.is_none_or(|size| size == file.size)
        && test.size_range.is_none_or(|range| range.holds(file.size));
    Judgement::new(
        Holds::of(holds),
        format!("{}: {} bytes", file.path, file.size),
    )
}

fn judge_content(test: &Predicate, file: &SeenFile) -> (Holds, String) {
    let content = match &file.content {
        Ok(content) => content,
        Err(reason) => return (Holds::CannotTell, reason.clone()),
    };
    match (test, content) {
        (Predicate::Time(test), _) => judge_time(&test.modified, &file.modified),
        (Predicate::Bytes(test), SeenContent::Bytes(bytes)) => {
            let guard = BytesGuard {
                offset: test.offset,
                hex: test.hex.clone(),
                mask: test.mask.clone(),
            };
            judge_bytes(&guard, bytes)
        }
        (Predicate::Hash(test), SeenContent::Sha256(sha256)) => judge_hash(&test.sha256, *sha256),
        (Predicate::Pe(test), SeenContent::Program(Ok(identity))) => judge_program(test, identity),
        (Predicate::Pe(_), SeenContent::Program(Err(reason))) => (Holds::No, reason.clone()),
        (Predicate::Signed(_), SeenContent::Proof(proof)) => {
            let answer = match proof {
                Proof::Signed(_) => Holds::Yes,
                Proof::NotListed { left_out, .. } if left_out.is_empty() => Holds::No,
                Proof::NotListed { .. } | Proof::Unproven(_) => Holds::CannotTell,
            };
            (answer, proof.to_string())
        }
        _ => (Holds::CannotTell, "not looked at".into()),
    }
}

fn judge_time(window: &TimeWindow, modified: &Result<Written, String>) -> (Holds, String) {
    let written = match modified {
        Ok(written) => written,
        Err(reason) => return (Holds::CannotTell, reason.clone()),
    };
    // A window has no gaps, so what begins and ends in it lies in it.
    let holds = match (window.holds(written.earliest), window.holds(written.latest)) {
        (true, true) => Holds::Yes,
        (false, false) if !window.is_within(written.earliest, written.latest) => Holds::No,
        _ => Holds::CannotTell,
    };
    (holds, written.to_string())
}

fn judge_bytes(wanted: &BytesGuard, found: &[u8]) -> (Holds, String) {
    let mask = wanted.mask.as_ref().map(|mask| mask.0.as_slice());
    let pairs = wanted.hex.0.iter().zip(found).enumerate();
    let mut same = pairs.map(|(index, (wanted, found))| {
        let bits = mask.map_or(Some(0xFF), |mask| mask.get(index).copied());
        (wanted ^ found) & bits.unwrap_or(0xFF) == 0
    });
    let holds = found.len() >= wanted.hex.0.len() && same.all(|same| same);
    let quoted = found.get(..MOST_QUOTED).unwrap_or(found);
    let dots = if found.len() > MOST_QUOTED {
        " …"
    } else {
        ""
    };
    let evidence = match found.is_empty() {
        true => format!("ends before offset {}", wanted.offset),
        false => format!("{}{dots} at offset {}", spell_bytes(quoted), wanted.offset),
    };
    (Holds::of(holds), evidence)
}

fn judge_hash(wanted: &[Sha256Digest], found: Sha256Digest) -> (Holds, String) {
    (
        Holds::of(wanted.contains(&found)),
        format!("sha256 {found}"),
    )
}

fn judge_program(test: &PeTest, identity: &PeIdentity) -> (Holds, String) {
    let version = identity
        .version
        .map(|FileVersion(numbers)| Version(numbers.iter().map(|n| u64::from(*n)).collect()));
    let is_right = identity.stored_checksum == identity.computed_checksum;
    let holds = test.version.is_none() || test.version == version;
    let holds = holds
        && test
            .version_range
            .as_ref()
            .is_none_or(|range| version.as_ref().is_some_and(|found| range.holds(found)))
        && test
            .machine
            .is_none_or(|machine| machine_of(machine) == identity.machine)
        && test.original_name.as_ref().is_none_or(|wanted| {
            let name = identity.original_name.as_ref();
            name.is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        })
        && test
            .checksum
            .is_none_or(|word| (word == ChecksumWord::Right) == is_right);
    let mut evidence = match &identity.version {
        Some(version) => format!("{version} for {}", identity.machine),
        None => format!("no version, for {}", identity.machine),
    };
    if let Some(name) = &identity.original_name {
        evidence.push_str(&format!(", made as {name}"));
    }
    if test.checksum.is_some() {
        let word = if is_right { "right" } else { "wrong" };
        evidence.push_str(&format!(", checksum {word}"));
    }
    (Holds::of(holds), evidence)
}

/// Judges whether a file may be touched: every part of the guard must hold.
pub fn judge_guard(guard: &Guard, file: &GuardedFile) -> Judgement {
    let mut parts = Vec::new();
    if let Some(bytes) = &guard.bytes {
        parts.push(match &file.bytes {
            Some(Ok(found)) => judge_bytes(bytes, found),
            Some(Err(reason)) => (Holds::CannotTell, reason.clone()),
            None => (Holds::CannotTell, "not looked at".into()),
        });
    }
    if let Some(digests) = &guard.sha256 {
        parts.push(judge_hash(digests, file.content.sha256));
    }
    if let Some(window) = &guard.modified {
        parts.push(judge_time(window, &file.modified));
    }
    for answer in [Holds::No, Holds::CannotTell] {
        if let Some((_, evidence)) = parts.iter().find(|(found, _)| *found == answer) {
            return Judgement::new(answer, evidence.clone());
        }
    }
    if parts.is_empty() {
        let evidence = format!("{} bytes", file.content.size);
        return Judgement::new(Holds::Yes, evidence);
    }
    let evidence: Vec<String> = parts.into_iter().map(|(_, evidence)| evidence).collect();
    Judgement::new(Holds::Yes, evidence.join(", "))
}
