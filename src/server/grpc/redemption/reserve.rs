//! A purchase is about to be paid.

use std::sync::Arc;

use super::desk::{Answered, Desk, TRIES_MAX};
use super::fields::{hold_seconds, pay};
use super::pricing::{Priced, priced, read};
use crate::basket::Problem;
use crate::ledger::{Action, OpenedCode, Rejection, Reserve};
use crate::money::Amount;
use crate::server::archive::Archived;
use crate::server::codes::Trouble;
use crate::server::convert::{Asked, customer, sale};
use crate::server::customers::Known;
use crate::server::grpc::failure::Failure;
use crate::server::grpc::fields::{fault, request_id};
use crate::server::grpc::record::Named;
use crate::server::limits::{Buyer, Seen};
use crate::server::wire;
use crate::time::Instant;

/// Seconds by which a quote may come from the future: two clocks of one chain differ by no more.
const AHEAD_SECONDS_MAX: i64 = 60;

/// How a reservation begins.
enum Begun {
    /// It was answered before.
    Before(Box<Answered>),
    /// It is new: the basket, filled in from the customer's profile, and what became of it.
    New(Arc<wire::QuoteRequest>, Looked),
}

/// A basket as far as one look goes.
enum Looked {
    Priced(Box<Priced>),
    Refused(Rejection),
    /// It names codes that must be tried one by one.
    Guarded(Archived, Box<Asked>),
}

impl Desk {
    pub(super) async fn reserve(
        self: &Arc<Self>,
        mut asked: wire::ReserveRequest,
        caller: &str,
    ) -> Result<wire::Sale, Failure> {
        let id = request_id(&asked.request_id)?;
        let call = Named::new(id, "Reserve", &asked);
        let hold = hold_seconds(asked.hold.as_ref())?;
        let pay = pay(&asked, &self.certificates)?;
        let basket = asked.quote_request.take().ok_or_else(|| fault("quote_request", Problem::Missing))?;
        let expires_at = Instant::from_unix(call.at.unix().saturating_add(hold)).ok_or(Failure::Internal)?;
        let (basket, mut looked) = match self.begin(&call, basket, caller).await? {
            Begun::Before(before) => return Ok(before.sale()),
            Begun::New(basket, looked) => (basket, Some(looked)),
        };
        let mut refused = Rejection::SaleUnknown;
        for _ in 0..TRIES_MAX {
            let looked = match looked.take() {
                Some(looked) => looked,
                None => self.look_again(&call, &basket, caller).await?,
            };
            let found = self.priced_now(looked, &basket, call.at, caller).await?;
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
            let reserve = Reserve { purchase, takes, expires_at, pay: pay.clone() };
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

    /// What was answered before, or else a first look: all in one, for each hop to another thread costs more than the price.
    async fn begin(
        self: &Arc<Self>,
        call: &Named,
        mut basket: wire::QuoteRequest,
        caller: &str,
    ) -> Result<Begun, Failure> {
        let (call, caller) = (call.clone(), caller.to_owned());
        let begin = move |desk: &Desk| {
            if let Some(before) = desk.before(&call)? {
                return Ok(Begun::Before(Box::new(before)));
            }
            if !desk.ledger.has_room() {
                return Err(Failure::DiskFull);
            }
            if let Some(who) = customer::asked_for(&basket) {
                let known = desk.customers.known(&who);
                // Without the profile the price would be another: the till asks again, and nothing is on the record.
                if known == Known::Unchecked && desk.customers.are_shared() {
                    return Err(Failure::LedgerAway);
                }
                customer::fill(&mut basket, known);
            }
            let looked = desk.look(&basket, call.at, &caller)?;
            Ok(Begun::New(Arc::new(basket), looked))
        };
        self.aside(begin).await
    }

    async fn look_again(
        self: &Arc<Self>,
        call: &Named,
        basket: &Arc<wire::QuoteRequest>,
        caller: &str,
    ) -> Result<Looked, Failure> {
        let (basket, at, caller) = (Arc::clone(basket), call.at, caller.to_owned());
        self.aside(move |desk| desk.look(&basket, at, &caller)).await
    }

    /// The price of now, or of the quote as long as that is honored, where no code must be tried for it.
    fn look(&self, asked: &wire::QuoteRequest, now: Instant, caller: &str) -> Result<Looked, Failure> {
        let context = asked.context.as_ref();
        let named = context.map(|context| context.rulebook_version.as_str()).unwrap_or_default();
        let quoted = context.and_then(|context| context.time.as_ref()).map(|time| time.seconds);
        let age = quoted.map(|quoted| now.unix().saturating_sub(quoted));
        if age.is_some_and(|age| age > self.settings.quote_ttl_seconds || age < -AHEAD_SECONDS_MAX) {
            return Ok(Looked::Refused(Rejection::QuoteExpired));
        }
        let Some(rules) = self.honored(named, now)? else {
            return Ok(Looked::Refused(Rejection::RulebookExpired));
        };
        if !rules.rulebook.has_pools() {
            let priced = self.priced_with(&rules, asked, now, &[])?;
            return Ok(Looked::Priced(Box::new(priced)));
        }
        let read = read(&rules, asked.clone(), now)?;
        let free = self.codebook.free(pins(asked), read.request(), &rules.rulebook, caller);
        match free.map_err(Trouble::from)? {
            Some(codes) => Ok(Looked::Priced(Box::new(self.priced_with(&rules, asked, now, &codes)?))),
            None => Ok(Looked::Guarded(rules, Box::new(read))),
        }
    }

    /// The price, once codes that must be tried have been.
    async fn priced_now(
        self: &Arc<Self>,
        looked: Looked,
        asked: &Arc<wire::QuoteRequest>,
        now: Instant,
        caller: &str,
    ) -> Result<Result<Priced, Rejection>, Failure> {
        let (rules, read) = match looked {
            Looked::Priced(priced) => return Ok(Ok(*priced)),
            Looked::Refused(rejection) => return Ok(Err(rejection)),
            Looked::Guarded(rules, read) => (rules, read),
        };
        let codes = self.codebook.guarded(pins(asked), read.request(), &rules.rulebook, caller).await?;
        let asked = Arc::clone(asked);
        self.aside(move |desk| desk.priced_with(&rules, &asked, now, &codes)).await.map(Ok)
    }

    fn priced_with(
        &self,
        rules: &Archived,
        asked: &wire::QuoteRequest,
        now: Instant,
        codes: &[OpenedCode],
    ) -> Result<Priced, Failure> {
        let seen = Seen { counters: self.ledger.counters(), own: &[] };
        let buyer = |request: &_| Buyer::of(request, &self.pepper, &self.settings.countries);
        priced(rules, asked.clone(), now, seen, buyer, |rulebook, buyer| seen.left(rulebook, buyer), codes)
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
        Ok(self.rulebook(named)?.filter(is_honored))
    }
}

fn pins(asked: &wire::QuoteRequest) -> &[wire::CodePin] {
    asked.context.as_ref().map(|context| context.code_pins.as_slice()).unwrap_or_default()
}

/// The refusal, where the basket costs something else than the caller expects.
pub(super) fn changed(expected: Option<i64>, total: Amount) -> Option<Rejection> {
    expected.filter(|&expected| expected != total.minor()).map(|_| Rejection::PriceChanged { total })
}
