//! Signed catalogs as Windows has them, made by a root that only tests trust.
//!
//! Windows XP's form is version 1: SHA-1 digests, a root and an issuer signed with MD5, a signer signed
//! with SHA-1, all of it expired. No such catalog of Microsoft's was at hand to try. The same recipe gives
//! the same bytes: keys come from the names of their holders, and RSA signatures of this kind know no
//! chance. That makes the keys worthless outside tests.

mod der;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use anyhow::{Context, Result};
use mend::windows::catalog::algorithm::DigestAlgorithm;
use mend::windows::catalog::digests::FileDigests;
use mend::windows::catalog::trust::TrustAnchor;
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};

use crate::broken_pc::{Extra, WindowsSpec, program};
use crate::random::Random;
use der::{bits, boolean, integer, number, octets, oid, sequence, set, tagged, text, utf16};

/// Name of the root that [`test_root`] returns and that signs unless a recipe says otherwise.
pub const TEST_ROOT: &str = "mendkit test root";

/// Purpose of keys that sign Windows itself. Source: wincrypt.h, `szOID_NT5_CRYPTO`.
pub const FOR_WINDOWS: &str = "1.3.6.1.4.1.311.10.3.6";
/// Purpose of keys that sign tested drivers. Source: wincrypt.h, `szOID_WHQL_CRYPTO`.
pub const FOR_DRIVERS: &str = "1.3.6.1.4.1.311.10.3.5";
/// Purpose of keys that sign licences, as those that Flame abused did. Source: wincrypt.h,
/// `szOID_LICENSES`.
pub const FOR_LICENCES: &str = "1.3.6.1.4.1.311.10.6.1";

/// Folder of the catalogs of Windows itself. Source: softpub.h, `DRIVER_ACTION_VERIFY`.
const CATALOG_FOLDER: &str = "CatRoot/{F750E6C3-38EE-11D1-85E5-00C04FC295EE}";

/// Length of the keys, in bits: the shortest that anyone took for serious at the time.
const KEY_BITS: usize = 1024;

/// Version of a catalog's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListVersion {
    /// Windows 2000 to 7: SHA-1.
    One,
    /// Since Windows 8: SHA-256.
    Two,
}

/// A file that a catalog lists.
#[derive(Clone, Debug)]
pub struct ListedFile {
    /// Name that the catalog gives it.
    pub name: String,
    /// Its content.
    pub content: Vec<u8>,
}

