//! The basket laid out unit by unit, and what is known of it while it is worked out again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use smallvec::SmallVec;

use crate::basket::{Checked, Item, Request};
use crate::catalog::Selector;
use crate::money::{Amount, Rounding};
use crate::pricing::eligible::{Purchase, lacks};
use crate::pricing::quote::{Carried, Lacks, Quote, UnitGroup, Why};
use crate::promotion::{Benefit, Promotion};
use crate::rulebook::{PromotionIndex, Rulebook};

/// The most units that are worked out one by one.
const UNITS_MAX: usize = 200_000;

/// What is wrong with a quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw(String);

impl Flaw {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Flaw(text.into())
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One unit of the basket.
pub(super) struct Unit {
    pub(super) line: usize,
    pub(super) list: Amount,
    pub(super) floor: Amount,
    pub(super) price: Amount,
    /// The quote's word on what it carries; everything else is worked out.
    pub(super) carried: SmallVec<[PromotionIndex; 4]>,
    /// The quote's word on what each took off and what the floor held back: asked where the moment to work it out has not come, and where the definition
    /// leaves a choice open.
    pub(super) quoted: SmallVec<[Carried; 4]>,
    pub(super) takes: SmallVec<[Carried; 4]>,
    /// The gift that it became, by the quote's word: it is out of everything else.
    pub(super) gift: Option<PromotionIndex>,
}

impl Unit {
    fn quoted(&self, index: PromotionIndex) -> Option<&Carried> {
        self.quoted.iter().find(|carried| carried.promotion == index)
    }

    pub(super) fn quoted_take(&self, index: PromotionIndex) -> Amount {
        self.quoted(index).map_or(Amount::ZERO, |carried| carried.amount)
    }

    pub(super) fn quoted_held(&self, index: PromotionIndex) -> Amount {
        self.quoted(index).map_or(Amount::ZERO, |carried| carried.held)
    }

    pub(super) fn take(&mut self, index: PromotionIndex, what: Take) {
        self.price -= what.amount;
        self.takes.push(Carried {
            promotion: index,
            amount: what.amount,
            held: self.held(what.amount, what.wanted, self.price),
        });
    }

    /// What the floor holds back where a promotion that wants `wanted` takes `amount` and the unit then stands at `price`: only a
    /// unit at its floor is held, and a floor of zero is none.
    pub(super) fn held(&self, amount: Amount, wanted: Amount, price: Amount) -> Amount {
        if price == self.floor && !self.floor.is_zero() { wanted.above(amount) } else { Amount::ZERO }
    }
}

/// What one promotion does to one unit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Take {
    /// What it takes off.
    pub(super) amount: Amount,
    /// What it would take off without floors, in whole minor units.
    pub(super) wanted: Amount,
}

/// One unit in one slot of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seat {
    /// The unit's place.
    pub(super) at: usize,
    /// The slot's place.
    pub(super) slot: usize,
}

pub(super) struct Audit<'a> {
    pub(super) rulebook: &'a Rulebook,
    pub(super) request: &'a Request,
    pub(super) checked: &'a Checked<'a>,
    pub(super) quote: &'a Quote,
    pub(super) purchase: &'a Purchase<'a>,
    pub(super) rounding: Rounding,
    pub(super) units: Vec<Unit>,
    /// The places of the units of each group, by the places of line and group.
    pub(super) groups: BTreeMap<(usize, usize), std::ops::Range<usize>>,
    /// The sets of each promotion, each with its seats.
    pub(super) sets: BTreeMap<PromotionIndex, Vec<Vec<Seat>>>,
    /// The promotions that give a gift.
    pub(super) giving: BTreeSet<PromotionIndex>,
    /// The points that each promotion earns.
    pub(super) earned: BTreeMap<PromotionIndex, u64>,
    /// What each price promotion would take off in all without floors, as far as that is worked out.
    pub(super) wanted: BTreeMap<PromotionIndex, Amount>,
    pub(super) flaws: Vec<Flaw>,
}

impl<'a> Audit<'a> {
    pub(super) fn new(
        rulebook: &'a Rulebook,
        request: &'a Request,
        checked: &'a Checked<'a>,
        purchase: &'a Purchase<'a>,
        quote: &'a Quote,
    ) -> Self {
        let settings = rulebook.settings();
        Audit {
            rulebook,
            request,
            checked,
            quote,
            purchase,
            rounding: settings.rounding,
            units: Vec::new(),
            groups: BTreeMap::new(),
            sets: BTreeMap::new(),
            giving: BTreeSet::new(),
            earned: BTreeMap::new(),
            wanted: BTreeMap::new(),
            flaws: Vec::new(),
        }
    }

