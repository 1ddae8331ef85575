//! The text of a rulebook before anybody has read it, and the digest that names it.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// One file of a rules folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The path below the folder, with `/` between its parts.
    pub path: String,
    /// What the file holds, to the byte.
    pub bytes: Vec<u8>,
}

/// SHA-256 of the sources of a rulebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `sources`, whatever their order.
    #[must_use]
    pub fn of<'s>(sources: impl IntoIterator<Item = &'s Source>) -> Self {
        let mut sorted: Vec<&Source> = sources.into_iter().collect();
        sorted.sort();
        let mut hash = Sha256::new();
        for source in sorted {
            // Lengths first: no two folders run together to the same bytes.
            hash.update(source.path.len().to_le_bytes());
            hash.update(&source.path);
            hash.update(source.bytes.len().to_le_bytes());
            hash.update(&source.bytes);
        }
        Digest(hash.finalize().into())
    }

    /// The first twelve hexadecimal digits: the version that people read.
    #[must_use]
    pub fn version(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