/// What a certificate says of its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extension {
    /// May issue certificates; at most so many issuers may follow.
    Authority(Option<u8>),
    /// The same in the form of 1997.
    OldAuthority,
    /// First byte of the bits of `keyUsage`.
    KeyUsage(u8),
    /// What the key is for.
    Purposes(Vec<&'static str>),
    /// Something critical of this kind that nobody knows.
    Critical(&'static str),
}

/// A certificate to be made.
#[derive(Clone, Debug)]
pub struct CertificateRecipe {
    /// Name of the holder, from which the key comes too.
    pub name: &'static str,
    /// Digest that its issuer signs.
    pub link: DigestAlgorithm,
    /// Extensions in order.
    pub extensions: Vec<Extension>,
}

/// A catalog to be made.
#[derive(Clone, Debug)]
pub struct CatalogRecipe {
    /// Version of the list.
    pub version: ListVersion,
    /// What it lists.
    pub files: Vec<ListedFile>,
    /// Who issued the first issuer's certificate.
    pub root: &'static str,
    /// Issuers from the root down.
    pub issuers: Vec<CertificateRecipe>,
    /// Who signs the list.
    pub signer: CertificateRecipe,
    /// Digest of the list and of what is signed.
    pub signature: DigestAlgorithm,
}

impl CatalogRecipe {
    /// A catalog of Windows XP itself.
    pub fn windows_xp(files: Vec<ListedFile>) -> Self {
        Self {
            version: ListVersion::One,
            files,
            root: TEST_ROOT,
            issuers: vec![CertificateRecipe {
                name: "Test Windows Verification PCA",
                link: DigestAlgorithm::Md5,
                extensions: vec![Extension::OldAuthority],
            }],
            signer: CertificateRecipe {
                name: "Test Windows Publisher",
                link: DigestAlgorithm::Sha1,
                extensions: vec![
                    Extension::KeyUsage(0xC0),
                    Extension::Purposes(vec!["1.3.6.1.5.5.7.3.3", FOR_WINDOWS]),
                ],
            },
            signature: DigestAlgorithm::Sha1,
        }
    }

    /// A catalog of Windows 11 itself.
    pub fn windows_11(files: Vec<ListedFile>) -> Self {
        let mut recipe = Self::windows_xp(files);
        recipe.version = ListVersion::Two;
        recipe.signature = DigestAlgorithm::Sha256;
        recipe.signer.link = DigestAlgorithm::Sha256;
        for issuer in &mut recipe.issuers {
            issuer.link = DigestAlgorithm::Sha384;
            issuer.extensions = vec![Extension::KeyUsage(0x86), Extension::Authority(None)];
        }
        recipe
    }

    /// Makes the catalog.
    pub fn build(&self) -> Result<Vec<u8>> {
        let list = self.list()?;
        let mut certificates = Vec::new();
        let mut issuer = self.root;
        for recipe in self.issuers.iter().chain([&self.signer]) {
            certificates.push(certificate(recipe, issuer)?);
            issuer = recipe.name;
        }
        let issuer = self.issuers.last().map_or(self.root, |issuer| issuer.name);
        let signer = self.signer_info(issuer, &list)?;
        let content = sequence(&[oid("1.3.6.1.4.1.311.10.1"), tagged(0, &sequence(&list))]);
        let signed_data = sequence(&[
            number(1),
            set(&[algorithm(digest_name(self.signature))]),
            content,
            tagged(0, &certificates.concat()),
            set(&[signer]),
        ]);
        let kind = oid("1.2.840.113549.1.7.2");
        Ok(sequence(&[kind, tagged(0, &signed_data)]))
    }

    /// Returns what is signed: the list without its own tag and length.
    pub fn signed_content(&self) -> Result<Vec<u8>> {
        Ok(self.list()?.concat())
    }

    /// Returns the fields of the list.
    fn list(&self) -> Result<Vec<Vec<u8>>> {
        let (version, wanted) = match self.version {
            ListVersion::One => ("1.3.6.1.4.1.311.12.1.2", DigestAlgorithm::Sha1),
            ListVersion::Two => ("1.3.6.1.4.1.311.12.1.3", DigestAlgorithm::Sha256),
        };
        let mut members = Vec::new();
        for file in &self.files {
            let digests = FileDigests::of(&file.content);
            let digest = digests.all().find(|(algorithm, _)| *algorithm == wanted);
            let (_, digest) = digest.context("no digest of the algorithm of the list")?;
            members.push(self.member(&file.name, digest, wanted));
        }
        // Lists are sorted by tag, which Windows needs to search them.
        members.sort();
        Ok(vec![
            sequence(&[oid("1.3.6.1.4.1.311.12.1.1")]),
            octets(&[0x59; 16]),
            der::time("080414120000Z"),
            algorithm(version),
            sequence(&members),
        ])
    }

    fn member(&self, name: &str, digest: &[u8], wanted: DigestAlgorithm) -> Vec<u8> {
        let pair = |name: &str, value: &str| {
            let value: Vec<u8> = value
                .encode_utf16()
                .chain([0])
                .flat_map(u16::to_le_bytes)
                .collect();
            let fields = [utf16(name), number(0x1001_0001), octets(&value)];
            let attribute = [oid("1.3.6.1.4.1.311.12.2.1"), set(&[sequence(&fields)])];
            sequence(&attribute)
        };
        // What was digested: the image of a program, of no particular kind.
        let image = [
            bits(&[]),
            tagged(0, &der::implicit(2, &der::implicit(0, &[]))),
        ];
        let indirect = sequence(&[
            sequence(&[oid("1.3.6.1.4.1.311.2.1.15"), sequence(&image)]),
            sequence(&[algorithm(digest_name(wanted)), octets(digest)]),
        ]);
        let digest_attribute = [oid("1.3.6.1.4.1.311.2.1.4"), set(&[indirect])];
        let tag = match self.version {
            ListVersion::One => {
                let text = hex::encode_upper(digest);
                octets(
                    &text
                        .encode_utf16()
                        .chain([0])
                        .flat_map(u16::to_le_bytes)
                        .collect::<Vec<_>>(),
                )
            }
            ListVersion::Two => octets(digest),
        };
        let attributes = [
            pair("File", name),
            pair("OSAttr", "2:5.1"),
            sequence(&digest_attribute),
        ];
        sequence(&[tag, set(&attributes)])
    }

    fn signer_info(&self, issuer: &str, list: &[Vec<u8>]) -> Result<Vec<u8>> {
        let digest = self.signature.digest(&list.concat());
        let attributes = [
            sequence(&[
                oid("1.2.840.113549.1.9.3"),
                set(&[oid("1.3.6.1.4.1.311.10.1")]),
            ]),
            sequence(&[oid("1.2.840.113549.1.9.4"), set(&[octets(&digest)])]),
        ];
        let signature = sign(self.signer.name, self.signature, &set(&attributes))?;
        Ok(sequence(&[
            number(1),
            sequence(&[name(issuer), serial_of(self.signer.name)]),
            algorithm(digest_name(self.signature)),
            tagged(0, &attributes.concat()),
            algorithm("1.2.840.113549.1.1.1"),
            octets(&signature),
        ]))
    }
}

/// Returns the catalog of a service pack in the folder where XP keeps it: it lists the right programs of
/// this Windows, signed by a root that only tests trust.
pub fn signed_catalog(windows: &WindowsSpec) -> Result<Extra> {
    let mut files = Vec::new();
    for name in ["svchost.exe", "lsass.exe", "services.exe", "winlogon.exe"] {
        files.push(ListedFile {
            name: name.to_owned(),
            content: program(windows, windows.kind, name)?,
        });
    }
    let catalog = CatalogRecipe::windows_xp(files).build()?;
    let system = windows.system_folder();
    Ok(Extra::file(
        &format!("{system}/{CATALOG_FOLDER}/SP3.CAT"),
        &catalog,
    ))
}

/// Returns the root that only tests trust.
pub fn test_root() -> Result<TrustAnchor> {
    root_with_key_of(TEST_ROOT)
}

/// Returns a root of the same name with another key.
pub fn impostor_root() -> Result<TrustAnchor> {
    root_with_key_of("somebody else")
}

fn root_with_key_of(holder: &str) -> Result<TrustAnchor> {
    let recipe = CertificateRecipe {
        name: TEST_ROOT,
        link: DigestAlgorithm::Md5,
        extensions: Vec::new(),
    };
    let certificate = certificate_of(&*key_of(holder)?, &recipe, TEST_ROOT)?;
    Ok(TrustAnchor::parse(&certificate)?)
}

fn certificate(recipe: &CertificateRecipe, issuer: &str) -> Result<Vec<u8>> {
    certificate_of(&*key_of(recipe.name)?, recipe, issuer)
}

fn certificate_of(
    key: &RsaPrivateKey,
    recipe: &CertificateRecipe,
    issuer: &str,
) -> Result<Vec<u8>> {
    let rsa = algorithm("1.2.840.113549.1.1.1");
    let key = sequence(&[
        integer(&key.n().to_bytes_be()),
        integer(&key.e().to_bytes_be()),
    ]);
    let mut fields = vec![
        tagged(0, &number(2)),
        serial_of(recipe.name),
        algorithm(signature_name(recipe.link)),
        name(issuer),
        sequence(&[der::time("020101000000Z"), der::time("040101000000Z")]),
        name(recipe.name),
        sequence(&[rsa, bits(&key)]),
    ];
    let extensions: Vec<_> = recipe.extensions.iter().map(extension).collect();
    if !extensions.is_empty() {
        fields.push(tagged(3, &sequence(&extensions)));
    }
    let signed = sequence(&fields);
    let signature = sign(issuer, recipe.link, &signed)?;
    Ok(sequence(&[
        signed,
        algorithm(signature_name(recipe.link)),
        bits(&signature),
    ]))
}

fn extension(extension: &Extension) -> Vec<u8> {
    let (kind, value) = match extension {
        Extension::Authority(most) => {
            let most = most.iter().map(|most| number(u32::from(*most)));
            let fields: Vec<_> = [boolean()].into_iter().chain(most).collect();
            ("2.5.29.19", sequence(&fields))
        }
        // One bit of eight: this is an authority.
        Extension::OldAuthority => ("2.5.29.10", sequence(&[vec![0x03, 0x02, 0x07, 0x80]])),
        Extension::KeyUsage(usage) => ("2.5.29.15", bits(&[*usage])),
        Extension::Purposes(purposes) => {
            let purposes: Vec<_> = purposes.iter().map(|purpose| oid(purpose)).collect();
            ("2.5.29.37", sequence(&purposes))
        }
        Extension::Critical(kind) => (*kind, sequence(&[])),
    };
    sequence(&[oid(kind), boolean(), octets(&value)])
}

fn name(name: &str) -> Vec<u8> {
    sequence(&[set(&[sequence(&[oid("2.5.4.3"), text(name)])])])
}

/// Serial numbers need only differ, as names do.
fn serial_of(name: &str) -> Vec<u8> {
    let digest = DigestAlgorithm::Sha1.digest(name.as_bytes());
    integer(&digest[..8])
}

fn algorithm(name: &str) -> Vec<u8> {
    sequence(&[oid(name), vec![0x05, 0x00]])
}

fn digest_name(algorithm: DigestAlgorithm) -> &'static str {
    match algorithm {
        DigestAlgorithm::Md5 => "1.2.840.113549.2.5",
        DigestAlgorithm::Sha1 => "1.3.14.3.2.26",
        DigestAlgorithm::Sha256 => "2.16.840.1.101.3.4.2.1",
        DigestAlgorithm::Sha384 => "2.16.840.1.101.3.4.2.2",
    }
}

