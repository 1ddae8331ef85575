//! Tokens: what a caller sends to say who it is. The service keeps their hashes alone.
//!
//! A token is `pwt_` and 64 hexadecimal digits: 256 random bits. Nobody guesses it, so a plain SHA-256 hides it; a slow hash, as for what
//! people choose, would cost a till milliseconds a call and hide nothing more.

use std::fmt;

use secrecy::zeroize::Zeroizing;
use sha2::{Digest as _, Sha256};

use crate::server::secrets::hex::{push_hex, read_hex};
use crate::server::secrets::{Entropy, entropy};

/// What a token begins with: by it scanners of source code find one that was left there.
pub const PREFIX: &str = "pwt_";
const TOKEN_BYTES: usize = 32;

/// What is kept of a token. `Debug` shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Of what a caller sends.
    #[must_use]
    pub fn of(token: &str) -> Self {
        TokenHash(Sha256::digest(token.as_bytes()).into())
    }

    /// From 64 small hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut hash = [0; 32];
        read_hex(text, &mut hash)?;
        Some(TokenHash(hash))
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        push_hex(&mut text, &self.0);
        f.write_str(&text)
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash")
    }
}

/// A new token: to be shown once, and its hash kept.
///
/// # Errors
/// The system gives no random bytes.
pub fn random() -> Result<(Zeroizing<String>, TokenHash), entropy::Error> {
    let bytes = Zeroizing::new(Entropy.bytes::<TOKEN_BYTES>()?);
    let mut token = Zeroizing::new(String::with_capacity(PREFIX.len() + 2 * TOKEN_BYTES));
    token.push_str(PREFIX);
    push_hex(&mut token, &*bytes);
    let hash = TokenHash::of(&token);
    Ok((token, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash_alone() {
        let (token, hash) = random().unwrap();
        assert_eq!((token.len(), token.starts_with(PREFIX)), (68, true));
        assert_eq!(TokenHash::of(&token), hash);
        assert_eq!(TokenHash::parse(&hash.to_string()), Some(hash));
        assert_ne!(*random().unwrap().0, *token);
        assert_eq!(format!("{hash:?}"), "TokenHash");
        for text in ["", "00", &"0".repeat(63), &"g".repeat(64), &"+1".repeat(32)] {
            assert_eq!(TokenHash::parse(text), None, "{text}");
        }
    }
}
