//! The frame of a profile on disk: enciphered with a key of its own, and checked when it is read. What leads from a phone to its id is
//! enciphered under the same key.
//!
//! `slot of the key (4) | nonce (12) | enciphered: profile, CRC32C of id and profile (4)`, and of a phone the id in the place of the
//! profile, the phone in that of the id. A flipped bit anywhere in it, or in the key, makes a checksum that does not fit: the profile is
//! then missing, never another one.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};

use super::keys::Key;
use super::phone::PhoneKey;
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
        Profile::from_bytes(id, &self.said(id.as_bytes(), key)?)
    }

    /// The id of the profile to which `phone` leads; nothing where key, phone and bytes do not belong together.
    pub(super) fn open_owner(&self, phone: PhoneKey, key: &Key) -> Option<String> {
        String::from_utf8(self.said(&phone.0, key)?).ok()
    }

    fn said(&self, place: &[u8], key: &Key) -> Option<Vec<u8>> {
        let mut plain = self.body.to_vec();
        ChaCha20::new(key.into(), self.nonce.into()).apply_keystream(&mut plain);
        let (said, crc) = plain.split_last_chunk::<4>()?;
        (u32::from_le_bytes(*crc) == checksum(place, said)).then(|| said.to_vec())
    }
}

/// The value of a profile.
pub(super) fn seal(profile: &Profile, slot: u32, key: &Key) -> Result<Vec<u8>, getrandom::Error> {
    sealed(profile.id.as_bytes(), profile.to_bytes(), slot, key)
}

/// The value of a phone: the id of the profile to which it leads, under the key of that profile. Once the key is gone nobody learns who had
/// the phone.
pub(super) fn seal_owner(
    phone: PhoneKey,
    id: &str,
    slot: u32,
    key: &Key,
) -> Result<Vec<u8>, getrandom::Error> {
    sealed(&phone.0, id.as_bytes().to_vec(), slot, key)
}

fn sealed(place: &[u8], mut body: Vec<u8>, slot: u32, key: &Key) -> Result<Vec<u8>, getrandom::Error> {
    // A key enciphers every version of its profile: each needs a nonce that no other has.
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce)?;
    body.extend_from_slice(&checksum(place, &body).to_le_bytes());
    ChaCha20::new(key.into(), (&nonce).into()).apply_keystream(&mut body);
    Ok([slot.to_le_bytes().as_slice(), &nonce, &body].concat())
}

/// CRC32C of what a record stands at and what it says: a whole record at the wrong place is found too.
fn checksum(place: &[u8], said: &[u8]) -> u32 {
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
