//! Which hints are told: those that are true. What is missing is put into the basket on trial and the price looked at; where a
//! gift is open whose goods the customer pays for, they are chosen on trial.
//!
//! A sum is goods worth it that count for the promotion, and for those that count all goods, and that nothing reduces: with real goods
//! of that worth the customer can do the same. Pieces are those of the cheapest goods that fit.

use super::candidate::{Candidates, gather};
use super::eligible::Purchase;
use super::explain::{Among, Priced, Wish, filled, free_pools, near};
use super::fill::{Need, Pool, sets};
use super::quote::{Given, Hint, Near, Optimality, Quote};
use super::trial::Budget;
use crate::basket::{Checked, GiftChoice, Item, Request, limits};
use crate::catalog::{Product, Selector};
use crate::money::Amount;
use crate::promotion::{Benefit, Points, Promotion};
use crate::rulebook::{Marks, PromotionIndex, PromotionMatchers, measured_goods, slots_of};

/// Trials of one quote, those first that cost the customer least. Nobody reads out more hints, and each trial is a price or two.
const TRIALS_MAX: usize = 12;

/// Gifts that are chosen on trial.
const CHOICES_MAX: usize = 3;

/// Lines that are tried for one slot. The first will do, unless the pieces of a slot must be equal.
const LINES_MAX: usize = 32;

/// What is near and worth it, by place of the promotion. Of a sum and pieces for one promotion both may be told.
#[must_use]
pub fn told(priced: &Priced<'_>, purchase: &Purchase, now: &Quote, budget: &Budget) -> Vec<Hint> {
    let shelf = Shelf::of(priced);
    let wishes = near(priced).into_iter().filter_map(|wish| {
        let item = shelf.fetch(&wish)?;
        Some((item.list_price.checked_times(item.quantity)?, wish, item))
    });
    let room = Amount::from_minor(limits::LIST_TOTAL_MAX) - now.list_total;
    let mut wishes: Vec<(Amount, Wish, Item)> = wishes.filter(|(worth, ..)| *worth <= room).collect();
    wishes.sort_by_key(|(worth, wish, _)| (*worth, wish.promotion));
    wishes.dedup_by(|(_, one, more), (_, other, kept)| {
        (one.promotion, one.missing, &more.sku) == (other.promotion, other.missing, &kept.sku)
    });
    wishes.truncate(TRIALS_MAX);
    let request = Request { explain: false, ..priced.request.clone() };
    let till = Till { priced, purchase, request: &request, now, budget };
    let mut hints: Vec<Hint> = Vec::new();
    for (worth, wish, item) in wishes {
        // Of two sums for one promotion the lesser will do.
        let is_sum = |missing: Near| matches!(missing, Near::Amount(_));
        let is_told = |hint: &Hint| hint.promotion == wish.promotion && is_sum(hint.missing);
        if !(is_sum(wish.missing) && hints.iter().any(is_told)) {
            hints.extend(till.hint(worth, wish, item));
        }
    }
    let mut open: Vec<&Given> = now.gifts.iter().filter(|given| given.line.is_none()).collect();
    open.dedup_by_key(|given| given.promotion);
    let open = open.into_iter().filter_map(|given| Some((given, till.here(given)?)));
    hints.extend(open.take(CHOICES_MAX).filter_map(|(given, sku)| till.choice(given, sku)));
    hints.sort_by_key(|hint| hint.promotion);
    hints
}

/// Where trials are priced.
#[derive(Clone, Copy)]
struct Till<'a> {
    priced: &'a Priced<'a>,
    purchase: &'a Purchase<'a>,
    request: &'a Request,
    now: &'a Quote,
    budget: &'a Budget,
}

/// What all costs, and how much is given beside the prices.
#[derive(Clone, Copy)]
struct Deal {
    total: Amount,
    given: u64,
}

