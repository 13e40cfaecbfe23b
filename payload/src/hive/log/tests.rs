use expect_test::{Expect, expect};
use regf::TransactionLog;

use super::*;
use crate::hive::edit::HiveEditor;
use crate::hive::fixture::{Random, count_keys_by_regf, difference, made_hive, real_hive};
use crate::hive::key::FileTime;
use crate::hive::marvin::marvin32;
use crate::hive::value::ValueType;

const BASE: usize = BASE_BLOCK_SIZE;

/// A hive on its way from one state to the next, as a power cut finds it.
struct Change {
    before: Vec<u8>,
    after: Vec<u8>,
}

/// What a power cut leaves of a write of a hive that was just begun: nothing of `edit` is in the hive, all
/// of it in its log. Returns the hive, the log, and the hive that Windows would load.
pub(crate) fn make_pending(
    before: &[u8],
    edit: impl FnOnce(&mut HiveEditor),
) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let before = dated(before);
    let now = FileTime(129_163_680_000_000_000);
    let mut editor = HiveEditor::open(before.clone(), now).unwrap();
    edit(&mut editor);
    let after = editor.finish().unwrap();
    let change = Change { before, after };
    (change.torn(|| false), change.old_log(1), change.after)
}

/// Dates a hive: the crate regf dates nothing, but the old format depends on it.
fn dated(before: &[u8]) -> Vec<u8> {
    let mut before = before.to_vec();
    if before[12..20] == [0; 8] {
        before[4096 + 20..4096 + 28].copy_from_slice(&[1; 8]);
        base_block::rewrite(&mut before, |raw| {
            raw.last_written_timestamp.set(0x0101_0101_0101_0101)
        });
    }
    before
}

/// Changes a hive so that it grows, and dates it.
fn change(before: &[u8], round: u8) -> Change {
    let before = dated(before);
    let now = FileTime(129_163_680_000_000_000 + u64::from(round));
    let mut editor = HiveEditor::open(before.clone(), now).unwrap();
    for n in 0..40 {
        editor
            .create_key(&format!("Many\\Key {n:03}\\Round {round}"))
            .unwrap();
    }
    editor
        .set_value("Many", "Data", ValueType::BINARY, &[round; 16_000])
        .unwrap();
    let after = editor.finish().unwrap();
    Change { before, after }
}

impl Change {
    /// Returns the pages of `size` bytes that differ, by their number.
    fn dirty_pages(&self, size: usize) -> Vec<usize> {
        let pages = 0..(self.after.len() - BASE) / size;
        let at = |page: usize| BASE + page * size..BASE + (page + 1) * size;
        pages
            .filter(|page| self.before.get(at(*page)) != self.after.get(at(*page)))
            .collect()
    }

    fn bins_size(&self) -> usize {
        self.after.len() - BASE
    }

    /// Returns the hive with the base block of a write that has begun, and with the pages written that
    /// `is_written` says.
    fn torn(&self, mut is_written: impl FnMut() -> bool) -> Vec<u8> {
        let mut torn = self.before.clone();
        for page in self.dirty_pages(512) {
            let at = BASE + page * 512..BASE + (page + 1) * 512;
            if is_written() {
                torn.resize(torn.len().max(at.end), 0);
                torn[at.clone()].copy_from_slice(&self.after[at]);
            }
        }
        torn[..BASE].copy_from_slice(&self.after[..BASE]);
        base_block::rewrite(&mut torn, |raw| {
            let first = raw.primary_sequence_number.get();
            raw.secondary_sequence_number.set(first - 1);
        });
        torn
    }

    /// Returns the log of the old format that Windows would write before this change.
    fn old_log(&self, sectors: u32) -> Vec<u8> {
        let sector = usize::try_from(sectors).unwrap() * 512;
        let mut log = self.after[..sector].to_vec();
        base_block::rewrite(&mut log, |raw| {
            raw.file_type.set(1);
            raw.clustering_factor.set(sectors);
            raw.primary_sequence_number = raw.secondary_sequence_number;
        });
        let mut bits = vec![0_u8; self.bins_size() / 512 / 8];
        let pages = self.dirty_pages(4096);
        for page in &pages {
            bits[*page] = 0xFF;
        }
        log.extend(b"DIRT");
        log.extend(bits);
        log.resize(log.len().next_multiple_of(sector), 0xEE);
        for page in pages {
            log.extend(&self.after[BASE + page * 4096..BASE + (page + 1) * 4096]);
        }
        log
    }

