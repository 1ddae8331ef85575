//! A purchase is about to be paid.

use std::sync::Arc;

use super::desk::{Desk, Named, TRIES_MAX};
use super::fields::{fault, hold_seconds, request_id};
use super::pricing::{Priced, priced, read};
use crate::basket::Problem;
use crate::ledger::{Action, Rejection, Reserve};
use crate::money::Amount;
use crate::server::archive::Archived;
use crate::server::convert::{customer, sale};
use crate::server::grpc::failure::Failure;
use crate::server::limits::{Buyer, Seen};
use crate::server::wire;
use crate::time::Instant;

/// Seconds by which a quote may come from the future: two clocks of one chain differ by no more.
const AHEAD_SECONDS_MAX: i64 = 60;

impl Desk {
    pub(super) async fn reserve(
        self: &Arc<Self>,
        asked: wire::ReserveRequest,
        caller: &str,
    ) -> Result<wire::Sale, Failure> {
        let id = request_id(&asked.request_id)?;
        let call = Named::new(id, "Reserve", &asked);
        if let Some(before) = self.before(&call).await? {
            return Ok(before.sale());
        }
        let hold = hold_seconds(asked.hold.as_ref())?;
        let mut basket = asked.quote_request.ok_or_else(|| fault("quote_request", Problem::Missing))?;
        if !self.ledger.has_room() {
            return Err(Failure::DiskFull);
        }
        if let Some(who) = customer::asked_for(&basket) {
            let found = self.aside(move |desk| Ok(customer::known(&desk.customers, &who))).await?;
            customer::fill(&mut basket, found);
        }
        let expires_at = Instant::from_unix(call.at.unix().saturating_add(hold)).ok_or(Failure::Internal)?;
        let mut refused = Rejection::SaleUnknown;
        for _ in 0..TRIES_MAX {
            let found = self.priced_now(&basket, call.at, caller).await?;
            let Priced { purchase, takes } = match found {
                Ok(found) => found,
                Err(rejection) => {
                    return self
                        .refuse(&call, rejection, asked.validate_only)
                        .await
                        .map(|before| before.sale());
                }
            };
            if let Some(rejection) = changed(asked.expected_total, purchase.total) {
                return self.refuse(&call, rejection, asked.validate_only).await.map(|before| before.sale());
            }
            if asked.validate_only {
                return Ok(sale::preview(id.sale(), &purchase, call.at, expires_at));
            }
            let reserve = Reserve { purchase, takes, expires_at };
            match self.submit(&call, Action::Reserve(Box::new(reserve))).await? {
                Ok(kept) => return Ok(kept.sale()),
                // Others took what was left since it was priced: what does the basket cost without it?
                Err(rejection) if rejection.is_about_room() => refused = rejection,
                Err(rejection) => {
                    return self.refuse(&call, rejection, false).await.map(|before| before.sale());
                }
            }
        }
        self.refuse(&call, refused, false).await.map(|before| before.sale())
    }

    /// The price of now, or of the quote as long as that is honored.
    async fn priced_now(
        self: &Arc<Self>,
        asked: &wire::QuoteRequest,
        now: Instant,
        caller: &str,
    ) -> Result<Result<Priced, Rejection>, Failure> {
        let context = asked.context.as_ref();
        let named = context.map(|context| context.rulebook_version.clone()).unwrap_or_default();
        let quoted = context.and_then(|context| context.time.as_ref()).map(|time| time.seconds);
        let age = quoted.map(|quoted| now.unix().saturating_sub(quoted));
        if age.is_some_and(|age| age > self.settings.quote_ttl_seconds || age < -AHEAD_SECONDS_MAX) {
            return Ok(Err(Rejection::QuoteExpired));
        }
        let Some(rules) = self.aside(move |desk| desk.honored(&named, now)).await? else {
            return Ok(Err(Rejection::RulebookExpired));
        };
        let pins = context.map(|context| context.code_pins.clone()).unwrap_or_default();
        let codes = match rules.rulebook.has_pools() {
            true => {
                let read = read(&rules, asked.clone(), now)?;
                self.codebook.resolve(&pins, read.request(), &rules.rulebook, caller).await?
            }
            false => Vec::new(),
        };
        let asked = asked.clone();
        let price = move |desk: &Desk| {
            let seen = Seen { counters: desk.ledger.counters(), own: &[] };
            let buyer = |request: &_| Buyer::of(request, &desk.pepper, &desk.settings.countries);
            priced(&rules, asked, now, seen, buyer, |rulebook, buyer| seen.left(rulebook, buyer), &codes)
        };
        self.aside(price).await.map(Ok)
    }

    /// The rulebook of a quote, as long as its prices are honored; the live one when none is named.
    fn honored(&self, named: &str, now: Instant) -> Result<Option<Archived>, Failure> {
        if named.is_empty() {
            return self.archive.live().map(Some).ok_or(Failure::NoRulebook);
        }
        let is_honored = |rules: &Archived| {
            let age = rules.ended_at.map(|ended_at| now.unix().saturating_sub(ended_at.as_second()));
            age.is_none_or(|age| age <= self.settings.quote_ttl_seconds)
        };
        Ok(self.archive.find(named).filter(is_honored))
    }
}

/// The refusal, where the basket costs something else than the caller expects.
pub(super) fn changed(expected: Option<i64>, total: Amount) -> Option<Rejection> {
    expected.filter(|&expected| expected != total.minor()).map(|_| Rejection::PriceChanged { total })
}
