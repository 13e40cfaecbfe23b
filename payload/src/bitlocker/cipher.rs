//! How sectors are encrypted, and what the kernel calls that.

/// A cipher with its mode and key. Source: libbde, 4.3, and Linux, dm-crypt for the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// AES-CBC with Elephant diffuser, 128 bits each.
    CbcDiffuser128,
    /// AES-CBC with Elephant diffuser, 256 bits each.
    CbcDiffuser256,
    /// AES-CBC, 128 bits.
    Cbc128,
    /// AES-CBC, 256 bits.
    Cbc256,
    /// AES-XTS, 128 bits.
    Xts128,
    /// AES-XTS, 256 bits.
    Xts256,
}

impl Cipher {
    /// Returns its name for the kernel's dm-crypt.
    pub fn kernel_name(self) -> &'static str {
        match self {
            Self::CbcDiffuser128 | Self::CbcDiffuser256 => "aes-cbc-elephant",
            Self::Cbc128 | Self::Cbc256 => "aes-cbc-eboiv",
            Self::Xts128 | Self::Xts256 => "aes-xts-plain64",
        }
    }

    /// Returns the bytes of its key; two keys count together.
    pub fn key_length(self) -> usize {
        match self {
            Self::Cbc128 => 16,
            Self::Cbc256 | Self::CbcDiffuser128 | Self::Xts128 => 32,
            Self::CbcDiffuser256 | Self::Xts256 => 64,
        }
    }
}
