//! What limits leave for a purchase, and what a priced purchase takes of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ledger::Counters;
use super::secrets::{Domain, Pepper};
use crate::basket::{Country, GiftStock, Left, Phone, Request, Room};
use crate::catalog::word::fold;
use crate::ledger::{CounterKey, CustomerKey, Limit, OpenedCode, Take};
use crate::money::Amount;
use crate::pricing::{Given, Quote};
use crate::promotion::{Code, Promotion};
use crate::rulebook::Rulebook;

/// What quotes ask of limits.
#[derive(Debug, Clone)]
pub struct Limiter {
    /// The counters.
    pub counters: Arc<Counters>,
    /// The keys under which customers are counted.
    pub pepper: Arc<Pepper>,
    /// The countries of phone numbers, the home country first.
    pub countries: Arc<[Country]>,
}

impl Limiter {
    /// Takes what is held of gifts off what a store has on its shelf.
    pub fn stock(&self, stock: &mut [GiftStock], store: Option<&str>) {
        Seen { counters: &self.counters, own: &[] }.stock(stock, store);
    }

    /// What is left for a request, as far as memory knows: a reservation may see less.
    #[must_use]
    pub fn left(&self, rulebook: &Rulebook, request: &Request) -> Vec<Left> {
        if rulebook.counted().next().is_none() {
            return Vec::new();
        }
        let buyer = Buyer::of(request, &self.pepper, &self.countries);
        Seen { counters: &self.counters, own: &[] }.left(rulebook, &buyer)
    }
}

/// Who buys, as limits know one: by every name that is known, the retailer's id and the phone, so that leaving one of them away helps
/// nobody. Each name is under the key of today first, and under each older one, by which earlier purchases were counted.
#[derive(Debug, Clone, Default)]
pub struct Buyer(Vec<Vec<CustomerKey>>);

impl Buyer {
    /// The customer of a request.
    #[must_use]
    pub fn of(request: &Request, pepper: &Pepper, countries: &[Country]) -> Self {
        let Some(customer) = &request.context.customer else {
            return Buyer::default();
        };
        let keys = |domain, name: &str| -> Vec<CustomerKey> {
            pepper.hashes(domain, name.as_bytes()).map(|hash| CustomerKey(hash.to_text())).collect()
        };
        let id = (!customer.id.is_empty()).then(|| keys(Domain::Customer, &customer.id));
        let phone = Phone::parse(&customer.phone, countries).ok();
        let phone = phone.map(|phone| keys(Domain::Phone, phone.as_e164()));
        Buyer(id.into_iter().chain(phone).collect())
    }

    /// Whether it is this customer.
    #[must_use]
    pub fn is(&self, key: &CustomerKey) -> bool {
        self.0.iter().any(|name| name.contains(key))
    }

    /// The customer of a purchase that was kept.
    #[must_use]
    pub fn known(keys: &[CustomerKey]) -> Self {
        Buyer(keys.iter().map(|key| vec![key.clone()]).collect())
    }

    /// The names under which a purchase of today is counted.
    pub fn keys(&self) -> impl Iterator<Item = &CustomerKey> {
        self.0.iter().filter_map(|name| name.first())
    }
}

/// Counters as one purchase sees them: without what it holds itself.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The counters.
    pub counters: &'a Counters,
    /// What the purchase holds already.
    pub own: &'a [Take],
}