impl Till<'_> {
    /// The hint, where it is true.
    fn hint(&self, worth: Amount, wish: Wish, item: Item) -> Option<Hint> {
        let promotion = wish.promotion;
        let is_sum = matches!(wish.missing, Near::Amount(_));
        let sku = (!is_sum).then_some(item.sku);
        let mut checked = self.priced.checked.clone();
        let line = checked.items.len();
        checked.items.push(item);
        let mut candidates = gather(self.priced.rulebook, &checked, self.purchase);
        // What the retailer assigns to the cheapest goes on whatever goods are added.
        if is_sum && self.priced.rulebook.indexed().any(|(_, one)| takes_any_goods(one)) {
            return None;
        }
        if is_sum {
            let count_all = candidates
                .list
                .iter_mut()
                .filter(|one| *measured_goods(one.promotion) == Selector::default());
            count_all.for_each(|one| one.measures.insert(line));
            let hinted = candidates.list.iter_mut().find(|candidate| candidate.index == promotion)?;
            hinted.measures.insert(line);
            if matches!(hinted.promotion.benefit, Benefit::Points(Points { spend: None, .. })) {
                hinted.on.insert(line);
            }
        }
        let quote = self.price(&checked, &candidates)?;
        let new = Deal { total: quote.total, given: self.given(promotion, &quote) };
        // At its list price, carrying nothing, what is added changes nothing else.
        let apart = Deal { total: self.now.total + worth, given: self.given(promotion, self.now) };
        let is_applied = quote.applied.iter().any(|applied| applied.promotion == promotion);
        if !is_applied || apart.total < new.total {
            return None;
        }
        // What other promotions take off the pieces is not the doing of this one.
        let old = self.unseen(&checked, candidates, promotion, apart)?;
        let is_more = if self.is_reward(promotion) { old.given < new.given } else { new.total < old.total };
        let gain = old.total - new.total;
        (is_more && new.total <= old.total).then(|| Hint {
            promotion,
            missing: wish.missing,
            sku: sku.map(str::to_owned),
            gain,
        })
    }

    /// The dearest goods of a gift on top that lie in the basket.
    fn here(&self, given: &Given) -> Option<String> {
        let items = self.priced.checked.items.iter();
        let here =
            items.filter(|item| !item.no_promotions && given.options.iter().any(|option| option == item.sku));
        Some(here.max_by_key(|item| item.list_price)?.sku.to_owned())
    }

    /// Goods of the basket as a gift, where choosing them makes the rest cheaper and costs no other gift.
    fn choice(&self, given: &Given, sku: String) -> Option<Hint> {
        let promotion = self.priced.rulebook.promotion(given.promotion)?;
        let mut request = self.request.clone();
        request.context.gift_choices.push(GiftChoice { promotion: promotion.id.clone(), sku: sku.clone() });
        let quote = Till { request: &request, ..*self }.price(self.priced.checked, self.priced.candidates)?;
        let is_mine = |new: &&Given| new.promotion == given.promotion && new.sku.as_ref() == Some(&sku);
        let line = quote.gifts.iter().filter(is_mine).find_map(|new| new.line)?;
        let gain = self.now.total - quote.total;
        let hint = Hint { promotion: given.promotion, missing: Near::Choice(line), sku: Some(sku), gain };
        let is_kept = |old: &Given| self.given(old.promotion, self.now) <= self.given(old.promotion, &quote);
        (gain > Amount::ZERO && self.now.gifts.iter().all(is_kept)).then_some(hint)
    }

    /// The deal when the promotion does not see the last line; one that gives nothing now is out altogether. A total that is not
    /// proven is taken as low as it could be.
    fn unseen(
        &self,
        checked: &Checked,
        mut candidates: Candidates<'_>,
        promotion: PromotionIndex,
        apart: Deal,
    ) -> Option<Deal> {
        let line = checked.items.len().saturating_sub(1);
        let applies = self.now.applied.iter().any(|applied| applied.promotion == promotion);
        candidates.list.retain(|candidate| applies || candidate.index != promotion);
        for hinted in candidates.list.iter_mut().filter(|candidate| candidate.index == promotion) {
            let slots = hinted.slots.iter_mut();
            slots.chain([&mut hinted.on, &mut hinted.measures]).for_each(|lines| lines.set(line, false));
        }
        let quote = self.price(checked, &candidates)?;
        let open = if let Optimality::Bounded(gain) = quote.optimality { gain } else { Amount::ZERO };
        Some(Deal { total: (quote.total - open).min(apart.total), given: self.given(promotion, &quote) })
    }

    fn price(&self, checked: &Checked, candidates: &Candidates<'_>) -> Option<Quote> {
        self.budget.price(self.priced.rulebook, self.request, checked, candidates)
    }

    /// The pieces that a gift gives, or the points of the basket when the promotion earns some.
    fn given(&self, promotion: PromotionIndex, quote: &Quote) -> u64 {
        match self.priced.rulebook.promotion(promotion).map(|promotion| &promotion.benefit) {
            Some(Benefit::Gift(_)) => {
                let given = quote.gifts.iter().filter(|given| given.promotion == promotion);
                given.map(|given| u64::from(given.quantity)).sum()
            }
            Some(Benefit::Points(_)) => quote.points,
            _ => 0,
        }
    }

    fn is_reward(&self, promotion: PromotionIndex) -> bool {
        let benefit = self.priced.rulebook.promotion(promotion).map(|promotion| &promotion.benefit);
        matches!(benefit, Some(Benefit::Gift(_) | Benefit::Points(_)))
    }
}

