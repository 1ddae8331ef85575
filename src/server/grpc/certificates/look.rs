//! A certificate's owner looks at it.

use super::desk::{Desk, kept, number, other_kind, phone_fault};
use super::told;
use crate::ledger::{Action, Certificate, CertificateKey, Entry, Look, Outcome};
use crate::server::certificates::Purpose;
use crate::server::grpc::failure::Failure;
use crate::server::grpc::fields::{fault, missing_or_unreadable, request_id};
use crate::server::grpc::record::Named;
use crate::server::ledger::Settled;
use crate::server::secrets::Pin;
use crate::server::wire;
use crate::time::Instant;

/// Entries of an answer, unless it is asked for fewer or more.
const ENTRIES: u32 = 100;
/// Entries of an answer at most: with who and why, 600 KB.
const ENTRIES_MAX: u32 = 1_000;

/// A certificate as it stood when it was looked at.
struct Seen {
    key: CertificateKey,
    certificate: Certificate,
    /// Entries that it had.
    entries: u32,
    last: Entry,
    at: Instant,
}

impl Desk {
    pub(super) async fn balance(
        &self,
        asked: wire::GetBalanceRequest,
    ) -> Result<wire::GetBalanceResponse, Failure> {
        let call = Named::new(request_id(&asked.request_id)?, "GetBalance", &asked);
        let seen = self.opened(&call, &asked.number, &asked.phone, &asked.otp).await?;
        Ok(told::balance(&seen.certificate, &seen.last, seen.at))
    }

    pub(super) async fn entries(
        &self,
        asked: wire::ListEntriesRequest,
    ) -> Result<wire::ListEntriesResponse, Failure> {
        let call = Named::new(request_id(&asked.request_id)?, "ListEntries", &asked);
        let seen = self.opened(&call, &asked.number, &asked.phone, &asked.otp).await?;
        let count = if asked.page_size == 0 { ENTRIES } else { asked.page_size.min(ENTRIES_MAX) };
        // What happened before it was this owner's is nobody's business.
        let (key, since) = (seen.key, seen.certificate.owner_since.min(seen.entries));
        let total = seen.entries - since;
        let newest = (since + total.saturating_sub(count)..seen.entries).rev();
        let entries = self
            .read(move |certificates| {
                newest.map(|place| certificates.entry(&key, place)).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        Ok(wire::ListEntriesResponse {
            balance: Some(told::balance(&seen.certificate, &seen.last, seen.at)),
            entries: entries.iter().map(told::entry).collect(),
            total_size: total,
        })
    }

    /// The certificate that phone and password open. The password is used up; asked again, the call has the same answer.
    async fn opened(&self, call: &Named, typed: &str, phone: &str, otp: &str) -> Result<Seen, Failure> {
        let number = number("number", typed)?;
        let (_, phones) = self.certificates.phone(phone).ok_or_else(|| phone_fault(phone))?;
        let otp = Pin::parse(otp).ok_or_else(|| fault("otp", missing_or_unreadable(otp)))?;
        let outcome = match self.before(call).await? {
            Some(before) => kept(Settled { outcome: before.outcome, sale: None })?,
            None => {
                let presented = self.certificates.presented(number, Purpose::Look, &otp);
                self.room()?;
                let look = Look { presented, phones };
                match self.record.submit(call, Action::Look(Box::new(look))).await? {
                    Ok(settled) => kept(settled)?,
                    Err(rejection) => kept(self.record.refuse(call, rejection, false).await?)?,
                }
            }
        };
        self.seen(outcome).await
    }

    async fn seen(&self, outcome: Outcome) -> Result<Seen, Failure> {
        let Outcome::Certificate(key, entries, at) = outcome else { return Err(other_kind()) };
        let name = key.clone();
        let (found, last) = self
            .read(move |certificates| {
                Ok((certificates.get(&name)?, certificates.entry(&name, entries.saturating_sub(1))?))
            })
            .await?;
        Ok(Seen { key, certificate: found.ok_or(Failure::Internal)?, entries, last, at })
    }

    /// Where the certificate of an outcome stood then.
    pub(super) async fn standing(&self, outcome: Outcome) -> Result<wire::CertificateStanding, Failure> {
        let seen = self.seen(outcome).await?;
        Ok(told::standing(&seen.certificate, &seen.last, seen.at))
    }
}