fn signature_name(algorithm: DigestAlgorithm) -> &'static str {
    match algorithm {
        DigestAlgorithm::Md5 => "1.2.840.113549.1.1.4",
        DigestAlgorithm::Sha1 => "1.2.840.113549.1.1.5",
        DigestAlgorithm::Sha256 => "1.2.840.113549.1.1.11",
        DigestAlgorithm::Sha384 => "1.2.840.113549.1.1.12",
    }
}

fn sign(holder: &str, digest: DigestAlgorithm, content: &[u8]) -> Result<Vec<u8>> {
    let stated = sequence(&[
        algorithm(digest_name(digest)),
        octets(&digest.digest(content)),
    ]);
    let key = key_of(holder)?;
    key.sign(Pkcs1v15Sign::new_unprefixed(), &stated)
        .map_err(anyhow::Error::msg)
        .with_context(|| format!("signing as {holder}"))
}

/// Returns the key of a holder, made once in a process.
fn key_of(holder: &str) -> Result<Arc<RsaPrivateKey>> {
    static KEYS: LazyLock<Mutex<BTreeMap<String, Arc<RsaPrivateKey>>>> =
        LazyLock::new(Mutex::default);
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(key) = keys.get(holder) {
        return Ok(key.clone());
    }
    let mut source = KeySource(Random::from_text(holder));
    let key = RsaPrivateKey::new(&mut source, KEY_BITS);
    let key = key.map_err(anyhow::Error::msg);
    let key = Arc::new(key.with_context(|| format!("making a key for {holder}"))?);
    keys.insert(holder.to_owned(), key.clone());
    Ok(key)
}

/// Numbers for keys that keep no secret: they are the same for everybody.
struct KeySource(Random);

impl rsa::rand_core::RngCore for KeySource {
    fn next_u32(&mut self) -> u32 {
        let [a, b, c, d, ..] = self.0.next_number().to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_number()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.0.next_number().to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl rsa::rand_core::CryptoRng for KeySource {}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_same_recipe_gives_the_same_bytes_in_every_process() {
        let file = ListedFile {
            name: "setup.inf".to_owned(),
            content: b"[Version]\r\n".to_vec(),
        };
        let catalog = CatalogRecipe::windows_xp(vec![file]).build().unwrap();
        expect!["4345ff381d6723f8ed77759f35518d982dbaecd8c6dbf9a48e8e27b2725610b1"]
            .assert_eq(&crate::tools::sha256_hex(&catalog));
        let (root, impostor) = (test_root().unwrap(), impostor_root().unwrap());
        assert_eq!(root.name, impostor.name);
        assert_ne!(root, impostor);
    }
}
