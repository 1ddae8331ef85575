//! Units come back.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::commit::keep_units;
use super::desk::{Answered, Desk, TRIES_MAX};
use super::fields::units;
use super::pricing::{Priced, priced};
use crate::basket::Problem;
use crate::basket::limits::LINES_MAX;
use crate::ledger::{
    Action, Outcome, Purchase, Refund, Rejection, Repriced, RequestId, ReturnedUnits, Sale, SaleId, State,
};
use crate::money::Amount;
use crate::server::convert::{request_from_json, sale};
use crate::server::grpc::failure::Failure;
use crate::server::grpc::fields::{at_most, fault, request_id, sale_id, uuid};
use crate::server::grpc::record::Named;
use crate::server::limits::{Buyer, Seen, kept};
use crate::server::wire;

/// Bytes of a sale with all that came back, as it is kept. The largest purchase may be priced again three times, one of 100 lines 200 times.
const SALE_BYTES_MAX: usize = 8 << 20;

impl Desk {
    pub(super) async fn refund(
        self: &Arc<Self>,
        asked: wire::RefundRequest,
    ) -> Result<wire::RefundResponse, Failure> {
        let call = Named::new(request_id(&asked.request_id)?, "Refund", &asked);
        let id = sale_id(&asked.sale_id)?;
        at_most("units", &asked.units, LINES_MAX)?;
        for (place, one) in asked.units.iter().enumerate() {
            units(place, &one.line_id, one.quantity)?;
            at_most(
                &format!("units[{place}].certificate_ids"),
                &one.certificate_ids,
                usize::try_from(one.quantity).unwrap_or(usize::MAX),
            )?;
            for id in &one.certificate_ids {
                uuid(&format!("units[{place}].certificate_ids"), id)?;
            }
        }
        if asked.units.is_empty() && !asked.delivery {
            return Err(fault("units", Problem::Missing));
        }
        let mut refused = Rejection::SaleMoved;
        for _ in 0..TRIES_MAX {
            let sold = match self.before_or_sale(&call, id).await? {
                Ok(sold) => sold,
                Err(before) => return told(&before),
            };
            let Some(sold) = sold else {
                return self
                    .refuse(&call, Rejection::SaleUnknown, asked.validate_only)
                    .await
                    .and_then(|before| told(&before));
            };
            let mut refund = wanted(id, &asked);
            if asked.reprice && sold.state == State::Committed {
                match self.again(&sold, &refund).await? {
                    Ok(repriced) => refund.repriced = Some(repriced),
                    Err(rejection) => {
                        return self
                            .refuse(&call, rejection, asked.validate_only)
                            .await
                            .and_then(|before| told(&before));
                    }
                }
            }
            if asked.validate_only {
                return told(&self.would(&call, id, Action::Refund(Box::new(refund))).await?);
            }
            match self.submit(&call, Action::Refund(Box::new(refund))).await? {
                Ok(kept) => return told(&kept),
                Err(Rejection::SaleMoved) => refused = Rejection::SaleMoved,
                Err(rejection) => {
                    return self.refuse(&call, rejection, false).await.and_then(|before| told(&before));
                }
            }
        }
        self.refuse(&call, refused, false).await.and_then(|before| told(&before))
    }

    /// What the customer keeps, priced again under the purchase's own rulebook.
    async fn again(
        self: &Arc<Self>,
        sold: &Sale,
        refund: &Refund,
    ) -> Result<Result<Repriced, Rejection>, Failure> {
        let left = match left(sold, &refund.units) {
            Ok(left) => left,
            Err(rejection) => return Ok(Err(rejection)),
        };
        let returns = sold.returns.len();
        let without_delivery = refund.delivery || sold.returns.iter().any(|back| back.delivery);
        if left.is_empty() {
            let purchase = nothing_left(sold, without_delivery);
            return Ok(Ok(Repriced { returns, purchase, takes: Vec::new() }));
        }
        let sold = sold.clone();
        let again = move |desk: &Desk| {
            let found = desk.priced_again(&sold, &left, without_delivery)?;
            Ok(found.and_then(|found| {
                if is_room(&sold, &found) { Ok(found) } else { Err(Rejection::TooManyRefunds) }
            }))
        };
        let found = self.aside(again).await?;
        // The request stays with the sale: a return need not keep it again.
        let asked = String::new();
        Ok(found.map(|Priced { purchase, takes }| Repriced {
            returns,
            purchase: Purchase { asked, ..purchase },
            takes,
        }))
    }