impl Seen<'_> {
    fn given(&self, counter: &CounterKey) -> u64 {
        let own = self.own.iter().filter(|take| take.counter == *counter).map(|take| take.amount);
        self.counters.get(counter).given().saturating_sub(own.sum())
    }

    fn given_to(&self, promotion: &str, keys: &[CustomerKey]) -> u64 {
        let counter = |key: &CustomerKey| CounterKey::Customer(promotion.to_owned(), key.clone());
        keys.iter().map(|key| self.given(&counter(key))).fold(0, u64::saturating_add)
    }

    /// What is left for a purchase, by promotion; what there is enough of is not named.
    #[must_use]
    pub fn left(&self, rulebook: &Rulebook, buyer: &Buyer) -> Vec<Left> {
        let rooms = rulebook.counted().map(|(_, promotion)| (promotion, self.room(promotion, buyer)));
        let limited = rooms.filter(|(_, room)| *room != Room::Enough);
        limited.map(|(promotion, room)| Left { promotion: promotion.id.clone(), room }).collect()
    }

    fn room(&self, promotion: &Promotion, buyer: &Buyer) -> Room {
        let limits = &promotion.limits;
        let id = || promotion.id.clone();
        if limits.total.is_some_and(|limit| self.given(&CounterKey::Total(id())) >= limit) {
            return Room::LimitReached;
        }
        if let Some(limit) = limits.per_customer {
            if buyer.0.is_empty() {
                return Room::CustomerUnknown;
            }
            let mut given = buyer.0.iter().map(|name| self.given_to(&promotion.id, name));
            if given.any(|given| given >= u64::from(limit)) {
                return Room::CustomerLimitReached;
            }
        }
        limits.budget.map_or(Room::Enough, |budget| {
            let given = i64::try_from(self.given(&CounterKey::Budget(id()))).unwrap_or(i64::MAX);
            Room::AtMost(budget.above(Amount::from_minor(given)))
        })
    }

    /// Takes what others hold of gifts off what a store has on its shelf.
    pub fn stock(&self, stock: &mut [GiftStock], store: Option<&str>) {
        for left in stock {
            let counter = stock_counter(&left.sku, store);
            let own = self.own.iter().filter(|take| take.counter == counter).map(|take| take.amount).sum();
            let others = self.counters.get(&counter).held.saturating_sub(own);
            left.quantity = left.quantity.saturating_sub(u32::try_from(others).unwrap_or(u32::MAX));
        }
    }

    /// What a priced purchase takes. Of the request the gifts on the shelf are those that others do not hold.
    #[must_use]
    pub fn takes(
        &self,
        rulebook: &Rulebook,
        request: &Request,
        quote: &Quote,
        buyer: &Buyer,
        codes: &[OpenedCode],
    ) -> Vec<Take> {
        let mut takes = Vec::new();
        for applied in &quote.applied {
            let Some(promotion) = rulebook.promotion(applied.promotion) else { continue };
            let limits = &promotion.limits;
            let mut take = |counter, amount, limit| {
                let promotion = promotion.id.clone();
                let (limit, on_refund) = (Limit::Ever(limit), limits.on_refund);
                takes.push(Take { promotion, counter, amount, limit, on_refund });
            };
            if let Some(Code::Pool { pool, phone, pin }) = &promotion.when.code
                && let Some(code) = codes.iter().find(|code| code.opened.opens(pool, *phone, *pin))
            {
                take(CounterKey::Code(code.key.clone()), 1, code.uses.map_or(u64::MAX, u64::from));
            }
            if let Some(limit) = limits.total {
                take(CounterKey::Total(promotion.id.clone()), 1, limit);
            }
            for (key, older) in buyer.0.iter().filter_map(|name| name.split_first()) {
                if let Some(limit) = limits.per_customer {
                    // What was counted under an older key leaves so much less under the key of today.
                    let left = u64::from(limit).saturating_sub(self.given_to(&promotion.id, older));
                    take(CounterKey::Customer(promotion.id.clone(), key.clone()), 1, left);
                }
            }
            if let Some(budget) = limits.budget {
                let whole = |amount: Amount| u64::try_from(amount.minor()).unwrap_or_default();
                take(CounterKey::Budget(promotion.id.clone()), whole(applied.amount), whole(budget));
            }
        }
        takes.extend(self.gifts(request, quote, rulebook));
        takes.retain(|take| take.amount > 0);
        // A code that opens several promotions is used in one basket, once.
        let mut codes = BTreeSet::new();
        takes.retain(|take| match &take.counter {
            CounterKey::Code(code) => codes.insert(code.clone()),
            _ => true,
        });
        takes
    }

    /// The gifts of which the caller says how many are left: what is held of them stays within that.
    fn gifts(&self, request: &Request, quote: &Quote, rulebook: &Rulebook) -> Vec<Take> {
        let store = request.context.store.as_deref();
        let take = |gift: &Given| {
            let sku = gift.sku.as_ref()?;
            let left = request.context.gift_stock.iter().find(|left| left.sku == *sku)?;
            let counter = stock_counter(sku, store);
            let own: u64 =
                self.own.iter().filter(|take| take.counter == counter).map(|take| take.amount).sum();
            let others = self.counters.get(&counter).held.saturating_sub(own);
            let promotion = rulebook.promotion(gift.promotion)?;
            Some(Take {
                promotion: promotion.id.clone(),
                counter,
                amount: u64::from(gift.quantity),
                limit: Limit::Now(u64::from(left.quantity).saturating_add(others)),
                on_refund: promotion.limits.on_refund,
            })
        };
        quote.gifts.iter().filter_map(take).collect()
    }
}

/// The shelf of a store: its id is compared as conditions compare it.
fn stock_counter(sku: &str, store: Option<&str>) -> CounterKey {
    CounterKey::Stock(sku.to_owned(), store.map(fold).unwrap_or_default())
}

/// What is left when a purchase is priced again after it was paid: what it keeps, and nothing that it does not.
#[must_use]
pub fn kept(rulebook: &Rulebook, takes: &[Take]) -> Vec<Left> {
    let room = |promotion: &Promotion| {
        let own = || takes.iter().filter(|take| take.promotion == promotion.id);
        let budget = own().find(|take| matches!(take.counter, CounterKey::Budget(_)));
        match (own().next(), budget) {
            (None, _) => Room::LimitReached,
            (Some(_), None) => Room::Enough,
            (Some(_), Some(take)) => {
                Room::AtMost(Amount::from_minor(i64::try_from(take.amount).unwrap_or(i64::MAX)))
            }
        }
    };
    let rooms = rulebook.counted().map(|(_, promotion)| (promotion, room(promotion)));
    let limited = rooms.filter(|(_, room)| *room != Room::Enough);
    limited.map(|(promotion, room)| Left { promotion: promotion.id.clone(), room }).collect()
}
