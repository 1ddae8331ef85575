//! Which call comes next: mostly one that makes sense, often one that does not, now and then one that was made before.

use std::collections::BTreeMap;

use pricewright::server::wire::sale::State;
use pricewright::server::{clock, wire};

use super::super::random::Dice;
use super::calls::{Asked, Told};

/// Longer than any run: no hold may end in one service and not yet in the other.
const HOLD_SECONDS: i64 = 129_600;
/// What a cream costs.
const CREAM: i64 = 10_000;

/// The id of a call, which is that of its sale too.
pub(super) fn id(sequence: u64, step: u64) -> String {
    format!("{sequence:08x}-7b1e-7cc2-8f3a-{:012x}", step + 1)
}

/// A sequence and what it has come to.
pub(super) struct Sequence {
    sequence: u64,
    /// Its place among those of its services, by which promotions are named.
    number: u64,
    codes: Vec<String>,
    said: Vec<(Asked, Told)>,
    /// Every sale as it was last told.
    sales: BTreeMap<String, wire::Sale>,
}

fn some<'a, T>(dice: &mut Dice, list: &'a [T]) -> Option<&'a T> {
    list.get(usize::try_from(dice.below(u64::try_from(list.len()).unwrap().max(1))).unwrap())
}

fn small(dice: &mut Dice, bound: u64) -> u32 {
    u32::try_from(dice.below(bound)).unwrap()
}

impl Sequence {
    pub(super) fn new(sequence: u64, number: u64, codes: Vec<String>) -> Self {
        Sequence { sequence, number, codes, said: Vec::new(), sales: BTreeMap::new() }
    }

    pub(super) fn take(&mut self, asked: Asked, told: Told) {
        if let Some(sale) = told.sale().filter(|_| asked.is_kept() || matches!(asked, Asked::GetSale(_))) {
            self.sales.insert(sale.id.clone(), sale.clone());
        }
        self.said.push((asked, told));
    }

    /// The calls whose answers are kept.
    pub(super) fn kept(&self) -> impl Iterator<Item = &(Asked, Told)> {
        self.said.iter().filter(|(asked, _)| asked.is_kept())
    }

    /// What tells how each sale, each limit and each code stands.
    pub(super) fn probes(&self) -> Vec<Asked> {
        let mut probes: Vec<Asked> = self.sales.keys().cloned().map(Asked::GetSale).collect();
        probes.extend(self.codes.iter().cloned().map(Asked::Inspect));
        for who in 0..3 {
            for (sku, code) in [("CREAM", "SPRING"), ("SOAP", "HELLO"), ("OIL", "RICH"), ("LIP", "POUCH")] {
                let code = format!("{code}{}", self.number);
                let lines = vec![line("1", sku, 1, 100 * CREAM)];
                probes.push(Asked::Quote(Box::new(self.basket(lines, vec![code], who))));
            }
        }
        probes
    }

    pub(super) fn next(&self, dice: &mut Dice, step: u64) -> Asked {
        if dice.is_one_in(7)
            && let Some((asked, _)) = some(dice, &self.said)
        {
            return if dice.is_one_in(3) { misused(asked.clone()) } else { asked.clone() };
        }
        let request_id = id(self.sequence, step);
        match dice.below(20) {
            0..=6 => self.reserve(dice, request_id),
            7..=10 => self.commit(dice, request_id),
            11 => {
                let sale_id = self.sale(dice, &[State::Reserved]);
                Asked::Cancel(wire::CancelRequest { request_id, sale_id, validate_only: dice.is_one_in(10) })
            }
            12..=16 => self.refund(dice, request_id),
            17 => Asked::GetSale(self.sale(dice, &[State::Reserved, State::Committed, State::Cancelled])),
            18 => Asked::Quote(Box::new(self.purchase(dice))),
            _ => {
                let code = some(dice, &self.codes).unwrap().clone();
                if dice.is_one_in(4) { Asked::Disable(request_id, code) } else { Asked::Inspect(code) }
            }
        }
    }

    /// Mostly one that there is, and mostly one of which that can be asked.
    fn sale(&self, dice: &mut Dice, fitting: &[State]) -> String {
        let is_any = dice.is_one_in(4);
        let sales = self.sales.values().filter(|sale| is_any || fitting.contains(&sale.state()));
        let known: Vec<&str> = sales.map(|sale| sale.id.as_str()).collect();
        match some(dice, &known) {
            Some(sale) if !dice.is_one_in(20) => (*sale).to_owned(),
            _ => id(self.sequence, 1_000),
        }
    }

    fn reserve(&self, dice: &mut Dice, request_id: String) -> Asked {
        Asked::Reserve(Box::new(wire::ReserveRequest {
            request_id,
            quote_request: Some(self.purchase(dice)),
            expected_total: dice.is_one_in(6).then_some(8_000),
            hold: Some(pbjson_types::Duration { seconds: HOLD_SECONDS, nanos: 0 }),
            validate_only: dice.is_one_in(12),
            ..wire::ReserveRequest::default()
        }))
    }

