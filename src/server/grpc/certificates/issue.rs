//! A certificate that is paid comes into being.

use super::desk::{Desk, other_kind, phone_fault};
use super::told::timestamp;
use crate::basket::Problem;
use crate::basket::limits::TEXT_BYTES_MAX;
use crate::ledger::{Action, CertificateKey, Command, Content, Event, Issue, Outcome, Rejection};
use crate::server::certificates::Typed;
use crate::server::grpc::failure::Failure;
use crate::server::grpc::fields::{fault, request_id, sale_id};
use crate::server::grpc::record::{Before, Named};
use crate::server::secrets::KeyId;
use crate::server::timestamp::Timestamp;
use crate::server::wire;
use crate::time::Instant;

/// Seconds that a certificate lives unless it is said otherwise: a year.
const LIFE_SECONDS: i64 = 365 * 86_400;
/// Seconds that it may live at most: ten years.
pub(super) const LIFE_SECONDS_MAX: i64 = 3_653 * 86_400;
/// Numbers that are tried. That one is there already has a chance of one in 10²² for each that there is.
const NUMBERS_MAX: u32 = 8;

impl Desk {
    pub(super) async fn issue(
        &self,
        asked: wire::IssueCertificateRequest,
    ) -> Result<wire::IssueCertificateResponse, Failure> {
        let call = Named::new(request_id(&asked.request_id)?, "Issue", &asked);
        let sale = sale_id(&asked.sale_id)?;
        if asked.line_id.len() > TEXT_BYTES_MAX {
            return Err(fault("line_id", Problem::TooLong(TEXT_BYTES_MAX)));
        }
        let (_, phones) = self.certificates.phone(&asked.phone).ok_or_else(|| phone_fault(&asked.phone))?;
        // First, whatever the clock has come to since: nobody else can tell the number again.
        if let Some(Before { outcome, key }) = self.before(&call).await? {
            return self.issued(&call, outcome, key).await;
        }
        let expires_at = until(asked.expire_time, call.at)?;
        self.room()?;
        let key = self.certificates.key_of_today();
        let phone = phones.into_iter().next().ok_or(Failure::Internal)?;
        for attempt in 0..NUMBERS_MAX {
            let number = self.certificates.number(call.id, key, attempt);
            let certificate = self.today(number)?;
            let issue = Issue {
                id: self.certificates.id(&certificate).ok_or(Failure::Internal)?,
                certificate,
                last_four: number.last_four(),
                sale,
                line: asked.line_id.clone(),
                phone: phone.clone(),
                expires_at,
            };
            if asked.validate_only {
                return self.would_issue(&call, issue).await;
            }
            match self.record.submit(&call, Action::Issue(Box::new(issue))).await? {
                Ok(settled) => return self.issued(&call, settled.outcome, key).await,
                Err(Rejection::CertificateExists) => {}
                Err(rejection) => {
                    let settled = self.record.refuse(&call, rejection, false).await?;
                    return self.issued(&call, settled.outcome, key).await;
                }
            }
        }
        Err(Failure::Internal)
    }

    fn today(&self, number: Typed) -> Result<CertificateKey, Failure> {
        self.certificates.keys(number).into_iter().next().ok_or(Failure::Internal)
    }

    /// What a call was answered, with the number that follows from it.
    async fn issued(
        &self,
        call: &Named,
        outcome: Outcome,
        key: KeyId,
    ) -> Result<wire::IssueCertificateResponse, Failure> {
        let name = match outcome {
            Outcome::Issued(name) => name,
            Outcome::Refused(rejection) => return Err(Failure::Refused(rejection)),
            _ => return Err(other_kind()),
        };
        let numbers = (0..NUMBERS_MAX).map(|attempt| self.certificates.number(call.id, key, attempt));
        let number = numbers.into_iter().find(|number| self.certificates.keys(*number).contains(&name));
        // Without its key nobody can tell the number any more.
        let number = number.ok_or(Failure::Internal)?;
        let (found, first) = self
            .read(move |certificates| Ok((certificates.get(&name)?, certificates.entry(&name, 0)?)))
            .await?;
        let found = found.ok_or(Failure::Internal)?;
        Ok(wire::IssueCertificateResponse {
            number: number.grouped(),
            certificate_id: found.id.to_string(),
            last_four: found.last_four,
            currency_code: found.currency,
            amount: found.issued.minor(),
            expire_time: Some(timestamp(first.expires_at)),
        })
    }

    /// What a call would be answered, but for the number: one that is told is kept.
    async fn would_issue(
        &self,
        call: &Named,
        issue: Issue,
    ) -> Result<wire::IssueCertificateResponse, Failure> {
        let (id, sale, expires_at) = (issue.id, issue.sale, issue.expires_at);
        let action = Action::Issue(Box::new(issue));
        let content = Content(String::new());
        let command = Command { request: call.id, content, at: call.at, action };
        let (decided, found) = self
            .read(move |certificates| {
                let ledger = certificates.ledger();
                Ok((ledger.trial(&command)?, ledger.sale(sale)?))
            })
            .await?;
        let facts = decided.map_err(Failure::Refused)?;
        let amount = facts.iter().find_map(|fact| match &fact.event {
            Event::CertificateIssued { amount, .. } => Some(amount.minor()),
            _ => None,
        });
        Ok(wire::IssueCertificateResponse {
            certificate_id: id.to_string(),
            currency_code: found.map(|sale| sale.sold().currency.clone()).unwrap_or_default(),
            amount: amount.unwrap_or_default(),
            expire_time: Some(timestamp(expires_at)),
            ..wire::IssueCertificateResponse::default()
        })
    }
}

/// When a certificate ends.
fn until(asked: Option<Timestamp>, now: Instant) -> Result<Instant, Failure> {
    match asked {
        None => Instant::from_unix(now.unix().saturating_add(LIFE_SECONDS)).ok_or(Failure::Internal),
        Some(time) => end("expire_time", Some(time), now),
    }
}

/// An end that lies ahead, and not too far.
pub(super) fn end(field: &str, asked: Option<Timestamp>, now: Instant) -> Result<Instant, Failure> {
    let time = asked.ok_or_else(|| fault(field, Problem::Missing))?;
    let (least, most) = (now.unix().saturating_add(1), now.unix().saturating_add(LIFE_SECONDS_MAX));
    let end = Instant::from_unix(time.seconds).filter(|end| (least..=most).contains(&end.unix()));
    end.ok_or_else(|| fault(field, Problem::OutOfRange(least, most)))
}
