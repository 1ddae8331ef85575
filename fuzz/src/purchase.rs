//! A purchase from its price to the last piece that comes back: what was paid and what is paid back add up.

use std::sync::LazyLock;

use pricewright::basket::COUNTRIES;
use pricewright::ledger::decide::RETURNS_MAX;
use pricewright::ledger::{
    Account, Action, Balances, Command, Commit, Content, Purchase, Refund, Rejection, RequestId, Reserve,
    ReturnedUnits, Sale, SaleId, State, decide,
};
use pricewright::money::Amount;
use pricewright::rulebook::Rulebook;
use pricewright::server::convert::{Asked, Rules, quote, request_from_json, sale};
use pricewright::server::ledger::{Counters, encode};
use pricewright::server::limits::{Buyer, Seen};
use pricewright::server::secrets::Pepper;
use pricewright::server::wire;
use pricewright::time::Instant;

use crate::money;
use crate::noon::noon;

static PEPPER: LazyLock<Pepper> = LazyLock::new(|| Pepper::random().expect("random bytes"));

/// Prices, reserves, pays and brings back, as the service does without its disk. The records of the journal that this makes.
pub fn check(
    rulebook: &Rulebook,
    rules: Rules<'_>,
    asked: wire::QuoteRequest,
    read: Asked,
    back: &wire::RefundRequest,
) -> Vec<Vec<u8>> {
    let counters = Counters::default();
    let seen = Seen { counters: &counters, own: &[] };
    let buyer = Buyer::of(read.request(), &PEPPER, &COUNTRIES);
    let read = read.with_left(seen.left(rulebook, &buyer));
    let request = read.request().clone();
    let Some(priced) = money::priced(rulebook, &request) else { return Vec::new() };
    let takes = seen.takes(rulebook, &request, &priced, &buyer, &[]);
    let certificates = sale::certificates(&asked);
    let kept = sale::kept_request(asked, &request, rulebook);
    let told = quote(rulebook, &request, String::new(), priced);
    let names = buyer.keys().cloned().collect();
    let purchase = sale::purchase(kept, &certificates, &request, told, names, &[]);
    readable_again(rules, &purchase);
    let expires_at = Instant::from_unix(noon().unix() + 900).expect("a moment");
    let mut ledger = Ledger::default();
    let reserve = Reserve { purchase, takes, expires_at, pay: Vec::new() };
    let Ok(id) = ledger.call(Action::Reserve(Box::new(reserve))) else { return Vec::new() };
    ledger.call(Action::Commit(Box::new(Commit { sale: id, part: None }))).expect("what is held can be paid");
    for units in back.units.iter().take(RETURNS_MAX) {
        let group = units.group.map(|group| usize::try_from(group).unwrap_or(usize::MAX));
        let units = ReturnedUnits { line: units.line_id.clone(), group, quantity: units.quantity };
        let _ = ledger.refund(id, vec![units], false);
    }
    ledger.all_back(id, back.delivery);
    ledger.records
}

/// The journal keeps the request, without who buys: a refund prices it again.
fn readable_again(rules: Rules<'_>, purchase: &Purchase) {
    let again = request_from_json(&purchase.asked).expect("what was kept can be read");
    assert!(again.context.as_ref().is_some_and(|context| context.time.is_some()), "a moment is kept");
    let again = Asked::read(rules, again, noon());
    assert!(again.is_ok(), "what was kept cannot be priced: {again:?}");
}

/// A ledger in memory. Every fact goes through the text of the journal.
#[derive(Default)]
struct Ledger {
    balances: Balances,
    calls: u8,
    records: Vec<Vec<u8>>,
}

impl Ledger {
    fn call(&mut self, action: Action) -> Result<SaleId, Rejection> {
        self.calls = self.calls.saturating_add(1);
        let mut id = [1; 16];
        id[0] = self.calls;
        let request = RequestId::from_bytes(id);
        let command = Command { request, content: Content("content".to_owned()), at: noon(), action };
        let facts = decide(&self.balances, &command)?;
        let mut record = vec![b'['];
        for (place, fact) in facts.iter().enumerate() {
            if place > 0 {
                record.push(b',');
            }
            encode::fact(fact, &mut record);
        }
        record.push(b']');
        assert_eq!(
            encode::read_record(1, &record).ok().as_ref(),
            Some(&facts),
            "a fact comes back as another"
        );
        self.records.push(record);
        for fact in &facts {
            self.balances.apply(fact);
        }
        assert_eq!(decide(&self.balances, &command).as_deref(), Ok([].as_slice()), "the same call does more");
        Ok(request.sale())
    }

    fn sale(&self, id: SaleId) -> &Sale {
        self.balances.sale(id).expect("the sale was reserved")
    }

    fn refund(&mut self, id: SaleId, units: Vec<ReturnedUnits>, delivery: bool) -> Result<(), Rejection> {
        let before = self.sale(id).value_left();
        let refund = Refund { sale: id, units, certificates: Vec::new(), delivery, repriced: None };
        self.call(Action::Refund(Box::new(refund)))?;
        let sale = self.sale(id);
        let back = sale.returns.last().map_or(Amount::ZERO, |back| back.amount);
        assert!(back >= Amount::ZERO && sale.value_left() >= Amount::ZERO, "more is paid back than was paid");
        assert_eq!(sale.value_left() + back, before, "money is lost between two returns");
        assert!(sale.points_left() <= sale.sold().points);
        for line in &sale.sold().lines {
            let lines = sale.returns.iter().flat_map(|back| &back.lines).filter(|back| back.line == line.id);
            let back = lines.map(|back| u64::from(back.quantity)).sum::<u64>();
            assert!(back <= u64::from(line.quantity()), "more pieces come back than were bought");
        }
        Ok(())
    }

    /// What is left comes back, with the delivery: then all of the money has, and nothing is held.
    fn all_back(&mut self, id: SaleId, delivery_first: bool) {
        let sale = self.sale(id);
        assert_eq!(sale.state, State::Committed);
        let has_certificates = sale.sold().lines.iter().any(|line| line.is_certificate);
        if has_certificates || sale.returns.len() + 2 > RETURNS_MAX || self.calls > 250 {
            return;
        }
        let units = self.left(id);
        if delivery_first && self.sale(id).has_delivery() {
            self.refund(id, Vec::new(), true).expect("the delivery was paid");
        }
        let delivery = self.sale(id).has_delivery();
        if !units.is_empty() || delivery {
            self.refund(id, units, delivery).expect("what is left can come back");
        }
        assert_eq!(self.sale(id).value_left(), Amount::ZERO, "all came back, and not all of the money");
        assert_eq!(self.sale(id).points_left(), 0, "all came back, and points are left");
        for (key, account) in self.balances.iter() {
            if let Account::Counter(counter) = account {
                assert_eq!(counter.held, 0, "{key:?} is still held");
            }
        }
    }

    fn left(&self, id: SaleId) -> Vec<ReturnedUnits> {
        let sale = self.sale(id);
        let of_line = |line: &str| sale.pieces_left(line);
        let lines = sale.current().lines.iter().map(|line| (line.id.clone(), of_line(&line.id)));
        let left = lines.filter(|(_, quantity)| *quantity > 0);
        left.map(|(line, quantity)| ReturnedUnits { line, group: None, quantity }).collect()
    }
}