    /// Returns an entry of the new format for this change.
    fn entry(&self, sequence: u32) -> Vec<u8> {
        let pages = self.dirty_pages(4096);
        let mut body = Vec::new();
        for page in &pages {
            body.extend(u32::try_from(page * 4096).unwrap().to_le_bytes());
            body.extend(4096_u32.to_le_bytes());
        }
        for page in &pages {
            body.extend(&self.after[BASE + page * 4096..BASE + (page + 1) * 4096]);
        }
        body.resize((body.len() + 40).next_multiple_of(512) - 40, 0);
        let mut entry = b"HvLE".to_vec();
        let size = u32::try_from(body.len() + 40).unwrap();
        let bins = u32::try_from(self.bins_size()).unwrap();
        let count = u32::try_from(pages.len()).unwrap();
        for word in [size, 1, sequence, bins, count] {
            entry.extend(word.to_le_bytes());
        }
        entry.extend(marvin32(&body).to_le_bytes());
        let hash = marvin32(&entry);
        entry.extend(hash.to_le_bytes());
        entry.extend(body);
        entry
    }
}

/// Returns a log of the new format with these entries.
fn new_log(hive: &[u8], first: u32, entries: &[Vec<u8>]) -> Vec<u8> {
    let mut log = hive[..512].to_vec();
    base_block::rewrite(&mut log, |raw| {
        raw.file_type.set(6);
        raw.primary_sequence_number.set(first);
        raw.secondary_sequence_number.set(first);
    });
    for entry in entries {
        log.extend(entry);
    }
    log
}

/// Replays and checks that the bins are those of `expected`, and the hive whole and clean.
fn check(primary: Vec<u8>, logs: &[Vec<u8>], expected: &[u8]) -> Vec<String> {
    let recovered = recover(primary, logs).unwrap();
    assert!(recovered.bytes[BASE..] == expected[BASE..]);
    let hive = Hive::parse(recovered.bytes).unwrap();
    assert_eq!(hive.audit().problems, Vec::<String>::new());
    recovered.evidence
}

fn message(primary: Vec<u8>, logs: &[Vec<u8>]) -> String {
    recover(primary, logs).unwrap_err().to_string()
}

#[test]
fn leaves_a_hive_alone_that_was_written_to_its_end() {
    let change = change(&made_hive(5), 1);
    let log = change.old_log(1);
    let recovered = recover(change.before.clone(), &[log]).unwrap();
    assert!(recovered.bytes == change.before && recovered.evidence.is_empty());
}

