//! What is kept of a customer, and how it is written as bytes.
//!
//! The bytes begin with their version, so that a later one can read them or say that it cannot.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use super::bytes::{Reader, Writer};
use super::phone::PhoneKey;

/// Bytes of a profile: with its frame a value stays under 8 KiB, as the tree wants it.
pub const PROFILE_BYTES_MAX: usize = 7 << 10;

/// The form of the bytes.
const VERSION: u8 = 1;

/// A customer, as the CRM describes one.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// The retailer's id.
    pub id: String,
    /// What the phone is found by.
    pub phone: Option<PhoneKey>,
    /// Segments the customer is in.
    pub segments: Vec<String>,
    /// The tier of the loyalty card; empty when unknown.
    pub tier: String,
    /// The day of birth.
    pub birthday: Option<Date>,
    /// Whether the next purchase is the first.
    pub first_purchase: Option<bool>,
    /// Whatever else the CRM knows, by name.
    pub attributes: BTreeMap<String, String>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Profile {
    /// Whether the CRM says the same of the customer in both; when it said so does not matter.
    #[must_use]
    pub fn says_the_same(&self, other: &Profile) -> bool {
        let said = |profile: &Profile| {
            let Profile { phone, birthday, first_purchase, .. } = profile;
            (*phone, *birthday, *first_purchase)
        };
        self.id == other.id
            && said(self) == said(other)
            && self.segments == other.segments
            && self.tier == other.tier
            && self.attributes == other.attributes
    }

    /// The profile as bytes, without its id: that is the key it stands at.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.byte(VERSION);
        writer.bytes(&self.updated_at.as_microsecond().to_le_bytes());
        writer.optional(self.phone.as_ref(), |writer, key| writer.bytes(&key.0));
        writer.optional(self.birthday.as_ref(), |writer, day| {
            writer.bytes(&day.year().to_le_bytes());
            writer.bytes(&day.month().to_le_bytes());
            writer.bytes(&day.day().to_le_bytes());
        });
        writer.optional(self.first_purchase.as_ref(), |writer, first| writer.byte(u8::from(*first)));
        writer.text(&self.tier);
        writer.count(self.segments.len());
        self.segments.iter().for_each(|segment| writer.text(segment));
        writer.count(self.attributes.len());
        for (name, value) in &self.attributes {
            writer.text(name);
            writer.text(value);
        }
        writer.done()
    }

    /// Reads what [`Profile::to_bytes`] wrote; nothing where it is anything else.
    #[must_use]
    pub fn from_bytes(id: &str, bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        (reader.byte()? == VERSION).then_some(())?;
        let profile = Profile {
            id: id.to_owned(),
            updated_at: Timestamp::from_microsecond(i64::from_le_bytes(reader.array()?)).ok()?,
            phone: reader.optional(|reader| reader.array().map(PhoneKey))?,
            birthday: reader.optional(|reader| {
                let year = i16::from_le_bytes(reader.array()?);
                let (month, day) = (i8::from_le_bytes(reader.array()?), i8::from_le_bytes(reader.array()?));
                Date::new(year, month, day).ok()
            })?,
            first_purchase: reader.optional(|reader| reader.byte().map(|byte| byte == 1))?,
            tier: reader.text()?,
            segments: (0..reader.count()?).map(|_| reader.text()).collect::<Option<_>>()?,
            attributes: (0..reader.count()?)
                .map(|_| Some((reader.text()?, reader.text()?)))
                .collect::<Option<_>>()?,
        };
        reader.0.is_empty().then_some(profile)
    }
}

impl fmt::Debug for Profile {
    /// Personal data stays out of every log: only the shape is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile").field("segments", &self.segments.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Profile {
        Profile {
            id: "4711".to_owned(),
            phone: Some(PhoneKey([7; 16])),
            segments: vec!["vip".to_owned(), "Київ".to_owned()],
            tier: "gold".to_owned(),
            birthday: Some("1990-11-25".parse().unwrap()),
            first_purchase: Some(false),
            attributes: [("children", "2"), ("", "")].map(|(n, v)| (n.to_owned(), v.to_owned())).into(),
            updated_at: Timestamp::from_microsecond(1_795_773_600_000_001).unwrap(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let bare = Profile { id: "x".to_owned(), ..Profile::default() };
        let long = Profile { tier: "t".repeat(300), ..full() };
        for profile in [full(), bare, long] {
            assert!(Profile::from_bytes(&profile.id, &profile.to_bytes()) == Some(profile));
        }
    }

    #[test]
    fn other_bytes_are_nothing_and_never_a_panic() {
        let bytes = full().to_bytes();
        for end in 0..bytes.len() {
            assert!(Profile::from_bytes("4711", &bytes[..end]).is_none(), "{end}");
        }
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[place] ^= 1 << bit;
                let _ = Profile::from_bytes("4711", &other);
            }
        }
        assert!(Profile::from_bytes("4711", &[bytes, vec![0]].concat()).is_none());
    }

    #[test]
    fn nothing_of_a_customer_is_shown() {
        assert_eq!(format!("{:?}", full()), "Profile { segments: 2, .. }");
    }
}