/// Where missing goods are taken from: more of what is in the basket, the cheapest first, else the cheapest of the catalog.
struct Shelf<'a> {
    priced: &'a Priced<'a>,
    /// The lines that promotions see, without the units that became gifts.
    items: Vec<(&'a Item<'a>, Marks)>,
}

impl<'a> Shelf<'a> {
    fn of(priced: &'a Priced<'a>) -> Self {
        let seen = priced.rewards.reduced.items.iter().filter(|item| !item.no_promotions);
        let mut items: Vec<(&Item, Marks)> = seen.map(|item| (item, priced.rulebook.marks(item))).collect();
        items.sort_by_key(|(item, _)| item.list_price);
        Shelf { priced, items }
    }

    /// The goods; nothing where nobody knows what they cost, for then nobody knows what they bring.
    fn fetch(&self, wish: &Wish) -> Option<Item<'_>> {
        let matchers = self.priced.rulebook.matchers(wish.promotion)?;
        match wish.missing {
            Near::Choice(_) => None,
            Near::Amount(worth) => worth_of(worth),
            Near::Pieces(pieces) => {
                let is_asked = |item: &Item| wish.sku.as_ref().is_none_or(|sku| *sku == item.sku);
                let mut fitting = self.items.iter().filter(|(_, marks)| matchers.on.matches(marks));
                let (item, _) = fitting.find(|(item, _)| is_asked(item))?;
                Some(Item { quantity: pieces, ..(*item).clone() })
            }
            Near::Slot(missing) => {
                let basket = Slots::of(self, wish, matchers)?;
                let fits = |marks: &Marks| filled(matchers, marks).contains(&missing.slot);
                let completes = |sku: &str, marks: &Marks| basket.is_completed(sku, marks, missing.quantity);
                let mut here = self.items.iter().filter(|(_, marks)| fits(marks)).take(LINES_MAX);
                let item = match here.find(|(item, marks)| completes(item.sku, marks)) {
                    Some((item, _)) => (*item).clone(),
                    None => {
                        let cheapest = self.priced.rulebook.cheapest(fits);
                        item_of(cheapest.filter(|(product, marks)| completes(&product.sku, marks))?.0)
                    }
                };
                Some(Item { quantity: missing.quantity, ..item })
            }
        }
    }
}

/// The slots of a promotion, and what the basket has for them.
struct Slots<'a> {
    matchers: &'a PromotionMatchers,
    needs: Vec<Need>,
    pools: Vec<Pool<'a>>,
    made: u32,
}

impl<'a> Slots<'a> {
    fn of(shelf: &Shelf<'a>, wish: &Wish, matchers: &'a PromotionMatchers) -> Option<Self> {
        let slots = slots_of(shelf.priced.rulebook.promotion(wish.promotion)?).iter();
        let needs: Vec<Need> =
            slots.map(|slot| Need { quantity: slot.quantity, same_sku: slot.same_sku }).collect();
        let pool = |(item, marks): &(&'a Item, Marks)| Pool {
            sku: item.sku,
            slots: filled(matchers, marks),
            count: item.quantity,
        };
        let pools: Vec<Pool<'a>> = match wish.among {
            Among::All => shelf.items.iter().map(pool).collect(),
            Among::Free => free_pools(shelf.priced, wish.promotion)?,
        };
        let made = sets(&needs, &pools, u32::MAX);
        Some(Slots { matchers, needs, pools, made })
    }

    /// Whether so many pieces of these goods make up one more set.
    fn is_completed(&self, sku: &str, marks: &Marks, count: u32) -> bool {
        let mut pools = self.pools.clone();
        pools.push(Pool { sku, slots: filled(self.matchers, marks), count });
        self.made < sets(&self.needs, &pools, self.made.saturating_add(1))
    }
}

/// Whether a promotion gives to the cheapest of any goods, with no say of the customer's.
fn takes_any_goods(promotion: &Promotion) -> bool {
    let is_any = |on: &Selector| *on == Selector::default();
    matches!(&promotion.benefit, Benefit::Set(set) if set.retailer_assigns
        && is_any(&promotion.on)
        && set.slots.iter().any(|slot| is_any(&slot.on)))
}

/// Goods that cost so much in all and that no promotion sees.
fn worth_of(list_price: Amount) -> Option<Item<'static>> {
    let is_sold = list_price.minor() <= limits::UNIT_PRICE_MAX;
    is_sold.then(|| Item { quantity: 1, list_price, no_promotions: true, ..Item::default() })
}

/// One piece of a product.
fn item_of(product: &Product) -> Item<'_> {
    Item {
        sku: &product.sku,
        quantity: 1,
        list_price: product.price.unwrap_or_default(),
        brand: &product.brand,
        categories: &product.categories,
        tags: &product.tags,
        cost: product.cost,
        ..Item::default()
    }
}