    fn priced_again(
        &self,
        sold: &Sale,
        units: &BTreeMap<String, u32>,
        without_delivery: bool,
    ) -> Result<Result<Priced, Rejection>, Failure> {
        let Some(rules) = self.rulebook(&sold.sold().rulebook)? else {
            // Not on the record: a backup has it, and then the same call is answered.
            return Err(Failure::Refused(Rejection::RulebookExpired));
        };
        let mut request = request_from_json(&sold.sold().asked).map_err(|_| Failure::Internal)?;
        keep_units(&mut request, units);
        // The goods were delivered all the same, which a promotion may ask about; it only costs nothing any more.
        let delivery = request.basket.as_mut().and_then(|basket| basket.delivery.as_mut());
        if let Some(delivery) = delivery.filter(|_| without_delivery) {
            delivery.price = 0;
        }
        let seen = Seen { counters: self.ledger.counters(), own: &sold.takes };
        let buyer = Buyer::known(&sold.sold().customer);
        let left = |rulebook: &_, _: &Buyer| kept(rulebook, &sold.takes);
        priced(&rules, request, sold.reserved_at, seen, |_| buyer, left, &sold.sold().codes).map(Ok)
    }
}

fn wanted(sale: SaleId, asked: &wire::RefundRequest) -> Refund {
    let units = asked.units.iter().map(|units| ReturnedUnits {
        line: units.line_id.clone(),
        group: units.group.map(|group| usize::try_from(group).unwrap_or(usize::MAX)),
        quantity: units.quantity,
    });
    let certificates = asked.units.iter().flat_map(|units| &units.certificate_ids);
    let certificates = certificates.filter_map(|id| RequestId::parse(id)).collect();
    Refund { sale, units: units.collect(), certificates, delivery: asked.delivery, repriced: None }
}

/// Whether a sale has room for one more price of what is left: all of them are kept with it, and told with it.
fn is_room(sold: &Sale, found: &Priced) -> bool {
    let bytes = |json: serde_json::Result<Vec<u8>>| json.map_or(usize::MAX, |json| json.len());
    bytes(serde_json::to_vec(sold)).saturating_add(bytes(serde_json::to_vec(&found.purchase)))
        <= SALE_BYTES_MAX
}

/// The units of each line that stay with the customer.
fn left(sold: &Sale, back: &[ReturnedUnits]) -> Result<BTreeMap<String, u32>, Rejection> {
    let mut left = BTreeMap::new();
    for line in &sold.current().lines {
        let units = (0..line.units.len()).map(|group| sold.units_left(&line.id, group));
        left.insert(line.id.clone(), units.fold(0, u32::saturating_add));
    }
    for units in back {
        let unknown = || Rejection::UnitsUnknown(units.line.clone());
        let of_line = left.get_mut(&units.line).ok_or_else(unknown)?;
        *of_line = of_line.checked_sub(units.quantity).ok_or_else(unknown)?;
    }
    left.retain(|_, units| *units > 0);
    Ok(left)
}

/// A purchase of which all goods came back: its delivery may stay paid.
fn nothing_left(sold: &Sale, without_delivery: bool) -> Purchase {
    let delivery = if without_delivery { Amount::ZERO } else { sold.current().delivery_total };
    Purchase {
        asked: String::new(),
        list_total: Amount::ZERO,
        discount_total: Amount::ZERO,
        delivery_total: delivery,
        total: delivery,
        lines: Vec::new(),
        promotions: Vec::new(),
        gifts: Vec::new(),
        points: 0,
        ..sold.sold().clone()
    }
}

fn told(answered: &Answered) -> Result<wire::RefundResponse, Failure> {
    let Outcome::Refunded(_, place) = answered.outcome else {
        return Err(Failure::Internal);
    };
    let refund = answered.sale.returns.get(place).map(sale::refund);
    Ok(wire::RefundResponse { refund, sale: Some(answered.sale()) })
}
