//! Two pairs of eyes: what one has asked for is done once another has asked for the same.
//!
//! Nothing is kept of the first call. What it is answered is an approval that nobody makes without the keys of the service, so each node that
//! has them takes it from the second, also after a restart.

use std::sync::Arc;

use super::admit::Speaker;
use super::failure::Failure;
use crate::server::clock;
use crate::server::secrets::hex::{push_hex, read_hex};
use crate::server::secrets::{Domain, KeyedHash, Pepper};

/// How long the second has: a day.
const LIFE_SECONDS: i64 = 86_400;

/// Gives approvals, and takes them.
#[derive(Debug, Clone)]
pub struct FourEyes(Arc<Pepper>);

/// Who has asked for a call, and until when another may.
struct Approval {
    ends_at: i64,
    hash: KeyedHash,
    name: String,
}

impl FourEyes {
    /// Approvals under the keys of `pepper`.
    #[must_use]
    pub fn new(pepper: Arc<Pepper>) -> Self {
        FourEyes(pepper)
    }

    /// Whether a call that two must ask for may be carried out. `content` is all that it says but for `approval`, its id too.
    ///
    /// # Errors
    /// It has no approval: then with one for whoever comes second. Or its approval is none for this call and this caller.
    pub(super) fn see(&self, speaker: &Speaker, content: &[u8], approval: &str) -> Result<(), Failure> {
        // Where nobody is known there are not two.
        let name = speaker.name().ok_or(Failure::ApprovalRefused)?;
        let now = clock::now().unix();
        if approval.is_empty() {
            return Err(Failure::SecondPersonNeeded(self.give(name, now, content)));
        }
        let first = self.first(approval, now, content).filter(|first| speaker.is_another(first));
        speaker.is_second_to(&first.ok_or(Failure::ApprovalRefused)?);
        Ok(())
    }

    /// Who was given this approval for this call, where it holds at `now`.
    fn first(&self, approval: &str, now: i64, content: &[u8]) -> Option<String> {
        let found = read(approval).filter(|found| found.ends_at > now)?;
        let message = message(found.ends_at, &found.name, content);
        self.0.matches(&found.hash, Domain::Approval, &message).then_some(found.name)
    }

    fn give(&self, name: &str, now: i64, content: &[u8]) -> String {
        let ends_at = now.saturating_add(LIFE_SECONDS);
        let hash = self.0.hash(Domain::Approval, &message(ends_at, name, content));
        // In hex: it goes through shells and messages between people.
        let mut text = format!("{ends_at}.{}.", hash.to_text());
        push_hex(&mut text, name.as_bytes());
        text
    }
}

fn read(approval: &str) -> Option<Approval> {
    let mut parts = approval.trim().splitn(3, '.');
    let (ends_at, hash, hex) = (parts.next()?, parts.next()?, parts.next()?);
    let mut name = vec![0; hex.len() / 2];
    read_hex(hex, &mut name)?;
    Some(Approval {
        ends_at: ends_at.parse().ok()?,
        hash: KeyedHash::parse(hash)?,
        name: String::from_utf8(name).ok()?,
    })
}

/// A name has no line break: no two calls have one message.
fn message(ends_at: i64, name: &str, content: &[u8]) -> Vec<u8> {
    let mut message = format!("{ends_at}\n{name}\n").into_bytes();
    message.extend_from_slice(content);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_holds_for_a_day_for_one_call_and_one_name() {
        let eyes = FourEyes::new(Arc::new(Pepper::random().unwrap()));
        let given = eyes.give("Olena", 1_000, b"Publish\nthis");
        let first = |approval: &str, now, content: &[u8]| eyes.first(approval, now, content);
        let end = 1_000 + LIFE_SECONDS;
        assert_eq!(first(&given, end - 1, b"Publish\nthis").as_deref(), Some("Olena"));
        assert_eq!(first(&given, end, b"Publish\nthis"), None);
        assert_eq!(first(&given, 1_000, b"Rollback\nthis"), None);
        assert_eq!(first(&given, 1_000, b"Publish\nthat"), None);
        let hex_of = |name: &str| {
            let mut hex = String::new();
            push_hex(&mut hex, name.as_bytes());
            hex
        };
        let anothers = given.replace(&hex_of("Olena"), &hex_of("Taras"));
        let longer = given.replace(&end.to_string(), &(end + 1).to_string());
        let other = FourEyes::new(Arc::new(Pepper::random().unwrap())).give("Olena", 1_000, b"Publish\nthis");
        for text in [anothers, longer, other, given.to_uppercase(), String::new(), "1.2.3".to_owned()] {
            assert_eq!(first(&text, 1_000, b"Publish\nthis"), None, "{text}");
        }
    }
}