    /// A basket of one to three lines, with codes that are good for them and such that are not.
    fn purchase(&self, dice: &mut Dice) -> wire::QuoteRequest {
        let mut lines = Vec::new();
        for place in 0..1 + dice.below(3) {
            let (sku, quantity, price) = match dice.below(6) {
                0 | 1 => ("CREAM", 1 + small(dice, 2), CREAM),
                2 => ("SOAP", 1 + small(dice, 2), 1_000),
                3 => ("OIL", 1, 1_000 + 500 * i64::from(small(dice, 12))),
                4 => ("LIP", 1 + small(dice, 4), 5_000 + 100 * i64::from(small(dice, 3))),
                _ => ("MASK", 1 + small(dice, 2), 2_000),
            };
            lines.push(line(&(place + 1).to_string(), sku, quantity, price));
        }
        let mut codes: Vec<String> =
            ["SPRING", "HELLO", "RICH", "POUCH"].map(|word| format!("{word}{}", self.number)).to_vec();
        codes.retain(|_| !dice.is_one_in(3));
        if dice.is_one_in(2) {
            codes.extend(some(dice, &self.codes).cloned());
        }
        if dice.is_one_in(10) {
            codes.push(format!("NOSUCH{}", dice.below(3)));
        }
        let mut asked = self.basket(lines, codes, dice.below(3));
        if dice.is_one_in(4) {
            let delivery = wire::Delivery { method: "courier".to_owned(), price: 5_000 };
            asked.basket.as_mut().unwrap().delivery = Some(delivery);
        }
        asked
    }

    /// For one of two customers, or for nobody who is known.
    fn basket(&self, lines: Vec<wire::Line>, codes: Vec<String>, who: u64) -> wire::QuoteRequest {
        let number = self.number;
        let customer = wire::Customer { id: format!("customer-{number}-{who}"), ..wire::Customer::default() };
        // The same moment in both services, whichever second their clocks are in: the id of a quote depends on it.
        let time = pricewright::server::timestamp::Timestamp { seconds: clock::now().unix(), nanos: 0 };
        let context = wire::Context {
            time: Some(time),
            codes,
            customer: (who < 2).then_some(customer),
            store: format!("store-{number}"),
            gift_stock: vec![wire::GiftStock { sku: "POUCH".to_owned(), quantity: 2 }],
            ..wire::Context::default()
        };
        let basket = wire::Basket { lines, ..wire::Basket::default() };
        wire::QuoteRequest { basket: Some(basket), context: Some(context), explain: false }
    }

    fn commit(&self, dice: &mut Dice, request_id: String) -> Asked {
        let sale_id = self.sale(dice, &[State::Reserved]);
        let lines = self.sales.get(&sale_id).map(|sale| sale.lines.as_slice()).unwrap_or_default();
        let mut units = Vec::new();
        if dice.is_one_in(3) {
            let paid = |line: &wire::QuotedLine| wire::PaidUnits { line_id: line.id.clone(), quantity: 1 };
            units.extend(lines.iter().map(paid));
            units.truncate(1 + usize::try_from(dice.below(2)).unwrap());
        }
        let total = self.sales.get(&sale_id).map(|sale| sale.total).unwrap_or_default();
        let expected_total = dice.is_one_in(4).then_some(total);
        let validate_only = dice.is_one_in(12);
        Asked::Commit(wire::CommitRequest { request_id, sale_id, units, expected_total, validate_only })
    }

    fn refund(&self, dice: &mut Dice, request_id: String) -> Asked {
        let sale_id = self.sale(dice, &[State::Committed]);
        let lines = self.sales.get(&sale_id).map(|sale| sale.lines.as_slice()).unwrap_or_default();
        let mut units = Vec::new();
        for _ in 0..1 + u64::from(dice.is_one_in(4)) {
            let line_id = some(dice, lines).map_or_else(|| "7".to_owned(), |line| line.id.clone());
            let group = dice.is_one_in(6).then(|| small(dice, 2));
            units.push(wire::ReturnedUnits {
                line_id,
                quantity: 1 + u32::from(dice.is_one_in(5)),
                group,
                certificate_ids: Vec::new(),
            });
        }
        let (delivery, reprice) = (dice.is_one_in(5), dice.is_one_in(2));
        let validate_only = dice.is_one_in(12);
        Asked::Refund(wire::RefundRequest { request_id, sale_id, units, delivery, reprice, validate_only })
    }
}

/// The same id with another content.
fn misused(asked: Asked) -> Asked {
    match asked {
        Asked::Reserve(mut asked) => {
            asked.expected_total = Some(asked.expected_total.unwrap_or_default() + 1);
            Asked::Reserve(asked)
        }
        Asked::Commit(asked) => Asked::Cancel(wire::CancelRequest {
            request_id: asked.request_id,
            sale_id: asked.sale_id,
            validate_only: false,
        }),
        Asked::Cancel(asked) => Asked::Commit(wire::CommitRequest {
            request_id: asked.request_id,
            sale_id: asked.sale_id,
            ..wire::CommitRequest::default()
        }),
        Asked::Refund(asked) => Asked::Refund(wire::RefundRequest { reprice: !asked.reprice, ..asked }),
        Asked::Disable(request_id, code) => Asked::Disable(request_id, format!("{code}2")),
        Asked::GetSale(_) | Asked::Quote(_) | Asked::Inspect(_) => asked,
    }
}

fn line(id: &str, sku: &str, quantity: u32, unit_price: i64) -> wire::Line {
    let (id, sku) = (id.to_owned(), sku.to_owned());
    wire::Line { id, sku, quantity, unit_price: Some(unit_price), ..wire::Line::default() }
}
