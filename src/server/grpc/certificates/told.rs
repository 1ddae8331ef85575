//! Certificates as the wire tells them.

use crate::ledger::{Certificate, Entry, EntryKind, Standing};
use crate::server::timestamp::Timestamp;
use crate::server::wire;
use crate::server::wire::certificate_entry::Kind;
use crate::server::wire::certificate_standing::State;
use crate::time::Instant;

/// A moment.
pub(super) fn timestamp(at: Instant) -> Timestamp {
    Timestamp { seconds: at.unix(), nanos: 0 }
}

/// Where a certificate stood at a moment, its last entry then being `last`.
pub(super) fn standing(certificate: &Certificate, last: &Entry, at: Instant) -> wire::CertificateStanding {
    let state = match last.standing {
        Standing::Frozen => State::Frozen,
        Standing::Blocked => State::Blocked,
        Standing::InUse if last.expires_at <= at => State::Expired,
        Standing::InUse => State::Active,
    };
    wire::CertificateStanding {
        certificate_id: certificate.id.to_string(),
        last_four: certificate.last_four.clone(),
        state: state.into(),
        expire_time: Some(timestamp(last.expires_at)),
    }
}

/// What was left on it then.
pub(super) fn balance(certificate: &Certificate, last: &Entry, at: Instant) -> wire::GetBalanceResponse {
    wire::GetBalanceResponse {
        certificate_id: certificate.id.to_string(),
        last_four: certificate.last_four.clone(),
        currency_code: certificate.currency.clone(),
        balance: last.balance.minor(),
        held: last.held.minor(),
        standing: Some(standing(certificate, last, at)),
    }
}

/// An entry, as its owner may see it: who asked for a change and why is on the record for the retailer.
pub(super) fn entry(entry: &Entry) -> wire::CertificateEntry {
    wire::CertificateEntry {
        time: Some(timestamp(entry.at)),
        kind: match entry.kind {
            EntryKind::Issued => Kind::Issued,
            EntryKind::Held => Kind::Held,
            EntryKind::Released => Kind::Released,
            EntryKind::Spent => Kind::Spent,
            EntryKind::Returned => Kind::Returned,
            EntryKind::Blocked => Kind::Blocked,
            EntryKind::Unblocked => Kind::Unblocked,
            EntryKind::Frozen => Kind::Frozen,
            EntryKind::Expired => Kind::Expired,
            EntryKind::Extended => Kind::Extended,
            EntryKind::Transferred => Kind::Transferred,
        }
        .into(),
        amount: entry.amount.minor(),
        balance: entry.balance.minor(),
        sale_id: entry.sale.map(|sale| sale.to_string()).unwrap_or_default(),
    }
}
