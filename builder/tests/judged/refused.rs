//! Contents of which no image is made, inputs that change, and the text of a plan.

use std::io::Cursor;

use expect_test::{Expect, expect};
use fs_err as fs;
use mendkit::image::{create_image_file, write_image};
use mendkit::lba::ByteSize;
use mendkit::plan::{Content, ImageContents, plan_image};
use rescue_stick::digest::Sha256Digest;

use crate::content::{bytes, contents, file};

fn refused(contents: ImageContents, expected: Expect) {
    let error = plan_image(contents).unwrap_err();
    expected.assert_eq(&error.to_string());
}

#[test]
fn a_plan_is_text() {
    let mut files = vec![
        file("boot/vmlinuz64", bytes(1_000_000)),
        file("EFI/BOOT/BOOTX64.EFI", bytes(4096)),
        file("mendkit/empty.txt", []),
    ];
    files[0].origin = "linux-image-6.12.0-amd64.deb".to_owned();
    let plan = plan_image(contents(files)).unwrap();
    expect![[r#"
        image  71680 sectors of 512 bytes, 36.7 MB, 1.6 MB to write
        disk 701c6c89-1a5a-887d-a312-c1125279ad50  volume 8001-7859  MBR signature 5e9386e1
        LBA        0           hybrid MBR  [written last]
        LBA        1..=33      GPT header and entries  [written last]
        LBA       34..=73      GRUB's core image
        LBA       74..=2047    unused  [not written]
        LBA     2048..=2079    FAT32 boot sector, FSInfo and their backups
        LBA     2080..=2599    first FAT, 66512 clusters of 512 bytes
        LBA     2600..=3119    second FAT
        LBA     3120           / (folder)
        LBA     3121           /boot (folder)
        LBA     3122           /EFI (folder)
        LBA     3123           /EFI/BOOT (folder)
        LBA     3124           /mendkit (folder)
        LBA     3125           /reports (folder)
        LBA     3126..=5079    /boot/vmlinuz64  1000000 bytes  sha256 2c03…c7  linux-image-6.12.0-amd64.deb
        LBA     5080..=5087    /EFI/BOOT/BOOTX64.EFI  4096 bytes  sha256 d67c…ca  test
        LBA     5088           /mendkit/journal.bin  100000 bytes  journal, head
        LBA     5089..=5283    /mendkit/journal.bin  100000 bytes  journal  [not written]
        LBA     5284..=69631   free space, 32.9 MB  [not written]
        LBA    69632..=71646   unused  [not written]
        LBA    71647..=71679   backup GPT entries and header
        no sectors           /mendkit/empty.txt  0 bytes  sha256 e3b0…55  test
    "#]].assert_eq(&plan.to_string());
}

#[test]
fn refuses_contents_that_fit_no_image() {
    let mut large = contents(vec![file("a", "")]);
    large.files[0].size = ByteSize(1 << 32);
    refused(
        large,
        expect!["a: 4294967296 bytes, expected at most 4294967295"],
    );

    let mut huge = contents(vec![]);
    huge.report_space = ByteSize(1 << 50);
    refused(
        huge,
        expect![
            "volume: 100.4 kB and 1125899.9 GB free need more than FAT32 holds with 4096-byte clusters"
        ],
    );

    refused(
        contents(vec![file("a", ""), file("A", "")]),
        expect!["A: the same as a on FAT32, which does not tell case apart"],
    );
    refused(
        contents(vec![file("mendkit/JOURNAL.bin", "")]),
        expect![
            "mendkit/journal.bin: the same as mendkit/JOURNAL.bin on FAT32, which does not tell case apart"
        ],
    );
    refused(
        contents(vec![file("a/../b", "")]),
        expect![[r#"a/../b: a part of the path is "..", expected a name"#]],
    );

    let mut core = contents(vec![]);
    core.boot_code.core = bytes(2015 * 512);
    refused(
        core,
        expect!["GRUB's core image: 1031680 bytes, expected at most 1031168 before LBA 2048"],
    );

    let mut head = contents(vec![]);
    head.reserved[0].head = bytes(100_001);
    refused(
        head,
        expect!["mendkit/journal.bin: 100001 bytes to be written, but the file has 100000"],
    );
}

#[test]
fn refuses_inputs_that_changed_after_planning_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input");
    fs::write(&input, "planned").unwrap();
    let mut from_file = file("planned", "planned");
    from_file.content = Content::File(input.clone());
    from_file.origin = "input".to_owned();
    let plan = plan_image(contents(vec![from_file])).unwrap();
    let output = folder.path().join("image");
    let refused = |expected: Expect| {
        let error = create_image_file(&output, &plan, &mut |_| ()).unwrap_err();
        expected.assert_eq(&error.to_string());
        assert!(!output.exists());
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert!(left <= 1, "{left}");
    };
    fs::write(&input, "plan").unwrap();
    refused(expect![
        "planned: 4 bytes from input, but the plan says 7 bytes; the input changed meanwhile"
    ]);
    fs::write(&input, "planned and more").unwrap();
    refused(expect![
        "planned: more bytes from input, but the plan says 7 bytes; the input changed meanwhile"
    ]);
    fs::write(&input, "Planned").unwrap();
    refused(expect![
        "planned: sha256 fb6f7c93e6bf3dfac450d268bf57844ae92b9c93f7d027b07f715bfbc467d225 from input, but the plan says 9b0f1b10aff55228716a1fbbc59bda8fe735ed14ccd5e2c5226a9ab72a48d47e; the input changed meanwhile"
    ]);
    fs::remove_file(&input).unwrap();
    refused(expect!["reading the content of planned"]);
    fs::write(&input, "planned").unwrap();
    let written = create_image_file(&output, &plan, &mut |_| ()).unwrap();
    let image = fs::read(&output).unwrap();
    assert_eq!(written.sha256, Sha256Digest::of(&image));
    assert_eq!(written.size.0, u64::try_from(image.len()).unwrap());
}

/// An output that fails after so many bytes.
struct Failing {
    inner: Cursor<Vec<u8>>,
    left: usize,
}

impl std::io::Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let fits = bytes.len().min(self.left);
        if fits == 0 {
            return Err(std::io::Error::other("no room"));
        }
        self.left -= fits;
        self.inner.write(&bytes[..fits])
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl std::io::Seek for Failing {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.inner.seek(to)
    }
}

#[test]
fn an_image_that_was_cut_off_has_neither_mbr_nor_gpt() {
    let plan = plan_image(contents(vec![file("a", bytes(3_000_000))])).unwrap();
    let all = usize::try_from(plan.bytes_to_write().0).unwrap();
    for left in [0, 1, 512, 1 << 20, all / 2, all - 34 * 512] {
        let mut output = Failing {
            inner: Cursor::new(vec![0; 40 << 20]),
            left,
        };
        let error = write_image(&plan, &mut output, &mut |_| ()).unwrap_err();
        assert!(error.to_string().starts_with("writing at LBA "), "{error}");
        let head = &output.inner.get_ref()[..34 * 512];
        assert!(head.iter().all(|byte| *byte == 0), "{left}");
    }
}
