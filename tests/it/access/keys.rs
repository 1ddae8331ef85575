//! Tokens of these tests.

use pricewright::server::access::{TokenHash, random};

/// A token and the lines of its caller.
pub(super) struct Key {
    pub(super) token: String,
    hash: TokenHash,
    name: String,
}

impl Key {
    pub(super) fn new(name: &str) -> Self {
        let (token, hash) = random().unwrap();
        Key { token: token.to_string(), hash, name: name.to_owned() }
    }

    /// Its entry in the file of access.
    pub(super) fn entry(&self, role: &str, more: &str) -> String {
        self.entry_until(role, more, "2100-01-01T00:00:00Z")
    }

    pub(super) fn entry_until(&self, role: &str, more: &str, end: &str) -> String {
        let Key { hash, name, .. } = self;
        format!(
            "[[caller]]\nname = \"{name}\"\nroles = [\"{role}\"]\n{more}\ntokens = [{{ sha256 = \"{hash}\", expires-at = \"{end}\" }}]\n"
        )
    }
}
