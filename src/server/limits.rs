//! What limits leave for a purchase, and what a priced purchase takes of them.

use std::sync::Arc;

use super::ledger::Counters;
use super::secrets::{Domain, KeyedHash, Pepper};
use crate::basket::{Country, Left, Phone, Request, Room};
use crate::ledger::{CounterKey, CustomerKey, Limit, OpenedCode, Take};
use crate::money::Amount;
use crate::pricing::Quote;
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

/// Who buys, as limits know one: under the key of today first, and under each older one, by which earlier purchases were counted.
#[derive(Debug, Clone, Default)]
pub struct Buyer(Vec<CustomerKey>);

impl Buyer {
    /// The customer of a request, by the retailer's id, else by the phone.
    #[must_use]
    pub fn of(request: &Request, pepper: &Pepper, countries: &[Country]) -> Self {
        let Some(customer) = &request.context.customer else {
            return Buyer::default();
        };
        let named = if customer.id.is_empty() {
            let phone = Phone::parse(&customer.phone, countries);
            phone.ok().map(|phone| (Domain::Phone, phone.as_e164().to_owned()))
        } else {
            Some((Domain::Customer, customer.id.clone()))
        };
        let Some((domain, name)) = named else {
            return Buyer::default();
        };
        let key = |hash: KeyedHash| CustomerKey(hash.to_text());
        let today = pepper.hash(domain, name.as_bytes());
        let older = pepper.hashes(domain, name.as_bytes()).filter(|hash| hash.key() != today.key());
        Buyer(std::iter::once(today).chain(older).map(key).collect())
    }

    /// Whether it is this customer.
    #[must_use]
    pub fn is(&self, key: &CustomerKey) -> bool {
        self.0.contains(key)
    }

    /// The customer of a purchase that was kept.
    #[must_use]
    pub fn known(key: Option<&CustomerKey>) -> Self {
        Buyer(key.into_iter().cloned().collect())
    }

    /// The key under which a purchase of today is counted.
    #[must_use]
    pub fn key(&self) -> Option<&CustomerKey> {
        self.0.first()
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
            if self.given_to(&promotion.id, &buyer.0) >= u64::from(limit) {
                return Room::CustomerLimitReached;
            }
        }
        limits.budget.map_or(Room::Enough, |budget| {
            let given = i64::try_from(self.given(&CounterKey::Budget(id()))).unwrap_or(i64::MAX);
            Room::AtMost(budget.above(Amount::from_minor(given)))
        })
    }

    /// What a priced purchase takes.
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
            if let (Some(limit), Some((key, older))) = (limits.per_customer, buyer.0.split_first()) {
                // What was counted under an older key leaves so much less under the key of today.
                let left = u64::from(limit).saturating_sub(self.given_to(&promotion.id, older));
                take(CounterKey::Customer(promotion.id.clone(), key.clone()), 1, left);
            }
            if let Some(budget) = limits.budget {
                let whole = |amount: Amount| u64::try_from(amount.minor()).unwrap_or_default();
                take(CounterKey::Budget(promotion.id.clone()), whole(applied.amount), whole(budget));
            }
        }
        takes.extend(gifts(request, quote, rulebook));
        takes.retain(|take| take.amount > 0);
        takes
    }
}

/// The gifts of which the caller says how many are left: what is held of them stays within that.
fn gifts<'a>(
    request: &'a Request,
    quote: &'a Quote,
    rulebook: &'a Rulebook,
) -> impl Iterator<Item = Take> + 'a {
    quote.gifts.iter().filter_map(move |gift| {
        let sku = gift.sku.as_ref()?;
        let left = request.context.gift_stock.iter().find(|left| left.sku == *sku)?;
        let store = request.context.store.clone().unwrap_or_default();
        let promotion = rulebook.promotion(gift.promotion)?;
        Some(Take {
            promotion: promotion.id.clone(),
            counter: CounterKey::Stock(sku.clone(), store),
            amount: u64::from(gift.quantity),
            limit: Limit::Now(u64::from(left.quantity)),
            on_refund: promotion.limits.on_refund,
        })
    })
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