#[test]
fn completes_every_torn_write_from_an_old_log() {
    let mut said = Vec::new();
    for (minor, sectors) in [(3, 1), (5, 1), (5, 8)] {
        let change = change(&made_hive(minor), 1);
        let log = change.old_log(sectors);
        // Someone else's reader takes the log for one.
        let TransactionLog::Old(parsed) =
            TransactionLog::parse(std::io::Cursor::new(&log)).unwrap()
        else {
            panic!("not taken for an old log");
        };
        assert_eq!(parsed.dirty_pages.len(), change.dirty_pages(4096).len() * 8);
        let mut random = Random(0x5958);
        for _ in 0..20 {
            let torn = change.torn(|| random.below(2) == 0);
            check(torn, &[Vec::new(), log.clone()], &change.after);
        }
        // The base block itself may be torn: the log has a copy, and the first bin has the time.
        let mut torn = change.torn(|| true);
        torn[..BASE].fill(0);
        said = check(torn, &[log], &change.after);
    }
    expect![[r#"
        the hive was not written to its end (base block at 0x0: magic is [00, 00, 00, 00], expected "regf")
        log 1: 296 pages of 512 bytes replayed"#]].assert_eq(&said.join("\n"));
}

#[test]
fn completes_a_hive_from_two_new_logs_in_the_order_of_their_entries() {
    let first = change(&made_hive(5), 1);
    let second = change(&first.after, 2);
    let third = change(&second.after, 3);
    let start = BaseBlock::parse(&first.before).unwrap().primary_sequence;
    let early = new_log(
        &first.before,
        start,
        &[first.entry(start), second.entry(start + 1)],
    );
    let late = new_log(&first.before, start + 2, &[third.entry(start + 2)]);
    let mut dirty = first.before.clone();
    base_block::rewrite(&mut dirty, |raw| raw.primary_sequence_number.set(start + 1));
    for logs in [[early.clone(), late.clone()], [late.clone(), early.clone()]] {
        check(dirty.clone(), &logs, &third.after);
    }
    // Windows may have begun to write the pages of the last state to the hive.
    let reconciled = Change {
        before: first.before.clone(),
        after: third.after.clone(),
    };
    let mut random = Random(0x5958);
    for _ in 0..20 {
        let mut torn = reconciled.torn(|| random.below(2) == 0);
        torn[..BASE].copy_from_slice(&dirty[..BASE]);
        check(torn, &[early.clone(), late.clone()], &third.after);
    }
    // An entry that was torn ends the replay, and the log behind it does not fit any more.
    let mut torn = early.clone();
    let last = torn.len() - 600;
    torn[last] ^= 1;
    let evidence = check(dirty.clone(), &[torn, late.clone()], &first.after);
    expect![[r#"
        the hive was not written to its end (sequence numbers differ: 3 and 2)
        log 1: entries 2 to 2 replayed, then entry 3 has another hash
        log 2: its entries begin at 4, expected the one after 2"#]]
    .assert_eq(&evidence.join("\n"));
    // With the base block gone only the latest log counts.
    let mut without = second.after.clone();
    without[..BASE].fill(0);
    let evidence = check(without, &[early.clone(), late], &third.after);
    expect![[r#"
        the hive was not written to its end (base block at 0x0: magic is [00, 00, 00, 00], expected "regf")
        log 1: passed over, since the base block is damaged and a later log exists
        log 2: entries 4 to 4 replayed, then no further entry follows"#]].assert_eq(&evidence.join("\n"));
    // Entries older than the hive are none of its.
    let mut newer = third.after.clone();
    base_block::rewrite(&mut newer, |raw| {
        raw.primary_sequence_number.set(start + 9);
        raw.secondary_sequence_number.set(start + 8);
    });
    expect!["transaction logs: the hive was not written to its end (sequence numbers differ: 11 and 10); log 1: its entries are older than the hive (10); expected one that completes the hive"].assert_eq(&message(newer, &[early]));
}

#[test]
fn replays_what_windows_10_left_pending() {
    replay_real_hive(
        "SYSTEM_B",
        ["SYSTEM_B.LOG1", "SYSTEM_B.LOG2"],
        &expect![[r#"
            35595 keys, 78901 values, 0 leaked cells, sequence number 2131
            the hive was not written to its end (sequence numbers differ: 1622 and 1621)
            log 1: entries 2107 to 2110 replayed, then no further entry follows
            log 2: entries 2111 to 2130 replayed, then no further entry follows"#]],
    );
    let logs = [
        "transactions_ntuser.dat.log1",
        "transactions_ntuser.dat.log2",
    ];
    replay_real_hive(
        "transactions_NTUSER.DAT",
        logs,
        &expect![[r#"
            3105 keys, 4695 values, 0 leaked cells, sequence number 589
            the hive was not written to its end (sequence numbers differ: 567 and 566)
            log 2: its entries are older than the hive (566)
            log 1: entries 566 to 588 replayed, then no further entry follows"#]],
    );
}

fn replay_real_hive(name: &str, logs: [&str; 2], expected: &Expect) {
    let (Some(primary), Some(log_1), Some(log_2)) =
        (real_hive(name), real_hive(logs[0]), real_hive(logs[1]))
    else {
        return;
    };
    let hive = Hive::parse_with_logs(primary, &[log_1, log_2]).unwrap();
    assert_eq!(hive.dirty(), None);
    let audit = hive.audit();
    assert_eq!(audit.problems, Vec::<String>::new(), "{name}");
    let sequence = hive.base_block.primary_sequence;
    let mut text = format!(
        "{} keys, {} values, {} leaked cells, sequence number {sequence}\n",
        audit.keys,
        audit.values,
        audit.leaked_cells.len()
    );
    text += &hive.replayed().join("\n");
    expected.assert_eq(&text);
    assert_eq!(count_keys_by_regf(&hive.bytes), audit.keys, "{name}");
    // What was replayed can be changed, and someone else's reader sees the change and nothing else.
    let mut editor = HiveEditor::open(hive.bytes.clone(), FileTime(0)).unwrap();
    editor
        .set_value("", "MendTest", ValueType::DWORD, &[5, 0, 0, 0])
        .unwrap();
    let after = editor.finish().unwrap();
    if let Some(difference) = difference(&hive.bytes, &after) {
        assert_eq!(difference, "+ [\\] \"MendTest\"=dword:00000005\n", "{name}");
    }
}

#[test]
fn refuses_hives_that_no_log_completes_with_every_reason() {
    let change = change(&made_hive(5), 1);
    let torn = || change.torn(|| false);
    let mut messages = String::new();
    let mut note = |logs: &[Vec<u8>]| messages += &format!("{}\n", message(torn(), logs));
    note(&[]);
    note(&[vec![0; 4096], b"regf".repeat(2000)]);
    let good = change.old_log(1);
    let changed = |edit: fn(&mut RawBaseBlock)| {
        let mut log = good.clone();
        base_block::rewrite(&mut log, edit);
        log
    };
    note(&[changed(|raw| raw.last_written_timestamp.set(7))]);
    note(&[changed(|raw| raw.primary_sequence_number.set(7))]);
    note(&[changed(|raw| raw.file_type.set(0))]);
    note(&[changed(|raw| raw.minor_version.set(7))]);
    note(&[changed(|raw| raw.clustering_factor.set(9))]);
    note(&[changed(|raw| raw.hive_bins_data_size.set(0x4000_0000))]);
    note(&[good[..good.len() - 1].to_vec()]);
    note(&[[&good[..512], &[0; 4096]].concat()]);
    expect![[r#"
        transaction logs: the hive was not written to its end (sequence numbers differ: 3 and 2); expected one that completes the hive
        transaction logs: the hive was not written to its end (sequence numbers differ: 3 and 2); log 1: it is empty; log 2: its type is 1718052210, expected 1, 2 or 6; expected one that completes the hive
        transaction logs: the hive was not written to its end (sequence numbers differ: 3 and 2); log 1: its time is 0x0000000000000007, but the hive's is 0x01cae1aec0484001; expected one that completes the hive
        transaction logs: the hive was not written to its end (sequence numbers differ: 3 and 2); log 1: it was not written to its end (7, 3); expected one that completes the hive
        transaction logs: the hive was not written to its end (sequence numbers differ: 3 and 2); log 1: its type is 0, expected 1, 2 or 6; expected one that completes the hive
        transaction logs: the hive was not written to its end (sequence numbers differ: 3 and 2); log 1: its version is 1.7, expected 1.3 to 1.6; expected one that completes the hive
        transaction logs: the hive was not written to its end (sequence numbers differ: 3 and 2); log 1: its clustering factor is 9, expected 1 to 8; expected one that completes the hive
        transaction logs: the hive was not written to its end (sequence numbers differ: 3 and 2); log 1: its dirty vector of 262144 bytes is cut off; expected one that completes the hive
        transaction logs: the hive was not written to its end (sequence numbers differ: 3 and 2); log 1: it is cut off after 295 pages; expected one that completes the hive
        transaction logs: the hive was not written to its end (sequence numbers differ: 3 and 2); log 1: no dirty vector follows its base block, expected "DIRT"; expected one that completes the hive
    "#]].assert_eq(&messages);
}

#[test]
fn refuses_a_replay_that_does_not_give_whole_bins() {
    let mut change = change(&made_hive(5), 1);
    let second_bin = change.bins_size() - 4096 + BASE;
    change.after[second_bin..second_bin + 4096].fill(0x11);
    let log = change.old_log(1);
    let error = recover(change.torn(|| false), &[log]).unwrap_err();
    assert!(matches!(error, HiveError::Corrupt { .. }), "{error}");
}

#[test]
fn says_that_a_file_is_no_hive_and_not_that_a_log_is_missing() {
    expect!["base block at 0x0: 100 bytes, expected at least 4096"]
        .assert_eq(&message(vec![1; 100], &[]));
    let mut newer = made_hive(5);
    base_block::rewrite(&mut newer, |raw| raw.minor_version.set(9));
    expect!["base block at 0x14: version is 1.9, expected 1.3 to 1.6"]
        .assert_eq(&message(newer, &[]));
}

#[test]
fn damaged_logs_are_refused_or_replayed_but_never_panic() {
    let change = change(&made_hive(5), 1);
    let start = BaseBlock::parse(&change.before).unwrap().primary_sequence;
    let mut dirty = change.before.clone();
    base_block::rewrite(&mut dirty, |raw| raw.primary_sequence_number.set(start + 1));
    let cases = [
        (change.torn(|| false), change.old_log(1)),
        (
            dirty,
            new_log(&change.before, start, &[change.entry(start)]),
        ),
    ];
    let mut random = Random(0x5958);
    let (mut replayed, mut refused) = (0, 0);
    for (primary, good) in cases {
        for _ in 0..600 {
            let mut log = good.clone();
            for _ in 0..=random.below(3) {
                // Mostly the heads, where lengths and places stand.
                let end = if random.below(4) == 0 { log.len() } else { 700 };
                let place = random.below(end);
                log[place] = random.next().to_le_bytes()[0];
            }
            if random.below(8) == 0 {
                log.truncate(random.below(good.len()));
            }
            base_block::rewrite(&mut log, |_| ());
            match recover(primary.clone(), &[log]) {
                Ok(recovered) => {
                    replayed += 1;
                    assert_eq!(Hive::parse(recovered.bytes).unwrap().dirty(), None);
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(replayed > 20 && refused > 20, "{replayed} {refused}");
}

/// A log lies on the sick disk like everything else: whatever is in it, replaying ends, and what comes of it is
/// a hive that was written to its end.
#[test]
fn spoiled_logs_are_refused_or_replayed_to_their_end() {
    let made = change(&made_hive(5), 1);
    let sequence = BaseBlock::parse(&made.before).unwrap().primary_sequence;
    let new = new_log(&made.before, sequence, &[made.entry(sequence)]);
    let old = made.old_log(1);
    let torn = made.torn(|| false);
    let mut random = Random(0x5958);
    let mut replayed = 0;
    for number in 0..3000 {
        let mut log = if number % 2 == 0 {
            old.clone()
        } else {
            new.clone()
        };
        for _ in 0..=random.below(3) {
            // The head of the log and of its first entry, or anywhere.
            let end = [0x200, 0x400, log.len()][random.below(3)].min(log.len());
            let place = random.below(end) & !3;
            let odd = [0, 1, 0x7FFF_FFFF, 0x8000_0000, u32::MAX, 0x1000][random.below(6)];
            log[place..place + 4].copy_from_slice(&u32::to_le_bytes(odd));
        }
        if random.below(8) == 0 {
            log.truncate(random.below(log.len()));
        }
        let started = std::time::Instant::now();
        if let Ok(recovered) = recover(torn.clone(), &[log]) {
            assert!(recovered.bytes.len() <= 2 * made.after.len(), "{number}");
            let hive = Hive::parse(recovered.bytes).unwrap();
            assert_eq!(hive.dirty(), None, "{number}");
            replayed += 1;
        }
        assert!(started.elapsed().as_secs() < 60, "{number}");
    }
    assert!((1..3000).contains(&replayed), "{replayed}");
}
