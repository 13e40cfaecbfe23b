use super::*;
use expect_test::{Expect, expect};

fn check(text: &str, expect: Expect) {
    expect.assert_eq(&explain_remedy(&Remedy::parse(text).unwrap()));
}

#[test]
fn explains_the_built_in_remedies() {
    check(
        Remedy::built_in("mcafee-5958").unwrap(),
        expect![[r#"
            mcafee-5958: McAfee DAT 5958 deletes svchost.exe on Windows XP SP3

            If this is Windows XP SP3
            and a product of mcafee is installed, with definitions 5958
            then, in this order:
              1. install the definitions mcafee-dat that the stick carries, all of them or none
                 undo: put the former files back
              2. put {system32}\svchost.exe back if it is missing or empty
                 from Windows' own protected copies, else the service pack's files, else the quarantine of mcafee, else what Windows was installed from, else the files on the stick
                 of a quarantine only what was taken for W32/Wecorl.a by definitions 5958
                 it must be version 5.1.2600.5512 of svchost.exe for the processor of this Windows
                 and in the language of the system files beside it
                 proven by a catalog on the PC that Microsoft signed; else its identity must do
                 undo: take it away again, or put the empty one back

            It may write, and nothing else:
              the folder of the definitions mcafee-dat, as the product's registry names it
              {system32}\svchost.exe
              \mendkit, where everything that is replaced or moved aside is kept

            No gaps found.
        "#]],
    );
    check(
        Remedy::built_in("crowdstrike-291").unwrap(),
        expect![[r#"
            crowdstrike-291: CrowdStrike channel file 291 stops Windows from starting

            If Windows is 7, 8, 8.1, 10 or 11
            and there are files {drivers}\CrowdStrike\C-00000291*.sys
            then, in this order:
              1. move {drivers}\CrowdStrike\C-00000291*.sys aside
                 only if each file has AA AA AA AA at offset 0 and was last written from 2024-07-19 04:09:00 UTC to before 2024-07-19 05:27:00 UTC
                 undo: put it back
              2. tell the person: once Windows runs and is online, the sensor fetches the current channel file by itself

            It may write, and nothing else:
              {drivers}\CrowdStrike\C-00000291*.sys
              \mendkit, where everything that is replaced or moved aside is kept

            No gaps found.
        "#]],
    );
}

#[test]
fn explains_every_test_and_every_action() {
    check(
        r#"
schema = 1
id = "everything"
title = "Every word of the language"
[[when]]
volume = { state = ["clean", "dirty"] }
[[when]]
os = { family = "10", version = { at-least = "10.0.17763" }, build = { at-most = 22000 }, architecture = "x64", language = "French" }
[[when]]
any = [
  { file = { path = '{drivers}\a.sys', state = "missing" } },
  { all = [
    { file = { path = '{drivers}\a.sys', size = 14336 } },
    { hash = { path = '{drivers}\a.sys', sha256 = ["5e9e5c414195e10f8c99dd2abb0358039b6a353bfbdb865fc9b4149701eb064a"] } },
  ] },
]
[[when]]
glob = { path = '{program-data}\x\*.ide', count = { at-least = 2, at-most = 5 } }
[[when]]
bytes = { path = '{drivers}\a.sys', offset = 4, hex = "AA 01", mask = "FF 0F" }
[[when]]
pe = { path = '{system32}\user32.dll', version-range = { below = "6.1" }, machine = "x86", original-name = "user32", checksum = "right" }
[[when]]
signed = { path = '{system32}\user32.dll' }
[[when]]
time = { path = '{drivers}\?.sys', modified = { from = 2024-07-19T04:09:00Z } }
[[when]]
registry = { hive = "software", key = "McAfee\\AVEngine", value = "AVDatVersion", equals = 5958 }
[[when]]
not = { service = { name = "AvgSys", start = [4] } }
[[when]]
product = { vendor = "mcafee", version = { at-least = "8.5" }, definitions-range = { at-least = "5958", below = "5959" } }
[[when]]
quarantine = { vendor = "mcafee", detection = "W32/Wecorl.a", name = "*.exe" }
[[when]]
log = { path = '{program-data}\McAfee\*.txt', contains = "W32/Wecorl.a", last-lines = 50 }
[[step]]
remove-file = '{drivers}\?.sys'
guard = { modified = { before = 2024-07-19T05:27:00Z } }
[[step]]
rename = '{program-data}\x\defs.dat'
to = "defs.bad"
[[step]]
set-registry-value = { hive = "system", key = "CurrentControlSet\\Control\\X", value = "Y", type = "dword", data = 2 }
[[step]]
set-service-start = { name = "AvgSys", start = 4 }
[[step]]
restore-quarantined = { vendor = "mcafee", detection = "W32/Wecorl.a" }
conflict = "compare"
proof = "none"
"#,
        expect![[r#"
            everything: Every word of the language

            If the volume is in order or marked for checking
            and this is Windows 10 and its version is 10.0.17763 or later and its build is at most 22000 and it is for 64-bit x86 and it was installed in French
            and {drivers}\a.sys is missing, or ({drivers}\a.sys has 14336 bytes, and {drivers}\a.sys has the SHA-256 5e9e…4a)
            and the number of files {program-data}\x\*.ide is 2 to 5
            and {drivers}\a.sys has AA 01 at offset 4 (mask FF 0F)
            and {system32}\user32.dll is of version before 6.1 and is for 32-bit x86 and was made as user32 and has the right checksum
            and {system32}\user32.dll is listed in a catalog that Microsoft signed
            and a file {drivers}\?.sys was last written at 2024-07-19 04:09:00 UTC or later
            and HKLM\SOFTWARE\McAfee\AVEngine: AVDatVersion is 5958
            and it is not so that the service or driver AvgSys starts 4 (disabled)
            and a product of mcafee is installed, version 8.5 or later, with definitions from 5958 to below 5959
            and there are files *.exe in the quarantine of mcafee that were taken for W32/Wecorl.a
            and the last 50 lines of a file {program-data}\McAfee\*.txt have "W32/Wecorl.a" in them
            then, in this order:
              1. move {drivers}\?.sys aside
                 only if each file was last written before 2024-07-19 05:27:00 UTC
                 undo: put it back
              2. rename {program-data}\x\defs.dat to defs.bad
                 undo: give it its former name
              3. set HKLM\SYSTEM\CurrentControlSet\Control\X: Y to 2
                 undo: set it to what it was
              4. make the service or driver AvgSys start 4 (disabled), in the control sets that Windows uses and last started well with
                 undo: set it to what it was
              5. put back, each where it was, files in the quarantine of mcafee that were taken for W32/Wecorl.a
                 where another file is in the way, nothing at all is done
                 as the quarantine has them, without proof
                 undo: take them away again, or put the empty ones back

            It may write, and nothing else:
              {drivers}\?.sys
              {program-data}\x\defs.dat
              {program-data}\x\defs.bad
              HKLM\SYSTEM\CurrentControlSet\Control\X: Y
              HKLM\SYSTEM\CurrentControlSet\Services\AvgSys: Start
              the places on the Windows' own volume from which mcafee took files
              \mendkit, where everything that is replaced or moved aside is kept

            gap: step 5 puts a file back, but no step replaces the definitions that took it: it may vanish again
            gap: step 1: only the time tells a bad file from a good one: add bytes or sha256
            gap: step 2: renames whatever has that name: add a guard
            gap: step 3: replaces whatever the value is: add old
            gap: step 4: leaves AvgSys disabled: a note should say when it may start again
            gap: step 5: files are put back on the quarantine's word alone: real malware taken under the same name would come back too
            gap: step 5: what earlier, good definitions took under that name comes back too: add definitions
        "#]],
    );
}

#[test]
fn warns_of_a_file_that_comes_before_the_definitions() {
    check(
        r#"
schema = 1
id = "wrong-order"
title = "Everything the wrong way round"
[[when]]
product = { vendor = "mcafee" }
[[step]]
restore-file = '{system32}\svchost.exe'
if = ["missing"]
from = ["dllcache"]
accept = { version = "5.1.2600.5512", original-name = "svchost.exe" }
[[step]]
install-definitions = "mcafee-dat"
"#,
        expect![[r#"
            wrong-order: Everything the wrong way round

            If a product of mcafee is installed
            then, in this order:
              1. put {system32}\svchost.exe back if it is missing
                 from Windows' own protected copies
                 it must be version 5.1.2600.5512 of svchost.exe for the processor of this Windows
                 undo: take it away again, or put the empty one back
              2. install the definitions mcafee-dat that the stick carries, all of them or none
                 undo: put the former files back

            It may write, and nothing else:
              {system32}\svchost.exe
              the folder of the definitions mcafee-dat, as the product's registry names it
              \mendkit, where everything that is replaced or moved aside is kept

            gap: step 1 puts a file back before step 2 replaces the definitions that took it: it may vanish again; swap them
            gap: no test asks for the version of the definitions: it also applies where the update was never bad
            gap: no test asks which Windows it is
            gap: step 1: {system32}\svchost.exe is left alone if it is empty
            gap: step 1: a candidate is accepted by its identity only, which anyone can write: add signed-catalog or sha256
            gap: step 1: a PC without a copy of its own cannot be helped: add kit to from
        "#]],
    );
}

fn check_refused(step: &str, message: Expect) {
    let head = "schema = 1\nid = \"x\"\ntitle = \"x\"\n[[when]]\nos = { family = \"xp\" }\n";
    let text = format!("{head}{step}\n");
    message.assert_eq(&Remedy::parse(&text).unwrap_err().to_string());
}

#[test]
fn refuses_what_is_unknown_or_without_sense_with_place_and_expectation() {
    for (text, message) in [
        (
            "[[when]]\nfiel = { path = 'x' }\n[[step]]\nnote = \"x\"",
            expect![[r#"
                TOML parse error at line 7, column 1
                  |
                7 | fiel = { path = 'x' }
                  | ^^^^
                unknown variant `fiel`, expected one of `all`, `any`, `not`, `volume`, `os`, `file`, `glob`, `bytes`, `hash`, `pe`, `signed`, `time`, `registry`, `service`, `product`, `quarantine`, `log`"#]],
        ),
        (
            "[[when]]\nfile = { path = 'C:\\x', state = \"missing\" }\n[[step]]\nnote = \"x\"",
            expect![[
                r#"when 2: path: "C:\\x", expected a path that begins with {windows}, {system32}, {drivers}, {system-drive}, {program-files}, {common-files} or {program-data}, with plain names between \, and * or ? in the last at most"#
            ]],
        ),
        (
            "[[when]]\nregistry = { hive = \"software\", key = \"a\", value = \"b\" }\n[[step]]\nnote = \"x\"",
            expect![
                "when 2: 0 comparisons, expected one of state, equals, less, at-least and matches"
            ],
        ),
        (
            "[[when]]\nany = [{ file = { path = '{windows}\\x' } }]\n[[step]]\nnote = \"x\"",
            expect!["when 2.1: file with a path alone, expected state, size or size-range"],
        ),
        (
            "[[step]]\nremove-file = '{drivers}\\*.sys'",
            expect!["step 1: remove-file without guard, expected bytes, sha256 or modified"],
        ),
        (
            "[[step]]\nremove-file = '{windows}\\..\\x'\nguard = { bytes = { hex = \"AA\" } }",
            expect![[
                r#"step 1: path: "{windows}\\..\\x", expected a path that begins with {windows}, {system32}, {drivers}, {system-drive}, {program-files}, {common-files} or {program-data}, with plain names between \, and * or ? in the last at most"#
            ]],
        ),
        (
            "[[step]]\nnote = \"x\"\nto = \"y\"",
            expect![
                "step 1: to with an action that does not know it, expected only keys of its own action"
            ],
        ),
        (
            "[[step]]\nrename = '{windows}\\x'\nto = '..\\y'",
            expect![[r#"step 1: to is "..\\y", expected a plain name without a folder"#]],
        ),
        (
            "[[step]]\nset-service-start = { name = \"x\", start = 5 }",
            expect!["step 1: start is 5, expected a number from 0 to 4"],
        ),
        (
            "[[step]]\nset-registry-value = { hive = \"software\", key = \"SOFTWARE\\\\x\", value = \"\", type = \"dword\", data = 1 }",
            expect![[
                r#"step 1: key is "SOFTWARE\\x", expected a key relative to its hive, names with \ between them, without Wow6432Node"#
            ]],
        ),
        (
            "[[step]]\nset-registry-value = { hive = \"software\", key = \"x\", value = \"\", type = \"dword\", data = \"1\" }",
            expect![[
                r#"step 1: "1" for another type, expected a number for dword and qword, else a text"#
            ]],
        ),
        (
            "[[step]]\nrestore-quarantined = { vendor = \"mcafee\" }\nconflict = \"skip\"\nproof = \"none\"",
            expect![
                "step 1: restore-quarantined without detection, expected what the files were taken for"
            ],
        ),
        (
            "[[step]]\nremove-file = '{drivers}\\a.sys'\nguard = { modified = { from = 2024-07-19T04:09:00 } }",
            expect![[r#"
                TOML parse error at line 8, column 31
                  |
                8 | guard = { modified = { from = 2024-07-19T04:09:00 } }
                  |                               ^^^^^^^^^^^^^^^^^^^
                2024-07-19T04:09:00, expected a moment in UTC such as 2024-07-19T04:09:00Z"#]],
        ),
    ] {
        check_refused(text, message);
    }
}
