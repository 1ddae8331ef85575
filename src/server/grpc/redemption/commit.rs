//! A purchase is paid, or called off.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::desk::{Desk, TRIES_MAX};
use super::fields::units;
use super::pricing::{Priced, priced};
use super::reserve::changed;
use crate::basket::limits::LINES_MAX;
use crate::ledger::{Action, Commit, Part, Rejection, Sale, State};
use crate::server::convert::{request_from_json, sale};
use crate::server::grpc::failure::Failure;
use crate::server::grpc::fields::{at_most, request_id, sale_id};
use crate::server::grpc::record::Named;
use crate::server::limits::{Buyer, Seen};
use crate::server::wire;

impl Desk {
    pub(super) async fn commit(self: &Arc<Self>, asked: wire::CommitRequest) -> Result<wire::Sale, Failure> {
        let call = Named::new(request_id(&asked.request_id)?, "Commit", &asked);
        let id = sale_id(&asked.sale_id)?;
        at_most("units", &asked.units, LINES_MAX)?;
        for (place, one) in asked.units.iter().enumerate() {
            units(place, &one.line_id, one.quantity)?;
        }
        // The usual payment, of all that is held: the ledger knows by itself whether it was answered before, and what of.
        if asked.units.is_empty() && asked.expected_total.is_none() && !asked.validate_only {
            let all = Action::Commit(Box::new(Commit { sale: id, part: None }));
            return match self.submit(&call, all).await? {
                Ok(kept) => Ok(kept.sale()),
                Err(rejection) => self.refuse(&call, rejection, false).await.map(|before| before.sale()),
            };
        }
        let mut refused = Rejection::SaleUnknown;
        for _ in 0..TRIES_MAX {
            let held = match self.before_or_sale(&call, id).await? {
                Ok(held) => held,
                Err(before) => return Ok(before.sale()),
            };
            let Some(held) = held else {
                return self
                    .refuse(&call, Rejection::SaleUnknown, asked.validate_only)
                    .await
                    .map(|before| before.sale());
            };
            let part = match self.part(&held, &asked).await? {
                Ok(part) => part,
                Err(rejection) => {
                    return self
                        .refuse(&call, rejection, asked.validate_only)
                        .await
                        .map(|before| before.sale());
                }
            };
            if asked.validate_only {
                let action = Action::Commit(Box::new(Commit { sale: id, part }));
                return self.would(&call, id, action).await.map(|would| would.sale());
            }
            match self.submit(&call, Action::Commit(Box::new(Commit { sale: id, part }))).await? {
                Ok(kept) => return Ok(kept.sale()),
                Err(rejection) if rejection.is_about_room() && !asked.units.is_empty() => refused = rejection,
                Err(rejection) => {
                    return self.refuse(&call, rejection, false).await.map(|before| before.sale());
                }
            }
        }
        self.refuse(&call, refused, false).await.map(|before| before.sale())
    }

    /// The part that is paid, at its own price; nothing when all is.
    async fn part(
        self: &Arc<Self>,
        held: &Sale,
        asked: &wire::CommitRequest,
    ) -> Result<Result<Option<Part>, Rejection>, Failure> {
        match held.state {
            State::Cancelled => return Ok(Err(Rejection::SaleCancelled)),
            State::Committed => return Ok(Err(Rejection::SaleCommitted)),
            State::Held | State::Expired => {}
        }
        if asked.units.is_empty() {
            return Ok(changed(asked.expected_total, held.reserved.total).map_or(Ok(None), Err));
        }
        let mut units: BTreeMap<String, u32> = BTreeMap::new();
        for paid in &asked.units {
            let of_line = units.entry(paid.line_id.clone()).or_default();
            *of_line = of_line.saturating_add(paid.quantity);
        }
        for (line, &quantity) in &units {
            let reserved = held.reserved.line(line).map_or(0, |line| line.quantity());
            if quantity == 0 || quantity > reserved {
                return Ok(Err(Rejection::UnitsUnknown(line.clone())));
            }
        }
        let held = held.clone();
        let priced = self.aside(move |desk| desk.part_priced(&held, &units)).await?;
        Ok(priced.and_then(|Priced { purchase, takes }| {
            match changed(asked.expected_total, purchase.total) {
                Some(rejection) => Err(rejection),
                None => Ok(Some(Part { purchase, takes })),
            }
        }))
    }

    /// Some units of a reserved purchase by themselves, under its rulebook, with what it holds at its disposal.
    fn part_priced(
        &self,
        held: &Sale,
        units: &BTreeMap<String, u32>,
    ) -> Result<Result<Priced, Rejection>, Failure> {
        let Some(rules) = self.rulebook(&held.reserved.rulebook)? else {
            // Not on the record: a backup has it, and then the same call is answered.
            return Err(Failure::Refused(Rejection::RulebookExpired));
        };
        let mut request = request_from_json(&held.reserved.asked).map_err(|_| Failure::Internal)?;
        keep_units(&mut request, units);
        let own = if held.state == State::Held { held.takes.as_slice() } else { &[] };
        let seen = Seen { counters: self.ledger.counters(), own };
        let buyer = Buyer::known(&held.reserved.customer);
        let left = |rulebook: &_, buyer: &_| seen.left(rulebook, buyer);
        priced(&rules, request, held.reserved_at, seen, |_| buyer, left, &held.reserved.codes).map(Ok)
    }

    pub(super) async fn cancel(self: &Arc<Self>, asked: wire::CancelRequest) -> Result<wire::Sale, Failure> {
        let call = Named::new(request_id(&asked.request_id)?, "Cancel", &asked);
        let id = sale_id(&asked.sale_id)?;
        if asked.validate_only {
            let found = match self.before_or_sale(&call, id).await? {
                Ok(found) => found.ok_or(Failure::Refused(Rejection::SaleUnknown))?,
                Err(before) => return Ok(before.sale()),
            };
            return match found.state {
                State::Cancelled => Err(Failure::Refused(Rejection::SaleCancelled)),
                State::Committed => Err(Failure::Refused(Rejection::SaleCommitted)),
                State::Held | State::Expired => Ok(sale::sale_as_of(id, &found, State::Cancelled, 0)),
            };
        }
        match self.submit(&call, Action::Cancel(id)).await? {
            Ok(kept) => Ok(kept.sale()),
            Err(rejection) => self.refuse(&call, rejection, false).await.map(|before| before.sale()),
        }
    }
}

/// Leaves so many units of each line in a request, and no other line.
pub(super) fn keep_units(request: &mut wire::QuoteRequest, units: &BTreeMap<String, u32>) {
    if let Some(basket) = &mut request.basket {
        for line in &mut basket.lines {
            line.quantity = units.get(&line.id).copied().unwrap_or_default();
        }
        basket.lines.retain(|line| line.quantity > 0);
    }
}