    /// Lays out the units; false where lines or quantities differ and nothing more can be said.
    pub(super) fn open(&mut self) -> bool {
        let items = &self.checked.items;
        let lines = &self.quote.lines;
        let same = lines.len() == items.len()
            && lines.iter().zip(items).all(|(line, item)| {
                let groups: u64 = line.groups.iter().map(|group| u64::from(group.quantity)).sum();
                line.id == item.id && line.quantity == item.quantity && groups == u64::from(item.quantity)
            });
        let units: usize = items.iter().filter_map(|item| usize::try_from(item.quantity).ok()).sum();
        if !same || units > UNITS_MAX {
            self.flaw("the lines of the quote are not those of the basket, or too many to be checked");
            return false;
        }
        for (line, quoted) in lines.iter().enumerate() {
            for (place, group) in quoted.groups.iter().enumerate() {
                let first = self.units.len();
                for _ in 0..group.quantity {
                    self.units.push(self.unit(line, group));
                }
                self.groups.insert((line, place), first..self.units.len());
            }
        }
        true
    }

    fn unit(&self, line: usize, group: &UnitGroup) -> Unit {
        let item = self.checked.items.get(line);
        let list = item.map_or(Amount::ZERO, |item| item.list_price);
        let caps = self.rulebook.caps().iter().filter_map(|cap| {
            let item = item.filter(|item| !item.no_promotions && cap.on.matches(&item.goods()))?;
            Some(cap.floor.floor(item.list_price, item.cost))
        });
        let floor = caps.fold(self.rulebook.settings().min_unit_price, Amount::max).min(list);
        let quoted: SmallVec<[_; 4]> = group.carried.iter().copied().collect();
        let carried: SmallVec<[_; 4]> = quoted.iter().map(|carried| carried.promotion).collect();
        let is_gift = |index: &PromotionIndex| self.promotion(*index).is_some_and(is_gift);
        let gift = carried.iter().copied().find(is_gift);
        Unit { line, list, floor, price: list, carried, quoted, takes: SmallVec::new(), gift }
    }

    pub(super) fn flaw(&mut self, flaw: impl Into<String>) {
        self.flaws.push(Flaw::new(flaw));
    }

    pub(super) fn promotion(&self, index: PromotionIndex) -> Option<&'a Promotion> {
        self.purchase.promotion(self.rulebook, index)
    }

    pub(super) fn item(&self, unit: &Unit) -> Option<&'a Item<'a>> {
        self.checked.items.get(unit.line)
    }

    pub(super) fn sku(&self, unit: &Unit) -> &'a str {
        self.item(unit).map_or("", |item| item.sku)
    }

    /// Whether a selector means the unit's goods. A unit that became a gift is out of everything.
    pub(super) fn means(&self, selector: &Selector, unit: &Unit) -> bool {
        let fits = |item: &Item| !item.no_promotions && selector.matches(&item.goods());
        unit.gift.is_none() && self.item(unit).is_some_and(fits)
    }

    /// The promotions that some unit carries, in the order of the rulebook.
    pub(super) fn used(&self) -> Vec<PromotionIndex> {
        let used: BTreeSet<PromotionIndex> =
            self.units.iter().flat_map(|unit| unit.carried.iter().copied()).collect();
        used.into_iter().collect()
    }

    /// The places of the units that carry a promotion.
    pub(super) fn carrying(&self, index: PromotionIndex) -> Vec<usize> {
        let units = self.units.iter().enumerate();
        units.filter(|(_, unit)| unit.carried.contains(&index)).map(|(at, _)| at).collect()
    }

    /// Whether the promotion's `when` holds, and if not, the first reason. `basket_has` sees the whole basket.
    pub(super) fn refused(&self, promotion: &Promotion) -> Option<Why> {
        let lacking = promotion.when.basket_has.iter().enumerate().find_map(|(place, has)| {
            let fits = |item: &&Item| !item.no_promotions && has.on.matches(&item.goods());
            let missing = lacks(has.least, self.checked.items.iter().filter(fits))?;
            Some(Why::BasketLacks(Lacks { place, missing }))
        });
        self.purchase.check(promotion).err().or(lacking)
    }
}

pub(super) fn is_gift(promotion: &Promotion) -> bool {
    matches!(promotion.benefit, Benefit::Gift(_))
}
