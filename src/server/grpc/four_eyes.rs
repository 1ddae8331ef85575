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
        let Some(name) = speaker.name() else { return Ok(()) };
        let now = clock::now().unix();
        if approval.is_empty() {
            return Err(Failure::SecondPersonNeeded(self.give(name, now, content)));
        }
        let is_good = |found: &Approval| {
            let message = message(found.ends_at, &found.name, content);
            found.ends_at > now
                && self.0.matches(&found.hash, Domain::Approval, &message)
                && speaker.is_another(&found.name)
        };
        let found = read(approval).filter(is_good).ok_or(Failure::ApprovalRefused)?;
        speaker.is_second_to(&found.name);
        Ok(())
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
