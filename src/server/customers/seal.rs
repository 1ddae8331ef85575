//! The frame of a profile on disk: enciphered with a key of its own, and checked when it is read.
//!
//! `slot of the key (4) | nonce (12) | enciphered: profile, CRC32C of id and profile (4)`. A flipped bit anywhere in it, or in
//! the key, makes a checksum that does not fit: the profile is then missing, never another one.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};

use super::keys::Key;
use super::profile::Profile;

const NONCE_BYTES: usize = 12;

/// The bytes of a value, taken apart.
#[derive(Debug)]
pub(super) struct Sealed<'a> {
    /// Where its key stands.
    pub(super) slot: u32,
    nonce: &'a [u8; NONCE_BYTES],
    body: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// Takes a value apart; nothing when it is too short to be one.
    pub(super) fn of(value: &'a [u8]) -> Option<Self> {
        let (slot, rest) = value.split_first_chunk::<4>()?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_BYTES>()?;
        Some(Sealed { slot: u32::from_le_bytes(*slot), nonce, body })
    }

    /// The profile; nothing where key, id and bytes do not belong together.
    pub(super) fn open(&self, id: &str, key: &Key) -> Option<Profile> {
        let mut plain = self.body.to_vec();
        ChaCha20::new(key.into(), self.nonce.into()).apply_keystream(&mut plain);
        let (profile, crc) = plain.split_last_chunk::<4>()?;
        (u32::from_le_bytes(*crc) == checksum(id.as_bytes(), profile)).then_some(())?;
        Profile::from_bytes(id, profile)
    }
}

/// The value of a profile.
pub(super) fn seal(profile: &Profile, slot: u32, key: &Key) -> Result<Vec<u8>, getrandom::Error> {
    // A key enciphers every version of its profile: each needs a nonce that no other has.
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce)?;
    let mut body = profile.to_bytes();
    body.extend_from_slice(&checksum(profile.id.as_bytes(), &body).to_le_bytes());
    ChaCha20::new(key.into(), (&nonce).into()).apply_keystream(&mut body);
    Ok([slot.to_le_bytes().as_slice(), &nonce, &body].concat())
}

/// CRC32C of what a record stands at and what it says: a whole record at the wrong place is found too.
pub(super) fn checksum(place: &[u8], said: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(place), said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_bit_is_never_another_profile() {
        let profile = Profile { id: "4711".to_owned(), tier: "platinum".to_owned(), ..Profile::default() };
        let key = [3; 32];
        let value = seal(&profile, 9, &key).unwrap();
        let open =
            |value: &[u8], id: &str, key: &Key| Sealed::of(value).and_then(|sealed| sealed.open(id, key));
        assert!(open(&value, "4711", &key) == Some(profile.clone()));
        assert_eq!(Sealed::of(&value).unwrap().slot, 9);
        assert!(!value.windows(8).any(|part| part == b"platinum"));
        assert!(open(&value, "4712", &key).is_none() && open(&value, "4711", &[4; 32]).is_none());
        for place in 4..value.len() {
            for bit in 0..8 {
                let mut other = value.clone();
                other[place] ^= 1 << bit;
                assert!(open(&other, "4711", &key).is_none(), "{place}.{bit}");
            }
        }
        for end in 0..value.len() {
            assert!(open(&value[..end], "4711", &key).is_none());
        }
        assert_ne!(seal(&profile, 9, &key).unwrap(), value);
    }
}
